"""A charm with a consumer, and what one of its hooks sees."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple, Type

import ops
from ops import testing

from parca_scrape import Problem, ProfilingEndpointConsumer, TargetsChangedEvent
from tests.hook_tools import HookTools, bare_errors, warnings_in

MODEL_UUID = "20ce8299-3634-4bef-8bd8-5ace6c8816b4"
ONE_PORT = '[{"static_configs": [{"targets": ["*:8080"]}]}]'

# Events that do not change what there is to scrape.
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

Make = Callable[[ops.CharmBase], ProfilingEndpointConsumer]


class CharmWithConsumer(ops.CharmBase):
    """Base of the charms under test."""

    tools: HookTools
    consumer: ProfilingEndpointConsumer
    changes: List[Tuple[int, List[Any]]]
    """The relation of each `targets_changed`, and what `jobs()` returned then."""
    is_busy = False
    """Whether the charm defers `targets_changed`."""


class Hook(NamedTuple):
    """What one hook saw."""

    jobs: List[Any]
    """What `jobs()` returned before the event was emitted."""
    changes: List[Tuple[int, List[Any]]]
    problems: List[Problem]
    """What `problems()` returned after that."""
    log: List[str]
    """The lines of the charm's log from WARNING on."""
    emitted: List[str]
    """The kinds of the events, Juju's own included."""


def charm_type(
    make: Make = ProfilingEndpointConsumer, tools: Optional[HookTools] = None
) -> Type[CharmWithConsumer]:
    """Make a charm that observes its consumer."""

    class ParcaCharm(CharmWithConsumer):
        def __init__(self, framework: ops.Framework) -> None:
            super().__init__(framework)
            self.tools = tools or HookTools()
            self.tools.stand_between(self.model)
            self.consumer = make(self)
            self.changes = []
            framework.observe(self.consumer.on.targets_changed, self._on_targets_changed)

        def _on_targets_changed(self, event: TargetsChangedEvent) -> None:
            self.changes.append((event.relation_id, self.consumer.jobs()))
            if self.is_busy:
                event.defer()

    return ParcaCharm


def make_context(
    make: Make = ProfilingEndpointConsumer, tools: Optional[HookTools] = None
) -> testing.Context[CharmWithConsumer]:
    """Make the context in which hooks of the charm run."""
    return testing.Context(
        charm_type(make, tools),
        meta={
            "name": "parca-k8s",
            "requires": {
                "profiling-endpoint": {"interface": "parca_scrape"},
                "other-endpoint": {"interface": "parca_scrape"},
            },
        },
        app_name="parca",
    )


def make_relation(
    relation_id: int,
    application: str = "zinc",
    *,
    endpoint: str = "profiling-endpoint",
    scrape_jobs: str = ONE_PORT,
    units: Sequence[int] = (0,),
    app_data: Optional[Dict[str, str]] = None,
    units_data: Optional[Mapping[int, Dict[str, str]]] = None,
) -> testing.Relation:
    """Make a relation to a provider, with the databags of a usual one unless others are given."""
    published = {number: unit_data(application, number) for number in units}
    return testing.Relation(
        endpoint,
        interface="parca_scrape",
        id=relation_id,
        remote_app_name=application,
        remote_app_data=(
            {"scrape_jobs": scrape_jobs, "scrape_metadata": metadata(application)}
            if app_data is None
            else app_data
        ),
        remote_units_data=published if units_data is None else units_data,
    )


def metadata(application: str) -> str:
    """Return what the leader of a provider publishes of its topology."""
    return (
        f'{{"model": "cos", "model_uuid": "{MODEL_UUID}", "application": "{application}",'
        f' "unit": "{application}/0", "charm_name": "zinc-k8s"}}'
    )


def unit_data(application: str, number: int) -> Dict[str, str]:
    """Return the databag of a provider's unit, with what Juju adds."""
    return {
        "ingress-address": f"192.0.2.{number}",
        "parca_scrape_unit_address": f"{application}-{number}.local",
        "parca_scrape_unit_name": f"{application}/{number}",
    }


def entry(targets: List[str], application: str, unit: str = "") -> Dict[str, object]:
    """Return an entry of static configs."""
    labels = {
        "juju_model": "cos",
        "juju_model_uuid": MODEL_UUID,
        "juju_application": application,
        "juju_charm": "zinc-k8s",
    }
    return {"targets": targets, "labels": {**labels, "juju_unit": unit} if unit else labels}


def scrape_config(
    name: str, static_configs: List[Dict[str, object]], *, by_unit: bool = True
) -> Dict[str, object]:
    """Return a scrape config without settings."""
    source_labels = ["juju_model", "juju_model_uuid", "juju_application"]
    return {
        "job_name": name,
        "static_configs": static_configs,
        "relabel_configs": [
            {
                "source_labels": source_labels + ["juju_unit"] * by_unit,
                "separator": "_",
                "target_label": "instance",
                "regex": "(.*)",
            }
        ],
    }


def one_port(application: str = "zinc", units: Sequence[int] = (0,)) -> Dict[str, object]:
    """Return the scrape config of `ONE_PORT`."""
    entries = [
        entry([f"{application}-{number}.local:8080"], application, f"{application}/{number}")
        for number in units
    ]
    return scrape_config(f"cos_20ce8299_{application}", entries, by_unit=bool(units))


def run_hook(
    event: str,
    *relations: testing.Relation,
    make: Make = ProfilingEndpointConsumer,
    tools: Optional[HookTools] = None,
    **event_arguments: int,
) -> Hook:
    """Run one hook of the charm, which calls `jobs()` before the event and at each change.

    Args:
        event: the name of a method of `Context.on`; relation events are about the first relation.
        relations: the relations of the model.
        make: makes the consumer.
        tools: stands between the charm and its hook tools.
        event_arguments: other arguments of the event.
    """
    context = make_context(make, tools)
    occur = getattr(context.on, event)
    is_of_relation = event.startswith("relation_")
    occurrence = occur(relations[0], **event_arguments) if is_of_relation else occur()
    with bare_errors(), context(occurrence, testing.State(relations=relations)) as manager:
        consumer = manager.charm.consumer
        jobs = consumer.jobs()
        problems = consumer.problems()
        manager.run()
    return Hook(
        jobs,
        manager.charm.changes,
        problems,
        warnings_in(context),
        [event.handle.kind for event in context.emitted_events],
    )
