"""COPY and ADD: what lands where, and what is refused."""

from __future__ import annotations

import gzip
import io
import tarfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contexts import Content, build, content, link, members, tar
from dockerless import Engine, EngineError

FILES: dict[str, Content] = {"a": "1", "b.txt": "2", "c.txt": "3", "d/e": "4", "d/f/g": "5", "script": "#!/bin/sh\n", "elf": b"\x7fELF..."}

PLACES = [  # (instruction, the paths in its layer)
    ("COPY a /x", ["x"]),
    ("COPY a /x/", ["x/", "x/a"]),
    ("COPY a x/y", ["x/", "x/y"]),
    ("COPY a b.txt /x/", ["x/", "x/a", "x/b.txt"]),
    ("COPY *.txt /x/", ["x/", "x/b.txt", "x/c.txt"]),
    ("COPY ?.tx[t] /x/", ["x/", "x/b.txt", "x/c.txt"]),
    ("COPY d /x", ["x/", "x/e", "x/f/", "x/f/g"]),
    ("COPY d/f /x/", ["x/", "x/g"]),
    ("COPY d/*/g /x/", ["x/", "x/g"]),
    ("COPY ./d/../a /x", ["x"]),
    ("ADD a /x", ["x"]),
]


@pytest.mark.parametrize(("line", "paths"), PLACES, ids=[line for line, _ in PLACES])
def test_files_land_where_docker_puts_them(engine: Engine, line: str, paths: list[str]) -> None:
    layer = members(build(engine, f"FROM scratch\n{line}\n", FILES))
    assert [name + "/" * member.isdir() for name, member in layer.items()] == paths


def test_a_folder_that_the_image_has_stays_as_it_is(engine: Engine) -> None:
    image = build(engine, "FROM scratch\nWORKDIR /app\nCOPY a .\nCOPY d /app\n", FILES)
    assert [list(members(image, layer)) for layer in range(3)] == [["app"], ["app/a"], ["app/e", "app/f", "app/f/g"]]


def test_modes_depend_on_what_a_file_is_and_not_on_whose_disk_it_was(engine: Engine) -> None:
    layer = members(engine.build(tar({"Dockerfile": "FROM scratch\nCOPY . /x\n", **FILES}, mode=0o777)))
    modes = {name: oct(member.mode) for name, member in layer.items()}
    assert modes["x/a"] == "0o644" and modes["x/d"] == "0o755" and modes["x/script"] == modes["x/elf"] == "0o755"
    assert {(member.uid, member.gid, member.uname, member.mtime) for member in layer.values()} == {(0, 0, "", 315532800)}


def test_owner_and_mode_can_be_asked_for(engine: Engine) -> None:
    layer = members(build(engine, "FROM scratch\nCOPY --chown=5:6 --chmod=600 a /x/y\n", FILES))
    assert [(member.uid, member.gid, oct(member.mode)) for member in layer.values()] == [(5, 6, "0o755"), (5, 6, "0o600")]


def test_a_link_in_a_folder_stays_a_link_and_a_link_that_is_named_is_followed(engine: Engine) -> None:
    files: dict[str, Content] = {"d/real": "1", "d/l": link("d/l", "real"), "hard": link("hard", "d/real", tarfile.LNKTYPE)}
    image = build(engine, "FROM scratch\nCOPY d /d\nCOPY d/l hard /e/\n", files)
    assert members(image, 0)["d/l"].linkname == "real"
    assert content(image, "e/l") == content(image, "e/hard") == b"1"


def test_stages_and_images_are_sources_too(engine: Engine) -> None:
    build(engine, "FROM scratch\nCOPY a /from/image\n", FILES, tag="other:1")
    image = build(
        engine,
        "FROM scratch AS one\nCOPY --chmod=600 a /o/a\nCOPY d /o/d\nFROM scratch\nCOPY --from=one /o/a /a\nCOPY --from=0 /o/d/* /d/\n"
        "COPY --from=other:1 from/image ../../image\n",
        FILES,
    )
    assert [list(members(image, layer)) for layer in range(3)] == [["a"], ["d", "d/e", "d/g"], ["image"]]
    assert (content(image, "a", 0), oct(members(image, 0)["a"].mode)) == (b"1", "0o600")


def test_a_stage_can_be_built_on_and_stopped_at(engine: Engine) -> None:
    dockerfile = "FROM scratch AS one\nCOPY a /a\nFROM one\nCOPY b.txt /b\n"
    assert len(build(engine, dockerfile, FILES).layers) == 2
    assert len(build(engine, dockerfile, FILES, target="one").layers) == 1
    with pytest.raises(EngineError, match="failed to reach build target three in Dockerfile"):
        build(engine, dockerfile, FILES, target="three")


def test_links_of_the_image_are_followed_where_files_are_put(engine: Engine) -> None:
    base: dict[str, Content] = {"root/usr/bin/x": "1", "root/bin": link("root/bin", "usr/bin"), "root/opt": link("root/opt", "/usr")}
    build(engine, "FROM scratch\nCOPY root /\n", base, tag="base:1")
    image = build(engine, "FROM base:1\nCOPY a /bin/\nCOPY a /opt/bin/y\n", FILES)
    assert [list(members(image, layer)) for layer in (1, 2)] == [["usr/bin/a"], ["usr/bin/y"]]


