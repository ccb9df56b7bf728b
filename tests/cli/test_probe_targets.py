from __future__ import annotations

import json
from typing import Dict, List, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parca_scrape.cli.probe_targets import Request, list_targets
from parca_scrape.cli.relations import RelationTexts, render_texts
from parca_scrape.render import ScrapeConfig
from tests.cli.probes import ONLY_MEMORY
from tests.oracle import judge

METADATA = json.dumps({"model": "cos", "model_uuid": "", "application": "shop"})


def render(*jobs: Mapping[str, object]) -> List[ScrapeConfig]:
    app_databag = {"scrape_jobs": json.dumps(jobs), "scrape_metadata": METADATA}
    units = {"shop/0": {"parca_scrape_unit_address": "10.0.0.1"}}
    return render_texts([RelationTexts(1, "shop", app_databag, units)])[0]


def list_requests(job: Mapping[str, object]) -> List[str]:
    return [
        target.url + request.uri
        for target in list_targets(render(job))
        for request in target.requests
    ]


def test_a_target_has_what_parca_requests() -> None:
    profiling_config = {"pprof_config": ONLY_MEMORY}
    job = {"static_configs": [{"targets": ["[::1]"]}], "profiling_config": profiling_config}
    [target] = list_targets(render({**job, "scheme": "https"}))
    assert target._replace(client=None) == (
        "cos_shop",
        "[::1]:443",
        "https",
        "::1",
        443,
        (Request("memory", "/debug/pprof/allocs"),),
        None,
    )


def test_profiles_that_record_come_last_and_are_asked_for_a_second() -> None:
    pprof_config = {
        "process_cpu": {"delta": True, "seconds": 30},
        "fgprof": {"enabled": True, "path": "/fgprof"},
    }
    [target] = list_targets(render({"profiling_config": {"pprof_config": pprof_config}}))
    assert target.requests[-2:] == (
        Request("fgprof", "/fgprof"),
        Request("process_cpu", "/debug/pprof/profile?seconds=1"),
    )


def test_a_target_that_several_static_configs_name_is_one() -> None:
    static_configs = [
        {"targets": ["a:1", "*:1"]},
        {"targets": ["a:1", "10.0.0.1:1"], "labels": {"team": "shop"}},
        {"targets": ["a:1"], "labels": {"__scheme__": "https"}},
        {"targets": ["a:1"], "labels": {"__param_x": "y"}},
    ]
    targets = list_targets(render({"static_configs": static_configs}))
    assert [(target.url, target.requests[0].uri) for target in targets] == [
        ("http://a:1", "/debug/pprof/allocs"),
        ("http://10.0.0.1:1", "/debug/pprof/allocs"),
        ("https://a:1", "/debug/pprof/allocs"),
        ("http://a:1", "/debug/pprof/allocs?x=y"),
    ]


def test_the_same_target_of_two_jobs_is_two() -> None:
    targets = list_targets(render({"job_name": "a"}, {"job_name": "b"}))
    assert [target.job for target in targets] == ["cos_shop_a", "cos_shop_b"]


def test_a_target_without_profiles_is_none() -> None:
    profiles = {**ONLY_MEMORY, "memory": {"enabled": False}}
    assert list_requests({"profiling_config": {"pprof_config": profiles}}) == []


def test_a_scheme_may_be_written_in_capitals() -> None:
    static_configs = [
        {"targets": ["a"], "labels": {"__scheme__": "HTTPS"}},
        {"targets": ["b"], "labels": {"__scheme__": "ftp"}},
    ]
    targets = list_targets(render({"static_configs": static_configs, "scheme": "HTTP"}))
    assert [target.url for target in targets] == ["https://a:443", "http://b:80"]


def test_no_target_is_asked_to_record_for_longer_by_a_label() -> None:
    static_config = {"targets": ["a:1"], "labels": {"__param_seconds": "300"}}
    [first, *_] = list_requests({"static_configs": [static_config]})
    assert first == "http://a:1/debug/pprof/allocs?seconds=1"


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        ("", "/"),
        ("*", "/*"),
        ("x", "/x"),
        ("//x", "//x"),
        ("/a b/ü%?#\r\n*", "/a%20b/%C3%BC%25%3F%23%0D%0A%2A"),
    ],
)
def test_any_path_is_escaped_as_in_go(path: str, uri: str) -> None:
    pprof_config = {name: {"enabled": False} for name in [*ONLY_MEMORY, "memory"]}
    custom = {"enabled": True, "path": path}
    job = {"profiling_config": {"pprof_config": {**pprof_config, "custom": custom}}}
    assert list_requests(job) == [f"http://10.0.0.1:80{uri}"]


TEXT = st.text(max_size=4)
LABELS = st.dictionaries(
    st.sampled_from(
        ["__param_x", "__param_", "__profile_path__", "__address__", "__name__", "job", "team"]
    ),
    TEXT,
    max_size=3,
)
PROFILES = st.dictionaries(
    st.sampled_from(["memory", "process_cpu", "custom"]),
    st.fixed_dictionaries({"enabled": st.booleans(), "path": TEXT}),
)
TARGETS = st.lists(st.sampled_from(["a", "a:1", "*:2", "*", "[::1]", "b:080"]), max_size=4)


@pytest.mark.once
@given(LABELS, PROFILES, TARGETS, st.sampled_from(["http", "https"]), TEXT)
def test_any_job_has_the_urls_that_the_model_of_parca_requests(
    labels: Dict[str, str],
    pprof_config: Dict[str, object],
    targets: List[str],
    scheme: str,
    prefix: str,
) -> None:
    scrape_configs = render(
        {
            "static_configs": [{"targets": targets, "labels": labels}],
            "scheme": scheme,
            "scrape_interval": "1s",
            "profiling_config": {"path_prefix": prefix, "pprof_config": pprof_config},
        }
    )
    verdict = judge(scrape_configs)
    found = {
        (target.job, target.url + request.uri)
        for target in list_targets(scrape_configs)
        for request in target.requests
    }
    assert verdict.verdict == "accepted"
    assert found == {(job, add_slash(url)) for job, url in verdict.urls}


def add_slash(url: str) -> str:
    """Return a URL with the path that a request for it has: `/` for an empty one."""
    start, question_mark, query = url.partition("?")
    return f"{start}{'' if start.count('/') > 2 else '/'}{question_mark}{query}"
