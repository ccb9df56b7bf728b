"""A model of what Juju knows of a deployment, and what `juju show-unit` prints of it.

Sources, in the repository of Juju: `cmd/juju/application/showunit.go` (which keys are printed);
for 2.9 and 3, `relationData` of `apiserver/facades/client/application/application.go`; for 4,
`ApplicationRelationsInfo` of `domain/relation/state/relation.go`.
"""

from __future__ import annotations

import dataclasses
import json
import re
from typing import Dict, List, Mapping, NamedTuple, Optional, Tuple

import yaml

Databag = Mapping[str, str]
Printed = Dict[str, object]

# What a reader of YAML would take for something else than text.
NOT_TEXT = re.compile(r"(?i:[-+]?[0-9]+([.][0-9]+)?|true|false|yes|no|on|off|null|~|)")


def nothing() -> Databag:
    """Return an empty databag."""
    return {}


class Version(NamedTuple):
    """How a version of Juju differs from 2.9 and 3.6 of today."""

    has_relation_ids: bool = True
    has_life: bool = True
    prints_own_application: bool = False
    """Whether `application-data` is what the shown unit's own application wrote."""
    prints_own_units: bool = False
    """Whether it prints the units of the shown unit's application."""
    prints_related_units: bool = True
    prints_own_peers: bool = True
    """Whether own units are all units of the application, not only the shown one."""
    names_cross_model: bool = True
    sorts_by_role: bool = False
    own_keys: Tuple[str, ...] = ("egress-subnets", "ingress-address", "private-address")
    """What Juju itself writes into the databag of a unit."""


FIXED_4 = Version(
    prints_own_application=True,
    names_cross_model=False,
    sorts_by_role=True,
    own_keys=("ingress-address",),
)
VERSIONS: Dict[str, Version] = {
    # juju/juju#13218 (2021) and juju/juju#13974 (2022) are in later versions of 2.9.
    "2.9.0": Version(has_relation_ids=False, has_life=False, prints_own_application=True),
    "2.9": Version(),
    "3.6": Version(),
    # Before juju/juju#22720. With several units of an application, the others are `related-units`.
    "4.0.5": FIXED_4._replace(
        prints_own_units=True, prints_related_units=False, sorts_by_role=False
    ),
    "4.0.16": FIXED_4,
    # Releases in between: nothing may depend on what the others leave out.
    "3-with-local-unit": Version(prints_own_units=True, prints_own_peers=False),
    "4-with-local-unit": FIXED_4._replace(prints_own_units=True, prints_own_peers=False),
    "4-without-related-units": FIXED_4._replace(
        prints_own_units=True, prints_own_peers=False, prints_related_units=False
    ),
}


@dataclasses.dataclass(frozen=True)
class Unit:
    """A unit, as it takes part in a relation.

    Attributes:
        databag: what its charm wrote; Juju adds its own keys.
        address: what Juju writes as the ingress address.
        is_in_scope: False for a unit that has departed or has not joined yet.
    """

    name: str
    address: str
    databag: Databag = dataclasses.field(default_factory=nothing)
    is_in_scope: bool = True

    def read(self, version: Version) -> Databag:
        """Return the whole databag."""
        if not self.is_in_scope:
            return {}
        own = {
            "egress-subnets": f"{self.address}/32",
            "ingress-address": self.address,
            "private-address": self.address,
        }
        whole = {**{key: own[key] for key in version.own_keys}, **self.databag}
        return dict(sorted(whole.items()))

    def print(self, version: Version) -> Printed:
        """Return what show-unit prints."""
        return {"in-scope": self.is_in_scope, "data": dict(self.read(version))}


@dataclasses.dataclass(frozen=True)
class Side:
    """An application that takes part in a relation, and the name of its endpoint."""

    application: str
    endpoint: str
    units: Tuple[Unit, ...]
    app_databag: Databag = dataclasses.field(default_factory=nothing)


@dataclasses.dataclass(frozen=True)
class Relation:
    """A relation: its provider and its requirer, or the one side of a peer relation."""

    relation_id: int
    sides: Tuple[Side, ...]
    is_cross_model: bool = False

    @property
    def is_peer(self) -> bool:
        """Whether an application is related to itself."""
        return len(self.sides) == 1

    def own_side(self, application: str) -> Side:
        """Return the side of an application."""
        return next(side for side in self.sides if side.application == application)

    def other_side(self, application: str) -> Side:
        """Return the side that an application is related to."""
        return self.sides[-1] if self.sides[0].application == application else self.sides[0]

    def role_number(self, application: str) -> int:
        """Return the number by which Juju 4 sorts."""
        return 2 if self.is_peer else self.sides.index(self.own_side(application))


@dataclasses.dataclass(frozen=True)
class Application:
    """An application; its first unit is the leader."""

    name: str
    charm: str
    addresses: Tuple[str, ...]
    """Of its units, whose numbers are 0 and up."""
    workload_version: str = ""
    machines: Tuple[str, ...] = ()
    """Those of its units; on Kubernetes there are none."""
    opened_ports: Tuple[str, ...] = ()

    @property
    def unit_names(self) -> List[str]:
        """The names of its units."""
        return [f"{self.name}/{number}" for number in range(len(self.addresses))]


