"""TLS as Parca speaks it to the targets of a job: with its settings, and by Go's rules.

Sources: `config/http_config.go` of prometheus/common, and Go `crypto/tls` and `crypto/x509`.
"""

from __future__ import annotations

import base64
import contextlib
import ipaddress
import json
import os
import re
import ssl
import tempfile
import threading
import warnings
from typing import TYPE_CHECKING, List, Mapping, Optional, Tuple, cast

from parca_scrape._pem import PEM_LABELS, decode_pem
from parca_scrape._rules import DEFAULT_MIN_TLS_VERSION
from parca_scrape.cli.steps import TLS, StepError

if TYPE_CHECKING:
    import socket

VERSIONS = {
    "TLS10": ssl.TLSVersion.TLSv1,
    "TLS11": ssl.TLSVersion.TLSv1_1,
    "TLS12": ssl.TLSVersion.TLSv1_2,
    "TLS13": ssl.TLSVersion.TLSv1_3,
}
# Go trusts any certificate that it is given, not only one that signed itself. Python has no name
# for this flag of OpenSSL before 3.10.
PARTIAL_CHAIN = 0x80000
# What OpenSSL refuses by default but Go takes: RSA keys of 1,024 bits; SHA-1 below TLS 1.2.
CIPHERS, OLD_CIPHERS = "DEFAULT:@SECLEVEL=1", "DEFAULT:@SECLEVEL=0"
MAX_SENT_NAME = 255
# Held while Python's warnings are changed, which are those of all threads.
WARNINGS = threading.Lock()
MAX_NAMES_SHOWN = 3
IGNORED = "Parca ignores the TLS settings of this job"

# OpenSSL: X509_V_ERR_*.
UNKNOWN_AUTHORITY = "certificate signed by unknown authority"
VERIFY_REASONS = {
    2: UNKNOWN_AUTHORITY,
    9: "certificate is not yet valid",
    10: "certificate has expired",
    18: UNKNOWN_AUTHORITY,
    19: UNKNOWN_AUTHORITY,
    20: UNKNOWN_AUTHORITY,
    21: UNKNOWN_AUTHORITY,
}
NO_COMMON_VERSION = "the target speaks none of the TLS versions that the job allows"
NO_TLS = "the target does not speak TLS"
# Names that OpenSSL gives to errors of the handshake.
HANDSHAKE_REASONS = {
    "HANDSHAKE_FAILURE": "the target refused the TLS handshake",
    "HTTP_REQUEST": NO_TLS,
    "NO_PROTOCOLS_AVAILABLE": NO_COMMON_VERSION,
    "PROTOCOL_VERSION": NO_COMMON_VERSION,
    "RECORD_LAYER_FAILURE": NO_TLS,
    "UNKNOWN_PROTOCOL": NO_TLS,
    "UNSUPPORTED_PROTOCOL": NO_COMMON_VERSION,
    "WRONG_SSL_VERSION": NO_COMMON_VERSION,
    "WRONG_VERSION_NUMBER": NO_TLS,
}
# What a server says that does not accept the certificate of a client, or wants one.
CLIENT_ALERTS = frozenset(
    {
        "ACCESS_DENIED",
        "BAD_CERTIFICATE",
        "CERTIFICATE_EXPIRED",
        "CERTIFICATE_REQUIRED",
        "CERTIFICATE_UNKNOWN",
        "UNKNOWN_CA",
        "UNSUPPORTED_CERTIFICATE",
    }
)
AlternativeNames = Tuple[Tuple[str, str], ...]
ALERT = re.compile("(SSLV3|TLSV1|TLSV13)_ALERT_")


class TLSClient:
    """Speaks TLS to the targets of a job."""

    def __init__(self, settings: Mapping[str, object]) -> None:
        self._settings = {name: str(value) for name, value in settings.items()}
        self._verifies = settings.get("insecure_skip_verify") is not True
        self._lock = threading.Lock()
        self._context: Optional[ssl.SSLContext] = None

    def shake_hands(self, connection: socket.socket, host: str) -> ssl.SSLSocket:
        """Return an encrypted connection to a target whose certificate is good for its name.

        Args:
            connection: it is closed if the handshake fails.
            host: the host of the target, without brackets.

        Raises:
            StepError: the settings cannot be used, or the certificate is for another name.
            OSError: the handshake failed.
        """
        with self._lock:
            context = self._context = self._context or make_context(self._settings, self._verifies)
        name = self._settings.get("server_name") or host
        encrypted = context.wrap_socket(connection, server_hostname=find_sent_name(name))
        if self._verifies:
            try:
                certificate = encrypted.getpeercert() or {}
                names = cast("AlternativeNames", certificate.get("subjectAltName", ()))
                check_name(names, name)
            except StepError:
                encrypted.close()
                raise
        return encrypted

    def describe(self, error: ssl.SSLError) -> str:
        """Return the reason of a failed handshake in words for people."""
        if isinstance(error, ssl.SSLCertVerificationError):
            reason = f"certificate is not accepted: {error.verify_message}"
            return VERIFY_REASONS.get(error.verify_code, reason)
        if isinstance(error, (ssl.SSLEOFError, ssl.SSLZeroReturnError)):
            return "the target closed the connection during the TLS handshake"
        name = ALERT.sub("", str(error.reason or "unknown error"))
        words = name.replace("_", " ").lower()
        if name in CLIENT_ALERTS:
            if "cert" in self._settings:
                return f"the target refused the client certificate: {words}"
            return "the target requires a client certificate (cert and key)"
        if name == "HANDSHAKE_FAILURE" and "cert" not in self._settings:
            return "the target refused the TLS handshake; it may require a client certificate"
        return HANDSHAKE_REASONS.get(name, f"the TLS handshake failed: {words}")


