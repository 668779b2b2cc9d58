"""What IAM holds, copied into the tables from which calls are decided, so that deciding never needs moto."""

from __future__ import annotations

import json
from typing import Any

from localecr.identities import WHO_THERE_IS
from localecr.store.database import Database


def project(database: Database, backend: Any, account: str) -> None:
    """Copies an account's users, roles and keys; within the transaction of the change."""
    rows = [(account, "user", user.name, user.arn, user.id, json.dumps(_user(backend, user))) for user in backend.users.values()]
    rows += [(account, "role", role.name, role.arn, role.id, json.dumps(_role(backend, role))) for role in backend.roles.values()]
    keys = [(key.access_key_id, key.secret_access_key, account, user.name, key.status) for user in backend.users.values() for key in user.access_keys]
    with database.write() as transaction:
        database.outdate(WHO_THERE_IS)
        transaction.execute("DELETE FROM identities WHERE account = ?", (account,))
        transaction.executemany("INSERT INTO identities (account, kind, name, arn, id, document) VALUES (?, ?, ?, ?, ?, ?)", rows)
        transaction.execute("DELETE FROM access_keys WHERE account = ? AND NOT of_lab", (account,))
        transaction.executemany("INSERT OR IGNORE INTO access_keys (id, secret, account, user, status) VALUES (?, ?, ?, ?, ?)", keys)


def _user(backend: Any, user: Any) -> dict[str, Any]:
    groups = [group for group in backend.groups.values() if user in group.users]
    boundary = (getattr(user, "permissions_boundary", None) or {}).get("PermissionsBoundaryArn")
    return {
        "policies": _policies(user) + [policy | {"group": group.name} for group in groups for policy in _policies(group)],
        "boundary": _boundary(backend, boundary),
        "tags": {tag["Key"]: tag["Value"] for tag in user.tags or []},
        "groups": [group.name for group in groups],
        "trust": None,
        "path": user.path,
    }


def _role(backend: Any, role: Any) -> dict[str, Any]:
    return {
        "policies": _policies(role),
        "boundary": _boundary(backend, role.permissions_boundary_arn),
        "tags": {tag["Key"]: tag["Value"] for tag in role.tags},
        "groups": [],
        "trust": role.assume_role_policy_document,
        "path": role.path,
        "longest_session": int(role.max_session_duration or 3600),
    }


def _policies(owner: Any) -> list[dict[str, Any]]:
    """Inline and managed policies of a user, a role or a group; of a managed one the default version."""
    inline = [{"name": name, "arn": None, "document": document} for name, document in owner.policies.items()]
    return inline + [_managed(policy) for policy in owner.managed_policies.values()]


def _managed(policy: Any) -> dict[str, Any]:
    return {"name": policy.name, "arn": policy.arn, "document": _default_version(policy)}


def _default_version(policy: Any) -> str:
    return next(version.document for version in policy.versions if version.version_id == policy.default_version_id)


def _boundary(backend: Any, arn: str | None) -> dict[str, Any] | None:
    """The boundary of a user or a role; one whose policy is gone allows nothing."""
    if not arn:
        return None
    policy = backend.managed_policies.get(arn)
    return _managed(policy) if policy else {"name": arn.rpartition("/")[2], "arn": arn, "document": '{"Version": "2012-10-17", "Statement": []}'}
