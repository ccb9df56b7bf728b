"""Tests of the charm, without Juju."""

from __future__ import annotations

import dataclasses
import json
import socket
from collections.abc import Mapping
from datetime import timedelta

import pytest
from charm import CERTIFICATE_PATH, KEY_PATH, ShopCharm
from charmlibs.interfaces.tls_certificates import (
    Certificate,
    CertificateRequestAttributes,
    CertificateSigningRequest,
    PrivateKey,
)
from ops import pebble, testing

from parca_scrape import HostMap, Job, StaticConfig, TLSConfig
from parca_scrape.testing import published, relation_for_provider

FQDN = "shop-k8s-0.shop-k8s-endpoints.market.svc.cluster.local"
ONE_DAY = timedelta(days=1)
CA_KEY = PrivateKey.generate()
CA = Certificate.generate_self_signed_ca(CertificateRequestAttributes("CA"), CA_KEY, ONE_DAY)


@pytest.fixture(autouse=True)
def in_kubernetes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the machine that runs the tests the name of a unit."""
    monkeypatch.setattr(socket, "getfqdn", lambda: FQDN)


def get_relation(state: testing.State, endpoint: str) -> testing.Relation:
    [relation] = state.get_relations(endpoint)
    assert isinstance(relation, testing.Relation)
    return relation


def request_certificate(context: testing.Context[ShopCharm]) -> testing.State:
    """Return the state of a leader that is related to Parca and has requested a certificate."""
    certificates = testing.Relation("certificates")
    state = testing.State(
        relations={certificates, relation_for_provider("profiling-endpoint")},
        containers={testing.Container("shop", can_connect=True)},
        leader=True,
    )
    return context.run(context.on.relation_created(certificates), state)


def issue_certificate(context: testing.Context[ShopCharm]) -> testing.State:
    """Return the state of the leader after the CA has issued the certificate."""
    state = request_certificate(context)
    relation = get_relation(state, "certificates")
    databag: Mapping[str, str] = relation.local_unit_data
    [request] = json.loads(databag["certificate_signing_requests"])
    text = request["certificate_signing_request"]
    certificate = CertificateSigningRequest.from_string(text).sign(CA, CA_KEY, ONE_DAY)
    issued = {
        "certificate_signing_request": text,
        "certificate": str(certificate),
        "ca": str(CA),
        "chain": [str(certificate), str(CA)],
    }
    relation = dataclasses.replace(
        relation, remote_app_data={"certificates": json.dumps([issued])}
    )
    parca = get_relation(state, "profiling-endpoint")
    state = dataclasses.replace(state, relations=frozenset({relation, parca}))
    return context.run(context.on.relation_changed(relation, remote_unit=0), state)


def make_job(port: int) -> Job:
    """Return the job that Parca should scrape."""
    static_config = StaticConfig(targets=[f"*:{port}"])
    return Job(static_configs=[static_config], scheme="https", tls_config=TLSConfig(ca=str(CA)))


def test_parca_scrapes_the_shop_over_tls_once_there_is_a_certificate() -> None:
    context = testing.Context(ShopCharm)
    state = issue_certificate(context)
    assert published(get_relation(state, "profiling-endpoint")).jobs == (make_job(6060),)
    assert state.unit_status == testing.ActiveStatus()


def test_parca_scrapes_nothing_without_a_certificate() -> None:
    context = testing.Context(ShopCharm)
    state = context.run(context.on.config_changed(), request_certificate(context))
    assert published(get_relation(state, "profiling-endpoint")).jobs == ()
    assert state.unit_status == testing.BlockedStatus("no certificate: integrate certificates")


def test_parca_scrapes_nothing_once_the_certificate_is_gone() -> None:
    context = testing.Context(ShopCharm)
    state = issue_certificate(context)
    relation = get_relation(state, "certificates")
    state = context.run(context.on.relation_broken(relation), state)
    assert published(get_relation(state, "profiling-endpoint")).jobs == ()


def test_the_certificate_is_for_the_name_that_the_unit_publishes() -> None:
    context = testing.Context(ShopCharm)
    state = issue_certificate(context)
    filesystem = state.get_container("shop").get_filesystem(context)
    certificate, key = (
        (filesystem / path.lstrip("/")).read_text() for path in (CERTIFICATE_PATH, KEY_PATH)
    )
    assert Certificate.from_string(certificate).sans_dns == {FQDN}
    assert Certificate.from_string(certificate).matches_private_key(PrivateKey.from_string(key))
    hosts = published(get_relation(state, "profiling-endpoint")).hosts
    assert hosts == HostMap({"shop-k8s/0": FQDN})


def test_the_shop_runs_in_a_new_container() -> None:
    context = testing.Context(ShopCharm)
    container = testing.Container("shop", can_connect=True)
    state = dataclasses.replace(issue_certificate(context), containers=frozenset({container}))
    state = context.run(context.on.pebble_ready(container), state)
    statuses = state.get_container("shop").service_statuses
    assert statuses == {"shop": pebble.ServiceStatus.ACTIVE}


def test_another_certificate_changes_the_plan_so_that_the_shop_restarts() -> None:
    context = testing.Context(ShopCharm)
    one, other = (issue_certificate(context).get_container("shop").plan for _ in range(2))
    assert one != other


def test_the_port_is_that_of_the_configuration() -> None:
    context = testing.Context(ShopCharm)
    state = issue_certificate(context)
    state = dataclasses.replace(state, config={"pprof-port": 7070})
    state = context.run(context.on.config_changed(), state)
    assert published(get_relation(state, "profiling-endpoint")).jobs == (make_job(7070),)
    [service] = state.get_container("shop").plan.services.values()
    assert " --pprof-address=:7070 " in service.command


def test_a_bad_port_is_in_the_status_and_the_shop_keeps_the_old_one() -> None:
    context = testing.Context(ShopCharm)
    before = issue_certificate(context)
    state = dataclasses.replace(before, config={"pprof-port": 70000})
    state = context.run(context.on.config_changed(), state)
    line = "error: jobs[0].static_configs[0].targets[0]: must be host:port or *:port"
    assert isinstance(state.unit_status, testing.BlockedStatus)
    assert state.unit_status.message.startswith(line)
    assert state.get_container("shop").plan == before.get_container("shop").plan
