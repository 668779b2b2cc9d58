"""The operations that say who may do what: policies of repositories, which both registries have, and of a private registry; account settings."""

from __future__ import annotations

from functools import cache
from typing import Any

from localecr import contract
from localecr.identities import Principal
from localecr.registry import Registry, account_settings, policies, registry_policy, repositories

Parameters = dict[str, Any]
Answer = dict[str, Any]
# actions that are no operations of the API (AWS: service authorization reference; for the public registry what Docker's requests stand for)
PERMISSIONS_ALONE = {
    "ecr": ("BatchImportUpstreamImage", "GetImageCopyStatus", "ReplicateImage"),
    "ecr-public": ("BatchGetImage", "GetDownloadUrlForLayer", "ListImageReferrers"),
}


@cache
def actions(service: str) -> frozenset[str]:
    """What a policy of ``ecr`` or ``ecr-public`` can name: ``ecr:PutImage``, built here or not."""
    return frozenset(f"{service}:{name}" for name in (*contract.model(service).operation_names, *PERMISSIONS_ALONE[service]))


def _actions_of(registry: Registry) -> frozenset[str]:
    return actions("ecr-public" if registry.is_public else "ecr")


def set_repository_policy(registry: Registry, principal: Principal, asked: Parameters) -> Answer:
    """Keeps the policy. That its author isn't locked out by it without ``force``, ``gateway.perform`` sees to."""
    row = repositories.find(registry, asked["repositoryName"])
    return _named(registry, row["name"]) | {"policyText": policies.set(registry, row, asked["policyText"], _actions_of(registry))}


def get_repository_policy(registry: Registry, principal: Principal, asked: Parameters) -> Answer:
    row = repositories.find(registry, asked["repositoryName"])
    return _named(registry, row["name"]) | {"policyText": policies.of(registry, row)}


def delete_repository_policy(registry: Registry, principal: Principal, asked: Parameters) -> Answer:
    row = repositories.find(registry, asked["repositoryName"])
    return _named(registry, row["name"]) | {"policyText": policies.delete(registry, row)}


def _named(registry: Registry, name: str) -> Answer:
    return {"registryId": registry.account, "repositoryName": name}


def put_registry_policy(registry: Registry, principal: Principal, asked: Parameters) -> Answer:
    return {"registryId": registry.account, "policyText": registry_policy.put(registry, asked["policyText"], _actions_of(registry))}


def get_registry_policy(registry: Registry, principal: Principal, asked: Parameters) -> Answer:
    return {"registryId": registry.account, "policyText": registry_policy.of(registry)}


def delete_registry_policy(registry: Registry, principal: Principal, asked: Parameters) -> Answer:
    return {"registryId": registry.account, "policyText": registry_policy.delete(registry)}


def get_account_setting(registry: Registry, principal: Principal, asked: Parameters) -> Answer:
    return {"name": asked["name"], "value": account_settings.get(registry, asked["name"])}


def put_account_setting(registry: Registry, principal: Principal, asked: Parameters) -> Answer:
    account_settings.put(registry, asked["name"], asked["value"])
    return {"name": asked["name"], "value": asked["value"]}


OF_REPOSITORIES = {
    "DeleteRepositoryPolicy": delete_repository_policy,
    "GetRepositoryPolicy": get_repository_policy,
    "SetRepositoryPolicy": set_repository_policy,
}
OF_PRIVATE_REGISTRIES = {
    "DeleteRegistryPolicy": delete_registry_policy,
    "GetAccountSetting": get_account_setting,
    "GetRegistryPolicy": get_registry_policy,
    "PutAccountSetting": put_account_setting,
    "PutRegistryPolicy": put_registry_policy,
}
