"""The relation's databags: a codec for each, which owns the names of its keys.

Decoding takes any databag, gives what can be served of it and tells what is wrong. The strict
form raises instead.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Callable, Dict, Iterable, List, Mapping, Optional, Tuple, TypeVar, Union

from parca_scrape._getters import OBJECT_RULE, UTF8_RULE, as_object, build, get_text
from parca_scrape._legacy import LEGACY_ADDRESS_KEY, warn_of_old_consumers
from parca_scrape._rules import is_utf8, replace_surrogates
from parca_scrape.frozen import dataclass
from parca_scrape.jobs import Job, decode_jobs
from parca_scrape.problems import DatabagError, Findings, InvalidJobError, Problem
from parca_scrape.targets import ADDRESS_RULE, parse_host
from parca_scrape.topology import TOPOLOGY_KEYS, Topology, is_uuid

SCRAPE_JOBS_KEY = "scrape_jobs"
SCRAPE_METADATA_KEY = "scrape_metadata"
UNIT_ADDRESS_KEY = "parca_scrape_unit_address"
UNIT_NAME_KEY = "parca_scrape_unit_name"
# Juju writes it into every unit's databag.
INGRESS_ADDRESS_KEY = "ingress-address"
REQUIRED_TOPOLOGY_KEYS = ("model", "model_uuid", "application")
# Python's own limit since 3.11; without one, reading a number takes time quadratic in its digits.
MAX_DIGITS = 4300
# What is remembered of databags stays some megabytes, whatever they hold.
MAX_REMEMBERED = 512
MAX_REMEMBERED_LENGTH = 8192
Value = TypeVar("Value")


@dataclass(frozen=True)
class AppDatabag:
    """What an application says: its scrape jobs, and where in Juju it is."""

    scrape_jobs: Tuple[Job, ...] = ()
    scrape_metadata: Optional[Topology] = None
    """The topology of the unit that wrote the databag, which is the leader."""

    @classmethod
    def decode(cls, databag: Mapping[str, str]) -> Tuple[AppDatabag, List[Problem]]:
        """Read any databag, and tell what of it cannot be served."""
        jobs, job_problems = read_jobs(databag.get(SCRAPE_JOBS_KEY) or "")
        topology, topology_problems = read_topology(databag.get(SCRAPE_METADATA_KEY) or "")
        app_databag = build(cls, scrape_jobs=jobs, scrape_metadata=topology)
        return app_databag, [*job_problems, *topology_problems]

    @classmethod
    def decode_strict(cls, databag: Mapping[str, str]) -> AppDatabag:
        """Read a databag that must be wholly right.

        Raises:
            DatabagError: it is not.
        """
        app_databag, problems = cls.decode(databag)
        if problems:
            raise DatabagError(problems)
        return app_databag

    def encode(self) -> Dict[str, str]:
        """Write the databag's text, with a port for every target."""
        return encode_app(self.scrape_jobs, self.scrape_metadata)


@dataclass(frozen=True)
class UnitDatabag:
    """What a unit says: its address and its name."""

    address: str = ""
    """A host name or an IP address, IPv6 in brackets."""
    name: str = ""
    """The unit's name in its own model; across models Juju itself gives it another."""

    def __post_init__(self) -> None:
        """Check address and name, and put IPv6 into brackets.

        Raises:
            InvalidJobError: the address is no host, or UTF-8 cannot hold the name.
        """
        host = parse_host(self.address) if self.address else ""
        if host is None:
            raise InvalidJobError("address", ADDRESS_RULE)
        if not is_utf8(self.name):
            raise InvalidJobError("name", UTF8_RULE)
        self.__dict__["address"] = host

    @classmethod
    def decode(cls, databag: Mapping[str, str]) -> Tuple[UnitDatabag, List[Problem]]:
        """Read any databag, and tell what of it cannot be served."""
        findings = Findings()
        _, address, name = read_unit("", databag)
        host = parse_host(address) if address else ""
        if host is None:
            findings.error(UNIT_ADDRESS_KEY, ADDRESS_RULE)
        if not is_utf8(name):
            findings.warning(UNIT_NAME_KEY, UTF8_RULE)
            name = replace_surrogates(name)
        return build(cls, address=host or "", name=name), findings.problems

    @classmethod
    def decode_strict(cls, databag: Mapping[str, str]) -> UnitDatabag:
        """Read a databag that must be wholly right.

        Raises:
            DatabagError: it is not.
        """
        unit_databag, problems = cls.decode(databag)
        if problems:
            raise DatabagError(problems)
        return unit_databag

    def encode(self) -> Dict[str, str]:
        """Write the databag's text; what is empty is left out."""
        texts = {UNIT_ADDRESS_KEY: self.address, UNIT_NAME_KEY: self.name}
        return {key: text for key, text in texts.items() if text}


def remember_short(read: Callable[[str], Value]) -> Callable[[str], Value]:
    """Let a function of a text remember what it gave for the last short ones.

    In one hook jobs() and problems() read the same databags, and many applications have the same
    jobs.
    """
    remember = lru_cache(maxsize=MAX_REMEMBERED)(read)
    return lambda text: remember(text) if len(text) <= MAX_REMEMBERED_LENGTH else read(text)


