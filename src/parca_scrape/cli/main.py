"""The command `parca-scrape`. Each subcommand has a module of its own.

What a subcommand needs it imports when it runs, so that the command starts without.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from typing import Callable, Optional, Sequence

from parca_scrape.cli import render, vendor
from parca_scrape.version import VERSION

CANNOT_WRITE = 2
INTERRUPTED = 130
READER_GONE = 141


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Run a subcommand and give its exit code.

    Args:
        argv: the arguments; by default those of the process.

    Raises:
        SystemExit: the arguments are wrong, or ask for help or the version.
    """
    arguments = make_parser().parse_args(argv)
    run: Callable[[argparse.Namespace], int] = arguments.run
    try:
        return run(arguments)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        discard_output()
        return READER_GONE
    except OSError as error:
        with contextlib.suppress(OSError):
            print(f"parca-scrape: error: cannot write: {error.strerror}", file=sys.stderr)
        discard_output()
        return CANNOT_WRITE


def make_parser() -> argparse.ArgumentParser:
    """Give the parser of all subcommands; `run` in what it parses is the subcommand."""
    parser = argparse.ArgumentParser(
        prog="parca-scrape", description="Tools for the parca_scrape relation of Juju."
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {VERSION}")
    subcommands = parser.add_subparsers(metavar="COMMAND", required=True)
    for name, command in (("render", render), ("vendor", vendor)):
        subparser = subcommands.add_parser(
            name, help=command.HELP, description=command.DESCRIPTION
        )
        command.add_arguments(subparser)
        subparser.set_defaults(run=command.run)
    return parser


def discard_output() -> None:
    """Send what is still to be written nowhere: Python writes it when it ends, and would fail."""
    null = os.open(os.devnull, os.O_WRONLY)
    for descriptor in (1, 2):
        os.dup2(null, descriptor)
