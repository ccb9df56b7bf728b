"""The modules of the package, taken apart for the single files."""

from __future__ import annotations

import ast
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Iterator, List, Sequence, Set, Tuple

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "parca_scrape"
SOURCE = ROOT / "src" / PACKAGE
# The header of a single file holds the version.
VERSION_MODULE = "version"

Imports = Dict[str, Set[str]]
"""The names imported from each module; an empty name stands for the module itself."""


class GenerationError(Exception):
    """The package does not fit into a single file, or not under this LIBPATCH."""


@dataclass(frozen=True)
class Module:
    """A module of the package, taken apart."""

    name: str
    docstring: str
    body: str
    """The text after the imports."""
    statements: Sequence[ast.stmt]
    """The statements of the body."""
    imports: Imports
    """What it imports from outside the package."""
    dependencies: Set[str]
    """The modules of the package that it imports."""
    is_core: bool
    """Whether it runs without ops, which it may still import for type checkers."""


def read_module(name: str) -> Module:
    """Take a module of the package apart.

    Raises:
        GenerationError: a single file cannot hold one of its imports.
    """
    text = (SOURCE / f"{name}.py").read_text(encoding="utf-8")
    tree = ast.parse(text)
    statements = list(tree.body)
    head: List[ast.stmt] = []
    while statements and (is_import(statements[0]) or is_docstring(statements[0])):
        head.append(statements.pop(0))
    for statement in statements:
        if name != "__init__" and any(map(imports_package, ast.walk(statement))):
            raise GenerationError(f"{name}.py:{statement.lineno}: imports must be at the top")
    imports: Imports = defaultdict(set)
    for statement in head:
        for node in ast.walk(statement):
            add_import(imports, node, f"{name}.py")
    end = (head[-1].end_lineno or 0) if head else 0
    return Module(
        name=name,
        docstring=ast.get_docstring(tree) or "",
        body="\n".join(text.splitlines()[end:]).strip("\n"),
        statements=statements,
        imports={origin: imports[origin] for origin in imports if not is_ours(origin)},
        dependencies={origin[len(PACKAGE) + 1 :] for origin in imports if is_ours(origin)},
        is_core=not any("ops" in roots(statement) for statement in head),
    )


def is_docstring(statement: ast.stmt) -> bool:
    """Return whether a statement is nothing but text."""
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def is_import(statement: ast.stmt) -> bool:
    """Return whether a statement only imports, at run time or for type checkers."""
    if isinstance(statement, ast.If) and not statement.orelse:
        return isinstance(statement.test, ast.Name) and statement.test.id == "TYPE_CHECKING"
    return isinstance(statement, (ast.Import, ast.ImportFrom))


def is_ours(origin: str) -> bool:
    """Return whether a dotted name is the package or one of its modules."""
    return origin.partition(".")[0] == PACKAGE


def roots(node: ast.AST) -> Set[str]:
    """Return the packages that an import statement imports from; none for other code."""
    if isinstance(node, ast.ImportFrom):
        return {PACKAGE if node.level else (node.module or "").partition(".")[0]}
    if isinstance(node, ast.Import):
        return {alias.name.partition(".")[0] for alias in node.names}
    return set()


def imports_package(node: ast.AST) -> bool:
    """Return whether a node imports something from the package."""
    return PACKAGE in roots(node)


def add_import(imports: Imports, node: ast.AST, file: str) -> None:
    """Add the names that a node imports; nothing if it is no import.

    Raises:
        GenerationError: it renames what it imports, or imports a whole module of the package.
    """
    if not isinstance(node, (ast.Import, ast.ImportFrom)):
        return
    where = f"{file}:{node.lineno}"
    if any(alias.asname for alias in node.names):
        raise GenerationError(f"{where}: imports must keep the name")
    if isinstance(node, ast.Import):
        if imports_package(node):
            raise GenerationError(f"{where}: names must be imported, not modules")
        for alias in node.names:
            imports[alias.name].add("")
    elif node.level or node.module == PACKAGE:
        raise GenerationError(f"{where}: names must be imported from {PACKAGE}.<module>")
    else:
        imports[node.module or ""].update(alias.name for alias in node.names)


def collect_modules() -> Tuple[List[Module], List[str]]:
    """Return the modules in reading order, and the public names.

    The core comes first, and each module after those that it imports.

    Raises:
        GenerationError: the package does not fit into a single file, or the core needs ops.
    """
    package = read_module("__init__")
    modules: Dict[str, Module] = {}
    wanted = [*package.dependencies]
    while wanted:
        name = wanted.pop()
        if name not in modules and name != VERSION_MODULE:
            modules[name] = read_module(name)
            wanted += modules[name].dependencies
    for name, module in modules.items():
        for dependency in module.dependencies & modules.keys():
            if module.is_core and not modules[dependency].is_core:
                raise GenerationError(f"{name}.py: imports {dependency}, which needs ops")

    def depth(name: str) -> int:
        dependencies = modules[name].dependencies - {VERSION_MODULE}
        return max((1 + depth(dependency) for dependency in dependencies), default=0)

    ordered = sorted(modules, key=lambda name: (not modules[name].is_core, depth(name), name))
    return [modules[name] for name in ordered], read_literal(package, "__all__")


def read_literal(module: Module, name: str) -> List[str]:
    """Return the list of text that a module assigns to a name."""
    for statement in module.statements:
        if name in names_defined(statement) and isinstance(statement, ast.Assign):
            return list(map(str, ast.literal_eval(statement.value)))
    raise GenerationError(f"{module.name}.py: assigns nothing to {name}")


def names_defined(statement: ast.stmt) -> Iterator[str]:
    """Yield the names that a statement at the top of a module defines."""
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
    """Yield the names that a statement uses, including those in the quoted type of a `cast`."""
    for node in ast.walk(statement):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Call) and ast.dump(node.func).startswith("Name(id='cast'"):
            type_text = node.args[0]
            if isinstance(type_text, ast.Constant):
                yield from names_used(ast.parse(str(type_text.value)))


def check_names(modules: Sequence[Module], public: Sequence[str]) -> None:
    """Check that no name has two meanings and that every name is used.

    Raises:
        GenerationError: a name has two meanings, or nothing public needs it.
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
    """Record where a name comes from.

    Raises:
        GenerationError: the same name also comes from elsewhere.
    """
    if owners.setdefault(name, owner) != owner:
        raise GenerationError(f"{owner}: {name} already has another meaning: {owners[name]}")
