"""`lab.events.wait`: what comes into a queue, against the real embedded AWS."""

import json
import threading
import time

import pytest

from ecrlab.local import LocalLab


@pytest.fixture(scope="module")
def lab(door):
    return LocalLab(door)


@pytest.fixture
def queue(lab, free_repository):
    sqs = lab.client("sqs")
    url = sqs.create_queue(QueueName=free_repository[:80])["QueueUrl"]
    yield url
    sqs.delete_queue(QueueUrl=url)


def arn_of(lab, queue):
    return lab.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def test_an_event_that_a_rule_chose_is_waited_for(lab, queue):
    events, sqs, arn = lab.client("events"), lab.client("sqs"), arn_of(lab, queue)
    rule = events.put_rule(Name="waiting", EventPattern='{"source": ["waiting"]}')["RuleArn"]
    statement = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": arn,
                 "Condition": {"ArnEquals": {"aws:SourceArn": rule}}}  # fmt: skip
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": json.dumps({"Version": "2012-10-17", "Statement": [statement]})})
    events.put_targets(Rule="waiting", Targets=[{"Id": "queue", "Arn": arn}])
    events.put_events(Entries=[{"Source": "waiting", "DetailType": "x", "Detail": '{"n": 1}'}])
    (event,) = lab.events.wait(queue)
    assert (event["source"], event["detail"]) == ("waiting", {"n": 1})
    assert lab.events.wait(queue, timeout=1) == []


def test_it_returns_as_soon_as_there_are_enough(lab, queue):
    sqs = lab.client("sqs")
    sender = threading.Timer(0.3, lambda: [sqs.send_message(QueueUrl=queue, MessageBody=str(number)) for number in range(3)])
    sender.start()
    began = time.monotonic()
    assert sorted(lab.events.wait(queue, count=3)) == [0, 1, 2]
    assert time.monotonic() - began < 10
    sender.join()


def test_when_time_is_over_it_returns_what_came(lab, queue):
    lab.client("sqs").send_message(QueueUrl=queue, MessageBody='"one"\n"two"')
    assert lab.events.wait(queue, count=2, timeout=1) == ['"one"\n"two"']
