"""Lesson 01, "Registries and repositories": untouched, with each known mistake, and solved."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ecrlab.check import DONE, NOT_TRIED, NOT_YET
from taking import Learner, delete, taking

WEB, TWIN, BILLING = "web-pushed", "twin", "billing"
IRELAND, PARTNER = "eu-west-1", "444455556666"


def make(**resource_tags: str) -> str:
    """Source that makes lesson01/billing."""
    tags = [{"Key": key, "Value": value} for key, value in resource_tags.items()]
    return f'ecr.create_repository(repositoryName="lesson01/billing", tags={tags})'


def push(tag: str) -> str:
    """Source that pushes the page there."""
    name = 'f"{lab.registry()}/lesson01/billing"'
    return f'lab.docker.images.get(f"{{uri}}:1.0").tag({name}, "{tag}")\nlab.docker.images.push({name}, tag="{tag}")'


@pytest.fixture
def learner(lab_state, aws, tmp_path) -> Iterator[Learner]:
    with taking("01", tmp_path / "notebooks", lab_state, aws) as learner:
        yield learner
    for client, name in ((aws("ecr"), "lesson01/orders-eu-west-1"), (aws("ecr", region=IRELAND), "lesson01/order"), (aws("ecr", region=IRELAND), "lesson01/billing")):
        delete(client, name)  # where mistakes go


def names(client) -> list[str]:
    found = [each["repositoryName"] for each in client.describe_repositories()["repositories"]]
    return [name for name in found if name.startswith("lesson01/")]


def test_before_the_first_cell_nothing_is_tried(learner):
    learner.run("open")
    assert learner.outcomes() == dict.fromkeys((WEB, TWIN, BILLING), NOT_TRIED)


def test_an_untouched_run_shows_every_refusal_and_leaves_both_exercises_to_the_learner(learner):
    learner.take()
    assert learner.outcomes() == {WEB: DONE, TWIN: NOT_TRIED, BILLING: NOT_TRIED}
    for sentence in (
        "(InvalidParameterException) when calling the CreateRepository operation: Invalid parameter at 'repositoryName'",
        "(RepositoryAlreadyExistsException) when calling the CreateRepository operation: The repository with name 'lesson01/web' already exists",
        "(AccessDeniedException) when calling the DescribeRepositories operation: User: ",
        "(RepositoryNotEmptyException) when calling the DeleteRepository operation: The repository with name 'lesson01/web' in registry",
        "no basic auth credentials",
        "failed: name unknown: The repository with name 'lesson01/wev' does not exist in the registry with id",
    ):
        assert sentence in learner.said


def test_it_makes_repositories_in_three_private_registries_and_a_public_one(learner, aws):
    learner.write("from ecrlab import show")
    learner.run("open", "describe-registries", "create-web", "same-name", "neighbour", "publish")
    owners = [aws("ecr"), aws("ecr", region=IRELAND), aws("ecr", account=PARTNER)]
    assert [names(client) for client in owners] == [["lesson01/web"]] * 3
    assert aws("ecr-public").get_repository_catalog_data(repositoryName="lesson01/page")["catalogData"] == {"description": "A page from lesson 01"}


# what has to be there before a check can be met
BEFORE = {
    WEB: ("open", "describe-registries", "create-web", "take-apart"),
    TWIN: ("open", "describe-registries", "make-orders"),
    BILLING: ("open", "describe-registries", "create-web", "take-apart", "push-web"),
}

# name → the check it is made for, what is written, what the verdict says
MISTAKES = {
    "an empty web": (WEB, "pass", "puts nothing on it"),
    "web under another tag": (
        WEB,
        'lab.docker.images.build(path="app/hello-page", tag=f"{uri}:v1", buildargs={"BASE": lab.base("static")})\n'
        'lab.login()\nlab.docker.images.push(uri, tag="v1")',
        "holds v1, and nothing is named 1.0",
    ),
    "the Region in the name": (TWIN, 'ecr.create_repository(repositoryName="lesson01/orders-eu-west-1")', "A name says nothing about the Region"),
    "a misspelt twin": (TWIN, 'ireland.create_repository(repositoryName="lesson01/order")', "has to be named lesson01/orders exactly"),
    "billing in Ireland": (BILLING, make(team="billing").replace("ecr.", "ireland."), "You made it in eu-west-1"),
    "no resource tag": (BILLING, f"{make()}\n{push('1.0')}", "doesn't carry the resource tag"),
    "an image tag for a resource tag": (BILLING, f"{make()}\n{push('team-billing')}", "team-billing is an image tag"),
    "capital letters in the resource tag": (BILLING, make(Team="billing"), "compared letter by letter"),
    "a resource tag for an image tag": (BILLING, make(team="billing", version="1.0"), "1.0 is on the repository as a resource tag"),
    "not pushed": (BILLING, f"{make(team='billing')}\n{push('1.0').splitlines()[0]}", "sends nothing"),
    "no tag": (BILLING, f"{make(team='billing')}\n{push('latest')}", "that is what Docker writes where no tag is given"),
    "another image": (
        BILLING,
        f"{make(team='billing')}\n"
        'other = f"{lab.registry()}/lesson01/billing"\n'
        'lab.docker.images.build(path="app/hello-page", tag=f"{other}:1.0", buildargs={"BASE": lab.base("alpine")})\n'
        'lab.docker.images.push(other, tag="1.0")',
        "lesson01/billing:1.0 is another image than lesson01/web:1.0",
    ),
    "web gone": (
        BILLING,
        f"{make(team='billing')}\n{push('1.0')}\n"
        'ecr.batch_delete_image(repositoryName="lesson01/web", imageIds=[{"imageTag": "1.0"}])',
        "There is no lesson01/web:1.0 to compare it with",
    ),
    "another version": (BILLING, f"{make(team='billing')}\n{push('1')}", "came as 1, and 1.0 was asked for"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_met_with_the_belief_behind_it(learner, mistake):
    check, source, says = MISTAKES[mistake]
    learner.write("from ecrlab import show")
    learner.run(*BEFORE[check])
    learner.write(source)
    verdict = learner.lesson.verdict(check)
    assert verdict.outcome == NOT_YET
    assert says in verdict.message


@pytest.mark.parametrize("check", BEFORE)
def test_the_stored_solution_solves_it(learner, check):
    learner.write("from ecrlab import show")
    learner.run(*BEFORE[check])
    learner.solve(check)
    assert learner.outcomes()[check] == DONE


def test_a_resource_tag_may_come_after_the_repository(learner):
    learner.write("from ecrlab import show")
    learner.run(*BEFORE[BILLING])
    learner.write(f"{make()}\n{push('1.0')}")
    assert learner.outcomes()[BILLING] == NOT_YET
    learner.write(
        'arn = ecr.describe_repositories(repositoryNames=["lesson01/billing"])["repositories"][0]["repositoryArn"]\n'
        'ecr.tag_resource(resourceArn=arn, tags=[{"Key": "team", "Value": "billing"}])'
    )
    assert learner.outcomes()[BILLING] == DONE


@pytest.mark.parametrize("left_at", ["neighbour", "break-it"])
def test_it_can_be_taken_again_from_the_top_when_it_was_left_half_way(learner, left_at):
    learner.take(until=left_at)
    learner.take()
    assert learner.outcomes() == {WEB: DONE, TWIN: NOT_TRIED, BILLING: NOT_TRIED}


def test_the_clean_up_leaves_nothing_in_any_registry(learner, aws):
    learner.take()
    learner.run("cleanup")
    everywhere = [aws("ecr"), aws("ecr", region=IRELAND), aws("ecr", account=PARTNER), aws("ecr-public")]
    assert [names(client) for client in everywhere] == [[], [], [], []]


def test_cells_that_make_or_delete_can_be_run_twice(learner):
    learner.take()
    learner.run("create-web", "same-name", "neighbour", "delete", "delete", "make-orders", "make-orders", "exercise-twin")
    for _ in range(2):
        learner.write('try:\n    ireland.create_repository(repositoryName="lesson01/orders")\nexcept ireland.exceptions.RepositoryAlreadyExistsException as error:\n    print(error)')
    assert learner.outcomes()[TWIN] == DONE
