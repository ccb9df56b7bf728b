"""Measure how time and memory grow with units, relations and databags, up to Juju's limits.

Usage: python -m benchmarks.scale [NAME ...]

Write the tables in docs/reference/scale.md. Each measurement runs in a process of its own:
`jobs()` and `problems()` in a hook of a Parca charm, without the reads of ops. At the end, name
the databags that cost more than 5 s of CPU or 256 MiB, and what has grown more than twice as fast
as the number of units or relations, and return the exit code 1.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple

import ops

from benchmarks.dispatch import Deployment, dispatch, make_remotes
from benchmarks.jobs import read_all_databags
from benchmarks.shapes import SHAPES
from parca_scrape import Problem, ProfilingEndpointConsumer, ScrapeConfig

DOCS = Path(__file__).resolve().parent.parent / "docs" / "reference"
BEGIN, END = "<!-- measured -->", "<!-- end of measured -->"
MEBIBYTE = 2**20
LARGEST_DATABAG = 16 * MEBIBYTE
# At the limit of `scrape_jobs`, and at that of Juju.
DATABAG_SIZES = (4 * MEBIBYTE, LARGEST_DATABAG)
LARGEST = {"units": 10_000, "relations": 2_000}
STEPS = 5
# Of one databag, by the contract of the library.
MAX_SECONDS = 5.0
MAX_MEBIBYTES = 256.0
# A measurement that takes more has failed.
MEMORY_LIMIT = 8 * 2**30
TIME_LIMIT_SECONDS = 120
GROWTH_LIMIT = 2.0
LEAST = (0.05, 64.0)


class Cost(NamedTuple):
    """What `jobs()` and `problems()` of one hook took."""

    seconds: float
    mebibytes: float
    note: str = ""


Costs = List[Tuple[int, Optional[Cost]]]


def measure_hook(deployment: Deployment) -> Tuple[Cost, Cost]:
    """Return what reading the databags through ops costs, and then what the library costs."""
    costs: List[Cost] = []
    results: List[Tuple[List[ScrapeConfig], List[Problem]]] = []

    def construct(charm: ops.CharmBase) -> object:
        profiling = ProfilingEndpointConsumer(charm)
        costs.append(measure(lambda: read_all_databags(charm.model)))
        costs.append(measure(lambda: results.append((profiling.jobs(), profiling.problems()))))
        return profiling

    dispatch("config-changed", deployment, "requires", construct)
    of_ops, of_library = costs
    return of_ops, of_library._replace(note=describe(*results[0]))


def measure(function: Callable[[], object]) -> Cost:
    """Return the cost of a call to this process."""
    before = peak_mebibytes()
    start = time.process_time()
    function()
    return Cost(time.process_time() - start, peak_mebibytes() - before)


def peak_mebibytes() -> float:
    """Return the peak memory of this process."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def describe(scrape_configs: Sequence[ScrapeConfig], problems: Sequence[Problem]) -> str:
    """Return how much is served, and how many problems are told."""
    entries = [entry for config in scrape_configs for entry in config["static_configs"]]
    counts = {
        "job": len(scrape_configs),
        "target": sum(len(entry["targets"]) for entry in entries),
        "problem": len(problems),
    }
    return ", ".join(
        f"{count:,} {name}{'' if count == 1 else 's'}" for name, count in counts.items() if count
    )


