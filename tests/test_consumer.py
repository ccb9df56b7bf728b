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
    TargetsChangedEvent,
)
from tests.hook_tools import Call, HookTools
from tests.parca_charm import (
    CharmWithConsumer,
    Make,
    entry,
    make_context,
    make_relation,
    one_port,
    run_hook,
    scrape_config,
    unit_data,
)

pytestmark = pytest.mark.state_transitions

CHANGES = ["relation_changed", "relation_departed", "relation_broken"]
OTHER_EVENTS = [
    "install",
    "start",
    "config_changed",
    "update_status",
    "upgrade_charm",
    "leader_elected",
    "relation_created",
    "relation_joined",
]
RULE = "must be a host name or an IP address, without scheme, port, path or spaces"


@pytest.mark.parametrize("event", CHANGES)
def test_targets_changed_is_emitted_once_with_the_relation(event: str) -> None:
    hook = run_hook(event, make_relation(7), make_relation(3, "ingress"))
    assert hook.emitted == [f"profiling_endpoint_{event}", "targets_changed"]
    assert [relation_id for relation_id, _ in hook.changes] == [7]


@pytest.mark.parametrize("event", OTHER_EVENTS)
def test_other_events_change_no_targets(event: str) -> None:
    hook = run_hook(event, make_relation(7))
    prefix = "profiling_endpoint_" if event.startswith("relation_") else ""
    assert hook.emitted == [prefix + event]
    assert hook.changes == []


@pytest.mark.parametrize("event", CHANGES)
def test_another_endpoint_changes_no_targets(event: str) -> None:
    hook = run_hook(event, make_relation(7, endpoint="other-endpoint"), make_relation(3))
    assert hook.emitted == [f"other_endpoint_{event}"]
    assert hook.jobs == [one_port()]


def test_a_charm_may_emit_targets_changed_itself() -> None:
    def make(charm: ops.CharmBase) -> ProfilingEndpointConsumer:
        consumer = ProfilingEndpointConsumer(charm)
        events = charm.on["other-endpoint"]
        on_changed = consumer.on_profiling_provider_relation_changed
        charm.framework.observe(events.relation_joined, on_changed)
        return consumer

    hook = run_hook("relation_joined", make_relation(9, endpoint="other-endpoint"), make=make)
    assert hook.changes == [(9, [])]


@pytest.mark.parametrize("event", [*OTHER_EVENTS, "relation_changed"])
def test_jobs_are_those_of_all_relations_at_every_event(event: str) -> None:
    relations = make_relation(1, units=(0, 1)), make_relation(2, "mimir")
    hook = run_hook(event, *relations)
    assert hook.jobs == [one_port(units=(0, 1)), one_port("mimir")]
    assert hook.changes in ([], [(1, hook.jobs)])
    assert (hook.problems, hook.log) == ([], [])


@pytest.mark.parametrize("relation_ids", [[1, 2, 10], [10, 2, 1], [2, 10, 1]])
def test_jobs_stand_in_the_order_of_relation_ids(relation_ids: List[int]) -> None:
    relations = [make_relation(number, f"app{number}") for number in (1, 2, 10)]
    tools = HookTools({Call("relation-ids"): relation_ids})
    hook = run_hook("start", *relations, tools=tools)
    assert hook.jobs == [one_port("app1"), one_port("app2"), one_port("app10")]


@pytest.mark.parametrize("units", [(0, 1, 2, 10), (10, 2, 1, 0), (2, 10, 0, 1)])
def test_units_stand_in_the_order_of_their_numbers(units: List[int]) -> None:
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


def test_an_application_that_has_published_nothing_yet_has_no_jobs() -> None:
    hook = run_hook("start", make_relation(1, app_data={}))
    assert (hook.jobs, hook.problems, hook.log) == ([], [], [])


def test_the_legacy_address_and_the_name_in_juju_stand_in_for_what_is_missing() -> None:
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


def test_the_last_unit_takes_the_jobs_with_it() -> None:
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
    assert [call for call in tools.calls if call[:2] == ("relation-get", 1)] == []


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
def test_jobs_may_be_asked_for_in_the_charms_constructor(event: str) -> None:
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
    assert Counter(tools.calls) == {
        Call("relation-ids"): 1,
        Call("relation-list", 1): 1,
        Call("relation-list", 2): 1,
        Call("relation-get", 1, "zinc"): 1,
        Call("relation-get", 2, "zinc"): 1,
        Call("relation-get", 1, "zinc/0"): 1,
        Call("relation-get", 1, "zinc/1"): 1,
        Call("relation-get", 2, "zinc/0"): 1,
    }


def test_without_relations_nothing_is_asked_but_that() -> None:
    tools = HookTools()
    assert run_hook("start", tools=tools).jobs == []
    assert tools.calls == [Call("relation-ids")]


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


def test_ingress_addresses_stand_in_for_published_ones() -> None:
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
        ValueError, match=r"^unit_address: must be AddressSource\.PUBLISHED or INGRESS here$"
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


def test_the_handles_are_named_by_class_and_relation() -> None:
    context = make_context()
    with context(context.on.start(), testing.State()) as manager:
        consumer = manager.charm.consumer
        assert consumer.handle.path == "ParcaCharm/ProfilingEndpointConsumer[profiling-endpoint]"
        assert consumer.on.handle.path == (
            "ParcaCharm/ProfilingEndpointConsumer[profiling-endpoint]/on"
        )


