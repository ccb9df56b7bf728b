"""What one relation may cost Parca at most, and databags that go as far as that."""

from __future__ import annotations

import json
from typing import Callable, Dict, List, NamedTuple, Optional, Sequence

from parca_scrape.databag import RelationDatabags
from tests.parca_charm import MODEL_UUID
from tests.reading import read_relation, unit_databags_of
from tests.strategies import CERTIFICATE, Json, Object

MEBIBYTE = 2**20
MAX_JOBS = 1000
MAX_TARGETS = 10_000
MAX_LOOPS = 50_000
MAX_PROFILES = 32
MAX_LABEL_NAMES = 64
# Parca keeps labels, the job's name and the path once for each loop.
MAX_TEXT_SIZE = 16 * MEBIBYTE
MAX_JOBS_SIZE = 4 * MEBIBYTE
MAX_NAME_LENGTH = 1024
MAX_VALUE_LENGTH = 8192
MAX_PEM_LENGTH = MEBIBYTE

DEFAULT_PROFILES = ("memory", "block", "goroutine", "mutex", "process_cpu")
# Nobody listens there.
PORT = 9
# So that nothing is scraped while a test runs.
SELDOM = "365d"
# The topology's labels and the name of the job, with which each loop begins.
OTHER_TEXT = 300


def address(number: int) -> str:
    """Return one of millions of loopback addresses."""
    return f"127.{number // 65536 + 1}.{number // 256 % 256}.{number % 256}"


def make_databags(jobs: Sequence[Object], units: int = 1, name: str = "zinc") -> RelationDatabags:
    """Return the databags of a relation.

    Args:
        jobs: its scrape jobs.
        units: how many units it has.
        name: how its model, its charm, its application and its units are called.
    """
    text = json.dumps(jobs)
    assert len(text) <= MAX_JOBS_SIZE
    metadata = {"model": name, "model_uuid": MODEL_UUID, "application": name, "charm_name": name}
    databag = {"scrape_jobs": text, "scrape_metadata": json.dumps(metadata)}
    unit_names = [f"{name[: MAX_NAME_LENGTH - 6]}/{number}" for number in range(units)]
    unit_databags = unit_databags_of(
        (f"zinc/{number}", address(number), unit_name)
        for number, unit_name in enumerate(unit_names)
    )
    return read_relation(1, "zinc", databag, unit_databags)


def fill(length: int) -> int:
    """Return how many loops fit that have a text of this length and others."""
    return MAX_TEXT_SIZE // (length + OTHER_TEXT)


def make_job(
    targets: Sequence[str] = (f"*:{PORT}",),
    labels: Optional[Dict[str, str]] = None,
    **settings: Json,
) -> Object:
    """Return a job that is scraped seldom, unless its settings say otherwise."""
    static_config: Object = {"targets": [*targets], "labels": {**(labels or {})}}
    return {"scrape_interval": SELDOM, "static_configs": [static_config], **settings}


def make_targets(first: int, count: int) -> List[str]:
    """Return fully qualified targets."""
    return [f"{address(number)}:{PORT}" for number in range(first, first + count)]


def make_profiles(names: Sequence[str], path: str) -> Object:
    """Return the settings of profiles, which are all on."""
    on: Object = {"enabled": True, "path": path}
    cpu: Object = {"process_cpu": {**on, "delta": True}}
    return {"pprof_config": {**dict.fromkeys(names, on), **cpu}}


def only(name: str) -> Object:
    """Return the settings with which one of Parca's own profiles is on."""
    return {"pprof_config": {other: {"enabled": other == name} for other in DEFAULT_PROFILES}}


def jobs_at_default_interval() -> RelationDatabags:
    """Return as many jobs, targets and loops as there may be, which are scraped every 10 s."""
    size = MAX_TARGETS // MAX_JOBS
    return make_databags(
        [
            make_job(
                make_targets(number * size, size), scrape_interval="10s", job_name=str(number)
            )
            for number in range(MAX_JOBS)
        ]
    )


def profiles() -> RelationDatabags:
    """Return as many profiles of a job as there may be, and as many loops."""
    own = [f"own{number}" for number in range(MAX_PROFILES - len(DEFAULT_PROFILES))]
    targets = make_targets(0, MAX_LOOPS // MAX_PROFILES)
    config = make_profiles([*DEFAULT_PROFILES, *own], "/")
    return make_databags([make_job(targets, profiling_config=config)])


def label_names() -> RelationDatabags:
    """Return as many label names and targets as there may be, with values that fill the text."""
    size = MAX_TEXT_SIZE // MAX_TARGETS - OTHER_TEXT
    names = [f"label{number:02}" for number in range(MAX_LABEL_NAMES)]
    labels = {name: "v" * (size // len(names) - len(name)) for name in names}
    return make_databags(
        [make_job(labels=labels, profiling_config=only("goroutine"))], MAX_TARGETS
    )


def label_values() -> RelationDatabags:
    """Return as many of the longest label values as fit, in loops of their own."""
    loops = fill(MAX_VALUE_LENGTH)
    labels = {"label": "v" * MAX_VALUE_LENGTH}
    return make_databags([make_job(labels=labels)], loops // len(DEFAULT_PROFILES))


def paths() -> RelationDatabags:
    """Return as many of the longest paths and their prefixes as fit, in loops of their own."""
    loops = fill(2 * MAX_VALUE_LENGTH)
    on = make_profiles(DEFAULT_PROFILES, "/" * MAX_VALUE_LENGTH)
    config: Object = {**on, "path_prefix": "/" * MAX_VALUE_LENGTH}
    return make_databags([make_job(profiling_config=config)], loops // len(DEFAULT_PROFILES))


def names() -> RelationDatabags:
    """Return as many names as fit that are as long as they may be."""
    # The model, the charm, the application, the unit, the job with its prefix, and two labels.
    loops = fill(9 * MAX_NAME_LENGTH)
    labels = {character * MAX_NAME_LENGTH: "" for character in "ab"}
    jobs = [
        make_job(labels=labels, job_name=str(number).rjust(MAX_NAME_LENGTH, "j"))
        for number in range(loops // len(DEFAULT_PROFILES))
    ]
    return make_databags(jobs, name="n" * MAX_NAME_LENGTH)


def certificates() -> RelationDatabags:
    """Return as much of the longest PEM text as fits into a databag."""
    # Parca reads all certificates of a bundle.
    bundle = CERTIFICATE * (MAX_PEM_LENGTH // len(CERTIFICATE))
    tls_config: Object = {"ca": bundle}
    jobs = [
        make_job(job_name=str(number), scheme="https", tls_config=tls_config)
        for number in range(MAX_JOBS_SIZE // MAX_PEM_LENGTH - 1)
    ]
    return make_databags(jobs)


class Shape(NamedTuple):
    """Databags that go to a limit, and what Parca then scrapes."""

    make: Callable[[], RelationDatabags]
    targets: int
    loops: int
    """How often a profile of a target is scraped by itself."""
    scrape_seconds: float = 0
    """How long to let Parca scrape."""


SHAPES = {
    # Long enough for a second round at the default interval.
    "jobs": Shape(jobs_at_default_interval, 10_000, 50_000, 15),
    "profiles": Shape(profiles, 1562, 49_984),
    "targets": Shape(lambda: make_databags([make_job()], MAX_TARGETS), 10_000, 50_000),
    "label names": Shape(label_names, 10_000, 10_000),
    "label values": Shape(label_values, 395, 1975),
    "paths": Shape(paths, 201, 1005),
    "names": Shape(names, 352, 1760),
    "PEM": Shape(certificates, 3, 15),
}
