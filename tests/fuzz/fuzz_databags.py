"""Fuzz the decoding and rendering of databags.

Usage: python -m tests.fuzz.fuzz_databags [LIBFUZZER-OPTIONS] CORPUS-DIR ...
"""

from __future__ import annotations

import importlib
import sys

# atheris supports few versions of Python, so the tests do not depend on it.
atheris = importlib.import_module("atheris")

with atheris.instrument_imports(include=["parca_scrape"]):
    from tests.fuzz.checks import check_databags

if __name__ == "__main__":
    atheris.Setup(sys.argv, check_databags)
    atheris.Fuzz()
