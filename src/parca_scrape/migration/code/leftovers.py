"""What is left to a person beyond the code: mentions of the library, and what only people know."""

from __future__ import annotations

import re
from typing import Iterator, Tuple

from parca_scrape.cli.single_files import CHARM_FILES
from parca_scrape.migration.code import charm_libs, dependencies, needs
from parca_scrape.migration.code.charm_tree import LIBRARY, number_line
from parca_scrape.migration.code.draft import Draft
from parca_scrape.migration.code.library_names import OLD_MODULE
from parca_scrape.migration.code.requirements import (
    COSL,
    OPS,
    PACKAGE_NAME,
    REQUIREMENT,
    find_name,
)

BY_HAND = "change it by hand if it uses the library"
MENTION = re.compile(rf"{OLD_MODULE.pattern}|charms/parca(?:_k8s)?/v0/parca_scrape\b")
IMPORT = re.compile(rf"^[ \t]*(?:from|import)[ \t]+(?:{OLD_MODULE.pattern})\b", re.MULTILINE)
CHARM_NAME = re.compile(r"^name:[ \t]*[\"']?([\w-]+)", re.MULTILINE)
FETCH = re.compile(r"\bfetch-libs\b")
PACKAGE_LINE = re.compile(r"^\s*-\s*[\"']?cosl\b|python-packages:.*\bcosl\b")
HIDING_CHARMS = re.compile(r"lib/charms/(?:parca(?:_k8s)?/(?:v0/)?)?__init__\.py")
TOX = "tox.ini"


def collect(draft: Draft, *, drops_cosl: bool) -> None:
    """Note everything in the draft."""
    note_owner(draft)
    note_libraries(draft)
    for link, path in draft.tree.links.items():
        if path in draft.removed:
            draft.note(link, 0, f"a link to {path}, which goes", "remove it")
    if draft.destination.is_package:
        note_hiding(draft)
        note_mentions(draft)
        note_tox(draft, OPS, f"add {REQUIREMENT}")
    if drops_cosl:
        note_tox(draft, COSL, "remove it: nothing needs it any more")
        note_packages(draft)
        requirements = dependencies.list_requirements(draft)
        draft.leftovers += needs.list_lost_packages(
            needs.list_other_code(draft.tree), requirements
        )


def note_hiding(draft: Draft) -> None:
    """Note files that keep Python from finding the old import paths of the package."""
    for path in draft.tree.contents:
        if HIDING_CHARMS.fullmatch(path):
            draft.note(path, 0, "hides the old import paths of the package", "remove it")


def note_owner(draft: Draft) -> None:
    """Note that the charm is the one from which others fetch the library."""
    names = [
        found.group(1).replace("-", "_")
        for found in (CHARM_NAME.search(draft.read(path) or "") for path in CHARM_FILES)
        if found
    ]
    for path, file in draft.libraries.items():
        if file.charm in names and draft.destination.is_package:
            advice = "ask them to use the package, or keep it published with --to vendored"
            draft.note(path, 0, "other charms fetch this library", advice)
        elif file.charm in names and path in draft.texts:
            command = f"charmcraft publish-lib charms.{file.charm}.v0.parca_scrape"
            draft.note(path, 0, "other charms fetch this library", f"`{command}`")


def note_libraries(draft: Draft) -> None:
    """Note other libraries that import this one, and other copies of it."""
    for path in draft.tree.list_python():
        if path in draft.libraries:
            continue
        if needs.COPY.search(path):
            advice = "remove it, or run `parca-scrape vendor` there"
            draft.note(path, 0, "another copy of the library", advice)
        elif path.startswith("lib/charms/") and draft.destination.is_package:
            text = draft.tree.decode(path)
            for found in IMPORT.finditer(text):
                line = number_line(text, found.start())
                advice = "it works with the package; change it if this library is your own"
                draft.note(path, line, "imports the library", advice)


def note_mentions(draft: Draft) -> None:
    """Note every other line that names the library, such as comments and pages."""
    noted = {(leftover.path, leftover.line) for leftover in draft.leftovers}
    for path, content in sorted(draft.tree.contents.items()):
        is_library = path.startswith("lib/charms/") or needs.COPY.search(path)
        if is_library or path in draft.removed or LIBRARY not in content:
            continue
        for line, text in read_lines(draft, path):
            if MENTION.search(text) and (path, line) not in noted:
                draft.note(path, line, "mentions the vendored library", "update it if necessary")
    if charm_libs.KEY in draft.tree.decode(charm_libs.PATH) and (
        charm_libs.KEY not in (draft.read(charm_libs.PATH) or "")
    ):
        note_fetching(draft)


def note_fetching(draft: Draft) -> None:
    """Note the commands that fetch libraries, once there is none to fetch."""
    for path in sorted(draft.tree.contents):
        if path.startswith("lib/"):
            continue
        for line, text in read_lines(draft, path):
            if FETCH.search(text):
                advice = "remove the command: no library is left to fetch"
                draft.note(path, line, "charmcraft fetch-libs", advice)


def note_tox(draft: Draft, name: str, advice: str) -> None:
    """Note a package that tox.ini installs by name."""
    lines = list(read_lines(draft, TOX))
    names = {find_name(text) for _, text in lines if not text.lstrip().startswith("#")}
    if PACKAGE_NAME in names and name == OPS:
        return
    for line, text in lines:
        # A line with a single equals sign is a setting.
        if find_name(text) == name and "=" not in re.sub(r"[<>=~!]=+", "", text):
            draft.note(TOX, line, text.strip(), advice)


def note_packages(draft: Draft) -> None:
    """Note cosl among the packages that charmcraft.yaml lists."""
    for line, text in read_lines(draft, charm_libs.PATH):
        if PACKAGE_LINE.search(text):
            advice = "remove it: nothing needs it any more"
            draft.note(charm_libs.PATH, line, text.strip(), advice)


def read_lines(draft: Draft, path: str) -> Iterator[Tuple[int, str]]:
    """Yield the lines that a file will have, with their numbers."""
    text = draft.read(path)
    if text is None and path in draft.tree.contents and path not in draft.removed:
        text = draft.tree.decode(path)
    yield from enumerate((text or "").split("\n"), start=1)
