"""`parca-scrape vendor`: write the library into a charm as a single file, or check that file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Sequence

from parca_scrape.cli.charmhub import LIBIDS
from parca_scrape.cli.console import PROBLEMS_FOUND, CommandError, show
from parca_scrape.cli.single_files import (
    CHARM_FILES,
    State,
    VendoredFile,
    check_charm,
    find_file,
    list_fetched,
    make_path,
    write_file,
)

if TYPE_CHECKING:
    import argparse

DESCRIPTION = """\
Write the library into a charm as a single file, lib/charms/CHARM/v0/parca_scrape.py, or check
the existing file. Exit code: 0 if the file is current; 1 if it is not; 2 if there is no file to
check or it cannot be written."""
EXAMPLE = "parca-scrape vendor path/to/charm --charm parca_k8s"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command to its parser."""
    parser.add_argument(
        "directory",
        nargs="?",
        default=".",
        metavar="DIR",
        help="directory of the charm (default: current directory)",
    )
    parser.add_argument(
        "--charm",
        type=name_package,
        choices=tuple(LIBIDS),
        help="import path charms.CHARM.v0 to write or check (default with --check: both);"
        " the name of the charm, parca-k8s, is also accepted",
    )
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument(
        "--check",
        action="store_true",
        help="report the state of the existing file and write nothing",
    )
    mode.add_argument(
        "--force",
        action="store_true",
        help="overwrite the file even if it was edited, is newer or is not this library",
    )


def name_package(charm: str) -> str:
    """Return the name of a charm as it is in an import path."""
    return charm.replace("-", "_")


def run(arguments: argparse.Namespace) -> int:
    """Write or check the file and return the exit code.

    Raises:
        CommandError: the file cannot be written, or there is none to check.
        OSError: the result cannot be written.
    """
    directory = Path(arguments.directory)
    charms = (arguments.charm,) if arguments.charm else tuple(LIBIDS)
    try:
        check_charm(directory)
        if arguments.check:
            return report_files(directory, charms)
        if not arguments.charm:
            options = " or ".join(f"--charm {charm}" for charm in charms)
            raise CommandError(f"choose the import path to write: {options}")
        return write_current(directory, arguments.charm, force=arguments.force)
    except OSError as error:
        if error.filename is None:
            raise
        path = error.filename2 or error.filename
        raise CommandError(f"{show(path)}: {error.strerror}") from None


def report_files(directory: Path, charms: Sequence[str]) -> int:
    """Report which files exist and return the exit code."""
    files = [file for file in (find_file(directory, charm) for charm in charms) if file]
    if not files:
        paths = " or ".join(show(make_path(directory, charm)) for charm in charms)
        raise CommandError(f"no file at {paths}: run without --check to write one")
    for file in files:
        report(directory, file)
    return 0 if all(file.state is State.CURRENT for file in files) else PROBLEMS_FOUND


def write_current(directory: Path, charm: str, *, force: bool) -> int:
    """Write the current file and return the exit code."""
    file = find_file(directory, charm)
    if file and not (file.is_replaceable or force):
        raise CommandError(
            f"{show(file.path)}: {file.describe()}; use --force to overwrite the file"
        )
    if file is None or file.state is not State.CURRENT:
        file = write_file(directory, charm)
    report(directory, file)
    return 0


def report(directory: Path, file: VendoredFile) -> None:
    """Report what a file is, and which entries of charmcraft.yaml would make it another."""
    print(f"{show(file.path)}: {file.describe()}", flush=True)
    path = show(directory / CHARM_FILES[0])
    try:
        for name in list_fetched(directory, file.charm):
            print(
                f"{path}: remove the entry `lib: {name}` and its version from charm-libs:"
                " `charmcraft fetch-libs` would overwrite the vendored file with the reference"
                " library",
                file=sys.stderr,
            )
    except ValueError as error:
        print(
            f"{path}: {error}: check that charm-libs has no entry for {file.charm}.parca_scrape",
            file=sys.stderr,
        )
