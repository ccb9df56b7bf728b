"""What can be wrong with profiling data, told in one line a person can act on."""

from __future__ import annotations

import dataclasses
import json
from typing import List, Literal, Optional, Sequence, Tuple

from parca_scrape.frozen import dataclass

MAX_NAME_LENGTH = 40


@dataclass(frozen=True)
class Problem:
    """Something wrong in what one application or unit says.

    The core fills in `severity`, `path` and `message`; who reads the databags adds the relation,
    the application and the unit. A message never holds a value out of a databag, because any value
    may be a secret.
    """

    severity: Literal["error", "warning"]
    """`error`: something is not served. `warning`: it is served, but hardly as it was meant."""
    path: str
    """Where in the data, for example `scrape_jobs[2].static_configs[0].targets[1]`."""
    message: str
    """What is wrong and what to do about it."""
    relation_id: Optional[int] = None
    application: str = ""
    unit: str = ""

    def __str__(self) -> str:
        """Give the problem as one line: severity, origin, path and message."""
        origin = [f"relation {self.relation_id}"] if self.relation_id is not None else []
        origin += [name for name in (self.unit or self.application,) if name]
        return ": ".join(
            [self.severity, *filter(None, [" ".join(origin), self.path]), self.message]
        )


def locate(problem: Problem, relation_id: int, application: str) -> Problem:
    """Give the problem with the relation and the remote application that it is of."""
    return dataclasses.replace(problem, relation_id=relation_id, application=application)


class InvalidJobError(ValueError):
    """A charm's own scrape job that Parca would not load or could not use.

    Attributes:
        path: where in the job, for example `static_configs[0].targets[1]`.
        rule: the rule that it breaks.
    """

    def __init__(self, path: str, rule: str) -> None:
        super().__init__(path, rule)
        # Paths grow as `parent.child`, and the parent of a charm's own job has none.
        self.path: str = path.lstrip(".")
        self.rule = rule

    def __str__(self) -> str:
        """Give path and rule in one line."""
        return f"{self.path}: {self.rule}" if self.path else self.rule


class DatabagError(ValueError):
    """A databag that is not wholly right, read in strict form.

    Attributes:
        problems: all that is wrong with it.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(problems)
        self.problems: Tuple[Problem, ...] = tuple(problems)

    def __str__(self) -> str:
        """Give one line a problem."""
        return "\n".join(map(str, self.problems))


class Findings:
    """Collects the problems met on one way through some data."""

    def __init__(self) -> None:
        self.problems: List[Problem] = []

    def error(self, path: str, message: str) -> None:
        """Note that the part at `path` is not served."""
        self.problems.append(Problem("error", path, message))

    def warning(self, path: str, message: str) -> None:
        """Note that the part at `path` is served, but hardly as it was meant."""
        self.problems.append(Problem("warning", path, message))

    def raise_first(self) -> None:
        """Raise the first problem, if there is one.

        Raises:
            InvalidJobError: with the path and the message of the first problem.
        """
        for problem in self.problems:
            raise InvalidJobError(problem.path, problem.message) from None


def join_path(path: str, key: str) -> str:
    """Give the path of `key` in the object at `path`.

    A key that is no plain word is quoted, escaped and cut to 40 characters, so that a path is
    always one short line of ASCII.
    """
    if key.isidentifier() and key.isascii() and len(key) <= MAX_NAME_LENGTH:
        return f"{path}.{key}"
    cut = key[:MAX_NAME_LENGTH] + "..." if len(key) > MAX_NAME_LENGTH else key
    return f"{path}[{json.dumps(cut)}]"
