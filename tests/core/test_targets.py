from __future__ import annotations

import string
from typing import Optional

import pytest

from parca_scrape import AddressSource, InvalidJobError, Target
from parca_scrape.targets import parse_host
from tests.reading import refusal

TARGET_RULE = (
    "must be host:port or *:port, without a scheme, path or spaces; the port (1 to 65535) is"
    " optional, an IPv6 address needs brackets, and a host has at most 253 characters"
)


@pytest.mark.parametrize(
    ("text", "host", "port", "served"),
    [
        ("zinc:8080", "zinc", 8080, "zinc:8080"),
        ("zinc", "zinc", None, "zinc"),
        ("*:8080", "*", 8080, "*:8080"),
        ("*", "*", None, "*"),
        ("10.1.32.215:7000", "10.1.32.215", 7000, "10.1.32.215:7000"),
        ("zinc-0.zinc-endpoints.cos.svc:1", "zinc-0.zinc-endpoints.cos.svc", 1, None),
        ("zinc:65535", "zinc", 65535, None),
        ("zinc:080", "zinc", 80, "zinc:080"),
        ("zinc:00080", "zinc", 80, "zinc:00080"),
        (f"{'a' * 253}:80", "a" * 253, 80, None),
        ("ü" * 253, "ü" * 253, None, None),
        (" zinc : 8080 ", "zinc", 8080, "zinc:8080"),
        ("\t* :\u00a080\n", "*", 80, "*:80"),
        (" zinc ", "zinc", None, "zinc"),
        ("[::1]:80", "[::1]", 80, None),
        (" [::1] : 80 ", "[::1]", 80, "[::1]:80"),
        ("[::1]", "[::1]", None, None),
        ("[FE80::A]:080", "[FE80::A]", 80, None),
        ("[::ffff:10.0.0.1]:80", "[::ffff:10.0.0.1]", 80, None),
        ("::1", "[::1]", None, "[::1]"),
        (" ::1 ", "[::1]", None, "[::1]"),
        ("fe80::1:8080", "[fe80::1:8080]", None, "[fe80::1:8080]"),
        ("1:2:3:4:5:6:7:8", "[1:2:3:4:5:6:7:8]", None, "[1:2:3:4:5:6:7:8]"),
        ("ZINC_0:80", "ZINC_0", 80, None),
        ("zünc.例え:80", "zünc.例え", 80, None),
        ("a\"!$&'()+,;=<>~b:80", "a\"!$&'()+,;=<>~b", 80, None),
        ("*.zinc:80", "*.zinc", 80, None),
        ("999.1.1.1:80", "999.1.1.1", 80, None),
        ("-:80", "-", 80, None),
    ],
)
def test_a_target_is_a_host_or_wildcard_and_a_port_or_none(
    text: str, host: str, port: Optional[int], served: Optional[str]
) -> None:
    target = Target.parse(text)

    assert (target.host, target.port, str(target)) == (host, port, served or text)
    assert Target(host, port) == target
    assert target.is_wildcard is (host == "*")
    assert f"{target.host}{target.suffix}" == str(target)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        ":",
        ":80",
        " :80",
        "zinc:",
        "*:",
        "zinc:0",
        "zinc:000",
        "zinc:65536",
        "zinc:100000",
        "zinc:000080",
        f"zinc:{'9' * 5000}",
        "zinc:-1",
        "zinc:+80",
        "zinc:8_0",
        "zinc:8 0",
        "zinc:80.0",
        "zinc:80a",
        "zinc:http",
        "zinc:\uff18\uff10",
        "zinc:²",
        "zinc:80:90",
        "*:80:90",
        "http://zinc",
        "http://zinc:80",
        "zinc:80/debug",
        "zinc/debug:80",
        "admin:secret@zinc:80",
        "[::1",
        "::1]",
        "x::1]",
        "[::1x",
        "[::1]80",
        "[::1]:",
        "[[::1]]:80",
        "[ ::1 ]:80",
        "[zinc]:80",
        "[10.0.0.1]:80",
        "[]:80",
        "[::1%eth0]:80",
        "fe80::1%eth0",
        "1:2:3:4:5:6:7:8:80",
        "::1::2",
        "\ud800:80",
        "zinc\udfff",
        "a b:80",
        "\u00ad:80",
        "\u200b\u0301",
        f"{'a' * 254}:80",
        "ü" * 254,
        "zinc\uff0ecos:80",
        "zinc\u3002cos:80",
        "zinc\uff61cos:80",
        "\uff5ainc:80",
        "zu\u0308nc:80",
    ],
)
def test_what_parca_cannot_scrape_is_no_target(text: str) -> None:
    assert refusal(lambda: Target.parse(text)) == TARGET_RULE


