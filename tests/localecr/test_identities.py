"""Users, roles and keys that learners make: who signs with them, when they stop working, and what is known of them when a call is decided.

AWS: IAM user guide, managing access keys; IAM identifiers; AWS managed policies for Amazon ECR.
"""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path

import pytest
import requests
from botocore.exceptions import ClientError

from localecr import identities
from people import ACCOUNT, PARTNER, document, fresh, signing, trust
from wire import basic

FACTS = Path(__file__).parent / "managed-policies.json"


def refused(call, **given):
    with pytest.raises(ClientError) as error:
        call(**given)
    return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]


@pytest.fixture
def iam(aws):
    return aws("iam")


@pytest.fixture
def user(iam):
    """The name of a user of this test's own, who may do everything."""
    name = fresh("user")
    iam.create_user(UserName=name)
    iam.attach_user_policy(UserName=name, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    return name


@pytest.fixture
def key(iam, user):
    return iam.create_access_key(UserName=user)["AccessKey"]


@pytest.fixture
def as_user(lab_endpoint, key):
    """`as_user("ecr")`: a client that signs with that user's key."""
    return signing(lab_endpoint.url, key)


@pytest.fixture
def kept(lab_endpoint):
    """`kept(user=…)` or `kept(role=…)`: what the lab knows of an identity when it decides."""

    def look(**who):
        return identities.policies_of(lab_endpoint._database, identities.Principal(ACCOUNT, **who))

    return look


def test_a_user_signs_with_a_key_at_once(as_user, user):
    assert as_user("sts").get_caller_identity()["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/{user}"
    assert as_user("ecr").describe_registry()["registryId"] == ACCOUNT


def test_a_users_path_is_part_of_its_arn(iam, lab_endpoint):
    name = fresh("user")
    assert iam.create_user(UserName=name, Path="/team/a/")["User"]["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/team/a/{name}"
    as_user = signing(lab_endpoint.url, iam.create_access_key(UserName=name)["AccessKey"])
    assert as_user("sts").get_caller_identity()["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/team/a/{name}"


def test_ids_have_awss_prefixes(iam):
    name, text = fresh("x"), document("ecr:*")
    assert re.fullmatch("AIDA[A-Z2-7]{17}", iam.create_user(UserName=name)["User"]["UserId"])
    assert re.fullmatch("AGPA[A-Z2-7]{17}", iam.create_group(GroupName=name)["Group"]["GroupId"])
    assert iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(ACCOUNT))["Role"]["RoleId"].startswith("AROA")
    assert iam.create_policy(PolicyName=name, PolicyDocument=text)["Policy"]["PolicyId"].startswith("ANPA")
    assert iam.create_access_key(UserName=name)["AccessKey"]["AccessKeyId"].startswith("AKIA")


def test_an_inactive_key_opens_nothing_until_it_is_active_again(iam, as_user, user, key):
    def set_status(status):
        iam.update_access_key(UserName=user, AccessKeyId=key["AccessKeyId"], Status=status)

    set_status("Inactive")
    assert refused(as_user("ecr").describe_registry)[0] == "UnrecognizedClientException"
    assert refused(as_user("iam").get_user)[0] == "InvalidClientTokenId"
    set_status("Active")
    assert as_user("ecr").describe_registry()["registryId"] == ACCOUNT


@pytest.mark.parametrize("end", ["key inactive", "key deleted", "user deleted", "user made anew"])
def test_registry_tokens_end_with_the_key_and_the_user(iam, as_user, user, key, lab_endpoint, end):
    (data,) = as_user("ecr").get_authorization_token()["authorizationData"]
    password = base64.b64decode(data["authorizationToken"]).decode().removeprefix("AWS:")

    def enter():
        return requests.get(f"{lab_endpoint.url}/v2/", headers={"Authorization": basic(password)}, timeout=60).status_code

    assert enter() == 200
    if end == "key inactive":
        iam.update_access_key(UserName=user, AccessKeyId=key["AccessKeyId"], Status="Inactive")
    else:
        iam.delete_access_key(UserName=user, AccessKeyId=key["AccessKeyId"])
    if end.startswith("user"):
        iam.detach_user_policy(UserName=user, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
        iam.delete_user(UserName=user)
    if end == "user made anew":
        iam.create_user(UserName=user)
    assert enter() == 401


def test_a_user_is_about_itself_where_it_names_nobody(as_user, user, key):
    iam = as_user("iam")
    assert iam.get_user()["User"]["UserName"] == user
    assert [each["AccessKeyId"] for each in iam.list_access_keys()["AccessKeyMetadata"]] == [key["AccessKeyId"]]


def test_a_user_with_a_key_or_in_a_group_is_not_deleted(iam):
    name, group = fresh("user"), fresh("group")
    iam.create_user(UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]["AccessKeyId"]
    assert refused(iam.delete_user, UserName=name) == ("DeleteConflict", "Cannot delete entity, must delete access keys first.")
    iam.delete_access_key(UserName=name, AccessKeyId=key)
    iam.create_group(GroupName=group)
    iam.add_user_to_group(GroupName=group, UserName=name)
    assert refused(iam.delete_user, UserName=name) == ("DeleteConflict", "Cannot delete entity, must remove users from group first.")


def test_a_renamed_user_keeps_its_key_until_that_is_deleted(iam, as_user, user, key):
    name = fresh("renamed")
    iam.update_user(UserName=user, NewUserName=name)
    assert as_user("sts").get_caller_identity()["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/{name}"
    iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
    assert refused(as_user("sts").get_caller_identity)[0] == "InvalidClientTokenId"
    assert refused(iam.update_user, UserName=name, NewUserName="learner")[0] == "EntityAlreadyExists"


def test_what_is_in_use_is_not_deleted(iam, user):
    group, text = fresh("group"), document("ecr:*")
    iam.create_group(GroupName=group)
    iam.add_user_to_group(GroupName=group, UserName=user)
    assert refused(iam.delete_group, GroupName=group) == ("DeleteConflict", "Cannot delete entity, must remove users from group first.")
    iam.remove_user_from_group(GroupName=group, UserName=user)
    arn = iam.create_policy(PolicyName=group, PolicyDocument=text)["Policy"]["Arn"]
    iam.attach_group_policy(GroupName=group, PolicyArn=arn)
    assert refused(iam.delete_group, GroupName=group) == ("DeleteConflict", "Cannot delete entity, must detach all policies first.")
    assert refused(iam.delete_policy, PolicyArn=arn) == ("DeleteConflict", "Cannot delete a policy attached to entities.")
    iam.detach_group_policy(GroupName=group, PolicyArn=arn)
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=text)
    assert "more than one version" in refused(iam.delete_policy, PolicyArn=arn)[1]
    iam.delete_policy_version(PolicyArn=arn, VersionId="v2")
    iam.delete_policy(PolicyArn=arn)
    iam.delete_group(GroupName=group)


def test_a_boundary_that_is_not_there_bounds_nobody(iam):
    name, arn = fresh("user"), f"arn:aws:iam::{ACCOUNT}:policy/none"
    assert refused(iam.create_user, UserName=name, PermissionsBoundary=arn)[0] == "NoSuchEntity"
    assert refused(iam.create_role, RoleName=name, AssumeRolePolicyDocument=trust(ACCOUNT), PermissionsBoundary=arn)[0] == "NoSuchEntity"
    assert refused(iam.get_user, UserName=name)[0] == "NoSuchEntity"


def test_the_learner_is_there_and_stays(iam, door):
    (attached,) = iam.list_attached_user_policies(UserName="learner")["AttachedPolicies"]
    assert attached["PolicyName"] == "AdministratorAccess"
    (listed,) = iam.list_access_keys(UserName="learner")["AccessKeyMetadata"]
    assert listed["AccessKeyId"] == door.keys(ACCOUNT)["access_key_id"]
    for call, given in [
        (iam.delete_user, {"UserName": "learner"}),
        (iam.update_user, {"UserName": "learner", "NewUserName": "teacher"}),
        (iam.delete_access_key, {"UserName": "learner", "AccessKeyId": listed["AccessKeyId"]}),
        (iam.update_access_key, {"UserName": "learner", "AccessKeyId": listed["AccessKeyId"], "Status": "Inactive"}),
    ]:
        code, message = refused(call, **given)
        assert (code, "the notebooks work" in message) == ("AccessDenied", True)
    assert iam.get_user(UserName="learner")["User"]["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/learner"


def test_the_learner_can_have_a_second_key(iam, lab_endpoint, door):
    second = iam.create_access_key(UserName="learner")["AccessKey"]
    try:
        assert signing(lab_endpoint.url, second)("sts").get_caller_identity()["Arn"].endswith("user/learner")
        assert door.keys(ACCOUNT)["access_key_id"] != second["AccessKeyId"]
    finally:
        iam.delete_access_key(UserName="learner", AccessKeyId=second["AccessKeyId"])


def test_the_checks_reader_is_nobody_that_iam_knows(iam, door):
    door.keys(ACCOUNT, "checker")
    assert "ecrlab-checker" not in [each["UserName"] for each in iam.list_users()["Users"]]
    assert refused(iam.get_user, UserName="ecrlab-checker")[0] == "NoSuchEntity"


def test_each_account_has_people_of_its_own(aws, iam, user):
    assert refused(aws("iam", PARTNER).get_user, UserName=user)[0] == "NoSuchEntity"
    assert aws("iam", PARTNER).get_user()["User"]["Arn"] == f"arn:aws:iam::{PARTNER}:user/learner"


def test_every_policy_of_a_user_is_known(iam, kept):
    name, group, text = fresh("user"), fresh("group"), document("ecr:ListImages")
    iam.create_user(UserName=name, Tags=[{"Key": "team", "Value": "shop"}])
    iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=text)
    arn = iam.create_policy(PolicyName=name, PolicyDocument=text)["Policy"]["Arn"]
    iam.attach_user_policy(UserName=name, PolicyArn=arn)
    iam.create_group(GroupName=group)
    iam.put_group_policy(GroupName=group, PolicyName="all", PolicyDocument=text)
    iam.attach_group_policy(GroupName=group, PolicyArn="arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryReadOnly")
    iam.add_user_to_group(GroupName=group, UserName=name)
    iam.put_user_permissions_boundary(UserName=name, PermissionsBoundary="arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPowerUser")
    entity = kept(user=name)
    assert [each.name for each in entity.policies] == ["own", name, "all", "AmazonEC2ContainerRegistryReadOnly"]
    assert (entity.boundary.name, entity.tags) == ("AmazonEC2ContainerRegistryPowerUser", {"team": "shop"})
    assert iam.get_user(UserName=name)["User"]["PermissionsBoundary"]["PermissionsBoundaryArn"] == entity.boundary.arn
    iam.remove_user_from_group(GroupName=group, UserName=name)
    iam.delete_user_permissions_boundary(UserName=name)
    assert [each.name for each in kept(user=name).policies] == ["own", name]
    assert kept(user=name).boundary is None


def test_a_new_version_counts_when_it_becomes_the_default(iam, kept):
    name = fresh("user")
    iam.create_user(UserName=name)
    arn = iam.create_policy(PolicyName=name, PolicyDocument=document("ecr:ListImages"))["Policy"]["Arn"]
    iam.attach_user_policy(UserName=name, PolicyArn=arn)
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=document("ecr:PutImage"))
    assert "ListImages" in kept(user=name).policies[0].document
    iam.set_default_policy_version(PolicyArn=arn, VersionId="v2")
    assert "PutImage" in kept(user=name).policies[0].document


def test_a_roles_policies_and_boundary_are_known(iam, kept):
    name = fresh("role")
    boundary = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryReadOnly"
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(ACCOUNT), PermissionsBoundary=boundary, Tags=[{"Key": "stage", "Value": "test"}])
    iam.attach_role_policy(RoleName=name, PolicyArn="arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy")
    entity = kept(role=name)
    assert [each.name for each in entity.policies] == ["AmazonECSTaskExecutionRolePolicy"]
    assert (entity.boundary.arn, entity.tags) == (boundary, {"stage": "test"})


@pytest.mark.parametrize("text", ["", "{", "[]", '{"Version": "2012-10-17"}', document("ecr:*", effect="Maybe"), document("pull"), document("ecr:*", resource="repository/web")])
def test_a_malformed_policy_is_refused(iam, user, text):
    for call, given in [
        (iam.create_policy, {"PolicyName": fresh("policy"), "PolicyDocument": text or " "}),
        (iam.put_user_policy, {"UserName": user, "PolicyName": "p", "PolicyDocument": text or " "}),
    ]:
        assert refused(call, **given)[0] == "MalformedPolicyDocument"


@pytest.mark.parametrize(
    "condition",
    [
        {"stringequals": {"AWS:username": "x"}},
        {"foranyvalue:StringLikeifexists": {"aws:TagKeys": "x"}},
        {"DateLessThan": {"aws:CurrentTime": "2030-01-01T00:00Z"}},
        {"NumericLessThan": {"aws:MultiFactorAuthAge": 300}},
    ],
)
def test_a_policy_is_kept_however_its_conditions_are_spelt(iam, user, condition):
    """The simulator and the evaluator take them, so they must be there to be evaluated."""
    text = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "ECR:*", "Resource": "*", "Condition": condition}})
    iam.put_user_policy(UserName=user, PolicyName="p", PolicyDocument=text)
    assert iam.get_user_policy(UserName=user, PolicyName="p")["PolicyDocument"]["Statement"]["Condition"] == condition
    iam.create_role(RoleName=fresh("role"), AssumeRolePolicyDocument=trust(ACCOUNT, "sts:AssumeRole", **condition))


