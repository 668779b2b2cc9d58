"""Manifests, tags and referrers over HTTP. OCI distribution spec 1.1."""

from __future__ import annotations

import json
import sqlite3
from urllib.parse import urlencode

from localecr.errors import AwsError, invalid_parameter
from localecr.http import Response
from localecr.oci.exchange import Exchange, checked_digest
from localecr.registry import images, manifests, referrers, tags

MOST_TAGS, MOST_TYPES = 1000, 100


def _image_id(reference: str) -> dict[str, str]:
    """A reference is a digest where it has a colon, which no tag has."""
    return {"imageDigest": checked_digest(reference)} if ":" in reference else {"imageTag": reference}


def get(exchange: Exchange, reference: str) -> Response:
    """The manifest of a tag or digest, byte for byte. BatchGetImage, which is served also where it finds nothing."""
    image_id, is_pull = _image_id(reference), exchange.request.method == "GET"
    accepted = [each.partition(";")[0].strip() for each in exchange.request.header("Accept").split(",", MOST_TYPES)[:MOST_TYPES] if each.strip()]

    def find(repository: sqlite3.Row) -> sqlite3.Row | images.Failure:
        try:
            image = images.resolve(exchange.registry, repository, image_id)
        except images.Failure as failure:
            return failure.with_traceback(None)  # whose frames would keep it, and it them, until the collector comes
        if is_pull and not exchange.principal.is_checker:
            images.note_pull(exchange.registry, image)
        return image

    def told(found: sqlite3.Row | images.Failure) -> dict:
        return {"images": [_answer(exchange, found, image_id)] if is_pull and not isinstance(found, images.Failure) else []}

    parameters = {"imageIds": [image_id]} | ({"acceptedMediaTypes": accepted} if accepted else {})
    image = exchange.do("BatchGetImage", parameters, find, told=told)
    if isinstance(image, images.Failure):
        raise AwsError("ImageNotFoundException", image.reason) from image
    headers = {"Content-Type": image["media_type"], "Docker-Content-Digest": image["digest"], "Content-Length": str(len(image["manifest"]))}
    return Response(200, bytes(image["manifest"]), headers)


def _answer(exchange: Exchange, image: sqlite3.Row, image_id: dict[str, str]) -> dict:
    """The API's Image."""
    members = {"imageId": {"imageDigest": image["digest"]} | image_id, "imageManifest": image["manifest"].decode("utf-8", "replace")}
    return exchange.named | members | {"imageManifestMediaType": image["media_type"]}


def put(exchange: Exchange, reference: str) -> Response:
    """Stores a manifest under a tag or its digest. PutImage; pushing what is there already changes nothing and is no error."""
    image_id = _image_id(reference)
    body = exchange.request.body(manifests.LARGEST)
    if body is None:
        raise AwsError("ManifestTooLarge", manifests.too_long().message)
    media_type = exchange.request.header("Content-Type").partition(";")[0].strip() or None
    tag, digest = image_id.get("imageTag"), image_id.get("imageDigest")
    if tag is not None and not tags.CLIENTS_TAG.fullmatch(tag):
        raise invalid_parameter("imageTag", f"must satisfy regular expression '{tags.CLIENTS_TAG.pattern}'")
    stored, _ = exchange.do(
        "PutImage",
        {"imageManifest": body.decode("utf-8", "replace"), "imageManifestMediaType": media_type} | image_id,
        lambda repository: images.put(exchange.registry, repository, body, media_type=media_type, tag=tag, digest=digest, layerless=True),
        told=lambda result: {"image": _answer(exchange, result[0], image_id)},
        changed=lambda result: result[1],
    )
    headers = {"Location": exchange.link(f"manifests/{stored['digest']}"), "Docker-Content-Digest": stored["digest"]}
    if stored["subject_digest"]:
        headers["OCI-Subject"] = stored["subject_digest"]
    return Response(201, b"", headers)


def delete(exchange: Exchange, reference: str) -> Response:
    """Deletes by digest the image, by tag the tag (and with the last tag the image, as ECR does). BatchDeleteImage, which is served
    also where it deletes nothing."""
    image_id = _image_id(reference)

    def remove(repository: sqlite3.Row) -> list[dict] | images.Failure:
        try:
            return images.delete(exchange.registry, repository, image_id)
        except images.Failure as failure:
            return failure.with_traceback(None)

    def told(gone: list[dict] | images.Failure) -> dict:
        if not isinstance(gone, images.Failure):
            return {"imageIds": gone, "failures": []}
        return {"imageIds": [], "failures": [{"imageId": image_id, "failureCode": gone.code, "failureReason": gone.reason}]}

    gone = exchange.do("BatchDeleteImage", {"imageIds": [image_id]}, remove, told=told)
    if isinstance(gone, images.Failure):
        raise AwsError(images.LISTED if gone.code == images.LISTED else "ImageNotFoundException", gone.reason) from gone
    return Response(202)


def list_tags(exchange: Exchange) -> Response:
    """Tags by name, ``n`` at a time after ``last``, with a link to the next page. ListImages; public.ecr.aws has no such page."""
    if exchange.registry.is_public:
        raise AwsError("PageNotFound", "404 page not found")
    query = exchange.request.query
    limit, last = _limit(query.get("n", "100")), query.get("last", "")
    found = exchange.do("ListImages", {"maxResults": limit}, lambda repository: tags.page(exchange.registry, repository, last, limit + 1))
    response = Response.of_json({"name": exchange.path, "tags": found[:limit]})
    if len(found) > limit > 0:
        response.headers["Link"] = _next(exchange, "tags/list", n=str(limit), last=found[limit - 1])
    return response


def _limit(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise invalid_parameter("maxResults", "Member must be a whole number")
    if int(text) > MOST_TAGS:
        raise invalid_parameter("maxResults", f"Member must have value less than or equal to {MOST_TAGS}")
    return int(text)


def list_referrers(exchange: Exchange, reference: str) -> Response:
    """What names this digest as its subject, as an OCI index; empty for a digest that nothing refers to. ListImageReferrers."""
    subject, query = checked_digest(reference), exchange.request.query
    kinds = [query["artifactType"]] if query.get("artifactType") else []
    found, token = exchange.do(
        "ListImageReferrers",
        {"subjectId": {"imageDigest": subject}},
        lambda repository: referrers.page(exchange.registry, repository, subject, kinds, 100, query.get("next")),
    )
    index = {"schemaVersion": 2, "mediaType": manifests.OCI_INDEX, "manifests": found}
    response = Response(200, json.dumps(index, separators=(",", ":")).encode(), {"Content-Type": manifests.OCI_INDEX})
    if kinds:
        response.headers["OCI-Filters-Applied"] = "artifactType"
    if token:
        response.headers["Link"] = _next(exchange, f"referrers/{subject}", **({"artifactType": kinds[0]} if kinds else {}), next=token)
    return response


def _next(exchange: Exchange, rest: str, **query: str) -> str:
    path = exchange.link(rest).removeprefix(exchange.request.base_url)
    return f'<{path}?{urlencode(query)}>; rel="next"'
