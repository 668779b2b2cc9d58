"""Registry tokens: what GetAuthorizationToken gives, and which doors it opens for how long.

AWS: private registry authentication; Amazon ECR Public, registry authentication.
"""

from __future__ import annotations

import base64
from datetime import timedelta

import pytest
import requests

from specimens import image
from wire import basic, error_of

EXPIRED = (403, "DENIED", "Your authorization token has expired. Reauthenticate and try again.")


@pytest.fixture
def enter(lab_endpoint):
    """`enter(header)`: the answer to GET /v2/ with this Authorization header."""

    def knock(authorization: str | None = None) -> requests.Response:
        return requests.get(f"{lab_endpoint.url}/v2/", headers={"Authorization": authorization} if authorization else {}, timeout=60)

    return knock


def test_a_token_is_a_password_for_the_user_aws(ecr, door, lab_endpoint, enter):
    (data,) = ecr.get_authorization_token()["authorizationData"]
    user, _, password = base64.b64decode(data["authorizationToken"]).decode().partition(":")
    assert user == "AWS"
    assert data["expiresAt"] == door.clock() + timedelta(hours=12)
    assert data["proxyEndpoint"] == f"{lab_endpoint.url}/111122223333.dkr.ecr.us-east-1.amazonaws.com"
    assert enter(basic(password)).status_code == 200
    assert enter(f"Basic {data['authorizationToken']}").status_code == 200


def test_a_token_opens_the_door_for_twelve_hours_of_the_labs_clock(registry_password, enter, later):
    token = basic(registry_password())
    later(hours=11, minutes=59)
    assert enter(token).status_code == 200
    later(minutes=1)
    assert error_of(enter(token)) == EXPIRED


def test_an_expired_token_is_refused_in_the_middle_of_a_push(http, later):
    upload = http.begin()
    later(hours=12)
    assert error_of(http("PATCH", upload, data=b"too late")) == EXPIRED


def test_nobody_is_asked_for_credentials_in_ecrs_words(http):
    http.authorization = None
    answer = http("GET", "manifests/latest")
    assert answer.status_code == 401
    assert answer.text == "Not Authorized\n"
    assert answer.headers["Www-Authenticate"] == f'Basic realm="{http.base}/",service="ecr.amazonaws.com"'
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.headers["Content-Length"] == "15"
    assert answer.headers["Docker-Distribution-Api-Version"] == "registry/2.0"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda token: basic("password"),
        lambda token: basic(""),
        lambda token: basic(token, user="aws"),
        lambda token: basic(token, user="learner"),
        lambda token: basic(token[:-4] + "AAA="),
        lambda token: basic(token[: len(token) // 2]),
        lambda token: basic("Ünïcode"),
        lambda token: f"Bearer {token}",
        lambda token: "Basic not-base64!",
        lambda token: "Basic",
        lambda token: f"Digest {token}",
    ],
    ids=["made up", "empty", "user aws", "another user", "tampered", "cut off", "not ASCII", "as bearer", "not base64", "no value", "another scheme"],
)
def test_what_is_no_token_of_this_lab_is_not_authorized(registry_password, enter, spoil):
    assert enter(spoil(registry_password())).status_code == 401


def test_a_token_belongs_to_its_region(at, name, aws, registry_password):
    aws("ecr", region="eu-west-1").create_repository(repositoryName=name)
    elsewhere = at(name, region="eu-west-1")
    elsewhere.authorization = basic(registry_password(region="us-east-1"))
    status, code, message = error_of(elsewhere("GET", "tags/list"))
    assert (status, code) == (400, "DENIED")
    assert "us-east-1" in message and "eu-west-1" in message
    elsewhere.authorization = basic(registry_password(region="eu-west-1"))
    assert elsewhere("GET", "tags/list").status_code == 200


def test_a_token_belongs_to_the_principal_that_fetched_it(at, name, registry_password):
    mine = at(name)
    mine.push(image("mine"), "1")
    mine.authorization = basic(registry_password(account="444455556666"))
    expected = (
        "User: arn:aws:iam::444455556666:user/learner is not authorized to perform: ecr:BatchGetImage on resource: "
        f"arn:aws:ecr:us-east-1:111122223333:repository/{name} because no resource-based policy allows the ecr:BatchGetImage action"
    )
    assert error_of(mine("GET", "manifests/1")) == (403, "DENIED", expected)


def test_tokens_of_several_registries_name_each_ones_address(ecr, lab_endpoint):
    answer = ecr.get_authorization_token(registryIds=["111122223333", "444455556666"])["authorizationData"]
    hosts = [each["proxyEndpoint"].removeprefix(lab_endpoint.url + "/") for each in answer]
    assert hosts == ["111122223333.dkr.ecr.us-east-1.amazonaws.com", "444455556666.dkr.ecr.us-east-1.amazonaws.com"]


def test_a_private_token_is_none_for_the_public_registry_and_the_other_way_round(lab_endpoint, public, registry_password, enter):
    def enter_public(token: str) -> int:
        return requests.get(f"{lab_endpoint.public_url}/v2/", headers={"Authorization": f"Bearer {token}"}, timeout=60).status_code

    public_token = public.get_authorization_token()["authorizationData"]["authorizationToken"]
    assert enter_public(public_token) == 200
    assert enter_public(registry_password()) == 401
    assert enter(f"Basic {public_token}").status_code == 401
