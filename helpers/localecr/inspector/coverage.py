"""Coverage: which repositories and images Inspector looks at, and of the others why not. AWS: Assessing Amazon Inspector coverage."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from typing import Any

from localecr.inspector import accounts, criteria
from localecr.inspector.answers import IMAGE
from localecr.registry import Registry
from localecr.scanning import configuration, scans
from localecr.scanning.configuration import CONTINUOUS, MANUAL

Covered = dict[str, Any]  # the model's CoveredResource; times in seconds since 1970
REPOSITORY = "AWS_ECR_REPOSITORY"
IMAGES_OF_REPOSITORY = (
    "SELECT i.*, s.status, s.completed_at, (SELECT json_group_array(name) FROM (SELECT name FROM tags WHERE image_id = i.id ORDER BY name)) AS tags"
    " FROM images i LEFT JOIN scans s ON s.image_id = i.id AND s.type = 'ENHANCED' WHERE i.repository_id = ? ORDER BY i.id"
)
# how an enhanced scan that didn't come to a good end is told
REASONS = {
    "PENDING": "PENDING_INITIAL_SCAN",
    "IN_PROGRESS": "SCAN_IN_PROGRESS",
    "FAILED": "INVALID_ARTIFACT",
    "UNSUPPORTED_IMAGE": "UNSUPPORTED_OS",
    "SCAN_ELIGIBILITY_EXPIRED": "SCAN_ELIGIBILITY_EXPIRED",
}


def of(registry: Registry) -> Iterator[Covered]:
    """Every repository and image of a registry that has Inspector enabled; of another nothing."""
    if not accounts.is_enabled(registry):
        return
    kept = configuration.of(registry)
    for repository in registry.repositories():
        frequency = kept.of_repository(repository).frequency
        arn = registry.arn(repository["name"])
        about = {"ecrRepository": {"name": repository["name"], "scanFrequency": frequency}}
        yield _covered(registry, REPOSITORY, arn, "SCAN_FREQUENCY_MANUAL" if frequency == MANUAL else "SUCCESSFUL", about)
        for image in registry.database.all(IMAGES_OF_REPOSITORY, (repository["id"],)):
            yield _image(registry, arn, frequency, image)


def _image(registry: Registry, arn: str, frequency: str, image: sqlite3.Row) -> Covered:
    pulled = {"imagePulledAt": image["last_pulled_at"]} if image["last_pulled_at"] is not None else {}
    about = {"ecrImage": {"tags": json.loads(image["tags"]), "inUseCount": 0} | pulled}
    covered = _covered(registry, IMAGE, f"{arn}/{image['digest']}", _reason(frequency, image), about)
    return covered | ({"lastScannedAt": image["completed_at"]} if image["completed_at"] is not None else {})


def _reason(frequency: str, image: sqlite3.Row) -> str:
    if frequency == MANUAL:
        return "SCAN_FREQUENCY_MANUAL"
    if not scans.is_scannable(image):
        return "UNSUPPORTED_MEDIA_TYPE"
    if image["status"] != "COMPLETE":
        return REASONS[image["status"] or "PENDING"]
    return "SUCCESSFUL" if frequency == CONTINUOUS else "SCAN_FREQUENCY_SCAN_ON_PUSH"


def _covered(registry: Registry, kind: str, resource: str, reason: str, about: dict[str, Any]) -> Covered:
    code = "ACTIVE" if reason in ("SUCCESSFUL", "SCAN_FREQUENCY_SCAN_ON_PUSH") else "INACTIVE"
    status = {"statusCode": code, "reason": reason}
    return {
        "resourceType": kind, "resourceId": resource, "accountId": registry.account, "scanType": "PACKAGE", "scanStatus": status, "resourceMetadata": about,
    }  # fmt: skip


def matches(wanted: dict[str, list[dict[str, Any]]], covered: Covered) -> bool:
    """Whether a CoverageFilterCriteria lets a resource through; what only other resources have, none of these has."""
    return all(_fits(name, conditions, covered) for name, conditions in wanted.items())


def _fits(name: str, conditions: list[dict[str, Any]], covered: Covered) -> bool:
    values = VALUES[name](covered) if name in VALUES else []
    return criteria.of_kind(conditions)(conditions, values)


def group(name: str, covered: Covered) -> str | None:
    """What a resource counts for in ListCoverageStatistics; None where it counts for nothing."""
    of = VALUES.get(GROUPS[name], lambda covered: [])
    return next(iter(of(covered)), None)


def _repository(covered: Covered) -> list[str]:
    return [covered["resourceId"].partition(":repository/")[2].partition("/sha256:")[0]]


def _of_image(name: str) -> Callable[[Covered], list[Any]]:
    return lambda covered: criteria.present(covered["resourceMetadata"].get("ecrImage", {}).get(name))


# member of CoverageFilterCriteria → what of a resource it is about
VALUES: dict[str, Callable[[Covered], list[Any]]] = {
    "accountId": lambda covered: [covered["accountId"]],
    "cloudProvider": lambda covered: ["AWS"],
    "cloudProviderAccountId": lambda covered: [covered["accountId"]],
    "cloudProviderRegion": lambda covered: [covered["resourceId"].split(":")[3]],
    "ecrImageInUseCount": _of_image("inUseCount"),
    "ecrImageTags": _of_image("tags"),
    "ecrRepositoryName": _repository,
    "imagePulledAt": _of_image("imagePulledAt"),
    "lastScannedAt": lambda covered: criteria.present(covered.get("lastScannedAt")),
    "resourceId": lambda covered: [covered["resourceId"]],
    "resourceType": lambda covered: [covered["resourceType"]],
    "scanStatusCode": lambda covered: [covered["scanStatus"]["statusCode"]],
    "scanStatusReason": lambda covered: [covered["scanStatus"]["reason"]],
    "scanType": lambda covered: [covered["scanType"]],
}
GROUPS = {
    "ACCOUNT_ID": "accountId",
    "ECR_REPOSITORY_NAME": "ecrRepositoryName",
    "PROVIDER": "cloudProvider",
    "PROVIDER_ACCOUNT_ID": "cloudProviderAccountId",
    "PROVIDER_ORG_ID": "cloudProviderOrgId",
    "PROVIDER_REGION": "cloudProviderRegion",
    "RESOURCE_TYPE": "resourceType",
    "SCAN_STATUS_CODE": "scanStatusCode",
    "SCAN_STATUS_REASON": "scanStatusReason",
}
