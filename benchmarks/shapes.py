"""Shapes that the databags of a relation can take, each expensive in its own way."""

from __future__ import annotations

import json
from typing import Callable, Dict, List, Tuple

from benchmarks.dispatch import MODEL, MODEL_UUID, Remote

APPLICATION = "zinc"
HOST = "10.1.2.3"
DIGITS = 4300
LONG = 1000
"""Within the limit of a name in characters, and a little below."""


def make_remote(
    scrape_jobs: str, *, units: int = 1, host: str = HOST, unit_name: str = "", **metadata: str
) -> Remote:
    """Return an application and its databags.

    Args:
        scrape_jobs: what it publishes.
        units: how many units it has.
        host: the address of each of them.
        unit_name: what the names that they publish begin with.
        metadata: fields of its metadata.
    """
    topology = {"model": MODEL, "model_uuid": MODEL_UUID, "application": APPLICATION, **metadata}
    app_databag = {"scrape_jobs": scrape_jobs, "scrape_metadata": json.dumps(topology)}
    unit_databags = {
        f"{APPLICATION}/{number}": {
            "parca_scrape_unit_address": host,
            "parca_scrape_unit_name": f"{unit_name}{APPLICATION}/{number}",
        }
        for number in range(units)
    }
    return Remote(1, APPLICATION, app_databag, unit_databags)


def fill(size: int, around: str, part: str) -> str:
    """Return JSON of a given size, with as many numbered parts as fit.

    Args:
        size: how many characters the text may have.
        around: the text around the parts, with `...` in their place.
        part: one part, with `@` for its number.
    """
    before, after = around.split("...")
    texts: List[str] = []
    length = len(before) + len(after)
    while True:
        text = part.replace("@", str(len(texts)))
        length += len(text) + 1
        if length > size:
            return before + ",".join(texts) + after
        texts.append(text)


