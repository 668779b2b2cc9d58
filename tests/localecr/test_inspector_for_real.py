"""Amazon Inspector over real scans: images that were pushed, the course's own advisories, and what of both stands in inspector2's answers."""

from __future__ import annotations

import json

import pytest

import localecr
from awsapi import push
from ecrlab.local import LocalLab
from labs import Process
from localecr.door import Door
from test_inspector_sboms import judge
from test_scanning_for_real import FIXED, VULNERABLE, debian
from test_scanning_survives import settled

NOW = "2026-01-05T09:00:00Z"
ZLIB, URLLIB3 = "CVE-2022-37434", "CVE-2021-33503"
SITE = "usr/lib/python3/site-packages/urllib3-1.26.4.dist-info"
LIBRARY = {f"{SITE}/METADATA": "Metadata-Version: 2.1\nName: urllib3\nVersion: 1.26.4\n", f"{SITE}/RECORD": ""}


class Running:
    """A lab of a test's own, whose registry is scanned by Inspector, with a repository ``web``."""

    def __init__(self, state):
        self.door, self.learner = Door.find(state), LocalLab(Door.find(state))
        self.ecr, self.inspector = self.learner.client("ecr"), self.learner.client("inspector2")
        self.inspector.enable(resourceTypes=["ECR"])
        self.ecr.create_repository(repositoryName="web")

    def scanned(self):
        settled(self)

    def push(self, specimen, tag="1"):
        pushed = push(self.ecr, "web", specimen, tag)
        self.scanned()
        return pushed

    def findings(self, **criteria):
        """By vulnerability and image."""
        pages = self.inspector.get_paginator("list_findings").paginate(filterCriteria=criteria)
        found = [each for page in pages for each in page["findings"]]
        return {(each["packageVulnerabilityDetails"]["vulnerabilityId"], hash_of(each)): each for each in found}


def hash_of(finding):
    return finding["resources"][0]["details"]["awsEcrContainerImage"]["imageHash"]


@pytest.fixture
def lab(tmp_path):
    with localecr.start(tmp_path / "lab", port=0, clock=NOW):
        yield Running(tmp_path / "lab")


def test_a_finding_of_a_system_package_is_told_in_full(lab):
    pushed = lab.push(debian(VULNERABLE, LIBRARY))
    finding = lab.findings()[ZLIB, pushed.digest]
    (package,) = finding["packageVulnerabilityDetails"]["vulnerablePackages"]
    assert package == {
        "name": "zlib1g", "version": "1.2.11.dfsg", "release": "2", "epoch": 1, "arch": "AMD64", "packageManager": "OS",
        "sourceLayerHash": json.loads(pushed.manifest)["layers"][0]["digest"],
        "fixedInVersion": "1:1.2.11.dfsg-2+deb11u2", "remediation": package["remediation"],
    }  # fmt: skip
    assert (finding["title"], finding["severity"], finding["inspectorScore"]) == (f"{ZLIB} - zlib1g", "CRITICAL", 9.8)
    assert (finding["status"], finding["type"], finding["fixAvailable"]) == ("ACTIVE", "PACKAGE_VULNERABILITY", "YES")
    assert finding["packageVulnerabilityDetails"]["source"] == "DEBIAN_CVE"
    image = finding["resources"][0]["details"]["awsEcrContainerImage"]
    assert (image["platform"], image["architecture"], image["imageTags"], image["repositoryName"]) == ("DEBIAN_11", "amd64", ["1"], "web")


def test_a_finding_of_a_library_names_its_file_and_its_layer(lab):
    pushed = lab.push(debian(VULNERABLE, LIBRARY))
    details = lab.findings()[URLLIB3, pushed.digest]["packageVulnerabilityDetails"]
    (package,) = details["vulnerablePackages"]
    assert (package["name"], package["version"], package["packageManager"], package["fixedInVersion"]) == ("urllib3", "1.26.4", "PYTHONPKG", "1.26.5")
    assert package["filePath"] == f"{SITE}/METADATA"
    assert package["sourceLayerHash"] == json.loads(pushed.manifest)["layers"][1]["digest"]
    assert details["source"] == "GITHUB"


