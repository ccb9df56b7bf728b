from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import List

import pytest

import parca_scrape
from parca_scrape.cli import inputs
from tests.cli.command import ENVIRONMENT, EXAMPLE, run, start


@pytest.fixture(params=["render", "vendor"])
def arguments(request: pytest.FixtureRequest, tmp_path: Path) -> List[object]:
    """Return the arguments of a command that prints something."""
    (tmp_path / "metadata.yaml").write_text("name: zinc\n")
    commands: List[List[object]] = [
        ["render", EXAMPLE],
        ["vendor", tmp_path, "--charm", "parca"],
    ]
    return next(command for command in commands if command[0] == request.param)


def test_a_reader_that_goes_away_causes_no_error(arguments: List[object]) -> None:
    with start(*arguments) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        assert (process.stderr.read(), process.wait()) == (b"", 141)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_is_reported_in_one_line(arguments: List[object]) -> None:
    with open("/dev/full", "wb") as full, start(*arguments, stdout=full.fileno()) as process:
        _, err = process.communicate()
    line = b"parca-scrape: error: cannot write: No space left on device\n"
    assert (process.returncode, err) == (2, line)


def test_an_interrupted_command_ends_without_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(file: str) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(inputs, "read_text", interrupt)
    assert run("render") == (130, "", "")


def test_the_version_is_that_of_the_package() -> None:
    assert run("--version") == (0, f"parca-scrape {parca_scrape.VERSION}\n", "")


@pytest.mark.parametrize("arguments", [[], ["sing"], ["render", "--format", "xml"]])
def test_wrong_arguments_are_refused_with_exit_code_2(arguments: List[str]) -> None:
    exit_code, out, err = run(*arguments)
    assert (exit_code, out) == (2, "")
    assert err.splitlines()[-1].startswith("parca-scrape")


def list_modules(code: str) -> List[str]:
    """Return the modules that are loaded after some code has run in its own process."""
    environment = {
        name: value for name, value in ENVIRONMENT.items() if not name.startswith("COVERAGE_")
    }
    report = "\nprint(*sorted(sys.modules), file=sys.stderr)"
    process = subprocess.run(
        [
            sys.executable,
            "-c",
            f"import sys\nfrom parca_scrape.cli.main import main\n{code}{report}",
        ],
        capture_output=True,
        env=environment,
        check=True,
        text=True,
    )
    return process.stderr.splitlines()[-1].split()


def test_the_command_starts_without_what_only_commands_need() -> None:
    modules = list_modules("try: main(['--version'])\nexcept SystemExit: pass")
    ours = [module for module in modules if module.partition(".")[0] == "parca_scrape"]
    assert ours == [
        "parca_scrape",
        "parca_scrape.cli",
        "parca_scrape.cli.console",
        "parca_scrape.cli.main",
        "parca_scrape.version",
    ]
    assert not {"dataclasses", "ops", "yaml"} & set(modules)


def test_rendering_needs_no_ops() -> None:
    code = f"assert main(['render', {str(EXAMPLE)!r}]) == 1"
    assert "ops" not in list_modules(code)


def test_only_the_chosen_command_is_imported() -> None:
    modules = list_modules("assert main(['schema', 'status']) == 0")
    assert "parca_scrape.cli.status" not in modules
