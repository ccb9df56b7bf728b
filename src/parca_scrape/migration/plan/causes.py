"""Why series break, end, start or move when Parca moves, and what to do about it."""

from __future__ import annotations

import re
from typing import Dict, Iterable, List, Mapping, NamedTuple, Optional, Sequence, Set, Tuple

from parca_scrape._getters import as_list
from parca_scrape.cli.comparison import Change, Row
from parca_scrape.cli.console import show
from parca_scrape.cli.elements import list_elements, load_jobs
from parca_scrape.cli.joining import OFFERED_TO
from parca_scrape.cli.relations import RelationTexts
from parca_scrape.cli.series import Series
from parca_scrape.databag import (
    SCRAPE_JOBS_KEY,
    SCRAPE_METADATA_KEY,
    UNIT_ADDRESS_KEY,
    UnitDatabag,
)
from parca_scrape.migration.plan.places import Place, get_place, read_place
from parca_scrape.migration.plan.settings import list_settings
from parca_scrape.problems import Problem
from parca_scrape.render import RESERVED_JOB_NAME
from parca_scrape.targets import WILDCARD

DEFAULT_PORT = ":80"
LABELS = ".labels"
NUMBERED_NAME = re.compile(r"(.+)_[0-9]+", re.DOTALL)
CHECK = "run parca-scrape check, and fix the charm"
COLLECT_AGAIN = "if that is not intended, save both again at the same time, and plan again"
JOB_NAMES = "give each job its own job_name in the charm"


class Cause(NamedTuple):
    """Why something becomes of series, and what to do."""

    why: str = ""
    action: str = ""


SAME_JOB_NAME = Cause("another job has the same name, and Parca accepts only one", JOB_NAMES)


class Evidence:
    """What is known of the application that series belong to, from all its relations."""

    def __init__(self) -> None:
        self.addresses: Set[str] = set()
        """Those that its units publish."""
        self.targets: Dict[str, str] = {}
        """The path of the first target with each text that its scrape jobs name."""
        self.settings: Set[str] = set()
        """Those of its scrape jobs that the library of the machine charm drops."""
        self.errors: Dict[str, Problem] = {}
        """The first that is wrong at each path in its databags; all labels have one path."""
        self.has_metadata: bool = True

    def add(self, relation: RelationTexts, problems: Iterable[Problem]) -> None:
        """Take in a relation, and what is wrong in its databags."""
        for element in list_elements(relation.app_databag):
            self.targets.setdefault(element.text, element.findings.path)
        for databag in relation.unit_databags.values():
            self.addresses.add(UnitDatabag.decode(databag)[0].address)
        self.settings |= list_settings(as_list(load_jobs(relation.app_databag)) or ())
        self.has_metadata &= bool(relation.app_databag.get(SCRAPE_METADATA_KEY, "").strip())
        for problem in problems:
            if problem.severity == "error":
                place = "".join(problem.path.partition(LABELS)[:2])
                self.errors.setdefault(place, problem)

    def choose_error(self, address: str) -> Optional[Problem]:
        """Return the error for which a target is not scraped as it is asked for, if any."""
        host, _, port = address.rpartition(":")
        places: List[str] = []
        for text in (address, f"{WILDCARD}:{port}"):
            path = self.targets.get(text)
            if path is not None:
                static_config, job = path.partition(".targets")[0], path.partition(".")[0]
                places += [path, static_config, static_config + LABELS]
                places += [f"{job}.static_configs", job, f"{job}.scheme"]
        places.append(SCRAPE_JOBS_KEY)
        if host not in self.addresses and address not in self.targets:
            places.append(UNIT_ADDRESS_KEY)
        return next((self.errors[place] for place in places if place in self.errors), None)


class Known(NamedTuple):
    """What explains the difference between the series before the move and those after it."""

    by_place: Mapping[Place, Evidence]
    old_jobs: Set[str]
    """The names of the jobs before the move."""
    old_targets: Set[Tuple[str, str]]
    """The job and the address of each target before the move."""
    new_targets: Set[Tuple[str, str]]
    is_of_parca_yaml: bool
    """Whether the series before the move are those of a `parca.yaml`."""

    def find(self, row: Row) -> Optional[Evidence]:
        """Return what is known of the application that a target belongs to."""
        return self.by_place.get(get_place(dict(row.series.labels)))


def gather_evidence(
    relations: Sequence[RelationTexts], problems: Sequence[Problem]
) -> Dict[Place, Evidence]:
    """Return what is known of applications, by what labels say of them."""
    by_relation: Dict[Optional[int], List[Problem]] = {}
    for problem in problems:
        by_relation.setdefault(problem.relation_id, []).append(problem)
    known: Dict[Place, Evidence] = {}
    for relation in relations:
        evidence = known.setdefault(read_place(relation), Evidence())
        evidence.add(relation, by_relation.get(relation.relation_id, ()))
    return known


