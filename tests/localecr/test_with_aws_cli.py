"""The AWS CLI, versions 1 and 2, used as AWS's own guides do. AWS: Amazon ECR user guide, getting started; retagging an image."""

from __future__ import annotations

import json

import pytest

from awsapi import push, tags
from specimens import digest, image, index
from wire import basic

VERSIONS = [pytest.param("aws_cli", id="1"), pytest.param("aws2_cli", id="2", marks=pytest.mark.aws2)]


@pytest.fixture(params=VERSIONS)
def cli(request):
    """The CLI, of either version. What travels is the same; where the two don't differ, one of them is asked."""
    return request.getfixturevalue(request.param)


def said(done):
    return json.loads(done.stdout)


def refusal(done):
    assert done.returncode != 0, done.stdout
    return done.stderr


def test_a_repository_is_made_and_a_second_of_its_name_refused(aws_cli, ecr, free_repository):
    line = ("ecr", "create-repository", "--repository-name", free_repository, "--image-tag-mutability", "IMMUTABLE")
    made = said(aws_cli(*line))["repository"]
    (described,) = ecr.describe_repositories(repositoryNames=[free_repository])["repositories"]
    assert made["repositoryArn"] == described["repositoryArn"] == f"arn:aws:ecr:us-east-1:111122223333:repository/{free_repository}"
    assert described["imageTagMutability"] == "IMMUTABLE"
    sentence = f"The repository with name '{free_repository}' already exists in the registry with id '111122223333'"
    told = f"An error occurred (RepositoryAlreadyExistsException) when calling the CreateRepository operation: {sentence}"
    assert told in refusal(aws_cli(*line, check=False))


def test_a_log_in_password_opens_the_registry(cli, http):
    password = cli("ecr", "get-login-password").stdout.strip()
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
    refused = refusal(aws_cli("ecr", "get-lifecycle-policy", "--repository-name", name, check=False))
    assert "(NotImplemented)" in refused
    assert "ecr:GetLifecyclePolicy is not built in this lab yet" in refused


def test_a_listing_is_cut_taken_up_again_and_shown_whole(cli, http, name):
    for number in range(5):
        http.push(image(f"{number}"), f"v{number}")
    line = ("ecr", "describe-images", "--repository-name", name, "--output", "json")
    first = said(cli(*line, "--max-items", "3", "--page-size", "2"))
    rest = said(cli(*line, "--starting-token", first["NextToken"]))
    assert [each["imageTags"] for each in first["imageDetails"] + rest["imageDetails"]] == [[f"v{number}"] for number in range(5)]
    assert "NextToken" not in rest
    page = said(cli(*line, "--no-paginate", "--max-results", "2"))
    assert (len(page["imageDetails"]), "nextToken" in page) == (2, True)


@pytest.mark.aws2
def test_the_newest_image_is_asked_for_as_a_script_does(aws2_cli, http, name, later):
    for tag in ("1.0", "1.1", "1.2"):
        http.push(image(tag), tag)
        later(minutes=1)
    line = ("ecr", "describe-images", "--repository-name", name)
    assert aws2_cli(*line, "--query", "sort_by(imageDetails,&imagePushedAt)[-1].imageTags[0]", "--output", "text").stdout == "1.2\n"
    columns = "imageDetails[].{tag:imageTags[0],bytes:imageSizeInBytes}"
    table = aws2_cli(*line, "--image-ids", "imageTag=1.0", "--query", columns, "--output", "table").stdout
    assert f"|  {image('1.0').size}" in table and "|  1.0" in table


def test_images_are_deleted_by_shorthand(aws_cli, ecr, http, name):
    kept, gone = http.push(image("kept"), "kept"), http.push(image("gone"), "gone")
    answer = said(aws_cli("ecr", "batch-delete-image", "--repository-name", name, "--image-ids", "imageTag=gone", "imageTag=none"))
    assert answer["imageIds"] == [{"imageDigest": gone.digest, "imageTag": "gone"}]
    assert answer["failures"] == [{"imageId": {"imageTag": "none"}, "failureCode": "ImageNotFound", "failureReason": "Requested image not found"}]
    aws_cli("ecr", "batch-delete-image", "--repository-name", name, "--image-ids", f"imageDigest={kept.digest}")
    assert ecr.list_images(repositoryName=name)["imageIds"] == []


