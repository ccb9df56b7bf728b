"""What a hook's tools answer: Juju's truth, but for what goes wrong."""

from __future__ import annotations

import inspect
import traceback
from dataclasses import dataclass
from typing import Any, Callable, Dict, List, Optional, Tuple

import ops

from tests.juju.hooks import Hook
from tests.juju.model import Databag, Ghost, Juju, Relation, Side, Unit, View

DENIAL = "ERROR permission denied"
TOOLS = {
    "relation_ids": "relation-ids",
    "relation_list": "relation-list",
    "relation_remote_app_name": "relation-list --app",
    "relation_get": "relation-get",
    "relation_set": "relation-set",
    "network_get": "network-get",
    "is_leader": "is-leader",
}


@dataclass(frozen=True)
class Trouble:
    """What goes wrong in one hook of a unit."""

    denied_tool: str = ""
    """The hook tool of which one call is denied."""
    answered: int = 0
    """How many calls of that tool are answered before."""
    denied_id: Optional[int] = None
    """The relation that may not be read or written in this hook."""
    nameless_id: Optional[int] = None
    """The relation of which Juju tells neither remote application nor units."""
    is_stale: bool = False
    """Whether the unit that departs is still listed, as ops 2.23.0 and 3.0.0 list it."""
    fails: bool = False
    """Whether the charm's own code fails after all else, so that Juju runs the hook again."""
    defers: bool = False
    """Whether the charm defers the events of the library."""

    def __str__(self) -> str:
        """Tell what goes wrong."""
        told = {name: value for name, value in vars(self).items() if value}
        return f" {told}" if told else ""


NO_TROUBLE = Trouble()


class Call:
    """A call of a hook tool, and how it was answered.

    Attributes:
        databag: the unit or application whose databag is read or written; of relation-ids the
            endpoint.
        changes: what relation-set was told to write.
        error: what ops got for an answer.
    """

    def __init__(
        self, tool: str, relation_id: Optional[int], databag: str, changes: Databag
    ) -> None:
        self.tool = tool
        self.relation_id = relation_id
        self.databag = databag
        self.changes = changes
        self.error: Optional[ops.ModelError] = None

    @property
    def is_denied(self) -> bool:
        """Whether Juju denied it; ops itself copes with a relation that is not known."""
        return self.error is not None and not isinstance(self.error, ops.RelationNotFoundError)


