"""What the policy playground asks: would this be allowed, by the policies as they are or by others, and why?

Nothing is done and nothing recorded. The verdict is the one that the call itself would get.
"""

from __future__ import annotations

import re
from typing import Any

from localecr import ecr_policies, identities, permissions
from localecr.errors import AwsError
from localecr.iam.documents import MalformedPolicy
from localecr.iam.evaluation import Matched, Verdict
from localecr.identities import Principal
from localecr.ledger import Call
from localecr.registry import Lab, Registry, policies

ACTION = re.compile(r"(?P<service>[a-z0-9-]+):(?P<operation>[A-Za-z0-9]+)")
REPOSITORY = re.compile(r"arn:aws:(?P<service>ecr|ecr-public):(?P<region>[a-z0-9-]*):(?P<account>[0-9]{12}):.+")
ARN = re.compile(r"arn:aws:[a-z0-9-]+:(?P<region>[a-z0-9-]*):(?P<account>[0-9]{12}):.+")
HERE = "127.0.0.1"


def verdict(lab: Lab, asked: dict[str, Any]) -> dict[str, Any]:
    """The answer to ``{"principal_arn", "action", "resource", "owner"?, "identity_policies"?: [text], "repository_policy"?: text, "context"?: {key: value}}``.

    ``principal_arn`` is a user's, a role's or a session's ARN, or an access key's id; ``resource`` an ARN or ``*``. The answer has
    allowed, because, message (AWS's sentence for a refusal), decided_by [{kind, source, sid, statement}] and steps [{title,
    outcome, sentence}]. Raises ValidationException; InvalidParameterException for a repository policy that ECR wouldn't take.
    """
    action = ACTION.fullmatch(str(asked["action"]))
    if not action:
        raise _unreadable(f"{str(asked['action'])[:100]!r} is no action, as ecr:PutImage is.")
    principal, resource = _principal(lab, str(asked["principal_arn"])), str(asked["resource"])
    place = ARN.fullmatch(resource)
    owner = asked.get("owner") or (place["account"] if place else principal.account)
    region = (place and place["region"]) or "us-east-1"
    service = action["service"]
    registry = Registry(lab, "private" if service == "ecr" else "public", owner, region) if service in ("ecr", "ecr-public") else None
    call = Call(lab, principal, service, action["operation"], owner, region, resource, {}, HERE, "ecrlab", registry)
    identity_policies = asked.get("identity_policies")
    instead = permissions.Instead(
        None if identity_policies is None else tuple(map(str, identity_policies)),
        asked.get("repository_policy"),
        {str(key).lower(): tuple(value) if isinstance(value, list) else str(value) for key, value in asked.get("context", {}).items()},
    )
    try:
        decided = permissions.decide(call, instead=instead)
    except MalformedPolicy as error:
        raise _unreadable(error.reason) from error
    if registry and instead.repository_policy:
        policies.checked(registry, instead.repository_policy, ecr_policies.actions(service), "repository")
    return _answer(call, decided)


def _principal(lab: Lab, named: str) -> Principal:
    """Whom an ARN or an access key's id names. Raises ValidationException."""
    key = identities.find_key(lab.database, named)
    if key is not None:
        return key.principal
    principal = identities.principal_of(lab.database, named)
    if principal is None:
        raise _unreadable(f"There is no user, role or access key {named[:200]!r} in this lab.")
    return principal


def _unreadable(sentence: str) -> AwsError:
    return AwsError("ValidationException", sentence)


def _answer(call: Call, decided: Verdict) -> dict[str, Any]:
    who = f"User: {call.principal.arn}"
    return {
        "allowed": decided.allowed,
        "because": decided.because,
        "message": (
            f"{who} is authorized to perform: {call.action} on resource: {call.resource} {decided.because}"
            if decided.allowed
            else permissions.sentence(call.principal, call.action, call.resource, decided)
        ),
        "decided_by": [_shown(each) for each in decided.decided_by],
        "steps": [{"title": each.about, "outcome": each.outcome, "sentence": each.sentence} for each in decided.steps],
    }


def _shown(each: Matched) -> dict[str, Any]:
    return {"kind": each.source.kind, "source": each.source.name, "sid": each.statement.sid, "statement": each.statement.text}