@pytest.mark.parametrize(
    ("host", "port"),
    [("zinc", 0), ("zinc", -1), ("zinc", 65536), ("", 80), ("a b", 80), ("zinc:80", None)],
)
def test_an_impossible_host_or_port_makes_no_target(host: str, port: Optional[int]) -> None:
    assert refusal(lambda: Target(host, port)) == TARGET_RULE


def test_a_target_made_of_parts_is_served_in_full() -> None:
    assert [str(Target("::1", 80)), str(Target("*", 80)), str(Target("zinc"))] == [
        "[::1]:80",
        "*:80",
        "zinc",
    ]


def test_targets_are_equal_whatever_zeros_their_ports_begin_with() -> None:
    assert Target.parse("zinc:080") == Target("zinc", 80)
    assert Target.parse("zinc:80") != Target.parse("zinc:8080")
    assert Target.parse("zinc") != Target.parse("zinc:80")


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("zinc-0.zinc-endpoints.cos.svc", "zinc-0.zinc-endpoints.cos.svc"),
        ("10.0.0.1", "10.0.0.1"),
        ("zinc_0", "zinc_0"),
        ("zünc", "zünc"),
        (" 10.0.0.1\n", "10.0.0.1"),
        (" zinc_0 ", "zinc_0"),
        ("::1", "[::1]"),
        (" ::1 ", "[::1]"),
        ("[::1]", "[::1]"),
        (" [::1] ", "[::1]"),
        ('"zinc"', '"zinc"'),
        ("{zinc", None),
        ("", None),
        (" ", None),
        ("*", None),
        (" * ", None),
        ("zinc:80", None),
        ("zinc:", None),
        ("[zinc]", None),
        ("[10.0.0.1]", None),
        ("[::1", None),
        ("::1]", None),
        ("[::1]:80", None),
        ("::1%eth0", None),
        ("http://zinc", None),
        ("1::2::3", None),
        ("x::1]", None),
        ("\u00ad", None),
        ("\u200b\u0301", None),
        ("\u00ada", "\u00ada"),
        ("\u00ad٣", "\u00ad٣"),
        ("\u00ad~", "\u00ad~"),
        ("\u00ad+", "\u00ad+"),
        ("\u00ad_", "\u00ad_"),
    ],
)
def test_an_address_of_a_unit_is_a_host_without_port(text: str, host: Optional[str]) -> None:
    assert parse_host(text) == host


@pytest.mark.parametrize(
    "character",
    [*"/\\?#@%^`{|}:[] \t\n\x00\x1f\x7f\x80\x9f\u0085\u00a0\u2028\u3000\ud800\udbff\udc00\udfff"],
    ids=ascii,
)
def test_no_host_has_a_character_that_go_cannot_put_into_a_url(character: str) -> None:
    assert parse_host(f"zi{character}nc") is None
    assert refusal(lambda: Target(f"zi{character}nc", 80)) == TARGET_RULE


@pytest.mark.parametrize(
    "character", "!\"$&'()*+,-.;<=>_~\u00a1\u00ad\u4f8b\ud7ff\ue000\U0001f600"
)
def test_every_other_character_may_be_in_a_host(character: str) -> None:
    host = f"{character}_{string.ascii_letters}{character}{string.digits}"

    assert parse_host(host) == host


def test_an_address_comes_from_one_of_four_sources() -> None:
    assert {source.name: source.value for source in AddressSource} == {
        "FQDN": "fqdn",
        "INGRESS": "ingress",
        "BIND": "bind",
        "PUBLISHED": "published",
    }


@pytest.mark.parametrize(
    ("host", "port"), [(5, None), (None, 80), ("a", True), ("a", 80.0), ("a", "80")]
)
def test_a_target_of_other_types_raises(host: str, port: int) -> None:
    with pytest.raises(InvalidJobError, match="must be host:port"):
        Target(host, port)
