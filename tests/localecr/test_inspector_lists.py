"""Findings in order, in pages, counted, and in detail; and what is known of a CVE. AWS: ListFindings, ListFindingAggregations,
BatchGetFindingDetails, SearchVulnerabilities."""

from __future__ import annotations

import pytest

from awsapi import refused
from examined import FLASK, KRB5, OPENSSL, ZLIB, at, flaw, package
from localecr.scanner.model import Match

ORDERS = {
    "SEVERITY": ["CVE-2025-24528", "CVE-2023-30861", "CVE-2024-6119", "CVE-2023-45853"],  # untriaged, medium, high, critical
    "INSPECTOR_SCORE": ["CVE-2025-24528", "CVE-2023-30861", "CVE-2024-6119", "CVE-2023-45853"],
    "VULNERABILITY_ID": ["CVE-2023-30861", "CVE-2023-45853", "CVE-2024-6119", "CVE-2025-24528"],
}


@pytest.fixture
def pushed(inspected):
    digest = inspected.push()
    inspected.finds(digest, OPENSSL, FLASK, KRB5, ZLIB)
    return digest


def names(findings):
    return [each["packageVulnerabilityDetails"]["vulnerabilityId"] for each in findings]


@pytest.mark.parametrize("field", ORDERS)
@pytest.mark.parametrize("order", ["ASC", "DESC"])
def test_findings_come_in_the_order_that_is_asked_for(inspected, pushed, field, order):
    listed = inspected.inspector.list_findings(sortCriteria={"field": field, "sortOrder": order})["findings"]
    assert names(listed) == (ORDERS[field] if order == "ASC" else ORDERS[field][::-1])


def test_without_an_order_the_worst_come_first(inspected, pushed):
    assert names(inspected.inspector.list_findings()["findings"]) == ["CVE-2023-45853", "CVE-2024-6119", "CVE-2023-30861", "CVE-2025-24528"]


def test_findings_come_by_when_they_were_observed(inspected, pushed, later):
    later(hours=1)
    inspected.finds(inspected.push("2.0"), Match(package("some", "1-1"), flaw("CVE-2024-0001"), None))
    for field in ("FIRST_OBSERVED_AT", "LAST_OBSERVED_AT", "ECR_IMAGE_PUSHED_AT"):
        listed = inspected.inspector.list_findings(sortCriteria={"field": field, "sortOrder": "DESC"})["findings"]
        assert names(listed)[0] == "CVE-2024-0001"


@pytest.mark.parametrize(
    "field", ["AWS_ACCOUNT_ID", "FINDING_TYPE", "FINDING_STATUS", "RESOURCE_TYPE", "ECR_IMAGE_REPOSITORY_NAME", "ECR_IMAGE_REGISTRY", "NETWORK_PROTOCOL",
              "COMPONENT_TYPE", "VULNERABILITY_SOURCE", "VENDOR_SEVERITY", "EPSS_SCORE"],
)  # fmt: skip
@pytest.mark.parametrize("order", ["ASC", "DESC"])
def test_every_order_has_each_finding_once_over_all_pages(inspected, pushed, field, order):
    pages = inspected.inspector.get_paginator("list_findings").paginate(sortCriteria={"field": field, "sortOrder": order}, PaginationConfig={"PageSize": 1})
    found = [each for page in pages for each in page["findings"]]
    assert sorted(names(found)) == sorted(ORDERS["SEVERITY"])


def test_pages_are_not_shifted_by_what_comes_and_goes(inspected, pushed, later):
    asked = {"sortCriteria": {"field": "VULNERABILITY_ID", "sortOrder": "ASC"}, "maxResults": 2}
    first = inspected.inspector.list_findings(**asked)
    assert names(first["findings"]) == ["CVE-2023-30861", "CVE-2023-45853"]
    inspected.finds(inspected.push("2.0"), Match(package("old", "1-1"), flaw("CVE-1999-0001"), None))
    inspected.inspector.disable()
    later(days=1)  # the findings of the first page are gone, and the others; then a new one comes
    inspected.inspector.enable(resourceTypes=["ECR"])
    inspected.ecr.put_registry_scanning_configuration(scanType="ENHANCED", rules=[])
    inspected.finds(pushed, OPENSSL)
    second = inspected.inspector.list_findings(**asked, nextToken=first["nextToken"])
    assert (names(second["findings"]), "nextToken" in second) == (["CVE-2024-6119"], False)