def make_context(settings: Mapping[str, str], verifies: bool) -> ssl.SSLContext:
    """Return what makes connections with the settings of a job.

    Raises:
        StepError: Go cannot use the settings, with which Parca ignores all of them.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # Names are compared by Go's rules, which differ: see `check_name`.
    context.check_hostname = False
    context.verify_mode = ssl.CERT_REQUIRED if verifies else ssl.CERT_NONE
    context.verify_flags |= PARTIAL_CHAIN
    lowest = settings.get("min_version", DEFAULT_MIN_TLS_VERSION)
    with WARNINGS, warnings.catch_warnings(), contextlib.suppress(ssl.SSLError):
        # Python warns of versions below TLS 1.2, but here the author of the job has the choice.
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = VERSIONS[lowest]
        if "max_version" in settings:
            context.maximum_version = VERSIONS[settings["max_version"]]
        context.set_ciphers(CIPHERS if lowest >= DEFAULT_MIN_TLS_VERSION else OLD_CIPHERS)
    if "ca" in settings:
        trust(context, settings["ca"])
    else:
        context.load_default_certs()
    if "cert" in settings:
        present(context, settings["cert"], settings["key"])
    return context


def trust(context: ssl.SSLContext, ca: str) -> None:
    """Trust the certificates in a PEM text, those that can be read, as Go does.

    Raises:
        StepError: none can be read.
    """
    count = 0
    for label, der in decode_pem(ca):
        if label == PEM_LABELS["ca"] and der is not None:
            with contextlib.suppress(ssl.SSLError):
                context.load_verify_locations(cadata=der)
                count += 1
    if not count:
        raise StepError(TLS, f"ca holds no certificate that can be read, so {IGNORED}")


def present(context: ssl.SSLContext, cert: str, key: str) -> None:
    """Present a certificate to targets that ask for one.

    Raises:
        StepError: the certificate and the key cannot be used.
    """
    certificates = list_blocks(cert, PEM_LABELS["cert"])
    keys = list_blocks(key, PEM_LABELS["key"])[:1]
    # Python takes them from files only.
    with tempfile.TemporaryDirectory() as folder:
        paths: List[str] = []
        for name, blocks in (("cert", certificates), ("key", keys)):
            paths.append(os.path.join(folder, name))
            descriptor = os.open(paths[-1], os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with open(descriptor, "w", encoding="ascii") as stream:
                stream.write("".join(blocks))
        try:
            # Without a password, OpenSSL would ask for one on the terminal.
            context.load_cert_chain(paths[0], paths[1], password="")
        except (ssl.SSLError, ValueError) as error:
            is_pair = getattr(error, "reason", None) != "KEY_VALUES_MISMATCH"
            what = "cannot be read" if is_pair else "do not match"
            raise StepError(TLS, f"cert and key {what}, so {IGNORED}") from None


def list_blocks(text: str, kind: str) -> List[str]:
    """Return the blocks of a kind in a PEM text, written as OpenSSL reads them."""
    blocks: List[str] = []
    for label, der in decode_pem(text):
        if der is not None and (label == kind or label.endswith(f" {kind}")):
            body = base64.encodebytes(der).decode("ascii")
            blocks.append(f"-----BEGIN {label}-----\n{body}-----END {label}-----\n")
    return blocks


def find_sent_name(name: str) -> Optional[str]:
    """Return the name of a target as the handshake sends it; None for one that cannot be sent."""
    name = name.rstrip(".")
    can_be_sent = name.isascii() and 0 < len(name) <= MAX_SENT_NAME and "\0" not in name
    return name if can_be_sent and not name.startswith(".") else None


def check_name(names: AlternativeNames, name: str) -> None:
    """Check that a certificate for some names is good for a name or an IP address.

    Go looks at subjectAltName only. Unlike OpenSSL, it lets `*` stand for a name below a domain
    with a single part, such as `*.local` (`crypto/x509`, `VerifyHostname`).

    Raises:
        StepError: it is for others.
    """
    hosts = [value for kind, value in names if kind == "DNS"]
    addresses = [value.strip() for kind, value in names if kind == "IP Address"]
    address = parse_address(name.strip("[]"))
    if address is None:
        is_good = any(matches(pattern, name) for pattern in hosts)
    else:
        is_good = address in map(parse_address, addresses)
    if is_good:
        return
    shown = [json.dumps(value) for value in hosts + addresses]
    others = ", ".join(shown[:MAX_NAMES_SHOWN]) + (", …" if len(shown) > MAX_NAMES_SHOWN else "")
    reason = f"only for {others}" if shown else "it has no subjectAltName"
    raise StepError(TLS, f"certificate is not valid for {json.dumps(name)}: {reason}")


def matches(pattern: str, name: str) -> bool:
    """Return whether a name in a certificate, whose first part may be `*`, is that of a host."""
    parts = name.lower().rstrip(".").split(".")
    pattern_parts = pattern.lower().split(".")
    if pattern_parts[0] == "*":
        parts[0] = "*"
    return parts == pattern_parts


def parse_address(text: str) -> Optional[object]:
    """Return an IP address as a value; None for other text."""
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
