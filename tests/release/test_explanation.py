"""The explanations are true: their example is what the library makes of it."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ElementTree
from itertools import zip_longest
from typing import Any, Dict, List

import yaml

from parca_scrape import AppDatabag, UnitDatabag
from parca_scrape.cli.series import list_series
from parca_scrape.databag import encode_app, judge_jobs
from parca_scrape.jobs import list_jobs
from parca_scrape.render import render
from tests.forms import ROOT
from tests.reading import read_relation, unit_databags_of
from tests.snippets import find_blocks
from tests.strategies import Object

FOLDER = ROOT / "docs" / "explanation"
NAME = "from-databag-to-scrape-config"
PAGE = (FOLDER / f"{NAME}.md").read_text(encoding="utf-8")
DRAWING = FOLDER / f"{NAME}.svg"
BLOCKS = list(find_blocks(NAME, PAGE))
JOBS, VALUES = [block.text for block in BLOCKS if block.language == "python"]
PUBLISHED, RENDERED = [block.text for block in BLOCKS if block.language == "yaml"]
DATABAGS, SCRAPE_CONFIGS = map(yaml.safe_load, (PUBLISHED, RENDERED))
[PROBLEM] = [block.text for block in BLOCKS if block.language == "text"]
[LABELS] = [json.loads(block.text) for block in BLOCKS if block.language == "json"]
RELATION = read_relation(7, "zinc", DATABAGS["app"], DATABAGS["units"])


def run(code: str) -> Dict[str, Any]:
    """Return the names that a block defines."""
    names: Dict[str, Any] = {}
    exec(code, names)
    return names


def test_the_databags_are_what_the_provider_publishes() -> None:
    jobs = run(JOBS)["jobs"]
    metadata = AppDatabag.decode(DATABAGS["app"])[0].scrape_metadata
    assert encode_app(list_jobs(jobs), metadata) == DATABAGS["app"]
    errors = [problem.path for problem in judge_jobs(jobs) if problem.severity == "error"]
    assert errors == ["jobs[0].static_configs[0].targets[2]"]


def test_the_typed_values_are_what_the_consumer_decodes() -> None:
    values = run(VALUES)
    assert AppDatabag.decode(DATABAGS["app"])[0] == values["app_databag"]
    units = {name: UnitDatabag.decode_strict(bag) for name, bag in DATABAGS["units"].items()}
    assert units == values["unit_databags"]


def test_the_scrape_config_and_the_problem_are_what_the_consumer_renders() -> None:
    scrape_configs, problems = render([RELATION])
    # In the order of the keys, too.
    assert yaml.safe_dump({"scrape_configs": scrape_configs}, sort_keys=False) == RENDERED
    assert "".join(f"{problem}\n" for problem in problems) == PROBLEM


def test_the_labels_are_those_that_parca_stores() -> None:
    series, warnings = list_series(render([RELATION])[0])
    labels = [dict(one.labels) for one in series]
    assert warnings == []
    assert labels[1] == LABELS
    assert {len(one.profiles) for one in series} == {5}


METADATA: Object = {
    "model": "cos",
    "model_uuid": "6f2c1d0e-83b4-4c6b-9a51-2d7c1f0b9e34",
    "application": "zinc",
    "charm_name": "zinc-k8s",
}
UUID = "0190f3c2-7f1c-7e3b-8000-0123456789ab"
HOST = "10.1.80.21"


def find_labels(metadata: Object, unit: str, *jobs: Object) -> Dict[str, str]:
    """Return the labels of the last job that a provider publishes."""
    databag = {"scrape_metadata": json.dumps(metadata), "scrape_jobs": json.dumps(jobs)}
    units = unit_databags_of([("zinc/0", HOST, unit)])
    series, _ = list_series(render([read_relation(1, "zinc", databag, units)])[0])
    return dict(series[-1].labels)


def job_of(target: str, team: str) -> Object:
    return {"static_configs": [{"targets": [target], "labels": {"team": team}}]}


JOB = job_of("*:4080", "search")
# What each row of the table says, in its order.
CHANGED: Dict[str, Dict[str, str]] = {
    "the application moves": find_labels(
        {**METADATA, "model": "lma", "model_uuid": UUID}, "zinc/0", JOB
    ),
    "the application is deployed": find_labels(
        {**METADATA, "application": "search"}, "search/0", JOB
    ),
    "a unit is replaced": find_labels(METADATA, "zinc/1", JOB),
    "the charm is renamed": find_labels({**METADATA, "charm_name": "zinc"}, "zinc/0", JOB),
    "the author changes `job_name`": find_labels(METADATA, "zinc/0", {**JOB, "job_name": "api"}),
    "the author changes, adds": find_labels(METADATA, "zinc/0", job_of("*:4080", "web")),
    "the author replaces `*`": find_labels(METADATA, "zinc/0", job_of(f"{HOST}:4080", "search")),
    "a name clash": find_labels(METADATA, "zinc/0", job_of("*:4081", "web"), JOB),
}


def test_each_change_breaks_the_series_by_the_labels_in_the_table() -> None:
    page = (FOLDER / "series.md").read_text(encoding="utf-8")
    table = page.split("\n| change | label |\n", 1)[1].split("\n\n", 1)[0].splitlines()[1:]
    before = find_labels(METADATA, "zinc/0", JOB)
    for row, (change, after) in zip_longest(table, CHANGED.items()):
        changed, labels = row.strip("| ").split(" | ")
        assert changed.startswith(change)
        differing = {name for name in {*before, *after} if before.get(name) != after.get(name)}
        named = {"team"} if labels == "that label" else set(re.findall("`([^`]+)`", labels))
        assert (change, named) == (change, differing)


def test_no_address_port_or_scheme_is_part_of_a_series() -> None:
    job = {**job_of("*:6060", "search"), "scheme": "https"}
    assert find_labels(METADATA, "zinc/0", job) == find_labels(METADATA, "zinc/0", JOB)


def test_the_drawing_shows_the_same_example() -> None:
    root = ElementTree.parse(str(DRAWING)).getroot()
    drawn = " ".join(text.strip() for text in root.itertext())
    [scrape_config] = SCRAPE_CONFIGS["scrape_configs"]
    targets = [target for entry in scrape_config["static_configs"] for target in entry["targets"]]
    expected: List[str] = [scrape_config["job_name"], *targets, *DATABAGS["units"]]
    expected += [bag["parca_scrape_unit_address"] for bag in DATABAGS["units"].values()]
    expected += [f"{len(targets)} targets, 5 profiles each", "http://old:4080"]
    assert [text for text in expected if text not in drawn] == []
    # An image on a page cannot follow its colours, so it has a ground of its own.
    ground = root.findall("{http://www.w3.org/2000/svg}rect")[0]
    assert ground.get("fill") == "#ffffff"


def test_the_drawing_has_a_text_for_those_who_cannot_see_it() -> None:
    [alternative] = re.findall(rf"!\[([^\]]+)\]\({re.escape(DRAWING.name)}\)", PAGE)
    assert len(alternative) > 100
