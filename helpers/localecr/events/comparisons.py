"""What a pattern asks of one value: ``{"prefix": "prod/"}`` and its like. AWS: comparison operators for use in event patterns.

Errors have the words of AWS's own matcher, which is open (github.com/aws/event-ruler). Every comparison takes a time that grows with the
lengths of value and pattern alone, wildcards too.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Context, Decimal
from typing import Any

from localecr.events.json_tree import Node

Test = Callable[[Any], bool]
LARGEST = 5_000_000_000
LONGEST_NUMBER = 40  # characters; a longer one is equal to its own text alone
EXACT = Context(prec=2 * LONGEST_NUMBER)


class Refused(Exception):
    """A comparison that there isn't; with the place in the text."""

    def __init__(self, reason: str, place: int):
        super().__init__(reason)
        self.reason = reason
        self.place = place


@dataclass(frozen=True)
class Number:
    """A number of an event, as its text has it."""

    text: str


def absent(value: Any) -> bool:
    """``{"exists": false}``: no value has it; whether there is one is asked of the event."""
    return False


def read(node: Node) -> Test:
    """The test that one member of a pattern's array stands for. Raises Refused."""
    if node.kind == "object":
        return _operator(node)
    if node.kind == "array":
        raise Refused("Match value must be String, number, true, false, or null", node.opened)
    return _equal(node)


def _equal(node: Node) -> Test:
    if node.kind == "number":
        text, amount = node.value, comparable(node.value)
        return lambda value: isinstance(value, Number) and (value.text == text or (amount is not None and comparable(value.text) == amount))
    wanted = node.value
    return lambda value: type(value) is type(wanted) and value == wanted


def comparable(text: str) -> int | None:
    """A number in millionths, or None for what EventBridge can't compare: beyond ±5·10⁹, or with more than six decimals."""
    if len(text) > LONGEST_NUMBER:
        return None
    try:
        number = Decimal(text)
        if number and not -7 < number.adjusted() < 10:
            return None
        scaled = number.scaleb(6, EXACT)
    except ArithmeticError:
        return None
    whole = int(scaled)
    return whole if whole == scaled and abs(number) <= LARGEST else None


def _operator(node: Node) -> Test:
    if not node.value:
        raise Refused("Match expression name not found", node.end)
    name, value = node.value[0]
    if name not in OPERATORS:
        raise Refused(f"Unrecognized match type {name}", value.opened)
    test = OPERATORS[name](value)
    _refuse_more(node, "Too many elements in numeric expression" if name in ("numeric", "anything-but") else "Only one key allowed in match expression")
    return test


def _refuse_more(node: Node, reason: str) -> None:
    if len(node.value) > 1:
        raise Refused(reason, node.value[1][1].opened)


def _text(node: Node, what: str) -> str:
    if node.kind != "string":
        raise Refused(f"{what} match pattern must be a string", node.opened)
    return node.value


def _of_strings(test: Callable[[str], bool]) -> Test:
    return lambda value: type(value) is str and test(value)


def _exactly(node: Node) -> Test:
    wanted = _text(node, "exact")
    return _of_strings(lambda value: value == wanted)


def _equals_ignore_case(node: Node) -> Test:
    wanted = _text(node, "equals-ignore-case").lower()
    return _of_strings(lambda value: value.lower() == wanted)


def _prefix(node: Node) -> Test:
    if node.kind == "object":
        wanted = _ignoring_case(node, "Prefix")
        return _of_strings(lambda value: value.lower().startswith(wanted))
    wanted = _text(node, "prefix")
    return _of_strings(lambda value: value.startswith(wanted))


def _suffix(node: Node) -> Test:
    if node.kind == "object":
        wanted = _ignoring_case(node, "Suffix")
        return _of_strings(lambda value: value.lower().endswith(wanted))
    wanted = _text(node, "suffix")
    return _of_strings(lambda value: value.endswith(wanted))


