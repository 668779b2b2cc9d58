"""Task 7: what production pulls."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable

from ecrlab.check import Verdict, done, not_tried, not_yet
from ecrlab.lab import Lab
from ecrlab.labs import looking

from . import base, library, tool
from .flaws import Flaw
from .mending import unseen
from .versions import images
from .words import listed, nearly
from .wren import FIRST, MOVING, TICKETS

OTHER_NAMES = ("latest", "stable", "prod", "production", "live", "current")  # which people give to what production pulls


def check(lab: Lab) -> Verdict:
    """`release` names a version in which nothing critical or high is left that has a fix; 1.0 is still there, and versions stay."""
    ecr, known = lab.reader("ecr"), images(lab)
    repository = looking.repository(ecr, TICKETS)
    names = looking.tags(ecr, TICKETS)
    if near := [tag for tag in names if MOVING not in names and (nearly(tag, MOVING) or tag.lower() in OTHER_NAMES)]:
        return not_yet(
            f"{near[0]} is a name as well, and production pulls {MOVING}. A tag is compared letter by letter.",
            f"The same image once more, under {MOVING}.",
        )
    if repository is None or MOVING not in names:
        return not_tried(f"{MOVING} names nothing in {TICKETS} yet.")
    first, image = (next((each for each in known if name in each.tags), None) for name in (FIRST, MOVING))
    if first is None:
        return not_yet(
            f"{FIRST} is gone. Deleted isn't mended: whoever runs it still runs it, can't pull it any more, and security can't look at it.",
            "guide.reset() begins anew.",
        )
    if FIRST in image.tags:
        return not_yet(f"{FIRST} is what {MOVING} names, with all that was found in it.", "Give it to the version in which all is mended.")
    if blind := unseen(image):
        return blind
    if not first.tools or not first.of_the_system:
        return not_yet(
            f"{FIRST} is another image than it was: somebody who looks for what ran then finds something that never did.",
            "guide.reset() begins anew.",
        )
    if not [tag for tag in image.tags if tag != MOVING]:
        return not_yet(
            f"{MOVING} is all that its image is called. It will move on, and then nobody can name that image any more: it has no version of its own.",
            "A version beside it: the same image under both names.",
        )
    left = [flaw for flaw in image.flaws if flaw.must_go]
    if any(flaw.status == "SUPPRESSED" for flaw in left):
        return not_yet(f"{image.name} still has {left[0].id}, which has a fix. Suppressed isn't mended.", "Delete that filter, and fix it.")
    if left:
        return not_yet(
            f"{image.name} has {len(left)} findings left that are critical or high and have a fix, of {listed(_origins(left))}.",
            "Tasks 3 to 5, all in one image.",
        )
    fault = tool.fault(first, image) or library.fault(first, image) or base.fault(first, image)
    if fault:
        return fault
    if loose := _loose(repository):
        return loose
    return done(
        f"{image.name} is what {MOVING} names: nothing critical or high is left in it that has a fix."
        f" {FIRST} had {sum(flaw.must_go for flaw in first.flaws)}, and is still there to be compared.",
    )


def _origins(flaws: Iterable[Flaw]) -> set[str]:
    """Whose packages have these flaws."""
    known = {"OS": "the base", "PYTHONPKG": "the libraries", "NODEPKG": "the tool"}
    return {known.get(manager, manager) for flaw in flaws for manager in flaw.managers}


def _loose(repository: dict) -> Verdict | None:
    """What is wrong with the tags' rules, None where versions stay and `release` may move."""
    setting = repository["imageTagMutability"]
    filters = [each["filter"] for each in repository.get("imageTagMutabilityExclusionFilters", [])]

    def may_move(tag: str) -> bool:
        return setting.startswith("MUTABLE") != any(fnmatch.fnmatchcase(tag, pattern) for pattern in filters)

    if may_move(FIRST) or may_move("1.9"):
        return not_yet(
            "A proof by a name that may move proves nothing tomorrow: versions can be overwritten in this repository.",
            "put_image_tag_mutability, with an exception for release.",
        )
    if not may_move(MOVING):
        return not_yet(f"{MOVING} can't move any more: the next version can't be released.", "An exclusion filter for it.")
    return None
