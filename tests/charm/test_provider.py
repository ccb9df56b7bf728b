from __future__ import annotations

import socket
from collections import Counter
from typing import Any, Dict, Sequence

import ops
import pytest

from parca_scrape import InvalidJobError, ProfilingEndpointProvider
from tests.hook_tools import RELATION_IDS, Call, HookTools
from tests.profiled_charm import (
    DEFAULT,
    METADATA,
    NOTHING,
    UNIT_DATA,
    UNIT_ONLY,
    Fqdn,
    both_databags,
    make_context,
    make_relation,
    make_state,
    run_hook,
)

BOTH_EVENTS = ["relation_joined", "relation_changed", "upgrade_charm", "leader_elected"]
OTHER_EVENTS = [
    "install",
    "start",
    "config_changed",
    "stop",
    "remove",
    "relation_created",
    "relation_departed",
    "relation_broken",
]
OLD_UNIT_DATA = {"parca_scrape_unit_address": "10.0.0.1", "parca_scrape_unit_name": "zinc/0"}


@pytest.fixture(autouse=True)
def fqdn(monkeypatch: pytest.MonkeyPatch) -> Fqdn:
    fqdn = Fqdn()
    monkeypatch.setattr(socket, "getfqdn", fqdn)
    return fqdn


@pytest.mark.parametrize("event", BOTH_EVENTS)
def test_the_leader_writes_both_databags_of_all_relations(event: str) -> None:
    hook = run_hook(event, make_relation(3), make_relation(1), make_relation(2))
    assert hook.databags == {3: DEFAULT, 1: DEFAULT, 2: DEFAULT}
    assert hook.log == []


@pytest.mark.parametrize("event", BOTH_EVENTS)
def test_a_unit_that_does_not_lead_writes_the_unit_databag_of_all_relations(event: str) -> None:
    tools = HookTools()
    hook = run_hook(event, make_relation(1), make_relation(2), tools=tools, leader=False)
    assert hook.databags == {1: UNIT_ONLY, 2: UNIT_ONLY}
    assert hook.log == []
    assert Counter(tools.writes) == {
        Call("relation-set", 1, "zinc/0"): 1,
        Call("relation-set", 2, "zinc/0"): 1,
    }


@pytest.mark.parametrize("leader", [True, False])
def test_update_status_writes_the_unit_databag(leader: bool) -> None:
    hook = run_hook("update_status", make_relation(1), make_relation(2), leader=leader)
    assert hook.databags == {1: UNIT_ONLY, 2: UNIT_ONLY}


@pytest.mark.parametrize("event", OTHER_EVENTS)
def test_other_events_write_nothing(event: str, fqdn: Fqdn) -> None:
    tools = HookTools()
    hook = run_hook(event, make_relation(1), make_relation(2), tools=tools)
    assert hook.databags == {1: NOTHING, 2: NOTHING}
    assert tools.writes == []
    assert fqdn.times_asked == 0


@pytest.mark.parametrize("event", BOTH_EVENTS)
def test_the_provider_emits_nothing(event: str) -> None:
    prefix = "profiling_endpoint_" if event.startswith("relation_") else ""
    assert run_hook(event, make_relation(1)).emitted == [prefix + event]


def test_relations_of_another_endpoint_are_left_alone() -> None:
    relations = make_relation(1, endpoint="other-endpoint"), make_relation(2)
    assert run_hook("leader_elected", *relations).databags == {1: NOTHING, 2: DEFAULT}


def test_the_endpoint_may_have_another_name() -> None:
    relations = make_relation(1, endpoint="other-endpoint"), make_relation(2)
    hook = run_hook(
        "relation_joined",
        *relations,
        make=lambda charm: ProfilingEndpointProvider(charm, "other-endpoint"),
    )
    assert hook.databags == {1: DEFAULT, 2: NOTHING}


