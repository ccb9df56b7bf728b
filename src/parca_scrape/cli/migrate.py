"""`parca-scrape migrate`: move to parca-k8s, or from the vendored libraries to the package."""

from __future__ import annotations

import argparse
import importlib
from typing import Callable

from parca_scrape.cli.console import fill_parser

DESCRIPTION = """\
Move from the machine charm parca to parca-k8s, or move a charm from a vendored library to the
package."""
EXAMPLE = "parca-scrape migrate code path/to/charm"

# Each is the module `migrate_NAME`, made like that of a command.
TASKS = {
    "code": "rewrite a charm that vendors either charm library",
    "plan": "plan the move from the machine charm parca to parca-k8s",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the tasks to the parser of the command."""
    subparsers = parser.add_subparsers(metavar="TASK", required=True)
    for name, summary in TASKS.items():
        task = importlib.import_module(f"parca_scrape.cli.migrate_{name}")
        subparser = subparsers.add_parser(
            name, help=summary, formatter_class=argparse.RawDescriptionHelpFormatter
        )
        fill_parser(subparser, task)
        subparser.set_defaults(run_task=task.run)


def run(arguments: argparse.Namespace) -> int:
    """Run the task and return its exit code.

    Raises:
        CommandError: the task cannot continue.
        OSError: the result cannot be written.
    """
    run_task: Callable[[argparse.Namespace], int] = arguments.run_task
    return run_task(arguments)
