"""What a scan found, written by hand: inventories, packages and vulnerabilities, and the way to have Inspector keep them for an image that is there."""

from __future__ import annotations

from typing import Any

from localecr.clock import parse_instant
from localecr.inspector import findings
from localecr.registry import Registry
from localecr.scanner.model import Examination, Inventory, Layer, Match, OperatingSystem, Package, Vulnerability
from localecr.server import Endpoint

ACCOUNT, REGION = "111122223333", "us-east-1"
BASE, APP = "sha256:" + "1" * 64, "sha256:" + "2" * 64  # layers
DEBIAN = OperatingSystem("debian", "12", "Debian GNU/Linux 12 (bookworm)", "Debian:12")
ALPINE = OperatingSystem("alpine", "3.20.3", "Alpine Linux v3.20", "Alpine:v3.20")


def at(moment: str) -> float:
    return parse_instant(moment).timestamp()


def package(name: str, version: str, manager: str = "OS", **more: Any) -> Package:
    """Debian's, or with another manager a library of the application's layer."""
    if manager == "OS":
        return Package(**{"name": name, "version": version, "manager": "OS", "ecosystem": "Debian:12", "path": "var/lib/dpkg/status", "layer": BASE, "arch": "amd64"} | more)
    ecosystem = {"PYTHONPKG": "PyPI", "NODEPKG": "npm", "JAR": "Maven"}[manager]
    return Package(**{"name": name, "version": version, "manager": manager, "ecosystem": ecosystem, "path": f"srv/app/{name}", "layer": APP} | more)


def flaw(name: str, score: float | None = 7.5, **more: Any) -> Vulnerability:
    vector = None if score is None else "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N"
    said = {
        "id": name, "advisory": name, "aliases": (), "summary": f"What {name} is.", "source": "DEBIAN", "url": f"https://security-tracker.debian.org/tracker/{name}",
        "published": at("2025-03-01T00:00:00Z"), "modified": at("2025-04-01T12:00:00Z"), "vector": vector, "score": score, "score_source": score and "NVD",
    }  # fmt: skip
    return Vulnerability(**said | more)


def examination(*matches: Match, system: OperatingSystem | None = DEBIAN, **more: Any) -> Examination:
    inventory = Inventory("sha256:" + "0" * 64, system, "amd64", (Layer(BASE, 1), Layer(APP, 1)), tuple(match.package for match in matches), **more)
    return Examination(inventory, matches, at("2025-05-01T00:00:00Z"))


class Scanner:
    """Has Inspector keep what a scan found, as the worker does it."""

    def __init__(self, endpoint: Endpoint):
        self._lab = endpoint._lab

    def registry(self, account: str = ACCOUNT, region: str = REGION) -> Registry:
        return Registry(self._lab, "private", account, region)

    def finds(self, repository: str, digest: str, *matches: Match, account: str = ACCOUNT, **more: Any) -> None:
        registry = self.registry(account)
        with registry.database.write():
            findings.record(registry, *self.rows(registry, repository, digest), examination(*matches, **more))

    def shown_by_ecr(self, repository: str, digest: str) -> list[dict[str, Any]]:
        registry = self.registry()
        return findings.of_image(registry, self.rows(registry, repository, digest)[1])

    @staticmethod
    def rows(registry: Registry, repository: str, digest: str):
        named = registry.database.one("SELECT * FROM repositories WHERE account = ? AND region = ? AND name = ?", (registry.account, registry.region, repository))
        return named, registry.database.one("SELECT * FROM images WHERE repository_id = ? AND digest = ?", (named["id"], digest))
