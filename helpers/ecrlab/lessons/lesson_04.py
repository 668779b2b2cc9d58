"""What lesson 04 looks for: not policies, but what they allow."""

from __future__ import annotations

from ecrlab.check import Verdict, done, not_tried, not_yet
from ecrlab.lab import Lab
from ecrlab.labs import looking
from ecrlab.rights import DELETE, LOOK, PULL, PUSH, TOKEN, WRITE, Rights, administrator, anybody, listed, user

SHOP = "lesson04/shop"
STRANGER = "123456789012"  # an account that nobody here has anything to do with
RARE = "ecr:DeleteLifecyclePolicy"  # which nobody lists who thinks of pushing and pulling
COLLEAGUE, CI = "lesson04-colleague", "lesson04-ci"
NEVER_ON_ONE = "A token is for a whole registry, so AWS asks for it on *, and a repository's ARN never fits."


def may_pull(lab: Lab) -> Verdict:
    """The colleague may pull the shop's image, and no more."""
    colleague, shop = user(lab, COLLEAGUE), _arn(lab)
    if colleague is None or shop is None:
        return not_tried("There is no colleague or no repository yet.", "Run the cells above, from the top.")
    missing = colleague.lacks(PULL, shop)
    token = colleague.may(TOKEN)
    if len(missing) == len(PULL) and not token:
        return not_tried("The colleague may do nothing yet.")
    if not token:
        return not_yet(NEVER_ON_ONE, 'It needs a statement of its own, with "Resource": "*".')
    if missing:
        return not_yet(
            f"Logged in is not let in: to pull, the colleague still lacks {listed(missing)}.",
            "Docker fetches no layer that lies on this computer already. Run the cell that defines try_pull, and the loop once more.",
        )
    return _no_more(colleague, shop, (*LOOK, *WRITE, *DELETE)) or done("The colleague may log in and pull from lesson04/shop, and nothing else.")


def partner_pull(lab: Lab) -> Verdict:
    """The partner's account may pull, strangers may not."""
    if lab.place == "aws":
        return not_tried("On AWS this check can't look: IAM's simulator doesn't decide between accounts.", "The cell above shows it.")
    shop = _arn(lab)
    if shop is None:
        return not_tried("There is no repository yet.", "Run the cells above, from the top.")
    partner = administrator(lab, lab.partner)
    missing = partner.lacks(PULL, shop)
    if len(missing) == len(PULL):
        return not_tried("The roastery may not pull yet.")
    if missing:
        return not_yet(f"A pull is two actions: {listed(missing)} is missing, so it ends half way.", "Name both in the repository's policy.")
    if administrator(lab, STRANGER).has(PULL, shop):
        return not_yet('"Principal": "*" is everybody on AWS, not everybody you know.', "Name the partner's account.")
    more = partner.has((*WRITE, *DELETE), shop)
    if more:
        return not_yet(f"The roastery may do more than pull: {listed(more)}.", "Name the two actions of a pull, not ecr:*.")
    return done("The roastery's account may pull, and whom it allows. Nobody else's may.")


def ci_push(lab: Lab) -> Verdict:
    """The pipeline may push to the shop's repository, and no more."""
    ci, shop = user(lab, CI), _arn(lab)
    if ci is None or shop is None:
        return not_tried("There is no pipeline or no repository yet.", "Run the cells above, from the top.")
    missing, token = ci.lacks(PUSH, shop), ci.may(TOKEN)
    if len(missing) == len(PUSH) and not token:
        return not_tried("The pipeline may do nothing yet.")
    if not token:
        return not_yet(NEVER_ON_ONE, 'Give a second statement, with "Resource": "*", for the token alone.')
    if missing == ["ecr:PutImage"]:
        return not_yet("The layers arrive, and no image: a push ends with PutImage, which is still refused.", "All actions of the list push, on the shop's ARN.")
    if missing:
        return not_yet(f"A push is more than its last call: {listed(missing)} is still refused.", "All actions of the list push, on the shop's ARN.")
    return _no_more(ci, shop, DELETE) or done(
        "The pipeline may log in and push to lesson04/shop, and nothing else.",
        "The token is asked for on *, the push on one repository, and a statement has one list of resources for all its actions.",
    )


