"""Lab 2, "Lock it down": what is its own, and other right ways (the rest: test_every_lab.py)."""

from __future__ import annotations

import json

import docker.errors
import pytest

from ecrlab.check import DONE, NOT_TRIED
from ecrlab.content import module
from ecrlab.labs import planting
from ecrlab.rights import DELETE, PULL, PUSH, TOKEN
from learners import LABS

FOLDER = next(path for path in LABS.iterdir() if path.name.startswith("lab-2-"))
CHECKS = module(FOLDER / "checks.py")
TASKS = ["everybody", "ci-push", "production", "keep", "contractor", "mend", "boundary", "deploy-role", "tracker"]
ON_ALL = {"Effect": "Allow", "Action": TOKEN, "Resource": "*"}


@pytest.fixture
def one(learner):
    """A learner of lab 2."""
    return learner("lab-2")


def policy(*statements: dict) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(actions, resource: str) -> dict:
    return {"Effect": "Allow", "Action": [*actions], "Resource": resource}


def let(arn: str, actions, **more) -> dict:
    """A statement of a resource's policy."""
    return {"Effect": "Allow", "Principal": {"AWS": arn}, "Action": [*actions]} | more


def give(one, user: str, *statements: dict) -> None:
    one.names["iam"].put_user_policy(UserName=user, PolicyName="own", PolicyDocument=policy(*statements))


def guard(one, repository: str, *statements: dict) -> None:
    one.names["ecr"].set_repository_policy(repositoryName=repository, policyText=policy(*statements))


def test_it_has_at_least_twenty_five_known_mistakes():
    assert len(module(FOLDER / "mistakes.py").MISTAKES) >= 25
    assert list(CHECKS.CHECKS) == TASKS


def test_in_the_beginning_everybody_may_do_everything(one):
    one.take()
    for name in (CHECKS.CI, CHECKS.PRODUCTION, CHECKS.RELEASE):
        who = CHECKS.user(one.lab, name)
        assert who.lacks((*PUSH, *PULL, *DELETE), one.names["prod"]) == []
    assert CHECKS.user(one.lab, CHECKS.DEVELOPER).lacks(PUSH, one.names["parcels"]) == ["ecr:PutImage"]


def test_the_checks_leave_nothing_in_the_trail(one):
    one.take(solve=TASKS)
    trail = one.lab.client("cloudtrail")

    def events() -> list[str]:
        return [each["EventId"] for each in trail.lookup_events(LookupAttributes=[{"AttributeKey": "ReadOnly", "AttributeValue": "true"}])["Events"]]

    events()
    before = events()
    one.outcomes()
    assert events()[1] == before[0]  # between the two look-ups there is only the first one's own record


def test_what_the_checks_say_is_what_docker_meets(one):
    one.take(solve=TASKS)
    iam, lab = one.names["iam"], one.lab
    keys = {name: iam.create_access_key(UserName=f"lab2-{name}")["AccessKey"] for name in ("ci", "production")}
    image, _ = lab.docker.images.build(path=str(LABS.parent / "notebooks" / "app" / "shop"), buildargs={"BASE": lab.base("static"), "PAGE": "1.0"})
    address = {name: f"{lab.registry()}/lab2/{name}" for name in ("parcels", "parcels-prod")}
    for uri in address.values():
        image.tag(uri, "2.0")

    def pushed(name: str) -> str:
        return str([event["error"] for event in lab.docker.images.push(address[name], tag="2.0", stream=True, decode=True) if "error" in event])

    ci = lab.session(keys=keys["ci"])
    lab.login(session=ci)
    assert pushed("parcels") == "[]"
    assert f"user/{CHECKS.CI} is not authorized to perform: ecr:InitiateLayerUpload" in pushed("parcels-prod")
    role = iam.get_role(RoleName=CHECKS.ROLE)["Role"]["Arn"]
    lab.login(session=lab.session(keys=ci.client("sts").assume_role(RoleArn=role, RoleSessionName="now")["Credentials"]))
    assert pushed("parcels-prod") == "[]"
    assert f"assumed-role/{CHECKS.ROLE}/now is not authorized" in pushed("parcels")
    lab.login(session=lab.session(keys=keys["production"]))
    lab.docker.images.pull(address["parcels-prod"], tag="2.0")
    with pytest.raises(docker.errors.APIError, match=f"user/{CHECKS.PRODUCTION} is not authorized to perform: ecr:BatchGetImage"):
        lab.docker.images.pull(address["parcels"], tag="2.0")


