"""The course's base images, built by dockerless itself from the folders in ``bases``.

They are specimens and say so in a label and in ``/etc/ecrlab-specimen``: true package lists without the packages, so that there is something
to scan, and one static program of our own, so that there is something to run.
"""

from __future__ import annotations

from pathlib import Path

from dockerless.engine import Engine
from dockerless.images import Image

BASES = {"debian:12": "debian", "alpine:3.20": "alpine", "static:1": "static"}  # name and tag → folder
ARCHITECTURES = ("amd64", "arm64")


def build_bases(engine: Engine) -> dict[str, list[Image]]:
    """Builds every base image for every architecture: ``{"debian:12": [the one for amd64, the one for arm64], …}``. None is tagged."""
    folder = Path(__file__).with_name("bases")
    return {
        name: [engine.build(folder / base, buildargs={"ARCH": each}, platform=f"linux/{each}") for each in ARCHITECTURES]
        for name, base in BASES.items()
    }
