"""Who calls the API? Signature Version 4 in every way it can be wrong, each with AWS's own error.

AWS: Signature Version 4 for API requests, troubleshooting; API reference, common errors.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

import botocore.auth
import pytest
import requests

from awsapi import refusal_of, send, signed_request

MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. "
    "Consult the service documentation for details."
)
INVALID_TOKEN = "The security token included in the request is invalid."


@pytest.fixture(scope="module")
def keys(door):
    return door.keys("111122223333")


@pytest.fixture
def signed(lab_endpoint, keys):
    """`signed(service=…)`: a sound DescribeRegistry, signed, for a test to spoil."""

    def request(service="ecr", **more):
        return signed_request(lab_endpoint.url, more.pop("keys", keys), service, "DescribeRegistry", **more)

    return request


def test_a_sound_signature_is_admitted(signed):
    answer = send(signed())
    assert answer.status_code == 200
    assert answer.json()["registryId"] == "111122223333"


def test_the_checker_signs_with_keys_of_its_own(signed, door):
    checker = door.keys("111122223333", role="checker")
    assert checker["arn"] == "arn:aws:iam::111122223333:user/ecrlab-checker"
    assert send(signed(keys=checker)).status_code == 200


def test_an_account_made_on_demand_has_a_registry_of_its_own(signed, door):
    assert send(signed(keys=door.keys("222233334444"))).json()["registryId"] == "222233334444"


def test_a_wrong_secret_does_not_match(signed, keys):
    assert refusal_of(send(signed(keys=keys | {"secret_access_key": "wrong"}))) == (400, "InvalidSignatureException", MISMATCH)


def test_an_unknown_key_is_an_invalid_token(signed, keys):
    assert refusal_of(send(signed(keys=keys | {"access_key_id": "AKIAIOSFODNN7EXAMPLE"}))) == (400, "UnrecognizedClientException", INVALID_TOKEN)


def test_a_session_token_that_nobody_issued_is_an_invalid_token(signed):
    assert refusal_of(send(signed(**{"X-Amz-Security-Token": "made-up"}))) == (400, "UnrecognizedClientException", INVALID_TOKEN)


def test_a_request_without_a_signature_lacks_a_token(lab_endpoint):
    answer = requests.post(lab_endpoint.url, data=b"{}", headers={"X-Amz-Target": "AmazonEC2ContainerRegistry_V20150921.DescribeRegistry"}, timeout=60)
    assert refusal_of(answer) == (400, "MissingAuthenticationTokenException", "Missing Authentication Token")


def spoil_body(request):
    request.data = b'{"repositoryName": "another"}'


def spoil_operation(request):
    request.headers.replace_header("X-Amz-Target", "AmazonEC2ContainerRegistry_V20150921.DescribeRepositories")


def spoil_type(request):
    request.headers.replace_header("Content-Type", "application/json")


def spoil_path(request):
    request.url += "elsewhere"


def spoil_query(request):
    request.url += "?added=1"


def spoil_date(request):
    stamp = request.headers["X-Amz-Date"]
    request.headers.replace_header("X-Amz-Date", f"{stamp[:-2]}{(int(stamp[-2]) + 1) % 10}Z")


def spoil_host(request):
    request.headers["Host"] = request.url.removeprefix("http://").rstrip("/").replace("localhost", "127.0.0.1")


def spoil_signature(request):
    header = request.headers["Authorization"]
    request.headers.replace_header("Authorization", header[:-1] + ("0" if header[-1] != "0" else "1"))


def spoil_region(request):
    request.headers.replace_header("Authorization", request.headers["Authorization"].replace("us-east-1", "eu-west-1"))


def announce_another_body(request):
    request.headers["X-Amz-Content-SHA256"] = "0" * 64


def announce_no_body(request):
    request.headers["X-Amz-Content-SHA256"] = "UNSIGNED-PAYLOAD"


SPOILS = [
    spoil_body, spoil_operation, spoil_type, spoil_path, spoil_query, spoil_date, spoil_host, spoil_signature, spoil_region,
    announce_another_body, announce_no_body,
]  # fmt: skip


@pytest.mark.parametrize("spoil", SPOILS, ids=lambda spoil: spoil.__name__)
def test_whatever_is_changed_after_signing_does_not_match(signed, spoil):
    request = signed()
    spoil(request)
    assert refusal_of(send(request)) == (400, "InvalidSignatureException", MISMATCH)


def test_headers_that_proxies_add_do_not_matter(signed):
    request = signed()
    request.headers["X-Forwarded-For"] = "192.0.2.1"
    assert send(request).status_code == 200


def test_a_signature_for_another_service_is_out_of_scope(signed):
    request = signed("ecr-public", **{"X-Amz-Target": "AmazonEC2ContainerRegistry_V20150921.DescribeRegistry"})
    status, code, message = refusal_of(send(request))
    assert (status, code) == (400, "InvalidSignatureException")
    assert message.startswith("Credential should be scoped to correct service: 'ecr'")


def signed_at(monkeypatch, signed, moment: datetime):
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda: moment.replace(tzinfo=None))
    return signed()


def now() -> datetime:
    return datetime.now(timezone.utc)


@pytest.mark.parametrize("minutes", [-4, 4])
def test_clocks_may_differ_by_five_minutes(monkeypatch, signed, minutes):
    assert send(signed_at(monkeypatch, signed, now() + timedelta(minutes=minutes))).status_code == 200


STAMP = r"\d{8}T\d{6}Z"


@pytest.mark.parametrize(
    ("minutes", "sentence"),
    [
        (-6, rf"Signature expired: ({STAMP}) is now earlier than {STAMP} \({STAMP} - 5 min\.\)"),
        (6, rf"Signature not yet current: ({STAMP}) is still later than {STAMP} \({STAMP} \+ 5 min\.\)"),
    ],
)
def test_signatures_expire_and_begin_on_the_wall_clock(monkeypatch, signed, minutes, sentence):
    request = signed_at(monkeypatch, signed, now() + timedelta(minutes=minutes))
    status, code, message = refusal_of(send(request))
    assert (status, code) == (400, "InvalidSignatureException")
    assert re.fullmatch(sentence, message)[1] == request.headers["X-Amz-Date"]


def test_the_labs_clock_does_not_age_signatures(signed, later):
    request = signed()
    later(days=30)
    assert send(request).status_code == 200


SCOPE = "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '{}'"
MALFORMED = {
    "another algorithm": ("AWS4-HMAC-SHA1 Credential=a, SignedHeaders=host, Signature=b", "Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA1'."),
    "a registry's credentials": ("Basic QVdTOng=", "Unsupported AWS 'algorithm': 'Basic'."),
    "no credential": ("AWS4-HMAC-SHA256 SignedHeaders=host, Signature=b", "Authorization header requires 'Credential' parameter."),
    "no signature": ("AWS4-HMAC-SHA256 Credential=a/b/c/d/aws4_request, SignedHeaders=host", "Authorization header requires 'Signature' parameter."),
    "no signed headers": ("AWS4-HMAC-SHA256 Credential=a/b/c/d/aws4_request, Signature=b", "Authorization header requires 'SignedHeaders' parameter."),
    "a short scope": ("AWS4-HMAC-SHA256 Credential=a/b/c, SignedHeaders=host, Signature=d", SCOPE.format("a/b/c")),
    "another term": ("AWS4-HMAC-SHA256 Credential=a/b/c/ecr/aws3, SignedHeaders=host, Signature=d", SCOPE.format("a/b/c/ecr/aws3")),
    "nothing at all": ("AWS4-HMAC-SHA256", "Authorization header requires 'Credential' parameter."),
}


@pytest.mark.parametrize(("header", "message"), MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_header_is_an_incomplete_signature(signed, header, message):
    request = signed()
    request.headers.replace_header("Authorization", header)
    assert refusal_of(send(request)) == (400, "IncompleteSignatureException", message)


def test_the_host_must_be_signed(signed):
    request = signed()
    request.headers.replace_header("Authorization", request.headers["Authorization"].replace(";host;", ";"))
    status, code, message = refusal_of(send(request))
    assert (status, code) == (400, "InvalidSignatureException")
    assert message == "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."


@pytest.mark.parametrize("stamp", ["", "yesterday", "2026-01-05T09:00:00Z"])
def test_a_date_that_is_none_is_an_incomplete_signature(signed, stamp):
    request = signed()
    request.headers.replace_header("X-Amz-Date", stamp)
    assert refusal_of(send(request))[:2] == (400, "IncompleteSignatureException")


def test_a_date_of_another_day_than_the_scopes_is_refused(signed):
    request = signed()
    request.headers.replace_header("X-Amz-Date", "20200101T000000Z")
    status, code, message = refusal_of(send(request))
    assert (status, code) == (400, "InvalidSignatureException")
    assert message.startswith("Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP")


def test_names_that_are_not_the_labs_are_refused(lab_endpoint):
    """A page of some other site whose name resolves to this computer gets nothing."""
    for path in ("/", "/v2/", "/_lab/status"):
        answer = requests.get(lab_endpoint.url + path, headers={"Host": "attacker.example"}, timeout=60)
        assert answer.status_code == 421, path
