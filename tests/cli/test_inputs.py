from __future__ import annotations

import json
import os
from pathlib import Path
from typing import List

import pytest

from parca_scrape.cli.console import CommandError
from parca_scrape.cli.inputs import HINT, join_inputs, read_files
from parca_scrape.cli.relations import RelationTexts
from tests.cli import deployed
from tests.cli.command import run, start
from tests.cli.deployments import show_unit
from tests.cli.test_hook_output import APP, END, HEADER, OUTPUT, UNIT, ZINC
from tests.cli.test_hook_output import write as write_output
from tests.cli.test_joining import published

ENDPOINT = "profiling-endpoint"
KUBERNETES = deployed.DEPLOYMENTS["kubernetes"]
ERROR = "parca-scrape: error:"


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def read(*texts: str) -> List[RelationTexts]:
    """Return the relations that files with these texts show."""
    names = [f"file-{index}" for index in range(len(texts))]
    for name, text in zip(names, texts):
        Path(name).write_text(text, encoding="utf-8")
    return join_inputs(*read_files(names), ENDPOINT)


def refusal(*texts: str) -> str:
    with pytest.raises(CommandError) as caught:
        read(*texts)
    return str(caught.value)


def test_files_are_joined() -> None:
    units = ("parca/0", "zinc/0", "zinc/1", "grafana/0", "shop/0", "shop/1")
    texts = [show_unit(KUBERNETES, unit, juju="4.0.5") for unit in units]
    whole = show_unit(KUBERNETES, "parca/0", juju="3.6")
    assert published(read(*texts)) == published(read(whole))


def test_a_unit_may_be_in_several_files() -> None:
    text = show_unit(KUBERNETES, "parca/0", juju="3.6")
    assert published(read(text, text)) == published(read(text))


def test_a_unit_may_be_in_yaml_and_in_json() -> None:
    texts = [show_unit(KUBERNETES, "parca/0", juju="3.6", form=form) for form in ("yaml", "json")]
    assert published(read(*texts)) == published(read(texts[0]))


def test_another_endpoint_than_that_of_the_script_is_refused() -> None:
    line = f"{ERROR} no relation on the endpoint scrape: the script ran for profiling-endpoint\n"
    Path("output").write_text(OUTPUT)
    assert run("check", "--endpoint", "scrape", "output") == (2, "", line)


def test_a_unit_that_differs_between_files_is_refused() -> None:
    text = show_unit(KUBERNETES, "parca/0", juju="3.6")
    line = "file-1: parca/0 differs from parca/0 in another input: pass one of them"
    assert refusal(text, text.replace("zinc", "zinc-b")) == line


@pytest.mark.parametrize(
    "text",
    [
        OUTPUT,
        json.dumps({"parca/0": {"results": {"stdout": OUTPUT}}}),
        f"parca/0:\n  results:\n    stdout: |\n      {OUTPUT}".replace("\n{", "\n      {"),
        f"- Stdout: '{OUTPUT.strip()}'\n  UnitId: parca/0\n".replace("\n{", "\n\n    {"),
    ],
)
def test_output_of_the_script_is_read_in_every_form(text: str) -> None:
    assert read(text) == [ZINC]


def test_output_of_the_script_needs_no_name_of_the_endpoint() -> None:
    header = {**HEADER, "endpoint": "profiles"}
    app, unit = ({**line, "relation": "profiles:7"} for line in (APP, UNIT))
    assert read(write_output(header, app, unit, END)) == [ZINC]


def test_the_two_kinds_of_input_are_not_mixed() -> None:
    line = (
        "the output of juju show-unit cannot be combined with that of the script: pass one of them"
    )
    assert refusal(OUTPUT, show_unit(KUBERNETES, "parca/0", juju="3.6")) == line


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        ("{}", "empty"),
        ("model: {name: cos}", "no unit found"),
        ("a: b: c", "not valid YAML or JSON: see line 1"),
        (write_output(HEADER), "the output of the script is cut off: run the script again"),
    ],
)
def test_a_text_of_another_kind_is_refused_in_one_line(text: str, reason: str) -> None:
    assert refusal(text) == f"file-0: {reason}; {HINT}"


def test_a_file_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(CommandError, match=r"^missing: No such file or directory$"):
        read_files(["missing"])


def test_standard_input_is_one_of_the_files() -> None:
    Path("parca").write_text(show_unit(KUBERNETES, "parca/0", juju="4.0.5"))
    with start("check", "parca", "-") as process:
        text = show_unit(KUBERNETES, "zinc/0", "grafana/0", "shop/0", juju="4.0.5")
        out, err = process.communicate(text.encode())
    assert (process.returncode, err) == (1, b"")
    assert out.startswith(b"shop, charm shop-k8s\n")


