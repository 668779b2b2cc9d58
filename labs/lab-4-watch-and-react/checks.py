"""Lab 4's checks: what the rules choose and reach, what the alarm would have done, whose key still works, what stands in the registry under which name."""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Mapping
from contextlib import suppress

from ecrlab.check import Verdict, done, not_tried, not_yet
from ecrlab.lab import Lab
from ecrlab.labs import looking, planting
from ecrlab.rules import Rule, Target, image_event, log_group, lost_paths, message, queue, rule, scan_event

WIND, TIDE, DRAFTS = "lab4/prod/wind", "lab4/prod/tide", "lab4/wind"
CI, SAM, NOOR = "lab4-ci", "lab4-sam", "lab4-noor"
LAPTOP, OFFICE, RUNNER, ELSEWHERE = "192.0.2.24", "192.0.2.31", "192.0.2.50", "198.51.100.9"
GONE, LAST = "2.4", "2.3"
KEEP, DELETIONS, PUSHED, INBOX = "lab4-keep", "lab4-deletions", "lab4-pushed", "lab4-inbox"
ONCALL, PAGER, ALARM, GROUP, LOG_POLICY = "lab4-oncall", "lab4-pager", "lab4-pulls", "/aws/events/lab4", "lab4-events"
MARK, SECOND, TOMORROW = "quarantine-", "stable", [f"2.{number}" for number in range(5, 10)]  # the night pushes two of these
OLD, MENDED = "1:1.2.11.dfsg-2", "1:1.2.11.dfsg-2+deb11u2"  # Debian 11's zlib with CVE-2022-37434 in it, which is critical, and without
QUIET, THEFT = 5, 40  # images pulled in a minute: on a busy day, and by somebody who takes them all
GOES_OFF = {"GreaterThanThreshold": operator.gt, "GreaterThanOrEqualToThreshold": operator.ge}
PUSH = ["ecr:BatchCheckLayerAvailability", "ecr:InitiateLayerUpload", "ecr:UploadLayerPart", "ecr:CompleteLayerUpload", "ecr:PutImage"]
LOOK = ["ecr:BatchGetImage", "ecr:DescribeImages", "ecr:ListImages", "ecr:GetDownloadUrlForLayer"]
COMES = "guide.prepare() brings it."


def release(version: str) -> planting.Planted:
    """Kestrel's image of a version."""
    return planting.image({"srv/wind": f"wind {version}\n"}, {"kestrel": version})


def tonight(version: str, zlib: str) -> planting.Planted:
    """What is pushed later in the night, upon Debian 11 with this version of zlib."""
    installed = f"Package: zlib1g\nStatus: install ok installed\nSource: zlib\nArchitecture: amd64\nVersion: {zlib}\n\n"
    files = {"etc/os-release": 'ID=debian\nVERSION_ID="11"\n', "srv/wind": f"wind {version}\n", "var/lib/dpkg/status": installed}
    return planting.image(files, {"kestrel": version})


def prepare(lab: Lab) -> None:
    """The night as it was. What is there already stays."""
    ecr, iam = lab.client("ecr"), lab.client("iam")
    for name in (WIND, TIDE, DRAFTS):
        with suppress(ecr.exceptions.RepositoryAlreadyExistsException):
            ecr.create_repository(repositoryName=name)
    _scan_production(lab)
    topic = lab.client("sns").create_topic(Name=PAGER)["TopicArn"]
    oncall = lab.client("sqs").create_queue(QueueName=ONCALL)["QueueUrl"]
    _let_in(lab, oncall, topic)
    try:
        iam.create_user(UserName=SAM)
    except iam.exceptions.EntityAlreadyExistsException:
        return
    for name in (CI, NOOR):
        with suppress(iam.exceptions.EntityAlreadyExistsException):
            iam.create_user(UserName=name)
    _colleagues_rule(lab, oncall)
    _night(lab)


