"""What Inspector found, as far as the checks ask."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ecrlab.lab import Lab

from .wren import TICKETS, full

BAD = ("CRITICAL", "HIGH")


@dataclass(frozen=True)
class Flaw:
    """One finding of Inspector's, as far as the checks ask: `layers` are those that brought the packages, `managers` whose packages these are."""

    id: str
    severity: str
    has_fix: bool
    status: str
    packages: tuple[str, ...]
    managers: tuple[str, ...]
    layers: frozenset[str]
    repository: str
    digest: str
    platform: str

    @classmethod
    def read(cls, finding: dict) -> Flaw:
        details = finding["packageVulnerabilityDetails"]
        packages, image = details["vulnerablePackages"], finding["resources"][0]["details"]["awsEcrContainerImage"]
        return cls(
            id=details["vulnerabilityId"],
            severity=finding["severity"],
            has_fix=finding.get("fixAvailable", "NO") != "NO",
            status=finding["status"],
            packages=tuple(dict.fromkeys(each["name"] for each in packages)),
            managers=tuple({each["packageManager"] for each in packages}),
            layers=frozenset(each["sourceLayerHash"] for each in packages if "sourceLayerHash" in each),
            repository=image["repositoryName"],
            digest=image["imageHash"],
            platform=image.get("platform", ""),
        )

    @property
    def must_go(self) -> bool:
        """Critical or high, and somebody has mended it."""
        return self.severity in BAD and self.has_fix


def inspected(lab: Lab) -> list[Flaw]:
    """What Inspector found in Wren's images, of every status."""
    folder = full(lab, TICKETS).removesuffix("prod/tickets")
    wanted = {"ecrImageRepositoryName": [{"comparison": "PREFIX", "value": folder}]}
    pages = lab.reader("inspector2").get_paginator("list_findings").paginate(filterCriteria=wanted)
    return [Flaw.read(each) for page in pages for each in page["findings"]]


def ids(flaws: Iterable[Flaw]) -> set[str]:
    return {flaw.id for flaw in flaws}
