"""Layers over each other: whiteouts, links, replacements."""

from __future__ import annotations

import pytest
from localecr.scanner.model import Unscannable
from making import Folder, HardLink, Link, dist_info, layer, os_release, status

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


@pytest.mark.parametrize("compression", ["gzip", "zstd", "none"])
def test_layers_are_read_however_they_are_packed(take, compression):
    assert names(take(layer(dist_info("a", "1"), compression))) == ["a"]


@pytest.mark.parametrize("media_type", ["application/vnd.docker.image.rootfs.diff.tar.gzip", "application/vnd.oci.image.layer.v1.tar+gzip"])
@pytest.mark.parametrize("compression", ["gzip", "zstd", "none"])
def test_what_a_layer_is_its_bytes_say_and_not_its_media_type(take, compression, media_type):
    assert names(take(layer(dist_info("a", "1"), compression, media_type=media_type))) == ["a"]
