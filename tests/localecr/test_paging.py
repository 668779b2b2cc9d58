"""Pages: every listing in pieces of any size, with tokens that survive what happens in between. AWS: pagination."""

from __future__ import annotations

import base64
import json

import pytest

from awsapi import refused
from specimens import image


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
    with refused("InvalidParameterException", "Invalid parameter at 'nextToken' failed to satisfy constraint: 'Invalid token'"):
        getattr(ecr, operation)(**named, nextToken=token)
