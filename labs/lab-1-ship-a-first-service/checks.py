"""Lab 1's checks: what each task leaves behind in the registry, and the beliefs behind what else is found there."""

from __future__ import annotations

import fnmatch
import io
import re
import tarfile
import urllib.request
from collections.abc import Iterable

from ecrlab.check import Verdict, done, not_tried, not_yet
from ecrlab.lab import Lab
from ecrlab.labs import looking, planting
from ecrlab.labs.planting import plant
from ecrlab.show.manifests import manifest

TIDES, DRAFTS = "lab1/tides", "lab1/tides-drafts"
TABLE, GREETING = "srv/tides/tides-2026.csv", "srv/tides/greeting.txt"
PUBLIC_REPOSITORIES = [TIDES]
FIRST, SECOND, MOVING, ON_SCREEN = "1.0", "1.1", "latest", "on-screen"
OTHER_REGIONS = ("us-east-1", "us-west-2", "eu-west-1", "eu-central-1")
SOME_VERSIONS = (FIRST, SECOND, "2.0", "10.3.1")  # any release there may ever be


def _draft(number: int, architecture: str = "amd64") -> planting.Planted:
    page = {"srv/tides/greeting.txt": f"tides, draft {number} ({architecture})\n"}
    return planting.image(page, {"org.opencontainers.image.title": "tides", "draft": str(number)}, architecture)


SHOWN, FORGOTTEN = _draft(2), _draft(1)
PARTS = (_draft(3), _draft(3, "arm64"))
CURRENT = planting.index(PARTS)


def prepare(lab: Lab) -> None:
    """What the team left in the drafts' repository. The forgotten image comes back only where more is missing."""
    ecr = lab.client("ecr")
    if looking.repository(ecr, DRAFTS) is None:
        ecr.create_repository(repositoryName=DRAFTS)
    if "draft" not in looking.tags(ecr, DRAFTS) or SHOWN.digest not in looking.images(ecr, DRAFTS):
        plant(ecr, DRAFTS, FORGOTTEN)
    plant(ecr, DRAFTS, SHOWN)
    plant(ecr, DRAFTS, CURRENT, "draft")


def repository(lab: Lab) -> Verdict:
    """lab1/tides exists; versions stay, `latest` may move."""
    found = looking.repository(lab.reader("ecr"), TIDES)
    if found is None:
        return _repository_elsewhere(lab) or not_tried(f"There is no repository {TIDES} yet.")
    setting = found["imageTagMutability"]
    filters = [each["filter"] for each in found.get("imageTagMutabilityExclusionFilters", [])]
    loose = [version for version in SOME_VERSIONS if _may_move(version, setting, filters)]
    if loose == list(SOME_VERSIONS) and setting == "MUTABLE":
        return not_yet(
            "“A version never changes” is a habit. In a repository that is MUTABLE the next push of 1.0 simply takes the name away from the first.",
            "Look at the four values of imageTagMutability. put_image_tag_mutability changes it for a repository that is there already.",
        )
    if loose and setting == "MUTABLE_WITH_EXCLUSION" and not _may_move(MOVING, setting, filters):
        return not_yet(
            f"It is the wrong way round: with MUTABLE_WITH_EXCLUSION every tag may move except those that match. Here only {_listed(filters)} is fixed.",
            "Versions are the rule and latest is the exception, so begin from the setting that fixes tags.",
        )
    if loose and setting == "MUTABLE_WITH_EXCLUSION":
        return not_yet(
            f"A list of the releases that you know isn't a rule for those to come: with {setting} and {_listed(filters)} the tag {loose[0]} can still be overwritten.",
            "Begin from the setting that fixes tags, and make an exception of the moving tag.",
        )
    if loose:
        return not_yet(
            f"A filter is a pattern, and it may catch more than you think: with {setting} and {_listed(filters)} the tag {loose[0]} can still be overwritten.",
            "In a filter, * stands for any characters, dots and digits too. Name the moving tag alone.",
        )
    if not _may_move(MOVING, setting, filters) and setting == "IMMUTABLE_WITH_EXCLUSION":
        return not_yet(
            f"A pattern is compared letter by letter, capitals too: {_listed(filters)} doesn't match {MOVING}, so {MOVING} can't move.",
            f"Write a pattern that {MOVING} itself matches.",
        )
    if not _may_move(MOVING, setting, filters):
        return not_yet(
            f"“Immutable is simply safer” goes too far here: now {MOVING} can never name a second image either.",
            "There is a setting that fixes tags with exceptions. Exceptions are given as imageTagMutabilityExclusionFilters.",
        )
    return done(f"In {TIDES} a version keeps its image for good, and {MOVING} may move.")


