"""What `juju show-unit` prints: the databags of a unit's relations.

The form is that of Juju's `cmd/juju/application/showunit.go`.
"""

from __future__ import annotations

import dataclasses
from typing import Dict, List, Mapping, Optional, Sequence, Tuple

from parca_scrape._getters import as_list, as_object, get_object
from parca_scrape._rules import parse_text
from parca_scrape.cli.plain_yaml import UnusableInputError, parse
from parca_scrape.databag import (
    SCRAPE_JOBS_KEY,
    SCRAPE_METADATA_KEY,
    AppDatabag,
    read_app,
    read_unit,
)
from parca_scrape.problems import Findings, Problem, join_path
from parca_scrape.render import RelationDatabags

Fields = Mapping[object, object]
APPLICATION_DATA_KEY = "application-data"
RELATED_UNITS_KEY = "related-units"
MAX_DIGITS = 18
UNKNOWN_APPLICATION = "unknown"
HINT = "give what `juju show-unit parca/0` prints"
VALUE_RULE = "must be text"
UNIT_NAME_RULE = "must be the name of a unit, such as zinc/0"
NO_JOBS_RULE = (
    "not published, so nothing is scraped: the charm has not done it yet, or the endpoint is not"
    " one that requires parca_scrape"
)
NO_UNITS_RULE = (
    "not in the dump, so nothing is scraped: show-unit --app leaves them out, and so does Juju 4.0"
    " up to 4.0.5"
)
OUT_OF_SCOPE_RULE = "no unit is in scope, so nothing is scraped: departed, or not there yet"


def read_show_unit(text: str, endpoint: str) -> Tuple[List[RelationDatabags], List[Problem]]:
    """Read the relations of one endpoint, in order of their ids.

    Args:
        text: what `juju show-unit` prints of one unit, as YAML or JSON.
        endpoint: the unit's own endpoint.

    Returns:
        The relations; and what is wrong in the text itself, or why a relation is not scraped.

    Raises:
        UnusableInputError: the text is something else; the message is one line.
    """
    try:
        unit_relations = list_relations(parse(text))
    except UnusableInputError as error:
        raise UnusableInputError(f"{error}: {HINT}") from None
    of_endpoint: Dict[str, List[Fields]] = {}
    for unit_name, listed in unit_relations.items():
        chosen = [relation for relation in listed if relation.get("endpoint") == endpoint]
        if chosen:
            of_endpoint[unit_name] = chosen
    if len(of_endpoint) > 1:
        names = ", ".join(of_endpoint)
        raise UnusableInputError(f"holds relations of {names}: ask Juju for one unit at a time")

    relations: List[RelationDatabags] = []
    problems: List[Problem] = []
    for chosen in of_endpoint.values():
        for relation_id, fields in order_relations(chosen):
            relation, found = read_relation(relation_id, fields)
            relations.append(relation)
            problems += found
    if not of_endpoint:
        problems.append(Problem("warning", "relation-info", no_relation_rule(unit_relations)))
    return relations, problems


def list_relations(dump: object) -> Dict[str, List[Fields]]:
    """Give the relations of each unit in a dump.

    Raises:
        UnusableInputError: it is not a dump of units.
    """
    if not dump:
        raise UnusableInputError("holds nothing")
    unit_relations: Dict[str, List[Fields]] = {}
    for unit_name, raw in (as_object(dump) or {}).items():
        fields = as_object(raw) or {}
        # Other commands print things by the names of units too.
        if not is_unit_name(unit_name) or not ("charm" in fields or "relation-info" in fields):
            continue
        listed = as_list(fields.get("relation-info") or [])
        relations = [as_object(relation) for relation in listed or ()]
        known = [relation for relation in relations if relation is not None]
        if listed is None or len(known) < len(relations):
            raise UnusableInputError(
                f"holds a relation-info of {unit_name} that Juju never prints"
            )
        unit_relations[str(unit_name)] = known
    if not unit_relations:
        raise UnusableInputError("holds no unit")
    return unit_relations


def order_relations(relations: Sequence[Fields]) -> List[Tuple[int, Fields]]:
    """Give relations with their ids, and in order of them.

    Old versions of Juju print no ids: then the place in the list is the id.
    """
    ids = [parse_relation_id(relation.get("relation-id")) for relation in relations]
    known = [relation_id for relation_id in ids if relation_id is not None]
    numbers = known if len(known) == len(relations) else range(len(relations))
    return sorted(zip(numbers, relations), key=lambda pair: pair[0])


