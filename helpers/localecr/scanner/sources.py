"""Who publishes advisories: known by the prefixes of their ids, in the order in which their word counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True)
class Source:
    """``name`` as findings show it; ``licence`` of its data, where it states one."""

    name: str
    title: str
    licence: str | None = None


GITHUB = Source("GITHUB", "GitHub Advisory Database", "CC-BY 4.0")
PYPA = Source("PYPA", "PyPA Advisory Database", "CC-BY 4.0")
DEBIAN = Source("DEBIAN", "Debian Security Tracker")
ALPINE = Source("ALPINE", "Alpine Security Database")
UBUNTU = Source("UBUNTU", "Ubuntu Security", "CC-BY-SA 4.0")


class Series(NamedTuple):
    """Documents whose ids begin with the same: who publishes them, and where a person reads one."""

    prefix: str
    source: Source
    page: str


# Where several documents speak of one vulnerability, the one whose series stands furthest up decides what it affects: GitHub's reviewed database
# before the PyPA's, a tracker's page on one CVE before a bulletin
SERIES = (
    Series("GHSA-", GITHUB, "https://github.com/advisories/{id}"),
    Series("PYSEC-", PYPA, "https://osv.dev/vulnerability/{id}"),
    Series("DEBIAN-CVE-", DEBIAN, "https://security-tracker.debian.org/tracker/{flaw}"),
    Series("ALPINE-CVE-", ALPINE, "https://security.alpinelinux.org/vuln/{flaw}"),
    Series("UBUNTU-CVE-", UBUNTU, "https://ubuntu.com/security/{flaw}"),
    Series("DSA-", DEBIAN, "https://security-tracker.debian.org/tracker/{id}"),
    Series("DLA-", DEBIAN, "https://security-tracker.debian.org/tracker/{id}"),
    Series("USN-", UBUNTU, "https://ubuntu.com/security/notices/{id}"),
)


def of(document: str) -> Source:
    """Who published a document, by its id. Of others than the known ones it is what their ids begin with."""
    series = _series(document)
    if series:
        return series.source
    name = document.partition("-")[0].upper()
    return Source(name, name)


def rank(document: str) -> tuple[int, str]:
    """In what order documents on the same vulnerability are asked: the lowest decides. Others than the known ones come last, by their ids."""
    series = _series(document)
    return SERIES.index(series) if series else len(SERIES), document


def page(document: str, flaw: str) -> str | None:
    """Where a person reads what a document of a known source says. ``flaw``: the CVE, or what stands for it, that it is about."""
    series = _series(document)
    return series.page.format(id=document, flaw=flaw) if series else None


def _series(document: str) -> Series | None:
    return next((each for each in SERIES if document.startswith(each.prefix)), None)
