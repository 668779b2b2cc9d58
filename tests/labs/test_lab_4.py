"""Lab 4, "Watch and react": what is its own, and other right ways (the rest: test_every_lab.py)."""

from __future__ import annotations

import json

import pytest

from ecrlab.check import DONE, NOT_TRIED, NOT_YET
from ecrlab.content import module
from ecrlab.labs import looking, planting
from ecrlab.rules import image_event, message, scan_event
from learners import LABS

FOLDER = next(path for path in LABS.iterdir() if path.name.startswith("lab-4-"))
CHECKS = module(FOLDER / "checks.py")
TASKS = ["culprit", "pulls", "restored", "keep", "mend", "alert", "inbox", "quarantine"]


@pytest.fixture
def one(learner):
    """A learner of lab 4."""
    return learner("lab-4")


def test_the_tasks_are_these(one):
    one.take()
    assert one.tasks == TASKS


# The night.


def test_two_tried_one_was_refused_and_the_trail_tells_the_keys_apart(one):
    one.take()
    tried = one.names["history"]("BatchDeleteImage")[-2:]
    told = [(each["userIdentity"]["userName"], each["sourceIPAddress"], each.get("errorCode")) for each in tried]
    assert told == [("lab4-noor", CHECKS.OFFICE, "AccessDenied"), ("lab4-sam", CHECKS.ELSEWHERE, None)]
    laptop = [each for each in one.names["history"]("DescribeImages") if each["sourceIPAddress"] == CHECKS.LAPTOP][-1]
    assert laptop["userIdentity"]["userName"] == "lab4-sam"
    assert laptop["userIdentity"]["accessKeyId"] != tried[1]["userIdentity"]["accessKeyId"]


def test_the_trail_still_knows_the_digest_of_what_is_gone(one):
    one.take()
    gone = one.names["history"]("BatchDeleteImage")[-1]["responseElements"]["imageIds"]
    assert gone == [{"imageDigest": CHECKS.release("2.4").digest, "imageTag": "2.4"}]


def test_preparing_again_deletes_nothing_again(one):
    one.take(solve=["restored"])
    one.guide.prepare()
    assert one.guide.verdict("restored").outcome == DONE


def test_another_days_run_from_the_top_needs_nothing_of_the_skipped_tasks(one):
    one.take(solve=TASKS[:5])
    one.names.clear()
    one.take(solve=TASKS[5:])
    assert one.outcomes() == dict.fromkeys(TASKS, DONE)


def _answer(one, choose: str, do: tuple[str, ...], **values: object) -> None:
    """Fills in a cell's blanks, and runs what stands below it."""
    cells = {cell.id: cell.source for cell in one.starter.cells}
    exec(cells[choose], one.names)
    one.names.update(values)
    for cell in do:
        exec(cells[cell], one.names)


@pytest.mark.parametrize(
    ("call", "field", "state"),
    [
        ("DeleteImage", "accessKeyId", "Inactive"),
        ("BatchDeleteImage", "userName", "Inactive"),
        ("BatchDeleteImage", "principalId", "Inactive"),
        ("BatchDeleteImage", "key", "Inactive"),
        ("BatchDeleteImage", "accessKeyID", "Inactive"),
        ("BatchDeleteImage", "accessKeyId", "Stopped"),
        ("BatchDeleteImage", "accessKeyId", "Active"),
    ],
)
def test_values_that_name_no_key_reach_the_check(one, call, field, state):
    one.take(until="culprit")
    _answer(one, "choose-culprit", ("do-culprit", "stop-culprit"), call=call, field=field, state=state)
    assert one.guide.verdict("culprit").outcome == NOT_TRIED


@pytest.mark.parametrize(
    ("metric", "statistic", "threshold", "outcome"),
    [
        ("RepositoryPullCount", "Average", 10, NOT_YET),
        ("RepositoryPullCount", "Total", 10, NOT_TRIED),
        ("RepositoryPullCount", "Sum", "ten", NOT_TRIED),
        ("CallCount", "Sum", 10, NOT_YET),
        ("PullCount", "Sum", 10, NOT_YET),
    ],
)
def test_values_that_make_another_alarm_or_none_reach_the_check(one, metric, statistic, threshold, outcome):
    one.take(until="pulls")
    _answer(one, "choose-pulls", ("do-pulls",), metric=metric, statistic=statistic, threshold=threshold)
    assert one.guide.verdict("pulls").outcome == outcome


