"""The options of a test run: the form of the library, and how many examples hypothesis tries."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from typing import Dict, List, Optional, Sequence

import hypothesis
import ops
import pytest

from tests.forms import FORMS, ROOT, load

hypothesis.settings.register_profile(
    "full",
    max_examples=200,
    deadline=None,
    database=None,
    derandomize="CI" in os.environ,
    print_blob=True,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.register_profile(
    "small", hypothesis.settings.get_profile("full"), max_examples=20, derandomize=True
)
hypothesis.settings.load_profile("full")

TESTS = ROOT / "tests"
# What the tests of each folder need; a module that differs has a line of its own.
MARKS: Dict[str, Sequence[str]] = {
    "charm": ["state_transitions"],
    "charm/test_dispatch": ["package_only"],
    "charm/test_harness": [],
    "charm/test_migration": ["package_only", "state_transitions"],
    "charm/test_testing": ["package_only", "state_transitions"],
    "cli": ["package_only"],
    "core/test_exhaustive": ["once"],
    "functional": ["package_only", "state_transitions", "once"],
    "migration": ["package_only"],
    "oracle": ["package_only", "once"],
    "release": ["package_only", "once"],
    "release/test_documentation": ["package_only", "state_transitions"],
    "release/test_reference": ["package_only", "state_transitions", "once"],
    "release/test_snippets": ["package_only", "state_transitions", "once"],
}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--library",
        choices=list(FORMS),
        default="package",
        help="the form of the library that the tests import as parca_scrape (default: package)",
    )


def pytest_configure(config: pytest.Config) -> None:
    form = chosen_form(config)
    try:
        load(FORMS[form])
    except ImportError as error:
        raise pytest.UsageError(f"--library {form}: {error}") from error


def pytest_report_header(config: pytest.Config) -> List[str]:
    file = sys.modules["parca_scrape"].__file__
    lines = [f"library: {chosen_form(config)} ({file}), ops {ops.__version__}"]
    lines.extend(
        f"skipped: {path.relative_to(ROOT)}, {reason}"
        for path in sorted(TESTS.rglob("test_*.py"))
        for reason in reasons_against(marks_of(path), config)
    )
    return lines


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> Optional[bool]:
    # Where their tests cannot run, some modules cannot even be imported.
    return True if reasons_against(marks_of(collection_path), config) else None


def pytest_itemcollected(item: pytest.Item) -> None:
    for mark in marks_of(item.path):
        item.add_marker(mark)


def pytest_collection_modifyitems(config: pytest.Config, items: List[pytest.Item]) -> None:
    left_out = [
        item
        for item in items
        if reasons_against([mark.name for mark in item.iter_markers()], config)
    ]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


@pytest.fixture
def library(pytestconfig: pytest.Config) -> str:
    """Return the form of the library under test."""
    return chosen_form(pytestconfig)


def chosen_form(config: pytest.Config) -> str:
    return str(config.getoption("--library"))


def marks_of(path: Path) -> Sequence[str]:
    """Return the marks of all tests in a module."""
    if TESTS not in path.parents or not path.name.startswith("test_"):
        return []
    name = path.relative_to(TESTS).as_posix()
    places = [place for place in MARKS if name.startswith(place)]
    return MARKS[max(places, key=len)] if places else []


def reasons_against(marks: Sequence[str], config: pytest.Config) -> List[str]:
    """Return why tests with these marks cannot run here."""
    reasons: List[str] = []
    if "package_only" in marks and chosen_form(config) != "package":
        reasons.append("for the package only")
    if "state_transitions" in marks and importlib.util.find_spec("scenario") is None:
        reasons.append("needs ops.testing.Context")
    return reasons
