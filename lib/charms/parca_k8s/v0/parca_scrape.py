"""Profiling with Parca: the `parca_scrape` relation, for both of its sides.

A charm whose workload serves pprof tells a Parca charm what to scrape; the Parca charm turns what
all such charms tell it into scrape configs that Parca loads. This file needs `ops` and nothing
else.

## A charm that is profiled

In `charmcraft.yaml`:

    provides:
      profiling-endpoint:
        interface: parca_scrape

In the charm, for a workload that serves `/debug/pprof` on port 8080 of every unit:

    from charms.parca_k8s.v0.parca_scrape import ProfilingEndpointProvider

    class MyCharm(ops.CharmBase):
        def __init__(self, framework: ops.Framework):
            super().__init__(framework)
            self.profiling = ProfilingEndpointProvider(
                self, jobs=[{"static_configs": [{"targets": ["*:8080"]}]}]
            )

That is all: the address of each unit and the jobs are published by themselves. `*` stands for each
unit. A target with a host of its own, `10.1.2.3:7000`, is scraped as it is, and its profiles bear
no unit's name. Without `jobs` port 80 of each unit is scraped; `jobs=[]` means nothing.

A job is a mapping in the form of Parca's scrape configs, of which `job_name`, `static_configs`,
`scrape_interval`, `scrape_timeout`, `scheme`, `profiling_config` and `tls_config` are published.
Give each of several jobs a `job_name` of its own, and let it never change: it is in the name of
the profiles' series. What Parca would not load is left out by the Parca charm; `problems()` tells
beforehand what that would be, and it is logged.

A `Job` says the same in types, and raises `InvalidJobError` for what Parca would not load:

    Job([StaticConfig(["*:8080"], labels={"tier": "db"})], job_name="db", scrape_interval="1m")

`Job.from_mapping` does so with what the charm reads out of its configuration. When jobs change,
give them to `update_scrape_job_spec(jobs)`; a charm that reconciles at every event calls
`set_scrape_job_spec()`, which writes only what differs.

A unit publishes its fully qualified domain name. Where Parca cannot resolve that, for example from
another model, `unit_address=AddressSource.INGRESS` publishes Juju's ingress address instead.

## A charm that runs Parca

In `charmcraft.yaml`:

    requires:
      profiling-endpoint:
        interface: parca_scrape

In the charm:

    from charms.parca_k8s.v0.parca_scrape import ProfilingEndpointConsumer

    class ParcaCharm(ops.CharmBase):
        def __init__(self, framework: ops.Framework):
            super().__init__(framework)
            self.profiling = ProfilingEndpointConsumer(self)
            framework.observe(self.profiling.on.targets_changed, self._on_targets_changed)

        def _on_targets_changed(self, event: TargetsChangedEvent):
            write_parca_config({"scrape_configs": self.profiling.jobs()})

`jobs()` gives a new list of dicts at every call, which the caller may change; a charm that
reconciles may call it at every event. Whatever is in the databags, `jobs()` returns, and Parca
loads what it returned: the smallest bad part is left out, and `problems()` says which and why.

Every profile is labelled `juju_model`, `juju_model_uuid`, `juju_application`, `juju_charm` and,
for a target that stands for a unit, `juju_unit`.

## Reading this file

Data goes one way: the texts of the databags (`AppDatabag`, `UnitDatabag`), dataclasses (`Job`,
`Topology`, `HostMap`), scrape configs (`render`). The two classes that use ops come last.
"""

from __future__ import annotations

import binascii
import collections.abc
import contextlib
import copy
import dataclasses
import enum
import ipaddress
import json
import logging
import math
import os
import socket
import unicodedata
from collections import Counter
from dataclasses import field
from functools import lru_cache
from itertools import islice
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
    NoReturn,
    Optional,
    Sequence,
    Set,
    Tuple,
    Type,
    TypedDict,
    TypeVar,
    Union,
    cast,
)

import ops

# Licensed under the Apache License, Version 2.0: see http://www.apache.org/licenses/LICENSE-2.0
# parca-scrape 0.1.0 sha256:18d2987c9b1aa62b4cae621661855c2ba40ae503f6c524c7eafceeaaacdaa3e8
# The digest is of all other lines. Made from the package: `parca-scrape vendor` writes a new one.

# The version of the package
VERSION = "0.1.0"

# The unique identifier of this library on Charmhub
LIBID = "dbc3d2e89cb24917b99c40e14354dd25"

# The major version of its API, raised by breaking changes
LIBAPI = 0

# The version within LIBAPI, raised by any change of this file
LIBPATCH = 7

__all__ = [
    "ALLOWED_KEYS",
    "DEFAULT_JOB",
    "DEFAULT_RELATION_NAME",
    "LIBAPI",
    "LIBID",
    "LIBPATCH",
    "RELATION_INTERFACE_NAME",
    "VERSION",
    "AddressSource",
    "AppDatabag",
    "DatabagError",
    "HostMap",
    "InvalidJobError",
    "Job",
    "MonitoringEvents",
    "PprofProfile",
    "Problem",
    "ProfilingConfig",
    "ProfilingEndpointConsumer",
    "ProfilingEndpointProvider",
    "ProviderTopology",
    "RelationInterfaceMismatchError",
    "RelationNotFoundError",
    "RelationRoleMismatchError",
    "ScrapeConfig",
    "StaticConfig",
    "TLSConfig",
    "Target",
    "TargetsChangedEvent",
    "Topology",
    "UnitDatabag",
]


# What Parca accepts in a scrape configuration, one rule a function.
#
# The rules hold for Parca from v0.23 on. Each names the file of its source, in the repositories
# `parca-dev/parca`, `prometheus/common` or in Go's standard library.

# Parca: pkg/config/config.go, DefaultScrapeConfig.
DEFAULT_INTERVAL_MS = 10_000
STANDARD_PROFILES = frozenset({"memory", "block", "goroutine", "mutex", "process_cpu"})
CPU_PROFILE = "process_cpu"
# Parca: pkg/config/config.go, UnmarshalYAML of ScrapeConfig.
DEFAULT_TIMEOUT_MARGIN_MS = 3_000
MIN_CPU_TIMEOUT_MS = 2_000
# prometheus/common: model/time.go. A Go duration holds at most 2^63-1 nanoseconds.
MAX_DURATION_MS = (2**63 - 1) // 1_000_000
MAX_INTERVAL_MS = MAX_DURATION_MS - DEFAULT_TIMEOUT_MARGIN_MS
# Units stand from the largest to the smallest, each at most once.
DURATION_UNITS = {
    "y": (1, 365 * 86_400_000),
    "w": (2, 7 * 86_400_000),
    "d": (3, 86_400_000),
    "h": (4, 3_600_000),
    "m": (5, 60_000),
    "s": (6, 1_000),
    "ms": (7, 1),
}
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
CERTIFICATE = "CERTIFICATE"
PRIVATE_KEY = "PRIVATE KEY"
PEM_DASHES = "-----"
PEM_BEGIN = "-----BEGIN "
PEM_END = "-----END "
DER_SEQUENCE = 0x30
DER_LONG_LENGTH = 0x80


def parse_duration(text: str) -> Optional[int]:
    """Read a duration such as `1h30m`, in milliseconds; None if Parca would not load it.

    Source: prometheus/common `model/time.go`, `ParseDuration`.
    """
    if text == "0":
        return 0
    if not text.isascii():
        return None
    total, position, rest = 0, 0, text
    while rest:
        tail = rest.lstrip("0123456789")
        digits = rest[: len(rest) - len(tail)].lstrip("0")
        unit = "ms" if tail.startswith("ms") else tail[:1]
        next_position, factor = DURATION_UNITS.get(unit, (0, 0))
        if tail == rest or next_position <= position or len(digits) > len(str(MAX_DURATION_MS)):
            return None
        total += int(digits or "0") * factor
        position, rest = next_position, tail[len(unit) :]
    return total if text and total <= MAX_DURATION_MS else None


def parse_scheme(text: str) -> Optional[str]:
    """Give `http` or `https` in lower case; None for what Parca cannot scrape over.

    Parca takes any text (`pkg/config/config.go`), but in other than lower case it drops targets
    without a port (`pkg/scrape/target.go`), and Go's client speaks no other scheme.
    """
    scheme = text.lower()
    return scheme if scheme in SCHEMES else None


def parse_boolean(value: object) -> Optional[bool]:
    """Give a boolean or the YAML 1.1 word for one as a boolean; None for anything else."""
    if isinstance(value, bool):
        return value
    return YAML_WORDS.get(value) if isinstance(value, str) else None


def parse_seconds(value: object) -> Optional[int]:
    """Give a whole number from 0 to 2^63-1 (`1.0` is one); None for anything else."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_SECONDS:
        return value
    return None


def parse_text(value: object) -> Optional[str]:
    """Give text, or the text in which Parca reads a number or boolean; None for anything else.

    The text may still hold lone surrogates: see `is_utf8`.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, (bool, int, float)):
        try:
            return json.dumps(value)
        except ValueError:  # Python writes no number of more than 4300 digits
            return None
    return None


