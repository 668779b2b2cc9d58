"""Push and pull: what of an image travels, what is there already, and what is told on the way.

Sources: OCI distribution spec 1.1, "Pull" and "Push"; the events are Docker Engine's.
"""

from __future__ import annotations

import hashlib
import json
import tarfile
from typing import Any, BinaryIO, cast

from dockerless import platforms
from dockerless.blobs import CHUNK, Blobs
from dockerless.configuration import diff_ids
from dockerless.errors import EngineError, RegistryError, not_found
from dockerless.images import Image, Images
from dockerless.layers import Layer, uncompressed
from dockerless.progress import Meter, Progress, layer, short, status
from dockerless.reference import Reference
from dockerless.refusals import for_pull
from dockerless.registry import IMAGE_TYPES, INDEX_TYPES, Manifest, Moved, Registry
from dockerless.tarball import BROKEN, Member, refuse_growth

NONSENSE = (KeyError, IndexError, TypeError, AttributeError, ValueError, RecursionError)  # what JSON of another shape ends in
AT_ONCE = 5  # Docker works on so many layers at a time and lets the others wait; dockerless moves one after the other
CONFIG_TYPES = ("application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json")


def push(images: Images, registry: Registry, reference: Reference, image: Image, progress: Progress) -> str:
    """Sends an image to ``reference`` (a tag, or the digest of its manifest), layer by layer, and returns its digest."""
    registry.connect()
    layers = list(dict.fromkeys(reversed(image.layers)))
    for each in layers:
        progress(layer("Preparing", short(each.diff_id)))
    for each in layers[AT_ONCE:]:
        progress(layer("Waiting", short(each.diff_id)))
    for each in layers:
        progress(layer(_push_layer(images, registry, reference, each, progress), short(each.diff_id)))
    if not registry.has_blob(reference.path, image.id):
        _upload(registry, reference.path, images.blobs, image.id, registry.begin_upload(reference.path, image.id), lambda _: None)
    registry.put_manifest(reference.path, reference.tag_or_digest, Manifest(image.manifest, image.media_type))
    images.name(image, reference.at(image.digest))
    return image.digest


def _push_layer(images: Images, registry: Registry, reference: Reference, each: Layer, progress: Progress) -> str:
    """Sends a layer unless it is there, and says what happened to it."""
    if registry.has_blob(reference.path, each.digest):
        return "Layer already exists"
    others = [other for other in images.repositories_with(each.digest) if other.domain == reference.domain and other.path != reference.path]
    source = others[0].path if others else ""
    location = registry.begin_upload(reference.path, each.digest, source)
    if location is None:
        return f"Mounted from {source}"
    _upload(registry, reference.path, images.blobs, each.digest, location, Meter(progress, "Pushing", short(each.diff_id), each.size).add)
    return "Pushed"


def _upload(registry: Registry, repository: str, blobs: Blobs, digest: str, location: str | None, moved: Moved) -> None:
    if location:
        with blobs.open(digest) as blob:
            registry.upload(repository, location, digest, blob, blobs.size(digest), moved)


def pull(images: Images, registry: Registry, reference: Reference, platform: platforms.Platform | None, progress: Progress) -> Image:
    """Fetches an image, keeps it under ``reference`` and returns it. Raises EngineError as ``docker pull`` words it."""
    try:
        digest = reference.digest or registry.manifest_digest(reference.path, reference.tag)
        manifest = registry.manifest(reference.path, digest)
    except RegistryError as error:
        raise for_pull(error, reference) from error
    progress(status(f"Pulling from {reference.path}", str(reference) if reference.digest else reference.tag))
    try:
        if manifest.media_type in INDEX_TYPES:
            manifest = registry.manifest(reference.path, _choose(manifest, platform or platforms.host()))
        image = _fetch(images, registry, reference, manifest, progress)
    except NONSENSE as error:
        raise EngineError(f"the registry's description of {reference} makes no sense ({error!r:.200})") from error
    news = images.name(image, reference, reference.at(digest))
    progress(status(f"Digest: {digest}"))
    progress(status(f"Status: {'Downloaded newer image' if news else 'Image is up to date'} for {reference}"))
    return image


