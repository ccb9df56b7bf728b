"""Scrape targets and the addresses of units: what a host and a port may look like.

The rules come from what Parca does with a target: `pkg/scrape/target.go` puts it into a URL, and
Go's `net/url` and `net` packages must make a request of it.
"""

from __future__ import annotations

import enum
import ipaddress
import unicodedata
from dataclasses import field
from typing import Optional

from parca_scrape.frozen import dataclass
from parca_scrape.problems import InvalidJobError

WILDCARD = "*"
MAX_PORT = 65535
# Go's net/url refuses these in a host, reads them as the start of a path, a query, a fragment or
# credentials, or escapes them; `:` and brackets belong to ports and IPv6.
BAD_HOST_CHARACTERS = frozenset("/\\?#@%^`{|}:[]")
ADDRESS_RULE = "must be a host name or an IP address, without scheme, port, path or spaces"
TARGET_RULE = (
    "must be host:port, *:port, or either without a port: no scheme, path or space, an IPv6"
    " address in brackets, a port from 1 to 65535"
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


@dataclass(frozen=True, init=False)
class Target:
    """A host or the wildcard `*`, which stands for each unit, and a port or none.

    Without a port Parca scrapes port 80, or 443 over https.
    """

    host: str
    """An IPv6 address stands in brackets."""
    port: Optional[int]
    text: str = field(init=False, repr=False, compare=False)
    """The target as it is served: the digits of the port stay as the author wrote them."""

    def __init__(self, host: str, port: Optional[int] = None) -> None:
        """Check and take host and port.

        Raises:
            InvalidJobError: they make no target that Parca could scrape.
        """
        checked = check_host(host)
        is_port = port is None or (type(port) is int and 0 < port <= MAX_PORT)
        if checked is None or not is_port:
            raise InvalidJobError("", TARGET_RULE)
        text = checked if port is None else f"{checked}:{port}"
        self.__dict__.update(host=checked, port=port, text=text)

    @classmethod
    def parse(cls, text: str) -> Target:
        """Read a target as scrape jobs name it: `host`, `host:port`, `*` or `*:port`.

        White space around host and port is ignored, and an IPv6 address without brackets is taken
        for one without a port.

        Raises:
            InvalidJobError: it is no target that Parca could scrape.
        """
        text = text.strip()
        host, colon, digits = text.rpartition(":")
        if not colon or text.endswith("]") or is_ipv6(text):
            return cls(text)
        host, digits = host.strip(), digits.strip()
        port = parse_port(digits)
        if port is None or is_ipv6(host):
            raise InvalidJobError("", TARGET_RULE)
        target = cls(host, port)
        target.__dict__["text"] = f"{target.host}:{digits}"
        return target

    @property
    def is_wildcard(self) -> bool:
        """Whether the target stands for each unit of the application."""
        return self.host == WILDCARD

    @property
    def suffix(self) -> str:
        """What follows the host: a colon and the port, or nothing."""
        return self.text[len(self.host) :]

    def __str__(self) -> str:
        """Give the target as it is served."""
        return self.text


def check_host(host: object) -> Optional[str]:
    """Give the host of a target, or the wildcard; None for anything else, of any type."""
    if host == WILDCARD:
        return WILDCARD
    return parse_host(host) if isinstance(host, str) else None


def parse_port(digits: str) -> Optional[int]:
    """Read a port from 1 to 65535, written in ASCII digits; None if it is none."""
    if not (digits.isdigit() and digits.isascii()):
        return None
    significant = digits.lstrip("0")
    if not 0 < len(significant) <= len(str(MAX_PORT)) or int(significant) > MAX_PORT:
        return None
    return int(significant)


def parse_host(text: str) -> Optional[str]:
    """Read the host of a target or the address of a unit; None if it is none.

    White space around it is ignored; an IPv6 address is put into brackets.
    """
    # The usual host name or IPv4 address, checked at the speed of the interpreter's own loops.
    if text.isascii() and text.replace(".", "a").replace("-", "a").isalnum():
        return text
    host = text.strip()
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if is_ipv6(bare):
        return f"[{bare}]"
    if host == WILDCARD or any(map(is_bad_in_host, host)) or not any(map(is_visible, host)):
        return None
    return host


def is_bad_in_host(character: str) -> bool:
    """Tell whether Go can put no host with this character into a URL."""
    return (
        character in BAD_HOST_CHARACTERS
        or character.isspace()
        or character < " "
        or "\x7f" <= character <= "\x9f"
        or "\ud800" <= character <= "\udfff"
    )


def is_visible(character: str) -> bool:
    """Tell whether a character is a letter, number, symbol or punctuation.

    Go drops some of the others from a host (`golang.org/x/net/idna`); from one that has only
    those, nothing is left, and Parca would scrape itself.
    """
    return unicodedata.category(character)[0] in "LNPS"


def is_ipv6(text: str) -> bool:
    """Tell whether `text` is an IPv6 address without brackets and zone."""
    if text.count(":") < 2 or "%" in text:  # a mere host and port, at no cost
        return False
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return True
