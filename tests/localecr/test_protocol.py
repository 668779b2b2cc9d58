"""The registry's address: names, hosts, challenges, errors. OCI distribution spec 1.1; AWS: private registry authentication."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

import pytest
import requests

import localecr
from specimens import digest, image
from wire import Repository, basic, error_of

ACCOUNT = "111122223333"
HOST = f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com"


def test_the_base_address_says_which_protocol_it_speaks(lab_endpoint, registry_password):
    for path in ("/v2/", "/v2"):
        answer = requests.get(lab_endpoint.url + path, headers={"Authorization": basic(registry_password())}, timeout=60)
        assert answer.status_code == 200
        assert answer.headers["Docker-Distribution-Api-Version"] == "registry/2.0"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_addresses_in_answers_follow_the_one_that_the_client_used(http, lab_endpoint, host):
    http.base = f"http://{host}:{urlsplit(lab_endpoint.url).port}"
    assert http.begin().startswith(f"{http.base}/v2/{http.path}/blobs/uploads/")
    assert http("POST", "blobs/uploads/", params={"digest": digest(b"x")}, data=b"x").headers["Location"].startswith(f"{http.base}/v2/")
    http.authorization = None
    assert http("GET", "tags/list").headers["Www-Authenticate"] == f'Basic realm="{http.base}/",service="ecr.amazonaws.com"'


@pytest.mark.parametrize("host", [HOST, f"{ACCOUNT}.dkr-ecr.us-east-1.on.aws", f"{HOST}:443"], ids=["AWS name", "dual stack", "with a port"])
def test_the_registrys_aws_name_as_host_means_the_same_registry(http, name, host):
    """For whoever lets the names resolve to this computer: the path then holds the repository alone, as on AWS."""
    pushed = http.push(image("by another name"), "1")
    as_on_aws = Repository(http.base, name, http.authorization, http.session)
    assert as_on_aws("GET", "manifests/1", headers={"Host": host}).content == pushed.manifest
    opened = as_on_aws("POST", "blobs/uploads/", headers={"Host": host})
    assert opened.headers["Location"].startswith(f"http://{host}/v2/{name}/blobs/uploads/")
    assert as_on_aws("GET", "tags/list", headers={"Host": host}).json() == {"name": name, "tags": ["1"]}


def test_every_regions_registry_has_its_name_behind_the_one_address(aws, at, name):
    aws("ecr", region="eu-west-1").create_repository(repositoryName=name)
    here, there = at(name), at(name, region="eu-west-1")
    pushed = there.push(image("in Ireland"), "1")
    assert there.pull("1") == pushed.manifest
    assert here("GET", "manifests/1").status_code == 404


def test_a_missing_repository_is_unknown_in_every_request(at, free_repository):
    http = at(free_repository)
    missing = (404, "NAME_UNKNOWN", f"The repository with name '{free_repository}' does not exist in the registry with id '{ACCOUNT}'")
    some = digest(b"some")
    for method, rest in [
        ("GET", "manifests/1"), ("PUT", "manifests/1"), ("DELETE", "manifests/1"), ("GET", "tags/list"), ("GET", f"referrers/{some}"),
        ("GET", f"blobs/{some}"), ("POST", "blobs/uploads/"), ("GET", "blobs/uploads/01234567-89ab-cdef-0123-456789abcdef"),
    ]:  # fmt: skip
        assert error_of(http(method, rest, data=image("x").manifest if method == "PUT" else b"")) == missing, (method, rest)


def test_a_name_without_a_registry_is_told_how_names_begin(lab_endpoint, registry_password):
    bare = Repository(lab_endpoint.url, "web", basic(registry_password()))
    status, code, message = error_of(bare("GET", "tags/list"))
    assert (status, code) == (404, "NAME_UNKNOWN")
    assert f"{lab_endpoint.url.removeprefix('http://')}/<account>.dkr.ecr.<region>.amazonaws.com/" in message


@pytest.mark.parametrize("name", ["Web", "a__" * 90, "-web", "a/./b", "%2e%2e/web", "web//shop"])
def test_a_name_that_no_repository_can_have_is_invalid(at, name):
    status, code, _ = error_of(at(name)("GET", "tags/list"))
    assert (status, code) in [(400, "NAME_INVALID"), (404, "NAME_UNKNOWN")]


@pytest.mark.parametrize("rest", ["manifests", "blobs/uploads/a/b", "nothing/here", "tags", ""])
def test_what_the_protocol_does_not_have_is_unsupported(http, rest):
    assert error_of(http("GET", rest))[:2] == (405, "UNSUPPORTED")


def test_errors_are_one_line_of_json_with_code_and_message_alone(http, name):
    answer = http("GET", "manifests/missing")
    assert answer.content == b'{"errors":[{"code":"MANIFEST_UNKNOWN","message":"Requested image not found"}]}\n'
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert answer.headers["Docker-Distribution-Api-Version"] == "registry/2.0"


def test_anothers_repository_is_denied_whether_it_exists_or_not(at, name):
    partner = at(name, account="444455556666").authorization
    for repository in (name, f"{name}-that-nobody-made"):
        http = at(repository)
        http.authorization = partner
        for method, rest, action in [
            ("POST", "blobs/uploads/", "InitiateLayerUpload"),
            ("HEAD", f"blobs/{digest(b'x')}", "BatchCheckLayerAvailability"),
            ("GET", f"blobs/{digest(b'x')}", "GetDownloadUrlForLayer"),
            ("GET", "manifests/1", "BatchGetImage"),
            ("DELETE", "manifests/1", "BatchDeleteImage"),
            ("GET", "tags/list", "ListImages"),
            ("GET", f"referrers/{digest(b'x')}", "BatchGetImage"),
        ]:
            answer = http(method, rest)
            assert answer.status_code == 403
            if method != "HEAD":
                assert error_of(answer)[1:] == (
                    "DENIED",
                    f"User: arn:aws:iam::444455556666:user/learner is not authorized to perform: ecr:{action} on resource: "
                    f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/{repository} because no resource-based policy allows the ecr:{action} action",
                )


def test_a_host_that_is_not_the_labs_is_refused(http):
    assert http("GET", "tags/list", headers={"Host": "attacker.example"}).status_code == 421
    assert http("GET", "tags/list", headers={"Host": "localhost.attacker.example"}).status_code == 421


@pytest.mark.parametrize("chunked", [False, True], ids=["of known length", "in chunks"])
def test_a_refused_push_leaves_the_connection_usable(state, chunked):
    """The body of a refused request is read away: what follows on the connection is the next request."""
    with localecr.start(state, port=0) as endpoint:  # a lab of its own keeps its connections open
        answers = refused_then_asked(endpoint.url, chunked)
    assert answers.count(b"HTTP/1.1 ") == answers.count(b"HTTP/1.1 401 Unauthorized") == 2


def refused_then_asked(url, chunked):
    """Two requests on one connection, the first with a body that looks like requests; what came back."""
    address = urlsplit(url)
    body = b"POST / HTTP/1.1\r\nHost: localhost\r\n\r\n" * 1000
    framed = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body) if chunked else body
    length = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {len(body)}"
    first = f"PATCH /v2/{HOST}/no-such-repository/blobs/uploads/x HTTP/1.1\r\nHost: {address.netloc}\r\n{length}\r\n\r\n".encode() + framed
    second = f"GET /v2/ HTTP/1.1\r\nHost: {address.netloc}\r\nConnection: close\r\n\r\n".encode()
    with socket.create_connection((address.hostname, address.port), timeout=60) as connection:
        connection.sendall(first + second)
        return b"".join(iter(lambda: connection.recv(1 << 16), b""))
