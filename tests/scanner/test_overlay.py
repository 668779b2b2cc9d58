"""Layers over each other: whiteouts, links, replacements."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import making
import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st
from localecr.scanner.model import Unscannable
from localecr.scanner.overlay import OPAQUE, Overlay
from localecr.scanner.streams import Unreadable
from making import Folder, HardLink, Link, dist_info, layer, metadata, os_release, status

STATUS = "var/lib/dpkg/status"


def names(found):
    return sorted({each.name for each in found.packages})


def test_a_whiteout_removes_a_file(take):
    path = next(iter(dist_info("requests", "2.25.0", "srv")))
    assert names(take(dist_info("requests", "2.25.0", "srv"), {path.replace("METADATA", ".wh.METADATA"): ""})) == []


def test_a_whiteout_removes_all_that_is_in_a_folder(take):
    assert names(take(dist_info("a", "1", "srv/x") | dist_info("b", "1", "opt/x"), {"srv/.wh.x": ""})) == ["b"]


def test_an_opaque_whiteout_hides_what_layers_below_have_in_the_folder(take):
    found = take(dist_info("a", "1", "srv/x") | dist_info("b", "1", "opt/x"), {"srv/.wh..wh..opq": ""} | dist_info("c", "1", "srv/x"))
    assert names(found) == ["b", "c"]


@pytest.mark.parametrize("whiteout", ["srv/.wh.x", "srv/x/.wh..wh..opq"])
def test_whiteouts_hide_nothing_of_their_own_layer_wherever_they_stand(take, whiteout):
    assert names(take(dist_info("a", "1", "srv/x"), {**dist_info("b", "1", "srv/x"), whiteout: ""})) == ["b"]


def test_a_file_takes_the_place_of_a_folder(take):
    assert names(take(dist_info("a", "1", "srv/x"), {"srv/x": "a file now"})) == []


def test_a_link_takes_the_place_of_a_folder(take):
    assert names(take(dist_info("a", "1", "srv/x"), {"srv/x": Link("/opt")})) == []


def test_a_folder_takes_the_place_of_a_file_wherever_it_stands_in_its_layer(take):
    below = {"srv/x.egg-info": metadata("a", "1")}
    above = [("srv/x.egg-info/PKG-INFO", metadata("b", "1")), ("srv/x.egg-info", Folder()), ("srv/.wh.x.egg-info", "")]
    assert names(take(below, above)) == ["b"]


def test_a_folder_again_changes_nothing_in_it(take):
    assert names(take(dist_info("a", "1", "srv/x"), {"srv": Folder(), "srv/x": Folder()})) == ["a"]


def test_a_file_behind_a_link_is_where_the_link_leads(take):
    found = take({"lib": Link("usr/lib"), "usr/lib": Folder()}, {"lib/apk/db/installed": "P:musl\nV:1.2.5-r0\n\n"})
    assert [(each.name, each.path) for each in found.packages] == [("musl", "usr/lib/apk/db/installed")]


def test_a_whiteout_behind_a_link_hides_what_is_there(take):
    base = {"lib": Link("usr/lib"), "usr/lib/apk/db/installed": "P:musl\nV:1.2.5-r0\n\n"}
    assert names(take(base, {"lib/apk/db/.wh.installed": ""})) == []


def test_a_link_that_leads_out_of_the_image_stays_inside(take):
    found = take({"lib": Link("../../../usr/lib")}, {"lib/apk/db/installed": "P:musl\nV:1.2.5-r0\n\n"})
    assert [each.path for each in found.packages] == ["usr/lib/apk/db/installed"]


@pytest.mark.parametrize("prefix", ["./", "/", "../../", "./../", "x/../", ".//", "x/./../"])
def test_however_a_path_is_written_it_is_inside_of_the_image(take, prefix):
    assert [each.path for each in take({prefix + STATUS: status(("bash", "5.2"))}).packages] == [STATUS]


def test_a_hard_link_has_what_it_is_a_link_to(take):
    (path,) = dist_info("a", "1", "srv/x")
    found = take({**dist_info("a", "1", "srv/x"), path.replace("/x/", "/y/"): HardLink(path)})
    assert [each.path for each in found.packages] == [path, path.replace("/x/", "/y/")]


def test_links_in_circles_are_not_followed_for_ever(take):
    assert take({"etc/os-release": Link("os-release"), "usr/lib/os-release": os_release("debian", "12")}).os.id == "debian"


def test_nothing_can_be_unpacked_behind_links_in_circles(take):
    with pytest.raises(Unscannable, match="leads in circles") as refusal:
        take({"a": Link("b"), "b": Link("a"), "a/c": ""})
    assert refusal.value.status == "FAILED"


def test_a_hard_link_to_what_tells_nothing_by_its_own_path_tells_it_by_its_own(take):
    store = {"var/store/00/ab12": metadata("a", "1"), "var/store/00/cd34": metadata("b", "1")}
    found = take(store | {"srv/a-1.dist-info/METADATA": HardLink("var/store/00/ab12")}, {"srv/b.egg-info": HardLink("var/store/00/cd34")})
    assert [(each.name, each.path) for each in found.packages] == [("a", "srv/a-1.dist-info/METADATA"), ("b", "srv/b.egg-info")]
    assert names(take(store, {"srv/a-1.dist-info/METADATA": HardLink("var/store/00/ab12")}, {".wh.srv": ""})) == []


def test_a_hard_link_to_a_jar_has_the_jars_in_it(take):
    jar = making.jar({"lib/a.jar": making.jar(making.pom("g.h", "a", "1"))})
    found = take({"srv/x.jar": jar, "srv/y.jar": HardLink("srv/x.jar"), "var/store": jar, "srv/z.jar": HardLink("var/store")})
    assert [each.path for each in found.packages] == ["srv/x.jar:lib/a.jar", "srv/y.jar:lib/a.jar", "srv/z.jar:lib/a.jar"]


def test_a_hard_link_to_nothing_tells_nothing(take):
    assert names(take({"srv/a.egg-info": HardLink("srv/b")})) == []


@pytest.mark.parametrize(
    "things",
    [
        {"var/lib/dpkg": Link("/usr/lib/sysimage/dpkg"), "usr/lib/sysimage/dpkg/status": status(("bash", "5.2"))},
        {"var/lib": Link("../srv/lib"), "srv/lib/dpkg/status": status(("bash", "5.2"))},
        {"var/lib/dpkg/status": Link("../../../srv/packages"), "srv/packages": status(("bash", "5.2"))},
        {"usr/lib/apk/db/installed": Link("/srv/packages"), "srv/packages": "P:bash\nV:5.2\n\n"},
    ],
)
def test_a_list_of_packages_is_found_where_links_lead_to_it(take, things):
    link, file = things.items()
    assert names(take([link, file])) == names(take([file], [link])) == ["bash"]
    assert names(take([link, file], {".wh.srv": "", "usr/lib/.wh.sysimage": ""})) == []


def test_an_os_release_that_was_moved_is_found(take):
    assert take({"etc/os-release": Link("/nix/os-release"), "nix/os-release": os_release("debian", "12")}).os.id == "debian"


@pytest.mark.parametrize("compression", ["gzip", "zstd", "none"])
def test_layers_are_read_however_they_are_packed(take, compression):
    assert names(take(layer(dist_info("a", "1"), compression))) == ["a"]


@pytest.mark.parametrize("media_type", ["application/vnd.docker.image.rootfs.diff.tar.gzip", "application/vnd.oci.image.layer.v1.tar+gzip"])
@pytest.mark.parametrize("compression", ["gzip", "zstd", "none"])
def test_what_a_layer_is_its_bytes_say_and_not_its_media_type(take, compression, media_type):
    assert names(take(layer(dist_info("a", "1"), compression, media_type=media_type))) == ["a"]


# --- against a file system ---------------------------------------------------------------------------------------------------------------

FOLDERS, FILES = "abc", "xyz"
folders = st.lists(st.sampled_from(FOLDERS), max_size=3).map("/".join)
paths = st.tuples(folders, st.sampled_from(FOLDERS + FILES)).map(lambda pair: "/".join(filter(None, pair)))
contents = st.one_of(st.just("file"), st.just("folder"), paths.map(lambda target: f"-> {target}"))
whiteouts = st.one_of(paths.map(lambda path: (path, False)), folders.map(lambda path: (path, True)))
layers = st.tuples(st.lists(whiteouts, max_size=3), st.lists(st.tuples(paths, contents), max_size=6))


def unpack(root: Path, hidden: list[tuple[str, bool]], entries: list[tuple[str, str]]) -> None:
    """Unpacks a layer as an engine does: what is hidden goes first, then each entry takes its place, behind links where its folder is one."""

    def place(path: str) -> Path:
        folder, _, name = path.rpartition("/")
        return Path(os.path.realpath(root / folder)) / name

    def clear(path: Path) -> None:
        if path.is_symlink() or path.is_file():
            path.unlink()
        elif path.is_dir():
            shutil.rmtree(path)

    for path, is_opaque in hidden:
        real = Path(os.path.realpath(root / path)) if is_opaque else place(path)
        for each in (list(real.iterdir()) if real.is_dir() else []) if is_opaque else [real]:
            clear(each)
    for path, content in entries:
        real = place(path)
        real.parent.mkdir(parents=True, exist_ok=True)
        if not (content == "folder" and real.is_dir() and not real.is_symlink()):
            clear(real)
            if content == "folder":
                real.mkdir()
            elif content == "file":
                real.write_text("")
            else:
                real.symlink_to(root / content.removeprefix("-> "))


def entries_of(hidden: list[tuple[str, bool]], entries: list[tuple[str, str]]) -> Iterator[tuple[str, str, str]]:
    for path, is_opaque in hidden:
        folder, _, name = path.rpartition("/")
        yield f"{path}/{OPAQUE}" if is_opaque else f"{folder}/.wh.{name}", "file", ""
    for path, content in entries:
        yield path, content.split()[0].replace("folder", "directory").replace("->", "link"), "/" + content[3:]


@pytest.mark.skipif(os.name != "posix", reason="links are POSIX's")
@settings(max_examples=200)
@given(st.lists(layers, max_size=4))
def test_what_is_left_is_what_an_engine_would_have_unpacked(image):
    overlay: Overlay[str] = Overlay()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(os.path.realpath(folder))
        for number, (hidden, entries) in enumerate(image):
            try:
                overlay.apply(entries_of(hidden, entries), number, lambda path: "", lambda content, target, path: content)
                unpack(root, hidden, entries)
            except (Unreadable, OSError):
                reject()  # a link in circles, or a file where a folder should be: nothing could be unpacked
        there = {str(each.relative_to(root)) for each in root.rglob("*") if each.is_symlink() or each.is_file()}
    assert set(overlay.nodes) == there


@given(st.lists(layers, max_size=4), st.randoms())
def test_whiteouts_may_stand_anywhere_in_their_layer(image, random):
    """As long as no links are met on the way to what they hide."""

    def left(is_shuffled: bool) -> dict[str, int]:
        overlay: Overlay[str] = Overlay()
        for number, (hidden, entries) in enumerate(image):
            whiteouts, others = list(entries_of(hidden, [])), [each for each in entries_of([], entries) if each[1] != "link"]
            for each in whiteouts if is_shuffled else []:
                others.insert(random.randint(0, len(others)), each)
            overlay.apply(others if is_shuffled else whiteouts + others, number, lambda path: "", lambda content, target, path: content)
        return {path: node.layer for path, node in overlay.nodes.items()}

    assert left(True) == left(False)
