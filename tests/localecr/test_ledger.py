"""Written down: every call of either door, once, with who and what; not the reading of the course's own checks. AWS: CloudTrail record contents."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timezone

import boto3
import pytest
import requests

from awsapi import push, refused, signed_request
from containers import Containerd, Docker, Podman, Skopeo
from labs import Process
from localecr import records as shapes
from localecr.errors import AwsError
from localecr.identities import Principal
from localecr.ledger import Call
from localecr.store.database import Database
from people import document, fresh, signing, trust
from specimens import digest, image
from wire import Repository, bearer

ACCOUNT, PARTNER = "111122223333", "444455556666"
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
ANY_UUID, ANY = "<a uuid>", "<anything>"
DOCKER = "ecr.amazonaws.com"


def written(state, account=ACCOUNT):
    """Every record of an account's trail, oldest first."""
    with closing(sqlite3.connect(state / "lab.sqlite")) as database:
        return [json.loads(row[0]) for row in database.execute("SELECT record FROM ledger WHERE account = ? ORDER BY id", (account,))]


@pytest.fixture
def records(lab_state):
    """`records(name, account)`: what was written down about a repository in an account's trail, oldest first."""

    def about(name, account=ACCOUNT):
        return [row for row in written(lab_state, account) if (row["requestParameters"] or {}).get("repositoryName") == name]

    return about


def operations(rows):
    return [row["eventName"] for row in rows]


def matches(found, golden):
    """Whether a record is word for word, and in this order, what AWS's sample has; placeholders stand for what can't be known beforehand."""
    if golden == ANY:
        return found is not None
    if golden == ANY_UUID:
        return UUID.fullmatch(found) is not None
    if isinstance(golden, dict):
        assert list(found) == list(golden)
        return all(matches(found[key], value) for key, value in golden.items())
    if isinstance(golden, list):
        return len(found) == len(golden) and all(map(matches, found, golden))
    assert found == golden
    return True


def learner(account=ACCOUNT, key=ANY, **more):
    return {
        "type": "IAMUser",
        "principalId": ANY,
        "arn": f"arn:aws:iam::{account}:user/learner",
        "accountId": account,
        "accessKeyId": key,
        "userName": "learner",
    } | more


def sample(event, parameters, answer, resource, *, identity=None, agent=ANY, address="127.0.0.1", error=(), read_only=False, time=ANY, region="us-east-1"):
    """A record as AWS's samples have it (logging-using-cloudtrail), in their order of fields."""
    return {
        "eventVersion": "1.11",
        "userIdentity": identity or learner(),
        "eventTime": time,
        "eventSource": "ecr.amazonaws.com",
        "eventName": event,
        "awsRegion": region,
        "sourceIPAddress": address,
        "userAgent": agent,
        **dict(zip(("errorCode", "errorMessage"), error, strict=False)),
        "requestParameters": parameters,
        "responseElements": answer,
        "requestID": ANY_UUID,
        "eventID": ANY_UUID,
        "readOnly": read_only,
        **({"resources": [{"ARN": resource, "accountId": ACCOUNT}]} if resource else {}),
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": ACCOUNT,
        "eventCategory": "Management",
    }


def through_docker(event, parameters, answer, resource, **more):
    return sample(event, parameters, answer, resource, identity=learner(invokedBy=DOCKER), agent=DOCKER, address=DOCKER, **more)


def arn(name):
    return f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/{name}"


def in_words(instant):
    """``Nov 27, 2020, 9:51:29 PM``"""
    return f"{instant:%b} {instant.day}, {instant.year}, {instant:%I:%M:%S %p}".replace(", 0", ", ")


# ---- what a push and a pull leave


