"""The command as a whole; the plans that it prints for a model of machines are golden files."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any, Dict, List, Sequence, Tuple

import pytest
import yaml

from parca_scrape.cli.collect import make_script
from tests.cli.command import run
from tests.cli.deployments import show_unit
from tests.cli.dumps import MODEL_UUID as COS_UUID
from tests.cli.dumps import ONE_PORT, make_document, make_dump
from tests.cli.fake_hook_tools import write_hook_tools
from tests.cli.golden_files import GOLDEN, check_golden
from tests.cli.schemas import list_faults
from tests.migration.plan.machine_model import MACHINES, MODEL_UUID

PLANS = GOLDEN / "migrate-plan"
# Each plan, the arguments for it, and the exit code.
CASES: Dict[str, Tuple[str, int]] = {
    "juju-3.md": ("juju-3.6-parca.yaml", 1),
    "juju-4.md": ("collected.txt --juju 4 --target-model k8s:admin/cos", 1),
    "in-place.md": ("juju-3.6-parca.yaml --parca-yaml parca.yaml", 1),
    "juju-3.json": ("juju-3.6-parca.yaml --format json", 1),
    "in-place.json": ("juju-3.6-parca.yaml --parca-yaml parca.yaml --format json", 1),
}


@pytest.fixture(autouse=True)
def _in_the_folder_of_the_inputs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(PLANS)


def plan(tmp_path: Path, dump: str, *options: str) -> Tuple[int, Dict[str, Any]]:
    """Return the exit code and the plan for a dump."""
    file = tmp_path / "dump"
    file.write_text(dump, encoding="utf-8")
    exit_code, out, _ = run("migrate", "plan", file, *options, "--format", "json")
    document: Dict[str, Any] = json.loads(out)
    assert list_faults("migrate-plan", document) == []
    return exit_code, document


@pytest.mark.parametrize("name", CASES)
def test_the_plan_is_that_of_the_golden_file(name: str) -> None:
    arguments, exit_code = CASES[name]
    code, out, _ = run("migrate", "plan", *arguments.split())
    check_golden(PLANS / name, out)
    assert code == exit_code


def test_the_input_is_what_juju_3_prints() -> None:
    check_golden(PLANS / "juju-3.6-parca.yaml", show_unit(MACHINES, "parca/0", juju="3.6"))


@pytest.mark.once
def test_the_collected_input_is_what_the_script_prints(tmp_path: Path) -> None:
    tools = write_hook_tools(tmp_path, MACHINES, juju="4.0.16")
    process = subprocess.run(
        ["sh", "-c", make_script("profiling-endpoint")],
        capture_output=True,
        check=True,
        encoding="utf-8",
        env={
            "PATH": f"{tools}:/usr/bin:/bin",
            "JUJU_UNIT_NAME": "parca/0",
            "JUJU_MODEL_UUID": MODEL_UUID,
        },
    )
    check_golden(PLANS / "collected.txt", process.stdout)


@pytest.mark.parametrize("juju", ["2.9", "3.6", "4.0.16"])
def test_every_version_of_juju_shows_the_same_applications_and_series(
    juju: str, tmp_path: Path
) -> None:
    units = [unit for application in MACHINES.applications for unit in application.unit_names]
    shown = ["parca/0"] if juju < "4" else units
    _, document = plan(tmp_path, show_unit(MACHINES, *shown, juju=juju))
    expected = json.loads((PLANS / "juju-3.json").read_text("utf-8"))
    parts = ["parca", "applications", "series"]
    if juju == "4.0.16":
        # It does not show what applications of other models publish.
        kept = [part for part in expected["applications"] if part["model"] == "lma"]
        assert document["applications"][:-1] == kept
        parts = ["parca"]
    assert [document[part] for part in parts] == [expected[part] for part in parts]


def test_on_juju_4_both_inputs_together_show_what_show_unit_of_juju_3_shows(
    tmp_path: Path,
) -> None:
    dump = show_unit(MACHINES, "parca/0", juju="4.0.16")
    _, document = plan(tmp_path, dump, str(PLANS / "collected.txt"))
    expected = json.loads((PLANS / "juju-3.json").read_text("utf-8"))
    # It does not say which of the other relations are cross-model, so the steps can differ.
    parts = ["parca", "applications", "series", "endpoints", "warnings"]
    assert [document[part] for part in parts] == [expected[part] for part in parts]


def test_a_model_in_which_all_goes_on_needs_no_decision(tmp_path: Path) -> None:
    dump = make_dump(ONE_PORT).replace("zinc-0.local", "10.1.80.4")
    dump = dump.replace(
        '"parca_scrape_unit', '"parca_scrape_unit_name": "zinc/0", "parca_scrape_unit'
    )
    exit_code, document = plan(tmp_path, dump)
    series = document["series"]
    assert exit_code == 0
    assert series["counts"] == {"breaks": 0, "ends": 0, "moved": 0, "starts": 0, "goes_on": 1}


def test_a_parca_yaml_that_has_what_the_databags_give_loses_nothing(tmp_path: Path) -> None:
    dump = make_dump(ONE_PORT).replace("zinc-0.local", "10.1.80.4")
    dump = dump.replace(
        '"parca_scrape_unit', '"parca_scrape_unit_name": "zinc/0", "parca_scrape_unit'
    )
    configuration = yaml.safe_dump(make_document()).replace("zinc-0.local", "10.1.80.4")
    (tmp_path / "parca.yaml").write_text(configuration)
    exit_code, document = plan(tmp_path, dump, "--parca-yaml", str(tmp_path / "parca.yaml"))
    series = document["series"]
    assert (exit_code, series["before"]) == (0, "parca.yaml")
    assert series["counts"]["goes_on"] == 1


def test_a_stale_job_in_parca_yaml_is_reported_as_such(tmp_path: Path) -> None:
    labels = {"juju_model": "cos", "juju_model_uuid": COS_UUID, "juju_application": "gone"}
    stale = {"job_name": "gone", "static_configs": [{"targets": ["h:1"], "labels": labels}]}
    (tmp_path / "parca.yaml").write_text(yaml.safe_dump({"scrape_configs": [stale]}))
    option = ("--parca-yaml", str(tmp_path / "parca.yaml"))
    exit_code, document = plan(tmp_path, make_dump(ONE_PORT), *option)
    series = document["series"]
    [ended] = [target for target in series["targets"] if target["change"] == "ends"]
    assert exit_code == 1
    assert ended["job"] == "gone"
    assert ended["why"].startswith("no relation in the input asks for it")


def test_an_input_of_parca_k8s_is_pointed_out(tmp_path: Path) -> None:
    dump = json.loads(make_dump(ONE_PORT))
    dump["parca/0"]["charm"] = "ch:amd64/parca-k8s-401"
    (tmp_path / "dump").write_text(json.dumps(dump))
    _, out, _ = run("migrate", "plan", tmp_path / "dump")
    assert "- The input is of parca-k8s, not of the machine charm" in out


BAD: List[Tuple[Sequence[str], str]] = [
    (["missing.yaml"], "missing.yaml: No such file or directory"),
    (
        ["juju-3.6-parca.yaml", "--target-model", "a b"],
        "--target-model: a b: expected MODEL, USER/MODEL or CONTROLLER:USER/MODEL",
    ),
    (
        ["juju-3.6-parca.yaml", "--parca-yaml", "juju-3.6-parca.yaml"],
        "juju-3.6-parca.yaml: expected a parca.yaml: no scrape_configs in it",
    ),
    (["--parca-yaml", "-"], "standard input can be read only once: pass - once"),
    (["-", "--parca-yaml", "-"], "standard input can be read only once: pass - once"),
    (
        ["juju-3.6-parca.yaml", "--endpoint", "none"],
        "no relation on the endpoint none: try --endpoint metrics-endpoint or"
        " parca-store-endpoint or profiling-endpoint",
    ),
]


@pytest.mark.parametrize(("arguments", "line"), BAD, ids=lambda value: str(value)[:40])
def test_bad_input_is_refused_in_one_line(arguments: Sequence[str], line: str) -> None:
    assert run("migrate", "plan", *arguments) == (2, "", f"parca-scrape: error: {line}\n")
