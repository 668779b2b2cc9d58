"""Amazon Inspector's findings: what one says of a flaw and its packages, and its life from the first scan to the last. AWS: Inspector user guide,
"Understanding Amazon Inspector findings" and the samples of its event schema; DescribeImageScanFindings' sample."""

from __future__ import annotations

import pytest

from awsapi import push
from examined import ALPINE, APP, BASE, FLASK, KRB5, OPENSSL, ZLIB, at, flaw, package
from localecr.inspector.details import title
from localecr.scanner.model import Match, OperatingSystem
from specimens import image

VECTOR = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N"


@pytest.fixture
def pushed(inspected):
    return inspected.push()


def only_package(finding):
    (one,) = finding["packageVulnerabilityDetails"]["vulnerablePackages"]
    return one


# --- what a finding says -----------------------------------------------------------------------------------------------------------------


def test_a_finding_of_an_operating_systems_package_field_by_field(inspected, pushed, door):
    (finding,) = inspected.finds(pushed, OPENSSL).values()
    arn = finding.pop("findingArn")
    assert arn.startswith(f"arn:aws:inspector2:us-east-1:{inspected.account}:finding/")
    (row,) = inspected.ecr.describe_images(repositoryName=inspected.name)["imageDetails"]
    image = {
        "repositoryName": inspected.name, "imageTags": ["1.0"], "pushedAt": row["imagePushedAt"], "architecture": "amd64", "registry": inspected.account,
        "platform": "DEBIAN_12", "inUseCount": 0,
    }  # fmt: skip
    assert finding == {
        "awsAccountId": inspected.account,
        "type": "PACKAGE_VULNERABILITY",
        "title": "CVE-2024-6119 - libssl3",
        "description": "What CVE-2024-6119 is.",
        "severity": "HIGH",
        "status": "ACTIVE",
        "firstObservedAt": door.clock(),
        "lastObservedAt": door.clock(),
        "updatedAt": door.clock(),
        "remediation": {"recommendation": {"text": "Update all packages in the vulnerable packages section to their latest versions."}},
        "fixAvailable": "YES",
        "exploitAvailable": "NO",
        "inspectorScore": 7.5,
        "inspectorScoreDetails": {
            "adjustedCvss": {"adjustments": [], "cvssSource": "NVD", "score": 7.5, "scoreSource": "NVD", "scoringVector": VECTOR, "version": "3.1"}
        },
        "packageVulnerabilityDetails": {
            "vulnerabilityId": "CVE-2024-6119",
            "source": "DEBIAN_CVE",
            "sourceUrl": "https://security-tracker.debian.org/tracker/CVE-2024-6119",
            "cvss": [{"baseScore": 7.5, "scoringVector": VECTOR, "source": "NVD", "version": "3.1"}],
            "referenceUrls": [],
            "relatedVulnerabilities": [],
            "vendorCreatedAt": finding["packageVulnerabilityDetails"]["vendorCreatedAt"],
            "vendorUpdatedAt": finding["packageVulnerabilityDetails"]["vendorUpdatedAt"],
            "vulnerablePackages": [
                {
                    "name": "libssl3",
                    "version": "3.0.11",
                    "release": "1~deb12u2",
                    "epoch": 0,
                    "arch": "AMD64",
                    "packageManager": "OS",
                    "sourceLayerHash": BASE,
                    "fixedInVersion": "0:3.0.14-1~deb12u2",
                    "remediation": "apt-get update && apt-get upgrade",
                }
            ],
        },
        "resources": [
            {
                "type": "AWS_ECR_CONTAINER_IMAGE",
                "id": f"arn:aws:ecr:us-east-1:{inspected.account}:repository/{inspected.name}/{pushed}",
                "partition": "aws",
                "region": "us-east-1",
                "provider": "AWS",
                "providerAccountId": inspected.account,
                "details": {"awsEcrContainerImage": image | {"imageHash": pushed}, "image": image | {"imageDigest": pushed}},
            }
        ],
    }
    assert finding["packageVulnerabilityDetails"]["vendorCreatedAt"].timestamp() == at("2025-03-01T00:00:00Z")
    assert finding["packageVulnerabilityDetails"]["vendorUpdatedAt"].timestamp() == at("2025-04-01T12:00:00Z")


def test_a_finding_of_a_library(inspected, pushed):
    finding = inspected.finds(pushed, FLASK)["CVE-2023-30861"]
    assert only_package(finding) == {
        "name": "flask", "version": "2.0.0", "epoch": 0, "packageManager": "PYTHONPKG", "filePath": "srv/app/flask-2.0.0.dist-info/METADATA",
        "sourceLayerHash": APP, "fixedInVersion": "2.3.2",
    }  # fmt: skip
    details = finding["packageVulnerabilityDetails"]
    assert (details["source"], details["vendorSeverity"]) == ("GITHUB", "HIGH")
    assert details["relatedVulnerabilities"] == ["GHSA-m2qf-hxjv-5gpq", "PYSEC-2023-62"]


