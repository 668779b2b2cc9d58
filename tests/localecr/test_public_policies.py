"""Who else may push to a public repository. AWS: "Public repository policies in Amazon ECR Public"; policy evaluation logic."""

from __future__ import annotations

import base64
import json

import pytest

from awsapi import push, refused
from specimens import image
from wire import Repository, basic, bearer, error_of

OWNER, PARTNER = "111122223333", "444455556666"
PUSH = [f"ecr-public:{each}" for each in ("BatchCheckLayerAvailability", "InitiateLayerUpload", "UploadLayerPart", "CompleteLayerUpload", "PutImage")]
INVALID = "Invalid parameter at 'PolicyText' failed to satisfy constraint: 'Invalid repository policy provided'"


def statement(effect="Allow", actions=PUSH, who=f"arn:aws:iam::{PARTNER}:root", **more):
    return {"Effect": effect, "Principal": {"AWS": who}, "Action": actions} | more


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


@pytest.fixture
def name(public, free_repository):
    public.create_repository(repositoryName=free_repository)
    return free_repository


@pytest.fixture
def partners(aws):
    return aws("ecr-public", account=PARTNER)


@pytest.fixture
def partners_push(partners, public, lab_endpoint, name):
    """The partner, logged in, at the owner's repository: `http.push(image)`."""
    token = partners.get_authorization_token()["authorizationData"]["authorizationToken"]
    password = base64.b64decode(token).decode().removeprefix("AWS:")
    uri = public.describe_repositories(repositoryNames=[name])["repositories"][0]["repositoryUri"]
    path = uri.partition("/")[2]
    return Repository(lab_endpoint.public_url, path, bearer(lab_endpoint.public_url, Authorization=basic(password)))


def test_a_policy_is_kept_told_back_and_deleted(public, name):
    with refused("RepositoryPolicyNotFoundException", f"Repository policy does not exist for the repository with name '{name}' in the registry with id '{OWNER}'"):
        public.get_repository_policy(repositoryName=name)
    text = policy(statement(Sid="partner"))
    kept = public.set_repository_policy(repositoryName=name, policyText=text)
    told = public.get_repository_policy(repositoryName=name)
    assert (kept["registryId"], kept["repositoryName"], kept["policyText"]) == (OWNER, name, told["policyText"])
    assert json.loads(told["policyText"]) == json.loads(text)
    assert public.delete_repository_policy(repositoryName=name)["policyText"] == told["policyText"]
    with refused("RepositoryPolicyNotFoundException"):
        public.delete_repository_policy(repositoryName=name)


def test_a_policy_is_told_back_as_ecr_prints_it(public, name):
    kept = public.set_repository_policy(repositoryName=name, policyText=policy(statement(actions=PUSH[:2]), statement("Deny", "ecr-public:DeleteRepository")))
    assert kept["policyText"] == (
        '{\n  "Version" : "2012-10-17",\n  "Statement" : [ {\n    "Effect" : "Allow",\n    "Principal" : {\n      "AWS" : '
        '"arn:aws:iam::444455556666:root"\n    },\n    "Action" : [ "ecr-public:BatchCheckLayerAvailability", "ecr-public:InitiateLayerUpload" ]\n  }, {\n'
        '    "Effect" : "Deny",\n    "Principal" : {\n      "AWS" : "arn:aws:iam::444455556666:root"\n    },\n    "Action" : "ecr-public:DeleteRepository"\n  } ]\n}'
    )


def test_without_a_policy_another_account_may_not_push_and_with_one_it_may(public, partners, partners_push, name):
    specimen = image("from a partner")
    assert error_of(partners_push("POST", "blobs/uploads/"))[:2] == (403, "DENIED")
    with refused("AccessDeniedException"):
        partners.initiate_layer_upload(registryId=OWNER, repositoryName=name)
    public.set_repository_policy(repositoryName=name, policyText=policy(statement()))
    partners_push.push(specimen, "theirs")
    described = public.describe_images(repositoryName=name)["imageDetails"]
    assert [each["imageTags"] for each in described] == [["theirs"]]
    public.delete_repository_policy(repositoryName=name)
    assert partners_push("POST", "blobs/uploads/").status_code == 403


def test_a_policy_allows_what_it_names_and_nothing_else(public, partners, partners_push, name):
    public.set_repository_policy(repositoryName=name, policyText=policy(statement()))
    partners_push.push(image("pushed, not deleted"), "1")
    with refused(
        "AccessDeniedException",
        f"User: arn:aws:iam::{PARTNER}:user/learner is not authorized to perform: ecr-public:BatchDeleteImage on resource: "
        f"arn:aws:ecr-public::{OWNER}:repository/{name} because no resource-based policy allows the ecr-public:BatchDeleteImage action",
    ):
        partners.batch_delete_image(registryId=OWNER, repositoryName=name, imageIds=[{"imageTag": "1"}])


@pytest.mark.parametrize(
    "who", ["*", PARTNER, f"arn:aws:iam::{PARTNER}:root", f"arn:aws:iam::{PARTNER}:user/learner", [OWNER, PARTNER]], ids=["all", "id", "root", "user", "list"]
)
def test_a_principal_can_be_named_in_every_way(public, partners, name, who):
    public.set_repository_policy(repositoryName=name, policyText=policy(statement(actions="ecr-public:Init*", who=who)))
    assert partners.initiate_layer_upload(registryId=OWNER, repositoryName=name)["uploadId"]


