"""The helpers for the tests of charms, and the certificates for them."""

from __future__ import annotations

import contextlib
import json
import ssl
import subprocess
import sys
from pathlib import Path
from typing import Callable, Dict, List

import ops
import pytest
from ops import testing

from parca_scrape import (
    DEFAULT_JOB,
    AddressSource,
    DatabagError,
    HostMap,
    InvalidJobError,
    Job,
    ProfilingEndpointConsumer,
    ProfilingEndpointProvider,
    ScrapeConfig,
    StaticConfig,
    TLSConfig,
    Topology,
)
from parca_scrape.jobs import SHARED_JOB_NAME_RULE
from parca_scrape.testing import (
    CA,
    CERTIFICATE,
    KEY,
    ProviderData,
    published,
    relation_for_provider,
    relation_for_requirer,
    scraped,
)

ENDPOINT = "profiling"
JOB = Job(
    static_configs=[StaticConfig(targets=["*:6060"], labels={"team": "shop"})],
    scheme="https",
    tls_config=TLSConfig(ca=CA, cert=CERTIFICATE, key=KEY),
)
MODEL = testing.Model(name="market", uuid="12de4fae-06cc-4ceb-9089-567be09fec78")
SHOP = Topology(
    model="market",
    model_uuid="12de4fae-06cc-4ceb-9089-567be09fec78",
    application="shop",
    unit="shop/0",
    charm_name="shop",
)
TYPICAL_JOB = Job(static_configs=[StaticConfig(targets=["*:6060"])])
SHOP_HOST = "shop-0.shop-endpoints.market.svc.cluster.local"


class ShopCharm(ops.CharmBase):
    def __init__(self, framework: ops.Framework) -> None:
        super().__init__(framework)
        self.profiling = ProfilingEndpointProvider(
            self, ENDPOINT, jobs=[JOB], unit_address=AddressSource.INGRESS
        )


class ParcaCharm(ops.CharmBase):
    def __init__(self, framework: ops.Framework) -> None:
        super().__init__(framework)
        self.profiling = ProfilingEndpointConsumer(self, ENDPOINT)


def describe(name: str, role: str) -> Dict[str, object]:
    """Return the metadata of a charm."""
    return {"name": name, role: {ENDPOINT: {"interface": "parca_scrape"}}}


def run_shop(*, leader: bool) -> testing.RelationBase:
    """Return the relation after the charm that is profiled has joined it."""
    context = testing.Context(ShopCharm, meta=describe("shop", "provides"))
    relation = relation_for_provider(ENDPOINT)
    state = testing.State(relations=[relation], leader=leader, model=MODEL)
    event = context.on.relation_joined(relation, remote_unit=0)
    return context.run(event, state).get_relation(relation.id)


def run_parca(*relations: testing.Relation) -> List[ScrapeConfig]:
    """Return what the Parca charm serves."""
    context = testing.Context(ParcaCharm, meta=describe("parca", "requires"))
    with context(context.on.start(), testing.State(relations=relations)) as manager:
        served: List[ScrapeConfig] = manager.charm.profiling.jobs()
        return served


def test_what_a_leader_published_is_returned_as_typed_values() -> None:
    expected = ProviderData(jobs=(JOB,), topology=SHOP, hosts=HostMap({"shop/0": "192.0.2.0"}))
    assert published(run_shop(leader=True)) == expected


def test_a_unit_that_is_no_leader_published_its_address_only() -> None:
    relation = run_shop(leader=False)
    assert published(relation) == ProviderData(hosts=HostMap({"shop/0": "192.0.2.0"}))
    assert scraped(relation) == []


def test_before_a_charm_has_run_nothing_is_published() -> None:
    relation = relation_for_provider(ENDPOINT)
    assert published(relation) == ProviderData()
    assert scraped(relation) == []


