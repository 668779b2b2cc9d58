"""Deleting what a lesson made, and making sure that nothing is left."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ecrlab.content import Repository
from ecrlab.lab import Lab
from ecrlab.show import html, words
from ecrlab.show.picture import Picture

DELETED, WAS_NOT_THERE, STILL_THERE = "deleted", "was not there", "still there"


@dataclass(frozen=True)
class Place:
    """A repository as it is deleted and looked for: its client, its name, and how it is called in the list."""

    client: object
    name: str
    called: str


def clean(lab: Lab, repositories: Iterable[Repository], public_repositories: Iterable[str]) -> Picture:
    """Delete these repositories with all that is in them, and show what became of each.

    AWS: DeleteRepository with force deletes the images too. Whether it is gone is asked of DescribeRepositories.
    Repeating it is harmless. Errors other than "it isn't there" are raised as AWS gives them.
    """
    places = list(_places(lab, repositories, public_repositories))
    rows = [[place.called, *_delete(place)] for place in places]
    for row, place in zip(rows, places):
        if _is_there(place):
            row[1] = STILL_THERE
    left = sum(row[1] == STILL_THERE for row in rows)
    if not rows:
        sentence = "Nothing was made here that has to be deleted."
    elif left:
        sentence = f"{left} of {len(rows)} repositories are still there. Run this cell again."
    else:
        sentence = "Verified: nothing is left in the registry of what was made here."
    heads, caption = ["Repository", "What happened", "Images deleted with it"], "Clean-up"
    table = html.table(heads, rows, caption, {2}) if rows else ""
    drawn = html.card(table, html.paragraph(sentence), edge=html.VERMILLION if left else html.GREEN, role="status")
    return Picture(drawn, f"{words.columns(heads, rows, caption, {2})}\n{sentence}" if rows else sentence)


def _places(lab: Lab, repositories: Iterable[Repository], public_repositories: Iterable[str]) -> Iterator[Place]:
    for each in repositories:
        account = lab.partner if each.account == "partner" else each.account
        yield Place(lab.client("ecr", region=each.region, account=account), each.name, str(each))
    for name in public_repositories:
        yield Place(lab.client("ecr-public", region="us-east-1"), name, f"{name} (public)")


def _delete(place: Place) -> list[str]:
    missing = place.client.exceptions.RepositoryNotFoundException
    try:
        images = _count(place)
        place.client.delete_repository(repositoryName=place.name, force=True)
    except missing:
        return [WAS_NOT_THERE, ""]
    return [DELETED, str(images)]


def _count(place: Place) -> int:
    pages = place.client.get_paginator("describe_images").paginate(repositoryName=place.name)
    return sum(len(page["imageDetails"]) for page in pages)


def _is_there(place: Place) -> bool:
    try:
        place.client.describe_repositories(repositoryNames=[place.name])
    except place.client.exceptions.RepositoryNotFoundException:
        return False
    return True
