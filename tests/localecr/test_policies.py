"""Policies of private repositories and registries, and account settings. AWS: "Private repository policies", "Private registry
permissions in Amazon ECR", "SetRepositoryPolicy", "PutRegistryPolicy", "PutAccountSetting"."""

from __future__ import annotations

import json

import pytest

from awsapi import refused
from grants import PULL, PUSH, actions, allow, by_resource, denied, policy, repository_arn, to
from specimens import digest, image

OWNER, PARTNER = "111122223333", "444455556666"
LEARNER = f"arn:aws:iam::{OWNER}:user/learner"
INVALID = "Invalid parameter at 'PolicyText' failed to satisfy constraint: 'Invalid repository policy provided'"
INVALID_FOR_REGISTRY = "Invalid parameter at 'PolicyText' failed to satisfy constraint: 'Invalid registry policy provided'"


# --- repositories ------------------------------------------------------------------------------------------------------------------------


def test_a_policy_is_kept_told_back_as_ecr_prints_it_and_deleted(ecr, name):
    missing = f"Repository policy does not exist for the repository with name '{name}' in the registry with id '{OWNER}'"
    with refused("RepositoryPolicyNotFoundException", missing):
        ecr.get_repository_policy(repositoryName=name)
    kept = ecr.set_repository_policy(repositoryName=name, policyText=policy(to(f"arn:aws:iam::{PARTNER}:root", actions(*PULL), Sid="partner pulls")))
    assert kept["policyText"] == (
        '{\n  "Version" : "2012-10-17",\n  "Statement" : [ {\n    "Effect" : "Allow",\n    "Principal" : {\n      "AWS" : '
        '"arn:aws:iam::444455556666:root"\n    },\n    "Action" : [ "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer" ],\n    "Sid" : "partner pulls"\n  } ]\n}'
    )
    assert (kept["registryId"], kept["repositoryName"]) == (OWNER, name)
    assert ecr.get_repository_policy(repositoryName=name)["policyText"] == kept["policyText"]
    assert ecr.delete_repository_policy(repositoryName=name)["policyText"] == kept["policyText"]
    with refused("RepositoryPolicyNotFoundException", missing):
        ecr.delete_repository_policy(repositoryName=name)