def is_utf8(text: str) -> bool:
    r"""Tell whether UTF-8 can hold `text`: JSON can smuggle in lone surrogates (`\ud800`)."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def replace_surrogates(text: str) -> str:
    """Put U+FFFD in the place of lone surrogates, which make a YAML file unreadable."""
    return "".join(
        "\ufffd" if "\ud800" <= character <= "\udfff" else character for character in text
    )


def is_ca(text: str) -> bool:
    """Tell whether Go finds a certificate in `text` to trust: any of its PEM blocks will do.

    Source: Go `crypto/x509`, `AppendCertsFromPEM`.
    """
    return any(is_der_sequence(der) for label, der in decode_pem(text) if label == CERTIFICATE)


def is_certificate(text: str) -> bool:
    """Tell whether Go finds a client certificate in `text`: the first PEM block of one counts.

    Source: Go `crypto/tls`, `X509KeyPair`.
    """
    blocks = (der for label, der in decode_pem(text) if label == CERTIFICATE)
    return is_der_sequence(next(blocks, b""))


def is_private_key(text: str) -> bool:
    """Tell whether Go finds a private key in `text`: the first PEM block of one counts.

    Source: Go `crypto/tls`, `X509KeyPair`. That key and certificate match is not checked.
    """
    blocks = (der for label, der in decode_pem(text) if f" {label}".endswith(f" {PRIVATE_KEY}"))
    return is_der_sequence(next(blocks, b""))


def decode_pem(text: str) -> Iterator[Tuple[str, bytes]]:
    """Give label and body of the PEM blocks in `text`, in time linear in its length.

    Source: Go `encoding/pem`, `Decode`. Blocks with headers are passed over.
    """
    begun: Optional[str] = None
    body: List[str] = []
    for line in text.replace("\r\n", "\n").split("\n"):
        line = line.rstrip(" \t")
        if line.startswith(PEM_BEGIN) and line.endswith(PEM_DASHES):
            begun, body = line[len(PEM_BEGIN) : -len(PEM_DASHES)], []
        elif begun is not None and line.startswith(PEM_END):
            der = decode_base64("".join(body))
            if der is not None and line == f"{PEM_END}{begun}{PEM_DASHES}":
                yield begun, der
            begun = None
        elif begun is not None:
            body.append(line)


def decode_base64(text: str) -> Optional[bytes]:
    """Decode padded base64 with blanks in it; None if it is none."""
    text = text.replace(" ", "").replace("\t", "").replace("\r", "")
    digits = text.rstrip("=").replace("+", "a").replace("/", "a")
    if len(text) % 4 or len(text) - len(digits) > 2 or not (digits.isalnum() and digits.isascii()):
        return None
    return binascii.a2b_base64(text)


def is_der_sequence(der: bytes) -> bool:
    """Tell whether `der` is exactly one DER SEQUENCE, by its tag and length."""
    if len(der) < 2 or der[0] != DER_SEQUENCE:
        return False
    if der[1] < DER_LONG_LENGTH:
        return len(der) == 2 + der[1]
    start = 2 + der[1] - DER_LONG_LENGTH
    return len(der) > start and len(der) == start + int.from_bytes(der[2:start], "big")


# Frozen dataclasses that cost little to define.
#
# Every hook of every charm defines its classes anew, and `dataclasses` compiles up to six methods
# for each. Here they share those that need not differ.

T = TypeVar("T")

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass

    from _typeshed import DataclassInstance
else:

    def dataclass(*, frozen: bool, init: bool = True) -> Callable[[Type[T]], Type[T]]:
        """Make a frozen dataclass, as `dataclasses.dataclass` does.

        Args:
            frozen: true; it is here for type checkers.
            init: whether to make an `__init__`; a class with one of its own fills its `__dict__`.
        """

        def decorate(cls: Type[T]) -> Type[T]:
            cls = dataclasses.dataclass(init=init, frozen=init, repr=False, eq=False)(cls)
            cls.__eq__ = is_equal
            cls.__hash__ = hash_fields
            cls.__repr__ = show_fields
            cls.__setattr__ = refuse_change
            cls.__delattr__ = refuse_change
            return cls

        return decorate


def compared_fields(instance: DataclassInstance) -> Tuple[object, ...]:
    """Give the values that make two instances equal."""
    fields = dataclasses.fields(instance)
    return tuple(getattr(instance, field.name) for field in fields if field.compare)


def is_equal(instance: DataclassInstance, other: object) -> object:
    """Compare an instance with another of the same class."""
    if not isinstance(other, instance.__class__):
        return NotImplemented
    return compared_fields(instance) == compared_fields(other)


def hash_fields(instance: DataclassInstance) -> int:
    """Hash what makes two instances equal."""
    return hash(compared_fields(instance))


def show_fields(instance: DataclassInstance) -> str:
    """Write an instance as the call that makes it, without the fields that stay out of it."""
    fields = [field for field in dataclasses.fields(instance) if field.repr]
    values = ", ".join(f"{field.name}={getattr(instance, field.name)!r}" for field in fields)
    return f"{instance.__class__.__qualname__}({values})"


def refuse_change(_: object, name: str, *__: object) -> NoReturn:
    """Keep an instance as it was made.

    Raises:
        dataclasses.FrozenInstanceError: always.
    """
    raise dataclasses.FrozenInstanceError(f"cannot change field {name!r}")


# What can be wrong with profiling data, told in one line a person can act on.

MAX_NAME_LENGTH = 40


@dataclass(frozen=True)
class Problem:
    """Something wrong in what one application or unit says.

    The core fills in `severity`, `path` and `message`; who reads the databags adds the relation,
    the application and the unit. A message never holds a value out of a databag, because any value
    may be a secret.
    """

    severity: Literal["error", "warning"]
    """`error`: something is not served. `warning`: it is served, but hardly as it was meant."""
    path: str
    """Where in the data, for example `scrape_jobs[2].static_configs[0].targets[1]`."""
    message: str
    """What is wrong and what to do about it."""
    relation_id: Optional[int] = None
    application: str = ""
    unit: str = ""

    def __str__(self) -> str:
        """Give the problem as one line: severity, origin, path and message."""
        origin = [f"relation {self.relation_id}"] if self.relation_id is not None else []
        origin += [name for name in (self.unit or self.application,) if name]
        return ": ".join(
            [self.severity, *filter(None, [" ".join(origin), self.path]), self.message]
        )


def locate(problem: Problem, relation_id: int, application: str) -> Problem:
    """Give the problem with the relation and the remote application that it is of."""
    return dataclasses.replace(problem, relation_id=relation_id, application=application)


class InvalidJobError(ValueError):
    """A charm's own scrape job that Parca would not load or could not use.

    Attributes:
        path: where in the job, for example `static_configs[0].targets[1]`.
        rule: the rule that it breaks.
    """

    def __init__(self, path: str, rule: str) -> None:
        super().__init__(path, rule)
        # Paths grow as `parent.child`, and the parent of a charm's own job has none.
        self.path: str = path.lstrip(".")
        self.rule = rule

    def __str__(self) -> str:
        """Give path and rule in one line."""
        return f"{self.path}: {self.rule}" if self.path else self.rule


class DatabagError(ValueError):
    """A databag that is not wholly right, read in strict form.

    Attributes:
        problems: all that is wrong with it.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(problems)
        self.problems: Tuple[Problem, ...] = tuple(problems)

    def __str__(self) -> str:
        """Give one line a problem."""
        return "\n".join(map(str, self.problems))


class Findings:
    """Collects the problems met on one way through some data."""

    def __init__(self) -> None:
        self.problems: List[Problem] = []

    def error(self, path: str, message: str) -> None:
        """Note that the part at `path` is not served."""
        self.problems.append(Problem("error", path, message))

    def warning(self, path: str, message: str) -> None:
        """Note that the part at `path` is served, but hardly as it was meant."""
        self.problems.append(Problem("warning", path, message))

    def raise_first(self) -> None:
        """Raise the first problem, if there is one.

        Raises:
            InvalidJobError: with the path and the message of the first problem.
        """
        for problem in self.problems:
            raise InvalidJobError(problem.path, problem.message) from None


def join_path(path: str, key: str) -> str:
    """Give the path of `key` in the object at `path`.

    A key that is no plain word is quoted, escaped and cut to 40 characters, so that a path is
    always one short line of ASCII.
    """
    if key.isidentifier() and key.isascii() and len(key) <= MAX_NAME_LENGTH:
        return f"{path}.{key}"
    cut = key[:MAX_NAME_LENGTH] + "..." if len(key) > MAX_NAME_LENGTH else key
    return f"{path}[{json.dumps(cut)}]"


# Where in Juju profiles come from, and the labels that tell it in Parca.

TOPOLOGY_KEYS = ("model", "model_uuid", "application", "unit", "charm_name")
SHORT_UUID_LENGTH = 8
UUID_GROUP_LENGTHS = [8, 4, 4, 4, 12]


