"""Profiles in pprof's format, as large as a test wants them.

Source: `proto/profile.proto` of google/pprof.
"""

from __future__ import annotations

import gzip
from functools import lru_cache
from typing import Iterable, Union

SAMPLE_TYPE, SAMPLE, LOCATION, FUNCTION, STRING_TABLE = 1, 2, 4, 5, 6
TIME_NANOS, PERIOD_TYPE, PERIOD = 9, 11, 12


def make_profile(kind: str, samples: int, time_nanos: int) -> bytes:
    """Return a profile with one count for each sample, compressed."""
    # Fields may come in any order, and members of gzip one after the other.
    return compressed_samples(kind, samples) + gzip.compress(field(TIME_NANOS, time_nanos))


@lru_cache(maxsize=None)
def compressed_samples(kind: str, samples: int) -> bytes:
    """Return all of a profile but its time."""
    value_type = field(1, 1) + field(2, 2)
    names = [f"function{number}" for number in range(samples)]
    numbers = range(1, samples + 1)
    parts = [field(STRING_TABLE, text.encode("utf-8")) for text in ("", kind, "count", *names)]
    parts += [field(PERIOD_TYPE, value_type), field(PERIOD, 1), field(SAMPLE_TYPE, value_type)]
    for number in numbers:
        name = field(2, number + 2)
        line = field(4, field(1, number))
        parts += [
            field(FUNCTION, field(1, number) + name),
            field(LOCATION, field(1, number) + field(3, 0x400000 + number) + line),
            field(SAMPLE, packed(1, [number]) + packed(2, [1])),
        ]
    return gzip.compress(b"".join(parts), 1)


def field(number: int, value: Union[int, bytes]) -> bytes:
    """Return a field of a protobuf message: an integer, or text or another message."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def packed(number: int, values: Iterable[int]) -> bytes:
    """Return a field with many integers."""
    return field(number, b"".join(map(varint, values)))


def varint(value: int) -> bytes:
    """Return an integer of variable length."""
    encoded = bytearray()
    while value > 127:
        encoded.append(value & 127 | 128)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)
