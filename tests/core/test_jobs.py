from __future__ import annotations

import json
from collections import OrderedDict
from types import MappingProxyType
from typing import Dict, Iterator, List, Mapping, Optional, Tuple

import pytest

from parca_scrape import (
    ALLOWED_KEYS,
    DEFAULT_JOB,
    AppDatabag,
    Job,
    PprofProfile,
    Problem,
    ProfilingConfig,
    StaticConfig,
    TLSConfig,
)
from parca_scrape.jobs import list_jobs
from tests.reading import error, job, read_jobs, refusal, warning

JOB = "scrape_jobs[0]"
TEXT = "must be a string, a number or a boolean"
SURROGATE = "contains half of a surrogate pair: write the whole character"
LEFT_OUT = "; the job is skipped"
OBJECT = f"must be an object{LEFT_OUT}"
LIST = f"must be a list{LEFT_OUT}"
SCHEME = f"must be http or https{LEFT_OUT}"
INTERVAL = "must be a duration such as 1m30s, above zero and below 292 years"
DURATION = "must be a duration such as 1m30s"
NOT_ABOVE = "must be longer than scrape_interval, which is 10s unless it is set"
CPU_IS_ON = "must be 2s or more while process_cpu is enabled"
TOO_SHORT = (
    "process_cpu cannot be scraped at an interval below 1s: set its seconds, or an interval of 1s"
    " or more"
)
KNOWN = (
    "unknown or not allowed here, so Parca scrapes without it; the allowed keys are job_name,"
    " profiling_config, scheme, scrape_interval, scrape_timeout, static_configs, tls_config"
)
GOOD = job(job_name="good")


def test_the_known_keys_and_the_default_job_are_plain_values() -> None:
    assert sorted(ALLOWED_KEYS) == [
        "job_name",
        "profiling_config",
        "scheme",
        "scrape_interval",
        "scrape_timeout",
        "static_configs",
        "tls_config",
    ]
    assert type(ALLOWED_KEYS) is set
    assert DEFAULT_JOB == {"static_configs": [{"targets": ["*:80"]}]}
    assert type(DEFAULT_JOB) is dict


@pytest.mark.parametrize(
    ("raw", "served", "problems"),
    [
        (
            {"static_configs": [{"targets": ["a:1"]}]},
            {"static_configs": [{"targets": ["a:1"]}]},
            [],
        ),
        ({}, job(), []),
        ({"static_configs": []}, {"static_configs": []}, []),
        ({"static_configs": None}, None, [error(f"{JOB}.static_configs", LIST)]),
        ({"static_configs": {}}, None, [error(f"{JOB}.static_configs", LIST)]),
        ({"static_configs": ""}, None, [error(f"{JOB}.static_configs", LIST)]),
        ("*:80", None, [error(JOB, OBJECT)]),
        (None, None, [error(JOB, OBJECT)]),
        ([], None, [error(JOB, OBJECT)]),
        (5, None, [error(JOB, OBJECT)]),
        (job(job_name="a"), job(job_name="a"), []),
        (job(job_name=""), job(), []),
        (job(job_name=None), job(), []),
        (job(job_name=5), job(job_name="5"), []),
        (job(job_name=False), job(job_name="false"), []),
        (job(job_name=1.5), job(job_name="1.5"), []),
        (job(job_name=[]), job(), [error(f"{JOB}.job_name", TEXT)]),
        (job(job_name={"a": 1}), job(), [error(f"{JOB}.job_name", TEXT)]),
        (job(job_name=float("nan")), job(), [error(f"{JOB}.job_name", TEXT)]),
        (job(job_name="\ud800"), job(job_name="\ufffd"), [warning(f"{JOB}.job_name", SURROGATE)]),
        (job(scheme="https"), job(scheme="https"), []),
        (job(scheme="HTTP"), job(scheme="http"), []),
        (job(scheme=""), job(), []),
        (job(scheme=None), job(), []),
        (job(scheme="ftp"), None, [error(f"{JOB}.scheme", SCHEME)]),
        (job(scheme=True), None, [error(f"{JOB}.scheme", SCHEME)]),
        (job(scheme=["http"]), None, [error(f"{JOB}.scheme", SCHEME)]),
        (
            job(relabel_configs=[], metrics_path=None),
            job(),
            [warning(f"{JOB}.relabel_configs", KNOWN), warning(f"{JOB}.metrics_path", KNOWN)],
        ),
        (
            job(profiling_config=5, tls_config=5, scrape_interval=5),
            job(),
            [
                error(f"{JOB}.profiling_config", "must be an object"),
                error(f"{JOB}.tls_config", "must be an object"),
                error(f"{JOB}.scrape_interval", INTERVAL),
            ],
        ),
    ],
)
def test_of_a_job_the_smallest_bad_part_is_left_out(
    raw: object, served: Optional[Dict[str, object]], problems: List[Problem]
) -> None:
    assert read_jobs(raw, GOOD) == ([served, GOOD] if served else [GOOD], problems)


