"""Images for tests, written by hand: blobs and the manifest that names them. OCI image spec 1.1, Docker schema 2."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
NONDISTRIBUTABLE = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"
OCI_EMPTY = "application/vnd.oci.empty.v1+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"


def digest(data: bytes, algorithm: str = "sha256") -> str:
    return f"{algorithm}:{hashlib.new(algorithm, data).hexdigest()}"


def descriptor(media_type: str, data: bytes) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": digest(data), "size": len(data)}


@dataclass(frozen=True)
class Specimen:
    """A manifest and the blobs that it names (config first); `children` are the images that an index lists."""

    manifest: bytes
    media_type: str
    blobs: tuple[bytes, ...] = ()
    children: tuple[Specimen, ...] = ()

    @property
    def text(self) -> str:
        return self.manifest.decode()

    @property
    def digest(self) -> str:
        return digest(self.manifest)

    @property
    def layers(self) -> tuple[bytes, ...]:
        return self.blobs[1:]

    @property
    def size(self) -> int:
        """What ECR counts: the bytes of config and layers."""
        return sum(map(len, self.blobs))


def image(seed: str, *, layers: int = 1, docker: bool = False, **more: Any) -> Specimen:
    """An image whose config and layers are bytes made from `seed`; `more` is put into the manifest as it is."""
    config_type, layer_type, media_type = (DOCKER_CONFIG, DOCKER_LAYER, DOCKER_MANIFEST) if docker else (OCI_CONFIG, OCI_LAYER, OCI_MANIFEST)
    config = json.dumps({"architecture": "amd64", "os": "linux", "author": seed, "rootfs": {"type": "layers", "diff_ids": []}}).encode()
    contents = tuple(f"layer {number} of {seed}".encode() for number in range(layers))
    document = {
        "schemaVersion": 2,
        "mediaType": media_type,
        "config": descriptor(config_type, config),
        "layers": [descriptor(layer_type, each) for each in contents],
    } | more
    return Specimen(json.dumps(document).encode(), media_type, (config, *contents))


def index(*children: Specimen, docker: bool = False, **more: Any) -> Specimen:
    """An index of images, one an architecture."""
    media_type = DOCKER_LIST if docker else OCI_INDEX
    listed = [
        descriptor(child.media_type, child.manifest) | {"platform": {"architecture": architecture, "os": "linux"}}
        for child, architecture in zip(children, ("amd64", "arm64", "s390x"), strict=False)
    ]
    document = {"schemaVersion": 2, "mediaType": media_type, "manifests": listed} | more
    return Specimen(json.dumps(document).encode(), media_type, children=children)


def artifact(seed: str, artifact_type: str, subject: Specimen, **more: Any) -> Specimen:
    """Something that refers to an image, as a signature or a list of contents does."""
    empty, content = b"{}", seed.encode()
    document = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "artifactType": artifact_type,
        "config": descriptor(OCI_EMPTY, empty),
        "layers": [descriptor("application/octet-stream", content)],
        "subject": descriptor(subject.media_type, subject.manifest),
    } | more
    return Specimen(json.dumps(document).encode(), OCI_MANIFEST, (empty, content))


def sound_image(seed: str, architecture: str = "amd64") -> Specimen:
    """An image that engines can unpack: one file, `/seed`, in one layer."""
    return image_of({"seed": seed}, architecture=architecture)


def image_of(*layers: dict[str, str], architecture: str = "amd64") -> Specimen:
    """An image that engines can unpack, of layers with these files, from the bottom up."""
    unpacked = [_tar(files) for files in layers]
    rootfs = {"type": "layers", "diff_ids": [digest(each) for each in unpacked]}
    config = json.dumps({"architecture": architecture, "os": "linux", "config": {"Cmd": ["/seed"]}, "rootfs": rootfs}).encode()
    packed = [gzip.compress(each, mtime=0) for each in unpacked]
    document = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": descriptor(OCI_CONFIG, config),
        "layers": [descriptor(OCI_LAYER, each) for each in packed],
    }
    return Specimen(json.dumps(document).encode(), OCI_MANIFEST, (config, *packed))


def _tar(files: dict[str, str]) -> bytes:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as archive:
        for path, text in files.items():
            entry = tarfile.TarInfo(path)
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
    return written.getvalue()


def write_layout(folder: Path, specimen: Specimen, tag: str | None = None) -> Path:
    """An image as a folder that skopeo reads: `oci:<folder>`. OCI image spec 1.1, image layout."""
    named = {"annotations": {"org.opencontainers.image.ref.name": tag}} if tag else {}
    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True)
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [descriptor(specimen.media_type, specimen.manifest) | named]}))
    for each in (specimen, *specimen.children):
        for data in (each.manifest, *each.blobs):
            (blobs / digest(data).removeprefix("sha256:")).write_bytes(data)
    return folder