@dataclass(frozen=True)
class Topology:
    """The place of a charm in Juju.

    Nothing is checked, the model UUID included: Juju 4 gives UUIDs of version 7.
    """

    model: str
    model_uuid: str
    application: str
    unit: Optional[str] = None
    charm_name: Optional[str] = None

    @classmethod
    def from_charm(cls, charm: ops.CharmBase) -> Topology:
        """Read the topology of the unit that runs `charm`."""
        return cls(
            model=charm.model.name,
            model_uuid=charm.model.uuid,
            application=charm.model.app.name,
            unit=charm.model.unit.name,
            charm_name=charm.meta.name,
        )

    @classmethod
    def from_dict(cls, data: Mapping[str, str]) -> Topology:
        """Make a topology of the keys that `as_dict` gives; `unit` and `charm_name` may miss.

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
        """Give the topology as a dict, always in the same order.

        Args:
            remapped_keys: other names for some of the keys.
            included_keys: the only keys to give, by their own names; none or empty means all.
            excluded_keys: keys to leave out, by their own names.
        """
        values: Dict[str, Optional[str]] = {}
        for key in TOPOLOGY_KEYS:
            if included_keys and key not in included_keys:
                continue
            if excluded_keys and key in excluded_keys:
                continue
            values[(remapped_keys or {}).get(key) or key] = getattr(self, key)
        return values

    @property
    def model_uuid_short(self) -> str:
        """The first eight characters of the model UUID."""
        return self.model_uuid[:SHORT_UUID_LENGTH]

    @property
    def identifier(self) -> str:
        """A short name: model, short model UUID and application, as far as they are known."""
        parts = (self.model, self.model_uuid_short, self.application)
        return "_".join(filter(None, parts)).replace("/", "_")

    @property
    def scrape_identifier(self) -> str:
        """The identifier as the name of a scrape configuration."""
        return f"juju_{self.identifier}_parca_scrape"

    @property
    def label_matcher_dict(self) -> Dict[str, str]:
        """The labels of every profile of the application; empty ones are left out."""
        labels = {
            "juju_model": self.model,
            "juju_model_uuid": self.model_uuid,
            "juju_application": self.application,
            "juju_charm": self.charm_name,
        }
        return {name: value for name, value in labels.items() if value}

    @property
    def label_matchers(self) -> str:
        """The labels as a query writes them, `name="value"` each."""
        return ", ".join(f'{name}="{value}"' for name, value in self.label_matcher_dict.items())


ProviderTopology = Topology


def is_uuid(text: str) -> bool:
    """Tell whether `text` is a UUID of any version, in the form that Juju writes."""
    if list(map(len, text.split("-"))) != UUID_GROUP_LENGTHS:
        return False
    return not text.strip("-0123456789abcdefABCDEF")


# Getters for the fields of objects out of JSON, which may hold anything.

Built = TypeVar("Built")
Pairs = Tuple[Tuple[str, str], ...]
OBJECT_RULE = "must be an object"
LIST_RULE = "must be a list"
TEXT_RULE = "must be text, a number or a boolean"
UTF8_RULE = "holds half of a surrogate pair, which UTF-8 cannot: write the whole character"


def build(cls: Type[Built], **values: object) -> Built:
    """Make an instance of a frozen dataclass out of values that are checked already."""
    instance = cls.__new__(cls)
    instance.__dict__.update(values)
    return instance


def as_object(raw: object) -> Optional[Mapping[object, object]]:
    """Give an object as a mapping; None for anything else."""
    is_mapping = isinstance(raw, (dict, collections.abc.Mapping))  # dict first: it is faster
    return cast("Mapping[object, object]", raw) if is_mapping else None


def as_list(raw: object) -> Optional[List[object]]:
    """Give a list or tuple as a list; None for anything else."""
    return list(cast("List[object]", raw)) if isinstance(raw, (list, tuple)) else None


def get_object(raw: object, path: str, findings: Findings) -> Mapping[object, object]:
    """Give an object as a mapping; an empty one for empty text, or if it is none."""
    mapping = as_object({} if raw == "" else raw)
    if mapping is None:
        findings.error(path, OBJECT_RULE)
        return {}
    return mapping


def get_fields(
    mapping: Mapping[object, object], known: Collection[str], path: str, findings: Findings
) -> Dict[str, object]:
    """Give the fields of an object that have a known name and a value.

    A null is the same as no field.
    """
    fields: Dict[str, object] = {}
    for key, value in mapping.items():
        if not isinstance(key, str) or key not in known:
            rule = f"not known here; known are {', '.join(sorted(known))}"
            findings.warning(join_path(path, str(key)), rule)
        elif value is not None:
            fields[key] = value
    return fields


def get_text(
    fields: Mapping[str, object], key: str, path: str, findings: Findings, *, lossy: bool = False
) -> str:
    """Give the text of a field, also of a number or boolean; empty if there is none.

    Args:
        fields: the object's fields.
        key: the field's name.
        path: the object's path.
        findings: collects what is wrong.
        lossy: put U+FFFD in the place of lone surrogates, rather than leave the field out.
    """
    text = parse_text(fields.get(key, ""))
    if text is None:
        findings.error(f"{path}.{key}", TEXT_RULE)
        return ""
    if text.isascii() or is_utf8(text):
        return text
    if lossy:
        findings.warning(f"{path}.{key}", UTF8_RULE)
        return replace_surrogates(text)
    findings.error(f"{path}.{key}", UTF8_RULE)
    return ""


def get_boolean(
    fields: Mapping[str, object], key: str, path: str, findings: Findings
) -> Optional[bool]:
    """Give the boolean of a field, also of a YAML 1.1 word; None if there is none."""
    value = fields.get(key, "")
    boolean = parse_boolean(value)
    if boolean is None and value != "":
        findings.error(f"{path}.{key}", "must be true or false")
    return boolean


# Scrape targets and the addresses of units: what a host and a port may look like.
#
# The rules come from what Parca does with a target: `pkg/scrape/target.go` puts it into a URL, and
# Go's `net/url` and `net` packages must make a request of it.

WILDCARD = "*"
MAX_PORT = 65535
# Go's net/url refuses these in a host, reads them as the start of a path, a query, a fragment or
# credentials, or escapes them; `:` and brackets belong to ports and IPv6.
BAD_HOST_CHARACTERS = frozenset("/\\?#@%^`{|}:[]")
ADDRESS_RULE = "must be a host name or an IP address, without scheme, port, path or spaces"
TARGET_RULE = (
    "must be host:port, *:port, or either without a port: no scheme, path or space, an IPv6"
    " address in brackets, a port from 1 to 65535"
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


@dataclass(frozen=True, init=False)
class Target:
    """A host or the wildcard `*`, which stands for each unit, and a port or none.

    Without a port Parca scrapes port 80, or 443 over https.
    """

    host: str
    """An IPv6 address stands in brackets."""
    port: Optional[int]
    text: str = field(init=False, repr=False, compare=False)
    """The target as it is served: the digits of the port stay as the author wrote them."""

    def __init__(self, host: str, port: Optional[int] = None) -> None:
        """Check and take host and port.

        Raises:
            InvalidJobError: they make no target that Parca could scrape.
        """
        checked = check_host(host)
        is_port = port is None or (type(port) is int and 0 < port <= MAX_PORT)
        if checked is None or not is_port:
            raise InvalidJobError("", TARGET_RULE)
        text = checked if port is None else f"{checked}:{port}"
        self.__dict__.update(host=checked, port=port, text=text)

    @classmethod
    def parse(cls, text: str) -> Target:
        """Read a target as scrape jobs name it: `host`, `host:port`, `*` or `*:port`.

        White space around host and port is ignored, and an IPv6 address without brackets is taken
        for one without a port.

        Raises:
            InvalidJobError: it is no target that Parca could scrape.
        """
        text = text.strip()
        host, colon, digits = text.rpartition(":")
        if not colon or text.endswith("]") or is_ipv6(text):
            return cls(text)
        host, digits = host.strip(), digits.strip()
        port = parse_port(digits)
        if port is None or is_ipv6(host):
            raise InvalidJobError("", TARGET_RULE)
        target = cls(host, port)
        target.__dict__["text"] = f"{target.host}:{digits}"
        return target

    @property
    def is_wildcard(self) -> bool:
        """Whether the target stands for each unit of the application."""
        return self.host == WILDCARD

    @property
    def suffix(self) -> str:
        """What follows the host: a colon and the port, or nothing."""
        return self.text[len(self.host) :]

    def __str__(self) -> str:
        """Give the target as it is served."""
        return self.text


def check_host(host: object) -> Optional[str]:
    """Give the host of a target, or the wildcard; None for anything else, of any type."""
    if host == WILDCARD:
        return WILDCARD
    return parse_host(host) if isinstance(host, str) else None


def parse_port(digits: str) -> Optional[int]:
    """Read a port from 1 to 65535, written in ASCII digits; None if it is none."""
    if not (digits.isdigit() and digits.isascii()):
        return None
    significant = digits.lstrip("0")
    if not 0 < len(significant) <= len(str(MAX_PORT)) or int(significant) > MAX_PORT:
        return None
    return int(significant)


def parse_host(text: str) -> Optional[str]:
    """Read the host of a target or the address of a unit; None if it is none.

    White space around it is ignored; an IPv6 address is put into brackets.
    """
    # The usual host name or IPv4 address, checked at the speed of the interpreter's own loops.
    if text.isascii() and text.replace(".", "a").replace("-", "a").isalnum():
        return text
    host = text.strip()
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if is_ipv6(bare):
        return f"[{bare}]"
    if host == WILDCARD or any(map(is_bad_in_host, host)) or not any(map(is_visible, host)):
        return None
    return host


def is_bad_in_host(character: str) -> bool:
    """Tell whether Go can put no host with this character into a URL."""
    return (
        character in BAD_HOST_CHARACTERS
        or character.isspace()
        or character < " "
        or "\x7f" <= character <= "\x9f"
        or "\ud800" <= character <= "\udfff"
    )


def is_visible(character: str) -> bool:
    """Tell whether a character is a letter, number, symbol or punctuation.

    Go drops some of the others from a host (`golang.org/x/net/idna`); from one that has only
    those, nothing is left, and Parca would scrape itself.
    """
    return unicodedata.category(character)[0] in "LNPS"


def is_ipv6(text: str) -> bool:
    """Tell whether `text` is an IPv6 address without brackets and zone."""
    if text.count(":") < 2 or "%" in text:  # a mere host and port, at no cost
        return False
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return True


# What older versions wrote or read: each shim says whose it is, and when it can go.

# The address of a unit in databags of the first drafts of the interface. No released library
# wrote it alone; released consumers read it. It can go when LIBAPI 0 does.
LEGACY_ADDRESS_KEY = "parca_scrape_host"

# Charms have put PEM text where Parca reads the path of a file. Consumers up to LIBPATCH 6 of
# either library passed it on, and Parca then scraped without any TLS settings. It can go when no
# charm on Charmhub writes `ca_file` into a scrape job.
FILE_FIELDS = {
    "ca_file": ("ca", is_ca),
    "cert_file": ("cert", is_certificate),
    "key_file": ("key", is_private_key),
}
# Consumers up to LIBPATCH 6 of either library split a target at its only colon, and copy labels
# and iterate targets that may be null. The warnings can go when no such consumer is deployed.
COLON_RULE = "consumers before LIBPATCH 7 fail on IPv6, and on a target without a port"
NULL_RULE = "consumers before LIBPATCH 7 fail on null: leave the field out"


def move_pem(fields: Mapping[str, object]) -> Tuple[Dict[str, object], Dict[str, str]]:
    """Move PEM text in `ca_file`, `cert_file` and `key_file` to the fields that hold text.

    A good inline field stays as it is.

    Returns:
        The settings, and where the text of which field has gone.
    """
    settings = dict(fields)
    moved: Dict[str, str] = {}
    for name, (inline, is_good) in FILE_FIELDS.items():
        text, present = settings.get(name), settings.get(inline)
        if not isinstance(text, str) or not is_good(text):
            continue
        if isinstance(present, str) and is_good(present):
            continue
        settings[inline] = settings.pop(name)
        moved[name] = inline
    return settings, moved


def warn_of_old_consumers(raw_jobs: object, path: str, findings: Findings) -> None:
    """Warn of what consumers before LIBPATCH 7 fail on, though Parca and newer ones do not."""
    for job_index, job in enumerate(as_list(raw_jobs) or ()):
        static_configs = as_list((as_object(job) or {}).get("static_configs")) or ()
        for index, static_config in enumerate(static_configs):
            fields = as_object(static_config) or {}
            config_path = f"{path}[{job_index}].static_configs[{index}]"
            for key in ("targets", "labels"):
                if fields.get(key, key) is None:
                    findings.warning(f"{config_path}.{key}", NULL_RULE)
            for target_index, target in enumerate(as_list(fields.get("targets")) or ()):
                if isinstance(target, str) and target.count(":") != 1:
                    findings.warning(f"{config_path}.targets[{target_index}]", COLON_RULE)


# What Parca asks of its targets: the profiles, their paths and durations.
#
# Source: Parca `pkg/config/config.go`, `ProfilingConfig` and `PprofProfilingConfig`.

PROFILE_FIELDS = frozenset({"enabled", "path", "delta", "seconds", "keep_sample_type"})
SAMPLE_TYPE_FIELDS = frozenset({"type", "unit"})
PROFILING_FIELDS = frozenset({"path_prefix", "pprof_config"})


@dataclass(frozen=True, init=False)
class PprofProfile:
    """One profile that Parca asks of its targets. None and empty text stand for its default."""

    enabled: Optional[bool]
    """Parca's default: its five standard profiles are on, others are off."""
    path: str
    """Path of the profile at the target, for example `/debug/pprof/allocs`."""
    delta: Optional[bool]
    """Whether the target is asked to record for `seconds`."""
    seconds: Optional[int]
    """How many seconds the target records; zero stands for the scrape interval."""
    keep_sample_type: Optional[Tuple[Pairs, ...]]
    """The only samples to keep, each as pairs for `type` and `unit`; none or empty keeps all."""

    def __init__(
        self,
        enabled: Optional[bool] = None,
        path: str = "",
        delta: Optional[bool] = None,
        seconds: Optional[int] = None,
        keep_sample_type: Optional[Iterable[Union[Mapping[str, str], Pairs]]] = None,
    ) -> None:
        """Check and take the settings of a profile.

        Raises:
            InvalidJobError: Parca would not load them.
        """
        fields: Dict[str, object] = {"path": path}
        if enabled is not None:
            fields["enabled"] = enabled
        if delta is not None:
            fields["delta"] = delta
        if seconds is not None:
            fields["seconds"] = seconds
        if keep_sample_type is not None:
            fields["keep_sample_type"] = [dict(kept) for kept in keep_sample_type]
        findings = Findings()
        self.__dict__.update(check_profile(fields, "", findings))
        findings.raise_first()

    def as_mapping(self) -> Dict[str, object]:
        """Give what is set, in the form of Parca's configuration."""
        kept = self.keep_sample_type
        fields: Dict[str, object] = {
            "enabled": self.enabled,
            "path": self.path or None,
            "delta": self.delta,
            "seconds": self.seconds,
            "keep_sample_type": None if kept is None else [dict(pairs) for pairs in kept],
        }
        return {key: value for key, value in fields.items() if value is not None}


