"""Providers and a consumer through everything that Juju may do to them, faults included."""

from __future__ import annotations

import json
import random
from typing import Optional, Sequence, Tuple, TypeVar

import hypothesis
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.hook_tools import TOOLS
from tests.juju.faults import Trouble
from tests.juju.fleet import Fleet
from tests.juju.model import COS, EDGE, Application, Ghost, Juju, Unit
from tests.juju.published import CASES, history_jobs
from tests.juju.styles import (
    CONSUMER_STYLES,
    OBSERVING,
    PROVIDER_STYLES,
    ConsumerStyle,
    ProviderStyle,
)

Item = TypeVar("Item")

NAMES = ("zinc", "mimir", "loki", "tempo")
# A story takes as long as this many examples of another property.
EXAMPLES_PER_STORY = 3
STEPS = 30
HOOKS_AT_A_TIME = 4
MAX_UNITS = 3
MAX_RELATIONS = 5
JOBS: Tuple[object, ...] = (None, [], *(history_jobs(number) for number in range(1, len(CASES))))
PICKS = st.integers(0, 63)


def pick(items: Sequence[Item], number: int) -> Item:
    return items[number % len(items)]


class Lifecycle(RuleBasedStateMachine):
    """Some profiled charms and a Parca charm, run by Juju."""

    def __init__(self) -> None:
        super().__init__()
        # relation-ids lists 10 before 9.
        self.juju = Juju(first_relation_id=8)
        self.parca = Application("parca", COS, CONSUMER_STYLES[0])
        self.fleet = Fleet(self.juju, self.parca, is_stale=False)

    @initialize(
        style=st.sampled_from(CONSUMER_STYLES),
        is_published=st.booleans(),
        provider_style=st.sampled_from(PROVIDER_STYLES),
        jobs=st.sampled_from(JOBS),
        is_stale=st.booleans(),
        order=st.randoms(use_true_random=False),
    )
    def begin(
        self,
        style: ConsumerStyle,
        is_published: bool,
        provider_style: ProviderStyle,
        jobs: object,
        is_stale: bool,
        order: random.Random,
    ) -> None:
        self.order = order
        self.parca = Application("parca", COS, style, is_published=is_published)
        self.fleet = Fleet(self.juju, self.parca, is_stale)
        self.juju.deploy(self.parca)
        self.deploy(provider_style, jobs, False, 1)
        self.relate(0, 0)

    @precondition(lambda self: len(self.juju.providers) < len(NAMES))
    @rule(
        style=st.sampled_from(PROVIDER_STYLES),
        jobs=st.sampled_from(JOBS),
        is_elsewhere=st.booleans(),
        units=st.integers(1, MAX_UNITS),
    )
    def deploy(self, style: ProviderStyle, jobs: object, is_elsewhere: bool, units: int) -> None:
        text = None if jobs is None else json.dumps(jobs)
        name = NAMES[len(self.juju.providers)]
        self.juju.deploy(Application(name, EDGE if is_elsewhere else COS, style, text), units)

    @precondition(lambda self: len(self.juju.providers) < len(NAMES))
    @rule(
        history=st.integers(0, len(CASES) - 1),
        is_elsewhere=st.booleans(),
        units=st.integers(1, MAX_UNITS),
    )
    def deploy_published(self, history: int, is_elsewhere: bool, units: int) -> None:
        jobs = history_jobs(history)
        application = Application(
            NAMES[len(self.juju.providers)],
            EDGE if is_elsewhere else COS,
            OBSERVING,
            None if jobs is None else json.dumps(jobs),
            is_published=True,
            history=CASES[history],
        )
        self.juju.deploy(application, units)
        self.relate(len(self.juju.providers) - 1, 0)
        for unit in application.living_units:
            agent = self.fleet.agent(unit)
            while agent.hooks_due:
                self.fleet.run(agent, agent.hooks_due[0])

    @precondition(lambda self: len(self.juju.relations) < MAX_RELATIONS)
    @rule(provider=PICKS, endpoint=PICKS)
    def relate(self, provider: int, endpoint: int) -> None:
        application = pick(self.juju.providers, provider)
        assert isinstance(application.style, ProviderStyle)
        name = pick(application.style.endpoints, endpoint)
        token = f"{len(self.juju.relations):032x}"
        self.juju.relate(application, name, self.parca, token)

    @rule(application=PICKS)
    def add_unit(self, application: int) -> None:
        chosen = pick(self.juju.applications, application)
        if len(chosen.living_units) < MAX_UNITS:
            self.juju.add_unit(chosen)

    @rule(unit=PICKS)
    def remove_unit(self, unit: int) -> None:
        living = [unit for unit in self.juju.units if not unit.is_dying]
        chosen = pick(living, unit)
        if len(chosen.application.living_units) > 1:
            self.juju.remove_unit(chosen)

    @rule(unit=PICKS)
    def elect(self, unit: int) -> None:
        self.juju.elect(pick([unit for unit in self.juju.units if not unit.is_dying], unit))

    @rule(provider=PICKS, jobs=st.sampled_from(JOBS))
    def configure(self, provider: int, jobs: object) -> None:
        application = pick(self.juju.providers, provider)
        if not application.is_published:
            self.juju.configure(application, None if jobs is None else json.dumps(jobs))

    @rule(unit=PICKS)
    def move(self, unit: int) -> None:
        self.juju.move(pick([unit for unit in self.juju.units if not unit.is_dying], unit))

    @rule(application=PICKS)
    def upgrade(self, application: int) -> None:
        self.fleet.upgrade(pick(self.juju.applications, application))

    @rule(unit=PICKS)
    def update_status(self, unit: int) -> None:
        pick(self.juju.units, unit).owe("update-status")

    @precondition(lambda self: bool(self.juju.living_relations))
    @rule(relation=PICKS)
    def remove_relation(self, relation: int) -> None:
        self.juju.remove_relation(pick(self.juju.living_relations, relation))

    @precondition(lambda self: bool(self.juju.living_relations))
    @rule(relation=PICKS, ghost=st.sampled_from(Ghost))
    def remove_by_force(self, relation: int, ghost: Ghost) -> None:
        self.juju.remove_by_force(pick(self.juju.living_relations, relation), ghost)
        self.fleet.note_missed(self.parca)
        self.fleet.tally["relations removed by force"] += 1

    @rule(tool=st.sampled_from([*TOOLS.values()]), answered=st.integers(0, 2))
    def deny_a_call(self, tool: str, answered: int) -> None:
        for unit in [*self.juju.units]:
            self.meet(unit, Trouble(denied_tool=tool, answered=answered))

    @rule(unit=PICKS, relation=PICKS)
    def deny_a_relation(self, unit: int, relation: int) -> None:
        chosen = self.any_unit(unit)
        self.meet(chosen, Trouble(denied_id=self.relation_id(chosen, relation)))

    @rule(unit=PICKS, relation=PICKS)
    def hide_a_remote_application(self, unit: int, relation: int) -> None:
        chosen = self.any_unit(unit)
        self.meet(chosen, Trouble(nameless_id=self.relation_id(chosen, relation)))

    @rule(unit=PICKS)
    def let_a_hook_fail(self, unit: int) -> None:
        self.meet(self.any_unit(unit), Trouble(fails=True))

    @rule(unit=PICKS)
    def let_an_event_be_deferred(self, unit: int) -> None:
        self.meet(pick(list(self.parca.units.values()), unit), Trouble(defers=True))

    @invariant()
    def run_some_hooks(self) -> None:
        """Run some of the hooks that are due before the next thing happens."""
        self.fleet.tally["steps"] += 1
        for _ in range(self.order.randrange(HOOKS_AT_A_TIME)):
            due = self.fleet.hooks_due()
            if due:
                self.fleet.run(*self.order.choice(due))

    @rule()
    def settle(self) -> None:
        self.fleet.settle()

    def teardown(self) -> None:
        if self.juju.applications:
            for application in self.juju.applications:
                self.fleet.upgrade(application)
            self.fleet.settle()

    def any_unit(self, number: int) -> Unit:
        """Pick a unit, every other time one of Parca's."""
        units = self.juju.units if number % 2 else list(self.parca.units.values())
        return pick(units, number // 2)

    def relation_id(self, unit: Unit, number: int) -> Optional[int]:
        """Pick a relation that a unit sees, if there is one."""
        ids = [side.relation_id for _, side, _ in self.juju.sides_of(unit)]
        return pick(ids, number) if ids else None

    def meet(self, unit: Unit, trouble: Trouble) -> None:
        """Let trouble strike in a unit's next hook, or in the first in which it can."""
        self.fleet.troubles[unit] = trouble
        agent = self.fleet.agent(unit)
        if agent.hooks_due:
            self.fleet.run(agent, self.order.choice(agent.hooks_due))


def test_parca_has_what_the_living_providers_ask_for_whatever_juju_does() -> None:
    profile = hypothesis.settings()
    run_state_machine_as_test(
        Lifecycle,
        settings=hypothesis.settings(
            max_examples=profile.max_examples // EXAMPLES_PER_STORY, stateful_step_count=STEPS
        ),
    )
