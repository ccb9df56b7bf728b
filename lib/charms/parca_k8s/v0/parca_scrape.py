"""Profiling with Parca: both sides of the `parca_scrape` relation.

A charm whose workload serves pprof uses this library to say what Parca should scrape. A charm that
runs Parca uses it to get scrape configs from the databags of all such charms. Parca can always
load those scrape configs, whatever is in the databags. This file needs only `ops`.

A charm that Parca profiles `provides` an endpoint with the interface `parca_scrape`:

    from charms.parca_k8s.v0.parca_scrape import ProfilingEndpointProvider

    class MyCharm(ops.CharmBase):
        def __init__(self, framework: ops.Framework):
            super().__init__(framework)
            self.profiling = ProfilingEndpointProvider(
                self, jobs=[{"static_configs": [{"targets": ["*:8080"]}]}]
            )

The library publishes the jobs and the address of each unit. In a target, `*` stands for that. A
target with a host, such as `10.1.2.3:7000`, is scraped as it is, and its profiles have no label
`juju_unit`. Without `jobs`, port 80 of each unit is scraped. With `jobs=[]`, nothing is scraped.

A job is a mapping in the form of Parca's scrape configs; the keys of `ALLOWED_KEYS` are published.
If there is more than one job, give each a `job_name`, and do not change it later. `problems()`
returns what the Parca charm would skip. A `Job` is typed, and raises `InvalidJobError` instead:

    Job([StaticConfig(["*:8080"], labels={"tier": "db"})], job_name="db", scrape_interval="1m")

If the jobs can change, pass a function that returns them, and call `set_scrape_job_spec()` when
they do. If Parca cannot resolve the units' names, `unit_address=AddressSource.INGRESS` publishes
their ingress addresses instead.

A charm that runs Parca `requires` the endpoint, and writes the scrape configs into Parca's file:

    from charms.parca_k8s.v0.parca_scrape import ProfilingEndpointConsumer

    class ParcaCharm(ops.CharmBase):
        def __init__(self, framework: ops.Framework):
            super().__init__(framework)
            self.profiling = ProfilingEndpointConsumer(self)
            framework.observe(self.profiling.on.targets_changed, self._on_targets_changed)

        def _on_targets_changed(self, event: TargetsChangedEvent):
            write_parca_config({"scrape_configs": self.profiling.jobs()})

Write the file with `yaml.safe_dump`: Parca may refuse what `json.dumps` makes of some labels.

You can call `jobs()` in any hook. It returns a new list of dicts, and never raises because of bad
data in a databag: the smallest bad part is skipped, and `problems()` returns what, and why.
"""

from __future__ import annotations

import binascii
import collections.abc
import contextlib
import copy
import dataclasses
import enum
import functools
import ipaddress
import itertools
import json
import logging
import math
import os
import re
import socket
import unicodedata
from dataclasses import InitVar, dataclass, field, fields
from typing import (
    TYPE_CHECKING,
    Any,
    Callable,
    Collection,
    Dict,
    Iterable,
    Iterator,
    List,
    Literal,
    Mapping,
    NamedTuple,
    Optional,
    Sequence,
    Set,
    Tuple,
    TypedDict,
    Union,
    cast,
)

import ops

# Licensed under the Apache License, Version 2.0: see http://www.apache.org/licenses/LICENSE-2.0
# parca-scrape 0.1.0 sha256:676b92e0cf8094e9d4276a58966def8c37f249a119c6e5d5357ca5935349b573
# The digest is of all other lines. Made from the package: `parca-scrape vendor` writes a new one.

VERSION = "0.1.0"
# The unique identifier of this library on Charmhub
LIBID = "dbc3d2e89cb24917b99c40e14354dd25"
# The major version of its API, raised by breaking changes
LIBAPI = 0
# The version within LIBAPI, raised by any change of this file
LIBPATCH = 7

# fmt: off
__all__ = [
    "ALLOWED_KEYS", "DEFAULT_JOB", "DEFAULT_RELATION_NAME", "LIBAPI", "LIBID", "LIBPATCH",
    "RELATION_INTERFACE_NAME", "VERSION", "AddressSource", "AppDatabag", "DatabagError", "HostMap",
    "InvalidJobError", "Job", "MonitoringEvents", "PprofProfile", "Problem", "ProfilingConfig",
    "ProfilingEndpointConsumer", "ProfilingEndpointProvider", "ProviderTopology",
    "RelationInterfaceMismatchError", "RelationNotFoundError", "RelationRoleMismatchError",
    "ScrapeConfig", "StaticConfig", "TLSConfig", "Target", "TargetsChangedEvent", "Topology",
    "UnitDatabag",
]
# fmt: on


# What one relation may cost the Parca charm and Parca, however its databags are shaped.
#
# Parca stays below 1.5 GiB with one relation at all of these limits. Sizes are in bytes of UTF-8,
# lengths in characters.

KIB = 1024
MIB = 1024 * KIB
MAX_JOBS_SIZE = 4 * MIB
MAX_METADATA_SIZE = 64 * KIB
MAX_JOBS = 1_000
MAX_PROFILES = 32
# Each is a column in Parca's storage.
MAX_LABEL_NAMES = 64
# As rendered: each unit makes a target of a wildcard.
MAX_TARGETS = 10_000
# Each profile of each target is a loop in Parca.
MAX_LOOPS = 50_000
# What Parca keeps for its targets.
MAX_TEXT_SIZE = 16 * MIB
# Measured with Parca: what each loop takes for itself, for each of its labels, for its text, and
# for its path and sample types. The process itself takes some 100 MiB more.
MAX_MEMORY = 1_380 * MIB
LOOP_MEMORY = 22 * KIB
LABEL_MEMORY = 32
TEXT_FACTOR = 5
SETTINGS_FACTOR = 12
MAX_NAME_LENGTH = 1_024
MAX_VALUE_LENGTH = 8_192
MAX_PEM_LENGTH = MIB
# A host name in DNS.
MAX_HOST_LENGTH = 253
MAX_PROBLEMS = 1_000
# Of all lists together, good and bad, so that bad ones cost little.
MAX_ELEMENTS = 100_000

JOBS_RULE = f"more than {MAX_JOBS:,} jobs: the rest are skipped"
PROFILES_RULE = f"more than {MAX_PROFILES} profiles: the rest are skipped"
LABEL_NAMES_RULE = (
    f"more than {MAX_LABEL_NAMES} different label names: labels with further names are skipped"
)
ELEMENTS_RULE = f"more than {MAX_ELEMENTS:,} elements in lists: the rest are not read"
TARGETS_RULE = (
    f"more than {MAX_TARGETS:,} targets, a wildcard counted once for each unit: the rest are"
    " skipped"
)
LOOPS_RULE = (
    f"more than {MAX_LOOPS:,} profiles, each counted once for each target: the rest of the"
    " targets are skipped"
)
TEXT_SIZE_RULE = (
    f"more than {MAX_TEXT_SIZE // MIB} MiB of text, with labels and job name counted once for each"
    " target: the rest of the targets are skipped"
)
MEMORY_RULE = (
    "more labels, paths and sample types than Parca has memory for, counted once for each profile"
    " of each target: the rest of the targets are skipped"
)
RENDERING_RULES = (TARGETS_RULE, LOOPS_RULE, TEXT_SIZE_RULE, MEMORY_RULE)


class ReadingLimits:
    """What may still be read of the databag of an application.

    Attributes:
        elements: how many elements of lists, good and bad.
        targets: how many good targets; a static config without any counts as one.
    """

    def __init__(self) -> None:
        self.elements: int = MAX_ELEMENTS
        self.targets: int = MAX_TARGETS
        self._label_names: Set[str] = set()

    def admit_label(self, name: str) -> bool:
        """Return whether a label may have this name."""
        if name not in self._label_names and len(self._label_names) >= MAX_LABEL_NAMES:
            return False
        self._label_names.add(name)
        return True


class Cost(NamedTuple):
    """What targets cost Parca."""

    targets: int = 0
    loops: int = 0
    """One for each profile of each target."""
    text_size: int = 0
    memory: int = 0
    """In bytes, by estimate."""


class Price(NamedTuple):
    """What each target of a job costs Parca."""

    profiles: int
    """How many are scraped."""
    settings_size: int = 0
    """The size of the settings of all profiles, mostly their paths."""

    def of(self, targets: int, labels: int, text_size: int) -> Cost:
        """Return the cost of targets.

        Args:
            targets: how many there are.
            labels: how many labels each has.
            text_size: the size of all their text: labels, names and addresses.
        """
        loops = targets * self.profiles
        of_loops = loops * (LOOP_MEMORY + labels * LABEL_MEMORY)
        of_text = self.profiles * text_size * TEXT_FACTOR
        of_settings = targets * self.settings_size * SETTINGS_FACTOR
        return Cost(targets, loops, text_size, of_loops + of_text + of_settings)


class RenderingLimits:
    """What may still be scraped of one relation.

    Attributes:
        met: the rule of the limit that was met, or an empty string.
    """

    def __init__(self) -> None:
        self._left = Cost(MAX_TARGETS, MAX_LOOPS, MAX_TEXT_SIZE, MAX_MEMORY)
        self.met: str = ""

    def spend(self, cost: Cost) -> bool:
        """Count what will be scraped, and return True; or return False if it is too much."""
        if self.met or self._find_rule(cost):
            return False
        self._left = Cost(*(left - part for left, part in zip(self._left, cost)))
        return True

    def spend_or_end(self, cost: Cost) -> bool:
        """Do the same; but after what is too much, nothing more can be scraped."""
        is_spent = self.spend(cost)
        if not is_spent:
            self.met = self.met or self._find_rule(cost)
        return is_spent

    def cut(self, texts: List[str], price: Price, labels: int, size: int) -> List[str]:
        """Return the targets that can still be scraped.

        Args:
            texts: one text of each target.
            price: what each costs.
            labels: how many labels each has.
            size: the size of all other text of each.
        """
        for index, text in enumerate(texts):
            if not self.spend_or_end(price.of(1, labels, size + size_of(text))):
                return texts[:index]
        return texts

    def _find_rule(self, cost: Cost) -> str:
        """Return the rule of the limit that a cost does not keep to, or an empty string."""
        for rule, part, left in zip(RENDERING_RULES, cost, self._left):
            if part > left:
                return rule
        return ""


def size_of(*texts: str) -> int:
    """Return how many bytes texts have in UTF-8."""
    text = "".join(texts)
    return len(text if text.isascii() else text.encode("utf-8", "surrogatepass"))


# The names by which a charm declares the relation in its metadata.

DEFAULT_RELATION_NAME = "profiling-endpoint"
RELATION_INTERFACE_NAME = "parca_scrape"


# PEM text that Go can read (`encoding/pem`, `crypto/x509` and `crypto/tls`).

PEM_LABELS = {"ca": "CERTIFICATE", "cert": "CERTIFICATE", "key": "PRIVATE KEY"}
ENCRYPTED_KEY = "ENCRYPTED PRIVATE KEY"
PEM_DASHES = "-----"
PEM_BEGIN = "-----BEGIN "
PEM_END = "-----END "
DER_SEQUENCE = 0x30
DER_LONG_LENGTH = 0x80


