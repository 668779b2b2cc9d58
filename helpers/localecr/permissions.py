"""May they? The third stop: one decision for each operation, whichever door it came in by.

Identity and resource policies are not evaluated yet: a principal may do everything in its own account
and nothing in another's; anybody may read a public registry.
"""

from __future__ import annotations

from dataclasses import dataclass

from localecr.errors import AwsError
from localecr.identities import Principal

ANYBODY = {"ecr-public:BatchGetImage", "ecr-public:GetDownloadUrlForLayer", "ecr-public:BatchCheckLayerAvailability"}


@dataclass(frozen=True)
class Verdict:
    """A decision, and what decided it, in a sentence."""

    allowed: bool
    because: str


def decide(principal: Principal, action: str, owner: str, resource: str) -> Verdict:
    """Whether ``principal`` may do ``action`` (``ecr:PutImage``) on ``resource`` (an ARN, or ``*``) of the account ``owner``."""
    if action in ANYBODY:
        return Verdict(True, "anybody may read a public registry")
    if principal.account == owner:
        return Verdict(True, "a principal may do everything in its own account")
    return Verdict(False, f"because no resource-based policy allows the {action} action")


def require(principal: Principal, action: str, owner: str, resource: str) -> Verdict:
    """The verdict, if it is yes. Raises AccessDeniedException in AWS's words."""
    verdict = decide(principal, action, owner, resource)
    if not verdict.allowed:
        who = "User: anonymous" if principal.account is None else f"User: {principal.arn}"
        raise AwsError("AccessDeniedException", f"{who} is not authorized to perform: {action} on resource: {resource} {verdict.because}")
    return verdict
