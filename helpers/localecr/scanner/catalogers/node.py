"""Node's packages. Source: npm's documentation, package.json."""

from __future__ import annotations

import json
from collections.abc import Iterator

from localecr.scanner.catalogers.facts import Fact
from localecr.scanner.model import Package
from localecr.scanner.streams import Stream, Unreadable
from localecr.scanner.unpacking import Budget

LARGEST = 2 << 20  # bytes: ten times the largest known; as Python's objects it may need a hundred times as many


def read_package(path: str, stream: Stream, budget: Budget) -> Iterator[Fact]:
    """package.json. Many only say how to load a folder and have no name or no version: they are no packages.

    Node reads those that are not UTF-8 as well, with a sign in the place of each byte that is none.
    """
    try:
        said = json.loads(stream.all(LARGEST).decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"is no JSON ({error})") from error
    if not isinstance(said, dict):
        raise Unreadable("is no JSON object")
    name, version = said.get("name"), said.get("version")
    if name and version and isinstance(name, str) and isinstance(version, str):
        name, version = (text.encode("utf-8", "replace").decode() for text in (name, version))  # JSON may hold halves of characters
        yield Package(name, version, "NODEPKG", "npm", path, "")
