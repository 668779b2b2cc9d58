"""Referrers: images that name another as their subject, such as signatures and SBOMs. OCI distribution spec 1.1, listing referrers."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from itertools import accumulate

from localecr.registry import Registry, manifests, paging


def page(
    registry: Registry, repository: sqlite3.Row, subject: str, artifact_types: Sequence[str], limit: int, token: str | None
) -> tuple[list[dict], str | None]:
    """A page of a digest's referrers as descriptors {digest, mediaType, artifactType, size, annotations}; the subject need not exist (yet).

    A page ends early where its manifests, whose annotations it carries, come to more than 4 MiB: no client takes a longer index.
    """
    listing = f"ListImageReferrers {repository['id']} {subject}"
    after = (paging.unseal(registry, listing, token) or [0])[0]
    kinds = f"AND artifact_type IN ({','.join('?' * len(artifact_types))})" if artifact_types else ""
    rows = registry.database.all(
        f"SELECT id, length(manifest) AS size FROM images WHERE repository_id = ? AND subject_digest = ? AND id > ? {kinds} ORDER BY id LIMIT ?",
        (repository["id"], subject, after, *artifact_types, limit + 1),
    )
    shown, last = paging.cut(rows, min(limit, _fitting(rows)))
    found = [registry.database.one("SELECT * FROM images WHERE id = ?", (row["id"],)) for row in shown]
    return [_descriptor(image) for image in found if image], paging.seal(registry, listing, [last["id"]]) if last else None


def _fitting(rows: Sequence[sqlite3.Row]) -> int:
    """How many of these make a page of 4 MiB; one at least."""
    sums = accumulate(row["size"] for row in rows)
    return max(1, sum(1 for total in sums if total <= manifests.LARGEST))


def _descriptor(image: sqlite3.Row) -> dict:
    found = {
        "digest": image["digest"],
        "mediaType": image["media_type"],
        "artifactType": image["artifact_type"],
        "size": len(image["manifest"]),
        "annotations": manifests.annotations(image["manifest"]) or None,
    }
    return {key: value for key, value in found.items() if value is not None}
