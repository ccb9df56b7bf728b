from __future__ import annotations

import collections
import dataclasses
import enum
import json
import socket
import types
from pathlib import Path
from typing import (
    Any,
    Dict,
    Iterator,
    List,
    Mapping,
    Optional,
    Tuple,
    TypedDict,
)

import ops
import pytest
from ops import testing

from parca_scrape import (
    DEFAULT_JOB,
    InvalidJobError,
    Job,
    ProfilingEndpointProvider,
    TLSConfig,
)
from tests.profiled_charm import (
    DEFAULT,
    FQDN,
    FULL_JOB,
    UNIT_ONLY,
    Databags,
    Jobs,
    both_databags,
    charm_type,
    make_relation,
    run_hook,
    with_jobs,
)

NO_JSON = "must be JSON: Object of type set is not JSON serializable"
FULL_JOB_TEXT = (
    '{"static_configs": [{"targets": ["*:8080", "*:443", "db.example:9000"],'
    ' "labels": {"team": "zinc"}}, {"targets": ["*:443"]}], "job_name": "full",'
    ' "scrape_interval": "30s", "scrape_timeout": "31s", "scheme": "https"}'
)


class Vector(TypedDict):
    """A provider, one of its events, and its databags after that."""

    name: str
    app: str
    unit: int
    leader: bool
    model: str
    model_uuid: str
    charm_name: str
    fqdn: str
    event: str
    jobs: Optional[List[Mapping[str, object]]]
    app_data: Dict[str, str]
    unit_data: Dict[str, str]


VECTORS: List[Vector] = json.loads(
    (Path(__file__).parents[1] / "data" / "provider.json").read_text(encoding="utf-8")
)


@pytest.fixture(autouse=True)
def _fqdn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getfqdn", lambda: FQDN)


def publish(jobs: Optional[Jobs]) -> Databags:
    """Return the databags that the leader publishes when a relation is joined."""
    return run_hook("relation_joined", make_relation(1), make=with_jobs(jobs)).databags[1]


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["name"] for vector in VECTORS])
def test_the_databags_are_those_of_the_vectors(
    vector: Vector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "getfqdn", lambda: vector["fqdn"])
    context = testing.Context(
        charm_type(with_jobs(vector["jobs"])),
        meta={
            "name": vector["charm_name"],
            "provides": {"profiling-endpoint": {"interface": "parca_scrape"}},
        },
        app_name=vector["app"],
        unit_id=vector["unit"],
    )
    relation = make_relation(1)
    state = testing.State(
        leader=vector["leader"],
        relations=[relation],
        model=testing.Model(vector["model"], uuid=vector["model_uuid"]),
    )
    after = context.run(getattr(context.on, vector["event"])(relation), state).get_relation(1)
    assert after.local_app_data == vector["app_data"]
    assert after.local_unit_data == vector["unit_data"]


def generate() -> Iterator[Mapping[str, object]]:
    yield {"job_name": "a"}
    yield {"job_name": "b"}


EMPTY_JOB: Dict[str, object] = {}
NO_JOBS: List[Mapping[str, object]] = []
NO_STATIC_CONFIGS: List[object] = []
A_AND_B = (
    '[{"static_configs": [{"targets": ["*:80"]}], "job_name": "a"},'
    ' {"static_configs": [{"targets": ["*:80"]}], "job_name": "b"}]'
)
PROXY = types.MappingProxyType({"job_name": "a"})


@pytest.mark.parametrize(
    ("jobs", "text"),
    [
        (None, '[{"static_configs": [{"targets": ["*:80"]}]}]'),
        (NO_JOBS, "[]"),
        (tuple(NO_JOBS), "[]"),
        (iter(NO_JOBS), "[]"),
        ([EMPTY_JOB], '[{"static_configs": [{"targets": ["*:80"]}]}]'),
        (({"job_name": "a"}, {"job_name": "b"}), A_AND_B),
        ([PROXY, collections.ChainMap({"job_name": "b"})], A_AND_B),
        (generate(), A_AND_B),
        ([FULL_JOB], f"[{FULL_JOB_TEXT}]"),
        ([Job()], '[{"static_configs": [{"targets": ["*:80"]}]}]'),
        ([Job(static_configs=[])], '[{"static_configs": []}]'),
        (
            [{"job_name": None}, FULL_JOB],
            '[{"static_configs": [{"targets": ["*:80"]}], "job_name": null},'
            f" {FULL_JOB_TEXT}]",
        ),
        (
            [{"scheme": "https", "a": 1, "static_configs": NO_STATIC_CONFIGS, "job_name": "höhe"}],
            '[{"static_configs": [], "scheme": "https", "job_name": "h\\u00f6he"}]',
        ),
        (
            [{"scrape_interval": float("nan")}],
            '[{"static_configs": [{"targets": ["*:80"]}], "scrape_interval": NaN}]',
        ),
    ],
)
def test_jobs_are_published_as_they_were_given(jobs: Optional[Jobs], text: str) -> None:
    assert publish(jobs) == both_databags(text)


