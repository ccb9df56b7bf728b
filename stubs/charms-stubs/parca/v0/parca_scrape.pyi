"""The charm library of parca, LIBAPI 0, LIBPATCH 6."""

from typing import Any, Iterable, Mapping, Sequence

import ops

LIBID: str
LIBAPI: int
LIBPATCH: int

ALLOWED_KEYS: set[str]
DEFAULT_JOB: dict[str, list[dict[str, list[str]]]]
DEFAULT_RELATION_NAME: str
RELATION_INTERFACE_NAME: str

class RelationNotFoundError(Exception):
    relation_name: str
    message: str
    def __init__(self, relation_name: str) -> None: ...

class RelationInterfaceMismatchError(Exception):
    relation_name: str
    expected_relation_interface: str
    actual_relation_interface: str
    message: str
    def __init__(
        self,
        relation_name: str,
        expected_relation_interface: str,
        actual_relation_interface: str,
    ) -> None: ...

class RelationRoleMismatchError(Exception):
    relation_name: str
    expected_relation_interface: ops.RelationRole
    actual_relation_role: ops.RelationRole
    message: str
    def __init__(
        self,
        relation_name: str,
        expected_relation_role: ops.RelationRole,
        actual_relation_role: ops.RelationRole,
    ) -> None: ...

class ProviderTopology:
    def __init__(
        self,
        model: str,
        model_uuid: str,
        application: str,
        unit: str | None = None,
        charm_name: str | None = None,
    ) -> None: ...
    @classmethod
    def from_charm(cls, charm: ops.CharmBase) -> ProviderTopology: ...
    @classmethod
    def from_dict(cls, data: Mapping[str, str]) -> ProviderTopology: ...
    def as_dict(
        self,
        *,
        remapped_keys: Mapping[str, str] | None = None,
        included_keys: Sequence[str] | None = None,
        excluded_keys: Sequence[str] | None = None,
    ) -> dict[str, str | None]: ...
    @property
    def model(self) -> str: ...
    @property
    def model_uuid(self) -> str: ...
    @property
    def model_uuid_short(self) -> str: ...
    @property
    def application(self) -> str: ...
    @property
    def unit(self) -> str | None: ...
    @property
    def charm_name(self) -> str | None: ...
    @property
    def identifier(self) -> str: ...
    @property
    def scrape_identifier(self) -> str: ...
    @property
    def label_matcher_dict(self) -> dict[str, str]: ...
    @property
    def label_matchers(self) -> str: ...

class TargetsChangedEvent(ops.EventBase):
    relation_id: int
    def __init__(self, handle: ops.Handle, relation_id: int) -> None: ...
    def snapshot(self) -> dict[str, int]: ...
    def restore(self, snapshot: Mapping[str, int]) -> None: ...

class MonitoringEvents(ops.ObjectEvents):
    targets_changed: ops.EventSource

class ProfilingEndpointConsumer(ops.Object):
    on: MonitoringEvents
    def __init__(
        self, charm: ops.CharmBase, relation_name: str = "profiling-endpoint"
    ) -> None: ...
    def on_profiling_provider_relation_changed(self, event: ops.RelationEvent) -> None: ...
    def jobs(self) -> list[Any]: ...

class ProfilingEndpointProvider(ops.Object):
    topology: ProviderTopology
    def __init__(
        self,
        charm: ops.CharmBase,
        relation_name: str = "profiling-endpoint",
        jobs: Iterable[Mapping[str, object]] | None = None,
        refresh_event: ops.BoundEvent | list[ops.BoundEvent] | None = None,
    ) -> None: ...
