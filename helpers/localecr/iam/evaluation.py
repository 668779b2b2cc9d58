"""May they? One decision from all the policies that have a say (AWS: "Policy evaluation logic").

An explicit deny wins. Within an account it is enough that a policy of the caller's or one of the resource's allows; across accounts both
must. A permissions boundary and session policies limit what the others allow, but for a grant of the resource's policy to the user or
the session by name. Organisations' policies don't exist here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from localecr.iam.documents import Document, Statement
from localecr.iam.matching import Caller, Named
from localecr.iam.variables import Context, Value

SourceKind = Literal["identity", "boundary", "session", "resource", "registry", "trust"]
PrincipalKind = Literal["IAMUser", "AssumedRole", "Root", "FederatedUser", "WebIdentity", "AWSService", "Anonymous"]
Decision = Literal["allowed", "explicitDeny", "implicitDeny"]


@dataclass(frozen=True)
class Source:
    """One policy document with where it comes from. ``trust`` is a role's trust policy, which must allow also within an account."""

    kind: SourceKind
    name: str  # "AmazonEC2ContainerRegistryReadOnly", "repository policy of web": as a sentence names it
    document: Document
    arn: str | None = None  # of managed policies


@dataclass(frozen=True)
class PrincipalFacts:
    """Who asks."""

    kind: PrincipalKind
    arn: str = "anonymous"  # of a role's session: arn:aws:sts::…:assumed-role/<role>/<session>; of a service its name
    account: str | None = None
    entity_arn: str | None = None  # the user's or role's own, where that is another
    id: str | None = None  # the user's or role's unique id: AIDA…, AROA…

    def caller(self) -> Caller:
        """As Principal elements may name it."""
        if self.account is None:
            return Caller(self.kind, self.arn, None, frozenset(), frozenset(), frozenset())
        partition = self.arn.split(":", 2)[1] if self.arn.startswith("arn:") else "aws"
        account = frozenset((self.account, f"arn:{partition}:iam::{self.account}:root"))
        entity = frozenset(each for each in (self.entity_arn, self.id) if each) - {self.arn}
        if self.kind == "Root":
            return Caller(self.kind, self.arn, self.account, account, frozenset(), account)
        if self.kind in ("AssumedRole", "FederatedUser"):
            return Caller(self.kind, self.arn, self.account, frozenset((self.arn,)), entity, account)
        return Caller(self.kind, self.arn, self.account, entity | {self.arn}, frozenset(), account)


@dataclass(frozen=True)
class Request:
    principal: PrincipalFacts
    action: str  # "ecr:PutImage"
    resource: str  # an ARN, or "*"
    owner: str  # the resource's account
    context: Mapping[str, Value] = field(default_factory=dict)  # condition keys → value, or values of a key that can have several


@dataclass(frozen=True)
class Matched:
    """A statement that concerns the request."""

    source: Source
    statement: Statement
    named: Named = Named.DIRECTLY  # how a resource's policy names the caller

    @property
    def words(self) -> str:
        sid = f" ({self.statement.sid})" if self.statement.sid else ""
        return f"statement {self.statement.index + 1}{sid} of {self.source.name}"


@dataclass(frozen=True)
class Step:
    """One question of the evaluation, in the order in which AWS asks them."""

    about: str  # "explicit deny", "resource-based policies", …
    outcome: Literal["denies", "allows", "doesn't allow", "isn't there"]
    sentence: str
    decides: bool = False


@dataclass(frozen=True)
class Verdict:
    allowed: bool
    because: str  # AWS's words, as they end an AccessDenied: "because no identity-based policy allows the ecr:PutImage action"
    decided_by: tuple[Matched, ...]  # none where nothing allows
    steps: tuple[Step, ...]
    decision: Decision
    by_type: Mapping[str, Decision]  # what the policies of a type say by themselves; only types that there are


# type → (its name in a refusal, with its article, in a heading)
TYPES = {
    "identity": ("identity-based policy", "an identity-based policy", "identity-based policies"),
    "resource": ("resource-based policy", "a resource-based policy", "resource-based policies"),
    "trust": ("role trust policy", "the role trust policy", "role trust policy"),
    "boundary": ("permissions boundary", "a permissions boundary", "permissions boundary"),
    "session": ("session policy", "a session policy", "session policies"),
}
TYPE_OF = {"registry": "resource"}  # a further resource-based policy


def evaluate(request: Request, sources: Sequence[Source]) -> Verdict:
    """The decision on a request by the policies given; whether one has a say at all (a registry policy, a boundary) is the caller's business."""
    return _Evaluation(request, sources).verdict()


