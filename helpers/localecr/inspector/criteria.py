"""FilterCriteria: which findings one asks for, or has suppressed. AWS: Inspector API, FilterCriteria.

Conditions on different members must all hold; of those on one member any of EQUALS and PREFIX, and every NOT_EQUALS. What only
other resources than container images have is never there: EQUALS and PREFIX don't match, NOT_EQUALS does.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

Condition = dict[str, Any]
Told = dict[str, Any]  # a finding as ListFindings tells it
Values = list[Any]
Test = Callable[[list[Condition], Values], bool]


def matches(criteria: dict[str, list[Condition]], told: Told) -> bool:
    """Whether a finding fits; criteria without any member fit every finding. Times are datetimes or seconds since 1970."""
    return all(_fits(name, conditions, told) for name, conditions in criteria.items())


def _fits(name: str, conditions: list[Condition], told: Told) -> bool:
    if name not in MEMBERS:  # what no image's finding has
        return of_kind(conditions)(conditions, [])
    kind, of = MEMBERS[name]
    return kind(conditions, of(told))


def of_kind(conditions: list[Condition]) -> Test:
    """How conditions are that don't say it by their member: by what the first of them has."""
    keys = set(conditions[0])
    return of_tags if "key" in keys else of_text if "comparison" in keys else of_dates if keys & {"startInclusive", "endInclusive"} else of_numbers


def of_text(conditions: list[Condition], values: Values) -> bool:
    """On text. Of several values, as of tags, one must fit; with NOT_EQUALS none may be the one."""
    wanted = [each for each in conditions if each["comparison"] != "NOT_EQUALS"]
    unwanted = {each["value"] for each in conditions if each["comparison"] == "NOT_EQUALS"}
    return not unwanted.intersection(values) and (not wanted or any(_is(each, value) for each in wanted for value in values))


def _is(condition: Condition, value: str) -> bool:
    return value.startswith(condition["value"]) if condition["comparison"] == "PREFIX" else value == condition["value"]


def of_numbers(conditions: list[Condition], values: Values) -> bool:
    return any(_within(each.get("lowerInclusive"), value, each.get("upperInclusive")) for each in conditions for value in values)


def of_dates(conditions: list[Condition], values: Values) -> bool:
    return any(_within(seconds(each.get("startInclusive")), value, seconds(each.get("endInclusive"))) for each in conditions for value in values)


def _within(low: float | None, value: float, high: float | None) -> bool:
    return (low is None or low <= value) and (high is None or value <= high)


def seconds(moment: datetime | float | None) -> float | None:
    """A filter's moment in seconds since 1970."""
    return moment.timestamp() if isinstance(moment, datetime) else moment


def of_tags(conditions: list[Condition], values: Values) -> bool:
    """On tags; a condition without a value is about the key alone."""
    return any(each["key"] in tags and each.get("value") in (None, "", tags[each["key"]]) for each in conditions for tags in values)


def _packages(conditions: list[Condition], values: Values) -> bool:
    """On vulnerable packages: one of them must fit all that one condition says."""
    return any(all(_of_package(name, each, package) for name, each in condition.items()) for condition in conditions for package in values)


def _of_package(name: str, condition: Condition, package: dict[str, Any]) -> bool:
    value = package.get(IN_PACKAGES.get(name, name))
    values = [] if value is None else [value]
    return of_numbers([condition], values) if name == "epoch" else of_text([condition], values)


IN_PACKAGES = {"architecture": "arch"}


def _own(name: str) -> Callable[[Told], Values]:
    return lambda told: present(told.get(name))


def _image(name: str) -> Callable[[Told], Values]:
    return lambda told: present(told["resources"][0]["details"]["awsEcrContainerImage"].get(name))


def _vulnerability(name: str) -> Callable[[Told], Values]:
    return lambda told: present(told["packageVulnerabilityDetails"].get(name))


def _resource(name: str) -> Callable[[Told], Values]:
    return lambda told: present(told["resources"][0].get(name))


def present(value: Any) -> Values:
    """The values of a member: those of a list, a single one, or none."""
    return value if isinstance(value, list) else [] if value is None else [value]


# member of FilterCriteria → how its conditions are, and what of a finding they are about
MEMBERS: dict[str, tuple[Test, Callable[[Told], Values]]] = {
    "findingArn": (of_text, _own("findingArn")),
    "awsAccountId": (of_text, _own("awsAccountId")),
    "findingType": (of_text, _own("type")),
    "severity": (of_text, _own("severity")),
    "firstObservedAt": (of_dates, _own("firstObservedAt")),
    "lastObservedAt": (of_dates, _own("lastObservedAt")),
    "updatedAt": (of_dates, _own("updatedAt")),
    "findingStatus": (of_text, _own("status")),
    "title": (of_text, _own("title")),
    "inspectorScore": (of_numbers, _own("inspectorScore")),
    "fixAvailable": (of_text, _own("fixAvailable")),
    "exploitAvailable": (of_text, _own("exploitAvailable")),
    "resourceType": (of_text, _resource("type")),
    "resourceId": (of_text, _resource("id")),
    "resourceTags": (of_tags, lambda told: [told["resources"][0].get("tags", {})]),
    "ecrImagePushedAt": (of_dates, _image("pushedAt")),
    "ecrImageArchitecture": (of_text, _image("architecture")),
    "ecrImageRegistry": (of_text, _image("registry")),
    "ecrImageRepositoryName": (of_text, _image("repositoryName")),
    "ecrImageTags": (of_text, _image("imageTags")),
    "ecrImageHash": (of_text, _image("imageHash")),
    "ecrImageLastInUseAt": (of_dates, _image("lastInUseAt")),
    "ecrImageInUseCount": (of_numbers, _image("inUseCount")),
    "vulnerabilityId": (of_text, _vulnerability("vulnerabilityId")),
    "vulnerabilitySource": (of_text, _vulnerability("source")),
    "vendorSeverity": (of_text, _vulnerability("vendorSeverity")),
    "relatedVulnerabilities": (of_text, _vulnerability("relatedVulnerabilities")),
    "vulnerablePackages": (_packages, _vulnerability("vulnerablePackages")),
    "cloudProvider": (of_text, lambda told: ["AWS"]),
    "cloudProviderRegion": (of_text, _resource("region")),
    "cloudProviderAccountId": (of_text, _own("awsAccountId")),
}
