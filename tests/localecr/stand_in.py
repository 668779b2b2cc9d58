"""A stand-in for the scanner's process, so that tests of what becomes of a scan say themselves what is in an image and what is known of it.

An image says in its layer what it holds, as JSON; ``Scanner.flaws`` says what is wrong with it. That what the real scanner finds is true is
tested elsewhere (tests/scanner), and that it comes through here in test_scanning_for_real.py.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from localecr.scanner.model import Examination, Inventory, Layer, LayerFile, Match, OperatingSystem, Package, Subject, Unscannable, Vulnerability
from specimens import OCI_CONFIG, OCI_LAYER, OCI_MANIFEST, Specimen, descriptor

DEBIAN = {"id": "debian", "version_id": "12", "name": "Debian GNU/Linux 12 (bookworm)", "ecosystem": "Debian:12"}
VECTOR = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
SOURCES = 1767225600.0  # 1 January 2026
PATIENCE = 30  # seconds


def system(name: str, version: str = "1.0-1", **more: Any) -> dict[str, Any]:
    """A package of the operating system."""
    return {"name": name, "version": version, "manager": "OS", "ecosystem": "Debian:12", "path": "var/lib/dpkg/status"} | more


def library(name: str, version: str = "1.0", **more: Any) -> dict[str, Any]:
    """A Python package."""
    return {"name": name, "version": version, "manager": "PYTHONPKG", "ecosystem": "PyPI", "path": f"srv/{name}-{version}.dist-info/METADATA"} | more


def flaw(name: str, rating: str = "high", published: float = 0.0, **more: Any) -> Vulnerability:
    """A vulnerability as Debian tells it; ``rating`` None where it rates none."""
    told = {"advisory": name, "aliases": (), "summary": f"What is wrong with {name}", "source": "DEBIAN", "url": f"https://tracker.invalid/{name}"}
    return Vulnerability(**{"id": name, "published": published, "modified": published, "vector": VECTOR, "score": 9.8, "rating": rating} | told | more)


def holding(seed: str, *packages: dict[str, Any], os: dict[str, Any] | None = DEBIAN, distroless: bool = False) -> Specimen:
    """An image that holds these packages."""
    config = json.dumps({"architecture": "amd64", "os": "linux", "author": seed, "rootfs": {"type": "layers", "diff_ids": []}}).encode()
    layer = json.dumps({"seed": seed, "os": os, "distroless": distroless, "packages": packages}).encode()
    document = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": descriptor(OCI_CONFIG, config),
        "layers": [descriptor(OCI_LAYER, layer)],
    }
    return Specimen(json.dumps(document).encode(), OCI_MANIFEST, (config, layer))


class Scanner:
    """Examines images by what they say of themselves. ``seen`` is what it was given, as (what, known_at)."""

    def __init__(self) -> None:
        self.flaws: dict[str, list[Vulnerability]] = {}
        self.fails: dict[str, Exception] = {}  # by an image's digest
        self.seen: list[tuple[Subject | Inventory, float]] = []
        self._going = threading.Event()
        self._going.set()
        self.began = threading.Event()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Within this no image comes to its end."""
        self._going.clear()
        self.began.clear()
        try:
            yield
        finally:
            self._going.set()

    def examine(self, subject: Subject | Inventory, known_at: float) -> Examination:
        self.seen.append((subject, known_at))
        self.began.set()
        assert self._going.wait(PATIENCE)
        if subject.digest in self.fails:
            raise self.fails[subject.digest]
        taken = subject if isinstance(subject, Inventory) else _take(subject)
        flaws = ((package, each) for package in taken.packages for each in self.flaws.get(package.source or package.name, ()))
        return Examination(taken, tuple(Match(package, each, None) for package, each in flaws if each.published <= known_at), SOURCES)


def _take(subject: Subject) -> Inventory:
    (layer,) = subject.layers
    try:
        said = json.loads(_content(layer))
    except ValueError as error:
        raise Unscannable("FAILED", "This is no layer of a stand-in's.") from error
    packages = tuple(Package(**each, layer=layer.digest) for each in said["packages"])
    os = OperatingSystem(**said["os"]) if said["os"] else None
    return Inventory(subject.digest, os, subject.config["architecture"], (Layer(layer.digest, layer.size),), packages, said["distroless"])


def _content(layer: LayerFile) -> bytes:
    content = Path(layer.path).read_bytes()
    assert len(content) == layer.size
    return content
