"""Pages: every listing in pieces of any size, with tokens that survive what happens in between. AWS: pagination."""

from __future__ import annotations

import base64
import json

import pytest

from awsapi import push, put_image, refused
from specimens import artifact, image

INVALID_TOKEN = "Invalid parameter at 'nextToken' failed to satisfy constraint: 'Invalid token'"
SIGNATURE = "application/vnd.example.signature"


@pytest.fixture
def full(http):
    """Five images, three of them tagged, one of these twice."""
    pushed = [http.push(image(f"number {number}")) for number in range(5)]
    for number, tag in ((0, "c"), (1, "a"), (1, "d"), (2, "b")):
        http.put_manifest(tag, pushed[number])
    return [each.digest for each in pushed]


def pages(client, operation, key, **parameters):
    answers = list(client.get_paginator(operation).paginate(**parameters))
    return [answer[key] for answer in answers]


@pytest.mark.parametrize("size", [1, 2, 3, 5, 6, 7, 1000])
def test_listed_images_come_in_pages_of_any_size(ecr, name, full, size):
    found = pages(ecr, "list_images", "imageIds", repositoryName=name, PaginationConfig={"PageSize": size})
    assert [len(page) for page in found[:-1]] == [size] * (len(found) - 1)
    rows = [(row["imageDigest"], row.get("imageTag")) for page in found for row in page]
    assert len(rows) == 6
    assert set(rows) == {(full[0], "c"), (full[1], "a"), (full[1], "d"), (full[2], "b"), (full[3], None), (full[4], None)}
    assert all(found)


@pytest.mark.parametrize(("status", "count"), [("TAGGED", 4), ("UNTAGGED", 2), ("ANY", 6)])
def test_filters_hold_across_pages(ecr, name, full, status, count):
    found = pages(ecr, "list_images", "imageIds", repositoryName=name, filter={"tagStatus": status}, PaginationConfig={"PageSize": 1})
    assert [len(page) for page in found] == [1] * count


@pytest.mark.parametrize("size", [1, 2, 5, 6])
def test_described_images_come_in_pages_of_any_size(ecr, name, full, size):
    found = pages(ecr, "describe_images", "imageDetails", repositoryName=name, PaginationConfig={"PageSize": size})
    assert [len(page) for page in found[:-1]] == [size] * (len(found) - 1)
    assert sorted(row["imageDigest"] for page in found for row in page) == sorted(full)


def test_repositories_come_in_pages(ecr, name):
    for number in range(3):
        ecr.create_repository(repositoryName=f"{name}/{number}")
    found = [row["repositoryName"] for page in pages(ecr, "describe_repositories", "repositories", PaginationConfig={"PageSize": 2}) for row in page]
    assert len(found) == len(set(found))
    assert {name, *(f"{name}/{number}" for number in range(3))} <= set(found)


def test_the_last_page_has_no_token_even_when_it_is_full(ecr, name, full):
    assert "nextToken" not in ecr.list_images(repositoryName=name, maxResults=6)
    assert "nextToken" in ecr.list_images(repositoryName=name, maxResults=5)


def test_without_a_size_a_page_holds_a_hundred(ecr, http, name):
    pushed = http.push(image("popular"), "t0")
    for number in range(1, 101):
        http.put_manifest(f"t{number}", pushed)
    first = ecr.list_images(repositoryName=name)
    assert len(first["imageIds"]) == 100
    assert len(ecr.list_images(repositoryName=name, nextToken=first["nextToken"])["imageIds"]) == 1


def test_a_token_survives_deletions_and_pushes_in_between(ecr, http, name, full):
    first = ecr.describe_images(repositoryName=name, maxResults=2)
    seen = [row["imageDigest"] for row in first["imageDetails"]]
    ecr.batch_delete_image(repositoryName=name, imageIds=[{"imageDigest": each} for each in seen])
    new = http.push(image("pushed in between"))
    rest = pages(ecr, "describe_images", "imageDetails", repositoryName=name, PaginationConfig={"StartingToken": first["nextToken"], "PageSize": 2})
    found = [row["imageDigest"] for page in rest for row in page]
    assert len(found) == len(set(found))
    assert set(found) - {new.digest} == set(full) - set(seen)


def test_a_token_of_tags_survives_the_deletion_of_the_tag_it_stands_at(ecr, name, full):
    first = ecr.list_images(repositoryName=name, maxResults=2)
    seen = {(row["imageDigest"], row.get("imageTag")) for row in first["imageIds"]}
    last = first["imageIds"][-1]
    ecr.batch_delete_image(repositoryName=name, imageIds=[{"imageTag": last["imageTag"]}])
    rest = pages(ecr, "list_images", "imageIds", repositoryName=name, PaginationConfig={"StartingToken": first["nextToken"], "PageSize": 2})
    found = {(row["imageDigest"], row.get("imageTag")) for page in rest for row in page}
    assert not found & seen
    assert len(found) == 4


