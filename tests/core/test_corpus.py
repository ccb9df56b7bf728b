"""Inputs of many kinds that a fuzzer found, and what ever failed: none may cost anything."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz.checks import check_command, check_databags

CORPUS = Path(__file__).parents[1] / "fuzz" / "corpus"
DATABAGS = sorted((CORPUS / "databags").iterdir())
DUMPS = sorted((CORPUS / "command").iterdir())


@pytest.mark.parametrize("path", DATABAGS, ids=lambda path: str(path.name))
def test_databags_of_the_corpus_are_read_and_what_they_give_is_served(path: Path) -> None:
    check_databags(path.read_bytes())


@pytest.mark.package_only
@pytest.mark.parametrize("path", DUMPS, ids=lambda path: str(path.name))
def test_dumps_of_the_corpus_are_read_or_refused_in_one_line(path: Path) -> None:
    check_command(path.read_bytes())
