"""Deployments that the command line is tried with."""

from __future__ import annotations

import json
from typing import Dict, Mapping, Tuple

from tests.cli.deployments import Application, Databag, Deployment, Relation, Side, Unit

MODEL_UUID = "6f2c1d0e-83b4-4c6b-9a51-2d7c1f0b9e34"
EDGE_UUID = "0197a3c2-5d1e-7b64-9c3f-8e21d4a6b705"
REMOTE = "remote-5e0d9c7ab21f4d0f8a6b3c4d5e6f7a8b"
"""What the offering model calls the application that uses its offer."""
CERTIFICATE = """\
-----BEGIN CERTIFICATE-----
MIIBeDCCAR2gAwIBAgIUWK1Sy8KYo1M2RXncpCr4W61Z7fYwCgYIKoZIzj0EAwIw
ETEPMA0GA1UEAwwGY29zLWNhMB4XDTI2MTEyNDE0MTc1MloXDTM2MTEyMTE0MTc1
MlowETEPMA0GA1UEAwwGY29zLWNhMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE
f4tqZiz2lY8l9/oi1P0GKsKDJegi3qfqCYmBW+ve1i0w7Sovbje+zzNs6xF2lbUZ
LLPLardOEnQ/bjvlx0KrxaNTMFEwHQYDVR0OBBYEFEdnm7Dl1Y3HOfy2+Enx6MYv
aF4CMB8GA1UdIwQYMBaAFEdnm7Dl1Y3HOfy2+Enx6MYvaF4CMA8GA1UdEwEB/wQF
MAMBAf8wCgYIKoZIzj0EAwIDSQAwRgIhANqt7Toor3dkCRt3Ys76So3U0jpwYoYZ
E0nWE8eSLflLAiEA7jSUbKgh2cQIaf8gmrsFOuQtXtXMXnBuJEUUuDsLGYQ=
-----END CERTIFICATE-----
"""

PARCA = Application("parca", "ch:amd64/parca-k8s-401", ("10.1.80.14",), "0.24.2")
ZINC = Application("zinc", "ch:amd64/zinc-k8s-176", ("10.1.80.21", "10.1.80.22"), "0.4.10")
GRAFANA = Application("grafana", "ch:amd64/grafana-k8s-151", ("10.1.80.30",), "11.4.0")
SHOP = Application("shop", "local:shop-k8s-3", ("10.1.80.40", "10.1.80.41", "10.1.80.42"))
TRAEFIK = Application("traefik", "ch:amd64/traefik-k8s-236", ("10.1.80.50",), "2.11.0")
CERTIFICATES = Application("ca", "ch:amd64/self-signed-certificates-264", ("10.1.80.60",))
PARCA_ON_MACHINE = Application(
    "parca", "ch:amd64/parca-299", ("10.23.4.5",), "0.24.2", ("0",), ("7070/tcp",)
)
PARCA_EDGE = Application("parca-edge", "ch:amd64/parca-k8s-401", ("10.1.80.15",), "0.24.2")
DATABASE = Application(
    "database", "ch:amd64/database-k8s-12", ("10.1.80.70", "10.1.80.71", "10.1.80.72"), "14.10"
)
INTROSPECT = Application(
    "juju-introspect",
    "ch:amd64/juju-introspect-9",
    ("10.23.4.11", "10.23.4.12", "10.23.4.13"),
    machines=("0", "1", "2/lxd/0"),
    opened_ports=("6000/tcp",),
)


def write_app(
    application: str,
    charm: str,
    *jobs: Mapping[str, object],
    model: str = "cos",
    model_uuid: str = MODEL_UUID,
) -> Databag:
    """Return the databag of a provider application."""
    metadata = {
        "model": model,
        "model_uuid": model_uuid,
        "application": application,
        "unit": f"{application}/0",
        "charm_name": charm,
    }
    return {"scrape_jobs": json.dumps(jobs), "scrape_metadata": json.dumps(metadata)}


def write_unit(unit_name: str, address: str) -> Databag:
    """Return the databag of a provider unit."""
    return {"parca_scrape_unit_address": address, "parca_scrape_unit_name": unit_name}


def idle(application: Application) -> Tuple[Unit, ...]:
    """Return units whose charm writes nothing."""
    return tuple(map(Unit, application.unit_names, application.addresses))


