from __future__ import annotations

import dataclasses
import json
import re
from typing import Dict, List, Mapping, Tuple

import pytest

from parca_scrape.cli.console import CommandError
from parca_scrape.cli.joining import join_sides
from parca_scrape.cli.plain_yaml import load
from parca_scrape.cli.relations import RelationTexts, render_texts
from parca_scrape.cli.show_unit import ShownRelation, decode_show_unit
from parca_scrape.problems import Problem
from tests.cli import deployed
from tests.cli.deployments import VERSIONS, Deployment, show_unit

ENDPOINT = "profiling-endpoint"
FORMS = ("yaml", "json")
OLD = ("2.9", "3.6", "3-with-local-unit")
NEW = ("4.0.5", "4.0.16", "4-with-local-unit", "4-without-related-units")
KUBERNETES = deployed.DEPLOYMENTS["kubernetes"]
COLLECT = 'juju exec --unit parca/0 "$(parca-scrape collect)"'
MISSING = (
    "not in the input: the charm has not published it yet, or Juju shows it only for other units,"
    " as Juju 4 does: pass the output of "
)


def join(*texts: str, endpoint: str = ENDPOINT) -> List[RelationTexts]:
    """Return the relations that the output for some units shows together."""
    units: Dict[str, List[ShownRelation]] = {}
    for text in texts:
        units.update(decode_show_unit(load(text)))
    return join_sides(units, endpoint)


def shown(
    deployment: Deployment, *units: str, juju: str, form: str = "yaml"
) -> List[RelationTexts]:
    return join(show_unit(deployment, *units, juju=juju, form=form))


def profiled_units(deployment: Deployment) -> List[str]:
    """Return the units of Parca and of what it scrapes."""
    endpoints = {
        application.name: {
            relation.own_side(application.name).endpoint
            for relation in deployment.relations_of(application.name)
        }
        for application in deployment.applications
    }
    return [
        unit
        for application in deployment.applications
        for unit in application.unit_names
        if ENDPOINT in endpoints[application.name]
    ]


Published = List[Tuple[int, str, Mapping[str, str], Mapping[str, Mapping[str, str]]]]


def published(relations: List[RelationTexts]) -> Published:
    """Return what the charms wrote, without what Juju itself writes into the databags of units."""
    return [
        (
            relation.relation_id,
            relation.application,
            relation.app_databag,
            {
                unit: {key: text for key, text in databag.items() if key.startswith("parca_")}
                for unit, databag in sorted(relation.unit_databags.items())
            },
        )
        for relation in relations
    ]


@pytest.mark.parametrize("name", ["kubernetes", "machine", "peers"])
@pytest.mark.parametrize("form", FORMS)
def test_every_version_shows_the_same_relations(name: str, form: str) -> None:
    deployment = deployed.DEPLOYMENTS[name]
    expected = published(shown(deployment, "parca/0", juju="3.6"))
    units = profiled_units(deployment)
    for version in (*OLD, *NEW):
        assert published(shown(deployment, *units, juju=version, form=form)) == expected
        if version in OLD:
            assert published(shown(deployment, "parca/0", juju=version, form=form)) == expected


def test_relations_without_ids_are_joined_by_their_applications() -> None:
    units = profiled_units(KUBERNETES)
    joined = published(shown(KUBERNETES, *units, juju="2.9.0"))
    assert [relation[1:] for relation in joined] == [
        relation[1:] for relation in published(shown(KUBERNETES, "parca/0", juju="3.6"))
    ]


def test_output_for_each_unit_may_come_from_files_of_its_own() -> None:
    units = profiled_units(KUBERNETES)
    texts = [show_unit(KUBERNETES, unit, juju="4.0.5") for unit in units]
    assert published(join(*texts)) == published(shown(KUBERNETES, "parca/0", juju="3.6"))


@pytest.mark.parametrize("version", NEW)
def test_juju_4_leaves_out_the_jobs_of_a_unit_that_the_output_is_not_for(version: str) -> None:
    [zinc, *others] = shown(KUBERNETES, "parca/0", "zinc/0", juju=version)
    assert zinc.is_whole
    assert zinc.problems == []
    for relation in others:
        [problem] = relation.problems
        assert (relation.is_whole, problem.severity, problem.path) == (
            False,
            "error",
            "scrape_jobs",
        )
        assert problem.message.startswith(MISSING)
        assert problem.message.endswith(COLLECT)


