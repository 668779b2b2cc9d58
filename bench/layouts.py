"""Images to move: OCI layouts of random bytes, which no compression can help, or of tars that there are.

Random layers are gzip streams already (of stored blocks), as nearly all are that are pushed: clients move those as they are, and would
spend most of the time on compressing others.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import zlib
from pathlib import Path

CHUNK = 1 << 20
CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar+gzip"
MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"


def write(folder: Path, layers: int, megabytes: int) -> None:
    """An OCI layout of one image with ``layers`` layers of ``megabytes`` MB each, tagged ``image``."""
    blobs = _blobs(folder)
    described = [_random_blob(blobs, megabytes) for _ in range(layers)]
    _finish(folder, described, [each["digest"] for each in described])


def pack(folder: Path, tars: list[Path]) -> None:
    """An OCI layout of one image whose layers are these tars, from the bottom up, compressed by gzip."""
    blobs = _blobs(folder)
    _finish(folder, [_packed_blob(blobs, tar) for tar in tars], [f"sha256:{hashlib.sha256(tar.read_bytes()).hexdigest()}" for tar in tars])


def read(folder: Path) -> tuple[dict, dict]:
    """The manifest and the config of a layout's image."""
    index = json.loads((folder / "index.json").read_text())
    manifest = json.loads(blob(folder, index["manifests"][0]["digest"]).read_text())
    return manifest, json.loads(blob(folder, manifest["config"]["digest"]).read_text())


def blob(folder: Path, digest: str) -> Path:
    return folder / "blobs" / "sha256" / digest.removeprefix("sha256:")


def _blobs(folder: Path) -> Path:
    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True)
    return blobs


def _finish(folder: Path, described: list[dict], diff_ids: list[str]) -> None:
    blobs = folder / "blobs" / "sha256"
    config = _blob(blobs, {"architecture": "amd64", "os": "linux", "config": {}, "rootfs": {"type": "layers", "diff_ids": diff_ids}}, CONFIG_TYPE)
    manifest = {"schemaVersion": 2, "mediaType": MANIFEST_TYPE, "config": config, "layers": described}
    index = {"schemaVersion": 2, "manifests": [_blob(blobs, manifest, MANIFEST_TYPE) | {"annotations": {"org.opencontainers.image.ref.name": "image"}}]}
    (folder / "index.json").write_text(json.dumps(index))
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')


def _packed_blob(blobs: Path, tar: Path) -> dict:
    body = gzip.compress(tar.read_bytes(), 6, mtime=0)
    digest = hashlib.sha256(body).hexdigest()
    (blobs / digest).write_bytes(body)
    return {"mediaType": LAYER_TYPE, "digest": f"sha256:{digest}", "size": len(body)}


def _random_blob(blobs: Path, megabytes: int) -> dict:
    hasher, unfinished, size = hashlib.sha256(), blobs / "unfinished", 0
    packer = zlib.compressobj(level=0, wbits=31)  # a gzip stream of stored blocks
    with open(unfinished, "wb") as file:
        for number in range(1, megabytes + 1):
            chunk = packer.compress(os.urandom(CHUNK)) + (packer.flush() if number == megabytes else b"")
            hasher.update(chunk)
            size += file.write(chunk)
    unfinished.rename(blobs / hasher.hexdigest())
    return {"mediaType": LAYER_TYPE, "digest": f"sha256:{hasher.hexdigest()}", "size": size}


def _blob(blobs: Path, document: dict, media_type: str) -> dict:
    body = json.dumps(document).encode()
    digest = hashlib.sha256(body).hexdigest()
    (blobs / digest).write_bytes(body)
    return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(body)}
