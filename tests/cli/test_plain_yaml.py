from __future__ import annotations

import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from parca_scrape.cli import plain_yaml
from parca_scrape.cli.console import CommandError
from parca_scrape.cli.plain_yaml import MAX_DEPTH, load

each_loader = pytest.mark.usefixtures("_each_loader")

NESTED_LIST = "[" * (MAX_DEPTH + 2)
BOMB = "\n".join(
    ["a0: &a0 [x, x]", *[f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 30)]]
)
ALIASES = "YAML aliases are not allowed: they can expand without limit"


@pytest.fixture(params=["CBaseLoader", "BaseLoader"])
def _each_loader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read with libyaml, and as where PyYAML was built without it."""
    loader = getattr(yaml, request.param, None)
    if loader is None:
        pytest.skip("PyYAML was built without libyaml")
    monkeypatch.setattr(plain_yaml, "LOADER", loader)


@each_loader
@pytest.mark.parametrize(
    "text", ["8080", "1e3", "0x1F", "2026-01-02", "12:30:45", "=", "<<", "off", "true", "1" * 5000]
)
def test_what_yaml_takes_for_a_number_a_date_or_a_boolean_stays_text(text: str) -> None:
    assert load(f"a: {text}\nb: [{text}]") == {"a": text, "b": [text]}


@each_loader
def test_numbers_in_json_are_text_as_they_are_written_and_booleans_are_booleans() -> None:
    number = "1" * 5000
    text = f'{{"a": [{number}, -1.50e3, NaN, true, false, null]}}'
    assert load(text) == {"a": [number, "-1.50e3", "NaN", True, False, None]}


@each_loader
@pytest.mark.parametrize("null", ["", "~", "null", "Null", "NULL"])
def test_null_is_none_unless_it_is_quoted(null: str) -> None:
    assert load(f"a: {null}\nb: '{null}'") == {"a": None, "b": null}


@each_loader
def test_yaml_may_start_with_a_brace_or_a_bracket() -> None:
    assert load("{a: [b]}") == {"a": ["b"]}
    assert load("[a, {b: c}]") == ["a", {"b": "c"}]


@each_loader
def test_keys_that_are_not_text_are_ignored() -> None:
    assert load("? [a]\n: b\nc: d\n? ~\n: e") == {"c": "d"}


@each_loader
@pytest.mark.parametrize("text", ["", "\n# nothing\n", "null", "~"])
def test_text_without_content_is_none(text: str) -> None:
    assert load(text) is None


@each_loader
def test_input_may_be_nested_as_deep_as_juju_prints_and_deeper() -> None:
    depth = MAX_DEPTH - 1
    assert json.dumps(load("- " * depth + "a")) == "[" * depth + '"a"' + "]" * depth


@each_loader
@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("--- {}\n--- {}", "more than one YAML document"),
        ("a: &x 1\nb: *x", ALIASES),
        ("&x [*x]", ALIASES),
        (BOMB, ALIASES),
        (NESTED_LIST, "nested too deeply"),
        ("[" * 100_000, "nested too deeply"),
        ('{"a":' * 100_000, "nested too deeply"),
        ("- " * 100_000, "nested too deeply"),
        ("[" * 100_000 + "]" * 100_000, "nested too deeply"),
        ("a: b: c", "not valid YAML or JSON: see line 1"),
        ("a: 1\nb: c: d", "not valid YAML or JSON: see line 2"),
        ('{"parca/0":\n]', "not valid YAML or JSON: see line 2"),
        ("Model  Controller\ncos    k8s:\n  x", "not valid YAML or JSON: see line 2"),
        ("a\x00b", "not valid YAML or JSON"),
        ("\ud800", "not valid YAML or JSON"),
    ],
)
def test_a_text_that_is_not_plain_is_refused_in_one_line(text: str, line: str) -> None:
    with pytest.raises(CommandError) as caught:
        load(text)
    assert str(caught.value) == line


@given(st.text(alphabet=st.sampled_from("{}[]:,-?&*#'\"|> \n\tab1~\x00\ud800é")) | st.text())
def test_any_text_is_read_or_refused_in_one_line(text: str) -> None:
    refusal = ""
    try:
        load(text)
    except CommandError as error:
        refusal = str(error)
    assert refusal.isprintable()
