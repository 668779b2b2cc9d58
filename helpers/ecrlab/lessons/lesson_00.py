"""The checks of lesson 00: three pushes into one repository."""

from __future__ import annotations

import io
import json
import tarfile
from urllib.request import urlopen

from docker.errors import DockerException

from ecrlab.check import Verdict, done, not_tried, not_yet
from ecrlab.lab import Lab

REPOSITORY = "lesson00/hello"
UNTOUCHED = "your own words"


def message_in(ecr, tag: str) -> str:
    """The message in an image of lesson00/hello, out of its last layer, as the registry hands it out."""
    layer = _manifest(ecr, tag)["layers"][-1]["digest"]
    url = ecr.get_download_url_for_layer(repositoryName=REPOSITORY, layerDigest=layer)["downloadUrl"]
    with urlopen(url) as answer, tarfile.open(fileobj=io.BytesIO(answer.read())) as files:
        return files.extractfile("message.txt").read().decode()


def _manifest(ecr, tag: str) -> dict:
    """The list of an image's parts."""
    image = ecr.batch_get_image(repositoryName=REPOSITORY, imageIds=[{"imageTag": tag}])["images"][0]
    return json.loads(image["imageManifest"])


def first_push(lab: Lab) -> Verdict:
    """Is an image named 1.0?"""
    digests = _digests(lab)
    if digests is None:
        return not_tried(f"There is no repository {REPOSITORY} yet.", "Run the cells above, from the first one.")
    if not digests:
        return not_yet(
            f"{REPOSITORY} is there and empty. Building makes an image on this computer; only a push brings it to the registry.",
            "Run the cell that pushes.",
        )
    if "1.0" not in digests:
        return not_yet(f"{REPOSITORY} holds {_listed(digests)}, and nothing is named 1.0.", "Push with tag=\"1.0\".")
    return done(f"The registry holds your image as {REPOSITORY}:1.0.")


def second_push(lab: Lab) -> Verdict:
    """Is another image named 1.1?"""
    digests = _digests(lab) or {}
    if "1.1" not in digests:
        return not_tried("Nothing is named 1.1 yet.")
    if digests["1.1"] == digests.get("1.0"):
        return not_yet(
            "1.0 and 1.1 are two names of one image. A new tag doesn't make a new image; new content does.",
            "Change the text in message.txt, build 1.1 again, and push it.",
        )
    return done("1.1 is an image of its own, and 1.0 is still there.")


def own_message(lab: Lab) -> Verdict:
    """Is a third image named mine?"""
    digests = _digests(lab) or {}
    others = {tag: digest for tag, digest in digests.items() if tag != "mine"}
    if "mine" not in digests:
        return _instead_of_mine(lab, others)
    same = [tag for tag, digest in others.items() if digest == digests["mine"]]
    if same:
        return not_yet(
            f"mine is one more name of the image {same[0]}. A new tag doesn't make a new image; new content does.",
            "Write other words into message.txt, build mine again, and push it.",
        )
    ecr = lab.reader("ecr")
    built = _built_here(lab)
    if built and built not in (digests["mine"], _manifest(ecr, "mine").get("config", {}).get("digest")):
        return not_yet(
            "The registry's mine is from an earlier push. You have built another image since: building sends nothing.",
            "Push the new one, with the tag mine.",
        )
    says = _message(ecr, "mine")
    if says == UNTOUCHED:
        return not_yet(
            f"mine is in the registry, and still says “{UNTOUCHED}”. A push sends what was built, not what was meant.",
            "Write a message of yours between the quotes, build mine again, and push it.",
        )
    return done(f"Your own image is in the registry, and it says “{says}”." if says else "Your own image is in the registry.")


def _message(ecr, tag: str) -> str | None:
    """The message in an image, or None where its last layer holds none."""
    try:
        return message_in(ecr, tag)
    except (KeyError, tarfile.TarError, UnicodeDecodeError):
        return None


def _built_here(lab: Lab) -> str | None:
    """The id of the image that is named mine on this computer, if one is."""
    try:
        return lab.docker.images.get(f"{lab.registry()}/{REPOSITORY}:mine").id
    except DockerException:
        return None


def _instead_of_mine(lab: Lab, digests: dict[str, str]) -> Verdict:
    if "latest" in digests:
        return not_yet("You pushed it as latest: that is what Docker writes where no tag is given.", 'Push again with tag="mine".')
    unasked = sorted(set(digests) - {"1.0", "1.1"})
    if unasked:
        return not_yet(f"You pushed it as {unasked[0]}. A tag is exactly what stands after the colon.", 'Build and push it with the tag "mine".')
    if _built_here(lab):
        return not_tried("Nothing is named mine yet.", "The image is built on this computer, and waits to be pushed.")
    return not_tried("Nothing is named mine yet.", "Build an image with the tag mine, and push it.")


def _digests(lab: Lab) -> dict[str, str] | None:
    """Which image each tag names; None where there is no repository."""
    ecr = lab.reader("ecr")
    try:
        pages = list(ecr.get_paginator("list_images").paginate(repositoryName=REPOSITORY, filter={"tagStatus": "TAGGED"}))
    except ecr.exceptions.RepositoryNotFoundException:
        return None
    return {image["imageTag"]: image["imageDigest"] for page in pages for image in page["imageIds"]}


def _listed(names: dict[str, str]) -> str:
    return ", ".join(sorted(names))


CHECKS = {"first-push": first_push, "second-push": second_push, "own-message": own_message}
