"""The local images: names, ids, removal, and a folder that survives."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from contexts import build
from dockerless import Engine, EngineError
from dockerless.blobs import digest_of
from dockerless.reference import parse

NAMES = [  # (as it is written, domain, path, tag)
    ("web", "docker.io", "library/web", ""),
    ("web:1", "docker.io", "library/web", "1"),
    ("team/web", "docker.io", "team/web", ""),
    ("localhost/web", "localhost", "web", ""),
    (
        "localhost:4510/111122223333.dkr.ecr.us-east-1.amazonaws.com/web:1.0",
        "localhost:4510",
        "111122223333.dkr.ecr.us-east-1.amazonaws.com/web",
        "1.0",
    ),
    ("public.ecr.aws/ecrlab/debian:12", "public.ecr.aws", "ecrlab/debian", "12"),
    ("[::1]:5000/a/b_c__d--e:T.1-x", "[::1]:5000", "a/b_c__d--e", "T.1-x"),
]


@pytest.mark.parametrize(("text", "domain", "path", "tag"), NAMES, ids=[text for text, *_ in NAMES])
def test_names_are_taken_apart_as_docker_does(text: str, domain: str, path: str, tag: str) -> None:
    reference = parse(text)
    assert (reference.domain, reference.path, reference.tag, str(reference)) == (domain, path, tag, text)


BAD_NAMES = [
    ("Web", "invalid reference format: repository name must be lowercase"),
    ("", "invalid reference format"),
    ("web:", "invalid reference format"),
    ("web:-1", "invalid reference format"),
    ("a//b", "invalid reference format"),
    ("../a", "invalid reference format"),
    ("web@sha256:12", "invalid reference format"),
    ("a" * 64, f"invalid repository name ({'a' * 64}), cannot specify 64-byte hexadecimal strings"),
]


@pytest.mark.parametrize(("text", "message"), BAD_NAMES, ids=[text[:20] for text, _ in BAD_NAMES])
def test_what_is_no_name_is_refused_as_docker_does(text: str, message: str) -> None:
    with pytest.raises(EngineError) as error:
        parse(text)
    assert (error.value.message, error.value.status) == (message, 400)


def test_an_image_is_found_by_name_id_and_the_beginning_of_its_id(engine: Engine) -> None:
    image = build(engine, "FROM scratch\nLABEL a=b\n", tag="web")
    for name in ("web", "web:latest", "docker.io/library/web", image.id, image.id[7:], image.id[7:19]):
        assert engine.images.find(name) == image


@pytest.mark.parametrize(("name", "message"), [("web", "web:latest"), ("web:2", "web:2"), ("localhost:1/web", "localhost:1/web:latest")])
def test_an_image_that_is_not_here_is_named(engine: Engine, name: str, message: str) -> None:
    with pytest.raises(EngineError, match=f"^No such image: {message}$") as error:
        engine.images.find(name)
    assert error.value.status == 404


def test_a_tag_moves_and_leaves_its_old_image_without_a_name(engine: Engine) -> None:
    monday = build(engine, "FROM scratch\nLABEL day=monday\n", tag="web:1")
    tuesday = build(engine, "FROM scratch\nLABEL day=tuesday\n", tag="web:1")
    assert (engine.images.find("web:1"), engine.images.tags_of(monday)) == (tuesday, [])
    assert engine.images.prune()[0] == [{"Deleted": monday.id}]


def test_removing_takes_a_name_and_the_last_one_takes_the_image(engine: Engine) -> None:
    image = build(engine, "FROM scratch\nCOPY a /a\n", {"a": "1"}, tag=["web:1", "web:2"])
    engine.images.name(image, parse(f"web@{image.digest}"))
    assert engine.images.remove("web:1") == [{"Untagged": "web:1"}]
    assert engine.images.remove("web:2") == [{"Untagged": "web:2"}, {"Untagged": f"web@{image.digest}"}, {"Deleted": image.id}]
    assert not list((engine.folder / "blobs" / "sha256").iterdir())


def test_an_image_in_several_repositories_is_removed_by_id_only_with_force(engine: Engine) -> None:
    image = build(engine, "FROM scratch\nLABEL a=b\n", tag=["one:1", "two:1"])
    with pytest.raises(
        EngineError, match=f"unable to delete {image.id[7:19]} .must be forced. - image is referenced in multiple repositories"
    ) as error:
        engine.images.remove(image.id)
    assert error.value.status == 409
    assert engine.images.remove(image.id[7:19], force=True)[-1] == {"Deleted": image.id}


def test_what_two_images_share_stays_until_the_second_goes(engine: Engine) -> None:
    dockerfile = "FROM scratch\nCOPY a /a\nLABEL of={}\n"
    one, two = (build(engine, dockerfile.format(name), {"a": "1"}, tag=f"{name}:1") for name in ("one", "two"))
    engine.images.remove("one:1")
    assert two.layers[0].digest in engine.blobs and one.id not in engine.blobs


def test_nothing_is_collected_while_somebody_is_at_work(engine: Engine) -> None:
    engine.blobs.add(b"a layer of a build that goes on")
    with engine.images.at_work():
        assert engine.images.collect() == 0
    assert engine.images.collect() == 31


def test_images_are_there_again_after_a_restart(engine: Engine) -> None:
    image = build(engine, "FROM scratch\nCOPY a /a\n", {"a": "1"}, tag="web:1")
    again = Engine(engine.folder)
    assert (again.images.find("web:1").id, again.images.find("web:1").layers) == (image.id, image.layers)


def test_many_threads_may_build_at_once(engine: Engine) -> None:
    def work(number: int) -> None:
        for turn in range(3):
            build(engine, f"FROM scratch\nCOPY a /a\nLABEL n={number}\n", {"a": "shared"}, tag=f"web{number}:{turn}")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    again = Engine(engine.folder)
    assert len(list(again.images)) == 8
    assert all(again.images.find(f"web{number}:{turn}") for number in range(8) for turn in range(3))


BUILD_FOR_EVER = """
import itertools, sys
from dockerless import Engine
sys.path.insert(0, sys.argv[2])
from contexts import build
engine = Engine(sys.argv[1])
for number in itertools.count():
    build(engine, "FROM scratch\\nCOPY a /a\\n", {"a": str(number) * 100_000}, tag=f"web:{number}")
    print(number, flush=True)
