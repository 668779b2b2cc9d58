"""What lesson 08 looks for: a key that was stopped, rules by what they choose, a queue by whom it lets in, an image in quarantine."""

from __future__ import annotations

from ecrlab.check import Verdict, done, not_tried, not_yet
from ecrlab.lab import Lab
from ecrlab.labs import looking
from ecrlab.rules import Rule, image_event, message, queue, rule, scan_event
from ecrlab.traffic import cast

SHOP, CRITICAL, NEWEST, PREFIX = "lesson08/shop", "1.3", "1.4", "quarantine-"
WORKER, DELETIONS, BIN = "lesson08-worker", "lesson08-deletions", "lesson08-bin"
ANYBODY = "arn:aws:events:us-east-1:123456789012:rule/anybody"


def leaked_key(lab: Lab) -> Verdict:
    """The builder's first key is stopped, and nobody else's."""
    users = _keys(lab)
    if cast.BUILDER not in users:
        if users:
            return not_yet("With the user everything of it is gone, and the builders can't get a new key.", "lesson.cleanup() and the cell with the replay bring it back.")
        return not_tried("There is no team in this lab.", "Run the cell that replays the fortnight; on AWS this exercise can't be done.")
    others = [name for name, keys in users.items() if name != cast.BUILDER and "Active" not in keys.values()]
    if others:
        return not_yet(
            f"The key of {', '.join(others)} is stopped as well. A thief is stopped by one key; production stands still by the others.",
            'Set it to "Active" again.',
        )
    leaked = _leaked(lab)
    left = users[cast.BUILDER].get(leaked)
    if left == "Active" and len(users[cast.BUILDER]) > 1:
        return not_yet("A new key doesn't stop the old one: a user may have two, and both work.", "The old one is in the stranger's records.")
    if left == "Active":
        if not _may_pull(lab):
            return not_yet(
                "You took the user's permissions, so the builders stand still and the key still works: it only may do nothing for now.",
                "Stop the key. Permissions are for what the user does, keys for who it is.",
            )
        return not_tried("The leaked key still works.")
    if any(state != "Active" for key, state in users[cast.BUILDER].items() if key != leaked):
        return not_yet("Another key of ci-builder is stopped as well, and the builders need that one: the thief never had it.", 'Set it to "Active" again.')
    if not _may_pull(lab):
        return not_yet(
            "The leaked key is stopped, but the user's permissions are taken as well: a new key would be of no use to the builders.",
            "Give the permissions back. Nobody can use the stopped key.",
        )
    undone = "It could be made active again, should you be wrong." if left else "It is deleted, which can't be undone."
    return done(f"The leaked key opens nothing any more, and everybody else's still works. {undone}")


def deletions(lab: Lab) -> Verdict:
    """The rule for deletions chooses every deletion in lesson08/shop, and nothing else."""
    found = rule(lab, DELETIONS)
    if found is None:
        return not_tried(f"There is no rule {DELETIONS} yet.")
    nowhere = "" if found.targets else "It has no target yet: what it chooses goes nowhere."
    return _fault(lab, found) or done("The rule chooses every deletion in lesson08/shop, and nothing else.", nowhere)


def quarantined(lab: Lab) -> Verdict:
    """What has something critical in it stands under its quarantine name alone, and the rule chooses nothing but such scans."""
    tags, found = looking.tags(lab.reader("ecr"), SHOP), rule(lab, WORKER)
    held, free = f"{PREFIX}{CRITICAL}" in tags, CRITICAL in tags
    if not held and not free:
        return not_tried(f"{CRITICAL} hasn't been pushed yet.")
    if not held:
        return not_yet(f"A rule only tells. {CRITICAL} stands under its own name, since nobody acted on the event.", "Run the worker on what wait brings.")
    if free:
        return not_yet(f"A second name takes nothing away: {CRITICAL} can still be pulled.", f"Delete the tag {CRITICAL}; the image stays under its other name.")
    if f"{PREFIX}{NEWEST}" in tags:
        return not_yet(f"Who stops everything stops the releases as well: nothing critical was found in {NEWEST}.", "finding-severity-counts, in the pattern.")
    if found and found.chooses(image_event(lab, "PUSH", _name(lab), f"{PREFIX}{CRITICAL}")):
        return not_yet("The rule still chooses what the worker does, which makes work for itself.", "Scans instead of pushes: a new name is no new scan.")
    if found and not found.chooses(scan_event(lab, _name(lab), {"CRITICAL": 1}, ["8.8"])):
        return not_yet("The next one with something critical in it goes free: the rule doesn't choose its scan.", "ECR Image Scan, and CRITICAL in finding-severity-counts.")
    return done(f"{CRITICAL} is in quarantine, {NEWEST} isn't, and what the worker does wakes nobody.")


