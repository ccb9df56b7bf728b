from __future__ import annotations

import json
from typing import Dict, List, Sequence, Set, Tuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parca_scrape._getters import as_list
from parca_scrape.cli.console import CommandError
from parca_scrape.cli.series import Series, list_series
from tests.cli.dumps import MODEL_UUID, make_document
from tests.forms import ROOT
from tests.oracle import loaded_jobs

FIVE = ("block", "goroutine", "memory", "mutex", "process_cpu")
DATA = ROOT / "tests" / "data"
# The Go program reads this number back as it was written in YAML: 1.0e+300.
BIG_NUMBER = "label value 1e+300"
Entry = Tuple[str, str, Tuple[Tuple[str, str], ...], Tuple[str, ...]]


def make_config(*targets: str, **settings: object) -> Dict[str, object]:
    return {"job_name": "j", "static_configs": [{"targets": [*targets]}], **settings}


def make_series(address: str, profiles: Tuple[str, ...] = FIVE, **labels: str) -> Series:
    pairs = {"instance": address, "job": "j", **labels}
    return Series("j", address, tuple(sorted(pairs.items())), profiles)


def read_as_parca(scrape_configs: Sequence[object]) -> Set[Entry]:
    return {
        (job.job_name, target.address, target.labels, tuple(sorted(job.profiles)))
        for job in loaded_jobs([*scrape_configs])
        for target in job.targets
    }


def read(scrape_configs: List[object]) -> Set[Entry]:
    series, warnings = list_series(scrape_configs)
    assert warnings == []
    return {entry[:4] for entry in series}


def test_a_rendered_target_has_the_labels_that_parca_gives_it() -> None:
    topology = {"juju_model": "cos", "juju_model_uuid": MODEL_UUID, "juju_application": "zinc"}
    labels = {
        "instance": f"cos_{MODEL_UUID}_zinc_zinc/0",
        "job": "cos_6f2c1d0e_zinc",
        **topology,
        "juju_unit": "zinc/0",
    }
    series = Series("cos_6f2c1d0e_zinc", "zinc-0.local:8080", tuple(sorted(labels.items())), FIVE)
    assert list_series(make_document()["scrape_configs"]) == ([series], [])


def test_series_are_those_of_parca_for_whatever_it_accepts() -> None:
    cases: List[Dict[str, object]] = json.loads((DATA / "parca.json").read_text("utf-8"))
    differing: List[object] = []
    for case in cases:
        scrape_configs = as_list(case["scrape_configs"])
        if case["verdict"] == "accepted" and not case["skipped"] and scrape_configs:
            series, _ = list_series(scrape_configs)
            if {entry[:4] for entry in series} != read_as_parca(scrape_configs):
                differing.append(case["name"])
    assert differing == [BIG_NUMBER]


def test_series_are_those_of_parca_for_whatever_the_consumer_makes() -> None:
    cases: List[Dict[str, List[object]]] = json.loads((DATA / "consumer.json").read_text("utf-8"))
    for case in cases:
        assert read(case["jobs"]) == read_as_parca(case["jobs"])


@pytest.mark.parametrize(
    ("target", "scheme", "address"),
    [
        ("h:8080", "http", "h:8080"),
        ("h", "http", "h:80"),
        ("h", "https", "h:443"),
        ("[::1]", "https", "[::1]:443"),
        ("[::1]:1", "http", "[::1]:1"),
    ],
)
def test_an_address_gets_the_port_of_its_scheme(target: str, scheme: str, address: str) -> None:
    series = make_series(address)._replace(scheme=scheme)
    assert list_series([make_config(target, scheme=scheme)]) == ([series], [])


def test_labels_that_parca_hides_are_left_out() -> None:
    labels = {"__scheme__": "https", "__address__": "x:1", "a": "b", "empty": ""}
    static_config = {"targets": ["h"], "labels": labels}
    series = make_series("h:443", a="b")._replace(scheme="https")
    assert list_series([{**make_config(), "static_configs": [static_config]}]) == ([series], [])


@pytest.mark.parametrize("enabled", [False, "false", "no", "OFF"])
def test_a_profile_can_be_switched_off_in_any_spelling(enabled: object) -> None:
    profiling_config = {
        "pprof_config": {"mutex": {"enabled": enabled}, "memory": None, "fgprof": {}}
    }
    config = make_config("h:1", profiling_config=profiling_config)
    profiles = ("block", "goroutine", "memory", "process_cpu")
    assert list_series([config]) == ([make_series("h:1", profiles)], [])


@pytest.mark.parametrize("enabled", [True, "true", "True", "yes"])
def test_a_custom_profile_can_be_switched_on_in_any_spelling(enabled: object) -> None:
    profiling_config = {"pprof_config": {"fgprof": {"enabled": enabled}}}
    config = make_config("h:1", profiling_config=profiling_config)
    profiles = ("block", "fgprof", *FIVE[1:])
    assert list_series([config]) == ([make_series("h:1", profiles)], [])


def test_a_target_without_profiles_has_no_series() -> None:
    profiling_config = {"pprof_config": {name: {"enabled": False} for name in FIVE}}
    assert list_series([make_config("h:1", profiling_config=profiling_config)]) == ([], [])


