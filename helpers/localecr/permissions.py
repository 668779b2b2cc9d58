"""May they? The third stop: one decision for each permission that an operation needs, whichever door it came in by.

It gathers what has a say, the policies of who calls, of what is asked for and of its registry, and the request's context;
``iam/evaluation.py`` decides. AWS: "Policy evaluation logic", and facts about ECR in its service authorization reference.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal, NamedTuple

from localecr import identities, neighbours, request_context
from localecr.errors import AwsError, invalid_parameter
from localecr.iam import documents, evaluation
from localecr.iam.documents import Document, Kind, MalformedPolicy, Statement
from localecr.iam.evaluation import PrincipalFacts, Source, Verdict
from localecr.identities import Entity, Policy, Principal
from localecr.ledger import Call
from localecr.neighbours import resources
from localecr.registry import Registry, policies, registry_policy
from localecr.request_context import Value
from localecr.scanning import configuration

ANYBODY = {"ecr-public:BatchGetImage", "ecr-public:GetDownloadUrlForLayer", "ecr-public:BatchCheckLayerAvailability"}
ALWAYS = Verdict(True, "because anybody may read a public registry", (), (), "allowed", {})
CHECKS = Verdict(True, "because the course's own checks may read everything", (), (), "allowed", {})
ASSUME_ROLE = "sts:AssumeRole"
BY_TRUST = (ASSUME_ROLE, "sts:SetSourceIdentity", "sts:TagSession")  # which a role's trust policy must allow
LOG_IN = "GetAuthorizationToken"  # which is about no resource, so that no resource's policy has a say in it

# how each service says it: its code and the HTTP status; the others speak as ECR does
DENIED = {
    "cloudwatch": ("AccessDenied", 403),
    "iam": ("AccessDenied", 403),
    "inspector2": ("AccessDeniedException", 403),
    "sns": ("AuthorizationError", 403),
    "sqs": ("AccessDenied", 403),
    "sts": ("AccessDenied", 403),
}
# how a refusal spells an action where not as policies do: SNS:Publish, sqs:sendmessage
SPELT: dict[str, Callable[[str], str]] = {"sns": lambda action: action.replace("sns:", "SNS:"), "sqs": str.lower}
# operations that need another permission than that of their name (AWS: service authorization reference; ListImageReferrers)
ACTIONS = {
    "ecr:ListImageReferrers": "ecr:BatchGetImage",
    "ecr-public:ListImageReferrers": "ecr-public:BatchGetImage",
    "sns:PublishBatch": "sns:Publish",
    "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
    "sqs:SendMessageBatch": "sqs:SendMessage",
}


def _each_named(call: Call) -> Iterator[tuple[str, str]]:
    """DescribeRepositories, BatchGetRepositoryScanningConfiguration: on each repository that is named, or on all."""
    for name in call.parameters.get("repositoryNames") or ["*"]:
        yield call.action, call.registry.arn(name)


def _with_tags(call: Call) -> Iterator[tuple[str, str]]:
    yield call.action, call.resource
    if call.parameters.get("tags"):
        yield f"{call.service}:TagResource", call.resource


def _with_inspector(call: Call) -> Iterator[tuple[str, str]]:
    """Turning enhanced scanning on or off is turning Amazon Inspector on or off (AWS: IAM permissions required for enhanced scanning)."""
    yield call.action, call.resource
    before = configuration.of(call.registry).type
    if call.parameters.get("scanType", before) == "ENHANCED":
        yield _of_inspector("Enable", call)
    elif before == "ENHANCED":
        yield _of_inspector("Disable", call)


def _with_inspectors_findings(call: Call) -> Iterator[tuple[str, str]]:
    """With enhanced scanning the findings are Amazon Inspector's, and are asked of it for the caller."""
    yield call.action, call.resource
    if configuration.of(call.registry).type == "ENHANCED":
        yield _of_inspector("ListCoverage", call)
        yield _of_inspector("ListFindings", call)


def _of_inspector(operation: str, call: Call) -> tuple[str, str]:
    return f"inspector2:{operation}", resources.of_inspector(operation, call.region, call.account)


def _with_bearer(call: Call) -> Iterator[tuple[str, str]]:
    yield call.action, call.resource
    yield "sts:GetServiceBearerToken", "*"


def _each_bus(call: Call) -> Iterator[tuple[str, str]]:
    """PutEvents: on each bus that an entry is for."""
    prefix = f"arn:aws:events:{call.region}:{call.account}:event-bus/"
    named = dict.fromkeys(entry.get("EventBusName") or "default" for entry in call.parameters["Entries"])
    for name in named:
        yield call.action, name if name.startswith("arn:") else prefix + name


