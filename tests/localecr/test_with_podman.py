"""podman: log in, pull, push."""

from __future__ import annotations

import json

import pytest

from awsapi import push, tags
from specimens import index, sound_image

pytestmark = pytest.mark.podman
PLAIN = "--tls-verify=false"


@pytest.fixture
def logged_in(podman, registry_password, shell):
    done = podman("login", PLAIN, "--username", "AWS", "--password-stdin", shell["ECRLAB_REGISTRY"], input=registry_password())
    assert "Login Succeeded!" in done.stdout
    return podman


def test_an_image_is_pulled_by_tag_and_digest_and_pushed_under_another_name(logged_in, shell, ecr, http, name):
    uri = f"{shell['ECRLAB_REGISTRY']}/{name}"
    specimen = push(ecr, name, index(sound_image("one"), sound_image("two", "arm64")), "1")
    logged_in("pull", PLAIN, f"{uri}:1")
    logged_in("pull", PLAIN, f"{uri}@{specimen.children[0].digest}")
    ecr.create_repository(repositoryName=f"{name}/copy")
    logged_in("push", PLAIN, f"{uri}:1", f"docker://{uri}/copy:2")
    assert tags(ecr, f"{name}/copy").keys() == {"2"}
    assert specimen.children[0].layers[0] in [http("GET", f"blobs/{layer}").content for layer in layers_of(ecr, name, specimen.children[0].digest)]


def layers_of(ecr, name, digest):
    (found,) = ecr.batch_get_image(repositoryName=name, imageIds=[{"imageDigest": digest}])["images"]
    return [layer["digest"] for layer in json.loads(found["imageManifest"])["layers"]]


def test_anybody_pulls_a_base_image_without_a_log_in(podman, shell):
    uri = f"{shell['ECRLAB_PUBLIC_REGISTRY']}/ecrlab/static:1"
    podman("pull", PLAIN, uri)
    assert podman("image", "inspect", "--format", "{{.Os}}", uri).stdout.strip() == "linux"