def test_an_epoch_stands_by_itself_and_a_flaw_without_a_fix_says_so(inspected, pushed):
    finding = inspected.finds(pushed, ZLIB)["CVE-2023-45853"]
    assert (only_package(finding)["epoch"], only_package(finding)["version"], only_package(finding)["release"]) == (1, "1.2.13.dfsg", "1")
    assert only_package(finding)["fixedInVersion"] == "NotAvailable"
    assert (finding["fixAvailable"], finding["severity"]) == ("NO", "CRITICAL")
    assert finding["remediation"]["recommendation"]["text"] == "None Provided"


@pytest.mark.parametrize(
    ("version", "parts"),
    [
        ("1.0", (0, "1.0", None)),
        ("1:1.0", (1, "1.0", None)),
        ("2:1.0-rc1-3+b1", (2, "1.0-rc1", "3+b1")),
        ("2.36-9+deb12u4", (0, "2.36", "9+deb12u4")),
        ("1:2.39.2-1.1~bpo:1", (1, "2.39.2", "1.1~bpo:1")),
    ],
)
def test_a_debian_version_comes_apart_as_dpkg_reads_it(inspected, pushed, version, parts):
    one = only_package(inspected.finds(pushed, Match(package("some", version), flaw("CVE-2024-0001"), "9:1-1"))["CVE-2024-0001"])
    assert (one["epoch"], one["version"], one.get("release")) == parts
    assert one["fixedInVersion"] == "9:1-1"


def test_one_flaw_in_several_packages_is_one_finding(inspected, pushed):
    cve = flaw("CVE-2023-2650")
    matches = [Match(package(each, "3.0.8-1"), cve, fix) for each, fix in (("openssl", "3.0.9-1"), ("libssl3", "3.0.9-1"), ("libssl-dev", None))]
    (finding,) = inspected.finds(pushed, *matches).values()
    assert [each["name"] for each in finding["packageVulnerabilityDetails"]["vulnerablePackages"]] == ["libssl-dev", "libssl3", "openssl"]
    assert finding["title"] == "CVE-2023-2650 - libssl-dev, libssl3 and 1 more"
    assert finding["fixAvailable"] == "PARTIAL"


def test_a_library_at_two_places_is_two_packages_of_one_finding_and_named_once(inspected, pushed):
    places = ("srv/a/qs/package.json", "srv/b/qs/package.json")
    matches = [Match(package("qs", "6.5.2", "NODEPKG", path=each), flaw("CVE-2022-24999"), "6.5.3") for each in places]
    (finding,) = inspected.finds(pushed, *matches).values()
    assert [each["filePath"] for each in finding["packageVulnerabilityDetails"]["vulnerablePackages"]] == list(places)
    assert finding["title"] == "CVE-2022-24999 - qs"


def test_a_title_names_two_packages_and_counts_the_others():
    assert title("CVE-2021-33910", ["systemd", "systemd-pam", "udev", "libudev1"]) == "CVE-2021-33910 - libudev1, systemd and 2 more"
    assert title("CVE-2024-6119", ["openssl", "libssl3t64"]) == "CVE-2024-6119 - libssl3t64, openssl"
    assert len(title("CVE-2024-1", ["x" * 2000])) == 1024


def test_a_flaw_that_nobody_scored_is_untriaged_and_has_no_score(inspected, pushed):
    finding = inspected.finds(pushed, KRB5)["CVE-2025-24528"]
    assert finding["severity"] == "UNTRIAGED"
    assert not {"inspectorScore", "inspectorScoreDetails"} & finding.keys()
    assert finding["packageVulnerabilityDetails"]["cvss"] == []
    (shown,) = inspected.shown_by_ecr(pushed)
    assert (shown["score"], "scoreDetails" in shown) == (0.0, False)


@pytest.mark.parametrize(
    ("score", "severity"), [(10.0, "CRITICAL"), (9.0, "CRITICAL"), (8.9, "HIGH"), (7.0, "HIGH"), (6.9, "MEDIUM"), (4.0, "MEDIUM"), (3.9, "LOW"), (0.1, "LOW")]
)
def test_the_score_alone_says_how_bad_it_is(inspected, pushed, score, severity):
    (finding,) = inspected.finds(pushed, Match(package("some", "1-1"), flaw("CVE-2024-0002", score, rating="unimportant"), None)).values()
    assert (finding["severity"], finding["packageVulnerabilityDetails"]["vendorSeverity"]) == (severity, "unimportant")


