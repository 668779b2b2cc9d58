"""COPY and ADD: which files go where in an image.

Source: Docker's documentation, "Dockerfile reference", COPY and ADD; errors in the words of Docker's classic builder.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from dockerless.errors import EngineError, invalid
from dockerless.tarball import WHITEOUT, is_archive
from dockerless.tree import DIRECTORY, FILE, LINK, Node, Outside, Tree, clean, parents

Entries = dict[str, Node]


@dataclass(frozen=True)
class Copy:
    """One COPY or ADD. ``stage`` says that the source is another image and not the build context; ``unpack`` reads a local archive for ADD."""

    keyword: str
    source: Tree
    paths: tuple[str, ...]
    destination: str
    target: Tree
    stage: bool = False
    owner: tuple[int, int] | None = None
    mode: int | None = None
    unpack: Callable[[Node], Tree] | None = None

    def entries(self) -> Entries:
        """What the layer holds, by path. Raises EngineError in Docker's words where a source is missing or lies outside."""
        found = [each for path in self.paths for each in self._find(path)]
        if not found:
            raise self._failed("no source files were specified")
        if len(found) > 1 and not self.destination.endswith("/"):
            raise invalid(f"When using {self.keyword} with more than one source file, the destination must be a directory and end with a /")
        entries: Entries = {}
        try:
            for name, path in found:
                for destination, node in self._place(name, path):
                    self._add(entries, destination, node)
        except Outside:
            raise self._failed(f"the destination {self.destination} goes through symbolic links in a circle") from None
        return entries

    def _find(self, path: str) -> Iterator[tuple[str, str]]:
        """(name as it was asked for, real path) of every source that a path or pattern names."""
        try:
            asked = clean(posixpath.normpath("/" + path) if self.stage else path)
            if not any(character in path for character in "*?["):
                yield asked, self._existing(asked)
                return
            for match in self.source.matching(asked):
                yield match, self._existing(match)
        except Outside:
            raise self._failed(f"forbidden path outside the build context: {path} ()") from None
        except ValueError as problem:
            raise self._failed(str(problem)) from None

    def _existing(self, path: str) -> str:
        real = self.source.resolve(path, inside=not self.stage)
        if self.source.get(real) is not None:
            return real
        where = "" if self.stage else "file not found in build context or excluded by .dockerignore: "
        raise self._failed(f"{where}stat {path}: file does not exist")

    def _place(self, name: str, path: str) -> Iterator[tuple[str, Node]]:
        """Where a source's files go, as paths of the image."""
        root = self.target.resolve(posixpath.normpath(self.destination))
        node, there = self.source.nodes[path], self.target.get(root)
        if node.kind == DIRECTORY:
            yield from self._folder(root, self.source, path, there)
        elif self.unpack and self._is_archive(node):
            yield from self._folder(root, self.unpack(node), "", there, kept=True)
        elif self.destination.endswith("/") or (there and there.kind == DIRECTORY):
            yield _join(root, posixpath.basename(name)), self._made(node)
        else:
            yield root, self._made(node)

    def _folder(self, root: str, source: Tree, path: str, there: Node | None, kept: bool = False) -> Iterator[tuple[str, Node]]:
        if there and there.kind != DIRECTORY:
            raise self._failed(f"cannot copy to non-directory: /{root}")
        uid, gid = self.owner or (0, 0)
        yield root, Node(DIRECTORY, uid=uid, gid=gid)
        for below in source.below(path):
            place = _join(root, below[len(path) :].lstrip("/"))
            real = _join(self.target.resolve(posixpath.dirname(place)), posixpath.basename(place))
            yield real, source.nodes[below] if kept else self._made(source.nodes[below])

    def _made(self, node: Node) -> Node:
        """A node as it is in an image: its owner and mode are those of the flags, else root's and ``normal_mode``."""
        uid, gid = self.owner or (0, 0)
        mode = node.mode if self.stage or node.kind == LINK else normal_mode(node)
        if self.mode is not None and node.kind != LINK:
            mode = self.mode
        return replace(node, uid=uid, gid=gid, mode=mode)

    def _add(self, entries: Entries, path: str, node: Node) -> None:
        """Takes an entry, with the folders above it that the image doesn't have yet. A folder that is there stays as it is."""
        if posixpath.basename(path).startswith(WHITEOUT):
            raise self._failed(f"/{path}: in an image a name that begins with {WHITEOUT} means that a file is deleted, so it can't be copied")
        uid, gid = self.owner or (0, 0)
        for above in parents(path):
            folder = self.target.get(above)
            if folder and folder.kind != DIRECTORY:
                raise self._failed(f"cannot copy to non-directory: /{above}")
            if folder is None:
                entries.setdefault(above, Node(DIRECTORY, uid=uid, gid=gid))
        there = self.target.get(path)
        if path and not (node.kind == DIRECTORY and there and there.kind == DIRECTORY):
            entries[path] = node

    def _is_archive(self, node: Node) -> bool:
        with node.open() as file:
            return is_archive(file)

    def _failed(self, message: str) -> EngineError:
        return invalid(f"{self.keyword} failed: {message}")


def normal_mode(node: Node) -> int:
    """0644, or 0755 for folders and for what Linux can execute: ELF files and scripts that begin with ``#!``.

    The mode in a context isn't looked at: Windows has none, a umask changes it, and the same sources shall give the same image.
    """
    if node.kind != FILE:
        return 0o755
    with node.open() as file:
        head = file.read(4)
    return 0o755 if head.startswith((b"#!", b"\x7fELF")) else 0o644


def new_folders(tree: Tree, path: str) -> Entries:
    """The folders that WORKDIR has to make."""
    real = tree.resolve(path)
    return {each: Node(DIRECTORY) for each in (*parents(real), real) if each and tree.get(each) is None}


def _join(folder: str, name: str) -> str:
    return f"{folder}/{name}".strip("/")
