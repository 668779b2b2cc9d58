"""podman: log in, build, push, pull, lists of platforms. What it shows when ECR refuses: test_client_refusals.py."""

from __future__ import annotations

import json

import pytest

from awsapi import digests, push, tags
from containers import write_context
from specimens import OCI_INDEX, index, sound_image

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


def test_an_image_is_built_pushed_and_pulled_by_tag_and_by_digest(logged_in, shell, ecr, name, tmp_path):
    uri = f"{shell['ECRLAB_REGISTRY']}/{name}"
    logged_in("build", "--tag", f"{uri}:1", write_context(tmp_path / "sources", name))
    image = logged_in("image", "inspect", "--format", "{{.Id}}", f"{uri}:1").stdout
    logged_in("push", PLAIN, "--digestfile", tmp_path / "digest", f"{uri}:1")
    digest = (tmp_path / "digest").read_text()
    assert tags(ecr, name) == {"1": digest}
    for reference in (f"{uri}:1", f"{uri}@{digest}"):
        logged_in("rmi", "--all", "--force")
        logged_in("pull", PLAIN, reference)
        assert logged_in("image", "inspect", "--format", "{{.Id}}", reference).stdout == image


def test_a_list_of_platforms_is_made_pushed_and_looked_into(logged_in, shell, ecr, http, name):
    uri = f"{shell['ECRLAB_REGISTRY']}/{name}"
    images = {"amd64": http.push(sound_image("one"), "amd64"), "arm64": http.push(sound_image("two", "arm64"), "arm64")}
    logged_in("manifest", "create", "all-platforms")
    for architecture in images:
        logged_in("manifest", "add", PLAIN, "all-platforms", f"docker://{uri}:{architecture}")
    logged_in("manifest", "push", PLAIN, "--all", "all-platforms", f"docker://{uri}:1.0")
    (detail,) = ecr.describe_images(repositoryName=name, imageIds=[{"imageTag": "1.0"}])["imageDetails"]
    assert detail["imageManifestMediaType"] == OCI_INDEX
    listed = {each["platform"]["architecture"]: each["digest"] for each in json.loads(http.pull("1.0"))["manifests"]}
    assert listed == {architecture: image.digest for architecture, image in images.items()}
    assert digests(ecr, name) == {detail["imageDigest"], *listed.values()}
    logged_in("manifest", "rm", "all-platforms")
    logged_in("pull", PLAIN, "--arch=arm64", f"{uri}:1.0")
    assert logged_in("image", "inspect", "--format", "{{.Architecture}}", f"{uri}:1.0").stdout.strip() == "arm64"


def test_the_tags_of_a_repository_are_searched(logged_in, shell, http, name):
    specimen = http.push(sound_image(name))
    wanted = [f"v{number:03}" for number in range(120)]  # two pages
    for tag in wanted:
        http.put_manifest(tag, specimen)
    found = logged_in("search", PLAIN, "--list-tags", "--limit=1000", f"{shell['ECRLAB_REGISTRY']}/{name}").stdout
    assert [line.split()[1] for line in found.splitlines()[1:]] == wanted


def test_a_log_in_is_kept_for_each_registry_until_the_log_out(logged_in, shell, registry_host, registry_password, http, name):
    mine, theirs = shell["ECRLAB_REGISTRY"], registry_host(account="444455556666")
    logged_in("login", PLAIN, "--username", "AWS", "--password-stdin", theirs, input=registry_password(account="444455556666"))
    with open(logged_in.environment["REGISTRY_AUTH_FILE"]) as file:
        assert json.load(file)["auths"].keys() == {mine, theirs}
    http.push(sound_image(name), "1")
    logged_in("pull", PLAIN, f"{mine}/{name}:1")
    assert "Removed login credentials" in logged_in("logout", mine).stdout
    refused = logged_in("pull", PLAIN, f"{mine}/{name}:1", check=False)
    assert refused.returncode != 0
    assert "authentication required" in refused.stderr


def test_anybody_pulls_a_base_image_without_a_log_in(podman, shell):
    uri = f"{shell['ECRLAB_PUBLIC_REGISTRY']}/ecrlab/static:1"
    podman("pull", PLAIN, uri)
    assert podman("image", "inspect", "--format", "{{.Os}}", uri).stdout.strip() == "linux"
