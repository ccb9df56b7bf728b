"""Fuzz the codecs and the rendering of databags.

Usage: python -m tests.fuzz.fuzz_databags [libFuzzer's options] FOLDER ...
"""

from __future__ import annotations

import importlib
import sys

# Made for a few Pythons only, so it is not among what the tests need.
atheris = importlib.import_module("atheris")

with atheris.instrument_imports(include=["parca_scrape"]):
    from tests.fuzz.checks import check_databags

if __name__ == "__main__":
    atheris.Setup(sys.argv, check_databags)
    atheris.Fuzz()
