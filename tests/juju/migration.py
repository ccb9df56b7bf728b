"""The way from the machine charm parca to parca-k8s, with the profiled charms related to both."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Dict, Iterable, List, Optional, Sequence

from parca_scrape.cli.comparison import compare
from parca_scrape.cli.diff import describe, is_unchanged
from parca_scrape.cli.reference import render_reference
from parca_scrape.cli.relations import RelationTexts
from parca_scrape.cli.series import Series, list_series
from tests.juju.agent import Agent
from tests.juju.dispatch import Controller
from tests.juju.hooks import Hook, hooks_due
from tests.juju.model import COS, EDGE, Application, Juju, Unit
from tests.juju.old_providers import OldProvider, Stage
from tests.juju.styles import CONSUMER_STYLES, OBSERVING, ConsumerStyle


class Migration:
    """Old providers and the machine charm parca in one model, and parca-k8s in another.

    The machine charm keeps the library that it has; parca-k8s has the package.
    """

    def __init__(
        self,
        old_providers: Sequence[OldProvider],
        style: ConsumerStyle = CONSUMER_STYLES[0],
        folder: Optional[Path] = None,
        units: int = 2,
    ) -> None:
        """Deploy the providers and the machine charm, and relate them.

        Args:
            old_providers: the profiled charms.
            style: how parca-k8s uses the package.
            folder: where the hooks of charms with the package run as processes; without one they
                run in this process.
            units: how many units each profiled charm has.
        """
        self._juju = Juju()
        self._controller = Controller(self._juju, folder, "package") if folder else None
        self._agents: Dict[Unit, Agent] = {}
        self._machine = Application("parca", EDGE, CONSUMER_STYLES[0], is_published=True)
        self._k8s = Application("parca-k8s", COS, style)
        self._juju.deploy(self._machine)
        for number, old in enumerate(old_providers):
            jobs = old.case["jobs"]
            text = None if jobs is None else json.dumps(jobs)
            application = Application(
                old.name, EDGE, OBSERVING, text, is_published=True, history=old.case
            )
            self._juju.deploy(application, units)
            for unit in application.units.values():
                unit.address = address_of(number, unit.number)
            self._juju.relate(application, "profiling-endpoint", self._machine, "")
        self._run_hooks()

    def integrate(self) -> None:
        """Deploy parca-k8s, and relate all providers to its offer."""
        self._juju.deploy(self._k8s)
        for number, application in enumerate(self._juju.providers):
            self._juju.relate(application, "profiling-endpoint", self._k8s, f"{number:032x}")
        self._run_hooks()

    def upgrade_providers(self) -> None:
        """Upgrade all providers to the package."""
        for application in self._juju.providers:
            self._juju.upgrade(application)
        self._run_hooks()

    def remove_machine_relations(self) -> None:
        """Let the machine charm go, once parca-k8s has all that it had."""
        for relation in self._juju.living_relations:
            if relation.consumer.application is self._machine:
                self._juju.remove_relation(relation)
        self._run_hooks()

    @property
    def machine_configs(self) -> List[object]:
        """What the machine charm makes of the databags in its relations."""
        return render_reference(
            [
                RelationTexts(
                    relation.consumer.relation_id,
                    relation.consumer.remote_name,
                    relation.provider.app_databag,
                    {
                        f"{relation.consumer.remote_name}/{number}": databag
                        for number, databag in relation.provider.databags.items()
                    },
                )
                for relation in self._juju.relations
                if relation.consumer.application is self._machine
            ],
            "machine",
        )

    @property
    def k8s_configs(self) -> List[object]:
        """What parca-k8s wrote into Parca's configuration."""
        [unit] = self._k8s.living_units
        if self._controller is not None:
            scrape_configs: List[object] = self._controller.configurations[unit]
            return scrape_configs
        return self._agents[unit].configuration

    @property
    def ingress_addresses(self) -> List[str]:
        """The addresses that Juju writes for the units in the relations with parca-k8s."""
        return [
            databag["ingress-address"]
            for relation in self._juju.relations
            if relation.consumer.application is self._k8s
            for databag in relation.provider.databags.values()
        ]

    def _run_hooks(self) -> None:
        """Run hooks until none is due."""
        while True:
            due = [
                (unit, hook) for unit in self._juju.units for hook in hooks_due(self._juju, unit)
            ]
            if not due:
                return
            self._run(*due[0])

    def _run(self, unit: Unit, hook: Hook) -> None:
        if self._controller is None or unit.application.is_published:
            self._agents.setdefault(unit, Agent(self._juju, unit)).run(hook)
        else:
            ran = self._controller.run(unit, hook)
            assert ran.exit_code == 0, ran.output


def address_of(application: int, unit: int) -> str:
    """Return the loopback address of a unit."""
    return f"127.0.{application + 1}.{unit + 1}"


def series_of(scrape_configs: Iterable[object]) -> List[Series]:
    """Return the series of scrape configs, about which nothing may be uncertain."""
    series, warnings = list_series(scrape_configs)
    assert warnings == []
    return series


def find_differences(old: Iterable[Series], new: Iterable[Series]) -> Dict[str, List[str]]:
    """Return what becomes of the targets of each application, other than that they go on."""
    rows = compare(old, new)
    found: Dict[str, List[str]] = {application_of(row.series): [] for row in rows}
    for row in rows:
        if not is_unchanged(row):
            profiles = () if row.is_whole else row.profiles
            words = [row.change.value, row.series.address, *profiles, describe(row)]
            found[application_of(row.series)].append(" ".join(words).rstrip())
    return found


def application_of(series: Series) -> str:
    """Return the application that a series belongs to."""
    return dict(series.labels)["juju_application"]


def listed_differences(old_providers: Sequence[OldProvider], stage: Stage) -> Dict[str, List[str]]:
    """Return the only differences that a stage of the migration of two units each may make."""
    return {
        old.name: [
            row.format(address_of(number, 0), address_of(number, 1))
            for row in old.differences.get(stage, ())
        ]
        for number, old in enumerate(old_providers)
    }
