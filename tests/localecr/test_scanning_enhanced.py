"""Enhanced scanning as ECR tells it: which images are scanned, when again, and until when. AWS: "Scan images for OS and programming language package
vulnerabilities in Amazon ECR"; what Amazon Inspector says of them has tests of its own (test_inspector_findings.py).
"""

from __future__ import annotations

import pytest
from botocore.exceptions import WaiterError

import grants
from awsapi import push, put_image, refused
from grants import allow
from localecr.scanner.model import Unscannable
from specimens import index
from stand_in import flaw, holding, library, system
from test_scanning_basic import findings, status
from test_scanning_configuration import CONTINUOUS, MANUAL, ON_PUSH, frequencies, rule

ACTIVE = {"status": "ACTIVE", "description": "Continuous scan is selected for image."}
COMPLETE = {"status": "COMPLETE", "description": "The scan was completed successfully."}
EXPIRED = {"status": "SCAN_ELIGIBILITY_EXPIRED", "description": "The configured scan duration has lapsed."}


@pytest.fixture
def account(free_repository):
    """An account in which nothing was ever set."""
    return str(int(free_repository[-8:], 16) + 600_000_000_000)


@pytest.fixture
def own(aws, account, scanner):
    """Its registry, with a repository ``web``."""
    client = aws("ecr", account)
    client.create_repository(repositoryName="web")
    return client


@pytest.fixture
def enhanced(own):
    """The same, with continuous scanning of everything."""
    turn_on(own)
    return own


def turn_on(client, frequency=CONTINUOUS, wildcard="*"):
    client.put_registry_scanning_configuration(scanType="ENHANCED", rules=[rule(frequency, wildcard)])


def turn_off(client):
    client.put_registry_scanning_configuration(scanType="BASIC", rules=[])


def names(client, **image_id):
    """The vulnerabilities that were found in an image."""
    return [each["packageVulnerabilityDetails"]["vulnerabilityId"] for each in findings(client, "web", **image_id)["imageScanFindings"]["enhancedFindings"]]


# --- on push -----------------------------------------------------------------------------------------------------------------------------


def test_a_push_is_scanned_and_its_scan_stays_active(enhanced, scanner, scanned, account, door):
    scanner.flaws = {"openssl": [flaw("CVE-2023-0286")], "urllib3": [flaw("CVE-2021-33503", source="GITHUB")]}
    pushed = push(enhanced, "web", holding("web", system("openssl"), library("urllib3")), "1")
    scanned()
    told = findings(enhanced, "web")
    assert told["registryId"] == account
    assert told["imageId"] == {"imageDigest": pushed.digest, "imageTag": "1"}
    assert told["imageScanStatus"] == ACTIVE
    found = told["imageScanFindings"]
    assert found.keys() == {"imageScanCompletedAt", "vulnerabilitySourceUpdatedAt", "findingSeverityCounts", "enhancedFindings"}
    assert found["imageScanCompletedAt"] == door.clock()
    assert found["findingSeverityCounts"] == {"CRITICAL": 2}
    assert sorted(names(enhanced)) == ["CVE-2021-33503", "CVE-2023-0286"]


def test_with_scan_on_push_alone_a_scan_is_complete(own, scanned):
    turn_on(own, ON_PUSH)
    push(own, "web", holding("web", system("bash")), "1")
    scanned()
    assert findings(own, "web")["imageScanStatus"] == COMPLETE


def test_where_both_frequencies_match_continuous_wins(own, scanned):
    own.put_registry_scanning_configuration(scanType="ENHANCED", rules=[rule(ON_PUSH, "*"), rule(CONTINUOUS, "w*")])
    own.create_repository(repositoryName="shop")
    assert frequencies(own) == {"web": (CONTINUOUS, ["w*", "*"]), "shop": (ON_PUSH, ["*"])}
    for name in ("web", "shop"):
        push(own, name, holding(name, system("bash")), "1")
    scanned()
    assert [status(own, name) for name in ("web", "shop")] == ["ACTIVE", "COMPLETE"]


def test_the_order_of_the_rules_does_not_matter(own):
    own.put_registry_scanning_configuration(scanType="ENHANCED", rules=[rule(CONTINUOUS, "w*"), rule(ON_PUSH, "*")])
    assert frequencies(own) == {"web": (CONTINUOUS, ["w*", "*"])}


