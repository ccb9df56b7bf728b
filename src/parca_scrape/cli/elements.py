"""The targets that scrape jobs name, each with its place in the text, also the bad ones."""

from __future__ import annotations

from typing import Iterator, Mapping, NamedTuple, Optional

from parca_scrape._getters import as_list, as_object, read_elements
from parca_scrape._limits import MAX_JOBS_SIZE
from parca_scrape._rules import SCHEME_LABEL, parse_text
from parca_scrape.databag import SCRAPE_JOBS_KEY, decode_json
from parca_scrape.jobs import DEFAULT_STATIC_CONFIGS
from parca_scrape.problems import Findings, InvalidJobError
from parca_scrape.targets import WILDCARD, Target


class Element(NamedTuple):
    """A target as a scrape job names it."""

    findings: Findings
    """Where it is; for a static config or a job that names no targets, where that is."""
    text: str
    target: Optional[Target]
    """None if Parca could not scrape it."""
    scheme: str
    """Of the job or its label `__scheme__`, as they are written; empty for Parca's default."""
    labels: Mapping[str, str] = {}
    """Those of the static config, also the bad ones."""


def list_elements(app_databag: Mapping[str, str]) -> Iterator[Element]:
    """Yield the targets in the databag of an application, as far as the limits allow."""
    findings = Findings(SCRAPE_JOBS_KEY)
    for index, job in read_elements(as_list(load_jobs(app_databag)) or (), findings):
        yield from read_job(job, findings.at(index))


def load_jobs(app_databag: Mapping[str, str]) -> object:
    """Return the scrape jobs in the databag of an application, which may be anything."""
    return decode_json(app_databag.get(SCRAPE_JOBS_KEY), Findings(), MAX_JOBS_SIZE)


def read_job(job: object, findings: Findings) -> Iterator[Element]:
    """Yield the targets of a scrape job, which may be anything."""
    mapping = as_object(job)
    if mapping is None:
        return
    scheme = parse_text(mapping.get("scheme")) or ""
    if "static_configs" not in mapping:
        default = DEFAULT_STATIC_CONFIGS[0].targets[0]
        yield Element(findings, default.text, default, scheme)
    place = findings.at("static_configs")
    for index, static_config in read_elements(as_list(mapping.get("static_configs")) or (), place):
        yield from read_static_config(static_config, scheme, place.at(index))


def read_static_config(raw: object, scheme: str, findings: Findings) -> Iterator[Element]:
    """Yield the targets of a static config, which may be anything."""
    mapping = as_object(raw)
    if mapping is None:
        return
    values = as_object(mapping.get("labels")) or {}
    labels = {name: parse_text(value) or "" for name, value in values.items()}
    scheme = labels.get(SCHEME_LABEL) or scheme
    targets = as_list(mapping.get("targets") or ())
    if targets is not None and not targets:
        yield Element(findings, WILDCARD, Target(WILDCARD), scheme, labels)
    for index, text in read_elements(targets or (), findings.at("targets")):
        if isinstance(text, str):
            place = findings.at("targets").at(index)
            yield Element(place, text, parse_target(text), scheme, labels)


def parse_target(text: str) -> Optional[Target]:
    """Return a target, or None if Parca could not scrape it."""
    try:
        return Target.parse(text)
    except InvalidJobError:
        return None
