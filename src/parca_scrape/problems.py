"""What is wrong with profiling data, in lines that a person can act on."""

from __future__ import annotations

import dataclasses
import functools
import json
from dataclasses import dataclass
from typing import List, Literal, Optional, Sequence, Tuple, Union

MAX_KEY_LENGTH = 40


@dataclass(frozen=True)
class Problem:
    """Something wrong in the databag of an application or of a unit.

    The message never contains a value from a databag, because any value may be a secret.
    """

    severity: Literal["error", "warning"]
    """`error`: something is not scraped. `warning`: it is, but probably not as intended."""
    path: str
    """Where in the data, for example `scrape_jobs[2].static_configs[0].targets[1]`."""
    message: str
    """What is wrong and what to do about it."""
    relation_id: Optional[int] = None
    application: str = ""
    unit: str = ""

    def __str__(self) -> str:
        """Return one line: severity, origin, path and message."""
        origin = [f"relation {self.relation_id}"] if self.relation_id is not None else []
        origin += [name for name in (self.unit or self.application,) if name]
        return ": ".join(
            [self.severity, *filter(None, [" ".join(origin), self.path]), self.message]
        )

    def in_relation(self, relation_id: int, application: str) -> Problem:
        """Return the same problem with the relation and the remote application that it is in."""
        return dataclasses.replace(self, relation_id=relation_id, application=application)


class InvalidJobError(ValueError):
    """A charm's own scrape job that Parca would not load or could not use.

    Attributes:
        path: where in the job, for example `static_configs[0].targets[1]`.
        rule: the rule that it breaks.
    """

    def __init__(self, path: str, rule: str) -> None:
        super().__init__(path, rule)
        self.path = path
        self.rule = rule

    def __str__(self) -> str:
        """Return one line: path and rule."""
        return f"{self.path}: {self.rule}" if self.path else self.rule


class DatabagError(ValueError):
    """Raised by `decode_strict()` for a databag that has problems.

    Attributes:
        problems: everything that is wrong with it.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(problems)
        self.problems: Tuple[Problem, ...] = tuple(problems)

    def __str__(self) -> str:
        """Return one line for each problem."""
        return "\n".join(map(str, self.problems))


class Findings:
    """Collects the problems of one part of the data, whose path it knows, or raises the first."""

    def __init__(self, root: str = "", *keys: Union[str, int], is_strict: bool = False) -> None:
        self.problems: List[Problem] = []
        self._root = root
        self._keys = keys
        self._is_strict = is_strict

    def at(self, key: Union[str, int]) -> Findings:
        """Return a collector for an element or a field, which adds to the same problems."""
        part = Findings(self._root, *self._keys, key, is_strict=self._is_strict)
        part.problems = self.problems
        return part

    @property
    def path(self) -> str:
        """The path of this part, for example `scrape_jobs[2].job_name`."""
        return functools.reduce(join_path, self._keys, self._root)

    def error(self, message: str) -> None:
        """Add an error: this part is not scraped. Raise it if strict."""
        self._note(Problem("error", self.path, message))

    def warning(self, message: str) -> None:
        """Add a warning: this part is probably not scraped as intended. Raise it if strict."""
        self._note(Problem("warning", self.path, message))

    def skip(self, refusal: InvalidJobError, part: str) -> None:
        """Add an error: a whole `part` is skipped. Raise the refusal if strict."""
        if self._is_strict:
            raise refusal
        self._note(Problem("error", refusal.path, f"{refusal.rule}; the {part} is skipped"))

    def refusal(self, rule: str) -> InvalidJobError:
        """Return the error to raise when the whole around this part cannot be scraped."""
        return InvalidJobError(self.path, rule)

    def _note(self, problem: Problem) -> None:
        if self._is_strict:
            raise InvalidJobError(problem.path, problem.message) from None
        self.problems.append(problem)


# For what a charm writes itself.
STRICT = Findings(is_strict=True)


def join_path(path: str, key: Union[str, int]) -> str:
    """Return the path of an element or a field of the part at `path`.

    A key that is not a plain word is quoted, escaped and cut to 40 characters, so that a path is
    always one short line of ASCII.
    """
    if isinstance(key, int):
        return f"{path}[{key}]"
    if key.isidentifier() and key.isascii() and len(key) <= MAX_KEY_LENGTH:
        return f"{path}.{key}" if path else key
    cut = key[:MAX_KEY_LENGTH] + "..." if len(key) > MAX_KEY_LENGTH else key
    return f"{path}[{json.dumps(cut)}]"
