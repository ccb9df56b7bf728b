"""Which side of its relations each unit is on, in the output of `juju show-unit`."""

from __future__ import annotations

from typing import Dict, Iterable, List, Mapping, NamedTuple, Optional, Sequence, Set, Union

from parca_scrape._legacy import LEGACY_ADDRESS_KEY
from parca_scrape.cli.console import CommandError
from parca_scrape.cli.relations import (
    different_models,
    name_application,
    read_topology,
    several_parcas,
)
from parca_scrape.cli.show_unit import ShownDatabags, ShownRelation, decode_databags
from parca_scrape.databag import UNIT_ADDRESS_KEY, UNIT_NAME_KEY

PROVIDER_KEYS = frozenset({UNIT_ADDRESS_KEY, UNIT_NAME_KEY, LEGACY_ADDRESS_KEY})


class Side(NamedTuple):
    """One side of a relation, as the output for one unit shows it."""

    relation: ShownRelation
    databags: ShownDatabags

    @property
    def relation_id(self) -> int:
        """The id of the relation."""
        return self.relation.relation_id

    @property
    def application(self) -> str:
        """The application of the unit that the output is for."""
        return name_application(self.relation.unit_name)


class Sides(NamedTuple):
    """What is shown of some relations, from each of their sides."""

    consumers: List[Side]
    """By units of Parca."""
    providers: List[Side]
    """By units that Parca scrapes."""


def find_sides(units: Mapping[str, Sequence[ShownRelation]], endpoint: str) -> Sides:
    """Return the sides of the relations of one Parca charm.

    Args:
        units: the relations of each unit that the output shows.
        endpoint: the endpoint of the Parca charm.

    Raises:
        CommandError: the units show no relation of the endpoint, or those of several Parca charms
            or of several models.
    """
    sides = find_all_sides(units, endpoint)
    if not sides.consumers and not sides.providers:
        shown = {relation.endpoint for relations in units.values() for relation in relations}
        endpoints = sorted(shown - {""})
        hint = f": try --endpoint {' or '.join(endpoints)}" if endpoints else ""
        raise CommandError(f"no relation on the endpoint {endpoint}{hint}")
    return choose_parca(sides)


def find_all_sides(units: Mapping[str, Sequence[ShownRelation]], endpoint: str) -> Sides:
    """Return the sides of the relations of all Parca charms, none if there is no relation.

    Raises:
        CommandError: the units are of several models.
    """
    shown = [relation for relations in units.values() for relation in relations]
    found = [
        Side(relation, decode_databags(relation))
        for relation in shown
        if endpoint in (relation.endpoint, relation.related_endpoint)
    ]
    found = [side for side in found if is_of_endpoint(side, endpoint)]
    if found:
        check_ids(shown)
    sides = split_sides(found, endpoint)
    check_model_uuids(sides.providers)
    return sides


def split_parcas(sides: Sides) -> List[Sides]:
    """Return the sides of each Parca charm.

    The relations whose Parca is not shown, because it is in another model, come one by one.

    Raises:
        CommandError: the units are of several models, or of several Parca charms if Juju printed
            no ids of relations.
    """
    if not all(side.relation.is_numbered for side in (*sides.consumers, *sides.providers)):
        return [choose_parca(sides)]
    parcas: Dict[Union[str, int], Sides] = {}
    owners: Dict[int, str] = {}
    for side in sides.consumers:
        owners[side.relation_id] = side.application
        parcas.setdefault(side.application, Sides([], [])).consumers.append(side)
    for side in sides.providers:
        owner = owners.get(side.relation_id, side.relation_id)
        parcas.setdefault(owner, Sides([], [])).providers.append(side)
    for consumers, providers in parcas.values():
        check_applications(consumers, providers)
    return list(parcas.values())


def split_sides(sides: Iterable[Side], endpoint: str) -> Sides:
    """Return sides as those of consumers and those of providers."""
    sides = list(sides)
    known: Dict[int, Dict[str, bool]] = {}
    for side in sides:
        role = find_role(side, endpoint)
        if role is not None:
            known.setdefault(side.relation_id, {})[side.application] = role
    for side in sides:  # Nothing is published yet, or shown.
        if side.relation.is_parca and side.relation_id not in known:
            known[side.relation_id] = {side.application: False}
    consumers_elsewhere = {
        application for roles in known.values() for application, role in roles.items() if not role
    }
    split = Sides([], [])
    for side in sides:
        roles = known.get(side.relation_id, {})
        others = [role for application, role in roles.items() if application != side.application]
        if side.application in roles:
            is_provider = roles[side.application]
        elif others:
            is_provider = not others[0]
        else:
            # Its own databag is not shown, and the other side has published nothing of a provider.
            has_others = bool(side.databags.unit_databags)
            is_provider = has_others and side.application not in consumers_elsewhere
        (split.providers if is_provider else split.consumers).append(side)
    return split


