"""Measure how time and memory grow with units, relations and databags, up to Juju's limits.

Usage: python -m benchmarks.scale [--sizes N] [SHAPE ...]

Write docs/scale.svg, and the tables in docs/scale.md. Each measurement runs in a process of its
own with at most 8 GiB: seconds of CPU, additional memory at the peak, and the text in the result,
where names and labels count as often as Parca's file repeats them. At the end, name what has grown
more than twice as fast as its size over the last two doublings, and return the exit code 1.
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

from benchmarks.chart import Chart, draw_charts
from benchmarks.dispatch import Deployment, dispatch, make_remotes
from benchmarks.jobs import read_all_databags
from benchmarks.shapes import SHAPES
from parca_scrape import Problem, ProfilingEndpointConsumer, ScrapeConfig
from parca_scrape.render import render

DOCS = Path(__file__).resolve().parent.parent / "docs"
BEGIN, END = "<!-- measured -->", "<!-- end of measured -->"
MEBIBYTE = 2**20
LARGEST_DATABAG = 16 * MEBIBYTE
LARGEST = {"units": 10_000, "relations": 2_000}
MEMORY_LIMIT = 8 * 2**30
TIME_LIMIT_SECONDS = 900
STEPS = 5
GROWTH_LIMIT = 2.0
LEAST = (0.05, 64.0, 64.0)


class Cost(NamedTuple):
    """What one measurement took."""

    seconds: float
    mebibytes: float
    text: float = 0.0
    """MiB of text in the result."""
    note: str = ""


Costs = List[Tuple[int, Optional[Cost]]]


def measure(function: Callable[[], object]) -> Cost:
    """Return the cost of a call to this process."""
    before = peak_mebibytes()
    start = time.process_time()
    result = function()
    seconds = time.process_time() - start
    del result
    return Cost(seconds, peak_mebibytes() - before)


def peak_mebibytes() -> float:
    """Return the peak memory of this process."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure_databag(shape: str, size: int) -> Cost:
    """Render one relation with a databag of a shape."""
    databags = SHAPES[shape][1](size)
    results: List[Tuple[List[ScrapeConfig], List[Problem]]] = []
    cost = measure(lambda: results.append(render([databags])))
    ((scrape_configs, problems),) = results
    configs = [config for job in scrape_configs for config in job["static_configs"]]
    served = {
        "jobs": len(scrape_configs),
        "static configs": len(configs),
        "targets": sum(len(config["targets"]) for config in configs),
        "problems": len(problems),
    }
    counts = [f"{count:,} {name}" for name, count in served.items() if count]
    return cost._replace(text=measure_text(scrape_configs), note=", ".join(counts))


def measure_text(scrape_configs: Sequence[ScrapeConfig]) -> float:
    """Return the MiB of text in names, targets and labels."""
    characters = 0
    for scrape_config in scrape_configs:
        characters += len(scrape_config["job_name"])
        for static_config in scrape_config["static_configs"]:
            labels = static_config["labels"]
            for texts in (static_config["targets"], labels, labels.values()):
                characters += sum(map(len, texts))
    return characters / MEBIBYTE


def measure_hook(kind: str, size: int) -> Cost:
    """Call `jobs()` in a hook, or only read the databags by ops.

    Args:
        kind: `units` or `relations`, with the suffix `-ops` for ops alone.
        size: how many of them there are.
    """
    units = size if kind.startswith("units") else 1
    relations = size if kind.startswith("relations") else 1
    deployment = Deployment("parca/0", make_remotes(relations, units, 1))
    costs: List[Cost] = []

    def construct(charm: ops.CharmBase) -> object:
        if kind.endswith("-ops"):
            costs.append(measure(lambda: read_all_databags(charm.model)))
            return None
        profiling = ProfilingEndpointConsumer(charm)
        costs.append(measure(profiling.jobs))
        return profiling

    dispatch("config-changed", deployment, "requires", construct)
    return costs[0]


