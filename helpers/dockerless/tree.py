"""A folder as dockerless sees it: paths and what is there, whether in a build context or in the layers of an image."""

from __future__ import annotations

import io
import posixpath
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

FILE, DIRECTORY, LINK = "file", "directory", "link"
LINKS_FOLLOWED = 40  # as Linux does


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


class Tree:
    """Paths (as ``clean`` gives them) and their nodes. The root is ``""`` and always a directory."""

    def __init__(self) -> None:
        self.nodes: dict[str, Node] = {"": Node(DIRECTORY)}

    def add(self, path: str, node: Node) -> None:
        """Puts a node in its place, with directories above it; what was there and isn't a directory any more goes with all below."""
        for above in parents(path):
            if self.nodes.get(above, node).kind != DIRECTORY:
                self.remove(above)
            self.nodes.setdefault(above, Node(DIRECTORY))
        if path in self.nodes and DIRECTORY in (self.nodes[path].kind, node.kind) and self.nodes[path].kind != node.kind:
            self.remove(path)
        self.nodes[path] = node

    def remove(self, path: str) -> None:
        self.remove_below(path)
        self.nodes.pop(path, None)

    def remove_below(self, path: str) -> None:
        for below in list(self.below(path)):
            del self.nodes[below]

    def below(self, path: str) -> Iterator[str]:
        """Every path below that one, in no order."""
        start = f"{path}/" if path else ""
        return (each for each in self.nodes if each.startswith(start) and each != path)

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
        expression = re.compile(glob_expression(pattern))
        return sorted(path for path in self.nodes if path and expression.fullmatch(path))


def glob_expression(pattern: str, any_depth: bool = False) -> str:
    """A regular expression for the patterns of Go's ``filepath.Match``; with ``any_depth`` also ``**``, as in ``.dockerignore``.

    Raises ValueError for a pattern that isn't one.
    """
    out, rest = "", pattern
    while rest:
        if any_depth and rest.startswith("**/"):
            out, rest = out + "(?:.*/)?", rest[3:]
        elif any_depth and rest.startswith("**"):
            out, rest = out + ".*", rest[2:]
        elif rest[0] == "[":
            found = re.match(r"\[(\^?)((?:\\.|[^\]\\])+)\]", rest, re.DOTALL)
            if not found:
                raise ValueError(f"syntax error in pattern: {pattern}")
            inside = "".join("-" if each == "-" else re.escape(each[-1]) for each in re.findall(r"\\.|.", found[2], re.DOTALL))
            out, rest = f"{out}[{found[1]}{inside}]", rest[found.end() :]
        elif rest[0] == "\\":
            out, rest = out + re.escape(rest[1:2]), rest[2:]
        else:
            out, rest = out + {"*": "[^/]*", "?": "[^/]"}.get(rest[0], re.escape(rest[0])), rest[1:]
    return f"(?s:{out})"