def test_a_token_goes_with_its_question(inspected, pushed, aws):
    token = inspected.inspector.list_findings(maxResults=1)["nextToken"]
    assert inspected.inspector.list_findings(maxResults=2, nextToken=token)["findings"]  # a page's length may change
    for other in (
        lambda: inspected.inspector.list_findings(nextToken=token, filterCriteria={"severity": [{"comparison": "EQUALS", "value": "HIGH"}]}),
        lambda: inspected.inspector.list_findings(nextToken=token, sortCriteria={"field": "SEVERITY", "sortOrder": "ASC"}),
        lambda: inspected.inspector.list_findings(nextToken=token[:-2] + "xx"),
        lambda: inspected.inspector.list_coverage(nextToken=token),
        lambda: inspected.inspector.search_vulnerabilities(nextToken=token, filterCriteria={"vulnerabilityIds": ["CVE-2024-6119"]}),
        lambda: aws("inspector2", inspected.account, "eu-west-1").list_findings(nextToken=token),
    ):
        with refused("ValidationException", "The token is not valid, or the request is not the one that it came from."):
            other()


def test_a_page_has_at_most_a_hundred_findings(inspected):
    flaws = [Match(package("some", "1-1"), flaw(f"CVE-2024-{number:04}"), None) for number in range(130)]
    inspected.finds(inspected.push(), *flaws)
    first = inspected.inspector.list_findings()
    assert len(first["findings"]) == 100
    assert len(inspected.inspector.list_findings(nextToken=first["nextToken"])["findings"]) == 30
    with refused("ValidationException"):
        inspected.inspector.list_findings(maxResults=101)


# --- counted ----------------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def counted(inspected):
    """`counted(type, …)`: the groups of an aggregation over two images, of which the second has an OpenSSL too, and a finding that is suppressed."""
    one, other = inspected.push("1.0"), inspected.push("2.0")
    inspected.finds(one, OPENSSL, FLASK, ZLIB)
    inspected.finds(other, OPENSSL, KRB5)
    inspected.inspector.create_filter(name="hide", action="SUPPRESS", filterCriteria={"vulnerabilityId": [{"comparison": "EQUALS", "value": "CVE-2025-24528"}]})

    def ask(kind, member=None, **request):
        more = {"aggregationRequest": {member: request}} if member else {}
        answer = inspected.inspector.list_finding_aggregations(aggregationType=kind, **more)
        assert answer["aggregationType"] == kind
        return [next(iter(each.values())) for each in answer["responses"]]

    ask.images = one, other
    return ask


def counts(**severities):
    none = dict.fromkeys(("all", "critical", "high", "medium", "low", "informational", "untriaged"), 0)
    return none | severities


def test_findings_are_counted_by_package_the_most_critical_first(counted, inspected):
    assert [(each["packageName"], each["severityCounts"]) for each in counted("PACKAGE")] == [
        ("zlib1g", counts(all=1, critical=1)), ("libssl3", counts(all=2, high=2)), ("flask", counts(all=1, medium=1)),
    ]  # fmt: skip
    assert [each["packageName"] for each in counted("PACKAGE", "packageAggregation", sortBy="ALL", sortOrder="ASC")][-1] == "libssl3"
    assert [each["packageName"] for each in counted("PACKAGE", "packageAggregation", packageNames=[{"comparison": "PREFIX", "value": "lib"}])] == ["libssl3"]


def test_findings_are_counted_by_repository(counted, inspected):
    assert counted("REPOSITORY") == [
        {"repository": inspected.name, "accountId": inspected.account, "severityCounts": counts(all=4, critical=1, high=2, medium=1), "affectedImages": 2}
    ]
    assert counted("REPOSITORY", "repositoryAggregation", sortBy="AFFECTED_IMAGES")
    assert counted("REPOSITORY", "repositoryAggregation", repositories=[{"comparison": "EQUALS", "value": "another"}]) == []


def test_findings_are_counted_by_image(counted, inspected):
    one, other = counted("AWS_ECR_CONTAINER")
    assert (one["imageSha"], one["imageTags"], one["severityCounts"]) == (counted.images[0], ["1.0"], counts(all=3, critical=1, high=1, medium=1))
    assert (other["imageSha"], other["imageTags"], other["severityCounts"]) == (counted.images[1], ["2.0"], counts(all=1, high=1))
    assert one["resourceId"].endswith(f"repository/{inspected.name}/{counted.images[0]}")
    (tagged,) = counted("AWS_ECR_CONTAINER", "awsEcrContainerAggregation", imageTags=[{"comparison": "EQUALS", "value": "2.0"}])
    assert tagged["imageSha"] == counted.images[1]
    assert counted("AWS_ECR_CONTAINER", "awsEcrContainerAggregation", inUseCount=[{"lowerInclusive": 1}]) == []


def test_findings_are_counted_by_layer(counted, inspected):
    layers = counted("IMAGE_LAYER")
    assert {(each["resourceId"][-64:], each["layerHash"][-1], each["severityCounts"]["all"]) for each in layers} == {
        (counted.images[0][-64:], "1", 2), (counted.images[0][-64:], "2", 1), (counted.images[1][-64:], "1", 1),
    }  # fmt: skip


