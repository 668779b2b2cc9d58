"""Repositories: made, described, deleted. AWS: CreateRepository, DescribeRepositories, DeleteRepository."""

from __future__ import annotations

import pytest
from botocore import xform_name

from awsapi import push, refused
from specimens import digest, image
from wire import error_of

ACCOUNT, PARTNER = "111122223333", "444455556666"


def test_a_new_repository_is_described_with_aws_defaults(ecr, free_repository, door, lab_endpoint):
    made = ecr.create_repository(repositoryName=free_repository)["repository"]
    (described,) = ecr.describe_repositories(repositoryNames=[free_repository])["repositories"]
    address = lab_endpoint.url.removeprefix("http://")
    assert made == described == {
        "repositoryArn": f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/{free_repository}",
        "registryId": ACCOUNT,
        "repositoryName": free_repository,
        "repositoryUri": f"{address}/{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/{free_repository}",
        "createdAt": door.clock(),
        "imageTagMutability": "MUTABLE",
        "imageScanningConfiguration": {"scanOnPush": False},
        "encryptionConfiguration": {"encryptionType": "AES256"},
    }  # fmt: skip


def test_what_was_asked_at_creation_is_described(ecr, free_repository):
    ecr.create_repository(
        repositoryName=free_repository,
        imageTagMutability="IMMUTABLE_WITH_EXCLUSION",
        imageTagMutabilityExclusionFilters=[{"filterType": "WILDCARD", "filter": "dev-*"}],
        imageScanningConfiguration={"scanOnPush": True},
        encryptionConfiguration={"encryptionType": "AES256"},
        tags=[{"Key": "team", "Value": "shop"}],
    )
    (described,) = ecr.describe_repositories(repositoryNames=[free_repository])["repositories"]
    assert described["imageTagMutability"] == "IMMUTABLE_WITH_EXCLUSION"
    assert described["imageTagMutabilityExclusionFilters"] == [{"filterType": "WILDCARD", "filter": "dev-*"}]
    assert described["imageScanningConfiguration"] == {"scanOnPush": True}
    assert ecr.list_tags_for_resource(resourceArn=described["repositoryArn"])["tags"] == [{"Key": "team", "Value": "shop"}]


def test_a_created_repository_takes_pushes_over_http(ecr, at, free_repository):
    pushed = image("first")
    missing = f"The repository with name '{free_repository}' does not exist in the registry with id '{ACCOUNT}'"
    assert error_of(at(free_repository)("POST", "blobs/uploads/")) == (404, "NAME_UNKNOWN", missing)
    ecr.create_repository(repositoryName=free_repository)
    at(free_repository).push(pushed, "1")
    assert at(free_repository).pull("1") == pushed.manifest


def test_a_name_is_given_once_in_a_registry(ecr, name):
    with refused("RepositoryAlreadyExistsException", f"The repository with name '{name}' already exists in the registry with id '{ACCOUNT}'"):
        ecr.create_repository(repositoryName=name)


def test_each_account_and_region_has_a_registry_of_its_own(aws, name, at):
    for account, region in [(ACCOUNT, "eu-west-1"), (PARTNER, "us-east-1")]:
        there = aws("ecr", account, region)
        missing = f"The repository with name '{name}' does not exist in the registry with id '{account}'"
        with refused("RepositoryNotFoundException", missing):
            there.describe_repositories(repositoryNames=[name])
        there.create_repository(repositoryName=name)
        at(name, account, region).push(image(f"of {account} in {region}"), "1")
    assert at(name)("GET", "tags/list").json()["tags"] == []


def test_repositories_are_described_by_name_or_all(ecr, name):
    others = {f"{name}/b", f"{name}/a"}
    for each in others:
        ecr.create_repository(repositoryName=each)
    assert {each["repositoryName"] for each in ecr.describe_repositories(repositoryNames=sorted(others))["repositories"]} == others
    listed = [each["repositoryName"] for page in ecr.get_paginator("describe_repositories").paginate() for each in page["repositories"]]
    assert len(listed) == len(set(listed))
    assert {name, *others} <= set(listed)


@pytest.mark.parametrize("operation", ["describe_repositories", "delete_repository", "list_images", "initiate_layer_upload"])
def test_a_missing_repository_is_named(ecr, free_repository, operation):
    named = {"repositoryNames": [free_repository]} if operation == "describe_repositories" else {"repositoryName": free_repository}
    missing = f"The repository with name '{free_repository}' does not exist in the registry with id '{ACCOUNT}'"
    with refused("RepositoryNotFoundException", missing):
        getattr(ecr, operation)(**named)


def test_a_deleted_repository_is_gone_from_both_doors(ecr, http, name):
    gone = ecr.delete_repository(repositoryName=name)["repository"]
    assert gone["repositoryName"] == name
    missing = f"The repository with name '{name}' does not exist in the registry with id '{ACCOUNT}'"
    with refused("RepositoryNotFoundException", missing):
        ecr.describe_repositories(repositoryNames=[name])
    assert error_of(http("GET", "tags/list")) == (404, "NAME_UNKNOWN", missing)


