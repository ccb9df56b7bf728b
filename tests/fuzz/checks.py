"""Checks that hold for any bytes that a fuzzer generates: databags, and command-line input."""

from __future__ import annotations

import dataclasses
import json
from typing import Dict, List, Sequence, Tuple, Union, cast

import yaml

from parca_scrape import AppDatabag, HostMap, Problem, ScrapeConfig, UnitDatabag
from parca_scrape.databag import RelationDatabags
from parca_scrape.render import name_hosts, render
from tests.oracle import judge
from tests.oracle.pem import blocks
from tests.reading import read_relation, unit_databags_of

Json = Union[None, bool, int, float, str, "List[Json]", "Dict[str, Json]"]

# JSON has this character only as an escape, so a fuzzer can find where a text ends.
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
    """Return a relation to an application that publishes valid databags."""
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
    """Split bytes into an application databag, the application's name, and databags of units.

    The order of the texts is `APP_KEYS`, the name of the application, and for each unit its name
    and `UNIT_KEYS`.
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
    """Return a name that is text and not empty, as every name in Juju is."""
    return text.encode("utf-8", "replace").decode("utf-8") or "zinc"


def join_databags(
    app_databag: Dict[str, str], application: str, units: Sequence[Tuple[str, Dict[str, str]]]
) -> bytes:
    """Return the bytes that `split_databags` splits into these."""
    texts = [app_databag.get(key, "") for key in APP_KEYS]
    texts.append(application)
    for unit_name, databag in units:
        texts.append(unit_name)
        texts += [databag.get(key, "") for key in UNIT_KEYS]
    return SEPARATOR.join(texts).encode("utf-8", "surrogateescape")


def check_databags(data: bytes) -> None:
    """Check that databags raise nothing and harm neither other relations nor Parca."""
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
    """Check that Parca serves everything rendered, and all of the first and last relation."""
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
    """Check that Parca serves everything, and that certificates at least have the right form.

    The library does not check the content of a certificate, or whether the key belongs to it.
    """
    verdict = judge(scrape_configs)
    assert dataclasses.replace(verdict, tls_ignored=()).clean, verdict
    for scrape_config in scrape_configs:
        tls_config = scrape_config.get("tls_config", {})
        for name, labels in PEM_LABELS.items():
            text = str(tls_config.get(name, ""))
            assert not text or any(block.label.endswith(labels) for block in blocks(text)), text


def check_lines(problems: Sequence[Problem]) -> None:
    """Check that each problem is one printable line."""
    for problem in problems:
        assert problem.severity in ("error", "warning")
        assert problem.message
        assert (problem.path + problem.message).isprintable()
        assert (problem.path + problem.message).isascii()


def check_encoding(scrape_configs: Sequence[ScrapeConfig]) -> None:
    """Check that the scrape configs can be written as JSON in UTF-8."""
    text = json.dumps(scrape_configs, ensure_ascii=False, allow_nan=False)
    assert json.loads(text.encode("utf-8")) == scrape_configs


def check_command(data: bytes) -> None:
    """Check that the commands print a result or one line for any input."""
    from parca_scrape.cli import inputs
    from parca_scrape.cli.console import CommandError
    from parca_scrape.cli.explain import explain_target
    from parca_scrape.cli.findings import check_relations
    from parca_scrape.cli.output import encode_json, encode_yaml
    from parca_scrape.cli.relations import RelationTexts, render_texts
    from parca_scrape.migration.plan.deployment import describe_deployment
    from parca_scrape.migration.plan.markdown import write_plan
    from parca_scrape.migration.plan.models import Model
    from parca_scrape.migration.plan.plan import make_plan
    from parca_scrape.migration.plan.way import Way

    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return  # The command refuses it before it decodes anything.
    refusal = ""
    relations: List[RelationTexts] = []
    try:
        shown = inputs.decode_input(text)
        relations = inputs.join_inputs(*shown, ENDPOINT)
        render_texts(relations)
        deployment = describe_deployment(shown, relations, ENDPOINT)
        way = Way(deployment, ENDPOINT, Model("cos"), juju=4)
        lines = write_plan(make_plan(way, None)).splitlines()
        assert all(map(str.isprintable, lines)), lines
    except CommandError as error:
        refusal = str(error)
        relations = []
    assert refusal.isprintable(), refusal
    scrape_configs, problems = render_texts(relations)
    for problem in problems:
        assert str(problem).isprintable(), problem
    for finding in check_relations(relations):
        assert (finding.title + finding.text).isprintable(), finding
    for scrape_config in scrape_configs[:1]:
        for entry in scrape_config["static_configs"][:1]:
            assert explain_target(entry["targets"][0], relations).is_scraped
    check_verdict(scrape_configs)
    document = {"scrape_configs": scrape_configs}
    assert json.loads(encode_json(document)) == document
    written = cast("Json", yaml.safe_load(encode_yaml(document)))
    assert written == document, written
