"""Misspell fields on their way into a dataclass, one at a time, and see that mypy notices each.

Usage: python tools/misspellings.py

A field is a keyword of a call that makes a dataclass, or a key of a dict display that goes into
such a call or into a TypedDict. Each such display also gets a misspelt key beside its first one.
All misspellings are made at once in a copy of the package. Those that no error of mypy names are
then made alone, and count as noticed if mypy finds anything. The exit code is 1 if mypy misses
one.
"""

from __future__ import annotations

import ast
import os
import re
import shutil
import sys
import tempfile
from dataclasses import dataclass, replace
from operator import attrgetter
from pathlib import Path
from typing import Dict, Iterable, Iterator, List, Mapping, Sequence, Set, Tuple, Union

from modules import PACKAGE, ROOT, SOURCE
from mypy import api

CLASS_KINDS = ("dataclass", "TypedDict", "NamedTuple")
FILLERS = ("append", "extend", "update")
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
Function = Union[ast.FunctionDef, ast.AsyncFunctionDef]


@dataclass(frozen=True)
class Place:
    """Where a node is."""

    path: Path
    module: ast.Module
    scope: ast.AST
    """The function around it, or the module."""
    class_name: str


@dataclass(frozen=True)
class Field:
    """A place where the source has the name of a field."""

    path: Path
    line: int
    column: int
    """In bytes, as in the syntax tree."""
    name: str
    added_value: str = ""
    """The source of the value for a misspelt key to add; empty to misspell the name itself."""

    def edit(self, line: bytes, wrong: str) -> bytes:
        """Return the line of the field with a wrong name in it."""
        before, after = line[: self.column], line[self.column :]
        if self.added_value:
            return before + f'"{wrong}": {self.added_value}, '.encode() + after
        return before + after.replace(self.name.encode(), wrong.encode(), 1)

    def describe(self) -> str:
        """Return where the field is, and what was misspelt."""
        what = f"a key beside {self.name!r}" if self.added_value else repr(self.name)
        return f"{self.path.relative_to(ROOT)}:{self.line}: {what}"


