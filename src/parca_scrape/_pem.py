"""PEM text that Go can read (`encoding/pem`, `crypto/x509` and `crypto/tls`)."""

from __future__ import annotations

import binascii
from typing import Iterator, List, Optional, Tuple

PEM_LABELS = {"ca": "CERTIFICATE", "cert": "CERTIFICATE", "key": "PRIVATE KEY"}
ENCRYPTED_KEY = "ENCRYPTED PRIVATE KEY"
PEM_DASHES = "-----"
PEM_BEGIN = "-----BEGIN "
PEM_END = "-----END "
DER_SEQUENCE = 0x30
DER_LONG_LENGTH = 0x80


def find_pem_fault(name: str, text: str) -> str:
    """Return the rule that the PEM text of a field breaks, or an empty string.

    Go looks for a certificate to trust in every block (`AppendCertsFromPEM`). Of the certificate
    and the key that a client presents, the first block of each kind counts (`X509KeyPair`).

    Args:
        name: `ca`, `cert` or `key`.
        text: the PEM text.
    """
    label = PEM_LABELS[name]
    found = [
        (kind, der)
        for kind, der in decode_pem(text)
        if kind == label or (name == "key" and kind.endswith(f" {label}"))
    ]
    blocks = [(kind, der) for kind, der in found if der is not None]
    if not found:
        return f"must contain a PEM block {label}, with BEGIN and END on lines of their own"
    if not blocks:
        return f"the body of the PEM block {label} must be base64 without headers"
    counted = blocks if name == "ca" else blocks[:1]
    if counted[0][0] == ENCRYPTED_KEY:
        return "is encrypted, and Parca does not know the passphrase: use a key without one"
    if not any(is_der_sequence(der) for _, der in counted):
        what = label.lower()
        return f"the PEM block {label} does not hold a {what}: copy it again from its file"
    return ""


def decode_pem(text: str) -> Iterator[Tuple[str, Optional[bytes]]]:
    """Yield label and body of each PEM block, in linear time (`encoding/pem`).

    The body is None if it is not base64, as when it begins with headers. Go skips such a block.
    """
    begun: Optional[str] = None
    body: List[str] = []
    for line in text.replace("\r\n", "\n").split("\n"):
        line = line.rstrip(" \t")
        if line.startswith(PEM_BEGIN) and line.endswith(PEM_DASHES):
            begun, body = line[len(PEM_BEGIN) : -len(PEM_DASHES)], []
        elif begun is not None and line.startswith(PEM_END):
            if line == f"{PEM_END}{begun}{PEM_DASHES}":
                yield begun, parse_base64("".join(body))
            begun = None
        elif begun is not None:
            body.append(line)


def parse_base64(text: str) -> Optional[bytes]:
    """Return the bytes of padded base64, which may contain blanks; None for anything else."""
    text = text.replace(" ", "").replace("\t", "").replace("\r", "")
    digits = text.rstrip("=").replace("+", "a").replace("/", "a")
    is_plain = digits.isalnum() and digits.isascii()
    if len(text) % 4 or len(text) - len(digits) > 2 or not (is_plain or not text):
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
