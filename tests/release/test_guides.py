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

PLANS = GOLDEN / "migrate-plan"
COMMAND = re.compile(r"^    parca-scrape (.+)$", re.MULTILINE)
OUTPUT = re.compile(r"^```text\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# Stands for lines that a block leaves out.
OMITTED = "…\n"
# The others dial what the databags name.
OFFLINE = ("check", "diff", "migrate", "vendor")


def prepare_move(folder: Path) -> None:
    """Write what the guide says that Juju has printed."""
    shutil.copy(PLANS / "juju-3.6-parca.yaml", folder / "dump.yaml")
    shutil.copy(PLANS / "parca.yaml", folder)
    for name in ("collected.txt", "after.txt"):
        shutil.copy(PLANS / "collected.txt", folder / name)


GUIDES: Dict[str, Callable[[Path], None]] = {"docs/moving-to-kubernetes.md": prepare_move}


def run_commands(page: str) -> List[str]:
    """Return what the commands of a page print, in order."""
    outputs: List[str] = []
    for command in COMMAND.findall(page):
        arguments = shlex.split(command, comments=True)
        if arguments[0] in OFFLINE:
            exit_code, out, _ = run(*arguments)
            assert exit_code in (0, 1), command
            outputs.append(out)
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
    GUIDES[name](tmp_path)
    monkeypatch.chdir(tmp_path)
    page = (ROOT / name).read_text(encoding="utf-8")
    outputs = run_commands(page)
    blocks = OUTPUT.findall(page)
    assert blocks
    assert [block for block in blocks if not any(has_block(out, block) for out in outputs)] == []