def test_standard_input_is_read_only_once() -> None:
    line = f"{ERROR} standard input can be read only once: pass - once\n"
    assert run("check", "-", "-") == (2, "", line)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--live", "parca/0", "file"], "--live: not allowed with FILE"),
        (["--model", "cos"], "--model: only allowed with --live"),
    ],
)
def test_options_that_do_not_belong_together_are_refused(
    arguments: List[str], reason: str
) -> None:
    assert run("render", *arguments) == (2, "", f"{ERROR} {reason}\n")


def write_juju(folder: Path, script: str) -> None:
    """Write a command `juju` that keeps its arguments, and put it on PATH."""
    juju = folder / "juju"
    juju.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >> "{folder}/arguments"\n{script}\n')
    juju.chmod(0o755)


@pytest.fixture
def juju(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    (tmp_path / "output").write_text(json.dumps({"parca/0": {"results": {"stdout": OUTPUT}}}))
    return tmp_path


def test_juju_runs_the_script_on_the_unit(juju: Path) -> None:
    write_juju(juju, 'cat "$(dirname "$0")/output"')
    exit_code, out, err = run("check", "--live", "parca/0", "-m", "prod:cos")
    assert (exit_code, out, err) == (0, "no problems in 1 relation\n", "")
    arguments = (juju / "arguments").read_text()
    assert arguments.startswith(
        "exec\n--model\nprod:cos\n--format\njson\n--unit\nparca/0\n--\nendpoint='profiling-endpoint'\n"
    )


def test_diff_takes_a_unit_as_the_new_side(juju: Path) -> None:
    write_juju(juju, 'cat "$(dirname "$0")/output"')
    Path("old").write_text(OUTPUT)
    exit_code, out, err = run("diff", "old", "--live", "parca/0")
    assert (exit_code, out.splitlines()[-1], err) == (
        0,
        "breaks: 0, ends: 0, moved: 0, starts: 0, goes on: 0",
        "",
    )
    line = f"{ERROR} --live: not allowed with NEW\n"
    assert run("diff", "old", "new", "--live", "parca/0") == (2, "", line)
    line = f"{ERROR} --model: only with --live\n"
    assert run("diff", "old", "new", "-m", "cos") == (2, "", line)


def test_juju_2_9_runs_the_script_with_its_own_command(juju: Path) -> None:
    unknown = 'ERROR juju: "exec" is not a juju command. See "juju --help".'
    script = (
        f'[ "$1" = run ] || {{ echo \'{unknown}\' >&2; exit 2; }}; cat "$(dirname "$0")/output"'
    )
    write_juju(juju, script)
    assert run("check", "--live", "parca/0") == (0, "no problems in 1 relation\n", "")


@pytest.mark.parametrize(
    ("script", "line"),
    [
        (
            "echo 'ERROR unit \"parca/9\" not found' >&2; exit 1",
            'juju exec failed: ERROR unit "parca/9" not found',
        ),
        ("exit 3", "juju exec failed: exit code 3"),
        ("printf 'ERROR \\033[31m\\n\\nno' >&2; exit 1", r"juju exec failed: 'ERROR \x1b[31m no'"),
        ("echo {}", "parca/9: empty"),
        ("echo 'no hook tools'", "parca/9: no unit found"),
    ],
)
def test_a_failure_of_juju_is_one_line(juju: Path, script: str, line: str) -> None:
    write_juju(juju, script)
    assert run("check", "--live", "parca/9") == (2, "", f"{ERROR} {line}\n")


def test_juju_that_is_not_installed_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    exit_code, out, err = run("check", "--live", "parca/0")
    assert (exit_code, out) == (2, "")
    assert err.startswith(f"{ERROR} --live cannot run juju: ")
    assert err.count("\n") == 1


def test_jubilant_that_is_not_installed_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "jubilant", None)
    line = "--live needs jubilant: install parca-scrape[live]"
    assert run("check", "--live", "parca/0") == (2, "", f"{ERROR} {line}\n")


def test_an_empty_option_is_not_the_same_as_none(juju: Path) -> None:
    write_juju(juju, "echo 'ERROR invalid unit name' >&2; exit 1")
    line = f"{ERROR} juju exec failed: ERROR invalid unit name\n"
    assert run("check", "--live", "") == (2, "", line)
    assert run("check", "--model", "") == (2, "", f"{ERROR} --model: only allowed with --live\n")
    missing = f"{ERROR} : No such file or directory\n"
    assert run("check", "--jobs", "") == (2, "", missing)