def test_a_push_is_the_same_operations_through_either_door(ecr, at, free_repository, records):
    ecr.create_repository(repositoryName=free_repository)
    http = at(free_repository)
    push(ecr, free_repository, image("by api"), "1")
    by_api = operations(records(free_repository))[1:]
    upload = ["InitiateLayerUpload", "UploadLayerPart", "CompleteLayerUpload"]
    assert by_api == ["BatchCheckLayerAvailability", *upload, *upload, "PutImage"]
    http.push(image("by docker"), "2")
    assert operations(records(free_repository))[1 + len(by_api) :] == [*upload, *upload, "PutImage"]
    http.pull("2")
    assert operations(records(free_repository))[-1] == "BatchGetImage"


CLIENTS = [pytest.param(client, id=client.__name__, marks=getattr(pytest.mark, client.marker)) for client in (Docker, Podman, Skopeo, Containerd)]


@pytest.mark.parametrize("client", CLIENTS)
def test_each_client_leaves_the_same_events_and_no_address_of_its_own(client, request, registry_password, registry_host, name, records):
    used, uri = client(request.getfixturevalue), f"{registry_host()}/{name}:1"
    try:
        assert used.log_in(registry_password()).worked
        said = used.push(uri, "pushed")
        assert said.worked, said.text
        pushed = records(name)[1:]
        said = used.pull(uri)
        assert said.worked, said.text
        pulled = records(name)[1 + len(pushed) :]
    finally:
        used.tidy()
    uploads = {"InitiateLayerUpload": 2, "UploadLayerPart": 2, "CompleteLayerUpload": 2, "PutImage": 1}
    assert {each: operations(pushed).count(each) for each in uploads} == uploads
    assert set(operations(pushed)) - uploads.keys() <= {"BatchCheckLayerAvailability", "BatchGetImage"}
    assert "BatchGetImage" in operations(pulled) and set(operations(pulled)) <= {"BatchGetImage", "GetDownloadUrlForLayer"}
    for record in (*pushed, *pulled):
        assert (record["sourceIPAddress"], record["userAgent"], record["userIdentity"]["invokedBy"]) == (DOCKER, DOCKER, DOCKER)
        assert matches(record["userIdentity"], learner(invokedBy=DOCKER))
        assert "errorCode" not in record


def test_a_mounted_layer_is_one_event_that_names_where_it_came_from(ecr, at, name, records, free_repository):
    source = f"{free_repository}-source"
    ecr.create_repository(repositoryName=source)
    pushed, http = at(source).push(image("to mount"), "1"), at(name)
    layer = digest(pushed.blobs[0])
    assert http("POST", "blobs/uploads/", params={"mount": layer, "from": source}).status_code == 201
    parameters = {"registryId": ACCOUNT, "repositoryName": name, "layerDigest": layer, "sourceRepositoryName": source}
    answer = {"registryId": ACCOUNT, "repositoryName": name, "layerDigest": layer}
    assert matches(records(name)[-1], through_docker("MountLayer", parameters, answer, arn(name)))
    assert operations(records(name)) == ["CreateRepository", "MountLayer"]


def test_a_mount_that_is_none_is_an_upload_begun(http, name, records):
    assert http("POST", "blobs/uploads/", params={"mount": digest(b"nowhere"), "from": "nothing"}).status_code == 202
    assert operations(records(name)) == ["CreateRepository", "InitiateLayerUpload"]
    assert records(name)[-1]["requestParameters"] == {"registryId": ACCOUNT, "repositoryName": name}


# ---- records field by field


def test_create_repository_is_recorded_as_in_awss_sample(ecr, free_repository, records, door, lab_endpoint):
    now = door.clock()
    made = ecr.create_repository(repositoryName=free_repository, tags=[{"Key": "team", "Value": "Blue"}])
    address = lab_endpoint.url.removeprefix("http://")
    repository = {
        "repositoryArn": arn(free_repository),
        "registryId": ACCOUNT,
        "repositoryName": free_repository,
        "repositoryUri": f"{address}/{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/{free_repository}",
        "createdAt": in_words(now),
        "imageTagMutability": "MUTABLE",
        "imageScanningConfiguration": {"scanOnPush": False},
        "encryptionConfiguration": {"encryptionType": "AES256"},
    }
    (record,) = records(free_repository)
    parameters = {"repositoryName": free_repository, "tags": [{"key": "team", "value": "Blue"}]}
    golden = sample("CreateRepository", parameters, {"repository": repository}, arn(free_repository), time=f"{now:%Y-%m-%dT%H:%M:%SZ}")
    assert matches(record, golden)
    assert record["requestID"] == made["ResponseMetadata"]["RequestId"]
    assert record["userAgent"].startswith(("Boto3/", "boto3/"))


