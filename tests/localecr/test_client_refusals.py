"""What each client shows a person when ECR refuses. AWS: troubleshooting Amazon ECR error messages.

The rule is ECR's own sentence. Where a client keeps it to itself (it asked with HEAD, whose answers have no body, or it prints the status
alone), what it shows instead stands in `INSTEAD`.
"""

from __future__ import annotations

from contextlib import closing

import docker
import pytest

from containers import Buildah, Containerd, Docker, DockerSDK, Oras, Podman, Skopeo, build_on
from grants import actions, allow
from specimens import sound_image

CLIENTS = [
    pytest.param(client, id=client.__name__, marks=[getattr(pytest.mark, client.marker)] if client.marker else [])
    for client in (Docker, DockerSDK, Podman, Buildah, Skopeo, Containerd, Oras)
]
HEADS_FIRST = (Podman, Buildah, Skopeo)  # before a push they ask with HEAD whether a layer is there

EXPIRED = "denied: Your authorization token has expired. Reauthenticate and try again."
MISSING = "name unknown: The repository with name '{name}' does not exist in the registry with id '111122223333'"
UNKNOWN = "manifest unknown: Requested image not found"
IMMUTABLE = "tag invalid: The image tag '1' already exists in the '{name}' repository and cannot be overwritten because the tag is immutable."
WRONG = "401 Unauthorized"
NOT_ALLOWED = (
    "denied: User: {arn} is not authorized to perform: {action} on resource: arn:aws:ecr:us-east-1:111122223333:repository/{name} "
    "because no identity-based policy allows the {action} action"
)

INSTEAD = {
    **{(client, WRONG): "invalid username/password" for client in HEADS_FIRST},
    (Oras, WRONG): "Unauthorized",
    **{(client, "push", EXPIRED): "403 (Forbidden)" for client in HEADS_FIRST},
    (Containerd, EXPIRED): "403 Forbidden",
    (Containerd, "push", MISSING): "unexpected status: 404 Not Found",
    (Containerd, "pull", MISSING): ": not found",
    (Containerd, UNKNOWN): ": not found",
    (Containerd, IMMUTABLE): "unexpected status: 400 Bad Request",
    (Containerd, "push", NOT_ALLOWED): "unexpected status: 403 Forbidden",
    (Containerd, "pull", NOT_ALLOWED): "403 Forbidden",
    **{(client, "half", NOT_ALLOWED): "invalid status code from registry 403 (Forbidden)" for client in HEADS_FIRST},
    (DockerSDK, "half", NOT_ALLOWED): "404 Client Error",  # it looks for the image that it has just failed to pull
    (Oras, "half", NOT_ALLOWED): "403 Client Error: Forbidden",
}


@pytest.fixture(params=CLIENTS)
def client(request):
    client = request.param(request.getfixturevalue)
    yield client
    client.tidy()


@pytest.fixture
def logged_in(client, registry_password):
    assert client.log_in(registry_password()).worked
    return client


def expect(client, verb, sentence, said, **names):
    """The client's work failed, and it showed ECR's sentence or what stands in the table (and then not the sentence)."""
    kind, own = type(client), sentence.format(**names)
    if kind is Oras:  # shows the sentence alone
        own = own.rpartition(": ")[2]
    instead = INSTEAD.get((kind, verb, sentence)) or INSTEAD.get((kind, sentence))
    assert not said.worked
    assert (instead or own) in said.text
    assert instead is None or own not in said.text


def test_a_wrong_password_is_told(client, shell, name):
    """At the log-in, or by clients whose log-in asks nobody at the first pull."""
    said = client.log_in("wrong")
    expect(client, "login", WRONG, client.pull(f"{shell['ECRLAB_REGISTRY']}/{name}:1") if said.worked else said)


