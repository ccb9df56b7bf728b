"""What Juju denies: that relation or unit is skipped, the others are served."""

from __future__ import annotations

import itertools
import socket
from typing import Any, Callable, Dict, List, Union

import ops
import pytest

from parca_scrape import (
    AddressSource,
    Problem,
    ProfilingEndpointConsumer,
    ProfilingEndpointProvider,
)
from tests import parca_charm, profiled_charm
from tests.hook_tools import RELATION_IDS, Call, HookTools
from tests.profiled_charm import DEFAULT, FQDN, NOTHING, UNIT_ONLY, Databags

DENIED = ops.ModelError("ERROR permission\n  denied\n")
LEFT_OUT = "skipped: Juju denied access: ERROR permission denied"
GONE = ops.RelationNotFoundError()
NAME_ONLY: Databags = ({}, {"parca_scrape_unit_name": "zinc/0"})


@pytest.fixture(autouse=True)
def _fqdn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getfqdn", lambda: FQDN)


def reconcile(charm: ops.CharmBase) -> ProfilingEndpointProvider:
    """Publish in the charm's constructor, and so twice in some hooks."""
    provider = ProfilingEndpointProvider(charm)
    provider.set_scrape_job_spec()
    return provider


@pytest.mark.parametrize("make", [ProfilingEndpointProvider, reconcile])
@pytest.mark.parametrize(
    ("call", "databags"),
    [
        (Call("relation-get", 2, "zinc/0"), NOTHING),
        (Call("relation-set", 2, "zinc/0"), NOTHING),
        (Call("relation-get", 2, "zinc"), UNIT_ONLY),
        (Call("relation-set", 2, "zinc"), UNIT_ONLY),
    ],
)
def test_the_provider_serves_the_other_relations(
    call: Call, databags: Databags, make: Callable[[ops.CharmBase], ProfilingEndpointProvider]
) -> None:
    hook = profiled_charm.run_hook(
        "leader_elected",
        *map(profiled_charm.make_relation, (1, 2, 3)),
        make=make,
        tools=HookTools({call: DENIED}),
    )
    assert hook.databags == {1: DEFAULT, 2: databags, 3: DEFAULT}
    assert hook.log == [f"error: relation 2 parca: {LEFT_OUT}"]


def test_a_denied_unit_databag_is_tried_again_at_the_next_publishing() -> None:
    tools = HookTools({Call("relation-set", 1, "zinc/0"): DENIED})
    relation = profiled_charm.make_relation(1)
    profiled_charm.run_hook("leader_elected", relation, make=reconcile, tools=tools)
    assert tools.writes == [Call("relation-set", 1, "zinc/0")] * 2


def test_the_provider_serves_what_ops_still_lists() -> None:
    hook = profiled_charm.run_hook(
        "leader_elected",
        *map(profiled_charm.make_relation, (1, 2)),
        tools=HookTools({RELATION_IDS: [1, 2], Call("relation-list", 2): DENIED}),
    )
    assert hook.databags == {1: DEFAULT, 2: NOTHING}
    assert hook.log == [f"error: profiling-endpoint: {LEFT_OUT}"]


def test_the_provider_carries_on_when_it_cannot_list_relations() -> None:
    hook = profiled_charm.run_hook(
        "leader_elected",
        profiled_charm.make_relation(1),
        make=reconcile,
        tools=HookTools({RELATION_IDS: DENIED}),
    )
    assert hook.databags == {1: NOTHING}
    assert hook.log == [f"error: profiling-endpoint: {LEFT_OUT}"]


def test_the_provider_writes_unit_databags_when_it_cannot_ask_who_leads() -> None:
    tools = HookTools({Call("is-leader"): DENIED})
    context = profiled_charm.make_context(tools=tools)
    state = profiled_charm.make_state([*map(profiled_charm.make_relation, (1, 2))])
    with context(context.on.start(), state) as manager:
        provider = manager.charm.provider
        provider.set_scrape_job_spec()
        assert provider.problems() == [Problem("error", "scrape_jobs", LEFT_OUT)]
        # At the end of the hook ops itself asks.
        tools.answers.clear()
        after = manager.run()
    assert [relation.local_app_data for relation in after.relations] == [{}, {}]
    assert [relation.local_unit_data for relation in after.relations] == [UNIT_ONLY[1]] * 2


