"""A lesson's helper: its card, questions, checks, hints and clean-up."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

from ecrlab import check as checking
from ecrlab import cleanup, quiz, settings
from ecrlab.content import Content, Question, load, module
from ecrlab.errors import LabError
from ecrlab.lab import Lab
from ecrlab.plain import plain
from ecrlab.progress import Progress
from ecrlab.show import html
from ecrlab.show.picture import Picture, display, note

LESSONS = Path(__file__).parent / "lessons"


class Lesson:
    """What a notebook calls between its own cells. Nothing here raises because of what a learner has done or not done."""

    called = "lesson"  # by the notebooks, as hints and questions spell their next call

    def __init__(self, lab: Lab, name: str, content: Content, functions: ModuleType) -> None:
        self.lab = lab
        self.name = name
        self.content = content
        self.checks: dict[str, Callable] = getattr(functions, "CHECKS", {})
        self.public_repositories: list[str] = getattr(functions, "PUBLIC_REPOSITORIES", [])
        self.progress = Progress(lab.state, name)

    @classmethod
    def open(cls, lab: Lab, number: str) -> Lesson:
        """Lesson `number` ("02"), whose card is shown. Raises LabError where there is no such lesson or its content is faulty."""
        lesson = cls(lab, number, load(LESSONS / f"lesson_{number}.toml"), module(LESSONS / f"lesson_{number}.py"))
        lesson.card()
        return lesson

    def card(self) -> None:
        """Show where the lesson runs, how long it takes, what it costs and which names it owns."""
        display(_card(self))

    def recall(self) -> None:
        """Ask the questions from earlier lessons that this one opens with."""
        for id in self.content.recall:
            self._ask(self._question(id))

    def predict(self, id: str) -> None:
        """Ask one question: as a widget, or plainly where nobody can click."""
        self._ask(self._question(id))

    def answer(self, id: str, number: int) -> None:
        """Answer a question by option number, beginning at 1, and see what stands behind that option."""
        quiz.answer(self._question(id), number, self.progress, self.called)

    def verdict(self, name: str) -> checking.Verdict:
        """What a check says, without showing it. Raises nothing but LabError, for a check that doesn't exist."""
        check = self._check(name)
        return checking.judge(lambda: self._tried(name, check(self.lab)))

    def check(self, name: str) -> None:
        """Look at the registry and show the verdict: not tried, not yet, or done."""
        display(checking.picture(self.verdict(name), name))

    def hint(self, name: str) -> None:
        """Show the next hint, below those shown before."""
        self._check(name)
        hints = self.content.hints.get(name, [])
        shown = min(self.progress.count("hints", name), len(hints))
        lines = [f"Hint {number} of {len(hints)}: {hint}" for number, hint in enumerate(hints[:shown], 1)]
        if shown == len(hints):
            lines.append(f"That was the last hint. The solution is shown by {self.called}.solution({name!r}).")
        display(note(*lines))

    def solution(self, name: str) -> None:
        """Show the solution: at once after a try, otherwise when asked a second time."""
        self._check(name)
        tried = self.progress.get("verdicts", name, checking.NOT_TRIED) != checking.NOT_TRIED
        asked = self.progress.count("solutions", name)
        if not tried and asked < 2:
            display(note("Try it first: a wrong attempt teaches more than a right text. Run this cell again to see the solution anyway."))
            return
        text = self.content.solutions.get(name)
        if text is None:
            display(note(f"There is no written solution to {name}."))
            return
        drawn = html.card(html.paragraph(html.strong(f"One solution to {name}:")), html.block(text.strip("\n")))
        display(Picture(drawn, f"One solution to {name}:\n\n{text.strip(chr(10))}\n"))

    def cleanup(self) -> None:
        """Delete what this lesson owns, show what that was, and verify that nothing is left. Harmless if repeated."""
        display(self._clean())

    def _clean(self) -> Picture:
        owned = self.content
        return cleanup.clean(self.lab, owned.repositories, self.public_repositories, owned.identities, owned.resources, owned.settings)

    def _tried(self, name: str, verdict: checking.Verdict) -> checking.Verdict:
        if isinstance(verdict, checking.Verdict):
            self.progress.count("tries", name)
            self.progress.set("verdicts", name, verdict.outcome)
        return verdict

    def _check(self, name: str) -> Callable:
        if name not in self.checks:
            raise LabError("no_check", f"There is no check named {name!r} here.", f"There are: {', '.join(self.checks) or 'none'}.")
        return self.checks[name]

    def _question(self, id: str) -> Question:
        """A question of this lesson ("what-travels") or of another ("01/who-owns")."""
        lesson, _, local = id.rpartition("/")
        questions = load(LESSONS / f"lesson_{lesson}.toml").questions if lesson else self.content.questions
        if local not in questions:
            raise LabError("no_question", f"There is no question named {id!r} here.", f"There are: {', '.join(questions) or 'none'}.")
        asked = questions[local]
        return Question(id, asked.question, asked.options)

    def _ask(self, question: Question) -> None:
        if plain():
            quiz.show_plain(question, self.called)
            return
        import IPython.display

        IPython.display.display(quiz.widget(question, self.progress))


def _card(lesson: Lesson) -> Picture:
    lab, content = lesson.lab, lesson.content
    local = lab.place == "local"
    where = "this machine, nothing leaves it" if local else "your own AWS account"
    engine = "a Docker engine" if lab.engine == "docker" else "dockerless, no Docker needed"
    owned = [str(each) for each in content.repositories] + [f"{name} (public)" for name in lesson.public_repositories]
    held = settings.SETTINGS["advisories"].read(lab) if "advisories" in content.settings else None
    lines = {
        "Runs on": f"{where} (account {lab.account}, Region {lab.region})",
        "Builds and pushes with": engine,
        "Time": f"about {content.minutes} minutes",
        "Cost": "nothing" if local else content.cost,
        "Repositories it makes and deletes": ", ".join(owned) or "none",
    }
    if held:
        lines["Mind"] = f"the lab knows only what was published by {held[:10]}, so it finds less. lab.advisories.release() ends that"
    if content.identities:
        lines["In IAM it makes and deletes"] = ", ".join(map(str, content.identities))
    if content.resources:
        lines["It also makes and deletes"] = ", ".join(map(str, content.resources))
    if content.settings:
        lines["Settings of the whole account it changes and puts back"] = ", ".join(settings.SETTINGS[each].called for each in content.settings)
    rows = [html.paragraph(html.strong(f"{name}: "), value) for name, value in lines.items()]
    drawn = html.card(html.paragraph(html.strong(content.title), style="font-size:16px"), *rows, edge=html.BLUE)
    return Picture(drawn, "\n".join([content.title, *(f"  {name}: {value}" for name, value in lines.items())]))
