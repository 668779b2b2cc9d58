"""skopeo, the client that moves large images: it reads and writes OCI layouts, and keeps nothing in between."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from bench import machine
from bench.peers import Peer
from bench.rounds import timed
from bench.table import Missing


def require() -> None:
    """Raises Missing where skopeo isn't installed."""
    if shutil.which("skopeo") is None:
        raise Missing("skopeo, the client that is measured with, is not installed")


def push(peer: Peer, source: Path, repository: str = "bench") -> float:
    """Seconds to push an OCI layout."""
    machine.settle()
    credentials = [f"--dest-creds={peer.credentials}"] if peer.credentials else []
    return timed(lambda: _copy("--dest-tls-verify=false", *credentials, f"oci:{source}:image", f"docker://{peer.image(repository)}:{source.name}"))


def pull(peer: Peer, tag: str, target: Path, repository: str = "bench") -> float:
    """Seconds to pull an image into an OCI layout, which is then deleted."""
    machine.settle()
    credentials = [f"--src-creds={peer.credentials}"] if peer.credentials else []
    seconds = timed(lambda: _copy("--src-tls-verify=false", *credentials, f"docker://{peer.image(repository)}:{tag}", f"oci:{target}:image"))
    shutil.rmtree(target)
    return seconds


def _copy(*arguments: str) -> None:
    subprocess.run(["skopeo", "--insecure-policy", "copy", "--quiet", *arguments], check=True, capture_output=True)
