"""Debian's own tools, which know nothing of this project: debsecan finds vulnerabilities by a feed, dpkg compares versions.

`python tests/scanner/debian_tools.py` records what they say about the files in `debian/`; both must be installed.
"""

from __future__ import annotations

import subprocess
import zlib
from pathlib import Path

from localecr.scanner import osv
from localecr.scanner.advisories import catalogue

FOLDER = Path(__file__).parent / "debian"
RELEASES = {"bullseye": "Debian:11", "bookworm": "Debian:12"}
PAIRS = FOLDER / "version-pairs.txt"  # two versions a line, and between them how dpkg says that they stand to each other


def statuses() -> list[Path]:
    """The status files of dpkg, each named by its release: `bullseye-released.status`."""
    return sorted(FOLDER.glob("*.status"))


def release(status: Path) -> str:
    return status.stem.partition("-")[0]


def feed(ecosystem: str) -> bytes:
    """The catalogue's facts on a release as debsecan's feed has them: names, then for each package and name the version in which it is fixed."""
    facts = []
    for _, text in catalogue.texts():
        document = osv.parse(text)
        for each in document.affected:
            if each.ecosystem == ecosystem:
                [[(_, _), *fixed]] = each.entry["ranges"]
                facts.append((each.package, document.id.removeprefix("DEBIAN-"), fixed[0][1] if fixed else ""))
    lines = ["VERSION 1", *(f"{name},,flaw" for _, name, _ in facts), ""]
    lines += [*(f"{package},{number},S  {'F' if fixed else ' '},{fixed}," for number, (package, _, fixed) in enumerate(facts)), "", "", ""]
    return zlib.compress("\n".join(lines).encode())


def debsecan(program: str, status: Path, folder: Path) -> str:
    """What debsecan finds by that feed, a vulnerability and a binary package a line."""
    suite = release(status)
    (folder / suite).write_bytes(feed(RELEASES[suite]))
    words = [program, "--config", "/dev/null", "--suite", suite, "--source", folder.as_uri(), "--status", str(status), "--format", "simple"]
    found = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    return "".join(f"{line}\n" for line in sorted(found.splitlines()))


def compare(program: str, one: str, other: str) -> str:
    """How dpkg says that two versions stand to each other: <, = or >."""
    stand = (relation for relation, sign in (("lt", "<"), ("eq", "="), ("gt", ">")) if _holds(program, one, relation, other))
    return {"lt": "<", "eq": "=", "gt": ">"}[next(stand)]


def _holds(program: str, one: str, relation: str, other: str) -> bool:
    return subprocess.run([program, "--compare-versions", one, relation, other], check=False, capture_output=True).returncode == 0


def pairs() -> list[tuple[str, str, str]]:
    return [tuple(line.split(" ")) for line in PAIRS.read_text().splitlines()]


def record(folder: Path) -> None:
    """Writes anew what both say."""
    for status in statuses():
        status.with_suffix(".debsecan").write_text(debsecan("debsecan", status, folder))
    PAIRS.write_text("".join(f"{one} {compare('dpkg', one, other)} {other}\n" for one, _, other in pairs()))


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as temporary:
        record(Path(temporary))
