"""Our inventory against Syft's, package by package and layer by layer, with Syft's answers as they were recorded and as it gives them now."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import known_images
import making
import pytest
import syft
import tools
from bench import debian
from bench.table import Missing
from localecr.scanner import inventory
from localecr.scanner.model import Subject
from syft import Row

OWN = "The application's own package.json lies in no node_modules: it was never installed, and no advisory is about it."
GONE = "dpkg's list keeps packages that were removed, with their state. Syft tells them all as installed before its version 1.34."
NAMELESS = "An archive whose version nothing tells: Syft tells it with the version UNKNOWN, which nothing can be compared with."
HARD = "A hard link is a file like that which it is a link to. Syft doesn't read it."

# image → what Syft alone finds there, what we alone find there, and why
DIFFERENCES: dict[str, tuple[list[Row], list[Row], str]] = {
    "checkout:old": ([Row("npm", "checkout", "1.0.0", "srv/checkout/package.json", 4)], [], OWN),
    "checkout:fixed": ([Row("npm", "checkout", "1.0.0", "srv/checkout/package.json", 4)], [], OWN),
    "removed-package": ([Row("deb", "openssl", "1.1.1k-1", "var/lib/dpkg/status", 1)], [], GONE),
    "dpkg's states": ([Row("deb", state, "1.0", "var/lib/dpkg/status", 0) for state in ("config-files", "not-installed")], [], GONE),
    "scratch-jar": ([Row("java-archive", "legacy", "UNKNOWN", "app/legacy.war", 1)], [], NAMELESS),
    "jars": ([Row("java-archive", "search", "UNKNOWN", "srv/search.ear", 0)], [], NAMELESS),
    "hard links": ([], [Row("python", "one", "1", "srv/b/one-1.dist-info/METADATA", 0)], HARD),
}
RECORDED = syft.recorded()


@pytest.fixture(scope="module")
def subjects(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Subject]:
    return dict(known_images.subjects(tmp_path_factory.mktemp("images")))


def test_each_image_was_recorded(subjects: dict[str, Subject]) -> None:
    assert list(RECORDED) == list(subjects)
    assert DIFFERENCES.keys() <= RECORDED.keys()


@pytest.mark.parametrize("name", RECORDED)
def test_we_find_what_syft_found(subjects: dict[str, Subject], name: str) -> None:
    ours, theirs = set(syft.of_ours(inventory.take(subjects[name]))), set(RECORDED[name])
    assert (sorted(theirs - ours), sorted(ours - theirs)) == DIFFERENCES.get(name, ([], []))[:2]


@pytest.mark.syft
@pytest.mark.parametrize("name", ["shop-api:old", "checkout:old", "search:1.0", "removed-package", "distroless", "whiteouts"])  # it takes two seconds for each
def test_syft_still_finds_what_was_recorded(subjects: dict[str, Subject], name: str, tmp_path: Path) -> None:
    assert syft.found(tools.need("syft"), subjects[name], tmp_path / "layout") == RECORDED[name]


@pytest.fixture(scope="module")
def a_debian(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Subject]:
    """A whole Debian of six layers, each compressed in another way."""
    folder = tmp_path_factory.mktemp("debian")
    try:
        tars = debian.layers(folder / "layers")
    except Missing as missing:
        pytest.skip(str(missing))
    yield making.image(folder / "image", [making.layer(tar.read_bytes(), kind) for tar, kind in zip(tars, ("gzip", "zstd", "none") * 2, strict=True)]).subject


@pytest.mark.syft
@pytest.mark.mmdebstrap
def test_we_find_what_syft_finds_in_a_real_debian(a_debian: Subject, tmp_path: Path) -> None:
    ours = syft.of_ours(inventory.take(a_debian))
    theirs = syft.found(tools.need("syft"), a_debian, tmp_path / "layout")
    assert ours == [row for row in theirs if row.name != "curl"]
    assert [(row.name, row.layer) for row in theirs if row.name == "curl"] in ([], [("curl", 2)])  # removed; its configuration may be left
    assert {row.layer for row in ours} == {0, 1, 2, 3, 5}
    assert {row.type for row in ours} == {"deb", "python"}


@pytest.mark.mmdebstrap
def test_every_python_library_of_a_real_debian_has_an_owner(a_debian: Subject) -> None:
    libraries = [each for each in inventory.take(a_debian).packages if each.manager == "PYTHONPKG"]
    assert {each.name: each.owner for each in libraries if each.name in ("PyYAML", "requests")} == {"PyYAML": "python3-yaml", "requests": "python3-requests"}
    assert all(each.owner for each in libraries)
