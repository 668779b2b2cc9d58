"""Hostile input: what would take all memory, all time, or a way out of its folder is refused in a sentence, soon."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import json
import lzma
import tarfile

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

import dockerless.tarball
from contexts import build, link, tar
from dockerless import Engine, EngineError
from dockerless.context import Ignore
from dockerless.dockerfile import parse
from dockerless.glob import Glob
from dockerless.tarball import apply_layer
from dockerless.tree import Tree
from dockerless.variables import WordError, expand
from scripted import ScriptedRegistry

MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"


# --- patterns: these tests end at all only if time is bounded --------------------------------------------------------------------------

PATIENT = [  # (pattern, path, whether it matches)
    ("*a" * 30 + "b", "a" * 200, False),
    ("*a" * 30, "a" * 200, True),
    ("**/a/" * 12 + "b", "a/" * 100 + "a", False),
    ("**/a/" * 12 + "a", "a/" * 100 + "a", True),
    ("**" * 20 + "b", "a/" * 100, False),
    ("*" * 500 + "b", "a" * 200, False),
    ("?*" * 30, "a" * 100, True),
    ("[a-z]*" * 30 + "0", "a" * 200, False),
    ("**/*a*/**/*a*/**/*a*/x", "aa/" * 80, False),
]


@pytest.mark.parametrize(("pattern", "path", "matches"), PATIENT, ids=[pattern[:20] for pattern, *_ in PATIENT])
def test_a_pattern_of_many_stars_is_decided(pattern: str, path: str, matches: bool) -> None:
    assert Glob(pattern, any_depth=True).matches(path) is matches
    assert Ignore(pattern).excludes(path) in (True, False)


LETTERS = st.sampled_from(["a", "b", "/", "*", "**", "**/", "?", "[ab]", "[^a]", "\\*", "ab/"])


@settings(max_examples=400, derandomize=True, deadline=None, database=None)
@given(pattern=st.lists(LETTERS, max_size=8).map("".join), path=st.text("ab/*", max_size=10))
def test_patterns_of_few_and_of_many_stars_are_read_alike(pattern: str, path: str) -> None:
    """The two ways in which a pattern is followed agree: what ends in two more stars takes the other way."""
    glob = Glob(pattern, any_depth=True)
    if glob._whole is not None:
        assert glob._follows(path) is glob.matches(path)


# --- Dockerfiles ------------------------------------------------------------------------------------------------------------------------

DOCKERFILES = [
    ("FROM scratch\nLABEL a=" + "${a:-" * 2000 + "}" * 2000, "more than 50 substitutions within each other"),
    ("FROM scratch\nENV a=xxxxxxxxxx\n" + "ENV a=$a$a$a$a$a$a$a$a$a$a\n" * 40, "the value is longer than 131072 characters"),
    ("FROM scratch\nENV a=" + "x" * 100_000 + "\n" + "".join(f"ENV a{number}=$a\n" for number in range(500)), "the image's configuration grows beyond 1048576 bytes"),
    ("FROM scratch\n" + "LABEL a=b\n" * 2000, "dockerless reads at most 2000 instructions"),
    ("FROM scratch\nLABEL a=" + "b" * (1 << 20), "Dockerfile has [0-9]+ bytes, and dockerless reads at most 1048576"),
    ("FROM scratch\nEXPOSE ²", "Invalid containerPort: ²"),
    ("FROM scratch\nEXPOSE " + "9" * 5000, "Invalid containerPort"),
    ("FROM scratch\nHEALTHCHECK --retries=² CMD x", "--retries must be a number, not '²'"),
    ("FROM scratch\nHEALTHCHECK --interval=" + "9" * 400 + "s CMD x", "--interval must be a duration"),
    ("FROM scratch\nCOPY --chown=²:1 a b", "dockerless takes numbers such as --chown=1000:1000"),
    ("FROM scratch\nCOPY --chown=" + "9" * 5000 + " a b", "dockerless takes numbers such as --chown=1000:1000"),
    ("FROM scratch\nCOPY [z-a] /b", r"syntax error in pattern: \[z-a\]"),
    ("FROM scratch\nWORKDIR " + "/a" * 3000, "has more than 4096 characters, or 256 folders"),
    ("FROM scratch\nCOPY a /" + "d/" * 300, "has more than 4096 characters, or 256 folders"),
    ("FROM scratch\nCMD " + "[" * 100_000, None),
    ("#a=x" + " " * 100_000 + "y\nFROM scratch\nCMD x", None),
    ("FROM scratch\nLABEL a=b" + "\\\n" * 100_000, None),
    ("FROM scratch\nLABEL a=" + "b\\\n" * 20_000, None),
    ("FROM scratch\nLABEL a='" + "\\\"" * 20_000 + "'", None),
]


@pytest.mark.parametrize(("dockerfile", "message"), DOCKERFILES, ids=[f"{dockerfile[13:45]!r}" for dockerfile, _ in DOCKERFILES])
def test_a_dockerfile_without_measure_is_refused_or_read(engine: Engine, dockerfile: str, message: str | None) -> None:
    if message is None:
        build(engine, dockerfile, {"a": "1"})
        return
    with pytest.raises(EngineError, match=message) as refused:
        build(engine, dockerfile, {"a": "1"})
    assert refused.value.status == 400


@settings(max_examples=300, derandomize=True, deadline=None, database=None)
@given(text=st.text(st.sampled_from("FROM scratch\n\t\"'\\`$ {}:-+?=#[],/a²\x00é") | st.characters(codec="utf-8"), max_size=120))
def test_no_text_is_more_than_a_parse_error(text: str) -> None:
    try:
        parse(text)
    except EngineError as error:
        assert error.status == 400
    try:
        expand(text, {"a": "b"})
    except WordError:
        pass


# --- archives ---------------------------------------------------------------------------------------------------------------------------


def header(name: bytes = b"a", size: bytes = b"00000000000\0", kind: bytes = b"0", target: bytes = b"") -> bytes:
    """A tar's header with any size and type, its checksum right."""
    start = name.ljust(100, b"\0") + b"0000644\0" + b"0000000\0" * 2 + size + b"00000000000\0"
    end = kind + target.ljust(100, b"\0") + b"ustar\x0000"
    block = (start + b" " * 8 + end).ljust(512, b"\0")
    return start + b"%06o\0 " % sum(block) + block[156:]