def test_the_provider_carries_on_when_it_loses_leadership_in_the_hook() -> None:
    is_leader = itertools.chain([True], itertools.repeat(False))
    hook = profiled_charm.run_hook(
        "leader_elected",
        *map(profiled_charm.make_relation, (1, 2)),
        tools=HookTools({Call("is-leader"): is_leader.__next__}),
        leader=False,
    )
    assert hook.databags == {1: UNIT_ONLY, 2: UNIT_ONLY}
    assert [line.partition(": zinc/0 is not leader")[0] for line in hook.log] == [
        "error: relation 1 parca: skipped: Juju denied access",
        "error: relation 2 parca: skipped: Juju denied access",
    ]


def deny_address(relation: ops.Relation) -> str:
    if relation.id == 2:
        raise DENIED
    return "192.0.2.0"


@pytest.mark.parametrize("unit_address", [AddressSource.INGRESS, AddressSource.BIND, deny_address])
def test_the_provider_publishes_no_address_that_it_cannot_ask_for(
    unit_address: Union[AddressSource, Callable[[ops.Relation], str]],
) -> None:
    published: Databags = (
        {},
        {"parca_scrape_unit_address": "192.0.2.0", "parca_scrape_unit_name": "zinc/0"},
    )
    hook = profiled_charm.run_hook(
        "update_status",
        *map(profiled_charm.make_relation, (1, 2, 3)),
        make=lambda charm: ProfilingEndpointProvider(charm, unit_address=unit_address),
        tools=HookTools({Call("network-get", 2): DENIED}),
    )
    assert hook.databags == {1: published, 2: NAME_ONLY, 3: published}
    assert hook.log == [f"error: relation 2 parca: {LEFT_OUT}"]


def test_the_provider_serves_the_other_relations_next_to_a_ghost() -> None:
    ghost: Dict[Call, object] = {
        Call("relation-list", 2): GONE,
        Call("relation-list --app", 2): None,
        Call("relation-get", 2, "zinc"): GONE,
        Call("relation-get", 2, "zinc/0"): GONE,
        Call("relation-set", 2, "zinc"): GONE,
        Call("relation-set", 2, "zinc/0"): GONE,
    }
    hook = profiled_charm.run_hook(
        "leader_elected",
        *map(profiled_charm.make_relation, (1, 2, 3)),
        tools=HookTools(ghost),
    )
    assert hook.databags == {1: DEFAULT, 2: NOTHING, 3: DEFAULT}
    assert hook.log == ["error: relation 2: skipped: Juju denied access: RelationNotFoundError"]


def test_the_providers_problems_include_what_juju_denied() -> None:
    tools = HookTools(
        {
            Call("relation-set", 1, "zinc/0"): DENIED,
            Call("network-get", 2): ops.ModelError(),
        }
    )
    context = profiled_charm.make_context(
        lambda charm: ProfilingEndpointProvider(charm, unit_address=AddressSource.BIND), tools
    )
    state = profiled_charm.make_state([*map(profiled_charm.make_relation, (1, 2))])
    with context(context.on.start(), state) as manager:
        provider = manager.charm.provider
        provider.set_scrape_job_spec()
        assert provider.problems() == [
            Problem("error", "", LEFT_OUT, 1, "parca"),
            Problem("error", "", "skipped: Juju denied access: ModelError", 2, "parca"),
        ]


def test_the_providers_problems_are_those_of_the_last_publishing() -> None:
    context = profiled_charm.make_context(
        lambda charm: ProfilingEndpointProvider(charm, unit_address=lambda _: next(addresses))
    )
    addresses = iter(["a b", "10.0.0.1"])
    state = profiled_charm.make_state([profiled_charm.make_relation(1)])
    with context(context.on.start(), state) as manager:
        provider = manager.charm.provider
        provider.set_scrape_job_spec()
        assert len(provider.problems()) == 1
        provider.set_scrape_job_spec()
        assert provider.problems() == []


def test_the_providers_problems_keep_what_could_not_be_listed() -> None:
    context = profiled_charm.make_context(reconcile, HookTools({RELATION_IDS: DENIED}))
    with context(context.on.start(), profiled_charm.make_state([])) as manager:
        provider = manager.charm.provider
        provider.set_scrape_job_spec()
        assert provider.problems() == [Problem("error", "profiling-endpoint", LEFT_OUT)]


