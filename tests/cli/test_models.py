from __future__ import annotations

import copy
import json
from typing import Dict, List

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from parca_scrape import Problem
from parca_scrape._getters import as_object
from parca_scrape.cli.models import check_models
from tests.cli import deployed
from tests.cli.deployments import Deployment, Relation, Side, Unit, show_unit
from tests.cli.golden_files import INPUTS

VERSIONS = ("3.6", "4.0.5", "4.0.16")
COLLECT = 'juju exec --format yaml --unit parca/0 "$(parca-scrape collect)"'
MISSING = (
    "scrape_jobs: not in the input: the charm has not published it yet, or Juju shows it only for"
    " other units, as Juju 4 does: pass the output of"
)
ADDRESS_RULE = (
    "parca_scrape_unit_address: must be a host name (at most 253 characters) or an IP address,"
    " without a scheme, port, path or spaces"
)
EXPECTED = (
    "expected the output of juju show-unit, or of the script that parca-scrape collect prints"
)


def check(document: object, endpoint: str = "profiling-endpoint") -> List[str]:
    """Return the lines of the problems of a model."""
    return list(map(str, check_models({"cos": document}, endpoint)["cos"]))


def gather(deployment: Deployment, juju: str) -> object:
    """Return what juju-doctor gathers of a model: the output for all its units."""
    units = [unit for one in deployment.applications for unit in one.unit_names]
    return yaml.safe_load(show_unit(deployment, *units, juju=juju))


def publish_badly(provider: Side) -> Side:
    """Return a side whose units publish an address that is none."""
    units = tuple(
        Unit(unit.name, unit.address, {**unit.databag, "parca_scrape_unit_address": "a b"})
        for unit in provider.units
    )
    return Side(provider.application, provider.endpoint, units, provider.app_databag)


@pytest.mark.parametrize("juju", VERSIONS)
@pytest.mark.parametrize("name", ["machine", "peers", "both-roles", "cross-model-offered"])
def test_a_healthy_model_has_no_problems(name: str, juju: str) -> None:
    assert check(gather(deployed.DEPLOYMENTS[name], juju)) == []


@pytest.mark.parametrize("juju", VERSIONS)
def test_each_parca_of_a_model_is_checked(juju: str) -> None:
    both = deployed.BOTH_ROLES
    relations = tuple(
        Relation(relation.relation_id, (publish_badly(relation.sides[0]), relation.sides[1]))
        for relation in both.relations
    )
    assert sorted(check(gather(Deployment(both.applications, relations), juju))) == [
        f"error: relation 6 parca-edge/0: {ADDRESS_RULE}",
        f"error: relation 8 parca/0: {ADDRESS_RULE}",
    ]


@pytest.mark.parametrize("juju", VERSIONS)
def test_the_problems_are_those_that_the_command_finds(juju: str) -> None:
    golden = INPUTS.parent / "check" / "kubernetes.json"
    findings: List[Dict[str, object]] = json.loads(golden.read_text(encoding="utf-8"))["findings"]
    found = check_models({"cos": gather(deployed.KUBERNETES, juju)})["cos"]
    keys = ("severity", "relation_id", "application", "unit", "path", "message")
    assert [[getattr(problem, key) for key in keys] for problem in found] == [
        [finding[key] for key in keys] for finding in findings if finding["severity"] != "note"
    ]


def test_each_model_has_its_own_problems() -> None:
    healthy = gather(deployed.PEERS, "3.6")
    other = gather(deployed.MACHINE, "3.6")
    assert check_models({"cos": healthy, "edge": "", "machines": other}) == {
        "cos": [],
        "edge": [Problem("error", "", f"empty; {EXPECTED}")],
        "machines": [],
    }


def test_a_model_without_such_a_relation_has_no_problems() -> None:
    assert check(gather(deployed.PEERS, "3.6"), endpoint="self-profiling-endpoint") == []


def test_another_endpoint_can_be_checked() -> None:
    side = Side("zinc", "profiling", (Unit("zinc/0", "10.1.80.21", {}),), {"scrape_jobs": "{}"})
    parca = Side("parca", "profiled", deployed.idle(deployed.PARCA))
    model = gather(
        Deployment((deployed.PARCA, deployed.ZINC), (Relation(1, (side, parca)),)), "3.6"
    )
    assert check(model) == []
    assert check(model, endpoint="profiled") == [
        "error: relation 1 zinc: scrape_jobs: must be a list"
    ]


def test_jobs_that_a_file_lacks_are_an_error() -> None:
    model = yaml.safe_load(show_unit(deployed.PEERS, "parca/0", juju="4.0.16"))
    assert check(model) == [
        f"error: relation 10 database: {MISSING} juju show-unit parca/0 database/0, or of"
        f" {COLLECT}"
    ]


def test_only_units_of_an_application_do_not_show_its_jobs_up_to_juju_3() -> None:
    model = yaml.safe_load(show_unit(deployed.PEERS, "database/0", juju="3.6"))
    assert check(model) == [
        f"error: relation 10 database: {MISSING} juju show-unit database/0 parca/0, or of"
        f" {COLLECT}"
    ]


