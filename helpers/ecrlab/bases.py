"""The base images that Dockerfiles build upon: specimens in the course's own registry, or the real ones."""

from __future__ import annotations

import os

from ecrlab.errors import LabError

# Each base image of the course's, and the real image that stands for it on AWS. Of several tags the first is meant where none is named.
# Amazon ECR Public keeps Docker's official images under the alias `docker`. It has no Distroless: that is Google's, on Google's registry.
REAL = {
    "debian:12": "public.ecr.aws/docker/library/debian:12",
    "debian:11": "public.ecr.aws/docker/library/debian:11-slim",
    "alpine:3.20": "public.ecr.aws/docker/library/alpine:3.20",
    "alpine:3.18": "public.ecr.aws/docker/library/alpine:3.18",
    "alpine:3.14": "public.ecr.aws/docker/library/alpine:3.14",
    "static:1": "public.ecr.aws/docker/library/busybox:1.36",
    "distroless:12": "gcr.io/distroless/cc-debian12:latest",
    "buildpack-deps:bullseye": "public.ecr.aws/docker/library/buildpack-deps:bullseye",
    "debian:12.15": "public.ecr.aws/docker/library/debian:12",  # there the newest Debian 12 has both names
}
PROGRAM = "static:1"  # which really runs: nothing stands in for anything there
CHOICE = "ECRLAB_BASES"


def named(name: str) -> str:
    """`debian:12`, of `debian` or `debian:12`. Raises LabError for another name."""
    for each in REAL:
        if name in (each, each.partition(":")[0]):
            return each
    raise LabError("base", f"There is no base image named {name!r}.", f"Use one of {', '.join(REAL)}.")


def are_real() -> bool:
    """Whether `ECRLAB_BASES=real` asks for the real base images on this machine too. Raises LabError for another value."""
    choice = os.environ.get(CHOICE, "")
    if choice in ("", "real"):
        return choice == "real"
    raise LabError("base", f"{CHOICE} is {choice!r}.", "Set it to real for the real base images, or unset it for the course's own.")
