"""The endpoint of a charm: its metadata, its relations, and what Juju denies of them."""

from __future__ import annotations

import contextlib
import logging
import os
from typing import Dict, Iterable, List, Optional, Set, Tuple

import ops

from parca_scrape._names import RELATION_INTERFACE_NAME
from parca_scrape.problems import Problem

logger: logging.Logger = logging.getLogger(__name__)

# Every line of the log costs ops a process.
MAX_LINES = 20


class RelationNotFoundError(Exception):
    """The charm's metadata has no relation of this name."""

    def __init__(self, relation_name: str) -> None:
        self.relation_name = relation_name
        self.message: str = f"No relation named '{relation_name}' found"
        super().__init__(self.message)


class RelationInterfaceMismatchError(Exception):
    """The relation of this name has another interface in the charm's metadata."""

    def __init__(
        self, relation_name: str, expected_relation_interface: str, actual_relation_interface: str
    ) -> None:
        self.relation_name = relation_name
        self.expected_relation_interface = expected_relation_interface
        self.actual_relation_interface = actual_relation_interface
        self.message: str = (
            f"The '{relation_name}' relation has '{actual_relation_interface}' as interface"
            f" rather than the expected '{expected_relation_interface}'"
        )
        super().__init__(self.message)


class RelationRoleMismatchError(Exception):
    """The relation of this name has the other role in the charm's metadata."""

    def __init__(
        self,
        relation_name: str,
        expected_relation_role: ops.RelationRole,
        actual_relation_role: ops.RelationRole,
    ) -> None:
        self.relation_name = relation_name
        self.expected_relation_role = expected_relation_role
        # The name under which the charm libraries before LIBPATCH 7 had it.
        self.expected_relation_interface = expected_relation_role
        self.actual_relation_role = actual_relation_role
        self.message: str = (
            f"The '{relation_name}' relation has role '{actual_relation_role!r}'"
            f" rather than the expected '{expected_relation_role!r}'"
        )
        super().__init__(self.message)


def check_endpoint(charm: ops.CharmBase, relation_name: str, role: ops.RelationRole) -> None:
    """Raise one of the errors above unless the charm's metadata declares the endpoint so."""
    relation = charm.meta.relations.get(relation_name)
    if relation is None:
        raise RelationNotFoundError(relation_name)
    if relation.interface_name != RELATION_INTERFACE_NAME:
        raise RelationInterfaceMismatchError(
            relation_name, RELATION_INTERFACE_NAME, str(relation.interface_name)
        )
    if relation.role != role:
        raise RelationRoleMismatchError(relation_name, role, relation.role)


class RelationLister:
    """Lists the relations of an endpoint, as far as Juju lets this unit see them."""

    def __init__(self, model: ops.Model, relation_name: str) -> None:
        self._model = model
        self._relation_name = relation_name
        self._listed_in_part: Optional[List[ops.Relation]] = None
        self._denials: List[Problem] = []

    def list_relations(self) -> Tuple[List[ops.Relation], List[Problem]]:
        """Return the relations in the order of their ids, and why some may be missing."""
        relations: List[ops.Relation] = []
        try:
            relations = self._model.relations[self._relation_name]
        except ops.ModelError as error:
            self._denials = [describe_denial(error, self._relation_name)]
            # From now on ops returns what it had listed before the failure, as if it were all.
            with contextlib.suppress(ops.ModelError):
                relations = self._model.relations[self._relation_name]
            self._listed_in_part = relations
        # In its own relation-broken hook a relation does not count; ops before 2.10 lists it.
        broken = find_running_hook(self._relation_name, "broken")
        listed = [relation for relation in relations if relation.id != broken]
        denials = self._denials if relations is self._listed_in_part else []
        return sorted(listed, key=lambda relation: relation.id), [*denials]


def has_application(relation: ops.Relation) -> bool:
    """Return whether ops knows the remote application; its types say that it always does."""
    return bool(getattr(relation, "app", None))


def find_running_hook(relation_name: str, kind: str) -> Optional[int]:
    """Return the id of the relation whose hook, `departed` or `broken`, is running, if any is."""
    # Source of the variables: Juju `worker/uniter/runner/context/context.go`.
    hook = os.environ.get("JUJU_DISPATCH_PATH", "").rpartition("/")[2]
    if hook.replace("-", "_") != f"{relation_name}-relation-{kind}".replace("-", "_"):
        return None
    relation_id = os.environ.get("JUJU_RELATION_ID", "").rpartition(":")[2]
    return int(relation_id) if relation_id.isdecimal() else None


def locate_in(problem: Problem, relation: ops.Relation) -> Problem:
    """Return the problem with the relation that it is in."""
    application = relation.app.name if has_application(relation) else ""
    return problem.in_relation(relation.id, application)


def describe_denial(error: ops.ModelError, path: str = "") -> Problem:
    """Return the problem of something that Juju did not let this unit read or write."""
    reason = " ".join(str(error).split()) or type(error).__name__
    return Problem("error", path, f"skipped: Juju denied access: {reason}")


class ProblemLog:
    """Logs each problem once, and at most 20 of one relation."""

    def __init__(self) -> None:
        self._logged: Dict[Optional[int], Set[Problem]] = {}

    def log(self, problems: Iterable[Problem]) -> None:
        """Log the new problems, and the number of those that are too many."""
        hidden: Dict[Optional[int], int] = {}
        for problem in problems:
            logged = self._logged.setdefault(problem.relation_id, set())
            if problem in logged:
                continue
            logged.add(problem)
            if len(logged) > MAX_LINES:
                hidden[problem.relation_id] = hidden.get(problem.relation_id, 0) + 1
            else:
                level = logging.ERROR if problem.severity == "error" else logging.WARNING
                logger.log(level, "%s", problem)
        for relation_id, count in hidden.items():
            origin = "" if relation_id is None else f"relation {relation_id}: "
            logger.warning("%s%d more problems: problems() lists them", origin, count)
