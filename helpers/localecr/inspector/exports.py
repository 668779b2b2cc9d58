"""SBOMs that were asked for: a file for each image, in ``exports/<report's id>/`` in the lab's folder, where AWS writes to a bucket of S3.

What a caller names, bucket and prefix, is told back and names no file. An export is over when it is asked for. Nothing is encrypted: there is no KMS here. AWS: CreateSbomExport.
"""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from localecr.door import write_private
from localecr.inspector import accounts, criteria, findings, sboms
from localecr.inspector.answers import IMAGE
from localecr.inspector.errors import invalid, not_built, not_found
from localecr.registry import Registry, tags
from localecr.scanner.model import Inventory
from localecr.scanning import configuration

BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
LONGEST_KEY = 1024  # bytes. AWS: Naming Amazon S3 objects
KMS_KEY = re.compile(r"arn:aws:kms:[a-z0-9-]+:\d{12}:(key|alias)/.+")
FORMAT = "CYCLONEDX_1_4"
SCANNED = (
    "SELECT i.id, i.digest, v.inventory FROM scans s JOIN images i ON i.id = s.image_id JOIN inventories v ON v.digest = i.digest"
    " WHERE i.repository_id = ? AND s.type = 'ENHANCED' AND s.status = 'COMPLETE' ORDER BY i.id"
)
NOTHING = {"errorCode": "NO_FINDINGS_FOUND", "errorMessage": "No image that is scanned fits the filter."}
BAD_KEY = {"errorCode": "MALFORMED_KMS_KEY", "errorMessage": "kmsKeyArn is no ARN of a key of KMS."}


def create(registry: Registry, asked: dict[str, Any]) -> str:
    """Writes the SBOMs of all images that are scanned and fit the filter; the report's id. Raises ValidationException for a place that S3 has not."""
    if asked["reportFormat"] != FORMAT:
        raise not_built("SBOMs in the format SPDX are")
    _refuse_impossible(asked["s3Destination"])
    report = str(uuid.uuid4())
    error = None if KMS_KEY.fullmatch(asked["s3Destination"]["kmsKeyArn"]) else BAD_KEY
    written = 0
    for document in _documents(registry, asked.get("resourceFilterCriteria", {})) if error is None else ():
        _write(_folder(registry, report) / _file(document), document)
        written += 1
    error = error or (None if written else NOTHING)
    with registry.database.write() as transaction:
        transaction.execute(
            "INSERT INTO inspector_exports (id, account, region, asked_at, request, status, error) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                report, registry.account, registry.region, registry.lab.clock.now(), json.dumps(asked), "FAILED" if error else "SUCCEEDED",
                error and json.dumps(error),
            ),
        )  # fmt: skip
    return report


def find(registry: Registry, report: str) -> sqlite3.Row:
    """An export. Raises ResourceNotFoundException."""
    row = registry.database.one(
        "SELECT * FROM inspector_exports WHERE id = ? AND account = ? AND region = ?", (report, registry.account, registry.region)
    )
    if row is None:
        raise not_found(f"There is no report {report}.")
    return row


def documents(registry: Registry, report: str) -> list[dict[str, Any]]:
    """The SBOMs of an export as they lie in the folder: ``key``, under which S3 would have it, and ``document``. Raises ResourceNotFoundException."""
    row = find(registry, report)
    files = sorted(_folder(registry, row["id"]).glob("*.json"))
    if not files and row["status"] == "SUCCEEDED":
        raise not_found(f"The files of the report {report} aren't in the lab's folder any more. Ask for another report.")
    prefix = json.loads(row["request"])["s3Destination"].get("keyPrefix", "").rstrip("/")
    below = f"{prefix}/" if prefix else ""
    found = [json.loads(path.read_text("utf-8")) for path in files]
    return [{"key": below + _key(registry, report, document), "document": document} for document in found]


def _refuse_impossible(destination: dict[str, str]) -> None:
    """Raises ValidationException for a bucket or a prefix that S3 has not. AWS: General purpose bucket naming rules."""
    bucket, prefix = destination["bucketName"], destination.get("keyPrefix", "")
    if not BUCKET.fullmatch(bucket) or ".." in bucket:
        raise invalid("s3Destination.bucketName", "A bucket's name has 3 to 63 characters: lower case letters, digits, dots and hyphens.")
    if len(prefix.encode("utf-8", "surrogatepass")) > LONGEST_KEY:
        raise invalid("s3Destination.keyPrefix", f"A key of S3, and so its prefix, has at most {LONGEST_KEY:,} bytes.")


def _folder(registry: Registry, report: str) -> Path:
    return registry.lab.folder / "exports" / report


def _key(registry: Registry, report: str, document: dict[str, Any]) -> str:
    """Where AWS writes a document, below the prefix."""
    image = document["metadata"]["component"]
    resource = f"{registry.arn('')[:-1]}_{image['name'].replace('/', '_')}_{image['version']}"
    return f"{FORMAT}_outputs_{report}/account={registry.account}/resource={IMAGE}/{resource}_{FORMAT}.json"


def _file(document: dict[str, Any]) -> str:
    """A name that every system takes, and no other image of the report has; a key may be too long for a path, and has colons."""
    image = document["metadata"]["component"]
    told_apart = hashlib.sha256(f"{image['name']} {image['version']}".encode()).hexdigest()[:12]
    return f"{image['name'].replace('/', '_')[:60]}_{told_apart}.json"


def _write(path: Path, document: dict[str, Any]) -> None:
    path.parent.mkdir(0o700, parents=True, exist_ok=True)
    write_private(path, json.dumps(document, indent=2))


def _documents(registry: Registry, wanted: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if not accounts.is_enabled(registry):
        return
    kept, now = configuration.of(registry), registry.lab.clock.now()
    for repository in registry.repositories():
        if not kept.of_repository(repository).is_watched:
            continue
        for image in registry.database.all(SCANNED, (repository["id"],)):
            if _fits(registry, repository["name"], image, wanted):
                inventory = Inventory.of_json(json.loads(image["inventory"]))
                known = findings.of_digest(registry, repository["name"], image["digest"])
                yield sboms.cyclonedx(inventory, repository["name"], image["digest"], registry.account, known, now)


def _fits(registry: Registry, repository: str, image: sqlite3.Row, wanted: dict[str, Any]) -> bool:
    """Whether a ResourceFilterCriteria lets an image through; tags of instances and functions, which an image hasn't, let none."""
    values = {
        "accountId": [registry.account],
        "ecrImageTags": tags.of_image(registry, image["id"]),
        "ecrRepositoryName": [repository],
        "resourceId": [f"{registry.arn(repository)}/{image['digest']}"],
        "resourceType": [IMAGE],
        "cloudProvider": ["AWS"],
        "cloudProviderAccountId": [registry.account],
        "cloudProviderRegion": [registry.region],
    }
    return all(criteria.of_kind(conditions)(conditions, values.get(name, [])) for name, conditions in wanted.items())