@pytest.mark.parametrize("compress", [lambda data: data, gzip.compress], ids=["tar", "tar.gz"])
def test_add_unpacks_an_archive_and_copy_does_not(engine: Engine, compress: object) -> None:
    archive = compress(tar({"in/f": "1"}, mode=0o640))  # type: ignore[operator]
    image = build(engine, "FROM scratch\nADD x /t\nCOPY x /x\n", {"x": archive})
    assert (list(members(image, 0)), oct(members(image, 0)["t/in/f"].mode)) == (["t", "t/in", "t/in/f"], "0o640")
    assert content(image, "x") == archive


def test_add_leaves_a_compressed_file_that_is_no_archive_alone(engine: Engine) -> None:
    data = gzip.compress(b"text")
    assert content(build(engine, "FROM scratch\nADD x /x\n", {"x": data}), "x") == data


REFUSED = [
    ("COPY nope /", "COPY failed: file not found in build context or excluded by .dockerignore: stat nope: file does not exist"),
    ("COPY nope* /", "COPY failed: no source files were specified"),
    ("COPY ../a /", "COPY failed: forbidden path outside the build context: ../a ()"),
    ("COPY d/../../a /", "COPY failed: forbidden path outside the build context: d/../../a ()"),
    ("COPY out /", "COPY failed: forbidden path outside the build context: out ()"),
    ("COPY up/passwd /", "COPY failed: forbidden path outside the build context: up/passwd ()"),
    ("COPY loop /", "COPY failed: forbidden path outside the build context: loop ()"),
    ("COPY a b.txt /x", "When using COPY with more than one source file, the destination must be a directory and end with a /"),
    ("COPY [ab.txt /x/", "COPY failed: syntax error in pattern: [ab.txt"),
    ("COPY wh /x/", "/x/.wh.a: in an image a name that begins with .wh. means that a file is deleted"),
]


@pytest.mark.parametrize(("line", "message"), REFUSED, ids=[line for line, _ in REFUSED])
def test_sources_that_are_missing_or_outside_are_refused_in_dockers_words(engine: Engine, line: str, message: str) -> None:
    files = {**FILES, "out": link("out", "/etc/passwd"), "up": link("up", "../etc"), "loop": link("loop", "loop"), "wh/.wh.a": ""}
    with pytest.raises(EngineError) as error:
        build(engine, f"FROM scratch\n{line}\n", files)
    assert message in error.value.message


@pytest.mark.parametrize("line", ["COPY d /x", "COPY a /x/y", "COPY d /x/y/"])
def test_nothing_is_put_onto_or_below_a_file(engine: Engine, line: str) -> None:
    with pytest.raises(EngineError, match="COPY failed: cannot copy to non-directory: /x"):
        build(engine, f"FROM scratch\nCOPY a /x\n{line}\n", FILES)


def device(name: str) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type = tarfile.CHRTYPE
    return member


HOSTILE: list[tuple[dict[str, Content], str]] = [
    ({"../x": ""}, "its member '../x' lies outside of it"),
    ({"/etc/x": ""}, "its member '/etc/x' lies outside of it"),
    ({"a/../../x": ""}, "lies outside of it"),
    ({"x": link("x", "../y", tarfile.LNKTYPE)}, "lies outside of it"),
    ({"x": link("x", "y", tarfile.LNKTYPE)}, "a hard link to y, which the archive doesn't hold before it"),
    ({"l": link("l", "/etc"), "l/x": ""}, "lies behind a symbolic link"),
    ({"x": device("x")}, "is a device, a pipe or a socket"),
]


@pytest.mark.parametrize(("files", "message"), HOSTILE, ids=[message[:40] for _, message in HOSTILE])
def test_a_hostile_archive_is_refused(engine: Engine, files: dict[str, Content], message: str) -> None:
    with pytest.raises(EngineError, match=message) as error:
        build(engine, "FROM scratch\nCOPY . /\n", files)
    assert error.value.status == 400


NAMES = st.lists(st.sampled_from(["..", ".", "", "a", "b", "c"]), min_size=1, max_size=5).map("/".join).filter(bool)
MEMBERS = st.lists(st.tuples(NAMES, st.sampled_from(["file", "folder", "symbolic", "hard"]), NAMES), max_size=6)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(MEMBERS)
def test_whatever_an_archive_holds_nothing_leaves_its_folder(tmp_path: Path, hostile: list[tuple[str, str, str]]) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        dockerfile = tarfile.TarInfo("Dockerfile")
        dockerfile.size = 28
        archive.addfile(dockerfile, io.BytesIO(b"FROM scratch\nCOPY . /inside\n"))
        for name, kind, target in hostile:
            member = tarfile.TarInfo(name)
            member.type = {"file": tarfile.REGTYPE, "folder": tarfile.DIRTYPE, "symbolic": tarfile.SYMTYPE, "hard": tarfile.LNKTYPE}[kind]
            member.linkname = target if kind in ("symbolic", "hard") else ""
            archive.addfile(member)
    engine = Engine(tmp_path / "docker")
    try:
        image = engine.build(buffer.getvalue())
    except EngineError:
        pass
    else:
        assert all(name == "inside" or name.startswith("inside/") for name in members(image))
        assert not any(".." in name.split("/") for name in members(image))
    assert {path.name for path in tmp_path.iterdir()} == {"docker"}
    assert not list((tmp_path / "docker" / "tmp").iterdir())
