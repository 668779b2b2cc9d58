"""The specimens: every image of the course's own that something can be found in, built by dockerless from the folders that hold them.

    shelf = Shelf(tmp_path)
    inventory.take(shelf.subject("search:1.0"))
    shelf.push("search:1.0", f"{lab.registry()}/search", "1.0", auth)

Their names are those of ``tests/scanner/expected-findings.toml``.
"""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import zstandard
from dockerless import Engine, seeds
from dockerless.images import Image
from dockerless.layers import Layer
from localecr.scanner.model import LayerFile, Subject

HERE = Path(__file__).parent
APP = HERE.parents[1] / "notebooks" / "app"
ARCHITECTURE = "amd64"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar"


@dataclass(frozen=True)
class Recipe:
    """A build context, the arguments of its Dockerfile that name base images, and what else is chosen."""

    folder: Path
    bases: Mapping[str, str] = field(default_factory=dict)
    arguments: Mapping[str, str] = field(default_factory=dict)
    dockerfile: str = "Dockerfile"
    target: str | None = None


def _service(name: str, base: str, **arguments: str) -> Recipe:
    return Recipe(APP / name, {"BASE": base}, arguments)


def _two_stage(dependencies: str, base: str, target: str | None = None) -> Recipe:
    bases = {"BUILD_BASE": "buildpack-deps:bullseye", "BASE": base}
    return Recipe(APP / "shop-api", bases, {"DEPENDENCIES": dependencies}, "Dockerfile.two-stage", target)


def _case(name: str, base: str | None = None) -> Recipe:
    return Recipe(HERE / name, {"BASE": base} if base else {})


RECIPES = {
    "shop-api:old": _service("shop-api", "debian:11"),
    "shop-api:new-base": _service("shop-api", "debian:12"),
    "shop-api:fixed": _service("shop-api", "debian:12", DEPENDENCIES="fixed"),
    "shop-api:one-stage": _two_stage("old", "debian:11", "build"),
    "shop-api:two-stage": _two_stage("old", "debian:11"),
    "shop-api:two-stage-fixed": _two_stage("fixed", "distroless:12"),
    "checkout:old": _service("checkout", "alpine:3.18"),
    "checkout:fixed": _service("checkout", "alpine:3.20", DEPENDENCIES="fixed"),
    "search:1.0": _service("search", "debian:12"),
    "search:1.1": _service("search", "debian:12", RELEASE="1.1"),
    "removed-package": _case("removed-package", "debian:11"),
    "upgraded-package": _case("upgraded-package", "debian:11"),
    "backports": _case("backports"),
    "source-versions": _case("source-versions", "debian:12"),
    "os-owned-library": _case("os-owned-library", "debian:11"),
    "distroless-library": _case("distroless-library", "distroless:12"),
    "scratch-jar": _case("scratch-jar"),
    "node-nested": _case("node-nested", "static:1"),
}


class Shelf:
    """Specimens, each built when it is first asked for, in an engine of their own."""

    def __init__(self, folder: Path):
        self.engine = Engine(folder)
        self._images: dict[str, Image] = {}
        for name, (here, elsewhere) in seeds.build_bases(self.engine):
            self._images |= {name: here, f"{name} on arm64": elsewhere}

    def image(self, name: str) -> Image:
        """A specimen, or a base image of the course's: for amd64, if the name doesn't say another architecture. Nothing is tagged."""
        if name not in self._images:
            self._images[name] = MADE[name](self) if name in MADE else self._build(RECIPES[name])
        return self._images[name]

    def _build(self, recipe: Recipe) -> Image:
        arguments = {argument: self.image(base).id for argument, base in recipe.bases.items()} | recipe.arguments
        return self.engine.build(recipe.folder, recipe.dockerfile, buildargs=arguments, platform=f"linux/{ARCHITECTURE}", target=recipe.target)

    def subject(self, name: str) -> Subject:
        """The image as the scanner takes it."""
        image = self.image(name)
        manifest = json.loads(image.manifest)
        layers = (LayerFile(each["digest"], each["mediaType"], each["size"], str(image.blobs.path(each["digest"]))) for each in manifest["layers"])
        return Subject(image.digest, manifest, image.config, tuple(layers))

    def push(self, name: str, repository: str, tag: str, auth: Mapping[str, str]) -> str:
        """Pushes a specimen and returns its digest. ``repository`` with its registry's address."""
        self.engine.tag(self.image(name).id, repository, tag)
        return self.engine.push(repository, tag, auth)


def _compressed(shelf: Shelf, name: str, kind: str, compress: Callable[[bytes], bytes]) -> Image:
    """The same image with its layers compressed in another way."""
    image = shelf.image(name)
    layers = []
    for layer in image.layers:
        data = compress(gzip.decompress(image.blobs.read(layer.digest)))
        layers.append(Layer(image.blobs.add(data), len(data), f"{OCI_LAYER}{kind}", layer.diff_id, layer.content_size))
    return shelf.engine.images.add(_said(image, f"layers: tar{kind}"), layers)


def _upgraded_library(shelf: Shelf) -> Image:
    """What ``pip install --upgrade requests`` does: one folder deleted, another made, in a layer above."""
    image, site, after = shelf.image("shop-api:old"), "srv/shop-api/lib/python3.11/site-packages", "requests-2.32.5.dist-info"
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.addfile(tarfile.TarInfo(f"{site}/.wh.requests-2.19.1.dist-info"))
        archive.add(APP / "shop-api/dependencies/fixed/site-packages" / after, f"{site}/{after}")
    data, content = gzip.compress(buffer.getvalue(), mtime=0), buffer.getvalue()
    diff_id = image.blobs.add(content)
    layer = Layer(image.blobs.add(data), len(data), f"{OCI_LAYER}+gzip", diff_id, len(content))
    config = json.loads(_said(image, "requests upgraded"))
    config["rootfs"]["diff_ids"].append(diff_id)
    config["history"].append({"created_by": "pip install --upgrade requests"})
    return shelf.engine.images.add(json.dumps(config).encode(), [*image.layers, layer])


def _said(image: Image, change: str) -> bytes:
    """The image's configuration with a word on the change, so that the image gets an id of its own."""
    config: dict[str, Any] = json.loads(json.dumps(image.config))
    config["config"]["Labels"]["ecrlab.change"] = change
    return json.dumps(config).encode()


# What no Dockerfile makes.
MADE: dict[str, Callable[[Shelf], Image]] = {
    "shop-api:old in zstd": lambda shelf: _compressed(shelf, "shop-api:old", "+zstd", zstandard.compress),
    "shop-api:old uncompressed": lambda shelf: _compressed(shelf, "shop-api:old", "", bytes),
    "upgraded-library": _upgraded_library,
}


def files(image: Image, number: int) -> dict[str, bytes]:
    """The files of a layer: their paths and contents."""
    data = image.blobs.read(image.layers[number].digest)
    tar = zstandard.decompress(data) if data.startswith(b"\x28\xb5\x2f\xfd") else gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data
    with tarfile.open(fileobj=io.BytesIO(tar)) as archive:
        return {member.name: archive.extractfile(member).read() for member in archive if member.isfile()}  # type: ignore[union-attr]
