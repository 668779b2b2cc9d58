"""Builds: their events, their platforms, and the images they begin with."""

from __future__ import annotations

import pytest

from contexts import build, config, tar
from dockerless import Engine, EngineError
from scripted import ScriptedRegistry


def test_a_build_is_told_as_dockers_classic_builder_tells_it(engine: Engine) -> None:
    events: list[dict[str, object]] = []
    image = build(engine, 'FROM scratch\nCOPY a /a\nCMD ["/a"]\n', {"a": "1"}, tag=["web:1", "localhost:4510/x/web:2"], progress=events.append)
    short = image.id[7:19]
    assert [event.get("stream", event.get("aux")) for event in events] == [
        *("Step 1/3 : FROM scratch", "\n", " ---> \n"),
        *("Step 2/3 : COPY a /a", "\n", events[5]["stream"]),
        *('Step 3/3 : CMD ["/a"]', "\n", f" ---> {short}\n"),
        {"ID": image.id},
        f"Successfully built {short}\n",
        "Successfully tagged web:1\n",
        "Successfully tagged localhost:4510/x/web:2\n",
    ]


def test_every_instruction_is_in_the_history(engine: Engine) -> None:
    image = build(engine, "FROM scratch\nARG A\nENV B=$A\nCOPY a /a\nWORKDIR /w\n", {"a": "1"}, buildargs={"A": "1"})
    assert [(entry["created_by"], entry.get("empty_layer", False)) for entry in image.config["history"]] == [
        ("ARG A", True),
        ("ENV B=1", True),
        ("COPY a /a", False),
        ("WORKDIR /w", False),
    ]


def test_labels_of_the_request_are_steps_at_the_end(engine: Engine) -> None:
    events: list[dict[str, object]] = []
    image = build(engine, "FROM scratch\nLABEL a=file\n", labels={"a": 'given "$x"', "b": "2"}, progress=events.append)
    assert config(image)["Labels"] == {"a": 'given "$x"', "b": "2"}
    assert {"stream": 'Step 3/4 : LABEL a=given "$x"'} in events


def test_a_platform_is_written_into_the_image(engine: Engine) -> None:
    dockerfile = "FROM scratch\nLABEL a=b\n"
    assert build(engine, dockerfile, platform="linux/arm64/v8").config["architecture"] == "arm64"
    assert str(build(engine, dockerfile, platform="aarch64").platform) == "linux/arm64"
    assert str(build(engine, "FROM --platform=linux/arm/v7 scratch\nLABEL a=b\n").platform) == "linux/arm/v7"


def test_a_platform_that_is_none_is_refused_in_dockers_words(engine: Engine) -> None:
    for text, message in (("bogus", "unknown operating system or architecture"), ("a/b/c/d", "cannot parse platform specifier")):
        with pytest.raises(EngineError, match=f'"{text}": {message}: invalid argument'):
            build(engine, "FROM scratch\nLABEL a=b\n", platform=text)


def test_an_empty_dockerfile_makes_no_image(engine: Engine) -> None:
    with pytest.raises(EngineError, match="No image was generated. Is your Dockerfile empty?"):
        build(engine, "FROM scratch\n")


def test_a_base_that_is_here_is_not_looked_for_elsewhere(engine: Engine, scripted: ScriptedRegistry) -> None:
    base = build(engine, "FROM scratch\nLABEL a=b\n", tag=f"{scripted.host}/base:1")
    image = build(engine, "ARG BASE\nFROM $BASE\nLABEL c=d\n", buildargs={"BASE": f"{scripted.host}/base:1"})
    assert (image.config["history"][:1], scripted.script.asked) == (base.config["history"], [])


def test_a_base_that_is_not_here_is_pulled_with_the_credentials_for_its_registry(engine: Engine, scripted: ScriptedRegistry) -> None:
    name = f"{scripted.host}/team/base"
    build(engine, "FROM scratch\nCOPY a /a\n", {"a": "1"}, tag=f"{name}:1")
    engine.push(name, "1")
    engine.images.prune(everything=True)
    scripted.script.challenge = "basic"
    with pytest.raises(EngineError, match="no basic auth credentials"):
        build(engine, f"FROM {name}:1\nLABEL a=b\n")
    events: list[dict[str, object]] = []
    login = {f"http://{scripted.host}": {"username": "AWS", "password": "pw"}}
    build(engine, f"FROM {name}:1\nLABEL a=b\n", auths=login, progress=events.append)
    assert {"status": "Pulling from team/base", "id": "1"} in events


def test_pull_looks_for_a_newer_base_even_if_one_is_here(engine: Engine, scripted: ScriptedRegistry) -> None:
    name = f"{scripted.host}/base"
    newer = build(engine, "FROM scratch\nCOPY a /a\n", {"a": "newer"}, tag=f"{name}:1")
    engine.push(name, "1")
    older = build(engine, "FROM scratch\nCOPY a /a\n", {"a": "older"}, tag=f"{name}:1")
    assert build(engine, f"FROM {name}:1\nLABEL a=b\n").layers == older.layers
    assert build(engine, f"FROM {name}:1\nLABEL a=b\n", pull=True).layers == newer.layers


def test_a_base_for_another_platform_is_not_built_on(engine: Engine, scripted: ScriptedRegistry) -> None:
    name = f"{scripted.host}/base"
    build(engine, "FROM scratch\nCOPY a /a\n", {"a": "1"}, tag=f"{name}:1", platform="linux/arm64")
    engine.push(name, "1")
    with pytest.raises(EngineError, match="does not match the specified platform: wanted linux/amd64, actual: linux/arm64"):
        build(engine, f"FROM {name}:1\nLABEL a=b\n", platform="linux/amd64")


def test_a_base_is_chosen_from_an_index_by_platform(engine: Engine, scripted: ScriptedRegistry) -> None:
    name = f"{scripted.host}/base"
    images = [build(engine, "FROM scratch\nCOPY a /a\n", {"a": each}, platform=each) for each in ("linux/amd64", "linux/arm64")]
    engine.push_index(name, "1", images)
    for image in images:
        child = build(engine, f"FROM {name}:1\nLABEL a=b\n", platform=str(image.platform))
        assert (child.platform, child.layers) == (image.platform, image.layers)


def test_onbuild_of_a_base_is_not_passed_over_in_silence(engine: Engine) -> None:
    image = build(engine, "FROM scratch\nLABEL a=b\n")
    with_trigger = engine.images.add(image.blobs.read(image.id).replace(b'"config":{', b'"config":{"OnBuild":["COPY a b"],'), [])
    engine.tag(with_trigger.id, "base:1")
    with pytest.raises(EngineError, match="Dockerfile line 1: the image base:1 carries ONBUILD instructions"):
        build(engine, "FROM base:1\nLABEL c=d\n")


def test_a_failed_build_leaves_nothing_behind(engine: Engine) -> None:
    with pytest.raises(EngineError):
        engine.build(tar({"Dockerfile": "FROM scratch\nCOPY a /a\nCOPY b /b\n", "a": "1"}), tag="x:1")
    assert (list(engine.images), list((engine.folder / "tmp").iterdir())) == ([], [])
    assert engine.images.collect() > 0 and not list((engine.folder / "blobs" / "sha256").iterdir())
