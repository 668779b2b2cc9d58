"""A disk that fills up, one that can't be written, and one that gets better: said in a sentence, and nothing acknowledged is lost."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from datetime import timedelta

import pytest
from botocore.exceptions import ClientError

import audit
from awsapi import push, refused, tags
from labs import Process
from localecr.door import DoorError
from localecr.store.trouble import FULL, READ_ONLY
from small_disk import mounted
from specimens import digest, image
from wire import Repository, bearer, error_of


@pytest.fixture
def disk(tmp_path):
    small = mounted(tmp_path / "state")
    yield small
    small.unmount()


@pytest.fixture
def folder(disk, seeded):
    """A lab's folder on the small disk."""
    return shutil.copytree(seeded, disk.folder, dirs_exist_ok=True)


def large(seed):
    """An image of some 100 KB in its layer and 50 KB in its manifest."""
    return image(seed + "x" * 100_000, annotations={"padding": "y" * 50_000})


def through_docker(lab, seed):
    lab.repository("web").push(large(seed), seed)


def through_boto(lab, seed):
    push(lab.client(), "web", large(seed), seed)


def in_chunks(lab, seed):
    web, specimen = lab.repository("web"), large(seed)
    for blob in specimen.blobs:
        location = web.begin()
        for piece in (blob[:1000], blob[1000:]):
            answer = web("PATCH", location, data=piece)
            assert answer.status_code == 202, answer.text
        answer = web("PUT", location, params={"digest": digest(blob)})
        assert answer.status_code == 201, answer.text
    answer = web.put_manifest(seed, specimen)
    assert answer.status_code == 201, answer.text


@pytest.mark.parametrize("way", [through_docker, through_boto, in_chunks])
def test_a_push_on_a_disk_that_fills_up_is_refused_in_a_sentence_and_succeeds_once_there_is_room(disk, folder, way):
    with Process(folder) as lab:
        lab.client().create_repository(repositoryName="web")
        through_docker(lab, "first")
        pushed, refusals = ["first"], 0
        for room in range(0, 500_000, 40_000):  # the disk fills up at another step each time
            name = f"{way.__name__}-{room}"
            disk.fill(leave=room)
            try:
                way(lab, name)
            except (AssertionError, ClientError) as refusal:
                assert FULL in str(refusal)
                refusals += 1
                disk.free()
                way(lab, name)
            pushed.append(name)
            assert audit_of_a_running(folder) == []
        disk.free()
        assert refusals > 3
        assert sorted(tags(lab.client(), "web")) == sorted(pushed)
        lab.kill()
    with Process(folder) as lab:
        web = lab.repository("web")
        for name in pushed:
            assert web.pull(name) == large(name).manifest
            assert all(web.holds(blob) for blob in large(name).blobs)
        assert audit.faults(folder) == []


def audit_of_a_running(folder):
    """As `audit.faults`; what was put in place and then refused is swept later."""
    return [fault for fault in audit.faults(folder) if "takes room" not in fault]


def test_on_a_full_disk_nothing_is_made_and_everything_is_read(disk, folder):
    with Process(folder) as lab:
        ecr, web = lab.client(), lab.repository("web")
        ecr.create_repository(repositoryName="web")
        pushed = web.push(image("there"), "1")
        location = web.begin()
        assert web("PATCH", location, data=b"first half, ").status_code == 202
        disk.fill()
        with refused("ServerException", FULL):
            for number in range(100):  # the journal has room for a few
                ecr.create_repository(repositoryName=f"more/{number}")
        made = {each["repositoryName"] for each in ecr.describe_repositories()["repositories"]}
        assert made == {"web", *(f"more/{each}" for each in range(number))}
        assert error_of(web("PATCH", location, data=b"x" * 100_000)) == (500, "UNKNOWN", FULL)
        assert error_of(web.put_manifest("2", image("there", annotations={"padding": "x" * 100_000}))) == (500, "UNKNOWN", FULL)
        assert web("GET", location).headers["Range"] == "0-11"
        assert web.pull("1") == pushed.manifest
        assert web.holds(pushed.layers[0])
        assert tags(ecr, "web") == {"1": pushed.digest}
        disk.free()
        content = b"first half, second half"
        assert web("PUT", location, params={"digest": digest(content)}, data=b"second half").status_code == 201
        assert web.holds(content)
        ecr.create_repository(repositoryName=f"more/{number}")
        assert audit_of_a_running(folder) == []
        said = lab.said.read_text()
    assert "Traceback" not in said
    assert "A call of BatchGetImage wasn't written down. " + FULL in said


