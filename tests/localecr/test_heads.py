"""Heads of requests: what could be read in two ways is refused, and nothing that is said makes the lab fail (RFC 9112)."""

from __future__ import annotations

import socket
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("resource", reason="the helper that talks to the lab byte by byte uses POSIX' limits")

from hanging import Crowd, ask, rest, status
from test_any_request import EXAMPLES

HOST = b"Host: localhost\r\n"
HIDDEN = b"GET /hidden HTTP/1.1\r\nHost: localhost\r\n\r\n"


def lines(*headers: bytes) -> bytes:
    return b"POST /v2/ HTTP/1.1\r\n" + b"".join(each + b"\r\n" for each in headers) + b"\r\n"


SMUGGLING = {
    "a length and chunks": lines(b"Host: localhost", b"Content-Length: 5", b"Transfer-Encoding: chunked"),
    "chunks and a length": lines(b"Host: localhost", b"Transfer-Encoding: chunked", b"Content-Length: 5"),
    "two lengths": lines(b"Host: localhost", b"Content-Length: 0", b"Content-Length: 43"),
    "the same length twice": lines(b"Host: localhost", b"Content-Length: 43", b"Content-Length: 43"),
    "lengths in one header": lines(b"Host: localhost", b"Content-Length: 43, 43"),
    "a negative length": lines(b"Host: localhost", b"Content-Length: -1"),
    "a length with a sign": lines(b"Host: localhost", b"Content-Length: +43"),
    "a length with an underscore": lines(b"Host: localhost", b"Content-Length: 4_3"),
    "a hexadecimal length": lines(b"Host: localhost", b"Content-Length: 0x2b"),
    "a length in other digits": lines(b"Host: localhost", "Content-Length: ²".encode("latin-1")),
    "an absurd length": lines(b"Host: localhost", b"Content-Length: " + b"9" * 5000),
    "an empty length": lines(b"Host: localhost", b"Content-Length:"),
    "a blank before the colon": lines(b"Host: localhost", b"Content-Length : 43"),
    "chunked twice": lines(b"Host: localhost", b"Transfer-Encoding: chunked, chunked"),
    "two codings": lines(b"Host: localhost", b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity"),
    "an empty coding": lines(b"Host: localhost", b"Transfer-Encoding:"),
    "a coding after a tab": lines(b"Host: localhost", b"Transfer-Encoding:\x0bchunked"),
    "chunks in HTTP/1.0": b"POST /v2/ HTTP/1.0\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a continued line": lines(b"Host: localhost", b"Content-Length: 1", b" 2"),
    "a first line that is continued": lines(b" Host: localhost"),
    "a bare line feed": b"POST /v2/ HTTP/1.1\nHost: localhost\nContent-Length: 43\n\n",
    "a bare line feed in a header": lines(b"Host: localhost", b"X: y\nContent-Length: 43"),
    "a carriage return in a header": lines(b"Host: localhost", b"X: y\rContent-Length: 43"),
    "a NUL in a header": lines(b"Host: localhost", b"X: \x00"),
    "a header without a colon": lines(b"Host: localhost", b"nonsense"),
    "a header without a name": lines(b"Host: localhost", b": x"),
    "a name with a blank": lines(b"Host: localhost", b"X Y: z"),
    "two hosts": lines(b"Host: localhost", b"Host: attacker.example"),
    "no host": lines(b"X: y"),
    "two authorizations": lines(b"Host: localhost", b"Authorization: Basic eA==", b"Authorization: Basic eQ=="),
    "another method's case": b"get /v2/ HTTP/1.1\r\n" + HOST + b"\r\n",
    "no path": b"GET HTTP/1.1\r\n" + HOST + b"\r\n",
    "a whole address": b"GET http://localhost/v2/ HTTP/1.1\r\n" + HOST + b"\r\n",
    "another host's address": b"GET //attacker.example/v2/ HTTP/1.1\r\n" + HOST + b"\r\n",
    "a path that isn't ASCII": "GET /v2/é HTTP/1.1\r\n".encode() + HOST + b"\r\n",
    "a blank in the path": b"GET /v2/ x HTTP/1.1\r\n" + HOST + b"\r\n",
    "a NUL in the path": b"GET /v2/\x00 HTTP/1.1\r\n" + HOST + b"\r\n",
    "a version of the future": b"GET /v2/ HTTP/2.0\r\n" + HOST + b"\r\n",
    "a version of words": b"GET /v2/ HTTP/one.one\r\n" + HOST + b"\r\n",
    "nonsense": b"\x00\x01\x02\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "a tunnel": b"CONNECT localhost:22 HTTP/1.1\r\n" + HOST + b"\r\n",
}


@pytest.mark.parametrize("said", SMUGGLING.values(), ids=SMUGGLING)
@pytest.mark.parametrize("address", ["private", "public", "dockerless"])
def test_what_can_be_read_in_two_ways_is_refused_and_the_connection_ends(lab_endpoint, address, said):
    """Nothing after it on the connection is taken for a request."""
    url = {"private": lab_endpoint.url, "public": lab_endpoint.public_url, "dockerless": lab_endpoint.docker_host.replace("tcp", "http")}[address]
    answer = ask(url, said + HIDDEN)
    assert answer.count(b"HTTP/1.1 ") == 1
    assert status(answer) in (400, 405, 501, 505)
    assert b"Traceback" not in answer


CHUNKS = {
    "a negative size": b"-5\r\nhello\r\n0\r\n\r\n",
    "a size with a prefix": b"0x5\r\nhello\r\n0\r\n\r\n",
    "a size with an underscore": b"0_5\r\nhello\r\n0\r\n\r\n",
    "a size with a sign": b"+5\r\nhello\r\n0\r\n\r\n",
    "a blank before the size": b" 5\r\nhello\r\n0\r\n\r\n",
    "no size": b"\r\nhello\r\n0\r\n\r\n",
    "an absurd size": b"f" * 17 + b"\r\nhello",
    "a size of many digits": b"0" * 5000 + b"5\r\nhello\r\n0\r\n\r\n",
    "an endless extension": b"5;" + b"x" * 10_000 + b"\r\nhello\r\n0\r\n\r\n",
    "a line feed alone": b"5\nhello\n0\n\n",
    "a longer chunk than it said": b"4\r\nhello\r\n0\r\n\r\n",
    "a shorter chunk than it said": b"6\r\nhello\r\n0\r\n\r\n",
    "endless trailers": b"0\r\n" + b"X: y\r\n" * 1000 + b"\r\n",
}


@pytest.mark.parametrize("chunks", CHUNKS.values(), ids=CHUNKS)
def test_chunks_that_make_no_sense_are_refused_and_the_upload_stays_as_it_was(http, chunks):
    location = http.begin()
    path = location.removeprefix(http.base)
    said = f"PATCH {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {http.authorization}\r\nTransfer-Encoding: chunked\r\n\r\n".encode() + chunks
    answer = ask(http.base, said + HIDDEN)
    assert answer.count(b"HTTP/1.1 ") == 1
    assert status(answer) == 400
    assert b'"code":"SIZE_INVALID"' in answer
    assert http("GET", location).headers["Range"] == "0-0"
    assert http("PATCH", location, data=b"x").headers["Range"] == "0-0"


@pytest.mark.parametrize("chunks", [b"5;a=b\r\nhello\r\n0\r\n\r\n", b"5;a=\"b;\tc\" ; d\r\nhello\r\n0\r\nX-Trailer: y\r\n\r\n", b"00005\r\nhello\r\n000\r\n\r\n"])
def test_chunks_with_extensions_and_trailers_are_read_and_the_connection_goes_on(http, chunks):
    path = http.begin().removeprefix(http.base)
    said = f"PATCH {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {http.authorization}\r\nTransfer-Encoding: chunked\r\n\r\n".encode() + chunks
    answer = ask(http.base, said + HIDDEN.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    assert b"\r\nRange: 0-4\r\n" in answer
    assert answer.count(b"HTTP/1.1 ") == 2


@pytest.mark.parametrize(
    "said",
    [
        b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n",
        b"GET /" + b"a" * 200_000,
        b"GET / HTTP/1.1\r\n" + HOST + b"X: " + b"y" * 70_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + HOST + b"X: y\r\n" * 101 + b"\r\n",
        b"GET / HTTP/1.1\r\n" + HOST + b"".join(b"X%d: y\r\n" % number for number in range(20_000)),
    ],
    ids=["a long path", "a path without end", "a long header", "many headers", "headers without end"],
)
def test_a_head_has_bounds(lab_endpoint, said):
    answer = ask(lab_endpoint.url, said)
    assert status(answer) in (400, 413, 414)


def test_a_header_with_an_underscore_is_not_taken_for_the_one_with_a_dash(lab_endpoint):
    """In WSGI's environment Content_Length would be Content-Length, and X_Amz_Target the operation."""
    said = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent_Length: 43\r\nX_Amz_Target: AmazonEC2ContainerRegistry_V20150921.X\r\nConnection: close\r\n\r\n"
    assert b"UnknownOperationException" in ask(lab_endpoint.url, said)


def test_empty_lines_before_a_request_are_passed_over(lab_endpoint):
    answer = ask(lab_endpoint.url, b"\r\n\r\n" + HIDDEN + b"\r\n" + HIDDEN.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    assert answer.count(b"HTTP/1.1 404") == 2


def test_requests_may_come_all_at_once_and_in_any_pieces(lab_endpoint):
    with Crowd(lab_endpoint.url) as crowd:
        client = crowd.join()
        for letter in HIDDEN * 2 + HIDDEN.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"):
            client.send(bytes([letter]))
        assert rest(client).count(b"HTTP/1.1 404") == 3


TOKENS = st.sampled_from([b"GET", b"POST", b" ", b"/", b"/v2/", b"HTTP/1.1", b"\r\n", b"\n", b"\r", b":", b"Host", b"localhost", b"Content-Length", b"5", b"\x00"])
SOUPS = st.lists(TOKENS | st.binary(max_size=5), max_size=40).map(b"".join)
VALUES = st.text(st.sampled_from(string.printable + "\x00²é"), max_size=20).map(lambda text: text.encode("latin-1"))


@settings(EXAMPLES, max_examples=150)
@given(soup=SOUPS)
def test_no_soup_of_bytes_is_a_mistake_of_the_labs(lab_endpoint, soup):
    answer = ask_and_hang_up(lab_endpoint.url, soup)
    assert not answer or status(answer) < 500 or status(answer) in (501, 505)
    assert b"Traceback" not in answer


@settings(EXAMPLES, max_examples=150)
@given(headers=st.lists(st.tuples(st.sampled_from([b"Host", b"Content-Length", b"Range", b"Authorization", b"Transfer-Encoding", b"Expect", b"X"]), VALUES), max_size=5))
def test_no_header_is_a_mistake_of_the_labs(lab_endpoint, headers):
    said = b"GET /v2/x/manifests/1 HTTP/1.1\r\n" + b"".join(b"%s: %s\r\n" % each for each in headers) + b"\r\n"
    answer = ask_and_hang_up(lab_endpoint.url, said)
    assert not answer or status(answer) < 500 or status(answer) in (501, 505)


def ask_and_hang_up(url: str, said: bytes) -> bytes:
    """What the lab says to someone who has no more to say."""
    with Crowd(url) as crowd:
        client = crowd.join(said)
        client.shutdown(socket.SHUT_WR)
        try:
            return rest(client)
        except ConnectionResetError:
            return b""
