"""OSV documents, packages and inventories in a line each, for what is told of one against the other."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from localecr.scanner.advisories import Advisories
from localecr.scanner.matching import find
from localecr.scanner.model import Inventory, Match, Package, Problem

LAYER = f"sha256:{0:064}"
MANAGERS = {"PyPI": "PYTHONPKG", "npm": "NODEPKG", "Maven": "JAR"}


def day(text: str) -> float:
    """``2021-12-10`` in seconds since 1970."""
    return datetime.fromisoformat(text).replace(tzinfo=timezone.utc).timestamp()


TODAY = day("2026-01-01")


def package(ecosystem: str | None, name: str, version: str, **more: Any) -> Package:
    """A package of an ecosystem: ``package("Debian:11", "libssl1.1", "1.1.1k-1", source="openssl")``."""
    manager = MANAGERS.get(ecosystem or "", "OS")
    return Package(name, version, manager, ecosystem, more.pop("path", "somewhere"), LAYER, **more)


def inventory(*packages: Package) -> Inventory:
    return Inventory(LAYER, None, "amd64", (), packages)


def document(id: str, ecosystem: str = "PyPI", name: str = "shop", *, events: tuple[str, ...] = ("introduced 0",), **more: Any) -> dict[str, Any]:
    """An OSV document with one range, ``events=("introduced 0", "fixed 1.2")``; ``more`` are members of the document's own."""
    told = [dict([event.split(" ", 1)]) for event in events]
    affected = {"package": {"ecosystem": ecosystem, "name": name}, "ranges": [{"type": "ECOSYSTEM", "events": told}]}
    times = {"published": "2020-01-01T00:00:00Z", "modified": "2020-01-01T00:00:00Z"}
    return {"id": id, **times, "affected": [affected], **more}


def told(folder: Path, *documents: dict[str, Any]) -> Advisories:
    """Advisories with these documents beside the course's own."""
    advisories = Advisories(folder / "advisories.sqlite")
    for each in documents:
        advisories.add(each)
    return advisories


def matches(advisories: Advisories, *packages: Package, known_at: float = TODAY) -> list[Match]:
    return find(inventory(*packages), advisories, known_at)[0]


def problems(advisories: Advisories, *packages: Package, known_at: float = TODAY) -> list[Problem]:
    return find(inventory(*packages), advisories, known_at)[1]


def fixes(advisories: Advisories, *packages: Package, known_at: float = TODAY) -> dict[str, str | None]:
    """The vulnerabilities of packages → what fixes them."""
    return {match.vulnerability.id: match.fixed_in for match in matches(advisories, *packages, known_at=known_at)}
