"""The guides are true: their commands run, and their blocks of output are what these print."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path
from typing import Callable, Dict, List, Mapping

import pytest

from tests.cli.command import run
from tests.cli.golden_files import GOLDEN
from tests.forms import ROOT
from tests.migration.code.trees import K8S, publish_k8s, write_tree
from tests.snippets import find_blocks

SHOP = {
    "charmcraft.yaml": """\
name: shop
type: charm
base: ubuntu@24.04
platforms:
  amd64:
provides:
  profiling-endpoint:
    interface: parca_scrape

charm-libs:
  - lib: traefik_k8s.ingress
    version: "0"
  - lib: parca_k8s.parca_scrape
    version: "0"
""",
    "pyproject.toml": """\
[project]
name = "shop"
requires-python = ">=3.10"
dependencies = [
    "ops>=2.17",
    "cosl",
]
""",
    "src/charm.py": """\
\"\"\"A shop that Parca profiles.\"\"\"

from __future__ import annotations

import ops
from charms.parca_k8s.v0.parca_scrape import ProfilingEndpointProvider


class ShopCharm(ops.CharmBase):
    \"\"\"Run a shop.\"\"\"
""",
    "tests/test_charm.py": """\
from unittest.mock import patch

from charm import ShopCharm


def test_the_address_is_published() -> None:
    with patch("charms.parca_k8s.v0.parca_scrape.socket.getfqdn", return_value="shop-0"):
        with patch("cosl.JujuTopology.from_charm"):
            ...
""",
    "uv.lock": '[[package]]\nname = "ops"\n',
}
PLANS = GOLDEN / "migrate-plan"
KUBERNETES = "inputs/kubernetes-juju-3.6-parca.yaml"
COMMAND = re.compile(r"^ {4,}parca-scrape (.+)$", re.MULTILINE)
OUTPUT = re.compile(r"^( *)```text\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
# Stands for lines that a block leaves out.
OMITTED = "…\n"
# The others dial what the databags name.
OFFLINE = ("check", "diff", "migrate", "vendor")


def prepare_move(folder: Path, _: pytest.MonkeyPatch) -> None:
    """Write what the guide says that Juju has printed."""
    shutil.copy(PLANS / "juju-3.6-parca.yaml", folder / "dump.yaml")
    shutil.copy(PLANS / "parca.yaml", folder)
    for name in ("collected.txt", "after.txt"):
        shutil.copy(PLANS / "collected.txt", folder / name)


def prepare_charm(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Write the charms that the guide rewrites."""
    files = {**SHOP, K8S: publish_k8s(monkeypatch)}
    for name in ("charm", "another-charm"):
        write_tree(folder / "path/to" / name, files)


def copy_inputs(files: Mapping[str, str]) -> Callable[[Path, pytest.MonkeyPatch], None]:
    """Return a function that copies golden files to the names that a guide has for them."""

    def prepare(folder: Path, _: pytest.MonkeyPatch) -> None:
        for name, source in files.items():
            shutil.copy(GOLDEN / source, folder / name)

    return prepare


def prepare_jobs(folder: Path, _: pytest.MonkeyPatch) -> None:
    """Write the file with the jobs that the guide shows."""
    page = "docs/how-to/telling-targets-apart.md"
    for block in find_blocks(page, (ROOT / page).read_text(encoding="utf-8")):
        if block.name == "jobs.yaml":
            (folder / "jobs.yaml").write_text(block.text, encoding="utf-8")
    shutil.copy(GOLDEN / KUBERNETES, folder / "dump.yaml")


GUIDES: Dict[str, Callable[[Path, pytest.MonkeyPatch], None]] = {
    "docs/how-to/juju-4.md": copy_inputs(
        {
            "dump.yaml": "inputs/kubernetes-juju-4.0.16-parca.yaml",
            "collected.txt": "inputs/kubernetes-collected.txt",
        }
    ),
    "docs/how-to/migrating.md": prepare_charm,
    "docs/how-to/moving-to-kubernetes.md": prepare_move,
    "docs/how-to/reading-problems.md": copy_inputs(
        {"dump.yaml": KUBERNETES, "jobs.yaml": "inputs/own-jobs.yaml"}
    ),
    "docs/how-to/telling-targets-apart.md": prepare_jobs,
    "docs/how-to/upgrading.md": copy_inputs(
        {"dump.yaml": "diff/old.yaml", "parca.yaml": "diff/parca.yaml"}
    ),
}
# Its commands are those of the golden files.
COMMANDS = "docs/reference/commands.md"


def run_commands(page: str) -> List[str]:
    """Return what the commands of a page print, in order."""
    outputs: List[str] = []
    for command in COMMAND.findall(page):
        arguments = shlex.split(command, comments=True)
        if arguments[0] in OFFLINE and "--live" not in arguments:
            exit_code, out, err = run(*arguments)
            # A guide may show how a command fails.
            assert exit_code in (0, 1) or (err and err in page), err
            outputs += [out, err]
    return outputs


def has_block(output: str, block: str) -> bool:
    """Return whether an output has the parts of a block, in order."""
    position = 0
    for part in block.split(OMITTED):
        position = output.find(part, position)
        if position < 0:
            return False
        position += len(part)
    return True


@pytest.mark.parametrize("name", GUIDES)
def test_every_block_of_output_is_what_a_command_of_the_guide_prints(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    GUIDES[name](tmp_path, monkeypatch)
    monkeypatch.chdir(tmp_path)
    page = (ROOT / name).read_text(encoding="utf-8")
    check_blocks(page, run_commands(page))


def test_every_block_of_output_in_the_reference_is_that_of_a_golden_file() -> None:
    outputs = [path.read_text(encoding="utf-8") for path in GOLDEN.rglob("*.txt")]
    check_blocks((ROOT / COMMANDS).read_text(encoding="utf-8"), outputs)


def check_blocks(page: str, outputs: List[str]) -> None:
    """Raise AssertionError unless each block of output is in one of the outputs."""
    blocks = [
        re.sub(f"^{indentation}", "", block, flags=re.MULTILINE)
        for indentation, block in OUTPUT.findall(page)
    ]
    assert blocks
    assert [block for block in blocks if not any(has_block(out, block) for out in outputs)] == []
