"""The policy playground: the policies as they are, others in their place, and texts that are no policies."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from ecrlab import identities, playground
from ecrlab.errors import LabError
from ecrlab.local import LocalLab
from ecrlab.playground import ACTIONS, Playground, fault

USER, REPOSITORY, OTHER = "playground-newcomer", "playground/shop", "playground/tea"
ARN = f"arn:aws:iam::111122223333:user/{USER}"


@pytest.fixture(scope="module")
def lab(door) -> Iterator[LocalLab]:
    """A lab with a user who may pull from one of two repositories; the other one's policy names the user."""
    lab = LocalLab(door)
    ecr, iam = lab.client("ecr"), lab.client("iam")
    shop = ecr.create_repository(repositoryName=REPOSITORY)["repository"]["repositoryArn"]
    ecr.create_repository(repositoryName=OTHER)
    iam.create_user(UserName=USER)
    iam.put_user_policy(UserName=USER, PolicyName="pull", PolicyDocument=policy({"Sid": "pull", "Effect": "Allow", "Action": "ecr:BatchGetImage", "Resource": shop}))
    ecr.set_repository_policy(repositoryName=OTHER, policyText=policy({"Effect": "Allow", "Principal": {"AWS": ARN}, "Action": "ecr:ListImages"}))
    yield lab
    identities.delete(iam, "user", USER)
    for name in (REPOSITORY, OTHER):
        ecr.delete_repository(repositoryName=name)


@pytest.fixture
def ground(lab) -> Playground:
    there = {name: f"arn:aws:ecr:us-east-1:111122223333:repository/{name}" for name in (REPOSITORY, OTHER)}
    return Playground(lab, {"newcomer": ARN, "you": lab.arn()}, there, "ecr:BatchGetImage")


def policy(*statements: dict) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def decided(ground: Playground) -> str:
    ground.decide.click()
    return ground.said.value


def test_it_begins_with_the_policies_as_they_are(ground):
    assert json.loads(ground.identity_policy.value)["Statement"][0]["Sid"] == "pull"
    assert ground.repository_policy.value == ""
    ground.repository.value = f"arn:aws:ecr:us-east-1:111122223333:repository/{OTHER}"
    assert json.loads(ground.repository_policy.value)["Statement"][0]["Action"] == "ecr:ListImages"


def test_it_says_what_is_decided_by_which_statement_and_how(ground):
    said = decided(ground)
    assert "Allowed" in said and "identity policy" in said and "statement pull" in said and "ecr:BatchGetImage" in said
    assert "The order of evaluation" in said and "Explicit deny" in said


def test_a_refusal_has_awss_own_sentence(ground):
    ground.action.value = "ecr:PutImage"
    assert f"User: {ARN} is not authorized to perform: ecr:PutImage on resource" in decided(ground)
    assert "because no identity-based policy allows the ecr:PutImage action" in ground.said.value


def test_an_edited_policy_decides_instead_and_nothing_is_changed(ground, lab):
    ground.action.value = "ecr:PutImage"
    ground.identity_policy.value = policy({"Effect": "Allow", "Action": "ecr:*", "Resource": "*"})
    assert "Allowed" in decided(ground)
    ground.repository_policy.value = policy({"Effect": "Deny", "Principal": "*", "Action": "ecr:PutImage"})
    assert "with an explicit deny in a resource-based policy" in decided(ground)
    assert not lab.decision(ARN, "ecr:PutImage", ground.repository.value).allowed
    ground.reload.click()
    assert json.loads(ground.identity_policy.value)["Statement"][0]["Sid"] == "pull" and ground.repository_policy.value == ""


def test_what_stands_there_decides_even_if_it_was_changed_elsewhere_meanwhile(ground, lab):
    shown = ground.identity_policy.value
    lab.client("iam").put_user_policy(UserName=USER, PolicyName="pull", PolicyDocument=policy({"Effect": "Allow", "Action": "ecr:ListImages", "Resource": "*"}))
    assert "Allowed" in decided(ground)
    lab.client("iam").put_user_policy(UserName=USER, PolicyName="pull", PolicyDocument=shown)