def test_put_image_is_recorded_with_its_manifest(ecr, name, records):
    specimen = push(ecr, name, image("with a manifest"), "2019-04-04-nginx")
    given = {"imageManifest": specimen.text, "imageManifestMediaType": specimen.media_type}
    answer = {"registryId": ACCOUNT, "repositoryName": name, "imageId": {"imageDigest": specimen.digest, "imageTag": "2019-04-04-nginx"}} | given
    parameters = {"repositoryName": name} | given | {"imageTag": "2019-04-04-nginx"}
    assert matches(records(name)[-1], sample("PutImage", parameters, {"image": answer}, arn(name)))


def test_put_image_through_docker_says_the_same_as_through_the_api(http, name, records):
    specimen = http.push(image("through docker"), "1")
    given = {"imageManifest": specimen.text, "imageManifestMediaType": specimen.media_type}
    parameters = given | {"imageTag": "1", "registryId": ACCOUNT, "repositoryName": name}
    answer = {"registryId": ACCOUNT, "repositoryName": name, "imageId": {"imageDigest": specimen.digest, "imageTag": "1"}} | given
    assert matches(records(name)[-1], through_docker("PutImage", parameters, {"image": answer}, arn(name)))


def test_a_layer_through_docker_is_three_events_without_its_bytes(http, name, records):
    location = http.begin()
    upload = location.rpartition("/")[2]
    http("PATCH", location, data=b"0123456789")
    http("PATCH", location, data=b"abcde", headers={"Content-Range": "10-14"})
    whole = digest(b"0123456789abcde")
    http("PUT", location, params={"digest": whole})
    begun, first, second, done = records(name)[1:]
    named = {"registryId": ACCOUNT, "repositoryName": name}
    assert matches(begun, through_docker("InitiateLayerUpload", named, {"uploadId": upload, "partSize": 10485760}, arn(name)))
    for record, start, last in ((first, 0, 9), (second, 10, 14)):
        parameters = {"uploadId": upload} | named | {"partFirstByte": start, "partLastByte": last}
        assert matches(record, through_docker("UploadLayerPart", parameters, named | {"uploadId": upload, "lastByteReceived": last}, arn(name)))
    parameters = {"uploadId": upload, "layerDigests": [whole]} | named
    assert matches(done, through_docker("CompleteLayerUpload", parameters, named | {"uploadId": upload, "layerDigest": whole}, arn(name)))


def test_a_layer_by_the_api_is_recorded_without_its_bytes(ecr, name, records):
    upload = ecr.initiate_layer_upload(repositoryName=name)["uploadId"]
    ecr.upload_layer_part(repositoryName=name, uploadId=upload, partFirstByte=0, partLastByte=3, layerPartBlob=b"data")
    parameters = {"repositoryName": name, "uploadId": upload, "partFirstByte": 0, "partLastByte": 3}
    answer = {"registryId": ACCOUNT, "repositoryName": name, "uploadId": upload, "lastByteReceived": 3}
    assert matches(records(name)[-1], sample("UploadLayerPart", parameters, answer, arn(name)))


def test_reading_is_recorded_with_what_was_asked_and_without_an_answer(ecr, http, name, records):
    http.push(image("to read"), "1")
    ecr.batch_get_image(repositoryName=name, imageIds=[{"imageTag": "1"}], acceptedMediaTypes=["application/json"])
    parameters = {"repositoryName": name, "imageIds": [{"imageTag": "1"}], "acceptedMediaTypes": ["application/json"]}
    assert matches(records(name)[-1], sample("BatchGetImage", parameters, None, arn(name), read_only=True))
    http("GET", "manifests/1", headers={"Accept": "application/vnd.oci.image.manifest.v1+json, application/json;q=0.5"})
    parameters = {"imageIds": [{"imageTag": "1"}], "acceptedMediaTypes": ["application/vnd.oci.image.manifest.v1+json", "application/json"]}
    parameters |= {"registryId": ACCOUNT, "repositoryName": name}
    assert matches(records(name)[-1], through_docker("BatchGetImage", parameters, None, arn(name), read_only=True))


