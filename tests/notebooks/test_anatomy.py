"""Every lesson has the same anatomy, and the rules that say so find a lesson that hasn't."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from ecrlab.lessons.faults import lesson_faults
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

import anatomy
import twins

LESSONS = twins.lessons()
LABS = sorted(twins.LESSONS.with_name("labs").glob("*/lab.ipynb"))


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
@pytest.mark.parametrize("rule", anatomy.ANATOMY, ids=lambda rule: rule.__name__)
def test_a_lesson_has_the_anatomy(rule, path: Path) -> None:
    assert list(rule(anatomy.Lesson(path, twins.read(path)))) == [], rule.__doc__


@pytest.mark.parametrize("path", LESSONS + LABS, ids=lambda path: path.parent.name if path.stem == "lab" else path.stem)
@pytest.mark.parametrize("rule", anatomy.STYLE, ids=lambda rule: rule.__name__)
def test_a_notebook_keeps_the_style(rule, path: Path) -> None:
    assert list(rule(anatomy.Lesson(path, twins.read(path)))) == [], rule.__doc__


@pytest.mark.parametrize("path", LABS, ids=lambda path: path.parent.name)
def test_a_labs_starter_is_pristine(path: Path) -> None:
    assert twins.traces(twins.read(path)) == []


def test_the_lessons_contents_fit_together() -> None:
    assert lesson_faults() == []


def test_every_lesson_is_there_once_and_has_a_twin() -> None:
    numbers = [path.name[:2] for path in LESSONS]
    assert numbers == sorted(set(numbers))
    assert {"00", "01", "02", "03", "07"} <= set(numbers)
    assert {path.name for path in twins.TWINS.glob("*.ipynb")} == {path.name for path in LESSONS}


@pytest.mark.parametrize("path", sorted(twins.TWINS.glob("*.ipynb")), ids=lambda path: path.stem)
def test_what_a_lesson_shows_can_be_read_aloud(path: Path) -> None:
    assert list(anatomy.silent_outputs(twins.read(path))) == []


def a_lesson(*cells: tuple[str, str]) -> anatomy.Lesson:
    """A lesson 01 of these cells; a source that begins with "> " is code."""
    made = [new_code_cell(source[2:], id=id) if source.startswith("> ") else new_markdown_cell(source, id=id) for id, source in cells]
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    return anatomy.Lesson(twins.LESSONS / "01-sample.ipynb", new_notebook(cells=made, metadata=metadata))


TITLE = ("title", "# A lesson")
SPOILT = {
    "too few cells": (anatomy.size, a_lesson(TITLE), "it has 1 cells, not 20 to 40"),
    "too many words": (anatomy.size, a_lesson(*[(f"text-{i}", "word " * 61) for i in range(20)]), "its prose has 1220 words, more than 1200"),
    "a long cell": (anatomy.short_cells, a_lesson(("long", "> # one\n" + "\n" * 9 + "two")), "the cell long has 11 lines"),
    "a wide cell": (anatomy.short_cells, a_lesson(("wide", "> # " + "x" * 110)), "the cell wide has a line of 112 characters"),
    "an empty cell": (anatomy.short_cells, a_lesson(("empty", "> ")), "the cell empty has 0 lines"),
    "an address": (anatomy.places, a_lesson(("push", "> push('localhost:4510/web')")), "the cell push says localhost:"),
    "an account": (anatomy.places, a_lesson(("push", "> push('111122223333.dkr')")), "the cell push says 111122223333"),
    "an import": (anatomy.imports, a_lesson(("get", "> import os, requests.auth")), "the cell get imports requests.auth"),
    "an import from": (anatomy.imports, a_lesson(("get", "> from localecr import door")), "the cell get imports localecr"),
    "a magic": (anatomy.imports, a_lesson(("shell", "> !docker push")), "the cell shell is not Python: invalid syntax (<unknown>, line 1)"),
    "an exclamation": (anatomy.voice, a_lesson(("wow", "`a != b`\n\n```\n!x\n```\nIt works!")), "the cell wow exclaims: It works!"),
    "no title": (anatomy.headings, a_lesson(("text", "One\n# Two")), "it does not begin with its title"),
    "two titles": (anatomy.headings, a_lesson(TITLE, ("other", "# Another")), "it has not exactly one title"),
    "a skipped level": (anatomy.headings, a_lesson(TITLE, ("deep", "### Deep")), "the heading Deep skips a level"),
    "a heading twice": (anatomy.headings, a_lesson(TITLE, ("one", "## Try"), ("two", "## Try")), "the heading Try is there twice"),
    "nothing promised": (anatomy.recap, a_lesson(TITLE), "it promises 0 things under “You will be able to”"),
    "a recap of something else": (
        anatomy.recap,
        a_lesson(TITLE, ("goals", "## You will be able to\n- push\n- pull"), ("recap", "## Recap\n- push\n\n## Next\n- more")),
        "it promises 2 things and recaps 1",
    ),
    "no set-up": (anatomy.frame, a_lesson(("one", "> import ecrlab"), ("end", "> lesson.cleanup()")), "its first code cell is not the set-up cell"),
    "no clean-up": (
        anatomy.frame,
        a_lesson(("set-up", "> " + anatomy.SET_UP.format(number="01"))),
        "its last code cell does not end with lesson.cleanup()",
    ),
    "a dead link": (anatomy.links, a_lesson(("next", "[Next](99-gone.ipynb)")), "the cell next links to 99-gone.ipynb, which isn't there"),
    "a dead anchor": (anatomy.links, a_lesson(("up", "## Try it\n[a](#Try-it) [b](#gone)")), "the cell up links to #gone, which isn't there"),
    "a silent picture": (anatomy.pictures, a_lesson(("see", "![](x.png)")), "the cell see has a picture without a text: ![](x.png)"),
    "a silent image": (anatomy.pictures, a_lesson(("see", '<img src="x">')), 'the cell see has a picture without a text: <img src="x">'),
    "a silent diagram": (
        anatomy.pictures,
        a_lesson(("see", "```mermaid\ngraph LR\n  accTitle: Two\n  a-->b\n```")),
        "the cell see has a diagram without accDescr",
    ),
    "a column without a heading": (
        anatomy.tables,
        a_lesson(("map", "| | Lesson |\n|---|---|\n| 01 | Push |")),
        "the cell map has a column without a heading: | | Lesson |",
    ),
    "a name nobody gave": (anatomy.cells, a_lesson(("8e3f2a1b", "text")), "the cell 8e3f2a1b should be named in lower-case words with hyphens"),
}


@pytest.mark.parametrize(("rule", "lesson", "sentence"), SPOILT.values(), ids=SPOILT)
def test_a_lesson_without_the_anatomy_is_found(rule, lesson: anatomy.Lesson, sentence: str) -> None:
    assert sentence in list(rule(lesson))


def test_a_tag_that_hides_a_cell_from_the_tests_is_found() -> None:
    lesson = a_lesson(("wrong", "> 1 / 0"))
    lesson.notebook.cells[0].metadata.tags = ["raises-exception"]
    assert list(anatomy.cells(lesson)) == ["the cell wrong has the tag raises-exception"]


CONTENT = """
title = "A lesson"
minutes = 5
cost = "nothing"
recall = ["00/asked", "01/asked"]
[questions.asked]
question = "Which?"
options = [{text = "this", belief = "Right.", right = true}, {text = "that", belief = "No."}]
[questions.unasked]
question = "Which?"
options = [{text = "this", belief = "Right.", right = true}, {text = "that", belief = "No."}]
[hints]
[solutions]
"""
ASKS = [("ask", "> lesson.predict('asked')\nlesson.predict('gone')"), ("look", "> lesson.check('pushed')\nlesson.hint('gone')")]


@pytest.fixture
def content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The content of a lesson 01, in place of the course's."""
    (tmp_path / "lesson_01.toml").write_text(CONTENT, "utf-8")
    (tmp_path / "lesson_01.py").write_text("CHECKS = {'pushed': None, 'pulled': None}\n", "utf-8")
    monkeypatch.setattr(anatomy, "LESSONS", tmp_path)