def read_relation(relation_id: int, fields: Fields) -> Tuple[RelationDatabags, List[Problem]]:
    """Read the databags of one relation, and tell what is wrong with them as a dump."""
    findings = Findings()
    app_databag = read_app(
        read_databag(fields.get(APPLICATION_DATA_KEY), APPLICATION_DATA_KEY, findings)
    )
    printed = get_object(fields.get(RELATED_UNITS_KEY) or {}, RELATED_UNITS_KEY, findings)
    units = read_units(printed, findings)
    if not app_databag.get(SCRAPE_JOBS_KEY):
        findings.warning(SCRAPE_JOBS_KEY, NO_JOBS_RULE)
    elif not printed:
        findings.warning(RELATED_UNITS_KEY, NO_UNITS_RULE)
    elif not units:
        findings.warning(RELATED_UNITS_KEY, OUT_OF_SCOPE_RULE)
    application = name_application(printed, app_databag)
    problems = [
        dataclasses.replace(problem, relation_id=relation_id, application=application)
        for problem in findings.problems
    ]
    return RelationDatabags(relation_id, application, app_databag, units), problems


def read_units(printed: Fields, findings: Findings) -> List[Tuple[str, str, str]]:
    """Give name, address and published name of the units that are in a relation."""
    units: List[Tuple[str, str, str]] = []
    for unit_name, raw in printed.items():
        path = join_path(RELATED_UNITS_KEY, str(unit_name))
        if not is_unit_name(unit_name):
            findings.error(path, UNIT_NAME_RULE)
            continue
        unit = get_object({} if raw is None else raw, path, findings)
        if unit.get("in-scope") in (False, "false"):
            continue
        databag = read_databag(unit.get("data"), f"{path}.data", findings)
        units.append(read_unit(str(unit_name), databag))
    return units


def read_databag(raw: object, path: str, findings: Findings) -> Dict[str, str]:
    """Give the texts of a databag; of a number or boolean, its text."""
    databag: Dict[str, str] = {}
    for key, value in get_object({} if raw is None else raw, path, findings).items():
        text = parse_text(value)
        if text is not None:
            databag[str(key)] = text
        elif value is not None:
            findings.error(join_path(path, str(key)), VALUE_RULE)
    return databag


def name_application(printed_units: Fields, app_databag: Mapping[str, str]) -> str:
    """Give the name of the remote application, which Juju does not print by itself.

    Of a relation across models it is the name that the application has in this model.
    """
    for unit_name in printed_units:
        if is_unit_name(unit_name):
            return str(unit_name).partition("/")[0]
    metadata = {SCRAPE_METADATA_KEY: app_databag.get(SCRAPE_METADATA_KEY, "")}
    topology = AppDatabag.decode(metadata)[0].scrape_metadata
    application = "" if topology is None else topology.application
    return application if is_name(application) else UNKNOWN_APPLICATION


def no_relation_rule(unit_relations: Mapping[str, Sequence[Fields]]) -> str:
    """Give the line for a dump without a relation of the endpoint."""
    listed = [relation for relations in unit_relations.values() for relation in relations]
    endpoints = {
        str(relation["endpoint"]) for relation in listed if is_name(relation.get("endpoint"))
    }
    rule = "no relation of this endpoint, so nothing is scraped"
    return f"{rule}: --endpoint may be {', '.join(sorted(endpoints))}" if endpoints else rule


def is_unit_name(name: object) -> bool:
    """Tell whether a name has the form of a unit's, such as `zinc/0` or `remote-1a2b/0`."""
    application, _, number = name.partition("/") if isinstance(name, str) else ("", "", "")
    return is_name(application) and number.isascii() and number.isdigit()


def is_name(name: object) -> bool:
    """Tell whether a name has the form of an application's or an endpoint's."""
    if not isinstance(name, str):
        return False
    return name.isascii() and name.replace("-", "a").replace("_", "a").isalnum()


def parse_relation_id(raw: object) -> Optional[int]:
    """Read the id of a relation; None if there is none."""
    if isinstance(raw, str) and raw.isascii() and raw.isdigit() and len(raw) <= MAX_DIGITS:
        return int(raw)
    return None