"""


@pytest.mark.parametrize("patience", [0.02, 0.05])
def test_a_killed_process_leaves_a_folder_that_works(tmp_path: Path, patience: float) -> None:
    command = [sys.executable, "-c", BUILD_FOR_EVER, tmp_path / "docker", Path(__file__).parent]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    finished = int(process.stdout.readline())
    time.sleep(patience)
    os.kill(process.pid, getattr(signal, "SIGKILL", signal.SIGTERM))
    finished = int((process.communicate()[0].split() or [finished])[-1])
    engine = Engine(tmp_path / "docker")
    assert engine.images.find(f"web:{finished}")
    for image in engine.images:
        for digest in (image.id, image.digest, *(layer.digest for layer in image.layers)):
            assert digest_of(engine.blobs.read(digest)) == digest
    assert not list((tmp_path / "docker" / "tmp").iterdir())


def test_a_damaged_folder_says_what_happened_and_what_to_do(engine: Engine) -> None:
    (engine.folder / "images.json").write_text("{")
    with pytest.raises(EngineError, match=r"images.json is damaged .*Delete .*, then pull or build the images again"):
        Engine(engine.folder)


def test_a_missing_blob_is_said(engine: Engine) -> None:
    image = build(engine, "FROM scratch\nCOPY a /a\n", {"a": "1"}, tag="web:1")
    engine.blobs.path(image.layers[0].digest).unlink()
    with pytest.raises(EngineError, match="is missing from dockerless' folder: pull or build the image again"):
        build(engine, "FROM web:1\nCOPY a /b\n", {"a": "1"})


@pytest.mark.parametrize("digest", ["sha256:../../etc/passwd", "sha256:" + "A" * 64, "sha512:" + "0" * 128, "x"])
def test_a_digest_is_never_a_path(engine: Engine, digest: str) -> None:
    with pytest.raises(EngineError, match="by their SHA-256 digest only"):
        engine.blobs.open(digest)


def test_a_manifest_says_what_the_image_consists_of(engine: Engine) -> None:
    image = build(engine, "FROM scratch\nCOPY a /a\n", {"a": "1"})
    manifest = json.loads(image.manifest)
    assert manifest["mediaType"] == image.media_type == "application/vnd.oci.image.manifest.v1+json"
    assert manifest["config"] == {
        "mediaType": "application/vnd.oci.image.config.v1+json",
        "digest": image.id,
        "size": len(engine.blobs.read(image.id)),
    }
    assert manifest["layers"] == [layer.descriptor() for layer in image.layers]
    assert digest_of(image.manifest) == image.digest
