"""`parca-scrape probe`: visit each target as Parca does, and report where it fails."""

from __future__ import annotations

import argparse
import math
from typing import Dict, List, Sequence

from parca_scrape.cli import inputs
from parca_scrape.cli.console import (
    PROBLEMS_FOUND,
    CommandError,
    add_format,
    write_json,
    write_text,
)
from parca_scrape.cli.probe_targets import list_targets
from parca_scrape.cli.probing import Outcome, visit_all
from parca_scrape.cli.relations import hint_at_problems, render_texts
from parca_scrape.cli.screen import (
    GREEN,
    RED,
    describe_counts,
    paint,
    show_progress,
    write_table,
)

DESCRIPTION = """\
Request the profiles of each target as Parca does: resolve its name, connect, complete the TLS
handshake with the settings of the job, and get each enabled profile. Report the first step that
fails. A profile that takes time to record is requested for one second. Redirects are not
followed. Run the command where Parca runs: other machines may reach other targets. Exit code: 0
if every target is healthy; 1 if any is not; 2 if the input cannot be used, or has no targets."""
EXAMPLE = "juju show-unit parca/0 | parca-scrape probe"

DEFAULT_TIMEOUT = 5.0
COLUMNS = ("status", "job", "target", "step", "reason")
HEALTHY, FAILING = "healthy", "failing"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command to its parser."""
    inputs.add_arguments(parser)
    parser.add_argument(
        "--timeout",
        type=parse_timeout,
        default=DEFAULT_TIMEOUT,
        metavar="SECONDS",
        help="limit for all steps of a target; a CPU profile takes 1 s (default: %(default)g)",
    )
    add_format(parser, "text", "json")


def parse_timeout(text: str) -> float:
    """Return a number of seconds.

    Raises:
        ArgumentTypeError: it is not positive and finite.
    """
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise argparse.ArgumentTypeError("must be a number of seconds above 0")
    return seconds


def run(arguments: argparse.Namespace) -> int:
    """Probe the targets and return the exit code.

    Raises:
        CommandError: the input cannot be used, or has no targets.
        OSError: the result cannot be written.
    """
    scrape_configs, problems = render_texts(inputs.read(arguments))
    targets = list_targets(scrape_configs)
    if not targets:
        raise CommandError("no targets to probe: run parca-scrape check to see why")
    with show_progress("probing", len(targets)) as count_visit:
        outcomes = visit_all(targets, arguments.timeout, count_visit)
    if arguments.format == "json":
        write_json(
            {
                "counts": count_outcomes(outcomes),
                "targets": [encode_outcome(outcome) for outcome in outcomes],
            }
        )
    else:
        write_report(outcomes)
    hint_at_problems(problems)
    return 0 if all(outcome.is_healthy for outcome in outcomes) else PROBLEMS_FOUND


def write_report(outcomes: Sequence[Outcome]) -> None:
    """Print a table of targets, and how many are healthy.

    Raises:
        OSError: it cannot be written.
    """
    rows: List[List[str]] = []
    for outcome in outcomes:
        target = outcome.target
        status = paint(HEALTHY, GREEN) if outcome.is_healthy else paint(FAILING, RED)
        reason = ": ".join(filter(None, (outcome.profile, outcome.reason)))
        rows.append([status, target.job, target.address, outcome.step, reason])
    write_table(COLUMNS, rows)
    write_text(f"{describe_counts(count_outcomes(outcomes))}\n")


def count_outcomes(outcomes: Sequence[Outcome]) -> Dict[str, int]:
    """Return how many targets are healthy, and how many are not."""
    healthy = sum(outcome.is_healthy for outcome in outcomes)
    return {HEALTHY: healthy, FAILING: len(outcomes) - healthy}


def encode_outcome(outcome: Outcome) -> Dict[str, object]:
    """Return an outcome for JSON."""
    return {
        "job": outcome.target.job,
        "target": outcome.target.address,
        "url": outcome.target.url,
        "ok": outcome.is_healthy,
        "step": outcome.step or None,
        "profile": outcome.profile or None,
        "reason": outcome.reason or None,
        "seconds": round(outcome.seconds, 3),
    }
