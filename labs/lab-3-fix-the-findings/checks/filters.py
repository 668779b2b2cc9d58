"""Task 6: the filter that suppresses the one flaw without a fix."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ecrlab.check import Verdict, done, not_tried, not_yet
from ecrlab.lab import Lab
from ecrlab.labs import looking
from ecrlab.lessons.lesson_06 import unfounded

from .flaws import inspected
from .versions import versions
from .words import nearly, some
from .wren import FIRST, REPORTS, TICKETS, full

FILTER, UNFIXED = "lab3-unfixed", "CVE-2023-45853"
TOMORROW = "CVE-2099-10001"  # a flaw that nobody knows of yet
DATES = ("ecrImagePushedAt", "firstObservedAt", "lastObservedAt", "updatedAt")


def check(lab: Lab) -> Verdict:
    """The flaw without a fix is suppressed in tickets alone, with a reason, and nothing else is."""
    having = [image for image in versions(lab).values() if any(flaw.id == UNFIXED for flaw in image.flaws)]
    filters = {each["name"]: each for page in lab.reader("inspector2").get_paginator("list_filters").paginate() for each in page["filters"]}
    mine, tickets = filters.get(FILTER), full(lab, TICKETS)
    if not having and mine:
        return not_yet(f"A judgement on what nobody has seen: no version of tickets has {UNFIXED} yet, which comes with the new base.", "Task 3.")
    if not having:
        return not_tried(f"No version of tickets has {UNFIXED}, which comes with the new base of task 3.")
    lab.scans.of(REPORTS)  # what is hidden there shows once it was looked at
    hidden = [flaw for flaw in inspected(lab) if flaw.status == "SUPPRESSED"]
    near = [name for name, each in filters.items() if nearly(name, FILTER) or UNFIXED in str(each["criteria"].get("vulnerabilityId"))]
    if not hidden and mine is None and near:
        return not_yet(
            f"A name is compared letter by letter: there is a filter {near[0]}, and none that is called {FILTER}.",
            "delete_filter, then the same under that name.",
        )
    if not hidden and mine is None:
        return not_tried(f"There is no filter {FILTER} yet.")
    if mine is None:
        return not_yet(
            f"Something is suppressed by a filter that isn't called {FILTER}, and stays so when this lab is over: the clean-up looks for that name.",
            "delete_filter, then the same under that name.",
        )
    if mine["action"] != "SUPPRESS":
        return not_yet("A filter with the action NONE is a search that has a name. It changes nothing.", "The other action.")
    more = [flaw for flaw in hidden if flaw.id != UNFIXED]
    if any(flaw.must_go for flaw in more):
        return not_yet(
            f"Out of sight isn't out of the image: {some(flaw.id for flaw in more if flaw.must_go)} can be mended, and now nobody sees it.",
            "One flaw: vulnerabilityId.",
        )
    if more:
        return not_yet(f"More is hidden than anybody has judged: {some(flaw.id for flaw in more)}.", "One flaw: vulnerabilityId.")
    elsewhere = sorted({flaw.repository for flaw in hidden} - {tickets})
    if elsewhere:
        return not_yet(
            f"You answer for tickets. In {elsewhere[0]} the same flaw is hidden now, and whoever answers for that hasn't looked.",
            "A filter takes several criteria, and a finding must meet all of them: ecrImageRepositoryName.",
        )
    if not any(flaw.digest == having[-1].digest for flaw in hidden) and not hidden:
        return not_yet(
            "A filter is taken whether it ever fits or not, and this one fits nothing that was found.",
            f"Letter by letter: {UNFIXED}, {tickets}, EQUALS.",
        )
    if not any(flaw.digest == having[-1].digest for flaw in hidden):
        return not_yet(
            f"{having[-1].name} shows the flaw again. A new version is a new image, and the filter knows only an older one.",
            "The flaw and the repository stay the same from version to version.",
        )
    arn = looking.repository(lab.reader("ecr"), TICKETS)["repositoryArn"]
    if _chooses(mine["criteria"], TOMORROW, tickets, arn, "1.99"):
        return not_yet(
            "A judgement is on one flaw. This filter also hides those that nobody knows of yet, tomorrow's critical ones included.",
            "vulnerabilityId, EQUALS.",
        )
    if not _chooses(mine["criteria"], UNFIXED, tickets, arn, "1.99"):
        return not_yet(
            "It fits today's image only: the next version shows the flaw again.",
            "The flaw and the repository stay the same from version to version.",
        )
    new = tickets.removesuffix("tickets") + "seats"
    if any(_chooses(mine["criteria"], UNFIXED, new, arn.removesuffix("tickets") + "seats", version) for version in (FIRST, "1.99", "2.0")):
        return not_yet(
            f"You answer for tickets, and the filter doesn't say so: in a new repository {new} the same flaw would be hidden before anybody looks.",
            "Name the one you answer for: ecrImageRepositoryName, EQUALS.",
        )
    reason = mine.get("reason", "").strip()
    if fault := unfounded(reason):
        return fault
    return done(
        f"{UNFIXED} is hidden in tickets, and nothing else is. Who asks why reads: “{reason}”",
        "It is still in the image: look again when there is a fix.",
    )


def _chooses(criteria: dict, flaw: str, repository: str, arn: str, version: str) -> bool:
    """Whether a filter would choose a finding of this flaw, in an image that is pushed next month; of its other members it asks nothing."""
    digest, later = f"sha256:{'f' * 64}", datetime.now(UTC) + timedelta(days=30)
    told = {
        "vulnerabilityId": flaw, "relatedVulnerabilities": flaw, "title": f"{flaw} - zlib1g", "findingArn": "arn:aws:inspector2:of-tomorrow",
        "ecrImageRepositoryName": repository, "ecrImageHash": digest, "ecrImageTags": version, "resourceId": f"{arn}/{digest}",
    }  # fmt: skip
    texts = all(_holds(criteria[field], value) for field, value in told.items() if field in criteria)
    return texts and all(any(each.get("endInclusive", later) >= later for each in criteria[field]) for field in DATES if field in criteria)


def _holds(conditions: list[dict], value: str) -> bool:
    """Any of EQUALS and PREFIX, and every NOT_EQUALS. AWS: StringFilter."""
    tests = {"EQUALS": str.__eq__, "PREFIX": str.startswith, "NOT_EQUALS": str.__ne__}
    held = [(each["comparison"], tests[each["comparison"]](value, each["value"])) for each in conditions]
    wanted = [fits for comparison, fits in held if comparison != "NOT_EQUALS"]
    return all(fits for comparison, fits in held if comparison == "NOT_EQUALS") and (any(wanted) or not wanted)