# Everything really happens.


def tonight(one) -> tuple[str, str]:
    """The version with something critical in it that was pushed, and the one without."""
    held = set(looking.images(one.lab.client("ecr"), "lab4/prod/wind"))
    bad, good = (next(tag for tag in CHECKS.TOMORROW if CHECKS.tonight(tag, zlib).digest in held) for zlib in (CHECKS.OLD, CHECKS.MENDED))
    return bad, good


def test_the_scanner_finds_one_critical_flaw_in_the_one_and_none_in_the_other(one):
    one.take(solve=["inbox"])
    bad, good = tonight(one)
    assert one.lab.scans.wait("lab4/prod/wind", tag=bad).counts == {"CRITICAL": 1, "HIGH": 1}
    assert one.lab.scans.wait("lab4/prod/wind", tag=good).counts == {}


def test_the_event_knows_the_names_of_its_moment_alone(one):
    one.take(solve=["inbox"])
    cells = {cell.id: cell.source for cell in one.starter.cells}
    events: list[dict] = []
    one.names["handle"] = events.append
    exec(cells["night"], one.names)
    bad, _ = tonight(one)
    assert [each["detail"]["image-tags"] for each in events] == [[bad]]
    assert [each["detail"]["finding-severity-counts"] for each in events] == [{"CRITICAL": 1, "HIGH": 1}]
    assert events[0]["detail"].keys() == scan_event(one.lab, "lab4/prod/wind", {}, [])["detail"].keys()
    assert set(looking.images(one.lab.client("ecr"), "lab4/prod/wind")[events[0]["detail"]["image-digest"]]) == {bad, "stable"}


def test_an_unfinished_worker_may_be_mended_and_the_night_run_again(one):
    one.take(solve=["inbox"])
    assert one.guide.verdict("quarantine").outcome == NOT_TRIED
    cells = {cell.id: cell.source for cell in one.starter.cells}
    for _ in range(3):
        exec(one.guide.content.solutions["quarantine"], one.names)
        one.names["handle"], strict = strictly(one.names), one.names["handle"]
        exec(cells["night"], one.names)
        assert one.guide.verdict("quarantine").outcome == DONE
        one.names["handle"] = strict
        exec(cells["night"], one.names)
        assert one.guide.verdict("quarantine").outcome == DONE


def strictly(names: dict):
    """A worker that asks for the image by its digest, and suppresses nothing."""

    def handle(event: dict) -> None:
        detail, ecr = event["detail"], names["ecr"]
        where, image_id = detail["repository-name"], {"imageDigest": detail["image-digest"]}
        image = ecr.batch_get_image(repositoryName=where, imageIds=[image_id])["images"][0]
        for tag in ecr.describe_images(repositoryName=where, imageIds=[image_id])["imageDetails"][0]["imageTags"]:
            ecr.put_image(repositoryName=where, imageTag=f"quarantine-{tag}", imageManifest=image["imageManifest"])
            ecr.batch_delete_image(repositoryName=where, imageIds=[{"imageTag": tag}])

    return handle


def test_what_the_rules_choose_reaches_people_and_the_log_group(one, capsys):
    one.take(solve=TASKS)
    heard = capsys.readouterr().out
    bad, good = tonight(one)
    assert f"lab4/prod/wind:{bad} was pushed" in heard and "lab4/prod/wind:stable was pushed" in heard
    assert f"'action-type': 'DELETE', 'image-tag': '{bad}'" in heard
    kept = [(each["action-type"], each["image-tag"]) for each in one.names["details"]]
    renamed = {("PUSH", f"quarantine-{bad}"), ("DELETE", bad), ("PUSH", "quarantine-stable"), ("DELETE", "stable")}
    assert kept[:3] == [("PUSH", good), ("PUSH", bad), ("PUSH", "stable")] and set(kept[3:]) == renamed


def test_the_worker_finds_nothing_of_its_own_in_the_inbox(one):
    one.take(solve=TASKS)
    sqs = one.lab.client("sqs")
    url = sqs.get_queue_url(QueueName="lab4-inbox")["QueueUrl"]
    assert sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages", []) == []


