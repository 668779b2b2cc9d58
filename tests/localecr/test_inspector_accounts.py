"""Who has Amazon Inspector, how that goes together with a registry's scan type, and how long images are looked at. AWS: Enable, Disable,
"Activating a scan type", "Configuring the Amazon ECR re-scan duration"."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

from awsapi import refused
from examined import OPENSSL
from grants import allow, denied

OFF = dict.fromkeys(("ec2", "lambda", "lambdaCode", "codeRepository"), "DISABLED")
EVERYTHING = [{"scanFrequency": "CONTINUOUS_SCAN", "repositoryFilters": [{"filter": "*", "filterType": "WILDCARD"}]}]
ELSEWHERE = "999900001111"


@pytest.fixture
def account(free_repository):
    """An account in which nothing was ever set."""
    return str(int(free_repository[-8:], 16) + 700_000_000_000)


@pytest.fixture
def own(aws, account):
    """The account's Inspector."""
    return aws("inspector2", account)


@pytest.fixture
def registry(aws, account):
    return aws("ecr", account)


def scan_type(registry):
    return registry.get_registry_scanning_configuration()["scanningConfiguration"]


def state(own):
    (account,) = own.batch_get_account_status()["accounts"]
    return account["state"]["status"], {name: each["status"] for name, each in account["resourceState"].items()}


def test_nobody_has_inspector_until_it_is_enabled(own):
    assert state(own) == ("DISABLED", OFF | {"ecr": "DISABLED"})


def test_enabling_it_for_ecr_turns_on_enhanced_scanning_of_everything(own, registry, account):
    answer = own.enable(resourceTypes=["ECR"])
    assert answer["accounts"] == [{"accountId": account, "status": "ENABLED", "resourceStatus": OFF | {"ecr": "ENABLED"}}]
    assert answer["failedAccounts"] == []
    assert state(own) == ("ENABLED", OFF | {"ecr": "ENABLED"})
    assert scan_type(registry) == {"scanType": "ENHANCED", "rules": EVERYTHING}


def test_enabling_it_twice_changes_nothing(own, registry):
    own.enable(resourceTypes=["ECR"])
    registry.put_registry_scanning_configuration(scanType="ENHANCED", rules=[])
    assert own.enable(resourceTypes=["ECR"])["accounts"][0]["status"] == "ENABLED"
    assert scan_type(registry) == {"scanType": "ENHANCED", "rules": []}


def test_disabling_it_puts_the_registry_back_to_basic_scanning(own, registry, account):
    own.enable(resourceTypes=["ECR"])
    answer = own.disable(resourceTypes=["ECR"])
    assert answer["accounts"] == [{"accountId": account, "status": "DISABLED", "resourceStatus": OFF | {"ecr": "DISABLED"}}]
    assert state(own)[0] == "DISABLED"
    assert scan_type(registry) == {"scanType": "BASIC", "rules": []}


@pytest.mark.parametrize("types", [{}, {"resourceTypes": []}, {"resourceTypes": ["EC2", "ECR"]}])
def test_disabling_everything_disables_ecr(own, types):
    own.enable(resourceTypes=["ECR"])
    own.disable(**types)
    assert state(own)[0] == "DISABLED"


def test_disabling_something_else_leaves_ecr(own, registry):
    own.enable(resourceTypes=["ECR"])
    assert own.disable(resourceTypes=["EC2"])["accounts"][0]["resourceStatus"]["ecr"] == "ENABLED"
    assert scan_type(registry)["scanType"] == "ENHANCED"


def test_disabling_what_was_never_enabled_leaves_the_registrys_rules(own, registry):
    rules = [{"scanFrequency": "SCAN_ON_PUSH", "repositoryFilters": [{"filter": "web", "filterType": "WILDCARD"}]}]
    registry.put_registry_scanning_configuration(scanType="BASIC", rules=rules)
    own.disable(resourceTypes=["ECR"])
    assert scan_type(registry) == {"scanType": "BASIC", "rules": rules}


