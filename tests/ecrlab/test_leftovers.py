"""A course run in the learner's own Docker engine leaves it as it was."""

import io
import tarfile

import pytest

from ecrlab import leftovers

pytestmark = pytest.mark.docker


def build(client, dockerfile, tag):
    context = io.BytesIO()
    with tarfile.open(fileobj=context, mode="w") as tar:
        for name, content in (("Dockerfile", dockerfile.encode()), ("app", b"app\n")):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    context.seek(0)
    # without rm=True a build leaves the containers of its steps behind
    return client.images.build(fileobj=context, custom_context=True, tag=tag)[0]


def test_images_and_containers_of_the_lab_go_and_the_learners_stay(docker_engine):
    mine = build(docker_engine, "FROM scratch\nLABEL whose=leftovers-mine\n", "leftovers-mine:1")
    images = {image.id for image in docker_engine.images.list(all=True)}
    containers = {container.id for container in docker_engine.containers.list(all=True)}
    with leftovers.removed(docker_engine, "localhost:1/"):
        base = build(docker_engine, "FROM scratch\nCOPY app /leftovers\n", "localhost:1/base:1")
        build(docker_engine, "FROM localhost:1/base:1\nLABEL a=1\nLABEL b=2\n", "localhost:1/web:1")
        base.tag("localhost:1/other", "1")
        mine.tag("localhost:1/mine", "1")
    assert {image.id for image in docker_engine.images.list(all=True)} == images
    assert {container.id for container in docker_engine.containers.list(all=True)} == containers
    assert docker_engine.images.get(mine.id).tags == ["leftovers-mine:1"]
    docker_engine.images.remove(mine.id, force=True)


def test_they_go_even_if_the_lesson_failed(docker_engine):
    images = {image.id for image in docker_engine.images.list(all=True)}
    with pytest.raises(ZeroDivisionError), leftovers.removed(docker_engine, "localhost:1/"):
        build(docker_engine, "FROM scratch\nCOPY app /leftovers-failed\n", "localhost:1/web:1")
        1 / 0
    assert {image.id for image in docker_engine.images.list(all=True)} == images
