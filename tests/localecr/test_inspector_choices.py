"""Whatever is asked for: ListFindings and ListFindingAggregations choose, sort and count in SQL what looking at one finding after the other gives."""

from __future__ import annotations

import json
import random
from datetime import datetime, timezone

import pytest
from botocore.session import Session

from examined import APP, BASE, flaw, package
from localecr.inspector import answers, criteria, findings
from localecr.scanner.model import Match

MODEL = Session().get_service_model("inspector2")
OF_FINDINGS = {name: shape.member for name, shape in MODEL.shape_for("FilterCriteria").members.items()}
OF_PACKAGES = MODEL.shape_for("PackageFilter").members
SEVERITIES = list(findings.SEVERITIES)
NAMES = ["zlib1g", "lib", "lib%", "lib_x", "libssl3", "Libssl3", "@babel/core", "org.apache.logging.log4j:log4j-core", "naïve", "'quoted\"", "雪"]
VERSIONS = {"OS": ["1.2-1", "1:1.2-1", "2:1.2.13.dfsg-1", "7"], "PYTHONPKG": ["1.2", "2.0.0"], "NODEPKG": ["1.2"], "JAR": ["1.2"]}
BOUNDS = {
    "NumberFilter": ("lowerInclusive", "upperInclusive"),
    "DateFilter": ("startInclusive", "endInclusive"),
    "PortRangeFilter": ("beginInclusive", "endInclusive"),
}
QUESTIONS = 80
anyhow = pytest.mark.parametrize("chance", range(3), indirect=True)


@pytest.fixture
def chance(request):
    return random.Random(request.param)


@pytest.fixture
def told(inspected, chance, later):
    """Every finding as ListFindings tells it: open, suppressed and closed ones, of images in three repositories, some of which were deleted, tagged
    again, or have another architecture than before."""
    names = [inspected.name, f"{inspected.name}/copy", f"{inspected.name}_other"]
    for name in names[1:]:
        inspected.ecr.create_repository(repositoryName=name)
    images = [(name, inspected.push(tag, name)) for name in names for tag in ("1.0", "2.0")]
    for _ in range(2):
        for name, digest in images:
            inspected.finds(digest, *some_matches(chance), repository=name, architecture=chance.choice(["amd64", "arm64"]))
            later(hours=1)
    hidden = {"vulnerabilityId": [{"comparison": "PREFIX", "value": "CVE-2024-1"}], "severity": [{"comparison": "NOT_EQUALS", "value": "CRITICAL"}]}
    inspected.inspector.create_filter(name="hide", action="SUPPRESS", filterCriteria=hidden)
    inspected.ecr.batch_delete_image(repositoryName=names[0], imageIds=[{"imageDigest": images[0][1]}])
    manifest = inspected.ecr.batch_get_image(repositoryName=names[1], imageIds=[{"imageTag": "1.0"}])["images"][0]["imageManifest"]
    for tag in ("2.0", "stable"):  # so that another image has no tag
        inspected.ecr.put_image(repositoryName=names[1], imageManifest=manifest, imageTag=tag)
    return [answers.of_inspector(each) for each in findings.all_of(inspected.registry)]


def some_matches(chance):
    flaws = [
        flaw(
            f"CVE-{2023 + number % 2}-{number}", chance.choice([None, 0.0, 3.1, 5.5, 7.5, 9.8]), source=chance.choice(["DEBIAN", "GITHUB", "ALPINE"]),
            rating=chance.choice([None, "LOW", "HIGH", "not yet assigned"]), aliases=tuple(chance.sample(["GHSA-a", "GHSA-b", "PYSEC-%"], chance.randrange(3))),
            has_exploit=chance.random() < 0.3, exploited_since=chance.choice([None, None, "2021-12-10"]),
        )
        for number in chance.sample(range(30), 12)
    ]  # fmt: skip
    return [Match(some_package(chance), each, chance.choice([None, "9-1"])) for each in [*flaws, *chance.sample(flaws, 8)]]


def some_package(chance):
    manager = chance.choice(list(VERSIONS))
    more = {"layer": chance.choice([BASE, APP])} | ({"arch": chance.choice(["amd64", "arm64", "all"])} if manager == "OS" else {})
    return package(chance.choice(NAMES), chance.choice(VERSIONS[manager]), manager, **more)


# --- questions ---------------------------------------------------------------------------------------------------------------------------


def some_criteria(chance, told):
    """About what images' findings have; of the rest there is a test for each member."""
    names = chance.sample(sorted(criteria.MEMBERS), chance.choice([1, 1, 2, 3]))
    return {name: some_conditions(chance, OF_FINDINGS[name], [value for each in told for value in values_of(name, each)]) for name in names}


def values_of(name, each):
    return criteria.MEMBERS[name][1](each) if name in criteria.MEMBERS else []


def some_conditions(chance, shape, values):
    return [some_condition(chance, shape, values) for _ in range(chance.choice([1, 1, 2, 3]))]