def find_pem_fault(name: str, text: str) -> str:
    """Return the rule that the PEM text of a field breaks, or an empty string.

    Go looks for a certificate to trust in every block (`AppendCertsFromPEM`). Of the certificate
    and the key that a client presents, the first block of each kind counts (`X509KeyPair`).

    Args:
        name: `ca`, `cert` or `key`.
        text: the PEM text.
    """
    label = PEM_LABELS[name]
    found = [
        (kind, der)
        for kind, der in decode_pem(text)
        if kind == label or (name == "key" and kind.endswith(f" {label}"))
    ]
    blocks = [(kind, der) for kind, der in found if der is not None]
    if not found:
        return f"must contain a PEM block {label}, with BEGIN and END on lines of their own"
    if not blocks:
        return f"the body of the PEM block {label} must be base64 without headers"
    counted = blocks if name == "ca" else blocks[:1]
    if counted[0][0] == ENCRYPTED_KEY:
        return "is encrypted, and Parca does not know the passphrase: use a key without one"
    if not any(is_der_sequence(der) for _, der in counted):
        what = label.lower()
        return f"the PEM block {label} does not hold a {what}: copy it again from its file"
    return ""


def decode_pem(text: str) -> Iterator[Tuple[str, Optional[bytes]]]:
    """Yield label and body of each PEM block, in linear time (`encoding/pem`).

    The body is None if it is not base64, as when it begins with headers. Go skips such a block.
    """
    begun: Optional[str] = None
    body: List[str] = []
    for line in text.replace("\r\n", "\n").split("\n"):
        line = line.rstrip(" \t")
        if line.startswith(PEM_BEGIN) and line.endswith(PEM_DASHES):
            begun, body = line[len(PEM_BEGIN) : -len(PEM_DASHES)], []
        elif begun is not None and line.startswith(PEM_END):
            if line == f"{PEM_END}{begun}{PEM_DASHES}":
                yield begun, parse_base64("".join(body))
            begun = None
        elif begun is not None:
            body.append(line)


def parse_base64(text: str) -> Optional[bytes]:
    """Return the bytes of padded base64, which may contain blanks; None for anything else."""
    text = text.replace(" ", "").replace("\t", "").replace("\r", "")
    digits = text.rstrip("=").replace("+", "a").replace("/", "a")
    is_plain = digits.isalnum() and digits.isascii()
    if len(text) % 4 or len(text) - len(digits) > 2 or not (is_plain or not text):
        return None
    return binascii.a2b_base64(text)


def is_der_sequence(der: bytes) -> bool:
    """Return whether `der` is exactly one DER SEQUENCE, by its tag and its length."""
    if len(der) < 2 or der[0] != DER_SEQUENCE:
        return False
    if der[1] < DER_LONG_LENGTH:
        return len(der) == 2 + der[1]
    start = 2 + der[1] - DER_LONG_LENGTH
    return len(der) > start and len(der) == start + int.from_bytes(der[2:start], "big")


# What Parca accepts in a scrape configuration, from v0.23 on: one rule a function.
#
# Sources are files of `parca-dev/parca`, `prometheus/common` or Go's standard library.

# Parca: pkg/config/config.go, DefaultScrapeConfig.
DEFAULT_INTERVAL_MS = 10_000
STANDARD_PROFILES = frozenset({"memory", "block", "goroutine", "mutex", "process_cpu"})
CPU_PROFILE = "process_cpu"
# Parca: pkg/profilestore/profilecolumnstore.go refuses the samples of a profile whose name is not
# that of a Prometheus metric; pkg/scrape/scrape.go reads nothing under the name trace.
PROFILE_NAME = "(?!trace$)[a-zA-Z_:][a-zA-Z0-9_:]*"
# Parca: pkg/config/config.go, UnmarshalYAML of ScrapeConfig.
DEFAULT_TIMEOUT_MARGIN_MS = 3_000
MIN_CPU_TIMEOUT_MS = 2_000
# prometheus/common: model/time.go. A Go duration holds at most 2^63-1 nanoseconds.
MAX_DURATION_MS = (2**63 - 1) // 1_000_000
MAX_INTERVAL_MS = MAX_DURATION_MS - DEFAULT_TIMEOUT_MARGIN_MS
CONTROL = "[\x00-\x1f\x7f-\x9f\u2028\u2029]"
SURROGATE = "[\ud800-\udfff]"
# Each unit at most once, from the largest to the smallest; the longest number has 13 digits.
DAY_MS = 86_400_000
DURATION_UNITS_MS = {
    "y": 365 * DAY_MS,
    "w": 7 * DAY_MS,
    "d": DAY_MS,
    "h": 3_600_000,
    "m": 60_000,
    "s": 1_000,
    "ms": 1,
}
DURATION = "".join(f"(?:0*(0|[1-9][0-9]{{0,12}}){unit})?" for unit in DURATION_UNITS_MS)
MAX_SECONDS = 2**63 - 1
SCHEMES = frozenset({"http", "https"})
SCHEME_LABEL = "__scheme__"
SCHEME_RULE = "must be http or https"
# gopkg.in/yaml.v3: decode.go takes the YAML 1.1 words for booleans where Go wants one.
YAML_WORDS = {
    form: value
    for words, value in ((("y", "yes", "on"), True), (("n", "no", "off"), False))
    for word in words
    for form in (word, word.title(), word.upper())
}
# prometheus/common: config/http_config.go. Go's default minimum is TLS12.
TLS_VERSIONS = ("TLS10", "TLS11", "TLS12", "TLS13")
DEFAULT_MIN_TLS_VERSION = "TLS12"


def parse_duration(text: str) -> Optional[int]:
    """Return the milliseconds of a duration such as `1h30m`; None if Parca would not load it.

    Source: prometheus/common `model/time.go`, `ParseDuration`.
    """
    if text == "0":
        return 0
    match = re.fullmatch(DURATION, text)
    if match is None or not text:
        return None
    numbers = zip(match.groups(default="0"), DURATION_UNITS_MS.values())
    milliseconds = sum(int(digits) * factor for digits, factor in numbers)
    return milliseconds if milliseconds <= MAX_DURATION_MS else None


def parse_scheme(text: str) -> Optional[str]:
    """Return `http` or `https` in lower case; None for what Parca cannot scrape over.

    Parca takes any text (`pkg/config/config.go`), but in other than lower case it drops targets
    without a port (`pkg/scrape/target.go`), and Go's client speaks no other scheme.
    """
    scheme = text.lower()
    return scheme if scheme in SCHEMES else None


def parse_boolean(value: object) -> Optional[bool]:
    """Return a boolean, also for the YAML 1.1 word for one; None for anything else."""
    if isinstance(value, bool):
        return value
    return YAML_WORDS.get(value) if isinstance(value, str) else None


def parse_seconds(value: object) -> Optional[int]:
    """Return a whole number from 0 to 2^63-1 (`1.0` is one); None for anything else."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_SECONDS:
        return value
    return None


def parse_text(value: object) -> Optional[str]:
    """Return text, also the text that Parca reads in a number or a boolean; None for the rest.

    The text may still contain lone surrogates: see `is_utf8`.
    """
    if isinstance(value, str):
        return str.__str__(value)  # The text itself of a member of an enumeration.
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return float.__repr__(value) if math.isfinite(value) else None
    if isinstance(value, int):
        try:
            return int.__repr__(value)
        except ValueError:  # Python writes no number of more than 4300 digits.
            return None
    return None


def is_utf8(text: str) -> bool:
    r"""Return whether UTF-8 can encode `text`, unlike a lone surrogate from JSON (`\ud800`)."""
    return text.isascii() or re.search(SURROGATE, text) is None


def is_profile_name(name: str) -> bool:
    """Return whether Parca can store a custom profile of this name."""
    return re.fullmatch(PROFILE_NAME, name) is not None


def replace_controls(text: str) -> str:
    """Replace control characters and line separators, which YAML folds into blanks, by U+FFFD."""
    return text if text.isprintable() else re.sub(CONTROL, "\ufffd", text)


def replace_surrogates(text: str) -> str:
    """Replace lone surrogates, which make a YAML file unreadable, by U+FFFD."""
    return re.sub(SURROGATE, "\ufffd", text)


# Where in Juju profiles come from, and the labels that say so in Parca.

TOPOLOGY_KEYS = ("model", "model_uuid", "application", "unit", "charm_name")
SHORT_UUID_LENGTH = 8
UUID = "[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"


@dataclass(frozen=True)
class Topology:
    """The place of a charm in Juju. The UUID is not checked: Juju 4 uses those of version 7."""

    model: str
    model_uuid: str
    application: str
    unit: Optional[str] = None
    charm_name: Optional[str] = None

    @classmethod
    def from_charm(cls, charm: ops.CharmBase) -> Topology:
        """Return the topology of the unit that runs `charm`."""
        return cls(
            model=charm.model.name,
            model_uuid=charm.model.uuid,
            application=charm.model.app.name,
            unit=charm.model.unit.name,
            charm_name=charm.meta.name,
        )

    @classmethod
    def from_dict(cls, data: Mapping[str, str]) -> Topology:
        """Return the topology in a dict like that of `as_dict`; unit and charm name are optional.

        Raises:
            KeyError: `model`, `model_uuid` or `application` is missing.
        """
        return cls(
            model=data["model"],
            model_uuid=data["model_uuid"],
            application=data["application"],
            unit=data.get("unit", ""),
            charm_name=data.get("charm_name", ""),
        )

    def as_dict(
        self,
        *,
        remapped_keys: Optional[Mapping[str, str]] = None,
        included_keys: Optional[Sequence[str]] = None,
        excluded_keys: Optional[Sequence[str]] = None,
    ) -> Dict[str, Optional[str]]:
        """Return the topology as a dict, always in the same order.

        Args:
            remapped_keys: other names for some of the keys.
            included_keys: the only keys to include, by their own names; None or empty means all.
            excluded_keys: the keys to leave out, by their own names.
        """
        names, excluded = remapped_keys or {}, excluded_keys or ()
        return {
            names.get(key) or key: getattr(self, key)
            for key in TOPOLOGY_KEYS
            if key in (included_keys or TOPOLOGY_KEYS) and key not in excluded
        }

    @property
    def model_uuid_short(self) -> str:
        """The first eight characters of the model UUID."""
        return self.model_uuid[:SHORT_UUID_LENGTH]

    @property
    def identifier(self) -> str:
        """A short name: model, short model UUID and application, those that are known."""
        parts = (self.model, self.model_uuid_short, self.application)
        return "_".join(filter(None, parts)).replace("/", "_")

    @property
    def scrape_identifier(self) -> str:
        """The identifier as the name of a scrape config."""
        return f"juju_{self.identifier}_parca_scrape"

    @property
    def label_matcher_dict(self) -> Dict[str, str]:
        """The labels of all profiles of the application, without empty ones."""
        labels = {
            "juju_model": self.model,
            "juju_model_uuid": self.model_uuid,
            "juju_application": self.application,
            "juju_charm": self.charm_name,
        }
        return {name: value for name, value in labels.items() if value}

    @property
    def label_matchers(self) -> str:
        """The labels in the form of a query: `name="value"`, separated by commas."""
        return ", ".join(f'{name}="{value}"' for name, value in self.label_matcher_dict.items())


ProviderTopology = Topology


def is_uuid(text: str) -> bool:
    """Return whether `text` is a UUID of any version, in the form that Juju uses."""
    return re.fullmatch(UUID, text) is not None


# What is wrong with profiling data, in lines that a person can act on.

MAX_KEY_LENGTH = 40
Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Problem:
    """Something wrong in the databag of an application or of a unit.

    The message never contains a value from a databag, because any value may be a secret.
    """

    severity: Severity
    """`error`: this part is skipped. `warning`: it is kept, but probably not as intended."""
    path: str
    """Where in the data, for example `scrape_jobs[2].static_configs[0].targets[1]`."""
    message: str
    """What is wrong and what to do about it."""
    relation_id: Optional[int] = None
    application: str = ""
    unit: str = ""

    def __str__(self) -> str:
        """Return one line: severity, origin, path and message."""
        origin = [f"relation {self.relation_id}"] if self.relation_id is not None else []
        if not self.unit.startswith(f"{self.application}/"):
            origin.append(self.application)
        origin.append(self.unit)
        return ": ".join(
            filter(None, [self.severity, " ".join(filter(None, origin)), self.path, self.message])
        )

    def in_relation(self, relation_id: int, application: str) -> Problem:
        """Return the same problem with the relation and the remote application that it is in."""
        return dataclasses.replace(self, relation_id=relation_id, application=application)


class InvalidJobError(ValueError):
    """A charm's own scrape job that Parca would not load or could not use.

    Attributes:
        path: where in the job, for example `static_configs[0].targets[1]`.
        rule: the rule that it breaks.
    """

    def __init__(self, path: str, rule: str) -> None:
        super().__init__(path, rule)
        self.path = path
        self.rule = rule

    def __str__(self) -> str:
        """Return one line: path and rule."""
        return f"{self.path}: {self.rule}" if self.path else self.rule


class DatabagError(ValueError):
    """Raised by `decode_strict()` for a databag that has problems.

    Attributes:
        problems: everything that is wrong with it.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(problems)
        self.problems: Tuple[Problem, ...] = tuple(problems)

    def __str__(self) -> str:
        """Return one line for each problem."""
        return "\n".join(map(str, self.problems))


