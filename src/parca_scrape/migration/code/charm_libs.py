"""`charm-libs` in charmcraft.yaml: the libraries that `charmcraft fetch-libs` fetches."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Optional, Sequence, Tuple

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from parca_scrape._getters import as_list
from parca_scrape.cli.single_files import CHARM_LIBS, load_charmcraft, name_library

PATH = "charmcraft.yaml"
KEY = CHARM_LIBS
BLANK_LINES = re.compile(r"(?:[ \t]*\r?\n)*")


@dataclass(frozen=True)
class Entry:
    """An entry of the list."""

    library: str
    """Such as `parca_k8s.parca_scrape`, with underscores."""
    start: int
    """The first character of its first line."""
    end: int
    """After the last character of its last line."""


@dataclass(frozen=True)
class CharmLibs:
    """The list, as far as its entries have lines of their own."""

    entries: Tuple[Entry, ...] = ()
    start: int = 0
    """The first character of the line of its key."""


def read(text: str) -> CharmLibs:
    """Return the list in the text of charmcraft.yaml.

    Raises:
        ValueError: the text is not YAML, or the list has another form.
    """
    try:
        document = yaml.compose(text, Loader=yaml.BaseLoader)
    except (yaml.YAMLError, RecursionError) as error:
        raise ValueError("not valid YAML") from error
    key, value = find_value(document, KEY) or (None, None)
    if key is None:
        return CharmLibs()
    if not isinstance(value, SequenceNode) or value.flow_style:
        raise ValueError(f"{KEY} is not a list with a line for each entry")
    entries = [read_entry(text, element) for element in value.value]
    return CharmLibs(tuple(entries), find_line(text, key.start_mark.index))


def find_value(node: object, name: str) -> Optional[Tuple[Node, Node]]:
    """Return the key and the value of a mapping."""
    if not isinstance(node, MappingNode):
        return None
    for key, value in node.value:
        if isinstance(key, ScalarNode) and key.value == name:
            return key, value
    return None


def read_entry(text: str, node: Node) -> Entry:
    """Return an entry of the list."""
    _, value = find_value(node, "lib") or (None, None)
    name: object = value.value if isinstance(value, ScalarNode) else ""
    dash = text.rfind("-", 0, node.start_mark.index)
    return Entry(unify(str(name)), find_line(text, dash), find_end(text, node))


def find_line(text: str, index: int) -> int:
    """Return the start of the line of a character."""
    return text.rfind("\n", 0, index) + 1


def find_end(text: str, node: Node) -> int:
    """Return the end of the last line of a node, which may end far beyond its text."""
    last = node
    while isinstance(last, (MappingNode, SequenceNode)) and not last.flow_style and last.value:
        element = last.value[-1]
        last = element[1] if isinstance(last, MappingNode) else element
    return text.find("\n", last.end_mark.index) + 1 or len(text)


def remove(text: str, libraries: Sequence[str]) -> str:
    """Return the text without some libraries, and without the list if it has no others.

    Raises:
        ValueError: the text is not YAML, or the list cannot be changed safely.
    """
    cut = cut_out(text, libraries)
    if cut == text:
        return text
    expected = dict(load_charmcraft(text))
    entries = as_list(expected.pop(KEY, None)) or ()
    kept = [entry for entry in entries if unify(name_library(entry)) not in libraries]
    if kept:
        expected[KEY] = kept
    if load_charmcraft(cut) != expected:
        raise ValueError(f"{KEY} cannot be changed safely")
    return cut


def unify(name: str) -> str:
    """Return the name of a library, which may have dashes, with underscores."""
    return name.replace("-", "_")


def cut_out(text: str, libraries: Sequence[str]) -> str:
    """Return the text without the lines of some libraries; the result is to be checked."""
    charm_libs = read(text)
    removed = [entry for entry in charm_libs.entries if entry.library in libraries]
    if not removed:
        return text
    if len(removed) == len(charm_libs.entries):
        end = charm_libs.entries[-1].end
        blank = BLANK_LINES.match(text, end)
        return text[: charm_libs.start] + text[blank.end() if blank else end :]
    for entry in reversed(removed):
        text = text[: entry.start] + text[entry.end :]
    return text