def test_the_older_language_is_taken_but_for_managed_policies(iam, user):
    """Trust policies of many a guide are written in it (Amazon ECS: task execution role)."""
    for version in ({"Version": "2008-10-17"}, {}):
        text = json.dumps(version | {"Statement": {"Effect": "Allow", "Action": "ecr:*", "Resource": "*"}})
        iam.put_user_policy(UserName=user, PolicyName="p", PolicyDocument=text)
        told = ("MalformedPolicyDocument", "Policy document must be version 2012-10-17 or greater.")
        assert refused(iam.create_policy, PolicyName=fresh("policy"), PolicyDocument=text) == told
    of_tasks = json.loads(trust({"Service": "ecs-tasks.amazonaws.com"})) | {"Version": "2008-10-17"}
    iam.create_role(RoleName=fresh("role"), AssumeRolePolicyDocument=json.dumps(of_tasks))


@pytest.mark.parametrize(("kind", "largest"), [("user", 2048), ("group", 5120), ("role", 10_240)])
def test_inline_policies_have_room_for_so_much_together(iam, kind, largest):
    name, whose = fresh(kind), f"{kind.title()}Name"
    getattr(iam, f"create_{kind}")(**{whose: name} | ({"AssumeRolePolicyDocument": trust(ACCOUNT)} if kind == "role" else {}))
    put, half = getattr(iam, f"put_{kind}_policy"), document("ecr:" + "x" * (largest // 2))
    put(**{whose: name, "PolicyName": "one", "PolicyDocument": half.replace(",", ",    ")})
    put(**{whose: name, "PolicyName": "one", "PolicyDocument": half})
    told = ("LimitExceeded", f"Maximum policy size of {largest} bytes exceeded for {kind} {name}")
    assert refused(put, **{whose: name, "PolicyName": "two", "PolicyDocument": half}) == told


def test_a_managed_policy_has_room_for_so_much(iam):
    assert refused(iam.create_policy, PolicyName=fresh("long"), PolicyDocument=document("ecr:" + "x" * 6144))[0] == "LimitExceeded"


def test_when_a_key_was_last_used(iam, as_user, user, key, door):
    def last():
        return iam.get_access_key_last_used(AccessKeyId=key["AccessKeyId"])

    assert last()["AccessKeyLastUsed"] == {"ServiceName": "N/A", "Region": "N/A"}
    as_user("ecr", "eu-west-1").describe_registry()
    assert last()["UserName"] == user
    assert last()["AccessKeyLastUsed"] == {"LastUsedDate": door.clock().replace(microsecond=0), "ServiceName": "ecr", "Region": "eu-west-1"}


def test_a_trust_policy_names_who_is_trusted(iam):
    assert refused(iam.create_role, RoleName=fresh("role"), AssumeRolePolicyDocument=document("sts:AssumeRole"))[0] == "MalformedPolicyDocument"


@pytest.mark.parametrize("name", sorted(json.loads(FACTS.read_text())))
def test_a_managed_policy_has_awss_actions(iam, name):
    fact = json.loads(FACTS.read_text())[name]
    policy = iam.get_policy(PolicyArn=f"arn:aws:iam::aws:policy{fact['path']}{name}")["Policy"]
    document = iam.get_policy_version(PolicyArn=policy["Arn"], VersionId=policy["DefaultVersionId"])["PolicyVersion"]["Document"]
    actions = [action for statement in document["Statement"] for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])]
    assert sorted(set(actions)) == sorted(fact["actions"])