class Report:
    """The problems of one relation, of which it keeps 1,000, and what may still be read of it.

    Attributes:
        limits: what may still be read.
        is_strict: whether the first problem is raised.
        untold: how many problems there are that it does not keep.
    """

    def __init__(self, *, is_strict: bool = False) -> None:
        self.limits: ReadingLimits = ReadingLimits()
        self.is_strict = is_strict
        self.untold: int = 0
        self._met_limits: List[Problem] = []
        self._problems: List[Problem] = []

    @property
    def problems(self) -> List[Problem]:
        """The problems that it keeps; those of limits are first."""
        return self._met_limits + self._problems

    @property
    def is_full(self) -> bool:
        """Whether it keeps no more problems."""
        return len(self._problems) >= MAX_PROBLEMS

    def add(self, problem: Problem) -> None:
        """Keep a problem; raise it if strict."""
        if self.is_strict:
            raise InvalidJobError(problem.path, problem.message) from None
        self._problems.append(problem)

    def add_limit(self, problem: Problem) -> None:
        """Keep the error that a limit was met, once."""
        if problem not in self._met_limits:
            self._met_limits.append(problem)


class Findings:
    """Adds the problems of one part of the data, whose path it knows, to a report."""

    def __init__(
        self, root: str = "", *keys: Union[str, int], report: Optional[Report] = None
    ) -> None:
        self.report: Report = report or Report()
        self._root = root
        self._keys = keys

    def at(self, key: Union[str, int]) -> Findings:
        """Return a collector for an element or a field, which adds to the same report."""
        if self.report.is_full:  # Further problems are only counted: they need no path.
            return self
        return Findings(self._root, *self._keys, key, report=self.report)

    @property
    def problems(self) -> List[Problem]:
        """The problems of the whole report."""
        return self.report.problems

    @property
    def path(self) -> str:
        """The path of this part, for example `scrape_jobs[2].job_name`."""
        return functools.reduce(join_path, self._keys, self._root)

    def error(self, message: str) -> None:
        """Add an error: this part is not scraped."""
        self._add("error", message)

    def warning(self, message: str) -> None:
        """Add a warning: this part is probably not scraped as intended."""
        self._add("warning", message)

    def limit(self, message: str) -> None:
        """Add the error that the whole relation met a limit, once; raise it if strict."""
        if self.report.is_strict:
            raise self.refusal(message)
        self.report.add_limit(Problem("error", self._root, message))

    def skip(self, refusal: InvalidJobError, part: str) -> None:
        """Add an error: a whole `part` is skipped. Raise the refusal if strict."""
        if self.report.is_strict:
            raise refusal
        message = f"{refusal.rule}; the {part} is skipped"
        self._add("error", message, refusal)

    def refusal(self, rule: str) -> InvalidJobError:
        """Return the error to raise when the whole around this part cannot be scraped."""
        return InvalidJobError(self.path, rule)

    def _add(
        self, severity: Severity, message: str, refusal: Optional[InvalidJobError] = None
    ) -> None:
        """Keep a problem, or only count it; it is where a refusal says, or in this part."""
        if self.report.is_full:
            self.report.untold += 1
        else:
            path = self.path if refusal is None else refusal.path
            self.report.add(Problem(severity, path, message))


def cut_problems(problems: List[Problem], untold: int = 0) -> List[Problem]:
    """Return the first 1,000 problems of a relation, and one that counts the rest."""
    told = problems[:MAX_PROBLEMS]
    rest = len(problems) - len(told) + untold
    if rest:
        told.append(Problem("error", "", f"and {rest:,} more problems"))
    return told


def strict_findings() -> Findings:
    """Return findings for what a charm writes itself: the first problem is raised."""
    return Findings(report=Report(is_strict=True))


def join_path(path: str, key: Union[str, int]) -> str:
    """Return the path of an element or a field of the part at `path`.

    A key that is not a plain word is quoted, escaped and cut to 40 characters, so that a path is
    always one short line of ASCII.
    """
    if isinstance(key, int):
        return f"{path}[{key}]"
    if key.isidentifier() and key.isascii() and len(key) <= MAX_KEY_LENGTH:
        return f"{path}.{key}" if path else key
    cut = key[:MAX_KEY_LENGTH] + "..." if len(key) > MAX_KEY_LENGTH else key
    return f"{path}[{json.dumps(cut)}]"


# Getters for the fields of JSON objects, which may hold anything.

Pairs = Tuple[Tuple[str, str], ...]
OBJECT_RULE = "must be an object"
LIST_RULE = "must be a list"
TEXT_RULE = "must be a string, a number or a boolean"
UNKNOWN_RULE = "unknown or not allowed here, so Parca scrapes without it; the allowed keys are"
UTF8_RULE = "contains half of a surrogate pair: write the whole character"


def as_object(raw: object) -> Optional[Dict[str, object]]:
    """Return a mapping as a dict with the keys that JSON makes of its own; None for the rest."""
    if not isinstance(raw, collections.abc.Mapping):
        return None
    mapping = cast("Mapping[object, object]", raw)
    return {key if type(key) is str else parse_key(key): value for key, value in mapping.items()}


def parse_key(key: object) -> str:
    """Return the text that JSON makes of the key of an object."""
    text = parse_text(key)
    return json.dumps(key, default=str) if text is None else text


def as_list(raw: object) -> Optional[Sequence[object]]:
    """Return a list or a tuple; None for anything else."""
    return cast("Sequence[object]", raw) if isinstance(raw, (list, tuple)) else None


def read_elements(elements: Sequence[object], findings: Findings) -> Iterator[Tuple[int, object]]:
    """Yield the elements of a list that may still be read, each with its index."""
    limits = findings.report.limits
    for index, element in enumerate(elements):
        if limits.elements == 0:
            findings.limit(ELEMENTS_RULE)
            return
        limits.elements -= 1
        yield index, element


def get_object(raw: object, findings: Findings) -> Mapping[str, object]:
    """Return an object as a mapping; an empty one for an empty string or if it is no object."""
    mapping = as_object({} if raw == "" else raw)
    if mapping is None:
        findings.error(OBJECT_RULE)
        return {}
    return mapping


def get_fields(
    mapping: Mapping[str, object], known: Collection[str], findings: Findings
) -> Dict[str, object]:
    """Return the fields of an object that have a known name and a value; null is no value."""
    fields: Dict[str, object] = {}
    for key, value in mapping.items():
        if key not in known:
            findings.at(key).warning(f"{UNKNOWN_RULE} {', '.join(sorted(known))}")
        elif value is not None:
            fields[key] = value
    return fields


def get_text(
    fields: Mapping[str, object],
    key: str,
    findings: Findings,
    *,
    max_length: int = MAX_VALUE_LENGTH,
    lossy: bool = False,
) -> str:
    """Return the text of a field, or of a number or boolean; `lossy` replaces lone surrogates."""
    text = parse_text(fields.get(key, ""))
    if text is None:
        findings.at(key).error(TEXT_RULE)
        return ""
    if len(text) > max_length:
        findings.at(key).error(length_rule(max_length))
        return ""
    if is_utf8(text):
        return text
    if lossy:
        findings.at(key).warning(UTF8_RULE)
        return replace_surrogates(text)
    findings.at(key).error(UTF8_RULE)
    return ""


def length_rule(max_length: int) -> str:
    """Return the rule for text that is too long."""
    return f"must not be longer than {max_length:,} characters"


def get_boolean(fields: Mapping[str, object], key: str, findings: Findings) -> Optional[bool]:
    """Return the boolean of a field, also of a YAML 1.1 word; None if there is none."""
    value = fields.get(key, "")
    boolean = parse_boolean(value)
    if boolean is None and value != "":
        findings.at(key).error("must be true or false")
    return boolean


def adopt(instance: object, checked: object, names: Iterable[str]) -> None:
    """Set the fields of a frozen dataclass to those of a checked one, in its `__post_init__`."""
    for name in names:
        object.__setattr__(instance, name, getattr(checked, name))


# Scrape targets and unit addresses: hosts and ports that Go can request for Parca.
#
# Sources: Parca `pkg/scrape/target.go`, which puts a target into a URL; Go `net/url` and `net`.

WILDCARD = "*"
MAX_PORT = 65535
# Go's net/url refuses other characters in a host, reads them as the start of a path, a query, a
# fragment or credentials, or escapes them; `:` and brackets belong to ports and IPv6. Compiled at
# import, unlike the rest, because every unit has a host. U+3002 is a full stop to Go.
HOST = re.compile(
    r"[^\s/\\?#@%^`{|}:\[\]\x00-\x1f\x7f-\x9f\u3002\ud800-\udfff]" + f"{{1,{MAX_HOST_LENGTH}}}"
)
PORT = "[0-9]{1,5}"
ADDRESS_RULE = (
    "must be a host name (at most 253 characters) or an IP address, without a scheme, port, path"
    " or spaces"
)
TARGET_RULE = (
    "must be host:port or *:port, without a scheme, path or spaces; the port (1 to 65535) is"
    " optional, an IPv6 address needs brackets, and a host has at most 253 characters"
)


class AddressSource(enum.Enum):
    """Where the address of a unit comes from."""

    FQDN = "fqdn"
    """The provider publishes its fully qualified domain name."""
    INGRESS = "ingress"
    """Juju's ingress address of the unit in the relation."""
    BIND = "bind"
    """The provider publishes the address that Juju lets it bind to for the relation."""
    PUBLISHED = "published"
    """The consumer takes what the provider published."""


