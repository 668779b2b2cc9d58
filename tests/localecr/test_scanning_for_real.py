"""Images that clients push, scanned by the real scanner with the course's own advisories: what is in them comes through to ECR's answers."""

from __future__ import annotations

import json

import pytest

from awsapi import push
from specimens import Specimen, image, image_of, write_layout
from test_scanning_basic import UNSUPPORTED, findings, status
from test_scanning_configuration import CONTINUOUS, rule
from test_with_skopeo import copy

BULLSEYE = 'PRETTY_NAME="Debian GNU/Linux 11 (bullseye)"\nID=debian\nVERSION_ID="11"\n'
ALPINE = 'PRETTY_NAME="Alpine Linux v3.18"\nID=alpine\nVERSION_ID=3.18.0\n'


def package(name: str, version: str, source: str) -> str:
    return f"Package: {name}\nStatus: install ok installed\nArchitecture: amd64\nSource: {source}\nVersion: {version}\n\n"


def debian(zlib: str, *more: dict[str, str]) -> Specimen:
    """Debian 11 with two packages, and layers upon it."""
    packages = package("zlib1g", zlib, "zlib") + package("libc6", "2.31-13+deb11u13", "glibc")
    return image_of({"etc/os-release": BULLSEYE, "var/lib/dpkg/status": packages}, *more)


VULNERABLE, FIXED = "1:1.2.11.dfsg-2", "1:1.2.11.dfsg-2+deb11u2"


@pytest.fixture
def on_push(ecr, free_repository):
    ecr.create_repository(repositoryName=free_repository, imageScanningConfiguration={"scanOnPush": True})
    return free_repository


def names(told):
    return [(each["name"], each["severity"]) for each in told["imageScanFindings"]["findings"]]


def test_debians_packages_are_found_by_their_source_and_epoch(ecr, on_push, scanned):
    push(ecr, on_push, debian(VULNERABLE), "1")
    scanned()
    told = findings(ecr, on_push)
    assert ("CVE-2022-37434", "CRITICAL") in names(told)
    finding = next(each for each in told["imageScanFindings"]["findings"] if each["name"] == "CVE-2022-37434")
    assert {each["key"]: each["value"] for each in finding["attributes"]} == {
        "package_version": VULNERABLE,
        "package_name": "zlib",
        "CVSS3_VECTOR": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
        "CVSS3_SCORE": "9.8",
    }


def test_a_backported_fix_is_one(ecr, on_push, scanned):
    push(ecr, on_push, debian(FIXED), "1")
    scanned()
    assert "CVE-2022-37434" not in [name for name, _ in names(findings(ecr, on_push))]


def test_a_package_that_a_later_layer_removes_is_not_there(ecr, on_push, scanned):
    push(ecr, on_push, debian(VULNERABLE, {"var/lib/dpkg/status": package("libc6", "2.31-13+deb11u13", "glibc")}), "1")
    scanned()
    assert "CVE-2022-37434" not in [name for name, _ in names(findings(ecr, on_push))]


def test_what_was_not_known_yet_is_not_found(ecr, on_push, scanned, door):
    door.advisories(known_until="2022-01-01T00:00:00Z")
    try:
        push(ecr, on_push, debian(VULNERABLE), "1")
        scanned()
        assert "CVE-2022-37434" not in [name for name, _ in names(findings(ecr, on_push))]
    finally:
        door.advisories(known_until=None)


@pytest.mark.parametrize(
    "unsupported",
    [
        image_of({"srv/program": "static"}),
        image_of({"etc/os-release": BULLSEYE, "var/lib/dpkg/status.d/zlib1g": package("zlib1g", VULNERABLE, "zlib")}),
        image_of({"etc/os-release": "ID=elxr\nVERSION_ID=12\n", "var/lib/dpkg/status": package("zlib1g", VULNERABLE, "zlib")}),
    ],
    ids=["scratch", "distroless", "an unknown system"],
)
def test_basic_scanning_does_not_support_it(ecr, on_push, scanned, unsupported):
    push(ecr, on_push, unsupported, "1")
    scanned()
    assert findings(ecr, on_push)["imageScanStatus"] == {"status": "UNSUPPORTED_IMAGE", "description": UNSUPPORTED}


def test_a_layer_that_is_no_archive_fails_with_a_reason_and_the_next_image_is_scanned(ecr, on_push, scanned):
    push(ecr, on_push, image(on_push), "1")
    push(ecr, on_push, debian(VULNERABLE), "2")
    scanned()
    told = findings(ecr, on_push)["imageScanStatus"]
    assert (told["status"], bool(told["description"])) == ("FAILED", True)
    assert status(ecr, on_push, imageTag="2") == "COMPLETE"


def test_an_image_with_a_layer_that_its_makers_keep_is_not_supported(ecr, on_push, scanned):
    whole = debian(VULNERABLE)
    document = json.loads(whole.manifest)
    kept = {"mediaType": "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", "digest": f"sha256:{'f' * 64}", "size": 100, "urls": ["https://example.org/layer"]}
    document["layers"].append(kept)
    push(ecr, on_push, Specimen(json.dumps(document).encode(), whole.media_type, whole.blobs), "1")
    scanned()
    told = findings(ecr, on_push)["imageScanStatus"]
    assert told["status"] == "UNSUPPORTED_IMAGE" and "its makers keep it themselves" in told["description"]


