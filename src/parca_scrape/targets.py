"""Scrape targets and unit addresses: hosts and ports that Go can request for Parca.

Sources: Parca `pkg/scrape/target.go`, which puts a target into a URL; Go `net/url` and `net`.
"""

from __future__ import annotations

import enum
import ipaddress
import re
import unicodedata
from dataclasses import dataclass, field
from typing import Optional

from parca_scrape._limits import MAX_HOST_LENGTH
from parca_scrape.problems import InvalidJobError

WILDCARD = "*"
MAX_PORT = 65535
# Go's net/url refuses other characters in a host, reads them as the start of a path, a query, a
# fragment or credentials, or escapes them; `:` and brackets belong to ports and IPv6. Compiled at
# import, unlike the rest, because every unit has a host. U+3002 is a full stop to Go.
HOST = re.compile(
    r"[^\s/\\?#@%^`{|}:\[\]\x00-\x1f\x7f-\x9f\u3002\ud800-\udfff]" + f"{{1,{MAX_HOST_LENGTH}}}"
)
PORT = "[0-9]{1,5}"
ADDRESS_RULE = (
    "must be a host name (at most 253 characters) or an IP address, without a scheme, port, path"
    " or spaces"
)
TARGET_RULE = (
    "must be host:port or *:port, without a scheme, path or spaces; the port (1 to 65535) is"
    " optional, an IPv6 address needs brackets, and a host has at most 253 characters"
)


class AddressSource(enum.Enum):
    """Where the address of a unit comes from."""

    FQDN = "fqdn"
    """The provider publishes its fully qualified domain name."""
    INGRESS = "ingress"
    """Juju's ingress address of the unit in the relation."""
    BIND = "bind"
    """The provider publishes the address that Juju lets it bind to for the relation."""
    PUBLISHED = "published"
    """The consumer takes what the provider published."""


@dataclass(frozen=True)
class Target:
    """A host, or the wildcard `*` for every unit, and a port or none.

    Without a port Parca scrapes port 80, or 443 over https.

    Raises:
        InvalidJobError: Parca could not scrape the target.
    """

    host: str
    """An IPv6 address is in brackets."""
    port: Optional[int] = None
    """From 1 to 65535."""
    text: str = field(init=False, repr=False, compare=False)
    """The target as it is scraped: the digits of the port stay as the author wrote them."""

    def __post_init__(self) -> None:
        """Check and normalise the fields."""
        given: object = self.host
        host = WILDCARD if given == WILDCARD else parse_host(given)
        is_port = self.port is None or (type(self.port) is int and 0 < self.port <= MAX_PORT)
        if host is None or not is_port:
            raise InvalidJobError("", TARGET_RULE)
        object.__setattr__(self, "host", host)
        object.__setattr__(self, "text", host if self.port is None else f"{host}:{self.port}")

    @classmethod
    def parse(cls, text: str) -> Target:
        """Return the target that scrape jobs write as `host`, `host:port`, `*` or `*:port`.

        White space around the host and the port is ignored. An IPv6 address without brackets has
        no port.

        Raises:
            InvalidJobError: Parca could not scrape it.
        """
        text = text.strip()
        host, colon, digits = map(str.strip, text.rpartition(":"))
        if not colon or digits.endswith("]") or is_ipv6(text):
            return cls(text)
        port = parse_port(digits)
        if port is None or is_ipv6(host):
            raise InvalidJobError("", TARGET_RULE)
        target = cls(host, port)
        object.__setattr__(target, "text", f"{target.host}:{digits}")
        return target

    @property
    def is_wildcard(self) -> bool:
        """Whether the target stands for every unit of the application."""
        return self.host == WILDCARD

    @property
    def suffix(self) -> str:
        """What follows the host: a colon and the port, or nothing."""
        return self.text[len(self.host) :]

    def __str__(self) -> str:
        """Return the target as it is scraped."""
        return self.text


def parse_port(digits: str) -> Optional[int]:
    """Return a port from 1 to 65535, written in up to five ASCII digits; None for the rest."""
    port = int(digits) if re.fullmatch(PORT, digits) else 0
    return port if 0 < port <= MAX_PORT else None


def parse_host(text: object) -> Optional[str]:
    """Return the host of a target or the address of a unit; None for anything else.

    White space around it is ignored, and an IPv6 address is put into brackets.
    """
    host = text.strip() if isinstance(text, str) else ""
    if HOST.fullmatch(host):
        return host if host != WILDCARD and (host.isascii() or is_dialled_as_read(host)) else None
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    return f"[{bare}]" if is_ipv6(bare) else None


def is_dialled_as_read(host: str) -> bool:
    """Return whether Go dials a host with other than ASCII characters as a person reads it.

    Go maps compatible characters to others, and drops marks and invisible characters
    (`golang.org/x/net/idna`): of a host that has nothing else, nothing is left, and Parca would
    scrape itself.
    """
    is_visible = any(unicodedata.category(character)[0] in "LNPS" for character in host)
    return is_visible and unicodedata.normalize("NFKC", host) == host


def is_ipv6(text: str) -> bool:
    """Return whether `text` is an IPv6 address without brackets and zone."""
    if text.count(":") < 2 or "%" in text:
        return False
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return True
