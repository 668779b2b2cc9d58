"""What a learner does with advisories: `lab.advisories` in a notebook, `ecrlab advisories` in a terminal, with and without a running lab."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from datetime import date, datetime, timezone

import pytest
from telling import document

import localecr
from ecrlab import aws
from ecrlab.errors import LabError
from ecrlab.local import LocalLab
from localecr.door import Door
from localecr.scanner.advisories import FILE, Advisories
from localecr.scanning import knowledge

NOW = "2026-01-05T09:00:00Z"


@pytest.fixture
def running(tmp_path):
    with localecr.start(tmp_path / "lab", port=0, clock=NOW) as endpoint:
        yield endpoint


@pytest.fixture
def lab(running, tmp_path) -> LocalLab:
    return LocalLab(Door.find(tmp_path / "lab"))


@pytest.fixture
def told(running) -> list[int]:
    """Grows whenever the lab is told that other advisories are known."""
    told: list[int] = []
    knowledge.whenever_changed(running._lab, lambda: told.append(1))
    return told


def test_knowledge_is_held_at_a_date_and_released(lab, told):
    assert lab.advisories.known_until is None
    assert lab.advisories.hold("2021-12-09") == datetime(2021, 12, 9, tzinfo=timezone.utc) == lab.advisories.known_until
    assert lab.advisories.list(package="org.apache.logging.log4j:log4j-core").empty
    lab.advisories.hold(date(2021, 12, 10))
    assert list(lab.advisories.list(ecosystem="Maven", package="org.apache.logging.log4j:log4j-core").vulnerability) == ["CVE-2021-44228"]
    lab.advisories.release()
    assert lab.advisories.known_until is None
    assert len(told) == 3


@pytest.mark.parametrize("until", ["soon", "2021-13-01", None, 5])
def test_what_is_no_date_is_told(lab, until):
    with pytest.raises(LabError, match='is no date. Write it as year, month and day: "2021-12-09"'):
        lab.advisories.hold(until)


def test_advisories_are_a_table(lab):
    everything = lab.advisories.list()
    assert len(everything) == 130
    row = everything[everything.advisory == "GHSA-mvr2-9pj6-7w5j"].iloc[0]
    assert row.to_dict() == {
        "vulnerability": "CVE-2018-10237", "advisory": "GHSA-mvr2-9pj6-7w5j", "source": "GITHUB", "ecosystem": "Maven", "package": "com.google.guava:guava",
        "affected": "from 11.0 before 24.1.1-android", "score": 5.9, "rating": "MODERATE", "published": "2020-06-15", "summary": row.summary,
    }  # fmt: skip


def test_sources_that_disagree_stand_one_below_the_other(lab):
    shown = lab.advisories.show("CVE-2021-33503")
    assert list(zip(shown.source, shown.affected, strict=True)) == [("GITHUB", "from 1.25.4 before 1.26.5"), ("PYPA", "before 1.26.5")]


def test_what_nobody_speaks_of_is_told(lab):
    with pytest.raises(LabError, match="No advisory that is known here speaks of CVE-1999-0001"):
        lab.advisories.show("CVE-1999-0001")


def test_a_document_of_ones_own_is_known_at_once(lab, told):
    assert lab.advisories.add(document("MINE-1")) == "MINE-1"
    assert told == [1]
    assert lab.advisories.show("MINE-1").source[0] == "MINE"
    with pytest.raises(LabError, match="That is no OSV document: its id is missing"):
        lab.advisories.add({})


def test_on_aws_nobody_can(tmp_path, monkeypatch):
    monkeypatch.setattr(aws.AwsLab, "_profile_session", lambda self, profile, region: __import__("boto3").Session(region_name="eu-west-1"))
    monkeypatch.setattr(aws, "_account", lambda session: "123456789012")
    with pytest.raises(LabError, match="What Amazon Inspector knows can neither be listed nor held at a date. On AWS this lesson goes on without it"):
        aws.AwsLab(tmp_path).advisories


@pytest.fixture
def ecrlab(tmp_path):
    """`ecrlab("list", …)` runs `ecrlab advisories list …` on a state folder."""

    def command(*words: object, state: object = tmp_path / "lab") -> subprocess.CompletedProcess[str]:
        line = [sys.executable, "-m", "ecrlab", "advisories", *map(str, words), "--state", str(state)]
        return subprocess.run(line, capture_output=True, text=True, timeout=120, cwd=tmp_path, env={**os.environ, "PYTHONIOENCODING": "utf-8"})

    return command


@pytest.fixture
def dump(tmp_path):
    """A ZIP file as OSV's dumps are, with one new document and one that is none."""
    path = tmp_path / "all.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("PYSEC-2020-1.json", json.dumps(document("PYSEC-2020-1")))
        archive.writestr("broken.json", "{")
    return path


