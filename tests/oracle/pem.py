"""PEM and certificates as Go reads them: encoding/pem, and what Parca asks of crypto/x509 and tls.

OpenSSL, by way of Python's `ssl`, stands in for Go's parsers of certificates and keys. It is the
laxer of the two about curves that Go lacks and about broken details inside a certificate.
"""

from __future__ import annotations

import base64
import os
import re
import ssl
import tempfile
from functools import lru_cache
from typing import List, NamedTuple, Optional, Tuple

_BEGIN = b"-----BEGIN "
_END = b"\n-----END "
_DASHES = b"-----"

_BASE64 = re.compile(rb"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")

_SEQUENCE = 0x30


class Block(NamedTuple):
    """A PEM block."""

    label: str
    has_headers: bool
    body: bytes


def _get_line(data: bytes) -> Tuple[bytes, bytes, int]:
    end = data.find(b"\n")
    if end < 0:
        return data.rstrip(b" \t"), b"", len(data)
    line = data[: end - 1] if data[end - 1 : end] == b"\r" else data[:end]
    return line.rstrip(b" \t"), data[end + 1 :], end + 1


def _decode_base64(data: bytes) -> Optional[bytes]:
    digits = data.translate(None, b" \t\r\n")
    return base64.b64decode(digits) if _BASE64.fullmatch(digits) else None


def _skip_headers(data: bytes) -> Tuple[int, int]:
    """How many header lines the data starts with, and how long they are together."""
    count = length = 0
    while length < len(data):
        line, _, consumed = _get_line(data[length:])
        if b":" not in line:
            break
        count += 1
        length += consumed
    return count, length


def decode(data: bytes) -> Tuple[Optional[Block], bytes]:
    """pem.Decode: the next block and what follows it, or None and all the data."""
    rest = data
    trailer_at = 0
    while True:
        if trailer_at < 0 or trailer_at > len(rest):
            return None, data
        rest = rest[trailer_at:]
        end_at = rest.find(_END)
        if end_at < 0:
            return None, data
        trailer_at = end_at + len(_END)
        begin_at = rest.rfind(_BEGIN, 0, end_at)
        if begin_at < 0 or (begin_at > 0 and rest[begin_at - 1 : begin_at] != b"\n"):
            continue
        skipped = begin_at + len(_BEGIN)
        label, rest, consumed = _get_line(rest[skipped:])
        end_at -= skipped + consumed
        trailer_at -= skipped + consumed
        if not label.endswith(_DASHES):
            continue
        headers, consumed = _skip_headers(rest)
        rest = rest[consumed:]
        if not rest:
            return None, data
        end_at -= consumed
        trailer_at -= consumed
        if headers and end_at < 0:
            continue
        # The label ends in the dashes that must end the trailer too, and its line.
        trailer = rest[trailer_at:]
        if not trailer.startswith(label) or _get_line(trailer[len(label) :])[0]:
            continue
        body = _decode_base64(rest[: max(end_at, 0)])
        if body is None:
            continue
        _, rest, _ = _get_line(rest[end_at + len(_END) - 1 :])
        name = label[: -len(_DASHES)].decode("utf-8", "replace")
        return Block(name, headers > 0, body), rest


def blocks(text: str) -> List[Block]:
    """All blocks of a text."""
    rest = text.encode("utf-8")
    found: List[Block] = []
    while rest:
        block, rest = decode(rest)
        if block is None:
            break
        found.append(block)
    return found


def _is_one_sequence(der: bytes) -> bool:
    """Return whether the DER is one SEQUENCE with nothing behind it, which OpenSSL lets pass."""
    if len(der) < 2 or der[0] != _SEQUENCE:
        return False
    length, header = der[1], 2
    if length >= 0x80:
        size = length - 0x80
        length, header = int.from_bytes(der[2 : 2 + size], "big"), 2 + size
    return len(der) == header + length


def is_certificate(der: bytes) -> bool:
    """x509.ParseCertificate."""
    if not _is_one_sequence(der):
        return False
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(cadata=der)
    except (ssl.SSLError, ValueError):
        return False
    return True


@lru_cache(maxsize=1024)
def fills_pool(text: str) -> bool:
    """x509.CertPool.AppendCertsFromPEM: at least one certificate is good."""
    return any(
        block.label == "CERTIFICATE" and not block.has_headers and is_certificate(block.body)
        for block in blocks(text)
    )


def _pem(label: str, der: bytes) -> str:
    body = base64.encodebytes(der).decode("ascii")
    return f"-----BEGIN {label}-----\n{body}-----END {label}-----\n"


def _loads(certificate: bytes, key_label: str, key: bytes) -> bool:
    """Return whether OpenSSL takes the pair. It reads files only."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # Go sets no lowest strength here.
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "pair.pem")
        with open(path, "w", encoding="ascii") as file:
            file.write(_pem("CERTIFICATE", certificate) + _pem(key_label, key))
        try:
            # A password given keeps OpenSSL from asking the terminal for one.
            context.load_cert_chain(path, password="")
        except (ssl.SSLError, ValueError):
            return False
    return True


def _find_certificate(text: str) -> bytes:
    found = blocks(text)
    for block in found:
        if block.label == "CERTIFICATE":
            return block.body
    labels = [block.label for block in found]
    if not labels:
        raise ValueError("tls: failed to find any PEM data in certificate input")
    if len(labels) == 1 and labels[0].endswith("PRIVATE KEY"):
        raise ValueError(
            "tls: failed to find certificate PEM data in certificate input, but did find a "
            "private key; PEM inputs may have been switched"
        )
    raise ValueError(
        'tls: failed to find "CERTIFICATE" PEM block in certificate input after skipping PEM '
        f"blocks of the following types: [{' '.join(labels)}]"
    )


def _find_key(text: str) -> bytes:
    found = blocks(text)
    for block in found:
        if block.label == "PRIVATE KEY" or block.label.endswith(" PRIVATE KEY"):
            return block.body
    labels = [block.label for block in found]
    if not labels:
        raise ValueError("tls: failed to find any PEM data in key input")
    if labels == ["CERTIFICATE"]:
        raise ValueError(
            "tls: found a certificate rather than a key in the PEM for the private key"
        )
    raise ValueError(
        'tls: failed to find PEM block with type ending in "PRIVATE KEY" in key input after '
        f"skipping PEM blocks of the following types: [{' '.join(labels)}]"
    )


@lru_cache(maxsize=1024)
def key_pair_error(certificate_text: str, key_text: str) -> Optional[str]:
    """Why tls.X509KeyPair does not take a certificate and its key, or None."""
    try:
        certificate = _find_certificate(certificate_text)
        key = _find_key(key_text)
    except ValueError as error:
        return str(error)
    if not is_certificate(certificate):
        return "x509: malformed certificate"
    # Go tries the three forms of a key whatever the label says.
    for label in ("RSA PRIVATE KEY", "PRIVATE KEY", "EC PRIVATE KEY"):
        if _loads(certificate, label, key):
            return None
    return "tls: private key does not match public key"
