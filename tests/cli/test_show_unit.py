from __future__ import annotations

import json
from typing import Callable, Dict, List, Optional, Tuple

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from parca_scrape import Problem
from parca_scrape.cli import plain_yaml
from parca_scrape.cli.plain_yaml import MAX_DEPTH, UnusableInputError
from parca_scrape.cli.show_unit import read_show_unit
from parca_scrape.databag import SCRAPE_JOBS_KEY, SCRAPE_METADATA_KEY
from parca_scrape.render import RelationDatabags

ENDPOINT = "profiling-endpoint"
HINT = "give what `juju show-unit parca/0` prints"
JOBS = '[{"static_configs": [{"targets": ["*:8080"]}]}]'
METADATA = json.dumps({"model": "cos", "model_uuid": "a1", "application": "zinc"})
REMOTE = "remote-5e0d9c7ab21f4d0f8a6b3c4d5e6f7a8b"
NO_JOBS = (
    "not published, so nothing is scraped: the charm has not done it yet, or the endpoint is not"
    " one that requires parca_scrape"
)
NO_UNITS = (
    "not in the dump, so nothing is scraped: show-unit --app leaves them out, and so does Juju 4.0"
    " up to 4.0.5"
)
NOT_IN_SCOPE = "no unit is in scope, so nothing is scraped: departed, or not there yet"
Object = Dict[str, object]


def write_yaml(dump: object) -> str:
    return yaml.safe_dump(dump, sort_keys=False)


def write_json(dump: object) -> str:
    return json.dumps(dump)


WRITERS = [write_yaml, write_json]


@pytest.fixture(params=["CBaseLoader", "BaseLoader"])
def _each_loader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read with libyaml, and as where PyYAML was built without it."""
    loader = getattr(yaml, request.param, None)
    if loader is None:
        pytest.skip("PyYAML was built without libyaml")
    monkeypatch.setattr(plain_yaml, "LOADER", loader)


def make_unit(address: Optional[str] = "zinc-0.local", name: str = "zinc/0") -> Object:
    data = {"parca_scrape_unit_address": address, "parca_scrape_unit_name": name}
    return {"in-scope": True, "data": data}


def make_relation(relation_id: object = 7, **changes: object) -> Object:
    """Give a relation as Juju prints it; `related_units` stands for `related-units`."""
    relation: Object = {
        "relation-id": relation_id,
        "endpoint": ENDPOINT,
        "related-endpoint": "profiling",
        "application-data": {SCRAPE_JOBS_KEY: JOBS, SCRAPE_METADATA_KEY: METADATA},
        "local-unit": {"in-scope": True, "data": {"ingress-address": "10.1.80.14"}},
        "related-units": {"zinc/0": make_unit()},
    }
    relation.update({key.replace("_", "-"): value for key, value in changes.items()})
    return {key: value for key, value in relation.items() if value is not ...}


def make_dump(*relations: object, unit_name: str = "parca/0") -> Object:
    return {unit_name: {"charm": "ch:amd64/parca-k8s-401", "relation-info": [*relations]}}


def make_databags(
    relation_id: int = 7,
    application: str = "zinc",
    units: Tuple[Tuple[str, str, str], ...] = (("zinc/0", "zinc-0.local", "zinc/0"),),
) -> RelationDatabags:
    app_databag = {SCRAPE_JOBS_KEY: JOBS, SCRAPE_METADATA_KEY: METADATA}
    return RelationDatabags(relation_id, application, app_databag, list(units))


def read(*relations: object) -> Tuple[List[RelationDatabags], List[Problem]]:
    return read_show_unit(write_json(make_dump(*relations)), ENDPOINT)


@pytest.mark.usefixtures("_each_loader")
@pytest.mark.parametrize("write", WRITERS)
def test_relations_of_the_endpoint_are_read_and_others_are_not(
    write: Callable[[object], str],
) -> None:
    dump = make_dump(make_relation(3, endpoint="ingress"), make_relation(7))
    assert read_show_unit(write(dump), ENDPOINT) == ([make_databags()], [])


@pytest.mark.usefixtures("_each_loader")
@pytest.mark.parametrize(
    "text", ["8080", "1e3", "0x1F", "2026-01-02", "12:30:45", "=", "<<", "off"]
)
def test_what_yaml_takes_for_a_number_or_a_date_stays_text(text: str) -> None:
    dump = f"""
parca/0:
  relation-info:
  - endpoint: {ENDPOINT}
    relation-id: 7
    application-data: {{scrape_jobs: {text}}}
    related-units:
      zinc/0:
        data: {{parca_scrape_unit_address: {text}}}
