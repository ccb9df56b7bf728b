"""The example charms together: what the providers publish becomes the targets of a real Parca."""

from __future__ import annotations

import importlib.util
import socket
import sys
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import Any, Dict, Set, Tuple

import pytest
from ops import testing

from parca_scrape.testing import relation_for_provider, relation_for_requirer
from tests.forms import ROOT
from tests.functional.parca import Parca

if sys.version_info < (3, 10):
    pytest.skip("the examples need Python 3.10", allow_module_level=True)

ENDPOINT = "profiling-endpoint"
SHOP, LEDGER = "127.0.7.1", "127.0.7.2"


def load(name: str, path: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a module of the examples, which others can import by a name until the test ends."""
    loader = SourceFileLoader(name, str(ROOT / "examples" / path))
    spec = importlib.util.spec_from_loader(name, loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, name, module)
    loader.exec_module(module)
    return module


def publish_shop(monkeypatch: pytest.MonkeyPatch) -> testing.RelationBase:
    """Return the relation in which the shop has published its job, with its certificate."""
    monkeypatch.setattr(socket, "getfqdn", lambda: SHOP)
    charm = load("charm", "shop-k8s/src/charm.py", monkeypatch)
    tests = load("tests_of_shop", "shop-k8s/tests/unit/test_charm.py", monkeypatch)
    state = tests.issue_certificate(testing.Context(charm.ShopCharm))
    relation: testing.RelationBase = tests.get_relation(state, ENDPOINT)
    return relation


def publish_ledger(monkeypatch: pytest.MonkeyPatch) -> testing.RelationBase:
    """Return the relation in which the ledger has published its job."""
    load("ledger", "ledger-machine/src/ledger.py", monkeypatch)
    charm = load("charm_of_ledger", "ledger-machine/src/charm.py", monkeypatch)
    context: testing.Context[Any] = testing.Context(charm.LedgerCharm)
    relation = relation_for_provider(ENDPOINT)
    network = testing.Network(ENDPOINT, ingress_addresses=[LEDGER])
    state = testing.State(relations={relation}, networks={network}, leader=True)
    event = context.on.relation_joined(relation, remote_unit=0)
    return context.run(event, state).get_relation(relation.id)


def see_from_parca(name: str, relation: testing.RelationBase) -> testing.Relation:
    """Return the relation of a provider as the Parca charm sees it."""
    return relation_for_requirer(
        ENDPOINT,
        app_name=name,
        app_data=relation.local_app_data,
        units_data={0: relation.local_unit_data},
    )


def write_config(
    relations: Set[testing.Relation], monkeypatch: pytest.MonkeyPatch
) -> Tuple[str, str]:
    """Return the configuration that the Parca charm writes, and the command that it runs."""
    charm = load("charm_of_parca", "profile-store-k8s/src/charm.py", monkeypatch)
    context: testing.Context[Any] = testing.Context(charm.ProfileStoreCharm)
    container = testing.Container("parca", can_connect=True)
    state = testing.State(relations=relations, containers={container})
    state = context.run(context.on.pebble_ready(container), state)
    parca = state.get_container("parca")
    file = parca.get_filesystem(context) / str(charm.CONFIG_PATH).lstrip("/")
    return file.read_text(encoding="utf-8"), parca.plan.services["parca"].command


def test_parca_scrapes_the_targets_of_the_provider_charms_and_no_other(
    real_parca: Parca, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    relations = {
        see_from_parca("shop-k8s", publish_shop(monkeypatch)),
        see_from_parca("ledger", publish_ledger(monkeypatch)),
    }
    config, command = write_config(relations, monkeypatch)
    text = config.replace("/var/lib/parca", str(tmp_path / "data"))
    real_parca.config.write_text(text, encoding="utf-8")
    real_parca.run(*(option for option in command.split() if option.startswith("--storage")))
    expected = {
        (f"https://{SHOP}:6060", "shop-k8s/0", ""),
        (f"http://{LEDGER}:6060", "ledger/0", "reader"),
        (f"http://{LEDGER}:6061", "ledger/0", "writer"),
    }
    real_parca.wait_until(lambda: find_targets(real_parca) == expected)
    assert find_targets(real_parca) == expected


def find_targets(parca: Parca) -> Set[Tuple[str, str, str]]:
    """Return the origin, the unit and the process of each target."""
    found: Set[Tuple[str, str, str]] = set()
    for _, origin, pairs in parca.series():
        labels: Dict[str, str] = dict(pairs)
        found.add((origin, labels["juju_unit"], labels.get("process", "")))
    return found
