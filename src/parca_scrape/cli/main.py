"""The entry point of `parca-scrape`.

Each command imports what it needs when it runs, so that the program starts quickly.
"""

from __future__ import annotations

import argparse
import contextlib
import os
from typing import Callable, Optional, Sequence

from parca_scrape.cli import check, collect, diff, probe, render, schema, status, vendor
from parca_scrape.cli.console import FAILED, PROGRAM, CommandError, fail
from parca_scrape.version import VERSION

COMMANDS = {
    "check": check,
    "collect": collect,
    "diff": diff,
    "probe": probe,
    "render": render,
    "schema": schema,
    "status": status,
    "vendor": vendor,
}
# What a shell reports for a process that SIGINT or SIGPIPE ended.
INTERRUPTED = 130
READER_GONE = 141


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Run a command and return its exit code.

    Args:
        argv: the arguments; by default those of the process.

    Raises:
        SystemExit: the arguments are wrong, or ask for help or the version.
    """
    arguments = make_parser().parse_args(argv)
    run: Callable[[argparse.Namespace], int] = arguments.run
    try:
        return run(arguments)
    except CommandError as error:
        return fail(error)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        discard_output()
        return READER_GONE
    except OSError as error:
        with contextlib.suppress(OSError):
            fail(f"cannot write: {error.strerror}")
        discard_output()
        return FAILED


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands; it sets `run` to the function of the chosen command."""
    parser = argparse.ArgumentParser(
        prog=PROGRAM, description="Tools for the parca_scrape Juju relation."
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {VERSION}")
    subparsers = parser.add_subparsers(metavar="COMMAND", required=True)
    for name, command in COMMANDS.items():
        subparser = subparsers.add_parser(
            name,
            help=command.HELP,
            description=command.DESCRIPTION,
            epilog=f"example:\n  {command.EXAMPLE}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        command.add_arguments(subparser)
        subparser.set_defaults(run=command.run)
    return parser


def discard_output() -> None:
    """Redirect standard output and error to nowhere.

    Python flushes both when it exits, and would fail once more.
    """
    null = os.open(os.devnull, os.O_WRONLY)
    for descriptor in (1, 2):
        os.dup2(null, descriptor)
