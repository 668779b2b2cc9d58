"""Delivery: takes each event out of the outbox to the targets of the rules that choose it.

An event leaves the outbox when all of them were served, so that it is delivered at least once whenever the lab is killed. What a target
refuses isn't tried again: it goes to its dead-letter queue, into the rule's FailedInvocations and into server.log.
"""

from __future__ import annotations

import copy
import json
import logging
import sqlite3
import threading
from collections.abc import Callable
from typing import Any

from localecr import neighbours
from localecr.clock import in_words
from localecr.errors import AwsError
from localecr.events import inputs, outbox, patterns, targets
from localecr.events.targets import Rule, Undelivered
from localecr.metrics import learners
from localecr.neighbours import world
from localecr.registry import Lab
from localecr.store import trouble
from localecr.store.database import Closed

log = logging.getLogger("localecr")
NAMESPACE = "AWS/Events"
TRY_AGAIN = 5.0  # seconds, when the lab's own disk or database was in the way


class Deliverer:
    """A thread that sleeps until an event comes in."""

    def __init__(self, lab: Lab):
        self._lab = lab
        self._arrived = outbox.arrivals(lab)
        self._is_ending = False
        self._thread = threading.Thread(target=self._run, name="events", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Returns when nothing is being delivered any more; what is left stays in the outbox."""
        self._is_ending = True
        self._arrived.set()
        self._thread.join()

    def _run(self) -> None:
        wait = self._look(self._begin)  # what a lab that was killed left behind
        while not self._is_ending:
            self._arrived.wait(wait)
            self._arrived.clear()
            wait = self._look(self._empty)
        self._lab.database.release()

    def _begin(self) -> None:
        """Has moto there for the first event, where rules wait for any: loading it takes longer than an event should."""
        if neighbours.touched(self._lab, "events"):
            neighbours.journal.loaded(self._lab)
        self._empty()

    def _look(self, work: Callable[[], object]) -> float | None:
        try:
            work()
        except Closed:
            self._is_ending = True
        except Exception as error:
            said = trouble.sentence(error)
            log.warning("Events couldn't be delivered: %s", said or repr(error), exc_info=None if said else error)
            return TRY_AGAIN
        return None

    def _empty(self) -> None:
        while not self._is_ending and (rows := self._lab.database.all("SELECT * FROM outbox ORDER BY id LIMIT 100")):
            for row in rows:
                if self._is_ending:
                    return
                self._deliver(row)

    def _deliver(self, row: sqlite3.Row) -> None:
        """An event that the lab makes a mistake with is given up, lest it hold up all that come after it."""
        try:
            deliver(self._lab, row)
        except (sqlite3.Error, OSError, trouble.Moved, Closed):
            raise
        except Exception:
            log.exception("An event couldn't be delivered: %.1000s", row["event"])
            _forget(self._lab, row, [])


def deliver(lab: Lab, row: sqlite3.Row) -> None:
    """Serves all that wait for an event, and takes it out of the outbox."""
    event, data = json.loads(row["event"]), []
    seen = patterns.event(row["event"])
    for rule in _rules(lab, row["account"], row["region"], row["bus"]):
        if _chooses(rule, seen):
            failed = [not _serve(lab, rule, target, event, row["time"]) for target in rule.targets]
            data += _counts(rule, len(failed), sum(failed))
    _forget(lab, row, data)


def _forget(lab: Lab, row: sqlite3.Row, data: list[dict[str, Any]]) -> None:
    """Takes an event out of the outbox, and keeps what its rules counted."""
    with lab.database.write() as transaction:
        if data:
            learners.add(lab, row["account"], row["region"], NAMESPACE, data)
        transaction.execute("DELETE FROM outbox WHERE id = ?", (row["id"],))


def _rules(lab: Lab, account: str, region: str, bus: str) -> list[Rule]:
    """The rules of a bus that are enabled, as they are now."""
    try:
        backend = neighbours.backend(lab, "events", account, region)
    except AwsError:  # a Region that moto doesn't have
        return []
    with world.of(lab).lock:
        found = backend.event_buses.get(bus)
        return [
            Rule(each.name, each.arn, bus, account, region, each.event_pattern.dump(), tuple(copy.deepcopy(each.targets)))
            for each in (found.rules.values() if found else ())
            if each.state != "DISABLED" and each.event_pattern.dump()
        ]


def _chooses(rule: Rule, event: dict[str, Any]) -> bool:
    return patterns.read(rule.pattern).matches(event)


def _serve(lab: Lab, rule: Rule, target: dict[str, Any], event: dict[str, Any], time: float) -> bool:
    """Whether a target took an event."""
    ingestion = inputs.Ingestion(rule.arn, rule.name, in_words(time))
    try:
        targets.send(lab, rule, target, event, inputs.of(target, event, ingestion))
    except Undelivered as why:
        log.warning("The rule %s couldn't deliver to %s: %s", rule.name, target["Arn"], why)
        try:
            targets.bury(lab, rule, target, inputs.compact(event), why)
        except Undelivered as again:
            log.warning("Nor to its dead-letter queue %s: %s", target["DeadLetterConfig"]["Arn"], again)
        return False
    return True


def _counts(rule: Rule, invocations: int, failed: int) -> list[dict[str, Any]]:
    """What CloudWatch is told. AWS: Monitoring Amazon EventBridge, metrics by RuleName."""
    dimensions = [{"Name": "RuleName", "Value": rule.name}]
    if rule.bus != outbox.DEFAULT_BUS:
        dimensions.insert(0, {"Name": "EventBusName", "Value": rule.bus})
    values = {"MatchedEvents": 1, "TriggeredRules": 1, "Invocations": invocations, "FailedInvocations": failed}
    return [{"MetricName": name, "Dimensions": dimensions, "Value": float(value), "Unit": "Count"} for name, value in values.items() if value]
