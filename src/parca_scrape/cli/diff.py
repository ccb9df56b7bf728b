"""`parca-scrape diff`: report which series go on, move, start, end and break."""

from __future__ import annotations

from typing import TYPE_CHECKING, Dict, List, Optional, Sequence

from parca_scrape.cli import inputs
from parca_scrape.cli.comparison import Change, Row, compare
from parca_scrape.cli.console import (
    PROBLEMS_FOUND,
    READ_ONCE,
    STANDARD_INPUT,
    CommandError,
    add_format,
    name_input,
    read_text,
    show,
    warn,
    write_json,
    write_text,
)
from parca_scrape.cli.diff_inputs import DiffInput, read_diff_input
from parca_scrape.cli.live import run_script
from parca_scrape.cli.relations import hint_at_problems
from parca_scrape.cli.screen import BLUE, GREEN, RED, YELLOW, paint, write_table
from parca_scrape.render import RESERVED_JOB_NAME

if TYPE_CHECKING:
    import argparse

    from parca_scrape.cli.series import Series

DESCRIPTION = """\
Report what becomes of the series in Parca when OLD is replaced by NEW. Each is databags or a
parca.yaml. A series is one profile of a target, with the final labels of the target: a new
address breaks it only if a label contains the address. Exit code: 0 if all series go on, move
or start; 1 if any breaks or ends; 2 if an input cannot be used."""
EXAMPLE = "juju show-unit parca/0 | parca-scrape diff parca.yaml -"
# There can be one for each target.
MAX_WARNINGS = 20
COLUMNS = ("change", "job", "target", "profiles", "details")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command to its parser."""
    kinds = "databags, in a file as for the other commands, or a parca.yaml; - is standard input"
    parser.add_argument("old", metavar="OLD", help=kinds)
    parser.add_argument(
        "new",
        metavar="NEW",
        nargs="?",
        help=f"{kinds} (default: with --live what the unit shows, with --as the same as OLD)",
    )
    parser.add_argument(
        "--as",
        dest="library",
        choices=("machine", "k8s"),
        help="render OLD as the reference library in this charm does, to see what changes when"
        " only the library is upgraded",
    )
    parser.add_argument("--all", action="store_true", help="also list the targets that go on")
    inputs.add_live(parser)
    inputs.add_endpoint(parser)
    add_format(parser, "text", "json")


def run(arguments: argparse.Namespace) -> int:
    """Compare two inputs and return the exit code.

    Raises:
        CommandError: an input cannot be used.
        OSError: the result cannot be written.
    """
    old_file, new_file = arguments.old, arguments.new
    is_live = arguments.live is not None
    if is_live and new_file is not None:
        raise CommandError("--live: not allowed with NEW")
    if arguments.model is not None and not is_live:
        raise CommandError("--model: only with --live")
    if new_file is None and not (arguments.library or is_live):
        raise CommandError("NEW is missing: it is optional only with --as and --live")
    if old_file == new_file == STANDARD_INPUT:
        raise CommandError(READ_ONCE)
    old_text = read_text(old_file)
    if is_live:
        new_file = arguments.live
        new_text = run_script(arguments.live, arguments.endpoint, arguments.model)
    else:
        new_text = old_text if new_file is None else read_text(new_file)
    old = read_diff_input(old_file, old_text, arguments.endpoint, arguments.library)
    new = read_diff_input(new_file or old_file, new_text, arguments.endpoint)
    for side in (old, new) if old_text != new_text else (new,):
        hint_at_problems(side.problems)
    warnings = [
        *(f"{name_input(old_file)}: {warning}" for warning in old.warnings),
        *(f"{name_input(new_file or old_file)}: {warning}" for warning in new.warnings),
    ]
    old_series, new_series = omit_own_job(old, new), omit_own_job(new, old)
    if (len(old_series), len(new_series)) != (len(old.series), len(new.series)):
        warnings.append("the job parca, which the Parca charm adds for itself, is not compared")
    rows = compare(old_series, new_series)
    counts = dict.fromkeys(Change, 0)
    for row in rows:
        counts[row.change] += 1
    shown = [row for row in rows if arguments.all or not is_unchanged(row)]
    if arguments.format == "json":
        write_json(
            {
                "as": arguments.library,
                "counts": {change.name.lower(): number for change, number in counts.items()},
                "targets": [encode_row(row) for row in shown],
                "warnings": warnings,
            }
        )
    else:
        write_lines(shown)
        write_text(", ".join(f"{change.value}: {counts[change]:,}" for change in Change) + "\n")
    write_warnings(warnings)
    return PROBLEMS_FOUND if any(row.is_loss for row in rows) else 0


def omit_own_job(side: DiffInput, other: DiffInput) -> List[Series]:
    """Return the series of a side without the job that parca-k8s adds to its parca.yaml.

    No databag holds this job, so it stays when both sides are files.
    """
    is_other = any(series.job == RESERVED_JOB_NAME for series in other.series)
    if not side.is_configuration or other.is_configuration or is_other:
        return side.series
    return [series for series in side.series if series.job != RESERVED_JOB_NAME]


def is_unchanged(row: Row) -> bool:
    """Return whether there is nothing to report: the series of a row go on unchanged."""
    return row.change is Change.GOES_ON and not describe(row)


def describe(row: Row) -> str:
    """Return what has changed about a target, in one line."""
    if row.old is None or row.new is None:
        return "another target has the same series" if row.change is Change.GOES_ON else ""
    changes: List[str] = []
    if row.change is Change.MOVED:
        changes.append(f"from {show(row.old.address)}")
    if row.old.scheme != row.new.scheme:
        changes.append(f"scheme: {show(row.old.scheme)} -> {show(row.new.scheme)}")
    for label in row.changed_labels:
        old, new = (show(value) if value else "(none)" for value in (label.old, label.new))
        changes.append(f"{show(label.name)}: {old} -> {new}")
    return ", ".join(changes)


def write_lines(rows: Sequence[Row]) -> None:
    """Print rows as a table for people."""
    colours = {
        Change.BREAKS: RED,
        Change.ENDS: RED,
        Change.MOVED: YELLOW,
        Change.STARTS: GREEN,
        Change.GOES_ON: BLUE,
    }
    write_table(
        COLUMNS,
        [
            (
                paint(row.change.value, colours[row.change]),
                row.series.job,
                row.series.address,
                "all" if row.is_whole else ", ".join(row.profiles),
                describe(row),
            )
            for row in rows
        ],
    )


def encode_row(row: Row) -> Dict[str, object]:
    """Return a row for JSON."""
    return {
        "change": row.change.name.lower(),
        "job": row.series.job,
        "target": row.series.address,
        "profiles": list(row.profiles),
        "all_profiles": row.is_whole,
        "labels": [label._asdict() for label in row.changed_labels],
        "old": encode_place(row.old),
        "new": encode_place(row.new),
    }


def encode_place(series: Optional[Series]) -> Optional[Dict[str, str]]:
    """Return where a target is or was."""
    if series is None:
        return None
    return {"job": series.job, "target": series.address, "scheme": series.scheme}


def write_warnings(warnings: Sequence[str]) -> None:
    """Print on standard error what is uncertain about the result."""
    for warning in warnings[:MAX_WARNINGS]:
        warn(warning)
    if len(warnings) > MAX_WARNINGS:
        warn(f"and {len(warnings) - MAX_WARNINGS:,} more of this kind")
