"""What lesson 06 looks for: images without a finding that has a fix, and a suppression of one flaw with a reason that somebody could sign."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ecrlab import findings
from ecrlab.check import Verdict, done, not_tried, not_yet
from ecrlab.errors import LabError
from ecrlab.findings import Row
from ecrlab.lab import Lab
from ecrlab.labs import looking
from ecrlab.scans import Scan

SHOP, CHECKOUT, FIRST = "lesson06/shop-api", "lesson06/checkout", "1.0"
FILTER, FLAW = "lesson06-zlib", "CVE-2023-45853"
SYSTEM = "OS"  # Inspector's packageManager of what an operating system packages
CLAUSES = re.compile(r"[.,;:]\s|\b(?:but|and|since|because|so|while|although)\b", re.I)
NO_TIME = re.compile(r"\b(no time|later|for now|deadline|release|busy)\b|n['’]?t have (the )?time", re.I)
OF_A_FIX = re.compile(r"\b(fix(es|ed)?|unfixed|patch(es|ed)?|updates?|time)\b", re.I)
NEGATION = re.compile(r"\b(no|not|never|without|unfixed)\b|n['’]?t\b", re.I)
ABSENT = r"in|there|shipped|included|built|present|part|used|called|reachable"
NOT_THERE = re.compile(
    rf"\bnot ({ABSENT})\b|(doesn|isn|don|aren)['’]?t (ship|hold|contain|include|have|(be )?({ABSENT})\b)|without minizip|library (alone|only)|never ({ABSENT})|absent", re.I
)
WORDS = 5  # a reason of fewer tells nobody anything
RELEASE = "lab.advisories.release(). Then delete the image and push it again: what is scanned on push isn't looked at a second time."


def fixed(lab: Lab) -> Verdict:
    """An image of the shop's API in which nothing is left that has a fix."""
    digests = _digests(lab, SHOP)
    if FIRST not in digests:
        return not_tried("There is no version 1.0 yet.", "Run the cells above, from the top.")
    changed = [tag for tag, digest in digests.items() if digest != digests[FIRST]]
    if not changed:
        return not_tried("All versions are the same image under several names: no word was changed yet.")
    scans = {tag: _scan(lab, SHOP, tag) for tag in (FIRST, *changed)}
    if blind := _blind(lab, scans[changed[-1]]):
        return blind
    left = {tag: _fixable(scans[tag]) for tag in changed}
    best = min(changed, key=lambda tag: (len(left[tag]), changed.index(tag)))
    if hidden := _hidden(lab, digests[best]):
        return hidden
    if not left[best]:
        return done(f"{SHOP}:{best} has nothing left that has a fix; {FIRST} had {len(_flaws(_fixable(scans[FIRST])))} such flaws.", _unfixed(scans[best]))
    systems, libraries = ([tag for tag in changed if not any((row.manager == SYSTEM) is system for row in left[tag])] for system in (True, False))
    if systems and libraries:
        return not_yet(f"{systems[0]} has a new base image and {libraries[0]} new libraries, but no image has both.", "Run the second cell again: it takes `base` from the first.")
    if systems:
        return not_yet("A new base image brings the system's packages and nothing else: your own layer is what it was, libraries and all.", 'DEPENDENCIES="fixed"')
    if libraries:
        aged = ", ".join(sorted({row.package for row in left[libraries[0]]}))
        return not_yet(f"The libraries are new. The base image isn't the newest: {aged} came with it, and a later Debian has the fix.", '"debian:12.15"')
    return not_yet(f"{best} still has flaws with a fix in what Debian packages and in libraries.", "show.layer_map says which layer brought them.")


