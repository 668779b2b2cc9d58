"""Blobs sent over HTTP, in every way the protocol has. OCI distribution spec 1.1, pushing blobs."""

from __future__ import annotations

import functools
import re
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest

from specimens import digest
from wire import error_of

CONTENT = b"0123456789" * 10
WRONG = "None of the provided layer digests match the calculated layer digest"
STREAM = {"Content-Type": "application/octet-stream"}


def chunk(http, location, data, first, **more):
    headers = STREAM | {"Content-Range": f"{first}-{first + len(data) - 1}"}
    return http("PATCH", location, data=data, headers=headers, **more)


def finish(http, location, content=CONTENT, **more):
    return http("PUT", location, params={"digest": digest(content)}, **more)


def stands_at(http, location):
    """What a client that lost its place is told."""
    answer = http("GET", location)
    assert answer.status_code == 204
    assert "Content-Length" not in answer.headers
    return answer.headers["Range"]


# --- the four ways to push --------------------------------------------------------------------------------------------------------------


def test_one_post(http):
    answer = http("POST", "blobs/uploads/", params={"digest": digest(CONTENT)}, data=CONTENT, headers=STREAM)
    assert answer.status_code == 201
    assert answer.headers["Docker-Content-Digest"] == digest(CONTENT)
    assert answer.headers["Location"] == f"{http.base}/v2/{http.path}/blobs/{digest(CONTENT)}"
    assert http.holds(CONTENT)


def test_post_then_put(http):
    location = http.begin()
    answer = finish(http, location, data=CONTENT, headers=STREAM)
    assert (answer.status_code, answer.headers["Location"]) == (201, f"{http.base}/v2/{http.path}/blobs/{digest(CONTENT)}")
    assert http.holds(CONTENT)


def test_chunks_then_an_empty_put(http):
    location = http.begin()
    for first in range(0, 100, 40):
        answer = chunk(http, location, CONTENT[first : first + 40], first)
        assert answer.status_code == 202
        location = answer.headers["Location"]
        assert answer.headers["Range"] == f"0-{min(99, first + 39)}"
    assert finish(http, location).status_code == 201
    assert http.holds(CONTENT)


def test_the_last_chunk_may_come_with_the_put(http):
    location = chunk(http, http.begin(), CONTENT[:60], 0).headers["Location"]
    answer = finish(http, location, data=CONTENT[60:], headers=STREAM | {"Content-Range": "60-99"})
    assert answer.status_code == 201
    assert http.holds(CONTENT)


def test_a_stream_of_unknown_length_as_docker_sends_it(http):
    location = http.begin()
    answer = http("PATCH", location, data=iter([CONTENT[:33], CONTENT[33:70], CONTENT[70:]]))
    assert (answer.status_code, answer.headers["Range"]) == (202, "0-99")
    assert finish(http, answer.headers["Location"]).status_code == 201
    assert http.holds(CONTENT)


def test_a_put_of_unknown_length(http):
    assert finish(http, http.begin(), data=iter([CONTENT[:50], CONTENT[50:]])).status_code == 201
    assert http.holds(CONTENT)


def test_the_address_of_an_upload_is_absolute_and_ends_in_a_uuid(http):
    answer = http("POST", "blobs/uploads/")
    uuid = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    assert re.fullmatch(re.escape(f"{http.base}/v2/{http.path}/blobs/uploads/") + uuid, answer.headers["Location"])
    assert "Docker-Upload-UUID" not in answer.headers  # ECR sends none
    assert answer.headers["Content-Length"] == "0"


def test_without_the_last_slash_an_upload_begins_too(http):
    assert http("POST", "blobs/uploads").status_code == 202


@pytest.mark.parametrize("way", ["post", "put", "patch"])
def test_a_blob_of_no_bytes(http, way):
    if way == "post":
        answer = http("POST", "blobs/uploads/", params={"digest": digest(b"")}, data=b"")
    elif way == "put":
        answer = finish(http, http.begin(), b"")
    else:
        location = http.begin()
        assert http("PATCH", location, data=b"").status_code == 202
        answer = finish(http, location, b"")
    assert answer.status_code == 201
    assert http.holds(b"")


def test_the_same_blob_again_is_no_error(http):
    for _ in range(2):
        assert http.push_blob(CONTENT) == digest(CONTENT)
    assert http.holds(CONTENT)


