"""What is in an image, by layer: its layers read from the bottom up, squashed, and each cataloguer asked what it knows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from localecr.scanner import layers
from localecr.scanner.catalogers.facts import Owned
from localecr.scanner.model import Inventory, Layer, OperatingSystem, Package, Problem, Subject
from localecr.scanner.overlay import Link
from localecr.scanner.survey import Elsewhere, Survey, identity

VERSION = 3  # of what is read and written into an inventory: an image whose inventory is of another version is read again
STATUS_D = "/status.d/"
MOST_PROBLEMS = 100  # that are told one by one


def take(subject: Subject) -> Inventory:
    """The inventory of an image. Raises Unscannable for layers that can't be read, or that are too much to read."""
    layers.refuse_other_than_images(subject)
    survey = Survey(subject, Elsewhere())
    if elsewhere := survey.elsewhere():  # which only few images have
        survey = Survey(subject, elsewhere)
    facts = list(survey.facts())
    packages = {identity(each): each for each in facts if isinstance(each, Package)}
    installed = [each for each in packages.values() if each.manager == "OS"]
    system = _system(survey)
    owners = _owners(survey, installed, [each for each in facts if isinstance(each, Owned)])
    told = [_finished(each, subject, survey, system, owners) for each in packages.values()]
    return Inventory(
        digest=subject.digest,
        os=system,
        architecture=_text(subject.config.get("architecture")) or "",
        layers=_layers(subject),
        packages=tuple(sorted(told, key=lambda each: (each.manager, each.name, each.version, each.path, each.arch or ""))),
        is_distroless=bool(installed) and all(STATUS_D in each.path for each in installed),
        author=_text(subject.config.get("author")),
        problems=_problems(subject, {each for each in facts if isinstance(each, Problem)}),
    )


def _system(survey: Survey) -> OperatingSystem | None:
    for path in ("etc/os-release", "usr/lib/os-release"):
        there = survey.files.find(path)
        if there and not isinstance(there[1].content, Link):
            for fact in there[1].content:
                if isinstance(fact, OperatingSystem):
                    return fact
    return None


def _owners(survey: Survey, installed: list[Package], owned: Iterable[Owned]) -> dict[str, Package]:
    """The packages that are installed, by the paths of libraries that they brought."""
    named = {each.name: each for each in installed} | {each.path: each for each in installed if STATUS_D in each.path}
    owners = {}
    for fact in owned:
        if fact.owner in named:
            there = survey.files.find(fact.path)
            owners[there[0] if there else fact.path] = named[fact.owner]
    return owners


def _finished(package: Package, subject: Subject, survey: Survey, system: OperatingSystem | None, owners: dict[str, Package]) -> Package:
    number = survey.first[identity(package)]
    layer = subject.layers[number].digest
    if package.manager == "OS":
        return replace(package, layer=layer, ecosystem=system and system.ecosystem)
    owner = owners.get(package.path.partition(":")[0] if package.manager == "JAR" else package.path)
    if owner and number > survey.first[identity(owner)]:
        owner = None  # a later layer wrote over the file, which its owner doesn't look after any more
    return replace(package, layer=layer, owner=owner and owner.name)


def _problems(subject: Subject, problems: set[Problem]) -> tuple[Problem, ...]:
    told = sorted(problems, key=lambda each: (each.subject, each.reason))[:MOST_PROBLEMS]
    untold = len(problems) - len(told)
    return (*told, *([Problem(subject.digest, f"There are {untold:,} more problems in its files.")] if untold else []))


def _layers(subject: Subject) -> tuple[Layer, ...]:
    """The layers, each with the command that made it, where the config's history has one for each."""
    history = subject.config.get("history")
    steps = [each for each in history if isinstance(each, dict) and not each.get("empty_layer")] if isinstance(history, list) else []
    commands = [_text(each.get("created_by")) for each in steps] if len(steps) == len(subject.layers) else [None] * len(subject.layers)
    return tuple(Layer(layer.digest, layer.size, command) for layer, command in zip(subject.layers, commands, strict=True))


def _text(value: object) -> str | None:
    """What a config says, which anybody may have written."""
    return value if isinstance(value, str) else None
