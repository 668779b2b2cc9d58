"""Continuous scanning: images are looked at again as time goes by and other vulnerabilities are known, until they are left behind.

AWS: enhanced scanning; "Understanding scan status SCAN_ELIGIBILITY_EXPIRED".
"""

from __future__ import annotations

import sqlite3

from localecr.registry import Lab, Registry
from localecr.scanning import configuration, scans
from localecr.scanning.configuration import CONTINUOUS


def go_on(lab: Lab) -> None:
    """Has every image looked at again that is scanned continuously, but for those that Amazon Inspector's rescan duration leaves behind.

    Call it whenever time has gone by, or other vulnerabilities are known.
    """
    for row in lab.database.all("SELECT account, region FROM scanning_configurations WHERE scan_type = 'ENHANCED'"):
        registry = Registry(lab, "private", row["account"], row["region"])
        kept = configuration.of(registry)
        with lab.database.write():
            for repository in registry.repositories():
                if kept.of_repository(repository).frequency == CONTINUOUS:
                    _leave_behind(registry, repository)
                    scans.look_again(registry, repository)


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
        scans.expire(registry, image["id"])
        findings.close(registry, findings.EXPIRED, repository["name"], image["digest"])
