"""What `docker pull`, `push` and `login` say when a registry refuses: dockerless and a real Docker engine, asked the same."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass

import docker
import pytest

from contexts import tar
from scripted import Refusal, ScriptedRegistry

REPOSITORY = "The repository with name 'web' does not exist in the registry with id '111122223333'"
EXPIRED = "Your authorization token has expired. Reauthenticate and try again."
IMMUTABLE = "The image tag '1' already exists in the 'web' repository and cannot be overwritten because the tag is immutable."
USER = "User: arn:aws:iam::111122223333:user/me is not authorized to perform: ecr:BatchGetImage on resource: x"
DENIED = "pull access denied for {name}, repository does not exist or may require 'docker login'"
MANIFESTS = "(PUT|GET|HEAD) .*manifests"


@dataclass
class Case:
    """A registry's refusal, and what Docker makes of it: the status and message of a pull, the error event of a push."""

    refusal: Refusal
    pull_status: int
    pull: str
    push: str


CASES = {
    "no repository": Case(
        Refusal.of(404, "NAME_UNKNOWN", REPOSITORY), 404, f"repository {{name}} not found: name unknown: {REPOSITORY}", f"name unknown: {REPOSITORY}"
    ),
    "not allowed": Case(Refusal.of(403, "DENIED", USER), 404, f"{DENIED}: denied: {USER}", f"denied: {USER}"),
    "expired token": Case(Refusal.of(403, "DENIED", EXPIRED), 404, f"{DENIED}: denied: {EXPIRED}", f"denied: {EXPIRED}"),
    "immutable tag": Case(Refusal.of(400, "TAG_INVALID", IMMUTABLE, MANIFESTS), 500, f"tag invalid: {IMMUTABLE}", f"tag invalid: {IMMUTABLE}"),
    "rate": Case(Refusal.of(429, "TOOMANYREQUESTS", "Rate exceeded"), 500, "toomanyrequests: Rate exceeded", "toomanyrequests: Rate exceeded"),
    "unsupported": Case(Refusal.of(405, "UNSUPPORTED", "Invalid", MANIFESTS), 500, "unsupported: Invalid", "unsupported: Invalid"),
    "unknown code": Case(Refusal.of(400, "NEW_CODE", "what", MANIFESTS), 500, "unknown: what", "unknown: what"),
    "text, unauthorized": Case(Refusal(401, "Not Authorized"), 500, "unauthorized: authentication required", "unauthorized: authentication required"),
    "not a registry": Case(
        Refusal(404, "404 page not found"),
        500,
        "error parsing HTTP 404 response body: invalid character 'p' after top-level value: \"404 page not found\"",
        "error parsing HTTP 404 response body: invalid character 'p' after top-level value: \"404 page not found\"",
    ),
    "html": Case(
        Refusal(403, "<html>"),
        500,
        "error parsing HTTP 403 response body: invalid character '<' looking for beginning of value: \"<html>\"",
        "error parsing HTTP 403 response body: invalid character '<' looking for beginning of value: \"<html>\"",
    ),
    "no reason": Case(
        Refusal(403, "{}"),
        500,
        'error parsing HTTP 403 response body: no error details found in HTTP response body: "{}"',
        'error parsing HTTP 403 response body: no error details found in HTTP response body: "{}"',
    ),
}

Client = docker.DockerClient


@pytest.fixture
def image(client: Client, scripted: ScriptedRegistry) -> object:
    """`scripted`'s repository `web`, of which the client has the tag 1."""
    name = f"{scripted.host}/web"
    client.images.build(fileobj=io.BytesIO(tar({"Dockerfile": "FROM scratch\nCOPY a /a\n", "a": name})), custom_context=True, tag=f"{name}:1")
    yield name
    client.images.remove(f"{name}:1", force=True)


def said_by(call: Callable[[], object]) -> tuple[int, str]:
    """The status and the message of the SDK's exception."""
    with pytest.raises(docker.errors.APIError) as error:
        call()
    return error.value.response.status_code, error.value.explanation


def push_error(client: Client, name: str, tag: str, auth: dict[str, str] | None = None) -> str:
    """The error event of a push."""
    [error] = [event for event in client.images.push(name, tag=tag, stream=True, decode=True, auth_config=auth or ANONYMOUS) if "error" in event]
    assert error["errorDetail"] == {"message": error["error"]}
    return error["error"]


ANONYMOUS = {"username": "", "password": ""}
LOGIN = {"username": "AWS", "password": "pw"}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_refused_pull(client: Client, scripted: ScriptedRegistry, case: Case) -> None:
    scripted.script.refusal = case.refusal
    name = f"{scripted.host}/web"
    assert said_by(lambda: client.images.pull(name, tag="1")) == (case.pull_status, case.pull.replace("{name}", name))


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_refused_push(client: Client, scripted: ScriptedRegistry, image: str, case: Case) -> None:
    scripted.script.refusal = case.refusal
    assert push_error(client, image, "1") == case.push


