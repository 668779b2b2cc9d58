"""What learners are known to do in lab 4 instead. Each is run by the tests, and its check must name the belief behind it."""

from __future__ import annotations

import json

from ecrlab.lab import Lab
from ecrlab.labs import looking, planting
from ecrlab.labs.mistakes import Mistake

WIND, DRAFTS = "lab4/prod/wind", "lab4/wind"
CI, SAM, NOOR = "lab4-ci", "lab4-sam", "lab4-noor"
GROUP = "/aws/events/lab4"


# 1 culprit


def stopped_the_one_who_was_refused(lab: Lab) -> None:
    _stop(lab, NOOR, _keys(lab, NOOR))


def stopped_both_keys(lab: Lab) -> None:
    _stop(lab, SAM, _keys(lab, SAM))


def stopped_the_other_key(lab: Lab) -> None:
    _stop(lab, SAM, [key for key in _keys(lab, SAM) if key != _guilty(lab)])


def deleted_the_other_key(lab: Lab) -> None:
    for key in _keys(lab, SAM):
        if key != _guilty(lab):
            lab.client("iam").delete_access_key(UserName=SAM, AccessKeyId=key)


def deleted_the_user(lab: Lab) -> None:
    iam = lab.client("iam")
    for key in _keys(lab, SAM):
        iam.delete_access_key(UserName=SAM, AccessKeyId=key)
    iam.delete_user_policy(UserName=SAM, PolicyName="work")
    iam.delete_user(UserName=SAM)


def took_the_permissions(lab: Lab) -> None:
    lab.client("iam").delete_user_policy(UserName=SAM, PolicyName="work")


def stopped_everybody(lab: Lab) -> None:
    for name in (CI, SAM, NOOR):
        _stop(lab, name, _keys(lab, name))


def stopped_the_key_and_forbade_everything(lab: Lab) -> None:
    _stop(lab, SAM, [_guilty(lab)])
    deny = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}
    lab.client("iam").put_user_policy(UserName=SAM, PolicyName="work", PolicyDocument=json.dumps(deny))


# 2 pulls


def took_the_average(lab: Lab) -> None:
    _alarm(lab, Statistic="Average")


def counted_all_calls(lab: Lab) -> None:
    of = [{"Name": name, "Value": value} for name, value in (("Service", "ECR"), ("Type", "API"), ("Resource", "BatchGetImage"), ("Class", "None"))]
    _alarm(lab, Namespace="AWS/Usage", MetricName="CallCount", Dimensions=of)


def left_out_the_repository(lab: Lab) -> None:
    _alarm(lab, Dimensions=[])


def set_it_below_a_busy_day(lab: Lab) -> None:
    _alarm(lab, Threshold=1)


def set_it_above_a_theft(lab: Lab) -> None:
    _alarm(lab, Threshold=100)


def waited_for_five_minutes(lab: Lab) -> None:
    _alarm(lab, EvaluationPeriods=5)


def turned_the_comparison_round(lab: Lab) -> None:
    _alarm(lab, ComparisonOperator="LessThanThreshold")


def took_the_greatest(lab: Lab) -> None:
    _alarm(lab, Statistic="Maximum")


def misspelt_the_metric(lab: Lab) -> None:
    _alarm(lab, MetricName="PullCount")


def counted_the_busy_day_itself(lab: Lab) -> None:
    _alarm(lab, ComparisonOperator="GreaterThanOrEqualToThreshold", Threshold=5)


def took_silence_for_a_theft(lab: Lab) -> None:
    _alarm(lab, TreatMissingData="breaching")


def told_nobody(lab: Lab) -> None:
    _alarm(lab, AlarmActions=[])


# 3 restored


def named_the_last_release_so(lab: Lab) -> None:
    _copy(lab, DRAFTS, "build-2.3", "2.4")


def took_the_candidate(lab: Lab) -> None:
    planting.plant(lab.client("ecr"), WIND, planting.image({"srv/wind": "wind 2.4-rc1\n"}, {"kestrel": "2.4-rc1"}), "2.4")


