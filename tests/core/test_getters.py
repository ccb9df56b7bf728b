from __future__ import annotations

import enum
from collections import OrderedDict
from types import MappingProxyType
from typing import Dict, List, Optional, Tuple

import pytest

from parca_scrape import Problem
from parca_scrape._getters import (
    as_list,
    as_object,
    get_boolean,
    get_fields,
    get_object,
    get_text,
)
from parca_scrape.problems import Findings, strict_findings
from tests.reading import error, refusal, warning

TEXT = "must be a string, a number or a boolean"
SURROGATE = "contains half of a surrogate pair: write the whole character"


OBJECTS: List[Tuple[object, Optional[Dict[str, object]]]] = [
    ({}, {}),
    ({"a": 1}, {"a": 1}),
    (OrderedDict(b=1, a=2), {"b": 1, "a": 2}),
    (MappingProxyType({"a": None}), {"a": None}),
    (
        {5: "a", True: "b", 1.5: "c", None: "d"},
        {"5": "a", "true": "b", "1.5": "c", "null": "d"},
    ),
    ([], None),
    ("a", None),
    (None, None),
    (5, None),
]


@pytest.mark.parametrize(("raw", "mapping"), OBJECTS)
def test_an_object_is_any_mapping_with_the_keys_that_json_has(
    raw: object, mapping: Optional[Dict[str, object]]
) -> None:
    assert as_object(raw) == mapping


class Key(str, enum.Enum):
    A = "a"
    EMPTY = ""


def test_a_key_of_an_enumeration_is_its_text() -> None:
    mapping = as_object({Key.A: 1, Key.EMPTY: 2})

    assert mapping == {"a": 1, "": 2}
    assert {type(key) for key in mapping or ()} == {str}


@pytest.mark.parametrize(
    ("raw", "is_list"), [([], True), ((1,), True), ({}, False), ("a", False), (None, False)]
)
def test_a_list_is_a_list_or_a_tuple(raw: object, is_list: bool) -> None:
    assert as_list(raw) == (raw if is_list else None)


@pytest.mark.parametrize(
    ("raw", "problems"),
    [({"a": 1}, []), ("", []), ([], [error("tls", "must be an object")])],
)
def test_what_is_no_object_is_an_empty_one(raw: object, problems: List[Problem]) -> None:
    findings = Findings("tls")

    assert get_object(raw, findings) == (raw if isinstance(raw, dict) else {})
    assert findings.problems == problems


def test_fields_have_known_names_and_values() -> None:
    findings = Findings("job")

    assert get_fields({"a": 1, "c": 2, "b": None}, ("b", "a"), findings) == {"a": 1}
    rule = "unknown or not allowed here, so Parca scrapes without it; the allowed keys are a, b"
    assert findings.problems == [warning("job.c", rule)]


@pytest.mark.parametrize(
    ("value", "text", "problems"),
    [
        ("a", "a", []),
        (5, "5", []),
        (True, "true", []),
        ([], "", [error("job.name", TEXT)]),
        (None, "", [error("job.name", TEXT)]),
        ("\ud800", "", [error("job.name", SURROGATE)]),
    ],
)
def test_text_may_be_a_number_or_a_boolean(
    value: object, text: str, problems: List[Problem]
) -> None:
    findings = Findings("job")

    assert get_text({"name": value}, "name", findings) == text
    assert findings.problems == problems
    assert get_text({}, "name", findings) == ""


def test_half_a_surrogate_pair_is_replaced_where_text_may_be_lossy() -> None:
    findings = Findings("job")

    assert get_text({"name": "a\ud800"}, "name", findings, lossy=True) == "a\ufffd"
    assert findings.problems == [warning("job.name", SURROGATE)]


@pytest.mark.parametrize(
    ("value", "boolean", "problems"),
    [
        (True, True, []),
        ("off", False, []),
        ("", None, []),
        (5, None, [error("job.on", "must be true or false")]),
        ([], None, [error("job.on", "must be true or false")]),
    ],
)
def test_a_boolean_may_be_a_word_of_yaml(
    value: object, boolean: Optional[bool], problems: List[Problem]
) -> None:
    findings = Findings("job")

    assert get_boolean({"on": value}, "on", findings) is boolean
    assert findings.problems == problems
    assert get_boolean({}, "on", findings) is None


def test_strict_findings_raise_the_first_problem_with_its_path() -> None:
    findings = strict_findings().at("b").at(0)

    assert refusal(lambda: get_text({"a": []}, "a", findings)) == f"b[0].a: {TEXT}"
    assert findings.problems == []