def on_kubernetes(application: Application) -> Tuple[Unit, ...]:
    """Return units that publish the name of their pod."""
    suffix = f"{application.name}-endpoints.cos.svc.cluster.local"
    return tuple(
        Unit(name, address, write_unit(name, f"{name.replace('/', '-')}.{suffix}"))
        for name, address in zip(application.unit_names, application.addresses)
    )


def on_machines(application: Application) -> Tuple[Unit, ...]:
    """Return units that publish the name of their container."""
    return tuple(
        Unit(name, address, write_unit(name, f"juju-d4a6b7-{number}.lxd"))
        for number, (name, address) in enumerate(
            zip(application.unit_names, application.addresses)
        )
    )


def scraped(provider: Application, jobs: Databag, units: Tuple[Unit, ...]) -> Tuple[Side, Side]:
    """Return the sides of a relation of a provider to Parca."""
    parca = PARCA_ON_MACHINE if provider.machines else PARCA
    return (
        Side(provider.name, "profiling-endpoint", units, jobs),
        Side("parca", "profiling-endpoint", idle(parca)),
    )


ZINC_JOBS = write_app("zinc", "zinc-k8s", {"static_configs": [{"targets": ["*:4080"]}]})
GRAFANA_JOBS = write_app(
    "grafana",
    "grafana-k8s",
    {
        "static_configs": [{"targets": ["*:3000"]}],
        "scheme": "https",
        "tls_config": {"ca": CERTIFICATE},
    },
)
SHOP_JOBS = write_app(
    "shop",
    "shop-k8s",
    {
        "static_configs": [
            {
                "targets": ["*:8080", "http://shop.example.com/debug", "*:99999"],
                "labels": {"team": "Läden & <Märkte>", "": "payments"},
            }
        ],
        "job_name": "api",
        "scrape_interval": "0s",
    },
    {"static_configs": "*:8081", "job_name": "worker"},
    {
        "static_configs": [{"targets": ["*:8082"]}],
        "job_name": "cache",
        "profiling_config": {"pprof_config": {"fgprof": None, "block": {"enabled": "sometimes"}}},
        "tls_config": {"ca_file": "/etc/ssl/certs/shop.pem"},
    },
)
# A charm that writes its databag without the library, and has one unit that has yet to join.
SHOP_UNITS = (
    Unit(
        "shop/0",
        "10.1.80.40",
        {**on_kubernetes(SHOP)[0].databag, "note": 'said "it\'s\nup" <über>'},
    ),
    Unit("shop/1", "10.1.80.41", write_unit("shop/1", "http://10.1.80.41:8080")),
    Unit("shop/2", "10.1.80.42", is_in_scope=False),
)
INTROSPECT_JOBS = write_app(
    "juju-introspect",
    "juju-introspect",
    {
        "static_configs": [{"targets": ["*:6000"]}],
        "job_name": "jujud",
        "profiling_config": {"path_prefix": "/agents/machine-0"},
    },
    model="machines",
)
DATABASE_JOBS = write_app(
    "database",
    "database-k8s",
    {"static_configs": [{"targets": ["*:6060"]}]},
    {"static_configs": [{"targets": ["*:6061"]}], "job_name": "backup"},
)


def publish_self(parca: Application) -> Tuple[Tuple[Unit, ...], Databag]:
    """Return what a Parca publishes of itself."""
    jobs = {"static_configs": [{"targets": ["*:7070"]}]}
    return on_kubernetes(parca), write_app(parca.name, "parca-k8s", jobs)


KUBERNETES = Deployment(
    (PARCA, ZINC, GRAFANA, SHOP, TRAEFIK, CERTIFICATES),
    (
        Relation(
            3,
            (
                Side("traefik", "ingress", idle(TRAEFIK), {"ingress": "url: http://10.64.0.2/"}),
                Side("parca", "ingress", idle(PARCA), {"name": '"parca"', "port": "7070"}),
            ),
        ),
        Relation(
            5,
            (
                Side("ca", "certificates", idle(CERTIFICATES), {"certificates": "[]"}),
                Side("parca", "certificates", idle(PARCA)),
            ),
        ),
        Relation(7, scraped(ZINC, ZINC_JOBS, on_kubernetes(ZINC))),
        Relation(9, scraped(GRAFANA, GRAFANA_JOBS, on_kubernetes(GRAFANA))),
        Relation(12, scraped(SHOP, SHOP_JOBS, SHOP_UNITS)),
    ),
)
"""A healthy charm, one with TLS, one that publishes invalid data, and what is not profiling."""

