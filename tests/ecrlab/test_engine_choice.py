"""Which engine stands behind `lab.docker`, and that it leaves the learner's Docker configuration alone."""

import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from ecrlab import engine
from ecrlab.errors import LabError

PROBE = "localhost:4511/public.ecr.aws/ecrlab/static:1"


class Handler(BaseHTTPRequestHandler):
    """As much of the Docker Engine API as choosing an engine and logging in to a registry need."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.answer({"ApiVersion": "1.41", "Version": "20.10"})

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.calls.append((self.path, self.headers.get("X-Registry-Auth")))
        self.answer({"Status": "Login Succeeded"} if "/auth" in self.path else self.server.pull)

    def answer(self, body):
        body = json.dumps(body).encode() + b"\n"
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def docker_api(monkeypatch):
    """A Docker engine at DOCKER_HOST that pulls whatever it is asked for."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.calls, server.pull = [], {"status": "Digest: sha256:0"}
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{server.server_port}")
    monkeypatch.delenv("ECRLAB_ENGINE", raising=False)
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def status():
    return {"docker_host": "tcp://127.0.0.1:4512/secret", "pid": 7, "port": 4510}


@pytest.fixture
def state(tmp_path):
    folder = tmp_path / "state"
    folder.mkdir()
    return folder


def test_an_engine_that_can_pull_from_the_lab_is_used(docker_api, status, state):
    choice = engine.choose(status, PROBE, state)
    assert choice.name == "docker"
    assert "fromImage=localhost%3A4511%2Fpublic.ecr.aws%2Fecrlab%2Fstatic" in docker_api.calls[0][0]


def test_an_engine_that_cannot_pull_from_the_lab_is_not(docker_api, status, state):
    docker_api.pull = {"error": "dial tcp 127.0.0.1:4511: connect: connection refused", "errorDetail": {}}
    choice = engine.choose(status, PROBE, state)
    assert (choice.name, choice.settings) == ("dockerless", {"base_url": "tcp://127.0.0.1:4512/secret"})
    assert "answers but can't pull from the lab (dial tcp 127.0.0.1:4511: connect: connection refused)" in choice.why


def test_without_an_engine_it_is_dockerless(status, state, monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    choice = engine.choose(status, PROBE, state)
    assert (choice.name, choice.why) == ("dockerless", "No Docker engine answers on this machine.")


def test_the_lab_own_dockerless_is_not_taken_for_a_docker_engine(docker_api, status, state, monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", status["docker_host"])
    assert engine.choose(status, PROBE, state).name == "dockerless"
    assert docker_api.calls == []


def test_whoever_asks_for_dockerless_gets_it(docker_api, status, state, monkeypatch):
    monkeypatch.setenv("ECRLAB_ENGINE", "dockerless")
    assert engine.choose(status, PROBE, state).name == "dockerless"
    assert docker_api.calls == []


def test_whoever_asks_for_docker_is_told_why_it_cannot_be(docker_api, status, state, monkeypatch):
    monkeypatch.setenv("ECRLAB_ENGINE", "docker")
    docker_api.pull = {"error": "no route"}
    with pytest.raises(LabError, match=r"can't pull from the lab \(no route\).*ECRLAB_ENGINE=dockerless"):
        engine.choose(status, PROBE, state)


def test_an_unknown_engine_is_said(status, state, monkeypatch):
    monkeypatch.setenv("ECRLAB_ENGINE", "podman")
    with pytest.raises(LabError, match="Use one of auto, docker, dockerless"):
        engine.choose(status, PROBE, state)


def test_the_choice_is_kept_while_the_server_runs_and_made_anew_for_the_next(docker_api, status, state):
    engine.choose(status, PROBE, state)
    engine.choose(status, PROBE, state)
    assert len(docker_api.calls) == 1
    engine.choose(status | {"pid": 8}, PROBE, state)
    assert len(docker_api.calls) == 2


def test_what_is_kept_holds_no_secret(status, state, monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    engine.choose(status, PROBE, state)
    assert "secret" not in (state / "engine.json").read_text()


@pytest.fixture
def learners_docker(tmp_path, monkeypatch):
    """A learner who is logged in to the lab's registry already, with another password, in ~/.docker/config.json."""
    folder = tmp_path / "home" / ".docker"
    folder.mkdir(parents=True)
    auth = base64.b64encode(b"AWS:of-the-learner").decode()
    config = folder / "config.json"
    config.write_text(json.dumps({"auths": {"localhost:4510": {"auth": auth}}, "HttpHeaders": {"X-Learner": "1"}}))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    monkeypatch.delenv("DOCKER_CONFIG", raising=False)
    return config


def test_the_learners_log_ins_are_neither_used_nor_changed(docker_api, status, state, learners_docker):
    before = learners_docker.read_text()
    client = engine.connect(engine.choose(status, PROBE, state), state)
    name = "localhost:4510/111122223333.dkr.ecr.us-east-1.amazonaws.com/web"
    client.api.pull(name, tag="1.0")
    assert docker_api.calls[-1][1] is None  # no credentials were sent
    client.login("AWS", "of-the-lab", registry="localhost:4510", reauth=True)
    client.api.pull(name, tag="1.0")
    sent = json.loads(base64.urlsafe_b64decode(docker_api.calls[-1][1]))
    assert sent["password"] == "of-the-lab"
    assert learners_docker.read_text() == before
    assert [path.name for path in learners_docker.parent.iterdir()] == ["config.json"]


def test_a_broken_docker_configuration_of_the_learner_is_none_of_our_business(docker_api, status, state, learners_docker):
    learners_docker.write_text('{"auths": {"localhost:4510": "nonsense"}}')
    assert engine.connect(engine.choose(status, PROBE, state), state).version()["Version"] == "20.10"
