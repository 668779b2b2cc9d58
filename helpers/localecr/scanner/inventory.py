"""What is in an image, by layer: its layers read from the bottom up, squashed, and each cataloguer asked what it knows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial

from localecr.scanner import catalogers, layers
from localecr.scanner.catalogers import Cataloger
from localecr.scanner.catalogers.facts import Fact, Owned
from localecr.scanner.model import Inventory, Layer, OperatingSystem, Package, Problem, Subject, Unscannable
from localecr.scanner.overlay import Link, Overlay
from localecr.scanner.streams import Stream, Unreadable
from localecr.scanner.tar import Tar
from localecr.scanner.unpacking import Budget

VERSION = 1  # of what is written into an inventory: an image whose inventory is of another version is read again
MOST_FACTS = 200_000  # packages and owned libraries of an image: twenty times what a large one has, at half a kilobyte each

Facts = tuple[Fact, ...]


def take(subject: Subject) -> Inventory:
    """The inventory of an image. Raises Unscannable for layers that can't be read, or that are too much to read."""
    layers.refuse_other_than_images(subject)
    survey = Survey(subject)
    survey.read()
    return survey.inventory()


class Survey:
    """An image that is being read."""

    def __init__(self, subject: Subject):
        self._subject = subject
        self._files: Overlay[Facts] = Overlay()
        self._budget = Budget(sum(layer.size for layer in subject.layers))
        self._first: dict[tuple[str | None, ...], int] = {}  # package → the lowest layer that has it
        self._facts = 0

    def read(self) -> None:
        for number, layer in enumerate(self._subject.layers):
            with layers.opened(layer, self._budget) as tar:
                keep, copy = partial(self._keep, tar, number), partial(self._copy, number)
                self._files.apply(tar, number, keep, copy)

    def _keep(self, tar: Tar, layer: int, path: str) -> Facts | None:
        cataloger = catalogers.of(path)
        return self._noted(_told(cataloger, path, tar.body(), self._budget), layer) if cataloger else None

    def _copy(self, layer: int, facts: Facts, path: str) -> Facts | None:
        """What a hard link tells, at its own path."""
        return self._noted((replace(each, path=path) if isinstance(each, Package) else each for each in facts), layer) if catalogers.of(path) else None

    def _noted(self, facts: Iterable[Fact], layer: int) -> Facts:
        noted = []
        for fact in facts:
            if isinstance(fact, Owned) and not _is_library(fact.path):
                continue
            self._facts += 1
            if self._facts > MOST_FACTS:
                raise Unscannable("FAILED", f"The image's layers have more than {MOST_FACTS:,} packages.")
            if isinstance(fact, Package):
                self._first.setdefault(_identity(fact), layer)
            noted.append(fact)
        return tuple(noted)

    def inventory(self) -> Inventory:
        subject, found = self._subject, list(self._found())
        packages = {_identity(each): each for each in found if isinstance(each, Package)}
        system = self._system()
        named = {each.name: each for each in packages.values() if each.manager == "OS"}
        owners = self._owners(found, named | {each.path: each for each in packages.values() if each.manager == "OS"})
        told = [self._finished(each, system, owners.get(each.path.partition(":")[0])) for each in packages.values()]
        sources = {each.path for each in told if each.manager == "OS"}
        return Inventory(
            digest=subject.digest,
            os=system,
            architecture=subject.config.get("architecture", ""),
            layers=_layers(subject),
            packages=tuple(sorted(told, key=lambda each: (each.manager, each.name, each.version, each.path))),
            is_distroless=bool(sources) and all(path.startswith("var/lib/dpkg/status.d/") for path in sources),
            author=subject.config.get("author"),
            problems=tuple(sorted((each for each in found if isinstance(each, Problem)), key=lambda each: (each.subject, each.reason))),
        )

    def _found(self) -> Iterator[Fact]:
        for node in self._files.nodes.values():
            if not isinstance(node.content, Link):
                yield from node.content

    def _system(self) -> OperatingSystem | None:
        for path in ("etc/os-release", "usr/lib/os-release"):
            if (there := self._files.find(path)) and not isinstance(content := there[1].content, Link):
                for fact in content:
                    if isinstance(fact, OperatingSystem):
                        return fact
        return None

    def _owners(self, found: list[Fact], packages: dict[str, Package]) -> dict[str, Package]:
        owners = {}
        for fact in found:
            if isinstance(fact, Owned) and fact.owner in packages:
                there = self._files.find(fact.path)
                owners[there[0] if there else fact.path] = packages[fact.owner]
        return owners

    def _finished(self, package: Package, system: OperatingSystem | None, owner: Package | None) -> Package:
        layer = self._first[_identity(package)]
        if package.manager == "OS":
            package = replace(package, ecosystem=system and system.ecosystem)
        elif owner and layer <= self._first[_identity(owner)]:  # what a later layer wrote over an owned file, its owner doesn't look after
            package = replace(package, owner=owner.name)
        return replace(package, layer=self._subject.layers[layer].digest)


def _identity(package: Package) -> tuple[str | None, ...]:
    return package.manager, package.name, package.version, package.arch if package.manager == "OS" else package.path


def _is_library(path: str) -> bool:
    cataloger = catalogers.of(path)
    return cataloger is not None and cataloger.is_library


def _told(cataloger: Cataloger, path: str, body: Stream, budget: Budget) -> Iterator[Fact]:
    try:
        yield from cataloger.read(path, body, budget)
    except Unreadable as error:
        yield Problem(path, f"It {error}.")


def _layers(subject: Subject) -> tuple[Layer, ...]:
    """The layers, each with the command that the config's history names for it, where it names one for each."""
    commands = [each.get("created_by") for each in subject.config.get("history", []) if not each.get("empty_layer")]
    if len(commands) != len(subject.layers):
        commands = [None] * len(subject.layers)
    return tuple(Layer(layer.digest, layer.size, command) for layer, command in zip(subject.layers, commands, strict=True))
