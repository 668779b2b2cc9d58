"""The AWS CLI, used as AWS's own guides do. AWS: Amazon ECR user guide, getting started; retagging an image."""

from __future__ import annotations

import json

from specimens import image, index
from wire import basic


def said(done):
    return json.loads(done.stdout)


def test_a_repository_is_made_and_a_second_of_its_name_refused(aws_cli, ecr, free_repository):
    line = ("ecr", "create-repository", "--repository-name", free_repository, "--image-tag-mutability", "IMMUTABLE")
    made = said(aws_cli(*line))["repository"]
    (described,) = ecr.describe_repositories(repositoryNames=[free_repository])["repositories"]
    assert made["repositoryArn"] == described["repositoryArn"] == f"arn:aws:ecr:us-east-1:111122223333:repository/{free_repository}"
    assert described["imageTagMutability"] == "IMMUTABLE"
    again = aws_cli(*line, check=False)
    assert again.returncode != 0
    sentence = f"The repository with name '{free_repository}' already exists in the registry with id '111122223333'"
    assert f"An error occurred (RepositoryAlreadyExistsException) when calling the CreateRepository operation: {sentence}" in again.stderr


def test_a_log_in_password_opens_the_registry(aws_cli, http):
    password = aws_cli("ecr", "get-login-password").stdout.strip()
    http.authorization = basic(password)
    assert http("GET", "tags/list").status_code == 200


def test_an_image_is_retagged_without_pulling_it(aws_cli, http, name):
    pushed = http.push(index(image("a"), image("b")), "1.0")
    query = ("--query", "images[0].imageManifest", "--output", "text")
    manifest = aws_cli("ecr", "batch-get-image", "--repository-name", name, "--image-ids", "imageTag=1.0", *query).stdout
    # the CLI ends what it prints with a line feed, which $(…) takes away
    aws_cli("ecr", "put-image", "--repository-name", name, "--image-tag", "stable", "--image-manifest", manifest.removesuffix("\n"))
    assert http.pull("stable") == pushed.manifest


def test_untagged_images_are_found_and_deleted(aws_cli, ecr, http, name):
    http.push(image("old"), "1")
    kept = http.push(image("new"), "1")
    query = ("--filter", "tagStatus=UNTAGGED", "--query", "imageIds[*]", "--output", "json")
    untagged = aws_cli("ecr", "list-images", "--repository-name", name, *query).stdout
    deleted = said(aws_cli("ecr", "batch-delete-image", "--repository-name", name, "--image-ids", untagged))
    assert (len(deleted["imageIds"]), deleted["failures"]) == (1, [])
    (left,) = ecr.describe_images(repositoryName=name)["imageDetails"]
    assert (left["imageDigest"], left["imageTags"]) == (kept.digest, ["1"])


def test_what_is_not_built_says_so(aws_cli, name):
    refused = aws_cli("ecr", "get-lifecycle-policy", "--repository-name", name, check=False)
    assert refused.returncode != 0
    assert "(NotImplemented)" in refused.stderr
    assert "ecr:GetLifecyclePolicy is not built in this lab yet" in refused.stderr
