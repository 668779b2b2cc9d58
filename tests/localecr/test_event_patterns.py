"""EventBridge's event patterns: AWS's documented examples as tables, an oracle that takes events apart as AWS's own matcher does, and hostile ones.

AWS: "Amazon EventBridge event patterns", "Comparison operators for use in event patterns"; github.com/aws/event-ruler, README.
"""

from __future__ import annotations

import ipaddress
import itertools
import json
import re
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from exertion import ends_soon
from localecr.errors import AwsError
from localecr.events import patterns

EC2 = {
    "version": "0",
    "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
    "detail-type": "EC2 Instance State-change Notification",
    "source": "aws.ec2",
    "account": "111122223333",
    "time": "2017-12-22T18:43:48Z",
    "region": "us-west-1",
    "resources": ["arn:aws:ec2:us-west-1:123456789012:instance/i-1234567890abcdef0"],
    "detail": {"instance-id": "i-1234567890abcdef0", "state": "terminated", "c-count": 5, "d-count": 3, "x-limit": 301.8, "source-ip": "10.0.0.33"},
}
PUSH = {"source": "aws.ecr", "detail-type": "ECR Image Action", "detail": {"action-type": "PUSH", "result": "SUCCESS", "repository-name": "prod/web"}}


def chosen(pattern: dict[str, Any], event: dict[str, Any]) -> bool:
    return patterns.read(json.dumps(pattern)).matches(patterns.event(json.dumps(event)))


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ({"source": ["aws.ec2"], "detail-type": ["EC2 Instance State-change Notification"], "detail": {"state": ["terminated"]}}, True),
        ({"source": ["aws.ec2"], "detail": {"state": ["running"]}}, False),
        ({"detail": {"state": ["initializing", "terminated"]}}, True),
        ({"resources": ["arn:aws:ec2:us-west-1:123456789012:instance/i-1234567890abcdef0", "arn:aws:ec2:us-east-1:111122223333:instance/i-b188560f"]}, True),
        ({"time": [{"prefix": "2017-12-22"}]}, True),
        ({"time": [{"prefix": "2017-12-23"}]}, False),
        ({"source": [{"suffix": "ec2"}]}, True),
        ({"source": [{"equals-ignore-case": "AWS.EC2"}]}, True),
        ({"source": [{"prefix": {"equals-ignore-case": "AWS"}}]}, True),
        ({"source": [{"suffix": {"equals-ignore-case": "EC2"}}]}, True),
        ({"source": [{"prefix": "AWS"}]}, False),
        ({"source": [{"wildcard": "*.ec2"}]}, True),
        ({"detail": {"state": [{"anything-but": "initializing"}]}}, True),
        ({"detail": {"state": [{"anything-but": ["stopped", "terminated"]}]}}, False),
        ({"detail": {"state": [{"anything-but": {"prefix": "init"}}]}}, True),
        ({"detail": {"state": [{"anything-but": {"suffix": "ated"}}]}}, False),
        ({"detail": {"state": [{"anything-but": {"equals-ignore-case": ["INITIALIZING", "TERMINATED"]}}]}}, False),
        ({"detail": {"state": [{"anything-but": {"wildcard": "*rmin*"}}]}}, False),
        ({"detail": {"state": [{"anything-but": {"wildcard": ["*/lib/*", "*/bin/*"]}}]}}, True),
        ({"detail": {"x-limit": [{"anything-but": [100, 200, 300]}]}}, True),
        ({"detail": {"c-count": [{"numeric": [">", 0, "<=", 5]}], "d-count": [{"numeric": ["<", 10]}], "x-limit": [{"numeric": ["=", 3.018e2]}]}}, True),
        ({"detail": {"c-count": [{"numeric": [">", 5]}]}}, False),
        ({"detail": {"c-count": [5.0]}}, True),
        ({"detail": {"c-count": ["5"]}}, False),
        ({"detail": {"source-ip": [{"cidr": "10.0.0.0/24"}]}}, True),
        ({"detail": {"source-ip": [{"cidr": "10.1.0.0/16"}]}}, False),
        ({"detail": {"state": [{"exists": True}]}}, True),
        ({"detail": {"c-count": [{"exists": False}]}}, False),
        ({"detail": {"nothing": [{"exists": False}]}}, True),
        ({"detail": {"nothing": ["a", {"exists": False}]}}, True),
        ({"nothing": {"deeper": [{"exists": False}]}}, True),
        ({"detail": [{"exists": True}]}, False),  # not a leaf
        ({"detail": [{"exists": False}]}, True),
        ({"detail": {"nothing": [{"anything-but": "x"}]}}, False),
        ({"source": ["aws.ec2"], "$or": [{"region": ["eu-west-1"]}, {"detail": {"state": ["terminated"]}}]}, True),
        ({"source": ["aws.s3"], "$or": [{"region": ["us-west-1"]}, {"detail": {"state": ["terminated"]}}]}, False),
        ({"detail": {"$or": [{"c-count": [{"numeric": [">", 10]}]}, {"d-count": [{"numeric": ["<", 10]}]}, {"x-limit": [{"numeric": ["=", 3.018e2]}]}]}}, True),
    ],
)
def test_documented_examples(pattern, matches):
    assert chosen(pattern, EC2) is matches