def test_a_login_has_no_parameters_no_answer_and_no_resource(ecr, lab_state):
    ecr.get_authorization_token()
    assert matches(written(lab_state)[-1], sample("GetAuthorizationToken", None, None, None, read_only=True))


def test_the_public_registrys_calls_are_recorded_in_us_east_1(aws, free_repository, records):
    aws("ecr-public", region="us-west-2").create_repository(repositoryName=free_repository, catalogData={"description": "x"})
    (record,) = records(free_repository)
    assert (record["eventSource"], record["awsRegion"]) == ("ecr-public.amazonaws.com", "us-east-1")
    assert record["resources"] == [{"ARN": f"arn:aws:ecr-public::{ACCOUNT}:repository/{free_repository}", "accountId": ACCOUNT}]
    assert record["responseElements"]["repository"]["createdAt"].endswith(("AM", "PM"))


def test_a_call_is_recorded_in_the_region_it_was_made_in(aws, free_repository, records):
    aws("ecr", region="eu-west-1").create_repository(repositoryName=free_repository)
    assert records(free_repository)[0]["awsRegion"] == "eu-west-1"


@pytest.mark.parametrize(
    ("instant", "words"),
    [
        ((2020, 11, 27, 21, 51, 29), "Nov 27, 2020, 9:51:29 PM"),
        ((2018, 7, 11, 22, 17, 44), "Jul 11, 2018, 10:17:44 PM"),
        ((2026, 1, 5, 0, 0, 0), "Jan 5, 2026, 12:00:00 AM"),
        ((2026, 12, 31, 12, 5, 9), "Dec 31, 2026, 12:05:09 PM"),
    ],
)
def test_dates_in_answers_are_in_words(call, instant, words):
    made = {"repository": {"createdAt": datetime(*instant, tzinfo=timezone.utc).timestamp()}}
    (record,) = shapes.of(call(operation="CreateRepository"), 0.0, None, made)
    assert record["responseElements"] == {"repository": {"createdAt": words}}


# ---- who


@pytest.fixture
def call(state):
    """`call(principal=…, operation=…)`: one that the ledger could be given."""
    database = Database(state / "lab.sqlite")
    lab = type("Lab", (), {"database": database})()
    plain = Call(lab, Principal(ACCOUNT, "learner", "AKIA1"), "ecr", "DescribeRegistry", ACCOUNT, "us-east-1", "*", {}, "192.0.2.7", "aws-cli/2")
    yield lambda **more: replace(plain, **more)
    database.close()


def identity(call, **more):
    return [record["userIdentity"] for record in shapes.of(call(**more), 1767603600.0, None, {})]


def test_a_session_of_a_role_is_recorded_with_its_issuer(call):
    session = Principal(ACCOUNT, access_key_id="ASIA1", role="Admin", session="mary", path="/team/", issued_at=1531346047, id="AROAEXAMPLE")
    (found,) = identity(call, principal=session)
    assert found["principalId"] == found["sessionContext"]["sessionIssuer"]["principalId"] + ":mary"
    assert found["principalId"].startswith("AROA")
    assert matches(
        found,
        {
            "type": "AssumedRole",
            "principalId": ANY,
            "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/Admin/mary",
            "accountId": ACCOUNT,
            "accessKeyId": "ASIA1",
            "sessionContext": {
                "sessionIssuer": {
                    "type": "Role",
                    "principalId": ANY,
                    "arn": f"arn:aws:iam::{ACCOUNT}:role/team/Admin",
                    "accountId": ACCOUNT,
                    "userName": "Admin",
                },
                "attributes": {"creationDate": "2018-07-11T21:54:07Z", "mfaAuthenticated": "false"},
            },
        },
    )


