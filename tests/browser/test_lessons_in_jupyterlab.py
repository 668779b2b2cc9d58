"""Lessons 00, 02 to 08 and labs 1 to 4 as learners meet them: in JupyterLab, in Chromium, with the real widgets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from jupyterlab import JupyterLab
from notebook_page import NotebookPage

pytestmark = pytest.mark.chromium
SCREENSHOTS = Path(__file__).parents[1] / "screenshots"
NOTEBOOKS = (
    "notebooks/00-start-here.ipynb",
    "notebooks/02-push-and-pull.ipynb",
    "notebooks/03-tags-digests-and-manifests.ipynb",
    "notebooks/04-permissions.ipynb",
    "notebooks/05-basic-scanning.ipynb",
    "notebooks/06-enhanced-scanning.ipynb",
    "notebooks/07-metrics.ipynb",
    "notebooks/08-audit-trail-and-events.ipynb",
    "labs/lab-1-ship-a-first-service/lab.ipynb",
    "labs/lab-2-lock-it-down/lab.ipynb",
    "labs/lab-3-fix-the-findings/lab.ipynb",
    "labs/lab-4-watch-and-react/lab.ipynb",
)


def name(path: str) -> str:
    """A lesson's file, or a lab's folder."""
    return Path(path).parent.name if path.startswith("labs/") else Path(path).stem


@pytest.fixture(scope="module", params=NOTEBOOKS, ids=name)
def notebook(request: pytest.FixtureRequest, open_notebook: Callable[[str], NotebookPage]) -> Iterator[NotebookPage]:
    """A notebook after Run All."""
    notebook = open_notebook(request.param)
    notebook.run_all()
    yield notebook
    notebook.page.close()


@pytest.fixture(params=["light", "dark"])
def theme(request: pytest.FixtureRequest) -> str:
    return request.param


def failed(notebook: NotebookPage) -> list[str]:
    """The cells that were not run or show an error."""
    code = [cell for cell in notebook.cells() if cell["type"] == "code"]
    return [cell["id"] for cell in code if not cell["count"] or any(output["output_type"] == "error" for output in cell["outputs"])]


def questions(notebook: NotebookPage) -> list[int]:
    """The numbers of the cells that show questions."""
    return [number for number, _ in enumerate(notebook.cells()) if notebook.shown(number).locator(".ecrlab-quiz").count()]


def test_run_all_goes_to_the_end_without_an_error(notebook: NotebookPage) -> None:
    assert failed(notebook) == []


def test_questions_are_answered_by_keyboard_alone_and_a_second_run_all_keeps_the_answers(notebook: NotebookPage) -> None:
    asking = questions(notebook)
    assert asking
    chosen: dict[int, list[str]] = {}
    for number in asking:
        notebook.walk_to(number)
        chosen[number] = []
        for quiz in notebook.shown(number).locator(".ecrlab-quiz").all():
            assert quiz.get_by_role("status").inner_text() == ""
            option = quiz.get_by_role("radio").nth(1)
            chosen[number].append(option.locator("xpath=..").inner_text().strip().rstrip("."))
            notebook.tab_to(option)
            notebook.page.keyboard.press("Space")
            notebook.tab_to(quiz.get_by_role("button"))
            notebook.page.keyboard.press("Enter")
            quiz.get_by_role("status").get_by_text(chosen[number][-1]).wait_for()
    notebook.run_all()
    assert failed(notebook) == []
    for number in asking:
        for quiz, text in zip(notebook.shown(number).locator(".ecrlab-quiz").all(), chosen[number], strict=True):
            quiz.get_by_role("status").get_by_text(text).wait_for()
            assert quiz.get_by_role("radio").nth(1).is_checked()


def test_what_is_rendered_is_accessible_and_whole(notebook: NotebookPage, theme: str) -> None:
    notebook.change_theme(theme)
    notebook.unroll()
    assert notebook.screenshots(SCREENSHOTS, f"{name(notebook.path)}-{theme}")
    assert notebook.violations() == []
    assert notebook.cut_off() == []
    notebook.roll()


def test_nothing_is_fetched_from_another_computer(notebook: NotebookPage) -> None:
    assert notebook.hosts <= {"127.0.0.1", ""}


PLAYGROUND = {
    "lab": "import ecrlab, json\nfrom ecrlab import playground\nlab = ecrlab.open()",
    "make": (
        'lab.client("ecr").create_repository(repositoryName="browser/shop")\n'
        'statement = {"Sid": "pull", "Effect": "Allow", "Action": "ecr:BatchGetImage", "Resource": "*"}\n'
        'user = lab.client("iam").create_user(UserName="browser-user")["User"]["Arn"]\n'
        'document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})\n'
        'lab.client("iam").put_user_policy(UserName="browser-user", PolicyName="pull", PolicyDocument=document)'
    ),
    "playground": 'playground.open(lab, who={"a user": user}, repositories=["browser/shop"])',
}


def write(jupyterlab: JupyterLab, path: str, cells: dict[str, str]) -> None:
    """A notebook of these code cells, in the learner's copy of the course."""
    kernelspec = {"name": "python3", "display_name": "Python 3"}
    made = [new_code_cell(source, id=id) for id, source in cells.items()]
    nbformat.write(new_notebook(cells=made, metadata={"kernelspec": kernelspec}), jupyterlab.course / path)


