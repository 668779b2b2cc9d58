"""The lab on AWS, as far as botocore's Stubber can tell: names get the prefix, and what is made is listed."""

import json
from datetime import datetime

import boto3
import pytest
from botocore.stub import Stubber

from ecrlab import aws, simulator
from ecrlab.errors import LabError

ARN = "arn:aws:ecr:eu-west-1:123456789012:repository/ecrlab/web"


@pytest.fixture
def lab(tmp_path, monkeypatch):
    def session(self, profile, region):
        return boto3.Session("AKIDEXAMPLE", "secret", region_name=region or "eu-west-1")

    monkeypatch.setattr(aws.AwsLab, "_profile_session", session)
    monkeypatch.setattr(aws, "_account", lambda session: "123456789012")
    monkeypatch.delenv("ECRLAB_PARTNER_PROFILE", raising=False)
    return aws.AwsLab(tmp_path)


def answered(lab, operation, answer, asked, service="ecr"):
    """A client that expects this request on the wire and gets this answer."""
    client = lab.client(service)
    stub = Stubber(client)
    stub.add_response(operation, answer, asked)
    stub.activate()
    return client


def test_a_lessons_web_is_the_accounts_ecrlab_web(lab):
    repository = {"repositoryName": "ecrlab/web", "repositoryArn": ARN, "repositoryUri": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/ecrlab/web"}
    client = answered(lab, "describe_repositories", {"repositories": [repository]}, {"repositoryNames": ["ecrlab/web"]})
    (found,) = client.describe_repositories(repositoryNames=["web"])["repositories"]
    assert found["repositoryName"] == "web"
    assert found["repositoryUri"].endswith("/ecrlab/web")  # where it really is


def test_image_names_stand_below_the_prefix_too(lab):
    assert f"{lab.registry()}/web:1.0" == "123456789012.dkr.ecr.eu-west-1.amazonaws.com/ecrlab/web:1.0"


def test_what_is_made_is_listed_until_it_is_deleted(lab):
    repository = {"repository": {"repositoryName": "ecrlab/web", "repositoryArn": ARN}}
    answered(lab, "create_repository", repository, {"repositoryName": "ecrlab/web"}).create_repository(repositoryName="web")
    assert json.loads((lab.state / "aws.json").read_text()) == [ARN]
    answered(lab, "delete_repository", repository, {"repositoryName": "ecrlab/web"}).delete_repository(repositoryName="web")
    assert json.loads((lab.state / "aws.json").read_text()) == []


def test_time_cannot_be_moved_and_the_lesson_goes_on(lab, capsys):
    before = lab.clock.now()
    assert lab.clock.advance(days=14) >= before
    assert capsys.readouterr().out == "On AWS time can't be moved: what takes 14 days, 0:00:00 in this lesson takes as long. The lesson goes on without it.\n"


def test_base_images_come_from_the_real_public_registry(lab):
    assert lab.base("debian") == "public.ecr.aws/docker/library/debian:12"
    assert lab.base("debian:11") == "public.ecr.aws/docker/library/debian:11-slim"


def test_distroless_comes_from_google_since_amazons_public_registry_has_none(lab):
    assert lab.base("distroless") == "gcr.io/distroless/cc-debian12:latest"


def test_a_partner_that_nobody_named_is_asked_for(lab):
    assert lab.partner is None
    with pytest.raises(LabError, match="ECRLAB_PARTNER_PROFILE"):
        lab.client("ecr", account="444455556666")


def test_a_learner_whom_aws_does_not_know_is_told(monkeypatch):
    session = boto3.Session("AKIDEXAMPLE", "secret", region_name="eu-west-1")
    client = session.client("sts")
    stub = Stubber(client)
    stub.add_client_error("get_caller_identity", "InvalidClientTokenId", "The security token included in the request is invalid.")
    stub.activate()
    monkeypatch.setattr(session, "client", lambda *_, **__: client)
    with pytest.raises(LabError, match="AWS doesn't know you: .*security token.* set AWS_PROFILE"):
        aws._account(session)


USER = {"Path": "/", "UserName": "ecrlab-ci", "UserId": "AIDAEXAMPLEEXAMPLE00", "Arn": "arn:aws:iam::123456789012:user/ecrlab-ci", "CreateDate": datetime(2026, 1, 5)}
POLICY = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "ecr:BatchGetImage"}]}'


def test_users_get_the_prefix_too_and_are_listed_until_they_are_deleted(lab):
    made = answered(lab, "create_user", {"User": USER}, {"UserName": "ecrlab-ci"}, "iam").create_user(UserName="ci")
    assert made["User"]["UserName"] == "ci" and made["User"]["Arn"].endswith("user/ecrlab-ci")
    assert json.loads((lab.state / "aws.json").read_text()) == [USER["Arn"]]
    answered(lab, "delete_user", {}, {"UserName": "ecrlab-ci"}, "iam").delete_user(UserName="ci")
    assert json.loads((lab.state / "aws.json").read_text()) == []