def run_measurement(name: str, size: int) -> Optional[Tuple[Cost, Cost]]:
    """Measure in a process of its own; None if it takes too much time or memory."""
    command = [sys.executable, "-m", "benchmarks.scale", "--measure", str(size), name]
    try:
        process = subprocess.run(
            command, stdout=subprocess.PIPE, timeout=TIME_LIMIT_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return None
    if process.returncode:
        return None
    of_ops, of_library = json.loads(process.stdout)
    return Cost(*of_ops), Cost(*of_library)


def print_measurement(name: str, size: int) -> int:
    """Measure in this process, and print the result for the calling one."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))
    if name in SHAPES:
        remotes = [SHAPES[name][1](size)]
    elif name == "units":
        remotes = make_remotes(1, size, 1)
    else:
        remotes = make_remotes(size, 1, 1)
    try:
        print(json.dumps(measure_hook(Deployment("parca/0", remotes))))
    except MemoryError:
        return 1
    return 0


def list_sizes(name: str) -> List[int]:
    """Return the sizes to measure: bytes of a databag, or numbers of units or relations."""
    if name in SHAPES:
        return list(DATABAG_SIZES)
    return [LARGEST[name] >> step for step in reversed(range(STEPS))]


def measure_all(names: Sequence[str]) -> Tuple[Dict[str, Costs], Dict[str, Costs]]:
    """Measure all, and return what ops costs and what the library costs."""
    of_ops: Dict[str, Costs] = {name: [] for name in names}
    of_library: Dict[str, Costs] = {name: [] for name in names}
    for name in names:
        for size in list_sizes(name):
            costs = run_measurement(name, size)
            of_ops[name].append((size, costs and costs[0]))
            of_library[name].append((size, costs and costs[1]))
            print(f"{name:20}{size:>12,}  {show(costs and costs[1])}", flush=True)
    return of_ops, of_library


def show(cost: Optional[Cost]) -> str:
    """Return a measurement as text."""
    if cost is None:
        return f"over 8 GiB or {TIME_LIMIT_SECONDS} seconds"
    return f"{cost.seconds:8.2f} s {cost.mebibytes:8.0f} MiB  {cost.note}"


def is_too_much(name: str, costs: Costs) -> bool:
    """Return whether databags cost more than they may, or a cost grows faster than its size."""
    measured = [cost for _, cost in costs if cost is not None]
    if len(measured) < len(costs):
        return True
    if name in SHAPES:
        return any(
            cost.seconds > MAX_SECONDS or cost.mebibytes > MAX_MEBIBYTES for cost in measured
        )
    (first_size, _), (last_size, _) = costs[-3], costs[-1]
    first, last = measured[-3], measured[-1]
    pairs = ((first.seconds, last.seconds, LEAST[0]), (first.mebibytes, last.mebibytes, LEAST[1]))
    return any(
        after > least and after / max(before, least) > GROWTH_LIMIT * last_size / first_size
        for before, after, least in pairs
    )


def tabulate_databags(of_library: Dict[str, Costs]) -> List[str]:
    """Return the cost of each shape as a table in Markdown."""
    rows = [
        "| databags of one relation | 4 MiB: s | MiB | 16 MiB: s | MiB | of 4 MiB is served |",
        "|---|---:|---:|---:|---:|---|",
    ]
    for name, (title, _) in SHAPES.items():
        costs = [cost for _, cost in of_library[name]]
        figures = [
            "too much | too much" if cost is None else f"{cost.seconds:.2f} | {cost.mebibytes:.0f}"
            for cost in costs
        ]
        note = costs[0].note if costs[0] else ""
        rows.append(f"| `{name}`: {title} | {' | '.join(figures)} | {note} |")
    return rows


def tabulate_hooks(of_ops: Dict[str, Costs], of_library: Dict[str, Costs]) -> List[str]:
    """Return the cost of units and relations as a table in Markdown."""
    rows = ["| | reads of ops, s | library, s | library, MiB |", "|---|---:|---:|---:|"]
    for name in LARGEST:
        for (size, read), (_, cost) in zip(of_ops[name], of_library[name]):
            if read is not None and cost is not None:
                figures = f"{read.seconds:.2f} | {cost.seconds:.2f} | {cost.mebibytes:.0f}"
                rows.append(f"| {size:,} {name} | {figures} |")
    return rows


def write_docs(of_ops: Dict[str, Costs], of_library: Dict[str, Costs]) -> None:
    """Write the tables."""
    page = DOCS / "scale.md"
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    tables = [*tabulate_hooks(of_ops, of_library), "", *tabulate_databags(of_library)]
    measured = "\n".join(["", "", *tables, "", ""])
    page.write_text(before + BEGIN + measured + END + after, encoding="utf-8")


def main() -> int:
    """Measure, write and judge."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    names = [*LARGEST, *SHAPES]
    parser.add_argument(
        "names", metavar="NAME", nargs="*", help=f"what to measure: {', '.join(names)}"
    )
    parser.add_argument("--measure", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure is not None:
        return print_measurement(options.names[0], options.measure)
    of_ops, of_library = measure_all(options.names or names)
    if not options.names:
        write_docs(of_ops, of_library)
    too_much = [name for name, costs in of_library.items() if is_too_much(name, costs)]
    if too_much:
        print(f"too much: {', '.join(too_much)}")
    return 1 if too_much else 0


if __name__ == "__main__":
    sys.exit(main())
