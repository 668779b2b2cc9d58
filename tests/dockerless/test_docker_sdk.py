"""The real docker SDK, as lessons use it, talking to dockerless."""

from __future__ import annotations

import io
from pathlib import Path

import docker
import pytest

from contexts import tar
from dockerless import Engine
from scripted import ScriptedRegistry

Client = docker.DockerClient


@pytest.fixture
def context(tmp_path: Path) -> str:
    folder = tmp_path / "context"
    folder.mkdir()
    (folder / "Dockerfile").write_text('FROM scratch\nARG WHO=you\nLABEL greets=$WHO\nCOPY hello.txt /hello.txt\nCMD ["/hello"]\n')
    (folder / "hello.txt").write_text("hello\n")
    (folder / "notes.md").write_text("not for the image")
    (folder / ".dockerignore").write_text("*.md\n")
    return str(folder)


def test_ping_version_and_info(dockerless: Client) -> None:
    assert dockerless.ping()
    assert dockerless.version()["Platform"]["Name"].startswith("dockerless")
    assert (dockerless.info()["Driver"], dockerless.info()["OSType"], dockerless.info()["Images"]) == ("dockerless", "linux", 0)


def test_an_image_is_built_from_a_folder(dockerless: Client, context: str) -> None:
    image, log = dockerless.images.build(path=context, tag="web:1.0", buildargs={"WHO": "me"}, labels={"more": "yes"})
    assert (image.tags, image.labels, image.attrs["Config"]["Cmd"]) == (["web:1.0"], {"greets": "me", "more": "yes"}, ["/hello"])
    text = "".join(event.get("stream", "") for event in log)
    assert text.startswith("Step 1/6 : FROM scratch\n ---> \nStep 2/6 : ARG WHO=you\n")
    assert text.endswith(f"Successfully built {image.id[7:19]}\nSuccessfully tagged web:1.0\n")


def test_the_same_folder_gives_the_same_image_however_it_is_sent(dockerless: Client, context: str, tmp_path: Path) -> None:
    first, _ = dockerless.images.build(path=context)
    zipped, _ = dockerless.images.build(path=context, gzip=True)
    outside = tmp_path / "Another.Dockerfile"
    outside.write_text((Path(context) / "Dockerfile").read_text())
    elsewhere, _ = dockerless.images.build(path=context, dockerfile=str(outside))
    assert first.id == zipped.id == elsewhere.id


def test_a_build_that_fails_raises_builderror(dockerless: Client) -> None:
    with pytest.raises(docker.errors.BuildError, match="RUN starts a program in a container") as error:
        dockerless.images.build(fileobj=io.BytesIO(b"FROM scratch\nRUN make\n"))
    assert {"stream": "Step 2/2 : RUN make"} in list(error.value.build_log)


def test_a_dockerfile_that_cannot_be_read_raises_apierror(dockerless: Client) -> None:
    with pytest.raises(docker.errors.APIError, match="dockerfile parse error line 2: unknown instruction: COPI"):
        dockerless.images.build(fileobj=io.BytesIO(b"FROM scratch\nCOPI a b\n"))


def test_images_are_listed_filtered_tagged_and_removed(dockerless: Client, context: str) -> None:
    image, _ = dockerless.images.build(path=context, tag="localhost:4510/team/web:1.0")
    assert image.tag("web", "2.0") and image.tag("web")
    image.reload()
    assert image.tags == ["localhost:4510/team/web:1.0", "web:2.0", "web:latest"]
    older, _ = dockerless.images.build(fileobj=io.BytesIO(b"FROM scratch\nLABEL a=b\n"), tag="web:2.0")
    assert [each.id for each in dockerless.images.list()] == [older.id, image.id]
    assert [each.id for each in dockerless.images.list("web:latest")] == [image.id]
    assert dockerless.api.images("localhost:4510/*/web")[0]["RepoTags"] == ["localhost:4510/team/web:1.0"]
    assert [each.id for each in dockerless.images.list(filters={"label": "a=b"})] == [older.id]
    assert dockerless.images.list(filters={"dangling": True}) == []
    dockerless.images.remove("web:latest")
    dockerless.images.remove("localhost:4510/team/web:1.0")
    assert [each.id for each in dockerless.images.list()] == [older.id]
    with pytest.raises(docker.errors.ImageNotFound, match="No such image: web:latest"):
        dockerless.images.get("web")


def test_a_filter_that_is_not_built_is_refused(dockerless: Client) -> None:
    with pytest.raises(docker.errors.APIError, match="Invalid filter 'since'"):
        dockerless.images.list(filters={"since": "web"})


def test_untagged_images_are_pruned(dockerless: Client) -> None:
    for value in ("1", "2"):
        dockerless.images.build(fileobj=io.BytesIO(f"FROM scratch\nLABEL a={value}\n".encode()), tag="web:1")
    assert len(dockerless.images.list(filters={"dangling": True})) == 1
    pruned = dockerless.images.prune()
    assert len(pruned["ImagesDeleted"]) == 1 and pruned["SpaceReclaimed"] > 0
    assert len(dockerless.images.list()) == 1


