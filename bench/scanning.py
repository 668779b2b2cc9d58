"""The inventory of a real Debian against Syft's, what is found in it against the bound, and pushes while images are scanned against pushes alone.

Debian is made by mmdebstrap. An inventory is taken in a process of its own, as Syft's is, and both are timed from the command on.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench import debian, environment, layouts, machine, peers, small_images, wire
from bench.peers import Peer
from bench.rounds import Effort, interleave, timed, warmed
from bench.table import Line, Missing

MOST_MEMORY = 64.0  # MB that an inventory may take, whatever the image's size
LONGEST = 1.0  # seconds for 1,000 packages and 100,000 advisories
TIMES = 4  # as large
INVENTORY = """
import json, sys
from localecr.scanner import inventory
from localecr.scanner.model import Subject
print(json.dumps(inventory.take(Subject.of_json(json.load(sys.stdin))).as_json()))
"""


def measure(effort: Effort) -> Iterator[Line]:
    yield from matching(effort)
    with tempfile.TemporaryDirectory() as folder:
        image, tars = Path(folder) / "image", debian.layers(Path(folder) / "debian")
        layouts.pack(image, tars)
        yield from inventories(effort, image, sum(tar.stat().st_size for tar in tars))
        yield from pushes(effort, image)


# --- the inventory -----------------------------------------------------------------------------------------------------------------------


def inventories(effort: Effort, image: Path, size: int) -> Iterator[Line]:
    """``size``: of the layers' tars, in bytes."""
    ours = [sys.executable, "-P", "-c", INVENTORY]
    theirs = [environment.program("syft"), "scan", f"oci-dir:{image}", "--quiet", "--output", "json"]
    once, often = subject(image), subject(image, TIMES)
    work = f"inventory of a Debian, {len(once['layers'])} layers, {size / machine.MB:.0f} MB"
    mine, others = warmed(effort.rounds, lambda: seconds(ours, once), lambda: seconds(theirs))
    yield Line(work, mine, others, "Syft", "s")
    yield Line(f"{TIMES} times the layers, time for each", [seconds(ours, often) / TIMES for _ in mine], mine, "ourselves, once", "s", reach=1.1)
    if not machine.counts_memory():
        raise Missing("this system doesn't say how much memory a process took, as Linux does")
    rounds = min(effort.rounds, 2)
    mine, others = interleave(rounds, lambda: peak(ours, once), lambda: peak(theirs))
    yield Line("peak memory of that inventory", mine, others, "Syft", "MB")
    yield Line("peak memory of that inventory", mine, [MOST_MEMORY], "the bound", "MB")
    yield Line(f"peak memory, {TIMES} times the layers", [peak(ours, often) for _ in mine], mine, "ourselves, once", "MB", reach=1.1)


def subject(image: Path, times: int = 1) -> dict[str, Any]:
    """A layout's image as the scanner takes it, in JSON, with its layers so many times one above the other."""
    from localecr.scanner.model import LayerFile, Subject

    manifest, config = layouts.read(image)
    layers = [LayerFile(each["digest"], each["mediaType"], each["size"], str(layouts.blob(image, each["digest"]))) for each in manifest["layers"]]
    return asdict(Subject("sha256:" + "0" * 64, manifest, config, tuple(layers * times)))


def seconds(command: list[str], given: object = None) -> float:
    """Seconds from the command to its end."""
    return timed(lambda: _finished(_started(command, given)))


def peak(command: list[str], given: object = None) -> float:
    """MB: the most that the process was seen to hold."""
    process, most = _started(command, given), 0.0
    while process.poll() is None:
        most = max(most, machine.peak_memory(process.pid))
        time.sleep(0.005)
    _finished(process)
    return most


def _started(command: list[str], given: object) -> subprocess.Popen[bytes]:
    quiet = os.environ | {"SYFT_CHECK_FOR_APP_UPDATE": "false"}
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, env=quiet)
    assert process.stdin
    process.stdin.write(json.dumps(given).encode())
    process.stdin.close()
    return process


def _finished(process: subprocess.Popen[bytes]) -> None:
    if process.wait():
        raise Missing(f"{process.args[0]} ended with {process.returncode}")  # type: ignore[index]


# --- what is found in it -----------------------------------------------------------------------------------------------------------------


