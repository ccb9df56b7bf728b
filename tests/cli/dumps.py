"""Output of `juju show-unit` for `parca-scrape render`, and what the command makes of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Dict, List, Tuple

from tests.cli.command import run

MODEL_UUID = "6f2c1d0e-83b4-4c6b-9a51-2d7c1f0b9e34"
ONE_PORT: Dict[str, object] = {"static_configs": [{"targets": ["*:8080"]}]}


def make_dump(*jobs: object, endpoint: str = "profiling-endpoint") -> str:
    """Return the output for a unit with one relation, to one unit."""
    metadata = {"model": "cos", "model_uuid": MODEL_UUID, "application": "zinc"}
    relation = {
        "relation-id": 7,
        "endpoint": endpoint,
        "application-data": {
            "scrape_jobs": json.dumps(jobs),
            "scrape_metadata": json.dumps(metadata),
        },
        "related-units": {"zinc/0": {"data": {"parca_scrape_unit_address": "zinc-0.local"}}},
    }
    return json.dumps({"parca/0": {"relation-info": [relation]}})


def make_document(**settings: object) -> Dict[str, List[Dict[str, object]]]:
    """Return what is rendered of a job with port 8080 of each unit."""
    labels = {"juju_model": "cos", "juju_model_uuid": MODEL_UUID, "juju_application": "zinc"}
    static_config = {
        "targets": ["zinc-0.local:8080"],
        "labels": {**labels, "juju_unit": "zinc/0"},
    }
    relabel_config = {
        "source_labels": [*labels, "juju_unit"],
        "separator": "_",
        "target_label": "instance",
        "regex": "(.*)",
    }
    scrape_config = {
        "job_name": "cos_6f2c1d0e_zinc",
        "static_configs": [static_config],
        **settings,
        "relabel_configs": [relabel_config],
    }
    return {"scrape_configs": [scrape_config]}


def render(tmp_path: Path, dump: str, *options: str) -> Tuple[int, str, str]:
    """Run `parca-scrape render` on a file."""
    file = tmp_path / "dump"
    file.write_text(dump, encoding="utf-8")
    return run("render", file, *options)
