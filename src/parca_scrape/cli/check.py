"""`parca-scrape check`: report what is wrong in the databags, by the application to fix."""

from __future__ import annotations

from typing import TYPE_CHECKING, List, Sequence

from parca_scrape.cli import inputs
from parca_scrape.cli.console import (
    PROBLEMS_FOUND,
    CommandError,
    add_format,
    count,
    show,
    write_json,
    write_text,
)
from parca_scrape.cli.explain import Explanation, explain_target
from parca_scrape.cli.findings import Finding, check_jobs, check_relations
from parca_scrape.cli.screen import BLUE, RED, YELLOW, paint

if TYPE_CHECKING:
    import argparse

DESCRIPTION = """\
Report every problem in the relations of the Parca charm, by the application to fix. Notes
report what is valid but rarely intended; they never change the exit code. Exit code: 0 if there
is no error; 1 if there is one, or a warning with --strict; 2 if the input cannot be used."""
EXAMPLE = "juju show-unit parca/0 | parca-scrape check --strict"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command to its parser."""
    inputs.add_arguments(parser)
    parser.add_argument("--strict", action="store_true", help="count warnings as errors")
    add_format(parser, "text", "json", "github", note="; github prints workflow commands")
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument(
        "--jobs",
        metavar="JOBS",
        help="instead, check a charm's own scrape jobs: a list in a YAML or JSON file",
    )
    mode.add_argument(
        "--explain",
        metavar="TARGET",
        help="instead, report where a target comes from, or why Parca does not scrape it",
    )


def run(arguments: argparse.Namespace) -> int:
    """Check an input and return the exit code.

    Raises:
        CommandError: the input cannot be used.
        OSError: the result cannot be written.
    """
    if arguments.explain is not None:
        return explain(arguments)
    if arguments.jobs is not None:
        if arguments.files or arguments.live is not None:
            raise CommandError("--jobs: not allowed with FILE or --live")
        findings = check_jobs(arguments.jobs)
        summary = "no problems in the scrape jobs"
    else:
        relations = inputs.read(arguments)
        findings = check_relations(relations)
        summary = f"no problems in {count(len(relations), 'relation')}"
    if arguments.format == "json":
        write_json({"findings": [finding._asdict() for finding in findings]})
    elif arguments.format == "github":
        write_commands(findings)
    else:
        write_lines(findings, summary)
    counted = ("error", "warning") if arguments.strict else ("error",)
    return PROBLEMS_FOUND if any(finding.severity in counted for finding in findings) else 0


def write_lines(findings: Sequence[Finding], summary: str) -> None:
    """Print findings for people, by the application to fix."""
    colours = {"error": RED, "warning": YELLOW, "note": BLUE}
    lines: List[str] = []
    title = ""
    for finding in findings:
        if finding.title != title:
            title = finding.title
            lines += [""] if lines else []
            lines.append(title)
        severity = paint(finding.severity, colours[finding.severity])
        lines.append(f"  {severity}: {finding.text}")
    severities = [finding.severity for finding in findings]
    counts = [count(severities.count(name), name) for name in colours if name in severities]
    problems = [name for name in severities if name != "note"]
    lines += [""] if lines else []
    lines.append(", ".join(counts if problems else [summary, *counts]))
    write_text("\n".join(lines) + "\n")


def write_commands(findings: Sequence[Finding]) -> None:
    """Print findings as workflow commands of GitHub.

    Source: https://docs.github.com/actions/reference/workflow-commands.
    """
    names = {"error": "error", "warning": "warning", "note": "notice"}
    for finding in findings:
        file = f"file={escape(finding.file, ':,')}," if finding.file else ""
        title = f"title={escape(finding.title, ':,')}"
        text = escape(finding.text)
        write_text(f"::{names[finding.severity]} {file}{title}::{text}\n")


def escape(text: str, separators: str = "") -> str:
    """Return text for a workflow command, with the characters that separate its parts escaped."""
    for character in "%\r\n" + separators:
        text = text.replace(character, f"%{ord(character):02X}")
    return text


def explain(arguments: argparse.Namespace) -> int:
    """Report where a target comes from, and return the exit code.

    Raises:
        CommandError: the input cannot be used, or explanations do not come in the format.
        OSError: the result cannot be written.
    """
    if arguments.format == "github":
        raise CommandError("--explain: not allowed with --format github")
    explanation = explain_target(arguments.explain, inputs.read(arguments))
    if arguments.format == "json":
        document = {**explanation._asdict(), "is_scraped": explanation.is_scraped}
        document["origins"] = [origin._asdict() for origin in explanation.origins]
        write_json(document)
    else:
        write_text("\n".join(describe(explanation)) + "\n")
    return 0 if explanation.is_scraped else PROBLEMS_FOUND


def describe(explanation: Explanation) -> List[str]:
    """Return an explanation as lines for people."""
    verdict = "is scraped" if explanation.is_scraped else "is not scraped"
    lines = [f"{show(explanation.target)} {verdict}"]
    for origin in explanation.origins:
        name = f"relation {origin.relation_id} {origin.application}: {origin.path}"
        unit = f", at the address of {show(origin.unit)}" if origin.unit else ""
        jobs = ", ".join(map(show, origin.job_names))
        lines.append(f"  {name}{unit}{f': job {jobs}' if jobs else ''}")
        lines += [f"    skipped: {reason}" for reason in origin.reasons]
    lines += [f"  {hint}" for hint in explanation.hints]
    return lines
