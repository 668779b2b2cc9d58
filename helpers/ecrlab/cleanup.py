"""Deleting what a lesson made, and making sure that nothing is left."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import botocore.exceptions

from ecrlab import identities, resources, settings
from ecrlab.content import Identity, Repository, Resource
from ecrlab.lab import Lab
from ecrlab.show import html, words
from ecrlab.show.picture import Picture

DELETED, WAS_NOT_THERE, STILL_THERE = "deleted", "was not there", "still there"


@dataclass(frozen=True)
class Place:
    """A repository as it is deleted and looked for: its clients, its name, and how it is called in the list."""

    client: object
    reader: object
    name: str
    called: str


def clean(
    lab: Lab,
    repositories: Iterable[Repository],
    public_repositories: Iterable[str],
    made: Iterable[Identity] = (),
    others: Iterable[Resource] = (),
    changed: Iterable[str] = (),
) -> Picture:
    """Delete these repositories with all that is in them, these users, roles and policies, these alarms, queues, rules and so on, put these
    settings back, and show what became of each.

    AWS: DeleteRepository with force deletes the images too. Whether it is gone is asked of DescribeRepositories.
    Repeating it is harmless. Errors other than "it isn't there" are raised as AWS gives them.
    """
    shown = [_repositories(lab, repositories, public_repositories)]
    shown += [_identities(lab, made)] if made else []
    shown += [_resources(lab, others)] if others else []
    shown += [settings.restore(lab, changed)] if changed else []
    return Picture(html.join(*(each.html for each in shown)), "\n".join(each.text for each in shown))


def _repositories(lab: Lab, repositories: Iterable[Repository], public_repositories: Iterable[str]) -> Picture:
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


def _identities(lab: Lab, made: Iterable[Identity]) -> Picture:
    """Users first: what is still attached to one holds a policy back."""
    rows, left = [], 0
    clients = {None: lab.client("iam")} | ({"partner": lab.client("iam", account=lab.partner)} if lab.partner else {})
    for each in sorted(made, key=lambda each: each.kind == "policy"):
        iam = clients.get(each.account)
        if iam is None:  # a lab on AWS without a partner
            continue
        deleted = identities.delete(iam, each.kind, each.name)
        there = deleted and identities.exists(iam, each.kind, each.name)
        left += there
        rows.append([str(each), STILL_THERE if there else DELETED if deleted else WAS_NOT_THERE])
    return _told(["User, role, group or policy", "What happened"], rows, left, "Clean-up in IAM", "in IAM ")


def _resources(lab: Lab, others: Iterable[Resource]) -> Picture:
    rows, left = [], 0
    for each in others:
        deleted = resources.delete(lab, each.kind, each.name)
        there = resources.exists(lab, each.kind, each.name)
        left += there
        rows.append([str(each), STILL_THERE if there else DELETED if deleted else WAS_NOT_THERE])
    return _told(["What", "What happened"], rows, left, "Clean-up of the rest")


def _told(heads: list[str], rows: list[list[str]], left: int, caption: str, where: str = "") -> Picture:
    sentence = f"{left} of {len(rows)} are still there. Run this cell again." if left else f"Verified: nothing is left {where}of what was made here."
    drawn = html.card(html.table(heads, rows, caption), html.paragraph(sentence), edge=html.VERMILLION if left else html.GREEN, role="status")
    return Picture(drawn, f"{words.columns(heads, rows, caption)}\n{sentence}")


def _places(lab: Lab, repositories: Iterable[Repository], public_repositories: Iterable[str]) -> Iterator[Place]:
    for each in repositories:
        account = lab.partner if each.account == "partner" else each.account
        clients = [get("ecr", region=each.region, account=account) for get in (lab.client, lab.reader)]
        yield Place(*clients, each.name, str(each))
    for name in public_repositories:
        yield Place(*[get("ecr-public", region="us-east-1") for get in (lab.client, lab.reader)], name, f"{name} (public)")


def _delete(place: Place) -> list[str]:
    try:
        return [DELETED, str(_emptied(place))]
    except place.client.exceptions.RepositoryNotFoundException:
        return [WAS_NOT_THERE, ""]
    except botocore.exceptions.ClientError as error:
        if not error.response["Error"]["Code"].startswith("AccessDenied"):
            raise
    _unlock(place)
    return [DELETED, str(_emptied(place))]


def _emptied(place: Place) -> int:
    """Delete a repository; how many images went with it."""
    images = _count(place)
    place.client.delete_repository(repositoryName=place.name, force=True)
    return images


def _unlock(place: Place) -> None:
    """Take the repository's policy away, which denies even its owner something. Where it denies that too, only a local lab can help."""
    try:
        place.client.delete_repository_policy(repositoryName=place.name)
    except botocore.exceptions.ClientError:
        place.reader.delete_repository_policy(repositoryName=place.name)


def _count(place: Place) -> int:
    pages = place.client.get_paginator("describe_images").paginate(repositoryName=place.name)
    return sum(len(page["imageDetails"]) for page in pages)


def _is_there(place: Place) -> bool:
    try:
        place.client.describe_repositories(repositoryNames=[place.name])
    except place.client.exceptions.RepositoryNotFoundException:
        return False
    return True
