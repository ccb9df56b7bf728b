"""Every poison in every place of a job, and every pair of those that depend on each other."""

from __future__ import annotations

import itertools
import json
from typing import Iterable, List, Sequence, Tuple

import pytest

from parca_scrape.databag import RelationDatabags
from parca_scrape.render import render
from tests.damages import Place, change, list_places
from tests.oracle import judge
from tests.poisons import LABEL_NAMES, NEW_KEYS, POISONS, TEXTS, TYPES, UNIT_POISONS
from tests.reading import read_relation, unit_databags_of
from tests.strategies import CERTIFICATE, KEY, Json, Object

PROFILE: Object = {
    "enabled": True,
    "path": "/debug/pprof/x",
    "delta": True,
    "seconds": 1,
    "keep_sample_type": [{"type": "alloc_space", "unit": "bytes"}],
}
JOB: Object = {
    "job_name": "job",
    "static_configs": [
        {"targets": ["*:80", "host:80"], "labels": {"team": "a", "__scheme__": "http"}}
    ],
    "scrape_interval": "15s",
    "scrape_timeout": "30s",
    "scheme": "https",
    "profiling_config": {
        "path_prefix": "/prefix",
        "pprof_config": {"memory": PROFILE, "process_cpu": PROFILE, "fgprof": PROFILE},
    },
    "tls_config": {
        "ca": CERTIFICATE,
        "cert": CERTIFICATE,
        "key": KEY,
        "server_name": "host",
        "insecure_skip_verify": False,
        "min_version": "TLS12",
        "max_version": "TLS13",
    },
}
GOOD_JOB: Object = {"job_name": "good", "static_configs": [{"targets": ["host:80", "*:80"]}]}
PLACES = list_places(JOB, "jobs[]")
# Objects in which a key may stand that should not.
OBJECTS = [(place, kind) for place, kind in PLACES if kind in NEW_KEYS]
PAIRS: Sequence[Tuple[Place, Place]] = (
    (("scrape_interval",), ("scrape_timeout",)),
    (("tls_config", "min_version"), ("tls_config", "max_version")),
    (("tls_config", "cert"), ("tls_config", "key")),
    (("tls_config", "ca"), ("tls_config", "ca_file")),
    (("tls_config", "cert"), ("tls_config", "key_file")),
    (
        ("profiling_config", "pprof_config", "process_cpu", "enabled"),
        ("scrape_timeout",),
    ),
)


# Fewer than the limit of a relation.
BATCH = 900


def check(jobs: Sequence[Json]) -> None:
    """Check that Parca serves what becomes of jobs, and the good one among them unchanged."""
    alone, _ = render([relation_of([GOOD_JOB])])
    for start in range(0, len(jobs), BATCH):
        served, _ = render([relation_of([*jobs[start : start + BATCH], GOOD_JOB])])
        assert [job for job in served if job["job_name"] == alone[0]["job_name"]] == alone
        verdict = judge(served)
        assert verdict.clean, verdict


def relation_of(
    jobs: Sequence[Json], units: Iterable[Tuple[str, str, str]] = (("app/0", "10.0.0.1", ""),)
) -> RelationDatabags:
    """Give the databags of an application with one unit."""
    databag = {
        "scrape_jobs": json.dumps(jobs),
        "scrape_metadata": json.dumps({"model": "m", "model_uuid": "u", "application": "app"}),
    }
    return read_relation(1, "app", databag, unit_databags_of(units))


def put(job: Json, place: Place, value: Json) -> Json:
    """Give a job with another value at a place."""
    return change(job, place, lambda _: value)


def name_of(place: Place) -> str:
    """Give a place as the name of a test."""
    return ".".join(map(str, place)) or "job"


@pytest.mark.parametrize(("place", "kind"), PLACES, ids=[name_of(place) for place, _ in PLACES])
def test_parca_serves_a_job_with_any_poison_in_any_place(place: Place, kind: str) -> None:
    # Digits without end make the whole text bad.
    poisons = [
        poison for poison in (*POISONS.get(kind, ()), *TYPES, *TEXTS) if poison != "@digits@"
    ]
    check([put(JOB, place, poison) for poison in poisons])


@pytest.mark.parametrize(("place", "kind"), OBJECTS, ids=[name_of(place) for place, _ in OBJECTS])
def test_parca_serves_a_job_with_any_poison_under_a_new_key(place: Place, kind: str) -> None:
    values: List[Json] = [None, "x", "http", 5, [], {}, {"enabled": True}, CERTIFICATE]
    check(
        [
            put(JOB, (*place, key), value)
            for key in NEW_KEYS[kind]
            for value in (*values, *POISONS.get(key, ()))
        ]
    )


@pytest.mark.parametrize(
    ("first", "second"),
    PAIRS,
    ids=[f"{name_of(first)} and {name_of(second)}" for first, second in PAIRS],
)
def test_parca_serves_a_job_with_any_two_poisons_that_depend_on_each_other(
    first: Place, second: Place
) -> None:
    pairs = itertools.product(POISONS[str(first[-1])], POISONS[str(second[-1])])
    check([put(put(JOB, first, one), second, other) for one, other in pairs])


@pytest.mark.parametrize("key", ["parca_scrape_unit_address", "parca_scrape_unit_name"])
def test_parca_serves_units_with_any_poison(key: str) -> None:
    poisons = enumerate(UNIT_POISONS[key])
    is_name = key == "parca_scrape_unit_name"
    units = [
        (f"app/{number}", "host" if is_name else poison, poison if is_name else "")
        for number, poison in poisons
    ]
    served, _ = render([relation_of([GOOD_JOB], units)])
    verdict = judge(served)
    assert verdict.clean, verdict


def test_parca_serves_a_static_config_with_all_strange_labels_at_once() -> None:
    labels: Object = {name: f"value of {name!a}" for name in LABEL_NAMES}
    check([{"static_configs": [{"targets": ["host:80"], "labels": labels}]}])
