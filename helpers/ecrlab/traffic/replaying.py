"""The fortnight, really made: the clock moves from step to step, and each step's calls go out through the lab's own doors."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING

from ecrlab.errors import LabError
from ecrlab.traffic import story
from ecrlab.traffic.acts import ACTS, Caller
from ecrlab.traffic.cast import REPOSITORIES, dismiss, hire
from ecrlab.traffic.record import Fortnight
from ecrlab.traffic.watching import Watch, said

if TYPE_CHECKING:
    from ecrlab.lab import Lab

AT_ONCE = 4  # members of the team who call at the same time, within one step of the clock


def replay(lab: Lab, volume: float = 1.0) -> Fortnight:
    """Replays a team's fortnight, from the next Monday, 00:00 UTC, on, and shows how far it is. Returns what was done.

    Some 6,000 calls really go out, with the keys of IAM users made for it, while the lab's clock moves on; a `volume` below 1 makes
    fewer. Where the fortnight is in the lab already, nothing is done again. Raises LabError on AWS, where time can't be moved.
    """
    if lab.place != "local":
        raise LabError(
            "traffic",
            "On AWS time can't be moved, so nobody's fortnight can be replayed in a minute.",
            "Go on with what your own account's metrics and trail hold, or take this lesson in a local lab (ECRLAB_BACKEND=local).",
        )
    earlier = Fortnight.find(lab.state)
    if earlier and _is_there(lab):
        said(f"The fortnight is in this lab already: {earlier}.")
        return earlier
    clean(lab)  # what an interrupted replay has left
    keys = hire(lab)
    for name in REPOSITORIES:
        lab.client("ecr").create_repository(repositoryName=name)
    begins = _next_monday(lab.clock.now())
    fortnight = Fortnight(begins, begins + timedelta(days=story.DAYS), _act(lab, keys, begins, story.tell(volume)))
    fortnight.keep(lab.state)
    if earlier:
        said("This is a new fortnight, after the one that was cleaned up: run the cells below again, too.")
    return fortnight


def clean(lab: Lab) -> dict[str, list[str]]:
    """Deletes the team's repositories and users; what trail and metrics hold of them stays. Returns what was there, by kind."""
    ecr, gone = lab.client("ecr"), []
    for name in REPOSITORIES:
        try:
            ecr.delete_repository(repositoryName=name, force=True)
            gone.append(name)
        except ecr.exceptions.RepositoryNotFoundException:
            pass
    Fortnight.forget(lab.state)
    return {"repositories": gone, "users": dismiss(lab)}


def _is_there(lab: Lab) -> bool:
    """Whether the team's repositories are there; a lesson's clean-up deletes them."""
    ecr = lab.reader("ecr")
    try:
        ecr.describe_repositories(repositoryNames=list(REPOSITORIES))
    except ecr.exceptions.RepositoryNotFoundException:
        return False
    return True


def _act(lab: Lab, keys: dict[str, dict[str, str]], begins: datetime, actions: list[story.Action]) -> list[dict]:
    """Does it all, step by step of the clock, and returns the calls in the order of their steps."""
    callers: dict[tuple[str, str], Caller] = {}
    watch = Watch(len(actions))
    with ThreadPoolExecutor(AT_ONCE) as threads:
        for minute, step in groupby(actions, key=lambda each: each.minute):
            _move(lab, begins + timedelta(minutes=minute))
            work = list(_shared_out(lab, keys, list(step), callers))
            list(threads.map(lambda given: _do(*given), work))
            watch.see(sum(len(mine) for _, mine in work))
        now = _move(lab, begins + timedelta(days=story.DAYS))
    calls = [call for caller in callers.values() for call in caller.calls]
    watch.end(f"{len(calls):,} calls of {len(keys)} users, from {begins:%A %d %B %Y} to {now - timedelta(minutes=1):%A %d %B %Y}")
    return sorted(({"time": begins + timedelta(minutes=call.pop("minute"))} | call for call in calls), key=lambda call: call["time"])


def _shared_out(
    lab: Lab, keys: dict[str, dict[str, str]], step: list[story.Action], callers: dict[tuple[str, str], Caller]
) -> Iterator[tuple[Caller, list[story.Action]]]:
    """Who does what in a step: what one and the same does is done in turn."""
    for (who, address), mine in groupby(step, key=lambda each: (each.who, each.address)):
        actions = list(mine)
        if (who, address) not in callers:
            callers[who, address] = Caller(lab, keys[who], who, address, actions[0].agent)
        yield callers[who, address], actions


def _do(caller: Caller, actions: list[story.Action]) -> None:
    for action in actions:
        caller.minute = action.minute
        ACTS[action.does](caller, action)


def _move(lab: Lab, to: datetime) -> datetime:
    """Moves the lab's clock to this time; one that ticks may be there already."""
    missing = (to - lab.clock.now()).total_seconds()
    return lab.clock.advance(seconds=missing) if missing > 0 else to


def _next_monday(now: datetime) -> datetime:
    """The next Monday, 00:00 UTC, at least a minute away."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + timedelta(days=7 - now.weekday())
