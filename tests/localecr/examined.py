"""What a scan found, written by hand, and an account of a test's own whose Inspector keeps it as the worker's scans are kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore.client import BaseClient

from awsapi import push
from localecr.clock import parse_instant
from localecr.inspector import findings
from localecr.registry import Registry
from localecr.scanner.model import Examination, Inventory, Layer, Match, OperatingSystem, Package, Vulnerability
from localecr.scanning import configuration, subjects
from localecr.server import Endpoint
from specimens import image

REGION = "us-east-1"
BASE, APP = "sha256:" + "1" * 64, "sha256:" + "2" * 64  # layers
DEBIAN = OperatingSystem("debian", "12", "Debian GNU/Linux 12 (bookworm)", "Debian:12")
ALPINE = OperatingSystem("alpine", "3.20.3", "Alpine Linux v3.20", "Alpine:v3.20")
ECOSYSTEMS = {"PYTHONPKG": "PyPI", "NODEPKG": "npm", "JAR": "Maven"}
EQUALS = {"comparison": "EQUALS"}


def at(moment: str) -> float:
    return parse_instant(moment).timestamp()


def package(name: str, version: str, manager: str = "OS", **more: Any) -> Package:
    """Debian's; with another manager a library in the application's layer."""
    said: dict[str, Any] = {"name": name, "version": version, "manager": manager}
    if manager == "OS":
        said |= {"ecosystem": "Debian:12", "path": "var/lib/dpkg/status", "layer": BASE, "arch": "amd64"}
    else:
        said |= {"ecosystem": ECOSYSTEMS[manager], "path": f"srv/app/{name}", "layer": APP}
    return Package(**said | more)


def flaw(name: str, score: float | None = 7.5, **more: Any) -> Vulnerability:
    """As Debian tells it; ``score`` None where nobody scored it."""
    said = {
        "id": name, "advisory": f"DEBIAN-{name}", "aliases": (), "summary": f"What {name} is.", "source": "DEBIAN",
        "url": f"https://security-tracker.debian.org/tracker/{name}", "published": at("2025-03-01T00:00:00Z"), "modified": at("2025-04-01T12:00:00Z"),
        "vector": None if score is None else "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N", "score": score, "score_source": score and "NVD",
    }  # fmt: skip
    return Vulnerability(**said | more)


# one of each kind: with a fix, without one (and with an epoch), in a library, unscored
OPENSSL = Match(package("libssl3", "3.0.11-1~deb12u2", source="openssl"), flaw("CVE-2024-6119"), "3.0.14-1~deb12u2")
ZLIB = Match(package("zlib1g", "1:1.2.13.dfsg-1", source="zlib"), flaw("CVE-2023-45853", 9.8), None)
FLASK = Match(
    package("flask", "2.0.0", "PYTHONPKG", path="srv/app/flask-2.0.0.dist-info/METADATA"),
    flaw("CVE-2023-30861", 6.5, source="GITHUB", advisory="GHSA-m2qf-hxjv-5gpq", aliases=("GHSA-m2qf-hxjv-5gpq", "PYSEC-2023-62"), rating="HIGH"),
    "2.3.2",
)
KRB5 = Match(package("libkrb5-3", "1.20.1-2+deb12u2", source="krb5"), flaw("CVE-2025-24528", None), None)


def examination(*matches: Match, system: OperatingSystem | None = DEBIAN, **more: Any) -> Examination:
    packages = tuple(dict.fromkeys(match.package for match in matches))
    inventory = Inventory(**{"digest": "", "os": system, "architecture": "amd64", "layers": (Layer(BASE, 1), Layer(APP, 1)), "packages": packages} | more)
    return Examination(inventory, matches, at("2025-05-01T00:00:00Z"))


class Inspected:
    """An account with Inspector and a repository, in which nothing is scanned but what a test says."""

    def __init__(self, endpoint: Endpoint, clients: Callable[..., BaseClient], name: str):
        self.name, self.account = name, str(int(name[-8:], 16) + 600_000_000_000)
        self.registry = Registry(endpoint._lab, "private", self.account, REGION)
        self.ecr, self.inspector = clients("ecr", self.account), clients("inspector2", self.account)
        self.ecr.create_repository(repositoryName=name)
        self.ecr.put_registry_scanning_configuration(scanType="ENHANCED", rules=[])

    def push(self, tag: str = "1.0", repository: str | None = None) -> str:
        """The digest of an image under a tag."""
        repository = repository or self.name
        return push(self.ecr, repository, image(f"{repository} {tag}"), tag).digest

    def finds(self, digest: str, *matches: Match, repository: str | None = None, **more: Any) -> dict[str, dict[str, Any]]:
        """Has a scan of the image find that; the findings of the account by vulnerability."""
        found = examination(*matches, digest=digest, **more)
        named, row = self._rows(repository or self.name, digest)
        with self.registry.database.write() as transaction:
            subjects.keep(self.registry.lab, found.inventory)
            transaction.execute(
                "INSERT OR REPLACE INTO scans (image_id, type, status, description, asked_at, completed_at, due)"
                " VALUES (?, 'ENHANCED', 'COMPLETE', '', ?, ?, 0)",
                (row["id"], self.registry.lab.clock.now(), self.registry.lab.clock.now()),
            )
            findings.record(self.registry, named, row, found)
        return self.findings()

    def cover(self) -> None:
        """Has every repository scanned on push, and nothing looked at for that: what was found here by hand stays."""
        everything = {"scanFrequency": "SCAN_ON_PUSH", "repositoryFilters": [{"filter": "*", "filterType": "WILDCARD"}]}
        with self.registry.database.write():
            configuration.put(self.registry, configuration.Configuration("ENHANCED", (everything,)))

    def findings(self, **criteria: Any) -> dict[str, dict[str, Any]]:
        """By vulnerability, as ListFindings tells them."""
        listed = self.inspector.list_findings(filterCriteria=criteria)["findings"]
        return {each["packageVulnerabilityDetails"]["vulnerabilityId"]: each for each in listed}

    def statuses(self) -> dict[str, str]:
        return {name: each["status"] for name, each in self.findings().items()}

    def shown_by_ecr(self, digest: str) -> list[dict[str, Any]]:
        return findings.of_image(self.registry, self._rows(self.name, digest)[1])

    def _rows(self, repository: str, digest: str) -> tuple[Any, Any]:
        database = self.registry.database
        named = database.one("SELECT * FROM repositories WHERE account = ? AND region = ? AND name = ?", (self.account, REGION, repository))
        return named, database.one("SELECT * FROM images WHERE repository_id = ? AND digest = ?", (named["id"], digest))
