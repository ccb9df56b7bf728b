from __future__ import annotations

import subprocess
from typing import Dict, List, Tuple

import pytest
import yaml

from parca_scrape.cli.collect import make_script
from tests.cli import deployed
from tests.cli.command import run
from tests.cli.fake_hook_tools import write_hook_tools
from tests.cli.golden_files import GOLDEN, INPUTS, check_golden

COLLECTED = {
    "kubernetes-collected.txt": "kubernetes",
    "cross-model-consuming-collected.txt": "cross-model-consuming",
    "cross-model-offering-collected.txt": "cross-model-offering",
}
"""Files with the output of the script of `collect`, and the deployments that they are of."""

RENDERED: Tuple[str, ...] = (
    "kubernetes-juju-2.9-parca.yaml",
    "kubernetes-juju-4.0.5-parca.yaml",
    "kubernetes-juju-4.0.16-all.yaml",
    "machine-juju-3.6-parca.yaml",
    "machine-juju-4.0.5-all.yaml",
    "cross-model-consuming-juju-3.6-parca.yaml",
    "cross-model-consuming-juju-4.0.16-parca.yaml",
    "cross-model-offering-juju-3.6-parca.yaml",
    "cross-model-consumed-juju-4.0.5-zinc.yaml",
    *COLLECTED,
)
CASES: Dict[str, List[str]] = {
    **{f"render/{name}": ["render", name] for name in RENDERED},
    "render/kubernetes.json": [
        "render",
        "kubernetes-juju-3.6-parca.json",
        "--format",
        "json",
    ],
    **{f"check/{name}": ["check", name] for name in RENDERED},
    "check/kubernetes.json": ["check", "kubernetes-juju-3.6-parca.yaml", "--format", "json"],
    "check/kubernetes-github.txt": [
        "check",
        "kubernetes-juju-3.6-parca.yaml",
        "--format",
        "github",
    ],
    "check/own-jobs.txt": ["check", "--jobs", "own-jobs.yaml"],
    "explain/kubernetes.txt": [
        "check",
        "kubernetes-juju-3.6-parca.yaml",
        "--explain",
        "zinc-0.zinc-endpoints.cos.svc.cluster.local:4080",
    ],
    "explain/kubernetes.json": [
        "check",
        "kubernetes-juju-3.6-parca.yaml",
        "--explain",
        "zinc-1.zinc-endpoints.cos.svc.cluster.local",
        "--format",
        "json",
    ],
}
"""What is printed, and the command that prints it."""

SAME = {
    "kubernetes": (
        "kubernetes-juju-2.9-parca.yaml",
        "kubernetes-juju-3.6-parca.json",
        "kubernetes-juju-4.0.5-all.yaml",
        "kubernetes-juju-4.0.16-all.yaml",
        "kubernetes-collected.txt",
    ),
    "cross-model-consuming": (
        "cross-model-consuming-juju-2.9-parca.yaml",
        "cross-model-consuming-juju-3.6-parca.yaml",
        "cross-model-consuming-collected.txt",
    ),
    "cross-model-offering": (
        "cross-model-offering-juju-2.9-parca.yaml",
        "cross-model-offering-juju-3.6-parca.yaml",
        "cross-model-offering-collected.txt",
    ),
}
"""Inputs that show the same deployment."""


@pytest.fixture(autouse=True)
def _in_the_folder_of_the_inputs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(INPUTS)


@pytest.mark.parametrize("name", CASES)
def test_a_command_prints_what_its_file_holds(name: str) -> None:
    exit_code, out, err = run(*CASES[name])
    if name.endswith(".json"):
        text = out
    else:
        text = f"{out}--- standard error\n{err}--- exit code {exit_code}\n"
        name = f"{name.rpartition('.')[0]}.txt"
    check_golden(GOLDEN / name, text)


@pytest.mark.once
@pytest.mark.parametrize("name", COLLECTED)
def test_the_collected_inputs_are_what_the_script_prints(
    name: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("unit")
    tools = write_hook_tools(folder, deployed.DEPLOYMENTS[COLLECTED[name]], juju="4.0.16")
    environment = {
        "PATH": f"{tools}:/usr/bin:/bin",
        "JUJU_UNIT_NAME": "parca/0",
        "JUJU_MODEL_UUID": deployed.MODEL_UUID,
    }
    process = subprocess.run(
        ["sh", "-c", make_script("profiling-endpoint")],
        capture_output=True,
        check=True,
        encoding="utf-8",
        env=environment,
    )
    check_golden(INPUTS / name, process.stdout)


@pytest.mark.parametrize("name", SAME)
def test_every_input_of_a_deployment_gives_the_same_scrape_configs(name: str) -> None:
    first, *others = [run("render", file)[1] for file in SAME[name]]
    assert yaml.safe_load(first)["scrape_configs"]
    assert others == [first] * len(others)
