"""An AccessDenied, taken apart: who, what, on what, why, and which policy to look at."""

import re

from ecrlab.errors import LabError
from ecrlab.show import html, words
from ecrlab.show.picture import Picture, note

# IAM User Guide, "Troubleshoot access denied error messages"
SENTENCE = re.compile(
    r"User: (?P<who>\S+) is not authorized to perform: (?P<action>[\w:*-]+)"
    r"(?: on resource: (?P<resource>\S+))?(?: (?P<why>(?:because no|with an explicit deny)[^\n]*))?"
)
# the kind of policy in the suffix → where to look
LOOK = {
    "identity-based policy": "the identity policies of whoever called",
    "resource-based policy": "the policy of the thing itself",
    "permissions boundary": "the permissions boundary of whoever called",
    "session policy": "the policy that the session was opened with",
    "service control policy": "the organisation's policies: ask who runs it",
}


def refusal(error: object) -> Picture:
    """Take AWS's sentence apart, from an exception or a text such as Docker's; None is a call that wasn't refused.

    Raises LabError where there is no such sentence.
    """
    if error is None:
        return note("Nothing was refused here.")
    text = str(error).strip()
    found = SENTENCE.search(text)
    if found is None:
        raise LabError("refusal", "There is no “is not authorized to perform” in this text.", f"It says: {text}")
    why = (found["why"] or "").rstrip(" .)\"'")
    rows = [
        ["Who", found["who"], _who(found["who"])],
        ["What", found["action"], "the action that is denied" if "explicit deny" in why else "the action that a policy must allow"],
        ["On what", found["resource"] or "", _resource(found["resource"] or "")],
        ["Why", why, _why(why)],
    ]
    heads, caption = ["Part", "AWS's words", "What they tell"], "A refusal, word by word"
    return Picture(html.card(html.table(heads, rows, caption)), words.columns(heads, rows, caption))


def _who(arn: str) -> str:
    account = arn.split(":")[4] if arn.count(":") >= 5 else "?"
    kind = "a session of a role" if ":assumed-role/" in arn else "a user"
    return f"{kind} of account {account}"


def _resource(resource: str) -> str:
    if resource == "*":
        return "no single thing: only a statement with Resource * grants it"
    kind = resource.split(":", 5)[-1].partition("/")[0]
    return f"one {kind} of account {resource.split(':')[4]}" if resource.count(":") >= 5 else ""


def _why(why: str) -> str:
    policy = next((place for kind, place in LOOK.items() if kind in why), "AWS doesn't say")
    missing = "an Allow is missing in" if why.startswith("because") else "a Deny stands in"
    return f"{missing} {policy}" if why else policy
