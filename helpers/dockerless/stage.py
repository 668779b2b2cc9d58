"""A stage of a build: the image as it is after the instructions so far."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from dockerless.blobs import digest_of
from dockerless.dockerfile import Instruction
from dockerless.errors import EngineError, invalid
from dockerless.images import Image
from dockerless.layers import Layer
from dockerless.platforms import Platform
from dockerless.tree import Tree
from dockerless.variables import WordError, expand

CREATED = "1980-01-01T00:00:00Z"  # the same for every image: a digest may not depend on the day of the build
LARGEST_CONFIG = 1 << 20  # bytes
DEFAULT_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass
class Stage:
    """``config`` is the image configuration's ``config``; ``tree`` the folder that a container would see, made when it is asked for.

    ``base`` is the id of the image that the stage began with, or "".
    """

    platform: Platform
    escape: str
    tree_of: Callable[[list[Layer]], Tree]
    config: dict[str, Any] = field(default_factory=lambda: {"Env": [DEFAULT_PATH]})
    history: list[dict[str, Any]] = field(default_factory=list)
    layers: list[Layer] = field(default_factory=list)
    author: str = ""
    base: str = ""
    changed: bool = False
    own_cmd: bool = False
    arguments: dict[str, str] = field(default_factory=dict)
    _tree: Tree | None = None

    @classmethod
    def on(cls, image: Image, platform: Platform, escape: str, tree_of: Callable[[list[Layer]], Tree]) -> Stage:
        """A stage that begins with an image."""
        config = json.loads(json.dumps(image.config.get("config") or {}))
        history = list(image.config.get("history") or [])
        return cls(platform, escape, tree_of, config, history, list(image.layers), image.config.get("author", ""), image.id)

    def next(self) -> Stage:
        """A stage that begins where this one ended."""
        config = json.loads(json.dumps(self.config))
        return Stage(self.platform, self.escape, self.tree_of, config, list(self.history), list(self.layers), self.author, self.id)

    @property
    def tree(self) -> Tree:
        if self._tree is None:
            self._tree = self.tree_of(self.layers)
        return self._tree

    @property
    def id(self) -> str:
        """The id of the image so far; "" for an empty one."""
        return digest_of(self.image_config()) if self.changed else self.base

    @property
    def environment(self) -> dict[str, str]:
        """ENV by name."""
        return dict(each.partition("=")[::2] for each in self.config.get("Env") or [])

    def value(self, word: str, instruction: Instruction) -> str:
        """A word with this stage's variables put in; ENV wins over ARG. Raises EngineError (400), which names the line."""
        try:
            return expand(word, self.arguments | self.environment, self.escape)
        except WordError as problem:
            raise fault(instruction, f"failed to process {json.dumps(word)}: {problem}") from None

    def record(self, created_by: str, layer: Layer | None = None) -> None:
        """Writes the history entry of an instruction, and takes its layer."""
        self.changed = True
        entry: dict[str, Any] = {"comment": "dockerless", "created": CREATED, "created_by": created_by}
        if layer is None:
            entry["empty_layer"] = True
        else:
            self.layers.append(layer)
        self.history.append(entry)

    def image_config(self) -> bytes:
        """The image's configuration. Source: OCI image spec, "Image Configuration"."""
        document = self.platform.fields() | {
            "config": self.config,
            "created": CREATED,
            "history": self.history,
            "rootfs": {"type": "layers", "diff_ids": [layer.diff_id for layer in self.layers]},
        }
        if self.author:
            document["author"] = self.author
        data = json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
        if len(data) > LARGEST_CONFIG:
            raise invalid(f"the image's configuration grows beyond {LARGEST_CONFIG} bytes")
        return data


def fault(instruction: Instruction, message: str) -> EngineError:
    """An error of dockerless' own, which says where in the Dockerfile it is."""
    return invalid(f"Dockerfile line {instruction.line}: {message}")