def test_the_playground_is_used_by_keyboard_alone_and_can_be_read(open_notebook: Callable[[str], NotebookPage], jupyterlab: JupyterLab) -> None:
    write(jupyterlab, "notebooks/playground.ipynb", PLAYGROUND)
    notebook = open_notebook("notebooks/playground.ipynb")
    notebook.run_all()
    assert failed(notebook) == []
    notebook.walk_to(2)
    ground, keyboard = notebook.shown(2).locator(".ecrlab-playground"), notebook.page.keyboard
    notebook.tab_to(ground.get_by_label("Identity policy"))
    policy = ground.get_by_label("Identity policy").input_value()
    for typed, said in (("{", "this isn't JSON at line 1, column 2"), (policy, "statement pull"), (policy.replace("Allow", "Deny"), "explicit deny")):
        keyboard.press("ControlOrMeta+a")
        keyboard.insert_text(typed)
        notebook.tab_to(ground.get_by_role("button", name="Decide"))
        keyboard.press("Enter")
        ground.get_by_role("status").get_by_text(said).first.wait_for()
        keyboard.press("Shift+Tab")  # back over the repository policy
        keyboard.press("Shift+Tab")
    notebook.unroll()
    assert notebook.screenshots(SCREENSHOTS, "playground")
    assert notebook.violations() == []
    assert notebook.cut_off() == []
    notebook.page.close()


QUIZ = {
    "lab": 'import ecrlab\nlab = ecrlab.open()\nlesson = lab.lesson("07")',
    "quiz": 'lesson.predict("quota-night")',
}


def test_below_a_question_of_two_lines_the_button_follows_the_options(open_notebook: Callable[[str], NotebookPage], jupyterlab: JupyterLab) -> None:
    """ipywidgets makes the options' height a multiple of the question's."""
    write(jupyterlab, "notebooks/quiz.ipynb", QUIZ)
    notebook = open_notebook("notebooks/quiz.ipynb")
    notebook.run_all()
    options, button = (notebook.shown(1).locator(each).bounding_box() for each in (".widget-radio-box", ".ecrlab-quiz button"))
    assert button["y"] - (options["y"] + options["height"]) < 15
    notebook.page.close()


DASHBOARD = {
    "lab": 'import ecrlab\nfrom ecrlab import dashboard\nlab = ecrlab.open()\nlogin = lab.client("ecr").get_authorization_token()',
    "dashboard": "dashboard.show(lab)",
}


