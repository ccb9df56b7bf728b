"""What published versions of the library write in a hook, for upgrades to find."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict, List, Mapping, Tuple

from tests.hook_tools import Databag
from tests.juju.hooks import Hook
from tests.juju.model import Application, Juju, Unit

CASES: List[Dict[str, Any]] = json.loads(
    (Path(__file__).parent.parent / "data" / "history.json").read_text(encoding="utf-8")
)
WRITING_HOOKS = ("relation-joined", "relation-changed", "leader-elected")


def history_jobs(number: int) -> Any:
    """Return the jobs of a recorded case; None for the default."""
    return CASES[number]["jobs"]


def metadata_of(application: Application) -> Dict[str, str]:
    """Return the topology that an application publishes; a leader fills in its own name."""
    return {
        "model": application.model.name,
        "model_uuid": application.model.uuid,
        "application": application.name,
        "unit": "",
        "charm_name": "zinc-k8s",
    }


def history_databags(
    application: Application, unit: Unit, case: Mapping[str, Any]
) -> Tuple[Databag, Databag]:
    """Return the databags of a recorded case, with the names of this application and unit."""
    metadata = {**metadata_of(application), "unit": unit.name}
    recorded = json.loads(case["app_data"]["scrape_metadata"])
    assert list(recorded) == list(metadata)
    app_databag = {**case["app_data"], "scrape_metadata": json.dumps(metadata)}
    unit_databag = {
        **case["unit_data"],
        "parca_scrape_unit_address": unit.address,
        "parca_scrape_unit_name": unit.name,
    }
    assert len(app_databag) == len(unit_databag) == 2
    return app_databag, unit_databag


def run_published(juju: Juju, unit: Unit, hook: Hook) -> None:
    """Write what a hook of a profiled charm wrote."""
    application = unit.application
    is_refresh = hook.name in application.style.refresh_hooks
    if not (is_refresh or hook.name in WRITING_HOOKS):
        return
    assert application.history is not None
    app_databag, unit_databag = history_databags(application, unit, application.history)
    for relation, side, _ in juju.sides_of(unit):
        if relation.ghost is None:
            side.write_unit(unit.number, unit_databag)
            if unit.is_leader and not is_refresh:
                side.write_app(app_databag)
