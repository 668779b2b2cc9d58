"""Task 2: what runs today is there to be seen, and the layer that brings the worst is named."""

from __future__ import annotations

import re
from collections import Counter

from ecrlab.check import Verdict, done, not_tried, not_yet
from ecrlab.lab import Lab
from ecrlab.labs import looking
from ecrlab.show.manifests import configuration, manifest

from .library import LIBRARY
from .versions import Image, versions
from .words import nearly
from .wren import FIRST, MOVING, TICKETS

ANSWER = "worst-layer"
DIGEST = re.compile(r"^sha256:|[0-9a-f]{64}$")


def check(lab: Lab) -> Verdict:
    """1.0 is pushed as it lies in work/, and the repository's tag names the layer that brings most critical findings."""
    ecr, first = lab.reader("ecr"), versions(lab).get(FIRST)
    names = looking.tags(ecr, TICKETS)
    if first is None and (others := sorted(names.keys() - {MOVING})):
        return not_yet(f"{others[-1]} is there, and nothing that is called {FIRST}. A tag is compared letter by letter.", 'ship("1.0", "debian:11")')
    if first is None:
        return not_tried(f"There is no {FIRST} in {TICKETS} yet.")
    again = f"Either delete {FIRST} (batch_delete_image) and ship it upon debian:11, or, if files in work/ have changed too, guide.reset()."
    if not first.flaws and not first.is_scanned:
        return not_yet(
            f"{FIRST} is there, and nobody looked at it, so nothing is known of it.",
            "Task 1. What lies there is then scanned by itself; run ship again so that seen knows it.",
        )
    if not first.platform.startswith("DEBIAN_11"):
        return not_yet(
            f"{FIRST} stands upon {first.platform or 'no system that is known'}. Security wants to see what runs today, and that stands upon debian:11.",
            again,
        )
    if not first.libraries.get(LIBRARY) or not first.tools:
        return not_yet(f"{FIRST} is mended already, or it is something else. Security wants to see what runs today.", again)
    found = looking.repository(ecr, TICKETS)
    answers = {each["Key"]: each["Value"] for each in ecr.list_tags_for_resource(resourceArn=found["repositoryArn"])["tags"]}
    if ANSWER not in answers and ANSWER in names:
        return not_yet(
            "An image's tag is a name for an image. A repository's tag is another thing, a key and a value: a note on the repository.",
            "tag_resource, and the repository's arn.",
        )
    if ANSWER not in answers and (near := next((key for key, value in answers.items() if nearly(key, ANSWER) or DIGEST.search(value)), None)):
        return not_yet(
            f"A key is compared letter by letter: the repository has a tag {near}, and none that is called {ANSWER}.",
            "tag_resource once more, with the other key.",
        )
    if ANSWER not in answers:
        return not_tried(f"{FIRST} is scanned. The repository has no tag {ANSWER} yet.")
    critical = [flaw for flaw in first.flaws if flaw.severity == "CRITICAL"]
    brought = Counter(layer for flaw in critical for layer in flaw.layers)
    answer, most = answers[ANSWER].strip(), max(brought.values(), default=0)
    if brought.get(answer) == most:
        return done(
            f"{FIRST} has {len(critical)} critical findings, and this layer brings {most} of them. It is the base image's: nobody at Wren wrote a line of it.",
        )
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
        return not_yet(
            "These are the right sort of digits, and nobody can tell how they were reckoned: sha256: is missing.",
            "sha256: before them, as the manifest has it.",
        )
    if any(layer.startswith(answer.rstrip(".…")) or layer.removeprefix("sha256:").startswith(answer) for layer in first.layers):
        return not_yet("A shortened digest is good for the eyes. Nothing can be fetched or compared by half a name.", "All 64 digits, and sha256: before them.")
    if not re.fullmatch(r"sha256:[0-9a-f]{64}", answer):
        return not_yet(f"“{answer}” is a name, and a name means something else tomorrow. A digest can't.", "The layer's digest, with sha256: before it.")
    return not_yet(f"{FIRST} has no layer of this digest.", f"The layers are those in the manifest of {FIRST}.")


def _unpacked(ecr, image: Image) -> list[str]:
    """The digests of an image's layers as they are unpacked. OCI image spec: rootfs.diff_ids."""
    return configuration(ecr, TICKETS, manifest(ecr, TICKETS, image.digest)).get("rootfs", {}).get("diff_ids", [])
