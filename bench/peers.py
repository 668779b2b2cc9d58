"""The servers that are measured: this lab, CNCF distribution, moto server, ministack. Each begins fresh, in a process of its own."""

from __future__ import annotations

import base64
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from bench import environment
from bench.table import Missing

ACCOUNT, REGION = "111122223333", "us-east-1"
PATIENCE = 60  # seconds for a server to start
Result = TypeVar("Result")


@dataclass(frozen=True)
class Peer:
    """A running server: where it answers, and the credentials it takes."""

    name: str
    url: str
    pid: int
    below: str = ""  # what stands before a repository's name in the path of an image; the lab's has the registry's AWS name
    credentials: str | None = None  # user:password, as skopeo takes them
    key: tuple[str, str] = ("test", "test")  # an access key and its secret

    def image(self, repository: str) -> str:
        """`localhost:4510/111122223333.dkr.ecr.us-east-1.amazonaws.com/web`"""
        return f"{self.url.removeprefix('http://')}/{self.below}{repository}"

    def path(self, repository: str) -> str:
        """Where a repository lies in the distribution protocol."""
        return f"/v2/{self.below}{repository}"

    def login(self) -> dict[str, str]:
        """The header that a logged-in client sends with every request."""
        return {"Authorization": f"Basic {base64.b64encode((self.credentials or 'AWS:password').encode()).decode()}"}

    def client(self, region: str = REGION):
        """boto3's client of its Amazon ECR."""
        import boto3
        from botocore.config import Config

        return boto3.client(
            "ecr", endpoint_url=self.url, region_name=region, aws_access_key_id=self.key[0], aws_secret_access_key=self.key[1],
            config=Config(proxies={}, retries={"total_max_attempts": 1}, read_timeout=600),
        )  # fmt: skip


@contextmanager
def lab(state: Path | None = None) -> Iterator[Peer]:
    """This lab, as `ecrlab serve` starts it, on a fresh folder or on ``state``."""
    from localecr.door import Door

    with tempfile.TemporaryDirectory() as fresh:
        folder = state or Path(fresh)
        with running(lab_command(folder, 0)) as process:
            door = until(lambda: Door.find(folder), process)
            keys, status = door.keys(ACCOUNT), door.status()
            key = keys["access_key_id"], keys["secret_access_key"]
            unsigned = Peer("ECR Lab", status["endpoint"], process.pid, key=key)
            token = unsigned.client().get_authorization_token()["authorizationData"][0]["authorizationToken"]
            yield Peer(
                "ECR Lab", status["endpoint"], process.pid, f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/", base64.b64decode(token).decode(), key
            )  # fmt: skip


def lab_command(folder: Path, port: int) -> list[str]:
    return [sys.executable, "-P", "-m", "ecrlab", "serve", "--port", str(port), "--state", str(folder)]


# bench:bench, at the lowest cost that bcrypt has: both check a password, and distribution isn't slowed by how safely it keeps its
HTPASSWD = "bench:$2y$04$LWznGs5gI8Sxfoagk4/VSexC368InPandBqoRDfhowqC395LZ3NN.\n"
DISTRIBUTION = """
version: 0.1
log: {{level: error}}
storage: {{filesystem: {{rootdirectory: {folder}/data}}}}
http: {{addr: "127.0.0.1:{port}"}}
auth: {{htpasswd: {{realm: bench, path: {folder}/htpasswd}}}}
"""


@contextmanager
def distribution() -> Iterator[Peer]:
    """CNCF distribution as Debian packages it, with its storage in a fresh folder on the same disk as the lab's."""
    program = shutil.which("docker-registry")
    if program is None:
        raise Missing("the peer docker-registry is not installed (Debian: apt install docker-registry)")
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        (Path(folder) / "htpasswd").write_text(HTPASSWD)
        (Path(folder) / "registry.yml").write_text(DISTRIBUTION.format(folder=folder, port=port))
        with running([program, "serve", f"{folder}/registry.yml"]) as process:
            until(lambda: answers(f"http://127.0.0.1:{port}/v2/"), process)
            yield Peer("CNCF distribution", f"http://localhost:{port}", process.pid, credentials="bench:bench")


@contextmanager
def moto() -> Iterator[Peer]:
    """moto server, which keeps all in memory and checks no signature."""
    port = free_port()
    with running(moto_command(port)) as process:
        until(lambda: answers(f"http://127.0.0.1:{port}/"), process)
        yield Peer("moto server", f"http://localhost:{port}", process.pid)


def moto_command(port: int) -> list[str]:
    return [environment.program("moto_server"), "--port", str(port)]


@contextmanager
def ministack() -> Iterator[Peer]:
    """ministack, which keeps all in memory (layers too) and checks no signature."""
    port, program = free_port(), environment.program("ministack")
    with tempfile.TemporaryDirectory() as folder:
        # no Docker engine: it would look after containers of its own there, which has nothing to do with ECR
        own = {"GATEWAY_PORT": str(port), "BIND_HOST": "127.0.0.1", "TMPDIR": folder, "DOCKER_HOST": f"unix://{folder}/none"}
        with running([program], own, folder) as process:
            until(lambda: answers(f"http://127.0.0.1:{port}/v2/"), process)
            yield Peer("ministack", f"http://localhost:{port}", process.pid)


@contextmanager
def running(command: list[str], settings: dict[str, str] | None = None, folder: str | None = None) -> Iterator[subprocess.Popen]:
    """A server's process, ended with the block. What it says goes nowhere, with every server alike."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "ECRLAB_", "MOTO_"))}
    process = subprocess.Popen(
        command, env=kept | (settings or {}), cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # loopback never goes through a proxy


def answers(url: str) -> None:
    """Returns if something answers there, whatever it says. Raises OSError."""
    try:
        _direct.open(url, timeout=5).close()
    except urllib.error.HTTPError as error:
        error.close()


def until(attempt: Callable[[], Result], process: subprocess.Popen, every: float = 0.02) -> Result:
    """The result of ``attempt`` as soon as it doesn't raise. Raises Missing where the server ends first, or never answers."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return attempt()
        except Exception as error:
            if process.poll() is not None:
                raise Missing(f"{process.args[0]} ended with {process.returncode} before it answered") from error
            if time.monotonic() > end:
                raise Missing(f"{process.args[0]} did not answer within {PATIENCE} seconds") from error
            time.sleep(every)


def free_port(count: int = 1) -> int:
    """The first of ``count`` free ports in a row."""
    while True:
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            port = listener.getsockname()[1]
        if all(_is_free(each) for each in range(port, port + count)):
            return port


def _is_free(port: int) -> bool:
    with socket.socket() as listener:
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
