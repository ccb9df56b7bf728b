"""The guides are true: their commands run, and their blocks of output are what these print."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path
from typing import Callable, Dict, List

import pytest

from tests.cli.command import run
from tests.cli.golden_files import GOLDEN
from tests.forms import ROOT
from tests.migration.code.trees import K8S, publish_k8s, write_tree

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
# The second number of spaces is that of a list.
COMMAND = re.compile(r"^ {4}(?: {3})?parca-scrape (.+)$", re.MULTILINE)
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


GUIDES: Dict[str, Callable[[Path, pytest.MonkeyPatch], None]] = {
    "docs/how-to/migrating.md": prepare_charm,
    "docs/how-to/moving-to-kubernetes.md": prepare_move,
}


def run_commands(page: str) -> List[str]:
    """Return what the commands of a page print, in order."""
    outputs: List[str] = []
    for command in COMMAND.findall(page):
        arguments = shlex.split(command, comments=True)
        if arguments[0] in OFFLINE:
            exit_code, out, err = run(*arguments)
            assert exit_code in (0, 1), err
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
    outputs = run_commands(page)
    blocks = [
        re.sub(f"^{indentation}", "", block, flags=re.MULTILINE)
        for indentation, block in OUTPUT.findall(page)
    ]
    assert blocks
    assert [block for block in blocks if not any(has_block(out, block) for out in outputs)] == []
