"""A charm with a provider, and what one of its hooks leaves behind."""

from __future__ import annotations

from typing import (
    Callable,
    Dict,
    Iterable,
    List,
    Mapping,
    NamedTuple,
    Optional,
    Sequence,
    Tuple,
    Type,
    Union,
)

import ops
from ops import testing

from parca_scrape import Job, ProfilingEndpointProvider, StaticConfig
from tests.hook_tools import HookTools, bare_errors, warnings_in
from tests.parca_charm import MODEL_UUID, metadata

FQDN = "zinc-0.zinc-endpoints.cos.svc.cluster.local"
METADATA = metadata("zinc")
UNIT_DATA = {"parca_scrape_unit_address": FQDN, "parca_scrape_unit_name": "zinc/0"}
Databags = Tuple[Dict[str, str], Dict[str, str]]
NOTHING: Databags = ({}, {})
UNIT_ONLY: Databags = ({}, UNIT_DATA)

Jobs = Iterable[Union[Mapping[str, object], Job]]
JobSource = Union[Jobs, Callable[[], Optional[Jobs]]]
Make = Callable[[ops.CharmBase], ProfilingEndpointProvider]


class Fqdn:
    """Stands in for `socket.getfqdn`, and counts its calls."""

    def __init__(self) -> None:
        self.times_asked = 0

    def __call__(self) -> str:
        self.times_asked += 1
        return FQDN


class CharmWithProvider(ops.CharmBase):
    """Base of the charms under test."""

    tools: HookTools
    provider: ProfilingEndpointProvider


class Hook(NamedTuple):
    """What one hook left behind."""

    databags: Dict[int, Databags]
    """The databags of this application and this unit, by relation."""
    log: List[str]
    """The lines of the charm's log from WARNING on."""
    emitted: List[str]
    """The kinds of the events, Juju's own included."""


def both_databags(scrape_jobs: str) -> Databags:
    """Return the databags that the leader publishes."""
    return {"scrape_metadata": METADATA, "scrape_jobs": scrape_jobs}, UNIT_DATA


FULL_JOB = Job(
    job_name="full",
    static_configs=[
        StaticConfig(["*:8080", "*", "db.example:9000"], {"team": "zinc"}),
        StaticConfig(),
    ],
    tls_config=None,
    scheme="https",
    scrape_timeout="31s",
    scrape_interval="30s",
)
DEFAULT = both_databags('[{"static_configs": [{"targets": ["*:80"]}]}]')


def with_jobs(jobs: Optional[JobSource]) -> Make:
    """Make a provider with these jobs."""
    return lambda charm: ProfilingEndpointProvider(charm, jobs=jobs)


def charm_type(
    make: Make = ProfilingEndpointProvider, tools: Optional[HookTools] = None
) -> Type[CharmWithProvider]:
    """Make a charm that makes its provider in its constructor."""

    class ProfiledCharm(CharmWithProvider):
        def __init__(self, framework: ops.Framework) -> None:
            super().__init__(framework)
            self.tools = tools or HookTools()
            self.tools.stand_between(self.model)
            self.provider = make(self)

    return ProfiledCharm


def make_context(
    make: Make = ProfilingEndpointProvider,
    tools: Optional[HookTools] = None,
    containers: Sequence[str] = (),
) -> testing.Context[CharmWithProvider]:
    """Make the context in which hooks of the charm run."""
    return testing.Context(
        charm_type(make, tools),
        meta={
            "name": "zinc-k8s",
            "provides": {
                "profiling-endpoint": {"interface": "parca_scrape"},
                "other-endpoint": {"interface": "parca_scrape"},
            },
            "containers": {name: {} for name in containers},
        },
        app_name="zinc",
    )


def make_state(
    relations: Sequence[testing.RelationBase],
    *,
    leader: bool = True,
    containers: Sequence[str] = (),
    networks: Sequence[testing.Network] = (),
) -> testing.State:
    """Make the state of the model before a hook."""
    return testing.State(
        leader=leader,
        relations=relations,
        containers=[testing.Container(name, can_connect=True) for name in containers],
        networks=networks,
        model=testing.Model("cos", uuid=MODEL_UUID),
    )


def make_relation(
    relation_id: int,
    *,
    endpoint: str = "profiling-endpoint",
    app_data: Optional[Dict[str, str]] = None,
    unit_data: Optional[Dict[str, str]] = None,
) -> testing.Relation:
    """Make a relation to Parca; our databags are empty unless given."""
    return testing.Relation(
        endpoint,
        interface="parca_scrape",
        id=relation_id,
        remote_app_name="parca",
        local_app_data=app_data or {},
        local_unit_data=unit_data or {},
    )


def run_hook(
    event: str,
    *relations: testing.Relation,
    make: Make = ProfilingEndpointProvider,
    tools: Optional[HookTools] = None,
    leader: bool = True,
    containers: Sequence[str] = (),
    networks: Sequence[testing.Network] = (),
) -> Hook:
    """Run one hook of the charm.

    Args:
        event: the name of a method of `Context.on`; relation events are about the first relation,
            container events about the first container.
        relations: the relations of the model.
        make: makes the provider.
        tools: stands between the charm and its hook tools.
        leader: whether the unit is the leader.
        containers: the names of the charm's containers.
        networks: the answers of network-get.
    """
    context = make_context(make, tools, containers)
    state = make_state(relations, leader=leader, containers=containers, networks=networks)
    occur = getattr(context.on, event)
    if event.startswith("relation_"):
        occurrence = occur(relations[0])
    elif event == "pebble_ready":
        occurrence = occur(state.get_container(containers[0]))
    else:
        occurrence = occur()
    with bare_errors():
        after = context.run(occurrence, state)
    return Hook(
        {
            relation.id: (dict(relation.local_app_data), dict(relation.local_unit_data))
            for relation in map(after.get_relation, (relation.id for relation in relations))
        },
        warnings_in(context),
        [event.handle.kind for event in context.emitted_events],
    )
