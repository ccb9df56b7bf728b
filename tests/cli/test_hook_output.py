from __future__ import annotations

import json
from typing import Dict, List

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parca_scrape import Problem
from parca_scrape.cli.console import CommandError
from parca_scrape.cli.hook_output import (
    decode_hook_output,
    find_outputs,
    is_hook_output,
    join_outputs,
)
from parca_scrape.cli.relations import NO_JOBS_RULE, OUT_OF_SCOPE_RULE, RelationTexts

HEADER = {
    "parca-scrape": 1,
    "endpoint": "profiling-endpoint",
    "unit": "parca/0",
    "model-uuid": "6f2c1d0e-83b4-4c6b-9a51-2d7c1f0b9e34",
}
END = {"end": True}
APP = {"relation": "profiling-endpoint:7", "application": "zinc", "databag": {"scrape_jobs": "[]"}}
UNIT = {
    "relation": "profiling-endpoint:7",
    "unit": "zinc/0",
    "databag": {"parca_scrape_unit_address": "zinc-0.local"},
}
ZINC = RelationTexts(
    relation_id=7,
    application="zinc",
    app_databag={"scrape_jobs": "[]"},
    unit_databags={"zinc/0": {"parca_scrape_unit_address": "zinc-0.local"}},
    problems=[],
)


def write(*lines: object) -> str:
    return "".join(f"{json.dumps(line)}\n" for line in lines)


def read(*texts: str) -> List[RelationTexts]:
    return join_outputs([decode_hook_output(text) for text in texts])


OUTPUT = write(HEADER, APP, UNIT, END)


@pytest.mark.parametrize(
    "text",
    [
        OUTPUT,
        OUTPUT.replace("\n", "\r\n"),
        f"Warning: Permanently added 'parca'\n{OUTPUT}\nbye\n",
        write(HEADER, UNIT, APP, {**APP, "databag": None}, END),
        f"\n{write(HEADER)}\n{write(APP, UNIT)}\n{write(END)}",
    ],
)
def test_databags_are_read(text: str) -> None:
    assert is_hook_output(text)
    assert read(text) == [ZINC]


@pytest.mark.parametrize(
    "document",
    [
        {"parca/0": {"id": "2", "results": {"return-code": 0, "stdout": OUTPUT}}},
        [{"UnitId": "parca/0", "Stdout": OUTPUT}],
    ],
)
def test_output_is_found_in_what_juju_prints_of_it(document: object) -> None:
    assert [*find_outputs(document)] == [OUTPUT]


def test_output_of_other_commands_is_not_that_of_the_script() -> None:
    document = {"parca/0": {"charm": "x", "stdout": "hello"}}
    assert [*find_outputs(document)] == []
    assert not is_hook_output(json.dumps(document))


def test_units_of_one_charm_see_the_same_relations() -> None:
    second = write({**HEADER, "unit": "parca/1"}, APP, {**UNIT, "unit": "zinc/1"}, END)
    unit_databags = {**ZINC.unit_databags, "zinc/1": ZINC.unit_databags["zinc/0"]}
    assert read(OUTPUT, second) == [ZINC._replace(unit_databags=unit_databags)]


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        (
            {"unit": "parca-b/0"},
            "the input has units of several Parca charms (parca, parca-b): pass the units of one"
            " of them, or the output of the script of parca-scrape collect on its unit",
        ),
        (
            {"model-uuid": "0197a3c2-5d1e-7b64-9c3f-8e21d4a6b705"},
            "parca/0 and parca/0 are in different models, and relation ids differ between models:"
            " pass the units of one model",
        ),
    ],
)
def test_units_that_do_not_belong_together_are_refused(changes: Dict[str, str], line: str) -> None:
    with pytest.raises(CommandError) as caught:
        read(OUTPUT, write({**HEADER, **changes}, APP, END))
    assert str(caught.value) == line


def test_two_outputs_of_one_unit_that_differ_are_refused() -> None:
    assert read(OUTPUT, OUTPUT) == [ZINC]
    with pytest.raises(CommandError) as caught:
        read(OUTPUT, write(HEADER, APP, {**UNIT, "databag": {}}, END))
    line = "parca/0 differs from parca/0 in another input: pass one of them"
    assert str(caught.value) == line


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ([{**APP, "databag": {}}, UNIT], Problem("warning", "scrape_jobs", NO_JOBS_RULE)),
        ([APP], Problem("warning", "", OUT_OF_SCOPE_RULE)),
        (
            [APP, {**UNIT, "databag": None, "error": "ERROR \x1b no"}],
            Problem("error", "", r"skipped: Juju denied access: 'ERROR \x1b no'", unit="zinc/0"),
        ),
    ],
)
def test_what_a_relation_lacks_is_reported(lines: List[object], problem: Problem) -> None:
    [relation] = read(write(HEADER, *lines, END))
    assert relation.problems == [problem]


WRONG = "line 2 is not output of the script: run the script again"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (write(HEADER, APP), "the output of the script is cut off: run the script again"),
        (write(HEADER)[:-1], "the output of the script is cut off: run the script again"),
        (write(HEADER) + "{\n", WRONG),
        (write(HEADER, [], END), WRONG),
        (write(HEADER, {}, END), WRONG),
        (write(HEADER, {**APP, "relation": "x"}, END), WRONG),
        (write(HEADER) + "[" * 500 + "\n", WRONG),
        (
            write({**HEADER, "parca-scrape": 2}, END),
            "printed by another version of the script: run the script that this parca-scrape"
            " prints",
        ),
        (
            write(HEADER, {"relation": "", "error": "ERROR \n no"}, END),
            r"Juju did not list the relations: 'ERROR \n no'",
        ),
    ],
)
def test_damaged_output_is_refused(text: str, line: str) -> None:
    with pytest.raises(CommandError) as caught:
        decode_hook_output(text)
    assert str(caught.value) == line


@given(st.lists(st.text() | st.builds(json.dumps, st.dictionaries(st.text(), st.text()))))
def test_any_output_is_read_or_refused(lines: List[str]) -> None:
    text = "\n".join([json.dumps(HEADER), *lines, json.dumps(END)])
    refusal = ""
    try:
        read(text)
    except CommandError as error:
        refusal = str(error)
    assert refusal.isprintable()