def test_the_same_event_twice_does_no_harm(one):
    one.take(solve=TASKS)
    bad, _ = tonight(one)
    event = scan_event(one.lab, "lab4/prod/wind", {"CRITICAL": 1}, [bad])
    event["detail"]["image-digest"] = CHECKS.tonight(bad, CHECKS.OLD).digest
    for _ in range(2):
        one.names["handle"](event)
    assert one.guide.verdict("quarantine").outcome == DONE


def test_only_pushes_to_production_are_scanned_and_the_clean_up_puts_that_back(one):
    one.take()
    ecr = one.lab.client("ecr")
    told = ecr.batch_get_repository_scanning_configuration(repositoryNames=["lab4/prod/wind", "lab4/wind"])["scanningConfigurations"]
    assert {each["repositoryName"]: each["scanFrequency"] for each in told} == {"lab4/prod/wind": "SCAN_ON_PUSH", "lab4/wind": "MANUAL"}
    one.guide.cleanup()
    assert ecr.get_registry_scanning_configuration()["scanningConfiguration"] == {"scanType": "BASIC", "rules": []}


def test_a_stopped_key_deletes_nothing_more(one):
    one.take(solve=["culprit"])
    iam = one.lab.client("iam")
    states = {key["Status"] for key in iam.list_access_keys(UserName="lab4-sam")["AccessKeyMetadata"]}
    assert states == {"Active", "Inactive"}


def test_what_is_told_is_what_the_check_reads_beforehand(one):
    one.take(solve=["alert"])
    lab, sqs = one.lab, one.lab.client("sqs")
    url = sqs.get_queue_url(QueueName="lab4-oncall")["QueueUrl"]
    planting.plant(lab.client("ecr"), "lab4/prod/tide", planting.image({"srv/tide": "tide 7.1\n"}, {"kestrel": "7.1"}), "7.1")
    target = lab.client("events").list_targets_by_rule(Rule="lab4-pushed")["Targets"][0]
    told = message(target, image_event(lab, "PUSH", "lab4/prod/tide", "7.1"))
    assert lab.events.wait(url) == [told] == ["lab4/prod/tide:7.1 was pushed"]


# Other right ways.


def test_the_key_may_be_deleted(one):
    one.take()
    key = one.names["history"]("BatchDeleteImage")[-1]["userIdentity"]["accessKeyId"]
    one.lab.client("iam").delete_access_key(UserName="lab4-sam", AccessKeyId=key)
    assert one.guide.verdict("culprit").outcome == DONE


def test_the_release_may_come_back_by_the_api_alone(one):
    one.take()
    ecr = one.lab.client("ecr")
    planting.plant(ecr, "lab4/prod/wind", CHECKS.release("2.4"), "2.4")
    assert looking.tags(ecr, "lab4/prod/wind")["2.4"] == CHECKS.release("2.4").digest
    assert one.guide.verdict("restored").outcome == DONE


@pytest.mark.parametrize(("statistic", "period", "threshold", "outcome"), [("Sum", 60, 40, DONE), ("SampleCount", 60, 39, DONE), ("Sum", 300, 30, DONE), ("Sum", 300, 10, NOT_YET)])
def test_period_and_threshold_belong_together(one, statistic, period, threshold, outcome):
    one.take(until="pulls")
    pager = one.lab.client("sns").create_topic(Name="lab4-pager")["TopicArn"]
    one.lab.client("cloudwatch").put_metric_alarm(
        AlarmName="lab4-pulls", Namespace="AWS/ECR", MetricName="RepositoryPullCount", Statistic=statistic, Period=period, EvaluationPeriods=1,
        Dimensions=[{"Name": "RepositoryName", "Value": "lab4/prod/wind"}], Threshold=threshold, ComparisonOperator="GreaterThanOrEqualToThreshold",
        AlarmActions=[pager],
    )  # fmt: skip
    assert one.guide.verdict("pulls").outcome == outcome


@pytest.mark.parametrize(
    "detail",
    [
        {"repository-name": [{"wildcard": "lab4/prod/*"}]},
        {"repository-name": [{"prefix": "lab4/prod/"}], "action-type": ["PUSH", "DELETE"]},
        {"repository-name": [{"prefix": "lab4/prod/"}], "result": ["SUCCESS"]},
    ],
)
def test_any_pattern_that_chooses_the_right_events_is_right(one, detail):
    one.take(solve=["keep"])
    pattern = {"source": ["aws.ecr"], "detail-type": ["ECR Image Action"], "account": [one.lab.account], "detail": detail}
    one.names["events"].put_rule(Name="lab4-keep", EventPattern=json.dumps(pattern))
    assert one.guide.verdict("keep").outcome == DONE


