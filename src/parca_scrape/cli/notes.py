"""Notes on what is valid in scrape jobs, but rarely intended."""

from __future__ import annotations

import ipaddress
from typing import Dict, Iterator, List, Sequence, Tuple

from parca_scrape._getters import as_list, as_object
from parca_scrape._rules import parse_boolean
from parca_scrape.cli.elements import Element, read_job
from parca_scrape.cli.profiles import STANDARD_PATHS
from parca_scrape.problems import Findings

LOOPBACK_NOTE = "is Parca's own host, not that of the charm: use * for the address of each unit"
DEFAULT_PATH_NOTE = (
    "keeps its default path, although other profiles have a path of their own: set its path, or"
    " enabled: false"
)
SHARED_LABELS_NOTE = (
    "has the same labels as another target of the job, so Parca stores their profiles as one"
    " series: give each its own static config, with a label that tells them apart"
)
# The same for all profiles of an application, or derived from other labels.
SAME_LABELS = frozenset(
    {"instance", "juju_application", "juju_charm", "juju_model", "juju_model_uuid"}
)
Note = Tuple[str, str]
"""A path into the data, and what to consider."""


def find_notes(jobs: object, findings: Findings) -> List[Note]:
    """Return the notes on scrape jobs, which may be anything.

    Args:
        jobs: the jobs, as a charm publishes or gives them.
        findings: where they are.
    """
    notes: List[Note] = []
    for index, job in enumerate(as_list(jobs) or ()):
        place = findings.at(index)
        elements = list(read_job(job, place))
        for element in elements:
            if element.target is not None and is_loopback(element.target.host):
                notes.append((element.findings.path, LOOPBACK_NOTE))
        notes += find_shared_labels(elements)
        notes += find_default_paths(job, place.at("profiling_config").at("pprof_config"))
    return notes


def is_loopback(host: str) -> bool:
    """Return whether a host is the one that sends the request."""
    name = host.lower().rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False


def find_shared_labels(elements: Sequence[Element]) -> Iterator[Note]:
    """Yield a note for each group of targets of one job that no label distinguishes."""
    groups: Dict[object, Dict[str, Element]] = {}
    for element in elements:
        if element.target is not None:
            labels = {name: text for name, text in element.labels.items() if is_kept(name, text)}
            group = groups.setdefault((element.target.is_wildcard, *sorted(labels.items())), {})
            group.setdefault(element.target.text, element)
    for group in groups.values():
        _, *others = group.values()
        if others:
            yield others[0].findings.path, SHARED_LABELS_NOTE


def is_kept(name: str, text: str) -> bool:
    """Return whether a label distinguishes profiles: Parca hides some, and others never differ."""
    return bool(text) and not name.startswith("__") and name not in SAME_LABELS


def find_default_paths(job: object, findings: Findings) -> Iterator[Note]:
    """Yield a note for each standard profile that keeps its default path while others do not."""
    profiling = as_object((as_object(job) or {}).get("profiling_config")) or {}
    if profiling.get("path_prefix"):
        return
    profiles = as_object(profiling.get("pprof_config")) or {}
    fields = {name: as_object(profiles.get(name)) or {} for name in STANDARD_PATHS}
    moved = (fields[name].get("path") or path for name, path in STANDARD_PATHS.items())
    if tuple(moved) == tuple(STANDARD_PATHS.values()):
        return
    for name, profile in fields.items():
        if not profile.get("path") and parse_boolean(profile.get("enabled")) is not False:
            yield findings.at(name).path, DEFAULT_PATH_NOTE
