"""Where in Juju profiles come from, and the labels that say so in Parca."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Dict, Mapping, Optional, Sequence

if TYPE_CHECKING:
    import ops

TOPOLOGY_KEYS = ("model", "model_uuid", "application", "unit", "charm_name")
SHORT_UUID_LENGTH = 8
UUID = "[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"


@dataclass(frozen=True)
class Topology:
    """The place of a charm in Juju. The UUID is not checked: Juju 4 uses those of version 7."""

    model: str
    model_uuid: str
    application: str
    unit: Optional[str] = None
    charm_name: Optional[str] = None

    @classmethod
    def from_charm(cls, charm: ops.CharmBase) -> Topology:
        """Return the topology of the unit that runs `charm`."""
        return cls(
            model=charm.model.name,
            model_uuid=charm.model.uuid,
            application=charm.model.app.name,
            unit=charm.model.unit.name,
            charm_name=charm.meta.name,
        )

    @classmethod
    def from_dict(cls, data: Mapping[str, str]) -> Topology:
        """Return the topology in a dict like that of `as_dict`; unit and charm name are optional.

        Raises:
            KeyError: `model`, `model_uuid` or `application` is missing.
        """
        return cls(
            model=data["model"],
            model_uuid=data["model_uuid"],
            application=data["application"],
            unit=data.get("unit", ""),
            charm_name=data.get("charm_name", ""),
        )

    def as_dict(
        self,
        *,
        remapped_keys: Optional[Mapping[str, str]] = None,
        included_keys: Optional[Sequence[str]] = None,
        excluded_keys: Optional[Sequence[str]] = None,
    ) -> Dict[str, Optional[str]]:
        """Return the topology as a dict, always in the same order.

        Args:
            remapped_keys: other names for some of the keys.
            included_keys: the only keys to include, by their own names; None or empty means all.
            excluded_keys: the keys to leave out, by their own names.
        """
        names, excluded = remapped_keys or {}, excluded_keys or ()
        return {
            names.get(key) or key: getattr(self, key)
            for key in TOPOLOGY_KEYS
            if key in (included_keys or TOPOLOGY_KEYS) and key not in excluded
        }

    @property
    def model_uuid_short(self) -> str:
        """The first eight characters of the model UUID."""
        return self.model_uuid[:SHORT_UUID_LENGTH]

    @property
    def identifier(self) -> str:
        """A short name: model, short model UUID and application, those that are known."""
        parts = (self.model, self.model_uuid_short, self.application)
        return "_".join(filter(None, parts)).replace("/", "_")

    @property
    def scrape_identifier(self) -> str:
        """The identifier as the name of a scrape config."""
        return f"juju_{self.identifier}_parca_scrape"

    @property
    def label_matcher_dict(self) -> Dict[str, str]:
        """The labels of all profiles of the application, without empty ones."""
        labels = {
            "juju_model": self.model,
            "juju_model_uuid": self.model_uuid,
            "juju_application": self.application,
            "juju_charm": self.charm_name,
        }
        return {name: value for name, value in labels.items() if value}

    @property
    def label_matchers(self) -> str:
        """The labels in the form of a query: `name="value"`, separated by commas."""
        return ", ".join(f'{name}="{value}"' for name, value in self.label_matcher_dict.items())


ProviderTopology = Topology


def is_uuid(text: str) -> bool:
    """Return whether `text` is a UUID of any version, in the form that Juju uses."""
    return re.fullmatch(UUID, text) is not None