def test_a_missing_image(client: Client, scripted: ScriptedRegistry) -> None:
    name = f"{scripted.host}/web"
    message = f"manifest for {name}:1 not found: manifest unknown: Requested image not found"
    assert said_by(lambda: client.images.pull(name, tag="1")) == (404, message)
    digest = "sha256:" + "0" * 64
    message = f"manifest for {name}@{digest} not found: manifest unknown: Requested image not found"
    assert said_by(lambda: client.images.pull(name, tag=digest)) == (404, message)


def test_no_credentials(client: Client, scripted: ScriptedRegistry, image: str) -> None:
    scripted.script.challenge = "basic"
    message = f'Head "http://{scripted.host}/v2/web/manifests/1": no basic auth credentials'
    assert said_by(lambda: client.images.pull(image, tag="1")) == (500, message)
    assert push_error(client, image, "1") == "no basic auth credentials"


def test_credentials_that_a_token_service_refuses(client: Client, scripted: ScriptedRegistry, image: str) -> None:
    scripted.script.challenge, scripted.script.password = "bearer", "another"
    message = f'Head "http://{scripted.host}/v2/web/manifests/1": unauthorized: incorrect username or password'
    assert said_by(lambda: client.images.pull(image, tag="1", auth_config=LOGIN)) == (500, message)
    assert push_error(client, image, "1", LOGIN) == "unauthorized: incorrect username or password"
    message = f'Get "http://{scripted.host}/v2/": unauthorized: incorrect username or password'
    assert said_by(lambda: client.api.login(**LOGIN, registry=scripted.host)) == (500, message)


def test_a_registry_that_fails(client: Client, scripted: ScriptedRegistry) -> None:
    scripted.script.refusal = Refusal(500, "boom")
    message = "received unexpected HTTP status: 500 Internal Server Error"
    assert said_by(lambda: client.images.pull(f"{scripted.host}/web", tag="1")) == (500, message)


@pytest.mark.parametrize(("status", "words"), [(400, "400 Bad Request"), (401, "401 Unauthorized"), (403, "403 Forbidden")])
def test_a_refused_log_in(client: Client, scripted: ScriptedRegistry, status: int, words: str) -> None:
    scripted.script.challenge, scripted.script.login_status = "basic", status
    message = f"login attempt to http://{scripted.host}/v2/ failed with status: {words}"
    assert said_by(lambda: client.api.login(**LOGIN, registry=scripted.host)) == (500, message)


def test_a_log_in_that_succeeds(client: Client, scripted: ScriptedRegistry) -> None:
    for challenge in ("basic", "bearer", ""):
        scripted.script.challenge = challenge
        assert client.api.login(**LOGIN, registry=scripted.host, reauth=True) == {"IdentityToken": "", "Status": "Login Succeeded"}


def test_nobody_there(client: Client) -> None:
    message = 'Get "http://localhost:9/v2/": dial tcp 127.0.0.1:9: connect: connection refused'
    assert said_by(lambda: client.images.pull("localhost:9/web", tag="1")) == (500, message)


def test_a_push_to_nobody(client: Client, image: str) -> None:
    client.images.get(f"{image}:1").tag("localhost:9/web", "1")
    events = list(client.images.push("localhost:9/web", tag="1", stream=True, decode=True, auth_config=ANONYMOUS))
    client.images.remove("localhost:9/web:1")
    message = 'Get "http://localhost:9/v2/": dial tcp 127.0.0.1:9: connect: connection refused'
    assert [event.get("status", event.get("error")) for event in events] == ["The push refers to repository [localhost:9/web]", message]


def test_a_push_of_what_is_not_here(client: Client, scripted: ScriptedRegistry, image: str) -> None:
    assert push_error(client, image, "2") == f"tag does not exist: {image}:2"
    assert push_error(client, f"{scripted.host}/other", "1") == f"An image does not exist locally with the tag: {scripted.host}/other"


NOT_HERE = [
    (lambda client: client.images.get("nope"), 404, "no such image: nope: No such image: nope:latest"),
    (lambda client: client.api.tag("nope:1", "web", "1"), 404, "No such image: nope:1"),
    (lambda client: client.images.remove("nope"), 404, "No such image: nope:latest"),
    (lambda client: client.api.history("nope"), 404, "No such image: nope:latest"),
    (lambda client: list(client.api.get_image("nope")), 404, "No such image: nope"),
    (lambda client: client.images.pull("Web", tag="1"), 400, "invalid reference format: repository name must be lowercase"),
]


@pytest.mark.parametrize(("call", "status", "message"), NOT_HERE, ids=["inspect", "tag", "rmi", "history", "save", "pull"])
def test_a_name_that_leads_nowhere(client: Client, call: Callable[[Client], object], status: int, message: str) -> None:
    assert said_by(lambda: call(client)) == (status, message)
