"""How much the lab knows of vulnerabilities, set and asked through its door: until now, or until a date at which it is held."""

from __future__ import annotations


import pytest
from telling import day, document

import localecr
from localecr.door import Door, DoorError
from localecr.scanner.advisories import FILE, Advisories
from localecr.scanning import knowledge

NOW = "2026-01-05T09:00:00Z"


@pytest.fixture
def lab(tmp_path):
    with localecr.start(tmp_path, port=0, clock=NOW) as running:
        yield running


@pytest.fixture
def door(lab, tmp_path) -> Door:
    return Door.find(tmp_path)


def test_a_lab_knows_what_was_published_until_now(lab, door):
    known = door.advisories()
    assert known["known_until"] is None
    assert known["count"] == 104
    assert known["sources_updated_at"] == "2024-09-10T00:00:00+00:00"  # the youngest of the catalogue's
    assert knowledge.known_at(lab._lab) == lab._lab.clock.now()


def test_its_knowledge_can_be_held_at_an_earlier_date_and_released(lab, door):
    held = door.advisories(known_until="2021-12-09T00:00:00Z")
    assert held["known_until"] == "2021-12-09T00:00:00+00:00"
    assert held["count"] < 104
    assert held["sources_updated_at"] < "2021-12-09"
    assert knowledge.known_at(lab._lab) == day("2021-12-09")
    assert door.advisories(known_until=None) == door.advisories() == {"count": 104, "sources_updated_at": "2024-09-10T00:00:00+00:00", "known_until": None}


def test_a_date_that_is_still_to_come_is_not_known_sooner(lab, door):
    door.advisories(known_until="2030-01-01")
    assert knowledge.known_at(lab._lab) == lab._lab.clock.now()


def test_it_is_held_after_a_restart(tmp_path):
    with localecr.start(tmp_path, port=0):
        Door.find(tmp_path).advisories(known_until="2021-12-09")
    with localecr.start(tmp_path, port=0):
        assert Door.find(tmp_path).advisories()["known_until"] == "2021-12-09T00:00:00+00:00"


def test_whoever_scans_is_told_of_each_change(lab, door):
    told = []
    knowledge.whenever_changed(lab._lab, lambda: told.append(knowledge.held_at(lab._lab)))
    door.advisories(known_until="2021-12-09")
    door.advisories(known_until=None)
    door.advisories(changed=True)
    door.advisories()
    assert told == [day("2021-12-09"), None, None]


def test_what_another_process_adds_is_counted(door, tmp_path):
    with Advisories(tmp_path / FILE) as advisories:
        advisories.add(document("MINE-1"))
    assert door.advisories(changed=True)["count"] == 105


@pytest.mark.parametrize("until", ["soon", 5, "", []])
def test_what_is_no_date_is_refused_and_changes_nothing(door, until):
    with pytest.raises(DoorError):
        door.advisories(known_until=until)
    assert door.advisories()["known_until"] is None


def test_advisories_that_cannot_be_read_are_told_in_a_sentence(door, tmp_path):
    (tmp_path / FILE).write_text("no database at all, but long enough to be taken for one" * 100)
    with pytest.raises(DoorError, match="Delete that file: the course's own come back by themselves"):
        door.advisories()


def test_a_start_does_not_open_the_advisories(lab, tmp_path):
    assert not (tmp_path / FILE).exists()
