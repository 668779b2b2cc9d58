"""The reader of zip archives, which never sees the list at their end, against Python's own; and jars as they are met."""

from __future__ import annotations

import io
import struct
import tracemalloc
import zipfile
import zlib

import making
import pytest
from hypothesis import given
from hypothesis import strategies as st
from localecr.scanner import inventory, jars, unpacking
from localecr.scanner.model import Unscannable
from localecr.scanner.streams import Stream, Unreadable
from localecr.scanner.unpacking import Budget
from making import jar, manifest, pom


def read(content: bytes, piece: int = 1000) -> list[tuple[str, bytes | None]]:
    stream = Stream(content[at : at + piece] for at in range(0, len(content), piece))
    return [(name, None if body is None else body.all(1 << 24)) for name, body in jars.members(stream, Budget(1 << 20))]


members = st.dictionaries(st.text("abc/ß.", min_size=1, max_size=30).filter(lambda name: not name.endswith("/")), st.binary(max_size=3000), max_size=8)


@given(members, st.booleans(), st.booleans(), st.binary(max_size=300).filter(lambda before: b"PK" not in before), st.integers(1, 4000))
def test_it_reads_what_python_reads(content, is_streamed, is_stored, before, piece):
    kept = making.Unseekable() if is_streamed and not is_stored else io.BytesIO()
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_STORED if is_stored else zipfile.ZIP_DEFLATED) as archive:
        for name, body in content.items():
            archive.writestr(name, body)
    assert dict(read(before + bytes(kept.getvalue()), piece)) == content


def test_members_that_nobody_reads_are_passed_over():
    for streamed in (False, True):
        stream = Stream(iter([jar({"a": b"x" * 100_000, "b": b"y", "c.jar": b"z"}, streamed)]))
        assert [name for name, _ in jars.members(stream, Budget(1))] == ["a", "b", "c.jar"]


def test_folders_that_say_their_size_afterwards_have_none():
    folder = struct.pack("<4s5H3I2H", b"PK\3\4", 20, 8, 0, 0, 0, 0, 0, 0, 4, 0) + b"lib/" + struct.pack("<4s3I", b"PK\7\x08", 0, 0, 0)
    assert read(folder + jar({"a": b"b"})) == [("lib/", b""), ("a", b"b")]


def member(name: bytes, body: bytes, *, flags: int = 0, method: int = 0, packed: int | None = None, extra: bytes = b"") -> bytes:
    size = len(body) if packed is None else packed
    return struct.pack("<4s5H3I2H", b"PK\3\4", 20, flags, method, 0, 0, 0, size, size, len(name), len(extra)) + name + extra + body


END = b"PK\5\6" + bytes(18)
DEFLATED = zlib.compress(b"body", wbits=-15)


@pytest.mark.parametrize(
    ("descriptor"),
    [
        struct.pack("<4s3I", b"PK\7\x08", 0, 6, 4),
        struct.pack("<4sIQQ", b"PK\7\x08", 0, 6, 4),
        struct.pack("<3I", 0, 6, 4),
        struct.pack("<IQQ", 0, 6, 4),
    ],
)
def test_sizes_that_follow_a_member_have_four_forms(descriptor):
    content = member(b"a", DEFLATED, flags=8, method=8, packed=0) + descriptor + member(b"b", b"c") + END
    assert read(content) == [("a", b"body"), ("b", b"c")]


def test_a_size_may_stand_in_the_zip64_field():
    content = member(b"a", b"body", packed=0xFFFFFFFF, extra=struct.pack("<HHQQ", 1, 16, 4, 4)) + END
    assert read(content) == [("a", b"body")]


@pytest.mark.parametrize(("flags", "method"), [(1, 0), (1, 8), (0, 12), (0, 99)])
def test_what_is_encrypted_or_packed_in_another_way_is_passed_over(flags, method):
    assert read(member(b"a", b"body", flags=flags, method=method) + member(b"b", b"c") + END) == [("a", None), ("b", b"c")]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "no zip archive"),
        (b"no zip" * 100, "no zip archive"),
        (b"x" * (3 << 20), "no zip archive"),
        (jar({"a": b"b"})[:20], "ends too early"),
        (jar({"a": b"b"})[:33], "ends too early"),
        (member(b"a", b"body"), "ends too early"),
        (member(b"a", b"body") + b"not what follows", "damaged"),
        (member(b"a", DEFLATED[:3], flags=8, method=8), "ends too early"),
        (member(b"a", b"\xff" * 50, method=8) + END, "damaged"),
        (member(b"a", DEFLATED, flags=8, method=8) + b"x" * 30, "damaged"),
        (member(b"a", b"body", flags=8, packed=0) + END, "damaged"),  # stored without a length
        (member(b"a", b"body", packed=0xFFFFFFFF) + END, "no size"),
    ],
)
def test_what_is_damaged_is_refused_with_a_reason(content, reason):
    with pytest.raises(Unreadable, match=reason):
        read(content)


@given(st.binary(max_size=2000), st.integers(0, 400))
def test_no_bytes_do_more_than_be_refused(noise, at):
    whole = jar({"a": b"b" * 1000, "c.jar": jar({"d": b"e"})}, streamed=True)
    for content in (noise, b"PK\3\4" + noise, whole[:at] + noise + whole[at:]):
        try:
            read(content)
        except Unreadable:
            pass


# --- in images ---------------------------------------------------------------------------------------------------------------------------

LOG4J = pom("org.apache.logging.log4j", "log4j-core", "2.14.1")


def names(found):
    return {each.name: each.version for each in found.packages}


