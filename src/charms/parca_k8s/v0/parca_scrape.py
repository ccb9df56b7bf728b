"""The names of `parca_scrape` under the import path of the Kubernetes charm's own library."""

from __future__ import annotations

from parca_scrape import (
    ALLOWED_KEYS,
    DEFAULT_JOB,
    DEFAULT_RELATION_NAME,
    RELATION_INTERFACE_NAME,
    VERSION,
    AddressSource,
    AppDatabag,
    DatabagError,
    HostMap,
    InvalidJobError,
    Job,
    MonitoringEvents,
    PprofProfile,
    Problem,
    ProfilingConfig,
    ProfilingEndpointConsumer,
    ProfilingEndpointProvider,
    ProviderTopology,
    RelationInterfaceMismatchError,
    RelationNotFoundError,
    RelationRoleMismatchError,
    ScrapeConfig,
    StaticConfig,
    Target,
    TargetsChangedEvent,
    TLSConfig,
    Topology,
    UnitDatabag,
)

__all__ = [
    "ALLOWED_KEYS",
    "DEFAULT_JOB",
    "DEFAULT_RELATION_NAME",
    "LIBAPI",
    "LIBID",
    "LIBPATCH",
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

# The unique identifier of the library on Charmhub.
LIBID = "dbc3d2e89cb24917b99c40e14354dd25"
# The major version of its interface.
LIBAPI = 0
# The version within LIBAPI; it rises with every change of the single file.
LIBPATCH = 7