def test_a_job_that_lost_all_its_static_configs_is_left_out() -> None:
    assert read_jobs({"static_configs": [5, None]}, GOOD) == (
        [GOOD],
        [
            error(
                f"{JOB}.static_configs[0]",
                "must be an object; the static config is skipped",
            ),
            error(
                f"{JOB}.static_configs[1]",
                "must be an object; the static config is skipped",
            ),
            error(f"{JOB}.static_configs", f"has no static config that can be scraped{LEFT_OUT}"),
        ],
    )


MAX_INTERVAL = "9223372033854ms"
MAX_DURATION = "9223372036854ms"


@pytest.mark.parametrize(
    ("interval", "timeout", "served", "problems"),
    [
        ("15s", "20s", ("15s", "20s"), []),
        ("15s", None, ("15s", ""), []),
        (None, "11s", ("", "11s"), []),
        ("", "", ("", ""), []),
        ("1h0m", "1h1ms", ("1h0m", "1h1ms"), []),
        ("0s", None, ("", ""), [error(f"{JOB}.scrape_interval", INTERVAL)]),
        ("0", None, ("", ""), [error(f"{JOB}.scrape_interval", INTERVAL)]),
        ("10", None, ("", ""), [error(f"{JOB}.scrape_interval", INTERVAL)]),
        (10, None, ("", ""), [error(f"{JOB}.scrape_interval", INTERVAL)]),
        (0, None, ("", ""), [error(f"{JOB}.scrape_interval", INTERVAL)]),
        (
            [],
            None,
            ("", ""),
            [error(f"{JOB}.scrape_interval", TEXT)],
        ),
        ("\ud800", None, ("", ""), [error(f"{JOB}.scrape_interval", SURROGATE)]),
        (MAX_INTERVAL, None, (MAX_INTERVAL, ""), []),
        (MAX_INTERVAL, MAX_DURATION, (MAX_INTERVAL, MAX_DURATION), []),
        ("9223372033855ms", None, ("", ""), [error(f"{JOB}.scrape_interval", INTERVAL)]),
        ("1y", "9223372036855ms", ("1y", ""), [error(f"{JOB}.scrape_timeout", DURATION)]),
        ("15s", "0s", ("15s", ""), []),
        ("15s", "0", ("15s", ""), []),
        ("15s", 0, ("15s", ""), []),
        ("15s", "20", ("15s", ""), [error(f"{JOB}.scrape_timeout", DURATION)]),
        ("15s", "20 s", ("15s", ""), [error(f"{JOB}.scrape_timeout", DURATION)]),
        ("15s", {}, ("15s", ""), [error(f"{JOB}.scrape_timeout", TEXT)]),
        ("15s", "15s", ("15s", ""), [error(f"{JOB}.scrape_timeout", NOT_ABOVE)]),
        ("15s", "1ms", ("15s", ""), [error(f"{JOB}.scrape_timeout", NOT_ABOVE)]),
        ("15s", "14s", ("15s", ""), [error(f"{JOB}.scrape_timeout", NOT_ABOVE)]),
        ("15s", "15s1ms", ("15s", "15s1ms"), []),
        (None, "10s", ("", ""), [error(f"{JOB}.scrape_timeout", NOT_ABOVE)]),
        (None, "10s1ms", ("", "10s1ms"), []),
        ("1s", "1s999ms", ("1s", ""), [error(f"{JOB}.scrape_timeout", CPU_IS_ON)]),
        ("1s", "2s", ("1s", "2s"), []),
        (
            "0s",
            "5s",
            ("", ""),
            [
                error(f"{JOB}.scrape_interval", INTERVAL),
                error(f"{JOB}.scrape_timeout", NOT_ABOVE),
            ],
        ),
        (
            "100ms",
            "1s",
            ("100ms", ""),
            [
                error(f"{JOB}.scrape_timeout", CPU_IS_ON),
                warning(f"{JOB}.scrape_interval", TOO_SHORT),
            ],
        ),
    ],
)
def test_an_interval_is_above_zero_and_a_timeout_above_the_interval(
    interval: object, timeout: object, served: Tuple[str, str], problems: List[Problem]
) -> None:
    settings = zip(("scrape_interval", "scrape_timeout"), served)
    read = read_jobs(job(scrape_interval=interval, scrape_timeout=timeout))

    assert read == ([job(**{key: text for key, text in settings if text})], problems)