def test_jobs_from_a_generator_are_read_once() -> None:
    jobs = generate()

    def make(charm: ops.CharmBase) -> ProfilingEndpointProvider:
        provider = ProfilingEndpointProvider(charm, jobs=jobs)
        provider.set_scrape_job_spec()
        return provider

    hook = run_hook("relation_joined", make_relation(1), make=make)
    assert hook.databags == {1: both_databags(A_AND_B)}
    assert list(jobs) == []


def test_a_function_returns_the_jobs_of_each_publishing() -> None:
    ports = [80]

    def make(charm: ops.CharmBase) -> ProfilingEndpointProvider:
        def find_jobs() -> Jobs:
            return [{"static_configs": [{"targets": [f"*:{port}"]}]} for port in ports]

        provider = ProfilingEndpointProvider(charm, jobs=find_jobs)
        ports[:] = [1, 2]
        return provider

    one_and_two = both_databags(
        '[{"static_configs": [{"targets": ["*:1"]}]}, {"static_configs": [{"targets": ["*:2"]}]}]'
    )
    hook = run_hook("relation_joined", make_relation(1), make_relation(2), make=make)
    assert hook.databags == {1: one_and_two, 2: one_and_two}


@pytest.mark.parametrize(
    ("event", "leader", "times"),
    [
        ("relation_joined", True, 1),
        ("leader_elected", True, 1),
        ("relation_joined", False, 0),
        ("update_status", True, 0),
    ],
)
def test_a_function_is_called_once_when_jobs_are_published(
    event: str, leader: bool, times: int
) -> None:
    calls: List[None] = []

    def find_jobs() -> None:
        calls.append(None)

    hook = run_hook(event, make_relation(1), make=with_jobs(find_jobs), leader=leader)
    assert len(calls) == times
    assert hook.databags == {1: DEFAULT if times else UNIT_ONLY}


def test_a_function_may_replace_the_jobs_until_the_hook_ends() -> None:
    def make(charm: ops.CharmBase) -> ProfilingEndpointProvider:
        provider = ProfilingEndpointProvider(charm)
        provider.update_scrape_job_spec(generate)
        return provider

    hook = run_hook("relation_joined", make_relation(1), make=make)
    assert hook.databags == {1: both_databags(A_AND_B)}


def test_a_function_that_returns_no_jobs_raises_when_they_are_published() -> None:
    def find_jobs() -> Any:
        return [{}, "*:80"]

    make = with_jobs(find_jobs)
    assert run_hook("start", make_relation(1), make=make).log == []
    with pytest.raises(InvalidJobError) as raised:
        run_hook("relation_joined", make_relation(1), make=make)
    assert str(raised.value) == "jobs[1]: must be a mapping or a Job"


class Key(str, enum.Enum):
    JOB_NAME = "job_name"
    TLS = "tls_config"
    MIN_VERSION = "min_version"
    TLS12 = "TLS12"


def test_keys_and_values_of_an_enumeration_are_published_as_their_text() -> None:
    job: Dict[str, object] = {Key.JOB_NAME: "a", Key.TLS: {Key.MIN_VERSION: Key.TLS12}}
    assert publish([job]) == both_databags(
        '[{"static_configs": [{"targets": ["*:80"]}], "job_name": "a",'
        ' "tls_config": {"min_version": "TLS12"}}]'
    )
    typed = Job(job_name="a", scheme="https", tls_config=TLSConfig(min_version=Key.TLS12))
    assert publish([typed]) == both_databags(
        '[{"static_configs": [{"targets": ["*:80"]}], "job_name": "a", "scheme": "https",'
        ' "tls_config": {"min_version": "TLS12"}}]'
    )


NAMED: Mapping[str, object] = {"job_name": "a"}
SHARED_NAME = (
    "jobs[1].job_name: another job has the same name: with a consumer older than LIBPATCH 7, Parca"
    " refuses its whole configuration; give each job its own job_name"
)


