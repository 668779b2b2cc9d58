"""The public registry: repositories, catalogue and images through its API. AWS: Amazon ECR Public."""

from __future__ import annotations

import re

import pytest
import requests

from awsapi import push, refused
from dockerless import seeds
from specimens import OCI_CONFIG, OCI_MANIFEST, digest, image, index
from wire import Repository, bearer

ACCOUNT, PARTNER = "111122223333", "444455556666"


@pytest.fixture
def shop(public, free_repository):
    """The name of a public repository of this test's own."""
    public.create_repository(repositoryName=free_repository)
    return free_repository


@pytest.fixture
def anybody(lab_endpoint, public, shop):
    """The same repository over HTTP, for anybody."""
    uri = public.describe_repositories(repositoryNames=[shop])["repositories"][0]["repositoryUri"]
    path = uri.partition("/")[2]
    return Repository(lab_endpoint.public_url, path, bearer(lab_endpoint.public_url))


def test_a_public_repository_is_described_by_its_address_for_everybody(public, free_repository, lab_endpoint, door):
    made = public.create_repository(repositoryName=free_repository)
    assert made["catalogData"] == {}
    (described,) = public.describe_repositories(repositoryNames=[free_repository])["repositories"]
    (registry,) = public.describe_registries()["registries"]
    assert made["repository"] == described == {
        "repositoryArn": f"arn:aws:ecr-public::{ACCOUNT}:repository/{free_repository}",
        "registryId": ACCOUNT,
        "repositoryName": free_repository,
        "repositoryUri": f"{registry['registryUri']}/{free_repository}",
        "createdAt": door.clock(),
    }  # fmt: skip
    assert registry["registryUri"].startswith(lab_endpoint.public_url.removeprefix("http://") + "/public.ecr.aws/")


def test_a_registry_describes_itself_and_gets_its_alias_with_the_first_repository(aws):
    newcomer = aws("ecr-public", account="555566667777")
    (before,) = newcomer.describe_registries()["registries"]
    assert (before["registryId"], before["aliases"]) == ("555566667777", [])
    newcomer.create_repository(repositoryName="first")
    (after,) = newcomer.describe_registries()["registries"]
    (alias,) = after["aliases"]
    assert re.fullmatch(r"[a-z][a-z0-9]+(?:[._-][a-z0-9]+)*", alias["name"])
    assert alias == {"name": alias["name"], "status": "ACTIVE", "primaryRegistryAlias": True, "defaultRegistryAlias": True}
    assert after["registryUri"].endswith(f"/public.ecr.aws/{alias['name']}")
    assert after["registryArn"] == "arn:aws:ecr-public::555566667777:registry/555566667777"
    assert after["verified"] is False


def test_a_name_is_given_once_and_a_missing_one_is_named(public, shop):
    with refused("RepositoryAlreadyExistsException", f"The repository with name '{shop}' already exists in the registry with id '{ACCOUNT}'"):
        public.create_repository(repositoryName=shop)
    with refused("RepositoryNotFoundException", f"The repository with name '{shop}x' does not exist in the registry with id '{ACCOUNT}'"):
        public.describe_repositories(repositoryNames=[f"{shop}x"])


def test_public_and_private_repositories_have_nothing_to_do_with_each_other(ecr, public, shop):
    with refused("RepositoryNotFoundException"):
        ecr.describe_repositories(repositoryNames=[shop])
    ecr.create_repository(repositoryName=shop)
    push(ecr, shop, image("private"), "1")
    assert public.describe_images(repositoryName=shop)["imageDetails"] == []


def test_a_deleted_public_repository_is_gone_from_both_doors(public, shop, anybody):
    push(public, shop, image("gone"), "1")
    with refused("RepositoryNotEmptyException"):
        public.delete_repository(repositoryName=shop)
    assert public.delete_repository(repositoryName=shop, force=True)["repository"]["repositoryName"] == shop
    assert anybody("GET", "manifests/1").status_code == 404
    with refused("RepositoryNotFoundException"):
        public.describe_repositories(repositoryNames=[shop])


