"""Amazon ECR's operations: a table of names, each a thin function from parameters to an answer."""

from __future__ import annotations

import base64
import io
import json
import sqlite3
from functools import lru_cache
from typing import Any

from localecr import ecr_policies, ecr_scanning, tokens
from localecr.errors import AwsError
from localecr.identities import Principal
from localecr.registry import Registry, images, layers, paging, referrers, repositories, resource_tags, tags, uploads

Parameters = dict[str, Any]
Answer = dict[str, Any]


def get_authorization_token(registry: Registry, principal: Principal, asked: Parameters) -> Answer:
    token = tokens.issue(registry.lab, principal, "ecr", registry.region)
    password = token.seal(registry.lab)
    wanted = [Registry(registry.lab, "private", account, registry.region) for account in asked.get("registryIds", [registry.account])]
    return {
        "authorizationData": [
            {
                "authorizationToken": base64.b64encode(f"AWS:{password}".encode()).decode(),
                "expiresAt": token.expires,
                "proxyEndpoint": f"http://{each.uri}",
            }
            for each in wanted
        ]
    }


def create_repository(registry: Registry, principal: Principal, asked: Parameters) -> Answer:
    made = repositories.create(
        registry,
        asked["repositoryName"],
        mutability=asked.get("imageTagMutability", "MUTABLE"),
        exclusion_filters=asked.get("imageTagMutabilityExclusionFilters"),
        scan_on_push=asked.get("imageScanningConfiguration", {}).get("scanOnPush", False),
        encryption=asked.get("encryptionConfiguration"),
        labels=asked.get("tags"),
    )
    return {"repository": repository(registry, made)}


def describe_repositories(registry: Registry, principal: Principal, asked: Parameters) -> Answer:
    refuse_paging_with_names(asked, "repositoryNames")
    page, token = repositories.describe(registry, asked.get("repositoryNames", []), asked.get("maxResults", paging.DEFAULT_PAGE), asked.get("nextToken"))
    return {"repositories": [repository(registry, each) for each in page], "nextToken": token}


def delete_repository(registry: Registry, principal: Principal, asked: Parameters) -> Answer:
    return {"repository": repository(registry, repositories.delete(registry, asked["repositoryName"], asked.get("force", False)))}


def repository(registry: Registry, row: sqlite3.Row) -> Answer:
    """A row as the model's Repository."""
    return {
        "repositoryArn": registry.arn(row["name"]),
        "registryId": registry.account,
        "repositoryName": row["name"],
        "repositoryUri": f"{registry.uri}/{row['name']}",
        "createdAt": row["created_at"],
        "imageTagMutability": row["mutability"],
        "imageTagMutabilityExclusionFilters": _parsed(row["exclusion_filters"]) or None,
        "imageScanningConfiguration": {"scanOnPush": bool(row["scan_on_push"])},
        "encryptionConfiguration": _parsed(row["encryption"]),
    }


@lru_cache(maxsize=256)
def _parsed(text: str) -> Any:
    """What a column holds as JSON, for reading only: most repositories hold the same few texts."""
    return json.loads(text)


def describe_registry(registry: Registry, principal: Principal, asked: Parameters) -> Answer:
    return {"registryId": registry.account, "replicationConfiguration": {"rules": []}}


def put_image_tag_mutability(registry: Registry, principal: Principal, asked: Parameters) -> Answer:
    with registry.database.write():
        row = repositories.find(registry, asked["repositoryName"])
        filters = tags.set_mutability(registry, row, asked["imageTagMutability"], asked.get("imageTagMutabilityExclusionFilters"))
    return named(registry, row) | {"imageTagMutability": asked["imageTagMutability"], "imageTagMutabilityExclusionFilters": filters or None}


def batch_check_layer_availability(registry: Registry, principal: Principal, asked: Parameters) -> Answer:
    row, found, failures = repositories.find(registry, asked["repositoryName"]), [], []
    for digest in dict.fromkeys(asked["layerDigests"]):
        if images.IMAGE_DIGEST.fullmatch(digest):
            found.append(_layer(registry, row, digest))
        else:
            failures.append({"layerDigest": digest} | (OFF_DIGEST if digest else NO_DIGEST))
    return {"layers": found, "failures": failures}


# the codes are the model's; AWS publishes no reasons
NO_DIGEST = {"failureCode": "MissingLayerDigest", "failureReason": "Invalid request parameters: layer digest cannot be empty"}
OFF_DIGEST = {
    "failureCode": "InvalidLayerDigest",
    "failureReason": f"Invalid request parameters: layer digest should satisfy the regex '{images.IMAGE_DIGEST.pattern}'",
}


def _layer(registry: Registry, row: sqlite3.Row, digest: str) -> Answer:
    held = layers.find(registry, row, digest)
    if held is None:
        return {"layerDigest": digest, "layerAvailability": "UNAVAILABLE"}
    return {
        "layerDigest": digest,
        "layerAvailability": "AVAILABLE",
        "layerSize": held["size"],
        "mediaType": layers.media_type(registry, row, digest),
    }


