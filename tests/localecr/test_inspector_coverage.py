"""Which repositories and images Inspector looks at, and of the others why not. AWS: ListCoverage, ListCoverageStatistics, "Assessing Amazon
Inspector coverage of your AWS environment"."""

from __future__ import annotations

import pytest

from awsapi import push, refused
from localecr.scanner.model import Unscannable
from specimens import image, index
from stand_in import flaw, holding, system

EQUALS, NOT_EQUALS = "EQUALS", "NOT_EQUALS"


def rule(frequency, wildcard):
    return {"scanFrequency": frequency, "repositoryFilters": [{"filter": wildcard, "filterType": "WILDCARD"}]}


class Account:
    """An account of a test's own whose repositories are scanned: `…/all` continuously, `…/once` on push, `…/never` not at all."""

    def __init__(self, aws, name):
        self.account = str(int(name[-8:], 16) + 650_000_000_000)
        self.ecr, self.inspector = aws("ecr", self.account), aws("inspector2", self.account)
        self.names = {each: f"{name}/{each}" for each in ("all", "once", "never")}
        for each in self.names.values():
            self.ecr.create_repository(repositoryName=each)
        self.ecr.put_registry_scanning_configuration(scanType="ENHANCED", rules=[rule("CONTINUOUS_SCAN", "*/all"), rule("SCAN_ON_PUSH", "*/once")])

    def push(self, where, specimen=None, tag="1.0"):
        return push(self.ecr, self.names[where], specimen or holding(f"{self.names[where]} {tag}", system("bash")), tag).digest

    def arn(self, where, digest=None):
        arn = f"arn:aws:ecr:us-east-1:{self.account}:repository/{self.names[where]}"
        return f"{arn}/{digest}" if digest else arn

    def covered(self, **criteria):
        """By ARN; criteria as (comparison, value)."""
        asked = {name: [{"comparison": each[0], "value": each[1]}] if isinstance(each, tuple) else each for name, each in criteria.items()}
        listed = self.inspector.list_coverage(filterCriteria=asked)["coveredResources"]
        return {each["resourceId"]: each for each in listed}

    def status(self, resource):
        told = self.covered()[resource]["scanStatus"]
        return told["statusCode"], told["reason"]

    def counts(self, by, **criteria):
        answer = self.inspector.list_coverage_statistics(groupBy=by, **criteria)
        return {each["groupKey"]: each["count"] for each in answer.get("countsByGroup", [])}, answer["totalCounts"]


@pytest.fixture
def account(aws, free_repository, scanner, scanned):
    made = Account(aws, free_repository)
    yield made
    made.ecr.put_registry_scanning_configuration(scanType="BASIC", rules=[])
    scanned()


def test_repositories_say_how_often_they_are_scanned(account):
    about = {each: account.covered()[account.arn(each)] for each in account.names}
    assert about["all"] == {
        "resourceType": "AWS_ECR_REPOSITORY", "resourceId": account.arn("all"), "accountId": account.account, "scanType": "PACKAGE",
        "scanStatus": {"statusCode": "ACTIVE", "reason": "SUCCESSFUL"},
        "resourceMetadata": {"ecrRepository": {"name": account.names["all"], "scanFrequency": "CONTINUOUS_SCAN"}},
    }  # fmt: skip
    assert about["once"]["resourceMetadata"]["ecrRepository"]["scanFrequency"] == "SCAN_ON_PUSH"
    assert about["never"]["scanStatus"] == {"statusCode": "INACTIVE", "reason": "SCAN_FREQUENCY_MANUAL"}


def test_an_image_that_is_watched_says_when_it_was_scanned(account, scanned, door):
    digest = account.push("all")
    scanned()
    covered = account.covered()[account.arn("all", digest)]
    assert covered == {
        "resourceType": "AWS_ECR_CONTAINER_IMAGE", "resourceId": account.arn("all", digest), "accountId": account.account, "scanType": "PACKAGE",
        "scanStatus": {"statusCode": "ACTIVE", "reason": "SUCCESSFUL"}, "lastScannedAt": door.clock(),
        "resourceMetadata": {"ecrImage": {"tags": ["1.0"], "inUseCount": 0}},
    }  # fmt: skip


def test_an_image_that_was_pulled_says_when(account, at, scanned, later, door):
    digest = account.push("all")
    scanned()
    later(hours=1)
    account.ecr.batch_get_image(repositoryName=account.names["all"], imageIds=[{"imageTag": "1.0"}])
    assert account.covered()[account.arn("all", digest)]["resourceMetadata"]["ecrImage"]["imagePulledAt"] == door.clock()


