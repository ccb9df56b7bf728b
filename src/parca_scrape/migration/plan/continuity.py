"""The series before and after the move: which go on, and why others do not."""

from __future__ import annotations

from typing import AbstractSet, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from parca_scrape.cli.comparison import Change, Row, compare
from parca_scrape.cli.console import CommandError
from parca_scrape.cli.diff import is_unchanged
from parca_scrape.cli.joining import OFFERED_TO
from parca_scrape.cli.reference import render_reference
from parca_scrape.cli.relations import RelationTexts, locate, read_topology, render_texts
from parca_scrape.cli.series import Series, list_series
from parca_scrape.migration.plan.causes import Cause, Known, explain, gather_evidence
from parca_scrape.migration.plan.deployment import Provider
from parca_scrape.migration.plan.models import Model
from parca_scrape.migration.plan.places import read_place
from parca_scrape.migration.plan.settings import group_settings, list_settings
from parca_scrape.problems import Problem
from parca_scrape.render import render

PARCA_YAML = "parca.yaml"
MACHINE_RULES = "machine library"
# The keys of `LIBRARIES` in `cli.reference`.
MACHINE_CHARM_LIBRARY = "machine"
KUBERNETES_CHARM_LIBRARY = "k8s"
NOT_IN_PLACE = (
    "with these problems, the machine charm fails or Parca refuses its configuration, so the old"
    " Parca may scrape something else now: pass its parca.yaml with --parca-yaml"
)
# What Juju calls an application of another model: the random number is not known beforehand.
REMOTE = f"{OFFERED_TO}…"


class Entry(NamedTuple):
    """What becomes of series of one target, and why."""

    row: Row
    cause: Cause


class Move(NamedTuple):
    """What becomes of all series."""

    before: str
    """What the series before the move are taken from: `PARCA_YAML` or `MACHINE_RULES`."""
    entries: Sequence[Entry]
    warnings: Sequence[str]
    """What is uncertain about the result."""
    old_settings: Mapping[int, AbstractSet[str]]
    """The settings with which Parca scrapes now, by the id of the relation."""
    new_settings: Mapping[int, AbstractSet[str]]
    """Those with which it will."""
    problems: Sequence[Problem]
    """What is wrong in the databags."""
    reference_rows: Sequence[Row]
    """How the series differ if parca-k8s has the reference library."""
    reference_failures: Sequence[str]
    """What makes that library, or Parca with what it renders, fail."""

    @property
    def is_loss(self) -> bool:
        """Whether a series breaks or ends."""
        return any(entry.row.is_loss for entry in self.entries)

    @property
    def counts(self) -> Dict[Change, int]:
        """How many targets have each change."""
        counts = dict.fromkeys(Change, 0)
        for entry in self.entries:
            counts[entry.row.change] += 1
        return counts

    @property
    def summary(self) -> str:
        """The last line that `parca-scrape diff` prints for the same series."""
        return ", ".join(f"{change.value}: {number:,}" for change, number in self.counts.items())


def follow_series(
    providers: Sequence[Provider], scrape_configs: Optional[Sequence[object]], target: Model
) -> Move:
    """Return what becomes of the series of some applications.

    Args:
        providers: the applications.
        scrape_configs: those in the `parca.yaml` of the old Parca; None to use the rules of the
            machine library.
        target: the model of the new Parca.

    Raises:
        CommandError: the series cannot be compared.
    """
    relations = [provider.relation for provider in providers]
    warnings = [locate(problem) for relation in relations for problem in relation.list_problems()]
    before = PARCA_YAML
    failures: List[str] = []
    if scrape_configs is None:
        before = MACHINE_RULES
        rendered, failures = render_each(relations, MACHINE_CHARM_LIBRARY)
        scrape_configs = [config for configs in rendered.values() for config in configs]
        old_settings = {key: list_settings(configs) for key, configs in rendered.items()}
    else:
        places = group_settings(scrape_configs)
        old_settings = {
            relation.relation_id: places.get(read_place(relation), set()) for relation in relations
        }
    moved = [see_from(target, provider) for provider in providers]
    new_configs, problems = render_texts(moved)
    old, old_warnings = list_series(scrape_configs)
    new, new_warnings = list_series(new_configs)
    reference_rows, reference_failures = compare_reference(moved, new)
    known = Known(
        by_place=gather_evidence(moved, problems),
        old_jobs={series.job for series in old},
        old_targets={(series.job, series.address) for series in old},
        new_targets={(series.job, series.address) for series in new},
        is_of_parca_yaml=before == PARCA_YAML,
    )
    warnings += [*failures, *(f"before: {warning}" for warning in old_warnings)]
    is_wrong = any(problem.severity == "error" for problem in problems)
    if before == MACHINE_RULES and (failures or old_warnings or is_wrong):
        warnings.append(NOT_IN_PLACE)
    warnings += [f"after: {warning}" for warning in new_warnings]
    if not (old or new):
        warnings.append("the input shows no scrape jobs, so there is nothing to compare")
    return Move(
        before=before,
        entries=[Entry(row, explain(row, known)) for row in compare(old, new)],
        warnings=warnings,
        old_settings=old_settings,
        new_settings={
            relation.relation_id: list_settings(render([relation.decode()])[0])
            for relation in moved
        },
        problems=problems,
        reference_rows=reference_rows,
        reference_failures=reference_failures,
    )


def compare_reference(
    relations: Sequence[RelationTexts], series: Sequence[Series]
) -> Tuple[List[Row], List[str]]:
    """Return how series differ if parca-k8s has the reference library, and what fails then."""
    rendered, failures = render_each(relations, KUBERNETES_CHARM_LIBRARY)
    reference, warnings = list_series(
        config for configs in rendered.values() for config in configs
    )
    rows = [row for row in compare(series, reference) if not is_unchanged(row)]
    return rows, [*failures, *warnings]


def render_each(
    relations: Sequence[RelationTexts], library: str
) -> Tuple[Dict[int, List[object]], List[str]]:
    """Return what a reference library makes of each relation, and on which it fails and why."""
    scrape_configs: Dict[int, List[object]] = {}
    failures: List[str] = []
    for relation in relations:
        try:
            scrape_configs[relation.relation_id] = render_reference([relation], library)
        except CommandError as error:
            failures.append(str(error))
    return scrape_configs, failures


def see_from(target: Model, provider: Provider) -> RelationTexts:
    """Return a relation as the new Parca sees it: Juju keeps only the numbers of units."""
    relation = provider.relation
    own_name = provider.application if provider.is_in(target) else REMOTE
    units = {
        f"{own_name}/{unit_name.partition('/')[2]}": databag
        for unit_name, databag in relation.unit_databags.items()
    }
    # Labels have this name only if the databag has none; messages name the relation of now.
    is_named = bool(read_topology(relation.app_databag).application)
    return relation._replace(
        application=relation.application if is_named else own_name,
        unit_databags=units,
        problems=[],
        is_whole=True,
    )