def test_a_manifest_comes_from_a_file_and_a_request_from_another(aws_cli, ecr, http, name, tmp_path):
    specimen = http.push(index(image("a"), image("b")))
    (tmp_path / "manifest.json").write_bytes(specimen.manifest)
    aws_cli("ecr", "put-image", "--repository-name", name, "--image-tag", "file", "--image-manifest", f"file://{tmp_path}/manifest.json")
    (tmp_path / "request.json").write_text(json.dumps({"repositoryName": name, "imageTag": "request", "imageManifest": specimen.text}))
    aws_cli("ecr", "put-image", "--cli-input-json", f"file://{tmp_path}/request.json")
    assert tags(ecr, name) == {"file": specimen.digest, "request": specimen.digest}


@pytest.mark.parametrize(
    ("version", "blob", "more"),
    [
        pytest.param("aws_cli", "hello", (), id="1"),
        pytest.param("aws2_cli", "aGVsbG8=", (), id="2", marks=pytest.mark.aws2),
        pytest.param("aws2_cli", "hello", ("--cli-binary-format", "raw-in-base64-out"), id="2 as 1", marks=pytest.mark.aws2),
        pytest.param("aws_cli", "fileb://{file}", (), id="1 from a file"),
    ],
)
def test_bytes_on_the_command_line_are_raw_in_version_1_and_base64_in_version_2(request, ecr, name, tmp_path, version, blob, more):
    """AWS CLI, migration guide: binary parameters."""
    cli, upload = request.getfixturevalue(version), ecr.initiate_layer_upload(repositoryName=name)["uploadId"]
    (tmp_path / "layer").write_bytes(b"hello")
    part = ("--part-first-byte", "0", "--part-last-byte", "4", "--layer-part-blob", blob.format(file=tmp_path / "layer"))
    sent = said(cli("ecr", "upload-layer-part", "--repository-name", name, "--upload-id", upload, *part, *more))
    assert sent["lastByteReceived"] == 4
    completed = ecr.complete_layer_upload(repositoryName=name, uploadId=upload, layerDigests=[digest(b"hello")])
    assert completed["layerDigest"] == digest(b"hello")


def test_labels_are_given_in_shorthand_and_listed(aws2_cli, ecr, free_repository):
    made = said(aws2_cli("ecr", "create-repository", "--repository-name", free_repository, "--tags", "Key=team,Value=shop"))["repository"]
    aws2_cli("ecr", "tag-resource", "--resource-arn", made["repositoryArn"], "--tags", "Key=stage,Value=test")
    aws2_cli("ecr", "untag-resource", "--resource-arn", made["repositoryArn"], "--tag-keys", "team")
    assert ecr.list_tags_for_resource(resourceArn=made["repositoryArn"])["tags"] == [{"Key": "stage", "Value": "test"}]


def test_refusals_are_in_ecrs_words(cli, ecr, name, free_repository):
    def told(*line):
        return refusal(cli("ecr", *line, check=False))

    missing = f"The repository with name '{name}-none' does not exist in the registry with id '111122223333'"
    ask = ("list-images", "--repository-name", f"{name}-none")
    assert f"(RepositoryNotFoundException) when calling the ListImages operation: {missing}" in told(*ask)
    ecr.put_image_tag_mutability(repositoryName=name, imageTagMutability="IMMUTABLE")
    push(ecr, name, image("monday"), "1")
    other = push(ecr, name, image("tuesday")).text
    put = ("put-image", "--repository-name", name, "--image-tag", "1", "--image-manifest", other)
    immutable = f"The image tag '1' already exists in the '{name}' repository and cannot be overwritten because the tag is immutable."
    assert f"(ImageTagAlreadyExistsException) when calling the PutImage operation: {immutable}" in told(*put)


@pytest.mark.aws2
def test_the_public_registry_is_kept(aws2_cli, public, free_repository):
    made = said(aws2_cli("ecr-public", "create-repository", "--repository-name", free_repository, "--catalog-data", "description=ours"))
    assert made["catalogData"]["description"] == "ours"
    line = ("ecr-public", "describe-repositories", "--repository-names", free_repository)
    uri = aws2_cli(*line, "--query", "repositories[0].repositoryUri", "--output", "text").stdout
    assert uri.strip() == public.describe_repositories(repositoryNames=[free_repository])["repositories"][0]["repositoryUri"]
    aws2_cli("ecr-public", "delete-repository", "--repository-name", free_repository, "--force")
    assert free_repository not in [each["repositoryName"] for each in public.describe_repositories()["repositories"]]
