"""What AWS measures of ECR by itself, counted in the ledger: pulls of a repository, calls of an API, how many things there are.

AWS: "Amazon ECR repository metrics", "Amazon ECR usage metrics". Values have the grain of a minute; how many there are is looked at
every five minutes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import cached_property, partial
from itertools import accumulate

from localecr.metrics import quotas
from localecr.metrics.series import Metric, Range
from localecr.metrics.statistics import Samples
from localecr.registry import Lab

PULLS, CALLS, RESOURCES = ("AWS/ECR", "RepositoryPullCount"), ("AWS/Usage", "CallCount"), ("AWS/Usage", "ResourceCount")
# unverified: Amazon ECR's guide says that its metrics don't use this dimension, other services' carry it. Metrics are listed
# without it, as the guide has them, and found by either.
CLASS = ("Class", "None")
MINUTE = 60
LOOK = 300  # seconds between two looks at how many there are

Minutes = list[tuple[int, int]]  # (when a minute begins, how often), in order of time
Measured = Iterator[tuple[int, Samples]]  # (time, what was measured then), in order of time


def calls_of(operation: str) -> Metric:
    return Metric.of(*CALLS, [("Service", "ECR"), ("Type", "API"), ("Resource", operation)])


def pulls_of(repository: str) -> Metric:
    return Metric.of(*PULLS, [("RepositoryName", repository)])


def repositories() -> Metric:
    return Metric.of(*RESOURCES, [("Service", "ECR"), ("Type", "RESOURCE"), ("Resource", "RepositoryCount")])


def images_of(repository: str) -> Metric:
    dimensions = [("Service", "ECR"), ("Type", "RESOURCE"), ("Resource", "ImagesPerRepositoryCount"), ("ResourceId", f"repository/{repository}")]
    return Metric.of(*RESOURCES, dimensions)


def unit_of(metric: Metric) -> str:
    """RepositoryPullCount is a Count; of usage metrics AWS says that they have no unit."""
    return "Count" if (metric.namespace, metric.name) == PULLS else "None"


class Counts:
    """What an account's ledger holds of a Region and a range, read once for all the metrics that are asked for together."""

    def __init__(self, lab: Lab, account: str, region: str, within: Range):
        self.lab, self.account, self.region, self.within = lab, account, region, within

    @cached_property
    def calls(self) -> dict[str, Minutes]:
        """By operation: calls that the account made, refused ones too. Of CallCount AWS says "the total number of calls made to an API", beside
        which some services publish ErrorCount (Amazon Chime SDK, "API usage metrics"; of ECR it isn't said)."""
        counted = f"operation IN ({', '.join('?' * len(quotas.CALLS))})"
        return self._by_name("operation", "COUNT(*)", f"caller_account = account AND {counted}", tuple(quotas.CALLS))

    @cached_property
    def pulls(self) -> dict[str, Minutes]:
        """By repository: pulls of the account's repositories, by whomever."""
        return self._by_name("repository", "SUM(pulls)", "pulls > 0")

    def _by_name(self, name: str, what: str, where: str, values: tuple[str, ...] = ()) -> dict[str, Minutes]:
        rows = self.lab.database.all(
            f"SELECT {name} AS name, CAST(time / 60 AS INTEGER) * 60 AS minute, {what} AS times FROM ledger WHERE account = ? AND region = ?"
            f" AND time >= ? AND time < ? AND source = 'ecr.amazonaws.com' AND {where} GROUP BY name, minute ORDER BY name, minute",
            (self.account, self.region, self.within.start, math.ceil(self.within.end / MINUTE) * MINUTE, *values),
        )
        found: dict[str, Minutes] = {}
        for each, minute, times in rows:
            found.setdefault(each, []).append((minute, times))
        return found

    @property
    def until_now(self) -> Range:
        """Nothing is looked at before its time has come."""
        return Range(self.within.start, min(self.within.end, math.floor(self.lab.clock.now()) + 1))