def built_it_anew(lab: Lab) -> None:
    planting.plant(lab.client("ecr"), WIND, planting.image({"srv/wind": "wind 2.4 again\n"}, {"kestrel": "2.4"}), "2.4")


def gave_it_another_name(lab: Lab) -> None:
    _copy(lab, DRAFTS, "build-2.4", "2.4-restored")


def pushed_it_without_a_name(lab: Lab) -> None:
    _copy(lab, DRAFTS, "build-2.4", None)


# 4 keep


def kept_only_pushes(lab: Lab) -> None:
    _keep(lab, {"action-type": ["PUSH"]})


def kept_only_what_has_a_tag(lab: Lab) -> None:
    _keep(lab, {"image-tag": [{"exists": True}]})


def kept_the_drafts_too(lab: Lab) -> None:
    _keep(lab, {"repository-name": [{"prefix": _prod(lab).removesuffix("prod/")}]})


def kept_one_repository(lab: Lab) -> None:
    _keep(lab, {"repository-name": [_prod(lab) + "wind"]})


def forgot_the_slash(lab: Lab) -> None:
    _keep(lab, {"repository-name": [{"prefix": _prod(lab).removesuffix("/")}]})


def misspelt_the_type(lab: Lab) -> None:
    _keep(lab, {}, **{"detail-type": ["ECR image action"]})


def forgot_the_target(lab: Lab) -> None:
    _keep(lab, {}, target=False)


def let_nobody_in(lab: Lab) -> None:
    _keep(lab, {}, policy=False)


def only_made_the_group(lab: Lab) -> None:
    _put(lab, "lab4-keep", {})
    lab.client("logs").delete_log_group(logGroupName=GROUP)


def let_in_logs_alone(lab: Lab) -> None:
    _keep(lab, {}, services=["delivery.logs.amazonaws.com"])


def kept_the_two_that_are_there(lab: Lab) -> None:
    _keep(lab, {"repository-name": [_prod(lab) + "wind", _prod(lab) + "tide"]})


def kept_everybodys_prod(lab: Lab) -> None:
    _keep(lab, {"repository-name": [{"wildcard": "*/prod/*"}]})


def called_the_policy_something_else(lab: Lab) -> None:
    _keep(lab, {}, called="lab4-log")


# 5 mend


def only_switched_it_on(lab: Lab) -> None:
    lab.client("events").enable_rule(Name="lab4-deletions")


def left_it_asleep(lab: Lab) -> None:
    _put(lab, "lab4-deletions", {"action-type": ["DELETE"]}, State="DISABLED")


def left_the_drafts_in(lab: Lab) -> None:
    _put(lab, "lab4-deletions", {"action-type": ["DELETE"], "repository-name": [{"prefix": _prod(lab).removesuffix("prod/")}]})


def left_the_pushes_in(lab: Lab) -> None:
    _put(lab, "lab4-deletions", {})


def missed_images_without_a_tag(lab: Lab) -> None:
    _put(lab, "lab4-deletions", {"action-type": ["DELETE"], "image-tag": [{"exists": True}]})


def wrote_the_action_in_small_letters(lab: Lab) -> None:
    _put(lab, "lab4-deletions", {"action-type": ["delete"]})


def began_anew_and_forgot_the_target(lab: Lab) -> None:
    events = lab.client("events")
    events.remove_targets(Rule="lab4-deletions", Ids=["oncall"])
    events.delete_rule(Name="lab4-deletions")
    _put(lab, "lab4-deletions", {"action-type": ["DELETE"]})


def mended_it_for_two_repositories(lab: Lab) -> None:
    _put(lab, "lab4-deletions", {"action-type": ["DELETE"], "repository-name": [_prod(lab) + "wind", _prod(lab) + "tide"]})


# 6 alert


def sent_the_whole_event(lab: Lab) -> None:
    _tell(lab)


def sent_a_constant(lab: Lab) -> None:
    _tell(lab, Input='"an image was pushed"')


def sent_only_the_tag(lab: Lab) -> None:
    _tell(lab, InputPath="$.detail.image-tag")


def sent_the_detail(lab: Lab) -> None:
    _tell(lab, InputPath="$.detail")


