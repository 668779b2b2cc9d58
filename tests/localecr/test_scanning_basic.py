"""Basic scanning, from a push to its findings. AWS: "Scan images for OS vulnerabilities in Amazon ECR"; DescribeImageScanFindings, StartImageScan."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from botocore.exceptions import WaiterError

from awsapi import push, put_image, refused
from localecr.scanner.model import Unscannable
from specimens import OCI_INDEX, Specimen, artifact, digest, image, index
from stand_in import SOURCES, VECTOR, flaw, holding, library, system

QUOTA = "The scan quota per image has been exceeded. Wait and try again."
UNSUPPORTED = "UnsupportedImageError: The operating system and/or package manager are not supported."
NOWHERE = "sha256:" + "0" * 64


@pytest.fixture
def on_push(ecr, free_repository, scanner):
    """A repository that is scanned on push."""
    ecr.create_repository(repositoryName=free_repository, imageScanningConfiguration={"scanOnPush": True})
    return free_repository


@pytest.fixture
def manual(ecr, free_repository, scanner):
    """A repository that is scanned when somebody asks."""
    name = f"{free_repository}/manual"
    ecr.create_repository(repositoryName=name)
    return name


def findings(client, repository, **image_id):
    answer = client.describe_image_scan_findings(repositoryName=repository, imageId=image_id or {"imageTag": "1"})
    answer.pop("ResponseMetadata")
    return answer


def status(client, repository, **image_id):
    return findings(client, repository, **image_id)["imageScanStatus"]["status"]


def not_found(repository, digest="null", tag="null"):
    return refused(
        "ScanNotFoundException",
        f"Image scan does not exist for the image with '{{imageDigest:'{digest}', imageTag:'{tag}'}}' in the repository with name '{repository}' "
        "in the registry with id '111122223333'",
    )


# --- on push -----------------------------------------------------------------------------------------------------------------------------


def test_a_push_is_scanned_and_told_field_by_field(ecr, on_push, scanner, scanned, door):
    scanner.flaws = {"openssl": [flaw("CVE-2023-0286", "medium")]}
    pushed = push(ecr, on_push, holding(on_push, system("libssl3", "3.0.1-1", source="openssl", source_version="3.0.1-1")), "1")
    scanned()
    assert findings(ecr, on_push) == {
        "registryId": "111122223333",
        "repositoryName": on_push,
        "imageId": {"imageDigest": pushed.digest, "imageTag": "1"},
        "imageScanStatus": {"status": "COMPLETE", "description": "The scan was completed successfully."},
        "imageScanFindings": {
            "imageScanCompletedAt": door.clock(),
            "vulnerabilitySourceUpdatedAt": datetime.fromtimestamp(SOURCES, timezone.utc),
            "findingSeverityCounts": {"MEDIUM": 1},
            "findings": [
                {
                    "name": "CVE-2023-0286",
                    "description": "What is wrong with CVE-2023-0286",
                    "uri": "https://tracker.invalid/CVE-2023-0286",
                    "severity": "MEDIUM",
                    "attributes": [
                        {"key": "package_version", "value": "3.0.1-1"},
                        {"key": "package_name", "value": "openssl"},
                        {"key": "CVSS3_VECTOR", "value": VECTOR},
                        {"key": "CVSS3_SCORE", "value": "9.8"},
                    ],
                }
            ],
        },
    }


def test_a_push_over_http_is_scanned(ecr, at, on_push, scanned):
    pushed = at(on_push).push(holding(on_push, system("bash")), "1")
    scanned()
    assert status(ecr, on_push, imageDigest=pushed.digest) == "COMPLETE"


def test_an_image_without_findings_has_none(ecr, on_push, scanned):
    push(ecr, on_push, holding(on_push, system("bash")), "1")
    scanned()
    told = findings(ecr, on_push)["imageScanFindings"]
    assert (told["findings"], told["findingSeverityCounts"]) == ([], {})


def test_a_tag_asks_for_no_scan(ecr, on_push, scanner, scanned):
    pushed = push(ecr, on_push, holding(on_push), "1")
    scanned()
    put_image(ecr, on_push, pushed, "2")
    scanned()
    assert len(scanner.seen) == 1
    assert findings(ecr, on_push, imageTag="2")["imageId"] == {"imageDigest": pushed.digest, "imageTag": "2"}


def test_an_image_that_was_deleted_is_scanned_when_it_comes_again(ecr, on_push, scanner, scanned):
    pushed = push(ecr, on_push, holding(on_push), "1")
    scanned()
    ecr.batch_delete_image(repositoryName=on_push, imageIds=[{"imageTag": "1"}])
    put_image(ecr, on_push, pushed, "1")
    scanned()
    assert len(scanner.seen) == 2
    assert status(ecr, on_push) == "COMPLETE"


def test_a_repository_that_is_not_scanned_on_push_has_no_scan(ecr, manual, scanner, scanned):
    pushed = push(ecr, manual, holding(manual), "1")
    scanned()
    assert scanner.seen == []
    with not_found(manual, tag="1"):
        findings(ecr, manual)
    with not_found(manual, pushed.digest):
        findings(ecr, manual, imageDigest=pushed.digest)


def test_what_is_set_later_scans_what_is_pushed_later(ecr, manual, scanned):
    first = push(ecr, manual, holding("first"))
    ecr.put_image_scanning_configuration(repositoryName=manual, imageScanningConfiguration={"scanOnPush": True})
    second = push(ecr, manual, holding("second"))
    scanned()
    assert status(ecr, manual, imageDigest=second.digest) == "COMPLETE"
    with not_found(manual, first.digest):
        findings(ecr, manual, imageDigest=first.digest)


def test_an_index_is_not_scanned_and_its_images_are(ecr, on_push, scanned):
    children = holding("one"), holding("two")
    push(ecr, on_push, index(*children), "1")
    scanned()
    assert [status(ecr, on_push, imageDigest=each.digest) for each in children] == ["COMPLETE", "COMPLETE"]
    with not_found(on_push, tag="1"):
        findings(ecr, on_push)


def test_a_public_registry_is_not_scanned(public, free_repository, scanner, scanned):
    public.create_repository(repositoryName=free_repository)
    push(public, free_repository, holding(free_repository), "1")
    scanned()
    assert scanner.seen == []


def test_two_accounts_images_are_scanned_each_for_itself(aws, free_repository, scanner, scanned):
    for account in ("111122223333", "444455556666"):
        client = aws("ecr", account)
        client.create_repository(repositoryName=free_repository, imageScanningConfiguration={"scanOnPush": True})
        push(client, free_repository, holding(free_repository), "1")
    scanned()
    assert len(scanner.seen) == 2
    assert all(status(aws("ecr", account), free_repository) == "COMPLETE" for account in ("111122223333", "444455556666"))


# --- while it is waited for --------------------------------------------------------------------------------------------------------------


def test_a_scan_waits_and_runs_before_it_is_complete(ecr, on_push, scanner, scanned, door):
    with scanner.held():
        first = push(ecr, on_push, holding("first"))
        assert scanner.began.wait(10)
        second = push(ecr, on_push, holding("second"))
        running, waiting = (findings(ecr, on_push, imageDigest=each.digest) for each in (first, second))
        assert door.scans() | {"done": 0} == {"waiting": 1, "running": 1, "done": 0}
    assert running["imageScanStatus"] == {"status": "IN_PROGRESS"}
    assert waiting["imageScanStatus"] == {"status": "PENDING", "description": "Pending start of the image scan."}
    assert waiting["imageScanFindings"] == {"findings": [], "enhancedFindings": []}
    scanned()
    assert [status(ecr, on_push, imageDigest=each.digest) for each in (first, second)] == ["COMPLETE", "COMPLETE"]


def test_progress_counts_what_is_done(ecr, on_push, scanned, door):
    before = door.scans()["done"]
    push(ecr, on_push, holding("one"))
    push(ecr, on_push, holding("two"))
    scanned()
    assert door.scans() == {"waiting": 0, "running": 0, "done": before + 2}


def test_the_waiter_succeeds(ecr, on_push):
    push(ecr, on_push, holding(on_push), "1")
    ecr.get_waiter("image_scan_complete").wait(repositoryName=on_push, imageId={"imageTag": "1"}, WaiterConfig={"Delay": 1, "MaxAttempts": 20})


def test_the_waiter_fails_with_a_scan_that_fails(ecr, on_push, scanner):
    pushed = holding(on_push)
    scanner.fails[pushed.digest] = Unscannable("FAILED", "A layer is no archive.")
    push(ecr, on_push, pushed, "1")
    with pytest.raises(WaiterError, match="terminal failure state"):
        ecr.get_waiter("image_scan_complete").wait(repositoryName=on_push, imageId={"imageTag": "1"}, WaiterConfig={"Delay": 1, "MaxAttempts": 20})


def test_an_image_that_is_deleted_meanwhile_is_no_error(ecr, on_push, scanner, scanned):
    with scanner.held():
        push(ecr, on_push, holding("deleted"), "1")
        assert scanner.began.wait(10)
        ecr.batch_delete_image(repositoryName=on_push, imageIds=[{"imageTag": "1"}])
    scanned()
    push(ecr, on_push, holding("next"), "1")
    scanned()
    assert status(ecr, on_push) == "COMPLETE"


def test_a_repository_that_is_deleted_meanwhile_is_no_error(ecr, on_push, scanner, scanned, door):
    with scanner.held():
        push(ecr, on_push, holding("deleted"), "1")
        assert scanner.began.wait(10)
        ecr.delete_repository(repositoryName=on_push, force=True)
    scanned()
    assert door.scans()["waiting"] == 0


# --- what it finds -----------------------------------------------------------------------------------------------------------------------


def test_a_finding_is_one_for_each_vulnerability_and_source_package(ecr, on_push, scanner, scanned):
    shared, other = flaw("CVE-2023-0001"), flaw("CVE-2023-0002")
    scanner.flaws = {"openssl": [shared, other], "curl": [shared]}
    binaries = [system(name, "3.0.1-1", source="openssl", source_version="3.0.1-1") for name in ("libssl3", "openssl")]
    push(ecr, on_push, holding(on_push, *binaries, system("curl", "7.88.1-10")), "1")
    scanned()
    found = findings(ecr, on_push)["imageScanFindings"]["findings"]
    assert [(each["name"], each["attributes"][1]["value"]) for each in found] == [
        ("CVE-2023-0001", "curl"), ("CVE-2023-0001", "openssl"), ("CVE-2023-0002", "openssl"),
    ]  # fmt: skip


def test_libraries_are_not_looked_at(ecr, on_push, scanner, scanned):
    scanner.flaws = {"urllib3": [flaw("CVE-2021-33503", source="GITHUB")]}
    push(ecr, on_push, holding(on_push, library("urllib3"), system("bash")), "1")
    scanned()
    assert findings(ecr, on_push)["imageScanFindings"]["findings"] == []


def test_the_worst_comes_first_and_equals_by_name(ecr, on_push, scanner, scanned):
    ratings = {"CVE-2022-5": "low", "CVE-2022-4": "high", "CVE-2022-3": "unimportant", "CVE-2022-2": "high", "CVE-2022-1": "medium"}
    scanner.flaws = {"bash": [flaw(name, rating) for name, rating in ratings.items()] + [flaw("CVE-2022-9", None, score=None, vector=None)]}
    push(ecr, on_push, holding(on_push, system("bash")), "1")
    scanned()
    told = findings(ecr, on_push)["imageScanFindings"]
    assert [(each["name"], each["severity"]) for each in told["findings"]] == [
        ("CVE-2022-2", "HIGH"), ("CVE-2022-4", "HIGH"), ("CVE-2022-1", "MEDIUM"), ("CVE-2022-5", "LOW"), ("CVE-2022-3", "INFORMATIONAL"),
        ("CVE-2022-9", "UNDEFINED"),
    ]  # fmt: skip
    assert told["findingSeverityCounts"] == {"HIGH": 2, "MEDIUM": 1, "LOW": 1, "INFORMATIONAL": 1, "UNDEFINED": 1}


def test_a_vulnerability_that_nobody_scored_has_no_score(ecr, on_push, scanner, scanned):
    scanner.flaws = {"bash": [flaw("CVE-2022-1", vector=None, score=None)]}
    push(ecr, on_push, holding(on_push, system("bash")), "1")
    scanned()
    (found,) = findings(ecr, on_push)["imageScanFindings"]["findings"]
    assert [each["key"] for each in found["attributes"]] == ["package_version", "package_name"]


@pytest.mark.parametrize(
    ("vector", "keys"),
    [
        ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", ["CVSS4_VECTOR", "CVSS4_SCORE"]),
        ("CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", ["CVSS3_VECTOR", "CVSS3_SCORE"]),
        ("AV:L/AC:L/Au:N/C:P/I:P/A:P", ["CVSS2_VECTOR", "CVSS2_SCORE"]),
    ],
)
def test_a_score_is_named_by_its_version(ecr, on_push, scanner, scanned, vector, keys):
    scanner.flaws = {"bash": [flaw("CVE-2022-1", vector=vector)]}
    push(ecr, on_push, holding(on_push, system("bash")), "1")
    scanned()
    (found,) = findings(ecr, on_push)["imageScanFindings"]["findings"]
    assert [each["key"] for each in found["attributes"][2:]] == keys


@pytest.mark.parametrize(
    "unsupported",
    [
        holding("scratch", os=None),
        holding("distroless", system("libc6"), distroless=True),
        holding("unknown", system("bash", ecosystem=None), os={"id": "elxr", "version_id": "12", "name": "eLxr 12 (aria)", "ecosystem": None}),
        holding("libraries alone", library("urllib3"), os=None),
    ],
    ids=["scratch", "distroless", "an unknown system", "libraries alone"],
)
def test_an_image_that_basic_scanning_does_not_support_says_so_and_has_no_findings(ecr, on_push, scanned, unsupported):
    push(ecr, on_push, unsupported, "1")
    scanned()
    told = findings(ecr, on_push)
    assert told["imageScanStatus"] == {"status": "UNSUPPORTED_IMAGE", "description": UNSUPPORTED}
    assert "imageScanFindings" not in told


def test_a_scan_that_fails_says_why_and_is_not_tried_again(ecr, on_push, scanner, scanned):
    pushed = holding(on_push)
    scanner.fails[pushed.digest] = Unscannable("FAILED", "A layer is no archive.")
    push(ecr, on_push, pushed, "1")
    scanned()
    told = findings(ecr, on_push)
    assert told["imageScanStatus"] == {"status": "FAILED", "description": "A layer is no archive."}
    assert "imageScanFindings" not in told
    push(ecr, on_push, holding("another"), "2")
    scanned()
    assert [each.digest for each, _ in scanner.seen].count(pushed.digest) == 1


def test_a_mistake_of_the_scanners_fails_that_image_alone(ecr, on_push, scanner, scanned):
    spoilt = holding("spoilt")
    scanner.fails[spoilt.digest] = KeyError("a mistake")
    push(ecr, on_push, spoilt, "1")
    push(ecr, on_push, holding("sound"), "2")
    scanned()
    assert [status(ecr, on_push, imageTag=tag) for tag in "12"] == ["FAILED", "COMPLETE"]


def test_a_config_that_is_no_json_fails(ecr, on_push, scanned):
    pushed = image(on_push)
    config = b"no JSON"
    manifest = pushed.text.replace(digest(pushed.blobs[0]), digest(config))
    push(ecr, on_push, Specimen(manifest.encode(), pushed.media_type, (config, *pushed.layers)), "1")
    scanned()
    assert findings(ecr, on_push)["imageScanStatus"] == {"status": "FAILED", "description": "The image's config is no JSON."}


def test_an_images_content_is_read_once_whatever_repositories_it_lies_in(ecr, on_push, manual, scanner, scanned, later):
    pushed = push(ecr, on_push, holding(on_push, system("bash")), "1")
    scanned()
    push(ecr, manual, pushed, "1")
    ecr.start_image_scan(repositoryName=manual, imageId={"imageTag": "1"})
    scanned()
    assert [type(what).__name__ for what, _ in scanner.seen] == ["Subject", "Inventory"]


def test_what_was_published_later_is_not_known(ecr, on_push, scanner, scanned, door, later):
    scanner.flaws = {"bash": [flaw("CVE-2026-1", published=door.clock().timestamp() + 3600)]}
    push(ecr, on_push, holding(on_push, system("bash")), "1")
    scanned()
    assert findings(ecr, on_push)["imageScanFindings"]["findings"] == []
    later(hours=24)
    ecr.start_image_scan(repositoryName=on_push, imageId={"imageTag": "1"})
    scanned()
    assert [each["name"] for each in findings(ecr, on_push)["imageScanFindings"]["findings"]] == ["CVE-2026-1"]


# --- when somebody asks ------------------------------------------------------------------------------------------------------------------


def test_a_scan_is_started_by_hand(ecr, manual, scanned):
    pushed = push(ecr, manual, holding(manual), "1")
    answer = ecr.start_image_scan(repositoryName=manual, imageId={"imageTag": "1"})
    answer.pop("ResponseMetadata")
    assert answer == {
        "registryId": "111122223333",
        "repositoryName": manual,
        "imageId": {"imageDigest": pushed.digest, "imageTag": "1"},
        "imageScanStatus": {"status": "IN_PROGRESS"},
    }
    scanned()
    assert status(ecr, manual, imageDigest=pushed.digest) == "COMPLETE"


def test_an_image_is_scanned_once_in_24_hours_of_the_labs_clock(ecr, manual, scanner, scanned, later):
    push(ecr, manual, holding(manual), "1")
    ecr.start_image_scan(repositoryName=manual, imageId={"imageTag": "1"})
    scanned()
    with refused("LimitExceededException", QUOTA):
        ecr.start_image_scan(repositoryName=manual, imageId={"imageTag": "1"})
    later(hours=23, minutes=59)
    with refused("LimitExceededException", QUOTA):
        ecr.start_image_scan(repositoryName=manual, imageId={"imageTag": "1"})
    later(minutes=1)
    ecr.start_image_scan(repositoryName=manual, imageId={"imageTag": "1"})
    scanned()
    assert len(scanner.seen) == 2


def test_the_scan_of_the_push_counts(ecr, on_push, scanned):
    push(ecr, on_push, holding(on_push), "1")
    scanned()
    with refused("LimitExceededException", QUOTA):
        ecr.start_image_scan(repositoryName=on_push, imageId={"imageTag": "1"})


def test_a_scan_that_failed_counts(ecr, on_push, scanner, scanned):
    pushed = holding(on_push)
    scanner.fails[pushed.digest] = Unscannable("FAILED", "no")
    push(ecr, on_push, pushed, "1")
    scanned()
    with refused("LimitExceededException", QUOTA):
        ecr.start_image_scan(repositoryName=on_push, imageId={"imageTag": "1"})


def test_another_image_has_a_quota_of_its_own(ecr, manual, scanned):
    for tag in "12":
        push(ecr, manual, holding(tag), tag)
        ecr.start_image_scan(repositoryName=manual, imageId={"imageTag": tag})
    scanned()
    assert [status(ecr, manual, imageTag=tag) for tag in "12"] == ["COMPLETE", "COMPLETE"]


def test_a_refused_scan_leaves_the_last_ones_findings(ecr, on_push, scanner, scanned):
    scanner.flaws = {"bash": [flaw("CVE-2022-1")]}
    push(ecr, on_push, holding(on_push, system("bash")), "1")
    scanned()
    before = findings(ecr, on_push)
    with refused("LimitExceededException", QUOTA):
        ecr.start_image_scan(repositoryName=on_push, imageId={"imageTag": "1"})
    assert findings(ecr, on_push) == before


def test_the_last_findings_stay_while_a_scan_runs_again(ecr, on_push, scanner, scanned, later):
    scanner.flaws = {"bash": [flaw("CVE-2022-1")]}
    push(ecr, on_push, holding(on_push, system("bash")), "1")
    scanned()
    later(hours=24)
    with scanner.held():
        ecr.start_image_scan(repositoryName=on_push, imageId={"imageTag": "1"})
        assert scanner.began.wait(10)
        told = findings(ecr, on_push)
    assert told["imageScanStatus"]["status"] == "IN_PROGRESS"
    assert [each["name"] for each in told["imageScanFindings"]["findings"]] == ["CVE-2022-1"]
    scanned()


def test_an_index_cannot_be_scanned(ecr, on_push, scanned):
    push(ecr, on_push, index(holding("one")), "1")
    sentence = f"An artifact with media type '{OCI_INDEX}' cannot be scanned. For more information, see the Amazon ECR documentation."
    with refused("UnsupportedImageTypeException", sentence):
        ecr.start_image_scan(repositoryName=on_push, imageId={"imageTag": "1"})
    scanned()


def test_a_signature_cannot_be_scanned(ecr, on_push, scanned):
    subject = push(ecr, on_push, holding(on_push), "1")
    signature = push(ecr, on_push, artifact("signed", "application/vnd.example.signature", subject))
    with refused("UnsupportedImageTypeException"):
        ecr.start_image_scan(repositoryName=on_push, imageId={"imageDigest": signature.digest})
    scanned()
    with not_found(on_push, signature.digest):
        findings(ecr, on_push, imageDigest=signature.digest)


@pytest.mark.parametrize("operation", ["start_image_scan", "describe_image_scan_findings"])
def test_an_image_has_a_tag_or_a_digest(ecr, on_push, operation):
    with refused("InvalidParameterException", "Invalid request parameters: both tag and digest cannot be null"):
        getattr(ecr, operation)(repositoryName=on_push, imageId={})


@pytest.mark.parametrize("operation", ["start_image_scan", "describe_image_scan_findings"])
def test_an_image_that_is_not_there_is_not_found(ecr, on_push, operation):
    sentence = (
        f"The image with imageId {{imageDigest:'null', imageTag:'gone'}} does not exist within the repository with name '{on_push}' "
        "in the registry with id '111122223333'"
    )
    with refused("ImageNotFoundException", sentence):
        getattr(ecr, operation)(repositoryName=on_push, imageId={"imageTag": "gone"})
    with refused("ImageNotFoundException"):
        getattr(ecr, operation)(repositoryName=on_push, imageId={"imageDigest": NOWHERE})


@pytest.mark.parametrize("operation", ["start_image_scan", "describe_image_scan_findings"])
def test_a_digest_that_can_be_none_is_an_invalid_parameter(ecr, on_push, operation):
    with refused("InvalidParameterException"):
        getattr(ecr, operation)(repositoryName=on_push, imageId={"imageDigest": "nonsense"})


# --- page by page ------------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def many(ecr, on_push, scanner, scanned):
    """A repository whose image has 105 findings."""
    scanner.flaws = {"bash": [flaw(f"CVE-2022-{number:04}") for number in range(105)]}
    push(ecr, on_push, holding(on_push, system("bash")), "1")
    scanned()
    return on_push


def names(page):
    return [each["name"] for each in page["imageScanFindings"]["findings"]]


def test_findings_come_in_pages_of_a_hundred(ecr, many):
    first = ecr.describe_image_scan_findings(repositoryName=many, imageId={"imageTag": "1"})
    second = ecr.describe_image_scan_findings(repositoryName=many, imageId={"imageTag": "1"}, nextToken=first["nextToken"])
    assert (len(names(first)), len(names(second)), "nextToken" in second) == (100, 5, False)
    assert names(first) + names(second) == [f"CVE-2022-{number:04}" for number in range(105)]
    assert first["imageScanFindings"]["findingSeverityCounts"] == second["imageScanFindings"]["findingSeverityCounts"] == {"HIGH": 105}


@pytest.mark.parametrize("size", [1, 50, 52, 105, 1000])
def test_every_finding_is_on_one_page_whatever_the_pages_size(ecr, many, size):
    paginator = ecr.get_paginator("describe_image_scan_findings")
    pages = list(paginator.paginate(repositoryName=many, imageId={"imageTag": "1"}, PaginationConfig={"PageSize": size}))
    assert sum((names(page) for page in pages), []) == [f"CVE-2022-{number:04}" for number in range(105)]
    assert len(pages) == -(-105 // size)


def test_a_page_has_at_most_a_thousand_findings(ecr, many):
    sentence = "Invalid parameter at 'maxResults' failed to satisfy constraint: 'Member must have value less than or equal to 1000'"
    with refused("InvalidParameterException", sentence):
        ecr.describe_image_scan_findings(repositoryName=many, imageId={"imageTag": "1"}, maxResults=1001)


def test_a_token_is_good_for_the_findings_that_it_was_given_for(ecr, many, scanner, scanned, later):
    token = ecr.describe_image_scan_findings(repositoryName=many, imageId={"imageTag": "1"}, maxResults=50)["nextToken"]
    later(hours=24)
    ecr.start_image_scan(repositoryName=many, imageId={"imageTag": "1"})
    scanned()
    again = ecr.describe_image_scan_findings(repositoryName=many, imageId={"imageTag": "1"}, maxResults=50, nextToken=token)
    assert names(again)[0] == "CVE-2022-0050"
    scanner.flaws["bash"].append(flaw("CVE-2022-0000a"))
    later(hours=24)
    ecr.start_image_scan(repositoryName=many, imageId={"imageTag": "1"})
    scanned()
    with refused("InvalidParameterException", "Invalid parameter at 'nextToken' failed to satisfy constraint: 'Invalid token'"):
        ecr.describe_image_scan_findings(repositoryName=many, imageId={"imageTag": "1"}, maxResults=50, nextToken=token)


def test_a_token_of_another_image_opens_nothing(ecr, many, scanned):
    push(ecr, many, holding("another", system("bash")), "2")
    scanned()
    token = ecr.describe_image_scan_findings(repositoryName=many, imageId={"imageTag": "1"}, maxResults=50)["nextToken"]
    with refused("InvalidParameterException"):
        ecr.describe_image_scan_findings(repositoryName=many, imageId={"imageTag": "2"}, nextToken=token)


# --- what other operations say -----------------------------------------------------------------------------------------------------------


def test_describe_images_says_nothing_of_basic_scans(ecr, on_push, scanner, scanned):
    scanner.flaws = {"bash": [flaw("CVE-2022-1")]}
    push(ecr, on_push, holding(on_push, system("bash")), "1")
    scanned()
    (told,) = ecr.describe_images(repositoryName=on_push)["imageDetails"]
    assert not {"imageScanStatus", "imageScanFindingsSummary"} & told.keys()


def test_basic_scanning_is_awss_own(ecr):
    assert ecr.get_account_setting(name="BASIC_SCAN_TYPE_VERSION")["value"] == "AWS_NATIVE"
    with refused("InvalidParameterException"):
        ecr.put_account_setting(name="BASIC_SCAN_TYPE_VERSION", value="CLAIR")
