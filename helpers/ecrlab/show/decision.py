"""A decision on one call: allowed or refused, AWS's sentence, the statement that decided, and the order of evaluation."""

from ecrlab.decision import ALLOWS, DENIES, NOT_THERE, SILENT, Deciding, Decision
from ecrlab.show import html
from ecrlab.show.picture import Picture

# kind of policy → what a person calls it
KINDS = {
    "identity": "identity policy",
    "resource": "repository policy",
    "boundary": "permissions boundary",
    "session": "session policy",
    "registry": "registry policy",
    "trust": "trust policy of the role",
}
# what a step comes to → a shape; its sentence says the same in words
SHAPES = {ALLOWS: "✔", DENIES: "✖", SILENT: "○", NOT_THERE: "–"}


def decision(decided: Decision) -> Picture:
    """Draw a decision, as `lab.decision(…)` returns it."""
    shape, word, colour = ("✔", "Allowed", html.GREEN) if decided.allowed else ("✖", "Refused", html.VERMILLION)
    said = f"{word}, {decided.because}." if decided.allowed else f"{word}: {decided.message}."
    drawn = [html.paragraph(html.element("span", f"{shape} ", aria_hidden="true"), html.strong(word), said.removeprefix(word))]
    lines = [f"{shape} {said}"]
    heading = "What decided:" if decided.decided_by else "No statement decided: none fits this call."
    drawn.append(html.paragraph(html.strong(heading)))
    lines.append(heading)
    for each in decided.decided_by:
        told = _named(each) + (f", statement {each.sid}" if each.sid else "")
        drawn += [html.paragraph(told), html.block(each.statement)]
        lines += [f"  {told}", *(f"    {line}" for line in each.statement.splitlines())]
    drawn.append(html.paragraph(html.strong("The order of evaluation:")))
    lines.append("The order of evaluation:")
    items = []
    for number, step in enumerate(decided.steps, 1):
        title, shape = step.title[:1].upper() + step.title[1:], SHAPES.get(step.outcome, "–")
        mark = html.element("span", f"{shape} ", aria_hidden="true")
        items.append(html.element("li", mark, html.strong(f"{title}."), f" {step.sentence}", style=f"color:{html.INK}"))
        lines.append(f"  {number}. {shape} {title}. {step.sentence}")
    drawn.append(html.element("ol", *items, style="margin:4px 0;padding-left:1.8em"))
    return Picture(html.card(*drawn, edge=colour), "\n".join(lines))


def _named(deciding: Deciding) -> str:
    """The policy's kind and name; some names say the kind already."""
    kind = KINDS.get(deciding.kind, deciding.kind)
    return deciding.source if kind in deciding.source else f"{kind} “{deciding.source}”"
