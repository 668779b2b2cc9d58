"""Resource tags: the labels on a repository. AWS: TagResource, UntagResource, ListTagsForResource."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from awsapi import refused

TOO_MANY = "The list of tags on the repository is over the limit. The maximum number of tags that can be applied to a repository is 50."
INVALID = (
    "An invalid parameter has been specified. Tag keys can have a maximum character length of 128 characters, "
    "and tag values can have a maximum length of 256 characters."
)


@pytest.fixture
def arn(ecr, name):
    return ecr.describe_repositories(repositoryNames=[name])["repositories"][0]["repositoryArn"]


def given(client, arn):
    return {each["Key"]: each["Value"] for each in client.list_tags_for_resource(resourceArn=arn)["tags"]}


def pairs(**labels):
    return [{"Key": key, "Value": value} for key, value in labels.items()]


def test_tags_are_added_overwritten_and_removed(ecr, arn):
    assert given(ecr, arn) == {}
    ecr.tag_resource(resourceArn=arn, tags=pairs(team="shop", stage="test"))
    assert given(ecr, arn) == {"team": "shop", "stage": "test"}
    ecr.tag_resource(resourceArn=arn, tags=pairs(stage="prod", cost=""))
    assert given(ecr, arn) == {"team": "shop", "stage": "prod", "cost": ""}
    ecr.untag_resource(resourceArn=arn, tagKeys=["team", "never-given"])
    assert given(ecr, arn) == {"stage": "prod", "cost": ""}


def test_tags_given_at_creation_are_listed(ecr, free_repository):
    made = ecr.create_repository(repositoryName=free_repository, tags=pairs(team="shop"))["repository"]
    assert given(ecr, made["repositoryArn"]) == {"team": "shop"}


def test_a_repository_has_at_most_fifty_tags(ecr, arn):
    ecr.tag_resource(resourceArn=arn, tags=pairs(**{f"key{number}": "x" for number in range(50)}))
    with refused("TooManyTagsException", TOO_MANY):
        ecr.tag_resource(resourceArn=arn, tags=pairs(one="more"))
    ecr.tag_resource(resourceArn=arn, tags=pairs(key0="changed"))
    assert len(given(ecr, arn)) == 50
    assert given(ecr, arn)["key0"] == "changed"


def test_too_many_tags_at_creation_make_no_repository(ecr, free_repository):
    with refused("TooManyTagsException", TOO_MANY):
        ecr.create_repository(repositoryName=free_repository, tags=pairs(**{f"key{number}": "x" for number in range(51)}))
    with refused("RepositoryNotFoundException"):
        ecr.describe_repositories(repositoryNames=[free_repository])


@pytest.mark.parametrize(("key", "value"), [("k" * 129, "v"), ("k", "v" * 257), ("aws:team", "v"), ("", "v")], ids=["long key", "long value", "aws:", "no key"])
def test_a_tag_out_of_bounds_is_invalid(ecr, arn, key, value):
    with refused("InvalidTagParameterException", INVALID):
        ecr.tag_resource(resourceArn=arn, tags=[{"Key": key, "Value": value}])
    assert given(ecr, arn) == {}


def test_the_longest_tag_fits(ecr, arn):
    ecr.tag_resource(resourceArn=arn, tags=[{"Key": "k" * 128, "Value": "v" * 256}])
    assert given(ecr, arn) == {"k" * 128: "v" * 256}


def test_tags_belong_to_one_repository_and_go_with_it(ecr, name, arn):
    other = ecr.create_repository(repositoryName=f"{name}/other")["repository"]["repositoryArn"]
    ecr.tag_resource(resourceArn=arn, tags=pairs(team="shop"))
    assert given(ecr, other) == {}
    ecr.delete_repository(repositoryName=name)
    ecr.create_repository(repositoryName=name)
    assert given(ecr, arn) == {}


@pytest.mark.parametrize(
    "arn",
    ["nonsense", "arn:aws:ecr:us-east-1:111122223333:repository/", "arn:aws:s3:::bucket", "arn:aws:ecr:us-east-1:111122223333:web"],
)
def test_what_is_no_repositorys_arn_is_invalid(ecr, arn):
    for attempt in (
        lambda: ecr.list_tags_for_resource(resourceArn=arn),
        lambda: ecr.tag_resource(resourceArn=arn, tags=pairs(team="shop")),
        lambda: ecr.untag_resource(resourceArn=arn, tagKeys=["team"]),
    ):
        with refused("InvalidParameterException", "Invalid parameter at 'resourceArn' failed to satisfy constraint: 'Invalid ARN'"):
            attempt()


def test_a_missing_repository_has_no_tags(ecr, free_repository):
    arn = f"arn:aws:ecr:us-east-1:111122223333:repository/{free_repository}"
    missing = f"The repository with name '{free_repository}' does not exist in the registry with id '111122223333'"
    with refused("RepositoryNotFoundException", missing):
        ecr.list_tags_for_resource(resourceArn=arn)


def test_tags_of_anothers_repository_are_out_of_reach(ecr, aws, arn):
    partner = aws("ecr", account="444455556666")
    for attempt in (
        lambda: partner.list_tags_for_resource(resourceArn=arn),
        lambda: partner.tag_resource(resourceArn=arn, tags=pairs(team="theirs")),
        lambda: partner.untag_resource(resourceArn=arn, tagKeys=["team"]),
    ):
        with pytest.raises(ClientError):  # which of its errors AWS gives is not published
            attempt()
    assert given(ecr, arn) == {}
