"""The output of `juju show-unit`: what it shows of each relation of each unit.

Source of the format: Juju `cmd/juju/application/showunit.go`.
"""

from __future__ import annotations

import re
from typing import Dict, List, Mapping, NamedTuple, Optional, Sequence

from parca_scrape._getters import as_list, as_object, get_object
from parca_scrape._rules import parse_text
from parca_scrape.cli.console import CommandError
from parca_scrape.cli.relations import name_application
from parca_scrape.problems import Findings, Problem, Report, cut_problems

Object = Mapping[str, object]
"""A part of the output, which may hold anything; its numbers are text."""

APPLICATION_DATA_KEY = "application-data"
LOCAL_UNIT_KEY = "local-unit"
RELATED_UNITS_KEY = "related-units"
# Keys that Juju prints of a unit; empty ones may be missing.
UNIT_KEYS = frozenset(
    {"charm", "leader", "life", "opened-ports", "relation-info", "workload-version"}
)
PARCA_CHARM = re.compile(r"(?:.*[:/])?(parca(?:-k8s)?)(?:-[0-9]+)?")
RELATION_ID = re.compile(r"[0-9]{1,18}")
# The name of an application or an endpoint, and that of a unit, such as `remote-1a2b/0`.
NAME = re.compile(r"[A-Za-z0-9_-]+")
UNIT_NAME = re.compile(r"[A-Za-z0-9_-]+/[0-9]+")
VALUE_RULE = "must be a string"
UNIT_NAME_RULE = "must be a unit name such as zinc/0"


class ShownRelation(NamedTuple):
    """What the output shows of one relation of one unit, as far as it has been decoded."""

    unit_name: str
    relation_id: int
    is_numbered: bool
    """Whether Juju printed the id; otherwise it is the position in the list."""
    endpoint: str
    """The endpoint of the unit's own application; empty if it has no valid name."""
    related_endpoint: str
    parca_charm: str
    """`parca` or `parca-k8s` if that is the unit's charm; empty for any other charm."""
    printed: Object

    @property
    def is_parca(self) -> bool:
        """Whether the unit's charm is one of the two that run Parca."""
        return bool(self.parca_charm)

    @property
    def is_cross_model(self) -> bool:
        """Whether Juju says that the other application is in another model."""
        return self.printed.get("cross-model") in (True, "true")


class ShownDatabags(NamedTuple):
    """The databags that the output shows of one relation of one unit."""

    app_databag: Mapping[str, str]
    """What one of the two applications published: which one depends on the version of Juju."""
    own_databags: Mapping[str, Mapping[str, str]]
    """What the unit itself and other units of its application published."""
    unit_databags: Mapping[str, Mapping[str, str]]
    """What the units of the other application published that are in the relation."""
    departed_units: Sequence[str]
    """The other units of that application that the output lists."""
    problems: Sequence[Problem]
    """What is wrong in the output."""


def decode_show_unit(output: object) -> Dict[str, List[ShownRelation]]:
    """Return the relations of each unit, by the unit's name.

    Args:
        output: the output for one or more units, as lists, objects and texts.

    Raises:
        CommandError: there is no unit, or Juju did not print this.
    """
    if not output:
        raise CommandError("empty")
    units: Dict[str, List[ShownRelation]] = {}
    for unit_name, raw in (as_object(output) or {}).items():
        unit = as_object(raw) or {}
        # The output of other commands can have the names of units as keys, too.
        if not is_unit_name(unit_name) or UNIT_KEYS.isdisjoint(unit):
            continue
        listed = as_list(unit.get("relation-info") or [])
        relations = [as_object(relation) for relation in listed or ()]
        known: List[Object] = [relation for relation in relations if relation is not None]
        if listed is None or len(known) < len(relations):
            raise CommandError(f"malformed relation-info of {unit_name}")
        charm = PARCA_CHARM.fullmatch(parse_text(unit.get("charm")) or "")
        units[unit_name] = number_relations(unit_name, charm.group(1) if charm else "", known)
    if not units:
        raise CommandError("no unit found")
    return units