def test_a_service_is_recorded_by_its_name(call):
    assert identity(call, principal=Principal(None, service="ecs-tasks.amazonaws.com")) == [{"type": "AWSService", "invokedBy": "ecs-tasks.amazonaws.com"}]


def test_a_users_id_is_iams(call):
    assert identity(call, principal=Principal(ACCOUNT, "alice", "AKIA1", id="AIDAEXAMPLE"))[0]["principalId"] == "AIDAEXAMPLE"


def test_a_roles_session_leaves_its_name_and_its_role(aws, lab_endpoint, records, name):
    role, iam = fresh("deploy"), aws("iam")
    made = iam.create_role(RoleName=role, AssumeRolePolicyDocument=trust(ACCOUNT))["Role"]
    iam.put_role_policy(RoleName=role, PolicyName="read", PolicyDocument=document("ecr:ListImages"))
    session = aws("sts").assume_role(RoleArn=made["Arn"], RoleSessionName="tuesday")
    signing(lab_endpoint.url, session["Credentials"])("ecr").list_images(repositoryName=name)
    found = records(name)[-1]["userIdentity"]
    assert (found["type"], found["principalId"]) == ("AssumedRole", session["AssumedRoleUser"]["AssumedRoleId"])
    assert (found["arn"], found["accessKeyId"]) == (session["AssumedRoleUser"]["Arn"], session["Credentials"]["AccessKeyId"])
    issuer = {"type": "Role", "principalId": made["RoleId"], "arn": made["Arn"], "accountId": ACCOUNT, "userName": role}
    assert found["sessionContext"]["sessionIssuer"] == issuer


def test_assuming_a_role_is_recorded_without_what_opens_it(aws, lab_state):
    made = aws("iam").create_role(RoleName=fresh("assumed"), AssumeRolePolicyDocument=trust(ACCOUNT))["Role"]
    session = aws("sts").assume_role(RoleArn=made["Arn"], RoleSessionName="tuesday", DurationSeconds=900)
    record = written(lab_state)[-1]
    assert (record["eventSource"], record["eventName"], record["readOnly"]) == ("sts.amazonaws.com", "AssumeRole", True)
    assert record["requestParameters"] == {"roleArn": made["Arn"], "roleSessionName": "tuesday", "durationSeconds": 900}
    given = record["responseElements"]["credentials"]
    assert given["accessKeyId"] == session["Credentials"]["AccessKeyId"] and given.keys() == {"accessKeyId", "expiration"}
    assert record["requestID"] == session["ResponseMetadata"]["RequestId"]


def test_whoever_pulls_from_a_public_registry_without_a_name_is_nobody(public, lab_endpoint, free_repository, lab_state, aws):
    repository = public.create_repository(repositoryName=free_repository)["repository"]
    path = repository["repositoryUri"].partition("/")[2]
    answer = Repository(lab_endpoint.public_url, path, bearer(lab_endpoint.public_url))("GET", "manifests/1")
    assert answer.status_code == 404
    record = written(lab_state)[-1]
    assert record["eventName"] == "BatchGetImage"
    nobody = {"type": "AWSAccount", "principalId": "", "accountId": "ANONYMOUS_PRINCIPAL", "invokedBy": "ecr-public.amazonaws.com"}
    assert record["userIdentity"] == nobody


# ---- refusals


def test_refusals_are_recorded_with_their_sentence_and_no_answer(ecr, name, records):
    with refused("RepositoryAlreadyExistsException"):
        ecr.create_repository(repositoryName=name)
    sentence = f"The repository with name '{name}' already exists in the registry with id '{ACCOUNT}'"
    error = ("RepositoryAlreadyExistsException", sentence)
    assert matches(records(name)[-1], sample("CreateRepository", {"repositoryName": name}, None, arn(name), error=error))


