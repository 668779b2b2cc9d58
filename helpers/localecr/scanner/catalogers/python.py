"""Python's packages. Source: Core metadata specifications, the Python Packaging User Guide."""

from __future__ import annotations

from collections.abc import Iterator

from localecr.scanner.catalogers.facts import Fact
from localecr.scanner.model import Package
from localecr.scanner.streams import Stream, Unreadable
from localecr.scanner.text import blocks
from localecr.scanner.unpacking import Budget


def read_metadata(path: str, stream: Stream, budget: Budget) -> Iterator[Fact]:
    """METADATA or PKG-INFO: headers, then a description. The name stays as it is written: PyYAML."""
    said = next(blocks(stream, ("Name", "Version")), {})
    missing = [name for name in ("Name", "Version") if not said.get(name)]
    if missing:
        raise Unreadable(f"says no {' and no '.join(missing)}")
    yield Package(said["Name"], said["Version"], "PYTHONPKG", "PyPI", path, "")