def extended(records: bytes, kind: bytes = b"x") -> bytes:
    """A pax header."""
    return header(b"pax", b"%011o\0" % len(records), kind) + records + bytes(-len(records) % 512)


HUGE = b"\x80" + (1 << 60).to_bytes(11, "big")
NEGATIVE = b"\xff" + (-512 & (1 << 88) - 1).to_bytes(11, "big")
ARCHIVES = [
    (tar({"../a": "x"}), r"its member '\.\./a' lies outside of it"),
    (tar({"/etc/passwd": "x"}), "its member '/etc/passwd' lies outside of it"),
    (tar({"a/../../b": "x"}), "lies outside of it"),
    (tar({"a": link("a", "/etc"), "a/passwd": "x"}), "lies behind a symbolic link"),
    (tar({"a": link("a", "../.."), "a/b/c": "x"}), "lies behind a symbolic link"),
    (tar({"a": link("a", "/etc/passwd", tarfile.LNKTYPE)}), "lies outside of it"),
    (tar({"a": link("a", "b", tarfile.LNKTYPE)}), "a is a hard link to b, which the archive doesn't hold before it"),
    (tar({"a": link("a", "", tarfile.CHRTYPE)}), "its member 'a' is a device, a pipe or a socket"),
    (tar({"a": link("a", "", tarfile.FIFOTYPE)}), "its member 'a' is a device, a pipe or a socket"),
    (tar({"d/" * 300 + "a": "x"}), "has more than 4096 characters, or 256 folders"),
    (tar({"a" * 5000: "x"}), "has more than 4096 characters, or 256 folders"),
    (header(size=HUGE), "this is not a tar archive"),
    (header(size=NEGATIVE) + header(), "this is not a tar archive: a member of a negative size"),
    (extended(b"15 size=-10240\n") + header(), "this is not a tar archive: a member of a negative size"),
    (header(b"pax", HUGE, b"x") + header(), "an extended header of 1152921504606846976 bytes"),
    (header(b"pax", b"%011o\0" % (1 << 20), b"L") + bytes(1 << 20) + header(), "an extended header of 1048576 bytes"),
    (extended(b"1" * 60_000) + header(), "an extended header with an endless number"),
    (extended(b"1" * 60_000, b"g") + header(), "an extended header with an endless number"),
    (tar({"a": "x"})[:700], "this is not a tar archive: unexpected end of data"),
    (gzip.compress(tar({"a": "x"}))[:-5], "the archive can't be decompressed"),
    (b"\x1f\x8b" + b"\xff" * 100, "the archive can't be decompressed"),
    (b"BZh9" + b"\xff" * 100, "the archive can't be decompressed|this is not a tar archive"),
    (b"\xfd7zXZ\x00" + b"\xff" * 100, "the archive can't be decompressed"),
    (tar({"Dockerfile": link("Dockerfile", "/etc/passwd")}), "forbidden path outside the build context"),
    (tar({"Dockerfile": link("Dockerfile", "Dockerfile")}), "forbidden path outside the build context|Cannot locate"),
]