def _each_alarm(call: Call) -> Iterator[tuple[str, str]]:
    """What takes several alarms: on each that is named, or on all."""
    for name in call.parameters.get("AlarmNames") or ["*"]:
        yield call.action, f"arn:aws:cloudwatch:{call.region}:{call.account}:alarm:{name}"


def _with_what_a_session_carries(call: Call) -> Iterator[tuple[str, str]]:
    yield call.action, call.resource
    if call.parameters.get("Tags"):
        yield "sts:TagSession", call.resource
    if call.parameters.get("SourceIdentity"):
        yield "sts:SetSourceIdentity", call.resource


# operations that need more than one permission, one on other resources than the call's, or none
NEEDS: dict[str, Callable[[Call], Iterator[tuple[str, str]]]] = {
    "cloudwatch:DeleteAlarms": _each_alarm,
    "cloudwatch:DescribeAlarms": _each_alarm,
    "cloudwatch:DisableAlarmActions": _each_alarm,
    "cloudwatch:EnableAlarmActions": _each_alarm,
    "ecr:BatchGetRepositoryScanningConfiguration": _each_named,
    "ecr:CreateRepository": _with_tags,
    "ecr:DescribeImageScanFindings": _with_inspectors_findings,
    "ecr:DescribeRepositories": _each_named,
    "ecr:PutRegistryScanningConfiguration": _with_inspector,
    "ecr-public:CreateRepository": _with_tags,
    "ecr-public:DescribeRepositories": _each_named,
    "ecr-public:GetAuthorizationToken": _with_bearer,
    "events:PutEvents": _each_bus,
    "sts:AssumeRole": _with_what_a_session_carries,
    "sts:GetCallerIdentity": lambda call: iter(()),
    "sts:GetSessionToken": lambda call: iter(()),
}


def needed(call: Call) -> Iterator[tuple[str, str]]:
    """The actions that a call needs, each with the resource that it is needed on."""
    if call.action in NEEDS:
        yield from NEEDS[call.action](call)
    else:
        yield ACTIONS.get(call.action, call.action), call.resource


def require(call: Call) -> None:
    """Returns if the call is allowed. Raises its service's error for a denied access, in AWS's words."""
    for action, resource in needed(call):
        verdict = decide(call, action, resource)
        if not verdict.allowed:
            code, status = DENIED.get(call.service, ("AccessDeniedException", 400))
            raise AwsError(code, sentence(call.principal, action, resource, verdict), status)


def sentence(principal: Principal, action: str, resource: str, verdict: Verdict) -> str:
    """A refusal as AWS words it; of AssumeRole it doesn't say why."""
    spelt = SPELT.get(action.partition(":")[0], str)(action)
    said = f"User: {principal.arn} is not authorized to perform: {spelt} on resource: {resource}"
    return said if action in BY_TRUST else f"{said} {verdict.because.replace(action, spelt)}"


def refuse_lock_out(call: Call) -> None:
    """Once a repository's policy is set, within its transaction: one that would keep its own author from setting another needs ``force``.

    Raises InvalidParameterException; AWS publishes no sentence for it.
    """
    if call.operation == "SetRepositoryPolicy" and not call.parameters.get("force") and not decide(call).allowed:
        raise invalid_parameter("PolicyText", "The policy would keep you from setting another one; use force to set it anyway")


@dataclass(frozen=True)
class Instead:
    """What the playground tries: policies in the place of those that are kept, and condition keys beside those of the call."""

    identity_policies: tuple[str, ...] | None = None
    repository_policy: str | None = None
    context: Mapping[str, Value] = field(default_factory=dict)


AS_KEPT = Instead()


def decide(call: Call, action: str | None = None, resource: str | None = None, instead: Instead = AS_KEPT) -> Verdict:
    """Whether the call's principal may do ``action`` (``ecr:PutImage``) on ``resource`` (an ARN, or ``*``); without them, what the call is itself."""
    principal, action, resource = call.principal, action or call.action, resource or call.resource
    if principal.is_checker:
        return CHECKS
    if action in ANYBODY:
        return ALWAYS
    if principal.kind == "Anonymous":  # whom not even a policy for everybody lets write
        return Verdict(False, f"because no resource-based policy allows the {action} action", (), (), "implicitDeny", {})
    entity = identities.policies_of(call.lab.database, principal)
    tags, guards = _guards(call, action, resource, instead)
    if instead is AS_KEPT and (verdict := _whatever_the_circumstances(principal, entity, action, resource, call.account, guards)):
        return verdict
    context = request_context.of(call, entity, json.loads(tags)) | instead.context
    sources = [*_own(principal, entity, instead), *map(_source, guards)]
    return evaluation.evaluate(evaluation.Request(_facts(principal, entity), action, resource, call.account, context), sources)


