"""Filters, and the suppression of what they match. AWS: "Suppressing Amazon Inspector findings", CreateFilter, UpdateFilter, ListFilters, DeleteFilter."""

from __future__ import annotations

import re
from datetime import datetime, timezone

import boto3
import pytest
from botocore.config import Config

from awsapi import refused
from examined import FLASK, OPENSSL, ZLIB, flaw, package
from localecr.inspector import filters
from localecr.scanner.model import Match

OPENSSL_ALONE = {"vulnerabilityId": [{"comparison": "EQUALS", "value": "CVE-2024-6119"}]}
EVERYTHING = {"findingType": [{"comparison": "EQUALS", "value": "PACKAGE_VULNERABILITY"}]}


@pytest.fixture
def pushed(inspected):
    digest = inspected.push()
    inspected.finds(digest, OPENSSL, ZLIB)
    return digest


@pytest.fixture
def suppress(inspected):
    """`suppress(criteria)`: a filter that suppresses what fits; its ARN."""

    def make(criteria, name="hide", **more):
        return inspected.inspector.create_filter(name=name, action="SUPPRESS", filterCriteria=criteria, **more)["arn"]

    return make


def test_a_filter_is_told_back_as_it_was_made(inspected, door):
    since = datetime(2025, 1, 1, 12, tzinfo=timezone.utc)
    criteria = {
        "severity": [{"comparison": "EQUALS", "value": "LOW"}, {"comparison": "EQUALS", "value": "INFORMATIONAL"}],
        "firstObservedAt": [{"startInclusive": since}],
        "inspectorScore": [{"upperInclusive": 3.9}],
    }
    said = {"name": "low", "action": "SUPPRESS", "description": "What nobody mends", "reason": "Agreed on in May"}
    arn = inspected.inspector.create_filter(filterCriteria=criteria, tags={"team": "shop"}, **said)["arn"]
    assert re.fullmatch(rf"arn:aws:inspector2:us-east-1:{inspected.account}:owner/{inspected.account}/filter/[0-9a-f]{{16}}", arn)
    assert inspected.inspector.list_filters()["filters"] == [
        said | {
            "arn": arn, "ownerId": inspected.account, "criteria": criteria, "createdAt": door.clock(), "updatedAt": door.clock(), "tags": {"team": "shop"},
        }
    ]  # fmt: skip


def test_a_filter_that_suppresses_acts_on_what_is_there(inspected, pushed, suppress, later):
    before = inspected.findings()["CVE-2024-6119"]
    later(hours=1)
    suppress(OPENSSL_ALONE)
    assert inspected.statuses() == {"CVE-2024-6119": "SUPPRESSED", "CVE-2023-45853": "ACTIVE"}
    after = inspected.findings()["CVE-2024-6119"]
    assert after["updatedAt"] > before["updatedAt"]
    assert after["lastObservedAt"] == before["lastObservedAt"]
    assert [each["title"] for each in inspected.shown_by_ecr(pushed)] == ["CVE-2023-45853 - zlib1g"]


def test_a_filter_that_suppresses_acts_on_what_comes(inspected, suppress):
    suppress(OPENSSL_ALONE)
    inspected.finds(inspected.push(), OPENSSL, ZLIB)
    assert inspected.statuses() == {"CVE-2024-6119": "SUPPRESSED", "CVE-2023-45853": "ACTIVE"}


def test_a_filter_that_does_not_suppress_changes_nothing(inspected, pushed):
    inspected.inspector.create_filter(name="view", action="NONE", filterCriteria=EVERYTHING)
    assert set(inspected.statuses().values()) == {"ACTIVE"}


def test_deleting_a_filter_brings_back_what_it_alone_suppressed(inspected, pushed, suppress):
    both, one = suppress(EVERYTHING, "both"), suppress(OPENSSL_ALONE, "one")
    assert inspected.inspector.delete_filter(arn=both)["arn"] == both
    assert inspected.statuses() == {"CVE-2024-6119": "SUPPRESSED", "CVE-2023-45853": "ACTIVE"}
    inspected.inspector.delete_filter(arn=one)
    assert set(inspected.statuses().values()) == {"ACTIVE"}
    assert inspected.inspector.list_filters()["filters"] == []


def test_a_suppressed_finding_closes_when_its_flaw_is_gone(inspected, pushed, suppress):
    suppress(EVERYTHING)
    inspected.finds(pushed, ZLIB)
    assert inspected.statuses() == {"CVE-2024-6119": "CLOSED", "CVE-2023-45853": "SUPPRESSED"}


