"""What was acknowledged stays, whatever ends the lab."""

from __future__ import annotations

import errno
import hashlib
import json
import sqlite3
import sys
import threading
import time
from itertools import count

import pytest
import requests

from labs import Process
from localecr.store.blobs import Blobs
from localecr.store.database import Database
from specimens import Specimen, digest, image, index
from wire import error_of

MEBIBYTE = 1 << 20


def test_everything_acknowledged_survives_kill_9_in_the_middle_of_pushes(state):
    acknowledged = {}
    for round_ in range(3):
        with Process(state) as lab:
            if round_ == 0:
                lab.client().create_repository(repositoryName="web")
            pushers = [threading.Thread(target=push_until_the_end, args=(lab.repository("web"), f"{round_}-{each}", acknowledged)) for each in range(3)]
            for pusher in pushers:
                pusher.start()
            before, deadline = len(acknowledged), time.monotonic() + 30
            while len(acknowledged) < before + 6 and time.monotonic() < deadline:
                time.sleep(0.01)
            lab.kill()
            for pusher in pushers:
                pusher.join()
    assert len(acknowledged) >= 18
    with Process(state) as lab:
        web = lab.repository("web")
        for tag, specimen in acknowledged.items():
            assert web.pull(tag) == specimen.manifest
            for child in specimen.children:
                assert web.pull(child.digest) == child.manifest
                assert [web("GET", f"blobs/{digest(blob)}").content for blob in child.blobs] == list(child.blobs)
        assert web.push(image("after all that"), "after")
    with sqlite3.connect(state / "lab.sqlite") as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []


def push_until_the_end(repository, who, acknowledged):
    """Pushes until nobody answers any more; notes each push once the lab has acknowledged its last request."""
    for number in count():
        specimen = index(image(f"{who} {number} a", layers=2), image(f"{who} {number} b", annotations={"padding": "x" * 50_000}))
        try:
            repository.push(specimen, f"{who}-{number}")
        except (requests.RequestException, ValueError):
            return
        acknowledged[f"{who}-{number}"] = specimen


