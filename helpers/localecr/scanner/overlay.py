"""Layers laid over each other, from the bottom up: what an engine would unpack, of which only what tells of packages is kept.

Sources: OCI image specification, "Image Layer Filesystem Changeset"; path_resolution(7). Links are followed as container engines follow
them while they unpack: inside of the image, and not for ever.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from localecr.scanner.streams import Unreadable
from localecr.scanner.tar import Entry

Content = TypeVar("Content")
Keep = Callable[[str], Content | None]
Copy = Callable[[Content | None, str, str], Content | None]

WHITEOUT, OPAQUE = ".wh.", ".wh..wh..opq"
LONGEST_PATH = 4096  # characters, Linux's PATH_MAX
DEEPEST = 256  # folders on the way of one path, since some work is done for each
MOST_FOLLOWED = 40  # links on the way of one path, Linux's MAXSYMLINKS
MOST_LINKS = 200_000  # of an image: where they lead is kept until the end, at some 300 bytes each
REMEMBERED = 4096  # folders whose real path is remembered, since an archive's entries stand folder by folder


@dataclass(frozen=True, slots=True)
class Link:
    target: str


@dataclass(frozen=True, slots=True)
class Node(Generic[Content]):
    """What an image has at a path, and the number of the layer that it is from."""

    content: Content | Link
    layer: int


class Overlay(Generic[Content]):
    """An image's files, as far as they are kept, and its symbolic links. Paths have no slash at their beginning."""

    def __init__(self) -> None:
        self.nodes: dict[str, Node[Content]] = {}
        self._folders: dict[str, set[str]] = {}  # those with something in them, and its names
        self._links = 0
        self._real: dict[str, str] = {}
        self._hidden: set[tuple[str, bool]] = set()  # what the layer has hidden already

    def apply(self, entries: Iterable[Entry], layer: int, keep: Keep[Content], copy: Copy[Content]) -> None:
        """Lays a layer over those that are there. Raises Unreadable for a path that nothing can be unpacked at, and what the two raise.

        ``keep`` is asked for the content of each file, by its path. ``copy`` is asked for that of each hard link, by the content of what it
        is a link to, None where that wasn't kept, and by the paths of that and of the link. None: it needn't be kept.
        """
        self._hidden.clear()
        for name, kind, target in entries:
            folder, _, name = clean(name).rpartition("/")
            folder = self.real(folder)
            if name.startswith(WHITEOUT):
                self._hide(folder if name == OPAQUE else _joined(folder, name.removeprefix(WHITEOUT)), name == OPAQUE, layer)
                continue
            path = _joined(folder, name)
            if kind == "directory":
                if path in self.nodes:
                    self._drop(path)  # alone: what this layer has in the folder may have come before it
            elif path in self.nodes or path in self._folders:
                self._remove(path)
            content: Content | Link | None = None
            if kind == "file":
                content = keep(path)
            elif kind == "link":
                content = self._link(target)
            elif kind == "hardlink":
                there = self.nodes.get(file := self._file(target))
                content = there.content if there and isinstance(there.content, Link) else copy(there and there.content, file, path)
            if content is not None:
                self._put(path, content, layer)

    def find(self, path: str) -> tuple[str, Node[Content]] | None:
        """Where what is at a path really is, links followed, and what it is; None where nothing is kept, or a link leads in circles."""
        try:
            real = self._follow(path)
        except Unreadable:
            return None
        return (real, self.nodes[real]) if real in self.nodes else None

    def real(self, folder: str) -> str:
        """Where a folder really is, links followed. Raises Unreadable for a link that leads in circles."""
        real = self._real.get(folder) if self._links else folder
        if real is None:
            real = self._follow(folder)
            if len(self._real) >= REMEMBERED:
                self._real.clear()
            self._real[folder] = real
        return real

    def _follow(self, path: str) -> str:
        done, ahead, followed = "", path.split("/")[::-1], 0
        while ahead:
            part = ahead.pop()
            if part == "..":
                done = done.rpartition("/")[0]
            if part in ("", ".", ".."):
                continue
            node = self.nodes.get(reached := _joined(done, part))
            if node is None or not isinstance(node.content, Link):
                done = reached
                continue
            followed += 1
            if followed > MOST_FOLLOWED or len(reached) > LONGEST_PATH:
                raise Unreadable(f"has a link that leads in circles, at {reached[:200]}")
            if node.content.target.startswith("/"):
                done = ""
            ahead += node.content.target.split("/")[::-1]
        return done

    def _file(self, target: str) -> str:
        """Where the file really is that a hard link names; itself it may be a symbolic link."""
        folder, _, name = clean(target).rpartition("/")
        return _joined(self.real(folder), name)

    def _link(self, target: str) -> Link:
        _refuse_endless(target)
        self._links += 1
        if self._links > MOST_LINKS:
            raise Unreadable(f"has, with the layers below it, more than {MOST_LINKS:,} symbolic links")
        return Link(target)

    def _put(self, path: str, content: Content | Link, layer: int) -> None:
        self.nodes[path] = Node(content, layer)
        if isinstance(content, Link):
            self._real.clear()
        while path:
            path, _, name = path.rpartition("/")
            names = self._folders.setdefault(path, set())
            if name in names:
                break
            names.add(name)

    def _hide(self, path: str, is_opaque: bool, layer: int) -> None:
        """Removes what layers below this one have at a path, or in the folder that it is, whichever comes first in this one."""
        if (path, is_opaque) in self._hidden or (path not in self.nodes and path not in self._folders):
            return
        self._hidden.add((path, is_opaque))
        for each in list(self._below(path)):
            if self.nodes[each].layer < layer and not (is_opaque and each == path):
                self._drop(each)

    def _remove(self, path: str) -> None:
        for each in list(self._below(path)):
            self._drop(each)

    def _below(self, path: str) -> Iterator[str]:
        """The paths of all that is kept at a path and below it."""
        waiting = [path]
        while waiting:
            path = waiting.pop()
            if path in self.nodes:
                yield path
            waiting += [_joined(path, name) for name in self._folders.get(path, ())]

    def _drop(self, path: str) -> None:
        if isinstance(self.nodes.pop(path).content, Link):
            self._links -= 1
            self._real.clear()
        while path and path not in self.nodes and path not in self._folders:
            path, _, name = path.rpartition("/")
            names = self._folders[path]
            names.discard(name)
            if names:
                break
            del self._folders[path]


def _joined(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def _refuse_endless(path: str) -> None:
    if len(path) > LONGEST_PATH or path.count("/") > DEEPEST:
        raise Unreadable(f"has a path of more than {LONGEST_PATH:,} characters, or in more than {DEEPEST} folders")


def clean(name: str) -> str:
    """A path from the image's root: no slash before or after it, no ``.``, and no ``..``, which leads nowhere above the root.

    Raises Unreadable for one that is too long or too deep to be unpacked.
    """
    name = name.removeprefix("./")
    _refuse_endless(name)
    if not ("//" in name or "/." in name or name.startswith(("/", ".")) or name.endswith("/")):
        return name
    parts: list[str] = []
    for part in name.split("/"):
        if part == "..":
            del parts[-1:]
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)
