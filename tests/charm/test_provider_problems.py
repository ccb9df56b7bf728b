from __future__ import annotations

import socket
from typing import Any, Callable, List, Mapping

import ops
import pytest

from parca_scrape import Problem, ProfilingEndpointProvider
from tests.hook_tools import HookTools
from tests.profiled_charm import (
    FQDN,
    FULL_JOB,
    Jobs,
    both_databags,
    make_context,
    make_relation,
    make_state,
    run_hook,
    with_jobs,
)

NO_JSON = "must be JSON: Object of type set is not JSON serializable"
BAD_JOBS: List[Mapping[str, object]] = [{"scheme": "ftp"}, {"scrape_interval": "0s"}]
BAD_TEXT = (
    '[{"static_configs": [{"targets": ["*:80"]}], "scheme": "ftp"},'
    ' {"static_configs": [{"targets": ["*:80"]}], "scrape_interval": "0s"}]'
)
BAD_JOB_PROBLEMS = [
    Problem("error", "jobs[0].scheme", "must be http or https; the job is skipped"),
    Problem(
        "error",
        "jobs[1].scrape_interval",
        "must be a duration such as 1m30s, above zero and below 292 years",
    ),
]


@pytest.fixture(autouse=True)
def _fqdn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getfqdn", lambda: FQDN)


@pytest.mark.parametrize("leader", [True, False])
def test_problems_list_what_consumers_would_leave_out_of_the_jobs(leader: bool) -> None:
    context = make_context(with_jobs(BAD_JOBS))
    with context(context.on.start(), make_state([], leader=leader)) as manager:
        assert manager.charm.provider.problems() == BAD_JOB_PROBLEMS


def test_problems_include_a_job_that_is_not_json() -> None:
    context = make_context(with_jobs([{}, {"job_name": {"a"}}]))
    with context(context.on.start(), make_state([])) as manager:
        assert manager.charm.provider.problems() == [Problem("error", "jobs[1]", NO_JSON)]


def test_problems_are_those_of_the_jobs_that_a_function_returns_now() -> None:
    jobs: List[Mapping[str, object]] = []
    context = make_context(with_jobs(lambda: jobs))
    with context(context.on.start(), make_state([])) as manager:
        assert manager.charm.provider.problems() == []
        jobs += BAD_JOBS
        assert manager.charm.provider.problems() == BAD_JOB_PROBLEMS


def test_problems_include_what_a_function_returns_instead_of_jobs() -> None:
    no_job: Any = "*:80"
    context = make_context(with_jobs(lambda: [no_job]))
    with context(context.on.start(), make_state([])) as manager:
        assert manager.charm.provider.problems() == [
            Problem("error", "jobs[0]", "must be a mapping or a Job")
        ]


def test_problems_include_keys_that_are_not_published() -> None:
    context = make_context(with_jobs([{"basic_auth": {}, "scrape_intervall": "1m"}]))
    with context(context.on.start(), make_state([])) as manager:
        problems = manager.charm.provider.problems()
    assert [(problem.severity, problem.path) for problem in problems] == [
        ("warning", "jobs[0].basic_auth"),
        ("warning", "jobs[0].scrape_intervall"),
    ]


def test_good_jobs_have_no_problems() -> None:
    context = make_context(with_jobs([FULL_JOB, {"job_name": "a"}]))
    with context(context.on.start(), make_state([make_relation(1)])) as manager:
        assert manager.charm.provider.problems() == []


def test_problems_calls_no_hook_tool() -> None:
    tools = HookTools()
    context = make_context(with_jobs(BAD_JOBS), tools)
    with context(context.on.start(), make_state([make_relation(1)])) as manager:
        manager.charm.provider.problems()
        assert tools.own_calls == []


def publish_twice(charm: ops.CharmBase) -> ProfilingEndpointProvider:
    provider = ProfilingEndpointProvider(charm, jobs=BAD_JOBS)
    provider.set_scrape_job_spec()
    provider.set_scrape_job_spec()
    return provider


@pytest.mark.parametrize("make", [with_jobs(BAD_JOBS), publish_twice])
def test_bad_jobs_are_published_and_logged_once_per_hook(
    make: Callable[[ops.CharmBase], ProfilingEndpointProvider],
) -> None:
    hook = run_hook("relation_joined", make_relation(1), make_relation(2), make=make)
    assert hook.databags == {1: both_databags(BAD_TEXT), 2: both_databags(BAD_TEXT)}
    assert hook.log == [
        "error: jobs[0].scheme: must be http or https; the job is skipped",
        "error: jobs[1].scrape_interval: must be a duration such as 1m30s,"
        " above zero and below 292 years",
    ]


def test_bad_jobs_are_logged_only_where_they_are_published() -> None:
    make = with_jobs(BAD_JOBS)
    assert run_hook("update_status", make_relation(1), make=make).log == []
    assert run_hook("relation_joined", make_relation(1), make=make, leader=False).log == []
    assert run_hook("leader_elected", make=make).log == []


def test_twenty_of_many_bad_jobs_are_logged_and_the_rest_counted() -> None:
    jobs: Jobs = [{"scheme": "ftp"}] * 23
    log = run_hook("relation_joined", make_relation(1), make=with_jobs(jobs)).log
    lines = [
        f"error: jobs[{index}].scheme: must be http or https; the job is skipped"
        for index in range(20)
    ]
    assert log == [*lines, "3 more problems: problems() lists them"]
