from __future__ import annotations

import os
from collections import Counter
from typing import Any, Dict, List

import ops
import pytest
from ops import testing

from parca_scrape import (
    AddressSource,
    Problem,
    ProfilingEndpointConsumer,
)
from tests.hook_tools import RELATION_IDS, Call, HookTools
from tests.parca_charm import (
    OTHER_EVENTS,
    Make,
    entry,
    make_context,
    make_relation,
    one_port,
    run_hook,
    scrape_config,
    unit_data,
)

RULE = (
    "must be a host name (at most 253 characters) or an IP address, without a scheme, port, path"
    " or spaces"
)


@pytest.mark.parametrize("event", [*OTHER_EVENTS, "relation_changed"])
def test_jobs_are_those_of_all_relations_at_every_event(event: str) -> None:
    relations = make_relation(1, units=(0, 1)), make_relation(2, "mimir")
    hook = run_hook(event, *relations)
    assert hook.jobs == [one_port(units=(0, 1)), one_port("mimir")]
    assert hook.changes in ([], [(1, hook.jobs)])
    assert (hook.problems, hook.log) == ([], [])


@pytest.mark.parametrize("relation_ids", [[1, 2, 10], [10, 2, 1], [2, 10, 1]])
def test_jobs_are_in_the_order_of_relation_ids(relation_ids: List[int]) -> None:
    relations = [make_relation(number, f"app{number}") for number in (1, 2, 10)]
    tools = HookTools({RELATION_IDS: relation_ids})
    hook = run_hook("start", *relations, tools=tools)
    assert hook.jobs == [one_port("app1"), one_port("app2"), one_port("app10")]


@pytest.mark.parametrize("units", [(0, 1, 2, 10), (10, 2, 1, 0), (2, 10, 0, 1)])
def test_units_are_in_the_order_of_their_numbers(units: List[int]) -> None:
    hook = run_hook("start", make_relation(1, units=units))
    assert hook.jobs == [one_port(units=(0, 1, 2, 10))]


def test_a_relation_without_units_has_no_jobs() -> None:
    hook = run_hook("start", make_relation(1, units=()), make_relation(2, "mimir"))
    assert hook.jobs == [one_port("mimir")]
    assert (hook.problems, hook.log) == ([], [])


def test_a_unit_that_has_published_nothing_yet_is_not_scraped() -> None:
    units_data: Dict[int, Dict[str, str]] = {0: {}, 1: unit_data("zinc", 1)}
    hook = run_hook("start", make_relation(1, units_data=units_data))
    assert hook.jobs == [one_port(units=(1,))]
    assert (hook.problems, hook.log) == ([], [])


def test_a_unit_without_a_databag_is_not_scraped() -> None:
    # ops 2.23.0 and 3.0.0 add the unit of an event to each relation with its application.
    context = make_context()
    relation = make_relation(1)
    with context(context.on.start(), testing.State(relations={relation})) as manager:
        [listed] = manager.charm.model.relations["profiling-endpoint"]
        listed.units.add(manager.charm.model.get_unit("zinc/9"))
        assert manager.charm.consumer.jobs() == [one_port()]
        assert manager.charm.consumer.problems() == []


def test_an_application_that_has_published_nothing_yet_has_no_jobs() -> None:
    hook = run_hook("start", make_relation(1, app_data={}))
    assert (hook.jobs, hook.problems, hook.log) == ([], [], [])


def test_the_legacy_address_and_the_juju_name_replace_missing_ones() -> None:
    units_data = {
        0: {"parca_scrape_host": "10.0.0.1"},
        1: {"parca_scrape_unit_address": "", "parca_scrape_host": "10.0.0.2"},
        2: {"parca_scrape_unit_address": "10.0.0.3", "parca_scrape_host": "10.9.9.9"},
    }
    entries = [
        entry([f"10.0.0.{number + 1}:8080"], "zinc", f"zinc/{number}") for number in range(3)
    ]
    hook = run_hook("start", make_relation(1, units_data=units_data))
    assert hook.jobs == [scrape_config("cos_20ce8299_zinc", entries)]


def test_across_models_the_topology_is_the_providers_own() -> None:
    relation = make_relation(1)
    relation = testing.Relation(
        relation.endpoint,
        interface=relation.interface,
        id=1,
        remote_app_name="remote-4d8b5a",
        remote_app_data=relation.remote_app_data,
        remote_units_data={0: unit_data("zinc", 0)},
    )
    assert run_hook("start", relation).jobs == [one_port()]


