"""Build contexts: folders and archives, and what .dockerignore keeps out of them."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
from pathlib import Path

import pytest

from contexts import build, members, tar
from dockerless import Engine, EngineError

FILES = ["Dockerfile", "a.txt", "b.md", "docs/a.txt", "docs/deep/b.md", "node/x/y.js", "node/keep.js"]

IGNORED = [  # (.dockerignore, what is copied)
    ("", ["Dockerfile", "a.txt", "b.md", "docs/a.txt", "docs/deep/b.md", "node/keep.js", "node/x/y.js"]),
    ("*.md", ["Dockerfile", "a.txt", "docs/a.txt", "docs/deep/b.md", "node/keep.js", "node/x/y.js"]),
    ("**/*.md", ["Dockerfile", "a.txt", "docs/a.txt", "node/keep.js", "node/x/y.js"]),
    ("/docs\nnode/", ["Dockerfile", "a.txt", "b.md"]),
    ("node\n!node/keep.js", ["Dockerfile", "a.txt", "b.md", "docs/a.txt", "docs/deep/b.md", "node/keep.js"]),
    ("*\n!docs", ["docs/a.txt", "docs/deep/b.md"]),
    ("!docs\n*", []),
    ("# a comment\n\n  a.txt  \n", ["Dockerfile", "b.md", "docs/a.txt", "docs/deep/b.md", "node/keep.js", "node/x/y.js"]),
    ("Dockerfile\n.dockerignore\ndocs\nnode\n?.md", ["a.txt"]),
    ("docs/*/b.md\nnode/**\n[ab].*\nDockerfile", ["docs/a.txt"]),
]


def copied(image: object) -> list[str]:
    return [name.removeprefix("in/") for name, member in members(image).items() if member.isfile() and name != "in/.dockerignore"]  # type: ignore[arg-type]


@pytest.mark.parametrize(("ignore", "expected"), IGNORED, ids=[ignore.replace("\n", " ") or "nothing" for ignore, _ in IGNORED])
@pytest.mark.parametrize("kind", ["folder", "tar"])
def test_dockerignore_decides_what_is_copied(engine: Engine, tmp_path: Path, kind: str, ignore: str, expected: list[str]) -> None:
    files = {name: "FROM scratch\nCOPY . /in\n" if name == "Dockerfile" else "x" for name in FILES} | {".dockerignore": ignore + "\n.dockerignore"}
    if not expected:  # nothing but an empty folder
        files["Dockerfile"] = "FROM scratch\nCOPY . /in/\n"
    for name, text in files.items():
        path = tmp_path / "context" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    image = engine.build(tmp_path / "context" if kind == "folder" else tar(files))
    assert copied(image) == expected


def test_a_folder_and_its_archive_give_the_same_image(engine: Engine, tmp_path: Path) -> None:
    context = tmp_path / "context"
    (context / "d").mkdir(parents=True)
    (context / "Dockerfile").write_text("FROM scratch\nCOPY d /d\n")
    (context / "d" / "é").write_bytes(b"x")
    (context / "d" / "é").chmod(0o600)
    assert engine.build(context).digest == build(engine, "FROM scratch\nCOPY d /d\n", {"d/é": "x"}).digest


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, lzma.compress], ids=["gzip", "bzip2", "xz"])
def test_an_archive_may_be_compressed(engine: Engine, compress: object) -> None:
    context = tar({"Dockerfile": "FROM scratch\nCOPY a /a\n", "a": "1"})
    assert engine.build(io.BytesIO(compress(context))).digest == engine.build(context).digest  # type: ignore[operator]


def test_the_dockerfile_may_have_another_name_and_place(engine: Engine) -> None:
    context = tar({"docker/web.Dockerfile": "FROM scratch\nCOPY a /a\n", "a": "1"})
    assert engine.build(context, dockerfile="docker/web.Dockerfile").layers


BROKEN = [
    (b"", {}, "this is not a tar archive: empty file"),
    (b"no archive at all" * 100, {}, "this is not a tar archive"),
    (gzip.compress(tar({"Dockerfile": "FROM scratch"}))[:-20], {}, "the archive can't be decompressed"),
    (tar({"a": "1"}), {}, "Cannot locate specified Dockerfile: Dockerfile"),
    (tar({"a": "1"}), {"dockerfile": "../x"}, r"forbidden path outside the build context: ../x \(\)"),
    (tar({"Dockerfile": b"FROM scratch\nLABEL a=\xff\n"}), {}, "Dockerfile is not a text in UTF-8"),
    (tar({"Dockerfile": "FROM scratch\n", ".dockerignore": "[a"}), {}, "error checking context: syntax error in pattern"),
    ("/no/such/folder", {}, "there is no folder /no/such/folder to build from"),
]


@pytest.mark.parametrize(("context", "options", "message"), BROKEN, ids=[message[:40] for *_, message in BROKEN])
def test_what_is_no_context_is_said(engine: Engine, context: bytes | str, options: dict[str, str], message: str) -> None:
    with pytest.raises(EngineError, match=message):
        engine.build(context, **options)  # type: ignore[arg-type]
