"""SearchVulnerabilities: what Inspector knows of a CVE, whether an image has it or not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from localecr.clock import parse_instant
from localecr.errors import AwsError
from localecr.inspector import pages
from localecr.inspector.details import LONGEST, NOTHING
from localecr.ledger import Call
from localecr.registry import Lab
from localecr.scanning import knowledge

Answer = dict[str, Any]
SOURCE = "NVD"  # the only one that the model knows
MOST = 100  # references, other names, and what a page has


def search_vulnerabilities(call: Call) -> Answer:
    """The CVE that is asked for, if an advisory that is known now names it; of one there is no second page."""
    (name,) = call.parameters["filterCriteria"]["vulnerabilityIds"]
    found = _told(call.lab, name)
    shown, more = pages.cut(call, [found] if found else [], lambda each: [each["id"]], MOST)
    return {"vulnerabilities": shown} | more


def _told(lab: Lab, name: str) -> Answer | None:
    """The model's Vulnerability. What isn't known of it (weaknesses, platforms, an EPSS score) is left out."""
    from localecr.scanner import merging, severity  # with the scanner's libraries, which many a lab never needs
    from localecr.scanner.advisories import FILE, Advisories, AdvisoriesError

    known_at = knowledge.known_at(lab)
    try:
        with Advisories(lab.folder / FILE) as advisories:
            documents = sorted(advisories.on(name, known_at), key=merging.order)
    except AdvisoriesError as error:
        raise AwsError("InternalServerException", str(error), 500) from error
    if not documents:
        return None
    flaw = merging.vulnerability(name, documents[0], [], documents, known_at)
    told: Answer = {
        "id": name,
        "source": SOURCE,
        "description": (flaw.summary or NOTHING)[:LONGEST],
        "sourceUrl": flaw.url,
        "vendorSeverity": flaw.rating,
        "vendorCreatedAt": flaw.published,
        "vendorUpdatedAt": flaw.modified,
        "referenceUrls": list(flaw.references[:MOST]),
        "relatedVulnerabilities": list(flaw.aliases[:MOST]),
    }
    if flaw.vector and flaw.score is not None:
        told[f"cvss{severity.version(flaw.vector)[0]}"] = {"baseScore": flaw.score, "scoringVector": flaw.vector}
    if flaw.exploited_since is not None:
        told["cisaData"] = {"dateAdded": parse_instant(flaw.exploited_since).timestamp()}
    return told


OPERATIONS: dict[str, Callable[[Call], Answer]] = {"SearchVulnerabilities": search_vulnerabilities}