@dataclass(frozen=True)
class Target:
    """A host, or the wildcard `*` for every unit, and a port or none.

    Without a port Parca scrapes port 80, or 443 over https.

    Raises:
        InvalidJobError: Parca could not scrape the target.
    """

    host: str
    """An IPv6 address is in brackets."""
    port: Optional[int] = None
    """From 1 to 65535."""
    text: str = field(init=False, repr=False, compare=False)
    """The target as it is scraped: the digits of the port stay as the author wrote them."""

    def __post_init__(self) -> None:
        """Check and normalise the fields."""
        given: object = self.host
        host = WILDCARD if given == WILDCARD else parse_host(given)
        is_port = self.port is None or (type(self.port) is int and 0 < self.port <= MAX_PORT)
        if host is None or not is_port:
            raise InvalidJobError("", TARGET_RULE)
        object.__setattr__(self, "host", host)
        object.__setattr__(self, "text", host if self.port is None else f"{host}:{self.port}")

    @classmethod
    def parse(cls, text: str) -> Target:
        """Return the target that scrape jobs write as `host`, `host:port`, `*` or `*:port`.

        White space around the host and the port is ignored. An IPv6 address without brackets has
        no port.

        Raises:
            InvalidJobError: Parca could not scrape it.
        """
        text = text.strip()
        host, colon, digits = map(str.strip, text.rpartition(":"))
        if not colon or digits.endswith("]") or is_ipv6(text):
            return cls(text)
        port = parse_port(digits)
        if port is None or is_ipv6(host):
            raise InvalidJobError("", TARGET_RULE)
        target = cls(host, port)
        object.__setattr__(target, "text", f"{target.host}:{digits}")
        return target

    @property
    def is_wildcard(self) -> bool:
        """Whether the target stands for every unit of the application."""
        return self.host == WILDCARD

    @property
    def suffix(self) -> str:
        """What follows the host: a colon and the port, or nothing."""
        return self.text[len(self.host) :]

    def __str__(self) -> str:
        """Return the target as it is scraped."""
        return self.text


def parse_port(digits: str) -> Optional[int]:
    """Return a port from 1 to 65535, written in up to five ASCII digits; None for the rest."""
    port = int(digits) if re.fullmatch(PORT, digits) else 0
    return port if 0 < port <= MAX_PORT else None


def parse_host(text: object) -> Optional[str]:
    """Return the host of a target or the address of a unit; None for anything else.

    White space around it is ignored, and an IPv6 address is put into brackets.
    """
    host = text.strip() if isinstance(text, str) else ""
    if HOST.fullmatch(host):
        return host if host != WILDCARD and (host.isascii() or is_dialled_as_read(host)) else None
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    return f"[{bare}]" if is_ipv6(bare) else None


def is_dialled_as_read(host: str) -> bool:
    """Return whether Go dials a host with other than ASCII characters as a person reads it.

    Go maps compatible characters to others, and drops marks and invisible characters
    (`golang.org/x/net/idna`): of a host that has nothing else, nothing is left, and Parca would
    scrape itself.
    """
    is_visible = any(unicodedata.category(character)[0] in "LNPS" for character in host)
    return is_visible and unicodedata.normalize("NFKC", host) == host


def is_ipv6(text: str) -> bool:
    """Return whether `text` is an IPv6 address without brackets and zone."""
    if text.count(":") < 2 or "%" in text:
        return False
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return True


# What older versions wrote or read: each shim says whose it is, and when it can go.

# The address of a unit in the first drafts of the interface. No released library wrote it alone;
# released consumers read it. It can go when LIBAPI 0 does.
LEGACY_ADDRESS_KEY = "parca_scrape_host"

# Charms have put PEM text where Parca reads the path of a file. Consumers up to LIBPATCH 6 of
# either library passed it on, and Parca then scraped without any TLS settings. It can go when no
# charm on Charmhub writes `ca_file` into a scrape job.
FILE_FIELDS = {"ca_file": "ca", "cert_file": "cert", "key_file": "key"}
# Consumers up to LIBPATCH 6 of either library split a target at its only colon, and copy labels
# and iterate targets that may be null. The warnings can go when no such consumer is deployed.
COLON_RULE = "consumers older than LIBPATCH 7 fail on IPv6 and on a target without a port"
NULL_RULE = "consumers older than LIBPATCH 7 fail on null: omit the field"


def move_pem(fields: Mapping[str, object], findings: Findings) -> Dict[str, object]:
    """Move PEM text in `ca_file`, `cert_file` and `key_file` to the fields that hold text.

    A good inline field stays as it is.
    """
    settings = dict(fields)
    for name, inline in FILE_FIELDS.items():
        if not is_pem(settings.get(name), inline) or is_pem(settings.get(inline), inline):
            continue
        settings[inline] = settings.pop(name)
        rule = f"is for the path of a file but contains PEM text: put the text into {inline}"
        findings.at(name).warning(rule)
    return settings


def is_pem(value: object, name: str) -> bool:
    """Return whether a value is good PEM text for the field `ca`, `cert` or `key`."""
    if not isinstance(value, str) or len(value) > MAX_PEM_LENGTH:
        return False
    return not find_pem_fault(name, value)


def warn_of_old_consumers(job: object, findings: Findings) -> None:
    """Warn of what consumers older than LIBPATCH 7 fail on, though Parca and newer ones do not."""
    static_configs = as_list((as_object(job) or {}).get("static_configs")) or ()
    for index, static_config in enumerate(static_configs):
        fields = as_object(static_config) or {}
        place = findings.at("static_configs").at(index)
        for key in ("targets", "labels"):
            if fields.get(key, key) is None:
                place.at(key).warning(NULL_RULE)
        for target_index, target in enumerate(as_list(fields.get("targets")) or ()):
            if isinstance(target, str) and target.count(":") != 1:
                place.at("targets").at(target_index).warning(COLON_RULE)


# What Parca asks of its targets: profiles, paths and durations (Parca `pkg/config/config.go`).

PROFILE_FIELDS = frozenset({"enabled", "path", "delta", "seconds", "keep_sample_type"})
SAMPLE_TYPE_FIELDS = frozenset({"type", "unit"})
PROFILING_FIELDS = frozenset({"path_prefix", "pprof_config"})
PROFILE_NAME_RULE = (
    "the name of a custom profile must contain only letters (a-z, A-Z), digits, _ and :, must not"
    " begin with a digit, and must not be trace: Parca cannot store such a profile"
)
SAMPLE_TYPE_RULE = "must have both a type and a unit: one alone matches no sample"


@dataclass(frozen=True)
class PprofProfile:
    """A profile that Parca scrapes from its targets. None and empty text stand for its default.

    Raises:
        InvalidJobError: Parca would not load the settings.
    """

    enabled: Optional[bool] = None
    """Parca's default: its five standard profiles are enabled, others are not."""
    path: str = ""
    """Path of the profile at the target, for example `/debug/pprof/allocs`."""
    delta: Optional[bool] = None
    """Whether the target is asked to record for `seconds`."""
    seconds: Optional[int] = None
    """How many seconds the target records; zero stands for the scrape interval."""
    keep_sample_type: Optional[Tuple[Pairs, ...]] = None
    """The only samples to keep, each as pairs of `type` and `unit`; None or empty keeps all."""
    _decoded: InitVar[bool] = False

    if TYPE_CHECKING:  # `__post_init__` makes tuples of what the generated one takes.

        def __init__(
            self,
            enabled: Optional[bool] = None,
            path: str = "",
            delta: Optional[bool] = None,
            seconds: Optional[int] = None,
            keep_sample_type: Optional[Iterable[Union[Mapping[str, str], Pairs]]] = None,
            _decoded: bool = False,
        ) -> None: ...

    def __post_init__(self, _decoded: bool) -> None:
        """Check what a decoder has not checked."""
        if _decoded:
            return
        fields = {name: getattr(self, name) for name in PROFILE_FIELDS}
        if self.keep_sample_type is not None:
            fields["keep_sample_type"] = [dict(kept) for kept in self.keep_sample_type]
        adopt(self, decode_profile(fields, strict_findings()), PROFILE_FIELDS)

    def as_mapping(self) -> Dict[str, object]:
        """Return what is set, in the form of Parca's configuration."""
        kept = self.keep_sample_type
        fields: Dict[str, object] = {
            "enabled": self.enabled,
            "path": self.path or None,
            "delta": self.delta,
            "seconds": self.seconds,
            "keep_sample_type": None if kept is None else [dict(pairs) for pairs in kept],
        }
        return {key: value for key, value in fields.items() if value is not None}


@dataclass(frozen=True)
class ProfilingConfig:
    """The profiles of a scrape job, and a prefix for their paths.

    Raises:
        InvalidJobError: Parca would not load them, or would never scrape a profile.
    """

    path_prefix: str = ""
    pprof_config: Tuple[Tuple[str, PprofProfile], ...] = ()
    """Pairs of a profile's name and its settings; other profiles keep Parca's defaults."""
    _decoded: InitVar[bool] = False

    if TYPE_CHECKING:  # `__post_init__` makes tuples of what the generated one takes.

        def __init__(
            self,
            path_prefix: str = "",
            pprof_config: Union[
                Mapping[str, PprofProfile], Tuple[Tuple[str, PprofProfile], ...]
            ] = (),
            _decoded: bool = False,
        ) -> None: ...

    def __post_init__(self, _decoded: bool) -> None:
        """Check what a decoder has not checked."""
        if not _decoded:
            fields = {"path_prefix": self.path_prefix, "pprof_config": dict(self.pprof_config)}
            adopt(self, decode_profiling(fields, strict_findings()), PROFILING_FIELDS)

    def as_mapping(self) -> Dict[str, object]:
        """Return what is set, in the form of Parca's configuration."""
        profiles = {name: profile.as_mapping() for name, profile in self.pprof_config}
        fields: Dict[str, object] = {"path_prefix": self.path_prefix, "pprof_config": profiles}
        return {key: value for key, value in fields.items() if value}

    def price(self) -> Price:
        """Return what each target costs Parca."""
        enabled = {**dict.fromkeys(STANDARD_PROFILES, True)}
        settings_size = 0
        for name, profile in self.pprof_config:
            is_standard = name in STANDARD_PROFILES
            enabled[name] = is_standard if profile.enabled is None else profile.enabled
            settings_size += size_of(json.dumps((profile.path, profile.keep_sample_type)))
        scraped = sum(enabled.values())
        return Price(scraped, settings_size + scraped * size_of(self.path_prefix))

    def cpu_profile(self) -> Optional[PprofProfile]:
        """Return the settings of the CPU profile; None for Parca's own."""
        return dict(self.pprof_config).get(CPU_PROFILE)


def decode_profiling(raw: object, findings: Findings) -> ProfilingConfig:
    """Return a `profiling_config` without its bad parts."""
    if isinstance(raw, ProfilingConfig):
        return raw
    fields = get_fields(get_object(raw, findings), PROFILING_FIELDS, findings)
    return ProfilingConfig(
        pprof_config=get_profiles(fields, findings.at("pprof_config")),
        path_prefix=get_text(fields, "path_prefix", findings, lossy=True),
        _decoded=True,
    )


