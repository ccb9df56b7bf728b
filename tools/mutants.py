"""Mutants of a module: its source with one small mistake made on purpose.

Most mistakes are those of cosmic-ray. One is ours: a text loses its first character, and an empty
text gets some, because the tables of the core are made of text. Where cosmic-ray replaces an
operator by every other operator, one replacement is enough here, or they would make up the score.
Code that never runs stays as it is: annotations, docstrings and imports.
"""

from __future__ import annotations

import ast
import importlib
import io
import re
import tokenize
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator, List, Protocol, Sequence, Tuple

Position = Tuple[int, int]
Span = Tuple[Position, Position]

INSERTED_TEXT = "XX"
TEXT_OPERATOR = "text"
# What can be removed from the source of a text without leaving half of an escape.
FIRST_CHARACTER = re.compile(r"\\(?:u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|.)|[^\\{}\"'\n]")
OPERATORS = (
    "core/AddNot",
    "core/ExceptionReplacer",
    "core/NumberReplacer",
    "core/RemoveDecorator",
    "core/ReplaceAndWithOr",
    "core/ReplaceBinaryOperator_Add_Sub",
    "core/ReplaceBinaryOperator_BitAnd_BitOr",
    "core/ReplaceBinaryOperator_BitOr_BitAnd",
    "core/ReplaceBinaryOperator_Div_Mul",
    "core/ReplaceBinaryOperator_FloorDiv_Mul",
    "core/ReplaceBinaryOperator_Mod_FloorDiv",
    "core/ReplaceBinaryOperator_Mul_FloorDiv",
    "core/ReplaceBinaryOperator_Pow_Mul",
    "core/ReplaceBinaryOperator_Sub_Add",
    "core/ReplaceBreakWithContinue",
    "core/ReplaceComparisonOperator_Eq_NotEq",
    "core/ReplaceComparisonOperator_GtE_Gt",
    "core/ReplaceComparisonOperator_GtE_Lt",
    "core/ReplaceComparisonOperator_Gt_GtE",
    "core/ReplaceComparisonOperator_Gt_LtE",
    "core/ReplaceComparisonOperator_IsNot_Is",
    "core/ReplaceComparisonOperator_Is_IsNot",
    "core/ReplaceComparisonOperator_LtE_Gt",
    "core/ReplaceComparisonOperator_LtE_Lt",
    "core/ReplaceComparisonOperator_Lt_GtE",
    "core/ReplaceComparisonOperator_Lt_LtE",
    "core/ReplaceComparisonOperator_NotEq_Eq",
    "core/ReplaceContinueWithBreak",
    "core/ReplaceFalseWithTrue",
    "core/ReplaceOrWithAnd",
    "core/ReplaceTrueWithFalse",
    "core/ReplaceUnaryOperator_Delete_Not",
    "core/ReplaceUnaryOperator_USub_UAdd",
    "core/ZeroIterationForLoop",
)


class Operator(Protocol):
    """The part that we use of an operator of cosmic-ray, which has no types."""

    def mutation_positions(self, node: object) -> Iterator[Span]:
        """Yield each place in a node that it can change."""
        ...


@dataclass(frozen=True)
class Mutant:
    """One mistake in a module."""

    path: Path
    operator: str
    occurrence: int
    """The index of the place, among those that the operator can change."""
    line: int

    @property
    def key(self) -> str:
        """What distinguishes the mutant from all others of the same source."""
        return f"{self.path.stem} {self.operator} {self.occurrence}"


def list_mutants(path: Path) -> List[Mutant]:
    """Return all mutants of a module."""
    source = path.read_text(encoding="utf-8")
    ignored = list(never_run(ast.parse(source)))
    mutants = [
        Mutant(path, TEXT_OPERATOR, occurrence, position[0])
        for occurrence, position in enumerate(text_positions(source))
        if not is_within(position, ignored)
    ]
    plugins = importlib.import_module("cosmic_ray.plugins")
    trees = importlib.import_module("cosmic_ray.ast")
    nodes: List[object] = list(trees.ast_nodes(trees.get_ast(source)))
    for name in OPERATORS:
        operator: Operator = plugins.get_operator(name)()
        spans = [span for node in nodes for span in operator.mutation_positions(node)]
        mutants += [
            Mutant(path, name, occurrence, start[0])
            for occurrence, (start, _) in enumerate(spans)
            if not is_within(start, ignored)
        ]
    return mutants


def mutate(mutant: Mutant) -> str:
    """Return the source of a mutant."""
    source = mutant.path.read_text(encoding="utf-8")
    if mutant.operator == TEXT_OPERATOR:
        line, column = list(text_positions(source))[mutant.occurrence]
        lines = source.splitlines(keepends=True)
        before, text = lines[line - 1][:column], lines[line - 1][column:]
        changed = FIRST_CHARACTER.sub("", text, count=1) if FIRST_CHARACTER.match(text) else text
        if changed == text:
            changed = INSERTED_TEXT + text
        lines[line - 1] = before + changed
        return "".join(lines)
    operator: Operator = importlib.import_module("cosmic_ray.plugins").get_operator(
        mutant.operator
    )()
    mutating = importlib.import_module("cosmic_ray.mutating")
    return str(mutating.mutate_code(source, operator, mutant.occurrence))


def text_positions(source: str) -> Iterator[Position]:
    """Yield the position of each text, after its quotes."""
    # From Python 3.12 on, an f-string is several tokens.
    starts = [tokenize.STRING, getattr(tokenize, "FSTRING_START", tokenize.STRING)]
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type in starts:
            line, column = token.start
            letters = len(token.string) - len(token.string.lstrip("bBfFrRuU"))
            quotes = 3 if token.string[letters:].startswith(('"""', "'''")) else 1
            yield line, column + letters + quotes


def never_run(tree: ast.AST) -> Iterator[Span]:
    """Yield the spans of the code that has no effect at run time."""
    for node in ast.walk(tree):
        ignored: Sequence[object] = ()
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            ignored = [node]  # a docstring
        elif is_for_type_checkers(node) or isinstance(node, (ast.Import, ast.ImportFrom)):
            ignored = [node]
        elif isinstance(node, (ast.arg, ast.AnnAssign)):
            ignored = [node.annotation]
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            ignored = [node.returns]
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in ("cast", "TypeVar"):
            ignored = node.args[:1]
        for child in ignored:
            if isinstance(child, (ast.expr, ast.stmt)):
                end = (child.end_lineno or child.lineno, child.end_col_offset or child.col_offset)
                yield (child.lineno, child.col_offset), end


def is_for_type_checkers(node: ast.AST) -> bool:
    """Return whether only type checkers read a statement."""
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def is_within(position: Position, spans: Sequence[Span]) -> bool:
    """Return whether a position is in one of the spans."""
    return any(start <= position < end for start, end in spans)
