"""Small images, the same at every run: a layer that all builds of a service share, one of the build's own, a config, a manifest."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from dataclasses import dataclass
from functools import lru_cache

MANIFEST = "application/vnd.oci.image.manifest.v1+json"


@dataclass(frozen=True)
class Image:
    """`blobs` are its layers and its config, by digest; `manifest` is the text that lists them."""

    blobs: dict[str, bytes]
    manifest: bytes


@lru_cache(maxsize=16)
def build(repository: str, number: int) -> Image:
    """The image of a service's build."""
    layers = [_layer("base.txt", f"What all of {repository} stands on.\n"), _layer("app.txt", f"{repository}, build {number}\n")]
    rootfs = {"type": "layers", "diff_ids": [digest(layer) for layer in layers]}
    config = json.dumps({"architecture": "amd64", "os": "linux", "rootfs": rootfs}).encode()
    document = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": _described(config, "config.v1+json"),
        "layers": [_described(layer, "layer.v1.tar") for layer in layers],
    }
    return Image({digest(blob): blob for blob in (*layers, config)}, json.dumps(document).encode())


def digest(content: bytes) -> str:
    """`sha256:…`"""
    return "sha256:" + hashlib.sha256(content).hexdigest()


def _described(blob: bytes, kind: str) -> dict:
    return {"mediaType": f"application/vnd.oci.image.{kind}", "digest": digest(blob), "size": len(blob)}


def _layer(name: str, text: str) -> bytes:
    """An archive that holds one file."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as files:
        entry = tarfile.TarInfo(name)
        entry.size = len(text.encode())
        files.addfile(entry, io.BytesIO(text.encode()))
    return archive.getvalue()