def suppressed(lab: Lab) -> Verdict:
    """A filter that suppresses the one flaw that can't reach these images, with a reason."""
    known = {each["name"]: each for each in _filters(lab)}
    if FILTER not in known:
        others = [name for name, each in known.items() if each["action"] == "SUPPRESS"]
        return not_tried(f"There is no filter {FILTER} yet." + (f" {others[0]} is another one. Delete it: it hides findings too." if others else ""))
    found = known[FILTER]
    if found["action"] != "SUPPRESS":
        return not_yet("A filter with the action NONE is a search that is kept. It hides nothing.", 'action="SUPPRESS"')
    return _too_wide(found["criteria"]) or unfounded(found.get("reason", "")) or _without_effect(lab) or done(
        f"Findings of {FLAW} are suppressed, and whoever wonders why finds the reason.", "ECR no longer counts it. Inspector still knows it: ask again in the cell above, and read the status."
    )


def checkout(lab: Lab) -> Verdict:
    """The newest image of the checkout has nothing left that has a fix."""
    digests = _digests(lab, CHECKOUT)
    if not digests:
        return not_tried(f"There is no image in {CHECKOUT} yet.")
    newest = list(digests)[-1]
    scan = _scan(lab, CHECKOUT, newest)
    if blind := _blind(lab, scan):
        return blind
    left = _fixable(scan)
    if hidden := _hidden(lab, scan.digest):
        return hidden
    if not left:
        return done(f"{CHECKOUT}:{newest} has nothing left that has a fix.", "You read, decided and proved it by yourself.")
    systems = sorted({row.package for row in left if row.manager == SYSTEM})
    libraries = sorted({row.package for row in left if row.manager != SYSTEM})
    if libraries and not systems:
        return not_yet(f"The base image is new. These came with your own layer: {', '.join(libraries)}.", "Its Dockerfile says by which argument the libraries are chosen.")
    if systems and not libraries:
        return not_yet(f"The libraries are new. These came with the base image: {', '.join(systems)}.", "Is there a newer Alpine in the course's registry?")
    return not_yet(f"{CHECKOUT}:{newest} has {len(_flaws(left))} flaws with a fix, of Alpine's and of Node's packages.", "lab.scans.frame(…) says what is fixed in which version.")


def _digests(lab: Lab, repository: str) -> dict[str, str]:
    """tag → digest, in the order in which the images were pushed; empty where there is no such repository."""
    ecr = lab.reader("ecr")
    if looking.repository(ecr, repository) is None:
        return {}
    pages = ecr.get_paginator("describe_images").paginate(repositoryName=repository)
    images = sorted((each for page in pages for each in page["imageDetails"]), key=lambda each: each["imagePushedAt"])
    return {tag: each["imageDigest"] for each in images for tag in sorted(each.get("imageTags", []))}


def _scan(lab: Lab, repository: str, tag: str) -> Scan | None:
    """The image's scan, None where nobody asked for one."""
    try:
        return lab.scans.wait(repository, tag=tag)
    except LabError:
        return None


def _blind(lab: Lab, scan: Scan | None) -> Verdict | None:
    """Why a scan says nothing of libraries, None where it does."""
    if lab.place == "local" and (held := lab.advisories.known_until):
        return not_yet(f"The lab knows only what was published by {held.date()}: that nothing is found says little.", RELEASE)
    configure = 'configure("ENHANCED", CONTINUOUS_SCAN="lesson06")'
    if lab.reader("ecr").get_registry_scanning_configuration()["scanningConfiguration"]["scanType"] == "BASIC":
        return not_yet("Your registry scans with basic now, which doesn't see libraries: that nothing is found says nothing.", configure)
    if scan is None or not scan.has_looked:
        return not_yet("Nobody has looked into this image, so that nothing is found says nothing.", f"{configure}, then push again.")
    return None


def _hidden(lab: Lab, digest: str) -> Verdict | None:
    """What an image has that is suppressed although it has a fix, None where that is nothing. DescribeImageScanFindings doesn't tell of it."""
    for each in _inspected(lab, ecrImageHash=digest, findingStatus="SUPPRESSED"):
        if each["fixAvailable"] != "NO":
            flaw = each["packageVulnerabilityDetails"]["vulnerabilityId"]
            return not_yet(f"{flaw} has a fix and is suppressed. Out of sight is not out of the image.", "Delete that filter, and fix the flaw.")
    return None