def test_what_the_gallery_says_is_stored_and_answered(public, free_repository):
    said = {
        "description": "A small shop",
        "architectures": ["ARM 64", "x86-64"],
        "operatingSystems": ["Linux"],
        "aboutText": "# About",
        "usageText": "# Usage",
    }
    assert public.create_repository(repositoryName=free_repository, catalogData=said)["catalogData"] == said
    assert public.get_repository_catalog_data(repositoryName=free_repository)["catalogData"] == said
    changed = said | {"description": "A larger shop"}
    assert public.put_repository_catalog_data(repositoryName=free_repository, catalogData=changed)["catalogData"] == changed
    assert public.get_repository_catalog_data(repositoryName=free_repository)["catalogData"] == changed


def test_a_repository_of_which_nothing_was_said_has_no_catalog_data(public, shop):
    with refused("RepositoryCatalogDataNotFoundException"):
        public.get_repository_catalog_data(repositoryName=shop)


LOGO = b"\x89PNG\r\n\x1a\n" + bytes(range(256))


def test_a_logo_is_shown_to_anybody_at_its_address(public, free_repository, lab_endpoint):
    made = public.create_repository(repositoryName=free_repository, catalogData={"description": "A small shop", "logoImageBlob": LOGO})["catalogData"]
    assert made == public.get_repository_catalog_data(repositoryName=free_repository)["catalogData"]
    assert made.keys() == {"description", "logoUrl"}
    assert made["logoUrl"].startswith(lab_endpoint.public_url + "/")
    shown = requests.get(made["logoUrl"], timeout=60)
    assert (shown.status_code, shown.content, shown.headers["Content-Type"]) == (200, LOGO, "image/png")
    assert requests.head(made["logoUrl"], timeout=60).headers["Content-Length"] == str(len(LOGO))


def test_a_logo_is_replaced_with_the_rest_of_what_the_gallery_says(public, free_repository):
    first = public.create_repository(repositoryName=free_repository, catalogData={"logoImageBlob": LOGO + b"first"})["catalogData"]["logoUrl"]
    second = public.put_repository_catalog_data(repositoryName=free_repository, catalogData={"logoImageBlob": b"\xff\xd8\xff another"})["catalogData"]["logoUrl"]
    assert requests.get(second, timeout=60).headers["Content-Type"] == "image/jpeg"
    assert requests.get(first, timeout=60).status_code == 404
    assert public.put_repository_catalog_data(repositoryName=free_repository, catalogData={"description": "none"})["catalogData"] == {"description": "none"}
    assert requests.get(second, timeout=60).status_code == 404


def test_a_deleted_repository_takes_its_logo_along_and_leaves_anothers(public, free_repository):
    for name in (free_repository, f"{free_repository}/other"):
        address = public.create_repository(repositoryName=name, catalogData={"logoImageBlob": LOGO + name[-5:].encode()})["catalogData"]["logoUrl"]
        same = public.create_repository(repositoryName=f"{name}/same", catalogData={"logoImageBlob": LOGO + name[-5:].encode()})["catalogData"]["logoUrl"]
        assert address == same
        public.delete_repository(repositoryName=name)
        assert requests.get(address, timeout=60).status_code == 200
        public.delete_repository(repositoryName=f"{name}/same")
        assert requests.get(address, timeout=60).status_code == 404


def test_whatever_is_called_a_logo_runs_nowhere(public, free_repository):
    page = b"<html><script>alert(1)</script></html>"
    address = public.create_repository(repositoryName=free_repository, catalogData={"logoImageBlob": page})["catalogData"]["logoUrl"]
    shown = requests.get(address, timeout=60)
    assert shown.headers["Content-Type"] == "application/octet-stream"
    assert shown.headers["X-Content-Type-Options"] == "nosniff"
    for elsewhere in (address[:-1], address + "/", address.rpartition("/")[0] + "/../lab.sqlite"):
        assert requests.get(elsewhere, timeout=60).status_code == 404
    assert requests.post(address, data=page, timeout=60).status_code == 404


