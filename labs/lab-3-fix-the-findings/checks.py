"""Lab 3's checks: which repositories are scanned and how often, what Inspector found in each version of tickets, and what lies in its layers."""

from __future__ import annotations

import fnmatch
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property

from ecrlab.check import Verdict, done, not_tried, not_yet
from ecrlab.errors import LabError
from ecrlab.lab import Lab
from ecrlab.labs import looking, planting
from ecrlab.labs.filesystem import Filesystem, filesystem
from ecrlab.lessons.lesson_06 import unfounded
from ecrlab.show.manifests import configuration, manifest

TICKETS, REPORTS, BUILDS, ARCHIVE = "lab3/prod/tickets", "lab3/prod/reports", "lab3/builds", "lab3/prod-archive"
FIRST, MOVING, ANSWER, FILTER = "1.0", "release", "worst-layer", "lab3-unfixed"
LIBRARY, UNFIXED, PAGE = "pyyaml", "CVE-2023-45853", "srv/tickets/web/dist/page.html"
TOMORROW = "CVE-2099-10001"  # a flaw that nobody knows of yet
DATES = ("ecrImagePushedAt", "firstObservedAt", "lastObservedAt", "updatedAt")
BAD = ("CRITICAL", "HIGH")
PYTHON_PACKAGE = re.compile(r"(?P<name>[^/]+)-(?P<version>[^/-]+)\.dist-info/METADATA$")
NODE_PACKAGE = re.compile(r"node_modules/(@[^/]+/)?[^/]+/package\.json$")
DPKG, HIDDEN_DPKG, OS_RELEASE = "var/lib/dpkg/status", "var/lib/dpkg/.wh.status", ("etc/os-release", "usr/lib/os-release")
COMES = "guide.prepare() brings it."
VERSIONS_STAY = {
    "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
    "imageTagMutabilityExclusionFilters": [{"filterType": "WILDCARD", "filter": MOVING}],
}
DEBIAN = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\nID=debian\n'
ZLIB = "Package: zlib1g\nStatus: install ok installed\nArchitecture: amd64\nSource: zlib\nVersion: 1:1.2.13.dfsg-1\n\n"


def neighbour(name: str) -> planting.Planted:
    """An image of another team's, upon Debian 12."""
    files = {"etc/os-release": DEBIAN, "var/lib/dpkg/status": ZLIB, "srv/what": f"{name}\n"}
    return planting.image(files, {"wren": name, "ecrlab.specimen": "true"})


def prepare(lab: Lab) -> None:
    """Wren's repositories, and what others pushed to them. What is there already stays."""
    ecr = lab.client("ecr")
    with suppress(ecr.exceptions.RepositoryAlreadyExistsException):
        ecr.create_repository(repositoryName=TICKETS, **VERSIONS_STAY)
    for name, tag in ((REPORTS, "4.1"), (BUILDS, "nightly"), (ARCHIVE, "0.9")):
        with suppress(ecr.exceptions.RepositoryAlreadyExistsException):
            ecr.create_repository(repositoryName=name)
        planting.plant(ecr, name, neighbour(name), tag)


@dataclass(frozen=True)
class Flaw:
    """One finding of Inspector's, as far as the checks ask: `layers` are those that brought the packages, `managers` whose packages these are."""

    id: str
    severity: str
    has_fix: bool
    status: str
    packages: tuple[str, ...]
    managers: tuple[str, ...]
    layers: frozenset[str]
    repository: str
    digest: str
    platform: str

    @classmethod
    def read(cls, finding: dict) -> Flaw:
        details = finding["packageVulnerabilityDetails"]
        packages, image = details["vulnerablePackages"], finding["resources"][0]["details"]["awsEcrContainerImage"]
        return cls(
            id=details["vulnerabilityId"],
            severity=finding["severity"],
            has_fix=finding.get("fixAvailable", "NO") != "NO",
            status=finding["status"],
            packages=tuple(dict.fromkeys(each["name"] for each in packages)),
            managers=tuple({each["packageManager"] for each in packages}),
            layers=frozenset(each["sourceLayerHash"] for each in packages if "sourceLayerHash" in each),
            repository=image["repositoryName"],
            digest=image["imageHash"],
            platform=image.get("platform", ""),
        )

    @property
    def must_go(self) -> bool:
        """Critical or high, and somebody has mended it."""
        return self.severity in BAD and self.has_fix


