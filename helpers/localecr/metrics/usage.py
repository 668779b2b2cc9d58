"""What AWS measures of ECR by itself, counted in the ledger: pulls of a repository, calls of an API, how many things there are.

AWS: "Amazon ECR repository metrics", "Amazon ECR usage metrics". Values have the grain of a minute; how many there are is looked at
every five minutes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial
from itertools import accumulate

from localecr.metrics import quotas
from localecr.metrics.series import Metric, Range
from localecr.metrics.statistics import Samples
from localecr.registry import Lab

PULLS, CALLS, RESOURCES = ("AWS/ECR", "RepositoryPullCount"), ("AWS/Usage", "CallCount"), ("AWS/Usage", "ResourceCount")
# unverified: Amazon ECR's guide says that its metrics don't use this dimension, other services' carry it. Metrics are listed
# without it, as the guide has them, and found by either.
CLASS = ("Class", "None")
MINUTE, LOOK = 60, 300  # seconds

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


def reader(metric: Metric) -> Callable[[Lab, str, str, Range], Measured] | None:
    """How to read what was measured of a metric in an account and Region; None if it is none of these."""
    dimensions = dict(each for each in metric.dimensions if each != CLASS)
    without = Metric.of(metric.namespace, metric.name, dimensions.items())
    repository, operation = dimensions.get("RepositoryName", ""), dimensions.get("Resource", "")
    resource = dimensions.get("ResourceId", "").removeprefix("repository/")
    if metric == pulls_of(repository):
        return partial(_pulls, repository)
    if without == calls_of(operation) and operation in quotas.CALLS:
        return partial(_calls, operation)
    if without == repositories():
        return _repositories
    return partial(_images, resource) if without == images_of(resource) else None


def _present(lab: Lab, within: Range) -> Range:
    """Nothing is looked at before its time has come."""
    return Range(within.start, min(within.end, math.floor(lab.clock.now()) + 1))


def _pulls(repository: str, lab: Lab, account: str, region: str, within: Range) -> Measured:
    """Every pull is a value of 1."""
    rows = lab.database.all(
        "SELECT CAST(time / 60 AS INTEGER) * 60 AS minute, SUM(pulls) AS times FROM ledger"
        " WHERE account = ? AND region = ? AND repository = ? AND pulls > 0 AND source = 'ecr.amazonaws.com' AND time >= ? AND time < ? GROUP BY minute ORDER BY minute",
        (account, region, repository, within.start, within.end),
    )
    return ((row["minute"], Samples.of(1.0, row["times"])) for row in rows)


def _calls(operation: str, lab: Lab, account: str, region: str, within: Range) -> Measured:
    """Every call is a value of 1, a refused one too: of CallCount AWS says "the total number of calls made to an API", beside which
    some services publish ErrorCount (Amazon Chime SDK, "API usage metrics"; of ECR it isn't said). It is the caller's account that counts."""
    rows = lab.database.all(
        "SELECT CAST(time / 60 AS INTEGER) * 60 AS minute, COUNT(*) AS times FROM ledger"
        " WHERE account = ? AND caller_account = account AND region = ? AND operation = ? AND source = 'ecr.amazonaws.com' AND time >= ? AND time < ? GROUP BY minute ORDER BY minute",
        (account, region, operation, within.start, within.end),
    )
    return ((row["minute"], Samples.of(1.0, row["times"])) for row in rows)


def _repositories(lab: Lab, account: str, region: str, within: Range) -> Measured:
    return _looked_at(_lives_of_repositories(lab, account, region), _present(lab, within))


Life = tuple[float, float | None]  # from when until when something was there; None: it still is


def _lives_of_repositories(lab: Lab, account: str, region: str, name: str | None = None) -> list[Life]:
    which, values = ("AND name = ?", (name,)) if name is not None else ("", ())
    there = lab.database.all(
        f"SELECT created_at AS born FROM repositories WHERE kind = 'private' AND account = ? AND region = ? {which}", (account, region, *values)
    )
    gone = lab.database.all(
        f"SELECT born, died FROM departed WHERE account = ? AND region = ? {which.replace('name', 'repository')} AND digest IS NULL", (account, region, *values)
    )
    return [(row["born"], None) for row in there] + [(row["born"], row["died"]) for row in gone]


def _images(repository: str, lab: Lab, account: str, region: str, within: Range) -> Measured:
    """How many images a repository had whenever it was there."""
    there = lab.database.all(
        "SELECT i.pushed_at AS born FROM images i JOIN repositories r ON r.id = i.repository_id"
        " WHERE r.kind = 'private' AND r.account = ? AND r.region = ? AND r.name = ?",
        (account, region, repository),
    )
    gone = lab.database.all(
        "SELECT born, died FROM departed WHERE account = ? AND region = ? AND repository = ? AND digest IS NOT NULL", (account, region, repository)
    )
    lives = [(row["born"], None) for row in there] + [(row["born"], row["died"]) for row in gone]
    times = [time for time, seen in _looked_at(_lives_of_repositories(lab, account, region, repository), _present(lab, within)) if seen.sum > 0]
    counts = dict(_most(lives, times))
    return ((time, Samples.of(float(counts[time]))) for time in times)


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
    pulled = lab.database.all(
        "SELECT DISTINCT repository FROM ledger WHERE account = ? AND region = ? AND pulls > 0 AND source = 'ecr.amazonaws.com' AND time >= ?", (account, region, since)
    )
    called = [
        operation
        for operation in quotas.CALLS
        if lab.database.one(
            "SELECT 1 FROM ledger WHERE account = ? AND caller_account = account AND region = ? AND operation = ? AND source = 'ecr.amazonaws.com' AND time >= ? LIMIT 1",
            (account, region, operation, since),
        )
    ]
    named = lab.database.all(
        "SELECT name FROM repositories WHERE kind = 'private' AND account = ? AND region = ?"
        " UNION SELECT repository FROM departed WHERE account = ? AND region = ? AND digest IS NULL AND died >= ?",
        (account, region, account, region, since),
    )
    resources = [images_of(row["name"]) for row in named]
    if named or _lives_of_repositories(lab, account, region):
        resources.append(repositories())
    return [pulls_of(row["repository"]) for row in pulled] + [calls_of(operation) for operation in called] + resources
