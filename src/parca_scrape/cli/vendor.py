"""`parca-scrape vendor`: the library as a single file in the folder of a charm."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Sequence

if TYPE_CHECKING:
    import argparse

HELP = "write the library into a charm as a single file, or check the one there"
DESCRIPTION = (
    "Write the library into a charm as a single file, lib/charms/CHARM/v0/parca_scrape.py, or"
    " check the one there. Exit code: 0 if it is current; 1 if it is not; 2 if there is none to"
    " check, or it cannot be written."
)
CHARMS = ("parca", "parca_k8s")
NOT_CURRENT = 1
UNUSABLE = 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the subcommand to its parser."""
    parser.add_argument(
        "folder", nargs="?", default=".", metavar="DIR", help="the charm (default: this folder)"
    )
    parser.add_argument(
        "--charm", choices=CHARMS, help="the import path to write or check: charms.CHARM.v0"
    )
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument(
        "--check", action="store_true", help="write nothing, tell what is there (default: of both)"
    )
    mode.add_argument("--force", action="store_true", help="write over a file edited by hand, too")


def run(arguments: argparse.Namespace) -> int:
    """Write or check, and give the exit code."""
    from parca_scrape.cli.single_files import CHARM_FILES, is_charm

    folder = Path(arguments.folder)
    try:
        if not is_charm(folder):
            return fail(f"{show(folder)} is no charm: it has no {' or '.join(CHARM_FILES)}")
        if arguments.check:
            return check(folder, (arguments.charm,) if arguments.charm else CHARMS)
        if not arguments.charm:
            return fail(f"say which import path to write: --charm {' or '.join(CHARMS)}")
        return write(folder, arguments.charm, force=arguments.force)
    except BrokenPipeError:
        raise
    except OSError as error:
        return fail(f"{show(error.filename2 or error.filename or folder)}: {error.strerror}")
    except ValueError:
        return fail(f"{show(folder)} is no name that a folder can have")


def check(folder: Path, charms: Sequence[str]) -> int:
    """Tell what files are there, and give the exit code."""
    from parca_scrape.cli.single_files import State, inspect, locate

    found = [(charm, file) for charm in charms for file in [inspect(folder, charm)] if file]
    for charm, file in found:
        print(f"{show(locate(folder, charm))}: {file.describe()}", flush=True)
        warn_of_fetching(folder, charm)
    if not found:
        places = " or ".join(show(locate(folder, charm)) for charm in charms)
        return fail(f"there is no {places}")
    return 0 if all(file.state is State.CURRENT for _, file in found) else NOT_CURRENT


def write(folder: Path, charm: str, *, force: bool) -> int:
    """Write the current file, and give the exit code."""
    from parca_scrape.cli import single_files as vendor

    path = show(vendor.locate(folder, charm))
    file = vendor.inspect(folder, charm)
    if file is not None and not (file.is_replaceable or force):
        return fail(f"{path} is {file.describe()} (--force writes over it)")
    if file is None or file.state is not vendor.State.CURRENT:
        vendor.write(folder, charm)
    now = vendor.inspect(folder, charm)
    print(f"{path}: {now.describe() if now else 'gone'}", flush=True)
    warn_of_fetching(folder, charm)
    return 0


def warn_of_fetching(folder: Path, charm: str) -> None:
    """Tell which entries of charmcraft.yaml would undo the writing."""
    from parca_scrape.cli.single_files import CHARM_FILES, find_fetched

    path = show(folder / CHARM_FILES[0])
    try:
        for name in find_fetched(folder, charm):
            print(
                f"{path}: remove the entry `lib: {name}` and its version from charm-libs:"
                " charmcraft fetch-libs puts the reference library over this file",
                file=sys.stderr,
            )
    except ValueError as error:
        print(f"{path}: {error}: look for {charm}.parca_scrape in charm-libs", file=sys.stderr)


def fail(message: str) -> int:
    """Tell why nothing was done, and give the exit code."""
    print(f"parca-scrape: error: {message}", file=sys.stderr)
    return UNUSABLE


def show(path: object) -> str:
    """Give a path for a message of one line."""
    text = str(path)
    return text if text.isprintable() else ascii(text)
