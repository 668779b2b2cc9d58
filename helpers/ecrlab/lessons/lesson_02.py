"""What lesson 02 looks for in the registry."""

from __future__ import annotations

import json
from dataclasses import dataclass

from ecrlab.check import Verdict, done, not_tried, not_yet
from ecrlab.lab import Lab
from ecrlab.show.words import MEDIA_TYPES

SHOP, BY_HAND, BACKUP = "lesson02/shop", "lesson02/by-hand", "lesson02/backup"


@dataclass(frozen=True)
class Image:
    """An image as the registry holds it. `config` stays the same when engines write the same image differently."""

    digest: str
    config: str
    layers: tuple[str, ...]


def first_push(lab: Lab) -> Verdict:
    """shop:1.0 was pushed."""
    images = _images(lab, SHOP)
    if not images:
        return not_tried("The repository lesson02/shop holds no image yet.", "A refused push leaves nothing behind.")
    if "1.0" not in images:
        return _wrong_tag(images, "1.0")
    return done("The registry holds shop:1.0. Docker was logged in, and every layer arrived.")


def second_version(lab: Lab) -> Verdict:
    """shop:1.1 is another image than shop:1.0 and has layers in common with it."""
    images = _images(lab, SHOP) or {}
    if "1.1" not in images:
        return not_tried("There is no shop:1.1 in the registry yet.")
    if "1.0" not in images:
        return not_yet("Version 1.1 is there, 1.0 isn't, so there is nothing to compare.", "Push version 1.0 first.")
    old, new = images["1.0"], images["1.1"]
    if old.config == new.config:
        return _same_image("1.0", "1.1")
    shared = len(set(old.layers) & set(new.layers))
    if not shared:
        return not_yet(
            "The two versions have no layer in common. Layers are shared when what is in them, and below them, is the same.",
            "Build both from app/shop with the same BASE; only PAGE differs.",
        )
    return done(f"Versions 1.0 and 1.1 share {shared} of {len(new.layers)} layers. Those are stored once, and travelled once.")


def by_hand(lab: Lab) -> Verdict:
    """by-hand:1.0 was put together with the five calls."""
    images = _images(lab, BY_HAND)
    if images is None:
        return not_tried("There is no repository lesson02/by-hand yet.")
    if not images:
        return not_yet("The repository holds no image. Layers alone are none: the manifest makes the image.", "The last call is PutImage.")
    if "1.0" not in images:
        return _wrong_tag(images, "1.0")
    return done("The registry holds an image that no Docker pushed. To the registry there is no difference.")


def release(lab: Lab) -> Verdict:
    """shop:1.2 is a build of its own."""
    images = _images(lab, SHOP)
    if not images:
        return not_tried("The repository lesson02/shop holds no image yet.", "Run the cells above, from the top.")
    if "1.2" not in images:
        return _wrong_tag(images, "1.2") if "latest" in images else not_tried("There is no shop:1.2 in the registry yet.")
    for older in ("1.0", "1.1"):
        if older in images and images[older].config == images["1.2"].config:
            return _same_image(older, "1.2")
    return done(
        "Version 1.2 is in the registry, with a page of its own.",
        "Only the page's layer is new. The others are the same bytes as before, so the registry knew their digests.",
    )


def backup(lab: Lab) -> Verdict:
    """backup:1.1 is the very image that shop:1.1 is."""
    copies, images = _images(lab, BACKUP), _images(lab, SHOP) or {}
    if copies is None:
        return not_tried("There is no repository lesson02/backup yet.")
    if not copies:
        return not_yet(
            "The repository is there and empty. Giving an image a second name happens on your machine; the registry hears of it by a push.",
            "Push the new name.",
        )
    if "1.1" not in copies:
        return _wrong_tag(copies, "1.1")
    if "1.1" not in images:
        return not_yet("There is no shop:1.1 that this could be a copy of.", "Push version 1.1 to lesson02/shop, as under What travels.")
    if copies["1.1"].config != images["1.1"].config:
        return not_yet(
            "backup:1.1 is another image than shop:1.1. The same tag doesn't make it the same image.",
            f'Which image got the name? lab.docker.images.get(f"{{shop}}:1.1") is the right one.',
        )
    return done(
        "Both repositories hold the same image.",
        "A layer marked “mounted” was taken over from lesson02/shop: the registry has it, so it needn't travel again.",
    )


def _wrong_tag(images: dict[str, Image], wanted: str) -> Verdict:
    if "latest" in images:
        return not_yet(
            "There is an image named latest. Docker doesn't look for your newest version: it writes latest where no tag is given.",
            f"Build and push with the tag {wanted}.",
        )
    return not_yet(f"There are images, but none is tagged {wanted}: {', '.join(sorted(images))}.", f"Push the tag {wanted}.")


def _same_image(older: str, newer: str) -> Verdict:
    return not_yet(
        f"{older} and {newer} name the same image. A new tag doesn't make a new version; a build with other content does.",
        f'Build with PAGE set to "{newer}", then push again.',
    )


def _images(lab: Lab, repository: str) -> dict[str, Image] | None:
    """The images of a repository by tag; None where there is no such repository."""
    ecr = lab.reader("ecr")
    try:
        pages = ecr.get_paginator("list_images").paginate(repositoryName=repository, filter={"tagStatus": "TAGGED"})
        tags = [image_id["imageTag"] for page in pages for image_id in page["imageIds"]]
    except ecr.exceptions.RepositoryNotFoundException:
        return None
    return {tag: _image(ecr, repository, tag) for tag in tags}


def _image(ecr, repository: str, tag: str) -> Image:
    answer = ecr.batch_get_image(repositoryName=repository, imageIds=[{"imageTag": tag}], acceptedMediaTypes=MEDIA_TYPES)
    held = answer["images"][0]
    manifest = json.loads(held["imageManifest"])
    digest = held["imageId"]["imageDigest"]
    # an index has no config of its own
    config = manifest.get("config", {}).get("digest", digest)
    return Image(digest, config, tuple(layer["digest"] for layer in manifest.get("layers", [])))


CHECKS = {
    "first-push": first_push,
    "second-version": second_version,
    "by-hand": by_hand,
    "release": release,
    "backup": backup,
}
