"""Manifests: what a pushed document says about itself. OCI image spec 1.1, Docker image manifest version 2 schema 2."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any

from localecr.errors import AwsError, invalid_parameter
from localecr.store.blobs import DIGEST

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
IMAGES = (OCI_MANIFEST, DOCKER_MANIFEST)
INDEXES = (OCI_INDEX, DOCKER_LIST)
MEDIA_TYPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}")  # RFC 6838; it comes back as a header
LARGEST = 4_194_304  # bytes, the model's maximum of ImageManifest
NAMED = re.compile(f'"({DIGEST.pattern})"'.encode())


@dataclass(frozen=True)
class Descriptor:
    digest: str
    size: int
    media_type: str


@dataclass(frozen=True)
class Manifest:
    """A manifest read: the blobs it needs, the images it lists, what it refers to. ``body`` is kept byte for byte."""

    body: bytes
    media_type: str
    artifact_type: str | None
    layers: tuple[Descriptor, ...]  # the config first, then the layers that a registry holds
    children: tuple[Descriptor, ...]
    subject: str | None
    mentioned: tuple[str, ...]  # digests that it names and doesn't need; blobs of them that are held belong to it

    def digest(self, algorithm: str = "sha256") -> str:
        return f"{algorithm}:{hashlib.new(algorithm, self.body).hexdigest()}"


def read(body: bytes, media_type: str | None, layerless: bool = False) -> Manifest:
    """Parses a manifest of at most 4 MiB; ``media_type`` is what the client calls it, else its own ``mediaType`` counts.

    A type that isn't an image's or an index's is taken as it is, with nothing it needs, but it keeps the blobs that it
    mentions. ``layerless`` admits an OCI manifest whose list of layers is there and empty. Raises InvalidParameterException
    in ECR's words.
    """
    document = _parsed(body)
    own = document.get("mediaType")
    if media_type is None:
        media_type = own
    if not isinstance(media_type, str):
        raise AwsError("InvalidParameterException", "image manifest mediatype not provided in manifest or parameter")
    if not MEDIA_TYPE.fullmatch(media_type):
        raise invalid_parameter("imageManifestMediaType", "Member must be a media type such as application/vnd.oci.image.manifest.v1+json")
    if own is not None and own != media_type:
        raise invalid_parameter("ImageManifest", f"Manifest media type '{own}' does not match '{media_type}'")
    layers, children = (), ()
    if media_type in IMAGES:
        layers = _image_layers(document, layerless and media_type == OCI_MANIFEST)
    elif media_type in INDEXES:
        children = tuple(_descriptor(each) for each in _list(document, "manifests"))
    subject = document.get("subject")
    return Manifest(
        body=body,
        media_type=media_type,
        artifact_type=_artifact_type(document, layers),
        layers=layers,
        children=children,
        subject=_descriptor(subject).digest if subject is not None else None,
        mentioned=_mentioned(body, document, media_type),
    )


def annotations(body: bytes) -> dict[str, str]:
    """A manifest's annotations, empty where it has none; only text values count."""
    found = json.loads(body).get("annotations")
    return {key: value for key, value in found.items() if isinstance(value, str)} if isinstance(found, dict) else {}


def _parsed(body: bytes) -> dict[str, Any]:
    if len(body) > LARGEST:
        raise too_long()
    try:
        document = json.loads(body.decode("utf-8"), parse_constant=_no_json)
        if b"\\ud" in body or b"\\uD" in body:
            json.dumps(document, ensure_ascii=False).encode("utf-8")  # half a surrogate pair is no text
    except (ValueError, RecursionError) as error:
        raise bad_syntax() from error
    if not isinstance(document, dict):
        raise bad_syntax()
    return document


def _no_json(word: str) -> None:
    """NaN and Infinity, which Python reads and JSON doesn't have."""
    raise ValueError(word)


def _image_layers(document: dict[str, Any], may_be_none: bool) -> tuple[Descriptor, ...]:
    entries = [each for each in _list(document, "layers") if not _lives_elsewhere(each)]
    if not document.get("layers") and not (may_be_none and "layers" in document):
        raise invalid_parameter("ImageManifest", "Image has to have at least 1 layer")
    return tuple(_descriptor(each) for each in [document.get("config"), *entries])


def _mentioned(body: bytes, document: dict[str, Any], media_type: str) -> tuple[str, ...]:
    """Of an image the layers that live elsewhere, which some clients push all the same; of a type that we don't know every digest."""
    if media_type in IMAGES:
        return tuple(_descriptor(each).digest for each in _list(document, "layers") if _lives_elsewhere(each))
    return () if media_type in INDEXES else tuple(dict.fromkeys(found.decode() for found in NAMED.findall(body)))


def _lives_elsewhere(entry: Any) -> bool:
    """Non-distributable layers are fetched from their URLs and never pushed (OCI image spec, non-distributable layers)."""
    media_type = entry.get("mediaType") if isinstance(entry, dict) else None
    return isinstance(media_type, str) and ("nondistributable" in media_type or ".foreign." in media_type)


def _artifact_type(document: dict[str, Any], layers: tuple[Descriptor, ...]) -> str | None:
    own = document.get("artifactType")
    if isinstance(own, str) and own:
        return own
    return layers[0].media_type if layers else None


def _descriptor(value: Any) -> Descriptor:
    if not isinstance(value, dict):
        raise bad_syntax()
    digest, size, media_type = value.get("digest"), value.get("size"), value.get("mediaType")
    sound = isinstance(digest, str) and DIGEST.fullmatch(digest) and type(size) is int and 0 <= size < 1 << 62 and isinstance(media_type, str)
    if not sound:
        raise bad_syntax()
    return Descriptor(digest, size, media_type)


def _list(document: dict[str, Any], key: str) -> list[Any]:
    value = document.get(key)
    if value is None and key == "layers":
        return []
    if not isinstance(value, list):
        raise bad_syntax()
    return value


def too_long() -> AwsError:
    return invalid_parameter("imageManifest", f"Member must have length less than or equal to {LARGEST}")


def bad_syntax() -> AwsError:
    """What ECR says of a manifest that it can't read, whatever is wrong with it."""
    return invalid_parameter("ImageManifest", "Invalid JSON syntax")
