"""What a lesson's authors write: its TOML, read and checked when it is loaded.

    title = "Push and pull"
    minutes = 30
    cost = "On AWS: less than 0.01 USD."      # said where it runs on AWS; locally nothing costs anything
    repositories = ["web", {name = "web", region = "eu-west-1"}, {name = "shared", account = "partner"}]
    identities = [{user = "ci"}, {role = "deploy"}, {group = "everybody"}, {policy = "limits", account = "partner"}]
    settings = ["scanning"]                  # of the whole account: changed after lab.keep("scanning"), put back by the clean-up
    resources = [{alarm = "loud"}, {topic = "alarms"}, {queue = "alarms"}, {rule = "pushes"}, {log_group = "/ecr"}, {log_policy = "events"}]
    recall = ["00/image-or-container", "01/name-or-address", "01/who-owns-a-registry"]

    [questions.what-travels]
    question = "You push an image a second time. What travels?"
    [[questions.what-travels.options]]
    text = "Everything, again"
    belief = "A push asks for each layer first, and sends only what isn't there."
    [[questions.what-travels.options]]
    text = "Only what the registry doesn't have"
    right = true
    belief = "Right: layers are known by their digest."

    [hints]
    first-push = ["a first nudge", "a more concrete one", "the line itself"]
    [solutions]
    first-push = 'the code'

Checks are functions beside it, in `lesson_02.py` (or a lab's `checks.py`, or its package `checks/`): `CHECKS = {"first-push": first_push}`, each
`(lab) -> Verdict`, and where the lesson makes public repositories `PUBLIC_REPOSITORIES = ["shop"]`.
"""

import importlib.util
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from ecrlab.errors import LabError
from ecrlab.resources import KINDS
from ecrlab.settings import SETTINGS


@dataclass(frozen=True)
class Option:
    """One answer to a question: its text, the belief behind it, and whether it is the right one."""

    text: str
    belief: str
    right: bool


@dataclass(frozen=True)
class Question:
    """A question with its options, exactly one of them right."""

    id: str
    question: str
    options: tuple[Option, ...]


@dataclass(frozen=True)
class Repository:
    """A private repository that a lesson owns; `region` and `account` None are the lab's own, "partner" the partner's."""

    name: str
    region: str | None = None
    account: str | None = None

    def __str__(self) -> str:
        whose = f"the {self.account}'s account" if self.account else None
        where = ", ".join(filter(None, (self.region, whose)))
        return f"{self.name} ({where})" if where else self.name


@dataclass(frozen=True)
class Identity:
    """A "user", "role", "group" or "policy" that a lesson owns; `account` as a repository's."""

    kind: str
    name: str
    account: str | None = None

    def __str__(self) -> str:
        return f"{self.kind} {self.name}" + (f" (the {self.account}'s account)" if self.account else "")


@dataclass(frozen=True)
class Resource:
    """Something of a kind in `resources.KINDS` that a lesson owns, in the lab's account and Region: an "alarm", a "log_group"."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind.replace('_', ' ')} {self.name}"


@dataclass(frozen=True)
class Content:
    """A lesson as its authors wrote it."""

    title: str
    minutes: int
    cost: str
    repositories: tuple[Repository, ...]
    recall: tuple[str, ...]
    questions: dict[str, Question]
    hints: dict[str, list[str]]
    solutions: dict[str, str]
    identities: tuple[Identity, ...] = ()
    resources: tuple[Resource, ...] = ()
    settings: tuple[str, ...] = ()


class _Faults(list):
    """What is wrong with a file, sentence by sentence."""

    def expect(self, holds: bool, sentence: str) -> bool:
        if not holds:
            self.append(sentence)
        return holds


def load(path: Path) -> Content:
    """Read a lesson's TOML. Raises LabError that lists everything wrong with it, each with where it stands."""
    try:
        written = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise LabError("no_content", f"There is no {path.name} in {path.parent}.", "Check the lesson's number.") from None
    except tomllib.TOMLDecodeError as error:
        raise LabError("content", f"{path.name} isn't valid TOML: {error}.") from error
    faults = _Faults()
    content = _read(written, faults)
    if faults:
        raise LabError("content", f"{path.name} has {len(faults)} to mend:\n" + "\n".join(f"  - {fault}" for fault in faults))
    return content


