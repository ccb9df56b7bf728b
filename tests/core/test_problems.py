from __future__ import annotations

import copy
import pickle

import pytest

from parca_scrape import AppDatabag, DatabagError, InvalidJobError, Problem, StaticConfig
from tests.reading import error, read_jobs, refusal, warning

RULE = "must be http or https"


@pytest.mark.parametrize(
    ("problem", "line"),
    [
        (Problem("error", "scrape_jobs[0].scheme", RULE), f"error: scrape_jobs[0].scheme: {RULE}"),
        (Problem("warning", "", RULE), f"warning: {RULE}"),
        (Problem("error", "scheme", RULE, 0), f"error: relation 0: scheme: {RULE}"),
        (
            Problem("error", "scheme", RULE, 7, "zinc"),
            f"error: relation 7 zinc: scheme: {RULE}",
        ),
        (
            Problem("error", "scheme", RULE, 7, "zinc", "zinc/0"),
            f"error: relation 7 zinc/0: scheme: {RULE}",
        ),
        (Problem("error", "", RULE, application="zinc"), f"error: zinc: {RULE}"),
        (Problem("error", "", RULE, unit="zinc/0"), f"error: zinc/0: {RULE}"),
    ],
)
def test_a_problem_is_one_line_of_severity_origin_path_and_message(
    problem: Problem, line: str
) -> None:
    assert str(problem) == line


@pytest.mark.parametrize(
    ("path", "line"), [("static_configs[0]", f"static_configs[0]: {RULE}"), ("", RULE)]
)
def test_an_invalid_job_is_one_line_of_path_and_rule(path: str, line: str) -> None:
    invalid_job = InvalidJobError(path, RULE)

    assert (str(invalid_job), invalid_job.path, invalid_job.rule) == (line, path, RULE)


def test_a_databag_error_gives_each_problem_a_line() -> None:
    problems = [error("scrape_jobs[0]", "must be an object"), warning("scrape_jobs[1].x", "odd")]
    databag_error = DatabagError(problems)

    assert databag_error.problems == tuple(problems)
    assert str(databag_error) == (
        "error: scrape_jobs[0]: must be an object\nwarning: scrape_jobs[1].x: odd"
    )


def test_errors_are_value_errors() -> None:
    assert isinstance(InvalidJobError("", RULE), ValueError)
    assert isinstance(DatabagError([]), ValueError)


def test_errors_can_be_pickled_and_copied() -> None:
    invalid_job = InvalidJobError("scheme", RULE)
    databag_error = DatabagError([error("scrape_jobs", "must be a list")])

    for again in (pickle.loads(pickle.dumps(invalid_job)), copy.deepcopy(invalid_job)):
        assert (again.path, again.rule) == ("scheme", RULE)
    for again in (pickle.loads(pickle.dumps(databag_error)), copy.deepcopy(databag_error)):
        assert again.problems == databag_error.problems


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("plain", ".plain"),
        ("_x1", "._x1"),
        ("1x", '["1x"]'),
        ("a.b", '["a.b"]'),
        ("a-b", '["a-b"]'),
        ('a"]b', r'["a\"]b"]'),
        ("a\nb", r'["a\nb"]'),
        ("\x1b[2J", r'["\u001b[2J"]'),
        ("é", r'["\u00e9"]'),
        ("x" * 40, f".{'x' * 40}"),
        ("x" * 41, f'["{"x" * 40}..."]'),
        ("-" * 40, f'["{"-" * 40}"]'),
        ("-" * 41, f'["{"-" * 40}..."]'),
    ],
)
def test_a_path_is_short_printable_and_one_line(name: str, path: str) -> None:
    _, problems = read_jobs(
        {"static_configs": [{"targets": ["*:80"], "labels": {name: {"a": "b"}}}]}
    )

    assert [problem.path for problem in problems] == [
        f"scrape_jobs[0].static_configs[0].labels{path}"
    ]


def test_a_path_into_a_charms_own_job_starts_at_the_job() -> None:
    line = refusal(lambda: StaticConfig(labels={"__scheme__": "ftp"}))

    assert line == f"labels.__scheme__: {RULE}"


def test_the_core_leaves_relation_application_and_unit_to_the_reader() -> None:
    assert AppDatabag.decode({"scrape_jobs": "{}"})[1] == [
        Problem("error", "scrape_jobs", "must be a list", None, "", "")
    ]
