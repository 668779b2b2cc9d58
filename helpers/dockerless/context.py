"""Build contexts: the files that a Dockerfile may copy, from a folder or from a tar, without what ``.dockerignore`` names.

Source: Docker's documentation, "Build context" and ".dockerignore files".
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from dockerless.errors import EngineError, invalid
from dockerless.glob import Glob
from dockerless.tarball import read_tree
from dockerless.tree import DIRECTORY, FILE, LINK, Node, Outside, Tree, parents

LARGEST_TEXT = 1 << 20  # bytes of a Dockerfile, and of a .dockerignore


class Ignore:
    """The patterns of a ``.dockerignore``: the last one that matches a path, or a folder above it, decides."""

    def __init__(self, text: str) -> None:
        self.patterns: list[tuple[Glob, bool]] = []
        for line in text.removeprefix("\ufeff").split("\n"):
            pattern = line.strip()
            if not pattern or line.startswith("#"):
                continue
            keeps = pattern.startswith("!")
            pattern = posixpath.normpath(pattern.removeprefix("!").strip()).strip("/")
            if pattern == ".":
                continue
            try:
                self.patterns.append((Glob(pattern, any_depth=True), keeps))
            except ValueError as error:
                raise invalid(f"error checking context: {error}") from None

    def excludes(self, path: str) -> bool:
        excluded = False
        for pattern, keeps in self.patterns:
            if any(pattern.matches(each) for each in (path, *parents(path))):
                excluded = not keeps
        return excluded

    @property
    def brings_back(self) -> bool:
        """Whether something below an excluded folder may be kept."""
        return any(keeps for _, keeps in self.patterns)


class Context:
    """``files`` is what COPY and ADD see; ``read`` also reads the Dockerfile, which ``.dockerignore`` may hide from them."""

    def __init__(self, everything: Tree) -> None:
        self._everything = everything
        self.files = Tree()
        ignore = Ignore(self.read(".dockerignore") or "")
        for path, node in everything.nodes.items():
            if path and not ignore.excludes(path):
                self.files.add(path, node)

    def read(self, path: str) -> str | None:
        """A text file of the context; None where there is none."""
        try:
            node = self._everything.get(self._everything.resolve(path, inside=True))
        except Outside:
            raise invalid(f"forbidden path outside the build context: {path} ()") from None
        if node is None or node.kind != FILE:
            return None
        if node.size > LARGEST_TEXT:
            raise invalid(f"{path} has {node.size} bytes, and dockerless reads at most {LARGEST_TEXT}")
        with node.open() as file:
            try:
                return file.read(node.size).decode("utf-8-sig")
            except UnicodeDecodeError:
                raise invalid(f"{path} is not a text in UTF-8") from None


def from_tar(path: Path) -> Context:
    """The context in a (decompressed) tar. Raises EngineError (400) for one that reaches out of itself."""
    return Context(read_tree(path))


def _opener(path: str) -> Callable[[], BinaryIO]:
    return lambda: open(path, "rb")


def from_folder(folder: Path) -> Context:
    """The context in a folder. Its files are read when they are copied, not before."""
    if not folder.is_dir():
        raise EngineError(f"there is no folder {folder} to build from")
    tree = Tree()
    ignored = folder / ".dockerignore"
    ignore = Ignore(ignored.read_text("utf-8") if ignored.is_file() else "")
    todo = [""]
    while todo:
        above = todo.pop()
        for entry in os.scandir(folder / above):
            path = f"{above}/{entry.name}".lstrip("/")
            if entry.is_symlink():
                tree.add(path, Node(LINK, mode=0o777, target=os.readlink(entry.path).replace(os.sep, "/")))
            elif entry.is_dir():
                tree.add(path, Node(DIRECTORY))
                if ignore.brings_back or not ignore.excludes(path):
                    todo.append(path)
            elif entry.is_file():
                tree.add(path, Node(FILE, size=entry.stat().st_size, open=_opener(entry.path)))
    return Context(tree)