def test_the_dashboard_is_used_by_the_keys_that_it_names(open_notebook: Callable[[str], NotebookPage], jupyterlab: JupyterLab) -> None:
    write(jupyterlab, "notebooks/dashboard.ipynb", DASHBOARD)
    notebook = open_notebook("notebooks/dashboard.ipynb")
    notebook.run_all()
    assert failed(notebook) == []
    notebook.walk_to(1)
    shown = notebook.shown(1)
    assert shown.get_by_text("By keyboard: Tab to a list, Space opens it, arrow keys, Enter.").is_visible()
    for label, said in (("Count", "Sum of calls of GetAuthorizationToken, by 1 hour"), ("Period", "by 6 hours"), ("Range", "The last period")):
        notebook.tab_to(shown.get_by_label(label))
        for key in ("Space", "ArrowUp" if label == "Range" else "ArrowDown", "Enter"):
            notebook.page.keyboard.press(key)
        shown.get_by_role("status").get_by_text(said).first.wait_for()
    assert shown.get_by_label("Range").input_value() == "the last week"
    notebook.unroll()
    assert notebook.screenshots(SCREENSHOTS, "dashboard")
    assert notebook.violations() == []
    assert notebook.cut_off() == []
    notebook.page.close()


EXPLORER = {
    "lab": 'import ecrlab\nlab = ecrlab.open()\necr = lab.client("ecr")\nlab.login()',
    "push": (
        'uri = ecr.create_repository(repositoryName="browser/shop-api")["repository"]["repositoryUri"]\n'
        'lab.docker.images.build(path="app/shop-api", tag=f"{uri}:1.0", buildargs={"BASE": lab.base("debian:11")})\n'
        'pushed = lab.docker.images.push(uri, tag="1.0")\n'
        'rule = {"scanFrequency": "SCAN_ON_PUSH", "repositoryFilters": [{"filter": "browser", "filterType": "WILDCARD"}]}\n'
        'configured = ecr.put_registry_scanning_configuration(scanType="ENHANCED", rules=[rule])'
    ),
    "explorer": 'ecrlab.explorer(lab.scans.wait("browser/shop-api", tag="1.0"))',
}


def test_the_explorer_is_used_by_the_keys_that_it_names(open_notebook: Callable[[str], NotebookPage], jupyterlab: JupyterLab) -> None:
    write(jupyterlab, "notebooks/explorer.ipynb", EXPLORER)
    notebook = open_notebook("notebooks/explorer.ipynb")
    notebook.run_all()
    assert failed(notebook) == []
    notebook.walk_to(2)
    shown = notebook.shown(2)
    assert shown.get_by_text("By keyboard: Tab to a list, Space opens it, arrow keys, Enter.").is_visible()
    for label, first in (("Severity", "CRITICAL"), ("Fix", "with")):
        notebook.tab_to(shown.get_by_label(label))
        for key in ("Space", "ArrowDown", "Enter"):
            notebook.page.keyboard.press(key)
        assert shown.get_by_label(label).evaluate("list => list.selectedOptions[0].textContent").startswith(first)
    shown.get_by_role("status").get_by_text("vulnerabilities: 7 of 36.").wait_for()
    assert "HIGH" not in shown.get_by_role("status").inner_text()
    notebook.unroll()
    assert notebook.screenshots(SCREENSHOTS, "explorer")
    assert notebook.violations() == []
    assert notebook.cut_off() == []
    notebook.page.close()


BAD = {
    "sound": "print('a tag can move')",
    "silent": "from IPython.display import HTML\nHTML('<svg role=\"img\" width=\"9\" height=\"9\"><rect width=\"9\" height=\"9\"/></svg>')",
    "pale": "HTML('<p style=\"color:#999;background:#fff\">hardly to be read</p>')",
    "wide": "HTML('<div style=\"width:300px;overflow:hidden\"><div style=\"width:900px\">more than fits</div></div>')",
    "fails": "1 / 0",
    "never-run": "print('Run All stops before this')",
}


def test_a_notebook_that_fails_or_cannot_be_read_is_found(open_notebook: Callable[[str], NotebookPage], jupyterlab: JupyterLab) -> None:
    write(jupyterlab, "notebooks/bad.ipynb", BAD)
    notebook = open_notebook("notebooks/bad.ipynb")
    notebook.run_all()
    assert failed(notebook) == ["fails", "never-run"]
    notebook.unroll()
    found = notebook.violations()
    assert [violation for violation in found if violation.startswith("svg-img-alt")]
    assert [violation for violation in found if violation.startswith("color-contrast") and "hardly to be read" in violation]
    assert [found.partition(":")[0] for found in notebook.cut_off()] == [str(list(BAD).index("wide"))]
    notebook.page.close()
