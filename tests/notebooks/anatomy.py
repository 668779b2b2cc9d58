"""The anatomy of a lesson, rule by rule: each is a function from a notebook to the sentences on what is wrong with it."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ecrlab.content import Content, load, module
from ecrlab.lesson import LESSONS
from nbformat import NotebookNode

SET_UP = 'import ecrlab\nlab = ecrlab.open()\nlesson = lab.lesson("{number}")'
LINES, WIDTH, WORDS = 10, 105, 1200
CELLS = {"00": range(8, 41)}  # the first lesson is short
IMPORTS = {"ecrlab", "boto3", "botocore", "docker", "pandas", "matplotlib", "ipywidgets"} | set(sys.stdlib_module_names)
TAGS = {"nbval-ignore-output"}
ASKING = {"predict": "questions", "answer": "questions", "check": "checks", "hint": "checks", "solution": "checks"}


@dataclass(frozen=True)
class Lesson:
    """A learner's copy and where it lies."""

    path: Path
    notebook: NotebookNode

    @property
    def number(self) -> str:
        return self.path.name[:2]

    @property
    def code(self) -> list[NotebookNode]:
        return [cell for cell in self.notebook.cells if cell.cell_type == "code"]

    @property
    def markdown(self) -> list[NotebookNode]:
        return [cell for cell in self.notebook.cells if cell.cell_type == "markdown"]

    @property
    def content(self) -> Content:
        return load(LESSONS / f"lesson_{self.number}.toml")

    @property
    def checks(self) -> dict[str, Callable]:
        return getattr(module(LESSONS / f"lesson_{self.number}.py"), "CHECKS", {})

    def headings(self) -> Iterator[tuple[int, str]]:
        """Level and text of each heading, in order."""
        for cell in self.markdown:
            for marks, text in re.findall(r"^(#{1,6}) +(.+?)\s*$", unfenced(cell.source), re.M):
                yield len(marks), text

    def section(self, heading: str) -> str:
        """What stands below a heading, up to the next one of its level or above; empty where there is no such heading."""
        text = "\n\n".join(unfenced(cell.source) for cell in self.markdown)
        found = re.search(rf"^(#+) +[^\n]*{heading}[^\n]*\n", text, re.M | re.I)
        return re.split(rf"^#{{1,{len(found[1])}}} ", text[found.end() :], maxsplit=1, flags=re.M)[0] if found else ""

    def calls(self) -> Iterator[tuple[str, str, str]]:
        """Each `lesson.method("id", …)` in a code cell: the cell's id, the method, the id."""
        for cell in self.code:
            for node in ast.walk(ast.parse(cell.source)):
                match node:
                    case ast.Call(func=ast.Attribute(value=ast.Name(id="lesson"), attr=method), args=[ast.Constant(value=id), *_]):
                        yield cell.id, method, id
                    case ast.Call(func=ast.Attribute(value=ast.Name(id="lesson"), attr=method)):
                        yield cell.id, method, ""


def unfenced(markdown: str) -> str:
    """Markdown without its fenced blocks."""
    return re.sub(r"^(```+|~~~+).*?^\1[ \t]*$", "", markdown, flags=re.M | re.S)


def prose(markdown: str) -> str:
    """The words that a reader reads: without code, HTML tags and the targets of links and pictures."""
    text = re.sub(r"`[^`]*`", " code ", unfenced(markdown))
    text = re.sub(r"<!--.*?-->", "", text, flags=re.S)
    text = re.sub(r"</?[a-zA-Z][^>]*>", " ", text)
    return re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", text)


def size(lesson: Lesson) -> Iterator[str]:
    """20 to 40 cells, and prose of at most 1,200 words."""
    cells, words = len(lesson.notebook.cells), sum(len(prose(cell.source).split()) for cell in lesson.markdown)
    allowed = CELLS.get(lesson.number, range(20, 41))
    if cells not in allowed:
        yield f"it has {cells} cells, not {allowed[0]} to {allowed[-1]}"
    if words > WORDS:
        yield f"its prose has {words} words, more than {WORDS}"


