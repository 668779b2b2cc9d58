"""Basic scanning's findings: what a scan found in the operating system's packages, as ECR tells it."""

from __future__ import annotations

from typing import Any

from localecr.scanner import severity
from localecr.scanner.model import Examination, Inventory, Match, Unscannable, Vulnerability
from localecr.scanning.scans import SEVERITIES

Finding = dict[str, Any]  # the model's ImageScanFinding
UNSUPPORTED = "UnsupportedImageError: The operating system and/or package manager are not supported."


def refuse_unsupported(inventory: Inventory) -> None:
    """Raises Unscannable for an image without a package manager, or of an operating system whose advisories nobody here knows.

    AWS: troubleshooting image scanning (``UnsupportedImageError``).
    """
    if inventory.os is None or inventory.os.ecosystem is None or inventory.is_distroless:
        raise Unscannable("UNSUPPORTED_IMAGE", UNSUPPORTED)


def findings(examination: Examination) -> list[Finding]:
    """One for each vulnerability and source package, the worst first."""
    found: dict[tuple[str, str], Finding] = {}
    for match in examination.matches:
        if match.package.manager == "OS":
            found.setdefault((match.vulnerability.id, match.package.source or match.package.name), _finding(match))
    return [found[key] for key in sorted(found, key=lambda key: (SEVERITIES.index(found[key]["severity"]), *key))]


def _finding(match: Match) -> Finding:
    package, flaw = match.package, match.vulnerability
    return {
        "name": flaw.id,
        "description": flaw.summary,
        "uri": flaw.url,
        "severity": severity.basic(flaw),
        "attributes": [
            {"key": "package_version", "value": package.source_version or package.version},
            {"key": "package_name", "value": package.source or package.name},
            *_scores(flaw),
        ],
    }


def _scores(flaw: Vulnerability) -> list[dict[str, str]]:
    if flaw.vector is None or flaw.score is None:
        return []
    version = severity.version(flaw.vector)[0]
    return [{"key": f"CVSS{version}_VECTOR", "value": flaw.vector}, {"key": f"CVSS{version}_SCORE", "value": str(flaw.score)}]
