"""The policy simulator: SimulateCustomPolicy and SimulatePrincipalPolicy, answered by the evaluator that decides calls.

Shapes and errors: the IAM API reference, and answers of the real one that people published.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from localecr.errors import AwsError
from localecr.iam import attached, positions
from localecr.iam.attached import document, invalid
from localecr.iam.documents import Kind, Statement
from localecr.iam.evaluation import Matched, PrincipalFacts, Request, Source, Verdict, evaluate
from localecr.iam.variables import Value

if TYPE_CHECKING:
    from localecr.ledger import Call

OWNER = re.compile(r"(?:arn:aws[a-z-]*:iam::)?(?P<account>[0-9]{12})(?::root)?")
ACTION = re.compile(r"[A-Za-z0-9.-]+:[A-Za-z0-9*?_-]+")
PAGE = 100
EVERY_REPOSITORY = "arn:${Partition}:ecr:${Region}:${Account}:repository/${RepositoryName}"


@dataclass(frozen=True)
class Simulation:
    """What is simulated: whose call, on whose resources, under which policies."""

    sources: tuple[Source, ...]
    caller: PrincipalFacts
    owner: str
    context: Mapping[str, Value]

    def verdict(self, action: str, resource: str) -> Verdict:
        owner = _owner_in(resource) or self.owner
        return evaluate(Request(self.caller, action, resource, owner, self.context), self.sources)


def simulate_custom_policy(call: Call) -> dict[str, Any]:
    """SimulateCustomPolicy. Raises InvalidInput for what is no policy, ARN or action."""
    given = call.parameters
    sources = _given_sources(given, "PolicyInputList", "identity")
    return _answer(given, [*sources, *_given_boundary(given)], _caller(given.get("CallerArn"), call))


def simulate_principal_policy(call: Call) -> dict[str, Any]:
    """SimulatePrincipalPolicy, with the policies that a user, a role or a group has. Raises NoSuchEntity, and InvalidInput."""
    given = call.parameters
    entity = attached.find(call, given["PolicySourceArn"])
    if entity.kind == "role" and "ResourcePolicy" in given:
        raise invalid("Simulation of resource-based policies isn't supported for IAM roles.")
    excluded = given.get("PolicyExclusionList", [])
    sources = [*entity.sources(excluded), *_given_sources(given, "PolicyInputList", "identity")]
    limits = _given_boundary(given) or entity.limits(excluded)
    return _answer(given, [*sources, *limits], _caller(given.get("CallerArn", entity.arn), call))


def context_keys_for_custom_policy(call: Call) -> dict[str, Any]:
    """GetContextKeysForCustomPolicy: the keys that the policies ask for."""
    return _context_keys(_given_sources(call.parameters, "PolicyInputList", "identity"))


def context_keys_for_principal_policy(call: Call) -> dict[str, Any]:
    """GetContextKeysForPrincipalPolicy: the same of what a user, a role or a group has."""
    entity = attached.find(call, call.parameters["PolicySourceArn"])
    return _context_keys([*entity.sources([]), *_given_sources(call.parameters, "PolicyInputList", "identity")])


OPERATIONS = {
    "SimulateCustomPolicy": simulate_custom_policy,
    "SimulatePrincipalPolicy": simulate_principal_policy,
    "GetContextKeysForCustomPolicy": context_keys_for_custom_policy,
    "GetContextKeysForPrincipalPolicy": context_keys_for_principal_policy,
}


# what is given


def _given_sources(given: Mapping[str, Any], member: str, kind: Kind) -> list[Source]:
    return [Source(kind, f"{member}.{number}", document(text, kind)) for number, text in enumerate(given.get(member, []), 1)]


def _given_boundary(given: Mapping[str, Any]) -> list[Source]:
    boundaries = _given_sources(given, "PermissionsBoundaryPolicyInputList", "boundary")
    if len(boundaries) > 1:
        raise invalid("Only one permissions boundary policy can be simulated at a time.")
    if given.get("OrderedOrganizationPolicyInputList"):
        raise AwsError("NotImplemented", "Service control policies are not built in this lab: there are no organizations in it.", 501)
    return boundaries


def _caller(arn: str | None, call: Call) -> PrincipalFacts:
    """The simulated caller; without one, somebody of the account that asks."""
    found = attached.ENTITY.fullmatch(arn or "")
    if arn and not found:
        raise invalid(f"Invalid Entity Arn: {arn} does not clearly define entity type and name.")
    if found is None or found["kind"] == "group":
        return PrincipalFacts("IAMUser", "", call.account)
    if found["kind"] == "user":
        return PrincipalFacts("IAMUser", found[0], found["account"], found[0])
    session = f"arn:aws:sts::{found['account']}:assumed-role/{found['name'].rpartition('/')[2]}/simulated"
    return PrincipalFacts("AssumedRole", session, found["account"], found[0])


def _context(given: Mapping[str, Any], caller: PrincipalFacts) -> dict[str, Value]:
    """The context entries by key, in lower case, and what is known of the caller without being told."""
    context: dict[str, Value] = {}
    if caller.entity_arn:
        context |= {"aws:principalarn": caller.entity_arn, "aws:principalaccount": caller.account or ""}
        context["aws:principaltype"] = "User" if caller.kind == "IAMUser" else "AssumedRole"
    if caller.kind == "IAMUser" and caller.entity_arn:
        context["aws:username"] = caller.entity_arn.rpartition("/")[2]
    for entry in given.get("ContextEntries", []):
        values = tuple(entry.get("ContextKeyValues", ()))
        single = not entry.get("ContextKeyType", "string").endswith("List") and len(values) == 1
        context[entry.get("ContextKeyName", "").lower()] = values[0] if single else values
    return {key: value for key, value in context.items() if value != ()}


def _owner_in(resource: str) -> str | None:
    parts = resource.split(":", 5)
    return parts[4] if len(parts) == 6 and parts[4].isdigit() else None


# what is answered


def _answer(given: Mapping[str, Any], sources: list[Source], caller: PrincipalFacts) -> dict[str, Any]:
    resources = given.get("ResourceArns") or ["*"]
    for each in resources:
        if each != "*" and not each.startswith("arn:"):
            raise invalid(f"ResourceNames are not in a valid ARN format: {each}.")
    for each in given["ActionNames"]:
        if not ACTION.fullmatch(each):
            raise invalid(f"Invalid ActionName: {each}.")
    if "ResourcePolicy" in given:
        if "CallerArn" not in given and ":user/" not in given.get("PolicySourceArn", ""):
            raise invalid("CallerArn is required if you include a ResourcePolicy.")
        sources = [*sources, Source("resource", "ResourcePolicy", document(given["ResourcePolicy"], "resource"))]
    simulation = Simulation(tuple(sources), caller, _owner(given, caller), _context(given, caller))
    results = [_result(simulation, action, resources) for action in given["ActionNames"]]
    return _page(given, results)


def _owner(given: Mapping[str, Any], caller: PrincipalFacts) -> str:
    if "ResourceOwner" not in given:
        return caller.account or ""
    found = OWNER.fullmatch(given["ResourceOwner"])
    if not found:
        raise invalid(f"'{given['ResourceOwner']}' is not a valid as a Resource Owner.")
    return found["account"]


def _result(simulation: Simulation, action: str, resources: Sequence[str]) -> dict[str, Any]:
    """One action on each resource. Of several resources, the whole is as good as the worst of them."""
    verdicts = {each: simulation.verdict(action, each) for each in resources}
    only = next(iter(verdicts.values())) if len(verdicts) == 1 else None
    decisions = {each.decision for each in verdicts.values()}
    if only:
        name = resources[0]
    else:
        name = EVERY_REPOSITORY if all(":repository/" in each for each in resources) else "*"
    result: dict[str, Any] = {
        "EvalActionName": action,
        "EvalResourceName": name,
        "EvalDecision": next(each for each in ("explicitDeny", "implicitDeny", "allowed") if each in decisions),
        "MatchedStatements": [_matched(each) for each in only.decided_by] if only else [],
        "MissingContextValues": _missing(simulation, action, "*") if list(resources) == ["*"] else [],
    }
    if only:
        result |= _details(simulation, only, resources[0])
    if list(resources) != ["*"]:
        result["ResourceSpecificResults"] = [_specific(simulation, action, each, verdict) for each, verdict in verdicts.items()]
    return result


def _specific(simulation: Simulation, action: str, resource: str, verdict: Verdict) -> dict[str, Any]:
    return {
        "EvalResourceName": resource,
        "EvalResourceDecision": verdict.decision,
        "MatchedStatements": [_matched(each) for each in verdict.decided_by],
        "MissingContextValues": _missing(simulation, action, resource),
    } | _details(simulation, verdict, resource)


# our type of policy → what the simulator calls it
DETAILS = {"identity": "IAM Policy", "resource": "Resource Policy", "boundary": "Permissions Boundary Policy"}


def _details(simulation: Simulation, verdict: Verdict, resource: str) -> dict[str, Any]:
    """What each type of policy says across accounts; nothing within one. And what the boundary says, where there is one."""
    crossing = (_owner_in(resource) or simulation.owner) != simulation.caller.account
    details: dict[str, Any] = {}
    if crossing:
        details["EvalDecisionDetails"] = {words: verdict.by_type[kind] for kind, words in DETAILS.items() if kind in verdict.by_type}
    elif resource != "*":
        details["EvalDecisionDetails"] = {}
    if "boundary" in verdict.by_type:
        details["PermissionsBoundaryDecisionDetail"] = {"AllowedByPermissionsBoundary": verdict.by_type["boundary"] == "allowed"}
    return details


def _matched(matched: Matched) -> dict[str, Any]:
    start, end = positions.of_statements(matched.source.document.text)[matched.statement.index]
    kind = "Resource Policy" if matched.source.kind == "resource" else "IAM Policy"
    return {"SourcePolicyId": matched.source.name, "SourcePolicyType": kind, "StartPosition": start, "EndPosition": end}


def _missing(simulation: Simulation, action: str, resource: str) -> list[str]:
    """The keys that the statements about an action and a resource ask for, and nobody gave."""
    about = [
        statement
        for source in simulation.sources
        for statement in source.document.statements
        if statement.actions.include(action.lower()) and (statement.resources is None or _may_include(statement, resource, simulation.context))
    ]
    return [name for name in _keys_of(about) if name.lower() not in simulation.context]


def _may_include(statement: Statement, resource: str, context: Mapping[str, Value]) -> bool:
    """Whether it names the resource, or can't be told for want of a variable's value."""
    assert statement.resources is not None
    open_ones = [name for each in statement.resources.patterns for name in each.variables if name.lower() not in context]
    return bool(open_ones) or statement.resources.include(resource, context)


def _keys_of(statements: Iterable[Statement]) -> list[str]:
    """The context keys of conditions and variables, once each, as the policies write them."""
    names: dict[str, str] = {}
    for statement in statements:
        asked = [name for each in statement.conditions for name in (each.name, *each.variables)]
        asked += [name for each in (statement.resources.patterns if statement.resources else ()) for name in each.variables]
        for name in asked:
            names.setdefault(name.lower(), name)
    return list(names.values())


def _context_keys(sources: Iterable[Source]) -> dict[str, Any]:
    return {"ContextKeyNames": _keys_of(statement for source in sources for statement in source.document.statements)}


def _page(given: Mapping[str, Any], results: list[dict[str, Any]]) -> dict[str, Any]:
    start = _place(given["Marker"]) if "Marker" in given else 0
    end = start + given.get("MaxItems", PAGE)
    answer: dict[str, Any] = {"EvaluationResults": results[start:end], "IsTruncated": end < len(results)}
    if answer["IsTruncated"]:
        answer["Marker"] = base64.urlsafe_b64encode(b"from %d" % end).decode()
    return answer


def _place(marker: str) -> int:
    try:
        word, number = base64.urlsafe_b64decode(marker.encode()).decode().split(" ")
        if word == "from" and number.isdecimal():
            return int(number)
    except ValueError:
        pass
    raise invalid("Invalid Marker.")
