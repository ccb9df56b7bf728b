from __future__ import annotations

import json
from typing import List, Mapping

import pytest

from parca_scrape import (
    AppDatabag,
    InvalidJobError,
    Job,
    UnitDatabag,
)
from tests.pem import CERTIFICATE, PRIVATE_KEY
from tests.reading import job, read_jobs

ADDRESS_KEY = "parca_scrape_unit_address"
NAME_KEY = "parca_scrape_unit_name"
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
