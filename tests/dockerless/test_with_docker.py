"""What dockerless makes, a real Docker engine takes, and the other way round."""

from __future__ import annotations

import io
import json
import platform
from pathlib import Path

import docker
import pytest

import tools
from contexts import tar
from dockerless import Engine, archive, seeds

pytestmark = pytest.mark.docker
HERE = {"x86_64": "linux/amd64", "aarch64": "linux/arm64", "arm64": "linux/arm64"}.get(platform.machine(), "")
LEARNERS = {"Dockerfile": 'FROM static:1\nCOPY hello.txt /hello.txt\nCMD ["/bin/show", "/hello.txt"]\n', "hello.txt": "hello from a learner\n"}


@pytest.fixture
def learners(engine: Engine) -> str:
    """The id of a learner's image, built on the static base for this computer."""
    base = next(image for image in dict(seeds.build_bases(engine))["static:1"] if str(image.platform) == HERE)
    engine.tag(base.id, "static:1")
    return engine.build(tar(LEARNERS)).id


def saved(engine: Engine, name: str) -> bytes:
    buffer = io.BytesIO()
    archive.save(engine, [name], buffer)
    return buffer.getvalue()


def test_an_image_runs(engine: Engine, docker_engine: docker.DockerClient, learners: str) -> None:
    engine.tag(learners, "dockerless-test/learner:1")
    [image] = docker_engine.images.load(saved(engine, "dockerless-test/learner:1"))
    try:
        assert image.id == learners
        assert docker_engine.containers.run(image.id, remove=True) == b"hello from a learner\n"
        text = docker_engine.containers.run(image.id, ["/bin/show", "/etc/ecrlab-specimen"], remove=True)
        assert text.startswith(b"This image is a specimen")
        with pytest.raises(docker.errors.ContainerError, match="show: can't open /nope"):
            docker_engine.containers.run(image.id, ["/bin/show", "/nope"], remove=True)
    finally:
        docker_engine.images.remove("dockerless-test/learner:1", force=True)


def test_an_image_is_pulled_and_run(engine: Engine, docker_engine: docker.DockerClient, learners: str, registry: str) -> None:
    name = f"{registry}/docker/learner"
    engine.tag(learners, name, "1")
    digest = engine.push(name, "1")
    image = docker_engine.images.pull(name, tag="1")
    try:
        assert (image.id, image.attrs["RepoDigests"]) == (learners, [f"{name}@{digest}"])
        assert docker_engine.containers.run(image.id, remove=True) == b"hello from a learner\n"
    finally:
        docker_engine.images.remove(f"{name}:1", force=True)


def test_an_index_is_pulled_by_platform(engine: Engine, docker_engine: docker.DockerClient, registry: str) -> None:
    name = f"{registry}/docker/static"
    engine.push_index(name, "1", dict(seeds.build_bases(engine))["static:1"])
    for wanted in ("arm64", "amd64"):
        image = docker_engine.images.pull(name, tag="1", platform=f"linux/{wanted}")
        assert image.attrs["Architecture"] == wanted
    docker_engine.images.remove(f"{name}:1", force=True)


def test_docker_builds_on_a_base_of_dockerless_and_dockerless_pulls_the_result(
    engine: Engine, docker_engine: docker.DockerClient, learners: str, registry: str
) -> None:
    base, child = f"{registry}/docker/base", f"{registry}/docker/child"
    engine.tag(learners, base, "1")
    engine.push(base, "1")
    dockerfile = {"Dockerfile": f"FROM {base}:1\nCOPY more /more\nLABEL a=b\n", "more": "more\n"}
    image, _ = docker_engine.images.build(fileobj=io.BytesIO(tar(dockerfile)), custom_context=True, tag=f"{child}:1")
    try:
        for event in docker_engine.images.push(child, tag="1", stream=True, decode=True, auth_config={"username": "", "password": ""}):
            assert "error" not in event
        pulled = engine.pull(child, "1")
        assert (pulled.id, len(pulled.layers), pulled.config["config"]["Labels"]["a"]) == (image.id, 4, "b")
        again = engine.build(tar({"Dockerfile": f"FROM {child}:1\nCOPY --from={child}:1 /more /copy\n"}))
        assert again.layers[:4] == pulled.layers
    finally:
        docker_engine.images.remove(f"{child}:1", force=True)
        docker_engine.images.remove(f"{base}:1", force=True)


def test_what_docker_saves_dockerless_loads(engine: Engine, docker_engine: docker.DockerClient) -> None:
    context = tar({"Dockerfile": "FROM scratch\nCOPY a /a\nCOPY b /b\n", "a": "1", "b": "2"})
    image, _ = docker_engine.images.build(fileobj=io.BytesIO(context), custom_context=True, tag="dockerless-test/saved:1")
    try:
        archive.load(engine, io.BytesIO(b"".join(image.save(named=True))), lambda event: None)
    finally:
        docker_engine.images.remove("dockerless-test/saved:1", force=True)
    loaded = engine.images.find("dockerless-test/saved:1")
    assert (loaded.id, [layer.diff_id for layer in loaded.layers]) == (image.id, image.attrs["RootFS"]["Layers"])


@pytest.mark.skopeo
def test_skopeo_reads_what_dockerless_saves(engine: Engine, skopeo: tools.Command, tmp_path: Path) -> None:
    image = engine.build(tar({"Dockerfile": "FROM scratch\nCOPY a /a\n", "a": "1"}), tag="web:1")
    path = tmp_path / "image.tar"
    path.write_bytes(saved(engine, "web:1"))
    [layer] = image.layers
    assert json.loads(skopeo("inspect", f"docker-archive:{path}").stdout)["Layers"] == [layer.diff_id]
    assert skopeo("inspect", "--raw", f"oci-archive:{path}").stdout.encode() == image.manifest