def repeat(around: str, text: str, size: int) -> str:
    """Return JSON of a given size with one long text in place of `...`."""
    return around.replace("...", text * ((size - len(around)) // len(text)))


def number(count: int, part: str) -> str:
    """Return parts with numbers in place of `@`, separated by commas."""
    return ",".join(part.replace("@", str(index)) for index in range(count))


JOBS = "[...]"
JOB = "[{...}]"
TARGETS = '[{"static_configs": [{"targets": [...]}]}]'
STATIC_CONFIGS = '[{"static_configs": [...]}]'
LABELS = '[{"static_configs": [{"targets": ["*:80"], "labels": {...}}]}]'
PROFILES = '[{"profiling_config": {"pprof_config": {...}}}]'
SAMPLE_TYPES = PROFILES.replace("...", '"memory": {"keep_sample_type": [...]}')
SECURE = '[{"scheme": "https", "tls_config": {"ca": "..."}}]'
PEM_LINE = "-----BEGIN CERTIFICATE-----\\n"
CERTIFICATE = f"{PEM_LINE}MAMCAQU=\\n-----END CERTIFICATE-----\\n"
OWN_PROFILE = '"p@": {"enabled": true, "path": "/"}'
HUNDRED_PORTS = '"static_configs": [{"targets": [...]}]'.replace("...", number(100, '"*:1@"'))
LABELLED = '{"labels": {...}}'.replace("...", number(64, '"@": 0'))
LABEL_VALUE = "v" * 8_000
A_NAME = "n" * LONG

Make = Callable[[int], Remote]
SHAPES: Dict[str, Tuple[str, Make]] = {
    "jobs": (
        "many small jobs",
        lambda size: make_remote(fill(size, JOBS, '{"job_name": "@"}')),
    ),
    "jobs-units": (
        "many small jobs, and a thousand units",
        lambda size: make_remote(fill(size, JOBS, '{"job_name": "@"}'), units=1_000),
    ),
    "namesakes": (
        "many jobs of one name, all different",
        lambda size: make_remote(fill(size, JOBS, '{"scrape_interval": "1@s"}')),
    ),
    "static-configs": (
        "many empty static configs",
        lambda size: make_remote(fill(size, STATIC_CONFIGS, "{}")),
    ),
    "no-addresses": (
        "many static configs, and units without an address",
        lambda size: make_remote(fill(size, STATIC_CONFIGS, '{"targets":["*:1"]}'), host=""),
    ),
    "targets": (
        "many fully qualified targets",
        lambda size: make_remote(fill(size, TARGETS, '"h@:80"')),
    ),
    "ports": (
        "many wildcards, and a hundred units",
        lambda size: make_remote(fill(size, TARGETS, '"*:1"'), units=100),
    ),
    "colons": (
        "many targets that look like IPv6",
        lambda size: make_remote(fill(size, TARGETS, '"1:2:3:4:5:6:7::"')),
    ),
    "labels": (
        "many labels, and a hundred units",
        lambda size: make_remote(fill(size, LABELS, '"l@": ""'), units=100),
    ),
    "label-values": (
        "long labels, and ten thousand units",
        lambda size: make_remote(fill(size, LABELS, f'"l@": "{LABEL_VALUE}"'), units=10_000),
    ),
    "labelled": (
        "64 labels on each of many static configs",
        lambda size: make_remote(fill(size, STATIC_CONFIGS, LABELLED)),
    ),
    "profiles": (
        "many profiles, and a hundred ports of a hundred units",
        lambda size: make_remote(
            fill(
                size,
                f'[{{{HUNDRED_PORTS}, "profiling_config": {{"pprof_config": {{...}}}}}}]',
                OWN_PROFILE,
            ),
            units=100,
        ),
    ),
    "sample-types": (
        "many sample types to keep",
        lambda size: make_remote(fill(size, SAMPLE_TYPES, '{"type":"@","unit":"b"}')),
    ),
    "bad-targets": (
        "many bad targets: a problem each",
        lambda size: make_remote(fill(size, TARGETS, '"/"')),
    ),
    "bad-jobs": (
        "many bad jobs: a problem each",
        lambda size: make_remote(fill(size, JOBS, "0")),
    ),
    "bad-static-configs": (
        "many bad static configs: a problem each",
        lambda size: make_remote(fill(size, STATIC_CONFIGS, "0")),
    ),
    "bad-labels": (
        "many bad labels: a problem each",
        lambda size: make_remote(fill(size, LABELS, '"@;": 0')),
    ),
    "bad-profiles": (
        "many bad profiles: a problem each",
        lambda size: make_remote(fill(size, PROFILES, '"@": {}')),
    ),
    "bad-sample-types": (
        "many bad sample types: a problem each",
        lambda size: make_remote(fill(size, SAMPLE_TYPES, '{"type":0}')),
    ),
    "unknown-keys": (
        "many unknown keys: a problem each",
        lambda size: make_remote(fill(size, JOB, '"k@": 0')),
    ),
    "pem-lines": (
        "many PEM blocks that begin and never end",
        lambda size: make_remote(repeat(SECURE, PEM_LINE, size)),
    ),
    "pem-blocks": (
        "many whole PEM blocks",
        lambda size: make_remote(repeat(SECURE, CERTIFICATE, size)),
    ),
    "pem-files": (
        "PEM text in many fields for files",
        lambda size: make_remote(
            fill(
                size,
                JOBS,
                f'{{"scheme":"https","tls_config":{{"ca_file":"{CERTIFICATE * 1000}"}}}}',
            )
        ),
    ),
    "digits": ("one number", lambda size: make_remote(repeat(JOBS, "9", size))),
    "numbers": (
        f"many numbers of {DIGITS:,} digits",
        lambda size: make_remote(fill(size, LABELS, f'"l@": {"9" * DIGITS}')),
    ),
    "nesting": ("lists within lists", lambda size: make_remote("[" * size)),
    "surrogates": (
        "one long name of lone surrogates",
        lambda size: make_remote(repeat('[{"job_name": "..."}]', "\\ud800", size)),
    ),
    "long-name": (
        "a long job name",
        lambda size: make_remote(repeat('[{"job_name": "..."}]', "a", size)),
    ),
    "long-names": (
        f"job names of {LONG:,} characters, and a hundred units",
        lambda size: make_remote(fill(size, JOBS, f'{{"job_name": "{A_NAME}@"}}'), units=100),
    ),
    "long-model": (
        "a long model name, and many jobs",
        lambda size: make_remote(
            fill(size // 2, JOBS, '{"job_name": "@"}'), model="m" * (size // 2)
        ),
    ),
    "long-topology": (
        f"names of {LONG:,} characters of model, application and charm, and many jobs",
        lambda size: make_remote(
            fill(size, JOBS, '{"job_name": "@"}'),
            units=10,
            model=A_NAME,
            application=A_NAME,
            charm_name=A_NAME,
        ),
    ),
    "long-host": (
        "a long address, and many wildcards",
        lambda size: make_remote(fill(size // 2, TARGETS, '"*:1"'), host="h" * (size // 2)),
    ),
    "long-port": (
        "a port with many zeros, and a thousand units",
        lambda size: make_remote(
            repeat(TARGETS.replace("...", '"*:...80"'), "0", size), units=1_000
        ),
    ),
    "long-label": (
        "a long label, and a thousand units",
        lambda size: make_remote(
            repeat(LABELS.replace("...", '"l": "..."'), "v", size), units=1_000
        ),
    ),
    "long-label-name": (
        "a long name of a label, and a thousand units",
        lambda size: make_remote(
            repeat(LABELS.replace("...", '"...": ""'), "l", size), units=1_000
        ),
    ),
    "long-unit-names": (
        f"names of {LONG:,} characters of many units, and a hundred ports",
        lambda size: make_remote(
            f"[{{{HUNDRED_PORTS}}}]",
            units=size // LONG,
            unit_name=A_NAME,
        ),
    ),
    "long-path": (
        "a long path, and a thousand units",
        lambda size: make_remote(
            repeat(PROFILES.replace("...", '"memory": {"path": "..."}'), "p", size), units=1_000
        ),
    ),
    "long-paths": (
        "long paths in many jobs",
        lambda size: make_remote(
            fill(size, JOBS, f'{{"profiling_config": {{"path_prefix": "/@{LABEL_VALUE}"}}}}')
        ),
    ),
}
