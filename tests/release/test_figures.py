"""Figures in the pages for users are those of the constants that they come from."""

from __future__ import annotations

import re
from typing import List, Tuple

import pytest

from benchmarks.scale import BEGIN, DATABAG_SIZES, END, LARGEST, MAX_MEBIBYTES, MAX_SECONDS
from parca_scrape import _limits as limits
from parca_scrape._endpoint import MAX_LINES
from parca_scrape._rules import (
    DAY_MS,
    DEFAULT_INTERVAL_MS,
    DEFAULT_TIMEOUT_MARGIN_MS,
    MAX_INTERVAL_MS,
    MIN_CPU_TIMEOUT_MS,
)
from parca_scrape.databag import MAX_DEPTH, MAX_DIGITS
from parca_scrape.problems import MAX_KEY_LENGTH
from parca_scrape.targets import MAX_PORT
from tests.forms import ROOT

MIB = limits.MIB
INTERVAL = f"{DEFAULT_INTERVAL_MS // 1000}s"
MARGIN = f"{DEFAULT_TIMEOUT_MARGIN_MS // 1000}s"
CPU_TIMEOUT = f"{MIN_CPU_TIMEOUT_MS // 1000}s"
YEARS = MAX_INTERVAL_MS // (365 * DAY_MS)
JOBS_SIZE = f"{limits.MAX_JOBS_SIZE // MIB} MiB"
METADATA_SIZE = f"{limits.MAX_METADATA_SIZE // limits.KIB} KiB"
TEXT_SIZE = f"{limits.MAX_TEXT_SIZE // MIB} MiB"
PEM_SIZE = f"{limits.MAX_PEM_LENGTH // MIB} MiB"
PROBLEMS = "docs/reference/problems.md"
SCALE = "docs/reference/scale.md"
EXPLANATION = "docs/explanation"
EXAMPLE = "from-databag-to-scrape-config.md"
LIMITS = "docs/explanation/limits.md"
INTERFACE = "interface/parca_scrape/v0/README.md"
COST = f"{MAX_SECONDS:g} s of CPU time and {MAX_MEBIBYTES:g} MiB"
SIZES = " and ".join(f"{size // MIB} MiB" for size in DATABAG_SIZES)

