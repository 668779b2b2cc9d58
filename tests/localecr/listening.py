"""Queues that EventBridge's rules deliver to, and what came into them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from botocore.client import BaseClient

from people import ACCOUNT, fresh

Clients = Callable[..., BaseClient]
PATIENCE = 20  # seconds


def lets_in(arn: str, action: str = "sqs:SendMessage", **condition: Any) -> str:
    """A resource's policy by which EventBridge may do this."""
    statement = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": action, "Resource": arn}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement | ({"Condition": condition} if condition else {})]})


class Queue:
    """A queue that lets EventBridge in, unless ``policy`` says otherwise."""

    def __init__(self, sqs: BaseClient, policy: str | None = None, fifo: bool = False, **attributes: str):
        name = fresh("queue") + (".fifo" if fifo else "")
        attributes |= {"FifoQueue": "true"} if fifo else {}
        self.sqs = sqs
        self.url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        self.arn = sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        self.allow(lets_in(self.arn) if policy is None else policy)

    def allow(self, policy: str) -> None:
        self.sqs.set_queue_attributes(QueueUrl=self.url, Attributes={"Policy": policy})

    def messages(self, count: int = 1) -> list[dict[str, Any]]:
        """The next messages, so many of them, as they come."""
        found: list[dict[str, Any]] = []
        deadline = time.monotonic() + PATIENCE
        while len(found) < count:
            assert time.monotonic() < deadline, f"{len(found)} of {count} messages came: {found}"
            answer = self.sqs.receive_message(QueueUrl=self.url, WaitTimeSeconds=2, MaxNumberOfMessages=10, MessageAttributeNames=["All"])
            for message in answer.get("Messages", []):
                self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
                found.append(message)
        return found

    def messages_that_wait(self, count: int) -> None:
        """Returns when the queue holds so many messages, and takes none out."""
        deadline = time.monotonic() + PATIENCE
        asked = {"QueueUrl": self.url, "AttributeNames": ["ApproximateNumberOfMessages"]}
        while int(self.sqs.get_queue_attributes(**asked)["Attributes"]["ApproximateNumberOfMessages"]) < count:
            assert time.monotonic() < deadline
            time.sleep(0.02)

    def events(self, count: int = 1) -> list[dict[str, Any]]:
        return [json.loads(message["Body"]) for message in self.messages(count)]


class Ear:
    """A queue behind rules of an account and Region."""

    def __init__(self, clients: Clients, account: str = ACCOUNT, region: str = "us-east-1"):
        self.events, self.account = clients("events", account, region), account
        self.queue = Queue(clients("sqs", account, region))
        self.rules: list[str] = []
        self._end = fresh("end")
        self.rule({"source": [self._end]})

    def rule(self, pattern: dict[str, Any], *targets: dict[str, Any], **more: Any) -> str:
        """A rule of this pattern, whose target is the queue where none is given; its name."""
        name = more.pop("Name", None) or fresh("rule")
        self.events.put_rule(Name=name, EventPattern=json.dumps(pattern), **more)
        bus = {"EventBusName": more["EventBusName"]} if "EventBusName" in more else {}
        self.events.put_targets(Rule=name, Targets=list(targets) or [{"Id": "queue", "Arn": self.queue.arn}], **bus)
        self.rules.append(name)
        return name

    def of(self, repository: str, *targets: dict[str, Any], **more: Any) -> str:
        """A rule for all that is announced of a repository."""
        return self.rule({"source": ["aws.ecr"], "detail": {"repository-name": [repository]}}, *targets, **more)

    def heard(self) -> list[dict[str, Any]]:
        """All that has come until now: events keep their order, and one of our own comes last."""
        self.events.put_events(Entries=[{"Source": self._end, "DetailType": "end", "Detail": "{}"}])
        found: list[dict[str, Any]] = []
        while not any(event["source"] == self._end for event in found):
            found += self.queue.events()
        return [event for event in found if event["source"] != self._end]

    def close(self) -> None:
        """Takes the rules away, so that nobody's later events come here."""
        for name in self.rules:
            self.events.disable_rule(Name=name)