@pytest.mark.parametrize(("context", "message"), ARCHIVES, ids=[message[:45] for _, message in ARCHIVES])
def test_an_archive_that_reaches_out_or_lies_is_refused(engine: Engine, context: bytes, message: str) -> None:
    with pytest.raises(EngineError, match=message):
        engine.build(context)


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, lzma.compress], ids=["gzip", "bzip2", "xz"])
def test_a_decompression_bomb_is_refused_before_it_fills_the_disk(engine: Engine, monkeypatch: pytest.MonkeyPatch, compress: object) -> None:
    monkeypatch.setattr(dockerless.tarball, "GROWTH_FREE", 1 << 20)
    monkeypatch.setattr(dockerless.tarball, "MOST_GROWTH", 50)
    bomb = compress(tar({"Dockerfile": "FROM scratch\nCOPY a /a\n", "a": bytes(64 << 20)}))  # type: ignore[operator]
    with pytest.raises(EngineError, match="the archive is refused: it unpacks to more than 50 times its size"):
        engine.build(bomb)
    with pytest.raises(EngineError, match="it unpacks to more than 50 times its size"):
        build(engine, "FROM scratch\nADD a /a\n", {"a": bomb})


def test_many_whiteouts_of_many_folders_are_applied() -> None:
    """Each knows what is in its folder, and doesn't look at all the others: this ends soon, or not today."""
    number = 20_000
    below, above, tree = io.BytesIO(), io.BytesIO(), Tree()
    with tarfile.open(fileobj=below, mode="w") as first, tarfile.open(fileobj=above, mode="w") as second:
        for each in range(number):
            first.addfile(tarfile.TarInfo(f"d{each}/f"))
            second.addfile(tarfile.TarInfo(f".wh.d{each}"))
    for layer in (below, above):
        layer.seek(0)
        apply_layer(tree, layer, lambda offset, size: io.BytesIO())
    assert set(tree.nodes) == {""}


def test_names_without_measure_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dockerless.tree, "MOST_NAMES", 100_000)
    layer, tree = io.BytesIO(), Tree()
    with tarfile.open(fileobj=layer, mode="w") as archive:
        for each in range(20):
            archive.addfile(tarfile.TarInfo(f"{each}" + "/d" * 200))
    layer.seek(0)
    with pytest.raises(EngineError, match="there are too many names"):
        apply_layer(tree, layer, lambda offset, size: io.BytesIO())


# --- what others describe ---------------------------------------------------------------------------------------------------------------

CONFIG = {"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": []}}
NONSENSE = [
    None, [], 5, "x", {}, {"rootfs": None}, {"rootfs": {"diff_ids": 5}}, {"rootfs": {"diff_ids": [5]}}, CONFIG | {"os": 5}, CONFIG | {"config": []},
    CONFIG | {"config": {"Env": "a"}}, CONFIG | {"config": {"Env": [5]}}, CONFIG | {"config": {"Labels": {"a": 5}}}, CONFIG | {"history": [5]},
    CONFIG | {"history": {"a": "b"}}, CONFIG | {"created": 5}, CONFIG | {"architecture": "\ud800"},
]  # fmt: skip


@pytest.mark.parametrize("config", NONSENSE, ids=lambda config: json.dumps(config)[-40:])
def test_a_configuration_of_another_shape_is_refused_and_spoils_no_listing(api: str, config: object) -> None:
    document = json.dumps(config).encode()
    answer = requests.post(f"{api}/images/load", data=tar({"manifest.json": json.dumps([{"Config": "c", "RepoTags": ["a:1"], "Layers": []}]), "c": document}), timeout=60)
    assert answer.status_code == 400 and "invalid archive" in answer.json()["message"]
    assert requests.get(f"{api}/images/json", timeout=60).json() == []


MANIFESTS = [None, [], {}, 5, [5], [{}], [{"Config": 5, "Layers": []}], [{"Config": "c", "Layers": 5}], [{"Config": "c", "Layers": [5]}], [{"Config": "../../etc/passwd", "Layers": []}],
             [{"Config": "c", "Layers": [], "RepoTags": [5]}], [{"Config": "c", "Layers": [], "RepoTags": ["UPPER"]}], {"Config": "c"}, [{"Config": "l", "Layers": []}]]  # fmt: skip


