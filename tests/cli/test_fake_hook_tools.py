from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Tuple

import pytest

from tests.cli import deployed
from tests.cli.fake_hook_tools import write_hook_tools

SHOP = (
    '{"egress-subnets":"10.1.80.40/32","ingress-address":"10.1.80.40",'
    r'"note":"said \"it' + r"'s\nup\" \u003cüber\u003e" + '",'
    '"parca_scrape_unit_address":"shop-0.shop-endpoints.cos.svc.cluster.local",'
    '"parca_scrape_unit_name":"shop/0","private-address":"10.1.80.40"}\n'
)
ZINC = json.dumps(deployed.ZINC_JOBS, separators=(",", ":")) + "\n"
ANSWERS = {
    "relation-ids profiling-endpoint": (
        0,
        "profiling-endpoint:12\nprofiling-endpoint:7\nprofiling-endpoint:9\n",
    ),
    "relation-ids unknown": (0, ""),
    "relation-ids unknown --format json": (0, "[]\n"),
    "relation-ids --format=json certificates": (0, '["certificates:5"]\n'),
    "relation-ids": (2, "ERROR no relation name specified\n"),
    "relation-list -r profiling-endpoint:12": (0, "shop/0\nshop/1\n"),
    "relation-list -r 7 --format json": (0, '["zinc/0","zinc/1"]\n'),
    "relation-list --app -r profiling-endpoint:7": (0, "zinc\n"),
    "relation-list --app --format json -r 7": (0, '"zinc"\n'),
    "relation-list": (2, "ERROR no relation id specified\n"),
    "relation-list -r x:99": (2, 'ERROR invalid value "x:99" for option -r: relation not found\n'),
    "relation-list -r x": (2, 'ERROR invalid value "x" for option -r: invalid relation id\n'),
    "relation-list -r 7 zinc/0": (2, 'ERROR unrecognized args: ["zinc/0"]\n'),
    "relation-get -r 12 --format json - shop/0": (0, SHOP),
    "relation-get -r profiling-endpoint:7 --app --format json - zinc": (0, ZINC),
    "relation-get --app -r 7 --format json - zinc/1": (0, ZINC),
    "relation-get -r 5 - parca/0": (
        0,
        "egress-subnets: 10.1.80.14/32\ningress-address: 10.1.80.14\n"
        "private-address: 10.1.80.14\n",
    ),
    "relation-get -r 7 --app --format json - parca": (0, "{}\n"),
    "relation-get -r 7 - shop/0": (1, "ERROR permission denied\n"),
    "relation-get -r 7 - zinc/1": (1, "ERROR permission denied\n"),
    "relation-get -r 7 -": (2, "ERROR no unit or application specified\n"),
    "relation-get -r 7 - zinc": (2, 'ERROR expected unit name, got application name "zinc"\n'),
    "relation-get -r 7 --json - zinc/0": (
        2,
        "ERROR option provided but not defined: --json\n",
    ),
}


def call(tools: Path, command: str) -> Tuple[int, str]:
    """Call a hook tool, and return its exit code and what it prints."""
    path = f"{tools}{os.pathsep}{os.environ['PATH']}"
    arguments = command.split()
    done = subprocess.run(
        [str(tools / arguments[0]), *arguments[1:]],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={"PATH": path},
        check=False,
    )
    return done.returncode, done.stdout.decode()


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The hook tools of Parca; one databag is denied."""
    folder = tmp_path_factory.mktemp("hook tools")
    return write_hook_tools(folder, deployed.KUBERNETES, denied=["zinc/1"])


@pytest.mark.parametrize("command", ANSWERS)
def test_a_hook_tool_answers_as_that_of_juju(tools: Path, command: str) -> None:
    assert call(tools, command) == ANSWERS[command]


def test_a_unit_that_is_no_leader_cannot_read_the_databag_of_its_application(
    tmp_path: Path,
) -> None:
    tools = write_hook_tools(tmp_path, deployed.KUBERNETES, "zinc/1")
    command = "relation-get -r 7 --app --format json - zinc"
    assert call(tools, command) == (1, "ERROR permission denied\n")


def test_names_are_sorted_as_text(tmp_path: Path) -> None:
    tools = write_hook_tools(tmp_path, deployed.crowd(100))
    _, printed = call(tools, "relation-ids profiling-endpoint")
    ids = printed.split()
    assert (len(ids), ids[:2]) == (100, ["profiling-endpoint:100", "profiling-endpoint:101"])


def test_calls_are_counted(tmp_path: Path) -> None:
    tools = write_hook_tools(tmp_path, deployed.PEERS)
    call(tools, "relation-ids profiling-endpoint")
    call(tools, "relation-get -r 10 --app - database")
    assert (tmp_path / "calls").read_text() == (
        "relation-ids profiling-endpoint\nrelation-get -r 10 --app - database\n"
    )
