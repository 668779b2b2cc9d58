"""Who may do what in a public registry: anybody reads, and writing takes permission. AWS: "Public registries", "Identity-based policies in
Amazon ECR Public", "Registry authentication in Amazon ECR public"."""

from __future__ import annotations

import base64

import pytest

from awsapi import push, refused
from grants import PUSH, actions, allow, denied, policy, statement, to
from specimens import digest, image
from wire import Repository, basic, bearer, error_of

OWNER, PARTNER = "111122223333", "444455556666"
LOG_IN = ["ecr-public:GetAuthorizationToken", "sts:GetServiceBearerToken"]


def arn_of(name):
    return f"arn:aws:ecr-public::{OWNER}:repository/{name}"


@pytest.fixture
def name(public, free_repository):
    public.create_repository(repositoryName=free_repository)
    return free_repository


@pytest.fixture
def path(public, name):
    return public.describe_repositories(repositoryNames=[name])["repositories"][0]["repositoryUri"].partition("/")[2]


@pytest.fixture
def logged_in(lab_endpoint, path):
    """`logged_in(person)`: the person at the repository, with a bearer token."""

    def repository(person):
        token = person.client("ecr-public").get_authorization_token()["authorizationData"]["authorizationToken"]
        log_in = basic(base64.b64decode(token).decode().removeprefix("AWS:"))
        return Repository(lab_endpoint.public_url, path, bearer(lab_endpoint.public_url, Authorization=log_in))

    return repository


@pytest.mark.parametrize("missing", LOG_IN)
def test_logging_in_takes_two_permissions(meet, missing):
    person = meet(allow([each for each in LOG_IN if each != missing]))
    with refused("AccessDeniedException", denied(person.arn, missing, "*")):
        person.client("ecr-public").get_authorization_token()
    person.may(allow(missing), "the other")
    person.client("ecr-public").get_authorization_token()


def test_the_documented_actions_are_enough_to_push_and_each_is_needed(meet, logged_in, public, name):
    actions_of_a_push = actions(*(each for each in PUSH if each != "BatchGetImage"), service="ecr-public")
    person = meet(policy(statement("Allow", LOG_IN), statement("Allow", actions_of_a_push, arn_of(name))))
    logged_in(person).push(image("pushed"), "1")
    assert public.describe_images(repositoryName=name)["imageDetails"][0]["imageTags"] == ["1"]
    person.may(policy(statement("Allow", LOG_IN), statement("Allow", actions_of_a_push[:-1], arn_of(name))))
    assert error_of(logged_in(person).put_manifest("2", image("pushed"))) == (403, "DENIED", denied(person.arn, "ecr-public:PutImage", arn_of(name)))
    with refused("AccessDeniedException", denied(person.arn, "ecr-public:PutImage", arn_of(name))):
        person.client("ecr-public").put_image(repositoryName=name, imageManifest=image("pushed").text)


def test_anybody_reads_logged_in_or_not_whatever_policies_say(meet, logged_in, lab_endpoint, public, name, path):
    pushed = push(public, name, image("read"), "1")
    reads = ["ecr-public:BatchGetImage", "ecr-public:GetDownloadUrlForLayer", "ecr-public:BatchCheckLayerAvailability"]
    public.set_repository_policy(repositoryName=name, policyText=policy(to("*", reads, "Deny")))
    kept_out = meet(policy(statement("Allow", LOG_IN), statement("Deny", reads)))
    for reader in (Repository(lab_endpoint.public_url, path, bearer(lab_endpoint.public_url)), logged_in(kept_out)):
        assert reader.pull("1") == pushed.manifest
        assert reader("GET", f"blobs/{digest(pushed.layers[0])}").content == pushed.layers[0]
        assert reader("HEAD", f"blobs/{digest(pushed.layers[0])}").status_code == 200
        assert reader("GET", f"referrers/{pushed.digest}").json()["manifests"] == []


def test_a_repositorys_policy_gives_a_user_of_the_account_what_their_own_do_not(meet, public, name):
    person = meet()
    public.set_repository_policy(repositoryName=name, policyText=policy(to(person.arn, "ecr-public:DescribeImages")))
    assert person.client("ecr-public").describe_images(repositoryName=name)["imageDetails"] == []


def test_another_account_needs_both_policies(meet, public, name):
    person = meet(account=PARTNER)
    public.set_repository_policy(repositoryName=name, policyText=policy(to(f"arn:aws:iam::{PARTNER}:root", "ecr-public:DescribeImages")))
    with refused("AccessDeniedException", denied(person.arn, "ecr-public:DescribeImages", arn_of(name))):
        person.client("ecr-public").describe_images(registryId=OWNER, repositoryName=name)
    person.may(allow("ecr-public:DescribeImages"))
    assert person.client("ecr-public").describe_images(registryId=OWNER, repositoryName=name)["imageDetails"] == []


def test_tags_of_public_repositories_are_condition_keys_too(meet, public, name):
    public.tag_resource(resourceArn=arn_of(name), tags=[{"Key": "Team", "Value": "web"}])
    person = meet(allow("ecr-public:DescribeImages", Condition={"StringEquals": {"aws:ResourceTag/team": "web", "ecr-public:ResourceTag/Team": "web"}}))
    person.client("ecr-public").describe_images(repositoryName=name)
    public.untag_resource(resourceArn=arn_of(name), tagKeys=["Team"])
    with refused("AccessDeniedException"):
        person.client("ecr-public").describe_images(repositoryName=name)
