"""Test helpers for charms on either side of the relation, for state-transition tests.

Install the extra `testing` where the charm's tests run. The helpers read and write databags, so
they also test a charm that vendors the library as a single file. Functions and arguments follow
the conventions for interface libraries of `canonical/charmlibs`
(`.docs/how-to/provide-relation-data-for-charm-tests.md`).
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from typing import Dict, Iterable, List, Mapping, Optional, Tuple, Union

from ops import testing

from parca_scrape._legacy import LEGACY_ADDRESS_KEY
from parca_scrape._names import RELATION_INTERFACE_NAME
from parca_scrape.cli.relations import RelationTexts
from parca_scrape.databag import (
    SCRAPE_JOBS_KEY,
    SCRAPE_METADATA_KEY,
    UNIT_ADDRESS_KEY,
    UNIT_NAME_KEY,
    AppDatabag,
    UnitDatabag,
    encode_app,
)
from parca_scrape.hosts import HostMap
from parca_scrape.jobs import Job, list_jobs
from parca_scrape.problems import DatabagError, InvalidJobError
from parca_scrape.render import ScrapeConfig, render
from parca_scrape.static_configs import StaticConfig
from parca_scrape.topology import Topology

__all__ = [
    "CA",
    "CERTIFICATE",
    "KEY",
    "ProviderData",
    "published",
    "relation_for_provider",
    "relation_for_requirer",
    "scraped",
]

if not hasattr(testing, "Relation"):
    raise ImportError("parca_scrape.testing needs ops.testing: install parca-scrape[testing]")

DEFAULT_APPLICATION = "shop"
DEFAULT_MODEL = "market"
DEFAULT_MODEL_UUID = "12de4fae-06cc-4ceb-9089-567be09fec78"
DEFAULT_JOBS = (Job(static_configs=[StaticConfig(targets=["*:6060"])]),)
# Addresses for documentation (RFC 5737).
FIRST_ADDRESS = ipaddress.IPv4Address("192.0.2.1")
PROVIDER_KEYS = {
    SCRAPE_JOBS_KEY,
    SCRAPE_METADATA_KEY,
    UNIT_ADDRESS_KEY,
    UNIT_NAME_KEY,
    LEGACY_ADDRESS_KEY,
}


@dataclass(frozen=True)
class ProviderData:
    """What a provider published in a relation."""

    jobs: Tuple[Job, ...] = ()
    """The scrape jobs, with a port in each target; empty as well if no leader published any."""
    topology: Optional[Topology] = None
    """Where in Juju the provider is; None if no leader published it."""
    hosts: HostMap = field(default_factory=HostMap)
    """The address of each unit that published one, by the name of the unit."""


def relation_for_provider(
    endpoint: str, *, app_name: str = "parca", units: int = 1
) -> testing.Relation:
    """Return a relation to Parca, for the test of a charm that Parca profiles.

    Parca publishes nothing in this relation.

    Args:
        endpoint: the name of the charm's endpoint, under `provides` in its metadata.
        app_name: the name of the application that runs Parca.
        units: how many units it has.
    """
    return testing.Relation(
        endpoint,
        interface=RELATION_INTERFACE_NAME,
        remote_app_name=app_name,
        remote_units_data={number: addresses_of_juju(number) for number in range(units)},
    )


def relation_for_requirer(
    endpoint: str,
    *,
    app_name: Optional[str] = None,
    jobs: Optional[Iterable[Union[Mapping[str, object], Job]]] = None,
    topology: Optional[Topology] = None,
    addresses: Optional[Mapping[int, str]] = None,
    app_data: Optional[Mapping[str, str]] = None,
    units_data: Optional[Mapping[int, Mapping[str, str]]] = None,
) -> testing.Relation:
    """Return a relation to a profiled application, for the test of a charm that runs Parca.

    Args:
        endpoint: the name of the charm's endpoint, under `requires` in its metadata.
        app_name: the name of the profiled application, by default that of the topology, or `shop`.
        jobs: the scrape jobs that it publishes, each a `Job` or a mapping in the form of Parca's
            scrape configs; by default one job with the target `*:6060`, empty for nothing.
        topology: where in Juju the application is; by default in the model `market`.
        addresses: the address of each unit, by its number, empty for a unit that has not published
            one; by default that of a single unit on Kubernetes.
        app_data: the databag of the application, passed on as it is, instead of jobs and topology.
        units_data: the databags of the units by their numbers, passed on as they are, instead of
            addresses.

    Raises:
        InvalidJobError: no charm can publish these jobs or addresses with this library.
        TypeError: there are two arguments for one databag.
    """
    if app_data is not None and (jobs is not None or topology is not None):
        raise TypeError("app_data replaces jobs and topology: leave them out")
    if units_data is not None and addresses is not None:
        raise TypeError("units_data replaces addresses: leave them out")
    topology = topology or make_topology(app_name or DEFAULT_APPLICATION)
    if app_data is None:
        check_topology(topology)
        app_data = encode_app(list_jobs(DEFAULT_JOBS if jobs is None else jobs), topology)
    if units_data is None:
        units_data = make_units(topology, addresses)
    return testing.Relation(
        endpoint,
        interface=RELATION_INTERFACE_NAME,
        remote_app_name=app_name or topology.application,
        remote_app_data=dict(app_data),
        remote_units_data={number: dict(databag) for number, databag in units_data.items()},
    )


def published(relation: testing.RelationBase) -> ProviderData:
    """Return what a provider published in a relation, whichever charm the test is for.

    Raises:
        DatabagError: something is wrong with what it published.
        TypeError: the relation has another interface, or is no relation to another application.
    """
    texts = find_provider(relation)
    databags = texts.decode()
    app_databag, problems = databags.app_databag, render([databags])[1]
    if not databags.units:
        # Nothing is scraped, but it is published all the same.
        app_databag, problems = AppDatabag.decode(texts.app_databag)
    if problems:
        raise DatabagError(problems)
    hosts = {unit.name or name: unit.address for name, unit in databags.units.items()}
    return ProviderData(app_databag.scrape_jobs, app_databag.scrape_metadata, HostMap(hosts))


def scraped(*relations: testing.RelationBase) -> List[ScrapeConfig]:
    """Return what `ProfilingEndpointConsumer.jobs()` returns for relations: what Parca scrapes.

    In the test of a provider, pass the relation as it is after the charm has run.

    Raises:
        TypeError: a relation has another interface, or is no relation to another application.
    """
    in_order = sorted(relations, key=lambda relation: relation.id)
    return render(find_provider(relation).decode() for relation in in_order)[0]


def find_provider(relation: testing.RelationBase) -> RelationTexts:
    """Return the databags of the provider, on whichever side of a relation it is."""
    if relation.interface not in (None, RELATION_INTERFACE_NAME):
        raise TypeError(
            f"must be a relation of {RELATION_INTERFACE_NAME}, not {relation.interface}"
        )
    app_databag: Mapping[str, str] = relation.local_app_data
    unit_databag: Mapping[str, str] = relation.local_unit_data
    if PROVIDER_KEYS & {*app_databag, *unit_databag}:
        unit_name = unit_databag.get(UNIT_NAME_KEY, f"{DEFAULT_APPLICATION}/0")
        application = unit_name.rpartition("/")[0]
        return RelationTexts(relation.id, application, app_databag, {unit_name: unit_databag})
    if not isinstance(relation, testing.Relation):
        raise TypeError(f"must be an ops.testing.Relation, not a {type(relation).__name__}")
    application = relation.remote_app_name
    databags = relation.remote_units_data.items()
    units = {f"{application}/{number}": databag for number, databag in databags}
    return RelationTexts(relation.id, application, relation.remote_app_data, units)


def make_topology(application: str) -> Topology:
    """Return where in Juju an application is, as its leader publishes it."""
    return Topology(
        model=DEFAULT_MODEL,
        model_uuid=DEFAULT_MODEL_UUID,
        application=application,
        unit=f"{application}/0",
        charm_name=application,
    )


def check_topology(topology: Topology) -> None:
    """Raise `InvalidJobError` for a topology that no charm publishes."""
    for problem in AppDatabag.decode(encode_app([], topology))[1]:
        raise InvalidJobError(problem.path, problem.message)


def make_units(
    topology: Topology, given: Optional[Mapping[int, str]]
) -> Dict[int, Dict[str, str]]:
    """Return the databags of units; raise `InvalidJobError` for what is no address."""
    application = topology.application
    service = f"{application}-endpoints.{topology.model}.svc.cluster.local"
    addresses = {0: f"{application}-0.{service}"} if given is None else given
    databags: Dict[int, Dict[str, str]] = {}
    for number, address in addresses.items():
        try:
            unit = UnitDatabag(address=address, name=f"{application}/{number}")
        except InvalidJobError as error:
            is_given = given is not None and error.path == "address"
            path = f"addresses[{number}]" if is_given else "application"
            raise InvalidJobError(path, error.rule) from None
        databags[number] = {**addresses_of_juju(number), **unit.encode()}
    return databags


def addresses_of_juju(number: int) -> Dict[str, str]:
    """Return what Juju itself writes into the databag of a unit."""
    address = str(FIRST_ADDRESS + number)
    return {
        "egress-subnets": f"{address}/32",
        "ingress-address": address,
        "private-address": address,
    }


def make_pem(label: str, body: str) -> str:
    """Return PEM text. Here no key is written as such: scanners for secrets would report it."""
    return f"-----BEGIN {label}-----\n{body}-----END {label}-----\n"


CA: str = make_pem(
    "CERTIFICATE",
    """\
