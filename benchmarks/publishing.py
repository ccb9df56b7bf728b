"""Count the hook tools that a provider runs to publish, and time the rest of the hook.

Usage: python -m benchmarks.publishing [--relations N] [--runs N]

In production each hook tool is a process. `process` is the time of the smallest process here, to
weigh the calls against the time of the library and of ops.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import time
from typing import Callable, Dict, List, Tuple

import ops

from benchmarks.dispatch import ENDPOINT, Deployment, Remote, dispatch
from parca_scrape import Job, ProfilingEndpointProvider, StaticConfig

UNIT_NAME = "zinc/0"
JOBS = [Job([StaticConfig(["*:8080"])], job_name="zinc")]
TOOLS = ("relation-ids", "relation-list", "relation-get", "relation-set", "is-leader")


def publish_at_events(charm: ops.CharmBase) -> object:
    """Make the provider, which publishes by itself."""
    return ProfilingEndpointProvider(charm, jobs=JOBS)


def publish_always(charm: ops.CharmBase) -> object:
    """Make the provider and publish, as a reconciling charm does at every event."""
    provider = ProfilingEndpointProvider(charm, jobs=JOBS)
    provider.set_scrape_job_spec()
    return provider


def run_hook(
    event: str, deployment: Deployment, construct: Callable[[ops.CharmBase], object]
) -> Tuple[Dict[str, int], float]:
    """Return how often each tool is run in a hook, and the seconds of CPU that the hook takes."""
    calls = deployment.tools.calls
    calls.clear()
    environment = {}
    if event.startswith(ENDPOINT):
        relation = deployment.remotes[0]
        environment = {
            "JUJU_RELATION": ENDPOINT,
            "JUJU_RELATION_ID": f"{ENDPOINT}:{relation.relation_id}",
            "JUJU_REMOTE_APP": relation.application,
            "JUJU_REMOTE_UNIT": f"{relation.application}/0",
        }
    start = time.process_time()
    dispatch(event, deployment, "provides", construct, **environment)
    seconds = time.process_time() - start
    counts = {tool: sum(call.tool.startswith(tool) for call in calls) for tool in TOOLS}
    return counts, seconds


def measure_process(runs: int) -> float:
    """Return the seconds of the smallest process."""
    seconds: List[float] = []
    for _ in range(runs):
        start = time.perf_counter()
        subprocess.run(["true"], check=True, stdout=subprocess.PIPE)
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def main() -> None:
    """Print calls and times of the hooks in which a provider publishes."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--relations", type=int, default=1)
    parser.add_argument("--runs", type=int, default=20)
    options = parser.parse_args()
    remotes = [
        Remote(number, f"parca{number}", {}, {f"parca{number}/0": {}})
        for number in range(options.relations)
    ]
    hooks = [
        ("relation-joined, new", f"{ENDPOINT}-relation-joined", publish_at_events, True),
        ("relation-joined, again", f"{ENDPOINT}-relation-joined", publish_at_events, False),
        ("update-status", "update-status", publish_at_events, False),
        ("reconciling, unchanged", "config-changed", publish_always, False),
    ]
    print(f"{options.relations} relations, process {measure_process(options.runs) * 1000:.1f} ms")
    print(f"{'':24}{'CPU ms':>8}  {'  '.join(TOOLS)}")
    for title, event, construct, is_new in hooks:
        deployment = Deployment(UNIT_NAME, remotes)
        if not is_new:
            run_hook(f"{ENDPOINT}-relation-joined", deployment, publish_at_events)
        samples: List[float] = []
        calls: Dict[str, int] = {}
        for _ in range(options.runs):
            if is_new:
                deployment.databags.clear()
            calls, seconds = run_hook(event, deployment, construct)
            samples.append(seconds)
        counts = "  ".join(f"{calls[tool]:>{len(tool)}}" for tool in TOOLS)
        print(f"{title:24}{statistics.median(samples) * 1000:8.1f}  {counts}")


if __name__ == "__main__":
    main()
