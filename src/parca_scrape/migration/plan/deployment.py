"""What is deployed around a Parca, as far as an input of the command line shows it."""

from __future__ import annotations

import re
from typing import Dict, List, NamedTuple, Optional, Sequence

from parca_scrape.cli.inputs import Shown
from parca_scrape.cli.joining import OFFERED_TO
from parca_scrape.cli.relations import (
    UNKNOWN_APPLICATION,
    RelationTexts,
    name_application,
    read_topology,
)
from parca_scrape.cli.show_unit import ShownRelation, decode_databags, is_unit_name
from parca_scrape.migration.plan.models import Model
from parca_scrape.topology import Topology

# Juju: `names.IsValidApplication` and `names.IsValidModelName`.
VALID_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,99}")
# Stand in commands for what the input does not show.
UNKNOWN_UNIT = "PARCA/0"
UNKNOWN_MODEL = "MODEL"
UNKNOWN_NAME = "APPLICATION"


class Provider(NamedTuple):
    """An application that Parca scrapes."""

    relation: RelationTexts
    application: str
    """Its name in its own model, for commands."""
    model: str
    """The name of its model, for commands."""
    charm: str
    is_cross_model: bool
    """Whether it is in another model than the Parca that scrapes it now."""

    @property
    def local_name(self) -> str:
        """Its name in the model of the Parca that scrapes it now, for commands."""
        return get_valid(self.relation.application, UNKNOWN_NAME)

    @property
    def endpoint(self) -> str:
        """The application with its endpoint, as Juju's commands take it."""
        return join_endpoint(self.application, self.relation.related_endpoint)

    @property
    def local_endpoint(self) -> str:
        """The same by its name in the model of the Parca that scrapes it now."""
        return join_endpoint(self.local_name, self.relation.related_endpoint)

    def is_in(self, target: Model) -> bool:
        """Return whether it is in the model of the new Parca, as far as the databags say."""
        return self.is_cross_model and self.model == target.name

    @property
    def is_offered_to(self) -> bool:
        """Whether it is in another model that uses an offer of the Parca that scrapes it now."""
        return self.relation.application.startswith(OFFERED_TO)


class Other(NamedTuple):
    """An application that is related to another endpoint of Parca."""

    relation_id: int
    endpoint: str
    application: str
    related_endpoint: str
    is_cross_model: bool

    @property
    def is_offered_to(self) -> bool:
        """Whether it is in another model that uses an offer of the Parca that is related now."""
        return self.application.startswith(OFFERED_TO)


class Deployment(NamedTuple):
    """A Parca, and what is related to it."""

    parca_unit: str
    parca_charm: str
    """`parca`, `parca-k8s`, or empty if the input does not show it."""
    parca_model: str
    providers: Sequence[Provider]
    """In the order of the ids of the relations."""
    others: Sequence[Other]
    """The relations of other endpoints of Parca."""
    shows_others: bool
    """Whether the input shows other endpoints of Parca."""

    @property
    def parca(self) -> str:
        """The name of the Parca application."""
        return name_application(self.parca_unit)


def describe_deployment(
    shown: Shown, relations: Sequence[RelationTexts], endpoint: str
) -> Deployment:
    """Return what is deployed.

    Args:
        shown: what the inputs show.
        relations: the relations of Parca's endpoint that they show.
        endpoint: that endpoint.
    """
    of_parca = [
        relation
        for of_unit in shown.units.values()
        for relation in of_unit
        if relation.is_parca and any(other.endpoint == endpoint for other in of_unit)
    ]
    unit_name = shown.outputs[0].unit if shown.outputs else ""
    if not is_unit_name(unit_name):
        unit_name = next((relation.unit_name for relation in of_parca), UNKNOWN_UNIT)
    model_uuid = shown.outputs[0].model_uuid if shown.outputs else ""
    endpoints = {relation.relation_id: relation.related_endpoint for relation in of_parca}
    relations = [
        relation._replace(
            related_endpoint=relation.related_endpoint or endpoints.get(relation.relation_id, "")
        )
        for relation in relations
    ]
    own = choose_own_topology(relations, model_uuid)
    model = get_valid(own.model if own else "", UNKNOWN_MODEL)
    return Deployment(
        parca_unit=unit_name,
        parca_charm=next((relation.parca_charm for relation in of_parca), ""),
        parca_model=model,
        providers=[describe_provider(relation, own, model) for relation in relations],
        others=list_others(of_parca, endpoint),
        shows_others=bool(of_parca),
    )


def choose_own_topology(relations: Sequence[RelationTexts], model_uuid: str) -> Optional[Topology]:
    """Return the topology of an application in the model of Parca, or None if none is shown."""
    for relation in relations:
        topology = read_topology(relation.app_databag)
        is_own = topology.application == relation.application and not relation.is_cross_model
        if topology.model_uuid == model_uuid if model_uuid else is_own:
            return topology
    return None


def describe_provider(
    relation: RelationTexts, own: Optional[Topology], own_model: str
) -> Provider:
    """Return the application at the other side of a relation.

    Across models, only the databag says what it is called: it is checked, because the names
    become part of commands.
    """
    topology = read_topology(relation.app_databag)
    is_elsewhere = own is not None and topology.model_uuid not in ("", own.model_uuid)
    is_across = (
        relation.is_cross_model or relation.application.startswith(OFFERED_TO) or is_elsewhere
    )
    name = topology.application if is_across else relation.application
    return Provider(
        relation=relation,
        application=get_valid(name, UNKNOWN_NAME),
        model=get_valid(topology.model, UNKNOWN_MODEL) if is_across else own_model,
        charm=topology.charm_name or "",
        is_cross_model=is_across,
    )


def list_others(of_parca: Sequence[ShownRelation], endpoint: str) -> List[Other]:
    """Return the relations of other endpoints of Parca; of an application, each once."""
    others: Dict[int, Other] = {}
    for relation in of_parca:
        if relation.endpoint in ("", endpoint) or not relation.related_endpoint:
            continue
        databags = decode_databags(relation)
        units = [*databags.unit_databags, *databags.departed_units]
        if not units:
            continue
        name = name_application(units[0])
        is_across = relation.is_cross_model or name.startswith(OFFERED_TO)
        others[relation.relation_id] = Other(
            relation_id=relation.relation_id,
            endpoint=relation.endpoint,
            application=name,
            related_endpoint=relation.related_endpoint,
            is_cross_model=is_across,
        )
    return sorted(others.values(), key=lambda other: (other.endpoint, other.relation_id))


def join_endpoint(application: str, endpoint: str) -> str:
    """Return an application with its endpoint, or alone if the endpoint is not known."""
    return f"{application}:{endpoint}" if endpoint else application


def get_valid(name: Optional[str], stand_in: str) -> str:
    """Return a name if Juju accepts it, or else what stands in for it."""
    is_valid = name and name != UNKNOWN_APPLICATION and VALID_NAME.fullmatch(name)
    return name if name and is_valid else stand_in