def test_a_provider_that_cannot_list_relations_is_not_ready() -> None:
    context = profiled_charm.make_context(tools=HookTools({RELATION_IDS: DENIED}))
    state = profiled_charm.make_state([profiled_charm.make_relation(1)])
    with context(context.on.start(), state) as manager:
        assert not manager.charm.provider.is_ready()


def consume(answers: Dict[Call, object]) -> parca_charm.Hook:
    """Run a hook of a consumer with two units of zinc, and one each of mimir and tempo."""
    return parca_charm.run_hook(
        "start",
        parca_charm.make_relation(1, "mimir"),
        parca_charm.make_relation(2, units=(0, 1)),
        parca_charm.make_relation(3, "tempo"),
        tools=HookTools({RELATION_IDS: [1, 2, 3], **answers}),
    )


MIMIR = parca_charm.one_port("mimir")
TEMPO = parca_charm.one_port("tempo")


def test_the_consumer_serves_the_other_relations() -> None:
    hook = consume({Call("relation-get", 2, "zinc"): DENIED})
    assert hook.jobs == [MIMIR, TEMPO]
    assert hook.problems == [Problem("error", "", LEFT_OUT, 2, "zinc")]
    assert hook.log == [f"error: relation 2 zinc: {LEFT_OUT}"]


def test_the_consumer_serves_the_other_units() -> None:
    hook = consume({Call("relation-get", 2, "zinc/0"): DENIED})
    assert hook.jobs == [MIMIR, parca_charm.one_port(units=(1,)), TEMPO]
    assert hook.problems == [Problem("error", "", LEFT_OUT, 2, "zinc", "zinc/0")]
    assert hook.log == [f"error: relation 2 zinc/0: {LEFT_OUT}"]


def test_the_consumer_serves_qualified_targets_when_all_units_are_denied() -> None:
    jobs = '[{"static_configs": [{"targets": ["db.example:9000", "*:8080"]}]}]'
    hook = parca_charm.run_hook(
        "start",
        parca_charm.make_relation(2, scrape_jobs=jobs),
        tools=HookTools({Call("relation-get", 2, "zinc/0"): DENIED}),
    )
    assert hook.jobs == [
        parca_charm.scrape_config(
            "cos_20ce8299_zinc",
            [parca_charm.entry(["db.example:9000"], "zinc")],
            by_unit=False,
        )
    ]


def test_the_consumer_serves_what_ops_still_lists() -> None:
    hook = consume({Call("relation-list", 2): DENIED})
    assert hook.jobs == [MIMIR]
    assert hook.problems == [Problem("error", "profiling-endpoint", LEFT_OUT)]
    assert hook.log == [f"error: profiling-endpoint: {LEFT_OUT}"]


def test_the_consumer_carries_on_when_it_cannot_list_relations() -> None:
    hook = consume({RELATION_IDS: DENIED})
    assert hook.jobs == []
    assert hook.problems == [Problem("error", "profiling-endpoint", LEFT_OUT)]
    assert hook.log == [f"error: profiling-endpoint: {LEFT_OUT}"]


@pytest.mark.parametrize(
    "ghost",
    [
        {Call("relation-list", 2): GONE, Call("relation-list --app", 2): None},
        {Call("relation-list", 2): GONE},
        {
            Call("relation-get", 2, "zinc"): GONE,
            Call("relation-get", 2, "zinc/0"): GONE,
            Call("relation-get", 2, "zinc/1"): GONE,
        },
    ],
)
def test_the_consumer_serves_the_other_relations_next_to_a_ghost(
    ghost: Dict[Call, object],
) -> None:
    hook = consume(ghost)
    assert hook.jobs == [MIMIR, TEMPO]


@pytest.mark.parametrize("event", ["relation_changed", "relation_departed", "relation_broken"])
def test_targets_changed_is_emitted_for_a_relation_that_is_denied(event: str) -> None:
    answers: Dict[Call, object] = {Call("relation-get", 1, "zinc"): DENIED}
    seen: List[Any] = []

    def make(charm: ops.CharmBase) -> ProfilingEndpointConsumer:
        consumer = ProfilingEndpointConsumer(charm)
        seen.append(consumer.jobs())
        return consumer

    hook = parca_charm.run_hook(
        event,
        parca_charm.make_relation(1),
        parca_charm.make_relation(2, "mimir"),
        make=make,
        tools=HookTools(answers),
    )
    assert hook.changes == [(1, [MIMIR])]
    assert seen == [[MIMIR]]
