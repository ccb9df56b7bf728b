"""The entry point of `parca-scrape`.

A command is imported only when it is chosen, so that the program starts quickly.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import os
import sys
from typing import Callable, Collection, Optional, Sequence

from parca_scrape.cli.console import FAILED, PROGRAM, CommandError, fail, fill_parser
from parca_scrape.version import VERSION

# Each is a module of this package.
COMMANDS = {
    "check": "report what is wrong in the databags, by the application to fix",
    "collect": "print a script that prints all databags of an endpoint on the unit of Parca",
    "diff": "report which series break, end, move, start or go on between two inputs",
    "migrate": "plan the move to parca-k8s, or rewrite a charm to use the package",
    "probe": "request the profiles of each target as Parca does, and report what fails",
    "render": "print the scrape configs that Parca gets from its relations",
    "schema": "print the JSON Schemas of the databags and of the outputs",
    "status": "compare what a running Parca scrapes with what the databags ask for",
    "vendor": "write the library into a charm as a single file, or check the existing file",
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
    given = sys.argv[1:] if argv is None else argv
    chosen = [name for name in given if name in COMMANDS][:1]
    arguments = make_parser(chosen).parse_args(given)
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


def make_parser(names: Collection[str] = COMMANDS.keys()) -> argparse.ArgumentParser:
    """Return the parser; it sets `run` to the function of the chosen command.

    Args:
        names: the commands that may be chosen; only their modules are imported.
    """
    parser = argparse.ArgumentParser(
        prog=PROGRAM, description="Tools for the parca_scrape Juju relation."
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {VERSION}")
    subparsers = parser.add_subparsers(metavar="COMMAND", required=True)
    for name, summary in COMMANDS.items():
        subparser = subparsers.add_parser(
            name, help=summary, formatter_class=argparse.RawDescriptionHelpFormatter
        )
        if name in names:
            command = importlib.import_module(f"parca_scrape.cli.{name}")
            fill_parser(subparser, command)
            subparser.set_defaults(run=command.run)
    return parser


def discard_output() -> None:
    """Redirect standard output and error to nowhere.

    Python flushes both when it exits, and would fail once more.
    """
    null = os.open(os.devnull, os.O_WRONLY)
    for descriptor in (1, 2):
        os.dup2(null, descriptor)