def test_an_upload_goes_on_after_kill_9_where_it_was_acknowledged(state):
    content = bytes(range(256)) * 4096
    with Process(state) as lab:
        lab.client().create_repository(repositoryName="web")
        web = lab.repository("web")
        location = web.begin()
        upload = location.rpartition("/")[2]
        assert web("PATCH", location, data=content[: len(content) // 2]).headers["Range"] == f"0-{len(content) // 2 - 1}"
        lab.kill()
    with Process(state) as lab:
        web = lab.repository("web")
        assert web("GET", f"blobs/uploads/{upload}").headers["Range"] == f"0-{len(content) // 2 - 1}"
        answer = web("PUT", f"blobs/uploads/{upload}", params={"digest": digest(content)}, data=content[len(content) // 2 :])
        assert answer.status_code == 201
        assert web("GET", f"blobs/{digest(content)}").content == content


def test_keys_tokens_and_the_clock_survive_a_restart(state):
    with Process(state) as lab:
        lab.client().create_repository(repositoryName="web")
        keys, before = lab.door.keys("111122223333"), lab.repository("web")
        pushed, now = before.push(image("kept"), "1"), lab.door.advance(6 * 3600)
    with Process(state) as lab:
        assert lab.door.keys("111122223333") == keys
        assert lab.door.clock() >= now
        before.base = lab.url
        assert before.pull("1") == pushed.manifest
        lab.door.advance(6 * 3600)
        assert error_of(before("GET", "manifests/1"))[1] == "DENIED"


def test_what_no_image_needs_is_swept_when_a_lab_starts_a_day_later(state):
    with Process(state) as lab:
        lab.client().create_repository(repositoryName="web")
        web = lab.repository("web")
        pushed = web.push(image("kept"), "1")
        web.push_blob(b"never named by an image")
        abandoned = web.begin().rpartition("/")[2]
        web("PATCH", f"blobs/uploads/{abandoned}", data=b"half of something")
        lab.door.advance(25 * 3600)
        web = lab.repository("web")
        late = web.push_blob(b"waiting for its image")
    with Process(state) as lab:
        web = lab.repository("web")
        assert web("HEAD", f"blobs/{digest(b'never named by an image')}").status_code == 404
        assert web("GET", f"blobs/uploads/{abandoned}").status_code == 404
        assert web("GET", f"blobs/{late}").content == b"waiting for its image"
        assert web("GET", f"blobs/{digest(pushed.layers[0])}").content == pushed.layers[0]
    held = [file.read_bytes() for file in (state / "blobs").rglob("*") if file.is_file()]
    assert b"never named by an image" not in held
    assert list((state / "uploads").iterdir()) == []


SCHEMA_1 = "application/vnd.docker.distribution.manifest.v1+prettyjws"
ARTIFACT = "application/vnd.oci.artifact.manifest.v1+json"  # of release candidates of OCI's 1.1


@pytest.mark.parametrize(
    ("media_type", "document"),
    [
        (SCHEMA_1, {"schemaVersion": 1, "fsLayers": [{"blobSum": digest(b"named")}, {"blobSum": digest(b"never pushed")}]}),
        (ARTIFACT, {"mediaType": ARTIFACT, "blobs": [{"mediaType": "text/plain", "digest": digest(b"named", "sha512"), "size": 5}]}),
    ],
    ids=["Docker's first schema", "OCI's artifact manifest"],
)
def test_what_a_manifest_of_another_type_names_is_swept_only_after_it(state, media_type, document):
    named = "sha512" if media_type == ARTIFACT else "sha256"
    with Process(state) as lab:
        lab.client().create_repository(repositoryName="web")
        web = lab.repository("web")
        assert web("POST", "blobs/uploads/", params={"digest": digest(b"named", named)}, data=b"named").status_code == 201
        assert web.put_manifest("1", Specimen(json.dumps(document).encode(), media_type)).status_code == 201
        lab.door.advance(25 * 3600)
    with Process(state) as lab:
        web = lab.repository("web")
        assert web("GET", f"blobs/{digest(b'named', named)}").content == b"named"
        assert web("DELETE", "manifests/1").status_code == 202
    with Process(state) as lab:
        assert lab.repository("web")("HEAD", f"blobs/{digest(b'named', named)}").status_code == 404


# --- a full disk ------------------------------------------------------------------------------------------------------------------------


def test_a_full_disk_is_said_and_nothing_is_lost(http, monkeypatch):
    location = http.begin()
    assert http("PATCH", location, data=b"first half, ").status_code == 202

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(Blobs, "append", full)
        status, _, message = error_of(http("PATCH", location, data=b"second half"))
    assert status == 500
    assert message == "The disk that holds the lab is full. Free some space and try again; nothing was lost."
    content = b"first half, second half"
    assert http("PUT", location, params={"digest": digest(content)}, data=b"second half").status_code == 201
    assert http("GET", f"blobs/{digest(content)}").content == content


def test_a_transaction_that_cannot_be_committed_is_taken_back_whole(tmp_path):
    """As on a full disk: SQLite refuses the COMMIT and leaves the transaction open."""
    database = Database(tmp_path / "lab.sqlite")
    with pytest.raises(sqlite3.IntegrityError), database.write() as transaction:
        transaction.execute("PRAGMA defer_foreign_keys = ON")
        transaction.execute("INSERT INTO access_keys (id, secret, account, user) VALUES ('AKIA', 'secret', 'no such account', 'nobody')")
    with database.write() as transaction:
        transaction.execute("INSERT INTO accounts (id) VALUES ('111122223333')")
    assert database.one("SELECT count(*) AS count FROM access_keys")["count"] == 0
    database.close()
    again = Database(tmp_path / "lab.sqlite")
    assert again.one("SELECT id FROM accounts")["id"] == "111122223333"
    again.close()


# --- memory -----------------------------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak of a process's memory from /proc")
def test_memory_stays_flat_whatever_a_layers_size(state, tmp_path):
    size = 256 * MEBIBYTE
    large = tmp_path / "layer"
    with large.open("wb") as file:
        file.truncate(size)
    with large.open("rb") as file:
        named = f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
    with Process(state) as lab:
        lab.client().create_repository(repositoryName="web")
        web = lab.repository("web")
        before = peak(lab)
        for path, status in (("", 201), ("-that-nobody-made", 404)):  # taken, and refused
            repository = lab.repository(f"web{path}")
            with large.open("rb") as file:
                assert repository("POST", "blobs/uploads/", params={"digest": named}, data=file).status_code == status
        answer = web("GET", f"blobs/{named}", stream=True)
        assert sum(len(piece) for piece in answer.iter_content(MEBIBYTE)) == size
        assert peak(lab) - before < 64 * MEBIBYTE


def peak(lab):
    """The most memory that a process ever had, in bytes."""
    with open(f"/proc/{lab.process.pid}/status") as file:
        return next(int(line.split()[1]) << 10 for line in file if line.startswith("VmHWM"))


def test_a_running_lab_holds_the_lock_on_the_logs_index(state):
    """By it whoever else opens the database (a viewer, a backup) knows not to begin the index anew, under a lab that then dies.
    https://sqlite.org/walformat.html, locks: the dead-man switch is byte 128."""
    fcntl = pytest.importorskip("fcntl")
    for _ in range(2):  # from the second start on there is a log that a killed lab left
        with Process(state) as lab:
            lab.client().create_repository(repositoryName=f"web-{lab.process.pid}")
            with open(state / "lab.sqlite-shm", "r+b") as index, pytest.raises(OSError):
                fcntl.lockf(index, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, 128)
            lab.kill()
