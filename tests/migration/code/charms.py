"""Charms that use the library in the ways of the public ones, before and after."""

from __future__ import annotations

from typing import Dict

from parca_scrape.version import VERSION
from tests.migration.code.trees import K8S, MACHINE, PACKAGE, TOPOLOGY

METADATA = """\
name: {name}
{role}:
  profiling-endpoint:
    interface: parca_scrape
"""
PROVIDER = METADATA.format(name="shop", role="provides")
# One wildcard port, the library from charm-libs, and others that need cosl: as zinc-k8s.
FETCHING: Dict[str, str] = {
    "charmcraft.yaml": PROVIDER
    + """
charm-libs:
  - lib: grafana_k8s.grafana_dashboard
    version: "0"
  # Profiles.
  - lib: parca_k8s.parca_scrape
    version: "0"

parts: {}  # none
""",
    "pyproject.toml": """\
[project]
name = "shop"
dependencies = ["ops>=3.8.0", "cosl"]
""",
    "uv.lock": '[[package]]\nname = "ops"\n',
    "lib/charms/grafana_k8s/v0/grafana_dashboard.py": """\
from cosl import LZMABase64

PYDEPS = ["cosl >= 0.0.50"]
""",
    "src/charm.py": """\
#!/usr/bin/env python3
import ops
from charms.grafana_k8s.v0.grafana_dashboard import GrafanaDashboardProvider
from charms.parca_k8s.v0.parca_scrape import ProfilingEndpointProvider
from shop import Shop


class ShopCharm(ops.CharmBase):
    def __init__(self, framework):
        super().__init__(framework)
        self._profiling = ProfilingEndpointProvider(
            self, jobs=[{"static_configs": [{"targets": ["*:8080"]}]}]
        )
""",
}
FETCHING_AFTER: Dict[str, str] = {
    **FETCHING,
    "charmcraft.yaml": PROVIDER
    + """
charm-libs:
  - lib: grafana_k8s.grafana_dashboard
    version: "0"
  # Profiles.

parts: {}  # none
""",
    "pyproject.toml": f"""\
[project]
name = "shop"
dependencies = ["ops>=3.8.0", "{PACKAGE}", "cosl"]
""",
    "src/charm.py": FETCHING["src/charm.py"].replace(
        "from charms.parca_k8s.v0.parca_scrape import", "from parca_scrape import"
    ),
}
# A machine charm with a list of pip, and juju_topology for this library only: as juju-introspect.
MACHINE_CHARM: Dict[str, str] = {
    "metadata.yaml": PROVIDER,
    "requirements.txt": "ops==2.17.0\n",
    TOPOLOGY: "import ops\n",
    "lib/charms/operator_libs_linux/v1/systemd.py": "LIBPATCH = 3\n",
    "src/charm.py": """\
from charms.parca.v0.parca_scrape import ProfilingEndpointProvider
from ops.charm import CharmBase
""",
    "tests/test_charm.py": """\
from unittest.mock import patch


@patch("charms.parca.v0.parca_scrape.socket.getfqdn", lambda: "shop-0")
@patch("charm.Shop")
def test_start(_): ...
""",
}
MACHINE_CHARM_AFTER: Dict[str, str] = {
    "metadata.yaml": PROVIDER,
    "requirements.txt": f"ops==2.17.0\n{PACKAGE}\n",
    "lib/charms/operator_libs_linux/v1/systemd.py": "LIBPATCH = 3\n",
    "src/charm.py": """\
from parca_scrape import ProfilingEndpointProvider
from ops.charm import CharmBase
""",
    "tests/test_charm.py": """\
from unittest.mock import patch


@patch("parca_scrape.provider.socket.getfqdn", lambda: "shop-0")
@patch("charm.Shop")
def test_start(_): ...
""",
}
# Full targets, the only user of cosl, whose topology its tests replace: as parca-scrape-target.
TARGETS: Dict[str, str] = {
    "charmcraft.yaml": PROVIDER,
    "pyproject.toml": """\
[project]
name = "targets"
dependencies = [
  "ops==2.23.1",
  "cosl>=0.0.51",
]
""",
    "poetry.lock": "",
    "src/charm.py": """\
import ops
import pydantic
from charms.parca_k8s.v0 import parca_scrape


class TargetsCharm(ops.CharmBase):
    def __init__(self, framework):
        super().__init__(framework)
        self._profiling = parca_scrape.ProfilingEndpointProvider(self)
        self._profiling.set_scrape_job_spec()
""",
    "tests/conftest.py": """\
from unittest.mock import patch

topology = patch("cosl.JujuTopology.from_charm")
""",
    "tests/test_charm.py": "from charms.parca_k8s.v0.parca_scrape import DEFAULT_JOB\n",
    "tox.ini": """\
[testenv:unit]
deps =
    cosl==0.0.36
    ops[testing]>=2.17
    pytest
commands =
    charmcraft fetch-lib charms.parca_k8s.v0.parca_scrape
""",
}
TARGETS_AFTER: Dict[str, str] = {
    **TARGETS,
    "pyproject.toml": f"""\
[project]
name = "targets"
dependencies = [
  "ops==2.23.1",
  "{PACKAGE}",
]
""",
    "src/charm.py": TARGETS["src/charm.py"].replace(
        "from charms.parca_k8s.v0 import parca_scrape", "import parca_scrape"
    ),
    "tests/test_charm.py": "from parca_scrape import DEFAULT_JOB\n",
}
# The charm that publishes the library: as parca-k8s.
OWNER: Dict[str, str] = {
    "charmcraft.yaml": METADATA.format(name="parca-k8s", role="requires"),
    "pyproject.toml": '[tool.poetry.dependencies]\nops = "^2.17"\n',
    "lib/charms/parca_k8s/v0/parca_store.py": "LIBPATCH = 1\n",
    "src/charm.py": """\
import charms.parca_k8s.v0.parca_scrape
from charms.parca_k8s.v0.parca_store import ParcaStoreEndpointProvider


class Parca(ops.CharmBase):
    def __init__(self, framework):
        super().__init__(framework)
        self.parca_scrape = charms.parca_k8s.v0.parca_scrape.ProfilingEndpointConsumer(self)
""",
}
OWNER_AFTER: Dict[str, str] = {
    **OWNER,
    "pyproject.toml": f'[tool.poetry.dependencies]\nops = "^2.17"\nparca-scrape = ">={VERSION}"\n',
    "src/charm.py": """\
import parca_scrape
from charms.parca_k8s.v0.parca_store import ParcaStoreEndpointProvider


class Parca(ops.CharmBase):
    def __init__(self, framework):
        super().__init__(framework)
        self.parca_scrape = parca_scrape.ProfilingEndpointConsumer(self)
""",
}
ADVICE = (
    "does not affect parca_scrape, and fails without that library: to test parca_scrape, patch"
    " parca_scrape.ProviderTopology.from_charm"
)
LIBRARIES = {"fetching": K8S, "machine": MACHINE, "targets": K8S, "owner": K8S}
BEFORE = {
    "fetching": FETCHING,
    "machine": MACHINE_CHARM,
    "targets": TARGETS,
    "owner": OWNER,
}
AFTER = {
    "fetching": FETCHING_AFTER,
    "machine": MACHINE_CHARM_AFTER,
    "targets": TARGETS_AFTER,
    "owner": OWNER_AFTER,
}
LEFT = {
    "fetching": ["uv.lock: out of date: run `uv lock`"],
    "machine": [],
    "targets": [
        "poetry.lock: out of date: run `poetry lock`",
        "src/charm.py:2: imports pydantic: it was installed with cosl: add it to the dependencies",
        f"tests/conftest.py:3: cosl.JujuTopology.from_charm: {ADVICE}",
        "tox.ini:3: cosl==0.0.36: remove it: nothing needs it any more",
        f"tox.ini:4: ops[testing]>=2.17: add {PACKAGE}",
        "tox.ini:7: mentions the vendored library: update it if necessary",
    ],
    "owner": [
        f"{K8S}: other charms fetch this library: ask them to use the package, or keep"
        " it published with --to vendored"
    ],
}
