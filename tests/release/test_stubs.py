from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path
from typing import Dict, List, Tuple

import pytest

import parca_scrape
from tests.forms import ROOT

STUBS = ROOT / "stubs" / "charms-stubs"
CHARMS = ("parca", "parca_k8s")

# A library without types, in the shape of the one that charms vendor.
UNTYPED = """
class TargetsChangedEvent:
    def __init__(self, handle, relation_id):
        self.relation_id = relation_id


class ProfilingEndpointConsumer:
    def __init__(self, charm, relation_name="profiling-endpoint"):
        self.on = charm.on

    def jobs(self) -> list:
        return []


class ProviderTopology:
    def __init__(self, model, model_uuid, application):
        self.model = model


class ProfilingEndpointProvider:
    def __init__(self, charm, relation_name="profiling-endpoint", jobs=None, refresh_event=None):
        self.topology = charm
"""
# One more that has types of its own, and no stubs.
TYPED = "def count_dashboards(folder: str) -> int:\n    return len(folder)\n"
CHARM = """
import ops
from charms.grafana_k8s.v0.grafana_dashboard import count_dashboards
from charms.{charm}.v0.parca_scrape import (
    ProfilingEndpointConsumer,
    ProfilingEndpointProvider,
    TargetsChangedEvent,
)


class ParcaCharm(ops.CharmBase):
    def __init__(self, framework: ops.Framework) -> None:
        super().__init__(framework)
        self.number: int = count_dashboards("src")
        jobs = [{{"static_configs": [{{"targets": ["*:7070"]}}]}}]
        self.provider = ProfilingEndpointProvider(self, "self-profiling-endpoint", jobs)
        self.consumer = ProfilingEndpointConsumer(self)
        framework.observe(self.consumer.on.targets_changed, self._on_targets_changed)

    def _on_targets_changed(self, event: TargetsChangedEvent) -> None:
        print(event.relation_id, self.provider.topology.identifier, len(self.consumer.jobs()))
"""
# Both lines are wrong, and both libraries tell so.
WRONG = """
from charms.grafana_k8s.v0.grafana_dashboard import count_dashboards
from charms.{charm}.v0.parca_scrape import ProviderTopology

count_dashboards(5)
ProviderTopology(model=5, model_uuid="", application="")
"""
PYRIGHT = '{"include": ["src"], "extraPaths": ["lib"], "typeCheckingMode": "strict"}'


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give an environment that has what this one has."""
    for tool in ("mypy", "pyright"):
        pytest.importorskip(tool)
    folder = tmp_path_factory.mktemp("environment")
    venv.create(str(folder), with_pip=False)
    (site_packages,) = folder.glob("lib/python*/site-packages")
    (site_packages / "beside.pth").write_text(
        f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n"
    )
    return folder / "bin" / "python"


@pytest.fixture
def charm_folder(charm: str, tmp_path: Path) -> Path:
    """Give the folder of a charm that vendors a library without types."""
    for path, text in (
        ("src/charm.py", CHARM.format(charm=charm)),
        ("src/wrong.py", WRONG.format(charm=charm)),
        (f"lib/charms/{charm}/v0/parca_scrape.py", UNTYPED),
        ("lib/charms/grafana_k8s/v0/grafana_dashboard.py", TYPED),
        ("pyrightconfig.json", PYRIGHT),
    ):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    return tmp_path


def install(python: Path) -> Path:
    """Put the stubs where an installer puts them."""
    (site_packages,) = python.parent.parent.glob("lib/python*/site-packages")
    target = site_packages / STUBS.name
    shutil.copytree(str(STUBS), str(target), ignore=shutil.ignore_patterns(".*"))
    return target


def run_checker(checker: str, python: Path, folder: Path) -> Tuple[int, str]:
    """Check a charm strictly, and give the exit code and what was printed."""
    options: Dict[str, List[str]] = {
        "mypy": ["--strict", "--cache-dir", os.devnull, "--python-executable", str(python), "src"],
        "pyright": ["--pythonpath", str(python)],
    }
    result = subprocess.run(
        [sys.executable, "-m", checker, *options[checker]],
        cwd=str(folder),
        env={**os.environ, "MYPYPATH": "lib"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return result.returncode, result.stdout


@pytest.mark.parametrize("charm", CHARMS)
@pytest.mark.parametrize("checker", ["mypy", "pyright"])
def test_a_charm_passes_strict_checks_with_the_stubs_only(
    checker: str, charm: str, python: Path, charm_folder: Path
) -> None:
    _, printed = run_checker(checker, python, charm_folder)
    assert "charm.py" in printed or f"{charm}/v0/parca_scrape.py" in printed

    stubs = install(python)
    try:
        code, printed = run_checker(checker, python, charm_folder)
    finally:
        shutil.rmtree(str(stubs))
    lines = [line for line in printed.splitlines() if " error: " in line]
    assert code == 1
    assert len(lines) == 2, printed
    assert all("wrong.py" in line for line in lines)


def test_the_stubs_tell_what_the_old_import_paths_have(python: Path, tmp_path: Path) -> None:
    stubs = install(python)
    modules = [f"charms.{charm}.v0.parca_scrape" for charm in CHARMS]
    allowed = ROOT / "stubs" / "stubtest-allowlist.txt"
    installed = Path(parca_scrape.__file__).parent.parent
    options = ["--concise", "--ignore-missing-stub", "--ignore-unused-allowlist"]
    try:
        result = subprocess.run(
            [str(python), "-m", "mypy.stubtest", *modules, *options, "--allowlist", str(allowed)],
            cwd=str(tmp_path),
            env={**os.environ, "MYPYPATH": str(ROOT / "src"), "PYTHONPATH": str(installed)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
    finally:
        shutil.rmtree(str(stubs))
    assert (result.returncode, result.stdout) == (0, "")


def test_the_stubs_are_partial_and_hide_no_other_library() -> None:
    assert (STUBS / "py.typed").read_bytes() == b"partial\n"
    assert sorted(str(path.relative_to(STUBS)) for path in STUBS.rglob("*") if path.is_file()) == [
        "parca/v0/parca_scrape.pyi",
        "parca_k8s/v0/parca_scrape.pyi",
        "py.typed",
    ]
    assert (STUBS.parent / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()
