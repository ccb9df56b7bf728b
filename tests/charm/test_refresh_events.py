from __future__ import annotations

import socket
from typing import Any, Callable, List

import ops
import pytest

from parca_scrape import ProfilingEndpointProvider
from tests.profiled_charm import (
    DEFAULT,
    NOTHING,
    UNIT_ONLY,
    Databags,
    Fqdn,
    make_relation,
    run_hook,
)


@pytest.fixture(autouse=True)
def fqdn(monkeypatch: pytest.MonkeyPatch) -> Fqdn:
    fqdn = Fqdn()
    monkeypatch.setattr(socket, "getfqdn", fqdn)
    return fqdn


class WorkloadEvents(ops.ObjectEvents):
    """Events with the same names as those of a charm."""

    config_changed = ops.EventSource(ops.EventBase)


class Workload(ops.Object):
    """An object with an event for a change of its configuration."""

    on = WorkloadEvents()


@pytest.mark.parametrize("container", ["zinc", "log-shipper"])
def test_pebble_ready_of_any_container_writes_the_unit_databag(container: str) -> None:
    containers = sorted({"zinc", "log-shipper"}, key=lambda name: name != container)
    hook = run_hook("pebble_ready", make_relation(1), containers=containers)
    assert hook.databags == {1: UNIT_ONLY}


def test_update_status_writes_the_unit_databag_of_a_charm_with_containers_too() -> None:
    hook = run_hook("update_status", make_relation(1), containers=["zinc"])
    assert hook.databags == {1: UNIT_ONLY}


def refreshed_at(
    choose: Callable[[ops.CharmBase], object],
) -> Callable[[ops.CharmBase], ProfilingEndpointProvider]:
    def make(charm: ops.CharmBase) -> ProfilingEndpointProvider:
        refresh_event: Any = choose(charm)
        return ProfilingEndpointProvider(charm, refresh_event=refresh_event)

    return make


def choose_one(charm: ops.CharmBase) -> ops.BoundEvent:
    return charm.on.config_changed


def choose_two(charm: ops.CharmBase) -> List[ops.BoundEvent]:
    return [charm.on.config_changed, charm.on.start]


def choose_update_status(charm: ops.CharmBase) -> List[ops.BoundEvent]:
    return [charm.on.update_status, charm.on.update_status]


def choose_none(_: ops.CharmBase) -> List[ops.BoundEvent]:
    return []


def choose_default(_: ops.CharmBase) -> None:
    return None


def choose_again(charm: ops.CharmBase) -> List[ops.BoundEvent]:
    return [charm.on.config_changed, charm.on.config_changed, charm.on.config_changed]


@pytest.mark.parametrize(
    ("choose", "event", "databags"),
    [
        (choose_one, "config_changed", UNIT_ONLY),
        (choose_one, "start", NOTHING),
        (choose_one, "pebble_ready", NOTHING),
        (choose_one, "update_status", UNIT_ONLY),
        (choose_one, "leader_elected", DEFAULT),
        (choose_two, "config_changed", UNIT_ONLY),
        (choose_two, "start", UNIT_ONLY),
        (choose_two, "pebble_ready", NOTHING),
        (choose_none, "pebble_ready", UNIT_ONLY),
        (choose_none, "config_changed", NOTHING),
        (choose_default, "pebble_ready", UNIT_ONLY),
    ],
)
def test_refresh_events_write_the_unit_databag_instead_of_pebble_ready(
    choose: Callable[[ops.CharmBase], object], event: str, databags: Databags
) -> None:
    hook = run_hook(event, make_relation(1), make=refreshed_at(choose), containers=["zinc"])
    assert hook.databags == {1: databags}


@pytest.mark.parametrize(
    ("choose", "event"),
    [
        (choose_again, "config_changed"),
        (choose_update_status, "update_status"),
        (choose_default, "update_status"),
    ],
)
def test_an_event_given_again_publishes_once(
    choose: Callable[[ops.CharmBase], object], event: str, fqdn: Fqdn
) -> None:
    run_hook(event, make_relation(1), make=refreshed_at(choose))
    assert fqdn.times_asked == 1


@pytest.mark.parametrize("event", ["config_changed", "start"])
def test_events_of_one_name_from_two_objects_both_count(event: str) -> None:
    def make(charm: ops.CharmBase) -> ProfilingEndpointProvider:
        workload = Workload(charm, "workload")
        refresh_events = [charm.on.config_changed, workload.on.config_changed]
        provider = ProfilingEndpointProvider(charm, refresh_event=refresh_events)
        if event == "start":
            workload.on.config_changed.emit()
        return provider

    assert run_hook(event, make_relation(1), make=make).databags == {1: UNIT_ONLY}
