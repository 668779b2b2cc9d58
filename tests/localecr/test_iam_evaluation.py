"""Who may do what: AWS's "Policy evaluation logic" and "Determining whether a request is allowed or denied", as decision tables."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as some
from localecr.iam.evaluation import Source
from policies import (
    ALICE,
    BOB,
    DEPLOY,
    LAMBDA,
    MINE,
    NOBODY,
    PARTNERS,
    ROOT,
    WEB,
    ask,
    boundary,
    document,
    grant,
    identity,
    resource,
    session,
    statement,
    trust,
)

ALLOW, DENY = statement(), statement("Deny")
BOUNDARY = boundary(statement())
TIGHT = boundary(statement(action="s3:*"))
OTHER = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
ARN = {"user": ALICE.arn, "role": DEPLOY.entity_arn, "session": DEPLOY.arn, "account": f"arn:aws:iam::{MINE}:root"}
IDENTITY = "because no identity-based policy allows the ecr:PutImage action"
RESOURCE = "because no resource-based policy allows the ecr:PutImage action"
WITHIN = "because no permissions boundary allows the ecr:PutImage action"
SESSION = "because no session policy allows the ecr:PutImage action"
ALLOWED = None

WITHIN_AN_ACCOUNT = [
    # who, the policies, AWS's words if it is refused
    (ALICE, [], IDENTITY),
    (ALICE, [identity(ALLOW)], ALLOWED),
    (ALICE, [identity(OTHER)], IDENTITY),
    (ALICE, [resource(grant({"AWS": ARN["user"]}))], ALLOWED),
    (ALICE, [resource(grant({"AWS": "AIDAALICEALICE"}))], ALLOWED),
    (ALICE, [resource(grant("*"))], ALLOWED),
    (ALICE, [resource(grant({"AWS": ["*"]}))], ALLOWED),
    (ALICE, [resource(grant({"AWS": f"arn:aws:iam::{MINE}:user/Alice"}))], IDENTITY),
    (ALICE, [resource(grant({"Service": "lambda.amazonaws.com"}))], IDENTITY),
    # naming the account leaves the choice to the account's own policies
    (ALICE, [resource(grant({"AWS": MINE}))], IDENTITY),
    (ALICE, [resource(grant({"AWS": ARN["account"]})), identity(ALLOW)], ALLOWED),
    # boundaries
    (ALICE, [identity(ALLOW), BOUNDARY], ALLOWED),
    (ALICE, [identity(ALLOW), TIGHT], WITHIN),
    (ALICE, [BOUNDARY], IDENTITY),
    (ALICE, [TIGHT, resource(grant({"AWS": ARN["user"]}))], ALLOWED),
    (ALICE, [TIGHT, resource(grant({"AWS": MINE})), identity(ALLOW)], WITHIN),
    (ALICE, [boundary(DENY), resource(grant({"AWS": ARN["user"]}))], "with an explicit deny in a permissions boundary"),
    # sessions of roles
    (DEPLOY, [identity(ALLOW)], ALLOWED),
    (DEPLOY, [identity(ALLOW), session(OTHER)], SESSION),
    (DEPLOY, [identity(ALLOW), session(OTHER), session(ALLOW)], ALLOWED),
    (DEPLOY, [session(ALLOW)], IDENTITY),
    (DEPLOY, [identity(ALLOW), TIGHT, session(ALLOW)], WITHIN),
    (DEPLOY, [resource(grant({"AWS": ARN["role"]}))], ALLOWED),
    (DEPLOY, [resource(grant({"AWS": "AROADEPLOYDEPLOY"}))], ALLOWED),
    (DEPLOY, [resource(grant({"AWS": ARN["role"]})), TIGHT], WITHIN),
    (DEPLOY, [resource(grant({"AWS": ARN["role"]})), session(OTHER)], SESSION),
    (DEPLOY, [resource(grant({"AWS": ARN["session"]})), TIGHT, session(OTHER)], ALLOWED),
    (DEPLOY, [resource(grant({"AWS": ARN["session"]})), session(DENY)], "with an explicit deny in a session policy"),
    (DEPLOY, [resource(grant({"AWS": f"arn:aws:sts::{MINE}:assumed-role/deploy/tuesday"}))], IDENTITY),
    # AWS: with a wildcard for the principal, boundaries and session policies limit only by an explicit deny
    (DEPLOY, [resource(grant("*", Condition={"ArnEquals": {"aws:PrincipalArn": DEPLOY.entity_arn}})), TIGHT, session(OTHER)], ALLOWED),
    # explicit denies
    (ALICE, [identity(ALLOW, DENY)], "with an explicit deny in an identity-based policy"),
    (ALICE, [identity(ALLOW), resource(grant({"AWS": MINE}, "Deny"))], "with an explicit deny in a resource-based policy"),
    (ROOT, [resource(grant({"AWS": MINE}, "Deny"))], "with an explicit deny in a resource-based policy"),
    (ROOT, [], ALLOWED),
]


@pytest.mark.parametrize(("who", "sources", "refused"), WITHIN_AN_ACCOUNT)
def test_within_an_account(who, sources, refused):
    verdict = ask(who, *sources, context={"aws:PrincipalArn": who.entity_arn or who.arn})
    assert verdict.allowed is (refused is ALLOWED)
    assert verdict.allowed or verdict.because == refused


ACROSS_ACCOUNTS = [
    (BOB, [identity(ALLOW)], RESOURCE),
    (BOB, [resource(grant({"AWS": PARTNERS}))], IDENTITY),
    (BOB, [identity(ALLOW), resource(grant({"AWS": PARTNERS}))], ALLOWED),
    (BOB, [identity(ALLOW), resource(grant({"AWS": BOB.arn}))], ALLOWED),
    (BOB, [resource(grant({"AWS": BOB.arn}))], IDENTITY),
    (BOB, [resource(grant("*"))], IDENTITY),
    (BOB, [identity(ALLOW), resource(grant({"AWS": MINE}))], RESOURCE),
    (BOB, [identity(ALLOW), TIGHT, resource(grant({"AWS": BOB.arn}))], WITHIN),
    (BOB, [identity(ALLOW), resource(grant("*"), grant("*", "Deny"))], "with an explicit deny in a resource-based policy"),
    (BOB, [], RESOURCE),
    # without policies of their own
    (NOBODY, [], RESOURCE),
    (NOBODY, [resource(grant("*"))], ALLOWED),
    (NOBODY, [resource(grant({"AWS": MINE}))], RESOURCE),
    (LAMBDA, [resource(grant({"Service": "lambda.amazonaws.com"}))], ALLOWED),
    (LAMBDA, [resource(grant({"Service": "codebuild.amazonaws.com"}))], RESOURCE),
    (LAMBDA, [resource(grant({"AWS": MINE}))], RESOURCE),
]


@pytest.mark.parametrize(("who", "sources", "refused"), ACROSS_ACCOUNTS)
def test_across_accounts_and_for_strangers_and_services(who, sources, refused):
    verdict = ask(who, *sources)
    assert verdict.allowed is (refused is ALLOWED)
    assert verdict.allowed or verdict.because == refused


TRUSTED = "because no role trust policy allows the sts:AssumeRole action"
ROLE = f"arn:aws:iam::{MINE}:role/ci/deploy"
MAY = identity(statement(action="sts:AssumeRole"))


@pytest.mark.parametrize(
    ("who", "sources", "refused"),
    [
        (ALICE, [MAY, trust(grant({"AWS": BOB.arn}, action="sts:AssumeRole"))], TRUSTED),
        (ALICE, [trust(grant({"AWS": ALICE.arn}, action="sts:AssumeRole"))], ALLOWED),
        (ALICE, [trust(grant({"AWS": MINE}, action="sts:AssumeRole"))], "because no identity-based policy allows the sts:AssumeRole action"),
        (ALICE, [trust(grant({"AWS": MINE}, action="sts:AssumeRole")), MAY], ALLOWED),
        (BOB, [trust(grant({"AWS": PARTNERS}, action="sts:AssumeRole"))], "because no identity-based policy allows the sts:AssumeRole action"),
        (BOB, [trust(grant({"AWS": PARTNERS}, action="sts:AssumeRole")), MAY], ALLOWED),
        (ALICE, [MAY, trust(grant("*", "Deny", "sts:*"), grant("*", action="sts:*"))], "with an explicit deny in the role trust policy"),
        (LAMBDA, [trust(grant({"Service": "lambda.amazonaws.com"}, action="sts:AssumeRole"))], ALLOWED),
    ],
)
def test_a_role_is_assumed_only_by_whom_its_trust_policy_trusts(who, sources, refused):
    verdict = ask(who, *sources, action="sts:AssumeRole", on=ROLE)
    assert verdict.allowed is (refused is ALLOWED)
    assert verdict.allowed or verdict.because == refused


@pytest.mark.parametrize(
    ("who", "excepted", "denied"),
    [
        (ALICE, [ALICE.arn, ARN["account"]], False),
        (ALICE, [ALICE.arn, MINE], False),
        (ALICE, [ALICE.arn], True),
        (ALICE, [ARN["account"]], True),
        (ALICE, ["*"], False),
        (DEPLOY, [ARN["session"], ARN["role"], ARN["account"]], False),
        (DEPLOY, [ARN["role"], ARN["account"]], True),
        (DEPLOY, [ARN["session"], ARN["account"]], True),
        (NOBODY, [ALICE.arn, ARN["account"]], True),
    ],
)
def test_a_denying_not_principal_must_except_account_role_and_session(who, excepted, denied):
    policy = resource(grant("*"), {"Effect": "Deny", "NotPrincipal": {"AWS": excepted}, "Action": "ecr:*"})
    assert ask(who, policy).allowed is not denied


def test_an_allowing_not_principal_lets_everybody_else_in():
    policy = resource({"Effect": "Allow", "NotPrincipal": {"AWS": ALICE.arn}, "Action": "ecr:*"})
    assert not ask(ALICE, policy).allowed
    assert ask(DEPLOY, policy).allowed and ask(NOBODY, policy).allowed


def test_actions_are_compared_without_case_and_resources_with_it():
    assert ask(ALICE, identity(statement(action="ECR:putIMAGE"))).allowed
    assert not ask(ALICE, identity(statement(resource=WEB.upper().replace("ARN:AWS", "arn:aws")))).allowed


def test_get_authorization_token_is_granted_on_every_resource_only():
    """AWS: Actions, resources, and condition keys for Amazon ECR. The trap: it has no resource type, though policies in the documentation name one."""
    asked = {"action": "ecr:GetAuthorizationToken", "on": "*"}
    assert ask(ALICE, identity(statement(resource="*")), **asked).allowed
    assert not ask(ALICE, identity(statement(resource=f"arn:aws:ecr:us-east-1:{MINE}:repository/*")), **asked).allowed
    assert not ask(ALICE, identity(statement(resource="arn:aws:ecr:*")), **asked).allowed


@pytest.mark.parametrize(
    ("pattern", "fits"),
    [
        (WEB, True),
        (f"arn:aws:ecr:*:{MINE}:repository/*", True),
        ("arn:aws:ecr:us-east-1:*:repository/w?b", True),
        ("arn:aws:ecr:*", True),
        ("arn:*:ecr:*:*:*", True),
        ("arn:aws:ecr:us-east-1:111122223333:repository/we", False),
        ("arn:aws:ecr-public:*:*:repository/*", False),
        ("arn:aws:ecr:us-west-*:*:repository/*", False),
    ],
)
def test_resources_are_matched_by_pattern(pattern, fits):
    assert ask(ALICE, identity(statement(resource=pattern))).allowed is fits
    excluding = identity({"Effect": "Allow", "Action": "ecr:*", "NotResource": pattern})
    assert ask(ALICE, excluding).allowed is not fits


DOCUMENTED = {
    # AWS: Private repository policy examples in Amazon ECR
    "push and pull": [
        grant(
            {"AWS": [ALICE.arn, f"arn:aws:iam::{MINE}:user/other"]},
            action=["ecr:BatchGetImage", "ecr:BatchCheckLayerAvailability", "ecr:CompleteLayerUpload", "ecr:GetDownloadUrlForLayer", "ecr:PutImage"],
        )
    ],
    "another account pushes": [grant({"AWS": f"arn:aws:iam::{PARTNERS}:root"}, action=["ecr:PutImage", "ecr:UploadLayerPart"])],
    "nobody pulls": [grant("*", "Deny", ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"])],
    "only from one network": [grant("*", "Deny", "ecr:*", Condition={"NotIpAddress": {"aws:SourceIp": "54.240.143.0/24"}})],
    "a build of ours": [
        grant(
            {"Service": "codebuild.amazonaws.com"},
            action=["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            Condition={"ArnLike": {"aws:SourceArn": f"arn:aws:codebuild:us-east-1:{MINE}:project/p"}, "StringEquals": {"aws:SourceAccount": MINE}},
        )
    ],
}


@pytest.mark.parametrize(
    ("policy", "who", "action", "context", "own", "allowed"),
    [
        ("push and pull", ALICE, "ecr:PutImage", {}, False, True),
        ("push and pull", ALICE, "ecr:DeleteRepository", {}, False, False),
        ("another account pushes", BOB, "ecr:PutImage", {}, True, True),
        ("another account pushes", BOB, "ecr:PutImage", {}, False, False),
        ("another account pushes", BOB, "ecr:BatchGetImage", {}, True, False),
        ("nobody pulls", ALICE, "ecr:BatchGetImage", {}, True, False),
        ("nobody pulls", ALICE, "ecr:PutImage", {}, True, True),
        ("only from one network", ALICE, "ecr:PutImage", {"aws:SourceIp": "54.240.143.9"}, True, True),
        ("only from one network", ALICE, "ecr:PutImage", {"aws:SourceIp": "54.240.144.9"}, True, False),
        ("only from one network", ALICE, "ecr:PutImage", {}, True, False),
    ],
)
def test_documented_repository_policies(policy, who, action, context, own, allowed):
    sources = [resource(*DOCUMENTED[policy])] + ([identity(ALLOW)] if own else [])
    assert ask(who, *sources, action=action, context=context).allowed is allowed


def test_a_service_is_let_in_on_behalf_of_the_right_project_only():
    codebuild = replace(LAMBDA, arn="codebuild.amazonaws.com")
    ours = {"aws:SourceArn": f"arn:aws:codebuild:us-east-1:{MINE}:project/p", "aws:SourceAccount": MINE}
    policy = resource(*DOCUMENTED["a build of ours"])
    assert ask(codebuild, policy, action="ecr:BatchGetImage", context=ours).allowed
    assert not ask(codebuild, policy, action="ecr:BatchGetImage", context=ours | {"aws:SourceAccount": PARTNERS}).allowed
    assert not ask(codebuild, policy, action="ecr:BatchGetImage", context=ours | {"aws:SourceArn": "arn:aws:codebuild:us-east-1:111122223333:project/q"}).allowed


def test_deny_by_a_repositorys_tag():
    """AWS's example: allow everything, deny what is tagged environment = prod."""
    policy = identity(statement(), statement("Deny", Condition={"StringEquals": {"ecr:ResourceTag/environment": "prod"}}))
    assert not ask(ALICE, policy, context={"ecr:ResourceTag/environment": "prod"}).allowed
    assert ask(ALICE, policy, context={"ecr:ResourceTag/environment": "test"}).allowed
    assert ask(ALICE, policy).allowed