class FieldFinder:
    """Finds the fields in the source of the package."""

    def __init__(self, paths: Iterable[Path]) -> None:
        self._places: Dict[ast.AST, Place] = {}
        self._functions: Dict[str, List[Function]] = {}
        self._classes: Set[str] = set()
        self._typed_dicts: Set[str] = set()
        self._followed: Set[ast.AST] = set()
        self._fields: Set[Field] = set()
        for path in paths:
            tree = ast.parse(path.read_text(encoding="utf-8"))
            self._index(tree, Place(path, tree, tree, ""))

    def find(self) -> List[Field]:
        """Return the fields in the order of the source."""
        for node, place in self._places.items():
            if isinstance(node, ast.Call):
                self._visit_call(node, place.class_name)
            elif isinstance(node, ast.AnnAssign) and words(node.annotation) & self._typed_dicts:
                self._follow(node.value)
            elif isinstance(node, (ast.Return, ast.Yield)) and isinstance(place.scope, FUNCTIONS):
                returns = place.scope.returns
                if returns and words(returns) & self._typed_dicts:
                    self._follow(node.value)
        return sorted(self._fields, key=attrgetter("path", "line", "column", "added_value"))

    def _index(self, node: ast.AST, place: Place) -> None:
        """Record the place of every node, the functions, and the classes that have fields."""
        self._places[node] = place
        if isinstance(node, ast.ClassDef):
            kinds = words(*node.bases, *node.decorator_list)
            self._classes.update({node.name} if kinds & {*CLASS_KINDS} else ())
            self._typed_dicts.update({node.name} if "TypedDict" in kinds else ())
            place = replace(place, class_name=node.name)
        elif isinstance(node, FUNCTIONS):
            self._functions.setdefault(node.name, []).append(node)
            place = replace(place, scope=node)
        for child in ast.iter_child_nodes(node):
            self._index(child, place)

    def _visit_call(self, call: ast.Call, class_name: str) -> None:
        """Add the keywords of a call that makes an instance, and all that the call unpacks."""
        makers = {*self._classes, *(["cls"] if class_name in self._classes else [])}
        is_maker = bool(words(call.func) & (makers | {"replace", "__class__", "type"}))
        for keyword in call.keywords:
            if keyword.arg is None:
                self._follow(keyword.value)
            elif is_maker or words(*call.args) & makers:
                self._add(keyword, keyword.arg)
        if "__dict__" in words(call.func):
            for argument in call.args:
                self._follow(argument)

    def _follow(self, value: ast.AST | None) -> None:
        """Add the keys of all dict displays that a value may come from."""
        waiting = [value] if value else []
        while waiting:
            node = waiting.pop()
            if node in self._followed:
                continue
            self._followed.add(node)
            waiting += self._sources(node)
            if isinstance(node, ast.Dict):
                self._add_display(node)
            elif isinstance(node, ast.DictComp):
                self._add_keys(node.key)

    def _sources(self, node: ast.AST) -> Iterator[ast.AST]:
        """Yield what a value may come from, one step back."""
        if isinstance(node, ast.Name):
            yield from self._values_of(node)
        elif isinstance(node, ast.Call):
            yield from (*node.args, *(keyword.value for keyword in node.keywords))
            for name in words(node.func):
                for inner in (n for f in self._functions.get(name, ()) for n in ast.walk(f)):
                    if isinstance(inner, ast.Return) and inner.value:
                        yield inner.value
        elif isinstance(node, (ast.ListComp, ast.GeneratorExp)):
            yield node.elt
        elif isinstance(node, ast.Dict):
            yield from (value for key, value in zip(node.keys, node.values) if key is None)
        elif isinstance(node, (ast.IfExp, ast.BoolOp, ast.BinOp, ast.Tuple, ast.List)):
            yield from ast.iter_child_nodes(node)

    def _values_of(self, name: ast.Name) -> Iterator[ast.AST]:
        """Yield what is bound to a name or put into it, and add the keys stored into it."""
        place = self._places[name]
        for node in (n for scope in {place.scope, place.module} for n in ast.walk(scope)):
            for target, value in bindings(node):
                if name.id in stored_names(target):
                    yield value
                elif isinstance(target, ast.Subscript) and words(target.value) == {name.id}:
                    self._add_keys(target.slice)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                is_filled = words(node.func.value) == {name.id} and node.func.attr in FILLERS
                yield from node.args if is_filled else ()

    def _add_display(self, display: ast.Dict) -> None:
        """Add the keys of a dict display, and a key beside the first one."""
        items = [(key, value) for key, value in zip(display.keys, display.values) if key]
        for key, value in items[:1]:
            if isinstance(key, ast.Constant):
                self._add(key, str(key.value), ast.unparse(value))
        for key, _ in items:
            self._add_keys(key)

    def _add_keys(self, key: ast.AST) -> None:
        """Add a key in quotes, or the texts that a loop binds to the name of a key."""
        if isinstance(key, ast.Constant):
            self._add(key, str(key.value))
        elif isinstance(key, ast.Name):
            nodes = ast.walk(self._places[key].scope)
            for loop in (node for node in nodes if isinstance(node, (ast.For, ast.comprehension))):
                if key.id in stored_names(loop.target):
                    self._add_texts(loop.iter)

    def _add_texts(self, node: ast.AST) -> None:
        """Add the texts in what a loop runs over."""
        for inner in ast.walk(node):
            if isinstance(inner, ast.Constant) and isinstance(inner.value, str):
                self._add(inner, inner.value)
            elif isinstance(inner, ast.Name):
                self._follow(inner)

    def _add(self, node: ast.keyword | ast.Constant, name: str, added_value: str = "") -> None:
        path = self._places[node].path
        self._fields.add(Field(path, node.lineno, node.col_offset, name, added_value))