def test_what_a_provider_published_is_scraped() -> None:
    relation = run_shop(leader=True)
    [scrape_config] = scraped(relation)
    assert scrape_config["job_name"] == "market_12de4fae_shop"
    assert scrape_config["static_configs"] == [
        {
            "targets": ["192.0.2.0:6060"],
            "labels": {"team": "shop", **SHOP.label_matcher_dict, "juju_unit": "shop/0"},
        }
    ]
    assert scrape_config.get("tls_config") == {"ca": CA, "cert": CERTIFICATE, "key": KEY}


def test_the_relation_of_a_provider_has_units_of_parca() -> None:
    relation = relation_for_provider(ENDPOINT, app_name="parca-k8s", units=2)
    assert (relation.endpoint, relation.interface) == (ENDPOINT, "parca_scrape")
    assert relation.remote_app_name == "parca-k8s"
    assert relation.remote_app_data == {}
    assert relation.remote_units_data == {
        0: {
            "egress-subnets": "192.0.2.1/32",
            "ingress-address": "192.0.2.1",
            "private-address": "192.0.2.1",
        },
        1: {
            "egress-subnets": "192.0.2.2/32",
            "ingress-address": "192.0.2.2",
            "private-address": "192.0.2.2",
        },
    }


def test_the_relation_of_a_requirer_has_a_typical_application() -> None:
    relation = relation_for_requirer(ENDPOINT)
    assert (relation.interface, relation.remote_app_name) == ("parca_scrape", "shop")
    assert published(relation) == ProviderData(
        jobs=(TYPICAL_JOB,), topology=SHOP, hosts=HostMap({"shop/0": SHOP_HOST})
    )


def test_the_relation_of_a_requirer_holds_what_it_is_given() -> None:
    topology = Topology("elsewhere", SHOP.model_uuid, "cart", "cart/3", "cart-k8s")
    relation = relation_for_requirer(
        ENDPOINT,
        app_name="remote-1",
        jobs=[JOB, {"job_name": "second", "static_configs": [{"targets": ["*:7070"]}]}],
        topology=topology,
        addresses={3: "10.0.0.3", 7: "fd00::7", 8: ""},
    )
    assert relation.remote_app_name == "remote-1"
    assert {**relation.remote_units_data[7]} == {
        "egress-subnets": "192.0.2.8/32",
        "ingress-address": "192.0.2.8",
        "private-address": "192.0.2.8",
        "parca_scrape_unit_address": "[fd00::7]",
        "parca_scrape_unit_name": "cart/7",
    }
    [targets_of_first, targets_of_second] = list_targets(scraped(relation))
    assert targets_of_first == ["10.0.0.3:6060", "[fd00::7]:6060"]
    assert targets_of_second == ["10.0.0.3:7070", "[fd00::7]:7070"]


def list_targets(scrape_configs: List[ScrapeConfig]) -> List[List[str]]:
    """Return the targets of each scrape config."""
    return [
        [
            target
            for static_config in scrape_config["static_configs"]
            for target in static_config["targets"]
        ]
        for scrape_config in scrape_configs
    ]


def test_no_jobs_is_not_the_same_as_the_typical_job() -> None:
    relation = relation_for_requirer(ENDPOINT, jobs=[])
    assert published(relation).jobs == ()
    assert scraped(relation) == []


def test_another_application_has_names_of_its_own() -> None:
    relation = relation_for_requirer(ENDPOINT, app_name="cart")
    assert relation.remote_app_name == "cart"
    [scrape_config] = scraped(relation)
    assert scrape_config["job_name"] == "market_12de4fae_cart"
    assert list_targets([scrape_config]) == [
        ["cart-0.cart-endpoints.market.svc.cluster.local:6060"]
    ]


