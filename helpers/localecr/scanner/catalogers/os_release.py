"""The operating system. Source: os-release(5), whose values are quoted as in a shell."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator

from localecr.scanner.catalogers.facts import Fact
from localecr.scanner.model import OperatingSystem
from localecr.scanner.streams import Stream
from localecr.scanner.unpacking import Budget

LARGEST = 1 << 16  # bytes; real ones have a few hundred


RELEASE = re.compile(r"([0-9]{1,4})(?:\.([0-9]{1,4}))?(?:\.[0-9]{1,4})?")  # 12, 3.20.3, 22.04; not what Alpine's edge is called, 3.21.0_alpha20240807

# OSV's names: https://ossf.github.io/osv-schema/#defined-ecosystems
ECOSYSTEMS: dict[str, Callable[[str, str], str]] = {
    "debian": lambda major, minor: f"Debian:{major}",
    "alpine": lambda major, minor: f"Alpine:v{major}.{minor}",
    "ubuntu": lambda major, minor: f"Ubuntu:{major}.{minor}" + ":LTS" * (minor == "04" and int(major) % 2 == 0),  # every second April
}


def read(path: str, stream: Stream, budget: Budget) -> Iterator[Fact]:
    said = {}
    for line in stream.all(LARGEST).decode("utf-8-sig", "replace").splitlines():
        name, equals, value = line.strip().partition("=")
        if equals and not name.startswith("#"):
            said[name] = _unquoted(value)
    if "ID" in said:
        yield system(said["ID"].lower(), said.get("VERSION_ID", ""), said.get("PRETTY_NAME") or said.get("NAME") or said["ID"])


def _unquoted(value: str) -> str:
    try:
        return "".join(shlex.split(value))
    except ValueError:  # a quote that doesn't end: NAME=It's; systemd takes it as it stands
        return value


def system(id: str, version: str, name: str) -> OperatingSystem:
    release = RELEASE.fullmatch(version)
    ecosystem = ECOSYSTEMS[id](release[1], release[2] or "") if release and id in ECOSYSTEMS else None
    return OperatingSystem(id, version, name, ecosystem)
