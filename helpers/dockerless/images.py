"""The local images: what they consist of and what they are called.

One small JSON file says it all; the bytes are in the blobs. The file is replaced as a whole, so it is right at every moment.
"""

from __future__ import annotations

import json
import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from dockerless import platforms
from dockerless.blobs import Blobs
from dockerless.errors import EngineError, conflict, no_such_image
from dockerless.layers import Layer
from dockerless.reference import Reference, parse

CONFIG = "application/vnd.oci.image.config.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


@dataclass(frozen=True)
class Image:
    """A local image. ``id`` is the digest of its configuration, ``digest`` that of its manifest."""

    id: str
    digest: str
    layers: tuple[Layer, ...]
    blobs: Blobs

    @cached_property
    def config(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.blobs.read(self.id))
        return document

    @cached_property
    def manifest(self) -> bytes:
        return self.blobs.read(self.digest)

    @property
    def media_type(self) -> str:
        return str(json.loads(self.manifest).get("mediaType", MANIFEST))

    @property
    def platform(self) -> platforms.Platform:
        return platforms.of(self.config)

    @property
    def size(self) -> int:
        """The sum of its files' sizes, layer by layer, in bytes: what ``docker images`` shows."""
        return sum(layer.content_size for layer in self.layers)


@dataclass
class Names:
    """What a repository calls its images: by tag and by digest, each to an image's id."""

    tags: dict[str, str]
    digests: dict[str, str]


