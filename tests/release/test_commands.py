"""What the Makefile, the generators and the benchmarks tell people to run can be run."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from typing import List, Tuple

import pytest

from tests.forms import ROOT

SELECTION = re.compile(r"^\t@echo \"make test .*PYTEST_ARGS='(.+)'", re.MULTILINE)
COMMAND = re.compile(r'^COMMAND = "(.+)"$', re.MULTILINE)
RECORD_COMMAND = re.compile(r'^RECORD_COMMAND = "(.+)"$', re.MULTILINE)
BENCHMARK = re.compile(r"^\| `(\w+)` \|", re.MULTILINE)
BENCHMARKS = BENCHMARK.findall((ROOT / "benchmarks" / "README.md").read_text(encoding="utf-8"))


def read(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def run(*command: str) -> Tuple[int, str, str]:
    """Run a command in the root, and return its exit code, output and errors."""
    result = subprocess.run(command, cwd=str(ROOT), capture_output=True, text=True, check=False)
    return result.returncode, result.stdout, result.stderr


def test_the_example_in_the_help_of_make_selects_tests() -> None:
    [arguments] = SELECTION.findall(read("Makefile"))
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", *shlex.split(arguments)]
    exit_code, out, _ = run(*command)
    assert (exit_code, "::test_" in out) == (0, True)


@pytest.mark.parametrize("tool", ["single_file", "reference"])
def test_what_a_stale_file_asks_for_runs_its_generator(tool: str) -> None:
    [command] = COMMAND.findall(read(f"tools/{tool}.py"))
    exit_code, out, _ = run(*shlex.split(command), "--dry-run")
    assert (exit_code, f"/python tools/{tool}.py\n" in out) == (0, True)


def test_what_an_unrecorded_release_asks_for_is_in_the_instructions() -> None:
    [command] = RECORD_COMMAND.findall(read("tools/check_release.py"))
    assert f"`{command}`" in read("RELEASING.md")


def test_the_list_of_benchmarks_has_every_one() -> None:
    paths = (ROOT / "benchmarks").glob("*.py")
    scripts = [path.stem for path in paths if "\ndef main(" in path.read_text(encoding="utf-8")]
    assert sorted(BENCHMARKS) == sorted(scripts)


@pytest.mark.parametrize("options", [[], ["-OO"]])
@pytest.mark.parametrize("name", BENCHMARKS)
def test_every_benchmark_explains_itself(name: str, options: List[str]) -> None:
    exit_code, out, err = run(sys.executable, *options, "-m", f"benchmarks.{name}", "--help")
    assert (exit_code, out.partition(" ")[0], err) == (0, "usage:", "")


@pytest.mark.parametrize("name", BENCHMARKS)
def test_a_benchmark_without_the_library_ends_in_one_line(name: str) -> None:
    # -S leaves out what is installed, and -E leaves out PYTHONPATH.
    line = (
        "benchmarks: this Python has no ops and no yaml and no parca_scrape: run make test, and"
        " then .venv/bin/python -m benchmarks.NAME\n"
    )
    assert run(sys.executable, "-ES", "-m", f"benchmarks.{name}") == (2, "", line)
