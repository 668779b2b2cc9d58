"""Task 4: the libraries in tickets."""

from __future__ import annotations

from ecrlab.check import Verdict, not_yet
from ecrlab.lab import Lab

from . import work
from .mending import mended
from .versions import Image, plain
from .words import listed

LIBRARY = "pyyaml"


def check(lab: Lab) -> Verdict:
    """A version has a PyYAML without known flaws that are critical or high, and every other library as in 1.0."""
    return mended(
        lab,
        is_tried=lambda first, image: image.libraries != first.libraries or image.mislabelled,
        fault=fault,
        untried="The libraries of {newest} are those of 1.0.",
        praise="{name} has another PyYAML, and every other library is what it was.",
        edited=_edited,
    )


def _edited(newest: Image) -> Verdict | None:
    """What work/requirements.txt asks for and the newest version hasn't got."""
    asked, held = work.asked(), newest.libraries
    if asked is None or asked == held:
        return None
    others = [f"{name} {' '.join(asked.get(name, ())) or 'gone'}" for name in asked.keys() | held.keys() if asked.get(name) != held.get(name)]
    return not_yet(
        f"{newest.name} has other libraries than work/requirements.txt asks for now ({listed(others)}). {work.EDITED}",
        "ship, under the next number.",
    )


def fault(first: Image, image: Image) -> Verdict | None:
    held, before = image.libraries, first.libraries
    mine = held.get(LIBRARY, ())
    if not mine:
        return not_yet(
            f"{image.name} has no PyYAML. What isn't there has no flaws, and does no work either: tickets reads its hall with it, and can't start without.",
            "Another version, not none.",
        )
    if len(mine) > 1:
        return not_yet(
            f"{image.name} has PyYAML {len(mine)} times, in the versions {listed(mine)}. Added isn't replaced: the old one is found as before.",
            "One line of requirements.txt for each library.",
        )
    if image.mislabelled:
        return not_yet(
            f"{image.name} has a {image.mislabelled[0]} that says another version of itself than its folder does."
            " A version is what was built, not what is written on it.",
            "Ask for another version in requirements.txt; the shelf has some.",
        )
    left = [flaw for flaw in image.flaws if flaw.must_go and LIBRARY in map(plain, flaw.packages)]
    if left and mine == before.get(LIBRARY):
        return not_yet(
            f"{image.name} has another library changed, and PyYAML is what it was: {listed(flaw.id for flaw in left)} is still in it.",
            "requirements.txt says which version is installed.",
        )
    if left:
        return not_yet(
            f"{image.name} has PyYAML {mine[0]}, which is mended of one flaw. One fix isn't all fixes: {listed(flaw.id for flaw in left)} is still in it.",
            "Each finding has a fixedInVersion of its own. The highest of them mends all.",
        )
    allowed = {plain(package) for flaw in first.flaws if flaw.must_go for package in flaw.packages}
    touched = [name for name in sorted(held.keys() | before.keys()) if held.get(name) != before.get(name) and name not in allowed]
    if touched:
        return not_yet(
            f"{image.name} is mended, and more than that."
            f" Newer isn't safer, it is untested: {listed(touched)} changed as well, and nothing critical or high was found there.",
            "One line of requirements.txt.",
        )
    return None
