"""Docker, as learners use it: the CLI and the SDK on a real engine. AWS: using Amazon ECR with the AWS CLI; common errors."""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

import tools
from awsapi import push, tags
from containers import build_on, write_context
from specimens import DOCKER_LIST, digest, sound_image

pytestmark = pytest.mark.docker
CLIENTS = sorted({path for path in (shutil.which("docker"), shutil.which("docker", path="/usr/bin")) if path})
LOG_IN = "aws ecr get-login-password | docker login --username AWS --password-stdin $ECRLAB_REGISTRY"
PUBLIC_LOG_IN = "aws ecr-public get-login-password --region us-east-1 | docker login --username AWS --password-stdin $ECRLAB_PUBLIC_REGISTRY"


@pytest.fixture
def build(docker_engine):
    """`build(name)` makes a small image of its own on the engine; all are removed in the end."""
    built = set()

    def make(name, content=None):
        built.add(build_on(docker_engine, name, content or name))
        return name

    yield make
    for image in built:
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


@pytest.mark.parametrize("client", CLIENTS)
def test_an_ordinary_log_in_is_kept_in_a_file_until_the_log_out(run, build, docker_cli, shell, ecr, name, client, registry_password):
    host, uri = shell["ECRLAB_REGISTRY"].partition("/")[0], f"{shell['ECRLAB_REGISTRY']}/{name}:1"
    file = Path(docker_cli.environment["DOCKER_CONFIG"], "config.json")
    build(uri)
    assert run(f"echo {registry_password()} | docker login --username AWS --password-stdin {host}", client).returncode == 0
    kept = json.loads(file.read_text())["auths"]
    assert kept.keys() == {host}  # Docker keeps one log-in for a host, whatever path it was given
    assert base64.b64decode(kept[host]["auth"]).decode() == f"AWS:{registry_password()}"
    assert file.stat().st_mode & 0o077 == 0
    assert run(f"docker push {uri}").returncode == 0  # a process of its own, which has the file alone
    assert tags(ecr, name).keys() == {"1"}
    assert run(f"docker logout {shell['ECRLAB_REGISTRY']}").returncode == 0
    assert json.loads(file.read_text())["auths"] == {}
    assert "no basic auth credentials" in refusal(run(f"docker push {uri}"))


@pytest.mark.parametrize("client", CLIENTS)
def test_an_index_is_made_of_pushed_images_and_each_platform_pulls_its_own(run, build, logged_in, shell, docker_engine, ecr, http, name, client):
    uri = f"{shell['ECRLAB_REGISTRY']}/{name}"
    ids = {architecture: docker_engine.images.get(build(f"{uri}:{architecture}")).id for architecture in ("amd64", "arm64")}
    for line in (
        f"docker push {uri}:amd64 && docker push {uri}:arm64",
        f"docker manifest create --insecure {uri}:1.0 {uri}:amd64 {uri}:arm64",
        f"docker manifest annotate --arch arm64 {uri}:1.0 {uri}:arm64",
        f"docker manifest push --insecure {uri}:1.0",
    ):
        done = run(line, client)
        assert done.returncode == 0, done.stderr
    named = tags(ecr, name)
    assert named["1.0"] == done.stdout.strip()
    answer = http("GET", "manifests/1.0")
    assert answer.headers["Content-Type"] == DOCKER_LIST
    listed = {each["platform"]["architecture"]: each["digest"] for each in answer.json()["manifests"]}
    assert listed == {"amd64": named["amd64"], "arm64": named["arm64"]}
    for architecture, image in ids.items():
        docker_engine.images.remove(image, force=True)
        assert run(f"docker pull --platform linux/{architecture} {uri}:1.0").returncode == 0
        assert docker_engine.images.get(f"{uri}:1.0").id == image
    (detail,) = ecr.describe_images(repositoryName=name, imageIds=[{"imageTag": "1.0"}])["imageDetails"]
    assert detail["imageManifestMediaType"] == DOCKER_LIST
    inspected = json.loads(run(f"docker manifest inspect --insecure {uri}:1.0").stdout)
    assert inspected == answer.json()


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


def test_all_tags_go_up_and_come_down_at_once(logged_in, build, shell, docker_engine, ecr, name):
    uri, wanted = f"{shell['ECRLAB_REGISTRY']}/{name}", {"1", "2", "latest"}
    image = docker_engine.images.get(build(f"{name}:local"))
    for tag in wanted:
        image.tag(uri, tag)
    logged_in("push", "--all-tags", uri)
    assert tags(ecr, name).keys() == wanted
    docker_engine.images.remove(image.id, force=True)
    logged_in("pull", "--all-tags", uri)
    assert {tag.rpartition(":")[2] for tag in docker_engine.images.get(image.id).tags} == wanted


