"""Repositories: made, described and deleted in one registry."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence

from localecr.errors import AwsError, invalid_parameter
from localecr.registry import Registry, catalog, departures, paging, resource_tags, tags
from localecr.scanning import eligibility


def create(
    registry: Registry,
    name: str,
    *,
    mutability: str = "MUTABLE",
    exclusion_filters: list[dict] | None = None,
    scan_on_push: bool = False,
    encryption: dict | None = None,
    labels: list[dict] | None = None,
) -> sqlite3.Row:
    """Makes a repository and returns it.

    Raises RepositoryAlreadyExistsException, and InvalidParameterException for exclusion filters that don't go
    with the mutability (AWS: CreateRepository, image tag mutability).
    """
    filters = tags.checked_filters(mutability, exclusion_filters)
    encryption = encryption or {"encryptionType": "AES256"}
    if encryption["encryptionType"] != "AES256":
        raise AwsError("NotImplemented", "Encryption with KMS keys is not built in this lab yet; leave encryptionConfiguration out, or use AES256.", 501)
    if "kmsKey" in encryption:
        raise invalid_parameter("encryptionConfiguration", "kmsKey can't be specified with encryption type AES256")
    labelled = resource_tags.checked({}, labels or [])
    with registry.database.write() as transaction:
        if registry.is_public:
            catalog.ensure_alias(registry)
        if _row(registry, name):
            raise AwsError(
                "RepositoryAlreadyExistsException",
                f"The repository with name '{name}' already exists in the registry with id '{registry.account}'",
            )
        transaction.execute(
            "INSERT INTO repositories (kind, account, region, name, created_at, mutability, exclusion_filters, scan_on_push, encryption,"
            " resource_tags) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *registry.scope, name, registry.lab.clock.now(), mutability, json.dumps(filters), scan_on_push, json.dumps(encryption),
                json.dumps(labelled),
            ),
        )
        made = find(registry, name)
        eligibility.begin_with(registry, made)
    return made


def find(registry: Registry, name: str) -> sqlite3.Row:
    """The repository of this name. Raises RepositoryNotFoundException."""
    row = _row(registry, name)
    if row is None:
        raise not_found(registry, name)
    return row


def refuse_gone(registry: Registry, repository: sqlite3.Row) -> sqlite3.Row:
    """The repository as it is now, for the beginning of a transaction. Raises RepositoryNotFoundException if it was deleted since it was found."""
    row = registry.database.one("SELECT * FROM repositories WHERE id = ?", (repository["id"],))
    if row is None:
        raise not_found(registry, repository["name"])
    return row


def not_found(registry: Registry, name: str) -> AwsError:
    return AwsError(
        "RepositoryNotFoundException",
        f"The repository with name '{name}' does not exist in the registry with id '{registry.account}'",
    )


def describe(registry: Registry, names: Sequence[str], page: int, token: str | None) -> tuple[list[sqlite3.Row], str | None]:
    """The named repositories in the order asked, each once, or a page of all of them by name, and the token of the next page."""
    if names:
        return [find(registry, name) for name in dict.fromkeys(names)], None
    listing = f"DescribeRepositories {registry.scope}"
    after = (paging.unseal(registry, listing, token) or [""])[0]
    rows = registry.database.all(
        "SELECT * FROM repositories WHERE kind = ? AND account = ? AND region = ? AND name > ? ORDER BY name LIMIT ?",
        (*registry.scope, after, page + 1),
    )
    shown, last = paging.cut(rows, page)
    return shown, paging.seal(registry, listing, [last["name"]]) if last else None


def delete(registry: Registry, name: str, force: bool = False) -> sqlite3.Row:
    """Deletes a repository, with its images when forced, and returns what it was. Raises RepositoryNotEmptyException."""
    with registry.database.write() as transaction:
        row = find(registry, name)
        if not force and registry.database.one("SELECT 1 FROM images WHERE repository_id = ? LIMIT 1", (row["id"],)):
            raise AwsError(
                "RepositoryNotEmptyException",
                f"The repository with name '{name}' in registry with id '{registry.account}' cannot be deleted because it still contains images",
            )
        eligibility.forget_repository(registry, row)
        departures.of_repository(registry, row)
        transaction.execute("DELETE FROM repositories WHERE id = ?", (row["id"],))
        registry.database.afterwards(registry.lab.blobs.garbage.set)
    return row


def _row(registry: Registry, name: str) -> sqlite3.Row | None:
    return registry.database.one("SELECT * FROM repositories WHERE kind = ? AND account = ? AND region = ? AND name = ?", (*registry.scope, name))
