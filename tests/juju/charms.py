"""The charms under test: profiled charms and Parca's, in each style of use."""

from __future__ import annotations

import json
import os
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Type, Union

import ops

from parca_scrape import (
    Job,
    ProfilingEndpointConsumer,
    ProfilingEndpointProvider,
    TargetsChangedEvent,
)
from tests.hook_tools import HookTools
from tests.juju.styles import ConsumerStyle, ProviderStyle

Jobs = Optional[List[Union[Mapping[str, object], Job]]]
INTERFACE = {"interface": "parca_scrape"}


class Rendering(NamedTuple):
    """What a Parca charm wrote into Parca's configuration."""

    scrape_configs: List[Any]
    first_call: int
    """The number of calls of hook tools before it."""
    last_call: int


class Record:
    """What a charm is to do in one hook, and what it did."""

    def __init__(
        self,
        tools: Optional[HookTools] = None,
        *,
        fails: bool = False,
        defers: bool = False,
        environment: Optional[Mapping[str, str]] = None,
    ) -> None:
        """Say what the charm is to do.

        Args:
            tools: the hook tools.
            fails: whether the charm's own code fails at the end.
            defers: whether the charm defers the events of the library.
            environment: variables that Juju sets for the hook and the tests of ops do not.
        """
        self.tools = tools
        self.fails = fails
        self.defers = defers
        self.environment = dict(environment or {})
        self.renderings: List[Rendering] = []
        self.changes: List[int] = []
        """The relation of each `targets_changed`."""


class RecordedCharm(ops.CharmBase):
    """Base of the charms under test, which do what their record says."""

    record = Record()

    def __init__(self, framework: ops.Framework) -> None:
        super().__init__(framework)
        os.environ.update(self.record.environment)
        if self.record.tools is not None:
            self.record.tools.stand_between(self.model)
        framework.observe(framework.on.commit, self._on_commit)

    def _on_commit(self, _: ops.CommitEvent) -> None:
        if self.record.fails:
            raise CharmError("the charm's own code fails")


class CharmError(Exception):
    """A failure of the charm's own code."""


def provider_charm(style: ProviderStyle) -> Type[RecordedCharm]:
    """Make a profiled charm."""

    class ProfiledCharm(RecordedCharm):
        def __init__(self, framework: ops.Framework) -> None:
            super().__init__(framework)
            self.providers = [
                ProfilingEndpointProvider(
                    self, endpoint, self._read_jobs(), unit_address=style.source
                )
                for endpoint in style.endpoints
            ]
            framework.observe(self.on.config_changed, self._on_config_changed)
            if style.reconciles:
                for provider in self.providers:
                    provider.set_scrape_job_spec()

        def _on_config_changed(self, _: ops.ConfigChangedEvent) -> None:
            for provider in self.providers:
                provider.update_scrape_job_spec(self._read_jobs())

        def _read_jobs(self) -> Jobs:
            text = str(self.config["jobs"])
            jobs: Jobs = json.loads(text) if text else None
            if jobs is None or not style.is_typed:
                return jobs
            return [job if isinstance(job, Job) else Job.from_mapping(job) for job in jobs]

    return ProfiledCharm


def consumer_charm(style: ConsumerStyle) -> Type[RecordedCharm]:
    """Make a Parca charm."""

    class ParcaCharm(RecordedCharm):
        def __init__(self, framework: ops.Framework) -> None:
            super().__init__(framework)
            self.consumer = ProfilingEndpointConsumer(self, unit_address=style.source)
            framework.observe(self.consumer.on.targets_changed, self._on_targets_changed)
            if style.reconciles:
                self._write_configuration()

        def _on_targets_changed(self, event: TargetsChangedEvent) -> None:
            self.record.changes.append(event.relation_id)
            if self.record.defers:
                event.defer()
            else:
                self._write_configuration()

        def _write_configuration(self) -> None:
            calls: List[Any] = [] if self.record.tools is None else self.record.tools.calls
            first_call = len(calls)
            scrape_configs = self.consumer.jobs()
            self.record.renderings.append(Rendering(scrape_configs, first_call, len(calls)))

    return ParcaCharm


def make_charm(style: Union[ProviderStyle, ConsumerStyle]) -> Type[RecordedCharm]:
    """Make a charm of a style."""
    return provider_charm(style) if isinstance(style, ProviderStyle) else consumer_charm(style)


def make_metadata(style: Union[ProviderStyle, ConsumerStyle]) -> Dict[str, Any]:
    """Return the charm's metadata.yaml."""
    if isinstance(style, ConsumerStyle):
        return {"name": "parca-k8s", "requires": {"profiling-endpoint": INTERFACE}}
    metadata: Dict[str, Any] = {
        "name": "zinc-k8s",
        "provides": dict.fromkeys(style.endpoints, INTERFACE),
    }
    if style.has_container:
        metadata["containers"] = {"zinc": {}}
    return metadata


def make_config() -> Dict[str, Any]:
    """Return the charm's config.yaml."""
    return {"options": {"jobs": {"type": "string", "default": ""}}}