def test_history_names_instructions_and_sizes(dockerless: Client, context: str) -> None:
    image, _ = dockerless.images.build(path=context, tag="web:1")
    history = image.history()
    assert [(entry["CreatedBy"], entry["Size"]) for entry in history] == [
        ('CMD ["/hello"]', 0),
        ("COPY hello.txt /hello.txt", 6),
        ("LABEL greets=you", 0),
        ("ARG WHO=you", 0),
    ]
    assert (history[0]["Id"], history[0]["Tags"], history[1]["Id"]) == (image.id, ["web:1"], "<missing>")


def test_inspect_shows_what_docker_shows(dockerless: Client, context: str) -> None:
    image, _ = dockerless.images.build(path=context, tag="web:1", platform="linux/arm64")
    assert {name: image.attrs[name] for name in ("RepoTags", "RepoDigests", "Created", "Architecture", "Os", "Size")} == {
        "RepoTags": ["web:1"],
        "RepoDigests": [],
        "Created": "1980-01-01T00:00:00Z",
        "Architecture": "arm64",
        "Os": "linux",
        "Size": 6,
    }
    assert image.attrs["RootFS"]["Type"] == "layers" and len(image.attrs["RootFS"]["Layers"]) == 1
    assert image.attrs["Config"]["Entrypoint"] is None and image.attrs["Config"]["WorkingDir"] == ""


def test_log_in_push_remove_and_pull(dockerless: Client, protected_registry: str, context: str) -> None:
    name = f"{protected_registry}/sdk/web"
    image, _ = dockerless.images.build(path=context, tag=f"{name}:1.0")
    errors = [event["error"] for event in dockerless.images.push(name, tag="1.0", stream=True, decode=True) if "error" in event]
    assert errors == ["no basic auth credentials"]
    with pytest.raises(docker.errors.APIError, match="no basic auth credentials"):
        dockerless.images.pull(name, tag="1.0")

    dockerless.login(username="AWS", password="pw", registry=protected_registry)
    events = list(dockerless.images.push(name, tag="1.0", stream=True, decode=True))
    digest = events[-1]["aux"]["Digest"]
    assert dockerless.images.get(f"{name}:1.0").attrs["RepoDigests"] == [f"{name}@{digest}"]

    dockerless.images.remove(f"{name}:1.0")
    pulled = dockerless.images.pull(name, tag="1.0")
    assert pulled.id == image.id
    assert dockerless.images.pull(name, tag=digest).id == image.id
    assert [each.tags for each in dockerless.images.pull(name, all_tags=True)] == [[f"{name}:1.0"]]


def test_a_build_pulls_its_base_with_the_log_in(dockerless: Client, protected_registry: str, context: str) -> None:
    name = f"{protected_registry}/sdk/base"
    dockerless.images.build(path=context, tag=f"{name}:1")
    dockerless.login(username="AWS", password="pw", registry=protected_registry)
    dockerless.images.push(name, tag="1")
    dockerless.images.remove(f"{name}:1")
    events = list(dockerless.api.build(fileobj=io.BytesIO(f"FROM {name}:1\nLABEL a=b\n".encode()), decode=True, tag="child:1"))
    assert {"status": "Pulling from sdk/base", "id": "1"} in events and events[-1] == {"stream": "Successfully tagged child:1\n"}


def test_a_wrong_password_is_said_at_log_in(dockerless: Client, protected_registry: str) -> None:
    with pytest.raises(docker.errors.APIError, match=f"login attempt to http://{protected_registry}/v2/ failed with status: 401 Unauthorized"):
        dockerless.login(username="AWS", password="wrong", registry=protected_registry)


def test_a_platform_can_be_pulled(dockerless: Client, engine: Engine, scripted: ScriptedRegistry) -> None:
    images = [engine.build(tar({"Dockerfile": "FROM scratch\nCOPY a /a\n", "a": each}), platform=each) for each in ("linux/amd64", "linux/arm64")]
    engine.push_index(f"{scripted.host}/web", "1", images)
    assert dockerless.images.pull(f"{scripted.host}/web", tag="1", platform="linux/arm64").attrs["Architecture"] == "arm64"
    assert dockerless.images.pull(f"{scripted.host}/web", tag="1", platform="linux/amd64").attrs["Architecture"] == "amd64"


def test_images_can_be_saved_and_loaded(dockerless: Client, context: str) -> None:
    image, _ = dockerless.images.build(path=context, tag="web:1")
    saved = b"".join(image.save(named=True))
    dockerless.images.remove("web:1")
    [loaded] = dockerless.images.load(saved)
    assert (loaded.id, loaded.tags) == (image.id, ["web:1"])
    with pytest.raises(docker.errors.APIError, match="this is not a tar archive"):
        dockerless.images.load(b"no archive" * 100)
    with pytest.raises(docker.errors.APIError, match="it has neither a manifest.json nor an index.json"):
        dockerless.images.load(tar({"a": "1"}))


def test_containers_need_an_engine(dockerless: Client, context: str) -> None:
    dockerless.images.build(path=context, tag="web:1")
    with pytest.raises(docker.errors.APIError, match="can't run containers: that takes a container engine. Install Docker"):
        dockerless.containers.run("web:1")
