"""What ties series to the relation that they come from: the labels of the topology."""

from __future__ import annotations

from typing import Mapping, Tuple

from parca_scrape._rules import parse_text
from parca_scrape.cli.relations import RelationTexts, read_topology

Place = Tuple[str, str]
"""The UUID of a model and the name of an application in it; empty for what is unknown."""


def get_place(labels: Mapping[str, object]) -> Place:
    """Return the application that labels name."""
    model_uuid, application = (
        parse_text(labels.get(name)) or "" for name in ("juju_model_uuid", "juju_application")
    )
    return model_uuid, application


def read_place(relation: RelationTexts) -> Place:
    """Return the application that labels of the series of a relation name."""
    topology = read_topology(relation.app_databag)
    return topology.model_uuid, topology.application or relation.application
