"""What Parca accepts in a scrape configuration, one rule a function.

The rules hold for Parca from v0.23 on. Each names the file of its source, in the repositories
`parca-dev/parca`, `prometheus/common` or in Go's standard library.
"""

from __future__ import annotations

import binascii
import json
import math
from typing import Iterator, List, Optional, Tuple

# Parca: pkg/config/config.go, DefaultScrapeConfig.
DEFAULT_INTERVAL_MS = 10_000
STANDARD_PROFILES = frozenset({"memory", "block", "goroutine", "mutex", "process_cpu"})
CPU_PROFILE = "process_cpu"
# Parca: pkg/config/config.go, UnmarshalYAML of ScrapeConfig.
DEFAULT_TIMEOUT_MARGIN_MS = 3_000
MIN_CPU_TIMEOUT_MS = 2_000
# prometheus/common: model/time.go. A Go duration holds at most 2^63-1 nanoseconds.
MAX_DURATION_MS = (2**63 - 1) // 1_000_000
MAX_INTERVAL_MS = MAX_DURATION_MS - DEFAULT_TIMEOUT_MARGIN_MS
# Units stand from the largest to the smallest, each at most once.
DURATION_UNITS = {
    "y": (1, 365 * 86_400_000),
    "w": (2, 7 * 86_400_000),
    "d": (3, 86_400_000),
    "h": (4, 3_600_000),
    "m": (5, 60_000),
    "s": (6, 1_000),
    "ms": (7, 1),
}
MAX_SECONDS = 2**63 - 1
SCHEMES = frozenset({"http", "https"})
SCHEME_LABEL = "__scheme__"
SCHEME_RULE = "must be http or https"
# gopkg.in/yaml.v3: decode.go takes the YAML 1.1 words for booleans where Go wants one.
YAML_WORDS = {
    form: value
    for words, value in ((("y", "yes", "on"), True), (("n", "no", "off"), False))
    for word in words
    for form in (word, word.title(), word.upper())
}
# prometheus/common: config/http_config.go. Go's default minimum is TLS12.
TLS_VERSIONS = ("TLS10", "TLS11", "TLS12", "TLS13")
DEFAULT_MIN_TLS_VERSION = "TLS12"
CERTIFICATE = "CERTIFICATE"
PRIVATE_KEY = "PRIVATE KEY"
PEM_DASHES = "-----"
PEM_BEGIN = "-----BEGIN "
PEM_END = "-----END "
DER_SEQUENCE = 0x30
DER_LONG_LENGTH = 0x80


def parse_duration(text: str) -> Optional[int]:
    """Read a duration such as `1h30m`, in milliseconds; None if Parca would not load it.

    Source: prometheus/common `model/time.go`, `ParseDuration`.
    """
    if text == "0":
        return 0
    if not text.isascii():
        return None
    total, position, rest = 0, 0, text
    while rest:
        tail = rest.lstrip("0123456789")
        digits = rest[: len(rest) - len(tail)].lstrip("0")
        unit = "ms" if tail.startswith("ms") else tail[:1]
        next_position, factor = DURATION_UNITS.get(unit, (0, 0))
        if tail == rest or next_position <= position or len(digits) > len(str(MAX_DURATION_MS)):
            return None
        total += int(digits or "0") * factor
        position, rest = next_position, tail[len(unit) :]
    return total if text and total <= MAX_DURATION_MS else None


def parse_scheme(text: str) -> Optional[str]:
    """Give `http` or `https` in lower case; None for what Parca cannot scrape over.

    Parca takes any text (`pkg/config/config.go`), but in other than lower case it drops targets
    without a port (`pkg/scrape/target.go`), and Go's client speaks no other scheme.
    """
    scheme = text.lower()
    return scheme if scheme in SCHEMES else None


def parse_boolean(value: object) -> Optional[bool]:
    """Give a boolean or the YAML 1.1 word for one as a boolean; None for anything else."""
    if isinstance(value, bool):
        return value
    return YAML_WORDS.get(value) if isinstance(value, str) else None


def parse_seconds(value: object) -> Optional[int]:
    """Give a whole number from 0 to 2^63-1 (`1.0` is one); None for anything else."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_SECONDS:
        return value
    return None


def parse_text(value: object) -> Optional[str]:
    """Give text, or the text in which Parca reads a number or boolean; None for anything else.

    The text may still hold lone surrogates: see `is_utf8`.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, (bool, int, float)):
        try:
            return json.dumps(value)
        except ValueError:  # Python writes no number of more than 4300 digits
            return None
    return None


def is_utf8(text: str) -> bool:
    r"""Tell whether UTF-8 can hold `text`: JSON can smuggle in lone surrogates (`\ud800`)."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def replace_surrogates(text: str) -> str:
    """Put U+FFFD in the place of lone surrogates, which make a YAML file unreadable."""
    return "".join(
        "\ufffd" if "\ud800" <= character <= "\udfff" else character for character in text
    )


def is_ca(text: str) -> bool:
    """Tell whether Go finds a certificate in `text` to trust: any of its PEM blocks will do.

    Source: Go `crypto/x509`, `AppendCertsFromPEM`.
    """
    return any(is_der_sequence(der) for label, der in decode_pem(text) if label == CERTIFICATE)


def is_certificate(text: str) -> bool:
    """Tell whether Go finds a client certificate in `text`: the first PEM block of one counts.

    Source: Go `crypto/tls`, `X509KeyPair`.
    """
    blocks = (der for label, der in decode_pem(text) if label == CERTIFICATE)
    return is_der_sequence(next(blocks, b""))


def is_private_key(text: str) -> bool:
    """Tell whether Go finds a private key in `text`: the first PEM block of one counts.

    Source: Go `crypto/tls`, `X509KeyPair`. That key and certificate match is not checked.
    """
    blocks = (der for label, der in decode_pem(text) if f" {label}".endswith(f" {PRIVATE_KEY}"))
    return is_der_sequence(next(blocks, b""))


def decode_pem(text: str) -> Iterator[Tuple[str, bytes]]:
    """Give label and body of the PEM blocks in `text`, in time linear in its length.

    Source: Go `encoding/pem`, `Decode`. Blocks with headers are passed over.
    """
    begun: Optional[str] = None
    body: List[str] = []
    for line in text.replace("\r\n", "\n").split("\n"):
        line = line.rstrip(" \t")
        if line.startswith(PEM_BEGIN) and line.endswith(PEM_DASHES):
            begun, body = line[len(PEM_BEGIN) : -len(PEM_DASHES)], []
        elif begun is not None and line.startswith(PEM_END):
            der = decode_base64("".join(body))
            if der is not None and line == f"{PEM_END}{begun}{PEM_DASHES}":
                yield begun, der
            begun = None
        elif begun is not None:
            body.append(line)


def decode_base64(text: str) -> Optional[bytes]:
    """Decode padded base64 with blanks in it; None if it is none."""
    text = text.replace(" ", "").replace("\t", "").replace("\r", "")
    digits = text.rstrip("=").replace("+", "a").replace("/", "a")
    if len(text) % 4 or len(text) - len(digits) > 2 or not (digits.isalnum() and digits.isascii()):
        return None
    return binascii.a2b_base64(text)


def is_der_sequence(der: bytes) -> bool:
    """Tell whether `der` is exactly one DER SEQUENCE, by its tag and length."""
    if len(der) < 2 or der[0] != DER_SEQUENCE:
        return False
    if der[1] < DER_LONG_LENGTH:
        return len(der) == 2 + der[1]
    start = 2 + der[1] - DER_LONG_LENGTH
    return len(der) > start and len(der) == start + int.from_bytes(der[2:start], "big")