def test_an_expired_token_is_told_to_who_pushes_and_who_pulls(logged_in, shell, http, name, later):
    uri = f"{shell['ECRLAB_REGISTRY']}/{name}"
    assert logged_in.push(f"{uri}:1", "early").worked
    later(hours=12)
    expect(logged_in, "push", EXPIRED, logged_in.push(f"{uri}:2", "late"))
    expect(logged_in, "pull", EXPIRED, logged_in.pull(f"{uri}:1"))


def test_a_missing_repository_is_named(logged_in, shell, free_repository):
    uri = f"{shell['ECRLAB_REGISTRY']}/{free_repository}:1"
    expect(logged_in, "push", MISSING, logged_in.push(uri, "lost"), name=free_repository)
    expect(logged_in, "pull", MISSING, logged_in.pull(uri), name=free_repository)


def test_a_missing_image_is_unknown(logged_in, shell, name):
    expect(logged_in, "pull", UNKNOWN, logged_in.pull(f"{shell['ECRLAB_REGISTRY']}/{name}:none"))


def test_an_immutable_tag_stays_and_the_same_image_pushed_again_is_no_error(logged_in, shell, ecr, http, name):
    uri = f"{shell['ECRLAB_REGISTRY']}/{name}:1"
    ecr.put_image_tag_mutability(repositoryName=name, imageTagMutability="IMMUTABLE")
    assert logged_in.push(uri, "monday").worked
    before = http.pull("1")
    expect(logged_in, "push", IMMUTABLE, logged_in.push(uri, "tuesday"), name=name)
    assert http.pull("1") == before


def test_a_permission_that_is_missing_is_named_to_who_pushes(client, meet, shell, name):
    person = meet(allow(actions("GetAuthorizationToken", "BatchCheckLayerAvailability", "BatchGetImage")))
    assert client.log_in(person.password()).worked
    said = client.push(f"{shell['ECRLAB_REGISTRY']}/{name}:1", "not allowed")
    expect(client, "push", NOT_ALLOWED, said, name=name, arn=person.arn, action="ecr:InitiateLayerUpload")


def test_a_permission_that_is_missing_is_named_to_who_pulls(client, meet, at, shell, name):
    at(name).push(sound_image("there"), "1")
    person = meet(allow("ecr:GetAuthorizationToken"))
    assert client.log_in(person.password()).worked
    said = client.pull(f"{shell['ECRLAB_REGISTRY']}/{name}:1")
    expect(client, "pull", NOT_ALLOWED, said, name=name, arn=person.arn, action="ecr:BatchGetImage")


def test_a_pull_can_be_refused_half_way(client, meet, at, shell, name):
    """The manifest is given, its layers aren't."""
    at(name).push(sound_image("half"), "1")
    person = meet(allow(actions("GetAuthorizationToken", "BatchGetImage")))
    assert client.log_in(person.password()).worked
    said = client.pull(f"{shell['ECRLAB_REGISTRY']}/{name}:1")
    expect(client, "half", NOT_ALLOWED, said, name=name, arn=person.arn, action="ecr:GetDownloadUrlForLayer")


def test_dockerless_names_a_permission_that_is_missing(lab_endpoint, meet, at, shell, name):
    """The lab's own engine, for computers without Docker, asked with the docker package."""
    at(name).push(sound_image("there"), "1")
    person, uri = meet(allow(actions("GetAuthorizationToken", "BatchCheckLayerAvailability"))), f"{shell['ECRLAB_REGISTRY']}/{name}"
    log_in = {"username": "AWS", "password": person.password()}
    with closing(docker.DockerClient(lab_endpoint.docker_host)) as engine:
        build_on(engine, f"{uri}:2", "not allowed")
        (said,) = [each["error"] for each in engine.images.push(f"{uri}:2", auth_config=log_in, stream=True, decode=True) if "error" in each]
        assert said == NOT_ALLOWED.format(arn=person.arn, action="ecr:InitiateLayerUpload", name=name)
        with pytest.raises(docker.errors.ImageNotFound, match="ecr:BatchGetImage on resource: .*no identity-based policy"):
            engine.images.pull(f"{uri}:1", auth_config=log_in)
