"""Names of the library in strings: the targets of `patch()`, `setattr()` and `import_module()`."""

from __future__ import annotations

import re
from typing import List, Set

import libcst as cst
from libcst.helpers import get_full_name_for_node

from parca_scrape.migration.code.charm_tree import Leftover
from parca_scrape.migration.code.library_names import (
    DOTTED_NAME,
    OLD_MODULE,
    OLD_MODULES,
    PACKAGE,
    Destination,
    explain_missing,
    explain_target,
    find_private,
    replace_target,
    split_name,
)
from parca_scrape.migration.code.python_code import Code, Edit, read_string

# The functions that take the name of a module; any other may add to the name.
MODULE_READERS = frozenset({"find_spec", "import_module", "importorskip", "resolve_name"})
BY_HAND = "change it to a name in the package"
# The library as it is named in a module that imports it, such as `charm.parca_scrape.socket`.
IN_MODULE = re.compile(rf"\.{PACKAGE}\.(.+)")
# The modules of the package in which a target may be.
SUBMODULES = frozenset({"consumer", "provider", "topology"})


class TargetRewriter(cst.CSTVisitor):
    """Collects the edits of strings that name something in the library."""

    def __init__(self, code: Code, destination: Destination) -> None:
        super().__init__()
        self._code = code
        self._destination = destination
        self._modules: Set[cst.CSTNode] = set()
        self.edits: List[Edit] = []
        self.leftovers: List[Leftover] = []

    def visit_Call(self, node: cst.Call) -> None:  # noqa: N802
        """Remember what is the name of a module."""
        function = (get_full_name_for_node(node.func) or "").rpartition(".")[2]
        if function in MODULE_READERS and node.args:
            self._modules.add(node.args[0].value)

    def visit_Annotation(self, node: cst.Annotation) -> bool:  # noqa: N802
        """Leave annotations to the rewriter of imports."""
        return False

    def visit_FormattedString(self, node: cst.FormattedString) -> bool:  # noqa: N802
        """Note a name that is put together."""
        parts = [part.value for part in node.parts if isinstance(part, cst.FormattedStringText)]
        if any(map(OLD_MODULE.search, parts)):
            self._note(node, "a name in a formatted string", BY_HAND)
        return False

    def visit_ConcatenatedString(self, node: cst.ConcatenatedString) -> bool:  # noqa: N802
        """Note a name that is put together."""
        value = node.evaluated_value
        if isinstance(value, str) and DOTTED_NAME.fullmatch(value) and OLD_MODULE.search(value):
            self._note(node, f"{value} in several strings", BY_HAND)
        return False

    def visit_SimpleString(self, node: cst.SimpleString) -> None:  # noqa: N802
        """Rewrite a string that is the name of something in the library, or note it."""
        value = read_string(node)
        if not DOTTED_NAME.fullmatch(value):
            return
        module, attribute = split_name(value) or ("", "")
        if module in OLD_MODULES:
            self._rewrite(node, value, attribute)
        elif find_private(attribute):
            self._note(node, value, explain_target(attribute, self._destination))
        elif not module:
            self._check_import(node, value)

    def _rewrite(self, node: cst.SimpleString, value: str, attribute: str) -> None:
        destination = self._destination
        if not destination.is_package:
            first = attribute.partition(".")[0]
            if find_private(attribute) or (first and first not in destination.names):
                self._note(node, value, explain_target(attribute, destination))
            return
        if attribute:
            target = replace_target(attribute)
            advice = explain_target(attribute, destination)
        else:
            target = PACKAGE if node in self._modules else None
            advice = BY_HAND
        offset = node.value.find(value)
        if target is None or offset < 0:
            self._note(node, value, advice)
            return
        start = self._code.find_range(node)[0] + offset
        self.edits.append(Edit(start, start + len(value), target))

    def _check_import(self, node: cst.SimpleString, value: str) -> None:
        """Note a name by way of a module of the charm that the package does not have."""
        found = IN_MODULE.search(value)
        if not found:
            return
        first = found.group(1).partition(".")[0]
        if OLD_MODULE.search(value):
            if self._destination.is_package:
                self._note(node, value, BY_HAND)
        elif first not in self._destination.names | SUBMODULES:
            self._note(node, value, explain_missing(first, self._destination))

    def _note(self, node: cst.CSTNode, what: str, advice: str) -> None:
        self.leftovers.append(self._code.leftover(node, what, advice))
