from __future__ import annotations

import ipaddress
import socket
from collections import Counter
from typing import Any, Callable, Dict, Union, cast

import ops
import pytest
from ops import testing

from parca_scrape import AddressSource, InvalidJobError, Problem, ProfilingEndpointProvider
from tests.hook_tools import Call, HookTools
from tests.profiled_charm import (
    DEFAULT,
    FQDN,
    Databags,
    Make,
    make_context,
    make_relation,
    make_state,
    run_hook,
)

UnitAddress = Union[str, AddressSource, Callable[[ops.Relation], str]]
RULE = (
    "must be a host name (at most 253 characters) or an IP address, without a scheme, port, path"
    " or spaces"
)
LINE = f"error: relation 1 parca: parca_scrape_unit_address: {RULE}"
NAME_ONLY: Databags = ({}, {"parca_scrape_unit_name": "zinc/0"})
BAD_ADDRESSES = [
    "",
    " ",
    "*",
    "http://10.0.0.1",
    "10.0.0.1:80",
    "10.0.0.1/",
    "a b",
    "a\nb",
    "[10.0.0.1]",
    "fe80::1%eth0",
    "[::1]:80",
]


@pytest.fixture(autouse=True)
def _fqdn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getfqdn", lambda: FQDN)


def at(unit_address: UnitAddress) -> Make:
    return lambda charm: ProfilingEndpointProvider(charm, unit_address=unit_address)


def function_to(found: object) -> UnitAddress:
    """Make a function that returns something its type does not allow."""

    def find(_: ops.Relation) -> object:
        return found

    return cast("UnitAddress", find)


def make_network(*, bind: str = "", ingress: str = "") -> testing.Network:
    """Make the answer of network-get, without addresses unless given."""
    bind_addresses = [testing.BindAddress([testing.Address(bind)])] if bind else []
    ingress_addresses = [ingress] if ingress else []
    return testing.Network(
        "profiling-endpoint", bind_addresses, ingress_addresses=ingress_addresses
    )


def unit_only(address: str) -> Databags:
    return {}, {"parca_scrape_unit_address": address, "parca_scrape_unit_name": "zinc/0"}


@pytest.mark.parametrize(
    ("fqdn", "address"),
    [
        ("zinc-0.local", "zinc-0.local"),
        ("10.0.0.1", "10.0.0.1"),
        ("::1", "[::1]"),
        ("localhost-0", "localhost-0"),
        # The library does not judge what the resolver returns.
        ("not a host", "not a host"),
    ],
)
def test_the_unit_is_reached_by_its_fqdn(
    fqdn: str, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "getfqdn", lambda: fqdn)
    hook = run_hook("update_status", make_relation(1), make=at(AddressSource.FQDN))
    assert hook.databags == {1: unit_only(address)}
    assert run_hook("update_status", make_relation(1)) == hook


@pytest.mark.parametrize("fqdn", ["localhost", "localhost.localdomain", "LOCALHOST"])
def test_a_fqdn_that_no_other_machine_can_reach_is_published_with_a_warning(
    fqdn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "getfqdn", lambda: fqdn)
    hook = run_hook("update_status", make_relation(1), make_relation(2))
    assert hook.databags == {1: unit_only(fqdn), 2: unit_only(fqdn)}
    assert hook.log == [
        "warning: parca_scrape_unit_address: the domain name of this unit is localhost, which no"
        " other machine can reach: correct the host name of the machine, or pass unit_address to"
        " ProfilingEndpointProvider"
    ]


def test_localhost_that_the_charm_itself_chose_gives_no_warning() -> None:
    hook = run_hook("update_status", make_relation(1), make=at("localhost"))
    assert hook.databags == {1: unit_only("localhost")}
    assert hook.log == []


def test_the_fqdn_is_asked_for_again_at_each_publishing(monkeypatch: pytest.MonkeyPatch) -> None:
    def make(charm: ops.CharmBase) -> ProfilingEndpointProvider:
        provider = ProfilingEndpointProvider(charm)
        provider.set_scrape_job_spec()
        monkeypatch.setattr(socket, "getfqdn", lambda: "renamed.local")
        return provider

    hook = run_hook("update_status", make_relation(1), make=make)
    assert hook.databags[1][1]["parca_scrape_unit_address"] == "renamed.local"


