"""A replayed call comes from another address: only with the lab's token, through either door."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import pytest
import requests

from awsapi import send, signed_request
from specimens import image

ELSEWHERE = "203.0.113.77"


@pytest.fixture
def addresses(lab_state):
    """`addresses(name)`: from where the calls on a repository came, as the trail has it, oldest first."""

    def about(name):
        with closing(sqlite3.connect(lab_state / "lab.sqlite")) as database:
            rows = [json.loads(row[0]) for row in database.execute("SELECT record FROM ledger ORDER BY id")]
        return [row["sourceIPAddress"] for row in rows if (row["requestParameters"] or {}).get("repositoryName") == name]

    return about


@pytest.fixture
def moved(aws):
    """`moved(headers)`: a client of ECR whose calls carry these headers, unsigned."""

    def client(headers):
        made = aws("ecr", account="111122223333", region="us-east-1")
        made.meta.events.register("before-send.ecr", send := lambda request, **_: request.headers.update(headers))
        undo.append(lambda: made.meta.events.unregister("before-send.ecr", send))
        return made

    undo = []
    yield client
    for each in undo:
        each()


@pytest.mark.parametrize("address", [ELSEWHERE, "2001:db8::7"])
def test_with_the_labs_token_a_call_comes_from_the_address_it_names(moved, door, address, free_repository, addresses):
    moved(door.from_address(address)).create_repository(repositoryName=free_repository)
    assert addresses(free_repository) == [address]


@pytest.mark.parametrize("token", [{}, {"X-ECRLab-Token": ""}, {"X-ECRLab-Token": "x"}, {"Authorization": "x"}], ids=["none", "empty", "wrong", "elsewhere"])
@pytest.mark.parametrize("path", ["/", "/v2/", "/_lab/status"])
def test_without_it_such_a_call_is_refused_and_nothing_happens(lab_endpoint, lab_state, path, token):
    for url in (lab_endpoint.url, lab_endpoint.public_url):
        answer = requests.get(url + path, headers={"X-ECRLab-Source-Address": ELSEWHERE} | token, timeout=60)
        assert answer.status_code == 403
        assert json.loads((lab_state / "server.json").read_text())["token"] not in answer.text


def test_a_signed_call_that_names_an_address_without_the_token_changes_nothing(lab_endpoint, door, ecr, free_repository):
    request = signed_request(lab_endpoint.url, door.keys("111122223333"), "ecr", "CreateRepository", json.dumps({"repositoryName": free_repository}).encode())
    request.headers["X-ECRLab-Source-Address"] = ELSEWHERE
    assert send(request).status_code == 403
    with pytest.raises(ecr.exceptions.RepositoryNotFoundException):
        ecr.describe_repositories(repositoryNames=[free_repository])


@pytest.mark.parametrize("address", ["attacker.example", "1.2.3", "1.2.3.4.5", "203.0.113.77/24", "203.0.113.77, 10.0.0.1", "x" * 4000])
def test_what_is_no_address_is_refused(lab_endpoint, door, address):
    answer = requests.get(f"{lab_endpoint.url}/v2/", headers=door.from_address(address), timeout=60)
    assert answer.status_code == 400


def test_the_token_alone_moves_nobody(moved, door, free_repository, addresses):
    token = {name: value for name, value in door.from_address(ELSEWHERE).items() if "Token" in name}
    moved(token).create_repository(repositoryName=free_repository)
    assert addresses(free_repository) == ["127.0.0.1"]


def test_docker_comes_from_there_too_and_is_recorded_as_ecrs(ecr, at, door, free_repository, addresses):
    ecr.create_repository(repositoryName=free_repository)
    http = at(free_repository)
    http.session.headers.update(door.from_address(ELSEWHERE))
    assert http.put_manifest("1", image("no layers yet")).status_code in (400, 404)
    assert set(addresses(free_repository)[1:]) == {"ecr.amazonaws.com"}
