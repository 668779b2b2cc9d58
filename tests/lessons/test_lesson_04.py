"""Lesson 04, "Who may do what": untouched, with each known mistake, and solved."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import pytest

from ecrlab.check import DONE, NOT_TRIED, NOT_YET
from taking import Learner, taking

PULL, PARTNER, CI, KEEP = "may-pull", "partner-pull", "ci-push", "keep"
COLLEAGUE = '"lesson04-colleague"'
LOOK = '["ecr:ListImages", "ecr:DescribeImages"]'


@pytest.fixture
def learner(lab_endpoint, lab_state, tmp_path, aws) -> Iterator[Learner]:
    with taking("04", tmp_path / "notebooks", lab_state, aws) as learner:
        yield learner


@pytest.fixture(scope="class")
def taken(lab_endpoint, lab_state, tmp_path_factory, aws) -> Iterator[Learner]:
    """A learner who took the whole lesson; the tests of a class share it."""
    with taking("04", tmp_path_factory.mktemp("taken") / "notebooks", lab_state, aws) as learner:
        learner.take()
        yield learner


@pytest.fixture
def untried(taken, aws) -> Learner:
    """The same learner, without what any policy of the lesson allows."""
    iam, ecr = aws("iam"), taken.lesson.lab.reader("ecr")  # a mistake may have locked the learner out
    for user in ("lesson04-colleague", "lesson04-ci"):
        with suppress(iam.exceptions.NoSuchEntityException):
            iam.delete_user_policy(UserName=user, PolicyName="lesson04")
    with suppress(ecr.exceptions.RepositoryPolicyNotFoundException):
        ecr.delete_repository_policy(repositoryName="lesson04/shop")
    return taken


def give(user: str, *statements: tuple[str, str]) -> str:
    """Source that gives a user a policy of these statements: (actions, resource) each."""
    written = [f'{{"Effect": "Allow", "Action": {actions}, "Resource": {resource}}}' for actions, resource in statements]
    return f"give({user}, {', '.join(written)})"


def set_policy(*statements: str) -> str:
    """Source that sets the repository's policy: effect, principal and actions of each statement."""
    return (
        f'ecr.set_repository_policy(repositoryName="lesson04/shop", force=True, policyText=json.dumps({{"Version": "2012-10-17", "Statement": [{", ".join(statements)}]}}))'
    )


ON_ALL = ('"ecr:GetAuthorizationToken"', '"*"')
WHO = '{"AWS": iam.get_user(UserName="lesson04-colleague")["User"]["Arn"]}'
LOOKING = f'{{"Effect": "Allow", "Principal": {WHO}, "Action": {LOOK}}}'
EVERYBODY = LOOKING.replace(WHO, '"*"')
PARTNERS = LOOKING.replace(WHO, '{"AWS": lab.partner}')
KEEPING = '{"Effect": "Deny", "Principal": "*", "Action": "ecr:BatchDeleteImage"}'


def test_before_the_first_cell_nothing_is_tried(learner):
    learner.run("open")
    assert learner.outcomes() == {PULL: NOT_TRIED, PARTNER: NOT_TRIED, CI: NOT_TRIED, KEEP: NOT_TRIED}


def test_the_draft_is_the_trap_that_the_lesson_shows(learner):
    learner.take(until="least")
    verdict = learner.lesson.verdict(PULL)
    assert verdict.outcome == NOT_YET and "A token is for a whole registry" in verdict.message


def test_three_refusals_find_what_a_pull_needs(learner):
    learner.take(until="managed")
    found = [(each["Action"], each["Resource"]) for each in learner.names["statements"]]
    shop = learner.names["shop"]
    assert found == [("ecr:GetAuthorizationToken", "*"), ("ecr:BatchGetImage", shop), ("ecr:GetDownloadUrlForLayer", shop)]
    assert learner.outcomes()[PULL] == DONE


def test_the_cells_that_show_a_pull_come_to_what_the_lesson_says(learner):
    learner.take(until="predict-both-sides")
    assert learner.said.endswith("refused: nothing\n")  # the repository's policy alone, within the account
    learner.run("predict-both-sides", "both-sides")
    assert learner.outcomes()[PARTNER] == DONE


@pytest.mark.parametrize("left_at", ["least", "deny-wins", "exercise-keep"])
def test_it_can_be_taken_again_from_the_top_when_it_was_left_half_way(learner, left_at):
    learner.take(until=left_at)
    learner.take(until="predict-both-sides")
    assert learner.outcomes() == {PULL: DONE, PARTNER: NOT_TRIED, CI: NOT_TRIED, KEEP: NOT_TRIED}


