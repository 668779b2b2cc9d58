"""Amazon Inspector's findings: what one says of a flaw and its packages, and its life from the first scan to the last. AWS: Inspector user guide,
"Understanding Amazon Inspector findings" and the samples of its event schema; DescribeImageScanFindings' sample."""

from __future__ import annotations

import pytest

from awsapi import push
from examined import ALPINE, APP, BASE, Scanner, at, flaw, package
from localecr.scanner.model import Match
from specimens import image

OPENSSL = Match(package("libssl3", "3.0.11-1~deb12u2"), flaw("CVE-2024-6119"), "3.0.14-1~deb12u2")
ZLIB = Match(package("zlib1g", "1:1.2.13.dfsg-1"), flaw("CVE-2023-45853", 9.8), None)
FLASK = Match(
    package("flask", "2.0.0", "PYTHONPKG", path="srv/app/flask-2.0.0.dist-info/METADATA"),
    flaw("CVE-2023-30861", 7.5, source="GITHUB", advisory="GHSA-m2qf-hxjv-5gpq", aliases=("PYSEC-2023-62",), rating="HIGH"),
    "2.3.2",
)


@pytest.fixture
def scanner(lab_endpoint):
    return Scanner(lab_endpoint)


@pytest.fixture
def inspector(aws):
    """Your account's Inspector, enabled."""
    client = aws("inspector2")
    client.enable(resourceTypes=["ECR"])
    return client


@pytest.fixture
def pushed(ecr, name):
    """The digest of an image of this test's own, tagged 1.0."""
    return push(ecr, name, image(name), "1.0").digest


@pytest.fixture
def found(inspector, scanner, name, pushed):
    """`found(match, …)`: the findings of the image once a scan has found that, by vulnerability."""

    def scan(*matches, **more):
        scanner.finds(name, pushed, *matches, **more)
        listed = inspector.list_findings(filterCriteria={"ecrImageRepositoryName": [{"comparison": "EQUALS", "value": name}]})["findings"]
        return {each["packageVulnerabilityDetails"]["vulnerabilityId"]: each for each in listed}

    return scan


def only_package(finding):
    (one,) = finding["packageVulnerabilityDetails"]["vulnerablePackages"]
    return one


def test_a_finding_of_an_operating_systems_package(found, name, pushed):
    finding = found(OPENSSL)["CVE-2024-6119"]
    assert (finding["title"], finding["severity"], finding["inspectorScore"]) == ("CVE-2024-6119 - libssl3", "HIGH", 7.5)
    assert (finding["type"], finding["status"], finding["awsAccountId"]) == ("PACKAGE_VULNERABILITY", "ACTIVE", "111122223333")
    assert (finding["fixAvailable"], finding["exploitAvailable"]) == ("YES", "NO")
    assert only_package(finding) == {
        "name": "libssl3", "version": "3.0.11", "release": "1~deb12u2", "epoch": 0, "arch": "AMD64", "packageManager": "OS", "sourceLayerHash": BASE,
        "fixedInVersion": "0:3.0.14-1~deb12u2", "remediation": "apt-get update && apt-get upgrade",
    }  # fmt: skip
    (resource,) = finding["resources"]
    assert resource["id"] == f"arn:aws:ecr:us-east-1:111122223333:repository/{name}/{pushed}"
    assert (resource["type"], resource["region"], resource["partition"]) == ("AWS_ECR_CONTAINER_IMAGE", "us-east-1", "aws")
    details = resource["details"]["awsEcrContainerImage"]
    assert (details["repositoryName"], details["imageHash"], details["registry"]) == (name, pushed, "111122223333")
    assert (details["platform"], details["architecture"], details["imageTags"], details["inUseCount"]) == ("DEBIAN_12", "amd64", ["1.0"], 0)


def test_a_finding_of_a_library(found):
    finding = found(FLASK)["CVE-2023-30861"]
    assert only_package(finding) == {
        "name": "flask", "version": "2.0.0", "epoch": 0, "packageManager": "PYTHONPKG", "filePath": "srv/app/flask-2.0.0.dist-info/METADATA",
        "sourceLayerHash": APP, "fixedInVersion": "2.3.2",
    }  # fmt: skip
    details = finding["packageVulnerabilityDetails"]
    assert (details["source"], details["vendorSeverity"]) == ("GITHUB", "HIGH")
    assert details["relatedVulnerabilities"] == ["GHSA-m2qf-hxjv-5gpq", "PYSEC-2023-62"]
    assert details["vendorCreatedAt"].timestamp() == at("2025-03-01T00:00:00Z")


