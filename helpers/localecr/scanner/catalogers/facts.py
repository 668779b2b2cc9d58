"""What cataloguers tell: a package, whose layer isn't known yet, the operating system, that a package owns a path, or what can't be read."""

from __future__ import annotations

from dataclasses import dataclass

from localecr.scanner.model import OperatingSystem, Package, Problem


@dataclass(frozen=True, slots=True)
class Owned:
    """A path that a package of the operating system brought. ``owner`` is the package's name, or its file in status.d."""

    path: str
    owner: str


Fact = Package | OperatingSystem | Owned | Problem
