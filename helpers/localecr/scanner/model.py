"""What the scanner speaks of: layers, packages, an image's inventory, vulnerabilities, and which package has which."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

# Inspector's packageManager
Manager = Literal["OS", "PYTHONPKG", "NODEPKG", "JAR"]


class Unscannable(Exception):
    """An image that can't be scanned: ECR's status for it, ``FAILED`` or ``UNSUPPORTED_IMAGE``, and a reason for the person."""

    def __init__(self, status: Literal["FAILED", "UNSUPPORTED_IMAGE"], reason: str):
        super().__init__(reason)
        self.status = status
        self.reason = reason


@dataclass(frozen=True)
class LayerFile:
    """A layer as it lies on the disk: the digest that the manifest lists, its media type, its size there in bytes, its file's path."""

    digest: str
    media_type: str
    size: int
    path: str


@dataclass(frozen=True)
class Subject:
    """An image as it lies on the disk; ``layers`` from the bottom up. ``manifest`` and ``config`` are parsed JSON."""

    digest: str
    manifest: dict[str, Any]
    config: dict[str, Any]
    layers: tuple[LayerFile, ...]

    @classmethod
    def of_json(cls, document: dict[str, Any]) -> Subject:
        return cls(**document | {"layers": tuple(LayerFile(**each) for each in document["layers"])})


@dataclass(frozen=True)
class OperatingSystem:
    """What ``/etc/os-release`` says. ``ecosystem`` as OSV names it (``Debian:12``, ``Alpine:v3.20``), None where OSV has none for it."""

    id: str  # debian
    version_id: str  # 12
    name: str  # PRETTY_NAME: Debian GNU/Linux 12 (bookworm)
    ecosystem: str | None = None


@dataclass(frozen=True)
class Package:
    """A package in an image. ``version`` in full, as its own manager writes it: ``1:1.2.13.dfsg-1``.

    ``layer`` is the digest of the lowest layer that has the same package in the same version (of a library also at the same path).
    """

    name: str
    version: str
    manager: Manager
    ecosystem: str | None  # OSV's: Debian:12, Alpine:v3.20, PyPI, npm, Maven; None: of an operating system that OSV doesn't know
    path: str  # the file that names it, without a leading slash: var/lib/dpkg/status, srv/app/node_modules/qs/package.json
    layer: str
    arch: str | None = None  # as the manager writes it: amd64, x86_64, all
    source: str | None = None  # of what an operating system packages: the source package, after which its advisories are filed
    source_version: str | None = None
    owner: str | None = None  # of a library: the name of the operating system's package that brought its files, whose advisories it follows


@dataclass(frozen=True)
class Layer:
    """A layer of the image: its digest, its size in bytes as it is stored, and the command that made it, as far as the config tells."""

    digest: str
    size: int
    created_by: str | None = None


@dataclass(frozen=True)
class Problem:
    """What couldn't be read or compared, and why. It is reported, never guessed at, and doesn't end a scan."""

    subject: str  # a path, or a package and its version
    reason: str


@dataclass(frozen=True)
class Inventory:
    """What is in an image. ``packages`` in the order of manager, name, version, path."""

    digest: str
    os: OperatingSystem | None
    architecture: str  # as the config has it: amd64
    layers: tuple[Layer, ...]
    packages: tuple[Package, ...]
    is_distroless: bool = False  # dpkg's list is in status.d, and there is no package manager
    author: str | None = None
    problems: tuple[Problem, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of_json(cls, document: dict[str, Any]) -> Inventory:
        system = document["os"]
        return cls(
            **document
            | {
                "os": OperatingSystem(**system) if system else None,
                "layers": tuple(Layer(**each) for each in document["layers"]),
                "packages": tuple(Package(**each) for each in document["packages"]),
                "problems": tuple(Problem(**each) for each in document["problems"]),
            }
        )


@dataclass(frozen=True)
class Vulnerability:
    """A flaw as the advisories that name it tell it, merged: what several sources say of one CVE is one vulnerability."""

    id: str  # the CVE; of what has none the advisory's own id: GHSA-…
    advisory: str  # the id of the document that decided: DEBIAN-CVE-…, GHSA-…, PYSEC-…
    aliases: tuple[str, ...]  # its other names
    summary: str
    source: str  # who published it: DEBIAN, ALPINE, GITHUB, PYPA
    url: str  # where that is
    published: float  # seconds since 1970
    modified: float
    vector: str | None = None  # CVSS:3.1/…; None where nobody scored it
    score: float | None = None
    score_source: str | None = None  # NVD, GITHUB, …
    rating: str | None = None  # as the source itself rates it: HIGH, MODERATE, or a distribution's urgency
    exploited_since: str | None = None  # the date it came into CISA's catalogue of known exploited vulnerabilities: 2021-12-10
    has_exploit: bool = False  # whether a public exploit is known
    references: tuple[str, ...] = ()


@dataclass(frozen=True)
class Match:
    """A package that has a vulnerability. ``fixed_in``: the version of the package (of an operating system: of its source) that hasn't."""

    package: Package
    vulnerability: Vulnerability
    fixed_in: str | None  # None: there is no fix


@dataclass(frozen=True)
class Examination:
    """What a scan found. ``sources_updated_at``: seconds since 1970, when the advisories that it used were last changed."""

    inventory: Inventory
    matches: tuple[Match, ...]
    sources_updated_at: float
    problems: tuple[Problem, ...] = field(default=())

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of_json(cls, document: dict[str, Any]) -> Examination:
        return cls(
            Inventory.of_json(document["inventory"]),
            tuple(_match(each) for each in document["matches"]),
            document["sources_updated_at"],
            tuple(Problem(**each) for each in document["problems"]),
        )


def _match(document: dict[str, Any]) -> Match:
    flaw = document["vulnerability"]
    flaw = flaw | {name: tuple(flaw[name]) for name in ("aliases", "references")}
    return Match(Package(**document["package"]), Vulnerability(**flaw), document["fixed_in"])
