"""What a lab says and does when its folder was damaged: a repair that says what it did, or a sentence that says what to do."""

from __future__ import annotations

import errno
import io
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest
import requests

import audit
import localecr
import windows
from awsapi import push, put_image, refused
from ecrlab import health
from labs import Process
from localecr.door import Door, NotRunning
from localecr.registry import layers, repositories, uploads
from localecr.store.blobs import Blobs
from specimens import digest, image
from wire import Repository, bearer, error_of

SPECIMEN = image("damaged", layers=2)
LAYER = SPECIMEN.layers[0]


@pytest.fixture
def folder(state):
    """A lab with an image in two repositories, killed."""
    with Process(state) as lab:
        for name in ("web", "other"):
            lab.client().create_repository(repositoryName=name)
            lab.repository(name).push(SPECIMEN, "1")
        lab.kill()
    return state


def file_of(state, blob):
    value = digest(blob).removeprefix("sha256:")
    return state / "blobs" / "sha256" / value[:2] / value


def doctor(state, every_byte=False):
    """What doctor finds of the layers, and whether all is fine."""
    (finding,) = health.layers(state, every_byte)
    return finding.saw, finding.state == health.FINE


def remove(file):
    file.unlink()


def cut(file):
    file.write_bytes(file.read_bytes()[:5])


def empty(file):
    file.write_bytes(b"")


def grow(file):
    file.write_bytes(file.read_bytes() + b"more")


GONE = f"The bytes of layer {digest(LAYER)} are missing or damaged in the lab's folder. Push the image again to bring them back."


@pytest.mark.parametrize("damage", [remove, cut, empty, grow])
@pytest.mark.parametrize("when", ["before a start", "while it runs"])
def test_a_layer_that_was_lost_is_named_and_a_push_brings_it_back(folder, damage, when):
    if when == "before a start":
        damage(file_of(folder, LAYER))
    with Process(folder) as lab:
        if when == "before a start":
            said = f"Layer {digest(LAYER)} of web (111122223333, us-east-1), other (111122223333, us-east-1) is missing or cut short."
            assert said in lab.said.read_text()
        else:
            damage(file_of(folder, LAYER))
        web, ecr = lab.repository("web"), lab.client()
        assert web("HEAD", f"blobs/{digest(LAYER)}").status_code == 404
        assert error_of(web("GET", f"blobs/{digest(LAYER)}")) == (404, "BLOB_UNKNOWN", GONE)
        assert web.pull("1") == SPECIMEN.manifest
        (layer,) = ecr.batch_check_layer_availability(repositoryName="web", layerDigests=[digest(LAYER)])["layers"]
        assert layer["layerAvailability"] == "UNAVAILABLE"
        with refused("LayersNotFoundException"):
            ecr.get_download_url_for_layer(repositoryName="web", layerDigest=digest(LAYER))
        with refused("LayersNotFoundException"):
            put_image(ecr, "web", image("damaged", layers=2, annotations={"another": "image"}), "2")
        assert web("POST", "blobs/uploads/", params={"mount": digest(LAYER), "from": "other"}).status_code == 202
        saw, fine = doctor(folder)
        assert digest(LAYER) in saw and not fine
        assert web.push_blob(LAYER) == digest(LAYER)
        assert web.holds(LAYER) and lab.repository("other").holds(LAYER)
        assert doctor(folder)[1]
    assert audit.faults(folder) == []


def test_a_lost_layer_comes_back_through_the_api_too(folder):
    remove(file_of(folder, LAYER))
    with Process(folder) as lab:
        push(lab.client(), "web", image("damaged", layers=2, annotations={"another": "image"}), "2")
        url = lab.client().get_download_url_for_layer(repositoryName="web", layerDigest=digest(LAYER))["downloadUrl"]
        assert requests.get(url, timeout=60).content == LAYER
        cut(file_of(folder, LAYER))
        assert requests.get(url, timeout=60).status_code == 404


def test_a_layer_with_other_bytes_is_found_by_doctor_and_taken_away_and_a_push_brings_it_back(folder):
    file_of(folder, LAYER).write_bytes(LAYER[::-1])
    with Process(folder) as lab:
        assert doctor(folder)[1]  # its size is right; looking at every byte takes a while
        done = subprocess.run([sys.executable, "-m", "ecrlab", "doctor", "--layers", "--state", str(folder)], capture_output=True, text=True, timeout=120)
        assert f"Layer {digest(LAYER)} of web (111122223333, us-east-1), other (111122223333, us-east-1) had other bytes" in done.stdout
        assert done.returncode == 1
        assert lab.repository("web")("HEAD", f"blobs/{digest(LAYER)}").status_code == 404
        lab.repository("web").push(SPECIMEN, "1")
        assert lab.repository("web").holds(LAYER)
        assert "each as it was pushed" in doctor(folder, every_byte=True)[0]
    assert audit.faults(folder) == []


