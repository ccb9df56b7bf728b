"""What Parca accepts in a scrape configuration, from v0.23 on: one rule a function.

Sources are files of `parca-dev/parca`, `prometheus/common` or Go's standard library.
"""

from __future__ import annotations

import math
import re
from typing import Optional

# Parca: pkg/config/config.go, DefaultScrapeConfig.
DEFAULT_INTERVAL_MS = 10_000
STANDARD_PROFILES = frozenset({"memory", "block", "goroutine", "mutex", "process_cpu"})
CPU_PROFILE = "process_cpu"
# Parca: pkg/profilestore/profilecolumnstore.go refuses the samples of a profile whose name is not
# that of a Prometheus metric; pkg/scrape/scrape.go reads nothing under the name trace.
PROFILE_NAME = "(?!trace$)[a-zA-Z_:][a-zA-Z0-9_:]*"
# Parca: pkg/config/config.go, UnmarshalYAML of ScrapeConfig.
DEFAULT_TIMEOUT_MARGIN_MS = 3_000
MIN_CPU_TIMEOUT_MS = 2_000
# prometheus/common: model/time.go. A Go duration holds at most 2^63-1 nanoseconds.
MAX_DURATION_MS = (2**63 - 1) // 1_000_000
MAX_INTERVAL_MS = MAX_DURATION_MS - DEFAULT_TIMEOUT_MARGIN_MS
CONTROL = "[\x00-\x1f\x7f-\x9f\u2028\u2029]"
SURROGATE = "[\ud800-\udfff]"
# Each unit at most once, from the largest to the smallest; the longest number has 13 digits.
DAY_MS = 86_400_000
DURATION_UNITS_MS = {
    "y": 365 * DAY_MS,
    "w": 7 * DAY_MS,
    "d": DAY_MS,
    "h": 3_600_000,
    "m": 60_000,
    "s": 1_000,
    "ms": 1,
}
DURATION = "".join(f"(?:0*(0|[1-9][0-9]{{0,12}}){unit})?" for unit in DURATION_UNITS_MS)
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


def parse_duration(text: str) -> Optional[int]:
    """Return the milliseconds of a duration such as `1h30m`; None if Parca would not load it.

    Source: prometheus/common `model/time.go`, `ParseDuration`.
    """
    if text == "0":
        return 0
    match = re.fullmatch(DURATION, text)
    if match is None or not text:
        return None
    numbers = zip(match.groups(default="0"), DURATION_UNITS_MS.values())
    milliseconds = sum(int(digits) * factor for digits, factor in numbers)
    return milliseconds if milliseconds <= MAX_DURATION_MS else None


def parse_scheme(text: str) -> Optional[str]:
    """Return `http` or `https` in lower case; None for what Parca cannot scrape over.

    Parca takes any text (`pkg/config/config.go`), but in other than lower case it drops targets
    without a port (`pkg/scrape/target.go`), and Go's client speaks no other scheme.
    """
    scheme = text.lower()
    return scheme if scheme in SCHEMES else None


def parse_boolean(value: object) -> Optional[bool]:
    """Return a boolean, also for the YAML 1.1 word for one; None for anything else."""
    if isinstance(value, bool):
        return value
    return YAML_WORDS.get(value) if isinstance(value, str) else None


def parse_seconds(value: object) -> Optional[int]:
    """Return a whole number from 0 to 2^63-1 (`1.0` is one); None for anything else."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_SECONDS:
        return value
    return None


def parse_text(value: object) -> Optional[str]:
    """Return text, also the text that Parca reads in a number or a boolean; None for the rest.

    The text may still contain lone surrogates: see `is_utf8`.
    """
    if isinstance(value, str):
        return str.__str__(value)  # The text itself of a member of an enumeration.
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return float.__repr__(value) if math.isfinite(value) else None
    if isinstance(value, int):
        try:
            return int.__repr__(value)
        except ValueError:  # Python writes no number of more than 4300 digits.
            return None
    return None


def is_utf8(text: str) -> bool:
    r"""Return whether UTF-8 can encode `text`, unlike a lone surrogate from JSON (`\ud800`)."""
    return text.isascii() or re.search(SURROGATE, text) is None


def is_profile_name(name: str) -> bool:
    """Return whether Parca can store a custom profile of this name."""
    return re.fullmatch(PROFILE_NAME, name) is not None


def replace_controls(text: str) -> str:
    """Replace control characters and line separators, which YAML folds into blanks, by U+FFFD."""
    return text if text.isprintable() else re.sub(CONTROL, "\ufffd", text)


def replace_surrogates(text: str) -> str:
    """Replace lone surrogates, which make a YAML file unreadable, by U+FFFD."""
    return re.sub(SURROGATE, "\ufffd", text)