def test_the_command_loads_a_dump_without_a_lab(ecrlab, dump, tmp_path):
    done = ecrlab("update", "--from", dump)
    assert (done.returncode, done.stdout) == (0, "Advisories read: 1 (1 new, 0 changed, 0 known already).\n")
    assert "Left out, being no OSV documents: 1\n  broken.json: it is no JSON\n" in done.stderr
    with Advisories(tmp_path / "lab" / FILE) as advisories:
        assert advisories.count(float("inf")) == 105


def test_the_command_tells_a_lab_that_runs(ecrlab, dump, running, told):
    assert ecrlab("update", "--from", dump).returncode == 0
    assert told == [1]


def test_what_cannot_be_loaded_is_one_sentence(ecrlab, tmp_path):
    done = ecrlab("update", "--from", tmp_path / "nothing.zip")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("ecrlab: ") and "No such file or directory" in done.stderr
    assert "Nothing was changed." in done.stderr and "Traceback" not in done.stderr


def test_the_command_lists_by_package_and_ecosystem(ecrlab):
    done = ecrlab("list", "--package", "zlib", "--ecosystem", "Debian:12")
    assert [line.split() for line in done.stdout.splitlines()] == [
        ["DEBIAN-CVE-2018-25032", "Debian:12", "zlib", "before", "1:1.2.11.dfsg-4"],
        ["DEBIAN-CVE-2022-37434", "Debian:12", "zlib", "before", "1:1.2.11.dfsg-4.1"],
        ["DEBIAN-CVE-2023-45853", "Debian:12", "zlib", "every", "version"],
    ]
    nothing = ecrlab("list", "--package", "nothing")
    assert (nothing.returncode, nothing.stderr) == (1, "No advisory speaks of that.\n")


def test_the_command_shows_who_says_what_and_whose_it_is(ecrlab):
    said = ecrlab("show", "CVE-2021-33503").stdout
    assert said.startswith("CVE-2021-33503\nurllib3 takes very long")
    assert "GHSA-q2q7-5pp4-w6pg: the course's, after GitHub Advisory Database (CC-BY 4.0); published 01 June 2021" in said
    assert "PYSEC-2021-108: the course's, after PyPA Advisory Database (CC-BY 4.0); published 29 June 2021" in said
    assert said.index("from 1.25.4 before 1.26.5") < said.index("before 1.26.5", said.index("PYSEC"))
    unknown = ecrlab("show", "CVE-1999-0001")
    assert (unknown.returncode, unknown.stderr) == (1, "ecrlab: No advisory that is known here speaks of CVE-1999-0001. See which there are: ecrlab advisories list\n")


def test_resetting_a_lab_takes_its_advisories_away(ecrlab, dump, tmp_path):
    ecrlab("update", "--from", dump)
    (tmp_path / "lab" / "progress.json").write_text("{}")
    subprocess.run([sys.executable, "-m", "ecrlab", "reset", "--yes", "--state", tmp_path / "lab"], check=True, capture_output=True)
    assert not (tmp_path / "lab").exists()
