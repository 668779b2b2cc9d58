"""What the tests of IAM's policy language write their policies and requests with."""

from __future__ import annotations

import json
from typing import Any

from localecr.iam.documents import Document, read
from localecr.iam.evaluation import PrincipalFacts, Request, Source, Verdict, evaluate

MINE, PARTNERS = "111122223333", "444455556666"
WEB = f"arn:aws:ecr:us-east-1:{MINE}:repository/web"
ALICE = PrincipalFacts("IAMUser", f"arn:aws:iam::{MINE}:user/alice", MINE, id="AIDAALICEALICE")
BOB = PrincipalFacts("IAMUser", f"arn:aws:iam::{PARTNERS}:user/bob", PARTNERS)
DEPLOY = PrincipalFacts("AssumedRole", f"arn:aws:sts::{MINE}:assumed-role/deploy/monday", MINE, f"arn:aws:iam::{MINE}:role/ci/deploy", "AROADEPLOYDEPLOY")
ROOT = PrincipalFacts("Root", f"arn:aws:iam::{MINE}:root", MINE)
LAMBDA = PrincipalFacts("AWSService", "lambda.amazonaws.com")
NOBODY = PrincipalFacts("Anonymous")


def document(*statements: dict[str, Any], kind: str = "identity", version: str = "2012-10-17") -> Document:
    return read(json.dumps({"Version": version, "Statement": list(statements)}), kind)


def statement(effect: str = "Allow", action: Any = "ecr:*", resource: Any = "*", **others: Any) -> dict[str, Any]:
    return {"Effect": effect, "Action": action, "Resource": resource} | others


def grant(principal: Any, effect: str = "Allow", action: Any = "ecr:*", **others: Any) -> dict[str, Any]:
    """A statement of a resource's policy."""
    return {"Effect": effect, "Principal": principal, "Action": action} | others


def identity(*statements: dict[str, Any], version: str = "2012-10-17") -> Source:
    return Source("identity", "the policy of a user", document(*statements, version=version))


def boundary(*statements: dict[str, Any]) -> Source:
    return Source("boundary", "the boundary", document(*statements, kind="boundary"))


def session(*statements: dict[str, Any]) -> Source:
    return Source("session", "the session's policy", document(*statements, kind="session"))


def resource(*statements: dict[str, Any]) -> Source:
    return Source("resource", "the repository policy of web", document(*statements, kind="resource"))


def trust(*statements: dict[str, Any]) -> Source:
    return Source("trust", "the trust policy of deploy", document(*statements, kind="trust"))


def ask(who: PrincipalFacts, *sources: Source, action: str = "ecr:PutImage", on: str = WEB, owner: str = MINE, **context: Any) -> Verdict:
    given = context.pop("context", context)
    return evaluate(Request(who, action, on, owner, given), sources)


def holds(operator: str, wanted: Any, given: Any, key: str = "aws:Some", version: str = "2012-10-17", **context: Any) -> bool:
    """Whether a statement with one condition applies, where the request says ``given`` of the key; nothing for None."""
    policy = identity(statement(Condition={operator: {key: wanted}}), version=version)
    known = {name.replace("__", ":"): value for name, value in context.items()}
    return ask(ALICE, policy, context=known if given is None else known | {key: given}).allowed
