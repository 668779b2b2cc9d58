"""oras, the Python client of OCI artifacts: files pushed as artifacts, and artifacts that refer to an image.

What it shows when ECR refuses: test_client_refusals.py.
"""

from __future__ import annotations

import pytest
from oras.oci import Subject

from awsapi import push, tags
from containers import Oras
from specimens import OCI_MANIFEST, sound_image


@pytest.fixture
def client(request, registry_password):
    client = Oras(request.getfixturevalue)
    client.log_in(registry_password())
    return client


@pytest.fixture
def uri(shell, name):
    return f"{shell['ECRLAB_REGISTRY']}/{name}"


def test_a_file_goes_up_as_an_artifact_and_comes_down(client, uri, ecr, name, tmp_path):
    assert client.push(f"{uri}:1", "contents").worked
    (detail,) = ecr.describe_images(repositoryName=name)["imageDetails"]
    assert (detail["imageTags"], detail["imageManifestMediaType"]) == (["1"], OCI_MANIFEST)
    assert detail["artifactMediaType"] == "application/vnd.unknown.config.v1+json"
    assert client.pull(f"{uri}:1").worked
    assert (tmp_path / "down" / "contents.txt").read_text() == "contents"


@pytest.mark.parametrize("how", [{}, {"do_chunked": True, "chunk_size": 1000}], ids=["at once", "in chunks"])
def test_a_large_file_travels(client, uri, tmp_path, how):
    text = "0123456789" * 450
    assert client.push(f"{uri}:1", "large", text, **how).worked
    assert client.pull(f"{uri}:1").worked
    assert (tmp_path / "down" / "large.txt").read_text() == text


def test_an_artifact_with_a_subject_is_a_referrer_of_it(client, uri, ecr, http, name):
    subject = push(ecr, name, sound_image(name), "1")
    refers_to = Subject(subject.media_type, subject.digest, len(subject.manifest))
    assert client.push(f"{uri}:contents", "contents", subject=refers_to, manifest_annotations={"by": "us"}).worked
    (through_the_api,) = ecr.list_image_referrers(repositoryName=name, subjectId={"imageDigest": subject.digest})["referrers"]
    assert (through_the_api["digest"], through_the_api["annotations"]) == (tags(ecr, name)["contents"], {"by": "us"})
    answer = http("GET", f"referrers/{subject.digest}")
    assert answer.json()["manifests"] == [{key: value for key, value in through_the_api.items() if key != "artifactStatus"}]


def test_tags_are_listed_page_by_page(client, uri, http, name):
    specimen = http.push(sound_image(name))
    wanted = [f"v{number:03}" for number in range(120)]
    for tag in wanted:
        http.put_manifest(tag, specimen)
    assert client.client.get_tags(uri) == wanted
    assert client.client.get_tags(uri, N=7) == wanted[:7]


def test_by_a_tag_it_deletes_the_image_with_all_its_tags(client, uri, http, ecr, name):
    """It asks which digest the tag names and deletes by that, as skopeo does."""
    specimen = http.push(sound_image(name), "1")
    http.put_manifest("2", specimen)
    assert client.client.delete_tags(uri, ["1", "2"]) == ["1"]
    assert tags(ecr, name) == {}


def test_a_manifest_is_read(client, uri, http, name):
    specimen = http.push(sound_image(name), "1")
    assert client.client.get_manifest(f"{uri}:1")["config"]["size"] == len(specimen.blobs[0])
