"""The policies that AWS manages, as far as the course names them, from moto's copy of AWS's documents."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

NAMES = (
    "AdministratorAccess", "ReadOnlyAccess", "PowerUserAccess", "IAMFullAccess", "IAMReadOnlyAccess", "IAMUserChangePassword",
    "AmazonEC2ContainerRegistryPullOnly", "AmazonEC2ContainerRegistryReadOnly", "AmazonEC2ContainerRegistryPowerUser",
    "AmazonEC2ContainerRegistryFullAccess", "AmazonElasticContainerRegistryPublicReadOnly", "AmazonElasticContainerRegistryPublicPowerUser",
    "AmazonElasticContainerRegistryPublicFullAccess", "AmazonECSTaskExecutionRolePolicy", "AmazonEKSFargatePodExecutionRolePolicy",
    "AmazonEC2ContainerServiceforEC2Role", "ECRReplicationServiceRolePolicy", "AWSECRPullThroughCache_ServiceRolePolicy", "ECRTemplateServiceRolePolicy",
    "CloudWatchFullAccess", "CloudWatchReadOnlyAccess", "CloudWatchLogsFullAccess", "CloudWatchLogsReadOnlyAccess", "AWSCloudTrail_ReadOnlyAccess",
    "AmazonEventBridgeFullAccess", "AmazonEventBridgeReadOnlyAccess", "AmazonSQSFullAccess", "AmazonSQSReadOnlyAccess", "AmazonSNSFullAccess",
    "AmazonSNSReadOnlyAccess", "SecretsManagerReadWrite",
)  # fmt: skip


@cache
def documents() -> dict[str, dict[str, Any]]:
    """Name → moto's data of a policy."""
    from moto.iam.aws_managed_policies import aws_managed_policies_data

    every = json.loads(aws_managed_policies_data)
    return {name: every[name] for name in NAMES if name in every}


def of_account(account: str) -> list[Any]:
    """moto's objects of them for an account."""
    from moto.iam.models import AWSManagedPolicy

    return [AWSManagedPolicy.from_data(name, account, "aws", data) for name, data in documents().items()]
