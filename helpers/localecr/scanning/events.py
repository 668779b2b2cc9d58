"""What scanning announces. AWS: Amazon ECR events, EventBridge events sent for enhanced scanning."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from localecr.events import outbox
from localecr.events.announcements import envelope
from localecr.registry import Registry

IMAGE_SCAN, RESOURCE_CHANGE = "ECR Image Scan", "ECR Scan Resource Change"
MOST_REPOSITORIES = 250  # in one event, which has at most 256 KB: a name is there twice, with up to 256 characters


def scanned(registry: Registry, repository: str, digest: str, tags: Sequence[str], status: str, counts: dict[str, int]) -> None:
    """A basic scan came to its end: ``COMPLETE`` or ``FAILED``. Call it within the transaction that keeps the result."""
    detail = {
        "scan-status": status,
        "repository-name": repository,
        "finding-severity-counts": counts,
        "image-digest": digest,
        "image-tags": list(tags),
    }
    _put(registry, IMAGE_SCAN, [registry.arn(repository)], [detail])


def frequencies_changed(registry: Registry, changes: Sequence[tuple[str, str, str]]) -> None:
    """Repositories are scanned otherwise from now on: (name, frequency before, frequency) of each, with enhanced scanning turned on."""
    told = [_repository(registry, name, frequency) | {"previous-scan-frequency": before} for name, before, frequency in changes]
    pages = [told[start : start + MOST_REPOSITORIES] for start in range(0, len(told), MOST_REPOSITORIES)]
    _change(registry, ({"action-type": "SCAN_FREQUENCY_CHANGE", "repositories": page, "resource-type": "REPOSITORY"} for page in pages))


def repository_created(registry: Registry, name: str, frequency: str) -> None:
    """A repository was made whose images enhanced scanning takes. AWS says that there is an event and not what is in it: inferred."""
    _change(registry, [{"action-type": "CREATE", "repositories": [_repository(registry, name, frequency)], "resource-type": "REPOSITORY"}])


def image_changed(registry: Registry, action: str, repository: str, frequency: str, digest: str, tags: Sequence[str]) -> None:
    """An image came (``CREATE``) or went (``DELETE``) in a repository whose images enhanced scanning takes; inferred as well."""
    images = [{"image-digest": digest, "image-tags": list(tags)}]
    _change(
        registry,
        [{"action-type": action, "repositories": [_repository(registry, repository, frequency)], "images": images, "resource-type": "IMAGE"}],
    )


def _repository(registry: Registry, name: str, frequency: str) -> dict[str, str]:
    return {"repository-name": name, "repository-arn": registry.arn(name), "scan-frequency": frequency}


def _change(registry: Registry, details: Iterable[dict[str, Any]]) -> None:
    _put(registry, RESOURCE_CHANGE, [], (detail | {"scan-type": "ENHANCED"} for detail in details))


def _put(registry: Registry, detail_type: str, resources: list[str], details: Iterable[dict[str, Any]]) -> None:
    now = registry.lab.clock.now()
    told = [envelope(now, registry.account, registry.region, "aws.ecr", detail_type, resources, detail) for detail in details]
    outbox.put(registry.lab, registry.account, registry.region, told)
