from __future__ import annotations

import json
from pathlib import Path
from typing import Callable, Dict, List

import pytest

from parca_scrape.cli.check import write_commands, write_lines
from parca_scrape.cli.findings import Finding
from tests.cli.command import run
from tests.cli.dumps import ONE_PORT, make_dump
from tests.cli.test_hook_output import APP, END, HEADER, UNIT
from tests.cli.test_hook_output import write as write_output

UNKNOWN_KEY = {**ONE_PORT, "honor_labels": True}
TWO_PORTS: Dict[str, object] = {"static_configs": [{"targets": ["*:8080", "*:8081"]}]}
ERROR = "parca-scrape: error:"


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], Path]:
    def write_file(text: str) -> Path:
        file = tmp_path / "input"
        file.write_text(text, encoding="utf-8")
        return file

    return write_file


Write = Callable[[str], Path]


def test_without_problems_one_line_says_so(write: Write) -> None:
    summary = "no problems in 1 relation\n"
    assert run("check", write(make_dump(ONE_PORT))) == (0, summary, "")


def test_problems_are_listed_by_application(write: Write) -> None:
    exit_code, out, err = run("check", write(make_dump(UNKNOWN_KEY, 5)))
    assert (exit_code, err) == (1, "")
    lines = out.splitlines()
    assert lines[0] == "zinc"
    assert lines[1].startswith("  warning: relation 7: scrape_jobs[0].honor_labels: unknown or ")
    assert lines[2].startswith("  error: relation 7: scrape_jobs[1]: must be an object; ")
    assert lines[3:] == ["", "1 error, 1 warning"]


def test_warnings_count_with_strict_only(write: Write) -> None:
    file = write(make_dump(UNKNOWN_KEY))
    assert run("check", file)[0] == 0
    assert run("check", file, "--strict")[0] == 1


def test_notes_never_count(write: Write) -> None:
    exit_code, out, _ = run("check", write(make_dump(TWO_PORTS)), "--strict")
    assert exit_code == 0
    note, _, counts = out.splitlines()[1:]
    assert note.startswith("  note: relation 7: scrape_jobs[0].static_configs[0].targets[1]: has ")
    assert counts == "no problems in 1 relation, 1 note"


def test_a_unit_without_an_address_is_noted(write: Write) -> None:
    dump = make_dump(ONE_PORT).replace("parca_scrape_unit_address", "other")
    _, out, _ = run("check", write(dump))
    assert out.splitlines()[1].startswith(
        "  note: relation 7 zinc/0: parca_scrape_unit_address: missing, so "
    )


def test_a_unit_whose_databag_juju_denied_is_not_noted(write: Write) -> None:
    error = {**UNIT, "databag": None, "error": "ERROR permission denied"}
    exit_code, out, _ = run("check", write(write_output(HEADER, APP, error, END)))
    assert (exit_code, "note" in out) == (1, False)


def test_findings_are_printed_as_json(write: Write) -> None:
    exit_code, out, _ = run("check", write(make_dump(5)), "--format", "json")
    [finding] = json.loads(out)["findings"]
    assert exit_code == 1
    assert finding == {
        "severity": "error",
        "relation_id": 7,
        "application": "zinc",
        "charm": "",
        "unit": "",
        "file": "",
        "path": "scrape_jobs[0]",
        "message": "must be an object; the job is skipped",
    }


FINDING = Finding(
    severity="error",
    relation_id=7,
    application="zinc",
    charm="zinc-k8s",
    unit="zinc/0",
    file="",
    path='a["%"]',
    message="must: be\nx",
)


def test_findings_are_printed_for_github(capsys: pytest.CaptureFixture[str]) -> None:
    of_file = FINDING._replace(severity="note", relation_id=None, unit="", file="a,b:c.yaml")
    write_commands([FINDING, FINDING._replace(severity="warning"), of_file])
    text = 'relation 7 zinc/0: a["%25"]: must: be%0Ax'
    assert capsys.readouterr().out == (
        f"::error title=zinc%2C charm zinc-k8s::{text}\n"
        f"::warning title=zinc%2C charm zinc-k8s::{text}\n"
        '::notice file=a%2Cb%3Ac.yaml,title=a%2Cb%3Ac.yaml::a["%25"]: must: be%0Ax\n'
    )


def test_an_application_with_two_relations_has_one_heading(
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_lines([FINDING, FINDING._replace(relation_id=9)], "")
    assert capsys.readouterr().out.count("zinc, charm zinc-k8s\n") == 1


def check_jobs(file: Path, *options: str) -> List[str]:
    """Return the exit code and the lines of the check of a charm's own jobs."""
    exit_code, out, err = run("check", "--jobs", file, *options)
    assert err == ""
    return [str(exit_code), *out.splitlines()]


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        json.dumps([ONE_PORT]),
        "- static_configs: [{targets: ['*:8080'], labels: {a: 1}}]\n  scheme: http\n",
        "scrape_configs:\n- profiling_config: {pprof_config: {memory: {enabled: true}}}\n",
    ],
)
def test_own_jobs_without_problems(write: Write, text: str) -> None:
    assert check_jobs(write(text)) == ["0", "no problems in the scrape jobs"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[5]", "  error: jobs[0]: must be an object"),
        ("[{}, {}]", "  warning: jobs[1].job_name: another job has the same name"),
        (
            "- scheme: ftp\n",
            "  error: jobs[0].scheme: must be http or https; the job is skipped",
        ),
        ("- scrape_interval: 2026-01-02\n", "  error: jobs[0]: must be JSON: Object of type date"),
        (
            "- static_configs: [{targets: [localhost:80]}]\n",
            "  note: jobs[0].static_configs[0].targets[0]: is Parca's own host",
        ),
    ],
)
def test_own_jobs_with_problems(write: Write, text: str, line: str) -> None:
    file = write(text)
    exit_code, title, found, *_ = check_jobs(file)
    assert title == str(file)
    assert found.startswith(line)
    assert exit_code == ("1" if line.startswith("  error") else "0")


def test_every_own_job_is_checked(write: Write) -> None:
    lines = check_jobs(write("- 5\n- {scheme: ftp, job_name: a}\n- x\n- {job_name: b, y: 1}\n"))
    places = ("jobs[0]: ", "jobs[2]: ", "jobs[1].scheme: ", "jobs[3].y: ")
    assert [place for line in lines for place in places if place in line] == [*places]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "expected a list of scrape jobs, in YAML or JSON"),
        ("5", "expected a list of scrape jobs, in YAML or JSON"),
        ("jobs: []", "expected a list of scrape jobs, in YAML or JSON"),
        ("a: b: c", "not valid YAML or JSON: see line 1"),
        ("- 2026-99-99", "not valid YAML or JSON"),
        ("- !!python/none", "not valid YAML or JSON"),
        ("[" * 100, "nested too deeply"),
        ("- &a [1]\n- *a\n", "YAML aliases are not allowed: they can expand without limit"),
    ],
)
def test_a_file_without_jobs_is_refused(write: Write, text: str, reason: str) -> None:
    file = write(text)
    assert run("check", "--jobs", file) == (2, "", f"{ERROR} {file}: {reason}\n")


@pytest.mark.parametrize("option", ["file", "--live=parca/0"])
def test_own_jobs_are_checked_alone(write: Write, option: str) -> None:
    line = f"{ERROR} --jobs: not allowed with FILE or --live\n"
    assert run("check", "--jobs", write("[]"), option) == (2, "", line)
