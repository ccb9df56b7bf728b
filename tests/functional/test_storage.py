"""What hostile databags do to the storage that all providers share."""

from __future__ import annotations

import time
from typing import Dict, List, Sequence

from tests.functional.parca import Parca
from tests.functional.pprof_program import MakeProgram
from tests.functional.providers import relate, render
from tests.functional.samples import Samples, samples_of
from tests.strategies import Object

HOST = "127.0.1.1"
# FrostDB compacts each 15 MiB of new samples, and makes a block when these and what is compacted
# reach the limit: with large profiles within seconds.
OPTIONS = ("--enable-persistence", f"--storage-active-memory={16 * 2**20}")
COMPACTIONS, BLOCKS = 3, 1
COMPACTED = "frostdb_lsm_compactions_total"
BLOCKS_BEGUN = "frostdb_table_blocks_rotated_total"
BLOCKS_WRITTEN = "frostdb_table_blocks_persisted_total"
GOOD_SIZE, HOSTILE_SIZE = 50, 4000
GOOD_PATH = f"/{GOOD_SIZE}/goroutine"
STORE_SECONDS = 90
SETTLED_SECONDS = 3

LABELS: Sequence[Dict[str, str]] = (
    # FrostDB writes the names of columns as `labels:a,b;stacktrace:`.
    {"a;b": "x"},
    {";": "x", "a;labels:b": "x"},
    {"a,b": "x"},
    {",": "x", "a,a": "x", "a": "x"},
    {":": "x", "labels:a": "x", "a:": "x"},
    {" ": "x", "\n": "x", '"': "x", "é": "x", "\x00": "x", "labels.juju_unit": "x", "null": "x"},
    {"a": "", "b": "a;b", "c": "\x00", "d": '"', "e": "é" * 4000, "f": " "},
    # Labels of the good provider, and those that Parca uses itself.
    {"juju_unit": "zinc/0", "job": "zinc", "instance": "zinc", "juju_application": "zinc"},
    {"__name__": "goroutine", "__address__": "", "__profile_path__": "", "__meta_a": "x"},
)
MANY_LABELS = {f"label{number}": str(number) for number in range(64)}
# Parca can store no profile of these names.
NAMES = ("heap.alloc", "trace", "é", "a b", "", "0")
OFF: Object = {
    name: {"enabled": False} for name in ("memory", "block", "mutex", "process_cpu", "goroutine")
}


def job(target: str, path: str, labels: Dict[str, str], *names: str) -> Object:
    """Return a job that asks for profiles from one path every second."""
    return {
        "scrape_interval": "1s",
        "static_configs": [{"targets": [target], "labels": dict(labels)}],
        "profiling_config": {
            "pprof_config": {**OFF, **{name: {"enabled": True, "path": path} for name in names}}
        },
    }


def hostile_jobs(port: int, labels: Sequence[Dict[str, str]]) -> List[Object]:
    """Return jobs with each of these labels, and one with profiles of odd names."""
    target, path = f"{HOST}:{port}", f"/{HOSTILE_SIZE}/goroutine"
    jobs = [{**job(target, path, some, "goroutine"), "job_name": str(some)} for some in labels]
    return [*jobs, {**job(target, path, {}, "goroutine", *NAMES), "job_name": "names"}]


def test_samples_of_a_good_provider_survive_compactions_with_those_of_hostile_ones(
    real_parca: Parca, make_program: MakeProgram
) -> None:
    program = make_program(HOST)
    good = relate(1, "zinc", [job(f"*:{program.port}", GOOD_PATH, {}, "goroutine")])
    hostile = relate(2, "hostile", hostile_jobs(program.port, LABELS))
    greedy = relate(3, "greedy", hostile_jobs(program.port, [MANY_LABELS]))
    real_parca.start(render(good, hostile, greedy), *OPTIONS)

    def is_compacted() -> bool:
        return (
            real_parca.metric(COMPACTED) >= COMPACTIONS
            and real_parca.metric(BLOCKS_WRITTEN) >= BLOCKS
        )

    def is_settled() -> bool:
        compacted = real_parca.metric(COMPACTED)
        time.sleep(SETTLED_SECONDS)
        is_written = real_parca.metric(BLOCKS_WRITTEN) == real_parca.metric(BLOCKS_BEGUN)
        return is_written and real_parca.metric(COMPACTED) == compacted

    assert real_parca.wait_until(is_compacted, STORE_SECONDS), real_parca.log()[-2000:]
    program.stop()
    # Parca fails to read a block that it is writing; nor should it be compacting when it stops.
    assert real_parca.wait_until(is_settled, STORE_SECONDS), real_parca.log()[-2000:]
    served: Samples = dict.fromkeys(program.served(GOOD_PATH), GOOD_SIZE)
    assert settled_samples(real_parca, served) == served
    # Then the rest becomes a block, too.
    real_parca.stop()
    real_parca.run(*OPTIONS)
    assert settled_samples(real_parca, served) == served


def settled_samples(parca: Parca, expected: Samples) -> Samples:
    """Return the good provider's samples once they are as expected, or when time is up."""

    def read() -> Samples:
        return samples_of(parca, "goroutine", juju_application="zinc", juju_unit="zinc/0")

    parca.wait_until(lambda: read() == expected, STORE_SECONDS)
    return read()
