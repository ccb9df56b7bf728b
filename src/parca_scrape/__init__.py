"""Both sides of the Juju relation `parca_scrape`: what Parca should profile.

A charm whose workload serves pprof creates a `ProfilingEndpointProvider`; a Parca charm creates a
`ProfilingEndpointConsumer`. Each name is loaded when it is first asked for, so that the core comes
without `ops`, and the command line without the core.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from parca_scrape._endpoint import (
        RelationInterfaceMismatchError,
        RelationNotFoundError,
        RelationRoleMismatchError,
    )
    from parca_scrape._names import DEFAULT_RELATION_NAME, RELATION_INTERFACE_NAME
    from parca_scrape.consumer import (
        MonitoringEvents,
        ProfilingEndpointConsumer,
        TargetsChangedEvent,
    )
    from parca_scrape.databag import AppDatabag, UnitDatabag
    from parca_scrape.hosts import HostMap
    from parca_scrape.jobs import ALLOWED_KEYS, DEFAULT_JOB, Job
    from parca_scrape.problems import DatabagError, InvalidJobError, Problem
    from parca_scrape.profiling import PprofProfile, ProfilingConfig
    from parca_scrape.provider import ProfilingEndpointProvider
    from parca_scrape.render import ScrapeConfig
    from parca_scrape.static_configs import StaticConfig
    from parca_scrape.targets import AddressSource, Target
    from parca_scrape.tls import TLSConfig
    from parca_scrape.topology import ProviderTopology, Topology
    from parca_scrape.version import VERSION

__all__ = [
    "ALLOWED_KEYS",
    "DEFAULT_JOB",
    "DEFAULT_RELATION_NAME",
    "RELATION_INTERFACE_NAME",
    "VERSION",
    "AddressSource",
    "AppDatabag",
    "DatabagError",
    "HostMap",
    "InvalidJobError",
    "Job",
    "MonitoringEvents",
    "PprofProfile",
    "Problem",
    "ProfilingConfig",
    "ProfilingEndpointConsumer",
    "ProfilingEndpointProvider",
    "ProviderTopology",
    "RelationInterfaceMismatchError",
    "RelationNotFoundError",
    "RelationRoleMismatchError",
    "ScrapeConfig",
    "StaticConfig",
    "TLSConfig",
    "Target",
    "TargetsChangedEvent",
    "Topology",
    "UnitDatabag",
]


# The modules that define the public names, those that import ops last.
MODULES = (
    "version",
    "_names",
    "problems",
    "topology",
    "targets",
    "tls",
    "profiling",
    "static_configs",
    "jobs",
    "databag",
    "hosts",
    "render",
    "_endpoint",
    "provider",
    "consumer",
)


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    modules = (importlib.import_module(f"parca_scrape.{module}") for module in MODULES)
    value: object = next(vars(module)[name] for module in modules if name in vars(module))
    return globals().setdefault(name, value)
