"""`ecrlab.open()` on this machine: joining, starting, and what the lab hands out, against the real embedded AWS."""

import subprocess
import sys

import pytest

import ecrlab
import tools
from dockerless import seeds
from ecrlab import bases, server, show
from ecrlab.local import LocalLab

DOCKERFILE = """\
ARG BASE
FROM $BASE
COPY app /app
"""


@pytest.fixture(scope="module")
def lab(door):
    return LocalLab(door)


@pytest.fixture
def dockerless(monkeypatch):
    monkeypatch.setenv("ECRLAB_ENGINE", "dockerless")


@pytest.fixture
def context(tmp_path):
    folder = tmp_path / "context"
    folder.mkdir()
    (folder / "Dockerfile").write_text(DOCKERFILE)
    (folder / "app").write_text("monday\n")
    return folder


@pytest.fixture
def empty_state(tmp_path, monkeypatch):
    """A state folder in which no lab runs yet. What runs in the end is stopped."""
    state = tmp_path / "state"
    monkeypatch.setenv("ECRLAB_STATE", str(state))
    monkeypatch.setattr(server, "PORT", 0)
    yield state
    if door := server.find(state):
        server.stop(door)


def test_open_starts_a_lab_and_the_next_kernel_joins_it(empty_state, monkeypatch, tmp_path):
    first = ecrlab.open()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    code = "import ecrlab; print(ecrlab.open().registry())"
    second = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    assert second == first.registry()
    assert first.state == empty_state.resolve()


def test_two_notebooks_that_open_at_once_share_one_lab(empty_state):
    code = "import ecrlab; from ecrlab import server; server.PORT = 0; print(ecrlab.open().registry())"
    both = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate(timeout=120) for process in both]
    assert said[0][0] == said[1][0] and said[0][0].startswith("localhost:"), said


def test_a_lab_that_cannot_be_started_says_why(empty_state, monkeypatch):
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setattr(server, "PORT", taken.getsockname()[1])
        with pytest.raises(ecrlab.LabError, match=f"Port {server.PORT} is in use"):
            ecrlab.open()


def test_an_unknown_place_is_named(empty_state, monkeypatch):
    monkeypatch.setenv("ECRLAB_BACKEND", "moon")
    with pytest.raises(ecrlab.LabError, match="ECRLAB_BACKEND is 'moon'"):
        ecrlab.open()


def registry_id(ecr) -> str:
    return ecr.describe_registry()["registryId"]


def test_clients_are_plain_boto3_clients_of_the_account_and_region_asked_for(lab):
    assert registry_id(lab.client("ecr")) == lab.account == "111122223333"
    assert registry_id(lab.client("ecr", account=lab.partner)) == "444455556666"
    assert lab.client("ecr", region="eu-west-1").meta.region_name == "eu-west-1"
    assert lab.session(region="eu-west-1").client("ecr").meta.endpoint_url == lab.client("ecr").meta.endpoint_url


@pytest.mark.parametrize(("where", "said"), [({"region": "mars"}, "AWS has no Region named 'mars'"), ({"account": "12"}, "12 digits")])
def test_a_region_or_account_that_cannot_be_is_said(lab, where, said):
    with pytest.raises(ecrlab.LabError, match=said):
        lab.client("ecr", **where)


def test_checks_read_as_a_principal_of_their_own(lab):
    learner, checker = lab.client("ecr"), lab.reader("ecr")
    assert registry_id(checker) == registry_id(learner)
    assert checker._get_credentials().access_key != learner._get_credentials().access_key


