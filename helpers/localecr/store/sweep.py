"""Cleaning up: what no image needs any more. Run when a lab starts, before anybody can push."""

from __future__ import annotations

from localecr.registry import Lab, uploads

GRACE = 24 * 3600  # seconds of lab time that a layer may wait for its image


def sweep(lab: Lab) -> int:
    """Forgets old unassociated layers and old uploads, deletes files that nothing names; returns the bytes reclaimed."""
    with lab.database.write() as transaction:
        transaction.execute(
            "DELETE FROM layers WHERE uploaded_at < ? AND NOT EXISTS (SELECT 1 FROM image_layers l JOIN images i ON i.id = l.image_id"
            " WHERE l.digest = layers.digest AND i.repository_id = layers.repository_id)",
            (lab.clock.now() - GRACE,),
        )
        transaction.execute("DELETE FROM uploads WHERE started_at <= ?", (lab.clock.now() - uploads.LIFE,))
    open_uploads = [row["id"] for row in lab.database.all("SELECT id FROM uploads")]
    return lab.blobs.sweep(open_uploads, lambda digest: lab.database.one("SELECT 1 FROM layers WHERE digest = ? LIMIT 1", (digest,)) is not None)
