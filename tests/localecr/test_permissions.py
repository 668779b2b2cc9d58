"""Who may do what in a private registry, through boto3 and the distribution protocol. AWS: "Policy evaluation logic"; "IAM policies for
pushing an image"; "Repository policy examples"; facts about messages: "Troubleshoot access denied error messages"."""

from __future__ import annotations

import base64
import json

import boto3
import pytest
from botocore import xform_name

from awsapi import push, refused
from grants import PULL, PUSH, actions, allow, by_resource, denied, policy, repository_arn, statement, to
from specimens import digest, image, index
from wire import Repository, basic, error_of

OWNER, PARTNER = "111122223333", "444455556666"
LOG_IN = statement("Allow", "ecr:GetAuthorizationToken")


@pytest.fixture
def as_docker(lab_endpoint, web):
    """`as_docker(person, name, account)`: that person, logged in, at a repository over HTTP."""

    def repository(person, name, account=OWNER):
        return Repository(lab_endpoint.url, f"{account}.dkr.ecr.us-east-1.amazonaws.com/{name}", basic(person.password()), web)

    return repository


def may_push(name, *without, account=OWNER):
    return policy(LOG_IN, statement("Allow", actions(*(each for each in PUSH if each not in without)), repository_arn(name, account)))


def may_pull(name, *without, account=OWNER):
    return policy(LOG_IN, statement("Allow", actions(*(each for each in PULL if each not in without)), repository_arn(name, account)))


# --- nothing without permission ---------------------------------------------------------------------------------------------------------


def test_a_user_without_policies_may_do_nothing_and_is_told_why(meet, name):
    nobody = meet()
    with refused("AccessDeniedException", denied(nobody.arn, "ecr:ListImages", repository_arn(name))):
        nobody.ecr.list_images(repositoryName=name)
    with refused("AccessDeniedException", denied(nobody.arn, "ecr:GetAuthorizationToken", "*")):
        nobody.ecr.get_authorization_token()


def test_whether_a_repository_exists_is_not_told_to_whoever_may_not_see_it(meet, free_repository):
    with refused("AccessDeniedException"):
        meet().ecr.list_images(repositoryName=free_repository)


def test_the_log_in_is_about_no_resource_so_that_a_repositorys_arn_never_grants_it(meet, name):
    """The trap in many a policy: GetAuthorizationToken beside the others, on the repository."""
    trapped = meet(allow(actions("GetAuthorizationToken", *PULL), repository_arn(name)))
    with refused("AccessDeniedException", denied(trapped.arn, "ecr:GetAuthorizationToken", "*")):
        trapped.password()


# --- pushing and pulling: the documented sets, and each action taken out of them ---------------------------------------------------------


def test_the_documented_actions_are_enough_to_push(meet, as_docker, ecr, name):
    pusher = meet(may_push(name))
    push(pusher.ecr, name, image("by the API"), "1")
    pushed = as_docker(pusher, name).push(index(image("by docker"), image("for two platforms")), "2")
    assert ecr.describe_images(repositoryName=name, imageIds=[{"imageTag": "2"}])["imageDetails"][0]["imageDigest"] == pushed.digest


def test_the_documented_actions_are_enough_to_pull(meet, as_docker, at, name):
    pushed = at(name).push(image("for the puller"), "1")
    docker = as_docker(meet(may_pull(name)), name)
    assert docker.pull("1") == pushed.manifest
    assert docker("GET", f"blobs/{digest(pushed.layers[0])}").content == pushed.layers[0]
    assert error_of(docker("POST", "blobs/uploads/"))[1] == "DENIED"


HTTP = {  # an action → a request that stands for it
    "BatchCheckLayerAvailability": ("HEAD", "blobs/{layer}"),
    "InitiateLayerUpload": ("POST", "blobs/uploads/"),
    "UploadLayerPart": ("PATCH", "blobs/uploads/{upload}"),
    "CompleteLayerUpload": ("PUT", "blobs/uploads/{upload}?digest={layer}"),
    "PutImage": ("PUT", "manifests/2"),
    "BatchGetImage": ("GET", "manifests/1"),
    "GetDownloadUrlForLayer": ("GET", "blobs/{layer}"),
}