def module(path: Path) -> ModuleType:
    """The Python file beside a lesson's TOML: `CHECKS`, and whatever else it defines. An absent one defines nothing.

    Where there is a folder of that name, without `.py`, it is a package, whose files import each other (`from .versions import Image`).
    """
    name = f"ecrlab_content_{path.parent.name}_{path.stem}".replace("-", "_")  # without dots: nothing above it can be imported
    package = path.with_suffix("") / "__init__.py"
    found = package if package.is_file() else path
    if not found.is_file():
        return ModuleType(name)
    for part in [each for each in sys.modules if each.startswith(f"{name}.")]:  # of another copy of this folder
        del sys.modules[part]
    spec = importlib.util.spec_from_file_location(name, found)
    loaded = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def _read(written: dict, faults: _Faults) -> Content:
    known = {"title", "minutes", "cost", "repositories", "identities", "resources", "settings", "recall", "questions", "hints", "solutions"}
    for name in sorted(set(written) - known):
        faults.append(f"{name!r} is no part of a lesson; it has {', '.join(sorted(known))}")
    for name, kind, called in (("title", str, "a text"), ("minutes", int, "a whole number"), ("cost", str, "a text")):
        faults.expect(isinstance(written.get(name), kind), f"{name} must be there and be {called}")
    recall = written.get("recall", [])
    faults.expect(
        all(isinstance(each, str) and each.count("/") == 1 for each in recall),
        'recall is a list of "lesson/question", such as "01/name-or-address"',
    )
    questions = written.get("questions", {})
    return Content(
        title=written.get("title", ""),
        minutes=written.get("minutes", 0),
        cost=written.get("cost", ""),
        repositories=tuple(_repository(each, faults) for each in written.get("repositories", [])),
        recall=tuple(recall),
        questions={id: _question(id, body, faults) for id, body in questions.items()},
        hints=_hints(written.get("hints", {}), faults),
        solutions=_solutions(written.get("solutions", {}), faults),
        identities=tuple(filter(None, (_identity(each, faults) for each in written.get("identities", [])))),
        resources=tuple(filter(None, (_resource(each, faults) for each in written.get("resources", [])))),
        settings=tuple(each for each in written.get("settings", []) if _is_setting(each, faults)),
    )


def _repository(written: object, faults: _Faults) -> Repository:
    described = {"name": written} if isinstance(written, str) else written
    fits = isinstance(described, dict) and "name" in described and set(described) <= {"name", "region", "account"}
    if not faults.expect(fits, f"repositories: {written!r} is neither a name nor a table of name, region, account"):
        return Repository("")
    return Repository(**described)


def _identity(written: object, faults: _Faults) -> Identity | None:
    kinds = set(written) - {"account"} if isinstance(written, dict) else set()
    fits = len(kinds) == 1 and kinds <= {"user", "role", "group", "policy"}
    if not faults.expect(fits, f"identities: {written!r} names no user, role, group or policy"):
        return None
    kind = kinds.pop()
    return Identity(kind, written[kind], written.get("account"))


def _resource(written: object, faults: _Faults) -> Resource | None:
    fits = isinstance(written, dict) and len(written) == 1 and set(written) <= set(KINDS)
    if not faults.expect(fits, f"resources: {written!r} names no {', '.join(KINDS)}"):
        return None
    ((kind, name),) = written.items()
    return Resource(kind, name)


def _is_setting(written: object, faults: _Faults) -> bool:
    return faults.expect(written in SETTINGS, f"settings: {written!r} is none of {', '.join(SETTINGS)}")


def _question(id: str, written: dict, faults: _Faults) -> Question:
    where = f"questions.{id}"
    faults.expect(bool(written.get("question")), f"{where} has no question")
    options = []
    for number, option in enumerate(written.get("options", []), 1):
        faults.expect(bool(option.get("text")), f"{where}: option {number} has no text")
        faults.expect(bool(option.get("belief")), f"{where}: option {number} names no belief")
        unknown = sorted(set(option) - {"text", "belief", "right"})
        faults.expect(not unknown, f"{where}: option {number} has an unknown {', '.join(unknown)}")
        options.append(Option(option.get("text", ""), option.get("belief", ""), option.get("right", False)))
    right = sum(option.right for option in options)
    faults.expect(len(options) >= 2, f"{where} has {len(options)} options; it needs at least two")
    faults.expect(right == 1, f"{where} has {right} right options; it needs exactly one")
    texts = [option.text for option in options]
    faults.expect(len(set(texts)) == len(texts), f"{where} has the same option twice")
    return Question(id, written.get("question", ""), tuple(options))


def _hints(written: dict, faults: _Faults) -> dict[str, list[str]]:
    for check, hints in written.items():
        fits = isinstance(hints, list) and bool(hints) and all(isinstance(hint, str) and hint for hint in hints)
        faults.expect(fits, f"hints.{check} must be a list of texts")
    return written


def _solutions(written: dict, faults: _Faults) -> dict[str, str]:
    for check, solution in written.items():
        faults.expect(isinstance(solution, str) and bool(solution.strip()), f"solutions.{check} must be a text")
    return written