def words(*nodes: ast.AST) -> Set[str]:
    """Return the names and attributes in expressions."""
    inner = [node for outer in nodes for node in ast.walk(outer)]
    names = {node.id for node in inner if isinstance(node, ast.Name)}
    return names | {node.attr for node in inner if isinstance(node, ast.Attribute)}


def stored_names(target: ast.AST) -> Set[str]:
    """Return the names that a target of an assignment or a loop binds."""
    nodes = [node for node in ast.walk(target) if isinstance(node, ast.Name)]
    return {node.id for node in nodes if isinstance(node.ctx, ast.Store)}


def bindings(node: ast.AST) -> Iterator[Tuple[ast.AST, ast.AST]]:
    """Yield the targets and the values of an assignment."""
    if isinstance(node, ast.Assign):
        yield from ((target, node.value) for target in node.targets)
    elif isinstance(node, (ast.AnnAssign, ast.AugAssign, ast.NamedExpr)) and node.value:
        yield node.target, node.value


class Copy:
    """A copy of the package to misspell fields in."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._seconds = 0
        shutil.copytree(ROOT / "src", root / "src", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "mypy.ini", root)

    def check(self, misspelt: Mapping[str, Field]) -> str:
        """Return the errors of mypy with wrong names in the place of fields."""
        paths = {field.path for field in misspelt.values()}
        for path in paths:
            lines = path.read_bytes().splitlines(keepends=True)
            # From right to left, so that each column stays what it was.
            for wrong, field in sorted(misspelt.items(), key=edit_order, reverse=True):
                if field.path == path:
                    lines[field.line - 1] = field.edit(lines[field.line - 1], wrong)
            self._write(path, b"".join(lines))
        options = ["--config-file", str(self._root / "mypy.ini"), "--no-error-summary"]
        options += ["--cache-dir", str(self._root / "cache"), str(self._root / "src" / PACKAGE)]
        output, problem, _ = api.run(options)
        for path in paths:
            self._write(path, path.read_bytes())
        return output + problem

    def _write(self, path: Path, content: bytes) -> None:
        """Write a file of the copy, at a time that its cache does not know."""
        copied = self._root / path.relative_to(ROOT)
        copied.write_bytes(content)
        self._seconds += 1
        os.utime(copied, (self._seconds, self._seconds))


def edit_order(item: Tuple[str, Field]) -> Tuple[int, bool]:
    """Return the sort key of edits: a key is added before the key beside it, not after."""
    return item[1].column, not item[1].added_value


def find_unnoticed(fields: Sequence[Field]) -> List[Field]:
    """Return the fields whose misspelling mypy does not notice.

    Raises:
        SystemExit: mypy finds errors without any misspelling.
    """
    with tempfile.TemporaryDirectory() as folder:
        copy = Copy(Path(folder).resolve())
        if errors := copy.check({}):
            raise SystemExit(f"misspellings: mypy finds errors already: run make lint\n{errors}")
        misspelt = {f"{field.name}x{number}": field for number, field in enumerate(fields)}
        named = set(re.findall(r"\w+", copy.check(misspelt)))
        doubtful = {wrong: field for wrong, field in misspelt.items() if wrong not in named}
        return [field for wrong, field in doubtful.items() if not copy.check({wrong: field})]


def main() -> int:
    """Find the fields, misspell them and report what mypy does not notice."""
    fields = FieldFinder(sorted(SOURCE.rglob("*.py"))).find()
    if not fields:
        raise SystemExit("misspellings: found no field to misspell")
    unnoticed = find_unnoticed(fields)
    for field in unnoticed:
        print(f"not noticed: {field.describe()}")
    print(f"mypy notices {len(fields) - len(unnoticed)} of {len(fields)} misspellings")
    return 1 if unnoticed else 0


if __name__ == "__main__":
    sys.exit(main())
