from __future__ import annotations

import json
from typing import List

import pytest

from parca_scrape.cli.inputs import Shown, decode_input, join_inputs
from parca_scrape.migration.plan.deployment import Deployment, Other, describe_deployment
from tests.cli import deployed
from tests.cli.deployments import show_unit
from tests.cli.dumps import ONE_PORT, make_dump
from tests.cli.golden_files import GOLDEN
from tests.migration.plan.machine_model import MACHINES

ENDPOINT = "profiling-endpoint"
COLLECTED = GOLDEN / "migrate-plan" / "collected.txt"


def describe(*texts: str) -> Deployment:
    """Return what texts show together."""
    inputs = list(map(decode_input, texts))
    shown = Shown(
        {name: relations for input_ in inputs for name, relations in input_.units.items()},
        [output for input_ in inputs for output in input_.outputs],
    )
    return describe_deployment(shown, join_inputs(*shown, ENDPOINT), ENDPOINT)


def list_places(deployment: Deployment) -> List[str]:
    """Return the model and the endpoint of each application."""
    return [f"{provider.model}/{provider.endpoint}" for provider in deployment.providers]


def test_show_unit_shows_all_relations_of_parca() -> None:
    deployment = describe(show_unit(MACHINES, "parca/0", juju="3.6"))
    assert deployment[:3] == ("parca/0", "parca", "lma")
    assert list_places(deployment) == [
        "lma/juju-introspect:profiling-endpoint",
        "lma/gateway:profiling-endpoint",
        "lma/scrape-target:profiling-endpoint",
        "lma/shop:profiling-endpoint",
        "lma/ledger:profiling-endpoint",
        "edge/zinc:profiling-endpoint",
    ]
    assert [provider.is_cross_model for provider in deployment.providers] == [False] * 5 + [True]
    store = "parca-store-endpoint"
    assert deployment.others == [
        Other(8, "metrics-endpoint", "prometheus", "metrics-endpoint", is_cross_model=True),
        Other(2, store, "parca-agent", store, is_cross_model=False),
    ]


def test_the_collect_script_shows_one_endpoint_without_its_other_side() -> None:
    deployment = describe(COLLECTED.read_text("utf-8"))
    assert deployment[:3] == ("parca/0", "", "lma")
    assert list_places(deployment)[-2:] == ["lma/ledger", "edge/zinc"]
    assert (deployment.others, deployment.shows_others) == ([], False)


def test_a_saas_has_the_name_that_its_databag_says() -> None:
    deployment = describe(show_unit(deployed.CONSUMING, "parca/0", juju="3.6"))
    [provider] = deployment.providers
    assert (provider.application, provider.model) == ("zinc", "edge")
    assert (provider.is_cross_model, provider.is_offered_to) == (True, False)
    assert deployment.parca_model == "MODEL"


def test_a_provider_alone_shows_its_relation_to_an_unknown_parca() -> None:
    deployment = describe(show_unit(deployed.KUBERNETES, "zinc/0", juju="4.0.16"))
    assert (deployment.parca_unit, deployment.parca_charm) == ("PARCA/0", "")
    assert list_places(deployment) == ["cos/zinc:profiling-endpoint"]


@pytest.mark.parametrize("name", ["a b", "$(id)", "x;y", "-m", "", "A", "x" * 200])
def test_names_that_juju_does_not_allow_never_become_part_of_a_command(name: str) -> None:
    dump = json.loads(make_dump(ONE_PORT))
    [relation] = dump["parca/0"]["relation-info"]
    relation["cross-model"] = True
    metadata = {"model": name, "model_uuid": deployed.EDGE_UUID, "application": name}
    relation["application-data"]["scrape_metadata"] = json.dumps(metadata)
    [provider] = describe(json.dumps(dump)).providers
    assert (provider.application, provider.model) == ("APPLICATION", "MODEL")


def test_a_unit_that_a_script_names_is_checked() -> None:
    text = COLLECTED.read_text("utf-8").replace('"parca/0"', '"parca/0; ls"')
    assert describe(text).parca_unit == "PARCA/0"


def test_the_model_of_parca_is_that_of_the_script() -> None:
    text = COLLECTED.read_text("utf-8")
    first, rest = text.split("\n", 1)
    edge = first.replace(
        "3d5c8a10-6b7e-4f2a-8c3d-91e0f4b2a6c7", "5b0f7c26-19de-4a83-b7c4-60d2e8a1f935"
    )
    deployment = describe(f"{edge}\n{rest}")
    assert deployment.parca_model == "edge"
    assert [provider.is_cross_model for provider in deployment.providers] == [True] * 6
