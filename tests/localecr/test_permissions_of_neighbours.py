"""Who may do what with the neighbours: the same decision as for the registry, refused with the code that each service has. AWS:
"Troubleshoot access denied error messages", each service's page on resource-based policies."""

from __future__ import annotations

import json

import pytest

from awsapi import refused
from grants import allow, denied, policy, statement, to

OWNER, PARTNER = "111122223333", "444455556666"
HERE = f"us-east-1:{OWNER}"
# service → a call without parameters, its action as a refusal spells it, its resource, and the service's code for a denied access
CALLS = {
    "iam": ("list_users", "iam:ListUsers", f"arn:aws:iam::{OWNER}:user/", "AccessDenied"),
    "sqs": ("list_queues", "sqs:listqueues", f"arn:aws:sqs:{HERE}:", "AccessDenied"),
    "sns": ("list_topics", "SNS:ListTopics", f"arn:aws:sns:{HERE}:*", "AuthorizationError"),
    "cloudwatch": ("describe_alarms", "cloudwatch:DescribeAlarms", f"arn:aws:cloudwatch:{HERE}:alarm:*", "AccessDenied"),
    "events": ("list_rules", "events:ListRules", None, "AccessDeniedException"),
    "logs": ("describe_log_groups", "logs:DescribeLogGroups", f"arn:aws:logs:{HERE}:log-group::log-stream:", "AccessDeniedException"),
    "secretsmanager": ("list_secrets", "secretsmanager:ListSecrets", "*", "AccessDeniedException"),
}


@pytest.mark.parametrize("service", CALLS)
def test_what_is_not_allowed_is_refused_in_the_services_own_way(meet, service):
    operation, action, resource, code = CALLS[service]
    nobody = meet()
    with refused(code, resource and denied(nobody.arn, action, resource)):
        getattr(nobody.client(service), operation)()
    nobody.may(allow(action))
    getattr(nobody.client(service), operation)()


def test_who_one_is_takes_no_permission(meet):
    nobody = meet(policy(statement("Deny", "*")))
    assert nobody.client("sts").get_caller_identity()["Arn"] == nobody.arn


def test_a_queues_policy_lets_somebody_send_who_has_no_policy(meet, aws, free_repository):
    queue, nobody = aws("sqs").create_queue(QueueName=free_repository)["QueueUrl"], meet()
    with refused("AccessDenied", denied(nobody.arn, "sqs:sendmessage", f"arn:aws:sqs:{HERE}:{free_repository}")):
        nobody.client("sqs").send_message(QueueUrl=queue, MessageBody="hello")
    letting = policy(to(nobody.arn, "sqs:SendMessage", Resource=f"arn:aws:sqs:{HERE}:{free_repository}"))
    aws("sqs").set_queue_attributes(QueueUrl=queue, Attributes={"Policy": letting})
    nobody.client("sqs").send_message(QueueUrl=queue, MessageBody="hello")
    nobody.client("sqs").send_message_batch(QueueUrl=queue, Entries=[{"Id": "1", "MessageBody": "more"}])
    with refused("AccessDenied"):
        nobody.client("sqs").receive_message(QueueUrl=queue)


def trust(who, **condition):
    return json.dumps({"Version": "2012-10-17", "Statement": [to(who, "sts:AssumeRole") | ({"Condition": condition} if condition else {})]})


@pytest.fixture
def role(aws, free_repository):
    """`role(trust policy)`: the ARN of a role with it."""

    def make(document):
        return aws("iam").create_role(RoleName=free_repository[-60:].strip("-"), AssumeRolePolicyDocument=document)["Role"]["Arn"]

    return make


def test_a_role_is_assumed_by_whom_it_trusts_alone_and_a_refusal_does_not_say_why(meet, role):
    """AssumeRole is the one operation whose refusal has no reason."""
    trusted, other = meet(), meet(allow("sts:AssumeRole"))
    arn = role(trust(trusted.arn))
    assert trusted.client("sts").assume_role(RoleArn=arn, RoleSessionName="mine")["Credentials"]
    with refused("AccessDenied", f"User: {other.arn} is not authorized to perform: sts:AssumeRole on resource: {arn}"):
        other.client("sts").assume_role(RoleArn=arn, RoleSessionName="mine")


def test_who_is_trusted_by_name_is_not_whoever_has_that_name_later(meet, role, aws):
    """A trust policy keeps the unique id, and shows it once the user is gone. AWS: "Principal", IAM user principals."""
    user, iam = meet(), aws("iam")
    arn = role(trust(user.arn))
    name = arn.rpartition("/")[2]

    def trusted():
        (role,) = (each for page in iam.get_paginator("list_roles").paginate() for each in page["Roles"] if each["RoleName"] == name)
        assert role["AssumeRolePolicyDocument"] == iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
        return role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]["AWS"]

    user_id = iam.get_user(UserName=user.name)["User"]["UserId"]
    assert trusted() == user.arn
    assert user.client("sts").assume_role(RoleArn=arn, RoleSessionName="mine")["Credentials"]
    iam.delete_access_key(UserName=user.name, AccessKeyId=user.keys["aws_access_key_id"])
    iam.delete_user(UserName=user.name)
    assert trusted() == user_id
    iam.create_user(UserName=user.name)
    key = iam.create_access_key(UserName=user.name)["AccessKey"]
    user.keys |= {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
    with refused("AccessDenied"):
        user.client("sts").assume_role(RoleArn=arn, RoleSessionName="mine")
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=trust(user.arn))
    assert user.client("sts").assume_role(RoleArn=arn, RoleSessionName="mine")["Credentials"]


