"""A folder that an older release wrote: brought up to date at the start, with all that is in it, and said."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

import audit
from labs import Process
from specimens import digest, image
from wire import Repository, bearer

FIRST = Path(__file__).with_name("layout-1.sql")
EVENT = "6a1f6a4e-7f0c-4f7d-9a55-0c9a1f0d2b11"
SPECIMEN = image("of the first release")
HALF, UPLOAD = b"half of a layer", "0d5e2c4a-6a3f-4a52-9d2e-3f1b8c7d9e10"


@pytest.fixture
def old(tmp_path):
    """A folder of layout 1: an image with a tag in a repository, and an upload in its middle."""
    state = tmp_path / "state"
    (state / "uploads").mkdir(parents=True)
    with closing(sqlite3.connect(state / "lab.sqlite")) as database:
        database.executescript("PRAGMA journal_mode = WAL;" + FIRST.read_text())
        database.execute("INSERT INTO accounts (id) VALUES ('111122223333')")
        database.execute("INSERT INTO access_keys VALUES ('AKIAFIRSTRELEASE', 'secret', '111122223333', 'learner')")
        database.execute("INSERT INTO settings VALUES ('clock.standing', '1767603600.0'), ('secret', ?)", ("ab" * 32,))
        database.execute(
            "INSERT INTO repositories (id, kind, account, region, name, created_at, mutability) VALUES (7, 'private', '111122223333', 'us-east-1', 'web', 1767600000, 'IMMUTABLE')"
        )
        database.execute(
            "INSERT INTO images (id, repository_id, digest, media_type, manifest, size, pushed_at) VALUES (9, 7, ?, ?, ?, ?, 1767600000)",
            (SPECIMEN.digest, SPECIMEN.media_type, SPECIMEN.manifest, SPECIMEN.size),
        )
        database.execute("INSERT INTO tags VALUES (7, '1', 9, 1767600000)")
        for blob in SPECIMEN.blobs:
            value = digest(blob).removeprefix("sha256:")
            place = state / "blobs" / "sha256" / value[:2] / value
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(blob)
            database.execute("INSERT INTO layers VALUES (7, ?, ?, 1767600000)", (digest(blob), len(blob)))
            database.execute("INSERT INTO image_layers VALUES (9, ?, 'application/octet-stream')", (digest(blob),))
        record = {
            "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/learner", "accountId": "111122223333", "accessKeyId": "AKIAFIRSTRELEASE"},
            "eventName": "CreateRepository", "requestParameters": {"repositoryName": "web"}, "eventID": EVENT,
        }  # fmt: skip
        database.execute(
            "INSERT INTO ledger (time, account, region, source, operation, record) VALUES"
            " (1767600000, '111122223333', 'us-east-1', 'ecr.amazonaws.com', 'CreateRepository', ?)",
            (json.dumps(record),),
        )
        database.execute("INSERT INTO uploads (id, repository_id, received, started_at) VALUES (?, 7, ?, 1767603600)", (UPLOAD, len(HALF)))
        (state / "uploads" / UPLOAD).write_bytes(HALF)
        database.commit()
    return state


def tables(state):
    """The layout's number, the columns of every table, and the names of all else."""
    with closing(sqlite3.connect(state / "lab.sqlite")) as database:
        made = database.execute("SELECT type, name FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%'").fetchall()
        columns = {each: sorted(map(repr, (column[1:] for column in database.execute(f"PRAGMA table_info({each[1]})")))) for each in made}
        return database.execute("PRAGMA user_version").fetchone(), columns


def test_a_folder_of_the_first_release_is_brought_up_to_date_with_all_that_is_in_it(old, seeded):
    with Process(old) as lab:
        assert f"The lab's state in {old} is of layout 1. It is brought to layout" in lab.said.read_text()
    with Process(old) as lab:
        assert lab.said.read_text() == ""
        assert lab.door.keys("111122223333")["access_key_id"] == "AKIAFIRSTRELEASE"
        web, ecr = lab.repository("web"), lab.client()
        assert web.pull("1") == SPECIMEN.manifest
        assert all(web.holds(blob) for blob in SPECIMEN.blobs)
        (repository,) = ecr.describe_repositories()["repositories"]
        assert (repository["repositoryName"], repository["imageTagMutability"]) == ("web", "IMMUTABLE")
        assert web("GET", f"blobs/uploads/{UPLOAD}").headers["Range"] == f"0-{len(HALF) - 1}"
        whole = HALF + b", and the other"
        assert web("PUT", f"blobs/uploads/{UPLOAD}", params={"digest": digest(whole)}, data=b", and the other").status_code == 201
        assert web.push(image("of this release"), "2")
        lab.kill()
    assert tables(old) == tables(seeded)
    with Process(old):
        pass
    assert audit.faults(old) == []


