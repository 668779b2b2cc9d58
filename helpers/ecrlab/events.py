"""Events into a queue, and waiting for what comes into it, for lessons in which that isn't the point."""

from __future__ import annotations

import json
import math
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ecrlab.lab import Lab

LONGEST_POLL = 20  # seconds: SQS's own limit
SERVICE = "events.amazonaws.com"


class Events:
    """`lab.events`."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    def collect(self, name: str, pattern: dict[str, Any]) -> str:
        """The URL of a queue into which a rule puts every event that the pattern chooses from now on; rule and queue have this name.

        Harmless if repeated: what came before is thrown away.
        AWS: CreateQueue, PutRule, SetQueueAttributes (a policy that lets in this rule alone), PutTargets, as lesson 08 makes them one by one.
        """
        sqs, events = self._lab.client("sqs"), self._lab.client("events")
        queue = sqs.create_queue(QueueName=name)["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        rule = events.put_rule(Name=name, EventPattern=json.dumps(pattern))["RuleArn"]
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": SERVICE},
            "Action": "sqs:SendMessage",
            "Resource": arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": rule}},
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})
        events.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": arn}])
        while self._take(queue, wait=0):
            pass
        return queue

    def wait(self, queue: str, count: int = 1, timeout: float = 20) -> list[Any]:
        """What comes into the queue with this URL, taken out of it, as soon as there are `count`; after `timeout` seconds what there is.

        Each is a message's body: the event, where a rule sends events as they are; a text where it isn't JSON. Nothing else is
        hidden: it is `receive_message` and `delete_message`, again and again. AWS: SQS long polling.
        """
        until, found = time.monotonic() + timeout, []
        while len(found) < count and (left := until - time.monotonic()) > 0:
            found += self._take(queue, wait=min(LONGEST_POLL, math.ceil(left)))
        return found

    def _take(self, queue: str, wait: int) -> list[Any]:
        """Up to ten messages' bodies, taken out of the queue as soon as there is one; none after `wait` seconds."""
        sqs = self._lab.client("sqs")
        messages = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=wait, MaxNumberOfMessages=10).get("Messages", [])
        for message in messages:
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return [_read(message["Body"]) for message in messages]


def _read(body: str) -> Any:
    try:
        return json.loads(body)
    except ValueError:  # lines that a template made
        return body
