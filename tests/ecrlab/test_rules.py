"""What checks ask of EventBridge's rules and their targets, and that asking changes nothing."""

from __future__ import annotations

import json

import pytest

from ecrlab import resources, rules
from ecrlab.local import LocalLab

SHOP = "rules/shop"
PATTERN = {"source": ["aws.ecr"], "detail": {"action-type": ["PUSH"], "repository-name": [SHOP]}}
SENTENCE = {"InputPathsMap": {"name": "$.detail.repository-name", "tag": "$.detail.image-tag"}, "InputTemplate": '"<name>:<tag> is new"'}


@pytest.fixture
def lab(door) -> LocalLab:
    return LocalLab(door)


@pytest.fixture
def made(lab):
    """A rule, a queue and a log group, each named `rules-…`."""
    lab.client("events").put_rule(Name="rules-pushes", EventPattern=json.dumps(PATTERN))
    lab.client("sqs").create_queue(QueueName="rules-queue")
    lab.client("logs").create_log_group(logGroupName="/rules/group")
    yield
    for kind, name in (("rule", "rules-pushes"), ("queue", "rules-queue"), ("log_group", "/rules/group"), ("log_policy", "rules-policy")):
        resources.delete(lab, kind, name)
        assert not resources.exists(lab, kind, name)


def statement(**parts: object) -> dict:
    return {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "*", "Resource": "*"} | parts


def policy(*statements: dict) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def test_where_nothing_is_nothing_is_found(lab):
    assert rules.rule(lab, "rules-none") is rules.queue(lab, "rules-none") is rules.log_group(lab, "/rules/none") is None


def test_a_rule_says_what_it_chooses_enabled_or_not(lab, made):
    lab.client("events").disable_rule(Name="rules-pushes")
    found = rules.rule(lab, "rules-pushes")
    assert not found.enabled
    assert found.chooses(rules.image_event(lab, "PUSH", SHOP, None))
    assert not found.chooses(rules.image_event(lab, "DELETE", SHOP, "1.0"))


def test_a_scan_is_another_event_than_a_push(lab, made):
    wanted = {"repository-name": [SHOP], "finding-severity-counts": {"CRITICAL": [{"exists": True}]}}
    lab.client("events").put_rule(Name="rules-pushes", EventPattern=json.dumps({"detail-type": ["ECR Image Scan"], "detail": wanted}))
    found = rules.rule(lab, "rules-pushes")
    assert found.chooses(rules.scan_event(lab, SHOP, {"CRITICAL": 2, "LOW": 1}, ["1.0", "latest"]))
    assert not found.chooses(rules.scan_event(lab, SHOP, {"HIGH": 2}, ["1.0"]))
    assert not found.chooses(rules.image_event(lab, "PUSH", SHOP, "1.0"))


@pytest.mark.parametrize(
    ("statements", "lets_in"),
    [
        ([statement(Action="sqs:SendMessage")], True),
        ([statement(Condition={"ArnEquals": {"aws:SourceArn": "arn:aws:events:us-east-1:111122223333:rule/rules-pushes"}})], True),
        ([statement(Condition={"ArnEquals": {"aws:SourceArn": "arn:aws:events:us-east-1:111122223333:rule/another"}})], False),
        ([statement(Condition={"StringEquals": {"aws:SourceAccount": "111122223333"}})], True),
        ([statement(Principal="*")], True),
        ([statement(Principal={"Service": "sns.amazonaws.com"})], False),
        ([statement(Principal={"AWS": "arn:aws:iam::111122223333:root"})], False),
        ([statement(Action="sqs:ReceiveMessage")], False),
        ([statement(), statement(Effect="Deny", Principal="*")], False),
    ],
)
def test_a_queue_lets_in_whom_its_policy_allows(lab, made, statements, lets_in):
    sqs = lab.client("sqs")
    url = sqs.get_queue_url(QueueName="rules-queue")["QueueUrl"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy(*statements)})
    assert rules.queue(lab, "rules-queue").lets_in(rules.rule(lab, "rules-pushes").arn) is lets_in


def test_a_queue_without_a_policy_lets_nobody_in(lab, made):
    assert not rules.queue(lab, "rules-queue").lets_in(rules.rule(lab, "rules-pushes").arn)


def test_a_log_group_lets_in_whom_a_policy_of_the_region_allows(lab, made):
    arn = rules.rule(lab, "rules-pushes").arn
    assert not rules.log_group(lab, "/rules/group").lets_in(arn)
    document = policy(statement(Action=["logs:CreateLogStream", "logs:PutLogEvents"], Resource="arn:aws:logs:us-east-1:111122223333:log-group:/rules/*"))
    lab.client("logs").put_resource_policy(policyName="rules-policy", policyDocument=document)
    assert rules.log_group(lab, "/rules/group").lets_in(arn)


@pytest.mark.parametrize(
    ("target", "told"),
    [
        ({"InputTransformer": SENTENCE}, "rules/shop:1.0 is new"),
        ({"InputPath": "$.detail.image-tag"}, '"1.0"'),
        ({"Input": '"news"'}, '"news"'),
    ],
)
def test_what_a_target_is_told_is_known_beforehand(lab, target, told):
    assert rules.message(target, rules.image_event(lab, "PUSH", SHOP, "1.0")) == told


def test_a_path_that_leads_nowhere_is_named(lab):
    target = {"InputTransformer": SENTENCE}
    assert rules.lost_paths(target, rules.image_event(lab, "PUSH", SHOP, None)) == ["$.detail.image-tag"]
    assert rules.message(target, rules.image_event(lab, "PUSH", SHOP, None)) == "rules/shop: is new"
