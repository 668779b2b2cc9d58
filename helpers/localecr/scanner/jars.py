"""Zip archives, read once from their beginning to their end, as they come out of a layer: the list at their end is never needed.

Source: PKWARE's APPNOTE.TXT 6.3.10.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator

from localecr.scanner.streams import CHUNK, Part, Stream, Unreadable
from localecr.scanner.unpacking import Budget, inflated

HEADER = struct.Struct("<4s2xHH8xIIHH")  # of a member: signature, flags, method, its packed and unpacked size, the lengths of its name and of what follows that
MEMBER, DESCRIPTOR = b"PK\3\4", b"PK\7\x08"
AFTER_MEMBERS = (b"PK\1\2", b"PK\5\6", b"PK\6\6", b"PK\6\x08")
FIRST = re.compile(rb"PK(\x03\x04|\x05\x06)")  # a member, or the end of an archive without any
STORED, DEFLATED = 0, 8
IS_ENCRYPTED, IS_SIZED_AFTERWARDS = 1, 8
UNKNOWN = 0xFFFFFFFF  # a size that stands in the zip64 field
SMALL = 4096
LONGEST_PREFIX = 1 << 20  # bytes before the archive: the shell script of a jar that can be started has some ten thousand


def members(stream: Stream, budget: Budget) -> Iterator[tuple[str, Stream | None]]:
    """Names and contents, one after the other; None for what is packed in a way that isn't known. Raises Unreadable."""
    _find_first(stream)
    while (signature := stream.peek(4)) == MEMBER:
        budget.enter()
        _, flags, method, packed, size, name_length, extra_length = HEADER.unpack(_whole(stream, HEADER.size))
        name = _whole(stream, name_length).decode("utf-8", "replace")
        packed = _packed_size(_whole(stream, extra_length), packed, size)
        is_known = method in (STORED, DEFLATED) and not flags & IS_ENCRYPTED
        if flags & IS_SIZED_AFTERWARDS and method == DEFLATED and is_known:
            inflating = Inflating(stream, budget)
            yield name, inflating
            inflating.finish()
        else:
            part = Part(stream, packed)
            yield name, None if not is_known else part if method == STORED else Inflating(part, budget)
            stream.skip(part.left)
        if flags & IS_SIZED_AFTERWARDS:
            _skip_descriptor(stream)
    if signature not in AFTER_MEMBERS:
        raise Unreadable("ends too early" if len(signature) < 4 else "is no zip archive, or is damaged")


class Inflating(Stream):
    """A deflated stream that says itself where it ends; what follows it is given back."""

    def __init__(self, packed: Stream, budget: Budget):
        super().__init__(self._inflate(packed, budget))

    def _inflate(self, packed: Stream, budget: Budget) -> Iterator[bytes]:
        inflating, size = zlib.decompressobj(-zlib.MAX_WBITS), SMALL
        while not inflating.eof:
            taken = packed.take(size)
            if not taken:
                raise Unreadable("ends too early")
            for piece in inflated(inflating, taken):
                budget.unpack(len(piece))
                yield piece
            size = min(2 * size, CHUNK)  # most members are small, and what isn't theirs is given back
        packed.give_back(inflating.unused_data)

    def finish(self) -> None:
        for _ in self.pieces():
            pass


def _find_first(stream: Stream) -> None:
    """Passes over what stands before the archive. Raises Unreadable where there is none."""
    passed = 0
    while not (found := FIRST.search(head := stream.peek(CHUNK))):
        if len(head) < CHUNK or passed > LONGEST_PREFIX:
            raise Unreadable("is no zip archive")
        stream.skip(CHUNK - len(MEMBER) + 1)
        passed += CHUNK
    stream.skip(found.start())


def _whole(stream: Stream, size: int) -> bytes:
    taken = stream.take(size)
    if len(taken) < size:
        raise Unreadable("ends too early")
    return taken


def _packed_size(extra: bytes, packed: int, size: int) -> int:
    """The packed size, from the zip64 field where it doesn't fit the header."""
    if packed != UNKNOWN:
        return packed
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, at)
        if kind == 1:
            sizes = extra[at + 4 : at + 4 + length][8 * (size == UNKNOWN) :][:8]
            if len(sizes) == 8:
                return int.from_bytes(sizes, "little")
        at += 4 + length
    raise Unreadable("has a member of no size")


def _skip_descriptor(stream: Stream) -> None:
    """Passes over the sizes that follow a member. They come in several forms, of which it is the one that something known follows."""
    head = stream.peek(28)
    for length in (16, 24) if head.startswith(DESCRIPTOR) else (0, 12, 20):
        if head[length : length + 4] in (MEMBER, *AFTER_MEMBERS):
            stream.skip(length)
            return
    raise Unreadable("is damaged: nothing known follows a member")
