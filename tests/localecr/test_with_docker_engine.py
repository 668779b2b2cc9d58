"""Docker, as learners use it: the CLI and the SDK on a real engine. AWS: using Amazon ECR with the AWS CLI; common errors."""

from __future__ import annotations

import base64
import io
import re
import shutil
import subprocess
import tarfile

import docker
import pytest

from awsapi import push, tags
from specimens import sound_image

pytestmark = pytest.mark.docker
CLIENTS = sorted({path for path in (shutil.which("docker"), shutil.which("docker", path="/usr/bin")) if path})
LOG_IN = "aws ecr get-login-password | docker login --username AWS --password-stdin $ECRLAB_REGISTRY"
PUBLIC_LOG_IN = "aws ecr-public get-login-password --region us-east-1 | docker login --username AWS --password-stdin $ECRLAB_PUBLIC_REGISTRY"


@pytest.fixture
def build(docker_engine):
    """`build(name)` makes a small image of its own on the engine; all are removed in the end."""
    built = []

    def make(name, content=None):
        context = io.BytesIO()
        with tarfile.open(fileobj=context, mode="w") as archive:
            for path, text in (("Dockerfile", 'FROM scratch\nCOPY content /\nCMD ["/content"]\n'), ("content", content or name)):
                entry = tarfile.TarInfo(path)
                entry.size = len(text)
                archive.addfile(entry, io.BytesIO(text.encode()))
        context.seek(0)
        docker_engine.images.build(fileobj=context, custom_context=True, tag=name)
        built.append(name)
        return name

    yield make
    for image in {each.id for name in built for each in docker_engine.images.list(name)}:
        docker_engine.images.remove(image, force=True)


