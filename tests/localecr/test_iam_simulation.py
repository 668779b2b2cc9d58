"""The policy simulator, by AWS's own samples (AWS CLI's reference) and the API's reference."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
from botocore.session import get_session
from botocore.validate import validate_parameters
from localecr.errors import AwsError
from localecr.iam import simulation
from people import fresh
from policies import MINE, PARTNERS, WEB, grant, statement

AFTER = (
    '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"dynamodb:*","Resource":"*",'
    '"Condition":{"DateGreaterThan":{"aws:CurrentTime":"2018-08-16T12:00:00Z"}}}}'
)
PULL = json.dumps({"Version": "2012-10-17", "Statement": [statement(action="ecr:BatchGetImage", Sid="Pull"), statement("Deny", "ecr:Delete*")]}, indent=4)
ALICE = f"arn:aws:iam::{MINE}:user/alice"


class Copy:
    """Stands for the table from which calls are decided."""

    def __init__(self, *rows: tuple[str, dict]):
        self.rows = [{"arn": arn, "document": json.dumps({"policies": [], "boundary": None, "groups": []} | document)} for arn, document in rows]

    def all(self, question: str, values: tuple[str, ...]) -> list[dict]:
        return [each for each in self.rows if f"::{values[0]}:" in each["arn"]]


def simulate(operation: str = "SimulateCustomPolicy", holds: Copy | None = None, **parameters):
    """The answer of an operation, which fits botocore's model but for the value AWS gives SourcePolicyType against it."""
    call = SimpleNamespace(parameters=parameters, account=MINE, lab=SimpleNamespace(database=holds or Copy()))
    answer = simulation.OPERATIONS[operation](call)
    model = get_session().get_service_model("iam").operation_model(operation)
    validate_parameters(parameters, model.input_shape)
    validate_parameters(answer, model.output_shape)
    return answer


def entry(name: str, *values: str, kind: str = "string") -> dict:
    return {"ContextKeyName": name, "ContextKeyValues": list(values), "ContextKeyType": kind}


def only(answer: dict) -> dict:
    (result,) = answer["EvaluationResults"]
    return result


def test_awss_sample_of_what_a_policy_allows():
    answer = simulate(
        PolicyInputList=[AFTER], ActionNames=["dynamodb:CreateBackup"], ContextEntries=[entry("aws:CurrentTime", "2019-04-25T11:00:00Z", kind="date")]
    )
    result = only(answer)
    assert result["MatchedStatements"][0].pop("SourcePolicyType") == "IAM Policy"
    assert result == {
        "EvalActionName": "dynamodb:CreateBackup",
        "EvalResourceName": "*",
        "EvalDecision": "allowed",
        "MatchedStatements": [
            {"SourcePolicyId": "PolicyInputList.1", "StartPosition": {"Line": 1, "Column": 38}, "EndPosition": {"Line": 1, "Column": 167}}
        ],
        "MissingContextValues": [],
    }
    assert answer["IsTruncated"] is False


def test_awss_sample_of_what_a_policy_does_not_allow():
    result = only(
        simulate(
            PolicyInputList=[AFTER],
            ActionNames=["dynamodb:CreateBackup"],
            ContextEntries=[entry("aws:CurrentTime", "2014-04-25T11:00:00Z", kind="date")],
        )
    )
    assert (result["EvalDecision"], result["MatchedStatements"], result["MissingContextValues"]) == ("implicitDeny", [], [])


def test_what_the_policy_asks_for_and_nobody_gave_is_named():
    result = only(simulate(PolicyInputList=[AFTER], ActionNames=["dynamodb:CreateBackup"]))
    assert (result["EvalDecision"], result["MissingContextValues"]) == ("implicitDeny", ["aws:CurrentTime"])
    assert only(simulate(PolicyInputList=[AFTER], ActionNames=["ecr:PutImage"]))["MissingContextValues"] == []


def test_statements_are_found_by_line_and_column():
    """As in AWS's sample of AdministratorAccess: a list's first statement begins behind the bracket, the next behind the one before."""
    pull, delete = simulate(PolicyInputList=[PULL], ActionNames=["ecr:BatchGetImage", "ecr:DeleteRepository"])["EvaluationResults"]
    (first,), (second,) = pull["MatchedStatements"], delete["MatchedStatements"]
    assert (first["StartPosition"], first["EndPosition"]) == ({"Line": 3, "Column": 19}, {"Line": 9, "Column": 10})
    assert (second["StartPosition"], second["EndPosition"]) == ({"Line": 9, "Column": 10}, {"Line": 14, "Column": 10})
    assert delete["EvalDecision"] == "explicitDeny"


