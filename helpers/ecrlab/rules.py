"""EventBridge's rules as checks look at them: what a rule chooses, where it sends it, and whether the target lets it in.

Nothing here is sent. Patterns are tried by TestEventPattern, a target's policy by IAM's simulator.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from ecrlab.lab import Lab

ANY_DIGEST = "sha256:" + "ab" * 32
SERVICE = "events.amazonaws.com"
NOTHING = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "none:None", "Resource": "*"}]})


@dataclass(frozen=True)
class Rule:
    """A rule on the default bus, as DescribeRule and ListTargetsByRule tell it."""

    lab: Lab
    name: str
    arn: str
    enabled: bool
    pattern: str
    targets: tuple[dict, ...]

    def chooses(self, event: dict) -> bool:
        """Whether its pattern fits an event, enabled or not. AWS: TestEventPattern."""
        if not self.pattern:
            return False
        return self.lab.reader("events").test_event_pattern(EventPattern=self.pattern, Event=json.dumps(event))["Result"]

    def target(self, arn: str) -> dict | None:
        """Its target with this ARN, if it has one."""
        return next((each for each in self.targets if each["Arn"] == arn), None)


def rule(lab: Lab, name: str) -> Rule | None:
    """A rule by its name, None where there is none."""
    events = lab.reader("events")
    try:
        found = events.describe_rule(Name=name)
    except events.exceptions.ResourceNotFoundException:
        return None
    targets = events.list_targets_by_rule(Rule=name)["Targets"]
    return Rule(lab, name, found["Arn"], found["State"] != "DISABLED", found.get("EventPattern", ""), tuple(targets))


def image_event(lab: Lab, action: str, repository: str, tag: str | None, **more: str) -> dict:
    """An "ECR Image Action" as ECR writes it: `action` is PUSH or DELETE, `tag` None for an image without one."""
    named = {"image-tag": tag} if tag else {}
    detail = {"result": "SUCCESS", "repository-name": repository, "image-digest": ANY_DIGEST, "action-type": action, **named, **more}
    return {
        "version": "0",
        "id": "2d5c0a3e-1f6b-4c58-9d55-0f1f6a7f6a11",
        "detail-type": "ECR Image Action",
        "source": "aws.ecr",
        "account": lab.account,
        "time": lab.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": lab.region,
        "resources": [],
        "detail": detail,
    }


@dataclass(frozen=True)
class Queue:
    """A queue: its URL, its ARN, and its policy's text (empty: it has none)."""

    lab: Lab
    url: str
    arn: str
    policy: str

    def lets_in(self, source: str) -> bool:
        """Whether its policy lets EventBridge send a message for the rule with the ARN `source`.

        AWS: SimulateCustomPolicy knows no services, so EventBridge's name in the policy is replaced by the learner's.
        """
        if not self.policy:
            return False
        who = self.lab.arn()
        policy = json.dumps(_as(json.loads(self.policy), who))
        answer = self.lab.reader("iam").simulate_custom_policy(
            PolicyInputList=[NOTHING],
            ResourcePolicy=policy,
            CallerArn=who,
            ActionNames=["sqs:SendMessage"],
            ResourceArns=[self.arn],
            ContextEntries=[
                {"ContextKeyName": "aws:SourceArn", "ContextKeyType": "string", "ContextKeyValues": [source]},
                {"ContextKeyName": "aws:SourceAccount", "ContextKeyType": "string", "ContextKeyValues": [self.lab.account]},
            ],
        )
        return answer["EvaluationResults"][0]["EvalDecision"] == "allowed"


def queue(lab: Lab, name: str) -> Queue | None:
    """A queue by its name, None where there is none."""
    sqs = lab.reader("sqs")
    try:
        url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    except sqs.exceptions.QueueDoesNotExist:
        return None
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn", "Policy"])["Attributes"]
    return Queue(lab, url, found["QueueArn"], found.get("Policy", ""))


def _as(document: object, who: str) -> object:
    """A policy in which somebody stands where EventBridge stood. What named anybody else names nobody then."""
    statements = document.get("Statement", []) if isinstance(document, dict) else []
    changed = []
    for each in statements if isinstance(statements, list) else [statements]:
        principal = each.get("Principal")
        services = principal.get("Service", []) if isinstance(principal, dict) else []
        if principal == "*" or SERVICE in ([services] if isinstance(services, str) else services):
            changed.append(each | {"Principal": {"AWS": who} if principal != "*" else "*"})
    return {"Version": "2012-10-17", "Statement": changed or [{"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}]}
