"""Operations on findings: listed, counted, and told in detail. AWS: Viewing Amazon Inspector findings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from localecr.inspector import aggregations, findings, listing, pages, sorting
from localecr.inspector.accounts import registry_of
from localecr.ledger import Call
from localecr.registry import paging

Answer = dict[str, Any]
PAGE = 100
ACTIVE = {"findingStatus": [{"comparison": "EQUALS", "value": "ACTIVE"}]}


def list_findings(call: Call) -> Answer:
    asked, order = call.parameters, call.parameters.get("sortCriteria", {})
    limit, by = asked.get("maxResults", PAGE), listing.Order(sorting.by(order.get("field")), order.get("sortOrder") == "DESC")
    found = listing.fitting(registry_of(call), asked.get("filterCriteria", {}), by, pages.place(call), limit + 1)
    shown, last = paging.cut(found, limit)
    return {"findings": [told for _, told in shown]} | (pages.more(call, last[0]) if last else {})


def list_finding_aggregations(call: Call) -> Answer:
    """Active findings counted; the most first, unless asked otherwise."""
    asked = call.parameters
    request = asked.get("aggregationRequest", {})
    wanted = ACTIVE | ({"awsAccountId": asked["accountIds"]} if "accountIds" in asked else {})
    groups = aggregations.aggregated(registry_of(call), wanted, asked["aggregationType"], request)
    order = next(iter(request.values()), {})
    shown, more = pages.cut(call, groups, aggregations.sort_key(order), PAGE, order.get("sortOrder", "DESC") == "DESC")
    return {"aggregationType": asked["aggregationType"], "responses": shown} | more


def batch_get_finding_details(call: Call) -> Answer:
    """What is known beside the finding itself: of the flaw, whether it is exploited. A score of its risk, an EPSS score and weaknesses aren't."""
    asked = list(dict.fromkeys(call.parameters["findingArns"]))
    known, told, unknown = {each.arn: each for each in findings.named(registry_of(call), asked)}, [], []
    for arn in asked:
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
