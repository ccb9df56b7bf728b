"""The dependencies of a charm, in all files that list them."""

from __future__ import annotations

from typing import List, Sequence, Set, Tuple

from parca_scrape.migration import pyproject
from parca_scrape.migration.draft import Draft
from parca_scrape.migration.requirements import (
    COSL,
    FILE,
    OPS,
    PACKAGE_NAME,
    REQUIREMENT,
    RequirementsFile,
    find_name,
)

# The file that pins all versions, by the command that writes it.
LOCKS = {"uv lock": "uv.lock", "poetry lock": "poetry.lock"}


def list_requirements(draft: Draft) -> Set[str]:
    """Return the names of all packages that the charm requires."""
    files, lists = read_all(draft)
    names = {find_name(line) for file in files for line in file.lines}
    return names | {find_name(each) for one in lists for each in one.requirements}


def read_all(
    draft: Draft,
) -> Tuple[List[RequirementsFile], Sequence[pyproject.DependencyList]]:
    """Return all files of requirements and the lists in pyproject.toml."""
    files = [
        RequirementsFile(path, draft.read(path) or "")
        for path in sorted(draft.tree.contents)
        if FILE.fullmatch(path)
    ]
    text = draft.read(pyproject.PATH) or ""
    try:
        return files, pyproject.find_lists(text)
    except ValueError as error:
        draft.note(pyproject.PATH, 0, str(error), f"add {REQUIREMENT} by hand")
        return files, []


def rewrite(draft: Draft, *, drops: bool) -> None:
    """Add the package wherever ops is listed, and drop cosl if nothing needs it any more.

    A list for development only gets the package if no list of the charm's own has ops.
    """
    adds = draft.destination.is_package
    files, lists = read_all(draft)
    places = [*files, *lists]
    with_ops = [place for place in places if place.lists(OPS)]
    chosen = [place for place in with_ops if place.is_main] or with_ops
    if adds and not any(place.lists(PACKAGE_NAME) for place in chosen or places) and not chosen:
        draft.note(pyproject.PATH, 0, "no list of dependencies has ops", f"require {REQUIREMENT}")
    for file in files:
        if any(file.lists(name) for name in (OPS, COSL)):
            text, leftovers = file.rewrite(adds=adds and file in chosen, drops=drops)
            draft.write(file.path, text)
            draft.leftovers += leftovers
    if lists:
        text, leftovers = pyproject.rewrite(
            draft.read(pyproject.PATH) or "",
            [one for one in lists if adds and one in chosen],
            drops=drops,
        )
        draft.write(pyproject.PATH, text)
        draft.leftovers += leftovers
    note_locks(draft)


def note_locks(draft: Draft) -> None:
    """Note the locks that no longer match pyproject.toml."""
    lists = pyproject.find_lists(draft.read(pyproject.PATH) or "") if has_lists(draft) else []
    needs_package = any(one.lists(PACKAGE_NAME) for one in lists)
    for command, path in LOCKS.items():
        lock = draft.read(path)
        if lock is None:
            continue
        is_missing = needs_package and f'name = "{PACKAGE_NAME}"' not in lock
        if pyproject.PATH in draft.texts or is_missing:
            draft.note(path, 0, "does not match pyproject.toml", f"run `{command}`")


def has_lists(draft: Draft) -> bool:
    """Return whether pyproject.toml can be read."""
    try:
        return bool(pyproject.find_lists(draft.read(pyproject.PATH) or ""))
    except ValueError:
        return False