def test_several_conditions_must_all_hold():
    policy = identity(statement(Condition={"StringEquals": {"aws:A": "1", "aws:B": ["2", "3"]}, "Bool": {"aws:SecureTransport": "true"}}))
    good = {"aws:A": "1", "aws:B": "3", "aws:SecureTransport": "true"}
    assert ask(ALICE, policy, context=good).allowed
    for key in good:
        assert not ask(ALICE, policy, context=good | {key: "other"}).allowed
        assert not ask(ALICE, policy, context={name: value for name, value in good.items() if name != key}).allowed


def test_a_registry_policy_is_one_more_resource_policy():
    policy = document(grant({"AWS": PARTNERS}, Resource=f"arn:aws:ecr:us-east-1:{MINE}:repository/*"), kind="registry")
    verdict = ask(BOB, identity(ALLOW), Source("registry", "the registry policy", policy))
    assert verdict.allowed
    assert [each.source.kind for each in verdict.decided_by] == ["registry", "identity"]


def test_the_verdict_names_the_statement_that_decided():
    verdict = ask(ALICE, identity(statement(action="ecr:Get*"), statement(Sid="AllowPush")), resource(grant("*", "Deny", "ecr:Delete*")))
    (decided,) = verdict.decided_by
    assert (decided.statement.sid, decided.statement.index) == ("AllowPush", 1)
    assert json.loads(decided.statement.text)["Sid"] == "AllowPush"
    assert verdict.because == "because an identity-based policy allows the ecr:PutImage action"


