"""Cells that act as somebody else, and labs that say what IAM decides: against the real embedded AWS."""

from __future__ import annotations

import json
from collections.abc import Iterator

import docker.errors
import pytest

from ecrlab import identities, show
from ecrlab.errors import LabError
from ecrlab.local import LocalLab
from ecrlab.rights import PULL, PUSH, TOKEN, Rights, administrator, user

ME = "111122223333"


@pytest.fixture(scope="module")
def lab(door) -> LocalLab:
    return LocalLab(door)


@pytest.fixture
def iam(lab):
    return lab.client("iam")


@pytest.fixture
def repository(lab, free_repository) -> Iterator[str]:
    """The ARN of a repository that is there."""
    ecr = lab.client("ecr")
    yield ecr.create_repository(repositoryName=free_repository)["repository"]["repositoryArn"]
    lab.reader("ecr").delete_repository(repositoryName=free_repository, force=True)


@pytest.fixture
def name(request, iam) -> Iterator[str]:
    """The name of a user that is there, and goes again."""
    name = "user-" + str(abs(hash(request.node.nodeid)))[:12]
    iam.create_user(UserName=name)
    yield name
    identities.delete(iam, "user", name)


def allow(iam, name: str, actions, resource: str) -> None:
    document = {"Version": "2012-10-17", "Statement": [{"Sid": "it", "Effect": "Allow", "Action": list(actions), "Resource": resource}]}
    iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=json.dumps(document))


def test_a_session_with_an_access_key_is_that_user(lab, iam, name):
    session = lab.session(keys=iam.create_access_key(UserName=name)["AccessKey"])
    assert session.client("sts").get_caller_identity()["Arn"] == f"arn:aws:iam::{ME}:user/{name}"


def test_a_session_with_the_credentials_of_a_role_is_that_role(lab, iam, name):
    trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": ME}, "Action": "sts:AssumeRole"}]}
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    opened = lab.client("sts").assume_role(RoleArn=role, RoleSessionName="noon")["Credentials"]
    assert lab.session(keys=opened).client("sts").get_caller_identity()["Arn"] == f"arn:aws:sts::{ME}:assumed-role/{name}/noon"
    identities.delete(iam, "role", name)


@pytest.mark.parametrize("keys", [{}, {"AccessKeyId": "AKIA"}, "AKIA", {"access_key_id": "a", "secret_access_key": "b"}])
def test_what_are_no_keys_is_said(lab, keys):
    with pytest.raises(LabError, match="These are no keys"):
        lab.session(keys=keys)


def test_docker_is_logged_in_as_the_session_until_somebody_else_is(lab, iam, name, repository, monkeypatch):
    monkeypatch.setenv("ECRLAB_ENGINE", "dockerless")
    session = lab.session(keys=iam.create_access_key(UserName=name)["AccessKey"])
    allow(iam, name, [TOKEN], "*")
    uri = f"{lab.registry()}/{repository.partition('/')[2]}"
    lab.login(session=session)
    with pytest.raises(docker.errors.APIError, match=f"user/{name} is not authorized to perform: ecr:BatchGetImage"):
        lab.docker.images.pull(uri, tag="1.0")
    lab.login()
    with pytest.raises(docker.errors.NotFound):
        lab.docker.images.pull(uri, tag="1.0")


def test_a_decision_says_what_decided_and_nothing_is_recorded(lab, iam, name, repository):
    allow(iam, name, PULL, repository)
    decided = lab.decision(f"arn:aws:iam::{ME}:user/{name}", PULL[0], repository)
    assert decided.allowed and [(each.kind, each.source, each.sid) for each in decided.decided_by][0][::2] == ("identity", "it")
    refused = lab.decision(f"arn:aws:iam::{ME}:user/{name}", PUSH[-1], repository)
    assert not refused.allowed and refused.message.endswith("because no identity-based policy allows the ecr:PutImage action")
    assert refused.steps and refused.decided_by == ()


def test_a_decision_may_be_asked_with_other_policies(lab, iam, name, repository):
    whose = f"arn:aws:iam::{ME}:user/{name}"
    open_to = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": whose}, "Action": PULL[0]}]})
    ecr = lab.client("ecr")
    ecr.set_repository_policy(repositoryName=repository.partition("/")[2], policyText=open_to)
    assert lab.decision(whose, PULL[0], repository).allowed
    assert not lab.decision(whose, PULL[0], repository, repository_policy="").allowed
    assert not lab.decision(whose, PULL[1], repository).allowed
    assert administrator(lab).may(PULL[1], repository)


def test_nobody_of_that_name_is_said(lab, repository):
    with pytest.raises(LabError, match="There is no user"):
        lab.decision(f"arn:aws:iam::{ME}:user/nobody", PULL[0], repository)
    assert user(lab, "nobody") is None


def test_rights_in_a_table(lab, iam, name, repository):
    allow(iam, name, PULL, repository)
    table = repr(show.rights(lab, {"newcomer": f"arn:aws:iam::{ME}:user/{name}", "you": lab.arn()}, [repository.partition("/")[2]]))
    assert [line.split(maxsplit=1)[1].strip() for line in table.splitlines()[3:]] == ["pull", "look, pull, push, delete"]


def test_policies_of_a_user_come_from_the_user_and_its_groups(lab, iam, name, repository):
    allow(iam, name, PULL, repository)
    iam.attach_user_policy(UserName=name, PolicyArn="arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly")
    iam.create_group(GroupName=name)
    iam.put_group_policy(GroupName=name, PolicyName="more", PolicyDocument=json.dumps(iam.get_user_policy(UserName=name, PolicyName="own")["PolicyDocument"]))
    iam.add_user_to_group(GroupName=name, UserName=name)
    found = identities.documents(lab.reader("iam"), f"arn:aws:iam::{ME}:user/{name}")
    assert [each for each, _ in found] == [
        f"own (inline, user {name})", f"AmazonEC2ContainerRegistryPullOnly (attached to user {name})", f"more (inline, group {name})",
    ]  # fmt: skip
    assert identities.documents(lab.reader("iam"), f"arn:aws:iam::{ME}:user/nobody") == []
    assert identities.delete(iam, "group", name) and not identities.exists(iam, "group", name)


def test_a_policy_goes_with_its_versions_and_wherever_it_is_attached(iam, name):
    document = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "ecr:*", "Resource": "*"}]})
    arn = iam.create_policy(PolicyName=name, PolicyDocument=document)["Policy"]["Arn"]
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=document, SetAsDefault=True)
    iam.attach_user_policy(UserName=name, PolicyArn=arn)
    assert identities.exists(iam, "policy", name)
    assert identities.delete(iam, "policy", name) and not identities.exists(iam, "policy", name)
    assert not identities.delete(iam, "policy", name)


@pytest.mark.parametrize("actions", [["ecr:BatchDeleteImage", "ecr:DeleteRepository"], ["ecr:*"]])
def test_a_policy_that_locks_everybody_out_does_not_hold_the_clean_up_back(lab, free_repository, actions):
    from ecrlab import cleanup
    from ecrlab.content import Repository

    ecr = lab.client("ecr")
    ecr.create_repository(repositoryName=free_repository)
    deny = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*", "Action": actions}]})
    ecr.set_repository_policy(repositoryName=free_repository, policyText=deny, force=True)
    shown = repr(cleanup.clean(lab, [Repository(free_repository)], []))
    assert "deleted" in shown and "nothing is left" in shown


def test_rights_ask_for_each_action(lab, repository):
    one = Rights(lab, lab.arn(), {"identity_policies": []})
    assert one.lacks(PULL, repository) == [*PULL] and one.has(PULL, repository) == []