def short_cells(lesson: Lesson) -> Iterator[str]:
    """Code cells of one to ten lines, none wider than the page."""
    for cell in lesson.code:
        lines = len(cell.source.splitlines())
        if not 1 <= lines <= LINES:
            yield f"the cell {cell.id} has {lines} lines"
        wide = [line for line in cell.source.splitlines() if len(line) > WIDTH]
        yield from (f"the cell {cell.id} has a line of {len(line)} characters" for line in wide)


def places(lesson: Lesson) -> Iterator[str]:
    """No code that works in one place alone: addresses and account numbers come from the lab."""
    for cell in lesson.code:
        for literal in re.findall(r"localhost:|127\.0\.0\.1|\b\d{12}\b", cell.source):
            yield f"the cell {cell.id} says {literal}"


def imports(lesson: Lesson) -> Iterator[str]:
    """Only what the course teaches with; no magics."""
    for cell in lesson.code:
        try:
            nodes = list(ast.walk(ast.parse(cell.source)))
        except SyntaxError as error:
            yield f"the cell {cell.id} is not Python: {error}"
            continue
        named = [each.name for node in nodes if isinstance(node, ast.Import) for each in node.names]
        named += [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
        yield from (f"the cell {cell.id} imports {name}" for name in named if name.split(".")[0] not in IMPORTS)


def voice(lesson: Lesson) -> Iterator[str]:
    """No exclamation marks."""
    for cell in lesson.markdown:
        if "!" in prose(cell.source):
            yield f"the cell {cell.id} exclaims: {next(line for line in prose(cell.source).splitlines() if '!' in line)}"


def headings(lesson: Lesson) -> Iterator[str]:
    """One title, in the first cell; no level skipped; none twice."""
    found = list(lesson.headings())
    if not lesson.notebook.cells[0].source.startswith("# "):
        yield "it does not begin with its title"
    if sum(level == 1 for level, _ in found) != 1:
        yield "it has not exactly one title"
    for (above, _), (below, text) in zip(found, found[1:]):
        if below > above + 1:
            yield f"the heading {text} skips a level"
    texts = [text for _, text in found]
    yield from (f"the heading {text} is there twice" for text in sorted({text for text in texts if texts.count(text) > 1}))


def recap(lesson: Lesson) -> Iterator[str]:
    """The recap mirrors the objectives, one for one."""
    promised, kept = (re.findall(r"^[-*] +\S|^\d+\. +\S", lesson.section(name), re.M) for name in ("You will be able to", "Recap"))
    if not 2 <= len(promised) <= 5:
        yield f"it promises {len(promised)} things under “You will be able to”"
    if len(promised) != len(kept):
        yield f"it promises {len(promised)} things and recaps {len(kept)}"


def questions(lesson: Lesson) -> Iterator[str]:
    """What the cells ask and check is in the lesson's content, and the other way round."""
    known = {"questions": set(lesson.content.questions), "checks": set(lesson.checks)}
    used = {"questions": set(), "checks": set()}
    for cell, method, id in lesson.calls():
        if method in ASKING:
            used[ASKING[method]].add(id)
            if id not in known[ASKING[method]]:
                yield f"the cell {cell} calls lesson.{method}({id!r}), which the lesson's content doesn't have"
    for kind in known:
        yield from (f"no cell uses {id} of its {kind}" for id in sorted(known[kind] - used[kind]))
    yield from (f"the check {id} has no hints" for id in sorted(known["checks"]) if not lesson.content.hints.get(id))


def recall(lesson: Lesson) -> Iterator[str]:
    """Three questions from earlier lessons, before anything else is asked; none in the first lesson."""
    asked = lesson.content.recall
    if len(asked) != (0 if lesson.number == "00" else 3):
        yield f"it recalls {len(asked)} questions"
    calls = [method for _, method, _ in lesson.calls() if method in {"recall", "predict", "check"}]
    if calls.count("recall") != bool(asked) or (asked and calls[0] != "recall"):
        yield "it does not begin with its recall"
    yield from (f"it recalls {id}, which is not from an earlier lesson" for id in asked if id.split("/")[0] >= lesson.number)


def frame(lesson: Lesson) -> Iterator[str]:
    """It begins with the set-up cell and ends with the clean-up."""
    if lesson.code[0].source != SET_UP.format(number=lesson.number):
        yield "its first code cell is not the set-up cell"
    if [method for _, method, _ in lesson.calls()][-1:] != ["cleanup"] or lesson.code[-1].source.splitlines()[-1] != "lesson.cleanup()":
        yield "its last code cell does not end with lesson.cleanup()"


def links(lesson: Lesson) -> Iterator[str]:
    """Links lead somewhere: a file in the course, a heading of this notebook, or a page on the web."""
    anchors = {text.replace(" ", "-") for _, text in lesson.headings()}
    for cell in lesson.markdown:
        text = re.sub(r"`[^`]*`", "", unfenced(cell.source))
        for target in re.findall(r"\]\(([^)\s]+)[^)]*\)", text) + re.findall(r'(?:href|src)="([^"]+)"', text):
            file, _, anchor = target.partition("#")
            found = target.startswith("https://") or (anchor in anchors if not file else (lesson.path.parent / file).exists())
            if not found:
                yield f"the cell {cell.id} links to {target}, which isn't there"


def pictures(lesson: Lesson) -> Iterator[str]:
    """Every picture says in words what it shows."""
    for cell in lesson.markdown:
        tags = re.findall(r"<img\b[^>]*>", cell.source)
        silent = [tag for tag in tags if not re.search(r'\balt="[^"]+"', tag)] + re.findall(r"!\[\s*\]\([^)]*\)", cell.source)
        yield from (f"the cell {cell.id} has a picture without a text: {each}" for each in silent)
        for diagram in re.findall(r"^```mermaid\n(.*?)^```", cell.source, re.M | re.S):
            for part in ("accTitle", "accDescr"):  # JupyterLab makes them the picture's alt and its description
                if not re.search(rf"^\s*{part}\b", diagram, re.M):
                    yield f"the cell {cell.id} has a diagram without {part}"


def tables(lesson: Lesson) -> Iterator[str]:
    """Every column of a table has a heading, for those who hear the table."""
    for cell in lesson.markdown:
        for head in re.findall(r"^(\|.*\|)[ \t]*\n\|[ :|-]+\|[ \t]*$", unfenced(cell.source), re.M):
            if any(not column.strip() for column in head.strip("|").split("|")):
                yield f"the cell {cell.id} has a column without a heading: {head}"


def cells(lesson: Lesson) -> Iterator[str]:
    """Names that a person would give, Jupyter's own kernel, and no tag that hides something from the tests."""
    notebook = lesson.notebook
    if (notebook.nbformat, notebook.nbformat_minor, notebook.metadata.get("kernelspec", {}).get("name")) != (4, 5, "python3"):
        yield "it is not a notebook of format 4.5 for the kernel python3"
    for cell in notebook.cells:
        if not re.fullmatch(r"(?![0-9a-f]{8}(-|$))[a-z0-9]+(-[a-z0-9]+)*", cell.id):
            yield f"the cell {cell.id} should be named in lower-case words with hyphens"
        yield from (f"the cell {cell.id} has the tag {tag}" for tag in set(cell.metadata.get("tags", [])) - TAGS)


def silent_outputs(twin: NotebookNode) -> Iterator[str]:
    """What an executed lesson shows to those who see and to nobody else."""
    for cell in twin.cells:
        for data in (output.get("data", {}) for output in cell.get("outputs", [])):
            drawn = data.get("text/html", "")
            yield from (f"the cell {cell.id} shows an {kind} without HTML that says what it shows" for kind in data if kind.startswith("image/"))
            for tag, said in (("img", r"\balt="), ("svg", r"\baria-label=")):
                if any(not re.search(said + r'["\'][^"\']', each) for each in re.findall(rf"<{tag}\b[^>]*>", drawn)):
                    yield f"the cell {cell.id} shows an <{tag}> without a text"
            if drawn.count("<table") > drawn.count("<caption"):
                yield f"the cell {cell.id} shows a <table> without a caption"
            if data.get("text/plain", "").startswith("! "):
                yield f"the cell {cell.id} shows a check that could not run"


# what holds for every notebook, and what for lessons alone
STYLE: tuple[Callable[[Lesson], Iterator[str]], ...] = (short_cells, places, imports, voice, headings, links, pictures, tables, cells)
ANATOMY: tuple[Callable[[Lesson], Iterator[str]], ...] = (size, recap, questions, recall, frame)