@pytest.mark.parametrize(
    ("literal", "address"),
    [
        ("zinc.example", "zinc.example"),
        ("10.0.0.1", "10.0.0.1"),
        (" 10.0.0.1\n", "10.0.0.1"),
        ("2001:db8::1", "[2001:db8::1]"),
        ("[2001:db8::1]", "[2001:db8::1]"),
    ],
)
def test_a_literal_address_is_published_to_all_relations(literal: str, address: str) -> None:
    tools = HookTools()
    hook = run_hook(
        "update_status", make_relation(1), make_relation(2), make=at(literal), tools=tools
    )
    assert hook.databags == {1: unit_only(address), 2: unit_only(address)}
    assert hook.log == []
    assert [call for call in tools.calls if call.tool == "network-get"] == []


@pytest.mark.parametrize("literal", BAD_ADDRESSES)
def test_a_literal_that_is_not_a_host_raises(literal: str) -> None:
    with pytest.raises(InvalidJobError) as raised:
        run_hook("start", make=at(literal))
    assert str(raised.value) == f"unit_address: {RULE}"


def test_a_provider_cannot_use_published_addresses() -> None:
    with pytest.raises(InvalidJobError) as raised:
        run_hook("start", make=at(AddressSource.PUBLISHED))
    assert str(raised.value) == f"unit_address: {RULE}"


def test_a_function_returns_the_address_for_each_relation() -> None:
    addresses = {1: "10.0.0.1", 2: "2001:db8::2"}
    hook = run_hook(
        "update_status",
        make_relation(1),
        make_relation(2),
        make=at(lambda relation: addresses[relation.id]),
    )
    assert hook.databags == {1: unit_only("10.0.0.1"), 2: unit_only("[2001:db8::2]")}
    assert hook.log == []


def test_a_function_is_called_once_for_each_relation_and_publishing() -> None:
    asked: Counter[int] = Counter()

    def find_address(relation: ops.Relation) -> str:
        asked[relation.id] += 1
        return "10.0.0.1"

    run_hook("relation_joined", make_relation(1), make_relation(2), make=at(find_address))
    assert asked == {1: 1, 2: 1}


@pytest.mark.parametrize("address", BAD_ADDRESSES)
def test_a_result_of_a_function_that_is_not_a_host_is_not_published(address: str) -> None:
    def find_address(relation: ops.Relation) -> str:
        return address if relation.id == 1 else "10.0.0.2"

    hook = run_hook("update_status", make_relation(1), make_relation(2), make=at(find_address))
    assert hook.databags == {1: NAME_ONLY, 2: unit_only("10.0.0.2")}
    assert hook.log == [LINE]


def test_a_lost_address_leaves_the_old_one_in_the_databag() -> None:
    old: Dict[str, str] = unit_only("10.0.0.1")[1]
    hook = run_hook("update_status", make_relation(1, unit_data=old), make=at(lambda _: ""))
    assert hook.databags == {1: ({}, old)}


def test_a_function_without_an_address_does_not_hold_back_the_jobs() -> None:
    hook = run_hook("relation_joined", make_relation(1), make=at(lambda _: ""))
    assert hook.databags == {1: (DEFAULT[0], NAME_ONLY[1])}


@pytest.mark.parametrize(
    ("source", "bind", "ingress", "address"),
    [
        (AddressSource.INGRESS, "10.0.0.7", "192.0.2.7", "192.0.2.7"),
        (AddressSource.BIND, "10.0.0.7", "192.0.2.7", "10.0.0.7"),
        (AddressSource.INGRESS, "10.0.0.7", "2001:db8::7", "[2001:db8::7]"),
        (AddressSource.BIND, "fd00::7", "192.0.2.7", "[fd00::7]"),
        (AddressSource.INGRESS, "", "ingress.example", "ingress.example"),
    ],
)
def test_network_get_gives_the_address_of_the_relation(
    source: AddressSource, bind: str, ingress: str, address: str
) -> None:
    tools = HookTools()
    hook = run_hook(
        "update_status",
        make_relation(1),
        make_relation(2),
        make=at(source),
        tools=tools,
        networks=[make_network(bind=bind, ingress=ingress)],
    )
    assert hook.databags == {1: unit_only(address), 2: unit_only(address)}
    assert hook.log == []
    assert [call for call in tools.calls if call.tool == "network-get"] == [
        Call("network-get", 1),
        Call("network-get", 2),
    ]


