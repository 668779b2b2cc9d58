"""Debian's packages: dpkg's status file, or a file for each package in status.d, where an image has no dpkg (distroless).

Sources: dpkg(1), "Package states"; deb-control(5); Debian Policy 5.6.1 (Source).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from localecr.scanner.catalogers.facts import Fact, Owned
from localecr.scanner.model import Package, Problem
from localecr.scanner.streams import Stream
from localecr.scanner.text import blocks, lines
from localecr.scanner.unpacking import Budget

ABSENT = ("not-installed", "config-files")  # the states in which none of a package's programs are there; apt draws the same line
SOURCE = re.compile(r"(\S+)(?:\s+\((.+)\))?")  # glibc (2.31-13): the version stands there where it isn't the package's own
FIELDS = ("Package", "Status", "Version", "Architecture", "Source")


def read_status(path: str, stream: Stream, budget: Budget) -> Iterator[Fact]:
    return _packages(path, stream, "not-installed")


def read_status_file(path: str, stream: Stream, budget: Budget) -> Iterator[Fact]:
    return _packages(path, stream, "installed")  # distroless says no status


def _packages(path: str, stream: Stream, status: str) -> Iterator[Fact]:
    for said in blocks(stream, FIELDS):
        name, version = said.get("Package"), said.get("Version")
        if said.get("Status", status).rpartition(" ")[2] in ABSENT:
            continue
        if not name or not version:
            yield Problem(path, f"It has an entry without a {'version' if name else 'name'}: {name or version or 'an unknown package'}.")
            continue
        source = SOURCE.match(said.get("Source", ""))
        yield Package(
            name, version, "OS", None, path, "", said.get("Architecture"),
            source[1] if source else name, (source and source[2]) or version,
        )  # fmt: skip


def read_list(path: str, stream: Stream, budget: Budget) -> Iterator[Fact]:
    """``var/lib/dpkg/info/libc6:amd64.list``: a path a line."""
    owner = path.rpartition("/")[2].removesuffix(".list").partition(":")[0]
    for line in lines(stream):
        yield Owned(line.lstrip("/"), owner)


def read_sums(path: str, stream: Stream, budget: Budget) -> Iterator[Fact]:
    """``var/lib/dpkg/status.d/libc6.md5sums``: a sum and a path a line."""
    owner = path.removesuffix(".md5sums")
    for line in lines(stream):
        yield Owned(line.partition("  ")[2].lstrip("/"), owner)