def test_it_can_be_taken_after_lesson_02_on_the_same_computer(learner, lab_state, tmp_path, aws):
    """Lesson 02's images of the shop stay on this computer, and Docker fetches no layer twice."""
    with taking("02", tmp_path / "earlier", lab_state, aws) as earlier:
        earlier.take(until="make-layer")
        earlier.run("cleanup")
    learner.take(until="managed")
    assert learner.outcomes()[PULL] == DONE


def test_it_can_be_taken_after_the_lab_has_moved_to_another_port(learner):
    """What an earlier address was the name of is still on this computer."""
    learner.take(until="least")
    learner.write('lab.docker.images.get(f"{uri}:1.0").tag("localhost:1/lesson04/shop", tag="1.0")')
    learner.run("least")
    assert learner.outcomes()[PULL] == DONE


def test_cells_can_be_run_again(learner):
    learner.take(until="playground")
    for _ in range(3):  # a user may have two keys at most
        learner.run("newcomer", "predict-both-sides", "playground", "exercise-ci")
    learner.run("newcomer", "draft", "try-draft", "least", "either", "try-either", "both-sides", "deny-wins", "predict-revoked", "revoked")
    assert "denied: User: arn:aws:iam::111122223333:user/lesson04-colleague is not authorized" in learner.said


def test_the_loop_begins_with_nothing_whatever_was_allowed_meanwhile(learner):
    learner.take(until="playground")
    learner.solve(KEEP)
    learner.run("revoked", "least")
    assert learner.outcomes()[PULL] == DONE and len(learner.names["statements"]) == 3
    learner.solve(KEEP)
    learner.run("newcomer", "first-refusal")
    assert "Nothing was refused here" not in learner.said