def test_a_text_that_looks_like_a_statement_is_none():
    policy = json.dumps({"Id": '"Statement": [{', "Version": "2012-10-17", "Statement": [statement(Sid="Statement")]})
    (matched,) = only(simulate(PolicyInputList=[policy], ActionNames=["ecr:PutImage"]))["MatchedStatements"]
    assert policy[matched["StartPosition"]["Column"] - 1 : matched["EndPosition"]["Column"] - 1] == json.dumps(statement(Sid="Statement"))


def test_each_resource_has_its_result_and_the_whole_is_as_good_as_the_worst():
    policy = json.dumps({"Version": "2012-10-17", "Statement": statement(resource=WEB)})
    one = only(simulate(PolicyInputList=[policy], ActionNames=["ecr:PutImage"], ResourceArns=[WEB]))
    assert (one["EvalResourceName"], one["EvalDecision"], one["EvalDecisionDetails"]) == (WEB, "allowed", {})
    assert one["ResourceSpecificResults"][0]["MatchedStatements"] == one["MatchedStatements"]
    two = only(simulate(PolicyInputList=[policy], ActionNames=["ecr:PutImage"], ResourceArns=[WEB, WEB + "2"]))
    assert two["EvalDecision"] == "implicitDeny"
    assert [each["EvalResourceDecision"] for each in two["ResourceSpecificResults"]] == ["allowed", "implicitDeny"]


def test_a_boundary_has_a_detail_of_its_own():
    boundary = json.dumps({"Version": "2012-10-17", "Statement": statement(action="s3:*")})
    result = only(simulate(PolicyInputList=[PULL], PermissionsBoundaryPolicyInputList=[boundary], ActionNames=["ecr:BatchGetImage"]))
    assert result["EvalDecision"] == "implicitDeny"
    assert result["PermissionsBoundaryDecisionDetail"] == {"AllowedByPermissionsBoundary": False}


def test_across_accounts_each_type_of_policy_is_told():
    mine, theirs = f"arn:aws:iam::{PARTNERS}:user/bob", json.dumps({"Version": "2012-10-17", "Statement": grant({"AWS": PARTNERS})})
    asked = {"PolicyInputList": [PULL], "ActionNames": ["ecr:BatchGetImage"], "ResourceArns": [WEB], "CallerArn": mine}
    assert only(simulate(**asked))["EvalDecision"] == "implicitDeny"
    result = only(simulate(**asked, ResourcePolicy=theirs))
    assert result["EvalDecision"] == "allowed"
    assert result["EvalDecisionDetails"] == {"IAM Policy": "allowed", "Resource Policy": "allowed"}
    assert [each["SourcePolicyId"] for each in result["MatchedStatements"]] == ["ResourcePolicy", "PolicyInputList.1"]


def test_a_resource_owner_stands_in_for_what_an_arn_does_not_say():
    asked = {"PolicyInputList": [json.dumps({"Statement": statement(action="s3:*")})], "ActionNames": ["s3:GetObject"], "ResourceArns": ["arn:aws:s3:::b/k"]}
    assert only(simulate(**asked, CallerArn=ALICE))["EvalDecision"] == "allowed"
    assert only(simulate(**asked, CallerArn=ALICE, ResourceOwner=PARTNERS))["EvalDecision"] == "implicitDeny"


@pytest.mark.parametrize(
    ("kind", "values", "condition"),
    [
        ("string", ["a"], {"StringEquals": {"aws:x": "a"}}),
        ("stringList", ["a", "b"], {"ForAllValues:StringEquals": {"aws:x": ["a", "b", "c"]}}),
        ("numeric", ["5"], {"NumericLessThan": {"aws:x": "6"}}),
        ("numericList", ["5", "7"], {"ForAnyValue:NumericEquals": {"aws:x": "7"}}),
        ("boolean", ["true"], {"Bool": {"aws:x": "true"}}),
        ("booleanList", ["true"], {"ForAllValues:Bool": {"aws:x": "true"}}),
        ("ip", ["10.0.0.1"], {"IpAddress": {"aws:x": "10.0.0.0/8"}}),
        ("ipList", ["10.0.0.1", "::1"], {"ForAnyValue:IpAddress": {"aws:x": "::1"}}),
        ("binary", ["AAE="], {"BinaryEquals": {"aws:x": "AAE="}}),
        ("binaryList", ["AAE="], {"ForAnyValue:BinaryEquals": {"aws:x": "AAE="}}),
        ("date", ["2020-01-01"], {"DateEquals": {"aws:x": "2020-01-01T00:00:00Z"}}),
        ("dateList", ["2020-01-01"], {"ForAnyValue:DateLessThan": {"aws:x": "2021-01-01"}}),
    ],
)
def test_context_entries_of_every_type(kind, values, condition):
    policy = json.dumps({"Version": "2012-10-17", "Statement": statement(Condition=condition)})
    asked = {"PolicyInputList": [policy], "ActionNames": ["ecr:PutImage"]}
    assert only(simulate(**asked, ContextEntries=[entry("aws:X", *values, kind=kind)]))["EvalDecision"] == "allowed"
    assert only(simulate(**asked))["MissingContextValues"] == ["aws:x"]