def test_a_request_that_breaks_a_rule_is_recorded_too(aws, ecr, lab_state):
    with refused("InvalidParameterException"):
        ecr.create_repository(repositoryName="NO")
    record = written(lab_state)[-1]
    assert (record["eventName"], record["errorCode"], record["requestParameters"]) == ("CreateRepository", "InvalidParameterException", None)
    with refused("ValidationError"):
        aws("iam").create_user(UserName="no one")
    record = written(lab_state)[-1]
    assert (record["eventSource"], record["eventName"], record["errorCode"]) == ("iam.amazonaws.com", "CreateUser", "ValidationException")


def test_iams_errors_have_their_whole_names(aws, lab_state):
    """Its answers say NoSuchEntity, its records NoSuchEntityException."""
    with refused("NoSuchEntity"):
        aws("iam").get_user(UserName=fresh("nobody"))
    assert written(lab_state)[-1]["errorCode"] == "NoSuchEntityException"


def test_a_denied_call_on_anothers_repository_is_in_both_trails_under_one_shared_id(aws, name, records):
    stranger = aws("ecr", account=PARTNER)
    with refused("AccessDeniedException"):
        stranger.delete_repository(registryId=ACCOUNT, repositoryName=name)
    (theirs,), ours = records(name, PARTNER), records(name)[-1]
    assert theirs["sharedEventID"] == ours["sharedEventID"] and UUID.fullmatch(ours["sharedEventID"])
    assert theirs["eventID"] != ours["eventID"]
    assert theirs["requestID"] == ours["requestID"]
    assert (theirs["recipientAccountId"], ours["recipientAccountId"]) == (PARTNER, ACCOUNT)
    assert matches(theirs["userIdentity"], learner(PARTNER))
    assert matches(ours["userIdentity"], {"type": "AWSAccount", "principalId": theirs["userIdentity"]["principalId"], "accountId": PARTNER})
    for record in (theirs, ours):
        assert record["errorCode"] == "AccessDenied"
        assert record["errorMessage"].startswith(f"User: arn:aws:iam::{PARTNER}:user/learner is not authorized to perform: ecr:DeleteRepository on")
        assert record["resources"] == [{"ARN": arn(name), "accountId": ACCOUNT}]


def test_what_docker_does_not_find_was_served_all_the_same(http, name, records):
    """BatchGetImage, BatchCheckLayerAvailability and BatchDeleteImage name what they don't find in their answers, and are no errors."""
    missing = digest(b"missing")
    for method, rest in (("GET", "manifests/nothing"), ("HEAD", f"blobs/{missing}"), ("DELETE", f"manifests/{missing}")):
        assert http(method, rest).status_code == 404
    looked, checked, deleted = records(name)[1:]
    assert operations((looked, checked, deleted)) == ["BatchGetImage", "BatchCheckLayerAvailability", "BatchDeleteImage"]
    assert not any("errorCode" in record for record in (looked, checked, deleted))
    failure = {"imageId": {"imageDigest": missing}, "failureCode": "ImageNotFound", "failureReason": "Requested image not found"}
    assert deleted["responseElements"] == {"imageIds": [], "failures": [failure]}
    assert http("GET", f"blobs/{missing}").status_code == 404
    assert records(name)[-1]["errorCode"] == "LayersNotFoundException"


# ---- read only


@pytest.mark.parametrize(
    "operation",
    "BatchCheckLayerAvailability BatchGetImage DescribeImages DescribeRepositories GetAuthorizationToken GetDownloadUrlForLayer GetRepositoryPolicy"
    " ListImageReferrers ListImages ListTagsForResource DescribeImageTags GetRegistryCatalogData LookupEvents SimulatePrincipalPolicy AssumeRole"
    " GetCallerIdentity TestEventPattern ListRules GetPolicy".split(),
)
def test_what_changes_nothing_is_read_only(operation):
    assert shapes.is_read_only(operation)


