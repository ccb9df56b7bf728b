"""PEM text that Go can read (`encoding/pem`, `crypto/x509` and `crypto/tls`)."""

from __future__ import annotations

import binascii
from typing import Iterator, List, Optional, Tuple

CERTIFICATE = "CERTIFICATE"
PRIVATE_KEY = "PRIVATE KEY"
PEM_DASHES = "-----"
PEM_BEGIN = "-----BEGIN "
PEM_END = "-----END "
DER_SEQUENCE = 0x30
DER_LONG_LENGTH = 0x80


def is_ca(text: str) -> bool:
    """Return whether Go finds a certificate to trust in any PEM block (`AppendCertsFromPEM`)."""
    return any(is_der_sequence(der) for label, der in decode_pem(text) if label == CERTIFICATE)


def is_certificate(text: str) -> bool:
    """Return whether Go finds a client certificate; the first one counts (`X509KeyPair`)."""
    blocks = (der for label, der in decode_pem(text) if label == CERTIFICATE)
    return is_der_sequence(next(blocks, b""))


def is_private_key(text: str) -> bool:
    """Return whether Go finds a private key, of whatever certificate; the first one counts."""
    blocks = (der for label, der in decode_pem(text) if f" {label}".endswith(f" {PRIVATE_KEY}"))
    return is_der_sequence(next(blocks, b""))


def decode_pem(text: str) -> Iterator[Tuple[str, bytes]]:
    """Yield label and body of each PEM block without headers, in linear time (`encoding/pem`)."""
    begun: Optional[str] = None
    body: List[str] = []
    for line in text.replace("\r\n", "\n").split("\n"):
        line = line.rstrip(" \t")
        if line.startswith(PEM_BEGIN) and line.endswith(PEM_DASHES):
            begun, body = line[len(PEM_BEGIN) : -len(PEM_DASHES)], []
        elif begun is not None and line.startswith(PEM_END):
            der = parse_base64("".join(body))
            if der is not None and line == f"{PEM_END}{begun}{PEM_DASHES}":
                yield begun, der
            begun = None
        elif begun is not None:
            body.append(line)


def parse_base64(text: str) -> Optional[bytes]:
    """Return the bytes of padded base64, which may contain blanks; None for anything else."""
    text = text.replace(" ", "").replace("\t", "").replace("\r", "")
    digits = text.rstrip("=").replace("+", "a").replace("/", "a")
    if len(text) % 4 or len(text) - len(digits) > 2 or not (digits.isalnum() and digits.isascii()):
        return None
    return binascii.a2b_base64(text)


def is_der_sequence(der: bytes) -> bool:
    """Return whether `der` is exactly one DER SEQUENCE, by its tag and its length."""
    if len(der) < 2 or der[0] != DER_SEQUENCE:
        return False
    if der[1] < DER_LONG_LENGTH:
        return len(der) == 2 + der[1]
    start = 2 + der[1] - DER_LONG_LENGTH
    return len(der) > start and len(der) == start + int.from_bytes(der[2:start], "big")