class TestTakenToItsEnd:
    def test_an_untouched_run_leaves_the_exercises_to_the_learner(self, untried):
        assert {name: untried.outcomes()[name] for name in (CI, KEEP)} == {CI: NOT_TRIED, KEEP: NOT_TRIED}

    @pytest.mark.parametrize(
        "sentence",
        [
            "is not authorized to perform: ecr:DescribeImages on resource: {shop} because no identity-based policy allows the ecr:DescribeImages action",
            "is not authorized to perform: ecr:GetAuthorizationToken on resource: * because no identity-based policy allows",
            "User: arn:aws:iam::444455556666:user/learner is not authorized to perform: ecr:BatchGetImage on resource: {shop} because no resource-based policy allows",
            "user/lesson04-apprentice is not authorized to perform: ecr:BatchGetImage on resource: {shop} because no identity-based policy allows",
            "user/learner is not authorized to perform: ecr:BatchDeleteImage on resource: {shop} with an explicit deny in a resource-based policy",
            "no basic auth credentials",
            "pull access denied for",
            "Invalid parameter at 'PolicyText' failed to satisfy constraint: 'Invalid repository policy provided'",
        ],
    )
    def test_each_refusal_that_the_lesson_reads_is_a_real_one(self, taken, sentence):
        assert sentence.format(shop=taken.names["shop"]) in taken.said

    def test_the_managed_policies_are_what_the_lesson_says(self, taken):
        assert [(row["policy"], row["actions"], row["on"], row["push"]) for row in taken.names["rows"]] == [
            ("PullOnly", 4, "*", False),
            ("ReadOnly", 12, "*", False),
            ("PowerUser", 16, "*", True),
        ]

    # name → the check it is made for, what is written, what the verdict says
    MISTAKES = {
        "a pull from everywhere": (PULL, give(COLLEAGUE, ("pull", '"*"')), "Resource * is every repository"),
        "a pull, and all else": (PULL, give(COLLEAGUE, ON_ALL, ('"ecr:*"', "shop")), "More than the task needs"),
        "no layers": (PULL, give(COLLEAGUE, ON_ALL, ('"ecr:BatchGetImage"', "shop")), "the colleague still lacks GetDownloadUrlForLayer"),
        "everybody for a partner": (PARTNER, 'open_to("*", pull[1:])', '"Principal": "*" is everybody on AWS'),
        "half a pull for the partner": (PARTNER, 'open_to({"AWS": lab.partner}, "ecr:BatchGetImage")', "GetDownloadUrlForLayer is missing"),
        "everything for the partner": (PARTNER, 'open_to({"AWS": lab.partner}, "ecr:*")', "The roastery may do more than pull"),
        "one statement on the repository": (CI, give('"lesson04-ci"', ('["ecr:GetAuthorizationToken", *push]', "shop")), "A token is for a whole registry"),
        "one statement on everything": (CI, give('"lesson04-ci"', ('["ecr:GetAuthorizationToken", *push]', '"*"')), "Resource * is every repository"),
        "only the last call": (CI, give('"lesson04-ci"', ON_ALL, ('"ecr:PutImage"', "shop")), "A push is more than its last call"),
        "everything in the repository": (CI, give('"lesson04-ci"', ON_ALL, ('"ecr:*"', "shop")), "More than the task needs: BatchDeleteImage"),
        "no image": (CI, give('"lesson04-ci"', ON_ALL, ("push[:4]", "shop")), "a push ends with PutImage"),
        "deleting, by name": (CI, give('"lesson04-ci"', ON_ALL, ('[*push, "ecr:BatchDeleteImage"]', "shop")), "BatchDeleteImage. Each action is a right of its own"),
        "what the repository allows": (
            PULL,
            f"{give(COLLEAGUE, ON_ALL, ('pull[1:]', 'shop'))}\n{set_policy(LOOKING)}",
            "DescribeImages, ListImages. What the repository's policy allows counts",
        ),
        "everybody may do everything, but delete": (KEEP, set_policy(EVERYBODY.replace(LOOK, '"ecr:*"'), KEEPING), "is everybody on AWS"),
        "everybody may look": (KEEP, set_policy(EVERYBODY, KEEPING), "is everybody on AWS"),
        "the partner may look": (KEEP, set_policy(LOOKING, PARTNERS, KEEPING), "more than the colleague may come in"),
        "more than a look": (KEEP, set_policy(LOOKING.replace(LOOK, '"ecr:*"'), KEEPING), "To look is two actions, and the colleague may do BatchGetImage"),
        "no Deny": (KEEP, set_policy(LOOKING), "Not to allow something isn't to forbid it"),
        "two calls": (KEEP, f"{set_policy(LOOKING)}\n{set_policy(KEEPING)}", "A policy is replaced whole"),
        "a Deny on everything": (KEEP, set_policy(LOOKING, KEEPING.replace("ecr:BatchDeleteImage", "ecr:*")), "The Deny takes in more than deleting"),
        "half a look": (KEEP, set_policy(LOOKING.replace(LOOK, '"ecr:ListImages"')), "Looking is two actions"),
        "a policy on the colleague": (KEEP, give(COLLEAGUE, (LOOK, "shop")), "That is an identity policy"),
    }

    @pytest.mark.parametrize("mistake", MISTAKES)
    def test_a_mistake_is_met_with_the_belief_behind_it(self, untried, mistake):
        check, source, says = self.MISTAKES[mistake]
        untried.write(source)
        verdict = untried.lesson.verdict(check)
        assert (verdict.outcome, says in verdict.message) == (NOT_YET, True), verdict.message

    @pytest.mark.parametrize("check", [PULL, PARTNER, CI, KEEP])
    def test_the_stored_solution_solves_it(self, untried, check):
        untried.solve(check)
        assert untried.outcomes()[check] == DONE

    def test_the_pipeline_pushes_once_it_may(self, untried):
        untried.write(untried.source("exercise-ci").replace("\n...\n", f"\n{untried.lesson.content.solutions[CI]}\n"))
        assert "1.1" in [image["imageTag"] for image in untried.names["ecr"].list_images(repositoryName="lesson04/shop")["imageIds"]]

    @pytest.mark.parametrize("arn", ["PullOnly", "ReadOnly"])
    def test_a_managed_policy_is_too_wide_for_the_colleague(self, untried, aws, arn):
        managed = {"UserName": "lesson04-colleague", "PolicyArn": f"arn:aws:iam::aws:policy/AmazonEC2ContainerRegistry{arn}"}
        aws("iam").attach_user_policy(**managed)
        verdict = untried.lesson.verdict(PULL)
        aws("iam").detach_user_policy(**managed)
        assert "Resource * is every repository" in verdict.message

    def test_the_clean_up_leaves_nothing(self, taken, aws):
        taken.run("cleanup")
        assert [each for each in aws("ecr").describe_repositories()["repositories"] if each["repositoryName"].startswith("lesson04/")] == []
        assert [each for each in aws("iam").list_users()["Users"] if each["UserName"].startswith("lesson04")] == []
        assert [each for each in aws("iam", "444455556666").list_users()["Users"] if each["UserName"].startswith("lesson04")] == []
