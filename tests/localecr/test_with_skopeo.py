"""skopeo: copies, lists, inspects and deletes without an engine."""

from __future__ import annotations

import json

import pytest

from awsapi import push, tags
from specimens import index, sound_image, write_layout

pytestmark = pytest.mark.skopeo
PLAIN = "--tls-verify=false"


@pytest.fixture
def registry(shell):
    return f"docker://{shell['ECRLAB_REGISTRY']}"


@pytest.fixture
def logged_in(skopeo, registry_password, shell):
    done = skopeo("login", PLAIN, "--username", "AWS", "--password-stdin", shell["ECRLAB_REGISTRY"], input=registry_password())
    assert "Login Succeeded!" in done.stdout
    return skopeo


def copy(skopeo, source, target, *more, check=True):
    return skopeo("copy", "--src-tls-verify=false", "--dest-tls-verify=false", *more, source, target, check=check)


def refusal(done):
    assert done.returncode != 0
    return done.stderr


def test_an_image_goes_up_unchanged_and_is_listed_and_inspected(logged_in, registry, ecr, name, tmp_path):
    specimen = sound_image(name)
    copy(logged_in, f"oci:{write_layout(tmp_path / 'layout', specimen)}", f"{registry}/{name}:1.0")
    assert tags(ecr, name) == {"1.0": specimen.digest}
    assert json.loads(logged_in("list-tags", PLAIN, f"{registry}/{name}").stdout)["Tags"] == ["1.0"]
    inspected = json.loads(logged_in("inspect", PLAIN, f"{registry}/{name}:1.0").stdout)
    assert (inspected["Digest"], inspected["Architecture"]) == (specimen.digest, "amd64")
    assert logged_in("inspect", PLAIN, "--raw", f"{registry}/{name}@{specimen.digest}").stdout == specimen.text


def test_an_image_comes_down_unchanged(logged_in, registry, ecr, name, tmp_path):
    specimen = push(ecr, name, sound_image(name), "1.0")
    copy(logged_in, f"{registry}/{name}:1.0", f"oci:{tmp_path / 'down'}:1.0")
    held = {file.name: file.read_bytes() for file in (tmp_path / "down" / "blobs" / "sha256").iterdir()}
    assert set(held.values()) == {specimen.manifest, *specimen.blobs}


def test_an_index_goes_up_with_all_its_platforms(logged_in, registry, ecr, http, name, tmp_path):
    specimen = index(sound_image("one"), sound_image("two", "arm64"))
    copy(logged_in, f"oci:{write_layout(tmp_path / 'layout', specimen)}", f"{registry}/{name}:multi", "--all")
    assert http.pull("multi") == specimen.manifest
    (tagged,) = ecr.list_images(repositoryName=name, filter={"tagStatus": "TAGGED"})["imageIds"]
    untagged = ecr.list_images(repositoryName=name, filter={"tagStatus": "UNTAGGED"})["imageIds"]
    assert tagged == {"imageDigest": specimen.digest, "imageTag": "multi"}
    assert {each["imageDigest"] for each in untagged} == {child.digest for child in specimen.children}


def test_an_image_is_copied_between_regions(logged_in, registry, aws, at, registry_password, name):
    specimen = at(name).push(sound_image(name), "1")
    aws("ecr", region="eu-west-1").create_repository(repositoryName=name)
    there = registry.replace("us-east-1", "eu-west-1")
    copy(logged_in, f"{registry}/{name}:1", f"{there}/{name}:1", f"--dest-creds=AWS:{registry_password(region='eu-west-1')}")
    assert tags(aws("ecr", region="eu-west-1"), name) == {"1": specimen.digest}


def test_an_image_is_copied_between_accounts(logged_in, registry, aws, at, registry_password, name):
    specimen = at(name).push(sound_image(name), "1")
    aws("ecr", account="444455556666").create_repository(repositoryName=name)
    theirs = registry.replace("111122223333", "444455556666")
    copy(logged_in, f"{registry}/{name}:1", f"{theirs}/{name}:1", f"--dest-creds=AWS:{registry_password(account='444455556666')}")
    assert tags(aws("ecr", account="444455556666"), name) == {"1": specimen.digest}


def test_a_deleted_image_is_gone(logged_in, registry, ecr, http, name):
    http.push(sound_image(name), "1")
    logged_in("delete", PLAIN, f"{registry}/{name}:1")
    assert tags(ecr, name) == {}
    assert ecr.describe_images(repositoryName=name)["imageDetails"] == []


def test_anybody_reads_a_base_image(skopeo, shell):
    uri = f"docker://{shell['ECRLAB_PUBLIC_REGISTRY']}/ecrlab/alpine:3.20"
    inspected = json.loads(skopeo("inspect", PLAIN, "--no-tags", "--override-arch=arm64", uri).stdout)  # public.ecr.aws lists no tags
    assert inspected["Architecture"] == "arm64"


def test_refusals_are_in_ecrs_words(logged_in, registry, ecr, name, tmp_path, shell, registry_password, later):
    layout = f"oci:{write_layout(tmp_path / 'layout', sound_image('monday'))}"
    missing = f"name unknown: The repository with name '{name}-none' does not exist in the registry with id '111122223333'"
    assert missing in refusal(copy(logged_in, layout, f"{registry}/{name}-none:1", check=False))
    assert "manifest unknown: Requested image not found" in refusal(logged_in("inspect", PLAIN, f"{registry}/{name}:none", check=False))

    ecr.put_image_tag_mutability(repositoryName=name, imageTagMutability="IMMUTABLE")
    copy(logged_in, layout, f"{registry}/{name}:1")
    tuesday = f"oci:{write_layout(tmp_path / 'tuesday', sound_image('tuesday'))}"
    immutable = f"The image tag '1' already exists in the '{name}' repository and cannot be overwritten because the tag is immutable."
    assert immutable in refusal(copy(logged_in, tuesday, f"{registry}/{name}:1", check=False))

    wrong = logged_in("login", PLAIN, "--username", "AWS", "--password-stdin", shell["ECRLAB_REGISTRY"], input="wrong", check=False)
    assert "invalid username/password" in refusal(wrong)

    later(hours=12)
    assert "Your authorization token has expired. Reauthenticate and try again." in refusal(logged_in("inspect", PLAIN, f"{registry}/{name}:1", check=False))