@pytest.mark.parametrize(
    "relations",
    [
        [relation_for_requirer(ENDPOINT)],
        [relation_for_requirer(ENDPOINT), relation_for_requirer(ENDPOINT, app_name="cart")],
        [
            relation_for_requirer(ENDPOINT, jobs=[{"job_name": "a"}]),
            relation_for_requirer(ENDPOINT, jobs=[{"job_name": "a", "scheme": "https"}]),
        ],
        [relation_for_requirer(ENDPOINT, app_data={"scrape_jobs": "rubbish"})],
        [relation_for_requirer(ENDPOINT, units_data={0: {"parca_scrape_host": "10.0.0.1"}})],
        [relation_for_requirer(ENDPOINT), relation_for_requirer(ENDPOINT, units_data={})],
    ],
    ids=["typical", "two applications", "one name", "rubbish", "legacy address", "no units"],
)
def test_what_is_scraped_is_what_the_consumer_returns(
    relations: List[testing.Relation],
) -> None:
    assert run_parca(*relations) == scraped(*reversed(relations))


def test_rubbish_on_purpose_is_passed_on_as_it_is() -> None:
    app_data = {"scrape_jobs": "[{]", "other": "\ud800"}
    units_data = {4: {"parca_scrape_unit_address": "no host", "x": ""}}
    relation = relation_for_requirer(ENDPOINT, app_data=app_data, units_data=units_data)
    assert relation.remote_app_data == app_data
    assert relation.remote_units_data == units_data


@pytest.mark.parametrize(
    ("jobs", "error"),
    [
        (
            [{"labels": {1, 2}, "scheme": {1}}],
            "jobs[0]: must be JSON: Object of type set is not JSON serializable",
        ),
        (["*:6060"], "jobs[0]: must be a mapping or a Job"),
        (6060, "jobs: must be a list of scrape jobs"),
        ([TYPICAL_JOB, DEFAULT_JOB], f"jobs[1].job_name: {SHARED_JOB_NAME_RULE}"),
    ],
)
def test_jobs_that_no_charm_can_publish_are_refused(jobs: List[Job], error: str) -> None:
    with pytest.raises(InvalidJobError) as raised:
        relation_for_requirer(ENDPOINT, jobs=jobs)
    assert str(raised.value) == error


def test_an_address_that_no_unit_can_publish_is_refused() -> None:
    with pytest.raises(InvalidJobError) as raised:
        relation_for_requirer(ENDPOINT, addresses={0: "10.0.0.1", 2: "10.0.0.1:80"})
    assert str(raised.value).startswith("addresses[2]: must be ")


def test_a_name_that_makes_no_address_is_refused() -> None:
    with pytest.raises(InvalidJobError) as raised:
        relation_for_requirer(ENDPOINT, app_name="shop/0")
    assert str(raised.value).startswith("application: must be ")


def test_a_topology_that_no_charm_can_publish_is_refused() -> None:
    with pytest.raises(InvalidJobError) as raised:
        relation_for_requirer(ENDPOINT, topology=Topology("market", "0190c5a1", "shop"))
    assert str(raised.value) == "scrape_metadata.model_uuid: must be a UUID"


def test_two_arguments_for_one_databag_are_refused() -> None:
    with pytest.raises(TypeError, match=r"^app_data replaces jobs and topology: leave them out$"):
        relation_for_requirer(ENDPOINT, app_data={}, jobs=[])
    with pytest.raises(TypeError, match=r"^app_data replaces jobs and topology: leave them out$"):
        relation_for_requirer(ENDPOINT, app_data={}, topology=SHOP)
    with pytest.raises(TypeError, match=r"^units_data replaces addresses: leave them out$"):
        relation_for_requirer(ENDPOINT, units_data={}, addresses={})


def test_published_reports_everything_that_is_wrong() -> None:
    relation = relation_for_requirer(
        ENDPOINT,
        app_data={"scrape_jobs": json.dumps([{"scheme": "ftp"}])},
        units_data={0: {"parca_scrape_unit_address": "no host"}},
    )
    with pytest.raises(DatabagError) as raised:
        published(relation)
    places = [(problem.unit, problem.path) for problem in raised.value.problems]
    assert places == [("", "scrape_jobs[0].scheme"), ("shop/0", "parca_scrape_unit_address")]


def test_published_is_strict_without_units_and_returns_the_jobs() -> None:
    relation = relation_for_requirer(ENDPOINT, addresses={})
    assert published(relation) == ProviderData(jobs=(TYPICAL_JOB,), topology=SHOP)
    rubbish = relation_for_requirer(ENDPOINT, app_data={"scrape_jobs": "x"}, units_data={})
    with pytest.raises(DatabagError, match=r"^error: scrape_jobs: must be valid JSON"):
        published(rubbish)


