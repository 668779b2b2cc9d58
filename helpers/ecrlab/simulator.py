"""IAM's policy simulator, as a lab on AWS asks it for decisions.

What it leaves out, as AWS documents it for SimulatePrincipalPolicy and SimulateCustomPolicy: calls between two accounts, the
repository policy where the caller is a role, the registry policy, and the order of evaluation. It tells no sentence either;
the one here is put together from what it does tell.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from ecrlab.decision import ALLOWS, DENIES, SILENT, Deciding, Decision, Step
from ecrlab.errors import LabError

OUTCOMES = {"allowed": ALLOWS, "explicitDeny": DENIES, "implicitDeny": SILENT}
KINDS = {"resource": "resource", "user": "identity", "group": "identity", "role": "identity", "aws-managed": "identity", "user-managed": "identity"}

# it wants at least one policy: this one says nothing about any action that there is
NONE = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "ecrlab:Nothing", "Resource": "*"}]})


def simulate(
    iam, who: str, action: str, resource: str, identity_policies: Sequence[str] | None, repository_policy: str | None
) -> Decision:
    """What the simulator says. AWS: SimulatePrincipalPolicy, or SimulateCustomPolicy for policies that aren't attached.

    Raises LabError where `resource` is another account's, since it doesn't look across accounts.
    """
    account, owner = who.split(":")[4], resource.split(":")[4] if resource != "*" else ""
    if owner not in ("", account):
        raise LabError("decision", "IAM's simulator doesn't decide calls between two accounts.", "Make the call and see.")
    asked = {"ActionNames": [action], "ResourceArns": [resource]}
    if repository_policy and ":user/" in who:
        asked |= {"ResourcePolicy": _about(repository_policy, resource), "CallerArn": who, "ResourceOwner": f"arn:aws:iam::{account}:root"}
    if identity_policies is None:
        answer = iam.simulate_principal_policy(PolicySourceArn=who, **asked)
    else:
        answer = iam.simulate_custom_policy(PolicyInputList=list(identity_policies) or [NONE], **asked)
    return _decision(who, action, resource, answer["EvaluationResults"][0])


def _about(policy: str, resource: str) -> str:
    """A repository policy as the simulator wants it: its statements name no resource, a simulated policy's must."""
    document = json.loads(policy)
    statements = document["Statement"] if isinstance(document["Statement"], list) else [document["Statement"]]
    return json.dumps(document | {"Statement": [{"Resource": resource} | statement for statement in statements]})


def _decision(who: str, action: str, resource: str, result: dict) -> Decision:
    outcome = OUTCOMES[result["EvalDecision"]]
    matched = tuple(_deciding(each) for each in result.get("MatchedStatements", []))
    kinds = [each.kind for each in matched]
    because = {
        ALLOWS: f"because a policy allows the {action} action",
        DENIES: f"with an explicit deny in {'a resource' if 'resource' in kinds else 'an identity'}-based policy",
        SILENT: f"because no policy allows the {action} action",
    }[outcome]
    message = f"User: {who} is not authorized to perform: {action} on resource: {resource} {because}" if outcome != ALLOWS else ""
    step = Step("IAM's policy simulator", outcome, f"It answers {result['EvalDecision']}, and doesn't tell how it came to that.")
    return Decision(outcome == ALLOWS, because, message, matched, (step,))


def _deciding(matched: dict) -> Deciding:
    start = matched.get("StartPosition", {})
    kind = KINDS.get(matched.get("SourcePolicyType", ""), "identity")
    return Deciding(kind, matched.get("SourcePolicyId", ""), None, f"the statement at line {start.get('Line')}, column {start.get('Column')}")
