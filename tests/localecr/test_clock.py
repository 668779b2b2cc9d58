"""The lab's clock: it stands or ticks, only goes forward, and goes on after a restart."""

from __future__ import annotations

import math
import time
from datetime import datetime, timedelta, timezone

import pytest

import localecr
from localecr.clock import Clock, as_datetime
from localecr.door import Door, DoorError
from localecr.errors import AwsError
from localecr.store.database import Database

THEN = "2026-01-05T09:00:00Z"
STANDS_AT = datetime(2026, 1, 5, 9, tzinfo=timezone.utc)


@pytest.fixture
def database(tmp_path):
    database = Database(tmp_path / "lab.sqlite")
    yield database
    database.close()


def test_a_lab_started_at_an_instant_stands_there_until_it_is_advanced(database):
    clock = Clock(database, THEN)
    assert as_datetime(clock.now()) == STANDS_AT
    time.sleep(0.01)
    assert as_datetime(clock.now()) == STANDS_AT
    assert as_datetime(clock.advance(90)) == STANDS_AT + timedelta(seconds=90)
    assert as_datetime(clock.now()) == STANDS_AT + timedelta(seconds=90)


def test_otherwise_it_ticks_with_the_wall_clock(database):
    clock = Clock(database)
    assert abs(clock.now() - time.time()) < 5
    first = clock.now()
    time.sleep(0.01)
    assert clock.now() > first
    advanced = clock.advance(3600)
    assert abs(advanced - time.time() - 3600) < 5
    time.sleep(0.01)
    assert clock.now() > advanced


@pytest.mark.parametrize("start", [THEN, None], ids=["standing", "ticking"])
@pytest.mark.parametrize("seconds", [-1, -0.001, -math.inf, math.inf, math.nan, 1e15])
def test_it_only_goes_forward_and_not_out_of_sight(database, start, seconds):
    clock = Clock(database, start)
    before = clock.now()
    with pytest.raises(AwsError, match="The clock only goes forward"):
        clock.advance(seconds)
    assert 0 <= clock.now() - before < 5


@pytest.mark.parametrize("again", [None, THEN, "2020-01-01T00:00:00Z"])
def test_a_standing_clock_stands_where_it_was_after_a_restart(database, again):
    Clock(database, THEN).advance(86400)
    assert as_datetime(Clock(database, again).now()) == STANDS_AT + timedelta(days=1)


@pytest.mark.parametrize("again", [None, THEN])
def test_a_ticking_clock_goes_on_after_a_restart_and_never_back(database, again):
    advanced = Clock(database).advance(86400)
    assert 0 <= Clock(database, again).now() - advanced < 5


def test_a_lab_that_ticks_cannot_be_started_to_stand_in_the_past(database):
    first = Clock(database).now()
    assert Clock(database, "2020-01-01T00:00:00Z").now() >= first


@pytest.mark.parametrize(
    ("text", "instant"), [("2026-01-05T09:00:00+00:00", STANDS_AT), ("2026-01-05T10:00:00+01:00", STANDS_AT), ("2026-01-05T09:00:00", STANDS_AT)]
)
def test_an_instant_may_be_written_in_any_zone(database, text, instant):
    assert as_datetime(Clock(database, text).now()) == instant


def test_what_was_before_a_move_is_settled_and_what_ticks_is_a_moment_later(database):
    clock = Clock(database)
    assert 0 < clock.now() - clock.settled < 5
    moved = clock.advance(60)
    assert abs(clock.settled - moved) < 0.1
    assert Clock(database, THEN).is_standing is False


def test_whoever_wants_to_hears_of_each_move(database):
    clock, heard = Clock(database, THEN), []
    clock.whenever_moved(lambda: heard.append(clock.now()))
    clock.advance(5)
    clock.advance(10)
    assert heard == [STANDS_AT.timestamp() + 5, STANDS_AT.timestamp() + 15]
    assert clock.settled == clock.now()


def test_the_door_shows_and_moves_the_clock(door):
    before = door.clock()
    assert before.tzinfo is not None
    assert door.advance(60) == before + timedelta(minutes=1) == door.clock()
    for step in (-1, math.nan, math.inf):
        with pytest.raises(DoorError):
            door.advance(step)
    assert door.clock() == before + timedelta(minutes=1)


def test_a_restarted_lab_goes_on_at_the_time_it_had(state):
    with localecr.start(state, port=0):
        advanced = Door.find(state).advance(timedelta(days=14).total_seconds())
    with localecr.start(state, port=0):
        assert timedelta(0) <= Door.find(state).clock() - advanced < timedelta(minutes=1)
