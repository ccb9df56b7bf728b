"""Servers for the tests: Parca itself, and a stand-in for it."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import Generator, Optional, Tuple

import pytest

from tests.forms import ROOT
from tests.functional.parca import LOCALHOST, Parca, find_parca, free_port
from tests.functional.pprof_program import MakeProgram, PprofProgram


@pytest.fixture(params=["stand-in", "parca"])
def parca(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[Parca, None, None]:
    """Return each of the two servers, not yet started."""
    command = (
        [sys.executable, "-m", "tests.functional.fake_parca"]
        if request.param == "stand-in"
        else [real_binary()]
    )
    server = Parca(command, tmp_path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT), prepend=":")
        yield server
    server.stop()


@pytest.fixture
def real_parca(tmp_path: Path) -> Generator[Parca, None, None]:
    """Return Parca itself, not yet started."""
    server = Parca([real_binary()], tmp_path)
    yield server
    server.stop()


@pytest.fixture
def two_parcas(tmp_path: Path) -> Generator[Tuple[Parca, Parca], None, None]:
    """Return two servers of Parca itself, not yet started."""
    folders = [tmp_path / name for name in ("one", "other")]
    for folder in folders:
        folder.mkdir()
    one, other = (Parca([real_binary()], folder) for folder in folders)
    yield one, other
    one.stop()
    other.stop()


@pytest.fixture
def make_program(tmp_path: Path) -> Generator[MakeProgram, None, None]:
    """Return what starts programs that serve pprof, and stop them at the end."""
    with contextlib.ExitStack() as stack:

        def make(
            host: str = LOCALHOST, port: int = 0, certificate: Optional[Path] = None
        ) -> PprofProgram:
            program = PprofProgram(tmp_path, host, port or free_port(), certificate)
            stack.callback(program.stop)
            return program

        yield make


def real_binary() -> str:
    binary = find_parca()
    if binary is None:
        pytest.skip("no Parca: put parca on PATH, or name it with PARCA_BINARY")
    return binary
