"""An image's tags, and whether they may move: mutability and its exclusions.

A tag is a name for one digest of a repository. AWS: "Preventing image tags from being overwritten in Amazon ECR".
"""

from __future__ import annotations

import json
import re
import sqlite3
from fnmatch import translate
from functools import lru_cache

from localecr.errors import AwsError, invalid_parameter
from localecr.registry import Registry

WITH_EXCLUSION = ("IMMUTABLE_WITH_EXCLUSION", "MUTABLE_WITH_EXCLUSION")
CLIENTS_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")  # OCI distribution spec 1.1, pulling manifests


def checked_filters(mutability: str, filters: list[dict] | None) -> list[dict]:
    """The exclusion filters that go with a mutability: required with the _WITH_EXCLUSION values, forbidden with the others."""
    if (mutability in WITH_EXCLUSION) == bool(filters):
        return filters or []
    wanted = "can't be null" if mutability in WITH_EXCLUSION else "must be null"  # AWS's words for the second are not published
    raise invalid_parameter(
        "imageTagMutabilityExclusionFilters",
        f"ImageTagMutabilityExclusionFilters {wanted} when imageTagMutability is set as {mutability}",
    )


def set_mutability(registry: Registry, repository: sqlite3.Row, mutability: str, filters: list[dict] | None) -> list[dict]:
    """Changes whether tags may be overwritten from now on; returns the exclusion filters kept."""
    kept = checked_filters(mutability, filters)
    with registry.database.write() as transaction:
        transaction.execute(
            "UPDATE repositories SET mutability = ?, exclusion_filters = ? WHERE id = ?", (mutability, json.dumps(kept), repository["id"])
        )
    return kept


def is_immutable(repository: sqlite3.Row, tag: str) -> bool:
    """Whether this tag, once given, may not be given to another digest."""
    excluded = any(_matches(each["filter"], tag) for each in json.loads(repository["exclusion_filters"]))
    return repository["mutability"].startswith("IMMUTABLE") != excluded


def give(registry: Registry, repository: sqlite3.Row, tag: str, image_id: int) -> bool:
    """Names an image ``tag``; says whether that changed anything. Raises ImageTagAlreadyExistsException where the tag is immutable.

    Call it inside the transaction that stores the image: of two clients with one immutable tag, one wins.
    """
    present = registry.database.one("SELECT image_id FROM tags WHERE repository_id = ? AND name = ?", (repository["id"], tag))
    if present and present["image_id"] == image_id:
        return False
    if present and is_immutable(repository, tag):
        raise AwsError(
            "ImageTagAlreadyExistsException",
            f"The image tag '{tag}' already exists in the '{repository['name']}' repository and cannot be overwritten because the tag is immutable.",
        )
    with registry.database.write() as transaction:
        transaction.execute(
            "INSERT OR REPLACE INTO tags (repository_id, name, image_id, tagged_at) VALUES (?, ?, ?, ?)",
            (repository["id"], tag, image_id, registry.lab.clock.now()),
        )
    return True


def of_image(registry: Registry, image_id: int) -> list[str]:
    """The tags of an image, by name."""
    return [row["name"] for row in registry.database.all("SELECT name FROM tags WHERE image_id = ? ORDER BY name", (image_id,))]


def tagged_at(registry: Registry, repository: sqlite3.Row, tag: str) -> float:
    """When a tag was last given to an image, in seconds since 1970."""
    return registry.database.one("SELECT tagged_at FROM tags WHERE repository_id = ? AND name = ?", (repository["id"], tag))["tagged_at"]


def page(registry: Registry, repository: sqlite3.Row, after: str, limit: int) -> list[str]:
    """Up to ``limit`` tags of a repository that sort after ``after``, by name."""
    rows = registry.database.all("SELECT name FROM tags WHERE repository_id = ? AND name > ? ORDER BY name LIMIT ?", (repository["id"], after, limit))
    return [row["name"] for row in rows]


@lru_cache(maxsize=256)
def _pattern(wildcard: str) -> re.Pattern[str]:
    return re.compile(translate(wildcard))  # filters hold no ? or [, so * is all that is special


def _matches(wildcard: str, tag: str) -> bool:
    return _pattern(wildcard).fullmatch(tag) is not None
