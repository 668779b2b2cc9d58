"""Operations on findings: listed, counted, and told in detail. AWS: Viewing Amazon Inspector findings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from localecr.inspector import aggregations, answers, criteria, findings, pages, sorting
from localecr.inspector.accounts import registry_of
from localecr.ledger import Call

Answer = dict[str, Any]
PAGE = 100


def list_findings(call: Call) -> Answer:
    asked, order = call.parameters, call.parameters.get("sortCriteria", {})
    told = [answers.of_inspector(each) for each in findings.all_of(registry_of(call))]
    fitting = [each for each in told if criteria.matches(asked.get("filterCriteria", {}), each)]
    shown, more = pages.cut(call, fitting, sorting.key(order.get("field")), PAGE, order.get("sortOrder") == "DESC")
    return {"findings": shown} | more


def list_finding_aggregations(call: Call) -> Answer:
    """Active findings counted; the most first, unless asked otherwise."""
    asked = call.parameters
    request = asked.get("aggregationRequest", {})
    active = [answers.of_inspector(each) for each in findings.all_of(registry_of(call)) if each.status == "ACTIVE"]
    yours = [each for each in active if criteria.matches({"awsAccountId": asked["accountIds"]} if "accountIds" in asked else {}, each)]
    groups = aggregations.aggregated(yours, asked["aggregationType"], request)
    order = next(iter(request.values()), {})
    shown, more = pages.cut(call, groups, aggregations.sort_key(order), PAGE, order.get("sortOrder", "DESC") == "DESC")
    return {"aggregationType": asked["aggregationType"], "responses": shown} | more


def batch_get_finding_details(call: Call) -> Answer:
    """What is known beside the finding itself: of the flaw, whether it is exploited. A score of its risk, an EPSS score and weaknesses aren't."""
    known, told, unknown = {each.arn: each for each in findings.all_of(registry_of(call))}, [], []
    for arn in dict.fromkeys(call.parameters["findingArns"]):
        if arn in known:
            told.append(_detail(arn, known[arn].details))
        else:
            unknown.append({"findingArn": arn, "errorCode": "FINDING_DETAILS_NOT_FOUND", "errorMessage": "There is no finding with this ARN."})
    return {"findingDetails": told, "errors": unknown}


def _detail(arn: str, details: Answer) -> Answer:
    detail = {"findingArn": arn, "referenceUrls": details["packageVulnerabilityDetails"]["referenceUrls"][:100]}
    since = details.get("exploitabilityDetails", {}).get("lastKnownExploitAt")
    return detail | ({"cisaData": {"dateAdded": since}} if since is not None else {})


OPERATIONS: dict[str, Callable[[Call], Answer]] = {
    "BatchGetFindingDetails": batch_get_finding_details,
    "ListFindingAggregations": list_finding_aggregations,
    "ListFindings": list_findings,
}
