"""Clients that push and pull whole images, each driven as its users drive it, so that one test can ask them all.

A client logs in with a password, pushes an image of its own making (one file whose text is `seed`) and pulls; each answers with what the
client said, as `Said`.
"""

from __future__ import annotations

import io
import subprocess
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
import oras.client
import requests

from specimens import sound_image, write_layout

PLAIN = "--tls-verify=false"


@dataclass(frozen=True)
class Said:
    """How a client's work ended, and everything that it showed a person."""

    worked: bool
    text: str

    @classmethod
    def by(cls, done: subprocess.CompletedProcess[str]) -> Said:
        return cls(done.returncode == 0, done.stdout + done.stderr)


Get = Callable[[str], Any]  # a test's `request.getfixturevalue`


def context_of(seed: str | bytes) -> dict[str, bytes]:
    """The files of an image's sources, for a build from nothing."""
    return {"Dockerfile": b'FROM scratch\nCOPY seed /\nCMD ["/seed"]\n', "seed": seed.encode() if isinstance(seed, str) else seed}


def build_on(engine: docker.DockerClient, uri: str, seed: str | bytes) -> str:
    """Builds the image on a Docker engine and returns its id."""
    context = io.BytesIO()
    with tarfile.open(fileobj=context, mode="w") as archive:
        for path, content in context_of(seed).items():
            entry = tarfile.TarInfo(path)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    image, _ = engine.images.build(fileobj=io.BytesIO(context.getvalue()), custom_context=True, tag=uri)
    return image.id


def write_context(folder: Path, seed: str) -> Path:
    """Writes the image's sources into a new folder."""
    folder.mkdir()
    for path, content in context_of(seed).items():
        (folder / path).write_bytes(content)
    return folder


class Client:
    """What all have: the marker of the tool they need, and something to do in the end."""

    marker: str | None = None

    def tidy(self) -> None:
        """Takes away what would outlive the test."""


class Docker(Client):
    """The Docker CLI on an engine."""

    marker = "docker"

    def __init__(self, get: Get):
        self.run, self.engine, self.host = get("docker_cli"), get("docker_engine"), get("shell")["ECRLAB_REGISTRY"]
        self.images: set[str] = set()

    def tidy(self) -> None:
        for image in self.images:
            self.engine.images.remove(image, force=True)

    def build(self, uri: str, seed: str) -> None:
        self.images.add(build_on(self.engine, uri, seed))

    def log_in(self, password: str) -> Said:
        return Said.by(self.run("login", "--username", "AWS", "--password-stdin", self.host, input=password, check=False))

    def push(self, uri: str, seed: str) -> Said:
        self.build(uri, seed)
        return Said.by(self.run("push", uri, check=False))

    def pull(self, uri: str) -> Said:
        return Said.by(self.run("pull", uri, check=False))


class DockerSDK(Docker):
    """The docker package for Python on the same engine."""

    def __init__(self, get: Get):
        super().__init__(get)
        self.as_user: dict[str, str] = {}

    def log_in(self, password: str) -> Said:
        self.as_user = {"username": "AWS", "password": password}
        return self._try(lambda: self.engine.login(**self.as_user, registry=self.host, reauth=True)["Status"])

    def push(self, uri: str, seed: str) -> Said:
        self.build(uri, seed)
        events = list(self.engine.images.push(uri, auth_config=self.as_user, stream=True, decode=True))
        errors = [event["error"] for event in events if "error" in event]
        return Said(not errors, "\n".join(errors))

    def pull(self, uri: str) -> Said:
        return self._try(lambda: self.engine.images.pull(uri, auth_config=self.as_user).id)

    @staticmethod
    def _try(work: Callable[[], str]) -> Said:
        try:
            return Said(True, work())
        except docker.errors.APIError as error:
            return Said(False, str(error))


