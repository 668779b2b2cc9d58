"""Wren's repositories, and what others pushed to them before the lab begins."""

from __future__ import annotations

from contextlib import suppress

from ecrlab.lab import Lab
from ecrlab.labs import looking, planting

TICKETS, REPORTS, BUILDS, ARCHIVE = "lab3/prod/tickets", "lab3/prod/reports", "lab3/builds", "lab3/prod-archive"
FIRST, MOVING = "1.0", "release"
COMES = "guide.prepare() brings it."
VERSIONS_STAY = {
    "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
    "imageTagMutabilityExclusionFilters": [{"filterType": "WILDCARD", "filter": MOVING}],
}
DEBIAN = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\nID=debian\n'
ZLIB = "Package: zlib1g\nStatus: install ok installed\nArchitecture: amd64\nSource: zlib\nVersion: 1:1.2.13.dfsg-1\n\n"


def neighbour(name: str) -> planting.Planted:
    """An image of another team's, upon Debian 12."""
    files = {"etc/os-release": DEBIAN, "var/lib/dpkg/status": ZLIB, "srv/what": f"{name}\n"}
    return planting.image(files, {"wren": name, "ecrlab.specimen": "true"})


def prepare(lab: Lab) -> None:
    """Wren's repositories, and what others pushed to them. What is there already stays."""
    ecr = lab.client("ecr")
    with suppress(ecr.exceptions.RepositoryAlreadyExistsException):
        ecr.create_repository(repositoryName=TICKETS, **VERSIONS_STAY)
    for name, tag in ((REPORTS, "4.1"), (BUILDS, "nightly"), (ARCHIVE, "0.9")):
        with suppress(ecr.exceptions.RepositoryAlreadyExistsException):
            ecr.create_repository(repositoryName=name)
        planting.plant(ecr, name, neighbour(name), tag)


def full(lab: Lab, name: str) -> str:
    """A repository's name as filters and findings have it, which on AWS begins with the lab's prefix."""
    found = looking.repository(lab.reader("ecr"), name)
    return found["repositoryArn"].partition("/")[2] if found else name
