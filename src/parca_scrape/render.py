"""From what the databags hold to the scrape configs that Parca loads."""

from __future__ import annotations

import dataclasses
import json
import re
from typing import Dict, Iterable, List, Mapping, Sequence, Set, Tuple, TypedDict

from parca_scrape._limits import Cost, Price, RenderingLimits, size_of
from parca_scrape._rules import STANDARD_PROFILES, replace_controls, replace_surrogates
from parca_scrape.databag import (
    SCRAPE_JOBS_KEY,
    UNIT_NAME_KEY,
    RelationDatabags,
    UnitDatabag,
)
from parca_scrape.jobs import Job, JobSettings
from parca_scrape.problems import Problem, cut_problems
from parca_scrape.static_configs import StaticConfig
from parca_scrape.topology import Topology

# parca-k8s adds a job of this name for Parca itself.
RESERVED_JOB_NAME = "parca"
# Parca refuses a job without a name; Juju gives every application one.
UNNAMED = "unnamed"
UNIT_LABEL = "juju_unit"
SHARED_NAME_RULE = "another unit published the same name; using the Juju unit name"
TAKEN_NAME_RULE = "another unit published this unit's name; the unit is not scraped"
NAME_RULE = "another job has the same name; a number was added: give each job its own job_name"
# Juju: names.IsValidApplication, for names of a length that people use.
APPLICATION_NAME = "[a-z][a-z0-9-]{0,99}"
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


def render(relations: Iterable[RelationDatabags]) -> Tuple[List[ScrapeConfig], List[Problem]]:
    """Return scrape configs that Parca loads, in the order of the relations, and all problems."""
    names = JobNames()
    served: List[ScrapeConfig] = []
    told: List[Problem] = []
    for relation in relations:
        scrape_configs, problems = render_relation(relation)
        scrape_configs, name_problems = names.resolve(scrape_configs)
        served += scrape_configs
        application = describe_application(relation)
        for problem in cut_problems(problems + name_problems, relation.untold):
            told.append(problem.in_relation(relation.relation_id, application))
    return served, told


def render_relation(relation: RelationDatabags) -> Tuple[List[ScrapeConfig], List[Problem]]:
    """Return the scrape configs of one relation, and its problems."""
    hosts, host_problems = name_hosts(relation.units)
    topology = relation.app_databag.scrape_metadata or Topology("", "", "")
    if not topology.application:
        application = replace_surrogates(relation.application)
        topology = dataclasses.replace(topology, application=application)

    renderer = JobRenderer(topology, hosts)
    scrape_configs: List[ScrapeConfig] = []
    for job in relation.app_databag.scrape_jobs:
        scrape_config = renderer.render(job)
        if scrape_config["static_configs"] or not renderer.limits.met:
            scrape_configs.append(scrape_config)
        if renderer.limits.met:
            break
    problems = [*relation.problems, *host_problems]
    if renderer.limits.met:
        met = Problem("error", SCRAPE_JOBS_KEY, renderer.limits.met)
        problems = [met, *(problem for problem in problems if problem != met)]
    return scrape_configs, problems


def describe_application(relation: RelationDatabags) -> str:
    """Return the name of a remote application for people.

    Across models Juju may call it `remote-` and a number: then with the name that it publishes.
    """
    metadata = relation.app_databag.scrape_metadata
    own_name = "" if metadata is None else metadata.application
    if relation.application.startswith("remote-") and re.fullmatch(APPLICATION_NAME, own_name):
        return f"{own_name} ({relation.application})"
    return relation.application


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


