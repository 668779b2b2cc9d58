"""Which Docker engine stands behind `lab.docker`, and a client of it with log-ins of its own."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ecrlab.errors import LabError

if TYPE_CHECKING:
    import docker

CHOICES = ("auto", "docker", "dockerless")
_NAMING_THE_FOLDER = threading.Lock()


@dataclass(frozen=True)
class Choice:
    """An engine: `name` "docker" or "dockerless", where it answers, and why it was chosen."""

    name: str
    settings: dict = field(default_factory=dict)
    why: str = ""


def wanted() -> str:
    """What `ECRLAB_ENGINE` asks for: auto, docker or dockerless. Raises LabError for anything else."""
    asked = os.environ.get("ECRLAB_ENGINE") or "auto"
    if asked not in CHOICES:
        raise LabError("engine", f"ECRLAB_ENGINE is {asked!r}.", f"Use one of {', '.join(CHOICES)}.")
    return asked


def choose(status: dict, probe: str, state: Path) -> Choice:
    """The engine for the lab with this status: a Docker engine that can pull `probe` from it, else dockerless.

    The answer is kept in `engine.json` for as long as this server runs. Raises LabError where `ECRLAB_ENGINE=docker`
    and no such engine is there.
    """
    asked = wanted()
    if asked == "dockerless":
        return Choice("dockerless", {"base_url": status["docker_host"]}, "ECRLAB_ENGINE asks for it")
    key = [status["pid"], status["port"], os.environ.get("DOCKER_HOST", "")]
    choice = _remembered(state, key)
    if choice is None or (asked == "docker" and choice.name != "docker"):  # it may have been started since
        choice = _search(status, probe, state)
    if "tls" not in choice.settings:  # certificates don't go into a file
        _remember(state, key, choice)
    if choice.name == "dockerless":
        if asked == "docker":
            raise LabError("engine", choice.why, "Start Docker or podman, or set ECRLAB_ENGINE=dockerless.")
        return Choice("dockerless", {"base_url": status["docker_host"]}, choice.why)
    return choice


def _search(status: dict, probe: str, state: Path) -> Choice:
    """The first engine that answers and can pull from the lab; else dockerless, and why none of them would do."""
    reasons = []
    for settings in candidates():
        if settings["base_url"] == status["docker_host"]:
            continue
        refusal = _probe(settings, probe, state)
        if refusal is None:
            why = f"The Docker engine at {settings['base_url']} answers and can pull from the lab."
            return Choice("docker", settings, why)
        reasons.append(refusal)
    return Choice("dockerless", {}, " ".join(filter(None, reasons)) or "No Docker engine answers on this machine.")


def candidates() -> Iterator[dict]:
    """Where a Docker engine may answer: `DOCKER_HOST`, else the usual sockets that are there."""
    if os.environ.get("DOCKER_HOST"):
        import docker.utils

        settings = docker.utils.kwargs_from_env()
        if not settings["base_url"].startswith("ssh://"):  # another machine, whose localhost isn't ours
            yield settings
        return
    if sys.platform == "win32":
        yield {"base_url": "npipe:////./pipe/docker_engine"}
        return
    runtime = Path(os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}")
    home = Path.home()
    sockets = (
        Path("/var/run/docker.sock"),
        runtime / "docker.sock",
        home / ".docker/run/docker.sock",
        home / ".docker/desktop/docker.sock",
        home / ".orbstack/run/docker.sock",
        home / ".colima/default/docker.sock",
        home / ".rd/docker.sock",
        runtime / "podman/podman.sock",
        Path("/run/podman/podman.sock"),
    )
    yield from ({"base_url": f"unix://{socket}"} for socket in sockets if os.path.exists(socket))


def _probe(settings: dict, image: str, state: Path) -> str | None:
    """None if this engine can pull from the lab; otherwise why not, or "" where nothing answers at all."""
    import docker.errors
    import requests

    try:
        client = _client(settings, state, timeout=20)
    except (docker.errors.DockerException, requests.RequestException, OSError) as error:
        forbidden = "Permission denied" in str(error)
        return f"A Docker engine is at {settings['base_url']}, but you may not use it (permission denied)." if forbidden else ""
    name, _, tag = image.rpartition(":")
    try:
        for event in client.api.pull(name, tag=tag, stream=True, decode=True):
            if "error" in event:
                return _unable(settings, event["error"])
    except (docker.errors.DockerException, requests.RequestException, OSError) as error:
        return _unable(settings, getattr(error, "explanation", None) or str(error))
    finally:
        client.close()
    return None


def _unable(settings: dict, reason: str) -> str:
    return f"The Docker engine at {settings['base_url']} answers but can't pull from the lab ({reason.strip()})."


def connect(choice: Choice, state: Path) -> docker.DockerClient:
    """A docker SDK client of this engine. It neither reads nor writes the learner's Docker configuration."""
    return _client(choice.settings, state, timeout=300)


def _client(settings: dict, state: Path, timeout: int) -> docker.DockerClient:
    import docker

    with _own_configuration(state):
        client = docker.DockerClient(**settings, timeout=timeout)
    # The SDK reads a configuration file again whenever it holds no log-in; with this one it never has reason to.
    client.api._auth_configs = _log_ins()
    client.api.trust_env = False  # no proxy, no .netrc: the engine is on this machine
    return client


def _log_ins():
    import docker.auth

    class LogIns(docker.auth.AuthConfig):
        """Log-ins in memory alone: not even an empty set of them is looked for in a file."""

        is_empty = False

    return LogIns({})


@contextmanager
def _own_configuration(state: Path) -> Iterator[None]:
    """While it lasts, the docker SDK finds the lab's empty configuration instead of the learner's."""
    folder = state / "docker-config"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text("{}", "utf-8")
    with _NAMING_THE_FOLDER:
        before = {name: os.environ.get(name) for name in ("DOCKER_CONFIG", "NO_PROXY", "no_proxy")}
        os.environ.update(DOCKER_CONFIG=str(folder), NO_PROXY="localhost,127.0.0.1", no_proxy="localhost,127.0.0.1")
        try:
            yield
        finally:
            for name, value in before.items():
                os.environ.pop(name) if value is None else os.environ.update({name: value})


def _remembered(state: Path, key: list) -> Choice | None:
    try:
        kept = json.loads((state / "engine.json").read_text("utf-8"))
        return Choice(**kept["choice"]) if kept["key"] == key else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _remember(state: Path, key: list, choice: Choice) -> None:
    from localecr.door import write_private

    write_private(state / "engine.json", json.dumps({"key": key, "choice": asdict(choice)}))  # it holds dockerless' secret
