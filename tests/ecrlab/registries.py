"""Registries made of dictionaries, which answer as boto3 clients do."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import quote

from ecrlab.lab import Lab

IMAGE = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"


class RepositoryNotFoundException(Exception):
    """As botocore's client.exceptions has it."""


class FakeEcr:
    """The answers of an ECR client, from dictionaries. `put` fills it the way a push would."""

    exceptions = SimpleNamespace(RepositoryNotFoundException=RepositoryNotFoundException)

    def __init__(self) -> None:
        self.repositories: dict[str, dict[str, dict]] = {}
        self.stubborn: set[str] = set()
        self.configuration: dict = {}

    def put(self, repository: str, document: dict, *tags: str) -> str:
        """Store a manifest under these tags, which leave the images they named before. Returns its digest."""
        images = self.repositories.setdefault(repository, {})
        text = json.dumps(document)
        digest = "sha256:" + hashlib.sha256(text.encode()).hexdigest()
        for image in images.values():
            image["tags"] -= set(tags)
        images.setdefault(digest, {"text": text, "tags": set(), "type": document["mediaType"]})["tags"] |= set(tags)
        return digest

    def batch_get_image(self, repositoryName, imageIds, acceptedMediaTypes):
        found = []
        for image_id in imageIds:
            for digest, image in self._images(repositoryName).items():
                if digest == image_id.get("imageDigest") or image_id.get("imageTag") in image["tags"]:
                    found.append({"imageId": {"imageDigest": digest}, "imageManifest": image["text"], "imageManifestMediaType": image["type"]})
        return {"images": found, "failures": []}

    def get_download_url_for_layer(self, repositoryName, layerDigest):
        return {"downloadUrl": "data:application/json," + quote(json.dumps(self.configuration)), "layerDigest": layerDigest}

    def get_paginator(self, operation):
        return SimpleNamespace(paginate=lambda **asked: [getattr(self, operation)(**asked)])

    def describe_repositories(self, repositoryNames=None):
        for name in repositoryNames or []:
            self._images(name)
        return {"repositories": [{"repositoryName": name} for name in repositoryNames or self.repositories]}

    def describe_images(self, repositoryName):
        details = []
        for digest, image in self._images(repositoryName).items():
            detail = {"imageDigest": digest, "imageManifestMediaType": image["type"]}
            detail["imageSizeInBytes"] = sum(layer["size"] for layer in json.loads(image["text"]).get("layers", []))
            details.append(detail | ({"imageTags": sorted(image["tags"], reverse=True)} if image["tags"] else {}))
        return {"imageDetails": details}

    def delete_repository(self, repositoryName, force):
        assert force
        self._images(repositoryName)
        if repositoryName not in self.stubborn:
            del self.repositories[repositoryName]

    def _images(self, repository):
        if repository not in self.repositories:
            raise RepositoryNotFoundException(repository)
        return self.repositories[repository]


def image(*sizes: int, seed: str = "") -> dict:
    """An image's manifest with layers of these sizes."""
    layers = [{"digest": "sha256:" + hashlib.sha256(f"{seed}{size}".encode()).hexdigest(), "size": size} for size in sizes]
    return {"mediaType": IMAGE, "config": {"digest": "sha256:" + "c" * 64, "size": 2}, "layers": layers}


def index(**platforms: str) -> dict:
    """An index: architecture → digest."""
    entries = [
        {"mediaType": IMAGE, "digest": digest, "size": 400, "platform": {"os": "linux", "architecture": architecture}}
        for architecture, digest in platforms.items()
    ]
    return {"mediaType": INDEX, "manifests": entries}


class FakeLab(Lab):
    """A lab whose registries are dictionaries, one for each service, account and Region."""

    place, account, partner, region, engine = "local", "111122223333", "444455556666", "us-east-1", "dockerless"
    session = docker = registry = public_registry = base = arn = decision = None  # what no test of pictures and checks asks for

    def __init__(self, state: Path) -> None:
        self.state = state
        self.registries: dict[tuple, FakeEcr] = {}

    def client(self, service, region=None, account=None):
        return self.registries.setdefault((service, region or self.region, account or self.account), FakeEcr())

    reader = client
