"""What a person sees in a real kernel, where widgets and live updates are allowed."""

import os
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

HERE = Path(__file__).parent

SET_UP = f"""\
import json, sys
sys.path.insert(0, {str(HERE)!r})
from pathlib import Path
import ecrlab.lesson
from ecrlab import show
from registries import FakeLab
ecrlab.lesson.LESSONS = Path({str(HERE / "sample")!r})
def events(name):
    return (json.loads(line) for line in open(Path({str(HERE)!r}) / "streams" / (name + ".jsonl")))
"""
CELLS = {
    "set-up": SET_UP,
    "card": "lesson = FakeLab(Path('state')).lesson('01')",
    "quiz": "lesson.predict('what-travels')",
    "answer": "lesson.answer('what-travels', 2)",
    "push": "pushed = show.push(events('docker20-push-first'))",
    "push-and-name": "pushed = show.push(events('docker20-push-first'))\npushed",
    "name-later": "pushed",
    "check": "lesson.check('first-push')",
    "error": "import ecrlab\ntry:\n    raise ecrlab.LabError('x', 'The port is taken.', 'Use another.')\nexcept ecrlab.LabError as e:\n    get_ipython().showtraceback()",
}


@pytest.fixture(scope="module")
def outputs(tmp_path_factory):
    """Cell → its outputs, of a notebook that is run as a person's, not plainly."""
    folder = tmp_path_factory.mktemp("notebook")
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in CELLS.values()])
    environment = {name: value for name, value in os.environ.items() if name != "ECRLAB_PLAIN"}
    with (folder / "log").open("wb") as log:
        NotebookClient(book, timeout=60, resources={"metadata": {"path": str(folder)}}).execute(env=environment, stdout=log, stderr=log)
    return {name: cell.outputs for name, cell in zip(CELLS, book.cells)}


def test_everything_is_html_with_the_same_in_text(outputs):
    for cell in ("card", "answer", "push", "check"):
        (output,) = outputs[cell]
        assert output.data["text/html"].startswith("<div") and output.data["text/plain"]


def test_a_question_is_a_widget(outputs):
    (output,) = outputs["quiz"]
    assert "application/vnd.jupyter.widget-view+json" in output.data


def test_a_live_push_ends_as_one_finished_picture(outputs):
    (output,) = outputs["push"]
    assert "Sent 5.0 MB of 5.0 MB." in output.data["text/html"] and "Pushing" not in output.data["text/html"]


def test_a_push_is_not_shown_twice_by_its_own_cell_and_again_by_a_later_one(outputs):
    assert len(outputs["push-and-name"]) == 1
    (later,) = outputs["name-later"]
    assert "Sent 5.0 MB of 5.0 MB." in later.data["text/html"]


def test_an_error_is_two_sentences_without_a_traceback(outputs):
    (output,) = outputs["error"]
    assert output.output_type == "error"
    assert "\n".join(output.traceback) == "LabError: The port is taken.\nUse another."