@pytest.mark.parametrize(
    "operation",
    "BatchDeleteImage CompleteLayerUpload CreateRepository DeleteRepository InitiateLayerUpload PutImage PutImageTagMutability SetRepositoryPolicy"
    " TagResource UntagResource UploadLayerPart PutRegistryPolicy CreateUser AttachUserPolicy PutRule PutTargets CreateAccessKey UpdateAccessKey".split(),
)
def test_what_changes_something_is_not(operation):
    assert not shapes.is_read_only(operation)


# ---- secrets, sizes, hostile values


def test_an_access_keys_secret_is_left_out_of_the_answer(call):
    key = {"UserName": "ci", "AccessKeyId": "AKIA2", "Status": "Active", "SecretAccessKey": "secret", "CreateDate": datetime(2026, 1, 5, tzinfo=timezone.utc)}
    made = call(service="iam", operation="CreateAccessKey", parameters={"UserName": "ci"}, resource=f"arn:aws:iam::{ACCOUNT}:user/ci")
    (record,) = shapes.of(made, 0.0, None, {"AccessKey": key})
    assert record["requestParameters"] == {"userName": "ci"}
    shown = {"userName": "ci", "accessKeyId": "AKIA2", "status": "Active", "createDate": "Jan 5, 2026, 12:00:00 AM"}
    assert record["responseElements"] == {"accessKey": shown}
    assert "resources" not in record  # which IAM's records don't have


def test_secrets_and_passwords_are_never_written(call):
    asked = {"Name": "db", "SecretString": "hush", "SecretBinary": b"hush", "Password": "hush"}
    (record,) = shapes.of(call(service="secretsmanager", operation="CreateSecret", parameters=asked), 0.0, None, {"SessionToken": "hush"})
    assert record["requestParameters"] == {"name": "db", "password": "HIDDEN_DUE_TO_SECURITY_REASONS"}
    assert "hush" not in shapes.encoded(record)


def test_too_large_a_field_is_left_out_and_said_to_be(ecr, name, lab_state):
    """AWS: a field of more than 100 KB is omitted."""
    short, long = image("short"), image("long", annotations={"notes": "x" * (101 << 10)})
    push(ecr, name, short, "1")
    push(ecr, name, long, "2")
    kept, cut = (json.loads(record) for operation, record in rows(lab_state, name, "operation, record") if operation == "PutImage")
    assert kept["requestParameters"]["imageManifest"] == short.text
    for field in ("requestParameters", "responseElements"):
        assert cut[field]["omitted"] is True
        assert cut[field]["originalSize"] > len(long.text)
        assert cut[field]["reason"] == f"{field} too large"


def test_a_long_user_agent_and_a_long_sentence_are_cut(call):
    (record,) = shapes.of(call(user_agent="a" * 5000), 0.0, AwsError("X", "b" * 5000), None)
    assert (record["userAgent"], record["errorMessage"]) == ("a" * 1024, "b" * 1024)


@pytest.mark.parametrize("agent", ['"},{"', "\x00\x7f", "ünïcödé", "' OR 1=1 --", "${jndi:ldap://x}"])
def test_a_hostile_user_agent_is_only_a_text(lab_endpoint, door, lab_state, agent):
    request = signed_request(lab_endpoint.url, door.keys(ACCOUNT), "ecr", "DescribeRegistry", b"{}")
    headers = dict(request.headers) | {"User-Agent": agent.encode("utf-8")}
    answer = requests.post(request.url, headers=headers, data=b"{}", timeout=60)
    if answer.status_code == 200:
        assert written(lab_state)[-1]["userAgent"].encode("latin-1") == agent.encode()
    else:
        assert answer.status_code == 400


# ---- what stays out, and what stays


def test_the_courses_checks_leave_no_trace(door, lab_endpoint, name, records):
    keys = door.keys("111122223333", role="checker")
    checker = boto3.client(
        "ecr",
        region_name="us-east-1",
        endpoint_url=lab_endpoint.url,
        aws_access_key_id=keys["access_key_id"],
        aws_secret_access_key=keys["secret_access_key"],
    )
    checker.list_images(repositoryName=name)
    assert operations(records(name)) == ["CreateRepository"]


