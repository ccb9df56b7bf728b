"""The databags of the relation: a codec for each, which owns the names of its keys."""

from __future__ import annotations

import itertools
import json
import re
from dataclasses import dataclass
from typing import Dict, Iterable, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from parca_scrape._getters import OBJECT_RULE, UTF8_RULE, as_object, get_text, length_rule
from parca_scrape._legacy import LEGACY_ADDRESS_KEY, warn_of_old_consumers
from parca_scrape._limits import (
    KIB,
    MAX_JOBS_SIZE,
    MAX_METADATA_SIZE,
    MAX_NAME_LENGTH,
    size_of,
)
from parca_scrape._rules import is_utf8, replace_surrogates
from parca_scrape.jobs import ALLOWED_KEYS, Job, OwnJob, decode_jobs
from parca_scrape.problems import (
    DatabagError,
    Findings,
    InvalidJobError,
    Problem,
    Report,
    cut_problems,
)
from parca_scrape.targets import ADDRESS_RULE, parse_host
from parca_scrape.topology import TOPOLOGY_KEYS, Topology, is_uuid

SCRAPE_JOBS_KEY = "scrape_jobs"
SCRAPE_METADATA_KEY = "scrape_metadata"
UNIT_ADDRESS_KEY = "parca_scrape_unit_address"
UNIT_NAME_KEY = "parca_scrape_unit_name"
# Juju writes it into the databag of every unit.
INGRESS_ADDRESS_KEY = "ingress-address"
REQUIRED_TOPOLOGY_KEYS = ("model", "model_uuid", "application")
MISSING_RULE = "missing, so job names and labels do not contain it"
NO_METADATA_RULE = "missing: the model and the charm are unknown"
# More digits than any unit has: Python reads long ones slowly, or not at all.
MAX_NUMBER_LENGTH = 18
# Python's own limit since 3.11; without one, reading a number takes time quadratic in its digits.
MAX_DIGITS = 4300
# Far more than any scrape job needs.
MAX_DEPTH = 100


@dataclass(frozen=True)
class AppDatabag:
    """What an application publishes: its scrape jobs, and where in Juju it is."""

    scrape_jobs: Tuple[Job, ...] = ()
    scrape_metadata: Optional[Topology] = None
    """The topology of the unit that wrote the databag, which is the leader."""

    @classmethod
    def decode(cls, databag: Mapping[str, str]) -> Tuple[AppDatabag, List[Problem]]:
        """Return what can be scraped from a databag, and what is wrong with it."""
        report = Report()
        app_databag = decode_app(databag, report)
        return app_databag, cut_problems(report.problems, report.untold)

    @classmethod
    def decode_strict(cls, databag: Mapping[str, str]) -> AppDatabag:
        """Return what a databag holds.

        Raises:
            DatabagError: something is wrong with it.
        """
        app_databag, problems = cls.decode(databag)
        if problems:
            raise DatabagError(problems)
        return app_databag

    def encode(self) -> Dict[str, str]:
        """Return the text of the databag, with a port for every target."""
        return encode_app(self.scrape_jobs, self.scrape_metadata)