def test_a_hook_reads_each_databag_once_and_writes_it_once(fqdn: Fqdn) -> None:
    tools = HookTools()
    run_hook("leader_elected", make_relation(1), make_relation(2), tools=tools)
    assert Counter(tools.own_calls) == {
        RELATION_IDS: 1,
        Call("relation-list", 1): 1,
        Call("relation-list", 2): 1,
        Call("relation-get", 1, "zinc/0"): 1,
        Call("relation-get", 2, "zinc/0"): 1,
        Call("relation-get", 1, "zinc"): 1,
        Call("relation-get", 2, "zinc"): 1,
        Call("relation-set", 1, "zinc/0"): 1,
        Call("relation-set", 2, "zinc/0"): 1,
        Call("relation-set", 1, "zinc"): 1,
        Call("relation-set", 2, "zinc"): 1,
    }
    assert fqdn.times_asked == 1


def test_a_refresh_leaves_the_application_databag_unread() -> None:
    tools = HookTools()
    run_hook("update_status", make_relation(1), tools=tools)
    assert Counter(tools.own_calls) == {
        RELATION_IDS: 1,
        Call("relation-list", 1): 1,
        Call("relation-get", 1, "zinc/0"): 1,
        Call("relation-set", 1, "zinc/0"): 1,
    }


@pytest.mark.parametrize("event", BOTH_EVENTS)
def test_what_has_not_changed_is_not_written(event: str) -> None:
    tools = HookTools()
    app_data, unit_data = DEFAULT
    published = make_relation(1, app_data=app_data, unit_data=unit_data)
    assert run_hook(event, published, tools=tools).databags == {1: DEFAULT}
    assert tools.writes == []


@pytest.mark.parametrize(
    ("app_data", "unit_data", "keys_set"),
    [
        (DEFAULT[0], OLD_UNIT_DATA, [(1, "zinc/0", "parca_scrape_unit_address")]),
        ({**DEFAULT[0], "scrape_jobs": "[]"}, UNIT_DATA, [(1, "zinc", "scrape_jobs")]),
        ({"scrape_jobs": DEFAULT[0]["scrape_jobs"]}, UNIT_DATA, [(1, "zinc", "scrape_metadata")]),
    ],
)
def test_only_what_has_changed_is_set(
    app_data: Dict[str, str], unit_data: Dict[str, str], keys_set: Sequence[object]
) -> None:
    tools = HookTools()
    relation = make_relation(1, app_data=app_data, unit_data=unit_data)
    assert run_hook("relation_changed", relation, tools=tools).databags == {1: DEFAULT}
    assert tools.keys_set == keys_set


def test_what_others_wrote_into_the_databags_stays() -> None:
    relation = make_relation(
        1,
        app_data={"alert_rules": "{}", "scrape_jobs": "[]"},
        unit_data={"parca_scrape_host": "10.0.0.1", "ingress-address": "10.0.0.1"},
    )
    assert run_hook("relation_changed", relation).databags == {
        1: (
            {"alert_rules": "{}", **DEFAULT[0]},
            {"parca_scrape_host": "10.0.0.1", "ingress-address": "10.0.0.1", **UNIT_DATA},
        )
    }


def reconcile(charm: ops.CharmBase) -> ProfilingEndpointProvider:
    """Publish in the charm's constructor."""
    provider = ProfilingEndpointProvider(charm)
    provider.set_scrape_job_spec()
    return provider


@pytest.mark.parametrize("event", [*BOTH_EVENTS, "start", "update_status", "relation_departed"])
def test_a_charm_may_publish_in_its_constructor_at_every_event(event: str, fqdn: Fqdn) -> None:
    tools = HookTools()
    hook = run_hook(event, make_relation(1), make_relation(2), make=reconcile, tools=tools)
    assert hook.databags == {1: DEFAULT, 2: DEFAULT}
    assert hook.log == []
    assert set(Counter(tools.writes).values()) == {1}


@pytest.mark.parametrize("event", ["install", "start", "leader_elected", "stop"])
def test_without_relations_only_relation_ids_is_called(event: str, fqdn: Fqdn) -> None:
    tools = HookTools()
    hook = run_hook(event, make=reconcile, tools=tools)
    assert hook.log == []
    assert tools.own_calls == [RELATION_IDS]
    assert fqdn.times_asked == 0


def test_a_relation_is_left_alone_in_its_own_relation_broken_hook() -> None:
    tools = HookTools()
    relations = make_relation(1), make_relation(2)
    hook = run_hook("relation_broken", *relations, make=reconcile, tools=tools)
    assert hook.databags == {1: NOTHING, 2: DEFAULT}


