"""PEM text for tests: blocks of the right form, with nothing in them."""

from __future__ import annotations

import base64

# An ASN.1 SEQUENCE that holds the integer 5.
DER = b"\x30\x03\x02\x01\x05"


def pem(label: str, der: bytes = DER, *, newline: str = "\n") -> str:
    body = base64.encodebytes(der).decode().splitlines()
    lines = [f"-----BEGIN {label}-----", *body, f"-----END {label}-----", ""]
    return newline.join(lines)


CERTIFICATE = pem("CERTIFICATE")
PRIVATE_KEY = pem("PRIVATE KEY")
