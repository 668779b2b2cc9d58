"""The operations of image scanning, of private registries alone: what is set for it, a scan that somebody starts, and what scans found."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable
from typing import Any

from localecr.errors import AwsError
from localecr.identities import Principal
from localecr.registry import Registry, images, paging, repositories
from localecr.scanning import configuration, eligibility, scans
from localecr.scanning.scans import Scan

Parameters = dict[str, Any]
Answer = dict[str, Any]


def put_image_scanning_configuration(registry: Registry, principal: Principal, asked: Parameters) -> Answer:
    """What is set for a repository; AWS keeps it for basic scanning, and advises to set the registry."""
    with registry.database.write() as transaction:
        row = repositories.find(registry, asked["repositoryName"])
        on_push = asked["imageScanningConfiguration"].get("scanOnPush", False)
        transaction.execute("UPDATE repositories SET scan_on_push = ? WHERE id = ?", (on_push, row["id"]))
    return _named(registry, row) | {"imageScanningConfiguration": {"scanOnPush": on_push}}


def put_registry_scanning_configuration(registry: Registry, principal: Principal, asked: Parameters) -> Answer:
    """Replaces the rules; a scan type that isn't given stays."""
    with registry.database.write():
        wanted = configuration.checked(asked.get("scanType", configuration.of(registry).type), asked.get("rules", []))
        eligibility.configure(registry, wanted)
    return {"registryScanningConfiguration": wanted.as_json()}


def get_registry_scanning_configuration(registry: Registry, principal: Principal, asked: Parameters) -> Answer:
    return {"registryId": registry.account, "scanningConfiguration": configuration.of(registry).as_json()}


def batch_get_repository_scanning_configuration(registry: Registry, principal: Principal, asked: Parameters) -> Answer:
    found, failures, kept = [], [], configuration.of(registry)
    for name in dict.fromkeys(asked["repositoryNames"]):
        try:
            found.append(_of_repository(registry, repositories.find(registry, name), kept))
        except AwsError:
            failures.append({"repositoryName": name, "failureCode": "REPOSITORY_NOT_FOUND", "failureReason": "REPOSITORY_NOT_FOUND"})
    return {"scanningConfigurations": found, "failures": failures}


def _of_repository(registry: Registry, row: sqlite3.Row, kept: configuration.Configuration) -> Answer:
    """The model's RepositoryScanningConfiguration."""
    own = kept.of_repository(row)
    return {
        "repositoryArn": registry.arn(row["name"]),
        "repositoryName": row["name"],
        "scanOnPush": bool(row["scan_on_push"]),
        "scanFrequency": own.frequency,
        "appliedScanFilters": list(own.filters),
    }


def start_image_scan(registry: Registry, principal: Principal, asked: Parameters) -> Answer:
    with registry.database.write():
        row = repositories.find(registry, asked["repositoryName"])
        (image,) = images.named(registry, row, [asked["imageId"]])
        scans.start(registry, row, image)
    return _of_image(registry, row, image, asked) | {"imageScanStatus": {"status": "IN_PROGRESS"}}


def describe_image_scan_findings(registry: Registry, principal: Principal, asked: Parameters) -> Answer:
    row = repositories.find(registry, asked["repositoryName"])
    (image,) = images.named(registry, row, [asked["imageId"]])
    scan = scans.find(registry, row, image)
    if scan is None:
        raise _not_found(registry, row, asked["imageId"])
    page, token = _page(registry, image, scan, asked.get("maxResults", paging.DEFAULT_PAGE), asked.get("nextToken"))
    return _of_image(registry, row, image, asked) | {"imageScanStatus": scan.status_as_json(), "imageScanFindings": page, "nextToken": token}


def told_with_images(registry: Registry, row: sqlite3.Row) -> Callable[[sqlite3.Row], Answer]:
    """What DescribeImages says of an image's scan: nothing of a basic one, since AWS's own scanner does it (AWS: image scanning)."""
    if configuration.of(registry).type == "BASIC":
        return lambda image: {}

    def told(image: sqlite3.Row) -> Answer:
        scan = scans.find(registry, row, image)
        if scan is None:
            return {}
        return {"imageScanStatus": scan.status_as_json(), "imageScanFindingsSummary": scan.summary_as_json() if scan.results is not None else None}

    return told


LISTS = {"BASIC": "findings", "ENHANCED": "enhancedFindings"}


def _page(registry: Registry, image: sqlite3.Row, scan: Scan, limit: int, token: str | None) -> tuple[Answer | None, str | None]:
    """A page of a scan's findings. Its token opens the very findings that it was given for: not those of a scan that found others since."""
    listing = f"DescribeImageScanFindings {image['id']} {scan.type} {_fingerprint(scan)}"
    start = (paging.unseal(registry, listing, token) or [0])[0]
    if scan.results is None:
        unfinished = scan.status in ("PENDING", "IN_PROGRESS")
        return ({name: [] for name in LISTS.values()} if unfinished else None), None
    shown, last = paging.cut(scan.results.part(start, limit + 1), limit)
    return scan.summary_as_json() | {LISTS[scan.type]: shown}, paging.seal(registry, listing, [start + limit]) if last else None


def _fingerprint(scan: Scan) -> str:
    names = scan.results.names() if scan.results else []
    return hashlib.sha256(json.dumps(names).encode()).hexdigest()


def _not_found(registry: Registry, row: sqlite3.Row, image_id: dict[str, str]) -> AwsError:
    return AwsError(
        "ScanNotFoundException",
        f"Image scan does not exist for the image with '{images.as_asked(image_id)}' in the repository with name '{row['name']}' "
        f"in the registry with id '{registry.account}'",
    )


def _of_image(registry: Registry, row: sqlite3.Row, image: sqlite3.Row, asked: Parameters) -> Answer:
    return _named(registry, row) | {"imageId": images.identifier(image["digest"], asked["imageId"].get("imageTag"))}


def _named(registry: Registry, row: sqlite3.Row) -> Answer:
    return {"registryId": registry.account, "repositoryName": row["name"]}


OPERATIONS = {
    "BatchGetRepositoryScanningConfiguration": batch_get_repository_scanning_configuration,
    "DescribeImageScanFindings": describe_image_scan_findings,
    "GetRegistryScanningConfiguration": get_registry_scanning_configuration,
    "PutImageScanningConfiguration": put_image_scanning_configuration,
    "PutRegistryScanningConfiguration": put_registry_scanning_configuration,
    "StartImageScan": start_image_scan,
}
