from __future__ import annotations

from typing import List, Tuple

import pytest

from parca_scrape import HostMap, Problem
from tests.reading import refusal

ADDRESS_KEY = "parca_scrape_unit_address"
NAME_KEY = "parca_scrape_unit_name"
ADDRESS = "must be a host name or an IP address, without scheme, port, path or spaces"
SHARED = "another unit says that it has this name: known by its name in Juju instead"
TAKEN = "another unit says that it has this unit's name: not scraped"
SURROGATE = "holds half of a surrogate pair, which UTF-8 cannot: write the whole character"

Units = List[Tuple[str, str, str]]


@pytest.mark.parametrize(
    ("units", "hosts", "problems"),
    [
        ([], (), []),
        ([("zinc/0", "a", "")], (("zinc/0", "a"),), []),
        ([("remote-1/0", "a", "zinc/7")], (("zinc/7", "a"),), []),
        ([("zinc/0", "", "zinc/0"), ("zinc/1", "b", "")], (("zinc/1", "b"),), []),
        (
            [("zinc/0", " ::1 ", ""), ("zinc/1", "[::1]", ""), ("zinc/2", " b\n", "")],
            (("zinc/0", "[::1]"), ("zinc/1", "[::1]"), ("zinc/2", "b")),
            [],
        ),
        (
            [
                ("zinc/0", "a:80", "x"),
                ("zinc/1", "*", ""),
                ("zinc/2", " ", ""),
                ("zinc/3", "d", ""),
            ],
            (("zinc/3", "d"),),
            [
                Problem("error", ADDRESS_KEY, ADDRESS, unit="zinc/0"),
                Problem("error", ADDRESS_KEY, ADDRESS, unit="zinc/1"),
                Problem("error", ADDRESS_KEY, ADDRESS, unit="zinc/2"),
            ],
        ),
        (
            [("zinc/0", "a", "z\ud800"), ("zinc/1", "b", "zünc")],
            (("z\ufffd", "a"), ("zünc", "b")),
            [Problem("warning", NAME_KEY, SURROGATE, unit="zinc/0")],
        ),
    ],
)
def test_units_without_a_good_address_are_left_out(
    units: Units, hosts: Tuple[Tuple[str, str], ...], problems: List[Problem]
) -> None:
    host_map, found = HostMap.decode(units)

    assert (host_map.hosts, found) == (hosts, problems)


def test_a_problem_with_an_address_names_the_key_that_it_is_from() -> None:
    _, problems = HostMap.decode([("zinc/0", "a b", "")], "ingress-address")

    assert problems == [Problem("error", "ingress-address", ADDRESS, unit="zinc/0")]


@pytest.mark.parametrize(
    ("units", "hosts", "problems"),
    [
        (
            [("zinc/0", "a", "same"), ("zinc/1", "b", "same"), ("zinc/2", "c", "same")],
            (("same", "a"), ("zinc/1", "b"), ("zinc/2", "c")),
            [
                Problem("warning", NAME_KEY, SHARED, unit="zinc/1"),
                Problem("warning", NAME_KEY, SHARED, unit="zinc/2"),
            ],
        ),
        (
            [("zinc/0", "a", "zinc/1"), ("zinc/1", "b", "zinc/1"), ("zinc/2", "c", "zinc/0")],
            (("zinc/1", "a"), ("zinc/0", "c")),
            [Problem("error", NAME_KEY, TAKEN, unit="zinc/1")],
        ),
        (
            [("zinc/0", "a", "zinc/1"), ("zinc/1", "b", "")],
            (("zinc/1", "a"),),
            [Problem("error", NAME_KEY, TAKEN, unit="zinc/1")],
        ),
        (
            [("zinc/0", "a", "same"), ("zinc/1", "", "same")],
            (("same", "a"),),
            [],
        ),
        (
            [("zinc/0", "a", "z\ud800"), ("zinc/1", "b", "z\ufffd")],
            (("z\ufffd", "a"), ("zinc/1", "b")),
            [
                Problem("warning", NAME_KEY, SURROGATE, unit="zinc/0"),
                Problem("warning", NAME_KEY, SHARED, unit="zinc/1"),
            ],
        ),
    ],
)
def test_of_units_that_publish_one_name_the_later_takes_its_own_or_goes(
    units: Units, hosts: Tuple[Tuple[str, str], ...], problems: List[Problem]
) -> None:
    for order in (units, units[::-1]):
        host_map, found = HostMap.decode(order)
        assert (host_map.hosts, found) == (hosts, problems)


def test_units_are_ordered_by_the_number_in_their_name_in_juju() -> None:
    names = ["a/10", "a/9", "b/100", "a/2", "c/0", f"a/{10**17}", "b/1"]
    units = [(name, f"host{index}", f"x/{index}") for index, name in enumerate(names)]
    host_map, problems = HostMap.decode(units)

    assert problems == []
    assert [name for name, _ in host_map.hosts] == [
        "x/4",
        "x/6",
        "x/3",
        "x/1",
        "x/0",
        "x/2",
        "x/5",
    ]


@pytest.mark.parametrize("name", ["zinc", "", "zinc/", "zinc/x", "zinc/²", f"zinc/{'9' * 5000}"])
def test_a_name_without_a_number_comes_first(name: str) -> None:
    host_map, problems = HostMap.decode([("zinc/0", "a", "a"), (name, "b", "b")])

    assert (host_map.hosts, problems) == ((("b", "b"), ("a", "a")), [])


def test_typed_hosts_are_ordered_and_read_like_those_of_a_relation() -> None:
    host_map = HostMap({"zinc/10": "b", "zinc/9": " ::1 ", "zinc/1": ""})

    assert host_map.hosts == (("zinc/9", "[::1]"), ("zinc/10", "b"))
    assert HostMap(host_map.hosts) == host_map
    assert HostMap() == HostMap({})


def test_a_typed_host_that_parca_cannot_reach_is_refused() -> None:
    assert refusal(lambda: HostMap({"zinc/0": "a", "zinc/1": "a:80"})) == (
        f"hosts['zinc/1']: {ADDRESS}"
    )
    assert refusal(lambda: HostMap({"z\ud800": "a"})) == f"hosts['z\\ud800']: {SURROGATE}"
