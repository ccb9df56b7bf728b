"""The output of `juju show-unit`: the databags of a unit's relations.

Source of the format: Juju `cmd/juju/application/showunit.go`.
"""

from __future__ import annotations

import re
from typing import Dict, List, Mapping, Optional, Sequence, Tuple

from parca_scrape._getters import as_list, as_object, get_object
from parca_scrape._rules import parse_text
from parca_scrape.cli.console import CommandError
from parca_scrape.cli.plain_yaml import load
from parca_scrape.cli.relations import RelationTexts
from parca_scrape.databag import SCRAPE_JOBS_KEY, SCRAPE_METADATA_KEY, AppDatabag
from parca_scrape.problems import Findings, Problem, Report, cut_problems

Object = Mapping[str, object]
"""A part of the output, which may hold anything; its numbers are text."""

APPLICATION_DATA_KEY = "application-data"
RELATED_UNITS_KEY = "related-units"
RELATION_ID = re.compile(r"[0-9]{1,18}")
# The name of an application or an endpoint, and that of a unit, such as `remote-1a2b/0`.
NAME = re.compile(r"[A-Za-z0-9_-]+")
UNIT_NAME = re.compile(r"[A-Za-z0-9_-]+/[0-9]+")
UNKNOWN_APPLICATION = "unknown"
HINT = "expected the output of `juju show-unit parca/0`"
VALUE_RULE = "must be a string"
UNIT_NAME_RULE = "must be a unit name such as zinc/0"
NO_JOBS_RULE = (
    "missing, so nothing is scraped: the charm has not published it yet, or the interface of the"
    " endpoint is not parca_scrape"
)
NO_UNITS_RULE = (
    "missing, so nothing is scraped: run juju show-unit without --app (Juju 4.0.0 to 4.0.5 never"
    " prints related units)"
)
OUT_OF_SCOPE_RULE = (
    "no unit is in scope, so nothing is scraped: the units have departed or have not joined yet"
)


def decode_show_unit(text: str, endpoint: str) -> List[RelationTexts]:
    """Decode the relations of one endpoint, in order of their ids.

    Args:
        text: the output of `juju show-unit` for one unit, as YAML or JSON.
        endpoint: the endpoint of that unit.

    Returns:
        The relations; and what is wrong with the output, or why a relation is not scraped.

    Raises:
        CommandError: the text is something else.
    """
    try:
        unit_relations = list_relations(load(text))
    except CommandError as error:
        raise CommandError(f"{error}; {HINT}") from None
    of_endpoint: Dict[str, List[Object]] = {}
    for unit_name, printed in unit_relations.items():
        chosen = [relation for relation in printed if relation.get("endpoint") == endpoint]
        if chosen:
            of_endpoint[unit_name] = chosen
    if len(of_endpoint) > 1:
        names = ", ".join(of_endpoint)
        raise CommandError(
            f"relations of several units ({names}); run `juju show-unit` for one unit only"
        )

    if not of_endpoint:
        raise CommandError(no_relation_rule(unit_relations))
    return [
        decode_relation(relation_id, printed_relation)
        for chosen in of_endpoint.values()
        for relation_id, printed_relation in number_relations(chosen)
    ]


def list_relations(output: object) -> Dict[str, List[Object]]:
    """Return the relations of each unit in the output.

    Raises:
        CommandError: there is no unit, or Juju did not print this.
    """
    if not output:
        raise CommandError("empty")
    unit_relations: Dict[str, List[Object]] = {}
    for unit_name, raw in (as_object(output) or {}).items():
        unit = as_object(raw) or {}
        # The output of other commands can have the names of units as keys, too.
        if not is_unit_name(unit_name) or not ("charm" in unit or "relation-info" in unit):
            continue
        listed = as_list(unit.get("relation-info") or [])
        relations = [as_object(relation) for relation in listed or ()]
        known: List[Object] = [relation for relation in relations if relation is not None]
        if listed is None or len(known) < len(relations):
            raise CommandError(f"malformed relation-info of {unit_name}")
        unit_relations[unit_name] = known
    if not unit_relations:
        raise CommandError("no unit found")
    return unit_relations


