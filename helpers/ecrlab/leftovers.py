"""What a passing lab leaves in the learner's own Docker engine, and how it is taken out again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import docker
    from docker.models.images import Image


@contextmanager
def removed(client: docker.DockerClient, *addresses: str) -> Iterator[None]:
    """Afterwards, takes out the images whose names begin with one of these addresses, what they were built from or into,
    and the containers of all these, such as builds leave behind. An image that was there before stays, without the new name.
    """
    before = {image.id for image in client.images.list(all=True)}
    try:
        yield
    finally:
        _remove(client, addresses, before)


def _remove(client: docker.DockerClient, addresses: tuple[str, ...], before: set[str]) -> None:
    import docker.errors

    images = client.images.list(all=True)
    named = {image.id: [name for name in _names(image) if name.startswith(addresses)] for image in images}
    ours = _family(images, {id for id, names in named.items() if names}) - before
    for container in client.containers.list(all=True, ignore_removed=True):
        if container.attrs["Image"] in ours:
            container.remove(force=True)
    for name in (name for names in named.values() for name in names):
        with suppress(docker.errors.ImageNotFound):  # its last tag took the digest with it
            client.images.remove(name, force=True)
    # those that others are built on can go only after them
    while any([_gone(client, image) for image in client.images.list(all=True) if image.id in ours and not _names(image)]):
        pass


def _gone(client: docker.DockerClient, image: Image) -> bool:
    """Remove an image, and say whether that was possible."""
    import docker.errors

    try:
        client.images.remove(image.id)
    except docker.errors.APIError:
        return False
    return True


def _names(image: Image) -> list[str]:
    """Its names by tag and by digest."""
    return [*image.tags, *(image.attrs.get("RepoDigests") or [])]


def _family(images: list[Image], ids: set[str]) -> set[str]:
    """These images, those they were built from, and those that were built on any of them."""
    pairs = [(image.id, image.attrs["Parent"]) for image in images if image.attrs.get("Parent")]
    family, grown = set(), set(ids)
    while family != grown:
        family = grown
        grown = family | {id for pair in pairs for id in pair if family & set(pair)}
    return family