"""
    databags = RelationDatabags(7, "zinc", {SCRAPE_JOBS_KEY: text}, [("zinc/0", text, "")])
    assert read_show_unit(dump, ENDPOINT) == ([databags], [])


def test_numbers_and_booleans_in_json_are_text_as_they_are_written() -> None:
    number = "1" * 5000
    dump = write_json(make_dump(make_relation(application_data={SCRAPE_JOBS_KEY: True})))
    [relation], problems = read_show_unit(dump.replace("true", number, 1), ENDPOINT)
    assert (relation.app_databag, problems) == ({SCRAPE_JOBS_KEY: number}, [])


def test_relations_stand_in_order_of_their_ids() -> None:
    relations, problems = read(
        make_relation(12), make_relation(7), make_relation(7, cross_model=1)
    )
    assert relations == [make_databags(7), make_databags(7), make_databags(12)]
    assert problems == []


@pytest.mark.parametrize("missing", [..., None, "seven", -1, 1.5, "1" * 5000, [1]])
def test_without_ids_the_order_of_the_list_is_that_of_the_relations(missing: object) -> None:
    relations, problems = read(make_relation(9), make_relation(missing))
    assert relations == [make_databags(0), make_databags(1)]
    assert problems == []


def test_a_unit_that_is_not_in_scope_does_not_count() -> None:
    units = {"zinc/0": make_unit(), "zinc/1": {"in-scope": False, "data": make_unit()["data"]}}
    assert read(make_relation(related_units=units)) == ([make_databags()], [])


@pytest.mark.parametrize("unit", [None, {}, {"data": None}, {"data": {}}, make_unit(None, "")])
def test_a_unit_without_data_is_there_without_an_address(unit: object) -> None:
    databags = make_databags(units=(("zinc/0", "", ""),))
    assert read(make_relation(related_units={"zinc/0": unit})) == ([databags], [])


def test_the_application_across_models_has_the_name_that_it_has_here() -> None:
    databags = make_databags(application=REMOTE, units=((f"{REMOTE}/0", "a.lxd", "zinc/0"),))
    relation = make_relation(cross_model=True, related_units={f"{REMOTE}/0": make_unit("a.lxd")})
    assert read(relation) == ([databags], [])


@pytest.mark.parametrize("related_units", [..., None, {}])
def test_units_that_juju_leaves_out_are_told_of(related_units: object) -> None:
    problem = Problem("warning", "related-units", NO_UNITS, 7, "zinc")
    assert read(make_relation(related_units=related_units)) == (
        [make_databags(units=())],
        [problem],
    )


@pytest.mark.parametrize(
    "metadata", ["", "{", "null", "[]", '{"application": "a\\nb"}', '{"application": ""}', "{}"]
)
def test_an_application_that_nothing_names_is_unknown(metadata: str) -> None:
    app_data = {SCRAPE_JOBS_KEY: JOBS, SCRAPE_METADATA_KEY: metadata}
    [relation], problems = read(make_relation(application_data=app_data, related_units=None))
    assert relation.application == "unknown"
    assert problems == [Problem("warning", "related-units", NO_UNITS, 7, "unknown")]


def test_a_relation_that_all_units_have_left_is_told_of() -> None:
    relation = make_relation(related_units={"zinc/0": {"in-scope": False}})
    problem = Problem("warning", "related-units", NOT_IN_SCOPE, 7, "zinc")
    assert read(relation) == ([make_databags(units=())], [problem])


@pytest.mark.parametrize("app_data", [..., None, {}, {SCRAPE_JOBS_KEY: ""}])
def test_an_application_that_publishes_nothing_is_told_of(app_data: object) -> None:
    [relation], problems = read(make_relation(application_data=app_data))
    assert relation.app_databag == {}
    assert problems == [Problem("warning", SCRAPE_JOBS_KEY, NO_JOBS, 7, "zinc")]


@pytest.mark.parametrize(
    ("relations", "line"),
    [
        (
            [make_relation(endpoint=name) for name in ("ingress", "a\nb", ..., None)],
            "no relation of this endpoint, so nothing is scraped: --endpoint may be ingress",
        ),
        ([], "no relation of this endpoint, so nothing is scraped"),
    ],
)
def test_a_unit_without_a_relation_of_the_endpoint_is_told_of(
    relations: List[object], line: str
) -> None:
    assert read(*relations) == ([], [Problem("warning", "relation-info", line)])


@pytest.mark.parametrize(
    ("changes", "path", "rule"),
    [
        ({"application_data": {"x": {}}}, "application-data.x", "must be text"),
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
            "must be text",
        ),
        (
            {"related_units": {"zinc/0": make_unit(), "a\nb/0": {}}},
            'related-units["a\\nb/0"]',
            "must be the name of a unit, such as zinc/0",
        ),
    ],
)
def test_damage_in_a_relation_is_told_of_where_it_is(
    changes: Dict[str, object], path: str, rule: str
) -> None:
    relations, problems = read(make_relation(3), make_relation(7, **changes))
    assert relations[0] == make_databags(3)
    assert problems[0] == Problem("error", path, rule, 7, "zinc")


def test_of_several_units_the_one_with_relations_of_the_endpoint_is_read() -> None:
    dump = {
        **make_dump(make_relation(3, endpoint="db"), unit_name="mysql/0"),
        **make_dump(make_relation(7)),
    }
    assert read_show_unit(write_json(dump), ENDPOINT) == ([make_databags()], [])


def test_of_several_units_with_relations_of_the_endpoint_none_is_chosen() -> None:
    dump = {
        **make_dump(make_relation(7)),
        **make_dump(make_relation(7), unit_name="parca/1"),
    }
    with pytest.raises(UnusableInputError) as caught:
        read_show_unit(write_json(dump), ENDPOINT)
    line = "holds relations of parca/0, parca/1: ask Juju for one unit at a time"
    assert str(caught.value) == line


NESTED_LIST = "[" * (MAX_DEPTH + 2)
BOMB = "\n".join(
    ["a0: &a0 [x, x]", *[f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 30)]]
)


@pytest.mark.usefixtures("_each_loader")
@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", "holds nothing"),
        ("\n# nothing\n", "holds nothing"),
        ("{}", "holds nothing"),
        ("null", "holds nothing"),
        ("ERROR unit not found", "holds no unit"),
        ("[]", "holds nothing"),
        ("5", "holds no unit"),
        ("[parca/0]", "holds no unit"),
        # juju status
        ("model: {name: cos}\nmachines: {}\napplications: {parca: {units: {}}}", "holds no unit"),
        # juju show-application
        ("parca:\n  charm: parca-k8s\n  endpoint-bindings: {}", "holds no unit"),
        # juju run
        ("parca/0:\n  id: '2'\n  results: {return-code: 0}\n  status: completed", "holds no unit"),
        ("parca/0:", "holds no unit"),
        ("parca/0: {relation-info: x}", "holds a relation-info of parca/0 that Juju never prints"),
        (
            '{"parca/0": {"relation-info": [[]]}}',
            "holds a relation-info of parca/0 that Juju never prints",
        ),
        ("--- {}\n--- {}", "holds more than one YAML document"),
        ("a: &x 1\nb: *x", "has YAML aliases, with which a small file can grow without end"),
        ("&x [*x]", "has YAML aliases, with which a small file can grow without end"),
        (BOMB, "has YAML aliases, with which a small file can grow without end"),
        (NESTED_LIST, "is nested too deep"),
        ("[" * 100_000, "is nested too deep"),
        ('{"a":' * 100_000, "is nested too deep"),
        ("- " * 100_000, "is nested too deep"),
        ("[" * 100_000 + "]" * 100_000, "is nested too deep"),
        ("a: 1\nb: c: d", "is neither YAML nor JSON, see line 2"),
        ('{"parca/0":\n]', "is neither YAML nor JSON, see line 2"),
        ("Model  Controller\ncos    k8s:\n  x", "is neither YAML nor JSON, see line 2"),
        ("a\x00b", "is neither YAML nor JSON"),
        ("\ud800", "is neither YAML nor JSON"),
    ],
)
def test_a_text_of_another_kind_is_refused_in_one_line(text: str, line: str) -> None:
    with pytest.raises(UnusableInputError) as caught:
        read_show_unit(text, ENDPOINT)
    assert str(caught.value) == f"{line}: {HINT}"


# What a mutation of a dump is likely to be made of, so that some of them still have relations.
KEYS = st.sampled_from(
    [
        "parca/0",
        "charm",
        "relation-info",
        "relation-id",
        "endpoint",
        ENDPOINT,
        "application-data",
        "related-units",
        "zinc/0",
        "in-scope",
        "data",
        SCRAPE_JOBS_KEY,
        SCRAPE_METADATA_KEY,
        JOBS,
        METADATA,
        "parca_scrape_unit_address",
    ]
)
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
    """Hold that a text gives relations that name an application, or one line."""
    try:
        relations, problems = read_show_unit(text, ENDPOINT)
        lines = [str(problem) for problem in problems]
    except UnusableInputError as error:
        relations, lines = [], [str(error)]
    assert all(line.isprintable() for line in lines)
    for relation in relations:
        assert relation.application
        texts = [
            *relation.app_databag.values(),
            *(text for unit in relation.units for text in unit),
        ]
        assert all(isinstance(text, str) for text in texts)
