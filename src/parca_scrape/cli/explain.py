"""Where a target comes from, or why Parca does not scrape it."""

from __future__ import annotations

import re
from typing import Dict, Iterable, Iterator, List, NamedTuple, Optional, Sequence, Set, Tuple
from urllib.parse import urlsplit

from parca_scrape.cli.elements import Element, list_elements, parse_target
from parca_scrape.cli.relations import RelationTexts, check_gaps, locate
from parca_scrape.databag import SCRAPE_JOBS_KEY, UNIT_ADDRESS_KEY, RelationDatabags
from parca_scrape.problems import Problem
from parca_scrape.render import JobNames, ScrapeConfig, name_hosts, render_relation
from parca_scrape.static_configs import DEFAULT_PORTS
from parca_scrape.targets import Target

# Nobody reads more ports than this.
MAX_SHOWN = 20
NOWHERE = "no scrape job names it, and no unit has its address"
# What the message says of a part that is skipped whole, and where that part is.
JOB = r"scrape_jobs\[\d+\]"
SKIPPED_PARTS = {
    "job": re.compile(JOB),
    "static config": re.compile(JOB + r"\.static_configs\[\d+\]"),
}


class Origin(NamedTuple):
    """An element of a databag that names a target."""

    relation_id: int
    application: str
    path: str
    unit: str
    """The unit whose address stands for the wildcard of the element; empty without one."""
    job_names: Sequence[str]
    """The scrape configs of the relation that have the target."""
    reasons: Sequence[str]
    """Why the element is skipped, if it is."""


class Explanation(NamedTuple):
    """What the databags say of a target."""

    target: str
    origins: Sequence[Origin]
    hints: Sequence[str]
    """What is similar in the databags, if no element names the target."""

    @property
    def is_scraped(self) -> bool:
        """Whether a scrape config has the target."""
        return any(origin.job_names for origin in self.origins)


class Wanted:
    """The target to explain: a host, with or without a port, or a URL; or any text."""

    def __init__(self, text: str) -> None:
        self.text: str = text.strip()
        try:
            netloc = urlsplit(text if "//" in text else f"//{text}").netloc
        except ValueError:
            netloc = ""
        self.target: Optional[Target] = parse_target(netloc)

    def has_host(self, host: str) -> bool:
        """Return whether the target is on a host."""
        return self.target is not None and self.target.host.lower() == host.lower()

    def is_at(self, host: str, element: Element) -> bool:
        """Return whether the target is the one of an element on a host."""
        if element.target is None or self.target is None or self.target.is_wildcard:
            return element.text.strip() == self.text
        port = port_of(element.target, element.scheme)
        return self.has_host(host) and self.target.port in (None, port)


def port_of(target: Target, scheme: str) -> int:
    """Return the port that Parca scrapes."""
    return target.port or DEFAULT_PORTS.get(scheme.lower(), DEFAULT_PORTS[""])


def explain_target(text: str, relations: Sequence[RelationTexts]) -> Explanation:
    """Return where a target comes from, or why it is not there.

    Args:
        text: a host, with or without a port, or a URL.
        relations: the relations of the Parca charm.

    Raises:
        CommandError: the input leaves out all that Parca gets.
    """
    wanted = Wanted(text)
    origins: List[Origin] = []
    hints: List[str] = []
    gaps: List[str] = [NOWHERE]
    names = JobNames()
    is_rendered = False
    for relation in relations:
        application = relation.describe()
        databags = relation.decode()
        scrape_configs, problems = render_relation(databags)
        scrape_configs, _ = names.resolve(scrape_configs)
        is_rendered = is_rendered or bool(scrape_configs)
        found, ports = find_origins(wanted, relation, databags)
        job_names = index_jobs(scrape_configs) if found else {}
        for element, unit, address in found:
            path = element.findings.path
            reasons: List[str] = []
            if address not in job_names:
                reasons = find_reasons(problems, path)
                reasons = reasons or [problem.message for problem in relation.problems]
            origins.append(
                Origin(
                    relation_id=relation.relation_id,
                    application=application,
                    path=path,
                    unit=unit,
                    job_names=job_names.get(address, []),
                    reasons=reasons,
                )
            )
        shown = [problem for problem in (*relation.problems, *problems) if hides_targets(problem)]
        gaps += [
            locate(problem.in_relation(relation.relation_id, application))
            for problem in shown[:MAX_SHOWN]
        ]
        if ports:
            found_ports = ", ".join(map(str, sorted(ports)[:MAX_SHOWN]))
            hints.append(
                f"relation {relation.relation_id} {application} has the host, with port"
                f" {found_ports}"
            )
    if not is_rendered:
        check_gaps(relations)
    return Explanation(wanted.text, origins, [] if origins else hints or gaps)


def find_origins(
    wanted: Wanted, relation: RelationTexts, databags: RelationDatabags
) -> Tuple[List[Tuple[Element, str, str]], Set[int]]:
    """Return the elements that name a target, and the other ports that they name on its host.

    Each element comes with the unit whose address it stands for, and the target as rendered.
    """
    hosts = name_hosts(databags.units)[0]
    found: List[Tuple[Element, str, str]] = []
    ports: Set[int] = set()
    for element in list_elements(relation.app_databag):
        for unit, host in list_hosts(element, hosts):
            if wanted.is_at(host, element):
                address = host + element.target.suffix if element.target else ""
                found.append((element, unit, address))
            elif element.target and wanted.has_host(host):
                ports.add(port_of(element.target, element.scheme))
    return found, ports


def list_hosts(element: Element, hosts: Dict[str, str]) -> Iterator[Tuple[str, str]]:
    """Yield the units, if the element is for every unit, and the hosts of an element."""
    if element.target is not None and element.target.is_wildcard:
        yield from hosts.items()
    else:
        yield "", element.target.host if element.target else ""


def index_jobs(scrape_configs: Sequence[ScrapeConfig]) -> Dict[str, List[str]]:
    """Return the names of the scrape configs that have a target, by the target."""
    job_names: Dict[str, Dict[str, None]] = {}
    for scrape_config in scrape_configs:
        for entry in scrape_config["static_configs"]:
            for target in entry["targets"]:
                job_names.setdefault(target, {})[scrape_config["job_name"]] = None
    return {target: list(names) for target, names in job_names.items()}


def hides_targets(problem: Problem) -> bool:
    """Return whether a whole databag, or the address of a unit, is missing or cannot be read."""
    return problem.severity == "error" and problem.path in ("", SCRAPE_JOBS_KEY, UNIT_ADDRESS_KEY)


def find_reasons(problems: Iterable[Problem], path: str) -> List[str]:
    """Return why Parca does not scrape the target of an element at a path."""
    return [
        problem.message
        for problem in problems
        if problem.severity == "error" and not problem.unit and is_around(problem, path)
    ]


def is_around(problem: Problem, path: str) -> bool:
    """Return whether a problem is in an element at a path, or skips what is around it."""
    place = problem.path
    for part, pattern in SKIPPED_PARTS.items():
        if problem.message.endswith(f"; the {part} is skipped"):
            match = pattern.match(path)
            return match is not None and f"{place}.".startswith(f"{match.group()}.")
    return path.startswith(place) and path[len(place) :][:1] in ("", ".", "[")
