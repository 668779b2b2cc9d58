"""Nobody gets in: where the lab listens, whom it answers, and what its credentials are worth once somebody has touched them."""

from __future__ import annotations

import json
import socket
import sys
from urllib.parse import quote, urlsplit

import pytest
import requests

import localecr
from awsapi import PREFIXES, refusal_of, send, signed_request
from localecr.door import Door, DoorError, NotRunning
from specimens import image
from wire import basic, bearer

ADDRESSES = ["private", "public", "dockerless"]


@pytest.fixture(scope="module")
def urls(lab_endpoint):
    """The lab's three addresses; dockerless' has its secret."""
    return {"private": lab_endpoint.url, "public": lab_endpoint.public_url, "dockerless": lab_endpoint.docker_host.replace("tcp", "http")}


@pytest.fixture(scope="module")
def keys(door):
    return door.keys("111122223333")


@pytest.fixture
def token(lab_state):
    """What opens /_lab."""
    return json.loads((lab_state / "server.json").read_text())["token"]


# --- where it listens -------------------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform != "linux", reason="reads the listening sockets from /proc")
def test_the_lab_listens_on_127_0_0_1_alone(urls):
    for url in urls.values():
        port = f"{urlsplit(url).port:04X}"
        listening = []
        for table in ("/proc/net/tcp", "/proc/net/tcp6"):
            with open(table) as lines:
                rows = [line.split() for line in lines]
            listening += [row[1].rpartition(":")[0] for row in rows if row[3] == "0A" and row[1].endswith(f":{port}")]
        assert listening == ["0100007F"]


@pytest.mark.parametrize("address", ADDRESSES)
def test_no_other_address_of_this_computer_answers(urls, address):
    port = urlsplit(urls[address]).port
    others = {found[4][0] for found in socket.getaddrinfo(socket.gethostname(), port, type=socket.SOCK_STREAM)} | {"::1"}
    for other in {each for each in others if not each.startswith("127.")}:
        with pytest.raises(OSError), socket.create_connection((other, port), timeout=5):
            pass


# --- web pages --------------------------------------------------------------------------------------------------------------------------

FOREIGN = [
    "attacker.example", "attacker.example:4510", "localhost.attacker.example", "attacker.example.", "localhost@attacker.example", "localhost,attacker.example",
    "127.0.0.1.attacker.example", "amazonaws.com.attacker.example", "evilamazonaws.com", "10.0.0.1", "0.0.0.0", "[::]", "[fe80::1]", "169.254.169.254", "localhost:x", "",
    "127.0.0.1\\attacker.example", "localhost#", "localhost/", "127.1.attacker", "a" * 1000 + ".example", "-" * 5000,
]  # fmt: skip


@pytest.mark.parametrize("host", FOREIGN, ids=lambda host: host[:40] or "nothing")
@pytest.mark.parametrize("address", ADDRESSES)
def test_a_page_whose_name_was_bound_to_this_computer_is_refused(urls, address, host, keys, token):
    """DNS rebinding: the browser sends the attacker's name. No path, and no credential, changes that."""
    paths = {"private": ["/", "/v2/", "/_lab/status", "/_layers/x"], "public": ["/", "/v2/", "/token/"], "dockerless": ["/_ping", "/info"]}[address]
    for path in paths:
        answer = requests.get(urls[address] + path, headers={"Host": host, "Authorization": f"Bearer {token}"}, timeout=60)
        assert answer.status_code in (400, 403, 421), path
        assert token not in answer.text


@pytest.mark.parametrize("origin", ["http://attacker.example", "null", "http://localhost:8888", "https://localhost", "file://"])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("address", ADDRESSES)
def test_a_page_of_another_site_is_refused_whatever_it_sends_along(urls, address, method, origin, token):
    """A page may send simple requests anywhere; browsers then say where it comes from. A preflight learns nothing either."""
    for path in ("/", "/v2/", "/_lab/stop", "/token/"):
        headers = {"Origin": origin, "Authorization": f"Bearer {token}", "Access-Control-Request-Method": "POST", "Content-Type": "text/plain"}
        answer = requests.request(method, urls[address] + path, headers=headers, data=b"{}" if method == "POST" else None, timeout=60)
        assert answer.status_code == 403
        assert not [name for name in answer.headers if name.lower().startswith("access-control-")]


@pytest.mark.parametrize("address", ADDRESSES)
def test_no_answer_lets_a_page_read_it(urls, address):
    for path in ("/", "/v2/", "/token/", "/_lab/status", "/_ping", "/nothing"):
        for method in ("GET", "OPTIONS"):
            answer = requests.request(method, urls[address] + path, timeout=60)
            assert not [name for name in answer.headers if name.lower().startswith("access-control-")]


# --- the lab's own door -----------------------------------------------------------------------------------------------------------------


