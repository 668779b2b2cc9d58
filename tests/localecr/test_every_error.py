"""Every error that botocore's models list for an operation that is built: provoked, with its sentence; or why the lab never gives it.

The sentences are those that ECR is known to say; where AWS publishes none they are the models' own descriptions, or only the code is judged.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import boto3
import botocore.session
import pytest
from botocore import xform_name
from botocore.client import BaseClient

from awsapi import push, push_layer, put_image, refused
from localecr.gateway import OPERATIONS
from localecr.registry import uploads
from specimens import OCI_INDEX, Specimen, digest, image, index

ACCOUNT, PARTNER = "111122223333", "444455556666"
NOWHERE = "sha256:" + "0" * 64
UPLOAD_ID = "01234567-89ab-cdef-0123-456789abcdef"
POLICY = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*"}]})
NAME_RULE = "must satisfy regular expression '(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*'"
MODELS = {service: botocore.session.Session().get_service_model(service) for service in OPERATIONS}
LISTED = [
    (service, operation, shape.name.removesuffix("Exception"))
    for service, table in OPERATIONS.items()
    for operation in table
    for shape in MODELS[service].operation_model(operation).error_shapes
]

# what each operation needs beside the repository that it is about
NEEDED: dict[str, dict[str, Any]] = {
    "BatchCheckLayerAvailability": {"layerDigests": [NOWHERE]},
    "BatchDeleteImage": {"imageIds": [{"imageTag": "1"}]},
    "BatchGetImage": {"imageIds": [{"imageTag": "1"}]},
    "CompleteLayerUpload": {"uploadId": UPLOAD_ID, "layerDigests": [NOWHERE]},
    "DescribeImageScanFindings": {"imageId": {"imageTag": "1"}},
    "GetDownloadUrlForLayer": {"layerDigest": NOWHERE},
    "ListImageReferrers": {"subjectId": {"imageDigest": NOWHERE}},
    "PutImage": {"imageManifest": image("any").text},
    "PutImageScanningConfiguration": {"imageScanningConfiguration": {"scanOnPush": True}},
    "PutImageTagMutability": {"imageTagMutability": "IMMUTABLE"},
    "PutRepositoryCatalogData": {"catalogData": {"description": "any"}},
    "SetRepositoryPolicy": {"policyText": POLICY},
    "StartImageScan": {"imageId": {"imageTag": "1"}},
    "TagResource": {"tags": [{"Key": "team", "Value": "shop"}]},
    "UntagResource": {"tagKeys": ["team"]},
    "UploadLayerPart": {"uploadId": UPLOAD_ID, "partFirstByte": 0, "partLastByte": 0, "layerPartBlob": b"x"},
}


@dataclass
class Scene:
    """A repository of this test's own in one of the two services, and a client for it."""

    client: BaseClient
    service: str
    name: str

    def __call__(self, operation: str, **more: Any) -> dict[str, Any]:
        """The operation on the repository, by name or by ARN."""
        return getattr(self.client, xform_name(operation))(**self.named(operation) | NEEDED.get(operation, {}) | more)

    def named(self, operation: str) -> dict[str, Any]:
        shape = MODELS[self.service].operation_model(operation).input_shape
        ways = {"repositoryName": self.name, "resourceArn": self.arn, "repositoryNames": [self.name]}
        return next(({member: value} for member, value in ways.items() if shape is not None and member in shape.members), {})

    @property
    def arn(self) -> str:
        return f"arn:aws:{self.service}:{'us-east-1' if self.service == 'ecr' else ''}:{ACCOUNT}:repository/{self.name}"

    def upload(self, *parts: bytes) -> dict[str, str]:
        """An open upload with these parts, as the members that name it."""
        upload = {"uploadId": self("InitiateLayerUpload")["uploadId"]}
        first = 0
        for part in parts:
            self("UploadLayerPart", **upload, partFirstByte=first, partLastByte=first + len(part) - 1, layerPartBlob=part)
            first += len(part)
        return upload

    def with_layers(self, specimen: Specimen) -> Specimen:
        for blob in specimen.blobs:
            push_layer(self.client, self.name, blob)
        return specimen


@pytest.fixture
def scene(aws: Callable[..., BaseClient], free_repository: str, service: str) -> Scene:
    return Scene(aws(service), service, free_repository)


def put_twice(scene: Scene) -> None:
    put_image(scene.client, scene.name, push(scene.client, scene.name, image("there"), "1"), "1")


def move_an_immutable_tag(scene: Scene) -> None:
    scene("PutImageTagMutability")
    push(scene.client, scene.name, image("first"), "1")
    put_image(scene.client, scene.name, scene.with_layers(image("second")), "1")


