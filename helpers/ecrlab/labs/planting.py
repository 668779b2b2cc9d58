"""Images that somebody seems to have pushed before the lab begins.

They are made byte for byte the same on every machine, so that a story can name their digests, and written as Docker
Engine writes them, so that an engine that pulls one and pushes it again sends the very same manifest.
They go through ECR's own layer operations and need no engine. A lab plants what nobody is meant to build.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

CONFIG = "application/vnd.docker.container.image.v1+json"
LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
IMAGE = "application/vnd.docker.distribution.manifest.v2+json"
INDEX = "application/vnd.docker.distribution.manifest.list.v2+json"
CREATED = "2026-01-02T08:00:00Z"
LARGEST_LAYER = 65535  # a stored block of deflate holds no more


@dataclass(frozen=True)
class Planted:
    """A manifest and the blobs it needs; an index needs its `children` instead."""

    manifest: str
    media_type: str
    architecture: str = ""
    blobs: tuple[bytes, ...] = ()
    children: tuple[Planted, ...] = ()

    @property
    def digest(self) -> str:
        return _digest(self.manifest.encode())


def image(files: Mapping[str, str], labels: Mapping[str, str], architecture: str = "amd64") -> Planted:
    """An image of one layer: `files` are path → text, `labels` what `docker inspect` shows of it."""
    archive = _tar(files)
    layer = _gzip(archive)
    config = _compact(
        {
            "architecture": architecture,
            "os": "linux",
            "created": CREATED,
            "config": {"Labels": dict(labels)},
            "rootfs": {"type": "layers", "diff_ids": [_digest(archive)]},
            "history": [{"created": CREATED, "created_by": "COPY . /"}],
        }
    )
    document = {
        "schemaVersion": 2,
        "mediaType": IMAGE,
        "config": {"mediaType": CONFIG, "size": len(config), "digest": _digest(config)},
        "layers": [{"mediaType": LAYER, "size": len(layer), "digest": _digest(layer)}],
    }
    return Planted(_as_docker(document), IMAGE, architecture, (config, layer))


def index(children: Iterable[Planted]) -> Planted:
    """An index of images, each for its own architecture."""
    children = tuple(children)
    entries = [
        {
            "mediaType": each.media_type,
            "size": len(each.manifest),
            "digest": each.digest,
            "platform": {"architecture": each.architecture, "os": "linux"},
        }
        for each in children
    ]
    return Planted(_as_docker({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}), INDEX, children=children)


def plant(ecr, repository: str, planted: Planted, tag: str | None = None) -> None:
    """Put an image or an index where it isn't yet, under `tag` if one is given.

    AWS: InitiateLayerUpload, UploadLayerPart, CompleteLayerUpload and PutImage, as any client pushes.
    """
    for child in planted.children:
        plant(ecr, repository, child)
    for blob in planted.blobs:
        _upload(ecr, repository, blob)
    named = {"imageTag": tag} if tag else {}
    try:
        ecr.put_image(
            repositoryName=repository, imageManifest=planted.manifest, imageManifestMediaType=planted.media_type, **named
        )
    except ecr.exceptions.ImageAlreadyExistsException:
        pass  # it is there, and named so if it is to have a name


def _upload(ecr, repository: str, blob: bytes) -> None:
    digest = _digest(blob)
    held = ecr.batch_check_layer_availability(repositoryName=repository, layerDigests=[digest])
    if held["layers"] and held["layers"][0]["layerAvailability"] == "AVAILABLE":
        return
    upload = ecr.initiate_layer_upload(repositoryName=repository)["uploadId"]
    ecr.upload_layer_part(
        repositoryName=repository, uploadId=upload, partFirstByte=0, partLastByte=len(blob) - 1, layerPartBlob=blob
    )
    ecr.complete_layer_upload(repositoryName=repository, uploadId=upload, layerDigests=[digest])


def _tar(files: Mapping[str, str]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for path, text in files.items():
            entry = tarfile.TarInfo(path)
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
    return packed.getvalue()


def _gzip(data: bytes) -> bytes:
    """gzip without compression (RFC 1952, RFC 1951 stored block): every zlib compresses in its own way, which would change the digest."""
    if len(data) > LARGEST_LAYER:
        raise ValueError(f"a planted layer holds at most {LARGEST_LAYER} bytes, this one {len(data)}")
    size = len(data).to_bytes(2, "little")
    complement = bytes(255 - byte for byte in size)
    head = b"\x1f\x8b\x08\0\0\0\0\0\0\xff\x01"
    return head + size + complement + data + zlib.crc32(data).to_bytes(4, "little") + len(data).to_bytes(4, "little")


def _as_docker(document: dict) -> str:
    return json.dumps(document, indent=3)


def _compact(document: dict) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()


def _digest(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()
