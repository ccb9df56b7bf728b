from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.forms import ROOT


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a copy of what the generators read and write."""
    for folder in ("tools", "src", "lib", "docs", "interface"):
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(str(ROOT / folder), str(tmp_path / folder), ignore=ignore)
    return tmp_path
