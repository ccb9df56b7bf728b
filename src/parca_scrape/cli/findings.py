"""What `check` finds: problems and notes, each with the application to fix."""

from __future__ import annotations

import json
from typing import Dict, List, NamedTuple, Optional, Sequence, Set, Tuple

import yaml

from parca_scrape._getters import OBJECT_RULE, as_list, as_object
from parca_scrape._legacy import LEGACY_ADDRESS_KEY
from parca_scrape._rules import parse_text
from parca_scrape.cli.console import CommandError, name_input, read_text
from parca_scrape.cli.elements import load_jobs
from parca_scrape.cli.notes import find_notes
from parca_scrape.cli.plain_yaml import load
from parca_scrape.cli.relations import RelationTexts, read_topology, render_texts
from parca_scrape.cli.show_unit import parse_name
from parca_scrape.databag import SCRAPE_JOBS_KEY, UNIT_ADDRESS_KEY, encode_app, judge_jobs
from parca_scrape.jobs import SHARED_JOB_NAME_RULE, list_jobs
from parca_scrape.problems import Findings, InvalidJobError, Problem

JOBS_PATH = "jobs"
NO_ADDRESS_NOTE = (
    "missing, so the wildcard targets of the unit are not scraped: its charm has not published it"
    " yet"
)


class Finding(NamedTuple):
    """Something to fix or to consider."""

    severity: str
    """`error`, `warning` or `note`."""
    relation_id: Optional[int] = None
    application: str = ""
    charm: str = ""
    unit: str = ""
    file: str = ""
    """The file with a charm's own jobs, if it is in one; then there is no relation."""
    path: str = ""
    message: str = ""

    @property
    def title(self) -> str:
        """What to fix."""
        return self.file or f"{self.application}{f', charm {self.charm}' if self.charm else ''}"

    @property
    def text(self) -> str:
        """What is wrong, and where."""
        origin = "" if self.relation_id is None else f"relation {self.relation_id} {self.unit}"
        return ": ".join(filter(None, [origin.strip(), self.path, self.message]))


def check_relations(relations: Sequence[RelationTexts]) -> List[Finding]:
    """Return what is found in the databags of relations, by application.

    Raises:
        CommandError: the input leaves out what Parca gets.
    """
    _, problems = render_texts(relations)
    charms: Dict[Optional[int], str] = {}
    for relation in relations:
        charms[relation.relation_id] = parse_name(read_topology(relation.app_databag).charm_name)
    findings = [
        Finding(
            severity=problem.severity,
            relation_id=problem.relation_id,
            application=problem.application,
            charm=charms.get(problem.relation_id, ""),
            unit=problem.unit,
            path=problem.path,
            message=problem.message,
        )
        for problem in problems
    ]
    for relation in relations:
        notes = find_notes(load_jobs(relation.app_databag), Findings(SCRAPE_JOBS_KEY))
        placed = [("", path, message) for path, message in notes]
        denied = {problem.unit for problem in relation.problems}
        for unit_name, databag in relation.unit_databags.items():
            has_address = any(map(databag.get, (UNIT_ADDRESS_KEY, LEGACY_ADDRESS_KEY)))
            if not has_address and unit_name not in denied:
                placed.append((unit_name, UNIT_ADDRESS_KEY, NO_ADDRESS_NOTE))
        application = relation.describe()
        findings += [
            Finding(
                severity="note",
                relation_id=relation.relation_id,
                application=application,
                charm=charms[relation.relation_id],
                unit=unit_name,
                path=path,
                message=message,
            )
            for unit_name, path, message in placed
        ]
    order = {finding.application: index for index, finding in reversed([*enumerate(findings)])}
    return sorted(findings, key=lambda finding: order[finding.application])


def check_jobs(file: str) -> List[Finding]:
    """Return what is found in a charm's own jobs.

    Raises:
        CommandError: the file has no list of scrape jobs.
    """
    name = name_input(file)
    text = read_text(file)
    try:
        raw = load_own_jobs(text)
    except CommandError as error:
        raise CommandError(f"{name}: {error}") from None
    problems: List[Problem] = []
    names: Set[str] = set()
    mappings = [as_object(job) for job in raw]
    for index, mapping in enumerate(mappings):
        path = f"{JOBS_PATH}[{index}]"
        if mapping is None:
            problems.append(Problem("error", path, OBJECT_RULE))
            continue
        name_of_job = parse_text(mapping.get("job_name")) or ""
        if name_of_job in names:
            problems.append(Problem("warning", f"{path}.job_name", SHARED_JOB_NAME_RULE))
        names.add(name_of_job)
    own_jobs = list_jobs([mapping or {} for mapping in mappings])
    try:
        encode_app(own_jobs, None)
    except InvalidJobError as error:
        problems.append(Problem("error", error.path, error.rule))
    problems += judge_jobs(own_jobs)
    found: List[Tuple[str, str, str]] = []
    found += [(problem.severity, problem.path, problem.message) for problem in problems]
    found += [("note", path, message) for path, message in find_notes(raw, Findings(JOBS_PATH))]
    return [
        Finding(severity=severity, file=name, path=path, message=message)
        for severity, path, message in found
    ]


def load_own_jobs(text: str) -> Sequence[object]:
    """Return the list of jobs in YAML or JSON, also one under the key `scrape_configs`.

    Raises:
        CommandError: there is none.
    """
    load(text)  # It refuses what would take too long to read with types.
    try:
        document: object = json.loads(text)
    except ValueError:
        try:
            document = yaml.safe_load(text)
        except (yaml.YAMLError, ValueError):
            raise CommandError("not valid YAML or JSON") from None
    mapping = as_object(document)
    jobs = as_list(document if mapping is None else mapping.get("scrape_configs"))
    if jobs is None:
        raise CommandError("expected a list of scrape jobs, in YAML or JSON")
    return jobs
