"""Recorded cases: what older versions of both charm libraries did, and what is right."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Callable, Dict, List, Optional, TypedDict

import ops
import pytest

from parca_scrape import (
    AppDatabag,
    Job,
    ProfilingEndpointConsumer,
    ProviderTopology,
    Topology,
    UnitDatabag,
)
from parca_scrape.databag import RelationDatabags, encode_app
from parca_scrape.jobs import list_jobs
from parca_scrape.render import render
from tests.reading import read_relation

DATA = Path(__file__).parents[1] / "data"
Databag = Dict[str, str]


class RelationVector(TypedDict):
    id: int
    app: str
    app_data: Databag
    units: Dict[str, Databag]


class ConsumerVector(TypedDict):
    name: str
    relations: List[RelationVector]
    jobs: List[object]


class HistoryVector(TypedDict):
    name: str
    versions: List[str]
    jobs: Optional[List[Dict[str, object]]]
    app_data: Databag
    unit_data: Databag


class AsDictVector(TypedDict):
    keywords: Dict[str, object]
    items: List[List[Optional[str]]]


class TopologyVector(TypedDict):
    arguments: List[str]
    model: str
    model_uuid: str
    model_uuid_short: str
    application: str
    unit: Optional[str]
    charm_name: Optional[str]
    identifier: str
    scrape_identifier: str
    label_matcher_dict: Dict[str, str]
    label_matchers: str
    as_dict: List[AsDictVector]


CONSUMER: List[ConsumerVector] = json.loads((DATA / "consumer.json").read_text("utf-8"))
HISTORY: List[HistoryVector] = json.loads((DATA / "history.json").read_text("utf-8"))
TOPOLOGY: List[TopologyVector] = json.loads((DATA / "topology.json").read_text("utf-8"))

# Machine 1 to 6 and K8s 1 knew no other keys of a job.
FIRST_KEYS = {"job_name", "static_configs", "scrape_interval", "scrape_timeout"}

each_consumer_vector = pytest.mark.parametrize(
    "vector", CONSUMER, ids=[vector["name"] for vector in CONSUMER]
)
each_history_vector = pytest.mark.parametrize(
    "vector", HISTORY, ids=[f"{vector['name']}, {vector['versions'][0]}" for vector in HISTORY]
)


METADATA = {
    "name": "parca-k8s",
    "requires": {"profiling-endpoint": {"interface": "parca_scrape"}},
}


class ParcaCharm(ops.CharmBase):
    def __init__(self, framework: ops.Framework) -> None:
        super().__init__(framework)
        self.consumer = ProfilingEndpointConsumer(self)


def databags(relation: RelationVector) -> RelationDatabags:
    return read_relation(relation["id"], relation["app"], relation["app_data"], relation["units"])


@each_consumer_vector
def test_databags_are_rendered_as_recorded(vector: ConsumerVector) -> None:
    assert render(map(databags, vector["relations"]))[0] == vector["jobs"]


@each_consumer_vector
def test_the_order_of_units_in_databags_changes_nothing(vector: ConsumerVector) -> None:
    turned: List[RelationVector] = [
        {**relation, "units": dict(reversed(list(relation["units"].items())))}
        for relation in vector["relations"]
    ]

    assert json.dumps(render(map(databags, turned))[0]) == json.dumps(
        render(map(databags, vector["relations"]))[0]
    )


@pytest.mark.state_transitions
@each_consumer_vector
def test_a_consumer_charm_gets_the_recorded_jobs(vector: ConsumerVector) -> None:
    from ops import testing

    relations = [
        testing.Relation(
            "profiling-endpoint",
            interface="parca_scrape",
            id=relation["id"],
            remote_app_name=relation["app"],
            remote_app_data=relation["app_data"],
            remote_units_data={
                int(name.rpartition("/")[2]): databag
                for name, databag in relation["units"].items()
            },
        )
        for relation in vector["relations"]
    ]
    # An application has no relation to one of its own name, and one vector is of a remote `parca`.
    context = testing.Context(ParcaCharm, meta=METADATA, app_name="profiles")
    with context(context.on.update_status(), testing.State(relations=relations)) as manager:
        assert manager.charm.consumer.jobs() == vector["jobs"]


def publish_mappings(vector: HistoryVector, jobs: Optional[List[Dict[str, object]]]) -> Databag:
    metadata: Dict[str, str] = json.loads(vector["app_data"]["scrape_metadata"])
    return encode_app(list_jobs(jobs), Topology.from_dict(metadata))


def publish_typed(vector: HistoryVector, jobs: Optional[List[Dict[str, object]]]) -> Databag:
    metadata: Dict[str, str] = json.loads(vector["app_data"]["scrape_metadata"])
    typed = [Job()] if jobs is None else map(Job.from_mapping, jobs)
    return AppDatabag(tuple(typed), Topology.from_dict(metadata)).encode()


@pytest.mark.parametrize("publish", [publish_mappings, publish_typed])
@each_history_vector
def test_what_older_versions_published_is_read_as_if_published_today(
    vector: HistoryVector,
    publish: Callable[[HistoryVector, Optional[List[Dict[str, object]]]], Databag],
) -> None:
    jobs = vector["jobs"]
    if jobs is not None and "machine 1" in vector["versions"]:
        jobs = [{key: job[key] for key in job if key in FIRST_KEYS} for job in jobs]
    address, name = (
        vector["unit_data"]["parca_scrape_unit_address"],
        vector["unit_data"]["parca_scrape_unit_name"],
    )
    today: RelationVector = {
        "id": 1,
        "app": "zinc",
        "app_data": publish(vector, jobs),
        "units": {"zinc/0": UnitDatabag(address, name).encode()},
    }
    then: RelationVector = {
        **today,
        "app_data": vector["app_data"],
        "units": {"zinc/0": vector["unit_data"]},
    }
    scrape_configs, problems = render([databags(then)])

    assert (scrape_configs, problems) == render([databags(today)])
    assert problems == []
    assert len(scrape_configs) == (1 if jobs is None else len(jobs))


@each_history_vector
def test_what_older_versions_published_is_wholly_right(vector: HistoryVector) -> None:
    app_databag = AppDatabag.decode_strict(vector["app_data"])

    assert AppDatabag.decode_strict(app_databag.encode()) == app_databag
    assert UnitDatabag.decode_strict(vector["unit_data"]).encode() == vector["unit_data"]


@pytest.mark.parametrize("vector", TOPOLOGY, ids=lambda vector: str(vector["arguments"]))
def test_a_topology_has_the_recorded_attributes(vector: TopologyVector) -> None:
    topology = ProviderTopology(*vector["arguments"])

    assert {
        "arguments": vector["arguments"],
        "model": topology.model,
        "model_uuid": topology.model_uuid,
        "model_uuid_short": topology.model_uuid_short,
        "application": topology.application,
        "unit": topology.unit,
        "charm_name": topology.charm_name,
        "identifier": topology.identifier,
        "scrape_identifier": topology.scrape_identifier,
        "label_matcher_dict": topology.label_matcher_dict,
        "label_matchers": topology.label_matchers,
        "as_dict": vector["as_dict"],
    } == vector


@pytest.mark.parametrize(
    ("arguments", "vector"),
    [
        pytest.param(
            vector["arguments"], as_dict, id=f"{vector['arguments']} {as_dict['keywords']}"
        )
        for vector in TOPOLOGY
        for as_dict in vector["as_dict"]
    ],
)
def test_a_topology_gives_the_recorded_dict(arguments: List[str], vector: AsDictVector) -> None:
    given = ProviderTopology(*arguments).as_dict(**vector["keywords"])  # type: ignore[arg-type]

    assert [[key, value] for key, value in given.items()] == vector["items"]