def test_what_no_filter_matches_is_not_scanned(own, scanner, scanned):
    turn_on(own, CONTINUOUS, "shop")
    assert frequencies(own) == {"web": (MANUAL, [])}
    push(own, "web", holding("web"), "1")
    scanned()
    assert scanner.seen == []
    with refused("ScanNotFoundException"):
        findings(own, "web")


def test_a_repositorys_own_setting_does_not_count(own, scanner, scanned):
    own.put_image_scanning_configuration(repositoryName="web", imageScanningConfiguration={"scanOnPush": True})
    turn_on(own, CONTINUOUS, "shop")
    assert frequencies(own) == {"web": (MANUAL, [])}
    push(own, "web", holding("web"), "1")
    scanned()
    assert scanner.seen == []


def test_without_rules_nothing_is_scanned(own, scanner, scanned):
    own.put_registry_scanning_configuration(scanType="ENHANCED", rules=[])
    push(own, "web", holding("web"), "1")
    scanned()
    assert scanner.seen == []


def test_nobody_starts_an_enhanced_scan(enhanced, scanned):
    push(enhanced, "web", holding("web"), "1")
    with refused("ValidationException", "This feature is disabled"):
        enhanced.start_image_scan(repositoryName="web", imageId={"imageTag": "1"})
    scanned()


def test_an_index_has_no_enhanced_scan_and_its_images_have(enhanced, scanned):
    child = holding("one", system("bash"))
    pushed = push(enhanced, "web", index(child), "1")
    scanned()
    assert status(enhanced, "web", imageDigest=child.digest) == "ACTIVE"
    with refused("ScanNotFoundException"):
        findings(enhanced, "web", imageDigest=pushed.digest)


@pytest.mark.parametrize(
    "supported",
    [holding("distroless", system("libc6"), distroless=True), holding("libraries", library("urllib3"), os=None)],
    ids=["distroless", "libraries without a system"],
)
def test_enhanced_scanning_supports_what_basic_does_not(enhanced, scanned, supported):
    push(enhanced, "web", supported, "1")
    scanned()
    assert findings(enhanced, "web")["imageScanStatus"] == ACTIVE


def test_an_image_of_which_nothing_is_known_is_not_supported(enhanced, scanned):
    push(enhanced, "web", holding("scratch", os=None), "1")
    scanned()
    told = findings(enhanced, "web")
    assert told["imageScanStatus"]["status"] == "UNSUPPORTED_IMAGE"
    assert "imageScanFindings" not in told


def test_a_scan_that_fails_says_why(enhanced, scanner, scanned):
    pushed = holding("web")
    scanner.fails[pushed.digest] = Unscannable("FAILED", "A layer is no archive.")
    push(enhanced, "web", pushed, "1")
    scanned()
    assert findings(enhanced, "web")["imageScanStatus"] == {"status": "FAILED", "description": "A layer is no archive."}