def test_a_rule_for_active_findings_goes_on_to_suppress_what_it_suppressed(inspected, pushed, suppress):
    """The console makes rules with this condition; were it judged by what the rule itself did, the finding would come and go."""
    suppress({"findingStatus": [{"comparison": "EQUALS", "value": "ACTIVE"}]} | OPENSSL_ALONE)
    inspected.finds(pushed, OPENSSL, ZLIB)
    assert inspected.statuses()["CVE-2024-6119"] == "SUPPRESSED"


def test_a_finding_that_changes_may_leave_its_rule(inspected, pushed, suppress):
    suppress({"fixAvailable": [{"comparison": "EQUALS", "value": "NO"}]})
    assert inspected.statuses()["CVE-2023-45853"] == "SUPPRESSED"
    inspected.finds(pushed, OPENSSL, Match(ZLIB.package, ZLIB.vulnerability, "1:1.3-1"))
    assert inspected.statuses()["CVE-2023-45853"] == "ACTIVE"


def test_what_is_updated_of_a_filter_acts_and_the_rest_stays(inspected, pushed, suppress, later, door):
    arn, made = suppress(OPENSSL_ALONE, description="One"), door.clock()
    later(hours=1)
    zlib = {"vulnerabilityId": [{"comparison": "EQUALS", "value": "CVE-2023-45853"}]}
    assert inspected.inspector.update_filter(filterArn=arn, filterCriteria=zlib, reason="Another")["arn"] == arn
    assert inspected.statuses() == {"CVE-2024-6119": "ACTIVE", "CVE-2023-45853": "SUPPRESSED"}
    (told,) = inspected.inspector.list_filters()["filters"]
    assert (told["name"], told["description"], told["reason"], told["action"], told["criteria"]) == ("hide", "One", "Another", "SUPPRESS", zlib)
    assert (told["createdAt"], told["updatedAt"]) == (made, door.clock())
    inspected.inspector.update_filter(filterArn=arn, action="NONE", name="seen")
    assert set(inspected.statuses().values()) == {"ACTIVE"}


def test_filters_are_of_an_account_and_a_region(inspected, pushed, suppress, aws):
    arn = suppress(EVERYTHING)
    elsewhere = aws("inspector2", inspected.account, "eu-west-1")
    assert elsewhere.list_filters()["filters"] == []
    with refused("ResourceNotFoundException", f"There is no filter {arn}."):
        elsewhere.delete_filter(arn=arn)
    with refused("AccessDeniedException"):
        aws("inspector2", "777788889999").delete_filter(arn=arn)


def test_filters_are_listed_by_arn_by_action_and_in_pages(inspected):
    made = [inspected.inspector.create_filter(name=f"view-{number}", action="NONE", filterCriteria={})["arn"] for number in range(5)]
    hidden = inspected.inspector.create_filter(name="a-rule", action="SUPPRESS", filterCriteria=OPENSSL_ALONE)["arn"]
    listed = inspected.inspector.list_filters
    assert [each["arn"] for each in listed(action="SUPPRESS")["filters"]] == [hidden]
    assert {each["arn"] for each in listed(arns=[made[0], made[3]])["filters"]} == {made[0], made[3]}
    assert listed(arns=[made[0]], action="SUPPRESS")["filters"] == []
    pages = list(inspected.inspector.get_paginator("list_filters").paginate(PaginationConfig={"PageSize": 4}))
    assert [len(page["filters"]) for page in pages] == [4, 2]
    assert {each["arn"] for page in pages for each in page["filters"]} == {*made, hidden}


def test_a_name_is_given_once(inspected, suppress):
    suppress(OPENSSL_ALONE, "mine")
    other = suppress(OPENSSL_ALONE, "other")
    with refused("BadRequestException", "There is a filter of the name mine already."):
        suppress(EVERYTHING, "mine")
    with refused("ValidationException", "There is a filter of the name mine already."):
        inspected.inspector.update_filter(filterArn=other, name="mine")
    inspected.inspector.update_filter(filterArn=other, name="other")
    assert len(inspected.inspector.list_filters()["filters"]) == 2


@pytest.mark.parametrize("name", ["ab", "x" * 65, "hide it", "hide/it", "hidé"])
def test_a_name_that_can_be_none_is_refused_when_a_filter_is_made_and_renamed(inspected, suppress, name):
    arn = suppress(OPENSSL_ALONE)
    with refused("ValidationException"):
        suppress(OPENSSL_ALONE, name)
    with refused("ValidationException"):
        inspected.inspector.update_filter(filterArn=arn, name=name)
    assert [each["name"] for each in inspected.inspector.list_filters()["filters"]] == ["hide"]