class JobRenderer:
    """Renders the jobs of one relation, as far as its limits allow."""

    def __init__(self, topology: Topology, hosts: Mapping[str, str]) -> None:
        self.limits: RenderingLimits = RenderingLimits()
        self._identifier = topology.identifier
        self._labels = topology.label_matcher_dict
        self._hosts = hosts
        self._hosts_size = size_of(*hosts, *hosts.values())

    def render(self, job: Job) -> ScrapeConfig:
        """Return the scrape config of a job, with as many targets as the limits allow."""
        name = replace_controls("_".join(filter(None, (self._identifier, job.job_name))))
        settings = job.settings()
        if settings:
            text_size = size_of(json.dumps(settings, ensure_ascii=False))
            self.limits.spend_or_end(Cost(text_size=text_size))
        price = Price(len(STANDARD_PROFILES))
        if job.profiling_config:
            price = job.profiling_config.price()
        entries: List[StaticConfigDict] = []
        for static_config in job.static_configs:
            if self.limits.met:
                break
            entries += self._render_static_config(static_config, price, size_of(name))
        source_labels = [*INSTANCE_LABELS]
        if self._hosts and job.static_configs:
            source_labels.append(UNIT_LABEL)
        return {
            "job_name": name or UNNAMED,
            "static_configs": entries,
            **settings,
            "relabel_configs": [
                {
                    "source_labels": source_labels,
                    "separator": "_",
                    "target_label": "instance",
                    "regex": "(.*)",
                }
            ],
        }

    def _render_static_config(
        self, static_config: StaticConfig, price: Price, name_size: int
    ) -> List[StaticConfigDict]:
        """Return an entry for the fully qualified targets, and one per unit for the wildcards."""
        labels = {**dict(static_config.labels), **self._labels}
        qualified = [target.text for target in static_config.targets if not target.is_wildcard]
        suffixes = [target.suffix for target in static_config.targets if target.is_wildcard]
        if not static_config.targets:
            suffixes = [""]
        # The job name is a label to Parca, and each target has all labels.
        labels_size = name_size + size_of(*labels, *labels.values())
        own_unit = labels.get(UNIT_LABEL)
        unit_size = labels_size + (len(UNIT_LABEL) if own_unit is None else -size_of(own_unit))

        targets = len(qualified) + len(suffixes) * len(self._hosts)
        text_size = (
            size_of(*qualified)
            + len(qualified) * labels_size
            + len(self._hosts) * (size_of(*suffixes) + len(suffixes) * unit_size)
            + len(suffixes) * self._hosts_size
        )
        is_whole = self.limits.spend(price.of(targets, len(labels), text_size))
        entries: List[StaticConfigDict] = []
        if not is_whole:
            qualified = self.limits.cut(qualified, price, len(labels), labels_size)
        if qualified:
            entries.append({"targets": qualified, "labels": dict(labels)})
        for unit_name, host in self._hosts.items() if suffixes else ():
            if not is_whole:
                size = unit_size + size_of(unit_name, host)
                suffixes = self.limits.cut(suffixes, price, len(labels), size)
            if suffixes:
                entries.append(
                    {
                        "labels": {**labels, UNIT_LABEL: unit_name},
                        "targets": [host + suffix for suffix in suffixes],
                    }
                )
        return entries


class JobNames:
    """Makes the names of jobs unique, one relation after the other.

    Parca refuses a file that has a name twice. A name never depends on a later relation.
    """

    def __init__(self) -> None:
        self._given: Set[str] = set()
        self._taken: Set[str] = {RESERVED_JOB_NAME}
        self._firsts: Dict[str, ScrapeConfig] = {}
        self._identities: Dict[str, Set[str]] = {}
        self._next_numbers: Dict[str, int] = {}

    def resolve(
        self, scrape_configs: Sequence[ScrapeConfig]
    ) -> Tuple[List[ScrapeConfig], List[Problem]]:
        """Return the scrape configs of the next relation, renamed, and a problem for each name.

        One of several identical jobs stays. Otherwise the first keeps the name, and each later one
        gets the lowest number that makes a name which no job so far was given or has taken.
        """
        self._given.update(scrape_config["job_name"] for scrape_config in scrape_configs)
        served: List[ScrapeConfig] = []
        problems: List[Problem] = []
        for scrape_config in scrape_configs:
            name = scrape_config["job_name"]
            if self._is_served(scrape_config):
                continue
            if name in self._taken:
                scrape_config["job_name"] = self._number(name)
                problems.append(Problem("warning", SCRAPE_JOBS_KEY, NAME_RULE))
            self._taken.add(scrape_config["job_name"])
            served.append(scrape_config)
        return served, problems

    def _is_served(self, scrape_config: ScrapeConfig) -> bool:
        """Return whether there was an identical job."""
        name = scrape_config["job_name"]
        first = self._firsts.setdefault(name, scrape_config)
        if first is scrape_config:
            return False
        if name not in self._identities:
            self._identities[name] = {identify(first)}
        identity = identify(scrape_config)
        is_served = identity in self._identities[name]
        self._identities[name].add(identity)
        return is_served

    def _number(self, name: str) -> str:
        """Return a free name made of a taken one."""
        number = self._next_numbers.get(name, 2)
        while f"{name}_{number}" in self._given or f"{name}_{number}" in self._taken:
            number += 1
        self._next_numbers[name] = number + 1
        return f"{name}_{number}"


def identify(scrape_config: ScrapeConfig) -> str:
    """Return the same text for identical jobs, whatever their names."""
    return json.dumps({**scrape_config, "job_name": ""}, sort_keys=True)
