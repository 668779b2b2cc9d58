"""The world that every test runs in: a clean environment, one lab in this process, and the outside tools."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import hypothesis
import pytest
from botocore.client import BaseClient
from botocore.config import Config

import tools

if TYPE_CHECKING:
    import docker
    from localecr import Endpoint
    from localecr.door import Door

NOW = "2026-01-05T09:00:00Z"
ACCOUNT, REGION = "111122223333", "us-east-1"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--write-fidelity", action="store_true", help="write what the tests proved into docs/fidelity.md")


def pytest_sessionstart(session: pytest.Session) -> None:
    """Sets the environment here, since session fixtures do not run for notebooks."""
    hypothesis.settings.register_profile("untimed", deadline=None)  # how long an example takes says more of the machine than of the code
    hypothesis.settings.load_profile("untimed")
    folder = Path(tempfile.mkdtemp(prefix="ecrlab-tests-"))
    environment = tools.isolated(os.environ, folder)
    os.environ.clear()
    os.environ.update(environment)
    Path(environment["REGISTRY_AUTH_FILE"]).write_text("{}")  # podman stops where the file is missing
    if hasattr(time, "tzset"):  # not on Windows
        time.tzset()

    def tidy() -> None:
        tools.stop_engines()
        try:
            if (folder / "lab" / "server.json").exists():  # a notebook or a command left its lab running
                subprocess.run([sys.executable, "-m", "ecrlab", "stop"], timeout=60, check=True)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    session.config.add_cleanup(tidy)


def pytest_runtest_setup(item: pytest.Item) -> None:
    for tool in tools.FINDERS:
        if item.get_closest_marker(tool):
            tools.need(tool)


@pytest.fixture(scope="session")
def lab_state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The state folder of `lab_endpoint`."""
    return tmp_path_factory.mktemp("lab")


@pytest.fixture(scope="session")
def lab_endpoint(lab_state: Path) -> Iterator[Endpoint]:
    """A lab in this process, its clock standing still at NOW until a test advances it."""
    import localecr

    endpoint = localecr.start(lab_state, port=0, clock=NOW)
    yield endpoint
    endpoint.stop()


@pytest.fixture(scope="session")
def door(lab_endpoint: Endpoint, lab_state: Path) -> Door:
    """The authenticated door of `lab_endpoint`: status, keys, clock."""
    from localecr.door import Door

    return Door.find(lab_state)


@pytest.fixture(scope="session")
def aws(lab_endpoint: Endpoint, door: Door) -> Callable[..., BaseClient]:
    """`aws("ecr", account=…, region=…)`: that account's boto3 client in the lab. It tries once."""

    def client(service: str, account: str = ACCOUNT, region: str = REGION) -> BaseClient:
        keys = door.keys(account)
        return boto3.client(
            service,
            region_name=region,
            endpoint_url=lab_endpoint.url,
            aws_access_key_id=keys["access_key_id"],
            aws_secret_access_key=keys["secret_access_key"],
            config=Config(retries={"total_max_attempts": 1}),
        )

    return client


@pytest.fixture(scope="session")
def registry_host(lab_endpoint: Endpoint) -> Callable[..., str]:
    """`registry_host(account, region)`: what stands before `/repository:tag` when an image is pushed to the lab."""
    address = lab_endpoint.url.removeprefix("http://")

    def host(account: str = ACCOUNT, region: str = REGION) -> str:
        return f"{address}/{account}.dkr.ecr.{region}.amazonaws.com"

    return host


@pytest.fixture
def free_repository(request: pytest.FixtureRequest) -> str:
    """A repository name that no other test uses. Nothing is created."""
    words = re.sub(r"[^a-z0-9]+", "-", request.node.name.removeprefix("test_").lower())[:60].strip("-")
    return f"{words}-{hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:8]}"


@pytest.fixture(scope="session")
def docker_engine() -> Iterator[docker.DockerClient]:
    """A real Docker engine, found or started."""
    client = tools.need("docker").client()
    yield client
    client.close()


@pytest.fixture
def docker_cli(docker_engine: docker.DockerClient, tmp_path: Path) -> tools.Command:
    """The Docker CLI on that engine, with log-ins of its own."""
    found = tools.need("docker")
    return tools.Command(found.cli, environment={"DOCKER_HOST": found.host, "DOCKER_CONFIG": str(tmp_path / "docker-config")})


@pytest.fixture
def skopeo(tmp_path: Path) -> tools.Command:
    """skopeo, with log-ins of its own."""
    return tools.Command(tools.need("skopeo"), environment={"REGISTRY_AUTH_FILE": str(tmp_path / "skopeo-auth.json")})


@pytest.fixture
def podman() -> Iterator[tools.Command]:
    """podman, with images and log-ins of its own."""
    program = tools.need("podman")
    folder = Path(tempfile.mkdtemp(prefix="podman-"))  # not tmp_path: podman wants a --runroot of at most 50 characters
    log_ins = folder / "auth.json"
    log_ins.write_text("{}")
    yield tools.Command(
        program,
        f"--root={folder}/storage",
        f"--runroot={folder}/run",
        "--storage-driver=vfs",
        "--cgroup-manager=cgroupfs",
        "--events-backend=none",
        environment={"REGISTRY_AUTH_FILE": str(log_ins)},
    )
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def buildah() -> Iterator[tools.Command]:
    """buildah, with images and log-ins of its own."""
    program = tools.need("buildah")
    folder = Path(tempfile.mkdtemp(prefix="buildah-"))
    log_ins = folder / "auth.json"
    log_ins.write_text("{}")
    places = (f"--root={folder}/storage", f"--runroot={folder}/run", "--storage-driver=vfs")
    yield tools.Command(program, *places, environment={"REGISTRY_AUTH_FILE": str(log_ins), "BUILDAH_ISOLATION": "chroot"})
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def ctr() -> tools.Command:
    """containerd's own client."""
    found = tools.need("containerd")
    return tools.Command(found.ctr, "--address", found.address, environment={"CONTAINERD_SNAPSHOTTER": "native"})


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of Chromium."""
    return tools.need("chromium")
