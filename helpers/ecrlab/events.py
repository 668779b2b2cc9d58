"""Waiting for what comes into a queue, for lessons in which polling isn't the point."""

from __future__ import annotations

import json
import math
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ecrlab.lab import Lab

LONGEST_POLL = 20  # seconds: SQS's own limit


class Events:
    """`lab.events`."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    def wait(self, queue: str, count: int = 1, timeout: float = 20) -> list[Any]:
        """What comes into the queue with this URL, taken out of it, as soon as there are `count`; after `timeout` seconds what there is.

        Each is a message's body: the event, where a rule sends events as they are; a text where it isn't JSON. Nothing else is
        hidden: it is `receive_message` and `delete_message`, again and again. AWS: SQS long polling.
        """
        sqs, until, found = self._lab.client("sqs"), time.monotonic() + timeout, []
        while len(found) < count and (left := until - time.monotonic()) > 0:
            poll = min(LONGEST_POLL, math.ceil(left))
            for message in sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=poll, MaxNumberOfMessages=10).get("Messages", []):
                found.append(_read(message["Body"]))
                sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return found


def _read(body: str) -> Any:
    try:
        return json.loads(body)
    except ValueError:  # lines that a template made
        return body
