"""Findings counted by what they have in common: packages, titles, repositories, images, layers. AWS: ListFindingAggregations."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from localecr.inspector import columns, conditions, finding
from localecr.inspector.columns import OF_PACKAGE, PACKAGES, VALUES
from localecr.inspector.conditions import Decision
from localecr.inspector.criteria import Condition
from localecr.inspector.errors import invalid, not_built
from localecr.inspector.findings import SEVERITIES
from localecr.registry import Registry

Group = dict[str, Any]
SEVERITY_COUNTS = {"all": "COUNT(*)"} | {name.lower(): f"COUNT(*) FILTER (WHERE severity = '{name}')" for name in SEVERITIES}
FIXES = {
    "exploitAvailableCount": "COUNT(*) FILTER (WHERE exploit_available = 'YES')",
    "fixAvailableCount": "COUNT(*) FILTER (WHERE fix_available = 'YES')",
}
AFFECTED = {"affectedImages": "COUNT(DISTINCT digest)"}


@dataclass(frozen=True)
class Aggregation:
    """``member`` is the union's. ``group``: what the findings of a group have in common, and ``counts``: what is counted beside their severities,
    both by their names in the answer, as SQL. ``of_packages``: a finding is in the group of each of its packages, once."""

    member: str
    group: dict[str, str]
    counts: dict[str, str] = field(default_factory=dict)
    of_packages: bool = False


def aggregated(registry: Registry, wanted: dict[str, list[Condition]], kind: str, request: dict[str, Any]) -> list[Group]:
    """The groups of an aggregation type among the findings that fit a FilterCriteria, each with its counts, as the model's AggregationResponse has
    them. Raises NotImplemented, ValidationException."""
    of = KINDS.get(kind)
    if of is None:
        raise not_built(f"Aggregation by {kind} is")
    if set(request) - {of.member}:
        raise invalid("aggregationRequest", f"An aggregation of the type {kind} takes {of.member}.")
    filters = [_filter(name, asked) for name, asked in request.get(of.member, {}).items() if name not in ("sortBy", "sortOrder")]
    chosen, bound = conditions.all_of([columns.fitting(registry, wanted), *filters])
    told_apart = ", ".join(name for name in of.group if name != "imageTags")  # which images of the same digest share
    rows = registry.database.all(
        f"SELECT {_named({name: name for name in of.group} | SEVERITY_COUNTS | of.counts)} FROM (SELECT DISTINCT f.id, f.digest, f.severity,"
        f" f.fix_available, f.exploit_available, {_named(of.group)} FROM inspector_findings f{f', {PACKAGES}' if of.of_packages else ''} WHERE {chosen})"
        f" GROUP BY {told_apart}",
        bound,
    )
    return [{of.member: _group(of, row)} for row in rows]


def sort_key(asked: dict[str, Any]) -> Callable[[Group], list[Any]]:
    """By what the groups are sorted; CRITICAL where nothing is said."""
    by = asked.get("sortBy", "CRITICAL").lower()

    def key(answer: Group) -> list[Any]:
        (group,) = answer.values()
        number = group["affectedImages"] if by == "affected_images" else group["severityCounts"][by]
        return [number, repr(_key(group))]

    return key


def _key(group: Group) -> tuple[tuple[str, str], ...]:
    return tuple((name, str(value)) for name, value in sorted(group.items()) if name not in ("severityCounts", "imageTags"))


def _filter(name: str, asked: Any) -> Decision:
    wanted = asked if isinstance(asked, list) else [{"comparison": "EQUALS", "value": asked}]
    return conditions.of_value(EXPRESSIONS[name], wanted) if name in EXPRESSIONS else columns.member(MEMBERS[name], wanted)


def _named(expressions: dict[str, str]) -> str:
    return ", ".join(f'{expression} AS "{name}"' for name, expression in expressions.items())


def _group(of: Aggregation, row: sqlite3.Row) -> Group:
    group = {name: json.loads(row[name]) if name == "imageTags" else row[name] for name in of.group}
    return group | {"severityCounts": {name: row[name] for name in SEVERITY_COUNTS}} | {name: row[name] for name in of.counts}


ACCOUNT = {"accountId": "f.account"}
REPOSITORY = {"repository": "f.repository"} | ACCOUNT
RESOURCE = {"resourceId": VALUES["resourceId"]} | REPOSITORY
IMAGE = RESOURCE | {
    "imageSha": "f.digest",
    "architecture": VALUES["ecrImageArchitecture"],
    "imageTags": finding.TAGS,
    "inUseCount": VALUES["ecrImageInUseCount"],
}
KINDS = {
    "ACCOUNT": Aggregation("accountAggregation", ACCOUNT, FIXES),
    "AWS_ECR_CONTAINER": Aggregation("awsEcrContainerAggregation", IMAGE),
    "FINDING_TYPE": Aggregation("findingTypeAggregation", ACCOUNT, FIXES),
    "IMAGE_LAYER": Aggregation("imageLayerAggregation", RESOURCE | {"layerHash": OF_PACKAGE["sourceLayerHash"]}, of_packages=True),
    "PACKAGE": Aggregation("packageAggregation", ACCOUNT | {"packageName": OF_PACKAGE["name"]}, of_packages=True),
    "REPOSITORY": Aggregation("repositoryAggregation", REPOSITORY, AFFECTED),
    "TITLE": Aggregation("titleAggregation", ACCOUNT | {"title": "f.title", "vulnerabilityId": "f.vulnerability"}),
}
# a request's filter → the member of FilterCriteria that it is …
MEMBERS = {
    "architectures": "ecrImageArchitecture",
    "cloudAccountIds": "cloudProviderAccountId",
    "cloudOrgIds": "cloudProviderOrgId",
    "cloudProviders": "cloudProvider",
    "cloudRegions": "cloudProviderRegion",
    "findingType": "findingType",
    "imageShas": "ecrImageHash",
    "imageTags": "ecrImageTags",
    "inUseCount": "ecrImageInUseCount",
    "lastInUseAt": "ecrImageLastInUseAt",
    "repositories": "ecrImageRepositoryName",
    "resourceIds": "resourceId",
    "resourceType": "resourceType",
    "titles": "title",
    "vulnerabilityIds": "vulnerabilityId",
}
# … or what SQL knows of that which it is about
EXPRESSIONS = {"cloudPartitions": "'aws'", "layerHashes": OF_PACKAGE["sourceLayerHash"], "packageNames": OF_PACKAGE["name"]}
