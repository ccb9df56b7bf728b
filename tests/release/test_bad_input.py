"""What the explanation says of bad input: what Parca does by the model of it, and what we skip."""

from __future__ import annotations

import json
import re
from typing import Dict, List, Optional, Sequence

import pytest

from parca_scrape.render import render
from tests.forms import ROOT
from tests.oracle import Verdict, judge
from tests.reading import read_relation, unit_databags_of
from tests.strategies import CERTIFICATE, Json, Object

PAGE = (ROOT / "docs" / "explanation" / "bad-input.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| (.+?) \|", re.MULTILINE)
Change = Optional[Object]
RULE: Object = {
    "source_labels": ["juju_model"],
    "separator": "_",
    "target_label": "instance",
    "regex": "(.*)",
}
TARGETS: Json = [{"targets": ["zinc:80"]}]


def profiles(pprof_config: Object) -> Object:
    return {"profiling_config": {"pprof_config": pprof_config}}


def tls(settings: Object) -> Object:
    return {"scheme": "https", "tls_config": settings}


# By the first cell of a row; each replaces settings of a good job.
CRASHES: Dict[str, Change] = {
    "a `scrape_interval` of zero": {"scrape_interval": "0s"},
    "`null` for a profile other than the five standard ones": profiles({"fgprof": None}),
    "a job that is `null`": None,
}
REFUSED: Dict[str, Change] = {
    "two jobs with the same name": {"job_name": "good"},
    "a job without a name": {"job_name": ""},
    "a `scrape_timeout` that is not longer than the `scrape_interval`": {"scrape_timeout": "10s"},
    "a `scrape_timeout` below 2s while `process_cpu` is on": {
        "scrape_interval": "1s",
        "scrape_timeout": "1900ms",
    },
    "text that is not a duration": {"scrape_interval": "soon"},
    "a key that Parca does not know": {"metrics_path": "/"},
    "a wrong type, such as a list or a string where a boolean belongs": tls(
        {"insecure_skip_verify": "perhaps"}
    ),
    "a `cert` without a `key`, or the reverse": tls({"cert": CERTIFICATE}),
    "an unknown TLS version": tls({"min_version": "TLS14"}),
    "half of a surrogate pair in a string": {"job_name": "\ud83d"},
}
USELESS: Dict[str, Change] = {
    "a target with a scheme or a path": {"static_configs": [{"targets": ["zinc:80/debug"]}]},
    "a `scheme` other than `http` and `https`": {"scheme": "ftp"},
    "a `ca` that is not PEM text, or a damaged `cert` or `key`": tls({"ca": "text"}),
    "a custom profile with a name such as `heap-inuse`, or `trace`": profiles(
        {"heap-inuse": {"enabled": True, "path": "/heap"}}
    ),
}


def read_inputs(heading: str) -> List[str]:
    """Return the first cells of the table under a heading, without its head."""
    return ROW.findall(PAGE.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0])[1:]


def make_jobs(change: Change) -> List[Change]:
    """Return a good scrape config, and another with a change to it; None for no config at all."""
    good: Object = {"job_name": "good", "static_configs": TARGETS, "relabel_configs": [RULE]}
    bad: Object = {**good, "job_name": "bad", "scrape_interval": "10s"}
    return [good, None if change is None else {**bad, **change}]


def judge_ours(jobs: Sequence[Change]) -> Verdict:
    """Return what becomes of jobs if a provider publishes them, and this library renders them."""
    published = [
        job and {key: value for key, value in job.items() if key != "relabel_configs"}
        for job in jobs
    ]
    units = unit_databags_of([("zinc/0", "10.0.0.1", "zinc/0")])
    databag = {"scrape_jobs": json.dumps(published)}
    return judge(render([read_relation(1, "zinc", databag, units)])[0])


def test_every_row_about_crashes_and_refusals_has_an_example() -> None:
    assert read_inputs("What makes the server die") == list(CRASHES)
    assert read_inputs("What makes Parca refuse the file") == list(REFUSED)
    assert {*USELESS} < {*read_inputs("What Parca loads and cannot use")}


@pytest.mark.parametrize("name", CRASHES)
def test_parca_crashes_as_the_page_says(name: str) -> None:
    jobs = make_jobs(CRASHES[name])
    assert judge(jobs).verdict == "crash"
    assert judge_ours(jobs).clean


@pytest.mark.parametrize("name", REFUSED)
def test_parca_refuses_the_file_as_the_page_says(name: str) -> None:
    jobs = make_jobs(REFUSED[name])
    assert judge(jobs).verdict == "refused"
    assert judge_ours(jobs).clean


@pytest.mark.parametrize("name", USELESS)
def test_parca_loads_and_cannot_use_what_the_page_says(name: str) -> None:
    jobs = make_jobs(USELESS[name])
    verdict = judge(jobs)
    assert (verdict.verdict, verdict.clean) == ("accepted", False)
    assert judge_ours(jobs).clean