@dataclass(frozen=True)
class Image:
    """A version of tickets: its tags, what Inspector found in it, and whether Inspector looked at it at all."""

    lab: Lab
    tags: tuple[str, ...]
    digest: str
    flaws: tuple[Flaw, ...]

    @property
    def name(self) -> str:
        """Its version, or whatever else it is called."""
        versions = [tag for tag in self.tags if tag != MOVING]
        return versions[0] if versions else MOVING

    @cached_property
    def layers(self) -> list[str]:
        return looking.layers(self.lab.reader("ecr"), TICKETS, self.digest)

    @cached_property
    def filesystem(self) -> Filesystem:
        return filesystem(self.lab.reader("ecr"), TICKETS, self.digest)

    @cached_property
    def libraries(self) -> dict[str, tuple[str, ...]]:
        """Python's packages, by their folders: name → the versions that are there."""
        found: dict[str, tuple[str, ...]] = {}
        for name, version in sorted(_labels(self.filesystem)):
            found[name] = (*found.get(name, ()), version)
        return found

    @property
    def mislabelled(self) -> list[str]:
        """Python's packages that say another version of themselves than their folder does."""
        return [name for (name, version), text in _labels(self.filesystem).items() if f"\nVersion: {version}\n" not in f"\n{text}"]

    @cached_property
    def tools(self) -> list[str]:
        """Node's packages, each with its version."""
        found = [json.loads(data) for path, data in self.filesystem.files.items() if NODE_PACKAGE.search(path)]
        return sorted(f"{each.get('name')} {each.get('version')}" for each in found)

    @property
    def buries_the_tool(self) -> bool:
        """Whether a layer hides Node's packages that lie in a lower one."""
        return any(NODE_PACKAGE.search(path) for path in self.filesystem.buried)

    @property
    def rewrites_the_system(self) -> bool:
        """Whether a layer above the base says what system this is, or empties the list of what is installed."""
        above: dict[str, bytes] = {path: data for layer in self.filesystem.layers[1:] for path, data in layer.items()}
        is_emptied = DPKG in above and b"Package: " not in above[DPKG]
        return is_emptied or any(path in above for path in (*OS_RELEASE, HIDDEN_DPKG))

    @cached_property
    def is_scanned(self) -> bool:
        """Whether Inspector has looked at it, which may take a moment after the push."""
        try:
            scan = self.lab.scans.wait(TICKETS, digest=self.digest, timeout=20)
        except LabError:
            return False
        return scan.type == "ENHANCED" and scan.has_looked

    @property
    def platform(self) -> str:
        """The system that Inspector recognised, as DEBIAN_12; empty where it recognised none, or found nothing."""
        return next((flaw.platform for flaw in self.flaws if flaw.platform), "")

    @property
    def of_the_system(self) -> list[Flaw]:
        """The flaws of the system's packages that must go."""
        return [flaw for flaw in self.flaws if flaw.must_go and "OS" in flaw.managers]


def _labels(held: Filesystem) -> dict[tuple[str, str], str]:
    """(name, version), as the folder of a Python package is called → its METADATA."""
    found = {match: data for path, data in held.files.items() if (match := PYTHON_PACKAGE.search(path))}
    return {(_plain(match["name"]), match["version"]): data.decode(errors="replace") for match, data in found.items()}


def scanning(lab: Lab) -> Verdict:
    """Inspector scans production continuously, and nothing else."""
    ecr = lab.reader("ecr")
    if looking.repository(ecr, TICKETS) is None:
        return not_tried(f"There is no {TICKETS}.", COMES)
    setting = ecr.get_registry_scanning_configuration()["scanningConfiguration"]
    prod = _full(lab, TICKETS).removesuffix("tickets")
    theirs, others = [f"{prod}tickets", f"{prod}reports", f"{prod}tomorrow"], [_full(lab, BUILDS), _full(lab, ARCHIVE)]
    if setting["scanType"] == "BASIC" and not any(_frequency(setting, name) for name in theirs):
        return not_tried(f"Nobody scans what is pushed to {TICKETS}.")
    if setting["scanType"] == "BASIC":
        return not_yet("A scan isn't a scan: the basic one knows the system's packages and no library, so of half of tickets it says nothing.", "The scan type.")
    often = {name: _frequency(setting, name) for name in theirs + others}
    filters = _listed(each["filter"] for rule in setting["rules"] for each in rule["repositoryFilters"]) or "without a filter"
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
        return not_yet(f"A star in front lets anything stand in front: harbour/{prod}tickets is somebody else's.", "Begin the filter with the folder's first letter.")
    if "SCAN_ON_PUSH" in often.values():
        return not_yet(
            "A scan at the push knows what was known that day. Of a flaw that is published tomorrow nobody would hear until somebody pushes.",
            "The other frequency.",
        )
    return done("Inspector looks at whatever production holds, again and again, and at nothing else.")