def test_a_repository_with_images_is_deleted_only_by_force(ecr, http, name):
    http.push(image("kept"), "1")
    still = f"The repository with name '{name}' in registry with id '{ACCOUNT}' cannot be deleted because it still contains images"
    for force in ({}, {"force": False}):
        with refused("RepositoryNotEmptyException", still):
            ecr.delete_repository(repositoryName=name, **force)
    ecr.delete_repository(repositoryName=name, force=True)
    assert http("GET", "manifests/1").status_code == 404


def test_a_repository_made_again_is_empty(ecr, http, name):
    specimen = http.push(image("before"), "1")
    ecr.delete_repository(repositoryName=name, force=True)
    ecr.create_repository(repositoryName=name)
    assert http("GET", "manifests/1").status_code == 404
    assert http("HEAD", f"blobs/{digest(specimen.layers[0])}").status_code == 404


def test_layers_without_an_image_do_not_keep_a_repository(ecr, http, name):
    http.push_blob(b"a layer that no image names")
    http.begin()
    ecr.delete_repository(repositoryName=name)


def test_exclusion_filters_go_with_exclusion(ecr, free_repository):
    for mutability in ("IMMUTABLE_WITH_EXCLUSION", "MUTABLE_WITH_EXCLUSION"):
        needed = (
            "Invalid parameter at 'imageTagMutabilityExclusionFilters' failed to satisfy constraint: "
            f"'ImageTagMutabilityExclusionFilters can't be null when imageTagMutability is set as {mutability}'"
        )
        with refused("InvalidParameterException", needed):
            ecr.create_repository(repositoryName=free_repository, imageTagMutability=mutability)
    for mutability in ({"imageTagMutability": "IMMUTABLE"}, {"imageTagMutability": "MUTABLE"}, {}):
        with refused("InvalidParameterException"):
            ecr.create_repository(
                repositoryName=free_repository, imageTagMutabilityExclusionFilters=[{"filterType": "WILDCARD", "filter": "dev-*"}], **mutability
            )
    with refused("RepositoryNotFoundException"):
        ecr.describe_repositories(repositoryNames=[free_repository])


@pytest.mark.parametrize("encryption", [{"encryptionType": "KMS"}, {"encryptionType": "KMS_DSSE"}, {"encryptionType": "KMS", "kmsKey": "alias/mine"}])
def test_encryption_that_is_not_built_makes_no_repository(ecr, free_repository, encryption):
    with refused("NotImplemented"):
        ecr.create_repository(repositoryName=free_repository, encryptionConfiguration=encryption)
    with refused("RepositoryNotFoundException"):
        ecr.describe_repositories(repositoryNames=[free_repository])


ANOTHERS = {
    "CreateRepository": {"repositoryName": "theirs"},
    "DescribeRepositories": {"repositoryNames": ["theirs"]},
    "DeleteRepository": {"repositoryName": "theirs", "force": True},
    "ListImages": {"repositoryName": "theirs"},
    "PutImage": {"repositoryName": "theirs", "imageManifest": "{}"},
    "BatchGetImage": {"repositoryName": "theirs", "imageIds": [{"imageTag": "1"}]},
    "InitiateLayerUpload": {"repositoryName": "theirs"},
}


@pytest.mark.parametrize(("operation", "parameters"), ANOTHERS.items(), ids=ANOTHERS)
def test_anothers_registry_is_closed_whether_the_repository_exists_or_not(ecr, operation, parameters):
    resource = f"arn:aws:ecr:us-east-1:{PARTNER}:repository/{'theirs' if parameters else '*'}"
    action = "ecr:BatchGetImage" if operation == "ListImageReferrers" else f"ecr:{operation}"
    expected = (
        f"User: arn:aws:iam::{ACCOUNT}:user/learner is not authorized to perform: {action} on resource: {resource} "
        f"because no resource-based policy allows the {action} action"
    )
    with refused("AccessDeniedException", expected):
        getattr(ecr, xform_name(operation))(registryId=PARTNER, **parameters)


def test_naming_ones_own_registry_changes_nothing(ecr, name):
    (described,) = ecr.describe_repositories(registryId=ACCOUNT, repositoryNames=[name])["repositories"]
    assert described["repositoryName"] == name


def test_the_registry_describes_itself(aws, name, at):
    pushed = at(name).push(image("anything"), "1")
    answer = aws("ecr").describe_registry()
    assert (answer["registryId"], answer["replicationConfiguration"]) == (ACCOUNT, {"rules": []})
    assert aws("ecr", PARTNER).describe_registry()["registryId"] == PARTNER
    (found,) = aws("ecr").batch_get_image(registryId=answer["registryId"], repositoryName=name, imageIds=[{"imageTag": "1"}])["images"]
    assert found["imageId"]["imageDigest"] == pushed.digest


def test_deleting_one_of_two_repositories_with_the_same_image_leaves_the_other_whole(ecr, at, name):
    ecr.create_repository(repositoryName=f"{name}/copy")
    specimen = image("shared")
    push(ecr, name, specimen, "1")
    push(ecr, f"{name}/copy", specimen, "1")
    ecr.delete_repository(repositoryName=name, force=True)
    copy = at(f"{name}/copy")
    assert copy.pull("1") == specimen.manifest
    assert copy("GET", f"blobs/{digest(specimen.layers[0])}").content == specimen.layers[0]
