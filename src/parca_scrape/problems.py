"""What is wrong with profiling data, in lines that a person can act on."""

from __future__ import annotations

import dataclasses
import functools
import json
from dataclasses import dataclass
from typing import List, Literal, Optional, Sequence, Tuple, Union

from parca_scrape._limits import MAX_PROBLEMS, ReadingLimits

MAX_KEY_LENGTH = 40
Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Problem:
    """Something wrong in the databag of an application or of a unit.

    The message never contains a value from a databag, because any value may be a secret.
    """

    severity: Severity
    """`error`: this part is skipped. `warning`: it is kept, but probably not as intended."""
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
        if not self.unit.startswith(f"{self.application}/"):
            origin.append(self.application)
        origin.append(self.unit)
        return ": ".join(
            filter(None, [self.severity, " ".join(filter(None, origin)), self.path, self.message])
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


class Report:
    """The problems of one relation, of which it keeps 1,000, and what may still be read of it.

    Attributes:
        limits: what may still be read.
        is_strict: whether the first problem is raised.
        untold: how many problems there are that it does not keep.
    """

    def __init__(self, *, is_strict: bool = False) -> None:
        self.limits: ReadingLimits = ReadingLimits()
        self.is_strict = is_strict
        self.untold: int = 0
        self._met_limits: List[Problem] = []
        self._problems: List[Problem] = []

    @property
    def problems(self) -> List[Problem]:
        """The problems that it keeps; those of limits are first."""
        return self._met_limits + self._problems

    @property
    def is_full(self) -> bool:
        """Whether it keeps no more problems."""
        return len(self._problems) >= MAX_PROBLEMS

    def add(self, problem: Problem) -> None:
        """Keep a problem; raise it if strict."""
        if self.is_strict:
            raise InvalidJobError(problem.path, problem.message) from None
        self._problems.append(problem)

    def add_limit(self, problem: Problem) -> None:
        """Keep the error that a limit was met, once."""
        if problem not in self._met_limits:
            self._met_limits.append(problem)


class Findings:
    """Adds the problems of one part of the data, whose path it knows, to a report."""

    def __init__(
        self, root: str = "", *keys: Union[str, int], report: Optional[Report] = None
    ) -> None:
        self.report: Report = report or Report()
        self._root = root
        self._keys = keys

    def at(self, key: Union[str, int]) -> Findings:
        """Return a collector for an element or a field, which adds to the same report."""
        if self.report.is_full:  # Further problems are only counted: they need no path.
            return self
        return Findings(self._root, *self._keys, key, report=self.report)

    @property
    def problems(self) -> List[Problem]:
        """The problems of the whole report."""
        return self.report.problems

    @property
    def path(self) -> str:
        """The path of this part, for example `scrape_jobs[2].job_name`."""
        return functools.reduce(join_path, self._keys, self._root)

    def error(self, message: str) -> None:
        """Add an error: this part is not scraped."""
        self._add("error", message)

    def warning(self, message: str) -> None:
        """Add a warning: this part is probably not scraped as intended."""
        self._add("warning", message)

    def limit(self, message: str) -> None:
        """Add the error that the whole relation met a limit, once; raise it if strict."""
        if self.report.is_strict:
            raise self.refusal(message)
        self.report.add_limit(Problem("error", self._root, message))

    def skip(self, refusal: InvalidJobError, part: str) -> None:
        """Add an error: a whole `part` is skipped. Raise the refusal if strict."""
        if self.report.is_strict:
            raise refusal
        message = f"{refusal.rule}; the {part} is skipped"
        self._add("error", message, refusal)

    def refusal(self, rule: str) -> InvalidJobError:
        """Return the error to raise when the whole around this part cannot be scraped."""
        return InvalidJobError(self.path, rule)

    def _add(
        self, severity: Severity, message: str, refusal: Optional[InvalidJobError] = None
    ) -> None:
        """Keep a problem, or only count it; it is where a refusal says, or in this part."""
        if self.report.is_full:
            self.report.untold += 1
        else:
            path = self.path if refusal is None else refusal.path
            self.report.add(Problem(severity, path, message))


def cut_problems(problems: List[Problem], untold: int = 0) -> List[Problem]:
    """Return the first 1,000 problems of a relation, and one that counts the rest."""
    told = problems[:MAX_PROBLEMS]
    rest = len(problems) - len(told) + untold
    if rest:
        told.append(Problem("error", "", f"and {rest:,} more problems"))
    return told


def strict_findings() -> Findings:
    """Return findings for what a charm writes itself: the first problem is raised."""
    return Findings(report=Report(is_strict=True))


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
