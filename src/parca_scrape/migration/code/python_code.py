"""Python code that uses the library: its imports and names, rewritten in place."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import Dict, Iterable, List, Mapping, Optional, Sequence, Tuple

import libcst as cst
from libcst import matchers
from libcst.helpers import get_full_name_for_node
from libcst.metadata import (
    MetadataWrapper,
    PositionProvider,
    QualifiedNameSource,
    Scope,
    ScopeProvider,
)

from parca_scrape.migration.code.charm_tree import Leftover
from parca_scrape.migration.code.library_names import (
    OLD_MODULE,
    OLD_MODULES,
    OLD_PACKAGES,
    PACKAGE,
    Destination,
    explain_missing,
    split_name,
)

LINE_END = re.compile(r"\r\n?|\n")
COMMENT = re.compile(r"#[^\r\n]*")
CHARMS = "charms"
# The local name of the package where a variable of the charm has its own.
SPARE_NAME = "parca_scrape_package"
# libcst crashes, with the process, on code that is nested some 1,500 levels deep.
MAX_DEPTH = 500


@dataclass(frozen=True)
class Edit:
    """Text to put in the place of a range of characters."""

    start: int
    end: int
    text: str


class Code:
    """A parsed file: where its nodes are in the text, and what its names mean.

    Raises:
        SyntaxError: the text is not code of this Python.
        cst.ParserSyntaxError: it is code that libcst does not know.
        RecursionError: it is too deeply nested.
        ValueError: libcst reads something else than the text.
    """

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text
        check_depth(ast.parse(text))
        wrapper = MetadataWrapper(cst.parse_module(text), unsafe_skip_copy=True)
        self.module: cst.Module = wrapper.module
        # Positions are those in the code that libcst makes of its tree. It loses some form feeds.
        if self.module.code != text:
            raise ValueError("libcst does not reproduce the text")
        self.scopes: Mapping[cst.CSTNode, Optional[Scope]] = wrapper.resolve(ScopeProvider)
        self._positions = wrapper.resolve(PositionProvider)
        self._lines = [0, *(match.end() for match in LINE_END.finditer(text))]

    def find_range(self, node: cst.CSTNode) -> Tuple[int, int]:
        """Return where a node starts and ends in the text."""
        place = self._positions[node]
        start = self._lines[place.start.line - 1] + place.start.column
        return start, self._lines[place.end.line - 1] + place.end.column

    def line_of(self, node: cst.CSTNode) -> int:
        """Return the line on which a node starts."""
        return self._positions[node].start.line

    def find_imported(self, node: cst.CSTNode) -> Optional[str]:
        """Return what an expression has of the library, `""` for the module; None if nothing."""
        scope = self.scopes.get(node)
        for name in scope.get_qualified_names_for(node) if scope else ():
            split = split_name(name.name)
            if split and name.source is QualifiedNameSource.IMPORT:
                return split[1]
        return None

    def leftover(self, node: cst.CSTNode, what: str, advice: str) -> Leftover:
        """Return the line for a node that is left to a person."""
        return Leftover(self.path, self.line_of(node), what, advice)


def check_depth(tree: ast.AST) -> None:
    """Raise RecursionError if a tree is too deep to be parsed by libcst."""
    level = [tree]
    for _ in range(MAX_DEPTH):
        level = [child for node in level for child in ast.iter_child_nodes(node)]
    if level:
        raise RecursionError


def read_string(node: cst.CSTNode) -> str:
    """Return the text of a string in one piece; empty for anything else."""
    value = node.evaluated_value if isinstance(node, cst.SimpleString) else None
    return value if isinstance(value, str) else ""


def apply(text: str, edits: Iterable[Edit]) -> str:
    """Return text with all edits made.

    Raises:
        ValueError: two edits overlap.
    """
    following = len(text)
    for edit in sorted(edits, key=lambda edit: (edit.start, edit.end), reverse=True):
        if edit.end > following:
            raise ValueError("edits overlap")
        following = edit.start
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text


class ImportRewriter(cst.CSTVisitor):
    """Collects the edits of imports and of the names that depend on them."""

    def __init__(self, code: Code, destination: Destination) -> None:
        super().__init__()
        self._code = code
        self._names = destination.names
        self._destination = destination
        self._others: List[Edit] = []
        # What must be left alone if the code uses what the package does not have.
        self._modules: List[Edit] = []
        # The whole name in the code, which needs `import` of the whole name.
        self._chains: List[Edit] = []
        self._imports_module = False
        self._keeps_module = False
        self._local_name = find_local_name(code)
        self.leftovers: List[Leftover] = []

    def list_edits(self) -> List[Edit]:
        """Return the edits, once the whole file has been visited."""
        if not self._destination.is_package:
            return []
        if self._keeps_module:
            return self._others
        return self._others + self._modules + (self._chains if self._imports_module else [])

    def visit_Import(self, node: cst.Import) -> bool:  # noqa: N802
        """Rewrite `import charms.X.v0.parca_scrape`."""
        for alias in node.names:
            if get_full_name_for_node(alias.name) in OLD_MODULES:
                is_spare = alias.asname is None and self._local_name != PACKAGE
                text = f"{PACKAGE} as {self._local_name}" if is_spare else PACKAGE
                self._modules.append(Edit(*self._code.find_range(alias.name), text))
                self._imports_module |= alias.asname is None
        return False

    def visit_ImportFrom(self, node: cst.ImportFrom) -> bool:  # noqa: N802
        """Rewrite `from charms.X.v0.parca_scrape import …` and `from charms.X.v0 import …`."""
        if node.module is None or node.relative:
            return False
        module = get_full_name_for_node(node.module)
        if module in OLD_MODULES:
            self._rewrite_names(node, node.module)
        elif module in OLD_PACKAGES and not isinstance(node.names, cst.ImportStar):
            self._rewrite_module(node, node.names)
        return False

    def _rewrite_names(self, node: cst.ImportFrom, module: cst.CSTNode) -> None:
        if isinstance(node.names, cst.ImportStar):
            advice = "check what the code uses: the package exports its public names only"
            self.leftovers.append(self._code.leftover(node, "imports every name", advice))
            names: List[str] = []
        else:
            names = [get_full_name_for_node(alias.name) or "" for alias in node.names]
        missing = [name for name in names if name not in self._names]
        for name in missing:
            advice = explain_missing(name, self._destination)
            self.leftovers.append(self._code.leftover(node, f"imports {name}", advice))
        if not missing:
            self._others.append(Edit(*self._code.find_range(module), PACKAGE))

    def _rewrite_module(self, node: cst.ImportFrom, aliases: Sequence[cst.ImportAlias]) -> None:
        for index, alias in enumerate(aliases):
            if get_full_name_for_node(alias.name) != PACKAGE:
                continue
            start, end = self._code.find_range(alias)
            text = f"import {self._code.text[start:end]}"
            if len(aliases) == 1:
                self._modules.append(self._replace_statement(node, text))
            else:
                self._modules += self._move_alias(node, text, aliases, index)

    def _replace_statement(self, node: cst.ImportFrom, text: str) -> Edit:
        """Return the edit that puts other text in the place of a statement."""
        start, end = self._code.find_range(node)
        return Edit(start, end, self._keep_comments(start, end, start, text))

    def _move_alias(
        self, node: cst.ImportFrom, text: str, aliases: Sequence[cst.ImportAlias], index: int
    ) -> List[Edit]:
        """Return the edits that take a name out of a statement and import it before."""
        statement = self._code.find_range(node)[0]
        if index + 1 < len(aliases):
            start = self._code.find_range(aliases[index])[0]
            end = self._code.find_range(aliases[index + 1])[0]
        else:
            start = self._code.find_range(aliases[index - 1])[1]
            end = self._code.find_range(aliases[index])[1]
        kept = self._keep_comments(start, end, statement, text)
        separator = self._line_end(statement) or "; "
        return [Edit(statement, statement, kept + separator), Edit(start, end, "")]

    def _keep_comments(self, start: int, end: int, statement: int, text: str) -> str:
        """Return text after the comments of a range, each on its own line."""
        comments = COMMENT.findall(self._code.text, start, end)
        separator = self._line_end(statement)
        return separator.join([*comments, text]) if separator else text

    def _line_end(self, start: int) -> str:
        """Return what starts a new line like that of a statement; empty if it is not the first."""
        text = self._code.text
        line = max(text.rfind("\n", 0, start), text.rfind("\r", 0, start)) + 1
        indentation = text[line:start]
        if indentation.strip():
            return ""
        found = LINE_END.search(text)
        return (found.group() if found else "\n") + indentation

    def visit_Attribute(self, node: cst.Attribute) -> bool:  # noqa: N802
        """Rewrite `charms.X.v0.parca_scrape`, and note what the package does not have."""
        name = self._code.find_imported(node)
        if name == "" and get_full_name_for_node(node) in OLD_MODULES:
            self._chains.append(Edit(*self._code.find_range(node), self._local_name))
            return False
        if name and "." not in name and name not in self._names:
            self._note_missing(node, name)
        return True

    def visit_Name(self, node: cst.Name) -> None:  # noqa: N802
        """Note another use of what `import charms.X.v0.parca_scrape` binds."""
        if node.value == CHARMS and self._imports_module:
            self._keeps_module = True
            advice = f"import {PACKAGE} by hand, or leave the import as it is"
            self.leftovers.append(self._code.leftover(node, f"uses {CHARMS} itself", advice))

    def visit_Annotation(self, node: cst.Annotation) -> None:  # noqa: N802
        """Rewrite the same in an annotation that is a string."""
        for string in matchers.findall(node, matchers.SimpleString()):
            start, end = self._code.find_range(string)
            for found in OLD_MODULE.finditer(self._code.text, start, end):
                self._chains.append(Edit(*found.span(), self._local_name))

    def visit_Call(self, node: cst.Call) -> None:  # noqa: N802
        """Note `patch.object(module, "name")` and the like if the package has no such name."""
        if len(node.args) < 2 or self._code.find_imported(node.args[0].value) != "":
            return
        name = read_string(node.args[1].value)
        if name.isidentifier() and name not in self._names:
            self._note_missing(node, name)

    def _note_missing(self, node: cst.CSTNode, name: str) -> None:
        self._keeps_module = True
        advice = explain_missing(name, self._destination)
        self.leftovers.append(self._code.leftover(node, f"uses {name} of the library", advice))


def find_local_name(code: Code) -> str:
    """Return the name by which `import` can bind the package without hiding another variable."""
    taken: Dict[str, bool] = {}
    for scope in set(code.scopes.values()):
        for assignment in scope.assignments if scope else ():
            is_library = any(
                split_name(name.name) is not None and name.source is QualifiedNameSource.IMPORT
                for name in assignment.get_qualified_names_for(assignment.name)
            )
            taken[assignment.name] = taken.get(assignment.name, False) or not is_library
    if not taken.get(PACKAGE, False):
        return PACKAGE
    name = SPARE_NAME
    while name in taken:
        name += "_"
    return name
