"""Every specimen against the table of what must be found in it, both ways: nothing missing, nothing extra. And the table against other judges."""

from __future__ import annotations

import functools
import json
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import building
import debian_tools
import expecting
import pytest
import tools
from dockerless import seeds
from expecting import Expected, Row
import localecr.scanner
from localecr.scanner import severity
from localecr.scanner.advisories import Advisories
from localecr.scanner.examination import examine
from localecr.scanner.model import Examination
from packaging.version import Version
from telling import day

TODAY = day("2026-01-05")
NAMES = sorted(expecting.table())
DAYS = ("2021-12-09", "2021-12-10", "2021-12-14")


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> building.Shelf:
    return building.Shelf(tmp_path_factory.mktemp("shelf"))


@pytest.fixture(scope="module")
def examined(shelf: building.Shelf, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Examination]]:
    with Advisories(tmp_path_factory.mktemp("advisories") / "advisories.sqlite") as advisories:
        yield functools.cache(lambda name: examine(shelf.subject(name), advisories, TODAY))


def test_the_table_has_every_specimen() -> None:
    assert {name.removesuffix(" on arm64") for name in NAMES} == {*seeds.BASES, *building.RECIPES, *building.MADE}


@pytest.mark.parametrize("name", NAMES)
def test_just_these_packages_are_in_it_and_each_in_its_layer(examined: Callable[[str], Examination], name: str) -> None:
    taken = examined(name).inventory
    numbers = {layer.digest: number for number, layer in enumerate(taken.layers)}
    found = [Expected(each.manager, numbers[each.layer], each.name, each.version, each.owner, each.path) for each in taken.packages]
    expected = expecting.packages(name)
    assert sorted(map(_without_path, found)) == sorted(map(_without_path, expected))
    assert {each for each in expected if each.path} <= set(found)
    assert taken.problems == ()


def _without_path(package: Expected) -> tuple[str, ...]:
    return (package.manager, package.name, package.version, str(package.layer), package.owner or "")


@pytest.mark.parametrize("name", NAMES)
def test_just_these_flaws_are_found_in_it(examined: Callable[[str], Examination], name: str) -> None:
    examination = examined(name)
    numbers = {layer.digest: number for number, layer in enumerate(examination.inventory.layers)}
    found: dict[tuple[Any, ...], list[tuple[str, int]]] = defaultdict(list)
    for match in examination.matches:
        package, flaw = match.package, match.vulnerability
        basic = severity.basic(flaw) if package.manager == "OS" and expecting.is_supported(name) else None
        source, version = package.source or package.name, package.source_version or package.version
        found[flaw.id, basic, severity.inspector(flaw), source, version, match.fixed_in].append((package.name, numbers[package.layer]))
    rows = {Row(*key, tuple(sorted(packages))) for key, packages in found.items()}
    assert rows - set(expecting.rows(name)) == set(), "found, and not in the table"
    assert set(expecting.rows(name)) - rows == set(), "in the table, and not found"
    assert examination.problems == ()


def test_log4shell_became_known_on_10_december_2021_and_its_second_flaw_four_days_later(shelf: building.Shelf, tmp_path: Path) -> None:
    with Advisories(tmp_path / "advisories.sqlite") as advisories:
        known = {each: [match.vulnerability.id for match in examine(shelf.subject("search:1.0"), advisories, day(each)).matches] for each in DAYS}
    assert known == {"2021-12-09": [], "2021-12-10": ["CVE-2021-44228"], "2021-12-14": ["CVE-2021-44228", "CVE-2021-45046"]}


# --- the table itself ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_the_table_agrees_with_itself(name: str) -> None:
    """What has a flaw is one of the packages, and stands in the layer that they say."""
    places = {(each.name, each.layer) for each in expecting.packages(name)}
    assert len(expecting.rows(name)) == len(set(expecting.rows(name)))
    assert {place for row in expecting.rows(name) for place in row.packages} <= places


def advisories(ecosystem: str, source: str = "") -> Iterator[tuple[str, str, list[tuple[str, str | None]]]]:
    """CVE, package and ranges of the course's catalogue, each range from a version to where it is mended (None: nowhere)."""
    for file in (Path(localecr.scanner.__file__).parent / "catalogue").glob(f"*/{source}*.json"):
        document = json.loads(file.read_text())
        cve = next(each for each in [*document.get("upstream", ()), *document.get("aliases", ()), document["id"]] if each.startswith("CVE-"))
        for affected in document["affected"]:
            if affected["package"]["ecosystem"] == ecosystem:
                yield cve, affected["package"]["name"], list(_ranges(affected))