def initiate_layer_upload(registry: Registry, principal: Principal, asked: Parameters) -> Answer:
    row = repositories.find(registry, asked["repositoryName"])
    return {"uploadId": uploads.initiate(registry, row), "partSize": uploads.PART_SIZE}


def upload_layer_part(registry: Registry, principal: Principal, asked: Parameters) -> Answer:
    row = repositories.find(registry, asked["repositoryName"])
    part = io.BytesIO(asked["layerPartBlob"])
    last = uploads.append_part(registry, row, asked["uploadId"], asked["partFirstByte"], asked["partLastByte"], part)
    return named(registry, row) | {"uploadId": asked["uploadId"], "lastByteReceived": last}


def complete_layer_upload(registry: Registry, principal: Principal, asked: Parameters) -> Answer:
    row = repositories.find(registry, asked["repositoryName"])
    uploads.refuse_empty(registry, row, asked["uploadId"])
    uploads.refuse_present(registry, row, asked["layerDigests"])
    digest = uploads.complete(registry, row, asked["uploadId"], asked["layerDigests"])
    return named(registry, row) | {"uploadId": asked["uploadId"], "layerDigest": digest}


def get_download_url_for_layer(registry: Registry, principal: Principal, asked: Parameters) -> Answer:
    row = repositories.find(registry, asked["repositoryName"])
    ticket = layers.download_ticket(registry, row, asked["layerDigest"])
    return {"downloadUrl": f"http://{registry.lab.private_address}/_layers/{ticket}", "layerDigest": asked["layerDigest"]}


def put_image(registry: Registry, principal: Principal, asked: Parameters) -> Answer:
    row = repositories.find(registry, asked["repositoryName"])
    tag = asked.get("imageTag")
    stored, changed = images.put(
        registry,
        row,
        asked["imageManifest"].encode(),
        media_type=asked.get("imageManifestMediaType"),
        tag=tag,
        digest=asked.get("imageDigest"),
    )
    if not changed:
        raise AwsError(
            "ImageAlreadyExistsException",
            f"Image with digest '{stored['digest']}' and tag '{tag or 'null'}' already exists in the repository with name '{row['name']}' "
            f"in registry with id '{registry.account}'",
        )
    return {"image": _image(registry, row, stored, images.identifier(stored["digest"], tag))}


def batch_get_image(registry: Registry, principal: Principal, asked: Parameters) -> Answer:
    row, found, failures = repositories.find(registry, asked["repositoryName"]), [], []
    for image_id in asked["imageIds"]:
        try:
            image = images.resolve(registry, row, image_id)
        except images.Failure as failure:
            failures.append(_failure(image_id, failure))
            continue
        if not principal.is_checker:
            images.note_pull(registry, image)
        found.append(_image(registry, row, image, images.identifier(image["digest"], image_id.get("imageTag"))))
    return {"images": found, "failures": failures}


def _image(registry: Registry, row: sqlite3.Row, image: sqlite3.Row, image_id: dict) -> Answer:
    return named(registry, row) | {
        "imageId": image_id,
        "imageManifest": image["manifest"].decode(),
        "imageManifestMediaType": image["media_type"],
    }


def batch_delete_image(registry: Registry, principal: Principal, asked: Parameters) -> Answer:
    """Deletes what it can, in any order: what an index holds back is tried again as long as anything goes."""
    row = repositories.find(registry, asked["repositoryName"])
    gone: list[dict] = []
    failed: list[tuple[dict, images.Failure]] = []
    held: list[tuple[dict, images.Failure]] = []
    waiting = [image_id for number, image_id in enumerate(asked["imageIds"]) if image_id not in asked["imageIds"][:number]]
    while waiting:
        before, held = len(gone), []
        for image_id in waiting:
            try:
                gone += images.delete(registry, row, image_id)
            except images.Failure as failure:
                if failure.code == images.LISTED:
                    held.append((image_id, failure))
                elif not _went_with_another(image_id, failure, gone):
                    failed.append((image_id, failure))
        waiting = [image_id for image_id, _ in held] if len(gone) > before else []
    return {"imageIds": gone, "failures": [_failure(image_id, failure) for image_id, failure in failed + held]}


def _went_with_another(image_id: dict, failure: images.Failure, gone: list[dict]) -> bool:
    """Whether what isn't there any more was deleted by the same call, under another name."""
    return failure.code == "ImageNotFound" and any(image_id.items() <= each.items() for each in gone)


def _failure(image_id: dict, failure: images.Failure) -> Answer:
    return {"imageId": image_id, "failureCode": failure.code, "failureReason": failure.reason}


def list_images(registry: Registry, principal: Principal, asked: Parameters) -> Answer:
    row = repositories.find(registry, asked["repositoryName"])
    if asked.get("filter", {}).get("imageStatus", "ACTIVE") not in ("ACTIVE", "ANY"):
        return {"imageIds": []}
    ids, token = images.list_ids(
        registry, row, asked.get("filter", {}).get("tagStatus", "ANY"), asked.get("maxResults", paging.DEFAULT_PAGE), asked.get("nextToken")
    )
    return {"imageIds": ids, "nextToken": token}


