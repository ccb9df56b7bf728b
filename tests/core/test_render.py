from __future__ import annotations

import json
import time
from typing import Dict, List, Mapping, Sequence, Tuple, Union, cast

import pytest
import yaml

from parca_scrape import DEFAULT_JOB, Problem, ScrapeConfig
from parca_scrape.databag import RelationDatabags
from parca_scrape.render import render
from tests.pem import CERTIFICATE, PRIVATE_KEY
from tests.reading import job, read_relation, unit_databags_of

UUID = "20ce8299-3634-4bef-8bd8-5ace6c8816b4"
METADATA = {
    "model": "cos",
    "model_uuid": UUID,
    "application": "zinc",
    "unit": "zinc/0",
    "charm_name": "zinc-k8s",
}
LABELS = {
    "juju_model": "cos",
    "juju_model_uuid": UUID,
    "juju_application": "zinc",
    "juju_charm": "zinc-k8s",
}
SHARED_NAME = "another unit published the same name; using the Juju unit name"
ADDRESS = (
    "must be a host name (at most 253 characters) or an IP address, without a scheme, port, path"
    " or spaces"
)
RENAMED = "another job has the same name; a number was added: give each job its own job_name"
NO_METADATA = "missing: the model and the charm are unknown"


def relation(
    *jobs: object,
    relation_id: int = 1,
    application: str = "zinc",
    metadata: object = METADATA,
    units: Sequence[Tuple[str, str, str]] = (("zinc/0", "10.0.0.1", ""),),
) -> RelationDatabags:
    texts = {"scrape_jobs": json.dumps(jobs), "scrape_metadata": json.dumps(metadata)}
    return read_relation(relation_id, application, texts, unit_databags_of(units))


def scrape_config(
    name: str, *static_configs: Mapping[str, object], with_unit: bool = True
) -> Dict[str, object]:
    source_labels = ["juju_model", "juju_model_uuid", "juju_application"]
    rule = {
        "source_labels": [*source_labels, "juju_unit"] if with_unit else source_labels,
        "separator": "_",
        "target_label": "instance",
        "regex": "(.*)",
    }
    return {
        "job_name": name,
        "static_configs": [*static_configs],
        "relabel_configs": [rule],
    }


def entry(*targets: str, **labels: str) -> Dict[str, object]:
    return {"targets": [*targets], "labels": {**LABELS, **labels}}


ZINC_0 = entry("10.0.0.1:80", juju_unit="zinc/0")


def names(scrape_configs: List[ScrapeConfig]) -> List[str]:
    return [config["job_name"] for config in scrape_configs]


def test_qualified_targets_come_first_and_then_the_ports_of_each_unit() -> None:
    units = [("u/1", "b", "zinc/1"), ("u/0", "::1", "zinc/0"), ("u/2", "", "zinc/2")]
    static_configs = [
        {"targets": ["*:1", "db:5", "* : 2", "[::2]:6", "*"], "labels": {"a": "b"}},
        {"targets": ["*:3"], "labels": {"a": "b", "juju_unit": "x", "juju_model": "y"}},
        {"targets": ["db"], "labels": {"juju_unit": "x"}},
    ]

    assert render([relation({"static_configs": static_configs}, units=units)]) == (
        [
            scrape_config(
                "cos_20ce8299_zinc",
                entry("db:5", "[::2]:6", a="b"),
                entry("[::1]:1", "[::1]:2", "[::1]", a="b", juju_unit="zinc/0"),
                entry("b:1", "b:2", "b", a="b", juju_unit="zinc/1"),
                entry("[::1]:3", a="b", juju_unit="zinc/0"),
                entry("b:3", a="b", juju_unit="zinc/1"),
                entry("db", juju_unit="x"),
            )
        ],
        [],
    )


def test_a_static_config_without_targets_gives_the_bare_address_of_each_unit() -> None:
    assert render([relation({"static_configs": [{"labels": {"a": "b"}}]})]) == (
        [scrape_config("cos_20ce8299_zinc", entry("10.0.0.1", a="b", juju_unit="zinc/0"))],
        [],
    )


