"""A finding as it is told: by Inspector's ListFindings, by ECR's DescribeImageScanFindings, and in an event. The three differ in names."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from localecr.clock import as_datetime
from localecr.inspector.finding import Finding
from localecr.records import MONTHS

Document = dict[str, Any]
IMAGE = "AWS_ECR_CONTAINER_IMAGE"
# members of a finding that ECR's model doesn't have, or calls otherwise
NOT_IN_ECR = ("inspectorScore", "inspectorScoreDetails", "exploitabilityDetails")
# what an image's members are called where they are told of an image of any cloud (AWS: Amazon EventBridge event schema for Amazon Inspector events)
OF_ANY_CLOUD = {"imageHash": "imageDigest"}
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def of_inspector(finding: Finding) -> Document:
    """The model's Finding of inspector2; times in seconds since 1970."""
    resource = _resource(finding)
    resource["details"]["image"] = {OF_ANY_CLOUD.get(name, name): value for name, value in finding.image.items()}
    where = {"partition": "aws", "provider": "AWS", "providerAccountId": finding.account, "region": finding.region}
    return _common(finding) | {"resources": [resource | where]}


def of_ecr(finding: Finding) -> Document:
    """The model's EnhancedImageScanFinding of ecr; times in seconds since 1970."""
    told = {name: value for name, value in _common(finding).items() if name not in NOT_IN_ECR}
    vulnerability = finding.details["packageVulnerabilityDetails"]
    packages = [{name: value for name, value in each.items() if name != "remediation"} for each in vulnerability["vulnerablePackages"]]
    told["packageVulnerabilityDetails"] = vulnerability | {"vulnerablePackages": packages}
    told["resources"] = [_resource(finding) | {"tags": {}}]
    told["score"] = finding.details.get("inspectorScore", 0.0)  # of one that nobody scored too
    scored = finding.details.get("inspectorScoreDetails")
    if scored:
        cvss = {name: value for name, value in scored["adjustedCvss"].items() if name != "cvssSource"}
        told["scoreDetails"] = {"cvss": cvss}
    return told


def of_event(finding: Finding) -> Document:
    """What an event says of it, in the order of AWS's samples; times in words: ``Wed Sep 04 16:55:38.411 UTC 2024``."""
    return _in_words(of_inspector(finding))


def _common(finding: Finding) -> Document:
    return finding.details | {
        "findingArn": finding.arn,
        "awsAccountId": finding.account,
        "status": finding.status,
        "firstObservedAt": finding.first_observed_at,
        "lastObservedAt": finding.last_observed_at,
        "updatedAt": finding.updated_at,
    }


def _resource(finding: Finding) -> Document:
    return {"type": IMAGE, "id": finding.resource, "details": {"awsEcrContainerImage": finding.image}}


def _in_words(value: Any, name: str = "") -> Any:
    if isinstance(value, dict):
        return {key: _in_words(value[key], key) for key in sorted(value)}
    if isinstance(value, list):
        return [_in_words(each) for each in value]
    return _moment(as_datetime(value)) if name.endswith("At") else value


def _moment(value: datetime) -> str:
    return f"{DAYS[value.weekday()]} {MONTHS[value.month - 1]} {value:%d %H:%M:%S}.{value.microsecond // 1000:03d} UTC {value.year}"
