"""What scanning announces, field by field. AWS: "Amazon ECR events and EventBridge"; "EventBridge events sent for enhanced scanning"."""

from __future__ import annotations

import pytest

from awsapi import push, put_image
from listening import Ear
from localecr.scanner.model import Unscannable
from specimens import index
from stand_in import flaw, holding, system
from test_events import UUID, moment
from test_scanning_configuration import CONTINUOUS, MANUAL, ON_PUSH, rule

CHANGE = "ECR Scan Resource Change"


@pytest.fixture
def account(free_repository):
    """An account in which nothing was ever set."""
    return str(int(free_repository[-8:], 16) + 800_000_000_000)


@pytest.fixture
def own(aws, account, scanner):
    return aws("ecr", account)


@pytest.fixture
def web(own):
    """A repository that is scanned on push, basically."""
    own.create_repository(repositoryName="web", imageScanningConfiguration={"scanOnPush": True})
    return "web"


def listening(aws, account, detail_type):
    ear = Ear(aws, account)
    ear.rule({"source": ["aws.ecr"], "detail-type": [detail_type]})
    return ear


@pytest.fixture
def scans(aws, account, own):
    ear = listening(aws, account, "ECR Image Scan")
    yield ear
    ear.close()


@pytest.fixture
def changes(aws, account, own):
    ear = listening(aws, account, CHANGE)
    yield ear
    ear.close()


def arn(account, name):
    return f"arn:aws:ecr:us-east-1:{account}:repository/{name}"


def test_a_scan_that_is_complete_is_announced_field_by_field(own, web, scans, scanner, scanned, account, door):
    scanner.flaws = {"bash": [flaw("CVE-2022-1", "high"), flaw("CVE-2022-2", "high"), flaw("CVE-2022-3", "low")]}
    pushed = push(own, web, holding(account, system("bash")), "1")
    (event,) = scans.queue.events()
    assert list(event) == ["version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail"]
    assert UUID.fullmatch(event.pop("id"))
    assert event == {
        "version": "0",
        "detail-type": "ECR Image Scan",
        "source": "aws.ecr",
        "account": account,
        "time": moment(door),
        "region": "us-east-1",
        "resources": [arn(account, web)],
        "detail": {
            "scan-status": "COMPLETE",
            "repository-name": web,
            "finding-severity-counts": {"HIGH": 2, "LOW": 1},
            "image-digest": pushed.digest,
            "image-tags": ["1"],
        },
    }


def test_a_scan_without_findings_counts_nothing_and_an_untagged_image_has_no_tags(own, web, scans, account):
    push(own, web, holding(account))
    (event,) = scans.queue.events()
    assert (event["detail"]["finding-severity-counts"], event["detail"]["image-tags"]) == ({}, [])


def test_all_tags_of_an_image_are_told(own, web, scans, scanner, account):
    with scanner.held():
        pushed = push(own, web, holding(account), "2")
        put_image(own, web, pushed, "1")
    (event,) = scans.queue.events()
    assert event["detail"]["image-tags"] == ["1", "2"]


@pytest.mark.parametrize("why", [Unscannable("FAILED", "A layer is no archive."), KeyError("a mistake")], ids=["an image", "a mistake"])
def test_a_scan_that_fails_is_announced(own, web, scans, scanner, account, why):
    pushed = holding(account)
    scanner.fails[pushed.digest] = why
    push(own, web, pushed, "1")
    (event,) = scans.queue.events()
    assert (event["detail"]["scan-status"], event["detail"]["finding-severity-counts"]) == ("FAILED", {})


def test_an_image_that_is_not_supported_has_failed(own, web, scans):
    push(own, web, holding("scratch", os=None), "1")
    (event,) = scans.queue.events()
    assert event["detail"]["scan-status"] == "FAILED"


def test_a_scan_by_hand_is_announced_too(own, web, scans, scanned, account, later):
    push(own, web, holding(account), "1")
    scanned()
    later(hours=24)
    own.start_image_scan(repositoryName=web, imageId={"imageTag": "1"})
    scanned()
    assert len(scans.heard()) == 2


def test_an_image_that_was_deleted_meanwhile_is_not_announced(own, web, scans, scanner, scanned, account):
    with scanner.held():
        push(own, web, holding(account), "1")
        assert scanner.began.wait(10)
        own.batch_delete_image(repositoryName=web, imageIds=[{"imageTag": "1"}])
    scanned()
    assert scans.heard() == []


def test_an_enhanced_scan_is_no_basic_one(own, web, scans, scanned, account):
    own.put_registry_scanning_configuration(scanType="ENHANCED", rules=[rule(CONTINUOUS, "*")])
    push(own, web, holding(account, system("bash")), "1")
    scanned()
    assert scans.heard() == []


