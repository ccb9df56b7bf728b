"""What holds with every ops, tested with `Harness`, for ops 2.2 has nothing else."""

from __future__ import annotations

import contextlib
import socket
from typing import Any, Dict, Generator, List, Mapping, Tuple, Type, TypeVar, Union

import ops
import pytest
from ops.testing import Harness

from parca_scrape import (
    AddressSource,
    Job,
    ProfilingEndpointProvider,
    RelationNotFoundError,
    StaticConfig,
)
from tests import parca_charm, profiled_charm
from tests.hook_tools import Call
from tests.parca_charm import MODEL_UUID, ONE_PORT, metadata, one_port, unit_data

Charm = TypeVar("Charm", bound=ops.CharmBase)

META = "{name: zinc-k8s, provides: {profiling-endpoint: {interface: parca_scrape}}}"
META_WITH_CONTAINERS = META[:-1] + ", containers: {zinc: {}, log-shipper: {}}}"
PARCA_META = "{name: parca-k8s, requires: {profiling-endpoint: {interface: parca_scrape}}}"
APP_DATA = {
    "scrape_metadata": metadata("zinc-k8s"),
    "scrape_jobs": '[{"static_configs": [{"targets": ["*:80"]}]}]',
}
UNIT_DATA = {
    "parca_scrape_unit_address": "zinc-0.local",
    "parca_scrape_unit_name": "zinc-k8s/0",
}
BOTH = APP_DATA, UNIT_DATA
PROFILED_CHARM = profiled_charm.charm_type()
PARCA_CHARM = parca_charm.charm_type()


