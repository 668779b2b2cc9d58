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
from localecr.registry import Registry, paging

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
            "INSERT INTO tags (repository_id, name, image_id, tagged_at) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (repository_id, name) DO UPDATE SET image_id = excluded.image_id, tagged_at = excluded.tagged_at",
            (repository["id"], tag, image_id, registry.lab.clock.now()),
        )
    return True


def of_image(registry: Registry, image_id: int) -> list[str]:
    """The tags of an image, by name."""
    return [row["name"] for row in registry.database.all("SELECT name FROM tags WHERE image_id = ? ORDER BY name", (image_id,))]


def describe(registry: Registry, repository: sqlite3.Row, page: int, token: str | None) -> tuple[list[sqlite3.Row], str | None]:
    """DescribeImageTags: a page of tags by name (name, tagged_at) with what their images are (digest, size, pushed_at, media_type, artifact_type)."""
    listing = f"DescribeImageTags {repository['id']}"
    after = (paging.unseal(registry, listing, token) or [""])[0]
    rows = registry.database.all(
        "SELECT t.name, t.tagged_at, i.digest, i.size, i.pushed_at, i.media_type, i.artifact_type FROM tags t JOIN images i ON i.id = t.image_id"
        " WHERE t.repository_id = ? AND t.name > ? ORDER BY t.name LIMIT ?",
        (repository["id"], after, page + 1),
    )
    shown, last = paging.cut(rows, page)
    return shown, paging.seal(registry, listing, [last["name"]]) if last else None


def page(registry: Registry, repository: sqlite3.Row, after: str, limit: int) -> list[str]:
    """Up to ``limit`` tags of a repository that sort after ``after``, by name."""
    rows = registry.database.all("SELECT name FROM tags WHERE repository_id = ? AND name > ? ORDER BY name LIMIT ?", (repository["id"], after, limit))
    return [row["name"] for row in rows]


@lru_cache(maxsize=256)
def _pattern(wildcard: str) -> re.Pattern[str]:
    return re.compile(translate(wildcard))  # filters hold no ? or [, so * is all that is special


def _matches(wildcard: str, tag: str) -> bool:
    return _pattern(wildcard).fullmatch(tag) is not None
