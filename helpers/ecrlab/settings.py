"""Settings of a whole account in a Region, which a lesson changes: shown, on AWS asked for, kept as they were, and put back after.

What was found is kept in `settings.json` in the lab's folder until it was put back, so that neither a kernel that ends nor a lesson that is
taken up another day loses it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ecrlab.errors import LabError
from ecrlab.plain import plain
from ecrlab.show import html, words
from ecrlab.show.picture import Picture, display, note
from localecr.door import write_private

if TYPE_CHECKING:
    from ecrlab.lab import Lab

FILE = "settings.json"
PUT_BACK, UNCHANGED, NOT_KEPT = "put back", "is as it was", "was not changed here"


@dataclass(frozen=True)
class Setting:
    """`called` as a sentence names it; `read` what is set, as JSON; `write` sets it again; `tell` says it to a person."""

    called: str
    read: Callable[[Lab], Any]
    write: Callable[[Lab, Any], None]
    tell: Callable[[Any], str]


def keep(lab: Lab, name: str) -> None:
    """Show a setting that is about to be changed, ask whether it may be (on AWS, where it is the learner's own), and keep it as it is.

    What was kept already stays: only what was there before all lessons is worth putting back. Raises LabError where the learner says no, or can't
    be asked, and for a file that is damaged.
    """
    setting, kept = _setting(name), _Kept(lab)
    if kept.has(name):
        display(note(f"{_capital(setting.called)} was kept before: {setting.tell(kept.get(name))}. The clean-up puts it back."))
        return
    found = setting.read(lab)
    told = f"{_capital(setting.called)} in {lab.region} is now: {setting.tell(found)}."
    if lab.place == "aws":
        _ask(lab, setting, told)
    kept.set(name, found)
    display(note(f"{told} The clean-up puts it back."))


def restore(lab: Lab, names: Iterable[str]) -> Picture:
    """Put back what was kept of these settings, and show what became of each, or that the file is damaged. Harmless if repeated."""
    try:
        return _restored(lab, names)
    except Damaged as error:
        return Picture(html.card(html.paragraph(error.sentence), html.paragraph(error.next), edge=html.VERMILLION, role="status"), str(error))


def _restored(lab: Lab, names: Iterable[str]) -> Picture:
    kept, rows, wanted = _Kept(lab), [], set(names)
    now = {name: setting.read(lab) for name, setting in SETTINGS.items() if name in wanted}  # before any is put back: one may change another
    for name, set_now in now.items():
        setting = SETTINGS[name]
        if not kept.has(name):
            rows.append([setting.called, NOT_KEPT, setting.tell(set_now)])
            continue
        found = kept.get(name)
        if set_now != found:
            setting.write(lab, found)
        rows.append([setting.called, UNCHANGED if set_now == found else PUT_BACK, setting.tell(found)])
        kept.remove(name)
    heads, caption = ["Setting", "What happened", "It is now"], "Settings of the whole account"
    drawn = html.card(html.table(heads, rows, caption), edge=html.GREEN, role="status")
    return Picture(drawn, words.columns(heads, rows, caption))


def pending(state: Path) -> list[str]:
    """The accounts and Regions on AWS, whose settings a lab in this folder changed and hasn't put back yet. Raises LabError for a damaged file."""
    return [place.removeprefix("aws ") for place, found in _read(state / FILE).items() if found and place.startswith("aws ")]


class Damaged(LabError):
    """The file can't be read. It may be all that still says how settings were, so it stays as it is."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            "settings",
            f"{path} is damaged, and stays as it is: it says how settings of the whole account were before lessons changed them.",
            "Mend it, or move it away and set yourself what it names; lessons then keep what they find anew.",
        )


def _read(path: Path) -> dict[str, dict[str, Any]]:
    """Raises Damaged."""
    if not path.is_file():
        return {}
    try:
        kept = json.loads(path.read_text("utf-8"))
    except (ValueError, RecursionError) as error:
        raise Damaged(path) from error
    if not isinstance(kept, dict) or not all(isinstance(found, dict) for found in kept.values()):
        raise Damaged(path)
    return kept


def _setting(name: str) -> Setting:
    if name not in SETTINGS:
        raise LabError("setting", f"There is no setting {name!r} to keep.", f"There are: {', '.join(SETTINGS)}.")
    return SETTINGS[name]


def _ask(lab: Lab, setting: Setting, told: str) -> None:
    if plain():
        raise LabError("setting", f"{told} This lesson changes it for the whole account, and nobody is here to be asked.", "Run the lesson in JupyterLab.")
    answer = input(f"{told} This lesson changes it for all of account {lab.account} in {lab.region}, and its clean-up puts it back. May it? (yes or no) ")
    if answer.strip().lower() not in ("yes", "y"):
        raise LabError("setting", f"{_capital(setting.called)} stays as it is.", "The rest of this lesson needs the change. Run the cell again to allow it.")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


class _Kept:
    """The file: place, account and Region → name → what was found."""

    def __init__(self, lab: Lab) -> None:
        self._path = lab.state / FILE
        self._place = f"{lab.place} {lab.account} {lab.region}"

    def has(self, name: str) -> bool:
        return name in self._here()

    def get(self, name: str) -> Any:
        return self._here()[name]

    def set(self, name: str, found: Any) -> None:
        self._write(self._here() | {name: found})

    def remove(self, name: str) -> None:
        self._write({each: found for each, found in self._here().items() if each != name})

    def _here(self) -> dict[str, Any]:
        return _read(self._path).get(self._place, {})

    def _write(self, here: dict[str, Any]) -> None:
        write_private(self._path, json.dumps(_read(self._path) | {self._place: here}, indent=1) + "\n")


def _inspector(lab: Lab) -> str:
    """AWS: Inspector's BatchGetAccountStatus, of what it says of ECR alone."""
    answer = lab.reader("inspector2").batch_get_account_status(accountIds=[lab.account])
    return answer["accounts"][0]["resourceState"]["ecr"]["status"]


def _set_inspector(lab: Lab, status: str) -> None:
    inspector = lab.client("inspector2")
    change = inspector.enable if status in ("ENABLED", "ENABLING") else inspector.disable
    change(accountIds=[lab.account], resourceTypes=["ECR"])


def _scanning(lab: Lab) -> dict[str, Any]:
    """AWS: GetRegistryScanningConfiguration."""
    found = lab.reader("ecr").get_registry_scanning_configuration()["scanningConfiguration"]
    return {"scanType": found["scanType"], "rules": found.get("rules", [])}


def _set_scanning(lab: Lab, found: dict[str, Any]) -> None:
    lab.client("ecr").put_registry_scanning_configuration(**found)


def _tell_scanning(found: dict[str, Any]) -> str:
    rules = [f"{each['scanFrequency']} for {', '.join(name['filter'] for name in each['repositoryFilters'])}" for each in found["rules"]]
    return f"{found['scanType']}, {'; '.join(rules) or 'without rules'}"


def _known_until(lab: Lab) -> str | None:
    """Only a local lab's knowledge can be held at a date; Inspector's goes on by itself."""
    held = lab.advisories.known_until if lab.place == "local" else None
    return held and held.isoformat()


def _set_known_until(lab: Lab, held: str | None) -> None:
    if held:
        lab.advisories.hold(held)
    else:
        lab.advisories.release()


def _tell_known_until(held: str | None) -> str:
    return f"what was published by {held[:10]}, no more" if held else "all that is known by now"


# in the order in which they are put back: without Inspector there is no enhanced scanning
SETTINGS = {
    "inspector": Setting("Amazon Inspector for ECR", _inspector, _set_inspector, str),
    "scanning": Setting("the scanning configuration of the registry", _scanning, _set_scanning, _tell_scanning),
    "advisories": Setting("what scanners know of vulnerabilities", _known_until, _set_known_until, _tell_known_until),
}
