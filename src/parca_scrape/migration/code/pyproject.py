"""`pyproject.toml`: the lists of dependencies of PEP 621, PEP 735, poetry and uv.

Lines are put in and taken out as text, and the parser says whether the result is what was meant.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Callable, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple, cast

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import Array

from parca_scrape._getters import as_list, as_object
from parca_scrape.migration.code.charm_tree import Leftover
from parca_scrape.migration.code.requirements import (
    COSL,
    OPS,
    PACKAGE_NAME,
    REQUIREMENT,
    find_name,
    note_ops,
)
from parca_scrape.version import VERSION

PATH = "pyproject.toml"
HEADER = re.compile(r"^[ \t]*\[+([^\]\r\n]+)\]+", re.MULTILINE)
STRING_OR_COMMENT = re.compile(r"#[^\n]*|\"(?:\\.|[^\"\\])*\"|'[^']*'")
# What may follow an entry that has a line of its own.
ALONE = re.compile(r"[ \t]*,?[ \t]*(?:#[^\n]*)?\r?\n?")
COMMA = re.compile(r"\s*,[ \t]*")
LAST_COMMA = re.compile(r",\s*$")
KEY = re.compile(r"^[ \t]*([\"']?)([A-Za-z0-9_.-]+)\1[ \t]*=", re.MULTILINE)


@dataclass(frozen=True)
class DependencyList:
    """A list of requirements, or the table that poetry has instead."""

    keys: Tuple[str, ...]
    """Where it is in the document."""
    requirements: Tuple[str, ...]
    is_table: bool

    @property
    def is_main(self) -> bool:
        """Whether every installation has these dependencies."""
        return self.keys in (("project", "dependencies"), ("tool", "poetry", "dependencies"))

    def lists(self, name: str) -> bool:
        """Return whether a package is in it."""
        return any(find_name(requirement) == name for requirement in self.requirements)


def find_lists(text: str) -> List[DependencyList]:
    """Return all lists of dependencies.

    Raises:
        ValueError: the text is not TOML.
    """
    document = parse(text)
    tool = get_table(document, "tool")
    poetry = get_table(tool, "poetry")
    project = get_table(document, "project")
    lists: List[DependencyList] = [
        *read_lists(project, "project", only="dependencies"),
        *read_lists(
            get_table(project, "optional-dependencies"), "project", "optional-dependencies"
        ),
        *read_lists(get_table(document, "dependency-groups"), "dependency-groups"),
        *read_lists(get_table(tool, "uv"), "tool", "uv", only="dev-dependencies"),
    ]
    groups = get_table(poetry, "group")
    tables: Dict[Tuple[str, ...], Mapping[str, object]] = {
        ("tool", "poetry", name): get_table(poetry, name)
        for name in ("dependencies", "dev-dependencies")
    }
    for name in groups:
        table = get_table(get_table(groups, name), "dependencies")
        tables["tool", "poetry", "group", name, "dependencies"] = table
    for keys, table in tables.items():
        requirements = (f"{name} {value}" for name, value in table.items())
        if table:
            lists.append(DependencyList(keys, tuple(requirements), is_table=True))
    return lists


def parse(text: str) -> Mapping[str, object]:
    """Return a document.

    Raises:
        ValueError: the text is not TOML.
    """
    try:
        return as_object(tomlkit.parse(text).unwrap()) or {}
    except (TOMLKitError, ValueError, RecursionError) as error:
        raise ValueError("not valid TOML") from error


def get_table(table: Mapping[str, object], key: str) -> Mapping[str, object]:
    """Return a table in another; an empty one if there is none."""
    return as_object(table.get(key)) or {}


def read_lists(
    table: Mapping[str, object], *keys: str, only: Optional[str] = None
) -> Iterator[DependencyList]:
    """Yield the lists of requirements of a table."""
    for key, value in table.items():
        elements = as_list(value)
        if elements is not None and only in (None, key):
            requirements = tuple(element for element in elements if isinstance(element, str))
            yield DependencyList((*keys, key), requirements, is_table=False)


def rewrite(
    text: str, lists: Sequence[DependencyList], *, drops: bool
) -> Tuple[str, List[Leftover]]:
    """Return the text with the package in some lists, and what cannot be done.

    Args:
        text: the document.
        lists: those that get the package.
        drops: whether to drop cosl from all.
    """
    leftovers: List[Leftover] = []
    for one in lists:
        if not one.lists(PACKAGE_NAME):
            for requirement in one.requirements:
                if find_name(requirement) == OPS:
                    leftovers += note_ops(PATH, 0, requirement)
            changed = attempt(add_to, text, one)
            if changed is None:
                leftovers.append(describe(one, f"add {REQUIREMENT} by hand"))
            text = text if changed is None else changed
    for one in find_lists(text) if drops else ():
        if one.lists(COSL):
            changed = attempt(drop_from, text, one)
            if changed is None:
                leftovers.append(describe(one, f"remove {COSL} by hand"))
            text = text if changed is None else changed
    return text, leftovers


def attempt(
    change: Callable[[str, DependencyList], Optional[str]], text: str, one: DependencyList
) -> Optional[str]:
    """Return what a change makes of the text; None if it cannot be done."""
    try:
        return change(text, one)
    except TOMLKitError:  # An intermediate text is not TOML.
        return None


def describe(one: DependencyList, advice: str) -> Leftover:
    """Return the line for a list that cannot be changed."""
    return Leftover(PATH, 0, ".".join(one.keys), advice)


def add_to(text: str, one: DependencyList) -> Optional[str]:
    """Return the text with the package after ops; None if that cannot be done."""
    found = find_entry(text, one, OPS)
    if found is None:
        return None
    start, end = found
    line_start = text.rfind("\n", 0, start) + 1
    line_end = text.find("\n", end) + 1 or len(text)
    newline = "\r\n" if text[:line_end].endswith("\r\n") else "\n"
    indentation = text[line_start:start]
    if one.is_table:
        entry = f'{indentation}{PACKAGE_NAME} = ">={VERSION}"'
        separator = "" if text[:line_end].endswith("\n") else newline
        changed = text[:line_end] + separator + entry + newline + text[line_end:]
    elif indentation.strip():
        quote = text[start]
        changed = f"{text[:end]}, {quote}{REQUIREMENT}{quote}{text[end:]}"
    else:
        quote = text[start]
        rest = text[end:line_end]
        comma = "" if rest.lstrip().startswith(",") else ","
        entry = f"{indentation}{quote}{REQUIREMENT}{quote},{newline}"
        changed = text[:end] + comma + rest + entry + text[line_end:]
    expected = [*one.requirements, REQUIREMENT]
    return changed if is_meant(text, changed, one, expected) else None


def drop_from(text: str, one: DependencyList) -> Optional[str]:
    """Return the text without cosl; None if that cannot be done."""
    changed = text
    found = find_entry(changed, one, COSL)
    while found:
        changed = cut(changed, *found, is_line=one.is_table)
        found = find_entry(changed, one, COSL)
    expected = [each for each in one.requirements if find_name(each) != COSL]
    return changed if is_meant(text, changed, one, expected) else None


def cut(text: str, start: int, end: int, *, is_line: bool) -> str:
    """Return text without an entry: without its line if nothing else is there."""
    line_start = text.rfind("\n", 0, start) + 1
    line_end = text.find("\n", end) + 1 or len(text)
    is_alone = ALONE.fullmatch(text[end:line_end]) and not text[line_start:start].strip()
    if is_line or is_alone:
        return text[:line_start] + text[line_end:]
    comma = COMMA.match(text, end)
    if comma:
        return text[:start] + text[comma.end() :]
    return LAST_COMMA.sub("", text[:start]) + text[end:]


def find_entry(text: str, one: DependencyList, name: str) -> Optional[Tuple[int, int]]:
    """Return where a requirement is in a document: its string, or the line of its key."""
    if one.is_table:
        return find_key(text, ".".join(one.keys), name)
    item: object = tomlkit.parse(text)
    for key in one.keys:
        item = cast("Mapping[str, object]", item)[key]
    array = item.as_string() if isinstance(item, Array) else ""
    if not array or text.count(array) != 1:
        return None
    offset = text.index(array)
    for token in STRING_OR_COMMENT.finditer(array):
        if not token.group().startswith("#") and find_name(token.group()[1:-1]) == name:
            return offset + token.start(), offset + token.end()
    return None


def find_key(text: str, header: str, name: str) -> Optional[Tuple[int, int]]:
    """Return where the line of a key is in the table with a header, without its line end."""
    headers = list(HEADER.finditer(text))
    for found, following in zip(headers, [*headers[1:], None]):
        if re.sub(r"[\s\"']", "", found.group(1)) != header:
            continue
        end = following.start() if following else len(text)
        for key in KEY.finditer(text, found.end(), end):
            if find_name(key.group(2)) == name:
                line_end = text.find("\n", key.end())
                return key.start(1), len(text) if line_end < 0 else line_end
    return None


def is_meant(before: str, after: str, one: DependencyList, expected: Sequence[str]) -> bool:
    """Return whether a change of the text changes one list only, and as it is expected."""
    try:
        [changed] = [each for each in find_lists(after) if each.keys == one.keys]
    except ValueError:
        return False
    are_names = sorted(map(find_name, changed.requirements)) == sorted(map(find_name, expected))
    return are_names and blank(before, one.keys) == blank(after, one.keys)


def blank(text: str, keys: Sequence[str]) -> Mapping[str, object]:
    """Return a document without one of its values."""
    document = parse(text)
    table = document
    for key in keys[:-1]:
        table = cast("Mapping[str, object]", table[key])
    cast("Dict[str, object]", table)[keys[-1]] = None
    return document
