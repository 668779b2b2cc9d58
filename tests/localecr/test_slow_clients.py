"""Slow clients and many of them: whoever says nothing, half of something or never an end to it doesn't keep others waiting."""

from __future__ import annotations

import json
import shutil
import socket
import sys
import threading
import time
from contextlib import suppress
from itertools import count
from types import SimpleNamespace

import pytest
import requests

resource = pytest.importorskip("resource", reason="Windows' sockets are no files, and its select takes 512 of them")

from awsapi import refusal_of, send, signed_request
from hanging import Crowd, ask, head, many_files, rest, status
from labs import SERVE, Process
from localecr.registry import uploads
from localecr.serving import connection, listener, reception, threads
from specimens import digest, image
from wire import error_of

MEBIBYTE, NUMBERS = 1 << 20, count()
HEAD_UP_TO = [b"", b"G", b"GET /v2/ HT", b"GET /v2/ HTTP/1.1\r\nHost: loc", b"GET /v2/ HTTP/1.1\r\nHost: localhost\r\nX: y\r\n"]


@pytest.fixture(scope="module")
def lab(seeded, tmp_path_factory):
    """A lab in a process of its own, for all the crowds of this file in turn."""
    with many_files(8000), Process(shutil.copytree(seeded, tmp_path_factory.mktemp("slow") / "state")) as lab:
        lab.client().create_repository(repositoryName="web")
        yield lab


@pytest.fixture(scope="module")
def large(lab):
    """The digest of a blob that no socket's buffers can hold."""
    return lab.repository("web").push_blob(bytes(64 * MEBIBYTE))


def finish_some_work(lab):
    """What an ordinary client does: a push and a pull, and a call of the API; each request may take a minute."""
    web, tag = lab.repository("web"), f"ordinary-{next(NUMBERS)}"
    pushed = web.push(image(f"ordinary {tag}", layers=3), tag)
    assert web.pull(tag) == pushed.manifest
    assert all(web.holds(blob) for blob in pushed.blobs)
    assert lab.client().describe_images(repositoryName="web", imageIds=[{"imageTag": tag}])["imageDetails"]


def memory(lab):
    """Resident bytes of a lab's process."""
    with open(f"/proc/{lab.process.pid}/status") as file:
        return next(int(line.split()[1]) << 10 for line in file if line.startswith("VmRSS"))


def hang_uploads(lab, crowd, number):
    """Uploads that have begun and never end: in chunks and of a known length, stalled in a chunk's size, within it and after it."""
    web = lab.repository("web")
    for turn in range(number):
        path = web.begin().removeprefix(lab.url)
        framing, body = [
            ("Transfer-Encoding: chunked", b"ff"),
            ("Transfer-Encoding: chunked", b"fffff\r\nx"),
            ("Transfer-Encoding: chunked", b"1\r\nx\r\n"),
            ("Content-Length: 1000000", b"x"),
        ][turn % 4]
        crowd.join(head("PATCH", path, f"Authorization: {web.authorization}", framing) + body)


@pytest.mark.parametrize("said", HEAD_UP_TO, ids=lambda said: said.decode().replace("\r\n", " ") or "nothing")
def test_a_thousand_clients_that_stop_within_a_head_stop_nobody_else(lab, large, said):
    before = memory(lab) if sys.platform == "linux" else None
    with Crowd(lab.url) as crowd:
        for _ in range(1000):
            crowd.join(said)
        finish_some_work(lab)
        if before:
            assert memory(lab) - before < 32 * MEBIBYTE


def test_a_thousand_clients_on_each_address_stop_nobody_else(lab, large):
    docker = lab.door.status()["docker_host"].replace("tcp", "http").rpartition("/")[0]
    with Crowd(lab.url) as private, Crowd(lab.door.status()["public_endpoint"]) as public, Crowd(docker) as engine:
        for crowd in (private, public, engine):
            for _ in range(1000):
                crowd.join(b"GET / HTTP/1.1\r\n")
        finish_some_work(lab)
        assert requests.get(f"{docker}/", timeout=60).status_code == 404
        assert requests.get(f"{lab.door.status()['public_endpoint']}/v2/", timeout=60).status_code == 401


def test_a_hundred_uploads_that_never_end_stop_nobody_else(lab, large):
    with Crowd(lab.url) as crowd:
        hang_uploads(lab, crowd, 100)
        finish_some_work(lab)


def test_a_hundred_slow_readers_of_a_large_layer_stop_nobody_else(lab, large):
    web = lab.repository("web")
    with Crowd(lab.url) as crowd:
        for _ in range(100):
            crowd.join(head("GET", f"/v2/{web.path}/blobs/{large}", f"Authorization: {web.authorization}"), receives=4096)
        finish_some_work(lab)


def test_where_there_are_more_slow_uploads_than_threads_the_slow_ones_go(lab, large):
    with Crowd(lab.url) as crowd:
        hang_uploads(lab, crowd, 300)
        finish_some_work(lab)


