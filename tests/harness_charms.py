"""Charms of both sides for `Harness`, the one kind of test that ops 2.2 has."""

from __future__ import annotations

import contextlib
import json
from typing import Any, Dict, Generator, List, Mapping, Tuple, Type, TypeVar, Union

import ops
from ops.testing import Harness

from parca_scrape import (
    AddressSource,
    Job,
    ProfilingEndpointConsumer,
    ProfilingEndpointProvider,
    StaticConfig,
    TargetsChangedEvent,
)
from tests.hook_tools import HookTools

Charm = TypeVar("Charm", bound=ops.CharmBase)
MODEL_UUID = "20ce8299-3634-4bef-8bd8-5ace6c8816b4"
META = """
name: zinc-k8s
provides:
  profiling-endpoint:
    interface: parca_scrape
"""
CONTAINERS = """
containers:
  zinc: {}
  log-shipper: {}
"""
PARCA_META = """
name: parca-k8s
requires:
  profiling-endpoint:
    interface: parca_scrape
"""
TOPOLOGY = {
    "model": "cos",
    "model_uuid": MODEL_UUID,
    "application": "zinc-k8s",
    "unit": "zinc-k8s/0",
    "charm_name": "zinc-k8s",
}
APP_DATA = {
    "scrape_metadata": json.dumps(TOPOLOGY),
    "scrape_jobs": '[{"static_configs": [{"targets": ["*:80"]}]}]',
}
UNIT_DATA = {
    "parca_scrape_unit_address": "zinc-0.local",
    "parca_scrape_unit_name": "zinc-k8s/0",
}
BOTH = APP_DATA, UNIT_DATA
INSTANCE_LABELS = ("juju_model", "juju_model_uuid", "juju_application")


class ProfiledCharm(ops.CharmBase):
    """A charm with a provider, and with a view of its hook tools."""

    def __init__(self, framework: ops.Framework) -> None:
        super().__init__(framework)
        self.tools = HookTools()
        self.tools.stand_between(self.model)
        self.provider = self.make()

    def make(self) -> ProfilingEndpointProvider:
        """Make the provider."""
        return ProfilingEndpointProvider(self)


class ReconcilingCharm(ProfiledCharm):
    """A charm that publishes in its constructor."""

    def make(self) -> ProfilingEndpointProvider:
        """Make the provider, and let it publish."""
        jobs: List[Union[Job, Mapping[str, object]]] = [
            Job([StaticConfig(["*:8080", "*"])]),
            {"job_name": "b"},
        ]
        provider = ProfilingEndpointProvider(self, jobs=jobs)
        provider.set_scrape_job_spec()
        return provider


class IngressCharm(ProfiledCharm):
    """A charm that is reached at the addresses that Juju has for it."""

    def make(self) -> ProfilingEndpointProvider:
        """Make the provider."""
        return ProfilingEndpointProvider(self, unit_address=AddressSource.INGRESS)


class RefreshedCharm(ProfiledCharm):
    """A charm that gives its refresh event three times."""

    def make(self) -> ProfilingEndpointProvider:
        """Make the provider."""
        refresh_events = [self.on.start, self.on.start, self.on.start]
        return ProfilingEndpointProvider(self, refresh_event=refresh_events)


class ParcaCharm(ops.CharmBase):
    """A charm that notes what its consumer tells it, and defers it once if it is told to."""

    def __init__(self, framework: ops.Framework) -> None:
        super().__init__(framework)
        self.tools = HookTools()
        self.tools.stand_between(self.model)
        self.consumer = ProfilingEndpointConsumer(self)
        self.changes: List[int] = []
        self.is_busy = False
        framework.observe(self.consumer.on.targets_changed, self._on_targets_changed)

    def _on_targets_changed(self, event: TargetsChangedEvent) -> None:
        self.changes.append(event.relation_id)
        if self.is_busy:
            event.defer()


@contextlib.contextmanager
def started(
    charm: Type[Charm], meta: str, *, leader: bool = True, applications: Tuple[str, ...] = ()
) -> Generator[Harness[Charm], None, None]:
    """Start a charm in relations to applications, whose ids count from 0."""
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
    """Give the databags of the provider's application and unit, without what Juju adds."""
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
    """Let units of an application join a relation, and publish what providers do."""
    metadata = json.dumps({**TOPOLOGY, "application": application})
    jobs = '[{"static_configs": [{"targets": ["*:8080"]}]}]'
    app_data = {"scrape_jobs": jobs, "scrape_metadata": metadata}
    for number in numbers:
        name = f"{application}/{number}"
        harness.add_relation_unit(relation_id, name)
        address = f"{application}-{number}.local"
        unit_data = {"parca_scrape_unit_address": address, "parca_scrape_unit_name": name}
        harness.update_relation_data(relation_id, name, unit_data)
    harness.update_relation_data(relation_id, application, app_data)


def scrape_config(application: str, numbers: List[int]) -> Dict[str, object]:
    """Give what becomes of what `publish` published."""
    labels = {
        "juju_model": "cos",
        "juju_model_uuid": MODEL_UUID,
        "juju_application": application,
        "juju_charm": "zinc-k8s",
    }
    return {
        "job_name": f"cos_20ce8299_{application}",
        "static_configs": [
            {
                "targets": [f"{application}-{number}.local:8080"],
                "labels": {**labels, "juju_unit": f"{application}/{number}"},
            }
            for number in numbers
        ],
        "relabel_configs": [
            {
                "source_labels": [*INSTANCE_LABELS, "juju_unit"],
                "separator": "_",
                "target_label": "instance",
                "regex": "(.*)",
            }
        ],
    }