# Page and words in it, wherever its lines end.
FIGURES: List[Tuple[str, str]] = [
    ("README.md", f"once per hook, up to {MAX_LINES} for each relation"),
    ("README.md", f"up to {limits.MAX_PROBLEMS:,} problems"),
    ("CHANGELOG.md", f"to {limits.MAX_JOBS:,} jobs and {limits.MAX_TARGETS:,} targets"),
    ("CHANGELOG.md", f"longer than {limits.MAX_HOST_LENGTH} characters"),
    ("SECURITY.md", f"at most {MAX_LINES} problems for each relation"),
    ("SECURITY.md", f"cut to {MAX_KEY_LENGTH} characters"),
    ("SECURITY.md", f"at most {COST} of memory"),
    ("SECURITY.md", "loads the result within 5 s and uses less than 1.5 GiB of memory"),
    ("SECURITY.md", f"| {JOBS_SIZE} of text in `scrape_jobs`, {METADATA_SIZE} in"),
    ("SECURITY.md", f"| {limits.MAX_JOBS:,} jobs |"),
    ("SECURITY.md", f"| {limits.MAX_TARGETS:,} targets, a wildcard"),
    ("SECURITY.md", f"| {limits.MAX_LOOPS:,} profiles, each counted once"),
    ("SECURITY.md", f"| {limits.MAX_PROFILES} profiles in a job |"),
    ("SECURITY.md", f"| {limits.MAX_LABEL_NAMES} different label names |"),
    ("SECURITY.md", f"| {TEXT_SIZE} of text, the labels"),
    ("SECURITY.md", f"| {limits.MAX_MEMORY // MIB:,} MiB of memory for the targets in Parca"),
    ("SECURITY.md", f"{limits.LOOP_MEMORY // limits.KIB} KiB,"),
    ("SECURITY.md", f"{limits.LABEL_MEMORY} bytes for each label"),
    ("SECURITY.md", f"{limits.TEXT_FACTOR} times its text"),
    ("SECURITY.md", f"{limits.SETTINGS_FACTOR} times its path"),
    ("SECURITY.md", "up to 120 KiB for each profile"),
    ("SECURITY.md", f"| {limits.MAX_NAME_LENGTH:,} characters in a name,"),
    ("SECURITY.md", f"{limits.MAX_VALUE_LENGTH:,} in a value or path,"),
    ("SECURITY.md", f"{limits.MAX_HOST_LENGTH} in a host |"),
    ("SECURITY.md", "one label name of more than 1,022 characters"),
    ("SECURITY.md", f"| {PEM_SIZE} of PEM text in a field |"),
    ("SECURITY.md", f"| {limits.MAX_ELEMENTS:,} elements in all lists of all jobs |"),
    ("SECURITY.md", f"| {MAX_DEPTH} levels of lists"),
    ("SECURITY.md", f"| {limits.MAX_PROBLEMS:,} problems, and one"),
    ("docs/how-to/migrating.md", f"the first {limits.MAX_PROBLEMS:,} problems of each relation"),
    ("docs/how-to/migrating.md", f"at most {MAX_LINES} of them"),
    (PROBLEMS, f"which is {INTERVAL} unless it is set"),
    (PROBLEMS, f"the interval plus {MARGIN}. |"),
    (PROBLEMS, f"must be {CPU_TIMEOUT} or more while process_cpu is enabled"),
    (PROBLEMS, f"above zero and below {YEARS} years"),
    (PROBLEMS, f"the port (1 to {MAX_PORT})"),
    (PROBLEMS, f"{JOBS_SIZE} for `scrape_jobs`, {METADATA_SIZE} for `scrape_metadata`."),
    (PROBLEMS, f"Only the first {limits.MAX_PROBLEMS:,} problems"),
    (PROBLEMS, f"{limits.MAX_NAME_LENGTH:,} characters for a name"),
    (PROBLEMS, f"{limits.MAX_VALUE_LENGTH:,} for any other text"),
    (PROBLEMS, f"PEM text has a limit of {PEM_SIZE}."),
    (PROBLEMS, f"number of more than {MAX_DIGITS:,} digits"),
    (PROBLEMS, limits.JOBS_RULE),
    (PROBLEMS, limits.TARGETS_RULE),
    (PROBLEMS, limits.LOOPS_RULE),
    (PROBLEMS, limits.TEXT_SIZE_RULE),
    (PROBLEMS, limits.ELEMENTS_RULE),
    (PROBLEMS, f"longer than {limits.MAX_NAME_LENGTH:,} characters, and"),
    ("docs/reference/api.md", f"Parca's default is {INTERVAL}."),
    ("docs/reference/api.md", f"From 1 to {MAX_PORT}."),
    ("docs/reference/api.md", f"longer than {limits.MAX_NAME_LENGTH:,} characters"),
    (SCALE, f"Juju allows a databag at most {DATABAG_SIZES[-1] // MIB} MiB."),
    (SCALE, f"databags of {SIZES}"),
    (SCALE, f"for {LARGEST['units']:,} units in one relation"),
    (SCALE, f"for {LARGEST['relations']:,} relations"),
    (SCALE, f"at most {COST} of memory"),
    (SCALE, f"A `scrape_jobs` of more than {JOBS_SIZE}"),
    (SCALE, f"most databags of {DATABAG_SIZES[-1] // MIB} MiB"),
    (INTERFACE, f"| {JOBS_SIZE} | text of `scrape_jobs`"),
    (INTERFACE, f"| {METADATA_SIZE} | text of `scrape_metadata`"),
    (INTERFACE, f"| {MAX_DEPTH} | levels of nested lists and objects |"),
    (INTERFACE, f"| {limits.MAX_ELEMENTS:,} | elements in all lists |"),
    (INTERFACE, f"| {MAX_DIGITS:,} | digits of a number |"),
    (INTERFACE, f"| {limits.MAX_JOBS:,} | jobs |"),
    (INTERFACE, f"| {limits.MAX_TARGETS:,} | targets, each `*` counted once for each unit |"),
    (INTERFACE, f"| {limits.MAX_LOOPS:,} | profiles that are on"),
    (INTERFACE, f"| {limits.MAX_PROFILES} | profiles in `pprof_config` of a job |"),
    (INTERFACE, f"| {limits.MAX_LABEL_NAMES} | different label names |"),
    (INTERFACE, f"| {TEXT_SIZE} | text that Parca keeps"),
    (INTERFACE, f"| {limits.MAX_MEMORY // MIB:,} MiB | memory that the targets take"),
    (INTERFACE, f"{limits.LOOP_MEMORY // limits.KIB} KiB for each profile of each target"),
    (INTERFACE, f"{limits.LABEL_MEMORY} bytes for each of its labels"),
    (INTERFACE, f"{limits.TEXT_FACTOR} times its text"),
    (INTERFACE, f"{limits.SETTINGS_FACTOR} times its path and sample types |"),
    (INTERFACE, f"| {limits.MAX_NAME_LENGTH:,} | characters of a name"),
    (INTERFACE, f"| {limits.MAX_VALUE_LENGTH:,} | characters of any other text |"),
    (INTERFACE, f"| {limits.MAX_HOST_LENGTH} | characters of a host |"),
    (INTERFACE, f"| {PEM_SIZE} | PEM text of one key |"),
    (INTERFACE, f"| {limits.MAX_PROBLEMS:,} | problems that are reported"),
    (INTERFACE, f"above zero | {INTERVAL} |"),
    (INTERFACE, f"the interval plus {MARGIN} |"),
    (LIMITS, f"| {JOBS_SIZE} of `scrape_jobs`, {METADATA_SIZE} of `scrape_metadata` |"),
    (LIMITS, f"| {MAX_DEPTH} levels of nested lists and objects |"),
    (LIMITS, f"| numbers of {MAX_DIGITS:,} digits |"),
    (LIMITS, f"| {limits.MAX_ELEMENTS:,} elements in all lists |"),
    (LIMITS, f"| {limits.MAX_JOBS:,} jobs |"),
    (LIMITS, f"| {limits.MAX_TARGETS:,} targets, `*` counted"),
    (LIMITS, f"| {limits.MAX_LOOPS:,} profiles, counted"),
    (LIMITS, f"| {limits.MAX_PROFILES} profiles in `pprof_config` of a job |"),
    (LIMITS, f"| {limits.MAX_LABEL_NAMES} different label names |"),
    (LIMITS, f"| {TEXT_SIZE} of text that Parca keeps"),
    (LIMITS, f"| {limits.MAX_MEMORY // MIB:,} MiB of memory in Parca"),
    (LIMITS, f"| {limits.MAX_NAME_LENGTH:,} characters of a name |"),
    (LIMITS, f"| {limits.MAX_VALUE_LENGTH:,} characters of any other text |"),
    (LIMITS, f"| {limits.MAX_HOST_LENGTH} characters of a host |"),
    (LIMITS, f"| {PEM_SIZE} of PEM text in a key |"),
    (LIMITS, f"| {limits.MAX_PROBLEMS:,} problems |"),
    (LIMITS, f"up to the {DATABAG_SIZES[-1] // MIB} MiB that Juju allows"),
    (LIMITS, f"at most {COST} of memory"),
    (LIMITS, "loads the result within 5 s and uses less than 1.5 GiB of memory"),
    (LIMITS, "up to 120 KiB for each profile of each target"),
    # Without the limits, so no test can show it.
    (LIMITS, "4,000 jobs of ten targets took it to 4.5 GiB, and its API answered after 20 s"),
    (LIMITS, f"{limits.MAX_LOOPS:,} loops took it to about 1 GiB"),
    (LIMITS, "2,000 different label names cost 5 GiB, in all of its data together"),
    (f"{EXPLANATION}/bad-input.md", f"so that Parca uses its default, {INTERVAL} |"),
    (f"{EXPLANATION}/bad-input.md", f"below {CPU_TIMEOUT} while `process_cpu` is on |"),
    (f"{EXPLANATION}/bad-input.md", f"at most {limits.MAX_LABEL_NAMES} different label names"),
    (f"{EXPLANATION}/{EXAMPLE}", f"the port (1 to {MAX_PORT}) is optional"),
    (f"{EXPLANATION}/{EXAMPLE}", f"has at most {limits.MAX_HOST_LENGTH} characters"),
]
LARGE_FIGURE = re.compile(r"\d+(?:,\d{3})+|\d+ [KMG]iB")
MEASURED = re.compile(re.escape(BEGIN) + ".*" + re.escape(END), re.DOTALL)
# All that docs/mutation.md says was measured.
PAGES = [
    "CHANGELOG.md",
    "README.md",
    "SECURITY.md",
    INTERFACE,
    *sorted(
        path.relative_to(ROOT).as_posix()
        for path in ROOT.glob("docs/**/*.md")
        if path.stem != "mutation"
    ),
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
