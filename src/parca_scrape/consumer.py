"""The side of Parca: what to scrape, out of the databags of all relations."""

from __future__ import annotations

import os
from typing import Any, Dict, Iterator, List, Mapping, Tuple

import ops

from parca_scrape._endpoint import (
    DEFAULT_RELATION_NAME,
    ProblemLog,
    RelationLister,
    check_endpoint,
    denial,
    in_relation,
    remote_application,
    running_hook,
)
from parca_scrape.databag import (
    INGRESS_ADDRESS_KEY,
    UNIT_ADDRESS_KEY,
    read_app,
    read_ingress,
    read_unit,
)
from parca_scrape.problems import Problem
from parca_scrape.render import RelationDatabags, ScrapeConfig, render
from parca_scrape.targets import AddressSource

ADDRESS_KEYS = {
    AddressSource.PUBLISHED: UNIT_ADDRESS_KEY,
    AddressSource.INGRESS: INGRESS_ADDRESS_KEY,
}


class TargetsChangedEvent(ops.EventBase):
    """What Parca has to scrape may have changed.

    Attributes:
        relation_id: id of the relation in which something changed.
    """

    def __init__(self, handle: ops.Handle, relation_id: int) -> None:
        super().__init__(handle)
        self.relation_id: int = relation_id

    def snapshot(self) -> Dict[str, int]:
        """Give what the event needs to survive a deferral."""
        return {"relation_id": self.relation_id}

    def restore(self, snapshot: Mapping[str, int]) -> None:
        """Take what `snapshot` gave."""
        self.relation_id = snapshot["relation_id"]


class MonitoringEvents(ops.ObjectEvents):
    """The events of `ProfilingEndpointConsumer`."""

    targets_changed: ops.EventSource = ops.EventSource(TargetsChangedEvent)


class ProfilingEndpointConsumer(ops.Object):
    """Tells a Parca charm what to scrape.

    Observe `on.targets_changed` and write what `jobs()` returns into Parca's configuration, or
    call `jobs()` at every event.
    """

    on: MonitoringEvents = MonitoringEvents()

    def __init__(
        self,
        charm: ops.CharmBase,
        relation_name: str = DEFAULT_RELATION_NAME,
        *,
        unit_address: AddressSource = AddressSource.PUBLISHED,
    ) -> None:
        """Observe the relations of an endpoint.

        Args:
            charm: the Parca charm.
            relation_name: the endpoint, in the charm's metadata under `requires`.
            unit_address: `PUBLISHED`, or `INGRESS` for Juju's own address of each unit: it is
                reached from another model where a published host name may not resolve.

        Raises:
            RelationNotFoundError: the charm's metadata has no relation of this name.
            RelationInterfaceMismatchError: it is of another interface.
            RelationRoleMismatchError: it is on the other side.
            ValueError: `unit_address` is neither of the two.
        """
        check_endpoint(charm, relation_name, ops.RelationRole.requires)
        if unit_address not in ADDRESS_KEYS:
            raise ValueError("unit_address: must be AddressSource.PUBLISHED or INGRESS here")
        super().__init__(charm, relation_name)
        self._relation_name = relation_name
        self._address_key = ADDRESS_KEYS[unit_address]
        self._lister = RelationLister(self.model, relation_name)
        self._problem_log = ProblemLog()
        events = charm.on[relation_name]
        for event in (events.relation_changed, events.relation_departed, events.relation_broken):
            self.framework.observe(event, self.on_profiling_provider_relation_changed)

    def on_profiling_provider_relation_changed(self, event: ops.RelationEvent) -> None:
        """Emit `targets_changed` for the relation of `event`."""
        self.on.targets_changed.emit(relation_id=event.relation.id)

    def jobs(self) -> List[Any]:
        """Give the scrape configs of all relations, each a new dict like `ScrapeConfig`.

        Parca loads and serves all of them, whatever the databags hold; what is wrong is logged.
        """
        scrape_configs, problems = self._render()
        self._problem_log.log(problems)
        return scrape_configs

    def problems(self) -> List[Problem]:
        """Tell all that is wrong in the current databags."""
        return self._render()[1]

    def _render(self) -> Tuple[List[ScrapeConfig], List[Problem]]:
        problems: List[Problem] = []
        scrape_configs, found = render(self._read(problems))
        return scrape_configs, problems + found

    def _read(self, problems: List[Problem]) -> Iterator[RelationDatabags]:
        """Give the databags of the relations that Juju lets this unit read."""
        relations, denied = self._lister.list_relations()
        problems += denied
        for relation in relations:
            application = remote_application(relation)
            if application is None:
                continue
            try:
                app_databag = read_app(relation.data[application])
                units = self._read_units(relation, problems)
                yield RelationDatabags(
                    relation.id, application.name, app_databag, units, self._address_key
                )
            except ops.ModelError as error:
                problems.append(in_relation(denial(error), relation))

    def _read_units(
        self, relation: ops.Relation, problems: List[Problem]
    ) -> List[Tuple[str, str, str]]:
        """Give name, address and published name of the units; one that Juju denies has none."""
        read = read_unit if self._address_key == UNIT_ADDRESS_KEY else read_ingress
        departing = ""
        if running_hook(self._relation_name, "departed") == relation.id:
            departing = os.environ.get("JUJU_DEPARTING_UNIT", "")
        units: List[Tuple[str, str, str]] = []
        for unit in relation.units:
            name = unit.name
            if name == departing:
                continue
            try:
                units.append(read(name, relation.data[unit]))
            except ops.ModelError as error:
                problems.append(in_relation(denial(error, unit_name=name), relation))
                units.append((name, "", ""))
        return units