def test_the_courses_own_pattern():
    pattern = {"source": ["aws.ecr"], "detail-type": ["ECR Image Action"], "detail": {"action-type": ["PUSH"], "result": ["SUCCESS"], "repository-name": [{"prefix": "prod/"}]}}
    assert chosen(pattern, PUSH)
    assert not chosen(pattern, PUSH | {"detail": PUSH["detail"] | {"repository-name": "test/web"}})


@pytest.mark.parametrize(
    ("pattern", "event", "matches"),
    [
        ({"a": [None]}, {"a": None}, True),
        ({"a": [None]}, {"a": ""}, False),
        ({"a": [""]}, {"a": ""}, True),
        ({"a": [None]}, {}, False),
        ({"a": [{"exists": True}]}, {"a": None}, True),
        ({"a": [True]}, {"a": True}, True),
        ({"a": [True]}, {"a": 1}, False),
        ({"a": ["true"]}, {"a": True}, False),
        ({"a": [300]}, {"a": 3.0e2}, True),
        ({"a": [10_000_000_001]}, {"a": 10_000_000_001}, True),  # too large to compare, but the same text
        ({"a": [{"numeric": [">", 1]}]}, {"a": 10_000_000_001}, False),
        ({"a": [{"numeric": [">=", -5e9]}]}, {"a": -5_000_000_000}, True),
        ({"a": [{"numeric": ["<", 1]}]}, {"a": 0.1234567}, False),  # seven decimals aren't compared
        ({"a": [{"numeric": ["<", 1]}]}, {"a": 0.123456}, True),
        ({"a": [{"numeric": [">", 0]}]}, {"a": "5"}, False),
        ({"a": [{"anything-but": 5}]}, {"a": "x"}, True),
        ({"a": [{"anything-but": "x"}]}, {"a": ["x", "y"]}, True),  # any member of an array will do
        ({"a": [{"anything-but": "x"}]}, {"a": ["x"]}, False),
        ({"a": ["x"]}, {"a": []}, False),
        ({"a": [{"exists": False}]}, {"a": []}, True),
        ({"a": [{"exists": True}]}, {"a": [[]]}, False),
        ({"a": ["x"]}, {"a": [["y", ["x"]]]}, True),
        ({"a": [{"cidr": "2001:db8::/32"}]}, {"a": "2001:db8::1"}, True),
        ({"a": [{"cidr": "0.0.0.0/0"}]}, {"a": "::1"}, False),
        ({"a": [{"cidr": "10.0.0.1/24"}]}, {"a": "10.0.0.200"}, True),
        ({"a": [{"cidr": "10.0.0.0/8"}]}, {"a": "no address"}, False),
        ({"$or": {"a": ["x"]}}, {"$or": {"a": "x"}}, True),  # an ordinary name where it isn't followed by an array
    ],
)
def test_nulls_numbers_and_arrays(pattern, event, matches):
    assert chosen(pattern, event) is matches


