from __future__ import annotations

from typing import Dict, List

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parca_scrape.cli.relabelling import Labels, Rule, UnsupportedRuleError, decode_rules, expand
from tests.oracle.decoding import Decoder
from tests.oracle.relabeling import decode_rules as decode_as_parca
from tests.oracle.relabeling import relabel

LABELS = {"__address__": "h:80", "a": "x-1", "b": "y"}
NAMES = st.sampled_from(["a", "b", "c", "__address__"])
REGEXES = ["(.*)", "x(.*)", "(.)-(?P<n>.)", "[ab]", "(x|y).*", "y?", "", ".+"]


@pytest.mark.parametrize(
    ("rule", "changed"),
    [
        ({"source_labels": ["a", "b"], "target_label": "c"}, {"c": "x-1;y"}),
        ({"source_labels": ["a"], "target_label": "a", "replacement": "$1$1"}, {"a": "x-1x-1"}),
        (
            {"source_labels": ["a"], "regex": "(.)-(.)", "target_label": "c", "replacement": "$2"},
            {"c": "1"},
        ),
        ({"source_labels": ["a"], "regex": "x", "target_label": "c"}, {}),
        ({"source_labels": ["no"], "target_label": "a"}, {"a": None}),
        ({"regex": "(b)", "action": "LabelMap", "replacement": "${1}_2"}, {"b_2": "y"}),
        ({"regex": "a|b", "action": "labeldrop"}, {"a": None, "b": None}),
        ({"regex": "__.*", "action": "labelkeep"}, {"a": None, "b": None}),
    ],
)
def test_a_rule_changes_labels_as_in_prometheus(
    rule: Dict[str, object], changed: Dict[str, object]
) -> None:
    labels = {**LABELS}
    assert Rule.decode(rule).apply(labels)
    expected = {name: value for name, value in {**LABELS, **changed}.items() if value is not None}
    assert labels == expected


@pytest.mark.parametrize(
    ("action", "regex", "is_kept"),
    [
        ("keep", "x.*", True),
        ("keep", "x", False),
        ("drop", "x.*", False),
        ("drop", "x", True),
        ("keep", "(.*)", True),
    ],
)
def test_a_rule_can_drop_a_target(action: str, regex: str, is_kept: bool) -> None:
    labels = {**LABELS}
    rule = Rule.decode({"source_labels": ["a"], "action": action, "regex": regex})
    assert (rule.apply(labels), labels) == (is_kept, LABELS)


@given(
    rules=st.lists(
        st.fixed_dictionaries(
            {"action": st.sampled_from(["replace", "keep", "drop", "labelmap"])},
            optional={
                "source_labels": st.lists(NAMES),
                "regex": st.sampled_from(REGEXES),
                "separator": st.sampled_from(["", "_"]),
                "replacement": st.sampled_from(["$1", "${n}", "c$2", "$$", "-"]),
            },
        ).map(lambda rule: {**rule, "target_label": "c"}),
        max_size=3,
    ),
    labels=st.dictionaries(NAMES, st.sampled_from(["x", "y", "x-1", "xy", "x\ny"])).map(
        lambda labels: dict(sorted(labels.items()))
    ),
)
def test_rules_do_what_parca_does(rules: List[Dict[str, object]], labels: Labels) -> None:
    expected = {**labels}
    parsed = decode_as_parca(Decoder({"rules": rules}), rules, ("rules",))
    is_kept = relabel(expected, parsed)
    ours, reasons = decode_rules(rules)
    assert (all(rule.apply(labels) for rule in ours), reasons) == (is_kept, [])
    assert labels == expected


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ("replace", "it is not an object"),
        ({"action": "hashmod"}, "its action is not supported"),
        ({"source_labels": ["__profile_path__"]}, "it reads the path of a profile"),
        *(
            ({"regex": regex}, "its regex is not supported")
            for regex in [
                "(",
                "(a+)+",
                "(a|b)*",
                "(?=a)",
                r"(a)\1",
                "[[:alpha:]]",
                "a**",
                "x" * 1001,
                "(" * 51 + ")" * 51,
            ]
        ),
    ],
)
def test_a_rule_that_is_not_supported_is_left_out_with_the_reason(
    rule: object, reason: str
) -> None:
    rules, reasons = decode_rules([{"target_label": "c"}, rule])
    assert (rules, reasons) == (
        [Rule(target_label="c")],
        [f"relabel_configs[1]: {reason}"],
    )


@pytest.mark.parametrize("regex", ["a*" * 20 + "b", "a?" * 30 + "a" * 30])
def test_a_regex_that_could_take_too_long_is_not_tried(regex: str) -> None:
    rule = Rule.decode({"source_labels": ["a"], "regex": regex, "target_label": "c"})
    with pytest.raises(UnsupportedRuleError, match="its regex would take too long"):
        rule.apply({"a": "a" * 30})


def test_the_rule_of_the_charm_takes_long_values() -> None:
    value = "a\n" * 49_000
    labels = {"a": value}
    rule = {"source_labels": ["a"], "separator": "_", "target_label": "b", "regex": "(.*)"}
    assert Rule.decode(rule).apply(labels)
    assert labels == {"a": value, "b": value}


@pytest.mark.parametrize(
    "rule",
    [
        {"source_labels": ["a"] * 2},
        {"source_labels": ["a"], "separator": "x" * 50_000},
        {"source_labels": ["a"], "replacement": "$1$1"},
        {"source_labels": ["a"], "target_label": "$1$1"},
    ],
)
def test_labels_cannot_grow_without_limit(rule: Dict[str, object]) -> None:
    labels = {"a": "x" * 51_000}
    with pytest.raises(UnsupportedRuleError, match="the labels would become too long"):
        Rule.decode({"target_label": "b", **rule}).apply(labels)
    assert list(labels) == ["a"]


@pytest.mark.parametrize(
    ("template", "text"),
    [("$1x", ""), ("${1}x", "ax"), ("$$1", "$1"), ("$", "$"), ("$name-", "b-"), ("$9", "")],
)
def test_a_template_is_expanded_as_in_go(template: str, text: str) -> None:
    assert expand(template, {"0": "ab", "1": "a", "name": "b"}) == text


@pytest.mark.parametrize(
    ("rule", "sees_profile"),
    [
        ({"source_labels": ["a"], "target_label": "b"}, False),
        ({"source_labels": ["__name__"], "target_label": "b"}, True),
        ({"target_label": "__name__"}, True),
        ({"target_label": "${1}"}, True),
        ({"action": "labeldrop"}, True),
    ],
)
def test_a_rule_says_whether_it_can_see_the_profile(
    rule: Dict[str, object], sees_profile: bool
) -> None:
    assert Rule.decode(rule).sees_profile is sees_profile