def _ranges(affected: dict[str, Any]) -> Iterator[tuple[str, str | None]]:
    for each in affected.get("ranges", ()):
        events = [next(iter(event.items())) for event in each["events"]]
        for place, (kind, version) in enumerate(events):
            if kind == "introduced":
                after = events[place + 1] if place + 1 < len(events) else ("introduced", None)
                yield version, after[1] if after[0] == "fixed" else None


@functools.cache
def dpkg(version: str, relation: str, other: str) -> bool:
    return subprocess.run(["dpkg", "--compare-versions", version, relation, other]).returncode == 0


@pytest.mark.skipif(shutil.which("dpkg") is None, reason="dpkg is not installed")
@pytest.mark.parametrize("release", ["11", "12"])
def test_dpkg_finds_the_same_flaws_in_debians_packages(shelf: building.Shelf, release: str) -> None:
    flaws = [(cve, source, fixed) for cve, source, ranges in advisories(f"Debian:{release}") for _, fixed in ranges]
    for name in NAMES:
        sources = _debian_sources(shelf, name, release)
        judged = {(cve, source, version, fixed) for cve, source, fixed in flaws for version in sources.get(source, ()) if fixed is None or dpkg(version, "lt", fixed)}
        told = {(row.cve, row.source, row.version, row.fixed_in) for row in expecting.rows(name) if row.source in sources}
        assert judged == told, name


def _files(shelf: building.Shelf, name: str) -> dict[str, bytes]:
    """Each path of an image as its highest layer has it; whiteouts are nothing special here."""
    image = shelf.image(name)
    return {path: data for number in range(len(image.layers)) for path, data in building.files(image, number).items()}


def _debian_sources(shelf: building.Shelf, name: str, release: str) -> dict[str, set[str]]:
    """Source packages and their versions in the highest layer that has dpkg's lists, by a reading of deb822 that is not the scanner's."""
    files = _files(shelf, name)
    system = files.get("etc/os-release", files.get("usr/lib/os-release", b""))
    if f'VERSION_ID="{release}"' not in system.decode():
        return {}
    lists = [data for path, data in files.items() if path.startswith("var/lib/dpkg/status") and not path.endswith(".md5sums")]
    sources: dict[str, set[str]] = defaultdict(set)
    for stanza in (stanza for data in lists for stanza in data.decode().split("\n\n")):
        fields = dict(line.split(": ", 1) for line in stanza.splitlines() if ": " in line)
        if "config-files" not in fields.get("Status", ""):
            source, _, version = fields.get("Source", fields["Package"]).partition(" ")
            sources[source].add(version.strip("()") or fields["Version"])
    return sources


@pytest.mark.debsecan
@pytest.mark.parametrize("release", debian_tools.RELEASES)
def test_debsecan_finds_the_same_flaws_in_debians_packages(shelf: building.Shelf, release: str, tmp_path: Path) -> None:
    program, judged = tools.need("debsecan"), 0
    for number, name in enumerate(NAMES):
        files = _files(shelf, name)
        if "var/lib/dpkg/status" in files and f"VERSION_CODENAME={release}".encode() in files["etc/os-release"]:
            (status := tmp_path / f"{release}-{number}").write_bytes(files["var/lib/dpkg/status"])
            told = sorted({f"{row.cve} {package}" for row in expecting.rows(name) if row.basic for package, _ in row.packages})
            assert debian_tools.debsecan(program, status, tmp_path).splitlines() == told, name
            judged += 1
    assert judged > 5


def test_packaging_finds_the_same_flaws_in_pythons_libraries() -> None:
    """Where GitHub and PyPA disagree, as on urllib3's CVE-2021-33503, GitHub's word counts."""
    said = {(cve, package): (cve, package, ranges) for source in ("PYSEC", "GHSA") for cve, package, ranges in advisories("PyPI", source)}
    flaws = list(said.values())
    for name in NAMES:
        libraries = {(each.name, each.version) for each in expecting.packages(name) if each.manager == "PYTHONPKG" and not each.owner}
        judged = {
            (cve, library, version, fixed)
            for cve, package, ranges in flaws
            for library, version in libraries
            if library.lower() == package.lower()
            for introduced, fixed in ranges
            if Version(introduced) <= Version(version) and (fixed is None or Version(version) < Version(fixed))
        }
        told = {(row.cve, row.source, row.version, row.fixed_in) for row in expecting.rows(name) if (row.source, row.version) in libraries}
        assert judged == told, name