def get_profiles(
    fields: Mapping[str, object], findings: Findings
) -> Tuple[Tuple[str, PprofProfile], ...]:
    """Return the name and the settings of each profile of which something is left.

    A null kills Parca for any profile but its standard ones (`pkg/config/config.go`: it merges
    its defaults into those alone).
    """
    profiles: List[Tuple[str, PprofProfile]] = []
    for name, raw in get_object(fields.get("pprof_config", {}), findings).items():
        place = findings.at(name)
        is_standard = name in STANDARD_PROFILES
        if not is_standard and not (is_profile_name(name) and len(name) <= MAX_NAME_LENGTH):
            place.error(PROFILE_NAME_RULE)
            continue
        if len(profiles) == MAX_PROFILES:
            findings.error(PROFILES_RULE)
            break
        profile = None if raw is None and is_standard else decode_profile(raw, place)
        if profile is None:
            continue
        if not is_standard and profile.enabled is None:
            place.warning("never scraped: a custom profile needs enabled: true")
        elif not is_standard and profile.enabled and not profile.path:
            place.warning("scraped from /: a custom profile needs a path")
        profiles.append((name, profile))
    return tuple((name, profile) for name, profile in profiles if profile.as_mapping())


def decode_profile(raw: object, findings: Findings) -> Optional[PprofProfile]:
    """Return the settings of a profile without their bad parts; None if they are no object."""
    if isinstance(raw, PprofProfile):
        return raw
    mapping = as_object({} if raw == "" else raw)
    if mapping is None:
        findings.error(OBJECT_RULE)
        return None
    fields = get_fields(mapping, PROFILE_FIELDS, findings)
    return PprofProfile(
        seconds=get_seconds(fields, findings),
        keep_sample_type=get_sample_types(fields, findings),
        enabled=get_boolean(fields, "enabled", findings),
        path=get_text(fields, "path", findings, lossy=True),
        delta=get_boolean(fields, "delta", findings),
        _decoded=True,
    )


def get_seconds(fields: Mapping[str, object], findings: Findings) -> Optional[int]:
    """Return the `seconds` of a profile; None if there are none."""
    value = fields.get("seconds", "")
    seconds = parse_seconds(value)
    if seconds is None and value != "":
        findings.at("seconds").error("must be a whole number of seconds, 0 or more")
    return seconds


def get_sample_types(
    profile: Mapping[str, object], findings: Findings
) -> Optional[Tuple[Pairs, ...]]:
    """Return the `keep_sample_type` of a profile; None if there is none, or if all is bad."""
    raw = profile.get("keep_sample_type", "")
    if raw == "":
        return None
    findings = findings.at("keep_sample_type")
    elements = as_list(raw)
    if elements is None:
        findings.error(LIST_RULE)
        return None
    kept: List[Pairs] = []
    for index, element in read_elements(elements, findings):
        place = findings.at(index)
        fields = get_fields(get_object(element, place), SAMPLE_TYPE_FIELDS, place)
        pairs = tuple((key, get_text(fields, key, place)) for key in fields)
        if len(list(filter(all, pairs))) == len(SAMPLE_TYPE_FIELDS):
            kept.append(pairs)
        elif fields:
            place.error(SAMPLE_TYPE_RULE)
    return tuple(kept) if kept or not elements else None


# Static configs: targets, and labels for their profiles (Parca `pkg/scrape/target.go`).

STATIC_CONFIG_FIELDS = frozenset({"targets", "labels"})
DEFAULT_PORTS = {"": 80, "http": 80, "https": 443}
LABEL_NAME_RULE = (
    "the name of a label must not be empty or longer than 1,024 characters, and must not contain"
    " a comma, a semicolon or half of a surrogate pair"
)


@dataclass(frozen=True)
class StaticConfig:
    """Targets that share labels. Without targets it stands for every unit of the application.

    Raises:
        InvalidJobError: Parca would not load the labels or could not scrape a target.
    """

    targets: Tuple[Target, ...] = ()
    """Given as `host:port`, or as `*:port` for every unit; see `Target.parse`."""
    labels: Pairs = ()
    """The labels that every profile of the targets gets, as pairs of a name and a value."""
    _decoded: InitVar[bool] = False

    if TYPE_CHECKING:  # `__post_init__` makes tuples of what the generated one takes.

        def __init__(
            self,
            targets: Iterable[Union[str, Target]] = (),
            labels: Union[Mapping[str, str], Pairs] = (),
            _decoded: bool = False,
        ) -> None: ...

    def __post_init__(self, _decoded: bool) -> None:
        """Check what a decoder has not checked."""
        if _decoded:
            return
        targets: object = self.targets
        fields = {
            "targets": targets if isinstance(targets, str) else tuple(self.targets),
            "labels": dict(self.labels),
        }
        adopt(self, decode_static_config(fields, strict_findings()), STATIC_CONFIG_FIELDS)

    @property
    def scheme(self) -> str:
        """The scheme that the label `__scheme__` sets, or an empty string."""
        return dict(self.labels).get(SCHEME_LABEL, "")

    def as_mapping(self, scheme: str = "") -> Dict[str, object]:
        """Return the static config as it is published, with a port for every target.

        Consumers older than LIBPATCH 7 fail on a target without one.

        Args:
            scheme: the scheme of the job, which decides the default port.
        """
        port = DEFAULT_PORTS[self.scheme or scheme]
        targets = [
            target.text if target.port is not None else f"{target.host}:{port}"
            for target in self.targets or (Target(WILDCARD),)
        ]
        return {"targets": targets, **({"labels": dict(self.labels)} if self.labels else {})}


def decode_static_configs(raw: object, findings: Findings) -> Tuple[StaticConfig, ...]:
    """Return static configs without their bad parts; raise `InvalidJobError` if none is left."""
    elements = as_list(raw)
    if elements is None:
        raise findings.refusal(LIST_RULE)
    static_configs: List[StaticConfig] = []
    limits = findings.report.limits
    for index, element in read_elements(elements, findings):
        if limits.targets <= 0:
            findings.limit(TARGETS_RULE)
            break
        try:
            static_config = decode_static_config(element, findings.at(index))
        except InvalidJobError as error:
            findings.skip(error, "static config")
        else:
            static_configs.append(static_config)
            limits.targets -= len(static_config.targets) or 1
    if elements and not static_configs:
        raise findings.refusal("has no static config that can be scraped")
    return tuple(static_configs)


def decode_static_config(raw: object, findings: Findings) -> StaticConfig:
    """Return a static config without its bad parts; raise `InvalidJobError` if it is all bad."""
    if isinstance(raw, StaticConfig):
        if len(raw.targets) > findings.report.limits.targets:
            findings.limit(TARGETS_RULE)
        for name, _ in raw.labels:
            admit_label(name, findings)
        return raw
    mapping = as_object(raw)
    if mapping is None:
        raise findings.refusal(OBJECT_RULE)
    fields = get_fields(mapping, STATIC_CONFIG_FIELDS, findings)
    targets = get_targets(fields, findings)
    if fields.get("targets") and not targets:
        raise findings.refusal("has no target that can be scraped")
    return StaticConfig(targets=targets, labels=get_labels(fields, findings), _decoded=True)


def get_targets(fields: Mapping[str, object], findings: Findings) -> Tuple[Target, ...]:
    """Return the targets that Parca can scrape; raise `InvalidJobError` if they are no list."""
    elements = as_list(fields.get("targets", ()))
    if elements is None:
        raise findings.at("targets").refusal(LIST_RULE)
    limits = findings.report.limits
    targets: List[Target] = []
    for index, element in read_elements(elements, findings):
        if len(targets) == limits.targets:
            findings.at("targets").limit(TARGETS_RULE)
            break
        if isinstance(element, Target):
            targets.append(element)
        elif isinstance(element, str):
            try:
                targets.append(Target.parse(element))
            except InvalidJobError as error:
                findings.at("targets").at(index).error(error.rule)
        else:
            findings.at("targets").at(index).error("must be a string")
    return tuple(targets)


def get_labels(fields: Mapping[str, object], findings: Findings) -> Pairs:
    """Return the labels of a static config that Parca can put on profiles."""
    if "labels" not in fields:
        return ()
    findings = findings.at("labels")
    labels: List[Tuple[str, str]] = []
    for name, value in get_object(fields["labels"], findings).items():
        if value is None:
            continue
        text = parse_text(value)
        rule = find_label_fault(name, text)
        if rule or text is None:
            findings.at(name).error(rule)
        elif admit_label(name, findings):
            if not is_utf8(text):
                findings.at(name).warning(UTF8_RULE)
                text = replace_surrogates(text)
            labels.append((name, text.lower() if name == SCHEME_LABEL else text))
    return tuple(labels)


def find_label_fault(name: str, text: Optional[str]) -> str:
    """Return the rule that a label breaks, or an empty string.

    FrostDB, Parca's storage, joins the names of columns with commas and semicolons: one in a name
    makes compactions fail, for the data of everyone, and can crash the server
    (`polarsignals/frostdb`, `dynparquet/dynamiccolumns.go`).
    """
    is_storable = "," not in name and ";" not in name and is_utf8(name)
    if not name or len(name) > MAX_NAME_LENGTH or not is_storable:
        return LABEL_NAME_RULE
    if text is None:
        return TEXT_RULE
    if len(text) > MAX_VALUE_LENGTH:
        return length_rule(MAX_VALUE_LENGTH)
    if name == SCHEME_LABEL and text and parse_scheme(text) is None:
        return SCHEME_RULE
    return ""


def admit_label(name: str, findings: Findings) -> bool:
    """Return whether the relation may have a label of this name, too."""
    is_admitted = findings.report.limits.admit_label(name)
    if not is_admitted:
        findings.limit(LABEL_NAMES_RULE)
    return is_admitted


# How Parca speaks TLS with its targets (prometheus/common `config/http_config.go`).
#
# Parca does not refuse settings that it cannot use there: it scrapes without any of them.

# Each names a file or a secret on the host of Parca.
HOST_FIELDS = (*FILE_FIELDS, "ca_ref", "cert_ref", "key_ref")
HOST_FIELD_RULE = "names a file or a secret on the Parca host: put the PEM text itself into"


@dataclass(frozen=True)
class TLSConfig:
    """The TLS settings of a scrape job. None and empty text stand for Parca's default.

    Raises:
        InvalidJobError: Parca would not load the settings, or would scrape without them.
    """

    ca: str = field(default="", repr=False)
    """PEM text of the certificates to trust."""
    cert: str = field(default="", repr=False)
    """PEM text of the certificate that Parca presents; needs `key`."""
    key: str = field(default="", repr=False)
    """PEM text of the private key of `cert`. Anyone who can read the databag can read it."""
    server_name: str = ""
    """The name to expect in the certificate of the target."""
    insecure_skip_verify: Optional[bool] = None
    min_version: str = ""
    """`TLS10`, `TLS11`, `TLS12` (Parca's default) or `TLS13`."""
    max_version: str = ""
    _decoded: InitVar[bool] = False

    def __post_init__(self, _decoded: bool) -> None:
        """Check what a decoder has not checked."""
        if not _decoded:
            settings = {name: getattr(self, name) for name in TLS_FIELDS}
            adopt(self, decode_tls(settings, strict_findings()), TLS_FIELDS)

    def as_mapping(self) -> Dict[str, object]:
        """Return what is set, in the form of Parca's configuration."""
        settings: Dict[str, object] = {name: getattr(self, name) for name in TLS_FIELDS}
        return {name: value for name, value in settings.items() if value not in ("", None)}