def test_inspector_and_ecr_tell_the_same_findings(lab):
    pushed = lab.push(debian(VULNERABLE, LIBRARY))
    pages = lab.ecr.get_paginator("describe_image_scan_findings").paginate(repositoryName="web", imageId={"imageTag": "1"})
    by_ecr = {each["findingArn"]: each for page in pages for each in page["imageScanFindings"]["enhancedFindings"]}
    by_inspector = {each["findingArn"]: each for each in lab.findings(ecrImageHash=[{"comparison": "EQUALS", "value": pushed.digest}]).values()}
    assert by_ecr.keys() == by_inspector.keys() and by_ecr
    for arn, finding in by_inspector.items():
        same = ("title", "description", "severity", "status", "fixAvailable", "firstObservedAt")
        assert [by_ecr[arn][name] for name in same] == [finding[name] for name in same]
        assert by_ecr[arn].get("score") == finding.get("inspectorScore")


def test_the_fixed_image_has_no_such_finding_and_the_old_one_keeps_it(lab):
    old, new = lab.push(debian(VULNERABLE)), lab.push(debian(FIXED))
    by_image = [image for vulnerability, image in lab.findings() if vulnerability == ZLIB]
    assert by_image == [old.digest] and new.digest not in by_image


def test_what_was_not_known_closes_and_what_is_known_again_reopens_with_its_arn(lab):
    image = lab.push(debian(VULNERABLE, LIBRARY)).digest
    arn = lab.findings()[ZLIB, image]["findingArn"]
    lab.learner.advisories.hold("2022-01-01")
    lab.scanned()
    held = lab.findings()
    assert (held[ZLIB, image]["status"], held[URLLIB3, image]["status"]) == ("CLOSED", "ACTIVE")
    lab.learner.advisories.release()
    lab.scanned()
    again = lab.findings()[ZLIB, image]
    assert (again["status"], again["findingArn"]) == ("ACTIVE", arn)


def advisory(*events, **more):
    """Our own word on glibc in Debian 11."""
    affected = {"package": {"ecosystem": "Debian:11", "name": "glibc"}, "ranges": [{"type": "ECOSYSTEM", "events": list(events)}]}
    return {"id": "LAB-2026-0001", "aliases": ["CVE-2026-0001"], "published": "2026-01-04T00:00:00Z", "modified": "2026-01-04T00:00:00Z",
            "summary": "A flaw in glibc.", "affected": [affected], **more}  # fmt: skip


def test_a_new_advisory_opens_a_finding_in_an_old_image_and_its_correction_closes_it(lab):
    image = lab.push(debian(VULNERABLE)).digest
    key = ("CVE-2026-0001", image)
    assert key not in lab.findings()
    lab.learner.advisories.add(advisory({"introduced": "0"}, severity=[{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}]))
    lab.scanned()
    opened = lab.findings()[key]
    assert (opened["status"], opened["severity"], opened["fixAvailable"]) == ("ACTIVE", "CRITICAL", "NO")
    assert opened["packageVulnerabilityDetails"]["vulnerablePackages"][0]["fixedInVersion"] == "NotAvailable"
    lab.learner.advisories.add(advisory({"introduced": "0"}, {"fixed": "2.31-13"}, modified="2026-01-05T00:00:00Z"))
    lab.scanned()
    assert lab.findings()[key]["status"] == "CLOSED"


def test_a_deleted_image_takes_its_findings_with_it_three_days_later(lab):
    image = lab.push(debian(VULNERABLE)).digest
    lab.ecr.batch_delete_image(repositoryName="web", imageIds=[{"imageDigest": image}])
    assert lab.findings()[ZLIB, image]["status"] == "CLOSED"
    lab.door.advance(3 * 86400 + 1)
    lab.scanned()
    assert lab.findings() == {}


def test_an_sbom_has_all_that_is_in_the_image(lab):
    lab.push(debian(VULNERABLE, LIBRARY))
    document = lab.learner.scans.sbom("web", "1")
    judge(document)
    assert [each["purl"] for each in document["components"]] == [
        "pkg:deb/debian/libc6@2.31-13%2Bdeb11u13?arch=amd64&distro=debian-11&upstream=glibc",
        "pkg:deb/debian/zlib1g@1:1.2.11.dfsg-2?arch=amd64&distro=debian-11&upstream=zlib",
        "pkg:pypi/urllib3@1.26.4",
    ]


def test_findings_survive_the_end_of_the_lab(tmp_path):
    with Process(tmp_path / "lab") as lab:
        lab.client("inspector2").enable(resourceTypes=["ECR"])
        lab.client().create_repository(repositoryName="web")
        push(lab.client(), "web", debian(VULNERABLE), "1")
        settled(lab)
        found = lab.client("inspector2").list_findings()["findings"]
        lab.kill()
    with Process(tmp_path / "lab") as lab:
        settled(lab)
        assert found and lab.client("inspector2").list_findings()["findings"] == found
