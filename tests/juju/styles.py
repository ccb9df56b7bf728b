"""How the charms under test use the library."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Tuple, Union

from parca_scrape import AddressSource


@dataclass(frozen=True)
class ProviderStyle:
    """How a profiled charm uses its provider."""

    reconciles: bool = False
    """Whether it also publishes in its constructor, and so at every event."""
    endpoints: Tuple[str, ...] = ("profiling-endpoint",)
    is_typed: bool = False
    """Whether its jobs are `Job` objects and not mappings."""
    source: AddressSource = AddressSource.FQDN
    has_container: bool = False

    @property
    def refresh_hooks(self) -> Tuple[str, ...]:
        """The hooks in which a unit learns its new address."""
        return ("pebble-ready",) if self.has_container else ("update-status",)


@dataclass(frozen=True)
class ConsumerStyle:
    """How a Parca charm uses its consumer."""

    reconciles: bool = False
    """Whether it also writes Parca's configuration in its constructor, and so at every event."""
    source: AddressSource = AddressSource.PUBLISHED

    @property
    def refresh_hooks(self) -> Tuple[str, ...]:
        """The hooks in which a unit learns its new address."""
        return ("update-status",)


OBSERVING = ProviderStyle()
PROVIDER_STYLES = (
    OBSERVING,
    ProviderStyle(reconciles=True, has_container=True),
    ProviderStyle(endpoints=("profiling-endpoint", "other-endpoint"), has_container=True),
    ProviderStyle(is_typed=True, source=AddressSource.INGRESS),
    ProviderStyle(reconciles=True, endpoints=("profiling-endpoint", "other-endpoint")),
)
CONSUMER_STYLES = (
    ConsumerStyle(),
    ConsumerStyle(reconciles=True),
    ConsumerStyle(source=AddressSource.INGRESS),
)
STYLES: Tuple[Union[ProviderStyle, ConsumerStyle], ...] = (*PROVIDER_STYLES, *CONSUMER_STYLES)
