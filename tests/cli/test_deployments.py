from __future__ import annotations

import json
import re
from typing import Iterator, Tuple

import pytest
import yaml

from tests.cli import deployed
from tests.cli.deployments import VERSIONS, Deployment, Relation, Side, Unit, show_unit
from tests.cli.golden_files import INPUTS, check_golden

SMALL = Deployment(
    (deployed.PARCA, deployed.ZINC),
    (
        Relation(
            7,
            (
                Side(
                    "zinc",
                    "profiling",
                    (
                        Unit("zinc/0", "10.1.80.21", {"name": "zinc/0"}),
                        Unit("zinc/1", "10.1.80.22", is_in_scope=False),
                    ),
                    {"jobs": "[]"},
                ),
                Side("parca", "profiling-endpoint", deployed.idle(deployed.PARCA)),
            ),
            is_cross_model=True,
        ),
    ),
)
OF_PARCA_IN_3 = """\
- relation-id: 7
  endpoint: profiling-endpoint
  cross-model: true
  related-endpoint: profiling
  application-data:
    jobs: '[]'
  related-units:
    zinc/0:
      in-scope: true
      data:
        egress-subnets: 10.1.80.21/32
        ingress-address: 10.1.80.21
        name: zinc/0
        private-address: 10.1.80.21
    zinc/1:
      in-scope: false
      data: {}
"""
OF_PARCA_IN_4_0_5 = """\
- relation-id: 7
  endpoint: profiling-endpoint
  related-endpoint: profiling
  application-data: {}
  local-unit:
    in-scope: true
    data:
      ingress-address: 10.1.80.14
"""
OF_PARCA_IN_4_0_16 = """\
- relation-id: 7
  endpoint: profiling-endpoint
  related-endpoint: profiling
  application-data: {}
  related-units:
    zinc/0:
      in-scope: true
      data:
        ingress-address: 10.1.80.21
        name: zinc/0
    zinc/1:
      in-scope: false
      data: {}
"""
OF_ZINC_IN_4_0_5 = """\
- relation-id: 7
  endpoint: profiling
  related-endpoint: profiling-endpoint
  application-data:
    jobs: '[]'
  local-unit:
    in-scope: true
    data:
      ingress-address: 10.1.80.21
      name: zinc/0
  related-units:
    zinc/1:
      in-scope: false
      data: {}
"""


def list_inputs() -> Iterator[Tuple[str, str, Tuple[str, ...], str, str]]:
    """Yield deployment, name of the units, units, version and form of each file."""
    for name, deployment in deployed.DEPLOYMENTS.items():
        profiled = [
            unit_name
            for application in deployment.applications
            for unit_name in application.unit_names
            if is_profiled(deployment, application.name)
        ]
        first, *others = profiled
        versions = [version for version in VERSIONS if name == "kubernetes" or version[1] == "."]
        for version in versions:
            if version == "2.9.0" and name != "kubernetes":
                continue
            yield name, first.partition("/")[0], (first,), version, "yaml"
            if others:
                yield name, "all", tuple(profiled), version, "yaml"
    for version in ("3.6", "4.0.16"):
        yield "kubernetes", "parca", ("parca/0",), version, "json"


def is_profiled(deployment: Deployment, application: str) -> bool:
    """Return whether an application takes part in profiling."""
    endpoints = [
        relation.own_side(application).endpoint
        for relation in deployment.relations_of(application)
    ]
    return any(endpoint.endswith("profiling-endpoint") for endpoint in endpoints)


INPUT_FILES = {
    f"{name}-juju-{version}-{units}.{form}": (name, unit_names, version, form)
    for name, units, unit_names, version, form in list_inputs()
}


@pytest.mark.parametrize("file_name", INPUT_FILES)
def test_the_inputs_are_what_juju_prints(file_name: str) -> None:
    name, unit_names, version, form = INPUT_FILES[file_name]
    text = show_unit(deployed.DEPLOYMENTS[name], *unit_names, juju=version, form=form)
    check_golden(INPUTS / file_name, text)


def test_there_are_no_other_inputs() -> None:
    names = {file.name for file in INPUTS.iterdir() if "-juju-" in file.name}
    assert names == set(INPUT_FILES)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", deployed.DEPLOYMENTS)
def test_yaml_and_json_say_the_same(name: str, version: str) -> None:
    deployment = deployed.DEPLOYMENTS[name]
    units = [unit for app in deployment.applications for unit in app.unit_names]
    as_yaml = yaml.safe_load(show_unit(deployment, *units, juju=version))
    as_json = json.loads(show_unit(deployment, *units, juju=version, form="json"))
    for unit in as_json.values():
        unit["opened-ports"] = unit["opened-ports"] or []
        for relation in unit.get("relation-info", []):
            if relation["local-unit"] == {"in-scope": False, "data": None}:
                del relation["local-unit"]
    assert as_yaml == as_json


def read_relations(text: str, unit_name: str = "parca/0") -> object:
    """Return what is printed of the relations of a unit."""
    return yaml.safe_load(text)[unit_name].get("relation-info", [])


@pytest.mark.parametrize(
    ("unit_name", "version", "expected"),
    [
        ("parca/0", "3.6", OF_PARCA_IN_3),
        ("parca/0", "4.0.5", OF_PARCA_IN_4_0_5),
        ("zinc/0", "4.0.5", OF_ZINC_IN_4_0_5),
        ("parca/0", "4.0.16", OF_PARCA_IN_4_0_16),
    ],
)
def test_a_version_prints_one_side_of_a_relation(
    unit_name: str, version: str, expected: str
) -> None:
    printed = read_relations(show_unit(SMALL, unit_name, juju=version), unit_name)
    assert printed == yaml.safe_load(expected)


def test_app_leaves_out_the_units() -> None:
    assert read_relations(show_unit(SMALL, "parca/0", juju="3.6", app=True)) == [
        {
            "relation-id": 7,
            "endpoint": "profiling-endpoint",
            "cross-model": True,
            "related-endpoint": "profiling",
            "application-data": {"jobs": "[]"},
        }
    ]


def test_endpoint_leaves_out_other_relations() -> None:
    text = show_unit(deployed.KUBERNETES, "parca/0", juju="3.6", endpoint="certificates")
    assert re.findall(r"relation-id: (\d+)", text) == ["5"]


def test_related_unit_leaves_out_other_units_and_relations_that_have_nothing_else() -> None:
    text = show_unit(SMALL, "parca/0", juju="4.0.5", related_unit="zinc/1")
    assert read_relations(text) == []
    text = show_unit(SMALL, "parca/0", juju="3.6", related_unit="zinc/1")
    assert "zinc/0" not in text
    assert "zinc/1" in text


def test_an_unknown_unit_is_an_error() -> None:
    with pytest.raises(LookupError, match=r'^ERROR unit "zinc/9" not found$'):
        show_unit(SMALL, "parca/0", "zinc/9", juju="3.6")
