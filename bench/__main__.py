"""``make bench``: skopeo pushes and pulls an image, with this lab and with CNCF distribution in turn; medians and their ratio."""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from bench import layouts, peers


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="how often each work is done; medians are shown (default 3)")
    parser.add_argument("--megabytes", type=int, default=500, help="size of the large layer (default 500)")
    rounds = (asked := parser.parse_args()).rounds
    if shutil.which("skopeo") is None:
        raise SystemExit("skopeo, the client that the benchmarks use, is not installed. Nothing was measured.")
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, medians of {rounds}\n")
    print(f"{'work':42} {'ECR Lab':>9} {'peer':>9} {'ratio':>6}   peer")
    works = ((f"one layer of {asked.megabytes} MB", 1, asked.megabytes), ("40 layers of 5 MB", 40, 5))
    with peers.lab() as ours, peers.distribution() as theirs, tempfile.TemporaryDirectory() as folder:
        for title, layers, megabytes in works:
            seconds: dict[tuple[str, str], list[float]] = {}
            for number in range(rounds):
                source = Path(folder) / f"{layers}-{number}"
                layouts.write(source, layers, megabytes)
                for peer in (ours, theirs) if number % 2 else (theirs, ours):
                    push, pull = measure(peer, source, Path(folder) / "pulled")
                    seconds.setdefault((peer.name, "push"), []).append(push)
                    seconds.setdefault((peer.name, "pull"), []).append(pull)
                shutil.rmtree(source)
            for way in ("push", "pull"):
                report(f"skopeo {way}, {title}", seconds[ours.name, way], seconds[theirs.name, way], theirs.name)


def measure(peer: peers.Peer, source: Path, target: Path) -> tuple[float, float]:
    """Seconds to push an OCI layout and to pull it again."""
    remote = f"docker://{peer.prefix}:{source.name}"
    credentials = [peer.credentials] if peer.credentials else []
    push = _timed("--dest-tls-verify=false", *(f"--dest-creds={each}" for each in credentials), f"oci:{source}:image", remote)
    pull = _timed("--src-tls-verify=false", *(f"--src-creds={each}" for each in credentials), remote, f"oci:{target}:image")
    shutil.rmtree(target)
    return push, pull


def _timed(*arguments: str) -> float:
    began = time.perf_counter()
    subprocess.run(["skopeo", "--insecure-policy", "copy", "--quiet", *arguments], check=True)
    return time.perf_counter() - began


def report(work: str, ours: list[float], theirs: list[float], peer: str) -> None:
    """A line: medians in seconds, and ours divided by theirs (under 1 is faster)."""
    mine, other = statistics.median(ours), statistics.median(theirs)
    print(f"{work:42} {mine:8.2f}s {other:8.2f}s {mine / other:6.2f}   {peer}", flush=True)


if __name__ == "__main__":
    main()