def test_a_push_puts_its_own_bytes_in_the_place_of_damaged_ones(folder):
    file_of(folder, LAYER).write_bytes(LAYER[::-1])
    with Process(folder) as lab:
        lab.repository("web").push_blob(LAYER)
        assert lab.repository("other").holds(LAYER)


def test_the_courses_base_images_come_back_by_themselves(state):
    shutil.rmtree(state / "blobs")
    with Process(state) as lab:
        assert "Layers of the course's base images are missing or cut short. The images are built anew." in lab.said.read_text()
        address = lab.door.status()["public_endpoint"]
        anybody = Repository(address, "public.ecr.aws/ecrlab/debian", bearer(address))
        assert anybody("GET", "manifests/12").status_code == 200  # it waited until it was there
        assert anybody("GET", "manifests/no-such").status_code == 404  # until all were
        assert doctor(state, every_byte=True)[1]
    assert audit.faults(state) == []


# --- uploads ----------------------------------------------------------------------------------------------------------------------------

CONTENT = bytes(range(256)) * 40


@pytest.mark.parametrize("when", ["before a start", "while it runs"])
@pytest.mark.parametrize("left", [0, 100, None])
def test_an_upload_that_lost_bytes_goes_on_from_those_that_are_there(folder, left, when):
    lab = Process(folder)
    upload = lab.repository("web").begin().rpartition("/")[2]
    assert lab.repository("web")("PATCH", f"blobs/uploads/{upload}", data=CONTENT[:5000]).status_code == 202
    if when == "before a start":
        lab.kill()
    if left is None:
        shutil.rmtree(folder / "uploads")
    else:
        (folder / "uploads" / upload).write_bytes(CONTENT[:left])
    if when == "before a start":
        lab = Process(folder)
    with lab:
        web, there = lab.repository("web"), left or 0
        answer = web("PUT", f"blobs/uploads/{upload}", params={"digest": digest(CONTENT)}, data=CONTENT[5000:], headers={"Content-Range": "5000-10239"})
        assert (answer.status_code, answer.headers["Range"]) == (416, f"0-{max(0, there - 1)}")
        assert web("GET", f"blobs/uploads/{upload}").headers["Range"] == f"0-{max(0, there - 1)}"
        assert f"Upload {upload} has lost bytes: {there} of 5000 are there. It goes on from these." in lab.said.read_text()
        assert web("PUT", f"blobs/uploads/{upload}", params={"digest": digest(CONTENT)}, data=CONTENT[there:]).status_code == 201
        assert web.holds(CONTENT)


def test_an_upload_that_lost_all_its_bytes_is_not_completed_with_zeros(folder):
    zeros = bytes(5000)
    with Process(folder) as lab:
        web = lab.repository("web")
        upload = web.begin().rpartition("/")[2]
        assert web("PATCH", f"blobs/uploads/{upload}", data=CONTENT[:5000]).status_code == 202
        (folder / "uploads" / upload).unlink()
        for claimed in (zeros, CONTENT[:5000]):
            assert web("PUT", f"blobs/uploads/{upload}", params={"digest": digest(claimed)}).status_code == 400
            assert web("HEAD", f"blobs/{digest(claimed)}").status_code == 404


def test_folders_deleted_while_a_lab_runs_are_made_again(folder):
    with Process(folder) as lab:
        shutil.rmtree(folder / "uploads")
        shutil.rmtree(folder / "blobs")
        lab.repository("web").push(SPECIMEN, "1")
        assert all(lab.repository("web").holds(blob) for blob in SPECIMEN.blobs)


# --- the database -----------------------------------------------------------------------------------------------------------------------


