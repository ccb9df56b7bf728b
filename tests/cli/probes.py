"""Runs of `parca-scrape probe` over jobs, and what they say of each target."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Tuple

import jsonschema

from tests.cli.command import run
from tests.cli.dumps import make_dump
from tests.forms import ROOT

SCHEMA = (ROOT / "src/parca_scrape/cli/schemas/probe.json").read_text(encoding="utf-8")
# pyright does not know its types.
VALIDATOR: Any = jsonschema.Draft202012Validator(json.loads(SCHEMA))
ONLY_MEMORY: Dict[str, object] = {
    name: {"enabled": False} for name in ("block", "goroutine", "mutex", "process_cpu")
}


class Seen(NamedTuple):
    """What the command says of a target."""

    target: str
    step: object = None
    reason: object = None
    profile: object = None


def make_job(*targets: str, **settings: object) -> Dict[str, object]:
    """Return a job that scrapes one profile of some targets."""
    profiling_config = {"pprof_config": ONLY_MEMORY}
    job = {"static_configs": [{"targets": targets}], "profiling_config": profiling_config}
    return {**job, **settings}


def probe(tmp_path: Path, *jobs: object, timeout: float = 5) -> List[Seen]:
    """Return what the command says of the targets of jobs."""
    file = tmp_path / "dump"
    file.write_text(make_dump(*jobs), encoding="utf-8")
    exit_code, out, err = run("probe", file, "--format", "json", "--timeout", timeout)
    document = json.loads(out)
    VALIDATOR.validate(document)
    found: List[Tuple[bool, Seen]] = [
        (row["ok"], Seen(row["target"], row["step"], row["reason"], row["profile"]))
        for row in document["targets"]
    ]
    assert [ok for ok, _ in found] == [seen.step is None for _, seen in found]
    assert exit_code == (0 if all(ok for ok, _ in found) else 1)
    assert err == ""
    return [seen for _, seen in found]