@dataclasses.dataclass(frozen=True)
class Deployment:
    """A model: what is deployed in it, and the relations, in order of their ids."""

    applications: Tuple[Application, ...]
    relations: Tuple[Relation, ...]

    def application_of(self, unit_name: str) -> Application:
        """Return the application of a unit.

        Raises:
            LookupError: there is no such unit; the message is what Juju prints.
        """
        for application in self.applications:
            if unit_name in application.unit_names:
                return application
        raise LookupError(f'ERROR unit "{unit_name}" not found')

    def relations_of(self, application: str) -> List[Relation]:
        """Return the relations of an application."""
        return [
            relation
            for relation in self.relations
            if application in [side.application for side in relation.sides]
        ]


class Options(NamedTuple):
    """What was asked of show-unit."""

    version: Version
    is_json: bool
    app: bool
    endpoint: Optional[str]
    related_unit: Optional[str]


def show_unit(
    deployment: Deployment,
    *unit_names: str,
    juju: str,
    form: str = "yaml",
    app: bool = False,
    endpoint: Optional[str] = None,
    related_unit: Optional[str] = None,
) -> str:
    """Return what `juju show-unit` prints.

    Args:
        deployment: the model.
        unit_names: the units that it is asked for.
        juju: one of `VERSIONS`.
        form: `yaml` or `json`.
        app: the option `--app`, which leaves out the units.
        endpoint: the option `--endpoint`, which leaves out the relations of others.
        related_unit: the option `--related-unit`, which leaves out the other units.

    Raises:
        LookupError: there is no such unit; the message is what Juju prints as its error.
    """
    options = Options(VERSIONS[juju], form == "json", app, endpoint, related_unit)
    printed: Printed = {}
    for unit_name in sorted(unit_names):
        application = deployment.application_of(unit_name)
        relations = deployment.relations_of(application.name)
        if options.version.sorts_by_role:
            relations.sort(key=lambda relation: relation.role_number(application.name))
        shown = [print_relation(relation, unit_name, options) for relation in relations]
        found = [relation for relation in shown if relation is not None]
        printed[unit_name] = print_unit(application, unit_name, options, found)
    return encode_json(printed) if options.is_json else encode_yaml(printed)


def print_unit(
    application: Application, unit_name: str, options: Options, relations: List[Printed]
) -> Printed:
    """Return what is printed of a unit; most keys are left out when they are empty."""
    number = application.unit_names.index(unit_name)
    address = application.addresses[number]
    is_machine = bool(application.machines)
    # Go has two kinds of an empty list.
    ports = list(application.opened_ports) or (None if options.is_json else [])
    return {
        **leave_out_empty(
            {
                "workload-version": application.workload_version,
                "machine": application.machines[number] if is_machine else "",
            }
        ),
        "opened-ports": ports,
        **leave_out_empty({"public-address": address if is_machine else ""}),
        "charm": application.charm,
        "leader": number == 0,
        **leave_out_empty(
            {
                "life": "alive" if options.version.has_life else "",
                "relation-info": relations,
                "provider-id": "" if is_machine else unit_name.replace("/", "-"),
                "address": "" if is_machine else address,
            }
        ),
    }


def print_relation(relation: Relation, unit_name: str, options: Options) -> Optional[Printed]:
    """Return what is printed of a relation of a unit; None if nothing is."""
    application = unit_name.partition("/")[0]
    version = options.version
    own, other = relation.own_side(application), relation.other_side(application)
    if options.endpoint not in (None, own.endpoint):
        return None
    app_databag = (own if version.prints_own_application else other).app_databag
    printed_units = {
        unit.name: unit.print(version)
        for unit in list_units(relation, unit_name, version)
        if not options.app and options.related_unit in (None, unit.name)
    }
    own_unit = printed_units.pop(unit_name, None)
    is_needed = options.app or options.endpoint or app_databag or printed_units
    if not is_needed and not (own_unit and own_unit["data"]):
        return None
    if options.is_json:
        # Go leaves out an empty struct of YAML only.
        own_unit = own_unit or {"in-scope": False, "data": None}
    return {
        **({"relation-id": relation.relation_id} if version.has_relation_ids else {}),
        "endpoint": own.endpoint,
        **({"cross-model": True} if relation.is_cross_model and version.names_cross_model else {}),
        "related-endpoint": other.endpoint,
        "application-data": dict(sorted(app_databag.items())),
        **({"local-unit": own_unit} if own_unit else {}),
        **({"related-units": printed_units} if printed_units else {}),
    }


def list_units(relation: Relation, unit_name: str, version: Version) -> List[Unit]:
    """Return the units that a version prints."""
    application = unit_name.partition("/")[0]
    if relation.is_peer:
        return list(relation.sides[0].units)
    units: List[Unit] = []
    if version.prints_own_units:
        own = relation.own_side(application).units
        units += [unit for unit in own if version.prints_own_peers or unit.name == unit_name]
    if version.prints_related_units:
        units += relation.other_side(application).units
    return units


def leave_out_empty(printed: Printed) -> Printed:
    """Return the keys that have a value."""
    return {key: value for key, value in printed.items() if value}


class Dumper(yaml.SafeDumper):
    """Writes YAML as Juju does."""


def represent_text(_: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    """Return text in the style of Go."""
    style = "|" if "\n" in text else '"' if NOT_TEXT.fullmatch(text) else None
    return yaml.ScalarNode("tag:yaml.org,2002:str", text, style=style)


yaml.add_representer(str, represent_text, Dumper=Dumper)


def encode_yaml(value: object) -> str:
    """Return YAML as Juju prints it."""
    return yaml.dump(value, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=1_000_000)


def encode_json(value: object) -> str:
    """Return JSON as Juju prints it: one line, in which HTML is escaped."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text + "\n"