def find_role(side: Side, endpoint: str) -> Optional[bool]:
    """Return whether a unit belongs to a provider; None if its own output does not show it."""
    relation, databags = side
    if relation.endpoint != endpoint:
        return True
    if relation.related_endpoint not in ("", endpoint):
        return False
    # The endpoints of both applications have the same name. Only a provider publishes these keys.
    if has_provider(databags.own_databags.values()):
        return True
    if has_provider(databags.unit_databags.values()):
        return False
    if databags.app_databag:
        return read_topology(databags.app_databag).application == side.application
    return None


def is_of_endpoint(side: Side, endpoint: str) -> bool:
    """Return whether the endpoint can be that of Parca: only its other side publishes jobs."""
    relation, databags = side
    own = has_provider(databags.own_databags.values())
    others = has_provider(databags.unit_databags.values())
    if relation.endpoint != endpoint:
        return own or not others
    return relation.related_endpoint in ("", endpoint) or others or not own


def has_provider(unit_databags: Iterable[Mapping[str, str]]) -> bool:
    """Return whether any of some units belongs to a provider."""
    return not all(map(PROVIDER_KEYS.isdisjoint, unit_databags))


def check_ids(shown: Iterable[ShownRelation]) -> None:
    """Raise `CommandError` if units disagree about a relation, for they are of several models."""
    seen: Dict[int, ShownRelation] = {}
    for relation in shown:
        if relation.is_numbered and relation.endpoint and relation.related_endpoint:
            other = seen.setdefault(relation.relation_id, relation)
            if not can_be_same(relation, other):
                raise different_models(other.unit_name, relation.unit_name)


def can_be_same(one: ShownRelation, other: ShownRelation) -> bool:
    """Return whether two units can show one relation, from the same side or from both sides."""
    endpoints = (one.endpoint, one.related_endpoint)
    if name_application(one.unit_name) == name_application(other.unit_name):
        return endpoints == (other.endpoint, other.related_endpoint)
    is_across = one.is_cross_model or other.is_cross_model
    return not is_across and endpoints == (other.related_endpoint, other.endpoint)


def check_model_uuids(providers: Iterable[Side]) -> None:
    """Raise `CommandError` if providers say that they are in different models."""
    models: Dict[str, str] = {}
    for side in providers:
        topology = read_topology(side.databags.app_databag)
        if topology.model_uuid and topology.application == side.application:
            models.setdefault(topology.model_uuid, side.relation.unit_name)
    if len(models) > 1:
        one, other, *_ = models.values()
        raise different_models(one, other)


def choose_parca(sides: Sides) -> Sides:
    """Return the sides of one Parca charm, and those of the applications that it scrapes.

    An application that Parca scrapes can run a Parca of its own.

    Raises:
        CommandError: the output shows several Parca charms, or units of several models.
    """
    ids: Dict[str, Set[int]] = {}
    for side in sides.consumers:
        ids.setdefault(side.application, set()).add(side.relation_id)
    if not ids:
        return sides
    scraped = {
        side.application
        for side in sides.providers
        for application, relation_ids in ids.items()
        if application != side.application and side.relation_id in relation_ids
    }
    names = [application for application in ids if application not in scraped]
    if len(names) != 1:
        raise several_parcas(sorted(ids))
    [parca] = names
    consumers = [side for side in sides.consumers if side.application == parca]
    providers = [number_side(side, consumers) for side in sides.providers]
    joined = [side for side in providers if side.relation_id in ids[parca]]
    check_applications(consumers, joined)
    joined_applications = {side.application for side in joined} | ids.keys()
    for side in providers:
        if side.application not in joined_applications:
            raise CommandError(
                f"{consumers[0].relation.unit_name} and {side.relation.unit_name} have no relation"
                " in common: either they are in different models, or another Parca scrapes"
                f" {side.relation.unit_name}; leave out {side.relation.unit_name}"
            )
    return Sides(consumers, joined)


def check_applications(consumers: Iterable[Side], providers: Iterable[Side]) -> None:
    """Raise `CommandError` if the two sides of a relation name other applications than these."""
    for consumer in consumers:
        for provider in providers:
            if consumer.relation_id == provider.relation_id and not (
                can_be_related(consumer, provider) and can_be_related(provider, consumer)
            ):
                raise different_models(consumer.relation.unit_name, provider.relation.unit_name)


def can_be_related(side: Side, other: Side) -> bool:
    """Return whether what a unit shows of the other side can be of that application."""
    names = {*map(name_application, side.databags.unit_databags)}
    return not names or other.application in names


def number_side(provider: Side, consumers: Iterable[Side]) -> Side:
    """Return the side of a provider, with the id that the consumer's has if Juju prints none."""
    relation = provider.relation
    if relation.is_numbered:
        return provider
    for consumer in consumers:
        if provider.application in map(name_application, consumer.databags.unit_databags):
            return provider._replace(
                relation=relation._replace(relation_id=consumer.relation_id, is_numbered=True)
            )
    return provider._replace(relation=relation._replace(relation_id=-1))