def test_what_was_recorded_is_there_after_kill_9(state):
    with Process(state) as lab:
        lab.client().create_repository(repositoryName="web")
        lab.repository("web").push(image("before the end"), "1")
        before = written(state)
        lab.kill()
    with Process(state) as lab:
        lab.client().list_images(repositoryName="web")
        lab.kill()
    after = written(state)
    assert after[: len(before)] == before
    assert (operations(before)[-1], operations(after)[-1]) == ("PutImage", "ListImages")


# ---- beside the record: what trails and metrics ask for


def rows(state, name, columns):
    with closing(sqlite3.connect(state / "lab.sqlite")) as database:
        return database.execute(f"SELECT {columns} FROM ledger WHERE repository = ? ORDER BY id", (name,)).fetchall()


def test_a_pull_is_a_manifest_handed_out(ecr, http, name, lab_state):
    one, two = http.push(image("one"), "1"), http.push(image("two"), "2")
    asked = [
        (1, lambda: http("GET", "manifests/1")),
        (0, lambda: http("HEAD", "manifests/1")),
        (0, lambda: http("GET", "manifests/nothing")),
        (1, lambda: ecr.batch_get_image(repositoryName=name, imageIds=[{"imageTag": "1"}, {"imageTag": "nothing"}])),
        (2, lambda: ecr.batch_get_image(repositoryName=name, imageIds=[{"imageDigest": each.digest} for each in (one, two)])),
        (0, lambda: ecr.describe_images(repositoryName=name)),
    ]
    for _, ask in asked:
        ask()
    assert [pulls for (pulls,) in rows(lab_state, name, "pulls")][-len(asked) :] == [pulls for pulls, _ in asked]


def test_a_call_on_anothers_repository_counts_once_for_its_caller(aws, name, lab_state):
    with refused("AccessDeniedException"):
        aws("ecr", account=PARTNER).list_images(registryId=ACCOUNT, repositoryName=name)
    found = rows(lab_state, name, "account, caller_account, user_name, error_code, resource_type, resource_name, read_only")
    about = ("AccessDenied", "AWS::ECR::Repository", name, 1)
    assert found[1:] == [(PARTNER, PARTNER, "learner", *about), (ACCOUNT, PARTNER, None, *about)]


@pytest.mark.parametrize(
    ("resource", "type_and_name"),
    [
        (f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/team/web", ("AWS::ECR::Repository", "team/web")),
        (f"arn:aws:ecr-public::{ACCOUNT}:repository/web", ("AWS::ECR::PublicRepository", "web")),
        (f"arn:aws:iam::{ACCOUNT}:user/team/mary", ("AWS::IAM::User", "mary")),
        (f"arn:aws:iam::{ACCOUNT}:role/ci", ("AWS::IAM::Role", "ci")),
        (f"arn:aws:sqs:us-east-1:{ACCOUNT}:pushes", ("AWS::SQS::Queue", "pushes")),
        (f"arn:aws:sns:us-east-1:{ACCOUNT}:alerts", ("AWS::SNS::Topic", "alerts")),
        (f"arn:aws:events:us-east-1:{ACCOUNT}:rule/on-push", ("AWS::Events::Rule", "on-push")),
        (f"arn:aws:events:us-east-1:{ACCOUNT}:rule/bus/on-push", ("AWS::Events::Rule", "on-push")),
        (f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/aws/ecr:*", ("AWS::Logs::LogGroup", "/aws/ecr")),
        (f"arn:aws:cloudwatch:us-east-1:{ACCOUNT}:alarm:busy", ("AWS::CloudWatch::Alarm", "busy")),
        (f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/*", (None, None)),
        ("arn:aws:s3:::bucket", (None, None)),
        ("*", (None, None)),
        ("", (None, None)),
        (":::::::", (None, None)),
    ],
)
def test_a_resource_has_the_type_and_name_that_lookups_ask_for(resource, type_and_name):
    assert shapes.resource(resource) == type_and_name