def test_what_is_wanted_of_the_objects_in_an_array_is_wanted_of_one_of_them():
    employees = {"employees": [{"firstName": "John", "lastName": "Doe"}, {"firstName": "Anna", "lastName": "Smith"}, {"firstName": "Peter", "lastName": "Jones"}]}
    assert chosen({"employees": {"firstName": ["Anna"], "lastName": ["Smith"]}}, employees)
    assert not chosen({"employees": {"firstName": ["Anna"], "lastName": ["Jones"]}}, employees)
    assert chosen({"employees": {"firstName": ["Anna"]}, "$or": [{"x": ["y"]}, {"employees": {"lastName": ["Smith"]}}]}, employees)
    assert not chosen({"employees": {"firstName": ["Anna"]}, "$or": [{"x": ["y"]}, {"employees": {"lastName": ["Jones"]}}]}, employees)


@pytest.mark.parametrize(
    ("wildcard", "value", "matches"),
    [
        ("dir/*.png", "dir/a.png", True), ("dir/*.png", "dir/.png", True), ("dir/*.png", "dir.png", False), ("*", "", True), ("*", "x", True),
        ("a*b*c", "abc", True), ("a*b*c", "axxbxxc", True), ("a*b*c", "acb", False), ("a*a", "a", False), ("a*a", "aa", True), ("*ab", "aab", True),
        (r"\*", "*", True), (r"\*", "x", False), (r"a\\*", "a\\b", True), (r"a\\*", "ab", False), ("x", "x", True), ("x", "xx", False), ("*x*", "axb", True),
    ],
)  # fmt: skip
def test_wildcards(wildcard, value, matches):
    assert chosen({"a": [{"wildcard": wildcard}]}, {"a": value}) is matches


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"source": ["aws.health"], "detail": {}}', "Empty objects are not allowed"),
        ("{}", "Empty objects are not allowed"),
        ("[]", "Filter is not an object"),
        ("7", "Filter is not an object"),
        ("", "Unexpected end-of-input"),
        ('{"a": ["x"]', "Unexpected end-of-input"),
        ("{'a': ['x']}", "Unexpected character (''' (code 39)): was expecting double-quote to start field name"),
        ('{"a" ["x"]}', "Unexpected character ('[' (code 91)): was expecting a colon to separate field name and value"),
        ('{"a": ["x" "y"]}', "Unexpected character ('\"' (code 34)): was expecting comma to separate Array entries"),
        ('{"a": [x]}', "Unrecognized token 'x': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')"),
        ('{"a": ["x"]} b', "Unexpected character ('b' (code 98)): was expecting the end"),
        ('{"a": "x"}', '"a" must be an object or an array'),
        ('{"a": {"b": 1}}', '"b" must be an object or an array'),
        ('{"a": []}', "Empty arrays are not allowed"),
        ('{"a": [["x"]]}', "Match value must be String, number, true, false, or null"),
        ('{"a": ["x"], "a": ["y"]}', "Path `a` cannot be allowed multiple times"),
        ('{"a": {"b": ["x"]}, "$or": [{"a": {"b": ["y"]}}, {"c": ["z"]}]}', "Path `a.b` cannot be allowed multiple times"),
        ('{"a": [{}]}', "Match expression name not found"),
        ('{"a": [{"like": "x"}]}', "Unrecognized match type like"),
        ('{"a": [{"prefix": "x", "suffix": "y"}]}', "Only one key allowed in match expression"),
        ('{"a": [{"prefix": 1}]}', "prefix match pattern must be a string"),
        ('{"a": [{"prefix": {"wildcard": "x"}}]}', "Unsupported prefix pattern: wildcard"),
        ('{"a": [{"suffix": ["x"]}]}', "suffix match pattern must be a string"),
        ('{"a": [{"equals-ignore-case": null}]}', "equals-ignore-case match pattern must be a string"),
        ('{"a": [{"wildcard": 1}]}', "wildcard match pattern must be a string"),
        ('{"a": [{"wildcard": "a**b"}]}', "Consecutive wildcard characters at pos 2"),
        ('{"a": [{"wildcard": "a\\\\b"}]}', "Invalid escape character at pos 2"),
        ('{"a": [{"exists": "yes"}]}', "exists match pattern must be either true or false."),
        ('{"a": [{"cidr": "10.0.0.0"}]}', "Malformed CIDR, one '/' required"),
        ('{"a": [{"cidr": "10.0.0.0/x"}]}', "Malformed CIDR, mask bits must be an integer"),
        ('{"a": [{"cidr": "10.0.0/8"}]}', "Nonstandard IP address: 10.0.0"),
        ('{"a": [{"numeric": 5}]}', "Value of numeric must be an array."),
        ('{"a": [{"numeric": []}]}', "Invalid member in numeric match: ]"),
        ('{"a": [{"numeric": [5]}]}', "Invalid member in numeric match: 5"),
        ('{"a": [{"numeric": ["<"]}]}', "Value of < must be numeric"),
        ('{"a": [{"numeric": ["=", "5"]}]}', "Value of equals must be numeric"),
        ('{"a": [{"numeric": ["!=", 5]}]}', "Unrecognized numeric range operator: !="),
        ('{"a": [{"numeric": ["<", 5, ">", 1]}]}', "Too many elements in numeric expression"),
        ('{"a": [{"numeric": [">", 5, ">", 1]}]}', "Bad numeric range operator: >"),
        ('{"a": [{"numeric": [">", 5, "<", 1]}]}', "Bottom must be less than top"),
        ('{"a": [{"numeric": [">", 1, "<", 5, "<", 6]}]}', "Too many terms in numeric range expression"),
        ('{"a": [{"numeric": [">", 5000000001]}]}', "Value must be between -5.0E9 and 5.0E9, inclusive"),
        ('{"a": [{"anything-but": null}]}', "Value of anything-but must be an array or single string/number value."),
        ('{"a": [{"anything-but": []}]}', "Inside anything but list, either all values are number or string, mixed type is not supported"),
        ('{"a": [{"anything-but": ["x", 1]}]}', "Inside anything but list, either all values are number or string, mixed type is not supported"),
        ('{"a": [{"anything-but": [{"wildcard": "*"}]}]}', "Inside anything but list, start|null|boolean is not supported."),
        ('{"a": [{"anything-but": {"cidr": "x"}}]}', "Unsupported anything-but pattern: cidr"),
        ('{"a": [{"anything-but": {"prefix": ""}}]}', "Null prefix/suffix not allowed"),
        ('{"$or": []}', "There must have at least 2 Objects in $or relationship."),
        ('{"$or": [{"a": ["x"]}]}', "There must have at least 2 Objects in $or relationship."),
        ('{"$or": ["a", "b"]}', "Only JSON object is allowed in array of $or relationship."),
        ('{"$or": [{"prefix": ["x"]}, {"a": ["y"]}]}', "prefix is Ruler reserved fieldName which cannot be used inside $or."),
    ],
)
def test_refusals_say_what_and_where(text, reason):
    with pytest.raises(AwsError) as refused:
        patterns.read(text)
    assert refused.value.code == "InvalidEventPatternException"
    assert refused.value.message.startswith(f"Event pattern is not valid. Reason: {reason}\n at [Source: (String)\"{text}\"; line: 1, column: ")