def test_an_inline_policy_keeps_its_name_and_a_managed_one_gets_the_prefix(lab):
    asked = {"UserName": "ecrlab-ci", "PolicyName": "push", "PolicyDocument": "{}"}
    answered(lab, "put_user_policy", {}, asked, "iam").put_user_policy(UserName="ci", PolicyName="push", PolicyDocument="{}")
    arn = "arn:aws:iam::123456789012:policy/ecrlab-limits"
    answer = {"Policy": {"PolicyName": "ecrlab-limits", "Arn": arn}}
    client = answered(lab, "create_policy", answer, {"PolicyName": "ecrlab-limits", "PolicyDocument": "{}"}, "iam")
    assert client.create_policy(PolicyName="limits", PolicyDocument="{}")["Policy"]["PolicyName"] == "limits"
    assert json.loads((lab.state / "aws.json").read_text()) == [arn]
    answered(lab, "delete_policy", {}, {"PolicyArn": arn}, "iam").delete_policy(PolicyArn=arn)
    assert json.loads((lab.state / "aws.json").read_text()) == []


@pytest.mark.parametrize(
    ("service", "arn"),
    [("ecr", ARN), ("ecr-public", "arn:aws:ecr-public::123456789012:repository/ecrlab/web")],
)
def test_a_repositorys_policy_is_fetched_where_it_is(lab, monkeypatch, service, arn):
    client = answered(lab, "get_repository_policy", {"policyText": POLICY}, {"repositoryName": "ecrlab/web"}, service)
    asked = []
    monkeypatch.setattr(lab, "client", lambda name, **where: asked.append((name, where["region"])) or client)
    assert lab._repository_policy(arn) == POLICY
    assert asked == [(service, "eu-west-1" if service == "ecr" else "us-east-1")]


def test_new_keys_are_waited_for(monkeypatch):
    session = boto3.Session("AKIDEXAMPLE", "secret", region_name="eu-west-1")
    client = session.client("sts")
    stub = Stubber(client)
    stub.add_client_error("get_caller_identity", "InvalidClientTokenId")
    stub.add_response("get_caller_identity", {"Account": "123456789012"})
    stub.activate()
    monkeypatch.setattr(session, "client", lambda *_, **__: client)
    monkeypatch.setattr(aws.time, "sleep", lambda seconds: None)
    assert aws._known(session) is session
    stub.assert_no_pending_responses()


def simulated(operation, asked, decision, **more):
    iam = boto3.Session("AKIDEXAMPLE", "secret", region_name="eu-west-1").client("iam")
    stub = Stubber(iam)
    stub.add_response(operation, {"EvaluationResults": [{"EvalActionName": "ecr:BatchGetImage", "EvalDecision": decision, **more}]}, asked)
    stub.activate()
    return iam


def test_the_simulator_is_asked_for_what_is_attached_with_the_repositorys_policy():
    asked = {"PolicySourceArn": USER["Arn"], "ActionNames": ["ecr:BatchGetImage"], "ResourceArns": [ARN], "CallerArn": USER["Arn"]}
    about = json.loads(POLICY)
    about["Statement"][0] = {"Resource": ARN} | about["Statement"][0]
    asked |= {"ResourcePolicy": json.dumps(about), "ResourceOwner": "arn:aws:iam::123456789012:root"}
    matched = [{"SourcePolicyId": "ResourcePolicy", "SourcePolicyType": "resource", "StartPosition": {"Line": 1, "Column": 41}}]
    iam = simulated("simulate_principal_policy", asked, "allowed", MatchedStatements=matched)
    decided = simulator.simulate(iam, USER["Arn"], "ecr:BatchGetImage", ARN, None, POLICY)
    assert decided.allowed and decided.decided_by[0].kind == "resource" and decided.steps[0].outcome == "allows"


def test_the_simulator_is_asked_for_policies_that_are_tried():
    asked = {"PolicyInputList": [simulator.NONE], "ActionNames": ["ecr:BatchGetImage"], "ResourceArns": [ARN]}
    decided = simulator.simulate(simulated("simulate_custom_policy", asked, "implicitDeny"), USER["Arn"], "ecr:BatchGetImage", ARN, [], None)
    assert not decided.allowed and decided.message.endswith(f"{ARN} because no policy allows the ecr:BatchGetImage action")


def test_the_simulator_does_not_look_across_accounts_and_that_is_said():
    with pytest.raises(LabError, match="doesn't decide calls between two accounts"):
        simulator.simulate(None, USER["Arn"].replace("123456789012", "444455556666"), "ecr:BatchGetImage", ARN, None, POLICY)
