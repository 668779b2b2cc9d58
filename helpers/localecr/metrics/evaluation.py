"""Alarms evaluated: once for each of their periods that ends, by the lab's clock, however far it is moved at once."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator
from typing import Any

from localecr.errors import AwsError
from localecr.metrics import alarm_actions, alarm_states, alarm_words, alarms, queries
from localecr.metrics.alarm_states import Present, Rule
from localecr.metrics.alarm_words import Change
from localecr.metrics.mathematics import Work
from localecr.metrics.reading import Asked
from localecr.metrics.series import Metric, Range, Series
from localecr.registry import Lab

MOST_PERIODS = 15 * 1440  # that are made up for: what is older is kept no finer than five minutes
# of an expression whose result depends on how much is looked at, as AVG(m1) does (AWS advises against them in alarms), each period is
# worked out by itself, and less is made up for
MOST_BY_ITSELF = 1440
log = logging.getLogger("localecr")


def catch_up(lab: Lab) -> None:
    """Evaluates every alarm whose period has ended since it was last, and acts."""
    now = lab.clock.settled
    for row in lab.database.all("SELECT * FROM alarms WHERE (CAST(evaluated / period AS INTEGER) + 1) * period <= ?", (now,)):
        try:
            _catch_up(lab, row, now)
        except AwsError as error:
            log.warning("The alarm %s couldn't be evaluated: %s", row["name"], error.message)
            _keep(lab, row, [], now)
    alarm_actions.deliver(lab)


def _catch_up(lab: Lab, row: sqlite3.Row, now: float) -> None:
    alarm, period = alarms.read(row), row["period"]
    rule = alarms.rule(alarm)
    by_itself = _depends_on_range(lab, row, alarm)
    last = int(now // period) * period
    first = max(int(row["evaluated"] // period) * period + period, last - (MOST_BY_ITSELF if by_itself else MOST_PERIODS) * period)
    ends = range(first, last + 1, period)
    changes: list[Change] = []
    state = (row["state"], row["state_reason"], row["state_reason_data"], row["state_time"])
    for end, present in _each_by_itself(lab, row, alarm, rule, ends) if by_itself else _all_at_once(lab, row, alarm, rule, ends):
        found = alarm_states.judge(rule, present)
        if found is not None and found != state[0]:
            reason = alarm_words.reason(rule, "DatapointsToAlarm" in alarm, present, period, end, state[0], found)
            data = alarm_words.reason_data(rule, present, period, end, alarm.get("Statistic") or alarm.get("ExtendedStatistic"), alarm.get("Unit"))
            changes.append(Change(float(end), *state, found, reason, data))
            state = (found, reason, data, float(end))
    _keep(lab, row, changes, float(last))


def _keep(lab: Lab, row: sqlite3.Row, changes: list[Change], evaluated: float) -> None:
    """Unless somebody else has evaluated, changed or deleted the alarm meanwhile."""
    with lab.database.write():
        same = "SELECT 1 FROM alarms WHERE id = ? AND evaluated = ? AND configured = ? AND state_time = ?"
        if lab.database.one(same, (row["id"], row["evaluated"], row["configured"], row["state_time"])):
            alarm_actions.change(lab, row, changes, evaluated)


def _depends_on_range(lab: Lab, row: sqlite3.Row, alarm: dict[str, Any]) -> bool:
    work = Work()
    watched(lab, row["account"], row["region"], alarm, Range(0, 0), work)
    return work.of_range


def watched(lab: Lab, account: str, region: str, alarm: dict[str, Any], within: Range, work: Work | None = None) -> list[Series]:
    """What an alarm watches. Raises AwsError."""
    asked = Asked(lab, account, region, within)
    if "Metrics" in alarm:
        wanted = next(query["Id"] for query in alarm["Metrics"] if query.get("ReturnData", True))
        return queries.work_out(asked, alarm["Metrics"], work)[wanted]
    return [asked.series(Metric.read(alarm), alarm["Period"], alarm.get("ExtendedStatistic") or alarm["Statistic"], alarm.get("Unit"))]


def _points(lab: Lab, row: sqlite3.Row, alarm: dict[str, Any], within: Range) -> list[tuple[int, float]]:
    """(when a period begins, what is watched there), in order of time."""
    found = watched(lab, row["account"], row["region"], alarm, within)
    return sorted(found[0].points.items()) if found else []


def _all_at_once(lab: Lab, row: sqlite3.Row, alarm: dict[str, Any], rule: Rule, ends: range) -> Iterator[tuple[int, Present]]:
    """For each end of a period, the values there are in the range before it."""
    if not ends:
        return
    length = rule.range * row["period"]
    points = _points(lab, row, alarm, Range(ends[0] - length, ends[-1]))
    old = new = 0
    for end in ends:
        while new < len(points) and points[new][0] < end:
            new += 1
        while old < new and points[old][0] < end - length:
            old += 1
        yield end, [((end - time) // row["period"], value) for time, value in points[old:new]]


def _each_by_itself(lab: Lab, row: sqlite3.Row, alarm: dict[str, Any], rule: Rule, ends: range) -> Iterator[tuple[int, Present]]:
    for end in ends:
        points = _points(lab, row, alarm, Range(end - rule.range * row["period"], end))
        yield end, [((end - time) // row["period"], value) for time, value in points]
