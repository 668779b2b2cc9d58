"""Bytes: one file a digest, written once, hashed as they arrive, linked into place.

``blobs/sha256/ab/abcdef…`` holds finished blobs, ``uploads/<id>`` what is still arriving.
Files are shared by every repository of the lab; who may see which blob is the database's business. Files come and go in
``blobs/`` only inside a write transaction, so that what the database names is there, whenever the process ends.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

CHUNK = 1 << 20  # bytes read at a time: memory stays flat whatever a layer's size
DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")


class Blobs:
    def __init__(self, folder: Path):
        self._finished = folder / "blobs"
        self._uploads = folder / "uploads"
        self._arrivals = os.fspath(self._uploads)
        self._uploads.mkdir(parents=True, exist_ok=True)
        self.garbage = threading.Event()  # set where a deletion may have left files that nothing names
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
        return Path(self._place(digest))

    def _place(self, digest: str) -> str:
        if not DIGEST.fullmatch(digest):
            raise ValueError(f"not a digest: {digest!r}")
        algorithm, _, value = digest.partition(":")
        return os.path.join(self._finished, algorithm, value[:2], value)

    def append(self, upload_id: str, at: int, stream: BinaryIO, limit: int | None) -> int:
        """Writes ``stream`` (to its end, or ``limit`` bytes) at offset ``at`` of an upload; returns the bytes written.

        What an interrupted request left behind ``at`` is cut off first.
        """
        hasher = self._hasher(upload_id, at)
        written, block = 0, memoryview(bytearray(CHUNK if limit is None else min(CHUNK, limit)))  # a large one costs more than a small layer
        self._unshare(upload_id)
        with self._arriving(upload_id, at) as file:
            while (size := stream.readinto(block if limit is None else block[: limit - written])) > 0:
                hasher.update(block[:size])
                file.write(block[:size])
                written += size
        with self._lock:
            self._hashers[upload_id] = (at + written, hasher)
        return written

    def arrived(self, upload_id: str) -> int:
        """How many bytes of an upload there are on the disk; a database that counts more of them is wrong."""
        try:
            return os.stat(self._upload(upload_id)).st_size
        except FileNotFoundError:
            return 0

    def _upload(self, name: str) -> str:
        return os.path.join(self._arrivals, name)  # not a Path: every request of a push passes here, and a Path costs more than the call

    def proves(self, upload_id: str, size: int, digest: str) -> bool:
        """Whether the first ``size`` bytes of an upload have this digest; what an interrupted request left behind them is cut off."""
        if self.arrived(upload_id) != size or size == 0:
            with self._arriving(upload_id, size):
                pass
        return self._digest(upload_id, size, digest.partition(":")[0]) == digest

    def place(self, upload_id: str, digest: str) -> None:
        """Gives a proven upload's bytes the place of their digest. Call it inside the transaction that notes the layer.

        The upload keeps its bytes too, until ``discard`` after the COMMIT: a process that ends in between loses nothing.
        """
        source, target = self._upload(upload_id), self._place(digest)
        try:
            os.link(source, target)
        except OSError:  # the first of its folder; or it is there already: proven bytes take the place of what may be damaged; or there are no links
            os.makedirs(os.path.dirname(target), exist_ok=True)
            self._replace(Path(source), Path(target))

    def _replace(self, source: Path, target: Path) -> None:
        double = source.with_name(f"{source.name}.double")
        double.unlink(missing_ok=True)
        try:
            os.link(source, double)
        except OSError:
            shutil.copyfile(source, double)
        try:
            os.replace(double, target)
        except PermissionError:  # on Windows, while somebody reads the blob that is there
            if not self._has(target, source.stat().st_size):
                raise
        double.unlink(missing_ok=True)  # os.replace leaves it where both are one file

    def discard(self, upload_id: str) -> None:
        """Drops what an upload has brought so far; what can't be removed now, a sweep removes."""
        with suppress(OSError):
            os.unlink(self._upload(upload_id))
        with self._lock:
            self._hashers.pop(upload_id, None)

    def holds(self, digest: str, size: int) -> bool:
        """Whether a blob's file is there, with as many bytes as it came with."""
        return self._has(self._place(digest), size)  # not a Path: at a start with 10,000 layers that takes four times as long

    @staticmethod
    def _has(file: str | Path, size: int) -> bool:
        try:
            return os.stat(file).st_size == size
        except OSError:
            return False

    def open(self, digest: str) -> BinaryIO:
        """The blob, for reading."""
        return open(self.path(digest), "rb")

    def is_whole(self, digest: str) -> bool:
        """Whether a blob's bytes still have its digest; reads all of them."""
        try:
            with self.open(digest) as file:
                return hashlib.file_digest(file, digest.partition(":")[0]).hexdigest() == digest.partition(":")[2]
        except OSError:
            return False

    def version(self, digest: str) -> tuple[int, int, int] | None:
        """Something that changes whenever another file comes into a blob's place; None where there is none."""
        try:
            stat = self.path(digest).stat()
        except OSError:
            return None
        return stat.st_ino, stat.st_size, stat.st_mtime_ns

    def arriving(self) -> Iterator[tuple[str, str]]:
        """What lies in ``uploads/``: a file's name, and the id of the upload that it belongs to."""
        for name in sorted(os.listdir(self._uploads)) if self._uploads.is_dir() else ():
            yield name, name.partition(".")[0]

    def finished(self) -> Iterator[tuple[str, list[str]]]:
        """What lies in ``blobs/``, a folder at a time: what its digests begin with, and the digests (a stray file has a name that is none)."""
        for folder in self._finished.glob("*/*"):
            if folder.is_dir():
                algorithm = folder.parent.name
                yield f"{algorithm}:{folder.name}", [f"{algorithm}:{name}" for name in os.listdir(folder)]

    def put_aside(self, digest: str) -> None:
        """Takes a blob out of its place, at once whatever its size; ``remove`` deletes it for good. For inside a write transaction."""
        algorithm, _, value = digest.partition(":")
        with suppress(OSError):  # on Windows, while somebody reads it: the next sweep tries again
            os.replace(self._finished / algorithm / value[:2] / value, self._uploads / f"{value}.gone")

    def remove(self, name: str) -> int:
        """Deletes a file of ``uploads/``; returns the bytes reclaimed."""
        with suppress(OSError):
            size = (self._uploads / name).stat().st_size
            (self._uploads / name).unlink()
            return size
        return 0

    @contextmanager
    def _arriving(self, upload_id: str, size: int) -> Iterator[BinaryIO]:
        """An upload's file, open at its end after ``size`` bytes: what is behind them is cut off. Raises EOFError where the disk lost some of them."""
        with self._opened(upload_id, size == 0) as file:
            there = file.seek(0, os.SEEK_END)
            if there < size:
                raise EOFError(f"upload {upload_id} has fewer bytes than the {size} that were acknowledged")
            if there > size:
                file.truncate(size)
                file.seek(size)
            yield file

    def _opened(self, upload_id: str, is_new: bool) -> BinaryIO:
        path = self._upload(upload_id)
        if not is_new:
            return open(path, "r+b")
        try:
            return open(path, "x+b")
        except FileExistsError:
            return open(path, "r+b")
        except FileNotFoundError:  # the folder itself is gone
            os.makedirs(self._arrivals, exist_ok=True)
            return open(path, "x+b")

    def _unshare(self, upload_id: str) -> None:
        """Where a transaction failed after ``place``, the blob keeps its bytes, whatever the upload goes on to be."""
        path = self._upload(upload_id)
        try:
            is_shared = os.stat(path).st_nlink > 1
        except FileNotFoundError:
            return
        if is_shared:
            double = Path(f"{path}.double")
            double.unlink(missing_ok=True)
            shutil.copyfile(path, double)
            os.replace(double, path)

    def _hasher(self, upload_id: str, at: int) -> hashlib._Hash:
        """The running SHA-256 of the first ``at`` bytes, read again from the file after a restart."""
        with self._lock:
            known, hasher = self._hashers.pop(upload_id, (-1, hashlib.sha256()))
        if known == at:
            return hasher
        return self._read(upload_id, at, "sha256")

    def _digest(self, upload_id: str, size: int, algorithm: str) -> str:
        if algorithm != "sha256":
            return f"{algorithm}:{self._read(upload_id, size, algorithm).hexdigest()}"
        hasher = self._hasher(upload_id, size)
        with self._lock:
            self._hashers[upload_id] = (size, hasher)
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
