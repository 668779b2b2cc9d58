"""A folder as dockerless sees it: paths and what is there, whether in a build context or in the layers of an image."""

from __future__ import annotations

import io
import posixpath
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from dockerless.errors import invalid
from dockerless.glob import Glob

FILE, DIRECTORY, LINK = "file", "directory", "link"
LINKS_FOLLOWED = 40  # as Linux does
LONGEST_PATH = 4096  # characters, as on Linux
DEEPEST = 256  # folders within each other
MOST_NAMES = 64 << 20  # characters of all paths together, which a small archive could make without end


class Outside(Exception):
    """A path, or a link on it, leads out of the tree."""


@dataclass(frozen=True)
class Node:
    """A file, a directory or a symbolic link. ``target`` is where a link points; ``open`` gives a file's content."""

    kind: str
    mode: int = 0o755
    size: int = 0
    target: str = ""
    uid: int = 0
    gid: int = 0
    open: Callable[[], BinaryIO] = io.BytesIO


def clean(path: str) -> str:
    """A path from the tree's root, without slashes at its ends: ``./a//b/`` is ``a/b``. Raises Outside where ``..`` leads out."""
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            if not parts:
                raise Outside(path)
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)


def parents(path: str) -> Iterator[str]:
    """``a/b/c`` has ``a`` and ``a/b``."""
    for end in re.finditer("/", path):
        yield path[: end.start()]


def refuse_endless(path: str) -> None:
    """Raises EngineError (400) for a path that no file system would take, before its every parent is looked at."""
    if len(path) > LONGEST_PATH or path.count("/") > DEEPEST:
        raise invalid(f"the path {path[:100]}… has more than {LONGEST_PATH} characters, or {DEEPEST} folders")


class Tree:
    """Paths (as ``clean`` gives them) and their nodes. The root is ``""`` and always a directory."""

    def __init__(self) -> None:
        self.nodes: dict[str, Node] = {"": Node(DIRECTORY)}
        self._inside: dict[str, set[str]] = {}  # each folder's paths
        self._names = 0

    def add(self, path: str, node: Node) -> None:
        """Puts a node in its place, with directories above it; what was there and isn't a directory any more goes with all below."""
        refuse_endless(path)
        for above in parents(path):
            if self.nodes.get(above, node).kind != DIRECTORY:
                self.remove(above)
            if above not in self.nodes:
                self._put(above, Node(DIRECTORY))
        if path in self.nodes and DIRECTORY in (self.nodes[path].kind, node.kind) and self.nodes[path].kind != node.kind:
            self.remove(path)
        self._put(path, node)

    def _put(self, path: str, node: Node) -> None:
        if path not in self.nodes:
            self._inside.setdefault(posixpath.dirname(path), set()).add(path)
            self._names += len(path)
            if self._names > MOST_NAMES:
                raise invalid(f"there are too many names: more than {MOST_NAMES >> 20} Mi characters together")
        self.nodes[path] = node

    def remove(self, path: str) -> None:
        self.remove_below(path)
        if self.nodes.pop(path, None):
            self._inside[posixpath.dirname(path)].discard(path)

    def remove_below(self, path: str) -> None:
        for below in list(self.below(path)):
            del self.nodes[below]
            self._inside.pop(below, None)
        self._inside.pop(path, None)

    def below(self, path: str) -> Iterator[str]:
        """Every path below that one, in no order."""
        todo = [path]
        while todo:
            inside = self._inside.get(todo.pop(), set()) - {""}
            yield from inside
            todo += inside

    def get(self, path: str) -> Node | None:
        return self.nodes.get(path)

    def resolve(self, path: str, inside: bool = False) -> str:
        """The real path: symbolic links are followed as in a container whose root is this tree.

        What doesn't exist is taken as it is written. With ``inside`` a link that climbs above the root, or is absolute, raises Outside.
        """
        todo, done = clean(path).split("/"), ""
        links = 0
        while todo:
            part = todo.pop(0)
            if part == ".." or part in ("", "."):
                done = posixpath.dirname(done) if part == ".." else done
                continue
            here = f"{done}/{part}" if done else part
            node = self.nodes.get(here)
            if node is None or node.kind != LINK:
                done = here
                continue
            links += 1
            if links > LINKS_FOLLOWED:
                raise Outside(path)
            if inside:
                if node.target.startswith("/"):
                    raise Outside(path)
                clean(f"{done}/{node.target}")
            done = "" if node.target.startswith("/") else done
            todo = node.target.split("/") + todo
        return done

    def matching(self, pattern: str) -> list[str]:
        """The paths that a pattern with ``*``, ``?`` and ``[…]`` names, sorted. ``*`` stays within one folder's names."""
        glob = Glob(pattern)
        return sorted(path for path in self.nodes if path and glob.matches(path))

