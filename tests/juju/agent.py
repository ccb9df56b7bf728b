"""The agent of a unit, which runs the hooks of its charm as Juju's agent does.

What a hook writes counts once the hook succeeds; a failed hook is run again.
"""

from __future__ import annotations

import dataclasses
import inspect
import logging
import socket
import traceback
from functools import lru_cache
from pathlib import Path
from typing import Any, List, Optional, Tuple, Type, Union

import ops
import pytest
from ops import testing

from parca_scrape import ProfilingEndpointProvider
from tests.hook_tools import warnings_in
from tests.juju.charms import (
    CharmError,
    Record,
    RecordedCharm,
    make_charm,
    make_config,
    make_metadata,
)
from tests.juju.expectations import CHANGE_HOOKS
from tests.juju.faults import NO_TROUBLE, Answers, Trouble
from tests.juju.hooks import Hook, begin, finish, hooks_due
from tests.juju.model import Juju, Side, Unit
from tests.juju.published import run_published
from tests.juju.styles import ConsumerStyle, ProviderStyle

LIBRARY = str(Path(inspect.getfile(ProfilingEndpointProvider)).parent)
# Far from the numbers of new events: unlike ops, Context starts counting anew in each hook.
FIRST_DEFERRED = 9000


@dataclasses.dataclass(frozen=True)
class HookRun:
    """A hook that has run, and what it did."""

    hook: Hook
    trouble: Trouble
    answers: Answers
    record: Record
    log: List[str]
    """The lines of the charm's log from WARNING on."""
    emitted: List[str]
    """The kinds of the events that this hook emitted first."""
    reemitted: List[int]
    """The relations of `targets_changed` events that an earlier hook deferred."""
    error: Optional[BaseException]
    """The error of a hook that failed, but not because of the library."""


