from __future__ import annotations

import json
import time
from types import MappingProxyType
from typing import Dict, List, Optional

import pytest

from parca_scrape import (
    AppDatabag,
    DatabagError,
    InvalidJobError,
    Job,
    PprofProfile,
    Problem,
    ProfilingConfig,
    StaticConfig,
    Target,
    TLSConfig,
    Topology,
)
from parca_scrape.databag import encode_app, judge_jobs, read_app
from parca_scrape.jobs import list_jobs
from tests.pem import CERTIFICATE, PRIVATE_KEY
from tests.reading import error, refusal, warning

UUID = "20ce8299-3634-4bef-8bd8-5ace6c8816b4"
ZINC = Topology("cos", UUID, "zinc", "zinc/0", "zinc-k8s")
METADATA = (
    f'{{"model": "cos", "model_uuid": "{UUID}", "application": "zinc", "unit": "zinc/0",'
    ' "charm_name": "zinc-k8s"}'
)
OBJECT = "must be an object"
TEXT = "must be a string, a number or a boolean"
MISSING = "missing, so job names and labels do not contain it"
SURROGATE = "contains half of a surrogate pair: write the whole character"


def test_an_application_publishes_its_topology_and_its_jobs_as_json() -> None:
    databag = AppDatabag((Job(job_name="ü"), Job([])), ZINC).encode()

    assert list(databag.items()) == [
        ("scrape_metadata", METADATA),
        (
            "scrape_jobs",
            '[{"static_configs": [{"targets": ["*:80"]}], "job_name": "\\u00fc"},'
            ' {"static_configs": []}]',
        ),
    ]


def test_the_keys_of_a_typed_job_are_published_in_the_order_of_its_fields() -> None:
    settings = TLSConfig(CERTIFICATE, CERTIFICATE, PRIVATE_KEY, "zinc", True, "TLS12", "TLS13")
    profile = PprofProfile(True, "/own", False, 5, [{"type": "inuse", "unit": "bytes"}])
    config = ProfilingConfig("/app", {"own": profile})
    static_config = StaticConfig(["zinc"], {"a": "b"})
    whole = Job([static_config], "zinc", "15s", "20s", "https", config, settings)

    assert AppDatabag((whole,)).encode() == {
        "scrape_jobs": (
            '[{"static_configs": [{"targets": ["zinc:443"], "labels": {"a": "b"}}],'
            ' "job_name": "zinc", "scrape_interval": "15s", "scrape_timeout": "20s",'
            ' "scheme": "https", "profiling_config": {"path_prefix": "/app", "pprof_config":'
            ' {"own": {"enabled": true, "path": "/own", "delta": false, "seconds": 5,'
            ' "keep_sample_type": [{"type": "inuse", "unit": "bytes"}]}}},'
            f' "tls_config": {{"ca": {json.dumps(CERTIFICATE)}, "cert": {json.dumps(CERTIFICATE)},'
            f' "key": {json.dumps(PRIVATE_KEY)}, "server_name": "zinc",'
            ' "insecure_skip_verify": true, "min_version": "TLS12", "max_version": "TLS13"}}]'
        )
    }


PAIR = TLSConfig(CERTIFICATE, CERTIFICATE, PRIVATE_KEY)
PROFILES = ProfilingConfig(
    "/app",
    {
        "own": PprofProfile(True, "/own", False, 0, [{"unit": "bytes", "type": "alloc"}]),
        "process_cpu": PprofProfile(delta=True, seconds=5),
        "memory": PprofProfile(enabled=False),
    },
)