def keep(lab: Lab) -> Verdict:
    """The repository lets the colleague look, and lets nobody delete images."""
    colleague, shop = user(lab, COLLEAGUE), _arn(lab)
    if colleague is None or shop is None:
        return not_tried("There is no colleague or no repository yet.", "Run the cells above, from the top.")
    by_the_repository = Rights(lab, colleague.who, {"identity_policies": []})
    missing, deleting = by_the_repository.lacks(LOOK, shop), administrator(lab).may("ecr:BatchDeleteImage", shop)
    if not missing and not deleting:
        return _open_to_more(lab, by_the_repository, shop) or done("The colleague may look, and nobody can delete an image.", "Within an account an Allow on the repository is enough.")
    if len(missing) == len(LOOK) and deleting:
        if colleague.has(LOOK, shop):
            return not_yet("That is an identity policy: it hangs on the colleague. Here the repository shall speak.", "ecr.set_repository_policy")
        return not_tried("The repository's policy neither lets the colleague look nor keeps the images.")
    if not deleting and administrator(lab).lacks(LOOK, shop):
        return not_yet("The Deny takes in more than deleting, and a Deny beats every Allow.", "Deny ecr:BatchDeleteImage alone.")
    if not deleting:
        return not_yet(
            f"Nobody can delete, but the colleague still can't do {listed(missing)}. A policy is replaced whole: of two calls, the last one counts.",
            "One document with two statements.",
        )
    if missing:
        return not_yet(f"Looking is two actions: {listed(missing)} is missing.", "ecr:ListImages and ecr:DescribeImages.")
    return not_yet(
        "Not to allow something isn't to forbid it: whoever has an Allow elsewhere, as you have, can still delete.",
        'A second statement: "Effect": "Deny", for "Principal": "*".',
    )


def _open_to_more(lab: Lab, by_the_repository: Rights, shop: str) -> Verdict | None:
    """What the repository's policy allows beyond the task, None where that is nothing. IAM's simulator can't be asked about other accounts."""
    others = [anybody(lab, []), *([] if lab.place == "aws" else [administrator(lab, STRANGER), administrator(lab, lab.partner)])]
    if any(each.has((*LOOK, *PULL, *WRITE), shop) for each in others):
        return not_yet(
            'Nobody can delete, but more than the colleague may come in: an Allow for "Principal": "*" is everybody on AWS, not everybody you know.',
            "Name the colleague's ARN in the Allow. In the Deny, * is right.",
        )
    more = by_the_repository.has((*PULL, *WRITE, DELETE[1], "ecr:SetRepositoryPolicy"), shop)
    if more:
        return not_yet(f"To look is two actions, and the colleague may do {listed(more)} as well. The Deny takes one of them away, no more.", "Name the two.")
    return None


def _no_more(who: Rights, shop: str, actions: tuple[str, ...]) -> Verdict | None:
    """What somebody may do beyond the task, None where that is nothing."""
    if who.has((*PULL, "ecr:PutImage"), f"{shop}-of-others"):
        return not_yet(
            "Resource * is every repository there is and will be, not the one that you think of.",
            "Name the repository's ARN; only the token needs *.",
        )
    more = who.has(actions, shop)
    if more and Rights(who.lab, who.who, {"identity_policies": []}).has(more, shop):
        return not_yet(f"More than the task needs: {listed(more)}. What the repository's policy allows counts, too.", "ecr.delete_repository_policy")
    if more and who.may(RARE, shop):
        return not_yet(f"More than the task needs: {listed(more)}. ecr:* is a promise for actions that you never thought of.", "Name the actions.")
    if more:
        return not_yet(f"More than the task needs: {listed(more)}. Each action is a right of its own, and one too many is a risk for nothing.", "Leave it out.")
    return None


def _arn(lab: Lab) -> str | None:
    found = looking.repository(lab.reader("ecr"), SHOP)
    return found["repositoryArn"] if found else None


CHECKS = {
    "may-pull": may_pull,
    "partner-pull": partner_pull,
    "ci-push": ci_push,
    "keep": keep,
}
