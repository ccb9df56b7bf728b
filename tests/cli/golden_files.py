"""Files that hold what a program prints; UPDATE_GOLDEN=1 in the environment rewrites them."""

from __future__ import annotations

import os
from pathlib import Path

from tests.forms import ROOT

GOLDEN = ROOT / "tests" / "cli" / "golden"
INPUTS = GOLDEN / "inputs"


def check_golden(file: Path, text: str) -> None:
    """Compare a text with the file that holds it, or write the file.

    Raises:
        AssertionError: they differ.
    """
    if os.environ.get("UPDATE_GOLDEN"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode())
    assert text == file.read_bytes().decode(), f"{file.name} differs; see CONTRIBUTING.md"
