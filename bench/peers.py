"""The registries that are measured: this lab, and CNCF distribution as Debian packages it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ACCOUNT, REGION = "111122223333", "us-east-1"


@dataclass(frozen=True)
class Peer:
    """A registry that takes images below ``prefix`` with these credentials."""

    name: str
    prefix: str  # host:port, and for the lab the registry's AWS name
    credentials: str | None  # user:password, as skopeo takes them


@contextmanager
def lab() -> Iterator[Peer]:
    """This lab, in a process of its own, with the repository ``bench`` in it."""
    import boto3

    from localecr.door import Door

    with tempfile.TemporaryDirectory() as state:
        command = [sys.executable, "-c", f"import localecr; localecr.start({state!r}, port=0).wait()"]
        process = subprocess.Popen(command, env=os.environ | {"ECRLAB_CLOCK": ""})
        try:
            door = _until(lambda: Door.find(state), 30)
            keys, status = door.keys(ACCOUNT), door.status()
            ecr = boto3.client(
                "ecr", endpoint_url=status["endpoint"], region_name=REGION,
                aws_access_key_id=keys["access_key_id"], aws_secret_access_key=keys["secret_access_key"],
            )  # fmt: skip
            uri = ecr.create_repository(repositoryName="bench")["repository"]["repositoryUri"]
            import base64

            token = ecr.get_authorization_token()["authorizationData"][0]["authorizationToken"]
            yield Peer("ECR Lab", uri, base64.b64decode(token).decode())
            door.stop()
            process.wait(20)
        finally:
            process.kill()
            process.wait()


@contextmanager
def distribution() -> Iterator[Peer]:
    """CNCF distribution, with its storage in a fresh folder."""
    program = shutil.which("docker-registry")
    if program is None:
        raise SystemExit("The peer docker-registry is not installed (Debian: apt install docker-registry). Nothing was measured.")
    with tempfile.TemporaryDirectory() as folder:
        port = _free_port()
        config = Path(folder) / "registry.yml"
        config.write_text(
            f"version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {folder}/data}}}}\nhttp: {{addr: '127.0.0.1:{port}'}}\n"
        )
        process = subprocess.Popen([program, "serve", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            _until(lambda: urllib.request.urlopen(f"http://127.0.0.1:{port}/v2/", timeout=1), 10)
            yield Peer("CNCF distribution", f"localhost:{port}/bench", None)
        finally:
            process.kill()
            process.wait()


def _until(attempt, seconds: float):
    """The result of ``attempt`` as soon as it doesn't raise."""
    end = time.monotonic() + seconds
    while True:
        try:
            return attempt()
        except Exception:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
