"""Pushing and pulling: what travels, what doesn't, and how a registry is asked."""

from __future__ import annotations

import json
import random
from dataclasses import replace

import pytest
import requests

from contexts import build, content
from dockerless import Engine, EngineError
from dockerless.blobs import digest_of
from dockerless.registry import hostname, is_loopback
from scripted import Refusal, ScriptedRegistry

LOGIN = {"username": "AWS", "password": "pw"}
DOCKERFILE = "FROM scratch\nCOPY a /a\nCOPY b /b\n"
FILES = {"a": "1", "b": "2"}


def statuses(events: list[dict[str, object]]) -> list[object]:
    return [event["status"] for event in events if "status" in event and "progress" not in event]


def test_a_push_is_told_layer_by_layer(engine: Engine, registry: str) -> None:
    image = build(engine, DOCKERFILE, FILES, tag=f"{registry}/told/web:1.0")
    events: list[dict[str, object]] = []
    digest = engine.push(f"{registry}/told/web", "1.0", progress=events.append)
    last = f"1.0: digest: {digest} size: {len(image.manifest)}"
    top, bottom = (layer.diff_id[7:19] for layer in reversed(image.layers))
    assert statuses(events) == [f"The push refers to repository [{registry}/told/web]", "Preparing", "Preparing", "Pushed", "Pushed", last]
    assert [event["id"] for event in events if event.get("status") == "Pushed"] == [top, bottom]
    assert events[-1] == {"progressDetail": {}, "aux": {"Tag": "1.0", "Digest": digest, "Size": len(image.manifest)}}
    assert digest == image.digest
    assert engine.images.digests_of(image) == [f"{registry}/told/web@{digest}"]


def test_what_is_there_already_does_not_travel_again(engine: Engine, registry: str) -> None:
    name = f"{registry}/again/web"
    build(engine, DOCKERFILE, FILES, tag=f"{name}:1")
    engine.push(name, "1")
    build(engine, DOCKERFILE, {**FILES, "b": "3"}, tag=f"{name}:2")
    events: list[dict[str, object]] = []
    engine.push(name, "2", progress=events.append)
    assert statuses(events)[3:5] == ["Pushed", "Layer already exists"]


def test_layers_are_mounted_from_a_repository_of_the_same_registry(engine: Engine, registry: str) -> None:
    build(engine, DOCKERFILE, FILES, tag=[f"{registry}/from/web:1", f"{registry}/to/web:1"])
    engine.push(f"{registry}/from/web", "1")
    events: list[dict[str, object]] = []
    engine.push(f"{registry}/to/web", "1", progress=events.append)
    assert statuses(events)[3:5] == ["Mounted from from/web"] * 2


def test_large_layers_show_their_progress(engine: Engine, registry: str) -> None:
    image = build(engine, "FROM scratch\nCOPY a /a\n", {"a": random.Random(3).randbytes(1 << 20)}, tag=f"{registry}/large/web:1")
    events: list[dict[str, object]] = []
    engine.push(f"{registry}/large/web", "1", progress=events.append)
    sizes = [event["progressDetail"] for event in events if event.get("status") == "Pushing"]
    assert sizes[-1] == {"current": image.layers[0].size, "total": image.layers[0].size}
    assert [event["progress"] for event in events if "progress" in event][-1] == f"[{'=' * 50}>]  1.049MB/1.049MB"


def test_a_pull_is_told_layer_by_layer_and_gives_the_same_image(engine: Engine, registry: str, tmp_path: object) -> None:
    name = f"{registry}/pulled/web"
    image = build(engine, DOCKERFILE, FILES, tag=f"{name}:1")
    engine.push(name, "1")
    engine.images.prune(everything=True)
    events: list[dict[str, object]] = []
    pulled = engine.pull(name, "1", progress=events.append)
    of_layer = ["Verifying Checksum", "Download complete", "Pull complete"]
    assert statuses(events) == [
        *("Pulling from pulled/web", "Pulling fs layer", "Pulling fs layer", *of_layer, *of_layer),
        *(f"Digest: {image.digest}", f"Status: Downloaded newer image for {name}:1"),
    ]
    assert (pulled.id, pulled.digest, pulled.layers, content(pulled, "b")) == (image.id, image.digest, image.layers, b"2")

    events.clear()
    engine.pull(name, "1", progress=events.append)
    assert statuses(events) == ["Pulling from pulled/web", f"Digest: {image.digest}", f"Status: Image is up to date for {name}:1"]


