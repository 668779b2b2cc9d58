"""Which images are scanned, from when a registry's setting takes them to when it leaves them, or they go.

AWS: enhanced scanning's considerations and "Understanding scan status SCAN_ELIGIBILITY_EXPIRED".
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from localecr.clock import DAY
from localecr.registry import Registry
from localecr.scanning import configuration, events, scans
from localecr.scanning.configuration import CONTINUOUS, ON_PUSH, Configuration

RECENT = 14 * DAY  # pushed this long ago at most, an image is scanned when enhanced scanning begins


def configure(registry: Registry, wanted: Configuration) -> None:
    """Sets a registry's scanning, and enables or disables Amazon Inspector with it.

    Where enhanced scanning begins it takes what was pushed in the last 14 days; which repositories are scanned otherwise than before is announced.
    What is scanned on push from now on, and was watched continuously, keeps what was found.
    """
    from localecr.inspector import accounts, findings

    with registry.database.write():
        before = configuration.of(registry)
        configuration.put(registry, wanted)
        if wanted.type == "ENHANCED":
            accounts.enable(registry)
        elif before.type == "ENHANCED":
            accounts.disable(registry)
        changes = []
        for repository in registry.repositories():
            was, now = before.of_repository(repository), wanted.of_repository(repository)
            if was.frequency != now.frequency:
                changes.append((repository["name"], was.frequency, now.frequency))
            if now.is_watched and (not was.is_watched or (was.frequency, now.frequency) == (ON_PUSH, CONTINUOUS)):
                _take(registry, repository)
            elif wanted.type == "ENHANCED" and was.is_watched and not now.is_watched:
                findings.close(registry, findings.EXPIRED, repository["name"])
        if wanted.type == "ENHANCED" and changes:
            events.frequencies_changed(registry, changes)


def _take(registry: Registry, repository: sqlite3.Row) -> None:
    """Begins with a repository's images. What was scanned before is looked at once more, and shown again."""
    oldest = registry.lab.clock.now() - RECENT
    rows = registry.database.all(
        "SELECT i.id, i.media_type, i.artifact_type, i.pushed_at FROM images i LEFT JOIN scans s ON s.image_id = i.id AND s.type = 'ENHANCED'"
        " WHERE i.repository_id = ? AND s.image_id IS NULL ORDER BY i.id",
        (repository["id"],),
    )
    for image in filter(scans.is_scannable, rows):
        scans.ask(registry, image["id"], "ENHANCED")
        if image["pushed_at"] <= oldest:
            scans.expire(registry, image["id"])
    scans.look_again(registry, repository)


def begin_with(registry: Registry, repository: sqlite3.Row) -> None:
    """A repository was made; call it in that transaction."""
    if not registry.is_public:
        kept = configuration.of(registry).of_repository(repository)
        if kept.is_watched:
            events.repository_created(registry, repository["name"], kept.frequency)


def forget_image(registry: Registry, repository: sqlite3.Row, image: sqlite3.Row, tagged: Sequence[str]) -> None:
    """An image is being deleted; call it in that transaction, before."""
    if registry.is_public:
        return
    kept = configuration.of(registry).of_repository(repository)
    if kept.is_watched and scans.is_scannable(image):
        events.image_changed(registry, "DELETE", repository["name"], kept.frequency, image["digest"], tagged)
    if registry.database.one("SELECT 1 FROM scans WHERE image_id = ? AND type = 'ENHANCED'", (image["id"],)) is not None:
        from localecr.inspector import findings

        findings.close(registry, findings.GONE, repository["name"], image["digest"])


def forget_repository(registry: Registry, repository: sqlite3.Row) -> None:
    """A repository is being deleted with all its images; call it in that transaction, before."""
    query = "SELECT 1 FROM scans s JOIN images i ON i.id = s.image_id WHERE i.repository_id = ? AND s.type = 'ENHANCED' LIMIT 1"
    if registry.database.one(query, (repository["id"],)) is not None:
        from localecr.inspector import findings

        findings.close(registry, findings.GONE, repository["name"])