def test_the_door_opens_to_its_token_alone_and_to_every_letter_of_it(urls, token):
    def knock(authorization):
        return requests.get(f"{urls['private']}/_lab/status", headers={"Authorization": authorization} if authorization else {}, timeout=60).status_code

    assert knock(f"Bearer {token}") == 200
    wrong = ["", "Bearer", "Bearer x", f"Basic {token}", f"bearer {token}", f"Bearer {token} ", f"Bearer  {token}", f"Bearer {token}x", f"Bearer {token[:-1]}", f"Bearer {token}\xe9"]
    wrong += [f"Bearer {spoilt}" for spoilt in spoilt_letters(token)]
    assert [each for each in wrong if knock(each) != 401 and each.rstrip() != f"Bearer {token}"] == []


def spoilt_letters(text):
    """The text with one letter changed, for each letter."""
    for place, letter in enumerate(text):
        yield text[:place] + ("A" if letter != "A" else "B") + text[place + 1 :]


@pytest.mark.parametrize("address", ["public", "dockerless"])
def test_the_door_is_at_the_private_address_alone(urls, address, token):
    assert requests.get(f"{urls[address]}/_lab/status", headers={"Authorization": f"Bearer {token}"}, timeout=60).status_code == 404


@pytest.mark.parametrize("body", [b"[" * 50_000, b'{"advance_seconds": 1e999}', b'{"advance_seconds": NaN}', b'{"advance_seconds": ' + b"9" * 400 + b"}", b'{"advance_seconds": ' + b"9" * 5000 + b"}", b"\xff", b"null", b"[]", b'"x"', b'{"advance_seconds": -1}', b"{" + b" " * 70_000 + b"}"], ids=lambda body: f"{body[:30]!r}")  # fmt: skip
@pytest.mark.parametrize("path", ["keys", "clock"])
def test_the_door_refuses_what_it_cannot_read(urls, token, path, body):
    answer = requests.post(f"{urls['private']}/_lab/{path}", headers={"Authorization": f"Bearer {token}"}, data=body, timeout=60)
    assert answer.status_code in (400, 413)
    assert len(answer.json()["message"]) < 400


def test_another_labs_credentials_open_nothing_here(state, urls, http, lab_state, public):
    with localecr.start(state, port=0):
        door = Door.find(state)
        their_token = json.loads((state / "server.json").read_text())["token"]
        theirs = door.keys("111122223333")
        endpoint = door.status()["endpoint"]
        answer = send(signed_request(endpoint, theirs, "ecr", "GetAuthorizationToken"))
        password = answer.json()["authorizationData"][0]["authorizationToken"]
        anybodys = bearer(door.status()["public_endpoint"])
    with pytest.raises(DoorError):
        Door(urls["private"], their_token).status()
    assert refusal_of(send(signed_request(urls["private"], theirs, "ecr", "DescribeRegistry")))[1] == "UnrecognizedClientException"
    assert requests.get(f"{urls['private']}/v2/", headers={"Authorization": f"Basic {password}"}, timeout=60).status_code == 401
    assert requests.get(f"{urls['public']}/v2/", headers={"Authorization": anybodys}, timeout=60).status_code == 401
    with pytest.raises(NotRunning):
        Door.find(state)


# --- registry tokens --------------------------------------------------------------------------------------------------------------------


def test_a_registry_token_opens_nothing_once_a_letter_is_changed(urls, registry_password):
    password = registry_password()

    def enter(password):
        return requests.get(f"{urls['private']}/v2/", headers={"Authorization": basic(password)}, timeout=60).status_code

    assert enter(password) == 200
    more = [password + "=", password + "A", password[:-1], "\n" + password, password + "\n", password.rstrip("="), password.replace("-", "+"), password[:20] + "!" + password[20:]]
    assert [spoilt for spoilt in [*spoilt_letters(password), *more] if spoilt != password and enter(spoilt) != 401] == []


def test_a_bearer_token_opens_nothing_once_a_letter_is_changed(urls):
    anybodys = bearer(urls["public"]).removeprefix("Bearer ")

    def enter(token):
        return requests.get(f"{urls['public']}/v2/", headers={"Authorization": f"Bearer {token}"}, timeout=60).status_code

    assert enter(anybodys) == 200
    assert [spoilt for spoilt in spoilt_letters(anybodys) if enter(spoilt) != 401] == []


def test_anybodys_token_reads_the_public_registry_and_writes_nothing(urls, public, free_repository):
    public.create_repository(repositoryName=free_repository)
    alias = public.describe_registries()["registries"][0]["aliases"][0]["name"]
    for method, rest in [("POST", "blobs/uploads/"), ("PUT", "manifests/1"), ("DELETE", "manifests/1")]:
        answer = requests.request(method, f"{urls['public']}/v2/{alias}/{free_repository}/{rest}", headers={"Authorization": bearer(urls["public"])}, data=image("x").manifest, timeout=60)
        assert answer.status_code in (401, 403)


