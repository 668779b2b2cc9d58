"""Amazon Inspector's operations, as far as it looks at images in ECR: a table of names, each a function from a call to an answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from localecr.inspector import account_operations, answers, criteria, findings, pages, sorting
from localecr.ledger import Call
from localecr.registry import Registry

Answer = dict[str, Any]
PAGE = 100


def registry_of(call: Call) -> Registry:
    return Registry(call.lab, "private", call.account, call.region)


def list_findings(call: Call) -> Answer:
    asked = call.parameters
    sorted_by = asked.get("sortCriteria", {})
    told = (answers.of_inspector(each) for each in findings.all_of(registry_of(call)))
    fitting = [each for each in told if criteria.matches(asked.get("filterCriteria", {}), each)]
    shown, more = pages.cut(call, fitting, sorting.key(sorted_by.get("field")), PAGE, sorted_by.get("sortOrder") == "DESC")
    return {"findings": shown} | more


OPERATIONS: dict[str, Callable[[Call], Answer]] = account_operations.OPERATIONS | {
    "ListFindings": list_findings,
}