class _Evaluation:
    """One request on its way through the policies."""

    def __init__(self, request: Request, sources: Sequence[Source]):
        self.request = request
        self.principal = request.principal
        self.same_account = request.principal.account is not None and request.principal.account == request.owner
        self.present = dict.fromkeys(TYPE_OF.get(each.kind, each.kind) for each in sources)
        self.denies: dict[str, list[Matched]] = {each: [] for each in TYPES}
        self.allows: dict[str, list[Matched]] = {each: [] for each in TYPES}
        self.steps: list[Step] = []
        caller, action, context = request.principal.caller(), request.action.lower(), _lowered(request.context)
        for source in sources:
            kind = TYPE_OF.get(source.kind, source.kind)
            for statement in source.document.statements:
                named = _concerns(statement, caller, action, request.resource, context)
                if named:
                    side = self.denies if statement.effect == "Deny" else self.allows
                    side[kind].append(Matched(source, statement, named))

    def verdict(self) -> Verdict:
        for kind, found in self.denies.items():
            if found:
                self._say("explicit deny", "denies", f"{_list(found)} denies it. No policy can allow it any more.", True)
                return self._verdict("explicitDeny", f"with an explicit deny in {TYPES[kind][1]}", found)
        self._say("explicit deny", "doesn't allow", "No statement denies it explicitly, so an allow is looked for.")
        if self.principal.account is None or self.principal.kind in ("AWSService", "WebIdentity"):
            return self._by_resource_alone()
        return self._within_the_account() if self.same_account else self._across_accounts()

    @property
    def guard(self) -> str:
        """The type of policy that guards the resource."""
        return "trust" if "trust" in self.present else "resource"

    def _by_resource_alone(self) -> Verdict:
        """Of somebody with no policies of their own: a service, a stranger."""
        return self._allowed_by(self.guard) if self._asked(self.guard, self.allows[self.guard], True) else self._refused(self.guard)

    def _within_the_account(self) -> Verdict:
        grants = self.allows[self.guard]
        most = max((each.named for each in grants), default=Named.NOT)
        if most is Named.DIRECTLY:
            self._asked(self.guard, [each for each in grants if each.named is most], True)
            return self._allowed_by(self.guard)
        if self.guard == "trust" and not grants:
            self._asked("trust", grants, True)
            return self._refused("trust")
        self._asked(self.guard, grants)
        if most is not Named.BY_ROLE and not self._by_own_policies():
            return self._refused("identity")
        for kind in ("boundary", "session"):
            if not self._within(kind):
                return self._refused(kind)
        return self._allowed_by(self.guard if most is Named.BY_ROLE and not self.allows["identity"] else "identity")

    def _across_accounts(self) -> Verdict:
        if not self._asked(self.guard, self.allows[self.guard]):
            return self._refused(self.guard)
        if not self._by_own_policies():
            return self._refused("identity")
        for kind in ("boundary", "session"):
            if not self._within(kind):
                return self._refused(kind)
        return self._allowed_by(self.guard, "identity")

    def _by_own_policies(self) -> bool:
        """The root user needs none in its account."""
        if self.principal.kind == "Root":
            self._say("identity-based policies", "allows", "The account's root user may do everything that nothing denies.")
            return True
        return self._asked("identity", self.allows["identity"])

    def _within(self, kind: str) -> bool:
        return kind not in self.present or self._asked(kind, self.allows[kind])

    def _asked(self, kind: str, found: Sequence[Matched], decides: bool = False) -> bool:
        _, _, heading = TYPES[kind]
        if found and kind in ("resource", "trust"):
            self._say(heading, "allows", f"{_list(found)} allows it, {HOW[max(each.named for each in found)]}.", decides)
        elif found:
            self._say(heading, "allows", f"{_list(found)} allows it.", decides)
        elif kind in self.present:
            self._say(heading, "doesn't allow", f"None of its statements allows {self.request.action} here.", decides)
        else:
            self._say(heading, "isn't there", "There is none for this request.", decides)
        return bool(found)

    def _say(self, about: str, outcome: str, sentence: str, decides: bool = False) -> None:
        self.steps.append(Step(about, outcome, sentence[0].upper() + sentence[1:], decides))  # type: ignore[arg-type]

    def _refused(self, kind: str) -> Verdict:
        return self._verdict("implicitDeny", f"because no {TYPES[kind][0]} allows the {self.request.action} action", [])

    def _allowed_by(self, *kinds: str) -> Verdict:
        """Allowed; limits that had to allow too belong to what decided."""
        deciding = [each for kind in kinds for each in self.allows[kind]]
        words = " and ".join(TYPES[kind][1] for kind in kinds if self.allows[kind]) or "the account's root user may do everything; it"
        return self._verdict("allowed", f"because {words} allow{'s' if len(kinds) == 1 else ''} the {self.request.action} action", deciding)

    def _verdict(self, decision: Decision, because: str, deciding: Sequence[Matched]) -> Verdict:
        return Verdict(decision == "allowed", because, tuple(deciding), tuple(self.steps), decision, self._by_type())

    def _by_type(self) -> dict[str, Decision]:
        return {kind: "explicitDeny" if self.denies[kind] else "allowed" if self.allows[kind] else "implicitDeny" for kind in self.present}


HOW = {
    Named.BY_ACCOUNT: "to the account, which leaves the choice to the account's own policies",
    Named.BY_ROLE: "to the role, within the role's boundary and the session's policies",
    Named.DIRECTLY: "to the caller itself",
}


def _lowered(context: Mapping[str, Value]) -> Context:
    return {key.lower(): value for key, value in context.items()}


def _list(found: Sequence[Matched]) -> str:
    return " and ".join(each.words for each in found)


def _concerns(statement: Statement, caller: Caller, action: str, resource: str, context: Context) -> Named:
    """Whether a statement is about this request, and how it names who asks."""
    if not statement.actions.include(action):
        return Named.NOT
    if statement.resources is not None and not statement.resources.include(resource, context):
        return Named.NOT
    named = Named.DIRECTLY
    if statement.principals is not None:
        named = statement.principals.name(caller, statement.effect == "Deny")
        if named is Named.NOT:
            return named
    for condition in statement.conditions:
        if not condition.holds(context):
            return Named.NOT
    return named
