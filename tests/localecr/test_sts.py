"""STS: who am I, and may I be somebody else for a while.

AWS: STS API reference; IAM user guide, "Policy evaluation logic" (a role's trust policy), "Session policies", "Passing session tags".
"""

from __future__ import annotations

import base64
import json
import uuid
from datetime import timedelta

import boto3
import pytest
import requests
from botocore.exceptions import ClientError

from labs import Process
from people import ACCOUNT, PARTNER, document, fresh, signing, trust
from specimens import image
from wire import basic

LEARNER = f"arn:aws:iam::{ACCOUNT}:user/learner"


def refused(call, **given):
    with pytest.raises(ClientError) as error:
        call(**given)
    return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]


@pytest.fixture
def role(aws):
    """`role(trust, *actions, account=…)`: the ARN of a role of this test's own."""

    def make(trusted, *actions, account=ACCOUNT, **more):
        iam, name = aws("iam", account), fresh("role")
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trusted, **more)["Role"]["Arn"]
        if actions:
            iam.put_role_policy(RoleName=name, PolicyName="may", PolicyDocument=document(*actions))
        return arn

    return make


@pytest.fixture
def user(aws, lab_endpoint):
    """`user(*actions)`: a new user's ARN, and clients that sign as it: `arn, as_user = user("sts:AssumeRole")`."""

    def make(*actions, account=ACCOUNT):
        iam, name = aws("iam", account), fresh("user")
        arn = iam.create_user(UserName=name)["User"]["Arn"]
        if actions:
            iam.put_user_policy(UserName=name, PolicyName="may", PolicyDocument=document(*actions))
        return arn, signing(lab_endpoint.url, iam.create_access_key(UserName=name)["AccessKey"])

    return make


@pytest.fixture
def become(aws, lab_endpoint):
    """`become(role, **parameters)`: clients of a session of a role that the learner assumed."""

    def assume(arn, **more):
        return signing(lab_endpoint.url, aws("sts").assume_role(**{"RoleArn": arn, "RoleSessionName": "one"} | more)["Credentials"])

    return assume


def assume(as_user, arn, **more):
    return as_user("sts").assume_role(RoleArn=arn, RoleSessionName="one", **more)


def denied(who, arn, action="sts:AssumeRole"):
    return "AccessDenied", f"User: {who} is not authorized to perform: {action} on resource: {arn}"


def test_the_learner_is_told_who_it_is(aws):
    answer = aws("sts").get_caller_identity()
    assert (answer["Account"], answer["Arn"]) == (ACCOUNT, LEARNER)
    assert answer["UserId"] == aws("iam").get_user()["User"]["UserId"]


def test_who_am_i_needs_no_permission_and_cannot_be_forbidden(aws, user):
    """AWS: GetCallerIdentity, "No permissions are required"."""
    arn, as_user = user()
    aws("iam").put_user_policy(UserName=arn.rpartition("/")[2], PolicyName="no", PolicyDocument=document("sts:*", effect="Deny"))
    assert as_user("sts").get_caller_identity()["Arn"] == arn


