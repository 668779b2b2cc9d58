"""An image's files, as checks look at them: fetched from the registry, layer by layer."""

from __future__ import annotations

import functools
import gzip
import io
import posixpath
import tarfile
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import BinaryIO

from ecrlab.errors import LabError
from ecrlab.labs import looking

LARGEST_LAYER = 8 * 1024 * 1024  # bytes, as it is stored; a larger one is a whole system's, and isn't read
LARGEST_UNPACKED = 128 * 1024 * 1024  # bytes that such a layer may unpack to: 16 times as much, where real ones have 3 to 10 times
LARGEST_FILE = 1024 * 1024
GZIP = b"\x1f\x8b"
HIDES, HIDES_ALL = ".wh.", ".wh..wh..opq"  # OCI image spec, "Whiteouts"


@dataclass(frozen=True)
class Filesystem:
    """`layers`: path → bytes of each layer's files, from the base up. Of a layer that is too large, nothing."""

    layers: tuple[Mapping[str, bytes], ...]

    @cached_property
    def files(self) -> dict[str, bytes]:
        """What a container sees: path → bytes."""
        seen: dict[str, bytes] = {}
        for layer in self.layers:
            gone = [path for path in seen if any(_hides(mark, path) for mark in layer if posixpath.basename(mark).startswith(HIDES))]
            for path in gone:
                del seen[path]
            seen |= {path: data for path, data in layer.items() if not posixpath.basename(path).startswith(HIDES)}
        return seen

    @property
    def buried(self) -> set[str]:
        """The paths that lie in a layer, and that a container doesn't see."""
        return {path for layer in self.layers for path in layer if not posixpath.basename(path).startswith(HIDES)} - self.files.keys()


def filesystem(ecr, repository: str, name: str) -> Filesystem:
    """The files of an image, by tag or digest; of an index, those of all its images.

    Raises Missing where there is none, and LabError for a layer that unpacks to more than any layer of a lab's has reason to.
    """
    return Filesystem(tuple(_layer(ecr, repository, digest) for digest in looking.layers(ecr, repository, name)))


@functools.lru_cache(maxsize=256)  # a layer never changes, and checks ask again and again
def _layer(ecr, repository: str, digest: str) -> Mapping[str, bytes]:
    address = ecr.get_download_url_for_layer(repositoryName=repository, layerDigest=digest)["downloadUrl"]
    with urllib.request.urlopen(address, timeout=30) as answer:
        packed = answer.read(LARGEST_LAYER + 1)
    if len(packed) > LARGEST_LAYER:
        return {}
    stored = io.BytesIO(packed)
    unpacked = _Bounded(gzip.GzipFile(fileobj=stored) if packed.startswith(GZIP) else stored, f"{repository}@{digest}")
    with tarfile.open(fileobj=unpacked, mode="r|") as archive:
        return {posixpath.normpath(each.name).lstrip("/"): archive.extractfile(each).read() for each in archive if _is_kept(each)}


class _Bounded:
    """A layer as it unpacks, read once from its beginning to its end."""

    def __init__(self, file: BinaryIO, layer: str) -> None:
        self._file = file
        self._layer = layer
        self._left = LARGEST_UNPACKED

    def read(self, size: int) -> bytes:
        piece = self._file.read(size)
        self._left -= len(piece)
        if self._left < 0:
            raise LabError(
                "layer",
                f"The layer {self._layer} unpacks to more than {LARGEST_UNPACKED // 1024**2} MiB, so its files weren't looked at.",
                "Nothing in this lab needs so much: build the image without it, push it, and run the check again.",
            )
        return piece


def _is_kept(entry: tarfile.TarInfo) -> bool:
    """Whether an entry is a file that is small, also where its holes were left out."""
    return entry.isfile() and not entry.issparse() and entry.size <= LARGEST_FILE


def _hides(mark: str, path: str) -> bool:
    """Whether a whiteout takes a path away that a lower layer has."""
    folder, name = posixpath.split(mark)
    below = f"{folder}/" if folder else ""
    if name == HIDES_ALL:
        return path.startswith(below)
    hidden = below + name.removeprefix(HIDES)
    return path == hidden or path.startswith(f"{hidden}/")