def number_relations(relations: Sequence[Object]) -> List[Tuple[int, Object]]:
    """Return relations with their ids, sorted by id.

    Old versions of Juju print no ids: then the position in the list is the id.
    """
    ids = [parse_relation_id(relation.get("relation-id")) for relation in relations]
    known = [relation_id for relation_id in ids if relation_id is not None]
    numbers = known if len(known) == len(relations) else range(len(relations))
    return sorted(zip(numbers, relations), key=lambda pair: pair[0])


def decode_relation(relation_id: int, printed: Object) -> RelationTexts:
    """Decode the databags of one relation."""
    report = Report()
    of_app = Findings(APPLICATION_DATA_KEY, report=report)
    of_units = Findings(RELATED_UNITS_KEY, report=report)
    app_databag = read_databag(printed.get(APPLICATION_DATA_KEY), of_app)
    printed_units = get_object(printed.get(RELATED_UNITS_KEY) or {}, of_units)
    unit_databags = read_unit_databags(printed_units, of_units)
    found = cut_problems(report.problems, report.untold)
    if not app_databag.get(SCRAPE_JOBS_KEY):
        found.append(Problem("warning", SCRAPE_JOBS_KEY, NO_JOBS_RULE))
    elif not printed_units:
        found.append(Problem("warning", RELATED_UNITS_KEY, NO_UNITS_RULE))
    elif not unit_databags:
        found.append(Problem("warning", RELATED_UNITS_KEY, OUT_OF_SCOPE_RULE))
    application = name_application(printed_units, app_databag)
    return RelationTexts(relation_id, application, app_databag, unit_databags, found)


def read_unit_databags(printed_units: Object, findings: Findings) -> Dict[str, Dict[str, str]]:
    """Return the databags of the units that are in a relation, by the name of the unit."""
    unit_databags: Dict[str, Dict[str, str]] = {}
    for unit_name, raw in printed_units.items():
        of_unit = findings.at(unit_name)
        if not is_unit_name(unit_name):
            of_unit.error(UNIT_NAME_RULE)
            continue
        unit = get_object({} if raw is None else raw, of_unit)
        if unit.get("in-scope") not in (False, "false"):
            unit_databags[unit_name] = read_databag(unit.get("data"), of_unit.at("data"))
    return unit_databags


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


def name_application(printed_units: Object, app_databag: Mapping[str, str]) -> str:
    """Return the name of the remote application, which Juju prints only as part of unit names.

    For a cross-model relation it is the name in the model of this unit.
    """
    for unit_name in printed_units:
        if is_unit_name(unit_name):
            return unit_name.partition("/")[0]
    metadata = {SCRAPE_METADATA_KEY: app_databag.get(SCRAPE_METADATA_KEY, "")}
    topology = AppDatabag.decode(metadata)[0].scrape_metadata
    application = "" if topology is None else topology.application
    return application if is_name(application) else UNKNOWN_APPLICATION


def no_relation_rule(unit_relations: Mapping[str, Sequence[Object]]) -> str:
    """Return the message for output without a relation of the endpoint."""
    listed = [relation for relations in unit_relations.values() for relation in relations]
    endpoints = {
        str(relation["endpoint"]) for relation in listed if is_name(relation.get("endpoint"))
    }
    rule = "no relation on this endpoint, so nothing is scraped"
    return f"{rule}: try --endpoint {' or '.join(sorted(endpoints))}" if endpoints else rule


def is_unit_name(name: str) -> bool:
    """Return whether a name can be that of a unit."""
    return UNIT_NAME.fullmatch(name) is not None


def is_name(name: object) -> bool:
    """Return whether a name can be that of an application or an endpoint."""
    return isinstance(name, str) and NAME.fullmatch(name) is not None


def parse_relation_id(raw: object) -> Optional[int]:
    """Return the id of a relation, or None if there is none."""
    if isinstance(raw, str) and RELATION_ID.fullmatch(raw):
        return int(raw)
    return None
