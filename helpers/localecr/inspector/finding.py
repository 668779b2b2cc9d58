"""One finding as it is kept: a row of the table, and what it says."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from dataclasses import dataclass
from typing import Any, Literal

from localecr.registry import Registry

Status = Literal["ACTIVE", "SUPPRESSED", "CLOSED"]
COLUMNS = (
    "id", "account", "region", "repository", "digest", "image_id", "vulnerability", "status", "first_observed_at", "last_observed_at", "updated_at",
    "closed_for", "forgotten_at", "document",
)  # fmt: skip
# JSON: the tags that a finding's image has now, not those that it had when the finding was made; of an image that is gone its last ones
TAGS = (
    "CASE WHEN f.image_id IS NULL THEN json_extract(f.document, '$.image.imageTags')"
    " ELSE (SELECT json_group_array(name) FROM (SELECT name FROM tags WHERE image_id = f.image_id ORDER BY name)) END"
)
SELECTED = f"{', '.join(f'f.{name}' for name in COLUMNS)}, {TAGS} AS image_tags"
SELECT = f"SELECT {SELECTED} FROM inspector_findings f"


@dataclass(frozen=True)
class Finding:
    """``details`` is what the model's Finding says beside status and dates; ``image`` its AwsEcrContainerImageDetails. Times in seconds since 1970."""

    id: str
    account: str
    region: str
    repository: str
    digest: str
    image_id: int | None
    vulnerability: str
    status: Status
    first_observed_at: float
    last_observed_at: float
    updated_at: float
    details: dict[str, Any]
    image: dict[str, Any]
    closed_for: str | None = None
    forgotten_at: float | None = None

    @property
    def arn(self) -> str:
        return arn(self.account, self.region, self.id)

    @property
    def resource(self) -> str:
        """The image, as Inspector names it."""
        return f"arn:aws:ecr:{self.region}:{self.account}:repository/{self.repository}/{self.digest}"

    @property
    def is_open(self) -> bool:
        return self.status != "CLOSED"


def arn(account: str, region: str, id: str) -> str:
    """``arn:aws:inspector2:us-east-1:000000000000:finding/<id>``."""
    return f"arn:aws:inspector2:{region}:{account}:finding/{id}"


def identifier(account: str, region: str, repository: str, digest: str, vulnerability: str, earlier: int) -> str:
    """What a finding's ARN ends in: the same in every lab. ``earlier``: how many findings of the same are closed for good."""
    text = "/".join((account, region, repository, digest, vulnerability, str(earlier)))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def read(row: sqlite3.Row) -> Finding:
    """A row with what ``SELECTED`` names."""
    columns = {name: row[name] for name in COLUMNS}
    document = json.loads(columns.pop("document"))
    document["image"]["imageTags"] = json.loads(row["image_tags"])
    return Finding(**columns, **document)


def save(registry: Registry, finding: Finding) -> None:
    """Keeps a finding; within a transaction."""
    with registry.database.write() as transaction:
        transaction.execute(
            f"INSERT OR REPLACE INTO inspector_findings ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})",
            (
                finding.id, finding.account, finding.region, finding.repository, finding.digest, finding.image_id, finding.vulnerability, finding.status,
                finding.first_observed_at, finding.last_observed_at, finding.updated_at, finding.closed_for, finding.forgotten_at,
                json.dumps({"details": finding.details, "image": finding.image}),
            ),
        )  # fmt: skip