def _repository_elsewhere(lab: Lab) -> Verdict | None:
    for region in OTHER_REGIONS:
        if region != lab.region and looking.repository(lab.reader("ecr", region=region), TIDES):
            return not_yet(
                f"A private registry belongs to one account and one Region. {TIDES} is in {region}, but what is in {region} doesn't exist in {lab.region}.",
                f"Create it with the client of {lab.region}, and delete the one in {region}: the clean-up at the end looks in {lab.region} only.",
            )
    # the public repository belongs to a later task: before the private one is there, it was taken for it
    if looking.repository(lab.reader("ecr-public", region="us-east-1"), TIDES):
        return not_yet(
            "You have two registries. ecr-public made a repository in the public one, which everybody can read; the team's own belongs in the private one.",
            'The private registry\'s client is lab.client("ecr").',
        )
    return None


def _may_move(tag: str, setting: str, filters: list[str]) -> bool:
    """AWS: image tag mutability, exclusion filters (only * is special)."""
    excluded = any(fnmatch.fnmatchcase(tag, pattern) for pattern in filters)
    return setting.startswith("MUTABLE") != excluded


def first_release(lab: Lab) -> Verdict:
    """lab1/tides holds 1.0."""
    ecr = lab.reader("ecr")
    names = looking.tags(ecr, TIDES)
    if FIRST in names:
        if {TABLE, GREETING} <= _files(ecr, FIRST).keys():
            return done(f"{TIDES}:{FIRST} is in your registry.")
        return not_yet(
            f"A name says nothing about what is inside: {FIRST} names an image that doesn't hold the table of tides and the greeting.",
            f"The tag {FIRST} is fixed now. Delete it first (batch_delete_image with imageTag {FIRST}), then build tides from work/ and push that.",
        )
    if looking.repository(ecr, TIDES) is None:
        return not_tried(f"There is no repository {TIDES} yet, which is task 1.")
    if not names:
        return not_tried(f"There is no image in {TIDES} yet.")
    like = [name for name in names if name.lower().strip("v") == FIRST or name.endswith(FIRST)]
    if like:
        return not_yet(
            f"A tag is text, compared letter by letter: {like[0]} and {FIRST} are two names, and whoever asks for {TIDES}:{FIRST} gets nothing.",
            f"Give the image the name {FIRST} too.",
        )
    if MOVING in names:
        return not_yet(
            f"An image doesn't know its version. No tag was said, so Docker said {MOVING}, and the registry took that for the name.",
            f"Say the tag in all places: where you build (name:{FIRST}) and where you push (tag=\"{FIRST}\").",
        )
    return not_yet(f"There are images in {TIDES}, but none is named {FIRST}.", f"They are named {_listed(names)}. Say the tag where you push.")