def some_condition(chance, shape, values):
    """Of the model's shape, mostly about a value that is there, or one that is nearly the same."""
    if shape.name == "PackageFilter":
        one = chance.choice(values)
        known = {name: one.get(criteria.IN_PACKAGES.get(name, name)) for name in chance.sample(sorted(OF_PACKAGES), chance.randrange(4))}
        return {name: some_condition(chance, OF_PACKAGES[name], [] if value is None else [value]) for name, value in known.items()}
    if shape.name == "MapFilter":
        return {"comparison": "EQUALS", "key": "team"} | chance.choice([{}, {"value": "shop"}])
    if shape.name == "StringFilter":
        value = chance.choice(values or ["nowhere"])
        near = [value, value[: chance.randint(1, len(value))], value.swapcase(), f"{value}%", "nowhere"]
        return {"comparison": chance.choice(["EQUALS", "PREFIX", "NOT_EQUALS"]), "value": chance.choices(near, [4, 4, 1, 1, 1])[0]}
    bounds = sorted(int(chance.choice(values or [0])) for _ in range(2))
    if shape.name == "DateFilter":
        bounds = [datetime.fromtimestamp(each, timezone.utc) for each in bounds]
    return {name: bound for name, bound in zip(BOUNDS[shape.name], bounds, strict=True) if chance.random() < 0.7}


# --- ListFindings ------------------------------------------------------------------------------------------------------------------------


def image(each):
    return each["resources"][0]["details"]["awsEcrContainerImage"]


def flaw_of(each):
    return each["packageVulnerabilityDetails"]


ORDERS = {  # SortField → what a finding is sorted by; by nothing where all have the same, or none has it
    None: lambda each: (SEVERITIES.index(each["severity"]), -each.get("inspectorScore", 0.0), flaw_of(each)["vulnerabilityId"]),
    "SEVERITY": lambda each: -SEVERITIES.index(each["severity"]),
    "FIRST_OBSERVED_AT": lambda each: each["firstObservedAt"],
    "LAST_OBSERVED_AT": lambda each: each["lastObservedAt"],
    "FINDING_STATUS": lambda each: each["status"],
    "ECR_IMAGE_PUSHED_AT": lambda each: image(each)["pushedAt"],
    "ECR_IMAGE_REPOSITORY_NAME": lambda each: image(each)["repositoryName"],
    "VULNERABILITY_ID": lambda each: flaw_of(each)["vulnerabilityId"],
    "VULNERABILITY_SOURCE": lambda each: flaw_of(each)["source"],
    "INSPECTOR_SCORE": lambda each: each.get("inspectorScore", -1.0),
    "VENDOR_SEVERITY": lambda each: flaw_of(each).get("vendorSeverity", ""),
}


@anyhow
def test_the_findings_that_fit_any_criteria_are_listed_in_any_order(inspected, told, chance):
    fields, sizes = [None, *MODEL.shape_for("SortField").enum], []
    for _ in range(QUESTIONS):
        wanted, field, order = some_criteria(chance, told), chance.choice(fields), chance.choice(["ASC", "DESC"])
        asked = {"filterCriteria": wanted} | ({"sortCriteria": {"field": field, "sortOrder": order}} if field else {})
        pages = inspected.inspector.get_paginator("list_findings").paginate(**asked, PaginationConfig={"PageSize": chance.choice([7, 100])})
        by, is_descending = ORDERS.get(field, lambda each: 0), field is not None and order == "DESC"
        fitting = [each for each in told if criteria.matches(wanted, each)]
        expected = sorted(fitting, key=lambda each: (by(each), each["findingArn"]), reverse=is_descending)
        assert [each["findingArn"] for page in pages for each in page["findings"]] == [each["findingArn"] for each in expected], asked
        sizes.append(len(expected))
    assert 0 in sizes and len(told) in sizes and len(set(sizes)) > QUESTIONS / 5  # what was asked tells findings apart


@anyhow
def test_every_member_of_the_criteria_chooses_as_it_suppresses(inspected, told, chance):
    for name, shape in OF_FINDINGS.items():
        wanted = {name: some_conditions(chance, shape, [value for each in told for value in values_of(name, each)])}
        found = inspected.inspector.get_paginator("list_findings").paginate(filterCriteria=wanted).build_full_result()["findings"]
        assert {each["findingArn"] for each in found} == {each["findingArn"] for each in told if criteria.matches(wanted, each)}, wanted


# --- ListFindingAggregations -------------------------------------------------------------------------------------------------------------


def resource(each):
    return {"resourceId": each["resources"][0]["id"], "repository": image(each)["repositoryName"]}


def of_packages(each, member, name):
    return [{member: value} for value in {one[name] for one in flaw_of(each)["vulnerablePackages"]}]


