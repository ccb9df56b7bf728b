"""Charms with a vendored file of many kinds."""

from __future__ import annotations

import re
from pathlib import Path
from typing import List

import pytest

from parca_scrape.cli.charmhub import LIBIDS
from parca_scrape.cli.published import PUBLISHED
from parca_scrape.cli.single_files import compute_digest
from parca_scrape.version import VERSION
from tests.forms import ROOT

CHARMS = tuple(LIBIDS)
FILES = {charm: f"lib/charms/{charm}/v0/parca_scrape.py" for charm in CHARMS}
CURRENT = {charm: (ROOT / FILES[charm]).read_text(encoding="utf-8") for charm in CHARMS}
(LIBPATCH,) = re.findall(r"^LIBPATCH = (\d+)$", CURRENT["parca"], re.MULTILINE)
OF_PACKAGE = f"LIBPATCH {LIBPATCH} of parca-scrape {VERSION}"
IS_CURRENT = f"current: {OF_PACKAGE}"
IS_WRITTEN = f"written: {OF_PACKAGE}"
IS_EDITED = "edited by hand: its digest does not match"
IS_UNPUBLISHED = "edited by hand, or unknown: its digest is not that of a published version"
IS_FOREIGN = "not this library: its LIBID is missing or different"


def make_reference(charm: str, libpatch: int) -> str:
    """Return a file that has what tells a version of the reference library."""
    return (
        f'LIBID = "{LIBIDS[charm]}"\n\nLIBAPI = 0\n\nLIBPATCH = {libpatch}\n\n'
        "ALLOWED_KEYS = set()\n"
    )


def publish(monkeypatch: pytest.MonkeyPatch, charm: str, libpatch: int, code: str = "") -> str:
    """Return a file, ending in `code`, that counts as a version of the reference library."""
    text = make_reference(charm, libpatch) + code
    monkeypatch.setitem(PUBLISHED[charm], libpatch, (compute_digest(text),))
    return text


def restamp(text: str) -> str:
    """Return a file with the digest that it should have."""
    return re.sub(r"sha256:\w{64}", f"sha256:{compute_digest(text)}", text, count=1)


def renumber(text: str, libpatch: int) -> str:
    """Return a file with another LIBPATCH and the old digest."""
    return text.replace(f"LIBPATCH = {LIBPATCH}\n", f"LIBPATCH = {libpatch}\n")


def put(directory: Path, charm: str, text: str) -> Path:
    """Write a file where the library belongs in a charm."""
    path = directory / FILES[charm]
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")
    return path


def list_files(directory: Path) -> List[str]:
    """Return the files in a directory, relative to it."""
    files = (path for path in directory.rglob("*") if path.is_file())
    return sorted(str(path.relative_to(directory)) for path in files)