MIIBiDCCAS2gAwIBAgIUGLekcrlj+GaKC4VjnEybyD/aBkowCgYIKoZIzj0EAwIw
HzEdMBsGA1UEAwwUcGFyY2Etc2NyYXBlIHRlc3QgQ0EwIBcNMjYwMTAxMDAwMDAw
WhgPMjEyNjAxMDEwMDAwMDBaMB8xHTAbBgNVBAMMFHBhcmNhLXNjcmFwZSB0ZXN0
IENBMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEpUndgxOedhPTqSH15L4oklBe
dwDyIEde3R/wtMQNRiEXio5PAC87vGiIoOoo9erHoUeCqNS7AYbJp2jEkwvvYKNF
MEMwEgYDVR0TAQH/BAgwBgEB/wIBADAOBgNVHQ8BAf8EBAMCAQYwHQYDVR0OBBYE
FE5yXH6Yp+qAQOHX5O7TjL5ASSCgMAoGCCqGSM49BAMCA0kAMEYCIQC4/GZvQbQk
fIIv/xhIESq5B4qLX+heNIulArxCJ5ndBQIhAJieYRcMKoW/oGgui/Xyx0TqF8GM
SLbHSEKUrBg1P9Ur
""",
)
"""The certificate of the authority that signed `CERTIFICATE`."""

CERTIFICATE: str = make_pem(
    "CERTIFICATE",
    """\