def test_the_registrys_scan_type_enables_and_disables_it(own, registry):
    registry.put_registry_scanning_configuration(scanType="ENHANCED", rules=EVERYTHING)
    assert state(own)[0] == "ENABLED"
    registry.put_registry_scanning_configuration(scanType="BASIC", rules=[])
    assert state(own)[0] == "DISABLED"


@pytest.mark.parametrize("types", [["EC2"], ["ECR", "LAMBDA"], ["LAMBDA_CODE"], ["CODE_REPOSITORY"]])
def test_what_is_no_container_image_is_not_scanned_and_nothing_is_half_enabled(own, registry, types):
    with pytest.raises(ClientError) as said:
        own.enable(resourceTypes=types)
    assert said.value.response["Error"]["Code"] == "NotImplemented"
    assert (set(types) - {"ECR"}).pop() in said.value.response["Error"]["Message"]
    assert state(own)[0] == "DISABLED"
    assert scan_type(registry)["scanType"] == "BASIC"


def test_it_is_enabled_by_region(own, aws, account):
    own.enable(resourceTypes=["ECR"])
    assert state(aws("inspector2", account, "eu-west-1"))[0] == "DISABLED"


@pytest.mark.parametrize("operation", ["enable", "disable"])
def test_another_account_is_not_yours_to_switch(own, aws, account, operation):
    answer = getattr(own, operation)(accountIds=[account, ELSEWHERE], resourceTypes=["ECR"])
    assert [each["accountId"] for each in answer["accounts"]] == [account]
    (failed,) = answer["failedAccounts"]
    assert (failed["accountId"], failed["errorCode"]) == (ELSEWHERE, "ACCESS_DENIED")
    assert state(aws("inspector2", ELSEWHERE))[0] == "DISABLED"


def test_another_accounts_state_is_not_told(own, account):
    answer = own.batch_get_account_status(accountIds=[ELSEWHERE])
    assert (answer["accounts"], answer["failedAccounts"][0]["errorCode"]) == ([], "ACCESS_DENIED")


def test_disabling_closes_findings_for_a_day_and_enabling_it_again_brings_them_back(inspected, later):
    pushed = inspected.push()
    first = inspected.finds(pushed, OPENSSL)["CVE-2024-6119"]
    inspected.inspector.disable(resourceTypes=["ECR"])
    assert inspected.statuses() == {"CVE-2024-6119": "CLOSED"}
    later(hours=23)
    inspected.ecr.put_registry_scanning_configuration(scanType="ENHANCED", rules=[])
    (again,) = inspected.findings().values()
    assert (again["status"], again["findingArn"], again["firstObservedAt"]) == ("ACTIVE", first["findingArn"], first["firstObservedAt"])
    assert inspected.shown_by_ecr(pushed)


def test_a_day_after_it_was_disabled_findings_are_gone(inspected, later):
    inspected.finds(inspected.push(), OPENSSL)
    inspected.inspector.disable()
    later(days=1)
    assert inspected.statuses() == {}
    inspected.ecr.put_registry_scanning_configuration(scanType="ENHANCED", rules=[])  # of no repository, so that nothing is looked at anew
    assert inspected.statuses() == {}


def test_a_finding_that_was_closed_before_is_gone_by_then_too(inspected, later):
    pushed = inspected.push()
    inspected.finds(pushed, OPENSSL)
    inspected.ecr.batch_delete_image(repositoryName=inspected.name, imageIds=[{"imageDigest": pushed}])
    inspected.inspector.disable()
    later(hours=23)
    assert inspected.statuses() == {"CVE-2024-6119": "CLOSED"}
    later(hours=1)
    assert inspected.statuses() == {}


