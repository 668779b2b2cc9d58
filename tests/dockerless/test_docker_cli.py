"""The Docker CLI, pointed at dockerless by DOCKER_HOST."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import tools


@pytest.fixture
def cli(docker_host: str, tmp_path: Path) -> tools.Command:
    program = shutil.which("docker")
    if program is None:
        pytest.skip("the Docker CLI is not installed")
    environment = {"DOCKER_HOST": docker_host, "DOCKER_BUILDKIT": "0", "DOCKER_CONFIG": str(tmp_path / "docker-config")}
    return tools.Command(program, environment=environment)


@pytest.fixture
def context(tmp_path: Path) -> Path:
    folder = tmp_path / "context"
    folder.mkdir()
    (folder / "Dockerfile").write_text("FROM scratch\nCOPY . /site\n")
    (folder / "index.html").write_text("<p>hello</p>\n")
    return folder


def test_an_image_goes_to_a_registry_and_comes_back(cli: tools.Command, context: Path, protected_registry: str) -> None:
    name = f"{protected_registry}/cli/web:1.0"
    assert "Step 2/2 : COPY . /site\n ---> " in cli("build", "-t", name, context).stdout

    refused = cli("push", name, check=False)
    assert (refused.returncode, refused.stderr.strip()) == (1, "no basic auth credentials")
    assert "Login Succeeded" in cli("login", "-u", "AWS", "--password-stdin", protected_registry, input="pw").stdout
    pushed = cli("push", name).stdout
    assert "Pushed\n" in pushed and "1.0: digest: sha256:" in pushed

    id = json.loads(cli("inspect", name).stdout)[0]["Id"]
    assert id[7:19] in cli("images", name).stdout
    removed = cli("rmi", name).stdout
    assert f"Untagged: {name}\n" in removed and f"Deleted: {id}\n" in removed
    pulled = cli("pull", name).stdout
    assert "Pull complete\n" in pulled and f"Status: Downloaded newer image for {name}\n" in pulled
    assert json.loads(cli("inspect", name).stdout)[0]["Id"] == id


def test_tag_history_save_load_and_prune(cli: tools.Command, context: Path, tmp_path: Path) -> None:
    id = cli("build", "-q", "-t", "web:1", context).stdout.strip()
    cli("tag", "web:1", "other:2")
    assert "COPY . /site" in cli("history", "other:2").stdout
    cli("save", "-o", tmp_path / "image.tar", "other:2")
    cli("rmi", "-f", id)
    assert cli("load", "-i", tmp_path / "image.tar").stdout == "Loaded image: other:2\n"
    assert cli("image", "prune", "-f").stdout == "Total reclaimed space: 0B\n"
    assert cli("images", "-q", "--no-trunc").stdout.strip() == id


def test_what_is_not_here_is_said(cli: tools.Command) -> None:
    for command in (["run", "web"], ["ps"]):
        assert "can't run containers: that takes a container engine. Install Docker from" in cli(*command, check=False).stderr
    assert "o such object: web" in cli("inspect", "web", check=False).stderr
    assert "dockerless" in cli("version").stdout