def test_an_emptied_policy_is_none(ground):
    ground.identity_policy.value = " \n"
    assert "Refused" in decided(ground)
    ground.repository.value = f"arn:aws:ecr:us-east-1:111122223333:repository/{OTHER}"
    ground.action.value = "ecr:ListImages"
    assert "Allowed" in decided(ground)
    ground.repository_policy.value = ""
    assert "Refused" in decided(ground)


def test_a_log_in_is_asked_for_on_everything(ground):
    ground.action.value = "ecr:GetAuthorizationToken"
    assert "ecr:GetAuthorizationToken on resource: * because" in decided(ground)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('{"Version": "2012-10-17",\n "Statement": [}', "Identity policy: this isn't JSON at line 2, column 16."),
        ("not a policy", "Identity policy: this isn't JSON at line 1, column 1."),
        ("[]", "Identity policy: a policy is one object, in braces, from line 1, column 1."),
        (policy({"Effect": "Perhaps", "Action": "ecr:*", "Resource": "*"}), ""),
        (policy({"Effect": "Allow", "Resource": "*"}), ""),
    ],
)
def test_a_text_that_is_no_policy_is_answered_in_a_sentence(ground, text, sentence):
    ground.identity_policy.value = text
    said = decided(ground).replace("&#x27;", "'")
    assert sentence in said and "Allowed" not in said and "Refused" not in said and "Traceback" not in said


def test_a_repository_policy_that_ecr_would_not_take_is_refused_as_ecr_refuses_it(ground):
    ground.repository_policy.value = policy({"Effect": "Deny", "Principal": "*", "Action": "ecr:BatchDeleteImages"})
    assert "Invalid repository policy provided" in decided(ground) and "Allowed" not in ground.said.value
    ground.identity_policy.value, ground.repository_policy.value = policy({"Effect": "Allow", "Action": "ecr:BatchGetImages", "Resource": "*"}), ""
    assert "Refused" in decided(ground)  # IAM takes any name


def test_an_edited_policy_is_called_so_and_silence_is_told_as_such(ground):
    ground.identity_policy.value = policy({"Effect": "Allow", "Action": "ecr:ListImages", "Resource": "*"})
    assert "None of its statements allows ecr:BatchGetImage here." in decided(ground)
    ground.action.value = "ecr:ListImages"
    assert "Statement 1 of the edited identity policy allows it." in decided(ground)


def test_both_texts_can_be_faulty_at_once(ground):
    ground.identity_policy.value = ground.repository_policy.value = "{"
    said = decided(ground)
    assert "Identity policy: " in said and "Repository policy: " in said


def test_what_is_valid_json_of_a_policy_has_no_fault():
    assert fault("A policy", policy()) is None


def test_every_field_has_a_label_and_decisions_are_announced(ground):
    for field in (ground.who, ground.action, ground.repository, ground.identity_policy, ground.repository_policy, ground.decide, ground.reload):
        assert field.description
    assert 'role="status"' in ground.said.value and 'aria-live="polite"' in ground.said.value  # there before anything is said
    assert 'role="status"' in decided(ground)
    assert set(ACTIONS) == {value for _, value in ground.action.options}


def test_another_principal_brings_its_own_policy(ground):
    ground.who.value = "arn:aws:iam::111122223333:user/learner"
    assert "Allowed" in decided(ground)


def test_where_nobody_can_click_one_decision_is_printed(lab, capsys):
    playground.open(lab, who={"newcomer": ARN}, repositories=[REPOSITORY])
    said = capsys.readouterr().out
    assert said.startswith("Who: newcomer. What: ecr:BatchGetImage. On: playground/shop.\n✔ Allowed") and "The order of evaluation:" in said


def test_a_repository_that_is_not_there_is_named(lab):
    with pytest.raises(LabError, match="There is no repository playground/gone"):
        playground.open(lab, who={"newcomer": ARN}, repositories=["playground/gone"])