def test_disabling_it_deletes_filters_and_settings_so_that_nothing_is_suppressed_afterwards(inspected):
    hidden = {"vulnerabilityId": [{"comparison": "EQUALS", "value": "CVE-2024-6119"}]}
    inspected.inspector.create_filter(name="hide", action="SUPPRESS", filterCriteria=hidden)
    inspected.inspector.update_configuration(ecrConfiguration={"rescanDuration": "DAYS_30"})
    assert {each["status"] for each in inspected.finds(inspected.push(), OPENSSL).values()} == {"SUPPRESSED"}
    inspected.inspector.disable(resourceTypes=["ECR"])
    assert inspected.inspector.list_filters()["filters"] == []
    assert inspected.inspector.get_configuration()["ecrConfiguration"]["rescanDurationState"]["rescanDuration"] == "LIFETIME"
    inspected.ecr.put_registry_scanning_configuration(scanType="ENHANCED", rules=[])
    assert inspected.statuses() == {"CVE-2024-6119": "ACTIVE"}


def test_a_registry_that_goes_over_to_basic_scanning_and_back_keeps_its_filters(inspected):
    inspected.inspector.create_filter(name="hide", action="SUPPRESS", filterCriteria={"severity": [{"comparison": "EQUALS", "value": "HIGH"}]})
    inspected.finds(inspected.push(), OPENSSL)
    for scan_type in ("BASIC", "ENHANCED"):
        inspected.ecr.put_registry_scanning_configuration(scanType=scan_type, rules=[])
    assert inspected.statuses() == {"CVE-2024-6119": "SUPPRESSED"}


@pytest.mark.parametrize("types", [["EC2"], ["ECR"]])
def test_disabling_what_is_not_enabled_leaves_filters(own, types):
    own.create_filter(name="kept", action="NONE", filterCriteria={})
    own.disable(resourceTypes=types)
    assert [each["name"] for each in own.list_filters()["filters"]] == ["kept"]


# --- permissions of an account and configuration -----------------------------------------------------------------------------------------


def test_an_account_of_no_organization_may_set_everything_itself(own):
    told = own.list_account_permissions()["permissions"]
    assert told == [
        {"service": "ECR", "operation": each} for each in ("ENABLE_SCANNING", "DISABLE_SCANNING", "ENABLE_REPOSITORY", "DISABLE_REPOSITORY")
    ]
    assert own.list_account_permissions(service="EC2")["permissions"] == []
    pages = own.get_paginator("list_account_permissions").paginate(PaginationConfig={"PageSize": 3})
    assert [len(page["permissions"]) for page in pages] == [3, 1]


def test_images_are_looked_at_for_their_lifetime_until_something_else_is_set(own):
    assert own.get_configuration()["ecrConfiguration"] == {"rescanDurationState": {"rescanDuration": "LIFETIME", "status": "SUCCESS"}}


def test_the_rescan_duration_is_kept_and_told_back(own, door):
    own.update_configuration(ecrConfiguration={"rescanDuration": "DAYS_30", "pullDateRescanDuration": "DAYS_90", "pullDateRescanMode": "LAST_PULL_DATE"})
    assert own.get_configuration()["ecrConfiguration"]["rescanDurationState"] == {
        "rescanDuration": "DAYS_30", "pullDateRescanDuration": "DAYS_90", "pullDateRescanMode": "LAST_PULL_DATE", "status": "SUCCESS",
        "updatedAt": door.clock(),
    }  # fmt: skip
    own.update_configuration(ecrConfiguration={"rescanDuration": "DAYS_14"})
    state = own.get_configuration()["ecrConfiguration"]["rescanDurationState"]
    assert (state["rescanDuration"], state["pullDateRescanDuration"]) == ("DAYS_14", "DAYS_90")


def test_the_rescan_duration_can_be_set_before_inspector_is_enabled_and_enables_nothing(own):
    own.update_configuration(ecrConfiguration={"rescanDuration": "DAYS_60"})
    assert state(own)[0] == "DISABLED"
    own.enable(resourceTypes=["ECR"])
    assert own.get_configuration()["ecrConfiguration"]["rescanDurationState"]["rescanDuration"] == "DAYS_60"


def test_a_duration_that_there_is_not_is_refused(own):
    with refused("ValidationException"):
        own.update_configuration(ecrConfiguration={"rescanDuration": "DAYS_31"})


def test_only_an_organizations_administrator_names_an_account(own, account):
    with refused("AccessDeniedException"):
        own.update_configuration(accountId=account, ecrConfiguration={"rescanDuration": "DAYS_30"})


