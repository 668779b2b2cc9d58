"""What learners make beside repositories and IAM: alarms, topics, queues, rules, log groups, filters, how each is found and deleted."""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ecrlab.lab import Lab


def delete(lab: Lab, kind: str, name: str) -> bool:
    """Delete something of a kind: an "alarm", a "topic" with its subscriptions, a "rule" with its targets, …; False where there is none."""
    find, take = KINDS[kind]
    found = find(lab, name)
    if found:
        take(lab, found)
    return found is not None


def exists(lab: Lab, kind: str, name: str) -> bool:
    """Whether there is such an alarm, topic, queue, rule, …"""
    return KINDS[kind][0](lab, name) is not None


def _alarm(lab: Lab, name: str) -> str | None:
    found = lab.reader("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"]
    return name if found else None


def _delete_alarm(lab: Lab, name: str) -> None:
    lab.client("cloudwatch").delete_alarms(AlarmNames=[name])


def _topic(lab: Lab, name: str) -> str | None:
    pages = lab.reader("sns").get_paginator("list_topics").paginate()
    arns = (each["TopicArn"] for page in pages for each in page["Topics"])
    return next((arn for arn in arns if arn.rpartition(":")[2] == name), None)


def _delete_topic(lab: Lab, arn: str) -> None:
    sns = lab.client("sns")
    for page in sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=arn):
        for each in page["Subscriptions"]:
            if each["SubscriptionArn"].startswith("arn:"):  # one that waits for its confirmation has no ARN yet
                sns.unsubscribe(SubscriptionArn=each["SubscriptionArn"])
    sns.delete_topic(TopicArn=arn)


def _queue(lab: Lab, name: str) -> str | None:
    sqs = lab.reader("sqs")
    try:
        return sqs.get_queue_url(QueueName=name)["QueueUrl"]
    except sqs.exceptions.QueueDoesNotExist:
        return None


def _delete_queue(lab: Lab, url: str) -> None:
    """Where its own policy denies even its owner that, only a local lab can help."""
    from botocore.exceptions import ClientError

    try:
        lab.client("sqs").delete_queue(QueueUrl=url)
    except ClientError as error:
        if not error.response["Error"]["Code"].startswith("AccessDenied"):
            raise
        lab.reader("sqs").delete_queue(QueueUrl=url)


def _rule(lab: Lab, name: str) -> str | None:
    events = lab.reader("events")
    try:
        return events.describe_rule(Name=name)["Name"]
    except events.exceptions.ResourceNotFoundException:
        return None


def _delete_rule(lab: Lab, name: str) -> None:
    """AWS: a rule goes only when its targets are gone."""
    events = lab.client("events")
    targets = [each["Id"] for each in events.list_targets_by_rule(Rule=name)["Targets"]]
    if targets:
        events.remove_targets(Rule=name, Ids=targets)
    events.delete_rule(Name=name)


def _log_group(lab: Lab, name: str) -> str | None:
    found = lab.reader("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    return name if name in [each["logGroupName"] for each in found] else None


def _delete_log_group(lab: Lab, name: str) -> None:
    lab.client("logs").delete_log_group(logGroupName=name)


def _log_policy(lab: Lab, name: str) -> str | None:
    found = lab.reader("logs").describe_resource_policies()["resourcePolicies"]
    return name if name in [each["policyName"] for each in found] else None


def _delete_log_policy(lab: Lab, name: str) -> None:
    lab.client("logs").delete_resource_policy(policyName=name)


def _inspector_filters(lab: Lab, name: str) -> list[str] | None:
    """The ARNs of the filters of a name, or of all names that begin so: `web-*`. One that was mistyped hides findings all the same."""
    pages = lab.reader("inspector2").get_paginator("list_filters").paginate()
    return [each["arn"] for page in pages for each in page["filters"] if fnmatchcase(each["name"], name)] or None


def _delete_inspector_filters(lab: Lab, arns: list[str]) -> None:
    for arn in arns:
        lab.client("inspector2").delete_filter(arn=arn)


KINDS: dict[str, tuple[Callable[[Lab, str], Any], Callable[[Lab, Any], None]]] = {
    "alarm": (_alarm, _delete_alarm),
    "topic": (_topic, _delete_topic),
    "queue": (_queue, _delete_queue),
    "rule": (_rule, _delete_rule),
    "log_group": (_log_group, _delete_log_group),
    "log_policy": (_log_policy, _delete_log_policy),
    "inspector_filter": (_inspector_filters, _delete_inspector_filters),
}
