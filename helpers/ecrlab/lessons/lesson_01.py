"""The checks of lesson 01: a first repository, its twin in another Region, and one that carries a resource tag."""

from __future__ import annotations

from ecrlab.check import Verdict, done, not_tried, not_yet
from ecrlab.lab import Lab

PUBLIC_REPOSITORIES = ["lesson01/page"]

WEB, ORDERS, BILLING = "lesson01/web", "lesson01/orders", "lesson01/billing"
OTHER_REGION = "eu-west-1"
TEAM = {"team": "billing"}


def web_pushed(lab: Lab) -> Verdict:
    """Does lesson01/web hold an image named 1.0?"""
    ecr = lab.reader("ecr")
    if _repository(ecr, WEB) is None:
        return not_tried(f"There is no repository {WEB} in {lab.region} yet.", "Run the cells above, from the top.")
    tags = _image_tags(ecr, WEB)
    if not tags:
        return not_yet(f"{WEB} is empty. Creating a repository makes the shelf and puts nothing on it.", "Run the cell that builds and pushes.")
    if "1.0" not in tags:
        return not_yet(f"{WEB} holds {', '.join(tags)}, and nothing is named 1.0.", 'Push with tag="1.0".')
    return done(f"{WEB}:1.0 is in your registry in {lab.region}.")


def twin(lab: Lab) -> Verdict:
    """Is there a lesson01/orders in both Regions?"""
    here, there = lab.reader("ecr"), lab.reader("ecr", region=OTHER_REGION)
    if _repository(here, ORDERS) is None:
        return not_tried(f"There is no {ORDERS} in {lab.region} yet.", "Run the cell above this one first.")
    if _repository(there, ORDERS) is not None:
        return done(f"Two registries, two repositories of one name: {lab.region} and {OTHER_REGION}.")
    named = _names(here, ORDERS)
    if named:
        return not_yet(
            f"You made {named[0]} in {lab.region}. A name says nothing about the Region: the client that you call does.",
            f"Call create_repository with the same name on a client for {OTHER_REGION}.",
        )
    astray = _names(there, "lesson01/")
    if [name for name in astray if name != WEB]:
        return not_yet(f"{OTHER_REGION} has {', '.join(astray)}, and the twin has to be named {ORDERS} exactly.", "Check the spelling.")
    return not_tried(f"{OTHER_REGION} has no {ORDERS} yet.")


def billing(lab: Lab) -> Verdict:
    """Does lesson01/billing carry its resource tag and hold, as 1.0, the image that lesson01/web holds as 1.0?"""
    ecr = lab.reader("ecr")
    repository = _repository(ecr, BILLING)
    if repository is None:
        if _repository(lab.reader("ecr", region=OTHER_REGION), BILLING) is not None:
            return not_yet(f"You made it in {OTHER_REGION}. The client decides on the Region, and this one belongs to {lab.region}.", "Use ecr.")
        return not_tried(f"There is no {BILLING} yet.")
    labels = {tag["Key"]: tag["Value"] for tag in ecr.list_tags_for_resource(resourceArn=repository["repositoryArn"])["tags"]}
    tags = _image_tags(ecr, BILLING)
    return _label_fault(labels, tags) or _image_fault(labels, tags) or _another_image(ecr) or done(
        f"{BILLING} carries team = billing, for people and bills, and its 1.0 is the very image that {WEB}:1.0 names."
    )


def _label_fault(labels: dict[str, str], tags: list[str]) -> Verdict | None:
    """What is wrong with the resource tags, if anything is."""
    if TEAM.items() <= labels.items():
        return None
    mistaken = [tag for tag in tags if "team" in tag or "billing" in tag]
    if mistaken:
        return not_yet(
            f"{mistaken[0]} is an image tag: a name for one image. A resource tag is a key and a value on the repository itself.",
            "ecr.tag_resource(resourceArn=…, tags=[…]) puts one on a repository that exists.",
        )
    written = [key for key in labels if key.lower() in TEAM]
    if written:
        return not_yet(
            f"The repository carries {written[0]} = {labels[written[0]]}. Keys and values are compared letter by letter.",
            "It should be team = billing, in small letters.",
        )
    return not_yet(
        "The repository is there and doesn't carry the resource tag. Its name alone tells no bill whose it is.",
        "ecr.tag_resource(resourceArn=…, tags=[…]) puts one on a repository that exists.",
    )


def _image_fault(labels: dict[str, str], tags: list[str]) -> Verdict | None:
    """What is wrong with the images, if anything is."""
    if "1.0" in tags:
        return None
    if "1.0" in labels.values():
        return not_yet("1.0 is on the repository as a resource tag. The version of an image is an image tag: it comes with a push.", "Push the image.")
    if "latest" in tags:
        return not_yet("The image came as latest: that is what Docker writes where no tag is given.", 'Push it again with tag="1.0".')
    if tags:
        return not_yet(f"The image came as {', '.join(tags)}, and 1.0 was asked for.", 'Push it again with tag="1.0".')
    return not_yet("The repository holds no image that has a name. To tag an image on this computer sends nothing.", "Push it.")


def _another_image(ecr) -> Verdict | None:
    """What is wrong if 1.0 of billing is not 1.0 of web."""
    wanted = _digest(ecr, WEB, "1.0")
    if wanted is None:
        return not_yet(f"There is no {WEB}:1.0 to compare it with. The image to be shared has to be in the registry first.", "Push it again.")
    if _digest(ecr, BILLING, "1.0") != wanted:
        return not_yet(
            f"{BILLING}:1.0 is another image than {WEB}:1.0. An equal tag doesn't make an equal image: the digest tells, and the two differ.",
            f"Give the image {WEB}:1.0 one more name, without a build, and push that.",
        )
    return None


def _digest(ecr, repository: str, tag: str) -> str | None:
    """Which image a tag names; None where it names none."""
    try:
        images = ecr.batch_get_image(repositoryName=repository, imageIds=[{"imageTag": tag}])["images"]
    except ecr.exceptions.RepositoryNotFoundException:
        return None
    return images[0]["imageId"]["imageDigest"] if images else None


def _repository(ecr, name: str) -> dict | None:
    """The repository of this name, or None."""
    try:
        return ecr.describe_repositories(repositoryNames=[name])["repositories"][0]
    except ecr.exceptions.RepositoryNotFoundException:
        return None


def _names(ecr, beginning: str) -> list[str]:
    """The repositories whose names begin so, without the one that is named so exactly."""
    pages = ecr.get_paginator("describe_repositories").paginate()
    names = sorted(each["repositoryName"] for page in pages for each in page["repositories"])
    return [name for name in names if name.startswith(beginning) and name != beginning]


def _image_tags(ecr, repository: str) -> list[str]:
    """The tags of a repository's images."""
    pages = ecr.get_paginator("list_images").paginate(repositoryName=repository, filter={"tagStatus": "TAGGED"})
    return sorted(image["imageTag"] for page in pages for image in page["imageIds"])


CHECKS = {"web-pushed": web_pushed, "twin": twin, "billing": billing}