def test_the_port_of_a_target_is_served_with_the_digits_of_the_author() -> None:
    (config,), _ = render([relation({"static_configs": [{"targets": ["db:080", "*:0443"]}]})])

    assert config["static_configs"] == [
        entry("db:080"),
        entry("10.0.0.1:0443", juju_unit="zinc/0"),
    ]


def test_a_job_keeps_its_settings_as_parca_reads_them() -> None:
    settings = {
        "scrape_interval": "15s",
        "scrape_timeout": "20s",
        "scheme": "HTTPS",
        "profiling_config": {"path_prefix": "/app", "pprof_config": {"memory": {"enabled": "no"}}},
        "tls_config": {"cert": CERTIFICATE, "key": PRIVATE_KEY, "server_name": 5},
    }
    expected: Dict[str, object] = {
        **settings,
        "scheme": "https",
        "profiling_config": {
            "path_prefix": "/app",
            "pprof_config": {"memory": {"enabled": False}},
        },
        "tls_config": {"cert": CERTIFICATE, "key": PRIVATE_KEY, "server_name": "5"},
    }

    assert render([relation(job(**settings))])[0] == [
        {**scrape_config("cos_20ce8299_zinc", ZINC_0), **expected}
    ]


@pytest.mark.parametrize(
    ("units", "static_configs", "with_unit"),
    [
        ([("zinc/0", "a", "")], [{"targets": ["db:1"]}], True),
        ([("zinc/0", "a", "")], [], False),
        ([("zinc/0", "", "")], [{"targets": ["db:1"]}], False),
        ([("zinc/0", "a b", "")], [{"targets": ["db:1"]}], False),
    ],
)
def test_the_unit_is_in_the_instance_if_one_has_an_address_and_the_job_a_static_config(
    units: List[Tuple[str, str, str]], static_configs: List[object], with_unit: bool
) -> None:
    (config,), _ = render([relation({"static_configs": static_configs}, units=units)])
    entries = [entry("db:1")] if static_configs else []

    assert config == scrape_config("cos_20ce8299_zinc", *entries, with_unit=with_unit)


def test_a_job_whose_units_have_no_address_stays_with_nothing_to_scrape() -> None:
    assert render([relation({}, units=[("zinc/0", "", "")])]) == (
        [scrape_config("cos_20ce8299_zinc", with_unit=False)],
        [],
    )


def test_a_relation_without_units_or_jobs_gives_nothing() -> None:
    assert render([]) == ([], [])
    assert render([relation({}, 5, units=[])]) == ([], [])
    assert render([relation()]) == ([], [])
    assert render([read_relation(1, "zinc", {}, unit_databags_of([("zinc/0", "a", "")]))]) == (
        [],
        [],
    )


def test_relations_are_served_in_their_order_and_jobs_in_the_providers() -> None:
    relations = [
        relation({"job_name": "b"}, {"job_name": "a"}, relation_id=2),
        relation({"job_name": "c"}, relation_id=1, metadata={**METADATA, "application": "loki"}),
    ]

    assert names(render(iter(relations))[0]) == [
        "cos_20ce8299_zinc_b",
        "cos_20ce8299_zinc_a",
        "cos_20ce8299_loki_c",
    ]


def test_a_problem_tells_its_relation_application_and_unit() -> None:
    units = [("zinc/0", "a b", ""), ("zinc/1", "b", "x"), ("zinc/2", "c", "x")]
    _, problems = render(
        [
            relation({}, 5, relation_id=7, units=units),
            relation(5, relation_id=8, application="loki"),
        ]
    )

    assert problems == [
        Problem("error", "scrape_jobs[1]", "must be an object; the job is skipped", 7, "zinc"),
        Problem("error", "parca_scrape_unit_address", ADDRESS, 7, "zinc", "zinc/0"),
        Problem("warning", "parca_scrape_unit_name", SHARED_NAME, 7, "zinc", "zinc/2"),
        Problem("error", "scrape_jobs[0]", "must be an object; the job is skipped", 8, "loki"),
    ]


