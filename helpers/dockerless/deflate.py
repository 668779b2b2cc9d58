"""A gzip stream that has the same bytes everywhere.

zlib promises only that what it compresses can be decompressed: zlib, zlib-ng (in some Python distributions), Apple's and
hardware versions each write different bytes for the same data, and with them the digest of a layer would change from
machine to machine. This encoder is plain Python with nothing to choose: matches are found greedily and written with
deflate's fixed Huffman codes (RFC 1951, 3.2.6); a block that this would make longer is stored as it is.

The cost: it compresses 2 to 4 MB a second, and text ends up half as large again as with ``gzip``. So only the first MiB
of a layer is compressed and the rest is stored, which costs no time: a layer of many megabytes travels at its full size.
"""

from __future__ import annotations

import struct
import zlib
from typing import Protocol

BLOCK = 0xFFFF  # what a stored block holds at most
WINDOW = 1 << 15
COMPRESSED = 1 << 20
HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"  # no name, no time, no operating system
SHORTEST, LONGEST = 4, 258


class Sink(Protocol):
    def write(self, data: bytes, /) -> int: ...


def _reversed(code: int, length: int) -> int:
    """Huffman codes are sent with their first bit first, everything else in deflate with its last."""
    return int(f"{code:0{length}b}"[::-1], 2)


def _literal(value: int) -> tuple[int, int]:
    for first, last, length, base in ((0, 143, 8, 0x30), (144, 255, 9, 0x190), (256, 279, 7, 0), (280, 287, 8, 0xC0)):
        if first <= value <= last:
            return _reversed(base + value - first, length), length
    raise ValueError(value)


def _steps(first: int, step: int, count: int) -> list[tuple[int, int]]:
    """(smallest value, extra bits) of each length or distance code: `step` codes for every number of extra bits."""
    table, value = [], first
    for code in range(count):
        extra = max(0, code // step - 1)
        table.append((value, extra))
        value += 1 << extra
    return table


def _lengths() -> list[tuple[int, int]]:
    codes = [(257 + code, *entry) for code, entry in enumerate(_steps(3, 4, 28))] + [(285, 258, 0)]
    table: list[tuple[int, int]] = [(0, 0)] * (LONGEST + 1)
    for symbol, smallest, extra in codes:
        bits, width = _literal(symbol)
        for offset in range(1 << extra):
            if smallest + offset <= LONGEST:
                table[smallest + offset] = (bits | offset << width, width + extra)
    return table


LITERALS = [_literal(value) for value in range(257)]
LENGTHS = _lengths()
DISTANCES = [(smallest, extra, _reversed(code, 5)) for code, (smallest, extra) in enumerate(_steps(1, 2, 30))]


def _distance(distance: int) -> tuple[int, int]:
    code = min(distance - 1, 1) if distance < 3 else 2 * ((distance - 1).bit_length() - 1) + (distance - 1 >> (distance - 1).bit_length() - 2 & 1)
    smallest, extra, bits = DISTANCES[code]
    return bits | distance - smallest << 5, 5 + extra


class _Bits:
    """Bits that become bytes, the lowest first."""

    def __init__(self) -> None:
        self.bytes = bytearray()
        self.pending = 0
        self.count = 0

    def put(self, value: int, width: int) -> None:
        self.pending |= value << self.count
        self.count += width
        if self.count >= 64:
            whole = self.count >> 3
            self.bytes += (self.pending & (1 << whole * 8) - 1).to_bytes(whole, "little")
            self.pending >>= whole * 8
            self.count &= 7

    def align(self) -> None:
        whole = -(-self.count // 8)
        self.bytes += self.pending.to_bytes(whole, "little")
        self.pending = self.count = 0

    def take(self) -> bytes:
        done, self.bytes = bytes(self.bytes), bytearray()
        return done


def _match_length(block: bytes, earlier: int, here: int) -> int:
    limit = min(LONGEST, len(block) - here)
    length = SHORTEST
    while length + 16 <= limit and block[earlier + length : earlier + length + 16] == block[here + length : here + length + 16]:
        length += 16
    while length < limit and block[earlier + length] == block[here + length]:
        length += 1
    return length


def _tokens(block: bytes) -> list[tuple[int, int]]:
    """The block as (bits, width) of its literals and matches; a match goes back to where its first bytes were last seen."""
    tokens: list[tuple[int, int]] = []
    seen: dict[bytes, int] = {}
    here, size = 0, len(block)
    while here < size:
        key = block[here : here + SHORTEST]
        earlier = seen.get(key, -1) if here + SHORTEST <= size else -1
        seen[key] = here
        if earlier < 0 or here - earlier > WINDOW:
            tokens.append(LITERALS[block[here]])
            here += 1
            continue
        length = _match_length(block, earlier, here)
        tokens.append(LENGTHS[length])
        tokens.append(_distance(here - earlier))
        for inside in range(here + 1, min(here + length, here + 16)):
            seen[block[inside : inside + SHORTEST]] = inside
        here += length
    return tokens


class GzipWriter:
    """Writes gzip to ``sink``. Call ``close()`` at the end; the sink stays open."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._block = bytearray()
        self._bits = _Bits()
        self._crc = 0
        self._size = 0
        self._written = 0
        sink.write(HEADER)

    def write(self, data: bytes) -> int:
        self._crc = zlib.crc32(data, self._crc)
        self._size += len(data)
        self._block += data
        while len(self._block) >= BLOCK:
            self._emit(bytes(self._block[:BLOCK]))
            del self._block[:BLOCK]
        return len(data)

    def close(self) -> None:
        self._emit(bytes(self._block), last=True)
        self._bits.align()
        self._sink.write(self._bits.take() + struct.pack("<II", self._crc, self._size & 0xFFFFFFFF))

    def _emit(self, block: bytes, last: bool = False) -> None:
        tokens = _tokens(block) if self._written < COMPRESSED else None
        self._written += len(block)
        if not block or (tokens is not None and sum(width for _, width in tokens) < len(block) * 8 + 32):
            self._bits.put(last | 0b01 << 1, 3)
            for value, width in tokens or ():
                self._bits.put(value, width)
            self._bits.put(*LITERALS[256])
        else:
            self._bits.put(last, 3)
            self._bits.align()
            self._bits.bytes += struct.pack("<HH", len(block), len(block) ^ 0xFFFF) + block
        self._sink.write(self._bits.take())