class Agent:
    """Runs the hooks of one unit."""

    def __init__(self, juju: Juju, unit: Unit) -> None:
        self.unit = unit
        self.failed: Optional[Hook] = None
        """The hook that Juju runs again before any other."""
        self.deferred: List[testing.DeferredEvent] = []
        self.stored: List[testing.StoredState] = []
        self.configuration: List[Any] = []
        """What a Parca charm last wrote into Parca's configuration."""
        self.needs_another_hook = False
        """Whether the unit missed something that only another hook can put right."""
        self._juju = juju

    @property
    def hooks_due(self) -> List[Hook]:
        """The hooks that may come next."""
        if self.failed is not None and self._is_resolved(self.failed):
            self.failed = None
            self.needs_another_hook = True
        return hooks_due(self._juju, self.unit) if self.failed is None else [self.failed]

    def run(self, hook: Hook, trouble: Trouble = NO_TROUBLE) -> Optional[HookRun]:
        """Run a hook.

        Returns:
            What it did; None if the charm has a published version of the library.

        Raises:
            Exception: the library failed.
        """
        begin(self.unit, hook)
        if self.unit.application.is_published:
            self._run_published(hook, trouble)
            return None
        answers = Answers(self._juju, self.unit, hook, trouble)
        environment = {"JUJU_DEPARTING_UNIT": hook.departing} if hook.is_departed else {}
        record = Record(
            answers.tools, fails=trouble.fails, defers=trouble.defers, environment=environment
        )
        context, charm = runner(
            self.unit.application.style, self.unit.application.name, self.unit.number
        )
        context.emitted_events.clear()
        context.juju_log.clear()
        charm.record = record
        state = self._make_state()
        reemitted = [
            event.snapshot_data["relation_id"]
            for event in state.deferred
            if event.name == "targets_changed"
        ]
        error: Optional[BaseException] = None
        handlers = logging.getLogger().handlers[:]
        try:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(socket, "getfqdn", lambda: self.unit.address)
                after = context.run(self._make_event(context, hook, state), state)
        except testing.errors.UncaughtCharmError as uncaught:
            error = uncaught.__cause__
            assert error is not None
            if is_of_library(error) or not isinstance(error, (CharmError, ops.ModelError)):
                raise error from None
            self.failed = hook
        else:
            self.failed = None
            self.deferred = [
                number_deferred(event, number) for number, event in enumerate(after.deferred)
            ]
            self.stored = list(after.stored_states)
            self._commit(answers)
            if record.renderings:
                self.configuration = record.renderings[-1].scrape_configs
            finish(self._juju, self.unit, hook)
        finally:
            # ops before 3 leaves its handlers behind, which would log other hooks, too.
            logging.getLogger().handlers[:] = handlers
        return HookRun(
            hook,
            trouble,
            answers,
            record,
            warnings_in(context),
            [event.handle.kind for event in context.emitted_events],
            reemitted,
            error,
        )

    def _run_published(self, hook: Hook, trouble: Trouble) -> None:
        """Do what a published version does, which may defer its events, too."""
        if isinstance(self.unit.application.style, ProviderStyle):
            run_published(self._juju, self.unit, hook)
        elif trouble.defers and hook.name in CHANGE_HOOKS:
            assert hook.relation_id is not None
            owner = "ParcaCharm/ProfilingEndpointConsumer[profiling-endpoint]"
            event = testing.DeferredEvent(
                f"{owner}/on/targets_changed[0]",
                "ParcaCharm",
                "_on_targets_changed",
                {"relation_id": hook.relation_id},
            )
            self.deferred.append(number_deferred(event, len(self.deferred)))
        finish(self._juju, self.unit, hook)

    def _is_resolved(self, hook: Hook) -> bool:
        """Return whether a failed hook is obsolete because its relation is gone."""
        return hook.side is not None and self.unit.number not in hook.side.views

    def _commit(self, answers: Answers) -> None:
        for (relation_id, owner), changes in answers.tools.written.items():
            side = answers.side(relation_id)
            if owner == self.unit.name:
                side.write_unit(self.unit.number, changes)
            else:
                assert self.unit.is_leader, f"{self.unit.name} wrote {changes}"
                side.write_app(changes)

    def _make_state(self) -> testing.State:
        style, jobs = self.unit.application.style, self.unit.application.jobs
        has_container = isinstance(style, ProviderStyle) and style.has_container
        model = self.unit.application.model
        return testing.State(
            leader=self.unit.is_leader,
            config={} if jobs is None else {"jobs": jobs},
            relations=[self._make_relation(side) for _, side, _ in self._juju.sides_of(self.unit)],
            containers=[testing.Container("zinc", can_connect=True)] if has_container else [],
            model=testing.Model(model.name, uuid=model.uuid),
            deferred=self.deferred,
            stored_states=self.stored,
        )

    def _make_relation(self, side: Side) -> testing.Relation:
        """Return a relation with all its databags, readable or not."""
        relation = next(known for known in self._juju.relations if side in known.sides)
        remote = relation.remote(side)
        return testing.Relation(
            side.endpoint,
            interface="parca_scrape",
            id=side.relation_id,
            remote_app_name=side.remote_name,
            local_app_data=dict(side.app_databag),
            local_unit_data=dict(side.databags[self.unit.number]),
            remote_app_data=dict(remote.app_databag),
            remote_units_data={number: dict(bag) for number, bag in remote.databags.items()},
        )

    def _make_event(
        self, context: testing.Context[RecordedCharm], hook: Hook, state: testing.State
    ) -> Any:
        occur: Any = getattr(context.on, hook.name.replace("-", "_"))
        if hook.name == "pebble-ready":
            return occur(state.get_container("zinc"))
        if hook.side is None:
            return occur()
        relation = state.get_relation(hook.side.relation_id)
        if hook.name == "relation-changed" and hook.remote is None:
            # ops.testing names a unit here, though Juju names none when an application changes.
            assert hook.relation is not None
            databags = hook.relation.remote(hook.side).databags
            return occur(relation, remote_unit=min(databags, default=None))
        return occur(relation) if hook.remote is None else occur(relation, remote_unit=hook.remote)


@lru_cache(maxsize=None)
def runner(
    style: Union[ProviderStyle, ConsumerStyle], name: str, number: int
) -> Tuple[testing.Context[RecordedCharm], Type[RecordedCharm]]:
    """Make the context for any number of hooks of a unit."""
    charm = make_charm(style)
    context = testing.Context(
        charm,
        meta=make_metadata(style),
        config=make_config(),
        app_name=name,
        unit_id=number,
    )
    return context, charm


def number_deferred(event: testing.DeferredEvent, number: int) -> testing.DeferredEvent:
    """Return a deferred event with a number that is unique in its unit."""
    path = event.handle_path.rpartition("[")[0]
    return dataclasses.replace(event, handle_path=f"{path}[{FIRST_DEFERRED + number}]")


def is_of_library(error: BaseException) -> bool:
    """Return whether an error came through the library, not only from ops or the charm."""
    return any(
        frame.filename.startswith(LIBRARY) for frame in traceback.extract_tb(error.__traceback__)
    )