TLS_FIELDS = tuple(setting.name for setting in fields(TLSConfig))


def decode_tls(raw: object, findings: Findings) -> TLSConfig:
    """Return a `tls_config` without its bad parts."""
    if isinstance(raw, TLSConfig):
        return raw
    known = (*TLS_FIELDS, *HOST_FIELDS)
    settings = move_pem(get_fields(get_object(raw, findings), known, findings), findings)
    for name in HOST_FIELDS:
        if settings.get(name, "") != "":
            findings.at(name).error(f"{HOST_FIELD_RULE} {name.partition('_')[0]}")
    server_name = get_text(settings, "server_name", findings)
    insecure_skip_verify = get_boolean(settings, "insecure_skip_verify", findings)
    pem = get_pem(settings, findings)
    min_version, max_version = get_versions(settings, findings)
    return TLSConfig(
        ca=pem["ca"],
        cert=pem["cert"],
        key=pem["key"],
        server_name=server_name,
        insecure_skip_verify=insecure_skip_verify,
        min_version=min_version,
        max_version=max_version,
        _decoded=True,
    )


def get_pem(settings: Mapping[str, object], findings: Findings) -> Dict[str, str]:
    """Return the PEM texts that Go can read; `cert` and `key` only together, as Parca wants it."""
    pem: Dict[str, str] = {}
    for name in PEM_LABELS:
        pem[name] = get_text(settings, name, findings, max_length=MAX_PEM_LENGTH)
        rule = find_pem_fault(name, pem[name]) if pem[name] else ""
        if rule:
            findings.at(name).error(rule)
            pem[name] = ""
    for name, other, what in (("cert", "key", "certificate"), ("key", "cert", "key")):
        if pem[name] and not pem[other]:
            findings.at(name).error(f"needs a {other}: Parca refuses a {what} without one")
            pem[name] = ""
    return pem


def get_versions(settings: Mapping[str, object], findings: Findings) -> Tuple[str, str]:
    """Return the lowest and the highest TLS version; both empty if they contradict each other."""
    versions: List[str] = []
    for name in ("min_version", "max_version"):
        version = parse_text(settings.get(name, ""))
        if version not in ("", *TLS_VERSIONS):
            findings.at(name).error(f"must be one of {', '.join(TLS_VERSIONS)}")
            version = ""
        versions.append(version or "")
    lowest, highest = versions
    if highest and highest < (lowest or DEFAULT_MIN_TLS_VERSION):
        rule = f"is below min_version, which is {DEFAULT_MIN_TLS_VERSION} unless it is set"
        findings.at("max_version").error(rule)
        return "", ""
    return lowest, highest


# Scrape jobs: what to scrape and how, as Parca loads it (Parca `pkg/config/config.go`).
#
# A class raises for what a charm author got wrong. A `decode_` function leaves out the smallest
# bad part of what a remote application published.

ALLOWED_KEYS = {
    "job_name",
    "static_configs",
    "scrape_interval",
    "scrape_timeout",
    "scheme",
    "profiling_config",
    "tls_config",
}
DEFAULT_JOB = {"static_configs": [{"targets": ["*:80"]}]}
DEFAULT_STATIC_CONFIGS = (StaticConfig((Target("*", 80),)),)
HTTP_TLS_RULE = "has no effect over http: set scheme to https"
CONTROL_RULE = "contains control characters, which were replaced by U+FFFD"
SHARED_JOB_NAME_RULE = (
    "another job has the same name: with a consumer older than LIBPATCH 7, Parca refuses its"
    " whole configuration; give each job its own job_name"
)
DURATION_RULE = "must be a duration such as 1m30s"
INTERVAL_RULE = "must be a duration such as 1m30s, above zero and below 292 years"
SHORT_INTERVAL_RULE = (
    "process_cpu cannot be scraped at an interval below 1s: set its seconds, or an interval of 1s"
    " or more"
)


class JobSettings(TypedDict, total=False):
    """The optional settings of a scrape config."""

    scrape_interval: str
    scrape_timeout: str
    scheme: str
    profiling_config: Dict[str, object]
    tls_config: Dict[str, object]


@dataclass(frozen=True)
class Job:
    """A scrape job. Empty text and None stand for Parca's default.

    Raises:
        InvalidJobError: Parca would not load the job or could not use a part of it.
    """

    static_configs: Tuple[StaticConfig, ...] = DEFAULT_STATIC_CONFIGS
    """What to scrape; None for port 80 of every unit, empty for nothing."""
    job_name: str = ""
    """The name of the job within the application; jobs of the same name get numbers."""
    scrape_interval: str = ""
    """A duration such as `1m30s`; Parca's default is 10s."""
    scrape_timeout: str = ""
    """A duration longer than the interval; Parca's default is the interval plus 3s."""
    scheme: str = ""
    """`http` or `https`; Parca's default is http."""
    profiling_config: Optional[ProfilingConfig] = None
    """Which profiles Parca scrapes, and how."""
    tls_config: Optional[TLSConfig] = None
    """The TLS settings."""
    _decoded: InitVar[bool] = False

    if TYPE_CHECKING:  # `__post_init__` makes tuples of what the generated one takes.

        def __init__(
            self,
            static_configs: Optional[Iterable[StaticConfig]] = None,
            job_name: str = "",
            scrape_interval: str = "",
            scrape_timeout: str = "",
            scheme: str = "",
            profiling_config: Optional[ProfilingConfig] = None,
            tls_config: Optional[TLSConfig] = None,
            _decoded: bool = False,
        ) -> None: ...

    def __post_init__(self, _decoded: bool) -> None:
        """Check what a decoder has not checked."""
        if _decoded:
            return
        fields: Dict[str, object] = {name: getattr(self, name) for name in ALLOWED_KEYS}
        static_configs = fields.pop("static_configs")
        if static_configs is not None:
            fields["static_configs"] = tuple(self.static_configs)
        adopt(self, decode_job(fields, strict_findings()), ALLOWED_KEYS)

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, object]) -> Job:
        """Return the job of a Parca scrape config, for example from a charm's configuration.

        Raises:
            InvalidJobError: Parca would not load it, could not use a part of it, or would never
                see it.
        """
        return decode_job(mapping, strict_findings())

    def settings(self) -> JobSettings:
        """Return the settings other than the name and the static configs, in Parca's form."""
        settings: JobSettings = {}
        if self.scrape_interval:
            settings["scrape_interval"] = self.scrape_interval
        if self.scrape_timeout:
            settings["scrape_timeout"] = self.scrape_timeout
        if self.scheme:
            settings["scheme"] = self.scheme
        if self.profiling_config:
            settings["profiling_config"] = self.profiling_config.as_mapping()
        if self.tls_config:
            settings["tls_config"] = self.tls_config.as_mapping()
        return settings

    def as_mapping(self) -> Dict[str, object]:
        """Return the job as it is published: every target has a port, and nothing is null."""
        static_configs = [config.as_mapping(self.scheme) for config in self.static_configs]
        name = {"job_name": self.job_name} if self.job_name else {}
        return {"static_configs": static_configs, **name, **self.settings()}


OwnJob = Union[Job, Mapping[str, object]]
"""A job that a charm gives, typed or in the form of Parca's scrape configs."""


def list_jobs(jobs: object) -> List[OwnJob]:
    """Return a charm's own jobs, of mappings with the default static configs.

    Raises:
        InvalidJobError: one is neither a mapping nor a `Job`, or a `Job` shares its name.
    """
    unnamed: List[Mapping[str, object]] = [{}]
    jobs = unnamed if jobs is None else jobs
    if not isinstance(jobs, Iterable):
        raise InvalidJobError("jobs", "must be a list of scrape jobs")
    own_jobs: List[OwnJob] = []
    is_typed_by_name: Dict[str, bool] = {}
    for index, job in enumerate(cast("Iterable[object]", jobs)):
        mapping = as_object(job)
        is_typed = isinstance(job, Job)
        if isinstance(job, Job):
            name = job.job_name
            own_jobs.append(job)
        elif mapping is not None:
            name = parse_text(mapping.get("job_name")) or ""
            own_jobs.append({**copy.deepcopy(DEFAULT_JOB), **mapping})
        else:
            raise InvalidJobError(f"jobs[{index}]", "must be a mapping or a Job")
        if name in is_typed_by_name and (is_typed or is_typed_by_name[name]):
            raise InvalidJobError(f"jobs[{index}].job_name", SHARED_JOB_NAME_RULE)
        is_typed_by_name[name] = is_typed
    return own_jobs


def decode_jobs(raw: object, findings: Findings) -> Tuple[Job, ...]:
    """Return the jobs that Parca would load and could use, without their bad parts."""
    elements = as_list(() if raw is None else raw)
    if elements is None:
        findings.error(LIST_RULE)
        return ()
    jobs: List[Job] = []
    for index, element in read_elements(elements, findings):
        if len(jobs) == MAX_JOBS:
            findings.limit(JOBS_RULE)
            break
        try:
            jobs.append(decode_job(element, findings.at(index)))
        except InvalidJobError as error:
            findings.skip(error, "job")
    return tuple(jobs)


def decode_job(raw: object, findings: Findings) -> Job:
    """Return a job without its bad parts; raise `InvalidJobError` if it must be skipped."""
    if isinstance(raw, Job):
        decode_static_configs(raw.static_configs, findings.at("static_configs"))
        return raw
    mapping = as_object(raw)
    if mapping is None:
        raise findings.refusal(OBJECT_RULE)
    if mapping.get("static_configs", ()) is None:
        raise findings.at("static_configs").refusal(LIST_RULE)
    fields = get_fields(mapping, ALLOWED_KEYS, findings)
    scheme = get_scheme(fields, findings)
    static_configs = decode_static_configs(
        fields.get("static_configs", DEFAULT_STATIC_CONFIGS), findings.at("static_configs")
    )
    profiling_config: Optional[ProfilingConfig] = None
    tls_config: Optional[TLSConfig] = None
    if "profiling_config" in fields:
        place = findings.at("profiling_config")
        profiling = decode_profiling(fields["profiling_config"], place)
        profiling_config = profiling if profiling.as_mapping() else None
    if "tls_config" in fields:
        tls = decode_tls(fields["tls_config"], findings.at("tls_config"))
        tls_config = tls if tls.as_mapping() else None
    if tls_config and "https" not in (scheme, *(config.scheme for config in static_configs)):
        findings.at("tls_config").warning(HTTP_TLS_RULE)
    interval, timeout = get_timing(fields, profiling_config, findings)
    return Job(
        static_configs=static_configs,
        job_name=get_name(fields, findings),
        scrape_interval=interval,
        scrape_timeout=timeout,
        scheme=scheme,
        profiling_config=profiling_config,
        tls_config=tls_config,
        _decoded=True,
    )


def get_name(fields: Mapping[str, object], findings: Findings) -> str:
    """Return the name of a job; empty if it has none."""
    name = get_text(fields, "job_name", findings, max_length=MAX_NAME_LENGTH, lossy=True)
    printable = replace_controls(name)
    if printable != name:
        findings.at("job_name").warning(CONTROL_RULE)
    return printable


