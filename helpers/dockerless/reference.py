"""Names of images: ``localhost:4510/team/web:1.0`` taken apart and put together as Docker does.

Source: the grammar of the distribution project's ``reference`` package, which Docker Engine and its clients share.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from dockerless.errors import invalid

HUB = "docker.io"
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
PATH = re.compile(rf"{_PART}(?:/{_PART})*")
_LABEL = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
DOMAIN = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?")


@dataclass(frozen=True)
class Reference:
    """A repository of a registry, with a tag, a digest, both or neither.

    ``str()`` gives Docker's familiar spelling: ``docker.io/library/alpine:3`` is written ``alpine:3``.
    """

    domain: str
    path: str
    tag: str = ""
    digest: str = ""

    @property
    def name(self) -> str:
        """The repository in its familiar spelling, without tag and digest."""
        if self.domain != HUB:
            return f"{self.domain}/{self.path}"
        return self.path.removeprefix("library/")

    def __str__(self) -> str:
        return self.name + (f":{self.tag}" if self.tag else "") + (f"@{self.digest}" if self.digest else "")

    def at(self, tag_or_digest: str) -> Reference:
        """The same repository at that tag or digest. Raises EngineError (400) for neither."""
        if DIGEST.fullmatch(tag_or_digest):
            return replace(self, tag="", digest=tag_or_digest)
        if TAG.fullmatch(tag_or_digest):
            return replace(self, tag=tag_or_digest, digest="")
        raise invalid("invalid tag format")

    def or_latest(self) -> Reference:
        return self if self.tag or self.digest else self.at("latest")

    @property
    def tag_or_digest(self) -> str:
        return self.digest or self.tag


def parse(text: str) -> Reference:
    """Takes a familiar name apart. Raises EngineError (400) with Docker's words."""
    remainder, _, digest = text.partition("@")
    head, slash, tail = remainder.rpartition("/")
    tail, colon, tag = tail.partition(":")
    domain, path = _split_domain(head + slash + tail)
    if path.lower() != path:
        raise invalid("invalid reference format: repository name must be lowercase")
    sound = DOMAIN.fullmatch(domain) and PATH.fullmatch(path)
    if not sound or (colon and not TAG.fullmatch(tag)) or ("@" in text and not DIGEST.fullmatch(digest)):
        raise invalid("invalid reference format")
    if not slash and re.fullmatch("[0-9a-f]{64}", path):
        raise invalid(f"invalid repository name ({path}), cannot specify 64-byte hexadecimal strings")
    return Reference(domain, f"library/{path}" if domain == HUB and "/" not in path else path, tag, digest)


def _split_domain(name: str) -> tuple[str, str]:
    first, slash, rest = name.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost" or first.lower() != first):
        return (HUB if first == "index.docker.io" else first), rest
    return HUB, name