@pytest.mark.parametrize("name", ["abc", "x" * 64, "Hide_it-v1.2"])
def test_a_name_has_letters_digits_dots_underscores_and_hyphens(inspected, suppress, name):
    suppress(OPENSSL_ALONE, name)
    assert [each["name"] for each in inspected.inspector.list_filters()["filters"]] == [name]


def test_there_are_only_so_many_filters(inspected, suppress, monkeypatch):
    monkeypatch.setattr(filters, "MOST", 2)
    suppress(OPENSSL_ALONE, "one")
    suppress(OPENSSL_ALONE, "two")
    with refused("ServiceQuotaExceededException"):
        suppress(OPENSSL_ALONE, "three")


@pytest.mark.parametrize("arn", ["nonsense", "arn:aws:inspector2:us-east-1:{account}:owner/{account}/filter/0123456789abcdef"])
def test_a_filter_that_is_not_there_is_not_found(inspected, arn):
    arn = arn.format(account=inspected.account)
    for call in (
        lambda: inspected.inspector.delete_filter(arn=arn),
        lambda: inspected.inspector.update_filter(filterArn=arn, name="view"),
        lambda: inspected.inspector.tag_resource(resourceArn=arn, tags={"a": "b"}),
        lambda: inspected.inspector.untag_resource(resourceArn=arn, tagKeys=["a"]),
        lambda: inspected.inspector.list_tags_for_resource(resourceArn=arn),
    ):
        with refused("ResourceNotFoundException"):
            call()


@pytest.mark.parametrize(
    "criteria",
    [
        {"severity": []},
        {"severity": [{"comparison": "LIKE", "value": "x"}]},
        {"severity": [{"comparison": "EQUALS", "value": "x"}] * 11},
        {"title": [{"comparison": "EQUALS", "value": "x" * 1025}]},
        {"resourceTags": [{"comparison": "EQUALS", "key": "k" * 129}]},
        {"portRange": [{"beginInclusive": 70_000}]},
    ],
)
def test_criteria_that_break_a_rule_of_the_model_are_refused(lab_endpoint, door, inspected, criteria):
    keys = door.keys(inspected.account)
    unchecked = boto3.client(  # by botocore, which would keep some of these from the server
        "inspector2", region_name="us-east-1", endpoint_url=lab_endpoint.url, aws_access_key_id=keys["access_key_id"],
        aws_secret_access_key=keys["secret_access_key"], config=Config(parameter_validation=False, retries={"total_max_attempts": 1}),
    )  # fmt: skip
    with refused("ValidationException"):
        unchecked.create_filter(name="view", action="NONE", filterCriteria=criteria)


# --- tags of filters ---------------------------------------------------------------------------------------------------------------------


def test_tags_are_added_overwritten_and_removed(inspected, suppress):
    arn, client = suppress(OPENSSL_ALONE, tags={"team": "shop", "stage": "test"}), inspected.inspector
    client.tag_resource(resourceArn=arn, tags={"stage": "live", "cost": "42"})
    client.untag_resource(resourceArn=arn, tagKeys=["team", "absent"])
    assert client.list_tags_for_resource(resourceArn=arn)["tags"] == {"stage": "live", "cost": "42"}
    assert client.list_filters()["filters"][0]["tags"] == {"stage": "live", "cost": "42"}


@pytest.mark.parametrize("tags", [{"aws:mine": "x"}, {"k" * 129: "v"}, {f"key{number}": "x" for number in range(51)}])
def test_tags_that_break_aws_rules_are_refused(inspected, suppress, tags):
    arn = suppress(OPENSSL_ALONE)
    with refused("BadRequestException"):
        inspected.inspector.tag_resource(resourceArn=arn, tags=tags)
    with refused("BadRequestException"):
        suppress(OPENSSL_ALONE, "tagged", tags=tags)
    assert [each["name"] for each in inspected.inspector.list_filters()["filters"]] == ["hide"]


# --- what fits -------------------------------------------------------------------------------------------------------------------------


LODASH = Match(package("lodash", "4.17.15", "NODEPKG"), flaw("CVE-2020-8203", 7.4, source="GITHUB", rating="HIGH", has_exploit=True), "4.17.19")