def test_a_problem_with_jujus_own_address_of_a_unit_names_its_key() -> None:
    databags = read_relation(
        7, "zinc", {}, {"zinc/0": {"ingress-address": "a b"}}, "ingress-address"
    )

    assert render([databags])[1] == [
        Problem("error", "ingress-address", ADDRESS, 7, "zinc", "zinc/0")
    ]


@pytest.mark.parametrize(
    ("metadata", "name", "labels"),
    [
        (
            {"model": "a/b", "model_uuid": UUID, "application": "zinc"},
            "a_b_20ce8299_zinc",
            {"juju_model": "a/b", "juju_model_uuid": UUID, "juju_application": "zinc"},
        ),
        (
            {"model": "cos", "application": "zinc"},
            "cos_zinc",
            {"juju_model": "cos", "juju_application": "zinc"},
        ),
        (
            {"model_uuid": UUID, "charm_name": "zinc-k8s"},
            "20ce8299_remote",
            {"juju_model_uuid": UUID, "juju_application": "remote", "juju_charm": "zinc-k8s"},
        ),
        (
            {"model": "cos", "model_uuid": "no UUID", "application": 5},
            "cos_no UUID_5",
            {"juju_model": "cos", "juju_model_uuid": "no UUID", "juju_application": "5"},
        ),
        ({}, "remote", {"juju_application": "remote"}),
        ([], "remote", {"juju_application": "remote"}),
    ],
)
def test_what_metadata_does_not_tell_is_missing_in_names_and_labels(
    metadata: object, name: str, labels: Dict[str, str]
) -> None:
    (config,), _ = render([relation({}, application="remote", metadata=metadata)])

    assert config == scrape_config(
        name, {"targets": ["10.0.0.1:80"], "labels": {**labels, "juju_unit": "zinc/0"}}
    )


def test_without_metadata_the_relation_tells_application_and_unit() -> None:
    databags = read_relation(
        7,
        "rem\ud800te",
        {"scrape_jobs": '[{"job_name": "a", "static_configs": [{"targets": ["*:1", "db:2"]}]}]'},
        unit_databags_of([("remote/0", "10.0.0.1", "")]),
    )

    assert render([databags]) == (
        [
            scrape_config(
                "rem\ufffdte_a",
                {"targets": ["db:2"], "labels": {"juju_application": "rem\ufffdte"}},
                {
                    "targets": ["10.0.0.1:1"],
                    "labels": {"juju_application": "rem\ufffdte", "juju_unit": "remote/0"},
                },
            )
        ],
        [Problem("warning", "scrape_metadata", NO_METADATA, 7, "rem\ud800te")],
    )


@pytest.mark.parametrize("metadata", [None, {}, "", " null "], ids=ascii)
def test_metadata_of_null_is_missing_metadata(metadata: object) -> None:
    text = metadata if isinstance(metadata, str) else json.dumps(metadata)
    databags = read_relation(
        1,
        "zinc",
        {"scrape_jobs": "[{}]", "scrape_metadata": text},
        unit_databags_of([("zinc/0", "a", "")]),
    )
    missing = [Problem("warning", "scrape_metadata", NO_METADATA, 1, "zinc")]

    assert (render([databags])[1] == missing) is (metadata != {})


@pytest.mark.parametrize(
    ("relation_name", "own_name", "shown"),
    [
        ("remote-1f7a", "loki", "loki (remote-1f7a)"),
        ("zinc", "loki", "zinc"),
        ("remote-1f7a", "", "remote-1f7a"),
        ("remote-1f7a", "s3cret: a\nb", "remote-1f7a"),
        ("remote-1f7a", "a" * 101, "remote-1f7a"),
    ],
)
def test_an_application_of_another_model_is_shown_with_its_own_name(
    relation_name: str, own_name: str, shown: str
) -> None:
    metadata = {**METADATA, "application": own_name}
    units = [(f"{relation_name}/0", "a b", "")]
    databags = relation(5, application=relation_name, metadata=metadata, units=units)
    problems = [problem for problem in render([databags])[1] if problem.severity == "error"]

    of_unit = f"{relation_name}/0" if shown == relation_name else f"{shown} {relation_name}/0"
    assert [problem.application for problem in problems] == [shown, shown]
    assert list(map(str, problems)) == [
        f"error: relation 1 {shown}: scrape_jobs[0]: must be an object; the job is skipped",
        f"error: relation 1 {of_unit}: parca_scrape_unit_address: {ADDRESS}",
    ]


