"""Room is given back while a lab runs: layers without an image after a day of its clock, and what a deleted repository held."""

from __future__ import annotations

import functools
import threading
import time

import pytest
import requests

import audit
import localecr
import windows
from labs import Process
from localecr.registry import images, layers, repositories
from localecr.store.database import Database
from localecr.store.sweep import Sweeper, sweep
from specimens import digest, image

DAY = 25 * 3600
PATIENCE = 60


@pytest.fixture
def lab(state):
    with Process(state) as process:
        process.client().create_repository(repositoryName="web")
        yield process


def eventually(condition):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def kept(state):
    """The contents of all blobs."""
    return [file.read_bytes() for file in (state / "blobs").rglob("*") if file.is_file()]


def test_layers_that_no_image_names_go_a_day_later_while_the_lab_runs(lab, state):
    web = lab.repository("web")
    pushed = web.push(image("kept"), "1")
    web.push_blob(b"never named by an image")
    assert web("HEAD", f"blobs/{digest(b'never named by an image')}").status_code == 200
    lab.door.advance(DAY)
    web = lab.repository("web")
    web.push_blob(b"waiting for its image")
    eventually(lambda: b"never named by an image" not in kept(state))
    assert web("HEAD", f"blobs/{digest(b'never named by an image')}").status_code == 404
    assert web.holds(b"waiting for its image")
    assert all(web.holds(blob) for blob in pushed.blobs)
    eventually(lambda: audit.faults(state) == [])


def test_a_layer_pushed_again_waits_for_its_image_anew(lab, state):
    lab.repository("web").push_blob(b"pushed twice")
    lab.repository("web").push_blob(b"pushed once")
    lab.door.advance(DAY - 2 * 3600)
    lab.repository("web").push_blob(b"pushed twice")
    lab.door.advance(2 * 3600)
    eventually(lambda: b"pushed once" not in kept(state))
    assert lab.repository("web").holds(b"pushed twice")


def test_the_layers_of_a_deleted_image_go_once_they_are_a_day_old(lab, state):
    web = lab.repository("web")
    pushed = web.push(image("deleted"), "1")
    assert web("DELETE", "manifests/1").status_code == 202
    assert web.holds(pushed.layers[0])
    lab.door.advance(DAY)
    eventually(lambda: pushed.layers[0] not in kept(state))


def test_what_only_a_deleted_repository_held_goes_soon_and_what_others_hold_stays(lab, state):
    lab.client().create_repository(repositoryName="other")
    lab.repository("web").push(image("only here"), "1")
    shared = image("in both")
    lab.repository("web").push(shared, "2")
    lab.repository("other").push(shared, "1")
    lab.client().delete_repository(repositoryName="web", force=True)
    eventually(lambda: image("only here").layers[0] not in kept(state))
    assert lab.repository("other").holds(shared.layers[0])
    eventually(lambda: audit.faults(state) == [])


def test_abandoned_uploads_go_while_the_lab_runs_and_one_that_is_being_written_to_is_left_alone(lab, state):
    web, go_on = lab.repository("web"), threading.Event()
    abandoned, slow = (web.begin().rpartition("/")[2] for _ in range(2))
    assert web("PATCH", f"blobs/uploads/{abandoned}", data=b"half of something").status_code == 202

    def slowly():
        yield b"first, "
        go_on.wait(PATIENCE)
        yield b"second"

    answers = []
    client = lab.repository("web")
    thread = threading.Thread(target=lambda: answers.append(client("PATCH", f"blobs/uploads/{slow}", data=slowly())))
    thread.start()
    eventually((state / "uploads" / slow).exists)
    lab.door.advance(DAY)
    eventually(lambda: not (state / "uploads" / abandoned).exists())
    web = lab.repository("web")
    assert web("GET", f"blobs/uploads/{abandoned}").status_code == 404
    assert (state / "uploads" / slow).exists()
    go_on.set()
    thread.join()
    assert answers[0].status_code in (202, 404)  # it was a day old, too
    if answers[0].status_code == 202:
        assert web("PUT", f"blobs/uploads/{slow}", params={"digest": digest(b"first, second")}).status_code == 201
        assert web.holds(b"first, second")
    eventually(lambda: audit.faults(state) == [])