def test_what_was_announced_by_layout_7_is_not_announced_again(state, seeded):
    with closing(sqlite3.connect(state / "lab.sqlite")) as database:
        database.execute("DROP TABLE inspector_scans")
        database.execute("CREATE TABLE inspector_scans (image_id INTEGER PRIMARY KEY REFERENCES images(id) ON DELETE CASCADE, scanned_at REAL NOT NULL)")
        database.execute("INSERT INTO inspector_scans SELECT id, 1767600000 FROM images")
        scanned = [row[0] for row in database.execute("SELECT id FROM images ORDER BY id")]
        database.execute("PRAGMA user_version = 7")
        database.commit()
    with Process(state):
        pass
    assert tables(state) == tables(seeded)
    with closing(sqlite3.connect(state / "lab.sqlite")) as database:
        assert database.execute("SELECT image_id FROM inspector_scans ORDER BY image_id").fetchall() == [(each,) for each in scanned] != []


def test_a_folder_that_holds_an_older_courses_base_images_gets_todays(state):
    with closing(sqlite3.connect(state / "lab.sqlite")) as database:
        database.execute("PRAGMA foreign_keys = ON")
        database.execute("UPDATE settings SET value = '1' WHERE name = 'seeded'")
        database.execute("DELETE FROM repositories WHERE name = 'distroless'")
        database.commit()
    with Process(state) as lab:
        address = lab.door.status()["public_endpoint"]
        assert Repository(address, "public.ecr.aws/ecrlab/distroless", bearer(address))("GET", "manifests/12").status_code == 200
    assert audit.faults(state) == []


def test_findings_of_layout_7_are_told_as_before(state, seeded):
    document = {
        "details": {"type": "PACKAGE_VULNERABILITY", "title": "CVE-2024-6119 - libssl3", "severity": "HIGH", "inspectorScore": 7.5},
        "image": {"repositoryName": "web", "imageTags": ["1"]},
    }  # fmt: skip
    with closing(sqlite3.connect(state / "lab.sqlite")) as database:
        made = dict(database.execute("SELECT name, sql FROM sqlite_schema WHERE tbl_name = 'inspector_findings' AND sql IS NOT NULL").fetchall())
        database.executescript(f"DROP TABLE inspector_findings; {made.pop('inspector_findings')} WITHOUT ROWID; {'; '.join(made.values())}")
        database.execute(
            "INSERT INTO inspector_findings (id, account, region, repository, digest, vulnerability, status, first_observed_at, last_observed_at, updated_at,"
            " closed_for, forgotten_at, document) VALUES (?, '111122223333', 'us-east-1', 'web', ?, 'CVE-2024-6119', 'CLOSED', 1767600000, 1767600001,"
            " 1767600002, 'GONE', 99999999999, ?)",
            ("0" * 32, SPECIMEN.digest, json.dumps(document)),
        )
        database.execute("PRAGMA user_version = 7")
        database.commit()
    with Process(state) as lab:
        (finding,) = lab.client("inspector2").list_findings()["findings"]
        assert (finding["findingArn"][-32:], finding["status"], finding["severity"]) == ("0" * 32, "CLOSED", "HIGH")
        assert [finding[f"{name}At"].timestamp() for name in ("firstObserved", "lastObserved", "updated")] == [1767600000, 1767600001, 1767600002]
        assert finding["resources"][0]["details"]["awsEcrContainerImage"] == document["image"]
    assert tables(state) == tables(seeded)


def test_parts_go_on_where_a_lab_that_did_not_count_them_stopped(old):
    upload, end = {"repositoryName": "web", "uploadId": UPLOAD}, b", and the end"
    with Process(old) as lab:
        lab.client().upload_layer_part(**upload, partFirstByte=len(HALF), partLastByte=len(HALF + end) - 1, layerPartBlob=end)
        assert lab.client().complete_layer_upload(**upload, layerDigests=[digest(HALF + end)])["layerDigest"] == digest(HALF + end)


def test_what_was_recorded_then_is_found_in_the_event_history(old):
    with Process(old) as lab:
        trail, known = lab.client("cloudtrail"), {"Username": "learner", "AccessKeyId": "AKIAFIRSTRELEASE", "EventId": EVENT, "ReadOnly": "false"}
        for key, value in {**known, "ResourceName": "web", "ResourceType": "AWS::ECR::Repository", "EventName": "CreateRepository"}.items():
            found = trail.lookup_events(LookupAttributes=[{"AttributeKey": key, "AttributeValue": value}])["Events"][-1]
            assert found.items() >= known.items()
            assert found["Resources"] == [{"ResourceType": "AWS::ECR::Repository", "ResourceName": "web"}]
            assert json.loads(found["CloudTrailEvent"])["eventID"] == EVENT
