"""The series before and after the move: which go on, and why others do not."""

from __future__ import annotations

from typing import Dict, FrozenSet, List, Mapping, NamedTuple, Optional, Sequence, Set, Tuple

from parca_scrape.cli.comparison import Change, ChangedLabel, Row, compare
from parca_scrape.cli.console import CommandError, show
from parca_scrape.cli.diff import is_unchanged
from parca_scrape.cli.elements import list_elements
from parca_scrape.cli.joining import OFFERED_TO
from parca_scrape.cli.reference import render_reference
from parca_scrape.cli.relations import (
    RelationTexts,
    find_gaps,
    locate,
    render_texts,
)
from parca_scrape.cli.series import Series, list_series
from parca_scrape.databag import UnitDatabag
from parca_scrape.migration.plan.deployment import Provider
from parca_scrape.migration.plan.places import Place, get_place, read_place
from parca_scrape.problems import Problem
from parca_scrape.targets import WILDCARD

PARCA_YAML = "parca.yaml"
MACHINE_RULES = "machine library"
# The keys of `LIBRARIES` in `cli.reference`.
MACHINE_CHARM_LIBRARY = "machine"
KUBERNETES_CHARM_LIBRARY = "k8s"
DEFAULT_PORT = ":80"
LABELS = ".labels"
CHECK = "run parca-scrape check, and fix the charm"
COLLECT_AGAIN = "if that is not intended, save both again at the same time, and plan again"


class Cause(NamedTuple):
    """Why something becomes of series, and what to do."""

    why: str = ""
    action: str = ""


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
    old_configs: Sequence[object]
    new_configs: Sequence[object]
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


class Evidence(NamedTuple):
    """What is known of the relation that series belong to."""

    addresses: FrozenSet[str]
    """Those that its units publish."""
    targets: Mapping[str, str]
    """The path of the first target with each text that its scrape jobs name."""
    labels: FrozenSet[str]
    """The names of all labels that its static configs have."""
    errors: Mapping[str, Problem]
    """The first that is wrong at each path in its databags; all labels have one path."""

    @property
    def has_wildcard(self) -> bool:
        """Whether any of its scrape jobs is for the units."""
        return any(text.startswith(WILDCARD) for text in self.targets)

    def choose_error(self, address: str) -> Optional[Problem]:
        """Return the error that explains why a target is not scraped, or else the first."""
        port = address.rpartition(":")[2]
        for text in (address, f"{WILDCARD}:{port}"):
            path = self.targets.get(text, "")
            static_config, _, _ = path.partition(".targets")
            job, _, _ = path.partition(".")
            for place in (path, static_config, f"{static_config}{LABELS}", job, f"{job}.scheme"):
                if place in self.errors:
                    return self.errors[place]
        return next(iter(self.errors.values()), None)


class Known(NamedTuple):
    """What explains rows."""

    by_place: Dict[Place, Evidence]
    old_targets: Set[Tuple[str, str]]
    """The job and the address of each target before the move."""
    new_targets: Set[Tuple[str, str]]
    before: str


def follow_series(
    providers: Sequence[Provider], scrape_configs: Optional[Sequence[object]], target_model: str
) -> Move:
    """Return what becomes of the series of some applications.

    Args:
        providers: the applications.
        scrape_configs: those in the `parca.yaml` of the old Parca; None to use the rules of the
            machine library.
        target_model: the model of the new Parca.

    Raises:
        CommandError: the series cannot be compared.
    """
    warnings: List[str] = []
    before = PARCA_YAML
    if scrape_configs is None:
        before = MACHINE_RULES
        relations = [provider.relation for provider in providers]
        scrape_configs, warnings = render_each(relations, MACHINE_CHARM_LIBRARY)
    moved = [see_from(target_model, provider) for provider in providers]
    new_configs, problems = render_texts(moved)
    old, old_warnings = list_series(scrape_configs)
    new, new_warnings = list_series(new_configs)
    reference_configs, failures = render_each(moved, KUBERNETES_CHARM_LIBRARY)
    reference, reference_warnings = list_series(reference_configs)
    known = Known(
        by_place=gather_evidence(moved, problems),
        old_targets={(series.job, series.address) for series in old},
        new_targets={(series.job, series.address) for series in new},
        before=before,
    )
    warnings += [f"before: {warning}" for warning in old_warnings]
    if warnings and before == MACHINE_RULES:
        warnings.append(
            "so the old Parca may scrape something else than the databags ask for: pass its"
            " parca.yaml with --parca-yaml"
        )
    warnings += [f"after: {warning}" for warning in new_warnings]
    warnings += [f"{locate(gap)}; its targets are missing" for gap in find_gaps(moved)]
    return Move(
        before=before,
        entries=[Entry(row, explain(row, known)) for row in compare(old, new)],
        warnings=warnings,
        old_configs=scrape_configs,
        new_configs=new_configs,
        problems=problems,
        reference_rows=[row for row in compare(new, reference) if not is_unchanged(row)],
        reference_failures=[*failures, *reference_warnings],
    )


def render_each(
    relations: Sequence[RelationTexts], library: str
) -> Tuple[List[object], List[str]]:
    """Return what a reference library makes of relations, and on which it fails and why."""
    scrape_configs: List[object] = []
    failures: List[str] = []
    for relation in relations:
        try:
            scrape_configs += render_reference([relation], library)
        except CommandError as error:
            failures.append(str(error))
    return scrape_configs, failures


