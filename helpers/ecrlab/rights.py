"""What somebody may do, as checks ask it: of the decision itself, never of a policy's text."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field

from ecrlab.lab import Lab

TOKEN = "ecr:GetAuthorizationToken"
PULL = ("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
PUSH = ("ecr:BatchCheckLayerAvailability", "ecr:InitiateLayerUpload", "ecr:UploadLayerPart", "ecr:CompleteLayerUpload", "ecr:PutImage")
WRITE = PUSH[1:]  # the first only asks which layers are there
LOOK = ("ecr:DescribeImages", "ecr:ListImages")
DELETE = ("ecr:BatchDeleteImage", "ecr:DeleteRepository")
EVERYTHING = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})


@dataclass(frozen=True)
class Rights:
    """The rights of the principal with the ARN `who`; `instead` as `Lab.decision` takes it."""

    lab: Lab
    who: str
    instead: dict = field(default_factory=dict)

    def may(self, action: str, resource: str = "*") -> bool:
        """Whether one action is allowed."""
        return self.lab.decision(self.who, action, resource, **self.instead).allowed

    def lacks(self, actions: Iterable[str], resource: str = "*") -> list[str]:
        """Those of the actions that aren't allowed, in their order."""
        return [action for action in actions if not self.may(action, resource)]

    def has(self, actions: Iterable[str], resource: str = "*") -> list[str]:
        """Those of the actions that are allowed, in their order."""
        return [action for action in actions if self.may(action, resource)]


def user(lab: Lab, name: str, account: str | None = None) -> Rights | None:
    """The rights of a user; None where there is none of that name."""
    iam = lab.reader("iam", account=account)
    try:
        return Rights(lab, iam.get_user(UserName=name)["User"]["Arn"])
    except iam.exceptions.NoSuchEntityException:
        return None


def administrator(lab: Lab, account: str | None = None) -> Rights:
    """The rights of somebody to whom an account's own policies allow everything."""
    return anybody(lab, [EVERYTHING], account)


def anybody(lab: Lab, identity_policies: list[str], account: str | None = None) -> Rights:
    """The rights that these policies give to one whom no policy of a repository names."""
    return Rights(lab, lab.arn(account), {"identity_policies": identity_policies})


def listed(actions: Iterable[str]) -> str:
    """Actions in a sentence: without their service, in AWS's words."""
    return ", ".join(action.partition(":")[2] for action in actions)
