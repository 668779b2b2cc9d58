"""An image that is read: its layers laid over each other, and of each file that a cataloguer knows what it tells."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial

from localecr.scanner import catalogers, layers
from localecr.scanner.catalogers import Cataloger
from localecr.scanner.catalogers.facts import Fact, Owned
from localecr.scanner.model import Package, Problem, Subject, Unscannable
from localecr.scanner.overlay import Link, Overlay
from localecr.scanner.streams import Stream, Unreadable
from localecr.scanner.tar import Tar
from localecr.scanner.unpacking import Budget

MOST_KEPT = 150_000  # files that tell of packages, and different things that they tell, in all layers: ten times what a large image has, at a kilobyte each

Facts = tuple[Fact, ...]


def identity(package: Package) -> tuple[str | None, ...]:
    """What makes two packages of an image the same one: of a library also where it lies."""
    return package.manager, package.name, package.version, package.arch if package.manager == "OS" else package.path


@dataclass
class Elsewhere:
    """What is to be read although its path doesn't tell it: real paths, and of what is known they are the place."""

    folders: dict[str, str] = field(default_factory=dict)  # usr/lib/sysimage/dpkg: var/lib/dpkg
    files: dict[str, str] = field(default_factory=dict)
    targets: dict[str, str] = field(default_factory=dict)  # files, of which only hard links lie where they tell something

    def cataloger(self, path: str) -> Cataloger | None:
        if path in self.files or path in self.targets:
            return catalogers.of(self.files.get(path) or self.targets[path])
        folder, _, name = path.rpartition("/")
        return catalogers.of(f"{self.folders[folder]}/{name}" if folder in self.folders else path)

    def __bool__(self) -> bool:
        return bool(self.folders or self.files or self.targets)


class Survey:
    """``files`` has what each file told, ``first`` the number of the lowest layer that has a package, by its ``identity``."""

    def __init__(self, subject: Subject, elsewhere: Elsewhere):
        """Reads the image. Raises Unscannable."""
        self.files: Overlay[Facts] = Overlay()
        self.first: dict[tuple[str | None, ...], int] = {}
        self._elsewhere = elsewhere
        self._told: dict[Fact, Fact] = {}  # each once, since every install tells again all that was there before
        self._untold: dict[str, str] = {}  # files that weren't read, by hard links to them that tell something
        self._budget = Budget(sum(layer.size for layer in subject.layers))
        self._kept = 0
        for number, layer in enumerate(subject.layers):
            with layers.opened(layer, self._budget) as tar:
                self.files.apply(tar, number, partial(self._keep, tar, number), partial(self._copy, number))

    def facts(self) -> Iterator[Fact]:
        """All that the files tell that are there in the end."""
        for path, node in self.files.nodes.items():
            if not isinstance(node.content, Link) and path not in self._elsewhere.targets:
                yield from node.content

    def elsewhere(self) -> Elsewhere:
        """What was passed over, and tells of packages as links have shown meanwhile."""
        missed = Elsewhere(targets=self._untold)
        for glob in catalogers.PLACES:
            folder, _, name = glob.rpartition("/")
            real = self._real(folder)
            if real not in (None, folder) and not catalogers.of(f"{real}/{name}"):
                missed.folders[real] = folder
            real = self._real(glob)
            if "*" not in name and real not in (None, glob) and real.rpartition("/")[0] not in missed.folders and not catalogers.of(real):
                missed.files[real] = glob
        return missed

    def _real(self, path: str) -> str | None:
        try:
            return self.files.real(path)
        except Unreadable:
            return None  # a link in circles

    def _keep(self, tar: Tar, layer: int, path: str) -> Facts | None:
        cataloger = self._elsewhere.cataloger(path) if self._elsewhere else catalogers.of(path)
        return self._noted(_told(cataloger, path, tar.body, self._budget), layer) if cataloger else None

    def _copy(self, layer: int, facts: Facts | None, target: str, path: str) -> Facts | None:
        """What a hard link tells: what the file tells that it is a link to, at its own path."""
        if not self._elsewhere.cataloger(path):
            return None
        if facts is None:
            self._count()
            self._untold[target] = path
            return None
        moved = (replace(each, path=path + each.path.removeprefix(target)) if isinstance(each, Package) else each for each in facts)
        return self._noted(moved, layer)

    def _noted(self, facts: Iterable[Fact], layer: int) -> Facts:
        noted: dict[Fact, None] = {}
        self._count()
        for fact in facts:
            if isinstance(fact, Owned) and not catalogers.is_library(fact.path):
                continue
            if fact not in self._told:
                self._count()
            noted[self._told.setdefault(fact, fact)] = None
            if isinstance(fact, Package):
                self.first.setdefault(identity(fact), layer)
        return tuple(noted)

    def _count(self) -> None:
        self._kept += 1
        if self._kept > MOST_KEPT:
            raise Unscannable("FAILED", f"The image's layers have more than {MOST_KEPT:,} packages and files that tell of them.")


def _told(cataloger: Cataloger, path: str, body: Callable[[], Stream], budget: Budget) -> Iterator[Fact]:
    try:
        yield from cataloger.read(path, body(), budget)
    except Unreadable as error:
        yield Problem(path, f"It {error}.")
