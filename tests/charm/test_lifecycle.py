"""Providers and a consumer through all that Juju may do to them, and through its faults."""

from __future__ import annotations

import dataclasses
import json
import random
from typing import ClassVar, Counter, Dict, List, Optional, Sequence, Tuple, TypeVar

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
from tests.juju.agent import Agent, HookRun
from tests.juju.checks import (
    check_events,
    check_log,
    check_renderings,
    check_writes,
    is_troubled,
)
from tests.juju.expectations import (
    Writes,
    asked_configuration,
    expected_writes,
)
from tests.juju.faults import NO_TROUBLE, Trouble
from tests.juju.hooks import Hook
from tests.juju.model import COS, EDGE, Application, Ghost, Juju, Relation, Unit
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
# A story takes as long as that many examples of another property.
EXAMPLES_PER_STORY = 3
STEPS = 30
HOOKS_AT_A_TIME = 4
MAX_UNITS = 3
MAX_RELATIONS = 5
# Nobody waits for more hooks than this: something goes round in circles.
MAX_HOOKS = 400
JOBS: Tuple[object, ...] = (None, [], *(history_jobs(number) for number in range(1, len(CASES))))
PICKS = st.integers(0, 63)


def pick(items: Sequence[Item], number: int) -> Item:
    return items[number % len(items)]