def _ignoring_case(node: Node, which: str) -> str:
    if not node.value:
        raise Refused(f"{which} expression name not found", node.end)
    name, value = node.value[0]
    if name != "equals-ignore-case":
        raise Refused(f"Unsupported {which.lower()} pattern: {name}", value.opened)
    wanted = _text(value, "equals-ignore-case").lower()
    _refuse_more(node, "Only one key allowed in match expression")
    return wanted


def _wildcard(node: Node) -> Test:
    parts = _parts(_text(node, "wildcard"), node)
    return _of_strings(lambda value: _fits(parts, value))


def _parts(wildcard: str, node: Node) -> list[str]:
    """What stands between the stars; ``\\*`` is a star and ``\\\\`` a backslash."""
    parts, place = [""], 0
    while place < len(wildcard):
        character, following = wildcard[place], wildcard[place + 1 : place + 2]
        if character == "*":
            if following == "*":
                raise Refused(f"Consecutive wildcard characters at pos {place + 1}", node.end)
            parts.append("")
        elif character == "\\":
            if following not in ("*", "\\"):
                raise Refused(f"Invalid escape character at pos {place + 1}", node.end)
            parts[-1] += following
            place += 1
        else:
            parts[-1] += character
        place += 1
    return parts


def _fits(parts: list[str], value: str) -> bool:
    """Takes each part where it first comes: if any way fits, this one does."""
    if len(parts) == 1:
        return value == parts[0]
    first, *between, last = parts
    if len(value) < len(first) + len(last) or not (value.startswith(first) and value.endswith(last)):
        return False
    place, end = len(first), len(value) - len(last)
    for part in between:
        place = value.find(part, place, end)
        if place < 0:
            return False
        place += len(part)
    return True