def explain(row: Row, known: Known) -> Cause:
    """Return why something becomes of series, and what to do about it."""
    evidence = known.find(row)
    if row.change is Change.BREAKS:
        return explain_break(row, evidence)
    if row.change is Change.ENDS:
        return explain_end(row.series, evidence, known)
    if row.change is Change.STARTS:
        return explain_start(row.series, evidence, known)
    if row.old and row.new and row.old.scheme != row.new.scheme:
        return explain_scheme(row.new.scheme, evidence)
    if row.change is Change.MOVED:
        if known.is_of_parca_yaml:
            return Cause("the databags have another address than parca.yaml")
        return Cause("another target had these labels")
    return Cause()


def explain_scheme(scheme: str, evidence: Optional[Evidence]) -> Cause:
    """Return why a target has another scheme."""
    probe = "check that Parca can scrape it: parca-scrape probe"
    if evidence and "scheme" in evidence.settings:
        return Cause(f"the library of the machine charm drops the scheme {show(scheme)}", probe)
    return Cause("the databags have another scheme than parca.yaml", probe)


def explain_break(row: Row, evidence: Optional[Evidence]) -> Cause:
    """Return why the labels of a target change."""
    labels = {label.name: label for label in row.changed_labels}
    if any(label.new.startswith(OFFERED_TO) for label in labels.values()):
        return Cause(
            "the databags do not say what the application or the unit is called, and Juju names it"
            " differently in another model",
            "upgrade the library of the charm before the move, so that it publishes both names",
        )
    job = labels.get("job")
    if job and job.old and strip_number(job.new) == job.old:
        return SAME_JOB_NAME
    error = evidence.choose_error(row.series.address) if evidence else None
    if error is not None and not all(label.new for label in labels.values()):
        return explain_error(error)
    return Cause("the labels in the databags differ from those before", COLLECT_AGAIN)


def explain_end(series: Series, evidence: Optional[Evidence], known: Known) -> Cause:
    """Return why series end."""
    if (series.job, series.address) in known.new_targets:
        if evidence and "profiling_config" in evidence.settings:
            return Cause(
                "the profiling_config of the job turns these profiles off, and the library of the"
                " machine charm drops it",
                "to keep them, set enabled: true in the charm",
            )
        return Cause("the databags do not turn these profiles on", COLLECT_AGAIN)
    if series.job == RESERVED_JOB_NAME:
        return Cause(
            "parca-k8s profiles itself in a job of this name, with the labels of the new Parca"
        )
    if evidence is None:
        return explain_stranger(known)
    host = series.address[: -len(DEFAULT_PORT)]
    if (
        series.address.endswith(DEFAULT_PORT)
        and host in evidence.addresses
        and evidence.targets.keys().isdisjoint({WILDCARD, WILDCARD + DEFAULT_PORT})
    ):
        return Cause(
            "no scrape job lists it: the library of the machine charm adds the address of each"
            " unit without a port",
            "nothing; if something listens there, list it in the charm",
        )
    error = evidence.choose_error(series.address)
    if error is not None:
        return explain_error(error)
    return Cause("the databags do not ask for it", COLLECT_AGAIN)


def explain_stranger(known: Known) -> Cause:
    """Return why a target ends whose labels name no application in the input."""
    if not all(evidence.has_metadata for evidence in known.by_place.values()):
        return Cause(
            "without scrape_metadata in the databag, the library of the machine charm passes the"
            " jobs on as they are: with wildcards, and without labels",
            "upgrade the library of the charm, so that it publishes scrape_metadata",
        )
    return Cause(
        "no relation in the input asks for it: the machine charm keeps the scrape configs of its"
        " last relation, and the input can be older or newer than parca.yaml",
        COLLECT_AGAIN,
    )


def explain_start(series: Series, evidence: Optional[Evidence], known: Known) -> Cause:
    """Return why series start."""
    if (series.job, series.address) in known.old_targets:
        if evidence and "profiling_config" in evidence.settings:
            return Cause(
                "the profiling_config of the job turns these profiles on, and the library of the"
                " machine charm drops it"
            )
        return Cause("the databags turn these profiles on, and parca.yaml does not")
    if strip_number(series.job) in known.old_jobs:
        return SAME_JOB_NAME
    if evidence and not evidence.has_metadata:
        return Cause(
            "without scrape_metadata, the library of the machine charm expands no wildcards"
        )
    if known.is_of_parca_yaml:
        return Cause("the databags ask for it, and the old Parca does not scrape it now")
    return Cause("the library of the machine charm fails on the databags: see the warnings")


def explain_error(error: Problem) -> Cause:
    """Return the cause that an error in a databag is."""
    where = f"{error.path}: " if error.path else ""
    return Cause(f"parca-scrape skips it: {where}{error.message}", CHECK)


def strip_number(name: str) -> Optional[str]:
    """Return a job name without the number that it got if it was taken; None if it has none."""
    numbered = NUMBERED_NAME.fullmatch(name)
    return numbered.group(1) if numbered else None