def half(file):
    with file.open("r+b") as handle:
        handle.truncate(file.stat().st_size // 2)


def scratch(file):
    with file.open("r+b") as handle:
        handle.seek(file.stat().st_size // 2)
        handle.write(b"\xff" * 500)


@pytest.mark.parametrize("damage", [remove, half, scratch])
@pytest.mark.parametrize("looked_at", [False, True], ids=["at a start", "by doctor"])
def test_a_journal_that_lost_its_end_after_kill_9_is_said(folder, damage, looked_at):
    damage(folder / "lab.sqlite-wal")
    sentence = f"pages of the journal {folder / 'lab.sqlite'}-wal are missing or damaged. Everything before them is there."
    if looked_at:
        assert any(sentence in finding.saw for finding in health.folder(folder))
    with Process(folder) as lab:
        assert (sentence in lab.said.read_text()) != looked_at
        lab.repository("web")
        assert {each["repositoryName"] for each in lab.client().describe_repositories()["repositories"]} <= {"web", "other"}
    assert audit.faults(folder) == []


def test_a_journal_that_is_whole_is_not_complained_of(folder):
    with Process(folder) as lab:
        assert lab.said.read_text() == ""


@pytest.mark.parametrize("damage", [remove, empty])
def test_a_database_that_is_gone_is_said_and_its_journal_left_alone(folder, damage):
    damage(folder / "lab.sqlite")
    before = {file.name: file.read_bytes() for file in folder.glob("lab.sqlite-*")}
    done = subprocess.run([sys.executable, "-m", "ecrlab", "serve", "--port", "0", "--state", str(folder)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 3
    (line,) = done.stderr.splitlines()
    how = "missing" if damage is remove else "empty"
    assert f"it is {how}, though the folder holds layers" in line and "Nothing was changed" in line
    assert {file.name: file.read_bytes() for file in folder.glob("lab.sqlite-*")} == before
    assert (folder / "lab.sqlite").exists() == (damage is empty)


def test_a_database_deleted_while_the_lab_runs_is_said(folder):
    with Process(folder) as lab:
        web = lab.repository("web")
        (folder / "lab.sqlite").unlink()
        answers = [web("POST", "blobs/uploads/") for _ in range(5)]
        assert all(answer.status_code == 500 and "moved or deleted" in error_of(answer)[2] for answer in answers)


@pytest.mark.parametrize("layout", [0, 999, -1])
def test_tables_of_another_layout_are_refused_and_left_alone(state, layout):
    with closing(sqlite3.connect(state / "lab.sqlite")) as database:
        database.execute(f"PRAGMA user_version = {layout}")
    before = (state / "lab.sqlite").read_bytes()
    done = subprocess.run([sys.executable, "-m", "ecrlab", "serve", "--port", "0", "--state", str(state)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 3
    (line,) = done.stderr.splitlines()
    assert "another version" in line or "of no layout that a lab wrote" in line
    assert line.endswith("ecrlab reset --yes")
    assert (state / "lab.sqlite").read_bytes() == before


# --- transactions that fail -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def store(tmp_path):
    """A lab without its servers, and repositories `web` and `other`."""
    folder = tmp_path / "store"
    folder.mkdir()
    lab = windows.opened(folder)
    for name in ("web", "other"):
        repositories.create(windows.registry(lab), name)
    yield lab
    lab.database.close()


def test_an_upload_that_goes_on_after_its_commit_failed_changes_no_layer(store, tmp_path, monkeypatch):
    here = windows.registry(store)
    web, other = (repositories.find(here, name) for name in ("web", "other"))
    upload = uploads.initiate(here, web)
    uploads.append(here, web, upload, 0, io.BytesIO(CONTENT))

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched, pytest.raises(OSError, match="No space left"):
        patched.setattr(layers, "keep", full)
        uploads.complete(here, web, upload, [digest(CONTENT)])
    assert uploads.find(here, web, upload)["received"] == len(CONTENT)
    monkeypatch.setattr(Blobs, "_replace", lambda *_: None)  # the other upload leaves the file that is there in its place
    windows.push_blob(store, "other", CONTENT)
    uploads.append(here, web, upload, len(CONTENT), io.BytesIO(b"more"))
    assert layers.find(here, other, digest(CONTENT))
    assert audit.faults(tmp_path / "store") == []
    monkeypatch.undo()
    assert uploads.complete(here, web, upload, [digest(CONTENT + b"more")]) == digest(CONTENT + b"more")
    assert audit.faults(tmp_path / "store") == []


def test_where_a_file_system_has_no_links_layers_are_copied_into_place(store, tmp_path, monkeypatch):
    def no_links(*_):
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr("os.link", no_links)
    for name in ("web", "other"):
        windows.push_blob(store, name, CONTENT)
    assert audit.faults(tmp_path / "store") == []


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff", b'{"endpoint": 5, "token": 5}', b'{"endpoint": "http://127.0.0.1:1", "token": "a\\nb"}'])
def test_a_server_json_that_says_nothing_is_a_lab_that_does_not_run(state, content):
    (state / "server.json").write_bytes(content)
    with pytest.raises(NotRunning):
        Door.find(state)
    with localecr.start(state, port=0) as endpoint:
        assert Door.find(state).status()["endpoint"] == endpoint.url