def test_findings_are_counted_by_title(counted):
    assert [(each["title"], each["vulnerabilityId"], each["severityCounts"]["all"]) for each in counted("TITLE")] == [
        ("CVE-2023-45853 - zlib1g", "CVE-2023-45853", 1), ("CVE-2024-6119 - libssl3", "CVE-2024-6119", 2), ("CVE-2023-30861 - flask", "CVE-2023-30861", 1),
    ]  # fmt: skip


@pytest.mark.parametrize(("kind", "member"), [("ACCOUNT", "accountAggregation"), ("FINDING_TYPE", "findingTypeAggregation")])
def test_findings_are_counted_by_account_with_how_many_can_be_mended(counted, inspected, kind, member):
    (all_of_them,) = counted(kind)
    assert all_of_them == {
        "accountId": inspected.account, "severityCounts": counts(all=4, critical=1, high=2, medium=1), "fixAvailableCount": 3, "exploitAvailableCount": 0,
    }  # fmt: skip
    assert counted(kind, member, resourceType="AWS_EC2_INSTANCE") == []


def test_counts_come_in_pages(counted, inspected):
    pages = inspected.inspector.get_paginator("list_finding_aggregations").paginate(aggregationType="PACKAGE", PaginationConfig={"PageSize": 2})
    assert [len(page["responses"]) for page in pages] == [2, 1]


def test_counts_are_of_the_accounts_that_are_asked_for(counted, inspected):
    asked = [{"comparison": "EQUALS", "value": "777788889999"}]
    assert inspected.inspector.list_finding_aggregations(aggregationType="ACCOUNT", accountIds=asked)["responses"] == []


def test_what_no_image_has_is_not_counted(inspected):
    with refused("NotImplemented"):
        inspected.inspector.list_finding_aggregations(aggregationType="AWS_EC2_INSTANCE")


def test_an_aggregation_takes_its_own_filters(inspected):
    with refused("ValidationException"):
        inspected.inspector.list_finding_aggregations(aggregationType="PACKAGE", aggregationRequest={"titleAggregation": {}})


# --- in detail --------------------------------------------------------------------------------------------------------------------------


def test_details_of_findings_are_told_and_missing_ones_named(inspected):
    exploited = flaw("CVE-2021-44228", 10.0, exploited_since="2021-12-10", references=("https://logging.apache.org/security.html",))
    (finding,) = inspected.finds(inspected.push(), Match(package("log4j-core", "2.14.1", "JAR"), exploited, "2.15.0")).values()
    absent = finding["findingArn"][:-32] + "0" * 32
    answer = inspected.inspector.batch_get_finding_details(findingArns=[finding["findingArn"], absent])
    (detail,) = answer["findingDetails"]
    assert detail.pop("cisaData")["dateAdded"].timestamp() == at("2021-12-10T00:00:00Z")
    assert detail == {"findingArn": finding["findingArn"], "referenceUrls": ["https://logging.apache.org/security.html"]}
    assert [(each["findingArn"], each["errorCode"]) for each in answer["errors"]] == [(absent, "FINDING_DETAILS_NOT_FOUND")]


def test_what_is_known_of_a_cve_is_told_whether_an_image_has_it_or_not(inspected):
    (told,) = inspected.inspector.search_vulnerabilities(filterCriteria={"vulnerabilityIds": ["CVE-2021-44228"]})["vulnerabilities"]
    assert told["description"].startswith("Log4j ")
    assert told["cvss3"] == {"baseScore": 10.0, "scoringVector": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H"}
    assert told["relatedVulnerabilities"] == ["GHSA-jfh8-c2jp-5v3q"]
    assert told["cisaData"]["dateAdded"].timestamp() == at("2021-12-10T00:00:00Z")
    assert told["vendorSeverity"] == "CRITICAL"


def test_a_cve_that_no_advisory_names_is_not_found(inspected):
    assert inspected.inspector.search_vulnerabilities(filterCriteria={"vulnerabilityIds": ["CVE-1999-99999"]})["vulnerabilities"] == []


def test_a_cve_is_not_known_before_it_was_published(inspected, door):
    door.advisories(known_until="2021-12-09T00:00:00Z")
    try:
        assert inspected.inspector.search_vulnerabilities(filterCriteria={"vulnerabilityIds": ["CVE-2021-44228"]})["vulnerabilities"] == []
    finally:
        door.advisories(known_until=None)


def test_what_is_no_cve_is_refused(inspected):
    with refused("ValidationException"):
        inspected.inspector.search_vulnerabilities(filterCriteria={"vulnerabilityIds": ["GHSA-jfh8-c2jp-5v3q"]})
