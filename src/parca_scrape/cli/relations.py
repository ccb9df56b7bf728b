"""The relations of the Parca charm, as an input of the command line shows them."""

from __future__ import annotations

import dataclasses
from typing import Dict, Iterable, List, Mapping, NamedTuple, Sequence, Tuple

from parca_scrape.cli.console import CommandError, count, warn
from parca_scrape.databag import SCRAPE_METADATA_KEY, AppDatabag, RelationDatabags, UnitDatabag
from parca_scrape.problems import Problem
from parca_scrape.render import ScrapeConfig, describe_application, render
from parca_scrape.topology import Topology

Databag = Mapping[str, str]

UNKNOWN_APPLICATION = "unknown"
NO_JOBS_RULE = (
    "missing, so nothing is scraped: the charm has not published it yet, or the interface of the"
    " endpoint is not parca_scrape"
)
OUT_OF_SCOPE_RULE = (
    "no unit is in scope, so nothing is scraped: the units have departed or have not joined yet"
)


class RelationTexts(NamedTuple):
    """What an input shows of one relation: the texts of its databags."""

    relation_id: int
    application: str
    """The name of the remote application in the model of the Parca charm."""
    app_databag: Databag
    unit_databags: Mapping[str, Databag]
    """By the name of the unit in Juju."""
    problems: Sequence[Problem] = ()
    """What is wrong with the input."""
    is_whole: bool = True
    """Whether the input shows all that Parca gets."""
    related_endpoint: str = ""
    """The endpoint of the remote application; empty if the input does not show it."""
    is_cross_model: bool = False
    """Whether Juju says that the application is in another model; Juju 4 never does."""

    def decode(self) -> RelationDatabags:
        """Return what the databags hold."""
        units: Dict[str, UnitDatabag] = {}
        problems: List[Problem] = []
        for unit_name, databag in self.unit_databags.items():
            units[unit_name], found = UnitDatabag.decode(databag)
            problems += [dataclasses.replace(problem, unit=unit_name) for problem in found]
        return RelationDatabags.decode(
            self.relation_id, self.application, self.app_databag, units, problems
        )

    def describe(self) -> str:
        """Return the name of the application for people."""
        topology = read_topology(self.app_databag)
        databags = AppDatabag(scrape_metadata=topology)
        return describe_application(
            RelationDatabags(self.relation_id, self.application, databags, {})
        )

    def list_problems(self) -> List[Problem]:
        """Return what is wrong with the input, each with the relation that it is in."""
        application = self.describe()
        return [problem.in_relation(self.relation_id, application) for problem in self.problems]


def render_texts(
    relations: Sequence[RelationTexts],
) -> Tuple[List[ScrapeConfig], List[Problem]]:
    """Return the scrape configs that Parca gets, and all problems, those of the input first.

    Raises:
        CommandError: there is nothing to render, because the input leaves it out.
    """
    scrape_configs, problems = render_shown(relations)
    if not scrape_configs:
        check_gaps(relations)
    return scrape_configs, problems


def render_shown(
    relations: Sequence[RelationTexts],
) -> Tuple[List[ScrapeConfig], List[Problem]]:
    """Return the scrape configs of what the input shows, and all problems, its own first."""
    problems = [problem for relation in relations for problem in relation.list_problems()]
    scrape_configs, others = render([relation.decode() for relation in relations])
    return scrape_configs, problems + others


def find_gaps(relations: Iterable[RelationTexts]) -> List[Problem]:
    """Return the first problem of each relation of which the input leaves something out."""
    return [relation.list_problems()[0] for relation in relations if not relation.is_whole]


def check_gaps(relations: Iterable[RelationTexts]) -> None:
    """Raise `CommandError` if the input leaves something out."""
    gaps = find_gaps(relations)
    if gaps:
        raise CommandError(locate(gaps[0]))


def locate(problem: Problem) -> str:
    """Return a problem as one line without its severity."""
    return str(problem).partition(": ")[2]


def read_topology(app_databag: Databag) -> Topology:
    """Return the topology of the application that published a databag; empty if it has none."""
    metadata = {SCRAPE_METADATA_KEY: app_databag.get(SCRAPE_METADATA_KEY, "")}
    return AppDatabag.decode(metadata)[0].scrape_metadata or Topology("", "", "")


def name_application(unit_name: str) -> str:
    """Return the name of the application that a unit belongs to."""
    return unit_name.partition("/")[0]


def different_models(one: str, other: str) -> CommandError:
    """Return the error that two units are of different models."""
    return CommandError(
        f"{one} and {other} are in different models, and relation ids differ between models:"
        " pass the units of one model"
    )


def several_parcas(applications: Sequence[str]) -> CommandError:
    """Return the error that units are of several Parca charms."""
    names = ", ".join(applications)
    return CommandError(
        f"the input has units of several Parca charms ({names}): pass the units of one of them, or"
        " the output of the script of parca-scrape collect on its unit"
    )


def hint_at_problems(problems: Sequence[Problem]) -> None:
    """Print on standard error how many problems the databags have, if any."""
    if problems:
        found = count(len(problems), "problem")
        warn(f"{found} in the databags: see parca-scrape check")
