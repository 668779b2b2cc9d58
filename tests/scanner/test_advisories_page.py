"""`docs/how-a-finding-comes-about.md` says what a scan of its example really finds."""

from __future__ import annotations

import json
import re
from itertools import groupby
from pathlib import Path

import making
import pytest
from telling import TODAY

from localecr.inspector import details
from localecr.scanner import examination, matching
from localecr.scanner.advisories import Advisories
from localecr.scanner.model import Examination
from localecr.scanning import basic

PAGE = (Path(__file__).parents[2] / "docs" / "how-a-finding-comes-about.md").read_text("utf-8")
STATUS = """\
Package: libssl3
Status: install ok installed
Architecture: amd64
Source: openssl
Version: 3.0.9-1

Package: openssl
Status: install ok installed
Architecture: amd64
Version: 3.0.9-1

Package: zlib1g
Status: install ok installed
Architecture: amd64
Source: zlib
Version: 1:1.2.13.dfsg-1
"""
METADATA = "Metadata-Version: 2.1\nName: urllib3\nVersion: 1.26.4\n"


@pytest.fixture(scope="module")
def examined(tmp_path_factory) -> Examination:
    folder = tmp_path_factory.mktemp("page")
    image = making.image(folder / "image", [
        {"etc/os-release": making.os_release("debian", "12"), "var/lib/dpkg/status": STATUS},
        {"srv/app/urllib3-1.26.4.dist-info/METADATA": METADATA},
    ])  # fmt: skip
    with Advisories(folder / "advisories.sqlite") as advisories:
        return examination.examine(image.subject, advisories, TODAY)


def table(first: str) -> list[list[str]]:
    """The rows of the page's table whose first column has this title."""
    lines = PAGE.partition(f"| {first} |")[2].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def is_part(told: object, whole: object) -> bool:
    """Whether what is told is a part of the whole: fewer members, but the same."""
    if isinstance(told, dict):
        return isinstance(whole, dict) and all(name in whole and is_part(value, whole[name]) for name, value in told.items())
    if isinstance(told, list):
        return isinstance(whole, list) and len(told) == len(whole) and all(map(is_part, told, whole))
    return told == whole


def test_its_inventory(examined):
    layers = [layer.digest for layer in examined.inventory.layers]
    rows = []
    for package in examined.inventory.packages:
        found = matching.looked_up(package)
        place = str(layers.index(package.layer) + 1)
        rows.append([package.name, package.version, f"`{package.path}`", package.ecosystem, f"{found.name} {found.version}", place])
    assert rows == table("Package")


def test_its_matches(examined):
    rows = [
        [match.vulnerability.id, match.package.name, match.fixed_in or "–", str(match.vulnerability.score), match.vulnerability.source] for match in examined.matches
    ]
    assert rows == table("Vulnerability")
    assert f"{len(rows)} matches come out, on {len({row[0] for row in rows})} vulnerabilities" in PAGE


def test_its_findings(examined):
    basic_json, enhanced_json = (json.loads(block) for block in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL))
    findings = basic.findings(examined)
    assert f"it makes\n{len(findings)} findings" in PAGE
    assert is_part(basic_json, findings[0])
    by_flaw = {id: list(matches) for id, matches in groupby(examined.matches, key=lambda match: match.vulnerability.id)}
    assert f"have it: {len(by_flaw)} here" in PAGE
    assert is_part(enhanced_json, details.of(by_flaw["CVE-2023-5363"]))


def test_how_many_advisories_it_says_there_are(examined, tmp_path):
    with Advisories(tmp_path / "advisories.sqlite") as advisories:
        count = advisories.count(TODAY)
        flaws = {flaw for advisory, _ in advisories.packages(TODAY) for flaw in advisories.flaws(advisory, TODAY)}
    assert re.search(rf"{count} documents on {len(flaws)}\s+vulnerabilities", PAGE)


def test_the_files_that_it_names_are_there():
    helpers = Path(__file__).parents[2] / "helpers" / "localecr"
    for name in re.findall(r"`([a-z/]+(?:\.py|/))`", PAGE):
        assert (helpers / name).exists() or (helpers / "scanner" / name).exists() or (helpers.parents[1] / name).exists(), name
