"""Parca's verdict on scrape configs, from Parca's side.

A port of what Parca (as of July 2026) and the libraries it is made of do with a configuration:
yaml.v3, prometheus/common, Prometheus' discovery and relabeling, Go's net, net/url, net/http and
encoding/pem. It shares nothing with the library under test, which it judges.
"""

from __future__ import annotations

from tests.oracle.decoding import CrashError, RefusedError
from tests.oracle.durations import duration_ms, parse_duration
from tests.oracle.urls import dial_address, target_address
from tests.oracle.verdict import (
    LoadedJob,
    LoadedProfile,
    LoadedTarget,
    Verdict,
    judge,
    loaded_jobs,
)

__all__ = [
    "CrashError",
    "LoadedJob",
    "LoadedProfile",
    "LoadedTarget",
    "RefusedError",
    "Verdict",
    "dial_address",
    "duration_ms",
    "judge",
    "loaded_jobs",
    "parse_duration",
    "target_address",
]
