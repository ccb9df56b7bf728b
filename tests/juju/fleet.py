"""The agents of all units, and what must hold after each of their hooks and at rest."""

from __future__ import annotations

import dataclasses
from typing import ClassVar, Counter, Dict, List, Optional, Tuple

import hypothesis

from tests.juju.agent import Agent, HookRun
from tests.juju.checks import check_events, check_log, check_renderings, check_writes, is_troubled
from tests.juju.expectations import Writes, asked_configuration, expected_writes
from tests.juju.faults import NO_TROUBLE, Trouble
from tests.juju.hooks import Hook
from tests.juju.model import Application, Juju, Unit
from tests.juju.styles import ProviderStyle

# With more hooks than this, something goes round in circles.
MAX_HOOKS = 400


class Fleet:
    """Runs the hooks of all units, some of them with trouble.

    Attributes:
        juju: what Juju knows.
        parca: the Parca application.
        is_stale: whether ops still lists units that depart.
        agents: the agents that have been asked for.
        troubles: what goes wrong in a unit's next hook.
    """

    tally: ClassVar[Counter[str]] = Counter()
    """What all runs together did."""

    def __init__(self, juju: Juju, parca: Application, is_stale: bool) -> None:
        self.juju = juju
        self.parca = parca
        self.is_stale = is_stale
        self.agents: Dict[Unit, Agent] = {}
        self.troubles: Dict[Unit, Trouble] = {}

    def settle(self) -> None:
        """Let all hooks run, and check that Parca has what the living providers ask for."""
        self.run_all()
        self.troubles.clear()
        for relation in list(self.juju.relations):
            if relation.ghost is not None:
                self.juju.bury(relation)
        for application in self.juju.applications:
            if application.leader is None:
                self.juju.elect(application.living_units[0])
        assert self.run_all() == []
        self.repair()
        if not self.parca.is_published:
            asked = asked_configuration(self.juju, self.parca)
            for unit in self.parca.living_units:
                if not self.agents[unit].needs_another_hook:
                    assert self.agents[unit].configuration == asked
                    self.tally["configurations compared"] += 1

    def upgrade(self, application: Application) -> None:
        """Upgrade an application to our library, unless it has it already."""
        if application.is_published:
            self.juju.upgrade(application)
            self.note_missed(application)

    def note_missed(self, application: Application) -> None:
        """Note that an application may have missed something that no later hook repeats."""
        for unit in application.units.values():
            self.agent(unit).needs_another_hook = True

    def agent(self, unit: Unit) -> Agent:
        """Return the agent of a unit."""
        return self.agents.setdefault(unit, Agent(self.juju, unit))

    def hooks_due(self) -> List[Tuple[Agent, Hook]]:
        """Return the hooks that may come next."""
        return [
            (self.agent(unit), hook)
            for unit in self.juju.units
            for hook in self.agent(unit).hooks_due
        ]

    def is_waiting(self, agent: Agent) -> bool:
        """Return whether the next hook emits a deferred event."""
        return bool(agent.deferred) and not agent.unit.application.is_published

    def run_all(self) -> List[Agent]:
        """Run hooks until none is due; return the agents that are stuck, by no fault of ours."""
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

    def repair(self) -> None:
        """Run another hook of each unit that missed something in a hook with trouble."""
        waiting_for_news = [agent for agent in self.agents.values() if agent.needs_another_hook]
        is_touched = any(agent.unit.application is self.parca for agent in waiting_for_news) and (
            self.touch()
        )
        for agent in waiting_for_news:
            style = agent.unit.application.style
            if isinstance(style, ProviderStyle):
                agent.unit.owe("upgrade-charm")
            elif style.reconciles:
                agent.unit.owe("update-status")
            elif not is_touched:
                # No event is left that could reach this charm.
                continue
            agent.needs_another_hook = False
        assert self.run_all() == []

    def touch(self) -> bool:
        """Change a relation of Parca, if any has units; return whether one has."""
        for relation in self.juju.living_relations:
            for number in relation.provider.in_scope:
                relation.provider.write_unit(number, {"egress-subnets": str(self.tally)})
                return True
        return False

    def run(self, agent: Agent, hook: Hook) -> Optional[HookRun]:
        """Run a hook, and check what must hold in any hook."""
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
            agent.needs_another_hook = True
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