@remember_short
def read_jobs(text: str) -> Tuple[Tuple[Job, ...], Tuple[Problem, ...]]:
    """Read the text of `scrape_jobs`: what can be served of it, and what is wrong."""
    findings = Findings()
    raw_jobs = decode_json(text, SCRAPE_JOBS_KEY, findings)
    jobs = () if raw_jobs is None else decode_jobs(raw_jobs, SCRAPE_JOBS_KEY, findings)
    return jobs, tuple(findings.problems)


@remember_short
def read_topology(text: str) -> Tuple[Optional[Topology], Tuple[Problem, ...]]:
    """Read the text of `scrape_metadata`: what it says, and what is wrong."""
    findings = Findings()
    metadata = decode_json(text, SCRAPE_METADATA_KEY, findings)
    topology = None if metadata is None else decode_topology(metadata, findings)
    return topology, tuple(findings.problems)


def encode_app(
    jobs: Iterable[Union[Job, Mapping[str, object]]], topology: Optional[Topology]
) -> Dict[str, str]:
    """Write an application's databag; a mapping among the jobs is written as it stands.

    Raises:
        InvalidJobError: a job is no JSON.
    """
    texts: List[str] = []
    for index, job in enumerate(jobs):
        try:
            texts.append(json.dumps(job.as_mapping() if isinstance(job, Job) else job))
        except (TypeError, ValueError, RecursionError) as error:
            raise InvalidJobError(f"jobs[{index}]", f"must be JSON: {error}") from error
    databag = {} if topology is None else {SCRAPE_METADATA_KEY: json.dumps(topology.as_dict())}
    databag[SCRAPE_JOBS_KEY] = f"[{', '.join(texts)}]"
    return databag


def check_jobs(encoded_jobs: str) -> List[Problem]:
    """Tell what of published jobs consumers leave out, or fail on if they are old.

    Args:
        encoded_jobs: the text of `scrape_jobs`.
    """
    findings = Findings()
    raw_jobs = decode_json(encoded_jobs, SCRAPE_JOBS_KEY, findings)
    decode_jobs(raw_jobs, "jobs", findings)
    warn_of_old_consumers(raw_jobs, "jobs", findings)
    return findings.problems


def read_app(databag: Mapping[str, str]) -> Dict[str, str]:
    """Give the texts that an application published."""
    texts = {key: databag.get(key) for key in (SCRAPE_JOBS_KEY, SCRAPE_METADATA_KEY)}
    return {key: text for key, text in texts.items() if text}


def read_unit(unit_name: str, databag: Mapping[str, str]) -> Tuple[str, str, str]:
    """Give a unit's name in Juju, and the texts of the address and name that it published.

    The texts are unchecked, and empty where there is none.
    """
    try:
        # What current providers write. Every look into a databag of ops is a chain of calls.
        address, name = databag[UNIT_ADDRESS_KEY], databag[UNIT_NAME_KEY]
    except KeyError:
        address, name = databag.get(UNIT_ADDRESS_KEY, ""), databag.get(UNIT_NAME_KEY, "")
    return unit_name, address or databag.get(LEGACY_ADDRESS_KEY, ""), name


def read_ingress(unit_name: str, databag: Mapping[str, str]) -> Tuple[str, str, str]:
    """Do the same with the address that Juju itself tells of a unit."""
    address = databag.get(INGRESS_ADDRESS_KEY, "")
    return unit_name, address, databag.get(UNIT_NAME_KEY, "")


def decode_json(text: str, path: str, findings: Findings) -> object:
    """Read JSON; None if there is none, or no valid one.

    The time is linear in the text.
    """
    if not text:
        return None
    try:
        return JSON_DECODER.decode(text)
    except (ValueError, RecursionError):
        findings.error(path, "must be JSON that is nested less than some hundred levels deep")
        return None


def parse_int(digits: str) -> int:
    """Read a number of JSON.

    Raises:
        ValueError: it has more than 4300 digits.
    """
    if len(digits) > MAX_DIGITS:
        raise ValueError
    return int(digits)


JSON_DECODER = json.JSONDecoder(parse_int=parse_int)


def decode_topology(raw: object, findings: Findings) -> Optional[Topology]:
    """Read where in Juju an application is; None if it says nothing.

    What is missing stays empty. Fields that are not known are ones of the future.
    """
    mapping = as_object(raw)
    if mapping is None:
        findings.error(SCRAPE_METADATA_KEY, OBJECT_RULE)
        return None
    fields = {key: mapping[key] for key in TOPOLOGY_KEYS if mapping.get(key) is not None}
    texts = {
        key: get_text(fields, key, SCRAPE_METADATA_KEY, findings, lossy=True) for key in fields
    }
    for key in REQUIRED_TOPOLOGY_KEYS:
        if not texts.setdefault(key, ""):
            findings.warning(f"{SCRAPE_METADATA_KEY}.{key}", "missing in job names and labels")
    if texts["model_uuid"] and not is_uuid(texts["model_uuid"]):
        findings.warning(f"{SCRAPE_METADATA_KEY}.model_uuid", "must be a UUID")
    return Topology(**texts)
