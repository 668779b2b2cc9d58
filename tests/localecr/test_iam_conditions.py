"""Condition operators, as AWS documents them: "IAM JSON policy elements: Condition operators"."""

from __future__ import annotations

import re
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as some
from policies import holds

TABLE = [
    # operator, the policy's values, the request's, whether the condition holds
    ("StringEquals", "web", "web", True),
    ("StringEquals", "web", "Web", False),
    ("StringEquals", ["api", "web"], "web", True),
    ("StringEquals", "w*", "web", False),
    ("StringEquals", "w*", "w*", True),
    ("StringNotEquals", "web", "Web", True),
    ("StringNotEquals", ["api", "web"], "web", False),
    ("StringEqualsIgnoreCase", "web", "WEB", True),
    ("StringNotEqualsIgnoreCase", "web", "WEB", False),
    ("StringLike", "team-*/a?i", "team-x/y/api", True),
    ("StringLike", "team-*", "Team-x", False),
    ("StringLike", ["x", "team-?"], "team-", False),
    ("StringNotLike", ["x*", "y*"], "yes", False),
    ("StringNotLike", ["x*", "y*"], "no", True),
    ("NumericEquals", "10", "10.0", True),
    ("NumericEquals", 10, "10", True),
    ("NumericNotEquals", ["1", "2"], "2", False),
    ("NumericNotEquals", ["1", "2"], "3", True),
    ("NumericLessThan", "10", "9.99", True),
    ("NumericLessThan", "10", "10", False),
    ("NumericLessThanEquals", "10", "10", True),
    ("NumericGreaterThan", "-1", "0", True),
    ("NumericGreaterThanEquals", "10", "9", False),
    ("NumericEquals", "ten", "ten", False),
    ("NumericLessThan", "100", "99999999999999999999999999", False),
    ("DateEquals", "2020-04-01T00:00:00Z", "2020-04-01", True),
    ("DateEquals", "2020-04-01T02:00:00+02:00", "2020-04-01T00:00:00Z", True),
    ("DateEquals", "1585699200", "2020-04-01T00:00:00Z", True),
    ("DateNotEquals", "2020-04-01", "2020-04-01T00:00:00.5Z", True),
    ("DateLessThan", "2020-07", "2020-06-30T23:59:59Z", True),
    ("DateLessThanEquals", "2020-07", "2020-07-01T00:00Z", True),
    ("DateGreaterThan", "2020-01-01T00:00:01Z", "2020-01-01T00:00:01.001Z", True),
    ("DateGreaterThanEquals", "2020-01-02", "2020-01-01", False),
    ("DateGreaterThan", "2020-01-01", "yesterday", False),
    ("Bool", "true", "true", True),
    ("Bool", True, "TRUE", True),
    ("Bool", False, "true", False),
    ("Bool", "yes", "yes", False),
    ("BinaryEquals", "QmluYXJ5VmFsdWVJbkJhc2U2NA==", "QmluYXJ5VmFsdWVJbkJhc2U2NA==", True),
    ("BinaryEquals", "QmluYXJ5", "QmluYXJ6", False),
    ("IpAddress", "203.0.113.0/24", "203.0.113.255", True),
    ("IpAddress", "203.0.113.0/24", "203.0.114.0", False),
    ("IpAddress", "203.0.113.7", "203.0.113.7", True),
    ("IpAddress", ["203.0.113.0/24", "2001:DB8:1234:5678::/64"], "2001:db8:1234:5678::1", True),
    ("IpAddress", "0.0.0.0/0", "2001:db8::1", False),
    ("IpAddress", "203.0.113.0/24", "nowhere", False),
    ("NotIpAddress", ["203.0.113.0/24", "198.51.100.0/24"], "198.51.100.3", False),
    ("NotIpAddress", "203.0.113.0/24", "198.51.100.3", True),
    ("ArnEquals", "arn:aws:sns:*:123456789012:TOPIC-ID", "arn:aws:sns:us-east-1:123456789012:TOPIC-ID", True),
    ("ArnLike", "arn:aws:sns:*:123456789012:TOPIC-?D", "arn:aws:sns:us-east-1:123456789012:TOPIC-ID", True),
    ("ArnLike", "arn:aws:s3:::bucket/*", "arn:aws:s3:::bucket/a:b/c", True),
    ("ArnLike", "arn:aws:sns:us-east-1:123456789012", "arn:aws:sns:us-east-1:123456789012:TOPIC", False),
    ("ArnNotEquals", "arn:aws:sns:*:*:a", "arn:aws:sns:us-east-1:123456789012:b", True),
    ("ArnNotLike", "arn:aws:sns:*:*:*", "arn:aws:sns:us-east-1:123456789012:b", False),
    ("Null", "true", None, True),
    ("Null", "true", "x", False),
    ("Null", False, "x", True),
    ("Null", "false", None, False),
]