def test_layers_that_are_here_are_not_pulled_again(engine: Engine, registry: str) -> None:
    name = f"{registry}/shared/web"
    one, two = (build(engine, DOCKERFILE, {**FILES, "b": each}, tag=f"{name}:{each}") for each in ("1", "2"))
    for tag in ("1", "2"):
        engine.push(name, tag)
    engine.images.remove(f"{name}:2")
    events: list[dict[str, object]] = []
    engine.pull(name, "2", progress=events.append)
    assert statuses(events)[1:3] == ["Already exists", "Pulling fs layer"]


def test_a_digest_pulls_what_it_says_though_the_tag_has_moved(engine: Engine, registry: str) -> None:
    name = f"{registry}/moved/web"
    first = build(engine, DOCKERFILE, FILES, tag=f"{name}:1")
    engine.push(name, "1")
    second = build(engine, DOCKERFILE, {**FILES, "a": "x"}, tag=f"{name}:1")
    engine.push(name, "1")
    engine.images.prune(everything=True)
    assert engine.pull(name, first.digest).id == first.id
    assert engine.pull(name, "1").id == second.id
    assert engine.images.find(f"{name}@{first.digest}").id == first.id


def test_every_tag_can_travel_at_once(engine: Engine, registry: str) -> None:
    name = f"{registry}/all/web"
    images = {tag: build(engine, f"FROM scratch\nLABEL v={tag}\nCOPY a /a\n", FILES, tag=f"{name}:{tag}") for tag in ("1", "2", "3")}
    engine.push(name)
    engine.images.prune(everything=True)
    engine.pull_all(name)
    assert {tag: image.id for tag, image in engine.images.tags(name).items()} == {tag: image.id for tag, image in images.items()}


def test_an_index_gives_everybody_the_image_for_their_platform(engine: Engine, registry: str) -> None:
    name = f"{registry}/many/web"
    images = [build(engine, "FROM scratch\nCOPY a /a\n", {"a": each}, platform=each) for each in ("linux/amd64", "linux/arm64")]
    digest = engine.push_index(name, "1", images)
    index = requests.get(f"http://{registry}/v2/many/web/manifests/1", headers={"Accept": "application/vnd.oci.image.index.v1+json"}, timeout=5)
    assert (digest_of(index.content), index.json()["mediaType"]) == (digest, "application/vnd.oci.image.index.v1+json")
    assert [(entry["digest"], entry["platform"]["architecture"]) for entry in index.json()["manifests"]] == [
        (images[0].digest, "amd64"),
        (images[1].digest, "arm64"),
    ]
    engine.images.prune(everything=True)
    assert engine.pull(name, "1", platform="linux/arm64/v8").id == images[1].id
    assert engine.pull(name, "1", platform="linux/amd64").id == images[0].id
    with pytest.raises(EngineError, match="no matching manifest for linux/riscv64 in the manifest list entries"):
        engine.pull(name, "1", platform="linux/riscv64")


def test_with_basic_credentials_everything_travels(engine: Engine, protected_registry: str) -> None:
    name = f"{protected_registry}/team/web"
    image = build(engine, DOCKERFILE, FILES, tag=f"{name}:1")
    engine.push(name, "1", auth=LOGIN)
    engine.images.prune(everything=True)
    assert engine.pull(name, "1", auth=LOGIN).id == image.id
    engine.login(protected_registry, LOGIN)


