"""Run `parca-scrape` as `python -m parca_scrape`."""

from __future__ import annotations

import sys

from parca_scrape.cli.main import main

sys.exit(main())