def second_release(lab: Lab) -> Verdict:
    """lab1/tides holds 1.1, another image than 1.0 that shares layers with it."""
    ecr = lab.reader("ecr")
    names = looking.tags(ecr, TIDES)
    if FIRST in names and SECOND not in names and looking.unnamed(ecr, TIDES):
        return not_yet(
            f"“The same service keeps its name”: the new image took {FIRST} over, and the one that was released lies there without a name.",
            f"A new release needs a new tag. Push it as {SECOND}, and see to it that {FIRST} can't be taken over again.",
        )
    if FIRST not in names or SECOND not in names:
        return not_tried(f"There is no {SECOND} beside {FIRST} in {TIDES} yet.")
    first, second = names[FIRST], names[SECOND]
    if first == second or looking.contents(ecr, TIDES, first) == looking.contents(ecr, TIDES, second):
        return not_yet(
            f"A new name doesn't make a new version: {FIRST} and {SECOND} name the very same image. Nothing new was built, or the old build got the new name.",
            f"Change the greeting, build with the name {SECOND}, push that. If {SECOND} is taken now, delete that tag first (batch_delete_image).",
        )
    if looking.layers(ecr, TIDES, first)[0] != looking.layers(ecr, TIDES, second)[0]:
        return not_yet(
            f"More has changed than the greeting: {SECOND} stands on another base than {FIRST}, so its base travelled as well.",
            f"What BASE was at the build is part of the image. Delete the tag {SECOND} (batch_delete_image) and build on the same base.",
        )
    return _only_greeting_changed(ecr) or done(f"{SECOND} has another greeting than {FIRST}, and only the greeting's layer has travelled.")


def _only_greeting_changed(ecr) -> Verdict | None:
    """What speaks against it, None where nothing does. Both releases stand on the same base."""
    again = f"Delete the tag {SECOND} (batch_delete_image), mend that, build and push it once more."
    before, after = _files(ecr, FIRST), _files(ecr, SECOND)
    if before.get(GREETING, b"").strip() == after.get(GREETING, b"").strip():
        return not_yet(f"A new build isn't a new greeting: what {SECOND} says is word for word what {FIRST} says.", again)
    if before.get(TABLE) != after.get(TABLE):
        return not_yet(f"More has changed than the greeting: the table of tides in {SECOND} is another than in {FIRST}.", again)
    old, new = looking.layers(ecr, TIDES, FIRST), looking.layers(ecr, TIDES, SECOND)
    held = [_in_layer(ecr, digest).keys() if digest not in old else {} for digest in new]
    if any(TABLE in files for files in held) or len(old) != len(new):
        return not_yet(
            "“Only what changed travels” holds for layers, not for files: the table shares a layer with something that changed, so it travelled again.",
            f"Give the table a COPY of its own, before the greeting's, as in the Dockerfile of work/. {again}",
        )
    if any(GREETING in files and TABLE in _in_layer(ecr, above) for files, above in zip(held, new[1:], strict=False)):
        return not_yet(
            "The order of steps isn't a matter of taste: what stands after a changed step is built anew, and here the table stands after the greeting.",
            f"Copy what seldom changes first. {again}",
        )
    if sum(bool(files) for files in held) != sum(GREETING in files for files in held):
        return not_yet(f"More has changed than the greeting: {SECOND} brings other layers as well.", again)
    return None


def _files(ecr, name: str) -> dict[str, bytes]:
    """The table and the greeting, as far as an image of tides holds them (of an index, those of its last image)."""
    found: dict[str, bytes] = {}
    for digest in looking.layers(ecr, TIDES, name):
        found |= _in_layer(ecr, digest)
    return found


def _in_layer(ecr, digest: str) -> dict[str, bytes]:
    """The table and the greeting, as far as a layer holds them: path → content."""
    address = ecr.get_download_url_for_layer(repositoryName=TIDES, layerDigest=digest)["downloadUrl"]
    with urllib.request.urlopen(address, timeout=30) as answer, tarfile.open(fileobj=io.BytesIO(answer.read())) as layer:
        paths = {each.name.removeprefix("./").lstrip("/"): each for each in layer if each.isfile()}
        return {path: layer.extractfile(paths[path]).read() for path in (TABLE, GREETING) if path in paths}


