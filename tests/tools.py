"""Finding, starting and running the outside tools that tests use: a Docker engine and its CLI, containerd, skopeo, podman, buildah, the AWS CLI, Chromium,
Debian's dpkg, debsecan and mmdebstrap, Syft."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import docker
import pytest

PATIENCE = 60  # seconds for an engine to start or to stop
NO_NETWORK = ("--bridge=none", "--iptables=false", "--ip6tables=false")
DEFAULT_HOST = "npipe:////./pipe/docker_engine" if sys.platform == "win32" else "unix:///var/run/docker.sock"


class Missing(Exception):
    """A tool that is not here; its text is one plain sentence that says which."""


def executable(*names: str) -> str:
    """The path of the first of `names` that is on PATH. Raises Missing."""
    for name in names:
        if path := shutil.which(name):
            return path
    raise Missing(f"{names[0]} is not installed")


@dataclass(frozen=True)
class Docker:
    """A Docker engine that answers, as DOCKER_HOST spells its address, and the path of the CLI that talks to it."""

    host: str
    cli: str

    def client(self) -> docker.DockerClient:
        return engine_client(self.host)


def engine_client(host: str, timeout: float = 60) -> docker.DockerClient:
    return docker.from_env(timeout=timeout, environment={**os.environ, "DOCKER_HOST": host})


def answers(host: str) -> bool:
    """Whether a Docker engine answers at `host`."""
    try:
        client = engine_client(host, timeout=5)
    except docker.errors.DockerException:
        return False
    try:
        return client.ping()
    except (docker.errors.DockerException, OSError):
        return False
    finally:
        client.close()


def end(process: subprocess.Popen) -> None:
    """Asks a process to end, and ends it where it doesn't."""
    process.terminate()
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class PrivateEngine:
    """A dockerd of our own, its socket, data and process id below one temporary folder. Needs root.

    It has no bridge, since several engines of one machine would quarrel about it: what runs in it has no network, and needs none.
    """

    def __init__(self, dockerd: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="ecrlab-docker-"))
        self.host = f"unix://{self.folder}/docker.sock"
        self.log = self.folder / "dockerd.log"
        places = {"host": self.host, "data-root": self.folder / "data", "exec-root": self.folder / "exec", "pidfile": self.folder / "dockerd.pid"}
        with self.log.open("wb") as log:
            self.process = subprocess.Popen([dockerd, *(f"--{name}={place}" for name, place in places.items()), *NO_NETWORK], stdout=log, stderr=log)

    def wait(self) -> None:
        """Returns when the engine answers. Raises Missing, with its last words, when it ends or stays silent."""
        deadline = time.monotonic() + PATIENCE
        while not answers(self.host):
            if self.process.poll() is not None or time.monotonic() > deadline:
                last_words = self.log.read_text(errors="replace").strip().rpartition("\n")[2]
                raise Missing(f"dockerd did not start: {last_words}")
            time.sleep(0.1)

    def stop(self) -> None:
        end(self.process)
        # Where mounts are not shared (in a container), dockerd leaves its data folder mounted.
        for line in reversed(Path("/proc/self/mounts").read_text().splitlines()):
            if (mounted := line.split()[1]).startswith(f"{self.folder}/"):
                subprocess.run(["umount", mounted], check=True)
        shutil.rmtree(self.folder, ignore_errors=True)


@dataclass(frozen=True)
class Containerd:
    """A containerd that answers at a socket, and the path of the client that talks to it."""

    address: str
    ctr: str


class PrivateContainerd:
    """A containerd of our own, its socket and data below one temporary folder. Needs root."""

    def __init__(self, program: str, ctr: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="ecrlab-containerd-"))
        self.containerd = Containerd(f"{self.folder}/containerd.sock", ctr)
        self.log = self.folder / "containerd.log"
        settings = self.folder / "config.toml"
        settings.write_text(
            f'version = 2\nroot = "{self.folder}/data"\nstate = "{self.folder}/state"\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n'
            f'[grpc]\naddress = "{self.containerd.address}"\n[ttrpc]\naddress = "{self.folder}/ttrpc.sock"\n'
        )
        with self.log.open("wb") as log:
            self.process = subprocess.Popen([program, "--config", settings], stdout=log, stderr=log)

    def wait(self) -> None:
        """Returns when containerd answers. Raises Missing, with its last words, when it ends or stays silent."""
        deadline = time.monotonic() + PATIENCE
        ask = [self.containerd.ctr, "--address", self.containerd.address, "--connect-timeout", "1s", "version"]
        while subprocess.run(ask, capture_output=True, check=False).returncode != 0:
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise Missing(f"containerd did not start: {self.log.read_text(errors='replace').strip().rpartition(chr(10))[2]}")
            time.sleep(0.1)

    def stop(self) -> None:
        end(self.process)
        shutil.rmtree(self.folder, ignore_errors=True)


started: list[PrivateEngine | PrivateContainerd] = []


def start_engine() -> PrivateEngine:
    """An engine that runs until `stop_engines`. Only root can start one. Raises Missing."""
    dockerd = shutil.which("dockerd") or shutil.which("/usr/sbin/dockerd")
    if dockerd is None:
        raise Missing("dockerd is not installed")
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        raise Missing("only root can start a Docker engine")
    engine = PrivateEngine(dockerd)
    started.append(engine)
    engine.wait()
    return engine