def get_scheme(fields: Mapping[str, object], findings: Findings) -> str:
    """Return the scheme of a job; raise `InvalidJobError` for one that Parca does not speak."""
    value = fields.get("scheme", "")
    scheme = "" if value == "" else parse_scheme(parse_text(value) or "")
    if scheme is None:
        raise findings.at("scheme").refusal(SCHEME_RULE)
    return scheme


def get_timing(
    fields: Mapping[str, object], profiling_config: Optional[ProfilingConfig], findings: Findings
) -> Tuple[str, str]:
    """Return the interval and the timeout of a job; empty for Parca's defaults.

    A timeout must be above the interval, the opposite of Prometheus. An interval of zero kills the
    server (Parca `pkg/scrape/target.go`, `offset`).
    """
    interval = get_text(fields, "scrape_interval", findings)
    interval_ms = parse_duration(interval) if interval else DEFAULT_INTERVAL_MS
    if interval_ms is None or not 0 < interval_ms <= MAX_INTERVAL_MS:
        findings.at("scrape_interval").error(INTERVAL_RULE)
        interval, interval_ms = "", DEFAULT_INTERVAL_MS

    cpu_profile = profiling_config.cpu_profile() if profiling_config else None
    is_cpu_on = cpu_profile is None or cpu_profile.enabled is not False
    timeout = get_text(fields, "scrape_timeout", findings)
    timeout_ms = parse_duration(timeout) if timeout else 0
    rule = ""
    if timeout_ms is None:
        rule = DURATION_RULE
    elif 0 < timeout_ms <= interval_ms:
        rule = "must be longer than scrape_interval, which is 10s unless it is set"
    elif 0 < timeout_ms < MIN_CPU_TIMEOUT_MS and is_cpu_on:
        rule = "must be 2s or more while process_cpu is enabled"
    if rule:
        findings.at("scrape_timeout").error(rule)
    if rule or not timeout_ms:
        timeout, timeout_ms = "", interval_ms + DEFAULT_TIMEOUT_MARGIN_MS

    if is_cpu_on:
        warn_of_cpu_profile(cpu_profile, interval_ms, timeout_ms, findings)
    return interval, timeout


def warn_of_cpu_profile(
    cpu_profile: Optional[PprofProfile], interval_ms: int, timeout_ms: int, findings: Findings
) -> None:
    """Warn of a CPU profile that gets no answer in time.

    Go records for 30 seconds when it is asked for none (`net/http/pprof`, `Profile`). Parca asks
    for seconds only with `delta: true` (`pkg/scrape/target.go`, `targetsFromGroup`).
    """
    seconds = (cpu_profile and cpu_profile.seconds) or interval_ms // 1_000
    if cpu_profile is None:
        if seconds == 0:
            findings.at("scrape_interval").warning(SHORT_INTERVAL_RULE)
        return
    place = findings.at("profiling_config").at("pprof_config").at("process_cpu")
    if not cpu_profile.delta:
        place.warning("records for 30s unless delta is true: set delta: true")
    elif seconds == 0:
        place.warning(SHORT_INTERVAL_RULE)
    elif seconds * 1_000 >= timeout_ms:
        place.warning("must record for fewer seconds than scrape_timeout allows")


# The databags of the relation: a codec for each, which owns the names of its keys.

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


# The addresses of the units of an application, as a value.


@dataclass(frozen=True)
class HostMap:
    """Pairs of a unit's name and its address, in the order of unit numbers.

    Raises:
        InvalidJobError: an address is not a host.
    """

    hosts: Pairs = ()

    if TYPE_CHECKING:  # `__post_init__` makes the field of what may be given for it.

        def __init__(self, hosts: Union[Mapping[str, str], Pairs] = ()) -> None: ...

    def __post_init__(self) -> None:
        """Check and normalise the fields."""
        given = dict(self.hosts)
        hosts: List[Tuple[str, str]] = []
        for name in order_units(given):
            try:
                hosts.append((name, UnitDatabag(address=given[name], name=name).address))
            except InvalidJobError as error:
                raise InvalidJobError(f"hosts[{name!r}]", error.rule) from None
        object.__setattr__(self, "hosts", tuple((name, host) for name, host in hosts if host))


# From what the databags hold to the scrape configs that Parca loads.

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


# The endpoint of a charm: its metadata, its relations, and what Juju denies of them.

logger: logging.Logger = logging.getLogger(__name__)

# Every line of the log costs ops a process.
MAX_LINES = 20


class RelationNotFoundError(Exception):
    """The charm's metadata has no relation of this name."""

    def __init__(self, relation_name: str) -> None:
        self.relation_name = relation_name
        self.message: str = f"No relation named '{relation_name}' found"
        super().__init__(self.message)


class RelationInterfaceMismatchError(Exception):
    """The relation of this name has another interface in the charm's metadata."""

    def __init__(
        self, relation_name: str, expected_relation_interface: str, actual_relation_interface: str
    ) -> None:
        self.relation_name = relation_name
        self.expected_relation_interface = expected_relation_interface
        self.actual_relation_interface = actual_relation_interface
        self.message: str = (
            f"The '{relation_name}' relation has '{actual_relation_interface}' as interface"
            f" rather than the expected '{expected_relation_interface}'"
        )
        super().__init__(self.message)


class RelationRoleMismatchError(Exception):
    """The relation of this name has the other role in the charm's metadata."""

    def __init__(
        self,
        relation_name: str,
        expected_relation_role: ops.RelationRole,
        actual_relation_role: ops.RelationRole,
    ) -> None:
        self.relation_name = relation_name
        self.expected_relation_role = expected_relation_role
        # The name under which the charm libraries before LIBPATCH 7 had it.
        self.expected_relation_interface = expected_relation_role
        self.actual_relation_role = actual_relation_role
        self.message: str = (
            f"The '{relation_name}' relation has role '{actual_relation_role!r}'"
            f" rather than the expected '{expected_relation_role!r}'"
        )
        super().__init__(self.message)


def check_endpoint(charm: ops.CharmBase, relation_name: str, role: ops.RelationRole) -> None:
    """Raise one of the errors above unless the charm's metadata declares the endpoint so."""
    relation = charm.meta.relations.get(relation_name)
    if relation is None:
        raise RelationNotFoundError(relation_name)
    if relation.interface_name != RELATION_INTERFACE_NAME:
        raise RelationInterfaceMismatchError(
            relation_name, RELATION_INTERFACE_NAME, str(relation.interface_name)
        )
    if relation.role != role:
        raise RelationRoleMismatchError(relation_name, role, relation.role)


class RelationLister:
    """Lists the relations of an endpoint, as far as Juju lets this unit see them."""

    def __init__(self, model: ops.Model, relation_name: str) -> None:
        self._model = model
        self._relation_name = relation_name
        self._listed_in_part: Optional[List[ops.Relation]] = None
        self._denials: List[Problem] = []

    def list_relations(self) -> Tuple[List[ops.Relation], List[Problem]]:
        """Return the relations in the order of their ids, and why some may be missing."""
        relations: List[ops.Relation] = []
        try:
            relations = self._model.relations[self._relation_name]
        except ops.ModelError as error:
            self._denials = [describe_denial(error, self._relation_name)]
            # From now on ops returns what it had listed before the failure, as if it were all.
            with contextlib.suppress(ops.ModelError):
                relations = self._model.relations[self._relation_name]
            self._listed_in_part = relations
        # In its own relation-broken hook a relation does not count; ops before 2.10 lists it.
        broken = find_running_hook(self._relation_name, "broken")
        listed = [relation for relation in relations if relation.id != broken]
        denials = self._denials if relations is self._listed_in_part else []
        return sorted(listed, key=lambda relation: relation.id), [*denials]


def has_application(relation: ops.Relation) -> bool:
    """Return whether ops knows the remote application; its types say that it always does."""
    return bool(getattr(relation, "app", None))


def find_running_hook(relation_name: str, kind: str) -> Optional[int]:
    """Return the id of the relation whose hook, `departed` or `broken`, is running, if any is."""
    # Source of the variables: Juju `worker/uniter/runner/context/context.go`.
    hook = os.environ.get("JUJU_DISPATCH_PATH", "").rpartition("/")[2]
    if hook.replace("-", "_") != f"{relation_name}-relation-{kind}".replace("-", "_"):
        return None
    relation_id = os.environ.get("JUJU_RELATION_ID", "").rpartition(":")[2]
    return int(relation_id) if relation_id.isdecimal() else None


def locate_in(problem: Problem, relation: ops.Relation) -> Problem:
    """Return the problem with the relation that it is in."""
    application = relation.app.name if has_application(relation) else ""
    return problem.in_relation(relation.id, application)


def describe_denial(error: ops.ModelError, path: str = "") -> Problem:
    """Return the problem of something that Juju did not let this unit read or write."""
    reason = " ".join(str(error).split()) or type(error).__name__
    return Problem("error", path, f"skipped: Juju denied access: {reason}")


class ProblemLog:
    """Logs each problem once, and at most 20 of one relation."""

    def __init__(self) -> None:
        self._logged: Dict[Optional[int], Set[Problem]] = {}

    def log(self, problems: Iterable[Problem]) -> None:
        """Log the new problems, and the number of those that are too many."""
        hidden: Dict[Optional[int], int] = {}
        for problem in problems:
            logged = self._logged.setdefault(problem.relation_id, set())
            if problem in logged:
                continue
            logged.add(problem)
            if len(logged) > MAX_LINES:
                hidden[problem.relation_id] = hidden.get(problem.relation_id, 0) + 1
            else:
                level = logging.ERROR if problem.severity == "error" else logging.WARNING
                logger.log(level, "%s", problem)
        for relation_id, count in hidden.items():
            origin = "" if relation_id is None else f"relation {relation_id}: "
            logger.warning("%s%d more problems: problems() lists them", origin, count)


# The side of a profiled charm: what Parca should scrape, into the databags of all relations.

Jobs = Iterable[Union[Mapping[str, object], Job]]
JobSource = Union[Jobs, Callable[[], Optional[Jobs]]]
UnitAddress = Union[str, AddressSource, Callable[[ops.Relation], str]]
LOCALHOST_RULE = (
    "the domain name of this unit is localhost, which no other machine can reach: correct the"
    " host name of the machine, or pass unit_address to ProfilingEndpointProvider"
)