def describe_images(registry: Registry, principal: Principal, asked: Parameters) -> Answer:
    refuse_paging_with_names(asked, "imageIds")
    row = repositories.find(registry, asked["repositoryName"])
    wanted = asked.get("filter", {})
    if wanted.get("imageStatus", "ACTIVE") not in ("ACTIVE", "ANY"):
        return {"imageDetails": []}
    if "imageIds" in asked:
        page, token = images.named(registry, row, asked["imageIds"]), None
    else:
        page, token = images.describe(
            registry, row, wanted.get("tagStatus", "ANY"), asked.get("maxResults", paging.DEFAULT_PAGE), asked.get("nextToken")
        )
    scanned = ecr_scanning.told_with_images(registry, row)
    return {"imageDetails": [image_detail(registry, row, image) | {"imageStatus": "ACTIVE"} | scanned(image) for image in page], "nextToken": token}


def image_detail(registry: Registry, row: sqlite3.Row, image: sqlite3.Row) -> Answer:
    """What private and public registries both say of an image (a row of ``images.DETAILS``)."""
    detail = named(registry, row) | {
        "imageDigest": image["digest"],
        "imageTags": sorted(image["tags"].split()) if image["tags"] else None,
        "imageSizeInBytes": image["size"],
        "imagePushedAt": image["pushed_at"],
        "imageManifestMediaType": image["media_type"],
        "artifactMediaType": image["artifact_type"],
    }
    if not registry.is_public:
        detail |= {"lastRecordedPullTime": image["last_pulled_at"], "subjectManifestDigest": image["subject_digest"]}
    return detail


def list_image_referrers(registry: Registry, principal: Principal, asked: Parameters) -> Answer:
    row, subject = repositories.find(registry, asked["repositoryName"]), asked["subjectId"]["imageDigest"]
    if not images.IMAGE_DIGEST.fullmatch(subject):
        raise images.off_pattern("imageDigest", images.IMAGE_DIGEST)
    wanted = asked.get("filter", {})
    if wanted.get("artifactStatus", "ACTIVE") not in ("ACTIVE", "ANY"):
        return {"referrers": []}
    found, token = referrers.page(
        registry, row, subject, wanted.get("artifactTypes", []), asked.get("maxResults", 20), asked.get("nextToken")
    )
    return {"referrers": [each | {"artifactStatus": "ACTIVE"} for each in found], "nextToken": token}


def tag_resource(registry: Registry, principal: Principal, asked: Parameters) -> Answer:
    resource_tags.add(registry, asked["resourceArn"], asked["tags"])
    return {}


def untag_resource(registry: Registry, principal: Principal, asked: Parameters) -> Answer:
    resource_tags.remove(registry, asked["resourceArn"], asked["tagKeys"])
    return {}


def list_tags_for_resource(registry: Registry, principal: Principal, asked: Parameters) -> Answer:
    return {"tags": resource_tags.of(registry, asked["resourceArn"])}


def named(registry: Registry, row: sqlite3.Row) -> Answer:
    """The two members that begin most answers."""
    return {"registryId": registry.account, "repositoryName": row["name"]}


def refuse_paging_with_names(asked: Parameters, names: str) -> None:
    """Naming things and paging through all of them don't go together (AWS: DescribeRepositories, DescribeImages)."""
    if names in asked and ("maxResults" in asked or "nextToken" in asked):
        paging_member = "maxResults" if "maxResults" in asked else "nextToken"
        raise AwsError("InvalidParameterException", f"Invalid parameter at '{paging_member}' failed to satisfy constraint: 'Cannot be specified with {names}'")


OPERATIONS = ecr_policies.OF_REPOSITORIES | ecr_policies.OF_PRIVATE_REGISTRIES | ecr_scanning.OPERATIONS | {
    "BatchCheckLayerAvailability": batch_check_layer_availability,
    "BatchDeleteImage": batch_delete_image,
    "BatchGetImage": batch_get_image,
    "CompleteLayerUpload": complete_layer_upload,
    "CreateRepository": create_repository,
    "DeleteRepository": delete_repository,
    "DescribeImages": describe_images,
    "DescribeRegistry": describe_registry,
    "DescribeRepositories": describe_repositories,
    "GetAuthorizationToken": get_authorization_token,
    "GetDownloadUrlForLayer": get_download_url_for_layer,
    "InitiateLayerUpload": initiate_layer_upload,
    "ListImageReferrers": list_image_referrers,
    "ListImages": list_images,
    "ListTagsForResource": list_tags_for_resource,
    "PutImage": put_image,
    "PutImageTagMutability": put_image_tag_mutability,
    "TagResource": tag_resource,
    "UntagResource": untag_resource,
    "UploadLayerPart": upload_layer_part,
}
