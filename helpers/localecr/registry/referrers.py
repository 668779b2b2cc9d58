"""Referrers: images that name another as their subject, such as signatures and SBOMs. OCI distribution spec 1.1, listing referrers."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from localecr.registry import Registry, manifests, paging


def page(
    registry: Registry, repository: sqlite3.Row, subject: str, artifact_types: Sequence[str], limit: int, token: str | None
) -> tuple[list[dict], str | None]:
    """A page of a digest's referrers as descriptors {digest, mediaType, artifactType, size, annotations}; the subject need not exist (yet)."""
    after = (paging.unseal(token, [int]) or [0])[0]
    kinds = f"AND artifact_type IN ({','.join('?' * len(artifact_types))})" if artifact_types else ""
    rows = registry.database.all(
        f"SELECT * FROM images WHERE repository_id = ? AND subject_digest = ? AND id > ? {kinds} ORDER BY id LIMIT ?",
        (repository["id"], subject, after, *artifact_types, limit + 1),
    )
    shown, last = paging.cut(rows, limit)
    return [_descriptor(row) for row in shown], paging.seal([last["id"]]) if last else None


def _descriptor(image: sqlite3.Row) -> dict:
    found = {
        "digest": image["digest"],
        "mediaType": image["media_type"],
        "artifactType": image["artifact_type"],
        "size": len(image["manifest"]),
        "annotations": manifests.annotations(image["manifest"]) or None,
    }
    return {key: value for key, value in found.items() if value is not None}
