"""Providers that published jobs, and what a Parca charm makes of them."""

from __future__ import annotations

import json
from typing import Any, Dict, List

from ops import testing

from tests import parca_charm

UnitData = Dict[int, Dict[str, str]]


def relate(
    relation_id: int,
    application: str,
    jobs: object,
    *,
    units: int = 1,
    remote: str = "",
    charm: str = "",
) -> testing.Relation:
    """Return a relation to an application that published jobs, each unit at a loopback address.

    Args:
        relation_id: the relation's id.
        application: the name that the application has in its own model.
        jobs: its scrape jobs.
        units: how many units it has.
        remote: its name in Parca's model, if that is another model.
        charm: the name of its charm.
    """
    metadata = {
        "model": "cos",
        "model_uuid": parca_charm.MODEL_UUID,
        "application": application,
        "unit": f"{application}/0",
        "charm_name": charm or application,
    }
    units_data: UnitData = {
        number: {
            "parca_scrape_unit_address": f"127.0.{relation_id}.{number + 1}",
            "parca_scrape_unit_name": f"{application}/{number}",
        }
        for number in range(units)
    }
    return parca_charm.make_relation(
        relation_id,
        remote or application,
        app_data={"scrape_jobs": json.dumps(jobs), "scrape_metadata": json.dumps(metadata)},
        units_data=units_data,
    )


def render(*relations: testing.Relation) -> List[Any]:
    """Return the configuration that a Parca charm writes."""
    return parca_charm.run_hook("update_status", *relations).jobs
