"""Measurements of the library; README.md lists them."""

from __future__ import annotations

import sys
from importlib.util import find_spec

NEEDED = ("ops", "yaml", "parca_scrape")

missing = [name for name in NEEDED if find_spec(name) is None]
if missing:
    print(
        f"benchmarks: this Python has no {' and no '.join(missing)}: run make test, and then"
        " .venv/bin/python -m benchmarks.NAME",
        file=sys.stderr,
    )
    sys.exit(2)