@pytest.mark.parametrize(
    "detail",
    [
        {"finding-severity-counts": {"CRITICAL": [{"numeric": [">", 0]}]}},
        {"finding-severity-counts": {"CRITICAL": [{"numeric": [">=", 1]}]}, "image-digest": [{"exists": True}]},
        {"finding-severity-counts": {"CRITICAL": [{"anything-but": 0}]}, "scan-status": [{"anything-but": "FAILED"}]},
    ],
)
def test_any_pattern_that_chooses_scans_with_something_critical_is_right(one, detail):
    one.take(solve=["inbox"])
    wanted = {"repository-name": [{"wildcard": "lab4/prod/*"}]} | detail
    one.names["events"].put_rule(Name="lab4-inbox", EventPattern=one.names["pattern"](wanted, says="ECR Image Scan"))
    assert one.guide.verdict("inbox").outcome == DONE


def test_the_inbox_may_also_hear_of_inspectors_scans(one):
    one.take(solve=["inbox"])
    detail = {"repository-name": [{"prefix": "lab4/prod/"}], "finding-severity-counts": {"CRITICAL": [{"exists": True}]}}
    both = {"source": ["aws.ecr", "aws.inspector2"], "detail-type": ["ECR Image Scan", "Inspector2 Scan"], "detail": detail}
    one.names["events"].put_rule(Name="lab4-inbox", EventPattern=json.dumps(both))
    assert one.guide.verdict("inbox").outcome == DONE


@pytest.mark.parametrize(
    "condition",
    [
        {"StringEquals": {"aws:SourceAccount": "111122223333"}},
        {"ArnLike": {"aws:SourceArn": "arn:aws:events:us-east-1:111122223333:rule/lab4-inbox"}},
    ],
)
def test_the_inbox_may_be_closed_by_account_or_by_rule(one, condition):
    one.take(solve=["inbox"])
    send = one.names["send"] | {"Condition": condition}
    sqs = one.lab.client("sqs")
    url = sqs.get_queue_url(QueueName="lab4-inbox")["QueueUrl"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({"Version": "2012-10-17", "Statement": [send]})})
    assert one.guide.verdict("inbox").outcome == DONE


@pytest.mark.parametrize(
    ("paths", "template"),
    [
        ({"r": "$.detail.repository-name", "t": "$.detail.image-tag"}, '"New in production: <r>, version <t>."'),
        ({"r": "$.detail.repository-name", "t": "$.detail.image-tag", "d": "$.detail.image-digest"}, '"<t> in <r> is <d>"'),
    ],
)
def test_any_sentence_that_names_both_is_right(one, paths, template):
    one.take(solve=["alert"])
    target = {"Id": "oncall", "Arn": one.names["arn_of"]("lab4-oncall"), "InputTransformer": {"InputPathsMap": paths, "InputTemplate": template}}
    one.names["events"].put_targets(Rule="lab4-pushed", Targets=[target])
    assert one.guide.verdict("alert").outcome == DONE


def test_the_colleagues_rule_may_be_replaced_by_one_of_the_same_name(one):
    one.take()
    events = one.names["events"]
    events.remove_targets(Rule="lab4-deletions", Ids=["oncall"])
    events.delete_rule(Name="lab4-deletions")
    detail = {"action-type": ["DELETE"], "repository-name": [{"prefix": "lab4/prod/"}]}
    events.put_rule(Name="lab4-deletions", EventPattern=one.names["pattern"](detail))
    assert one.guide.verdict("mend").outcome == NOT_YET
    events.put_targets(Rule="lab4-deletions", Targets=[{"Id": "again", "Arn": one.names["arn_of"]("lab4-oncall")}])
    assert one.guide.verdict("mend").outcome == DONE


def test_with_nothing_there_no_check_fails(one):
    one.take(until="culprit")
    one.guide.cleanup()
    assert one.outcomes() == dict.fromkeys(TASKS, NOT_TRIED)