@dataclass(frozen=True)
class UnitDatabag:
    """What a unit publishes: its address and its name.

    Raises:
        InvalidJobError: the address is not a host, or the name is longer than 1,024 characters or
            cannot be encoded in UTF-8.
    """

    address: str = ""
    """A host name or an IP address, IPv6 in brackets."""
    name: str = ""
    """The name of the unit in its own model; across models Juju itself uses another."""

    def __post_init__(self) -> None:
        """Check and normalise the fields."""
        host = parse_host(self.address) if self.address else ""
        if host is None:
            raise InvalidJobError("address", ADDRESS_RULE)
        if len(self.name) > MAX_NAME_LENGTH:
            raise InvalidJobError("name", length_rule(MAX_NAME_LENGTH))
        if not is_utf8(self.name):
            raise InvalidJobError("name", UTF8_RULE)
        if host != self.address:
            object.__setattr__(self, "address", host)

    @classmethod
    def decode(
        cls, databag: Mapping[str, str], address_key: str = UNIT_ADDRESS_KEY
    ) -> Tuple[UnitDatabag, List[Problem]]:
        """Return what can be used from a databag, and what is wrong with it.

        The address is that of `address_key`; Juju itself writes `ingress-address`.
        """
        address, name = databag.get(address_key, ""), databag.get(UNIT_NAME_KEY, "")
        if not address and address_key == UNIT_ADDRESS_KEY:
            address = databag.get(LEGACY_ADDRESS_KEY, "")
        try:
            return cls(address=address, name=name), []
        except InvalidJobError:
            host = parse_host(address) if address else ""
        problems: List[Problem] = []
        if host is None:
            problems.append(Problem("error", address_key, ADDRESS_RULE))
        if len(name) > MAX_NAME_LENGTH:
            problems.append(Problem("error", UNIT_NAME_KEY, length_rule(MAX_NAME_LENGTH)))
            name = ""
        if not is_utf8(name):
            problems.append(Problem("warning", UNIT_NAME_KEY, UTF8_RULE))
        return cls(address=host or "", name=replace_surrogates(name)), problems

    @classmethod
    def decode_strict(cls, databag: Mapping[str, str]) -> UnitDatabag:
        """Return what a databag holds.

        Raises:
            DatabagError: something is wrong with it.
        """
        unit_databag, problems = cls.decode(databag)
        if problems:
            raise DatabagError(problems)
        return unit_databag

    def encode(self) -> Dict[str, str]:
        """Return the text of the databag, without what is empty."""
        return encode_unit(self.address, self.name)


class RelationDatabags(NamedTuple):
    """What the databags of one relation hold."""

    relation_id: int
    application: str
    """The name of the remote application in this model."""
    app_databag: AppDatabag
    units: Mapping[str, UnitDatabag]
    """By the name of the unit in Juju."""
    problems: Sequence[Problem] = ()
    """What is wrong in the databags."""
    untold: int = 0
    """How many more problems there are in the databag of the application."""

    @classmethod
    def decode(
        cls,
        relation_id: int,
        application: str,
        app_databag: Mapping[str, str],
        units: Mapping[str, UnitDatabag],
        unit_problems: Iterable[Problem] = (),
    ) -> RelationDatabags:
        """Return units in order, with what their application published; nothing without units."""
        if not units:
            return cls(relation_id, application, app_databag=AppDatabag(), units=units)
        report = Report()
        decoded = decode_app(app_databag, report)
        problems = report.problems
        problems += sorted(unit_problems, key=lambda problem: parse_unit_number(problem.unit))
        metadata = app_databag.get(SCRAPE_METADATA_KEY, "").strip()
        if decoded.scrape_jobs and metadata in ("", "null"):
            problems.append(Problem("warning", SCRAPE_METADATA_KEY, NO_METADATA_RULE))
        return cls(
            relation_id,
            application,
            app_databag=decoded,
            units={name: units[name] for name in order_units(units)},
            problems=problems,
            untold=report.untold,
        )


def order_units(names: Iterable[str]) -> List[str]:
    """Return the names that units have in Juju in the order of their numbers."""
    return sorted(names, key=parse_unit_number)


def parse_unit_number(name: str) -> int:
    """Return the number in a unit's name in Juju; -1 for a name that Juju does not use."""
    number = name.rpartition("/")[2]
    is_number = number.isdecimal() and len(number) <= MAX_NUMBER_LENGTH
    return int(number) if is_number else -1


def read_app(databag: Mapping[str, str]) -> Dict[str, str]:
    """Return the texts that an application published."""
    texts = {key: databag.get(key) for key in (SCRAPE_JOBS_KEY, SCRAPE_METADATA_KEY)}
    return {key: text for key, text in texts.items() if text}


def encode_app(jobs: Iterable[OwnJob], topology: Optional[Topology]) -> Dict[str, str]:
    """Return the text of an application's databag; raise `InvalidJobError` if a job is no JSON."""
    encoded: List[str] = []
    for index, job in enumerate(jobs):
        try:
            mapping = job.as_mapping() if isinstance(job, Job) else job
            published = {key: value for key, value in mapping.items() if key in ALLOWED_KEYS}
            encoded.append(json.dumps(published))
        except (TypeError, ValueError, RecursionError) as error:
            raise InvalidJobError(f"jobs[{index}]", f"must be JSON: {error}") from error
    databag = {} if topology is None else {SCRAPE_METADATA_KEY: json.dumps(topology.as_dict())}
    databag[SCRAPE_JOBS_KEY] = f"[{', '.join(encoded)}]"
    return databag