def _frequency(setting: dict, name: str) -> str | None:
    """How often a repository of this name is scanned, None: never. The more frequent rule wins (AWS: scan filters)."""
    chosen = {rule["scanFrequency"] for rule in setting["rules"] for each in rule["repositoryFilters"] if _fits(each["filter"], name)}
    return next((each for each in ("CONTINUOUS_SCAN", "SCAN_ON_PUSH") if each in chosen), None)


def _fits(wildcard: str, name: str) -> bool:
    """AWS: a filter without a star fits names that contain it, another the names that it describes from end to end."""
    return fnmatch.fnmatchcase(name, wildcard) if "*" in wildcard else wildcard in name


def worst_layer(lab: Lab) -> Verdict:
    """1.0 is pushed as it lies in work/, and the repository's tag names the layer that brings most critical findings."""
    ecr, images = lab.reader("ecr"), _images(lab)
    found = looking.repository(ecr, TICKETS)
    first = images.get(FIRST)
    if found is None or first is None:
        return not_tried(f"There is no {FIRST} in {TICKETS} yet.")
    again = f"Either delete {FIRST} (batch_delete_image) and ship it upon debian:11, or, if files in work/ have changed too, guide.reset()."
    if not first.flaws and not first.is_scanned:
        return not_yet(f"Nobody has looked at {FIRST}, so nothing is known of it.", "Task 1. What lies there is then scanned by itself; run ship again so that seen knows it.")
    if not first.platform.startswith("DEBIAN_11"):
        return not_yet(f"Security wants to see what runs today, and that stands upon debian:11. This {FIRST} stands upon {first.platform or 'no system that is known'}.", again)
    if not first.libraries.get(LIBRARY) or not first.tools:
        return not_yet(f"Security wants to see what runs today. This {FIRST} is mended already, or it is something else.", again)
    answers = {each["Key"]: each["Value"] for each in ecr.list_tags_for_resource(resourceArn=found["repositoryArn"])["tags"]}
    if ANSWER not in answers and (near := next((key for key in answers if re.sub(r"[^a-z]", "", key.lower()) == "worstlayer"), None)):
        return not_yet(f"A key is compared letter by letter: the repository has a tag {near}, and none that is called {ANSWER}.", "tag_resource once more, with the other key.")
    if ANSWER not in answers:
        return not_tried(f"{FIRST} is scanned. The repository has no tag {ANSWER} yet.")
    critical = [flaw for flaw in first.flaws if flaw.severity == "CRITICAL"]
    brought = Counter(layer for flaw in critical for layer in flaw.layers)
    answer, most = answers[ANSWER].strip(), max(brought.values(), default=0)
    if brought.get(answer) == most:
        return done(f"This layer brings {most} of {len(critical)} critical findings, and it is the base image's: nobody at Wren wrote a line of it.")
    if answer in first.layers:
        return not_yet(
            f"It isn't what you wrote last, nor what is largest: this layer brings {brought[answer]} critical findings, and another one brings {most}.",
            "Count by layer: each finding's packages name it in sourceLayerHash.",
        )
    if answer == first.digest:
        return not_yet("That digest is the image's, all of it. Each layer has one of its own.", "sourceLayerHash, in a finding's packages.")
    if answer in _unpacked(ecr, first):
        return not_yet(
            "A layer has two digests. This one is its content's, unpacked, which only the image's configuration knows; the registry keeps it packed.",
            "The manifest lists the other one, and so does the finding.",
        )
    if f"sha256:{answer}" in first.layers:
        return not_yet("These are the right sort of digits, and nobody can tell how they were reckoned: sha256: is missing.", "sha256: before them, as the manifest has it.")
    if any(layer.startswith(answer.rstrip(".…")) or layer.removeprefix("sha256:").startswith(answer) for layer in first.layers):
        return not_yet("A shortened digest is good for the eyes. Nothing can be fetched or compared by half a name.", "All 64 digits, and sha256: before them.")
    if not re.fullmatch(r"sha256:[0-9a-f]{64}", answer):
        return not_yet(f"“{answer}” is a name, and a name means something else tomorrow. A digest can't.", "The layer's digest, with sha256: before it.")
    return not_yet(f"No layer of {FIRST} has this digest.", f"The layers are those in the manifest of {FIRST}.")