def _choose(index: Manifest, wanted: platforms.Platform) -> str:
    """The digest of the image that an index has for a platform. Source: OCI image spec, "Image Index"."""
    for entry in json.loads(index.data).get("manifests", []):
        if platforms.of(entry.get("platform", {})).runs(wanted):
            return str(entry["digest"])
    raise not_found(f"no matching manifest for {wanted} in the manifest list entries")


def _fetch(images: Images, registry: Registry, reference: Reference, manifest: Manifest, progress: Progress) -> Image:
    """Downloads what isn't here yet of the image that a manifest describes."""
    document = json.loads(manifest.data)
    config_type = document.get("config", {}).get("mediaType", "")
    if manifest.media_type not in IMAGE_TYPES or config_type not in CONFIG_TYPES:
        what = config_type or manifest.media_type
        raise EngineError(f"{reference} is not a container image but {what}: an artifact, which docker can't pull")
    id = document["config"]["digest"]
    known = next((image for image in images if image.id == id), None)
    if known:
        return known
    descriptors = document["layers"]
    with images.blobs.writer() as writer:
        registry.download(reference.path, id, document["config"]["size"], writer, lambda _: None)
        writer.keep()
    config = images.blobs.read(id)
    named = diff_ids(config)
    if len(named) != len(descriptors):
        raise EngineError(f"the configuration of {reference} names {len(named)} layers and its manifest {len(descriptors)}")
    layers = [_local(images, each["digest"], diff_id) for each, diff_id in zip(descriptors, named, strict=True)]
    for descriptor, layer_here in zip(descriptors, layers, strict=True):
        progress(layer("Already exists" if layer_here else "Pulling fs layer", short(descriptor["digest"])))
    complete = [
        layer_here or _pull_layer(images.blobs, registry, reference.path, descriptor, diff_id, progress)
        for descriptor, diff_id, layer_here in zip(descriptors, named, layers, strict=True)
    ]
    return images.add(config, complete, manifest.data)


def _local(images: Images, digest: str, diff_id: str) -> Layer | None:
    known = images.layer(digest)
    return known if known and known.diff_id == diff_id else None


def _pull_layer(blobs: Blobs, registry: Registry, repository: str, descriptor: dict[str, Any], diff_id: str, progress: Progress) -> Layer:
    digest, size, id = descriptor["digest"], descriptor["size"], short(descriptor["digest"])
    with blobs.writer() as writer:
        registry.download(repository, digest, size, writer, Meter(progress, "Downloading", id, size).add)
        progress(layer("Verifying Checksum", id))
        writer.keep()
    progress(layer("Download complete", id))
    unpacked = examine(blobs, digest, size, descriptor["mediaType"], Meter(progress, "Extracting", id, size))
    if unpacked.diff_id != diff_id:
        raise EngineError(f"layer {digest} unpacks to {unpacked.diff_id} and not to {diff_id}, which the image's configuration names")
    progress(layer("Pull complete", id))
    return unpacked


def examine(blobs: Blobs, digest: str, size: int, media_type: str, meter: Meter | None = None) -> Layer:
    """Reads a layer of the store through, to know its diff id and the sizes of its files."""
    with blobs.open(digest) as blob:
        reader = _Reading(uncompressed(blob, media_type), size)
        try:
            with tarfile.open(fileobj=cast(BinaryIO, reader), mode="r|", tarinfo=Member) as tar:
                content_size = sum(member.size for member in tar if member.isreg())
            while reader.read(CHUNK):  # what stands after the archive's end belongs to the digest too
                pass
        except BROKEN as error:
            raise EngineError(f"layer {digest} can't be unpacked: {error}") from error
    if meter:
        meter.add(size)
    return Layer(digest, size, media_type, f"sha256:{reader.hash.hexdigest()}", content_size)


class _Reading:
    """A stream that remembers the digest of what was read from it, and ends where a blob of ``packed`` bytes grows without end."""

    def __init__(self, stream: BinaryIO, packed: int) -> None:
        self._stream = stream
        self._packed, self._unpacked = packed, 0
        self.hash = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        self.hash.update(data)
        self._unpacked += len(data)
        refuse_growth(self._unpacked, self._packed)
        return data
