"""The condition keys of a call: what a policy's Condition can ask about it. AWS: "Global condition context keys", service authorization reference.

The lab's addresses stand for AWS's, which speak HTTPS alone, so ``aws:SecureTransport`` is true.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from localecr import identities
from localecr.clock import in_words
from localecr.identities import Entity, Principal
from localecr.ledger import Call

Value = str | tuple[str, ...]
TYPES = {"IAMUser": "User", "AssumedRole": "AssumedRole", "Anonymous": "Anonymous"}  # aws:PrincipalType; a service has none
# actions → a parameter, and the service's own key that says it
OF_PARAMETERS = {
    re.compile(r"sts:.*"): {"ExternalId": "sts:externalid", "RoleSessionName": "sts:rolesessionname", "SourceIdentity": "sts:sourceidentity"},
    re.compile(r"iam:(Attach|Detach).*"): {"PolicyArn": "iam:policyarn"},
    re.compile(r"iam:.*"): {"AWSServiceName": "iam:awsservicename", "PermissionsBoundary": "iam:permissionsboundary"},
    re.compile(r"cloudwatch:PutMetricData"): {"Namespace": "cloudwatch:namespace"},
}
# which ask for the boundary that the user or the role has
WITHIN_A_BOUNDARY = re.compile(r"iam:(Attach|Detach|Put|Delete)(User|Role)(Policy|PermissionsBoundary)")


def of(call: Call, entity: Entity | None, resource_tags: Mapping[str, str]) -> dict[str, Value]:
    """Keys in lower case → values. A key that a call doesn't have is left out, as on AWS: ``aws:MultiFactorAuthPresent`` of long-term keys, say."""
    now = call.lab.clock.now()
    context: dict[str, Value] = {
        "aws:currenttime": in_words(now),
        "aws:epochtime": str(int(now)),
        "aws:sourceip": call.source_address,
        "aws:useragent": call.user_agent,
        "aws:requestedregion": call.region or "us-east-1",
        "aws:securetransport": "true",
        "aws:viaawsservice": "false",
        "aws:resourceaccount": call.account,
    }
    context.update(_of_principal(call.principal, entity))
    for key, value in resource_tags.items():
        context[f"aws:resourcetag/{key.lower()}"] = context[f"{call.service}:resourcetag/{key.lower()}"] = value
    context.update(_of_tags(call.parameters))
    context.update(_of_parameters(call))
    if call.operation.endswith("AccountSetting") and "name" in call.parameters:
        context["ecr:accountsetting"] = call.parameters["name"]
    return context


def _of_principal(principal: Principal, entity: Entity | None) -> Iterator[tuple[str, Value]]:
    if principal.service:
        yield "aws:principalisawsservice", "true"
        yield "aws:principalservicename", principal.service
        return
    yield "aws:principalisawsservice", "false"
    yield "aws:principaltype", TYPES[principal.kind]
    if principal.account is None:
        yield "aws:userid", "anonymous"
        return
    yield "aws:principalarn", principal.entity_arn
    yield "aws:principalaccount", principal.account
    if principal.user:
        yield "aws:username", principal.user
    if principal.user_id:
        yield "aws:userid", principal.user_id
    for key, value in (*(entity.tags.items() if entity else ()), *principal.session_tags):  # of one key the session's counts
        yield f"aws:principaltag/{key.lower()}", value
    if principal.source_identity:
        yield "aws:sourceidentity", principal.source_identity
    if principal.issued_at is not None:
        yield "aws:tokenissuetime", in_words(principal.issued_at)
        yield "aws:multifactorauthpresent", "false"


def _of_parameters(call: Call) -> Iterator[tuple[str, Value]]:
    if WITHIN_A_BOUNDARY.fullmatch(call.action):
        user, role = call.parameters.get("UserName"), call.parameters.get("RoleName")
        whose = identities.policies_of(call.lab.database, Principal(call.account, user, role=role))
        if whose and whose.boundary and whose.boundary.arn:
            yield "iam:permissionsboundary", whose.boundary.arn
    for actions, keys in OF_PARAMETERS.items():
        if actions.fullmatch(call.action):
            yield from ((key, call.parameters[name]) for name, key in keys.items() if name in call.parameters)


def _of_tags(parameters: dict[str, Any]) -> Iterator[tuple[str, Value]]:
    """What a request that gives tags or takes them away says of them."""
    given, taken = parameters.get("tags") or parameters.get("Tags") or (), parameters.get("tagKeys") or parameters.get("TagKeys") or ()
    if isinstance(given, list) and all(isinstance(each, str) for each in given):  # UntagLogGroup
        given, taken = (), given
    tags = {each["Key"]: each.get("Value", "") for each in given if each.get("Key")} if isinstance(given, list) else dict(given)
    if keys := (*tags, *taken):
        yield "aws:tagkeys", keys
    for key, value in tags.items():
        yield f"aws:requesttag/{key.lower()}", value
