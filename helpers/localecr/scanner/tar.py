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

Kind = Literal["file", "directory", "link", "hardlink", "other"]
Entry = tuple[str, Kind, str]  # its name as it is written, what it is, and what it links to

BLOCK = 512
END = bytes(BLOCK)
SPARSE, PAX, LONG_NAME, LONG_TARGET, PAX_FOR_ALL = b"SxLKg"
KINDS: dict[int, Kind] = {
    0: "file", ord("0"): "file", ord("7"): "file", SPARSE: "file", ord("1"): "hardlink", ord("2"): "link", ord("5"): "directory",
    ord("3"): "other", ord("4"): "other", ord("6"): "other",
}  # fmt: skip
RECORDS = {b"path": "path", b"linkpath": "linkpath", b"GNU.sparse.name": "path"}
LARGEST_EXTENSION = 1 << 20  # bytes of a pax header or of a GNU long name, read as a whole: what Go's archive/tar takes
ADLER = 65521  # Adler-32 keeps a sum of bytes in its lower half, from 1 on and modulo this: ten times as fast as sum()


class Tar:
    """The entries of an archive, one after the other, and the body of the one that came last."""

    def __init__(self, stream: Stream, budget: Budget):
        self._stream = stream
        self._budget = budget
        self._size = 0
        self._is_sparse = False
        self._body: Part | None = None

    def body(self) -> Part:
        """The content of the file that came last. Raises Unreadable for one whose holes were left out."""
        if self._is_sparse:
            raise Unreadable("is stored without its holes, as a sparse file")
        self._body = Part(self._stream, self._size)
        return self._body

    def __iter__(self) -> Iterator[Entry]:
        """Raises Unreadable for what is no tar, is damaged or cut short."""
        take, skip, enter = self._stream.take, self._stream.skip, self._budget.enter
        said: dict[str, str] = {}  # by the extended headers before an entry
        while (block := take(BLOCK)) and block != END:
            _check(block)
            enter()
            size, mark = _number(block[124:136]), block[156]
            kind = KINDS.get(mark)
            if kind is None:
                said = self._extension(mark, size, said)
                skip(-size % BLOCK)
                continue
            name = said.get("path") or _name(block)
            if kind == "file":
                if mark == SPARSE:
                    self._skip_map(block)
                if "size" in said:
                    size = int(said["size"])
                if name.endswith("/"):  # from before there was a mark for them
                    kind = "directory"
            else:
                size = 0  # whatever the header says: what is no file has no body
            self._size, self._is_sparse, self._body = size, mark == SPARSE or "sparse" in said, None
            target = said.get("linkpath") or _text(block[157:257]) if kind in ("link", "hardlink") else ""
            yield name, kind, target
            skip((size if self._body is None else self._body.left) + -size % BLOCK)
            if said:
                said = {}
        if block and take(BLOCK) not in (END, b""):
            raise Unreadable("has an empty header in the middle")

    def _extension(self, mark: int, size: int, said: dict[str, str]) -> dict[str, str]:
        """What is said, with this header, of the entry that follows it."""
        if mark not in (PAX, LONG_NAME, LONG_TARGET):
            self._stream.skip(size)  # of what follows it, a pax header for all says nothing that matters here; other marks no engine knows
            return said if mark == PAX_FOR_ALL else {}
        if size > LARGEST_EXTENSION:
            raise Unreadable(f"has an extended header of {size:,} bytes")
        content = self._stream.take(size)
        if len(content) < size:
            raise Unreadable("ends too early")
        return said | (_pax(content) if mark == PAX else {"path" if mark == LONG_NAME else "linkpath": _text(content)})

    def _skip_map(self, block: bytes) -> None:
        """Passes over where the holes of a sparse file were, as far as it didn't fit the header."""
        is_continued = block[482]
        while is_continued:
            block = self._stream.take(BLOCK)
            if len(block) < BLOCK:
                raise Unreadable("ends too early")
            is_continued = block[504]


def _check(block: bytes) -> None:
    """Raises Unreadable for a header that isn't whole, or whose checksum, of all bytes with spaces in its own place, is another."""
    if len(block) < BLOCK:
        raise Unreadable("ends too early")
    field = block[148:156]
    named = _number(field) + sum(field) - 8 * ord(" ")
    if zlib.adler32(block) & 0xFFFF != (named + 1) % ADLER and named != sum(block) - 256 * sum(byte > 127 for byte in block):  # old tars' bytes had a sign
        raise Unreadable("isn't a tar archive, or is damaged: a header's checksum is wrong")


def _number(field: bytes) -> int:
    """A number in octal digits, or, where those are too few, in binary. Raises Unreadable."""
    if field[0] & 0x80:
        if field[0] & 0x40:
            raise Unreadable("has a header with a negative number")
        return int.from_bytes(field, "big") - (0x80 << 8 * (len(field) - 1))
    digits = field.strip(b" \0")
    if not digits:
        return 0
    try:
        if digits.isdigit():
            return int(digits, 8)
    except ValueError:  # 8 or 9
        pass
    raise Unreadable("isn't a tar archive, or is damaged: a header has a broken number")


def _text(field: bytes) -> str:
    return field.partition(b"\0")[0].decode("utf-8", "replace")


def _name(block: bytes) -> str:
    name = _text(block[:100])
    if block[345] and block[257:263] == b"ustar\0":
        return f"{_text(block[345:500])}/{name}"
    return name


def _pax(content: bytes) -> dict[str, str]:
    """The records of a pax header that matter here: ``29 path=a name with any length\\n``. Raises Unreadable."""
    said: dict[str, str] = {}
    at = 0
    while at < len(content):
        space = content.find(b" ", at, at + 8)
        length = content[at : max(at, space)]
        end = at + int(length) if length.isdigit() else 0
        key, equals, value = content[space + 1 : end - 1].partition(b"=")
        if not (at < space < end <= len(content) and content[end - 1] == ord("\n") and equals):
            raise Unreadable("has a broken pax header")
        at = end
        if key in RECORDS:
            said[RECORDS[key]] = _text(value)
        elif key == b"size":
            if not value.isdigit() or len(value) > 18:
                raise Unreadable("has a broken pax header")
            said["size"] = value.decode()
        if key.startswith(b"GNU.sparse."):
            said["sparse"] = "yes"
    return said