def test_the_registrys_display_name_is_its_accounts(aws):
    mine, theirs = aws("ecr-public", account="555566667777"), aws("ecr-public", PARTNER)
    assert mine.put_registry_catalog_data(displayName="The shop")["registryCatalogData"] == {"displayName": "The shop"}
    assert mine.get_registry_catalog_data()["registryCatalogData"] == {"displayName": "The shop"}
    assert "displayName" not in theirs.get_registry_catalog_data()["registryCatalogData"]


def test_images_are_described_with_public_members_alone(public, shop, anybody, door):
    pushed = push(public, shop, image("described", layers=2), "1")
    assert anybody.pull("1") == pushed.manifest
    expected = {
        "registryId": ACCOUNT,
        "repositoryName": shop,
        "imageDigest": pushed.digest,
        "imageTags": ["1"],
        "imageSizeInBytes": pushed.size,
        "imagePushedAt": door.clock(),
        "imageManifestMediaType": OCI_MANIFEST,
        "artifactMediaType": OCI_CONFIG,
    }
    assert public.describe_images(repositoryName=shop)["imageDetails"] == [expected]
    assert public.describe_images(repositoryName=shop, imageIds=[{"imageTag": "1"}])["imageDetails"] == [expected]


def test_tags_are_described_with_their_images_in_pages(public, shop, door, later):
    pushed = push(public, shop, index(image("a"), image("b")), "2.0")
    then = door.clock()
    later(hours=1)
    child = pushed.children[0]
    public.put_image(repositoryName=shop, imageManifest=child.text, imageTag="1.0")
    pages = list(public.get_paginator("describe_image_tags").paginate(repositoryName=shop, PaginationConfig={"PageSize": 1}))
    found = {row["imageTag"]: row for page in pages for row in page["imageTagDetails"]}
    assert len(pages) == 2
    assert {tag: row["imageDetail"]["imageDigest"] for tag, row in found.items()} == {"1.0": child.digest, "2.0": pushed.digest}
    assert found["1.0"]["createdAt"] == door.clock()
    assert found["1.0"]["imageDetail"]["imagePushedAt"] == found["2.0"]["createdAt"] == then


def test_layers_travel_through_the_api(public, shop, anybody):
    content = b"a public layer"
    opened = public.initiate_layer_upload(repositoryName=shop)
    part = {"partFirstByte": 0, "partLastByte": len(content) - 1, "layerPartBlob": content}
    assert public.upload_layer_part(repositoryName=shop, uploadId=opened["uploadId"], **part)["lastByteReceived"] == len(content) - 1
    assert public.complete_layer_upload(repositoryName=shop, uploadId=opened["uploadId"], layerDigests=[digest(content)])["layerDigest"] == digest(content)
    (layer,) = public.batch_check_layer_availability(repositoryName=shop, layerDigests=[digest(content)])["layers"]
    assert layer["layerAvailability"] == "AVAILABLE"
    assert anybody("GET", f"blobs/{digest(content)}").content == content


def test_images_are_deleted_for_everybody(public, shop, anybody):
    pushed = push(public, shop, image("deleted"), "1")
    assert anybody("HEAD", "manifests/1").status_code == 200
    answer = public.batch_delete_image(repositoryName=shop, imageIds=[{"imageTag": "1"}, {"imageTag": "missing"}])
    assert answer["imageIds"] == [{"imageDigest": pushed.digest, "imageTag": "1"}]
    assert [each["failureCode"] for each in answer["failures"]] == ["ImageNotFound"]
    assert anybody("HEAD", "manifests/1").status_code == 404


def test_resource_tags_go_by_the_arn_without_a_region(public, shop):
    arn = f"arn:aws:ecr-public::{ACCOUNT}:repository/{shop}"
    public.tag_resource(resourceArn=arn, tags=[{"Key": "team", "Value": "shop"}, {"Key": "stage", "Value": "test"}])
    public.untag_resource(resourceArn=arn, tagKeys=["stage"])
    assert public.list_tags_for_resource(resourceArn=arn)["tags"] == [{"Key": "team", "Value": "shop"}]


