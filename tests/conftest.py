"""The options of a test run: which form of the library, and how hard hypothesis tries."""

from __future__ import annotations

import importlib.util
import os
import re
import sys
from pathlib import Path
from typing import Dict, List, Optional

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

MODULE_MARK = re.compile(r"^pytestmark = .*", re.MULTILINE)


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
        f"left out: {path.relative_to(ROOT)}, {reason}"
        for path in sorted((ROOT / "tests").rglob("test_*.py"))
        for reason in reasons_against(path, config)
    )
    return lines


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> Optional[bool]:
    # A module that only makes sense for one form would fail at its imports, so its mark is read
    # before it is imported.
    if collection_path.suffix == ".py" and reasons_against(collection_path, config):
        return True
    return None


def pytest_collection_modifyitems(config: pytest.Config, items: List[pytest.Item]) -> None:
    unwanted = unwanted_marks(config)
    left_out = [item for item in items if any(map(item.get_closest_marker, unwanted))]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


def chosen_form(config: pytest.Config) -> str:
    return str(config.getoption("--library"))


def unwanted_marks(config: pytest.Config) -> Dict[str, str]:
    """Give the marks of tests that cannot run here, with the reason."""
    marks: Dict[str, str] = {}
    if chosen_form(config) != "package":
        marks["package_only"] = "made for the package only"
    if importlib.util.find_spec("scenario") is None:
        marks["state_transitions"] = "this ops has no state-transition tests"
    return marks


def reasons_against(path: Path, config: pytest.Config) -> List[str]:
    """Give the reasons for which a whole module is left out, from its `pytestmark` line."""
    marked = MODULE_MARK.search(path.read_text(encoding="utf-8"))
    if marked is None:
        return []
    return [
        reason
        for mark, reason in unwanted_marks(config).items()
        if re.search(rf"\bmark\.{mark}\b", marked.group())
    ]