def test_the_place_is_counted_as_aws_counts():
    """Both sentences were printed by AWS: cloud-custodian issue 6507, buildkite docs pull request 896."""
    with pytest.raises(AwsError, match=re.escape("line: 1, column: 40]")):
        patterns.read('{"source": ["aws.health"], "detail": {}}')
    with pytest.raises(AwsError, match=re.escape("line: 5, column: 16]")):
        patterns.read('{\n  "detail-type": ["Build Started"],\n  "detail": {\n    "pipeline": {\n      "slug": "some-pipeline"\n    }\n  }\n}')


# an oracle that shares nothing with the matcher but the documentation: it takes an event apart into (path, value, which member of which
# array), as AWS's matcher does, multiplies $or out, and tries every choice of values for the fields

Leaf = tuple[str, Any, dict[int, int]]


def leaves(value: Any, path: tuple[str, ...], places: dict[int, int], numbers: itertools.count) -> list[Leaf]:
    if isinstance(value, dict):
        return [leaf for name, each in value.items() for leaf in leaves(each, (*path, name), places, numbers)]
    if isinstance(value, list):
        array, found = next(numbers), []
        for index, each in enumerate(value):
            inner = places | {array: index} if isinstance(each, (dict, list)) else places
            found += leaves(each, path, inner, numbers)
        return found
    return [("/".join(path), value, places)]