def _inspected(lab: Lab, **criteria: str) -> Iterator[dict]:
    """Inspector's findings that fit all criteria, each a value of a field."""
    asked = {name: [{"comparison": "EQUALS", "value": value}] for name, value in criteria.items()}
    for page in lab.reader("inspector2").get_paginator("list_findings").paginate(filterCriteria=asked):
        yield from page["findings"]


def _fixable(scan: Scan) -> list[Row]:
    return [row for row in findings.rows(scan) if row.fixed_in]


def _flaws(rows: list[Row]) -> set[str]:
    return {row.vulnerability for row in rows}


def _unfixed(scan: Scan) -> str:
    """A sentence on what has no fix, empty where there is nothing."""
    left = sorted({row.vulnerability for row in findings.rows(scan)})
    return f"What is left has none: {', '.join(left)}." if left else ""


def _filters(lab: Lab) -> Iterator[dict]:
    for page in lab.reader("inspector2").get_paginator("list_filters").paginate():
        yield from page["filters"]


def _too_wide(criteria: dict) -> Verdict | None:
    """What the filter hides beside the one flaw, None where that is nothing. AWS: values of one field are joined by or, fields by and."""
    wanted = criteria.get("vulnerabilityId", [])
    if any(each["comparison"] == "EQUALS" and each["value"] == FLAW for each in wanted) and len(wanted) == 1:
        return None
    if not wanted:
        by = ", ".join(criteria) or "nothing"
        return not_yet(f"It chooses by {by}, so it also hides what nobody has looked at, tomorrow's findings as well.", f"vulnerabilityId EQUALS {FLAW}, as in criteria.")
    if not any(_fits(each) for each in wanted):
        return not_yet(f"It doesn't take {FLAW} at all: is the number right?", f"EQUALS {FLAW}.")
    return not_yet("It takes other flaws as well: whoever signs a reason signs it for one flaw.", f"One value: EQUALS {FLAW}.")


def _fits(criterion: dict) -> bool:
    """Whether a criterion of vulnerabilityId takes the flaw. AWS: StringFilter."""
    how, value = criterion["comparison"], criterion["value"]
    return {"EQUALS": value == FLAW, "PREFIX": FLAW.startswith(value), "NOT_EQUALS": value != FLAW}[how]


def unfounded(reason: str) -> Verdict | None:
    """Why nobody should sign this reason, None where somebody could. Judged by its words, so it is kind to what it doesn't know."""
    if not reason.strip():
        return not_yet("There is no reason. In a year nobody can tell a decision from a slip.", "reason=…, in a sentence.")
    clauses = CLAUSES.split(reason)
    if len(reason.split()) >= WORDS and any(NOT_THERE.search(each) and not OF_A_FIX.search(each) for each in clauses):
        return None
    if NO_TIME.search(reason):
        return not_yet("That is a decision to live with a danger. Hidden, nobody remembers that it was taken.", "Why can't this flaw reach your image?")
    if any(OF_A_FIX.search(each) and NEGATION.search(each) for each in clauses):
        return not_yet("No fix isn't no danger: it says why nothing was done, not why nothing has to be.", "Why can't this flaw reach your image?")
    if len(reason.split()) < WORDS:
        return not_yet(f"“{reason}” tells a stranger nothing.", "Where is the flaw, and why isn't it in your image? In a sentence.")
    return None


def _without_effect(lab: Lab) -> Verdict | None:
    """A finding of the flaw that is still in sight although there are some, None where there is none."""
    for each in _inspected(lab, vulnerabilityId=FLAW, findingStatus="ACTIVE"):
        image = each["resources"][0]["details"]["awsEcrContainerImage"]
        return not_yet(f"The finding in {image['repositoryName']} is still active: other fields of the filter leave it out.", "Fields are joined by and.")
    return None


CHECKS = {
    "fixed": fixed,
    "suppressed": suppressed,
    "checkout": checkout,
}
