"""Tests of the packed charm in two machine models of Juju."""

from __future__ import annotations

import json
import os
import shutil
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import jubilant
import pytest

PROGRAM = os.environ.get("LEDGER_PROGRAM", "")
pytestmark = [
    pytest.mark.skipif(shutil.which("juju") is None, reason="there is no juju on PATH"),
    pytest.mark.skipif(not PROGRAM, reason="LEDGER_PROGRAM does not name the program"),
]
CHARM = Path(__file__).parents[2]


@pytest.fixture
def model_of_ledger() -> Iterator[jubilant.Juju]:
    with jubilant.temp_model() as juju:
        juju.wait_timeout = 20 * 60
        yield juju


@pytest.fixture
def model_of_parca() -> Iterator[jubilant.Juju]:
    with jubilant.temp_model() as juju:
        juju.wait_timeout = 20 * 60
        yield juju


def find_targets(status: jubilant.Status) -> set[str]:
    """Return the addresses that Parca scrapes, with their ports."""
    parca = status.apps["parca"].units["parca/0"].public_address
    url = f"http://{parca}:7070/api/targets?state=STATE_ACTIVE"
    with urllib.request.urlopen(url, timeout=30) as answer:
        jobs = json.load(answer)["targets"].values()
    return {target["url"].split("/")[2] for job in jobs for target in job["targets"]}


def test_a_parca_in_another_model_scrapes_both_processes(
    model_of_ledger: jubilant.Juju, model_of_parca: jubilant.Juju
) -> None:
    [charm] = CHARM.glob("*.charm")
    model_of_ledger.deploy(charm, resources={"ledger": PROGRAM})
    model_of_parca.deploy("parca", channel="edge", base="ubuntu@24.04")
    model_of_parca.offer(f"{model_of_parca.model}.parca", endpoint="profiling-endpoint")
    model_of_ledger.consume(f"{model_of_parca.model}.parca")
    model_of_ledger.integrate("ledger:profiling-endpoint", "parca")
    status = model_of_ledger.wait(jubilant.all_active, error=jubilant.any_error)
    address = status.apps["ledger"].units["ledger/0"].public_address
    expected = {f"{address}:6060", f"{address}:6061"}
    model_of_parca.wait(jubilant.all_active, error=jubilant.any_error)
    model_of_parca.wait(lambda status: expected <= find_targets(status))
