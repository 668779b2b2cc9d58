"""What was in a private registry and is no more: from when until when, so that it can be told how many there were at a time (CloudWatch's ResourceCount)."""

from __future__ import annotations

import sqlite3

from localecr.registry import Registry


def of_image(registry: Registry, repository: sqlite3.Row, image: sqlite3.Row) -> None:
    """Notes an image that is being deleted; call it in that transaction, before."""
    if not registry.is_public:
        with registry.database.write() as transaction:
            transaction.execute(
                "INSERT INTO departed (account, region, repository, digest, born, died) VALUES (?, ?, ?, ?, ?, ?)",
                (registry.account, registry.region, repository["name"], image["digest"], image["pushed_at"], registry.lab.clock.now()),
            )


def of_repository(registry: Registry, repository: sqlite3.Row) -> None:
    """Notes a repository that is being deleted, with every image in it; call it in that transaction, before."""
    if not registry.is_public:
        now, place = registry.lab.clock.now(), (registry.account, registry.region, repository["name"])
        with registry.database.write() as transaction:
            transaction.execute(
                "INSERT INTO departed (account, region, repository, digest, born, died) VALUES (?, ?, ?, NULL, ?, ?)", (*place, repository["created_at"], now)
            )
            transaction.execute(
                "INSERT INTO departed (account, region, repository, digest, born, died)"
                " SELECT ?, ?, ?, digest, pushed_at, ? FROM images WHERE repository_id = ?",
                (*place, now, repository["id"]),
            )
