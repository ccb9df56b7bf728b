"""URLs as Go writes, parses and dials them: net.SplitHostPort, net/url and net/http.

Parca puts a target's address into the `Host` of a url.URL as it is, writes the URL with
`String` and hands that text to http.NewRequest, which parses it again.
"""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache
from typing import Dict, List, Mapping, Optional, Sequence, Tuple
from urllib.parse import unquote

from tests.oracle.golang import quote

_UNRESERVED = r"A-Za-z0-9._~\-"
_ESCAPED_IN_HOST = re.compile(rf"[^{_UNRESERVED}!$&'()*+,;=:\[\]<>\"]")
_ESCAPED_IN_PATH = re.compile(rf"[^{_UNRESERVED}$&+,/:;=@]")
_ESCAPED_IN_QUERY = re.compile(rf"[^{_UNRESERVED} ]")

_REFUSED_IN_HOST = re.compile(r"[ #/?@\\^`{|}]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_QUERY_OR_FRAGMENT = re.compile(r"[#?].*", re.DOTALL)
_OPTIONAL_PORT = re.compile(r"(:[0-9]*)?")
_PERCENT = re.compile(r"%(?:[0-9A-Fa-f]{2})?")

_DEFAULT_PORTS = {"http": 80, "https": 443}


class UnanswerableError(ValueError):
    """A request to this URL can never get an answer."""


def _percent_encoded(match: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in match.group().encode("utf-8"))


def encode_query(parameters: Mapping[str, Sequence[str]]) -> str:
    """url.Values.Encode."""

    def escaped(text: str) -> str:
        return _ESCAPED_IN_QUERY.sub(_percent_encoded, text).replace(" ", "+")

    return "&".join(
        f"{escaped(key)}={escaped(value)}"
        for key in sorted(parameters)
        for value in parameters[key]
    )


def url_text(scheme: str, host: str, path: str, query: str) -> str:
    """url.URL.String, of a URL of these four parts."""
    parts: List[str] = []
    if scheme:
        parts.append(scheme + ":")
    if (scheme or host) and (host or path):
        parts.append("//" + _ESCAPED_IN_HOST.sub(_percent_encoded, host))
    escaped = "*" if path == "*" else _ESCAPED_IN_PATH.sub(_percent_encoded, path)
    if escaped and not escaped.startswith("/") and host:
        parts.append("/")
    if not parts and ":" in escaped.split("/", 1)[0]:
        parts.append("./")
    parts.append(escaped)
    if query:
        parts.append("?" + query)
    return "".join(parts)


def split_host_port(address: str) -> Tuple[str, str]:
    """net.SplitHostPort.

    Raises:
        ValueError: with Go's reason.
    """
    last_colon = address.rfind(":")
    if last_colon < 0:
        raise ValueError("missing port in address")
    brackets_from = closing_from = 0
    if address.startswith("["):
        end = address.find("]")
        if end < 0:
            raise ValueError("missing ']' in address")
        if end + 1 == len(address):
            raise ValueError("missing port in address")
        if end + 1 != last_colon:
            too_many = address[end + 1] == ":"
            raise ValueError(
                "too many colons in address" if too_many else "missing port in address"
            )
        host = address[1:end]
        brackets_from, closing_from = 1, end + 1
    else:
        host = address[:last_colon]
        if ":" in host:
            raise ValueError("too many colons in address")
    if "[" in address[brackets_from:]:
        raise ValueError("unexpected '[' in address")
    if "]" in address[closing_from:]:
        raise ValueError("unexpected ']' in address")
    return host, address[last_colon + 1 :]


def _splits(address: str) -> bool:
    try:
        split_host_port(address)
    except ValueError:
        return False
    return True


def lacks_port(address: str) -> bool:
    """Return whether Parca adds the scheme's port: addPort of pkg/scrape/target.go."""
    return not _splits(address) and _splits(address + ":1234")


def check_target_address(address: str) -> None:
    """CheckTargetAddress of Parca's pkg/config/config.go.

    Raises:
        ValueError: the address looks like a URL.
    """
    if "/" in address:
        raise ValueError(f"{quote(address)} is not a valid hostname")


def _check_ip_literal(text: str) -> None:
    """net/netip.ParseAddr, and no IPv4."""
    address, percent, zone = text.partition("%")
    if percent and not zone:
        raise UnanswerableError("zone must be a non-empty string")
    try:
        ipaddress.IPv6Address(address)
    except ValueError:
        raise UnanswerableError(f"invalid host: {quote(text)} is no IPv6 address") from None
    # Older Pythons take leading zeros in an IPv4 tail.
    octets = address.rpartition(":")[2].split(".")
    if len(octets) > 1 and any(len(octet) > 1 and octet.startswith("0") for octet in octets):
        raise UnanswerableError(f"invalid host: {quote(text)} is no IPv6 address")


def _check_escapes(text: str, zone: bool = False) -> None:
    """Unescape of net/url for hosts: only bytes over ASCII may be escaped, and `%` itself."""
    for match in _PERCENT.finditer(text):
        escape = match.group()
        if len(escape) < 3:
            raise UnanswerableError(f"invalid URL escape {quote(text[match.start() :][:3])}")
        if escape == "%25":
            continue
        code = int(escape[1:], 16)
        if zone:
            if code != 0x20 and (code >= 0x80 or _ESCAPED_IN_HOST.match(chr(code))):
                raise UnanswerableError(f"invalid URL escape {quote(escape)}")
        elif code < 0x80:
            raise UnanswerableError(f"invalid URL escape {quote(escape)}")
    refused = _REFUSED_IN_HOST.search(text)
    if refused:
        raise UnanswerableError(f"invalid character {quote(refused.group())} in host name")


def _parse_host(authority: str) -> Tuple[str, str]:
    """The host name and port, with its colon, of an authority: parseHost of net/url."""
    opening = authority.rfind("[")
    if opening > 0:
        raise UnanswerableError("invalid IP-literal")
    if opening == 0:
        closing = authority.rfind("]")
        if closing < 0:
            raise UnanswerableError("missing ']' in host")
        name, port = authority[1:closing], authority[closing + 1 :]
        if not _OPTIONAL_PORT.fullmatch(port):
            raise UnanswerableError(f"invalid port {quote(port)} after host")
        address, percent, zone = name.partition("%25")
        _check_escapes(address)
        _check_escapes(percent + zone, zone=True)
        _check_ip_literal(unquote(name))
        return unquote(name), port
    colon = authority.find(":")
    name, port = (authority, "") if colon < 0 else (authority[:colon], authority[colon:])
    if ":" in port[1:]:
        # Go 1.26 refuses such a URL; before, the host is what stands before the last colon.
        raise UnanswerableError("colons in a host without brackets")
    if not _OPTIONAL_PORT.fullmatch(port):
        raise UnanswerableError(f"invalid port {quote(port)} after host")
    _check_escapes(name)
    return unquote(name), port


def _parse_url(url: str) -> Tuple[str, str, str]:
    """The scheme, host name and port, with its colon, of a URL: Parse of net/url."""
    if _CONTROL.search(url):
        raise UnanswerableError("invalid control character in URL")
    match = _SCHEME.match(url)
    scheme = match.group(1).lower() if match else ""
    rest = _QUERY_OR_FRAGMENT.sub("", url[match.end() :] if match else url)
    if not scheme and ":" in rest.split("/", 1)[0]:
        raise UnanswerableError("first path segment in URL cannot contain colon")
    if not rest.startswith("//") or (not scheme and rest.startswith("///")):
        return scheme, "", ""
    authority = rest[2:].split("/", 1)[0]
    if "@" in authority:
        raise UnanswerableError("credentials in the host")
    name, port = _parse_host(authority)
    return scheme, name, port


def dial_address(url: str) -> Tuple[str, int]:
    """The host and port that a GET of the URL dials: http.NewRequest and http.Transport.

    A host that is empty (Go dials itself), `*` or holds a `%` (no name server knows it) counts
    as unanswerable too. Left aside is what IDNA makes of a name, and which
    characters of it a Host header may not hold.

    Raises:
        UnanswerableError: with the reason.
    """
    scheme, name, port = _parse_url(url)
    if scheme not in _DEFAULT_PORTS:
        raise UnanswerableError(f"unsupported protocol scheme {quote(scheme)}")
    if not name:
        raise UnanswerableError("no host")
    if name == "*" or "]" in name or ("%" in name and ":" not in name):
        raise UnanswerableError(f"{quote(name)} is no host name")
    digits = port[1:].lstrip("0") if port[1:] else str(_DEFAULT_PORTS[scheme])
    if not 1 <= len(digits) <= 5 or int(digits) > 65535:
        raise UnanswerableError(f"port {quote(port[1:])} is not in 1..65535")
    return name, int(digits)


@lru_cache(maxsize=16384)
def unanswerable_reason(url: str) -> Optional[str]:
    """Why the URL can never answer, or None."""
    try:
        dial_address(url)
    except UnanswerableError as error:
        return str(error)
    return None


def target_address(target: str, scheme: str = "http") -> Optional[Tuple[str, int]]:
    """The host and port that Parca dials for a target, or None where nothing can ever answer.

    None stands for a target that Parca drops and for one whose URL is bad. The host comes back
    without the brackets of an IPv6 address.
    """
    address = target
    if address and lacks_port(address):
        if scheme not in _DEFAULT_PORTS:
            return None
        address = f"{address}:{_DEFAULT_PORTS[scheme]}"
    try:
        if not address:
            raise ValueError("no address")
        check_target_address(address)
        return dial_address(url_text(scheme, address, "/", ""))
    except ValueError:
        return None


def parameters_of(
    labels: Mapping[str, str], shared: Mapping[str, Sequence[str]]
) -> Dict[str, List[str]]:
    """The query of a target: its job's parameters, the first of each replaced by its labels'."""
    parameters = {key: list(values) for key, values in shared.items()}
    for name, value in labels.items():
        if name.startswith("__param_"):
            key = name[len("__param_") :]
            parameters[key] = [value, *parameters.get(key, [])[1:]]
    return parameters
