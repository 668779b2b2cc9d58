"""Task 1: the registry's rules, which say what is scanned and how often."""

from __future__ import annotations

import fnmatch
import re

from ecrlab.check import Verdict, done, not_tried, not_yet
from ecrlab.lab import Lab
from ecrlab.labs import looking

from .words import listed
from .wren import ARCHIVE, BUILDS, COMES, REPORTS, TICKETS, full


def check(lab: Lab) -> Verdict:
    """Inspector scans production continuously, and nothing else."""
    ecr = lab.reader("ecr")
    if looking.repository(ecr, TICKETS) is None:
        return not_tried(f"There is no {TICKETS}.", COMES)
    setting = ecr.get_registry_scanning_configuration()["scanningConfiguration"]
    prod = full(lab, TICKETS).removesuffix("tickets")
    theirs, others = [f"{prod}tickets", f"{prod}reports", f"{prod}tomorrow"], [full(lab, BUILDS), full(lab, ARCHIVE)]
    by_themselves = [name for name in (TICKETS, REPORTS) if (looking.repository(ecr, name) or {}).get("imageScanningConfiguration", {}).get("scanOnPush")]
    if setting["scanType"] == "BASIC" and by_themselves and not setting["rules"]:
        return not_yet(
            f"{by_themselves[0]} asks for a scan by itself. That is a setting of one repository, and the scan is the basic one, which knows no library.",
            "The registry's setting: its scan type, and a rule for all of production.",
        )
    if setting["scanType"] == "BASIC" and not any(_is_about_wren(each["filter"]) for rule in setting["rules"] for each in rule["repositoryFilters"]):
        return not_tried(f"Nobody scans what is pushed to {TICKETS}.")
    if setting["scanType"] == "BASIC":
        return not_yet(
            "A scan isn't a scan: the basic one knows the system's packages and no library, so of half of tickets it says nothing.",
            "The scan type.",
        )
    often = {name: _frequency(setting, name) for name in theirs + others}
    filters = listed(each["filter"] for rule in setting["rules"] for each in rule["repositoryFilters"]) or "without a filter"
    if not any(often.values()):
        return not_yet(
            f"Switched on, and nothing is scanned: a filter with a star must fit the whole name, from its first letter to its last. Yours: {filters}.",
            f"The whole name is {theirs[0]}.",
        )
    if all(often[name] for name in others):
        return not_yet(
            f"“All of it, to be safe” is paid for by the image: with {filters}, each build and whatever lies in the archive is scanned, though nobody runs it.",
            "Production is what begins with the folder in prod.",
        )
    if often[others[1]]:
        return not_yet(
            f"A filter is letters, not a folder: {ARCHIVE} fits {filters} as well, and production runs nothing of it.",
            "A filter can't end in a slash. The slash and then a star: it then describes the whole name.",
        )
    if often[others[0]]:
        return not_yet(f"Builds that nobody runs are scanned as well: {BUILDS}.", "One filter, for production.")
    unseen = [name for name in theirs if not often[name]]
    if unseen == theirs[2:]:
        return not_yet(f"A list of what is there isn't a rule for what comes: a repository {theirs[2]} would not be scanned.", "A star stands for any name.")
    if unseen:
        return not_yet(f"Production is more than one repository: {unseen[0]} isn't scanned.", "A star stands for any name.")
    if any(each["filter"].startswith("*") for rule in setting["rules"] for each in rule["repositoryFilters"]):
        return not_yet(
            f"A star in front lets anything stand in front: harbour/{prod}tickets is somebody else's.",
            "Begin the filter with the folder's first letter.",
        )
    if "SCAN_ON_PUSH" in often.values():
        return not_yet(
            "A scan at the push knows what was known that day. Of a flaw that is published tomorrow nobody would hear until somebody pushes.",
            "The other frequency.",
        )
    return done("Inspector looks at whatever production holds, again and again, and at nothing else.")


def _is_about_wren(wildcard: str) -> bool:
    """Whether a filter was meant for repositories of Wren's, whatever it fits."""
    words = set(re.findall(r"\w+", wildcard.lower()))
    return not words or not words.isdisjoint(re.findall(r"\w+", f"{TICKETS} {REPORTS} {BUILDS} {ARCHIVE}"))


def _frequency(setting: dict, name: str) -> str | None:
    """How often a repository of this name is scanned, None: never. The more frequent rule wins (AWS: scan filters)."""
    chosen = {rule["scanFrequency"] for rule in setting["rules"] for each in rule["repositoryFilters"] if fits(each["filter"], name)}
    return next((each for each in ("CONTINUOUS_SCAN", "SCAN_ON_PUSH") if each in chosen), None)


def fits(wildcard: str, name: str) -> bool:
    """AWS: a filter without a star fits names that contain it, another the names that it describes from end to end."""
    return fnmatch.fnmatchcase(name, wildcard) if "*" in wildcard else wildcard in name