def number_relations(
    unit_name: str, parca_charm: str, relations: Sequence[Object]
) -> List[ShownRelation]:
    """Return the relations of a unit with their ids.

    Old versions of Juju print no ids: then the position in the list is the id.
    """
    ids = [parse_relation_id(relation.get("relation-id")) for relation in relations]
    is_numbered = None not in ids
    return [
        ShownRelation(
            unit_name=unit_name,
            relation_id=position if relation_id is None or not is_numbered else relation_id,
            is_numbered=is_numbered,
            endpoint=parse_name(relation.get("endpoint")),
            related_endpoint=parse_name(relation.get("related-endpoint")),
            parca_charm=parca_charm,
            printed=relation,
        )
        for position, (relation_id, relation) in enumerate(zip(ids, relations))
    ]


def decode_databags(relation: ShownRelation) -> ShownDatabags:
    """Return the databags that the output shows of a relation."""
    report = Report()
    printed = relation.printed
    of_app = Findings(APPLICATION_DATA_KEY, report=report)
    of_own = Findings(LOCAL_UNIT_KEY, report=report)
    of_units = Findings(RELATED_UNITS_KEY, report=report)
    app_databag = read_databag(printed.get(APPLICATION_DATA_KEY), of_app)
    own_databag = read_unit(printed.get(LOCAL_UNIT_KEY), of_own)
    own_databags: Dict[str, Mapping[str, str]] = {}
    if own_databag:
        own_databags[relation.unit_name] = own_databag
    unit_databags: Dict[str, Mapping[str, str]] = {}
    departed_units: List[str] = []
    for unit_name, raw in get_object(printed.get(RELATED_UNITS_KEY) or {}, of_units).items():
        of_unit = of_units.at(unit_name)
        if not is_unit_name(unit_name):
            of_unit.error(UNIT_NAME_RULE)
            continue
        databag = read_unit(raw, of_unit)
        # Early versions of Juju 4 print the other units of the unit's own application here.
        is_own = name_application(unit_name) == name_application(relation.unit_name)
        if databag is not None:
            (own_databags if is_own else unit_databags)[unit_name] = databag
        elif not is_own:
            departed_units.append(unit_name)
    return ShownDatabags(
        app_databag=app_databag,
        own_databags=own_databags,
        unit_databags=unit_databags,
        departed_units=departed_units,
        problems=cut_problems(report.problems, report.untold),
    )


def read_unit(raw: object, findings: Findings) -> Optional[Dict[str, str]]:
    """Return the databag of a unit; None if the unit is not in the relation."""
    unit = get_object({} if raw is None else raw, findings)
    if unit.get("in-scope") in (False, "false"):
        return None
    return read_databag(unit.get("data"), findings.at("data"))


def read_databag(raw: object, findings: Findings) -> Dict[str, str]:
    """Return the texts of a databag; a number or boolean becomes text."""
    databag: Dict[str, str] = {}
    for key, value in get_object({} if raw is None else raw, findings).items():
        text = parse_text(value)
        if text is not None:
            databag[key] = text
        elif value is not None:
            findings.at(key).error(VALUE_RULE)
    return databag


def is_unit_name(name: str) -> bool:
    """Return whether a name can be that of a unit."""
    return UNIT_NAME.fullmatch(name) is not None


def parse_name(raw: object) -> str:
    """Return the name of an application or an endpoint; empty text for anything else."""
    return raw if isinstance(raw, str) and NAME.fullmatch(raw) else ""


def parse_relation_id(raw: object) -> Optional[int]:
    """Return the id of a relation, or None if there is none."""
    if isinstance(raw, str) and RELATION_ID.fullmatch(raw):
        return int(raw)
    return None
