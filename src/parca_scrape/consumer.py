"""The Parca side: what to scrape, from the databags of all relations."""

from __future__ import annotations

import dataclasses
import os
from typing import Any, Dict, List, Mapping, Tuple

import ops

from parca_scrape._endpoint import (
    ProblemLog,
    RelationLister,
    check_endpoint,
    describe_denial,
    find_running_hook,
    has_application,
)
from parca_scrape._names import DEFAULT_RELATION_NAME
from parca_scrape.databag import (
    INGRESS_ADDRESS_KEY,
    UNIT_ADDRESS_KEY,
    AppDatabag,
    RelationDatabags,
    UnitDatabag,
    read_app,
)
from parca_scrape.problems import Problem
from parca_scrape.render import ScrapeConfig, render
from parca_scrape.targets import AddressSource

ADDRESS_KEYS = {
    AddressSource.PUBLISHED: UNIT_ADDRESS_KEY,
    AddressSource.INGRESS: INGRESS_ADDRESS_KEY,
}


class TargetsChangedEvent(ops.EventBase):
    """What Parca should scrape may have changed in the relation with the id `relation_id`."""

    def __init__(self, handle: ops.Handle, relation_id: int) -> None:
        super().__init__(handle)
        self.relation_id: int = relation_id

    def snapshot(self) -> Dict[str, int]:
        """Return what the event needs to survive a deferral."""
        return {"relation_id": self.relation_id}

    def restore(self, snapshot: Mapping[str, int]) -> None:
        """Restore the event from what `snapshot` returned."""
        self.relation_id = snapshot["relation_id"]


class MonitoringEvents(ops.ObjectEvents):
    """The events of `ProfilingEndpointConsumer`."""

    targets_changed: ops.EventSource = ops.EventSource(TargetsChangedEvent)


class ProfilingEndpointConsumer(ops.Object):
    """Collects the scrape configs for a Parca charm.

    Observe `on.targets_changed` and write what `jobs()` returns into Parca's configuration, or
    call `jobs()` in every hook.
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
            relation_name: the endpoint, under `requires` in the charm's metadata.
            unit_address: `PUBLISHED`, or `INGRESS` for Juju's own address of each unit, for Parca
                in another model, where a published host name may not resolve.

        Raises:
            RelationNotFoundError: the charm's metadata has no relation of this name.
            RelationInterfaceMismatchError: the relation has another interface.
            RelationRoleMismatchError: the relation is under `provides`.
            ValueError: `unit_address` is neither of the two.
        """
        check_endpoint(charm, relation_name, ops.RelationRole.requires)
        if unit_address not in ADDRESS_KEYS:
            raise ValueError("unit_address: must be AddressSource.PUBLISHED or INGRESS")
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
        """Return the scrape configs of all relations, each a new dict of type `ScrapeConfig`.

        Parca loads and scrapes all of them, whatever is in the databags. Problems are logged, each
        once per hook.
        """
        scrape_configs, problems = self._render()
        self._problem_log.log(problems)
        return scrape_configs

    def problems(self) -> List[Problem]:
        """Return everything that is wrong in the current databags."""
        return self._render()[1]

    def _render(self) -> Tuple[List[ScrapeConfig], List[Problem]]:
        relations, denials = self._lister.list_relations()
        scrape_configs, problems = render(map(self._read, filter(has_application, relations)))
        return scrape_configs, denials + problems

    def _read(self, relation: ops.Relation) -> RelationDatabags:
        """Return what the databags of a relation hold, as far as Juju lets this unit read them."""
        try:
            app_texts = read_app(relation.data[relation.app])
        except ops.ModelError as error:
            problem = describe_denial(error)
            return RelationDatabags(relation.id, relation.app.name, AppDatabag(), {}, [problem])
        units, problems = self._read_units(relation)
        return RelationDatabags.decode(relation.id, relation.app.name, app_texts, units, problems)

    def _read_units(self, relation: ops.Relation) -> Tuple[Dict[str, UnitDatabag], List[Problem]]:
        """Return the units of a relation, by the name in Juju; a denied one has no address."""
        departing = ""
        if find_running_hook(self._relation_name, "departed") == relation.id:
            departing = os.environ.get("JUJU_DEPARTING_UNIT", "")
        units: Dict[str, UnitDatabag] = {}
        problems: List[Problem] = []
        for unit in relation.units:
            name = unit.name
            # ops 2.23.0 and 3.0.0 list units of the application that are in another relation.
            if name == departing or unit not in relation.data:
                continue
            try:
                units[name], found = UnitDatabag.decode(relation.data[unit], self._address_key)
            except ops.ModelError as error:
                units[name], found = UnitDatabag(), [describe_denial(error)]
            if found:
                problems += [dataclasses.replace(problem, unit=name) for problem in found]
        return units, problems
