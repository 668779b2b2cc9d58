"""What the registry announces: an event for what a call did. AWS: Amazon ECR events and EventBridge.

An image's push and an image's or a tag's deletion are announced; of a repository's deletion, with whatever is in it, AWS documents no
event, nor any of the public registry. "AWS API Call via CloudTrail" needs a trail that logs (AWS: Events from AWS services), and trails
aren't there.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from localecr.clock import in_words

if TYPE_CHECKING:
    from localecr.ledger import Call

Event = dict[str, Any]
IMAGE_ACTION = "ECR Image Action"
# of a manifest that has a subject. AWS shows one sample of this type, a referrer's restoring; that a referrer's push has it too is inferred
REFERRER_ACTION = "ECR Referrer Action"


def envelope(now: float, account: str, region: str, source: str, detail_type: str, resources: list[str], detail: dict[str, Any]) -> Event:
    """What every event has, in AWS's order. ``now`` in seconds since 1970."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": detail_type,
        "source": source,
        "account": account,
        "time": in_words(now),
        "region": region,
        "resources": resources,
        "detail": detail,
    }


def of(call: Call, answer: dict[str, Any]) -> Iterator[Event]:
    """The events of a call that changed the registry; within its transaction. ``answer`` is the operation's, as the API gives it."""
    if call.service == "ecr":
        for detail_type, detail in DETAILS[call.operation](call, answer):
            yield envelope(call.lab.clock.now(), call.account, call.region, "aws.ecr", detail_type, [], detail)


def announces(call: Call) -> bool:
    """Whether a call may have events, told without looking at what it did."""
    return call.service == "ecr" and call.operation in DETAILS


def _pushed(call: Call, answer: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    image = answer["image"]
    row = call.lab.database.one(
        "SELECT i.media_type, i.artifact_type, i.subject_digest FROM images i JOIN repositories r ON r.id = i.repository_id"
        " WHERE r.kind = 'private' AND r.account = ? AND r.region = ? AND r.name = ? AND i.digest = ?",
        (call.account, call.region, image["repositoryName"], image["imageId"]["imageDigest"]),
    )
    types = {"manifest-media-type": row["media_type"], "artifact-media-type": row["artifact_type"]}
    detail = _action("PUSH", image["repositoryName"], image["imageId"]) | {name: value for name, value in types.items() if value}
    yield REFERRER_ACTION if row["subject_digest"] else IMAGE_ACTION, detail


def _deleted(call: Call, answer: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for image_id in answer["imageIds"]:
        yield IMAGE_ACTION, _action("DELETE", call.parameters["repositoryName"], image_id)


def _action(action: str, repository: str, image_id: dict[str, str]) -> dict[str, Any]:
    detail = {"result": "SUCCESS", "repository-name": repository, "image-digest": image_id["imageDigest"], "action-type": action}
    return detail | ({"image-tag": image_id["imageTag"]} if image_id.get("imageTag") else {})


DETAILS: dict[str, Callable[[Call, dict[str, Any]], Iterator[tuple[str, dict[str, Any]]]]] = {
    "BatchDeleteImage": _deleted,
    "PutImage": _pushed,
}