def test_pages_are_as_long_as_asked_for():
    actions = [f"ecr:Get{number}" for number in range(250)]
    asked = {"PolicyInputList": [PULL], "ActionNames": actions}
    whole, marker = [], {}
    for length in (100, 100, 50):
        answer = simulate(**asked, **marker)
        assert (len(answer["EvaluationResults"]), answer["IsTruncated"]) == (length, length == 100)
        whole += [each["EvalActionName"] for each in answer["EvaluationResults"]]
        marker = {"Marker": answer["Marker"]} if answer["IsTruncated"] else {}
    assert whole == actions
    assert len(simulate(**asked, MaxItems=7)["EvaluationResults"]) == 7


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"PolicyInputList": ["{}"]}, "Syntax errors in policy."),
        ({"PolicyInputList": [json.dumps({"Statement": grant("*")})]}, "Policy document should not specify a principal."),
        ({"ResourceArns": ["web"]}, "ResourceNames are not in a valid ARN format: web."),
        ({"ActionNames": ["PutImage"]}, "Invalid ActionName: PutImage."),
        (
            {"CallerArn": f"arn:aws:sts::{MINE}:assumed-role/a/b"},
            f"Invalid Entity Arn: arn:aws:sts::{MINE}:assumed-role/a/b does not clearly define entity type and name.",
        ),
        ({"ResourceOwner": "me"}, "'me' is not a valid as a Resource Owner."),
        ({"ResourcePolicy": json.dumps({"Statement": grant("*")})}, "CallerArn is required if you include a ResourcePolicy."),
        ({"PermissionsBoundaryPolicyInputList": [PULL, PULL]}, "Only one permissions boundary policy can be simulated at a time."),
        ({"Marker": "nonsense"}, "Invalid Marker."),
    ],
)
def test_what_cannot_be_simulated_is_said(given, sentence):
    with pytest.raises(AwsError) as refused:
        simulate(**{"PolicyInputList": [PULL], "ActionNames": ["ecr:PutImage"]} | given)
    assert (refused.value.code, refused.value.message) == ("InvalidInput", sentence)


def attached(name: str, document: str, arn: str | None = None, **more) -> dict:
    return {"name": name, "arn": arn, "document": document} | more


DOES_ALL = json.dumps({"Version": "2012-10-17", "Statement": statement(action="*")})
OWN = f"arn:aws:iam::{MINE}:policy/all"
PEOPLE = Copy(
    (ALICE, {"policies": [attached("pull", PULL), attached("all", DOES_ALL, OWN, group="team")], "groups": ["team"]}),
    (f"arn:aws:iam::{MINE}:role/ci/deploy", {"policies": [attached("pull", PULL)], "boundary": attached("none", DOES_ALL.replace("Allow", "Deny"), OWN)}),
)


def principal(arn: str = ALICE, action: str = "ecr:PutImage", **others):
    return only(simulate("SimulatePrincipalPolicy", PEOPLE, PolicySourceArn=arn, ActionNames=[action], **others))


def test_a_user_is_simulated_with_the_policies_of_its_groups():
    assert principal()["MatchedStatements"][0]["SourcePolicyId"] == "all"
    assert [each["SourcePolicyId"] for each in principal(action="ecr:BatchGetImage")["MatchedStatements"]] == ["user_alice_pull", "all"]


def test_a_role_is_simulated_with_its_boundary():
    assert principal(f"arn:aws:iam::{MINE}:role/ci/deploy", "ecr:BatchGetImage")["EvalDecision"] == "explicitDeny"


def test_a_boundary_that_is_given_replaces_the_attached_one():
    given = principal(f"arn:aws:iam::{MINE}:role/ci/deploy", "ecr:BatchGetImage", PermissionsBoundaryPolicyInputList=[DOES_ALL])
    assert given["EvalDecision"] == "allowed"


def test_a_group_is_simulated_by_itself():
    assert principal(f"arn:aws:iam::{MINE}:group/team")["MatchedStatements"][0]["SourcePolicyId"] == "all"


