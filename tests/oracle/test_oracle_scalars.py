from __future__ import annotations

from typing import Optional

import pytest

from tests.oracle.golang import clean_path, join_path, quote, to_int64
from tests.oracle.scalars import Scalar, is_plain, resolve, tagged, to_bool, to_int, written


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        (-5, "-5"),
        (1.0, "1.0"),
        (1e300, "1.0e+300"),
        (1.5e-07, "1.5e-07"),
        (float("inf"), ".inf"),
        (float("-inf"), "-.inf"),
        (float("nan"), ".nan"),
        ("x", "x"),
    ],
)
def test_scalars_are_written_as_pyyaml_writes_them(value: Scalar, text: str) -> None:
    assert written(value) == text


@pytest.mark.parametrize(
    ("text", "plain"),
    [("x", True), ("0o17", True), ("1e3", True), ("", False), ("1", False), ("yes", False)],
)
def test_quotes_are_known(text: str, plain: bool) -> None:
    assert is_plain(text) is plain


@pytest.mark.parametrize(
    ("text", "resolved"),
    [
        ("x", ("!!str", "x")),
        ("0o17", ("!!int", 15)),
        ("-0O17", ("!!int", -15)),
        ("0X1f", ("!!int", 31)),
        ("0B11", ("!!int", 3)),
        ("08", ("!!float", 8.0)),
        ("1e3", ("!!float", 1000.0)),
        ("1e999", ("!!str", "1e999")),
        ("-.5", ("!!float", -0.5)),
        (".5e1", ("!!float", 5.0)),
        (".5_0", ("!!str", ".5_0")),
        ("0_8", ("!!float", 8.0)),
        ("+0o1", ("!!int", 1)),
        ("0x" + "f" * 100, ("!!str", "0x" + "f" * 100)),
        ("", ("!!str", "")),
    ],
)
def test_plain_texts_are_resolved_as_yaml_v3_resolves_them(text: str, resolved: object) -> None:
    assert resolve(text) == resolved


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (5, 5),
        (2**63 - 1, 2**63 - 1),
        (2**63, None),
        (2**64, None),
        (-(2**63) - 1, -(2**63)),
        (1.9, 1),
        (-1.9, -1),
        (2.0**63, -(2**63)),
        (2.0**64, None),
        (-1e300, -(2**63)),
        (float("nan"), None),
        ("1", None),
        ("08", 8),
        (True, None),
        (None, None),
    ],
)
def test_integers_are_decoded_as_in_go(value: Scalar, number: Optional[int]) -> None:
    assert to_int(value) == number


@pytest.mark.parametrize(
    ("value", "boolean"),
    [
        (True, True),
        ("y", True),
        ("On", True),
        ("NO", False),
        ("true", None),
        ("yEs", None),
        (1, None),
    ],
)
def test_booleans_are_decoded_as_in_go(value: Scalar, boolean: Optional[bool]) -> None:
    assert to_bool(value) is boolean


@pytest.mark.parametrize(
    ("value", "tag"),
    [(None, "!!null"), (1, "!!int"), (10**30, "!!float"), (10**400, "!!str"), (1.0, "!!float")],
)
def test_scalars_have_the_tag_that_yaml_v3_sees(value: Scalar, tag: str) -> None:
    assert tagged(value)[0] == tag


def test_texts_are_quoted_as_go_quotes_them() -> None:
    assert quote('a"\\\n\x00\x7f\xa0\u2028\U000e0001\xfc') == (
        '"a\\"\\\\\\n\\x00\\x7f\\u00a0\\u2028\\U000e0001\xfc"'
    )


@pytest.mark.parametrize(
    ("path", "cleaned"),
    [
        ("", "."),
        ("//a", "/a"),
        ("/..", "/"),
        ("../a/..", ".."),
        ("a/../..", ".."),
        ("a/./b//c/", "a/b/c"),
        ("/a/../../b", "/b"),
    ],
)
def test_paths_are_cleaned_as_in_go(path: str, cleaned: str) -> None:
    assert clean_path(path) == cleaned


def test_paths_are_joined_as_in_go() -> None:
    assert join_path("", "") == ""
    assert join_path("a", "") == "a"
    assert join_path("a/", "/b") == "a/b"


def test_integers_wrap_at_64_bits() -> None:
    assert [to_int64(2**63 - 1), to_int64(2**63), to_int64(-(2**63) - 1)] == [
        2**63 - 1,
        -(2**63),
        2**63 - 1,
    ]
