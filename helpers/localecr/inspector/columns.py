"""What SQL knows of a finding: with it, it decides which ones fit a FilterCriteria, and no document is read into Python for that."""

from __future__ import annotations

from localecr.inspector import conditions, criteria, finding
from localecr.inspector.answers import IMAGE
from localecr.inspector.conditions import Decision
from localecr.inspector.criteria import Condition
from localecr.registry import Registry

DETAILS = "$.details.packageVulnerabilityDetails"
# member of FilterCriteria → what there is one of, or none; ``f`` is a row of inspector_findings
VALUES = {
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
    "ecrImageInUseCount": "json_extract(f.document, '$.image.inUseCount')",
    "ecrImageRegistry": "f.account",
    "ecrImageRepositoryName": "f.repository",
    "ecrImageHash": "f.digest",
    "vulnerabilityId": "f.vulnerability",
    "vulnerabilitySource": f"json_extract(f.document, '{DETAILS}.source')",
    "vendorSeverity": f"json_extract(f.document, '{DETAILS}.vendorSeverity')",
    "cloudProvider": "'AWS'",
    "cloudProviderRegion": "f.region",
    "cloudProviderAccountId": "f.account",
}
# … and what there may be several of: tables
TABLES = {
    "ecrImageTags": f"json_each({finding.TAGS})",
    "relatedVulnerabilities": f"json_each(f.document, '{DETAILS}.relatedVulnerabilities')",
}
PACKAGES = f"json_each(f.document, '{DETAILS}.vulnerablePackages') p"
# member of PackageFilter → the same of a row of PACKAGES
OF_PACKAGE = {
    name: f"json_extract(p.value, '$.{criteria.IN_PACKAGES.get(name, name)}')"
    for name in ("name", "version", "epoch", "release", "architecture", "sourceLayerHash", "sourceLambdaLayerArn", "filePath")
}


def fitting(registry: Registry, wanted: dict[str, list[Condition]]) -> Decision:
    """Of a registry's findings those that are told, open or closed not too long ago, and fit a FilterCriteria."""
    told = "f.account = ? AND f.region = ? AND (f.forgotten_at IS NULL OR f.forgotten_at > ?)"
    of_registry = told, [registry.account, registry.region, registry.lab.clock.now()]
    return conditions.all_of([of_registry, *(member(name, each) for name, each in wanted.items())])


def member(name: str, wanted: list[Condition]) -> Decision:
    """Those that fit one member of a FilterCriteria."""
    if name in VALUES:
        return conditions.of_value(VALUES[name], wanted)
    if name in TABLES:
        return conditions.of_values(TABLES[name], wanted)
    if name == "vulnerablePackages":
        return conditions.exists(PACKAGES, conditions.any_of([_package(each) for each in wanted]))
    return ("TRUE" if criteria.of_kind(wanted)(wanted, []) else "FALSE"), []  # no image's finding has it


def _package(condition: Condition) -> Decision:
    return conditions.all_of([conditions.of_value(OF_PACKAGE[name], [each]) for name, each in condition.items()])
