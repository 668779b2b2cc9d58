"""Alarms as they are kept: made, found, changed and deleted, with their history. AWS: PutMetricAlarm, DescribeAlarmHistory."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import Any

from localecr.errors import AwsError
from localecr.metrics import alarm_words
from localecr.metrics.alarm_states import Rule
from localecr.registry import Lab

REMEMBERED = 30 * 86400  # seconds that an alarm's history is kept
ACTIONS = {"OK": "OKActions", "ALARM": "AlarmActions", "INSUFFICIENT_DATA": "InsufficientDataActions"}


def put(lab: Lab, account: str, region: str, alarm: dict[str, Any], period: int, tags: list[dict[str, str]]) -> None:
    """Makes an alarm, or gives one another configuration and leaves its state as it is. ``period`` is that of what it watches."""
    now, name = lab.clock.now(), alarm["AlarmName"]
    with lab.database.write() as transaction:
        before = _row(lab, account, region, name)
        if before is None:
            transaction.execute(
                "INSERT INTO alarms (account, region, name, document, period, tags, state, state_reason, state_time, transition_time, configured, evaluated)"
                " VALUES (?, ?, ?, ?, ?, ?, 'INSUFFICIENT_DATA', ?, ?, ?, ?, ?)",
                (account, region, name, json.dumps(alarm), period, json.dumps(tags), alarm_words.INITIAL, now, now, now, now),
            )
        else:
            transaction.execute(
                "UPDATE alarms SET document = ?, period = ?, configured = ? WHERE id = ?", (json.dumps(alarm), period, now, before["id"])
            )
        done = "created" if before is None else "updated"
        what = {"createdAlarm" if before is None else "updatedAlarm": _written(account, region, alarm, now)}
        data = json.dumps({"version": "1.0", "type": done.removesuffix("d").capitalize()} | what)
        note(lab, account, region, name, "ConfigurationUpdate", now, f'Alarm "{name}" {done}', data)


def _written(account: str, region: str, alarm: dict[str, Any], now: float) -> dict[str, Any]:
    members = {key[0].lower() + key[1:]: value for key, value in alarm.items()}
    return members | {"alarmArn": alarm_words.arn(account, region, alarm["AlarmName"]), "alarmConfigurationUpdatedTimestamp": alarm_words.instant(now)}


def find(lab: Lab, account: str, region: str, name: str) -> sqlite3.Row:
    """The alarm of this name. Raises ResourceNotFound."""
    row = _row(lab, account, region, name)
    if row is None:
        raise AwsError("ResourceNotFound", "Unknown", 404)
    return row


def _row(lab: Lab, account: str, region: str, name: str) -> sqlite3.Row | None:
    return lab.database.one("SELECT * FROM alarms WHERE account = ? AND region = ? AND name = ?", (account, region, name))


def listed(lab: Lab, account: str, region: str) -> list[sqlite3.Row]:
    """Every alarm of an account and Region, by name."""
    return lab.database.all("SELECT * FROM alarms WHERE account = ? AND region = ? ORDER BY name", (account, region))


def delete(lab: Lab, account: str, region: str, names: Sequence[str]) -> None:
    """Deletes alarms, all or none. Raises ResourceNotFound."""
    now = lab.clock.now()
    with lab.database.write() as transaction:
        for row in [find(lab, account, region, name) for name in dict.fromkeys(names)]:
            transaction.execute("DELETE FROM alarms WHERE id = ?", (row["id"],))
            data = json.dumps({"version": "1.0", "type": "Delete", "deletedAlarm": _written(account, region, read(row), row["configured"])})
            note(lab, account, region, row["name"], "ConfigurationUpdate", now, f'Alarm "{row["name"]}" deleted', data)


def enable_actions(lab: Lab, account: str, region: str, names: Sequence[str], enabled: bool) -> None:
    """Switches actions on or off; names of no alarm are passed over."""
    with lab.database.write() as transaction:
        for row in listed(lab, account, region):
            if row["name"] in names:
                document = json.dumps(read(row) | {"ActionsEnabled": enabled})
                transaction.execute("UPDATE alarms SET document = ? WHERE id = ?", (document, row["id"]))


def set_tags(lab: Lab, row: sqlite3.Row, tags: list[dict[str, str]]) -> None:
    with lab.database.write() as transaction:
        transaction.execute("UPDATE alarms SET tags = ? WHERE id = ?", (json.dumps(tags), row["id"]))


def read(row: sqlite3.Row) -> dict[str, Any]:
    """What PutMetricAlarm was given."""
    return json.loads(row["document"])


def rule(alarm: dict[str, Any]) -> Rule:
    return Rule(
        alarm["ComparisonOperator"], alarm["Threshold"], alarm["EvaluationPeriods"],
        alarm.get("DatapointsToAlarm", alarm["EvaluationPeriods"]), alarm.get("TreatMissingData", "missing"),
    )  # fmt: skip


def note(lab: Lab, account: str, region: str, name: str, kind: str, time: float, summary: str, data: str) -> None:
    """Adds to an alarm's history, and forgets what is too old."""
    with lab.database.write() as transaction:
        transaction.execute(
            "INSERT INTO alarm_history (account, region, alarm, kind, time, summary, data) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (account, region, name, kind, time, summary, data),
        )
        transaction.execute("DELETE FROM alarm_history WHERE account = ? AND region = ? AND alarm = ? AND time < ?", (account, region, name, time - REMEMBERED))


def history(
    lab: Lab, account: str, region: str, name: str | None, kind: str | None, start: float, end: float, newest_first: bool, offset: int, most: int
) -> list[sqlite3.Row]:
    """A page of what happened to one alarm or to all of them."""
    order = "DESC" if newest_first else "ASC"
    return lab.database.all(
        "SELECT * FROM alarm_history WHERE account = ? AND region = ? AND (? IS NULL OR alarm = ?) AND (? IS NULL OR kind = ?) AND time >= ? AND time <= ?"
        f" ORDER BY time {order}, id {order} LIMIT ? OFFSET ?",
        (account, region, name, name, kind, kind, max(start, lab.clock.now() - REMEMBERED), end, most, offset),
    )


def next_due(lab: Lab) -> float | None:
    """When the next alarm's period ends; None without alarms."""
    return lab.database.one("SELECT MIN((CAST(evaluated / period AS INTEGER) + 1) * period) AS due FROM alarms")["due"]
