"""buildah: images built from a Dockerfile and by hand, without a runtime. What it shows when ECR refuses: test_client_refusals.py."""

from __future__ import annotations

import json

import pytest

from awsapi import tags
from containers import write_context
from specimens import OCI_INDEX, OCI_MANIFEST, sound_image

pytestmark = pytest.mark.buildah
PLAIN = "--tls-verify=false"


@pytest.fixture
def logged_in(buildah, registry_password, shell):
    done = buildah("login", PLAIN, "--username", "AWS", "--password-stdin", shell["ECRLAB_REGISTRY"], input=registry_password())
    assert "Login Succeeded!" in done.stdout
    return buildah


def image_id(buildah, reference):
    return json.loads(buildah("inspect", "--type=image", reference).stdout)["FromImageID"]


def test_an_image_of_a_dockerfile_goes_up_and_comes_back_by_tag_and_by_digest(logged_in, shell, ecr, name, tmp_path):
    uri = f"{shell['ECRLAB_REGISTRY']}/{name}"
    logged_in("bud", "--tag", f"{uri}:1", write_context(tmp_path / "sources", name))
    built = image_id(logged_in, f"{uri}:1")
    logged_in("push", PLAIN, "--digestfile", tmp_path / "digest", f"{uri}:1")
    digest = (tmp_path / "digest").read_text()
    assert tags(ecr, name) == {"1": digest}
    for reference in (f"{uri}:1", f"{uri}@{digest}"):
        logged_in("rmi", "--all", "--force")
        logged_in("pull", PLAIN, reference)
        assert image_id(logged_in, reference) == built


@pytest.mark.parametrize(("format_", "media_type"), [("oci", OCI_MANIFEST), ("docker", "application/vnd.docker.distribution.manifest.v2+json")])
def test_an_image_is_committed_from_a_base_in_the_registry(logged_in, shell, ecr, http, name, tmp_path, format_, media_type):
    uri = f"{shell['ECRLAB_REGISTRY']}/{name}"
    base = http.push(sound_image("base"), "base")
    (tmp_path / "more").write_text("more")
    container = logged_in("from", PLAIN, f"{uri}:base").stdout.strip()
    logged_in("copy", container, tmp_path / "more", "/more")
    logged_in("config", "--cmd", "/more", container)
    logged_in("commit", f"--format={format_}", PLAIN, container, f"docker://{uri}:1")  # straight into the registry
    (detail,) = ecr.describe_images(repositoryName=name, imageIds=[{"imageTag": "1"}])["imageDetails"]
    assert detail["imageManifestMediaType"] == media_type
    manifest = http("GET", "manifests/1").json()
    assert len(manifest["layers"]) == len(base.layers) + 1
    config = http("GET", f"blobs/{manifest['config']['digest']}").json()
    assert config["config"]["Cmd"] == ["/more"]


def test_a_dockerfile_builds_on_an_image_of_the_registry(logged_in, shell, http, name, tmp_path):
    uri = f"{shell['ECRLAB_REGISTRY']}/{name}"
    http.push(sound_image("base"), "base")
    sources = write_context(tmp_path / "sources", name)
    (sources / "Dockerfile").write_text(f"FROM {uri}:base\nCOPY seed /more\n")
    logged_in("bud", PLAIN, "--pull-always", "--tag", f"{uri}:1", sources)
    logged_in("push", PLAIN, f"{uri}:1")
    assert len(http("GET", "manifests/1").json()["layers"]) == 2


def test_credentials_may_stand_in_the_command(buildah, shell, registry_password, ecr, name, tmp_path):
    uri = f"{shell['ECRLAB_REGISTRY']}/{name}"
    buildah("bud", "--tag", f"{uri}:1", write_context(tmp_path / "sources", name))
    buildah("push", PLAIN, f"--creds=AWS:{registry_password()}", f"{uri}:1")
    assert tags(ecr, name).keys() == {"1"}
    buildah("rmi", "--all", "--force")
    refused = buildah("pull", PLAIN, f"{uri}:1", check=False)
    assert refused.returncode != 0
    assert "authentication required" in refused.stderr
    buildah("pull", PLAIN, f"--creds=AWS:{registry_password()}", f"{uri}:1")


def test_a_list_of_platforms_goes_up_with_its_images(logged_in, shell, http, name):
    uri = f"{shell['ECRLAB_REGISTRY']}/{name}"
    one, two = http.push(sound_image("one"), "one"), http.push(sound_image("two", "arm64"), "two")
    logged_in("manifest", "create", "all-platforms")
    for tag in ("one", "two"):
        logged_in("manifest", "add", PLAIN, "all-platforms", f"docker://{uri}:{tag}")
    logged_in("manifest", "push", PLAIN, "--all", "all-platforms", f"docker://{uri}:1.0")
    answer = http("GET", "manifests/1.0")
    assert answer.headers["Content-Type"] == OCI_INDEX
    assert [each["digest"] for each in answer.json()["manifests"]] == [one.digest, two.digest]


def test_after_the_log_out_nothing_is_pulled(logged_in, shell, http, name):
    http.push(sound_image(name), "1")
    logged_in("logout", shell["ECRLAB_REGISTRY"])
    refused = logged_in("pull", PLAIN, f"{shell['ECRLAB_REGISTRY']}/{name}:1", check=False)
    assert refused.returncode != 0
    assert "authentication required" in refused.stderr