class Podman(Client):
    """podman, which keeps a log-in for each path."""

    marker = "podman"

    def __init__(self, get: Get):
        self.run, self.folder, self.host = get(self.marker), get("tmp_path"), get("shell")["ECRLAB_REGISTRY"]

    def log_in(self, password: str) -> Said:
        return Said.by(self.run("login", PLAIN, "--username", "AWS", "--password-stdin", self.host, input=password, check=False))

    def push(self, uri: str, seed: str) -> Said:
        self.run("build", "--tag", uri, write_context(self.folder / seed, seed))
        return Said.by(self.run("push", PLAIN, uri, f"docker://{uri}", check=False))

    def pull(self, uri: str) -> Said:
        return Said.by(self.run("pull", PLAIN, uri, check=False))


class Buildah(Podman):
    """buildah, which takes podman's words, but pulls nothing that it has unless it is told to."""

    marker = "buildah"

    def pull(self, uri: str) -> Said:
        return Said.by(self.run("pull", PLAIN, "--policy=always", uri, check=False))


class Skopeo(Podman):
    """skopeo, which copies from folders and to folders."""

    marker = "skopeo"

    def push(self, uri: str, seed: str) -> Said:
        layout = write_layout(self.folder / seed, sound_image(seed))
        return Said.by(self.run("copy", "--dest-tls-verify=false", f"oci:{layout}", f"docker://{uri}", check=False))

    def pull(self, uri: str) -> Said:
        return Said.by(self.run("copy", "--src-tls-verify=false", f"docker://{uri}", f"dir:{self.folder / 'down'}", check=False))


class Containerd(Client):
    """containerd through its own client, the resolver that Docker's containerd image store, nerdctl and Kubernetes use. It keeps no log-in."""

    marker = "containerd"

    def __init__(self, get: Get):
        self.run, self.folder, self.password = get("ctr"), get("tmp_path"), ""

    def log_in(self, password: str) -> Said:
        self.password = password
        return Said(True, "")

    def push(self, uri: str, seed: str) -> Said:
        layout, archive = write_layout(self.folder / seed, sound_image(seed), seed), self.folder / f"{seed}.tar"
        with tarfile.open(archive, "w") as packed:
            packed.add(layout, ".")
        self.run("images", "import", "--base-name", "tests/image", archive)
        return self._ask("push", uri, f"tests/image:{seed}")

    def pull(self, uri: str) -> Said:
        return self._ask("pull", uri)

    def _ask(self, verb: str, *names: str) -> Said:
        return Said.by(self.run("images", verb, "--plain-http", "--user", f"AWS:{self.password}", *names, check=False))


class Oras(Client):
    """The oras package for Python, which pushes files as artifacts. Its log-in asks no registry, and it logs what a registry says."""

    def __init__(self, get: Get):
        self.folder, self.logged, self.host = get("tmp_path"), get("caplog"), get("shell")["ECRLAB_REGISTRY"].partition("/")[0]
        self.client = oras.client.OrasClient(hostname=self.host, insecure=True, auth_backend="basic")

    @property
    def log_ins(self) -> str:
        return str(self.folder / "oras-auth.json")

    def log_in(self, password: str) -> Said:
        self.client = oras.client.OrasClient(hostname=self.host, insecure=True, auth_backend="basic")
        return Said(True, self.client.login("AWS", password, hostname=self.host, config_path=self.log_ins)["Status"])

    def push(self, uri: str, seed: str, text: str | None = None, **more: Any) -> Said:
        """Pushes `seed`.txt, which holds `text` or else the seed itself."""
        file = self.folder / f"{seed}.txt"
        file.write_text(text or seed)
        files = [f"{file}:text/plain"]
        return self._try(lambda: self.client.push(uri, files=files, config_path=self.log_ins, disable_path_validation=True, quiet=True, **more))

    def pull(self, uri: str) -> Said:
        return self._try(lambda: self.client.pull(uri, outdir=str(self.folder / "down"), config_path=self.log_ins))

    def _try(self, work: Callable[[], Any]) -> Said:
        self.logged.clear()
        try:
            return Said(True, str(work()))
        except (ValueError, requests.RequestException) as error:
            return Said(False, f"{error}\n{self.logged.text}")
