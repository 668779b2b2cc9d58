"""Every error that botocore's model lists for an operation of Inspector that is built: provoked, with its status; or why the lab never gives it."""

from __future__ import annotations

from typing import Any

import boto3
import botocore.session
import pytest
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ClientError

from localecr.inspector import filters
from localecr.inspector.operations import OPERATIONS

MODEL = botocore.session.Session().get_service_model("inspector2")
LISTED = [(operation, shape.name.removesuffix("Exception")) for operation in OPERATIONS for shape in MODEL.operation_model(operation).error_shapes]

FILTER = "arn:aws:inspector2:us-east-1:{account}:owner/{account}/filter/0123456789abcdef"
MINE = "the filter's own ARN"
REPORT = "00000000-0000-0000-0000-000000000000"
CREATED = {"name": "kept", "action": "NONE", "filterCriteria": {}}
BUCKET = {"bucketName": "sboms", "kmsKeyArn": "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"}
MISSHAPEN = {"severity": [{"comparison": "LIKE", "value": "HIGH"}]}

# (operation, error): what provokes it in an account with Inspector and a filter named kept with 50 tags
PROVOKED: dict[tuple[str, str], dict[str, Any]] = {
    ("BatchGetAccountStatus", "Validation"): {"accountIds": ["mine"]},
    ("BatchGetFindingDetails", "Validation"): {"findingArns": ["mine"]},
    ("CancelSbomExport", "ResourceNotFound"): {"reportId": REPORT},
    ("CancelSbomExport", "Validation"): {"reportId": "mine"},
    ("CreateFilter", "BadRequest"): CREATED,
    ("CreateFilter", "ServiceQuotaExceeded"): CREATED | {"name": "one-too-many"},
    ("CreateFilter", "Validation"): CREATED | {"filterCriteria": MISSHAPEN},
    ("CreateSbomExport", "Validation"): {"reportFormat": "CYCLONEDX_1_4", "s3Destination": BUCKET | {"bucketName": "../sboms"}},
    ("DeleteFilter", "ResourceNotFound"): {"arn": FILTER},
    ("DeleteFilter", "Validation"): {"arn": ""},
    ("Disable", "Validation"): {"accountIds": ["mine"]},
    ("Enable", "Validation"): {"resourceTypes": []},
    ("GetSbomExport", "ResourceNotFound"): {"reportId": REPORT},
    ("GetSbomExport", "Validation"): {"reportId": "mine"},
    ("ListAccountPermissions", "Validation"): {"service": "ECS"},
    ("ListCoverage", "Validation"): {"maxResults": 201},
    ("ListCoverageStatistics", "Validation"): {"groupBy": "COLOUR"},
    ("ListFilters", "Validation"): {"action": "HIDE"},
    ("ListFindingAggregations", "Validation"): {"aggregationType": "COLOUR"},
    ("ListFindings", "Validation"): {"filterCriteria": MISSHAPEN},
    ("ListTagsForResource", "ResourceNotFound"): {"resourceArn": FILTER},
    ("SearchVulnerabilities", "Validation"): {"filterCriteria": {"vulnerabilityIds": ["mine"]}},
    ("TagResource", "BadRequest"): {"resourceArn": MINE, "tags": {"one": "too many"}},
    ("TagResource", "ResourceNotFound"): {"resourceArn": FILTER, "tags": {"team": "shop"}},
    ("TagResource", "Validation"): {"resourceArn": FILTER},
    ("UntagResource", "ResourceNotFound"): {"resourceArn": FILTER, "tagKeys": ["team"]},
    ("UntagResource", "Validation"): {"resourceArn": FILTER, "tagKeys": []},
    ("UpdateConfiguration", "AccessDenied"): {"accountId": "999900001111"},
    ("UpdateConfiguration", "Validation"): {"ecrConfiguration": {"rescanDuration": "FOR_EVER"}},
    ("UpdateFilter", "ResourceNotFound"): {"filterArn": FILTER, "name": "other"},
    ("UpdateFilter", "Validation"): {"filterArn": FILTER, "filterCriteria": MISSHAPEN},
}
NEVER = {
    "InternalServer": "a mistake of the lab's own, or advisories that can't be read",
    "Throttling": "calls are as many as one likes",
    "AccessDenied": "a policy's refusal: test_neighbours_operations has one of each operation",
}
NEVER_OF = {
    ("BatchGetAccountStatus", "ResourceNotFound"): "an account that isn't there is another's, and stands among those that failed",
    ("CreateSbomExport", "ResourceNotFound"): "where no image fits, the report has failed",
    ("Disable", "ResourceNotFound"): "an account that isn't there is another's, and stands among those that failed",
    ("Enable", "ResourceNotFound"): "an account that isn't there is another's, and stands among those that failed",
    ("GetConfiguration", "ResourceNotFound"): "every account has a configuration",
    ("GetConfiguration", "Validation"): "it has no members",
    ("ListTagsForResource", "Validation"): "what is no ARN is not found",
    ("UpdateConfiguration", "Conflict"): "a configuration is changed at once",
}


@pytest.mark.parametrize(("operation", "error"), LISTED)
def test_every_error_that_the_model_lists_is_provoked_here_or_has_a_reason(operation, error):
    assert ((operation, error) in PROVOKED) + ((operation, error) in NEVER_OF) + (error in NEVER and (operation, error) not in PROVOKED) == 1


@pytest.fixture
def client(lab_endpoint, door, inspected):
    """A client that keeps nothing from the server."""
    keys = door.keys(inspected.account)
    return boto3.client(
        "inspector2", region_name="us-east-1", endpoint_url=lab_endpoint.url, aws_access_key_id=keys["access_key_id"],
        aws_secret_access_key=keys["secret_access_key"], config=Config(parameter_validation=False, retries={"total_max_attempts": 1}),
    )  # fmt: skip


@pytest.mark.parametrize(("operation", "error"), PROVOKED)
def test_an_error_has_its_code_its_status_and_its_members(client, inspected, operation, error, monkeypatch):
    arn = client.create_filter(**CREATED, tags={f"key{number}": "x" for number in range(50)})["arn"]
    if error == "ServiceQuotaExceeded":
        monkeypatch.setattr(filters, "MOST", 1)
    named = {FILTER: FILTER.format(account=inspected.account), MINE: arn}
    given = {name: named.get(value, value) if isinstance(value, str) else value for name, value in PROVOKED[operation, error].items()}
    with pytest.raises(ClientError) as said:
        getattr(client, xform_name(operation))(**given)
    shape = MODEL.shape_for(f"{error}Exception")
    assert said.value.response["Error"]["Code"] == f"{error}Exception"
    assert said.value.response["ResponseMetadata"]["HTTPStatusCode"] == shape.metadata["error"]["httpStatusCode"]
    assert said.value.response["Error"]["Message"]
    assert set(shape.required_members) <= {"message", *said.value.response}
    assert client.list_filters()["filters"][0]["name"] == "kept"