def _unpacked(ecr, image: Image) -> list[str]:
    """The digests of an image's layers as they are unpacked. OCI image spec: rootfs.diff_ids."""
    return configuration(ecr, TICKETS, manifest(ecr, TICKETS, image.digest)).get("rootfs", {}).get("diff_ids", [])


def base(lab: Lab) -> Verdict:
    """A version stands on a Debian that brings nothing critical or high that has a fix."""
    return _mended(
        lab,
        is_tried=lambda first, image: image.layers[0] != first.layers[0] or image.rewrites_the_system or _ids(image.of_the_system) != _ids(first.of_the_system),
        fault=_fault_of_base,
        untried="{newest} stands on the very base of 1.0.",
        praise="{name} stands on a base that brings nothing critical or high that has a fix. In 1.0 it brought {before}.",
        before=lambda first: len(first.of_the_system),
    )


def _fault_of_base(first: Image, image: Image) -> Verdict | None:
    if image.rewrites_the_system:
        return not_yet(
            f"A scanner believes what an image says of itself. {image.name} says something else now, and is what it was: its findings are hidden, not mended.",
            "Another base, and no copy over its list of packages or its os-release.",
        )
    if not image.platform:
        return not_yet(
            f"Nothing found isn't nothing there: in {image.name} Inspector recognises no system, and tickets finds no Python to run with.",
            'lab.base("debian:12.15") is a Debian.',
        )
    if not image.platform.startswith("DEBIAN"):
        return not_yet(
            f"Smaller isn't newer, and another system is another system: tickets' libraries are built for Debian, and this is {image.platform}.",
            "A newer Debian.",
        )
    left = image.of_the_system
    if left and image.platform == first.platform:
        return not_yet(f"It is Debian 11 still, with {len(left)} critical or high findings that have a fix.", "A newer Debian has most of the fixes in it.")
    if left:
        return not_yet(
            f"A new release isn't a new build. {left[0].packages[0]} was mended, and this image of Debian 12 was made before: {_listed(flaw.id for flaw in left)}.",
            "Is there a newer image of the same Debian? lab.base names it, as the task says.",
        )
    return None


def library(lab: Lab) -> Verdict:
    """A version has a PyYAML without known flaws that are critical or high, and every other library as in 1.0."""
    return _mended(
        lab,
        is_tried=lambda first, image: image.libraries != first.libraries or image.mislabelled,
        fault=_fault_of_library,
        untried="The libraries of {newest} are those of 1.0.",
        praise="{name} has another PyYAML, and every other library is what it was.",
    )


def _fault_of_library(first: Image, image: Image) -> Verdict | None:
    held, before = image.libraries, first.libraries
    mine = held.get(LIBRARY, ())
    if not mine:
        return not_yet("What isn't there has no flaws, and does no work either: tickets reads its hall with PyYAML, and can't start without.", "Another version, not none.")
    if len(mine) > 1:
        return not_yet(
            f"Added isn't replaced: PyYAML is in {image.name} {len(mine)} times, in the versions {_listed(mine)}, and the old one is found as before.",
            "One line of requirements.txt for each library.",
        )
    if image.mislabelled:
        return not_yet(
            f"A version is what was built, not what is written on it: {image.mislabelled[0]} says another version of itself than its folder does.",
            "Ask for another version in requirements.txt; the shelf has some.",
        )
    left = [flaw for flaw in image.flaws if flaw.must_go and LIBRARY in map(_plain, flaw.packages)]
    if left and mine == before.get(LIBRARY):
        return not_yet(f"Another library changed, and PyYAML is what it was: {_listed(flaw.id for flaw in left)}.", "requirements.txt says which version is installed.")
    if left:
        return not_yet(
            f"One fix isn't all fixes: PyYAML {mine[0]} is mended of one flaw, and {_listed(flaw.id for flaw in left)} is still in it.",
            "Each finding has a fixedInVersion of its own. The highest of them mends all.",
        )
    allowed = {_plain(package) for flaw in first.flaws if flaw.must_go for package in flaw.packages}
    touched = [name for name in sorted(held.keys() | before.keys()) if held.get(name) != before.get(name) and name not in allowed]
    if touched:
        return not_yet(
            f"Newer isn't safer, it is untested: {_listed(touched)} changed as well, and nothing critical or high was found there.",
            "One line of requirements.txt.",
        )
    return None


