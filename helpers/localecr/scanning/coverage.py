"""Which images are scanned, from when a registry's setting takes them to when it leaves them, or they go.

AWS: enhanced scanning's considerations and "Understanding scan status SCAN_ELIGIBILITY_EXPIRED".
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from localecr.clock import DAY
from localecr.registry import Lab, Registry
from localecr.scanning import configuration, events, scans
from localecr.scanning.configuration import CONTINUOUS, MANUAL, Configuration, Coverage

RECENT = 14 * DAY  # pushed this long ago at most, an image is scanned when enhanced scanning begins


def configure(registry: Registry, wanted: Configuration) -> None:
    """Sets a registry's scanning, and enables or disables Amazon Inspector with it.

    Where enhanced scanning begins it takes what was pushed in the last 14 days; which repositories are scanned otherwise than before is announced.
    """
    from localecr.inspector import accounts

    with registry.database.write():
        before = configuration.of(registry)
        configuration.put(registry, wanted)
        if wanted.type == "ENHANCED":
            accounts.enable(registry)
        elif before.type == "ENHANCED":
            accounts.disable(registry)
        changes = []
        for repository in configuration.repositories(registry):
            was, now = configuration.coverage(before, repository), configuration.coverage(wanted, repository)
            if was.frequency != now.frequency:
                changes.append((repository["name"], was.frequency, now.frequency))
            if wanted.type == "ENHANCED" and (was.type, was.frequency) != (now.type, now.frequency):
                _cover(registry, repository, was, now)
        if wanted.type == "ENHANCED" and changes:
            events.frequencies_changed(registry, changes)


def _cover(registry: Registry, repository: sqlite3.Row, was: Coverage, now: Coverage) -> None:
    """Begins with a repository's images, or ends with them. What was scanned before is looked at once more, and shown again."""
    from localecr.inspector import findings

    if now.frequency == MANUAL:
        if was.type == "ENHANCED":
            findings.close(registry, findings.EXPIRED, repository["name"])
        return
    oldest = registry.lab.clock.now() - RECENT
    rows = registry.database.all(
        "SELECT i.id, i.media_type, i.artifact_type, i.pushed_at FROM images i LEFT JOIN scans s ON s.image_id = i.id AND s.type = 'ENHANCED'"
        " WHERE i.repository_id = ? AND s.image_id IS NULL ORDER BY i.id",
        (repository["id"],),
    )
    for image in filter(scans.is_scannable, rows):
        scans.ask(registry, image["id"], "ENHANCED")
        if image["pushed_at"] <= oldest:
            _expire(registry, image["id"])
    _look_again(registry, repository)


def _expire(registry: Registry, image_id: int) -> None:
    with registry.database.write() as transaction:
        transaction.execute(
            "UPDATE scans SET status = 'SCAN_ELIGIBILITY_EXPIRED', description = ?, due = 0 WHERE image_id = ? AND type = 'ENHANCED'", (scans.EXPIRED, image_id)
        )


def _look_again(registry: Registry, repository: sqlite3.Row) -> None:
    """Has a repository's images looked at again whose scans came to their end; their status stays."""
    with registry.database.write() as transaction:
        transaction.execute(
            "UPDATE scans SET due = due + 1 WHERE type = 'ENHANCED' AND status = 'COMPLETE'"
            " AND image_id IN (SELECT id FROM images WHERE repository_id = ?)",
            (repository["id"],),
        )
        scans.wake(registry.lab)


def go_on(lab: Lab) -> None:
    """Continuous scanning: has every image looked at again that is scanned so, but for those that Amazon Inspector's rescan duration leaves behind.

    Call it whenever time has gone by, or other vulnerabilities are known.
    """
    for row in lab.database.all("SELECT account, region FROM scanning_configurations WHERE scan_type = 'ENHANCED'"):
        registry = Registry(lab, "private", row["account"], row["region"])
        kept = configuration.of(registry)
        with lab.database.write():
            for repository in configuration.repositories(registry):
                if configuration.coverage(kept, repository).frequency == CONTINUOUS:
                    _leave_behind(registry, repository)
                    _look_again(registry, repository)


def _leave_behind(registry: Registry, repository: sqlite3.Row) -> None:
    """Ends with those images that were pushed, or pulled, too long ago."""
    from localecr.inspector import findings, rescans

    limits = rescans.limits(registry)
    rows = registry.database.all(
        "SELECT i.id, i.digest FROM images i JOIN scans s ON s.image_id = i.id AND s.type = 'ENHANCED' WHERE i.repository_id = ?"
        " AND s.status = 'COMPLETE' AND i.pushed_at <= ? AND COALESCE(i.last_pulled_at, 0) <= ?",
        (repository["id"], limits.pushed_after, limits.pulled_after),
    )
    for image in rows:
        _expire(registry, image["id"])
        findings.close(registry, findings.EXPIRED, repository["name"], image["digest"])


def begin_with(registry: Registry, repository: sqlite3.Row) -> None:
    """A repository was made; call it in that transaction."""
    if not registry.is_public:
        covered = configuration.coverage(configuration.of(registry), repository)
        if covered.type == "ENHANCED" and covered.frequency != MANUAL:
            events.repository_created(registry, repository["name"], covered.frequency)


def forget_image(registry: Registry, repository: sqlite3.Row, image: sqlite3.Row, tagged: Sequence[str]) -> None:
    """An image is being deleted; call it in that transaction, before."""
    if registry.is_public:
        return
    covered = configuration.coverage(configuration.of(registry), repository)
    if covered.type == "ENHANCED" and covered.frequency != MANUAL and scans.is_scannable(image):
        events.image_changed(registry, "DELETE", repository["name"], covered.frequency, image["digest"], tagged)
    if registry.database.one("SELECT 1 FROM scans WHERE image_id = ? AND type = 'ENHANCED'", (image["id"],)) is not None:
        from localecr.inspector import findings

        findings.close(registry, findings.GONE, repository["name"], image["digest"])


def forget_repository(registry: Registry, repository: sqlite3.Row) -> None:
    """A repository is being deleted with all its images; call it in that transaction, before."""
    query = "SELECT 1 FROM scans s JOIN images i ON i.id = s.image_id WHERE i.repository_id = ? AND s.type = 'ENHANCED' LIMIT 1"
    if registry.database.one(query, (repository["id"],)) is not None:
        from localecr.inspector import findings

        findings.close(registry, findings.GONE, repository["name"])
