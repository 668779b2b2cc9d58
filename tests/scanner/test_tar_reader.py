"""The reader of tar archives against Python's own, and against what isn't one."""

from __future__ import annotations

import io
import tarfile

import making
import pytest
from hypothesis import given
from hypothesis import strategies as st
from localecr.scanner.streams import Stream, Unreadable
from localecr.scanner.tar import Tar
from localecr.scanner.unpacking import Budget

KINDS = {tarfile.REGTYPE: "file", tarfile.DIRTYPE: "directory", tarfile.SYMTYPE: "link", tarfile.LNKTYPE: "hardlink", tarfile.CHRTYPE: "other"}


def read(content: bytes, piece: int = 1000):
    """Names, kinds, targets and contents."""
    tar = Tar(Stream(content[at : at + piece] for at in range(0, len(content), piece)), Budget(1 << 20))
    return [(name, kind, target, tar.body().all(1 << 20) if kind == "file" else b"") for name, kind, target in tar]


def read_by_python(content: bytes):
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        return [(each.name, KINDS[each.type], each.linkname, archive.extractfile(each).read() if each.isreg() else b"") for each in archive]


parts = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="/\0"), min_size=1, max_size=40).filter(lambda part: part not in (".", ".."))
paths = st.lists(parts, min_size=1, max_size=8).map("/".join)
things = st.one_of(
    st.binary(max_size=2000), st.just(making.Folder()), st.just(making.Device()), st.builds(making.Link, paths), st.builds(making.HardLink, paths)
)


@given(st.lists(st.tuples(paths, things), max_size=8), st.sampled_from([tarfile.PAX_FORMAT, tarfile.GNU_FORMAT]), st.integers(1, 3000))
def test_it_reads_what_python_reads(members, format, piece):
    content = making.tar(members, format)
    assert [(name.rstrip("/"), *rest) for name, *rest in read(content, piece)] == [tuple(each) for each in read_by_python(content)]


@given(st.lists(st.tuples(st.lists(st.text("abc", min_size=1, max_size=60), min_size=1, max_size=4).map("/".join), st.binary(max_size=600)), max_size=6))
def test_names_of_ustar_may_stand_in_two_fields(members):
    fit = [(path, body) for path, body in members if len(path) <= 100 or len(path) - path.rfind("/", 1, 100) <= 100]
    content = making.tar(fit, tarfile.USTAR_FORMAT)
    assert read(content) == read_by_python(content)