def tool(lab: Lab) -> Verdict:
    """A version holds nothing of the tool that packs the page, in no layer, and still has the page."""
    return _mended(
        lab,
        is_tried=lambda first, image: image.tools != first.tools or image.buries_the_tool or not _has_page(first, image),
        fault=_fault_of_tool,
        untried="{newest} holds all of the tool that packs the page.",
        praise="{name} has the page, and nothing of what packed it.",
    )


def _fault_of_tool(first: Image, image: Image) -> Verdict | None:
    if not _has_page(first, image):
        return not_yet("Thrown out with the tool: the page that it packed is gone as well, and visitors see nothing.", f"{PAGE} belongs into the image.")
    tools, before = image.tools, first.tools
    if not tools and image.buries_the_tool:
        return not_yet(
            "Deleted above, it still lies below: a layer can hide what a lower one holds, and whoever pulls the image gets both.",
            "What isn't in the image must not come into any of its layers: a second stage, and COPY --from.",
        )
    if tools and len(tools) < len(before):
        return not_yet(f"A smaller tool is a tool: {_listed(tools)} is still there, and the next flaw may be in it.", "Nothing of node_modules is needed to show a page.")
    if tools:
        return not_yet(
            "A newer tool is mended until its next flaw. Production doesn't pack pages, so nothing of it belongs there.",
            "A second stage that takes the page alone.",
        )
    return None


def _has_page(first: Image, image: Image) -> bool:
    page = first.filesystem.files.get(PAGE)
    return page is not None and page in image.filesystem.files.values()


def _mended(
    lab: Lab,
    is_tried: Callable[[Image, Image], object],
    fault: Callable[[Image, Image], Verdict | None],
    untried: str,
    praise: str,
    before: Callable[[Image], object] = lambda first: "",
) -> Verdict:
    """Whether one of the versions after 1.0 is without fault; else what is wrong with the newest that somebody tried it in."""
    images = _images(lab)
    first = images.pop(FIRST, None)
    if first is None:
        return not_tried(f"There is no {FIRST} in {TICKETS} yet, which is task 2.")
    later = list(images.values())
    if again := [tag for tag in first.tags if tag not in (FIRST, MOVING)]:
        return not_yet(
            f"A new name doesn't make a new image: {again[-1]} is the very image that {FIRST} is. What went into the build was the same, so what came out is.",
            "Change what the task is about, and take the next number.",
        )
    if not later:
        return not_tried(f"There is nothing but {FIRST} in {TICKETS} yet.")
    tried = [image for image in later if is_tried(first, image)]
    if not tried:
        return not_tried(untried.format(newest=later[-1].name), "What you change in work/ counts once it is shipped, under the next number.")
    faults = {}
    for image in reversed(tried):
        faults[image.name] = _unseen(image) or fault(first, image)
        if faults[image.name] is None:
            return done(praise.format(name=image.name, before=before(first)))
    return faults[tried[-1].name]


def _unseen(image: Image) -> Verdict | None:
    if image.is_scanned:
        return None
    return not_yet(f"No findings, because nobody looked: {image.name} isn't scanned by Inspector.", "Task 1. The status is in describe_image_scan_findings.")


