"""Dockerfiles: text becomes stages and instructions, or one error that names the line.

Source: Docker's documentation, "Dockerfile reference"; the words of errors are Docker's where it has some.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from dockerless.errors import EngineError, invalid
from dockerless.variables import split

MOST_INSTRUCTIONS = 2000

@dataclass(frozen=True)
class Instruction:
    """One instruction: ``words`` as its form asks for, ``pairs`` of ENV, LABEL and ARG, ``flags`` such as ``--from``.

    ``json`` says that the words were written as a JSON list. ``text`` is the instruction as it stands in the file.
    """

    keyword: str
    line: int
    text: str
    words: tuple[str, ...] = ()
    pairs: tuple[tuple[str, str | None], ...] = ()
    flags: dict[str, str] = field(default_factory=dict)
    json: bool = False


@dataclass
class StageSource:
    """FROM and what follows it, up to the next FROM."""

    start: Instruction
    name: str
    instructions: list[Instruction] = field(default_factory=list)

    @property
    def base(self) -> str:
        return self.start.words[0]


@dataclass
class Dockerfile:
    """``arguments`` are the ARGs before the first FROM."""

    escape: str
    arguments: list[Instruction]
    stages: list[StageSource]


def parse(text: str, name: str = "Dockerfile") -> Dockerfile:
    """Reads a Dockerfile. Raises EngineError (400), whose message names the line."""
    if not text.strip():
        raise invalid(f"the Dockerfile ({name}) cannot be empty")
    escape, lines = _logical_lines(text)
    if len(lines) > MOST_INSTRUCTIONS:
        raise error(lines[MOST_INSTRUCTIONS][0], f"dockerless reads at most {MOST_INSTRUCTIONS} instructions")
    file = Dockerfile(escape, [], [])
    for number, line in lines:
        instruction = _instruction(number, line, escape)
        if instruction.keyword == "FROM":
            file.stages.append(StageSource(instruction, _stage_name(instruction)))
        elif file.stages:
            file.stages[-1].instructions.append(instruction)
        elif instruction.keyword == "ARG":
            file.arguments.append(instruction)
        else:
            raise error(number, "no build stage in current context")
    if not lines:
        raise invalid("failed to parse Dockerfile: file with no instructions")
    if not file.stages:
        raise error(lines[-1][0], "no build stage in current context")
    return file


def error(line: int, message: str) -> EngineError:
    return invalid(f"dockerfile parse error line {line}: {message}")


def _logical_lines(text: str) -> tuple[str, list[tuple[int, str]]]:
    """The escape character, and (number, text) of each instruction with its continuation lines joined and comments left out."""
    escape, directives = "\\", True
    lines: list[tuple[int, str]] = []
    start, pending = 0, []  # a line that is continued, and its parts so far
    for number, line in enumerate(text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n"), 1):
        directive = re.match(r"\s*#\s*([a-z]+)\s*=\s*(?=\S)", line, re.IGNORECASE) if directives else None
        if directive is None:
            directives = False
        elif directive[1].lower() == "escape":
            escape = line[directive.end() :].rstrip()
            if escape not in ("\\", "`"):
                raise error(number, f"invalid ESCAPE '{escape}'. Must be ` or \\")
        if line.lstrip().startswith("#") or not line.strip():
            continue
        start = start if pending else number
        kept = line.rstrip(" \t")
        if kept.endswith(escape):
            pending.append(kept[: -len(escape)] if pending else kept[: -len(escape)].lstrip())
        else:
            lines.append((start, "".join([*pending, line] if pending else [line.lstrip()]).rstrip()))
            pending = []
    last = "".join(pending)
    return escape, lines + ([(start, last)] if last.strip() else [])


def _instruction(number: int, line: str, escape: str) -> Instruction:
    keyword, _, rest = re.sub(r"\s+", " ", line, count=1).partition(" ")
    keyword, rest = keyword.upper(), rest.strip()
    if keyword not in FORMS:
        raise error(number, f"unknown instruction: {keyword}")
    allowed, form = FORMS[keyword]
    flags: dict[str, str] = {}
    while allowed is not None and (found := re.match(r"--(\S+?)(?:=(\S*))?(?:\s+|$)", rest)):
        name, value = found[1], found[2]
        if name not in allowed:
            raise error(number, f"Unknown flag: {name}")
        if name in flags:
            raise error(number, f"Duplicate flag specified: {name}")
        if value is None:
            raise error(number, f"Missing a value on flag: {name}")
        flags[name] = value
        rest = rest[found.end() :]
    return form(Instruction(keyword, number, line, flags=flags), rest, escape)


def _with(instruction: Instruction, words: list[str], json_form: bool = False) -> Instruction:
    return Instruction(instruction.keyword, instruction.line, instruction.text, tuple(words), flags=instruction.flags, json=json_form)


def _json_list(text: str) -> list[str] | None:
    if not text.startswith("["):
        return None
    try:
        words = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return words if isinstance(words, list) and all(isinstance(word, str) for word in words) else None


def _paths(instruction: Instruction, rest: str, escape: str) -> Instruction:
    if "<<" in (word[:2] for word in rest.split()):
        raise error(instruction.line, "dockerless doesn't read here-documents (<<): put the text into a file beside the Dockerfile and COPY it")
    found = _json_list(rest)
    words = rest.split() if found is None else found
    if len(words) == 1:
        problem = "requires at least two arguments, but only one was provided. Destination could not be determined"
        raise error(instruction.line, f"{instruction.keyword} {problem}")
    return _some(_with(instruction, words, found is not None))


def _command(instruction: Instruction, rest: str, escape: str) -> Instruction:
    """The exec form (JSON) or the shell form (one word: the rest of the line)."""
    found = _json_list(rest)
    return _with(instruction, [rest] * bool(rest), False) if found is None else _with(instruction, found, True)


def _shell(instruction: Instruction, rest: str, escape: str) -> Instruction:
    found = _json_list(rest)
    if found is None:
        raise error(instruction.line, "SHELL requires the arguments to be in JSON form")
    return _some(_with(instruction, found, True))


def _list(instruction: Instruction, rest: str, escape: str) -> Instruction:
    found = _json_list(rest)
    return _some(_with(instruction, rest.split() if found is None else found, found is not None))


def _words(instruction: Instruction, rest: str, escape: str) -> Instruction:
    return _some(_with(instruction, split(rest, escape)))


def _one(instruction: Instruction, rest: str, escape: str) -> Instruction:
    if not rest:
        raise error(instruction.line, f"{instruction.keyword} requires exactly one argument")
    return _with(instruction, [rest])


def _some(instruction: Instruction) -> Instruction:
    if not instruction.words:
        raise error(instruction.line, f"{instruction.keyword} requires at least one argument")
    return instruction


def _pairs(instruction: Instruction, rest: str, escape: str) -> Instruction:
    """``a=1 b="2 3"``, or the old form ``a the rest``."""
    words = split(rest, escape)
    if words and "=" not in words[0]:
        name, _, value = re.sub(r"\s+", " ", rest, count=1).partition(" ")
        if not value:
            raise error(instruction.line, f"{instruction.keyword} must have two arguments")
        words = [f"{name}={value}"]
    for word in words:
        if "=" not in word:
            raise error(instruction.line, f"Syntax error - can't find = in {json.dumps(word)}. Must be of the form: name=value")
        if word.startswith("="):
            raise error(instruction.line, f"{instruction.keyword} names can not be blank")
    pairs = [tuple(word.split("=", 1)) for word in words]
    named = Instruction(instruction.keyword, instruction.line, instruction.text, tuple(words), tuple(pairs))  # type: ignore[arg-type]
    return _some(named)


def _argument(instruction: Instruction, rest: str, escape: str) -> Instruction:
    """``ARG a b=1``: a name that has no value has None."""
    words = split(rest, escape)
    pairs = tuple((name, value if equals else None) for name, equals, value in (word.partition("=") for word in words))
    if any(not name for name, _ in pairs):
        raise error(instruction.line, "ARG names can not be blank")
    return _some(Instruction(instruction.keyword, instruction.line, instruction.text, tuple(words), pairs))


def _from(instruction: Instruction, rest: str, escape: str) -> Instruction:
    words = rest.split()
    if len(words) not in (1, 3) or (len(words) == 3 and words[1].lower() != "as"):
        raise error(instruction.line, "FROM requires either one or three arguments")
    return _with(instruction, words)


def _stage_name(start: Instruction) -> str:
    name = start.words[2].lower() if len(start.words) == 3 else ""
    if name and not re.fullmatch(r"[a-z][a-z0-9-_.]*", name):
        raise error(start.line, f"invalid name for build stage: {json.dumps(start.words[2])}, name can't start with a number or contain symbols")
    return name


def _healthcheck(instruction: Instruction, rest: str, escape: str) -> Instruction:
    kind, _, command = re.sub(r"\s+", " ", rest, count=1).partition(" ")
    kind = kind.upper()
    if kind == "NONE" and not command:
        return _with(instruction, ["NONE"])
    if kind != "CMD":
        problem = f"Unknown type {json.dumps(kind)} in HEALTHCHECK (try CMD)" if kind else "HEALTHCHECK requires at least one argument"
        raise error(instruction.line, problem)
    found = _json_list(command.strip())
    words = ["CMD", *found] if found is not None else ["CMD-SHELL", command.strip()]
    if len(words) == 1 or not words[1]:
        raise error(instruction.line, "Missing command after HEALTHCHECK CMD")
    return _with(instruction, words)


Form = Callable[[Instruction, str, str], Instruction]
FORMS: dict[str, tuple[tuple[str, ...] | None, Form]] = {  # keyword → (its flags, how the rest is read)
    "ADD": (("chown", "chmod"), _paths),
    "ARG": (None, _argument),
    "CMD": (None, _command),
    "COPY": (("chown", "chmod", "from"), _paths),
    "ENTRYPOINT": (None, _command),
    "ENV": (None, _pairs),
    "EXPOSE": (None, _words),
    "FROM": (("platform",), _from),
    "HEALTHCHECK": (("interval", "timeout", "start-period", "retries"), _healthcheck),
    "LABEL": (None, _pairs),
    "MAINTAINER": (None, _one),
    "ONBUILD": (None, _one),
    "RUN": (None, _command),
    "SHELL": (None, _shell),
    "STOPSIGNAL": (None, _one),
    "USER": (None, _one),
    "VOLUME": (None, _list),
    "WORKDIR": (None, _one),
}
