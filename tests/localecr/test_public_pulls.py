"""The public registry's address: anybody pulls, the owner pushes. AWS: Amazon ECR Public, registry authentication."""

from __future__ import annotations

import base64
import json
import threading
from datetime import timedelta

import pytest
import requests

import localecr
from localecr.door import Door
from specimens import artifact, digest, image
from wire import Repository, basic, bearer, error_of

ACCOUNT, PARTNER = "111122223333", "444455556666"


@pytest.fixture
def shop(aws, free_repository):
    """The address of a public repository of this test's own, `public.ecr.aws/<alias>/<name>`, and its name."""
    uri = aws("ecr-public").create_repository(repositoryName=free_repository)["repository"]["repositoryUri"]
    return uri.partition("/")[2]


@pytest.fixture
def password(aws):
    def fetch(account=ACCOUNT):
        token = aws("ecr-public", account).get_authorization_token()["authorizationData"]["authorizationToken"]
        return base64.b64decode(token).decode().removeprefix("AWS:")

    return fetch


@pytest.fixture
def seen_by(lab_endpoint, shop, password):
    """`seen_by(account)`: the repository as that account's principal uses it, or as anybody does."""

    def repository(account=None):
        named = {"Authorization": basic(password(account))} if account else {}
        return Repository(lab_endpoint.public_url, shop, bearer(lab_endpoint.public_url, **named))

    return repository


def test_nobody_is_sent_to_fetch_a_token(lab_endpoint, shop):
    for path in ("/v2/", f"/v2/{shop}/manifests/1"):
        answer = requests.get(lab_endpoint.public_url + path, timeout=60)
        assert answer.status_code == 401
        challenge = f'Bearer realm="{lab_endpoint.public_url}/token/",service="public.ecr.aws",scope="aws"'
        assert answer.headers["Www-Authenticate"] == challenge


def test_anybody_pulls_what_the_owner_pushed(aws, seen_by, shop):
    pushed = seen_by(ACCOUNT).push(image("for everybody", layers=2), "1")
    anybody = seen_by()
    assert anybody.pull("1") == anybody.pull(pushed.digest) == pushed.manifest
    assert [anybody("GET", f"blobs/{digest(blob)}").content for blob in pushed.blobs] == list(pushed.blobs)
    assert anybody("HEAD", f"blobs/{digest(pushed.layers[0])}").status_code == 200
    (detail,) = aws("ecr-public").describe_images(repositoryName=shop.rpartition("/")[2])["imageDetails"]
    assert (detail["imageDigest"], detail["imageTags"]) == (pushed.digest, ["1"])


def test_a_partner_pulls_too(seen_by):
    pushed = seen_by(ACCOUNT).push(image("for everybody"), "1")
    assert seen_by(PARTNER).pull("1") == pushed.manifest


@pytest.mark.parametrize("who", [None, PARTNER])
def test_only_the_owner_pushes_and_deletes(seen_by, shop, who):
    pushed = seen_by(ACCOUNT).push(image("kept"), "1")
    other, arn = seen_by(who), f"arn:aws:ecr-public::{ACCOUNT}:repository/{shop.rpartition('/')[2]}"
    user = f"User: arn:aws:iam::{PARTNER}:user/learner" if who else "User: anonymous"
    for method, rest, action in [
        ("POST", "blobs/uploads/", "InitiateLayerUpload"),
        ("PUT", "manifests/1", "PutImage"),
        ("DELETE", "manifests/1", "BatchDeleteImage"),
    ]:
        status, code, message = error_of(other(method, rest, data=pushed.manifest if method == "PUT" else b""))
        assert (status, code) == (403, "DENIED")
        assert message.startswith(f"{user} is not authorized to perform: ecr-public:{action} on resource: {arn}")
    assert other.pull("1") == pushed.manifest


def test_a_token_of_the_api_is_a_bearer_token(aws, seen_by):
    owner = seen_by(ACCOUNT)
    owner.authorization = f"Bearer {aws('ecr-public').get_authorization_token()['authorizationData']['authorizationToken']}"
    assert owner("POST", "blobs/uploads/").status_code == 202


