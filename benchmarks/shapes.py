"""Shapes that a databag of a given size can take, most of them expensive."""

from __future__ import annotations

import json
from typing import Callable, Dict, List, Tuple

from benchmarks.dispatch import MODEL, MODEL_UUID
from parca_scrape.databag import RelationDatabags, UnitDatabag

APPLICATION = "zinc"
METADATA = {"model": MODEL, "model_uuid": MODEL_UUID, "application": APPLICATION}
HOST = "10.1.2.3"
DIGITS = 4300


def make_databags(
    scrape_jobs: str, *, model: str = MODEL, units: int = 1, host: str = HOST
) -> RelationDatabags:
    """Return the databags of a relation."""
    names = [f"{APPLICATION}/{number}" for number in range(units)]
    app_databag = {
        "scrape_jobs": scrape_jobs,
        "scrape_metadata": json.dumps({**METADATA, "model": model}),
    }
    databags = {name: UnitDatabag(host, name) for name in names}
    return RelationDatabags.decode(1, APPLICATION, app_databag, databags)


def fill(size: int, before: str, part: str, after: str) -> str:
    """Return JSON of a given size, with as many numbered parts as fit.

    Args:
        size: how long the text may be.
        before: the text before the parts.
        part: one part, with `@` for its number.
        after: the text after the parts.
    """
    texts: List[str] = []
    length = len(before) + len(after)
    while length < size:
        text = part.replace("@", str(len(texts)))
        length += len(text) + 1
        texts.append(text)
    return before + ",".join(texts) + after


def fill_jobs(size: int, part: str) -> str:
    """Return as many jobs as fit."""
    return fill(size, "[", part, "]")


def fill_job(size: int, path: str, part: str) -> str:
    """Return one job with many parts.

    Args:
        size: how long the text may be.
        path: the job around the parts, with `...` in their place.
        part: one of the parts.
    """
    before, after = f"[{path}]".split("...")
    return fill(size, before, part, after)


def fill_text(size: int, character: str) -> str:
    """Return one job with a long name."""
    return f'[{{"job_name": "{character * (size // len(character))}"}}]'


TARGETS = '{"static_configs": [{"targets": [...]}]}'
LABELS = '{"static_configs": [{"targets": ["h:80"], "labels": {...}}]}'
PEM_LINE = "-----BEGIN CERTIFICATE-----\\n"

SHAPES: Dict[str, Tuple[str, Callable[[int], RelationDatabags]]] = {
    "jobs": (
        "many small jobs",
        lambda size: make_databags(fill_jobs(size, '{"job_name": "@"}')),
    ),
    "namesakes": (
        "many jobs of one name, all different",
        lambda size: make_databags(fill_jobs(size, '{"scrape_interval": "1@s"}')),
    ),
    "static-configs": (
        "many static configs without anything in them",
        lambda size: make_databags(fill_job(size, '{"static_configs": [...]}', "{}")),
    ),
    "targets": (
        "many fully qualified targets",
        lambda size: make_databags(fill_job(size, TARGETS, '"h@:80"')),
    ),
    "ports": (
        "many wildcards, and a hundred units",
        lambda size: make_databags(fill_job(size, TARGETS, '"*:1"'), units=100),
    ),
    "labels": (
        "many labels",
        lambda size: make_databags(fill_job(size, LABELS, '"l@": ""')),
    ),
    "labels-units": (
        "many labels, and a hundred units",
        lambda size: make_databags(
            fill_job(size, LABELS.replace("h:80", "*:80"), '"l@": ""'), units=100
        ),
    ),
    "profiles": (
        "many profiles",
        lambda size: make_databags(
            fill_job(
                size,
                '{"profiling_config": {"pprof_config": {...}}}',
                '"p@": {"enabled": true, "path": "/"}',
            )
        ),
    ),
    "bad-targets": (
        "many targets that are none: a problem each",
        lambda size: make_databags(fill_job(size, TARGETS, '"/"')),
    ),
    "bad-jobs": (
        "many jobs that are none: a problem each",
        lambda size: make_databags(fill_jobs(size, "0")),
    ),
    "unknown-keys": (
        "many keys that no job has: a problem each",
        lambda size: make_databags(fill_job(size, "{...}", '"k@": 0')),
    ),
    "colons": (
        "many targets that look like IPv6",
        lambda size: make_databags(fill_job(size, TARGETS, '"1:2:3:4:5:6:7::"')),
    ),
    "pem": (
        "many PEM blocks that begin and never end",
        lambda size: make_databags(
            f'[{{"tls_config": {{"ca": "{PEM_LINE * (size // len(PEM_LINE))}"}}}}]'
        ),
    ),
    "digits": ("one number", lambda size: make_databags(f"[{'9' * size}]")),
    "numbers": (
        f"many numbers of {DIGITS} digits",
        lambda size: make_databags(fill_job(size, LABELS, f'"l@": {"9" * DIGITS}')),
    ),
    "nesting": ("lists within lists", lambda size: make_databags("[" * size)),
    "text": ("one long name", lambda size: make_databags(fill_text(size, "a"))),
    "surrogates": (
        "one long name of lone surrogates",
        lambda size: make_databags(fill_text(size, "\\ud800")),
    ),
    "long-model": (
        "a model name of half the size, in the names and labels of many jobs",
        lambda size: make_databags(
            fill_jobs(size // 2, '{"job_name": "@"}'), model="m" * (size // 2)
        ),
    ),
    "long-host": (
        "an address of half the size, and many wildcards",
        lambda size: make_databags(fill_job(size // 2, TARGETS, '"*:1"'), host="h" * (size // 2)),
    ),
    "long-port": (
        "a port with leading zeros, and a thousand units",
        lambda size: make_databags(
            f'[{{"static_configs": [{{"targets": ["*:{"0" * size}80"]}}]}}]', units=1000
        ),
    ),
    "long-label": (
        "a long label, and a thousand units",
        lambda size: make_databags(
            fill_job(size, LABELS.replace("h:80", "*:80"), f'"l@": "{"v" * size}"'), units=1000
        ),
    ),
}
