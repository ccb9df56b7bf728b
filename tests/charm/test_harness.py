"""What holds with every ops: `Harness` is the one kind of test that ops 2.2 has."""

from __future__ import annotations

import socket
from typing import List

import ops
import pytest
from ops.testing import Harness

from parca_scrape import RelationNotFoundError
from tests.harness_charms import (
    APP_DATA,
    BOTH,
    CONTAINERS,
    META,
    PARCA_META,
    UNIT_DATA,
    IngressCharm,
    ParcaCharm,
    ProfiledCharm,
    ReconcilingCharm,
    RefreshedCharm,
    databags,
    publish,
    scrape_config,
    started,
)
from tests.hook_tools import Call

pytestmark = pytest.mark.filterwarnings("ignore:Harness is deprecated")


@pytest.fixture(autouse=True)
def _no_hook(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getfqdn", lambda: "zinc-0.local")
    for name in ("JUJU_DISPATCH_PATH", "JUJU_RELATION_ID", "JUJU_DEPARTING_UNIT"):
        monkeypatch.delenv(name, raising=False)


def test_the_leader_publishes_to_a_relation_that_is_joined() -> None:
    with started(ProfiledCharm, META, applications=("parca",)) as harness:
        assert databags(harness) == ({}, {})
        harness.add_relation_unit(0, "parca/0")
        assert databags(harness) == BOTH


def test_a_unit_that_becomes_leader_publishes_the_jobs() -> None:
    applications = ("parca", "parca-too")
    with started(ProfiledCharm, META, leader=False, applications=applications) as harness:
        harness.add_relation_unit(1, "parca-too/0")
        assert databags(harness, 1) == ({}, UNIT_DATA)
        harness.set_leader(True)
        assert [databags(harness, 0), databags(harness, 1)] == [BOTH, BOTH]


def test_only_what_has_changed_is_set() -> None:
    with started(ProfiledCharm, META, applications=("parca",)) as harness:
        harness.add_relation_unit(0, "parca/0")
        tools = harness.charm.tools
        assert sorted(tools.keys_set) == [
            (0, "zinc-k8s", "scrape_jobs"),
            (0, "zinc-k8s", "scrape_metadata"),
            (0, "zinc-k8s/0", "parca_scrape_unit_address"),
            (0, "zinc-k8s/0", "parca_scrape_unit_name"),
        ]
        tools.calls.clear()
        harness.charm.on.leader_elected.emit()
        assert tools.keys_set == []
        harness.charm.provider.update_scrape_job_spec([])
        assert tools.keys_set == [(0, "zinc-k8s", "scrape_jobs")]
        assert databags(harness) == ({**APP_DATA, "scrape_jobs": "[]"}, UNIT_DATA)


def test_a_charm_may_publish_in_its_constructor() -> None:
    with started(ReconcilingCharm, META, applications=("parca",)) as harness:
        jobs = (
            '[{"static_configs": [{"targets": ["*:8080", "*:80"]}]},'
            ' {"static_configs": [{"targets": ["*:80"]}], "job_name": "b"}]'
        )
        assert databags(harness) == ({**APP_DATA, "scrape_jobs": jobs}, UNIT_DATA)
        assert harness.charm.provider.is_ready() is True


@pytest.mark.parametrize("container", ["zinc", "log-shipper"])
def test_pebble_ready_of_any_container_publishes_the_address(container: str) -> None:
    meta = META + CONTAINERS
    with started(ProfiledCharm, meta, applications=("parca",)) as harness:
        harness.container_pebble_ready(container)
        assert databags(harness) == ({}, UNIT_DATA)


def test_update_status_publishes_the_address() -> None:
    with started(ProfiledCharm, META, applications=("parca",)) as harness:
        harness.charm.on.update_status.emit()
        assert databags(harness) == ({}, UNIT_DATA)


def test_a_refresh_event_that_is_given_again_publishes_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Some versions of ops sort out the doubles of an observer by themselves, and most do not.
    asked: List[str] = []

    def note_and_give() -> str:
        asked.append("fqdn")
        return "zinc-0.local"

    monkeypatch.setattr(socket, "getfqdn", note_and_give)
    with started(RefreshedCharm, META, applications=("parca",)) as harness:
        harness.charm.on.start.emit()
        assert databags(harness) == ({}, UNIT_DATA)
        assert asked == ["fqdn"]


def test_the_address_may_come_from_network_get() -> None:
    network = {
        "bind-addresses": [],
        "ingress-addresses": ["2001:db8::7"],
        "egress-subnets": [],
    }
    with started(IngressCharm, META, applications=("parca",)) as harness:
        harness.charm.tools.answers[Call("network-get", 0)] = network
        harness.charm.provider.set_scrape_job_spec()
        address = {"parca_scrape_unit_address": "[2001:db8::7]"}
        assert databags(harness) == (APP_DATA, {**UNIT_DATA, **address})


@pytest.mark.parametrize(
    "denied", [Call("relation-get", 0, "zinc-k8s/0"), Call("relation-set", 0, "zinc-k8s/0")]
)
def test_the_provider_serves_the_relations_that_juju_does_not_deny(denied: Call) -> None:
    with started(ProfiledCharm, META, applications=("parca", "parca-too")) as harness:
        harness.charm.tools.answers[denied] = ops.ModelError("permission denied")
        harness.charm.provider.set_scrape_job_spec()
        assert [databags(harness, 0), databags(harness, 1)] == [({}, {}), BOTH]
        problem_lines = [str(problem) for problem in harness.charm.provider.problems()]
        assert problem_lines == [
            "error: relation 0 parca: left out, for Juju denies it: permission denied"
        ]


def test_a_charm_without_the_relation_raises() -> None:
    harness = Harness(ProfiledCharm, meta="name: zinc-k8s")
    with pytest.raises(RelationNotFoundError) as raised:
        harness.begin()
    harness.cleanup()
    assert str(raised.value) == "No relation named 'profiling-endpoint' found"


def test_the_consumer_tells_of_changes_and_gives_the_jobs() -> None:
    with started(ParcaCharm, PARCA_META, applications=("zinc", "mimir")) as harness:
        charm = harness.charm
        publish(harness, 1, "mimir", [0])
        publish(harness, 0, "zinc", [10, 0, 1])
        # The databag of each unit, and that of the application.
        assert charm.changes == [1, 1, 0, 0, 0, 0]
        assert charm.consumer.jobs() == [
            scrape_config("zinc", [0, 1, 10]),
            scrape_config("mimir", [0]),
        ]
        assert charm.consumer.problems() == []
        assert [name for _, name, _ in charm.tools.keys_set if name.startswith("parca")] == []


def test_units_and_relations_that_go_take_their_jobs_with_them() -> None:
    with started(ParcaCharm, PARCA_META, applications=("zinc", "mimir")) as harness:
        charm = harness.charm
        publish(harness, 0, "zinc", [0, 1])
        publish(harness, 1, "mimir", [0])
        charm.changes.clear()
        harness.remove_relation_unit(0, "zinc/1")
        assert charm.changes == [0]
        assert charm.consumer.jobs() == [scrape_config("zinc", [0]), scrape_config("mimir", [0])]
        harness.remove_relation(1)
        # The departure of the unit, and the end of the relation.
        assert charm.changes == [0, 1, 1]
        assert charm.consumer.jobs() == [scrape_config("zinc", [0])]


def test_a_departing_unit_that_ops_still_lists_does_not_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with started(ParcaCharm, PARCA_META, applications=("zinc",)) as harness:
        publish(harness, 0, "zinc", [0, 1])
        monkeypatch.setenv("JUJU_DISPATCH_PATH", "hooks/profiling-endpoint-relation-departed")
        monkeypatch.setenv("JUJU_RELATION_ID", "profiling-endpoint:0")
        monkeypatch.setenv("JUJU_DEPARTING_UNIT", "zinc/0")
        assert harness.charm.consumer.jobs() == [scrape_config("zinc", [1])]
        monkeypatch.setenv("JUJU_RELATION_ID", "profiling-endpoint:7")
        assert harness.charm.consumer.jobs() == [scrape_config("zinc", [0, 1])]


def test_a_broken_relation_that_ops_still_lists_does_not_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with started(ParcaCharm, PARCA_META, applications=("zinc", "mimir")) as harness:
        publish(harness, 0, "zinc", [0])
        publish(harness, 1, "mimir", [0])
        monkeypatch.setenv("JUJU_DISPATCH_PATH", "hooks/profiling-endpoint-relation-broken")
        monkeypatch.setenv("JUJU_RELATION_ID", "profiling-endpoint:0")
        assert harness.charm.consumer.jobs() == [scrape_config("mimir", [0])]


def test_the_consumer_serves_what_juju_does_not_deny() -> None:
    with started(ParcaCharm, PARCA_META, applications=("zinc", "mimir")) as harness:
        publish(harness, 0, "zinc", [0, 1])
        publish(harness, 1, "mimir", [0])
        # With a new unit ops forgets what it has read.
        harness.add_relation_unit(1, "mimir/1")
        harness.charm.tools.answers = {
            Call("relation-get", 0, "zinc/0"): ops.ModelError("permission denied"),
            Call("relation-get", 1, "mimir"): ops.ModelError("permission denied"),
        }
        assert harness.charm.consumer.jobs() == [scrape_config("zinc", [1])]
        assert [str(problem) for problem in harness.charm.consumer.problems()] == [
            "error: relation 0 zinc/0: left out, for Juju denies it: permission denied",
            "error: relation 1 mimir: left out, for Juju denies it: permission denied",
        ]


def test_a_deferred_event_keeps_its_relation() -> None:
    with started(ParcaCharm, PARCA_META, applications=("zinc", "mimir")) as harness:
        charm = harness.charm
        charm.is_busy = True
        harness.add_relation_unit(1, "mimir/0")
        harness.update_relation_data(1, "mimir/0", {"something": "new"})
        charm.is_busy = False
        harness.framework.reemit()
        harness.framework.reemit()
        assert charm.changes == [1, 1]


def test_the_handles_are_named_by_class_and_relation() -> None:
    with started(ProfiledCharm, META) as harness:
        path = harness.charm.provider.handle.path
        assert path == "ProfiledCharm/ProfilingEndpointProvider[profiling-endpoint]"
    with started(ParcaCharm, PARCA_META) as harness_of_parca:
        path = harness_of_parca.charm.consumer.on.targets_changed.emitter.handle.path
        assert path == "ParcaCharm/ProfilingEndpointConsumer[profiling-endpoint]/on"
