"""The explanations are true: their example is what the library makes of it."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ElementTree
from typing import Any, Dict, List

import yaml

from parca_scrape import AppDatabag, UnitDatabag
from parca_scrape.cli.series import list_series
from parca_scrape.databag import encode_app, judge_jobs
from parca_scrape.jobs import list_jobs
from parca_scrape.render import render
from tests.forms import ROOT
from tests.reading import read_relation
from tests.snippets import find_blocks

FOLDER = ROOT / "docs" / "explanation"
NAME = "from-databag-to-scrape-config"
PAGE = (FOLDER / f"{NAME}.md").read_text(encoding="utf-8")
DRAWING = FOLDER / f"{NAME}.svg"
BLOCKS = list(find_blocks(NAME, PAGE))
JOBS, VALUES = [block.text for block in BLOCKS if block.language == "python"]
DATABAGS, SCRAPE_CONFIGS = [
    yaml.safe_load(block.text) for block in BLOCKS if block.language == "yaml"
]
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
    assert {"scrape_configs": scrape_configs} == SCRAPE_CONFIGS
    assert "".join(f"{problem}\n" for problem in problems) == PROBLEM


def test_the_labels_are_those_that_parca_stores() -> None:
    series, warnings = list_series(render([RELATION])[0])
    labels = [dict(one.labels) for one in series]
    assert warnings == []
    assert labels[1] == LABELS
    assert {len(one.profiles) for one in series} == {5}


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