def download_an_unassociated_layer(scene: Scene) -> None:
    scene("GetDownloadUrlForLayer", layerDigest=push_layer(scene.client, scene.name, b"alone"))


def complete_a_layer_that_is_there(scene: Scene) -> None:
    push_layer(scene.client, scene.name, b"there")
    scene("CompleteLayerUpload", **scene.upload(b"there"), layerDigests=[digest(b"there")])


def give_too_many_tags(scene: Scene) -> None:
    scene("TagResource", tags=[{"Key": f"key{number}", "Value": "x"} for number in range(51)])


def delete_with_images(scene: Scene) -> None:
    push(scene.client, scene.name, image("there"), "1")
    scene("DeleteRepository")


def send_a_part_too_many(scene: Scene) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(uploads, "MOST_PARTS", {"private": 1, "public": 1})
        scene.upload(b"one", b"two")


def scan_twice(scene: Scene) -> None:
    push(scene.client, scene.name, image("there"), "1")
    scene("StartImageScan")
    scene("StartImageScan")


def scan_an_index(scene: Scene) -> None:
    push(scene.client, scene.name, LISTED_IMAGES, "1")
    scene("StartImageScan")


def scan_where_inspector_does(scene: Scene) -> None:
    push(scene.client, scene.name, FIRST, "1")
    scene.client.put_registry_scanning_configuration(scanType="ENHANCED", rules=[])
    try:
        scene("StartImageScan")
    finally:
        scene.client.put_registry_scanning_configuration(scanType="BASIC", rules=[])


def describe_without_a_scan(scene: Scene) -> None:
    push(scene.client, scene.name, FIRST, "1")
    scene("DescribeImageScanFindings")


NO_REGISTRY_POLICY = f"Registry policy does not exist in the registry with id '{ACCOUNT}'"
HERE = "the repository with name '{name}' in the registry with id '111122223333'"
MISMATCH = "The image with digest '{nowhere}' in repository '{name}' and registry ID '111122223333' does not match the image digest that Amazon ECR has calculated."
TOO_MANY = "The list of tags on the repository is over the limit. The maximum number of tags that can be applied to a repository is 50."
INVALID_TAG = (
    "An invalid parameter has been specified. Tag keys can have a maximum character length of 128 characters, "
    "and tag values can have a maximum length of 256 characters."
)
INVALID_PART = "The layer part size is not valid, or the first byte specified is not consecutive to the last byte of a previous layer part upload."
FIRST, LISTED_IMAGES = image("any"), index(image("a"), image("b"))

