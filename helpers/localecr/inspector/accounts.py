"""Who has Amazon Inspector look at the images of a registry: an account in a Region."""

from __future__ import annotations

from localecr.inspector import findings
from localecr.ledger import Call
from localecr.registry import Registry


def registry_of(call: Call) -> Registry:
    """The registry whose images a call of Inspector's is about."""
    return Registry(call.lab, "private", call.account, call.region)


def is_enabled(registry: Registry) -> bool:
    """Whether Inspector scans the images of this registry."""
    query = "SELECT is_enabled FROM inspector_accounts WHERE account = ? AND region = ?"
    row = registry.database.one(query, (registry.account, registry.region))
    return row is not None and bool(row["is_enabled"])


def enable(registry: Registry) -> None:
    """Has Inspector scan the images of this registry from now on; what it still knows of them counts again."""
    if not is_enabled(registry):
        with registry.database.write():
            _set(registry, True)
            findings.reopen(registry)


def disable(registry: Registry) -> None:
    """Ends that. Findings close; a day later they are gone (AWS: Understanding Amazon Inspector findings)."""
    if is_enabled(registry):
        with registry.database.write():
            _set(registry, False)
            findings.close_all(registry)


def _set(registry: Registry, enabled: bool) -> None:
    with registry.database.write() as transaction:
        transaction.execute(
            "INSERT INTO inspector_accounts (account, region, is_enabled) VALUES (?, ?, ?)"
            " ON CONFLICT (account, region) DO UPDATE SET is_enabled = excluded.is_enabled",
            (registry.account, registry.region, enabled),
        )

