from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Collection, List

import pytest

from parca_scrape import Problem
from parca_scrape.cli.collect import make_script
from parca_scrape.cli.hook_output import decode_hook_output, join_outputs
from parca_scrape.cli.relations import RelationTexts
from tests.cli import deployed
from tests.cli.command import run
from tests.cli.deployments import Deployment
from tests.cli.fake_hook_tools import write_hook_tools
from tests.cli.test_joining import published, shown

# No Python runs the script.
pytestmark = pytest.mark.once

ENDPOINT = "profiling-endpoint"
SHELLS = {"dash": ["dash"], "bash": ["bash", "--posix"], "busybox": ["busybox", "sh"]}
KUBERNETES = deployed.DEPLOYMENTS["kubernetes"]


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest) -> List[str]:
    command = SHELLS[request.param]
    if shutil.which(command[0]) is None:
        pytest.skip(f"no {command[0]} on PATH")
    return command


def run_script(
    shell: List[str], tools: Path, endpoint: str = ENDPOINT
) -> subprocess.CompletedProcess[str]:
    """Run the script as Juju does on a unit."""
    environment = {
        "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}",
        "JUJU_UNIT_NAME": "parca/0",
        "JUJU_MODEL_UUID": deployed.MODEL_UUID,
    }
    return subprocess.run(
        [*shell, "-c", make_script(endpoint)],
        capture_output=True,
        check=False,
        encoding="utf-8",
        env=environment,
    )


def collect(
    shell: List[str],
    folder: Path,
    deployment: Deployment,
    juju: str = "3.6",
    denied: Collection[str] = (),
) -> List[RelationTexts]:
    """Return the relations that the script prints."""
    process = run_script(shell, write_hook_tools(folder, deployment, juju=juju, denied=denied))
    assert (process.returncode, process.stderr) == (0, "")
    return join_outputs([decode_hook_output(process.stdout)])


@pytest.mark.parametrize("juju", ["2.9", "3.6", "4.0.5", "4.0.16"])
@pytest.mark.parametrize(
    "name", ["kubernetes", "machine", "peers", "cross-model-consuming", "cross-model-offering"]
)
def test_the_script_prints_what_the_charm_sees(
    shell: List[str], tmp_path: Path, name: str, juju: str
) -> None:
    deployment = deployed.DEPLOYMENTS[name]
    relations = collect(shell, tmp_path, deployment, juju)
    assert published(relations) == published(shown(deployment, "parca/0", juju="3.6"))
    assert [problem for relation in relations for problem in relation.problems] == []


def test_values_are_printed_whatever_is_in_them(shell: List[str], tmp_path: Path) -> None:
    shop = collect(shell, tmp_path, KUBERNETES)[-1]
    expected = shown(KUBERNETES, "parca/0", juju="3.6")[-1]
    assert shop.unit_databags["shop/0"] == expected.unit_databags["shop/0"]
    assert "\n" in shop.unit_databags["shop/0"]["note"]


def test_the_script_goes_on_after_a_denied_databag_and_says_so(
    shell: List[str], tmp_path: Path
) -> None:
    denied = ("zinc/1", "grafana")
    zinc, grafana, shop = collect(shell, tmp_path, KUBERNETES, denied=denied)
    rule = "skipped: Juju denied access: ERROR permission denied"
    assert zinc.problems == [Problem("error", "", rule, unit="zinc/1")]
    assert (sorted(zinc.unit_databags), zinc.unit_databags["zinc/1"]) == (["zinc/0", "zinc/1"], {})
    assert (grafana.problems, grafana.app_databag) == ([Problem("error", "", rule)], {})
    assert shop.problems == []


def test_the_script_goes_on_after_a_relation_that_is_gone(
    shell: List[str], tmp_path: Path
) -> None:
    tools = write_hook_tools(tmp_path, KUBERNETES)
    shutil.rmtree(tmp_path / "relations" / "9")
    process = run_script(shell, tools)
    _, gone, _ = join_outputs([decode_hook_output(process.stdout)])
    rule = (
        'skipped: Juju denied access: ERROR invalid value "profiling-endpoint:9" for option -r:'
        " relation not found"
    )
    assert gone == RelationTexts(9, "unknown", {}, {}, [Problem("error", "", rule)])


@pytest.mark.parametrize("endpoint", ["ingress-per-unit", "no_such"])
def test_an_endpoint_without_relations_is_refused(
    shell: List[str], tmp_path: Path, endpoint: str
) -> None:
    process = run_script(shell, write_hook_tools(tmp_path, KUBERNETES), endpoint)
    file = tmp_path / "output"
    file.write_text(process.stdout)
    line = f"parca-scrape: error: no relation on the endpoint {endpoint}\n"
    assert run("render", file) == (2, "", line)


def test_a_hundred_relations_are_printed(shell: List[str], tmp_path: Path) -> None:
    relations = collect(shell, tmp_path, deployed.crowd(100))
    assert [relation.relation_id for relation in relations] == [*range(20, 120)]


def test_the_script_only_reads(shell: List[str], tmp_path: Path) -> None:
    tools = write_hook_tools(tmp_path, KUBERNETES)
    before = {path for path in tmp_path.rglob("*") if path.name != "calls"}
    run_script(shell, tools)
    assert {path for path in tmp_path.rglob("*") if path.name != "calls"} == before
    called = {line.split()[0] for line in (tmp_path / "calls").read_text().splitlines()}
    assert called == {"relation-ids", "relation-list", "relation-get"}


def test_a_machine_without_hook_tools_is_refused(shell: List[str], tmp_path: Path) -> None:
    process = run_script(shell, tmp_path)
    line = "no hook tools: run this script on the unit, with juju exec\n"
    assert (process.returncode, process.stdout, process.stderr) == (1, "", line)


def test_a_failure_to_list_the_relations_is_printed(shell: List[str], tmp_path: Path) -> None:
    tool = tmp_path / "relation-ids"
    tool.write_text("#!/bin/sh\nprintf 'ERROR no \"unit\"\\n\\033[31m\\351\\n' >&2\nexit 1\n")
    tool.chmod(0o755)
    file = tmp_path / "output"
    file.write_text(run_script(shell, tmp_path).stdout)
    exit_code, out, err = run("check", file)
    assert (exit_code, out) == (2, "")
    assert err.startswith(
        f"parca-scrape: error: {file}: Juju did not list the relations:"
        ' ERROR no "unit"  [31m ; expected'
    )


def test_the_command_prints_the_script() -> None:
    assert run("collect") == (0, make_script(ENDPOINT), "")
    assert run("collect", "profiles") == (0, make_script("profiles"), "")
    assert "endpoint='profiles'" in make_script("profiles")


@pytest.mark.parametrize("endpoint", ["", "a b", "a'b", "$(id)", "-", "é", "a\nb"])
def test_an_endpoint_that_no_charm_has_is_refused(endpoint: str) -> None:
    rule = "ENDPOINT: must be the name of an endpoint, such as profiling-endpoint"
    assert run("collect", "--", endpoint) == (2, "", f"parca-scrape: error: {rule}\n")
