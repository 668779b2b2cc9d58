"""What a request is about: the account that owns it, and the ARN on which it is decided (AWS: service authorization reference)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from localecr import identities
from localecr.neighbours import services
from localecr.registry import Lab

ARN = re.compile(r"arn:aws:([a-z0-9-]+):([a-z0-9-]*):(\d{12}|aws|):(.+)", re.S)


@dataclass(frozen=True)
class Ask:
    """A request, as far as it says what it is about."""

    lab: Lab
    account: str  # the caller's
    region: str
    operation: str
    parameters: dict[str, Any]

    def get(self, *names: str) -> str | None:
        """The first of these parameters that is given."""
        return next((self.parameters[name] for name in names if isinstance(self.parameters.get(name), str)), None)


def of(service: str, ask: Ask) -> tuple[str, str]:
    """The owner's account and the ARN, ``*`` for what has no resource type and no other name. ``service`` as IAM's actions begin."""
    arn = FINDERS.get(service, lambda ask: "*")(ask)
    found = ARN.fullmatch(arn)
    return found[3] if found and found[3].isdigit() else ask.account, arn


def _iam(ask: Ask) -> str:
    listed = {"ListUsers": "user/", "ListRoles": "role/", "ListGroups": "group/", "ListPolicies": "policy path /", "GetAccountAuthorizationDetails": ""}
    if ask.operation in listed:
        return f"arn:aws:iam::{ask.account}:{listed[ask.operation]}" if listed[ask.operation] else "*"
    path, own = ask.get("Path") or "/", ask.operation.startswith("Create")
    if ask.operation == "CreatePolicy":
        return f"arn:aws:iam::{ask.account}:policy{path}{ask.get('PolicyName')}"
    if ask.operation == "CreateServiceLinkedRole":
        return f"arn:aws:iam::{ask.account}:role/aws-service-role/{ask.get('AWSServiceName')}/*"
    for kind in ("Group", "Role", "User"):
        name = ask.get(f"{kind}Name")
        if name is not None:
            kept = None if own and ask.operation == f"Create{kind}" else identities.path_of(ask.lab.database, ask.account, kind.lower(), name)
            return f"arn:aws:iam::{ask.account}:{kind.lower()}{kept or path}{name}"
    return ask.get("PolicyArn", "PolicySourceArn") or "*"


def _sqs(ask: Ask) -> str:
    if ask.operation == "ListQueues":
        return f"arn:aws:sqs:{ask.region}:{ask.account}:"
    owner, name = queue_of(ask.get("QueueUrl") or "", ask.account)
    return f"arn:aws:sqs:{ask.region}:{ask.get('QueueOwnerAWSAccountId') or owner}:{ask.get('QueueName') or name}"


def queue_of(url: str, account: str) -> tuple[str, str]:
    """The account and the name in a queue's URL; a bare name is a queue of the caller's, as AWS takes it too."""
    *_, owner, name = ("/" + url).split("/") if "/" in url else ("", account, url)
    return (owner if identities.ACCOUNT.fullmatch(owner) else account), name


def _sns(ask: Ask) -> str:
    if ask.operation == "CreateTopic":
        return f"arn:aws:sns:{ask.region}:{ask.account}:{ask.get('Name')}"
    if ask.operation in ("ListTopics", "ListSubscriptions"):
        return f"arn:aws:sns:{ask.region}:{ask.account}:*"
    arn = ask.get("TopicArn", "TargetArn", "ResourceArn", "SubscriptionArn") or "*"
    return ":".join(arn.split(":")[:6])  # a subscription is its topic's


def _events(ask: Ask) -> str:
    bus = ask.get("EventBusName") or "default"
    bus = bus.rpartition("/")[2]
    prefix = f"arn:aws:events:{ask.region}:{ask.account}"
    if ask.operation == "PutEvents":
        entries = ask.parameters.get("Entries") or [{}]
        bus = entries[0].get("EventBusName") or "default"
        return bus if bus.startswith("arn:") else f"{prefix}:event-bus/{bus}"
    rule = ask.get("Rule") or (ask.get("Name") if ask.operation.endswith("Rule") else None)
    if rule:
        return f"{prefix}:rule/{rule}" if bus == "default" else f"{prefix}:rule/{bus}/{rule}"
    if "EventBus" in ask.operation and ask.operation != "ListEventBuses":
        return f"{prefix}:event-bus/{ask.get('Name') or 'default'}"
    return ask.get("ResourceARN") or "*"


def _cloudwatch(ask: Ask) -> str:
    prefix = f"arn:aws:cloudwatch:{ask.region}:{ask.account}:alarm:"
    if "Alarm" in ask.operation:
        names = ask.parameters.get("AlarmNames") or [ask.get("AlarmName") or "*"]
        return prefix + (names[0] if len(names) == 1 else "*")
    dashboard = ask.get("DashboardName") or next(iter(ask.parameters.get("DashboardNames", ())), None)
    return f"arn:aws:cloudwatch::{ask.account}:dashboard/{dashboard}" if dashboard else ask.get("ResourceARN") or "*"


def _logs(ask: Ask) -> str:
    group = ask.get("logGroupName", "logGroupIdentifier")
    if ask.operation == "DescribeLogGroups":
        group = ""
    if group is None:
        return ask.get("resourceArn") or "*"
    stream = ask.get("logStreamName") or ""
    return f"arn:aws:logs:{ask.region}:{ask.account}:log-group:{_name(group)}:log-stream:{stream}"


def _name(group: str) -> str:
    return group.partition(":log-group:")[2].removesuffix(":*") if group.startswith("arn:") else group


def _secretsmanager(ask: Ask) -> str:
    name = ask.get("SecretId") or ask.get("Name")
    if name is None or name.startswith("arn:"):
        return name or "*"
    from localecr import neighbours

    if ask.operation != "CreateSecret" and neighbours.touched(ask.lab, "secretsmanager"):
        secret = neighbours.backend(ask.lab, "secretsmanager", ask.account, ask.region).secrets.get(name)
        if secret is not None:
            return secret.arn
    return f"arn:aws:secretsmanager:{ask.region}:{ask.account}:secret:{name}"


def _inspector2(ask: Ask) -> str:
    """A filter is all that has a name in policies; listing a filter's tags is about none."""
    if ask.operation == "CreateFilter":
        return f"arn:aws:inspector2:{ask.region}:{ask.account}:owner/{ask.account}/filter/*"
    named = {"DeleteFilter": "arn", "TagResource": "resourceArn", "UntagResource": "resourceArn", "UpdateFilter": "filterArn"}.get(ask.operation)
    return named and ask.get(named) or of_inspector(ask.operation, ask.region, ask.account, ask.get("resourceArn") or "")


def of_inspector(operation: str, region: str, account: str, arn: str = "") -> str:
    """What AWS's refusals name where an operation of Inspector's has no resource: its path, ``arn:aws:inspector2:…:/findings/list``. ``arn`` is what
    the path has of the request."""
    path = services.model("inspector2").operation_model(operation).http["requestUri"].replace("{resourceArn}", arn)
    return f"arn:aws:inspector2:{region}:{account}:{path}"


def _sts(ask: Ask) -> str:
    return ask.get("RoleArn") or "*"


FINDERS: dict[str, Callable[[Ask], str]] = {
    "iam": _iam, "sqs": _sqs, "sns": _sns, "events": _events, "cloudwatch": _cloudwatch, "logs": _logs, "secretsmanager": _secretsmanager, "sts": _sts,
    "inspector2": _inspector2,
}  # fmt: skip
