"""Some charms, related and at rest, whose hooks run as processes."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple, Optional

from tests.juju.dispatch import Controller, Dispatch, publish
from tests.juju.expectations import asked_configuration, unit_databag
from tests.juju.faults import NO_TROUBLE, Trouble
from tests.juju.hooks import Hook
from tests.juju.model import COS, Application, Juju, Relation, Unit
from tests.juju.styles import CONSUMER_STYLES, OBSERVING, ConsumerStyle, ProviderStyle


class World(NamedTuple):
    """Some charms, related and at rest."""

    juju: Juju
    controller: Controller
    zinc: Application
    parca: Application
    relation: Relation

    def is_served(self) -> bool:
        """Return whether all of Parca's units have what the living providers ask for."""
        asked = asked_configuration(self.juju, self.parca)
        return all(
            self.controller.configurations.get(unit) == asked for unit in self.parca.living_units
        )

    def move(self, unit: Unit) -> None:
        """Move a unit to another address that it publishes."""
        self.juju.move(unit)
        unit.due.clear()
        for _, side, _ in self.juju.sides_of(unit):
            side.write_unit(unit.number, unit_databag(unit, side))

    def run_one(self, unit: Unit, hook_name: str, trouble: Trouble = NO_TROUBLE) -> Dispatch:
        """Run a hook that belongs to no relation."""
        unit.owe(hook_name)
        return self.controller.run(unit, Hook(hook_name), trouble)


def make_world(
    folder: Path,
    library: str,
    style: ProviderStyle = OBSERVING,
    parca_style: ConsumerStyle = CONSUMER_STYLES[0],
    *,
    units: int = 2,
    jobs: Optional[str] = '[{"static_configs": [{"targets": ["*:8080"]}]}]',
) -> World:
    """Return a profiled charm and a Parca charm, related and at rest."""
    juju = Juju()
    zinc = Application("zinc", COS, style, jobs)
    parca = Application("parca", COS, parca_style)
    juju.deploy(zinc, units)
    juju.deploy(parca)
    relation = juju.relate(zinc, "profiling-endpoint", parca, "")
    publish(juju)
    return World(juju, Controller(juju, folder, library), zinc, parca, relation)