def test_a_session_acts_as_the_role(role, become, aws):
    arn = role(trust(ACCOUNT), "ecr:DescribeRepositories", Path="/team/")
    as_role, name = become(arn), arn.rpartition("/")[2]
    answer = as_role("sts").get_caller_identity()
    assert answer["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}/one"
    assert answer["UserId"] == f"{aws('iam').get_role(RoleName=name)['Role']['RoleId']}:one"
    as_role("ecr").describe_repositories()
    code, message = refused(as_role("ecr").create_repository, repositoryName="web")
    assert (code, message.startswith(f"User: {answer['Arn']} is not authorized to perform: ecr:CreateRepository")) == ("AccessDeniedException", True)


def test_what_assume_role_answers(role, aws, door):
    arn = role(trust(ACCOUNT))
    answer = aws("sts").assume_role(RoleArn=arn, RoleSessionName="me@work", DurationSeconds=900)
    assert answer["AssumedRoleUser"]["Arn"].endswith(f"assumed-role/{arn.rpartition('/')[2]}/me@work")
    assert answer["Credentials"]["AccessKeyId"].startswith("ASIA")
    assert answer["Credentials"]["Expiration"] == (door.clock() + timedelta(seconds=900)).replace(microsecond=0)
    assert "PackedPolicySize" not in answer


@pytest.mark.parametrize(
    ("trusted", "actions", "may"),
    [
        pytest.param("the user", (), True, id="trusted by name: no policy of its own is needed"),
        pytest.param(ACCOUNT, (), False, id="trusted as one of the account, without a policy of its own"),
        pytest.param(ACCOUNT, ("sts:AssumeRole",), True, id="trusted as one of the account, with a policy of its own"),
        pytest.param(f"arn:aws:iam::{ACCOUNT}:root", ("sts:*",), True, id="root means the account"),
        pytest.param(PARTNER, ("*",), False, id="another account is trusted"),
        pytest.param({"Service": "ecs-tasks.amazonaws.com"}, ("*",), False, id="a service is trusted"),
    ],
)
def test_within_an_account_the_trust_policy_decides(user, role, trusted, actions, may):
    who, as_user = user(*actions)
    arn = role(trust(who if trusted == "the user" else trusted))
    if may:
        assert assume(as_user, arn)["AssumedRoleUser"]
    else:
        assert refused(as_user("sts").assume_role, RoleArn=arn, RoleSessionName="one") == denied(who, arn)


@pytest.mark.parametrize(("actions", "may"), [((), False), (("sts:AssumeRole",), True)])
@pytest.mark.parametrize("by_name", [True, False], ids=["by name", "by account"])
def test_across_accounts_both_sides_must_allow(user, role, actions, may, by_name):
    who, as_user = user(*actions, account=PARTNER)
    arn = role(trust(who if by_name else PARTNER))
    if may:
        assert f"arn:aws:sts::{ACCOUNT}:assumed-role/" in assume(as_user, arn)["AssumedRoleUser"]["Arn"]
    else:
        assert refused(as_user("sts").assume_role, RoleArn=arn, RoleSessionName="one") == denied(who, arn)


def test_a_role_that_is_not_there_is_denied_like_any_other(aws):
    arn = f"arn:aws:iam::{ACCOUNT}:role/{fresh('none')}"
    assert refused(aws("sts").assume_role, RoleArn=arn, RoleSessionName="one") == denied(LEARNER, arn)


@pytest.mark.parametrize(
    "arn",
    [
        "no-arn-but-long-enough",
        f"arn:aws:iam::{ACCOUNT}:user/learner",
        f"arn:aws:iam::{ACCOUNT}:policy/push",
        f"arn:aws:sts::{ACCOUNT}:assumed-role/push/me",
        f"arn:aws:iam::{ACCOUNT}:role/",
        f"arn:aws:iam:us-east-1:{ACCOUNT}:role/push",
    ],
)
def test_what_is_no_role_is_refused_as_such(aws, arn):
    assert refused(aws("sts").assume_role, RoleArn=arn, RoleSessionName="one") == ("ValidationError", f"{arn} is invalid")


def test_an_external_id_must_be_the_one_agreed_on(user, role):
    who, as_user = user("sts:AssumeRole", account=PARTNER)
    arn = role(trust(PARTNER, StringEquals={"sts:ExternalId": "agreed"}))
    assert refused(assume, as_user=as_user, arn=arn) == denied(who, arn)
    assert refused(assume, as_user=as_user, arn=arn, ExternalId="guessed") == denied(who, arn)
    assert assume(as_user, arn, ExternalId="agreed")


def test_a_role_that_asks_for_a_second_factor_is_denied_without(aws, role):
    arn = role(trust(ACCOUNT, Bool={"aws:MultiFactorAuthPresent": "true"}))
    assert refused(aws("sts").assume_role, RoleArn=arn, RoleSessionName="one") == denied(LEARNER, arn)
    given = {"SerialNumber": f"arn:aws:iam::{ACCOUNT}:mfa/learner", "TokenCode": "123456"}
    assert refused(aws("sts").assume_role, RoleArn=role(trust(ACCOUNT)), RoleSessionName="one", **given)[0] == "AccessDenied"


def test_a_session_ends_on_the_labs_clock(role, become, later):
    as_role = become(role(trust(ACCOUNT), "ecr:*"), DurationSeconds=900)
    later(seconds=899)
    as_role("ecr").describe_registry()
    later(seconds=1)
    sentence = "The security token included in the request is expired"
    assert refused(as_role("ecr").describe_registry) == ("ExpiredTokenException", sentence)
    assert refused(as_role("sts").get_caller_identity) == ("ExpiredToken", sentence)


def test_a_session_lasts_as_long_as_its_role_lets_it(aws, role):
    arn = role(trust(ACCOUNT))
    code, message = refused(aws("sts").assume_role, RoleArn=arn, RoleSessionName="one", DurationSeconds=3601)
    assert (code, message) == ("ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
    aws("iam").update_role(RoleName=arn.rpartition("/")[2], MaxSessionDuration=7200)
    assert aws("sts").assume_role(RoleArn=arn, RoleSessionName="one", DurationSeconds=7200)
    assert refused(aws("sts").assume_role, RoleArn=arn, RoleSessionName="one", DurationSeconds=43201)[0] == "ValidationError"


def test_a_session_that_assumes_a_role_has_an_hour(role, become):
    as_first, second = become(role(trust(ACCOUNT), "sts:AssumeRole")), role(trust(ACCOUNT), MaxSessionDuration=7200)
    assert "role chaining" in refused(as_first("sts").assume_role, RoleArn=second, RoleSessionName="two", DurationSeconds=7200)[1]
    assert as_first("sts").assume_role(RoleArn=second, RoleSessionName="two")["AssumedRoleUser"]["Arn"].endswith("/two")


@pytest.mark.parametrize("anew", [False, True], ids=["deleted", "made anew"])
def test_sessions_end_with_their_role(aws, role, become, anew):
    arn = role(trust(ACCOUNT), "ecr:*")
    as_role, name, iam = become(arn), arn.rpartition("/")[2], aws("iam")
    iam.delete_role_policy(RoleName=name, PolicyName="may")
    iam.delete_role(RoleName=name)
    if anew:
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(ACCOUNT))
    assert refused(as_role("ecr").describe_registry) == ("UnrecognizedClientException", "The security token included in the request is invalid.")


def test_what_a_role_may_no_longer_do_its_sessions_may_not(aws, role, become):
    arn = role(trust(ACCOUNT), "ecr:*")
    as_role = become(arn)
    as_role("ecr").describe_registry()
    aws("iam").delete_role_policy(RoleName=arn.rpartition("/")[2], PolicyName="may")
    assert refused(as_role("ecr").describe_registry)[0] == "AccessDeniedException"


@pytest.mark.parametrize(
    "limit", [{"Policy": document("ecr:DescribeRegistry")}, {"PolicyArns": [{"arn": "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryReadOnly"}]}], ids=["inline", "managed"]
)
def test_session_policies_limit_what_the_role_may(role, become, limit):
    as_role = become(role(trust(ACCOUNT), "ecr:*"), **limit)
    allowed, forbidden = ("describe_registry", "describe_repositories") if "Policy" in limit else ("describe_repositories", "describe_registry")
    getattr(as_role("ecr"), allowed)()
    code, message = refused(getattr(as_role("ecr"), forbidden))
    assert (code, "because no session policy allows the" in message) == ("AccessDeniedException", True)


def test_a_session_policy_is_read_before_it_counts(aws, role):
    arn = role(trust(ACCOUNT))
    assert refused(aws("sts").assume_role, RoleArn=arn, RoleSessionName="one", Policy="{}")[0] == "MalformedPolicyDocument"
    named = [{"arn": f"arn:aws:iam::{ACCOUNT}:policy/none"}]
    assert refused(aws("sts").assume_role, RoleArn=arn, RoleSessionName="one", PolicyArns=named)[0] == "ValidationError"


def test_session_policies_have_room_in_a_token_and_no_more(aws, role):
    arn, numbers = role(trust(ACCOUNT)), [uuid.uuid4().hex for _ in range(400)]
    iam, arns = aws("iam"), []
    for part in range(4):
        text = document(*(f"ecr:{number}" for number in numbers[part * 100 : part * 100 + 100]))
        arns.append({"arn": iam.create_policy(PolicyName=fresh("long"), PolicyDocument=text)["Policy"]["Arn"]})
    assert refused(aws("sts").assume_role, RoleArn=arn, RoleSessionName="one", PolicyArns=arns)[0] == "PackedPolicyTooLarge"


def test_session_tags_take_a_permission_and_are_handed_on(aws, role, become):
    tags = {"Tags": [{"Key": "team", "Value": "shop"}], "TransitiveTagKeys": ["team"]}
    arn = role(trust(ACCOUNT))
    assert refused(aws("sts").assume_role, RoleArn=arn, RoleSessionName="one", **tags) == denied(LEARNER, arn, "sts:TagSession")
    both = json.loads(trust(ACCOUNT))
    both["Statement"][0]["Action"] = ["sts:AssumeRole", "sts:TagSession"]
    first = become(role(json.dumps(both), "sts:AssumeRole"), **tags)
    only_the_shop = role(trust(ACCOUNT, StringEquals={"aws:PrincipalTag/team": "shop"}))
    assert first("sts").assume_role(RoleArn=only_the_shop, RoleSessionName="two")
    assert refused(aws("sts").assume_role, RoleArn=only_the_shop, RoleSessionName="two")[0] == "AccessDenied"


def test_a_roles_session_logs_docker_in(role, become, http, name):
    http.push(image("one"), "1")
    session = become(role(trust(ACCOUNT), "ecr:GetAuthorizationToken", "ecr:BatchGetImage"))
    (data,) = session("ecr").get_authorization_token()["authorizationData"]
    http.authorization = basic(base64.b64decode(data["authorizationToken"]).decode().removeprefix("AWS:"))
    assert http("GET", "manifests/1").status_code == 200
    assert http("GET", "tags/list").status_code == 403


@pytest.mark.parametrize("spoil", [lambda token: token[:-8] + "AAAAAAA=", lambda token: token[:40], lambda token: "x", lambda token: "é", lambda token: "A" * 60_000])
def test_a_token_that_was_tampered_with_opens_nothing(aws, role, lab_endpoint, spoil):
    credentials = aws("sts").assume_role(RoleArn=role(trust(ACCOUNT), "ecr:*"), RoleSessionName="one")["Credentials"]
    token = spoil(credentials["SessionToken"])
    if not token.isascii() or len(token) > 50_000:  # which no client sends so
        answer = requests.post(lab_endpoint.url, headers={"X-Amz-Security-Token": token.encode(), "X-Amz-Target": "AmazonSQS.ListQueues"}, timeout=60)
        assert 400 <= answer.status_code < 500
    else:
        assert refused(signing(lab_endpoint.url, credentials | {"SessionToken": token})("ecr").describe_registry)[0] == "UnrecognizedClientException"


def test_a_sessions_token_goes_with_its_own_key(aws, role, lab_endpoint):
    one, other = (aws("sts").assume_role(RoleArn=role(trust(ACCOUNT), "ecr:*"), RoleSessionName="one")["Credentials"] for _ in range(2))
    mixed = signing(lab_endpoint.url, one | {"SessionToken": other["SessionToken"]})
    assert refused(mixed("ecr").describe_registry)[0] == "UnrecognizedClientException"
    without = signing(lab_endpoint.url, {name: one[name] for name in ("AccessKeyId", "SecretAccessKey")})
    assert refused(without("ecr").describe_registry)[0] == "UnrecognizedClientException"


def test_a_session_of_a_user_is_the_user(aws, lab_endpoint, user):
    arn, as_user = user("ecr:*")
    session = signing(lab_endpoint.url, as_user("sts").get_session_token(DurationSeconds=900)["Credentials"])
    assert session("sts").get_caller_identity()["Arn"] == arn
    session("ecr").describe_registry()
    assert refused(session("sts").get_session_token)[0] == "AccessDenied"
    aws("iam").delete_user_policy(UserName=arn.rpartition("/")[2], PolicyName="may")
    assert refused(session("ecr").describe_registry)[0] == "AccessDeniedException"


def test_a_session_of_a_user_calls_nothing_of_iam(lab_endpoint, user):
    """But with MFA, which nobody has here (AWS: GetSessionToken)."""
    _, as_user = user("*")
    session = signing(lab_endpoint.url, as_user("sts").get_session_token()["Credentials"])
    assert refused(session("iam").list_users) == ("InvalidClientTokenId", "The security token included in the request is invalid.")
    as_user("iam").list_users()


def test_whose_a_key_is(aws, door):
    assert aws("sts").get_access_key_info(AccessKeyId=door.keys(PARTNER)["access_key_id"])["Account"] == PARTNER


def test_boto3_assumes_a_role_by_itself(state, tmp_path, monkeypatch):
    """A profile with role_arn, as the AWS CLI's guide has it. boto3 looks at the wall clock, so this lab's ticks."""
    with Process(state) as lab:
        keys = lab.door.keys(ACCOUNT)
        arn = lab.client("iam").create_role(RoleName="deploy", AssumeRolePolicyDocument=trust(ACCOUNT))["Role"]["Arn"]
        (tmp_path / "config").write_text(
            f"[profile base]\naws_access_key_id={keys['access_key_id']}\naws_secret_access_key={keys['secret_access_key']}\n"
            f"[profile deploy]\nrole_arn={arn}\nsource_profile=base\nregion=us-east-1\n"
        )
        monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
        monkeypatch.setenv("AWS_ENDPOINT_URL", lab.url)
        session = boto3.Session(profile_name="deploy")
        assert f"arn:aws:sts::{ACCOUNT}:assumed-role/deploy/" in session.client("sts").get_caller_identity()["Arn"]