def misspelt_a_path(lab: Lab) -> None:
    paths = {"name": "$.detail.repositoryName", "tag": "$.detail.image-tag"}
    _tell(lab, InputTransformer={"InputPathsMap": paths, "InputTemplate": '"<name>:<tag> was pushed"'})


def told_of_deletions_too(lab: Lab) -> None:
    _put(lab, "lab4-pushed", {"image-tag": [{"exists": True}]})


def told_of_images_without_a_tag(lab: Lab) -> None:
    _put(lab, "lab4-pushed", {"action-type": ["PUSH"]})


def told_nobody_of_pushes(lab: Lab) -> None:
    _put(lab, "lab4-pushed", {"action-type": ["PUSH"], "image-tag": [{"exists": True}]})


def told_of_two_repositories(lab: Lab) -> None:
    names = [_prod(lab) + "wind", _prod(lab) + "tide"]
    _put(lab, "lab4-pushed", {"action-type": ["PUSH"], "image-tag": [{"exists": True}], "repository-name": names})


def told_twice(lab: Lab) -> None:
    _tell(lab, InputTransformer=_sentence('"<name>:<tag> was pushed"'))
    lab.client("events").put_targets(Rule="lab4-pushed", Targets=[{"Id": "raw", "Arn": _arn_of(lab, "lab4-oncall")}])


def told_no_sentence(lab: Lab) -> None:
    _tell(lab, InputTransformer=_sentence('"<name> <tag>"'))


def told_in_two_lines(lab: Lab) -> None:
    _tell(lab, InputTransformer=_sentence('"<name> got"\n"<tag>"'))


def told_nothing_of_the_quarantine(lab: Lab) -> None:
    _put(lab, "lab4-pushed", {"action-type": ["PUSH"], "image-tag": _others()})


def told_of_versions_that_begin_with_2(lab: Lab) -> None:
    _put(lab, "lab4-pushed", {"action-type": ["PUSH"], "image-tag": [{"prefix": "2"}]})


# 7 inbox


def gave_the_queue_no_policy(lab: Lab) -> None:
    _inbox(lab, None)


def opened_the_queue_to_every_rule(lab: Lab) -> None:
    _inbox(lab, {})


def opened_the_queue_to_everybody(lab: Lab) -> None:
    _inbox(lab, {"Principal": "*"})


def let_in_another_rule(lab: Lab) -> None:
    another = lab.client("events").describe_rule(Name="lab4-deletions")["Arn"]
    _inbox(lab, {"Condition": {"ArnEquals": {"aws:SourceArn": another}}})


def let_in_a_rule_of_that_name_in_any_account(lab: Lab) -> None:
    _inbox(lab, {"Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:events:*:*:rule/lab4-inbox"}}})


def chose_pushes(lab: Lab) -> None:
    _chosen(lab, {"action-type": ["PUSH"]}, **{"detail-type": ["ECR Image Action"]})


def chose_every_scan(lab: Lab) -> None:
    _chosen(lab, {"scan-status": ["COMPLETE"]})


def chose_high_as_well(lab: Lab) -> None:
    _chosen(lab, {"$or": [{"finding-severity-counts": {each: [{"exists": True}]}} for each in ("CRITICAL", "HIGH")]})


def chose_high_instead(lab: Lab) -> None:
    _chosen(lab, {"finding-severity-counts": {"HIGH": [{"exists": True}], "CRITICAL": [{"exists": False}]}})


def named_the_severity_in_a_list(lab: Lab) -> None:
    _chosen(lab, {"finding-severity-counts": ["CRITICAL"]})


def chose_a_single_critical_finding(lab: Lab) -> None:
    _chosen(lab, {"finding-severity-counts": {"CRITICAL": [1]}})


def chose_more_than_one_critical_finding(lab: Lab) -> None:
    _chosen(lab, {"finding-severity-counts": {"CRITICAL": [{"numeric": [">", 1]}]}})


def chose_what_is_called_2(lab: Lab) -> None:
    _chosen(lab, _critical() | {"image-tags": [{"prefix": "2."}]})


def chose_scans_of_drafts_too(lab: Lab) -> None:
    _chosen(lab, _critical() | {"repository-name": [{"prefix": _prod(lab).removesuffix("prod/")}]})