def unfixed(lab: Lab) -> Verdict:
    """The flaw without a fix is suppressed in tickets alone, with a reason, and nothing else is."""
    found = [flaw for flaw in _findings(lab) if flaw.status != "CLOSED"]
    tickets = _full(lab, TICKETS)
    having = [image for image in _images(lab).values() if any(flaw.id == UNFIXED for flaw in image.flaws)]
    if not having:
        return not_tried(f"No version of tickets has {UNFIXED}, which comes with the new base of task 3.")
    filters = {each["name"]: each for page in lab.reader("inspector2").get_paginator("list_filters").paginate() for each in page["filters"]}
    hidden, mine = [flaw for flaw in found if flaw.status == "SUPPRESSED"], filters.get(FILTER)
    if not hidden and mine is None:
        return not_tried(f"There is no filter {FILTER} yet.")
    if mine is None:
        return not_yet(f"Something is suppressed by a filter that isn't called {FILTER}, and stays so when this lab is over: the clean-up looks for that name.", "delete_filter, then the same under that name.")
    if mine["action"] != "SUPPRESS":
        return not_yet("A filter with the action NONE is a search that has a name. It changes nothing.", "The other action.")
    more = [flaw for flaw in hidden if flaw.id != UNFIXED]
    if any(flaw.must_go for flaw in more):
        return not_yet(
            f"Out of sight isn't out of the image: {_some(flaw.id for flaw in more if flaw.must_go)} can be mended, and now nobody sees it.",
            "One flaw: vulnerabilityId.",
        )
    if more:
        return not_yet(f"More is hidden than anybody has judged: {_some(flaw.id for flaw in more)}.", "One flaw: vulnerabilityId.")
    elsewhere = sorted({flaw.repository for flaw in hidden} - {tickets})
    if elsewhere:
        return not_yet(
            f"You answer for tickets. In {elsewhere[0]} the same flaw is hidden now, and whoever answers for that hasn't looked.",
            "A filter takes several criteria, and a finding must meet all of them: ecrImageRepositoryName.",
        )
    if not any(flaw.digest == having[-1].digest for flaw in hidden) and not hidden:
        return not_yet("A filter is taken whether it ever fits or not, and this one fits nothing that was found.", f"Letter by letter: {UNFIXED}, {tickets}, EQUALS.")
    if not any(flaw.digest == having[-1].digest for flaw in hidden):
        return not_yet(
            f"A new version is a new image: in {having[-1].name} the flaw is in sight again, because the filter knows only an older one.",
            "The flaw and the repository stay the same from version to version.",
        )
    arn = looking.repository(lab.reader("ecr"), TICKETS)["repositoryArn"]
    if _chooses(mine["criteria"], TOMORROW, tickets, arn, "1.99"):
        return not_yet(
            "A judgement is on one flaw. This filter also hides those that nobody knows of yet, tomorrow's critical ones included.",
            "vulnerabilityId, EQUALS.",
        )
    if not _chooses(mine["criteria"], UNFIXED, tickets, arn, "1.99"):
        return not_yet("It fits today's image only: the next version shows the flaw again.", "The flaw and the repository stay the same from version to version.")
    new = tickets.removesuffix("tickets") + "seats"
    if any(_chooses(mine["criteria"], UNFIXED, new, arn.removesuffix("tickets") + "seats", version) for version in (FIRST, "1.99", "2.0")):
        return not_yet(
            f"You answer for tickets, and the filter doesn't say so: in a new repository {new} the same flaw would be hidden before anybody looks.",
            "Name the one you answer for: ecrImageRepositoryName, EQUALS.",
        )
    reason = mine.get("reason", "").strip()
    if fault := unfounded(reason):
        return fault
    return done(f"{UNFIXED} is hidden in tickets, and nothing else is. Who asks why reads: “{reason}”", "It is still in the image: look again when there is a fix.")


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


