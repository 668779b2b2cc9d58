"""The state folder: one lab at a time, refused in one sentence when it can't be used."""

from __future__ import annotations

import json
import os
import re
import socket
import sqlite3
import threading
from contextlib import closing

import pytest
import requests

import localecr
from labs import Process
from localecr.door import Door, DoorError, NotRunning
from localecr.server import PortInUse
from localecr.store.database import StateError


def test_a_second_lab_on_the_same_folder_is_told_where_the_first_is(state):
    with localecr.start(state, port=0) as endpoint:
        said = rf"A lab is running on {re.escape(str(state))} already, at {endpoint.url}\. Use it, or stop it with: ecrlab stop"
        with pytest.raises(StateError, match=said):
            localecr.start(state, port=0)
        assert Door.find(state).status()["endpoint"] == endpoint.url


def test_the_lock_ends_with_its_process_even_by_kill_9(state):
    with Process(state) as lab:
        with pytest.raises(StateError, match="A lab is running"):
            localecr.start(state, port=0)
        lab.kill()
    assert (state / "server.json").exists()  # nobody was left to remove it
    with pytest.raises(NotRunning):
        Door.find(state)
    with localecr.start(state, port=0) as endpoint:
        assert Door.find(state).status()["endpoint"] == endpoint.url


def test_two_labs_run_side_by_side_each_on_its_folder(state, tmp_path, lab_endpoint):
    with localecr.start(state, port=0) as endpoint:
        assert len({endpoint.url, endpoint.public_url, endpoint.docker_host, lab_endpoint.url}) == 4
        assert Door.find(state).status()["pid"] == os.getpid()


def free_ports():
    """A port with two free ones behind it."""
    for _ in range(100):
        with closing(socket.create_server(("127.0.0.1", 0))) as probe:
            port = probe.getsockname()[1]
        try:
            for number in range(3):
                socket.create_server(("127.0.0.1", port + number)).close()
        except (OSError, OverflowError):
            continue
        return port
    raise AssertionError("no three free ports in a row")


def test_a_lab_takes_three_ports_in_a_row(state):
    port = free_ports()
    with localecr.start(state, port=port) as endpoint:
        assert (endpoint.url, endpoint.public_url) == (f"http://localhost:{port}", f"http://localhost:{port + 1}")
        assert endpoint.docker_host.startswith(f"tcp://127.0.0.1:{port + 2}/")


def test_a_port_in_use_is_named_and_the_folder_stays_free(state):
    port = free_ports()
    for offset in range(3):
        with closing(socket.create_server(("127.0.0.1", port + offset))):
            with pytest.raises(PortInUse, match=f"Port {port + offset} is in use by another program .* ecrlab serve --port 0 --background finds free ones"):
                localecr.start(state, port=port)
    localecr.start(state, port=0).stop()


def test_server_json_says_where_the_lab_is_while_it_runs(state):
    endpoint = localecr.start(state, port=0)
    said = json.loads((state / "server.json").read_text())
    assert said.keys() == {"pid", "port", "endpoint", "public_endpoint", "docker_host", "token", "version", "started_at", "state"}
    assert (said["endpoint"], said["public_endpoint"], said["docker_host"]) == (endpoint.url, endpoint.public_url, endpoint.docker_host)
    assert said["pid"] == os.getpid()
    endpoint.stop()
    assert not (state / "server.json").exists()
    endpoint.stop()  # twice is no error


@pytest.mark.skipif(os.name == "nt", reason="Windows has no POSIX file modes")
def test_server_json_is_its_owners_alone(state):
    (state / "server.json").write_text("left by another")
    (state / "server.json").chmod(0o666)
    with localecr.start(state, port=0):
        assert (state / "server.json").stat().st_mode & 0o777 == 0o600


def spoilt(state, spoil):
    spoil(state / "lab.sqlite")
    before = {file: file.read_bytes() for file in state.rglob("*") if file.is_file() and file.name not in ("lock.sqlite",) and "docker" not in file.parts}
    with pytest.raises(StateError) as refusal:
        localecr.start(state, port=0)
    after = {file: file.read_bytes() for file in before}
    assert before == after
    return str(refusal.value)


