"""The modules of the package taken apart, for those that put them into a single file."""

from __future__ import annotations

import ast
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import DefaultDict, Dict, Iterator, List, Sequence, Set, Tuple

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "parca_scrape"
SOURCE = ROOT / "src" / PACKAGE
# The single files have a line of their own for it.
VERSION_MODULE = "version"

Imports = DefaultDict[str, Set[str]]
"""Names imported from each module; an empty name stands for the module itself."""


class GenerationError(Exception):
    """The package cannot be put into one file, or not under this LIBPATCH."""


@dataclass(frozen=True)
class Module:
    """A module of the package, taken apart."""

    name: str
    docstring: str
    body: str
    """What follows the imports, as it is written."""
    statements: Sequence[ast.stmt]
    imports: Imports = field(default_factory=lambda: defaultdict(set))
    """What it imports from outside of the package."""
    dependencies: Set[str] = field(default_factory=lambda: {*()})
    """The modules of the package that it imports."""
    is_adapter: bool = False
    """Whether it needs ops at run time."""


def read_module(name: str) -> Module:
    """Take a module of the package apart.

    Raises:
        GenerationError: it imports something in a way that one file cannot.
    """
    text = (SOURCE / f"{name}.py").read_text(encoding="utf-8")
    tree = ast.parse(text)
    statements = list(tree.body)
    head: List[ast.stmt] = []
    while statements and (is_import(statements[0]) or is_docstring(statements[0])):
        head.append(statements.pop(0))
    end = (head[-1].end_lineno or 0) if head else 0
    body = "\n".join(text.splitlines()[end:]).strip("\n")
    is_adapter = any(isinstance(node, ast.Import) and node.names[0].name == "ops" for node in head)
    module = Module(name, ast.get_docstring(tree) or "", body, statements, is_adapter=is_adapter)
    for statement in head:
        for node in ast.walk(statement):
            add_import(node, module)
    for statement in statements:
        for node in ast.walk(statement):
            if imports_package(node) and name != "__init__":
                raise GenerationError(f"{name}.py:{statement.lineno}: imports must be at the top")
    return module


def is_docstring(statement: ast.stmt) -> bool:
    """Tell whether a statement is nothing but text."""
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def is_import(statement: ast.stmt) -> bool:
    """Tell whether a statement imports something, at run time or for type checkers only.

    One that does something else at run time is no mere import.
    """
    if isinstance(statement, ast.If) and not statement.orelse:
        return isinstance(statement.test, ast.Name) and statement.test.id == "TYPE_CHECKING"
    return isinstance(statement, (ast.Import, ast.ImportFrom))


def imports_package(node: ast.AST) -> bool:
    """Tell whether a statement imports something from the package."""
    if isinstance(node, ast.ImportFrom):
        return bool(node.level) or (node.module or "").partition(".")[0] == PACKAGE
    return isinstance(node, ast.Import) and PACKAGE in str(ast.dump(node))


def add_import(node: ast.AST, module: Module) -> None:
    """Note what a statement imports, from the package or from elsewhere.

    Raises:
        GenerationError: it renames what it imports, or imports a module of the package whole.
    """
    if not isinstance(node, (ast.Import, ast.ImportFrom)):
        return
    where = f"{module.name}.py:{node.lineno}"
    if any(alias.asname for alias in node.names):
        raise GenerationError(f"{where}: imports must keep the name")
    if isinstance(node, ast.Import):
        for alias in node.names:
            if alias.name.partition(".")[0] == PACKAGE:
                raise GenerationError(f"{where}: names must be imported, not modules")
            module.imports[alias.name].add("")
        return
    origin = node.module or ""
    if node.level or origin == PACKAGE:
        raise GenerationError(f"{where}: names must be imported from {PACKAGE}.<module>")
    if origin.startswith(f"{PACKAGE}."):
        module.dependencies.add(origin[len(PACKAGE) + 1 :])
    else:
        module.imports[origin].update(alias.name for alias in node.names)


def collect_modules() -> Tuple[List[Module], List[str]]:
    """Give the modules in reading order, and the public names.

    The core comes first, and each module after those that it imports.
    """
    package = read_module("__init__")
    modules: Dict[str, Module] = {}
    wanted = [*package.dependencies]
    while wanted:
        name = wanted.pop()
        if name not in modules and name != VERSION_MODULE:
            modules[name] = read_module(name)
            wanted += modules[name].dependencies

    def depth(name: str) -> int:
        dependencies = modules[name].dependencies - {VERSION_MODULE}
        return max((1 + depth(dependency) for dependency in dependencies), default=0)

    ordered = sorted(modules, key=lambda name: (modules[name].is_adapter, depth(name), name))
    return [modules[name] for name in ordered], read_literal(package, "__all__")


def read_literal(module: Module, name: str) -> List[str]:
    """Give the list of text that a module assigns to a name."""
    for statement in module.statements:
        if name in names_defined(statement) and isinstance(statement, ast.Assign):
            return list(map(str, ast.literal_eval(statement.value)))
    raise GenerationError(f"{module.name}.py: assigns nothing to {name}")


def names_defined(statement: ast.stmt) -> Iterator[str]:
    """Give the names that a statement at the top of a module defines."""
    if isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
        yield statement.name
    elif isinstance(statement, ast.If):
        for inner in (*statement.body, *statement.orelse):
            yield from names_defined(inner)
    elif isinstance(statement, (ast.Import, ast.ImportFrom)):
        for alias in statement.names:
            yield alias.asname or alias.name
    else:
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                yield node.id


def names_used(statement: ast.AST) -> Iterator[str]:
    """Give the names that a statement uses, also in the text of a type to cast to."""
    for node in ast.walk(statement):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Call) and ast.dump(node.func).startswith("Name(id='cast'"):
            type_text = node.args[0]
            if isinstance(type_text, ast.Constant):
                yield from names_used(ast.parse(str(type_text.value)))


def check_names(modules: Sequence[Module], public: Sequence[str]) -> None:
    """Check that no name has two meanings, and that all is used.

    Raises:
        GenerationError: one has, or something is not.
    """
    owners: Dict[str, str] = {}
    uses: Dict[str, Set[str]] = {}
    reached: List[str] = list(public)
    for module in modules:
        for origin, names in module.imports.items():
            for name in names:
                claim(owners, name or origin, f"from {origin}")
        for statement in module.statements:
            defined = set(names_defined(statement))
            for name in defined:
                claim(owners, name, f"{module.name}.py:{statement.lineno}")
                uses[name] = set(names_used(statement))
    live: Set[str] = set()
    while reached:
        name = reached.pop()
        if name in uses and name not in live:
            live.add(name)
            reached += uses[name]
    for name in uses:
        if name not in live:
            raise GenerationError(f"{owners[name]}: nothing public needs {name}: move it out")


def claim(owners: Dict[str, str], name: str, owner: str) -> None:
    """Note where a name is from.

    Raises:
        GenerationError: it is from elsewhere, too.
    """
    if owners.setdefault(name, owner) != owner:
        raise GenerationError(f"{owner}: {name} has another meaning already: {owners[name]}")
