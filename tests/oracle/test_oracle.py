from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Dict, List, Tuple

import pytest

from tests.oracle import (
    CrashError,
    LoadedJob,
    LoadedProfile,
    LoadedTarget,
    RefusedError,
    Verdict,
    judge,
    loaded_jobs,
)

ROOT = Path(__file__).resolve().parents[2]
CASES: List[Dict[str, object]] = json.loads(
    (ROOT / "tests" / "data" / "parca.json").read_text(encoding="utf-8")
)

RULE: Dict[str, object] = {
    "source_labels": ["juju_model"],
    "separator": "_",
    "target_label": "instance",
    "regex": "(.*)",
}
PATHS = ("allocs", "block", "goroutine", "mutex", "profile?seconds=10")


def job_of(*targets: str, **settings: object) -> Dict[str, object]:
    job: Dict[str, object] = {
        "job_name": "j",
        "static_configs": [{"targets": list(targets)}],
        "relabel_configs": [RULE],
    }
    job.update(settings)
    return job


def urls_of(address: str) -> Tuple[Tuple[str, str], ...]:
    return tuple(("j", f"{address}/debug/pprof/{path}") for path in PATHS)


def recorded(case: Dict[str, object]) -> Verdict:
    def pairs(key: str) -> List[Tuple[str, str]]:
        found: List[List[str]] = json.loads(json.dumps(case[key]))
        return [(first, second) for first, second in found]

    def texts(key: str) -> Tuple[str, ...]:
        found: List[str] = json.loads(json.dumps(case[key]))
        return tuple(found)

    # Of a file that is not accepted, nothing is scraped for long: what was recorded of it depends
    # on the order in which goroutines ran.
    is_accepted = case["verdict"] == "accepted"
    return Verdict(
        str(case["verdict"]),
        str(case["message"]),
        tuple(pairs("urls")) if is_accepted else (),
        texts("skipped"),
        texts("tls_ignored"),
    )


@pytest.mark.parametrize("case", CASES, ids=[str(case["name"]) for case in CASES])
def test_the_verdict_is_the_one_recorded_from_parca(case: Dict[str, object]) -> None:
    found = judge(case["scrape_configs"])

    assert (
        Verdict(found.verdict, found.message, found.urls, found.skipped, found.tls_ignored)
    ) == recorded(case)


def test_names_that_the_storage_cannot_hold_are_named() -> None:
    good: Dict[str, object] = {"targets": ["a:1"], "labels": {"a:b": "x"}}
    bad: Dict[str, object] = {"targets": ["b:1"], "labels": {"a;b": "x", "a,b": "x"}}
    own = {"enabled": True, "path": "/own"}
    profiles: Dict[str, object] = dict.fromkeys(("a:b", "heap.alloc", "trace", "é"), own)
    profiles["a b"] = {**own, "enabled": False}
    off = {
        name: {"enabled": False}
        for name in ("memory", "block", "goroutine", "mutex", "process_cpu")
    }
    job = job_of(profiling_config={"pprof_config": {**off, **profiles}})
    job["static_configs"] = [good, bad]
    found = judge([job])

    assert not found.clean
    assert set(found.unstorable) == {
        "label a;b",
        "label a,b",
        "profile heap.alloc",
        "profile trace",
        "profile \u00e9",
    }


def test_the_oracle_shares_nothing_with_the_library_it_judges() -> None:
    program = (
        "import sys, tests.oracle\n"
        "print([name for name in sys.modules if name.split('.')[0] in"
        " ('parca_scrape', 'charms', 'ops')])"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, check=True, stdout=subprocess.PIPE
    )

    assert done.stdout.strip() == b"[]"


def test_a_good_job_is_clean() -> None:
    verdict = judge([job_of("h:8080")])

    assert verdict == Verdict("accepted", urls=urls_of("http://h:8080"))
    assert verdict.clean


@pytest.mark.parametrize(
    "spoiled",
    [
        job_of("h/x:80"),
        job_of("h:80", tls_config={"ca": "x"}),
        job_of("h:0"),
        job_of("h:80", scrape_interval="x"),
        job_of("h:80", scrape_interval="0s"),
    ],
    ids=["skipped", "tls_ignored", "unanswerable", "refused", "crash"],
)
def test_a_spoiled_job_is_not_clean(spoiled: Dict[str, object]) -> None:
    assert not judge([job_of("h:80", job_name="good"), spoiled]).clean