def test_control_characters_and_line_separators_in_names_of_jobs_are_replaced() -> None:
    controls = ["a\x85b", "a b", "a\u2028b", "a\nb", "a\u2029b", "a\x00b", "a\x7fb", "ü\u00a0"]
    jobs = [
        {"job_name": name, "scrape_timeout": f"{timeout}s"}
        for timeout, name in enumerate(controls, 11)
    ]
    scrape_configs, problems = render([relation(*jobs, metadata={**METADATA, "model": "m\u2028"})])
    written = yaml.safe_load(yaml.safe_dump(scrape_configs, allow_unicode=True))
    rule = "contains control characters, which were replaced by U+FFFD"

    assert names(scrape_configs) == [
        f"m\ufffd_20ce8299_zinc_{name}"
        for name in (
            "a\ufffdb",
            "a b",
            *(f"a\ufffdb_{number}" for number in (2, 3, 4, 5, 6)),
            "ü\u00a0",
        )
    ]
    assert names(written) == names(scrape_configs)
    assert [problem.path for problem in problems if problem.message == rule] == [
        f"scrape_jobs[{index}].job_name" for index in (0, 2, 3, 4, 5, 6)
    ]


def test_identical_jobs_become_one() -> None:
    again = [relation(job(job_name="a"), job(job_name="a")), relation(job(job_name="a"))]

    assert render(again) == ([scrape_config("cos_20ce8299_zinc_a", ZINC_0)], [])


def test_jobs_are_identical_whatever_the_order_of_their_keys() -> None:
    first = {"static_configs": [{"targets": ["db:1"], "labels": {"a": "1", "b": "2"}}]}
    second = {"static_configs": [{"labels": {"b": "2", "a": "1"}, "targets": ["db:1"]}]}

    assert len(render([relation(first, second)])[0]) == 1


@pytest.mark.parametrize(
    ("given", "served"),
    [
        (["a", "a", "a"], ["a", "a_2", "a_3"]),
        (["a", "a_2", "a"], ["a", "a_2", "a_3"]),
        (["a_2", "a", "a", "a_3", "a"], ["a_2", "a", "a_4", "a_3", "a_5"]),
        (["a", "a", "a_2", "a_2"], ["a", "a_3", "a_2", "a_2_2"]),
        (["a", "b", "a", "b"], ["a", "b", "a_2", "b_2"]),
    ],
)
def test_of_jobs_with_one_name_the_later_take_the_lowest_free_number(
    given: List[str], served: List[str]
) -> None:
    jobs = [
        {"job_name": name, "static_configs": [{"targets": [f"db:{index + 1}"]}]}
        for index, name in enumerate(given)
    ]
    scrape_configs, problems = render([relation(*jobs)])
    renamed = sum(old != new for old, new in zip(given, served))

    assert names(scrape_configs) == [f"cos_20ce8299_zinc_{name}" for name in served]
    assert [config["static_configs"] for config in scrape_configs] == [
        [entry(f"db:{index + 1}")] for index in range(len(given))
    ]
    assert problems == [Problem("warning", "scrape_jobs", RENAMED, 1, "zinc")] * renamed


def test_a_number_is_free_if_no_job_of_this_or_an_earlier_relation_was_given_it() -> None:
    relations = [
        relation({"job_name": "a"}, relation_id=1),
        relation({"job_name": "a"}, relation_id=2, units=[("zinc/1", "b", "")]),
        relation({"job_name": "a_2"}, relation_id=3),
    ]
    scrape_configs, problems = render(relations)

    assert names(scrape_configs) == [
        "cos_20ce8299_zinc_a",
        "cos_20ce8299_zinc_a_2",
        "cos_20ce8299_zinc_a_2_2",
    ]
    assert problems == [
        Problem("warning", "scrape_jobs", RENAMED, 2, "zinc"),
        Problem("warning", "scrape_jobs", RENAMED, 3, "zinc"),
    ]