def took_only_two_repositories(lab: Lab) -> None:
    _chosen(lab, _critical() | {"repository-name": [_prod(lab) + "wind", _prod(lab) + "tide"]})


def forgot_the_slash_of_the_scans(lab: Lab) -> None:
    _chosen(lab, _critical() | {"repository-name": [{"prefix": _prod(lab).removesuffix("/")}]})


def made_only_the_queue(lab: Lab) -> None:
    lab.client("sqs").create_queue(QueueName="lab4-inbox")


def forgot_the_inbox_as_target(lab: Lab) -> None:
    _chosen(lab, _critical())


def sent_the_worker_a_sentence(lab: Lab) -> None:
    _inbox(lab, {"Condition": {"StringEquals": {"aws:SourceAccount": lab.account}}})
    sentence = {"InputPathsMap": {"name": "$.detail.repository-name"}, "InputTemplate": '"something critical is in <name>"'}
    lab.client("events").put_targets(Rule="lab4-inbox", Targets=[{"Id": "inbox", "Arn": _arn_of(lab, "lab4-inbox"), "InputTransformer": sentence}])


# 8 quarantine: 2.7 has nothing critical in it, 2.5, which is called stable as well, has


def put_everything_into_quarantine(lab: Lab) -> None:
    _pushed(lab)
    for tag in ("2.7", "2.5", "stable"):
        _rename(lab, tag, f"quarantine-{tag}")


def put_the_good_one_into_quarantine(lab: Lab) -> None:
    _pushed(lab)
    _rename(lab, "2.7", "quarantine-2.7")


def only_gave_a_second_name(lab: Lab) -> None:
    _pushed(lab)
    _copy(lab, WIND, "2.5", "quarantine-2.5")


def took_only_the_names_in_the_event(lab: Lab) -> None:
    _pushed(lab)
    _rename(lab, "2.5", "quarantine-2.5")


def called_it_something_else(lab: Lab) -> None:
    _pushed(lab)
    _rename(lab, "2.5", "bad")


def deleted_the_image(lab: Lab) -> None:
    _pushed(lab)
    _forget(lab, {"imageDigest": looking.tags(lab.client("ecr"), WIND)["2.5"]})


def deleted_the_good_one(lab: Lab) -> None:
    _pushed(lab)
    _forget(lab, {"imageDigest": looking.tags(lab.client("ecr"), WIND)["2.7"]})
    _rename(lab, "2.5", "quarantine-2.5")


def took_the_good_ones_name(lab: Lab) -> None:
    _pushed(lab)
    _rename(lab, "2.7", "released")


def put_the_wrong_image_there(lab: Lab) -> None:
    _pushed(lab)
    _copy(lab, WIND, "2.7", "quarantine-2.5")
    _copy(lab, WIND, "2.5", "held")
    _forget(lab, {"imageTag": "2.5"})


def _keys(lab: Lab, user: str) -> list[str]:
    return [each["AccessKeyId"] for each in lab.client("iam").list_access_keys(UserName=user)["AccessKeyMetadata"]]


def _stop(lab: Lab, user: str, keys: list[str]) -> None:
    for key in keys:
        lab.client("iam").update_access_key(UserName=user, AccessKeyId=key, Status="Inactive")


def _guilty(lab: Lab) -> str:
    asked = [{"AttributeKey": "EventName", "AttributeValue": "BatchDeleteImage"}]
    found = lab.client("cloudtrail").lookup_events(LookupAttributes=asked)["Events"]
    return next(each["AccessKeyId"] for each in found if each["Username"] == SAM)


def _alarm(lab: Lab, **instead: object) -> None:
    pager = lab.client("sns").create_topic(Name="lab4-pager")["TopicArn"]
    right = {
        "AlarmName": "lab4-pulls", "Namespace": "AWS/ECR", "MetricName": "RepositoryPullCount", "Statistic": "Sum", "Period": 60,
        "Dimensions": [{"Name": "RepositoryName", "Value": _prod(lab) + "wind"}], "EvaluationPeriods": 1, "Threshold": 10,
        "ComparisonOperator": "GreaterThanThreshold", "AlarmActions": [pager],
    }  # fmt: skip
    lab.client("cloudwatch").put_metric_alarm(**right | instead)


