"""Who publishes advisories: known by the prefixes of their ids, in the order in which their word counts."""

from __future__ import annotations

from dataclasses import dataclass


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

# The prefix of a document's id → who published it, and where a person reads it. Where several documents speak of one vulnerability, the one
# that stands furthest up decides what it affects: GitHub's reviewed database before the PyPA's, a tracker's page on one CVE before a bulletin
PREFIXES = {
    "GHSA-": (GITHUB, "https://github.com/advisories/{id}"),
    "PYSEC-": (PYPA, "https://osv.dev/vulnerability/{id}"),
    "DEBIAN-CVE-": (DEBIAN, "https://security-tracker.debian.org/tracker/{flaw}"),
    "ALPINE-CVE-": (ALPINE, "https://security.alpinelinux.org/vuln/{flaw}"),
    "UBUNTU-CVE-": (UBUNTU, "https://ubuntu.com/security/{flaw}"),
    "DSA-": (DEBIAN, "https://security-tracker.debian.org/tracker/{id}"),
    "DLA-": (DEBIAN, "https://security-tracker.debian.org/tracker/{id}"),
    "USN-": (UBUNTU, "https://ubuntu.com/security/notices/{id}"),
}


def of(document: str) -> Source:
    """Who published a document, by its id. Of others than the known ones it is what their ids begin with."""
    place = _place(document)
    if place < len(PREFIXES):
        return list(PREFIXES.values())[place][0]
    name = document.partition("-")[0].upper()
    return Source(name, name)


def rank(document: str) -> tuple[int, str]:
    """In what order documents on the same vulnerability are asked: the lowest decides. Others than the known ones come last, by their ids."""
    return _place(document), document


def page(document: str, flaw: str) -> str | None:
    """Where a person reads what a document of a known source says. ``flaw``: the CVE, or what stands for it, that it is about."""
    place = _place(document)
    return list(PREFIXES.values())[place][1].format(id=document, flaw=flaw) if place < len(PREFIXES) else None


def _place(document: str) -> int:
    return next((place for place, prefix in enumerate(PREFIXES) if document.startswith(prefix)), len(PREFIXES))