@pytest.mark.parametrize(
    ("app_databag", "decoded"),
    [
        (AppDatabag(), None),
        (AppDatabag((), ZINC), None),
        (AppDatabag((Job([]),), Topology("cos", UUID, "zinc")), None),
        (AppDatabag((Job([]), Job([])), Topology("cos", UUID, "zinc", "", "")), None),
        (AppDatabag((Job(),)), None),
        (AppDatabag((Job(job_name="例え \U0001f600 \ufffd"),)), None),
        (AppDatabag((Job(scrape_interval="1m", scrape_timeout="1m1s", scheme="https"),)), None),
        (AppDatabag((Job(profiling_config=PROFILES),)), None),
        (AppDatabag((Job(scheme="https", tls_config=PAIR),)), None),
        (
            AppDatabag((Job([StaticConfig(["*:1", "[::1]:080"], {"a": "", "__scheme__": ""})]),)),
            None,
        ),
        (
            AppDatabag((Job([StaticConfig(["*", "zinc", "::1"])]),)),
            AppDatabag((Job([StaticConfig(["*:80", "zinc:80", "[::1]:80"])]),)),
        ),
        (
            AppDatabag((Job([StaticConfig()], scheme="https"),)),
            AppDatabag((Job([StaticConfig([Target("*", 443)])], scheme="https"),)),
        ),
    ],
)
def test_encoding_then_decoding_gives_the_same_with_all_ports_filled_in(
    app_databag: AppDatabag, decoded: Optional[AppDatabag]
) -> None:
    again = AppDatabag.decode_strict(app_databag.encode())

    assert again == (decoded or app_databag)
    assert again.encode() == app_databag.encode()


@pytest.mark.parametrize("databag", [{}, {"scrape_jobs": "", "scrape_metadata": ""}, {"x": "y"}])
def test_an_application_that_says_nothing_has_no_jobs(databag: Dict[str, str]) -> None:
    assert AppDatabag.decode(databag) == (AppDatabag(), [])


def test_json_null_is_nothing() -> None:
    assert AppDatabag.decode({"scrape_jobs": "null", "scrape_metadata": "null"})[0] == AppDatabag()


def test_any_mapping_is_a_databag() -> None:
    databag = MappingProxyType({"scrape_jobs": "[]", "scrape_metadata": METADATA})

    assert AppDatabag.decode_strict(databag) == AppDatabag((), ZINC)


BAD_JSON = "must be valid JSON: see line"
TOO_DEEP = "must be nested no deeper than 100 levels"
TOO_MANY_DIGITS = "must not contain a number of more than 4,300 digits"


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("no JSON", f"{BAD_JSON} 1, column 1"),
        (" ", f"{BAD_JSON} 1, column 2"),
        ("[", f"{BAD_JSON} 1, column 2"),
        ("[{}]]", f"{BAD_JSON} 1, column 5"),
        ("[{},\n {'a': 1}]", f"{BAD_JSON} 2, column 3"),
        ('"\n"', f"{BAD_JSON} 1, column 2"),
        ("\ufeff[]", f"{BAD_JSON} 1, column 1"),
        ("[" * 60_000, TOO_DEEP),
        ("[" * 30_000 + "]" * 30_000, TOO_DEEP),
        ('{"a":' * 13_000, TOO_DEEP),
        ("[" * 101, TOO_DEEP),
        ("[" * 100, f"{BAD_JSON} 1, column 101"),
        ('["\\\\", ' + '{"[":[' * 50 + "]}" * 50 + "]", TOO_DEEP),
        ("9" * 4301, TOO_MANY_DIGITS),
        (f"[-{'9' * 5000}]", TOO_MANY_DIGITS),
    ],
    ids=lambda text: ascii(str(text)[:8]),
)
@pytest.mark.parametrize("key", ["scrape_jobs", "scrape_metadata"])
def test_what_is_no_json_is_left_out(key: str, text: str, rule: str) -> None:
    good = {"scrape_jobs": "[{}]", "scrape_metadata": METADATA}
    app_databag, problems = AppDatabag.decode({**good, key: text})

    assert problems == [error(key, rule)]
    assert app_databag == (
        AppDatabag((), ZINC) if key == "scrape_jobs" else AppDatabag((Job.from_mapping({}),))
    )


def test_a_number_of_4300_digits_is_read() -> None:
    labels = f'{{"a": {"9" * 4300}}}'
    text = f'[{{"static_configs": [{{"targets": ["a:1"], "labels": {labels}}}]}}]'

    assert AppDatabag.decode_strict({"scrape_jobs": text}) == AppDatabag(
        (Job([StaticConfig(["a:1"], {"a": "9" * 4300})]),)
    )


