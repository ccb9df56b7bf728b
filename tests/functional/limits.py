"""What one relation may cost Parca at most, and databags that go as far as that."""

from __future__ import annotations

import json
from typing import Callable, Dict, List, NamedTuple, Optional, Sequence

from parca_scrape._limits import (
    MAX_JOBS,
    MAX_JOBS_SIZE,
    MAX_LABEL_NAMES,
    MAX_LOOPS,
    MAX_NAME_LENGTH,
    MAX_PEM_LENGTH,
    MAX_PROFILES,
    MAX_TARGETS,
    MAX_TEXT_SIZE,
    MAX_VALUE_LENGTH,
    MEMORY_RULE,
)
from parca_scrape.databag import RelationDatabags
from parca_scrape.render import ScrapeConfig
from tests.oracle import loaded_jobs
from tests.parca_charm import MODEL_UUID
from tests.reading import read_relation, unit_databags_of
from tests.strategies import CERTIFICATE, Json, Object

DEFAULT_PROFILES = ("memory", "block", "goroutine", "mutex", "process_cpu")
# Nobody listens there.
PORT = 9
# So that nothing is scraped while a test runs.
SELDOM = "365d"
# Addresses, names of units, the topology's labels and the name of the job.
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


def all_profiles() -> Object:
    """Return the settings of as many profiles as a job may have."""
    own = [f"own{number}" for number in range(MAX_PROFILES - len(DEFAULT_PROFILES))]
    return make_profiles([*DEFAULT_PROFILES, *own], "/")


def profiles() -> RelationDatabags:
    """Return as many profiles of a job as there may be, and as many loops."""
    targets = make_targets(0, MAX_LOOPS // MAX_PROFILES)
    return make_databags([make_job(targets, profiling_config=all_profiles())])


def make_labels(size: int) -> Dict[str, str]:
    """Return as many labels as there may be, with text of this size."""
    names = [f"label{number:02}" for number in range(MAX_LABEL_NAMES)]
    return {name: "v" * (size // len(names) - len(name)) for name in names}


def label_names() -> RelationDatabags:
    """Return as many label names and targets as there may be, with values that fill the text."""
    labels = make_labels(MAX_TEXT_SIZE // MAX_TARGETS - OTHER_TEXT)
    return make_databags(
        [make_job(labels=labels, profiling_config=only("goroutine"))], MAX_TARGETS
    )


def label_values() -> RelationDatabags:
    """Return as many targets as fit with the longest label value."""
    labels = {"label": "v" * MAX_VALUE_LENGTH}
    return make_databags(
        [make_job(labels=labels)], MAX_TEXT_SIZE // (MAX_VALUE_LENGTH + OTHER_TEXT)
    )


def text_of_all_loops() -> RelationDatabags:
    """Return text that fills the limit for as many targets and loops as there may be."""
    labels = {"label": "v" * (MAX_TEXT_SIZE // MAX_TARGETS - OTHER_TEXT)}
    return make_databags([make_job(labels=labels, scrape_interval="10s")], MAX_TARGETS)


def labels_of_many_profiles() -> RelationDatabags:
    """Return more labels for as many profiles as there may be than Parca bears."""
    job = make_job(
        labels=make_labels(10_000), profiling_config=all_profiles(), scrape_interval="10s"
    )
    return make_databags([job], MAX_LOOPS // MAX_PROFILES)


def paths() -> RelationDatabags:
    """Return more of the longest paths than Parca bears."""
    config = make_profiles(DEFAULT_PROFILES, "/" + "p" * (MAX_VALUE_LENGTH - 1))
    job = make_job(profiling_config=config, scrape_interval="10s")
    return make_databags([job], MAX_TARGETS)


def sample_types() -> RelationDatabags:
    """Return more sample types to keep than Parca bears."""
    kept: List[Json] = [{"type": f"type{number}", "unit": "unit"} for number in range(100)]
    on: Object = {"enabled": True, "keep_sample_type": kept}
    config: Object = {"pprof_config": {**dict.fromkeys(DEFAULT_PROFILES[:4], on)}}
    job = make_job(profiling_config=config, scrape_interval="10s")
    return make_databags([job], MAX_TARGETS)


def names() -> RelationDatabags:
    """Return as many names as fit that are as long as they may be."""
    # The model, the charm, the application, the unit, the job with its prefix, and two labels.
    targets = MAX_TEXT_SIZE // (9 * MAX_NAME_LENGTH + OTHER_TEXT)
    labels = {character * MAX_NAME_LENGTH: "" for character in "ab"}
    jobs = [
        make_job(labels=labels, job_name=str(number).rjust(MAX_NAME_LENGTH, "j"))
        for number in range(min(targets, MAX_JOBS))
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
    """Databags that go to a limit or past it."""

    make: Callable[[], RelationDatabags]
    rule: str = ""
    """The limit that they are over, if any."""
    scrape_seconds: float = 0
    """How long to let Parca scrape: at least a second round at the default interval."""


SHAPES = {
    "jobs": Shape(jobs_at_default_interval, scrape_seconds=12),
    "profiles": Shape(profiles),
    "label names": Shape(label_names),
    "label values": Shape(label_values),
    "text of all loops": Shape(text_of_all_loops, MEMORY_RULE, 12),
    "labels of many profiles": Shape(labels_of_many_profiles, MEMORY_RULE),
    "paths": Shape(paths, MEMORY_RULE, 12),
    "sample types": Shape(sample_types, MEMORY_RULE),
    "names": Shape(names),
    "PEM": Shape(certificates),
}


def count_targets(scrape_configs: Sequence[ScrapeConfig]) -> int:
    """Return how many targets there are."""
    entries = [entry for config in scrape_configs for entry in config["static_configs"]]
    return sum(len(entry["targets"]) for entry in entries)


def count_loops(scrape_configs: Sequence[ScrapeConfig]) -> int:
    """Return how often a profile of a target is scraped by itself."""
    jobs = loaded_jobs(json.loads(json.dumps(scrape_configs)))
    return sum(len(job.targets) * len(job.profiles) for job in jobs)