def test_all_mismatches_are_reported_with_their_lines() -> None:
    verdict = judge([job_of("h:80", tls_config=[], scheme={}, scrape_timeout=["x"], unknown=5)])

    assert verdict == Verdict(
        "refused",
        "yaml: unmarshal errors:\n"
        "  line 9: cannot unmarshal !!map into string\n"
        "  line 11: cannot unmarshal !!seq into string\n"
        "  line 15: cannot unmarshal !!seq into config.plain\n"
        "  line 16: field unknown not found in type struct",
    )


def test_a_long_value_is_reported_truncated() -> None:
    verdict = judge([job_of("h:80", tls_config="01234567890")])

    assert verdict.message == (
        "yaml: unmarshal errors:\n"
        "  line 12: cannot unmarshal !!float `0123456...` into config.plain"
    )


def test_the_first_failed_check_wins_over_mismatches() -> None:
    jobs = [job_of("h:80", tls_config=[]), job_of("h:80", job_name="k", scrape_interval="x")]

    assert judge(jobs) == Verdict("refused", 'not a valid duration string: "x"')


def test_a_lone_surrogate_in_a_key_is_unreadable() -> None:
    job = {"job_name": "j", "static_configs": [{"labels": {"\ud800": "x"}}]}

    assert judge([job]) == Verdict(
        "refused", "yaml: line 5: found invalid Unicode character escape code"
    )


def test_label_names_are_any_text_but_empty() -> None:
    static_config = {"labels": {"a b\xfc": None, "": "x"}}

    assert judge([job_of(static_configs=[static_config])]) == Verdict(
        "refused", '"" is not a valid label name'
    )


def test_no_jobs_at_all_are_accepted() -> None:
    assert judge(None) == judge([]) == Verdict("accepted")


def test_all_duplicate_names_are_reported() -> None:
    jobs = [job_of("h:80", job_name=name) for name in ("b", "a", "b", "a", "c")]

    assert judge(jobs) == Verdict("refused", "duplicate job_name found in scrape configs: a, b")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"scrape_interval": "0s"},
            "scrape loop: runtime error: integer divide by zero",
        ),
        (
            {"profiling_config": {"pprof_config": {"own": None}}},
            "sync: runtime error: invalid memory address or nil pointer dereference",
        ),
    ],
)
def test_a_crash_that_a_target_sets_off_needs_a_target(
    settings: Dict[str, object], message: str
) -> None:
    assert judge([job_of("h:80", **settings)]) == Verdict("crash", message)
    assert judge([job_of(**settings)]) == Verdict("accepted")
    assert [loaded.targets for loaded in loaded_jobs([job_of(**settings)])] == [()]


def test_a_null_profile_kills_parca_before_it_sees_a_bad_target() -> None:
    profiles = {"a": {"enabled": True}, "own": None}

    verdict = judge([job_of("h/x", profiling_config={"pprof_config": profiles})])

    assert verdict.verdict == "crash"


def test_one_bad_target_drops_its_static_config() -> None:
    static_configs = [{"targets": ["a:80"]}, {"targets": ["b:80", ""]}, {"targets": ["c:80"]}]

    verdict = judge([job_of(static_configs=static_configs)])

    assert verdict == Verdict(
        "accepted",
        urls=urls_of("http://a:80") + urls_of("http://c:80"),
        skipped=("instance 0 in group 1: no address",),
    )


def test_urls_that_can_never_answer_are_reported_with_the_reason() -> None:
    off = {name: {"enabled": False} for name in ("block", "goroutine", "mutex", "process_cpu")}
    job = job_of("[::1]:0", "h", profiling_config={"pprof_config": off})

    assert judge([job]).unanswerable == (
        'http://[::1]:0/debug/pprof/allocs: port "0" is not in 1..65535',
    )


def test_a_highest_tls_version_below_go_s_lowest_can_never_answer() -> None:
    job = job_of("h:80", tls_config={"max_version": "TLS11"})

    assert judge([job]).clean
    assert judge([{**job, "scheme": "HTTPS"}]).unanswerable == tuple(
        f"{url}: no TLS version left" for _, url in urls_of("HTTPS://h:80")
    )
    job["tls_config"] = {"max_version": "TLS11", "min_version": "TLS10"}
    assert judge([{**job, "scheme": "https"}]).clean


