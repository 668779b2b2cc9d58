"""Lesson 08, "Audit trail and events": untouched, with each known mistake, and solved."""

from __future__ import annotations

import pytest

from ecrlab import identities, resources
from ecrlab.check import DONE, NOT_TRIED, NOT_YET
from taking import Learner

LESSON = "08"
LEAKED, DELETIONS, QUARANTINED, BIN = "leaked-key", "deletions", "quarantined", "bin"
UNTOUCHED = {LEAKED: NOT_TRIED, DELETIONS: NOT_TRIED, QUARANTINED: DONE, BIN: NOT_TRIED}


@pytest.fixture
def untried(taken) -> Learner:
    """The same learner, without what other tests answered to the exercises."""
    lab, iam = taken.names["lab"], taken.names["iam"]
    resources.delete(lab, "rule", "lesson08-deletions")
    resources.delete(lab, "queue", "lesson08-bin")
    for name in ("ci-builder", "run-shop"):
        for key in iam.list_access_keys(UserName=name)["AccessKeyMetadata"]:
            iam.update_access_key(UserName=name, AccessKeyId=key["AccessKeyId"], Status="Active")
    for key in iam.list_access_keys(UserName="ci-builder")["AccessKeyMetadata"]:
        if key["AccessKeyId"] != taken.names["leaked"]:
            iam.delete_access_key(UserName="ci-builder", AccessKeyId=key["AccessKeyId"])
    return taken


def test_an_untouched_run_leaves_the_exercises_to_the_learner(untried):
    assert untried.outcomes() == UNTOUCHED


@pytest.mark.parametrize(
    "sentence",
    [
        "(UnrecognizedClientException) when calling the DescribeRepositories operation: The security token included in the request is invalid.",
        "unauthorized: authentication required",
        "nothing came",
        "within a second: True",
        "pushed: ['quarantine-1.2']",
        "['1.3'] {'CRITICAL': 5, ",
    ],
)
def test_what_the_lesson_reads_is_really_said(taken, sentence):
    assert sentence in taken.said


def test_the_refused_call_and_the_one_that_worked_are_both_in_the_trail(taken):
    told = [(each["eventName"], each["requestParameters"]["repositoryName"], each.get("errorCode")) for each in taken.names["deleting"]]
    assert told == [("DeleteRepository", "team/orders", "AccessDenied"), ("BatchDeleteImage", "team/orders", None)]


def test_only_the_stranger_was_refused(taken):
    counted = taken.names["counted"]
    assert dict(zip(counted["from"], counted["refused"])) == {"192.0.2.50": 0, "203.0.113.77": 5, "ecr.amazonaws.com": 0}


def test_the_two_silences_differ_in_their_metrics(taken):
    count = taken.names["count"]
    assert count("lesson08-worker", "FailedInvocations") >= 2
    assert count("lesson08-typo", "MatchedEvents") == 0


def test_every_call_of_the_stranger_has_the_leaked_key(taken):
    assert {each["userIdentity"]["accessKeyId"] for each in taken.names["stranger"]} == {taken.names["leaked"]}


def rule(detail: str, detail_type: str = "ECR Image Action", **more: str) -> str:
    """Source that puts the rule for deletions with this detail."""
    extra = "".join(f", {name}={value!r}" for name, value in more.items())
    return (
        f'events.put_rule(Name="lesson08-deletions", EventPattern=json.dumps({{"source": ["aws.ecr"], "detail-type": ["{detail_type}"], "detail": {detail}}}){extra})'
    )


ALL = '{"action-type": ["DELETE"], "repository-name": [shop]}'
BIN_WITHOUT_POLICY = (
    f'{rule(ALL)}\nbin_url = sqs.create_queue(QueueName="lesson08-bin")["QueueUrl"]\n'
    'events.put_targets(Rule="lesson08-deletions", Targets=[{"Id": "bin", "Arn": arn_of(bin_url)}])\n'
)
ANY_RULE = (
    'sqs.set_queue_attributes(QueueUrl=bin_url, Attributes={{"Policy": json.dumps({{"Version": "2012-10-17", "Statement": '
    '[{{"Effect": "Allow", "Principal": "*", "Action": "{0}", "Resource": arn_of(bin_url){1}}}]}})}})'
)
STOP = 'iam.update_access_key(UserName="{0}", AccessKeyId=iam.list_access_keys(UserName="{0}")["AccessKeyMetadata"][0]["AccessKeyId"], Status="Inactive")'

