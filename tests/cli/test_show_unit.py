from __future__ import annotations

import json
from typing import Callable, Dict, List, Mapping, Optional, Tuple

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from parca_scrape import Problem
from parca_scrape.cli.console import CommandError
from parca_scrape.cli.joining import join_sides
from parca_scrape.cli.plain_yaml import load
from parca_scrape.cli.show_unit import decode_show_unit
from parca_scrape.databag import (
    SCRAPE_JOBS_KEY,
    SCRAPE_METADATA_KEY,
    RelationDatabags,
)
from parca_scrape.render import render
from tests.reading import read_relation

ENDPOINT = "profiling-endpoint"
JOBS = '[{"static_configs": [{"targets": ["*:8080"]}]}]'
MODEL_UUID = "6f2c1d0e-83b4-4c6b-9a51-2d7c1f0b9e34"
METADATA = json.dumps({"model": "cos", "model_uuid": MODEL_UUID, "application": "zinc"})
REMOTE = "remote-5e0d9c7ab21f4d0f8a6b3c4d5e6f7a8b"
APP_DATABAG = {SCRAPE_JOBS_KEY: JOBS, SCRAPE_METADATA_KEY: METADATA}
UNIT_DATABAG = {
    "parca_scrape_unit_address": "zinc-0.local",
    "parca_scrape_unit_name": "zinc/0",
}
NO_JOBS = (
    "missing, so nothing is scraped: the charm has not published it yet, or the interface of the"
    " endpoint is not parca_scrape"
)
NO_UNITS = (
    "missing, so nothing is scraped: either the application has no units, or juju show-unit was"
    " run with --app; run it without --app"
)
NOT_IN_SCOPE = (
    "no unit is in scope, so nothing is scraped: the units have departed or have not joined yet"
)
NO_RELATION = f"no relation on the endpoint {ENDPOINT}"
Object = Dict[str, object]


def write_yaml(dump: object) -> str:
    return yaml.safe_dump(dump, sort_keys=False)


def write_json(dump: object) -> str:
    return json.dumps(dump)


WRITERS = [write_yaml, write_json]


def make_unit(**changes: object) -> Object:
    return {"in-scope": True, "data": {**UNIT_DATABAG, **changes}}


def make_relation(relation_id: object = 7, **changes: object) -> Object:
    """Return a relation as Juju prints it; `related_units` stands for `related-units`."""
    relation: Object = {
        "relation-id": relation_id,
        "endpoint": ENDPOINT,
        "related-endpoint": "profiling",
        "application-data": {**APP_DATABAG},
        "local-unit": {"in-scope": True, "data": {"ingress-address": "10.1.80.14"}},
        "related-units": {"zinc/0": make_unit()},
    }
    relation.update({key.replace("_", "-"): value for key, value in changes.items()})
    return {key: value for key, value in relation.items() if value is not ...}


def make_dump(*relations: object, unit_name: str = "parca/0") -> Object:
    return {unit_name: {"charm": "ch:amd64/parca-k8s-401", "relation-info": [*relations]}}


def make_expected(
    relation_id: int = 7,
    application: str = "zinc",
    app_databag: Mapping[str, str] = APP_DATABAG,
    unit_databags: Optional[Mapping[str, Mapping[str, str]]] = None,
) -> RelationDatabags:
    """Return the relation that these databags are decoded to."""
    if unit_databags is None:
        unit_databags = {"zinc/0": UNIT_DATABAG}
    return read_relation(relation_id, application, app_databag, unit_databags)


def decode_text(text: str) -> Tuple[List[RelationDatabags], List[Problem]]:
    """Return what the output of show-unit shows, and what is wrong with the output."""
    relations = join_sides(decode_show_unit(load(text)), ENDPOINT)
    problems = [
        problem.in_relation(relation.relation_id, relation.describe())
        for relation in relations
        for problem in relation.problems
    ]
    return [relation.decode() for relation in relations], problems


def decode(*relations: object) -> Tuple[List[RelationDatabags], List[Problem]]:
    return decode_text(write_json(make_dump(*relations)))


@pytest.mark.parametrize("write", WRITERS)
def test_relations_of_the_endpoint_are_read_and_others_are_not(
    write: Callable[[object], str],
) -> None:
    dump = make_dump(make_relation(3, endpoint="ingress"), make_relation(7))
    assert decode_text(write(dump)) == ([make_expected()], [])


@pytest.mark.parametrize("text", ["8080", "1e3", "0x1F", "2026-01-02", "off", "~x", "true"])
def test_what_yaml_takes_for_a_number_or_a_date_is_text_in_a_databag(text: str) -> None:
    output = f"""
parca/0:
  relation-info:
  - endpoint: {ENDPOINT}
    relation-id: 7
    application-data: {{scrape_jobs: {text}}}
    related-units:
      zinc/0:
        data: {{parca_scrape_unit_address: {text}}}
"""
    unit_databags = {"zinc/0": {"parca_scrape_unit_address": text}}
    expected = make_expected(7, "zinc", {SCRAPE_JOBS_KEY: text}, unit_databags)
    assert decode_text(output)[0] == [expected]


