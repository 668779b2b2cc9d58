"""EventBridge's rules as checks look at them: what a rule chooses, where it sends it, and whether the target lets it in.

Nothing here is sent. Patterns are tried by TestEventPattern, a target's policy by IAM's simulator.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ecrlab.events import SERVICE
from ecrlab.lab import Lab

ANY_DIGEST = "sha256:" + "ab" * 32
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
    return _event(lab, "ECR Image Action", detail)


def scan_event(lab: Lab, repository: str, counts: Mapping[str, int], tags: Sequence[str]) -> dict:
    """An "ECR Image Scan", of a basic scan that is complete; `counts` are severity → number, without those of which nothing was found."""
    detail = {"scan-status": "COMPLETE", "repository-name": repository, "finding-severity-counts": dict(counts), "image-digest": ANY_DIGEST, "image-tags": list(tags)}
    return _event(lab, "ECR Image Scan", detail)


def _event(lab: Lab, detail_type: str, detail: dict) -> dict:
    return {
        "version": "0",
        "id": "2d5c0a3e-1f6b-4c58-9d55-0f1f6a7f6a11",
        "detail-type": detail_type,
        "source": "aws.ecr",
        "account": lab.account,
        "time": lab.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": lab.region,
        "resources": [],
        "detail": detail,
    }


@dataclass(frozen=True)
class Target:
    """A queue or a log group: its ARN, its policy's text (empty: it has none), what is done to deliver, and on what."""

    lab: Lab
    arn: str
    policy: str
    action: str
    resource: str

    def lets_in(self, source: str, action: str | None = None) -> bool:
        """Whether its policy lets EventBridge deliver for the rule with the ARN `source`, or do something else than to deliver.

        AWS: SimulateCustomPolicy knows no services, so EventBridge's name in the policy is replaced by the learner's.
        """
        if not self.policy:
            return False
        who = self.lab.arn()
        about = {"aws:SourceArn": source, "aws:SourceAccount": source.split(":")[4]}
        answer = self.lab.reader("iam").simulate_custom_policy(
            PolicyInputList=[NOTHING],
            ResourcePolicy=json.dumps(_as(json.loads(self.policy), who)),
            CallerArn=who,
            ActionNames=[action or self.action],
            ResourceArns=[self.resource],
            ContextEntries=[{"ContextKeyName": key, "ContextKeyType": "string", "ContextKeyValues": [value]} for key, value in about.items()],
        )
        return answer["EvaluationResults"][0]["EvalDecision"] == "allowed"


def queue(lab: Lab, name: str) -> Target | None:
    """A queue by its name, None where there is none."""
    sqs = lab.reader("sqs")
    try:
        url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    except sqs.exceptions.QueueDoesNotExist:
        return None
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn", "Policy"])["Attributes"]
    return Target(lab, found["QueueArn"], found.get("Policy", ""), "sqs:SendMessage", found["QueueArn"])


def log_group(lab: Lab, name: str) -> Target | None:
    """A log group by its name, None where there is none. Its policies are the Region's."""
    logs = lab.reader("logs")
    found = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    arn = next((each["arn"].removesuffix(":*") for each in found if each["logGroupName"] == name), None)
    if arn is None:
        return None
    documents = [json.loads(each["policyDocument"]) for each in logs.describe_resource_policies()["resourcePolicies"]]
    statements = [each for document in documents for each in _listed(document.get("Statement", []))]
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements}) if statements else ""
    return Target(lab, arn, policy, "logs:PutLogEvents", f"{arn}:log-stream:of-a-delivery")


def message(target: dict, event: dict) -> str:
    """What a target is told of an event: all of it, or what Input, InputPath or InputTransformer make of it; names without a value are left out.

    AWS: Amazon EventBridge input transformation, as far as plain paths ($.detail.image-tag) and templates of one text go.
    """
    if "Input" in target:
        return target["Input"]
    if "InputPath" in target:
        return json.dumps(_at(event, target["InputPath"]))
    if "InputTransformer" not in target:
        return json.dumps(event)
    text = target["InputTransformer"]["InputTemplate"]
    for name, path in target["InputTransformer"].get("InputPathsMap", {}).items():
        value = _at(event, path)
        text = text.replace(f"<{name}>", value if isinstance(value, str) else "" if value is None else json.dumps(value))
    return text.strip().strip('"')


def lost_paths(target: dict, event: dict) -> list[str]:
    """The paths of a target's InputTransformer that lead nowhere in an event."""
    return [path for path in target.get("InputTransformer", {}).get("InputPathsMap", {}).values() if _at(event, path) is None]


def _at(event: object, path: str) -> object:
    """What stands at `$.detail.image-tag`, None where nothing does."""
    for name in path.split(".")[1:]:
        event = event.get(name) if isinstance(event, dict) else None
    return event


def _listed(value: object) -> list:
    return value if isinstance(value, list) else [value]


def _as(document: object, who: str) -> object:
    """A policy in which somebody stands where EventBridge stood. What named anybody else names nobody then."""
    changed = []
    for each in _listed(document.get("Statement", []) if isinstance(document, dict) else []):
        principal = each.get("Principal")
        services = _listed(principal.get("Service", [])) if isinstance(principal, dict) else []
        if principal == "*" or SERVICE in services:
            changed.append(each | {"Principal": "*" if principal == "*" else {"AWS": who}})
    return {"Version": "2012-10-17", "Statement": changed or [{"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}]}