def encode_unit(address: str, name: str) -> Dict[str, str]:
    """Return the text of a unit's databag, without what is empty."""
    texts = {UNIT_ADDRESS_KEY: address, UNIT_NAME_KEY: name}
    return {key: text for key, text in texts.items() if text}


def judge_jobs(jobs: Sequence[OwnJob]) -> List[Problem]:
    """Return what consumers skip of a charm's own jobs, or fail on if they are old."""
    findings = Findings("jobs")
    decode_jobs(jobs, findings)
    for index, job in enumerate(jobs):
        mapping = job.as_mapping() if isinstance(job, Job) else job
        warn_of_old_consumers(mapping, findings.at(index))
    return cut_problems(findings.problems, findings.report.untold)


def parse_int(digits: str) -> int:
    """Return a number of JSON; raise `ValueError` for one with more than 4300 digits."""
    if len(digits) > MAX_DIGITS:
        raise ValueError
    return int(digits)


JSON_DECODER = json.JSONDecoder(parse_int=parse_int)


def decode_app(databag: Mapping[str, str], report: Report) -> AppDatabag:
    """Return what can be scraped from an application's databag."""
    in_jobs = Findings(SCRAPE_JOBS_KEY, report=report)
    in_metadata = Findings(SCRAPE_METADATA_KEY, report=report)
    jobs = decode_json(databag.get(SCRAPE_JOBS_KEY), in_jobs, MAX_JOBS_SIZE)
    scrape_jobs = decode_jobs(jobs, in_jobs)
    metadata = decode_json(databag.get(SCRAPE_METADATA_KEY), in_metadata, MAX_METADATA_SIZE)
    return AppDatabag(
        scrape_jobs=scrape_jobs, scrape_metadata=decode_topology(metadata, in_metadata)
    )


def decode_json(text: Optional[str], findings: Findings, max_size: int) -> object:
    """Return what JSON text holds, in time linear in its length; None for none or a bad one."""
    if not text:
        return None
    if size_of(text) > max_size:
        size = f"{max_size // KIB:,} KiB"
        findings.limit(f"larger than {size}: not read; publish fewer or shorter values")
        return None
    if is_nested_deeper(text, MAX_DEPTH):
        findings.error(f"must be nested no deeper than {MAX_DEPTH} levels")
        return None
    try:
        return JSON_DECODER.decode(text)
    except json.JSONDecodeError as error:
        findings.error(f"must be valid JSON: see line {error.lineno}, column {error.colno}")
    except ValueError:
        findings.error(f"must not contain a number of more than {MAX_DIGITS:,} digits")
    return None


def is_nested_deeper(text: str, depth: int) -> bool:
    """Return whether JSON text has more lists and objects within each other.

    Python's decoder recurses. Python 3.8 aborts the process if the garbage collector runs while
    the decoder is near the limit of recursion.
    """
    if text.count("[") + text.count("{") <= depth:
        return False
    without_escapes = re.sub(r"\\.", "", text, flags=re.DOTALL)
    brackets = re.sub(r'"[^"]*"?|[^][{}"]+', "", without_escapes)
    depths = itertools.accumulate(1 if bracket in "[{" else -1 for bracket in brackets)
    return max(depths, default=0) > depth


def decode_topology(raw: object, findings: Findings) -> Optional[Topology]:
    """Return where in Juju an application is; None if it does not say. New fields are ignored."""
    if raw is None:
        return None
    mapping = as_object(raw)
    if mapping is None:
        findings.error(OBJECT_RULE)
        return None
    fields = {key: mapping[key] for key in TOPOLOGY_KEYS if mapping.get(key) is not None}
    texts = {
        key: get_text(fields, key, findings, max_length=MAX_NAME_LENGTH, lossy=True)
        for key in fields
    }
    for key in REQUIRED_TOPOLOGY_KEYS:
        if not texts.get(key):
            findings.at(key).warning(MISSING_RULE)
    model_uuid = texts.get("model_uuid", "")
    if model_uuid and not is_uuid(model_uuid):
        findings.at("model_uuid").warning("must be a UUID")
    return Topology(
        model=texts.get("model", ""),
        model_uuid=model_uuid,
        application=texts.get("application", ""),
        unit=texts.get("unit"),
        charm_name=texts.get("charm_name"),
    )