def release(lab: Lab) -> Verdict:
    """`release` names a version in which nothing critical or high is left that has a fix; 1.0 is still there, and versions stay."""
    ecr, images = lab.reader("ecr"), _images(lab)
    repository = looking.repository(ecr, TICKETS)
    names = looking.tags(ecr, TICKETS)
    if repository is None or MOVING not in names:
        return not_tried(f"{MOVING} names nothing in {TICKETS} yet.")
    first, image = images.get(FIRST), next(each for each in _all(lab) if MOVING in each.tags)
    if first is None:
        return not_yet(
            f"Deleted isn't mended: whoever runs {FIRST} still runs it, can't pull it any more, and security can't look at it.",
            "guide.reset() begins anew.",
        )
    if FIRST in image.tags:
        return not_yet(f"{MOVING} names {FIRST}, with all that was found in it.", "Give it to the version in which all is mended.")
    if blind := _unseen(image):
        return blind
    if not first.tools or not first.of_the_system:
        return not_yet(f"{FIRST} is another image than it was: somebody who looks for what ran then finds something that never did.", "guide.reset() begins anew.")
    if not [tag for tag in image.tags if tag != MOVING]:
        return not_yet(
            f"{MOVING} will move on, and then nobody can name this image any more: it has no version of its own.",
            "A version beside it: the same image under both names.",
        )
    left = [flaw for flaw in image.flaws if flaw.must_go]
    if any(flaw.status == "SUPPRESSED" for flaw in left):
        return not_yet(f"Suppressed isn't mended: {left[0].id} has a fix, and it is in {image.name}.", "Delete that filter, and fix it.")
    if left:
        return not_yet(f"{image.name} has {len(left)} findings left that are critical or high and have a fix, of {_listed(_origins(left))}.", "Tasks 3 to 5, all in one image.")
    fault = _fault_of_tool(first, image) or _fault_of_library(first, image) or _fault_of_base(first, image)
    if fault:
        return fault
    if loose := _loose(repository):
        return loose
    return done(
        f"{MOVING} is {image.name}: nothing critical or high is left in it that has a fix. {FIRST} had {len([flaw for flaw in first.flaws if flaw.must_go])}, and is still there to be compared.",
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
        return not_yet("A proof by a name that may move proves nothing tomorrow: versions can be overwritten in this repository.", "put_image_tag_mutability, with an exception for release.")
    if not may_move(MOVING):
        return not_yet(f"{MOVING} can't move any more: the next version can't be released.", "An exclusion filter for it.")
    return None


def _images(lab: Lab) -> dict[str, Image]:
    """version → image, the oldest push first. What has no tag but `release`, or none at all, is no version."""
    return {image.name: image for image in _all(lab) if image.name != MOVING}


def _all(lab: Lab) -> list[Image]:
    """All images of tickets that have a name, the oldest push first."""
    ecr, flaws = lab.reader("ecr"), _findings(lab)
    tickets = _full(lab, TICKETS)
    try:
        pages = list(ecr.get_paginator("describe_images").paginate(repositoryName=TICKETS, filter={"tagStatus": "TAGGED"}))
    except ecr.exceptions.RepositoryNotFoundException:
        return []
    details = sorted((each for page in pages for each in page["imageDetails"]), key=lambda each: (each["imagePushedAt"], _number(min(each["imageTags"]))))

    def found(digest: str) -> tuple[Flaw, ...]:
        return tuple(flaw for flaw in flaws if flaw.repository == tickets and flaw.digest == digest and flaw.status != "CLOSED")

    return [Image(lab, tuple(sorted(each["imageTags"])), each["imageDigest"], found(each["imageDigest"])) for each in details]


def _findings(lab: Lab) -> list[Flaw]:
    """What Inspector found in Wren's images, of every status."""
    folder = _full(lab, TICKETS).removesuffix("prod/tickets")
    wanted = {"ecrImageRepositoryName": [{"comparison": "PREFIX", "value": folder}]}
    pages = lab.reader("inspector2").get_paginator("list_findings").paginate(filterCriteria=wanted)
    return [Flaw.read(each) for page in pages for each in page["findings"]]


def _ids(flaws: Iterable[Flaw]) -> set[str]:
    return {flaw.id for flaw in flaws}


def _number(tag: str) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", tag)]


def _plain(package: str) -> str:
    """A Python package's name as it is compared. PEP 503."""
    return re.sub(r"[-_.]+", "-", package).lower()


def _full(lab: Lab, name: str) -> str:
    """A repository's name as filters and findings have it, which on AWS begins with the lab's prefix."""
    found = looking.repository(lab.reader("ecr"), name)
    return found["repositoryArn"].partition("/")[2] if found else name


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))


def _some(names: Iterable[str]) -> str:
    """Three of them, and how many more there are."""
    known = sorted(set(names))
    return ", ".join(known[:3]) + (f" and {len(known) - 3} more" if len(known) > 3 else "")


CHECKS = {
    "scanning": scanning,
    "worst-layer": worst_layer,
    "base": base,
    "library": library,
    "tool": tool,
    "unfixed": unfixed,
    "release": release,
}
