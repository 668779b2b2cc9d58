"""Debian judged by Debian: debsecan finds the same in the same packages, dpkg puts versions into the same order. `debian_tools` says how to record anew."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import debian_tools
import making
import pytest
import tools
from telling import TODAY

from localecr.scanner import versions
from localecr.scanner.advisories import Advisories
from localecr.scanner.matching import find

STATUSES = debian_tools.statuses()
every_status = pytest.mark.parametrize("status", STATUSES, ids=lambda status: status.stem)


@pytest.fixture
def found(take, tmp_path: Path) -> Callable[[Path], str]:
    """What we find in an image with such a status file, in debsecan's words."""

    def find_in(status: Path) -> str:
        version = debian_tools.RELEASES[debian_tools.release(status)].partition(":")[2]
        inventory = take({"etc/os-release": making.os_release("debian", version), "var/lib/dpkg/status": status.read_text()})
        with Advisories(tmp_path / "advisories.sqlite") as advisories:
            matches, problems = find(inventory, advisories, TODAY)
        assert not problems
        return "".join(f"{line}\n" for line in sorted(f"{match.vulnerability.id} {match.package.name}" for match in matches))

    return find_in


@every_status
def test_we_find_what_debsecan_found(found, status):
    recorded = status.with_suffix(".debsecan").read_text()
    assert recorded
    assert found(status) == recorded


@every_status
@pytest.mark.debsecan
def test_debsecan_finds_the_same_here_and_now(status, tmp_path):
    program = tools.need("debsecan")
    assert debian_tools.debsecan(program, status, tmp_path) == status.with_suffix(".debsecan").read_text()


def test_the_status_files_hold_what_makes_debian_difficult():
    """A rebuild, an epoch of the binary package alone, packages that were removed, and advisories that none of them has."""
    texts = {status.stem: status.read_text() for status in STATUSES}
    assert "Version: 1:2.38.1-5+b1\n" in texts["bookworm-released"] and "Source: util-linux (2.38.1-5)\n" in texts["bookworm-released"]
    assert "deinstall ok config-files" in texts["bookworm-some-removed"]
    assert (debian_tools.FOLDER / "bookworm-up-to-date.debsecan").read_text() == "CVE-2023-45853 zlib1g\nCVE-2023-45853 zlib1g-dev\n"


def test_versions_stand_to_each_other_as_dpkg_says():
    pairs = debian_tools.pairs()
    assert len(pairs) > 3500
    wrong = []
    for one, sign, other in pairs:
        first, second = versions.parse("Debian:12", one), versions.parse("Debian:12", other)
        if ("<" if first < second else ">" if second < first else "=") != sign:
            wrong.append((one, sign, other))
    assert wrong == []


@pytest.mark.dpkg
def test_dpkg_says_the_same_here_and_now():
    program = tools.need("dpkg")
    sample = debian_tools.pairs()[::20]
    assert [(one, debian_tools.compare(program, one, other), other) for one, _, other in sample] == sample


@pytest.mark.dpkg
@pytest.mark.parametrize("version", ["", "1.0-", "-1", "a:1", ":1", "1:", "1 0", "1_0", "1.0-1_2", "1.0/2", "1.0:2", "alpha", "ü1"])
def test_what_dpkg_refuses_is_refused(version):
    assert subprocess.run([tools.need("dpkg"), "--validate-version", version], capture_output=True, check=False).returncode != 0
    with pytest.raises(versions.Unparsable):
        versions.parse("Debian:12", version)
