"""What lesson 03 looks for in the registry."""

from __future__ import annotations

import json
from dataclasses import dataclass
from fnmatch import fnmatchcase

from ecrlab.check import Verdict, done, not_tried, not_yet
from ecrlab.lab import Lab
from ecrlab.show import words

SHOP, TEA = "lesson03/shop", "lesson03/tea"
RELEASES = ("1.0", "1.1", "1.2", "2.0", "10.0")


@dataclass(frozen=True)
class Held:
    """A repository as the checks see it: the digest that each tag names, and how many images there are."""

    tags: dict[str, str]
    images: int


def moved_tag(lab: Lab) -> Verdict:
    """1.0 was pushed twice, from two sources."""
    held = _held(lab, SHOP)
    if held is None or "1.0" not in held.tags:
        return not_tried("There is no shop:1.0 in the registry yet.")
    if held.images < 2:
        return not_yet(
            "1.0 was pushed, but only one image is there. The same content gives the same image, however often you push it.",
            "The second push has to build another page.",
        )
    return done(f"1.0 names one of {held.images} images.", "What the tag named before is still there, known by its digest.")


def second_name(lab: Lab) -> Verdict:
    """The morning's image is named opening."""
    held = _held(lab, SHOP)
    if held is None or "opening" not in held.tags:
        return not_tried("No image is named opening yet.")
    if held.tags["opening"] == held.tags.get("1.0"):
        return not_yet(
            "opening names the image that 1.0 names. Fetched by its tag, an image is what the tag names now, not what it named this morning.",
            "Fetch the morning's image by its digest: morning.digest.",
        )
    return done("opening names the morning's image, and none of its layers travelled.")


def two_platforms(lab: Lab) -> Verdict:
    """2.0 names an index of an amd64 and an arm64 image."""
    held = _held(lab, SHOP)
    if held is None or "2.0" not in held.tags:
        return not_tried("There is no shop:2.0 in the registry yet.")
    media_type, index = _manifest(lab, SHOP, "2.0")
    if words.kind(media_type) != "index":
        return not_yet(
            "2.0 names a single image. Pushing for two platforms under one tag doesn't add them up: the last push has the name.",
            "Make an index of both, and give it to PutImage with the tag 2.0.",
        )
    platforms = {each.get("platform", {}).get("architecture") for each in index["manifests"]}
    if not {"amd64", "arm64"} <= platforms:
        named = ", ".join(sorted(filter(None, platforms))) or "no platform"
        return not_yet(f"The index names {named}; a machine finds its image by the platform that stands beside it.", "It needs amd64 and arm64.")
    return done("2.0 names an index, and it lists an amd64 and an arm64 image.")


def promote(lab: Lab) -> Verdict:
    """stable names the image of release 1.1."""
    held = _held(lab, TEA)
    if held is None or "1.1" not in held.tags:
        return not_tried("Release 1.1 isn't in lesson03/tea yet.", "Run the cell that pushes both releases.")
    if "stable" not in held.tags:
        return not_tried("No image is named stable yet.")
    stable = held.tags["stable"]
    if stable == held.tags["1.1"]:
        return done("stable and 1.1 name the same image: the digest that was tested is the one that is promoted.")
    if stable == held.tags.get("1.0"):
        return not_yet("stable names release 1.0. A tag names the image whose manifest you send with it.", "Which tag did you fetch?")
    return not_yet(
        "stable names an image that is neither release. A new build, or a manifest that was written anew, is another image: its digest says so.",
        'Send image["imageManifest"] as it came.',
    )


def protect(lab: Lab) -> Verdict:
    """Releases are immutable, stable may move."""
    ecr = lab.reader("ecr")
    try:
        repository = ecr.describe_repositories(repositoryNames=[TEA])["repositories"][0]
    except ecr.exceptions.RepositoryNotFoundException:
        return not_tried("There is no repository lesson03/tea yet.", "Run the cell that pushes both releases.")
    setting = repository["imageTagMutability"]
    wildcards = [each["filter"] for each in repository.get("imageTagMutabilityExclusionFilters", [])]
    stays = {tag: _stays(setting, wildcards, tag) for tag in (*RELEASES, "stable")}
    if setting == "MUTABLE":
        return not_tried("Every tag of lesson03/tea can still move.")
    if stays["stable"] and all(stays.values()):
        why = f"none of the exclusions ({', '.join(wildcards)}) fits it" if wildcards else "plain IMMUTABLE binds every tag, whatever it is called"
        return not_yet(f"stable can't move either: {why}.", "Except stable from the rule.")
    if stays["stable"]:
        return not_yet(
            "It is the wrong way round: stable stays, and releases may move. The setting's first word is the rule, the wildcard its exception.",
            "Immutable, except stable.",
        )
    loose = [tag for tag in RELEASES if not stays[tag]]
    if loose:
        return not_yet(
            f"stable may move, but so may {', '.join(loose)}: {_why_loose(setting, wildcards, loose)}.",
            f"The exclusions are {', '.join(wildcards)}. Which tags fit?",
        )
    return done("Releases stay what they are, and stable may follow them.")


def _why_loose(setting: str, wildcards: list[str], loose: list[str]) -> str:
    """Which of the wildcards lets these tags move, or fails to hold them."""
    if setting.startswith("MUTABLE"):
        return f"the rule is mutable, and {' or '.join(wildcards)} doesn't fit them"
    if "*" in wildcards:
        return "* fits everything"
    return "they fit " + " or ".join(each for each in wildcards if any(fnmatchcase(tag, each) for tag in loose))


def _stays(setting: str, wildcards: list[str], tag: str) -> bool:
    """Whether a tag, once given, can't move. AWS: image tag mutability, exclusion filters."""
    excepted = any(fnmatchcase(tag, wildcard) for wildcard in wildcards)
    return setting.startswith("IMMUTABLE") != excepted


def _held(lab: Lab, repository: str) -> Held | None:
    """What a repository holds; None where there is no such repository."""
    ecr = lab.reader("ecr")
    try:
        pages = ecr.get_paginator("describe_images").paginate(repositoryName=repository)
        details = [detail for page in pages for detail in page["imageDetails"]]
    except ecr.exceptions.RepositoryNotFoundException:
        return None
    return Held({tag: detail["imageDigest"] for detail in details for tag in detail.get("imageTags", [])}, len(details))


def _manifest(lab: Lab, repository: str, tag: str) -> tuple[str, dict]:
    """The media type and the manifest that a tag names."""
    answer = lab.reader("ecr").batch_get_image(
        repositoryName=repository, imageIds=[{"imageTag": tag}], acceptedMediaTypes=words.MEDIA_TYPES
    )
    held = answer["images"][0]
    return held["imageManifestMediaType"], json.loads(held["imageManifest"])


CHECKS = {
    "moved-tag": moved_tag,
    "second-name": second_name,
    "two-platforms": two_platforms,
    "promote": promote,
    "protect": protect,
}
