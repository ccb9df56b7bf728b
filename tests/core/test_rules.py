from __future__ import annotations

import math
import sys
import time
from typing import Optional

import pytest

from parca_scrape._rules import (
    is_ca,
    is_certificate,
    is_private_key,
    is_utf8,
    parse_boolean,
    parse_duration,
    parse_scheme,
    parse_seconds,
    parse_text,
    replace_surrogates,
)
from tests.pem import CERTIFICATE, DER, PRIVATE_KEY, pem


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


@pytest.mark.parametrize("length", [0, 5, 127, 128, 255, 256, 70_000])
def test_a_pem_block_holds_one_der_sequence(length: int) -> None:
    if length < 128:
        header = bytes([0x30, length])
    else:
        digits = length.to_bytes((length.bit_length() + 7) // 8, "big")
        header = bytes([0x30, 0x80 + len(digits)]) + digits
    der = header + b"x" * length

    assert is_certificate(pem("CERTIFICATE", der))
    assert not is_certificate(pem("CERTIFICATE", der + b"x"))
    assert not is_certificate(pem("CERTIFICATE", der[:-1]))
    assert not is_certificate(pem("CERTIFICATE", b"\x31" + der[1:]))


@pytest.mark.parametrize(
    "der",
    [b"\x30\x80" + b"x" * 128, b"\x30", b"\x30\x80", b"\x30\x81", b"\x30\x82\x01", b"\x30\xff"],
)
def test_a_pem_block_that_ends_within_its_length_is_bad(der: bytes) -> None:
    assert not is_certificate(pem("CERTIFICATE", der))


BODY = pem("CERTIFICATE").splitlines()[1]
BEGIN = "-----BEGIN CERTIFICATE-----"
END = "-----END CERTIFICATE-----"


@pytest.mark.parametrize(
    ("text", "is_good"),
    [
        (CERTIFICATE, True),
        (pem("CERTIFICATE", newline="\r\n"), True),
        (f"{BEGIN}\n{BODY}\n{END}", True),
        (f"Subject: zinc\n{CERTIFICATE}and so on\n", True),
        (f"{BEGIN} \t\n{BODY} \t\n{END} \t\n", True),
        (f"{BEGIN}\n\n {BODY[:3]} \n\t{BODY[3:]}\n\n{END}\n", True),
        (f"{BEGIN}\n{BODY[:3]}\r{BODY[3:]}\n{END}\n", True),
        (f"{BEGIN}\n{BEGIN}\n{BODY}\n{END}\n", True),
        (f"-----BEGIN X-----\nbroken off\n{CERTIFICATE}", True),
        ("", False),
        ("/etc/ssl/ca.pem", False),
        (BODY, False),
        (f"{BEGIN}\n{BODY}\n", False),
        (f"{BODY}\n{END}\n", False),
        (f" {BEGIN}\n{BODY}\n{END}\n", False),
        (f"x{BEGIN}\n{BODY}\n{END}\n", False),
        (f"{BEGIN}x\n{BODY}\n{END}\n", False),
        (f"{BEGIN[:-5]}=====\n{BODY}\n{END}\n", False),
        (f"{BEGIN}\n{BODY}\n {END}\n", False),
        (f"{BEGIN}\n{BODY}\n{END}X\n", False),
        (f"{BEGIN}\n{BODY}{END}\n", False),
        (f"{BEGIN}\n{BODY}\n-----END X-----\n", False),
        (f"{BEGIN}\n{BODY}\n-----END X-----\n{END}\n", False),
        (f"{BEGIN} {BODY} {END}", False),
        (f"{BEGIN}\\n{BODY}\\n{END}\\n", False),
        (f"----BEGIN CERTIFICATE-----\n{BODY}\n{END}\n", False),
        (f"{BEGIN}\nProc-Type: 4,ENCRYPTED\n\n{BODY}\n{END}\n", False),
        (f"{BEGIN}\n{END}\n", False),
        (f"{BEGIN}\n{BODY[:-1]}\n{END}\n", False),
        (f"{BEGIN}\n{BODY}=\n{END}\n", False),
        (f"{BEGIN}\nMAA=====\n{END}\n", False),
        (f"{BEGIN}\n+===\n{END}\n", False),
        (f"{BEGIN}\nMA==MA==\n{END}\n", False),
        (f"{BEGIN}\n{BODY[:-1]}-\n{END}\n", False),
        (f"{BEGIN}\n{BODY[:-1]}é\n{END}\n", False),
    ],
)
def test_certificates_and_keys_are_pem_blocks(text: str, is_good: bool) -> None:
    assert is_certificate(text) is is_good
    assert is_ca(text) is is_good
    assert is_private_key(text.replace("CERTIFICATE", "PRIVATE KEY")) is is_good


@pytest.mark.parametrize(
    "label", ["X509 CERTIFICATE", "TRUSTED CERTIFICATE", "certificate", "PRIVATE KEY", ""]
)
def test_a_certificate_has_one_label(label: str) -> None:
    assert not is_certificate(pem(label))
    assert not is_ca(pem(label))


@pytest.mark.parametrize(
    ("label", "is_good"),
    [
        ("PRIVATE KEY", True),
        ("RSA PRIVATE KEY", True),
        ("EC PRIVATE KEY", True),
        ("ENCRYPTED PRIVATE KEY", True),
        ("XPRIVATE KEY", False),
        ("PRIVATE KEY X", False),
        ("PUBLIC KEY", False),
        ("CERTIFICATE", False),
        ("private key", False),
        ("", False),
    ],
)
def test_a_private_key_may_be_of_any_kind(label: str, is_good: bool) -> None:
    assert is_private_key(pem(label)) is is_good


def test_base64_of_every_digit_is_read() -> None:
    der = bytes([0x30, 0x80 + 2]) + (768).to_bytes(2, "big") + bytes(range(256)) * 3
    text = pem("CERTIFICATE", der)

    assert {"+", "/"} < set(text)
    assert is_certificate(text)


def test_among_several_blocks_the_first_of_its_kind_counts_and_for_a_ca_any() -> None:
    bad = pem("CERTIFICATE", DER + b"x")

    assert is_certificate(PRIVATE_KEY + CERTIFICATE + bad)
    assert not is_certificate(bad + CERTIFICATE)
    assert is_ca(bad + CERTIFICATE)
    assert is_private_key(CERTIFICATE + PRIVATE_KEY + pem("PRIVATE KEY", b"x"))
    assert not is_private_key(pem("PRIVATE KEY", b"x") + PRIVATE_KEY)


@pytest.mark.parametrize(
    "text",
    [
        f"{BEGIN}\n" * 100_000,
        f"{END}\n" * 100_000,
        f"{BEGIN}\nx\n{END}\n" * 50_000,
        f"{BEGIN}\n{BODY}\n" * 100_000,
        f"{BEGIN}\n{'=' * 3_000_000}\n{END}\n",
        f"{BEGIN}{' ' * 3_000_000}x\n",
    ],
    ids=["begins", "ends", "bad bodies", "good bodies", "padding", "blanks"],
)
def test_pem_is_found_in_time_linear_in_the_text(text: str) -> None:
    started = time.process_time()

    assert not is_ca(text)
    assert time.process_time() - started < 5


@pytest.mark.skipif(
    not hasattr(sys, "get_int_max_str_digits"), reason="this Python writes any number"
)
def test_a_number_that_python_does_not_write_is_no_text() -> None:
    assert parse_text(-(10**5000)) is None
