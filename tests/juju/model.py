"""What Juju knows: applications, their units, and relations with their databags."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any, Dict, Iterator, List, Mapping, Optional, Set, Tuple, Union

from tests.hook_tools import Databag
from tests.juju.styles import ConsumerStyle, ProviderStyle


@dataclass(frozen=True)
class Model:
    """A Juju model."""

    name: str
    uuid: str


COS = Model("cos", "20ce8299-3634-4bef-8bd8-5ace6c8816b4")
EDGE = Model("edge/lab", "a4ff60d9-bd9c-4e2e-8a4d-4a5f3b6c2a10")


class Ghost(enum.Enum):
    """What Juju answers about a relation that was removed by force."""

    DENIED = "denied"
    """relation-list knows it, relation-get and relation-set deny it."""
    UNKNOWN = "unknown"
    """No such relation."""
    UNLISTED = "unlisted"
    """Not even relation-list answers."""


@dataclass(eq=False)
class Unit:
    """A unit of an application."""

    application: Application
    number: int
    address: str
    due: List[str]
    """The hooks without a relation that have yet to run, the oldest first."""
    is_started: bool = False
    is_dying: bool = False

    @property
    def name(self) -> str:
        """The unit's name in its own model."""
        return f"{self.application.name}/{self.number}"

    @property
    def is_leader(self) -> bool:
        """Whether the unit may write the application's databags."""
        return self.application.leader == self.number

    def owe(self, hook_name: str) -> None:
        """Make a hook due, unless it is already."""
        if hook_name not in self.due:
            self.due.append(hook_name)


class Application:
    """An application of a charm under test.

    Attributes:
        style: how its charm uses the library.
        jobs: the JSON text of a provider's jobs; None for the library's own default.
        is_published: whether its charm has a published version of the library.
        history: the recorded case that a published provider follows.
    """

    def __init__(
        self,
        name: str,
        model: Model,
        style: Union[ProviderStyle, ConsumerStyle],
        jobs: Optional[str] = None,
        *,
        is_published: bool = False,
        history: Optional[Mapping[str, Any]] = None,
    ) -> None:
        self.name = name
        self.model = model
        self.style = style
        self.jobs = jobs
        self.is_published = is_published
        self.history = history
        self.leader: Optional[int] = None
        self.units: Dict[int, Unit] = {}
        self.next_number = 0

    @property
    def living_units(self) -> List[Unit]:
        """The units that stay."""
        return [unit for unit in self.units.values() if not unit.is_dying]


class View:
    """How much a unit knows of a relation."""

    def __init__(self) -> None:
        self.is_created = False
        self.members: Dict[int, int] = {}
        """The remote units that have joined, and the version of their databag that it knows."""
        self.app_version = 0


class Side:
    """One side of a relation.

    Attributes:
        remote_name: what the other application is called in this side's model.
        databags: the databag of each unit; Juju keeps those of units that have left.
        in_scope: the units that take part.
        views: what each unit knows of the relation.
    """

    def __init__(
        self, application: Application, endpoint: str, relation_id: int, remote_name: str
    ) -> None:
        self.application = application
        self.endpoint = endpoint
        self.relation_id = relation_id
        self.remote_name = remote_name
        self.app_databag: Databag = {}
        self.app_version = 0
        self.databags: Dict[int, Databag] = {}
        self.versions: Dict[int, int] = {}
        self.in_scope: Set[int] = set()
        self.views: Dict[int, View] = {}

    def write_unit(self, number: int, changes: Databag) -> None:
        """Change a unit's databag."""
        databag = self.databags[number]
        if any(databag.get(key) != changes[key] for key in changes):
            databag.update(changes)
            self.versions[number] += 1

    def write_app(self, changes: Databag) -> None:
        """Change the application's databag."""
        if any(self.app_databag.get(key) != changes[key] for key in changes):
            self.app_databag.update(changes)
            self.app_version += 1


@dataclass(eq=False)
class Relation:
    """A relation of a provider and a consumer."""

    provider: Side
    consumer: Side
    is_dying: bool = False
    ghost: Optional[Ghost] = None
    """Set when it was removed by force: units still list it, but can no longer use it."""
    is_buried: bool = False
    """Whether the agents know that the ghost is gone."""

    @property
    def is_living(self) -> bool:
        """Whether the relation stays."""
        return not self.is_dying and self.ghost is None

    @property
    def sides(self) -> Tuple[Side, Side]:
        """Both sides."""
        return self.provider, self.consumer

    def remote(self, side: Side) -> Side:
        """Return the other side."""
        return self.consumer if side is self.provider else self.provider


