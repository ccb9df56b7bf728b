"""The two sides of relations in the output of `juju show-unit` for one or more units.

Up to Juju 3 the output for a unit shows what the other application published. From Juju 4 on it
shows what the unit's own application published: then the scrape jobs are in the output for the
units that Parca scrapes (https://github.com/juju/juju/issues/22796).
"""

from __future__ import annotations

from typing import Dict, Iterable, List, Mapping, NamedTuple, Sequence, Set

from parca_scrape._legacy import LEGACY_ADDRESS_KEY
from parca_scrape._names import DEFAULT_RELATION_NAME
from parca_scrape.cli.console import CommandError
from parca_scrape.cli.relations import (
    NO_JOBS_RULE,
    OUT_OF_SCOPE_RULE,
    UNKNOWN_APPLICATION,
    RelationTexts,
    different_models,
    name_application,
    read_topology,
    several_parcas,
)
from parca_scrape.cli.show_unit import (
    RELATED_UNITS_KEY,
    ShownDatabags,
    ShownRelation,
    decode_databags,
    parse_name,
)
from parca_scrape.databag import (
    SCRAPE_JOBS_KEY,
    SCRAPE_METADATA_KEY,
    UNIT_ADDRESS_KEY,
    UNIT_NAME_KEY,
    order_units,
)
from parca_scrape.problems import Problem

PROVIDER_KEYS = frozenset({UNIT_ADDRESS_KEY, UNIT_NAME_KEY, LEGACY_ADDRESS_KEY})
NO_UNITS_RULE = (
    "missing, so nothing is scraped: run juju show-unit without --app, or the application has no"
    " units"
)
NEW_JUJU_RULE = (
    "not shown: the charm has not published it yet, or this is Juju 4, which shows it only for the"
    " units of the application that publishes it"
)
OLD_JUJU_RULE = (
    "not shown: the charm has not published it yet, or this is Juju 3 or older, which shows it"
    " only for the units of Parca"
)


class Side(NamedTuple):
    """One side of a relation, as the output for one unit shows it."""

    relation: ShownRelation
    databags: ShownDatabags


class Sides(NamedTuple):
    """What is shown of some relations, from each of their sides."""

    consumers: List[Side]
    """By units of Parca."""
    providers: List[Side]
    """By units that Parca scrapes."""


def join_sides(units: Mapping[str, Sequence[ShownRelation]], endpoint: str) -> List[RelationTexts]:
    """Return the relations of one endpoint of the Parca charm, in the order of their ids.

    Args:
        units: the relations of each unit that the output shows.
        endpoint: the endpoint of the Parca charm.

    Raises:
        CommandError: the units show no relation of the endpoint, or those of several Parca charms
            or of several models.
    """
    consumers: List[Side] = []
    providers: List[Side] = []
    for relations in units.values():
        for relation in relations:
            if endpoint in (relation.endpoint, relation.related_endpoint):
                side = Side(relation, decode_databags(relation))
                (providers if is_provider(side, endpoint) else consumers).append(side)
    if not consumers and not providers:
        raise CommandError(f"no relation on the endpoint {endpoint}{suggest_endpoint(units)}")
    check_models(units, providers)
    sides = choose_parca(Sides(consumers, providers))
    by_id: Dict[int, Sides] = {}
    for all_sides, index in ((sides.consumers, 0), (sides.providers, 1)):
        for side in all_sides:
            by_id.setdefault(side.relation.relation_id, Sides([], []))[index].append(side)
    missing_rule = find_missing_rule(units, endpoint, sides)
    return [join(relation_id, by_id[relation_id], missing_rule) for relation_id in sorted(by_id)]


def is_provider(side: Side, endpoint: str) -> bool:
    """Return whether the unit is of the application that Parca scrapes."""
    relation, databags = side
    if relation.endpoint != endpoint:
        return True
    if relation.related_endpoint not in ("", endpoint):
        return False
    # The endpoints of both applications have the same name: only a provider publishes these keys.
    if not PROVIDER_KEYS.isdisjoint(databags.own_databag):
        return True
    if not all(map(PROVIDER_KEYS.isdisjoint, databags.unit_databags.values())):
        return False
    return read_topology(databags.app_databag).application == relation.application


def suggest_endpoint(units: Mapping[str, Sequence[ShownRelation]]) -> str:
    """Return the end of a message that names the endpoints that there are."""
    endpoints = {relation.endpoint for relations in units.values() for relation in relations}
    endpoints.discard("")
    return f": try --endpoint {' or '.join(sorted(endpoints))}" if endpoints else ""


def check_models(units: Mapping[str, Sequence[ShownRelation]], providers: Sequence[Side]) -> None:
    """Raise `CommandError` if units are of different models: ids mean nothing across models."""
    seen: Dict[int, ShownRelation] = {}
    for relations in units.values():
        for relation in relations:
            if not (relation.is_numbered and relation.endpoint and relation.related_endpoint):
                continue
            other = seen.setdefault(relation.relation_id, relation)
            if not can_be_same(relation, other):
                raise different_models(other.unit_name, relation.unit_name)
    models: Dict[str, str] = {}
    for side in providers:
        if side.databags.app_databag and not side.relation.is_cross_model:
            model_uuid = read_topology(side.databags.app_databag).model_uuid
            if model_uuid:
                models.setdefault(model_uuid, side.relation.unit_name)
    if len(models) > 1:
        raise different_models(*list(models.values())[:2])