def test_an_epoch_stands_by_itself_and_a_flaw_without_a_fix_says_so(found):
    finding = found(ZLIB)["CVE-2023-45853"]
    assert (only_package(finding)["epoch"], only_package(finding)["version"], only_package(finding)["release"]) == (1, "1.2.13.dfsg", "1")
    assert only_package(finding)["fixedInVersion"] == "NotAvailable"
    assert (finding["fixAvailable"], finding["severity"]) == ("NO", "CRITICAL")
    assert finding["remediation"]["recommendation"]["text"] == "None Provided"


def test_one_flaw_in_several_packages_is_one_finding(found):
    cve = flaw("CVE-2023-2650")
    matches = [Match(package(each, "3.0.8-1"), cve, fix) for each, fix in (("openssl", "3.0.9-1"), ("libssl3", "3.0.9-1"), ("libssl-dev", None))]
    finding = found(*matches)["CVE-2023-2650"]
    assert [each["name"] for each in finding["packageVulnerabilityDetails"]["vulnerablePackages"]] == ["libssl-dev", "libssl3", "openssl"]
    assert finding["title"] == "CVE-2023-2650 - libssl-dev, libssl3 and 1 more"
    assert finding["fixAvailable"] == "PARTIAL"


def test_a_flaw_that_nobody_scored_is_untriaged_and_has_no_score(found, scanner, name, pushed):
    finding = found(Match(package("krb5", "1.20.1-2"), flaw("CVE-2025-24528", None), None))["CVE-2025-24528"]
    assert finding["severity"] == "UNTRIAGED"
    assert not {"inspectorScore", "inspectorScoreDetails"} & finding.keys()
    assert finding["packageVulnerabilityDetails"]["cvss"] == []
    (shown,) = scanner.shown_by_ecr(name, pushed)
    assert (shown["score"], "scoreDetails" in shown) == (0.0, False)


def test_a_flaw_that_is_exploited_says_since_when(found):
    finding = found(Match(package("log4j-core", "2.14.1", "JAR"), flaw("CVE-2021-44228", 10.0, exploited_since="2021-12-10"), "2.15.0"))["CVE-2021-44228"]
    assert finding["exploitAvailable"] == "YES"
    assert finding["exploitabilityDetails"]["lastKnownExploitAt"].timestamp() == at("2021-12-10T00:00:00Z")


def test_an_alpine_image_and_its_package(found):
    busybox = package("busybox", "1.36.1-r28", ecosystem="Alpine:v3.20", arch="x86_64", path="lib/apk/db/installed")
    finding = found(Match(busybox, flaw("CVE-2023-42364", 5.5), "1.36.1-r29"), system=ALPINE)["CVE-2023-42364"]
    assert finding["resources"][0]["details"]["awsEcrContainerImage"]["platform"] == "ALPINE_LINUX_3_20"
    assert (only_package(finding)["version"], only_package(finding)["release"], only_package(finding)["arch"]) == ("1.36.1", "r28", "X86_64")


def test_the_same_flaw_in_the_same_image_has_the_same_arn_after_another_scan(found):
    first = found(OPENSSL)["CVE-2024-6119"]["findingArn"]
    assert found(OPENSSL, ZLIB)["CVE-2024-6119"]["findingArn"] == first
    assert found(OPENSSL, ZLIB)["CVE-2023-45853"]["findingArn"] != first


def test_a_finding_that_a_scan_does_not_find_any_more_is_closed(found, later):
    before = found(OPENSSL, ZLIB)
    later(hours=1)
    after = found(ZLIB)
    assert (after["CVE-2024-6119"]["status"], after["CVE-2023-45853"]["status"]) == ("CLOSED", "ACTIVE")
    assert after["CVE-2024-6119"]["updatedAt"] > before["CVE-2024-6119"]["updatedAt"]
    later(days=30)
    assert set(found(ZLIB)) == {"CVE-2023-45853"}


def test_ecr_shows_the_same_findings_in_its_own_words_the_worst_first(found, scanner, name, pushed):
    found(OPENSSL, FLASK, ZLIB)
    shown = scanner.shown_by_ecr(name, pushed)
    assert [each["severity"] for each in shown] == ["CRITICAL", "HIGH", "HIGH"]
    assert shown[0]["scoreDetails"]["cvss"] == {
        "adjustments": [], "score": 9.8, "scoreSource": "NVD", "scoringVector": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N", "version": "3.1",
    }  # fmt: skip
    assert shown[0]["resources"][0].keys() == {"details", "id", "tags", "type"}
