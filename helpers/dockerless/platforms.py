"""What an image is made for: ``linux/amd64``, ``linux/arm64/v8``."""

from __future__ import annotations

import os
import platform
import re
from dataclasses import dataclass

from dockerless.errors import invalid

ARCHITECTURES = {"x86_64": "amd64", "x86-64": "amd64", "aarch64": "arm64", "i386": "386", "i686": "386", "armhf": "arm", "armv7l": "arm"}
KNOWN = {"386", "amd64", "arm", "arm64", "loong64", "mips64le", "ppc64le", "riscv64", "s390x"}
SYSTEMS = {"linux", "windows", "darwin", "freebsd"}
VARIANTS = {"arm64": "v8", "arm": "v7"}


@dataclass(frozen=True)
class Platform:
    architecture: str
    os: str = "linux"
    variant: str = ""

    def __str__(self) -> str:
        return "/".join(filter(None, (self.os, self.architecture, self.variant)))

    def runs(self, other: Platform) -> bool:
        """Whether images for ``other`` are images for this one; a missing variant is the usual one."""

        def usual(each: Platform) -> tuple[str, str, str]:
            return each.os, each.architecture, each.variant or VARIANTS.get(each.architecture, "")

        return usual(self) == usual(other)

    def fields(self) -> dict[str, str]:
        """As an image's configuration and an index write it."""
        return {"architecture": self.architecture, "os": self.os} | ({"variant": self.variant} if self.variant else {})


def parse(text: str) -> Platform:
    """``linux/arm64/v8``, ``linux/arm64``, ``arm64`` or ``linux``. Raises EngineError (400)."""
    parts = text.lower().split("/")
    if len(parts) > 3 or not all(re.fullmatch(r"[a-z0-9_.-]+", part) for part in parts):
        raise invalid(f'"{text}": cannot parse platform specifier: invalid argument')
    if len(parts) == 1 and parts[0] in SYSTEMS:
        parts.append(host().architecture)
    elif len(parts) == 1:
        if ARCHITECTURES.get(parts[0], parts[0]) not in KNOWN:
            raise invalid(f'"{text}": unknown operating system or architecture: invalid argument')
        parts.insert(0, "linux")
    system, architecture, variant = (*parts, "")[:3]
    return Platform(ARCHITECTURES.get(architecture, architecture), system, variant)


def host() -> Platform:
    """The platform of containers on this computer, which are Linux also on macOS and Windows; or ``DOCKER_DEFAULT_PLATFORM``."""
    chosen = os.environ.get("DOCKER_DEFAULT_PLATFORM")
    if chosen:
        return parse(chosen)
    machine = platform.machine().lower()
    return Platform(ARCHITECTURES.get(machine, machine))


def of(fields: dict[str, str]) -> Platform:
    """The platform that an image's configuration or an index' entry names."""
    return Platform(fields.get("architecture", ""), fields.get("os", ""), fields.get("variant", ""))