def test_a_blob_can_have_a_sha512_digest(http):
    long = digest(CONTENT, "sha512")
    assert http("POST", "blobs/uploads/", params={"digest": long}, data=CONTENT).status_code == 201
    assert http("GET", f"blobs/{long}").content == CONTENT
    location = chunk(http, http.begin(), b"more", 0).headers["Location"]
    assert http("PUT", location, params={"digest": digest(b"more", "sha512")}).status_code == 201
    assert http("HEAD", f"blobs/{digest(b'more', 'sha512')}").status_code == 200


# --- what goes wrong --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("first", "size"), [(10, 10), (60, 40), (0, 10), (51, 49)])
def test_a_chunk_out_of_order_is_told_where_the_upload_stands(http, first, size):
    location = chunk(http, http.begin(), CONTENT[:50], 0).headers["Location"]
    answer = chunk(http, location, CONTENT[first : first + size], first)
    assert answer.status_code == 416
    assert answer.headers["Range"] == "0-49"
    assert answer.headers["Location"] == location
    assert error_of(answer)[1] == "BLOB_UPLOAD_INVALID"
    assert stands_at(http, location) == "0-49"
    assert chunk(http, location, CONTENT[50:], 50).status_code == 202
    assert finish(http, location).status_code == 201


def test_a_last_chunk_out_of_order_is_refused_too(http):
    location = chunk(http, http.begin(), CONTENT[:50], 0).headers["Location"]
    assert finish(http, location, data=CONTENT[60:], headers=STREAM | {"Content-Range": "60-99"}).status_code == 416
    assert stands_at(http, location) == "0-49"


def test_a_chunk_as_long_as_it_does_not_say_is_refused(http):
    location = http.begin()
    answer = http("PATCH", location, data=CONTENT, headers=STREAM | {"Content-Range": "0-49"})
    assert (answer.status_code, error_of(answer)[1]) == (400, "SIZE_INVALID")
    assert http("PATCH", location, data=CONTENT, headers=STREAM | {"Content-Range": "nonsense"}).status_code in (400, 416)
    assert chunk(http, location, CONTENT, 0).status_code == 202


@pytest.mark.parametrize("way", ["post", "put", "chunks"])
def test_content_of_another_digest_is_refused_and_not_kept(http, way):
    other = digest(b"another")
    if way == "post":
        answer = http("POST", "blobs/uploads/", params={"digest": other}, data=CONTENT)
    elif way == "put":
        answer = http("PUT", http.begin(), params={"digest": other}, data=CONTENT)
    else:
        answer = http("PUT", chunk(http, http.begin(), CONTENT, 0).headers["Location"], params={"digest": other})
    assert error_of(answer) == (400, "BLOB_UPLOAD_INVALID", WRONG)
    assert http("HEAD", f"blobs/{other}").status_code == 404
    assert http("HEAD", f"blobs/{digest(CONTENT)}").status_code == 404


MALFORMED = ["sha256:short", "sha256:" + "G" * 64, "sha256:" + "A" * 64, "md5:d41d8cd98f00b204e9800998ecf8427e", "nonsense", "", "sha256:../../lab.sqlite"]


@pytest.mark.parametrize("malformed", MALFORMED)
def test_a_malformed_digest_is_a_bad_request(http, malformed):
    assert error_of(http("PUT", http.begin(), params={"digest": malformed}, data=CONTENT))[:2] == (400, "DIGEST_INVALID")
    assert error_of(http("POST", "blobs/uploads/", params={"digest": malformed}, data=CONTENT))[:2] == (400, "DIGEST_INVALID")
    if malformed and "/" not in malformed:
        assert error_of(http("GET", f"blobs/{malformed}"))[:2] == (400, "DIGEST_INVALID")


def test_a_put_without_a_digest_is_a_bad_request(http):
    assert error_of(http("PUT", http.begin(), data=CONTENT))[:2] == (400, "DIGEST_INVALID")


@pytest.mark.parametrize("method", ["GET", "PATCH", "PUT", "DELETE"])
def test_an_upload_that_nobody_opened_is_unknown(http, name, method):
    upload = "01234567-89ab-cdef-0123-456789abcdef"
    answer = http(method, f"blobs/uploads/{upload}", params={"digest": digest(CONTENT)})
    sentence = f"The upload with id '{upload}' in the repository with name '{name}' in the registry with id '111122223333' does not exist"
    assert error_of(answer) == (404, "BLOB_UPLOAD_UNKNOWN", sentence)


