"""What happens in the fortnight, hour by hour: a list of things that somebody does, the same at every run. Nothing is done here.

Minutes count from the first Monday, 00:00 UTC. Weekdays hum and weekends are quiet; in one night a service of production can't
stay up and is started again and again; in another a key of the builders is used by somebody who is not of the team.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace

from ecrlab.traffic.cast import BUILDER, BUILDERS, CLI, CLUSTER, DEVELOPERS, ELSEWHERE, NIGHTLY, OFFICE, ORDERS, REPOSITORIES, RUNNERS, SDK, SEARCH, STRANGER

DAYS = 14
HOUR, DAY = 60, 24 * 60
STABLE = "stable"  # the tag that production runs
NOISY, LEAKED = 8, 11  # the days (0 is the first Monday) whose small hours are out of the ordinary


@dataclass(frozen=True)
class Action:
    """At `minute`, `who` does something (`acts.ACTS`) from an address, with a program."""

    minute: int
    who: str
    address: str
    agent: str
    does: str
    repository: str = ""
    build: int = 0
    tags: tuple[str, ...] = ()
    number: int = 0  # tells apart what one and the same does at the same minute


def tell(volume: float = 1.0) -> list[Action]:
    """The fortnight in order; `volume` below 1 has less of everything, and all that is out of the ordinary."""
    chance = random.Random(7)
    builds = _Builds()
    happened = [*_commits(chance, builds, volume), *_nights(builds, volume), *_office(chance, builds, volume)]
    happened += [*_production(chance, volume), *_noisy_night(volume), *_leaked_key()]
    return sorted(_one_after_another(happened), key=lambda each: (each.minute, each.who, each.address, each.number))


def _one_after_another(actions: list[Action]) -> Iterator[Action]:
    """What pulls an image waits for the minute after it moved, so that the calls don't hang on who came first."""
    moved = {(each.minute, each.repository) for each in actions if each.does in ("push", "delete") and STABLE in each.tags}
    for action in actions:
        while action.does in ("pull", "start") and (action.minute, action.repository) in moved:
            action = replace(action, minute=action.minute + 1)
        yield action


class _Builds:
    """Hands out the numbers of builds, service by service."""

    def __init__(self) -> None:
        self._last = dict.fromkeys(REPOSITORIES, 0)

    def next(self, repository: str) -> int:
        self._last[repository] += 1
        return self._last[repository]


def _times(volume: float, count: int) -> int:
    return max(1, round(volume * count))


def _weekdays() -> Iterator[int]:
    return (day for day in range(DAYS) if day % 7 < 5)


def _commits(chance: random.Random, builds: _Builds, volume: float) -> Iterator[Action]:
    """CI builds each commit, pushes it under its name, and calls it stable: the first ones at midnight, then in office hours."""
    for number, repository in enumerate(REPOSITORIES):
        yield _build(chance, builds, number, repository)
    for day in _weekdays():
        for number, repository in enumerate(REPOSITORIES):
            for commit in range(_times(volume, 2)):
                at = day * DAY + (8 + 4 * commit) * HOUR + 12 * number + chance.randrange(3 * HOUR)
                yield _build(chance, builds, at, repository)


def _build(chance: random.Random, builds: _Builds, minute: int, repository: str) -> Action:
    commit = f"{chance.randrange(16**7):07x}"
    return Action(minute, BUILDER, BUILDERS, CLI, "push", repository, builds.next(repository), (commit, STABLE))


def _nights(builds: _Builds, volume: float) -> Iterator[Action]:
    """A nightly build of each service, at three."""
    for day in range(0, DAYS, round(1 / min(1.0, volume))):
        for number, repository in enumerate(REPOSITORIES):
            yield Action(day * DAY + 3 * HOUR + 5 * number, NIGHTLY, BUILDERS, CLI, "push", repository, builds.next(repository), (f"nightly-{day + 1}",))


def _office(chance: random.Random, builds: _Builds, volume: float) -> Iterator[Action]:
    """Developers pull what is stable and push what they work on."""
    for day in _weekdays():
        for place, (name, own) in enumerate(DEVELOPERS.items()):
            morning, address = day * DAY + 8 * HOUR + chance.randrange(HOUR), OFFICE.replace(".10", f".{10 + place}")
            for number, repository in enumerate(REPOSITORIES[: _times(volume, 2)]):
                yield Action(morning, name, address, CLI, "pull", repository, tags=(STABLE,), number=number)
            for _ in range(_times(volume, 2)):
                at = day * DAY + 9 * HOUR + chance.randrange(8 * HOUR)
                yield Action(at, name, address, CLI, "push", own, builds.next(own), (name,))


def _production(chance: random.Random, volume: float) -> Iterator[Action]:
    """Tasks are replaced all day, and on weekdays more are started at noon and in the evening."""
    for place, (name, repository) in enumerate(RUNNERS.items()):
        replaced = range(0, DAYS * DAY, round(4 * HOUR / volume))
        for at in replaced:
            yield _start(min(DAYS * DAY - 1, at + 20 + 7 * place + chance.randrange(2 * HOUR)), name, repository, 0)
        for day in _weekdays():
            for hour in (11, 17):
                for task in range(_times(volume, 2)):
                    yield _start(day * DAY + hour * HOUR + 30 + chance.randrange(20), name, repository, 1 + task)


def _start(minute: int, name: str, repository: str, task: int) -> Action:
    """A new task of production on a machine of its own, which holds nothing yet."""
    address = CLUSTER.replace(".101", f".{101 + 10 * list(RUNNERS).index(name) + task}")
    return Action(minute, name, address, SDK, "start", repository, tags=(STABLE,), number=task)


def _noisy_night(volume: float) -> Iterator[Action]:
    """Three tasks of the search that end as soon as they have started, and are started again until somebody gets up."""
    night, runner = NOISY * DAY, next(name for name, repository in RUNNERS.items() if repository == SEARCH)
    for turn in range(_times(volume, 100)):
        for task in range(3):
            yield _start(night + 40 + turn * round(3 / min(1.0, volume)), runner, SEARCH, 4 + task)


def _leaked_key() -> Iterator[Action]:
    """Somebody looks around with the builder's key, takes what there is, tries what it may not do, and deletes an image."""
    night = LEAKED * DAY + 2 * HOUR
    steps = [(11, "look", ""), *((13 + 2 * at, "take", each) for at, each in enumerate(REPOSITORIES)), (22, "try", ORDERS), (37, "delete", ORDERS)]
    for minute, does, repository in steps:
        yield Action(night + minute, BUILDER, ELSEWHERE, STRANGER, does, repository, tags=(STABLE,))