def stop_engines() -> None:
    """Ends every engine that was started here."""
    while started:
        started.pop().stop()


def find_docker() -> Docker:
    """The engine at DOCKER_HOST. Without DOCKER_HOST one started now, which the other processes of `make test` do not change at the same time;
    where none can be started, the one at the default socket. Raises Missing."""
    cli = executable("docker")
    if host := os.environ.get("DOCKER_HOST"):
        if answers(host):
            return Docker(host, cli)
        raise Missing(f"no Docker engine answers at DOCKER_HOST={host}")
    try:
        return Docker(start_engine().host, cli)
    except Missing as missing:
        if answers(DEFAULT_HOST):
            return Docker(DEFAULT_HOST, cli)
        raise Missing(f"no Docker engine answers, and none was started: {missing}") from None


def find_containerd() -> Containerd:
    """A containerd started now. Only root can start one. Raises Missing."""
    program, ctr = executable("containerd"), executable("ctr")
    if os.geteuid() != 0:
        raise Missing("only root can start containerd")
    private = PrivateContainerd(program, ctr)
    started.append(private)
    private.wait()
    return private.containerd


def find_aws2() -> str:
    """The first `aws` on PATH that is of version 2; version 1, which the tests' environment holds, may stand before it. Raises Missing."""
    for folder in os.get_exec_path():
        path = shutil.which("aws", path=folder)
        if path and subprocess.run([path, "--version"], capture_output=True, text=True, check=False).stdout.startswith("aws-cli/2"):
            return path
    raise Missing("version 2 of the AWS CLI is not installed")


Tool = Docker | Containerd | str
FINDERS: dict[str, Callable[[], Tool]] = {
    "docker": find_docker,
    "containerd": find_containerd,
    "skopeo": lambda: executable("skopeo"),
    "podman": lambda: executable("podman"),
    "buildah": lambda: executable("buildah"),
    "aws2": find_aws2,
    "syft": lambda: executable("syft"),
    "mmdebstrap": lambda: executable("mmdebstrap"),
    "chromium": lambda: executable("chromium", "chromium-browser", "google-chrome"),
    "dpkg": lambda: executable("dpkg"),
    "debsecan": lambda: executable("debsecan"),
}
found: dict[str, Tool | Missing] = {}


def need(tool: str) -> Tool:
    """The tool, looked for once. Where it is missing the test is skipped, or fails if ECRLAB_REQUIRE (names between commas) asks for it."""
    if tool not in found:
        try:
            found[tool] = FINDERS[tool]()
        except Missing as missing:
            found[tool] = missing
    result = found[tool]
    if not isinstance(result, Missing):
        return result
    if tool in os.environ.get("ECRLAB_REQUIRE", "").split(","):
        pytest.fail(f"{result}, and ECRLAB_REQUIRE asks for {tool}", pytrace=False)
    pytest.skip(str(result))


class Command:
    """An outside program with its first arguments and its environment; call it with the rest.

    `docker("push", name)` returns the finished process, its stdout and stderr as text. An exit code other than 0 is an AssertionError that
    shows what was run and what it said, unless `check=False`. `input` is the text on its stdin.
    """

    def __init__(self, *program: str, environment: Mapping[str, str]) -> None:
        self.program = program
        self.environment = {**os.environ, **environment}

    def __call__(
        self, *arguments: str | os.PathLike[str], input: str = "", check: bool = True, timeout: float = 180
    ) -> subprocess.CompletedProcess[str]:
        line = [*self.program, *map(os.fspath, arguments)]
        done = subprocess.run(line, env=self.environment, input=input, capture_output=True, text=True, timeout=timeout)
        if check and done.returncode != 0:
            raise AssertionError(f"$ {' '.join(line)}\nended with {done.returncode}\n{done.stdout}{done.stderr}")
        return done


LEAKING = ("AWS_", "ECRLAB_", "JUPYTER_", "DOCKER_CONFIG", "DOCKER_CONTEXT", "DOCKER_BUILDKIT", "MPLBACKEND")


def isolated(environment: Mapping[str, str], folder: Path) -> dict[str, str]:
    """A copy of `environment` without the developer's AWS, Docker and Jupyter settings: a new lab in `folder`, plain outputs, UTC."""
    kept = {name: value for name, value in environment.items() if name == "ECRLAB_REQUIRE" or not name.startswith(LEAKING)}
    unproxied = ",".join(filter(None, [environment.get("NO_PROXY") or environment.get("no_proxy"), "localhost", "127.0.0.1"]))
    return kept | {
        "ECRLAB_PLAIN": "1",
        "ECRLAB_STATE": str(folder / "lab"),
        "AWS_CONFIG_FILE": str(folder / "aws" / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / "aws" / "credentials"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "DOCKER_CONFIG": str(folder / "docker"),
        "REGISTRY_AUTH_FILE": str(folder / "containers-auth.json"),
        "IPYTHONDIR": str(folder / "ipython"),
        "JUPYTER_CONFIG_DIR": str(folder / "jupyter" / "config"),
        "JUPYTER_DATA_DIR": str(folder / "jupyter" / "data"),
        "JUPYTER_RUNTIME_DIR": str(folder / "jupyter" / "runtime"),
        "NO_PROXY": unproxied,
        "no_proxy": unproxied,
        "TZ": "UTC",
    }
