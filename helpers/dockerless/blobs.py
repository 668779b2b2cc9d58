"""Content-addressed files: a blob is stored once, under its SHA-256 digest."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from dockerless.errors import EngineError, invalid
from dockerless.reference import DIGEST

CHUNK = 1 << 20


def digest_of(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


class Writer:
    """A blob on its way into the store: write to it, then ``keep()`` it. What isn't kept is gone."""

    def __init__(self, file: BinaryIO, store: Blobs) -> None:
        self._file = file
        self._store = store
        self._hash = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes) -> int:
        self._file.write(data)
        self._hash.update(data)
        self.size += len(data)
        return len(data)

    @property
    def digest(self) -> str:
        return f"sha256:{self._hash.hexdigest()}"

    def keep(self) -> str:
        """Puts the blob in its place, durably, and returns its digest. What is there already stays: it is the same."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        if self.digest not in self._store:
            os.replace(self._file.name, self._store.path(self.digest))
        return self.digest


class Blobs:
    """The blobs below one folder. They are written aside and renamed, so that a blob is whole or absent at any moment."""

    def __init__(self, folder: Path) -> None:
        self._blobs = folder / "blobs" / "sha256"
        self._aside = folder / "tmp"
        self._blobs.mkdir(parents=True, exist_ok=True)
        self._aside.mkdir(parents=True, exist_ok=True)
        for leftover in self._aside.iterdir():  # of a process that was killed
            leftover.unlink(missing_ok=True)

    def path(self, digest: str) -> Path:
        if not DIGEST.fullmatch(digest):
            raise invalid(f"dockerless stores blobs by their SHA-256 digest only, not by {digest!r}")
        return self._blobs / digest.removeprefix("sha256:")

    def __contains__(self, digest: str) -> bool:
        return self.path(digest).exists()

    def open(self, digest: str) -> BinaryIO:
        try:
            return self.path(digest).open("rb")
        except FileNotFoundError:
            raise EngineError(f"the blob {digest} is missing from dockerless' folder: pull or build the image again") from None

    def size(self, digest: str) -> int:
        return self.path(digest).stat().st_size

    def read(self, digest: str) -> bytes:
        with self.open(digest) as file:
            return file.read()

    @contextmanager
    def writer(self) -> Iterator[Writer]:
        with self.aside() as file:
            yield Writer(file, self)

    def add(self, data: bytes) -> str:
        """Stores small data and returns its digest."""
        with self.writer() as writer:
            writer.write(data)
            return writer.keep()

    @contextmanager
    def aside(self) -> Iterator[BinaryIO]:
        """A named temporary file of this store, gone at the end unless it was renamed."""
        file = cast(BinaryIO, tempfile.NamedTemporaryFile(dir=self._aside, delete=False))
        try:
            yield file
        finally:
            file.close()
            Path(file.name).unlink(missing_ok=True)

    def keep_only(self, wanted: set[str]) -> int:
        """Deletes every other blob and returns how many bytes that freed."""
        freed = 0
        for path in self._blobs.iterdir():
            if f"sha256:{path.name}" in wanted:
                continue
            size = path.stat().st_size
            try:
                path.unlink()
            except PermissionError:  # Windows: somebody still reads it, the next collection gets it
                continue
            freed += size
        return freed
