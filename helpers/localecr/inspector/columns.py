"""Which members of a FilterCriteria SQL decides, without a finding's document being read into Python."""

from __future__ import annotations

from typing import Any

from localecr.inspector import criteria
from localecr.inspector.answers import IMAGE
from localecr.inspector.criteria import Condition

Decision = tuple[str, list[Any]]  # SQL, and the values that it binds
# member of FilterCriteria → what SQL knows of it; NULL where a finding doesn't have it
EXPRESSIONS = {
    "findingArn": "('arn:aws:inspector2:' || f.region || ':' || f.account || ':finding/' || f.id)",
    "awsAccountId": "f.account",
    "findingType": "json_extract(f.document, '$.details.type')",
    "severity": "f.severity",
    "firstObservedAt": "f.first_observed_at",
    "lastObservedAt": "f.last_observed_at",
    "updatedAt": "f.updated_at",
    "findingStatus": "f.status",
    "title": "f.title",
    "inspectorScore": "f.score",
    "fixAvailable": "f.fix_available",
    "exploitAvailable": "f.exploit_available",
    "resourceType": f"'{IMAGE}'",
    "resourceId": "('arn:aws:ecr:' || f.region || ':' || f.account || ':repository/' || f.repository || '/' || f.digest)",
    "ecrImagePushedAt": "json_extract(f.document, '$.image.pushedAt')",
    "ecrImageArchitecture": "json_extract(f.document, '$.image.architecture')",
    "ecrImageRegistry": "f.account",
    "ecrImageRepositoryName": "f.repository",
    "ecrImageHash": "f.digest",
    "vulnerabilityId": "f.vulnerability",
    "vulnerabilitySource": "json_extract(f.document, '$.details.packageVulnerabilityDetails.source')",
    "vendorSeverity": "json_extract(f.document, '$.details.packageVulnerabilityDetails.vendorSeverity')",
    "cloudProvider": "'AWS'",
    "cloudProviderRegion": "f.region",
    "cloudProviderAccountId": "f.account",
}


def decided(wanted: dict[str, list[Condition]]) -> tuple[list[str], list[Any], dict[str, list[Condition]]]:
    """A FilterCriteria taken apart: SQL that must all hold, the values that it binds, and what ``criteria.matches`` must judge of the rest."""
    rest = {name: conditions for name, conditions in wanted.items() if name not in EXPRESSIONS}
    decisions = [_decision(name, conditions) for name, conditions in wanted.items() if name not in rest]
    return [sql for sql, _ in decisions], [value for _, values in decisions for value in values], rest


def _decision(name: str, conditions: list[Condition]) -> Decision:
    expression, (kind, _) = EXPRESSIONS[name], criteria.MEMBERS[name]
    if kind is criteria.of_text:
        return _text(expression, conditions)
    bounds = ("lowerInclusive", "upperInclusive") if kind is criteria.of_numbers else ("startInclusive", "endInclusive")
    return _any([_within(expression, *(criteria.seconds(each.get(bound)) for bound in bounds)) for each in conditions])


def _text(expression: str, conditions: list[Condition]) -> Decision:
    """As ``criteria.of_text`` judges a single value."""
    wanted = [_is(expression, each) for each in conditions if each["comparison"] != "NOT_EQUALS"]
    unwanted = [each["value"] for each in conditions if each["comparison"] == "NOT_EQUALS"]
    one_of, values = _any(wanted) if wanted else ("TRUE", [])
    return f"({one_of} AND ({expression} IS NULL OR {expression} NOT IN ({', '.join('?' * len(unwanted))})))", [*values, *unwanted]


def _is(expression: str, condition: Condition) -> Decision:
    value = condition["value"]
    return (f"substr({expression}, 1, ?) = ?", [len(value), value]) if condition["comparison"] == "PREFIX" else (f"{expression} = ?", [value])


def _within(expression: str, low: float | None, high: float | None) -> Decision:
    given = [(sign, float(bound)) for sign, bound in ((">=", low), ("<=", high)) if bound is not None]
    return " AND ".join([f"{expression} IS NOT NULL", *(f"{expression} {sign} ?" for sign, _ in given)]), [bound for _, bound in given]


def _any(decisions: list[Decision]) -> Decision:
    return f"({' OR '.join(f'({sql})' for sql, _ in decisions)})", [value for _, values in decisions for value in values]