def test_what_is_scanned_on_push_is_scanned_once(account, scanned):
    digest = account.push("once")
    scanned()
    assert account.status(account.arn("once", digest)) == ("ACTIVE", "SCAN_FREQUENCY_SCAN_ON_PUSH")


def test_what_no_rule_is_about_is_not_scanned(account, scanned):
    digest = account.push("never")
    scanned()
    assert account.status(account.arn("never", digest)) == ("INACTIVE", "SCAN_FREQUENCY_MANUAL")
    assert "lastScannedAt" not in account.covered()[account.arn("never", digest)]


def test_a_scan_that_waits_is_pending_and_one_that_runs_in_progress(account, scanner, scanned):
    with scanner.held():
        running = account.push("all", tag="first")
        assert scanner.began.wait(30)
        waiting = account.push("all", tag="second")
        assert account.status(account.arn("all", running)) == ("INACTIVE", "SCAN_IN_PROGRESS")
        assert account.status(account.arn("all", waiting)) == ("INACTIVE", "PENDING_INITIAL_SCAN")
    scanned()


@pytest.mark.parametrize(("status", "reason"), [("UNSUPPORTED_IMAGE", "UNSUPPORTED_OS"), ("FAILED", "INVALID_ARTIFACT")])
def test_a_scan_that_failed_says_why(account, scanner, scanned, status, reason):
    specimen = holding(account.names["all"], system("bash"))
    scanner.fails[specimen.digest] = Unscannable(status, "For this test.")
    digest = account.push("all", specimen)
    scanned()
    assert account.status(account.arn("all", digest)) == ("INACTIVE", reason)


def test_an_index_has_a_media_type_that_is_not_scanned(account, scanned):
    one = holding(account.names["all"], system("bash"))
    digest = account.push("all", index(one))
    scanned()
    assert account.status(account.arn("all", digest)) == ("INACTIVE", "UNSUPPORTED_MEDIA_TYPE")
    assert account.status(account.arn("all", one.digest)) == ("ACTIVE", "SUCCESSFUL")


def test_an_image_that_is_too_old_has_expired(account, scanned, later):
    account.inspector.update_configuration(ecrConfiguration={"rescanDuration": "DAYS_14"})
    digest = account.push("all")
    scanned()
    later(days=13)
    scanned()
    assert account.status(account.arn("all", digest)) == ("ACTIVE", "SUCCESSFUL")
    later(days=1)
    scanned()
    assert account.status(account.arn("all", digest)) == ("INACTIVE", "SCAN_ELIGIBILITY_EXPIRED")


@pytest.mark.parametrize(("mode", "status"), [("LAST_PULL_DATE", "ACTIVE"), ("LAST_IN_USE_AT", "INACTIVE")])
def test_a_pull_keeps_an_image_from_expiring_where_pulls_count(account, scanned, later, mode, status):
    account.inspector.update_configuration(
        ecrConfiguration={"rescanDuration": "DAYS_14", "pullDateRescanDuration": "DAYS_30", "pullDateRescanMode": mode}
    )
    pulled, left = account.push("all", tag="pulled"), account.push("all", tag="left")
    later(days=10)
    account.ecr.batch_get_image(repositoryName=account.names["all"], imageIds=[{"imageDigest": pulled}])
    later(days=20)
    scanned()
    assert account.status(account.arn("all", pulled))[0] == status
    assert account.status(account.arn("all", left)) == ("INACTIVE", "SCAN_ELIGIBILITY_EXPIRED")


def test_findings_of_an_image_that_expired_close(account, scanner, scanned, later):
    scanner.flaws = {"bash": [flaw("CVE-2019-18276")]}
    account.inspector.update_configuration(ecrConfiguration={"rescanDuration": "DAYS_14"})
    account.push("all")
    scanned()
    later(days=14)
    scanned()
    (finding,) = account.inspector.list_findings()["findings"]
    assert finding["status"] == "CLOSED"
    later(days=3)
    assert account.inspector.list_findings()["findings"] == []


def test_a_registry_without_inspector_has_no_coverage(account, scanned):
    account.push("all")
    scanned()
    account.inspector.disable()
    assert account.covered() == {}
    assert account.inspector.list_coverage_statistics()["totalCounts"] == 0


