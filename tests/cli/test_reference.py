from __future__ import annotations

import json
from typing import Dict, List, Mapping, NamedTuple, Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parca_scrape.cli.console import CommandError
from parca_scrape.cli.reference import LIBRARIES, render_reference
from parca_scrape.cli.relations import RelationTexts
from tests.cli.dumps import MODEL_UUID
from tests.forms import ROOT

METADATA: Dict[str, object] = {
    "model": "cos",
    "model_uuid": MODEL_UUID,
    "application": "zinc",
    "unit": "zinc/0",
    "charm_name": "zinc-k8s",
}
LABELS = {
    "juju_model": "cos",
    "juju_model_uuid": MODEL_UUID,
    "juju_application": "zinc",
    "juju_charm": "zinc-k8s",
}
SETTINGS: Dict[str, object] = {
    "scheme": "https",
    "tls_config": {"ca": ""},
    "profiling_config": {"pprof_config": {"fgprof": None}},
    "scrape_interval": 5,
    "scrape_timeout": None,
}
UNITS = {"zinc/10": {"parca_scrape_host": "b"}, "zinc/9": {"parca_scrape_unit_address": "a"}}


class Case(NamedTuple):
    """A recorded case of the relation."""

    name: str
    relations: List[RelationTexts]
    jobs: object


def read_cases() -> List[Case]:
    """Return the cases in which this library does what the K8s reference does."""
    text = (ROOT / "tests" / "data" / "consumer.json").read_text("utf-8")
    return [
        Case(
            case["name"],
            [
                RelationTexts(relation["id"], relation["app"], relation["app_data"], units)
                for relation in case["relations"]
                for units in [relation["units"]]
            ],
            case["jobs"],
        )
        for case in json.loads(text)
        if case["from"] == "reference"
    ]


def make_relation(
    *jobs: object,
    metadata: object = METADATA,
    units: Mapping[str, Mapping[str, str]] = UNITS,
    scrape_jobs: Optional[str] = None,
) -> RelationTexts:
    """Return a relation; the text of `scrape_jobs` replaces jobs."""
    app_databag = {
        "scrape_jobs": json.dumps(jobs) if scrape_jobs is None else scrape_jobs,
        "scrape_metadata": json.dumps(metadata),
    }
    return RelationTexts(7, "zinc", app_databag, units)


def make_job(*targets: object, **settings: object) -> Dict[str, object]:
    return {"static_configs": [{"targets": [*targets]}], **settings}


def make_config(*entries: object, name: str = "", **settings: object) -> Dict[str, object]:
    """Return a scrape config."""
    rule = {
        "source_labels": ["juju_model", "juju_model_uuid", "juju_application", "juju_unit"],
        "separator": "_",
        "target_label": "instance",
        "regex": "(.*)",
    }
    return {
        "job_name": f"cos_6f2c1d0e_zinc{name}",
        "static_configs": [*entries],
        "relabel_configs": [rule],
        **settings,
    }


def make_entry(unit: str, *targets: str, **labels: str) -> Dict[str, object]:
    return {"targets": [*targets], "labels": {**labels, **LABELS, "juju_unit": unit}}


@pytest.mark.parametrize("case", read_cases(), ids=lambda case: case.name)
def test_recorded_databags_are_rendered_as_the_library_does(case: Case) -> None:
    assert render_reference(case.relations, "k8s") == case.jobs


def test_units_are_in_the_order_of_their_numbers() -> None:
    entries = [make_entry("zinc/9", "a:1"), make_entry("zinc/10", "b:1")]
    assert render_reference([make_relation(make_job("*:1"))], "k8s") == [make_config(*entries)]


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_static_config_without_wildcards_gives_the_bare_address_of_each_unit(
    library: str,
) -> None:
    entries = [
        {"targets": ["db:1", " x : 2"], "labels": LABELS},
        make_entry("zinc/9", "a"),
        make_entry("zinc/10", "b"),
    ]
    relation = make_relation(make_job("db:1", " x : 2"))
    assert render_reference([relation], library) == [make_config(*entries)]


@pytest.mark.parametrize(
    ("library", "settings"),
    [("k8s", SETTINGS), ("machine", {"scrape_interval": 5, "scrape_timeout": None})],
)
def test_each_library_passes_on_the_keys_that_it_knows(
    library: str, settings: Dict[str, object]
) -> None:
    job = make_job("db:1", job_name=5, honor_labels=True, **SETTINGS)
    entries = [{"targets": ["db:1"], "labels": LABELS}, make_entry("zinc/9", "a")]
    config = make_config(*entries, name="_5", **settings)
    units = {"zinc/9": UNITS["zinc/9"]}
    assert render_reference([make_relation(job, units=units)], library) == [config]


def test_names_may_be_given_twice() -> None:
    units = {"zinc/0": {"parca_scrape_unit_address": "a"}}
    config = make_config(make_entry("zinc/0", "a:80"))
    relation = make_relation({}, {}, units=units)
    assert render_reference([relation, relation], "k8s") == [config] * 4


