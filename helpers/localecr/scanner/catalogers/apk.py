"""Alpine's packages: apk's list of what is installed. Source: Alpine's wiki, "Apk spec", "Installed database V2"."""

from __future__ import annotations

from collections.abc import Iterator

from localecr.scanner.catalogers.facts import Fact, Owned
from localecr.scanner.model import Package, Problem
from localecr.scanner.streams import Stream
from localecr.scanner.text import lines
from localecr.scanner.unpacking import Budget


def read_installed(path: str, stream: Stream, budget: Budget) -> Iterator[Fact]:
    """A letter and a value a line, an empty line after each package: P: name, V: version, A: architecture, o: origin, F: a folder, R: a file in it."""
    said: dict[str, str] = {}
    folder = ""
    for line in lines(stream):
        letter, _, value = line.partition(":")
        if letter == "F":
            folder = value
        elif letter == "R" and "P" in said:
            yield Owned(f"{folder}/{value}".lstrip("/"), said["P"])
        elif letter in ("P", "V", "A", "o"):
            said[letter] = value
        elif not line:
            yield from _package(path, said)
            said, folder = {}, ""
    yield from _package(path, said)


def _package(path: str, said: dict[str, str]) -> Iterator[Fact]:
    name, version = said.get("P"), said.get("V")
    if name and version:
        yield Package(name, version, "OS", None, path, "", said.get("A"), said.get("o") or name, version)
    elif said:
        yield Problem(path, f"It has an entry without a {'version' if name else 'name'}: {name or version or 'an unknown package'}.")
