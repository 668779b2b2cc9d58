"""The operating system. Source: os-release(5), whose values are quoted as in a shell."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator

from localecr.scanner.catalogers.facts import Fact
from localecr.scanner.model import OperatingSystem
from localecr.scanner.streams import Stream, Unreadable
from localecr.scanner.unpacking import Budget

LARGEST = 1 << 16  # bytes; real ones have a few hundred


def _release(version: str) -> str:
    return ".".join(version.split(".")[:2])


# OSV's names: https://ossf.github.io/osv-schema/#defined-ecosystems
ECOSYSTEMS: dict[str, Callable[[str], str]] = {
    "debian": lambda version: f"Debian:{version.partition('.')[0]}",
    "alpine": lambda version: f"Alpine:v{_release(version)}",
    "ubuntu": lambda version: f"Ubuntu:{_release(version)}{':LTS' * _is_long_term(version)}",
}


def _is_long_term(version: str) -> bool:
    """Ubuntu's releases of April in even years are supported for long."""
    year, _, month = _release(version).partition(".")
    return month == "04" and year.isdigit() and int(year) % 2 == 0


def read(path: str, stream: Stream, budget: Budget) -> Iterator[Fact]:
    said = {}
    for line in stream.all(LARGEST).decode("utf-8", "replace").splitlines():
        name, equals, value = line.strip().partition("=")
        if equals and not name.startswith("#"):
            try:
                said[name] = "".join(shlex.split(value))
            except ValueError as error:
                raise Unreadable(f"has a line that can't be read ({error}): {line[:100]}") from error
    if "ID" in said:
        yield system(said["ID"].lower(), said.get("VERSION_ID", ""), said.get("PRETTY_NAME") or said.get("NAME") or said["ID"])


def system(id: str, version: str, name: str) -> OperatingSystem:
    ecosystem = ECOSYSTEMS[id](version) if id in ECOSYSTEMS and version[:1].isdigit() else None
    return OperatingSystem(id, version, name, ecosystem)