def test_enhanced_scanning_finds_libraries_and_names_the_layer(aws, free_repository, scanned):
    account = str(int(free_repository[-8:], 16) + 700_000_000_000)
    own = aws("ecr", account)
    own.create_repository(repositoryName="web")
    own.put_registry_scanning_configuration(scanType="ENHANCED", rules=[rule(CONTINUOUS, "*")])
    site = "usr/lib/python3/site-packages/urllib3-1.26.4.dist-info"
    pushed = push(own, "web", debian(VULNERABLE, {f"{site}/METADATA": "Metadata-Version: 2.1\nName: urllib3\nVersion: 1.26.4\n", f"{site}/RECORD": ""}), "1")
    scanned()
    found = {each["packageVulnerabilityDetails"]["vulnerabilityId"]: each for each in findings(own, "web")["imageScanFindings"]["enhancedFindings"]}
    (zlib,) = found["CVE-2022-37434"]["packageVulnerabilityDetails"]["vulnerablePackages"]
    (urllib3,) = found["CVE-2021-33503"]["packageVulnerabilityDetails"]["vulnerablePackages"]
    layers = [each["digest"] for each in json.loads(pushed.manifest)["layers"]]
    assert [zlib["sourceLayerHash"], urllib3["sourceLayerHash"]] == layers
    assert (zlib["packageManager"], urllib3["packageManager"]) == ("OS", "PYTHONPKG")


@pytest.mark.skopeo
def test_what_skopeo_pushes_is_scanned(skopeo, ecr, on_push, shell, registry_password, tmp_path, scanned):
    skopeo("login", "--tls-verify=false", "--username", "AWS", "--password-stdin", shell["ECRLAB_REGISTRY"], input=registry_password())
    copy(skopeo, f"oci:{write_layout(tmp_path / 'layout', debian(VULNERABLE))}", f"docker://{shell['ECRLAB_REGISTRY']}/{on_push}:1")
    scanned()
    assert ("CVE-2022-37434", "CRITICAL") in names(findings(ecr, on_push))


@pytest.mark.docker
def test_what_docker_builds_and_pushes_is_scanned(docker_engine, docker_cli, ecr, on_push, shell, registry_password, tmp_path, scanned):
    for path, text in {"os-release": BULLSEYE, "status": package("zlib1g", VULNERABLE, "zlib")}.items():
        (tmp_path / path).write_text(text)
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY os-release /etc/os-release\nCOPY status /var/lib/dpkg/status\n")
    docker_cli("login", "--username", "AWS", "--password-stdin", shell["ECRLAB_REGISTRY"], input=registry_password())
    name = f"{shell['ECRLAB_REGISTRY']}/{on_push}:1"
    docker_cli("build", "--tag", name, str(tmp_path))
    docker_cli("push", name)
    scanned()
    digests = [each["imageDigest"] for each in ecr.list_images(repositoryName=on_push)["imageIds"]]
    told = [findings(ecr, on_push, imageDigest=each) for each in digests if each]
    assert any(("CVE-2022-37434", "CRITICAL") in names(each) for each in told)


def test_the_aws_cli_waits_for_a_scan_and_tells_its_findings(aws_cli, ecr, on_push):
    push(ecr, on_push, debian(VULNERABLE), "1")
    named = ("--repository-name", on_push, "--image-id", "imageTag=1")
    aws_cli("ecr", "wait", "image-scan-complete", *named)
    told = json.loads(aws_cli("ecr", "describe-image-scan-findings", *named).stdout)
    assert told["imageScanStatus"] == {"status": "COMPLETE", "description": "The scan was completed successfully."}
    assert "CVE-2022-37434" in [each["name"] for each in told["imageScanFindings"]["findings"]]
    refused = aws_cli("ecr", "start-image-scan", *named, check=False)
    assert "An error occurred (LimitExceededException) when calling the StartImageScan operation: The scan quota per image" in refused.stderr


def test_the_aws_cli_sets_a_registry_as_awss_guide_does(aws_cli, free_repository):
    rules = [{"scanFrequency": "SCAN_ON_PUSH", "repositoryFilters": [{"filter": "prod", "filterType": "WILDCARD"}]}]
    elsewhere = ("--region", "eu-central-1")
    put = aws_cli("ecr", "put-registry-scanning-configuration", "--scan-type", "BASIC", "--rules", json.dumps(rules), *elsewhere)
    assert json.loads(put.stdout)["registryScanningConfiguration"] == {"scanType": "BASIC", "rules": rules}
    got = json.loads(aws_cli("ecr", "get-registry-scanning-configuration", *elsewhere).stdout)
    assert got == {"registryId": "111122223333", "scanningConfiguration": {"scanType": "BASIC", "rules": rules}}