@pytest.mark.parametrize("action", HTTP)
def test_each_action_that_is_missing_is_refused_by_name(meet, as_docker, ecr, at, name, action):
    pushed = at(name).push(image("there"), "1")
    layer, upload = digest(pushed.layers[0]), ecr.initiate_layer_upload(repositoryName=name)["uploadId"]
    others = actions(*({*PUSH, *PULL} - {action}))
    person = meet(policy(LOG_IN, statement("Allow", others, repository_arn(name))))
    expected = denied(person.arn, f"ecr:{action}", repository_arn(name))
    method, path = HTTP[action]
    answer = as_docker(person, name)(method, path.format(layer=layer, upload=upload), data=b"x")
    assert answer.status_code == 403
    if method != "HEAD":
        assert error_of(answer) == (403, "DENIED", expected)
    needed = {
        "BatchCheckLayerAvailability": {"layerDigests": [layer]},
        "UploadLayerPart": {"uploadId": upload, "partFirstByte": 0, "partLastByte": 0, "layerPartBlob": b"x"},
        "CompleteLayerUpload": {"uploadId": upload, "layerDigests": [layer]},
        "PutImage": {"imageManifest": pushed.text, "imageTag": "2"},
        "BatchGetImage": {"imageIds": [{"imageTag": "1"}]},
        "GetDownloadUrlForLayer": {"layerDigest": layer},
    }
    with refused("AccessDeniedException", expected):
        getattr(person.ecr, xform_name(action))(repositoryName=name, **needed.get(action, {}))


def test_a_permission_for_one_repository_is_none_for_another(meet, as_docker, ecr, name):
    ecr.create_repository(repositoryName=f"{name}/other")
    docker = as_docker(meet(may_push(name)), f"{name}/other")
    assert docker("POST", "blobs/uploads/").status_code == 403


def test_whoever_holds_a_token_is_logged_in_whatever_they_may_do(meet, lab_endpoint, web):
    password = meet(policy(LOG_IN)).password()
    assert web.get(f"{lab_endpoint.url}/v2/", headers={"Authorization": basic(password)}).status_code == 200


# --- operations that need more than their own name ---------------------------------------------------------------------------------------


def test_listing_tags_and_referrers_and_deleting_over_http_need_what_the_api_needs(meet, as_docker, at, name):
    at(name).push(image("there"), "1")
    nobody = meet(policy(LOG_IN))
    docker = as_docker(nobody, name)
    for method, path, action in (
        ("GET", "tags/list", "ListImages"),
        ("GET", f"referrers/{digest(b'')}", "BatchGetImage"),
        ("DELETE", "manifests/1", "BatchDeleteImage"),
        ("GET", "blobs/uploads/00000000-0000-0000-0000-000000000000", "UploadLayerPart"),
        ("DELETE", "blobs/uploads/00000000-0000-0000-0000-000000000000", "UploadLayerPart"),
    ):
        assert error_of(docker(method, path)) == (403, "DENIED", denied(nobody.arn, f"ecr:{action}", repository_arn(name)))


def test_creating_with_tags_needs_the_permission_to_tag(meet, free_repository):
    creator = meet(allow("ecr:CreateRepository"))
    with refused("AccessDeniedException", denied(creator.arn, "ecr:TagResource", repository_arn(free_repository))):
        creator.ecr.create_repository(repositoryName=free_repository, tags=[{"Key": "team", "Value": "web"}])
    creator.ecr.create_repository(repositoryName=free_repository)


def test_describing_named_repositories_is_decided_on_each_and_describing_all_on_all(meet, ecr, name):
    ecr.create_repository(repositoryName=f"{name}/other")
    reader = meet(allow("ecr:DescribeRepositories", repository_arn(name)))
    assert reader.ecr.describe_repositories(repositoryNames=[name])["repositories"]
    with refused("AccessDeniedException", denied(reader.arn, "ecr:DescribeRepositories", repository_arn(f"{name}/other"))):
        reader.ecr.describe_repositories(repositoryNames=[name, f"{name}/other"])
    with refused("AccessDeniedException", denied(reader.arn, "ecr:DescribeRepositories", repository_arn("*"))):
        reader.ecr.describe_repositories()


