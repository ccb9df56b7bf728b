"""A model of machines whose Parca is to move, with what is related to it."""

from __future__ import annotations

from typing import Mapping, Tuple

from tests.cli.deployed import CERTIFICATE, REMOTE, idle, write_app, write_unit
from tests.cli.deployments import Application, Databag, Deployment, Relation, Side, Unit

MODEL = "lma"
MODEL_UUID = "3d5c8a10-6b7e-4f2a-8c3d-91e0f4b2a6c7"
EDGE_UUID = "5b0f7c26-19de-4a83-b7c4-60d2e8a1f935"
PARCA = Application("parca", "ch:amd64/parca-299", ("10.23.4.5",), "0.24.2", ("0",), ("7070/tcp",))


def write(application: str, charm: str, *jobs: Mapping[str, object]) -> Databag:
    """Return the databag of an application in the model."""
    return write_app(application, charm, *jobs, model=MODEL, model_uuid=MODEL_UUID)


def scraped(name: str, databag: Databag, *units: Unit) -> Tuple[Side, Side]:
    """Return the sides of a relation to Parca."""
    return (
        Side(name, "profiling-endpoint", units, databag),
        Side("parca", "profiling-endpoint", idle(PARCA)),
    )


INTROSPECT = scraped(
    "juju-introspect",
    write(
        "juju-introspect",
        "juju-introspect",
        {
            "static_configs": [{"targets": ["*:6000"]}],
            "job_name": "jujud",
            "profiling_config": {"path_prefix": "/agents/machine-0"},
        },
    ),
    Unit("juju-introspect/0", "10.23.4.11", write_unit("juju-introspect/0", "juju-d4a6b7-0.lxd")),
    Unit("juju-introspect/1", "10.23.4.12", write_unit("juju-introspect/1", "juju-d4a6b7-1.lxd")),
)
# Its settings turn one profile off and another one on.
GATEWAY = scraped(
    "gateway",
    write(
        "gateway",
        "gateway",
        {
            "static_configs": [{"targets": ["*:8443"]}],
            "scheme": "https",
            "tls_config": {"ca": CERTIFICATE},
            "profiling_config": {
                "pprof_config": {
                    "block": {"enabled": False},
                    "fgprof": {"enabled": True, "path": "/debug/fgprof"},
                }
            },
        },
    ),
    Unit("gateway/0", "10.23.4.21", write_unit("gateway/0", "10.23.4.21")),
)
# It names targets outside Juju, and nothing listens on its unit.
SCRAPE_TARGET = scraped(
    "scrape-target",
    write(
        "scrape-target",
        "parca-scrape-target",
        {"static_configs": [{"targets": ["payments.example.com:6060", "10.64.3.7:6060"]}]},
    ),
    Unit("scrape-target/0", "10.23.4.31", write_unit("scrape-target/0", "scrape-target-0")),
)
# A label that Parca cannot store, and a target that it cannot scrape.
SHOP = scraped(
    "shop",
    write(
        "shop",
        "shop",
        {
            "static_configs": [
                {
                    "targets": ["*:8080", "shop.example.com:0"],
                    "labels": {"team;region": "eu", "tier": "web"},
                }
            ]
        },
    ),
    Unit("shop/0", "10.23.4.41", write_unit("shop/0", "ip-10-23-4-41.ec2.internal")),
)
# What was published before units had names.
LEDGER = scraped(
    "ledger",
    write("ledger", "ledger", {"static_configs": [{"targets": ["*:6061"]}]}),
    Unit("ledger/0", "10.23.4.51", {"parca_scrape_host": "10.23.4.51"}),
)
# It is in another model, whose applications use an offer of the old Parca.
ZINC = scraped(
    REMOTE,
    write_app(
        "zinc",
        "zinc-k8s",
        {"static_configs": [{"targets": ["*:4080"]}]},
        model="edge",
        model_uuid=EDGE_UUID,
    ),
    Unit(
        f"{REMOTE}/0",
        "10.1.80.21",
        write_unit("zinc/0", "zinc-0.zinc-endpoints.edge.svc.cluster.local"),
    ),
)
AGENT = (
    Side("parca", "parca-store-endpoint", idle(PARCA), {"remote-store-address": "10.23.4.5:7070"}),
    Side("parca-agent", "parca-store-endpoint", (Unit("parca-agent/0", "10.23.4.61"),)),
)
PROMETHEUS = (
    Side("parca", "metrics-endpoint", idle(PARCA), {"scrape_jobs": "[]"}),
    Side("prometheus", "metrics-endpoint", (Unit("prometheus/0", "10.1.80.9"),)),
)
APPLICATIONS = (
    Application(
        "juju-introspect",
        "ch:amd64/juju-introspect-9",
        ("10.23.4.11", "10.23.4.12"),
        machines=("1", "2"),
    ),
    Application("gateway", "local:gateway-3", ("10.23.4.21",), machines=("3",)),
    Application(
        "scrape-target", "ch:amd64/parca-scrape-target-11", ("10.23.4.31",), machines=("4",)
    ),
    Application("shop", "local:shop-7", ("10.23.4.41",), machines=("5",)),
    Application("ledger", "local:ledger-1", ("10.23.4.51",), machines=("6",)),
    Application("parca-agent", "ch:amd64/parca-agent-30", ("10.23.4.61",), machines=("7",)),
)
MACHINES = Deployment(
    (PARCA, *APPLICATIONS),
    (
        Relation(2, AGENT),
        Relation(4, INTROSPECT),
        Relation(5, GATEWAY),
        Relation(7, SCRAPE_TARGET),
        Relation(8, PROMETHEUS, is_cross_model=True),
        Relation(9, SHOP),
        Relation(11, LEDGER),
        Relation(14, ZINC, is_cross_model=True),
    ),
)
"""Six applications of different kinds, and two that are no providers."""