def test_a_clock_that_could_not_be_kept_has_not_moved(disk, folder):
    with Process(folder) as lab:
        disk.fill()
        for _ in range(1000):  # the journal has room for a few
            before = lab.door.clock()
            try:
                lab.door.advance(3600)
            except DoorError as refusal:
                assert str(refusal) == FULL
                break
        else:
            raise AssertionError("the disk never filled up")
        assert lab.door.clock() - before < timedelta(minutes=30)


def serve(state, *more):
    return subprocess.run(
        [sys.executable, "-m", "ecrlab", "serve", "--port", "0", "--state", str(state), *more], capture_output=True, text=True, timeout=120
    )


def base_image(lab):
    """One of the course's images, pulled by anybody: the answer waits until they are there."""
    address = lab.door.status()["public_endpoint"]
    return Repository(address, "public.ecr.aws/ecrlab/debian", bearer(address))("GET", "manifests/12")


@pytest.mark.parametrize(("room", "more"), [(0, ()), (100_000, ()), (600_000, ()), (1_200_000, ()), (0, ("--background",)), (600_000, ("--background",))])
def test_a_fresh_lab_on_a_full_disk_is_refused_in_one_sentence(disk, room, more):
    disk.fill(leave=room)
    done = serve(disk.folder / "fresh", *more)
    assert done.returncode in (1, 3)
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert re.search("The disk that holds .* is full", done.stderr.splitlines()[-1])
    disk.free()
    with Process(disk.folder / "fresh") as lab:
        assert lab.client().describe_repositories()["repositories"] == []
        assert base_image(lab).status_code == 200
    assert audit.faults(disk.folder / "fresh") == []


def test_a_lab_with_images_does_not_start_on_a_full_disk_and_loses_nothing(disk, folder):
    with Process(folder) as lab:
        lab.client().create_repository(repositoryName="web")
        pushed = lab.repository("web").push(image("there"), "1")
        lab.kill()
    (folder / "server.json").unlink()
    disk.fill()
    done = serve(folder)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == f"ecrlab: The lab can't start on {folder}. {FULL}\n"
    disk.free()
    with Process(folder) as lab:
        assert lab.repository("web").pull("1") == pushed.manifest
    assert audit.faults(folder) == []


# --- read-only --------------------------------------------------------------------------------------------------------------------------


def test_a_folder_that_becomes_read_only_is_said_and_read_and_used_again_afterwards(disk, folder):
    with Process(folder) as lab:
        ecr, web = lab.client(), lab.repository("web")
        ecr.create_repository(repositoryName="web")
        pushed = web.push(image("there"), "1")
        location = web.begin()
        assert web("PATCH", location, data=b"first half, ").status_code == 202
        disk.set_read_only(True)
        for attempt in (
            lambda: web("PATCH", location, data=b"second half"),
            lambda: web("POST", "blobs/uploads/", params={"digest": digest(b"a blob")}, data=b"a blob"),
        ):
            assert error_of(attempt()) == (500, "UNKNOWN", READ_ONLY)
        assert web.pull("1") == pushed.manifest
        assert web.holds(pushed.layers[0])
        disk.set_read_only(False)
        content = b"first half, second half"
        assert web("PUT", location, params={"digest": digest(content)}, data=b"second half").status_code == 201
        assert tags(ecr, "web") == {"1": pushed.digest}
        assert audit_of_a_running(folder) == []
        assert "Traceback" not in lab.said.read_text()


def test_a_lab_does_not_start_on_a_read_only_folder_and_says_so(disk, folder):
    disk.set_read_only(True)
    for state in (folder, disk.folder / "not-there-yet"):
        done = serve(state)
        assert (done.returncode in (1, 3), done.stdout) == (True, "")
        (line,) = done.stderr.splitlines()
        assert str(state) in line and "ECRLAB_STATE" in line
