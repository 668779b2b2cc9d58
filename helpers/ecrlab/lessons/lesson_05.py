"""What lesson 05 looks for in the registry."""

from __future__ import annotations

from ecrlab import findings
from ecrlab.check import Verdict, done, not_tried, not_yet
from ecrlab.errors import LabError
from ecrlab.lab import Lab
from ecrlab.scans import Scan

API, DRAFT = "lesson05/shop-api", "lesson05/shop-draft"
LEFT_BY_THE_TABLE = ["shop"]  # the filter that the cell above the exercise tries last
PATIENCE = 60  # seconds


def scanned(lab: Lab) -> Verdict:
    """Somebody asked for a scan of 1.0, and it came to its end."""
    try:
        scan = lab.scans.wait(API, tag="1.0", timeout=PATIENCE)
    except LabError as error:
        return not_tried(error.sentence, error.next)
    if not scan.has_looked:
        return not_yet(f"The scan of 1.0 ended with {scan.status}: it hasn't looked into the image.", "Is it the API upon Debian that you pushed?")
    return done(f"1.0 was looked into: {len(scan.findings)} findings.")


def on_push(lab: Lab) -> Verdict:
    """A rule of the registry has every push to the API scanned, and none to the drafts."""
    ecr = lab.reader("ecr")
    asked = ecr.batch_get_repository_scanning_configuration(repositoryNames=[API, DRAFT])
    found = {each["repositoryName"]: each for each in asked["scanningConfigurations"]}
    if asked["failures"]:
        return not_tried("The repositories aren't there yet.", "Run the cells above, from the top.")
    setting = ecr.get_registry_scanning_configuration()["scanningConfiguration"]
    filters = [each["filter"] for rule in setting["rules"] for each in rule["repositoryFilters"]]
    api, draft = (found[name]["scanFrequency"] == "SCAN_ON_PUSH" for name in (API, DRAFT))
    if filters == LEFT_BY_THE_TABLE and api and draft:
        return not_tried("Pushes to both are scanned, as the table left it.")
    if setting["scanType"] != "BASIC":
        return not_yet("That is enhanced scanning: another scanner, and lesson 06's.", 'scanType="BASIC" is the one here.')
    if api and not found[API]["appliedScanFilters"]:
        return not_yet(
            "shop-api is scanned because of a setting of its own. It works, and AWS has announced its end: a repository's setting is no rule for the next one.",
            "Set a rule of the registry, and switch the repository's own setting off.",
        )
    if api and draft:
        return not_yet(f"Pushes to the drafts are scanned too: {_fitting(found[DRAFT])} fits them as well.", "A piece of text that is in shop-api alone?")
    if draft:
        return not_yet("It is the wrong way round: the drafts are scanned, and the API isn't.", "The rule names what is scanned.")
    if not api:
        return not_yet(_why_nothing(filters), "The table above shows what each kind of filter chooses.")
    return done("Every push to shop-api is scanned from now on, and none to shop-draft.", "What was pushed before stays as it is: a rule acts at the push.")


def newer_base(lab: Lab) -> Verdict:
    """1.1 is another image than 1.0, was looked into, and has none of 1.0's critical findings."""
    ecr = lab.reader("ecr")
    try:
        pages = ecr.get_paginator("describe_images").paginate(repositoryName=API)
        tags = {tag: each["imageDigest"] for page in pages for each in page["imageDetails"] for tag in each.get("imageTags", [])}
    except ecr.exceptions.RepositoryNotFoundException:
        tags = {}
    if "1.1" not in tags:
        return not_tried("There is no shop-api:1.1 in the registry yet.")
    if tags["1.1"] == tags.get("1.0"):
        return not_yet(
            "1.1 and 1.0 name one image: built from the same sources upon the same base, it is the same. A new number mends nothing.",
            "Name another base image.",
        )
    try:
        before, after = (lab.scans.wait(API, tag=tag, timeout=PATIENCE) for tag in ("1.0", "1.1"))
    except LabError as error:
        return not_yet(error.sentence, error.next)
    if not after.has_looked:
        return not_yet(
            f"The scan of 1.1 ended with {after.status}. Nobody can look into this image: its findings aren't gone, they are out of sight.",
            "Take a base image whose packages can be looked up.",
        )
    kept = sorted(_worst(before) & _worst(after))
    if kept:
        some = ", ".join(kept[:3]) + (f" and {len(kept) - 3} more" if len(kept) > 3 else "")
        return not_yet(f"1.1 is another image, and still has {some}: what is below it is as old as before.", "Which base image did you name?")
    return done(f"{len(before.findings)} findings in 1.0, {len(after.findings)} in 1.1, and 1.0 is as it was: a fix is another image.")


def _worst(scan: Scan) -> set[str]:
    """The names of a scan's critical findings; of one without any, of all."""
    critical = {findings.vulnerability(each) for each in scan.findings if each["severity"] == "CRITICAL"}
    return critical or {findings.vulnerability(each) for each in scan.findings}


def _fitting(configuration: dict) -> str:
    return " and ".join(each["filter"] for each in configuration["appliedScanFilters"])


def _why_nothing(filters: list[str]) -> str:
    if not filters:
        return "There is no rule, so nothing is scanned at a push."
    if any("*" in each for each in filters):
        return f"{', '.join(filters)} chooses neither. With a star a filter describes the whole name, from its first letter on."
    return f"{', '.join(filters)} chooses neither: neither name contains it."


CHECKS = {"scanned": scanned, "on-push": on_push, "newer-base": newer_base}
