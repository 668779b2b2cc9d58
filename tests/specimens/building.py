"""The specimens: every image of the course's own that something can be found in, built by dockerless from the folders that hold them.

    shelf = Shelf(tmp_path)
    image = shelf.image("search:1.0")       # dockerless' Image: an Engine of the same folder pushes it
    inventory.take(shelf.subject("search:1.0"))

Their names are those of ``tests/scanner/expected-findings.toml``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dockerless import Engine, seeds
from dockerless.images import Image
from localecr.scanner.model import LayerFile, Subject

ROOT = Path(__file__).parents[2]
APP, HERE = ROOT / "notebooks" / "app", Path(__file__).parent
ARCHITECTURE = "amd64"


@dataclass(frozen=True)
class Recipe:
    """A build context, the arguments of its Dockerfile that name base images, and what else is chosen."""

    folder: Path
    bases: Mapping[str, str] = field(default_factory=dict)
    arguments: Mapping[str, str] = field(default_factory=dict)
    dockerfile: str = "Dockerfile"
    target: str | None = None


def _two_stage(dependencies: str, base: str, target: str | None = None) -> Recipe:
    bases = {"BUILD_BASE": "buildpack-deps:bullseye", "BASE": base}
    return Recipe(APP / "shop-api", bases, {"DEPENDENCIES": dependencies}, "Dockerfile.two-stage", target)


RECIPES = {
    "shop-api:old": Recipe(APP / "shop-api", {"BASE": "debian:11"}),
    "shop-api:new-base": Recipe(APP / "shop-api", {"BASE": "debian:12"}),
    "shop-api:fixed": Recipe(APP / "shop-api", {"BASE": "debian:12"}, {"DEPENDENCIES": "fixed"}),
    "shop-api:one-stage": _two_stage("old", "debian:11", "build"),
    "shop-api:two-stage": _two_stage("old", "debian:11"),
    "shop-api:two-stage-fixed": _two_stage("fixed", "distroless:12"),
    "checkout:old": Recipe(APP / "checkout", {"BASE": "alpine:3.18"}),
    "checkout:fixed": Recipe(APP / "checkout", {"BASE": "alpine:3.20"}, {"DEPENDENCIES": "fixed"}),
    "search:1.0": Recipe(APP / "search", {"BASE": "debian:12"}),
    "search:1.1": Recipe(APP / "search", {"BASE": "debian:12"}, {"RELEASE": "1.1"}),
}


class Shelf:
    """Specimens, each built when it is first asked for, in an engine of their own."""

    def __init__(self, folder: Path):
        self.engine = Engine(folder)
        self._bases = {name: dict(zip(seeds.ARCHITECTURES, images, strict=True)) for name, images in seeds.build_bases(self.engine)}
        self._images: dict[str, Image] = {}

    def image(self, name: str) -> Image:
        """The image of a recipe, or a base image of the course's, for amd64. Nothing is tagged."""
        if name in self._bases:
            return self._bases[name][ARCHITECTURE]
        if name not in self._images:
            recipe = RECIPES[name]
            bases = {argument: self.image(base).id for argument, base in recipe.bases.items()}
            platform = f"linux/{ARCHITECTURE}"
            self._images[name] = self.engine.build(recipe.folder, recipe.dockerfile, buildargs=bases | recipe.arguments, platform=platform, target=recipe.target)
        return self._images[name]

    def subject(self, name: str) -> Subject:
        """The image as the scanner takes it."""
        image = self.image(name)
        manifest = json.loads(image.manifest)
        layers = (LayerFile(each["digest"], each["mediaType"], each["size"], str(image.blobs.path(each["digest"]))) for each in manifest["layers"])
        return Subject(image.digest, manifest, image.config, tuple(layers))
