"""Active findings counted by what they have in common: packages, titles, repositories, images, layers. AWS: ListFindingAggregations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from localecr.inspector import criteria
from localecr.inspector.criteria import Told
from localecr.inspector.errors import invalid, not_built
from localecr.inspector.findings import SEVERITIES

Group = dict[str, Any]


@dataclass(frozen=True)
class Aggregation:
    """``member`` is the union's, ``groups`` the groups that a finding is in, ``filters`` a request's filter → the group's member that it is about."""

    member: str
    groups: Callable[[Told], list[Group]]
    filters: dict[str, str]
    counts_fixes: bool = False
    counts_images: bool = False


def aggregated(findings: Iterable[Told], kind: str, request: dict[str, Any]) -> list[Group]:
    """The groups of an aggregation type, each with its counts, as the model's AggregationResponse has them. Raises NotImplemented, ValidationException."""
    of = KINDS.get(kind)
    if of is None:
        raise not_built(f"Aggregation by {kind} is")
    if set(request) - {of.member}:
        raise invalid("aggregationRequest", f"An aggregation of the type {kind} takes {of.member}.")
    asked, found = request.get(of.member, {}), {}
    for told in findings:
        for group in of.groups(told):
            if _fits(of, asked, group, told):
                found.setdefault(_key(group), (group, []))[1].append(told)
    return [{of.member: group | _counts(of, members)} for group, members in found.values()]


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


def _fits(of: Aggregation, asked: dict[str, Any], group: Group, told: Told) -> bool:
    conditions = {of.filters[name]: each for name, each in asked.items() if name in of.filters and isinstance(each, list)}
    about = {name: each for name, each in asked.items() if name in ("findingType", "resourceType")}
    own = {"findingType": told["type"], "resourceType": told["resources"][0]["type"]}
    return all(own[name] == value for name, value in about.items()) and all(_holds(each, group.get(name)) for name, each in conditions.items())


def _holds(conditions: list[dict[str, Any]], value: Any) -> bool:
    values = value if isinstance(value, list) else [] if value is None else [value]
    return criteria.of_kind(conditions)(conditions, values)


def _counts(of: Aggregation, members: list[Told]) -> Group:
    severities = Counter(told["severity"] for told in members)
    counts: Group = {"severityCounts": {"all": len(members)} | {name.lower(): severities[name] for name in SEVERITIES}}
    if of.counts_fixes:
        counts["exploitAvailableCount"] = sum(told["exploitAvailable"] == "YES" for told in members)
        counts["fixAvailableCount"] = sum(told["fixAvailable"] == "YES" for told in members)
    if of.counts_images:
        counts["affectedImages"] = len({told["resources"][0]["id"] for told in members})
    return counts


def _image(told: Told) -> Group:
    return told["resources"][0]["details"]["awsEcrContainerImage"]


def _account(told: Told) -> list[Group]:
    return [{"accountId": told["awsAccountId"]}]


def _packages(told: Told) -> list[Group]:
    names = dict.fromkeys(each["name"] for each in told["packageVulnerabilityDetails"]["vulnerablePackages"])
    return [{"packageName": name, "accountId": told["awsAccountId"]} for name in names]


def _titles(told: Told) -> list[Group]:
    vulnerability = told["packageVulnerabilityDetails"]["vulnerabilityId"]
    return [{"title": told["title"], "vulnerabilityId": vulnerability, "accountId": told["awsAccountId"]}]


def _repositories(told: Told) -> list[Group]:
    return [{"repository": _image(told)["repositoryName"], "accountId": told["awsAccountId"]}]


def _images(told: Told) -> list[Group]:
    image = _image(told)
    return [
        {
            "resourceId": told["resources"][0]["id"],
            "imageSha": image["imageHash"],
            "repository": image["repositoryName"],
            "architecture": image["architecture"],
            "imageTags": image["imageTags"],
            "accountId": told["awsAccountId"],
            "inUseCount": image["inUseCount"],
        }
    ]


def _layers(told: Told) -> list[Group]:
    layers = dict.fromkeys(each["sourceLayerHash"] for each in told["packageVulnerabilityDetails"]["vulnerablePackages"])
    of = {"repository": _image(told)["repositoryName"], "resourceId": told["resources"][0]["id"], "accountId": told["awsAccountId"]}
    return [of | {"layerHash": layer} for layer in layers]


KINDS = {
    "ACCOUNT": Aggregation("accountAggregation", _account, {}, counts_fixes=True),
    "AWS_ECR_CONTAINER": Aggregation(
        "awsEcrContainerAggregation", _images,
        {
            "architectures": "architecture", "imageShas": "imageSha", "imageTags": "imageTags", "inUseCount": "inUseCount", "lastInUseAt": "lastInUseAt",
            "repositories": "repository", "resourceIds": "resourceId",
        },
    ),
    "FINDING_TYPE": Aggregation("findingTypeAggregation", _account, {}, counts_fixes=True),
    "IMAGE_LAYER": Aggregation(
        "imageLayerAggregation", _layers, {"layerHashes": "layerHash", "repositories": "repository", "resourceIds": "resourceId"}
    ),
    "PACKAGE": Aggregation("packageAggregation", _packages, {"packageNames": "packageName"}),
    "REPOSITORY": Aggregation("repositoryAggregation", _repositories, {"repositories": "repository"}, counts_images=True),
    "TITLE": Aggregation("titleAggregation", _titles, {"titles": "title", "vulnerabilityIds": "vulnerabilityId"}),
}  # fmt: skip