def bin(lab: Lab) -> Verdict:
    """What the rule for deletions chooses reaches the queue lesson08-bin."""
    found, waiting = rule(lab, DELETIONS), queue(lab, BIN)
    if waiting is None:
        return not_tried(f"There is no queue {BIN} yet.")
    if found is None:
        return not_yet(f"A queue without a rule stays empty: there is no {DELETIONS}.", "The exercise before this one.")
    if found.target(waiting.arn) is None:
        elsewhere = f" It sends to {found.targets[0]['Arn'].rpartition(':')[2]}." if found.targets else ""
        return not_yet(f"The rule doesn't know of the queue: {DELETIONS} has no target {BIN}.{elsewhere}", "events.put_targets")
    if not waiting.lets_in(found.arn):
        other = rule(lab, WORKER)
        if other and waiting.lets_in(other.arn):
            return not_yet("The queue lets in another rule: the condition names the worker's, not the deletions'.", f"The ARN of {DELETIONS}.")
        return not_yet("A target that doesn't let EventBridge in stays empty, and no call has told you.", "The queue needs a policy: let_in.")
    if waiting.lets_in(ANYBODY):
        return not_yet("This queue lets in every rule of every account, so anybody can report deletions that never were.", "let_in writes a condition.")
    if waiting.lets_in(found.arn, "sqs:DeleteMessage"):
        return not_yet("Whoever delivers only needs to send. This policy lets it take messages out as well.", "sqs:SendMessage is enough.")
    if not found.enabled:
        return not_yet("A rule that is disabled chooses nothing.", "events.enable_rule")
    fault = _fault(lab, found)
    if fault:
        return fault
    told = message(found.target(waiting.arn) or {}, image_event(lab, "DELETE", _name(lab), "8.8"))
    if "8.8" not in told:
        return not_yet(f"What comes doesn't say which image is gone. It is: {told}", "A target without Input gets the whole event.")
    untried = f"{PREFIX}1.2 still stands: delete it, and see the event come." if f"{PREFIX}1.2" in looking.tags(lab.reader("ecr"), SHOP) else ""
    return done("Every deletion in lesson08/shop is reported to a queue of its own.", untried)


def _fault(lab: Lab, found: Rule) -> Verdict | None:
    """What a rule for deletions chooses wrongly, None where it is right."""
    shop = _name(lab)

    def chooses(action: str, repository: str = shop, tag: str | None = "1.0") -> bool:
        return found.chooses(image_event(lab, action, repository, tag))

    if not chooses("DELETE") and not chooses("DELETE", tag="quarantine-1.2"):
        if chooses("PUSH"):
            return not_yet("What was chosen before is chosen still: these are pushes.", "action-type is DELETE.")
        return not_yet(
            "A pattern is taken whether anything will ever fit it or not, and nothing fits this one: each field, each letter must be as in the event.",
            'Try it with events.test_event_pattern on sample("DELETE", shop, "1.0").',
        )
    if chooses("PUSH"):
        return not_yet("What the pattern doesn't name doesn't matter, so it chooses pushes as well.", "Name the action-type.")
    if chooses("DELETE", f"{shop}-old"):
        return not_yet("A prefix, or no name at all, takes in more than one repository: shop-old has deletions, too.", "The name itself: [shop].")
    for other in (f"old-{shop}", f"{shop.rpartition('/')[0]}/workshop"):
        if chooses("DELETE", other):
            return not_yet(f"The end of a name is no name: {other} has deletions, too.", "The name itself: [shop].")
    alike = image_event(lab, "DELETE", shop, "1.0")
    if found.chooses(alike | {"source": "my.program"}) or found.chooses(alike | {"detail-type": "Something Else"}):
        return not_yet(
            "What the pattern doesn't name doesn't matter: anybody who may put events can write such a detail, and this rule believes it.",
            "source is aws.ecr, detail-type is ECR Image Action.",
        )
    if not chooses("DELETE", tag=None) or not chooses("DELETE", tag="draft-7"):
        return not_yet("Images without a tag, or with another one, are deleted as well, and this pattern misses them.", "Don't name image-tag.")
    if not found.enabled:
        return not_yet("A rule that is disabled chooses nothing.", "events.enable_rule")
    return None


def _keys(lab: Lab) -> dict[str, dict[str, str]]:
    """The team's users, each with its keys and their states."""
    iam, found = lab.reader("iam"), {}
    for page in iam.get_paginator("list_users").paginate(PathPrefix=cast.PATH):
        for name in (user["UserName"] for user in page["Users"]):
            listed = iam.list_access_keys(UserName=name)["AccessKeyMetadata"]
            found[name] = {key["AccessKeyId"]: key["Status"] for key in listed}
    return found


def _leaked(lab: Lab) -> str | None:
    """The builder's key in the newest deletion of an image that it made, which is the stranger's."""
    asked = [{"AttributeKey": "EventName", "AttributeValue": "BatchDeleteImage"}]
    for page in lab.reader("cloudtrail").get_paginator("lookup_events").paginate(LookupAttributes=asked):
        for event in page["Events"]:
            if event.get("Username") == cast.BUILDER:
                return event["AccessKeyId"]
    return None


def _may_pull(lab: Lab) -> bool:
    """Whether the builder's policy still lets it work."""
    iam = lab.reader("iam")
    user, repository = iam.get_user(UserName=cast.BUILDER)["User"]["Arn"], looking.repository(lab.reader("ecr"), cast.ORDERS)
    return repository is None or lab.decision(user, "ecr:PutImage", repository["repositoryArn"]).allowed


def _name(lab: Lab) -> str:
    """The repository's name as events have it, which on AWS begins with the lab's prefix."""
    found = looking.repository(lab.reader("ecr"), SHOP)
    return found["repositoryArn"].partition("/")[2] if found else SHOP


CHECKS = {
    "leaked-key": leaked_key,
    "deletions": deletions,
    "quarantined": quarantined,
    "bin": bin,
}