def latest(lab: Lab) -> Verdict:
    """`latest` names the image of the newest version."""
    ecr = lab.reader("ecr")
    names = looking.tags(ecr, TIDES)
    versions = [name for name in names if re.fullmatch(r"[0-9]+(\.[0-9]+)+", name)]
    current = max(versions, key=lambda name: [int(part) for part in name.split(".")], default=None)
    if MOVING not in names or current is None or SECOND not in names:
        return not_tried(f"{MOVING} names nothing in {TIDES} yet.")
    if names[MOVING] == names[current]:
        return done(f"{MOVING} and {current} are two names of one image, {_short(names[current])}.")
    if names[MOVING] in [names[version] for version in versions]:
        old = next(version for version in versions if names[version] == names[MOVING])
        return not_yet(
            f"{MOVING} is no rule that finds the newest image. It is a tag like any other and stays where it was put: on {old}.",
            f"Give {MOVING} to the image that {current} names.",
        )
    if manifest(ecr, TIDES, names[MOVING]).document == manifest(ecr, TIDES, names[current]).document:
        return not_yet(
            f"What a manifest says isn't what it is: its digest is reckoned from its bytes. {MOVING} names one that says the same as {current}'s and is written with other spaces.",
            "Hand on imageManifest as the text that you got; json.loads and json.dumps write it anew.",
        )
    return not_yet(
        f"{MOVING} names a third image. To build again makes something new, however much alike: {current} was tested, this one wasn't.",
        f"Take the image that {current} names as it is, and give it one more name.",
    )


def what_runs(lab: Lab) -> Verdict:
    """The tag on-screen names the draft that the screen runs."""
    found = looking.images(lab.reader("ecr"), DRAFTS)
    if not found:
        return not_tried(f"{DRAFTS} isn't there.", "guide.prepare() brings it.")
    if SHOWN.digest not in found:
        return not_yet(
            "“No tag” was taken for “not in use”. The image that the screen runs is gone from the registry: at its next start it can't be pulled any more.",
            "guide.prepare() puts it back.",
        )
    named = next((digest for digest, names in found.items() if ON_SCREEN in names), None)
    if named is None:
        return not_tried(f"Nothing in {DRAFTS} is named {ON_SCREEN} yet.")
    if named == SHOWN.digest:
        return done(f"The image that the screen runs is named {ON_SCREEN}: {_short(named)}.")
    if named in (CURRENT.digest, *(each.digest for each in PARTS)):
        return not_yet(
            "A running container doesn't follow a tag. The screen was started when draft meant another image, and it has kept that one.",
            f"{ON_SCREEN} must name the digest that the screen reported, not what draft names today.",
        )
    if named == FORGOTTEN.digest:
        return not_yet(
            "Two images here have no tag, and they look alike. Only the digest tells them apart, and you have named the other one.",
            "Compare the digest that you named with the one in the screen's log, to the last letter.",
        )
    return not_yet(
        f"{ON_SCREEN} names an image that was never on the screen. What was rebuilt or re-written is another image, even where its files are the same.",
        "Pull the image by the digest that the screen reported, and give that one the name.",
    )


def public_page(lab: Lab) -> Verdict:
    """The public lab1/tides says what it is and how to pull it."""
    public = lab.reader("ecr-public", region="us-east-1")
    page = looking.repository(public, TIDES)
    if page is None:
        return not_tried(f"Your public registry has no {TIDES} yet.")
    try:
        said = public.get_repository_catalog_data(repositoryName=TIDES)["catalogData"]
    except public.exceptions.RepositoryCatalogDataNotFoundException:
        said = {}
    if not said.get("description", "").strip():
        return not_yet(
            "To be public isn't to be understood. Everybody can reach the repository now, and its page in the gallery doesn't say what it is.",
            "Catalogue data has a description (one line) and a usageText.",
        )
    usage = said.get("usageText", "")
    if ".dkr.ecr." in usage:
        return not_yet(
            "Your private registry's address was given to the world. It asks for a log-in, so nobody outside can pull from there.",
            "The address to give away is the public repository's repositoryUri.",
        )
    if not usage.strip():
        return not_yet(
            "To know what it is isn't to know how to get it: the page has a description, but its usageText is missing.",
            "Put a line with the public repository's repositoryUri into the usageText.",
        )
    if _address(page) not in usage:
        return not_yet(
            f"A name is enough only inside your own registry. A stranger who reads {TIDES} doesn't know in whose: the address, with your alias in it, is missing.",
            "Put the public repository's repositoryUri into the usageText.",
        )
    return done("The page says what tides is, and from where to pull it.")