@pytest.mark.parametrize(
    ("juju", "application"), [("4.0.5", "unknown"), ("4.0.16", deployed.REMOTE)]
)
def test_jobs_in_another_model_are_an_error_where_juju_does_not_show_them(
    juju: str, application: str
) -> None:
    [line] = check(gather(deployed.OFFERING, juju))
    assert line == f"error: relation 2 {application}: {MISSING} {COLLECT}"


@pytest.mark.parametrize("juju", VERSIONS)
def test_what_juju_shows_in_the_model_of_the_application_is_checked(juju: str) -> None:
    offer = deployed.CONSUMED.relations[0]
    jobs = {**offer.sides[0].app_databag, "scrape_jobs": '[{"scheme": "ftp"}]'}
    provider = Side("zinc", "profiling-endpoint", offer.sides[0].units, jobs)
    relation = Relation(31, (provider, offer.sides[1]), is_cross_model=True)
    model = gather(Deployment((deployed.ZINC,), (relation,)), juju)
    lines = [
        "error: relation 31 zinc: scrape_jobs[0].scheme: must be http or https; the job is skipped"
    ]
    assert check(model) == ([] if juju == "3.6" else lines)


def test_the_output_of_the_script_is_checked() -> None:
    collected = (INPUTS / "kubernetes-collected.txt").read_text(encoding="utf-8")
    result = {"id": "7", "results": {"return-code": 0, "stdout": collected}, "status": "completed"}
    assert check({"parca/0": result}) == check(gather(deployed.KUBERNETES, "3.6"))


@pytest.mark.parametrize(
    ("document", "error"),
    [
        (None, "empty"),
        ([], "empty"),
        ({"model": {"name": "cos"}}, "no unit found"),
        ({"parca/0": {"charm": "x", "relation-info": [1]}}, "malformed relation-info of parca/0"),
    ],
)
def test_another_document_is_an_error(document: object, error: str) -> None:
    assert check(document) == [f"error: {error}; {EXPECTED}"]


def test_what_utf_8_cannot_hold_is_an_error_of_its_own_model() -> None:
    surrogates = {"parca/0": {"charm": "\ud83d\ude00"}}
    good = gather(deployed.MACHINE, "3.6")
    problems = check_models({"odd": surrogates, "good": good})
    assert [*map(str, problems["odd"])] == [f"error: cannot be written as YAML; {EXPECTED}"]
    assert problems["good"] == []


def test_both_kinds_of_output_in_one_document_are_an_error() -> None:
    collected = (INPUTS / "kubernetes-collected.txt").read_text(encoding="utf-8")
    result = {"results": {"return-code": 0, "stdout": collected}}
    units = as_object(gather(deployed.KUBERNETES, "3.6")) or {}
    assert check({**units, "machine-0": result}) == [
        "error: the output of juju show-unit cannot be combined with that of the script: pass one"
        " of them"
    ]


def test_the_output_of_the_script_can_have_no_relation() -> None:
    lines = [
        '{"parca-scrape": 1, "endpoint": "profiling-endpoint", "unit": "parca/0"}',
        '{"end": 1}',
    ]
    assert check({"parca/0": {"results": {"stdout": "\n".join(lines)}}}) == []


def test_a_problem_of_the_input_is_reported_once_for_all_units_of_parca() -> None:
    model = yaml.safe_load(show_unit(deployed.MACHINE, "parca/0", juju="3.6"))
    [relation] = model["parca/0"]["relation-info"]
    relation["application-data"]["scrape_jobs"] = ["no", "text"]
    lines = check({"parca/0": model["parca/0"], "parca/1": copy.deepcopy(model["parca/0"])})
    assert lines == [
        "error: relation 4 juju-introspect: application-data.scrape_jobs: must be a string",
        "warning: relation 4 juju-introspect: scrape_jobs: missing, so nothing is scraped: the"
        " charm has not published it yet, or the interface of the endpoint is not parca_scrape",
    ]


def test_units_of_several_models_are_an_error() -> None:
    text = show_unit(deployed.PEERS, "parca/0", juju="3.6")
    other = show_unit(deployed.MACHINE, "juju-introspect/0", juju="3.6")
    model = yaml.safe_load(text + other.replace("relation-id: 4", "relation-id: 10"))
    assert check(model) == [
        "error: parca/0 and juju-introspect/0 are in different models, and relation ids differ"
        " between models: pass the units of one model"
    ]


def test_an_output_without_relation_ids_shows_one_parca() -> None:
    assert check(gather(deployed.PEERS, "2.9.0")) == []


def test_aliases_do_not_expand() -> None:
    bomb: object = "text"
    for _ in range(40):
        bomb = [bomb, bomb]
    assert check({"parca/0": {"charm": bomb}}) == [
        f"error: YAML aliases are not allowed: they can expand without limit; {EXPECTED}"
    ]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
KEYS = st.sampled_from(["relation-id", "endpoint", "application-data", "related-units", "data"])


@given(
    VALUES
    | st.fixed_dictionaries(
        {
            "parca/0": st.fixed_dictionaries(
                {
                    "charm": VALUES,
                    "relation-info": st.lists(st.dictionaries(KEYS, VALUES), max_size=2),
                }
            )
        }
    )
)
def test_any_document_gives_problems_of_one_line(document: object) -> None:
    assert all(line.isprintable() for line in check(document))