def can_be_same(one: ShownRelation, other: ShownRelation) -> bool:
    """Return whether two units can show one relation, from the same side or from both sides."""
    endpoints = (one.endpoint, one.related_endpoint)
    if one.application == other.application:
        return endpoints == (other.endpoint, other.related_endpoint)
    is_across = one.is_cross_model or other.is_cross_model
    return not is_across and endpoints == (other.related_endpoint, other.endpoint)


def choose_parca(sides: Sides) -> Sides:
    """Return the sides of one Parca charm, and those of the applications that it scrapes.

    An application that Parca scrapes can run a Parca of its own.

    Raises:
        CommandError: the output shows several Parca charms, or a unit that is related to none.
    """
    ids: Dict[str, Set[int]] = {}
    for relation, _ in sides.consumers:
        ids.setdefault(relation.application, set()).add(relation.relation_id)
    if not ids:
        return sides
    scraped = {
        relation.application
        for relation, _ in sides.providers
        if any(relation.relation_id in ids[name] for name in ids if name != relation.application)
    }
    names = [application for application in ids if application not in scraped]
    if len(names) != 1:
        raise several_parcas(names or list(ids))
    [parca] = names
    consumers = [side for side in sides.consumers if side.relation.application == parca]
    providers = [side for side in sides.providers if side.relation.relation_id in ids[parca]]
    joined = {side.relation.unit_name for side in providers}
    for relation, databags in sides.providers:
        others = {*map(name_application, databags.unit_databags)} - {parca}
        if relation.unit_name not in joined and not others:
            raise different_models(consumers[0].relation.unit_name, relation.unit_name)
    return Sides(consumers, [side for side in providers if side.relation.is_numbered])


def join(relation_id: int, sides: Sides, missing_rule: str) -> RelationTexts:
    """Return a relation as both sides show it.

    Args:
        relation_id: the id of the relation.
        sides: all that shows it.
        missing_rule: the message if nothing shows what the application publishes; empty if the
            output would show it.
    """
    consumers, providers = sides
    published = [side.databags.app_databag for side in (*providers, *consumers)]
    app_databag = next((databag for databag in published if databag.get(SCRAPE_JOBS_KEY)), {})
    departed = {unit for side in consumers for unit in side.databags.departed_units}
    unit_databags: Dict[str, Mapping[str, str]] = {}
    for side in consumers:
        unit_databags.update(side.databags.unit_databags)
    for relation, databags in providers:
        if relation.unit_name not in departed and databags.own_databag:
            unit_databags[relation.unit_name] = databags.own_databag

    problems = [found for side in (*consumers, *providers) for found in side.databags.problems]
    is_whole = True
    if not app_databag:
        is_whole = not missing_rule or bool(consumers and providers)
        path, rule = SCRAPE_JOBS_KEY, NO_JOBS_RULE if is_whole else missing_rule
    elif not unit_databags:
        is_whole = bool(departed)
        path, rule = RELATED_UNITS_KEY, OUT_OF_SCOPE_RULE if is_whole else NO_UNITS_RULE
    else:
        path = rule = ""
    if rule:
        problems.append(Problem("warning" if is_whole else "error", path, rule))
    return RelationTexts(
        relation_id=relation_id,
        application=find_application([*unit_databags, *sorted(departed)], app_databag),
        app_databag=app_databag,
        unit_databags=unit_databags,
        problems=problems,
        is_whole=is_whole,
    )


def find_application(unit_names: Sequence[str], app_databag: Mapping[str, str]) -> str:
    """Return the name of the other application, which Juju prints only as part of unit names.

    For a cross-model relation it is the name in the model of Parca.
    """
    if unit_names:
        return name_application(unit_names[0])
    return parse_name(read_topology(app_databag).application) or UNKNOWN_APPLICATION


def find_missing_rule(unit_names: Iterable[str], endpoint: str, sides: Sides) -> str:
    """Return the message for jobs that the output does not show; empty if it would show them.

    Args:
        unit_names: the units that the output is for.
        endpoint: the endpoint of the Parca charm.
        sides: the sides of all relations.
    """
    consumers, providers = sides
    if any(shows_other_application(side) for side in consumers):
        return ""
    shown = {side.relation.relation_id for side in providers} if consumers else set()
    needed: List[str] = []
    for relation, databags in consumers or providers:
        if relation.relation_id not in shown:
            needed += order_units(databags.unit_databags)[:1]
    # Across models Juju can give other names to units than they have where they run.
    names = dict.fromkeys(name for name in needed if not name.startswith("remote-"))
    if not consumers:
        units = " ".join(names or ["UNIT"])
        return f"{OLD_JUJU_RULE}: run juju show-unit {units}, with the name of the unit of Parca"
    parca_unit = consumers[0].relation.unit_name
    collect = "parca-scrape collect"
    if endpoint != DEFAULT_RELATION_NAME:
        collect = f"{collect} {endpoint}"
    command = f'juju exec --unit {parca_unit} "$({collect})"'
    if names:
        command = f"juju show-unit {' '.join(dict.fromkeys([*unit_names, *names]))} or {command}"
    return f"{NEW_JUJU_RULE}: pass the output of {command}"


def shows_other_application(side: Side) -> bool:
    """Return whether the output is of a Juju that shows what the other application published."""
    app_databag = side.databags.app_databag
    is_published = SCRAPE_JOBS_KEY in app_databag or SCRAPE_METADATA_KEY in app_databag
    # Juju 4 never says that a relation is cross-model.
    return is_published or side.relation.is_cross_model
