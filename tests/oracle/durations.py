"""Durations as Prometheus reads them: ParseDuration of prometheus/common, model/time.go."""

from __future__ import annotations

from typing import Dict, Optional, Tuple

from tests.oracle.golang import quote

MILLISECOND = 1_000_000
"""In nanoseconds, as are all durations here: a Go time.Duration."""

SECOND = 1_000 * MILLISECOND

_MAX_UINT64 = 2**64 - 1
_MAX_INT64 = 2**63 - 1

_UNITS: Dict[str, Tuple[int, int]] = {
    "ms": (7, MILLISECOND),
    "s": (6, SECOND),
    "m": (5, 60 * SECOND),
    "h": (4, 3_600 * SECOND),
    "d": (3, 24 * 3_600 * SECOND),
    "w": (2, 7 * 24 * 3_600 * SECOND),
    "y": (1, 365 * 24 * 3_600 * SECOND),
}


def _is_digit(character: str) -> bool:
    return "0" <= character <= "9"


def _run_length(text: str, digits: bool) -> int:
    length = 0
    while length < len(text) and _is_digit(text[length]) is digits:
        length += 1
    return length


def _parse_uint64(digits: str) -> Optional[int]:
    """strconv.ParseUint of ASCII digits; None where it fails."""
    significant = digits.lstrip("0")
    # Twenty digits hold every uint64, and int() costs more than linear time.
    if not digits or len(significant) > 20:
        return None
    value = int(significant or "0")
    return value if value <= _MAX_UINT64 else None


def parse_duration(text: str) -> int:
    """Nanoseconds of a duration.

    Raises:
        ValueError: with Prometheus' own message.
    """
    if text == "0":
        return 0
    if text == "":
        raise ValueError("empty duration string")
    invalid = ValueError(f"not a valid duration string: {quote(text)}")
    rest = text
    duration = 0
    last_position = 0
    while rest:
        length = _run_length(rest, digits=True)
        value = _parse_uint64(rest[:length])
        rest = rest[length:]
        length = _run_length(rest, digits=False)
        if value is None or length == 0:
            raise invalid
        name, rest = rest[:length], rest[length:]
        if name not in _UNITS:
            raise ValueError(f"unknown unit {quote(name)} in duration {quote(text)}")
        position, multiple = _UNITS[name]
        if position <= last_position:
            raise invalid
        last_position = position
        if value > 2**63 // multiple:
            raise ValueError("duration out of range")
        duration += value * multiple
        if duration > _MAX_INT64:
            raise ValueError("duration out of range")
    return duration


def duration_ms(text: str) -> Optional[int]:
    """Milliseconds of a duration, or None where Parca refuses the file for it."""
    try:
        return parse_duration(text) // MILLISECOND
    except ValueError:
        return None