class Lifecycle(RuleBasedStateMachine):
    """Some profiled charms and a Parca charm in the hands of Juju."""

    tally: ClassVar[Counter[str]] = Counter()
    """What all runs together did."""

    def __init__(self) -> None:
        super().__init__()
        # Juju's tool lists 10 before 9.
        self.juju = Juju(first_relation_id=8)
        self.agents: Dict[Unit, Agent] = {}
        self.troubles: Dict[Unit, Trouble] = {}
        self.parca = Application("parca", COS, CONSUMER_STYLES[0])

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
        self.is_stale = is_stale
        self.parca = Application("parca", COS, style, is_published=is_published)
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
            history=history,
        )
        self.juju.deploy(application, units)
        self.relate(len(self.juju.providers) - 1, 0)
        for unit in application.living_units:
            while self.due(unit):
                self.run(self.agent(unit), self.due(unit)[0])

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
        self.upgrade_to_ours(pick(self.juju.applications, application))

    @rule(unit=PICKS)
    def update_status(self, unit: int) -> None:
        pick(self.juju.units, unit).owe("update-status")

    @precondition(lambda self: bool(self.living_relations))
    @rule(relation=PICKS)
    def remove_relation(self, relation: int) -> None:
        self.juju.remove_relation(pick(self.living_relations, relation))

    @precondition(lambda self: bool(self.living_relations))
    @rule(relation=PICKS, ghost=st.sampled_from(Ghost))
    def remove_by_force(self, relation: int, ghost: Ghost) -> None:
        self.juju.remove_by_force(pick(self.living_relations, relation), ghost)
        self.let_mend(self.parca)
        self.tally["relations removed by force"] += 1

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
        """Let any of the hooks that are due run before the next thing happens."""
        self.tally["steps"] += 1
        for _ in range(self.order.randrange(HOOKS_AT_A_TIME)):
            due = self.hooks_due()
            if due:
                self.run(*self.order.choice(due))

    @rule()
    def settle(self) -> None:
        """Let all hooks run, and check that Parca is told what the living providers ask."""
        self.run_all()
        self.troubles.clear()
        for relation in list(self.juju.relations):
            if relation.ghost is not None:
                self.juju.bury(relation)
        for application in self.juju.applications:
            if application.leader is None:
                self.juju.elect(application.living_units[0])
        assert self.run_all() == []
        self.mend()
        if not self.parca.is_published:
            asked = asked_configuration(self.juju, self.parca)
            for unit in self.parca.living_units:
                if not self.agents[unit].is_to_be_mended:
                    assert self.agents[unit].configuration == asked
                    self.tally["configurations compared"] += 1

    def teardown(self) -> None:
        if self.juju.applications:
            for application in self.juju.applications:
                self.upgrade_to_ours(application)
            self.settle()

    def any_unit(self, number: int) -> Unit:
        """Pick a unit, every other time one of Parca."""
        units = self.juju.units if number % 2 else list(self.parca.units.values())
        return pick(units, number // 2)

    def relation_id(self, unit: Unit, number: int) -> Optional[int]:
        """Pick a relation that a unit sees, if there is one."""
        ids = [side.relation_id for _, side, _ in self.juju.sides_of(unit)]
        return pick(ids, number) if ids else None

    def meet(self, unit: Unit, trouble: Trouble) -> None:
        """Let trouble come in a unit's next hook, or in the first in which it can."""
        self.troubles[unit] = trouble
        due = self.due(unit)
        if due:
            self.run(self.agent(unit), self.order.choice(due))

    @property
    def living_relations(self) -> List[Relation]:
        return [relation for relation in self.juju.relations if relation.is_living]

    def upgrade_to_ours(self, application: Application) -> None:
        if application.is_published:
            self.juju.upgrade(application)
            self.let_mend(application)

    def let_mend(self, application: Application) -> None:
        """Note that the application may have missed what no hook tells it again."""
        for unit in application.units.values():
            self.agent(unit).is_to_be_mended = True

    def agent(self, unit: Unit) -> Agent:
        return self.agents.setdefault(unit, Agent(self.juju, unit))

    def hooks_due(self) -> List[Tuple[Agent, Hook]]:
        """Give the hooks of which any may be the next."""
        return [(self.agent(unit), hook) for unit in self.juju.units for hook in self.due(unit)]

    def due(self, unit: Unit) -> List[Hook]:
        return self.agent(unit).hooks_due

    def is_waiting(self, agent: Agent) -> bool:
        """Tell whether a deferred event is to come in the next hook."""
        return bool(agent.deferred) and not agent.unit.application.is_published

    def run_all(self) -> List[Agent]:
        """Run hooks until none is due; give the agents whose hook fails by no fault of ours."""
        stuck: List[Agent] = []
        for _ in range(MAX_HOOKS):
            due = [(agent, hook) for agent, hook in self.hooks_due() if agent not in stuck]
            if not due:
                waiting = [agent for agent in self.agents.values() if self.is_waiting(agent)]
                for agent in waiting:
                    agent.unit.owe("update-status")
                if all(agent in stuck for agent in waiting):
                    return stuck
                continue
            agent, hook = due[0]
            trouble = self.troubles.get(agent.unit)
            run = self.run(agent, hook)
            if run is not None and run.error is not None and trouble is None:
                stuck.append(agent)
        raise AssertionError(f"still due: {[str(hook) for _, hook in self.hooks_due()]}")

    def mend(self) -> None:
        """Let those hear of everything again who missed something in a hook with trouble."""
        to_be_mended = [agent for agent in self.agents.values() if agent.is_to_be_mended]
        is_touched = any(agent.unit.application is self.parca for agent in to_be_mended) and (
            self.touch()
        )
        for agent in to_be_mended:
            style = agent.unit.application.style
            if isinstance(style, ProviderStyle):
                agent.unit.owe("upgrade-charm")
            elif style.reconciles:
                agent.unit.owe("update-status")
            elif not is_touched:
                # Nothing is left that could tell this charm.
                continue
            agent.is_to_be_mended = False
        assert self.run_all() == []

    def touch(self) -> bool:
        """Let a relation change for Parca, if there is any with units."""
        for relation in self.living_relations:
            for number in relation.provider.in_scope:
                relation.provider.write_unit(number, {"egress-subnets": str(self.tally)})
                return True
        return False

    def run(self, agent: Agent, hook: Hook) -> Optional[HookRun]:
        """Run a hook, and check all that must hold in any."""
        unit = agent.unit
        trouble = self.troubles.get(unit, NO_TROUBLE)
        trouble = dataclasses.replace(trouble, is_stale=self.is_stale)
        style = unit.application.style
        wanted: Writes = {}
        if isinstance(style, ProviderStyle):
            wanted = expected_writes(self.juju, unit, hook, style)
        hypothesis.note(f"    {unit.name}: {hook}{trouble}")
        run = agent.run(hook, trouble)
        self.tally["hooks of published charms" if run is None else "hooks"] += 1
        if unit not in self.juju.units:
            del self.agents[unit]
        if run is None:
            self.troubles.pop(unit, None)
            return None
        if is_troubled(run):
            agent.is_to_be_mended = True
            self.troubles.pop(unit, None)
        self.tally["denied calls"] += len(run.answers.tools.denials)
        self.tally["failed hooks, run again"] += run.error is not None
        self.tally["deferred events"] += len(run.reemitted)
        check_log(run)
        check_events(run, style)
        if isinstance(style, ProviderStyle):
            check_writes(run, wanted, self.juju, unit)
        else:
            assert run.answers.tools.writes == []
            check_renderings(run, style, self.juju, unit)
        return run


def test_parca_has_what_the_living_providers_ask_for_whatever_juju_does() -> None:
    profile = hypothesis.settings()
    run_state_machine_as_test(
        Lifecycle,
        settings=hypothesis.settings(
            max_examples=profile.max_examples // EXAMPLES_PER_STORY, stateful_step_count=STEPS
        ),
    )
