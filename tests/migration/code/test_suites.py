"""The tests of rewritten charms pass as they did before."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Dict, List

import pytest

from tests.cli.command import ENVIRONMENT, run
from tests.cli.vendored import CURRENT
from tests.migration.code.trees import K8S, MACHINE, write_tree

CONFIG = "[tool.pytest.ini_options]\n[project]\ndependencies = ['ops']\n"
META = "name: {}\n{}:\n  profiling-endpoint:\n    interface: parca_scrape\n"
# A provider that imports names, whose tests patch by strings.
PROVIDER: Dict[str, str] = {
    "charmcraft.yaml": META.format("shop", "provides"),
    "pyproject.toml": CONFIG,
    K8S: CURRENT["parca_k8s"],
    "src/charm.py": '''\
"""A charm whose workload serves pprof."""

import ops
from charms.parca_k8s.v0.parca_scrape import (
    DEFAULT_JOB,
    ProfilingEndpointProvider,  # the provider's side
)


class ShopCharm(ops.CharmBase):
    """Reconciles at every event."""

    def __init__(self, framework: ops.Framework) -> None:
        super().__init__(framework)
        self.profiling = ProfilingEndpointProvider(self, jobs=[DEFAULT_JOB])
        self.profiling.set_scrape_job_spec()
''',
    "tests/test_charm.py": """\
import importlib
import json
from unittest.mock import patch

from charm import ShopCharm
from charms.parca_k8s.v0 import parca_scrape as library
from ops import testing

META = {"name": "shop", "provides": {"profiling-endpoint": {"interface": "parca_scrape"}}}
OLD = importlib.import_module("charms.parca_k8s.v0.parca_scrape")


def start():
    context = testing.Context(ShopCharm, meta=META)
    relation = testing.Relation("profiling-endpoint")
    state = testing.State(relations={relation}, leader=True)
    return context.run(context.on.start(), state).get_relation(relation.id)


@patch("charms.parca_k8s.v0.parca_scrape.socket.getfqdn", lambda: "shop-0")
def test_what_is_published():
    relation = start()
    assert relation.local_unit_data["parca_scrape_unit_address"] == "shop-0"
    assert json.loads(relation.local_app_data["scrape_jobs"]) == [library.DEFAULT_JOB]


@patch("charms.parca_k8s.v0.parca_scrape.ProfilingEndpointProvider.set_scrape_job_spec")
def test_that_it_publishes(publish):
    start()
    publish.assert_called_once_with()


@patch("charms.parca_k8s.v0.parca_scrape.ProviderTopology.from_charm")
def test_the_topology(from_charm):
    from_charm.return_value = library.ProviderTopology("m", "u", "a")
    assert json.loads(start().local_app_data["scrape_metadata"])["model"] == "m"


def test_that_all_names_are_of_one_library():
    assert OLD is library
""",
}
# A consumer that imports the module in several ways.
CONSUMER: Dict[str, str] = {
    "charmcraft.yaml": META.format("shop", "requires"),
    "pyproject.toml": CONFIG,
    MACHINE: CURRENT["parca"],
    "src/charm.py": '''\
"""A charm that collects the scrape configs."""

from typing import TYPE_CHECKING, List

import ops
import os, charms.parca.v0.parca_scrape

if TYPE_CHECKING:
    from charms.parca.v0.parca_scrape import ScrapeConfig


class ParcaCharm(ops.CharmBase):
    """Observes the event of the library."""

    def __init__(self, framework: ops.Framework) -> None:
        super().__init__(framework)
        self.parca_scrape = charms.parca.v0.parca_scrape.ProfilingEndpointConsumer(self)
        framework.observe(self.parca_scrape.on.targets_changed, self._on_targets_changed)

    def _on_targets_changed(
        self, event: "charms.parca.v0.parca_scrape.TargetsChangedEvent"
    ) -> None:
        from charms.parca.v0 import parca_scrape

        assert isinstance(event, parca_scrape.TargetsChangedEvent)
        self.unit.status = ops.ActiveStatus(f"{len(self.jobs())} jobs")

    def jobs(self) -> "List[ScrapeConfig]":
        """Return the scrape configs."""
        return self.parca_scrape.jobs()
''',
    "tests/test_charm.py": """\
import charms.parca.v0.parca_scrape as library
from charm import ParcaCharm
from ops import testing

META = {"name": "parca", "requires": {"profiling-endpoint": {"interface": "parca_scrape"}}}


def test_the_jobs_of_a_relation():
    context = testing.Context(ParcaCharm, meta=META)
    relation = testing.Relation(
        "profiling-endpoint",
        remote_app_data={"scrape_jobs": "[{}]"},
        remote_units_data={0: {"parca_scrape_unit_address": "shop-0"}},
    )
    state = testing.State(relations={relation})
    state = context.run(context.on.relation_changed(relation), state)
    assert state.unit_status == testing.ActiveStatus("1 jobs")
    assert library.DEFAULT_RELATION_NAME == "profiling-endpoint"
""",
}
CHARMS = {"provider": PROVIDER, "consumer": CONSUMER}

pytestmark = [pytest.mark.once, pytest.mark.state_transitions]


def run_python(root: Path, *arguments: str) -> str:
    """Run Python in a charm as its tests are run, and return the output if it fails."""
    path = [str(root / "lib"), str(root / "src"), ENVIRONMENT["PYTHONPATH"]]
    result = subprocess.run(
        [sys.executable, *arguments],
        cwd=str(root),
        env={**ENVIRONMENT, "PYTHONPATH": os.pathsep.join(path), "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return result.stdout if result.returncode else ""


def migrate(root: Path) -> List[str]:
    """Rewrite a charm, and return the files that still name the old library."""
    exit_code, _, err = run("migrate", "code", root, "--write")
    assert (exit_code, err) == (0, "")
    return [str(path) for path in root.rglob("*.py") if "charms.parca" in path.read_text()]


@pytest.mark.parametrize("name", list(CHARMS))
def test_the_suite_of_a_charm_passes_before_and_after(name: str, tmp_path: Path) -> None:
    write_tree(tmp_path, CHARMS[name])
    assert run_python(tmp_path, "-m", "pytest", "-q", "tests") == ""
    assert migrate(tmp_path) == []
    assert not (tmp_path / "lib").exists()
    assert run_python(tmp_path, "-m", "pytest", "-q", "tests") == ""


@pytest.mark.parametrize("name", list(CHARMS))
def test_the_code_of_a_rewritten_charm_type_checks(name: str, tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    write_tree(tmp_path, CHARMS[name])
    assert migrate(tmp_path) == []
    assert run_python(tmp_path, "-m", "mypy", "--strict", "--no-incremental", "src") == ""


def test_an_edited_suite_is_seen_to_fail(tmp_path: Path) -> None:
    write_tree(tmp_path, {**PROVIDER, "tests/test_charm.py": "def test():\n    assert False\n"})
    assert "1 failed" in run_python(tmp_path, "-m", "pytest", "-q", "tests")
