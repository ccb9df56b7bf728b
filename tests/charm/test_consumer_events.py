from __future__ import annotations

import ops
import pytest
from ops import testing

from parca_scrape import (
    ProfilingEndpointConsumer,
    TargetsChangedEvent,
)
from tests.parca_charm import (
    OTHER_EVENTS,
    CharmWithConsumer,
    make_context,
    make_relation,
    one_port,
    run_hook,
)

CHANGES = ["relation_changed", "relation_departed", "relation_broken"]


@pytest.mark.parametrize("event", CHANGES)
def test_targets_changed_is_emitted_once_with_the_relation(event: str) -> None:
    hook = run_hook(event, make_relation(7), make_relation(3, "ingress"))
    assert hook.emitted == [f"profiling_endpoint_{event}", "targets_changed"]
    assert [relation_id for relation_id, _ in hook.changes] == [7]


@pytest.mark.parametrize("event", OTHER_EVENTS)
def test_other_events_do_not_emit_targets_changed(event: str) -> None:
    hook = run_hook(event, make_relation(7))
    prefix = "profiling_endpoint_" if event.startswith("relation_") else ""
    assert hook.emitted == [prefix + event]
    assert hook.changes == []


@pytest.mark.parametrize("event", CHANGES)
def test_events_of_another_endpoint_do_not_emit_targets_changed(event: str) -> None:
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
    """Make what ops stores when a charm with an old library defers `targets_changed`."""
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
