from __future__ import annotations

import json
import time
from types import MappingProxyType
from typing import Dict, List, Mapping, Optional

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
    UnitDatabag,
)
from parca_scrape.databag import check_jobs, encode_app, read_app, read_ingress, read_unit
from parca_scrape.jobs import take_jobs
from tests.pem import CERTIFICATE, PRIVATE_KEY
from tests.reading import error, job, read_jobs, refusal, warning

UUID = "20ce8299-3634-4bef-8bd8-5ace6c8816b4"
ZINC = Topology("cos", UUID, "zinc", "zinc/0", "zinc-k8s")
METADATA = (
    f'{{"model": "cos", "model_uuid": "{UUID}", "application": "zinc", "unit": "zinc/0",'
    ' "charm_name": "zinc-k8s"}'
)
JSON = "must be JSON that is nested less than some hundred levels deep"
OBJECT = "must be an object"
TEXT = "must be text, a number or a boolean"
MISSING = "missing in job names and labels"
SURROGATE = "holds half of a surrogate pair, which UTF-8 cannot: write the whole character"
ADDRESS = "must be a host name or an IP address, without scheme, port, path or spaces"


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


PROFILES = ProfilingConfig(
    "/app",
    {
        "own": PprofProfile(True, "/own", False, 0, [{"unit": "bytes"}]),
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
        (AppDatabag((Job(job_name="例え \U0001f600 \x00"),)), None),
        (AppDatabag((Job(scrape_interval="1m", scrape_timeout="1m1s", scheme="https"),)), None),
        (AppDatabag((Job(profiling_config=PROFILES),)), None),
        (AppDatabag((Job(tls_config=TLSConfig(CERTIFICATE, CERTIFICATE, PRIVATE_KEY)),)), None),
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


@pytest.mark.parametrize(
    "text",
    [
        "no JSON",
        " ",
        "[",
        "[{}]]",
        "{'a': 1}",
        "[1,]",
        '"\n"',
        "[" * 100_000,
        "[" * 100_000 + "]" * 100_000,
        '{"a":' * 100_000,
        "9" * 4301,
        f"[-{'9' * 5000}]",
        "\ufeff[]",
    ],
    ids=lambda text: ascii(str(text)[:8]),
)
@pytest.mark.parametrize("key", ["scrape_jobs", "scrape_metadata"])
def test_what_is_no_json_is_left_out(key: str, text: str) -> None:
    good = {"scrape_jobs": "[{}]", "scrape_metadata": METADATA}
    app_databag, problems = AppDatabag.decode({**good, key: text})

    assert problems == [error(key, JSON)]
    assert app_databag == (
        AppDatabag((), ZINC) if key == "scrape_jobs" else AppDatabag((Job.from_mapping({}),))
    )


def test_a_number_of_4300_digits_is_read() -> None:
    digits = "9" * 4300
    app_databag = AppDatabag.decode_strict(
        {"scrape_jobs": f'[{{"static_configs": [], "job_name": {digits}}}]'}
    )

    assert app_databag == AppDatabag((Job([], digits),))


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

    AppDatabag.decode({"scrape_jobs": f"[{text}", "scrape_metadata": f"[{text}]"})
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
        "error: scrape_jobs[0]: must be an object (so the job is left out)",
        "error: scrape_jobs[1].scheme: must be http or https (so the job is left out)",
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

    assert encode_app(take_jobs(jobs), ZINC) == {
        "scrape_metadata": METADATA,
        "scrape_jobs": json.dumps(published),
    }


def test_mappings_and_typed_jobs_are_published_together() -> None:
    jobs = take_jobs([{"scheme": "ftp"}, Job([], "a")])

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
    jobs = take_jobs([{}, {"tls_config": value}])

    assert refusal(lambda: encode_app(jobs, ZINC)) == f"jobs[1]: must be JSON: {message}"


def test_what_holds_itself_or_is_too_deep_cannot_be_published() -> None:
    circle: List[object] = []
    circle.append(circle)
    deep: List[object] = []
    for _ in range(100_000):
        deep = [deep]

    for value in (circle, deep):
        with pytest.raises(InvalidJobError, match=r"^jobs\[0\]: must be JSON: .*$"):
            encode_app(take_jobs([{"static_configs": value}]), None)


def test_a_charm_is_told_what_consumers_leave_out_of_its_jobs() -> None:
    jobs = take_jobs([{"scheme": "ftp"}, {"job_name": None}, {"job_name": {"a": "b"}}])

    assert check_jobs(encode_app(jobs, None)["scrape_jobs"]) == [
        error("jobs[0].scheme", "must be http or https (so the job is left out)"),
        error("jobs[2].job_name", TEXT),
    ]
    assert check_jobs(encode_app(take_jobs(None), None)["scrape_jobs"]) == []


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


ADDRESS_KEY = "parca_scrape_unit_address"
NAME_KEY = "parca_scrape_unit_name"
LEGACY_KEY = "parca_scrape_host"


@pytest.mark.parametrize(
    ("databag", "address", "name"),
    [
        ({ADDRESS_KEY: "a", NAME_KEY: "zinc/0"}, "a", "zinc/0"),
        ({ADDRESS_KEY: "a"}, "a", ""),
        ({NAME_KEY: "zinc/0"}, "", "zinc/0"),
        ({ADDRESS_KEY: '"a"', NAME_KEY: '"zinc/0"'}, '"a"', '"zinc/0"'),
        ({ADDRESS_KEY: "a", NAME_KEY: "zinc/0", LEGACY_KEY: "b"}, "a", "zinc/0"),
        ({ADDRESS_KEY: "", NAME_KEY: "zinc/0", LEGACY_KEY: "b"}, "b", "zinc/0"),
        ({NAME_KEY: "zinc/0", LEGACY_KEY: "b"}, "b", "zinc/0"),
        ({LEGACY_KEY: "b", "ingress-address": "c"}, "b", ""),
        ({"ingress-address": "c"}, "", ""),
        ({}, "", ""),
    ],
)
def test_a_unit_publishes_its_address_and_its_name_as_text(
    databag: Dict[str, str], address: str, name: str
) -> None:
    assert read_unit("u/1", databag) == ("u/1", address, name)
    assert UnitDatabag.decode(databag) == (UnitDatabag(address, name), [])


@pytest.mark.parametrize(
    ("databag", "address", "name"),
    [
        ({"ingress-address": "c", ADDRESS_KEY: "a", NAME_KEY: "zinc/0"}, "c", "zinc/0"),
        ({"ingress-address": "c"}, "c", ""),
        ({"ingress-address": "", ADDRESS_KEY: "a", LEGACY_KEY: "b"}, "", ""),
        ({ADDRESS_KEY: "a", NAME_KEY: "zinc/0"}, "", "zinc/0"),
    ],
)
def test_juju_itself_tells_an_address_of_a_unit(
    databag: Dict[str, str], address: str, name: str
) -> None:
    assert read_ingress("u/1", databag) == ("u/1", address, name)


@pytest.mark.parametrize(
    ("databag", "unit_databag", "problems"),
    [
        ({ADDRESS_KEY: " ::1 "}, UnitDatabag("[::1]"), []),
        ({ADDRESS_KEY: "a:80"}, UnitDatabag(), [error(ADDRESS_KEY, ADDRESS)]),
        (
            {ADDRESS_KEY: "*", NAME_KEY: "z/0"},
            UnitDatabag("", "z/0"),
            [error(ADDRESS_KEY, ADDRESS)],
        ),
        ({NAME_KEY: "z\ud800"}, UnitDatabag("", "z\ufffd"), [warning(NAME_KEY, SURROGATE)]),
    ],
)
def test_of_a_unit_what_is_bad_is_left_out(
    databag: Dict[str, str], unit_databag: UnitDatabag, problems: List[Problem]
) -> None:
    assert UnitDatabag.decode(databag) == (unit_databag, problems)
    if problems:
        with pytest.raises(DatabagError) as caught:
            UnitDatabag.decode_strict(databag)
        assert str(caught.value) == str(problems[0])
    else:
        assert UnitDatabag.decode_strict(databag) == unit_databag


@pytest.mark.parametrize(
    ("unit_databag", "databag"),
    [
        (UnitDatabag("10.0.0.1", "zinc/0"), {ADDRESS_KEY: "10.0.0.1", NAME_KEY: "zinc/0"}),
        (UnitDatabag(" ::1", "zinc/0"), {ADDRESS_KEY: "[::1]", NAME_KEY: "zinc/0"}),
        (UnitDatabag(name="zinc/0"), {NAME_KEY: "zinc/0"}),
        (UnitDatabag(), {}),
    ],
)
def test_a_unit_databag_is_written_without_empty_values_and_read_again(
    unit_databag: UnitDatabag, databag: Dict[str, str]
) -> None:
    assert list(unit_databag.encode().items()) == list(databag.items())
    assert UnitDatabag.decode_strict(databag) == unit_databag


def test_a_typed_unit_has_an_address_that_is_a_host() -> None:
    assert refusal(lambda: UnitDatabag("http://zinc")) == f"address: {ADDRESS}"
    assert refusal(lambda: UnitDatabag(name="zinc/\ud800")) == f"name: {SURROGATE}"


SECRET = "s3cret"
WRONG_TYPES: List[Mapping[str, object]] = [
    {key: value}
    for key in (
        "job_name",
        "scrape_interval",
        "scrape_timeout",
        "scheme",
        "static_configs",
        "profiling_config",
        "tls_config",
        "unknown",
    )
    for value in ([SECRET], {"x": SECRET}, f"{SECRET}\ud800", SECRET)
]
WRONG_VALUES: List[Mapping[str, object]] = [
    {"static_configs": [{"targets": [f"admin:{SECRET}@zinc:80", [SECRET]]}]},
    {"static_configs": [{"labels": {"a": [SECRET], "__scheme__": SECRET}, "b": SECRET}]},
    {"profiling_config": {"path_prefix": [SECRET], "pprof_config": SECRET, "x": SECRET}},
    {"profiling_config": {"pprof_config": {"own": SECRET, "memory": {"x": SECRET}}}},
    {
        "profiling_config": {
            "pprof_config": {
                "own": {
                    "enabled": SECRET,
                    "path": [SECRET],
                    "delta": SECRET,
                    "seconds": SECRET,
                    "keep_sample_type": [SECRET, {"type": [SECRET], "x": SECRET}],
                }
            }
        }
    },
    {
        "tls_config": {
            **dict.fromkeys(("ca", "cert", "key", "min_version", "max_version"), SECRET),
            **{f"{name}_file": SECRET for name in ("ca", "cert", "key")},
            **{f"{name}_ref": SECRET for name in ("ca", "cert", "key")},
            "server_name": [SECRET],
            "insecure_skip_verify": SECRET,
        }
    },
    {"tls_config": {"key_file": PRIVATE_KEY, "ca_file": CERTIFICATE, "cert": PRIVATE_KEY}},
]


@pytest.mark.parametrize(
    "mapping", WRONG_TYPES + WRONG_VALUES, ids=lambda mapping: str(next(iter(mapping)))
)
def test_no_message_holds_a_value(mapping: Mapping[str, object]) -> None:
    _, problems = read_jobs(mapping)
    lines = [*map(repr, problems), *map(str, problems)]
    try:
        Job.from_mapping(mapping)
    except InvalidJobError as invalid_job:
        lines += [str(invalid_job), repr(invalid_job)]

    assert lines or mapping == {"job_name": SECRET}
    assert not any(
        secret in line
        for line in lines
        for secret in (SECRET, PRIVATE_KEY.splitlines()[1], CERTIFICATE.splitlines()[1])
    )


@pytest.mark.parametrize(
    "metadata", [SECRET, [SECRET], {"model": [SECRET], "model_uuid": SECRET, "unit": "\ud800"}]
)
def test_no_message_about_a_topology_or_a_unit_holds_a_value(metadata: object) -> None:
    app_databag = {"scrape_metadata": json.dumps(metadata), "scrape_jobs": f"[{SECRET}"}
    unit_databag = {ADDRESS_KEY: f"admin:{SECRET}@zinc", NAME_KEY: f"{SECRET}\ud800"}
    problems = AppDatabag.decode(app_databag)[1] + UnitDatabag.decode(unit_databag)[1]

    assert len(problems) >= 4
    assert SECRET not in repr(problems)


ANYTHING: List[object] = [
    None,
    True,
    -1,
    2**64,
    1e300,
    float("inf"),
    float("nan"),
    "",
    "*:80",
    "\ud800",
    [],
    [None],
    [[]],
    ["*:80"],
    {},
    {"": None},
    {"\ud800": {}},
    {"targets": ["*:80"]},
    {"memory": None},
]


@pytest.mark.parametrize("value", ANYTHING, ids=ascii)
def test_decoding_is_total_and_what_it_gives_is_good(value: object) -> None:
    tls_config = dict.fromkeys(("ca", "cert", "key", "ca_file", "key_ref", "server_name"), value)
    profile = dict.fromkeys(("enabled", "path", "delta", "seconds", "keep_sample_type"), value)
    jobs = [
        value,
        {"static_configs": value},
        {"static_configs": [value]},
        {"static_configs": [{"targets": value}]},
        {"static_configs": [{"targets": [value]}]},
        {"static_configs": [{"labels": value}]},
        {"static_configs": [{"labels": {"a": value, "__scheme__": value}}]},
        {"job_name": value},
        {"scheme": value},
        {"scrape_interval": value, "scrape_timeout": value},
        {"profiling_config": value},
        {"profiling_config": {"pprof_config": value, "path_prefix": value}},
        {"profiling_config": {"pprof_config": {"own": value, "process_cpu": value}}},
        {"profiling_config": {"pprof_config": {"own": profile, "process_cpu": profile}}},
        {"profiling_config": {"pprof_config": {"own": {"keep_sample_type": [value]}}}},
        {"profiling_config": {"pprof_config": {"own": {"keep_sample_type": [{"type": value}]}}}},
        {"tls_config": value},
        {"tls_config": tls_config},
        {"tls_config": {"insecure_skip_verify": value, "min_version": value}},
    ]
    metadata = dict.fromkeys(("model", "model_uuid", "application", "unit", "charm_name"), value)

    for raw in (jobs, value):
        app_databag, problems = AppDatabag.decode(
            {"scrape_jobs": json.dumps(raw), "scrape_metadata": json.dumps(metadata)}
        )
        assert all(problem.path and problem.message for problem in problems)
        served = [scrape_job.as_mapping() for scrape_job in app_databag.scrape_jobs]
        again, problems = read_jobs(*served)
        assert again == served
        assert not any(problem.severity == "error" for problem in problems)
    assert AppDatabag.decode({"scrape_metadata": json.dumps(value)})[0].scrape_jobs == ()


def test_one_bad_job_costs_no_other_its_place() -> None:
    assert read_jobs(5, job(job_name="a"), {"scheme": "ftp"}, job(job_name="b"))[0] == [
        job(job_name="a"),
        job(job_name="b"),
    ]