@pytest.mark.parametrize("format", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
def test_long_names_and_long_targets_are_read(format):
    name, target = "/".join(["folder" * 10] * 20), "/".join(["target" * 10] * 20)
    assert read(making.tar({name: b"content", "link": making.Link(target)}, format)) == [(name, "file", "", b"content"), ("link", "link", target, b"")]


def test_bytes_that_nobody_asked_for_are_passed_over():
    tar = Tar(Stream(iter([making.tar({"a": b"x" * 5000, "b": b"y"})])), Budget(1 << 20))
    assert [name for name, *_ in tar] == ["a", "b"]


def test_a_size_that_needs_more_than_octal_digits_is_read():
    content = bytearray(making.tar({"a": b"abc", "b": b"d"}))
    content[124:136] = b"\x80" + (3).to_bytes(11, "big")
    assert read(summed(content))[0] == ("a", "file", "", b"abc")


def summed(content: bytes | bytearray, at: int = 0) -> bytes:
    """The tar with the right checksum in its header at ``at``."""
    content = bytearray(content)
    content[at + 148 : at + 156] = b" " * 8
    content[at + 148 : at + 156] = b"%06o\0 " % sum(content[at : at + 512])
    return bytes(content)


def test_the_sums_of_old_tars_are_of_bytes_with_a_sign():
    content = bytearray(making.tar({"\xe9": b"abc"}, tarfile.USTAR_FORMAT))
    content[148:156] = b" " * 8
    content[148:156] = b"%06o\0 " % sum(byte - 256 * (byte > 127) for byte in content[:512])
    assert read(bytes(content))[0][3] == b"abc"


def test_a_folder_of_the_oldest_tars_has_a_slash_at_its_end():
    content = bytearray(making.tar({"a": making.Folder()}, tarfile.USTAR_FORMAT))
    content[156] = 0
    assert read(summed(content)) == [("a/", "directory", "", b"")]


def test_what_is_no_file_has_no_body_whatever_its_header_says():
    content = bytearray(making.tar({"a": making.Link("b"), "c": b"d"}, tarfile.USTAR_FORMAT))
    content[124:136] = b"00000001000\0"
    assert [name for name, *_ in read(summed(content))] == ["a", "c"]


def test_a_sparse_file_is_passed_over_and_its_content_refused():
    content = making.tar({"a": making.Sparse(b"x" * 700), "b": b"c"}, tarfile.GNU_FORMAT)
    tar = Tar(Stream(iter([content])), Budget(1 << 20))
    names = iter(tar)
    assert next(names)[0] == "a"
    with pytest.raises(Unreadable, match="sparse"):
        tar.body()
    assert next(names)[0] == "b"


def test_an_archive_may_end_without_an_end():
    assert read(making.tar({"a": b"b"})[:1024]) == [("a", "file", "", b"b")]


def test_nothing_at_all_is_an_empty_archive():
    assert read(b"") == read(bytes(1024)) == read(bytes(512)) == []


def test_what_follows_the_end_is_not_looked_at():
    assert read(making.tar({"a": b"b"}) + b"garbage" * 1000) == [("a", "file", "", b"b")]


GOOD = making.tar({"a": b"b" * 1000, "c": b"d"}, tarfile.USTAR_FORMAT)
LONG = making.tar({"a" * 200: b"b"}, tarfile.PAX_FORMAT)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (GOOD[:100], "ends too early"),
        (GOOD[:700], "ends too early"),
        (GOOD[:1600], "ends too early"),
        (LONG[:600], "ends too early"),
        (b"no tar" * 1000, "isn't a tar archive, or is damaged"),
        (b"\xff" * 2000, "negative number"),
        (GOOD[:10] + b"x" + GOOD[11:], "checksum is wrong"),
        (bytes(512) + GOOD, "empty header in the middle"),
        (summed(GOOD[:124] + b"0000000009z\0" + GOOD[136:]), "broken number"),
        (summed(GOOD[:124] + b"0000000_010\0" + GOOD[136:]), "broken number"),
        (summed(GOOD[:124] + b"00000000008\0" + GOOD[136:]), "broken number"),
        (summed(GOOD[:124] + b"\xff" * 12 + GOOD[136:]), "negative number"),
        (summed(GOOD[:124] + b"\x80" + b"\x7f" * 11 + GOOD[136:]), "ends too early"),
        (summed(LONG[:124] + b"77777777777\0" + LONG[136:]), "extended header of 8,589,934,591 bytes"),
        (LONG[:512] + b"999 path=a\n" + LONG[523:], "broken pax header"),
        (LONG[:512] + b"0 path=aaa\n" + LONG[523:], "broken pax header"),
        (LONG[:512] + b"pathaaaaaa\n" + LONG[523:], "broken pax header"),
        (LONG[:512] + b"path=aaaaa\n" + LONG[523:], "broken pax header"),
        (LONG[:512] + b" 1 path=aa\n" + LONG[523:], "broken pax header"),
        (LONG[:512] + b"11 size=-1\n" + LONG[523:], "broken pax header"),
    ],
)
def test_what_is_damaged_is_refused_with_a_reason(content, reason):
    with pytest.raises(Unreadable, match=reason):
        read(content)


@given(st.binary(max_size=3000), st.integers(0, 2000), st.binary(max_size=600))
def test_no_bytes_do_more_than_be_refused(noise, at, more):
    for content in (noise, GOOD[:at] + noise, LONG[:at] + more + LONG[at + len(more) :]):
        try:
            read(content)
        except Unreadable:
            pass