def test_the_event_keeps_its_relation_in_a_snapshot() -> None:
    event = TargetsChangedEvent(ops.Handle(None, "targets_changed", "1"), 7)
    assert event.snapshot() == {"relation_id": 7}
    restored = TargetsChangedEvent(ops.Handle(None, "targets_changed", "1"), 0)
    restored.restore({"relation_id": 9})
    assert restored.relation_id == 9


def make_deferred() -> testing.DeferredEvent:
    """Make what ops stores of a `targets_changed` that a charm of the old libraries deferred."""
    return testing.DeferredEvent(
        "ParcaCharm/ProfilingEndpointConsumer[profiling-endpoint]/on/targets_changed[2]",
        owner="ParcaCharm",
        observer="_on_targets_changed",
        snapshot_data={"relation_id": 7},
    )


def test_a_deferred_event_is_stored_as_the_old_libraries_did() -> None:
    def make(charm: ops.CharmBase) -> ProfilingEndpointConsumer:
        assert isinstance(charm, CharmWithConsumer)
        charm.is_busy = True
        return ProfilingEndpointConsumer(charm)

    context = make_context(make)
    relation = make_relation(7)
    after = context.run(context.on.relation_changed(relation), testing.State(relations=[relation]))
    assert after.deferred == [make_deferred()]


def test_a_deferred_event_that_an_old_library_stored_is_emitted_again() -> None:
    context = make_context()
    state = testing.State(relations=[make_relation(1)], deferred=[make_deferred()])
    with context(context.on.start(), state) as manager:
        after = manager.run()
        assert manager.charm.changes == [(7, [one_port()])]
    assert after.deferred == []


BAD_JOBS = '[{"scheme": "ftp"}, {"static_configs": [{"targets": ["*:8080", "*:0"]}]}]'
TARGET_RULE = (
    "must be host:port, *:port, or either without a port: no scheme, path or space, an IPv6"
    " address in brackets, a port from 1 to 65535"
)


def test_problems_tells_relation_application_and_unit() -> None:
    units_data = {0: unit_data("zinc", 0), 3: {"parca_scrape_unit_address": "a b"}}
    relations = (
        make_relation(4, scrape_jobs=BAD_JOBS, units_data=units_data),
        make_relation(2, "mimir", scrape_jobs="{"),
    )
    hook = run_hook("start", *relations)
    json_rule = "must be JSON that is nested less than some hundred levels deep"
    scheme_rule = "must be http or https (so the job is left out)"
    assert hook.problems == [
        Problem("error", "scrape_jobs", json_rule, 2, "mimir"),
        Problem("error", "scrape_jobs[0].scheme", scheme_rule, 4, "zinc"),
        Problem("error", "scrape_jobs[1].static_configs[0].targets[1]", TARGET_RULE, 4, "zinc"),
        Problem("error", "parca_scrape_unit_address", RULE, 4, "zinc", "zinc/3"),
    ]
    assert hook.log == [
        f"error: relation 2 mimir: scrape_jobs: {json_rule}",
        f"error: relation 4 zinc: scrape_jobs[0].scheme: {scheme_rule}",
        f"error: relation 4 zinc: scrape_jobs[1].static_configs[0].targets[1]: {TARGET_RULE}",
        f"error: relation 4 zinc/3: parca_scrape_unit_address: {RULE}",
    ]
    assert hook.jobs == [one_port()]


def test_a_problem_is_logged_once_a_hook() -> None:
    hook = run_hook("relation_changed", make_relation(1, scrape_jobs="{"))
    assert hook.changes == [(1, [])]
    assert len(hook.log) == 1


def test_problems_logs_nothing() -> None:
    context = make_context()
    state = testing.State(relations=[make_relation(1, scrape_jobs="{")])
    with context(context.on.start(), state) as manager:
        manager.charm.consumer.problems()
        manager.run()
    assert [line for line in context.juju_log if line.level in ("WARNING", "ERROR")] == []


def test_a_relation_logs_twenty_problems_and_a_count() -> None:
    jobs = ", ".join(['{"scheme": "ftp"}'] * 25)
    relations = [make_relation(number, scrape_jobs=f"[{jobs}]") for number in (1, 2)]
    relations.append(make_relation(3, scrape_jobs='[{"scheme": "ftp"}]'))
    hook = run_hook("relation_changed", *relations)
    rule = "must be http or https (so the job is left out)"
    lines = [
        f"error: relation {relation_id} zinc: scrape_jobs[{index}].scheme: {rule}"
        for relation_id, number in ((1, 20), (2, 20), (3, 1))
        for index in range(number)
    ]
    assert hook.log == [
        *lines,
        "relation 1: 5 more problems, see problems()",
        "relation 2: 5 more problems, see problems()",
    ]
    assert len(hook.problems) == 51


def test_a_renamed_job_is_a_warning_of_the_later_relation() -> None:
    hook = run_hook("start", make_relation(1), make_relation(2, units=(1,)))
    name_rule = "another job has this name already, so a number follows: name each job differently"
    assert hook.problems == [Problem("warning", "scrape_jobs", name_rule, 2, "zinc")]
    assert hook.log == [f"warning: relation 2 zinc: scrape_jobs: {name_rule}"]


def test_warnings_and_errors_are_logged_at_their_levels() -> None:
    context = make_context()
    scrape_jobs = '[{"scheme": "ftp"}, {"nonsense": 1}]'
    state = testing.State(relations=[make_relation(1, scrape_jobs=scrape_jobs)])
    with context(context.on.start(), state) as manager:
        manager.charm.consumer.jobs()
    lines = [(line.level, line.message[:7]) for line in context.juju_log]
    assert [line for line in lines if line[0] != "DEBUG"] == [
        ("ERROR", "error: "),
        ("WARNING", "warning"),
    ]
