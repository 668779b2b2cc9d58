"""Who publishes advisories: by the prefixes of their ids, whose word counts first, and what their data may be used for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Source:
    """``name`` as findings show it; ``page`` with ``{id}`` or ``{cve}``; ``terms`` of use, as its publisher states them."""

    name: str
    title: str
    page: str
    terms: str


GITHUB = Source("GITHUB", "GitHub Advisory Database", "https://github.com/advisories/{id}", "CC-BY 4.0")
PYPA = Source("PYPA", "PyPA Advisory Database", "https://osv.dev/vulnerability/{id}", "CC-BY 4.0")
DEBIAN = Source("DEBIAN", "Debian Security Tracker", "https://security-tracker.debian.org/tracker/{cve}", "as Debian's web pages: MIT (Expat)")
ALPINE = Source("ALPINE", "Alpine Security Database", "https://security.alpinelinux.org/vuln/{cve}", "as published, no licence stated")
UBUNTU = Source("UBUNTU", "Ubuntu Security", "https://ubuntu.com/security/{cve}", "CC-BY-SA 4.0")

# The prefix of a document's id → who published it. Whose document stands further up decides what a vulnerability affects, where several
# speak of it: reviewed databases before the ecosystem's own, a tracker's page on one CVE before a bulletin about many
PREFIXES = {
    "GHSA-": GITHUB,
    "PYSEC-": PYPA,
    "DEBIAN-CVE-": DEBIAN,
    "ALPINE-CVE-": ALPINE,
    "UBUNTU-CVE-": UBUNTU,
    "DSA-": DEBIAN,
    "DLA-": DEBIAN,
    "USN-": UBUNTU,
}
_RANKS = {prefix: rank for rank, prefix in enumerate(PREFIXES)}


def of(document: str) -> Source:
    """Who published a document, by its id. Of others than the known ones it is what their ids begin with."""
    prefix = _prefix(document)
    if prefix:
        return PREFIXES[prefix]
    name = document.partition("-")[0].upper()
    return Source(name, name, "https://osv.dev/vulnerability/{id}", "as its publisher states")


def rank(document: str) -> tuple[int, str]:
    """In what order documents on the same vulnerability are asked: the lowest decides. Others than the known ones come last, by their ids."""
    return _RANKS.get(_prefix(document) or "", len(_RANKS)), document


def page(document: str, flaw: str) -> str:
    """Where a person reads what a document says. ``flaw``: the CVE (or what stands for it) that it is about."""
    named = document if document.startswith(("DSA-", "DLA-", "USN-")) else flaw
    return of(document).page.format(id=document, cve=named)


def _prefix(document: str) -> str | None:
    return next((prefix for prefix in PREFIXES if document.startswith(prefix)), None)