def test_an_account_that_is_trusted_chooses_who_may(meet, role):
    arn = role(trust(f"arn:aws:iam::{PARTNER}:root"))
    chosen, other = meet(allow("sts:AssumeRole", arn), account=PARTNER), meet(account=PARTNER)
    assert chosen.client("sts").assume_role(RoleArn=arn, RoleSessionName="theirs")["Credentials"]
    with refused("AccessDenied"):
        other.client("sts").assume_role(RoleArn=arn, RoleSessionName="theirs")


def test_an_external_id_can_be_demanded(meet, role):
    partner = meet(allow("sts:AssumeRole"), account=PARTNER)
    arn = role(trust(f"arn:aws:iam::{PARTNER}:root", StringEquals={"sts:ExternalId": "a-shared-word"}))
    for more in ({}, {"ExternalId": "another"}):
        with refused("AccessDenied"):
            partner.client("sts").assume_role(RoleArn=arn, RoleSessionName="theirs", **more)
    assert partner.client("sts").assume_role(RoleArn=arn, RoleSessionName="theirs", ExternalId="a-shared-word")["Credentials"]


def test_tags_of_a_session_take_a_permission_of_their_own(meet, role):
    user = meet()
    arn = role(trust(user.arn))
    with refused("AccessDenied", f"User: {user.arn} is not authorized to perform: sts:TagSession on resource: {arn}"):
        user.client("sts").assume_role(RoleArn=arn, RoleSessionName="mine", Tags=[{"Key": "team", "Value": "web"}])


# --- keys of the services' own ------------------------------------------------------------------------------------------------------------


def test_ecrs_full_access_makes_the_one_role_that_replication_needs(meet, aws):
    """AmazonEC2ContainerRegistryFullAccess asks for ``iam:AWSServiceName``."""
    user = meet()
    aws("iam").attach_user_policy(UserName=user.name, PolicyArn="arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryFullAccess")
    with refused("AccessDenied"):
        user.client("iam").create_service_linked_role(AWSServiceName="ecs.amazonaws.com")
    user.client("iam").create_service_linked_role(AWSServiceName="replication.ecr.amazonaws.com")


def test_who_gives_policies_can_be_held_to_some_of_them(meet):
    """AWS: "Controlling access to policies", ``iam:PolicyARN``."""
    pull_only, administrator = (f"arn:aws:iam::aws:policy/{name}" for name in ("AmazonEC2ContainerRegistryPullOnly", "AdministratorAccess"))
    giver, other = meet(allow("iam:AttachUserPolicy", Condition={"ArnEquals": {"iam:PolicyARN": pull_only}})), meet()
    giver.client("iam").attach_user_policy(UserName=other.name, PolicyArn=pull_only)
    with refused("AccessDenied"):
        giver.client("iam").attach_user_policy(UserName=other.name, PolicyArn=administrator)


def test_who_makes_users_can_be_held_to_a_boundary(meet, aws, free_repository):
    """AWS: "Delegating responsibility to others using permissions boundaries", ``iam:PermissionsBoundary``."""
    boundary = aws("iam").create_policy(PolicyName=free_repository[-60:].strip("-"), PolicyDocument=allow("ecr:*"))["Policy"]["Arn"]
    delegate, unbounded = meet(allow(["iam:CreateUser", "iam:PutUserPolicy"], Condition={"StringEquals": {"iam:PermissionsBoundary": boundary}})), meet()
    iam, name = delegate.client("iam"), f"{delegate.name}-made"
    with refused("AccessDenied"):
        iam.create_user(UserName=name)
    iam.create_user(UserName=name, PermissionsBoundary=boundary)
    iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=allow("ecr:*"))
    with refused("AccessDenied"):
        iam.put_user_policy(UserName=unbounded.name, PolicyName="p", PolicyDocument=allow("ecr:*"))


def test_metrics_are_put_into_the_namespace_that_is_allowed(meet):
    data = [{"MetricName": "Builds", "Value": 1}]
    builder = meet(allow("cloudwatch:PutMetricData", Condition={"StringEquals": {"cloudwatch:namespace": "Builds"}})).client("cloudwatch")
    builder.put_metric_data(Namespace="Builds", MetricData=data)
    with refused("AccessDenied"):
        builder.put_metric_data(Namespace="Other", MetricData=data)