@pytest.mark.parametrize(("operator", "wanted", "said", "expected"), TABLE)
def test_an_operator_compares_as_documented(operator, wanted, said, expected):
    assert holds(operator, wanted, said) is expected


def test_a_string_operator_may_match_where_the_arn_operator_does_not():
    """AWS's own example: each part of an ARN is looked at by itself."""
    pattern = "arn:aws:someservice:*:111122223333:finance/*"
    value = "arn:aws:someservice:us-east-2:999999999999:store/abc:111122223333:finance/document.txt"
    assert holds("StringLike", pattern, value)
    assert not holds("ArnLike", pattern, value)


POSITIVE = [
    "StringEquals", "StringEqualsIgnoreCase", "StringLike", "NumericEquals", "NumericLessThan", "NumericLessThanEquals", "NumericGreaterThan",
    "NumericGreaterThanEquals", "DateEquals", "DateLessThan", "DateLessThanEquals", "DateGreaterThan", "DateGreaterThanEquals", "Bool",
    "BinaryEquals", "IpAddress", "ArnEquals", "ArnLike",
]  # fmt: skip
NEGATED = {
    "StringNotEquals": "StringEquals", "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase", "StringNotLike": "StringLike",
    "NumericNotEquals": "NumericEquals", "DateNotEquals": "DateEquals", "NotIpAddress": "IpAddress", "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
}  # fmt: skip
DATES = [each for each in POSITIVE + list(NEGATED) if each.startswith("Date")]


@pytest.mark.parametrize("operator", POSITIVE)
def test_without_the_key_a_positive_operator_fails_unless_it_says_if_exists(operator):
    value = "2020-01-01" if operator in DATES else "1"
    assert not holds(operator, value, None)
    assert holds(operator + "IfExists", value, None)
    assert holds("ForAllValues:" + operator, value, None)
    assert not holds("ForAnyValue:" + operator, value, None)


@pytest.mark.parametrize("operator", NEGATED)
def test_without_the_key_a_negated_operator_holds(operator):
    value = "2020-01-01" if operator in DATES else "1"
    assert holds(operator, value, None)
    assert holds(operator + "IfExists", value, None)
    assert holds("ForAllValues:" + operator, value, None)
    assert not holds("ForAnyValue:" + operator, value, None)


def test_if_exists_asks_as_ever_where_the_key_is_there():
    assert not holds("StringEqualsIfExists", "web", "api")
    assert holds("StringEqualsIfExists", "web", "web")


REQUESTED = ("PostDateTime", "Message", "Tags")


@pytest.mark.parametrize(
    ("operator", "said", "expected"),
    [
        ("ForAllValues:StringLike", ("PostDateTime", "Message"), True),
        ("ForAllValues:StringLike", ("PostDateTime", "UserName"), False),
        ("ForAllValues:StringLike", (), True),
        ("ForAllValues:StringEquals", "", True),
        ("ForAnyValue:StringLike", ("UserName", "Message"), True),
        ("ForAnyValue:StringLike", ("UserName", "ID"), False),
        ("ForAnyValue:StringLike", (), False),
        ("ForAnyValue:StringEquals", "", False),
        ("ForAllValues:StringNotEquals", ("UserName", "ID"), True),
        ("ForAllValues:StringNotEquals", ("UserName", "Tags"), False),
        ("ForAnyValue:StringNotEquals", ("UserName", "Tags"), True),
        ("ForAnyValue:StringNotEquals", ("Message", "Tags"), False),
        ("ForAnyValue:StringEquals", "Tags", True),
    ],
)
def test_set_operators_ask_each_value_of_the_request(operator, said, expected):
    assert holds(operator, list(REQUESTED), said, key="dynamodb:requestedAttributes") is expected


