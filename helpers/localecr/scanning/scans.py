"""Scans of images, from being asked for to being told: at most one of each type an image, which is done again when there is reason to.

A push asks for a scan in the transaction that stores the image, and the worker ends it in the one that keeps what was found, so that a lab
that is killed forgets none. A type's scans are kept while the registry is set to the other one; they are shown again with it.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from localecr.clock import DAY
from localecr.errors import AwsError
from localecr.registry import Lab, Registry, manifests, tags
from localecr.scanner.media_types import CONFIGS
from localecr.scanning import configuration, events
from localecr.scanning.configuration import CONTINUOUS, MANUAL

# what AWS says beside a status, as far as that is known; the last two are of enhanced scanning
DESCRIPTIONS = {
    "PENDING": "Pending start of the image scan.",
    "COMPLETE": "The scan was completed successfully.",
    "ACTIVE": "Continuous scan is selected for image.",
    "SCAN_ELIGIBILITY_EXPIRED": "The configured scan duration has lapsed.",
}
SEVERITIES = ("CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", "UNDEFINED", "UNTRIAGED")  # the last is Amazon Inspector's, for the one before


@dataclass(frozen=True)
class Results:
    """What a scan found: how many of each severity (the model's findingSeverityCounts), what tells each from the others, in their order, and a part
    of them, from a number on and so many."""

    counts: dict[str, int]
    names: Callable[[], list[Any]]
    part: Callable[[int, int], list[dict[str, Any]]]


@dataclass(frozen=True)
class Scan:
    """A scan as ECR tells it at a moment. ``results`` is None where there are none; times are seconds since 1970."""

    type: configuration.ScanType
    status: str
    description: str
    results: Results | None
    completed_at: float | None
    source_updated_at: float | None

    def status_as_json(self) -> dict[str, str]:
        """The model's ImageScanStatus."""
        return {"status": self.status} | ({"description": self.description} if self.description else {})

    def summary_as_json(self) -> dict[str, Any]:
        """The model's ImageScanFindingsSummary, the beginning of its ImageScanFindings."""
        return {
            "imageScanCompletedAt": self.completed_at,
            "vulnerabilitySourceUpdatedAt": self.source_updated_at,
            "findingSeverityCounts": self.results.counts if self.results else {},
        }


def counts(findings: list[dict[str, Any]] | None) -> dict[str, int]:
    """How many findings there are of each severity that there is, the worst first."""
    return _worst_first(Counter(each["severity"] for each in findings or ()))


def _worst_first(counts: dict[str, int]) -> dict[str, int]:
    return {each: counts[each] for each in SEVERITIES if counts.get(each)}


def is_scannable(image: sqlite3.Row) -> bool:
    """Whether it is an image: no index of images, and no artifact that is something else."""
    return image["media_type"] in manifests.IMAGES and image["artifact_type"] in CONFIGS


def ask_on_push(registry: Registry, repository: sqlite3.Row, image: sqlite3.Row) -> None:
    """Has an image scanned that was just stored, if its repository's are; call it in that transaction."""
    if registry.is_public:
        return
    kept = configuration.of(registry).of_repository(repository)
    if kept.frequency == MANUAL or not is_scannable(image):
        return
    if kept.is_watched:
        events.image_changed(registry, "CREATE", repository["name"], kept.frequency, image["digest"], tags.of_image(registry, image["id"]))
    ask(registry, image["id"], kept.type)


def start(registry: Registry, repository: sqlite3.Row, image: sqlite3.Row) -> None:
    """StartImageScan. Raises UnsupportedImageTypeException; LimitExceededException within 24 hours of the last time, a push's scan included;
    ValidationException with enhanced scanning, which nobody starts."""
    with registry.database.write():
        if configuration.of(registry).type == "ENHANCED":
            raise AwsError("ValidationException", "This feature is disabled")  # the code is inferred, the sentence seen
        if not is_scannable(image):
            kind = image["media_type"] if image["media_type"] not in manifests.IMAGES else image["artifact_type"]
            raise AwsError(
                "UnsupportedImageTypeException",
                f"An artifact with media type '{kind}' cannot be scanned. For more information, see the Amazon ECR documentation.",
            )
        last = _row(registry, image["id"], "BASIC")
        if last is not None and registry.lab.clock.now() < last["asked_at"] + DAY:
            raise AwsError("LimitExceededException", "The scan quota per image has been exceeded. Wait and try again.")
        ask(registry, image["id"], "BASIC")


def ask(registry: Registry, image_id: int, scan_type: configuration.ScanType) -> None:
    """Has an image scanned, for the first time or anew; within a transaction."""
    with registry.database.write() as transaction:
        transaction.execute(
            "INSERT INTO scans (image_id, type, status, description, asked_at, due) VALUES (?, ?, 'PENDING', ?, ?, 1) ON CONFLICT (image_id, type)"
            " DO UPDATE SET status = excluded.status, description = excluded.description, asked_at = excluded.asked_at, due = due + 1, attempts = 0",
            (image_id, scan_type, DESCRIPTIONS["PENDING"], registry.lab.clock.now()),
        )
        wake(registry.lab)


def look_again(registry: Registry, repository: sqlite3.Row) -> None:
    """Has a repository's images looked at again whose enhanced scans came to their end; their status stays."""
    with registry.database.write() as transaction:
        transaction.execute(
            "UPDATE scans SET due = due + 1 WHERE type = 'ENHANCED' AND status = 'COMPLETE'"
            " AND image_id IN (SELECT id FROM images WHERE repository_id = ?)",
            (repository["id"],),
        )
        wake(registry.lab)


def expire(registry: Registry, image_id: int) -> None:
    """Ends with an image that enhanced scanning leaves behind; no look at it is due any more."""
    with registry.database.write() as transaction:
        status = "SCAN_ELIGIBILITY_EXPIRED"
        transaction.execute(
            "UPDATE scans SET status = ?, description = ?, due = 0 WHERE image_id = ? AND type = 'ENHANCED'", (status, DESCRIPTIONS[status], image_id)
        )


def wake(lab: Lab) -> None:
    """Has the worker look once this transaction is over."""
    from localecr.scanning import worker  # which stands on this

    lab.database.afterwards(lambda: worker.wake(lab))


def _row(registry: Registry, image_id: int, scan_type: str) -> sqlite3.Row | None:
    return registry.database.one("SELECT * FROM scans WHERE image_id = ? AND type = ?", (image_id, scan_type))


def find(registry: Registry, repository: sqlite3.Row, image: sqlite3.Row) -> Scan | None:
    """The scan of an image, of the type that the registry is set to; None where there is none."""
    kept = configuration.of(registry).of_repository(repository)
    row = _row(registry, image["id"], kept.type)
    if row is None:
        return None
    if kept.type == "BASIC":
        results = _basic(json.loads(row["findings"])) if row["completed_at"] is not None else None
        return Scan("BASIC", row["status"], row["description"], results, row["completed_at"], row["source_updated_at"])
    if not kept.is_watched:
        return None
    results = _enhanced(registry, image) if row["completed_at"] is not None else None
    goes_on = row["status"] == "COMPLETE" and kept.frequency == CONTINUOUS
    status, description = ("ACTIVE", DESCRIPTIONS["ACTIVE"]) if goes_on else (row["status"], row["description"])
    return Scan("ENHANCED", status, description, results, row["completed_at"], row["source_updated_at"])


def _basic(findings: list[dict[str, Any]]) -> Results:
    return Results(
        counts(findings), lambda: [[each["name"], each["attributes"]] for each in findings], lambda start, most: findings[start : start + most]
    )


def _enhanced(registry: Registry, image: sqlite3.Row) -> Results:
    from localecr.inspector import findings

    found = _worst_first(findings.counts_of_image(registry, image))
    return Results(found, lambda: findings.arns_of_image(registry, image), lambda start, most: findings.of_image(registry, image, start, most))
