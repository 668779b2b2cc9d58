"""Each operation that the neighbours offer: an answer or AWS's error whatever it is asked, never our mistake; and none without permission."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError
from botocore.model import ListShape, MapShape, StructureShape

from localecr.neighbours import front, services
from people import fresh, signing

OFFERED = {(service, name) for service, names in services.OFFERED.items() for name in names}
EVERY = sorted(OFFERED | {(service, name) for service in front.OWN for name in front.OWN[service]})


def plausible(shape, name="", depth=0):
    """A value that the model lets pass; only what is required, and a level of it."""
    if isinstance(shape, StructureShape):
        wanted = shape.required_members or (list(shape.members)[:2] if depth else [])
        return {each: plausible(shape.members[each], each, depth + 1) for each in wanted}
    if isinstance(shape, ListShape):
        return [plausible(shape.member, name, depth + 1)]
    if isinstance(shape, MapShape):
        return {"key": plausible(shape.value, name, depth + 1)}
    if shape.type_name == "string":
        if name == "VersionId":
            return "v1"
        return shape.enum[0] if shape.enum else (PATTERNED | strange).get(name, "x" * max(20, shape.metadata.get("min", 0)))
    return {"integer": 1, "long": 1, "double": 1.0, "float": 1.0, "boolean": True, "timestamp": 1_760_000_000, "blob": b"x"}[shape.type_name]


PATTERNED = {  # what must look like something
    "findingArns": f"arn:aws:inspector2:us-east-1:111122223333:finding/{0:032}", "reportId": f"00000000-0000-0000-0000-{0:012}",
    "vulnerabilityIds": "CVE-2021-44228",
}  # fmt: skip
strange: dict[str, str] = {}
ODD = "arn:aws:iam::111122223333:policy/../x"
STRANGE = {
    "QueueUrl": "", "TopicArn": "arn", "SecretId": "arn:aws:secretsmanager:x", "PolicyArn": ODD, "ResourceArn": ODD, "RoleArn": ODD, "EventPattern": "{",
    "PolicyDocument": "[1]",
}  # fmt: skip


def call(client, name):
    """Asks an operation with something that its model lets pass."""
    model = client.meta.service_model.operation_model(name)
    method = next(method for method, operation in client.meta.method_to_api_mapping.items() if operation == name)
    given = plausible(model.input_shape) if model.input_shape else {}
    if name == "CreateAccessKey":
        given["UserName"] = "x"  # who would else be the learner, which other tests ask after
    for member in ("Name", "GroupName", "UserName", "RoleName", "QueueName", "logGroupName"):
        if given.get(member):
            given[member] = fresh("plain")
    getattr(client, method)(**given)


@pytest.mark.parametrize(("service", "name"), EVERY)
@pytest.mark.parametrize("values", ["plain", "strange"])
def test_an_operation_is_never_our_mistake(aws, service, name, values):
    strange.clear()
    if values == "strange":
        strange.update(STRANGE)
    try:
        call(aws(service), name)
    except ClientError as error:
        assert error.response["ResponseMetadata"]["HTTPStatusCode"] < 500 or error.response["Error"]["Code"] == "NotImplemented", error


@pytest.fixture(scope="module")
def nobody(aws, lab_endpoint):
    """`nobody("sqs")`: a client of a user without any permission."""
    name = fresh("nobody")
    aws("iam").create_user(UserName=name)
    return signing(lab_endpoint.url, aws("iam").create_access_key(UserName=name)["AccessKey"])


@pytest.mark.parametrize(("service", "name"), EVERY)
def test_no_operation_is_served_without_permission(nobody, service, name):
    strange.clear()
    if service == "sts" and name in ("GetCallerIdentity", "GetSessionToken"):
        call(nobody(service), name)  # which need none (AWS: STS API reference)
        return
    with pytest.raises(ClientError) as refused:
        call(nobody(service), name)
    assert refused.value.response["Error"]["Code"] in ("AccessDenied", "AccessDeniedException", "AuthorizationError")
    assert "is not authorized to perform: " in refused.value.response["Error"]["Message"]