def reader(metric: Metric) -> Callable[[Counts], Measured] | None:
    """How to tell what was measured of a metric; None if it is none of these."""
    dimensions = dict(each for each in metric.dimensions if each != CLASS)
    without = Metric.of(metric.namespace, metric.name, dimensions.items())
    repository, operation = dimensions.get("RepositoryName", ""), dimensions.get("Resource", "")
    resource = dimensions.get("ResourceId", "").removeprefix("repository/")
    if metric == pulls_of(repository):
        return lambda counts: _ones(counts.pulls.get(repository, []))
    if without == calls_of(operation) and operation in quotas.CALLS:
        return lambda counts: _ones(counts.calls.get(operation, []))
    if without == repositories():
        return _repositories
    return partial(_images, resource) if without == images_of(resource) else None


def _ones(minutes: Minutes) -> Measured:
    """Every call and every pull is a value of 1."""
    return ((minute, Samples.of(1.0, times)) for minute, times in minutes)


def _repositories(counts: Counts) -> Measured:
    return _looked_at(_lives_of_repositories(counts.lab, counts.account, counts.region), counts.until_now)


Life = tuple[float, float | None]  # from when until when something was there; None: it still is


def _lives_of_repositories(lab: Lab, account: str, region: str, name: str | None = None) -> list[Life]:
    which, values = ("AND name = ?", (name,)) if name is not None else ("", ())
    there = lab.database.all(
        f"SELECT created_at AS born FROM repositories WHERE kind = 'private' AND account = ? AND region = ? {which}", (account, region, *values)
    )
    which = which.replace("name", "repository")
    gone = lab.database.all(f"SELECT born, died FROM departed WHERE account = ? AND region = ? {which} AND digest IS NULL", (account, region, *values))
    return [(row["born"], None) for row in there] + [(row["born"], row["died"]) for row in gone]


def _images(repository: str, counts: Counts) -> Measured:
    """How many images a repository had whenever it was there."""
    lab, place = counts.lab, (counts.account, counts.region, repository)
    there = lab.database.all(
        "SELECT i.pushed_at AS born FROM images i JOIN repositories r ON r.id = i.repository_id"
        " WHERE r.kind = 'private' AND r.account = ? AND r.region = ? AND r.name = ?",
        place,
    )
    gone = lab.database.all("SELECT born, died FROM departed WHERE account = ? AND region = ? AND repository = ? AND digest IS NOT NULL", place)
    lives = [(row["born"], None) for row in there] + [(row["born"], row["died"]) for row in gone]
    times = [time for time, seen in _looked_at(_lives_of_repositories(lab, *place), counts.until_now) if seen.sum > 0]
    return ((time, Samples.of(float(count))) for time, count in _most(lives, times))


def _looked_at(lives: list[Life], within: Range) -> Measured:
    """How many there were at each look since the first of them; the present look counts what is there now."""
    if not lives:
        return iter(())
    first = math.floor(min(born for born, _ in lives)) // LOOK * LOOK
    times = list(range(max(first, math.ceil(within.start / LOOK) * LOOK), within.end, LOOK))
    return ((time, Samples.of(float(count))) for time, count in _most(lives, times))


def _most(lives: list[Life], times: list[int]) -> Iterator[tuple[int, int]]:
    """The most there were within the five minutes that follow each of these times (AWS: the statistic is MAXIMUM)."""
    changes = sorted([(born, 1) for born, _ in lives] + [(died, -1) for _, died in lives if died is not None], key=lambda change: (change[0], -change[1]))
    levels = list(accumulate((step for _, step in changes), initial=0))
    place = 0
    for time in times:
        while place < len(changes) and changes[place][0] < time:
            place += 1
        most = levels[place]
        while place < len(changes) and changes[place][0] < time + LOOK:
            place += 1
            most = max(most, levels[place])
        yield time, most


def active(lab: Lab, account: str, region: str, since: float) -> list[Metric]:
    """These metrics of an account and Region that have had values since some time."""
    counts = Counts(lab, account, region, Range(math.ceil(since), math.floor(lab.clock.now()) + 1))
    named = lab.database.all(
        "SELECT name FROM repositories WHERE kind = 'private' AND account = ? AND region = ?"
        " UNION SELECT repository FROM departed WHERE account = ? AND region = ? AND digest IS NULL AND died >= ?",
        (account, region, account, region, since),
    )
    resources = [images_of(row["name"]) for row in named]
    if named or _lives_of_repositories(lab, account, region):
        resources.append(repositories())
    return [pulls_of(name) for name in counts.pulls] + [calls_of(operation) for operation in counts.calls] + resources
