"""The course's base images, built by dockerless itself from the folders in ``bases``.

They are specimens and say so in a label and in ``/etc/ecrlab-specimen``: true package lists without the packages, so that there is something
to scan, and one static program of our own, so that there is something to run.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dockerless.engine import Engine
from dockerless.images import Image

ARCHITECTURES = ("amd64", "arm64")


@dataclass(frozen=True)
class Base:
    """A base image: its folder in ``bases``, and the base image that it stands on."""

    folder: str
    below: str | None = None


# By name and tag. The first three are what every lesson needs; the others are what scans are about.
BASES = {
    "debian:12": Base("debian"),
    "alpine:3.20": Base("alpine"),
    "static:1": Base("static"),
    "debian:11": Base("debian-11"),
    "alpine:3.18": Base("alpine-3.18"),
    "alpine:3.14": Base("alpine-3.14"),
    "distroless:12": Base("distroless-12"),
    "buildpack-deps:bullseye": Base("buildpack-deps-bullseye", below="debian:11"),
    "debian:12.15": Base("debian-12.15"),
}


def build_bases(engine: Engine) -> Iterator[tuple[str, list[Image]]]:
    """Builds one base image after the other, each for every architecture: ``("debian:12", [for amd64, for arm64])``. None is tagged."""
    folder, built = Path(__file__).with_name("bases"), {}
    for name, base in BASES.items():
        below = built[base.below] if base.below else [None] * len(ARCHITECTURES)
        built[name] = [
            engine.build(
                folder / base.folder,
                buildargs={"ARCH": architecture} | ({"BASE": image.id} if image else {}),
                platform=f"linux/{architecture}",
            )
            for architecture, image in zip(ARCHITECTURES, below, strict=True)
        ]
        yield name, built[name]
