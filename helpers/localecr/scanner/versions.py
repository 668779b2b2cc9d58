"""Versions: compared as each packaging system compares its own, and taken apart as Amazon Inspector shows them."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

from localecr.scanner.model import Manager

LONGEST = 256  # characters of a version; none that was ever released comes near
REMEMBERED = 1 << 16  # parsed versions


class Unparsable(ValueError):
    """A version that its packaging system would not understand; the message says so in a sentence."""


class Parts(NamedTuple):
    """A version as Amazon Inspector shows it. ``release`` is what a distribution added: ``0+deb11u3``, ``r7``; None where there is none."""

    epoch: int
    version: str
    release: str | None


def split(version: str, manager: Manager) -> Parts:
    """Takes a version apart: ``1:1.2.11.dfsg-2+deb11u1`` is epoch 1, version ``1.2.11.dfsg``, release ``2+deb11u1``.

    Libraries have neither epoch nor release: their version stays whole.
    """
    if manager != "OS":
        return Parts(0, version, None)
    epoch, colon, rest = version.partition(":")
    if not colon or not (epoch.isascii() and epoch.isdigit()) or len(epoch) > 9:
        epoch, rest = "0", version
    upstream, dash, release = rest.rpartition("-")
    return Parts(int(epoch), upstream, release) if dash and upstream else Parts(int(epoch), rest, None)


def with_epoch(version: str, ecosystem: str) -> str:
    """A fixed version as Amazon Inspector writes it: dpkg's always with its epoch, ``0:7.88.1-10+deb12u4``; apk has none.

    So in the results that AWS keeps as test data of its action vulnerability-scan-github-action-for-amazon-inspector.
    """
    return f"0:{version}" if family(ecosystem) in ("Debian", "Ubuntu") and ":" not in version else version


def family(ecosystem: str) -> str:
    """An OSV ecosystem without its release: ``Debian`` of ``Debian:12``."""
    return ecosystem.partition(":")[0]


@lru_cache(maxsize=REMEMBERED)
def parse(ecosystem: str, version: str) -> Any:
    """A version that can be compared with others of its ecosystem, by ``<`` alone. Raises Unparsable.

    ``ecosystem`` may carry a release. Nothing is mended: what univers would read only after taking something away is refused.
    """
    try:
        read = _READERS[family(ecosystem)]
    except KeyError:
        raise Unparsable(f"versions of {family(ecosystem)} can't be compared") from None
    if not version.isascii() or not 0 < len(version) <= LONGEST:
        raise Unparsable(f"{version[:LONGEST]!r} is no version of {family(ecosystem)}")
    try:
        return read(version)
    except ValueError:
        raise Unparsable(f"{version!r} is no version of {family(ecosystem)}") from None


def _deb(version: str) -> Any:
    from univers.versions import DebianVersion

    _expect(_DEB, version)
    return DebianVersion(version).value  # its own order: the wrapper around it compares everything twice


def _apk(version: str) -> Any:
    """univers lacks two things that apk has: versions that begin with 0 (``013``), and suffixes such as ``_git20230717``.

    Those stand above the bare version, one kind below the next, so that each is a ``_p`` with a longer number. apk-tools: src/version.c.
    """
    from univers.versions import AlpineLinuxVersion

    _expect(_APK, version)
    significant = _ZEROS.sub("", version)
    return AlpineLinuxVersion(_AFTER.sub(lambda found: f"_p{_AFTER_ORDER.index(found[1]) + 1}{int(found[2] or 0):040}", significant))


def _pypi(version: str) -> Any:
    from univers.versions import PypiVersion

    _expect(_WHOLE, version)
    return PypiVersion(version).value


def _semver(version: str) -> Any:
    """Build metadata has no say in the order (Semantic Versioning 2.0.0, 10); univers would give it one."""
    from univers.versions import SemverVersion

    return SemverVersion(_expect(_SEMVER, version)[1]).value


def _maven(version: str) -> Any:
    """univers lacks two things that Maven has: ``release`` means nothing, as ``final`` does, and a qualifier is the same after a dot and a hyphen.

    Source: POM reference, Version Order Specification.
    """
    from univers.versions import MavenVersion

    _expect(_WHOLE, version)
    return MavenVersion(_DOT.sub("-", _RELEASE.sub("final", version))).value


def _expect(pattern: re.Pattern, version: str) -> re.Match:
    found = pattern.fullmatch(version)
    if found is None:
        raise ValueError(version)
    return found


_WHOLE = re.compile(r"[^\s,\[\]()]+")
# Debian Policy, 5.6.12; a revision, where there is a hyphen, is not empty
_DEB = re.compile(r"([0-9]{1,9}:)?[0-9][A-Za-z0-9.+~-]*(?<!-)")
_APK = re.compile(r"[0-9]{1,40}(\.[0-9]{1,40})*[a-z]?(_[a-z]+[0-9]{0,40})*(-r[0-9]{1,18})?")
_ZEROS = re.compile(r"^0+(?=[0-9])")
_AFTER_ORDER = ("cvs", "svn", "git", "hg", "p")
_AFTER = re.compile(rf"_({'|'.join(_AFTER_ORDER)})([0-9]*)(?![a-z])")
_RELEASE = re.compile(r"(?<![a-z])release(?![a-z])", re.IGNORECASE)
_DOT = re.compile(r"\.(?=[A-Za-z])")
# https://semver.org; npm also takes a leading v
_SEMVER = re.compile(
    r"v?((?:0|[1-9][0-9]*)\.(?:0|[1-9][0-9]*)\.(?:0|[1-9][0-9]*)"
    r"(?:-(?:0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)(?:\.(?:0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*))*)?)"
    r"(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?"
)
_READERS: dict[str, Callable[[str], Any]] = {"Debian": _deb, "Ubuntu": _deb, "Alpine": _apk, "PyPI": _pypi, "npm": _semver, "Maven": _maven}
