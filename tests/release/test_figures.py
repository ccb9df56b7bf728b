"""Figures in the pages for users are those of the constants that they come from."""

from __future__ import annotations

import re
from typing import List, Tuple

import pytest

from benchmarks.scale import BEGIN, END, LARGEST, LARGEST_DATABAG, MEBIBYTE
from parca_scrape._endpoint import MAX_LINES
from parca_scrape._rules import (
    DAY_MS,
    DEFAULT_INTERVAL_MS,
    DEFAULT_TIMEOUT_MARGIN_MS,
    MAX_INTERVAL_MS,
    MIN_CPU_TIMEOUT_MS,
)
from parca_scrape.jobs import MAX_JOBS
from parca_scrape.problems import MAX_KEY_LENGTH
from parca_scrape.render import MAX_LABELS, MAX_TARGETS
from parca_scrape.targets import MAX_PORT
from tests.forms import ROOT

DATABAG = f"{LARGEST_DATABAG // MEBIBYTE} MiB"
OF_ONE_RELATION = f"{MAX_JOBS:,} jobs, {MAX_TARGETS:,} targets"
INTERVAL = f"{DEFAULT_INTERVAL_MS // 1000}s"
MARGIN = f"{DEFAULT_TIMEOUT_MARGIN_MS // 1000}s"
CPU_TIMEOUT = f"{MIN_CPU_TIMEOUT_MS // 1000}s"
YEARS = MAX_INTERVAL_MS // (365 * DAY_MS)

# Page and words in it, wherever its lines end. Message texts are held by `test_documentation`.
FIGURES: List[Tuple[str, str]] = [
    ("README.md", f"once per hook, up to {MAX_LINES} for each relation"),
    ("SECURITY.md", f"more than {OF_ONE_RELATION} or {MAX_LABELS:,} labels"),
    ("SECURITY.md", f"at most {MAX_LINES} problems for each relation"),
    ("SECURITY.md", f"has figures for {DATABAG}"),
    ("SECURITY.md", f"cut to {MAX_KEY_LENGTH} characters"),
    ("docs/problems.md", f"which is {INTERVAL} unless it is set"),
    ("docs/problems.md", f"the interval plus {MARGIN}. |"),
    ("docs/problems.md", f"must be {CPU_TIMEOUT} or more while process_cpu is enabled"),
    ("docs/problems.md", f"above zero and below {YEARS} years"),
    ("docs/problems.md", f"the port (1 to {MAX_PORT})"),
    ("docs/reference.md", f"Parca's default is {INTERVAL}."),
    ("docs/reference.md", f"From 1 to {MAX_PORT}."),
    ("docs/scale.md", f"Juju allows a databag at most {DATABAG}."),
    ("docs/scale.md", f"Each databag of {DATABAG}"),
    ("docs/scale.md", f"for {LARGEST['units']:,} units in one relation"),
    ("docs/scale.md", f"for {LARGEST['relations']:,} relations"),
    ("docs/scale.md", f"at most {OF_ONE_RELATION} and {MAX_LABELS:,} labels"),
    ("docs/scale.md", f"The log gets {MAX_LINES} lines"),
]
LARGE_FIGURE = re.compile(r"\d+(?:,\d{3})+|\d+ [KMG]iB")
MEASURED = re.compile(re.escape(BEGIN) + ".*" + re.escape(END), re.DOTALL)
# All that docs/mutation.md says was measured.
PAGES = [
    "README.md",
    "SECURITY.md",
    *sorted(f"docs/{path.name}" for path in ROOT.glob("docs/*.md") if path.stem != "mutation"),
]


def read_prose(page: str) -> str:
    """Return a page in one line, without the figures that a benchmark has written."""
    text = MEASURED.sub("", (ROOT / page).read_text(encoding="utf-8"))
    return " ".join(text.split())


@pytest.mark.parametrize(("page", "words"), FIGURES)
def test_a_figure_is_that_of_its_constant(page: str, words: str) -> None:
    assert words in read_prose(page)


@pytest.mark.parametrize("page", PAGES)
def test_no_large_figure_lacks_a_constant(page: str) -> None:
    prose = read_prose(page)
    for of_page, words in FIGURES:
        if of_page == page:
            prose = prose.replace(words, "")
    assert LARGE_FIGURE.findall(prose) == []
