"""An image's configuration as somebody else wrote it: its shape, before anything relies on it. Source: OCI image spec, "Image Configuration"."""

from __future__ import annotations

import json
from typing import Any

TEXTS, NAMED = "a list of strings", "an object of strings"
WHOLE: dict[str, Any] = {"architecture": str, "os": str, "variant": str, "author": str, "created": str, "docker_version": str, "config": dict, "history": list}
CONTAINERS: dict[str, Any] = {
    "Cmd": TEXTS, "Entrypoint": TEXTS, "Env": TEXTS, "ExposedPorts": dict, "Labels": NAMED, "OnBuild": TEXTS, "Shell": TEXTS,
    "StopSignal": str, "User": str, "Volumes": dict, "WorkingDir": str,
}  # fmt: skip
STEP: dict[str, Any] = {"created": str, "created_by": str, "comment": str, "empty_layer": bool}


def diff_ids(config: bytes) -> list[str]:
    """The layers that a configuration names. Raises ValueError or RecursionError where it isn't one."""
    document = json.loads(config)
    _check(document, WHOLE, "the configuration")
    _check(document.get("config") or {}, CONTAINERS, "its config")
    for step in document.get("history") or []:
        _check(step, STEP, "its history")
    found = document["rootfs"]["diff_ids"] if isinstance(document.get("rootfs"), dict) else None
    if not _is(found, TEXTS):
        raise ValueError("the configuration has no rootfs with a list of diff_ids")
    return list(found)


def _check(document: Any, shape: dict[str, Any], where: str) -> None:
    if not isinstance(document, dict):
        raise ValueError(f"{where} is no object")
    wrong = [name for name, kind in shape.items() if document.get(name) is not None and not _is(document[name], kind)]
    if wrong:
        raise ValueError(f"{where} has something else in {', '.join(wrong)}")
    json.dumps(document, ensure_ascii=False).encode()  # half a surrogate pair is no text


def _is(value: Any, kind: Any) -> bool:
    if kind is TEXTS:
        return isinstance(value, list) and all(isinstance(each, str) for each in value)
    if kind is NAMED:
        return isinstance(value, dict) and all(isinstance(each, str) for each in value.values())
    return isinstance(value, kind)
