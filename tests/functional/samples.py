"""The samples that Parca has stored, as its query API returns them."""

from __future__ import annotations

import calendar
import time
from typing import Any, Dict, List

from tests.functional.parca import Parca

HOUR_SECONDS = 3600
Samples = Dict[int, int]
"""The value of each profile by its time in nanoseconds."""


def samples_of(parca: Parca, kind: str, **labels: str) -> Samples:
    """Return the samples of the last hour.

    Args:
        parca: the server.
        kind: the name of the profile, and of its only sample type.
        labels: what the labels of its series must be.
    """
    return {
        parse_time(sample["timestamp"]): int(sample["value"])
        for series in find_series(parca, kind, **labels)
        for sample in series["samples"]
    }


def label_sets_of(parca: Parca, kind: str) -> List[Dict[str, str]]:
    """Return the labels of each series with samples of the last hour."""
    return [
        {label["name"]: label["value"] for label in series["labelset"]["labels"]}
        for series in find_series(parca, kind)
    ]


def find_series(parca: Parca, kind: str, **labels: str) -> List[Any]:
    """Return what the query API says about series of the last hour."""
    matchers = ",".join(f'{name}="{value}"' for name, value in labels.items())
    now = time.time()
    answer = parca.ask(
        "/api/profiles/query_range",
        query=f"{kind}:{kind}:count:{kind}:count{{{matchers}}}",
        start=format_time(now - HOUR_SECONDS),
        end=format_time(now + HOUR_SECONDS),
        step="0.001s",
    )
    series: List[Any] = [] if answer is None else answer["series"]
    return series


def format_time(seconds: float) -> str:
    """Return a time as protobuf writes it in JSON."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def parse_time(text: str) -> int:
    """Return a time of protobuf's JSON in nanoseconds."""
    whole, _, fraction = text.rstrip("Z").partition(".")
    seconds = calendar.timegm(time.strptime(whole, "%Y-%m-%dT%H:%M:%S"))
    return seconds * 10**9 + int(fraction.ljust(9, "0") or 0)
