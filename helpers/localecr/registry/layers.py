"""Layers (and configs): which blobs a repository holds, and the way to their bytes."""

from __future__ import annotations

import hashlib
import hmac
import sqlite3

from localecr.errors import AwsError
from localecr.registry import Lab, Registry, repositories
from localecr.store.blobs import DIGEST

URL_LIFE = 3600  # seconds of lab time that a download URL works


def find(registry: Registry, repository: sqlite3.Row, digest: str) -> sqlite3.Row | None:
    """A layer of this repository (digest, size), or None: what another repository holds is not visible here."""
    return registry.database.one("SELECT * FROM layers WHERE repository_id = ? AND digest = ?", (repository["id"], digest))


def media_type(registry: Registry, repository: sqlite3.Row, digest: str) -> str | None:
    """What the images of the repository call this layer; None while no image names it."""
    row = registry.database.one(
        "SELECT l.media_type FROM image_layers l JOIN images i ON i.id = l.image_id WHERE l.digest = ? AND i.repository_id = ? LIMIT 1",
        (digest, repository["id"]),
    )
    return row["media_type"] if row else None


def keep(registry: Registry, repository: sqlite3.Row, digest: str, size: int) -> None:
    """Notes that the repository holds a blob whose file is in place. Call it inside a transaction."""
    with registry.database.write() as transaction:
        transaction.execute(
            "INSERT OR IGNORE INTO layers (repository_id, digest, size, uploaded_at) VALUES (?, ?, ?, ?)",
            (repository["id"], digest, size, registry.lab.clock.now()),
        )


def mount(registry: Registry, repository: sqlite3.Row, digest: str, source: str) -> bool:
    """Makes a blob of another repository of the registry this repository's too; says whether it could.

    Only what an image of the source names can be mounted (AWS: blob mounting).
    """
    with registry.database.write():
        repositories.refuse_gone(registry, repository)
        held = registry.database.one(
            "SELECT l.size FROM layers l JOIN repositories r ON r.id = l.repository_id"
            " WHERE r.kind = ? AND r.account = ? AND r.region = ? AND r.name = ? AND l.digest = ?"
            " AND EXISTS (SELECT 1 FROM image_layers n JOIN images i ON i.id = n.image_id WHERE i.repository_id = r.id AND n.digest = l.digest)",
            (*registry.scope, source, digest),
        )
        if held:
            keep(registry, repository, digest, held["size"])
    return held is not None


def download_ticket(registry: Registry, repository: sqlite3.Row, digest: str) -> str:
    """A signed path that serves the layer for an hour. Raises LayersNotFoundException, LayerInaccessibleException."""
    if find(registry, repository, digest) is None:
        raise AwsError(
            "LayersNotFoundException",
            f"The layer with digest {digest} does not exist within the repository with name '{repository['name']}' "
            f"in the registry with id '{registry.account}'",
        )
    if media_type(registry, repository, digest) is None:
        raise AwsError(
            "LayerInaccessibleException",
            "The specified layer is not available because it is not associated with an image. Unassociated image layers may be cleaned up at any time.",
        )
    expires = int(registry.lab.clock.now()) + URL_LIFE
    return f"{digest}?expires={expires}&signature={_signature(registry.lab, digest, expires)}"


def ticket_admits(lab: Lab, digest: str, expires: str, signature: str) -> bool:
    """Whether a signed path still opens the layer."""
    if not (DIGEST.fullmatch(digest) and expires.isascii() and expires.isdigit() and len(expires) < 13):
        return False
    return hmac.compare_digest(_signature(lab, digest, int(expires)).encode(), signature.encode()) and lab.clock.now() < int(expires)


def _signature(lab: Lab, digest: str, expires: int) -> str:
    return hmac.new(lab.secret, f"layer {digest} {expires}".encode(), hashlib.sha256).hexdigest()
