from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Tuple

import pytest

from tests.forms import ROOT

CLASSES = """\
from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Dict, List, TypedDict


@dataclass(frozen=True)
class Job:
    name: str
    scheme: str = ""

    @classmethod
    def decode(cls, text: str) -> Job:
        return cls(name=text, scheme="http")


class ScrapeConfig(TypedDict, total=False):
    job_name: str
"""
NOTICED = """

def rename(job: Job) -> Job:
    return replace(job, name="zinc")


def render(job: Job) -> List[ScrapeConfig]:
    return [{"job_name": job.name}]
"""
NOT_NOTICED = """

def decode(text: str) -> Job:
    return Job(**decode_fields(text))


def decode_fields(text: str) -> Dict[str, str]:
    fields = {"name": text}
    fields["scheme"] = "http"
    return fields
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a checkout with an empty package."""
    pytest.importorskip("mypy")
    ignore = shutil.ignore_patterns("__pycache__", "requirements")
    shutil.copytree(str(ROOT / "tools"), str(tmp_path / "tools"), ignore=ignore)
    shutil.copy(str(ROOT / "mypy.ini"), str(tmp_path))
    (tmp_path / "src" / "parca_scrape").mkdir(parents=True)
    return tmp_path


def misspell(checkout: Path, source: str) -> Tuple[int, str]:
    """Run the tool over a package of one module, and return its exit code and output."""
    (checkout / "src" / "parca_scrape" / "__init__.py").write_text(source, encoding="utf-8")
    result = subprocess.run(
        [sys.executable, str(checkout / "tools" / "misspellings.py")],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return result.returncode, result.stdout


def test_a_field_that_mypy_checks_is_noticed(checkout: Path) -> None:
    result = misspell(checkout, CLASSES + NOTICED)

    # Two keywords of `cls`, one of `replace`, a key of a display, and one too many.
    assert result == (0, "mypy notices 5 of 5 misspellings\n")


def test_a_field_that_mypy_does_not_check_is_reported(checkout: Path) -> None:
    line = len((CLASSES + NOT_NOTICED).splitlines()) - 2

    assert misspell(checkout, CLASSES + NOT_NOTICED) == (
        1,
        f"not noticed: src/parca_scrape/__init__.py:{line}: 'name'\n"
        f"not noticed: src/parca_scrape/__init__.py:{line}: a key beside 'name'\n"
        f"not noticed: src/parca_scrape/__init__.py:{line + 1}: 'scheme'\n"
        "mypy notices 2 of 5 misspellings\n",
    )


def test_a_package_without_fields_is_refused(checkout: Path) -> None:
    assert misspell(checkout, "") == (1, "misspellings: found no field to misspell\n")