NUMERIC = {
    "=": lambda a, b: a == b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


def _numeric(node: Node) -> Test:
    """``["=", 5]``, ``["<", 10]`` or a range, its lower end first: ``[">", 0, "<=", 5]``."""
    if node.kind != "array":
        raise Refused("Value of numeric must be an array.", node.opened)
    terms = node.value
    conditions = [_condition(terms, 0, node)] if terms else [_invalid(node)]
    if len(terms) > 2:
        if terms[0].value not in (">", ">="):
            raise Refused("Too many elements in numeric expression", terms[2].opened)
        conditions.append(_top(terms, node))
        if len(terms) > 4:
            raise Refused("Too many terms in numeric range expression", terms[4].opened)
        if conditions[0][1] > conditions[1][1] or (conditions[0][1] == conditions[1][1] and (terms[0].value, terms[2].value) != (">=", "<=")):
            raise Refused("Bottom must be less than top", node.end)

    def test(value: Any) -> bool:
        amount = comparable(value.text) if isinstance(value, Number) else None
        return amount is not None and all(holds(amount, limit) for holds, limit in conditions)

    return test


def _invalid(node: Node) -> Any:
    raise Refused("Invalid member in numeric match: ]", node.end)


def _condition(terms: list[Node], place: int, node: Node) -> tuple[Callable[[int, int], bool], int]:
    operator = terms[place]
    if operator.kind != "string":
        raise Refused(f"Invalid member in numeric match: {_shown(operator)}", operator.opened)
    amount = terms[place + 1] if len(terms) > place + 1 else None
    reached = amount.opened if amount else node.end
    if operator.value not in NUMERIC:
        raise Refused(f"Unrecognized numeric range operator: {operator.value}", reached)
    if amount is None or amount.kind != "number":
        raise Refused(f"Value of {'equals' if operator.value == '=' else operator.value} must be numeric", reached)
    return NUMERIC[operator.value], _amount(amount, node.end)


def _top(terms: list[Node], node: Node) -> tuple[Callable[[int, int], bool], int]:
    operator = terms[2]
    if operator.kind != "string":
        raise Refused(f"Bad value in numeric range: {_shown(operator)}", operator.opened)
    if operator.value not in ("<", "<="):
        raise Refused(f"Bad numeric range operator: {operator.value}", operator.end)
    return _condition(terms, 2, node)


def _shown(node: Node) -> str:
    return {"object": "{", "array": "["}.get(node.kind) or (node.value if node.kind == "number" else str(node.value).lower())


def _amount(node: Node, place: int) -> int:
    amount = comparable(node.value)
    if amount is None:
        raise Refused("Value must be between -5.0E9 and 5.0E9, inclusive", place)
    return amount


def _anything_but(node: Node) -> Test:
    """True of whatever value none of the given ones is: ``{"anything-but": ["a", "b"]}``, ``{"anything-but": {"prefix": "a"}}``."""
    if node.kind == "object":
        return _anything_but_like(node)
    if node.kind == "word":
        raise Refused("Value of anything-but must be an array or single string/number value.", node.end)
    values = node.value if node.kind == "array" else [node]
    for each in values:
        if each.kind not in ("string", "number"):
            raise Refused("Inside anything but list, start|null|boolean is not supported.", each.opened)
    if len({each.kind for each in values}) != 1:
        raise Refused("Inside anything but list, either all values are number or string, mixed type is not supported", node.end)
    for each in values:
        if each.kind == "number":
            _amount(each, each.end)
    return _none_of([_equal(each) for each in values])


def _anything_but_like(node: Node) -> Test:
    if not node.value:
        raise Refused("Anything-But expression name not found", node.end)
    name, value = node.value[0]
    if name not in LIKE:
        raise Refused(f"Unsupported anything-but pattern: {name}", value.opened)
    if value.kind not in ("array", "string", "number"):
        raise Refused("Value of anything-but must be an array or single string/number value.", value.opened)
    values = value.value if value.kind == "array" else [value]
    for each in values:
        if each.kind != "string":
            raise Refused(LIKE[name], each.opened)
        if name in ("prefix", "suffix") and not each.value:
            raise Refused("Null prefix/suffix not allowed", each.end)
    _refuse_more(node, "Too many elements in numeric expression")
    return _none_of([OPERATORS[name](each) for each in values])


def _none_of(tests: list[Test]) -> Test:
    return lambda value: not any(test(value) for test in tests)


def _exists(node: Node) -> Test:
    if node.kind != "word" or node.value is None:
        raise Refused("exists match pattern must be either true or false.", node.opened)
    return (lambda value: True) if node.value else absent


def _cidr(node: Node) -> Test:
    text = _text(node, "prefix")  # the matcher's own slip of the pen
    address, slash, bits = text.partition("/")
    if not slash or "/" in bits:
        raise Refused("Malformed CIDR, one '/' required", node.end)
    if not (bits.isascii() and bits.isdigit()):
        raise Refused("Malformed CIDR, mask bits must be an integer", node.end)
    found = _address(address)
    if found is None:
        raise Refused(f"Nonstandard IP address: {address}", node.end)
    if len(bits) > 3 or int(bits) > found.max_prefixlen:
        raise Refused(f"IPv{found.version} mask bits must be < {found.max_prefixlen}", node.end)
    network = ipaddress.ip_network((address, int(bits)), strict=False)

    def test(value: str) -> bool:
        asked = _address(value)
        return asked is not None and asked.version == network.version and asked in network

    return _of_strings(test)


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


OPERATORS: dict[str, Callable[[Node], Test]] = {
    "exactly": _exactly, "equals-ignore-case": _equals_ignore_case, "prefix": _prefix, "suffix": _suffix, "wildcard": _wildcard,
    "numeric": _numeric, "anything-but": _anything_but, "exists": _exists, "cidr": _cidr,
}  # fmt: skip
LIKE = {  # what anything-but can be applied to, and what is said of a value that is no string
    "equals-ignore-case": "Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported.",
    "prefix": "prefix/suffix match pattern must be a string",
    "suffix": "prefix/suffix match pattern must be a string",
    "wildcard": "wildcard match pattern must be a string",
}
