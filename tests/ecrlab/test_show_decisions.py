"""Refusals taken apart, and decisions drawn: in HTML and, saying the same, in text."""

from __future__ import annotations

import pytest

from ecrlab import show
from ecrlab.decision import ALLOWS, DENIES, NOT_THERE, SILENT, Deciding, Decision, Step
from ecrlab.errors import LabError

WHO = "arn:aws:iam::111122223333:user/newcomer"
SHOP = "arn:aws:ecr:us-east-1:111122223333:repository/shop"
# where AWS's sentence is found → the row that says where to look
SENTENCES = {
    f"An error occurred (AccessDeniedException) when calling the PutImage operation: User: {WHO} is not authorized to perform: ecr:PutImage "
    f"on resource: {SHOP} because no identity-based policy allows the ecr:PutImage action": "an Allow is missing in the identity policies of whoever called",
    f"pull access denied for shop: denied: User: {WHO} is not authorized to perform: ecr:BatchGetImage on resource: {SHOP} "
    "because no resource-based policy allows the ecr:BatchGetImage action": "an Allow is missing in the policy of the thing itself",
    f"User: {WHO} is not authorized to perform: ecr:PutImage on resource: {SHOP} with an explicit deny in an identity-based policy: "
    "arn:aws:iam::111122223333:policy/no": "a Deny stands in the identity policies of whoever called",
    f"User: {WHO} is not authorized to perform: ecr:PutImage on resource: {SHOP} because no permissions boundary allows the ecr:PutImage action": (
        "an Allow is missing in the permissions boundary"
    ),
    f"User: {WHO} is not authorized to perform: ecr:PutImage on resource: {SHOP} because no session policy allows the ecr:PutImage action": (
        "an Allow is missing in the policy that the session was opened with"
    ),
    f"User: {WHO} is not authorized to perform: ecr:GetAuthorizationToken on resource: *": "AWS doesn't say",
}


@pytest.mark.parametrize("text", SENTENCES)
def test_the_end_of_a_refusal_says_where_to_look(text):
    assert SENTENCES[text] in repr(show.refusal(text))


@pytest.mark.parametrize("text", SENTENCES)
def test_a_refusal_has_four_parts(text):
    drawn = show.refusal(text)
    assert [line.split("  ")[0] for line in repr(drawn).splitlines()[3:]] == ["Who", "What", "On what", "Why"]
    assert WHO in drawn.html and "<caption" in drawn.html


def test_what_is_denied_is_not_said_to_lack_an_allow():
    denied, missing = (repr(show.refusal(next(text for text in SENTENCES if words in text))) for words in ("explicit deny", "no identity-based policy"))
    assert "the action that is denied" in denied and "must allow" not in denied
    assert "the action that a policy must allow" in missing


def test_everything_as_a_resource_is_explained():
    assert "only a statement with Resource * grants it" in repr(show.refusal(f"User: {WHO} is not authorized to perform: ecr:GetAuthorizationToken on resource: *"))


def test_a_call_that_was_not_refused_is_no_error_and_another_text_is_one():
    assert repr(show.refusal(None)) == "Nothing was refused here."
    with pytest.raises(LabError, match="It says: name unknown"):
        show.refusal("name unknown")


STEPS = (
    Step("explicit deny", SILENT, "No statement denies it."),
    Step("resource-based policies", NOT_THERE, "There is none."),
    Step("identity-based policies", ALLOWS, "Statement 1 allows it."),
)


def test_an_allowed_call_shows_the_statement_that_allows_it():
    statement = Deciding("identity", "pull", "it", '{\n  "Effect": "Allow"\n}')
    drawn = show.decision(Decision(True, "because an identity-based policy allows it", "", (statement,), STEPS))
    assert repr(drawn).splitlines() == [
        "✔ Allowed, because an identity-based policy allows it.",
        "What decided:",
        "  identity policy “pull”, statement it",
        "    {",
        '      "Effect": "Allow"',
        "    }",
        "The order of evaluation:",
        "  1. ○ Explicit deny. No statement denies it.",
        "  2. – Resource-based policies. There is none.",
        "  3. ✔ Identity-based policies. Statement 1 allows it.",
    ]
    assert "&quot;Effect&quot;: &quot;Allow&quot;" in drawn.html and "<ol" in drawn.html


def test_a_name_that_says_its_kind_is_not_told_twice():
    statement = Deciding("resource", "the repository policy of shop", None, "{}")
    assert "\n  the repository policy of shop\n" in repr(show.decision(Decision(True, "because", "", (statement,), ())))


def test_a_refused_call_says_awss_sentence_and_that_no_statement_decided():
    drawn = show.decision(Decision(False, "because no …", "User: x is not authorized", (), (Step("explicit deny", DENIES, "It is."),)))
    assert repr(drawn).splitlines()[:2] == ["✖ Refused: User: x is not authorized.", "No statement decided: none fits this call."]
    assert "✖" in drawn.html and "Refused" in drawn.html
