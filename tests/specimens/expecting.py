"""What must be found in each specimen, read from ``expected-findings.toml``; its head explains the columns."""

from __future__ import annotations

import functools
import tomllib
from dataclasses import dataclass
from pathlib import Path

TABLE = Path(__file__).parents[1] / "scanner" / "expected-findings.toml"
MANAGERS = ("PYTHONPKG", "NODEPKG", "JAR")


@dataclass(frozen=True)
class Expected:
    """``path`` is None where the table doesn't say it."""

    manager: str
    layer: int
    name: str
    version: str
    owner: str | None
    path: str | None


@dataclass(frozen=True)
class Row:
    """A flaw of a source package or of a library. ``packages``: names and layers. ``basic`` and ``fixed_in`` are None where there is none."""

    cve: str
    basic: str | None
    enhanced: str
    source: str
    version: str
    fixed_in: str | None
    packages: tuple[tuple[str, int], ...]


@functools.cache
def table() -> dict[str, dict[str, str]]:
    return tomllib.loads(TABLE.read_text())


def is_supported(specimen: str) -> bool:
    """Whether basic scanning supports it."""
    said = table()[specimen]
    return is_supported(said["on"]) if "on" in said else said.get("basic") != "UNSUPPORTED_IMAGE"


def packages(specimen: str) -> list[Expected]:
    said = table()[specimen]
    return (packages(said["on"]) if "on" in said else []) + [_package(line.split()) for line in said["packages"].splitlines()]


def rows(specimen: str) -> list[Row]:
    said = table()[specimen]
    return (rows(said["on"]) if "on" in said else []) + [_row(line.split()) for line in said["findings"].splitlines()]


def _package(words: list[str]) -> Expected:
    manager = words.pop(0) if words[0] in MANAGERS else "OS"
    layer, name, version, *more = words
    owner = more.pop(0).removeprefix("owner=") if more and more[0].startswith("owner=") else None
    return Expected(manager, int(layer), name, version, owner, more[0] if more else None)


def _row(words: list[str]) -> Row:
    cve, basic, enhanced, source, version, fixed_in, *places = words
    packages = sorted((name, int(layer)) for name, _, layer in (place.rpartition("@") for place in places))
    return Row(cve, None if basic == "-" else basic, enhanced, source, version, None if fixed_in == "none" else fixed_in, tuple(packages))