def test_a_layer_is_mounted_for_whoever_may_fetch_it_from_its_source_and_uploaded_by_others(meet, as_docker, ecr, at, name):
    ecr.create_repository(repositoryName=f"{name}/source")
    layer = at(f"{name}/source").push(image("mounted"), "1").layers[0]
    query = {"mount": digest(layer), "from": f"{name}/source"}
    pusher = meet(may_push(name))
    assert as_docker(pusher, name)("POST", "blobs/uploads/", params=query).status_code == 202
    pusher.may(allow("ecr:GetDownloadUrlForLayer", repository_arn(f"{name}/source")), "source")
    assert as_docker(pusher, name)("POST", "blobs/uploads/", params=query).status_code == 201


def test_actions_without_a_resource_type_are_granted_on_every_resource_alone(meet, name):
    person = meet(allow(actions("DescribeRegistry", "GetAccountSetting"), repository_arn("*")))
    with refused("AccessDeniedException", denied(person.arn, "ecr:DescribeRegistry", "*")):
        person.ecr.describe_registry()
    person.may(allow(["ecr:DescribeRegistry", "ecr:GetAccountSetting"], Condition={"StringEqualsIfExists": {"ecr:AccountSetting": "BLOB_MOUNTING"}}))
    assert person.ecr.describe_registry()["registryId"] == OWNER
    person.ecr.get_account_setting(name="BLOB_MOUNTING")
    with refused("AccessDeniedException"):
        person.ecr.get_account_setting(name="REGISTRY_POLICY_SCOPE")


# --- conditions --------------------------------------------------------------------------------------------------------------------------