def test_questions_and_checks_that_nobody_asks_or_has_are_found(content) -> None:
    assert list(anatomy.questions(a_lesson(*ASKS))) == [
        "the cell ask calls lesson.predict('gone'), which the lesson's content doesn't have",
        "the cell look calls lesson.hint('gone'), which the lesson's content doesn't have",
        "no cell uses unasked of its questions",
        "no cell uses pulled of its checks",
        "the check pulled has no hints",
        "the check pushed has no hints",
    ]


def test_a_recall_that_comes_late_or_looks_ahead_is_found(content) -> None:
    assert list(anatomy.recall(a_lesson(*ASKS, ("recall", "> lesson.recall()")))) == [
        "it recalls 2 questions",
        "it does not begin with its recall",
        "it recalls 01/asked, which is not from an earlier lesson",
    ]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"image/png": "iVBO", "text/plain": "<Figure>"}, "the cell shown shows an image/png without HTML that says what it shows"),
        ({"text/html": "<img src='x'>"}, "the cell shown shows an <img> without a text"),
        ({"text/html": "<svg width='1'></svg>"}, "the cell shown shows an <svg> without a text"),
        ({"text/html": "<table><tr><td>1</td></tr></table>"}, "the cell shown shows a <table> without a caption"),
        ({"text/plain": "! The check itself could not run: pushed. KeyError"}, "the cell shown shows a check that could not run"),
    ],
)
def test_an_output_that_cannot_be_read_aloud_is_found(data: dict[str, str], sentence: str) -> None:
    cell = new_code_cell("1", id="shown", outputs=[nbformat.v4.new_output("display_data", data=data)])
    assert list(anatomy.silent_outputs(new_notebook(cells=[cell]))) == [sentence]
