"""What older versions of both charm libraries wrote, and what still runs and reads."""

from __future__ import annotations

from typing import Dict, List, Optional

import pytest

from parca_scrape import Job, Problem, StaticConfig, UnitDatabag
from parca_scrape.databag import judge_jobs
from parca_scrape.jobs import list_jobs
from tests.pem import CERTIFICATE, PRIVATE_KEY
from tests.reading import error, job, read_jobs, warning

COLON = "consumers older than LIBPATCH 7 fail on IPv6 and on a target without a port"
CONFIG = "scrape_jobs[0].tls_config"
MOVED = "is for the path of a file but contains PEM text: put the text into"
HOST_FILE = "names a file or a secret on the Parca host: put the PEM text itself into"
PAIR = {"cert": CERTIFICATE, "key": PRIVATE_KEY}
NULL = "consumers older than LIBPATCH 7 fail on null: omit the field"


def test_the_address_of_the_first_drafts_is_read_and_never_written() -> None:
    unit_databag = UnitDatabag.decode_strict({"parca_scrape_host": "10.0.0.1"})

    assert unit_databag == UnitDatabag("10.0.0.1")
    assert unit_databag.encode() == {"parca_scrape_unit_address": "10.0.0.1"}


@pytest.mark.parametrize(
    ("raw", "served", "problems"),
    [
        (
            {"ca_file": CERTIFICATE},
            {"ca": CERTIFICATE},
            [warning(f"{CONFIG}.ca_file", f"{MOVED} ca")],
        ),
        (
            {"cert_file": CERTIFICATE, "key_file": PRIVATE_KEY},
            PAIR,
            [
                warning(f"{CONFIG}.cert_file", f"{MOVED} cert"),
                warning(f"{CONFIG}.key_file", f"{MOVED} key"),
            ],
        ),
        (
            {"ca": "/etc/ca.pem", "ca_file": CERTIFICATE},
            {"ca": CERTIFICATE},
            [warning(f"{CONFIG}.ca_file", f"{MOVED} ca")],
        ),
        (
            {"ca": CERTIFICATE, "ca_file": CERTIFICATE * 2},
            {"ca": CERTIFICATE},
            [error(f"{CONFIG}.ca_file", f"{HOST_FILE} ca")],
        ),
        (
            {
                "ca": CERTIFICATE,
                "ca_file": CERTIFICATE * 2,
                "cert_file": CERTIFICATE,
                "key_file": PRIVATE_KEY,
            },
            {"ca": CERTIFICATE, **PAIR},
            [
                warning(f"{CONFIG}.cert_file", f"{MOVED} cert"),
                warning(f"{CONFIG}.key_file", f"{MOVED} key"),
                error(f"{CONFIG}.ca_file", f"{HOST_FILE} ca"),
            ],
        ),
        ({"ca_file": PRIVATE_KEY}, None, [error(f"{CONFIG}.ca_file", f"{HOST_FILE} ca")]),
        ({"ca_ref": CERTIFICATE}, None, [error(f"{CONFIG}.ca_ref", f"{HOST_FILE} ca")]),
        (
            {"cert_file": CERTIFICATE, "key_file": "/etc/key.pem"},
            None,
            [
                warning(f"{CONFIG}.cert_file", f"{MOVED} cert"),
                error(f"{CONFIG}.key_file", f"{HOST_FILE} key"),
                error(f"{CONFIG}.cert", "needs a key: Parca refuses a certificate without one"),
            ],
        ),
    ],
)
def test_pem_text_in_a_file_field_moves_to_the_field_for_text(
    raw: object, served: Optional[Dict[str, object]], problems: List[Problem]
) -> None:
    assert read_jobs(job(scheme="https", tls_config=raw)) == (
        [job(scheme="https", **({"tls_config": served} if served else {}))],
        problems,
    )


def test_the_ca_that_parca_k8s_publishes_of_itself_is_used() -> None:
    published = {
        "static_configs": [{"targets": ["*:7070"]}],
        "scheme": "https",
        "tls_config": {"ca_file": CERTIFICATE},
    }

    assert read_jobs(published)[0] == [{**published, "tls_config": {"ca": CERTIFICATE}}]


@pytest.mark.parametrize(
    ("static_config", "problems"),
    [
        ({"targets": ["*:80", "zinc:80"], "labels": {"a": "b"}}, []),
        ({}, []),
        ({"targets": []}, []),
        ({"targets": ["*:80", "zinc"]}, [warning("jobs[0].static_configs[0].targets[1]", COLON)]),
        ({"targets": ["*"]}, [warning("jobs[0].static_configs[0].targets[0]", COLON)]),
        ({"targets": ["[::1]:80"]}, [warning("jobs[0].static_configs[0].targets[0]", COLON)]),
        ({"targets": None}, [warning("jobs[0].static_configs[0].targets", NULL)]),
        ({"labels": None}, [warning("jobs[0].static_configs[0].labels", NULL)]),
    ],
)
def test_a_charm_is_told_what_older_consumers_fail_on(
    static_config: Dict[str, object], problems: List[Problem]
) -> None:
    jobs = list_jobs([{"static_configs": [static_config]}])

    assert judge_jobs(jobs) == problems


def test_what_older_consumers_fail_on_is_told_wherever_it_stands() -> None:
    jobs = list_jobs([{}, {"static_configs": [{}, {"targets": ["a:1", "b"]}, {"labels": None}]}])

    assert judge_jobs(jobs) == [
        warning("jobs[1].static_configs[1].targets[1]", COLON),
        warning("jobs[1].static_configs[2].labels", NULL),
    ]


@pytest.mark.parametrize(
    "raw",
    [
        {"static_configs": None},
        {"static_configs": {"targets": None}},
        {"static_configs": [None, ["a"]]},
        {"static_configs": [{"targets": "zinc"}]},
        {"static_configs": [{"targets": [None, 5]}]},
    ],
)
def test_what_no_consumer_serves_is_told_as_an_error_only(raw: Dict[str, object]) -> None:
    problems = judge_jobs(list_jobs([raw]))

    assert {problem.severity for problem in problems} == {"error"}


def test_a_typed_job_publishes_nothing_that_older_consumers_fail_on_but_ipv6() -> None:
    jobs = [
        Job([StaticConfig(["zinc", "*"], {"a": ""}), StaticConfig()], scheme="https"),
        Job([StaticConfig(["::1"])]),
    ]

    assert judge_jobs(jobs) == [warning("jobs[1].static_configs[0].targets[0]", COLON)]
