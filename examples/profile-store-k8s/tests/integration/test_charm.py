"""Tests of the packed charm in a Kubernetes model of Juju."""

from __future__ import annotations

import json
import shutil
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import jubilant
import pytest
import yaml

pytestmark = pytest.mark.skipif(shutil.which("juju") is None, reason="there is no juju on PATH")
CHARM = Path(__file__).parents[2]


@pytest.fixture
def juju() -> Iterator[jubilant.Juju]:
    with jubilant.temp_model() as juju:
        juju.wait_timeout = 20 * 60
        yield juju


def find_targets(status: jubilant.Status) -> set[str]:
    """Return the addresses that Parca scrapes, with their ports."""
    parca = status.apps["profile-store-k8s"].units["profile-store-k8s/0"].address
    url = f"http://{parca}:7070/api/targets?state=STATE_ACTIVE"
    with urllib.request.urlopen(url, timeout=30) as answer:
        jobs = json.load(answer)["targets"].values()
    return {target["url"].split("/")[2] for job in jobs for target in job["targets"]}


def test_parca_scrapes_another_parca(juju: jubilant.Juju) -> None:
    [charm] = CHARM.glob("*.charm")
    metadata = yaml.safe_load((CHARM / "charmcraft.yaml").read_text())
    image = metadata["resources"]["parca-image"]["upstream-source"]
    juju.deploy(charm, resources={"parca-image": image})
    juju.deploy("parca-k8s", channel="edge", trust=True)
    juju.integrate("profile-store-k8s:profiling-endpoint", "parca-k8s:self-profiling-endpoint")
    juju.wait(jubilant.all_active, error=jubilant.any_error)
    host = f"parca-k8s-0.parca-k8s-endpoints.{juju.model}.svc.cluster.local"
    juju.wait(lambda status: any(found.startswith(host) for found in find_targets(status)))
