"""May they? The third stop: one decision for each operation, whichever door it came in by.

Identity policies are not evaluated yet: a principal may do everything in its own account, and elsewhere what a repository's
policy allows it; anybody may read a public registry. An explicit deny wins (AWS: policy evaluation logic).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from localecr.errors import AwsError
from localecr.identities import Principal
from localecr.registry import policies

ANYBODY = {"ecr-public:BatchGetImage", "ecr-public:GetDownloadUrlForLayer", "ecr-public:BatchCheckLayerAvailability"}


@dataclass(frozen=True)
class Verdict:
    """A decision, and what decided it, in a sentence."""

    allowed: bool
    because: str


def decide(principal: Principal, action: str, owner: str, resource: str, statements: Sequence[dict[str, Any]] = ()) -> Verdict:
    """Whether ``principal`` may do ``action`` (``ecr:PutImage``) on ``resource`` (an ARN, or ``*``) of the account ``owner``.

    ``statements`` are those of the repository's policy, as ``policies.read`` gives them.
    """
    if action in ANYBODY:
        return Verdict(True, "anybody may read a public registry")
    effects = {each["Effect"] for each in statements if _concerns(each, principal, action)}
    if "Deny" in effects:
        return Verdict(False, "with an explicit deny in a resource-based policy")
    if principal.account == owner:
        return Verdict(True, "a principal may do everything in its own account")
    if "Allow" in effects and principal.account is not None:
        return Verdict(True, "the repository's policy allows it")
    return Verdict(False, f"because no resource-based policy allows the {action} action")


def _concerns(statement: dict[str, Any], principal: Principal, action: str) -> bool:
    acts = any(policies.names(pattern, action) for pattern in statement.get("Action", statement.get("NotAction")))
    means = any(_is(principal, who) for who in statement.get("Principal", statement.get("NotPrincipal")))
    return acts == ("Action" in statement) and means == ("Principal" in statement)


def _is(principal: Principal, who: str) -> bool:
    return who in ("*", principal.account, f"arn:aws:iam::{principal.account}:root", principal.arn)


def require(principal: Principal, action: str, owner: str, resource: str, statements: Sequence[dict[str, Any]] = ()) -> Verdict:
    """The verdict, if it is yes. Raises AccessDeniedException in AWS's words."""
    verdict = decide(principal, action, owner, resource, statements)
    if not verdict.allowed:
        who = "User: anonymous" if principal.account is None else f"User: {principal.arn}"
        raise AwsError("AccessDeniedException", f"{who} is not authorized to perform: {action} on resource: {resource} {verdict.because}")
    return verdict
