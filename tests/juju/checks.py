"""What must hold for every hook, whatever goes wrong in it."""

from __future__ import annotations

import re

from tests.juju.agent import HookRun
from tests.juju.charms import CharmError
from tests.juju.expectations import (
    CHANGE_HOOKS,
    Writes,
    expected_renderings,
    listed_relations,
)
from tests.juju.model import Juju, Unit
from tests.juju.styles import ConsumerStyle

DENIAL_LINE = re.compile(
    r"error: (relation \d+( [^:]+)?|[a-z]+-endpoint|scrape_jobs): skipped: Juju denied access:"
    r" (ERROR permission denied|RelationNotFoundError)"
)
NAME_LINE = re.compile(
    r"warning: relation \d+ [^:]+: scrape_jobs: another job has the same name; a number was"
    r" added: give each job its own job_name"
)
NUMBERED_NAME = re.compile(r"_\d+$")


def is_troubled(run: HookRun) -> bool:
    """Return whether the trouble that was planned happened."""
    nameless_id = run.trouble.nameless_id
    is_nameless = nameless_id is not None and any(
        call.relation_id == nameless_id for call in run.answers.tools.calls
    )
    is_deferred = run.trouble.defers and bool(run.record.changes)
    return bool(run.answers.tools.denials or run.error or is_nameless or is_deferred)


def is_aborted(run: HookRun) -> bool:
    """Return whether ops failed before the charm saw the event."""
    return run.error is not None and not isinstance(run.error, CharmError)


def check_log(run: HookRun) -> None:
    """Check that each denial is logged, once, and so is each name that two jobs claim."""
    names = [job["job_name"] for rendering in run.record.renderings for job in rendering[0]]
    log = [line for line in run.log if not NAME_LINE.fullmatch(line)]
    assert (len(log) < len(run.log)) == any(map(NUMBERED_NAME.search, names))
    to_log = [call for call in run.answers.tools.calls if call.is_denied]
    to_log += [
        call for call in run.answers.tools.calls if call.error and call.tool == "relation-set"
    ]
    if not to_log:
        assert log == []
        return
    assert len(set(log)) == len(log)
    for line in log:
        assert DENIAL_LINE.fullmatch(line)
    if is_aborted(run):
        return
    assert log
    for call in to_log:
        if call.tool in ("relation-get", "relation-set", "network-get"):
            start = f"error: relation {call.relation_id}"
            assert any(line.startswith((f"{start} ", f"{start}:")) for line in log)


def check_events(run: HookRun, style: object) -> None:
    """Check that a relation's change is emitted, and nothing else."""
    if is_aborted(run):
        return
    kind = run.hook.name.replace("-", "_")
    if run.hook.side is not None:
        kind = f"{run.hook.side.endpoint.replace('-', '_')}_{kind}"
    elif run.hook.name == "pebble-ready":
        kind = f"zinc_{kind}"
    is_change = isinstance(style, ConsumerStyle) and run.hook.name in CHANGE_HOOKS
    if run.error is None:
        # ops before 3 keeps no events of a failed hook.
        assert run.emitted == [kind, *["targets_changed"] * is_change]
    emitted = [run.hook.relation_id] * is_change
    if run.trouble.defers and run.hook.relation_id in run.reemitted:
        # From 2.17 on, ops does not queue an event that is already waiting.
        assert run.record.changes in (run.reemitted, run.reemitted + emitted)
    else:
        assert run.record.changes == run.reemitted + emitted


def check_writes(run: HookRun, wanted: Writes, juju: Juju, unit: Unit) -> None:
    """Check that what has changed is written, by a unit that may, and nothing else."""
    written = run.answers.tools.written
    listed = {side.relation_id for _, side in listed_relations(juju, unit, run.answers)}
    troubled = {call.relation_id for call in run.answers.tools.calls if call.error is not None}
    is_leadership_unknown = any(call.tool == "is-leader" for call in run.answers.tools.denials)
    for place in {*wanted, *written}:
        relation_id, owner = place
        wanted_here, written_here = wanted.get(place, {}), written.get(place, {})
        is_partial = is_aborted(run) or relation_id not in listed or relation_id in troubled
        if is_partial or (is_leadership_unknown and owner == unit.application.name):
            assert written_here.items() <= wanted_here.items()
        else:
            assert written_here == wanted_here


def check_renderings(run: HookRun, style: ConsumerStyle, juju: Juju, unit: Unit) -> None:
    """Check that Parca gets what can be read whenever the charm calls `jobs()`."""
    if is_aborted(run):
        return
    changes = 0 if run.trouble.defers else len(run.record.changes)
    assert len(run.record.renderings) == style.reconciles + changes
    for scrape_configs, first_call, last_call in run.record.renderings:
        calls = run.answers.tools.calls[first_call:last_call]
        assert scrape_configs in expected_renderings(juju, unit, run.answers, calls)