def test_images_of_dockers_own_media_types_can_be_pulled(engine: Engine, scripted: ScriptedRegistry) -> None:
    image = build(engine, "FROM scratch\nCOPY a /a\n", FILES, tag=f"{scripted.host}/web:1")
    engine.push(f"{scripted.host}/web", "1")
    docker = "application/vnd.docker."
    manifest = json.loads(image.manifest)
    manifest["mediaType"] = f"{docker}distribution.manifest.v2+json"
    manifest["config"]["mediaType"] = f"{docker}container.image.v1+json"
    manifest["layers"][0]["mediaType"] = f"{docker}image.rootfs.diff.tar.gzip"
    data = json.dumps(manifest).encode()
    entry = {"digest": digest_of(data), "size": len(data), "mediaType": manifest["mediaType"], "platform": image.platform.fields()}
    index = json.dumps({"manifests": [entry]}).encode()
    scripted.script.manifests = {
        "1": (f"{docker}distribution.manifest.list.v2+json", index),
        digest_of(index): (f"{docker}distribution.manifest.list.v2+json", index),
        digest_of(data): (manifest["mediaType"], data),
    }
    engine.images.prune(everything=True)
    pulled = engine.pull(f"{scripted.host}/web", "1")
    assert (pulled.id, pulled.digest, pulled.manifest) == (image.id, digest_of(data), data)
    engine.push(f"{scripted.host}/web", "1")
    assert scripted.script.manifests["1"] == (manifest["mediaType"], data)  # what was pulled is pushed as it was


def pushed(engine: Engine, scripted: ScriptedRegistry) -> str:
    name = f"{scripted.host}/team/web"
    build(engine, "FROM scratch\nCOPY a /a\n", {"a": "1" * 5000}, tag=f"{name}:1")
    engine.push(name, "1")
    return name


def test_a_layer_that_was_tampered_with_is_not_taken(engine: Engine, scripted: ScriptedRegistry) -> None:
    name = pushed(engine, scripted)
    digest = engine.images.find(f"{name}:1").layers[0].digest
    engine.images.prune(everything=True)
    scripted.script.blobs[digest] = scripted.script.blobs[digest][:-1] + b"x"
    with pytest.raises(EngineError, match=f"filesystem layer verification failed for digest {digest}"):
        engine.pull(name, "1")
    assert not list(engine.images) and digest not in engine.blobs


def test_a_manifest_that_was_tampered_with_is_not_taken(engine: Engine, scripted: ScriptedRegistry) -> None:
    name = pushed(engine, scripted)
    digest = engine.images.find(f"{name}:1").digest
    engine.images.prune(everything=True)
    media_type, data = scripted.script.manifests[digest]
    scripted.script.manifests[digest] = (media_type, data + b" ")
    with pytest.raises(EngineError, match=f"manifest verification failed for digest {digest}"):
        engine.pull(name, digest)


def test_a_layer_that_unpacks_to_something_else_is_not_taken(engine: Engine, scripted: ScriptedRegistry) -> None:
    name = f"{scripted.host}/web"
    honest = build(engine, "FROM scratch\nCOPY a /a\n", {"a": "1"})
    other = build(engine, "FROM scratch\nCOPY a /a\n", {"a": "2"})
    liar = engine.images.add(engine.blobs.read(honest.id) + b" ", [replace(other.layers[0], diff_id=honest.layers[0].diff_id)])
    engine.tag(liar.id, f"{name}:1")
    engine.push(name, "1")
    engine.images.prune(everything=True)
    with pytest.raises(EngineError, match="which the image's configuration names"):
        engine.pull(name, "1")


def test_an_artifact_that_is_no_image_is_not_pulled(engine: Engine, scripted: ScriptedRegistry) -> None:
    data = b'{"config":{"mediaType":"application/vnd.oci.empty.v1+json"},"layers":[]}'
    for key in ("1", digest_of(data)):
        scripted.script.manifests[key] = ("application/vnd.oci.image.manifest.v1+json", data)
    with pytest.raises(EngineError, match="is not a container image but application/vnd.oci.empty.v1.json: an artifact, which docker can't pull"):
        engine.pull(f"{scripted.host}/signature", "1")


