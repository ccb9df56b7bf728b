"""`parca-scrape status`: compare what a running Parca scrapes with what it is asked for."""

from __future__ import annotations

import argparse
import os
import re
import time
from typing import Dict, Optional, Sequence

from parca_scrape.cli import inputs, screen
from parca_scrape.cli.console import PROBLEMS_FOUND, add_format, show, write_json, write_text
from parca_scrape.cli.parca_api import REFUSED, TOKEN_VARIABLE, UNKNOWN, Parca, ParcaError
from parca_scrape.cli.relations import hint_at_problems, render_texts
from parca_scrape.cli.series import Series, list_series
from parca_scrape.cli.target_status import (
    FAILING,
    HEALTHY,
    MISSING,
    UNEXPECTED,
    WAITING,
    Status,
    TargetStatus,
    compare,
)

DESCRIPTION = """\
Compare what a running Parca scrapes with what the databags ask for, and print the status of each
target:
  healthy     all its profiles are scraped
  failing     the last scrape of a profile failed
  waiting     a profile has not been scraped yet
  missing     asked for, but not scraped
  unexpected  scraped, but not asked for
If Parca needs a bearer token, set the environment variable PARCA_TOKEN. Exit code: 0 if all
targets are healthy; 1 if any is not, or if Parca refused its last configuration; 2 if the input
cannot be used, or Parca gives no usable answer."""
EXAMPLE = "juju show-unit parca/0 | parca-scrape status --parca http://10.1.80.14:7994"

# With thousands of jobs, Parca's API takes 20 seconds to answer.
ANSWER_SECONDS = 30.0
# With --wait, for the answer that is still due when time is up.
LAST_ANSWER_SECONDS = 2.0
POLL_SECONDS = 1.0
LONGEST_DETAIL = 400


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command to its parser."""
    inputs.add_arguments(parser)
    parser.add_argument(
        "--parca",
        required=True,
        metavar="URL",
        help="URL of Parca (http or https), with the path prefix of the ingress if there is one",
    )
    parser.add_argument(
        "--wait",
        type=parse_seconds,
        default=0,
        metavar="SECONDS",
        help="wait up to this long until all targets are healthy (default: %(default)s)",
    )
    parser.add_argument(
        "--ca",
        metavar="FILE",
        help="file with the CA certificate to trust, in PEM form (default: the CAs of the system)",
    )
    add_format(parser, "text", "json")


def parse_seconds(text: str) -> int:
    """Return a number of seconds; raise `ArgumentTypeError` if it is none."""
    if not re.fullmatch("[0-9]{1,6}", text):
        raise argparse.ArgumentTypeError("must be a whole number of seconds")
    return int(text)


def run(arguments: argparse.Namespace) -> int:
    """Print the status of all targets and return the exit code.

    Raises:
        CommandError: the input cannot be used, or Parca gives no usable answer.
        OSError: the result cannot be written.
    """
    parca = Parca(arguments.parca, arguments.ca, os.environ.get(TOKEN_VARIABLE, "").strip())
    scrape_configs, problems = render_texts(inputs.read(arguments))
    series, _ = list_series(scrape_configs)
    status = wait(parca, series, arguments.wait)
    if arguments.format == "json":
        write_json(encode_status(parca, status))
    else:
        write_lines(status)
    hint_at_problems(problems)
    return PROBLEMS_FOUND if status.has_findings() else 0


def wait(parca: Parca, series: Sequence[Series], seconds: int) -> Status:
    """Return the status as soon as all targets are healthy, or when time is up.

    Raises:
        ParcaError: Parca gives no usable answer then.
    """
    start = time.monotonic()
    shown = 0
    with screen.show_progress("waiting for Parca", seconds) as advance:
        while True:
            left = start + seconds - time.monotonic()
            patience = min(max(left, LAST_ANSWER_SECONDS), ANSWER_SECONDS)
            status: Optional[Status] = None
            try:
                answers = parca.ask(patience if seconds else ANSWER_SECONDS)
                status = Status(answers.configuration, compare(series, answers.profiles))
            except ParcaError:
                if start + seconds <= time.monotonic():
                    raise
            left = start + seconds - time.monotonic()
            if status is not None and (status.is_ready() or left <= 0):
                return status
            time.sleep(max(min(POLL_SECONDS, left), 0))
            while shown < time.monotonic() - start:
                shown += 1
                advance()


def write_lines(status: Status) -> None:
    """Print the status for people."""
    colours = {
        HEALTHY: screen.GREEN,
        FAILING: screen.RED,
        WAITING: screen.YELLOW,
        MISSING: screen.RED,
        UNEXPECTED: screen.YELLOW,
    }
    rows = [
        (
            screen.paint(one.status, colours[one.status]),
            one.target.job,
            one.target.origin,
            shorten(show(one.detail)),
        )
        for one in status.targets
    ]
    screen.write_table(("status", "job", "target", "detail"), rows)
    line = describe_configuration(status)
    if line:
        write_text(f"{screen.paint(line, screen.RED)}\n")
    write_text(f"{screen.describe_counts(status.counts)}\n")


def shorten(text: str) -> str:
    """Return a text, cut off to fit a line: Parca's errors have no limit."""
    return text if len(text) <= LONGEST_DETAIL else f"{text[: LONGEST_DETAIL - 1]}…"


def describe_configuration(status: Status) -> str:
    """Return what is wrong with the configuration, if anything is."""
    configuration, counts = status.configuration, status.counts
    if configuration.state == REFUSED:
        return (
            "Parca refused its last configuration and still uses the one that it loaded at"
            f" {format_time(configuration.loaded_at)}: see the log of Parca"
        )
    if configuration.state == UNKNOWN and (counts[MISSING] or counts[UNEXPECTED]):
        return (
            "Parca has loaded no new configuration since it started: either there was none, or"
            " Parca refused it; see the log of Parca"
        )
    return ""


def format_time(seconds: float) -> str:
    """Return a time in the form of RFC 3339."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def encode_status(parca: Parca, status: Status) -> Dict[str, object]:
    """Return the status for JSON, as `schemas/status.json` describes it."""
    configuration = status.configuration
    loaded_at = format_time(configuration.loaded_at) if configuration.loaded_at else None
    return {
        "parca": parca.url,
        "configuration": {"state": configuration.state, "loaded_at": loaded_at},
        "counts": status.counts,
        "targets": [encode_target(target) for target in status.targets],
    }


def encode_target(target: TargetStatus) -> Dict[str, object]:
    """Return the status of a target for JSON."""
    return {
        "status": target.status,
        "job": target.target.job,
        "target": target.target.origin,
        "labels": dict(target.target.labels),
        "detail": target.detail,
        "profiles": [profile._asdict() for profile in target.profiles],
    }