def test_a_download_url_opens_nothing_once_a_letter_is_changed(ecr, http, name):
    pushed = http.push(image("downloaded"), "1")
    url = ecr.get_download_url_for_layer(repositoryName=name, layerDigest=json.loads(pushed.manifest)["layers"][0]["digest"])["downloadUrl"]
    assert requests.get(url, timeout=60).status_code == 200
    base, _, ticket = url.partition("/_layers/")
    opened = [spoilt for spoilt in spoilt_letters(ticket) if requests.get(f"{base}/_layers/{spoilt}", timeout=60).status_code < 400]
    assert opened == []


# --- signatures -------------------------------------------------------------------------------------------------------------------------


def test_a_signature_is_worth_nothing_once_a_letter_of_its_header_is_changed(urls, keys):
    request = signed_request(urls["private"], keys, "ecr", "DescribeRegistry")
    header = request.headers["Authorization"]
    assert send(request).status_code == 200
    opened = []
    for spoilt in spoilt_letters(header):
        request.headers.replace_header("Authorization", spoilt)
        if send(request).status_code < 400:
            opened.append(spoilt)
    assert opened == []


@pytest.mark.parametrize("unsigned", ["x-amz-target", "X-Amz-Anything"])
def test_a_header_of_awss_own_that_is_not_signed_is_refused(urls, keys, unsigned):
    """Else whoever saw one request could make another of it."""
    request = signed_request(urls["private"], keys, "ecr", "DescribeRegistry")
    target = request.headers["X-Amz-Target"]
    del request.headers["Authorization"], request.headers["X-Amz-Date"]
    if unsigned == "x-amz-target":
        del request.headers["X-Amz-Target"]
    from botocore.auth import SigV4Auth
    from botocore.credentials import Credentials

    SigV4Auth(Credentials(keys["access_key_id"], keys["secret_access_key"]), "ecr", "us-east-1").add_auth(request)
    request.headers[unsigned] = target if unsigned == "x-amz-target" else "x"
    assert refusal_of(send(request)) == (400, "InvalidSignatureException", f"'{unsigned.lower()}' must be a 'SignedHeader' in the AWS Authorization.")


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_signature_in_the_query_is_answered_in_a_sentence(urls, keys, method):
    query = f"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={quote(keys['access_key_id'])}%2F20260105%2Fus-east-1%2Fecr%2Faws4_request&X-Amz-Signature={'0' * 64}"
    answer = requests.request(method, f"{urls['private']}/?{query}", headers={"X-Amz-Target": f"{PREFIXES['ecr']}.DescribeRegistry"}, timeout=60)
    assert refusal_of(answer) == (400, "IncompleteSignatureException", "The signature is in the query, as of a presigned URL. Amazon ECR takes it in the Authorization header.")  # fmt: skip


@pytest.mark.parametrize("query", ["x=1&" * 200, "&" * 60_000, "%" * 1000, "%ff=%00", "n=1;n=2", "=" * 1000, "a[]=1&a[]=2"], ids=lambda query: query[:12])
def test_no_query_is_a_mistake_of_the_labs(urls, http, query):
    assert requests.get(f"{urls['private']}/v2/{http.path}/tags/list?{query}", headers={"Authorization": http.authorization}, timeout=60).status_code in (200, 405)
    assert requests.get(f"{urls['private']}/?{query}", timeout=60).status_code == 404


# --- bytes that come back ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "media_type", ["application/x\r\nX-Injected: yes", "application/x\nX", "application/\x00", "text/é", "application/\ud800", "x", "", "application/" + "x" * 500, "☃/x"],
    ids=["a header within", "a line feed", "a NUL", "not ASCII", "half a surrogate pair", "no slash", "empty", "endless", "not Latin"],
)  # fmt: skip
def test_a_media_type_that_is_none_is_refused_before_it_could_come_back_as_a_header(http, media_type):
    document = json.dumps({"schemaVersion": 2, "mediaType": media_type}).encode()
    answer = http("PUT", "manifests/1", data=document)
    assert answer.status_code == 405 or answer.status_code == 400
    assert http("GET", "manifests/1").status_code == 404


@pytest.mark.parametrize("document", [b'{"a": NaN}', b'{"a": -Infinity}', b'{"annotations": {"a": "\\ud800"}}', b'{"artifactType": "\\uDFFF"}', b"[" * 100_000, b'{"size": ' + b"9" * 5000 + b"}", b"\xef\xbb\xbf{}"], ids=lambda document: f"{document[:30]!r}")  # fmt: skip
def test_a_document_that_other_readers_would_not_read_is_no_manifest(http, document):
    answer = http("PUT", "manifests/1", data=document, headers={"Content-Type": "application/x"})
    assert answer.status_code in (400, 405)
    assert "Invalid JSON syntax" in answer.text
