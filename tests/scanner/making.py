"""Images made from plain descriptions of their layers: files, links, whiteouts, compression. As Subjects, and as OCI layouts for other tools.

    image = making.image(folder, [
        {"etc/os-release": making.os_release("debian", "12"), "lib": making.Link("usr/lib")},
        making.layer({"opt/.wh.old": ""}, compression="zstd"),
    ])
    inventory.take(image.subject)
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import zstandard
from localecr.scanner.model import LayerFile, Subject

OCI_LAYER = "application/vnd.oci.image.layer.v1.tar"
TYPES = {"gzip": f"{OCI_LAYER}+gzip", "zstd": f"{OCI_LAYER}+zstd", "none": OCI_LAYER}
TIME = 315532800


@dataclass(frozen=True)
class Folder:
    pass


@dataclass(frozen=True)
class Link:
    target: str


@dataclass(frozen=True)
class HardLink:
    target: str


@dataclass(frozen=True)
class Device:
    pass


@dataclass(frozen=True)
class Sparse:
    """A file that GNU tar stored with --sparse, in its old form."""

    content: bytes = b"x" * 512


File = str | bytes
Thing = File | Folder | Link | HardLink | Device | Sparse
Things = Mapping[str, Thing] | Iterable[tuple[str, Thing]]


def tar(things: Things, format: int = tarfile.PAX_FORMAT) -> bytes:
    """A tar of things by their paths, in their order; pairs allow a path twice."""
    kept = io.BytesIO()
    with tarfile.open(fileobj=kept, mode="w", format=format) as archive:
        for path, thing in things.items() if isinstance(things, Mapping) else things:
            member = tarfile.TarInfo(path)
            member.mtime, content = TIME, b""
            if isinstance(thing, str | bytes):
                content = thing.encode() if isinstance(thing, str) else thing
                member.size = len(content)
            elif isinstance(thing, Sparse):
                member.type, content = tarfile.GNUTYPE_SPARSE, thing.content
                member.size = len(content)
            else:
                member.type = {Folder: tarfile.DIRTYPE, Link: tarfile.SYMTYPE, HardLink: tarfile.LNKTYPE, Device: tarfile.CHRTYPE}[type(thing)]
                member.linkname = getattr(thing, "target", "")
            archive.addfile(member, io.BytesIO(content))
    return kept.getvalue()


@dataclass(frozen=True)
class MadeLayer:
    content: bytes
    media_type: str
    command: str | None = None

    @property
    def digest(self) -> str:
        return digest_of(self.content)


def packed(content: bytes, compression: str) -> bytes:
    if compression == "gzip":
        return gzip.compress(content, 6, mtime=0)
    return zstandard.compress(content) if compression == "zstd" else content


def layer(things: Things | bytes, compression: str = "gzip", media_type: str | None = None, command: str | None = None) -> MadeLayer:
    """A layer of things, or of a tar's bytes."""
    return MadeLayer(packed(things if isinstance(things, bytes) else tar(things), compression), media_type or TYPES[compression], command)


@dataclass(frozen=True)
class Image:
    """An image on the disk, and the digests of its layers from the bottom up."""

    subject: Subject
    layers: tuple[str, ...]


def digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def image(folder: Path, layers: Iterable[MadeLayer | Things], config: Mapping[str, Any] | None = None, manifest: Mapping[str, Any] | None = None) -> Image:
    """An image of layers, from the bottom up. ``config`` and ``manifest`` change or add what stands there."""
    made = [each if isinstance(each, MadeLayer) else layer(each) for each in layers]
    folder.mkdir(parents=True)
    files = []
    for each in made:
        path = folder / each.digest.removeprefix("sha256:")
        path.write_bytes(each.content)
        files.append(LayerFile(each.digest, each.media_type, len(each.content), str(path)))
    settings = {
        "architecture": "amd64",
        "os": "linux",
        "rootfs": {"type": "layers", "diff_ids": [digest_of(_unpacked(each.content)) for each in made]},
        "history": [{"created_by": each.command} if each.command else {} for each in made],
    } | dict(config or {})
    document = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": _descriptor(_json(settings), "application/vnd.oci.image.config.v1+json"),
        "layers": [_descriptor(each.content, each.media_type) for each in made],
    } | dict(manifest or {})
    return Image(Subject(digest_of(_json(document)), document, settings, tuple(files)), tuple(each.digest for each in made))


