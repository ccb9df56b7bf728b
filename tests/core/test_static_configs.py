from __future__ import annotations

from typing import Dict, List, Optional

import pytest

from parca_scrape import Problem, StaticConfig, Target
from tests.reading import error, read_jobs, refusal, warning

CONFIG = "scrape_jobs[0].static_configs[0]"
GOOD: Dict[str, object] = {"targets": ["zinc:1"]}
OBJECT = "must be an object"
LIST = "must be a list"
TEXT = "must be a string, a number or a boolean"
SURROGATE = "contains half of a surrogate pair: write the whole character"
LABEL_NAME = (
    "the name of a label must not be empty or longer than 1,024 characters, and must not contain"
    " a comma, a semicolon or half of a surrogate pair"
)
TOO_LONG = "must not be longer than 8,192 characters"
UNKNOWN = (
    "unknown or not allowed here, so Parca scrapes without it; the allowed keys are labels,"
    " targets"
)
TARGET = (
    "must be host:port or *:port, without a scheme, path or spaces; the port (1 to 65535) is"
    " optional, an IPv6 address needs brackets, and a host has at most 253 characters"
)
LEFT_OUT = "; the static config is skipped"
NO_TARGET = f"has no target that can be scraped{LEFT_OUT}"


@pytest.mark.parametrize(
    ("raw", "served", "problems"),
    [
        ({"targets": ["a:1", "*:2"]}, {"targets": ["a:1", "*:2"]}, []),
        ({"targets": ["a:1", "a:1"]}, {"targets": ["a:1", "a:1"]}, []),
        ({}, {"targets": ["*:80"]}, []),
        ({"targets": []}, {"targets": ["*:80"]}, []),
        ({"targets": None}, {"targets": ["*:80"]}, []),
        (
            {"targets": ["a:1", "http://a:1", 80, None, ["b:1"], "", "*"]},
            {"targets": ["a:1", "*:80"]},
            [
                error(f"{CONFIG}.targets[1]", TARGET),
                error(f"{CONFIG}.targets[2]", "must be a string"),
                error(f"{CONFIG}.targets[3]", "must be a string"),
                error(f"{CONFIG}.targets[4]", "must be a string"),
                error(f"{CONFIG}.targets[5]", TARGET),
            ],
        ),
        (
            {"targets": ["a:0"]},
            None,
            [error(f"{CONFIG}.targets[0]", TARGET), error(CONFIG, NO_TARGET)],
        ),
        (
            {"targets": [80], "labels": {"": "x"}},
            None,
            [error(f"{CONFIG}.targets[0]", "must be a string"), error(CONFIG, NO_TARGET)],
        ),
        ({"targets": "a:1"}, None, [error(f"{CONFIG}.targets", f"{LIST}{LEFT_OUT}")]),
        ({"targets": ""}, None, [error(f"{CONFIG}.targets", f"{LIST}{LEFT_OUT}")]),
        ({"targets": {"a:1": 1}}, None, [error(f"{CONFIG}.targets", f"{LIST}{LEFT_OUT}")]),
        ({"targets": False}, None, [error(f"{CONFIG}.targets", f"{LIST}{LEFT_OUT}")]),
        (["a:1"], None, [error(CONFIG, f"{OBJECT}{LEFT_OUT}")]),
        ("a:1", None, [error(CONFIG, f"{OBJECT}{LEFT_OUT}")]),
        ("", None, [error(CONFIG, f"{OBJECT}{LEFT_OUT}")]),
        (None, None, [error(CONFIG, f"{OBJECT}{LEFT_OUT}")]),
        (
            {"targets": ["a:1"], "target": "b:1", "source": None},
            {"targets": ["a:1"]},
            [
                warning(f"{CONFIG}.target", UNKNOWN),
                warning(f"{CONFIG}.source", UNKNOWN),
            ],
        ),
    ],
)
def test_of_a_static_config_the_smallest_bad_part_is_left_out(
    raw: object, served: Optional[Dict[str, object]], problems: List[Problem]
) -> None:
    static_configs = [served, GOOD] if served else [GOOD]

    assert read_jobs({"static_configs": [raw, GOOD]}) == (
        [{"static_configs": static_configs}],
        problems,
    )


LABELS = f"{CONFIG}.labels"


