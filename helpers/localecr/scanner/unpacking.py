"""Layers unpacked as they are read: gzip, zstd, or nothing at all, as their first bytes say. Nothing is written anywhere.

Sources: RFC 1952 (gzip), RFC 8878 (zstd), OCI image specification, "Image Layer Filesystem Changeset".
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import BinaryIO

from localecr.scanner.model import Unscannable
from localecr.scanner.streams import CHUNK, Stream, Unreadable

GZIP, ZSTD, SKIPPABLE = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\x2a\x4d\x18"  # a skippable frame begins with a byte more: 0x50 to 0x5f

LONGEST_FRAME_HEADER, BLOCK_HEADER, LARGEST_BLOCK, REPEATED = 18, 3, 1 << 17, 1  # of zstd; REPEATED: one byte stands for a whole block

MOST_GROWTH, GROWTH_FREE = 200, 1 << 30  # an image unpacks to so many times its bytes, or to a GiB: real ones to 2 to 10 times, a bomb to 1,000
MOST_UNPACKED = 64 << 30  # bytes of an image, unpacked, and of what is packed in it: at 300 MB a second that is minutes
MOST_ENTRIES = 2_000_000  # of an image's archives: ten times a large image, and still a few seconds
WINDOW = 1 << 27  # bytes that a zstd layer may look back, and so needs of memory: what the zstd command takes, too


class Budget:
    """What an image may cost: ``size`` bytes as it is stored may become so much, in so many entries, however deep they are packed."""

    def __init__(self, size: int):
        self._bytes = min(MOST_UNPACKED, max(GROWTH_FREE, MOST_GROWTH * size))
        self._entries = MOST_ENTRIES

    def unpack(self, size: int) -> None:
        """Raises Unscannable."""
        self._bytes -= size
        if self._bytes < 0:
            raise Unscannable("FAILED", f"The image unpacks to more than {MOST_GROWTH} times its size, or to more than {MOST_UNPACKED >> 30} GiB.")

    def enter(self) -> None:
        """Raises Unscannable."""
        self._entries -= 1
        if self._entries < 0:
            raise Unscannable("FAILED", f"The image has more than {MOST_ENTRIES:,} files.")


def unpacked(file: BinaryIO, budget: Budget) -> Stream:
    """A layer's tar. Raises Unreadable, while it is read, for what is cut short or damaged, and Unscannable for what is too much."""
    head = file.read(len(ZSTD))
    file.seek(0)
    if head.startswith(GZIP):
        pieces = _gzip(file)
    elif head == ZSTD or _is_skippable(head):
        pieces = _zstd(file)
    else:
        pieces = iter(lambda: file.read(CHUNK), b"")
    return Stream(_counted(pieces, budget))


def _counted(pieces: Iterator[bytes], budget: Budget) -> Iterator[bytes]:
    for piece in pieces:
        budget.unpack(len(piece))
        yield piece


def _gzip(file: BinaryIO) -> Iterator[bytes]:
    """All members of a gzip file, one after the other. What follows the last and is none is passed over, as gzip does."""
    packed = file.read(CHUNK)
    while packed.startswith(GZIP):
        member = zlib.decompressobj(16 + zlib.MAX_WBITS)
        while not member.eof:
            if not packed:
                raise Unreadable("ends too early")
            yield from inflated(member, packed)
            packed = member.unused_data or file.read(CHUNK)
        packed = packed.lstrip(b"\0")  # padding
        if len(packed) < len(GZIP):
            packed += file.read(CHUNK)


def inflated(inflating: zlib._Decompress, packed: bytes) -> Iterator[bytes]:
    """What comes of some packed bytes, at most CHUNK at once, however much it is. Raises Unreadable."""
    is_done = False
    while not is_done:
        try:
            piece = inflating.decompress(packed, CHUNK)
        except zlib.error as error:
            raise Unreadable(f"is damaged ({error})") from error
        if piece:
            yield piece
        packed = inflating.unconsumed_tail
        is_done = inflating.eof or (not packed and len(piece) < CHUNK)  # a whole piece may have more behind it, though all is consumed


def _zstd(file: BinaryIO) -> Iterator[bytes]:
    """All frames of a zstd file, block by block: a block is never more than 128 KiB when it is unpacked, however little it was."""
    import zstandard  # only few layers need it

    unpacker = zstandard.ZstdDecompressor(max_window_size=WINDOW)
    packed = Stream(iter(lambda: file.read(CHUNK), b""))
    try:
        while head := packed.peek(LONGEST_FRAME_HEADER):
            if _is_skippable(head):
                packed.skip(8 + int.from_bytes(head[4:8], "little"))
            elif head.startswith(ZSTD):
                frame = unpacker.decompressobj()
                yield from filter(None, map(frame.decompress, _parts(packed, head)))
                if not frame.eof:
                    raise Unreadable("ends too early")
            else:
                return
    except zstandard.ZstdError as error:
        raise Unreadable(f"is damaged ({error})") from error


def _parts(packed: Stream, head: bytes) -> Iterator[bytes]:
    """A frame's header, its blocks one by one, and its sum; it ends where the stream ends too early."""
    import zstandard

    yield packed.take(zstandard.frame_header_size(head))
    is_last = False
    while not is_last and len(block := packed.peek(BLOCK_HEADER)) == BLOCK_HEADER:
        is_last, kind, size = block[0] & 1, block[0] >> 1 & 3, int.from_bytes(block, "little") >> 3
        if size > LARGEST_BLOCK:
            raise Unreadable("is damaged (a block is too large)")
        yield packed.take(BLOCK_HEADER + (1 if kind == REPEATED else size))
    if zstandard.get_frame_parameters(head).has_checksum:
        yield packed.take(4)


def _is_skippable(head: bytes) -> bool:
    return head[1:4] == SKIPPABLE and head[0] >> 4 == 5
