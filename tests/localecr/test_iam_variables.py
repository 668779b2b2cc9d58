"""Policy variables, as AWS documents them: "IAM policy elements: Variables and tags"."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as some
from policies import ALICE, MINE, ask, holds, identity, statement

HOME = f"arn:aws:ecr:us-east-1:{MINE}:repository/"


def reaches(pattern: str, repository: str, version: str = "2012-10-17", **context) -> bool:
    known = {name.replace("__", ":"): value for name, value in context.items()}
    return ask(ALICE, identity(statement(resource=HOME + pattern), version=version), on=HOME + repository, context=known).allowed


def test_a_user_reaches_what_is_named_after_them():
    assert reaches("${aws:username}/*", "alice/web", aws__username="alice")
    assert not reaches("${aws:username}/*", "bob/web", aws__username="alice")


def test_the_name_of_a_variable_comes_in_any_case():
    assert reaches("${AWS:UserName}", "alice", aws__username="alice")


def test_a_tag_is_a_variable_too():
    assert ask(
        ALICE, identity(statement(resource=HOME + "${aws:PrincipalTag/team}/*")), on=HOME + "blue/web", context={"aws:PrincipalTag/team": "blue"}
    ).allowed


def test_wildcards_in_a_variables_value_are_characters():
    assert not reaches("${aws:username}", "alice", aws__username="*")
    assert not holds("StringLike", "${aws:username}", "alice", aws__username="a*")
    assert holds("StringLike", "${aws:username}", "a*", aws__username="a*")


def test_a_default_stands_in_for_a_missing_value():
    assert reaches("${aws:username, 'anonymous'}/*", "anonymous/web")
    assert reaches("${aws:username, 'anonymous'}/*", "alice/web", aws__username="alice")
    assert reaches("${aws:username, ''}web", "web")


@pytest.mark.parametrize(("written", "means"), [("${*}", "*"), ("${?}", "?"), ("${$}", "$")])
def test_a_special_character_is_written_as_a_variable(written, means):
    assert holds("StringLike", f"a{written}b", f"a{means}b")
    assert not holds("StringLike", f"a{written}b", "axb")
    assert holds("StringEquals", f"a{written}b", f"a{means}b")


def test_a_variable_without_a_value_matches_no_resource():
    assert not reaches("${aws:username}*", "alice")
    excluding = identity({"Effect": "Allow", "Action": "ecr:*", "NotResource": HOME + "${aws:username}"})
    assert ask(ALICE, excluding, on=HOME + "alice").allowed


def test_a_variable_without_a_value_is_like_nothing_and_unlike_everything():
    """AWS: "Policy variables with no value"."""
    assert not holds("StringEquals", "${aws:PrincipalTag/Team}", "blue")
    assert not holds("StringLike", "*${aws:PrincipalTag/Team}*", "blue")
    assert holds("StringNotEquals", "${aws:PrincipalTag/Team}", "blue")
    assert holds("ArnNotLike", "arn:aws:iam::*:user/${aws:username}", "arn:aws:iam::111122223333:user/x")


def test_a_key_with_several_values_is_no_variable():
    assert not holds("StringEquals", "${aws:TagKeys}", "a", aws__TagKeys=("a", "b"))


def test_the_older_version_of_the_language_has_no_variables():
    assert not reaches("${aws:username}", "alice", version="2008-10-17", aws__username="alice")
    assert holds("StringEquals", "${aws:username}", "${aws:username}", version="2008-10-17", aws__username="alice")
    assert holds("StringLike", "${*}", "${anything}", version="2008-10-17")


def test_variables_stand_in_string_arn_and_bool_conditions_only():
    assert holds("Bool", "${aws:SecureTransport}", "true", aws__SecureTransport="true")
    assert holds("ArnEquals", "arn:aws:iam::${aws:PrincipalAccount}:user/*", "arn:aws:iam::111122223333:user/x", aws__PrincipalAccount="111122223333")
    assert not holds("NumericEquals", "${aws:MultiFactorAuthAge}", "5", **{"aws__MultiFactorAuthAge": "5"})
    assert not holds("IpAddress", "${aws:SourceIp}", "10.0.0.1", aws__SourceIp="10.0.0.1")


def test_before_the_fifth_colon_of_a_resource_there_are_no_variables():
    policy = identity(statement(resource=f"arn:aws:ecr:${{aws:RequestedRegion}}:{MINE}:repository/web"))
    assert not ask(ALICE, policy, context={"aws:RequestedRegion": "us-east-1"}).allowed


@given(text=some.text("ab${}*?', :", max_size=20), name=some.text("ab*?$", max_size=5))
def test_any_text_is_read(text, name):
    holds("StringLike", text, "ab", a=name, b=name)
    holds("ArnLike", text, "a:b:a:b:a:b", a=name)
    reaches(text, "ab", a=name, b=name)


@pytest.mark.parametrize("text", ["${" * 60_000, "${" + " " * 60_000 + "'}", "${a" + " " * 60_000 + ",}", "${a," + " " * 60_000 + "}"])
def test_what_nearly_is_a_variable_is_read_as_fast_as_anything(text):
    began = time.process_time()
    assert not reaches(text, "web")
    assert time.process_time() - began < 2
