"""The tests' own tools: what skips, what fails, and what runs really."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import docker
import pytest
import tools

MARKED = """
import pytest

@pytest.mark.podman
def test_with_podman():
    pass

@pytest.mark.skopeo
def test_with_skopeo():
    pass
"""


def test_a_missing_tool_skips_its_tests_and_a_required_one_fails_them(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for name in ("conftest.py", "tools.py"):
        shutil.copy(Path(__file__).with_name(name), tmp_path)
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers =\n  docker\n  skopeo\n  podman\n  chromium\n")
    (tmp_path / "test_marked.py").write_text(MARKED)
    said = subprocess.run(
        [sys.executable, "-m", "pytest", "-ra", "-p", "no:nbval", "-p", "no:hypothesispytest", tmp_path],
        env={**os.environ, "PATH": str(tmp_path / "empty"), "ECRLAB_REQUIRE": "docker,skopeo"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
    ).stdout
    assert "podman is not installed" in said
    assert "skopeo is not installed, and ECRLAB_REQUIRE asks for skopeo" in said
    assert "1 skipped, 1 error" in said


def test_an_engine_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nobody.sock")
    monkeypatch.setattr(tools, "executable", lambda name: f"/usr/bin/{name}")
    with pytest.raises(tools.Missing, match="no Docker engine answers at DOCKER_HOST=unix://.*nobody.sock"):
        tools.find_docker()


def test_the_developers_aws_settings_do_not_leak(tmp_path: Path) -> None:
    theirs = {"AWS_PROFILE": "work", "AWS_ACCESS_KEY_ID": "AKIA", "DOCKER_CONTEXT": "desktop", "PATH": "/bin", "NO_PROXY": "intranet"}
    ours = tools.isolated(theirs, tmp_path)
    assert not {"AWS_PROFILE", "AWS_ACCESS_KEY_ID", "DOCKER_CONTEXT"} & ours.keys()
    assert ours["PATH"] == "/bin"
    assert ours["NO_PROXY"] == "intranet,localhost,127.0.0.1"


def test_repository_names_are_free(free_repository: str) -> None:
    assert free_repository.startswith("repository-names-are-free-")


@pytest.mark.docker
def test_the_docker_cli_talks_to_the_engine_of_the_sdk(docker_engine: docker.DockerClient, docker_cli: tools.Command, tmp_path: Path) -> None:
    assert docker_cli("info", "--format", "{{.ID}}").stdout.strip() == docker_engine.info()["ID"]
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY Dockerfile /\n")
    docker_cli("build", "--tag", "ecrlab-tools:1", tmp_path)
    docker_engine.images.remove("ecrlab-tools:1")
    assert docker_cli("image", "inspect", "ecrlab-tools:1", check=False).returncode != 0


@pytest.mark.skopeo
def test_a_command_that_fails_says_what_it_ran(skopeo: tools.Command, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="skopeo inspect dir:.*\nended with 1\n"):
        skopeo("inspect", f"dir:{tmp_path}/nothing")


@pytest.mark.podman
def test_podman_builds_into_a_storage_of_its_own(podman: tools.Command, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY Dockerfile /\n")
    podman("build", "--tag", "ecrlab-tools:1", tmp_path)
    assert "localhost/ecrlab-tools:1" in podman("images", "--format", "{{.Repository}}:{{.Tag}}").stdout.split()


@pytest.mark.chromium
def test_chromium_runs(chromium: str) -> None:
    said = subprocess.run([chromium, "--version"], capture_output=True, text=True, timeout=60, check=True).stdout
    assert "Chrom" in said