def test_of_two_units_with_one_name_the_later_counts() -> None:
    units = {
        unit: {"parca_scrape_unit_address": unit[-1], "parca_scrape_unit_name": "x/0"}
        for unit in ("zinc/2", "zinc/1")
    }
    config = make_config(make_entry("x/0", "2:80"))
    assert render_reference([make_relation({}, units=units)], "k8s") == [config]


def test_empty_parts_of_the_topology_stay_in_names_and_not_in_labels() -> None:
    metadata = {"model": None, "model_uuid": MODEL_UUID, "application": "", "charm_name": None}
    relation = make_relation(
        {"static_configs": [{"targets": ["db:1"]}]}, metadata=metadata, units={"z/0": {}}
    )
    (config,) = render_reference([relation], "k8s")
    assert isinstance(config, dict)
    assert config["job_name"] == "None_6f2c1d0e_"
    assert config["static_configs"] == [
        {"targets": ["db:1"], "labels": {"juju_model_uuid": MODEL_UUID}}
    ]


@pytest.mark.parametrize("metadata", [None, {}, "", 0])
def test_jobs_without_metadata_are_passed_on_as_they_are(metadata: object) -> None:
    jobs: List[object] = [{"relabel_configs": 5, "x": 1}, 5]
    assert render_reference([make_relation(*jobs, metadata=metadata)], "machine") == jobs


@pytest.mark.parametrize(
    "relation",
    [
        make_relation({}, units={}),
        make_relation(scrape_jobs=""),
        make_relation(scrape_jobs="null"),
        make_relation(scrape_jobs="{}"),
    ],
)
def test_a_relation_without_units_or_jobs_gives_nothing(relation: RelationTexts) -> None:
    assert render_reference([relation], "k8s") == []


JOBS = "scrape_jobs[0].static_configs"


@pytest.mark.parametrize(
    ("relation", "reason"),
    [
        (make_relation(scrape_jobs="[{]"), "scrape_jobs: not valid JSON"),
        (make_relation(scrape_jobs="[" * 101 + "]" * 101), "scrape_jobs: nested too deeply"),
        (make_relation(scrape_jobs=f"[{'1' * 5_000}]"), "scrape_jobs: not valid JSON"),
        (make_relation(scrape_jobs="5"), "scrape_jobs: must be a list"),
        (make_relation(scrape_jobs='{"a": 1}'), "scrape_jobs[0]: must be an object"),
        (make_relation({}, None), "scrape_jobs[1]: must be an object"),
        (make_relation({"static_configs": None}), f"{JOBS}: must be a list"),
        (make_relation({"static_configs": [5]}), f"{JOBS}[0]: must be an object"),
        (
            make_relation({"static_configs": [{"targets": None}]}),
            f"{JOBS}[0].targets: must be a list",
        ),
        (
            make_relation({"static_configs": [{"targets": ["*:1"], "labels": None}]}),
            f"{JOBS}[0].labels: must be an object",
        ),
        *(
            (
                make_relation(make_job("*:1", target)),
                f"{JOBS}[0].targets[1]: must be text with one colon, as in host:port",
            )
            for target in ("h", "*", "[::1]:80", "http://h:80", 5)
        ),
        (make_relation({}, metadata=[1]), "scrape_metadata: must be an object"),
        (make_relation({}, metadata={"model": "m"}), "scrape_metadata.model_uuid: missing"),
        *(
            (
                make_relation({}, metadata={**METADATA, "model_uuid": model_uuid}),
                "scrape_metadata.model_uuid: not a UUID of version 4",
            )
            for model_uuid in ("0190f3c2-7f1c-7e3b-8000-0123456789ab", MODEL_UUID.upper(), None)
        ),
    ],
)
@pytest.mark.parametrize("library", LIBRARIES)
def test_what_the_library_raises_on_is_named(
    library: str, relation: RelationTexts, reason: str
) -> None:
    with pytest.raises(CommandError) as caught:
        render_reference([relation], library)
    assert str(caught.value) == (
        f"relation 7 with zinc: the {library} reference library fails on {reason}: the Parca charm"
        " is then in error, and Parca keeps its last configuration: compare with the current"
        " parca.yaml"
    )


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["", "*:1", "h:1", "h"]),
    lambda values: (
        st.lists(values, max_size=3)
        | st.dictionaries(
            st.sampled_from(["static_configs", "targets", "labels", "job_name"]), values
        )
    ),
    max_leaves=12,
)


@given(jobs=ANYTHING, metadata=ANYTHING | st.just(METADATA))
def test_databags_may_hold_anything(jobs: object, metadata: object) -> None:
    relation = make_relation(metadata=metadata, scrape_jobs=json.dumps(jobs))
    try:
        result: object = render_reference([relation], "k8s")
    except CommandError as error:
        result = str(error)
    assert json.dumps(result).isprintable()