@pytest.mark.parametrize("departing", [0, 1, 2])
def test_a_departing_unit_does_not_count_in_its_relation(departing: int) -> None:
    tools = HookTools()
    hook = run_hook(
        "relation_departed",
        make_relation(1, units=(0, 1, 2)),
        tools=tools,
        remote_unit=departing,
        departing_unit=departing,
    )
    rest = [number for number in range(3) if number != departing]
    assert hook.jobs == [one_port(units=rest)]
    assert hook.changes == [(1, hook.jobs)]
    assert Call("relation-get", 1, f"zinc/{departing}") not in tools.calls


def test_the_jobs_go_with_the_last_unit() -> None:
    hook = run_hook("relation_departed", make_relation(1), make_relation(2, "mimir"))
    assert hook.jobs == [one_port("mimir")]
    assert hook.changes == [(1, [one_port("mimir")])]


def test_a_departing_unit_counts_in_other_relations() -> None:
    hook = run_hook(
        "relation_departed",
        make_relation(1, units=(0, 1)),
        make_relation(2, units=(0, 1)),
        remote_unit=1,
        departing_unit=1,
    )
    second: Dict[str, object] = {**one_port(units=(0, 1)), "job_name": "cos_20ce8299_zinc_2"}
    assert hook.jobs == [one_port(units=(0,)), second]


def test_the_units_stay_while_a_unit_of_the_consumer_departs() -> None:
    def make(charm: ops.CharmBase) -> ProfilingEndpointConsumer:
        os.environ["JUJU_DEPARTING_UNIT"] = "parca/1"
        return ProfilingEndpointConsumer(charm)

    hook = run_hook("relation_departed", make_relation(1), make=make)
    assert hook.jobs == [one_port()]


def test_a_broken_relation_does_not_count() -> None:
    tools = HookTools()
    hook = run_hook("relation_broken", make_relation(1), make_relation(2, "mimir"), tools=tools)
    assert hook.jobs == [one_port("mimir")]
    assert hook.changes == [(1, [one_port("mimir")])]
    assert [
        call for call in tools.calls if (call.tool, call.relation_id) == ("relation-get", 1)
    ] == []


@pytest.mark.parametrize(
    ("dispatch_path", "expected"),
    [
        ("hooks/profiling-endpoint-relation-broken", [one_port("mimir")]),
        ("hooks/other-endpoint-relation-broken", [one_port(), one_port("mimir")]),
    ],
)
def test_a_broken_relation_that_old_ops_lists_does_not_count(
    dispatch_path: str, expected: List[object]
) -> None:
    def make(charm: ops.CharmBase) -> ProfilingEndpointConsumer:
        os.environ.update(JUJU_DISPATCH_PATH=dispatch_path, JUJU_RELATION_ID="x:1")
        return ProfilingEndpointConsumer(charm)

    hook = run_hook("start", make_relation(1), make_relation(2, "mimir"), make=make)
    assert hook.jobs == expected


def test_a_relation_without_remote_application_does_not_count() -> None:
    tools = HookTools({Call("relation-list", 1): (), Call("relation-list --app", 1): None})
    hook = run_hook("start", make_relation(1), make_relation(2, "mimir"), tools=tools)
    assert hook.jobs == [one_port("mimir")]
    assert (hook.problems, hook.log) == ([], [])


@pytest.mark.parametrize("event", ["relation_departed", "relation_broken", "relation_changed"])
def test_a_charm_may_call_jobs_in_its_constructor(event: str) -> None:
    seen: List[Any] = []

    def make(charm: ops.CharmBase) -> ProfilingEndpointConsumer:
        consumer = ProfilingEndpointConsumer(charm)
        seen.append(consumer.jobs())
        return consumer

    run_hook(event, make_relation(1), make_relation(2, "mimir"), make=make)
    first = [one_port()] if event == "relation_changed" else []
    assert seen == [[*first, one_port("mimir")]]


def test_a_hook_reads_each_databag_once_and_writes_none() -> None:
    tools = HookTools()
    run_hook("relation_changed", make_relation(1, units=(0, 1)), make_relation(2), tools=tools)
    assert Counter(tools.own_calls) == {
        RELATION_IDS: 1,
        Call("relation-list", 1): 1,
        Call("relation-list", 2): 1,
        Call("relation-get", 1, "zinc"): 1,
        Call("relation-get", 2, "zinc"): 1,
        Call("relation-get", 1, "zinc/0"): 1,
        Call("relation-get", 1, "zinc/1"): 1,
        Call("relation-get", 2, "zinc/0"): 1,
    }


