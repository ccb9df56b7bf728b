"""Denied relations, deferred events and failing hooks, in real processes."""

from __future__ import annotations

from pathlib import Path

import ops.storage
import pytest

from tests.juju.dispatch import publish
from tests.juju.faults import Trouble
from tests.juju.hooks import Hook, hooks_due
from tests.juju.model import COS, EDGE, Application, Ghost
from tests.juju.styles import CONSUMER_STYLES, OBSERVING, PROVIDER_STYLES
from tests.juju.world import World, make_world

PARCA = CONSUMER_STYLES[0]
RECONCILING_PARCA = CONSUMER_STYLES[1]
RECONCILING = PROVIDER_STYLES[1]
SHUT_DOWN = "ERROR connection is shut down"
NOT_FOUND = "ERROR relation not found"


def denied(where: str, reason: str) -> str:
    """Return the line that a denial leaves in the log."""
    return f"error: {where}: skipped: Juju denied access: {reason}"


@pytest.fixture
def world(tmp_path: Path, library: str) -> World:
    return make_world(tmp_path, library)


@pytest.mark.parametrize(
    ("ghost", "denial"),
    [
        (Ghost.DENIED, SHUT_DOWN),
        # Some versions of ops treat this message as the next one.
        (Ghost.DENIED, "ERROR permission denied"),
        (Ghost.UNKNOWN, NOT_FOUND),
    ],
)
def test_a_relation_removed_by_force_fails_no_hook_and_harms_no_other_relation(
    world: World, ghost: Ghost, denial: str
) -> None:
    world.controller.denial = denial
    mimir, edge = Application("mimir", EDGE, OBSERVING), Application("parca-edge", EDGE, PARCA)
    world.juju.deploy(mimir)
    world.juju.deploy(edge)
    world.juju.relate(mimir, "profiling-endpoint", world.parca, "ab" * 16)
    living = world.juju.relate(world.zinc, "profiling-endpoint", edge, "cd" * 16)
    publish(world.juju)
    world.juju.remove_by_force(world.relation, ghost)
    world.move(mimir.units[0])
    (changed,) = hooks_due(world.juju, world.parca.units[0])
    ran = world.controller.run(world.parca.units[0], changed)
    assert (ran.exit_code, ran.written) == (0, {})
    assert ran.log in ([], [denied("relation 1 zinc", denial)])
    assert bool(ran.log) or denial != SHUT_DOWN
    assert world.is_served()

    zinc = world.zinc.units[0]
    world.juju.move(zinc)
    ran = world.run_one(zinc, "update-status")
    assert ran.exit_code == 0
    assert ran.written == {
        (living.provider.remote_name, "zinc/0"): {"parca_scrape_unit_address": zinc.address}
    }
    where = "relation 1" if ghost is Ghost.UNKNOWN else "relation 1 parca"
    lines = [[denied(where, reason)] for reason in (denial, "RelationNotFoundError")]
    assert ran.log in lines[denial == NOT_FOUND : 1 + (denial != SHUT_DOWN)]

    world.juju.bury(world.relation)
    (broken,) = hooks_due(world.juju, zinc)
    assert world.controller.run(zinc, broken).exit_code == 0


def test_a_relation_that_cannot_be_listed_costs_a_line_in_the_log(
    tmp_path: Path, library: str
) -> None:
    world = make_world(tmp_path, library, RECONCILING, RECONCILING_PARCA)
    mimir = Application("mimir", COS, OBSERVING)
    world.juju.deploy(mimir)
    world.juju.relate(mimir, "profiling-endpoint", world.parca, "")
    publish(world.juju)
    world.controller.denial = SHUT_DOWN
    # ops stops there: what was related before is served.
    world.juju.remove_by_force(world.juju.relations[-1], Ghost.UNLISTED)
    line = denied("profiling-endpoint", SHUT_DOWN)
    ran = world.run_one(world.parca.units[0], "config-changed")
    assert (ran.exit_code, ran.log) == (0, [line])
    assert world.is_served()
    ran = world.run_one(mimir.units[0], "update-status")
    assert (ran.exit_code, ran.written, ran.log) == (
        0,
        {},
        [line],
    )


def test_an_event_that_an_older_version_deferred_is_handled(world: World) -> None:
    unit = world.parca.units[0]
    folder = world.controller.charm_folder(unit)
    storage = ops.storage.SQLiteStorage(folder / ".unit-state.db")
    handle = "ParcaCharm/ProfilingEndpointConsumer[profiling-endpoint]/on/targets_changed[7]"
    storage.save_snapshot(handle, {"relation_id": 1})
    storage.save_notice(handle, "ParcaCharm", "_on_targets_changed")
    storage.commit()
    storage.close()
    ran = world.run_one(unit, "upgrade-charm")
    assert (ran.exit_code, ran.log) == (0, [])
    assert world.is_served()


def test_a_deferred_event_is_handled_in_the_next_hook(world: World) -> None:
    unit = world.parca.units[0]
    world.move(world.zinc.units[0])
    (changed,) = hooks_due(world.juju, unit)
    assert world.controller.run(unit, changed, Trouble(defers=True)).exit_code == 0
    assert world.controller.configurations == {}
    assert world.run_one(unit, "start").exit_code == 0
    assert world.is_served()


def test_a_failed_hook_runs_again_and_then_counts(world: World) -> None:
    unit = world.zinc.units[0]
    world.juju.move(unit)
    before = dict(world.relation.provider.databags[0])
    failed = world.run_one(unit, "update-status", Trouble(fails=True))
    assert failed.exit_code != 0
    assert failed.written == {("parca", "zinc/0"): {"parca_scrape_unit_address": unit.address}}
    assert world.relation.provider.databags[0] == before
    again = world.controller.run(unit, Hook("update-status"))
    assert (again.exit_code, again.written) == (0, failed.written)