def test_all_of_them_at_once_stop_nobody_else(lab, large):
    web = lab.repository("web")
    with Crowd(lab.url) as crowd:
        for turn in range(1000):
            crowd.join(HEAD_UP_TO[turn % len(HEAD_UP_TO)])
        hang_uploads(lab, crowd, 50)
        for _ in range(50):
            crowd.join(head("GET", f"/v2/{web.path}/blobs/{large}", f"Authorization: {web.authorization}"), receives=4096)
        finish_some_work(lab)
    finish_some_work(lab)


def test_threads_end_when_the_crowd_has_gone(monkeypatch, http):
    monkeypatch.setattr(threads, "SPARE", 0.1)
    before = threading.active_count()
    with Crowd(http.base) as crowd:
        for _ in range(20):
            path = http.begin().removeprefix(http.base)
            crowd.join(head("PATCH", path, f"Authorization: {http.authorization}", "Transfer-Encoding: chunked"))
        deadline = time.monotonic() + 60
        while threading.active_count() < before + 10:
            assert time.monotonic() < deadline
            time.sleep(0.01)
    while threading.active_count() > before + threads.KEPT:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_client_that_dribbles_its_head_has_only_so_long(monkeypatch, lab_endpoint):
    monkeypatch.setattr(reception, "HEAD_WITHIN", 1)
    with Crowd(lab_endpoint.url) as crowd:
        client, ended = crowd.join(b"G"), threading.Event()

        def dribble():
            while not ended.wait(0.1):
                try:
                    client.send(b"E")
                except OSError:
                    return

        threading.Thread(target=dribble, daemon=True).start()
        try:
            answer = rest(client)
        except ConnectionResetError:  # its last letter crossed the answer
            answer = b"HTTP/1.1 408 "
        ended.set()
        assert status(answer) == 408


@pytest.mark.parametrize("framing", ["Content-Length: 1000", "Transfer-Encoding: chunked"])
def test_a_body_that_stalls_is_timed_out_in_the_words_of_the_protocol(monkeypatch, http, framing):
    monkeypatch.setattr(connection, "PATIENCE", 0.5)
    location = http.begin()
    path = location.removeprefix(http.base)
    answer = ask(http.base, head("PATCH", path, f"Authorization: {http.authorization}", framing) + b"5\r\nhello")
    assert status(answer) == 408
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["errors"][0]["code"] == "SIZE_INVALID"
    assert http("PUT", location, params={"digest": digest(b"all")}, data=b"all").status_code == 201  # the upload is as it was


@pytest.mark.skipif(sys.platform != "linux", reason="reads the state of the other end's socket from /proc")
def test_a_reader_that_stalls_is_hung_up_on(monkeypatch, http):
    monkeypatch.setattr(connection, "PATIENCE", 0.5)
    large = http.push_blob(bytes(64 * MEBIBYTE))
    with Crowd(http.base) as crowd:
        client = crowd.join(head("GET", f"/v2/{http.path}/blobs/{large}", f"Authorization: {http.authorization}"), receives=4096)
        deadline = time.monotonic() + 60
        while not is_left_by_the_lab(client):  # and not a byte is read here meanwhile
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert len(rest(client)) < 64 * MEBIBYTE


def is_left_by_the_lab(client):
    """Whether the lab has ended its side of a connection."""
    ends = [f":{port:04X}" for port in (client.getpeername()[1], client.getsockname()[1])]
    with open("/proc/net/tcp") as table:
        sockets = [line.split()[1:4] for line in table]
    return any(local.endswith(ends[0]) and remote.endswith(ends[1]) and state != "01" for local, remote, state in sockets)


# --- bodies that nobody asked for, or that have no end ----------------------------------------------------------------------------------


@pytest.mark.parametrize("framing", ["Content-Length: 999999999999999", "Transfer-Encoding: chunked"])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
def test_an_endless_body_that_nobody_asked_for_is_not_waited_for(lab_endpoint, method, framing):
    """The answer comes at once, and the connection ends with it."""
    with Crowd(lab_endpoint.url) as crowd:
        client, ended = crowd.join(head(method, "/v2/a/manifests/b", framing)), threading.Event()
        piece = b"10000\r\n" + bytes(0x10000) + b"\r\n"

        def send_without_end():
            while not ended.is_set():
                try:
                    client.sendall(piece)
                except OSError:
                    return

        sender = threading.Thread(target=send_without_end, daemon=True)
        sender.start()
        answer = rest(client)
        ended.set()
        assert status(answer) == 401
        assert b"\r\nConnection: close\r\n" in answer


def test_a_client_that_sends_all_before_it_listens_still_gets_its_refusal(http):
    """The lab has answered long before; what still comes is thrown away, and nobody's connection is reset."""
    answer = http("POST", "blobs/uploads/", params={"digest": digest(b"")}, data=bytes(64 * MEBIBYTE), headers={"Authorization": "Basic x"})
    assert answer.status_code == 401