@dataclass(frozen=True, init=False)
class ProfilingConfig:
    """The profiles of a scrape job, and a prefix for their paths."""

    path_prefix: str
    pprof_config: Tuple[Tuple[str, PprofProfile], ...]
    """Pairs of a profile's name and its settings; what is not named keeps Parca's default."""

    def __init__(
        self,
        path_prefix: str = "",
        pprof_config: Union[Mapping[str, PprofProfile], Tuple[Tuple[str, PprofProfile], ...]] = (),
    ) -> None:
        """Check and take prefix and profiles.

        Raises:
            InvalidJobError: Parca would not load them, or would never scrape a profile.
        """
        fields = {"path_prefix": path_prefix, "pprof_config": dict(pprof_config)}
        findings = Findings()
        self.__dict__.update(check_profiling(fields, "", findings))
        findings.raise_first()

    def as_mapping(self) -> Dict[str, object]:
        """Give what is set, in the form of Parca's configuration."""
        profiles = {name: profile.as_mapping() for name, profile in self.pprof_config}
        fields: Dict[str, object] = {"path_prefix": self.path_prefix, "pprof_config": profiles}
        return {key: value for key, value in fields.items() if value}

    def cpu_profile(self) -> Optional[PprofProfile]:
        """Give the settings of the CPU profile; None for Parca's own."""
        return dict(self.pprof_config).get(CPU_PROFILE)


def decode_profiling(raw: object, path: str, findings: Findings) -> Optional[ProfilingConfig]:
    """Read a `profiling_config`; None if there is nothing in it to serve."""
    if not isinstance(raw, ProfilingConfig):
        fields = get_fields(get_object(raw, path, findings), PROFILING_FIELDS, path, findings)
        raw = build(ProfilingConfig, **check_profiling(fields, path, findings))
    return raw if raw.as_mapping() else None


def check_profiling(
    fields: Mapping[str, object], path: str, findings: Findings
) -> Dict[str, object]:
    """Give what Parca accepts of a `profiling_config`, as the fields of the dataclass."""
    pprof_path = f"{path}.pprof_config"
    profiles: List[Tuple[str, PprofProfile]] = []
    for name, raw in get_object(fields.get("pprof_config", {}), pprof_path, findings).items():
        profile_path = join_path(pprof_path, str(name))
        if not isinstance(name, str) or not is_utf8(name):
            findings.error(profile_path, f"its name {UTF8_RULE}")
        elif raw is not None or name not in STANDARD_PROFILES:
            profile = decode_profile(raw, name, profile_path, findings)
            if profile.as_mapping():
                profiles.append((name, profile))
    return {
        "path_prefix": get_text(fields, "path_prefix", path, findings, lossy=True),
        "pprof_config": tuple(profiles),
    }


def decode_profile(raw: object, name: str, path: str, findings: Findings) -> PprofProfile:
    """Read the settings of one profile; an empty one if there is nothing in it to serve.

    A null kills Parca for any profile but its standard ones (`pkg/config/config.go`: it merges
    its defaults into those alone).
    """
    if not isinstance(raw, PprofProfile):
        mapping = as_object({} if raw == "" else raw)
        if mapping is None:
            findings.error(path, OBJECT_RULE)
            return PprofProfile()
        fields = get_fields(mapping, PROFILE_FIELDS, path, findings)
        raw = build(PprofProfile, **check_profile(fields, path, findings))
    if name not in STANDARD_PROFILES and raw.enabled is not False:
        if not raw.enabled:
            findings.warning(path, "never scraped: an own profile needs enabled: true")
        elif not raw.path:
            findings.warning(path, "scraped from /: an own profile needs a path")
    return raw


def check_profile(
    fields: Mapping[str, object], path: str, findings: Findings
) -> Dict[str, object]:
    """Give what Parca accepts of the settings of a profile, as the fields of the dataclass."""
    seconds = parse_seconds(fields.get("seconds"))
    if seconds is None and fields.get("seconds", "") != "":
        rule = "must be a whole number of seconds, 0 or more"
        findings.error(f"{path}.seconds", rule)
    kept: Optional[Tuple[Pairs, ...]] = None
    if fields.get("keep_sample_type", "") != "":
        kept_path = f"{path}.keep_sample_type"
        kept = check_sample_types(fields["keep_sample_type"], kept_path, findings)
    return {
        "enabled": get_boolean(fields, "enabled", path, findings),
        "path": get_text(fields, "path", path, findings, lossy=True),
        "delta": get_boolean(fields, "delta", path, findings),
        "seconds": seconds,
        "keep_sample_type": kept,
    }


