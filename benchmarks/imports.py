"""Compare the cost of importing the library with that of importing ops alone.

Usage: python -m benchmarks.imports [RUNS]

Each ratio is the CPU time of a process that imports ops and a form of the library, over that of
one that only imports ops. The processes take turns, so that a busy machine slows down all of them.
Each form is imported once before, so no measurement includes compiling.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Dict, List, Optional, Tuple

ROOT = Path(__file__).resolve().parent.parent
RUNS = 60
CLASSES = "ProfilingEndpointProvider, ProfilingEndpointConsumer"
FLOOR = "import ops"
OF_CHARM = "charms.{}.v0.parca_scrape"


def list_forms() -> Dict[str, Tuple[str, str]]:
    """Return folder and import path of each form of the library."""
    forms: Dict[str, Tuple[str, str]] = {"package": ("src", "parca_scrape")}
    for charm in ("parca", "parca_k8s"):
        for folder, title in (("src", "old path"), ("lib", "single file")):
            if (ROOT / folder / "charms" / charm / "v0" / "parca_scrape.py").exists():
                forms[f"{title} {charm}"] = (folder, OF_CHARM.format(charm))
    return forms


def read_runs(description: str, default: int) -> int:
    """Return the number of runs that the command line asks for."""
    parser = argparse.ArgumentParser(description=description.partition("\n")[0])
    parser.add_argument("runs", metavar="RUNS", nargs="?", type=int, default=default)
    runs: int = parser.parse_args().runs
    return runs


def measure(code: str, environment: Optional[Dict[str, str]] = None) -> float:
    """Return the CPU seconds of a Python process that runs `code`."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, "-c", code], check=True, env=environment, stdout=subprocess.DEVNULL
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Print the median of each form and its ratio to ops alone."""
    runs = read_runs(__doc__ or "", RUNS)
    code = {"import ops": FLOOR}
    folders = {"import ops": ""}
    for title, (folder, module) in list_forms().items():
        code[title] = f"{FLOOR}; from {module} import {CLASSES}"
        folders[title] = str(ROOT / folder)
    with tempfile.TemporaryDirectory() as cache:
        environments = {title: environment_for(folders[title], cache) for title in code}
        for title in code:
            measure(code[title], environments[title])
        samples: Dict[str, List[float]] = {title: [] for title in code}
        for _ in range(runs):
            for title in code:
                samples[title].append(measure(code[title], environments[title]))
    floor = statistics.median(samples["import ops"])
    for title, seconds in samples.items():
        median = statistics.median(seconds)
        print(f"{title:22} {median * 1000:7.1f} ms  x{median / floor:.3f}")


def environment_for(folder: str, cache: str) -> Dict[str, str]:
    """Return an environment in which Python keeps compiled files."""
    environment = {**os.environ, "PYTHONPATH": folder, "PYTHONPYCACHEPREFIX": cache}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    return environment


if __name__ == "__main__":
    main()
