"""From databags to the scrape configurations that Parca loads."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from itertools import islice
from typing import (
    Dict,
    Iterable,
    List,
    Mapping,
    NamedTuple,
    Sequence,
    Set,
    Tuple,
    TypedDict,
    cast,
)

from parca_scrape._rules import replace_surrogates
from parca_scrape.databag import (
    SCRAPE_JOBS_KEY,
    SCRAPE_METADATA_KEY,
    UNIT_ADDRESS_KEY,
    AppDatabag,
)
from parca_scrape.hosts import decode_hosts
from parca_scrape.jobs import Job
from parca_scrape.problems import Findings, Problem, locate
from parca_scrape.static_configs import StaticConfig
from parca_scrape.topology import Topology

# Limits for one relation, so that no databag of 16 MiB grows into one that nobody can load.
MAX_TARGETS = 100_000
MAX_LABELS = 1_000_000
# parca-k8s adds a job of this name for Parca itself.
RESERVED_JOB_NAME = "parca"
# Parca refuses a job without a name; Juju gives every application one.
UNNAMED = "unnamed"
UNIT_LABEL = "juju_unit"
SIZE_RULE = (
    f"more than {MAX_TARGETS} targets or {MAX_LABELS} labels, times units: the rest is left out"
)
NAME_RULE = "another job has this name already, so a number follows: name each job differently"
Origin = Tuple[int, str]
INSTANCE_LABELS = ("juju_model", "juju_model_uuid", "juju_application")


class StaticConfigDict(TypedDict):
    """A static config as Parca loads it."""

    targets: List[str]
    labels: Dict[str, str]


class RelabelConfigDict(TypedDict):
    """The rule that makes the label `instance` of the topology."""

    source_labels: List[str]
    separator: str
    target_label: str
    regex: str


class ScrapeConfigSettings(TypedDict, total=False):
    """What a scrape config may have."""

    scrape_interval: str
    scrape_timeout: str
    scheme: str
    profiling_config: Dict[str, object]
    tls_config: Dict[str, object]


class ScrapeConfig(ScrapeConfigSettings):
    """A scrape config as Parca loads it: an element of what `jobs()` returns."""

    job_name: str
    static_configs: List[StaticConfigDict]
    relabel_configs: List[RelabelConfigDict]


class RelationDatabags(NamedTuple):
    """The databags of one relation, as text."""

    relation_id: int
    application: str
    """The remote application's name in this model."""
    app_databag: Mapping[str, str]
    units: Sequence[Tuple[str, str, str]]
    """The name, the text of the address and the published name of each unit."""
    address_key: str = UNIT_ADDRESS_KEY
    """The key in the unit databag that the addresses are from."""