def multiplied(pattern: dict[str, Any], path: tuple[str, ...] = ()) -> list[dict[str, list]]:
    found: list[dict[str, list]] = [{}]
    for name, value in pattern.items():
        if name == "$or":
            options = [each for option in value for each in multiplied(option, path)]
        elif isinstance(value, dict):
            options = multiplied(value, (*path, name))
        else:
            options = [{"/".join((*path, name)): value}]
        found = [one | other for one in found for other in options]
    return found


def holds(test: Any, value: Any) -> bool:
    if not isinstance(test, dict):
        if isinstance(test, bool) or isinstance(value, bool) or test is None or value is None:
            return test is value
        return test == value if isinstance(test, str) == isinstance(value, str) else False
    ((name, wanted),) = test.items()
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if name == "anything-but":
        likes = [{key: each} for key, some in wanted.items() for each in (some if isinstance(some, list) else [some])] if isinstance(wanted, dict) else None
        return not any(holds(each, value) for each in likes or (wanted if isinstance(wanted, list) else [wanted]))
    if name == "exists":
        return wanted
    if name == "numeric":
        compare = {"<": "__lt__", "<=": "__le__", ">": "__gt__", ">=": "__ge__", "=": "__eq__"}
        return number and all(getattr(Decimal(str(value)), compare[sign])(Decimal(str(limit))) for sign, limit in zip(wanted[::2], wanted[1::2]))
    if not isinstance(value, str):
        return False
    if name == "cidr":
        try:
            return ipaddress.ip_address(value) in ipaddress.ip_network(wanted)
        except ValueError:
            return False
    if name == "wildcard":
        parts = re.findall(r"\\.|\*|[^*\\]", wanted, re.S)
        return re.fullmatch("".join(".*" if each == "*" else re.escape(each[-1]) for each in parts), value, re.S) is not None
    ignoring = isinstance(wanted, dict)
    wanted, value = (wanted["equals-ignore-case"].lower(), value.lower()) if ignoring else (wanted, value)
    return {
        "prefix": value.startswith(wanted), "suffix": value.endswith(wanted), "equals-ignore-case": value.lower() == wanted.lower(), "exactly": value == wanted,
    }[name]  # fmt: skip


def foretold(pattern: dict[str, Any], event: dict[str, Any]) -> bool:
    everything = leaves(event, (), {}, itertools.count())
    names = {path for path, _, _ in everything}
    for combination in multiplied(pattern):
        choices = []
        for path, tests in combination.items():
            if {"exists": False} in tests and path not in names:
                continue
            choices.append([places for name, value, places in everything if name == path and any(holds(test, value) for test in tests)])
        for chosen_places in itertools.product(*choices):
            seen: dict[int, int] = {}
            if all(seen.setdefault(array, index) == index for places in chosen_places for array, index in places.items()):
                return True
    return False


WORDS = st.sampled_from(["", "a", "A", "ab", "ba", "aba", "10.0.0.1", "*"])
NUMBERS = st.sampled_from([0, 1, -1, 1.5, 2])
SCALARS = st.one_of(WORDS, NUMBERS, st.booleans(), st.none())
NAMES = st.sampled_from(["x", "y", "z"])
VALUES = st.recursive(SCALARS, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=3)), max_leaves=8)
EVENTS = st.dictionaries(NAMES, VALUES, max_size=3)
PARTS = st.sampled_from(["a", "b", "ab"])
STARS = st.sampled_from(["*", "a*", "*a", "a*a", "*b*", "a*b*a", r"\*", "ab"])


def of(name: str, values: st.SearchStrategy) -> st.SearchStrategy:
    return st.builds(lambda value: {name: value}, values)


