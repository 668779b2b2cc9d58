"""Whether the lessons' contents fit together: one sentence for each fault, an empty list if all is well."""

import re
from collections.abc import Callable
from pathlib import Path

from ecrlab.content import Content, load, module
from ecrlab.errors import LabError
from ecrlab.lesson import LESSONS


def lesson_faults(folder: Path = LESSONS) -> list[str]:
    """The faults of all lessons in `folder`."""
    faults, earlier = [], {}
    for path in sorted(folder.glob("lesson_*.toml")):
        number = path.stem.removeprefix("lesson_")
        try:
            content = load(path)
        except LabError as error:
            faults.append(str(error))
            continue
        checks = getattr(module(path.with_suffix(".py")), "CHECKS", {})
        faults += [f"{path.name}: {fault}" for fault in _content_faults(content, checks, earlier)]
        earlier[number] = content
    return faults


def lab_faults(folder: Path) -> list[str]:
    """The faults of the guided lab in `folder`; its recall may name any lesson."""
    try:
        content = load(folder / "lab.toml")
    except LabError as error:
        return [str(error)]
    lessons = {path.stem.removeprefix("lesson_"): load(path) for path in LESSONS.glob("lesson_*.toml")}
    checks = getattr(module(folder / "checks.py"), "CHECKS", {})
    return [f"{folder.name}: {fault}" for fault in _content_faults(content, checks, lessons)]


def _content_faults(content: Content, checks: dict[str, Callable], earlier: dict[str, Content]) -> list[str]:
    faults = []
    for id in content.recall:
        lesson, _, question = id.partition("/")
        if lesson not in earlier or question not in earlier[lesson].questions:
            faults.append(f"recall names {id}, which no earlier lesson has")
    for check in checks:
        if check not in content.hints:
            faults.append(f"the check {check} has no hints")
        if check not in content.solutions:
            faults.append(f"the check {check} has no solution")
        if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", check):
            faults.append(f"the check {check} should be named in lower-case words with hyphens")
    for named in sorted((set(content.hints) | set(content.solutions)) - set(checks)):
        faults.append(f"there are hints or a solution for {named}, but no such check")
    return faults
