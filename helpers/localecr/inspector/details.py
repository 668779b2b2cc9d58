"""A finding's words: what Inspector says of one vulnerability and the packages of an image that have it.

The model's ``Finding``, but for what changes with time or with its image: status, dates and the image's own details. AWS: Amazon Inspector's
EventBridge event schema, whose samples these members follow.
"""

from __future__ import annotations

import re
from typing import Any

from localecr.clock import parse_instant
from localecr.scanner import severity, versions
from localecr.scanner.model import Inventory, Match, Package, Vulnerability

Document = dict[str, Any]
LONGEST = 1024  # characters of a title and of a description
NAMED_IN_TITLE = 2  # packages
NOT_AVAILABLE = "NotAvailable"
NOTHING = "None Provided"
UPDATE = "Update all packages in the vulnerable packages section to their latest versions."
SOURCES = {"DEBIAN": "DEBIAN_CVE"}  # who published it, as Inspector calls them; of the others no name is known, they keep ours
COMMANDS = {"Debian": "apt-get update && apt-get upgrade", "Alpine": "apk update && apk upgrade"}  # by OSV's ecosystem
PLATFORMS = {"alpine": "ALPINE_LINUX", "amzn": "AMAZON_LINUX"}  # by os-release's ID; the others are its upper case
MINOR_COUNTS = ("alpine", "ubuntu")  # whose releases have two numbers: 3.20, 22.04


def of(matches: list[Match]) -> Document:
    """What is said of a vulnerability and all that have it in an image; ``matches`` are of the same vulnerability."""
    flaw = matches[0].vulnerability
    packages = [package(match) for match in sorted(matches, key=lambda match: (match.package.name, match.package.version, match.package.path))]
    fixed = [each["fixedInVersion"] != NOT_AVAILABLE for each in packages]
    is_exploited = flaw.has_exploit or flaw.exploited_since is not None
    document = {
        "type": "PACKAGE_VULNERABILITY",
        "title": title(flaw.id, [each["name"] for each in packages]),
        "description": (flaw.summary or NOTHING)[:LONGEST],
        "severity": severity.inspector(flaw),
        "remediation": {"recommendation": {"text": UPDATE if any(fixed) else NOTHING}},
        "fixAvailable": "YES" if all(fixed) else "PARTIAL" if any(fixed) else "NO",
        "exploitAvailable": "YES" if is_exploited else "NO",
        "packageVulnerabilityDetails": _vulnerability(flaw) | {"vulnerablePackages": packages},
    }
    if flaw.exploited_since is not None:
        document["exploitabilityDetails"] = {"lastKnownExploitAt": parse_instant(flaw.exploited_since).timestamp()}
    return document | _score(flaw)


def title(name: str, packages: list[str]) -> str:
    """``CVE-2024-6119 - libssl3, openssl``; of more than two packages ``CVE-2021-33910 - systemd, systemd-pam and 2 more``."""
    names = sorted(dict.fromkeys(packages))
    rest = len(names) - NAMED_IN_TITLE
    return (f"{name} - {', '.join(names[:NAMED_IN_TITLE])}" + (f" and {rest} more" if rest > 0 else ""))[:LONGEST]


def _vulnerability(flaw: Vulnerability) -> Document:
    names = dict.fromkeys(each for each in (flaw.advisory, *flaw.aliases) if not each.endswith(flaw.id))  # DEBIAN-CVE-… is no other name
    details: Document = {
        "vulnerabilityId": flaw.id,
        "source": SOURCES.get(flaw.source, flaw.source),
        "sourceUrl": flaw.url,
        "cvss": [_cvss(flaw)] if flaw.vector and flaw.score is not None else [],
        "referenceUrls": list(flaw.references),
        "relatedVulnerabilities": list(names),
        "vendorCreatedAt": flaw.published,
        "vendorUpdatedAt": flaw.modified,
    }
    return details | ({"vendorSeverity": flaw.rating} if flaw.rating else {})


def _cvss(flaw: Vulnerability) -> Document:
    return {"baseScore": flaw.score, "scoringVector": flaw.vector, "source": _scorer(flaw), "version": severity.version(flaw.vector)}


def _scorer(flaw: Vulnerability) -> str:
    return flaw.score_source or SOURCES.get(flaw.source, flaw.source)


def _score(flaw: Vulnerability) -> Document:
    """Inspector's score. It adjusts one by an instance's network; an image has none, so it is the source's (AWS: Amazon Inspector score)."""
    if flaw.score is None:
        return {}
    score: Document = {"inspectorScore": flaw.score}
    if flaw.vector:
        scored = {"score": flaw.score, "scoreSource": _scorer(flaw), "scoringVector": flaw.vector, "version": severity.version(flaw.vector)}
        score["inspectorScoreDetails"] = {"adjustedCvss": {"adjustments": [], "cvssSource": _scorer(flaw)} | scored}
    return score


def package(match: Match) -> Document:
    """A VulnerablePackage."""
    of = match.package
    fixed = {"fixedInVersion": versions.with_epoch(match.fixed_in, of.ecosystem or "") if match.fixed_in else NOT_AVAILABLE}
    command = COMMANDS.get(versions.family(of.ecosystem or ""))
    return identity(of) | fixed | ({"remediation": command} if command and match.fixed_in else {})


def identity(of: Package) -> Document:
    """What says which package is meant. Versions of an operating system's packages come apart into epoch, version and release."""
    is_os = of.manager == "OS"
    epoch, version, release = versions.split(of.version, of.manager)
    document: Document = {"name": of.name, "version": version, "epoch": epoch, "packageManager": of.manager, "sourceLayerHash": of.layer}
    if release:
        document["release"] = release
    if of.arch:
        document["arch"] = of.arch.upper()
    return document | ({} if is_os else {"filePath": of.path[:LONGEST]})


def platform(inventory: Inventory) -> str | None:
    """``DEBIAN_12``, ``ALPINE_LINUX_3_20``; None where an image says of no operating system."""
    system = inventory.os
    if system is None:
        return None
    numbers = re.findall(r"\d+", system.version_id)[: 2 if system.id in MINOR_COUNTS else 1]
    return "_".join([PLATFORMS.get(system.id, re.sub(r"\W", "_", system.id).upper()), *numbers])