class Tools:
    """The hook tools of one hook of a unit."""

    def __init__(self, juju: Juju, unit: Unit, hook: Hook, trouble: Trouble) -> None:
        self.hook = hook
        self.trouble = trouble
        self.calls: List[Call] = []
        self._unit = unit
        self._seen: Dict[int, Tuple[Relation, Side, View]] = {
            side.relation_id: (relation, side, view)
            for relation, side, view in juju.sides_of(unit)
        }

    @property
    def denials(self) -> List[Call]:
        """The calls that were denied."""
        return [call for call in self.calls if call.is_denied]

    @property
    def writes(self) -> Dict[Tuple[int, str], Databag]:
        """What was written, by relation and owner of the databag."""
        written: Dict[Tuple[int, str], Databag] = {}
        for call in self.calls:
            if call.tool == "relation-set" and call.error is None:
                assert call.relation_id is not None
                databag = written.setdefault((call.relation_id, call.databag), {})
                assert not databag.keys() & call.changes.keys(), f"written twice: {call}"
                databag.update(call.changes)
        return written

    def relation_ids(self, endpoint: str) -> List[int]:
        """List the relations of an endpoint, in the order in which Juju's tool lists them."""
        ids = [number for number, (_, side, _) in self._seen.items() if side.endpoint == endpoint]
        return sorted(ids, key=str)

    def side(self, relation_id: int) -> Side:
        """Give the unit's own side of a relation."""
        return self._seen[relation_id][1]

    def units_of(self, relation_id: int) -> List[str]:
        """List the remote units of a relation."""
        _, side, view = self._seen[relation_id]
        if relation_id == self.trouble.nameless_id:
            return []
        numbers = set(view.members)
        if self.trouble.is_stale and self.hook.is_departed and self.hook.side is side:
            assert self.hook.remote is not None
            numbers.add(self.hook.remote)
        return [f"{side.remote_name}/{number}" for number in sorted(numbers, key=str)]

    def stand_between(self, model: ops.Model) -> None:
        """Take the calls of everything that comes to this model from now on."""
        backend: object = vars(model)["_backend"]
        for method_name in TOOLS:
            method: Callable[..., object] = getattr(backend, method_name)
            setattr(backend, method_name, self._stand_before(method, method_name, model))

    def _stand_before(
        self, method: Callable[..., object], method_name: str, model: ops.Model
    ) -> Callable[..., object]:
        def answer(*args: object, **kwargs: object) -> object:
            arguments = inspect.signature(method).bind(*args, **kwargs).arguments
            call = read_call(method_name, arguments, model)
            call.error = self._find_error(call)
            self.calls.append(call)
            if call.error is not None:
                if call.tool == "relation-list --app" and not call.is_denied:
                    return None
                raise call.error
            if call.tool == "relation-ids":
                return self.relation_ids(call.databag)
            if call.relation_id is not None:
                if call.tool == "relation-list":
                    return self.units_of(call.relation_id)
                if call.tool == "relation-list --app":
                    is_nameless = call.relation_id == self.trouble.nameless_id
                    return None if is_nameless else self.side(call.relation_id).remote_name
                if call.tool == "network-get":
                    return self._network(call.relation_id)
            return method(*args, **kwargs)

        return answer

    def _find_error(self, call: Call) -> Optional[ops.ModelError]:
        if self._is_denied(call):
            return ops.ModelError(DENIAL)
        if call.relation_id is None:
            return None
        seen = self._seen.get(call.relation_id)
        ghost = Ghost.UNKNOWN if seen is None else seen[0].ghost
        if ghost is Ghost.UNKNOWN:
            return ops.RelationNotFoundError()
        is_listing = call.tool.startswith("relation-list")
        if ghost is Ghost.UNLISTED or (ghost is Ghost.DENIED and not is_listing):
            return ops.ModelError(DENIAL)
        if call.relation_id == self.trouble.denied_id and not is_listing:
            return ops.ModelError(DENIAL)
        return None

    def _is_denied(self, call: Call) -> bool:
        if call.tool != self.trouble.denied_tool:
            return False
        answered = sum(earlier.tool == call.tool for earlier in self.calls)
        if answered != self.trouble.answered:
            return False
        # Of its own question ops lets the hook fail.
        return not (call.tool == "is-leader" and is_asked_by_ops())

    def _network(self, relation_id: int) -> Dict[str, object]:
        databag = self.side(relation_id).databags[self._unit.number]
        return {
            "bind-addresses": [],
            "egress-subnets": [],
            "ingress-addresses": [databag["ingress-address"]],
        }


def read_call(method_name: str, arguments: Dict[str, Any], model: ops.Model) -> Call:
    """Read the call of a hook tool out of the call of ops' backend."""
    databag = arguments.get("member_name", arguments.get("relation_name", ""))
    changes: Databag = {}
    if method_name == "relation_set":
        databag = model.app.name if arguments["is_app"] else model.unit.name
        # ops before 2.20 sets each key by itself.
        is_whole = "data" in arguments
        changes = arguments["data"] if is_whole else {arguments["key"]: arguments["value"]}
    return Call(TOOLS[method_name], arguments.get("relation_id"), databag, dict(changes))


def is_asked_by_ops() -> bool:
    """Tell whether ops asks for its own purpose, at the end of each hook, and not the charm."""
    return any(frame.name == "_evaluate_status" for frame in traceback.extract_stack(limit=6))
