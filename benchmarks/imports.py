"""Compare what importing the library costs with what importing ops costs alone.

Usage: python -m benchmarks.imports [RUNS]

Each figure is the CPU time of a process that imports ops and then a form of the library, over that
of one that only imports ops. The processes run in turn, so that a busy machine slows down all of
them. Nothing is compiled: each form is imported once before.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Dict, List, Tuple

ROOT = Path(__file__).resolve().parent.parent
RUNS = 60
CLASSES = "ProfilingEndpointProvider, ProfilingEndpointConsumer"
FLOOR = "import ops"
OF_CHARM = "charms.{}.v0.parca_scrape"


def list_forms() -> Dict[str, Tuple[str, str]]:
    """Give where to find each form of the library, and what it is imported as."""
    forms: Dict[str, Tuple[str, str]] = {"package": ("src", "parca_scrape")}
    for charm in ("parca", "parca_k8s"):
        for folder, title in (("src", "old path"), ("lib", "single file")):
            if (ROOT / folder / "charms" / charm / "v0" / "parca_scrape.py").exists():
                forms[f"{title} {charm}"] = (folder, OF_CHARM.format(charm))
    return forms


def measure(code: str, environment: Dict[str, str]) -> float:
    """Give the CPU seconds of a Python process that runs `code`."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main(arguments: List[str]) -> None:
    """Print the median of each form and its ratio to ops alone."""
    runs = int(arguments[0]) if arguments else RUNS
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
    """Give an environment in which compiled files are kept, whatever the shell's says."""
    environment = {**os.environ, "PYTHONPATH": folder, "PYTHONPYCACHEPREFIX": cache}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    return environment


if __name__ == "__main__":
    main(sys.argv[1:])
