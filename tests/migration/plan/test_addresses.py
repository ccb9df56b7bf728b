from __future__ import annotations

import pytest

from parca_scrape.migration.plan.addresses import Host, Reach, judge, list_choices, list_hosts
from tests.migration.plan.relations import ADDRESS, make_job, make_relation


@pytest.mark.parametrize(
    ("name", "reach"),
    [
        ("juju-d4a6b7-0", Reach.NO),
        ("juju-d4a6b7-0.lxd", Reach.NO),
        ("JUJU-D4A6B7-0.LXD.", Reach.NO),
        ("shop.local", Reach.NO),
        ("shop.localdomain", Reach.NO),
        ("shop.lan", Reach.NO),
        ("localhost", Reach.NO),
        ("127.0.0.1", Reach.NO),
        ("[::1]", Reach.NO),
        ("juju-d4a6b7-0.maas", Reach.UNKNOWN),
        ("ip-10-23-4-41.ec2.internal", Reach.UNKNOWN),
        ("zinc-0.zinc-endpoints.cos.svc.cluster.local", Reach.UNKNOWN),
        ("zinc.cos.svc", Reach.UNKNOWN),
        ("shop.example.com", Reach.UNKNOWN),
        ("10.23.4.41", Reach.ADDRESS),
        ("[fd42::1]", Reach.ADDRESS),
    ],
)
def test_a_host_resolves_or_not(name: str, reach: Reach) -> None:
    assert judge(name)[0] is reach


def test_the_addresses_of_units_count_only_if_a_job_is_for_the_units() -> None:
    relation = make_relation(make_job("api.example.com:80"), address="juju-1.lxd")
    assert [host.name for host in list_hosts(relation)] == ["api.example.com"]
    relation = make_relation(make_job("*:80", "api.example.com:80"), address="juju-1.lxd")
    assert [host.name for host in list_hosts(relation)] == ["juju-1.lxd", "api.example.com"]


def test_a_host_is_listed_once_and_a_unit_with_its_ingress_address() -> None:
    databag = {"parca_scrape_unit_address": "juju-1.lxd", "ingress-address": ADDRESS}
    relation = make_relation(make_job("*:80", "a.lxd:1", "a.lxd:2", "b:c:d"), unit_databag=databag)
    reason = "only the LXD host resolves it"
    path = "scrape_jobs[0].static_configs[0].targets[1]"
    assert list_hosts(relation) == [
        Host("shop/0", "juju-1.lxd", Reach.NO, reason, is_unit=True, ingress_address=ADDRESS),
        Host(path, "a.lxd", Reach.NO, reason),
    ]


def test_a_unit_without_an_address_is_not_listed() -> None:
    assert list_hosts(make_relation(make_job("*:80"), unit_databag={})) == []


def test_there_are_choices_only_for_hosts_that_do_not_resolve() -> None:
    unit = Host("shop/0", "juju-1.lxd", Reach.NO, "", is_unit=True, ingress_address=ADDRESS)
    silent = unit._replace(origin="shop/1", ingress_address="")
    target = Host("scrape_jobs[0]", "a.lxd", Reach.NO, "")
    assert list_choices([target._replace(reach=Reach.UNKNOWN)]) == []
    upgrade, ingress, dns, target_choice = list_choices([unit, silent, target])
    assert "unit_address=AddressSource.INGRESS to ProfilingEndpointProvider" in upgrade
    assert ingress.endswith(f"(now shop/0: {ADDRESS}). The input shows none for shop/1.")
    assert dns.startswith("Make the cluster resolve the names")
    assert list_choices([target]) == [target_choice]
    assert target_choice.startswith("In the configuration of the charm")