def check_sample_types(raw: object, path: str, findings: Findings) -> Optional[Tuple[Pairs, ...]]:
    """Give what Parca accepts of a `keep_sample_type`; None if it is no list, or all bad."""
    elements = as_list(raw)
    if elements is None:
        findings.error(path, LIST_RULE)
        return None
    kept: List[Pairs] = []
    for index, element in enumerate(elements):
        element_path = f"{path}[{index}]"
        element = get_object(element, element_path, findings)
        fields = get_fields(element, SAMPLE_TYPE_FIELDS, element_path, findings)
        texts = [(key, get_text(fields, key, element_path, findings)) for key in fields]
        pairs = tuple((key, text) for key, text in texts if text)
        if pairs:
            kept.append(pairs)
    return tuple(kept) if kept or not elements else None


# Static configs: the targets of a scrape job, and the labels that their profiles get.
#
# Source of the rules: Parca `pkg/scrape/target.go`.

STATIC_CONFIG_FIELDS = frozenset({"targets", "labels"})
DEFAULT_PORTS = {"": 80, "http": 80, "https": 443}
LABEL_NAME_RULE = "a label's name must be text, with something in it that UTF-8 can hold"


@dataclass(frozen=True, init=False)
class StaticConfig:
    """Targets that share labels. Without targets it stands for each unit of the application."""

    targets: Tuple[Target, ...]
    labels: Pairs
    """Pairs of a label's name and value."""

    def __init__(
        self,
        targets: Iterable[Union[str, Target]] = (),
        labels: Union[Mapping[str, str], Pairs] = (),
    ) -> None:
        """Check and take targets and labels.

        Args:
            targets: `host:port`, or `*:port` for each unit; see `Target.parse`.
            labels: what every profile of the targets is labelled with.

        Raises:
            InvalidJobError: Parca would not load them or could not scrape a target.
        """
        findings = Findings()
        named = targets if isinstance(targets, str) else list(targets)
        self.__dict__.update(
            targets=check_targets(named, "", findings),
            labels=check_labels(dict(labels), "labels", findings),
        )
        findings.raise_first()

    def as_mapping(self, scheme: str = "") -> Dict[str, object]:
        """Give the static config as it is published, with a port for every target.

        Consumers before LIBPATCH 7 fail on a target without one.

        Args:
            scheme: the job's scheme, which tells the default port.
        """
        port = DEFAULT_PORTS[dict(self.labels).get(SCHEME_LABEL, "") or scheme]
        targets = [
            target.text if target.port is not None else f"{target.host}:{port}"
            for target in self.targets or (Target(WILDCARD),)
        ]
        return {"targets": targets, **({"labels": dict(self.labels)} if self.labels else {})}


def check_static_configs(raw: object, path: str, findings: Findings) -> Tuple[StaticConfig, ...]:
    """Give what Parca accepts of the static configs of the job at `path`.

    Raises:
        InvalidJobError: they are no list, or all bad.
    """
    elements = as_list(raw)
    if elements is None:
        raise InvalidJobError(f"{path}.static_configs", LIST_RULE)
    static_configs: List[StaticConfig] = []
    for index, element in enumerate(elements):
        try:
            element_path = f"{path}.static_configs[{index}]"
            static_configs.append(decode_static_config(element, element_path, findings))
        except InvalidJobError as error:
            findings.error(error.path, f"{error.rule} (so the static config is left out)")
    if elements and not static_configs:
        raise InvalidJobError(f"{path}.static_configs", "must have one that can be served")
    return tuple(static_configs)


def decode_static_config(raw: object, path: str, findings: Findings) -> StaticConfig:
    """Read a static config, without its bad parts.

    Raises:
        InvalidJobError: it must be left out whole.
    """
    if isinstance(raw, StaticConfig):
        return raw
    mapping = as_object(raw)
    if mapping is None:
        raise InvalidJobError(path, OBJECT_RULE)
    fields = get_fields(mapping, STATIC_CONFIG_FIELDS, path, findings)
    named = fields.get("targets", ())
    targets = check_targets(named, path, findings)
    if named and not targets:
        raise InvalidJobError(path, "must have a target that can be scraped")
    labels: Pairs = ()
    if "labels" in fields:
        labels = check_labels(fields["labels"], f"{path}.labels", findings)
    return build(StaticConfig, targets=targets, labels=labels)


def check_targets(raw: object, path: str, findings: Findings) -> Tuple[Target, ...]:
    """Give the targets that Parca could scrape, of the static config at `path`.

    Raises:
        InvalidJobError: they are no list.
    """
    elements = as_list(raw)
    if elements is None:
        raise InvalidJobError(f"{path}.targets", LIST_RULE)
    targets: List[Target] = []
    for index, element in enumerate(elements):
        if isinstance(element, Target):
            targets.append(element)
        elif isinstance(element, str):
            try:
                targets.append(Target.parse(element))
            except InvalidJobError as error:
                findings.error(f"{path}.targets[{index}]", error.rule)
        else:
            findings.error(f"{path}.targets[{index}]", "must be text")
    return tuple(targets)


def check_labels(raw: object, path: str, findings: Findings) -> Pairs:
    """Give the labels that Parca can put on profiles."""
    labels: List[Tuple[str, str]] = []
    for name, value in get_object(raw, path, findings).items():
        text = parse_text(value)
        if value is None:
            continue
        if not isinstance(name, str) or not name or not is_utf8(name):
            findings.error(join_path(path, str(name)), LABEL_NAME_RULE)
        elif text is None:
            findings.error(join_path(path, name), TEXT_RULE)
        elif name == SCHEME_LABEL and text:
            scheme = parse_scheme(text)
            if scheme is None:
                findings.error(join_path(path, name), SCHEME_RULE)
            else:
                labels.append((name, scheme))
        elif not is_utf8(text):
            findings.warning(join_path(path, name), UTF8_RULE)
            labels.append((name, replace_surrogates(text)))
        else:
            labels.append((name, text))
    return tuple(labels)


# How Parca speaks TLS with its targets.
#
# Source: prometheus/common `config/http_config.go`, `TLSConfig`. What Parca cannot use there it
# does not refuse: it scrapes without any of the settings.

TLS_FIELDS = (
    "ca",
    "cert",
    "key",
    "server_name",
    "insecure_skip_verify",
    "min_version",
    "max_version",
)
PEM_FIELDS = {"ca": is_ca, "cert": is_certificate, "key": is_private_key}
# Each names a file or a secret of the host that Parca runs on.
HOST_FIELDS = (*FILE_FIELDS, "ca_ref", "cert_ref", "key_ref")
HOST_FILE_RULE = "names a file or secret of the Parca host; write the PEM text itself to"


@dataclass(frozen=True, init=False)
class TLSConfig:
    """The TLS settings of a scrape job. None and empty text stand for Parca's default."""

    ca: str
    """PEM text of the certificates to trust."""
    cert: str
    """PEM text of the certificate that Parca shows; goes with `key`."""
    key: str = field(repr=False)
    """PEM text of the key of `cert`. A secret: anyone who reads the databag has it."""
    server_name: str
    """The name to expect in the target's certificate."""
    insecure_skip_verify: Optional[bool]
    min_version: str
    """`TLS10`, `TLS11`, `TLS12` (Parca's default) or `TLS13`."""
    max_version: str

    def __init__(
        self,
        ca: str = "",
        cert: str = "",
        key: str = "",
        server_name: str = "",
        insecure_skip_verify: Optional[bool] = None,
        min_version: str = "",
        max_version: str = "",
    ) -> None:
        """Check and take the settings.

        Raises:
            InvalidJobError: Parca would not load them, or would scrape without them.
        """
        fields: Dict[str, object] = {
            "ca": ca,
            "cert": cert,
            "key": key,
            "server_name": server_name,
            "min_version": min_version,
            "max_version": max_version,
        }
        if insecure_skip_verify is not None:
            fields["insecure_skip_verify"] = insecure_skip_verify
        findings = Findings()
        self.__dict__.update(check_tls(fields, "", findings))
        findings.raise_first()

    def as_mapping(self) -> Dict[str, object]:
        """Give what is set, in the form of Parca's configuration."""
        fields: Dict[str, object] = {name: getattr(self, name) for name in TLS_FIELDS}
        return {name: value for name, value in fields.items() if value not in ("", None)}


def decode_tls(raw: object, path: str, findings: Findings) -> Optional[TLSConfig]:
    """Read a `tls_config`; None if there is nothing in it to serve."""
    if not isinstance(raw, TLSConfig):
        mapping = get_object(raw, path, findings)
        fields = get_fields(mapping, (*TLS_FIELDS, *HOST_FIELDS), path, findings)
        fields, moved = move_pem(fields)
        for name, inline in moved.items():
            rule = f"names a file of the Parca host, yet holds PEM text: write it to {inline}"
            findings.warning(join_path(path, name), rule)
        for name in HOST_FIELDS:
            if fields.get(name, "") != "":
                inline = name.partition("_")[0]
                findings.error(join_path(path, name), f"{HOST_FILE_RULE} {inline}")
        raw = build(TLSConfig, **check_tls(fields, path, findings))
    return raw if raw.as_mapping() else None


def check_tls(fields: Mapping[str, object], path: str, findings: Findings) -> Dict[str, object]:
    """Give what Parca accepts of a `tls_config`, as the fields of the dataclass."""
    values: Dict[str, object] = {
        "server_name": get_text(fields, "server_name", path, findings),
        "insecure_skip_verify": get_boolean(fields, "insecure_skip_verify", path, findings),
    }
    for name, is_good in PEM_FIELDS.items():
        text = get_text(fields, name, path, findings)
        if text and not is_good(text):
            rule = "no PEM block of its kind, with BEGIN and END on lines of their own"
            findings.error(join_path(path, name), rule)
            text = ""
        values[name] = text
    for name, other in (("cert", "key"), ("key", "cert")):
        if values[name] and not values[other]:
            rule = f"goes with a {other} only; Parca refuses it alone"
            findings.error(join_path(path, name), rule)
            values[name] = ""
    values.update(check_versions(fields, path, findings))
    return values


