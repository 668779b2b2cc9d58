"""What an alarm does when its state changes: a message to each SNS topic, and an event.

Both are noted in the transaction of the change. A message is published in the transaction that takes its note away, so that it is
published once, whenever the lab is killed.
"""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Sequence
from typing import Any

from localecr import neighbours
from localecr.errors import AwsError
from localecr.events import outbox
from localecr.metrics import alarm_words, alarms
from localecr.metrics.alarm_words import Change
from localecr.registry import Lab

log = logging.getLogger("localecr")


def change(lab: Lab, row: sqlite3.Row, changes: Sequence[Change], evaluated: float) -> None:
    """Writes down changes of a state, oldest first, with all that follows from them; within a transaction, so that none is acted on twice."""
    alarm = alarms.read(row)
    with lab.database.write() as transaction:
        for each in changes:
            summary, data = alarm_words.history(each)
            alarms.note(lab, row["account"], row["region"], row["name"], "StateUpdate", each.time, summary, data)
            _prepare(lab, row, alarm, each)
        if changes:
            last = changes[-1]
            transaction.execute(
                "UPDATE alarms SET state = ?, state_reason = ?, state_reason_data = ?, state_time = ?, transition_time = ? WHERE id = ?",
                (last.new, last.reason, last.data, last.time, last.time, row["id"]),
            )
        transaction.execute("UPDATE alarms SET evaluated = ? WHERE id = ?", (evaluated, row["id"]))


def _prepare(lab: Lab, row: sqlite3.Row, alarm: dict[str, Any], change: Change) -> None:
    """Notes what is to be done for a change; within its transaction."""
    account, region = row["account"], row["region"]
    outbox.put(lab, account, region, [alarm_words.event(account, region, alarm, change)])
    if not alarm.get("ActionsEnabled", True):
        return
    subject = alarm_words.subject(row["name"], region, change)
    message = alarm_words.message(account, region, alarm, row["configured"], change)
    with lab.database.write() as transaction:
        transaction.executemany(
            "INSERT INTO alarm_messages (account, region, alarm, time, topic, subject, message) VALUES (?, ?, ?, ?, ?, ?, ?)",
            [(account, region, row["name"], change.time, topic, subject, message) for topic in alarm.get(alarms.ACTIONS[change.new], [])],
        )


def deliver(lab: Lab) -> None:
    """Publishes every message that waits."""
    for row in lab.database.all("SELECT * FROM alarm_messages ORDER BY id"):
        account = row["topic"].split(":")[4]
        neighbours.backend(lab, "sns", account, row["region"])  # loads moto, which takes a second, before anybody has to wait for the transaction
        with lab.database.write() as transaction:
            if transaction.execute("DELETE FROM alarm_messages WHERE id = ?", (row["id"],)).rowcount:
                _publish(lab, row, account)


def _publish(lab: Lab, row: sqlite3.Row, account: str) -> None:
    data = {"actionState": "Succeeded", "notificationResource": row["topic"], "stateUpdateTimestamp": int(row["time"] * 1000)}
    summary = f"Successfully executed action {row['topic']}"
    try:
        asked = {"TopicArn": row["topic"], "Subject": row["subject"], "Message": row["message"]}
        neighbours.execute(lab, account, row["region"], "sns", "Publish", asked)
    except AwsError as error:
        summary = f'Failed to execute action {row["topic"]}. Received error: "{error.message}"'
        data |= {"actionState": "Failed", "error": error.message}
        log.warning("The alarm %s couldn't publish to %s: %s", row["alarm"], row["topic"], error.message)
    alarms.note(lab, row["account"], row["region"], row["alarm"], "Action", row["time"], summary, json.dumps(data))
