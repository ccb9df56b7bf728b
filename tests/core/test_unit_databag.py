from __future__ import annotations

from typing import Dict, List

import pytest

from parca_scrape import (
    DatabagError,
    Problem,
    UnitDatabag,
)
from tests.reading import error, refusal, warning

SURROGATE = "contains half of a surrogate pair: write the whole character"
ADDRESS = (
    "must be a host name (at most 253 characters) or an IP address, without a scheme, port, path"
    " or spaces"
)
ADDRESS_KEY = "parca_scrape_unit_address"
NAME_KEY = "parca_scrape_unit_name"
LEGACY_KEY = "parca_scrape_host"


@pytest.mark.parametrize(
    ("databag", "address", "name"),
    [
        ({ADDRESS_KEY: "a", NAME_KEY: "zinc/0"}, "a", "zinc/0"),
        ({ADDRESS_KEY: "a"}, "a", ""),
        ({NAME_KEY: "zinc/0"}, "", "zinc/0"),
        ({ADDRESS_KEY: '"a"', NAME_KEY: '"zinc/0"'}, '"a"', '"zinc/0"'),
        ({ADDRESS_KEY: "a", NAME_KEY: "zinc/0", LEGACY_KEY: "b"}, "a", "zinc/0"),
        ({ADDRESS_KEY: "", NAME_KEY: "zinc/0", LEGACY_KEY: "b"}, "b", "zinc/0"),
        ({NAME_KEY: "zinc/0", LEGACY_KEY: "b"}, "b", "zinc/0"),
        ({LEGACY_KEY: "b", "ingress-address": "c"}, "b", ""),
        ({"ingress-address": "c"}, "", ""),
        ({}, "", ""),
    ],
)
def test_a_unit_publishes_its_address_and_its_name_as_text(
    databag: Dict[str, str], address: str, name: str
) -> None:
    assert UnitDatabag.decode(databag) == (UnitDatabag(address, name), [])


@pytest.mark.parametrize(
    ("databag", "address", "name"),
    [
        ({"ingress-address": "c", ADDRESS_KEY: "a", NAME_KEY: "zinc/0"}, "c", "zinc/0"),
        ({"ingress-address": "c"}, "c", ""),
        ({"ingress-address": "", ADDRESS_KEY: "a", LEGACY_KEY: "b"}, "", ""),
        ({ADDRESS_KEY: "a", NAME_KEY: "zinc/0"}, "", "zinc/0"),
    ],
)
def test_juju_itself_tells_an_address_of_a_unit(
    databag: Dict[str, str], address: str, name: str
) -> None:
    decoded = UnitDatabag.decode(databag, "ingress-address")

    assert decoded == (UnitDatabag(address, name), [])


@pytest.mark.parametrize(
    ("databag", "unit_databag", "problems"),
    [
        ({ADDRESS_KEY: " ::1 "}, UnitDatabag("[::1]"), []),
        ({ADDRESS_KEY: "a:80"}, UnitDatabag(), [error(ADDRESS_KEY, ADDRESS)]),
        (
            {ADDRESS_KEY: "*", NAME_KEY: "z/0"},
            UnitDatabag("", "z/0"),
            [error(ADDRESS_KEY, ADDRESS)],
        ),
        ({NAME_KEY: "z\ud800"}, UnitDatabag("", "z\ufffd"), [warning(NAME_KEY, SURROGATE)]),
        (
            {ADDRESS_KEY: " ::1", NAME_KEY: "z\ud800"},
            UnitDatabag("[::1]", "z\ufffd"),
            [warning(NAME_KEY, SURROGATE)],
        ),
    ],
)
def test_of_a_unit_what_is_bad_is_left_out(
    databag: Dict[str, str], unit_databag: UnitDatabag, problems: List[Problem]
) -> None:
    assert UnitDatabag.decode(databag) == (unit_databag, problems)
    if problems:
        with pytest.raises(DatabagError) as caught:
            UnitDatabag.decode_strict(databag)
        assert str(caught.value) == str(problems[0])
    else:
        assert UnitDatabag.decode_strict(databag) == unit_databag


@pytest.mark.parametrize(
    ("unit_databag", "databag"),
    [
        (UnitDatabag("10.0.0.1", "zinc/0"), {ADDRESS_KEY: "10.0.0.1", NAME_KEY: "zinc/0"}),
        (UnitDatabag(" ::1", "zinc/0"), {ADDRESS_KEY: "[::1]", NAME_KEY: "zinc/0"}),
        (UnitDatabag(name="zinc/0"), {NAME_KEY: "zinc/0"}),
        (UnitDatabag(), {}),
    ],
)
def test_a_unit_databag_is_written_without_empty_values_and_read_again(
    unit_databag: UnitDatabag, databag: Dict[str, str]
) -> None:
    assert list(unit_databag.encode().items()) == list(databag.items())
    assert UnitDatabag.decode_strict(databag) == unit_databag


def test_a_typed_unit_has_an_address_that_is_a_host() -> None:
    assert refusal(lambda: UnitDatabag("http://zinc")) == f"address: {ADDRESS}"
    assert refusal(lambda: UnitDatabag(name="zinc/\ud800")) == f"name: {SURROGATE}"