class Budget:
    """How many targets and labels may still be served of one relation."""

    def __init__(self) -> None:
        self.targets: int = MAX_TARGETS
        self.labels: int = MAX_LABELS
        self.is_spent: bool = False

    def spend(self, targets: int, labels: int, entries: int) -> int:
        """Give how many of some entries can be served.

        Args:
            targets: how many each has.
            labels: how many each has.
            entries: how many there are.
        """
        if targets * entries > self.targets or labels * entries > self.labels:
            entries = min(self.targets // targets, self.labels // max(labels, 1))
            self.is_spent = True
        self.targets -= targets * entries
        self.labels -= labels * entries
        return entries


def render(
    relations: Iterable[RelationDatabags],
) -> Tuple[List[ScrapeConfig], List[Problem]]:
    """Give the scrape configs of relations, in their order, and what is wrong with them.

    Parca loads and serves all that is returned, whatever the databags hold.
    """
    scrape_configs: List[ScrapeConfig] = []
    origins: List[Origin] = []
    problems: List[Problem] = []
    for relation in relations:
        rendered, found = render_relation(relation)
        origin = (relation.relation_id, relation.application)
        scrape_configs += rendered
        origins += [origin] * len(rendered)
        problems += [locate(problem, *origin) for problem in found]
    return resolve_names(scrape_configs, origins, problems), problems


def render_relation(relation: RelationDatabags) -> Tuple[List[ScrapeConfig], List[Problem]]:
    """Give the scrape configs of one relation, and what is wrong with it."""
    if not relation.units:
        return [], []
    app_databag, problems = AppDatabag.decode(relation.app_databag)
    hosts, host_problems = decode_hosts(relation.units, relation.address_key)
    findings = Findings()
    topology = app_databag.scrape_metadata or Topology("", "", "")
    if app_databag.scrape_jobs and not relation.app_databag.get(SCRAPE_METADATA_KEY):
        findings.warning(SCRAPE_METADATA_KEY, "missing: model and charm are not known")
    if not topology.application:
        application = replace_surrogates(relation.application)
        topology = dataclasses.replace(topology, application=application)

    scrape_configs: List[ScrapeConfig] = []
    budget = Budget()
    for job in app_databag.scrape_jobs:
        scrape_config = render_job(job, topology, hosts, budget)
        if scrape_config["static_configs"] or not budget.is_spent:
            scrape_configs.append(scrape_config)
        if budget.is_spent:
            findings.error(SCRAPE_JOBS_KEY, SIZE_RULE)
            break
    return scrape_configs, problems + host_problems + findings.problems


def render_job(
    job: Job, topology: Topology, hosts: Mapping[str, str], budget: Budget
) -> ScrapeConfig:
    """Give the scrape config of one job, with as many entries as the budget allows."""
    labels = topology.label_matcher_dict
    entries: List[StaticConfigDict] = []
    for static_config in job.static_configs:
        if not budget.is_spent:
            entries += render_static_config(static_config, labels, hosts, budget)
    source_labels = [*INSTANCE_LABELS]
    if hosts and job.static_configs:
        source_labels.append(UNIT_LABEL)
    name = "_".join(filter(None, (topology.identifier, job.job_name)))
    scrape_config = {
        "job_name": name or UNNAMED,
        "static_configs": entries,
        **job.settings(),
        "relabel_configs": [
            {
                "source_labels": source_labels,
                "separator": "_",
                "target_label": "instance",
                "regex": "(.*)",
            }
        ],
    }
    return cast("ScrapeConfig", scrape_config)


def render_static_config(
    static_config: StaticConfig,
    topology_labels: Dict[str, str],
    hosts: Mapping[str, str],
    budget: Budget,
) -> List[StaticConfigDict]:
    """Give an entry for the fully qualified targets, and one for each unit if there are others."""
    labels = {**dict(static_config.labels), **topology_labels}
    qualified = [target.text for target in static_config.targets if not target.is_wildcard]
    suffixes = [target.suffix for target in static_config.targets if target.is_wildcard]
    if not static_config.targets:
        suffixes = [""]
    entries: List[StaticConfigDict] = []
    if qualified:
        if not budget.spend(len(qualified), len(labels), 1):
            return []
        entries.append({"targets": qualified, "labels": dict(labels)})
    unit_labels = {*labels, UNIT_LABEL}
    wanted = len(hosts) if suffixes else 0
    number_of_hosts = budget.spend(len(suffixes), len(unit_labels), wanted)
    unit_entries: List[StaticConfigDict] = [
        {
            "labels": {**labels, UNIT_LABEL: unit_name},
            "targets": [host + suffix for suffix in suffixes],
        }
        for unit_name, host in islice(hosts.items(), number_of_hosts)
    ]
    return entries + unit_entries


def resolve_names(
    scrape_configs: List[ScrapeConfig], origins: List[Origin], problems: List[Problem]
) -> List[ScrapeConfig]:
    """Make job names unique, for Parca refuses a file with a name in it twice.

    Of identical jobs one stays. Of others the first in order keeps the name, and each later one
    gets the lowest number that makes a name which no job of any relation has.

    Args:
        scrape_configs: the jobs by the names that their applications gave them.
        origins: id and application of the relation of each.
        problems: takes a warning for each job with another name than it was given.
    """
    given = Counter(scrape_config["job_name"] for scrape_config in scrape_configs)
    if len(given) == len(scrape_configs) and RESERVED_JOB_NAME not in given:
        return scrape_configs
    served: List[ScrapeConfig] = []
    taken = {RESERVED_JOB_NAME}
    seen: Set[str] = set()
    next_number: Dict[str, int] = {}
    for scrape_config, origin in zip(scrape_configs, origins):
        name = scrape_config["job_name"]
        if given[name] > 1:
            identity = json.dumps(scrape_config, sort_keys=True)
            if identity in seen:
                continue
            seen.add(identity)
        if name in taken:
            number = next_number.get(name, 2)
            while f"{name}_{number}" in given:
                number += 1
            next_number[name] = number + 1
            scrape_config["job_name"] = f"{name}_{number}"
            problems.append(locate(Problem("warning", SCRAPE_JOBS_KEY, NAME_RULE), *origin))
        taken.add(scrape_config["job_name"])
        served.append(scrape_config)
    return served
