"""SNS's operations where the lab knows better than moto: nothing leaves the machine, and a topic's policy is read before it is kept."""

from __future__ import annotations

from typing import Any

from localecr.errors import AwsError
from localecr.iam import documents
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


def create_topic(call: Call) -> dict[str, Any]:
    _check_policy(call.parameters.get("Attributes", {}).get("Policy"))
    return journal.execute(call.lab, call.account, call.region, "sns", "CreateTopic", call.parameters)


def set_topic_attributes(call: Call) -> dict[str, Any]:
    if call.parameters.get("AttributeName") == "Policy":
        _check_policy(call.parameters.get("AttributeValue"))
    return of_topic(call)


def _check_policy(text: str | None) -> None:
    """Raises InvalidParameter."""
    try:
        if text:  # an empty one takes the policy away
            documents.read(text, "resource")
    except documents.MalformedPolicy as error:
        raise AwsError("InvalidParameter", "Invalid parameter: Policy Error: null") from error


NAMING = ("DeleteTopic", "GetTopicAttributes", "ListSubscriptionsByTopic", "Publish", "PublishBatch")
OPERATIONS = dict.fromkeys(NAMING, of_topic) | {"CreateTopic": create_topic, "SetTopicAttributes": set_topic_attributes, "Subscribe": subscribe}