# (operation, error): what provokes it in a repository that is there, and its sentence if ECR's is known
PROVOKED: dict[tuple[str, str], tuple[Callable[[Scene], Any], str | None]] = {
    ("CompleteLayerUpload", "UploadNotFound"): (lambda scene: scene("CompleteLayerUpload"), f"The upload with id '{UPLOAD_ID}' in {HERE} does not exist"),
    ("UploadLayerPart", "UploadNotFound"): (lambda scene: scene("UploadLayerPart"), f"The upload with id '{UPLOAD_ID}' in {HERE} does not exist"),
    ("CompleteLayerUpload", "InvalidLayer"): (
        lambda scene: scene("CompleteLayerUpload", **scene.upload(b"content")),
        "None of the provided layer digests match the calculated layer digest",
    ),
    ("CompleteLayerUpload", "LayerPartTooSmall"): (
        lambda scene: scene("CompleteLayerUpload", **scene.upload(b"small", b"last")),
        "Layer parts must be at least 5 MiB in size.",
    ),
    ("CompleteLayerUpload", "LayerAlreadyExists"): (complete_a_layer_that_is_there, "The image layer already exists in the associated repository."),
    ("CompleteLayerUpload", "EmptyUpload"): (lambda scene: scene("CompleteLayerUpload", **scene.upload()), None),
    ("UploadLayerPart", "InvalidLayerPart"): (lambda scene: scene("UploadLayerPart", **scene.upload(), partFirstByte=7, partLastByte=7), INVALID_PART),
    ("UploadLayerPart", "LimitExceeded"): (send_a_part_too_many, None),
    ("CreateRepository", "RepositoryAlreadyExists"): (
        lambda scene: scene("CreateRepository"),
        "The repository with name '{name}' already exists in the registry with id '111122223333'",
    ),
    ("CreateRepository", "InvalidTagParameter"): (
        lambda scene: scene.client.create_repository(repositoryName=f"{scene.name}/new", tags=[{"Key": "aws:x", "Value": "x"}]),
        INVALID_TAG,
    ),
    ("CreateRepository", "TooManyTags"): (
        lambda scene: scene.client.create_repository(repositoryName=f"{scene.name}/new", tags=[{"Key": f"{n}", "Value": "x"} for n in range(51)]),
        TOO_MANY,
    ),
    ("TagResource", "InvalidTagParameter"): (lambda scene: scene("TagResource", tags=[{"Key": "aws:x", "Value": "x"}]), INVALID_TAG),
    ("TagResource", "TooManyTags"): (give_too_many_tags, TOO_MANY),
    ("UntagResource", "InvalidTagParameter"): (lambda scene: scene("UntagResource", tagKeys=["aws:x"]), INVALID_TAG),
    ("DeleteRepository", "RepositoryNotEmpty"): (
        delete_with_images,
        "The repository with name '{name}' in registry with id '111122223333' cannot be deleted because it still contains images",
    ),
    ("DescribeImageScanFindings", "ImageNotFound"): (
        lambda scene: scene("DescribeImageScanFindings"),
        f"The image with imageId {{{{imageDigest:'null', imageTag:'1'}}}} does not exist within {HERE}",
    ),
    ("DescribeImageScanFindings", "ScanNotFound"): (
        describe_without_a_scan,
        f"Image scan does not exist for the image with '{{{{imageDigest:'null', imageTag:'1'}}}}' in {HERE}",
    ),
    ("StartImageScan", "ImageNotFound"): (
        lambda scene: scene("StartImageScan"),
        f"The image with imageId {{{{imageDigest:'null', imageTag:'1'}}}} does not exist within {HERE}",
    ),
    ("StartImageScan", "Validation"): (scan_where_inspector_does, "This feature is disabled"),
    ("StartImageScan", "LimitExceeded"): (scan_twice, "The scan quota per image has been exceeded. Wait and try again."),
    ("StartImageScan", "UnsupportedImageType"): (
        scan_an_index,
        f"An artifact with media type '{OCI_INDEX}' cannot be scanned. For more information, see the Amazon ECR documentation.",
    ),
    ("DescribeImages", "ImageNotFound"): (
        lambda scene: scene("DescribeImages", imageIds=[{"imageTag": "missing"}]),
        f"The image with imageId {{{{imageDigest:'null', imageTag:'missing'}}}} does not exist within {HERE}",
    ),
    ("GetDownloadUrlForLayer", "LayersNotFound"): (
        lambda scene: scene("GetDownloadUrlForLayer"),
        f"The layer with digest {NOWHERE} does not exist within {HERE}",
    ),
    ("GetDownloadUrlForLayer", "LayerInaccessible"): (
        download_an_unassociated_layer,
        "The specified layer is not available because it is not associated with an image. Unassociated image layers may be cleaned up at any time.",
    ),
    ("PutImage", "LayersNotFound"): (
        lambda scene: scene("PutImage"),
        f"Layers with digests '[{digest(FIRST.blobs[0])}, {digest(FIRST.blobs[1])}]' required for pushing image into repository with name '{{name}}' "
        "in the registry with id '111122223333' do not exist",
    ),
    ("PutImage", "ReferencedImagesNotFound"): (
        lambda scene: scene("PutImage", imageManifest=LISTED_IMAGES.text),
        f"Images with digests '[{LISTED_IMAGES.children[0].digest}, {LISTED_IMAGES.children[1].digest}]' required for pushing image into repository "
        "with name '{name}' in the registry with id '111122223333' do not exist",
    ),
    ("PutImage", "ImageAlreadyExists"): (
        put_twice,
        f"Image with digest '{image('there').digest}' and tag '1' already exists in the repository with name '{{name}}' in registry with id '111122223333'",
    ),
    ("PutImage", "ImageTagAlreadyExists"): (
        move_an_immutable_tag,
        "The image tag '1' already exists in the '{name}' repository and cannot be overwritten because the tag is immutable.",
    ),
    ("PutImage", "ImageDigestDoesNotMatch"): (
        lambda scene: put_image(scene.client, scene.name, scene.with_layers(image("put")), imageDigest=NOWHERE),
        MISMATCH,
    ),
    ("GetRepositoryCatalogData", "RepositoryCatalogDataNotFound"): (lambda scene: scene("GetRepositoryCatalogData"), None),
    ("GetRepositoryPolicy", "RepositoryPolicyNotFound"): (
        lambda scene: scene("GetRepositoryPolicy"),
        f"Repository policy does not exist for {HERE}",
    ),
    ("DeleteRepositoryPolicy", "RepositoryPolicyNotFound"): (
        lambda scene: scene("DeleteRepositoryPolicy"),
        f"Repository policy does not exist for {HERE}",
    ),
    ("GetRegistryPolicy", "RegistryPolicyNotFound"): (lambda scene: scene("GetRegistryPolicy"), NO_REGISTRY_POLICY),
    ("DeleteRegistryPolicy", "RegistryPolicyNotFound"): (lambda scene: scene("DeleteRegistryPolicy"), NO_REGISTRY_POLICY),
}

