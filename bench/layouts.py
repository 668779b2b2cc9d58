"""Images to move: OCI layouts of random bytes, which no compression can help.

Layers are gzip streams already (of stored blocks), as nearly all are that are pushed: clients move those as they are, and would
spend most of the time on compressing others.
"""

from __future__ import annotations

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
    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True)
    described = [_random_blob(blobs, megabytes) for _ in range(layers)]
    diff_ids = [each["digest"] for each in described]
    config = _blob(blobs, {"architecture": "amd64", "os": "linux", "config": {}, "rootfs": {"type": "layers", "diff_ids": diff_ids}}, CONFIG_TYPE)
    manifest = {"schemaVersion": 2, "mediaType": MANIFEST_TYPE, "config": config, "layers": described}
    index = {"schemaVersion": 2, "manifests": [_blob(blobs, manifest, MANIFEST_TYPE) | {"annotations": {"org.opencontainers.image.ref.name": "image"}}]}
    (folder / "index.json").write_text(json.dumps(index))
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')


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