def test_configuration_of_other_scans_is_not_built(own):
    with refused("NotImplemented"):
        own.update_configuration(ecrConfiguration={"rescanDuration": "DAYS_30"}, ec2Configuration={"scanMode": "EC2_HYBRID"})
    assert own.get_configuration()["ecrConfiguration"]["rescanDurationState"]["rescanDuration"] == "LIFETIME"


# --- who may, and what is written down ---------------------------------------------------------------------------------------------------


def test_what_is_not_allowed_is_refused_with_403(meet):
    nobody = meet()
    with pytest.raises(ClientError) as said:
        nobody.client("inspector2").list_findings()
    assert said.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    assert said.value.response["Error"] == {"Code": "AccessDeniedException", "Message": denied(nobody.arn, "inspector2:ListFindings", "arn:aws:inspector2:us-east-1:111122223333:/findings/list")}
    nobody.may(allow("inspector2:List*"))
    nobody.client("inspector2").list_findings()


def test_a_refusal_of_what_has_no_resource_names_its_path(meet):
    nobody, tagged = meet(), "arn:aws:inspector2:us-east-1:111122223333:owner/111122223333/filter/0123456789abcdef"
    path = "arn:aws:inspector2:us-east-1:111122223333:/tags/" + tagged
    with refused("AccessDeniedException", denied(nobody.arn, "inspector2:ListTagsForResource", path)):
        nobody.client("inspector2").list_tags_for_resource(resourceArn=tagged)


def test_a_filter_is_a_resource_of_a_policy(meet, aws):
    mine = "arn:aws:inspector2:us-east-1:111122223333:owner/111122223333/filter/"
    somebody = meet(allow("inspector2:CreateFilter", f"{mine}*"))
    client = somebody.client("inspector2")
    arn = client.create_filter(name=somebody.arn.rpartition("/")[2][-20:], action="NONE", filterCriteria={})["arn"]
    assert arn.startswith(mine)
    with refused("AccessDeniedException", denied(somebody.arn, "inspector2:DeleteFilter", arn)):
        client.delete_filter(arn=arn)
    somebody.may(allow("inspector2:DeleteFilter", arn))
    client.delete_filter(arn=arn)


def test_calls_are_in_the_trail_and_those_that_read_say_so(own, aws, account):
    own.enable(resourceTypes=["ECR"])
    own.list_findings()
    own.search_vulnerabilities(filterCriteria={"vulnerabilityIds": ["CVE-2021-44228"]})
    ours = [{"AttributeKey": "EventSource", "AttributeValue": "inspector2.amazonaws.com"}]
    events = aws("cloudtrail", account).lookup_events(LookupAttributes=ours)["Events"]
    assert {each["EventName"]: each["ReadOnly"] for each in events} == {"Enable": "false", "ListFindings": "true", "SearchVulnerabilities": "true"}


def test_a_refusal_is_in_the_trail_with_its_code(meet, aws):
    nobody = meet()
    with refused("AccessDeniedException"):
        nobody.client("inspector2").list_coverage()
    events = aws("cloudtrail").lookup_events(LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "ListCoverage"}])["Events"]
    (record,) = [record for each in events if (record := json.loads(each["CloudTrailEvent"]))["userIdentity"]["arn"] == nobody.arn]
    assert (record["errorCode"], record["eventSource"]) == ("AccessDenied", "inspector2.amazonaws.com")
    assert record["errorMessage"] == denied(nobody.arn, "inspector2:ListCoverage", "arn:aws:inspector2:us-east-1:111122223333:/coverage/list")


@pytest.mark.parametrize("operation", ["list_members", "list_usage_totals", "create_findings_report", "get_delegated_admin_account"])
def test_what_is_not_built_says_so(own, operation):
    destination = {"reportFormat": "JSON", "s3Destination": {"bucketName": "b", "kmsKeyArn": "k"}} if operation == "create_findings_report" else {}
    with pytest.raises(ClientError) as said:
        getattr(own, operation)(**destination)
    assert said.value.response["Error"]["Code"] == "NotImplemented"
    assert said.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501