def layout(subject: Subject, folder: Path) -> None:
    """Writes an image as an OCI layout, which other tools read."""
    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True)
    for each in subject.layers:
        shutil.copyfile(each.path, blobs / each.digest.removeprefix("sha256:"))
    config = _descriptor(_json(subject.config), subject.manifest["config"]["mediaType"])
    manifest = subject.manifest | {"config": config}
    described = _descriptor(_json(manifest), manifest.get("mediaType", "application/vnd.oci.image.manifest.v1+json"))
    for descriptor, document in ((config, subject.config), (described, manifest)):
        (blobs / descriptor["digest"].removeprefix("sha256:")).write_bytes(_json(document))
    (folder / "index.json").write_bytes(_json({"schemaVersion": 2, "manifests": [described]}))
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')


def _descriptor(content: bytes, media_type: str) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": digest_of(content), "size": len(content)}


def _json(document: Any) -> bytes:
    return json.dumps(document).encode()


def _unpacked(content: bytes) -> bytes:
    try:
        if content.startswith(b"\x1f\x8b"):
            return gzip.decompress(content)
        if content.startswith(b"\x28\xb5\x2f\xfd"):
            return zstandard.ZstdDecompressor().decompressobj().decompress(content)
    except (OSError, EOFError, zlib.error, zstandard.ZstdError):
        pass  # a broken layer has no content
    return content


# --- what is in files --------------------------------------------------------------------------------------------------------------------

NAMES = {"debian": "Debian GNU/Linux {}", "alpine": "Alpine Linux v{}", "ubuntu": "Ubuntu {}"}


def os_release(id: str, version: str) -> str:
    return f'PRETTY_NAME="{NAMES.get(id, id + " {}").format(version)}"\nID={id}\nVERSION_ID="{version}"\n'


def stanza(name: str, version: str, source: str | None = None, status: str | None = "install ok installed", arch: str = "amd64") -> str:
    """A package in dpkg's status file."""
    fields = {"Package": name, "Status": status, "Priority": "optional", "Maintainer": "Nobody <nobody@example.org>", "Architecture": arch}
    fields |= {"Source": source, "Version": version, "Description": f"what {name} is for\n More of it.\n ."}
    return "".join(f"{key}: {value}\n" for key, value in fields.items() if value) + "\n"


def status(*packages: tuple[str, str] | str) -> str:
    """dpkg's status file: packages as name and version, or as stanzas."""
    return "".join(each if isinstance(each, str) else stanza(*each) for each in packages)


def installed(*packages: tuple[str, str] | str) -> str:
    """apk's list: packages as name and version, or as entries of their own."""
    return "".join(each if isinstance(each, str) else apk(*each) for each in packages)


def apk(name: str, version: str, origin: str | None = None, files: Iterable[str] = ()) -> str:
    lines = [f"P:{name}", f"V:{version}", "A:x86_64", "S:1000", f"T:what {name} is for", f"o:{origin or name}"]
    for path in files:
        folder, _, file = path.rpartition("/")
        lines += [f"F:{folder}", f"R:{file}", "Z:Q1AAAAAAAAAAAAAAAAAAAAAAAAAAA="]
    return "\n".join(lines) + "\n\n"


def metadata(name: str, version: str) -> str:
    """A Python package's METADATA or PKG-INFO."""
    return f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nSummary: what {name} is for\n\nName: not this one\n"


def dist_info(name: str, version: str, folder: str = "usr/local/lib/python3.12/site-packages") -> dict[str, str]:
    return {f"{folder}/{name}-{version}.dist-info/METADATA": metadata(name, version)}


def node_module(name: str, version: str, folder: str = "srv/app/node_modules") -> dict[str, str]:
    return {f"{folder}/{name}/package.json": json.dumps({"name": name, "version": version})}


def pom(group: str, artifact: str, version: str) -> dict[str, str]:
    return {f"META-INF/maven/{group}/{artifact}/pom.properties": f"#Generated by Maven\nversion={version}\ngroupId={group}\nartifactId={artifact}\n"}


def manifest(**attributes: str) -> dict[str, str]:
    """A jar's manifest: ``Implementation_Version="1.0"``."""
    return {"META-INF/MANIFEST.MF": "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in {"Manifest_Version": "1.0", **attributes}.items())}


class Unseekable(io.RawIOBase):
    def __init__(self) -> None:
        self.content = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.content += data
        return len(data)

    def getvalue(self) -> bytes:
        return bytes(self.content)


def jar(members: Mapping[str, File], streamed: bool = False) -> bytes:
    """A jar. ``streamed``: as Java writes one, with each member's size after it; jars in it are stored with theirs before, as Spring does."""
    kept: Any = Unseekable() if streamed else io.BytesIO()
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            how = zipfile.ZIP_DEFLATED if streamed or not name.endswith(".jar") else zipfile.ZIP_STORED
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content, how)
    return kept.getvalue()
