"""The hooks that Juju runs: which may come next for a unit, and what the unit sees in each.

Source: Juju's resolvers, `internal/worker/uniter/resolver.go` and `relation/resolver.go`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import List, Optional

from tests.juju.model import Juju, Relation, Side, Unit, View


@dataclass(frozen=True)
class Hook:
    """A hook of a unit."""

    name: str
    relation: Optional[Relation] = None
    side: Optional[Side] = None
    """The unit's own side of the relation."""
    remote: Optional[int] = None
    """The number of the remote unit; None for the remote application."""
    departing: str = ""
    """The unit that departs, by its name in the unit's model."""

    def __str__(self) -> str:
        """Return the hook as Juju's log shows it, with its relation."""
        if self.side is None:
            return self.name
        remote = "" if self.remote is None else f"/{self.remote}"
        return f"{self.name}({self.side.relation_id}:{self.side.remote_name}{remote})"

    @property
    def relation_id(self) -> Optional[int]:
        """The id of the hook's relation in the unit's model."""
        return None if self.side is None else self.side.relation_id

    @property
    def is_broken(self) -> bool:
        """Whether it is a relation's last hook."""
        return self.name == "relation-broken"

    @property
    def is_departed(self) -> bool:
        """Whether a unit departs from the hook's relation."""
        return self.name == "relation-departed"


def hooks_due(juju: Juju, unit: Unit) -> List[Hook]:
    """Return the hooks of a unit that may come next."""
    views = list(juju.sides_of(unit))
    if not unit.is_started:
        if unit.due[0] != "install":
            for relation, side, view in views:
                if relation.is_living and not view.is_created:
                    return [Hook("relation-created", relation, side)]
        return [Hook(unit.due[0])]
    hooks = [Hook(name) for name in unit.due[:1]]
    for relation, side, view in views:
        hooks += relation_hooks(relation, side, view, unit)
    if unit.is_dying and not views:
        # Everything else that is due comes first.
        return hooks or [Hook("stop")]
    return hooks


def relation_hooks(relation: Relation, side: Side, view: View, unit: Unit) -> List[Hook]:
    """Return the hooks of one relation that may come next."""
    if relation.ghost is not None:
        return [Hook("relation-broken", relation, side)] if relation.is_buried else []
    remote = relation.remote(side)
    is_leaving = relation.is_dying or unit.is_dying
    if not view.is_created:
        return [] if is_leaving else [Hook("relation-created", relation, side)]
    hooks: List[Hook] = []
    for number in list(view.members):
        if is_leaving or number not in remote.in_scope:
            departing = unit.name if unit.is_dying else f"{side.remote_name}/{number}"
            hooks.append(Hook("relation-departed", relation, side, number, departing))
        elif view.members[number] < remote.versions[number]:
            hooks.append(Hook("relation-changed", relation, side, number))
    if is_leaving:
        return hooks or [Hook("relation-broken", relation, side)]
    if view.app_version < remote.app_version:
        hooks.append(Hook("relation-changed", relation, side))
    joining = [number for number in sorted(remote.in_scope) if number not in view.members]
    return hooks + [Hook("relation-joined", relation, side, number) for number in joining]


def begin(unit: Unit, hook: Hook) -> None:
    """Show a unit what it sees in a hook."""
    if hook.relation is None or hook.side is None or unit.number not in hook.side.views:
        return
    view = hook.side.views[unit.number]
    view.is_created = True
    remote = hook.relation.remote(hook.side)
    if hook.remote is None:
        if hook.name == "relation-changed":
            view.app_version = remote.app_version
    elif hook.is_departed:
        view.members.pop(hook.remote, None)
    elif hook.name == "relation-joined":
        # relation-changed comes next.
        view.members[hook.remote] = -1
    else:
        view.members[hook.remote] = remote.versions.get(hook.remote, 0)


def finish(juju: Juju, unit: Unit, hook: Hook) -> None:
    """Finish a hook that succeeded."""
    if hook.name in unit.due:
        unit.due.remove(hook.name)
    if hook.name == "start":
        unit.is_started = True
    if hook.name == "stop":
        juju.forget(unit)
    if hook.is_broken and hook.relation is not None and hook.side is not None:
        juju.leave(hook.relation, hook.side, unit)