def published(lab: Lab) -> Verdict:
    """The public lab1/tides:1.1 is the private one, and anybody can pull it."""
    public = lab.reader("ecr-public", region="us-east-1")
    page, there = looking.repository(public, TIDES), looking.tags(public, TIDES)
    names = looking.tags(lab.reader("ecr"), TIDES)
    if page is None:
        return not_tried(f"Your public registry has no {TIDES} yet, which is task 6.")
    if SECOND not in names:
        return not_tried(f"There is no {SECOND} in your private {TIDES} yet, which is task 3.")
    if not there:
        return not_tried("There is no image in your public repository yet.")
    if SECOND not in there:
        return not_yet(
            f"Tags don't come along: each repository has its own, and the public one has {_listed(there)} but no {SECOND}.",
            f"Push the release to the public repository under the tag {SECOND}.",
        )
    got = looking.pulled_by_anybody(page["repositoryUri"], SECOND)
    if there[SECOND] == names[SECOND]:
        return done(f"This check pulled it as nobody, without any log-in, and got what you tested: public and private {SECOND} have the same digest, {_short(names[SECOND])}.")
    private = looking.contents(lab.reader("ecr"), TIDES, SECOND)
    if got.get("config", {}).get("digest") in private:
        return done(f"This check pulled it as nobody, without any log-in. Your engine wrote the manifest anew, so the digest is another, but all that {SECOND} holds is the same.")
    if FIRST in names and there[SECOND] == names[FIRST]:
        return not_yet(
            f"A tag proves nothing about what is behind it: the public {SECOND} is the image that you released as {FIRST}.",
            f"Compare digests. Give the public name to the image that {TIDES}:{SECOND} names, and push it again.",
        )
    return not_yet(
        f"The partner gets something that nobody has tested: the public {SECOND} was built apart from the private one.",
        "Pull your private release, give it the public name, and push that.",
    )


def make_room(lab: Lab) -> Verdict:
    """The forgotten draft is gone from lab1/tides-drafts, and nothing else."""
    found = looking.images(lab.reader("ecr"), DRAFTS)
    if not found:
        return not_tried(
            f"{DRAFTS} isn't there.",
            "guide.prepare() brings it. If you deleted the whole repository: that took what the screen runs, too.",
        )
    if SHOWN.digest not in found:
        return not_yet(
            "“No tag” was taken for “not in use”: the image on the harbour's screen is gone as well.",
            "guide.prepare() puts it back. Give it a name before you clear up around it.",
        )
    if CURRENT.digest not in found or "draft" not in found[CURRENT.digest]:
        return not_yet(
            "The untagged images that ECR held back were no rubbish: they are the parts of draft, which names an index. Now draft is gone.",
            "guide.prepare() puts it back. The parts of an index have no tag of their own, because the index names them.",
        )
    if FORGOTTEN.digest not in found and ON_SCREEN not in found[SHOWN.digest]:
        return not_yet(
            f"To be there isn't to be safe: {ON_SCREEN} doesn't name the image that the screen runs, so the next who clears up takes it for rubbish.",
            "Give it that name, as task 5 asks.",
        )
    if FORGOTTEN.digest not in found:
        return done("The forgotten draft is gone. What is named is still there: by a tag, or by an index that lists it.")
    if found[FORGOTTEN.digest]:
        return not_yet(
            f"A name doesn't make room: the forgotten draft is {_listed(found[FORGOTTEN.digest])} now, and as big as before.",
            "Delete it by its digest.",
        )
    return not_tried(f"The forgotten draft still takes room in {DRAFTS}.", "The tree shows the first twelve digits of a digest; a call wants all of it.")


def _address(page: dict) -> str:
    """`public.ecr.aws/alias/lab1/tides`, which on this machine stands behind the lab's own address."""
    return page["repositoryUri"][page["repositoryUri"].index("public.ecr.aws") :]


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))


def _short(digest: str) -> str:
    return digest[:19]


CHECKS = {
    "repository": repository,
    "first-release": first_release,
    "second-release": second_release,
    "latest": latest,
    "what-runs": what_runs,
    "public-page": public_page,
    "published": published,
    "make-room": make_room,
}
