"""The Docker Engine API on the wire: who is let in, versions, and what isn't here."""

from __future__ import annotations

import gzip
import io
import json
import socket
from urllib.parse import urlsplit

import pytest
import requests

from contexts import build, tar
from dockerless import Engine, application


@pytest.fixture
def api(docker_host: str) -> str:
    """The API's address as a URL."""
    return docker_host.replace("tcp", "http")


def test_the_secret_path_is_the_key(api: str) -> None:
    assert requests.get(f"{api}/_ping", timeout=5).text == "OK"
    address = urlsplit(api)
    for path in ("/_ping", "/", "/another-secret/_ping", f"{address.path}x/_ping", f"/x{address.path}/_ping", f"{address.path}"):
        answer = requests.get(f"{address.scheme}://{address.netloc}{path}", timeout=5)
        assert (answer.status_code, answer.json()) == (404, {"message": "page not found"}), path


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "http://localhost:8888"}, {"Origin": "null"}, {"Host": "evil.example.com"}, {"Host": "evil.example.com:4512"}, {"Host": "10.0.0.1"}],
    ids=str,
)
def test_web_pages_are_not_let_in(api: str, headers: dict[str, str]) -> None:
    answer = requests.get(f"{api}/_ping", headers=headers, timeout=5)
    assert (answer.status_code, answer.json()) == (403, {"message": "dockerless answers programs on this computer only, and no web pages"})


@pytest.mark.parametrize("host", ["localhost", "localhost:4512", "127.0.0.1:4512", "[::1]:4512"])
def test_every_name_of_this_computer_will_do(api: str, host: str) -> None:
    assert requests.get(f"{api}/_ping", headers={"Host": host}, timeout=5).ok


@pytest.mark.parametrize("secret", ["", "a/b"])
def test_a_secret_must_be_one_part_of_a_path(engine: Engine, secret: str) -> None:
    with pytest.raises(ValueError, match="the secret must be a part of a path"):
        application(engine, secret)


def test_versions(api: str) -> None:
    answer = requests.head(f"{api}/_ping", timeout=5)
    assert (answer.headers["Api-Version"], answer.headers["Ostype"], answer.headers["Builder-Version"]) == ("1.44", "linux", "1")
    for version in ("", "/v1.24", "/v1.44"):
        assert requests.get(f"{api}{version}/version", timeout=5).json()["Components"][0]["Name"] == "dockerless"


@pytest.mark.parametrize(
    ("version", "message"),
    [
        ("v1.45", "client version 1.45 is too new. Maximum supported API version is 1.44"),
        ("v1.23", "client version 1.23 is too old. Minimum supported API version is 1.24, please upgrade your client to a newer version"),
    ],
)
def test_other_versions_are_refused_in_dockers_words(api: str, version: str, message: str) -> None:
    answer = requests.get(f"{api}/{version}/version", timeout=5)
    assert (answer.status_code, answer.json()) == (400, {"message": message})


@pytest.mark.parametrize(("method", "path"), [("GET", "/nope"), ("DELETE", "/_ping"), ("PUT", "/images/json"), ("GET", "/images")])
def test_unknown_routes_are_not_found(api: str, method: str, path: str) -> None:
    answer = requests.request(method, f"{api}/v1.44{path}", timeout=5)
    assert (answer.status_code, answer.json()) == (404, {"message": "page not found"})


NOT_BUILT = [
    ("POST", "/containers/create", "can't run containers: that takes a container engine. Install Docker from https://docs.docker.com/get-docker/"),
    ("GET", "/containers/json", "can't run containers"),
    ("POST", "/exec/1/start", "can't run containers"),
    ("POST", "/networks/create", "can't run containers"),
    ("POST", "/volumes/create", "can't run containers"),
    ("GET", "/events", "dockerless keeps no record of events"),
    ("POST", "/session", "has no BuildKit: set DOCKER_BUILDKIT=0"),
    ("POST", "/build?version=2", "has no BuildKit: set DOCKER_BUILDKIT=0"),
    ("POST", "/build?remote=https://example.com/x.git", "dockerless builds from a folder and not from an address: leave remote out."),
    ("POST", "/build?squash=1", "dockerless doesn't squash layers: leave squash out."),
    ("POST", "/images/create?fromSrc=-", "doesn't import file systems: build from a Dockerfile with FROM scratch and ADD instead"),
]


