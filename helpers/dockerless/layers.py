"""Layers: folders packed as tar and gzip, the same bytes for the same content, whoever packs them and wherever.

Entries are sorted, every time is ``TIME``, owners are numbers only. A tar header is written here and not by ``tarfile``, whose
headers may change with Python. Sources: POSIX ustar and pax; OCI image spec, "Image Layer Filesystem Changeset".
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import BinaryIO, cast

from dockerless.blobs import CHUNK, Blobs
from dockerless.deflate import GzipWriter, Sink
from dockerless.errors import EngineError, not_built
from dockerless.tree import DIRECTORY, FILE, LINK, Node

TIME = 315532800  # 1980-01-01T00:00:00Z: no file of a layer was made then, so nobody takes it for a real time
TAR_GZIP = "application/vnd.oci.image.layer.v1.tar+gzip"
TYPES = {FILE: b"0", LINK: b"2", DIRECTORY: b"5"}
GZIP_TYPES = (TAR_GZIP, "application/vnd.docker.image.rootfs.diff.tar.gzip")
TAR_TYPES = ("application/vnd.oci.image.layer.v1.tar", "application/vnd.docker.image.rootfs.diff.tar")


@dataclass(frozen=True)
class Layer:
    """A layer of an image: what a manifest says of it (media type, digest, size) and what is known once it is unpacked.

    ``diff_id`` is the digest of the uncompressed tar; ``content_size`` the sum of its files' sizes, in bytes.
    """

    digest: str
    size: int
    media_type: str
    diff_id: str
    content_size: int

    def descriptor(self) -> dict[str, str | int]:
        return {"mediaType": self.media_type, "digest": self.digest, "size": self.size}


class Hashed:
    """Passes on what is written and remembers its digest."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._hash = hashlib.sha256()

    def write(self, data: bytes) -> int:
        self._hash.update(data)
        return self._sink.write(data)

    @property
    def digest(self) -> str:
        return f"sha256:{self._hash.hexdigest()}"


def pack(entries: Iterable[tuple[str, Node]], blobs: Blobs) -> Layer:
    """Packs paths and nodes into a layer of the store."""
    with blobs.writer() as blob:
        compressed = GzipWriter(blob)
        tar = Hashed(compressed)
        content_size = write_tar(entries, tar)
        compressed.close()
        return Layer(blob.keep(), blob.size, TAR_GZIP, tar.digest, content_size)


def write_tar(entries: Iterable[tuple[str, Node]], sink: Sink) -> int:
    """Writes a tar of the entries, sorted, and returns the sum of the files' sizes."""
    total = 0
    for path, node in sorted(entries, key=lambda entry: _encode(entry[0])):
        size = node.size if node.kind == FILE else 0
        sink.write(header(path, node, size))
        if size:
            with node.open() as file:
                _copy(file, sink, size, path)
        sink.write(bytes(-size % 512))
        total += size
    sink.write(bytes(1024))
    return total


def _copy(file: BinaryIO, sink: Sink, size: int, path: str) -> None:
    while size:
        data = file.read(min(CHUNK, size))
        if not data:
            raise EngineError(f"{path} became shorter while it was read")
        sink.write(data)
        size -= len(data)


def header(path: str, node: Node, size: int) -> bytes:
    """The tar header of an entry, with a pax header before it where ustar's fields are too small or the name isn't ASCII."""
    name, target = _encode(path + "/" * (node.kind == DIRECTORY)), _encode(node.target)
    extended = {
        b"gid": (b"%d" % node.gid, node.gid <= 0o7777777),
        b"linkpath": (target, len(target) <= 100 and target.isascii()),
        b"path": (name, len(name) <= 100 and name.isascii()),
        b"size": (b"%d" % size, size <= 0o77777777777),
        b"uid": (b"%d" % node.uid, node.uid <= 0o7777777),
    }
    records = b"".join(_record(key, value) for key, (value, fits) in extended.items() if not fits)
    before = b""
    if records:
        short = b"PaxHeaders.0/" + bytes(byte for byte in name if byte < 128)[-80:].strip(b"/")
        before = _ustar(short, 0o644, 0, 0, len(records), b"x", b"") + records + bytes(-len(records) % 512)
    return before + _ustar(name, node.mode, node.uid, node.gid, size, TYPES[node.kind], target)


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _record(key: bytes, value: bytes) -> bytes:
    length = 0
    while (total := len(b"%d %s=%s\n" % (length, key, value))) != length:
        length = total
    return b"%d %s=%s\n" % (length, key, value)


def _octal(number: int, digits: int) -> bytes:
    return b"%0*o\0" % (digits, number if number < 8**digits else 0)  # a number that doesn't fit stands in the pax header


def _ustar(name: bytes, mode: int, uid: int, gid: int, size: int, kind: bytes, target: bytes) -> bytes:
    start = name[:100].ljust(100, b"\0") + _octal(mode, 7) + _octal(uid, 7) + _octal(gid, 7) + _octal(size, 11) + _octal(TIME, 11)
    end = kind + target[:100].ljust(100, b"\0") + b"ustar\x0000"
    block = (start + b" " * 8 + end).ljust(512, b"\0")
    return start + b"%06o\0 " % sum(block) + block[156:]


def uncompressed(blob: BinaryIO, media_type: str) -> BinaryIO:
    """A layer's tar, read from its blob."""
    if media_type in GZIP_TYPES:
        return cast(BinaryIO, gzip.open(blob))
    if media_type in TAR_TYPES:
        return blob
    raise not_built(f"dockerless reads layers that are tar or tar and gzip, and this one is {media_type}.")
