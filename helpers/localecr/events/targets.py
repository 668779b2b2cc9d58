"""The targets that events go to: SQS queues, SNS topics and CloudWatch log groups, where their own policies let EventBridge in.

AWS: Amazon EventBridge event bus targets; Using resource-based policies for Amazon EventBridge. A target's RoleArn isn't asked.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from localecr import neighbours
from localecr.errors import AwsError
from localecr.iam import documents, evaluation
from localecr.iam.evaluation import PrincipalFacts, Source
from localecr.registry import Lab

EVENTBRIDGE = PrincipalFacts("AWSService", "events.amazonaws.com")
LOG_GROUP = "log-group:"
TO_LOGS = ("logs:CreateLogStream", "logs:PutLogEvents")


@dataclass(frozen=True)
class Rule:
    """A rule as it was when an event came to it."""

    name: str
    arn: str
    bus: str
    account: str
    region: str
    pattern: str
    targets: tuple[dict[str, Any], ...]


class Undelivered(Exception):
    """Why a target was given nothing: ``code`` and the sentence are what a dead-letter queue is told."""

    def __init__(self, code: str, sentence: str):
        super().__init__(sentence)
        self.code = code


def send(lab: Lab, rule: Rule, target: dict[str, Any], event: dict[str, Any], text: str) -> None:
    """Gives a target its text. Raises Undelivered."""
    kind = kind_of(target["Arn"])
    if kind not in KINDS:
        raise Undelivered("SDK_CLIENT_ERROR", f"deliveries to {kind} are not built in this lab")
    KINDS[kind](lab, rule, target, event, text)


def kind_of(arn: str) -> str:
    """What an ARN is of, as ``KINDS`` names it, or its service."""
    parts = arn.split(":", 5)
    if len(parts) < 6:
        return arn[:100]
    return "log group" if parts[2] == "logs" and parts[5].startswith(LOG_GROUP) else parts[2]


def bury(lab: Lab, rule: Rule, target: dict[str, Any], text: str, why: Undelivered) -> None:
    """Sends what couldn't be delivered to the target's dead-letter queue, if it has one. Raises Undelivered. AWS: Using dead-letter queues."""
    arn = target.get("DeadLetterConfig", {}).get("Arn")
    if arn:
        told = {"RULE_ARN": rule.arn, "TARGET_ARN": target["Arn"], "ERROR_CODE": why.code, "ERROR_MESSAGE": str(why)}
        attributes = {name: {"DataType": "String", "StringValue": value} for name, value in told.items()}
        _send_message(lab, rule, arn, {"MessageBody": text, "MessageAttributes": attributes})


def _to_queue(lab: Lab, rule: Rule, target: dict[str, Any], event: dict[str, Any], text: str) -> None:
    group = target.get("SqsParameters", {}).get("MessageGroupId")
    _send_message(lab, rule, target["Arn"], {"MessageBody": text} | ({"MessageGroupId": group} if group else {}))


def _send_message(lab: Lab, rule: Rule, arn: str, message: dict[str, Any]) -> None:
    region, account, name = arn.split(":")[3:6]
    if not _exists(lab, "sqs", account, region, "queues", name):
        raise Undelivered("NO_RESOURCE", f"the queue {arn} doesn't exist")
    _require(lab, rule, "sqs:SendMessage", arn, f"the policy of the queue {arn}")
    url = f"http://{lab.private_address}/{account}/{name}"
    _execute(lab, account, region, "sqs", "SendMessage", {"QueueUrl": url} | message)


def _to_topic(lab: Lab, rule: Rule, target: dict[str, Any], event: dict[str, Any], text: str) -> None:
    arn = target["Arn"]
    region, account = arn.split(":")[3:5]
    if not _exists(lab, "sns", account, region, "topics", arn):
        raise Undelivered("NO_RESOURCE", f"the topic {arn} doesn't exist")
    _require(lab, rule, "sns:Publish", arn, f"the policy of the topic {arn}")
    _execute(lab, account, region, "sns", "Publish", {"TopicArn": arn, "Message": text})


def _to_log_group(lab: Lab, rule: Rule, target: dict[str, Any], event: dict[str, Any], text: str) -> None:
    """A stream for each event and target; delivered again, an event finds its own there."""
    arn = target["Arn"].removesuffix(":*")
    region, account, resource = arn.split(":", 5)[3:6]
    group = resource.removeprefix(LOG_GROUP)
    if not _exists(lab, "logs", account, region, "groups", group):
        raise Undelivered("NO_RESOURCE", f"the log group {group} doesn't exist")
    stream = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{rule.arn} {target['Id']} {event['id']}"))
    for action in TO_LOGS:
        _require(lab, rule, action, f"{arn}:log-stream:{stream}", "no resource policy of CloudWatch Logs that concerns the log group")
    where = {"logGroupName": group, "logStreamName": stream}
    with lab.database.write():
        if not _exists(lab, "logs", account, region, "groups", group, stream):
            _execute(lab, account, region, "logs", "CreateLogStream", where)
            _execute(lab, account, region, "logs", "PutLogEvents", where | {"logEvents": [_log_event(lab, text)]})


def _log_event(lab: Lab, text: str) -> dict[str, Any]:
    """What a template makes for a log group is ``{"timestamp": …, "message": …}``; anything else is the message (AWS: CloudWatch Logs targets)."""
    now = int(lab.clock.now() * 1000)
    try:
        made = json.loads(text)
    except ValueError:  # several lines of a template
        made = None
    if isinstance(made, dict) and made.keys() == {"timestamp", "message"}:
        message = made["message"]
        return {"timestamp": now, "message": message if isinstance(message, str) else json.dumps(message)}
    return {"timestamp": now, "message": text}


def _exists(lab: Lab, service: str, account: str, region: str, kind: str, name: str, stream: str | None = None) -> bool:
    found = getattr(neighbours.backend(lab, service, account, region), kind).get(name)
    return found is not None and (stream is None or stream in found.streams)


def _require(lab: Lab, rule: Rule, action: str, arn: str, policy: str) -> None:
    """Raises Undelivered where the resource's policy doesn't let EventBridge do this for the rule."""
    text = neighbours.resource_policy(lab, arn)
    try:
        sources = [Source("resource", policy, documents.read(text, "resource"))] if text else []
    except documents.MalformedPolicy:
        sources = []
    account = arn.split(":")[4]
    context = {"aws:sourcearn": rule.arn, "aws:sourceaccount": rule.account, "aws:principalisawsservice": "true", "aws:securetransport": "true"}
    context |= {"aws:principalservicename": EVENTBRIDGE.arn, "aws:resourceaccount": account}
    verdict = evaluation.evaluate(evaluation.Request(EVENTBRIDGE, action, arn, account, context), sources)
    if not verdict.allowed:
        raise Undelivered("NO_PERMISSIONS", f"{EVENTBRIDGE.arn} is not authorized to perform: {action} on resource: {arn} {verdict.because}")


def _execute(lab: Lab, account: str, region: str, service: str, operation: str, parameters: dict[str, Any]) -> None:
    try:
        neighbours.execute(lab, account, region, service, operation, parameters)
    except AwsError as error:
        raise Undelivered("SDK_CLIENT_ERROR", error.message) from error


KINDS: dict[str, Callable[[Lab, Rule, dict[str, Any], dict[str, Any], str], None]] = {"sqs": _to_queue, "sns": _to_topic, "log group": _to_log_group}