def matching(effort: Effort) -> Iterator[Line]:
    """Packages held against advisories, ten of which are about each; half of those affect its version."""
    from localecr.scanner import matching
    from localecr.scanner.advisories import Advisories

    count, packages = effort.size(100_000, 2_000), effort.size(1_000, 20)
    with tempfile.TemporaryDirectory() as folder:
        dump = Path(folder) / "all.zip"
        with zipfile.ZipFile(dump, "w") as archive:
            for number in range(count):
                archive.writestr(f"{number}.json", json.dumps(advisory(number, count // 10)))
        with Advisories(Path(folder) / "advisories.sqlite") as advisories:
            advisories.update(dump)
            found: list[int] = []

            def each() -> float:
                return timed(lambda: found.append(len(matching.find(inventory(packages), advisories, time.time())[0])))

            each()
            measured = [each() for _ in range(effort.rounds)]
            if set(found) != {packages * 5}:
                raise wire.Refused(f"{set(found)} matches were found, where there are {packages * 5}")
            yield Line(f"{packages:,} packages against {count:,} advisories", measured, [LONGEST], "the bound", "s")


def advisory(number: int, packages: int) -> dict[str, Any]:
    package = {"ecosystem": "Debian:12", "name": f"package-{number % packages}"}
    fixed = f"1.{number // packages}-1"
    return {
        "schema_version": "1.7.0", "id": f"DEBIAN-CVE-2024-{10000 + number}", "upstream": [f"CVE-2024-{10000 + number}"],
        "modified": "2024-06-01T00:00:00Z", "published": "2024-05-01T00:00:00Z", "summary": "A flaw", "details": "A flaw, told at some length. " * 10,
        "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}],
        "affected": [{"package": package, "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": fixed}]}]}],
    }  # fmt: skip


def inventory(packages: int) -> Any:
    from localecr.scanner.model import Inventory, OperatingSystem, Package

    installed = (
        Package(f"package-{number}", "1.4-3", "OS", "Debian:12", "var/lib/dpkg/status", "sha256:1", "amd64", f"package-{number}", "1.4-3")
        for number in range(packages)
    )
    return Inventory("sha256:0", OperatingSystem("debian", "12", "Debian", "Debian:12"), "amd64", (), tuple(installed))


# --- pushes meanwhile --------------------------------------------------------------------------------------------------------------------


def pushes(effort: Effort, image: Path) -> Iterator[Line]:
    """Small images pushed while the lab scans large ones, and while it doesn't."""
    from localecr.door import Door

    count, scanned = effort.size(200, 10), effort.size(10, 4)
    with tempfile.TemporaryDirectory() as state, peers.lab(Path(state)) as lab:
        door = Door.find(Path(state))
        client, numbers = lab.client(), iter(range(1000))
        client.create_repository(repositoryName="large")
        for blob in (image / "blobs" / "sha256").iterdir():
            connection = wire.Connection(lab.url)
            wire.push_blob(connection, lab.path("large"), lab.login(), blob.read_bytes())
            connection.close()

        def push() -> float:
            repository = f"small-{next(numbers)}"
            client.create_repository(repositoryName=repository)
            made = small_images.images(count)
            return timed(lambda: small_images.push_all(lab, repository, made))

        def push_meanwhile() -> float:
            for digest in put(lab, image, scanned):
                client.start_image_scan(repositoryName="large", imageId={"imageDigest": digest})
            measured = push()
            if not door.scans()["running"]:
                raise wire.Refused("the scans were over before the pushes were")
            while (left := door.scans())["waiting"] or left["running"]:
                time.sleep(0.05)
            return measured

        measured = warmed(effort.rounds, push_meanwhile, push)
        yield Line(f"{count} small images pushed while others are scanned", *measured, "ourselves, no scan", "s", reach=1.1)


def put(lab: Peer, image: Path, count: int) -> Iterator[str]:
    """Digests of so many images of the layout's layers, told apart by an annotation."""
    manifest, _ = layouts.read(image)
    for _ in range(count):
        body = json.dumps(manifest | {"annotations": {"bench": os.urandom(8).hex()}}).encode()
        connection = wire.Connection(lab.url)
        wire.push_manifest(connection, lab.path("large"), lab.login(), wire.digest(body), body, layouts.MANIFEST_TYPE)
        connection.close()
        yield wire.digest(body)
