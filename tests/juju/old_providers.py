"""Profiled charms with published versions of the library, and what a migration does to each.

Only the listed differences may show after a stage: all other series go on as they were.
"""

from __future__ import annotations

import enum
import json
from typing import Any, Dict, Mapping, NamedTuple, Optional, Sequence

from parca_scrape.cli.reference import LIBRARIES
from tests.juju.published import CASES
from tests.strategies import Json, Object


class Stage(enum.Enum):
    """How far a migration has come: which charms have the package."""

    CONSUMER = "parca-k8s has it"
    PROVIDER = "the providers have it"
    BOTH = "all have it"


Differences = Mapping[Stage, Sequence[str]]
"""The changes of targets that a stage makes; `{0}` is the address of the first unit."""


class OldProvider(NamedTuple):
    """A profiled charm with a published version of the library."""

    name: str
    """Its application: what it publishes, and the first version that publishes this."""
    case: Mapping[str, Any]
    """Its jobs and its databags, in the form of the recorded cases."""
    differences: Differences


def at(*stages: Stage, rows: Sequence[str]) -> Differences:
    """Return the same differences for several stages."""
    return dict.fromkeys(stages, rows)


NONE: Differences = {}
# No job names a wildcard, but the machine charm makes of each unit a target without a port.
UNITS_END = at(Stage.CONSUMER, Stage.BOTH, rows=("ends {0}:80", "ends {1}:80"))
# The scheme is no label, so it changes within the series.
HTTPS = ("goes on {0}:443 scheme: http -> https", "goes on {1}:443 scheme: http -> https")
RECORDED_DIFFERENCES: Dict[str, Differences] = {
    "qualified-machine-1": UNITS_END,
    # These versions publish no scheme, and the machine charm would drop it.
    "tls-machine-1": at(Stage.BOTH, rows=HTTPS),
    "tls-k8s-2": at(Stage.CONSUMER, Stage.BOTH, rows=HTTPS),
}


def make_recorded(case: Mapping[str, Any]) -> OldProvider:
    """Return the provider of a recorded case, in which all addresses become loopback addresses."""
    text = json.dumps(case).replace("10.1.32.215", "127.0.0.9")
    name = f"{case['name']} {case['versions'][0]}".replace(" ", "-")
    return OldProvider(name, json.loads(text), RECORDED_DIFFERENCES.get(name, NONE))


def make_own(name: str, jobs: Sequence[Object], differences: Differences = NONE) -> OldProvider:
    """Return a provider with jobs that no recorded case has.

    Args:
        name: the last word is the library that it has, in version 6: `machine` or `k8s`.
        jobs: its jobs, each with `static_configs` as its first key.
        differences: what a migration may change.
    """
    keys = LIBRARIES[name.rpartition("-")[2]]
    published = [{key: job[key] for key in job if key in keys} for job in jobs]
    default = CASES[0]["app_data"]
    # The libraries publish the default job for an empty list, too.
    app_data = {**default, "scrape_jobs": json.dumps(published)} if jobs else default
    return OldProvider(name, {**CASES[0], "jobs": jobs, "app_data": app_data}, differences)


def make_job(
    *targets: str, labels: Optional[Mapping[str, str]] = None, **settings: Json
) -> Object:
    """Return a job with one static config."""
    static_config: Object = {"targets": [*targets], "labels": {**(labels or {})}}
    return {"static_configs": [static_config], **settings}


PROFILES: Object = {
    "pprof_config": {"memory": {"enabled": False}, "fgprof": {"enabled": True, "path": "/fgprof"}}
}
PROFILES_CHANGE = (
    "ends {0}:8080 memory",
    "ends {1}:8080 memory",
    "starts {0}:8080 fgprof",
    "starts {1}:8080 fgprof",
)

RECORDED = [make_recorded(case) for case in CASES]
OWN = [
    make_own("no-targets-k8s", [{"static_configs": [{"labels": {"tier": "web"}}]}]),
    make_own(
        "own-labels-k8s",
        [
            make_job(
                "*:8080",
                "127.0.0.9:8081",
                labels={"juju_unit": "x", "juju_model": "x", "instance": "x", "job": "x"},
            )
        ],
    ),
    make_own("https-label-k8s", [make_job("*:8443", labels={"__scheme__": "https"})]),
    # The machine charm drops `profiling_config`, so Parca scrapes the standard profiles.
    make_own(
        "profiles-machine",
        [make_job("*:8080", profiling_config=PROFILES)],
        at(Stage.BOTH, rows=PROFILES_CHANGE),
    ),
    make_own(
        "profiles-k8s",
        [make_job("*:8080", profiling_config=PROFILES)],
        at(Stage.CONSUMER, Stage.BOTH, rows=PROFILES_CHANGE),
    ),
    # An empty list means to scrape nothing; the libraries publish the default job for it.
    make_own(
        "nothing-k8s",
        [],
        at(Stage.PROVIDER, Stage.BOTH, rows=("ends {0}:80", "ends {1}:80")),
    ),
    # Nobody can listen there.
    make_own(
        "impossible-port-k8s",
        [make_job("127.0.0.8:99999", "*:8080")],
        at(Stage.CONSUMER, Stage.BOTH, rows=("ends 127.0.0.8:99999",)),
    ),
    # With this label, Parca can no longer compact its storage.
    make_own(
        "bad-label-k8s",
        [make_job("*:8080", labels={"a;b": "x"})],
        at(
            Stage.CONSUMER,
            Stage.BOTH,
            rows=("breaks {0}:8080 a;b: x -> (none)", "breaks {1}:8080 a;b: x -> (none)"),
        ),
    ),
]
OLD_PROVIDERS = [*RECORDED, *OWN]
