"""Verdicts: what a check says about what it found in the registry.

A check is a function `(lab) -> Verdict`. It looks at the registry with `lab.reader(…)`, not at the learner's text.
"""

from collections.abc import Callable
from dataclasses import dataclass

from ecrlab.errors import LabError
from ecrlab.show import html
from ecrlab.show.picture import Picture

NOT_TRIED, NOT_YET, DONE, COULD_NOT_RUN = "not tried", "not yet", "done", "could not run"
NOT_YOUR_FAULT = "This is not your fault."

# outcome → shape, word, colour of the edge
_LOOKS = {
    NOT_TRIED: ("○", "Not tried", html.GREY),
    NOT_YET: ("◐", "Not yet", html.ORANGE),
    DONE: ("✔", "Done", html.GREEN),
    COULD_NOT_RUN: ("!", "The check itself could not run", html.VERMILLION),
}


@dataclass(frozen=True)
class Verdict:
    """An outcome, a sentence on it (for "not yet": the belief behind the mistake), and what to look at next."""

    outcome: str
    message: str
    next: str = ""


def not_tried(message: str = "Nothing to see in the registry yet.", next: str = "") -> Verdict:
    """The learner hasn't begun."""
    return Verdict(NOT_TRIED, message, next)


def not_yet(message: str, next: str = "") -> Verdict:
    """Something is there, but not what was asked for: `message` names the belief behind it, `next` where to look."""
    return Verdict(NOT_YET, message, next)


def done(message: str = "The registry holds what was asked for.", next: str = "") -> Verdict:
    """It is there."""
    return Verdict(DONE, message, next)


def judge(check: Callable[..., Verdict], *lab: object) -> Verdict:
    """Run a check. What goes wrong inside it becomes a verdict of its own that says so; nothing is raised."""
    try:
        verdict = check(*lab)
    except LabError as error:  # such as a scan that takes too long
        return Verdict(COULD_NOT_RUN, f"{error.sentence} {NOT_YOUR_FAULT}", error.next)
    except Exception as error:  # a fault of ours must not look like a mistake of the learner's
        return _could_not_run(f"{type(error).__name__}: {error}")
    if not isinstance(verdict, Verdict):
        return _could_not_run(f"it answered {verdict!r} instead of a verdict")
    return verdict


def _could_not_run(what: str) -> Verdict:
    return Verdict(
        COULD_NOT_RUN,
        f"{what}. {NOT_YOUR_FAULT}",
        "Run it again; if it stays so, `ecrlab doctor` in a terminal looks at the lab.",
    )


def picture(verdict: Verdict, name: str) -> Picture:
    """A verdict as it is shown: shape, word and sentence, announced to a screen reader."""
    shape, word, colour = _LOOKS[verdict.outcome]
    head = html.join(
        html.element("span", shape, style=f"display:inline-block;width:1.4em;font-weight:700;color:{html.INK}", aria_hidden="true"),
        html.strong(f"{word}: {name}."),
        f" {verdict.message}",
    )
    lines = [html.paragraph(head)] + ([html.paragraph(verdict.next)] if verdict.next else [])
    text = f"{shape} {word}: {name}. {verdict.message}"
    return Picture(
        html.card(*lines, edge=colour, role="status"), text + (f"\n  {verdict.next}" if verdict.next else "")
    )
