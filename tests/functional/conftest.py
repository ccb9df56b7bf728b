"""Servers for the tests: Parca itself, and a stand-in for it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Generator

import pytest

from tests.forms import ROOT
from tests.functional.parca import Parca, find_parca


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


def real_binary() -> str:
    binary = find_parca()
    if binary is None:
        pytest.skip("no Parca: put parca on PATH, or name it with PARCA_BINARY")
    return binary
