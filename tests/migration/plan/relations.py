"""Relations of a machine Parca, for tests of the plan."""

from __future__ import annotations

import json
from typing import Mapping, Optional

from parca_scrape.cli.relations import RelationTexts
from parca_scrape.migration.plan.deployment import Provider
from tests.cli.deployed import write_unit
from tests.migration.plan.machine_model import MODEL, MODEL_UUID

ADDRESS = "10.23.4.41"


def make_relation(
    *jobs: object,
    address: str = ADDRESS,
    unit_databag: Optional[Mapping[str, str]] = None,
    **metadata: str,
) -> RelationTexts:
    """Return the relation of an application with one unit.

    Args:
        jobs: its scrape jobs.
        address: what its unit publishes.
        unit_databag: the databag of the unit, if it is another one.
        metadata: what differs from the usual topology.
    """
    topology = {"model": MODEL, "model_uuid": MODEL_UUID, "application": "shop", **metadata}
    databag = write_unit("shop/0", address) if unit_databag is None else unit_databag
    return RelationTexts(
        relation_id=9,
        application="shop",
        app_databag={"scrape_jobs": json.dumps(jobs), "scrape_metadata": json.dumps(topology)},
        unit_databags={"shop/0": databag},
        related_endpoint="profiling-endpoint",
    )


def make_provider(relation: RelationTexts) -> Provider:
    """Return the application of a relation, which is in the model of Parca."""
    return Provider(relation, "shop", MODEL, "shop", is_cross_model=False)


def make_job(*targets: str, **settings: object) -> Mapping[str, object]:
    """Return a scrape job."""
    return {"static_configs": [{"targets": [*targets]}], **settings}
