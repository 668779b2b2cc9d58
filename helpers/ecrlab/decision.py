"""What IAM decides on one call, and why: allowed or not, AWS's sentence, what decided, and the way there, step by step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

# what a step can come to
ALLOWS, DENIES, SILENT, NOT_THERE = "allows", "denies", "doesn't allow", "isn't there"


@dataclass(frozen=True)
class Deciding:
    """A statement that decided: the kind of policy ("identity", "resource", …), its name, the statement's Sid and text."""

    kind: str
    source: str
    sid: str | None
    statement: str


@dataclass(frozen=True)
class Step:
    """One question in the order of evaluation, what it came to, and that in a sentence."""

    title: str
    outcome: str
    sentence: str


@dataclass(frozen=True)
class Decision:
    """`because` is the end of AWS's sentence; `message` all of it where the call is refused, as an AccessDenied says it."""

    allowed: bool
    because: str
    message: str
    decided_by: tuple[Deciding, ...] = ()
    steps: tuple[Step, ...] = ()

    @classmethod
    def read(cls, answer: Mapping) -> Decision:
        """From a dict of the same names, as the lab answers."""
        return cls(
            allowed=answer["allowed"],
            because=answer.get("because") or "",
            message=answer.get("message") or "",
            decided_by=tuple(Deciding(each["kind"], each["source"], each.get("sid"), _text(each["statement"])) for each in answer["decided_by"]),
            steps=tuple(Step(each["title"], each["outcome"], each["sentence"]) for each in answer["steps"]),
        )


def _text(statement: object) -> str:
    import json

    return statement if isinstance(statement, str) else json.dumps(statement, indent=2)