def test_policies_can_be_added_and_left_out():
    assert principal(PolicyInputList=[DOES_ALL.replace("Allow", "Deny")])["EvalDecision"] == "explicitDeny"
    if "PolicyExclusionList" not in get_session().get_service_model("iam").operation_model("SimulatePrincipalPolicy").input_shape.members:
        pytest.skip("this botocore doesn't know PolicyExclusionList")
    assert principal(PolicyExclusionList=[{"PolicyArn": OWN}])["EvalDecision"] == "implicitDeny"
    assert principal(PolicyExclusionList=[{"PolicyType": "user-managed"}])["EvalDecision"] == "implicitDeny"
    inline = {"InlinePolicyIdentifier": {"PolicyName": "pull", "AttachmentType": "user", "AttachmentName": "alice"}}
    assert [each["SourcePolicyId"] for each in principal(action="ecr:BatchGetImage", PolicyExclusionList=[inline])["MatchedStatements"]] == ["all"]


def test_a_users_name_is_known_to_its_simulation():
    own = json.dumps({"Version": "2012-10-17", "Statement": statement("Deny", resource=f"arn:aws:ecr:*:{MINE}:repository/${{aws:username}}")})
    assert principal(ResourceArns=[f"arn:aws:ecr:us-east-1:{MINE}:repository/alice"], PolicyInputList=[own])["EvalDecision"] == "explicitDeny"
    assert principal(ResourceArns=[WEB], PolicyInputList=[own])["EvalDecision"] == "allowed"


def test_an_account_that_nobody_changed_has_its_learner():
    result = only(simulate("SimulatePrincipalPolicy", PolicySourceArn=f"arn:aws:iam::{MINE}:user/learner", ActionNames=["ecr:PutImage"]))
    assert result["MatchedStatements"][0]["SourcePolicyId"] == "AdministratorAccess"


@pytest.mark.parametrize("kind", ["user", "role", "group"])
def test_who_there_is_not_cannot_be_simulated(kind):
    with pytest.raises(AwsError) as refused:
        principal(f"arn:aws:iam::{MINE}:{kind}/nobody")
    assert (refused.value.code, refused.value.message) == ("NoSuchEntity", f"The {kind} with name nobody cannot be found.")


def test_the_context_keys_of_policies_are_listed():
    policy = json.dumps(
        {"Version": "2012-10-17", "Statement": statement(resource="arn:aws:s3:::${aws:username}", Condition={"StringLike": {"aws:PrincipalTag/Team": "${aws:userid}*"}})}
    )
    assert simulate("GetContextKeysForCustomPolicy", PolicyInputList=[policy, AFTER]) == {
        "ContextKeyNames": ["aws:PrincipalTag/Team", "aws:userid", "aws:username", "aws:CurrentTime"]
    }
    assert simulate("GetContextKeysForPrincipalPolicy", PEOPLE, PolicySourceArn=ALICE) == {"ContextKeyNames": []}


def test_the_simulator_answers_boto3(aws):
    iam, name = aws("iam"), fresh("user")
    arn = iam.create_user(UserName=name)["User"]["Arn"]
    iam.put_user_policy(UserName=name, PolicyName="pull", PolicyDocument=PULL)
    result = only(iam.simulate_principal_policy(PolicySourceArn=arn, ActionNames=["ecr:BatchGetImage"], ResourceArns=[WEB]))
    assert (result["EvalDecision"], result["MatchedStatements"][0]["SourcePolicyId"]) == ("allowed", f"user_{name}_pull")
    pages = iam.get_paginator("simulate_custom_policy").paginate(PolicyInputList=[PULL], ActionNames=["ecr:BatchGetImage", "ecr:PutImage"], PaginationConfig={"PageSize": 1})
    assert [each["EvalDecision"] for page in pages for each in page["EvaluationResults"]] == ["allowed", "implicitDeny"]
    with pytest.raises(iam.exceptions.InvalidInputException, match="Syntax errors in policy."):
        iam.simulate_custom_policy(PolicyInputList=["{}"], ActionNames=["ecr:PutImage"])
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.simulate_principal_policy(PolicySourceArn=f"arn:aws:iam::{MINE}:user/nobody", ActionNames=["ecr:PutImage"])
    across = iam.simulate_custom_policy(
        PolicyInputList=[PULL],
        ActionNames=["ecr:BatchGetImage"],
        ResourceArns=[WEB],
        CallerArn=f"arn:aws:iam::{PARTNERS}:user/bob",
        ResourcePolicy=json.dumps({"Version": "2012-10-17", "Statement": grant({"AWS": PARTNERS}, Resource="*")}),
        PermissionsBoundaryPolicyInputList=[DOES_ALL],
    )
    assert only(across)["EvalDecisionDetails"] == {"IAM Policy": "allowed", "Resource Policy": "allowed", "Permissions Boundary Policy": "allowed"}
