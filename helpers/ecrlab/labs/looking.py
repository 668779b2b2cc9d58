"""What the checks of labs look at. Everything here only reads, and answers with nothing where nothing is."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from urllib.parse import urlsplit

from ecrlab.show.manifests import Manifest, Missing, manifest
from ecrlab.show.words import MEDIA_TYPES


def repository(ecr, name: str) -> dict | None:
    """The repository as DescribeRepositories (of `ecr` or `ecr-public`) tells it, None where it isn't."""
    try:
        return ecr.describe_repositories(repositoryNames=[name])["repositories"][0]
    except ecr.exceptions.RepositoryNotFoundException:
        return None


def images(ecr, repository: str) -> dict[str, list[str]]:
    """digest → its tags, of all images of a repository; nothing where there is no such repository."""
    try:
        pages = list(ecr.get_paginator("describe_images").paginate(repositoryName=repository))
    except ecr.exceptions.RepositoryNotFoundException:
        return {}
    return {each["imageDigest"]: each.get("imageTags", []) for page in pages for each in page["imageDetails"]}


def tags(ecr, repository: str) -> dict[str, str]:
    """tag → digest, of all tags of a repository."""
    return {tag: digest for digest, names in images(ecr, repository).items() for tag in names}


def unnamed(ecr, repository: str) -> set[str]:
    """The digests of images that have no tag and that no index of the repository lists."""
    found = images(ecr, repository)
    manifests = [manifest(ecr, repository, digest) for digest in found]
    listed = {each["digest"] for one in manifests if one.kind == "index" for each in one.document["manifests"]}
    return {digest for digest, names in found.items() if not names} - listed


def layers(ecr, repository: str, name: str) -> list[str]:
    """The digests of an image's layers from the base up; for an index those of each of its images. Raises Missing where there is none."""
    return [layer["digest"] for each in _images(ecr, repository, name) for layer in each.document["layers"]]


def contents(ecr, repository: str, name: str) -> set[str]:
    """The digests of an image's configuration, which stay the same however the manifest around it is written."""
    return {each.document["config"]["digest"] for each in _images(ecr, repository, name)}


def _images(ecr, repository: str, name: str) -> list[Manifest]:
    """An image itself; of an index, the images for platforms (a build's attestations are listed as unknown/unknown)."""
    found = manifest(ecr, repository, name)
    if found.kind != "index":
        return [found]
    listed = [each for each in found.document["manifests"] if each.get("platform", {}).get("os") != "unknown"]
    return [image for each in listed for image in _images(ecr, repository, each["digest"])]


def pulled_by_anybody(uri: str, name: str) -> dict:
    """The manifest that somebody without any log-in gets for a tag or digest of a public repository, as a document.

    `uri` is the repository's own, as AWS gives it. Raises Missing where it can't be pulled.
    OCI distribution spec 1.1, "Pulling manifests", with a token that the registry gives to anybody.
    """
    host, _, path = uri.partition("/")
    base = f"{'http' if _is_here(host) else 'https'}://{host}"
    token = json.loads(_get(f"{base}/token/?service=public.ecr.aws&scope=aws", {}))["token"]
    headers = {"Authorization": f"Bearer {token}", "Accept": ", ".join(MEDIA_TYPES)}
    return json.loads(_get(f"{base}/v2/{path}/manifests/{name}", headers))


def _get(url: str, headers: dict[str, str]) -> bytes:
    here = _is_here(urlsplit(url).netloc)
    opener = urllib.request.build_opener(*([urllib.request.ProxyHandler({})] if here else []))
    try:
        with opener.open(urllib.request.Request(url, headers=headers), timeout=30) as answer:
            return answer.read()
    except urllib.error.HTTPError as error:
        with error:
            raise Missing(f"The public registry answered {error.code} to a pull without any log-in.") from error


def _is_here(host: str) -> bool:
    """Whether a registry's address is this very machine's, which speaks HTTP and is reached without a proxy."""
    return host.partition(":")[0] in ("localhost", "127.0.0.1")
