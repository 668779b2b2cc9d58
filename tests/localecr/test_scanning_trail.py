"""The operations of scanning in the audit trail, and across accounts. AWS: CloudTrail record contents; repository policies."""

from __future__ import annotations

import pytest

from awsapi import push, refused
from grants import policy, repository_arn, to
from stand_in import holding, system
from test_ledger import written
from test_scanning_basic import QUOTA, findings, status
from test_scanning_configuration import ON_PUSH, rule

OWNER, PARTNER = "111122223333", "444455556666"


@pytest.fixture
def records(lab_state):
    """`records(operation, account)`: what the trail of an account says of an operation, the last of it."""
    return lambda operation, account=OWNER: [each for each in written(lab_state, account) if each["eventName"] == operation][-1]


@pytest.fixture
def pushed(ecr, name, scanner):
    return push(ecr, name, holding(name, system("bash")), "1")


def test_a_scan_that_is_started_is_a_change_of_its_repository(ecr, name, pushed, records, scanned):
    ecr.start_image_scan(repositoryName=name, imageId={"imageTag": "1"})
    scanned()
    record = records("StartImageScan")
    assert record["readOnly"] is False
    assert record["requestParameters"] == {"repositoryName": name, "imageId": {"imageTag": "1"}}
    assert record["responseElements"] == {
        "registryId": OWNER,
        "repositoryName": name,
        "imageId": {"imageDigest": pushed.digest, "imageTag": "1"},
        "imageScanStatus": {"status": "IN_PROGRESS"},
    }
    assert record["resources"] == [{"ARN": repository_arn(name), "accountId": OWNER}]


def test_a_scan_too_many_is_recorded_with_its_refusal(ecr, name, pushed, records, scanned):
    ecr.start_image_scan(repositoryName=name, imageId={"imageTag": "1"})
    with refused("LimitExceededException", QUOTA):
        ecr.start_image_scan(repositoryName=name, imageId={"imageTag": "1"})
    scanned()
    record = records("StartImageScan")
    assert (record["errorCode"], record["errorMessage"], record["responseElements"]) == ("LimitExceededException", QUOTA, None)


@pytest.mark.parametrize(
    ("operation", "asked"),
    [
        ("DescribeImageScanFindings", {"imageId": {"imageTag": "1"}}),
        ("BatchGetRepositoryScanningConfiguration", None),
        ("GetRegistryScanningConfiguration", {}),
    ],
)
def test_what_only_reads_is_recorded_as_such_and_without_an_answer(ecr, name, pushed, records, scanned, operation, asked):
    ecr.start_image_scan(repositoryName=name, imageId={"imageTag": "1"})
    scanned()
    if operation == "DescribeImageScanFindings":
        findings(ecr, name)
    elif operation == "GetRegistryScanningConfiguration":
        ecr.get_registry_scanning_configuration()
    else:
        ecr.batch_get_repository_scanning_configuration(repositoryNames=[name])
    record = records(operation)
    assert (record["readOnly"], record["responseElements"]) == (True, None)


def test_a_registrys_setting_is_recorded_in_full(aws, free_repository, records):
    account, rules = str(int(free_repository[-8:], 16) + 650_000_000_000), [rule(ON_PUSH, "prod*")]
    aws("ecr", account).put_registry_scanning_configuration(scanType="BASIC", rules=rules)
    record = records("PutRegistryScanningConfiguration", account)
    assert record["readOnly"] is False
    assert record["requestParameters"] == {"scanType": "BASIC", "rules": rules}
    assert record["responseElements"] == {"registryScanningConfiguration": {"scanType": "BASIC", "rules": rules}}
    assert "resources" not in record


def test_another_account_scans_and_reads_where_the_repositorys_policy_lets_it(aws, ecr, name, pushed, scanned, records):
    partner = aws("ecr", PARTNER)
    with refused("AccessDeniedException"):
        partner.start_image_scan(registryId=OWNER, repositoryName=name, imageId={"imageTag": "1"})
    ecr.set_repository_policy(repositoryName=name, policyText=policy(to(PARTNER, ["ecr:StartImageScan", "ecr:DescribeImageScanFindings"])))
    partner.start_image_scan(registryId=OWNER, repositoryName=name, imageId={"imageTag": "1"})
    scanned()
    told = partner.describe_image_scan_findings(registryId=OWNER, repositoryName=name, imageId={"imageTag": "1"})
    assert (told["registryId"], told["imageScanStatus"]["status"]) == (OWNER, "COMPLETE")
    assert status(ecr, name) == "COMPLETE"
    assert records("StartImageScan", PARTNER)["sharedEventID"] == records("StartImageScan", OWNER)["sharedEventID"]