# name → the check it is made for, what is written, what the verdict says
MISTAKES = {
    "everybody's key": (LEAKED, f"{STOP.format('ci-builder')}\n{STOP.format('run-shop')}", "production stands still"),
    "somebody else's key": (LEAKED, STOP.format("run-shop"), "The key of run-shop is stopped as well"),
    "a new key beside the old one": (LEAKED, 'iam.create_access_key(UserName="ci-builder")', "A new key doesn't stop the old one"),
    "the builders' new key": (
        LEAKED,
        'new = iam.create_access_key(UserName="ci-builder")["AccessKey"]["AccessKeyId"]\nfor key in (leaked, new):\n'
        '    iam.update_access_key(UserName="ci-builder", AccessKeyId=key, Status="Inactive")',
        "Another key of ci-builder is stopped",
    ),
    "what was chosen before": (DELETIONS, rule('{"action-type": ["PUSH"], "repository-name": [shop]}'), "these are pushes"),
    "pushes as well": (DELETIONS, rule('{"repository-name": [shop]}'), "it chooses pushes as well"),
    "a prefix": (DELETIONS, rule('{"action-type": ["DELETE"], "repository-name": [{"prefix": shop}]}'), "shop-old has deletions, too"),
    "every repository": (DELETIONS, rule('{"action-type": ["DELETE"]}'), "shop-old has deletions, too"),
    "the end of a name": (DELETIONS, rule('{"action-type": ["DELETE"], "repository-name": [{"suffix": shop}]}'), "The end of a name is no name"),
    "a wildcard": (DELETIONS, rule('{"action-type": ["DELETE"], "repository-name": [{"wildcard": "lesson08/*hop"}]}'), "lesson08/workshop has"),
    "no source": (DELETIONS, f'events.put_rule(Name="lesson08-deletions", EventPattern=json.dumps({{"detail": {ALL}}}))', "anybody who may put events"),
    "images with a tag": (
        DELETIONS,
        rule('{"action-type": ["DELETE"], "repository-name": [shop], "image-tag": [{"exists": True}]}'),
        "this pattern misses them",
    ),
    "a small letter": (DELETIONS, rule('{"action-type": ["delete"], "repository-name": [shop]}'), "nothing fits this one"),
    "another type": (DELETIONS, rule(ALL, "ECR Image Deletion"), "nothing fits this one"),
    "a rule that sleeps": (DELETIONS, rule(ALL, State="DISABLED"), "disabled"),
    "no rule": (BIN, 'sqs.create_queue(QueueName="lesson08-bin")', "A queue without a rule stays empty"),
    "no target": (BIN, f'{rule(ALL)}\nlet_in(sqs.create_queue(QueueName="lesson08-bin")["QueueUrl"], rule)', "has no target lesson08-bin"),
    "no policy": (BIN, BIN_WITHOUT_POLICY, "A target that doesn't let EventBridge in"),
    "the other rule": (BIN, f"{BIN_WITHOUT_POLICY}let_in(bin_url, rule)", "The queue lets in another rule"),
    "everybody": (BIN, BIN_WITHOUT_POLICY + ANY_RULE.format("sqs:SendMessage", ""), "every rule of every account"),
    "every action": (
        BIN,
        BIN_WITHOUT_POLICY + ANY_RULE.format("sqs:*", ', "Condition": {"StringEquals": {"aws:SourceAccount": lab.account}}'),
        "take messages out as well",
    ),
    "a constant": (
        BIN,
        BIN_WITHOUT_POLICY
        + 'let_in(bin_url, events.describe_rule(Name="lesson08-deletions")["Arn"])\n'
        + """events.put_targets(Rule="lesson08-deletions", Targets=[{"Id": "bin", "Arn": arn_of(bin_url), "Input": '"hello"'}])""",
        "which image is gone",
    ),
    "a prefix, in the end": (
        BIN,
        BIN_WITHOUT_POLICY
        + rule('{"action-type": ["DELETE"], "repository-name": [{"prefix": shop}]}')
        + '\nlet_in(bin_url, events.describe_rule(Name="lesson08-deletions")["Arn"])',
        "shop-old has deletions, too",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_in_an_exercise_is_met_with_the_belief_behind_it(untried, mistake):
    check, source, says = MISTAKES[mistake]
    untried.write(source)
    verdict = untried.lesson.verdict(check)
    assert (verdict.outcome, says in verdict.message) == (NOT_YET, True), verdict.message


def test_taking_the_builders_permissions_is_no_way_to_stop_a_key(untried):
    untried.write(
        'policy = iam.get_user_policy(UserName="ci-builder", PolicyName="work")["PolicyDocument"]\n'
        'iam.delete_user_policy(UserName="ci-builder", PolicyName="work")'
    )
    verdict = untried.lesson.verdict(LEAKED)
    untried.write('iam.put_user_policy(UserName="ci-builder", PolicyName="work", PolicyDocument=json.dumps(policy))')
    assert (verdict.outcome, "the key still works" in verdict.message) == (NOT_YET, True), verdict.message


def test_with_the_key_stopped_the_builders_still_need_their_permissions(untried):
    untried.write(
        'iam.update_access_key(UserName="ci-builder", AccessKeyId=leaked, Status="Inactive")\n'
        'deny = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}\n'
        'iam.put_user_policy(UserName="ci-builder", PolicyName="stop", PolicyDocument=json.dumps(deny))'
    )
    verdict = untried.lesson.verdict(LEAKED)
    untried.write('iam.delete_user_policy(UserName="ci-builder", PolicyName="stop")')
    assert (verdict.outcome, "permissions are taken as well" in verdict.message) == (NOT_YET, True), verdict.message


def test_the_cells_that_make_something_may_run_again(untried):
    for cell in ("push-function", "rehearse", "rule", "policy", "worker", "mend", "mend"):
        untried.run(cell)
    assert untried.outcomes()[QUARANTINED] == DONE


def test_an_image_that_nobody_acted_on_is_not_in_quarantine(untried):
    untried.write('ecr.batch_delete_image(repositoryName="lesson08/shop", imageIds=[{"imageTag": "quarantine-1.3"}])\npush("1.3", base="debian:11")')
    verdict = untried.lesson.verdict(QUARANTINED)
    untried.write('let_in(queue, rule)\nquarantine(shop, "1.3")')
    assert "A rule only tells" in verdict.message
    assert untried.outcomes()[QUARANTINED] == DONE


def test_the_stored_solutions_solve_the_exercises_and_the_deletion_arrives(untried):
    for check in (LEAKED, DELETIONS, BIN):
        untried.solve(check)
    assert untried.outcomes() == dict.fromkeys(UNTOUCHED, DONE)
    assert "DELETE quarantine-1.2" in untried.said


def test_a_rule_is_told_that_it_has_no_target_only_while_it_has_none(untried):
    untried.solve(DELETIONS)
    assert "no target yet" in str(untried.lesson.verdict(DELETIONS))
    untried.solve(BIN)
    assert "no target yet" not in str(untried.lesson.verdict(DELETIONS))


def test_a_deleted_key_is_stopped_as_well(untried):
    untried.write('iam.delete_access_key(UserName="ci-builder", AccessKeyId=leaked)')
    assert untried.lesson.verdict(LEAKED).outcome == DONE


def test_the_clean_up_leaves_nothing(taken):
    taken.run("cleanup")
    lab, content = taken.names["lab"], taken.lesson.content
    assert not [each for each in content.resources if resources.exists(lab, each.kind, each.name)]
    assert not [each for each in content.identities if identities.exists(lab.client("iam"), each.kind, each.name)]
    assert lab.client("ecr").describe_repositories()["repositories"] == []
