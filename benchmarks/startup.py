"""Compare what `parca-scrape --version` costs with `python -c "import argparse, yaml"`.

Usage: python benchmarks/startup.py [RUNS]

The library must be installed in this Python. The figures are CPU time of whole processes, which
take turns, so that a busy machine slows down both.
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
from typing import List

# What the script does that an installer makes for the command.
COMMAND = "import sys; from parca_scrape.cli.main import main; sys.exit(main(['--version']))"
FLOOR = "import argparse, yaml"
RUNS = 100
LIMIT = 1.5


def measure(code: str) -> float:
    """Give the CPU seconds of a Python process that runs `code`."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main(arguments: List[str]) -> None:
    """Run both in turn and print the medians and their ratio."""
    runs = int(arguments[0]) if arguments else RUNS
    measure(COMMAND)  # compiles what is not compiled yet
    pairs = [(measure(COMMAND), measure(FLOOR)) for _ in range(runs)]
    command, floor = (statistics.median(seconds) for seconds in zip(*pairs))
    print(f"parca-scrape --version  {command * 1000:6.1f} ms")
    print(f"import argparse, yaml   {floor * 1000:6.1f} ms")
    print(f"ratio                   {command / floor:6.2f}    (at most {LIMIT})")


if __name__ == "__main__":
    main(sys.argv[1:])
