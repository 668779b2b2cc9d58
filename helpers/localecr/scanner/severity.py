"""How bad: severities as ECR's basic scanning and as Amazon Inspector assign them. AWS: Image scanning; Amazon Inspector severity levels."""

from __future__ import annotations

from functools import lru_cache

from localecr.scanner.model import Vulnerability

# From this score on (NVD's ranges and Amazon Inspector's bands are the same ones): 0.1 to 3.9, 4.0 to 6.9, 7.0 to 8.9, 9.0 to 10
BANDS = ((9.0, "CRITICAL"), (7.0, "HIGH"), (4.0, "MEDIUM"), (0.1, "LOW"), (0.0, "INFORMATIONAL"))

# A distribution's rating in its own words (Debian's urgencies, Ubuntu's priorities) → basic scanning's severity. What isn't here is no rating yet
RATINGS = {
    "unimportant": "INFORMATIONAL",
    "negligible": "INFORMATIONAL",
    "low": "LOW",
    "medium": "MEDIUM",
    "high": "HIGH",
    "critical": "CRITICAL",
}
DISTRIBUTIONS = ("DEBIAN", "ALPINE", "UBUNTU")


@lru_cache(maxsize=4096)  # many vulnerabilities have the same
def score(vector: str) -> float | None:
    """The base score of a CVSS vector of version 2, 3.0, 3.1 or 4.0; None of one that can't be read."""
    import cvss

    kind = {"4": cvss.CVSS4, "3": cvss.CVSS3}.get(version(vector)[:1], cvss.CVSS2)
    try:
        return float(kind(vector).scores()[0])
    except (cvss.CVSSError, ValueError, KeyError, ArithmeticError):
        return None


def version(vector: str) -> str:
    """``3.1`` of ``CVSS:3.1/AV:N/…``; vectors of version 2 don't say which they are of."""
    return vector.partition("/")[0].removeprefix("CVSS:") if vector.startswith("CVSS:") else "2.0"


def basic(vulnerability: Vulnerability) -> str:
    """INFORMATIONAL, LOW, MEDIUM, HIGH, CRITICAL or UNDEFINED: the distribution's own rating, else by the CVSS score."""
    rated = RATINGS.get((vulnerability.rating or "").lower()) if vulnerability.source in DISTRIBUTIONS else None
    return rated or _band(vulnerability.score) or "UNDEFINED"


def inspector(vulnerability: Vulnerability) -> str:
    """INFORMATIONAL, LOW, MEDIUM, HIGH, CRITICAL or UNTRIAGED, by the score."""
    return _band(vulnerability.score) or "UNTRIAGED"


def _band(of: float | None) -> str | None:
    return next((name for least, name in BANDS if of >= least), None) if of is not None else None