def test_a_deleted_deny_is_how_an_administrator_gets_round_it(one):
    one.take(solve=["everybody", "keep"])
    ecr = one.names["ecr"]
    with pytest.raises(ecr.exceptions.ClientError, match="with an explicit deny in a resource-based policy"):
        ecr.batch_delete_image(repositoryName=CHECKS.PROD, imageIds=[{"imageTag": "1.0"}])
    ecr.delete_repository_policy(repositoryName=CHECKS.PROD)
    assert one.outcomes()["keep"] == NOT_TRIED


def test_prepare_twice_changes_nothing(one):
    one.take(solve=TASKS)
    one.guide.prepare()
    assert one.outcomes() == dict.fromkeys(TASKS, DONE)


def test_more_repositories_images_and_users_do_no_harm(one, aws):
    one.take(solve=TASKS)
    planting.plant(one.names["ecr"], CHECKS.PROD, planting.image({"more.txt": "more"}, {}), "2.0")
    aws("ecr").create_repository(repositoryName="lab2/more")
    assert one.outcomes() == dict.fromkeys(TASKS, DONE)
    aws("ecr").delete_repository(repositoryName="lab2/more")


def test_a_partner_who_is_not_there_is_said(one, monkeypatch):
    one.take()
    monkeypatch.setattr(one.lab, "place", "aws")
    verdict = one.guide.verdict("contractor")
    assert verdict.outcome == NOT_TRIED and "IAM's simulator doesn't decide it" in verdict.message


@pytest.mark.parametrize("mistake", ["attached_the_boundary_as_a_policy_as_well", "forgot_reading_in_the_boundary", "trusted_the_release_manager_as_well", "let_the_role_push_everywhere"])
def test_the_stored_solution_mends_what_is_there_already(one, mistake):
    found = next(each for each in module(FOLDER / "mistakes.py").MISTAKES if each.make.__name__ == mistake)
    one.take(solve=found.after)
    found.make(one.lab)
    exec(one.guide.content.solutions[found.task], one.names)
    assert one.outcomes()[found.task] == DONE


def test_the_role_pushes_to_production_in_the_notebook_too(one, capsys):
    one.take(solve=TASKS)
    assert f"assumed-role/{CHECKS.ROLE}/monday" in capsys.readouterr().out
    assert "1.1" in [each.get("imageTag") for each in one.names["ecr"].list_images(repositoryName=CHECKS.PROD)["imageIds"]]


# Other right ways: task → what is done instead, after task 1.


def everybody_by_an_inline_policy(one):
    reads = ["ecr:Get*", "ecr:BatchGet*", "ecr:BatchCheck*", "ecr:Describe*", "ecr:List*"]
    one.names["iam"].put_group_policy(GroupName=CHECKS.GROUP, PolicyName="everything", PolicyDocument=policy(allow(reads, "*")))


def ci_push_by_the_repository(one):
    guard(one, CHECKS.PARCELS, let(one.names["people"]["ci"], PUSH))


def ci_push_outside_the_group(one):
    one.names["iam"].remove_user_from_group(GroupName=CHECKS.GROUP, UserName=CHECKS.CI)
    give(one, CHECKS.CI, ON_ALL, allow([*PUSH, "ecr:BatchGetImage"], one.names["parcels"]))


def production_by_the_repository(one):
    one.names["iam"].remove_user_from_group(GroupName=CHECKS.GROUP, UserName=CHECKS.PRODUCTION)
    give(one, CHECKS.PRODUCTION, ON_ALL)
    guard(one, CHECKS.PROD, let(one.names["people"]["production"], PULL))


def keep_by_the_users_name(one):
    deny = {"Effect": "Deny", "Principal": "*", "Action": [*DELETE], "Condition": {"StringNotEquals": {"aws:username": CHECKS.RELEASE}}}
    guard(one, CHECKS.PROD, deny)
    give(one, CHECKS.RELEASE, allow(DELETE[:1], one.names["prod"]))