@pytest.mark.parametrize(
    "unknown",
    [
        "[" * 98 + "]" * 98,
        json.dumps(["[" * 200, '"[' * 200, "\\" * 200, '\\"[' * 200]),
        json.dumps([[{}]] * 200),
    ],
    ids=["deep", "strings", "many"],
)
def test_json_that_is_not_too_deep_is_read(unknown: str) -> None:
    jobs, problems = AppDatabag.decode({"scrape_jobs": f'[{{"unknown": {unknown}}}]'})

    assert jobs == AppDatabag((Job.from_mapping({}),))
    assert [problem.path for problem in problems] == ["scrape_jobs[0].unknown"]


def test_of_a_key_given_twice_the_last_counts() -> None:
    databag = {"scrape_jobs": '[{"job_name": 5, "job_name": "a", "static_configs": []}]'}

    assert AppDatabag.decode_strict(databag) == AppDatabag((Job([], "a"),))


@pytest.mark.parametrize(
    "text",
    [
        "9" * 3_000_000,
        f"1.{'1' * 3_000_000}",
        f"1e{'9' * 3_000_000}",
        f"[{'9' * 4000}]".replace("]", "," + "1" * 4299) * 300,
        "[" * 3_000_000,
        '{"a":' * 600_000,
        '"\\ud800' * 400_000,
    ],
    ids=["integer", "fraction", "exponent", "integers", "lists", "objects", "escapes"],
)
def test_decoding_takes_time_linear_in_the_text(text: str) -> None:
    started = time.process_time()

    AppDatabag.decode({"scrape_jobs": f"[{text}"})
    assert time.process_time() - started < 5


METADATA_KEY = "scrape_metadata"


@pytest.mark.parametrize(
    ("raw", "topology", "problems"),
    [
        (
            {"model": "cos", "model_uuid": UUID, "application": "zinc"},
            Topology("cos", UUID, "zinc"),
            [],
        ),
        (
            {"model": "a/b", "model_uuid": UUID, "application": "zinc", "unit": None, "x": []},
            Topology("a/b", UUID, "zinc"),
            [],
        ),
        (
            {
                "model": "cos",
                "model_uuid": UUID,
                "application": "zinc",
                "charm_name": "",
                "unit": 5,
            },
            Topology("cos", UUID, "zinc", "5", ""),
            [],
        ),
        (
            {},
            Topology("", "", ""),
            [
                warning("scrape_metadata.model", MISSING),
                warning("scrape_metadata.model_uuid", MISSING),
                warning("scrape_metadata.application", MISSING),
            ],
        ),
        (
            {"model": "", "model_uuid": None, "application": "zinc"},
            Topology("", "", "zinc"),
            [
                warning("scrape_metadata.model", MISSING),
                warning("scrape_metadata.model_uuid", MISSING),
            ],
        ),
        (
            {"model": [], "model_uuid": UUID, "application": True},
            Topology("", UUID, "true"),
            [error("scrape_metadata.model", TEXT), warning("scrape_metadata.model", MISSING)],
        ),
        (
            {"model": "\ud800", "model_uuid": UUID, "application": "zinc"},
            Topology("\ufffd", UUID, "zinc"),
            [warning("scrape_metadata.model", SURROGATE)],
        ),
        (
            {
                "model": "cos",
                "model_uuid": "0198c2a3-9d4e-7cc1-8d3b-3f1c55f1a6b2",
                "application": 1,
            },
            Topology("cos", "0198c2a3-9d4e-7cc1-8d3b-3f1c55f1a6b2", "1"),
            [],
        ),
        (
            {"model": "cos", "model_uuid": "twenty", "application": "zinc"},
            Topology("cos", "twenty", "zinc"),
            [warning("scrape_metadata.model_uuid", "must be a UUID")],
        ),
        (
            {"model": "é" * 1024, "model_uuid": UUID, "application": "a" * 1025},
            Topology("é" * 1024, UUID, ""),
            [
                error("scrape_metadata.application", "must not be longer than 1,024 characters"),
                warning("scrape_metadata.application", MISSING),
            ],
        ),
        ([], None, [error("scrape_metadata", OBJECT)]),
        ("cos", None, [error("scrape_metadata", OBJECT)]),
        (0, None, [error("scrape_metadata", OBJECT)]),
        (False, None, [error("scrape_metadata", OBJECT)]),
    ],
)
def test_of_a_topology_what_is_bad_or_missing_stays_empty(
    raw: object, topology: Optional[Topology], problems: List[Problem]
) -> None:
    assert AppDatabag.decode({"scrape_metadata": json.dumps(raw)}) == (
        AppDatabag((), topology),
        problems,
    )


