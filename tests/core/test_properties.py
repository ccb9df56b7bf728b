"""What holds for all databags, whatever is in them."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from typing import Dict, Iterator, List, Sequence

import ops
import ops.testing
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from parca_scrape import (
    AppDatabag,
    HostMap,
    Job,
    Problem,
    ProfilingEndpointConsumer,
    StaticConfig,
    Target,
    Topology,
    UnitDatabag,
)
from parca_scrape.databag import RelationDatabags
from parca_scrape.render import name_hosts, render
from tests.damages import damaged_remotes
from tests.forms import ROOT
from tests.models import expected_jobs
from tests.oracle import judge
from tests.poisons import SECRETS
from tests.strategies import (
    Remote,
    app_databags,
    databags_of,
    good_remotes,
    host_maps,
    topologies,
    typed_jobs,
    unit_databags,
)

# Renders what stands on each line of standard input, in the form of the library that is named.
RENDERER = """
import json, sys
from tests.forms import FORMS, load
load(FORMS[sys.argv[1]])
from parca_scrape.render import render
from tests.reading import read_relation
for line in sys.stdin:
    jobs, problems = render([read_relation(*fields) for fields in json.loads(line)])
    print(json.dumps([jobs, list(map(str, problems))]), flush=True)
"""

any_remotes = st.lists(damaged_remotes() | good_remotes(), min_size=1, max_size=3)


class Renderer:
    """Another process that renders, under a hash seed of its own."""

    def __init__(self, form: str, hash_seed: int) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", RENDERER, form],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": str(hash_seed)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __call__(self, remotes: Sequence[Remote]) -> str:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        fields = [
            (index, remote.application, remote.app_databag(), remote.unit_databags())
            for index, remote in enumerate(remotes)
        ]
        self.process.stdin.write(json.dumps(fields) + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().rstrip("\n")


@pytest.fixture(scope="module")
def renderers(pytestconfig: pytest.Config) -> Iterator[List[Renderer]]:
    started = [Renderer(str(pytestconfig.getoption("--library")), seed) for seed in (1, 2)]
    yield started
    for renderer in started:
        renderer.process.communicate()


class ParcaCharm(ops.CharmBase):
    """A charm that reads what it has to scrape at every event."""

    def __init__(self, framework: ops.Framework) -> None:
        super().__init__(framework)
        self.consumer = ProfilingEndpointConsumer(self)


@given(any_remotes)
def test_parca_loads_and_serves_all_that_is_rendered(remotes: List[Remote]) -> None:
    jobs, _ = render(databags_of(remotes))
    verdict = judge(jobs)
    assert verdict.clean, verdict


@pytest.mark.state_transitions
@given(st.lists(damaged_remotes(odd_names=False), min_size=1, max_size=2))
def test_a_charm_gets_the_same_jobs_and_problems_in_a_hook(remotes: List[Remote]) -> None:
    metadata = {
        "name": "parca",
        "requires": {"profiling-endpoint": {"interface": "parca_scrape"}},
    }
    context = ops.testing.Context(ParcaCharm, meta=metadata)
    relations = [
        ops.testing.Relation(
            "profiling-endpoint",
            id=relation_id,
            remote_app_name=remote.application,
            remote_app_data=remote.app_databag(),
            remote_units_data={
                int(unit_name.split("/")[1]): dict(databag) for unit_name, databag in remote.units
            },
        )
        for relation_id, remote in enumerate(remotes)
    ]
    state = ops.testing.State(relations=relations)
    with context(context.on.config_changed(), state) as manager:
        consumer = manager.charm.consumer
        assert (consumer.jobs(), consumer.problems()) == render(databags_of(remotes))


@given(any_remotes)
def test_yaml_of_the_jobs_has_no_anchors_and_is_utf8(remotes: List[Remote]) -> None:
    jobs, _ = render(databags_of(remotes))
    text = yaml.safe_dump(jobs, allow_unicode=True)
    text.encode("utf-8")
    anchors = [getattr(event, "anchor", None) for event in yaml.parse(text, yaml.SafeLoader)]
    assert list(filter(None, anchors)) == []
    assert yaml.safe_load(yaml.safe_dump(jobs)) == jobs


@given(any_remotes)
def test_no_object_stands_twice_in_what_is_rendered(remotes: List[Remote]) -> None:
    rendered = [render(databags_of(remotes))[0] for _ in range(2)]
    containers = list(map(id, iterate_containers(rendered)))
    assert len(set(containers)) == len(containers)


def iterate_containers(value: object) -> Iterator[object]:
    """Give all dicts and lists in a value, each as often as it is there."""
    if isinstance(value, (dict, list)):
        yield value
        inner: List[object] = [*(value.values() if isinstance(value, dict) else value)]
        for element in inner:
            yield from iterate_containers(element)


@given(remotes=any_remotes)
def test_jobs_and_problems_are_the_same_bytes_under_any_hash_seed(
    remotes: List[Remote], renderers: List[Renderer]
) -> None:
    relations = databags_of(remotes)
    first, second = (rendered_text(relations) for _ in range(2))
    assert second == first
    assert [renderer(remotes) for renderer in renderers] == [first, first]


@given(st.lists(damaged_remotes(odd_names=False), min_size=1, max_size=2), st.data())
def test_the_order_in_which_units_are_listed_does_not_count(
    remotes: List[Remote], data: st.DataObject
) -> None:
    shuffled = [
        dataclasses.replace(remote, units=tuple(data.draw(st.permutations(remote.units))))
        for remote in remotes
    ]
    assert rendered_text(databags_of(shuffled)) == rendered_text(databags_of(remotes))


def rendered_text(relations: Sequence[RelationDatabags]) -> str:
    """Give jobs and problems as text, in which every order counts."""
    jobs, problems = render(relations)
    return json.dumps([jobs, list(map(str, problems))])


@given(st.lists(damaged_remotes(odd_names=False), min_size=1, max_size=3))
def test_a_problem_is_a_line_of_printable_ascii_that_tells_no_secret(
    remotes: List[Remote],
) -> None:
    _, problems = render(databags_of(remotes))
    assert [problem for problem in problems if is_unfit(problem)] == []


@given(damaged_remotes(odd_names=False))
def test_a_unit_databag_is_read_without_raising(remote: Remote) -> None:
    for _, databag in remote.units:
        unit_databag, problems = UnitDatabag.decode(dict(databag))
        assert [problem for problem in problems if is_unfit(problem)] == []
        assert UnitDatabag.decode_strict(unit_databag.encode()) == unit_databag


def is_unfit(problem: Problem) -> bool:
    """Tell whether a problem is of no use to a person, or of too much to the wrong one."""
    line = str(problem)
    return (
        problem.severity not in ("error", "warning")
        or not problem.message
        or not (line.isascii() and line.isprintable())
        or any(secret in line for secret in SECRETS)
    )


@given(st.lists(good_remotes(), min_size=1, max_size=3))
def test_good_relations_give_what_the_contract_says(remotes: List[Remote]) -> None:
    jobs, problems = render(databags_of(remotes))
    assert jobs == expected_jobs(remotes)
    assert [problem for problem in problems if problem.severity == "error"] == []


@given(good_remotes())
def test_a_good_relation_has_no_problem(remote: Remote) -> None:
    assert render([remote.databags(0)])[1] == []


@given(app_databags)
def test_an_application_databag_is_read_as_it_was_written(app_databag: AppDatabag) -> None:
    written = app_databag.encode()
    expected = AppDatabag(
        tuple(map(with_ports, app_databag.scrape_jobs)), app_databag.scrape_metadata
    )
    read, problems = AppDatabag.decode(written)
    assert read == expected
    assert read.encode() == written
    assert [problem for problem in problems if problem.severity == "error"] == []


def with_ports(job: Job) -> Job:
    """Give a job with the ports that it is published with."""
    return Job(
        [
            StaticConfig(
                [
                    Target(target.host, target.port or port_of(job, dict(config.labels)))
                    for target in config.targets or (Target("*"),)
                ],
                config.labels,
            )
            for config in job.static_configs
        ],
        job.job_name,
        job.scrape_interval,
        job.scrape_timeout,
        job.scheme,
        job.profiling_config,
        job.tls_config,
    )


def port_of(job: Job, labels: Dict[str, str]) -> int:
    """Give the port that Parca scrapes where none is named."""
    return 443 if labels.get("__scheme__", job.scheme) == "https" else 80


@given(typed_jobs)
def test_a_job_is_the_one_of_the_mapping_that_it_publishes(job: Job) -> None:
    assert Job.from_mapping(job.as_mapping()) == with_ports(job)


@given(unit_databags)
def test_a_unit_databag_is_read_as_it_was_written(unit_databag: UnitDatabag) -> None:
    assert UnitDatabag.decode_strict(unit_databag.encode()) == unit_databag


@given(topologies)
def test_a_topology_is_read_as_it_was_written(topology: Topology) -> None:
    read, _ = AppDatabag.decode(AppDatabag((), topology).encode())
    assert read.scrape_metadata == topology


@given(host_maps)
def test_hosts_are_read_as_their_units_wrote_them(host_map: HostMap) -> None:
    written = {name: UnitDatabag(address, name).encode() for name, address in host_map.hosts}
    units = {name: UnitDatabag.decode_strict(databag) for name, databag in written.items()}
    hosts, problems = name_hosts(units)
    assert (tuple(hosts.items()), problems) == (host_map.hosts, [])
    assert HostMap(dict(host_map.hosts)) == host_map