def keep_by_not_principal(one):
    release, account = one.names["people"]["release"], f"arn:aws:iam::{one.lab.account}:root"
    deny = {"Effect": "Deny", "NotPrincipal": {"AWS": [release, account]}, "Action": [*DELETE]}
    guard(one, CHECKS.PROD, deny, let(release, DELETE[:1]))


def contractor_by_a_condition(one):
    only = {"Condition": {"ArnEquals": {"aws:PrincipalArn": one.names["contractor"]}}}
    guard(one, CHECKS.MAPS, let(f"arn:aws:iam::{one.lab.partner}:root", PULL, **only))


def mend_by_giving_the_deny_its_place(one):
    deny = {"Effect": "Deny", "Action": ["ecr:PutImage", "ecr:BatchDeleteImage"], "Resource": one.names["prod"]}
    version = one.names["iam"].create_policy_version(
        PolicyArn=one.names["draft"], PolicyDocument=policy(allow([*PUSH, DELETE[0]], one.names["parcels"]), deny)
    )
    one.names["iam"].set_default_policy_version(PolicyArn=one.names["draft"], VersionId=version["PolicyVersion"]["VersionId"])


def mend_by_another_policy(one):
    one.names["iam"].detach_user_policy(UserName=CHECKS.DEVELOPER, PolicyArn=one.names["draft"])
    give(one, CHECKS.DEVELOPER, allow([*PUSH, DELETE[0]], one.names["parcels"]))


def boundary_that_denies_what_is_elsewhere(one):
    mend_by_another_policy(one)
    writes = {"Effect": "Deny", "Action": [*PUSH[1:], *DELETE, "ecr:Set*", "ecr:Create*", "ecr:Put*"], "NotResource": one.names["parcels"]}
    limits = one.names["iam"].create_policy(PolicyName=CHECKS.LIMITS, PolicyDocument=policy(allow(["ecr:*"], "*"), writes))["Policy"]["Arn"]
    one.names["iam"].put_user_permissions_boundary(UserName=CHECKS.DEVELOPER, PermissionsBoundary=limits)


def deploy_role_by_a_condition(one):
    trust = let(f"arn:aws:iam::{one.lab.account}:root", ["sts:AssumeRole"], Condition={"ArnEquals": {"aws:PrincipalArn": one.names["people"]["ci"]}})
    one.names["iam"].create_role(RoleName=CHECKS.ROLE, AssumeRolePolicyDocument=policy(trust))
    one.names["iam"].put_role_policy(RoleName=CHECKS.ROLE, PolicyName="deploy", PolicyDocument=policy(ON_ALL, allow(PUSH, one.names["prod"])))
    give(one, CHECKS.CI, allow(["sts:AssumeRole"], f"arn:aws:iam::{one.lab.account}:role/{CHECKS.ROLE}"))


def tracker_by_the_repository(one):
    write = [action.replace("ecr:", "ecr-public:") for action in PUSH]
    one.names["public"].set_repository_policy(repositoryName=CHECKS.TRACKER, policyText=policy(let(one.names["people"]["release"], write)))
    give(one, CHECKS.RELEASE, allow(["ecr-public:GetAuthorizationToken", "sts:GetServiceBearerToken"], "*"))


WAYS = {
    "everybody": [everybody_by_an_inline_policy],
    "ci-push": [ci_push_by_the_repository, ci_push_outside_the_group],
    "production": [production_by_the_repository],
    "keep": [keep_by_the_users_name, keep_by_not_principal],
    "contractor": [contractor_by_a_condition],
    "mend": [mend_by_giving_the_deny_its_place, mend_by_another_policy],
    "boundary": [boundary_that_denies_what_is_elsewhere],
    "deploy-role": [deploy_role_by_a_condition],
    "tracker": [tracker_by_the_repository],
}


@pytest.mark.parametrize(("task", "way"), [(task, way) for task, ways in WAYS.items() for way in ways], ids=lambda each: getattr(each, "__name__", ""))
def test_any_way_that_gets_there_is_right(one, task, way):
    one.take(solve=["everybody"] if task != "everybody" else [])
    way(one)
    verdict = one.guide.verdict(task)
    assert verdict.outcome == DONE, f"{verdict.message} {verdict.next}"
