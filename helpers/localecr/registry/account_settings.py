"""Account settings: what a private registry does one way or another. AWS: PutAccountSetting, GetAccountSetting."""

from __future__ import annotations

import json

from localecr.errors import AwsError, invalid_parameter
from localecr.registry import Registry

# name → its values, the one first that a new registry has; CLAIR, another BASIC_SCAN_TYPE_VERSION, is gone since 2 February 2026
VALUES = {
    "BASIC_SCAN_TYPE_VERSION": ("AWS_NATIVE",),
    "BLOB_MOUNTING": ("ENABLED", "DISABLED"),  # which AWS leaves to be switched on; the distribution protocol knows no such switch
    "REGISTRY_POLICY_SCOPE": ("V2", "V1"),
}


def get(registry: Registry, name: str) -> str:
    """A setting's value. Raises InvalidParameterException for a name that there isn't."""
    if name not in VALUES:
        raise _none_of("name", list(VALUES))
    return of(registry).get(name, VALUES[name][0])


def put(registry: Registry, name: str, value: str) -> None:
    """Sets a setting. Raises InvalidParameterException for a name or a value that there isn't."""
    get(registry, name)
    if value not in VALUES[name]:
        raise _none_of("value", list(VALUES[name]))
    with registry.database.write() as transaction:
        transaction.execute(
            "INSERT INTO registries (account, region, settings) VALUES (?, ?, ?) ON CONFLICT (account, region) DO UPDATE SET settings = excluded.settings",
            (registry.account, registry.region, json.dumps(of(registry) | {name: value})),
        )


def of(registry: Registry) -> dict[str, str]:
    """The settings that were set, by name."""
    row = registry.database.one("SELECT settings FROM registries WHERE account = ? AND region = ?", (registry.account, registry.region))
    return json.loads(row["settings"]) if row else {}


def _none_of(member: str, values: list[str]) -> AwsError:
    return invalid_parameter(member, f"Member must satisfy enum value set: [{', '.join(values)}]")
