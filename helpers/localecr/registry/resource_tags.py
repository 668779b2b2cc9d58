"""Resource tags: the labels AWS puts on a repository for bills and permissions. Not to be confused with an image's tags."""

from __future__ import annotations

import json

from localecr.errors import AwsError, invalid_parameter
from localecr.registry import Registry, repositories

MOST = 50


def checked(present: dict[str, str], added: list[dict]) -> dict[str, str]:
    """``present`` with ``added`` ([{Key, Value}]) on top. Raises TooManyTagsException, InvalidTagParameterException."""
    for tag in added:
        key, value = tag.get("Key", ""), tag.get("Value", "")  # the public model requires neither
        if not _is_a_key(key) or len(value) > 256:
            raise _invalid_tag()
    merged = present | {tag["Key"]: tag.get("Value", "") for tag in added}
    if len(merged) > MOST:
        raise AwsError(
            "TooManyTagsException",
            f"The list of tags on the repository is over the limit. The maximum number of tags that can be applied to a repository is {MOST}.",
        )
    return merged


def _is_a_key(key: str) -> bool:
    """Whether a client may use this key; AWS keeps those that begin with ``aws:`` for itself."""
    return 1 <= len(key) <= 128 and not key.lower().startswith("aws:")


def _invalid_tag() -> AwsError:
    return AwsError(
        "InvalidTagParameterException",
        "An invalid parameter has been specified. Tag keys can have a maximum character length of 128 characters, "
        "and tag values can have a maximum length of 256 characters.",
    )


def of(registry: Registry, arn: str) -> list[dict]:
    """A repository's resource tags as [{Key, Value}], by key."""
    labels = json.loads(_repository(registry, arn)["resource_tags"])
    return [{"Key": key, "Value": labels[key]} for key in sorted(labels)]


def add(registry: Registry, arn: str, added: list[dict]) -> None:
    """Adds tags, or overwrites those of the same key."""
    with registry.database.write():
        repository = _repository(registry, arn)
        _save(registry, repository["id"], checked(json.loads(repository["resource_tags"]), added))


def remove(registry: Registry, arn: str, keys: list[str]) -> None:
    """Removes the tags of these keys; a key that isn't there is no error. Raises InvalidTagParameterException."""
    with registry.database.write():
        repository = _repository(registry, arn)
        if not all(_is_a_key(key) for key in keys):
            raise _invalid_tag()
        labels = json.loads(repository["resource_tags"])
        _save(registry, repository["id"], {key: value for key, value in labels.items() if key not in keys})


def _repository(registry: Registry, arn: str):
    prefix = registry.arn("")
    if not arn.startswith(prefix) or arn == prefix:
        raise invalid_parameter("resourceArn", "Invalid ARN")
    return repositories.find(registry, arn.removeprefix(prefix))


def _save(registry: Registry, repository_id: int, labels: dict[str, str]) -> None:
    with registry.database.write() as transaction:
        transaction.execute("UPDATE repositories SET resource_tags = ? WHERE id = ?", (json.dumps(labels), repository_id))
