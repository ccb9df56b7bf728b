from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, List, Tuple, cast

import pytest

from parca_scrape import ProviderTopology, Topology
from parca_scrape.topology import is_uuid

if TYPE_CHECKING:
    import ops

UUID = "20ce8299-3634-4bef-8bd8-5ace6c8816b4"
ZINC = Topology("cos", UUID, "zinc", "zinc/0", "zinc-k8s")


def test_the_providers_topology_is_a_topology() -> None:
    assert ProviderTopology is Topology


def test_a_topology_is_read_from_a_charm() -> None:
    model = SimpleNamespace(
        name="cos",
        uuid=UUID,
        app=SimpleNamespace(name="zinc"),
        unit=SimpleNamespace(name="zinc/0"),
    )
    charm = SimpleNamespace(model=model, meta=SimpleNamespace(name="zinc-k8s"))

    assert Topology.from_charm(cast("ops.CharmBase", charm)) == ZINC


def test_a_topology_is_read_from_a_dict() -> None:
    data = {
        "model": "cos",
        "model_uuid": UUID,
        "application": "zinc",
        "unit": "zinc/0",
        "charm_name": "zinc-k8s",
        "of the future": "ignored",
    }

    assert Topology.from_dict(data) == ZINC


def test_unit_and_charm_name_may_miss_in_a_dict() -> None:
    data = {"model": "cos", "model_uuid": UUID, "application": "zinc"}

    assert Topology.from_dict(data) == Topology("cos", UUID, "zinc", "", "")


@pytest.mark.parametrize("missing", ["model", "model_uuid", "application"])
def test_model_uuid_and_application_must_be_in_a_dict(missing: str) -> None:
    data = {"model": "cos", "model_uuid": UUID, "application": "zinc"}
    del data[missing]

    with pytest.raises(KeyError, match=f"^'{missing}'$"):
        Topology.from_dict(data)


@pytest.mark.parametrize(
    ("topology", "identifier"),
    [
        (ZINC, "cos_20ce8299_zinc"),
        (Topology("admin/cos", UUID, "zinc"), "admin_cos_20ce8299_zinc"),
        (Topology("cos", "", "zinc"), "cos_zinc"),
        (Topology("", UUID, "zinc"), "20ce8299_zinc"),
        (Topology("", "", "zinc"), "zinc"),
        (Topology("cos", UUID, ""), "cos_20ce8299"),
        (Topology("cos", "no UUID", "zinc"), "cos_no UUID_zinc"),
        (Topology("", "", ""), ""),
    ],
)
def test_what_is_missing_is_left_out_of_the_identifier(
    topology: Topology, identifier: str
) -> None:
    assert topology.identifier == identifier


def test_labels_have_no_empty_values() -> None:
    assert Topology("", "", "zinc", "zinc/0", "").label_matcher_dict == {
        "juju_application": "zinc"
    }


def test_remapped_keys_keep_their_place() -> None:
    names = {"model": "juju_model", "unit": "", "model_uuid": "x"}

    assert list(ZINC.as_dict(remapped_keys=names).items()) == [
        ("juju_model", "cos"),
        ("x", UUID),
        ("application", "zinc"),
        ("unit", "zinc/0"),
        ("charm_name", "zinc-k8s"),
    ]


@pytest.mark.parametrize(
    ("included", "excluded", "keys"),
    [
        ([], [], ["model", "model_uuid", "application", "unit", "charm_name"]),
        (["unit", "model"], [], ["model", "unit"]),
        ([], ["unit", "model"], ["model_uuid", "application", "charm_name"]),
        (["unit", "model"], ["unit"], ["model"]),
        (["no such key"], [], []),
    ],
)
def test_keys_can_be_included_and_excluded(
    included: List[str], excluded: List[str], keys: List[str]
) -> None:
    assert list(ZINC.as_dict(included_keys=included, excluded_keys=excluded)) == keys


UUIDS: List[Tuple[str, bool]] = [
    (UUID, True),
    (UUID.upper(), True),
    ("0198c2a3-9d4e-7cc1-8d3b-3f1c55f1a6b2", True),
    ("00000000-0000-0000-0000-000000000000", True),
    ("", False),
    (UUID[:-1], False),
    (f"{UUID}0", False),
    (UUID.replace("-", ""), False),
    (UUID.replace("2", "g"), False),
    (UUID.replace("2", "X"), False),
    (f"{{{UUID}}}", False),
    ("20ce82993-634-4bef-8bd8-5ace6c8816b4", False),
    (UUID.replace("2", "²"), False),
]


@pytest.mark.parametrize(("text", "is_one"), UUIDS)
def test_a_uuid_has_any_version_and_jujus_form(text: str, is_one: bool) -> None:
    assert is_uuid(text) is is_one