def test_a_rule_can_give_each_profile_labels_of_its_own() -> None:
    rules = [
        {"source_labels": ["__name__"], "regex": "m.*", "target_label": "kind"},
        {"source_labels": ["__name__"], "regex": "block", "action": "drop"},
    ]
    rules[0]["replacement"] = "m"
    expected = [
        make_series("h:1", ("goroutine", "process_cpu")),
        make_series("h:1", ("memory", "mutex"), kind="m"),
    ]
    assert list_series([make_config("h:1", relabel_configs=rules)]) == (expected, [])


def test_of_two_labels_that_become_one_the_last_of_parca_counts() -> None:
    # Parca adds the label `job` after those of the static config.
    rules = [{"action": "labelmap", "regex": "(?:a|job|z)", "replacement": "b"}]
    static_config = {"targets": ["h:1"], "labels": {"z": "1", "a": "2"}}
    config = {**make_config(relabel_configs=rules), "static_configs": [static_config]}
    assert list_series([config]) == ([make_series("h:1", a="2", b="j", z="1")], [])


def test_a_rule_can_rename_profiles() -> None:
    rules = [{"target_label": "__name__", "replacement": "p", "regex": ""}]
    config = make_config("h:1", relabel_configs=rules)
    assert list_series([config]) == ([make_series("h:1", ("p",))], [])


@pytest.mark.parametrize(
    ("config", "warning"),
    [
        (
            {"static_configs": [{"targets": ["h:1", ""]}]},
            "job j: static_configs[0]: Parca skips it: a target has no address",
        ),
        (
            {"static_configs": [{"targets": ["a/b"]}]},
            "job j: static_configs[0]: Parca skips it: the address of a target contains a slash",
        ),
        (
            {"static_configs": [{"targets": ["h"]}], "scheme": "ftp"},
            "job j: static_configs[0]: Parca skips it: the scheme has no default port",
        ),
        (
            {"file_sd_configs": [{"files": ["x.json"]}]},
            "job j: file_sd_configs: targets that Parca discovers are not compared",
        ),
    ],
)
def test_targets_that_are_left_out_are_reported(config: Dict[str, object], warning: str) -> None:
    assert list_series([{"job_name": "j", **config}]) == ([], [warning])


def test_a_rule_that_is_not_supported_is_reported_once() -> None:
    rules: List[object] = [
        {"action": "hashmod"},
        {"source_labels": ["__address__"], "regex": ".*" * 20, "target_label": "a"},
    ]
    config = make_config("h:1", "h:2", relabel_configs=rules)
    assert list_series([config]) == (
        [make_series("h:1"), make_series("h:2")],
        [
            "job j: relabel_configs[0]: its action is not supported: compared without this rule",
            "job j: a relabel rule: its regex would take too long for the labels: compared"
            " without this rule",
        ],
    )


def test_two_jobs_of_one_name_are_reported() -> None:
    warning = "job j: Parca refuses a file with two jobs of the same name"
    series, warnings = list_series([make_config("h:1"), make_config("h:2"), make_config("h:3")])
    assert (len(series), warnings) == (3, [warning])


def test_a_job_without_a_name_is_reported_as_such() -> None:
    warning = "a job without a name: static_configs[0]: Parca skips it: a target has no address"
    assert list_series([{**make_config(""), "job_name": None}]) == ([], [warning])


def test_a_name_that_cannot_be_printed_is_escaped() -> None:
    config = {**make_config(""), "job_name": "\x1b[2J"}
    warning = r"job '\x1b[2J': static_configs[0]: Parca skips it: a target has no address"
    assert list_series([config]) == ([], [warning])


def test_more_profiles_of_targets_than_can_be_read_are_refused() -> None:
    profiles = {f"p{number}": {"enabled": "true"} for number in range(8_000)}
    config = make_config(*["h:1"] * 8_000, profiling_config={"pprof_config": profiles})
    with pytest.raises(CommandError, match="too many labels, profiles and relabel rules"):
        list_series([config])


def test_more_text_of_labels_than_can_be_read_is_refused() -> None:
    static_config = {"targets": ["h:1"] * 600, "labels": {"a": "x" * 1_000_000}}
    config = {**make_config(), "static_configs": [static_config]}
    with pytest.raises(CommandError, match="too many labels, profiles and relabel rules"):
        list_series([config])


KEYS = st.sampled_from(
    ["job_name", "static_configs", "targets", "labels", "relabel_configs", "regex", "action"]
) | st.sampled_from(["profiling_config", "pprof_config", "memory", "enabled", "scheme"])
SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=4) | st.floats()


@given(
    st.recursive(
        SCALARS,
        lambda values: st.lists(values, max_size=3) | st.dictionaries(KEYS, values, max_size=6),
        max_leaves=20,
    )
)
def test_scrape_configs_may_hold_anything(raw: object) -> None:
    series, warnings = list_series([raw])
    assert isinstance(raw, dict) or (series, warnings) == (
        [],
        ["scrape_configs[0]: not an object, so it is skipped"],
    )