def run_measurement(name: str, size: int) -> Optional[Cost]:
    """Measure in a process of its own; None if it takes too much time or memory."""
    command = [sys.executable, "-m", "benchmarks.scale", "--measure", str(size), name]
    try:
        process = subprocess.run(
            command, stdout=subprocess.PIPE, timeout=TIME_LIMIT_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return None
    return Cost(*json.loads(process.stdout)) if process.returncode == 0 else None


def print_measurement(name: str, size: int) -> int:
    """Measure in this process, and print the result for the calling one."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))
    measure_one = measure_databag if name in SHAPES else measure_hook
    try:
        cost = measure_one(name, size)
    except MemoryError:
        return 1
    print(json.dumps(cost))
    return 0


def measure_all(names: Sequence[str], steps: int) -> Dict[str, Costs]:
    """Measure all, each with sizes that double up to the largest."""
    costs: Dict[str, Costs] = {}
    for name in names:
        largest = LARGEST.get(name.partition("-")[0], LARGEST_DATABAG)
        if name in SHAPES:
            largest = LARGEST_DATABAG
        costs[name] = []
        for size in (largest >> step for step in reversed(range(steps))):
            cost = run_measurement(name, size)
            costs[name].append((size, cost))
            print(f"{name:16}{size:>12,}  {show(cost)}", flush=True)
            if cost is None:
                break
    return costs


def show(cost: Optional[Cost]) -> str:
    """Return a measurement as text."""
    if cost is None:
        return "over 8 GiB or 15 minutes"
    figures = f"{cost.seconds:8.2f} s {cost.mebibytes:8.0f} MiB {cost.text:8.0f} MiB of text"
    return f"{figures}  {cost.note}"


def growth(costs: Costs, part: int) -> float:
    """Return how much faster than its size a cost grows over the last two doublings.

    Args:
        costs: the measurements.
        part: the part of `Cost`; values below its `LEAST` are ignored.
    """
    least = LEAST[part]
    if costs[-1][1] is None:
        return float("inf")
    if len(costs) < 3:
        return 0.0
    (first_size, first), (last_size, last) = costs[-3], costs[-1]
    if first is None or last is None:
        return 0.0
    before, after = float(first[part]), float(last[part])
    return 0.0 if after < least else after / max(before, least) / (last_size / first_size)


def table(costs: Dict[str, Costs]) -> List[str]:
    """Return the largest of each shape as a table in Markdown."""
    rows = [
        "| shape of 16 MiB | seconds | MiB | MiB of text | result |",
        "|---|---:|---:|---:|---|",
    ]
    for name, (title, _) in SHAPES.items():
        if name not in costs:
            continue
        size, cost = costs[name][-1]
        figures = "over 15 minutes | or over 8 GiB | |"
        if cost is not None:
            figures = f"{cost.seconds:.2f} | {cost.mebibytes:.0f} | {cost.text:.0f} | {cost.note}"
        at = "" if size == LARGEST_DATABAG else f" (at {size / MEBIBYTE:g} MiB)"
        rows.append(f"| `{name}`: {title}{at} | {figures} |")
    return rows


def hook_table(costs: Dict[str, Costs]) -> List[str]:
    """Return the costs of units and relations, and the share of ops, as a table in Markdown."""
    rows = ["| | `jobs()`, s | of which ops, s | share | MiB |", "|---|---:|---:|---:|---:|"]
    for kind in LARGEST:
        for (size, cost), (_, read) in zip(costs.get(kind, []), costs.get(f"{kind}-ops", [])):
            if cost is not None and read is not None:
                share = f"{min(read.seconds / cost.seconds, 1):.0%}"
                figures = (
                    f"{cost.seconds:.2f} | {read.seconds:.2f} | {share} | {cost.mebibytes:.0f}"
                )
                rows.append(f"| {size:,} {kind} | {figures} |")
    return rows


def draw(costs: Dict[str, Costs]) -> str:
    """Return the charts."""

    def lines(
        names: Sequence[str], part: int, unit: float = 1
    ) -> List[Tuple[str, List[Tuple[float, float]]]]:
        drawn: List[Tuple[str, List[Tuple[float, float]]]] = []
        for name in names:
            points = [
                (size / unit, max(float(cost[part]), 0.001))
                for size, cost in costs.get(name, [])
                if cost is not None
            ]
            if points:
                drawn.append((name, points))
        return drawn

    hooks = [name for kind in LARGEST for name in (kind, f"{kind}-ops")]
    charts = [
        Chart("Databags: CPU time", "MiB", "seconds", lines(list(SHAPES), 0, MEBIBYTE)),
        Chart("Databags: memory", "MiB", "MiB more", lines(list(SHAPES), 1, MEBIBYTE)),
        Chart("A whole hook: CPU time", "units or relations", "seconds", lines(hooks, 0)),
    ]
    return draw_charts([chart for chart in charts if chart.lines])


def write_docs(costs: Dict[str, Costs]) -> None:
    """Write the charts and the tables."""
    (DOCS / "scale.svg").write_text(draw(costs), encoding="utf-8")
    page = DOCS / "scale.md"
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    measured = "\n".join(["", "", *hook_table(costs), "", *table(costs), "", ""])
    page.write_text(before + BEGIN + measured + END + after, encoding="utf-8")


def main() -> int:
    """Measure, write and judge."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("shapes", metavar="SHAPE", nargs="*", help=f"of {', '.join(SHAPES)}")
    parser.add_argument(
        "--sizes", type=int, default=STEPS, help="how many sizes, each twice the last"
    )
    parser.add_argument("--measure", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure is not None:
        return print_measurement(options.shapes[0], options.measure)
    hooks = [name for kind in LARGEST for name in (f"{kind}-ops", kind)]
    costs = measure_all(options.shapes or [*hooks, *SHAPES], options.sizes)
    if not options.shapes:
        write_docs(costs)
    too_fast = [
        name
        for name, measured in costs.items()
        if max(growth(measured, part) for part in range(len(LEAST))) > GROWTH_LIMIT
    ]
    if too_fast:
        print(f"grow faster than their size: {', '.join(too_fast)}")
    return 1 if too_fast else 0


if __name__ == "__main__":
    sys.exit(main())
