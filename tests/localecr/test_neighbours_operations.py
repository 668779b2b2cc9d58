"""Each operation that the neighbours offer, asked with something plausible and with something strange: an answer or AWS's error, never our mistake."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError
from botocore.model import ListShape, MapShape, StructureShape

from localecr.neighbours import front, services
from people import fresh

EVERY = sorted({(service, name) for service, names in services.OFFERED.items() for name in names} | {(service, name) for service in front.OWN for name in front.OWN[service]})


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
        return shape.enum[0] if shape.enum else strange.get(name, "x" * max(20, shape.metadata.get("min", 0)))
    return {"integer": 1, "long": 1, "double": 1.0, "float": 1.0, "boolean": True, "timestamp": 1_760_000_000, "blob": b"x"}[shape.type_name]


strange: dict[str, str] = {}


@pytest.mark.parametrize(("service", "name"), EVERY)
@pytest.mark.parametrize("values", ["plain", "strange"])
def test_an_operation_is_never_our_mistake(aws, service, name, values):
    strange.clear()
    if values == "strange":
        odd = "arn:aws:iam::111122223333:policy/../x"
        strange.update(QueueUrl="", TopicArn="arn", SecretId="arn:aws:secretsmanager:x", PolicyArn=odd, ResourceArn=odd, RoleArn=odd, EventPattern="{", PolicyDocument="[1]")
    client = aws(service)
    model = client.meta.service_model.operation_model(name)
    method = next(method for method, operation in client.meta.method_to_api_mapping.items() if operation == name)
    given = plausible(model.input_shape) if model.input_shape else {}
    for member in ("Name", "GroupName", "UserName", "RoleName", "QueueName", "logGroupName"):
        if given.get(member):
            given[member] = fresh("plain")
    try:
        getattr(client, method)(**given)
    except ClientError as error:
        assert error.response["ResponseMetadata"]["HTTPStatusCode"] < 500 or error.response["Error"]["Code"] == "NotImplemented", error