class Images:
    """The images of one folder, for any number of threads of one process."""

    def __init__(self, folder: Path, blobs: Blobs) -> None:
        self._file = folder / "images.json"
        self.blobs = blobs
        self._lock = threading.RLock()
        self._busy = 0
        state = self._load()
        self._images = {
            id: Image(id, entry["digest"], tuple(Layer(**layer) for layer in entry["layers"]), blobs) for id, entry in state["images"].items()
        }
        self._names = {name: Names(**names) for name, names in state["names"].items()}

    def _load(self) -> dict[str, Any]:
        if not self._file.exists():
            return {"images": {}, "names": {}}
        try:
            state: dict[str, Any] = json.loads(self._file.read_text("utf-8"))
        except ValueError as error:
            raise EngineError(f"{self._file} is damaged ({error}). Delete {self._file.parent}, then pull or build the images again.") from error
        return state

    def _save(self) -> None:
        self._names = {name: names for name, names in self._names.items() if names.tags or names.digests}
        state = {
            "images": {id: {"digest": image.digest, "layers": [asdict(layer) for layer in image.layers]} for id, image in self._images.items()},
            "names": {name: asdict(names) for name, names in self._names.items()},
        }
        with self.blobs.aside() as file:
            file.write(json.dumps(state, indent=1).encode())
            file.flush()
            os.fsync(file.fileno())
            file.close()
            os.replace(file.name, self._file)

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """While somebody builds, pulls or pushes no blob is collected: theirs may belong to no image yet, or no longer."""
        with self._lock:
            self._busy += 1
        try:
            yield
        finally:
            with self._lock:
                self._busy -= 1

    def add(self, config: bytes, layers: list[Layer], manifest: bytes | None = None) -> Image:
        """Keeps an image whose layers are in the store already; without a manifest it gets an OCI one."""
        id = self.blobs.add(config)
        if manifest is None:
            document = {
                "schemaVersion": 2,
                "mediaType": MANIFEST,
                "config": {"mediaType": CONFIG, "digest": id, "size": len(config)},
                "layers": [layer.descriptor() for layer in layers],
            }
            manifest = json.dumps(document, separators=(",", ":")).encode()
        image = Image(id, self.blobs.add(manifest), tuple(layers), self.blobs)
        with self._lock:
            self._images[id] = image
            self._save()
        return image

    def __iter__(self) -> Iterator[Image]:
        """The youngest first."""
        with self._lock:
            return iter(list(self._images.values())[::-1])

    def find(self, name: str) -> Image:
        """By reference, by id or by the beginning of an id. Raises EngineError (404) as Docker words it."""
        with self._lock:
            if not name.startswith("sha256:") and (image := self._named(name)):
                return image
            beginning = name.removeprefix("sha256:")
            if re.fullmatch("[0-9a-f]{1,64}", beginning):
                matching = [image for id, image in self._images.items() if id.startswith(f"sha256:{beginning}")]
                if len(matching) == 1:
                    return matching[0]
        raise no_such_image(name if ":" in name.rpartition("/")[2] or "@" in name else f"{name}:latest")

    def _named(self, name: str) -> Image | None:
        try:
            reference = parse(name).or_latest()
        except EngineError:
            return None
        return self.at(reference)

    def at(self, reference: Reference) -> Image | None:
        with self._lock:
            names = self._names.get(reference.name, Names({}, {}))
            id = names.digests.get(reference.digest) if reference.digest else names.tags.get(reference.tag)
            return self._images[id] if id else None

    def tags(self, repository: str) -> dict[str, Image]:
        """The images of a repository's tags, sorted by tag."""
        with self._lock:
            return {tag: self._images[id] for tag, id in sorted(self._names.get(repository, Names({}, {})).tags.items())}

    def name(self, image: Image, *references: Reference) -> bool:
        """Gives an image names, by tag or by digest; says whether any of them is news."""
        news = False
        with self._lock:
            self._images.setdefault(image.id, image)  # somebody may have removed it meanwhile
            for reference in references:
                names = self._names.setdefault(reference.name, Names({}, {}))
                kind, key = (names.digests, reference.digest) if reference.digest else (names.tags, reference.tag)
                news |= kind.get(key) != image.id
                kind[key] = image.id
            if news:
                self._save()
        return news

    def tags_of(self, image: Image) -> list[str]:
        with self._lock:
            return sorted(f"{name}:{tag}" for name, names in self._names.items() for tag, id in names.tags.items() if id == image.id)

    def digests_of(self, image: Image) -> list[str]:
        with self._lock:
            return sorted(f"{name}@{digest}" for name, names in self._names.items() for digest, id in names.digests.items() if id == image.id)

    def remove(self, name: str, force: bool = False) -> list[dict[str, str]]:
        """Takes a name away, and the image with its last name; says what went, as ``docker rmi`` does. Raises EngineError (404, 409)."""
        with self._lock:
            image = self.find(name)
            reference = None if self._is_id(name, image) else parse(name).or_latest()
            if reference:
                gone = self._untag(image, reference)
            else:
                repositories = {each.rpartition(":")[0] for each in self.tags_of(image)}
                if len(repositories) > 1 and not force:
                    short = image.id.removeprefix("sha256:")[:12]
                    raise conflict(f"conflict: unable to delete {short} (must be forced) - image is referenced in multiple repositories")
                gone = [entry for each in self.tags_of(image) + self.digests_of(image) for entry in self._untag(image, parse(each))]
            if not self.tags_of(image) and not self.digests_of(image):
                del self._images[image.id]
                gone.append({"Deleted": image.id})
            self._save()
            self.collect()
        return gone

    def _is_id(self, name: str, image: Image) -> bool:
        return image.id.removeprefix("sha256:").startswith(name.removeprefix("sha256:")) and (name.startswith("sha256:") or not self._named(name))

    def _untag(self, image: Image, reference: Reference) -> list[dict[str, str]]:
        """Takes a tag or a digest away; a repository's last tag of an image takes the digests along."""
        names = self._names.get(reference.name, Names({}, {}))
        gone = []
        if reference.digest:
            if names.digests.pop(reference.digest, None):
                gone.append(str(reference))
        elif names.tags.pop(reference.tag, None):
            gone.append(str(reference))
            if image.id not in names.tags.values():
                gone += [f"{reference.name}@{digest}" for digest, id in names.digests.items() if id == image.id]
                names.digests = {digest: id for digest, id in names.digests.items() if id != image.id}
        return [{"Untagged": each} for each in gone]

    def prune(self, everything: bool = False) -> tuple[list[dict[str, str]], int]:
        """Removes the images that have no tag (with ``everything`` all), and says what went and how many bytes came free."""
        gone: list[dict[str, str]] = []
        with self._lock:
            for image in list(self):
                if everything or not self.tags_of(image):
                    gone += [{"Untagged": each} for each in self.tags_of(image) + self.digests_of(image)] + [{"Deleted": image.id}]
                    for names in self._names.values():
                        names.tags = {tag: id for tag, id in names.tags.items() if id != image.id}
                        names.digests = {digest: id for digest, id in names.digests.items() if id != image.id}
                    del self._images[image.id]
            self._save()
            return gone, self.collect()

    def collect(self) -> int:
        """Deletes the blobs that no image needs, unless somebody is at work; says how many bytes came free."""
        with self._lock:
            if self._busy:
                return 0
            wanted = {digest for image in self._images.values() for digest in (image.id, image.digest, *(layer.digest for layer in image.layers))}
            return self.blobs.keep_only(wanted)

    def layer(self, digest: str) -> Layer | None:
        """What is known of a layer, where some image has it."""
        with self._lock:
            return next((layer for image in self._images.values() for layer in image.layers if layer.digest == digest), None)

    def repositories_with(self, digest: str) -> list[Reference]:
        """The repositories, wherever they are, from or to which a layer has travelled."""
        with self._lock:
            holders = {image.id for image in self._images.values() if digest in (layer.digest for layer in image.layers)}
            return [parse(name) for name, names in self._names.items() if holders.intersection(names.digests.values())]
