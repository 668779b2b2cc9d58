"""Operations on coverage. AWS: ListCoverage, ListCoverageStatistics."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from localecr.inspector import coverage, pages
from localecr.inspector.accounts import registry_of
from localecr.ledger import Call

Answer = dict[str, Any]
PAGE = 200
PAGE_OF_COUNTS = 5  # the model's most


def list_coverage(call: Call) -> Answer:
    shown, more = pages.cut(call, _wanted(call), lambda each: [each["resourceId"]], PAGE)
    return {"coveredResources": shown} | more


def list_coverage_statistics(call: Call) -> Answer:
    """How many resources there are, and with ``groupBy`` how many in each group: ``groupKey`` is the group, as the AWS CLI's examples show it,
    though the model calls it otherwise."""
    found, by = _wanted(call), call.parameters.get("groupBy")
    if by is None:
        return {"totalCounts": len(found)}
    counts = Counter(name for each in found if (name := coverage.group(by, each)) is not None)
    shown, more = pages.cut(call, counts.items(), lambda each: [-each[1], each[0]], PAGE_OF_COUNTS)
    groups = {"countsByGroup": [{"groupKey": name, "count": number} for name, number in shown]} if shown else {}
    return groups | {"totalCounts": counts.total()} | more


def _wanted(call: Call) -> list[coverage.Covered]:
    criteria = call.parameters.get("filterCriteria", {})
    return [each for each in coverage.of(registry_of(call)) if coverage.matches(criteria, each)]


OPERATIONS: dict[str, Callable[[Call], Answer]] = {
    "ListCoverage": list_coverage,
    "ListCoverageStatistics": list_coverage_statistics,
}