def test_where_a_call_comes_from_counts_through_docker_too(meet, as_docker, at, name):
    at(name).push(image("there"), "1")
    elsewhere = {"IpAddress": {"aws:SourceIp": "54.240.143.0/24"}}
    person = meet(policy(LOG_IN, statement("Allow", "ecr:*", Condition=elsewhere)))
    assert as_docker(person, name)("GET", "manifests/1").status_code == 403
    person.may(policy(LOG_IN, statement("Allow", "ecr:*", Condition={"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}})))
    assert as_docker(person, name)("GET", "manifests/1").status_code == 200


def test_repositories_can_be_told_apart_by_their_tags(meet, ecr, name):
    """AWS's example: everything, but not in production."""
    ecr.create_repository(repositoryName=f"{name}/prod", tags=[{"Key": "environment", "Value": "prod"}])
    person = meet(
        policy(statement("Allow", "ecr:*"), statement("Deny", "ecr:*", Condition={"StringEquals": {"ecr:ResourceTag/environment": "prod"}}))
    )
    person.ecr.list_images(repositoryName=name)
    with refused("AccessDeniedException", denied(person.arn, "ecr:ListImages", repository_arn(f"{name}/prod"), "with an explicit deny in an identity-based policy")):
        person.ecr.list_images(repositoryName=f"{name}/prod")
    ecr.untag_resource(resourceArn=repository_arn(f"{name}/prod"), tagKeys=["environment"])
    person.ecr.list_images(repositoryName=f"{name}/prod")


def test_tags_that_are_asked_for_can_be_demanded(meet, free_repository):
    condition = {"StringEquals": {"aws:RequestTag/team": "web"}, "ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}}
    creator = meet(allow(["ecr:CreateRepository", "ecr:TagResource"], Condition=condition))
    for tags in ([], [{"Key": "team", "Value": "shop"}], [{"Key": "team", "Value": "web"}, {"Key": "more", "Value": ""}]):
        with refused("AccessDeniedException"):
            creator.ecr.create_repository(repositoryName=free_repository, tags=tags)
    creator.ecr.create_repository(repositoryName=free_repository, tags=[{"Key": "team", "Value": "web"}])


def test_a_policy_can_speak_of_the_caller_and_the_labs_time(meet, ecr, door):
    person = meet(
        policy(
            statement("Allow", "ecr:CreateRepository", repository_arn("${aws:username}/*")),
            statement("Deny", "*", Condition={"DateGreaterThan": {"aws:CurrentTime": f"{door.clock().year + 100}-01-01T00:00:00Z"}}),
            statement("Deny", "*", Condition={"BoolIfExists": {"aws:SecureTransport": "false"}}),
        )
    )
    own = f"{person.name}/mine"
    person.ecr.create_repository(repositoryName=own)
    with refused("AccessDeniedException"):
        person.ecr.create_repository(repositoryName=f"not-{own}")


# --- repository policies -----------------------------------------------------------------------------------------------------------------


def test_a_repositorys_policy_alone_lets_a_user_of_the_same_account_pull_but_not_log_in(meet, as_docker, ecr, at, name):
    pushed = at(name).push(image("there"), "1")
    user = meet()
    ecr.set_repository_policy(repositoryName=name, policyText=policy(to(user.arn, actions(*PULL))))
    assert user.ecr.batch_get_image(repositoryName=name, imageIds=[{"imageTag": "1"}])["images"]
    with refused("AccessDeniedException"):
        user.password()
    user.may(policy(LOG_IN))
    assert as_docker(user, name).pull("1") == pushed.manifest


MATRIX = [  # (the user's policy allows, the repository's names the user, the same account) → is it allowed, and if not, why
    (False, False, True, denied), (True, False, True, None), (False, True, True, None), (True, True, True, None),
    (False, False, False, by_resource), (True, False, False, by_resource), (False, True, False, denied), (True, True, False, None),
]  # fmt: skip


@pytest.mark.parametrize(("identity", "resource", "same", "why"), MATRIX)
def test_within_an_account_either_policy_is_enough_and_across_accounts_both_are_needed(meet, ecr, name, identity, resource, same, why):
    arn = repository_arn(name)
    user = meet(*([allow("ecr:ListImages", arn)] if identity else []), account=OWNER if same else PARTNER)
    if resource:
        ecr.set_repository_policy(repositoryName=name, policyText=policy(to(user.arn, "ecr:ListImages")))
    if why is None:
        assert user.ecr.list_images(registryId=OWNER, repositoryName=name)["imageIds"] == []
    else:
        with refused("AccessDeniedException", why(user.arn, "ecr:ListImages", arn)):
            user.ecr.list_images(registryId=OWNER, repositoryName=name)


def test_another_account_pushes_through_docker_at_the_owners_address_with_a_log_in_of_its_own(meet, as_docker, ecr, name):
    partner = meet(may_push(name), account=PARTNER)
    docker = as_docker(partner, name)
    assert error_of(docker("POST", "blobs/uploads/")) == (403, "DENIED", by_resource(partner.arn, "ecr:InitiateLayerUpload", repository_arn(name)))
    ecr.set_repository_policy(repositoryName=name, policyText=policy(to(f"arn:aws:iam::{PARTNER}:root", actions(*PUSH))))
    pushed = docker.push(image("a partner's"), "1")
    assert ecr.describe_images(repositoryName=name)["imageDetails"][0]["imageDigest"] == pushed.digest


def test_an_explicit_deny_wins_over_every_allow_the_administrators_too(ecr, at, name):
    http = at(name)
    http.push(image("there"), "1")
    ecr.set_repository_policy(repositoryName=name, policyText=policy(to("*", actions(*PULL), "Deny")))
    learner = f"arn:aws:iam::{OWNER}:user/learner"
    expected = denied(learner, "ecr:BatchGetImage", repository_arn(name), "with an explicit deny in a resource-based policy")
    assert error_of(http("GET", "manifests/1")) == (403, "DENIED", expected)
    with refused("AccessDeniedException", expected):
        ecr.batch_get_image(repositoryName=name, imageIds=[{"imageTag": "1"}])
    ecr.delete_repository_policy(repositoryName=name)
    assert http("GET", "manifests/1").status_code == 200


def test_everybody_but_one_can_be_denied(meet, ecr, name):
    one, other = meet(allow("ecr:*")), meet(allow("ecr:*"))
    root = f"arn:aws:iam::{OWNER}:root"
    text = policy({"Effect": "Deny", "NotPrincipal": {"AWS": [one.arn, root]}, "Action": "ecr:ListImages"})
    ecr.set_repository_policy(repositoryName=name, policyText=text)
    one.ecr.list_images(repositoryName=name)
    with refused("AccessDeniedException", denied(other.arn, "ecr:ListImages", repository_arn(name), "with an explicit deny in a resource-based policy")):
        other.ecr.list_images(repositoryName=name)


# --- limits on what is allowed: boundaries and sessions ----------------------------------------------------------------------------------


def test_a_boundary_limits_what_a_users_policies_allow(meet, aws, name):
    iam, user = aws("iam"), meet(allow("ecr:*"))
    boundary = iam.create_policy(PolicyName=user.name, PolicyDocument=allow("ecr:List*"))["Policy"]["Arn"]
    iam.put_user_permissions_boundary(UserName=user.name, PermissionsBoundary=boundary)
    user.ecr.list_images(repositoryName=name)
    why = "because no permissions boundary allows the {action} action"
    with refused("AccessDeniedException", denied(user.arn, "ecr:DescribeImages", repository_arn(name), why)):
        user.ecr.describe_images(repositoryName=name)


def test_a_session_has_its_roles_permissions_within_its_own_policy(meet, aws, lab_endpoint, name):
    iam, user = aws("iam"), meet(allow("sts:AssumeRole"))
    trust = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": user.arn}, "Action": "sts:AssumeRole"}]})
    role = iam.create_role(RoleName=user.name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    iam.put_role_policy(RoleName=user.name, PolicyName="reads", PolicyDocument=allow(actions("ListImages", "DescribeImages", "GetAuthorizationToken")))
    given = user.client("sts").assume_role(RoleArn=role, RoleSessionName="deploy", Policy=allow(["ecr:ListImages", "ecr:GetAuthorizationToken"]))["Credentials"]
    session = boto3.client(
        "ecr", region_name="us-east-1", endpoint_url=lab_endpoint.url, aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"], aws_session_token=given["SessionToken"],
    )  # fmt: skip
    session.list_images(repositoryName=name)
    arn = f"arn:aws:sts::{OWNER}:assumed-role/{user.name}/deploy"
    with refused("AccessDeniedException", denied(arn, "ecr:DescribeImages", repository_arn(name), "because no session policy allows the {action} action")):
        session.describe_images(repositoryName=name)
    with refused("AccessDeniedException", denied(arn, "ecr:PutImage", repository_arn(name))):
        session.put_image(repositoryName=name, imageManifest=image("x").text)
    token = session.get_authorization_token()["authorizationData"][0]["authorizationToken"]
    password = base64.b64decode(token).decode().removeprefix("AWS:")
    docker = Repository(lab_endpoint.url, f"{OWNER}.dkr.ecr.us-east-1.amazonaws.com/{name}", basic(password))
    assert docker("GET", "tags/list").status_code == 200
    assert error_of(docker("GET", "manifests/1"))[2] == denied(arn, "ecr:BatchGetImage", repository_arn(name))


# --- what is changed acts on tokens that were given before -------------------------------------------------------------------------------


def test_a_permission_that_is_taken_away_is_gone_from_tokens_too(meet, as_docker, at, name):
    at(name).push(image("there"), "1")
    user = meet(may_pull(name))
    docker = as_docker(user, name)
    assert docker("GET", "manifests/1").status_code == 200
    user.may(None)
    assert docker("GET", "manifests/1").status_code == 403
    user.may(may_pull(name))
    assert docker("GET", "manifests/1").status_code == 200


def test_a_key_that_is_made_inactive_takes_its_tokens_along(meet, aws, as_docker, at, name):
    at(name).push(image("there"), "1")
    user = meet(may_pull(name))
    docker, key = as_docker(user, name), user.keys["aws_access_key_id"]
    for status, answered in (("Inactive", 401), ("Active", 200)):
        aws("iam").update_access_key(UserName=user.name, AccessKeyId=key, Status=status)
        assert docker("GET", "manifests/1").status_code == answered


def test_a_user_who_is_deleted_takes_tokens_along_and_leaves_nothing_to_the_next_of_that_name(meet, aws, as_docker, ecr, at, name):
    at(name).push(image("there"), "1")
    iam, user = aws("iam"), meet(may_pull(name))
    ecr.set_repository_policy(repositoryName=name, policyText=policy(to(user.arn, "ecr:ListImages")))
    unique_id = iam.get_user(UserName=user.name)["User"]["UserId"]
    docker = as_docker(user, name)
    user.may(None)
    iam.delete_access_key(UserName=user.name, AccessKeyId=user.keys["aws_access_key_id"])
    iam.delete_user(UserName=user.name)
    assert docker("GET", "manifests/1").status_code == 401
    kept = json.loads(ecr.get_repository_policy(repositoryName=name)["policyText"])
    assert kept["Statement"][0]["Principal"] == {"AWS": unique_id}
    iam.create_user(UserName=user.name)
    key = iam.create_access_key(UserName=user.name)["AccessKey"]
    user.keys = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
    with refused("AccessDeniedException"):
        user.ecr.list_images(repositoryName=name)
