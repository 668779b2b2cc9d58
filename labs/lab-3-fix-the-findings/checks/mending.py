"""Tasks 3 to 5: whether a version after 1.0 is mended."""

from __future__ import annotations

from collections.abc import Callable

from ecrlab.check import Verdict, done, not_tried, not_yet
from ecrlab.lab import Lab

from .versions import Image, versions
from .wren import FIRST, MOVING, TICKETS


def mended(
    lab: Lab,
    is_tried: Callable[[Image, Image], object],
    fault: Callable[[Image, Image], Verdict | None],
    untried: str,
    praise: str,
    before: Callable[[Image], object] = lambda first: "",
    edited: Callable[[Image], Verdict | None] = lambda newest: None,
) -> Verdict:
    """Whether one of the versions after 1.0 is without fault; else what is wrong with the newest that somebody tried it in.

    Where it was tried in none, `edited` says what was changed in work/ and isn't in the newest version.
    """
    images = versions(lab)
    first = images.pop(FIRST, None)
    later = list(images.values())
    if first is None and later:
        return not_yet(f"{later[-1].name} is there, and no {FIRST} beside it. That it is better shows only beside what was.", "Task 2.")
    if first is None:
        return not_tried(f"There is no {FIRST} in {TICKETS} yet, which is task 2.")
    tried = [image for image in later if is_tried(first, image)]
    if not tried:
        return _same(first) or edited(later[-1] if later else first) or _untouched(later, untried)
    faults = {}
    for image in reversed(tried):
        faults[image.name] = unseen(image) or fault(first, image)
        if faults[image.name] is None:
            return done(praise.format(name=image.name, before=before(first)))
    return faults[tried[-1].name]


def _same(first: Image) -> Verdict | None:
    """What to say where 1.0 was pushed under another name once more."""
    again = [tag for tag in first.tags if tag not in (FIRST, MOVING)]
    if not again:
        return None
    return not_yet(
        f"{again[-1]} is the very image that {FIRST} is. A new name doesn't make a new image: what went into the build was the same, so what came out is.",
        "Change what the task is about, and take the next number.",
    )


def _untouched(later: list[Image], untried: str) -> Verdict:
    if not later:
        return not_tried(f"There is nothing but {FIRST} in {TICKETS} yet.")
    return not_tried(untried.format(newest=later[-1].name), "What you change in work/ counts once it is shipped, under the next number.")


def unseen(image: Image) -> Verdict | None:
    if image.is_scanned:
        return None
    return not_yet(f"{image.name} has no findings because nobody looked: Inspector doesn't scan it.", "Task 1. The status is in describe_image_scan_findings.")