@pytest.mark.parametrize(
    ("criteria", "fitting"),
    [
        ({}, {"CVE-2024-6119", "CVE-2023-45853", "CVE-2023-30861", "CVE-2020-8203"}),
        ({"severity": [("EQUALS", "HIGH")]}, {"CVE-2024-6119", "CVE-2020-8203"}),
        ({"severity": [("EQUALS", "HIGH"), ("EQUALS", "CRITICAL")]}, {"CVE-2024-6119", "CVE-2020-8203", "CVE-2023-45853"}),
        ({"severity": [("NOT_EQUALS", "HIGH")]}, {"CVE-2023-45853", "CVE-2023-30861"}),
        ({"severity": [("NOT_EQUALS", "HIGH"), ("NOT_EQUALS", "CRITICAL")]}, {"CVE-2023-30861"}),
        ({"severity": [("EQUALS", "high")]}, set()),
        ({"vulnerabilityId": [("PREFIX", "CVE-2023-")]}, {"CVE-2023-45853", "CVE-2023-30861"}),
        ({"vulnerabilityId": [("PREFIX", "CVE-2023-"), ("NOT_EQUALS", "CVE-2023-30861")]}, {"CVE-2023-45853"}),
        ({"vulnerabilityId": [("PREFIX", "CVE-2023-")], "severity": [("EQUALS", "HIGH")]}, set()),
        ({"vulnerabilitySource": [("EQUALS", "DEBIAN_CVE")]}, {"CVE-2024-6119", "CVE-2023-45853"}),
        ({"vendorSeverity": [("EQUALS", "HIGH")]}, {"CVE-2023-30861", "CVE-2020-8203"}),
        ({"relatedVulnerabilities": [("EQUALS", "PYSEC-2023-62")]}, {"CVE-2023-30861"}),
        ({"relatedVulnerabilities": [("NOT_EQUALS", "PYSEC-2023-62")]}, {"CVE-2024-6119", "CVE-2023-45853", "CVE-2020-8203"}),
        ({"fixAvailable": [("EQUALS", "NO")]}, {"CVE-2023-45853"}),
        ({"exploitAvailable": [("EQUALS", "YES")]}, {"CVE-2020-8203"}),
        ({"title": [("PREFIX", "CVE-2020-8203 - lodash")]}, {"CVE-2020-8203"}),
        ({"findingType": [("EQUALS", "NETWORK_REACHABILITY")]}, set()),
        ({"resourceType": [("EQUALS", "AWS_ECR_CONTAINER_IMAGE")]}, {"CVE-2024-6119", "CVE-2023-45853", "CVE-2023-30861", "CVE-2020-8203"}),
        ({"resourceType": [("EQUALS", "AWS_EC2_INSTANCE")]}, set()),
        ({"ecrImageTags": [("EQUALS", "2.0")]}, {"CVE-2023-30861", "CVE-2020-8203"}),
        ({"ecrImageTags": [("PREFIX", "1.")]}, {"CVE-2024-6119", "CVE-2023-45853"}),
        ({"ecrImageTags": [("NOT_EQUALS", "2.0")]}, {"CVE-2024-6119", "CVE-2023-45853"}),
        ({"ecrImageArchitecture": [("EQUALS", "amd64")], "severity": [("EQUALS", "CRITICAL")]}, {"CVE-2023-45853"}),
        ({"inspectorScore": [{"lowerInclusive": 7.5}]}, {"CVE-2024-6119", "CVE-2023-45853"}),
        ({"inspectorScore": [{"lowerInclusive": 6.5, "upperInclusive": 7.4}]}, {"CVE-2023-30861", "CVE-2020-8203"}),
        ({"inspectorScore": [{"upperInclusive": 6.5}, {"lowerInclusive": 9}]}, {"CVE-2023-30861", "CVE-2023-45853"}),
        ({"epssScore": [{"lowerInclusive": 0.0}]}, set()),
        ({"vulnerablePackages": [{"name": ("EQUALS", "lodash")}]}, {"CVE-2020-8203"}),
        ({"vulnerablePackages": [{"name": ("PREFIX", "lib"), "version": ("EQUALS", "3.0.11")}]}, {"CVE-2024-6119"}),
        ({"vulnerablePackages": [{"name": ("EQUALS", "lodash"), "version": ("EQUALS", "3.0.11")}]}, set()),
        ({"vulnerablePackages": [{"name": ("EQUALS", "lodash")}, {"epoch": {"lowerInclusive": 1}}]}, {"CVE-2020-8203", "CVE-2023-45853"}),
        ({"vulnerablePackages": [{"release": ("EQUALS", "1")}]}, {"CVE-2023-45853"}),
        ({"vulnerablePackages": [{"architecture": ("EQUALS", "AMD64")}]}, {"CVE-2024-6119", "CVE-2023-45853"}),
        ({"vulnerablePackages": [{"sourceLayerHash": ("EQUALS", "sha256:" + "2" * 64)}]}, {"CVE-2023-30861", "CVE-2020-8203"}),
        ({"vulnerablePackages": [{"filePath": ("PREFIX", "srv/app/flask")}]}, {"CVE-2023-30861"}),
        ({"vulnerablePackages": [{"name": ("NOT_EQUALS", "lodash")}]}, {"CVE-2024-6119", "CVE-2023-45853", "CVE-2023-30861"}),
        ({"resourceTags": [{"comparison": "EQUALS", "key": "team"}]}, set()),
        ({"lambdaFunctionName": [("EQUALS", "x")]}, set()),
        ({"lambdaFunctionName": [("NOT_EQUALS", "x")], "severity": [("EQUALS", "CRITICAL")]}, {"CVE-2023-45853"}),
        ({"portRange": [{"beginInclusive": 0, "endInclusive": 65535}]}, set()),
        ({"ecrImageInUseCount": [{"upperInclusive": 0}], "severity": [("EQUALS", "CRITICAL")]}, {"CVE-2023-45853"}),
        ({"ecrImageInUseCount": [{"lowerInclusive": 1}]}, set()),
    ],
)
def test_criteria_choose_findings(inspected, criteria, fitting):
    inspected.finds(inspected.push("1.0"), OPENSSL, ZLIB)
    inspected.finds(inspected.push("2.0"), FLASK, LODASH)
    assert set(inspected.findings(**{name: [_spelt(each) for each in conditions] for name, conditions in criteria.items()})) == fitting


