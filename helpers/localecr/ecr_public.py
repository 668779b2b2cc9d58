"""Amazon ECR Public's operations. What it shares with the private registry is the very same function."""

from __future__ import annotations

import base64
import sqlite3

from localecr import ecr, ecr_policies, tokens
from localecr.ecr import Answer, Parameters
from localecr.errors import AwsError
from localecr.identities import Principal
from localecr.registry import Registry, catalog, images, paging, repositories, tags

REGIONS = ("us-east-1", "us-west-2")  # where the API has an endpoint


def refuse_other_regions(region: str) -> None:
    """The public registry is global, its API isn't (AWS: UnsupportedCommandException)."""
    if region not in REGIONS:
        raise AwsError("UnsupportedCommandException", "The action isn't supported in this Region.")


def get_authorization_token(registry: Registry, principal: Principal, asked: Parameters) -> Answer:
    token = tokens.issue(registry.lab, principal, "ecr-public", "us-east-1")
    password = token.seal(registry.lab)
    return {"authorizationData": {"authorizationToken": base64.b64encode(f"AWS:{password}".encode()).decode(), "expiresAt": token.expires}}


def create_repository(registry: Registry, principal: Principal, asked: Parameters) -> Answer:
    with registry.database.write():
        made = repositories.create(registry, asked["repositoryName"], labels=asked.get("tags"))
        said = _say(registry, made["name"], asked["catalogData"]) if "catalogData" in asked else {}
    return {"repository": repository(registry, made), "catalogData": said}


def repository(registry: Registry, row) -> Answer:
    """A row as the model's Repository: the public one has five members."""
    return {
        "repositoryArn": registry.arn(row["name"]),
        "registryId": registry.account,
        "repositoryName": row["name"],
        "repositoryUri": f"{registry.uri}/{catalog.alias(registry.lab, registry.account)}/{row['name']}",
        "createdAt": row["created_at"],
    }


def describe_repositories(registry: Registry, principal: Principal, asked: Parameters) -> Answer:
    ecr.refuse_paging_with_names(asked, "repositoryNames")
    page, token = repositories.describe(registry, asked.get("repositoryNames", []), asked.get("maxResults", paging.DEFAULT_PAGE), asked.get("nextToken"))
    return {"repositories": [repository(registry, each) for each in page], "nextToken": token}


def delete_repository(registry: Registry, principal: Principal, asked: Parameters) -> Answer:
    gone = repositories.delete(registry, asked["repositoryName"], asked.get("force", False))
    return {"repository": repository(registry, gone)}


def describe_registries(registry: Registry, principal: Principal, asked: Parameters) -> Answer:
    """The account's one public registry; there is never a second page."""
    if "nextToken" in asked:
        raise paging.invalid_token()
    alias = catalog.alias(registry.lab, registry.account)
    aliases = [{"name": alias, "status": "ACTIVE", "primaryRegistryAlias": True, "defaultRegistryAlias": True}] if alias else []
    described = {
        "registryId": registry.account,
        "registryArn": f"arn:aws:ecr-public::{registry.account}:registry/{registry.account}",
        "registryUri": f"{registry.uri}/{alias}" if alias else "",
        "verified": False,
        "aliases": aliases,
    }
    return {"registries": [described]}


def describe_images(registry: Registry, principal: Principal, asked: Parameters) -> Answer:
    ecr.refuse_paging_with_names(asked, "imageIds")
    row = repositories.find(registry, asked["repositoryName"])
    if "imageIds" in asked:
        page, token = images.named(registry, row, asked["imageIds"]), None
    else:
        page, token = images.describe(registry, row, "ANY", asked.get("maxResults", paging.DEFAULT_PAGE), asked.get("nextToken"))
    return {"imageDetails": [ecr.image_detail(registry, row, image) for image in page], "nextToken": token}


def describe_image_tags(registry: Registry, principal: Principal, asked: Parameters) -> Answer:
    row = repositories.find(registry, asked["repositoryName"])
    page, token = tags.describe(registry, row, asked.get("maxResults", paging.DEFAULT_PAGE), asked.get("nextToken"))
    return {"imageTagDetails": [_tag_detail(tag) for tag in page], "nextToken": token}


def _tag_detail(tag: sqlite3.Row) -> Answer:
    image = {
        "imageDigest": tag["digest"],
        "imageSizeInBytes": tag["size"],
        "imagePushedAt": tag["pushed_at"],
        "imageManifestMediaType": tag["media_type"],
        "artifactMediaType": tag["artifact_type"],
    }
    return {"imageTag": tag["name"], "createdAt": tag["tagged_at"], "imageDetail": image}


def get_repository_catalog_data(registry: Registry, principal: Principal, asked: Parameters) -> Answer:
    return {"catalogData": catalog.data(registry, repositories.find(registry, asked["repositoryName"]))}


def put_repository_catalog_data(registry: Registry, principal: Principal, asked: Parameters) -> Answer:
    return {"catalogData": _say(registry, asked["repositoryName"], asked["catalogData"])}


def _say(registry: Registry, name: str, said: Parameters) -> Answer:
    with registry.database.write():
        catalog.set_data(registry, repositories.find(registry, name), said)
        return catalog.data(registry, repositories.find(registry, name))


def get_registry_catalog_data(registry: Registry, principal: Principal, asked: Parameters) -> Answer:
    return {"registryCatalogData": {"displayName": catalog.display_name(registry)}}


def put_registry_catalog_data(registry: Registry, principal: Principal, asked: Parameters) -> Answer:
    catalog.set_display_name(registry, asked.get("displayName"))
    return {"registryCatalogData": {"displayName": asked.get("displayName")}}


SHARED = (
    "BatchCheckLayerAvailability",
    "BatchDeleteImage",
    "CompleteLayerUpload",
    "InitiateLayerUpload",
    "ListTagsForResource",
    "PutImage",
    "TagResource",
    "UntagResource",
    "UploadLayerPart",
)

OPERATIONS = ecr_policies.OF_REPOSITORIES | {name: ecr.OPERATIONS[name] for name in SHARED} | {
    "CreateRepository": create_repository,
    "DeleteRepository": delete_repository,
    "DescribeImageTags": describe_image_tags,
    "DescribeImages": describe_images,
    "DescribeRegistries": describe_registries,
    "DescribeRepositories": describe_repositories,
    "GetAuthorizationToken": get_authorization_token,
    "GetRegistryCatalogData": get_registry_catalog_data,
    "GetRepositoryCatalogData": get_repository_catalog_data,
    "PutRegistryCatalogData": put_registry_catalog_data,
    "PutRepositoryCatalogData": put_repository_catalog_data,
}