@pytest.fixture
def run(docker_cli, aws_cli, shell, tmp_path):
    """`run(line)`: a line as learners type it in a shell, with `aws` and `docker` on their PATH."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "aws").symlink_to(aws_cli.program[0])
    (programs / "docker").symlink_to(docker_cli.program[0])

    def in_shell(line, client=None):
        if client:
            (programs / "docker").unlink()
            (programs / "docker").symlink_to(client)
        environment = docker_cli.environment | shell | {"PATH": f"{programs}:{docker_cli.environment['PATH']}"}
        return subprocess.run(["sh", "-c", line], env=environment, capture_output=True, text=True, timeout=120)

    return in_shell


@pytest.fixture
def logged_in(docker_cli, shell, registry_password):
    docker_cli("login", "--username", "AWS", "--password-stdin", shell["ECRLAB_REGISTRY"], input=registry_password())
    return docker_cli


def refusal(done):
    assert done.returncode != 0, done.stdout
    return done.stdout + done.stderr


@pytest.mark.parametrize("client", CLIENTS)
def test_the_log_in_line_works_word_for_word_and_a_push_comes_back_by_tag_and_by_digest(run, build, shell, docker_engine, ecr, name, client):
    done = run(LOG_IN, client)
    assert (done.returncode, "Login Succeeded" in done.stdout) == (0, True), done.stderr
    uri = f"{shell['ECRLAB_REGISTRY']}/{name}"
    built = docker_engine.images.get(build(f"{uri}:1.0", content=client)).id
    pushed = run(f"docker push {uri}:1.0", client)
    digest = re.search(r"1\.0: digest: (sha256:[0-9a-f]{64}) size: \d+", pushed.stdout)[1]
    assert tags(ecr, name) == {"1.0": digest}
    for reference in (f"{uri}:1.0", f"{uri}@{digest}"):
        docker_engine.images.remove(built, force=True)
        pulled = run(f"docker pull {reference}", client)
        assert f"Digest: {digest}" in pulled.stdout, pulled.stderr
        assert docker_engine.images.get(reference).id == built


def test_what_is_there_already_does_not_travel_again(logged_in, build, shell, ecr, name):
    uri = f"{shell['ECRLAB_REGISTRY']}/{name}"
    build(f"{uri}:1")
    assert "Pushed" in logged_in("push", f"{uri}:1").stdout
    logged_in("tag", f"{uri}:1", f"{uri}:2")
    assert "Layer already exists" in logged_in("push", f"{uri}:2").stdout
    ecr.create_repository(repositoryName=f"{name}/copy")
    logged_in("tag", f"{uri}:1", f"{uri}/copy:1")
    assert "Mounted from" in logged_in("push", f"{uri}/copy:1").stdout
    assert tags(ecr, f"{name}/copy").keys() == {"1"}


def test_an_image_put_through_the_api_is_pulled(logged_in, ecr, shell, name, docker_engine):
    pushed = push(ecr, name, sound_image(name), "1")
    logged_in("pull", f"{shell['ECRLAB_REGISTRY']}/{name}:1")
    found = docker_engine.images.get(f"{shell['ECRLAB_REGISTRY']}/{name}:1")
    assert found.attrs["RepoDigests"] == [f"{shell['ECRLAB_REGISTRY']}/{name}@{pushed.digest}"]


# --- what learners meet when something is wrong -----------------------------------------------------------------------------------------


def test_without_a_log_in_docker_stops_by_itself(docker_cli, build, shell, name, http):
    uri = f"{shell['ECRLAB_REGISTRY']}/{name}:1"
    build(uri)
    assert "no basic auth credentials" in refusal(docker_cli("push", uri, check=False))
    http.push(sound_image(name), "2")
    assert "no basic auth credentials" in refusal(docker_cli("pull", uri[:-1] + "2", check=False))


def test_a_wrong_password_is_no_log_in(docker_cli, shell):
    done = docker_cli("login", "--username", "AWS", "--password-stdin", shell["ECRLAB_REGISTRY"], input="wrong", check=False)
    assert "failed with status: 401 Unauthorized" in refusal(done)


def test_an_expired_token_is_told_in_ecrs_words(logged_in, build, shell, name, later):
    uri = f"{shell['ECRLAB_REGISTRY']}/{name}:1"
    build(uri)
    later(hours=12)
    expected = "denied: Your authorization token has expired. Reauthenticate and try again."
    assert expected in refusal(logged_in("push", uri, check=False))
    assert expected in refusal(logged_in("pull", uri, check=False))


def test_another_regions_token_is_refused(docker_cli, shell, registry_password, build, name):
    token = registry_password(region="eu-west-1")
    docker_cli("login", "--username", "AWS", "--password-stdin", shell["ECRLAB_REGISTRY"].replace("us-east-1", "eu-west-1"), input=token)
    uri = f"{shell['ECRLAB_REGISTRY']}/{name}:1"
    build(uri)
    assert "it was issued for eu-west-1, this registry is in us-east-1" in refusal(docker_cli("push", uri, check=False))


def test_a_missing_repository_is_named(logged_in, build, shell, free_repository):
    uri = f"{shell['ECRLAB_REGISTRY']}/{free_repository}:1"
    build(uri)
    expected = f"name unknown: The repository with name '{free_repository}' does not exist in the registry with id '111122223333'"
    assert expected in refusal(logged_in("push", uri, check=False))
    assert expected in refusal(logged_in("pull", uri, check=False))


def test_a_missing_image_is_unknown(logged_in, shell, name):
    uri = f"{shell['ECRLAB_REGISTRY']}/{name}:none"
    assert f"manifest for {uri} not found: manifest unknown: Requested image not found" in refusal(logged_in("pull", uri, check=False))


def test_an_immutable_tag_is_told_in_ecrs_words(logged_in, build, shell, ecr, name):
    uri = f"{shell['ECRLAB_REGISTRY']}/{name}:1"
    ecr.put_image_tag_mutability(repositoryName=name, imageTagMutability="IMMUTABLE")
    build(uri, content="monday")
    logged_in("push", uri)
    logged_in("push", uri)  # the very same image is no error
    build(uri, content="tuesday")
    expected = f"tag invalid: The image tag '1' already exists in the '{name}' repository and cannot be overwritten because the tag is immutable."
    assert expected in refusal(logged_in("push", uri, check=False))


def test_anothers_repository_is_denied(logged_in, build, shell, aws, name):
    uri = f"{shell['ECRLAB_REGISTRY'].replace('111122223333', '444455556666')}/{name}:1"
    aws("ecr", account="444455556666").create_repository(repositoryName=name)
    build(uri)
    done = refusal(logged_in("push", uri, check=False))
    assert "denied: User: arn:aws:iam::111122223333:user/learner is not authorized to perform: ecr:" in done
    assert f"on resource: arn:aws:ecr:us-east-1:444455556666:repository/{name}" in done


# --- the public registry ----------------------------------------------------------------------------------------------------------------


def test_anybody_pulls_a_base_image_without_a_log_in(docker_cli, shell, docker_engine):
    uri = f"{shell['ECRLAB_PUBLIC_REGISTRY']}/ecrlab/static:1"
    docker_cli("pull", uri)
    assert docker_engine.images.get(uri).attrs["Os"] == "linux"
    docker_engine.images.remove(uri, force=True)


def test_the_owner_pushes_and_anybody_pulls(run, docker_cli, build, shell, public, free_repository, docker_engine):
    uri = public.create_repository(repositoryName=free_repository)["repository"]["repositoryUri"] + ":1"
    build(uri)
    assert "denied" in refusal(docker_cli("push", uri, check=False))
    assert run(PUBLIC_LOG_IN).returncode == 0
    docker_cli("push", uri)
    docker_cli("logout", shell["ECRLAB_PUBLIC_REGISTRY"])
    docker_engine.images.remove(uri, force=True)
    docker_cli("pull", uri)
    (detail,) = public.describe_images(repositoryName=free_repository)["imageDetails"]
    assert docker_engine.images.get(uri).attrs["RepoDigests"] == [f"{uri.removesuffix(':1')}@{detail['imageDigest']}"]


def test_an_expired_log_in_breaks_anonymous_pulls_until_one_logs_out(docker_cli, public, shell, later):
    uri = f"{shell['ECRLAB_PUBLIC_REGISTRY']}/ecrlab/static:1"
    token = public.get_authorization_token()["authorizationData"]["authorizationToken"]
    password = base64.b64decode(token).decode().removeprefix("AWS:")
    docker_cli("login", "--username", "AWS", "--password-stdin", shell["ECRLAB_PUBLIC_REGISTRY"], input=password)
    later(hours=12)
    refusal(docker_cli("pull", uri, check=False))
    docker_cli("logout", shell["ECRLAB_PUBLIC_REGISTRY"])
    docker_cli("pull", uri)


# --- the SDK ----------------------------------------------------------------------------------------------------------------------------


def test_the_sdk_pushes_and_pulls(docker_engine, build, shell, ecr, name, registry_password):
    uri = f"{shell['ECRLAB_REGISTRY']}/{name}"
    log_in = {"username": "AWS", "password": registry_password()}
    build(f"{uri}:1")
    events = list(docker_engine.images.push(uri, tag="1", auth_config=log_in, stream=True, decode=True))
    assert not [event for event in events if "error" in event]
    digest = events[-1]["aux"]["Digest"]
    assert tags(ecr, name) == {"1": digest}
    docker_engine.images.remove(f"{uri}:1", force=True)
    assert docker_engine.images.pull(uri, tag="1", auth_config=log_in).attrs["RepoDigests"] == [f"{uri}@{digest}"]


def test_the_sdk_hears_ecrs_words(docker_engine, build, shell, free_repository, registry_password):
    uri = f"{shell['ECRLAB_REGISTRY']}/{free_repository}"
    build(f"{uri}:1")
    log_in = {"username": "AWS", "password": registry_password()}
    events = list(docker_engine.images.push(uri, tag="1", auth_config=log_in, stream=True, decode=True))
    missing = f"The repository with name '{free_repository}' does not exist in the registry with id '111122223333'"
    assert events[-1]["error"] == f"name unknown: {missing}"
    with pytest.raises(docker.errors.NotFound, match="name unknown"):
        docker_engine.images.pull(uri, tag="1", auth_config=log_in)
    with pytest.raises(docker.errors.APIError, match="401 Unauthorized"):
        docker_engine.login("AWS", "wrong", registry=shell["ECRLAB_REGISTRY"], reauth=True)
    assert docker_engine.login("AWS", registry_password(), registry=shell["ECRLAB_REGISTRY"], reauth=True)["Status"] == "Login Succeeded"