SHARED: List[Tuple[Jobs, bool]] = [
    ([Job(job_name="a"), Job(job_name="b")], False),
    ([NAMED, NAMED], False),
    ([Job(job_name="a"), Job([], "a")], True),
    ([Job(job_name="a"), NAMED], True),
    ([NAMED, Job(job_name="a")], True),
    ([NAMED, Job()], False),
    ([Job(), Job([])], True),
    ([EMPTY_JOB, Job()], True),
]


@pytest.mark.parametrize(("jobs", "is_refused"), SHARED)
def test_two_jobs_of_one_name_of_which_one_is_typed_raise(jobs: Jobs, is_refused: bool) -> None:
    if not is_refused:
        assert publish(jobs) != DEFAULT
        return
    with pytest.raises(InvalidJobError) as raised:
        run_hook("start", make=with_jobs(jobs))
    assert str(raised.value) == SHARED_NAME


def test_a_job_of_a_frozen_subclass_is_published() -> None:
    @dataclasses.dataclass(frozen=True)
    class OwnJob(Job):
        """A job of a charm's own class."""

    assert publish([OwnJob(job_name="a")]) == publish([Job(job_name="a")])


def test_nested_values_of_a_job_are_read_when_it_is_published() -> None:
    def make(charm: ops.CharmBase) -> ProfilingEndpointProvider:
        targets = ["*:1"]
        job: Dict[str, object] = {"static_configs": [{"targets": targets}]}
        jobs = [job]
        provider = ProfilingEndpointProvider(charm, jobs=jobs)
        targets.append("*:2")
        job["job_name"] = "too late"
        jobs.append({"job_name": "too late"})
        return provider

    hook = run_hook("relation_joined", make_relation(1), make=make)
    assert hook.databags == {
        1: both_databags('[{"static_configs": [{"targets": ["*:1", "*:2"]}]}]')
    }


def test_publishing_changes_neither_the_jobs_nor_the_default_job() -> None:
    jobs: List[Mapping[str, object]] = [{"job_name": "a", "metrics_path": "/"}]
    publish(jobs)
    assert jobs == [{"job_name": "a", "metrics_path": "/"}]
    publish(None)
    assert DEFAULT_JOB == {"static_configs": [{"targets": ["*:80"]}]}


@pytest.mark.parametrize(
    ("jobs", "line"),
    [
        ([None], "jobs[0]: must be a mapping or a Job"),
        ([EMPTY_JOB, "*:80"], "jobs[1]: must be a mapping or a Job"),
        ([NO_JOBS], "jobs[0]: must be a mapping or a Job"),
        ("job", "jobs[0]: must be a mapping or a Job"),
        ({"job_name": "a"}, "jobs[0]: must be a mapping or a Job"),
        (80, "jobs: must be a list of scrape jobs"),
    ],
)
def test_anything_but_a_job_raises_in_the_constructor(jobs: Any, line: str) -> None:
    with pytest.raises(InvalidJobError) as raised:
        run_hook("start", make=with_jobs(jobs), leader=False)
    assert str(raised.value) == line


def circle() -> Dict[str, object]:
    job: Dict[str, object] = {}
    job["static_configs"] = [job]
    return job


@pytest.mark.parametrize(
    ("jobs", "line"),
    [
        ([{}, {"job_name": {"a"}}], f"jobs[1]: {NO_JSON}"),
        ([{"tls_config": {(): 1}}], "jobs[0]: must be JSON: keys must be str,"),
        ([circle()], "jobs[0]: must be JSON: Circular reference detected"),
    ],
)
def test_a_job_that_is_not_json_raises_when_the_leader_publishes_it(jobs: Jobs, line: str) -> None:
    with pytest.raises(InvalidJobError) as raised:
        run_hook("relation_joined", make_relation(1), make=with_jobs(jobs))
    assert str(raised.value)[: len(line)] == line


@pytest.mark.parametrize(
    ("event", "leader"), [("relation_joined", False), ("update_status", True), ("start", True)]
)
def test_a_job_that_is_not_json_does_not_raise_where_jobs_are_not_published(
    event: str, leader: bool
) -> None:
    jobs: Jobs = [{"job_name": {"a"}}]
    hook = run_hook(event, make_relation(1), make=with_jobs(jobs), leader=leader)
    assert hook.log == []
    assert hook.databags == {1: ({}, {}) if event == "start" else UNIT_ONLY}


def test_a_job_that_is_not_json_does_not_raise_without_relations() -> None:
    assert run_hook("leader_elected", make=with_jobs([{"job_name": {"a"}}])).log == []


def test_default_databags_are_those_of_one_wildcard_on_port_80() -> None:
    assert publish(None) == DEFAULT
