"""A question to answer: radio buttons, a button, and what stands behind each answer.

Everything works by keyboard: Tab from option to option, Space to choose, Enter on the button. The answer is
announced, kept in the lab's state, and shown again when the cell runs again.
"""

from ecrlab.content import Question
from ecrlab.errors import LabError
from ecrlab.progress import Progress
from ecrlab.show import html
from ecrlab.show.picture import Picture, display

_STYLE = """<style>
.ecrlab-quiz {border: 1px solid #767676; border-left: 6px solid #0072b2; border-radius: 4px; padding: 8px 14px; max-width: 60em;}
.ecrlab-quiz .widget-radio {width: auto; flex-direction: column; align-items: stretch;}
.ecrlab-quiz .widget-radio > .widget-label {font-weight: 600; font-size: 14px;}
.ecrlab-quiz .widget-label {width: auto; max-width: none; text-align: left; white-space: normal; overflow: visible; height: auto; line-height: 1.5;}
.ecrlab-quiz .widget-radio-box {width: auto; max-width: none; flex-grow: 1; margin-bottom: 0 !important;}
.ecrlab-quiz .widget-radio-box label {display: block; position: relative; width: auto; height: auto; line-height: 1.5; padding: 3px 0 3px 26px; margin: 0; white-space: normal; overflow: visible; font-size: 14px;}
.ecrlab-quiz .widget-radio-box label input {position: absolute; left: 2px; top: 3px; float: none; margin: 0;}
.ecrlab-quiz .widget-html, .ecrlab-quiz .widget-html-content {height: auto; overflow: visible; white-space: normal;}
</style>"""


def answer(question: Question, number: int, progress: Progress, helper: str) -> None:
    """Answer by option number, beginning at 1: keeps the answer and shows what stands behind it. `helper` is the notebook's name for it."""
    if not isinstance(number, int) or not 1 <= number <= len(question.options):
        count = len(question.options)
        raise LabError("answer", f"There is no option {number!r}.", f"Give a number from 1 to {count}: {helper}.answer({question.id!r}, 1).")
    progress.set("answers", question.id, number)
    display(_feedback(question, number))


def show_plain(question: Question, helper: str) -> None:
    """Print the question and its numbered options, without the answer. `helper` is the notebook's name for what is asked next."""
    lines = [question.question]
    lines += [f"  {number}. {option.text}" for number, option in enumerate(question.options, 1)]
    lines.append(f"Answer with {helper}.answer({question.id!r}, number).")
    print("\n".join(lines))


def widget(question: Question, progress: Progress):
    """The question as an ipywidget."""
    import ipywidgets

    known = progress.get("answers", question.id)
    choices = ipywidgets.RadioButtons(
        options=[(option.text, number) for number, option in enumerate(question.options, 1)],
        value=known if known in range(1, len(question.options) + 1) else None,
        description=question.question,
        style={"description_width": "initial"},
        layout={"width": "auto"},
    )
    button = ipywidgets.Button(description="Check my answer", layout={"width": "auto", "align_self": "flex-start"})
    said = ipywidgets.HTML(_region(_feedback(question, choices.value).html if choices.value else ""))

    def check(_button) -> None:
        if choices.value is None:
            said.value = _region(html.card(html.paragraph("Choose an option first.")))
            return
        progress.set("answers", question.id, choices.value)
        said.value = _region(_feedback(question, choices.value).html)

    button.on_click(check)
    box = ipywidgets.VBox([ipywidgets.HTML(_STYLE), choices, button, said])
    box.add_class("ecrlab-quiz")
    return box


def _feedback(question: Question, number: int) -> Picture:
    """What stands behind an option: a shape, a word and the belief."""
    option = question.options[number - 1]
    shape, word, colour = ("✔", "Right", html.GREEN) if option.right else ("◐", "Not right", html.ORANGE)
    text = option.text.rstrip(".")
    line = html.join(
        html.element("span", f"{shape} ", style=f"font-weight:700;color:{html.INK}", aria_hidden="true"),
        html.strong(f"{word}: “{text}”."),
        f" {option.belief}",
    )
    return Picture(html.card(html.paragraph(line), edge=colour), f"{shape} {word}: “{text}”. {option.belief}")


def _region(content: str) -> str:
    """A live region: what appears in it is read out."""
    return html.element("div", html.Html(content), role="status", aria_live="polite", aria_atomic="true")