MIICCzCCAbCgAwIBAgIUIeNFPCUa573jcVzMrJk3mXJRRWQwCgYIKoZIzj0EAwIw
HzEdMBsGA1UEAwwUcGFyY2Etc2NyYXBlIHRlc3QgQ0EwIBcNMjYwMTAxMDAwMDAw
WhgPMjEyNjAxMDEwMDAwMDBaMBwxGjAYBgNVBAMMEXBhcmNhLXNjcmFwZSB0ZXN0
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAENTM8JPmHfoIq0vSqRZm0VsaNHESH
Sl8LUTgnG6X38MJ9ZzcUtSc8o9+MfYFuFDEWTAahl3J0STvzLxSjUHxoY6OByjCB
xzAMBgNVHRMBAf8EAjAAMA4GA1UdDwEB/wQEAwIHgDAdBgNVHSUEFjAUBggrBgEF
BQcDAQYIKwYBBQUHAwIwHQYDVR0OBBYEFLnPPHh/8k00hevaf9e3IRzwIk/FMB8G
A1UdIwQYMBaAFE5yXH6Yp+qAQOHX5O7TjL5ASSCgMEgGA1UdEQRBMD+CCWxvY2Fs
aG9zdIILZXhhbXBsZS5jb22CDSouZXhhbXBsZS5jb22HBH8AAAGHEAAAAAAAAAAA
AAAAAAAAAAEwCgYIKoZIzj0EAwIDSQAwRgIhAO6lTMMYUA171vhWFZbif4lIsMR1
7aknpY3U4cAF/CSmAiEAv3TwKHS2MdPa8BmKxb9nO07MMlRWFq9yKbREs/dQVoU=
""",
)
"""A certificate for localhost, 127.0.0.1, ::1 and *.example.com, for servers and clients."""

KEY: str = make_pem(
    "PRIVATE KEY",
    """\
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgw3d7leg0PDhpCQgI
JAMbHJE71f55UuIo3IOT+VJdA7+hRANCAAQ1Mzwk+Yd+girS9KpFmbRWxo0cRIdK
XwtROCcbpffwwn1nNxS1Jzyj34x9gW4UMRZMBqGXcnRJO/MvFKNQfGhj
""",
)
"""The private key of `CERTIFICATE`. It is public: use it in tests only."""
