"""Compare the cost of `jobs()` with the least that any library has to do.

Usage: python -m benchmarks.jobs [--relations N] [--units N] [--ports N] [--runs N]

`floor` reads the JSON of the same databags and builds the same result by plain comprehensions.
`ops` reads each databag once through ops, as any library must. `cold` is the first call of
`jobs()` in a hook, which reads all databags; `warm` is the second, for which ops has them already.
All take turns, so that a busy machine slows down all of them, and the result of `jobs()` must be
that of the floor.
"""

from __future__ import annotations

import argparse
import gc
import json
import statistics
import time
from typing import Callable, Dict, List, Sequence

import ops

from benchmarks.dispatch import ENDPOINT, Deployment, Remote, dispatch, make_remotes
from parca_scrape import ProfilingEndpointConsumer, ScrapeConfig

SOURCE_LABELS = ["juju_model", "juju_model_uuid", "juju_application", "juju_unit"]
Seconds = Dict[str, float]


def build_floor(texts: Sequence[Sequence[str]]) -> List[Dict[str, object]]:
    """Return the scrape configs, built in the shortest way.

    Args:
        texts: the JSON that Juju prints for the application and its units, by relation.
    """
    scrape_configs: List[Dict[str, object]] = []
    for app_text, *unit_texts in texts:
        app_databag = json.loads(app_text)
        metadata = json.loads(app_databag["scrape_metadata"])
        labels = {
            "juju_model": metadata["model"],
            "juju_model_uuid": metadata["model_uuid"],
            "juju_application": metadata["application"],
            "juju_charm": metadata["charm_name"],
        }
        databags = list(map(json.loads, unit_texts))
        hosts = [
            (databag["parca_scrape_unit_name"], databag["parca_scrape_unit_address"])
            for databag in databags
        ]
        for job in json.loads(app_databag["scrape_jobs"]):
            suffixes = [
                target[1:] for config in job["static_configs"] for target in config["targets"]
            ]
            name = f"{metadata['model']}_{metadata['model_uuid'][:8]}_{metadata['application']}"
            scrape_configs.append(
                {
                    "job_name": name,
                    "static_configs": [
                        {
                            "labels": {**labels, "juju_unit": unit_name},
                            "targets": [host + suffix for suffix in suffixes],
                        }
                        for unit_name, host in hosts
                    ],
                    "relabel_configs": [
                        {
                            "source_labels": SOURCE_LABELS,
                            "separator": "_",
                            "target_label": "instance",
                            "regex": "(.*)",
                        }
                    ],
                }
            )
    return scrape_configs


def print_databags(remotes: Sequence[Remote]) -> List[List[str]]:
    """Return what Juju prints for each databag."""
    return [
        [json.dumps(dict(remote.app_databag))]
        + [json.dumps(dict(databag)) for databag in remote.unit_databags.values()]
        for remote in remotes
    ]


def read_all_databags(model: ops.Model) -> None:
    """Read each databag once through ops."""
    for relation in model.relations[ENDPOINT]:
        databags = [relation.data[relation.app], *map(relation.data.__getitem__, relation.units)]
        for databag in databags:
            databag.get("scrape_jobs")


def measure(function: Callable[[], object]) -> float:
    """Return the seconds that a call takes."""
    gc.collect()
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def measure_ops(deployment: Deployment) -> float:
    """Return the seconds in which ops reads all databags."""
    seconds: List[float] = []
    dispatch(
        "config-changed",
        deployment,
        "requires",
        lambda charm: seconds.append(measure(lambda: read_all_databags(charm.model))),
    )
    return seconds[0]


def measure_jobs(deployment: Deployment, results: List[List[ScrapeConfig]]) -> List[float]:
    """Return the seconds of the first and of the second call in a hook.

    Args:
        deployment: the unit whose hook it is.
        results: receives the result of a third call.
    """
    seconds: List[float] = []

    def construct(charm: ops.CharmBase) -> object:
        profiling = ProfilingEndpointConsumer(charm)
        seconds.extend((measure(profiling.jobs), measure(profiling.jobs)))
        results.append(profiling.jobs())
        return profiling

    dispatch("config-changed", deployment, "requires", construct)
    return seconds


def compare(remotes: Sequence[Remote], runs: int) -> Seconds:
    """Return the medians of all four.

    Raises:
        SystemExit: the library returns something else than the floor.
    """
    texts = print_databags(remotes)
    deployment = Deployment("parca/0", remotes)
    samples: List[Seconds] = []
    for _ in range(runs + 1):
        results: List[List[ScrapeConfig]] = []
        floor = measure(lambda: build_floor(texts))
        ops_read = measure_ops(deployment)
        cold, warm = measure_jobs(deployment, results)
        if results != [build_floor(texts)]:
            raise SystemExit("benchmarks: jobs() returns something else than the floor")
        samples.append({"floor": floor, "ops": ops_read, "cold": cold, "warm": warm})
    counted = samples[1:]  # the first one warms up
    return {name: statistics.median(sample[name] for sample in counted) for name in counted[0]}


def main() -> None:
    """Print the medians and the ratios that matter."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--relations", type=int, default=50)
    parser.add_argument("--units", type=int, default=20, help="of each relation")
    parser.add_argument("--ports", type=int, default=1, help="of each unit")
    parser.add_argument("--runs", type=int, default=15)
    options = parser.parse_args()
    remotes = make_remotes(options.relations, options.units, options.ports)
    medians = compare(remotes, options.runs)
    print(f"{options.relations} relations, {options.units} units each, {options.ports} ports each")
    for name, seconds in medians.items():
        print(f"{name:5}  {seconds * 1000:9.2f} ms")
    print(f"warm over floor  {medians['warm'] / medians['floor']:5.2f}")
    print(f"cold over ops    {medians['cold'] / medians['ops']:5.2f}")


if __name__ == "__main__":
    main()