@pytest.mark.parametrize(("value", "text"), [(80, "80"), (1.5, "1.5"), (True, "true")])
def test_a_number_or_a_boolean_in_json_is_text_in_a_databag(value: object, text: str) -> None:
    unit = make_unit(parca_scrape_unit_address=value)
    expected = make_expected(
        unit_databags={"zinc/0": {**UNIT_DATABAG, "parca_scrape_unit_address": text}}
    )
    assert decode(make_relation(related_units={"zinc/0": unit})) == ([expected], [])


def test_relations_are_sorted_by_id() -> None:
    relations, problems = decode(
        make_relation(12), make_relation(7), make_relation(9, cross_model=1)
    )
    assert relations == [make_expected(7), make_expected(9), make_expected(12)]
    assert problems == []


@pytest.mark.parametrize("missing", [..., None, "seven", -1, 1.5, "1" * 5000, [1]])
def test_without_ids_relations_keep_the_order_of_the_list(missing: object) -> None:
    relations, problems = decode(make_relation(9), make_relation(missing))
    assert relations == [make_expected(0), make_expected(1)]
    assert problems == []


def test_units_are_ordered_by_number_however_they_are_printed() -> None:
    related_units = {f"zinc/{number}": make_unit() for number in (10, 2, 9)}
    ((relation,), _) = decode(make_relation(related_units=related_units))

    assert list(relation.units) == ["zinc/2", "zinc/9", "zinc/10"]


def test_a_unit_that_is_not_in_scope_is_ignored() -> None:
    units = {"zinc/0": make_unit(), "zinc/1": {"in-scope": False, "data": make_unit()["data"]}}
    assert decode(make_relation(related_units=units)) == ([make_expected()], [])


@pytest.mark.parametrize(
    "unit",
    [
        None,
        {},
        {"data": None},
        {"data": {}},
        make_unit(parca_scrape_unit_address=None, parca_scrape_unit_name=""),
    ],
)
def test_a_unit_without_data_has_no_address(unit: object) -> None:
    expected = make_expected(unit_databags={"zinc/0": {}})
    assert decode(make_relation(related_units={"zinc/0": unit})) == ([expected], [])


def test_an_application_in_another_model_has_its_name_in_this_model() -> None:
    expected = make_expected(application=REMOTE, unit_databags={f"{REMOTE}/0": UNIT_DATABAG})
    relation = make_relation(cross_model=True, related_units={f"{REMOTE}/0": make_unit()})
    assert decode(relation) == ([expected], [])


def test_an_application_in_another_model_is_shown_with_its_own_name() -> None:
    units = {f"{REMOTE}/0": make_unit(), "zinc": make_unit()}
    _, problems = decode(make_relation(cross_model=True, related_units=units))
    assert [problem.application for problem in problems] == [f"zinc ({REMOTE})"]


def test_of_a_thousand_and_more_bad_units_the_first_are_listed() -> None:
    units = {f"zinc {number}": make_unit() for number in range(1_002)}
    _, problems = decode(make_relation(related_units={**units, "zinc/0": make_unit()}))
    assert len(problems) == 1_001
    assert problems[-1] == Problem("error", "", "and 2 more problems", 7, "zinc")


@pytest.mark.parametrize("related_units", [..., None, {}])
def test_units_that_juju_omits_are_reported(related_units: object) -> None:
    problem = Problem("error", "related-units", NO_UNITS, 7, "zinc")
    assert decode(make_relation(related_units=related_units)) == (
        [make_expected(unit_databags={})],
        [problem],
    )


@pytest.mark.parametrize(
    "metadata", ["", "{", "null", "[]", '{"application": "a\\nb"}', '{"application": ""}', "{}"]
)
def test_an_application_that_nothing_names_is_unknown(metadata: str) -> None:
    app_data = {SCRAPE_JOBS_KEY: JOBS, SCRAPE_METADATA_KEY: metadata}
    [relation], problems = decode(make_relation(application_data=app_data, related_units=None))
    assert relation.application == "unknown"
    assert problems[0] == Problem("error", "related-units", NO_UNITS, 7, "unknown")


def test_a_relation_that_all_units_have_left_is_reported() -> None:
    relation = make_relation(related_units={"zinc/0": {"in-scope": False}})
    problem = Problem("warning", "related-units", NOT_IN_SCOPE, 7, "zinc")
    assert decode(relation) == ([make_expected(unit_databags={})], [problem])


@pytest.mark.parametrize("app_data", [..., None, {}, {SCRAPE_JOBS_KEY: ""}])
def test_an_application_that_publishes_nothing_beside_others_is_reported(app_data: object) -> None:
    relations, problems = decode(make_relation(7, application_data=app_data), make_relation(9))
    assert relations == [make_expected(7, app_databag={}), make_expected(9)]
    assert problems == [Problem("warning", SCRAPE_JOBS_KEY, NO_JOBS, 7, "zinc")]