def _scan_production(lab: Lab) -> None:
    """Basic scanning, of every push to production."""
    lab.keep("scanning")
    prod = _full(lab, WIND).removesuffix("wind")
    rule = {"scanFrequency": "SCAN_ON_PUSH", "repositoryFilters": [{"filter": f"{prod}*", "filterType": "WILDCARD"}]}
    lab.client("ecr").put_registry_scanning_configuration(scanType="BASIC", rules=[rule])


def _night(lab: Lab) -> None:
    """CI releases, Noor is refused, and somebody with Sam's old key deletes the release."""
    iam = lab.client("iam")
    names = [_arn(lab, name) for name in (WIND, TIDE, DRAFTS)]
    for name, actions in ((CI, PUSH + LOOK), (NOOR, PUSH + LOOK), (SAM, [*PUSH, *LOOK, "ecr:BatchDeleteImage"])):
        statements = [_allow("ecr:GetAuthorizationToken", "*"), _allow(actions, names)]
        iam.put_user_policy(UserName=name, PolicyName="work", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": statements}))
    ci, noor, laptop, script = (iam.create_access_key(UserName=name)["AccessKey"] for name in (CI, NOOR, SAM, SAM))
    lab.settle()
    builder = _client(lab, ci, RUNNER)
    for version in (LAST, GONE):
        planting.plant(builder, DRAFTS, release(version), f"build-{version}")
        planting.plant(builder, WIND, release(version), version)
    planting.plant(builder, DRAFTS, release(f"{GONE}-rc1"), f"build-{GONE}-rc1")
    planting.plant(builder, TIDE, planting.image({"srv/tide": "tide 1.0\n"}, {"kestrel": "1.0"}), "1.0")
    _client(lab, laptop, LAPTOP).describe_images(repositoryName=WIND)
    for key, address in ((noor, OFFICE), (script, ELSEWHERE)):
        client = _client(lab, key, address)
        with suppress(client.exceptions.ClientError):
            client.batch_delete_image(repositoryName=WIND, imageIds=[{"imageTag": GONE}])


def _client(lab: Lab, key: Mapping[str, object], address: str):
    """A client of the one whose key this is; locally its calls come from that address."""
    client = lab.session(keys=key).client("ecr")
    if lab.place == "local":
        headers = lab.from_address(address)
        client.meta.events.register("before-send", lambda request, **_: request.headers.update(headers))
    return client


def _colleagues_rule(lab: Lab, oncall: str) -> None:
    """A rule that shall tell of deletions in production, and tells everything of all repositories, or would, were it enabled."""
    events = lab.client("events")
    everything = {"source": ["aws.ecr"], "detail": {"repository-name": [{"prefix": _full(lab, WIND).removesuffix("prod/wind")}]}}
    events.put_rule(Name=DELETIONS, EventPattern=json.dumps(everything), State="DISABLED")
    arn = lab.client("sqs").get_queue_attributes(QueueUrl=oncall, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.put_targets(Rule=DELETIONS, Targets=[{"Id": "oncall", "Arn": arn}])


def _let_in(lab: Lab, url: str, topic: str) -> None:
    """The on-call queue takes what rules of this account and the pager's topic send."""
    sqs = lab.client("sqs")
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    rules = f"arn:aws:events:{lab.region}:{lab.account}:rule/*"
    statements = [
        _send("events.amazonaws.com", arn, rules),
        _send("sns.amazonaws.com", arn, topic),
    ]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({"Version": "2012-10-17", "Statement": statements})})


