"""Task 5: the tool that packs the page."""

from __future__ import annotations

from ecrlab.check import Verdict, not_yet
from ecrlab.lab import Lab

from . import work
from .mending import mended
from .versions import Image
from .words import listed

PAGE = "srv/tickets/web/dist/page.html"


def check(lab: Lab) -> Verdict:
    """A version holds nothing of the tool that packs the page, in no layer, and still has the page."""
    return mended(
        lab,
        is_tried=_is_tried,
        fault=fault,
        untried="{newest} holds the tool that packs the page, as 1.0 does.",
        praise="{name} has the page, and nothing of what packed it.",
        edited=_edited,
    )


def _is_tried(first: Image, image: Image) -> bool:
    """Whether the tool isn't as in 1.0, or comes in by another step."""
    if not image.tools or image.tools != first.tools or image.tool_steps != first.tool_steps:
        return True
    return image.buries_the_tool or not _has_page(first, image)


def _edited(newest: Image) -> Verdict | None:
    """What was changed in work/ for this task, and shows in no version. (Some engines write the same image, whether in one stage or two.)"""
    changed = work.changed_for_the_tool()
    if not changed or not newest.tools:
        return None
    return not_yet(
        f"{newest.name} holds all of the tool, though {listed(changed)} changed. {work.EDITED} If it is shipped, its last stage brings the tool along.",
        "ship, under the next number; and whatever the last stage copies is in the image: web/dist/ alone.",
    )


def fault(first: Image, image: Image) -> Verdict | None:
    if not first.tools:
        return not_yet(
            f"{first.name} holds nothing of the tool, so no later version can show that it was left out: work/ was mended before {first.name} was shipped.",
            "guide.reset() begins anew, with the files in work/ as they were on Monday.",
        )
    if not _has_page(first, image):
        return not_yet(
            f"{image.name} shows visitors nothing: thrown out with the tool, the page that it packed is gone as well.",
            f"{PAGE} belongs into the image.",
        )
    tools, before = image.tools, first.tools
    if not tools and image.buries_the_tool:
        return not_yet(
            f"{image.name} still carries the tool."
            " Deleted above, it still lies below: a layer can hide what a lower one holds, and whoever pulls the image gets both.",
            "What isn't in the image must not come into any of its layers: a second stage, and COPY --from.",
        )
    if tools and set(before) <= set(tools):
        step = image.tool_steps[-1] or "COPY"
        return not_yet(
            f"{image.name} holds all of the tool."
            f" A second stage alone leaves nothing out: what the last one copies is in the image, and {step} brings the tool along.",
            "The page alone: web/dist/.",
        )
    if tools and len(tools) < len(before):
        return not_yet(
            f"{image.name} still holds {listed(tools)}. A smaller tool is a tool, and the next flaw may be in it.",
            "Nothing of node_modules is needed to show a page.",
        )
    if tools:
        return not_yet(
            f"{image.name} holds a newer tool, and that is mended until its next flaw. Production doesn't pack pages, so nothing of it belongs there.",
            "A second stage that takes the page alone.",
        )
    return None


def _has_page(first: Image, image: Image) -> bool:
    page = first.filesystem.files.get(PAGE)
    return page is not None and page in image.filesystem.files.values()
