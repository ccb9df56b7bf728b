from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import parca_scrape
from parca_scrape import testing
from tests.forms import ROOT

pytest.importorskip("griffe")


PAGE = Path("docs") / "reference" / "api.md"
TOOL = Path("tools") / "reference.py"
ENTRY = re.compile(r"^### (\w+)$", re.MULTILINE)


def write_reference(root: Path, *options: str) -> str:
    """Run the tool in a checkout, and return what it prints on standard error."""
    result = subprocess.run(
        [sys.executable, str(root / TOOL), *options], capture_output=True, text=True
    )
    assert (result.returncode == 0) is (not result.stderr), result.stderr
    return result.stderr


def test_the_page_is_what_the_docstrings_make_of_it() -> None:
    assert write_reference(ROOT, "--check") == ""


def test_every_public_name_has_an_entry() -> None:
    entries = ENTRY.findall((ROOT / PAGE).read_text(encoding="utf-8"))
    names = [*parca_scrape.__all__, *testing.__all__]
    assert [name for name in names if entries.count(name) != 1] == []


def test_a_stale_page_is_noticed(checkout: Path) -> None:
    path = checkout / "src" / "parca_scrape" / "version.py"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('VERSION = "', 'VERSION = "9'), encoding="utf-8")

    stale = f"reference: {PAGE} is stale: run make reference\n"
    assert write_reference(checkout, "--check") == stale
    assert write_reference(checkout) == ""
    assert write_reference(checkout, "--check") == ""


def test_a_public_name_without_a_section_is_noticed(checkout: Path) -> None:
    path = checkout / "src" / "parca_scrape" / "__init__.py"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('    "Job",\n', '    "Job",\n    "Joke",\n'), encoding="utf-8")

    line = "reference: SECTIONS and __all__ differ in Joke\n"
    assert write_reference(checkout) == line
