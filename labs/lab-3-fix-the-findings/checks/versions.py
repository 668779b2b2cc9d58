"""The versions of tickets that were pushed: what lies in their layers, and what was found there."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cached_property

from ecrlab.lab import Lab
from ecrlab.labs import looking
from ecrlab.labs.filesystem import Filesystem, filesystem
from ecrlab.scans import Scan
from ecrlab.show.layers import image, instructions
from ecrlab.show.manifests import configuration, manifest

from .flaws import Flaw, inspected
from .wren import FIRST, MOVING, TICKETS, full

PYTHON_PACKAGE = re.compile(r"(?P<name>[^/]+)-(?P<version>[^/-]+)\.dist-info/METADATA$")
NODE_PACKAGE = re.compile(r"node_modules/(@[^/]+/)?[^/]+/package\.json$")
DPKG, HIDDEN_DPKG, OS_RELEASE = "var/lib/dpkg/status", "var/lib/dpkg/.wh.status", ("etc/os-release", "usr/lib/os-release")


@dataclass(frozen=True)
class Image:
    """A version of tickets: its tags, its scan (None where nobody asked for one), and what Inspector found in it, suppressed or not."""

    lab: Lab
    tags: tuple[str, ...]
    digest: str
    scan: Scan | None
    flaws: tuple[Flaw, ...]

    @property
    def name(self) -> str:
        """Its version, or whatever else it is called."""
        versions = [tag for tag in self.tags if tag != MOVING]
        return FIRST if FIRST in versions else versions[0] if versions else MOVING

    @cached_property
    def layers(self) -> list[str]:
        return looking.layers(self.lab.reader("ecr"), TICKETS, self.digest)

    @cached_property
    def filesystem(self) -> Filesystem:
        return filesystem(self.lab.reader("ecr"), TICKETS, self.digest)

    @cached_property
    def libraries(self) -> dict[str, tuple[str, ...]]:
        """Python's packages, by their folders: name → the versions that are there."""
        found: dict[str, tuple[str, ...]] = {}
        for name, version in sorted(_labels(self.filesystem)):
            found[name] = (*found.get(name, ()), version)
        return found

    @property
    def mislabelled(self) -> list[str]:
        """Python's packages that say another version of themselves than their folder does."""
        return [name for (name, version), text in _labels(self.filesystem).items() if f"\nVersion: {version}\n" not in f"\n{text}"]

    @cached_property
    def tools(self) -> list[str]:
        """Node's packages, each with its version."""
        found = [json.loads(data) for path, data in self.filesystem.files.items() if NODE_PACKAGE.search(path)]
        return sorted(f"{each.get('name')} {each.get('version')}" for each in found)

    @cached_property
    def tool_steps(self) -> list[str]:
        """The steps of the build whose layers hold Node's packages."""
        ecr = self.lab.reader("ecr")
        described, _ = image(ecr, TICKETS, manifest(ecr, TICKETS, self.digest))
        steps = instructions(configuration(ecr, TICKETS, described), len(described.document["layers"]))
        return [step for step, layer in zip(steps, self.filesystem.layers) if any(NODE_PACKAGE.search(path) for path in layer)]

    @property
    def buries_the_tool(self) -> bool:
        """Whether a layer hides Node's packages that lie in a lower one."""
        return any(NODE_PACKAGE.search(path) for path in self.filesystem.buried)

    @property
    def rewrites_the_system(self) -> bool:
        """Whether a layer above the base says what system this is, or empties the list of what is installed."""
        base, *higher = self.filesystem.layers
        above: dict[str, bytes] = {path: data for layer in higher for path, data in layer.items()}
        is_emptied = DPKG in above and b"Package: " not in above[DPKG]
        return is_emptied or HIDDEN_DPKG in above or any(path in above and above[path] != base.get(path) for path in OS_RELEASE)

    @property
    def is_scanned(self) -> bool:
        """Whether Inspector has looked at it."""
        return self.scan is not None and self.scan.type == "ENHANCED" and self.scan.has_looked

    @property
    def platform(self) -> str:
        """The system that Inspector recognised, as DEBIAN_12; empty where it recognised none, or found nothing."""
        return next((flaw.platform for flaw in self.flaws if flaw.platform), "")

    @property
    def of_the_system(self) -> list[Flaw]:
        """The flaws of the system's packages that must go."""
        return [flaw for flaw in self.flaws if flaw.must_go and "OS" in flaw.managers]


def versions(lab: Lab) -> dict[str, Image]:
    """version → image, the oldest push first. What has no tag but `release`, or none at all, is no version."""
    return {each.name: each for each in images(lab) if each.name != MOVING}


def images(lab: Lab) -> list[Image]:
    """All images of tickets that have a name, the oldest push first. Raises LabError where one is being looked at for too long."""
    scans = lab.scans.of(TICKETS)  # before anything else: while one runs, what is found changes
    ecr, flaws, tickets = lab.reader("ecr"), inspected(lab), full(lab, TICKETS)
    if not scans:
        return []
    pages = list(ecr.get_paginator("describe_images").paginate(repositoryName=TICKETS, filter={"tagStatus": "TAGGED"}))
    details = sorted((each for page in pages for each in page["imageDetails"]), key=lambda each: (each["imagePushedAt"], _number(min(each["imageTags"]))))

    def found(digest: str) -> tuple[Flaw, ...]:
        return tuple(flaw for flaw in flaws if flaw.repository == tickets and flaw.digest == digest and flaw.status != "CLOSED")

    return [Image(lab, tuple(sorted(each["imageTags"])), each["imageDigest"], scans.get(each["imageDigest"]), found(each["imageDigest"])) for each in details]


def _labels(held: Filesystem) -> dict[tuple[str, str], str]:
    """(name, version), as the folder of a Python package is called → its METADATA."""
    found = {match: data for path, data in held.files.items() if (match := PYTHON_PACKAGE.search(path))}
    return {(plain(match["name"]), match["version"]): data.decode(errors="replace") for match, data in found.items()}


def _number(tag: str) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", tag)]


def plain(package: str) -> str:
    """A Python package's name as it is compared. PEP 503."""
    return re.sub(r"[-_.]+", "-", package).lower()
