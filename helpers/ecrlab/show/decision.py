"""A decision on one call: allowed or refused, AWS's sentence, the statement that decided, and the order of evaluation."""

from ecrlab.decision import ALLOW, DENY, NOT_ASKED, NOTHING, Decision
from ecrlab.show import html
from ecrlab.show.picture import Picture

# kind of policy → what a person calls it
KINDS = {
    "identity": "identity policy",
    "resource": "repository policy",
    "boundary": "permissions boundary",
    "session": "session policy",
    "registry": "registry policy",
}
# what a step comes to → shape, word
OUTCOMES = {ALLOW: ("✔", "allows"), DENY: ("✖", "denies"), NOTHING: ("○", "says nothing"), NOT_ASKED: ("·", "not asked")}


def decision(decided: Decision) -> Picture:
    """Draw a decision, as `lab.decision(…)` returns it."""
    shape, word, colour = ("✔", "Allowed", html.GREEN) if decided.allowed else ("✖", "Refused", html.VERMILLION)
    drawn = [html.paragraph(html.element("span", f"{shape} ", aria_hidden="true"), html.strong(f"{word}."), f" {decided.message}")]
    lines = [f"{shape} {word}. {decided.message}".rstrip()]
    heading = "What decided:" if decided.decided_by else "No statement decided: none fits this call."
    drawn.append(html.paragraph(html.strong(heading)))
    lines.append(heading)
    for each in decided.decided_by:
        told = f"{KINDS.get(each.kind, each.kind)} “{each.source}”" + (f", statement {each.sid}" if each.sid else "")
        drawn += [html.paragraph(told), html.block(each.statement)]
        lines += [f"  {told}", *(f"    {line}" for line in each.statement.splitlines())]
    drawn.append(html.paragraph(html.strong("The order of evaluation:")))
    lines.append("The order of evaluation:")
    items = []
    for number, step in enumerate(decided.steps, 1):
        shape, word = OUTCOMES.get(step.outcome, ("·", step.outcome))
        items.append(html.element("li", html.strong(step.title), f" {shape} {word}. {step.sentence}", style=f"color:{html.INK}"))
        lines.append(f"  {number}. {step.title}: {shape} {word}. {step.sentence}")
    drawn.append(html.element("ol", *items, style="margin:4px 0;padding-left:1.8em"))
    return Picture(html.card(*drawn, edge=colour), "\n".join(lines))
