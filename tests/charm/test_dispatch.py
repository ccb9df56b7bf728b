"""The life of a relation in real processes, and the hook tools that each hook calls."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Dict, List, NamedTuple

import ops
import pytest

from tests.juju.dispatch import Controller, Dispatch
from tests.juju.expectations import app_databag, unit_databag
from tests.juju.hooks import hooks_due
from tests.juju.model import COS, Application, Juju
from tests.juju.published import CASES, history_databags
from tests.juju.styles import (
    CONSUMER_STYLES,
    OBSERVING,
    PROVIDER_STYLES,
)
from tests.juju.world import World, make_world

OPS = tuple(map(int, ops.__version__.split(".")[:2]))
# From 2.20 on, ops sets all keys of a databag at once.
SETS_AT_ONCE = OPS >= (2, 20)
# From 2.5 on, ops itself asks for the leader at the end of each hook.
ASKS_FOR_LEADER = OPS >= (2, 5)
PARCA = CONSUMER_STYLES[0]
RECONCILING_PARCA = CONSUMER_STYLES[1]
RECONCILING = PROVIDER_STYLES[1]


class Calls(NamedTuple):
    """How often a hook calls its tools."""

    ids: int = 0
    """relation-ids"""
    lists: int = 0
    """relation-list, with --app or without"""
    gets: int = 0
    """relation-get"""
    sets: int = 0
    """relation-set, for each databag that changes"""
    keys: int = 0
    """relation-set, for each key that changes: what ops before 2.20 does"""
    leader: int = 0
    """is-leader, unless ops itself asks"""


@pytest.fixture
def world(tmp_path: Path, library: str) -> World:
    return make_world(tmp_path, library)


def calls_of(ran: List[Dispatch]) -> Dict[str, Calls]:
    """Return the calls of each hook; all must succeed and log no warning."""
    assert [(hook.exit_code, hook.log) for hook in ran] == [(0, [])] * len(ran), ran
    return {f"{hook.unit} {hook.hook}": count(hook) for hook in ran}


def count(hook: Dispatch) -> Calls:
    calls = hook.calls
    sets = calls.get("relation-set", 0)
    keys = sum(map(len, hook.written.values()))
    assert sets == (len(hook.written) if SETS_AT_ONCE else keys)
    return Calls(
        calls.get("relation-ids", 0),
        calls.get("relation-list", 0),
        calls.get("relation-get", 0),
        len(hook.written),
        keys,
        calls.get("is-leader", 0),
    )


def table(rows: Dict[str, Calls]) -> Dict[str, Calls]:
    """Return the calls of a table with this version of ops."""
    if not ASKS_FOR_LEADER:
        return {hook: BEFORE_2_10.get(hook, calls) for hook, calls in rows.items()}
    return {hook: calls._replace(leader=1) for hook, calls in rows.items()}


# fmt: off
DEPLOY = {
    #                                       ids lists gets sets keys leader
    "zinc/0 install":                     Calls(0, 0, 0, 0, 0, 0),
    "zinc/0 relation-created(1:parca)":   Calls(1, 1, 0, 0, 0, 0),
    "zinc/0 leader-elected":              Calls(1, 2, 2, 2, 4, 1),
    "zinc/0 config-changed":              Calls(1, 2, 2, 0, 0, 1),
    "zinc/0 update-status":               Calls(1, 2, 1, 0, 0, 0),
    "zinc/0 relation-joined(1:parca/0)":  Calls(1, 1, 2, 0, 0, 1),
    "zinc/0 relation-changed(1:parca/0)": Calls(1, 1, 2, 0, 0, 1),
    "parca/0 relation-created(1:zinc)":   Calls(1, 1, 0, 0, 0, 0),
    "parca/0 leader-elected":             Calls(0, 0, 0, 0, 0, 0),
    "parca/0 relation-changed(1:zinc)":   Calls(1, 1, 1, 0, 0, 1),
    "parca/0 relation-joined(1:zinc/0)":  Calls(1, 1, 0, 0, 0, 0),
    "parca/0 relation-changed(1:zinc/0)": Calls(1, 1, 2, 0, 0, 1),
}
SCALE_UP = {
    "zinc/2 relation-created(1:parca)":   Calls(1, 1, 0, 0, 0, 0),
    "zinc/2 relation-joined(1:parca/0)":  Calls(1, 1, 1, 1, 2, 1),
    "zinc/2 relation-changed(1:parca/0)": Calls(1, 1, 1, 0, 0, 1),
    "parca/0 relation-joined(1:zinc/2)":  Calls(1, 1, 0, 0, 0, 0),
    "parca/0 relation-changed(1:zinc/2)": Calls(1, 1, 4, 0, 0, 1),
}
SCALE_DOWN = {
    "zinc/1 relation-departed(1:parca/0)": Calls(1, 1, 0, 0, 0, 0),
    "zinc/1 relation-broken(1:parca)":     Calls(1, 1, 0, 0, 0, 0),
    "zinc/1 stop":                         Calls(0, 0, 0, 0, 0, 0),
    "parca/0 relation-departed(1:zinc/1)": Calls(1, 1, 3, 0, 0, 1),
}
NEW_LEADER = {
    "zinc/1 leader-elected":            Calls(1, 1, 2, 1, 1, 1),
    "parca/0 relation-changed(1:zinc)": Calls(1, 1, 3, 0, 0, 1),
}
REMOVAL = {
    "zinc/0 relation-departed(1:parca/0)": Calls(1, 1, 0, 0, 0, 0),
    "zinc/0 relation-broken(1:parca)":     Calls(1, 1, 0, 0, 0, 0),
    "parca/0 relation-departed(1:zinc/0)": Calls(1, 1, 1, 0, 0, 1),
    "parca/0 relation-broken(1:zinc)":     Calls(1, 2, 0, 0, 0, 0),
}
# Before 2.10, ops makes other calls in these hooks.
BEFORE_2_10 = {
    "parca/0 relation-broken(1:zinc)":     Calls(1, 1, 0, 0, 0, 0),
}
UPGRADE = {
    "zinc/0 upgrade-charm": Calls(1, 1, 2, 0, 0, 1),
    "zinc/1 upgrade-charm": Calls(1, 1, 1, 0, 0, 1),
}
RECONCILE = {
    "zinc/0 config-changed":              Calls(1, 1, 2, 2, 2, 1),
    "parca/0 start":                      Calls(1, 1, 2, 0, 0, 0),
    "parca/0 relation-changed(1:zinc)":   Calls(1, 1, 2, 0, 0, 1),
    "parca/0 relation-changed(1:zinc/0)": Calls(1, 1, 2, 0, 0, 1),
}
# fmt: on


def test_a_deployment_is_profiled_with_these_calls(tmp_path: Path, library: str) -> None:
    juju = Juju()
    zinc, parca = Application("zinc", COS, OBSERVING), Application("parca", COS, PARCA)
    juju.deploy(zinc)
    juju.deploy(parca)
    # Hooks without calls would only take time.
    zinc.units[0].due.remove("start")
    parca.units[0].due = ["leader-elected"]
    zinc.units[0].is_started = parca.units[0].is_started = True
    relation = juju.relate(zinc, "profiling-endpoint", parca, "")
    world = World(juju, Controller(juju, tmp_path, library), zinc, parca, relation)
    assert calls_of(world.controller.run_all()) == table(DEPLOY)
    assert world.is_served()
    unit = zinc.units[0]
    assert relation.provider.app_databag == app_databag(unit)
    assert unit_databag(unit, relation.provider).items() <= relation.provider.databags[0].items()


def test_more_and_fewer_units_are_profiled_with_these_calls(world: World) -> None:
    unit = world.juju.add_unit(world.zinc)
    unit.is_started = True
    unit.due.clear()
    assert calls_of(world.controller.run_all()) == table(SCALE_UP)
    assert world.is_served()
    world.juju.remove_unit(world.zinc.units[1])
    assert calls_of(world.controller.run_all()) == table(SCALE_DOWN)
    assert world.is_served()


def test_only_a_new_leader_writes_the_application_databag(world: World) -> None:
    world.juju.elect(world.zinc.units[1])
    ran = world.controller.run_all()
    assert calls_of(ran) == table(NEW_LEADER)
    metadata = app_databag(world.zinc.units[1])["scrape_metadata"]
    assert ran[0].written == {("parca", "zinc"): {"scrape_metadata": metadata}}
    assert world.is_served()
    former = world.run_one(world.zinc.units[0], "upgrade-charm")
    assert (former.exit_code, former.written, former.log) == (0, {}, [])


def test_a_relation_is_removed_with_these_calls(tmp_path: Path, library: str) -> None:
    world = make_world(tmp_path, library, units=1)
    world.juju.remove_relation(world.relation)
    assert calls_of(world.controller.run_all()) == table(REMOVAL)
    assert list(world.controller.configurations.values()) == [[]]


def test_charms_that_reconcile_are_served_with_these_calls(tmp_path: Path, library: str) -> None:
    world = make_world(tmp_path, library, RECONCILING, RECONCILING_PARCA, units=1)
    zinc, parca = world.zinc.units[0], world.parca.units[0]
    ran = [world.run_one(parca, "start")]
    assert world.is_served()
    world.juju.configure(world.zinc, '[{"job_name": "other", "static_configs": []}]')
    world.juju.move(zinc)
    zinc.due.remove("pebble-ready")
    ran.append(world.run_one(zinc, "config-changed"))
    ran += world.controller.run_all()
    assert calls_of(ran) == table(RECONCILE)
    assert world.is_served()


def test_an_upgrade_rewrites_nothing(tmp_path: Path, library: str) -> None:
    case = CASES[2]
    world = make_world(tmp_path, library, jobs=json.dumps(case["jobs"]))
    side = world.relation.provider
    for unit in world.zinc.living_units:
        app_texts, unit_texts = history_databags(world.zinc, unit, case)
        side.databags[unit.number] = {**unit_texts, "ingress-address": "192.0.2.1"}
        if unit.is_leader:
            side.app_databag = app_texts
    ran = [world.run_one(unit, "upgrade-charm") for unit in world.zinc.living_units]
    assert calls_of(ran) == table(UPGRADE)


def test_slow_hook_tools_change_nothing(world: World) -> None:
    world.move(world.zinc.units[0])
    parca = world.parca.units[0]
    (changed,) = hooks_due(world.juju, parca)
    start = time.monotonic()
    ran = world.controller.run(parca, changed, delay_seconds=0.1)
    assert time.monotonic() - start > 0.1 * sum(ran.calls.values())
    assert calls_of([ran]) == table(
        {"parca/0 relation-changed(1:zinc/0)": Calls(1, 1, 3, leader=1)}
    )
    assert world.is_served()
