"""Uses of what is private in the classes of the reference libraries."""

from __future__ import annotations

import re
from typing import Dict, List, Optional, Set, Tuple, Union

import libcst as cst
from libcst.helpers import get_full_name_for_node

from parca_scrape.migration.code.charm_tree import Leftover
from parca_scrape.migration.code.library_names import NEW_PRIVATE_NAMES, PRIVATE_NAMES
from parca_scrape.migration.code.python_code import Code, read_string

OWN = ("self", "cls")
RENAME = "rename it: the package uses this name itself"


class PrivateNameFinder(cst.CSTVisitor):
    """Finds private names in subclasses, and the names of the objects of the library's classes."""

    def __init__(self, code: Code) -> None:
        super().__init__()
        self._code = code
        self._classes: List[Optional[str]] = []
        self._subclasses: Dict[str, str] = {}
        self._noted: Set[Tuple[int, str]] = set()
        self.attributes: Dict[str, str] = {}
        """The library's class of the object that an attribute holds, by its name."""
        self.variables: Dict[str, str] = {}
        self.leftovers: List[Leftover] = []

    def visit_ClassDef(self, node: cst.ClassDef) -> None:  # noqa: N802
        """Enter a class and note which of the library's it extends."""
        found = [self._find_class(base.value) for base in node.bases]
        class_name = next(filter(None, found), None)
        self._classes.append(class_name)
        if class_name:
            self._subclasses[node.name.value] = class_name

    def leave_ClassDef(self, original_node: cst.ClassDef) -> None:  # noqa: N802
        """Leave a class."""
        self._classes.pop()

    def visit_FunctionDef(self, node: cst.FunctionDef) -> None:  # noqa: N802
        """Note a method that is private in the library."""
        self._note_private(node, node.name.value, f"overrides {node.name.value}")

    def visit_Attribute(self, node: cst.Attribute) -> None:  # noqa: N802
        """Note a private attribute of a subclass."""
        value = node.value
        is_super = isinstance(value, cst.Call) and get_full_name_for_node(value.func) == "super"
        if is_super or get_full_name_for_node(value) in OWN:
            self._note_private(node, node.attr.value, f"uses {node.attr.value}")

    def visit_Assign(self, node: cst.Assign) -> None:  # noqa: N802
        """Remember the name of an object."""
        for target in node.targets:
            self._remember(target.target, node.value)

    def visit_AnnAssign(self, node: cst.AnnAssign) -> None:  # noqa: N802
        """Remember the name of an object."""
        self._remember(node.target, node.value)

    def visit_Call(self, node: cst.Call) -> None:  # noqa: N802
        """Note `patch.object(ProfilingEndpointProvider, "_name")` and the like."""
        if len(node.args) < 2:
            return
        class_name = self._find_class(node.args[0].value)
        name = read_string(node.args[1].value)
        if class_name and name in PRIVATE_NAMES[class_name]:
            self._note(node, f"uses {name} of {class_name}", PRIVATE_NAMES[class_name][name])

    def _find_class(self, node: cst.CSTNode) -> Optional[str]:
        name = self._code.find_imported(node)
        if name in PRIVATE_NAMES:
            return name
        return self._subclasses.get(node.value) if isinstance(node, cst.Name) else None

    def _remember(self, target: cst.CSTNode, value: Optional[cst.BaseExpression]) -> None:
        class_name = self._find_class(value.func) if isinstance(value, cst.Call) else None
        if class_name and isinstance(target, cst.Attribute):
            self.attributes[target.attr.value] = class_name
        elif class_name and isinstance(target, cst.Name):
            self.variables[target.value] = class_name

    def _note_private(
        self, node: Union[cst.Attribute, cst.FunctionDef], name: str, what: str
    ) -> None:
        class_name = self._classes[-1] if self._classes else None
        if class_name is None:
            return
        if name in PRIVATE_NAMES[class_name]:
            self._note(node, f"{what} of {class_name}", PRIVATE_NAMES[class_name][name])
        elif name in NEW_PRIVATE_NAMES[class_name]:
            self._note(node, f"{what} in a subclass of {class_name}", RENAME)

    def _note(self, node: cst.CSTNode, what: str, advice: str) -> None:
        leftover = self._code.leftover(node, what, advice)
        if (leftover.line, what) not in self._noted:
            self._noted.add((leftover.line, what))
            self.leftovers.append(leftover)


def find_uses(path: str, text: str, instances: Dict[str, str]) -> List[Leftover]:
    """Return where a file uses a private name of an object, by the name that the object has."""
    leftovers: List[Leftover] = []
    for name, class_name in instances.items():
        private_names = PRIVATE_NAMES[class_name]
        pattern = re.compile(rf"\b{re.escape(name)}\.({'|'.join(private_names)})\b")
        for number, line in enumerate(text.split("\n"), start=1):
            for found in pattern.finditer(line):
                what = f"uses {found.group(1)} of {class_name}"
                leftovers.append(Leftover(path, number, what, private_names[found.group(1)]))
    return leftovers
