"""Images as the Docker Engine API shows them."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any

from dockerless import platforms
from dockerless.engine import Engine
from dockerless.errors import invalid
from dockerless.images import Image

VERSION = "0.1.0"
API_VERSION, MIN_API_VERSION = (1, 44), (1, 24)
API, MIN_API = ("{}.{}".format(*version) for version in (API_VERSION, MIN_API_VERSION))
CONFIG: dict[str, Any] = {  # what an image doesn't set; programs expect to find it
    "Hostname": "",
    "Domainname": "",
    "User": "",
    "AttachStdin": False,
    "AttachStdout": False,
    "AttachStderr": False,
    "Tty": False,
    "OpenStdin": False,
    "StdinOnce": False,
    "Env": None,
    "Cmd": None,
    "Image": "",
    "Volumes": None,
    "WorkingDir": "",
    "Entrypoint": None,
    "OnBuild": None,
    "Labels": None,
}
Filters = dict[str, list[str]]


def version() -> dict[str, Any]:
    """`GET /version`. It says that this is dockerless and not Docker Engine."""
    host = platforms.host()
    details = {"ApiVersion": API, "MinAPIVersion": MIN_API, "Arch": host.architecture, "Os": host.os}
    return {
        "Platform": {"Name": "dockerless: images without a container engine"},
        "Components": [{"Name": "dockerless", "Version": VERSION, "Details": details}],
        "Version": VERSION,
        **details,
        "GitCommit": "",
        "GoVersion": "",
        "KernelVersion": "",
        "BuildTime": "",
    }


def info(engine: Engine) -> dict[str, Any]:
    """`GET /info`."""
    return {
        "ID": "dockerless",
        "Name": "dockerless",
        "Containers": 0,
        "ContainersRunning": 0,
        "ContainersPaused": 0,
        "ContainersStopped": 0,
        "Images": len(list(engine.images)),
        "Driver": "dockerless",
        "ServerVersion": VERSION,
        "OperatingSystem": "dockerless (no container engine)",
        "OSType": "linux",
        "Architecture": platforms.host().architecture,
        "NCPU": os.cpu_count() or 1,
        "MemTotal": 0,
        "DockerRootDir": str(engine.folder),
        "IndexServerAddress": "https://index.docker.io/v1/",
        "RegistryConfig": {"InsecureRegistryCIDRs": ["127.0.0.0/8", "::1/128"], "IndexConfigs": {}, "Mirrors": []},
        "ExperimentalBuild": False,
        "Warnings": ["dockerless builds, tags, pushes and pulls images; it runs no containers"],
    }


def inspect(engine: Engine, image: Image) -> dict[str, Any]:
    """`GET /images/{name}/json`."""
    config = image.config
    return {
        "Id": image.id,
        "RepoTags": engine.images.tags_of(image),
        "RepoDigests": engine.images.digests_of(image),
        "Parent": "",
        "Comment": "",
        "Created": config.get("created", ""),
        "DockerVersion": config.get("docker_version", ""),
        "Author": config.get("author", ""),
        "Config": CONFIG | (config.get("config") or {}),
        "Architecture": image.platform.architecture,
        **({"Variant": image.platform.variant} if image.platform.variant else {}),
        "Os": image.platform.os,
        "Size": image.size,
        "GraphDriver": {"Name": "dockerless", "Data": None},
        "RootFS": {"Type": "layers", "Layers": [layer.diff_id for layer in image.layers]},
        "Metadata": {"LastTagTime": "0001-01-01T00:00:00Z"},
    }


def listing(engine: Engine, filters: Filters) -> list[dict[str, Any]]:
    """`GET /images/json`, the youngest image first. Raises EngineError (400) for a filter that isn't built."""
    for name in filters:
        if name not in FILTERS:
            raise invalid(f"Invalid filter '{name}'")
    entries = [_summary(engine, image) for image in engine.images]
    patterns = filters.get("reference", [])
    if patterns:  # only the names that were asked for are shown
        for entry in entries:
            for names in ("RepoTags", "RepoDigests"):
                entry[names] = [name for name in entry[names] if any(_matches(name, pattern) for pattern in patterns)]
        entries = [entry for entry in entries if entry["RepoTags"]]
    return [entry for entry in entries if all(any(FILTERS[name](entry, value) for value in values) for name, values in filters.items())]


def _summary(engine: Engine, image: Image) -> dict[str, Any]:
    return {
        "Id": image.id,
        "ParentId": "",
        "RepoTags": engine.images.tags_of(image),
        "RepoDigests": engine.images.digests_of(image),
        "Created": _seconds(image.config.get("created", "")),
        "Size": image.size,
        "SharedSize": -1,
        "Labels": (image.config.get("config") or {}).get("Labels"),
        "Containers": -1,
    }


def _matches(name: str, pattern: str) -> bool:
    """``web``, ``web:1.*`` or ``localhost:4510/*/web``; without a tag any tag will do."""
    repository = name.partition("@")[0] if "@" in name else name.rpartition(":")[0]
    return fnmatchcase(name if ":" in pattern.rpartition("/")[2] else repository, pattern)


def _by_label(entry: dict[str, Any], wanted: str) -> bool:
    name, equals, value = wanted.partition("=")
    labels = entry["Labels"] or {}
    return name in labels and (not equals or labels[name] == value)


FILTERS: dict[str, Callable[[dict[str, Any], str], bool]] = {
    "dangling": lambda entry, value: (value in ("true", "1", "True")) == (not entry["RepoTags"]),
    "label": _by_label,
    "reference": lambda entry, pattern: bool(entry["RepoTags"]),
}


def history(engine: Engine, image: Image) -> list[dict[str, Any]]:
    """`GET /images/{name}/history`, the last instruction first."""
    sizes = [layer.content_size for layer in image.layers]
    entries = []
    for step in image.config.get("history") or []:
        size = 0 if step.get("empty_layer") or not sizes else sizes.pop(0)
        entries.append(
            {
                "Id": "<missing>",
                "Created": _seconds(step.get("created", "")),
                "CreatedBy": step.get("created_by", ""),
                "Tags": None,
                "Size": size,
                "Comment": step.get("comment", ""),
            }
        )
    if entries:
        entries[-1] |= {"Id": image.id, "Tags": engine.images.tags_of(image) or None}
    return entries[::-1]


def _seconds(text: str) -> int:
    """A time of a configuration as seconds since 1970; their fractions have up to nine digits, which Python 3.11 doesn't read."""
    try:
        return int(datetime.fromisoformat(re.sub(r"\.\d+", "", text)).timestamp())
    except (ValueError, OverflowError):
        return 0
