"""The hosts that applications publish, and whether they can be found from another model."""

from __future__ import annotations

import enum
import ipaddress
import re
from typing import Dict, Iterator, List, NamedTuple, Sequence, Tuple

from parca_scrape.cli.elements import list_elements
from parca_scrape.cli.notes import is_loopback
from parca_scrape.cli.relations import RelationTexts
from parca_scrape.databag import INGRESS_ADDRESS_KEY, UnitDatabag, order_units

IPV6_BRACKETS = "[]"


class Reach(enum.Enum):
    """Whether a host can be found from the Kubernetes model, from the worst to the best."""

    NO = "no"
    UNKNOWN = "unknown"
    ADDRESS = "address"
    """It is an IP address, so there is nothing to look up."""


class Rule(NamedTuple):
    """What is known of a kind of host name."""

    name: re.Pattern[str]
    reach: Reach
    reason: str


# The first that matches counts. What Juju machines call themselves: the FQDN that the machine has
# from LXD, from MAAS or from its cloud, or its bare name.
RULES = (
    Rule(
        re.compile(r".*\.svc(\.cluster\.local)?"),
        Reach.UNKNOWN,
        "resolves only if the new model is in the same Kubernetes cluster",
    ),
    Rule(re.compile(r"[^.]*"), Reach.NO, "has no domain, so only its own network resolves it"),
    Rule(re.compile(r".*\.lxd"), Reach.NO, "only the LXD host resolves it"),
    Rule(
        re.compile(r".*\.(local|localdomain|lan|home\.arpa)"),
        Reach.NO,
        "only its own network resolves it",
    ),
    Rule(
        re.compile(r".*\.(maas|internal)"),
        Reach.UNKNOWN,
        "resolves if the cluster uses the DNS of MAAS or of the cloud",
    ),
    Rule(re.compile(r".*"), Reach.UNKNOWN, "resolves if it is in a DNS that the cluster uses"),
)
LOOPBACK_REASON = "is the pod of Parca itself"
ADDRESS_REASON = "is an IP address: the cluster must have a route to it"


class Host(NamedTuple):
    """A host that Parca is to dial."""

    origin: str
    """The unit that published it, or the path of the target that names it."""
    name: str
    reach: Reach
    reason: str
    is_unit: bool = False
    """Whether it is the address of a unit."""
    ingress_address: str = ""
    """The address of the unit that Juju knows; empty if the input does not show one."""


def list_hosts(relation: RelationTexts) -> List[Host]:
    """Return the hosts of a relation: those of its units that are scraped, then other targets."""
    hosts: Dict[Tuple[str, str], Host] = {}
    has_wildcard = False
    for element in list_elements(relation.app_databag):
        if element.target is None:
            continue
        if element.target.is_wildcard:
            has_wildcard = True
        else:
            name = element.target.host
            hosts.setdefault(("", name), Host(element.findings.path, name, *judge(name)))
    return [*(list_units(relation) if has_wildcard else ()), *hosts.values()]


def list_units(relation: RelationTexts) -> Iterator[Host]:
    """Yield the address of each unit that has one."""
    for unit_name in order_units(relation.unit_databags):
        databag = relation.unit_databags[unit_name]
        unit, _ = UnitDatabag.decode(databag)
        ingress, _ = UnitDatabag.decode(databag, INGRESS_ADDRESS_KEY)
        if unit.address:
            reach, reason = judge(unit.address)
            yield Host(
                origin=unit.name or unit_name,
                name=unit.address,
                reach=reach,
                reason=reason,
                is_unit=True,
                ingress_address=ingress.address,
            )


def judge(name: str) -> Tuple[Reach, str]:
    """Return whether a host can be found from the Kubernetes model, and why."""
    if is_loopback(name):
        return Reach.NO, LOOPBACK_REASON
    try:
        ipaddress.ip_address(name.strip(IPV6_BRACKETS))
    except ValueError:
        lower = name.lower().rstrip(".")
        return next((rule.reach, rule.reason) for rule in RULES if rule.name.fullmatch(lower))
    return Reach.ADDRESS, ADDRESS_REASON


def list_choices(hosts: Sequence[Host]) -> List[str]:
    """Return what can be done about hosts that do not resolve."""
    lost = [host for host in hosts if host.reach is Reach.NO]
    units = [host for host in lost if host.is_unit]
    choices: List[str] = []
    if units:
        known = [
            f"{host.origin}: {host.ingress_address}" for host in units if host.ingress_address
        ]
        unknown = [host.origin for host in units if not host.ingress_address]
        choices += [
            "Change the charm: its author upgrades the library to parca-scrape, and passes"
            " unit_address=AddressSource.INGRESS to ProfilingEndpointProvider. After `juju"
            " refresh`, each unit publishes the address that Juju gives it for the relation.",
            "Change parca-k8s instead: build or request one that passes"
            " unit_address=AddressSource.INGRESS to ProfilingEndpointConsumer. It scrapes every"
            " unit of every application at its ingress-address in Juju"
            + (f" (now {', '.join(known)})." if known else ".")
            + (f" The input shows none for {', '.join(unknown)}." if unknown else ""),
            "Make the cluster resolve the names, for example with a rule in CoreDNS that forwards"
            " to the DNS server of the machines.",
        ]
    if len(lost) > len(units):
        choices.append(
            "In the configuration of the charm, name each target by an IP address, or by a name"
            " that the cluster resolves."
        )
    return choices
