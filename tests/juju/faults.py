"""The answers of a hook's tools: what Juju knows, unless something goes wrong."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from typing import Counter, Dict, List, Optional, Tuple

import ops

from tests.hook_tools import Call, Databag, HookTools
from tests.juju.hooks import Hook
from tests.juju.model import Ghost, Juju, Relation, Side, Unit, View

DENIAL = "ERROR permission denied"


@dataclass(frozen=True)
class Trouble:
    """What goes wrong in one hook of a unit."""

    denied_tool: str = ""
    """The hook tool that is denied one call."""
    answered: int = 0
    """How many calls of that tool are answered before that."""
    denied_id: Optional[int] = None
    """The relation that cannot be read or written in this hook."""
    nameless_id: Optional[int] = None
    """The relation whose remote application and units Juju hides."""
    is_stale: bool = False
    """Whether a departing unit is still listed, as by ops 2.23.0 and 3.0.0."""
    fails: bool = False
    """Whether the charm's own code fails at the end, so that Juju runs the hook again."""
    defers: bool = False
    """Whether the charm defers the events of the library."""

    def __str__(self) -> str:
        """Return what goes wrong, for the notes of a test."""
        planned = {name: value for name, value in vars(self).items() if value}
        return f" {planned}" if planned else ""


NO_TROUBLE = Trouble()


class Answers:
    """What Juju answers in one hook of a unit.

    Attributes:
        tools: the hook tools that give these answers.
    """

    def __init__(
        self, juju: Juju, unit: Unit, hook: Hook, trouble: Trouble, denial: str = DENIAL
    ) -> None:
        self.hook = hook
        self.trouble = trouble
        self.tools = HookTools(ask=self._answer, unit_name=unit.name)
        self._unit = unit
        self._denial = denial
        self._asked: Counter[str] = Counter()
        self._seen: Dict[int, Tuple[Relation, Side, View]] = {
            side.relation_id: (relation, side, view)
            for relation, side, view in juju.sides_of(unit)
        }

    def relation_ids(self, endpoint: str) -> List[int]:
        """Return the relations of an endpoint, in the order in which Juju lists them."""
        ids = [number for number, (_, side, _) in self._seen.items() if side.endpoint == endpoint]
        return sorted(ids, key=str)

    def side(self, relation_id: int) -> Side:
        """Return the unit's own side of a relation."""
        return self._seen[relation_id][1]

    def units_of(self, relation_id: int) -> List[str]:
        """Return the remote units of a relation."""
        _, side, view = self._seen[relation_id]
        if relation_id == self.trouble.nameless_id:
            return []
        numbers = set(view.members)
        if self.trouble.is_stale and self.hook.is_departed and self.hook.side is side:
            assert self.hook.remote is not None
            numbers.add(self.hook.remote)
        return [f"{side.remote_name}/{number}" for number in sorted(numbers, key=str)]

    def _answer(self, call: Call) -> object:
        is_denied = call.tool == self.trouble.denied_tool and (
            self._asked[call.tool] == self.trouble.answered
        )
        self._asked[call.tool] += 1
        # When its own question for the leader is denied, ops fails the hook.
        if is_denied and not (call.tool == "is-leader" and is_asked_by_ops()):
            raise ops.ModelError(self._denial)
        if call.tool == "is-leader":
            return self._unit.is_leader
        if call.tool == "config-get":
            return {"jobs": self._unit.application.jobs or ""}
        if call.tool == "relation-ids":
            return self.relation_ids(call.subject)
        if call.relation_id is None:
            # When a relation is gone, ops asks for the network of its endpoint.
            assert call.tool == "network-get", call
            return make_network("192.0.2.0")
        return self._answer_about(call, call.relation_id)

    def _answer_about(self, call: Call, relation_id: int) -> object:
        """Return the answer to a call that concerns a relation."""
        if relation_id not in self._seen:
            raise ops.RelationNotFoundError()
        relation, side, _ = self._seen[relation_id]
        if relation.ghost is Ghost.UNKNOWN:
            raise ops.RelationNotFoundError()
        if relation.ghost is Ghost.UNLISTED:
            raise ops.ModelError(self._denial)
        if call.tool == "relation-list":
            return self.units_of(relation_id)
        if call.tool == "relation-list --app":
            return None if relation_id == self.trouble.nameless_id else side.remote_name
        if relation.ghost is Ghost.DENIED or relation_id == self.trouble.denied_id:
            raise ops.ModelError(self._denial)
        if call.tool == "network-get":
            return make_network(side.databags[self._unit.number]["ingress-address"])
        databag = self._readable(relation, side).get(call.subject)
        if databag is None:
            raise ops.ModelError(self._denial)
        return dict(databag) if call.tool == "relation-get" else None

    def _readable(self, relation: Relation, side: Side) -> Dict[str, Databag]:
        """Return the databags that the unit may read, by owner."""
        remote = relation.remote(side)
        databags = {f"{side.remote_name}/{number}": bag for number, bag in remote.databags.items()}
        databags[side.remote_name] = remote.app_databag
        databags[self._unit.name] = side.databags[self._unit.number]
        if self._unit.is_leader:
            databags[self._unit.application.name] = side.app_databag
        return databags


def make_network(ingress: str) -> Dict[str, object]:
    """Return an answer of network-get."""
    return {"bind-addresses": [], "egress-subnets": [], "ingress-addresses": [ingress]}


def is_asked_by_ops() -> bool:
    """Return whether ops itself asks, as it does at the end of each hook, and not the charm."""
    return any(frame.name == "_evaluate_status" for frame in traceback.extract_stack(limit=10))
