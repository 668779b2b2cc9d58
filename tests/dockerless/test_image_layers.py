"""Layers: the same bytes for the same sources, and bytes that everybody can read."""

from __future__ import annotations

import gzip
import hashlib
import io
import itertools
import random
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contexts import Content, build, layer_tar, link, members, tar
from dockerless import Engine
from dockerless.deflate import GzipWriter
from dockerless.layers import header, write_tar
from dockerless.tarball import apply_layer
from dockerless.tree import DIRECTORY, FILE, Node, Tree

SOURCES: dict[str, Content] = {
    "Dockerfile": 'FROM scratch\nARG WHO=you\nENV GREETING="hello $WHO"\nWORKDIR /srv\nCOPY . .\nCMD ["/srv/run"]\n',
    "run": "#!/bin/sh\necho $GREETING\n",
    "data/text.txt": "The same sources give the same image. " * 50,
    "data/übung/" + "long" * 30: "a long name",
    "link": link("link", "data/text.txt"),
}
GOLDEN = "sha256:82a1019e68a7fcffee45916c742236564e656822da0c2a335b49ef0498da4b9f"


def gzipped(data: bytes, piece: int = 1 << 20) -> bytes:
    buffer = io.BytesIO()
    writer = GzipWriter(buffer)
    for start in range(0, len(data), piece):
        writer.write(data[start : start + piece])
    writer.close()
    return buffer.getvalue()


def test_the_same_sources_give_the_same_digest_everywhere(engine: Engine) -> None:
    """Order, times, modes and compression of what is sent don't matter. This digest stands for every platform and Python."""
    digests = set()
    for order in itertools.islice(itertools.permutations(SOURCES), 0, 24, 5):
        context = tar(SOURCES, list(order), random.choice([0o600, 0o644, 0o777]), mtime=random.randrange(2**31))
        digests.add(engine.build(random.choice([context, gzip.compress(context)]), platform="linux/amd64").digest)
    assert digests == {GOLDEN}


def test_one_changed_byte_changes_the_digest_and_only_its_layer(engine: Engine) -> None:
    dockerfile = "FROM scratch\nCOPY a /a\nCOPY b /b\n"
    before, after = (build(engine, dockerfile, {"a": "1", "b": second}) for second in ("2", "3"))
    assert before.digest != after.digest
    assert [one.digest == other.digest for one, other in zip(before.layers, after.layers, strict=True)] == [True, False]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.one_of(st.binary(max_size=300), st.sampled_from([bytes(600), b"abc" * 200, b"\xff\x00" * 90])), max_size=6).map(b"".join))
def test_what_is_compressed_can_be_read_by_everybody(data: bytes) -> None:
    assert gzip.decompress(gzipped(data)) == data


def test_long_runs_far_matches_and_noise_are_compressed_right() -> None:
    noise = random.Random(1).randbytes(70_000)
    data = noise[:40_000] + bytes(100_000) + noise[:40_000] + b"x" * 1000 + noise
    assert gzip.decompress(gzipped(data)) == data
    assert len(gzipped(bytes(1_000_000))) < 12_000
    assert len(gzipped(noise)) < len(noise) + 100  # what can't get smaller hardly gets larger


def test_compression_does_not_depend_on_how_the_data_arrives() -> None:
    data = random.Random(2).randbytes(1000) * 200
    assert gzipped(data, 7_001) == gzipped(data)
    assert hashlib.sha256(gzipped(data)).hexdigest() == "8a74f27b6d7608835f811ebabe51a45df5559efc3623337bf8d7627d48ecb7cd"


def test_beyond_the_first_mebibyte_a_layer_is_stored_as_it_is() -> None:
    data = bytes(3 << 20)
    assert 1.9 < len(gzipped(data)) / (1 << 20) < 2
    assert gzip.decompress(gzipped(data)) == data


HEADERS = [
    ("a", Node(FILE, 0o644), 5),
    ("b" * 100, Node(FILE, 0o600), 0),
    ("b" * 101, Node(FILE, 0o600), 0),
    ("ü/" * 80 + "ü", Node(DIRECTORY), 0),
    ("l", Node("link", 0o777, target="t" * 150), 0),
    ("owned", Node(FILE, 0o644, uid=3_000_000, gid=99), 0),
    ("large", Node(FILE, 0o644), 9 << 30),
]


@pytest.mark.parametrize(("path", "node", "size"), HEADERS, ids=[path[:10] for path, *_ in HEADERS])
def test_headers_are_read_by_python_as_they_were_meant(path: str, node: Node, size: int) -> None:
    data = header(path, node, size)
    member = tarfile.open(fileobj=io.BytesIO(data + bytes(1024)), mode="r|").next()
    assert member is not None
    assert (member.name, member.size, oct(member.mode), member.uid, member.gid) == (path, size, oct(node.mode), node.uid, node.gid)
    assert (member.linkname, member.mtime) == (node.target, 315532800)


def test_an_images_size_is_that_of_its_files(engine: Engine) -> None:
    image = build(engine, "FROM scratch\nCOPY a /a\nCOPY b /b\n", {"a": "12345", "b": "x" * 1000})
    assert image.size == 1005
    assert [layer.diff_id for layer in image.layers] == [f"sha256:{hashlib.sha256(layer_tar(image, each)).hexdigest()}" for each in (0, 1)]


def laid_over(*layers: dict[str, Node]) -> set[str]:
    tree = Tree()
    for layer in layers:
        buffer = io.BytesIO()
        write_tar(layer.items(), buffer)
        buffer.seek(0)
        apply_layer(tree, buffer, lambda offset, size: io.BytesIO())
    return set(tree.nodes) - {""}


EMPTY = Node(FILE, 0o644)


def test_whiteouts_take_away_what_lies_below() -> None:
    base = {"etc/a": EMPTY, "etc/b": EMPTY, "var/c": EMPTY}
    assert laid_over(base, {"etc/.wh.a": EMPTY}) == {"etc", "etc/b", "var", "var/c"}
    assert laid_over(base, {"etc/new": EMPTY, "etc/.wh..wh..opq": EMPTY}) == {"etc", "etc/new", "var", "var/c"}
    assert laid_over(base, {".wh.etc": EMPTY, "var": EMPTY}) == {"var"}


def test_a_file_that_was_deleted_can_be_made_again(engine: Engine) -> None:
    engine.build(tar({"Dockerfile": "FROM scratch\nADD gone.tar /\n", "gone.tar": tar({"x/f": "1"})}), tag="base:1")
    image = build(engine, "FROM base:1\nCOPY a /x/\n", {"a": "2"})
    assert list(members(image)) == ["x/a"]


BUILD_A_LARGE_LAYER = """
import resource, sys
from pathlib import Path
from dockerless import Engine
used = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (1 << 10 if sys.platform == "linux" else 1 << 20)
engine, before = Engine(sys.argv[1]), used()
image = engine.build(Path(sys.argv[2]))
print(image.size >> 20, used() - before)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows doesn't say how much memory a process has used")
def test_memory_stays_flat_whatever_the_size_of_a_layer(tmp_path: Path) -> None:
    context = tmp_path / "context"
    context.mkdir()
    (context / "Dockerfile").write_text("FROM scratch\nCOPY large /large\n")
    with (context / "large").open("wb") as file:
        file.truncate(100 << 20)
    command = [sys.executable, "-c", BUILD_A_LARGE_LAYER, tmp_path / "docker", context]
    size, grown = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout.split()
    assert (int(size), int(grown) < 25) == (100, True)  # in MiB