SETTINGS = "BASIC_SCAN_TYPE_VERSION, BLOB_MOUNTING, REGISTRY_POLICY_SCOPE"
A_THOUSAND = "Invalid parameter at 'maxResults' failed to satisfy constraint: 'Member must have value less than or equal to 1000'"
# a member that breaks a rule, and the sentence, for operations that aren't about one repository
OFF: dict[str, tuple[dict[str, Any], str]] = {
    "DescribeRepositories": ({"maxResults": 1001}, A_THOUSAND),
    "DescribeRegistries": ({"maxResults": 1001}, A_THOUSAND),
    "GetAuthorizationToken": (
        {"registryIds": ["1"]},
        "Invalid parameter at 'registryIds' failed to satisfy constraint: 'Member must satisfy constraint: [Member must satisfy regular expression pattern: [0-9]{12}]'",
    ),
    "GetAccountSetting": (
        {"name": "NO_SETTING"},
        f"Invalid parameter at 'name' failed to satisfy constraint: 'Member must satisfy enum value set: [{SETTINGS}]'",
    ),
    "PutAccountSetting": (
        {"name": "REGISTRY_POLICY_SCOPE", "value": "V3"},
        "Invalid parameter at 'value' failed to satisfy constraint: 'Member must satisfy enum value set: [V2, V1]'",
    ),
    "BatchGetRepositoryScanningConfiguration": (
        {"repositoryNames": ["No/Name"]},
        f"Invalid parameter at 'repositoryNames' failed to satisfy constraint: 'Member must satisfy constraint: [{NAME_RULE}]'",
    ),
    "PutRegistryScanningConfiguration": (
        {"scanType": "FREE"},
        "Invalid parameter at 'scanType' failed to satisfy constraint: 'Member must satisfy enum value set: [BASIC, ENHANCED]'",
    ),
    "PutRegistryPolicy": (
        {"policyText": "{}"},
        "Invalid parameter at 'PolicyText' failed to satisfy constraint: 'Invalid registry policy provided'",
    ),
    "PutRegistryCatalogData": (
        {"displayName": "x" * 101},
        "Invalid parameter at 'displayName' failed to satisfy constraint: 'Member must have length less than or equal to 100'",
    ),
}

# errors that the lab never gives, and why
NEVER = {
    "Server": "a mistake of the lab's own; test_durability shows one, a full disk",
    "Kms": "there are no KMS keys",
    "Validation": "the lab says InvalidParameter of every broken rule; StartImageScan alone gives it",
    "UnableToGetUpstreamImage": "there is no pull-through cache",
    "UnableToGetUpstreamLayer": "there is no pull-through cache",
    "UnableToListUpstreamImageReferrers": "there is no pull-through cache",
}
NEVER_OF = {
    ("BatchGetImage", "LimitExceeded"): "no such quota is enforced",
    ("CreateRepository", "LimitExceeded"): "no such quota is enforced",
    ("PutImage", "LimitExceeded"): "no such quota is enforced",
    ("UntagResource", "TooManyTags"): "taking tags away makes none too many",
    ("PutAccountSetting", "LimitExceeded"): "settings can be changed as often as one likes",
    ("BatchGetRepositoryScanningConfiguration", "RepositoryNotFound"): "what isn't there is a failure beside the answers",
    ("PutRegistryScanningConfiguration", "BlockedByOrganizationPolicy"): "there are no organisations",
    ("StartImageScan", "ImageArchived"): "images can't be archived yet",
    ("DescribeRegistry", "InvalidParameter"): "it has no members",
    ("GetRegistryScanningConfiguration", "InvalidParameter"): "it has no members",
    ("GetRegistryPolicy", "InvalidParameter"): "it has no members",
    ("DeleteRegistryPolicy", "InvalidParameter"): "it has no members",
}
NEVER_OF_SERVICE = {
    ("ecr-public", "PutImage", "ImageTagAlreadyExists"): "public tags always move",
    ("ecr-public", "GetAuthorizationToken", "InvalidParameter"): "it has no members",
}
EVERYWHERE = {"InvalidParameter", "RepositoryNotFound", "UnsupportedCommand", "RegistryNotFound"}  # one test each, below