def test_buildkit_builds_on_an_image_of_the_registry(logged_in, shell, docker_engine, http, name, tmp_path):
    uri = f"{shell['ECRLAB_REGISTRY']}/{name}"
    http.push(sound_image(name), "base")
    sources = write_context(tmp_path / "sources", name)
    (sources / "Dockerfile").write_text(f"FROM {uri}:base\nCOPY seed /more\n")
    # version 20 of the CLI speaks to the engine's own BuildKit; later ones need buildx, which Debian doesn't have
    cli = tools.Command("/usr/bin/docker", environment=logged_in.environment | {"DOCKER_BUILDKIT": "1"})
    if not Path("/usr/bin/docker").exists() or "version 20." not in cli("--version").stdout:
        pytest.skip("no Docker CLI that speaks to the engine's BuildKit without buildx")
    cli("build", "--tag", f"{uri}:1", sources)
    cli("push", f"{uri}:1")
    docker_engine.images.remove(f"{uri}:1", force=True)
    assert len(http("GET", "manifests/1").json()["layers"]) == 2


def test_an_image_is_pulled_by_a_sha512_digest(logged_in, docker_engine, shell, http, name):
    specimen = http.push(sound_image(name))
    reference = f"{shell['ECRLAB_REGISTRY']}/{name}@{digest(specimen.manifest, 'sha512')}"
    assert http.put_manifest(reference.partition("@")[2], specimen).status_code == 201
    logged_in("pull", reference)
    docker_engine.images.remove(docker_engine.images.get(reference).id, force=True)


# --- what learners meet when something is wrong (see also test_client_refusals.py) ------------------------------------------------------


def test_without_a_log_in_docker_stops_by_itself(docker_cli, build, shell, name, http):
    uri = f"{shell['ECRLAB_REGISTRY']}/{name}:1"
    build(uri)
    assert "no basic auth credentials" in refusal(docker_cli("push", uri, check=False))
    http.push(sound_image(name), "2")
    assert "no basic auth credentials" in refusal(docker_cli("pull", uri[:-1] + "2", check=False))


def test_another_regions_token_is_refused(docker_cli, shell, registry_password, build, name):
    token = registry_password(region="eu-west-1")
    docker_cli("login", "--username", "AWS", "--password-stdin", shell["ECRLAB_REGISTRY"].replace("us-east-1", "eu-west-1"), input=token)
    uri = f"{shell['ECRLAB_REGISTRY']}/{name}:1"
    build(uri)
    assert "it was issued for eu-west-1, this registry is in us-east-1" in refusal(docker_cli("push", uri, check=False))


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


def test_the_sdk_builds_tags_pushes_and_pulls(docker_engine, build, shell, ecr, name, registry_password):
    uri = f"{shell['ECRLAB_REGISTRY']}/{name}"
    log_in = {"username": "AWS", "password": registry_password()}
    built = docker_engine.images.get(build(f"{name}:local"))
    assert built.tag(uri, "1")
    events = list(docker_engine.images.push(uri, tag="1", auth_config=log_in, stream=True, decode=True))
    assert not [event for event in events if "error" in event]
    digest = events[-1]["aux"]["Digest"]
    assert tags(ecr, name) == {"1": digest}
    for reference in ("1", digest):
        docker_engine.images.remove(built.id, force=True)
        pulled = docker_engine.images.pull(uri, tag=reference, auth_config=log_in)
        assert (pulled.id, pulled.attrs["RepoDigests"]) == (built.id, [f"{uri}@{digest}"])


@pytest.mark.parametrize("whose", ["its own", "the CLI's"])
def test_the_sdk_pushes_with_a_log_in(docker_cli, build, shell, ecr, name, registry_password, monkeypatch, whose):
    uri, host = f"{shell['ECRLAB_REGISTRY']}/{name}:1", shell["ECRLAB_REGISTRY"].partition("/")[0]
    build(uri)
    monkeypatch.setenv("DOCKER_CONFIG", docker_cli.environment["DOCKER_CONFIG"])
    if whose == "the CLI's":
        docker_cli("login", "--username", "AWS", "--password-stdin", host, input=registry_password())
    client = tools.need("docker").client()
    if whose == "its own":
        assert client.login("AWS", registry_password(), registry=host)["Status"] == "Login Succeeded"
    assert "error" not in client.images.push(uri)
    client.close()
    assert tags(ecr, name).keys() == {"1"}
