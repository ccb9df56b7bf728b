"""`parca-scrape migrate code`: from a vendored library to the package, or to the single file."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from parca_scrape.cli.console import (
    PROBLEMS_FOUND,
    CommandError,
    count,
    show,
    warn,
    write_text,
)
from parca_scrape.cli.single_files import check_charm

if TYPE_CHECKING:
    import argparse

    from parca_scrape.migration.code.draft import Draft

DESCRIPTION = """\
Rewrite a charm that vendors the charm library of parca or parca-k8s, so that it uses the package
or the current single file: imports, names in the strings of tests, charm-libs and dependencies.
Print the changes as a diff on standard output, and what is left to do by hand on standard error.
Exit code: 0 if nothing is left; 1 if something is; 2 if the charm cannot be rewritten."""
EXAMPLE = "parca-scrape migrate code path/to/charm --write"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command to its parser."""
    parser.add_argument("directory", metavar="PATH", help="directory of the charm")
    parser.add_argument(
        "--to",
        choices=("package", "vendored"),
        default="package",
        help="what the charm uses afterwards: the package parca-scrape, or the current single file"
        " in place of the vendored file (default: %(default)s)",
    )
    parser.add_argument(
        "--write",
        action="store_true",
        help="change the files, all or none, instead of printing the diff",
    )
    parser.add_argument(
        "--force",
        action="store_true",
        help="remove or replace a library even if it was edited or is unknown, and write even if"
        " git has uncommitted changes",
    )


def run(arguments: argparse.Namespace) -> int:
    """Rewrite the charm and return the exit code.

    Raises:
        CommandError: the charm cannot be rewritten; nothing has changed.
        OSError: the result cannot be printed.
    """
    directory = Path(arguments.directory)
    check_charm(directory)
    try:
        from parca_scrape.migration.code import journal, library_names, rewriting
    except ImportError as error:
        name = (error.name or "a package").partition(".")[0]
        raise CommandError(f"migrate code needs {name}: install parca-scrape[migrate]") from None
    root = directory.resolve()
    try:
        with journal.hold(root):
            if journal.restore(root):
                print("restored the files that an interrupted run had changed", file=sys.stderr)
            if arguments.write and not arguments.force:
                check_git(root)
            is_package = arguments.to == "package"
            make = library_names.to_package if is_package else library_names.to_single_file
            draft = rewriting.make_draft(root, make(), force=arguments.force)
            changes = draft.list_changes()
            if arguments.write and changes:
                journal.write(root, changes)
    except OSError as error:
        place = f"{show(error.filename)}: " if error.filename else ""
        raise CommandError(f"{place}{error.strerror}") from None
    report(draft, is_written=arguments.write)
    report_leftovers(draft)
    return PROBLEMS_FOUND if draft.leftovers else 0


def check_git(root: Path) -> None:
    """Raise CommandError if git has uncommitted changes here; without git there is nothing."""
    command = ["git", "--no-optional-locks", "-C", str(root), "status", "--porcelain"]
    try:
        result = subprocess.run(
            [*command, "--untracked-files=normal", "--", "."],
            capture_output=True,
            check=False,
            env={**os.environ, "LC_ALL": "C"},
        )
    except FileNotFoundError:
        return
    lines = result.stdout.splitlines()
    if result.returncode:
        reason = " ".join(result.stderr.decode(errors="replace").split())
        if "not a git repository" in reason:
            return
        raise CommandError(f"{show(root)}: {show(reason)}; to write anyway, use --force")
    if lines:
        raise CommandError(
            f"{show(root)}: {count(len(lines), 'uncommitted change')} in git: commit first, or use"
            " --force"
        )


def report(draft: Draft, *, is_written: bool) -> None:
    """Print what was or would be done.

    Raises:
        OSError: the diff cannot be printed.
    """
    if not (draft.texts or draft.removed):
        print("nothing to change", file=sys.stderr)
    elif is_written:
        lines = [f"{show(path)}: rewritten\n" for path in draft.texts]
        lines += [f"{show(path)}: removed\n" for path in draft.removed]
        try:
            write_text("".join(sorted(lines)))
        except BrokenPipeError:
            raise
        except OSError as error:
            # The files are written, so this is no failure.
            warn(f"cannot print what has been rewritten: {error.strerror}")
    else:
        write_text(draft.diff())


def report_leftovers(draft: Draft) -> None:
    """Print what is left to do by hand on standard error."""
    leftovers = draft.sort_leftovers()
    if leftovers:
        print("left to do by hand:", file=sys.stderr)
    for leftover in leftovers:
        print(f"  {leftover.describe()}", file=sys.stderr)