def test_a_relation_that_old_ops_lists_in_its_relation_broken_hook_is_left_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def reconcile_as_in_old_ops(charm: ops.CharmBase) -> ProfilingEndpointProvider:
        monkeypatch.setenv("JUJU_DISPATCH_PATH", "hooks/profiling-endpoint-relation-broken")
        monkeypatch.setenv("JUJU_RELATION_ID", "profiling-endpoint:1")
        return reconcile(charm)

    hook = run_hook("start", make_relation(1), make_relation(2), make=reconcile_as_in_old_ops)
    assert hook.databags == {1: NOTHING, 2: DEFAULT}


def test_other_jobs_are_published_at_once() -> None:
    def make(charm: ops.CharmBase) -> ProfilingEndpointProvider:
        provider = ProfilingEndpointProvider(charm)
        provider.update_scrape_job_spec([{"static_configs": [{"targets": ["*:8080"]}]}])
        return provider

    databags = both_databags('[{"static_configs": [{"targets": ["*:8080"]}]}]')
    hook = run_hook("start", make_relation(1), make_relation(2), make=make)
    assert hook.databags == {1: databags, 2: databags}


def test_other_jobs_are_published_at_later_events_of_the_hook() -> None:
    def make(charm: ops.CharmBase) -> ProfilingEndpointProvider:
        provider = ProfilingEndpointProvider(charm)
        provider.update_scrape_job_spec([])
        return provider

    tools = HookTools()
    hook = run_hook("relation_joined", make_relation(1), make=make, tools=tools)
    assert hook.databags == {1: both_databags("[]")}
    assert Counter(tools.writes) == {
        Call("relation-set", 1, "zinc"): 1,
        Call("relation-set", 1, "zinc/0"): 1,
    }


def test_other_jobs_of_none_mean_the_default_job() -> None:
    def make(charm: ops.CharmBase) -> ProfilingEndpointProvider:
        provider = ProfilingEndpointProvider(charm, jobs=[])
        provider.update_scrape_job_spec(None)
        return provider

    assert run_hook("start", make_relation(1), make=make).databags == {1: DEFAULT}


def test_other_jobs_that_are_not_jobs_raise_and_leave_the_old_ones() -> None:
    def make(charm: ops.CharmBase) -> ProfilingEndpointProvider:
        provider = ProfilingEndpointProvider(charm)
        no_job: Any = "*:80"
        with pytest.raises(InvalidJobError, match=r"^jobs\[1\]: must be a mapping or a Job$"):
            provider.update_scrape_job_spec([{}, no_job])
        return provider

    assert run_hook("relation_joined", make_relation(1), make=make).databags == {1: DEFAULT}


def test_the_handle_is_named_by_class_and_relation() -> None:
    context = make_context()
    with context(context.on.start(), make_state([])) as manager:
        assert manager.charm.provider.handle.path == (
            "ProfiledCharm/ProfilingEndpointProvider[profiling-endpoint]"
        )


def test_the_topology_is_that_of_the_unit() -> None:
    context = make_context()
    with context(context.on.start(), make_state([])) as manager:
        topology = manager.charm.provider.topology
    assert topology.as_dict() == {
        "model": "cos",
        "model_uuid": "20ce8299-3634-4bef-8bd8-5ace6c8816b4",
        "application": "zinc",
        "unit": "zinc/0",
        "charm_name": "zinc-k8s",
    }


def test_parameters_may_be_given_by_position() -> None:
    def make(charm: ops.CharmBase) -> ProfilingEndpointProvider:
        jobs = [{"job_name": "by-position"}]
        return ProfilingEndpointProvider(charm, "other-endpoint", jobs, charm.on.start)

    relation = make_relation(1, endpoint="other-endpoint")
    jobs = '[{"static_configs": [{"targets": ["*:80"]}], "job_name": "by-position"}]'
    assert run_hook("relation_joined", relation, make=make).databags == {1: both_databags(jobs)}
    assert run_hook("start", relation, make=make).databags == {1: UNIT_ONLY}


def test_metadata_keys_are_in_the_order_of_the_interface() -> None:
    app_data, _ = run_hook("relation_joined", make_relation(1)).databags[1]
    assert app_data["scrape_metadata"] == METADATA
