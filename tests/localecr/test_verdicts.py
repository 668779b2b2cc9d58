"""The question behind the policy playground, at the lab's own door: would this be allowed, and why? The call itself gets the same verdict."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from awsapi import refused
from grants import actions, allow, denied, policy, repository_arn, statement, to
from localecr.door import DoorError

OWNER, PARTNER = "111122223333", "444455556666"
LEARNER = f"arn:aws:iam::{OWNER}:user/learner"


def test_the_verdict_names_the_statement_that_decided_and_the_way_there(door, meet, name):
    user = meet(policy(statement("Allow", "ecr:*", Sid="everything"), statement("Deny", "ecr:Delete*", Sid="but")))
    told = door.verdict(user.arn, "ecr:ListImages", repository_arn(name))
    assert (told["allowed"], told["because"]) == (True, "because an identity-based policy allows the ecr:ListImages action")
    (decided,) = told["decided_by"]
    assert (decided["kind"], decided["sid"]) == ("identity", "everything")
    assert '"Action": "ecr:*"' in decided["statement"]
    assert [step["title"] for step in told["steps"]] == ["explicit deny", "resource-based policies", "identity-based policies"]
    assert all(step["outcome"] and step["sentence"] for step in told["steps"])


def test_a_refusal_is_the_one_that_the_call_gets(door, meet, name):
    user = meet(policy(statement("Allow", "ecr:*"), statement("Deny", "ecr:Delete*")))
    for action, call in (("ecr:DeleteRepository", user.ecr.delete_repository), ("ecr:DescribeImages", meet().ecr.describe_images)):
        who = user.arn if action == "ecr:DeleteRepository" else user.arn.replace("-1", "-2")
        told = door.verdict(who, action, repository_arn(name))
        assert not told["allowed"]
        with refused("AccessDeniedException", told["message"]):
            call(repositoryName=name)


def test_policies_can_be_tried_before_they_are_set(door, meet, ecr, name):
    user, arn = meet(), repository_arn(name)
    assert not door.verdict(user.arn, "ecr:ListImages", arn)["allowed"]
    assert door.verdict(user.arn, "ecr:ListImages", arn, identity_policies=[allow("ecr:List*")])["allowed"]
    assert door.verdict(user.arn, "ecr:ListImages", arn, repository_policy=policy(to(user.arn, "ecr:ListImages")))["allowed"]
    told = door.verdict(LEARNER, "ecr:ListImages", arn, identity_policies=[])
    assert told["message"] == denied(LEARNER, "ecr:ListImages", arn)
    assert ecr.list_images(repositoryName=name)["imageIds"] == []
    with refused("AccessDeniedException"):
        user.ecr.list_images(repositoryName=name)


def test_a_call_from_elsewhere_can_be_tried(door, name):
    here = [allow("ecr:ListImages", Condition={"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}})]
    for address, allowed in (("127.0.0.1", True), ("203.0.113.9", False)):
        told = door.verdict(LEARNER, "ecr:ListImages", repository_arn(name), identity_policies=here, context={"aws:SourceIp": address})
        assert told["allowed"] == allowed


def test_two_accounts_have_two_sides(door, ecr, name):
    partner = f"arn:aws:iam::{PARTNER}:user/learner"
    assert "no resource-based policy" in door.verdict(partner, "ecr:ListImages", repository_arn(name))["because"]
    ecr.set_repository_policy(repositoryName=name, policyText=policy(to(f"arn:aws:iam::{PARTNER}:root", actions("ListImages"))))
    assert door.verdict(partner, "ecr:ListImages", repository_arn(name))["allowed"]
    assert "no identity-based policy" in door.verdict(partner, "ecr:ListImages", repository_arn(name), identity_policies=[])["because"]


def test_who_can_be_named_by_access_key_and_a_role_by_its_arn(door, meet, aws, name):
    user = meet(allow("ecr:ListImages"))
    assert door.verdict(user.keys["aws_access_key_id"], "ecr:ListImages", repository_arn(name))["allowed"]
    trust = policy({"Effect": "Allow", "Principal": {"AWS": user.arn}, "Action": "sts:AssumeRole"})
    role = aws("iam").create_role(RoleName=user.name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    told = door.verdict(role, "ecr:ListImages", repository_arn(name))
    assert f":assumed-role/{user.name}/" in told["message"]
    assert not told["allowed"]
    assert door.verdict(user.arn, "sts:AssumeRole", role)["allowed"]


@pytest.mark.parametrize(
    "asked",
    [
        {"principal_arn": "arn:aws:iam::111122223333:user/nobody"},
        {"principal_arn": "AKIANOSUCHKEY"},
        {"action": "ecr"},
        {"action": "ecr:Put*"},
        {"identity_policies": ["{"]},
        {"repository_policy": "[]"},
        {"repository_policy": 7},
        {"context": []},
        {"identity_policies": [allow("ecr:*"), "[" * 5000]},
    ],
)
def test_what_can_not_be_asked_is_said_in_a_sentence(door, asked):
    question = {"principal_arn": LEARNER, "action": "ecr:PutImage", "resource": repository_arn("web")} | asked
    with pytest.raises(DoorError, match="."):
        door.verdict(**question)


def test_asking_leaves_no_trace(door, name, lab_state):
    def count():
        with closing(sqlite3.connect(lab_state / "lab.sqlite")) as database:
            return database.execute("SELECT count(*) FROM ledger WHERE account = ?", (OWNER,)).fetchone()

    before = count()
    door.verdict(LEARNER, "ecr:DeleteRepository", repository_arn(name))
    assert count() == before