def test_the_learners_own_aws_settings_are_left_out(lab, monkeypatch):
    for name, value in {"AWS_PROFILE": "nobody", "AWS_ENDPOINT_URL": "http://localhost:1", "HTTP_PROXY": "http://localhost:1"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    assert registry_id(lab.client("ecr")) == "111122223333"


def test_addresses_are_the_aws_names_behind_the_local_ones(lab, lab_endpoint):
    host = lab_endpoint.url.removeprefix("http://")
    assert lab.registry() == f"{host}/111122223333.dkr.ecr.us-east-1.amazonaws.com"
    assert lab.registry(lab.partner, "eu-west-1") == f"{host}/444455556666.dkr.ecr.eu-west-1.amazonaws.com"
    public = lab_endpoint.public_url.removeprefix("http://")
    assert lab.base("debian") == lab.base("debian:12") == f"{public}/public.ecr.aws/ecrlab/debian:12"
    assert lab.base("debian:11") == f"{public}/public.ecr.aws/ecrlab/debian:11"
    with pytest.raises(ecrlab.LabError, match="Use one of debian:12, debian:11, alpine:3.20"):
        lab.base("debian:10")


def test_the_courses_base_images_are_those_that_its_registry_has(lab):
    assert set(bases.REAL) == set(seeds.BASES)


def test_real_base_images_are_pulled_where_one_asks_for_them(door, monkeypatch):
    lab = LocalLab(door)  # of its own, since it chooses the engine
    monkeypatch.setenv("ECRLAB_BASES", "real")
    real = lab.base("static").replace("static", "alpine").replace(":1", ":3.14")  # as good as any that is not the specimen itself
    monkeypatch.setitem(bases.REAL, "debian:12", real)
    assert lab.base("debian") == real
    assert real in lab.docker.images.get(real).tags
    assert lab.base("static").endswith("/public.ecr.aws/ecrlab/static:1")


def test_a_real_base_image_that_cannot_be_pulled_is_told(door, monkeypatch):
    lab = LocalLab(door)
    monkeypatch.setenv("ECRLAB_BASES", "real")
    monkeypatch.setitem(bases.REAL, "debian:12", "localhost:9/docker/library/debian:12")
    with pytest.raises(ecrlab.LabError, match="localhost:9/docker/library/debian:12 couldn't be pulled: .* Check the network, or unset ECRLAB_BASES"):
        lab.base("debian")


def test_nothing_but_real_can_be_asked_for(lab, monkeypatch):
    monkeypatch.setenv("ECRLAB_BASES", "genuine")
    with pytest.raises(ecrlab.LabError, match="ECRLAB_BASES is 'genuine'"):
        lab.base("debian")


def test_the_clock_goes_forward_and_not_back(lab):
    before = lab.clock.now()
    assert (lab.clock.advance(hours=13) - before).total_seconds() >= 13 * 3600
    with pytest.raises(ecrlab.LabError, match="only goes forward"):
        lab.clock.advance(days=-1)


def push(lab, repository, tag):
    return show.push(lab.docker.images.push(f"{lab.registry()}/{repository}", tag=tag, stream=True, decode=True), lab.client("ecr"))


def build(lab, context, repository, tag):
    name = f"{lab.registry()}/{repository}:{tag}"
    return show.build(lab.docker.api.build(path=str(context), buildargs={"BASE": lab.base("static")}, tag=name, decode=True))


def test_an_image_goes_from_its_dockerfile_to_the_registry_and_back(dockerless, lab, context, free_repository, capsys):
    ecr = lab.client("ecr")
    ecr.create_repository(repositoryName=free_repository)
    assert lab.engine == "dockerless"
    lab.login()
    assert build(lab, context, free_repository, "1.0").error is None

    first = push(lab, free_repository, "1.0")
    assert first.error is None and {layer.outcome for layer in first.layers} <= {"pushed", "mounted"}
    (stored,) = ecr.describe_images(repositoryName=free_repository)["imageDetails"]
    assert stored["imageDigest"] == first.digest

    (context / "app").write_text("tuesday\n")
    build(lab, context, free_repository, "1.1")
    second = push(lab, free_repository, "1.1")
    assert [layer.outcome for layer in second.layers] == ["already exists"] * (len(second.layers) - 1) + ["pushed"]
    assert all(layer.size for layer in second.layers)

    lab.docker.images.remove(f"{lab.registry()}/{free_repository}:1.0", force=True)
    pulled = show.pull(lab.docker.api.pull(f"{lab.registry()}/{free_repository}", tag="1.0", stream=True, decode=True))
    assert (pulled.error, pulled.digest) == (None, first.digest)

    assert f"repository {free_repository}" in repr(show.tree(lab, repositories=[free_repository]))
    layers = repr(show.layers(ecr, free_repository, "1.1"))
    assert "COPY app /app" in layers and f"{len(second.layers)} layers" in layers
    timeline = show.Timeline(ecr, free_repository, "1.0")
    assert timeline.look("now") == first.digest


def test_a_push_without_log_in_shows_dockers_words(dockerless, lab, door, context, free_repository):
    fresh = LocalLab(door)  # as in a new kernel, that hasn't logged in
    lab.client("ecr").create_repository(repositoryName=free_repository)
    assert build(fresh, context, free_repository, "1.0").error is None
    assert "no basic auth credentials" in push(fresh, free_repository, "1.0").error


def test_the_base_images_are_indexes_of_two_platforms(lab):
    drawn = repr(show.tree(lab, repositories=[], public_repositories=[]))
    assert drawn.splitlines()[0] == "account 111122223333"
    owner = lab.reader("ecr-public", region="us-east-1", account="999988887777")
    names = {each["repositoryName"] for each in owner.describe_repositories()["repositories"]}
    assert {"debian", "alpine", "static"} <= names


@pytest.mark.docker
def test_a_docker_engine_that_can_pull_from_the_lab_is_used(docker_engine, door, monkeypatch, tmp_path):
    monkeypatch.setenv("ECRLAB_ENGINE", "docker")
    monkeypatch.setenv("DOCKER_HOST", tools.need("docker").host)
    lab = LocalLab(door)
    lab.state = tmp_path
    assert lab.engine == "docker"
    assert lab.docker.version()["Version"] == docker_engine.version()["Version"]
    lab.login()
    image = lab.docker.images.pull(*lab.base("static").rsplit(":", 1))
    image.tag(f"{lab.registry()}/from-docker", "1")
    lab.client("ecr").create_repository(repositoryName="from-docker")
    assert push(lab, "from-docker", "1").error is None