class Juju:
    """A controller with two models, in which a Parca charm and profiled charms live."""

    def __init__(self, first_relation_id: int = 1) -> None:
        self.applications: List[Application] = []
        self.relations: List[Relation] = []
        self._next_ids: Dict[Model, int] = {COS: first_relation_id, EDGE: 97}
        self._addresses = 0

    @property
    def units(self) -> List[Unit]:
        """All units, dying ones too."""
        return [unit for app in self.applications for unit in app.units.values()]

    @property
    def providers(self) -> List[Application]:
        """The profiled applications."""
        return [app for app in self.applications if isinstance(app.style, ProviderStyle)]

    @property
    def living_relations(self) -> List[Relation]:
        """The relations that stay."""
        return [relation for relation in self.relations if relation.is_living]

    def sides_of(self, unit: Unit) -> Iterator[Tuple[Relation, Side, View]]:
        """Yield the relations that a unit's hook tools list, as it sees them."""
        for relation in self.relations:
            for side in relation.sides:
                if side.application is unit.application and unit.number in side.views:
                    yield relation, side, side.views[unit.number]

    def deploy(self, application: Application, units: int = 1) -> None:
        """Add an application and its units; the first unit is the leader."""
        self.applications.append(application)
        for _ in range(units):
            self.add_unit(application)

    def add_unit(self, application: Application) -> Unit:
        """Scale an application up."""
        number = application.next_number
        application.next_number += 1
        if application.leader is None:
            application.leader = number
        due = ["install", "config-changed", "start", *application.style.refresh_hooks]
        if application.leader == number:
            due.insert(1, "leader-elected")
        unit = Unit(application, number, self._new_address(application, number), due)
        application.units[number] = unit
        for relation in self.relations:
            for side in relation.sides:
                if side.application is application and relation.is_living:
                    self._enter(side, unit)
        return unit

    def remove_unit(self, unit: Unit) -> None:
        """Scale an application down; others see the unit depart before it is gone."""
        unit.is_dying = True
        if unit.is_leader:
            unit.application.leader = None
        for relation, side, view in list(self.sides_of(unit)):
            side.in_scope.discard(unit.number)
            if not (view.is_created or relation.ghost):
                self.leave(relation, side, unit)

    def elect(self, unit: Unit) -> None:
        """Make a unit the leader."""
        if not unit.is_leader:
            unit.application.leader = unit.number
            unit.owe("leader-elected")

    def relate(
        self, provider: Application, endpoint: str, consumer: Application, token: str
    ) -> Relation:
        """Relate a provider to Parca.

        Args:
            provider: the profiled application.
            endpoint: its endpoint.
            consumer: the Parca application.
            token: what Juju calls the side that took an offer of the other model.
        """
        provider_name, consumer_name = provider.name, consumer.name
        relation_id = provider_id = self._new_id(consumer.model)
        if provider.model != consumer.model:
            provider_id = self._new_id(provider.model)
            # Juju knows the application that took the offer only by a token.
            if endpoint == "other-endpoint":
                consumer_name = f"remote-{token}"
            else:
                provider_name = f"remote-{token}"
        relation = Relation(
            Side(provider, endpoint, provider_id, consumer_name),
            Side(consumer, "profiling-endpoint", relation_id, provider_name),
        )
        self.relations.append(relation)
        for side in relation.sides:
            for unit in side.application.living_units:
                self._enter(side, unit)
        return relation

    def remove_relation(self, relation: Relation) -> None:
        """Let units depart and the relation break, each in a hook of its own."""
        relation.is_dying = True
        for side in relation.sides:
            for number, view in list(side.views.items()):
                if not view.is_created:
                    self.leave(relation, side, side.application.units[number])

    def remove_by_force(self, relation: Relation, ghost: Ghost) -> None:
        """Remove a relation without any hook."""
        relation.ghost = ghost

    def bury(self, relation: Relation) -> None:
        """Let the agents learn that a ghost is gone.

        Where relation-list does not answer, ops fails every hook of the relation before the charm
        sees it, and an operator has to resolve it.
        """
        relation.is_buried = True
        if relation.ghost is Ghost.UNLISTED:
            for side in relation.sides:
                for number in list(side.views):
                    self.leave(relation, side, side.application.units[number])

    def leave(self, relation: Relation, side: Side, unit: Unit) -> None:
        """Let a unit forget a relation, which goes with its last unit."""
        side.views.pop(unit.number, None)
        side.in_scope.discard(unit.number)
        if not (relation.is_living or any(other.views for other in relation.sides)):
            self.relations.remove(relation)

    def forget(self, unit: Unit) -> None:
        """Remove a unit that has run its last hook."""
        del unit.application.units[unit.number]

    def configure(self, application: Application, jobs: Optional[str]) -> None:
        """Change an application's configuration."""
        application.jobs = jobs
        for unit in application.units.values():
            unit.owe("config-changed")

    def upgrade(self, application: Application) -> None:
        """Upgrade an application to the charm with our library."""
        application.is_published = False
        for unit in application.units.values():
            if unit.is_started:
                unit.owe("upgrade-charm")
                unit.owe("config-changed")

    def move(self, unit: Unit) -> None:
        """Move a unit to another address, as when its pod is rescheduled."""
        unit.address = self._new_address(unit.application, unit.number)
        for hook_name in unit.application.style.refresh_hooks:
            unit.owe(hook_name)
        for _, side, _ in self.sides_of(unit):
            side.write_unit(unit.number, self._ingress())

    def _enter(self, side: Side, unit: Unit) -> None:
        """Let a unit take part in a relation; Juju writes into its databag."""
        side.databags[unit.number] = self._ingress()
        side.in_scope.add(unit.number)
        side.versions[unit.number] = 0
        side.views[unit.number] = View()

    def _ingress(self) -> Databag:
        self._addresses += 1
        return {"ingress-address": f"192.0.2.{self._addresses}"}

    def _new_id(self, model: Model) -> int:
        self._next_ids[model] += 1
        return self._next_ids[model] - 1

    def _new_address(self, application: Application, number: int) -> str:
        self._addresses += 1
        return f"{application.name}-{number}-{self._addresses}.{application.name}-endpoints"