def test_a_damaged_jar_is_a_problem_and_its_neighbours_are_found(take):
    found = take({"srv/a.jar": b"no jar", "srv/b.jar": jar(LOG4J), "srv/c.jar": jar({"x.jar": b"none", "y.jar": jar(LOG4J)})})
    assert [each.path for each in found.packages] == ["srv/b.jar", "srv/c.jar:y.jar"]
    assert [(each.subject, each.reason) for each in found.problems] == [
        ("srv/a.jar", "It is no zip archive."),
        ("srv/c.jar:x.jar", "It is no zip archive."),
    ]


def test_jars_are_read_so_deep_and_no_deeper(take):
    content, depth = jar(LOG4J), 1
    while depth < 7:
        content, depth = jar({f"{depth}.jar": content}), depth + 1
    found = take({"srv/shop.jar": content})
    assert not found.packages
    assert "archives, one in the other" in found.problems[0].reason


@pytest.mark.parametrize(("depth", "width"), [(0, 14), (3, 6)])
def test_a_jar_that_unpacks_without_end_fails_the_image(take, monkeypatch, depth, width):
    monkeypatch.setattr(unpacking, "GROWTH_FREE", 16 << 20)
    content = jar({f"{number}.class": bytes(2 << 20) for number in range(width)}, streamed=True)
    for _ in range(depth):
        content = jar({f"{number}.jar": content for number in range(width)}, streamed=True)
    with pytest.raises(Unscannable, match="unpacks to more than 200 times its size") as refusal:
        take({"srv/bomb.jar": content})
    assert refusal.value.status == "FAILED"


def test_a_large_jar_is_not_held_in_memory(image):
    inner = jar({"big.bin": bytes(32 << 20)} | LOG4J, streamed=True)
    subject = image({"srv/shop.jar": jar({"x": bytes(32 << 20), "lib/a.jar": inner}, streamed=True)}).subject
    tracemalloc.start()
    found = inventory.take(subject)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [each.path for each in found.packages] == ["srv/shop.jar:lib/a.jar"]
    assert peak < 8 << 20


def test_a_pom_that_was_not_filled_in_tells_nothing(take):
    assert names(take({"srv/x.jar": jar(pom("${project.groupId}", "x", "1.0"))})) == {}


def test_a_manifests_lines_go_on_in_the_next(take):
    text = "Manifest-Version: 1.0\r\nBundle-SymbolicName: com.google.in\r\n ject.guice\r\nBundle-Version: 4.0\r\n\r\nName: a\r\n"
    assert names(take({"srv/guice-4.0.jar": jar({"META-INF/MANIFEST.MF": text})})) == {"com.google.inject:guice": "4.0"}


@pytest.mark.parametrize(
    ("file", "attributes", "name", "version"),
    [
        ("commons-collections-3.2.1.jar", {"Implementation_Vendor_Id": "org.apache"}, "commons-collections:commons-collections", "3.2.1"),
        ("guice-4.0.jar", {"Bundle_SymbolicName": "com.google.inject.guice;singleton:=true", "Bundle_Version": "4.0"}, "com.google.inject:guice", "4.0"),
        ("netty-handler-4.1.9.jar", {"Bundle_SymbolicName": "io.netty.handler", "Bundle_Version": "4.1.9"}, "io.netty:netty-handler", "4.1.9"),
        ("log4j-core-2.9.0.jar", {"Bundle_SymbolicName": "org.apache.logging.log4j.core"}, "org.apache.logging.log4j:log4j-core", "2.9.0"),
        ("spring-core-5.3.9.jar", {"Implementation_Version": "5.3.9"}, "org.springframework:spring-core", "5.3.9"),
        ("spring-core.jar", {"Implementation_Title": "spring-core", "Implementation_Version": "5.3.9"}, "org.springframework:spring-core", "5.3.9"),
        ("tomcat-embed-core-9.0.50.jar", {"Implementation_Version": "9.0.50"}, "org.apache.tomcat.embed:tomcat-embed-core", "9.0.50"),
        ("log4j-1.2-api-2.14.1.jar", {"Implementation_Version": "2.14.1"}, "log4j-1.2-api", "2.14.1"),
        ("guava-31.1-jre.jar", {}, "guava", "31.1-jre"),
        ("spring-core-5.3.9.jar", {}, "org.springframework:spring-core", "5.3.9"),
        ("thing-1.0.jar", {"Implementation_Vendor_Id": "com.example", "Implementation_Version": "1.0"}, "com.example:thing", "1.0"),
        ("thing-1.0.jar", {"Implementation_Vendor_Id": "Example Inc.", "Implementation_Version": "1.0"}, "thing", "1.0"),
    ],
)
def test_a_jar_without_a_pom_is_named_by_its_file_and_its_manifest(take, file, attributes, name, version):
    assert names(take({f"srv/{file}": jar(manifest(**attributes))})) == {name: version}


@pytest.mark.parametrize("attributes", [{}, {"Implementation_Version": "1.0"}, {"Implementation_Title": "thing"}])
def test_a_jar_that_tells_nothing_certain_is_no_package(take, attributes):
    assert names(take({"srv/thing.jar": jar(manifest(**attributes))})) == {}


def test_what_was_shaded_into_a_jar_without_a_pom_of_its_own_comes_beside_the_jar(take):
    content = jar(LOG4J | manifest(Implementation_Version="1.0"))
    assert names(take({"srv/shop-1.0.jar": content})) == {"org.apache.logging.log4j:log4j-core": "2.14.1", "shop": "1.0"}