def test_strict_decoding_tells_all_problems_at_once() -> None:
    databag = {"scrape_jobs": '[5, {"scheme": "ftp"}]', "scrape_metadata": "[]"}

    with pytest.raises(DatabagError) as caught:
        AppDatabag.decode_strict(databag)
    assert str(caught.value).split("\n") == [
        "error: scrape_jobs[0]: must be an object; the job is skipped",
        "error: scrape_jobs[1].scheme: must be http or https; the job is skipped",
        "error: scrape_metadata: must be an object",
    ]


@pytest.mark.parametrize(
    "jobs",
    [
        [{}],
        [{"scheme": 5, "static_configs": None, "job_name": "ü\ud800"}],
        [{"static_configs": [{"targets": ["*:80"], "labels": {"b": 1.0, "a": None}}]}],
        [],
    ],
)
def test_mappings_are_published_byte_for_byte(jobs: List[Dict[str, object]]) -> None:
    published = [{"static_configs": [{"targets": ["*:80"]}], **mapping} for mapping in jobs]

    assert encode_app(list_jobs(jobs), ZINC) == {
        "scrape_metadata": METADATA,
        "scrape_jobs": json.dumps(published),
    }


def test_mappings_and_typed_jobs_are_published_together() -> None:
    jobs = list_jobs([{"scheme": "ftp"}, Job([], "a")])

    assert encode_app(jobs, None) == {
        "scrape_jobs": '[{"static_configs": [{"targets": ["*:80"]}], "scheme": "ftp"},'
        ' {"static_configs": [], "job_name": "a"}]'
    }


class Opaque:
    def __repr__(self) -> str:
        return "s3cret"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (Opaque(), "Object of type Opaque is not JSON serializable"),
        ({1, 2}, "Object of type set is not JSON serializable"),
        ([b"s3cret"], "Object of type bytes is not JSON serializable"),
        ({("s3cret",): 1}, "keys must be str, int, float, bool or None, not tuple"),
    ],
)
def test_what_is_no_json_cannot_be_published(value: object, message: str) -> None:
    jobs = list_jobs([{}, {"tls_config": value}])

    assert refusal(lambda: encode_app(jobs, ZINC)) == f"jobs[1]: must be JSON: {message}"


def test_what_holds_itself_or_is_too_deep_cannot_be_published() -> None:
    circle: List[object] = []
    circle.append(circle)
    deep: List[object] = []
    for _ in range(100_000):
        deep = [deep]

    for value in (circle, deep):
        with pytest.raises(InvalidJobError, match=r"^jobs\[0\]: must be JSON: .*$"):
            encode_app(list_jobs([{"static_configs": value}]), None)


def test_a_charm_is_told_what_consumers_leave_out_of_its_jobs() -> None:
    jobs = list_jobs([{"scheme": "ftp"}, {"job_name": None}, {"job_name": {"a": "b"}}])

    assert judge_jobs(jobs) == [
        error("jobs[0].scheme", "must be http or https; the job is skipped"),
        error("jobs[2].job_name", TEXT),
    ]
    assert judge_jobs(list_jobs(None)) == []


@pytest.mark.parametrize(
    ("databag", "texts"),
    [
        (
            {"scrape_jobs": "a", "scrape_metadata": "b"},
            {"scrape_jobs": "a", "scrape_metadata": "b"},
        ),
        ({"scrape_jobs": "a", "alert_rules": "c"}, {"scrape_jobs": "a"}),
        ({"scrape_jobs": "", "scrape_metadata": "b"}, {"scrape_metadata": "b"}),
        ({}, {}),
    ],
)
def test_of_an_applications_databag_two_keys_are_read(
    databag: Dict[str, str], texts: Dict[str, str]
) -> None:
    assert read_app(databag) == texts