@pytest.mark.parametrize(
    ("relations", "line"),
    [
        (
            [make_relation(endpoint=name) for name in ("ingress", "a\nb", ..., None)],
            f"{NO_RELATION}: try --endpoint ingress",
        ),
        (
            [make_relation(endpoint=name) for name in ("ingress", "grafana-source")],
            f"{NO_RELATION}: try --endpoint grafana-source or ingress",
        ),
        ([], NO_RELATION),
    ],
)
def test_a_unit_without_a_relation_on_the_endpoint_is_refused(
    relations: List[object], line: str
) -> None:
    with pytest.raises(CommandError) as caught:
        decode(*relations)
    assert str(caught.value) == line


@pytest.mark.parametrize(
    ("changes", "path", "rule"),
    [
        ({"application_data": {"x": {}}}, "application-data.x", "must be a string"),
        ({"application_data": "x"}, "application-data", "must be an object"),
        ({"related_units": ["zinc/0"]}, "related-units", "must be an object"),
        ({"related_units": {"zinc/0": 5}}, 'related-units["zinc/0"]', "must be an object"),
        (
            {"related_units": {"zinc/0": {"data": []}}},
            'related-units["zinc/0"].data',
            "must be an object",
        ),
        (
            {"related_units": {"zinc/0": {"data": {"a b": []}}}},
            'related-units["zinc/0"].data["a b"]',
            "must be a string",
        ),
        (
            {"related_units": {"zinc/0": make_unit(), "a\nb/0": {}}},
            'related-units["a\\nb/0"]',
            "must be a unit name such as zinc/0",
        ),
    ],
)
def test_damage_in_a_relation_is_reported_with_its_path(
    changes: Dict[str, object], path: str, rule: str
) -> None:
    relations, problems = decode(make_relation(3), make_relation(7, **changes))
    assert relations[0] == make_expected(3)
    assert problems[0] == Problem("error", path, rule, 7, "zinc")


def test_of_several_units_the_one_with_relations_of_the_endpoint_is_read() -> None:
    dump = {
        **make_dump(make_relation(3, endpoint="db"), unit_name="mysql/0"),
        **make_dump(make_relation(7)),
    }
    assert decode_text(write_json(dump)) == ([make_expected()], [])


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", "empty"),
        ("\n# nothing\n", "empty"),
        ("{}", "empty"),
        ("null", "empty"),
        ("[]", "empty"),
        ("ERROR unit not found", "no unit found"),
        ("5", "no unit found"),
        ("[parca/0]", "no unit found"),
        # juju status
        ("model: {name: cos}\nmachines: {}\napplications: {parca: {units: {}}}", "no unit found"),
        # juju show-application
        ("parca:\n  charm: parca-k8s\n  endpoint-bindings: {}", "no unit found"),
        # juju run
        ("parca/0:\n  id: '2'\n  results: {return-code: 0}\n  status: completed", "no unit found"),
        ("parca/0:", "no unit found"),
        ("parca/0: {relation-info: x}", "malformed relation-info of parca/0"),
        ('{"parca/0": {"relation-info": [[]]}}', "malformed relation-info of parca/0"),
        ("a: b: c", "not valid YAML or JSON: see line 1"),
    ],
)
def test_a_text_of_another_kind_is_refused_in_one_line(text: str, line: str) -> None:
    with pytest.raises(CommandError) as caught:
        decode_text(text)
    assert str(caught.value) == line


# The keys that output is likely to have, so that some of the random output still has relations.
WORDS = (
    "parca/0 charm relation-info relation-id endpoint profiling-endpoint application-data"
    " related-units zinc/0 in-scope data scrape_jobs scrape_metadata parca_scrape_unit_address"
)
KEYS = st.sampled_from([*WORDS.split(), JOBS, METADATA])
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | KEYS
TREES = st.recursive(
    LEAVES,
    lambda children: st.lists(children) | st.dictionaries(KEYS | st.text(), children),
    max_leaves=20,
)
RELATIONS = st.fixed_dictionaries(
    {"endpoint": st.just(ENDPOINT)},
    optional={
        "relation-id": LEAVES,
        "application-data": TREES | st.dictionaries(KEYS, LEAVES),
        "related-units": TREES | st.dictionaries(KEYS | st.text(), TREES),
    },
)


@given(st.lists(RELATIONS | TREES) | TREES, st.sampled_from(WRITERS))
def test_any_dump_is_read_or_refused_in_one_line(
    relation_info: object, write: Callable[[object], str]
) -> None:
    check(write({"parca/0": {"relation-info": relation_info}}))


@given(st.text() | TREES.map(write_json))
def test_any_text_is_read_or_refused_in_one_line(text: str) -> None:
    check(text)


def check(text: str) -> None:
    """Check that a text gives relations that can be rendered, or one line."""
    relations: List[RelationDatabags] = []
    try:
        relations, problems = decode_text(text)
        lines = [str(problem) for problem in problems]
    except CommandError as error:
        lines = [str(error)]
    assert all(relation.application for relation in relations)
    lines += [str(problem) for problem in render(relations)[1]]
    assert all(line.isprintable() for line in lines)
