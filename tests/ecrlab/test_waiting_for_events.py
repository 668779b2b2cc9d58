"""`lab.events`: what is put into a queue and what comes into it, against the real embedded AWS."""

import json
import threading
import time

import pytest

from ecrlab import resources, rules
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


@pytest.fixture
def collecting(lab, free_repository):
    """The URL of a queue that collects the events of a source named like the test."""
    name = free_repository[:60]
    yield lab.events.collect(name, {"source": [name]}), name
    resources.delete(lab, "rule", name)
    resources.delete(lab, "queue", name)


def test_what_a_pattern_chooses_is_collected_and_nothing_else(lab, collecting):
    queue, name = collecting
    entries = [{"Source": source, "DetailType": "x", "Detail": "{}"} for source in (f"not-{name}", name)]
    lab.client("events").put_events(Entries=entries)
    assert [event["source"] for event in lab.events.wait(queue)] == [name]
    assert lab.events.wait(queue, timeout=1) == []


def test_collecting_again_begins_with_an_empty_queue_and_collects_each_event_once(lab, collecting):
    queue, name = collecting
    lab.client("sqs").send_message(QueueUrl=queue, MessageBody='"of an earlier run"')
    assert lab.events.collect(name, {"source": [name]}) == queue
    lab.client("events").put_events(Entries=[{"Source": name, "DetailType": "x", "Detail": "{}"}])
    assert [event["source"] for event in lab.events.wait(queue, count=2, timeout=2)] == [name]


def test_only_its_own_rule_may_send_to_the_queue(lab, collecting):
    found = rules.queue(lab, collecting[1])
    assert found.lets_in(rules.rule(lab, collecting[1]).arn)
    assert not found.lets_in("arn:aws:events:us-east-1:123456789012:rule/anybody")