def test_each_relation_gets_the_address_that_network_get_has_for_it() -> None:
    answer: Any = {
        "bind-addresses": [],
        "ingress-addresses": ["198.51.100.2"],
        "egress-subnets": [],
    }
    hook = run_hook(
        "update_status",
        make_relation(1),
        make_relation(2),
        make=at(AddressSource.INGRESS),
        tools=HookTools({Call("network-get", 2): answer}),
        networks=[make_network(ingress="192.0.2.7")],
    )
    assert hook.databags == {1: unit_only("192.0.2.7"), 2: unit_only("198.51.100.2")}


@pytest.mark.parametrize("source", [AddressSource.INGRESS, AddressSource.BIND])
def test_without_an_address_from_network_get_none_is_published(source: AddressSource) -> None:
    hook = run_hook("update_status", make_relation(1), make=at(source), networks=[make_network()])
    assert hook.databags == {1: NAME_ONLY}
    assert hook.log == [LINE]


@pytest.mark.parametrize("source", ["10.0.0.1", AddressSource.INGRESS, AddressSource.BIND])
def test_the_fqdn_is_not_asked_for_when_the_address_comes_from_elsewhere(
    source: UnitAddress, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> str:
        raise AssertionError("asked")

    monkeypatch.setattr(socket, "getfqdn", fail)
    networks = [make_network(bind="10.0.0.7", ingress="192.0.2.7")]
    hook = run_hook("relation_joined", make_relation(1), make=at(source), networks=networks)
    assert hook.databags[1][0] == DEFAULT[0]


def test_problems_include_the_address_that_was_not_published() -> None:
    context = make_context(at(lambda _: "a b"))
    state = make_state([make_relation(1), make_relation(2)])
    with context(context.on.update_status(), state) as manager:
        assert manager.charm.provider.problems() == []
        manager.run()
        assert manager.charm.provider.problems() == [
            Problem("error", "parca_scrape_unit_address", RULE, 1, "parca"),
            Problem("error", "parca_scrape_unit_address", RULE, 2, "parca"),
        ]


def test_an_address_that_is_not_a_host_is_logged_once_per_hook() -> None:
    def make(charm: ops.CharmBase) -> ProfilingEndpointProvider:
        provider = ProfilingEndpointProvider(charm, unit_address=lambda _: "a b")
        provider.set_scrape_job_spec()
        return provider

    hook = run_hook("update_status", make_relation(1), make=make)
    assert hook.log == [LINE]


def test_unit_address_is_keyword_only() -> None:
    make: Any = ProfilingEndpointProvider
    with pytest.raises(TypeError):
        run_hook(
            "start", make=lambda charm: make(charm, "profiling-endpoint", None, None, "10.0.0.1")
        )


@pytest.mark.parametrize(
    ("found", "published"),
    [
        (ipaddress.ip_address("192.0.2.7"), "192.0.2.7"),
        (ipaddress.ip_address("2001:db8::7"), "[2001:db8::7]"),
    ],
)
def test_a_function_may_return_an_ip_address_object(found: object, published: str) -> None:
    hook = run_hook("relation_joined", make_relation(1), make=at(function_to(found)))
    assert hook.databags[1][1]["parca_scrape_unit_address"] == published


def test_a_function_that_returns_none_fails_no_hook() -> None:
    hook = run_hook("update_status", make_relation(1), make=at(function_to(None)))
    assert (hook.databags, hook.log) == ({1: NAME_ONLY}, [LINE])


@pytest.mark.parametrize("wrong", [None, 5, ipaddress.ip_address("192.0.2.7")])
def test_any_other_source_of_addresses_is_refused_at_once(wrong: object) -> None:
    with pytest.raises(InvalidJobError) as raised:
        run_hook("start", make=at(cast("UnitAddress", wrong)))
    assert str(raised.value) == f"unit_address: {RULE}"
