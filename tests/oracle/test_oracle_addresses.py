from __future__ import annotations

from typing import Optional, Tuple

import pytest

from tests.oracle import dial_address, duration_ms, parse_duration, target_address
from tests.oracle.urls import lacks_port, split_host_port, url_text


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [
        ("0", 0),
        ("0s", 0),
        ("0007ms", 7),
        ("1s500ms", 1_500),
        ("1y1w1d1h1m1s1ms", 32_230_861_001),
        ("9223372036854ms", 9_223_372_036_854),
        ("9223372036855ms", None),
        ("292y", 9_208_512_000_000),
        ("293y", None),
        ("292y24w3d23h47m16s855ms", None),
        ("0" * 30 + "1s", 1_000),
        ("9" * 5_000 + "s", None),
        ("00", None),
        ("1", None),
        ("s", None),
        ("1s1s", None),
        ("1ms1s", None),
        ("1S", None),
        (" 1s", None),
        ("1s ", None),
        ("1.5s", None),
        ("-1s", None),
        ("\u0661s", None),
        ("1\u0661s", None),
        ("", None),
    ],
)
def test_durations_are_read_as_prometheus_reads_them(
    text: str, milliseconds: Optional[int]
) -> None:
    assert duration_ms(text) == milliseconds


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty duration string"),
        ("1", 'not a valid duration string: "1"'),
        ("18446744073709551616s", 'not a valid duration string: "18446744073709551616s"'),
        ("18446744073709551615s", "duration out of range"),
        ("292y1y", 'not a valid duration string: "292y1y"'),
        ("292y52w", "duration out of range"),
        ("1us", 'unknown unit "us" in duration "1us"'),
        ('1"\n', 'unknown unit "\\"\\n" in duration "1\\"\\n"'),
    ],
)
def test_a_bad_duration_is_reported_as_prometheus_reports_it(text: str, message: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the whole message is compared
        parse_duration(text)

    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("target", "dialed"),
    [
        ("h", ("h", 80)),
        ("h:8080", ("h", 8080)),
        ("h:", ("h", 80)),
        ("h:00080", ("h", 80)),
        ("h:65535", ("h", 65535)),
        ("h:65536", None),
        ("h:0", None),
        ("h:" + "9" * 5_000, None),
        ("h:-1", None),
        ("h:\u0661", None),
        ("a_b.c-d.", ("a_b.c-d.", 80)),
        ("\xfc:81", ("\xfc", 81)),
        ("'a\"<b>", ("'a\"<b>", 80)),
        ("10.0.0.1:80", ("10.0.0.1", 80)),
        ("[::1]", ("::1", 80)),
        ("[::1]:81", ("::1", 81)),
        ("[fe80::1%eth0]:81", ("fe80::1%eth0", 81)),
        ("[fe80::1%]:81", None),
        ("[::ffff:1.2.3.4]", ("::ffff:1.2.3.4", 80)),
        ("[::1.2.3.04]", None),
        ("[1.2.3.4]", None),
        ("[h]:81", None),
        ("[]:81", None),
        ("[::1", None),
        ("::1]", None),
        ("x[::1]", None),
        ("::1", None),
        ("fd00::1:7000", None),
        ("h:80:81", None),
        ("", None),
        (":80", None),
        (":", None),
        ("*", None),
        ("*:80", None),
        ("a b", None),
        ("h/x", None),
        ("http://h", None),
        ("u@h", None),
        ("u:p@h:80", None),
        ("h?q", None),
        ("h#f", None),
        ("h%20", None),
        ("h\\x", None),
        ("h\n", None),
        ("h\x7f", None),
        ("{h}", None),
        ("h|`^", None),
    ],
)
def test_a_target_is_dialed_as_go_dials_it(target: str, dialed: Optional[Tuple[str, int]]) -> None:
    assert target_address(target) == dialed


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", 'unsupported protocol scheme ""'),
        ("//h:80/", 'unsupported protocol scheme ""'),
        ("ftp://h/", 'unsupported protocol scheme "ftp"'),
        (" http://h/", "first path segment in URL cannot contain colon"),
        ("http:h", "no host"),
        ("http:///", "no host"),
        ("http://:80/", "no host"),
        ("http://h\x7f/", "invalid control character in URL"),
        ("http://u@h/", "credentials in the host"),
        ("http://h:x/", 'invalid port ":x" after host'),
        ("http://[::1]x/", 'invalid port "x" after host'),
        ("http://h:80:81/", "colons in a host without brackets"),
        ("http://h%z/", 'invalid URL escape "%z"'),
        ("http://h%20/", 'invalid URL escape "%20"'),
        ("http://h^/", 'invalid character "^" in host name'),
        ("http://h%25/", '"h%" is no host name'),
        ("http://h]/", '"h]" is no host name'),
        ("http://*/", '"*" is no host name'),
        ("http://[::1%25%7F]/", 'invalid URL escape "%7F"'),
        ("http://[::1%25%C3]/", 'invalid URL escape "%C3"'),
        ("http://[::g]/", 'invalid host: "::g" is no IPv6 address'),
        ("http://h:0/", 'port "0" is not in 1..65535'),
    ],
)
def test_a_url_that_can_never_answer_is_reported_with_the_reason(url: str, reason: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the whole message is compared
        dial_address(url)

    assert str(caught.value) == reason


@pytest.mark.parametrize(
    ("url", "dialed"),
    [
        ("HTTPS://h", ("h", 443)),
        ("http://%C3%BC?q", ("\xfc", 80)),
        ("http://h?q/@x", ("h", 80)),
        ("http://h#f", ("h", 80)),
        ("http://[fe80::1%25e%20th]:81/", ("fe80::1%e th", 81)),
    ],
)
def test_a_url_is_dialed_as_go_dials_it(url: str, dialed: Tuple[str, int]) -> None:
    assert dial_address(url) == dialed


def test_the_scheme_gives_the_port_that_a_target_lacks() -> None:
    assert target_address("h", "https") == ("h", 443)
    assert target_address("h:", "https") == ("h", 443)
    assert target_address("h", "ftp") is None
    assert target_address("h:80", "ftp") is None
    assert target_address("h:80", "HTTPS") == ("h", 80)


@pytest.mark.parametrize(
    ("address", "outcome"),
    [
        ("h:80", ("h", "80")),
        (":", ("", "")),
        ("[::1]:80", ("::1", "80")),
        ("h", "missing port in address"),
        ("[::1]", "missing port in address"),
        ("[::1]x:80", "missing port in address"),
        ("[::1]:80:81", "too many colons in address"),
        ("::1", "too many colons in address"),
        ("[:", "missing ']' in address"),
        ("a[b:80", "unexpected '[' in address"),
        ("a]b:80", "unexpected ']' in address"),
        ("[a[b]:80", "unexpected '[' in address"),
    ],
)
def test_host_and_port_split_as_in_go(address: str, outcome: object) -> None:
    try:
        found: object = split_host_port(address)
    except ValueError as error:
        found = str(error)

    assert found == outcome


@pytest.mark.parametrize(
    ("address", "lacking"),
    [("h", True), ("[::1]", True), ("h:", False), ("h:80", False), ("::1", False), ("[", False)],
)
def test_a_port_is_added_only_where_that_makes_a_good_address(address: str, lacking: bool) -> None:
    assert lacks_port(address) is lacking


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        (("http", "h:80", "/a b", "q=1"), "http://h:80/a%20b?q=1"),
        (("http", "h:80", "x?#%\xfc", ""), "http://h:80/x%3F%23%25%C3%BC"),
        (("http", 'a b%\xfc<">', "", ""), 'http://a%20b%25%C3%BC<">'),
        (("", "h:80", "/a", ""), "//h:80/a"),
        (("", "", "", ""), ""),
        (("", "", "a:b", ""), "./a:b"),
        (("http", "h", "*", ""), "http://h/*"),
    ],
)
def test_urls_are_written_as_go_writes_them(parts: Tuple[str, str, str, str], text: str) -> None:
    assert url_text(*parts) == text