@pytest.mark.parametrize("version", ["4.0.16", "4-with-local-unit"])
def test_the_command_that_brings_what_is_missing_names_one_unit_of_each(version: str) -> None:
    relations = shown(KUBERNETES, "parca/0", "zinc/0", juju=version)
    command = "juju show-unit parca/0 zinc/0 grafana/0 shop/0"
    messages = {problem.message for relation in relations for problem in relation.problems}
    assert messages == {f"{MISSING}{command}, or of {COLLECT}"}
    units = command.split()[2:]
    complete = shown(KUBERNETES, *units, juju=version)
    assert all(relation.is_whole for relation in complete)


def test_what_is_missing_is_named_although_another_relation_has_a_problem() -> None:
    problem = Problem("warning", "scrape_jobs", "missing, so nothing is scraped")
    gap = Problem("error", "scrape_jobs", "not in the input")
    relations = [
        RelationTexts(7, "zinc", {}, {}, [problem]),
        RelationTexts(9, "shop", {}, {}, [gap], is_whole=False),
    ]
    with pytest.raises(CommandError, match=r"^relation 9 shop: scrape_jobs: not in the input$"):
        render_texts(relations)


def test_the_command_names_the_endpoint() -> None:
    text = show_unit(KUBERNETES, "parca/0", juju="4.0.5").replace(ENDPOINT, "profiles")
    with pytest.raises(CommandError, match=re.escape('"$(parca-scrape collect profiles)"')):
        render_texts(join(text, endpoint="profiles"))


@pytest.mark.parametrize("version", ["4.0.5", "4-with-local-unit"])
def test_the_output_for_a_provider_alone_shows_what_parca_gets_of_it(version: str) -> None:
    [expected, *_] = shown(KUBERNETES, "parca/0", juju="3.6")
    relations = shown(KUBERNETES, "zinc/0", "zinc/1", juju=version)
    assert published(relations) == published([expected])


@pytest.mark.parametrize("version", ["2.9", "3.6", "4.0.16"])
def test_the_output_for_a_provider_alone_is_missing_what_it_does_not_show(version: str) -> None:
    [relation] = shown(KUBERNETES, "zinc/0", juju=version)
    assert (relation.application, relation.is_whole) == ("zinc", False)
    [problem] = relation.problems
    command = f"pass the output of juju show-unit zinc/0 parca/0, or of {COLLECT}"
    assert problem.message.endswith(command)


@pytest.mark.parametrize("name", ["cross-model-consuming", "cross-model-offering"])
@pytest.mark.parametrize("version", NEW)
def test_across_models_only_the_script_brings_what_is_missing(name: str, version: str) -> None:
    relations = shown(deployed.DEPLOYMENTS[name], "parca/0", juju=version)
    messages = [problem.message for relation in relations for problem in relation.problems]
    assert messages
    assert all(COLLECT in message for message in messages)


@pytest.mark.parametrize("version", sorted({*OLD, *NEW} - {"2.9.0"}))
def test_an_application_that_is_scraped_can_run_parca_too(version: str) -> None:
    deployment = deployed.DEPLOYMENTS["both-roles"]
    relations = shown(deployment, "parca/0", juju=version)
    assert [relation.relation_id for relation in relations] == [6]


def test_units_of_several_parca_charms_are_refused() -> None:
    with pytest.raises(CommandError) as caught:
        shown(deployed.DEPLOYMENTS["both-roles"], "parca/0", "parca-edge/0", juju="4.0.16")
    assert str(caught.value) == (
        "the input has units of several Parca charms (parca, parca-edge): pass the units of one of"
        " them, or the output of the script of parca-scrape collect on its unit"
    )


DIFFERENT = (
    "{} and {} are in different models, and relation ids differ between models:"
    " pass the units of one model"
)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("kubernetes", "parca/0"), ("cross-model-consumed", "zinc/0")),
        (("cross-model-offering", "parca/0"), ("cross-model-consumed", "zinc/0")),
        (("cross-model-consuming", "parca/0"), ("cross-model-offered", "zinc/0")),
    ],
)
@pytest.mark.parametrize("version", ["3.6", "4.0.5", "4.0.16"])
def test_units_of_different_models_are_refused(
    one: List[str], other: List[str], version: str
) -> None:
    texts = [
        show_unit(deployed.DEPLOYMENTS[name], unit, juju=version) for name, unit in (one, other)
    ]
    with pytest.raises(CommandError, match="in different models"):
        join(*texts)


