"""The dependencies of a charm, in all files that list them."""

from __future__ import annotations

from typing import Dict, List, Set, Union

from parca_scrape.migration.code import pyproject
from parca_scrape.migration.code.draft import Draft
from parca_scrape.migration.code.requirements import (
    FILE,
    MAIN_FILE,
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
    names = {find_name(line) for file in read_files(draft) for line in file.lines}
    return names | {find_name(each) for one in read_lists(draft) for each in one.requirements}


def read_files(draft: Draft) -> List[RequirementsFile]:
    """Return all files of requirements."""
    tree = draft.tree
    files: Dict[str, RequirementsFile] = {}
    for name in sorted({*tree.contents, *tree.links}, key=lambda name: not is_main(name)):
        path = tree.links.get(name, name)
        text = draft.read(path)
        if FILE.fullmatch(name) and path not in files and text is not None:
            files[path] = RequirementsFile(path, text, is_main=is_main(name))
    return [files[path] for path in sorted(files)]


def is_main(path: str) -> bool:
    """Return whether a file of requirements is that of the charm, not of its tests."""
    return MAIN_FILE.fullmatch(path) is not None


def read_lists(draft: Draft) -> List[pyproject.DependencyList]:
    """Return the lists in pyproject.toml; none if it cannot be read."""
    try:
        return pyproject.find_lists(draft.read(pyproject.PATH) or "")
    except ValueError as error:
        draft.note(pyproject.PATH, 0, str(error), f"require {REQUIREMENT} by hand")
        return []


def rewrite(draft: Draft, *, drops: bool) -> None:
    """Add the package wherever ops is listed, and drop cosl if nothing needs it any more.

    A list for development only gets the package if no list of the charm's own has ops.
    """
    files, lists = read_files(draft), read_lists(draft)
    places: List[Union[RequirementsFile, pyproject.DependencyList]] = [*files, *lists]
    with_ops = [place for place in places if place.lists(OPS)]
    chosen = [place for place in with_ops if place.is_main] or with_ops
    if not draft.destination.is_package:
        chosen = []
    elif not (chosen or any(place.lists(PACKAGE_NAME) for place in places)):
        draft.note(
            pyproject.PATH, 0, "no list of dependencies has ops", f"require {REQUIREMENT} by hand"
        )
    for file in files:
        text, leftovers = file.rewrite(adds=file in chosen, drops=drops)
        draft.write(file.path, text)
        draft.leftovers += leftovers
    document = draft.read(pyproject.PATH)
    if lists and document is not None:
        text, leftovers = pyproject.rewrite(
            document, [one for one in lists if one in chosen], drops=drops
        )
        draft.write(pyproject.PATH, text)
        draft.leftovers += leftovers
    note_locks(draft)


def note_locks(draft: Draft) -> None:
    """Note the locks that do not match pyproject.toml."""
    needs_package = any(one.lists(PACKAGE_NAME) for one in read_lists(draft))
    for command, path in LOCKS.items():
        lock = draft.read(path)
        if lock is None:
            continue
        is_missing = needs_package and f'name = "{PACKAGE_NAME}"' not in lock
        if pyproject.PATH in draft.texts or is_missing:
            draft.note(path, 0, "out of date", f"run `{command}`")