@pytest.mark.parametrize(("method", "path", "message"), NOT_BUILT, ids=[path for _, path, _ in NOT_BUILT])
def test_what_is_not_here_is_one_clear_sentence(api: str, method: str, path: str, message: str) -> None:
    answer = requests.request(method, f"{api}/v1.44{path}", timeout=5)
    assert answer.status_code == 501
    assert message in answer.json()["message"]


def test_there_are_no_containers_to_inspect(api: str) -> None:
    answer = requests.get(f"{api}/containers/localhost:4510/web/json", timeout=5)
    assert (answer.status_code, answer.json()) == (404, {"message": "No such container: localhost:4510/web"})


def test_a_build_streams_and_its_errors_stream_too(api: str) -> None:
    context = tar({"Dockerfile": "FROM scratch\nCOPY a /a\nRUN make\n", "a": "1"})
    answer = requests.post(f"{api}/build?t=web:1", data=gzip.compress(context), timeout=5)
    events = [json.loads(line) for line in answer.text.splitlines()]
    assert (answer.status_code, answer.headers["Transfer-Encoding"], events[0]) == (200, "chunked", {"stream": "Step 1/3 : FROM scratch"})
    assert events[-1]["error"] == events[-1]["errorDetail"]["message"] and "Dockerfile line 3: RUN" in events[-1]["error"]


def test_a_build_that_cannot_begin_is_an_http_error(api: str) -> None:
    answer = requests.post(f"{api}/build", data=tar({"Dockerfile": "COPI"}), timeout=5)
    assert (answer.status_code, answer.json()) == (400, {"message": "dockerfile parse error line 1: unknown instruction: COPI"})


def test_a_context_may_come_in_chunks_and_the_connection_lives_on(api: str) -> None:
    context = tar({"Dockerfile": "FROM scratch\nCOPY a /a\n", "a": "x" * 100_000})
    with requests.Session() as session:
        for turn in range(3):
            pieces = (context[start : start + 7_000] for start in range(0, len(context), 7_000))
            assert "Successfully built" in session.post(f"{api}/build?q=0&t=web:{turn}", data=pieces, timeout=5).text
            assert session.post(f"{api}/nope", data=iter([context]), timeout=5).status_code == 404
            assert session.post(f"{api}/containers/create", data=context, timeout=5).status_code == 501


def test_a_quiet_build_says_only_the_id(api: str, engine: Engine) -> None:
    answer = requests.post(f"{api}/build?q=1&t=web:1", data=tar({"Dockerfile": "FROM scratch\nLABEL a=b\n"}), timeout=5)
    assert answer.json() == {"stream": engine.images.find("web:1").id + "\n"}


@pytest.mark.parametrize(
    ("path", "headers", "message"),
    [
        ("/build?buildargs=%7B", {}, "buildargs is not JSON"),
        ("/images/create?fromImage=web", {"X-Registry-Auth": "%%%"}, "X-Registry-Auth is not JSON"),
        ("/images/create?fromImage=web", {"X-Registry-Auth": "_w=="}, "X-Registry-Auth is not JSON in base64"),
        ("/images/prune?filters=%7B%22bogus%22:%5B%221%22%5D%7D", {}, "Invalid filter 'bogus'"),
    ],
)
def test_what_cannot_be_read_is_a_bad_request(api: str, path: str, headers: dict[str, str], message: str) -> None:
    answer = requests.post(f"{api}{path}", headers=headers, timeout=5)
    assert answer.status_code == 400 and message in answer.json()["message"]


def test_a_client_that_goes_away_ends_its_build(api: str, engine: Engine) -> None:
    address = urlsplit(api)
    context = tar({"Dockerfile": "FROM scratch\n" + "COPY a /a\n" * 400, "a": "x" * 20_000})
    with socket.create_connection((address.hostname, address.port)) as connection:
        head = f"POST {address.path}/build?t=gone:1 HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(context)}\r\n\r\n"
        connection.sendall(head.encode() + context)
        connection.recv(10)
    build(engine, "FROM scratch\nLABEL a=b\n", tag="after:1")
    assert requests.get(f"{api}/images/json", timeout=5).json()[0]["RepoTags"] == ["after:1"]


def test_a_full_disk_is_one_sentence(api: str, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("dockerless.engine.spool", full)
    answer = requests.post(f"{api}/build", data=io.BytesIO(tar({"Dockerfile": "FROM scratch\n"})), timeout=5)
    assert (answer.status_code, answer.json()) == (500, {"message": f"dockerless could not work in {engine.folder}: No space left on device"})
