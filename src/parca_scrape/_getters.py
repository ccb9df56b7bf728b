"""Getters for the fields of objects out of JSON, which may hold anything."""

from __future__ import annotations

import collections.abc
from typing import Collection, Dict, List, Mapping, Optional, Tuple, Type, TypeVar, cast

from parca_scrape._rules import is_utf8, parse_boolean, parse_text, replace_surrogates
from parca_scrape.problems import Findings, join_path

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
