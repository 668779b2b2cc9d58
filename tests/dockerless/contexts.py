"""Build contexts and images made in memory, for dockerless' tests."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from collections.abc import Mapping

from dockerless import Engine
from dockerless.images import Image

Content = bytes | str | tarfile.TarInfo  # a file's bytes or text, or a ready-made member without content


def tar(files: Mapping[str, Content], order: list[str] | None = None, mode: int = 0o644, mtime: int = 0) -> bytes:
    """A tar of those files, in that order."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name in order or files:
            content = files[name]
            if isinstance(content, tarfile.TarInfo):
                archive.addfile(content)
                continue
            data = content.encode() if isinstance(content, str) else content
            member = tarfile.TarInfo(name)
            member.size, member.mode, member.mtime = len(data), mode, mtime
            archive.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    return member


def build(engine: Engine, dockerfile: str, files: Mapping[str, Content] | None = None, **options: object) -> Image:
    """Builds a Dockerfile and the files beside it."""
    return engine.build(tar({"Dockerfile": dockerfile, **(files or {})}), **options)  # type: ignore[arg-type]


def members(image: Image, layer: int = -1) -> dict[str, tarfile.TarInfo]:
    """What a layer of an image holds, in its order."""
    with tarfile.open(fileobj=io.BytesIO(layer_tar(image, layer))) as archive:
        return {member.name: member for member in archive}


def content(image: Image, path: str, layer: int = -1) -> bytes:
    """A file of a layer."""
    with tarfile.open(fileobj=io.BytesIO(layer_tar(image, layer))) as archive:
        file = archive.extractfile(path)
        assert file is not None
        return file.read()


def layer_tar(image: Image, layer: int = -1) -> bytes:
    return gzip.decompress(image.blobs.read(image.layers[layer].digest))


def config(image: Image) -> dict[str, object]:
    return json.loads(image.blobs.read(image.id))["config"]
