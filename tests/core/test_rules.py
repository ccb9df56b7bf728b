from __future__ import annotations

import math
import sys
from typing import Optional

import pytest

from parca_scrape._rules import (
    is_utf8,
    parse_boolean,
    parse_duration,
    parse_scheme,
    parse_seconds,
    parse_text,
    replace_surrogates,
)


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [
        ("0", 0),
        ("0s", 0),
        ("0ms", 0),
        ("0h0m", 0),
        ("1ms", 1),
        ("1s", 1_000),
        ("1m", 60_000),
        ("1h", 3_600_000),
        ("1d", 86_400_000),
        ("1w", 7 * 86_400_000),
        ("1y", 365 * 86_400_000),
        ("1m30s", 90_000),
        ("5m5ms", 300_005),
        ("1y2w3d4h5m6s7ms", 33_019_506_007),
        ("1y1ms", 31_536_000_001),
        ("007s", 7_000),
        (f"{'0' * 5000}7s", 7_000),
        ("292y171d23h47m16s854ms", 9_223_372_036_854),
        ("9223372036854ms", 9_223_372_036_854),
        ("292y171d23h47m16s855ms", None),
        ("9223372036855ms", None),
        ("99999999999999ms", None),
        ("293y", None),
        (f"{'9' * 5000}ms", None),
        ("", None),
        ("00", None),
        ("1", None),
        ("10", None),
        ("s", None),
        ("ms", None),
        ("-1s", None),
        ("+1s", None),
        (" 1s", None),
        ("1s ", None),
        ("1s\n", None),
        ("1 s", None),
        ("1.5s", None),
        ("1S", None),
        ("1Xs", None),
        ("1us", None),
        ("1ns", None),
        ("1sm", None),
        ("1s1", None),
        ("1s1m", None),
        ("1ms1s", None),
        ("1h1d", None),
        ("1s1s", None),
        ("1m1s1m", None),
        ("\uff11s", None),
        ("²s", None),
        ("1\u017f", None),
    ],
)
def test_durations_are_written_as_prometheus_writes_them(
    text: str, milliseconds: Optional[int]
) -> None:
    assert parse_duration(text) == milliseconds


@pytest.mark.parametrize(
    ("text", "scheme"),
    [
        ("http", "http"),
        ("https", "https"),
        ("HTTPS", "https"),
        ("Http", "http"),
        ("", None),
        ("ftp", None),
        (" http", None),
        ("http://", None),
        ("http\u017f", None),
    ],
)
def test_parca_scrapes_over_http_and_https(text: str, scheme: Optional[str]) -> None:
    assert parse_scheme(text) == scheme


@pytest.mark.parametrize(
    ("value", "boolean"),
    [
        (True, True),
        (False, False),
        *[(word, True) for word in ["y", "Y", "yes", "Yes", "YES", "on", "On", "ON"]],
        *[(word, False) for word in ["n", "N", "no", "No", "NO", "off", "Off", "OFF"]],
        ("true", None),
        ("false", None),
        ("yES", None),
        ("oN", None),
        ("", None),
        (1, None),
        (0, None),
        (1.0, None),
        (None, None),
        ([], None),
    ],
)
def test_the_words_of_yaml_1_1_are_booleans(value: object, boolean: Optional[bool]) -> None:
    assert parse_boolean(value) is boolean


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (0, 0),
        (10, 10),
        (1.0, 1),
        (-0.0, 0),
        (2**63 - 1, 2**63 - 1),
        (2**63, None),
        (float(2**63), None),
        (1e300, None),
        (-1, None),
        (-1.0, None),
        (1.5, None),
        (math.inf, None),
        (math.nan, None),
        (True, None),
        (False, None),
        ("10", None),
        ("", None),
        (None, None),
        ([], None),
    ],
)
def test_seconds_are_a_whole_number_of_63_bits(value: object, seconds: Optional[int]) -> None:
    found = parse_seconds(value)

    assert (found, type(found)) == (seconds, type(seconds))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("", ""),
        ("zinc", "zinc"),
        ("\ud800", "\ud800"),
        (5, "5"),
        (-0.5, "-0.5"),
        (1e16, "1e+16"),
        (True, "true"),
        (False, "false"),
        (math.inf, None),
        (-math.inf, None),
        (math.nan, None),
        (None, None),
        ([], None),
        ({}, None),
    ],
)
def test_numbers_and_booleans_are_text_as_json_writes_them(
    value: object, text: Optional[str]
) -> None:
    assert parse_text(value) == text


@pytest.mark.parametrize(
    ("text", "readable"),
    [
        ("", ""),
        ("zünc 例え \U0001f600 \ufffd", "zünc 例え \U0001f600 \ufffd"),
        ("\ud7ff\ue000", "\ud7ff\ue000"),
        ("a\ud800b", "a\ufffdb"),
        ("\udfff", "\ufffd"),
        ("\ude00\ud83d", "\ufffd\ufffd"),
    ],
)
def test_half_a_surrogate_pair_is_replaced(text: str, readable: str) -> None:
    assert replace_surrogates(text) == readable
    assert is_utf8(text) is (text == readable)


@pytest.mark.skipif(
    not hasattr(sys, "get_int_max_str_digits"), reason="this Python writes any number"
)
def test_a_number_that_python_does_not_write_is_no_text() -> None:
    assert parse_text(-(10**5000)) is None
