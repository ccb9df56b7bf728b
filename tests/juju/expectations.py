"""A second, plain implementation of what the charms do in their hooks."""

from __future__ import annotations

import json
from typing import Dict, Iterable, List, Optional, Sequence, Tuple

from parca_scrape import AddressSource
from tests.hook_tools import Call, Databag
from tests.juju.faults import Answers
from tests.juju.hooks import Hook
from tests.juju.model import Application, Juju, Relation, Side, Unit
from tests.juju.published import metadata_of
from tests.juju.styles import ConsumerStyle, ProviderStyle
from tests.models import expected_jobs
from tests.strategies import Json, Object, Remote

BOTH_HOOKS = ("relation-joined", "relation-changed", "upgrade-charm", "leader-elected")
CHANGE_HOOKS = ("relation-changed", "relation-departed", "relation-broken")
Writes = Dict[Tuple[int, str], Databag]


def app_databag(unit: Unit) -> Databag:
    """Return the application databag that a leader publishes."""
    application = unit.application
    metadata = {**metadata_of(application), "unit": unit.name}
    jobs = [{"static_configs": job["static_configs"], **job} for job in asked_jobs(application)]
    return {"scrape_metadata": json.dumps(metadata), "scrape_jobs": json.dumps(jobs)}


def asked_jobs(application: Application) -> List[Object]:
    """Return the jobs of an application, as its version can publish them."""
    if application.is_published and application.history is not None:
        published: List[Object] = json.loads(application.history["app_data"]["scrape_jobs"])
        return published
    if application.jobs is None:
        return [{"static_configs": [{"targets": ["*:80"]}]}]
    jobs: List[Object] = json.loads(application.jobs)
    return jobs


def unit_databag(unit: Unit, side: Side) -> Databag:
    """Return the databag that a unit publishes."""
    style = unit.application.style
    address = unit.address
    if isinstance(style, ProviderStyle) and style.source is AddressSource.INGRESS:
        address = side.databags[unit.number]["ingress-address"]
    return {"parca_scrape_unit_address": address, "parca_scrape_unit_name": unit.name}


def expected_writes(juju: Juju, unit: Unit, hook: Hook, style: ProviderStyle) -> Writes:
    """Return everything that a provider's hook writes when nothing goes wrong."""
    is_whole = style.reconciles or hook.name in (*BOTH_HOOKS, "config-changed")
    if not (is_whole or hook.name in ("update-status", *style.refresh_hooks)):
        return {}
    writes: Writes = {}
    for _, side, _ in juju.sides_of(unit):
        if hook.is_broken and hook.side is side:
            continue
        is_of_other = hook.side is not None and hook.side.endpoint != side.endpoint
        if is_of_other and not style.reconciles:
            # An event of one endpoint does not concern the provider of the other.
            continue
        writes[side.relation_id, unit.name] = changed(
            side.databags[unit.number], unit_databag(unit, side)
        )
        if is_whole and unit.is_leader:
            writes[side.relation_id, unit.application.name] = changed(
                side.app_databag, app_databag(unit)
            )
    return {place: changes for place, changes in writes.items() if changes}


def changed(databag: Databag, wanted: Databag) -> Databag:
    """Return the wanted keys that differ in a databag; the order of JSON counts."""
    return {key: text for key, text in wanted.items() if databag.get(key) != text}


def listed_relations(juju: Juju, unit: Unit, answers: Answers) -> List[Tuple[Relation, Side]]:
    """Return the relations that ops lists in a hook, in order of their ids.

    ops stops at the first relation that it cannot list, and remembers that for the whole hook.
    """
    listed: List[Tuple[Relation, Side]] = []
    by_endpoint: Dict[str, List[Tuple[Relation, Side]]] = {}
    for relation, side, _ in juju.sides_of(unit):
        by_endpoint.setdefault(side.endpoint, []).append((relation, side))
    denied = [call for call in answers.tools.denials if call.tool.startswith("relation-list")]
    denied_ids = {call.relation_id for call in denied}
    unlisted = {call.subject for call in answers.tools.denials if call.tool == "relation-ids"}
    for endpoint, sides in by_endpoint.items():
        for relation, side in sorted(sides, key=lambda pair: str(pair[1].relation_id)):
            if endpoint in unlisted or side.relation_id in denied_ids:
                break
            if not (answers.hook.is_broken and answers.hook.side is side):
                listed.append((relation, side))
    return sorted(listed, key=lambda pair: pair[1].relation_id)


