"""Planted images are real ones, the same everywhere, and looking at them changes nothing."""

from __future__ import annotations

import base64
import gzip
import json

import pytest

from ecrlab.labs import looking, planting
from ecrlab.show.manifests import Missing


@pytest.fixture
def ecr(aws, free_repository):
    """A client, and below `free_repository` a repository to plant in."""
    client = aws("ecr")
    client.create_repository(repositoryName=free_repository)
    return client


def test_the_same_files_give_the_same_digest_everywhere():
    image = planting.image({"a.txt": "a"}, {"draft": "1"})
    assert image.digest == "sha256:f514fad7b399e2a99deea709a14d2a2848b9c91c0591c79192431381fe075d3d"
    assert gzip.decompress(image.blobs[1])[:5] == b"a.txt"


def test_too_large_a_layer_is_refused():
    with pytest.raises(ValueError, match="65535"):
        planting.image({"a.txt": "a" * 70000}, {})


def test_a_planted_index_is_named_and_its_images_are_not(ecr, free_repository):
    parts = [planting.image({"a.txt": each}, {}, each) for each in ("amd64", "arm64")]
    planting.plant(ecr, free_repository, planting.index(parts), "both")
    planting.plant(ecr, free_repository, planting.image({"a.txt": "alone"}, {}))
    assert len(looking.images(ecr, free_repository)) == 4
    assert looking.tags(ecr, free_repository) == {"both": planting.index(parts).digest}
    assert looking.unnamed(ecr, free_repository) == {planting.image({"a.txt": "alone"}, {}).digest}
    assert looking.layers(ecr, free_repository, "both") == [json.loads(each.manifest)["layers"][0]["digest"] for each in parts]


def test_planting_again_changes_nothing_and_a_tag_moves(ecr, free_repository):
    one, other = planting.image({"a.txt": "one"}, {}), planting.image({"a.txt": "other"}, {})
    for each in (one, one, other):
        planting.plant(ecr, free_repository, each, "it")
    assert looking.images(ecr, free_repository) == {one.digest: [], other.digest: ["it"]}


def test_the_content_is_the_same_however_the_manifest_is_written(ecr, free_repository):
    image = planting.image({"a.txt": "a"}, {})
    rewritten = planting.Planted(json.dumps(json.loads(image.manifest)), planting.IMAGE, blobs=image.blobs)
    planting.plant(ecr, free_repository, image, "docker")
    planting.plant(ecr, free_repository, rewritten, "another")
    assert image.digest != rewritten.digest
    assert looking.contents(ecr, free_repository, "docker") == looking.contents(ecr, free_repository, "another")


def test_where_nothing_is_looking_finds_nothing(aws, free_repository):
    ecr = aws("ecr")
    assert looking.repository(ecr, free_repository) is None
    assert looking.images(ecr, free_repository) == looking.tags(ecr, free_repository) == {}
    with pytest.raises(Missing):
        looking.layers(ecr, free_repository, "1.0")


def test_anybody_can_pull_what_is_public_and_nothing_else(aws, free_repository):
    public = aws("ecr-public")
    uri = public.create_repository(repositoryName=free_repository)["repository"]["repositoryUri"]
    image = planting.image({"a.txt": "for all"}, {})
    planting.plant(public, free_repository, image, "1.0")
    assert looking.pulled_by_anybody(uri, "1.0") == json.loads(image.manifest)
    with pytest.raises(Missing, match="404"):
        looking.pulled_by_anybody(uri, "2.0")


@pytest.mark.docker
def test_a_docker_engine_sends_back_the_very_same_manifest(ecr, free_repository, docker_engine, registry_host, password):
    image = planting.image({"a.txt": "there and back"}, {})
    planting.plant(ecr, free_repository, image)
    name = f"{registry_host()}/{free_repository}"
    log_in = {"username": "AWS", "password": password}
    pulled = docker_engine.images.pull(name, tag=image.digest, auth_config=log_in)
    pulled.tag(name, "back")
    assert "error" not in docker_engine.images.push(name, tag="back", auth_config=log_in)
    assert looking.tags(ecr, free_repository) == {"back": image.digest}
    docker_engine.images.remove(pulled.id, force=True)


@pytest.fixture
def password(ecr) -> str:
    """The password of a registry token."""
    answer = ecr.get_authorization_token()["authorizationData"][0]
    return base64.b64decode(answer["authorizationToken"]).decode().removeprefix("AWS:")
