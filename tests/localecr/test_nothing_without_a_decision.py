"""Every operation of the API and every route of the distribution protocol: none reaches the registry without a decision, and none is
refused without a record. The lists are the lab's own tables, so that an operation that is new is asked for here by itself.
"""

from __future__ import annotations

import base64
import hashlib
import json
import sqlite3
from contextlib import closing
from typing import Any

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError

import grants
from grants import allow, denied, policy, repository_arn, statement
from localecr import contract, oci, permissions
from localecr.gateway import OPERATIONS
from localecr.iam.evaluation import Verdict
from localecr.oci import exchange
from localecr.permissions import ANYBODY, NEEDS
from specimens import digest, image
from wire import Repository, basic, bearer

OWNER = "111122223333"
SOME = digest(b"some layer")
NAME, REFERENCE = "(?P<name>.+)", "(?P<reference>[^/]+)"
APIS = [(service, operation) for service, table in OPERATIONS.items() for operation in table]
ROUTES = [(method, pattern.pattern) for method, pattern, _ in oci.ROUTES]
HEADS = [("HEAD", pattern) for method, pattern in ROUTES if method == "GET"]
# the ECR operation that a route stands for; a route that is new needs its line
MEANS = {
    ("GET", f"/v2/{NAME}/manifests/{REFERENCE}"): "BatchGetImage",
    ("PUT", f"/v2/{NAME}/manifests/{REFERENCE}"): "PutImage",
    ("DELETE", f"/v2/{NAME}/manifests/{REFERENCE}"): "BatchDeleteImage",
    ("GET", f"/v2/{NAME}/tags/list"): "ListImages",
    ("GET", f"/v2/{NAME}/referrers/{REFERENCE}"): "ListImageReferrers",
    ("POST", f"/v2/{NAME}/blobs/uploads/?"): "InitiateLayerUpload",
    ("GET", f"/v2/{NAME}/blobs/uploads/{REFERENCE}"): "UploadLayerPart",
    ("PATCH", f"/v2/{NAME}/blobs/uploads/{REFERENCE}"): "UploadLayerPart",
    ("PUT", f"/v2/{NAME}/blobs/uploads/{REFERENCE}"): "CompleteLayerUpload",
    ("DELETE", f"/v2/{NAME}/blobs/uploads/{REFERENCE}"): "UploadLayerPart",
    ("HEAD", f"/v2/{NAME}/blobs/{REFERENCE}"): "BatchCheckLayerAvailability",
    ("GET", f"/v2/{NAME}/blobs/{REFERENCE}"): "GetDownloadUrlForLayer",
}
VALUES: dict[str, Any] = {  # what a member that an operation needs is given
    "layerDigests": [SOME],
    "layerDigest": SOME,
    "imageIds": [{"imageTag": "1"}],
    "imageManifest": image("any").text,
    "imageTagMutability": "IMMUTABLE",
    "imageScanningConfiguration": {"scanOnPush": True},
    "imageId": {"imageTag": "1"},
    "repositoryNames": ["any/repository"],
    "uploadId": "01234567-89ab-cdef-0123-456789abcdef",
    "partFirstByte": 0,
    "partLastByte": 0,
    "layerPartBlob": b"x",
    "subjectId": {"imageDigest": SOME},
    "tags": [{"Key": "team", "Value": "web"}],
    "tagKeys": ["team"],
    "name": "BLOB_MOUNTING",
    "value": "ENABLED",
    "policyText": policy({"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}),
    "catalogData": {"description": "any"},
}


@pytest.fixture(scope="module")
def seeded_already(lab_endpoint):
    """The course's base images came, so that nobody else is at work in the lab; it waits for all of them before it says that one isn't there."""
    base = Repository(lab_endpoint.public_url, "public.ecr.aws/ecrlab/debian", bearer(lab_endpoint.public_url))
    assert base("GET", "manifests/no-such").status_code == 404


@pytest.fixture
def kept(lab_state, seeded_already):
    """`kept()`: a fingerprint of everything that the lab keeps, but for what is written down of calls."""

    def fingerprint():
        with closing(sqlite3.connect(lab_state / "lab.sqlite")) as database:
            tables = [row[0] for row in database.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")]
            rows = [(table, row) for table in sorted(set(tables) - {"ledger"}) for row in database.execute(f'SELECT * FROM "{table}"')]
        return hashlib.sha256(repr(rows).encode()).hexdigest()

    return fingerprint


@pytest.fixture
def refusals(lab_state):
    """`refusals()`: (operation, error code, who, the sentence) of each refused call that was written down in your account, oldest first."""

    def written():
        with closing(sqlite3.connect(lab_state / "lab.sqlite")) as database:
            rows = database.execute("SELECT operation, error_code, record FROM ledger WHERE account = ? AND error_code IS NOT NULL ORDER BY id", (OWNER,))
            records = [(operation, code, json.loads(record)) for operation, code, record in rows]
        return [(operation, code, record["userIdentity"].get("arn"), record["errorMessage"]) for operation, code, record in records]

    return written


@pytest.fixture(scope="module")
def nobody(aws, lab_endpoint):
    """A user who may log in, in both registries, and nothing else."""
    log_ins = ["ecr:GetAuthorizationToken", "ecr-public:GetAuthorizationToken", "sts:GetServiceBearerToken"]
    return grants.meet(lab_endpoint, aws("iam"), "nobody-at-all", policy(statement("Allow", log_ins)))


@pytest.fixture(scope="module")
def nobodys_password(nobody):
    return nobody.password()


@pytest.fixture
def learners_password(registry_password):
    return registry_password()


def needed(service, operation, name):
    """The parameters that an operation can't do without, and the name or the ARN of a repository where it takes one."""
    shape = contract.model(service).operation_model(operation).input_shape
    arn = repository_arn(name) if service == "ecr" else f"arn:aws:ecr-public::{OWNER}:repository/{name}"
    values = VALUES | {"repositoryName": name, "resourceArn": arn}
    return {member: values[member] for member in shape.required_members}


def refused_with(client, operation, parameters):
    """The code and the sentence of a call that must be refused."""
    with pytest.raises(ClientError) as caught:
        getattr(client, xform_name(operation))(**parameters)
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]


def path_of(pattern, repository):
    return pattern.replace(NAME, repository).replace(REFERENCE, SOME).removesuffix("/?")


@pytest.fixture
def unreachable(monkeypatch):
    """Whatever of the registry is reached, by either door, stands in the list."""
    reached: list[str] = []
    for table in OPERATIONS.values():
        for operation in table:
            monkeypatch.setitem(table, operation, lambda *given, operation=operation: reached.append(operation))
    monkeypatch.setattr(exchange.repositories, "find", lambda registry, name: reached.append(name))
    return reached


# --- the API -----------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("service", "operation"), [each for each in APIS if each[1] != "GetAuthorizationToken" and ":".join(each) not in ANYBODY])
def test_an_operation_of_the_api_is_refused_and_written_down_and_changes_nothing(nobody, kept, refusals, unreachable, service, operation):
    before, written = kept(), len(refusals())
    code, said = refused_with(nobody.client(service), operation, needed(service, operation, "any/repository"))
    assert code == "AccessDeniedException"
    action = "ecr:BatchGetImage" if operation == "ListImageReferrers" else f"{service}:{operation}"
    assert said.startswith(f"User: {nobody.arn} is not authorized to perform: {action} on resource: ")
    assert said.endswith(f" because no identity-based policy allows the {action} action")
    assert unreachable == []
    assert kept() == before
    (record,) = refusals()[written:]
    assert (record[0], record[1].removesuffix("Exception"), *record[2:]) == (operation, "AccessDenied", nobody.arn, said)


@pytest.mark.parametrize("service", OPERATIONS)
def test_the_log_in_is_refused_and_written_down(meet, kept, refusals, unreachable, service):
    stranger = meet(allow("s3:*"))
    before = kept()
    assert refused_with(stranger.client(service), "GetAuthorizationToken", {}) == (
        "AccessDeniedException", denied(stranger.arn, f"{service}:GetAuthorizationToken", "*"),
    )  # fmt: skip
    assert refusals()[-1][0::2] == ("GetAuthorizationToken", stranger.arn)
    assert (kept(), unreachable) == (before, [])


@pytest.mark.parametrize(("service", "operation"), APIS)
def test_no_operation_of_the_api_asks_nobody(aws, monkeypatch, unreachable, service, operation):
    """Not even the administrator's: where the decision is no, nothing happens."""
    refuse_everything(monkeypatch)
    code, said = refused_with(aws(service), operation, needed(service, operation, "any/repository"))
    assert (code, said.endswith(" because of this test")) == ("AccessDeniedException", True)
    assert unreachable == []


def refuse_everything(monkeypatch):
    no = Verdict(False, "because of this test", (), (), "explicitDeny", {})
    monkeypatch.setattr(permissions, "decide", lambda *given, **more: no)


def test_what_an_operation_needs_beside_its_own_permission_is_about_operations_that_there_are():
    of_registries = {f"{service}:{operation}" for service, operation in APIS}
    assert {each for each in NEEDS if each.startswith("ecr")} <= of_registries


# --- the distribution protocol -----------------------------------------------------------------------------------------------------------


def test_every_route_is_known_here():
    assert set(ROUTES) == MEANS.keys()


@pytest.mark.parametrize(("method", "pattern"), ROUTES + HEADS)
def test_a_request_of_docker_is_refused_and_written_down_and_changes_nothing(nobody, nobodys_password, lab_endpoint, kept, refusals, unreachable, method, pattern):
    path = path_of(pattern, f"{OWNER}.dkr.ecr.us-east-1.amazonaws.com/any/repository")
    docker = Repository(lab_endpoint.url, "", basic(nobodys_password))
    before, written = kept(), len(refusals())
    answer = docker(method, lab_endpoint.url + path, params={"digest": SOME}, data=b"" if method in ("GET", "HEAD") else b"{}")
    assert answer.status_code == 403
    operation = MEANS.get((method, pattern)) or MEANS["GET", pattern]
    action = "ecr:BatchGetImage" if operation == "ListImageReferrers" else f"ecr:{'UploadLayerPart' if operation == 'CompleteLayerUpload' else operation}"
    said = denied(nobody.arn, action, repository_arn("any/repository"))
    if method != "HEAD":
        assert answer.json() == {"errors": [{"code": "DENIED", "message": said}]}
    assert unreachable == []
    assert kept() == before
    (record,) = refusals()[written:]
    assert record[2:] == (nobody.arn, said)


def test_ending_an_upload_without_a_last_part_needs_the_permission_to_complete_it(nobody, nobodys_password, lab_endpoint, unreachable):
    path = path_of(f"/v2/{NAME}/blobs/uploads/{REFERENCE}", f"{OWNER}.dkr.ecr.us-east-1.amazonaws.com/any/repository")
    answer = Repository(lab_endpoint.url, "", basic(nobodys_password))("PUT", lab_endpoint.url + path, params={"digest": SOME})
    assert answer.json()["errors"][0]["message"] == denied(nobody.arn, "ecr:CompleteLayerUpload", repository_arn("any/repository"))
    assert unreachable == []


@pytest.mark.parametrize(("method", "pattern"), ROUTES + HEADS)
def test_no_request_of_docker_asks_nobody(learners_password, lab_endpoint, monkeypatch, unreachable, method, pattern):
    docker = Repository(lab_endpoint.url, "", basic(learners_password))
    refuse_everything(monkeypatch)
    path = path_of(pattern, f"{OWNER}.dkr.ecr.us-east-1.amazonaws.com/any/repository")
    assert docker(method, lab_endpoint.url + path, params={"digest": SOME}, data=b"" if method in ("GET", "HEAD") else b"{}").status_code == 403
    assert unreachable == []


READS = ("BatchGetImage", "GetDownloadUrlForLayer", "BatchCheckLayerAvailability", "ListImageReferrers", "ListImages")
WRITES = [route for route in ROUTES if MEANS[route] not in READS]


@pytest.mark.parametrize(("method", "pattern"), WRITES)
@pytest.mark.parametrize("who", ["anybody", "a user without permissions"])
def test_nobody_writes_to_a_public_registry_without_permission(nobody, public, lab_endpoint, free_repository, kept, refusals, method, pattern, who):
    public.create_repository(repositoryName=free_repository)
    path = public.describe_repositories(repositoryNames=[free_repository])["repositories"][0]["repositoryUri"].partition("/")[2]
    log_in = {}
    if who != "anybody":
        token = nobody.client("ecr-public").get_authorization_token()["authorizationData"]["authorizationToken"]
        log_in = {"Authorization": basic(base64.b64decode(token).decode().removeprefix("AWS:"))}
    docker = Repository(lab_endpoint.public_url, "", bearer(lab_endpoint.public_url, **log_in))
    before, written = kept(), len(refusals())
    answer = docker(method, lab_endpoint.public_url + path_of(pattern, path), params={"digest": SOME}, data=b"{}")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (403, "DENIED")
    assert kept() == before
    assert len(refusals()) == written + 1