def _send(service: str, queue_arn: str, source: str) -> dict:
    condition = {"ArnLike": {"aws:SourceArn": source}}
    return {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sqs:SendMessage", "Resource": queue_arn, "Condition": condition}


def _allow(action: str | list[str], resource: str | list[str]) -> dict:
    return {"Effect": "Allow", "Action": action, "Resource": resource}


def culprit(lab: Lab) -> Verdict:
    """The key that deleted the release is stopped, and no other."""
    users = {name: _keys(lab, name) for name in (CI, SAM, NOOR)}
    guilty = _guilty(lab)
    if users[SAM] is None and users[CI] is not None:
        return not_yet("A user is not a key. With Sam's user everything is gone that Sam works with.", "guide.reset() begins anew.")
    if guilty is None or None in users.values():
        return not_tried("Nobody has deleted anything yet.", COMES + " On AWS the trail takes some minutes.")
    stopped = {name: [key for key, state in keys.items() if state != "Active"] for name, keys in users.items()}
    if stopped[CI]:
        return not_yet("Nobody is stopped for having a key. CI and Noor need theirs.", 'Set it to "Active" again.')
    if stopped[NOOR]:
        return not_yet("To be refused isn't to have done it: Noor's call ended with AccessDenied, and the image was still there.", "Look at errorCode, and set Noor's key to Active again.")
    others = [key for key in users[SAM] if key != guilty]
    if not others:
        return not_yet("Sam's other key is gone. A user may have two, and one of them did it.", "guide.reset() begins anew.")
    if all(key in stopped[SAM] for key in others):
        if users[SAM].get(guilty) != "Active":
            return not_yet("One user, two keys: you stopped both, and Sam's laptop does nothing any more.", "accessKeyId in the record says which one it was.")
        return not_yet("One user, two keys, and you stopped the wrong one.", "accessKeyId in the record says which one it was.")
    if users[SAM].get(guilty) != "Active":
        idle = next((name for name in (CI, SAM, NOOR) if not _may_push(lab, name)), None)
        if idle:
            return not_yet(f"The key is stopped, but {idle} may do nothing any more with any other key: permissions are for people, keys for who it is.", "Give the permissions back.")
        return done("The key that deleted the image opens nothing any more, and everybody can work.", "Sam had forgotten it in a script, on a server that isn't there any more.")
    if not _may_push(lab, SAM):
        return not_yet("You took Sam's permissions, so Sam can't work, and whoever has the key waits until you give them back.", "Stop the key.")
    return not_tried("The key that deleted the image still works.")


def pulls(lab: Lab) -> Verdict:
    """The alarm goes off when all images are taken, not on a busy day, and tells the pager."""
    found = lab.reader("cloudwatch").describe_alarms(AlarmNames=[ALARM])["MetricAlarms"]
    if not found:
        return not_tried(f"There is no alarm {ALARM} yet.")
    alarm = found[0]
    of = {each["Name"]: each["Value"] for each in alarm.get("Dimensions", [])}
    metric = alarm.get("Namespace"), alarm.get("MetricName")
    if "CallCount" in metric:
        return not_yet("There is one metric that counts what is pulled of a repository. CallCount counts calls of the whole account.", "RepositoryPullCount, in AWS/ECR.")
    if metric != ("AWS/ECR", "RepositoryPullCount"):
        return not_yet(f"An alarm takes any name, and of a metric that isn't there no value ever comes: nobody counts {metric[1]}.", "RepositoryPullCount, in AWS/ECR.")
    if of != {"RepositoryName": _full(lab, WIND)}:
        return not_yet("A metric with other dimensions is another metric, and of one that isn't there no value ever comes: this alarm sleeps for years.", f"RepositoryName is {_full(lab, WIND)}.")
    if alarm.get("Statistic") not in ("Sum", "SampleCount"):
        return not_yet(f"Each pull is reported as the value 1, so {alarm.get('Statistic')} is 1 on the quietest night and on the loudest.", "Sum.")
    if alarm["ComparisonOperator"] not in GOES_OFF:
        return not_yet("This alarm goes off when nobody pulls.", "GreaterThanThreshold.")
    if alarm.get("TreatMissingData") == "breaching":
        return not_yet("Where nobody pulls, no value comes, and this alarm takes that for a theft: it goes off every quiet night.", 'TreatMissingData is "notBreaching".')
    periods = alarm.get("DatapointsToAlarm", alarm["EvaluationPeriods"])
    goes_off, minutes = GOES_OFF[alarm["ComparisonOperator"]], alarm["Period"] / 60
    if goes_off(QUIET * minutes, alarm["Threshold"]):
        return not_yet(f"On a busy day {QUIET} images are pulled in a minute: this alarm goes off every day, and soon nobody looks up.", "Period and threshold belong together.")
    if not goes_off(THEFT, alarm["Threshold"]) or periods > 1:
        return not_yet(f"Whoever takes everything pulls {THEFT} images in one minute and is gone: this alarm waits for more, or for longer.", "One period, and a threshold below that.")
    pager = f"arn:aws:sns:{lab.region}:{lab.account}:{PAGER}"
    if pager not in alarm.get("AlarmActions", []) or not alarm.get("ActionsEnabled", True):
        return not_yet("An alarm changes its state, and that is all: nobody is told who hasn't been named.", "AlarmActions takes the topic's ARN.")
    return done("The alarm sleeps on a busy day, goes off when everything is taken, and tells the pager.")


def restored(lab: Lab) -> Verdict:
    """The deleted release stands again under its tag, with its digest."""
    found, wanted = looking.tags(lab.reader("ecr"), WIND), release(GONE)
    if not looking.repository(lab.reader("ecr"), WIND):
        return not_tried(f"{WIND} isn't there.", COMES)
    held = looking.images(lab.reader("ecr"), WIND).get(wanted.digest)
    if found.get(GONE) == wanted.digest or (GONE in found and _same(lab, GONE, wanted)):
        return done(f"{GONE} is back, and it is the very same image: its digest says so.")
    if GONE in found and found[GONE] == found.get(LAST):
        return not_yet(f"A tag proves nothing about what is behind it: {GONE} is now {LAST}, and production goes back a release without knowing.", "Compare digests.")
    if GONE in found:
        return not_yet(f"{GONE} stands there again, but it isn't the image that was tested: it has another digest.", "The record of the deletion has the digest in responseElements.")
    if held:
        return not_yet(f"The image is back, and nobody finds it: production asks for {GONE}, and it is called {', '.join(held)}.", f"Give it the tag {GONE}.")
    if held is not None:
        return not_yet("The image is back without a name, and production asks by name.", f"Give it the tag {GONE}.")
    return not_tried(f"There is no {GONE} in {WIND}.")


def keep(lab: Lab) -> Verdict:
    """Every push and deletion in production is kept in the log group."""
    found, group = rule(lab, KEEP), log_group(lab, GROUP)
    if found is None:
        return not_tried(f"There is no rule {KEEP} yet, and nothing puts anything into the log group.")
    fault = _chosen(lab, found, wanted=[("PUSH", "9.9"), ("DELETE", "9.9"), ("PUSH", None), ("DELETE", None)], unwanted=[])
    if fault:
        return fault
    if group is None:
        return not_yet(f"The log group {GROUP} isn't there, and a rule makes none.", "logs.create_log_group")
    if not any(each["Arn"].removesuffix(":*") == group.arn for each in found.targets):
        return not_yet("The rule chooses, and sends it nowhere: the log group isn't its target.", "events.put_targets, with the ARN of the group.")
    if not group.lets_in(found.arn):
        return not_yet("A log group lets nobody in by itself, and a delivery that fails makes no noise.", "logs.put_resource_policy")
    policies = {each["policyName"]: each["policyDocument"] for each in lab.reader("logs").describe_resource_policies()["resourcePolicies"]}
    other = next((each for each, document in policies.items() if each != LOG_POLICY and GROUP in document), None)
    if other:
        return not_yet(f"EventBridge is let in by a policy {other}, which stays when this lab is over: the clean-up looks for {LOG_POLICY}.", f"logs.delete_resource_policy, then the same as {LOG_POLICY}.")
    return done("Every push and every deletion in production is kept, whatever happens to the images.")


def mend(lab: Lab) -> Verdict:
    """The colleague's rule tells the on-call queue of deletions in production."""
    found, oncall = rule(lab, DELETIONS), queue(lab, ONCALL)
    if found is None or oncall is None:
        return not_tried(f"The rule {DELETIONS} or the queue {ONCALL} isn't there.", COMES)
    name = _full(lab, DRAFTS)
    broad = found.chooses(image_event(lab, "PUSH", name, "1")) and found.chooses(image_event(lab, "DELETE", name, "1"))
    if broad and not found.enabled:
        return not_tried(f"{DELETIONS} is as the colleague left it.")
    if broad:
        return not_yet("Switched on as it was, it tells every push of every draft: who is woken by everything sleeps through the one thing.", "Mend the pattern.")
    fault = _chosen(lab, found, wanted=[("DELETE", "9.9"), ("DELETE", None)], unwanted=[("PUSH", "9.9")])
    if fault:
        return fault
    if found.target(oncall.arn) is None:
        return not_yet("A rule without a target chooses and tells nobody.", f"The queue {ONCALL} was its target.")
    return done("Every deletion in production, and nothing else, comes to the on-call queue.")


def alert(lab: Lab) -> Verdict:
    """Each push of a tagged image to production comes to the on-call queue as a sentence."""
    found, oncall = rule(lab, PUSHED), queue(lab, ONCALL)
    if found is None or oncall is None:
        return not_tried(f"There is no rule {PUSHED} yet.")
    fault = _chosen(lab, found, wanted=[("PUSH", "9.9"), ("PUSH", "latest"), ("PUSH", f"{MARK}9.9")], unwanted=[("DELETE", "9.9"), ("PUSH", None)])
    if fault:
        return fault
    target = found.target(oncall.arn)
    if target is None:
        return not_yet(f"The rule chooses, and tells nobody: {ONCALL} isn't its target.", "events.put_targets")
    if sum(each["Arn"] == oncall.arn for each in found.targets) > 1:
        return not_yet(f"{ONCALL} is the target twice, and hears each push twice: a target is known by its Id, and another Id is another target.", "events.remove_targets")
    events = [image_event(lab, "PUSH", name, tag) for name, tag in ((_full(lab, WIND), "9.9"), (_full(lab, TIDE), "7.1"))]
    said = [message(target, each) for each in events]
    if said[0] == json.dumps(events[0]):
        return not_yet("At two in the morning nobody reads JSON: the whole event comes as it is.", "InputTransformer, in the target.")
    if said[0] == said[1]:
        return not_yet("The same sentence for every push: a constant can't say which image it was.", "InputPathsMap takes values out of the event, <name> puts them in.")
    missing = [each["detail"][part] for each, text in zip(events, said) for part in ("repository-name", "image-tag") if each["detail"][part] not in text]
    lost = lost_paths(target, events[0])
    if missing and lost:
        return not_yet(f"A path that leads nowhere puts nothing in, and nobody complains: {lost[0]} isn't in the event.", f"The sentence is “{said[0]}”.")
    if missing:
        return not_yet(f"“{said[0]}” doesn't say all: {missing[0]} is missing.", "Repository and tag.")
    if "{" in said[0]:
        return not_yet("That is JSON still, though shorter.", 'A template that is one text: "\\"…\\""')
    if "\n" in said[0]:
        return not_yet("A template of more than one line: at night one line is read.", "One text, in one pair of quotes.")
    rest = said[0].replace(events[0]["detail"]["repository-name"], "").replace("9.9", "")
    if not re.search(r"[^\W\d_]{2}", rest):
        return not_yet(f"“{said[0]}” says which image, and not what became of it.", "A sentence: … was pushed.")
    return done(f"The on-call queue says: {said[0]}")


def inbox(lab: Lab) -> Verdict:
    """Scans of production that found something critical reach the inbox, and no others do."""
    found, waiting = rule(lab, INBOX), queue(lab, INBOX)
    if found is None and waiting is None:
        return not_tried(f"There is neither a rule nor a queue {INBOX} yet.")
    if found is None or waiting is None:
        return not_yet("Rule and queue are two things, and one of them isn't there.", f"Both are called {INBOX}.")
    return (
        _chosen_scans(lab, found)
        or _let_in_alone(lab, found, waiting)
        or _as_it_is(found, waiting, scan_event(lab, _full(lab, WIND), {"CRITICAL": 1}, ["9.9"]))
        or done("Whatever has something critical comes into the inbox, and nothing else does.")
    )


def _chosen_scans(lab: Lab, found: Rule) -> Verdict | None:
    """What a rule about scans of production chooses wrongly, None where it is right."""
    prod = _full(lab, WIND)

    def chooses(counts: Mapping[str, int], name: str = prod, tag: str = "9.9") -> bool:
        return found.chooses(scan_event(lab, name, counts, [tag]))

    one, more, mixed = {"CRITICAL": 1}, {"CRITICAL": 4}, {"CRITICAL": 2, "HIGH": 3}
    if not any(map(chooses, (one, more, mixed))):
        if chooses(one, tag=GONE):
            return not_yet("The pattern picks tags, and what is critical may be called anything.", "Don't name image-tags.")
        if found.chooses(image_event(lab, "PUSH", prod, "9.9")):
            return not_yet("At the push nobody knows yet what is in it: a push is one event, and what a scan found is another, some moments later.", 'says="ECR Image Scan"')
        if chooses({"HIGH": 2}):
            return not_yet("The wrong ones come: this rule chooses scans, and not those with something critical.", "CRITICAL, in finding-severity-counts.")
        return not_yet("A pattern is taken whether anything will ever fit it or not, and nothing fits this one.", "Letter by letter as in the event; finding-severity-counts is a document, not a list.")
    if chooses({}):
        return not_yet("It chooses every scan, those that found nothing too: whoever stops everything stops the releases as well.", "finding-severity-counts, and CRITICAL in it.")
    if chooses({"HIGH": 5}):
        return not_yet("HIGH is chosen as well. Bad isn't worst: a worker that stops half of the releases is switched off soon.", "CRITICAL alone.")
    if not chooses(one):
        return not_yet("One is enough: an image with a single critical finding isn't chosen.", '[{"exists": True}], or [{"numeric": [">", 0]}]')
    if not chooses(more) or not chooses(mixed):
        return not_yet("A value in a list is that value and no other: of some scans with something critical this rule knows nothing.", '[{"exists": True}], or [{"numeric": [">", 0]}]')
    if chooses(one, _full(lab, DRAFTS)):
        return not_yet("Production is what begins with its folder. This rule tells of drafts as well.", "A prefix that ends in prod/.")
    if not all(chooses(one, other) for other in (_full(lab, TIDE), f"{prod.rpartition('/')[0]}/tomorrow")):
        return not_yet("Production is more than one repository: of tide, or of tomorrow's, this rule knows nothing.", "A prefix instead of a name.")
    if chooses(one, prod.replace("/prod/", "/prod-old/")):
        return not_yet("A prefix is only letters: lab4/prod-old/wind begins so, too.", "A prefix that ends in prod/.")
    if chooses(one, "harbour/prod/wind"):
        return not_yet("Production is what begins with its folder: harbour/prod/wind has a prod/ too, and is somebody else's.", "The prefix in prod.")
    if not chooses(one, tag="latest") or not chooses(one, tag="quarantine-9.9"):
        return not_yet("The pattern picks tags, and what is critical may be called anything.", "Don't name image-tags.")
    if not found.enabled:
        return not_yet("Asleep: a rule that is disabled chooses nothing.", "events.enable_rule")
    return None


def _let_in_alone(lab: Lab, found: Rule, waiting: Target) -> Verdict | None:
    """What is wrong with the way from the rule into the queue, None where the rule gets in and nobody else does."""
    if found.target(waiting.arn) is None:
        return not_yet("The rule doesn't know of the queue.", "events.put_targets")
    if not waiting.lets_in(found.arn):
        return not_yet("The queue is nobody's but yours, and EventBridge may not send to it. No call has told you.", "A policy on the queue.")
    if waiting.lets_in("arn:aws:events:us-east-1:123456789012:rule/anybody"):
        return not_yet("This queue lets in every rule of every account: whoever knows its name can make your worker act.", "A condition on aws:SourceArn.")
    if waiting.lets_in(found.arn.replace(f":{lab.account}:", ":123456789012:")):
        return not_yet("A rule of any account may be called so: whoever calls theirs like yours can make your worker act.", "The whole ARN of the rule, with your account.")
    return None


def _as_it_is(found: Rule, waiting: Target, event: dict) -> Verdict | None:
    """What the worker is told instead of the event, None where it is the event itself."""
    told = message(found.target(waiting.arn) or {}, event)
    if told == json.dumps(event):
        return None
    return not_yet(f"A worker reads event[\"detail\"], and what comes is: {told}", "A target without InputTransformer, InputPath and Input gets the event as it is.")


def quarantine(lab: Lab) -> Verdict:
    """The image with something critical has quarantine names alone, the other one its own."""
    found = looking.images(lab.reader("ecr"), WIND)
    bad, good = _there(OLD, found), _there(MENDED, found)
    if not bad and not good:
        return not_tried("Nobody has pushed yet.")
    if not bad:
        return not_yet("Deleted is not in quarantine: nobody can look any more at what was found.", f"Give it the name {MARK}<tag>, then take its own away.")
    if not good:
        return not_yet("Who stops everything stops the releases as well: what had nothing critical in it is gone.", "Only what the event is about is held, and nothing is deleted.")
    names, others = found[_digest(bad, OLD)], found[_digest(good, MENDED)]
    held, free = [tag for tag in names if tag.startswith(MARK)], [tag for tag in names if not tag.startswith(MARK)]
    if f"{MARK}{bad}" in others or f"{MARK}{SECOND}" in others:
        return not_yet("Another image is in quarantine than the one that was found out: a name was put on what it never named.", "Fetch the manifest by the tag that you replace.")
    if f"{MARK}{good}" in others and held:
        return not_yet(f"Who stops everything stops the releases as well: nothing critical is in {good}.", "Each event is about one image: image-digest.")
    if f"{MARK}{good}" in others:
        return not_yet(f"The wrong one is in quarantine: {good} has nothing critical in it, and {bad} has. No tag says so, and the next night has other tags.", "image-digest says which image it is.")
    if good not in others:
        return not_yet(f"{good} isn't there any more under its name, and nothing critical is in it.", "Only what the event is about changes.")
    if bad in free and not held:
        return not_tried(f"{bad} stands in {WIND}, with something critical in it, and anybody can pull it.")
    if free == [SECOND] and held:
        return not_yet(
            f"An image may have several names, and each of them can be pulled: it is still called {SECOND}. The event knows only those that it had when it was scanned.",
            "list_images tells those that it has now.",
        )
    if free and held:
        return not_yet(f"A second name takes nothing away: {free[0]} can still be pulled.", "Delete the first one, by its tag.")
    if f"{MARK}{bad}" not in held:
        return not_yet(f"The image isn't called {MARK}{bad}, and the next who tidies up takes it for rubbish.", "The name says why it is kept, and what it was.")
    return done("What has something critical in it is in quarantine, under every name that it had, and the other one is released.")


def _there(zlib: str, found: Mapping[str, object]) -> str | None:
    """The version of what was pushed later in the night with this zlib, if it is still held."""
    return next((version for version in TOMORROW if _digest(version, zlib) in found), None)


def _digest(version: str, zlib: str) -> str:
    return tonight(version, zlib).digest


def _chosen(lab: Lab, found: Rule, wanted: list[tuple[str, str | None]], unwanted: list[tuple[str, str | None]]) -> Verdict | None:
    """What a rule about production chooses wrongly, None where it is right. Each is an action and a tag."""
    prod, drafts = _full(lab, WIND), _full(lab, DRAFTS)

    def chooses(action: str, tag: str | None, name: str = prod) -> bool:
        return found.chooses(image_event(lab, action, name, tag))

    fits = [each for each in wanted if chooses(*each)]
    if not fits and any(chooses(action, GONE) for action, _ in wanted):
        return not_yet(f"The pattern picks tags: {GONE} fits, and the next release has another number.", "image-tag says what all of them have.")
    if not fits and not any(chooses(action, tag) for action in ("PUSH", "DELETE") for tag in ("9.9", None)):
        return not_yet("A pattern is taken whether anything will ever fit it or not, and nothing fits this one.", "Letter by letter as in the event; test_event_pattern tells.")
    for action, tag in unwanted:
        if chooses(action, tag) and tag is None:
            return not_yet("An image without a tag is a push as well, and of it nothing can be said or renamed: this rule chooses them.", 'image-tag must be there: [{"exists": True}]')
        if chooses(action, tag):
            return not_yet(f"What the pattern doesn't name doesn't matter: it chooses {'pushes' if action == 'PUSH' else 'deletions'} as well.", "Name the action-type.")
    if any(chooses(action, tag, drafts) for action, tag in wanted):
        return not_yet("Production is what begins with its folder. This rule tells of drafts as well.", "A prefix that ends in prod/.")
    missing = [each for each in wanted if each not in fits]
    if any(tag is None for _, tag in missing) and not any(tag for _, tag in missing):
        return not_yet("Images without a tag come and go as well, and this pattern misses them.", "Don't name image-tag.")
    if missing and any(action == missing[0][0] for action, _ in fits):
        return not_yet(f"Not every tag is chosen: {missing[0][1]} isn't, and it is an image with a tag like others.", "What the pattern doesn't name doesn't matter.")
    if missing:
        return not_yet(f"Not all is chosen: {'pushes' if missing[0][0] == 'PUSH' else 'deletions'} aren't.", "The values of a list are joined by or.")
    if not all(chooses(*each, other) for each in wanted for other in (_full(lab, TIDE), f"{prod.rpartition('/')[0]}/tomorrow")):
        return not_yet("Production is more than one repository: of tide, or of tomorrow's, this rule knows nothing.", "A prefix instead of a name.")
    if any(chooses(action, tag, prod.replace("/prod/", "/prod-old/")) for action, tag in wanted):
        return not_yet("A prefix is only letters: lab4/prod-old/wind begins so, too.", "A prefix that ends in prod/.")
    if any(chooses(action, tag, "harbour/prod/wind") for action, tag in wanted):
        return not_yet("Production is what begins with its folder: harbour/prod/wind has a prod/ too, and is somebody else's.", "The prefix in prod.")
    if not found.enabled:
        return not_yet("Mended, and asleep: a rule that is disabled chooses nothing.", "events.enable_rule")
    return None


def _guilty(lab: Lab) -> str | None:
    """The key of the newest deletion of the release that worked."""
    asked = [{"AttributeKey": "Username", "AttributeValue": SAM}]
    if lab.place == "aws":
        asked[0]["AttributeValue"] = f"ecrlab-{SAM}"
    for page in lab.reader("cloudtrail").get_paginator("lookup_events").paginate(LookupAttributes=asked):
        for event in page["Events"]:
            if event["EventName"] == "BatchDeleteImage" and "errorCode" not in json.loads(event["CloudTrailEvent"]):
                return event["AccessKeyId"]
    return None


def _keys(lab: Lab, name: str) -> dict[str, str] | None:
    """A user's keys and their states, None where there is no such user."""
    iam = lab.reader("iam")
    try:
        return {key["AccessKeyId"]: key["Status"] for key in iam.list_access_keys(UserName=name)["AccessKeyMetadata"]}
    except iam.exceptions.NoSuchEntityException:
        return None


def _may_push(lab: Lab, name: str) -> bool:
    return lab.decision(lab.reader("iam").get_user(UserName=name)["User"]["Arn"], "ecr:PutImage", _arn(lab, WIND)).allowed


def _same(lab: Lab, tag: str, wanted: planting.Planted) -> bool:
    """Whether an image is the wanted one, written anew by an engine."""
    return looking.contents(lab.reader("ecr"), WIND, tag) == {json.loads(wanted.manifest)["config"]["digest"]}


def _arn(lab: Lab, name: str) -> str:
    found = looking.repository(lab.reader("ecr"), name)
    return found["repositoryArn"] if found else f"arn:aws:ecr:{lab.region}:{lab.account}:repository/{name}"


def _full(lab: Lab, name: str) -> str:
    """A repository's name as events have it, which on AWS begins with the lab's prefix."""
    return _arn(lab, name).partition("/")[2]


CHECKS = {
    "culprit": culprit,
    "pulls": pulls,
    "restored": restored,
    "keep": keep,
    "mend": mend,
    "alert": alert,
    "inbox": inbox,
    "quarantine": quarantine,
}
