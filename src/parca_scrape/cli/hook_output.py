"""The output of the script that `parca-scrape collect` prints: a line of JSON for each databag."""

from __future__ import annotations

import contextlib
import re
from typing import Dict, Iterator, List, Mapping, NamedTuple, Sequence

from parca_scrape._getters import as_list, as_object
from parca_scrape._rules import parse_text
from parca_scrape.cli.console import CommandError, show
from parca_scrape.cli.plain_yaml import load_json
from parca_scrape.cli.relations import (
    NO_JOBS_RULE,
    OUT_OF_SCOPE_RULE,
    UNKNOWN_APPLICATION,
    RelationTexts,
    different_models,
    name_application,
    several_parcas,
)
from parca_scrape.databag import MAX_DEPTH, SCRAPE_JOBS_KEY
from parca_scrape.problems import Problem

# The first line is an object with this key first. Its value is the version of the format.
MARK = re.compile(r'^\{"parca-scrape": ', re.MULTILINE)
VERSION = "1"
# The name of a unit, `results` and `stdout`.
OUTPUT_DEPTH = 3
RELATION = re.compile(r"[^:]+:([0-9]{1,18})")


class Record(NamedTuple):
    """A line of the output: a databag, or why there is none."""

    relation_id: int
    application: str
    """The remote application, if the databag is its own."""
    unit: str
    """The remote unit, if the databag is its own."""
    databag: Mapping[str, str]
    error: str


class HookOutput(NamedTuple):
    """What the script printed on one unit."""

    endpoint: str
    unit: str
    """The unit that it ran on."""
    model_uuid: str
    records: Sequence[Record]


def find_outputs(document: object, depth: int = OUTPUT_DEPTH) -> Iterator[str]:
    """Yield what the script printed, from what `juju exec --format json` or `yaml` prints.

    Juju 2.9 writes `Stdout`, newer versions `stdout`.
    """
    for key, value in (as_object(document) or {}).items():
        if key in ("stdout", "Stdout"):
            if isinstance(value, str) and is_hook_output(value):
                yield value
        elif depth > 1:
            yield from find_outputs(value, depth - 1)
    for element in as_list(document) or ():
        if depth > 1:
            yield from find_outputs(element, depth - 1)


def is_hook_output(text: str) -> bool:
    """Return whether text is what the script prints."""
    return MARK.search(text) is not None


def decode_hook_output(text: str) -> HookOutput:
    """Return what the script printed.

    Raises:
        CommandError: the output is cut off or damaged, or the script could not list the relations.
    """
    mark = MARK.search(text)
    # Other characters that separate lines can be part of a value.
    lines = text[mark.start() if mark else 0 :].split("\n")
    header = decode_line(1, lines[0])
    if get_text(header, "parca-scrape") != VERSION:
        raise CommandError(
            "printed by another version of the script: run the script that this parca-scrape"
            " prints"
        )
    records: List[Record] = []
    for number, line in enumerate(lines[1:], start=2):
        if not line.strip():
            continue
        fields = decode_line(number, line)
        if "end" in fields:
            break
        records.append(decode_record(number, fields))
    else:
        raise CommandError("the output of the script is cut off: run the script again")
    return HookOutput(
        endpoint=get_text(header, "endpoint"),
        unit=get_text(header, "unit"),
        model_uuid=get_text(header, "model-uuid"),
        records=records,
    )


def decode_line(number: int, line: str) -> Mapping[str, object]:
    """Return the object in a line.

    Raises:
        CommandError: it has none.
    """
    fields: object = None
    with contextlib.suppress(ValueError):
        fields = load_json(line, MAX_DEPTH)
    mapping = as_object(fields)
    if mapping is None:
        raise CommandError(f"line {number} is not output of the script: run the script again")
    return mapping


def get_text(fields: Mapping[str, object], key: str) -> str:
    """Return the text of a field; empty for none."""
    return parse_text(fields.get(key)) or ""


def decode_record(number: int, fields: Mapping[str, object]) -> Record:
    """Return a line that is neither the first nor the last.

    Raises:
        CommandError: the script could not list the relations, or did not print this.
    """
    error = get_text(fields, "error")
    relation = RELATION.fullmatch(get_text(fields, "relation"))
    if relation is None:
        if error:
            raise CommandError(f"Juju did not list the relations: {show(error)}")
        raise CommandError(f"line {number} is not output of the script: run the script again")
    databag = as_object(fields.get("databag")) or {}
    texts = {key: parse_text(value) for key, value in databag.items()}
    return Record(
        relation_id=int(relation.group(1)),
        application=get_text(fields, "application"),
        unit=get_text(fields, "unit"),
        databag={key: text for key, text in texts.items() if text is not None},
        error=error,
    )


def join_outputs(outputs: Sequence[HookOutput]) -> List[RelationTexts]:
    """Return the relations that the script printed on one or more units of the Parca charm.

    Raises:
        CommandError: there is none, or the units are not of one Parca charm.
    """
    first = outputs[0]
    for output in outputs[1:]:
        if output.model_uuid != first.model_uuid:
            raise different_models(first.unit, output.unit)
        if name_application(output.unit) != name_application(first.unit):
            raise several_parcas([name_application(first.unit), name_application(output.unit)])
    by_unit: Dict[str, HookOutput] = {}
    for output in outputs:
        if by_unit.setdefault(output.unit, output) != output:
            raise CommandError(
                f"{show(output.unit)} differs from {show(output.unit)} in another input: pass"
                " one of them"
            )
    by_id: Dict[int, List[Record]] = {}
    for record in (record for output in outputs for record in output.records):
        by_id.setdefault(record.relation_id, []).append(record)
    if not by_id:
        raise CommandError(f"no relation on the endpoint {show(first.endpoint)}")
    return [join_records(relation_id, by_id[relation_id]) for relation_id in sorted(by_id)]


def join_records(relation_id: int, records: Sequence[Record]) -> RelationTexts:
    """Return a relation as lines of the output show it."""
    app_databag: Mapping[str, str] = {}
    unit_databags: Dict[str, Mapping[str, str]] = {}
    problems: List[Problem] = []
    for record in records:
        if record.error:
            rule = f"skipped: Juju denied access: {show(record.error)}"
            problem = Problem("error", "", rule, unit=record.unit)
            problems += [] if problem in problems else [problem]
        if record.unit:
            unit_databags[record.unit] = record.databag
        else:
            app_databag = app_databag or record.databag
    if not problems and not app_databag.get(SCRAPE_JOBS_KEY):
        problems.append(Problem("warning", SCRAPE_JOBS_KEY, NO_JOBS_RULE))
    elif not problems and not unit_databags:
        problems.append(Problem("warning", "", OUT_OF_SCOPE_RULE))
    names = [record.application for record in records if record.application]
    names += map(name_application, unit_databags)
    return RelationTexts(
        relation_id=relation_id,
        application=names[0] if names else UNKNOWN_APPLICATION,
        app_databag=app_databag,
        unit_databags=unit_databags,
        problems=problems,
    )