def test_a_flaw_that_is_exploited_says_since_when(inspected, pushed):
    log4shell = Match(package("org.apache.logging.log4j:log4j-core", "2.14.1", "JAR"), flaw("CVE-2021-44228", 10.0, exploited_since="2021-12-10"), "2.15.0")
    (finding,) = inspected.finds(pushed, log4shell).values()
    assert finding["exploitAvailable"] == "YES"
    assert finding["exploitabilityDetails"]["lastKnownExploitAt"].timestamp() == at("2021-12-10T00:00:00Z")
    assert "exploitabilityDetails" not in inspected.shown_by_ecr(pushed)[0]


def test_a_public_exploit_is_told_without_a_date(inspected, pushed):
    (finding,) = inspected.finds(pushed, Match(package("some", "1-1"), flaw("CVE-2024-0003", has_exploit=True), None)).values()
    assert (finding["exploitAvailable"], "exploitabilityDetails" in finding) == ("YES", False)


@pytest.mark.parametrize(
    ("system", "platform"),
    [
        (ALPINE, "ALPINE_LINUX_3_20"),
        (OperatingSystem("debian", "11", "Debian GNU/Linux 11 (bullseye)", "Debian:11"), "DEBIAN_11"),
        (OperatingSystem("ubuntu", "22.04", "Ubuntu 22.04.4 LTS"), "UBUNTU_22_04"),
        (OperatingSystem("amzn", "2", "Amazon Linux 2"), "AMAZON_LINUX_2"),
        (OperatingSystem("debian", "", "Debian GNU/Linux trixie/sid"), "DEBIAN"),
        (None, None),
    ],
)
def test_an_image_says_its_platform_where_it_has_one(inspected, pushed, system, platform):
    (finding,) = inspected.finds(pushed, FLASK, system=system).values()
    assert finding["resources"][0]["details"]["awsEcrContainerImage"].get("platform") == platform


def test_an_alpine_package_and_what_mends_it(inspected, pushed):
    busybox = package("busybox", "1.36.1-r28", ecosystem="Alpine:v3.20", arch="x86_64", path="lib/apk/db/installed")
    one = only_package(inspected.finds(pushed, Match(busybox, flaw("CVE-2023-42364", 5.5), "1.36.1-r29"), system=ALPINE)["CVE-2023-42364"])
    assert (one["version"], one["release"], one["arch"], one["fixedInVersion"]) == ("1.36.1", "r28", "X86_64", "1.36.1-r29")
    assert one["remediation"] == "apk update && apk upgrade"


def test_an_image_has_its_tags_of_today_in_each_finding(inspected, pushed):
    inspected.finds(pushed, OPENSSL)
    manifest = inspected.ecr.batch_get_image(repositoryName=inspected.name, imageIds=[{"imageTag": "1.0"}])["images"][0]["imageManifest"]
    inspected.ecr.put_image(repositoryName=inspected.name, imageManifest=manifest, imageTag="latest")
    (finding,) = inspected.findings().values()
    assert finding["resources"][0]["details"]["awsEcrContainerImage"]["imageTags"] == ["1.0", "latest"]


def test_ecr_shows_the_active_findings_in_its_own_words_the_worst_first(inspected, pushed):
    inspected.finds(pushed, OPENSSL, KRB5, FLASK, ZLIB)
    shown = inspected.shown_by_ecr(pushed)
    assert [each["severity"] for each in shown] == ["CRITICAL", "HIGH", "MEDIUM", "UNTRIAGED"]
    assert shown[0]["scoreDetails"]["cvss"] == {"adjustments": [], "score": 9.8, "scoreSource": "NVD", "scoringVector": VECTOR, "version": "3.1"}
    assert shown[0]["resources"][0].keys() == {"details", "id", "tags", "type"}
    assert all("remediation" not in each for finding in shown for each in finding["packageVulnerabilityDetails"]["vulnerablePackages"])


# --- its life ----------------------------------------------------------------------------------------------------------------------------


def test_the_same_flaw_in_the_same_image_keeps_its_arn_and_its_first_day(inspected, pushed, later):
    first = inspected.finds(pushed, OPENSSL)["CVE-2024-6119"]
    later(hours=5)
    again = inspected.finds(pushed, OPENSSL, ZLIB)
    assert again["CVE-2024-6119"] == first
    assert again["CVE-2023-45853"]["findingArn"] != first["findingArn"]


def test_what_changes_of_a_finding_is_observed_anew(inspected, pushed, later):
    first = inspected.finds(pushed, Match(OPENSSL.package, OPENSSL.vulnerability, None))["CVE-2024-6119"]
    later(days=1)
    mended = inspected.finds(pushed, OPENSSL)["CVE-2024-6119"]
    assert (first["fixAvailable"], mended["fixAvailable"]) == ("NO", "YES")
    assert (mended["findingArn"], mended["firstObservedAt"]) == (first["findingArn"], first["firstObservedAt"])
    assert mended["lastObservedAt"] == mended["updatedAt"] > first["updatedAt"]