def test_a_cancelled_upload_is_unknown(http):
    location = chunk(http, http.begin(), CONTENT[:50], 0).headers["Location"]
    assert http("DELETE", location).status_code == 204
    assert http("GET", location).status_code == 404
    assert chunk(http, location, CONTENT[50:], 50).status_code == 404


def test_a_finished_upload_is_unknown(http):
    location = http.begin()
    assert finish(http, location, data=CONTENT).status_code == 201
    assert http("GET", location).status_code == 404


def test_a_fresh_upload_stands_at_nothing(http):
    assert stands_at(http, http.begin()) == "0-0"  # the specification has no way to say "nothing yet"


# --- resumed ----------------------------------------------------------------------------------------------------------------------------


def send_and_hang_up(http, location, head, *pieces):
    """Sends a request and closes the connection in the middle of its body."""
    address = urlsplit(http.base)
    with socket.create_connection((address.hostname, address.port), timeout=60) as connection:
        lines = [f"PATCH {urlsplit(location).path} HTTP/1.1", f"Host: {address.netloc}", f"Authorization: {http.authorization}", *head]
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        for piece in pieces:
            connection.sendall(piece)


INTERRUPTED = {
    "of known length": (["Content-Length: 50"], [CONTENT[50:70]]),
    "with its place": (["Content-Length: 50", "Content-Range: 50-99"], [CONTENT[50:70]]),
    "in chunks, between two": (["Transfer-Encoding: chunked"], [b"14\r\n" + CONTENT[50:70] + b"\r\n"]),
    "in chunks, inside one": (["Transfer-Encoding: chunked"], [b"14\r\n" + CONTENT[50:60]]),
    "before its first byte": (["Content-Length: 50"], []),
}


@pytest.mark.parametrize(("head", "pieces"), INTERRUPTED.values(), ids=INTERRUPTED)
def test_an_interrupted_chunk_leaves_the_upload_as_it_was(http, head, pieces):
    location = chunk(http, http.begin(), CONTENT[:50], 0).headers["Location"]
    send_and_hang_up(http, location, head, *pieces)
    time.sleep(0.1)
    assert stands_at(http, location) == "0-49"
    deadline = time.monotonic() + 10  # until the server has noticed that nobody is there any more, the upload is busy
    while chunk(http, location, CONTENT[50:], 50).status_code != 202:
        assert time.monotonic() < deadline
    assert finish(http, location).status_code == 201
    assert http.holds(CONTENT)


def test_a_client_that_asks_where_it_stands_can_go_on(http):
    location = chunk(http, http.begin(), CONTENT[:30], 0).headers["Location"]
    assert stands_at(http, location) == "0-29"
    assert http("PATCH", location, data=CONTENT[30:]).headers["Range"] == "0-99"
    assert finish(http, location).status_code == 201


def test_uploads_of_one_blob_do_not_disturb_each_other(http):
    one, two = http.begin(), http.begin()
    chunk(http, one, CONTENT[:50], 0)
    chunk(http, two, CONTENT[:70], 0)
    chunk(http, one, CONTENT[50:], 50)
    assert finish(http, one).status_code == 201
    assert http.holds(CONTENT)


# --- at once ----------------------------------------------------------------------------------------------------------------------------


def at_once(*work):
    """Runs functions in threads that begin together; their results in order."""
    ready = threading.Barrier(len(work))

    def begin(each):
        ready.wait()
        return each()

    with ThreadPoolExecutor(len(work)) as threads:
        return list(threads.map(begin, work))


def test_many_may_push_the_same_blob_at_once(http, at, name):
    pushes = [functools.partial(at(name).push_blob, CONTENT * 1000) for _ in range(6)]
    assert at_once(*pushes) == [digest(CONTENT * 1000)] * 6
    assert http.holds(CONTENT * 1000)


def test_of_two_chunks_for_one_place_one_is_taken(http, at, name):
    location = http.begin()
    contents = [bytes([number]) * 1_000_000 for number in range(4)]
    answers = at_once(*(functools.partial(chunk, at(name), location, content, 0) for content in contents))
    statuses = [answer.status_code for answer in answers]
    assert sorted(statuses) == [202, 416, 416, 416]
    taken = contents[statuses.index(202)]
    assert finish(http, location, taken).status_code == 201
    assert http.holds(taken)
