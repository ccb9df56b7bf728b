"""The migration of a charm from its files to the draft of all changes."""

from __future__ import annotations

import ast
import os
import re
import sys
from pathlib import Path
from typing import Dict, List, Sequence

from libcst import ParserSyntaxError

from parca_scrape.cli.charmhub import LIBIDS
from parca_scrape.cli.console import CommandError, show
from parca_scrape.cli.single_files import State, VendoredFile, find_file, read_shipped
from parca_scrape.migration.code import (
    charm_libs,
    dependencies,
    leftovers,
    needs,
    private_names,
    pyproject,
)
from parca_scrape.migration.code.charm_tree import LIBRARY, name_in, read_tree
from parca_scrape.migration.code.draft import Draft
from parca_scrape.migration.code.library_names import OLD_MODULE, Destination
from parca_scrape.migration.code.python_code import Code, ImportRewriter, apply
from parca_scrape.migration.code.requirements import FILE, PACKAGE_NAME
from parca_scrape.migration.code.string_targets import TargetRewriter

# What code needs to be parsed for: it is slow. The keys in the databags are not among it.
NAMES_LIBRARY = re.compile(
    r"\bcharms\s*\.\s*parca(?:_k8s)?\b|^[ \t]*(?:from|import)\b.*\bparca_scrape\b"
    r"|\.parca_scrape\.|[\"']parca_scrape\.",
    re.MULTILINE,
)
USES_PACKAGE = re.compile(r"^[ \t]*(?:from|import)[ \t]+parca_scrape\b", re.MULTILINE)
# What Python would import instead of the package.
HIDING = re.compile(r"(?:(?:src|lib|tests)/)?parca_scrape(?:\.py|/.*\.py)")
PYTHON = ".".join(map(str, sys.version_info[:2]))
ENTRIES = tuple(f"{charm}.parca_scrape" for charm in LIBIDS)
REMOVE_ENTRIES = f"remove the entries of {' and '.join(ENTRIES)} by hand, if there are any"
# What the last reference library of each charm needs, if the charm only has it at build time.
COSL_ENTRY, TOPOLOGY_ENTRY = "parca_k8s.parca_scrape", "parca.parca_scrape"


def make_draft(root: Path, destination: Destination, *, force: bool) -> Draft:
    """Return what becomes of a charm.

    Args:
        root: the folder of the charm, without links.
        destination: what the charm is to use.
        force: whether vendored files may go that were edited, or are unknown.

    Raises:
        CommandError: the charm does not use the library, or cannot use the new one.
        OSError: a vendored file cannot be read.
    """
    files = [file for file in (find_file(root, charm) for charm in LIBIDS) if file]
    check_files(root, files, force=force)
    libraries = {name_in(root, str(file.path)): file for file in files}
    tree = read_tree(root)
    # Also one that is too large or no text.
    tree.contents.update({path: file.path.read_bytes() for path, file in libraries.items()})
    draft = Draft(tree, destination, libraries)
    note_encodings(draft)
    entries = read_entries(draft)
    check_use(draft, entries)
    rewrite_code(draft)
    replace_libraries(draft)
    drops_cosl = remove_needs(draft, entries)
    dependencies.rewrite(draft, drops=drops_cosl)
    leftovers.collect(draft, drops_cosl=drops_cosl)
    return draft


def check_files(root: Path, files: Sequence[VendoredFile], *, force: bool) -> None:
    """Raise CommandError if a vendored file must not be removed or replaced."""
    for file in files:
        path = show(name_in(root, str(file.path)))
        if os.path.realpath(str(file.path)) != str(file.path):
            raise CommandError(
                f"{path}: a symbolic link, or inside one: replace it with what it points to"
            )
        if not (file.is_replaceable or force):
            raise CommandError(f"{path}: {file.describe()}; use --force to discard it")


def note_encodings(draft: Draft) -> None:
    """Note the files that would be changed if they were text."""
    for path in draft.tree.contents:
        is_known = path in (charm_libs.PATH, pyproject.PATH) or FILE.fullmatch(path)
        if is_known and draft.read(path) is None:
            draft.note(path, 0, "not UTF-8 text", leftovers.BY_HAND)


def read_entries(draft: Draft) -> List[str]:
    """Return the entries of the library in `charm-libs`."""
    try:
        entries = charm_libs.read(draft.read(charm_libs.PATH) or "").entries
    except ValueError:  # It is noted when the entries are to go.
        return []
    return [entry.library for entry in entries if entry.library in ENTRIES]


