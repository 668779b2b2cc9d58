"""Clients that are killed in the middle of a push, and connections that break: nothing half-made is visible, and the next try succeeds."""

from __future__ import annotations

import io
import json
import random
import subprocess
import tarfile

import pytest

from containers import build_on
from relay import Relay
from specimens import OCI_CONFIG, OCI_LAYER, OCI_MANIFEST, Specimen, descriptor, digest, write_layout

MEBIBYTE = 1 << 20
SIZE = 8 * MEBIBYTE


def large(seed):
    """An image whose one layer is an archive that holds 8 MiB of random bytes."""
    unpacked = io.BytesIO()
    with tarfile.open(fileobj=unpacked, mode="w") as archive:
        entry = tarfile.TarInfo("random")
        entry.size = SIZE
        archive.addfile(entry, io.BytesIO(random.Random(seed).randbytes(SIZE)))
    layer, plain = unpacked.getvalue(), OCI_LAYER.removesuffix("+gzip")
    config = json.dumps({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": [digest(layer)]}}).encode()
    document = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": descriptor(OCI_CONFIG, config), "layers": [descriptor(plain, layer)]}
    return Specimen(json.dumps(document).encode(), OCI_MANIFEST, (config, layer))


@pytest.fixture
def lab_port(lab_endpoint):
    return int(lab_endpoint.url.rpartition(":")[2])


@pytest.fixture
def through(shell, name, lab_port):
    """`through(relay)`: the repository's name as reached by way of it."""
    return lambda relay: f"{shell['ECRLAB_REGISTRY'].replace(str(lab_port), str(relay.port), 1)}/{name}"


@pytest.fixture
def skopeo_push(skopeo, registry_password, tmp_path, name):
    layout = write_layout(tmp_path / "layout", large(name))

    def line(uri):
        asking = ("--dest-tls-verify=false", f"--dest-creds=AWS:{registry_password()}", "--preserve-digests")
        return skopeo, ("copy", *asking, f"oci:{layout}", f"docker://{uri}:1")

    return line


@pytest.fixture
def ctr_push(ctr, registry_password, tmp_path, name):
    with tarfile.open(tmp_path / "image.tar", "w") as packed:
        packed.add(write_layout(tmp_path / "layout", large(name), "1"), ".")
    ctr("images", "import", "--base-name", f"tests/{name}", tmp_path / "image.tar")

    def line(uri):
        return ctr, ("images", "push", "--plain-http", "--user", f"AWS:{registry_password()}", f"{uri}:1", f"tests/{name}:1")

    return line


@pytest.fixture
def docker_image(docker_engine, name):
    """An image of 8 MiB on the engine, gone in the end."""
    image = docker_engine.images.get(build_on(docker_engine, f"tests/{name}:1", random.Random(name).randbytes(SIZE)))
    yield image
    docker_engine.images.remove(image.id, force=True)


@pytest.fixture
def docker_push(docker_cli, docker_image, registry_password):
    def line(uri):
        docker_image.tag(uri, "1")
        docker_cli("login", "--username", "AWS", "--password-stdin", uri, input=registry_password())
        return docker_cli, ("push", f"{uri}:1")

    return line


def layers_are_whole(http):
    """The image tagged 1 has all its blobs, and they are what their digests say."""
    manifest = http("GET", "manifests/1").json()
    blobs = {each["digest"]: http("GET", f"blobs/{each['digest']}") for each in (manifest["config"], *manifest["layers"])}
    return all((answer.status_code, digest(answer.content)) == (200, named) for named, answer in blobs.items())


PUSHES = [
    pytest.param("docker_push", id="docker", marks=pytest.mark.docker),
    pytest.param("skopeo_push", id="skopeo", marks=pytest.mark.skopeo),
    pytest.param("ctr_push", id="containerd", marks=pytest.mark.containerd),
]


@pytest.mark.parametrize("client", PUSHES)
def test_a_client_killed_in_the_middle_of_a_push_leaves_nothing_and_the_next_push_succeeds(request, ecr, http, through, lab_port, name, client):
    push = request.getfixturevalue(client)
    with Relay(lab_port, "up", after=4 * MEBIBYTE, then="swallow") as relay:
        command, line = push(through(relay))
        killed = subprocess.Popen([*command.program, *line], env=command.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        assert relay.failed.wait(60)
        killed.kill()
        killed.wait()
        assert ecr.list_images(repositoryName=name)["imageIds"] == []
        command(*line)
    assert layers_are_whole(http)


@pytest.mark.docker
def test_docker_tries_a_push_again_by_itself(docker_push, http, through, lab_port):
    with Relay(lab_port, "up", after=4 * MEBIBYTE, then="cut") as relay:
        command, line = docker_push(through(relay))
        command(*line)
        assert relay.failed.is_set()
    assert layers_are_whole(http)


@pytest.mark.docker
def test_docker_takes_up_a_pull_where_the_connection_broke(docker_cli, docker_engine, registry_password, http, through, lab_port, name):
    specimen = http.push(large(name), "1")
    with Relay(lab_port, "down", after=4 * MEBIBYTE, then="cut") as relay:
        uri = f"{through(relay)}:1"
        docker_cli("login", "--username", "AWS", "--password-stdin", uri, input=registry_password())
        docker_cli("pull", uri)
        assert relay.failed.is_set()
        assert b"\r\nRange: bytes=" in relay.asked
    assert docker_engine.images.get(uri).id == digest(specimen.blobs[0])
    docker_engine.images.remove(uri, force=True)
