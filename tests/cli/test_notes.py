from __future__ import annotations

from typing import List, Tuple

import pytest
from hypothesis import given

from parca_scrape.cli.notes import (
    DEFAULT_PATH_NOTE,
    LOOPBACK_NOTE,
    SHARED_LABELS_NOTE,
    Note,
    find_notes,
)
from parca_scrape.problems import Findings
from tests.damages import damage_jobs
from tests.strategies import Remote, good_remotes


def notes_on(*jobs: object) -> List[Note]:
    return find_notes(list(jobs), Findings("jobs"))


def job(*targets: str, **labels: object) -> object:
    return {"static_configs": [{"targets": [*targets], "labels": labels}]}


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST", "localhost.", "a.localhost", "127.0.0.1", "127.9.9.9", "[::1]"],
)
def test_a_target_on_parcas_own_host_is_noted(host: str) -> None:
    path = "jobs[1].static_configs[0].targets[0]"
    assert notes_on(job("*:80"), job(f"{host}:6060")) == [(path, LOOPBACK_NOTE)]


@pytest.mark.parametrize("host", ["localhost.example.com", "10.0.0.1", "*", "localhost:x"])
def test_a_target_elsewhere_is_not_noted(host: str) -> None:
    assert notes_on(job(f"{host}:6060")) == []


@pytest.mark.parametrize(
    ("jobs", "path"),
    [
        ([job("a:1", "b:1", "c:1")], "jobs[0].static_configs[0].targets[1]"),
        ([job("*:1", "*:2")], "jobs[0].static_configs[0].targets[1]"),
        ([job("a:1", "a:1", "a:2")], "jobs[0].static_configs[0].targets[2]"),
        (
            [
                {
                    "static_configs": [
                        {"targets": ["a:1"], "labels": {"instance": "a", "__x": "1", "y": ""}},
                        {"targets": ["a:2"]},
                    ]
                }
            ],
            "jobs[0].static_configs[1].targets[0]",
        ),
        ([{"static_configs": [{}, {"targets": ["*:2"]}]}], "jobs[0].static_configs[1].targets[0]"),
    ],
)
def test_targets_that_nothing_tells_apart_are_noted_once(jobs: List[object], path: str) -> None:
    assert notes_on(*jobs) == [(path, SHARED_LABELS_NOTE)]


@pytest.mark.parametrize(
    "jobs",
    [
        [job("a:1"), job("b:1")],
        [job("a:1", "*:1")],
        [job("a:1", "a:1")],
        [job("a:1", "b:99999")],
        [{}],
        [
            {
                "static_configs": [
                    {"targets": ["a:1"], "labels": {"shard": 1}},
                    {"targets": ["a:2"], "labels": {"shard": 2}},
                ]
            }
        ],
    ],
)
def test_targets_that_differ_are_not_noted(jobs: List[object]) -> None:
    assert notes_on(*jobs) == []


def profiling(**profiles: object) -> object:
    return {"profiling_config": {"pprof_config": profiles}}


def test_a_standard_profile_on_its_default_path_beside_moved_ones_is_noted() -> None:
    jobs = profiling(
        memory={"path": "/x/allocs"},
        block={"enabled": False},
        goroutine={"enabled": "no"},
        mutex={"path": "/x/mutex"},
    )
    path = "jobs[0].profiling_config.pprof_config.process_cpu"
    assert notes_on(jobs) == [(path, DEFAULT_PATH_NOTE)]


@pytest.mark.parametrize(
    "jobs",
    [
        profiling(memory={"enabled": True}),
        profiling(memory={"path": "/debug/pprof/allocs"}),
        profiling(fgprof={"enabled": True, "path": "/debug/fgprof"}),
        {
            "profiling_config": {
                "path_prefix": "/x",
                "pprof_config": {"memory": {"path": "/y"}},
            }
        },
    ],
)
def test_profiles_that_belong_together_are_not_noted(jobs: object) -> None:
    assert notes_on(jobs) == []


@given(good_remotes().flatmap(damage_jobs))
def test_any_jobs_have_notes_or_none(damaged: Tuple[Remote, object]) -> None:
    for path, message in find_notes(damaged[0].jobs, Findings("jobs")):
        assert path.startswith("jobs[")
        assert (path + message).isprintable()
