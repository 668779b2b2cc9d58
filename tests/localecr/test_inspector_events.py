"""What Amazon Inspector announces on EventBridge. AWS: "Amazon EventBridge event schema for Amazon Inspector events"; "EventBridge events sent for
enhanced scanning in Amazon ECR", whose form of dates this is."""

from __future__ import annotations

import re

import pytest

from examined import BASE, FLASK, KRB5, OPENSSL, REGION, ZLIB
from listening import Ear
from localecr.scanner.model import Match

DATE = re.compile(r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun) (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d\d \d\d:\d\d:\d\d\.\d{3} UTC \d{4}")


@pytest.fixture
def ear(aws, inspected):
    made = Ear(aws, inspected.account)
    made.rule({"source": ["aws.inspector2"]})
    yield made
    made.close()


def told(events, detail_type="Inspector2 Finding"):
    """(vulnerability, status) of each finding that was announced."""
    details = [each["detail"] for each in events if each["detail-type"] == detail_type]
    return [(each["packageVulnerabilityDetails"]["vulnerabilityId"], each["status"]) for each in details]


def in_words(moment):
    return f"{moment:%a %b %d %H:%M:%S}.{moment:%f}"[:-3] + f" UTC {moment.year}"


def test_a_new_finding_is_announced_field_by_field(inspected, ear, door):
    pushed = inspected.push()
    finding = inspected.finds(pushed, OPENSSL)["CVE-2024-6119"]
    event = ear.heard()[0]
    arn = f"arn:aws:ecr:us-east-1:{inspected.account}:repository/{inspected.name}/{pushed}"
    assert (event["detail-type"], event["source"], event["account"], event["region"]) == ("Inspector2 Finding", "aws.inspector2", inspected.account, REGION)
    assert event["resources"] == [arn]
    detail, now = event["detail"], in_words(door.clock())
    assert list(detail) == sorted(detail)
    assert detail == {
        "awsAccountId": inspected.account,
        "description": "What CVE-2024-6119 is.",
        "exploitAvailable": "NO",
        "findingArn": finding["findingArn"],
        "firstObservedAt": now,
        "fixAvailable": "YES",
        "inspectorScore": 7.5,
        "inspectorScoreDetails": finding["inspectorScoreDetails"],
        "lastObservedAt": now,
        "packageVulnerabilityDetails": finding["packageVulnerabilityDetails"] | {
            "vendorCreatedAt": "Sat Mar 01 00:00:00.000 UTC 2025", "vendorUpdatedAt": "Tue Apr 01 12:00:00.000 UTC 2025",
        },
        "remediation": finding["remediation"],
        "resources": [
            {
                "details": {name: image | {"pushedAt": now} for name, image in finding["resources"][0]["details"].items()},
                "id": arn, "partition": "aws", "provider": "AWS", "providerAccountId": inspected.account, "region": REGION,
                "type": "AWS_ECR_CONTAINER_IMAGE",
            }
        ],
        "severity": "HIGH",
        "status": "ACTIVE",
        "title": "CVE-2024-6119 - libssl3",
        "type": "PACKAGE_VULNERABILITY",
        "updatedAt": now,
    }  # fmt: skip
    assert detail["packageVulnerabilityDetails"]["vulnerablePackages"][0]["sourceLayerHash"] == BASE
    assert all(DATE.fullmatch(detail[name]) for name in ("firstObservedAt", "lastObservedAt", "updatedAt"))


def test_the_first_scan_of_an_image_is_announced_after_its_findings_and_counts_them(inspected, ear):
    pushed = inspected.push()
    inspected.finds(pushed, OPENSSL, FLASK, ZLIB, KRB5)
    events, arn = ear.heard(), f"arn:aws:ecr:us-east-1:{inspected.account}:repository/{inspected.name}"
    assert [each["detail-type"] for each in events] == ["Inspector2 Finding"] * 4 + ["Inspector2 Scan"]
    assert events[-1]["resources"] == [arn]
    assert events[-1]["detail"] == {
        "scan-status": "INITIAL_SCAN_COMPLETE",
        "repository-name": arn,
        "finding-severity-counts": {"CRITICAL": 1, "HIGH": 1, "MEDIUM": 1, "TOTAL": 4},
        "image-digest": pushed,
        "image-tags": ["1.0"],
        "version": "1.0",
    }


def test_an_image_without_findings_has_its_first_scan_announced_with_zeros(inspected, ear):
    inspected.finds(inspected.push())
    (event,) = ear.heard()
    assert event["detail"]["finding-severity-counts"] == {"CRITICAL": 0, "HIGH": 0, "MEDIUM": 0, "TOTAL": 0}


def test_a_later_scan_is_announced_by_what_changed_alone(inspected, ear):
    pushed = inspected.push()
    inspected.finds(pushed, OPENSSL, ZLIB)
    ear.heard()
    inspected.finds(pushed, OPENSSL, ZLIB)
    assert ear.heard() == []
    inspected.finds(pushed, Match(OPENSSL.package, OPENSSL.vulnerability, None), FLASK)
    events = ear.heard()
    assert told(events) == [("CVE-2023-45853", "CLOSED"), ("CVE-2024-6119", "ACTIVE"), ("CVE-2023-30861", "ACTIVE")]
    assert len(events) == 3


def test_what_is_deleted_has_its_findings_closed_and_announced(inspected, ear):
    pushed = inspected.push()
    inspected.finds(pushed, OPENSSL)
    ear.heard()
    inspected.ecr.batch_delete_image(repositoryName=inspected.name, imageIds=[{"imageDigest": pushed}])
    events = ear.heard()
    assert told(events) == [("CVE-2024-6119", "CLOSED")]
    assert events[0]["detail"]["resources"][0]["details"]["awsEcrContainerImage"]["imageTags"] == ["1.0"]


def test_suppressing_and_bringing_back_is_announced(inspected, ear):
    inspected.finds(inspected.push(), OPENSSL, ZLIB)
    ear.heard()
    hide = {"vulnerabilityId": [{"comparison": "EQUALS", "value": "CVE-2024-6119"}]}
    arn = inspected.inspector.create_filter(name="hide", action="SUPPRESS", filterCriteria=hide)["arn"]
    assert told(ear.heard()) == [("CVE-2024-6119", "SUPPRESSED")]
    inspected.inspector.delete_filter(arn=arn)
    assert told(ear.heard()) == [("CVE-2024-6119", "ACTIVE")]


def test_a_finding_that_is_suppressed_from_the_first_says_so_and_is_not_counted(inspected, ear):
    inspected.inspector.create_filter(name="hide", action="SUPPRESS", filterCriteria={})
    inspected.finds(inspected.push(), OPENSSL)
    events = ear.heard()
    assert told(events) == [("CVE-2024-6119", "SUPPRESSED")]
    assert events[-1]["detail"]["finding-severity-counts"]["TOTAL"] == 0


def test_disabling_inspector_is_announced_finding_by_finding(inspected, ear):
    inspected.finds(inspected.push(), OPENSSL, ZLIB)
    ear.heard()
    inspected.inspector.disable()
    assert told(ear.heard()) == [("CVE-2023-45853", "CLOSED"), ("CVE-2024-6119", "CLOSED")]


def test_a_rule_can_choose_critical_findings_of_a_repository(aws, inspected):
    ear = Ear(aws, inspected.account)
    pattern = {
        "source": ["aws.inspector2"], "detail-type": ["Inspector2 Finding"],
        "detail": {"severity": ["CRITICAL"], "status": ["ACTIVE"], "resources": {"details": {"awsEcrContainerImage": {"repositoryName": [inspected.name]}}}},
    }  # fmt: skip
    ear.rule(pattern)
    try:
        inspected.finds(inspected.push(), OPENSSL, ZLIB)
        assert told(ear.heard()) == [("CVE-2023-45853", "ACTIVE")]
    finally:
        ear.close()
