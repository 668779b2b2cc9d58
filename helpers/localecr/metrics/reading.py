"""A metric's series: from wherever its values are kept, in periods, as far back and as finely as CloudWatch keeps them.

AWS: GetMetricStatistics, GetMetricData; "CloudWatch retains metric data": minutes for 15 days, five minutes for 63, hours for 455.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from localecr.metrics import learners, usage
from localecr.metrics.series import Metric, Range, Series
from localecr.metrics.statistics import Samples, by_period
from localecr.registry import Lab

DAY = 86400
RETENTION = ((15 * DAY, 60), (63 * DAY, 300), (455 * DAY, 3600))  # (age in seconds up to which, the finest period that is kept)
ACTIVE = 14 * DAY  # for so long after its last value a metric is listed and found
RECENTLY = 3 * 3600


def whole(lab: Lab, start: float, end: float, finest: int) -> Range:
    """A range with its start rounded down as CloudWatch does: to what is kept of that age, or to ``finest`` where that is less than a minute."""
    age = lab.clock.now() - start
    grain = next((grain for kept, grain in RETENTION if age < kept), 3600)
    if grain == 60 and finest < 60:
        grain = finest
    return Range(int(start // grain * grain), int(-(-end // 1)))


@dataclass(frozen=True)
class Asked:
    """Whose metrics are asked for, and of when."""

    lab: Lab
    account: str
    region: str
    range: Range

    @cached_property
    def _counts(self) -> usage.Counts:
        return usage.Counts(self.lab, self.account, self.region, self.range)

    def samples(self, metric: Metric, period: int, unit: str | None = None) -> dict[int, Samples]:
        """What was measured in each period from the range's start on; left out are periods without values, and what isn't kept so finely any more."""
        read = usage.reader(metric)
        if read is None:
            found = learners.measured(self.lab, self.account, self.region, metric, self.range, unit)
        else:
            found = read(self._counts) if unit in (None, usage.unit_of(metric)) else iter(())
        now = self.lab.clock.now()
        return {time: each for time, each in by_period(found, self.range.start, period).items() if _is_kept(now - time, period)}

    def series(self, metric: Metric, period: int, statistic: str, unit: str | None = None) -> Series:
        """One statistic of a metric over time, called by the metric's name."""
        values = ((time, each.statistic(statistic)) for time, each in self.samples(metric, period, unit).items())
        return Series(metric.name, period, {time: value for time, value in values if value is not None}, metric, statistic)

    def unit_of(self, metric: Metric) -> str:
        return usage.unit_of(metric) if usage.reader(metric) else learners.unit_of(self.lab, self.account, self.region, metric)


def _is_kept(age: float, period: int) -> bool:
    return any(age < kept and (period % grain == 0 or grain == 60) for kept, grain in RETENTION)


def active(lab: Lab, account: str, region: str, seconds: float = ACTIVE) -> list[Metric]:
    """Every metric of an account and Region that has had values lately, by namespace, name and dimensions."""
    since = lab.clock.now() - seconds
    found = usage.active(lab, account, region, since) + learners.active(lab, account, region, since)
    return sorted(found, key=lambda metric: (metric.namespace, metric.name, metric.dimensions))
