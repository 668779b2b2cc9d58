"""The neighbours: IAM, EventBridge, SQS, SNS, CloudWatch, CloudWatch Logs and Secrets Manager, by moto behind the lab's own gateway.

Who calls, whether they may, and what is written down of it is the lab's, as with its registry; moto only holds what learners make. It is
imported with the first request that needs it, and what it holds survives by ``journal`` and ``messages``.
"""

from __future__ import annotations

import json
from typing import Any

from localecr.iam import documents
from localecr.neighbours import messages, world
from localecr.neighbours.journal import execute, loaded
from localecr.registry import Lab

__all__ = ["backend", "close", "execute", "forget", "resource_policy", "touched"]


def backend(lab: Lab, service: str, account: str, region: str) -> Any:
    """moto's backend of a service (as moto calls it: ``events``, ``cloudwatch``) with all that the journal holds; to be read, not changed."""
    return loaded(lab, account).backend(service, account, region)


def touched(lab: Lab, service: str) -> bool:
    """Whether anything was ever made with a service (as IAM's actions begin), told without loading moto."""
    return lab.database.one("SELECT 1 FROM journal WHERE service = ? LIMIT 1", (service,)) is not None


def close(lab: Lab) -> None:
    """Ends whatever waits for messages; the lab is stopping."""
    world.of(lab).is_closing = True
    messages.ARRIVALS.tell()


forget = world.forget


def resource_policy(lab: Lab, arn: str) -> str | None:
    """The policy of a queue, a topic, an event bus, a secret or (of all of a Region together) log groups; None where there is none."""
    _, _, service, region, account, name = (arn.split(":", 5) + [""] * 6)[:6]
    find = POLICIES.get(service)
    if find is None or not account or not touched(lab, service):
        return None
    return find(backend(lab, service, account, region), name, arn)


def _of_queue(backend: Any, name: str, arn: str) -> str | None:
    queue = backend.queues.get(name)
    return queue and queue.policy or None


def _of_topic(backend: Any, name: str, arn: str) -> str | None:
    topic = backend.topics.get(":".join(arn.split(":")[:6]))
    return topic and topic.policy or None


def _of_event_bus(backend: Any, name: str, arn: str) -> str | None:
    bus = backend.event_buses.get(name.removeprefix("event-bus/")) if name.startswith("event-bus/") else None
    return bus and bus.policy or None


def _of_secret(backend: Any, name: str, arn: str) -> str | None:
    secret = backend.secrets.get(name.removeprefix("secret:")) or backend.secrets.get(arn)
    return secret and getattr(secret, "policy", None) or None


def _of_log_groups(backend: Any, name: str, arn: str) -> str | None:
    texts = [policy.policy_document for policy in backend.resource_policies.values()]
    statements = [statement.element for text in texts for statement in documents.read(text, "resource").statements]
    return json.dumps({"Version": "2012-10-17", "Statement": statements}) if statements else None


POLICIES = {"sqs": _of_queue, "sns": _of_topic, "events": _of_event_bus, "secretsmanager": _of_secret, "logs": _of_log_groups}
