"""SNS's operations where the lab knows better than moto: nothing leaves the machine."""

from __future__ import annotations

from typing import Any

from localecr.errors import AwsError
from localecr.ledger import Call
from localecr.neighbours import journal

ELEMENTS = 6  # of a topic's ARN


def subscribe(call: Call) -> dict[str, Any]:
    """Queues alone can subscribe: the lab sends no mail and calls no address."""
    if call.parameters["Protocol"] != "sqs":
        message = f"Subscriptions by {call.parameters['Protocol']} are not built in this lab, which sends nothing out of this machine. Subscribe a queue: sqs."
        raise AwsError("NotImplemented", message, 501)
    return journal.execute(call.lab, call.account, call.region, "sns", "Subscribe", call.parameters)


def of_topic(call: Call) -> dict[str, Any]:
    """What names a topic names it by its ARN. Raises InvalidParameter."""
    arn = call.parameters.get("TopicArn") or call.parameters.get("TargetArn") or ""
    elements = len(arn.split(":"))
    if elements < ELEMENTS:
        message = f"Invalid parameter: TopicArn Reason: An ARN must have at least {ELEMENTS} elements, not {elements}"
        raise AwsError("InvalidParameter", message)
    return journal.execute(call.lab, call.account, call.region, "sns", call.operation, call.parameters)


NAMING = ("DeleteTopic", "GetTopicAttributes", "ListSubscriptionsByTopic", "Publish", "PublishBatch", "SetTopicAttributes")
OPERATIONS = dict.fromkeys(NAMING, of_topic) | {"Subscribe": subscribe}
