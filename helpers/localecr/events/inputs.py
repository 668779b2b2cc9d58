"""What a target is given of an event: all of it, a part (InputPath), something else (Input), or a text made with it (InputTransformer).

AWS: Amazon EventBridge input transformation; PutTargets.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from localecr.errors import AwsError

MOST_VARIABLES = 100
VARIABLE = re.compile(r"<([A-Za-z0-9_.-]+)>")
RESERVED = "aws."  # what no variable of a learner's may begin with
STEP = re.compile(r"\.(?P<name>[\w/-]+|\*)|\[(?:(?P<index>[0-9]{1,6})|(?P<all>\*)|'(?P<single>[^']*)'|\"(?P<double>[^\"]*)\")\]")
NOTHING = ""  # what stands for a variable whose path leads nowhere (AWS: it "won't appear in the output")

Step = str | int | None  # a member's name, an index, or every one
Json = Any


@dataclass(frozen=True)
class Ingestion:
    """What a template can say beside the event itself."""

    rule_arn: str
    rule_name: str
    time: str  # 2026-01-05T09:00:00Z


def compact(value: Json) -> str:
    """JSON as EventBridge writes it."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def of(target: dict[str, Any], event: dict[str, Any], ingestion: Ingestion) -> str:
    """The text that a target is sent."""
    if "Input" in target:
        return target["Input"]
    if "InputPath" in target:
        found = _find(event, _steps(target["InputPath"]))
        return compact(found[0] if found else None)
    if "InputTransformer" in target:
        return _transformed(target["InputTransformer"], event, ingestion)
    return compact(event)


def check(target: dict[str, Any]) -> None:
    """Raises ValidationException for an input that no event could be made into."""
    name = target["Id"]
    if len({"Input", "InputPath", "InputTransformer"} & target.keys()) > 1:
        raise AwsError("ValidationException", f"Only one of Input, InputPath, or InputTransformer must be provided for target {name}.")
    if "Input" in target and not _is_json(target["Input"]):
        raise AwsError("ValidationException", f"JSON syntax error in input for target {name}.")
    if "InputPath" in target:
        _check_path(target["InputPath"], f"InputPath for target {name}")
    if "InputTransformer" in target:
        _check_transformer(name, target["InputTransformer"])


def _check_path(path: str, what: str) -> None:
    if _steps(path) is None:
        raise AwsError("ValidationException", f"{what} is invalid: '{path[:100]}' is no JSON path such as $.detail.repository-name.")


def _check_transformer(name: str, transformer: dict[str, Any]) -> None:
    paths = transformer.get("InputPathsMap", {})
    if len(paths) > MOST_VARIABLES:
        raise AwsError("ValidationException", f"InputPathsMap for target {name} has more than {MOST_VARIABLES} variables.")
    for variable, path in paths.items():
        if variable.lower().startswith(RESERVED):
            reserved = f"InputPathsMap for target {name} can't name a variable {variable[:100]}: names that begin with AWS are reserved."
            raise AwsError("ValidationException", reserved)
        _check_path(path, f"InputPathsMap for target {name}")
    template = transformer["InputTemplate"]
    for variable in VARIABLE.findall(template):
        if variable not in paths and not variable.startswith(RESERVED):
            raise AwsError("ValidationException", f"InputTemplate for target {name} names <{variable[:100]}>, which InputPathsMap doesn't have.")
    if not _is_json(_filled(template, lambda variable, quoted: "0")):
        raise AwsError("ValidationException", f"Invalid InputTemplate for target {name} : it must be JSON, or text in double quotes.")


def _is_json(text: str) -> bool:
    """Whether a text is one JSON value, or several (lines of a template, each in quotes)."""
    decoder, place, text = json.JSONDecoder(), 0, text.strip()
    try:
        while place < len(text):
            _, place = decoder.raw_decode(text, place)
            place += len(text[place:]) - len(text[place:].lstrip())
    except (ValueError, RecursionError):
        return False
    return bool(text)


@lru_cache(maxsize=512)
def _steps(path: str) -> tuple[Step, ...] | None:
    """The steps of a JSON path as EventBridge has them: dots, brackets, indices, ``*``; None for anything else."""
    if not path.startswith("$"):
        return None
    steps: list[Step] = []
    place = 1
    while place < len(path):
        found = STEP.match(path, place)
        if not found:
            return None
        named = next((found[each] for each in ("name", "single", "double") if found[each] is not None), None)
        steps.append(int(found["index"]) if found["index"] else None if found["all"] or found["name"] == "*" else named)
        place = found.end()
    return tuple(steps)


def _find(value: Json, steps: tuple[Step, ...]) -> list[Json]:
    """What a path leads to, in a list of its own; with ``*`` the list of all that it leads to. Empty if there is nothing."""
    found = list(_each(value, steps))
    return [found] if None in steps and found else found


def _each(value: Json, steps: tuple[Step, ...]) -> Iterator[Json]:
    if not steps:
        yield value
        return
    step, rest = steps[0], steps[1:]
    if step is None:
        for each in value if isinstance(value, list) else value.values() if isinstance(value, dict) else ():
            yield from _each(each, rest)
    elif isinstance(step, int):
        if isinstance(value, list) and step < len(value):
            yield from _each(value[step], rest)
    elif isinstance(value, dict) and step in value:
        yield from _each(value[step], rest)


def _transformed(transformer: dict[str, Any], event: dict[str, Any], ingestion: Ingestion) -> str:
    values = {
        "aws.events.rule-arn": ingestion.rule_arn,
        "aws.events.rule-name": ingestion.rule_name,
        "aws.events.event.ingestion-time": ingestion.time,
        "aws.events.event": {name: value for name, value in event.items() if name != "detail"},
        "aws.events.event.json": event,
    }
    for variable, path in transformer.get("InputPathsMap", {}).items():
        if found := _find(event, _steps(path)):
            values[variable] = found[0]
    return _filled(transformer["InputTemplate"], lambda variable, quoted: (_within_quotes if quoted else compact)(values.get(variable, NOTHING)))


def _filled(template: str, fill: Callable[[str, bool], str]) -> str:
    """A template with each variable replaced by ``fill(variable, whether it stands within quotes)``."""
    parts, place, quoted = [], 0, False
    for found in VARIABLE.finditer(template):
        between = template[place : found.start()]
        quoted ^= _quotes(between) % 2 == 1
        parts += [between, fill(found[1], quoted)]
        place = found.end()
    return "".join([*parts, template[place:]])


def _quotes(text: str) -> int:
    """How many quotes there are that no backslash is before."""
    return len(re.sub(r"\\.", "", text, flags=re.S).split('"')) - 1


def _within_quotes(value: Json) -> str:
    """A value in the middle of a text: a string as it is, with what JSON escapes; of anything else its JSON without quotes."""
    return compact(value)[1:-1] if isinstance(value, str) else compact(value).replace('"', "")