@pytest.mark.parametrize(
    ("criteria", "repositories", "images"),
    [
        ({}, {"all", "once", "never"}, {"all", "once", "never"}),
        ({"resourceType": (EQUALS, "AWS_ECR_REPOSITORY")}, {"all", "once", "never"}, set()),
        ({"resourceType": (NOT_EQUALS, "AWS_ECR_REPOSITORY")}, set(), {"all", "once", "never"}),
        ({"resourceType": (EQUALS, "AWS_EC2_INSTANCE")}, set(), set()),
        ({"scanStatusCode": (EQUALS, "ACTIVE")}, {"all", "once"}, {"all", "once"}),
        ({"scanStatusReason": (EQUALS, "SCAN_FREQUENCY_MANUAL")}, {"never"}, {"never"}),
        ({"scanType": (EQUALS, "NETWORK")}, set(), set()),
        ({"ecrImageTags": (EQUALS, "1.0")}, set(), {"all", "once", "never"}),
        ({"ecrImageTags": (EQUALS, "2.0")}, set(), set()),
        ({"ecrImageInUseCount": [{"lowerInclusive": 0, "upperInclusive": 0}]}, set(), {"all", "once", "never"}),
        ({"ec2InstanceTags": [{"comparison": "EQUALS", "key": "team"}]}, set(), set()),
        ({"lambdaFunctionName": (NOT_EQUALS, "x"), "scanStatusReason": (EQUALS, "SUCCESSFUL")}, {"all", "once"}, {"all"}),
    ],
)
def test_criteria_choose_resources(account, scanned, criteria, repositories, images):
    digests = {each: account.push(each) for each in account.names}
    scanned()
    expected = {account.arn(each) for each in repositories} | {account.arn(each, digests[each]) for each in images}
    assert set(account.covered(**criteria)) == expected


def test_criteria_choose_by_name_by_arn_and_by_date(account, scanned, later, door):
    digest = account.push("all")
    scanned()
    first = door.clock()
    both = {account.arn("all"), account.arn("all", digest)}
    assert set(account.covered(ecrRepositoryName=(EQUALS, account.names["all"]))) == both
    assert set(account.covered(resourceId=(EQUALS, account.arn("all", digest)))) == {account.arn("all", digest)}
    assert set(account.covered(lastScannedAt=[{"endInclusive": first}])) == {account.arn("all", digest)}
    assert account.covered(imagePulledAt=[{"endInclusive": first}]) == {}
    assert account.covered(accountId=(NOT_EQUALS, account.account)) == {}


def test_resources_come_in_pages(account, scanned):
    account.push("all")
    scanned()
    pages = account.inspector.get_paginator("list_coverage").paginate(PaginationConfig={"PageSize": 3})
    listed = [[each["resourceId"] for each in page["coveredResources"]] for page in pages]
    assert [len(each) for each in listed] == [3, 1]
    assert len({name for page in listed for name in page}) == 4


def test_resources_are_counted_by_group_the_most_first(account, scanned):
    for each in account.names:
        account.push(each)
    account.push("all", tag="2.0")
    scanned()
    assert account.counts("RESOURCE_TYPE") == ({"AWS_ECR_CONTAINER_IMAGE": 4, "AWS_ECR_REPOSITORY": 3}, 7)
    assert account.counts("SCAN_STATUS_CODE") == ({"ACTIVE": 5, "INACTIVE": 2}, 7)
    assert account.counts("ACCOUNT_ID") == ({account.account: 7}, 7)
    only = {"filterCriteria": {"resourceType": [{"comparison": "EQUALS", "value": "AWS_ECR_CONTAINER_IMAGE"}]}}
    assert account.counts("ECR_REPOSITORY_NAME", **only) == ({account.names["all"]: 2, account.names["once"]: 1, account.names["never"]: 1}, 4)
    assert account.inspector.list_coverage_statistics()["totalCounts"] == 7
    assert account.counts("PROVIDER_ORG_ID") == ({}, 0)


def test_groups_come_five_at_a_time(account):
    for number in range(6):
        account.ecr.create_repository(repositoryName=f"{account.names['all']}/{number}")
    first = account.inspector.list_coverage_statistics(groupBy="ECR_REPOSITORY_NAME")
    second = account.inspector.list_coverage_statistics(groupBy="ECR_REPOSITORY_NAME", nextToken=first["nextToken"])
    assert ([len(each["countsByGroup"]) for each in (first, second)], first["totalCounts"], "nextToken" in second) == ([5, 4], 9, False)


def test_a_page_has_at_most_two_hundred_resources(account):
    with refused("ValidationException"):
        account.inspector.list_coverage(maxResults=201)


def test_what_is_pushed_is_covered_in_the_next_moment(account, scanned):
    digest = push(account.ecr, account.names["all"], image("plain"), "1.0").digest
    assert account.arn("all", digest) in account.covered()
    scanned()