def test_what_the_jobs_of_a_relation_are_called_never_depends_on_a_later_one() -> None:
    earlier = [
        relation({"job_name": "a"}, job(job_name="a", scheme="https"), relation_id=1),
        relation(job(job_name="a", scrape_interval="1m"), relation_id=2),
    ]
    later = relation(*({"job_name": f"a_{n}", "scrape_interval": "2m"} for n in (2, 3)))

    assert names(render([*earlier, later])[0])[:3] == names(render(earlier)[0])


def test_the_name_that_parca_k8s_gives_its_own_job_counts_as_taken() -> None:
    relations = [
        relation({}, relation_id=1, metadata={"application": "parca"}),
        relation(job(), relation_id=2, metadata={"application": "parca"}),
        relation({"job_name": 2}, relation_id=3, metadata={"application": "parca"}),
    ]
    scrape_configs, problems = render(relations)

    assert names(scrape_configs) == ["parca_2", "parca_2_2"]
    assert problems[-1] == Problem("warning", "scrape_jobs", RENAMED, 3, "zinc")


def test_names_are_found_in_time_linear_in_the_jobs() -> None:
    jobs = [{"scrape_interval": f"{seconds}s"} for seconds in range(1, 30_001)]
    relations = [relation(*jobs[start : start + 1_000]) for start in range(0, 30_000, 1_000)]
    started = time.process_time()
    scrape_configs, _ = render(relations)

    assert time.process_time() - started < 20
    assert len(set(names(scrape_configs))) == 30_000
    assert names(scrape_configs)[-1] == "cos_20ce8299_zinc_30000"


Part = Union[List[object], Dict[str, object]]


def parts(value: object) -> List[Part]:
    """Give every list and dict in `value`."""
    if isinstance(value, dict):
        by_key = cast("Dict[str, object]", value)
        return [by_key, *(part for child in by_key.values() for part in parts(child))]
    if isinstance(value, list):
        children = cast("List[object]", value)
        return [children, *(part for child in children for part in parts(child))]
    return []


def test_no_object_stands_twice_in_what_is_returned() -> None:
    whole = job(
        scheme="https",
        profiling_config={"pprof_config": {"own": {"enabled": True, "path": "/own"}}},
        tls_config={"insecure_skip_verify": True},
    )
    mixed = {"static_configs": [{"targets": ["*:1", "db:2"], "labels": {"a": "b"}}] * 2}
    units = [("zinc/0", "a", ""), ("zinc/1", "b", "")]
    relations = [relation(whole, mixed, {}, whole, units=units)] * 2
    found = parts(render(relations)[0]) + parts(render(relations)[0])

    assert len(found) >= 100
    assert len({id(part) for part in found}) == len(found)


def test_what_is_returned_can_be_changed_without_effect_on_what_comes_next() -> None:
    first, _ = render([relation({})])
    for part in parts(first):
        part.clear()

    assert render([relation({})])[0] == [scrape_config("cos_20ce8299_zinc", ZINC_0)]
    assert DEFAULT_JOB == {"static_configs": [{"targets": ["*:80"]}]}


def test_one_bad_provider_never_costs_another_its_profiles() -> None:
    good = relation(job(), relation_id=2)
    bad = [
        RelationDatabags.decode(
            1, "bad", {"scrape_jobs": text, "scrape_metadata": text}, good.units
        )
        for text in ("[" * 100_000, "no JSON", "5", '["\\ud800", {"scheme": 5}]', "{}", "")
    ]
    scrape_configs, problems = render([bad[0], *bad, good, *bad])

    assert scrape_configs == [scrape_config("cos_20ce8299_zinc", ZINC_0)]
    assert {problem.relation_id for problem in problems} == {1}


def test_a_job_without_any_name_gets_one_for_parca_refuses_it_otherwise() -> None:
    jobs, _ = render(
        [read_relation(1, "", {"scrape_jobs": "[{}]"}, unit_databags_of([("/0", "10.0.0.1", "")]))]
    )

    assert [job["job_name"] for job in jobs] == ["unnamed"]