def check_versions(fields: Mapping[str, object], path: str, findings: Findings) -> Dict[str, str]:
    """Give the TLS versions that Parca accepts, none if they contradict each other."""
    versions: Dict[str, str] = {}
    for name in ("min_version", "max_version"):
        version = fields.get(name, "")
        if version in ("", *TLS_VERSIONS):
            versions[name] = str(version)
        else:
            rule = f"must be one of {', '.join(TLS_VERSIONS)}"
            findings.error(join_path(path, name), rule)
            versions[name] = ""
    lowest = versions["min_version"] or DEFAULT_MIN_TLS_VERSION
    if versions["max_version"] and versions["max_version"] < lowest:
        rule = f"below the min_version, which is {DEFAULT_MIN_TLS_VERSION} if none is set"
        findings.error(f"{path}.max_version", rule)
        return {"min_version": "", "max_version": ""}
    return versions


# Scrape jobs: what to scrape and how, as Parca will load it.
#
# Each class takes what a charm author writes and raises at once; each `decode_` function takes
# what a remote application published, and leaves out the smallest bad part. Both go through the
# same checks. Source of the rules: Parca `pkg/config/config.go`.

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
MAX_JOBS = 10_000
DURATION_RULE = "must be a duration such as 1m30s"
INTERVAL_RULE = "must be a duration such as 1m30s, above zero and below 292 years"
SHORT_INTERVAL_RULE = "under 1s the profile process_cpu gets no answer: set its seconds, or 1s"


@dataclass(frozen=True, init=False)
class Job:
    """A scrape job. Empty text and None stand for Parca's default."""

    static_configs: Tuple[StaticConfig, ...]
    job_name: str
    """Names the job within the application; two jobs of one name get numbers."""
    scrape_interval: str
    """A duration such as `1m30s`; Parca's default is 10s."""
    scrape_timeout: str
    """A duration above the interval; Parca's default is the interval and 3s."""
    scheme: str
    """`http` or `https`; Parca's default is http."""
    profiling_config: Optional[ProfilingConfig]
    tls_config: Optional[TLSConfig]

    def __init__(
        self,
        static_configs: Optional[Iterable[StaticConfig]] = None,
        job_name: str = "",
        scrape_interval: str = "",
        scrape_timeout: str = "",
        scheme: str = "",
        profiling_config: Optional[ProfilingConfig] = None,
        tls_config: Optional[TLSConfig] = None,
    ) -> None:
        """Check and take the settings of a job.

        Args:
            static_configs: what to scrape; None for port 80 of each unit, empty for nothing.
            job_name: the job's name within the application.
            scrape_interval: a duration such as `1m30s`.
            scrape_timeout: a duration above the interval.
            scheme: `http` or `https`.
            profiling_config: which profiles to ask for.
            tls_config: how to speak TLS.

        Raises:
            InvalidJobError: Parca would not load the job or could not use a part of it.
        """
        fields: Dict[str, object] = {
            "job_name": job_name,
            "scrape_interval": scrape_interval,
            "scrape_timeout": scrape_timeout,
            "scheme": scheme,
        }
        if static_configs is not None:
            fields["static_configs"] = list(static_configs)
        if profiling_config is not None:
            fields["profiling_config"] = profiling_config
        if tls_config is not None:
            fields["tls_config"] = tls_config
        findings = Findings()
        try:
            self.__dict__.update(check_job(fields, "", findings))
        finally:
            findings.raise_first()

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, object]) -> Job:
        """Make a job of a Parca scrape config, for example out of a charm's configuration.

        Raises:
            InvalidJobError: Parca would not load it, could not use a part of it, or would never
                see it.
        """
        findings = Findings()
        try:
            return decode_job(mapping, "", findings)
        finally:
            findings.raise_first()

    def settings(self) -> Dict[str, object]:
        """Give all that is set but name and static configs, in Parca's form."""
        fields: Dict[str, object] = {
            "scrape_interval": self.scrape_interval,
            "scrape_timeout": self.scrape_timeout,
            "scheme": self.scheme,
            "profiling_config": self.profiling_config and self.profiling_config.as_mapping(),
            "tls_config": self.tls_config and self.tls_config.as_mapping(),
        }
        return {key: value for key, value in fields.items() if value}

    def as_mapping(self) -> Dict[str, object]:
        """Give the job as it is published: every target has a port, and nothing is null."""
        static_configs = [config.as_mapping(self.scheme) for config in self.static_configs]
        name = {"job_name": self.job_name} if self.job_name else {}
        return {"static_configs": static_configs, **name, **self.settings()}


def take_jobs(jobs: object) -> List[Union[Job, Dict[str, object]]]:
    """Take a charm's own jobs: of mappings the known keys, in the form in which they go out.

    Args:
        jobs: an iterable of jobs and mappings; None for the default job.

    Raises:
        InvalidJobError: it is something else, or one of its items is.
    """
    unnamed: List[Mapping[str, object]] = [{}]
    jobs = unnamed if jobs is None else jobs
    if not isinstance(jobs, Iterable):
        raise InvalidJobError("jobs", "must be a list of scrape jobs")
    taken: List[Union[Job, Dict[str, object]]] = []
    for index, job in enumerate(cast("Iterable[object]", jobs)):
        mapping = as_object(job)
        if isinstance(job, Job):
            taken.append(job)
        elif mapping is not None:
            known = {str(key): value for key, value in mapping.items() if key in ALLOWED_KEYS}
            taken.append({**copy.deepcopy(DEFAULT_JOB), **known})
        else:
            raise InvalidJobError(f"jobs[{index}]", "must be a mapping or a Job")
    return taken


def decode_jobs(raw: object, path: str, findings: Findings) -> Tuple[Job, ...]:
    """Read a list of jobs; what Parca would not load or could not use is left out."""
    elements = as_list(raw)
    if elements is None:
        findings.error(path, LIST_RULE)
        return ()
    jobs: List[Job] = []
    for index, element in enumerate(elements):
        if len(jobs) == MAX_JOBS:
            findings.error(f"{path}[{index}]", f"more than {MAX_JOBS} jobs: the rest is left out")
            break
        try:
            jobs.append(decode_job(element, f"{path}[{index}]", findings))
        except InvalidJobError as error:
            findings.error(error.path, f"{error.rule} (so the job is left out)")
    return tuple(jobs)


def decode_job(raw: object, path: str, findings: Findings) -> Job:
    """Read a job, without its bad parts.

    Raises:
        InvalidJobError: the job must be left out whole.
    """
    mapping = as_object(raw)
    if mapping is None:
        raise InvalidJobError(path, OBJECT_RULE)
    if mapping.get("static_configs", ()) is None:
        raise InvalidJobError(f"{path}.static_configs", LIST_RULE)
    fields = get_fields(mapping, ALLOWED_KEYS, path, findings)
    return build(Job, **check_job(fields, path, findings))


def check_job(fields: Mapping[str, object], path: str, findings: Findings) -> Dict[str, object]:
    """Give what Parca accepts of a job, as the fields of the dataclass.

    Raises:
        InvalidJobError: nothing of the job can be served.
    """
    scheme = ""
    if fields.get("scheme", "") != "":
        known_scheme = parse_scheme(parse_text(fields["scheme"]) or "")
        if known_scheme is None:
            raise InvalidJobError(f"{path}.scheme", SCHEME_RULE)
        scheme = known_scheme
    static_configs = check_static_configs(
        fields.get("static_configs", DEFAULT_JOB["static_configs"]),
        path,
        findings,
    )
    profiling = tls = None
    if "profiling_config" in fields:
        profiling_path = f"{path}.profiling_config"
        profiling = decode_profiling(fields["profiling_config"], profiling_path, findings)
    if "tls_config" in fields:
        tls = decode_tls(fields["tls_config"], f"{path}.tls_config", findings)
    cpu_profile = profiling.cpu_profile() if profiling else None
    interval, timeout = check_timing(fields, cpu_profile, path, findings)
    return {
        "static_configs": static_configs,
        "job_name": get_text(fields, "job_name", path, findings, lossy=True),
        "scrape_interval": interval,
        "scrape_timeout": timeout,
        "scheme": scheme,
        "profiling_config": profiling,
        "tls_config": tls,
    }


def check_timing(
    fields: Mapping[str, object],
    cpu_profile: Optional[PprofProfile],
    path: str,
    findings: Findings,
) -> Tuple[str, str]:
    """Give what Parca accepts of interval and timeout.

    A timeout must be above the interval, the opposite of Prometheus; an interval of zero kills
    the server (Parca `pkg/scrape/target.go`, `offset`).
    """
    interval = get_text(fields, "scrape_interval", path, findings)
    interval_ms = parse_duration(interval) if interval else DEFAULT_INTERVAL_MS
    if interval_ms is None or not 0 < interval_ms <= MAX_INTERVAL_MS:
        findings.error(f"{path}.scrape_interval", INTERVAL_RULE)
        interval, interval_ms = "", DEFAULT_INTERVAL_MS

    is_cpu_on = cpu_profile is None or cpu_profile.enabled is not False
    timeout = get_text(fields, "scrape_timeout", path, findings)
    timeout_ms = parse_duration(timeout) if timeout else 0
    rule = ""
    if timeout_ms is None:
        rule = DURATION_RULE
    elif 0 < timeout_ms <= interval_ms:
        rule = "must be above the scrape_interval, or Parca's 10s for it"
    elif 0 < timeout_ms < MIN_CPU_TIMEOUT_MS and is_cpu_on:
        rule = "must be 2s or more while the profile process_cpu is on"
    if rule:
        findings.error(f"{path}.scrape_timeout", rule)
    if rule or not timeout_ms:
        timeout, timeout_ms = "", interval_ms + DEFAULT_TIMEOUT_MARGIN_MS

    if is_cpu_on:
        check_cpu_profile(cpu_profile, interval_ms, timeout_ms, path, findings)
    return interval, timeout


