"""Findings of either type of scan, read into one shape: a row for each vulnerability and package that has it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas

    from ecrlab.scans import Scan

# the worst first; BASIC says UNDEFINED where ENHANCED says UNTRIAGED: nobody has judged it
SEVERITIES = ("CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", "UNDEFINED", "UNTRIAGED")
# of CVSS, the newest first
VECTORS = ("CVSS4", "CVSS3", "CVSS2")


@dataclass(frozen=True)
class Row:
    """What one finding says of one package. None: the API doesn't say it."""

    vulnerability: str
    severity: str
    score: float | None
    package: str
    version: str | None
    fixed_in: str | None
    manager: str
    layer: str | None
    path: str | None
    title: str
    source: str | None
    suppressed: bool


COLUMNS = tuple(Row.__dataclass_fields__)


def rows(scan: Scan) -> list[Row]:
    """All rows of a scan: the worst first, then in the order of vulnerability and package."""
    read = _enhanced if scan.type == "ENHANCED" else _basic
    found = [row for finding in scan.findings for row in read(finding)]
    return sorted(found, key=lambda row: (rank(row.severity), -(row.score or 0), row.vulnerability, row.package, row.path or ""))


def frame(scan: Scan) -> pandas.DataFrame:
    """See `Scans.frame`."""
    import pandas

    return pandas.DataFrame([asdict(row) for row in rows(scan)], columns=list(COLUMNS))


def rank(severity: str) -> int:
    """The place of a severity among all, 0 for the worst. One that isn't known comes last."""
    return SEVERITIES.index(severity) if severity in SEVERITIES else len(SEVERITIES)


def attributes(finding: dict[str, Any]) -> dict[str, str]:
    """The attributes of a BASIC finding, by their keys."""
    return {each["key"]: each.get("value", "") for each in finding.get("attributes", [])}


def vulnerability(finding: dict[str, Any]) -> str:
    """The name of what was found, `CVE-…` as a rule, of a finding of either type."""
    return finding["name"] if "name" in finding else finding["packageVulnerabilityDetails"]["vulnerabilityId"]


def link(finding: dict[str, Any]) -> str | None:
    """Where one may read on about a finding of either type."""
    return finding.get("uri") or finding.get("packageVulnerabilityDetails", {}).get("sourceUrl")


def vector(finding: dict[str, Any]) -> str | None:
    """The CVSS vector of a finding of either type: `CVSS:3.1/AV:N/…`. None where nobody scored it."""
    if "packageVulnerabilityDetails" in finding:
        return finding.get("scoreDetails", {}).get("cvss", {}).get("scoringVector")
    told = attributes(finding)
    return next((told[f"{each}_VECTOR"] for each in VECTORS if told.get(f"{each}_VECTOR")), None)


def _basic(finding: dict[str, Any]) -> Iterator[Row]:
    """ECR's ImageScanFinding: one vulnerability, one (source) package, of the operating system."""
    told = attributes(finding)
    score = next((told[f"{each}_SCORE"] for each in VECTORS if told.get(f"{each}_SCORE")), None)
    name, package = finding["name"], told.get("package_name", "")
    yield Row(
        vulnerability=name,
        severity=finding.get("severity", "UNDEFINED"),
        score=float(score) if score else None,
        package=package,
        version=told.get("package_version"),
        fixed_in=None,
        manager="OS",
        layer=None,
        path=None,
        title=f"{name} - {package}",
        source=finding.get("uri"),
        suppressed=False,
    )


def _enhanced(finding: dict[str, Any]) -> Iterator[Row]:
    """Inspector's: one vulnerability, and all packages that have it."""
    details = finding["packageVulnerabilityDetails"]
    for package in details.get("vulnerablePackages", []):
        yield Row(
            vulnerability=details["vulnerabilityId"],
            severity=finding.get("severity", "UNTRIAGED"),
            score=finding.get("score"),
            package=package["name"],
            version=full_version(package),
            fixed_in=_fixed_in(package),
            manager=package.get("packageManager", ""),
            layer=package.get("sourceLayerHash"),
            path=package.get("filePath"),
            title=finding.get("title", ""),
            source=details.get("source"),
            suppressed=finding.get("status") == "SUPPRESSED",
        )


def _fixed_in(package: dict[str, Any]) -> str | None:
    """None where there is no fix. Inspector writes an epoch of 0 before a version, package managers don't."""
    fixed = package.get("fixedInVersion")
    return None if fixed in (None, "NotAvailable") else fixed.removeprefix("0:")


def full_version(package: dict[str, Any]) -> str:
    """The version in one text, as the package's own manager writes it: Inspector takes epoch and release apart."""
    epoch = f"{package['epoch']}:" if package.get("epoch") else ""
    release = f"-{package['release']}" if package.get("release") else ""
    return f"{epoch}{package['version']}{release}"
