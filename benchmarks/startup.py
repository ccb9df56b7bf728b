"""Compare what `parca-scrape --version` costs with `python -c "import argparse, yaml"`.

Usage: python -m benchmarks.startup [RUNS]

The library must be installed in this Python. The figures are the CPU time of whole processes,
which take turns so that a busy machine slows down both.
"""

from __future__ import annotations

import statistics

from benchmarks.imports import measure, read_runs

# What the installed script runs.
COMMAND = "import sys; from parca_scrape.cli.main import main; sys.exit(main(['--version']))"
FLOOR = "import argparse, yaml"
RUNS = 100
LIMIT = 1.5


def main() -> None:
    """Run both in turn and print the medians and their ratio."""
    runs = read_runs(__doc__ or "", RUNS)
    measure(COMMAND)  # compile first
    pairs = [(measure(COMMAND), measure(FLOOR)) for _ in range(runs)]
    command, floor = (statistics.median(seconds) for seconds in zip(*pairs))
    print(f"parca-scrape --version  {command * 1000:6.1f} ms")
    print(f"import argparse, yaml   {floor * 1000:6.1f} ms")
    print(f"ratio                   {command / floor:6.2f}    (at most {LIMIT})")


if __name__ == "__main__":
    main()