def test_a_sweep_at_the_same_moment_takes_nothing_from_a_push(state, monkeypatch):
    """Repositories that hold the same layers are filled, read and deleted at once, while the lab sweeps without a pause."""
    monkeypatch.setattr(Sweeper, "LOOKS", 0.001)
    faults: list[object] = []
    with localecr.start(state, port=0) as endpoint:
        lab = Process.__new__(Process)
        lab.door, lab.url = localecr.server.Door.find(state), endpoint.url
        lab.client().create_repository(repositoryName="stays")
        specimen = image("shared", layers=3)
        lab.repository("stays").push(specimen, "0")

        def push_and_delete(number):
            ecr, repository = lab.client(), lab.repository(f"comes-and-goes/{number}")
            for round_ in range(15):
                ecr.create_repository(repositoryName=f"comes-and-goes/{number}")
                here = image(f"round {round_ % 3}")  # the same for every pusher
                for each in (specimen, here):
                    repository.push(each, "1")
                    faults.extend(blob for blob in each.blobs if not repository.holds(blob))
                ecr.delete_repository(repositoryName=f"comes-and-goes/{number}", force=True)

        def run(number):
            try:
                push_and_delete(number)
            except BaseException as error:
                faults.append(error)

        pushers = [threading.Thread(target=run, args=(number,)) for number in range(4)]
        for pusher in pushers:
            pusher.start()
        for pusher in pushers:
            pusher.join()
        assert faults == []
        assert all(lab.repository("stays").holds(blob) for blob in specimen.blobs)
        eventually(lambda: image("round 0").layers[0] not in kept(state))
        eventually(lambda: audit.faults(state) == [])


def test_a_repository_deleted_in_the_middle_of_a_chunk_is_not_acknowledged(lab, state):
    go_on, answers = threading.Event(), []
    upload = lab.repository("web").begin().rpartition("/")[2]
    client = lab.repository("web")

    def slowly():
        yield b"first, "
        go_on.wait(PATIENCE)
        yield b"second"

    def send() -> None:
        answers.append(client("PATCH", f"blobs/uploads/{upload}", data=slowly()))

    thread = threading.Thread(target=send)
    thread.start()
    eventually((state / "uploads" / upload).exists)
    lab.client().delete_repository(repositoryName="web", force=True)
    go_on.set()
    thread.join()
    assert isinstance(answers[0], requests.Response) and answers[0].status_code == 404
    eventually(lambda: list((state / "uploads").iterdir()) == [])


# --- between looking and deciding -------------------------------------------------------------------------------------------------------


@pytest.fixture
def store(tmp_path):
    """A lab without its servers, and a repository `web`."""
    folder = tmp_path / "store"
    folder.mkdir()
    opened = windows.opened(folder)
    repositories.create(windows.registry(opened), "web")
    yield opened
    opened.database.close()


def swept(lab, folder, monkeypatch, meanwhile):
    """What is wrong after a sweep in which ``meanwhile`` happens just before its first transaction."""
    original, rest = Database.write, [meanwhile]

    def write(database):
        if rest:
            rest.pop()()
        return original(database)

    monkeypatch.setattr(Database, "write", write)
    sweep(lab)
    assert rest == []  # there was something to decide
    return audit.faults(folder)


def test_a_layer_that_is_pushed_after_it_was_found_to_be_garbage_stays(store, tmp_path, monkeypatch):
    here = windows.registry(store)
    windows.push_blob(store, "web", windows.LAYER)
    repositories.delete(here, "web")
    repositories.create(here, "web")
    assert swept(store, tmp_path / "store", monkeypatch, lambda: windows.push_blob(store, "web", windows.LAYER)) == []
    assert layers.find(here, repositories.find(here, "web"), digest(windows.LAYER))


def test_a_layer_that_an_image_names_after_it_was_found_to_be_old_stays(store, tmp_path, monkeypatch):
    for blob in windows.OLD.blobs:
        windows.push_blob(store, "web", blob)
    store.clock.advance(DAY)
    here = windows.registry(store)
    row = repositories.find(here, "web")
    put = functools.partial(images.put, here, row, windows.OLD.manifest, media_type=windows.OLD.media_type, tag="1")
    assert swept(store, tmp_path / "store", monkeypatch, put) == []
    assert all(layers.find(here, row, digest(blob)) for blob in windows.OLD.blobs)