def halve(file):
    with file.open("r+b") as handle:
        handle.truncate(file.stat().st_size // 2)


def shorten(file):
    with file.open("r+b") as handle:
        handle.truncate(1000)


def overwrite(file):
    file.write_bytes(b"this is no database" * 1000)


def scratch(file):
    """Noise in the middle, the header left whole."""
    size = file.stat().st_size
    with file.open("r+b") as handle:
        handle.seek(4096)
        handle.write(b"\xff" * (size - 8192))


def scratch_one_page(file):
    """Noise in a single page, far behind the schema."""
    with file.open("r+b") as handle:
        handle.seek(file.stat().st_size // 4096 // 2 * 4096)
        handle.write(b"\xff" * 4096)


@pytest.mark.parametrize("spoil", [halve, shorten, overwrite, scratch, scratch_one_page])
def test_a_broken_database_is_said_and_left_as_it_is(state, spoil):
    said = spoilt(state, spoil)
    assert f"The lab's database {state / 'lab.sqlite'} can't be read" in said
    assert said.endswith("Nothing was changed. Start afresh with: ecrlab reset --yes")


def test_a_folder_of_another_version_is_refused(state):
    def age(file):
        with closing(sqlite3.connect(file)) as database:
            database.execute("PRAGMA user_version = 999")

    said = spoilt(state, age)
    assert re.search(r"was written by another version \(layout 999, this one reads \d+\)", said)
    assert said.endswith("start afresh with: ecrlab reset --yes")


def test_a_folder_that_cannot_be_made_is_said(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(StateError, match=r"The state folder .*file.state can't be made .*ECRLAB_STATE"):
        localecr.start(tmp_path / "file" / "state", port=0)


# --- the door ---------------------------------------------------------------------------------------------------------------------------


def test_the_door_answers_to_the_token_in_server_json_alone(lab_endpoint, lab_state):
    url = f"{lab_endpoint.url}/_lab/status"
    token = json.loads((lab_state / "server.json").read_text())["token"]
    assert requests.get(url, headers={"Authorization": f"Bearer {token}"}, timeout=60).json()["endpoint"] == lab_endpoint.url
    for header in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {token}"}, {"Authorization": "Bearer tökén".encode()}):
        assert requests.get(url, headers=header, timeout=60).status_code == 401


def test_the_door_says_what_runs(door, lab_endpoint, lab_state):
    said = door.status()
    assert said.keys() == {"endpoint", "public_endpoint", "docker_host", "port", "pid", "state", "accounts", "version", "clock"}
    assert said["state"] == str(lab_state)
    assert {"111122223333", "444455556666"} <= set(said["accounts"])
    assert "999988887777" not in said["accounts"]  # the course's own, which nobody can sign in to


def test_the_door_stops_the_lab(state):
    endpoint = localecr.start(state, port=0)
    Door.find(state).stop()
    ended = threading.Thread(target=endpoint.wait)
    ended.start()
    ended.join(30)
    assert not ended.is_alive()
    with pytest.raises(NotRunning):
        Door.find(state)


def test_where_nothing_runs_there_is_no_door(tmp_path):
    with pytest.raises(NotRunning, match=r"No lab is running on .*Start one with: ecrlab serve --background"):
        Door.find(tmp_path)


@pytest.mark.parametrize(
    "greeting", [b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", b""]
)
def test_another_program_on_the_labs_old_port_is_not_the_lab(state, greeting):
    with closing(socket.create_server(("127.0.0.1", 0))) as stranger:
        facts = {"endpoint": f"http://127.0.0.1:{stranger.getsockname()[1]}", "token": "old"}
        (state / "server.json").write_text(json.dumps(facts))

        def greet():
            connection, _ = stranger.accept()
            with connection:
                connection.recv(1 << 16)
                connection.sendall(greeting)

        threading.Thread(target=greet, daemon=True).start()
        with pytest.raises(NotRunning):
            Door.find(state)


def test_nobody_signs_in_to_the_courses_own_account(door):
    with pytest.raises(DoorError, match="nobody signs in to it"):
        door.keys("999988887777")


@pytest.mark.parametrize(("account", "role"), [("12", "learner"), ("11112222333a", "learner"), ("111122223333", "owner")])
def test_keys_are_made_for_accounts_of_twelve_digits_and_two_roles(door, account, role):
    with pytest.raises(DoorError, match="12 digits"):
        door.keys(account, role)


def test_a_database_emptied_behind_the_labs_back_costs_no_layer(state):
    with localecr.start(state, port=0):
        pass
    before = sorted(state.glob("blobs/*/*/*"))
    for leftover in state.glob("lab.sqlite*"):
        leftover.unlink()
    (state / "lab.sqlite").touch()
    with pytest.raises(StateError, match="it is empty, though the folder holds layers.*ecrlab reset --yes"):
        localecr.start(state, port=0)
    assert before and sorted(state.glob("blobs/*/*/*")) == before