def frequencies(event):
    return {each["repository-name"]: (each["previous-scan-frequency"], each["scan-frequency"]) for each in event["detail"]["repositories"]}


def test_repositories_that_are_scanned_otherwise_are_announced_field_by_field(own, changes, account, door):
    for name in ("one", "two", "third"):
        own.create_repository(repositoryName=name)
    own.put_registry_scanning_configuration(scanType="BASIC", rules=[rule(ON_PUSH, "two")])
    own.put_registry_scanning_configuration(scanType="ENHANCED", rules=[rule(CONTINUOUS, "two"), rule(ON_PUSH, "one")])
    (event,) = changes.heard()
    assert UUID.fullmatch(event.pop("id"))
    assert event == {
        "version": "0",
        "detail-type": CHANGE,
        "source": "aws.ecr",
        "account": account,
        "time": moment(door),
        "region": "us-east-1",
        "resources": [],
        "detail": {
            "action-type": "SCAN_FREQUENCY_CHANGE",
            "repositories": [
                {
                    "repository-name": "one",
                    "repository-arn": arn(account, "one"),
                    "scan-frequency": ON_PUSH,
                    "previous-scan-frequency": MANUAL,
                },
                {
                    "repository-name": "two",
                    "repository-arn": arn(account, "two"),
                    "scan-frequency": CONTINUOUS,
                    "previous-scan-frequency": ON_PUSH,
                },
            ],
            "resource-type": "REPOSITORY",
            "scan-type": "ENHANCED",
        },
    }


def test_a_change_that_changes_no_frequency_is_not_announced(own, changes):
    own.create_repository(repositoryName="web")
    for wildcard in ("*", "web"):
        own.put_registry_scanning_configuration(scanType="ENHANCED", rules=[rule(CONTINUOUS, wildcard)])
    assert [frequencies(event) for event in changes.heard()] == [{"web": (MANUAL, CONTINUOUS)}]


def test_what_is_not_covered_any_more_is_announced(own, changes):
    own.create_repository(repositoryName="web")
    for rules in ([rule(CONTINUOUS, "*")], [rule(ON_PUSH, "*")], []):
        own.put_registry_scanning_configuration(scanType="ENHANCED", rules=rules)
    assert [frequencies(event)["web"] for event in changes.heard()] == [(MANUAL, CONTINUOUS), (CONTINUOUS, ON_PUSH), (ON_PUSH, MANUAL)]


def test_basic_scannings_changes_are_not_announced(own, web, changes):
    own.put_registry_scanning_configuration(scanType="BASIC", rules=[rule(ON_PUSH, "*")])
    push(own, web, holding("basic"), "1")
    own.batch_delete_image(repositoryName=web, imageIds=[{"imageTag": "1"}])
    assert changes.heard() == []


def test_a_repository_that_is_made_is_announced_where_it_is_covered(own, changes, account):
    own.put_registry_scanning_configuration(scanType="ENHANCED", rules=[rule(CONTINUOUS, "web")])
    own.create_repository(repositoryName="web")
    own.create_repository(repositoryName="shop")
    (event,) = changes.heard()
    assert event["detail"] == {
        "action-type": "CREATE",
        "repositories": [{"repository-name": "web", "repository-arn": arn(account, "web"), "scan-frequency": CONTINUOUS}],
        "resource-type": "REPOSITORY",
        "scan-type": "ENHANCED",
    }


def test_an_image_that_comes_and_goes_is_announced(own, changes, account, scanned):
    own.create_repository(repositoryName="web")
    own.put_registry_scanning_configuration(scanType="ENHANCED", rules=[rule(ON_PUSH, "*")])
    pushed = push(own, "web", holding(account, system("bash")), "1")
    put_image(own, "web", pushed, "2")
    scanned()
    own.batch_delete_image(repositoryName="web", imageIds=[{"imageDigest": pushed.digest}])
    _, came, went = (event["detail"] for event in changes.heard())
    repository = {"repository-name": "web", "repository-arn": arn(account, "web"), "scan-frequency": ON_PUSH}
    common = {"repositories": [repository], "resource-type": "IMAGE", "scan-type": "ENHANCED"}
    assert came == common | {"action-type": "CREATE", "images": [{"image-digest": pushed.digest, "image-tags": ["1"]}]}
    assert went == common | {"action-type": "DELETE", "images": [{"image-digest": pushed.digest, "image-tags": ["1", "2"]}]}


def test_an_index_is_no_image_that_is_scanned(own, changes, account, scanned):
    own.create_repository(repositoryName="web")
    own.put_registry_scanning_configuration(scanType="ENHANCED", rules=[rule(ON_PUSH, "*")])
    child = holding(account, system("bash"))
    push(own, "web", index(child), "1")
    scanned()
    assert [event["detail"]["images"][0]["image-digest"] for event in changes.heard()[1:]] == [child.digest]