def test_a_flaw_that_is_gone_closes_its_finding_which_is_told_for_thirty_days(inspected, pushed, later):
    before = inspected.finds(pushed, OPENSSL, ZLIB)
    later(hours=1)
    after = inspected.finds(pushed, ZLIB)
    assert inspected.statuses() == {"CVE-2024-6119": "CLOSED", "CVE-2023-45853": "ACTIVE"}
    assert after["CVE-2024-6119"]["updatedAt"] > before["CVE-2024-6119"]["updatedAt"]
    assert [each["title"] for each in inspected.shown_by_ecr(pushed)] == ["CVE-2023-45853 - zlib1g"]
    later(days=29)
    assert set(inspected.findings()) == {"CVE-2024-6119", "CVE-2023-45853"}
    later(days=1)
    assert set(inspected.findings()) == {"CVE-2023-45853"}


def test_a_flaw_that_comes_back_within_a_week_is_the_same_finding(inspected, pushed, later):
    first = inspected.finds(pushed, OPENSSL)["CVE-2024-6119"]
    inspected.finds(pushed)
    later(days=7)
    again = inspected.finds(pushed, OPENSSL)["CVE-2024-6119"]
    assert (again["findingArn"], again["firstObservedAt"], again["status"]) == (first["findingArn"], first["firstObservedAt"], "ACTIVE")


def test_a_flaw_that_comes_back_later_is_another_finding(inspected, pushed, later, door):
    first = inspected.finds(pushed, OPENSSL)["CVE-2024-6119"]
    inspected.finds(pushed)
    later(days=8)
    inspected.finds(pushed, OPENSSL)
    listed = inspected.inspector.list_findings()["findings"]
    assert {each["findingArn"] == first["findingArn"]: each["status"] for each in listed} == {True: "CLOSED", False: "ACTIVE"}
    assert next(each["firstObservedAt"] for each in listed if each["status"] == "ACTIVE") == door.clock()


def test_the_same_image_in_another_repository_has_findings_of_its_own(inspected, pushed):
    other = f"{inspected.name}/copy"
    inspected.ecr.create_repository(repositoryName=other)
    copy = push(inspected.ecr, other, image(f"{inspected.name} 1.0"), "1.0").digest
    assert copy == pushed
    inspected.finds(pushed, OPENSSL)
    inspected.finds(copy, OPENSSL, repository=other)
    first, second = inspected.inspector.list_findings()["findings"]
    assert first["findingArn"] != second["findingArn"]
    inspected.finds(pushed)
    listed = inspected.inspector.list_findings()["findings"]
    assert {each["resources"][0]["details"]["awsEcrContainerImage"]["repositoryName"]: each["status"] for each in listed} == {
        inspected.name: "CLOSED", other: "ACTIVE",
    }  # fmt: skip


def test_findings_of_a_deleted_image_close_and_are_told_for_three_days(inspected, pushed, later):
    inspected.finds(pushed, OPENSSL)
    inspected.ecr.batch_delete_image(repositoryName=inspected.name, imageIds=[{"imageDigest": pushed}])
    (finding,) = inspected.findings().values()
    assert finding["status"] == "CLOSED"
    assert finding["resources"][0]["details"]["awsEcrContainerImage"]["imageTags"] == ["1.0"]
    later(days=2)
    assert inspected.statuses() == {"CVE-2024-6119": "CLOSED"}
    later(days=1)
    assert inspected.statuses() == {}


def test_findings_of_a_deleted_repository_close(inspected, pushed):
    other = inspected.push("2.0")
    inspected.finds(pushed, OPENSSL)
    inspected.finds(other, ZLIB)
    inspected.ecr.delete_repository(repositoryName=inspected.name, force=True)
    assert inspected.statuses() == {"CVE-2024-6119": "CLOSED", "CVE-2023-45853": "CLOSED"}


def test_an_image_that_was_deleted_and_pushed_again_has_its_findings_again(inspected, pushed):
    first = inspected.finds(pushed, OPENSSL)["CVE-2024-6119"]["findingArn"]
    inspected.ecr.batch_delete_image(repositoryName=inspected.name, imageIds=[{"imageDigest": pushed}])
    again = inspected.finds(inspected.push(), OPENSSL)["CVE-2024-6119"]
    assert (again["findingArn"], again["status"]) == (first, "ACTIVE")
    assert inspected.shown_by_ecr(pushed)


def test_findings_are_of_an_account_and_a_region(inspected, pushed, aws):
    inspected.finds(pushed, OPENSSL)
    assert aws("inspector2", inspected.account, "eu-west-1").list_findings()["findings"] == []
    assert aws("inspector2", "777788889999").list_findings()["findings"] == []