@pytest.mark.parametrize("action", ["*", "ecr-public:*", "ECR-PUBLIC:initiatelayerupload", "ecr-public:Initiate?ayerUpload"])
def test_actions_are_named_by_patterns_whatever_their_case(public, partners, name, action):
    public.set_repository_policy(repositoryName=name, policyText=policy(statement(actions=action)))
    assert partners.initiate_layer_upload(registryId=OWNER, repositoryName=name)["uploadId"]


def test_an_explicit_deny_wins_wherever_it_stands_and_for_the_owner_too(public, partners, name):
    deny = statement("Deny", "ecr-public:InitiateLayerUpload", "*")
    for order in ([statement(), deny], [deny, statement()]):
        public.set_repository_policy(repositoryName=name, policyText=policy(*order))
        for client in (public, partners):
            with refused("AccessDeniedException"):
                client.initiate_layer_upload(registryId=OWNER, repositoryName=name)


def test_what_is_not_named_can_be_allowed(public, partners, name):
    reversed_ = {"Effect": "Allow", "NotPrincipal": {"AWS": OWNER}, "NotAction": "ecr-public:Delete*"}
    public.set_repository_policy(repositoryName=name, policyText=policy(reversed_))
    assert partners.initiate_layer_upload(registryId=OWNER, repositoryName=name)["uploadId"]
    with refused("AccessDeniedException"):
        partners.delete_repository(registryId=OWNER, repositoryName=name)


def test_no_policy_keeps_anybody_from_reading(public, lab_endpoint, partners_push, name):
    public.set_repository_policy(repositoryName=name, policyText=policy(statement()))
    pushed = partners_push.push(image("for everybody"), "1")
    pulls = ["ecr-public:BatchGetImage", "ecr-public:GetDownloadUrlForLayer"]
    public.set_repository_policy(repositoryName=name, policyText=policy(statement("Deny", pulls, "*")))
    anybody = Repository(lab_endpoint.public_url, partners_push.path, bearer(lab_endpoint.public_url))
    assert anybody.pull("1") == pushed.manifest


def test_an_anonymous_reader_is_not_everybody_who_may_push(public, lab_endpoint, partners_push, name):
    public.set_repository_policy(repositoryName=name, policyText=policy(statement(who="*")))
    anybody = Repository(lab_endpoint.public_url, partners_push.path, bearer(lab_endpoint.public_url))
    assert anybody("POST", "blobs/uploads/").status_code == 403


def test_whoever_would_lock_themselves_out_must_mean_it(public, name):
    text = policy(statement("Deny", "ecr-public:*", "*"))
    with refused("InvalidParameterException"):
        public.set_repository_policy(repositoryName=name, policyText=text)
    public.set_repository_policy(repositoryName=name, policyText=text, force=True)
    with refused("AccessDeniedException"):
        public.delete_repository_policy(repositoryName=name)


REFUSED = {
    "no JSON": "{",
    "no object": "[]",
    "no statements": '{"Version": "2012-10-17"}',
    "another version": json.dumps({"Version": "2020-01-01", "Statement": [statement()]}),
    "a member of its own": json.dumps({"Version": "2012-10-17", "Statement": [statement()], "More": 1}),
    "no effect": policy({"Principal": "*", "Action": "*"}),
    "no principal": policy({"Effect": "Allow", "Action": "*"}),
    "a principal that there isn't": policy(statement(who=f"arn:aws:iam::{PARTNER}:user/nobody")),
    "a group": policy(statement(who=f"arn:aws:iam::{PARTNER}:group/developers")),
    "an action that there isn't": policy(statement(actions="ecr-public:PutEverything")),
    "an action of another service": policy(statement(actions=["s3:GetObject"])),
    "an empty list": policy(statement(actions=[])),
    "a number": policy(statement(actions=7)),
    "deep": "[" * 5000,
}


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED)
def test_what_is_no_policy_is_refused_and_changes_nothing(public, name, text):
    kept = public.set_repository_policy(repositoryName=name, policyText=policy(statement()))["policyText"]
    with refused("InvalidParameterException", INVALID):
        public.set_repository_policy(repositoryName=name, policyText=text)
    assert public.get_repository_policy(repositoryName=name)["policyText"] == kept


def test_a_statement_counts_where_its_condition_holds(public, partners, name):
    elsewhere = statement(Condition={"NotIpAddress": {"aws:SourceIp": "127.0.0.0/8"}})
    public.set_repository_policy(repositoryName=name, policyText=policy(elsewhere))
    with refused("AccessDeniedException"):
        partners.initiate_layer_upload(registryId=OWNER, repositoryName=name)
    here = statement(Condition={"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}, "Bool": {"aws:SecureTransport": "true"}})
    public.set_repository_policy(repositoryName=name, policyText=policy(here))
    assert partners.initiate_layer_upload(registryId=OWNER, repositoryName=name)["uploadId"]


def test_a_pattern_made_to_take_long_takes_no_time(public, partners, name):
    slow = "ecr-public:" + "?*" * 40 + "!"
    with refused("InvalidParameterException", INVALID):
        public.set_repository_policy(repositoryName=name, policyText=policy(statement(actions=slow)))


def test_a_missing_repository_has_no_policy(public, free_repository):
    for call in (public.get_repository_policy, public.delete_repository_policy):
        with refused("RepositoryNotFoundException"):
            call(repositoryName=free_repository)


def test_a_deleted_repositorys_policy_goes_with_it(public, partners, name):
    public.set_repository_policy(repositoryName=name, policyText=policy(statement()))
    public.delete_repository(repositoryName=name)
    public.create_repository(repositoryName=name)
    with refused("RepositoryPolicyNotFoundException"):
        public.get_repository_policy(repositoryName=name)
    push(public, name, image("the owner's own"), "1")