def test_a_mistake_with_what_was_found_fails_that_image_alone(enhanced, scanned, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("localecr.inspector.findings.record", lambda *given: 1 / 0)
        push(enhanced, "web", holding("spoilt", system("bash")), "1")
        scanned()
    assert findings(enhanced, "web")["imageScanStatus"]["status"] == "FAILED"
    push(enhanced, "web", holding("sound", system("bash")), "2")
    scanned()
    assert status(enhanced, "web", imageTag="2") == "ACTIVE"


# --- the trap ----------------------------------------------------------------------------------------------------------------------------


def test_the_waiter_never_succeeds_on_an_active_scan(enhanced, scanned):
    push(enhanced, "web", holding("web", system("bash")), "1")
    scanned()
    with pytest.raises(WaiterError, match="Max attempts exceeded"):
        enhanced.get_waiter("image_scan_complete").wait(repositoryName="web", imageId={"imageTag": "1"}, WaiterConfig={"Delay": 0, "MaxAttempts": 5})


# --- pages -------------------------------------------------------------------------------------------------------------------------------


def test_enhanced_findings_come_in_pages(enhanced, scanner, scanned):
    scanner.flaws = {"bash": [flaw(f"CVE-2022-{number:04}") for number in range(7)]}
    push(enhanced, "web", holding("web", system("bash")), "1")
    scanned()
    paginator = enhanced.get_paginator("describe_image_scan_findings")
    pages = list(paginator.paginate(repositoryName="web", imageId={"imageTag": "1"}, PaginationConfig={"PageSize": 3}))
    assert [len(page["imageScanFindings"]["enhancedFindings"]) for page in pages] == [3, 3, 1]
    found = [each["findingArn"] for page in pages for each in page["imageScanFindings"]["enhancedFindings"]]
    assert len(set(found)) == 7
    assert all(page["imageScanFindings"]["findingSeverityCounts"] == {"CRITICAL": 7} for page in pages)


def test_a_token_outlives_a_scan_that_finds_the_same_and_none_that_finds_something_else(enhanced, scanner, scanned, later):
    scanner.flaws = {"bash": [flaw(f"CVE-2022-{number:04}") for number in range(4)]}
    push(enhanced, "web", holding("web", system("bash")), "1")
    scanned()
    token = enhanced.describe_image_scan_findings(repositoryName="web", imageId={"imageTag": "1"}, maxResults=2)["nextToken"]
    later(hours=1)
    scanned()
    page = enhanced.describe_image_scan_findings(repositoryName="web", imageId={"imageTag": "1"}, maxResults=2, nextToken=token)
    assert len(page["imageScanFindings"]["enhancedFindings"]) == 2
    del scanner.flaws["bash"][0]
    later(hours=1)
    scanned()
    with refused("InvalidParameterException", "Invalid parameter at 'nextToken' failed to satisfy constraint: 'Invalid token'"):
        enhanced.describe_image_scan_findings(repositoryName="web", imageId={"imageTag": "1"}, maxResults=2, nextToken=token)


# --- again and again ---------------------------------------------------------------------------------------------------------------------


def test_a_vulnerability_that_becomes_known_is_found_in_an_image_that_nobody_touched(enhanced, scanner, scanned, door, later):
    scanner.flaws = {"log4j": [flaw("CVE-2021-44228", published=door.clock().timestamp() + 24 * 3600)]}
    push(enhanced, "web", holding("web", library("log4j")), "1")
    scanned()
    assert names(enhanced) == []
    later(hours=25)
    scanned()
    assert names(enhanced) == ["CVE-2021-44228"]
    assert findings(enhanced, "web")["imageScanFindings"]["imageScanCompletedAt"] == door.clock()


def test_a_scan_stays_active_while_its_image_is_looked_at_again(enhanced, scanner, scanned, later):
    push(enhanced, "web", holding("web", system("bash")), "1")
    scanned()
    with scanner.held():
        later(hours=1)
        assert scanner.began.wait(10)
        assert findings(enhanced, "web")["imageScanStatus"] == ACTIVE
    scanned()


def test_an_image_that_is_looked_at_again_is_not_read_again(enhanced, account, scanner, scanned, later):
    push(enhanced, "web", holding(account, system("bash")), "1")
    scanned()
    later(hours=1)
    scanned()
    assert [type(what).__name__ for what, _ in scanner.seen] == ["Subject", "Inventory"]


def test_whoever_moved_the_clock_is_told_of_the_scans_that_are_due(enhanced, scanner, scanned, later, door):
    push(enhanced, "web", holding("web", system("bash")), "1")
    scanned()
    with scanner.held():
        later(hours=1)
        assert sum(door.scans()[each] for each in ("waiting", "running")) == 1
    scanned()


def test_a_clock_that_moves_during_a_scan_has_it_done_again(enhanced, scanner, scanned, door, later):
    scanner.flaws = {"bash": [flaw("CVE-2026-1", published=door.clock().timestamp() + 1800)]}
    push(enhanced, "web", holding("web", system("bash")), "1")
    scanned()
    with scanner.held():
        later(minutes=10)
        assert scanner.began.wait(10)
        later(minutes=50)
    scanned()
    assert names(enhanced) == ["CVE-2026-1"]


def test_scan_on_push_looks_once(own, scanner, scanned, later):
    turn_on(own, ON_PUSH)
    push(own, "web", holding("web", system("bash")), "1")
    scanned()
    later(days=1)
    scanned()
    assert len(scanner.seen) == 1


def test_an_advisory_that_was_taken_back_ends_its_finding(enhanced, scanner, scanned, later):
    scanner.flaws = {"bash": [flaw("CVE-2026-1")]}
    push(enhanced, "web", holding("web", system("bash")), "1")
    scanned()
    assert names(enhanced) == ["CVE-2026-1"]
    scanner.flaws = {}
    later(hours=1)
    scanned()
    assert names(enhanced) == []


def test_knowledge_that_is_held_and_released_changes_findings_by_itself(enhanced, scanner, scanned, door):
    scanner.flaws = {"log4j": [flaw("CVE-2021-44228", published=1639094400.0)]}  # 10 December 2021
    door.advisories(known_until="2021-12-09T00:00:00Z")
    try:
        push(enhanced, "web", holding("web", library("log4j")), "1")
        scanned()
        assert names(enhanced) == []
        door.advisories(known_until="2021-12-10T12:00:00Z")
        scanned()
        assert names(enhanced) == ["CVE-2021-44228"]
        door.advisories(known_until="2021-12-09T00:00:00Z")
        scanned()
        assert names(enhanced) == []
    finally:
        door.advisories(known_until=None)
    scanned()
    assert names(enhanced) == ["CVE-2021-44228"]


def test_advisories_that_were_updated_change_findings_by_themselves(enhanced, scanner, scanned, door):
    push(enhanced, "web", holding("web", system("bash")), "1")
    scanned()
    scanner.flaws = {"bash": [flaw("CVE-2026-1")]}
    door.advisories(changed=True)
    scanned()
    assert names(enhanced) == ["CVE-2026-1"]


# --- until when --------------------------------------------------------------------------------------------------------------------------


def test_what_was_pushed_in_the_last_14_days_is_scanned_when_enhanced_scanning_begins(own, scanned, later):
    old = push(own, "web", holding("old", system("bash")))
    later(days=1)
    recent = push(own, "web", holding("recent", system("bash")))
    later(days=13)
    turn_on(own)
    scanned()
    assert findings(own, "web", imageDigest=recent.digest)["imageScanStatus"] == ACTIVE
    told = findings(own, "web", imageDigest=old.digest)
    assert told["imageScanStatus"] == EXPIRED
    assert "imageScanFindings" not in told


def test_an_image_that_came_too_early_stays_so_whatever_time_goes_by(own, scanner, scanned, later):
    push(own, "web", holding("old"), "1")
    later(days=15)
    turn_on(own)
    later(days=1)
    scanned()
    assert findings(own, "web")["imageScanStatus"] == EXPIRED
    assert scanner.seen == []


def test_a_repository_that_is_covered_later_begins_with_its_last_14_days(own, scanned, later):
    turn_on(own, CONTINUOUS, "shop")
    old = push(own, "web", holding("old", system("bash")))
    later(days=15)
    recent = push(own, "web", holding("recent", system("bash")))
    turn_on(own, CONTINUOUS, "web")
    scanned()
    assert [status(own, "web", imageDigest=each.digest) for each in (old, recent)] == ["SCAN_ELIGIBILITY_EXPIRED", "ACTIVE"]


def test_images_are_looked_at_for_their_lifetime_unless_something_else_is_set(enhanced, scanner, scanned, later):
    push(enhanced, "web", holding("web", system("bash")), "1")
    scanned()
    later(days=4000)
    scanned()
    assert findings(enhanced, "web")["imageScanStatus"] == ACTIVE
    assert len(scanner.seen) == 2


def test_after_the_rescan_duration_an_image_is_not_looked_at_any_more(aws, enhanced, account, scanner, scanned, later):
    aws("inspector2", account).update_configuration(ecrConfiguration={"rescanDuration": "DAYS_30"})
    scanner.flaws = {"bash": [flaw("CVE-2026-1")]}
    push(enhanced, "web", holding("web", system("bash")), "1")
    scanned()
    later(days=29)
    scanned()
    assert (status(enhanced, "web"), names(enhanced)) == ("ACTIVE", ["CVE-2026-1"])
    later(days=1)
    scanned()
    assert findings(enhanced, "web")["imageScanStatus"] == EXPIRED
    assert names(enhanced) == []
    assert len(scanner.seen) == 2


def test_an_image_that_is_left_behind_while_it_is_looked_at_stays_so(aws, enhanced, account, scanner, scanned, later):
    aws("inspector2", account).update_configuration(ecrConfiguration={"rescanDuration": "DAYS_14"})
    scanner.flaws = {"bash": [flaw("CVE-2026-1")]}
    push(enhanced, "web", holding("web", system("bash")), "1")
    scanned()
    with scanner.held():
        later(days=13)
        assert scanner.began.wait(10)
        later(days=1)
    scanned()
    assert findings(enhanced, "web")["imageScanStatus"] == EXPIRED
    assert names(enhanced) == []


def test_a_duration_that_is_shortened_counts_at_once(aws, enhanced, account, scanned, later):
    push(enhanced, "web", holding("web", system("bash")), "1")
    later(days=20)
    scanned()
    aws("inspector2", account).update_configuration(ecrConfiguration={"rescanDuration": "DAYS_14"})
    assert status(enhanced, "web") == "SCAN_ELIGIBILITY_EXPIRED"


# --- switching ---------------------------------------------------------------------------------------------------------------------------


def test_each_scan_type_hides_the_others_results_and_shows_its_own_again(own, scanner, scanned):
    scanner.flaws = {"bash": [flaw("CVE-2022-1")]}
    own.put_image_scanning_configuration(repositoryName="web", imageScanningConfiguration={"scanOnPush": True})
    push(own, "web", holding("web", system("bash")), "1")
    scanned()
    basic = findings(own, "web")
    assert [each["name"] for each in basic["imageScanFindings"]["findings"]] == ["CVE-2022-1"]
    turn_on(own)
    assert not findings(own, "web")["imageScanFindings"].get("findings")
    scanned()
    assert (status(own, "web"), names(own)) == ("ACTIVE", ["CVE-2022-1"])
    turn_off(own)
    assert findings(own, "web") == basic
    turn_on(own)
    assert (status(own, "web"), names(own)) == ("ACTIVE", ["CVE-2022-1"])
    scanned()
    assert (status(own, "web"), names(own)) == ("ACTIVE", ["CVE-2022-1"])


def test_an_image_that_was_never_scanned_basically_has_no_scan_when_enhanced_scanning_ends(enhanced, scanned):
    push(enhanced, "web", holding("web", system("bash")), "1")
    scanned()
    turn_off(enhanced)
    with refused("ScanNotFoundException"):
        findings(enhanced, "web")
    enhanced.start_image_scan(repositoryName="web", imageId={"imageTag": "1"})
    scanned()
    assert status(enhanced, "web") == "COMPLETE"


def test_results_come_back_long_after_enhanced_scanning_ended(own, scanner, scanned, later):
    turn_on(own, ON_PUSH)
    scanner.flaws = {"bash": [flaw("CVE-2022-1")]}
    push(own, "web", holding("web", system("bash")), "1")
    scanned()
    turn_off(own)
    later(days=30)
    turn_on(own, ON_PUSH)
    scanned()
    assert (status(own, "web"), names(own)) == ("COMPLETE", ["CVE-2022-1"])


def test_a_scan_that_waits_while_enhanced_scanning_ends_is_done_when_it_begins_again(enhanced, scanner, scanned):
    with scanner.held():
        push(enhanced, "web", holding("first", system("bash")), "1")
        assert scanner.began.wait(10)
        push(enhanced, "web", holding("second", system("bash")), "2")
        turn_off(enhanced)
    scanned()
    turn_on(enhanced)
    scanned()
    assert [status(enhanced, "web", imageTag=tag) for tag in "12"] == ["ACTIVE", "ACTIVE"]


def test_a_repository_that_is_not_covered_any_more_has_no_scans_until_it_is_again(enhanced, scanner, scanned):
    scanner.flaws = {"bash": [flaw("CVE-2022-1")]}
    push(enhanced, "web", holding("web", system("bash")), "1")
    scanned()
    turn_on(enhanced, CONTINUOUS, "shop")
    with refused("ScanNotFoundException"):
        findings(enhanced, "web")
    turn_on(enhanced, ON_PUSH)
    scanned()
    assert (status(enhanced, "web"), names(enhanced)) == ("COMPLETE", ["CVE-2022-1"])


def test_a_frequency_that_changes_changes_what_a_scan_is(enhanced, scanned):
    push(enhanced, "web", holding("web", system("bash")), "1")
    scanned()
    for frequency, word in ((ON_PUSH, "COMPLETE"), (CONTINUOUS, "ACTIVE")):
        turn_on(enhanced, frequency)
        assert status(enhanced, "web") == word
    scanned()


def test_what_is_not_watched_continuously_any_more_keeps_what_was_found(enhanced, scanner, scanned):
    push(enhanced, "web", holding("web", system("bash")), "1")
    scanned()
    scanner.flaws = {"bash": [flaw("CVE-2026-1")]}
    turn_on(enhanced, ON_PUSH)
    scanned()
    assert names(enhanced) == []
    turn_on(enhanced, CONTINUOUS)
    scanned()
    assert names(enhanced) == ["CVE-2026-1"]


def test_enhanced_scanning_enables_inspector_and_its_end_disables_it(aws, own, account):
    def state():
        (told,) = aws("inspector2", account).batch_get_account_status()["accounts"]
        return told["resourceState"]["ecr"]["status"]

    assert state() == "DISABLED"
    turn_on(own)
    assert state() == "ENABLED"
    turn_off(own)
    assert state() == "DISABLED"


def test_a_scan_type_that_is_not_given_stays(enhanced):
    enhanced.put_registry_scanning_configuration(rules=[rule(ON_PUSH, "web")])
    assert enhanced.get_registry_scanning_configuration()["scanningConfiguration"] == {"scanType": "ENHANCED", "rules": [rule(ON_PUSH, "web")]}


# --- what other operations say -----------------------------------------------------------------------------------------------------------


def test_describe_images_tells_of_enhanced_scans(enhanced, scanner, scanned):
    scanner.flaws = {"bash": [flaw("CVE-2022-1")]}
    push(enhanced, "web", holding("web", system("bash")), "1")
    scanned()
    (told,) = enhanced.describe_images(repositoryName="web")["imageDetails"]
    scan = findings(enhanced, "web")
    assert told["imageScanStatus"] == scan["imageScanStatus"]
    assert told["imageScanFindingsSummary"] == {name: value for name, value in scan["imageScanFindings"].items() if name != "enhancedFindings"}


def test_describe_images_says_nothing_of_images_without_a_scan(own, scanned):
    turn_on(own, CONTINUOUS, "shop")
    push(own, "web", holding("web"), "1")
    (told,) = own.describe_images(repositoryName="web")["imageDetails"]
    assert not {"imageScanStatus", "imageScanFindingsSummary"} & told.keys()


# --- who may -----------------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def somebody(aws, lab_endpoint, account, own):
    """`somebody(*policies)`: a user of that account."""
    return lambda *policies: grants.meet(lab_endpoint, aws("iam", account), f"user-{account[-6:]}", *policies).client("ecr")


def denied_action(call, path):
    """The action that a call was refused for, on Inspector's operation with this path."""
    with pytest.raises(Exception, match=rf"is not authorized to perform: \S+ on resource: arn:aws:inspector2:us-east-1:[0-9]{{12}}:{path} because") as caught:
        call()
    return str(caught.value).partition("perform: ")[2].partition(" ")[0]


def test_turning_enhanced_scanning_on_needs_the_permission_to_enable_inspector(somebody, own):
    user = somebody(allow("ecr:*"))
    assert denied_action(lambda: turn_on(user), "/enable") == "inspector2:Enable"
    assert own.get_registry_scanning_configuration()["scanningConfiguration"]["scanType"] == "BASIC"
    user.put_registry_scanning_configuration(scanType="BASIC", rules=[rule(ON_PUSH, "*")])


def test_turning_it_off_needs_the_permission_to_disable_inspector(somebody, own):
    turn_on(own)
    user = somebody(allow(["ecr:*", "inspector2:Enable"]))
    assert denied_action(lambda: turn_off(user), "/disable") == "inspector2:Disable"
    turn_on(user, ON_PUSH)


def test_reading_enhanced_findings_needs_inspectors_permissions_too(somebody, own, scanned):
    turn_on(own)
    push(own, "web", holding("web", system("bash")), "1")
    scanned()
    user = somebody(allow("ecr:*"))
    assert denied_action(lambda: findings(user, "web"), "/coverage/list") == "inspector2:ListCoverage"
    turn_off(own)
    with refused("ScanNotFoundException"):
        findings(user, "web")


def test_with_inspectors_permissions_enhanced_findings_are_read(somebody, own, scanned):
    turn_on(own)
    push(own, "web", holding("web", system("bash")), "1")
    scanned()
    assert status(somebody(allow(["ecr:DescribeImageScanFindings", "inspector2:ListCoverage", "inspector2:ListFindings"])), "web") == "ACTIVE"


def test_a_tag_does_not_touch_a_scan(enhanced, scanner, scanned):
    pushed = push(enhanced, "web", holding("web", system("bash")), "1")
    scanned()
    put_image(enhanced, "web", pushed, "2")
    scanned()
    assert len(scanner.seen) == 1
    assert findings(enhanced, "web", imageTag="2")["imageScanStatus"] == ACTIVE