@lru_cache(maxsize=4096)
def _whatever_the_circumstances(
    principal: Principal, entity: Entity | None, action: str, resource: str, owner: str, guards: tuple[Guard, ...]
) -> Verdict | None:
    """The verdict where no policy that has a say asks about more than this; None where one has a condition, or a policy variable."""
    sources = [*_own(principal, entity, AS_KEPT), *map(_source, guards)]
    if any(_asks_for_more(statement) for source in sources for statement in source.document.statements):
        return None
    return evaluation.evaluate(evaluation.Request(_facts(principal, entity), action, resource, owner), sources)


def _asks_for_more(statement: Statement) -> bool:
    return bool(statement.conditions) or (statement.resources is not None and any(each.variables for each in statement.resources.patterns))


def _facts(principal: Principal, entity: Entity | None) -> PrincipalFacts:
    return PrincipalFacts(principal.kind, principal.arn, principal.account, principal.entity_arn, entity and entity.id)


def _own(principal: Principal, entity: Entity | None, instead: Instead) -> Iterator[Source]:
    """The caller's policies: a user's or a role's, its boundary, and a session's."""
    if instead.identity_policies is not None:
        for number, text in enumerate(instead.identity_policies, 1):
            called = "the edited identity policy" if len(instead.identity_policies) == 1 else f"the edited identity policy {number}"
            yield Source("identity", called, documents.read(text))
    elif entity is not None:
        yield from _attached(entity.policies, "identity")
    if entity is not None and entity.boundary is not None:
        yield from _attached((entity.boundary,), "boundary")
    for text in principal.session_policies:
        yield Source("session", f"the session policy of {principal.session}", documents.read(text, "session"))


@lru_cache(maxsize=1024)
def _attached(attached: tuple[Policy, ...], kind: Literal["identity", "boundary"]) -> tuple[Source, ...]:
    return tuple(Source(kind, each.name, _document(each.document, kind), each.arn) for each in attached)


def _document(text: str, kind: Kind) -> Document:
    """A policy that is kept. What isn't one (a boundary whose policy is gone) allows nothing."""
    try:
        return documents.read(text, kind)
    except MalformedPolicy:
        return Document(text, kind, documents.VERSIONS[0], None, ())


class Guard(NamedTuple):
    """A policy of what is asked for: ``repository``, or as ``evaluation.Source`` calls it; the name that a sentence gives it; its JSON."""

    kind: Literal["repository", "registry", "resource", "trust"]
    name: str
    text: str


def _source(guard: Guard) -> Source:
    if guard.kind == "repository":
        return Source("resource", guard.name, policies.read(guard.text))
    return Source(guard.kind, guard.name, _document(guard.text, guard.kind))


def _guards(call: Call, action: str, resource: str, instead: Instead) -> tuple[str, tuple[Guard, ...]]:
    """The resource tags (JSON) of what is asked for, and the policies that guard it: its own, and its registry's."""
    if action.partition(":")[2] == LOG_IN:
        return "{}", ()
    if call.registry is not None:
        return _guards_of_repository(call.registry, action, resource, instead)
    if action in BY_TRUST:
        role = identities.find_role(call.lab.database, resource)
        return "{}", (Guard("trust", f"the trust policy of {role.name}", role.trust),) if role else ()
    text = neighbours.resource_policy(call.lab, resource)
    return "{}", (Guard("resource", f"the policy of {resource}", text),) if text else ()


def _guards_of_repository(registry: Registry, action: str, resource: str, instead: Instead) -> tuple[str, tuple[Guard, ...]]:
    name = resource.removeprefix(registry.arn("")) if resource.startswith(registry.arn("")) else ""
    kept = policies.find(registry, name)
    text, guards = kept["policy"] if instead.repository_policy is None else instead.repository_policy, []
    if text:
        guards.append(Guard("repository", f"the repository policy of {name}", text))
    if kept["registry_policy"] and registry_policy.concerns(action, kept["settings"]):
        guards.append(Guard("registry", f"the registry policy of {registry.account}", kept["registry_policy"]))
    return kept["resource_tags"] or "{}", tuple(guards)