MACHINE = Deployment(
    (PARCA_ON_MACHINE, INTROSPECT),
    (
        Relation(
            4,
            scraped(
                INTROSPECT,
                INTROSPECT_JOBS,
                (
                    *on_machines(INTROSPECT)[:2],
                    Unit("juju-introspect/2", "10.23.4.13", is_in_scope=False),
                ),
            ),
        ),
    ),
)
"""Machine charms; one unit has yet to join."""

BOTH_ROLES = Deployment(
    (PARCA, PARCA_EDGE),
    (
        Relation(
            6,
            (
                Side("parca-edge", "self-profiling-endpoint", *publish_self(PARCA_EDGE)),
                Side("parca", "profiling-endpoint", idle(PARCA)),
            ),
        ),
        Relation(
            8,
            (
                Side("parca", "self-profiling-endpoint", *publish_self(PARCA)),
                Side("parca-edge", "profiling-endpoint", idle(PARCA_EDGE)),
            ),
        ),
    ),
)
"""Two Parcas that profile each other."""

PEERS = Deployment(
    (PARCA, DATABASE),
    (
        Relation(
            1, (Side("database", "database-peers", idle(DATABASE), {"password-set": "true"}),)
        ),
        Relation(10, scraped(DATABASE, DATABASE_JOBS, on_kubernetes(DATABASE))),
    ),
)
"""A provider with a peer relation."""

ZINC_SIDE = Side(
    "zinc",
    "profiling-endpoint",
    on_kubernetes(ZINC),
    write_app(
        "zinc",
        "zinc-k8s",
        {"static_configs": [{"targets": ["*:4080"]}]},
        model="edge",
        model_uuid=EDGE_UUID,
    ),
)
PARCA_SIDE = Side("parca", "profiling-endpoint", idle(PARCA))


def across_models(provider: Side, requirer: Side) -> Relation:
    """Return a relation as one of the models knows it."""
    relation_id = 2 if requirer is PARCA_SIDE else 31
    return Relation(relation_id, (provider, requirer), is_cross_model=True)


def rename(side: Side, name: str) -> Side:
    """Return a side as the other model knows it."""
    units = tuple(
        Unit(f"{name}/{unit.name.partition('/')[2]}", unit.address, unit.databag)
        for unit in side.units
    )
    return Side(name, side.endpoint, units, side.app_databag)


CONSUMING = Deployment((PARCA,), (across_models(rename(ZINC_SIDE, "edge-zinc"), PARCA_SIDE),))
"""Parca uses an offer of zinc in another model, by the name edge-zinc."""
CONSUMED = Deployment((ZINC,), (across_models(ZINC_SIDE, rename(PARCA_SIDE, REMOTE)),))
"""The other model, which offers zinc."""
OFFERING = Deployment((PARCA,), (across_models(rename(ZINC_SIDE, REMOTE), PARCA_SIDE),))
"""Parca is offered, and zinc of another model uses the offer."""
OFFERED = Deployment((ZINC,), (across_models(ZINC_SIDE, rename(PARCA_SIDE, "cos-parca")),))
"""The other model, whose zinc uses the offer by the name cos-parca."""


def crowd(count: int) -> Deployment:
    """Return a deployment in which Parca has many relations, each to one unit."""
    applications = [
        Application(
            f"app-{number}", "ch:amd64/zinc-k8s-176", (f"10.2.{number // 250}.{number % 250}",)
        )
        for number in range(count)
    ]
    jobs = {"static_configs": [{"targets": ["*:4080"]}]}
    relations = [
        Relation(
            20 + number,
            scraped(
                application,
                write_app(application.name, "zinc-k8s", jobs),
                on_kubernetes(application),
            ),
        )
        for number, application in enumerate(applications)
    ]
    return Deployment((PARCA, *applications), tuple(relations))


DEPLOYMENTS: Dict[str, Deployment] = {
    "kubernetes": KUBERNETES,
    "machine": MACHINE,
    "both-roles": BOTH_ROLES,
    "peers": PEERS,
    "cross-model-consuming": CONSUMING,
    "cross-model-consumed": CONSUMED,
    "cross-model-offering": OFFERING,
    "cross-model-offered": OFFERED,
}
"""The deployments, by the name of their golden files."""
