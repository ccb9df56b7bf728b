from __future__ import annotations

import contextlib
import gzip
from typing import Callable, Iterator, List

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parca_scrape.cli.pprof_format import FormatError, check_profile
from tests.functional.pprof import STRING_TABLE, field, make_profile, packed, varint

PACKED = make_profile("samples", 200, 1)
PLAIN = gzip.decompress(PACKED)
EMPTY_STRING = field(STRING_TABLE, b"")
SAMPLE_TYPE = field(1, field(1, 1) + field(2, 2))
MINIMAL = SAMPLE_TYPE + EMPTY_STRING
NO_PROFILE = "not a pprof profile"
LACKING = "not a pprof profile: it has no sample types or no strings"


def cut(content: bytes, size: int) -> List[bytes]:
    """Return bytes in pieces of a size."""
    return [content[start : start + size] for start in range(0, len(content), size)]


def name_case(value: object) -> str:
    """Return the name of a parameter; gzip has the time in it, so bytes have none."""
    return value if isinstance(value, str) else ""


SIZES = pytest.mark.parametrize("size", [1, 2, 100, 1_000_000])


@SIZES
@pytest.mark.parametrize(
    "content",
    [
        pytest.param(PACKED, id="with gzip"),
        pytest.param(PLAIN, id="plain"),
        pytest.param(MINIMAL, id="the least"),
        pytest.param(gzip.compress(PLAIN, 9), id="one member"),
        pytest.param(gzip.compress(MINIMAL) + gzip.compress(b""), id="an empty member"),
        pytest.param(MINIMAL + field(13, 7) + packed(13, [1, 2]), id="comments of both forms"),
        pytest.param(MINIMAL + field(99, 5) + field(98, b"new"), id="fields to come"),
        pytest.param(MINIMAL + varint(97 << 3 | 1) + bytes(8), id="a fixed field to come"),
        pytest.param(MINIMAL + varint(97 << 3 | 5) + bytes(4), id="a short fixed field to come"),
        pytest.param(MINIMAL + field(2, bytes(100_000)), id="a long field"),
        pytest.param(MINIMAL + field(9, 2**64 - 1), id="a number of ten bytes"),
    ],
)
def test_a_profile_is_recognised_however_it_arrives(content: bytes, size: int) -> None:
    check_profile(cut(content, size))


@SIZES
@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "the profile is empty"),
        (gzip.compress(b""), "the profile is empty"),
        (b"\x1f\x8b", "the gzip around the profile is cut off"),
        (PACKED[:-1], "the gzip around the profile is cut off"),
        (PACKED + b"more", "the gzip around the profile is damaged"),
        (PACKED[:50] + b"!" + PACKED[51:], "the gzip around the profile is damaged"),
        (PLAIN[:-1], "the profile is cut off"),
        (MINIMAL + b"\x12\xff", "the profile is cut off"),
        (MINIMAL + b"\x12\x05abc", "the profile is cut off"),
        (b"<!DOCTYPE html>\n<html></html>", NO_PROFILE),
        (b'{"samples": []}', NO_PROFILE),
        (b"heap profile: 1: 32 [1: 32] @ heap/1048576\n", NO_PROFILE),
        (b"\x00" * 50, NO_PROFILE),
        (field(1, 5), NO_PROFILE),
        (field(9, b"text"), NO_PROFILE),
        (MINIMAL + b"\xff" * 20, NO_PROFILE),
        (varint(3 << 3 | 4), NO_PROFILE),
        (SAMPLE_TYPE, LACKING),
        (EMPTY_STRING, LACKING),
        (field(2, b""), LACKING),
        (field(STRING_TABLE, b"x") + MINIMAL, f"{NO_PROFILE}: its first string is not empty"),
    ],
    ids=name_case,
)
def test_what_is_no_profile_is_refused_however_it_arrives(
    content: bytes, reason: str, size: int
) -> None:
    with pytest.raises(FormatError) as raised:
        check_profile(cut(content, size))
    assert str(raised.value) == reason


@pytest.mark.parametrize("pack", [gzip.compress, bytes])
def test_of_a_long_profile_only_the_beginning_is_looked_at(pack: Callable[[bytes], bytes]) -> None:
    read: List[int] = []

    def give() -> Iterator[bytes]:
        for piece in cut(pack(bytes.fromhex("1200") * 10_000_000 + b"<html>"), 65536):
            read.append(len(piece))
            yield piece

    check_profile(give())
    assert read == [read[0]]


@given(st.lists(st.binary(max_size=50)), st.sampled_from([b"", MINIMAL, PACKED]))
def test_any_bytes_are_a_profile_or_are_refused(pieces: List[bytes], start: bytes) -> None:
    with contextlib.suppress(FormatError):
        check_profile([start, *pieces])