def check_cpu_profile(
    cpu_profile: Optional[PprofProfile],
    interval_ms: int,
    timeout_ms: int,
    path: str,
    findings: Findings,
) -> None:
    """Warn of a CPU profile that gets no answer in time.

    Go records for 30 seconds when it is asked for none (`net/http/pprof`, `Profile`); Parca asks
    for seconds only with `delta: true` (`pkg/scrape/target.go`, `targetsFromGroup`).
    """
    seconds = (cpu_profile and cpu_profile.seconds) or interval_ms // 1_000
    if cpu_profile is None:
        if seconds == 0:
            findings.warning(f"{path}.scrape_interval", SHORT_INTERVAL_RULE)
        return
    cpu_path = f"{path}.profiling_config.pprof_config.process_cpu"
    if not cpu_profile.delta:
        findings.warning(cpu_path, "without delta: true it records for 30s: set delta to true")
    elif seconds == 0:
        findings.warning(cpu_path, SHORT_INTERVAL_RULE)
    elif seconds * 1_000 >= timeout_ms:
        findings.warning(cpu_path, "must record for fewer seconds than the scrape_timeout")


# The relation's databags: a codec for each, which owns the names of its keys.
#
# Decoding takes any databag, gives what can be served of it and tells what is wrong. The strict
# form raises instead.

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


# The units of an application, by name, with the address at which Parca reaches each.

# More digits than any unit has: Python reads long ones slowly, or not at all.
MAX_NUMBER_LENGTH = 18
SHARED_NAME_RULE = "another unit says that it has this name: known by its name in Juju instead"
TAKEN_NAME_RULE = "another unit says that it has this unit's name: not scraped"


@dataclass(frozen=True, init=False)
class HostMap:
    """Pairs of a unit's name and its address, in the order of unit numbers."""

    hosts: Pairs

    def __init__(self, hosts: Union[Mapping[str, str], Pairs] = ()) -> None:
        """Check and order the addresses.

        Raises:
            InvalidJobError: an address is no host.
        """
        units = [(unit_name, address, "") for unit_name, address in dict(hosts).items()]
        checked, problems = HostMap.decode(units)
        for problem in problems:
            raise InvalidJobError(f"hosts[{problem.unit!r}]", problem.message)
        self.__dict__.update(checked.__dict__)

    @classmethod
    def decode(
        cls, units: Iterable[Tuple[str, str, str]], address_key: str = UNIT_ADDRESS_KEY
    ) -> Tuple[HostMap, List[Problem]]:
        """Do what `decode_hosts` does."""
        hosts, problems = decode_hosts(units, address_key)
        host_map = cls.__new__(cls)
        host_map.__dict__["hosts"] = tuple(hosts.items())
        return host_map, problems


def decode_hosts(
    units: Iterable[Tuple[str, str, str]], address_key: str
) -> Tuple[Dict[str, str], List[Problem]]:
    """Order the units of a relation, and leave out those without an address.

    Args:
        units: for each unit its name in Juju, the text of its address, and the name that it
            published; both texts may be empty.
        address_key: the key in the unit databag that the address is from.

    Returns:
        The address of each unit; and what is wrong with a unit that is not among them, or is not
        by the name that it published.
    """
    problems: List[Problem] = []
    hosts: Dict[str, str] = {}
    for unit_name, address, published_name in sorted(units, key=unit_number):
        if not address:
            continue
        host = parse_host(address)
        if host is None:
            problems.append(Problem("error", address_key, ADDRESS_RULE, unit=unit_name))
            continue
        name = published_name or unit_name
        if not (name.isascii() or is_utf8(name)):
            problems.append(Problem("warning", UNIT_NAME_KEY, UTF8_RULE, unit=unit_name))
            name = replace_surrogates(name)
        if name in hosts:
            if unit_name in hosts:
                problems.append(Problem("error", UNIT_NAME_KEY, TAKEN_NAME_RULE, unit=unit_name))
                continue
            problems.append(Problem("warning", UNIT_NAME_KEY, SHARED_NAME_RULE, unit=unit_name))
            name = unit_name
        hosts[name] = host
    return hosts, problems


def unit_number(unit: Tuple[str, str, str]) -> int:
    """Give the number in a unit's name in Juju; -1 for a name that Juju does not give."""
    number = unit[0].rpartition("/")[2]
    is_number = number.isdecimal() and len(number) <= MAX_NUMBER_LENGTH
    return int(number) if is_number else -1


# From databags to the scrape configurations that Parca loads.

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


# The endpoint of a charm: its metadata, its relations, and what Juju lets be read of them.

logger: logging.Logger = logging.getLogger(__name__)

DEFAULT_RELATION_NAME = "profiling-endpoint"
RELATION_INTERFACE_NAME = "parca_scrape"
# Every line of a charm's log is a process to ops.
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
        self,
        relation_name: str,
        expected_relation_interface: str,
        actual_relation_interface: str,
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
    """The relation of this name is on the other side in the charm's metadata."""

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
    """Check that the charm's metadata has the relation, on the right side.

    Raises:
        RelationNotFoundError: it has none of this name.
        RelationInterfaceMismatchError: it is of another interface.
        RelationRoleMismatchError: it is on the other side.
    """
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
        """Give the relations in order of their ids, and why some may be missing.

        A relation does not count in its own relation-broken hook, where ops before 2.10 lists it.
        """
        relations: List[ops.Relation] = []
        try:
            relations = self._model.relations[self._relation_name]
        except ops.ModelError as error:
            self._denials = [denial(error, self._relation_name)]
            # What ops listed before the failure it gives from now on, as if it were all.
            with contextlib.suppress(ops.ModelError):
                relations = self._model.relations[self._relation_name]
            self._listed_in_part = relations
        broken = running_hook(self._relation_name, "broken")
        listed = [relation for relation in relations if relation.id != broken]
        denials = self._denials if relations is self._listed_in_part else []
        return sorted(listed, key=lambda relation: relation.id), [*denials]


def remote_application(relation: ops.Relation) -> Optional[ops.Application]:
    """Give the other side of a relation; ops may have none, though its types do not say so."""
    return relation.app


def running_hook(relation_name: str, kind: str) -> Optional[int]:
    """Give the id of the relation whose hook of this kind Juju runs now; None for another hook.

    Source: Juju's environment of a hook, `worker/uniter/runner/context/context.go`.

    Args:
        relation_name: the endpoint.
        kind: `departed` or `broken`.
    """
    hook = os.environ.get("JUJU_DISPATCH_PATH", "").rpartition("/")[2]
    if hook.replace("-", "_") != f"{relation_name}-relation-{kind}".replace("-", "_"):
        return None
    relation_id = os.environ.get("JUJU_RELATION_ID", "").rpartition(":")[2]
    return int(relation_id) if relation_id.isdecimal() else None


def in_relation(problem: Problem, relation: ops.Relation) -> Problem:
    """Give the problem with the relation that it is in."""
    application = remote_application(relation)
    return locate(problem, relation.id, "" if application is None else application.name)


def denial(error: ops.ModelError, path: str = "", unit_name: str = "") -> Problem:
    """Give the problem of something that Juju does not let this unit read or write."""
    reason = " ".join(str(error).split()) or type(error).__name__
    return Problem("error", path, f"left out, for Juju denies it: {reason}", unit=unit_name)


class ProblemLog:
    """Logs each problem once, and at most 20 of a relation."""

    def __init__(self) -> None:
        self._logged: Dict[Optional[int], Set[Problem]] = {}

    def log(self, problems: Iterable[Problem]) -> None:
        """Log the problems that are new, and count those that are too many."""
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
            logger.warning("%s%d more problems, see problems()", origin, count)


# The side of a profiled charm: what Parca shall scrape, into the databags of all relations.

Jobs = Iterable[Union[Mapping[str, object], Job]]
UnitAddress = Union[str, AddressSource, Callable[[ops.Relation], str]]