@pytest.mark.parametrize("enabled", [False, "off", "N"])
def test_without_the_cpu_profile_a_timeout_may_be_under_two_seconds(enabled: object) -> None:
    raw = {"pprof_config": {"process_cpu": {"enabled": enabled}}}
    served = {"pprof_config": {"process_cpu": {"enabled": False}}}
    timing = {"scrape_interval": "1ms", "scrape_timeout": "2ms"}

    assert read_jobs(job(**timing, profiling_config=raw)) == (
        [job(**timing, profiling_config=served)],
        [],
    )


@pytest.mark.parametrize(
    "raw", [None, {}, {"pprof_config": {"memory": {"enabled": False}}}, {"path_prefix": "/a"}]
)
def test_the_cpu_profile_is_on_unless_it_is_off(raw: object) -> None:
    timing = {"scrape_interval": "1s", "scrape_timeout": "1500ms"}
    _, problems = read_jobs(job(**timing, profiling_config=raw))

    assert problems == [error(f"{JOB}.scrape_timeout", CPU_IS_ON)]


@pytest.mark.parametrize("raw", [{}, "jobs", 5, True])
def test_jobs_are_a_list(raw: object) -> None:
    assert AppDatabag.decode({"scrape_jobs": json.dumps(raw)}) == (
        AppDatabag(),
        [error("scrape_jobs", "must be a list")],
    )


def test_the_first_thousand_jobs_that_can_be_served_are_served() -> None:
    jobs: List[object] = [5, *({"job_name": number} for number in range(1_001)), 5]
    served, problems = read_jobs(*jobs)

    assert [scrape_job["job_name"] for scrape_job in served] == list(map(str, range(1_000)))
    assert problems == [
        error("scrape_jobs", "more than 1,000 jobs: the rest are skipped"),
        error("scrape_jobs[0]", OBJECT),
    ]
    assert read_jobs(*jobs[1:1_001])[1] == []


WHOLE: Dict[str, object] = {
    "static_configs": [{"targets": ["*:443", "zinc:1"], "labels": {"a": "b"}}],
    "job_name": "zinc",
    "scrape_interval": "15s",
    "scrape_timeout": "20s",
    "scheme": "https",
    "profiling_config": {"path_prefix": "/app", "pprof_config": {"memory": {"enabled": False}}},
    "tls_config": {"insecure_skip_verify": True},
}
TYPED = Job(
    static_configs=[StaticConfig(["*:443", "zinc:1"], {"a": "b"})],
    job_name="zinc",
    scrape_interval="15s",
    scrape_timeout="20s",
    scheme="https",
    profiling_config=ProfilingConfig("/app", {"memory": PprofProfile(enabled=False)}),
    tls_config=TLSConfig(insecure_skip_verify=True),
)


def test_a_typed_job_is_what_it_was_made_of() -> None:
    assert TYPED.as_mapping() == WHOLE
    assert list(TYPED.as_mapping()) == list(WHOLE)
    assert Job.from_mapping(WHOLE) == TYPED
    assert (TYPED.job_name, TYPED.scheme) == ("zinc", "https")
    assert (TYPED.scrape_interval, TYPED.scrape_timeout) == ("15s", "20s")


def test_settings_are_all_but_name_and_static_configs() -> None:
    names = ("scrape_interval", "scrape_timeout", "scheme", "profiling_config", "tls_config")

    assert TYPED.settings() == {name: WHOLE[name] for name in names}
    assert Job().settings() == {}


def test_a_typed_job_scrapes_port_80_of_each_unit_unless_it_is_told_otherwise() -> None:
    assert Job().as_mapping() == job()
    assert Job(None) == Job()
    assert Job.from_mapping({}) == Job()
    assert Job([]).as_mapping() == {"static_configs": []}
    assert Job([StaticConfig()]).as_mapping() == job()
    assert Job(iter([StaticConfig()])) == Job((StaticConfig(),)) == Job([StaticConfig()])
    assert Job([StaticConfig(["zinc"])], scheme="https").as_mapping() == {
        "static_configs": [{"targets": ["zinc:443"]}],
        "scheme": "https",
    }


def test_a_typed_job_is_written_as_parca_reads_it() -> None:
    assert Job(scheme="HTTPS", scrape_timeout="0s").as_mapping() == job(scheme="https")