def forged(place):
    return base64.urlsafe_b64encode(place if isinstance(place, bytes) else json.dumps(place).encode()).decode()


NO_TOKENS = {
    "words": "not a token",
    "not ASCII": "tökén",
    "not JSON": forged(b"x"),
    "another kind of place": forged({"a": 1}),
    "another listing's": forged([1, 2, 3]),
    "a number without end": forged([10**40]),
    "a number without end and a tag": forged([10**40, "a"]),
    "nested without end": forged(b"[" * 100_000),
    "half a surrogate pair": forged(b'["\\ud800"]'),
    "half a surrogate pair after a number": forged(b'[1, "\\ud800"]'),
}


@pytest.mark.parametrize("token", NO_TOKENS.values(), ids=NO_TOKENS)
@pytest.mark.parametrize("operation", ["list_images", "describe_images", "describe_repositories", "list_image_referrers"])
def test_what_is_no_token_is_an_invalid_parameter(ecr, name, operation, token):
    named = {} if operation == "describe_repositories" else {"repositoryName": name}
    if operation == "list_image_referrers":
        named["subjectId"] = {"imageDigest": "sha256:" + "0" * 64}
    with refused("InvalidParameterException", INVALID_TOKEN):
        getattr(ecr, operation)(**named, nextToken=token)


# --- what happens between two pages -----------------------------------------------------------------------------------------------------


def walk(listing, between, size=2):
    """The rows of every page of a listing; `between` happens after the first."""
    rows, token = [], {}
    while token is not None:
        answer = listing(maxResults=size, **token)
        rows += next(value for value in answer.values() if isinstance(value, list))
        token = {"nextToken": answer["nextToken"]} if "nextToken" in answer else None
        between()
        between = lambda: None  # noqa: E731
    return rows


WRITES = {  # what is done to the images a, b, c, d, e (each under its own name): the names they have afterwards
    "an image is pushed": (lambda door, pushed: door.push(image("new"), "new"), "abcde"),
    "an image that was seen goes": (lambda door, pushed: door("DELETE", f"manifests/{pushed['a'].digest}"), "bcde"),
    "the image the token stands at goes": (lambda door, pushed: door("DELETE", f"manifests/{pushed['b'].digest}"), "acde"),
    "an image not seen yet goes": (lambda door, pushed: door("DELETE", f"manifests/{pushed['d'].digest}"), "abce"),
    "an image not seen yet gets a second tag": (lambda door, pushed: door.put_manifest("another", pushed["d"]), "abcde"),
    "an image that was seen gets a second tag": (lambda door, pushed: door.put_manifest("another", pushed["a"]), "abcde"),
    "a tag that was seen moves on": (lambda door, pushed: door.put_manifest("a", pushed["e"]), "bcde"),
    "a tag not seen yet moves back": (lambda door, pushed: door.put_manifest("e", pushed["a"]), "abcd"),
    "all that was seen goes": (lambda door, pushed: [door("DELETE", f"manifests/{each}") for each in "ab"], "cde"),
    "all that is left goes": (lambda door, pushed: [door("DELETE", f"manifests/{each}") for each in "cde"], "ab"),
}


@pytest.fixture
def lettered(http):
    return {letter: http.push(image(letter), letter) for letter in "abcde"}


@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.parametrize(("write", "stay"), WRITES.values(), ids=WRITES)
def test_listed_images_are_shown_once_and_none_that_stayed_is_missed(ecr, http, name, lettered, write, stay, size):
    rows = walk(lambda **page: ecr.list_images(repositoryName=name, **page), lambda: write(http, lettered), size)
    shown = [(row["imageDigest"], row.get("imageTag")) for row in rows]
    assert len(shown) == len(set(shown))
    assert {(lettered[letter].digest, letter) for letter in stay} <= set(shown)


@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.parametrize("write", [write for write, _ in WRITES.values()], ids=WRITES)
def test_described_images_are_shown_once_and_none_that_stayed_is_missed(ecr, http, name, lettered, write, size):
    rows = walk(lambda **page: ecr.describe_images(repositoryName=name, **page), lambda: write(http, lettered), size)
    shown = [row["imageDigest"] for row in rows]
    assert len(shown) == len(set(shown))
    there = {row["imageDigest"] for row in ecr.describe_images(repositoryName=name)["imageDetails"]}
    assert {each.digest for each in lettered.values()} & there <= set(shown)


@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.parametrize(("write", "stay"), WRITES.values(), ids=WRITES)
def test_tags_listed_over_http_are_shown_once_and_none_that_stayed_is_missed(http, lettered, write, stay, size):
    first = http("GET", "tags/list", params={"n": size})
    write(http, lettered)
    shown, rest = first.json()["tags"], first.links["next"]["url"]
    while rest:
        answer = http("GET", rest.removeprefix(f"/v2/{http.path}/"))
        shown += answer.json()["tags"]
        rest = answer.links["next"]["url"] if "next" in answer.links else None
    assert len(shown) == len(set(shown))
    assert set(stay) <= set(shown)


