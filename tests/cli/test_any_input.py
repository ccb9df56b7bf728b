"""No input makes a command print a traceback."""

from __future__ import annotations

import os
import tempfile
from typing import Dict, List

from hypothesis import given
from hypothesis import strategies as st

from tests.cli.command import run
from tests.cli.golden_files import GOLDEN, INPUTS
from tests.functional.parca import NOBODY

PLANS = GOLDEN / "migrate-plan"
FILES = sorted([*INPUTS.glob("*"), *GOLDEN.glob("render/*"), *PLANS.glob("*.yaml")])
# `{}` is the file. Nothing listens on the address.
COMMANDS: Dict[str, List[str]] = {
    "render": ["render", "{}"],
    "render json": ["render", "{}", "--format", "json"],
    "check": ["check", "{}"],
    "check json": ["check", "{}", "--strict", "--format", "json"],
    "check github": ["check", "{}", "--format", "github"],
    "jobs": ["check", "--jobs", "{}"],
    "explain": ["check", "--explain", "zinc-0:80", "{}"],
    "diff": ["diff", "{}", str(INPUTS / "kubernetes-juju-3.6-parca.yaml")],
    "diff json": ["diff", str(INPUTS / "kubernetes-collected.txt"), "{}", "--format", "json"],
    "diff k8s": ["diff", "--as", "k8s", "{}"],
    "diff machine": ["diff", "--as", "machine", "{}", "{}"],
    "plan": ["migrate", "plan", "{}"],
    "plan json": ["migrate", "plan", "--juju", "4", "--format", "json", "{}"],
    "plan in place": ["migrate", "plan", str(PLANS / "juju-3.6-parca.yaml"), "--parca-yaml", "{}"],
    "status": ["status", "--parca", f"http://{NOBODY}", "{}"],
}


@st.composite
def contents(draw: st.DrawFn) -> bytes:
    """Return an input with some bytes in place of others, or any bytes."""
    content = draw(st.sampled_from(FILES)).read_bytes()
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(content)))
        end = start + draw(st.integers(0, 40))
        content = content[:start] + draw(st.binary(max_size=20)) + content[end:]
    return draw(st.just(content) | st.binary())


@given(contents(), st.sampled_from(sorted(COMMANDS)))
def test_any_input_ends_in_an_exit_code_and_printable_lines(content: bytes, name: str) -> None:
    with tempfile.NamedTemporaryFile(dir=os.environ.get("TMPDIR")) as file:
        file.write(content)
        file.flush()
        arguments = [file.name if argument == "{}" else argument for argument in COMMANDS[name]]
        exit_code, out, err = run(*arguments)
    assert exit_code in (0, 1, 2)
    assert (out + err).replace("\n", "").isprintable()
    if exit_code == 2:
        assert (out, err.count("\n")) == ("", 1)
        assert err.startswith("parca-scrape: error: ")
