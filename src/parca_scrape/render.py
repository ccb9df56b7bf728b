"""From what the databags hold to the scrape configs that Parca loads."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from itertools import islice
from typing import Dict, Iterable, List, Mapping, Set, Tuple, TypedDict

from parca_scrape._rules import replace_surrogates
from parca_scrape.databag import (
    SCRAPE_JOBS_KEY,
    UNIT_NAME_KEY,
    RelationDatabags,
    UnitDatabag,
)
from parca_scrape.jobs import Job, JobSettings
from parca_scrape.problems import Problem
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
    f"more than {MAX_TARGETS} targets or {MAX_LABELS} labels, counted for each unit: the rest are"
    " skipped"
)
SHARED_NAME_RULE = "another unit published the same name; using the Juju unit name"
TAKEN_NAME_RULE = "another unit published this unit's name; the unit is not scraped"
NAME_RULE = "another job has the same name; a number was added: give each job its own job_name"
Origin = Tuple[int, str]
INSTANCE_LABELS = ("juju_model", "juju_model_uuid", "juju_application")


class StaticConfigDict(TypedDict):
    """A static config as Parca loads it."""

    targets: List[str]
    labels: Dict[str, str]


class RelabelConfigDict(TypedDict):
    """The rule that makes the label `instance` from the topology."""

    source_labels: List[str]
    separator: str
    target_label: str
    regex: str


class ScrapeConfig(JobSettings):
    """A scrape config as Parca loads it: an element of what `jobs()` returns."""

    job_name: str
    static_configs: List[StaticConfigDict]
    relabel_configs: List[RelabelConfigDict]


class Budget:
    """How many targets and labels may still be scraped of one relation."""

    def __init__(self) -> None:
        self.targets: int = MAX_TARGETS
        self.labels: int = MAX_LABELS
        self.is_spent: bool = False

    def spend(self, targets: int, labels: int, entries: int) -> int:
        """Return how many of some entries can be scraped that have so many targets and labels."""
        if targets * entries > self.targets or labels * entries > self.labels:
            entries = min(self.targets // targets, self.labels // max(labels, 1))
            self.is_spent = True
        self.targets -= targets * entries
        self.labels -= labels * entries
        return entries


def render(relations: Iterable[RelationDatabags]) -> Tuple[List[ScrapeConfig], List[Problem]]:
    """Return scrape configs that Parca loads, in the order of the relations, and all problems."""
    scrape_configs: List[ScrapeConfig] = []
    origins: List[Origin] = []
    problems: List[Problem] = []
    for relation in relations:
        rendered, found = render_relation(relation)
        origin = (relation.relation_id, relation.application)
        scrape_configs += rendered
        origins += [origin] * len(rendered)
        problems += [*relation.problems, *(problem.in_relation(*origin) for problem in found)]
    return resolve_names(scrape_configs, origins, problems), problems


def render_relation(relation: RelationDatabags) -> Tuple[List[ScrapeConfig], List[Problem]]:
    """Return the scrape configs of one relation, and the problems of rendering them."""
    hosts, problems = name_hosts(relation.units)
    topology = relation.app_databag.scrape_metadata or Topology("", "", "")
    if not topology.application:
        application = replace_surrogates(relation.application)
        topology = dataclasses.replace(topology, application=application)

    scrape_configs: List[ScrapeConfig] = []
    budget = Budget()
    for job in relation.app_databag.scrape_jobs:
        scrape_config = render_job(job, topology, hosts, budget)
        if scrape_config["static_configs"] or not budget.is_spent:
            scrape_configs.append(scrape_config)
        if budget.is_spent:
            problems.append(Problem("error", SCRAPE_JOBS_KEY, SIZE_RULE))
            break
    return scrape_configs, problems


def name_hosts(units: Mapping[str, UnitDatabag]) -> Tuple[Dict[str, str], List[Problem]]:
    """Return the address of each unit that has one, by the name that it published if it can."""
    hosts: Dict[str, str] = {}
    problems: List[Problem] = []
    for juju_name, unit in units.items():
        if not unit.address:
            continue
        name = unit.name or replace_surrogates(juju_name)
        if name in hosts:
            own_name = replace_surrogates(juju_name)
            if own_name in hosts:
                problems.append(Problem("error", UNIT_NAME_KEY, TAKEN_NAME_RULE, unit=juju_name))
                continue
            problems.append(Problem("warning", UNIT_NAME_KEY, SHARED_NAME_RULE, unit=juju_name))
            name = own_name
        hosts[name] = unit.address
    return hosts, problems


def render_job(
    job: Job, topology: Topology, hosts: Mapping[str, str], budget: Budget
) -> ScrapeConfig:
    """Return the scrape config of one job, with as many entries as the budget allows."""
    labels = topology.label_matcher_dict
    entries: List[StaticConfigDict] = []
    for static_config in job.static_configs:
        if not budget.is_spent:
            entries += render_static_config(static_config, labels, hosts, budget)
    source_labels = [*INSTANCE_LABELS]
    if hosts and job.static_configs:
        source_labels.append(UNIT_LABEL)
    name = "_".join(filter(None, (topology.identifier, job.job_name)))
    return {
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


def render_static_config(
    static_config: StaticConfig,
    topology_labels: Dict[str, str],
    hosts: Mapping[str, str],
    budget: Budget,
) -> List[StaticConfigDict]:
    """Return an entry for the fully qualified targets, and one per unit for the wildcards."""
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
    """Return the scrape configs with unique job names: Parca refuses a file that has one twice.

    One of several identical jobs stays. Otherwise the first keeps the name, and each later one
    gets the lowest number that makes a name which no job of any relation has.
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
            problem = Problem("warning", SCRAPE_JOBS_KEY, NAME_RULE)
            problems.append(problem.in_relation(*origin))
        taken.add(scrape_config["job_name"])
        served.append(scrape_config)
    return served