@pytest.mark.parametrize("size", [1, 2, 3])
def test_repositories_are_shown_once_and_none_that_stayed_is_missed(aws, size):
    newcomer = aws("ecr", account=f"66667777000{size}")
    for letter in "bdfhj":
        newcomer.create_repository(repositoryName=f"shop/{letter}")

    def write():
        for letter in "dj":
            newcomer.delete_repository(repositoryName=f"shop/{letter}")
        for letter in "acegi":
            newcomer.create_repository(repositoryName=f"shop/{letter}")

    shown = [row["repositoryName"] for row in walk(newcomer.describe_repositories, write, size)]
    assert len(shown) == len(set(shown))
    assert {f"shop/{letter}" for letter in "bfh"} <= set(shown)


def test_public_tags_are_shown_once_and_none_that_stayed_is_missed(public, free_repository):
    public.create_repository(repositoryName=free_repository)
    pushed = [push(public, free_repository, image(letter), letter) for letter in "abcde"]

    def write():
        public.batch_delete_image(repositoryName=free_repository, imageIds=[{"imageTag": "b"}, {"imageTag": "d"}])
        put_image(public, free_repository, pushed[4], "a")
        put_image(public, free_repository, pushed[4], "cc")

    rows = walk(lambda **page: public.describe_image_tags(repositoryName=free_repository, **page), write)
    assert [row["imageTag"] for row in rows] == ["a", "b", "c", "cc", "e"]


def test_public_images_are_shown_once_and_none_that_stayed_is_missed(public, free_repository):
    public.create_repository(repositoryName=free_repository)
    pushed = [push(public, free_repository, image(letter), letter).digest for letter in "abcde"]

    def write():
        public.batch_delete_image(repositoryName=free_repository, imageIds=[{"imageTag": "b"}, {"imageTag": "d"}])
        push(public, free_repository, image("f"), "f")

    shown = [row["imageDigest"] for row in walk(lambda **page: public.describe_images(repositoryName=free_repository, **page), write)]
    assert len(shown) == len(set(shown))
    assert {pushed[0], pushed[2], pushed[4]} <= set(shown)


def test_referrers_are_shown_once_and_none_that_stayed_is_missed(ecr, http, name):
    subject = http.push(image("subject"), "1")
    pushed = [http.push(artifact(f"signed {number}", SIGNATURE, subject)) for number in range(5)]

    def write():
        for gone in (pushed[0], pushed[1], pushed[3]):
            http("DELETE", f"manifests/{gone.digest}")
        http.push(artifact("signed late", SIGNATURE, subject))

    rows = walk(lambda **page: ecr.list_image_referrers(repositoryName=name, subjectId={"imageDigest": subject.digest}, **page), write)
    shown = [row["digest"] for row in rows]
    assert len(shown) == len(set(shown))
    assert {pushed[2].digest, pushed[4].digest} <= set(shown)


# --- tokens -----------------------------------------------------------------------------------------------------------------------------


def test_a_token_opens_the_listing_it_came_from_alone(ecr, at, name, full):
    other = f"{name}/other"
    ecr.create_repository(repositoryName=other)
    subject = at(other).push(image("subject"), "1")
    for number in range(2):
        at(other).push(artifact(f"signed {number}", SIGNATURE, subject))
    listings = {
        "repositories": ecr.describe_repositories,
        "images": lambda **page: ecr.list_images(repositoryName=name, **page),
        "details": lambda **page: ecr.describe_images(repositoryName=name, **page),
        "other images": lambda **page: ecr.list_images(repositoryName=other, **page),
        "other details": lambda **page: ecr.describe_images(repositoryName=other, **page),
        "referrers": lambda **page: ecr.list_image_referrers(repositoryName=other, subjectId={"imageDigest": subject.digest}, **page),
    }
    tokens = {of: listing(maxResults=1)["nextToken"] for of, listing in listings.items()}
    for of, listing in listings.items():
        assert listing(nextToken=tokens[of])
        for another in tokens.keys() - {of}:
            with refused("InvalidParameterException", INVALID_TOKEN):
                listing(nextToken=tokens[another])


@pytest.mark.parametrize("spoil", [lambda token: token[:-4], lambda token: "AAAA" + token[4:], lambda token: token + token, lambda token: token[:44]])
def test_a_token_changed_by_anybody_opens_nothing(ecr, name, full, spoil):
    token = ecr.list_images(repositoryName=name, maxResults=1)["nextToken"]
    with refused("InvalidParameterException", INVALID_TOKEN):
        ecr.list_images(repositoryName=name, nextToken=spoil(token))


def test_a_registry_has_no_second_page(public):
    with refused("InvalidParameterException", INVALID_TOKEN):
        public.describe_registries(nextToken="anything")