def test_the_steps_tell_the_order_of_evaluation():
    steps = ask(ALICE, identity(statement(Sid="Push")), TIGHT).steps
    assert [each.about for each in steps] == ["explicit deny", "resource-based policies", "identity-based policies", "permissions boundary"]
    assert [each.outcome for each in steps] == ["doesn't allow", "isn't there", "allows", "doesn't allow"]
    assert steps[2].sentence == "Statement 1 (Push) of the policy of a user allows it."
    denied = ask(ALICE, identity(statement("Deny", Sid="Stop"))).steps
    assert [(each.about, each.outcome, each.decides) for each in denied] == [("explicit deny", "denies", True)]


# properties

ACTIONS = some.sampled_from(["*", "ecr:*", "ecr:Put*", "ecr:PutImage", "ecr:?utImage", "ecr:Get*", "s3:*"])
RESOURCES = some.sampled_from(["*", WEB, "arn:aws:ecr:*:*:repository/w*", "arn:aws:ecr:*:*:repository/${aws:username}", "arn:aws:s3:::b"])
PEOPLE = some.sampled_from(["*", {"AWS": ALICE.arn}, {"AWS": MINE}, {"AWS": [DEPLOY.arn, PARTNERS]}, {"AWS": DEPLOY.entity_arn}, {"AWS": BOB.arn}])
CONDITIONS = some.sampled_from(
    [{}, {"StringEquals": {"aws:username": "web"}}, {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, {"Null": {"aws:username": "true"}}, {"StringNotLike": {"aws:username": "w*"}}]
)
WHO = some.sampled_from([ALICE, BOB, DEPLOY, ROOT, LAMBDA, NOBODY])
CONTEXTS = some.sampled_from([{}, {"aws:username": "web"}, {"aws:username": "alice", "aws:SourceIp": "10.1.1.1"}])


@some.composite
def statements(draw, effect=some.sampled_from(["Allow", "Allow", "Deny"]), people=False):
    made = {"Effect": draw(effect), draw(some.sampled_from(["Action", "NotAction"])): draw(some.lists(ACTIONS, min_size=1, max_size=2))}
    made[draw(some.sampled_from(["Resource", "NotResource"]))] = draw(some.lists(RESOURCES, min_size=1, max_size=2))
    made["Condition"] = draw(CONDITIONS)
    if people:
        made[draw(some.sampled_from(["Principal", "Principal", "NotPrincipal"]))] = draw(PEOPLE)
    return made


KINDS = {"identity": identity, "resource": resource, "boundary": boundary, "session": session}


@some.composite
def worlds(draw):
    """Some policies: (kind, statements) each."""
    kinds = draw(some.lists(some.sampled_from(["identity", "identity", "resource", "boundary", "session"]), max_size=4))
    return [(kind, draw(some.lists(statements(people=kind == "resource"), min_size=1, max_size=3))) for kind in kinds]


def decide(who, world, context):
    return ask(who, *(KINDS[kind](*parts) for kind, parts in world), context=context)


@given(who=WHO, world=worlds(), context=CONTEXTS, data=some.data())
def test_one_more_deny_never_allows_more(who, world, context, data):
    before = decide(who, world, context).allowed
    for place, (kind, parts) in enumerate(world):
        extra = data.draw(statements(some.just("Deny"), people=kind == "resource"))
        more = [*world[:place], (kind, [*parts, extra]), *world[place + 1 :]]
        assert before or not decide(who, more, context).allowed


@given(who=WHO, world=worlds(), context=CONTEXTS, data=some.data())
def test_one_more_allow_never_refuses_more(who, world, context, data):
    before = decide(who, world, context).allowed
    for place, (kind, parts) in enumerate(world):
        extra = data.draw(statements(some.just("Allow"), people=kind == "resource"))
        more = [*world[:place], (kind, [*parts, extra]), *world[place + 1 :]]
        assert decide(who, more, context).allowed or not before


@given(who=WHO, world=worlds(), context=CONTEXTS, random=some.randoms(use_true_random=False))
def test_order_never_matters(who, world, context, random):
    before = decide(who, world, context)
    shuffled = [(kind, random.sample(parts, len(parts))) for kind, parts in random.sample(world, len(world))]
    after = decide(who, shuffled, context)
    assert (before.decision, before.because, before.by_type) == (after.decision, after.because, after.by_type)


@given(patterns=some.lists(ACTIONS, min_size=1, max_size=3), places=some.lists(RESOURCES, min_size=1, max_size=3))
def test_not_action_and_not_resource_are_complements(patterns, places):
    by_action = [ask(ALICE, identity({"Effect": "Allow", name: patterns, "Resource": "*"})).allowed for name in ("Action", "NotAction")]
    by_resource = [ask(ALICE, identity({"Effect": "Allow", "Action": "*", name: places})).allowed for name in ("Resource", "NotResource")]
    assert sorted(by_action) == sorted(by_resource) == [False, True]


@given(who=WHO, world=worlds(), context=CONTEXTS)
def test_the_decision_follows_from_what_the_types_say(who, world, context):
    verdict = decide(who, world, context)
    assert verdict.allowed is (verdict.decision == "allowed")
    assert (verdict.decision == "explicitDeny") is ("explicitDeny" in verdict.by_type.values())
    assert all(each.statement.effect == ("Allow" if verdict.allowed else "Deny") for each in verdict.decided_by)
    assert verdict.steps and all(each.sentence.endswith(".") for each in verdict.steps)