TESTS = st.one_of(
    SCALARS, of("prefix", PARTS), of("suffix", PARTS), of("equals-ignore-case", WORDS), of("exactly", WORDS), of("wildcard", STARS), of("exists", st.booleans()),
    of("prefix", of("equals-ignore-case", PARTS)), of("suffix", of("equals-ignore-case", PARTS)), of("cidr", st.just("10.0.0.0/24")),
    of("anything-but", st.one_of(WORDS, NUMBERS, st.lists(WORDS, min_size=1, max_size=2), st.lists(NUMBERS, min_size=1, max_size=2))),
    of("anything-but", st.one_of(of("prefix", PARTS), of("suffix", st.lists(PARTS, min_size=1, max_size=2)), of("wildcard", STARS), of("equals-ignore-case", WORDS))),
    of("numeric", st.sampled_from([["=", 1], ["<", 1], ["<=", 1.5], [">", 0], [">=", 2], [">", 0, "<=", 1.5], [">=", -1, "<", 1]])),
)  # fmt: skip
FIELDS = st.lists(TESTS, min_size=1, max_size=2)
PATTERNS = st.recursive(
    st.dictionaries(NAMES, FIELDS, min_size=1, max_size=3),
    lambda inner: st.one_of(
        st.dictionaries(NAMES, st.one_of(FIELDS, inner), min_size=1, max_size=3),
        st.builds(lambda fields, options: fields | {"$or": options}, st.dictionaries(NAMES, FIELDS, max_size=1), st.lists(inner, min_size=2, max_size=3)),
    ),
    max_leaves=6,
)


@given(PATTERNS, EVENTS)
@example({"x": {"y": ["a"], "z": ["b"]}}, {"x": [{"y": "a", "z": "c"}, [{"y": "c", "z": "b"}]]})
@example({"x": ["a"]}, {"x": ["b", [["a"]]]})
def test_events_are_chosen_as_an_independent_matcher_chooses_them(pattern, event):
    try:
        found = chosen(pattern, event)
    except AwsError as refused:
        assert "cannot be allowed multiple times" in refused.message
        return
    assert found is foretold(pattern, event)


@given(PATTERNS, EVENTS)
def test_another_value_never_chooses_less_and_another_field_never_more(pattern, event):
    try:
        found = chosen(pattern, event)
    except AwsError:
        return
    narrower = pattern | {"other": ["a"]}
    assert not (chosen(narrower, event) and not found)
    wider = {name: [*value, "a"] if isinstance(value, list) and name != "$or" else value for name, value in pattern.items()}
    assert not (found and not chosen(wider, event))


@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda each: each.decode("latin-1")))
def test_no_text_breaks_the_reader(text):
    try:
        patterns.read(text)
    except AwsError as refused:
        assert refused.code == "InvalidEventPatternException"


@pytest.mark.parametrize(
    "text",
    [
        '{"a":' * 1000, '{"a":[' * 1000, "[" * 4000, '{"a":[{"wildcard":"' + "*a" * 2000, '"' + "\\" * 4000, "{" + '"a":[1],' * 500,
        '{"$or":[' + ",".join('{"a%d":[1]}' % n for n in range(300)) + ']}', "-" * 4000, "9" * 4000,
        "{" + ",".join('"%d":{"$or":[{"a":[1]},{"b":[1]}]}' % n for n in range(100)) + "}",  # 2 to the hundredth combinations
        '{"$or":[{"a":[1]},' * 150 + '{"b":[1]}' + "]}" * 150,
    ],
)  # fmt: skip
def test_hostile_patterns_are_read_or_refused_at_once(text):
    def read():
        try:
            patterns.read(text)
        except AwsError as refused:
            assert refused.code == "InvalidEventPatternException"

    ends_soon(read)


def test_hostile_wildcards_take_no_more_than_their_length():
    stars = "*" + "a*" * 900 + "b"
    ends_soon(lambda: chosen({"a": [{"wildcard": stars}]}, {"a": "a" * 200_000}))
    ends_soon(lambda: chosen({"a": [{"anything-but": {"wildcard": ["*" + "ab*" * n + "c" for n in range(40)]}}]}, {"a": "ab" * 50_000}))


def test_many_combinations_on_a_large_event_end_soon():
    options = {str(number): {"$or": [{"x": ["no"]}, {"y": ["no"]}]} for number in range(9)}  # 512 combinations
    event = {str(number): [{"x": "yes", "y": "yes"}] * 300 for number in range(9)}
    ends_soon(lambda: chosen(options, event))


def test_numbers_without_end_are_read():
    event = patterns.event('{"a": 1' + "0" * 100_000 + ', "b": 1e999999999999}')
    assert not patterns.read('{"a": [{"numeric": [">", 0]}]}').matches(event)
    assert patterns.read('{"b": [1e999999999999]}').matches(event)
