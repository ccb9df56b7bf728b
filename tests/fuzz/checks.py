"""What must hold for any bytes that a fuzzer makes: databags, and what the command line reads."""

from __future__ import annotations

import dataclasses
import json
from typing import Dict, List, Sequence, Tuple, Union, cast

import yaml

from parca_scrape import AppDatabag, HostMap, Problem, ScrapeConfig, UnitDatabag
from parca_scrape.databag import RelationDatabags
from parca_scrape.hosts import name_hosts
from parca_scrape.render import render
from tests.oracle import judge
from tests.oracle.pem import blocks
from tests.reading import read_relation, unit_databags_of

Json = Union[None, bool, int, float, str, "List[Json]", "Dict[str, Json]"]

# A character that no JSON has outside of an escape, so that a fuzzer finds where a text ends.
SEPARATOR = "\x1f"
APP_KEYS: Tuple[str, ...] = ("scrape_jobs", "scrape_metadata")
UNIT_KEYS: Tuple[str, ...] = (
    "parca_scrape_unit_address",
    "parca_scrape_unit_name",
    "parca_scrape_host",
)
ENDPOINT = "profiling-endpoint"
PEM_LABELS = {"ca": "CERTIFICATE", "cert": "CERTIFICATE", "key": "PRIVATE KEY"}


def make_neighbour(relation_id: int) -> RelationDatabags:
    """Give a relation to an application with which nothing is wrong."""
    application = f"neighbour{relation_id}"
    app_databag = {
        "scrape_jobs": '[{"job_name": "a"}, {"static_configs": [{"targets": ["h:1", "*:2"]}]}]',
        "scrape_metadata": (
            '{"model": "m", "model_uuid": "20ce8299-3634-4bef-8bd8-5ace6c8816b4",'
            f' "application": "{application}"}}'
        ),
    }
    units = [(f"{application}/{number}", f"10.0.0.{number}", "") for number in range(2)]
    return read_relation(relation_id, application, app_databag, unit_databags_of(units))


NEIGHBOURS = (make_neighbour(0), make_neighbour(2))


def split_databags(data: bytes) -> Tuple[Dict[str, str], str, List[Tuple[str, Dict[str, str]]]]:
    """Read bytes as an application databag, the application's name, and units with databags.

    The texts stand in the order of `APP_KEYS`, the name, and for each unit its name and
    `UNIT_KEYS`.
    """
    texts = data.decode("utf-8", "surrogateescape").split(SEPARATOR)
    app_databag = dict(zip(APP_KEYS, texts))
    rest = texts[3:] or ["zinc/0", "10.1.2.3", "zinc/0"]
    step = 1 + len(UNIT_KEYS)
    units = [
        (name_of_juju(rest[start]), dict(zip(UNIT_KEYS, rest[start + 1 : start + step])))
        for start in range(0, len(rest), step)
    ]
    application = name_of_juju(texts[2]) if len(texts) > 2 else "zinc"
    return app_databag, application, units


def name_of_juju(text: str) -> str:
    """Give a name that Juju could give, as far as that it is text, and not empty."""
    return text.encode("utf-8", "replace").decode("utf-8") or "zinc"


def join_databags(
    app_databag: Dict[str, str], application: str, units: Sequence[Tuple[str, Dict[str, str]]]
) -> bytes:
    """Write what `split_databags` reads."""
    texts = [app_databag.get(key, "") for key in APP_KEYS]
    texts.append(application)
    for unit_name, databag in units:
        texts.append(unit_name)
        texts += [databag.get(key, "") for key in UNIT_KEYS]
    return SEPARATOR.join(texts).encode("utf-8", "surrogateescape")


def check_databags(data: bytes) -> None:
    """Check that no databags cost an exception, a good neighbour or Parca itself anything."""
    app_databag, application, units = split_databags(data)
    decoded, problems = AppDatabag.decode(app_databag)
    check_lines(problems)
    encoded = decoded.encode()
    assert AppDatabag.decode(encoded)[0].encode() == encoded
    assert hash(decoded) == hash(AppDatabag.decode(app_databag)[0])
    for _, unit_databag in units:
        decoded_unit, problems = UnitDatabag.decode(unit_databag)
        check_lines(problems)
        assert UnitDatabag.decode_strict(decoded_unit.encode()) == decoded_unit
    damaged = read_relation(1, application, app_databag, dict(units))
    check_lines(damaged.problems)
    hosts, problems = name_hosts(damaged.units)
    check_lines(problems)
    assert dict(HostMap(hosts).hosts) == hosts
    check_relations([NEIGHBOURS[0], damaged, NEIGHBOURS[1]])


def check_relations(relations: Sequence[RelationDatabags]) -> None:
    """Check that Parca serves all that is rendered, and all of the first and last relation."""
    scrape_configs, problems = render(relations)
    check_lines(problems)
    check_encoding(scrape_configs)
    check_verdict(scrape_configs)
    first, last = render(relations[:1])[0], render(relations[-1:])[0]
    assert scrape_configs[: len(first)] == first
    for served, expected in zip(scrape_configs[-len(last) :], last):
        assert served["job_name"].startswith(expected["job_name"])
        assert {**served, "job_name": expected["job_name"]} == expected


def check_verdict(scrape_configs: Sequence[ScrapeConfig]) -> None:
    """Check that Parca serves all of it, with certificates of which it finds at least the form.

    What is within a certificate, or whether a key is its own, is not checked before Parca does.
    """
    verdict = judge(scrape_configs)
    assert dataclasses.replace(verdict, tls_ignored=()).clean, verdict
    for scrape_config in scrape_configs:
        tls_config = scrape_config.get("tls_config", {})
        for name, labels in PEM_LABELS.items():
            text = str(tls_config.get(name, ""))
            assert not text or any(block.label.endswith(labels) for block in blocks(text)), text


def check_lines(problems: Sequence[Problem]) -> None:
    """Check that each problem is one line for people."""
    for problem in problems:
        assert problem.severity in ("error", "warning")
        assert problem.message
        assert (problem.path + problem.message).isprintable()
        assert (problem.path + problem.message).isascii()


def check_encoding(scrape_configs: Sequence[ScrapeConfig]) -> None:
    """Check that the scrape configs are JSON which UTF-8 can hold."""
    text = json.dumps(scrape_configs, ensure_ascii=False, allow_nan=False)
    assert json.loads(text.encode("utf-8")) == scrape_configs


def check_command(data: bytes) -> None:
    """Check that the command line gives a result or one line for anything that it reads."""
    from parca_scrape.cli.plain_yaml import UnusableInputError
    from parca_scrape.cli.render import encode_json, encode_yaml
    from parca_scrape.cli.show_unit import read_show_unit

    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return  # The command itself says that it is no text.
    refusal = ""
    try:
        relations, problems = read_show_unit(text, ENDPOINT)
    except UnusableInputError as error:
        refusal = str(error)
        relations, problems = [], []
    assert refusal.isprintable(), refusal
    scrape_configs, found = render(relations)
    for problem in problems + found:
        assert str(problem).isprintable(), problem
    check_verdict(scrape_configs)
    document = {"scrape_configs": scrape_configs}
    assert json.loads(encode_json(document)) == document
    written = cast("Json", yaml.safe_load(encode_yaml(document)))
    assert written == document, written