def see_from(target_model: str, provider: Provider) -> RelationTexts:
    """Return a relation as the new Parca sees it.

    Juju names an application of another model that uses an offer `remote-` with a random number;
    its own name stands in for the number. The numbers of its units stay.
    """
    relation = provider.relation
    name = provider.application
    if provider.model != target_model:
        name = f"{OFFERED_TO}{name}"
    units = {
        f"{name}/{unit_name.partition('/')[2]}": databag
        for unit_name, databag in relation.unit_databags.items()
    }
    problems = [problem for problem in relation.problems if not problem.unit]
    return relation._replace(application=name, unit_databags=units, problems=problems)


def gather_evidence(
    relations: Sequence[RelationTexts], problems: Sequence[Problem]
) -> Dict[Place, Evidence]:
    """Return what is known of relations, by the application that their labels name."""
    errors: Dict[Optional[int], Dict[str, Problem]] = {}
    for problem in problems:
        if problem.severity == "error":
            place = "".join(problem.path.partition(LABELS)[:2])
            errors.setdefault(problem.relation_id, {}).setdefault(place, problem)
    known: Dict[Place, Evidence] = {}
    for relation in relations:
        targets: Dict[str, str] = {}
        labels: Set[str] = set()
        for element in list_elements(relation.app_databag):
            labels.update(element.labels)
            targets.setdefault(element.text, element.findings.path)
        units = [UnitDatabag.decode(databag)[0] for databag in relation.unit_databags.values()]
        evidence = Evidence(
            addresses=frozenset(unit.address for unit in units),
            targets=targets,
            labels=frozenset(labels),
            errors=errors.get(relation.relation_id, {}),
        )
        known.setdefault(read_place(relation), evidence)
    return known


def explain(row: Row, known: Known) -> Cause:
    """Return why something becomes of series, and what to do about it."""
    evidence = known.by_place.get(get_place(dict(row.series.labels)))
    if row.change is Change.BREAKS:
        return explain_break(row.changed_labels, evidence)
    if row.change is Change.ENDS:
        return explain_end(row.series, evidence, known)
    if row.change is Change.STARTS:
        return explain_start(row.series, known)
    if row.old and row.new and row.old.scheme != row.new.scheme:
        return Cause(
            f"the library of the machine charm drops the scheme {show(row.new.scheme)}",
            "check that Parca can scrape it: parca-scrape probe",
        )
    if row.change is Change.MOVED:
        if known.before == PARCA_YAML:
            return Cause("the databags have another address than parca.yaml")
        return Cause("another target of the job had these labels")
    return Cause()


def explain_break(labels: Sequence[ChangedLabel], evidence: Optional[Evidence]) -> Cause:
    """Return why the labels of a target change."""
    values = {label.name: label.new for label in labels}
    if any(value.startswith(OFFERED_TO) for value in values.values()):
        return Cause(
            "the databags do not say what the application or the unit is called, and Juju names it"
            " differently in another model",
            "upgrade the library of the charm before the move, so that it publishes both names",
        )
    changed = [label for label in labels if label.name not in ("job", "instance")]
    if not changed and "job" in values:
        return Cause(
            "another job has the same name, and Parca accepts only one",
            "give each job its own job_name in the charm",
        )
    published = evidence.labels if evidence else ()
    if any(label.name in published and not label.new for label in changed):
        return Cause("parca-scrape skips a label that Parca cannot store", CHECK)
    return Cause(
        "the labels in the databags differ from those in parca.yaml",
        COLLECT_AGAIN,
    )


def explain_end(series: Series, evidence: Optional[Evidence], known: Known) -> Cause:
    """Return why series end."""
    host = series.address[: -len(DEFAULT_PORT)]
    if (series.job, series.address) in known.new_targets:
        return Cause(
            "the profiling_config of the job turns these profiles off, and the library of the"
            " machine charm drops it",
            "to keep them, set enabled: true in the charm",
        )
    if evidence is None:
        return Cause(
            "no relation in the input asks for it: the machine charm keeps the scrape configs of"
            " its last relation, and the input can be older or newer than parca.yaml",
            COLLECT_AGAIN,
        )
    is_bare = series.address.endswith(DEFAULT_PORT) and host in evidence.addresses
    if is_bare and not evidence.has_wildcard:
        return Cause(
            "no scrape job lists it: the library of the machine charm adds the address of each"
            " unit without a port",
            "nothing; if something listens there, list it in the charm",
        )
    error = evidence.choose_error(series.address)
    if error is not None:
        where = f"{error.path}: " if error.path else ""
        return Cause(f"parca-scrape skips it: {where}{error.message}", CHECK)
    return Cause("the databags do not ask for it", COLLECT_AGAIN)


def explain_start(series: Series, known: Known) -> Cause:
    """Return why series start."""
    if (series.job, series.address) in known.old_targets:
        return Cause(
            "the profiling_config of the job adds these profiles, and the library of the machine"
            " charm drops it"
        )
    if known.before == PARCA_YAML:
        return Cause("the databags ask for it, and parca.yaml does not have it")
    return Cause("the library of the machine charm fails on the databags, or skips the target")