def test_the_api_reads_no_more_than_a_request_may_have(lab_endpoint):
    answer = ask(lab_endpoint.url, head("POST", "/", "X-Amz-Target: AmazonEC2ContainerRegistry_V20150921.PutImage", "Content-Length: 99999999999") + b"{")
    assert status(answer) in (400, 413)


def test_an_ordinary_call_of_the_api_has_at_most_a_mebibyte(lab_endpoint, door):
    request = signed_request(lab_endpoint.url, door.keys("111122223333"), "ecr", "DescribeRegistry", b" " * (MEBIBYTE + 1))
    assert refusal_of(send(request))[:2] == (413, "RequestEntityTooLarge")


def test_a_stranger_is_refused_before_the_body_is_read(lab_endpoint):
    headers = ("X-Amz-Target: AmazonEC2ContainerRegistry_V20150921.PutImage", "Content-Length: 30000000", "Authorization: AWS4-HMAC-SHA256 Credential=AKIAX/20260105/us-east-1/ecr/aws4_request, SignedHeaders=host, Signature=x")  # fmt: skip
    assert b"UnrecognizedClientException" in ask(lab_endpoint.url, head("POST", "/", *headers) + b"{")


@pytest.mark.parametrize("chunked", [False, True], ids=["of known length", "in chunks"])
def test_a_layer_over_the_quota_is_refused_and_the_upload_stays_as_it_was(monkeypatch, http, chunked):
    monkeypatch.setattr(uploads, "LARGEST_LAYER", MEBIBYTE)
    location = http.begin()
    assert http("PATCH", location, data=b"x").status_code == 202
    too_much = bytes(MEBIBYTE)
    refused = http("PATCH", location, data=iter([too_much]) if chunked else too_much)
    assert error_of(refused) == (413, "SIZE_INVALID", "The layer is larger than 1 MiB, the maximum size of a layer.")
    assert http("GET", location).headers["Range"] == "0-0"
    whole = b"x" + bytes(MEBIBYTE - 1)
    assert http("PUT", location, params={"digest": digest(whole)}, data=whole[1:]).status_code == 201


@pytest.mark.skipif(sys.platform != "linux", reason="reads a process's memory from /proc")
def test_a_chunk_of_any_size_is_never_in_memory_as_a_whole(lab, large):
    """One chunk of 256 MiB, as no client would send it."""
    web, size = lab.repository("web"), 256 * MEBIBYTE
    path = web.begin().removeprefix(lab.url)
    before = memory(lab)
    with Crowd(lab.url) as crowd:
        client = crowd.join(head("PATCH", path, f"Authorization: {web.authorization}", "Transfer-Encoding: chunked") + b"%x\r\n" % size)
        for _ in range(size // MEBIBYTE):
            client.sendall(bytes(MEBIBYTE))
            assert memory(lab) - before < 48 * MEBIBYTE
        client.sendall(b"\r\n0\r\n\r\n")
        assert status(client.recv(1 << 16)) == 202


def test_a_head_that_dribbles_keeps_no_thread_waiting_for_it():
    """After an answer a thread waits a moment for the next request: once, and not once more with each byte."""
    ours, theirs = socket.socketpair()
    for each in (ours, theirs):
        each.setblocking(False)
    client = connection.Connection(SimpleNamespace(is_crowded=False), ours, ("127.0.0.1", 0))
    heard: list[bool] = []
    waiting = threading.Thread(target=lambda: heard.append(client.hears_soon(listener.LINGER)))
    theirs.send(b"A")
    waiting.start()
    while not heard:
        with suppress(BlockingIOError):
            theirs.send(b"A")  # always the next byte at once, until the head is too large for anybody
    waiting.join()
    theirs.close()
    client.close()
    assert heard == [False]


# --- files ------------------------------------------------------------------------------------------------------------------------------


def test_with_few_files_the_oldest_waiting_connections_make_room(state):
    """As where the system's limit is low and can't be raised."""
    few = ("-c", "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256)); " + SERVE[1])
    with many_files(2000), Process(state, few) as lab, Crowd(lab.url) as crowd:
        lab.client().create_repository(repositoryName="web")
        for _ in range(500):
            crowd.join(b"GET")
        finish_some_work(lab)


@pytest.mark.skipif(sys.platform != "linux", reason="reads a process's limits from /proc")
def test_more_files_are_asked_for_at_the_start(state):
    few = ("-c", f"import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (256, {hard_limit()})); {SERVE[1]}")
    with Process(state, few) as lab, open(f"/proc/{lab.process.pid}/limits") as limits:
        assert int(next(line for line in limits if line.startswith("Max open files")).split()[3]) > 256


def hard_limit():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return "resource.RLIM_INFINITY" if hard == resource.RLIM_INFINITY else hard
