"""Check that bytes are a profile in pprof's format, as they arrive.

Sources: `proto/profile.proto` and `profile/profile.go` of google/pprof, and Parca
`pkg/normalizer`, which reads a profile with or without gzip around it.
"""

from __future__ import annotations

import re
import zlib
from typing import Dict, FrozenSet, Iterable, Iterator, Pattern, Set, Tuple

PIECE_SIZE = 65536
# Bytes that begin like a profile for this long are one. Reading all of them would take a processor
# several seconds for 256 large programs, and most would miss their deadline.
WALKED_SIZE = 65536
GZIP_MAGIC = b"\x1f\x8b"
WITH_GZIP_HEADER = 16 + zlib.MAX_WBITS

VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5
SIZES = {FIXED64: 8, FIXED32: 4}
MAX_VARINT_LENGTH = 10
SAMPLE_TYPE, STRING_TABLE, COMMENT = 1, 6, 13
# The wire types of each field of a profile.
KINDS: Dict[int, FrozenSet[int]] = {
    **dict.fromkeys((SAMPLE_TYPE, 2, 3, 4, 5, STRING_TABLE, 11), frozenset({LENGTH})),
    **dict.fromkeys((7, 8, 9, 10, 12, 14, 15), frozenset({VARINT})),
    COMMENT: frozenset({VARINT, LENGTH}),
}
KNOWN_KINDS = frozenset({VARINT, FIXED64, LENGTH, FIXED32})


def make_run_pattern(*numbers: int) -> Pattern[bytes]:
    """Return a pattern that skips fields of at most 127 bytes: nearly all of a profile.

    Python's own loop takes ten times as long.
    """
    tags = b"".join(re.escape(bytes([number << 3 | LENGTH])) for number in numbers)
    fields = b"|".join(re.escape(bytes([size])) + b".{%d}" % size for size in range(128))
    return re.compile(b"(?:[" + tags + b"](?:" + fields + b"))*", re.DOTALL)


# Samples, locations and functions; and strings, once the first has been seen.
RUN = make_run_pattern(2, 4, 5)
RUN_WITH_STRINGS = make_run_pattern(2, 4, 5, STRING_TABLE)


class FormatError(Exception):
    """The reason why bytes are no profile, in words for people."""


def check_profile(pieces: Iterable[bytes]) -> None:
    """Read a profile, or the beginning of a long one.

    Raises:
        FormatError: Parca could not read it.
    """
    walk = FieldWalk()
    size = 0
    for piece in unpack(pieces):
        walk.feed(piece)
        size += len(piece)
        if size >= WALKED_SIZE:
            return
    if not size:
        raise FormatError("the profile is empty")
    walk.finish()


def unpack(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the bytes without the gzip around them, if there is any.

    Raises:
        FormatError: the gzip is damaged.
    """
    iterator = iter(pieces)
    start = b""
    for piece in iterator:
        start += piece
        if len(start) >= len(GZIP_MAGIC):
            break
    rest = join(start, iterator)
    yield from decompress(rest) if start.startswith(GZIP_MAGIC) else rest


def join(start: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    """Yield a first piece, and then the others."""
    yield start
    yield from rest


def decompress(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield what gzip holds, in pieces of a limited size; one member may follow the other.

    Raises:
        FormatError: the gzip is damaged.
    """
    decoder, is_begun = zlib.decompressobj(WITH_GZIP_HEADER), False
    for piece in pieces:
        packed, is_full = piece, False
        while packed or is_full:
            is_begun = True
            try:
                unpacked = decoder.decompress(packed, PIECE_SIZE)
            except zlib.error:
                raise FormatError("the gzip around the profile is damaged") from None
            yield unpacked
            packed, is_full = decoder.unconsumed_tail, len(unpacked) == PIECE_SIZE
            if decoder.eof:
                packed, is_full = decoder.unused_data, False
                decoder, is_begun = zlib.decompressobj(WITH_GZIP_HEADER), False
    if is_begun:
        raise FormatError("the gzip around the profile is cut off")


class FieldWalk:
    """Reads the top-level fields of a profile, without keeping any."""

    def __init__(self) -> None:
        self._rest = b""
        """The beginning of a field whose length is not there yet."""
        self._skipped = 0
        """How many bytes of the last field are still to come."""
        self._seen: Set[int] = set()

    def feed(self, piece: bytes) -> None:
        """Read the next bytes.

        Raises:
            FormatError: they are not those of a profile.
        """
        data = self._rest + piece[self._skipped :]
        self._skipped = max(0, self._skipped - len(piece))
        position, end = 0, len(data)
        try:
            while position < end:
                run = RUN_WITH_STRINGS if STRING_TABLE in self._seen else RUN
                match = run.match(data, position)
                position = match.end() if match else position
                if position < end:
                    position = self._read_field(data, position)
        except IndexError:
            self._rest = data[position:]
        else:
            self._rest = b""
            self._skipped += position - end

    def finish(self) -> None:
        """Raise if what was read is not a whole profile.

        Raises:
            FormatError: it is not.
        """
        if self._rest or self._skipped:
            raise FormatError("the profile is cut off")
        if not self._seen >= {SAMPLE_TYPE, STRING_TABLE}:
            raise FormatError("not a pprof profile: it has no sample types or no strings")

    def _read_field(self, data: bytes, start: int) -> int:
        """Return where a field ends, which may be after the data.

        Raises:
            IndexError: the data ends before the length of the field is known.
            FormatError: the field is none of a profile.
        """
        tag, position = read_varint(data, start)
        number, kind = tag >> 3, tag & 7
        if kind not in KINDS.get(number, KNOWN_KINDS) or not number:
            raise FormatError("not a pprof profile")
        if kind == LENGTH:
            length, position = read_varint(data, position)
            if number == STRING_TABLE and length and number not in self._seen:
                raise FormatError("not a pprof profile: its first string is not empty")
            end = position + length
        elif kind == VARINT:
            _, end = read_varint(data, position)
        else:
            end = position + SIZES[kind]
        self._seen.add(number)
        return end


def read_varint(data: bytes, position: int) -> Tuple[int, int]:
    """Return an integer of variable length, and where it ends.

    Raises:
        IndexError: the data ends first.
        FormatError: it is longer than any integer.
    """
    value = 0
    for index in range(MAX_VARINT_LENGTH):
        byte = data[position + index]
        value |= (byte & 0x7F) << 7 * index
        if byte < 0x80:
            return value, position + index + 1
    raise FormatError("not a pprof profile")