@pytest.mark.parametrize(
    ("raw", "served", "problems"),
    [
        ({"b": "x", "a": "y"}, {"b": "x", "a": "y"}, []),
        ({"é -": "ü"}, {"é -": "ü"}, []),
        ({"a": ""}, {"a": ""}, []),
        ({"a": 5, "b": 0.5, "c": True}, {"a": "5", "b": "0.5", "c": "true"}, []),
        ({"a": None}, {}, []),
        ({}, {}, []),
        (None, {}, []),
        ("", {}, []),
        ("a", {}, [error(LABELS, OBJECT)]),
        ([], {}, [error(LABELS, OBJECT)]),
        (False, {}, [error(LABELS, OBJECT)]),
        ({"a": [], "b": "x"}, {"b": "x"}, [error(f"{LABELS}.a", TEXT)]),
        ({"a": {}, "b": "x"}, {"b": "x"}, [error(f"{LABELS}.a", TEXT)]),
        ({"a": float("inf")}, {}, [error(f"{LABELS}.a", TEXT)]),
        ({"": "x", "b": "x"}, {"b": "x"}, [error(f'{LABELS}[""]', LABEL_NAME)]),
        ({"a;b": "x", "a:b": "x"}, {"a:b": "x"}, [error(f'{LABELS}["a;b"]', LABEL_NAME)]),
        ({"a,b": "x"}, {}, [error(f'{LABELS}["a,b"]', LABEL_NAME)]),
        ({"\ud800": "x"}, {}, [error(f'{LABELS}["\\ud800"]', LABEL_NAME)]),
        ({"a": "\ud800x"}, {"a": "\ufffdx"}, [warning(f"{LABELS}.a", SURROGATE)]),
        ({"__scheme__": "HTTP"}, {"__scheme__": "http"}, []),
        ({"__scheme__": ""}, {"__scheme__": ""}, []),
        ({"__scheme__": None}, {}, []),
        (
            {"__scheme__": "ftp", "a": "ftp"},
            {"a": "ftp"},
            [error(f"{LABELS}.__scheme__", "must be http or https")],
        ),
        ({"__scheme__": 5}, {}, [error(f"{LABELS}.__scheme__", "must be http or https")]),
        (
            {"__scheme__": "http\ud800"},
            {},
            [error(f"{LABELS}.__scheme__", "must be http or https")],
        ),
        ({"a": "é" * 8192, "b" * 1024: ""}, {"a": "é" * 8192, "b" * 1024: ""}, []),
        ({"a": "é" * 8193, "b": "x"}, {"b": "x"}, [error(f"{LABELS}.a", TOO_LONG)]),
        ({"a" * 1025: ""}, {}, [error(f'{LABELS}["{"a" * 40}..."]', LABEL_NAME)]),
        ({"scheme": "FTP"}, {"scheme": "FTP"}, []),
    ],
)
def test_a_bad_label_is_left_out(
    raw: object, served: Dict[str, object], problems: List[Problem]
) -> None:
    labels = {"labels": served} if served else {}

    assert read_jobs({"static_configs": [{**GOOD, "labels": raw}]}) == (
        [{"static_configs": [{**GOOD, **labels}]}],
        problems,
    )


@pytest.mark.parametrize(
    ("job_scheme", "label", "port"),
    [
        ("", "", 80),
        ("http", "", 80),
        ("https", "", 443),
        ("", "https", 443),
        ("http", "https", 443),
        ("https", "http", 80),
    ],
)
def test_a_target_without_a_port_is_published_with_the_schemes(
    job_scheme: str, label: str, port: int
) -> None:
    labels = {"__scheme__": label} if label else {}
    targets = ["zinc", "zinc:1", "*", "::1"]

    assert StaticConfig(targets, labels).as_mapping(job_scheme) == {
        "targets": [f"zinc:{port}", "zinc:1", f"*:{port}", f"[::1]:{port}"],
        **({"labels": labels} if labels else {}),
    }
    assert StaticConfig(labels=labels).as_mapping(job_scheme)["targets"] == [f"*:{port}"]


def test_a_typed_static_config_is_what_it_was_made_of() -> None:
    static_config = StaticConfig(["zinc:080", Target("*", 80)], {"b": "x", "a": ""})

    assert static_config.targets == (Target("zinc", 80), Target("*", 80))
    assert static_config.labels == (("b", "x"), ("a", ""))
    assert static_config.as_mapping() == {
        "targets": ["zinc:080", "*:80"],
        "labels": {"b": "x", "a": ""},
    }
    assert StaticConfig(iter(["*:1"]), (("a", "x"),)) == StaticConfig(["*:1"], {"a": "x"})
    assert StaticConfig() == StaticConfig([], {})


def test_a_typed_static_config_that_parca_would_not_load_or_scrape_is_refused() -> None:
    assert refusal(lambda: StaticConfig(["zinc:1", "zinc/"])) == f"targets[1]: {TARGET}"
    assert refusal(lambda: StaticConfig("*:80")) == f"targets: {LIST}"
    assert refusal(lambda: StaticConfig(labels={"": "x"})) == f'labels[""]: {LABEL_NAME}'
    assert refusal(lambda: StaticConfig(labels={"a;b": "x"})) == f'labels["a;b"]: {LABEL_NAME}'
    assert refusal(lambda: StaticConfig(labels={"a": "\ud800"})) == f"labels.a: {SURROGATE}"
    assert (
        refusal(lambda: StaticConfig(labels={"__scheme__": "ftp"}))
        == "labels.__scheme__: must be http or https"
    )