def test_a_plain_operator_on_a_key_with_several_values_is_content_with_one():
    assert holds("StringEquals", "a", ("b", "a"), key="aws:TagKeys")
    assert not holds("StringNotEquals", "a", ("b", "a"), key="aws:TagKeys")


def test_names_of_keys_and_operators_come_in_any_case():
    assert holds("stringequals", "x", "x", key="AWS:SourceVpc")
    assert holds("forallvalues:StringLIKEifexists", "x*", ("xy",))


values = some.sampled_from(["", "a", "A", "ab", "a*", "?", "1", "01", "1.0", "-2", "2020-01-01", "10.0.0.1", "10.0.0.0/8", "::1", "true"]) | some.text("ab*?", max_size=6)


@pytest.mark.parametrize("operator", NEGATED)
@given(data=some.data())
def test_a_negated_operator_is_the_opposite_of_its_positive(operator, data):
    wanted = data.draw(some.lists(some.sampled_from(["2020-01-01", "1", "2020"]) if operator in DATES else values, min_size=1, max_size=3))
    said = data.draw(values)
    assert holds(operator, wanted, said) is not holds(NEGATED[operator], wanted, said)
    several = tuple(data.draw(some.lists(some.sampled_from(["1", "2020-01-01", "a", "b"]), min_size=1, max_size=3)))
    assert holds("ForAllValues:" + operator, wanted, several) is not holds("ForAnyValue:" + NEGATED[operator], wanted, several)


def oracle(pattern: str, text: str) -> bool:
    """Globbing by the book, slowly: every way to cut the text."""
    if not pattern:
        return not text
    if pattern[0] == "*":
        return any(oracle(pattern[1:], text[cut:]) for cut in range(len(text) + 1))
    return bool(text) and (pattern[0] == "?" or pattern[0] == text[0]) and oracle(pattern[1:], text[1:])


@given(pattern=some.text("ab/:*?", max_size=7), text=some.text("ab/:", max_size=8))
def test_wildcards_match_as_a_slow_reading_of_the_rule_does(pattern, text):
    assert holds("StringLike", pattern, text) is oracle(pattern, text)


def test_all_short_patterns_match_as_the_slow_reading_does():
    for length in range(5):
        for letters in product("a*?", repeat=length):
            pattern = "".join(letters)
            for text in ("", "a", "aa", "ab", "aab", "aaaa"):
                assert holds("StringLike", pattern, text) is oracle(pattern, text), (pattern, text)


@given(parts=some.lists(some.text("ab*?", max_size=3), min_size=6, max_size=6), said=some.lists(some.text("ab", max_size=3), min_size=6, max_size=6))
def test_arns_match_part_by_part(parts, said):
    expected = all(re.fullmatch("".join(".*" if each == "*" else "." if each == "?" else each for each in one), other) for one, other in zip(parts, said, strict=True))
    assert holds("ArnLike", ":".join(parts), ":".join(said)) is expected


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*a" * 400 + "b", False),
        ("*" * 2000 + "b", False),
        ("?*" * 400 + "b", False),
        ("*a?" * 300 + "b", False),
        ("a*" * 500, True),
        ("*a?*" * 300, True),
        ("*" + "a" * 1000 + "b", False),
    ],
)
def test_no_pattern_makes_the_evaluator_try_again_and_again(pattern, expected):
    """A matcher that goes back takes longer for these than anybody waits."""
    assert holds("StringLike", pattern, "a" * 2000) is expected
    assert holds("ArnLike", "arn:aws:s3:::" + pattern, "arn:aws:s3:::" + "a" * 2000) is expected
