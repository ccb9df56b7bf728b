"""Getters for the fields of JSON objects, which may hold anything."""

from __future__ import annotations

import collections.abc
import json
from typing import Collection, Dict, Iterable, Iterator, Mapping, Optional, Sequence, Tuple, cast

from parca_scrape._limits import ELEMENTS_RULE, MAX_VALUE_LENGTH
from parca_scrape._rules import is_utf8, parse_boolean, parse_text, replace_surrogates
from parca_scrape.problems import Findings

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
