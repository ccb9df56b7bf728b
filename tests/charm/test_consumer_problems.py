from __future__ import annotations

from ops import testing

from parca_scrape import (
    Problem,
)
from tests.hook_tools import warnings_in
from tests.parca_charm import (
    make_context,
    make_relation,
    one_port,
    run_hook,
    unit_data,
)

RULE = (
    "must be a host name (at most 253 characters) or an IP address, without a scheme, port, path"
    " or spaces"
)


BAD_JOBS = '[{"scheme": "ftp"}, {"static_configs": [{"targets": ["*:8080", "*:0"]}]}]'
TARGET_RULE = (
    "must be host:port or *:port, without a scheme, path or spaces; the port (1 to 65535) is"
    " optional, an IPv6 address needs brackets, and a host has at most 253 characters"
)


def test_problems_name_relation_application_and_unit() -> None:
    units_data = {0: unit_data("zinc", 0), 3: {"parca_scrape_unit_address": "a b"}}
    relations = (
        make_relation(4, scrape_jobs=BAD_JOBS, units_data=units_data),
        make_relation(2, "mimir", scrape_jobs="{"),
    )
    hook = run_hook("start", *relations)
    json_rule = "must be valid JSON: see line 1, column 2"
    scheme_rule = "must be http or https; the job is skipped"
    assert hook.problems == [
        Problem("error", "scrape_jobs", json_rule, 2, "mimir"),
        Problem("error", "scrape_jobs[0].scheme", scheme_rule, 4, "zinc"),
        Problem("error", "scrape_jobs[1].static_configs[0].targets[1]", TARGET_RULE, 4, "zinc"),
        Problem("error", "parca_scrape_unit_address", RULE, 4, "zinc", "zinc/3"),
    ]
    assert hook.log == [
        f"error: relation 2 mimir: scrape_jobs: {json_rule}",
        f"error: relation 4 zinc: scrape_jobs[0].scheme: {scheme_rule}",
        f"error: relation 4 zinc: scrape_jobs[1].static_configs[0].targets[1]: {TARGET_RULE}",
        f"error: relation 4 zinc/3: parca_scrape_unit_address: {RULE}",
    ]
    assert hook.jobs == [one_port()]


def test_a_problem_is_logged_once_per_hook() -> None:
    hook = run_hook("relation_changed", make_relation(1, scrape_jobs="{"))
    assert hook.changes == [(1, [])]
    assert len(hook.log) == 1


def test_problems_logs_nothing() -> None:
    context = make_context()
    state = testing.State(relations=[make_relation(1, scrape_jobs="{")])
    with context(context.on.start(), state) as manager:
        manager.charm.consumer.problems()
        manager.run()
    assert warnings_in(context) == []


def test_a_relation_logs_twenty_problems_and_a_count() -> None:
    jobs = ", ".join(['{"scheme": "ftp"}'] * 25)
    relations = [make_relation(number, scrape_jobs=f"[{jobs}]") for number in (1, 2)]
    relations.append(make_relation(3, scrape_jobs='[{"scheme": "ftp"}]'))
    hook = run_hook("relation_changed", *relations)
    rule = "must be http or https; the job is skipped"
    lines = [
        f"error: relation {relation_id} zinc: scrape_jobs[{index}].scheme: {rule}"
        for relation_id, number in ((1, 20), (2, 20), (3, 1))
        for index in range(number)
    ]
    assert hook.log == [
        *lines,
        "relation 1: 5 more problems: problems() lists them",
        "relation 2: 5 more problems: problems() lists them",
    ]
    assert len(hook.problems) == 51


def test_a_renamed_job_is_a_warning_for_the_later_relation() -> None:
    hook = run_hook("start", make_relation(1), make_relation(2, units=(1,)))
    name_rule = "another job has the same name; a number was added: give each job its own job_name"
    assert hook.problems == [Problem("warning", "scrape_jobs", name_rule, 2, "zinc")]
    assert hook.log == [f"warning: relation 2 zinc: scrape_jobs: {name_rule}"]


def test_warnings_and_errors_are_logged_at_their_levels() -> None:
    context = make_context()
    scrape_jobs = '[{"scheme": "ftp"}, {"nonsense": 1}]'
    state = testing.State(relations=[make_relation(1, scrape_jobs=scrape_jobs)])
    with context(context.on.start(), state) as manager:
        manager.charm.consumer.jobs()
    lines = [(line.level, line.message[:7]) for line in context.juju_log]
    assert [line for line in lines if line[0] != "DEBUG"] == [
        ("ERROR", "error: "),
        ("WARNING", "warning"),
    ]
