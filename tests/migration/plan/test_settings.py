from __future__ import annotations

import json
from typing import Dict

import pytest

from parca_scrape.cli.reference import LIBRARIES
from parca_scrape.cli.relations import RelationTexts
from parca_scrape.jobs import ALLOWED_KEYS
from parca_scrape.migration.plan.settings import (
    DROPPED_KEYS,
    Fate,
    Library,
    follow_settings,
    group_settings,
    identify_library,
)
from tests.cli.deployed import MODEL_UUID
from tests.juju.published import CASES
from tests.migration.plan.relations import make_job, make_relation

UNKNOWN = "unknown"
NEWER = "charms.parca_k8s.v0 from LIBPATCH 2, or parca-scrape"


def identify(text: str) -> str:
    """Return the library that wrote a text."""
    return identify_library(RelationTexts(1, "shop", {"scrape_jobs": text}, {})).name


def test_the_settings_are_those_that_the_machine_library_drops() -> None:
    assert set(DROPPED_KEYS) == ALLOWED_KEYS - LIBRARIES["machine"]


@pytest.mark.parametrize(
    ("text", "library"),
    [
        (json.dumps([make_job("*:80")]), UNKNOWN),
        (json.dumps([make_job("*:80"), make_job("*:81", scheme="https")]), NEWER),
        (json.dumps([make_job("*:80", tls_config={"ca": "x"})]), NEWER),
        (json.dumps([make_job("*:80", profiling_config={"path_prefix": "/x"})]), NEWER),
        (json.dumps([make_job("*:80", scheme="")]), UNKNOWN),
        ("[]", "parca-scrape"),
        ('[{"static_configs":[{"targets":["*:80"]}]}]', "none"),
        ('[{"static_configs": [], "scheme":"https"}]', "none"),
        ("{}", "none"),
        ("nonsense", "none"),
        ("", UNKNOWN),
    ],
)
def test_the_library_is_known_by_what_it_writes(text: str, library: str) -> None:
    assert identify(text) == library


def test_what_published_versions_wrote_is_never_taken_for_that_of_another() -> None:
    newer = {f"k8s {number}" for number in range(2, 7)}
    for case in CASES:
        library = identify(case["app_data"]["scrape_jobs"])
        expected = {UNKNOWN} if not set(case["versions"]) <= newer else {UNKNOWN, NEWER}
        assert library in expected, case["name"]


def test_settings_belong_to_the_application_in_the_labels() -> None:
    labels = {"juju_model_uuid": MODEL_UUID, "juju_application": "shop"}
    static_configs = [{"targets": ["h:1"], "labels": labels}]
    scrape_configs: Dict[str, object] = {"static_configs": static_configs, "scheme": "https"}
    assert group_settings([scrape_configs, {"static_configs": static_configs}, "rubbish"]) == {
        (MODEL_UUID, "shop"): {"scheme"}
    }


@pytest.mark.parametrize("is_known", [True, False])
def test_each_setting_has_a_fate(is_known: bool) -> None:
    library = Library("parca-scrape" if is_known else UNKNOWN, "")
    assert follow_settings({"scheme", "tls_config"}, {"tls_config"}, library) == {
        "scheme": Fate.LOST,
        "tls_config": Fate.KEPT,
        "profiling_config": Fate.ABSENT if is_known else Fate.UNKNOWN,
    }
    assert follow_settings(set(), {"scheme"}, library)["scheme"] is Fate.GAINED


def test_a_relation_without_jobs_says_nothing_of_its_library() -> None:
    relation = make_relation()._replace(app_databag={})
    assert identify_library(relation) == Library(UNKNOWN, "the databag has no scrape jobs")


def test_the_address_of_the_first_drafts_alone_is_of_no_library() -> None:
    relation = make_relation(make_job("*:80"), unit_databag={"parca_scrape_host": "h"})
    assert identify_library(relation).name == "none"
    both = {"parca_scrape_host": "h", "parca_scrape_unit_address": "h"}
    assert identify_library(make_relation(make_job("*:80"), unit_databag=both)).name == UNKNOWN
