"""Answers of DescribeImageScanFindings, in the shapes of botocore's model, and an ECR client that gives them."""

from __future__ import annotations

from datetime import UTC, datetime

import boto3
from botocore.stub import Stubber

from ecrlab.scans import Scan

DIGEST = "sha256:" + "a1" * 32
BASE, SERVICE = "sha256:" + "b2" * 32, "sha256:" + "c3" * 32
VECTOR = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)


def basic(name: str, severity: str, package: str, version: str, score: str | None = "9.8", vector: str | None = VECTOR) -> dict:
    """An ImageScanFinding."""
    told = {"package_name": package, "package_version": version, "CVSS3_VECTOR": vector, "CVSS3_SCORE": score}
    return {
        "name": name,
        "description": f"What {name} is about.",
        "uri": f"https://security-tracker.debian.org/tracker/{name}",
        "severity": severity,
        "attributes": [{"key": key, "value": value} for key, value in told.items() if value is not None],
    }


def package(name: str, version: str, manager: str = "OS", layer: str = BASE, fixed: str = "NotAvailable", path: str = "var/lib/dpkg/status", **more) -> dict:
    """A VulnerablePackage."""
    return {"name": name, "version": version, "packageManager": manager, "sourceLayerHash": layer, "fixedInVersion": fixed, "filePath": path, **more}


def enhanced(name: str, severity: str, score: float | None, *packages: dict, status: str = "ACTIVE") -> dict:
    """An EnhancedImageScanFinding."""
    scored = {"score": score, "scoreDetails": {"cvss": {"score": score, "scoreSource": "NVD", "scoringVector": VECTOR, "version": "3.1"}}} if score else {}
    return {
        "description": f"What {name} is about.",
        "severity": severity,
        "status": status,
        "title": f"{name} - {packages[0]['name']}",
        "packageVulnerabilityDetails": {
            "vulnerabilityId": name,
            "source": "NVD",
            "sourceUrl": f"https://nvd.nist.gov/vuln/detail/{name}",
            "vulnerablePackages": list(packages),
        },
        **scored,
    }


def counts(findings: list[dict]) -> dict[str, int]:
    severities = [each["severity"] for each in findings]
    return {name: severities.count(name) for name in severities}


def scan(type: str, *findings: dict, status: str | None = None, description: str = "", tag: str = "1.0") -> Scan:
    """A scan that has come to its end."""
    status = status or {"BASIC": "COMPLETE", "ENHANCED": "ACTIVE"}[type]
    return Scan("web", tag, DIGEST, type, status, description, list(findings), counts(list(findings)), NOW, NOW)


OPENSSL = basic("CVE-2021-3711", "CRITICAL", "openssl", "1.1.1k-1")
ZLIB = basic("CVE-2023-45853", "UNDEFINED", "zlib", "1:1.2.11.dfsg-2", score=None, vector=None)
BASIC = scan("BASIC", ZLIB, OPENSSL)
ENHANCED = scan(
    "ENHANCED",
    enhanced("CVE-2023-45853", "UNTRIAGED", None, package("zlib1g", "1.2.11.dfsg", epoch=1, release="2")),
    enhanced(
        "CVE-2021-3711",
        "CRITICAL",
        9.8,
        package("openssl", "1.1.1k", release="1", fixed="0:1.1.1k-1+deb11u1"),
        package("libssl1.1", "1.1.1k", release="1", fixed="1.1.1k-1+deb11u1"),
    ),
    enhanced("CVE-2020-14343", "HIGH", 8.1, package("PyYAML", "5.3.1", "PYTHONPKG", SERVICE, "5.4", "srv/PyYAML-5.3.1.dist-info/METADATA"), status="SUPPRESSED"),
)


def client(*answers: dict | str, type: str = "BASIC"):
    """An ECR client of boto3's that gives these answers in their order, each a page or an error's code, and then tells the registry's type."""
    ecr = boto3.Session("AKIDEXAMPLE", "secret", region_name="us-east-1").client("ecr")
    stub = Stubber(ecr)
    for answer in answers:
        stub.add_client_error("describe_image_scan_findings", answer) if isinstance(answer, str) else stub.add_response("describe_image_scan_findings", answer)
    stub.add_response("get_registry_scanning_configuration", {"scanningConfiguration": {"scanType": type, "rules": []}})
    stub.activate()
    return ecr


def page(status: str, *findings: dict, description: str = "", token: str | None = None, key: str = "findings") -> dict:
    """A page of DescribeImageScanFindings."""
    told = {"imageId": {"imageDigest": DIGEST, "imageTag": "1.0"}, "imageScanStatus": {"status": status, "description": description}}
    if findings:
        told["imageScanFindings"] = {key: list(findings), "findingSeverityCounts": counts(list(findings)), "imageScanCompletedAt": NOW}
    return told | ({"nextToken": token} if token else {})
