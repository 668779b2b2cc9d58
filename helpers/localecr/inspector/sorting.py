"""SortCriteria: by what findings are sorted. AWS: Inspector API, SortCriteria. Without one the worst come first; AWS documents no order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from localecr.inspector.criteria import Told
from localecr.inspector.findings import SEVERITIES
from localecr.inspector.pages import Key


def key(field: str | None) -> Callable[[Told], Key]:
    """The sort key of a finding as it is told; what a finding doesn't have comes before everything else. Its ARN makes it the only one."""
    of = FIELDS.get(field, lambda told: "") if field else _worst_first
    return lambda told: [*_level(of(told)), told["findingArn"]]


def _level(value: Any) -> Key:
    return [0, ""] if value is None else [1, value]


def _worst_first(told: Told) -> list[Any]:
    return [SEVERITIES.index(told["severity"]), -told.get("inspectorScore", 0.0), told["packageVulnerabilityDetails"]["vulnerabilityId"]]


def _image(name: str) -> Callable[[Told], Any]:
    return lambda told: told["resources"][0]["details"]["awsEcrContainerImage"].get(name)


FIELDS: dict[str, Callable[[Told], Any]] = {
    "AWS_ACCOUNT_ID": lambda told: told["awsAccountId"],
    "FINDING_TYPE": lambda told: told["type"],
    "SEVERITY": lambda told: -SEVERITIES.index(told["severity"]),  # ascending from the least
    "FIRST_OBSERVED_AT": lambda told: told["firstObservedAt"],
    "LAST_OBSERVED_AT": lambda told: told["lastObservedAt"],
    "FINDING_STATUS": lambda told: told["status"],
    "RESOURCE_TYPE": lambda told: told["resources"][0]["type"],
    "ECR_IMAGE_PUSHED_AT": _image("pushedAt"),
    "ECR_IMAGE_REPOSITORY_NAME": _image("repositoryName"),
    "ECR_IMAGE_REGISTRY": _image("registry"),
    "VULNERABILITY_ID": lambda told: told["packageVulnerabilityDetails"]["vulnerabilityId"],
    "VULNERABILITY_SOURCE": lambda told: told["packageVulnerabilityDetails"]["source"],
    "INSPECTOR_SCORE": lambda told: told.get("inspectorScore"),
    "VENDOR_SEVERITY": lambda told: told["packageVulnerabilityDetails"].get("vendorSeverity"),
}