def _copy(lab: Lab, source: str, tag: str, to: str | None) -> None:
    """Put an image of `source` into production under a tag, with its blobs."""
    ecr = lab.client("ecr")
    image = ecr.batch_get_image(repositoryName=source, imageIds=[{"imageTag": tag}])["images"][0]
    manifest = {name: image[name] for name in ("imageManifest", "imageManifestMediaType")}
    ecr.put_image(repositoryName=WIND, **manifest, **({"imageTag": to} if to else {"imageDigest": image["imageId"]["imageDigest"]}))


def _forget(lab: Lab, image_id: dict) -> None:
    lab.client("ecr").batch_delete_image(repositoryName=WIND, imageIds=[image_id])


def _rename(lab: Lab, tag: str, to: str) -> None:
    _copy(lab, WIND, tag, to)
    _forget(lab, {"imageTag": tag})


def _pushed(lab: Lab) -> None:
    """What a night brings: 2.7, and 2.5 with an old zlib in it, which gets a second name later."""
    for tag, zlib in (("2.7", "1:1.2.11.dfsg-2+deb11u2"), ("2.5", "1:1.2.11.dfsg-2")):
        installed = f"Package: zlib1g\nStatus: install ok installed\nSource: zlib\nArchitecture: amd64\nVersion: {zlib}\n\n"
        files = {"etc/os-release": 'ID=debian\nVERSION_ID="11"\n', "srv/wind": f"wind {tag}\n", "var/lib/dpkg/status": installed}
        planting.plant(lab.client("ecr"), WIND, planting.image(files, {"kestrel": tag}), tag)
    _copy(lab, WIND, "2.5", "stable")


def _prod(lab: Lab) -> str:
    found = lab.client("ecr").describe_repositories(repositoryNames=[WIND])["repositories"][0]
    return found["repositoryArn"].partition("/")[2].removesuffix("wind")


def _put(lab: Lab, name: str, detail: dict, State: str = "ENABLED", **more: list[str]) -> str:
    pattern = {"source": ["aws.ecr"], "detail-type": ["ECR Image Action"], "detail": {"repository-name": [{"prefix": _prod(lab)}]} | detail} | more
    return lab.client("events").put_rule(Name=name, EventPattern=json.dumps(pattern), State=State)["RuleArn"]


def _keep(lab: Lab, detail: dict, target: bool = True, policy: bool = True, services: list[str] | None = None, called: str = "lab4-events", **more: list[str]) -> None:
    logs, group = lab.client("logs"), f"arn:aws:logs:{lab.region}:{lab.account}:log-group:{GROUP}"
    _put(lab, "lab4-keep", detail, **more)
    if target:
        lab.client("events").put_targets(Rule="lab4-keep", Targets=[{"Id": "group", "Arn": group}])
    if policy:
        principal = {"Service": services or ["events.amazonaws.com", "delivery.logs.amazonaws.com"]}
        allow = {"Effect": "Allow", "Principal": principal, "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": f"{group}:*"}
        logs.put_resource_policy(policyName=called, policyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allow]}))


def _arn_of(lab: Lab, queue: str) -> str:
    return f"arn:aws:sqs:{lab.region}:{lab.account}:{queue}"


def _tell(lab: Lab, **how: object) -> None:
    _put(lab, "lab4-pushed", {"action-type": ["PUSH"], "image-tag": [{"exists": True}]})
    lab.client("events").put_targets(Rule="lab4-pushed", Targets=[{"Id": "oncall", "Arn": _arn_of(lab, "lab4-oncall")} | how])


def _sentence(template: str) -> dict:
    return {"InputPathsMap": {"name": "$.detail.repository-name", "tag": "$.detail.image-tag"}, "InputTemplate": template}


def _others() -> list:
    return [{"anything-but": {"prefix": "quarantine-"}}]


def _critical() -> dict:
    return {"finding-severity-counts": {"CRITICAL": [{"exists": True}]}}


