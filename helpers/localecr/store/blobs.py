"""Bytes: one file a digest, written once, hashed as they arrive, renamed into place.

``blobs/sha256/ab/abcdef…`` holds finished blobs, ``uploads/<id>`` what is still arriving.
Files are shared by every repository of the lab; who may see which blob is the database's business.
"""

from __future__ import annotations

import hashlib
import os
import re
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

CHUNK = 1 << 20  # bytes read at a time: memory stays flat whatever a layer's size
DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")


class Blobs:
    def __init__(self, folder: Path):
        self._finished = folder / "blobs"
        self._uploads = folder / "uploads"
        self._uploads.mkdir(parents=True, exist_ok=True)
        self._hashers: dict[str, tuple[int, hashlib._Hash]] = {}
        self._lock = threading.Lock()
        self._busy: set[str] = set()

    @contextmanager
    def exclusively(self, upload_id: str) -> Iterator[bool]:
        """Takes an upload for one request; yields False where another request is writing to it right now."""
        with self._lock:
            free = upload_id not in self._busy
            self._busy.add(upload_id)
        try:
            yield free
        finally:
            if free:
                with self._lock:
                    self._busy.discard(upload_id)

    def path(self, digest: str) -> Path:
        """Where the blob of a digest lies, present or not. Raises ValueError for anything but a digest."""
        if not DIGEST.fullmatch(digest):
            raise ValueError(f"not a digest: {digest!r}")
        algorithm, _, value = digest.partition(":")
        return self._finished / algorithm / value[:2] / value

    def append(self, upload_id: str, at: int, stream: BinaryIO, limit: int | None) -> int:
        """Writes ``stream`` (to its end, or ``limit`` bytes) at offset ``at`` of an upload; returns the bytes written.

        What an interrupted request left behind ``at`` is cut off first.
        """
        target = self._uploads / upload_id
        hasher = self._hasher(upload_id, at)
        written, block = 0, memoryview(bytearray(CHUNK))
        with open(target, "r+b" if target.exists() else "w+b") as file:
            file.truncate(at)
            file.seek(at)
            while (size := stream.readinto(block if limit is None else block[: limit - written])) > 0:
                hasher.update(block[:size])
                file.write(block[:size])
                written += size
        with self._lock:
            self._hashers[upload_id] = (at + written, hasher)
        return written

    def finish(self, upload_id: str, size: int, digest: str) -> bool:
        """Moves an upload of ``size`` bytes into place if its content has this digest; says whether it has."""
        source = self._uploads / upload_id
        source.touch()
        with open(source, "r+b") as file:
            file.truncate(size)
        if self._digest(upload_id, size, digest.partition(":")[0]) != digest:
            return False
        target = self.path(digest)
        target.parent.mkdir(parents=True, exist_ok=True)
        os.replace(source, target)
        self._forget(upload_id)
        return True

    def discard(self, upload_id: str) -> None:
        """Drops what an upload has brought so far."""
        (self._uploads / upload_id).unlink(missing_ok=True)
        self._forget(upload_id)

    def open(self, digest: str) -> BinaryIO:
        """The blob, for reading."""
        return open(self.path(digest), "rb")

    def sweep(self, wanted_uploads: Iterable[str], is_wanted: Callable[[str], bool]) -> int:
        """Removes files that nothing names any more; returns the bytes reclaimed. For when no upload is running."""
        keep, reclaimed = set(wanted_uploads), 0
        for file in self._uploads.iterdir():
            if file.name not in keep:
                reclaimed += file.stat().st_size
                file.unlink()
        for file in self._finished.glob("*/*/*"):
            if not is_wanted(f"{file.parent.parent.name}:{file.name}"):
                reclaimed += file.stat().st_size
                file.unlink()
        return reclaimed

    def _hasher(self, upload_id: str, at: int) -> hashlib._Hash:
        """The running SHA-256 of the first ``at`` bytes, read again from the file after a restart."""
        with self._lock:
            known, hasher = self._hashers.pop(upload_id, (-1, hashlib.sha256()))
        if known == at:
            return hasher
        return self._read(upload_id, at, "sha256")

    def _digest(self, upload_id: str, size: int, algorithm: str) -> str:
        hasher = self._hasher(upload_id, size) if algorithm == "sha256" else self._read(upload_id, size, algorithm)
        return f"{algorithm}:{hasher.hexdigest()}"

    def _read(self, upload_id: str, size: int, algorithm: str) -> hashlib._Hash:
        hasher, left = hashlib.new(algorithm), size
        if size == 0:
            return hasher
        with open(self._uploads / upload_id, "rb") as file:
            while left and (chunk := file.read(min(CHUNK, left))):
                hasher.update(chunk)
                left -= len(chunk)
        return hasher

    def _forget(self, upload_id: str) -> None:
        with self._lock:
            self._hashers.pop(upload_id, None)