def test_a_relation_whose_ends_do_not_match_is_of_different_models() -> None:
    entries = {
        "parca/0": {"relation-id": 7, "endpoint": ENDPOINT, "related-endpoint": "profiling"},
        "mysql/0": {"relation-id": 7, "endpoint": "db", "related-endpoint": "mysql"},
    }
    text = json.dumps({unit: {"relation-info": [entry]} for unit, entry in entries.items()})
    with pytest.raises(CommandError) as caught:
        join(text)
    assert str(caught.value) == DIFFERENT.format("parca/0", "mysql/0")


def test_a_provider_that_another_parca_scrapes_is_refused() -> None:
    other = {
        "relation-id": 99,
        "endpoint": "profiling",
        "related-endpoint": ENDPOINT,
        "related-units": {"parca-b/0": {"in-scope": True}},
    }
    api = json.dumps({"api/0": {"relation-info": [other]}})
    with pytest.raises(CommandError) as caught:
        join(show_unit(KUBERNETES, "parca/0", juju="3.6"), api)
    assert str(caught.value) == (
        "parca/0 and api/0 have no relation in common: either they are in different models, or"
        " another Parca scrapes api/0; leave out api/0"
    )


def test_a_unit_that_parca_sees_depart_is_left_out_of_its_own_output() -> None:
    text = show_unit(KUBERNETES, *profiled_units(KUBERNETES), juju="4-with-local-unit")
    departed = text.replace("zinc/1:\n        in-scope: true", "zinc/1:\n        in-scope: false")
    assert departed != text
    [zinc, *_] = join(departed)
    assert sorted(zinc.unit_databags) == ["zinc/0"]


def test_all_versions_of_the_model_are_tried() -> None:
    assert {*OLD, *NEW, "2.9.0"} == {*VERSIONS}


@pytest.mark.parametrize("version", [*OLD, *NEW])
def test_the_charm_tells_which_side_parca_is_on_before_anything_is_published(version: str) -> None:
    deployment = unpublish(deployed.DEPLOYMENTS["peers"])
    [alone] = shown(deployment, "parca/0", juju=version)
    assert (alone.is_whole, alone.app_databag) == (False, {})
    assert alone.problems[0].message.endswith(COLLECT)
    [both] = shown(deployment, "parca/0", "database/0", juju=version)
    assert (both.is_whole, both.application) == (True, "database")


def unpublish(deployment: Deployment) -> Deployment:
    """Return a deployment whose charms have written nothing."""
    sides = {
        relation.relation_id: tuple(
            dataclasses.replace(
                side,
                app_databag={},
                units=tuple(dataclasses.replace(unit, databag={}) for unit in side.units),
            )
            for side in relation.sides
        )
        for relation in deployment.relations
    }
    relations = tuple(
        dataclasses.replace(relation, sides=sides[relation.relation_id])
        for relation in deployment.relations
    )
    return dataclasses.replace(deployment, relations=relations)


def test_a_parca_whose_endpoint_has_another_name_is_no_provider() -> None:
    text = show_unit(KUBERNETES, "parca/0", juju="3.6")
    other = text.replace("    endpoint: profiling-endpoint", "    endpoint: scrape")
    assert other != text
    with pytest.raises(CommandError, match=r"try --endpoint .* or scrape"):
        join(other)


@pytest.mark.parametrize("version", ["3.6", "4.0.16"])
@pytest.mark.parametrize(("old", "new"), [("zinc/", "other/"), ("parca/0", "parca-b/0")])
def test_sides_that_name_other_applications_are_of_different_models(
    version: str, old: str, new: str
) -> None:
    parca = show_unit(KUBERNETES, "parca/0", juju=version)
    zinc = show_unit(KUBERNETES, "zinc/0", juju=version)
    one, other = ("parca/0", "zinc/0")
    texts = [parca.replace(old, new), zinc] if old == "zinc/" else [parca, zinc.replace(old, new)]
    with pytest.raises(CommandError) as caught:
        join(*texts)
    assert str(caught.value) == DIFFERENT.format(one, other)


def test_a_provider_may_have_a_relation_to_another_endpoint_as_well() -> None:
    unit = {"parca_scrape_unit_address": "zinc-0", "parca_scrape_unit_name": "zinc/0"}
    entries = [
        {
            "relation-id": relation_id,
            "endpoint": ENDPOINT,
            "related-endpoint": related,
            "application-data": {"scrape_jobs": "[{}]"},
            "local-unit": {"in-scope": True, "data": unit},
            "related-units": {other: {"in-scope": True}},
        }
        for relation_id, related, other in ((7, ENDPOINT, "parca/0"), (20, "in", "collector/0"))
    ]
    [relation] = join(json.dumps({"zinc/0": {"relation-info": entries}}))
    assert (relation.relation_id, relation.unit_databags) == (7, {"zinc/0": unit})