def test_without_relations_only_relation_ids_is_called() -> None:
    tools = HookTools()
    assert run_hook("start", tools=tools).jobs == []
    assert tools.own_calls == [RELATION_IDS]


def spoil(value: Any) -> None:
    """Empty every dict and list in a value."""
    if isinstance(value, (dict, list)):
        children: List[Any] = [*value.values()] if isinstance(value, dict) else [*value]
        value.clear()
        for child in children:
            spoil(child)


def test_jobs_are_fresh_at_every_call() -> None:
    context = make_context()
    state = testing.State(relations=[make_relation(1, units=(0, 1))])
    with context(context.on.start(), state) as manager:
        consumer = manager.charm.consumer
        spoil(consumer.jobs())
        assert consumer.jobs() == [one_port(units=(0, 1))]


def test_jobs_are_not_older_than_the_databags() -> None:
    context = make_context()
    with context(context.on.start(), testing.State(relations=[make_relation(1)])) as manager:
        charm = manager.charm
        assert charm.consumer.jobs() == [one_port()]
        relation = charm.model.relations["profiling-endpoint"][0]
        relation.units.clear()
        assert charm.consumer.jobs() == []


def test_a_charm_may_consume_from_two_endpoints() -> None:
    seen: List[Any] = []

    def make(charm: ops.CharmBase) -> ProfilingEndpointConsumer:
        seen.append(ProfilingEndpointConsumer(charm, "other-endpoint").jobs())
        return ProfilingEndpointConsumer(charm)

    hook = run_hook(
        "relation_changed",
        make_relation(1),
        make_relation(2, "mimir", endpoint="other-endpoint"),
        make=make,
    )
    assert (hook.jobs, seen) == ([one_port()], [[one_port("mimir")]])
    assert hook.emitted == ["profiling_endpoint_relation_changed", "targets_changed"]


def with_source(source: AddressSource) -> Make:
    return lambda charm: ProfilingEndpointConsumer(charm, unit_address=source)


def test_published_addresses_are_the_default() -> None:
    hook = run_hook("start", make_relation(1), make=with_source(AddressSource.PUBLISHED))
    assert hook.jobs == [one_port()] == run_hook("start", make_relation(1)).jobs


def test_ingress_addresses_replace_published_ones() -> None:
    units_data = {
        0: unit_data("zinc", 0),
        1: {**unit_data("zinc", 1), "ingress-address": "2001:db8::1"},
        2: {"ingress-address": "192.0.2.2"},
        3: {"parca_scrape_unit_address": "zinc-3.local", "parca_scrape_unit_name": "zinc/3"},
        4: {**unit_data("zinc", 4), "ingress-address": "no host"},
    }
    entries = [
        entry(["192.0.2.0:8080"], "zinc", "zinc/0"),
        entry(["[2001:db8::1]:8080"], "zinc", "zinc/1"),
        entry(["192.0.2.2:8080"], "zinc", "zinc/2"),
    ]
    hook = run_hook(
        "start",
        make_relation(1, units_data=units_data),
        make=with_source(AddressSource.INGRESS),
    )
    assert hook.jobs == [scrape_config("cos_20ce8299_zinc", entries)]
    assert hook.problems == [Problem("error", "ingress-address", RULE, 1, "zinc", "zinc/4")]
    assert hook.log == [f"error: relation 1 zinc/4: ingress-address: {RULE}"]


@pytest.mark.parametrize("source", [AddressSource.FQDN, AddressSource.BIND, "10.0.0.1", None])
def test_other_sources_of_addresses_raise(source: Any) -> None:
    with pytest.raises(
        ValueError, match=r"^unit_address: must be AddressSource\.PUBLISHED or INGRESS$"
    ):
        run_hook("start", make=with_source(source))


def test_unit_address_is_keyword_only() -> None:
    make: Any = ProfilingEndpointConsumer
    with pytest.raises(TypeError):
        run_hook("start", make=lambda charm: make(charm, "x", AddressSource.INGRESS))


def test_the_relation_name_may_be_given_by_position() -> None:
    relation = make_relation(1, endpoint="other-endpoint")
    hook = run_hook(
        "relation_changed",
        relation,
        make=lambda charm: ProfilingEndpointConsumer(charm, "other-endpoint"),
    )
    assert hook.changes == [(1, [one_port()])]