def test_published_reports_what_only_shows_beside_other_units_and_jobs() -> None:
    same_unit = {"parca_scrape_unit_name": "shop/0", "parca_scrape_unit_address": "10.0.0.1"}
    units = relation_for_requirer(ENDPOINT, units_data={0: same_unit, 1: same_unit})
    with pytest.raises(DatabagError, match="parca_scrape_unit_name: another unit published"):
        published(units)
    jobs = relation_for_requirer(ENDPOINT, jobs=[{}, {"scheme": "https"}])
    with pytest.raises(DatabagError, match="scrape_jobs: another job has the same name"):
        published(jobs)


@pytest.mark.parametrize("function", [published, scraped])
def test_relations_of_other_interfaces_are_refused(
    function: Callable[[testing.RelationBase], object],
) -> None:
    metrics = testing.Relation(
        "metrics-endpoint", "prometheus_scrape", local_app_data={"scrape_jobs": "[]"}
    )
    line = "^must be a relation of parca_scrape, not prometheus_scrape$"
    with pytest.raises(TypeError, match=line):
        function(metrics)


@pytest.mark.parametrize("function", [published, scraped])
def test_only_relations_between_applications_have_a_provider(
    function: Callable[[testing.RelationBase], object],
) -> None:
    with pytest.raises(
        TypeError, match=r"^must be an ops\.testing\.Relation, not a PeerRelation$"
    ):
        function(testing.PeerRelation("peers"))


# How ops notices that it is there: by its import, or by what is installed.
WITHOUT_SCENARIO = """\
import importlib.metadata, sys

def version(name):
    raise importlib.metadata.PackageNotFoundError(name)

sys.modules["scenario"] = None
importlib.metadata.version = version
"""


def test_the_helpers_are_not_imported_with_the_library() -> None:
    code = (
        "import sys, parca_scrape.consumer, parca_scrape.provider;"
        "print({'parca_scrape.testing', 'scenario'} & {*sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_without_the_extra_the_import_says_what_to_install() -> None:
    code = WITHOUT_SCENARIO + "import parca_scrape.testing"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert done.stderr.splitlines()[-1] == (
        "ImportError: parca_scrape.testing needs ops.testing: install parca-scrape[testing]"
    )


@pytest.mark.parametrize("host", ["localhost", "shop.example.com", "127.0.0.1", "::1"])
def test_the_certificate_and_its_key_are_good_for_tls_in_both_directions(
    host: str, tmp_path: Path
) -> None:
    end = ssl.cert_time_to_seconds("Jan  1 00:00:00 2126 GMT")
    assert [ssl.cert_time_to_seconds(text) for text in shake_hands(host, tmp_path)] == [end, end]


def test_the_certificate_is_not_for_other_hosts(tmp_path: Path) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands("elsewhere.test", tmp_path)


def shake_hands(host: str, folder: Path) -> List[str]:
    """Return until when each side's certificate is valid, as the other side sees it."""
    file = folder / "both.pem"
    file.write_text(CERTIFICATE + KEY, encoding="ascii")
    contexts = [
        ssl.create_default_context(purpose, cadata=CA)
        for purpose in (ssl.Purpose.CLIENT_AUTH, ssl.Purpose.SERVER_AUTH)
    ]
    for context in contexts:
        context.load_cert_chain(file)
        context.verify_mode = ssl.CERT_REQUIRED
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = contexts[0].wrap_bio(to_server, to_client, server_side=True)
    client = contexts[1].wrap_bio(to_client, to_server, server_hostname=host)
    for side in (client, server, client, server):
        with contextlib.suppress(ssl.SSLWantReadError):
            side.do_handshake()
    certificates = [side.getpeercert() or {} for side in (server, client)]
    return [str(certificate["notAfter"]) for certificate in certificates]