@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda manifest: json.dumps(manifest)[:40])
def test_an_archive_whose_description_is_nonsense_is_refused(api: str, manifest: object) -> None:
    files = {"manifest.json": json.dumps(manifest), "c": json.dumps(CONFIG), "l": link("l", "/etc/passwd")}
    answer = requests.post(f"{api}/images/load", data=tar(files), timeout=60)
    assert answer.status_code == 400, answer.text
    assert requests.get(f"{api}/images/json", timeout=60).json() == []


@pytest.fixture
def api(docker_host: str) -> str:
    return docker_host.replace("tcp", "http")


QUERIES = ["filters=[]", "filters=5", 'filters={"label":5}', 'filters={"label":[5]}', "filters=" + "[" * 20_000, 'filters={"label":["\\ud800"]}', "filters={"]


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query[:30])
def test_parameters_of_another_shape_are_refused(api: str, query: str) -> None:
    answer = requests.get(f"{api}/images/json?{query}", timeout=60)
    assert answer.status_code == 400 and answer.json()["message"]


@pytest.mark.parametrize("query", ["buildargs=[]", 'buildargs={"a":5}', 'labels={"a":[]}', "labels=5", "labels=" + "{" * 10_000, 'labels={"a":"\\ud800"}', "platform=" + "/" * 100])
def test_build_parameters_of_another_shape_are_refused(api: str, query: str) -> None:
    answer = requests.post(f"{api}/build?{query}", data=tar({"Dockerfile": "FROM scratch\nLABEL x=y\n"}), timeout=60)
    assert answer.status_code == 400 and answer.json()["message"]


@pytest.mark.parametrize("header", ["é", "****", "W10=", "bnVsbA==", "NQ==", "e30" + "=" * 50, "eyJhIjo1fQ==", "W1tbW1tb"])
def test_credentials_of_another_shape_are_refused_or_none(api: str, header: str) -> None:
    headers = {"X-Registry-Auth": header.encode(), "X-Registry-Config": header.encode()}
    for path in ("images/nothing/push?tag=1", "build"):
        answer = requests.post(f"{api}/{path}", headers=headers, data=tar({"Dockerfile": "FROM scratch\nLABEL x=y\n"}), timeout=60)
        assert "made a mistake" not in answer.text
        assert answer.status_code in (200, 400, 404, 500)


# --- registries -------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "manifest",
    [b"null", b"[]", b"{}", b"\xff", b"[" * 100_000, b'{"config": 5}', b'{"config": {"mediaType": "application/vnd.oci.image.config.v1+json"}}',
     b'{"config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": "x", "size": "y"}, "layers": []}'],
    ids=lambda manifest: f"{manifest[:30]!r}",
)  # fmt: skip
@pytest.mark.parametrize("media_type", [MANIFEST_TYPE, "application/vnd.oci.image.index.v1+json", ""])
def test_what_a_registry_describes_in_another_shape_is_refused(engine: Engine, scripted: ScriptedRegistry, media_type: str, manifest: bytes) -> None:
    scripted.script.manifests["1"] = (media_type, manifest)
    scripted.script.manifests[f"sha256:{hashlib.sha256(manifest).hexdigest()}"] = (media_type, manifest)
    with pytest.raises(EngineError):
        engine.pull(f"{scripted.host}/web", "1")
    assert list(engine.images) == []


def test_an_endless_manifest_is_not_read_to_its_end(engine: Engine, scripted: ScriptedRegistry) -> None:
    scripted.script.manifests["1"] = (MANIFEST_TYPE, bytes(5 << 20))
    named = f"sha256:{hashlib.sha256(bytes(5 << 20)).hexdigest()}"
    scripted.script.manifests[named] = (MANIFEST_TYPE, bytes(5 << 20))
    with pytest.raises(EngineError, match="is larger than 4194304 bytes"):
        engine.pull(f"{scripted.host}/web", "1")


def test_a_blob_longer_than_its_manifest_says_is_not_read_to_its_end(engine: Engine, scripted: ScriptedRegistry) -> None:
    image = build(engine, "FROM scratch\nCOPY a /a\n", {"a": "1" * 100}, tag=f"{scripted.host}/web:1")
    engine.push(f"{scripted.host}/web", "1")
    engine.images.prune(everything=True)
    scripted.script.blobs[image.layers[0].digest] = bytes(10 << 20)
    with pytest.raises(EngineError, match="the registry sends more for sha256:[0-9a-f]+ than the [0-9]+ bytes that the manifest names"):
        engine.pull(f"{scripted.host}/web", "1")
