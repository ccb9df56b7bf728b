from __future__ import annotations

import json
from typing import Dict, Iterator, Tuple

import pytest
import yaml

from tests.cli import deployed
from tests.cli.deployments import VERSIONS, Deployment, show_unit
from tests.cli.golden_files import INPUTS, check_golden

Printed = Dict[str, Dict[str, Dict[str, object]]]


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