class ProfilingEndpointProvider(ops.Object):
    """Tells Parca charms what to scrape of this charm.

    It publishes by itself at the events of the relation, and whenever `set_scrape_job_spec()` is
    called.
    """

    def __init__(
        self,
        charm: ops.CharmBase,
        relation_name: str = DEFAULT_RELATION_NAME,
        jobs: Optional[Jobs] = None,
        refresh_event: Optional[Union[ops.BoundEvent, Sequence[ops.BoundEvent]]] = None,
        *,
        unit_address: UnitAddress = AddressSource.FQDN,
    ) -> None:
        """Observe the relations of an endpoint.

        Args:
            charm: the charm that is profiled.
            relation_name: the endpoint, in the charm's metadata under `provides`.
            jobs: what to scrape, each a `Job` or a mapping in the form of Parca's scrape configs;
                None for port 80 of each unit, empty for nothing. It is read once; what is nested
                in a mapping is read when it is published.
            refresh_event: when to publish the unit's address again; by default at pebble-ready of
                every container, and where there is none at update-status.
            unit_address: the address that Parca reaches this unit at, a function that gives one
                for a relation, or where to get it from: `FQDN`, `INGRESS` or `BIND`.

        Raises:
            RelationNotFoundError: the charm's metadata has no relation of this name.
            RelationInterfaceMismatchError: it is of another interface.
            RelationRoleMismatchError: it is on the other side.
            InvalidJobError: an item of `jobs` is neither `Job` nor mapping, or `unit_address` is
                no address.
        """
        check_endpoint(charm, relation_name, ops.RelationRole.provides)
        if not is_address_source(unit_address):
            raise InvalidJobError("unit_address", ADDRESS_RULE)
        super().__init__(charm, relation_name)
        self.topology: Topology = ProviderTopology.from_charm(charm)
        self._charm = charm
        self._relation_name = relation_name
        self._jobs = take_jobs(jobs)
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
        # ops calls an observer once for each time that it observes an event.
        distinct = {
            (event.emitter.handle.path, event.event_kind): event for event in refresh_events
        }
        for event in distinct.values():
            self.framework.observe(event, self._on_unit_changed)

    def update_scrape_job_spec(self, jobs: Optional[Jobs]) -> None:
        """Take other jobs than those given to the constructor, and publish them.

        Raises:
            InvalidJobError: an item is neither `Job` nor mapping, or is no JSON.
        """
        self._jobs = take_jobs(jobs)
        self.set_scrape_job_spec()

    def set_scrape_job_spec(self) -> None:
        """Publish jobs, topology and address to all relations, as far as they have changed.

        Raises:
            InvalidJobError: this unit is the leader, and a job is no JSON.
        """
        self._publish(with_jobs=True)

    def is_ready(self, relation: Optional[ops.Relation] = None) -> bool:
        """Tell whether there are relations (or the given one), with a remote application each."""
        listed, _ = self._lister.list_relations()
        relations = listed if relation is None else [relation]
        return bool(relations) and None not in map(remote_application, relations)

    def problems(self) -> List[Problem]:
        """Tell what of the jobs consumers would not serve, and what was not published."""
        try:
            found = check_jobs(encode_app(self._jobs, None)[SCRAPE_JOBS_KEY])
        except InvalidJobError as error:
            found = [Problem("error", error.path, error.rule)]
        return found + self._publishing_problems

    def _on_both_changed(self, _: ops.EventBase) -> None:
        self._publish(with_jobs=True)

    def _on_unit_changed(self, _: ops.EventBase) -> None:
        self._publish(with_jobs=False)

    def _publish(self, *, with_jobs: bool) -> None:
        relations, problems = self._lister.list_relations()
        app_texts: Optional[Dict[str, str]] = None
        is_fqdn = self._unit_address is AddressSource.FQDN
        fqdn = bracket(socket.getfqdn()) if relations and is_fqdn else ""
        if relations and with_jobs and self._is_leader(problems):
            app_texts = encode_app(self._jobs, self.topology)
        for relation in relations:
            address = fqdn if is_fqdn else self._find_address(relation, problems)
            unit_databag = build(UnitDatabag, address=address, name=self._charm.unit.name)
            try:
                write(relation.data[self._charm.unit], unit_databag.encode())
                if app_texts is not None:
                    write(relation.data[self._charm.app], app_texts)
            except ops.ModelError as error:
                problems.append(in_relation(denial(error), relation))
        self._publishing_problems = problems
        job_problems = [] if app_texts is None else check_jobs(app_texts[SCRAPE_JOBS_KEY])
        self._problem_log.log(job_problems + problems)

    def _is_leader(self, problems: List[Problem]) -> bool:
        """Tell whether this unit may write the application's databag."""
        try:
            return self._charm.unit.is_leader()
        except ops.ModelError as error:
            problems.append(denial(error, SCRAPE_JOBS_KEY))
            return False

    def _find_address(self, relation: ops.Relation, problems: List[Problem]) -> str:
        """Give this unit's address for a relation; empty if there is none."""
        source = self._unit_address
        try:
            if isinstance(source, AddressSource):
                found: object = self._ask_juju(relation, source)
            else:
                found = source if isinstance(source, str) else source(relation)
        except ops.ModelError as error:
            problems.append(in_relation(denial(error), relation))
            return ""
        # Juju's own addresses are objects of `ipaddress` to ops.
        address = None if found is None else parse_host(str(found))
        if address is None:
            problem = Problem("error", UNIT_ADDRESS_KEY, ADDRESS_RULE)
            problems.append(in_relation(problem, relation))
        return address or ""

    def _ask_juju(self, relation: ops.Relation, source: AddressSource) -> object:
        """Give the address that Juju has for this unit in a relation; None if it has none.

        Raises:
            ops.ModelError: network-get fails.
        """
        network = self.model.get_binding(relation).network
        is_ingress = source is AddressSource.INGRESS
        return network.ingress_address if is_ingress else network.bind_address


def is_address_source(unit_address: object) -> bool:
    """Tell whether a provider can get addresses from it."""
    if isinstance(unit_address, str):
        return parse_host(unit_address) is not None
    if isinstance(unit_address, AddressSource):
        return unit_address is not AddressSource.PUBLISHED
    return callable(unit_address)


def bracket(fqdn: str) -> str:
    """Put an IPv6 address into brackets; what is no host is published as it is."""
    return parse_host(fqdn) or fqdn


def write(databag: ops.RelationDataContent, texts: Mapping[str, str]) -> None:
    """Write what has changed, at once: ops before 2.20 writes what has not, too.

    Raises:
        ops.ModelError: Juju denies it.
    """
    changed = {key: text for key, text in texts.items() if databag.get(key) != text}
    if changed:
        databag.update(changed)


# The side of Parca: what to scrape, out of the databags of all relations.

ADDRESS_KEYS = {
    AddressSource.PUBLISHED: UNIT_ADDRESS_KEY,
    AddressSource.INGRESS: INGRESS_ADDRESS_KEY,
}


class TargetsChangedEvent(ops.EventBase):
    """What Parca has to scrape may have changed.

    Attributes:
        relation_id: id of the relation in which something changed.
    """

    def __init__(self, handle: ops.Handle, relation_id: int) -> None:
        super().__init__(handle)
        self.relation_id: int = relation_id

    def snapshot(self) -> Dict[str, int]:
        """Give what the event needs to survive a deferral."""
        return {"relation_id": self.relation_id}

    def restore(self, snapshot: Mapping[str, int]) -> None:
        """Take what `snapshot` gave."""
        self.relation_id = snapshot["relation_id"]


class MonitoringEvents(ops.ObjectEvents):
    """The events of `ProfilingEndpointConsumer`."""

    targets_changed: ops.EventSource = ops.EventSource(TargetsChangedEvent)


class ProfilingEndpointConsumer(ops.Object):
    """Tells a Parca charm what to scrape.

    Observe `on.targets_changed` and write what `jobs()` returns into Parca's configuration, or
    call `jobs()` at every event.
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
            relation_name: the endpoint, in the charm's metadata under `requires`.
            unit_address: `PUBLISHED`, or `INGRESS` for Juju's own address of each unit: it is
                reached from another model where a published host name may not resolve.

        Raises:
            RelationNotFoundError: the charm's metadata has no relation of this name.
            RelationInterfaceMismatchError: it is of another interface.
            RelationRoleMismatchError: it is on the other side.
            ValueError: `unit_address` is neither of the two.
        """
        check_endpoint(charm, relation_name, ops.RelationRole.requires)
        if unit_address not in ADDRESS_KEYS:
            raise ValueError("unit_address: must be AddressSource.PUBLISHED or INGRESS here")
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
        """Give the scrape configs of all relations, each a new dict like `ScrapeConfig`.

        Parca loads and serves all of them, whatever the databags hold; what is wrong is logged.
        """
        scrape_configs, problems = self._render()
        self._problem_log.log(problems)
        return scrape_configs

    def problems(self) -> List[Problem]:
        """Tell all that is wrong in the current databags."""
        return self._render()[1]

    def _render(self) -> Tuple[List[ScrapeConfig], List[Problem]]:
        problems: List[Problem] = []
        scrape_configs, found = render(self._read(problems))
        return scrape_configs, problems + found

    def _read(self, problems: List[Problem]) -> Iterator[RelationDatabags]:
        """Give the databags of the relations that Juju lets this unit read."""
        relations, denied = self._lister.list_relations()
        problems += denied
        for relation in relations:
            application = remote_application(relation)
            if application is None:
                continue
            try:
                app_databag = read_app(relation.data[application])
                units = self._read_units(relation, problems)
                yield RelationDatabags(
                    relation.id, application.name, app_databag, units, self._address_key
                )
            except ops.ModelError as error:
                problems.append(in_relation(denial(error), relation))

    def _read_units(
        self, relation: ops.Relation, problems: List[Problem]
    ) -> List[Tuple[str, str, str]]:
        """Give name, address and published name of the units; one that Juju denies has none."""
        read = read_unit if self._address_key == UNIT_ADDRESS_KEY else read_ingress
        departing = ""
        if running_hook(self._relation_name, "departed") == relation.id:
            departing = os.environ.get("JUJU_DEPARTING_UNIT", "")
        units: List[Tuple[str, str, str]] = []
        for unit in relation.units:
            name = unit.name
            if name == departing:
                continue
            try:
                units.append(read(name, relation.data[unit]))
            except ops.ModelError as error:
                problems.append(in_relation(denial(error, unit_name=name), relation))
                units.append((name, "", ""))
        return units
