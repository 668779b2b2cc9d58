"""An engine, its API on a port, and registries to push to: what dockerless' tests share."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import pytest
from cheroot import wsgi

from dockerless import Engine, application
from scripted import ScriptedRegistry

SECRET = "a-secret-path"
HTPASSWD = "AWS:$2y$05$rZ9874j31BX310j1gSkemOlhr1zpS6DbKgVQKhl5UhkcTB8h2w7D2"  # the password is pw


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return Engine(tmp_path / "docker")


@pytest.fixture
def docker_host(engine: Engine) -> Iterator[str]:
    """Where `engine` speaks the Docker Engine API, as DOCKER_HOST spells it."""
    server = wsgi.Server(("127.0.0.1", 0), application(engine, SECRET), numthreads=4, shutdown_timeout=1)
    server.expiration_interval = 0.05  # seconds until it notices that it shall stop
    server.prepare()
    thread = threading.Thread(target=server.serve)
    thread.start()
    yield f"tcp://127.0.0.1:{server.bind_addr[1]}/{SECRET}"
    server.stop()
    thread.join()


@pytest.fixture
def dockerless(docker_host: str) -> Iterator[docker.DockerClient]:
    """The real docker SDK, talking to `engine`."""
    client = docker.DockerClient(base_url=docker_host)
    yield client
    client.close()


@pytest.fixture(params=["dockerless", pytest.param("docker", marks=pytest.mark.docker)])
def client(request: pytest.FixtureRequest) -> docker.DockerClient:
    """dockerless, and a Docker engine where there is one."""
    return request.getfixturevalue("dockerless" if request.param == "dockerless" else "docker_engine")


@pytest.fixture
def scripted() -> Iterator[ScriptedRegistry]:
    registry = ScriptedRegistry()
    yield registry
    registry.stop()


@pytest.fixture(scope="session")
def start_registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], str]]:
    """Starts a CNCF registry with some more lines of configuration and returns its address."""
    program = shutil.which("docker-registry")
    if program is None:
        pytest.skip("docker-registry is not installed")
    running: list[subprocess.Popen[bytes]] = []
    environment = {name: value for name, value in os.environ.items() if not name.startswith("REGISTRY_")}  # it reads those as settings

    def start(more: str = "") -> str:
        folder = tmp_path_factory.mktemp("registry")
        configuration = folder / "registry.yml"
        storage = f"version: 0.1\nstorage: {{filesystem: {{rootdirectory: {folder}/data}}}}\nhttp: {{addr: '127.0.0.1:0'}}\n"
        configuration.write_text(storage + more)
        log = folder / "registry.log"
        with log.open("wb") as output:
            running.append(subprocess.Popen([program, "serve", configuration], stdout=output, stderr=output, env=environment))
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and running[-1].poll() is None:
            if found := re.search(r"listening on 127\.0\.0\.1:(\d+)", log.read_text()):
                return f"localhost:{found[1]}"
            time.sleep(0.02)
        raise AssertionError(log.read_text())

    yield start
    for process in running:
        process.terminate()
        process.wait()


@pytest.fixture(scope="session")
def registry(start_registry: Callable[[str], str]) -> str:
    """The address of a CNCF registry that lets everybody in."""
    return start_registry("")


@pytest.fixture(scope="session")
def protected_registry(start_registry: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a CNCF registry that asks for a password, Basic as ECR does: AWS and pw."""
    users = tmp_path_factory.mktemp("users") / "htpasswd"
    users.write_text(HTPASSWD)
    return start_registry(f"auth: {{htpasswd: {{realm: registry, path: {users}}}}}\n")
