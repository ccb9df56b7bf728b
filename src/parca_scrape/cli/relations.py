"""The relations of the Parca charm, as an input of the command line shows them."""

from __future__ import annotations

import dataclasses
import sys
from typing import Dict, List, Mapping, NamedTuple, Sequence, Tuple

from parca_scrape.cli.console import PROGRAM, CommandError
from parca_scrape.databag import RelationDatabags, UnitDatabag
from parca_scrape.problems import Problem
from parca_scrape.render import ScrapeConfig, describe_application, render

Databag = Mapping[str, str]


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


def render_texts(
    relations: Sequence[RelationTexts],
) -> Tuple[List[ScrapeConfig], List[Problem]]:
    """Return the scrape configs that Parca gets, and all problems, those of the input first.

    Raises:
        CommandError: there is nothing to render, because the input leaves it out.
    """
    decoded = [relation.decode() for relation in relations]
    problems: List[Problem] = []
    for relation, databags in zip(relations, decoded):
        application = describe_application(databags)
        for problem in relation.problems:
            problems.append(problem.in_relation(relation.relation_id, application))
    scrape_configs, found = render(decoded)
    missing = [relation for relation in relations if not relation.is_whole]
    if missing and not scrape_configs:
        raise CommandError(str(problems[0]).partition(": ")[2])
    return scrape_configs, problems + found


def hint_at_problems(problems: Sequence[Problem]) -> None:
    """Say on standard error how many problems the databags have, if they have any."""
    if problems:
        count = f"{len(problems):,} problem{'s' if len(problems) > 1 else ''}"
        print(f"{PROGRAM}: {count} in the databags: see parca-scrape check", file=sys.stderr)
