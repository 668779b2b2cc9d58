"""The public registry's own: the alias an account is known by, and what the gallery says of a repository."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from typing import TYPE_CHECKING

from localecr.errors import AwsError

if TYPE_CHECKING:
    from localecr.registry import Lab, Registry

LOGOS = "/_logos/"  # where the public address shows them


def alias(lab: Lab, account: str) -> str | None:
    """An account's public alias; None before its first public repository."""
    row = lab.database.one("SELECT public_alias FROM accounts WHERE id = ?", (account,))
    return row["public_alias"] if row else None


def ensure_alias(registry: Registry) -> str:
    """The account's public alias, given by default with the first public repository: a letter and a digit, four times over."""
    present = alias(registry.lab, registry.account)
    if present:
        return present
    numbers = hashlib.sha256(registry.account.encode()).digest()
    given = "".join(chr(ord("a") + numbers[i] % 26) + str(numbers[i + 1] % 10) for i in range(0, 8, 2))
    set_alias(registry.lab, registry.account, given)
    return given


def set_alias(lab: Lab, account: str, name: str) -> None:
    """Gives an account a public alias."""
    with lab.database.write() as transaction:
        transaction.execute("INSERT OR IGNORE INTO accounts (id) VALUES (?)", (account,))
        transaction.execute("UPDATE accounts SET public_alias = ? WHERE id = ?", (name, account))


def account_of(lab: Lab, name: str) -> str | None:
    """The account behind a public alias."""
    row = lab.database.one("SELECT id FROM accounts WHERE public_alias = ?", (name,))
    return row["id"] if row else None


def display_name(registry: Registry) -> str | None:
    row = registry.database.one("SELECT public_display_name FROM accounts WHERE id = ?", (registry.account,))
    return row["public_display_name"] if row else None


def set_display_name(registry: Registry, name: str | None) -> None:
    with registry.database.write() as transaction:
        transaction.execute("UPDATE accounts SET public_display_name = ? WHERE id = ?", (name, registry.account))


def data(registry: Registry, repository: sqlite3.Row) -> dict:
    """What the gallery says of a repository. Raises RepositoryCatalogDataNotFoundException where nothing was said."""
    if repository["catalog_data"] is None:
        raise AwsError(
            "RepositoryCatalogDataNotFoundException",
            f"The catalog data for repository with name '{repository['name']}' in the registry with id '{registry.account}' does not exist",
        )
    logo = registry.database.one("SELECT digest FROM logos WHERE repository_id = ?", (repository["id"],))
    shown = {"logoUrl": f"http://{registry.lab.public_address}{LOGOS}{logo['digest']}"} if logo else {}
    return json.loads(repository["catalog_data"]) | shown


def set_data(registry: Registry, repository: sqlite3.Row, said: dict) -> None:
    """Replaces all that the gallery says, the logo (``logoImageBlob``, bytes) too."""
    texts = {member: value for member, value in said.items() if member != "logoImageBlob"}
    logo = said.get("logoImageBlob")
    with registry.database.write() as transaction:
        transaction.execute("UPDATE repositories SET catalog_data = ? WHERE id = ?", (json.dumps(texts), repository["id"]))
        transaction.execute("DELETE FROM logos WHERE repository_id = ?", (repository["id"],))
        if logo:
            transaction.execute("INSERT INTO logos VALUES (?, ?, ?)", (repository["id"], hashlib.sha256(logo).hexdigest(), logo))


def logo(lab: Lab, digest: str) -> bytes | None:
    """A logo of some repository of the lab."""
    row = lab.database.one("SELECT image FROM logos WHERE digest = ?", (digest,))
    return row["image"] if row else None
