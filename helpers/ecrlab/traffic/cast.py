"""Who works here: the team's users, what each may do, and from where each calls."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ecrlab import identities

if TYPE_CHECKING:
    from ecrlab.lab import Lab

PATH = "/team/"  # of the users: what stands below it is the replay's own
SHOP, ORDERS, SEARCH = REPOSITORIES = ("team/shop", "team/orders", "team/search")

# addresses that documentation may use (RFC 5737): the team's network, and one that is nobody's there
OFFICE, BUILDERS, CLUSTER, ELSEWHERE = "192.0.2.10", "192.0.2.50", "192.0.2.101", "203.0.113.77"
CLI, SDK = "aws-cli/2.31.8 md/awscrt#0.27.6 ua/2.1 os/linux", "aws-sdk-go-v2/1.39.2 ua/2.1 os/linux lang/go#1.25.1"
STRANGER = "Boto3/1.26.90 Python/3.8.10 Linux/5.4.0 Botocore/1.29.90"

PULL = ("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
PUSH = ("ecr:BatchCheckLayerAvailability", "ecr:InitiateLayerUpload", "ecr:UploadLayerPart", "ecr:CompleteLayerUpload", "ecr:PutImage")
TIDY = ("ecr:ListImages", "ecr:DescribeImages", "ecr:BatchDeleteImage")


@dataclass(frozen=True)
class Member:
    """An IAM user of the team, and what it may do in these repositories beside logging in."""

    name: str
    actions: tuple[str, ...]
    repositories: tuple[str, ...] = REPOSITORIES
    sees_all: bool = False  # may list the registry's repositories


DEVELOPERS = {"dev-alice": SHOP, "dev-bruno": ORDERS, "dev-chen": SEARCH, "dev-dana": SHOP}
RUNNERS = {"run-shop": SHOP, "run-orders": ORDERS, "run-search": SEARCH}
BUILDER, NIGHTLY = "ci-builder", "ci-nightly"
TEAM = (
    *(Member(name, PULL + PUSH) for name in DEVELOPERS),
    Member(BUILDER, PULL + PUSH + TIDY, sees_all=True),
    Member(NIGHTLY, PULL + PUSH),
    *(Member(name, PULL, (repository,)) for name, repository in RUNNERS.items()),
)


def policy(member: Member, account: str, region: str) -> str:
    """The least that a member's work takes, as a policy document."""
    anywhere = ["ecr:GetAuthorizationToken", *(["ecr:DescribeRepositories"] if member.sees_all else [])]
    named = [f"arn:aws:ecr:{region}:{account}:repository/{name}" for name in member.repositories]
    statements = [
        {"Sid": "LogIn", "Effect": "Allow", "Action": anywhere, "Resource": "*"},
        {"Sid": "Work", "Effect": "Allow", "Action": list(member.actions), "Resource": named},
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def hire(lab: Lab) -> dict[str, dict[str, str]]:
    """Make the team's users, each with a policy and a key. name → `AccessKeyId` and `SecretAccessKey`. AWS: IAM."""
    iam, keys = lab.client("iam"), {}
    for member in TEAM:
        iam.create_user(UserName=member.name, Path=PATH)
        iam.put_user_policy(UserName=member.name, PolicyName="work", PolicyDocument=policy(member, lab.account, lab.region))
        keys[member.name] = iam.create_access_key(UserName=member.name)["AccessKey"]
    return keys


def dismiss(lab: Lab) -> list[str]:
    """Delete the team's users with their keys and policies; returns their names. Harmless if repeated."""
    iam = lab.client("iam")
    names = [user["UserName"] for page in iam.get_paginator("list_users").paginate(PathPrefix=PATH) for user in page["Users"]]
    return sorted(name for name in names if identities.delete(iam, "user", name))
