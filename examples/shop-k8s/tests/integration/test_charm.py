"""Tests of the packed charm in a Kubernetes model of Juju."""

from __future__ import annotations

import json
import os
import shutil
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import jubilant
import pytest

IMAGE = os.environ.get("SHOP_IMAGE", "")
pytestmark = [
    pytest.mark.skipif(shutil.which("juju") is None, reason="there is no juju on PATH"),
    pytest.mark.skipif(not IMAGE, reason="SHOP_IMAGE does not name an image of the shop"),
]
CHARM = Path(__file__).parents[2]


@pytest.fixture
def juju() -> Iterator[jubilant.Juju]:
    with jubilant.temp_model() as juju:
        juju.wait_timeout = 20 * 60
        yield juju


def find_targets(status: jubilant.Status) -> set[str]:
    """Return the scheme and the address of what Parca scrapes."""
    parca = status.apps["parca-k8s"].units["parca-k8s/0"].address
    url = f"http://{parca}:7994/api/targets?state=STATE_ACTIVE"
    with urllib.request.urlopen(url, timeout=30) as answer:
        jobs = json.load(answer)["targets"].values()
    return {target["url"].partition("/debug/")[0] for job in jobs for target in job["targets"]}


def test_parca_scrapes_the_shop_once_it_has_a_certificate(juju: jubilant.Juju) -> None:
    [charm] = CHARM.glob("*.charm")
    juju.deploy(charm, resources={"shop-image": IMAGE})
    juju.deploy("parca-k8s", channel="edge", trust=True)
    juju.deploy("self-signed-certificates", channel="edge")
    juju.integrate("shop-k8s:profiling-endpoint", "parca-k8s:profiling-endpoint")
    juju.wait(lambda status: jubilant.all_blocked(status, "shop-k8s"), error=jubilant.any_error)
    juju.integrate("shop-k8s:certificates", "self-signed-certificates")
    juju.wait(jubilant.all_active, error=jubilant.any_error)
    host = f"shop-k8s-0.shop-k8s-endpoints.{juju.model}.svc.cluster.local"
    juju.wait(lambda status: f"https://{host}:6060" in find_targets(status))
