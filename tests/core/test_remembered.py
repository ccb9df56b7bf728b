from __future__ import annotations

import json
from typing import Dict, List, cast

import pytest

from parca_scrape import AppDatabag, Problem
from parca_scrape.render import RelationDatabags, render

LONGEST = 8192
MOST = 512
TOPOLOGY = {
    "model": "edge",
    "model_uuid": "20ce8299-3634-4bef-8bd8-5ace6c8816b4",
    "application": "zinc",
    "unit": "zinc/0",
    "charm_name": "zinc-k8s",
}
JOB = {
    "job_name": "api",
    "scrape_interval": "15s",
    "scheme": "https",
    "static_configs": [{"targets": ["*:8080", "zinc.example:80"], "labels": {"tier": "db"}}],
    "profiling_config": {
        "path_prefix": "/debug",
        "pprof_config": {
            "process_cpu": {"path": "/cpu", "keep_sample_type": [{"type": "t", "unit": "u"}]}
        },
    },
    "tls_config": {"server_name": "zinc.example", "insecure_skip_verify": True},
}


def databag_of(length: int, number: int = 0) -> Dict[str, str]:
    """Give a databag whose jobs have a text of this length, another one for each number."""
    jobs = json.dumps([{"job_name": f"job{number}", "static_configs": []}])
    return {"scrape_jobs": jobs + " " * (length - len(jobs))}


def is_remembered(databag: Dict[str, str]) -> bool:
    (first,), (second,) = (AppDatabag.decode(databag)[0].scrape_jobs for _ in range(2))
    assert first == second
    return first is second


def test_what_short_texts_hold_is_remembered_and_what_long_ones_hold_is_not() -> None:
    assert is_remembered(databag_of(LONGEST))
    assert not is_remembered(databag_of(LONGEST + 1))
    topologies = [
        AppDatabag.decode({"scrape_metadata": json.dumps(TOPOLOGY)})[0].scrape_metadata
        for _ in range(2)
    ]
    assert topologies[0] is topologies[1]


@pytest.mark.parametrize(("others", "is_same"), [(MOST - 1, True), (MOST, False)])
def test_the_last_texts_are_remembered(others: int, is_same: bool) -> None:
    first = AppDatabag.decode(databag_of(0, -1))[0].scrape_jobs[0]
    for number in range(others):
        AppDatabag.decode(databag_of(0, number))
    assert (AppDatabag.decode(databag_of(0, -1))[0].scrape_jobs[0] is first) == is_same


def test_problems_are_told_each_time_and_are_the_callers_own() -> None:
    databag = {"scrape_jobs": "[{]", "scrape_metadata": "[]"}
    first = AppDatabag.decode(databag)[1]
    assert [problem.path for problem in first] == ["scrape_jobs", "scrape_metadata"]
    first.append(Problem("error", "", "the caller's own"))
    assert AppDatabag.decode(databag)[1] == first[:-1]


def test_what_a_charm_does_to_its_scrape_configs_does_not_reach_the_next_ones() -> None:
    databag = {"scrape_jobs": json.dumps([JOB]), "scrape_metadata": json.dumps(TOPOLOGY)}
    relation = RelationDatabags(1, "zinc", databag, [("zinc/0", "10.0.0.1", "zinc/0")])
    scrape_configs, _ = render([relation])
    before = json.dumps(scrape_configs)
    spoil(scrape_configs)
    assert json.dumps(render([relation])[0]) == before


def spoil(value: object) -> None:
    """Empty every list and dict in a value."""
    if isinstance(value, list):
        elements = cast("List[object]", value)
        for element in elements:
            spoil(element)
        elements.clear()
    elif isinstance(value, dict):
        fields = cast("Dict[str, object]", value)
        for field in fields.values():
            spoil(field)
        fields.clear()