GROUPS = {  # AggregationType → its member of the union, and the groups that a finding is in
    "ACCOUNT": ("accountAggregation", lambda each: [{}]),
    "FINDING_TYPE": ("findingTypeAggregation", lambda each: [{}]),
    "AWS_ECR_CONTAINER": (
        "awsEcrContainerAggregation",
        lambda each: [
            resource(each) | {"imageSha": image(each)["imageHash"]} | {name: image(each)[name] for name in ("architecture", "imageTags", "inUseCount")}
        ],
    ),
    "IMAGE_LAYER": ("imageLayerAggregation", lambda each: [resource(each) | layer for layer in of_packages(each, "layerHash", "sourceLayerHash")]),
    "PACKAGE": ("packageAggregation", lambda each: of_packages(each, "packageName", "name")),
    "REPOSITORY": ("repositoryAggregation", lambda each: [{"repository": image(each)["repositoryName"]}]),
    "TITLE": ("titleAggregation", lambda each: [{"title": each["title"], "vulnerabilityId": flaw_of(each)["vulnerabilityId"]}]),
}
ASKED = {  # a request's filter → what it is about, of a finding and a group that it is in
    "architectures": lambda each, group: [image(each)["architecture"]],
    "cloudAccountIds": lambda each, group: [each["awsAccountId"]],
    "cloudOrgIds": lambda each, group: [],
    "cloudPartitions": lambda each, group: ["aws"],
    "cloudProviders": lambda each, group: ["AWS"],
    "cloudRegions": lambda each, group: ["us-east-1"],
    "findingType": lambda each, group: [each["type"]],
    "imageShas": lambda each, group: [image(each)["imageHash"]],
    "imageTags": lambda each, group: image(each)["imageTags"],
    "inUseCount": lambda each, group: [0],
    "lastInUseAt": lambda each, group: [],
    "layerHashes": lambda each, group: [group["layerHash"]],
    "packageNames": lambda each, group: [group["packageName"]],
    "repositories": lambda each, group: [image(each)["repositoryName"]],
    "resourceIds": lambda each, group: [each["resources"][0]["id"]],
    "resourceType": lambda each, group: ["AWS_ECR_CONTAINER_IMAGE"],
    "titles": lambda each, group: [each["title"]],
    "vulnerabilityIds": lambda each, group: [flaw_of(each)["vulnerabilityId"]],
}


def is_in(each, group, filters):
    return all(criteria.of_kind(conditions)(conditions, ASKED[name](each, group)) for name, conditions in filters.items())


def counts(kind, members):
    found = {"severityCounts": {name.lower(): sum(each["severity"] == name for each in members) for name in SEVERITIES} | {"all": len(members)}}
    if kind in ("ACCOUNT", "FINDING_TYPE"):
        found |= {f"{name}Count": sum(each[name] == "YES" for each in members) for name in ("fixAvailable", "exploitAvailable")}
    if kind == "REPOSITORY":
        found["affectedImages"] = len({each["resources"][0]["id"] for each in members})
    return found


def counted(told, kind, filters):
    groups = {}
    for each in told:
        for group in GROUPS[kind][1](each) if each["status"] == "ACTIVE" else ():
            if is_in(each, group, filters):
                groups.setdefault(repr(group), (group, []))[1].append(each)
    return [group | {"accountId": members[0]["awsAccountId"]} | counts(kind, members) for group, members in groups.values()]


def some_filters(chance, shape, pairs):
    """For a request of this shape; those of a single value as the condition that they stand for."""
    names = [name for name in shape.members if name in ASKED]
    lists = {name: shape.members[name] for name in chance.sample(names, min(len(names), chance.randrange(3)))}
    return {
        name: some_conditions(chance, each.member, [value for pair in pairs for value in ASKED[name](*pair)]) if each.type_name == "list"
        else [{"comparison": "EQUALS", "value": chance.choice(each.enum)}]
        for name, each in lists.items()
    }  # fmt: skip


@anyhow
def test_findings_are_counted_with_any_filters_in_any_order(inspected, told, chance):
    for kind in chance.choices(list(GROUPS), k=QUESTIONS):
        member, groups = GROUPS[kind]
        shape = MODEL.shape_for("AggregationRequest").members[member]
        filters = some_filters(chance, shape, [(each, group) for each in told for group in groups(each)])
        request = {name: each if shape.members[name].type_name == "list" else each[0]["value"] for name, each in filters.items()}
        by, order, size = chance.choice(shape.members["sortBy"].enum), chance.choice(["ASC", "DESC"]), chance.choice([3, 100])
        asked = {"aggregationType": kind, "aggregationRequest": {member: request | {"sortBy": by, "sortOrder": order}}}
        pages = inspected.inspector.get_paginator("list_finding_aggregations").paginate(**asked, PaginationConfig={"PageSize": size})
        found = [response[member] for page in pages for response in page["responses"]]
        assert sorted(found, key=as_text) == sorted(counted(told, kind, filters), key=as_text), asked
        numbers = [each["affectedImages"] if by == "AFFECTED_IMAGES" else each["severityCounts"][by.lower()] for each in found]
        assert numbers == sorted(numbers, reverse=order == "DESC")


def test_every_filter_of_what_is_counted_is_asked_here():
    for member, _ in GROUPS.values():
        assert set(MODEL.shape_for("AggregationRequest").members[member].members) <= {*ASKED, "sortBy", "sortOrder"}


def as_text(group):
    return json.dumps(group, sort_keys=True)
