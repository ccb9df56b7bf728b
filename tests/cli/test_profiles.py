from __future__ import annotations

from typing import Dict, List, Optional, Tuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parca_scrape.cli.profiles import STANDARD_PATHS, Profile, join_path, list_profiles
from parca_scrape.render import ScrapeConfig
from tests.oracle import golang
from tests.oracle.verdict import loaded_jobs

CPU = Profile("process_cpu", "/debug/pprof/profile", 10)
STANDARD = [
    Profile("memory", "/debug/pprof/allocs"),
    Profile("block", "/debug/pprof/block"),
    Profile("goroutine", "/debug/pprof/goroutine"),
    Profile("mutex", "/debug/pprof/mutex"),
    CPU,
]
ONLY_CPU: Dict[str, object] = {name: {"enabled": False} for name in STANDARD_PATHS}
del ONLY_CPU["process_cpu"]


def make_config(
    profiling_config: Optional[Dict[str, object]] = None, interval: str = ""
) -> ScrapeConfig:
    config: ScrapeConfig = {
        "job_name": "shop",
        "static_configs": [{"targets": ["a:1"], "labels": {}}],
        "relabel_configs": [],
    }
    if profiling_config is not None:
        config["profiling_config"] = profiling_config
    if interval:
        config["scrape_interval"] = interval
    return config


def test_a_job_without_settings_has_the_standard_profiles() -> None:
    assert list_profiles(make_config()) == STANDARD


def test_a_disabled_profile_is_left_out() -> None:
    config = make_config({"pprof_config": ONLY_CPU})
    assert list_profiles(config) == [CPU]


def test_a_custom_profile_is_listed_only_if_it_is_enabled() -> None:
    custom = {"fgprof": {"enabled": True, "path": "/fgprof", "delta": True, "seconds": 5}}
    config = make_config({"pprof_config": {**custom, "trace_of_mine": {"path": "/x"}}})
    assert list_profiles(config) == [*STANDARD, Profile("fgprof", "/fgprof", 5)]


def test_a_cpu_profile_with_settings_records_only_if_they_say_so() -> None:
    config = make_config({"pprof_config": {**ONLY_CPU, "process_cpu": {"path": "/cpu"}}})
    assert list_profiles(config) == [Profile("process_cpu", "/cpu")]


def test_a_profile_records_for_the_interval_unless_it_has_seconds() -> None:
    assert list_profiles(make_config(interval="1m"))[-1] == CPU._replace(seconds=60)


def test_the_prefix_is_part_of_every_path() -> None:
    paths = [profile.path for profile in list_profiles(make_config({"path_prefix": "/app/"}))]
    assert paths == [f"/app{path}" for path in STANDARD_PATHS.values()]


@pytest.mark.parametrize(
    ("prefix", "path", "joined"),
    [
        ("/app", "", "/app"),
        ("app", "/x", "app/x"),
        ("//app", "../x", "/x"),
        ("/", "//x/./y/", "/x/y"),
    ],
)
def test_a_prefix_is_joined_as_go_does(prefix: str, path: str, joined: str) -> None:
    assert join_path(prefix, path) == joined


PATHS = st.text("./ab", max_size=8)


@given(PATHS.filter(bool), PATHS)
def test_any_prefix_is_joined_as_the_model_of_go_does(prefix: str, path: str) -> None:
    assert join_path(prefix, path) == golang.join_path(prefix, path)


SETTINGS = st.fixed_dictionaries(
    {},
    optional={
        "enabled": st.booleans(),
        "path": st.sampled_from(["/x", "y"]),
        "delta": st.booleans(),
        "seconds": st.integers(0, 9),
    },
)
PROFILING = st.fixed_dictionaries(
    {},
    optional={
        "path_prefix": st.sampled_from(["/app", "app/"]),
        "pprof_config": st.dictionaries(
            st.sampled_from([*STANDARD_PATHS, "custom"]), SETTINGS, max_size=3
        ),
    },
)


@given(PROFILING, st.sampled_from(["", "500ms", "30s"]))
def test_any_job_has_the_profiles_that_the_model_of_parca_scrapes(
    profiling_config: Dict[str, object], interval: str
) -> None:
    config = make_config(profiling_config, interval)
    config["scrape_timeout"] = "60s"
    [job] = loaded_jobs([config])
    expected: List[Tuple[str, str, Optional[int]]] = [
        (name, profile.path, profile.seconds) for name, profile in job.profiles.items()
    ]
    assert sorted(list_profiles(config)) == sorted(expected)
