"""Which texts are policies, and what IAM says of those that are none."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as some
from localecr.iam.documents import MalformedPolicy, read

SYNTAX = "Syntax errors in policy."
ONE = {"Effect": "Allow", "Action": "ecr:*", "Resource": "*"}
GRANT = {"Effect": "Allow", "Principal": "*", "Action": "ecr:*"}


def policy(*statements, **others) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)} | others)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (policy(ONE), "identity"),
        (json.dumps({"Statement": ONE}), "identity"),
        (policy(ONE, Version="2008-10-17", Id="x"), "identity"),
        (policy(ONE | {"Sid": ""}, ONE | {"Sid": ""}), "identity"),
        (policy({"Effect": "Deny", "NotAction": ["ecr:Get*", "*"], "NotResource": ["arn:aws:s3:::b/*"]}), "boundary"),
        (policy(ONE | {"Condition": {"NumericLessThan": {"aws:MultiFactorAuthAge": 3600}, "Bool": {"aws:SecureTransport": True}}}), "session"),
        (policy(ONE | {"Condition": {}}), "identity"),
        (policy(GRANT), "resource"),
        (policy(GRANT | {"Sid": "two words"}, GRANT | {"Sid": "two words"}), "resource"),
        (policy(GRANT | {"Resource": "*"}), "registry"),
        (policy(GRANT | {"Action": "sts:AssumeRole"}), "trust"),
        (policy({"Effect": "Deny", "NotPrincipal": {"AWS": ["111122223333", "arn:aws:iam::111122223333:user/a/b"]}, "Action": "*"}), "resource"),
        (policy(GRANT | {"Principal": {"Service": ["ecs-tasks.amazonaws.com"], "AWS": "arn:aws:sts::111122223333:assumed-role/r/s", "CanonicalUser": "ab"}}), "resource"),
    ],
)
def test_policies_are_read(text, kind):
    assert read(text, kind).statements


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", SYNTAX),
        ("null", SYNTAX),
        ("[]", SYNTAX),
        ("{}", SYNTAX),
        (policy(), SYNTAX),
        (policy(ONE, Version="2012-10-18"), SYNTAX),
        (policy(ONE, version="2012-10-17"), SYNTAX),
        (policy(ONE | {"Effects": "Allow"}), SYNTAX),
        (policy({"Action": "ecr:*", "Resource": "*"}), SYNTAX),
        (policy(ONE | {"Effect": "allow"}), "The policy failed legacy parsing"),
        (policy(ONE | {"Effect": "Permit"}), SYNTAX),
        (policy(ONE | {"NotAction": "ecr:*"}), SYNTAX),
        (policy(ONE | {"NotResource": "*"}), SYNTAX),
        (policy(ONE | {"Action": 5}), SYNTAX),
        (policy(ONE | {"Action": [["ecr:*"]]}), SYNTAX),
        (policy(ONE | {"Resource": {"a": "b"}}), SYNTAX),
        (policy(ONE | {"Condition": {"StringEquals": "x"}}), SYNTAX),
        (policy(ONE | {"Condition": {"StringEqual": {"aws:x": "y"}}}), SYNTAX),
        (policy(ONE | {"Condition": {"NullIfExists": {"aws:x": "true"}}}), SYNTAX),
        (policy(ONE | {"Condition": {"ForSomeValues:StringEquals": {"aws:x": "y"}}}), SYNTAX),
        (policy(ONE | {"Condition": {"StringEquals": {"aws:x": None}}}), SYNTAX),
        (policy(ONE | {"Condition": {"DateLessThan": {"aws:CurrentTime": "tomorrow"}}}), "The policy failed legacy parsing"),
        (policy(ONE | {"Principal": "*"}), "Policy document should not specify a principal."),
        (policy({"Effect": "Allow", "Resource": "*"}), "Policy statement must contain actions."),
        (policy(ONE | {"Action": []}), "Policy statement must contain actions."),
        (policy({"Effect": "Allow", "Action": "ecr:*"}), "Policy statement must contain resources."),
        (policy(ONE | {"Resource": []}), "Policy statement must contain resources."),
        (policy(ONE | {"Action": "PutImage"}), "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."),
        (policy(ONE | {"Condition": {"StringEquals": {"username": "x"}}}), "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."),
        (policy(ONE | {"Action": "ecr:Put:Image"}), "Actions/Condition can contain only one colon."),
        (policy(ONE | {"Action": "e*r:PutImage"}), "Vendor e*r is not valid"),
        (policy(ONE | {"Resource": "web"}), 'Resource web must be in ARN format or "*".'),
        (policy(ONE | {"Resource": ["*", "repository/web"]}), 'Resource repository/web must be in ARN format or "*".'),
        (policy(ONE | {"Resource": "arn:azure:ecr:::x"}), 'Partition "azure" is not valid for resource "arn:azure:ecr:::x".'),
        (policy(ONE | {"Resource": "arn:aws"}), "Resource vendor must be fully qualified and cannot contain regexes."),
        (policy(ONE | {"Sid": "a"}, ONE | {"Sid": "a"}), "Statement IDs (SID) in a single policy must be unique."),
        (
            policy(ONE | {"Sid": "two words"}),
            "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*",
        ),
    ],
)
def test_iam_says_what_is_wrong_with_an_identity_policy(text, reason):
    with pytest.raises(MalformedPolicy) as refused:
        read(text)
    assert refused.value.reason == reason


@pytest.mark.parametrize(
    ("text", "kind", "reason"),
    [
        (policy(ONE), "resource", "Missing required field Principal"),
        (policy(GRANT), "registry", "Policy statement must contain resources."),
        (policy(GRANT), "trust", "AssumeRole policy may only specify STS AssumeRole actions."),
        (policy(GRANT | {"Action": "sts:AssumeRole", "Resource": "*"}), "trust", "Has prohibited field Resource"),
        (policy(GRANT | {"Principal": {}}), "resource", SYNTAX),
        (policy(GRANT | {"Principal": "alice"}), "resource", SYNTAX),
        (policy(GRANT | {"Principal": {"Group": "x"}}), "resource", SYNTAX),
        (policy(GRANT | {"NotPrincipal": "*"}), "resource", SYNTAX),
        (
            policy(GRANT | {"Principal": {"AWS": "arn:aws:iam::111122223333:user/*"}}),
            "resource",
            'Invalid principal in policy: "AWS":"arn:aws:iam::111122223333:user/*"',
        ),
        (
            policy(GRANT | {"Principal": {"AWS": "arn:aws:iam::111122223333:group/admins"}}),
            "resource",
            'Invalid principal in policy: "AWS":"arn:aws:iam::111122223333:group/admins"',
        ),
        (policy(GRANT | {"Principal": {"Service": "lambda"}}), "resource", 'Invalid principal in policy: "Service":"lambda"'),
    ],
)
def test_other_kinds_of_policy_have_rules_of_their_own(text, kind, reason):
    with pytest.raises(MalformedPolicy) as refused:
        read(text, kind)
    assert refused.value.reason == reason


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        '{"Statement":' * 50_000,
        '{"Version": NaN, "Statement": []}',
        '{"Statement": {"Effect": "Allow", "Effect": "Deny", "Action": "*", "Resource": "*"}}',
        '{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"Null": {"aws:a": "true", "aws:a": "false"}}}}',
        '{"Statement": {"Effect": "Allow", "Action": "\\ud800:x", "Resource": "*"}}',
        '{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}, "Id": "' + "x" * 200_000 + '"}',
        '{"Statement": ' + "9" * 100_000 + "}",
        policy(ONE) + "x",
        "\x00",
    ],
    ids=["deep lists", "deep objects", "NaN", "an element twice", "a key twice", "half a character", "huge", "a huge number", "a tail", "a null byte"],
)
def test_hostile_texts_end_in_the_error(text):
    with pytest.raises(MalformedPolicy) as refused:
        read(text)
    assert refused.value.reason == SYNTAX


NESTED = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats() | some.text(max_size=5),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.sampled_from(["Effect", "Action", "Resource", "Principal", "Condition", "AWS", "x"]), inner, max_size=4),
    max_leaves=12,
)


@given(given=NESTED, kind=some.sampled_from(["identity", "resource", "trust", "registry", "session", "boundary"]))
def test_any_json_is_a_policy_or_the_error(given, kind):
    for text in (json.dumps(given), policy(given), policy({"Effect": "Allow", "Action": given, "Resource": "*", "Principal": given, "Condition": given})):
        try:
            read(text, kind)
        except MalformedPolicy as error:
            assert error.reason


def test_a_text_is_read_once():
    text = policy(ONE | {"Sid": "Once"})
    assert read(text) is read(text)