ROOT = f"arn:aws:iam::{PARTNER}:root"
DOCUMENTED = {  # AWS: "Private repository policy examples in Amazon ECR"
    "push and pull": to([LEARNER, f"arn:aws:iam::{PARTNER}:user/learner"], actions(*PUSH, *PULL)),
    "another account": to(ROOT, actions(*PUSH)),
    "administrators": to([LEARNER], "ecr:*"),
    "deny pulling to all": to("*", actions(*PULL), "Deny"),
    "an address range": to("*", "ecr:*", Condition={"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}, "IpAddress": {"aws:SourceIp": "54.240.143.0/24"}}),
    "CodeBuild": to(
        {"Service": "codebuild.amazonaws.com"},
        actions(*PULL),
        Condition={"ArnLike": {"aws:SourceArn": f"arn:aws:codebuild:us-east-1:{OWNER}:project/web"}, "StringEquals": {"aws:SourceAccount": OWNER}},
    ),
    "Lambda": to({"Service": "lambda.amazonaws.com"}, actions(*PULL)),
    "an account's id": to(PARTNER, "ecr:ListImages"),
    "with a resource": to("*", "ecr:ListImages", Resource="*"),
    "of the older language": to("*", "ecr:ListImages"),
    "all but one": {"Effect": "Deny", "NotPrincipal": {"AWS": [LEARNER, f"arn:aws:iam::{OWNER}:root"]}, "Action": "ecr:DeleteRepository"},
    "the log-in, without effect": to("*", ["ecr:GetAuthorizationToken", "ecr:BatchGetImage"]),
    "what is an action and no operation": to("*", ["ecr:ReplicateImage", "ecr:BatchImportUpstreamImage"]),
    "what isn't built": to("*", ["ecr:PutLifecyclePolicy", "ecr:StartImageScan"]),
}


@pytest.mark.parametrize("given", DOCUMENTED.values(), ids=DOCUMENTED)
def test_documented_policies_are_taken(ecr, name, given):
    version = {"Version": "2008-10-17"} if given == DOCUMENTED["of the older language"] else {"Version": "2012-10-17"}
    text = json.dumps(version | {"Statement": [given | {"Sid": "one"}, given | {"Sid": "one"}]})
    assert json.loads(ecr.set_repository_policy(repositoryName=name, policyText=text)["policyText"]) == json.loads(text)


REFUSED = {
    "no JSON": "{",
    "empty": "",
    "no object": "[]",
    "no statements": '{"Version": "2012-10-17"}',
    "another version": json.dumps({"Version": "2020-01-01", "Statement": [to("*", "ecr:*")]}),
    "a member of its own": json.dumps({"Version": "2012-10-17", "Statement": [to("*", "ecr:*")], "More": 1}),
    "no effect": policy({"Principal": "*", "Action": "*"}),
    "no principal": policy({"Effect": "Allow", "Action": "*"}),
    "a user that there isn't": policy(to(f"arn:aws:iam::{PARTNER}:user/nobody", "ecr:*")),
    "a role that there isn't": policy(to(f"arn:aws:iam::{PARTNER}:role/nobody", "ecr:*")),
    "a session of a role that there isn't": policy(to(f"arn:aws:sts::{PARTNER}:assumed-role/nobody/session", "ecr:*")),
    "a unique id": policy(to("AIDAABCDEFGHIJKLMNOPQ", "ecr:*")),
    "a group": policy(to(f"arn:aws:iam::{PARTNER}:group/developers", "ecr:*")),
    "a pattern for principals": policy(to(f"arn:aws:iam::{PARTNER}:user/*", "ecr:*")),
    "somebody from elsewhere": policy(to({"Federated": "cognito-identity.amazonaws.com"}, "ecr:*")),
    "an action that there isn't": policy(to("*", "ecr:PutEverything")),
    "an action of another service": policy(to("*", ["s3:GetObject"])),
    "a public registry's action": policy(to("*", ["ecr-public:PutImage"])),
    "a condition operator that there isn't": policy(to("*", "ecr:*", Condition={"StringAlmostEquals": {"aws:username": "x"}})),
    "an empty list": policy(to("*", [])),
    "a number": policy(to("*", 7)),
    "deep": "[" * 5000,
    "made to take long": policy(to("*", "ecr:" + "?*" * 40 + "!")),
}


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED)
def test_what_is_no_policy_is_refused_and_changes_nothing(ecr, name, text):
    kept = ecr.set_repository_policy(repositoryName=name, policyText=policy(to("*", "ecr:ListImages")))["policyText"]
    with refused("InvalidParameterException", INVALID):
        ecr.set_repository_policy(repositoryName=name, policyText=text)
    assert ecr.get_repository_policy(repositoryName=name)["policyText"] == kept


def test_a_policy_has_at_most_10240_characters(ecr, name):
    fits = policy(to("*", "ecr:ListImages"))
    ecr.set_repository_policy(repositoryName=name, policyText=fits + " " * (10240 - len(fits)))
    with refused("InvalidParameterException"):
        ecr.set_repository_policy(repositoryName=name, policyText=fits + " " * (10241 - len(fits)))


def test_a_resource_in_a_repositorys_policy_is_no_other_repository(ecr, meet, name):
    """It is about its repository, whatever it says."""
    user = meet()
    ecr.set_repository_policy(repositoryName=name, policyText=policy(to(user.arn, "ecr:ListImages", Resource=repository_arn("other"))))
    assert user.ecr.list_images(repositoryName=name)["imageIds"] == []


def test_whoever_would_lock_themselves_out_must_mean_it(ecr, name):
    """AWS's example: nobody from outside a range of addresses, which we are."""
    text = policy(to("*", "ecr:*", "Deny", Condition={"NotIpAddress": {"aws:SourceIp": "54.240.143.0/24"}}))
    with refused("InvalidParameterException"):
        ecr.set_repository_policy(repositoryName=name, policyText=text)
    with refused("RepositoryPolicyNotFoundException"):
        ecr.get_repository_policy(repositoryName=name)
    ecr.set_repository_policy(repositoryName=name, policyText=text, force=True)
    with refused("AccessDeniedException", denied(LEARNER, "ecr:DeleteRepositoryPolicy", repository_arn(name), "with an explicit deny in a resource-based policy")):
        ecr.delete_repository_policy(repositoryName=name)


def test_another_account_may_be_let_manage_the_policy_itself_and_not_give_that_away(aws, ecr, name):
    partners = aws("ecr", PARTNER)
    managing = policy(to(ROOT, actions("SetRepositoryPolicy", "GetRepositoryPolicy")))
    ecr.set_repository_policy(repositoryName=name, policyText=managing)
    partners.set_repository_policy(registryId=OWNER, repositoryName=name, policyText=managing)
    with refused("InvalidParameterException"):
        partners.set_repository_policy(registryId=OWNER, repositoryName=name, policyText=policy(to(ROOT, "ecr:ListImages")))
    assert partners.get_repository_policy(registryId=OWNER, repositoryName=name)["policyText"]
    with refused("AccessDeniedException"):
        partners.delete_repository_policy(registryId=OWNER, repositoryName=name)


def test_a_missing_repository_has_no_policy(ecr, free_repository):
    for call in (ecr.get_repository_policy, ecr.delete_repository_policy):
        with refused("RepositoryNotFoundException"):
            call(repositoryName=free_repository)
    with refused("RepositoryNotFoundException"):
        ecr.set_repository_policy(repositoryName=free_repository, policyText=policy(to("*", "ecr:*", "Deny")))


def test_a_user_is_named_by_arn_while_there_and_found_under_it(ecr, meet, name):
    user = meet()
    text = policy(to([user.arn, ROOT], "ecr:ListImages"))
    assert json.loads(ecr.set_repository_policy(repositoryName=name, policyText=text)["policyText"]) == json.loads(text)
    assert json.loads(ecr.get_repository_policy(repositoryName=name)["policyText"]) == json.loads(text)


# --- registries --------------------------------------------------------------------------------------------------------------------------

REGION = "eu-west-3"  # of which no other test has a registry


@pytest.fixture
def here(aws):
    """Your registry in a Region of this file's own, as it is without a policy."""
    registry = aws("ecr", region=REGION)
    yield registry
    try:
        registry.delete_registry_policy()
    except registry.exceptions.RegistryPolicyNotFoundException:
        pass
    registry.put_account_setting(name="REGISTRY_POLICY_SCOPE", value="V2")


def over(who, action, resource="*", effect="Allow", **more):
    """A statement of a registry's policy."""
    return to(who, action, effect, Resource=repository_arn(resource, region=REGION), **more)


def test_a_registrys_policy_is_kept_told_back_and_deleted(here):
    missing = f"Registry policy does not exist in the registry with id '{OWNER}'"
    with refused("RegistryPolicyNotFoundException", missing):
        here.get_registry_policy()
    text = policy(over(ROOT, ["ecr:ReplicateImage", "ecr:CreateRepository"]))
    kept = here.put_registry_policy(policyText=text)
    assert kept["registryId"] == OWNER
    assert json.loads(kept["policyText"]) == json.loads(text)
    assert here.get_registry_policy()["policyText"] == kept["policyText"]
    assert here.delete_registry_policy()["policyText"] == kept["policyText"]
    with refused("RegistryPolicyNotFoundException", missing):
        here.delete_registry_policy()


def test_a_registry_has_a_policy_in_each_region(aws, here):
    here.put_registry_policy(policyText=policy(over(ROOT, "ecr:ReplicateImage")))
    with refused("RegistryPolicyNotFoundException"):
        aws("ecr", region="eu-north-1").get_registry_policy()


def test_a_registrys_policy_acts_on_the_repositories_that_it_names(here, meet, free_repository):
    """Scope V2: a second policy for each of them, in every action of ECR."""
    user = meet()
    for name in ("shop/web", "base"):
        here.create_repository(repositoryName=f"{free_repository}/{name}")
    here.put_registry_policy(policyText=policy(over(user.arn, "ecr:ListImages", f"{free_repository}/shop/*")))
    ecr = user.client("ecr", REGION)
    assert ecr.list_images(repositoryName=f"{free_repository}/shop/web")["imageIds"] == []
    with refused("AccessDeniedException"):
        ecr.list_images(repositoryName=f"{free_repository}/base")
    here.put_registry_policy(policyText=policy(over("*", "ecr:ListImages", f"{free_repository}/base", "Deny")))
    arn = repository_arn(f"{free_repository}/base", region=REGION)
    with refused("AccessDeniedException", denied(LEARNER, "ecr:ListImages", arn, "with an explicit deny in a resource-based policy")):
        here.list_images(repositoryName=f"{free_repository}/base")
    with refused("AccessDeniedException"):
        ecr.list_images(repositoryName=f"{free_repository}/shop/web")


def test_another_account_may_be_let_create_repositories_by_a_registrys_policy(aws, here, free_repository):
    partners, arn = aws("ecr", PARTNER, REGION), repository_arn(free_repository, region=REGION)
    with refused("AccessDeniedException", by_resource(f"arn:aws:iam::{PARTNER}:user/learner", "ecr:CreateRepository", arn)):
        partners.create_repository(registryId=OWNER, repositoryName=free_repository)
    here.put_registry_policy(policyText=policy(over(ROOT, "ecr:CreateRepository", free_repository)))
    assert partners.create_repository(registryId=OWNER, repositoryName=free_repository)["repository"]["registryId"] == OWNER


def test_in_scope_v1_a_registrys_policy_has_a_say_in_three_actions_alone(here, free_repository):
    here.create_repository(repositoryName=free_repository)
    here.put_registry_policy(policyText=policy(over("*", "ecr:ListImages", effect="Deny")))
    with refused("AccessDeniedException"):
        here.list_images(repositoryName=free_repository)
    here.put_account_setting(name="REGISTRY_POLICY_SCOPE", value="V1")
    here.list_images(repositoryName=free_repository)
    for refused_actions in ("ecr:ListImages", "ecr:*", ["ecr:ReplicateImage", "ecr:PutImage"]):
        with refused("InvalidParameterException", INVALID_FOR_REGISTRY):
            here.put_registry_policy(policyText=policy(over("*", refused_actions)))
    here.put_registry_policy(policyText=policy(over("*", ["ecr:CreateRepository", "ecr:Replicate*", "ecr:BatchImportUpstreamImage"], effect="Deny")))
    with refused("AccessDeniedException"):
        here.create_repository(repositoryName=f"{free_repository}/more")


REFUSED_FOR_REGISTRIES = REFUSED | {
    "no resource": policy(to(ROOT, "ecr:ReplicateImage")),
    "a resource elsewhere": policy(to(ROOT, "ecr:ReplicateImage", Resource=repository_arn("*", region="us-east-1"))),
    "a resource of another account": policy(to(ROOT, "ecr:ReplicateImage", Resource=repository_arn("*", PARTNER, REGION))),
    "a resource that is none": policy(to(ROOT, "ecr:ReplicateImage", Resource="web")),
}


@pytest.mark.parametrize("text", REFUSED_FOR_REGISTRIES.values(), ids=REFUSED_FOR_REGISTRIES)
def test_what_is_no_policy_of_a_registry_is_refused(here, text):
    with refused("InvalidParameterException", INVALID_FOR_REGISTRY):
        here.put_registry_policy(policyText=text)


# --- account settings --------------------------------------------------------------------------------------------------------------------


def test_a_new_registrys_settings(aws):
    fresh = aws("ecr", region="ap-south-2")
    settings = {"BASIC_SCAN_TYPE_VERSION": "AWS_NATIVE", "BLOB_MOUNTING": "ENABLED", "REGISTRY_POLICY_SCOPE": "V2"}
    assert {name: fresh.get_account_setting(name=name)["value"] for name in settings} == settings


def test_a_setting_is_kept_for_its_region(aws):
    here, elsewhere = aws("ecr", region="ap-south-1"), aws("ecr", region="ap-south-2")
    assert here.put_account_setting(name="REGISTRY_POLICY_SCOPE", value="V1")["value"] == "V1"
    here.put_account_setting(name="BLOB_MOUNTING", value="DISABLED")
    assert here.get_account_setting(name="REGISTRY_POLICY_SCOPE")["value"] == "V1"
    assert elsewhere.get_account_setting(name="REGISTRY_POLICY_SCOPE")["value"] == "V2"


def test_the_scanner_that_was_taken_away_can_not_be_chosen(ecr):
    with refused("InvalidParameterException"):
        ecr.put_account_setting(name="BASIC_SCAN_TYPE_VERSION", value="CLAIR")


def test_a_registry_that_does_not_mount_has_layers_sent_again(aws, at, free_repository):
    region = "sa-east-1"  # of which no other test has a registry
    ecr = aws("ecr", region=region)
    ecr.create_repository(repositoryName=free_repository)
    ecr.create_repository(repositoryName=f"{free_repository}/source")
    http = at(free_repository, region=region)
    layer = at(f"{free_repository}/source", region=region).push(image("sent again"), "1").layers[0]
    for value, answered in (("DISABLED", 202), ("ENABLED", 201)):
        ecr.put_account_setting(name="BLOB_MOUNTING", value=value)
        assert http("POST", "blobs/uploads/", params={"mount": digest(layer), "from": f"{free_repository}/source"}).status_code == answered
        assert http.holds(layer) == (value == "ENABLED")


def test_a_setting_can_be_kept_from_being_changed(meet):
    user = meet(allow("ecr:PutAccountSetting", Condition={"StringNotEquals": {"ecr:AccountSetting": "REGISTRY_POLICY_SCOPE"}}))
    with refused("AccessDeniedException", denied(user.arn, "ecr:PutAccountSetting", "*")):
        user.ecr.put_account_setting(name="REGISTRY_POLICY_SCOPE", value="V1")
    user.ecr.put_account_setting(name="BASIC_SCAN_TYPE_VERSION", value="AWS_NATIVE")
