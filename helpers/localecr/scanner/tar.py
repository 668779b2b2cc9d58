"""Tar archives, read once from their beginning to their end. Python's own module takes ten times as long for an entry.

Sources: POSIX ustar and pax; GNU tar's manual, "Basic Tar Format"; where they leave a choice, what Go's archive/tar does, with which
container engines unpack layers.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Literal

from localecr.scanner.streams import Part, Stream, Unreadable
from localecr.scanner.unpacking import Budget

Kind = Literal["file", "directory", "link", "hardlink", "sparse", "other"]
Entry = tuple[str, Kind, str, int]  # its name as it is written, what it is, what it links to, the size of its body in bytes

BLOCK = 512
END = bytes(BLOCK)
LARGEST_EXTENSION = 1 << 20  # bytes of a pax header or of a GNU long name, read as a whole: what Go's archive/tar takes
KINDS: dict[int, Kind] = {
    ord("0"): "file", 0: "file", ord("7"): "file", ord("1"): "hardlink", ord("2"): "link", ord("5"): "directory", ord("S"): "sparse",
    ord("3"): "other", ord("4"): "other", ord("6"): "other",
}  # fmt: skip
BODILESS = ("hardlink", "link", "directory", "other")
PAX, PAX_FOR_ALL, LONG_NAME, LONG_TARGET = ord("x"), ord("g"), ord("L"), ord("K")
ADLER = 65521  # Adler-32 keeps a sum of bytes in its lower half, modulo this, beginning with 1: ten times as fast as sum()


class Tar:
    """The entries of an archive, one after the other. ``body`` is that of the one that came last."""

    def __init__(self, stream: Stream, budget: Budget):
        self._stream = stream
        self._budget = budget
        self._size = 0
        self._body: Part | None = None

    def body(self) -> Part:
        self._body = Part(self._stream, self._size)
        return self._body

    def __iter__(self) -> Iterator[Entry]:
        """Raises Unreadable for what is no tar, is damaged or cut short."""
        take, skip, enter = self._stream.take, self._stream.skip, self._budget.enter
        extended: dict[str, str] = {}
        while (block := take(BLOCK)) and block != END:
            _check(block)
            enter()
            size = int(extended["size"]) if "size" in extended else _number(block[124:136])
            kind = KINDS.get(block[156])
            if kind is None:
                extended |= self._extension(block[156], size)
                skip(-size % BLOCK)
                continue
            name = extended.get("path") or _name(block)
            if kind == "file" and (name.endswith("/") or "sparse" in extended):
                kind = "directory" if name.endswith("/") else "sparse"
            elif kind == "sparse":
                self._skip_sparse_map(block)
            if kind in BODILESS:
                size = 0
            self._size, self._body = size, None
            target = extended.get("linkpath") or (_text(block[157:257]) if kind in ("link", "hardlink") else "")
            yield name, kind, target, size
            skip((size if self._body is None else self._body.left) + -size % BLOCK)
            extended = {}
        if block and take(BLOCK) not in (END, b""):
            raise Unreadable("has an empty header in the middle")

    def _extension(self, kind: int, size: int) -> dict[str, str]:
        """What an extended header says of the entry that follows it."""
        if kind in (PAX, LONG_NAME, LONG_TARGET):
            if size > LARGEST_EXTENSION:
                raise Unreadable(f"has an extended header of {size:,} bytes")
            content = self._stream.take(size)
            if len(content) < size:
                raise Unreadable("ends too early")
            if kind == PAX:
                return _pax(content)
            return {"path" if kind == LONG_NAME else "linkpath": _text(content)}
        self._stream.skip(size)  # a pax header for all that follow names none of them, and other kinds no engine unpacks
        return {}

    def _skip_sparse_map(self, block: bytes) -> None:
        is_continued = block[482]
        while is_continued:
            block = self._stream.take(BLOCK)
            if len(block) < BLOCK:
                raise Unreadable("ends too early")
            is_continued = block[504]


def _check(block: bytes) -> None:
    """Raises Unreadable for a header that isn't whole, or whose sum isn't the one that it names."""
    if len(block) < BLOCK:
        raise Unreadable("ends too early")
    named = _number(block[148:156])
    summed = block[:148] + b"        " + block[156:]
    if zlib.adler32(summed) & 0xFFFF != (named + 1) % ADLER and named != sum(byte - 256 * (byte > 127) for byte in summed):  # old tars sum signed bytes
        raise Unreadable("isn't a tar archive, or is damaged: a header's checksum is wrong")


def _number(field: bytes) -> int:
    """A number in octal digits, or, where those are too few, in binary. Raises Unreadable."""
    if field[0] & 0x80:
        number = int.from_bytes(field, "big", signed=False) - (1 << (8 * len(field) - 1))
        if field[0] & 0x40:
            raise Unreadable("has a negative number in a header")
        return number
    digits = field.strip(b" \0")
    if not digits:
        return 0
    try:
        if digits.isdigit():
            return int(digits, 8)
    except ValueError:
        pass
    raise Unreadable("isn't a tar archive, or is damaged: a header has a broken number")


def _text(field: bytes) -> str:
    return field.partition(b"\0")[0].decode("utf-8", "surrogateescape")


def _name(block: bytes) -> str:
    name = _text(block[:100])
    if block[345] and block[257:263] == b"ustar\0":
        return f"{_text(block[345:500])}/{name}"
    return name


def _pax(content: bytes) -> dict[str, str]:
    """The records of a pax header that matter here. Raises Unreadable."""
    said: dict[str, str] = {}
    at = 0
    while at < len(content):
        space = content.find(b" ", at, at + 8)
        length = content[at:space]
        end = at + int(length) if space > 0 and length.isdigit() else 0
        key, equals, value = content[space + 1 : end - 1].partition(b"=")
        if end > len(content) or end <= space or content[end - 1 : end] != b"\n" or not equals:
            raise Unreadable("has a broken pax header")
        at = end
        if key in (b"path", b"linkpath"):
            said[key.decode()] = _text(value)
        elif key == b"size":
            if not value.isdigit() or len(value) > 18:
                raise Unreadable("has a broken pax header")
            said["size"] = value.decode()
        elif key == b"GNU.sparse.name":
            said["path"] = _text(value)
        if key.startswith(b"GNU.sparse."):
            said["sparse"] = ""
    return said