INVALID: List[Tuple[Mapping[object, object], str]] = [
    ({"static_configs": None}, "static_configs: must be a list"),
    ({"static_configs": {}}, "static_configs: must be a list"),
    ({"scheme": "ftp"}, "scheme: must be http or https"),
    ({"job_name": []}, f"job_name: {TEXT}"),
    ({"job_name": "\ud800"}, f"job_name: {SURROGATE}"),
    ({"scrape_interval": "0s"}, f"scrape_interval: {INTERVAL}"),
    ({"scrape_timeout": "soon"}, f"scrape_timeout: {DURATION}"),
    ({"scrape_timeout": "5s"}, f"scrape_timeout: {NOT_ABOVE}"),
    ({"scrape_interval": "1s", "scrape_timeout": "1500ms"}, f"scrape_timeout: {CPU_IS_ON}"),
    ({"relabel_configs": []}, f"relabel_configs: {KNOWN}"),
    ({5: "x"}, f'["5"]: {KNOWN}'),
    ({"tls_config": []}, "tls_config: must be an object"),
    (
        {"tls_config": {"min_version": "1.2"}},
        "tls_config.min_version: must be one of TLS10, TLS11, TLS12, TLS13",
    ),
    (
        {"tls_config": {"ca_file": "/etc/ca.pem"}},
        "tls_config.ca_file: names a file or a secret on the Parca host: put the PEM text"
        " itself into ca",
    ),
    (
        {"profiling_config": {"pprof_config": {"own": 5}}},
        "profiling_config.pprof_config.own: must be an object",
    ),
    (
        {"static_configs": [{"targets": ["zinc/debug"]}]},
        "static_configs[0].targets[0]: must be host:port or *:port, without a scheme, path or"
        " spaces; the port (1 to 65535) is optional, an IPv6 address needs brackets, and a host"
        " has at most 253 characters",
    ),
    (
        {"static_configs": [{"labels": {"": "x"}}]},
        'static_configs[0].labels[""]: the name of a label must not be empty or longer than'
        " 1,024 characters, and must not contain a comma, a semicolon or half of a surrogate"
        " pair",
    ),
    (
        {"static_configs": [{"targets": ["*:80"], "labels": {"a": []}}]},
        f"static_configs[0].labels.a: {TEXT}",
    ),
]


@pytest.mark.parametrize(("raw", "line"), INVALID)
def test_a_job_of_a_charms_configuration_must_be_wholly_right(
    raw: Mapping[str, object], line: str
) -> None:
    assert refusal(lambda: Job.from_mapping(raw)) == line


def test_what_is_no_mapping_makes_no_job() -> None:
    raw: Dict[str, Mapping[str, object]] = json.loads('{"jobs": "*:80"}')

    assert refusal(lambda: Job.from_mapping(raw["jobs"])) == "must be an object"


def test_a_typed_job_that_parca_would_not_load_or_use_is_refused() -> None:
    assert refusal(lambda: Job(job_name="\ud800")) == f"job_name: {SURROGATE}"
    assert refusal(lambda: Job(scheme="ftp")) == "scheme: must be http or https"
    assert refusal(lambda: Job(scrape_interval="0s")) == f"scrape_interval: {INTERVAL}"
    assert refusal(lambda: Job(scrape_timeout="10s")) == f"scrape_timeout: {NOT_ABOVE}"


def test_mappings_are_taken_as_they_are() -> None:
    bad = {"scheme": 5, "relabel_configs": None, "static_configs": "*:80"}

    assert list_jobs([{**bad, 5: 5}]) == [{**bad, "5": 5}]


def test_static_configs_come_first_and_the_other_keys_in_the_authors_order() -> None:
    (taken,) = list_jobs([{"scheme": "http", "job_name": "a", "static_configs": None}])
    (defaulted,) = list_jobs([{"scheme": "http", "job_name": "a"}])

    assert isinstance(taken, dict)
    assert list(taken.items()) == [
        ("static_configs", None),
        ("scheme", "http"),
        ("job_name", "a"),
    ]
    assert defaulted == {**taken, "static_configs": [{"targets": ["*:80"]}]}


def test_jobs_of_both_kinds_are_taken_from_any_iterable_once() -> None:
    def jobs() -> Iterator[object]:
        yield Job()
        yield MappingProxyType({"job_name": "a"})
        yield OrderedDict(job_name="b")

    assert list_jobs(jobs()) == [Job(), job(job_name="a"), job(job_name="b")]
    assert list_jobs(()) == []


def test_no_jobs_given_are_the_default_job() -> None:
    assert list_jobs(None) == [DEFAULT_JOB]


def test_what_is_nested_in_a_mapping_is_not_copied() -> None:
    static_configs: List[Mapping[str, object]] = []
    (taken,) = list_jobs([{"static_configs": static_configs}])

    assert isinstance(taken, dict)
    assert taken["static_configs"] is static_configs


NO_JOBS: List[Tuple[object, str]] = [
    ([{}, "*:80"], "jobs[1]: must be a mapping or a Job"),
    ([None], "jobs[0]: must be a mapping or a Job"),
    ({"static_configs": []}, "jobs[0]: must be a mapping or a Job"),
    ("*:80", "jobs[0]: must be a mapping or a Job"),
    (5, "jobs: must be a list of scrape jobs"),
]


@pytest.mark.parametrize(("jobs", "line"), NO_JOBS)
def test_what_is_no_mapping_is_no_job(jobs: object, line: str) -> None:
    assert refusal(lambda: list_jobs(jobs)) == line