@pytest.mark.parametrize("tag", [{"Value": "without a key"}, {}])
def test_a_resource_tag_without_a_key_is_invalid(public, shop, tag):
    with refused("InvalidTagParameterException"):
        public.tag_resource(resourceArn=f"arn:aws:ecr-public::{ACCOUNT}:repository/{shop}", tags=[tag])
    with refused("InvalidTagParameterException"):
        public.create_repository(repositoryName=f"{shop}/other", tags=[tag])


def test_a_registry_can_be_named_by_its_alias(public, shop):
    (registry,) = public.describe_registries()["registries"]
    alias = registry["aliases"][0]["name"]
    specimen = image("by alias")
    for blob in specimen.blobs:
        upload = public.initiate_layer_upload(registryId=alias, repositoryName=shop)["uploadId"]
        public.upload_layer_part(registryId=alias, repositoryName=shop, uploadId=upload, partFirstByte=0, partLastByte=len(blob) - 1, layerPartBlob=blob)
        public.complete_layer_upload(registryId=alias, repositoryName=shop, uploadId=upload, layerDigests=[digest(blob)])
    put = public.put_image(registryId=alias, repositoryName=shop, imageManifest=specimen.text, imageTag="1")["image"]
    assert put["registryId"] == ACCOUNT
    assert public.describe_images(repositoryName=shop)["imageDetails"][0]["imageDigest"] == specimen.digest


def test_an_alias_of_nobody_is_no_registry(public, shop):
    with refused("RegistryNotFoundException"):
        public.initiate_layer_upload(registryId="nobody-here", repositoryName=shop)


@pytest.mark.parametrize("by_alias", [False, True])
def test_anothers_public_registry_takes_no_pushes(aws, public, shop, by_alias):
    (registry,) = public.describe_registries()["registries"]
    named = registry["aliases"][0]["name"] if by_alias else ACCOUNT
    expected = (
        f"User: arn:aws:iam::{PARTNER}:user/learner is not authorized to perform: ecr-public:InitiateLayerUpload on resource: "
        f"arn:aws:ecr-public::{ACCOUNT}:repository/{shop} because no resource-based policy allows the ecr-public:InitiateLayerUpload action"
    )
    with refused("AccessDeniedException", expected):
        aws("ecr-public", PARTNER).initiate_layer_upload(registryId=named, repositoryName=shop)


def test_the_api_answers_in_two_regions_and_shows_the_same_registry(aws, shop):
    (seen,) = aws("ecr-public", region="us-west-2").describe_repositories(repositoryNames=[shop])["repositories"]
    assert seen["repositoryName"] == shop
    with refused("UnsupportedCommandException", "The action isn't supported in this Region."):
        aws("ecr-public", region="eu-west-1").describe_repositories(repositoryNames=[shop])


def test_public_tags_always_move(public, shop, anybody):
    push(public, shop, image("monday"), "1")
    tuesday = push(public, shop, image("tuesday"), "1")
    assert anybody.pull("1") == tuesday.manifest


def test_a_fresh_lab_holds_the_courses_base_images_for_two_platforms(lab_endpoint):
    for path, tag in (name.split(":") for name in seeds.BASES):
        repository = Repository(lab_endpoint.public_url, f"public.ecr.aws/ecrlab/{path}", bearer(lab_endpoint.public_url))
        answer = repository("GET", f"manifests/{tag}")
        assert answer.status_code == 200
        platforms = [each["platform"] for each in answer.json()["manifests"]]
        assert {each["architecture"] for each in platforms} == {"amd64", "arm64"}
        for child in answer.json()["manifests"]:
            manifest = repository("GET", f"manifests/{child['digest']}").json()
            for blob in (manifest["config"], *manifest["layers"]):
                assert digest(repository("GET", f"blobs/{blob['digest']}").content) == blob["digest"]
