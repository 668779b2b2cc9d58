"""Filters: criteria that are kept under a name; those with the action SUPPRESS are suppression rules. AWS: CreateFilter."""

from __future__ import annotations

import json
import re
import sqlite3
import uuid
from datetime import datetime
from typing import Any

from localecr.errors import AwsError
from localecr.inspector import findings
from localecr.inspector.errors import invalid, not_found
from localecr.registry import Registry

MOST, MOST_TAGS = 500, 50  # AWS: Amazon Inspector quotas; tags of a resource
NAME = re.compile(r"[A-Za-z0-9._-]{3,64}")  # the model lets more pass
BAD_NAME = "A filter's name has 3 to 64 characters: letters, digits, dots, underscores and hyphens."
TAKEN = "There is a filter of the name {name} already."


def create(registry: Registry, asked: dict[str, Any]) -> str:
    """Makes a filter, which acts on the findings that are there at once; its ARN. Raises BadRequestException, ServiceQuotaExceededException,
    ValidationException."""
    _check_name(asked["name"])
    now, id = registry.lab.clock.now(), uuid.uuid4().hex[:16]
    with registry.database.write() as transaction:
        if _is_taken(registry, asked["name"]):
            raise AwsError("BadRequestException", TAKEN.format(name=asked["name"]))
        if len(listed(registry)) >= MOST:
            raise AwsError("ServiceQuotaExceededException", f"An account has at most {MOST} filters.", 402, resourceId=asked["name"])
        transaction.execute(
            "INSERT INTO inspector_filters (id, account, region, name, action, criteria, description, reason, tags, created_at, updated_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                id, registry.account, registry.region, asked["name"], asked["action"], _criteria(asked["filterCriteria"]), asked.get("description"),
                asked.get("reason"), json.dumps(_checked_tags(asked.get("tags", {}))), now, now,
            ),
        )  # fmt: skip
        findings.judge_again(registry)
    return arn(registry, id)


def update(registry: Registry, asked: dict[str, Any]) -> str:
    """Changes what is given of a filter, and what follows from it; its ARN. Raises ResourceNotFoundException, ValidationException."""
    with registry.database.write() as transaction:
        before = find(registry, asked["filterArn"])
        if "name" in asked and asked["name"] != before["name"]:
            _check_name(asked["name"])
            if _is_taken(registry, asked["name"]):
                raise invalid("name", TAKEN.format(name=asked["name"]))  # BadRequestException is none of UpdateFilter's
        kept = {name: asked.get(name, before[name]) for name in ("name", "action", "description", "reason")}
        criteria = _criteria(asked["filterCriteria"]) if "filterCriteria" in asked else before["criteria"]
        transaction.execute(
            "UPDATE inspector_filters SET name = ?, action = ?, description = ?, reason = ?, criteria = ?, updated_at = ? WHERE id = ?",
            (*kept.values(), criteria, registry.lab.clock.now(), before["id"]),
        )
        findings.judge_again(registry)
    return asked["filterArn"]


def delete(registry: Registry, filter_arn: str) -> None:
    """Deletes a filter by its ARN; what it alone suppressed is active again. Raises ResourceNotFoundException."""
    with registry.database.write() as transaction:
        transaction.execute("DELETE FROM inspector_filters WHERE id = ?", (find(registry, filter_arn)["id"],))
        findings.judge_again(registry)


def delete_all(registry: Registry) -> None:
    """Deletes every filter of an account in a Region, of which no finding is open any more; within a transaction."""
    with registry.database.write() as transaction:
        transaction.execute("DELETE FROM inspector_filters WHERE account = ? AND region = ?", (registry.account, registry.region))


def set_tags(registry: Registry, filter_arn: str, tags: dict[str, str]) -> None:
    """Gives a filter these tags in the place of those that it had. Raises ResourceNotFoundException, BadRequestException."""
    with registry.database.write() as transaction:
        transaction.execute("UPDATE inspector_filters SET tags = ? WHERE id = ?", (json.dumps(_checked_tags(tags)), find(registry, filter_arn)["id"]))


def listed(registry: Registry) -> list[sqlite3.Row]:
    """Every filter of an account in a Region, by name."""
    return registry.database.all("SELECT * FROM inspector_filters WHERE account = ? AND region = ? ORDER BY name", (registry.account, registry.region))


def find(registry: Registry, filter_arn: str) -> sqlite3.Row:
    """The filter of an ARN. Raises ResourceNotFoundException."""
    found = next((row for row in listed(registry) if arn(registry, row["id"]) == filter_arn), None)
    if found is None:
        raise not_found(f"There is no filter {filter_arn}.")
    return found


def arn(registry: Registry, id: str) -> str:
    return f"arn:aws:inspector2:{registry.region}:{registry.account}:owner/{registry.account}/filter/{id}"


def told(registry: Registry, row: sqlite3.Row) -> dict[str, Any]:
    """The model's Filter."""
    return {
        "arn": arn(registry, row["id"]),
        "ownerId": registry.account,
        "name": row["name"],
        "criteria": json.loads(row["criteria"]),
        "action": row["action"],
        "createdAt": row["created_at"],
        "updatedAt": row["updated_at"],
        "description": row["description"],
        "reason": row["reason"],
        "tags": json.loads(row["tags"]),
    }


def _check_name(name: str) -> None:
    """Raises ValidationException. AWS: CreateFilter, request parameters."""
    if not NAME.fullmatch(name):
        raise invalid("name", BAD_NAME)


def _is_taken(registry: Registry, name: str) -> bool:
    return any(row["name"] == name for row in listed(registry))


def _checked_tags(tags: dict[str, str]) -> dict[str, str]:
    for key, value in tags.items():
        if not 1 <= len(key) <= 128 or key.lower().startswith("aws:") or len(value) > 256:
            raise AwsError("BadRequestException", "A tag's key has 1 to 128 characters and doesn't begin with aws:, its value has at most 256.")
    if len(tags) > MOST_TAGS:
        raise AwsError("BadRequestException", f"A filter has at most {MOST_TAGS} tags.")
    return tags


def _criteria(criteria: dict[str, Any]) -> str:
    """As it is kept: a datetime as seconds since 1970."""
    return json.dumps(criteria, default=datetime.timestamp)