class ProfilingEndpointProvider(ops.Object):
    """Publishes what Parca should scrape from this charm.

    It publishes when a unit joins, when the relation changes, on upgrade and after a leader
    election, and whenever `set_scrape_job_spec()` is called.
    """

    def __init__(
        self,
        charm: ops.CharmBase,
        relation_name: str = DEFAULT_RELATION_NAME,
        jobs: Optional[JobSource] = None,
        refresh_event: Optional[Union[ops.BoundEvent, Sequence[ops.BoundEvent]]] = None,
        *,
        unit_address: UnitAddress = AddressSource.FQDN,
    ) -> None:
        """Observe the relations of an endpoint.

        Args:
            charm: the charm that is profiled.
            relation_name: the endpoint, under `provides` in the charm's metadata.
            jobs: what to scrape, each a `Job` or a mapping in the form of Parca's scrape configs.
                None means port 80 of every unit, an empty list means nothing. The list is read
                once; nested values of a mapping are read when they are published. A function
                that returns such jobs is called whenever they are published, for jobs that
                change.
            refresh_event: when to publish the unit's address again, besides update-status; by
                default at pebble-ready of every container.
            unit_address: the address at which Parca reaches this unit, a function that returns it
                for a relation, or where to get it from: `FQDN`, `INGRESS` or `BIND`.

        Raises:
            RelationNotFoundError: the charm's metadata has no relation of this name.
            RelationInterfaceMismatchError: the relation has another interface.
            RelationRoleMismatchError: the relation is under `requires`.
            InvalidJobError: an item of `jobs` is neither a `Job` nor a mapping, or `unit_address`
                is not an address.
        """
        check_endpoint(charm, relation_name, ops.RelationRole.provides)
        is_host = isinstance(unit_address, str) and parse_host(unit_address) is not None
        is_source = unit_address in (AddressSource.FQDN, AddressSource.INGRESS, AddressSource.BIND)
        if not (is_host or is_source or callable(unit_address)):
            raise InvalidJobError("unit_address", ADDRESS_RULE)
        super().__init__(charm, relation_name)
        self.topology: Topology = ProviderTopology.from_charm(charm)
        self._charm = charm
        self._relation_name = relation_name
        self._jobs = read_jobs(jobs)
        self._unit_address = unit_address
        self._lister = RelationLister(self.model, relation_name)
        self._problem_log = ProblemLog()
        self._publishing_problems: List[Problem] = []

        events = charm.on[relation_name]
        for event in (
            events.relation_joined,
            events.relation_changed,
            charm.on.upgrade_charm,
            charm.on.leader_elected,
        ):
            self.framework.observe(event, self._on_both_changed)
        if isinstance(refresh_event, ops.BoundEvent):
            refresh_event = [refresh_event]
        pebble_ready = [charm.on[name].pebble_ready for name in charm.meta.containers]
        refresh_events = [*(refresh_event or pebble_ready), charm.on.update_status]
        # ops calls an observer as often as it observes an event.
        distinct = {
            (event.emitter.handle.path, event.event_kind): event for event in refresh_events
        }
        for event in distinct.values():
            self.framework.observe(event, self._on_unit_changed)

    def update_scrape_job_spec(self, jobs: Optional[JobSource]) -> None:
        """Publish other jobs than those given to the constructor, and forget them after the hook.

        The next time that the library publishes, it publishes the jobs of the constructor.

        Raises:
            InvalidJobError: an item is neither a `Job` nor a mapping, or not JSON.
        """
        self._jobs = read_jobs(jobs)
        self.set_scrape_job_spec()

    def set_scrape_job_spec(self) -> None:
        """Publish jobs, topology and address to all relations, where they have changed.

        Raises:
            InvalidJobError: this unit is the leader, and a job cannot be written as JSON.
        """
        self._publish(with_jobs=True)

    def is_ready(self, relation: Optional[ops.Relation] = None) -> bool:
        """Return whether there are relations (or `relation`), each with a remote application."""
        listed, _ = self._lister.list_relations()
        relations = listed if relation is None else [relation]
        return bool(relations) and all(map(has_application, relations))

    def problems(self) -> List[Problem]:
        """Return what is wrong with the jobs, and what could not be published."""
        try:
            jobs = self._jobs()
            encode_app(jobs, None)
        except InvalidJobError as error:
            return [Problem("error", error.path, error.rule), *self._publishing_problems]
        return judge_jobs(jobs) + self._publishing_problems

    def _on_both_changed(self, _: ops.EventBase) -> None:
        self._publish(with_jobs=True)

    def _on_unit_changed(self, _: ops.EventBase) -> None:
        self._publish(with_jobs=False)

    def _publish(self, *, with_jobs: bool) -> None:
        relations, problems = self._lister.list_relations()
        jobs: Sequence[OwnJob] = ()
        app_texts: Optional[Dict[str, str]] = None
        is_fqdn = self._unit_address is AddressSource.FQDN
        fqdn = socket.getfqdn() if relations and is_fqdn else ""
        # A name that is no host is published as it is.
        fqdn = parse_host(fqdn) or fqdn
        if fqdn.lower().partition(".")[0] == "localhost":
            problems.append(Problem("warning", UNIT_ADDRESS_KEY, LOCALHOST_RULE))
        if relations and with_jobs and self._is_leader(problems):
            jobs = self._jobs()
            app_texts = encode_app(jobs, self.topology)
        for relation in relations:
            address = fqdn if is_fqdn else self._find_address(relation, problems)
            try:
                write(relation.data[self._charm.unit], encode_unit(address, self._charm.unit.name))
                if app_texts is not None:
                    write(relation.data[self._charm.app], app_texts)
            except ops.ModelError as error:
                problems.append(locate_in(describe_denial(error), relation))
        self._publishing_problems = problems
        self._problem_log.log(judge_jobs(jobs) + problems)

    def _is_leader(self, problems: List[Problem]) -> bool:
        """Return whether this unit may write the application's databag."""
        try:
            return self._charm.unit.is_leader()
        except ops.ModelError as error:
            problems.append(describe_denial(error, SCRAPE_JOBS_KEY))
            return False

    def _find_address(self, relation: ops.Relation, problems: List[Problem]) -> str:
        """Return this unit's address for a relation; empty if there is none."""
        source = self._unit_address
        try:
            if isinstance(source, AddressSource):
                network = self.model.get_binding(relation).network
                is_ingress = source is AddressSource.INGRESS
                found: object = network.ingress_address if is_ingress else network.bind_address
            else:
                found = source if isinstance(source, str) else source(relation)
        except ops.ModelError as error:
            problems.append(locate_in(describe_denial(error), relation))
            return ""
        # ops returns Juju's own addresses as objects of `ipaddress`.
        address = None if found is None else parse_host(str(found))
        if address is None:
            problem = Problem("error", UNIT_ADDRESS_KEY, ADDRESS_RULE)
            problems.append(locate_in(problem, relation))
        return address or ""


def read_jobs(jobs: Optional[JobSource]) -> Callable[[], Sequence[OwnJob]]:
    """Return a function that returns the jobs to publish, and calls a charm's own function."""
    if callable(jobs) and not hasattr(jobs, "__iter__"):
        return lambda: list_jobs(jobs())
    listed = list_jobs(jobs)
    return lambda: listed


def write(databag: ops.RelationDataContent, texts: Mapping[str, str]) -> None:
    """Write what has changed, at once: ops before 2.20 also writes what has not."""
    changed = {key: text for key, text in texts.items() if databag.get(key) != text}
    if changed:
        databag.update(changed)


# The Parca side: what to scrape, from the databags of all relations.

ADDRESS_KEYS = {
    AddressSource.PUBLISHED: UNIT_ADDRESS_KEY,
    AddressSource.INGRESS: INGRESS_ADDRESS_KEY,
}


class TargetsChangedEvent(ops.EventBase):
    """What Parca should scrape may have changed in the relation with the id `relation_id`."""

    def __init__(self, handle: ops.Handle, relation_id: int) -> None:
        super().__init__(handle)
        self.relation_id: int = relation_id

    def snapshot(self) -> Dict[str, int]:
        """Return what the event needs to survive a deferral."""
        return {"relation_id": self.relation_id}

    def restore(self, snapshot: Mapping[str, int]) -> None:
        """Restore the event from what `snapshot` returned."""
        self.relation_id = snapshot["relation_id"]


class MonitoringEvents(ops.ObjectEvents):
    """The events of `ProfilingEndpointConsumer`."""

    targets_changed: ops.EventSource = ops.EventSource(TargetsChangedEvent)


class ProfilingEndpointConsumer(ops.Object):
    """Collects the scrape configs for a Parca charm.

    Observe `on.targets_changed` and write what `jobs()` returns into Parca's configuration, or
    call `jobs()` in every hook.
    """

    on: MonitoringEvents = MonitoringEvents()

    def __init__(
        self,
        charm: ops.CharmBase,
        relation_name: str = DEFAULT_RELATION_NAME,
        *,
        unit_address: AddressSource = AddressSource.PUBLISHED,
    ) -> None:
        """Observe the relations of an endpoint.

        Args:
            charm: the Parca charm.
            relation_name: the endpoint, under `requires` in the charm's metadata.
            unit_address: `PUBLISHED`, or `INGRESS` for Juju's own address of each unit, for Parca
                in another model, where a published host name may not resolve.

        Raises:
            RelationNotFoundError: the charm's metadata has no relation of this name.
            RelationInterfaceMismatchError: the relation has another interface.
            RelationRoleMismatchError: the relation is under `provides`.
            ValueError: `unit_address` is neither of the two.
        """
        check_endpoint(charm, relation_name, ops.RelationRole.requires)
        if unit_address not in ADDRESS_KEYS:
            raise ValueError("unit_address: must be AddressSource.PUBLISHED or INGRESS")
        super().__init__(charm, relation_name)
        self._relation_name = relation_name
        self._address_key = ADDRESS_KEYS[unit_address]
        self._lister = RelationLister(self.model, relation_name)
        self._problem_log = ProblemLog()
        events = charm.on[relation_name]
        for event in (events.relation_changed, events.relation_departed, events.relation_broken):
            self.framework.observe(event, self.on_profiling_provider_relation_changed)

    def on_profiling_provider_relation_changed(self, event: ops.RelationEvent) -> None:
        """Emit `targets_changed` for the relation of `event`."""
        self.on.targets_changed.emit(relation_id=event.relation.id)

    def jobs(self) -> List[Any]:
        """Return the scrape configs of all relations, each a new dict of type `ScrapeConfig`.

        Parca loads and scrapes all of them, whatever is in the databags. Problems are logged, each
        once per hook.
        """
        scrape_configs, problems = self._render()
        self._problem_log.log(problems)
        return scrape_configs

    def problems(self) -> List[Problem]:
        """Return everything that is wrong in the current databags."""
        return self._render()[1]

    def _render(self) -> Tuple[List[ScrapeConfig], List[Problem]]:
        relations, denials = self._lister.list_relations()
        scrape_configs, problems = render(map(self._read, filter(has_application, relations)))
        return scrape_configs, denials + problems

    def _read(self, relation: ops.Relation) -> RelationDatabags:
        """Return what the databags of a relation hold, as far as Juju lets this unit read them."""
        try:
            app_texts = read_app(relation.data[relation.app])
        except ops.ModelError as error:
            problem = describe_denial(error)
            return RelationDatabags(relation.id, relation.app.name, AppDatabag(), {}, [problem])
        units, problems = self._read_units(relation)
        return RelationDatabags.decode(relation.id, relation.app.name, app_texts, units, problems)

    def _read_units(self, relation: ops.Relation) -> Tuple[Dict[str, UnitDatabag], List[Problem]]:
        """Return the units of a relation, by the name in Juju; a denied one has no address."""
        departing = ""
        if find_running_hook(self._relation_name, "departed") == relation.id:
            departing = os.environ.get("JUJU_DEPARTING_UNIT", "")
        units: Dict[str, UnitDatabag] = {}
        problems: List[Problem] = []
        for unit in relation.units:
            name = unit.name
            # ops 2.23.0 and 3.0.0 list units of the application that are in another relation.
            if name == departing or unit not in relation.data:
                continue
            try:
                units[name], found = UnitDatabag.decode(relation.data[unit], self._address_key)
            except ops.ModelError as error:
                units[name], found = UnitDatabag(), [describe_denial(error)]
            if found:
                problems += [dataclasses.replace(problem, unit=name) for problem in found]
        return units, problems
