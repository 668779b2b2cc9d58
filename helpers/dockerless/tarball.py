"""Tar archives, read without ever unpacking one onto a disk: members become the nodes of a tree."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import re
import tarfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO, cast

from dockerless.blobs import CHUNK
from dockerless.errors import EngineError, invalid
from dockerless.tree import DIRECTORY, FILE, LINK, Node, Outside, Tree, clean, parents, refuse_endless

WHITEOUT, OPAQUE = ".wh.", ".wh..wh..opq"
COMPRESSIONS: dict[bytes, Callable[..., Any]] = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ\x00": lzma.open}
BROKEN_COMPRESSION = (EOFError, zlib.error, lzma.LZMAError, OSError)  # bzip2's is a bare OSError
BROKEN = (tarfile.TarError, *BROKEN_COMPRESSION, UnicodeError)

EXTENDED = (tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK)
LARGEST_HEADER = 64 << 10  # bytes of an extended header, which tarfile reads into memory as a whole
LONG_NUMBER = re.compile(rb"[0-9]{256}")
MOST_GROWTH, GROWTH_FREE = 200, 1 << 30  # a compressed archive unpacks to at most so many times its bytes, or to a GiB

Opener = Callable[[int, int], BinaryIO]  # (offset, size) → that part of a tar


class Member(tarfile.TarInfo):
    """A member whose header is refused before it can do harm, whichever Python this is."""

    def _proc_member(self, tar: tarfile.TarFile) -> tarfile.TarInfo:  # tarfile's own place for subclasses to work
        if self.type in EXTENDED and not 0 <= self.size <= LARGEST_HEADER:
            raise tarfile.ReadError(f"an extended header of {self.size} bytes")
        if self.size < 0:
            raise tarfile.ReadError("a member of a negative size")
        found: tarfile.TarInfo = super()._proc_member(tar)  # type: ignore[misc]
        if found is not None and found.size < 0:
            raise tarfile.ReadError("a member of a negative size")
        return found


    def _proc_pax(self, tar: tarfile.TarFile) -> tarfile.TarInfo:
        """Looks at the header before tarfile's own expressions do, which take the square of a long number's time (CVE-2024-6232)."""
        file = tar.fileobj
        data = file.read(-self.size % 512 + self.size)
        if LONG_NUMBER.search(data):
            raise tarfile.ReadError("an extended header with an endless number")
        tar.fileobj = _ReadAhead(data, file)
        try:
            return super()._proc_pax(tar)  # type: ignore[misc,no-any-return]
        finally:
            tar.fileobj = file


class _ReadAhead:
    """A file whose next bytes have been read already."""

    def __init__(self, data: bytes, file: Any) -> None:
        self._data, self._file = data, file

    def read(self, size: int) -> bytes:
        data, self._data = self._data, b""
        return data or cast(bytes, self._file.read(size))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


class Part(io.RawIOBase):
    """A stretch of a file, from ``offset`` for ``size`` bytes."""

    def __init__(self, path: Path, offset: int, size: int) -> None:
        self._file = path.open("rb")
        self._file.seek(offset)
        self._left = size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._file.read(min(len(buffer), self._left))
        buffer[: len(data)] = data
        self._left -= len(data)
        return len(data)

    def close(self) -> None:
        self._file.close()
        super().close()


def parts(path: Path) -> Opener:
    return lambda offset, size: cast(BinaryIO, Part(path, offset, size))


class Peekable(io.RawIOBase):
    """A stream that can't go back, with its first bytes read ahead."""

    def __init__(self, stream: BinaryIO, length: int) -> None:
        self._stream = stream
        self.head = stream.read(length)
        self._pending = self.head
        self.taken = len(self.head)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._pending[: len(buffer)]
        if not data:
            data = self._stream.read(len(buffer))
            self.taken += len(data)
        self._pending = self._pending[len(buffer) :]
        buffer[: len(data)] = data
        return len(data)


def _decompressed(peekable: Peekable) -> BinaryIO:
    file = io.BufferedReader(peekable, CHUNK)
    for magic, opener in COMPRESSIONS.items():
        if peekable.head.startswith(magic):
            return cast(BinaryIO, opener(file))
    return cast(BinaryIO, file)


