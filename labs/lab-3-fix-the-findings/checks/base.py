"""Task 3: what tickets stands upon."""

from __future__ import annotations

from ecrlab.check import Verdict, not_yet
from ecrlab.lab import Lab

from .flaws import ids
from .mending import mended
from .versions import Image
from .words import listed


def check(lab: Lab) -> Verdict:
    """A version stands on a Debian that brings nothing critical or high that has a fix."""
    return mended(
        lab,
        is_tried=lambda first, image: image.layers[0] != first.layers[0] or image.rewrites_the_system or ids(image.of_the_system) != ids(first.of_the_system),
        fault=fault,
        untried="{newest} stands on the very base of 1.0.",
        praise="{name} stands on a base that brings nothing critical or high that has a fix. In 1.0 it brought {before}.",
        before=lambda first: len(first.of_the_system),
    )


def fault(first: Image, image: Image) -> Verdict | None:
    if image.rewrites_the_system:
        return not_yet(
            f"{image.name} says another thing of itself, and is what it was."
            " A scanner believes what an image says of itself: its findings are hidden, not mended.",
            "Another base, and no copy over its list of packages or its os-release.",
        )
    if not image.platform:
        return not_yet(
            f"{image.name} holds no system that Inspector recognises. Nothing found isn't nothing there, and tickets finds no Python to run with.",
            'lab.base("debian:12.15") is a Debian.',
        )
    if not image.platform.startswith("DEBIAN"):
        return not_yet(
            f"{image.name} stands on {image.platform}. Smaller isn't newer, and another system is another system: tickets' libraries are built for Debian.",
            "A newer Debian.",
        )
    left = image.of_the_system
    if left and image.platform == first.platform:
        return not_yet(
            f"{image.name} stands on Debian 11 still, with {len(left)} critical or high findings that have a fix.",
            "A newer Debian has most of the fixes in it.",
        )
    if left:
        return not_yet(
            f"{image.name} stands on a Debian 12 that was made before {left[0].packages[0]} was mended."
            f" A new release isn't a new build: {listed(flaw.id for flaw in left)} is still in it.",
            "Is there a newer image of the same Debian? lab.base names it, as the task says.",
        )
    return None
