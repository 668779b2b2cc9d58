"""Secrets: after a session with everything that has one, none stands in a log, in an answer's error, in the trail, or in a file that others can read."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import os
import sqlite3
import stat
import subprocess
import sys
import tarfile
import time

import boto3
import docker
import pytest
import requests
from botocore.config import Config
from botocore.exceptions import ClientError

import localecr
from awsapi import push_layer, signed_request
from localecr.door import Door, DoorError, NotRunning
from specimens import image
from wire import Repository, basic, bearer

# `ecrlab serve` with every logger of the process at its most talkative
SERVE = """
import http.client, logging, sys
logging.basicConfig(level=1)
logging.getLogger().setLevel(1)
from ecrlab.__main__ import main
sys.exit(main(["serve", "--port", "0", "--state", sys.argv[1]]))
"""
ACCOUNT, PARTNER = "111122223333", "444455556666"


class Session:
    """What was said and seen: the secrets by name, every error that a client got, and what the server printed."""

    def __init__(self):
        self.secrets = {}
        self.errors = []
        self.state = None
        self.output = ""


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    """A whole session against `ecrlab serve`, in a folder that the usual umask would let everybody read."""
    folder = tmp_path_factory.mktemp("secrets")
    folder.chmod(0o755)
    session = Session()
    session.state = folder / "state"
    said = folder / "said.log"
    with said.open("w") as log:
        before = os.umask(0o022)
        process = subprocess.Popen([sys.executable, "-c", SERVE, str(session.state)], stdout=log, stderr=log)
        os.umask(before)
    try:
        door = wait_for(session.state, process, said)
        use(session, door)
        door.stop()
        process.wait(60)
    finally:
        process.kill()
        process.wait()
    session.output = said.read_text(errors="replace")
    return session


def wait_for(state, process, said):
    deadline = time.monotonic() + 60
    while True:
        try:
            return Door.find(state)
        except NotRunning:
            assert process.poll() is None and time.monotonic() < deadline, said.read_text()
            time.sleep(0.05)


def use(session, door):
    """Everything that carries a secret, done right and done wrong."""
    facts = json.loads((session.state / "server.json").read_text())
    session.secrets |= {"the door's token": facts["token"], "dockerless' secret": facts["docker_host"].rpartition("/")[2]}
    for account in (ACCOUNT, PARTNER):
        session.secrets[f"the secret key of {account}"] = door.keys(account)["secret_access_key"]
    with contextlib.suppress(DoorError):
        Door(facts["endpoint"], facts["token"] + "x").status()
    for path in ("keys", "clock", "nothing", facts["token"]):
        answer = requests.post(f"{facts['endpoint']}/_lab/{path}", data=b"{", headers={"Authorization": f"Bearer {facts['token']}"}, timeout=60)
        session.errors.append(answer.text.replace(facts["token"], "") if path == facts["token"] else answer.text)
    use_the_api(session, door, facts)
    use_the_registries(session, facts)
    use_dockerless(session, facts)


def use_the_api(session, door, facts):
    keys = door.keys(ACCOUNT)

    def client(service, secret=keys["secret_access_key"]):
        return boto3.client(service, endpoint_url=facts["endpoint"], region_name="us-east-1", aws_access_key_id=keys["access_key_id"],
                            aws_secret_access_key=secret, config=Config(retries={"total_max_attempts": 1}))  # fmt: skip

    ecr = client("ecr")
    ecr.create_repository(repositoryName="web")
    client("ecr-public").create_repository(repositoryName="web")
    for service in ("ecr", "ecr-public"):
        data = client(service).get_authorization_token()["authorizationData"]
        whole = (data[0] if isinstance(data, list) else data)["authorizationToken"]
        session.secrets |= {f"the token of {service}": base64.b64decode(whole).decode().removeprefix("AWS:"), f"the token of {service} in base64": whole}
    for call in (lambda: client("ecr", "wrong").describe_registry(), lambda: ecr.describe_images(repositoryName="nothing"), lambda: client("events").list_archives()):
        with pytest.raises(ClientError) as refused:
            call()
        session.errors.append(str(refused.value))
    request = signed_request(facts["endpoint"], keys, "ecr", "DescribeRegistry", b'{"registryId": ["deep"]}')
    session.secrets["a signature"] = request.headers["Authorization"].rpartition("=")[2]
    session.errors.append(requests.post(request.url, headers=dict(request.headers), data=b"another body", timeout=60).text)


def use_the_registries(session, facts):
    token = session.secrets["the token of ecr"]
    path = f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/web"
    web = Repository(facts["endpoint"], path, basic(token))
    pushed = web.push(image("pushed"), "1")
    assert web.pull("1") == pushed.manifest
    session.errors += [web("GET", "manifests/nothing").text, web("PATCH", "blobs/uploads/nothing", data=b"x").text, web("GET", "blobs/x").text]
    for spoilt in (basic(token + "x"), basic(token, user="root"), f"Bearer {token}", f"Basic {token}"):
        session.errors.append(requests.get(f"{facts['endpoint']}/v2/{path}/manifests/1", headers={"Authorization": spoilt}, timeout=60).text)
    session.secrets["a bearer token"] = bearer(facts["public_endpoint"], Authorization=basic(session.secrets["the token of ecr-public"])).removeprefix("Bearer ")
    for given in (session.secrets["a bearer token"], session.secrets["a bearer token"] + "x"):
        answer = requests.get(f"{facts['public_endpoint']}/v2/ecrlab/nothing/manifests/1", headers={"Authorization": f"Bearer {given}"}, timeout=60)
        session.errors.append(answer.text)


def use_dockerless(session, facts):
    context = io.BytesIO()
    with tarfile.open(fileobj=context, mode="w") as tar:
        member = tarfile.TarInfo("Dockerfile")
        member.size = len(text := b"FROM scratch\nLABEL a=b\nWORKDIR /x\n")
        tar.addfile(member, io.BytesIO(text))
    name = f"{facts['endpoint'].removeprefix('http://')}/{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/web"
    with contextlib.closing(docker.DockerClient(base_url=facts["docker_host"])) as engine:
        engine.images.build(fileobj=io.BytesIO(context.getvalue()), custom_context=True, tag=f"{name}:built")
        for password in (session.secrets["the token of ecr"], session.secrets["the token of ecr"] + "x"):
            said = "".join(map(str, engine.images.push(name, "built", auth_config={"username": "AWS", "password": password}, stream=True, decode=True)))
            session.errors.append(said)
        with pytest.raises(docker.errors.APIError) as refused:
            engine.login("AWS", session.secrets["the token of ecr"] + "x", registry=name.partition("/")[0], reauth=True, dockercfg_path="/nothing")
        session.errors.append(str(refused.value).replace(session.secrets["dockerless' secret"], ""))  # the SDK names the address that it was given
    for path in ("/nothing", f"/{facts['docker_host'].rpartition('/')[2]}x/info"):
        session.errors.append(requests.get(facts["docker_host"].replace("tcp", "http").rpartition("/")[0] + path, timeout=60).text)


def found(text, secrets):
    return [name for name, secret in secrets.items() if secret in text]


def test_the_session_had_secrets_and_errors(session):
    assert len(session.secrets) == 10 and all(len(secret) >= 20 for secret in session.secrets.values())
    assert len(session.errors) >= 20


def test_no_secret_stands_in_an_error(session):
    assert [(name, error) for error in session.errors for name in found(error, session.secrets)] == []


def test_no_secret_is_printed_or_logged(session):
    assert "ECR Lab is running on" in session.output
    assert "DEBUG" in session.output  # it did log at its most talkative
    assert found(session.output, session.secrets) == []


def test_the_trail_knows_the_session_and_no_secret(session):
    with sqlite3.connect(f"file:{session.state / 'lab.sqlite'}?mode=ro", uri=True) as database:
        records = "\n".join(record for (record,) in database.execute("SELECT record FROM ledger"))
    assert "GetAuthorizationToken" in records and "PutImage" in records
    assert found(records, session.secrets) == []


def test_only_the_database_holds_keys_and_no_file_holds_a_token(session):
    kept = {name: secret for name, secret in session.secrets.items() if not name.startswith("the secret key")}
    for file in session.state.rglob("*"):
        if file.is_file():
            content = file.read_bytes().decode("latin-1")
            assert found(content, kept) == [], file
            assert found(content, session.secrets) == [] or file.name.startswith("lab.sqlite"), file


@pytest.mark.skipif(os.name != "posix", reason="Windows has no modes")
def test_what_the_lab_wrote_is_for_its_owner_alone(session):
    def is_open(path):
        return stat.S_IMODE(path.stat().st_mode) & 0o077

    assert not is_open(session.state)
    assert [path.name for path in session.state.iterdir() if is_open(path) and path.name not in HARMLESS] == []


@pytest.mark.skipif(os.name != "posix", reason="Windows has no modes")
def test_a_folder_that_others_can_read_has_its_secrets_closed_at_a_start(state):
    """As an older lab left it."""
    for path in (state, *state.iterdir()):
        path.chmod(0o755 if path.is_dir() else 0o644)
    with localecr.start(state, port=0):
        still_open = {path.name for path in state.iterdir() if stat.S_IMODE(path.stat().st_mode) & 0o077}
    assert still_open <= HARMLESS


HARMLESS = {"lock.sqlite", "lock.sqlite-journal"}  # they are empty: their lock is all that counts


def test_a_layers_bytes_stay_out_of_the_trail(ecr, name, lab_state, http):
    """What is in an image may be a secret of its owner's, too. Its manifest is written down, as AWS does."""
    secret = b"a secret of mine, and only mine"
    http.push_blob(secret)
    push_layer(ecr, name, secret[::-1])
    with sqlite3.connect(f"file:{lab_state / 'lab.sqlite'}?mode=ro", uri=True) as database:
        records = "\n".join(record for (record,) in database.execute("SELECT record FROM ledger"))
    assert name in records
    for each in (secret, secret[::-1]):
        assert each.decode() not in records and base64.b64encode(each).decode() not in records