def _spelt(condition):
    if isinstance(condition, tuple):
        return {"comparison": condition[0], "value": condition[1]}
    return {name: _spelt(value) if isinstance(value, tuple) else value for name, value in condition.items()}


def test_criteria_choose_by_dates_with_both_ends(inspected, later, door):
    inspected.finds(inspected.push("1.0"), OPENSSL)
    first = door.clock()
    later(days=2)
    inspected.finds(inspected.push("2.0"), FLASK)
    second = door.clock()

    def within(**ends):
        return set(inspected.findings(firstObservedAt=[ends]))

    assert within(startInclusive=first, endInclusive=first) == {"CVE-2024-6119"}
    assert within(startInclusive=second) == {"CVE-2023-30861"}
    assert within(endInclusive=second) == {"CVE-2024-6119", "CVE-2023-30861"}
    assert set(inspected.findings(ecrImagePushedAt=[{"endInclusive": first}])) == {"CVE-2024-6119"}
    assert set(inspected.findings(ecrImageLastInUseAt=[{"endInclusive": second}])) == set()


def test_criteria_choose_by_what_an_image_is(inspected):
    one, other = inspected.push("1.0"), inspected.push("2.0")
    inspected.finds(one, OPENSSL)
    arn = inspected.finds(other, FLASK)["CVE-2023-30861"]["findingArn"]
    for criteria in (
        {"ecrImageHash": other},
        {"findingArn": arn},
        {"resourceId": f"arn:aws:ecr:us-east-1:{inspected.account}:repository/{inspected.name}/{other}"},
    ):
        ((name, value),) = criteria.items()
        assert set(inspected.findings(**{name: [{"comparison": "EQUALS", "value": value}]})) == {"CVE-2023-30861"}
    for name, value in (("ecrImageRepositoryName", inspected.name), ("ecrImageRegistry", inspected.account), ("awsAccountId", inspected.account)):
        assert len(inspected.findings(**{name: [{"comparison": "EQUALS", "value": value}]})) == 2
        assert inspected.findings(**{name: [{"comparison": "NOT_EQUALS", "value": value}]}) == {}


def test_criteria_choose_by_status(inspected, pushed, suppress):
    suppress(OPENSSL_ALONE)
    mended = inspected.push("2.0")
    inspected.finds(mended, FLASK)
    inspected.finds(mended)
    for status, name in (("ACTIVE", "CVE-2023-45853"), ("SUPPRESSED", "CVE-2024-6119"), ("CLOSED", "CVE-2023-30861")):
        assert set(inspected.findings(findingStatus=[{"comparison": "EQUALS", "value": status}])) == {name}