def expected_renderings(
    juju: Juju, unit: Unit, answers: Answers, calls: Sequence[Call]
) -> List[List[Object]]:
    """Return what a consumer may serve, given the databags as they are.

    Args:
        juju: what Juju knows.
        unit: the unit of Parca.
        answers: what Juju answers in the hook.
        calls: the calls of hook tools for this rendering.

    Returns:
        What it must serve; several lists if a denied call may have concerned any relation.
    """
    denials = [call for call in calls if call.is_denied]
    listed = listed_relations(juju, unit, answers)
    candidates: List[Optional[Side]] = [None]
    if any(call.tool == "is-leader" for call in denials):
        candidates += [side for _, side in listed]
    renderings: List[List[Object]] = []
    for left_out in candidates:
        remotes = [
            read_remote(relation, side, answers, denials)
            for relation, side in listed
            if side is not left_out
        ]
        renderings.append(expected_jobs([remote for remote in remotes if remote is not None]))
    return renderings


def read_remote(
    relation: Relation, side: Side, answers: Answers, denials: Iterable[Call]
) -> Optional[Remote]:
    """Return what a unit of Parca can read of a relation; None if that is nothing."""
    denied = {call.subject for call in denials if call.relation_id == side.relation_id}
    names = [
        name
        for name in answers.units_of(side.relation_id)
        if not (answers.hook.side is side and name == answers.hook.departing)
    ]
    if not names or side.remote_name in denied or is_unknown(relation):
        return None
    remote = relation.remote(side)
    return Remote(
        side.remote_name,
        json.loads(remote.app_databag.get("scrape_jobs", "[]")),
        json.loads(remote.app_databag.get("scrape_metadata", "{}")),
        tuple(
            (name, () if name in denied else address_pairs(remote, name, side.application.style))
            for name in names
        ),
    )


def is_unknown(relation: Relation) -> bool:
    """Return whether Juju no longer knows a relation."""
    return relation.ghost is not None and relation.ghost.value == "unknown"


def address_pairs(remote: Side, name: str, style: object) -> Tuple[Tuple[str, str], ...]:
    """Return address and name of a unit, as keys and values of its databag."""
    databag = remote.databags[int(name.rpartition("/")[2])]
    address = databag.get("parca_scrape_unit_address", "")
    if isinstance(style, ConsumerStyle) and style.source is AddressSource.INGRESS:
        address = databag["ingress-address"]
    unit_name = databag.get("parca_scrape_unit_name", "")
    return ("parca_scrape_unit_address", address), ("parca_scrape_unit_name", unit_name)


def asked_configuration(juju: Juju, consumer: Application) -> List[Object]:
    """Return what the living providers want scraped, whatever their databags hold."""
    remotes: List[Remote] = []
    for relation in juju.relations:
        provider = relation.provider.application
        if not (relation.is_living and relation.consumer.application is consumer):
            continue
        units = [
            (
                f"{relation.consumer.remote_name}/{unit.number}",
                asked_unit(unit, relation.provider, consumer),
            )
            for unit in provider.living_units
        ]
        if units:
            jobs: Json = list(asked_jobs(provider))
            metadata: Json = {**metadata_of(provider)}
            remotes.append(Remote(relation.consumer.remote_name, jobs, metadata, tuple(units)))
    return expected_jobs(remotes)


def asked_unit(unit: Unit, side: Side, consumer: Application) -> Tuple[Tuple[str, str], ...]:
    """Return where a unit wants to be scraped."""
    address = unit_databag(unit, side)["parca_scrape_unit_address"]
    style = consumer.style
    if isinstance(style, ConsumerStyle) and style.source is AddressSource.INGRESS:
        address = side.databags[unit.number]["ingress-address"]
    return ("parca_scrape_unit_address", address), ("parca_scrape_unit_name", unit.name)