def is_never(service: str, operation: str, error: str) -> bool:
    everywhere = error in NEVER and (operation, error) not in PROVOKED
    return everywhere or (operation, error) in NEVER_OF or (service, operation, error) in NEVER_OF_SERVICE


def listed(error: str) -> list[tuple[str, str]]:
    """Where the models list an error that the lab gives."""
    return [(service, operation) for service, operation, each in LISTED if each == error and not is_never(service, operation, each)]


@pytest.mark.parametrize(("service", "operation", "error"), LISTED)
def test_every_error_that_the_models_list_is_provoked_here_or_has_a_reason(service, operation, error):
    assert is_never(service, operation, error) or (operation, error) in PROVOKED or error in EVERYWHERE


@pytest.mark.parametrize(
    ("service", "operation", "error"),
    [(service, operation, error) for service, operation, error in LISTED if (operation, error) in PROVOKED and not is_never(service, operation, error)],
)
def test_an_error_has_its_code_and_ecrs_sentence(scene, operation, error):
    scene("CreateRepository")
    provoke, sentence = PROVOKED[operation, error]
    with refused(f"{error}Exception", sentence.format(name=scene.name, nowhere=NOWHERE) if sentence else None):
        provoke(scene)


@pytest.mark.parametrize(("service", "operation"), listed("RepositoryNotFound"))
def test_a_repository_that_is_not_there_is_not_found(scene, operation):
    sentence = f"The repository with name '{scene.name}' does not exist in the registry with id '{ACCOUNT}'"
    with refused("RepositoryNotFoundException", sentence):
        scene(operation)


@pytest.mark.parametrize(("service", "operation"), listed("InvalidParameter"))
def test_a_parameter_that_breaks_a_rule_is_named(scene, operation):
    off, sentence = OFF.get(operation, ({}, ""))
    if "resourceArn" in scene.named(operation):
        off, sentence = {"resourceArn": "nonsense"}, "Invalid parameter at 'resourceArn' failed to satisfy constraint: 'Invalid ARN'"
    elif not off:
        off, sentence = {"repositoryName": "No/Name"}, f"Invalid parameter at 'repositoryName' failed to satisfy constraint: '{NAME_RULE}'"
    with refused("InvalidParameterException", sentence):
        getattr(scene.client, xform_name(operation))(**NEEDED.get(operation, {}) | off)


@pytest.mark.parametrize(("service", "operation"), listed("UnsupportedCommand"))
def test_the_public_api_is_not_supported_elsewhere(aws, operation, service):
    elsewhere = Scene(aws(service, region="eu-west-1"), service, "any")
    with refused("UnsupportedCommandException", "The action isn't supported in this Region."):
        elsewhere(operation)


@pytest.mark.parametrize(("service", "operation"), listed("RegistryNotFound"))
def test_a_registry_that_nobody_has_is_not_found(scene, operation):
    with refused("RegistryNotFoundException"):
        scene(operation, registryId="nobody-here")


FOR_ANYBODY = ("ecr-public", "BatchCheckLayerAvailability")  # a public registry says which layers it has
OF_A_REGISTRY = [
    (service, operation)
    for service, table in OPERATIONS.items()
    for operation in table
    if "registryId" in MODELS[service].operation_model(operation).input_shape.members and (service, operation) != FOR_ANYBODY
]


@pytest.mark.parametrize(("service", "operation"), OF_A_REGISTRY)
def test_anothers_registry_is_closed(scene, operation):
    resource = scene.arn.replace(ACCOUNT, PARTNER)
    action = f"{scene.service}:{'BatchGetImage' if operation == 'ListImageReferrers' else operation}"
    sentence = (
        f"User: arn:aws:iam::{ACCOUNT}:user/learner is not authorized to perform: {action} on resource: {resource} "
        f"because no resource-based policy allows the {action} action"
    )
    with refused("AccessDeniedException", sentence):
        scene(operation, registryId=PARTNER)


@pytest.mark.parametrize("service", OPERATIONS)
def test_a_secret_that_is_wrong_signs_nothing(lab_endpoint, door, service):
    stranger = boto3.client(
        service, region_name="us-east-1", endpoint_url=lab_endpoint.url,
        aws_access_key_id=door.keys(ACCOUNT)["access_key_id"], aws_secret_access_key="wrong",
    )  # fmt: skip
    with refused("InvalidSignatureException"):
        stranger.describe_repositories()