def spool(stream: BinaryIO, file: BinaryIO) -> None:
    """Copies a tar into a file, decompressed where it is gzip, bzip2 or xz. Raises EngineError (400) where it is cut short, or unpacks without end."""
    taken = Peekable(stream, 6)
    source, written = _decompressed(taken), 0
    while data := _some(source):
        written += len(data)
        refuse_growth(written, taken.taken)
        file.write(data)
    file.flush()


def _some(source: BinaryIO) -> bytes:
    try:
        return source.read(CHUNK)
    except BROKEN_COMPRESSION as error:
        raise invalid(f"the archive can't be decompressed: {error}") from error


def refuse_growth(unpacked: int, packed: int) -> None:
    """Raises EngineError (400) for what unpacks without end, as a decompression bomb does."""
    if unpacked > max(GROWTH_FREE, MOST_GROWTH * packed):
        raise invalid(f"the archive is refused: it unpacks to more than {MOST_GROWTH} times its size")


def is_archive(file: BinaryIO) -> bool:
    """Whether a file is a tar, perhaps compressed."""
    try:
        return _decompressed(Peekable(file, 6)).read(512)[257:262] == b"ustar"
    except BROKEN_COMPRESSION:
        return False


def nodes(tar: tarfile.TarFile, opener: Opener, absolute: bool = False) -> Iterator[tuple[str, Node | None]]:
    """A tar's members as paths and nodes; None stands for a device, a pipe or a socket.

    Raises EngineError (400) for a member whose name leads out of the archive, and for an absolute name unless ``absolute`` allows it.
    """
    files: dict[str, Node] = {}
    for member in tar:
        path = _inside(member.name, absolute)
        made = Node(DIRECTORY, member.mode & 0o7777, uid=member.uid, gid=member.gid)
        if member.isdir():
            yield path, made
        elif member.issym():
            yield path, replace(made, kind=LINK, mode=0o777, target=member.linkname)
        elif member.islnk():
            target = files.get(_inside(member.linkname, absolute))
            if target is None:
                raise invalid(f"{member.name} is a hard link to {member.linkname}, which the archive doesn't hold before it")
            files[path] = target
            yield path, target
        elif member.issparse():
            raise invalid(f"{member.name} is a sparse file, which dockerless doesn't read: make the archive without --sparse")
        elif member.isreg():
            files[path] = replace(made, kind=FILE, size=member.size, open=_at(opener, member.offset_data, member.size))
            yield path, files[path]
        else:
            yield path, None


def _at(opener: Opener, offset: int, size: int) -> Callable[[], BinaryIO]:
    return lambda: opener(offset, size)


def _inside(name: str, absolute: bool) -> str:
    try:
        if name.startswith("/") and not absolute:
            raise Outside(name)
        inside = clean(name)
    except Outside:
        raise invalid(f"the archive is refused: its member {name!r} lies outside of it") from None
    refuse_endless(inside)
    return inside


def read_tree(path: Path) -> Tree:
    """The tree of a whole (decompressed) archive. Raises EngineError (400) where it isn't one or isn't safe."""
    tree = Tree()
    try:
        with tarfile.open(path, "r:", tarinfo=Member) as tar:
            for name, node in nodes(tar, parts(path)):
                if node is None:
                    raise invalid(f"the archive is refused: its member {name!r} is a device, a pipe or a socket")
                if any(above in tree.nodes and tree.nodes[above].kind == LINK for above in parents(name)):
                    raise invalid(f"the archive is refused: its member {name!r} lies behind a symbolic link")
                if name:
                    tree.add(name, node)
    except BROKEN as error:
        raise invalid(f"this is not a tar archive: {error}") from error
    return tree


def apply_layer(tree: Tree, tar: BinaryIO, opener: Opener) -> None:
    """Lays a layer's tar over a tree, whiteouts included. Source: OCI image spec, "Whiteouts"."""
    added: list[tuple[str, Node]] = []
    try:
        with tarfile.open(fileobj=tar, mode="r|", tarinfo=Member) as archive:
            for path, node in nodes(archive, opener, absolute=True):
                folder, _, name = path.rpartition("/")
                if name == OPAQUE:
                    tree.remove_below(folder)
                elif name == WHITEOUT:
                    pass  # it hides nothing that has a name
                elif name.startswith(WHITEOUT):
                    tree.remove(f"{folder}/{name[len(WHITEOUT) :]}".lstrip("/"))
                elif node is not None and path:
                    added.append((path, node))
    except BROKEN as error:
        raise EngineError(f"a layer of the image can't be read: {error}") from error
    for path, node in added:
        tree.add(path, node)