def test_basic_credentials_alone_do_not_open_the_public_door(seen_by, password):
    owner = seen_by(ACCOUNT)
    owner.authorization = basic(password())
    assert owner("GET", "tags/list").status_code == 401


def test_a_token_lasts_twelve_hours(seen_by, later):
    pushed = seen_by(ACCOUNT).push(image("kept"), "1")
    anybody = seen_by()
    later(hours=11, minutes=59)
    assert anybody.pull("1") == pushed.manifest
    later(minutes=1)
    assert anybody("GET", "manifests/1").status_code in (401, 403)


def test_an_expired_log_in_breaks_even_anonymous_pulls(lab_endpoint, password, later):
    stored = basic(password())
    later(hours=12)
    answer = requests.get(f"{lab_endpoint.public_url}/token/", headers={"Authorization": stored}, timeout=60)
    assert error_of(answer) == (403, "DENIED", "Your authorization token has expired. Reauthenticate and try again.")


@pytest.mark.parametrize("authorization", [basic("made up"), basic("", "nobody"), "Bearer x", "Basic %%%"])
def test_wrong_credentials_get_no_token(lab_endpoint, authorization):
    answer = requests.get(f"{lab_endpoint.public_url}/token/", headers={"Authorization": authorization}, timeout=60)
    assert answer.status_code == 401


def test_a_token_says_how_long_it_lasts(lab_endpoint):
    document = requests.get(f"{lab_endpoint.public_url}/token/", timeout=60).json()
    assert document["expires_in"] == 12 * 3600
    assert isinstance(json.dumps(document["token"]), str)


def test_an_alias_of_nobody_is_unknown(lab_endpoint):
    nobody = Repository(lab_endpoint.public_url, "public.ecr.aws/nobody-here/web", bearer(lab_endpoint.public_url))
    status, code, message = error_of(nobody("GET", "manifests/1"))
    assert (status, code) == (404, "NAME_UNKNOWN")
    assert message.startswith("The repository with name 'web' does not exist in the registry with id")


def test_a_missing_public_repository_and_a_missing_tag_are_unknown(lab_endpoint, seen_by):
    owner = seen_by(ACCOUNT)
    owner.push(image("kept"), "1")
    assert error_of(seen_by()("GET", "manifests/2")) == (404, "MANIFEST_UNKNOWN", "Requested image not found")
    owner.path += "-not-there"
    assert error_of(owner("GET", "manifests/1"))[:2] == (404, "NAME_UNKNOWN")


def test_tag_lists_are_not_offered_as_on_aws(seen_by):
    assert error_of(seen_by()("GET", "tags/list")) == (404, "NOT_FOUND", "404 page not found")


def test_signatures_of_public_images_are_found(seen_by):
    owner = seen_by(ACCOUNT)
    subject = owner.push(image("signed"), "1")
    signature = owner.push(artifact("signature", "application/vnd.example.signature", subject))
    answer = owner("GET", f"referrers/{subject.digest}")
    assert [each["digest"] for each in answer.json()["manifests"]] == [signature.digest]


def test_the_two_addresses_keep_to_themselves(lab_endpoint, registry_password, seen_by, shop):
    seen_by(ACCOUNT).push(image("public"), "1")
    through_private = Repository(lab_endpoint.url, shop, basic(registry_password()))
    assert through_private("GET", "manifests/1").status_code == 404
    answer = requests.post(lab_endpoint.public_url, headers={"X-Amz-Target": "SpencerFrontendService.DescribeRegistries"}, timeout=60)
    assert answer.status_code == 404


def test_the_base_images_come_whatever_happens_to_the_clock_meanwhile(tmp_path):
    """A fresh lab serves before they are there."""
    with localecr.start(tmp_path / "fresh", port=0) as endpoint:
        door = Door.find(tmp_path / "fresh")
        hasten = threading.Thread(target=lambda: [door.advance(timedelta(days=1).total_seconds()) for _ in range(50)])
        base = Repository(endpoint.public_url, "public.ecr.aws/ecrlab/debian", bearer(endpoint.public_url))
        hasten.start()
        base("GET", "manifests/12")  # which has them come now, whatever it is answered
        hasten.join()
        base.authorization = bearer(endpoint.public_url)
        assert base("GET", "manifests/12").status_code == 200