def check_use(draft: Draft, entries: Sequence[str]) -> None:
    """Raise CommandError if the charm does not use the library, or cannot use the new one."""
    tree = draft.tree
    root = show(tree.root)
    if not draft.destination.is_package and not draft.libraries:
        raise CommandError(f"{root}: no vendored library: `parca-scrape vendor` writes one")
    if draft.destination.is_package:
        for path in tree.contents:
            if HIDING.fullmatch(path):
                raise CommandError(
                    f"{show(path)}: hides the package parca_scrape: rename it first"
                )
    code = (tree.decode(path) for path in tree.list_python() if LIBRARY in tree.contents[path])
    is_used = any(OLD_MODULE.search(text) or USES_PACKAGE.search(text) for text in code)
    is_used = is_used or PACKAGE_NAME in dependencies.list_requirements(draft)
    if not (draft.libraries or entries or is_used):
        raise CommandError(f"{root}: does not use the library parca_scrape")


def rewrite_code(draft: Draft) -> None:
    """Rewrite the charm's own Python code."""
    tree = draft.tree
    instances: Dict[str, str] = {}
    for path in tree.list_python():
        if path.startswith("lib/charms/") or needs.COPY.search(path):
            continue
        if LIBRARY in tree.contents[path] and NAMES_LIBRARY.search(tree.decode(path)):
            instances.update(rewrite_file(draft, path))
    for path in tree.list_python():
        if instances and not path.startswith("lib/charms/"):
            draft.leftovers += private_names.find_uses(path, tree.decode(path), instances)


def rewrite_file(draft: Draft, path: str) -> Dict[str, str]:
    """Rewrite a Python file, and return the names in it of objects of the library."""
    text = draft.tree.read_text(path)
    if text is None:
        draft.note(path, 0, "cannot be decoded", leftovers.BY_HAND)
        return {}
    try:
        code = Code(path, text)
    except (SyntaxError, ParserSyntaxError) as error:
        line = error.lineno if isinstance(error, SyntaxError) else error.raw_line
        draft.note(path, line or 0, f"syntax error in Python {PYTHON}", leftovers.BY_HAND)
        return {}
    except (RecursionError, MemoryError):
        draft.note(path, 0, "too deeply nested", leftovers.BY_HAND)
        return {}
    except ValueError:
        draft.note(path, 0, "libcst cannot reproduce it (form feed?)", leftovers.BY_HAND)
        return {}
    imports = ImportRewriter(code, draft.destination)
    targets = TargetRewriter(code, draft.destination)
    private = private_names.PrivateNameFinder(code)
    for visitor in (imports, targets, private):
        code.module.visit(visitor)
        draft.leftovers += visitor.leftovers
    try:
        changed = apply(text, [*imports.list_edits(), *targets.edits])
        ast.parse(changed)
    except (SyntaxError, ValueError):
        draft.note(path, 0, "cannot be rewritten safely", leftovers.BY_HAND)
        return {}
    draft.write(path, changed)
    draft.leftovers += private_names.find_uses(path, text, private.variables)
    return private.attributes


def replace_libraries(draft: Draft) -> None:
    """Remove the vendored libraries, or replace them by the current single files."""
    for path, file in draft.libraries.items():
        if draft.destination.is_package:
            draft.removed.append(path)
        elif file.state is not State.CURRENT:
            draft.texts[path] = read_shipped(file.charm)


def remove_needs(draft: Draft, entries: Sequence[str]) -> bool:
    """Remove what only the library needed; return whether cosl is to be dropped, too."""
    tree = draft.tree
    old = [tree.decode(path) for path in draft.libraries]
    code = needs.list_other_code(tree)
    had_topology = any(map(needs.needs_topology, old)) or (not old and TOPOLOGY_ENTRY in entries)
    had_cosl = any(map(needs.needs_cosl, old)) or (not old and COSL_ENTRY in entries)
    unwanted = list(ENTRIES)
    if had_topology and not any(needs.needs_topology(text) for _, text in code):
        unwanted.append(needs.TOPOLOGY_LIBRARY)
        if needs.TOPOLOGY in tree.contents:
            draft.removed.append(needs.TOPOLOGY)
    text = draft.read(charm_libs.PATH)
    if text is not None:
        try:
            draft.write(charm_libs.PATH, charm_libs.remove(text, unwanted))
        except ValueError as error:
            draft.note(charm_libs.PATH, 0, str(error), REMOVE_ENTRIES)
    is_cosl_used = any(needs.needs_cosl(text) for _, text in code)
    if had_topology or had_cosl or not is_cosl_used:
        draft.leftovers += needs.list_topology_patches(code)
    return had_cosl and not is_cosl_used