@pytest.fixture(autouse=True)
def _no_hook(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getfqdn", lambda: "zinc-0.local")
    for name in ("JUJU_DISPATCH_PATH", "JUJU_RELATION_ID", "JUJU_DEPARTING_UNIT"):
        monkeypatch.delenv(name, raising=False)


@contextlib.contextmanager
def started(
    charm: Type[Charm], meta: str, *, leader: bool = True, applications: Tuple[str, ...] = ()
) -> Generator[Harness[Charm], None, None]:
    """Start a charm that is related to applications; relation ids count from 0."""
    harness = Harness(charm, meta=meta)
    harness.set_model_info("cos", MODEL_UUID)
    harness.set_leader(leader)
    for application in applications:
        harness.add_relation("profiling-endpoint", application)
    harness.begin()
    try:
        yield harness
    finally:
        harness.cleanup()


def databags(harness: Harness[Any], relation_id: int = 0) -> Tuple[Dict[str, str], Dict[str, str]]:
    """Return the databags of the provider's application and unit, without what Juju adds."""
    application, unit = (
        {
            key: text
            for key, text in harness.get_relation_data(relation_id, name).items()
            if key.startswith(("scrape_", "parca_"))
        }
        for name in ("zinc-k8s", "zinc-k8s/0")
    )
    return application, unit


def publish(harness: Harness[Any], relation_id: int, application: str, numbers: List[int]) -> None:
    """Let units of an application join a relation and publish what a provider publishes."""
    for number in numbers:
        name = f"{application}/{number}"
        harness.add_relation_unit(relation_id, name)
        harness.update_relation_data(relation_id, name, unit_data(application, number))
    app_data = {"scrape_jobs": ONE_PORT, "scrape_metadata": metadata(application)}
    harness.update_relation_data(relation_id, application, app_data)


def changed_ids(charm: parca_charm.CharmWithConsumer) -> List[int]:
    """Return the relations for which `targets_changed` was emitted."""
    return [relation_id for relation_id, _ in charm.changes]


def test_the_leader_publishes_to_a_relation_that_is_joined() -> None:
    with started(PROFILED_CHARM, META, applications=("parca",)) as harness:
        assert databags(harness) == ({}, {})
        harness.add_relation_unit(0, "parca/0")
        assert databags(harness) == BOTH


def test_a_unit_that_becomes_leader_publishes_the_jobs() -> None:
    applications = ("parca", "parca-too")
    with started(PROFILED_CHARM, META, leader=False, applications=applications) as harness:
        harness.add_relation_unit(1, "parca-too/0")
        assert databags(harness, 1) == ({}, UNIT_DATA)
        harness.set_leader(True)
        assert [databags(harness, 0), databags(harness, 1)] == [BOTH, BOTH]


def test_only_what_has_changed_is_set() -> None:
    with started(PROFILED_CHARM, META, applications=("parca",)) as harness:
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


def reconcile(charm: ops.CharmBase) -> ProfilingEndpointProvider:
    """Make the provider and publish in the charm's constructor."""
    jobs: List[Union[Job, Mapping[str, object]]] = [
        Job([StaticConfig(["*:8080", "*"])]),
        {"job_name": "b"},
    ]
    provider = ProfilingEndpointProvider(charm, jobs=jobs)
    provider.set_scrape_job_spec()
    return provider


def test_a_charm_may_publish_in_its_constructor() -> None:
    charm_type = profiled_charm.charm_type(reconcile)
    with started(charm_type, META, applications=("parca",)) as harness:
        jobs = (
            '[{"static_configs": [{"targets": ["*:8080", "*:80"]}]},'
            ' {"static_configs": [{"targets": ["*:80"]}], "job_name": "b"}]'
        )
        assert databags(harness) == ({**APP_DATA, "scrape_jobs": jobs}, UNIT_DATA)
        assert harness.charm.provider.is_ready() is True


@pytest.mark.parametrize("container", ["zinc", "log-shipper"])
def test_pebble_ready_of_any_container_publishes_the_address(container: str) -> None:
    with started(PROFILED_CHARM, META_WITH_CONTAINERS, applications=("parca",)) as harness:
        harness.container_pebble_ready(container)
        assert databags(harness) == ({}, UNIT_DATA)


def test_update_status_publishes_the_address() -> None:
    with started(PROFILED_CHARM, META, applications=("parca",)) as harness:
        harness.charm.on.update_status.emit()
        assert databags(harness) == ({}, UNIT_DATA)


def test_a_refresh_event_given_again_publishes_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Only some versions of ops drop duplicate observers by themselves.
    asked: List[str] = []

    def note_and_give() -> str:
        asked.append("fqdn")
        return "zinc-0.local"

    monkeypatch.setattr(socket, "getfqdn", note_and_give)
    charm_type = profiled_charm.charm_type(
        lambda charm: ProfilingEndpointProvider(charm, refresh_event=[charm.on.start] * 3)
    )
    with started(charm_type, META, applications=("parca",)) as harness:
        harness.charm.on.start.emit()
        assert databags(harness) == ({}, UNIT_DATA)
        assert asked == ["fqdn"]


def test_the_address_may_come_from_network_get() -> None:
    network = {
        "bind-addresses": [],
        "ingress-addresses": ["2001:db8::7"],
        "egress-subnets": [],
    }
    charm_type = profiled_charm.charm_type(
        lambda charm: ProfilingEndpointProvider(charm, unit_address=AddressSource.INGRESS)
    )
    with started(charm_type, META, applications=("parca",)) as harness:
        harness.charm.tools.answers[Call("network-get", 0)] = network
        harness.charm.provider.set_scrape_job_spec()
        address = {"parca_scrape_unit_address": "[2001:db8::7]"}
        assert databags(harness) == (APP_DATA, {**UNIT_DATA, **address})


@pytest.mark.parametrize(
    "denied", [Call("relation-get", 0, "zinc-k8s/0"), Call("relation-set", 0, "zinc-k8s/0")]
)
def test_the_provider_serves_the_relations_that_juju_does_not_deny(denied: Call) -> None:
    with started(PROFILED_CHARM, META, applications=("parca", "parca-too")) as harness:
        harness.charm.tools.answers[denied] = ops.ModelError("permission denied")
        harness.charm.provider.set_scrape_job_spec()
        assert [databags(harness, 0), databags(harness, 1)] == [({}, {}), BOTH]
        problem_lines = [str(problem) for problem in harness.charm.provider.problems()]
        assert problem_lines == [
            "error: relation 0 parca: skipped: Juju denied access: permission denied"
        ]


def test_a_charm_without_the_relation_raises() -> None:
    harness = Harness(PROFILED_CHARM, meta="name: zinc-k8s")
    with pytest.raises(RelationNotFoundError) as raised:
        harness.begin()
    harness.cleanup()
    assert str(raised.value) == "No relation named 'profiling-endpoint' found"


def test_the_consumer_emits_changes_and_returns_the_jobs() -> None:
    with started(PARCA_CHARM, PARCA_META, applications=("zinc", "mimir")) as harness:
        charm = harness.charm
        publish(harness, 1, "mimir", [0])
        publish(harness, 0, "zinc", [10, 0, 1])
        # One for the databag of each unit, and one for that of the application.
        assert changed_ids(charm) == [1, 1, 0, 0, 0, 0]
        assert charm.consumer.jobs() == [
            one_port("zinc", [0, 1, 10]),
            one_port("mimir", [0]),
        ]
        assert charm.consumer.problems() == []
        assert [name for _, name, _ in charm.tools.keys_set if name.startswith("parca")] == []


def test_jobs_go_with_their_units_and_relations() -> None:
    with started(PARCA_CHARM, PARCA_META, applications=("zinc", "mimir")) as harness:
        charm = harness.charm
        publish(harness, 0, "zinc", [0, 1])
        publish(harness, 1, "mimir", [0])
        charm.changes.clear()
        harness.remove_relation_unit(0, "zinc/1")
        assert changed_ids(charm) == [0]
        assert charm.consumer.jobs() == [one_port("zinc", [0]), one_port("mimir", [0])]
        harness.remove_relation(1)
        # The departure of the unit, and the end of the relation.
        assert changed_ids(charm) == [0, 1, 1]
        assert charm.consumer.jobs() == [one_port("zinc", [0])]


def test_a_departing_unit_that_ops_still_lists_does_not_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with started(PARCA_CHARM, PARCA_META, applications=("zinc",)) as harness:
        publish(harness, 0, "zinc", [0, 1])
        monkeypatch.setenv("JUJU_DISPATCH_PATH", "hooks/profiling-endpoint-relation-departed")
        monkeypatch.setenv("JUJU_RELATION_ID", "profiling-endpoint:0")
        monkeypatch.setenv("JUJU_DEPARTING_UNIT", "zinc/0")
        assert harness.charm.consumer.jobs() == [one_port("zinc", [1])]
        monkeypatch.setenv("JUJU_RELATION_ID", "profiling-endpoint:7")
        assert harness.charm.consumer.jobs() == [one_port("zinc", [0, 1])]


def test_a_broken_relation_that_ops_still_lists_does_not_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with started(PARCA_CHARM, PARCA_META, applications=("zinc", "mimir")) as harness:
        publish(harness, 0, "zinc", [0])
        publish(harness, 1, "mimir", [0])
        monkeypatch.setenv("JUJU_DISPATCH_PATH", "hooks/profiling-endpoint-relation-broken")
        monkeypatch.setenv("JUJU_RELATION_ID", "profiling-endpoint:0")
        assert harness.charm.consumer.jobs() == [one_port("mimir", [0])]


def test_the_consumer_serves_what_juju_does_not_deny() -> None:
    with started(PARCA_CHARM, PARCA_META, applications=("zinc", "mimir")) as harness:
        publish(harness, 0, "zinc", [0, 1])
        publish(harness, 1, "mimir", [0])
        # A new unit makes ops forget what it has read.
        harness.add_relation_unit(1, "mimir/1")
        harness.charm.tools.answers = {
            Call("relation-get", 0, "zinc/0"): ops.ModelError("permission denied"),
            Call("relation-get", 1, "mimir"): ops.ModelError("permission denied"),
        }
        assert harness.charm.consumer.jobs() == [one_port("zinc", [1])]
        assert [str(problem) for problem in harness.charm.consumer.problems()] == [
            "error: relation 0 zinc/0: skipped: Juju denied access: permission denied",
            "error: relation 1 mimir: skipped: Juju denied access: permission denied",
        ]


def test_a_deferred_event_keeps_its_relation() -> None:
    with started(PARCA_CHARM, PARCA_META, applications=("zinc", "mimir")) as harness:
        charm = harness.charm
        charm.is_busy = True
        harness.add_relation_unit(1, "mimir/0")
        harness.update_relation_data(1, "mimir/0", {"something": "new"})
        charm.is_busy = False
        harness.framework.reemit()
        harness.framework.reemit()
        assert changed_ids(charm) == [1, 1]


def test_the_handles_are_named_by_class_and_relation() -> None:
    with started(PROFILED_CHARM, META) as harness:
        path = harness.charm.provider.handle.path
        assert path == "ProfiledCharm/ProfilingEndpointProvider[profiling-endpoint]"
    with started(PARCA_CHARM, PARCA_META) as harness_of_parca:
        path = harness_of_parca.charm.consumer.on.targets_changed.emitter.handle.path
        assert path == "ParcaCharm/ProfilingEndpointConsumer[profiling-endpoint]/on"
