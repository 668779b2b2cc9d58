"""SQS's operations where the lab knows better than moto: waiting for messages holds nothing up, and ends with the lab; a policy is read before it is kept."""

from __future__ import annotations

import time
from typing import Any

from localecr.errors import AwsError
from localecr.iam import documents
from localecr.ledger import Call
from localecr.neighbours import journal, messages, resources
from localecr.neighbours.world import World

LONGEST_WAIT = 20  # seconds
LOOK_AGAIN = 1  # seconds until a message may have become visible again without anybody's doing


def receive_message(call: Call) -> dict[str, Any]:
    """Messages as soon as there are any, or none after WaitTimeSeconds (of the request, or else of the queue). Holds no lock while it waits."""
    ours, wait = journal.loaded(call.lab, call.account), call.parameters.get("WaitTimeSeconds")
    if wait is None:
        wait = _wait_of_queue(ours, call)
    parameters = call.parameters | {"WaitTimeSeconds": 0 if 0 <= wait <= LONGEST_WAIT else wait}
    until = time.monotonic() + wait
    while True:
        seen = messages.ARRIVALS.count
        answer = journal.execute(call.lab, call.account, call.region, "sqs", "ReceiveMessage", parameters)
        left = until - time.monotonic()
        if answer.get("Messages") or left <= 0 or ours.is_closing:
            return answer
        messages.ARRIVALS.wait(seen, min(left, LOOK_AGAIN))


def _wait_of_queue(ours: World, call: Call) -> int:
    _, name = resources.queue_of(call.parameters["QueueUrl"], call.account)
    queue = ours.backend("sqs", call.account, call.region).queues.get(name)
    return int(queue.receive_message_wait_time_seconds) if queue else 0


def with_attributes(call: Call) -> dict[str, Any]:
    """What gives a queue attributes, of which its policy must be one: CreateQueue, SetQueueAttributes. Raises InvalidAttributeValue."""
    policy = call.parameters.get("Attributes", {}).get("Policy")
    try:
        if policy:  # an empty one takes the policy away
            documents.read(policy, "resource")
    except documents.MalformedPolicy as error:
        raise AwsError("InvalidAttributeValue", "Invalid value for the parameter Policy.") from error
    return journal.execute(call.lab, call.account, call.region, "sqs", call.operation, call.parameters)


OPERATIONS = {"CreateQueue": with_attributes, "ReceiveMessage": receive_message, "SetQueueAttributes": with_attributes}
