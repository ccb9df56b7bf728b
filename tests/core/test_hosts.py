from __future__ import annotations

from typing import Dict, List, Tuple

import pytest

from parca_scrape import HostMap, Problem, UnitDatabag
from parca_scrape.databag import order_units
from parca_scrape.render import name_hosts
from tests.reading import refusal

NAME_KEY = "parca_scrape_unit_name"
ADDRESS = (
    "must be a host name (at most 253 characters) or an IP address, without a scheme, port, path"
    " or spaces"
)
SHARED = "another unit published the same name; using the Juju unit name"
TAKEN = "another unit published this unit's name; the unit is not scraped"
SURROGATE = "contains half of a surrogate pair: write the whole character"


@pytest.mark.parametrize(
    ("units", "hosts"),
    [
        ({}, {}),
        ({"zinc/0": UnitDatabag("a")}, {"zinc/0": "a"}),
        ({"remote-1/0": UnitDatabag("a", "zinc/7")}, {"zinc/7": "a"}),
        ({"zinc/0": UnitDatabag("", "zinc/0"), "zinc/1": UnitDatabag("b")}, {"zinc/1": "b"}),
        ({"zinc/0": UnitDatabag("a", "x"), "zinc/1": UnitDatabag("", "x")}, {"x": "a"}),
    ],
)
def test_a_unit_goes_by_the_name_that_it_published_or_else_by_that_in_juju(
    units: Dict[str, UnitDatabag], hosts: Dict[str, str]
) -> None:
    assert name_hosts(units) == (hosts, [])


@pytest.mark.parametrize(
    ("units", "hosts", "problems"),
    [
        (
            [("zinc/0", "a", "same"), ("zinc/1", "b", "same"), ("zinc/2", "c", "same")],
            [("same", "a"), ("zinc/1", "b"), ("zinc/2", "c")],
            [
                Problem("warning", NAME_KEY, SHARED, unit="zinc/1"),
                Problem("warning", NAME_KEY, SHARED, unit="zinc/2"),
            ],
        ),
        (
            [("zinc/0", "a", "zinc/1"), ("zinc/1", "b", "zinc/1"), ("zinc/2", "c", "zinc/0")],
            [("zinc/1", "a"), ("zinc/0", "c")],
            [Problem("error", NAME_KEY, TAKEN, unit="zinc/1")],
        ),
        (
            [("\ud800/0", "a", ""), ("\udc00/0", "b", "")],
            [("\ufffd/0", "a")],
            [Problem("error", NAME_KEY, TAKEN, unit="\udc00/0")],
        ),
        (
            [("zinc/0", "a", "zinc/1"), ("zinc/1", "b", "")],
            [("zinc/1", "a")],
            [Problem("error", NAME_KEY, TAKEN, unit="zinc/1")],
        ),
    ],
)
def test_when_units_publish_the_same_name_the_later_uses_its_juju_name_or_is_left_out(
    units: List[Tuple[str, str, str]], hosts: List[Tuple[str, str]], problems: List[Problem]
) -> None:
    databags = {unit_name: UnitDatabag(address, name) for unit_name, address, name in units}
    named, found = name_hosts(databags)

    assert (list(named.items()), found) == (hosts, problems)


def test_units_are_ordered_by_the_number_in_their_juju_name() -> None:
    names = ["a/10", "a/9", "b/100", "a/2", "c/0", f"a/{10**17}", "b/1"]

    assert order_units(names) == ["c/0", "b/1", "a/2", "a/9", "a/10", "b/100", f"a/{10**17}"]


@pytest.mark.parametrize("name", ["zinc", "", "zinc/", "zinc/x", "zinc/²", f"zinc/{'9' * 5000}"])
def test_a_name_without_a_number_comes_first(name: str) -> None:
    assert order_units(["zinc/0", name]) == [name, "zinc/0"]


def test_typed_hosts_are_ordered_and_normalised_like_those_of_a_relation() -> None:
    host_map = HostMap({"zinc/10": "b", "zinc/9": " ::1 ", "zinc/1": ""})

    assert host_map.hosts == (("zinc/9", "[::1]"), ("zinc/10", "b"))
    assert HostMap(host_map.hosts) == host_map
    assert HostMap() == HostMap({})


def test_the_first_bad_host_in_the_order_of_units_is_refused() -> None:
    line = refusal(lambda: HostMap({"zinc/5": "x/y", "zinc/4": "x/y"}))

    assert line == f"hosts['zinc/4']: {ADDRESS}"


def test_a_typed_host_that_parca_cannot_reach_is_refused() -> None:
    assert refusal(lambda: HostMap({"zinc/0": "a", "zinc/1": "a:80"})) == (
        f"hosts['zinc/1']: {ADDRESS}"
    )
    assert refusal(lambda: HostMap({"z\ud800": "a"})) == f"hosts['z\\ud800']: {SURROGATE}"
