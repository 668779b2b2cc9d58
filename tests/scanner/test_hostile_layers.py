"""Layers that were made to hurt: bombs, a million entries, broken archives. Each is read with little memory, or refused with a reason."""

from __future__ import annotations

import gzip
import io
import json
import subprocess
import sys
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import making
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from localecr.scanner import inventory, overlay, survey, unpacking
from localecr.scanner.model import LayerFile, Subject, Unscannable
from localecr.scanner.unpacking import Budget
from making import Device, Folder, HardLink, Link, dist_info, layer, metadata, node_module, status

MiB = 1 << 20


def names(found):
    return sorted({each.name for each in found.packages})


def reason(take: Callable[..., object], *layers: object) -> str:
    with pytest.raises(Unscannable) as refusal:
        take(*layers)
    assert refusal.value.status == "FAILED"
    return refusal.value.reason


def peak(work: Callable[[], object]) -> int:
    """The most memory, in bytes, that Python's objects take while something is done."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


# --- what is too much --------------------------------------------------------------------------------------------------------------------


def streamed(folder: Path, pieces: Iterator[bytes], compression: str = "gzip") -> Subject:
    """An image of one layer whose tar is never in memory as a whole."""
    path = folder / "layer"
    with path.open("wb") as file:
        packer = zlib.compressobj(1, wbits=31) if compression == "gzip" else zstandard.ZstdCompressor().compressobj()
        for piece in pieces:
            file.write(packer.compress(piece))
        file.write(packer.flush())
    manifest = {"config": {"mediaType": "application/vnd.oci.image.config.v1+json"}}
    return Subject("sha256:0", manifest, {}, (LayerFile("sha256:1", making.TYPES[compression], path.stat().st_size, str(path)),))


def entries(number: int, path: str, mark: bytes = b"0", target: bytes = b"") -> Iterator[bytes]:
    """So many entries of a tar, a thousand at once; a number takes the place of %d in the path."""
    template = bytearray(making.tar({"": ""})[:512])
    template[156:157], template[157:257], template[148:156] = mark, target.ljust(100, b"\0"), b" " * 8
    for first in range(0, number, 1000):
        block = bytearray()
        for each in range(first, first + 1000):
            header = bytearray(template)
            header[:100] = (path % each).encode().ljust(100, b"\0")
            header[148:156] = b"%06o\0 " % sum(header)
            block += header
        yield bytes(block)


def big_file(path: str, size: int) -> Iterator[bytes]:
    """A tar with one file of zeros, a MiB at once."""
    header = bytearray(making.tar({path: ""})[:512])
    header[124:136], header[148:156] = b"%011o\0" % size, b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    yield bytes(header)
    for _ in range(size // MiB):
        yield bytes(MiB)


@pytest.mark.parametrize(
    ("path", "mark"), [("usr/share/doc/%d", b"0"), ("usr/%d/", b"5"), ("usr/.wh.%d", b"0"), ("usr/%d", b"1"), ("dev/%d", b"3"), ("usr/%d", b"x")]
)
def test_many_entries_take_no_memory(tmp_path, path, mark):
    subject = streamed(tmp_path, entries(30_000, path, mark, b"usr/0"))
    assert peak(lambda: inventory.take(subject)) < 3 * MiB


def test_too_many_entries_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(unpacking, "MOST_ENTRIES", 10_000)
    assert reason(inventory.take, streamed(tmp_path, entries(11_000, "usr/%d"))) == "The image has more than 10,000 files."


def test_entries_are_counted_over_all_layers_and_in_jars(take, monkeypatch):
    monkeypatch.setattr(unpacking, "MOST_ENTRIES", 20)
    files = {str(number): "" for number in range(9)}
    assert names(take(files, files)) == []
    assert "more than 20 files" in reason(take, files, files, files)
    assert "more than 20 files" in reason(take, {"a.jar": making.jar({str(number): "" for number in range(21)})})


@pytest.mark.parametrize("file", ["srv/%d.dist-info/METADATA", "srv/node_modules/%d/package.json", "srv/%d.jar"])
def test_too_many_files_that_tell_of_packages_are_refused(tmp_path, monkeypatch, file):
    monkeypatch.setattr(survey, "MOST_KEPT", 2000)
    assert "more than 2,000 packages and files that tell of them" in reason(inventory.take, streamed(tmp_path, entries(3000, file)))


def test_what_every_layer_tells_again_counts_once(take, monkeypatch):
    monkeypatch.setattr(survey, "MOST_KEPT", 40)
    packages = [(f"p{number}", "1") for number in range(30)]
    assert len(take(*({"var/lib/dpkg/status": status(*packages[: 20 + number])} for number in range(9))).packages) == 28


def test_files_count_that_tell_nothing_and_packages_that_one_file_tells_of(take, monkeypatch):
    monkeypatch.setattr(survey, "MOST_KEPT", 20)
    said = "The image's layers have more than 20 packages and files that tell of them."
    assert reason(take, {f"srv/node_modules/{number}/package.json": "{}" for number in range(21)}) == said
    assert reason(take, {"var/lib/dpkg/status": status(*((f"p{number}", "1") for number in range(21)))}) == said
    assert reason(take, {"x": ""} | {f"srv/node_modules/{number}/package.json": HardLink("x") for number in range(21)}) == said


def test_too_many_links_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(overlay, "MOST_LINKS", 2000)
    assert "more than 2,000 symbolic links" in reason(inventory.take, streamed(tmp_path, entries(3000, "usr/%d", b"2", b"x")))


def test_links_that_are_gone_again_do_not_count(take, monkeypatch):
    monkeypatch.setattr(overlay, "MOST_LINKS", 3)
    links = {f"a/{number}": Link("x") for number in range(3)}
    assert names(take(links, {".wh.a": ""}, links | dist_info("b", "1"))) == ["b"]


@pytest.mark.parametrize("compression", ["gzip", "zstd"])
def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path, compression, monkeypatch):
    monkeypatch.setattr(unpacking, "GROWTH_FREE", 8 * MiB)
    subject = streamed(tmp_path, big_file("big", 1024 * MiB if compression == "zstd" else 256 * MiB), compression)
    assert "unpacks to more than 200 times its size" in reason(inventory.take, subject)


@pytest.mark.parametrize("compression", ["gzip", "zstd"])
def test_a_large_file_takes_no_memory(tmp_path, compression):
    subject = streamed(tmp_path, big_file("big", 200 * MiB), compression)
    assert peak(lambda: inventory.take(subject)) < 4 * MiB


def test_a_large_file_that_should_tell_of_packages_is_a_problem(tmp_path):
    for path, said in {
        "srv/node_modules/a/package.json": "It has more than 2,097,152 bytes.",
        "srv/a.dist-info/METADATA": "It is no text.",
        "etc/os-release": "It has more than 65,536 bytes.",
        "srv/a.jar": "It is no zip archive.",
    }.items():
        subject = streamed(tmp_path, big_file(path, 64 * MiB))
        assert peak(lambda subject=subject: inventory.take(subject)) < 16 * MiB
        assert [(each.subject, each.reason) for each in inventory.take(subject).problems] == [(path, said)]


def test_what_comes_after_a_line_without_measure_is_found(take):
    said = status(("a", "1")) + "Package: b\nStatus: install ok installed\nVersion: 1\nDescription: " + "x" * (8 << 20) + "\n\n" + status(("c", "1"))
    assert names(take({"var/lib/dpkg/status": said})) == ["a", "b", "c"]


def test_only_the_first_problems_are_told_one_by_one(take, monkeypatch):
    monkeypatch.setattr(inventory, "MOST_PROBLEMS", 2)
    problems = take({f"{number}.jar": "no jar" for number in range(5)}).problems
    assert [each.reason for each in problems] == ["It is no zip archive."] * 2 + ["There are 3 more problems in its files."]


def test_json_that_nests_without_end_is_a_problem(take):
    found = take({"srv/node_modules/a/package.json": "[" * 1_000_000} | node_module("b", "1"))
    assert names(found) == ["b"]
    assert found.problems[0].reason.startswith("It is no JSON")


@pytest.mark.parametrize("path", ["a/" * 3000 + "b", "a" * 5000, "a/" * 300 + "b"])
def test_a_path_that_no_system_takes_is_refused(take, path):
    assert "has a path of more than 4,096 characters, or in more than 256 folders" in reason(take, {path: ""})


def test_a_link_that_no_system_takes_is_refused(take):
    assert "has a path of more than 4,096 characters, or in more than 256 folders" in reason(take, {"a": Link("a/" * 3000)})


def test_links_that_each_double_the_way_are_not_followed_for_ever(take):
    links = {f"l{number}": Link(f"l{number - 1}/" * 100) for number in range(1, 60)} | {"l0": Folder()}
    assert "leads in circles" in reason(take, links | {"l59/x": ""})


# --- what is broken ----------------------------------------------------------------------------------------------------------------------

GOOD = making.tar(dist_info("a", "1"))


@pytest.mark.parametrize("compression", ["gzip", "zstd"])
@pytest.mark.parametrize("part", [0.3, 0.9])
def test_a_layer_that_is_cut_short_is_refused(take, compression, part):
    whole = making.packed(making.tar(dist_info("a", "1") | {"b": bytes(range(256)) * 1000}), compression)
    made = making.MadeLayer(whole[: int(len(whole) * part)], making.TYPES[compression])
    assert "ends too early" in reason(take, made)


def test_the_layer_that_is_broken_is_named(take):
    broken = making.MadeLayer(gzip.compress(GOOD)[:-4], making.TYPES["gzip"])
    assert broken.digest in reason(take, dist_info("b", "1"), broken)


def test_a_gzip_layer_whose_sum_is_wrong_is_refused(take):
    whole = bytearray(gzip.compress(GOOD))
    whole[-5] ^= 1
    assert "is damaged" in reason(take, making.MadeLayer(bytes(whole), making.TYPES["gzip"]))


@pytest.mark.parametrize("head", [b"\x1f\x8b\x08\x00", b"\x28\xb5\x2f\xfd"])
def test_what_only_begins_like_a_layer_is_refused(take, head):
    assert "is damaged" in reason(take, making.MadeLayer(head + b"\xff" * 1000, making.TYPES["none"]))


def test_a_zstd_layer_that_needs_too_much_memory_is_refused(tmp_path):
    settings = zstandard.ZstdCompressionParameters.from_level(3, window_log=28, write_content_size=False)
    content = zstandard.ZstdCompressor(compression_params=settings).compressobj()
    made = making.MadeLayer(content.compress(bytes(MiB)) + content.flush(), making.TYPES["zstd"])
    assert "is damaged" in reason(lambda each: inventory.take(making.image(tmp_path / "image", [each]).subject), made)


def test_a_layer_of_nothing_is_empty(take):
    for content in (b"", bytes(1024), gzip.compress(b""), gzip.compress(bytes(10240))):
        assert names(take(dist_info("a", "1"), making.MadeLayer(content, making.TYPES["none"]))) == ["a"]


def test_gzip_of_several_members_is_read_to_its_end(take):
    whole = making.tar(dist_info("a", "1") | dist_info("b", "1"))
    parts = b"".join(gzip.compress(whole[at : at + 700]) for at in range(0, len(whole), 700))
    assert names(take(making.MadeLayer(parts, making.TYPES["gzip"]))) == ["a", "b"]


@pytest.mark.parametrize("after", [bytes(1000), b"garbage" * 100, bytes(600_000)])
def test_what_follows_a_gzip_layer_is_passed_over(take, after):
    assert names(take(making.MadeLayer(gzip.compress(GOOD) + after, making.TYPES["gzip"]))) == ["a"]


def test_zstd_of_several_frames_is_read_to_its_end(take):
    whole = making.tar(dist_info("a", "1") | dist_info("b", "1"))
    skippable = b"\x50\x2a\x4d\x18" + (5).to_bytes(4, "little") + b"hello"
    parts = skippable + b"".join(zstandard.compress(whole[at : at + 700]) + skippable for at in range(0, len(whole), 700))
    assert names(take(making.MadeLayer(parts, making.TYPES["zstd"]))) == ["a", "b"]


@given(st.integers(-2, 2), st.integers(0, 3), st.binary(min_size=1, max_size=300))
def test_a_layer_is_whole_however_its_pieces_fall(more, pieces, noise):
    """Pieces end where the unpacked bytes, or the packed ones, just fill one."""
    noise = b"." + noise  # which nothing that is packed begins with
    content = (noise * (pieces * unpacking.CHUNK // len(noise) + 1))[: max(0, pieces * unpacking.CHUNK + more)]
    for compression in ("gzip", "zstd", "none"):
        assert b"".join(unpacked(making.packed(content, compression)).pieces()) == content


def unpacked(content: bytes):
    return unpacking.unpacked(io.BytesIO(content), Budget(1 << 30))


def test_a_layer_that_is_not_there_says_what_to_do(image):
    made = image(dist_info("a", "1"))
    Path(made.subject.layers[0].path).unlink()
    assert "isn't there. Push the image again." in reason(inventory.take, made.subject)


def test_a_layer_that_its_makers_keep_is_not_supported(image):
    made = image(layer({"a": "b"}, media_type="application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"))
    Path(made.subject.layers[0].path).unlink()
    with pytest.raises(Unscannable, match="its makers keep it themselves") as refusal:
        inventory.take(made.subject)
    assert refusal.value.status == "UNSUPPORTED_IMAGE"


# --- tricks with paths -------------------------------------------------------------------------------------------------------------------


def test_nothing_outside_of_the_image_is_read(take, tmp_path):
    secret = tmp_path / "secret-1.dist-info" / "METADATA"
    secret.parent.mkdir()
    secret.write_text(metadata("secret", "1"))
    found = take({"etc/os-release": Link("/etc/os-release"), "a.dist-info/METADATA": HardLink(str(secret)), "b.dist-info/METADATA": Link(str(secret))})
    assert found.os is None
    assert names(found) == []


def test_devices_are_passed_over(take):
    assert names(take({"etc/os-release": Device(), "var/lib/dpkg/status": Device()} | dist_info("a", "1"))) == ["a"]


def test_names_that_are_no_text_are_kept_readable(take):
    found = take(making.layer(making.tar({"srv/\udcff-1.dist-info/METADATA": "Name: \udcff\nVersion: 1\n".encode("utf-8", "surrogateescape")})))
    (one,) = found.packages
    assert one.name.encode() and one.path.encode()


@pytest.mark.parametrize("config", [{"history": "x"}, {"history": [1, None]}, {"history": [{"created_by": 5}]}, {"architecture": 5, "author": []}])
def test_a_config_may_say_anything(image, config):
    found = inventory.take(image(dist_info("a", "1"), config=config).subject)
    assert found.layers[0].created_by is None
    assert names(found) == ["a"]


@pytest.mark.parametrize("manifest", [{"config": None}, {"config": []}, {"config": {"mediaType": 5}}])
def test_a_manifest_may_say_anything(image, manifest):
    with pytest.raises(Unscannable) as refusal:
        inventory.take(image(dist_info("a", "1"), manifest=manifest).subject)
    assert refusal.value.status == "UNSUPPORTED_IMAGE"


def test_nothing_is_written_anywhere(image, tmp_path):
    things = dist_info("a", "1") | {"srv/a.jar": making.jar(making.pom("g.h", "a", "1"))}
    made = image(things, *(layer(dist_info("b", "1"), compression) for compression in ("zstd", "none")))
    program = (
        "import json, sys\n"
        "from localecr.scanner import inventory, model\n"
        "import zstandard\n"
        "opened = []\n"
        "about_files = ('open', 'os.', 'shutil.', 'tempfile.')\n"
        "sys.addaudithook(lambda event, given: opened.append((event, *map(str, given))) if event.startswith(about_files) else None)\n"
        "inventory.take(model.Subject.of_json(json.loads(sys.argv[1])))\n"
        "print(json.dumps(opened))\n"
    )
    done = subprocess.run([sys.executable, "-c", program, json.dumps(asdict(made.subject))], capture_output=True, text=True, check=True)
    opened = json.loads(done.stdout)
    assert {event for event, *_ in opened} == {"open"}
    assert {mode for _, _, mode, *_ in opened} == {"r"}  # its raw mode
