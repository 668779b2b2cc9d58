"""The registry's policy: a second policy, beside the repository's own, for all repositories of a private registry. AWS: private registry permissions."""

from __future__ import annotations

import json

from localecr.errors import AwsError
from localecr.iam import documents
from localecr.registry import Registry, account_settings, policies

SCOPE = "REGISTRY_POLICY_SCOPE"
# what a registry policy of the first scope can say anything about
OF_SCOPE_1 = frozenset(("ecr:BatchImportUpstreamImage", "ecr:CreateRepository", "ecr:ReplicateImage"))


def put(registry: Registry, text: str, actions: frozenset[str]) -> str:
    """Keeps the policy in the place of any before, and returns it as ECR tells it back. ``actions`` are those it may name.

    Raises InvalidParameterException for what is no policy, names no resource, or an action or a principal that there isn't, and in
    scope V1 for one that allows or denies more than three actions.
    """
    kept = policies.checked(registry, text, actions, "registry")
    beyond = {action.lower() for action in actions - OF_SCOPE_1} if account_settings.get(registry, SCOPE) == "V1" else ()
    if any(statement.actions.include(action) for statement in documents.read(text, "registry").statements for action in beyond):
        raise policies.invalid("registry")
    _keep(registry, kept)
    return policies.told(registry, kept)


def of(registry: Registry) -> str:
    """The policy's text. Raises RegistryPolicyNotFoundException."""
    row = registry.database.one("SELECT policy FROM registries WHERE account = ? AND region = ?", (registry.account, registry.region))
    if row is None or row["policy"] is None:
        raise AwsError("RegistryPolicyNotFoundException", f"Registry policy does not exist in the registry with id '{registry.account}'")
    return policies.told(registry, row["policy"])


def delete(registry: Registry) -> str:
    """Removes the policy and returns its text. Raises RegistryPolicyNotFoundException."""
    with registry.database.write():
        text = of(registry)
        _keep(registry, None)
    return text


def concerns(action: str, settings: str) -> bool:
    """Whether a registry policy has a say in an action (``ecr:PutImage``), by its registry's settings: in scope V1 in three of them alone."""
    return action in OF_SCOPE_1 or json.loads(settings).get(SCOPE) != "V1"


def _keep(registry: Registry, text: str | None) -> None:
    with registry.database.write() as transaction:
        transaction.execute(
            "INSERT INTO registries (account, region, policy) VALUES (?, ?, ?) ON CONFLICT (account, region) DO UPDATE SET policy = excluded.policy",
            (registry.account, registry.region, text),
        )