def test_parameters_of_a_job_are_one_map_for_all_its_targets() -> None:
    off = {name: {"enabled": False} for name in ("memory", "block", "goroutine", "mutex")}
    job = job_of("a:80", "b:80", profiling_config={"pprof_config": off}, params={"x": ["y z"]})

    assert judge([job]).urls == tuple(
        ("j", f"http://{host}:80/debug/pprof/profile?seconds=10&seconds=10&x=y+z")
        for host in ("a", "b")
    )


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("kubernetes_sd_configs", None, "kubernetes_sd_configs"),
        ("proxy_url", None, "proxy_url"),
        ("http_headers", {"X-Y": None}, "HTTP header X-Y"),
        ("oauth2", {"grant_type": "x"}, "grant_type"),
    ],
)
def test_settings_that_no_job_of_the_relation_can_hold_are_not_judged(
    key: str, value: object, told: str
) -> None:
    with pytest.raises(NotImplementedError, match=rf"^{told} is not judged$"):
        judge([job_of("h:80", **{key: value})])


@pytest.mark.parametrize("value", [("a",), b"a", {1: "a"}])
def test_a_value_that_is_not_json_is_not_judged(value: object) -> None:
    with pytest.raises(TypeError, match=r"^no JSON: "):
        judge([job_of("h:80", tls_config=value)])


def test_loaded_jobs_have_their_defaults_filled_in() -> None:
    job = job_of(
        "a",
        "b:81",
        scheme="https",
        scrape_interval="1m",
        profiling_config={
            "path_prefix": "/p",
            "pprof_config": {
                "memory": None,
                "block": {"enabled": False},
                "mutex": {"enabled": "off"},
                "goroutine": {"path": "../g"},
                "own": {"enabled": True, "delta": True, "seconds": 5},
                "odd": {"path": "/odd"},
            },
        },
    )

    assert loaded_jobs([job, job_of(job_name="empty", scrape_timeout="1h")]) == [
        LoadedJob(
            "j",
            60_000_000_000,
            63_000_000_000,
            "https",
            {
                "memory": LoadedProfile("/p/debug/pprof/allocs", False, None),
                "goroutine": LoadedProfile("/g", False, None),
                "own": LoadedProfile("/p", True, 5),
                "process_cpu": LoadedProfile("/p/debug/pprof/profile", True, 60),
            },
            (
                LoadedTarget("a:443", (("instance", "a:443"), ("job", "j"))),
                LoadedTarget("b:81", (("instance", "b:81"), ("job", "j"))),
            ),
        ),
        LoadedJob(
            "empty",
            10_000_000_000,
            3_600_000_000_000,
            "http",
            {
                "memory": LoadedProfile("/debug/pprof/allocs", False, None),
                "block": LoadedProfile("/debug/pprof/block", False, None),
                "goroutine": LoadedProfile("/debug/pprof/goroutine", False, None),
                "mutex": LoadedProfile("/debug/pprof/mutex", False, None),
                "process_cpu": LoadedProfile("/debug/pprof/profile", True, 10),
            },
            (),
        ),
    ]


def test_the_relabel_rule_makes_the_instance() -> None:
    labels = {"juju_model": "m", "__meta_x": "y", "empty": "", "none": None, "number": 1.0}
    job = job_of(static_configs=[{"targets": ["h"], "labels": labels}])

    assert [target for loaded in loaded_jobs([job]) for target in loaded.targets] == [
        LoadedTarget(
            "h:80", (("instance", "m"), ("job", "j"), ("juju_model", "m"), ("number", "1.0"))
        )
    ]


def test_a_target_that_a_rule_drops_is_not_loaded() -> None:
    rules = [{"action": "drop", "source_labels": ["__address__"], "regex": "a:.*"}]

    (loaded,) = loaded_jobs([job_of("a:80", "b:80", relabel_configs=rules)])

    assert [target.address for target in loaded.targets] == ["b:80"]


def test_no_jobs_are_loaded_from_what_parca_does_not_load() -> None:
    with pytest.raises(RefusedError, match=r"^job_name is empty$"):
        loaded_jobs([job_of("h:80", job_name="")])
    with pytest.raises(CrashError, match=r"^sync: runtime error: invalid memory address"):
        loaded_jobs([None])