def _chosen(lab: Lab, detail: dict, **more: list[str]) -> None:
    """A rule for the inbox, and the queue beside it."""
    _put(lab, "lab4-inbox", detail, **({"detail-type": ["ECR Image Scan"]} | more))
    lab.client("sqs").create_queue(QueueName="lab4-inbox")


def _inbox(lab: Lab, instead: dict | None) -> None:
    """The inbox, its policy's statement with other parts; None leaves the policy out."""
    _chosen(lab, _critical())
    sqs, arn = lab.client("sqs"), _arn_of(lab, "lab4-inbox")
    lab.client("events").put_targets(Rule="lab4-inbox", Targets=[{"Id": "inbox", "Arn": arn}])
    if instead is not None:
        send = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": arn} | instead
        url = sqs.get_queue_url(QueueName="lab4-inbox")["QueueUrl"]
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({"Version": "2012-10-17", "Statement": [send]})})


MISTAKES = (
    Mistake("culprit", "To be refused isn't to have done it", stopped_the_one_who_was_refused),
    Mistake("culprit", "you stopped both", stopped_both_keys),
    Mistake("culprit", "you stopped the wrong one", stopped_the_other_key),
    Mistake("culprit", "Sam's other key is gone", deleted_the_other_key),
    Mistake("culprit", "A user is not a key", deleted_the_user),
    Mistake("culprit", "You took Sam's permissions", took_the_permissions),
    Mistake("culprit", "Nobody is stopped for having a key", stopped_everybody),
    Mistake("culprit", "may do nothing any more", stopped_the_key_and_forbade_everything),
    Mistake("pulls", "Each pull is reported as the value 1", took_the_average),
    Mistake("pulls", "CallCount counts calls of the whole account", counted_all_calls),
    Mistake("pulls", "A metric with other dimensions is another metric", left_out_the_repository),
    Mistake("pulls", "goes off every day", set_it_below_a_busy_day),
    Mistake("pulls", "waits for more, or for longer", set_it_above_a_theft),
    Mistake("pulls", "waits for more, or for longer", waited_for_five_minutes),
    Mistake("pulls", "goes off when nobody pulls", turned_the_comparison_round),
    Mistake("pulls", "so Maximum is 1", took_the_greatest),
    Mistake("pulls", "nobody counts PullCount", misspelt_the_metric),
    Mistake("pulls", "goes off every day", counted_the_busy_day_itself),
    Mistake("pulls", "goes off every quiet night", took_silence_for_a_theft),
    Mistake("pulls", "nobody is told who hasn't been named", told_nobody),
    Mistake("restored", "A tag proves nothing about what is behind it", named_the_last_release_so),
    Mistake("restored", "it isn't the image that was tested", took_the_candidate),
    Mistake("restored", "it isn't the image that was tested", built_it_anew),
    Mistake("restored", "production asks for 2.4, and it is called 2.4-restored", gave_it_another_name),
    Mistake("restored", "back without a name", pushed_it_without_a_name),
    Mistake("keep", "Not all is chosen: deletions aren't", kept_only_pushes),
    Mistake("keep", "Images without a tag come and go as well", kept_only_what_has_a_tag),
    Mistake("keep", "This rule tells of drafts as well", kept_the_drafts_too),
    Mistake("keep", "Production is more than one repository", kept_one_repository),
    Mistake("keep", "A prefix is only letters", forgot_the_slash),
    Mistake("keep", "nothing fits this one", misspelt_the_type),
    Mistake("keep", "sends it nowhere", forgot_the_target),
    Mistake("keep", "A log group lets nobody in by itself", let_nobody_in),
    Mistake("keep", "A log group lets nobody in by itself", let_in_logs_alone),
    Mistake("keep", "isn't there, and a rule makes none", only_made_the_group),
    Mistake("keep", "or of tomorrow's", kept_the_two_that_are_there),
    Mistake("keep", "is somebody else's", kept_everybodys_prod),
    Mistake("keep", "which stays when this lab is over", called_the_policy_something_else),
    Mistake("mend", "who is woken by everything", only_switched_it_on),
    Mistake("mend", "Mended, and asleep", left_it_asleep),
    Mistake("mend", "This rule tells of drafts as well", left_the_drafts_in),
    Mistake("mend", "it chooses pushes as well", left_the_pushes_in),
    Mistake("mend", "Images without a tag come and go as well", missed_images_without_a_tag),
    Mistake("mend", "nothing fits this one", wrote_the_action_in_small_letters),
    Mistake("mend", "A rule without a target", began_anew_and_forgot_the_target),
    Mistake("mend", "or of tomorrow's", mended_it_for_two_repositories),
    Mistake("alert", "nobody reads JSON", sent_the_whole_event),
    Mistake("alert", "The same sentence for every push", sent_a_constant),
    Mistake("alert", "doesn't say all", sent_only_the_tag),
    Mistake("alert", "That is JSON still", sent_the_detail),
    Mistake("alert", "A path that leads nowhere puts nothing in", misspelt_a_path),
    Mistake("alert", "it chooses deletions as well", told_of_deletions_too),
    Mistake("alert", "An image without a tag is a push as well", told_of_images_without_a_tag),
    Mistake("alert", "The rule chooses, and tells nobody", told_nobody_of_pushes),
    Mistake("alert", "or of tomorrow's", told_of_two_repositories),
    Mistake("alert", "hears each push twice", told_twice),
    Mistake("alert", "what became of it", told_no_sentence),
    Mistake("alert", "more than one line", told_in_two_lines),
    Mistake("alert", "Not every tag is chosen: quarantine-9.9", told_nothing_of_the_quarantine),
    Mistake("alert", "The pattern picks tags: 2.4 fits", told_of_versions_that_begin_with_2),
    Mistake("inbox", "EventBridge may not send to it", gave_the_queue_no_policy),
    Mistake("inbox", "every rule of every account", opened_the_queue_to_every_rule),
    Mistake("inbox", "every rule of every account", opened_the_queue_to_everybody),
    Mistake("inbox", "EventBridge may not send to it", let_in_another_rule),
    Mistake("inbox", "A rule of any account may be called so", let_in_a_rule_of_that_name_in_any_account),
    Mistake("inbox", "At the push nobody knows yet what is in it", chose_pushes),
    Mistake("inbox", "It chooses every scan", chose_every_scan),
    Mistake("inbox", "HIGH is chosen as well", chose_high_as_well),
    Mistake("inbox", "The wrong ones come", chose_high_instead),
    Mistake("inbox", "is a document, not a list", named_the_severity_in_a_list),
    Mistake("inbox", "A value in a list is that value", chose_a_single_critical_finding),
    Mistake("inbox", "One is enough", chose_more_than_one_critical_finding),
    Mistake("inbox", "The pattern picks tags", chose_what_is_called_2),
    Mistake("inbox", "This rule tells of drafts as well", chose_scans_of_drafts_too),
    Mistake("inbox", "or of tomorrow's", took_only_two_repositories),
    Mistake("inbox", "A prefix is only letters", forgot_the_slash_of_the_scans),
    Mistake("inbox", "Rule and queue are two things", made_only_the_queue),
    Mistake("inbox", "The rule doesn't know of the queue", forgot_the_inbox_as_target),
    Mistake("inbox", "A worker reads event", sent_the_worker_a_sentence),
    Mistake("quarantine", "Who stops everything stops the releases as well", put_everything_into_quarantine, ("inbox",)),
    Mistake("quarantine", "The wrong one is in quarantine: 2.7 has nothing critical", put_the_good_one_into_quarantine, ("inbox",)),
    Mistake("quarantine", "A second name takes nothing away", only_gave_a_second_name, ("inbox",)),
    Mistake("quarantine", "it is still called stable", took_only_the_names_in_the_event, ("inbox",)),
    Mistake("quarantine", "takes it for rubbish", called_it_something_else, ("inbox",)),
    Mistake("quarantine", "Deleted is not in quarantine", deleted_the_image, ("inbox",)),
    Mistake("quarantine", "Who stops everything stops the releases as well", deleted_the_good_one, ("inbox",)),
    Mistake("quarantine", "2.7 isn't there any more under its name", took_the_good_ones_name, ("inbox",)),
    Mistake("quarantine", "Another image is in quarantine", put_the_wrong_image_there, ("inbox",)),
)
