"""The lab on AWS, as far as botocore's Stubber can tell: names get the prefix, and what is made is listed."""

import json

import boto3
import pytest
from botocore.stub import Stubber

from ecrlab import aws
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


def answered(lab, operation, answer, asked):
    """A client that expects this request on the wire and gets this answer."""
    client = lab.client("ecr")
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