def test_a_registry_is_asked_in_dockers_order(engine: Engine, scripted: ScriptedRegistry) -> None:
    image = engine.images.find(f"{pushed(engine, scripted)}:1")
    layer, base = image.layers[0].digest, "/v2/team/web"
    upload = [f"POST {base}/blobs/uploads/", f"PATCH {base}/blobs/uploads/1", f"PUT {base}/blobs/uploads/1"]
    assert scripted.script.asked == [
        *("GET /v2/", f"HEAD {base}/blobs/{layer}", *upload, f"HEAD {base}/blobs/{image.id}", *upload),
        f"PUT {base}/manifests/1",
    ]
    scripted.script.asked.clear()
    engine.images.prune(everything=True)
    engine.pull(f"{scripted.host}/team/web", "1")
    assert scripted.script.asked == [
        *("GET /v2/", f"HEAD {base}/manifests/1", f"GET {base}/manifests/{image.digest}"),
        *(f"GET {base}/blobs/{image.id}", f"GET {base}/blobs/{layer}"),
    ]


def test_without_credentials_a_basic_challenge_ends_the_conversation(engine: Engine, scripted: ScriptedRegistry) -> None:
    name = pushed(engine, scripted)
    scripted.script.challenge = "basic"
    scripted.script.asked.clear()
    with pytest.raises(EngineError, match=f'Head "http://{name.replace("/", "/v2/", 1)}/manifests/1": no basic auth credentials'):
        engine.pull(name, "1")
    assert scripted.script.asked == ["GET /v2/"]


@pytest.mark.parametrize("auth", [None, LOGIN], ids=["anonymous", "with credentials"])
def test_a_bearer_challenge_is_answered_with_a_token_for_the_repository(
    engine: Engine, scripted: ScriptedRegistry, auth: dict[str, str] | None
) -> None:
    scripted.script.challenge = "bearer"
    name = f"{scripted.host}/team/web"
    image = build(engine, DOCKERFILE, FILES, tag=f"{name}:1")
    engine.push(name, "1", auth=auth)
    engine.images.prune(everything=True)
    assert engine.pull(name, "1", auth=auth).id == image.id
    assert list(scripted.script.tokens.values()) == ["repository:team/web:pull,push", "repository:team/web:pull"]


def test_a_proxy_of_the_environment_does_not_come_between(engine: Engine, scripted: ScriptedRegistry, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    assert pushed(engine, scripted)


def test_a_password_of_netrc_is_not_used(engine: Engine, scripted: ScriptedRegistry, monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    netrc = f"{tmp_path}/netrc"
    with open(netrc, "w") as file:
        file.write("machine localhost login AWS password pw\n")
    monkeypatch.setenv("NETRC", netrc)
    name = pushed(engine, scripted)
    scripted.script.challenge = "basic"
    with pytest.raises(EngineError, match="no basic auth credentials"):
        engine.pull(name, "1")


def test_an_upload_that_breaks_is_said_and_leaves_no_name(engine: Engine, scripted: ScriptedRegistry) -> None:
    name = f"{scripted.host}/team/web"
    image = build(engine, DOCKERFILE, FILES, tag=f"{name}:1")
    scripted.script.refusal = Refusal.of(
        400, "BLOB_UPLOAD_INVALID", "None of the provided layer digests match the calculated layer digest", "PUT .*uploads"
    )
    with pytest.raises(EngineError, match="^blob upload invalid: None of the provided layer digests match"):
        engine.push(name, "1")
    assert engine.images.digests_of(image) == []


HOSTS = [("localhost:4510", True), ("127.0.0.2:1", True), ("[::1]:5000", True), ("LOCALHOST", True)]
HOSTS += [("localhost.example.com", False), ("10.0.0.1:5000", False), ("127.0.0.1.example.com", False), ("", False), ("[::2]:1", False)]


@pytest.mark.parametrize(("host", "local"), HOSTS, ids=[host or "none" for host, _ in HOSTS])
def test_only_this_computer_is_spoken_to_without_encryption(host: str, local: bool) -> None:
    assert is_loopback(host) is local


ADDRESSES = [
    ("localhost:4510", "localhost:4510"),
    ("https://localhost:4510/v2/", "localhost:4510"),
    ("localhost:4510/111122223333.dkr.ecr.us-east-1.amazonaws.com", "localhost:4510"),
    ("https://index.docker.io/v1/", "docker.io"),
    ("", "docker.io"),
]


@pytest.mark.parametrize(("address", "host"), ADDRESSES, ids=[address or "none" for address, _ in ADDRESSES])
def test_a_log_in_is_for_the_registry_in_its_address(address: str, host: str) -> None:
    assert hostname(address) == host
